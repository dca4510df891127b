/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * CBOR (RFC 8949). The writer makes the deterministic form of section 4.2.1 as long as the caller gives a map's keys in the
 * order of their encodings (text keys: shorter first, then bytewise). The reader allocates nothing, walks the bytes in place,
 * and takes any well-formed item, indefinite lengths too.
 *
 * Written here because Debian's libraries would make it longer: libcbor 0.8 builds a tree, sized by what the bytes claim, in
 * memory that is not counted; tinycbor has no counted memory either and leaves order to the caller as well.
 */
#ifndef VN_META_CBOR_H
#define VN_META_CBOR_H

#include <stdbool.h>

#include "meta/sink.h"

/** Major types, RFC 8949 section 3.1. */
typedef enum VnCborMajor {
    VN_CBOR_UINT,
    VN_CBOR_NEGATIVE, /**< -1 - value */
    VN_CBOR_BYTES,
    VN_CBOR_TEXT,
    VN_CBOR_ARRAY,
    VN_CBOR_MAP,
    VN_CBOR_TAG,
    VN_CBOR_SIMPLE /**< false 20, true 21, null 22, floats as their bits */
} VnCborMajor;

void vn_cbor_head(VnSink *to, VnCborMajor major,
                  uint64_t value); /**< array, map: of `value` items or pairs to follow */
void vn_cbor_int(VnSink *to, int64_t value);
void vn_cbor_bytes(VnSink *to, const void *data, size_t size);
void vn_cbor_text(VnSink *to, const char *text);
void vn_cbor_bool(VnSink *to, bool value);
void vn_cbor_null(VnSink *to);

/** Deepest nesting that is read. */
enum { VN_CBOR_DEPTH = 32 };

/** One data item; points into the bytes that vn_cbor_open was given. */
typedef struct VnCbor {
    VnCborMajor major;
    bool indefinite;     /**< a string in chunks (data is NULL then), or a container up to its break */
    uint64_t value;      /**< the argument of the head; 0 where indefinite */
    const uint8_t *data; /**< a string's bytes; a container's first member; a tag's item */
    size_t size;         /**< of these */
    const uint8_t *end;  /**< past the whole item */
} VnCbor;

/** @return whether the bytes are exactly one well-formed item, nested no deeper than VN_CBOR_DEPTH */
bool vn_cbor_open(VnCbor *out, const uint8_t *data, size_t size);
/** Walk an array's items, or a map's keys and values in turn. @param item zeroed for the first call
 * @return false: there are no more */
bool vn_cbor_next(const VnCbor *container, VnCbor *item);
/** The value of a text key. @return false: not a map, or no such key. The first one counts. */
bool vn_cbor_get(const VnCbor *map, const char *key, VnCbor *out);
bool vn_cbor_get_int(const VnCbor *map, int64_t key, VnCbor *out); /**< the same for an integer key */
bool vn_cbor_is(const VnCbor *item, const char *text);             /**< is it this text? */

#endif
