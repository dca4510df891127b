/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Text that grows: what help, the manual page and the shells' completions are written into.
 */
#ifndef VERNIS_CLI_GROWING_TEXT_H
#define VERNIS_CLI_GROWING_TEXT_H

#include <stddef.h>

typedef struct Page {
    char *text; /**< heap, never NULL; the caller's in the end */
    size_t length;
    int width; /**< columns to wrap at */
} Page;

Page page_open(int width); /**< empty; no wider than is easily read */
void page_put_n(Page *page, const char *text, size_t length);
void page_put(Page *page, const char *text);
void page_put_f(Page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
