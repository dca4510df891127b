/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <string.h>

enum { MAX_DEPTH = 64 };

/* jansson's own depth bound is a build-time constant of 2048 recursions; ours is checked first, on the text. */
static int too_deep(const char *text, size_t size) {
    int depth = 0, in_string = 0;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = 0;
        } else if (c == '"') {
            in_string = 1;
        } else if (c == '{' || c == '[') {
            if (++depth > MAX_DEPTH)
                return 1;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return 0;
}

VernisStatus vn_json_parse(json_t **out, const char *text, size_t size, size_t max_bytes, const char *where,
                           VnError *err) {
    *out = NULL;
    if (size > max_bytes)
        return vn_fail(err, VERNIS_E_LIMIT, where, "JSON of %zu bytes is over the limit of %zu", size, max_bytes);
    if (too_deep(text, size))
        return vn_fail(err, VERNIS_E_LIMIT, where, "JSON is nested deeper than %d levels", MAX_DEPTH);
    json_error_t problem;
    json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES, &problem);
    if (!value)
        return vn_fail(err, VERNIS_E_FORMAT, where, "JSON line %d, column %d: %s", problem.line, problem.column,
                       problem.text);
    if (!json_is_object(value)) {
        json_decref(value);
        return vn_fail(err, VERNIS_E_FORMAT, where, "JSON line 1: expected an object");
    }
    *out = value;
    return VERNIS_OK;
}

static int append_text(const char *chunk, size_t size, void *bytes) {
    return vn_bytes_append(bytes, chunk, size, NULL) == VERNIS_OK ? 0 : -1;
}

char *vn_json_text(const json_t *value) {
    VnBytes text = {0};
    if (json_dump_callback(value, append_text, &text, JSON_COMPACT | JSON_REAL_PRECISION(6)) ||
        vn_bytes_append(&text, "", 1, NULL) != VERNIS_OK) {
        vn_bytes_free(&text);
        return NULL;
    }
    return (char *)text.data;
}

json_t *vn_json_string(const char *text) {
    json_t *value = json_string(text);
    if (value || !text)
        return value ? value : json_null();
    VnBytes utf8 = {0};
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        unsigned char pair[2] = {(unsigned char)(0xc0 | *p >> 6), (unsigned char)(0x80 | (*p & 0x3f))};
        if (vn_bytes_append(&utf8, *p < 0x80 ? p : pair, *p < 0x80 ? 1 : 2, NULL))
            break;
    }
    value = json_stringn((const char *)utf8.data, utf8.size);
    vn_bytes_free(&utf8);
    return value;
}
