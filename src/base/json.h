/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * JSON through jansson, with the bounds that hostile input needs. Trees are jansson's json_t; release with json_decref.
 */
#ifndef VN_BASE_JSON_H
#define VN_BASE_JSON_H

#include <jansson.h>

#include "base/mem.h"

/** Parse one JSON object from memory. Refused: more than max_bytes, nesting over 64, duplicate keys, anything after the
 * object but white space, a top level that is not an object. The text says line and column.
 * @param where names the room for the error; @param out a new reference */
VernisStatus vn_json_parse(json_t **out, const char *text, size_t size, size_t max_bytes, const char *where,
                           VnError *err);

/** Compact one-line text, keys in insertion order, floats with up to 6 significant digits. Heap (vn_free); NULL when
 * memory is short. */
char *vn_json_text(const json_t *value);

/** Text as a JSON string, a new reference. jansson refuses what is not UTF-8, which a file name may be; such a text is given byte
 * by byte as Latin-1. NULL gives null. */
json_t *vn_json_string(const char *text);

#endif
