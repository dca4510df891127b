/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/growing_text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli_text.h"

Page page_open(int width) {
    enum { WIDEST = 110 };
    return (Page){.text = cli_copy(""), .width = width > WIDEST ? WIDEST : width};
}

void page_put_n(Page *page, const char *text, size_t length) {
    page->text = cli_grow(page->text, page->length + length + 1, 1);
    memcpy(page->text + page->length, text, length);
    page->length += length;
    page->text[page->length] = 0;
}

void page_put(Page *page, const char *text) { page_put_n(page, text, strlen(text)); }

void page_put_f(Page *page, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = cli_format_v(format, args);
    va_end(args);
    page_put(page, text);
    free(text);
}
