/* SPDX-License-Identifier: Apache-2.0 */
/* A block in a text file stands between two comment lines; the first says when it was written, and what it brought along:
 * the file itself, or line ends in front of it. In a JSON array it is one object, in front of all others. */
#include "meta/optout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

/* After BEGIN: the date, then ", begin (made this file) ===" or ", begin (after N line ends of its own) ===". */
#define BEGIN "=== vernis optout, "
#define END "=== vernis optout: end ==="
#define OBJECT "\n  {\"vernis-optout\": \"" /* date, optionally MADE, "\", ", body, "}" */
#define MADE ", made this file"

enum { DATE = 10 };

/* A block as found in a file. */
typedef struct Block {
    size_t start, end; /* of all that goes when it is taken out, but for line ends in front */
    size_t line_ends;  /* its own, in front */
    bool made;         /* it made the file */
    char date[DATE + 1];
} Block;

static const char *find(const VnBytes *bytes, size_t from, const char *word) {
    return from < bytes->size ? memmem(bytes->data + from, bytes->size - from, word, strlen(word)) : NULL;
}

static bool is_date(const char *text) {
    for (int i = 0; i < DATE; i++)
        if (i == 4 || i == 7 ? text[i] != '-' : text[i] < '0' || text[i] > '9')
            return false;
    return true;
}

static VernisStatus half_a_block(VnError *err) {
    return vn_fail(err, VERNIS_E_FORMAT, "optout",
                   "a block of vernis optout is damaged: restore its first and last line, or take it out by hand");
}

/* What follows BEGIN: at most a line. */
static bool read_begin(Block *block, const char *text, size_t size) {
    static const char made[] = ", begin (made this file) ===", after[] = ", begin (after ";
    char line[80] = "";
    memcpy(line, text, size < sizeof line - 1 ? size : sizeof line - 1);
    if (!is_date(line))
        return false;
    memcpy(block->date, line, DATE);
    block->made = strncmp(line + DATE, made, sizeof made - 1) == 0;
    if (block->made)
        return true;
    if (strncmp(line + DATE, after, sizeof after - 1) != 0)
        return false;
    const char *digit = line + DATE + sizeof after - 1;
    block->line_ends = (size_t)(*digit - '0');
    return *digit >= '0' && *digit <= '2' && digit[1] == ' ';
}

/* @param found false when the file holds none */
static VernisStatus find_text_block(Block *block, bool *found, const VnOptoutFile *file, const VnBytes *old,
                                    VnError *err) {
    char begin[64];
    snprintf(begin, sizeof begin, "%s" BEGIN, file->open);
    const char *text = (const char *)old->data, *at = find(old, 0, begin);
    *block = (Block){0};
    *found = at != NULL;
    if (!at)
        return find(old, 0, END) ? half_a_block(err) : VERNIS_OK;
    block->start = (size_t)(at - text);
    size_t inside = block->start + strlen(begin);
    const char *end = find(old, inside, END);
    if (!end || !read_begin(block, text + inside, old->size - inside) || find(old, inside, begin) ||
        find(old, (size_t)(end - text) + strlen(END), END))
        return half_a_block(err);
    const char *line_end = memchr(end, '\n', old->size - (size_t)(end - text));
    block->end = line_end ? (size_t)(line_end - text) + 1 : old->size;
    for (size_t i = 1; i <= block->line_ends; i++)
        if (block->start < i || text[block->start - i] != '\n')
            block->line_ends = i - 1; /* someone took them away */
    return VERNIS_OK;
}

static VernisStatus find_object(Block *block, bool *found, const VnBytes *old, VnError *err) {
    const char *text = (const char *)old->data, *at = find(old, 0, OBJECT);
    *block = (Block){0};
    *found = at != NULL;
    if (!at)
        return VERNIS_OK;
    block->start = (size_t)(at - text);
    size_t inside = block->start + strlen(OBJECT);
    const char *end = find(old, inside, "}");
    if (!end || old->size - inside < DATE || !is_date(text + inside))
        return half_a_block(err);
    memcpy(block->date, text + inside, DATE);
    const char *made = find(old, inside + DATE, MADE);
    block->made = made == text + inside + DATE;
    block->end = (size_t)(end - text) + 1;
    if (block->end < old->size && text[block->end] == ',')
        block->end++;
    return VERNIS_OK;
}

static VernisStatus find_block(Block *block, bool *found, const VnOptoutFile *file, const VnBytes *old, VnError *err) {
    return file->open ? find_text_block(block, found, file, old, err) : find_object(block, found, old, err);
}

static VernisStatus add(VnBytes *out, const char *text, VnError *err) {
    return vn_bytes_append(out, text, strlen(text), err);
}

static VernisStatus put_text(VnBytes *out, const VnOptoutFile *file, const VnBytes *base, bool made, const char *date,
                             VnError *err) {
    char begin[120], end[60];
    size_t line_ends = base->size == 0 ? 0 : base->data[base->size - 1] == '\n' ? 1 : 2;
    if (made)
        snprintf(begin, sizeof begin, "%s" BEGIN "%s, begin (made this file) ===%s\n", file->open, date, file->close);
    else
        snprintf(begin, sizeof begin, "%s" BEGIN "%s, begin (after %zu line ends of its own) ===%s\n", file->open, date,
                 line_ends, file->close);
    snprintf(end, sizeof end, "%s" END "%s\n", file->open, file->close);
    VN_TRY(vn_bytes_append(out, base->data, base->size, err));
    VN_TRY(vn_bytes_append(out, "\n\n", line_ends, err));
    VN_TRY(add(out, begin, err));
    VN_TRY(add(out, file->body, err));
    return add(out, end, err);
}

/* The array, or NULL and then what is wrong. jansson's own text names line and column. */
static json_t *parse_array(const VnBytes *bytes, VnError *err) {
    json_error_t problem;
    json_t *array = json_loadb((const char *)bytes->data, bytes->size, JSON_REJECT_DUPLICATES, &problem);
    if (!array)
        vn_fail(err, VERNIS_E_FORMAT, "optout", "line %d, column %d: %s", problem.line, problem.column, problem.text);
    else if (!json_is_array(array))
        vn_fail(err, VERNIS_E_FORMAT, "optout", "this is no JSON array, as TDMRep has it");
    if (json_is_array(array))
        return array;
    json_decref(array);
    return NULL;
}

static bool has_rule_for_all(const json_t *array) {
    size_t i;
    json_t *rule;
    json_array_foreach(array, i, rule) {
        const char *place = json_string_value(json_object_get(rule, "location"));
        if (place && (!strcmp(place, "/") || !strcmp(place, "/*") || !strcmp(place, "*")))
            return true;
    }
    return false;
}

static VernisStatus put_object(VnBytes *out, bool *taken, const VnOptoutFile *file, const VnBytes *base, bool made,
                               const char *date, VnError *err) {
    static const VnBytes empty = {(uint8_t *)(uintptr_t) "[\n]\n", 4};
    if (made)
        base = &empty;
    json_t *array = parse_array(base, err);
    if (!array)
        return VERNIS_E_FORMAT;
    *taken = has_rule_for_all(array);
    bool others = json_array_size(array) > 0;
    json_decref(array);
    if (*taken)
        return VERNIS_OK;
    size_t start = (size_t)(find(base, 0, "[") - (const char *)base->data) + 1;
    VN_TRY(vn_bytes_append(out, base->data, start, err));
    VN_TRY(add(out, OBJECT, err));
    VN_TRY(add(out, date, err));
    VN_TRY(add(out, made ? MADE "\", " : "\", ", err));
    VN_TRY(add(out, file->body, err));
    VN_TRY(add(out, others ? "}," : "}", err));
    return vn_bytes_append(out, base->data + start, base->size - start, err);
}

static VernisStatus put_block(VnBytes *out, bool *taken, const VnOptoutFile *file, const VnBytes *base, bool made,
                              const char *date, VnError *err) {
    *taken = false;
    return file->open ? put_text(out, file, base, made, date, err)
                      : put_object(out, taken, file, base, made, date, err);
}

/* The file without the block. Where the block supplied the end of a last line and something follows it now, that end stays. */
static VernisStatus cut(VnBytes *out, const VnBytes *old, const Block *block, VnError *err) {
    size_t keep = block->line_ends == 2 && block->end < old->size ? 1 : 0;
    VN_TRY(vn_bytes_append(out, old->data, block->start - block->line_ends + keep, err));
    return vn_bytes_append(out, old->data + block->end, old->size - block->end, err);
}

static bool is_same(const VnBytes *a, const VnBytes *b) {
    return a->size == b->size && (!a->size || memcmp(a->data, b->data, a->size) == 0);
}

VernisStatus vn_optout_put(VnBytes *out, VnOptoutState *state, const VnOptoutFile *file, const VnBytes *old,
                           const char *date, VnError *err) {
    VnBytes base = {0}, again = {0}, none = {0};
    Block block = {0};
    bool found = false, taken;
    VernisStatus status;
    *state = VN_OPTOUT_SAME;
    if (old)
        VN_CHECK(find_block(&block, &found, file, old, err));
    if (found) {
        VN_CHECK(cut(&base, old, &block, err));
        VN_CHECK(put_block(&again, &taken, file, &base, block.made, block.date, err));
        if (is_same(&again, old))
            goto done;
    } else if (old) {
        VN_CHECK(vn_bytes_append(&base, old->data, old->size, err));
    }
    VN_CHECK(put_block(out, &taken, file, old ? &base : &none, old ? block.made : true, date, err));
    *state = taken ? VN_OPTOUT_TAKEN : VN_OPTOUT_CHANGED;
done:
    if (status)
        vn_bytes_free(out);
    vn_bytes_free(&base);
    vn_bytes_free(&again);
    return status;
}

VernisStatus vn_optout_take(VnBytes *out, VnOptoutState *state, const VnOptoutFile *file, const VnBytes *old,
                            VnError *err) {
    Block block;
    bool found;
    *state = VN_OPTOUT_SAME;
    VN_TRY(find_block(&block, &found, file, old, err));
    if (!found)
        return VERNIS_OK;
    VernisStatus status = cut(out, old, &block, err);
    bool empty = !status && (out->size == 0 || (!file->open && out->size == 4 && !memcmp(out->data, "[\n]\n", 4)));
    if (!status && !file->open) {
        json_t *rest = parse_array(out, err);
        status = rest ? VERNIS_OK : VERNIS_E_FORMAT;
        json_decref(rest);
    }
    *state = block.made && empty ? VN_OPTOUT_GONE : VN_OPTOUT_CHANGED;
    if (status || *state == VN_OPTOUT_GONE)
        vn_bytes_free(out);
    return status;
}
