/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

VernisStatus vn_text_add(VnBytes *text, VnError *err, const char *format, ...) {
    char line[2048];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    size_t size = n < 0 ? 0 : (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
    return vn_bytes_append(text, line, size, err);
}

VernisStatus vn_text_finish(VnBytes *text, char **out, VernisStatus status, VnError *err) {
    if (!status)
        status = vn_bytes_append(text, "", 1, err);
    if (status)
        vn_bytes_free(text);
    *out = (char *)text->data;
    return status;
}
