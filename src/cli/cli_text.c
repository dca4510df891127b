/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli_text.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vernis/vernis.h>

static void out_of_memory(void) {
    fputs("vernis: out of memory\n", stderr);
    vernis_remove_temporaries();
    _Exit(1);
}

void *cli_alloc(size_t size) {
    void *block = calloc(1, size ? size : 1);
    if (!block)
        out_of_memory();
    return block;
}

void *cli_grow(void *block, size_t count, size_t item_size) {
    if (item_size && count > SIZE_MAX / item_size)
        out_of_memory();
    void *bigger = realloc(block, count && item_size ? count * item_size : 1);
    if (!bigger)
        out_of_memory();
    return bigger;
}

char *cli_copy_n(const char *text, size_t length) {
    char *copy = cli_alloc(length + 1);
    memcpy(copy, text, length);
    return copy;
}

char *cli_copy(const char *text) { return cli_copy_n(text, strlen(text)); }

char *cli_format_v(const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    char *text = cli_alloc(length < 0 ? 1 : (size_t)length + 1);
    if (length >= 0)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *cli_format(const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = cli_format_v(format, args);
    va_end(args);
    return text;
}

void list_add(StringList *list, char *text) {
    /* Doubling at powers of two needs no capacity field. */
    if (!(list->count & (list->count - 1)))
        list->items = cli_grow(list->items, list->count ? list->count * 2 : 1, sizeof *list->items);
    list->items[list->count++] = text;
}

static int by_bytes(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

void list_sort(StringList *list) {
    if (list->count)
        qsort(list->items, list->count, sizeof *list->items, by_bytes);
}

bool list_has(const StringList *sorted, const char *text) {
    return sorted->count && bsearch(&text, sorted->items, sorted->count, sizeof *sorted->items, by_bytes);
}

void list_free(StringList *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (StringList){0};
}

static bool is_continuation(char c) { return ((unsigned char)c & 0xC0) == 0x80; }

size_t cli_columns(const char *text) {
    size_t columns = 0;
    for (; *text; text++)
        columns += !is_continuation(*text);
    return columns;
}

const char *cli_tail(const char *text, size_t columns) {
    const char *p = text + strlen(text);
    while (columns && p > text) {
        p--;
        while (p > text && is_continuation(*p))
            p--;
        columns--;
    }
    return p;
}

/* Length of the well-formed UTF-8 sequence at `s` (RFC 3629), or 0. */
static size_t utf8_length(const unsigned char *s) {
    if (s[0] < 0x80)
        return 1;
    size_t length = s[0] >= 0xC2 && s[0] < 0xE0 ? 2 : (s[0] & 0xF0) == 0xE0 ? 3 : s[0] >= 0xF0 && s[0] < 0xF5 ? 4 : 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) || (s[0] == 0xF0 && s[1] < 0x90) ||
        (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return length;
}

char *cli_json(const char *text) {
    char *json = cli_alloc(strlen(text) * 6 + 3);
    char *to = json;
    *to++ = '"';
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        size_t length = utf8_length(p);
        if (*p == '"' || *p == '\\') {
            *to++ = '\\';
            *to++ = (char)*p++;
        } else if (*p < 0x20 || *p == 0x7F) {
            to += sprintf(to, "\\u%04x", *p++);
        } else if (!length) {
            to += sprintf(to, "\\ufffd");
            p++;
        } else {
            memcpy(to, p, length);
            to += length;
            p += length;
        }
    }
    *to++ = '"';
    *to = 0;
    return json;
}

void cli_defuse(char *text, bool keep_lines) {
    for (unsigned char *p = (unsigned char *)text; *p; p++) {
        if (keep_lines && (*p == '\n' || *p == '\t'))
            continue;
        if (*p < 0x20 || *p == 0x7F)
            *p = '?';
        else if (*p == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0) /* C1 controls */
            p[0] = p[1] = '?';
    }
}

size_t cli_distance(const char *a, const char *b) {
    enum { LONGEST = 40 };
    size_t n = strlen(a), m = strlen(b);
    if (n > LONGEST || m > LONGEST)
        return LONGEST;
    size_t d[LONGEST + 1][LONGEST + 1];
    for (size_t i = 0; i <= n; i++) {
        for (size_t j = 0; j <= m; j++) {
            if (!i || !j) {
                d[i][j] = i + j;
                continue;
            }
            size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (d[i - 1][j] + 1 < best)
                best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best)
                best = d[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    }
    return d[n][m];
}

const char *path_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *path_ext(const char *path) {
    const char *base = path_base(path);
    const char *dot = strrchr(base, '.');
    return dot && dot != base ? dot : base + strlen(base);
}

char *path_folder(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash)
        return cli_copy(".");
    return cli_copy_n(path, slash == path ? 1 : (size_t)(slash - path));
}

char *path_join(const char *folder, const char *name) {
    if (!*folder || !strcmp(folder, "."))
        return cli_copy(name);
    return cli_format("%s%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", name);
}

char *path_canonical(const char *path) {
    char *head = cli_copy(path), *tail = cli_copy("");
    char resolved[PATH_MAX];
    while (!realpath(head, resolved)) {
        size_t length = strlen(head);
        while (length > 1 && head[length - 1] == '/')
            head[--length] = 0;
        char *folder = path_folder(head);
        char *longer = cli_format("/%s%s", path_base(head), tail);
        bool stuck = !strcmp(folder, head);
        free(head);
        free(tail);
        head = folder;
        tail = longer;
        if (stuck) {
            resolved[0] = 0;
            break;
        }
    }
    char *whole = cli_format("%s%s", strcmp(resolved, "/") != 0 || !*tail ? resolved : "", tail);
    free(head);
    free(tail);
    return whole;
}
