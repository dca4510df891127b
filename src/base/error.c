/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *vernis_status_name(VernisStatus status) {
    switch (status) {
    case VERNIS_OK:
        return "ok";
    case VERNIS_E_ARGUMENT:
        return "argument";
    case VERNIS_E_IO:
        return "io";
    case VERNIS_E_NO_SPACE:
        return "no-space";
    case VERNIS_E_EXISTS:
        return "exists";
    case VERNIS_E_PROTECTED:
        return "protected";
    case VERNIS_E_FORMAT:
        return "format";
    case VERNIS_E_UNSUPPORTED:
        return "unsupported";
    case VERNIS_E_LIMIT:
        return "limit";
    case VERNIS_E_MODEL:
        return "model";
    case VERNIS_E_MEMORY:
        return "memory";
    case VERNIS_E_CANCELLED:
        return "cancelled";
    case VERNIS_E_INTERNAL:
        return "internal";
    }
    return "unknown";
}

/* A file name or a library's message may carry escape sequences: a terminal must not see them, and a text is one line. */
static void make_printable(char *text) {
    for (unsigned char *p = (unsigned char *)text; *p; p++)
        if (*p < 0x20 || *p == 0x7f)
            *p = '?';
}

VernisStatus vn_fail(VnError *err, VernisStatus status, const char *where, const char *format, ...) {
    if (!err || err->status != VERNIS_OK)
        return status;
    err->status = status;
    snprintf(err->where, sizeof err->where, "%s", where);
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    make_printable(err->text);
    return status;
}

VernisStatus vn_error_name(VnError *err, const char *name) {
    if (!err)
        return VERNIS_OK;
    if (err->status == VERNIS_OK || strstr(err->text, name))
        return err->status;
    char prefix[512];
    size_t n = (size_t)snprintf(prefix, sizeof prefix, "%.500s: ", name);
    make_printable(prefix);
    memmove(err->text + n, err->text, sizeof err->text - n);
    memcpy(err->text, prefix, n);
    err->text[sizeof err->text - 1] = 0;
    return err->status;
}
