/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Text for the command line: memory that never comes back NULL (the program ends with a message instead), lists of
 * strings, widths, JSON strings, nearest names, path pieces.
 */
#ifndef VERNIS_CLI_TEXT_H
#define VERNIS_CLI_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct StringList {
    char **items;
    size_t count;
} StringList;

void *cli_alloc(size_t size);                                /**< zeroed */
void *cli_grow(void *block, size_t count, size_t item_size); /**< realloc to count items; checks overflow */
char *cli_copy(const char *text);
char *cli_copy_n(const char *text, size_t length);
char *cli_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *cli_format_v(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

void list_add(StringList *list, char *text); /**< takes the text */
void list_sort(StringList *list);            /**< by bytes, whatever the locale */
bool list_has(const StringList *sorted, const char *text);
void list_free(StringList *list);

/** Characters of UTF-8 text, each taken to be one column wide. */
size_t cli_columns(const char *text);

/** @return the bytes of `text` that its last (at most) `columns` characters take, as a pointer into it */
const char *cli_tail(const char *text, size_t columns);

/** `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. Heap. */
char *cli_json(const char *text);

/** `text` for a terminal: control characters (which could move the cursor) become '?'. In place.
 * @param keep_lines leave newlines and tabs alone */
void cli_defuse(char *text, bool keep_lines);

/** Optimal string alignment distance, for "did you mean". */
size_t cli_distance(const char *a, const char *b);

const char *path_base(const char *path); /**< after the last '/' */
const char *path_ext(const char *path);  /**< ".png" or "" at the end; a leading dot is part of the name */
char *path_folder(const char *path);     /**< heap: "." where there is no '/' */
char *path_join(const char *folder, const char *name); /**< heap; folder "" or "." gives the name alone */

/** The path with its longest existing part resolved: equal for two spellings of one file, existing or not. Heap. */
char *path_canonical(const char *path);

#endif
