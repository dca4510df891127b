/* SPDX-License-Identifier: Apache-2.0 */
#include "meta/metatext.h"

#include <string.h>

/* Decode one UTF-8 character (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
 * Returns its length, or 0 when the bytes are not one. */
static size_t decode(uint32_t *out, const uint8_t *bytes, size_t size) {
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = bytes[0];
    if (first < 0x80) {
        *out = first;
        return 1;
    }
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || length > size)
        return 0;
    uint32_t code = first & (0xffu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (bytes[i] & 0x3f);
    }
    if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    *out = code;
    return length;
}

static bool is_utf8(const uint8_t *bytes, size_t size) {
    uint32_t code;
    for (size_t at = 0, length; at < size; at += length) {
        length = decode(&code, bytes + at, size - at);
        if (!length)
            return false;
    }
    return true;
}

static bool is_unwanted(uint32_t code) {
    return (code < 0x20 && code != '\t' && code != '\n') || (code >= 0x7f && code <= 0x9f) || code == 0xfffe ||
           code == 0xffff;
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n'; }

/* Copy what is wanted, at most `most` bytes and never over twice `size` (a Latin-1 byte gives two), and a NUL.
 * Returns the length. */
static size_t copy_clean(char *to, const uint8_t *bytes, size_t size, bool utf8, size_t most) {
    size_t used = 0;
    for (size_t at = 0, length; at < size; at += length) {
        uint32_t code = bytes[at];
        length = utf8 ? decode(&code, bytes + at, size - at) : 1;
        bool line_end = code == '\r' && !(at + 1 < size && bytes[at + 1] == '\n');
        if (line_end)
            code = '\n';
        if (is_unwanted(code) || (!used && is_space((char)code) && code < 0x80))
            continue;
        size_t wide = utf8 ? length : code < 0x80 ? 1 : 2;
        if (used + wide > most)
            break;
        if (line_end) {
            to[used] = '\n';
        } else if (utf8 || code < 0x80) {
            memcpy(to + used, bytes + at, wide);
        } else {
            to[used] = (char)(0xc0 | code >> 6);
            to[used + 1] = (char)(0x80 | (code & 0x3f));
        }
        used += wide;
    }
    while (used && is_space(to[used - 1]))
        used--;
    to[used] = '\0';
    return used;
}

static VernisStatus make_clean(char **out, const uint8_t *bytes, size_t size, bool utf8, size_t most, VnError *err) {
    *out = NULL;
    if (!size)
        return VERNIS_OK;
    size_t room = utf8 ? size : vn_mul(size, 2);
    if (room > most)
        room = most;
    char *text = room < SIZE_MAX ? vn_malloc(room + 1) : NULL;
    if (!text)
        return vn_no_memory(err, "metadata", room, "a text");
    if (copy_clean(text, bytes, size, utf8, most))
        *out = text;
    else
        vn_free(text);
    return VERNIS_OK;
}

VernisStatus vn_text_foreign(char **out, const void *bytes, size_t size, VnError *err) {
    return make_clean(out, bytes, size, is_utf8(bytes, size), VN_TEXT_MAX, err);
}

VernisStatus vn_text_own(char **out, const char *text, const char *field, VnError *err) {
    *out = NULL;
    if (!text)
        return VERNIS_OK;
    size_t size = strlen(text);
    if (!is_utf8((const uint8_t *)text, size))
        return vn_fail(err, VERNIS_E_ARGUMENT, "metadata", "the text of \"%s\" is not valid UTF-8", field);
    return make_clean(out, (const uint8_t *)text, size, true, SIZE_MAX, err);
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c; }

const char *vn_text_find(const void *bytes, size_t size, const char *word) {
    const char *text = bytes;
    size_t length = strlen(word);
    for (size_t at = 0; length <= size && at <= size - length; at++) {
        size_t same = 0;
        while (same < length && lower(text[at + same]) == lower(word[same]))
            same++;
        if (same == length)
            return text + at;
    }
    return NULL;
}

bool vn_text_has(const char *text, const char *word) { return text && vn_text_find(text, strlen(text), word) != NULL; }

void vn_text_list(char *list, size_t size, const char *separator, const char *text) {
    const char *parts[2] = {*list ? separator : "", text};
    size_t used = strlen(list);
    for (int i = 0; i < 2; i++) {
        size_t length = strlen(parts[i]);
        if (length < size - used) {
            memcpy(list + used, parts[i], length + 1);
            used += length;
            continue;
        }
        memcpy(list + used, parts[i], size - used - 1);
        used = size - 4;
        while (used && ((uint8_t)list[used] & 0xc0) == 0x80)
            used--;
        memcpy(list + used, "...", 4);
        break;
    }
    for (char *at = list; *at; at++)
        if ((uint8_t)*at < 0x20 || *at == 0x7f)
            *at = ' ';
}
