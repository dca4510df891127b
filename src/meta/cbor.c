/* SPDX-License-Identifier: Apache-2.0 */
#include "meta/cbor.h"

#include <string.h>

/* --- writing --- */

void vn_cbor_head(VnSink *to, VnCborMajor major, uint64_t value) {
    unsigned width = value < 24 ? 0 : value <= UINT8_MAX ? 1 : value <= UINT16_MAX ? 2 : value <= UINT32_MAX ? 4 : 8;
    uint64_t info = width == 0 ? value : width == 1 ? 24 : width == 2 ? 25 : width == 4 ? 26 : 27;
    vn_sink_number(to, (uint64_t)major << 5 | info, 1);
    vn_sink_number(to, value, width);
}

void vn_cbor_int(VnSink *to, int64_t value) {
    vn_cbor_head(to, value < 0 ? VN_CBOR_NEGATIVE : VN_CBOR_UINT, (uint64_t)(value < 0 ? -1 - value : value));
}

void vn_cbor_bytes(VnSink *to, const void *data, size_t size) {
    vn_cbor_head(to, VN_CBOR_BYTES, size);
    vn_sink_put(to, data, size);
}

void vn_cbor_text(VnSink *to, const char *text) {
    vn_cbor_head(to, VN_CBOR_TEXT, strlen(text));
    vn_sink_put(to, text, strlen(text));
}

void vn_cbor_bool(VnSink *to, bool value) { vn_cbor_head(to, VN_CBOR_SIMPLE, value ? 21 : 20); }
void vn_cbor_null(VnSink *to) { vn_cbor_head(to, VN_CBOR_SIMPLE, 22); }

/* --- reading --- */

enum { BREAK = 0xff };

/* The head of an item: all but `end`, and `size` only where the head says it. */
static bool read_head(VnCbor *out, const uint8_t *at, const uint8_t *end) {
    if (at == end)
        return false;
    unsigned info = *at & 31, width = info < 24 ? 0 : 1u << (info - 24);
    *out = (VnCbor){.major = (VnCborMajor)(*at >> 5), .value = info < 24 ? info : 0};
    at++;
    if (info > 27) {
        out->indefinite = info == 31 && out->major >= VN_CBOR_BYTES && out->major <= VN_CBOR_MAP;
        out->data = at;
        return out->indefinite;
    }
    if ((size_t)(end - at) < width)
        return false;
    for (unsigned i = 0; i < width; i++)
        out->value = out->value << 8 | at[i];
    out->data = at + width;
    return !(out->major == VN_CBOR_SIMPLE && info == 24 && out->value < 32);
}

static bool read_item(VnCbor *out, const uint8_t *at, const uint8_t *end, unsigned depth);

/* The members of a container that begins at out->data, or the chunks of a string. */
static bool read_members(VnCbor *out, const uint8_t *end, unsigned depth) {
    const uint8_t *at = out->data;
    bool map = out->major == VN_CBOR_MAP, string = out->major < VN_CBOR_ARRAY;
    uint64_t left = map ? out->value * 2 : out->value, count = 0;
    if (out->value > (uint64_t)(end - at)) /* each member takes a byte at least */
        return false;
    for (;; count++) {
        VnCbor member;
        if (out->indefinite ? at < end && *at == BREAK : count == left)
            break;
        if (!read_item(&member, at, end, depth + 1) || (string && (member.major != out->major || member.indefinite)))
            return false;
        at = member.end;
    }
    out->size = (size_t)(at - out->data);
    out->end = at + out->indefinite;
    if (string) {
        out->data = NULL;
        out->size = 0;
    }
    return !(map && count & 1);
}

static bool read_item(VnCbor *out, const uint8_t *at, const uint8_t *end, unsigned depth) {
    VnCbor inner;
    if (depth > VN_CBOR_DEPTH || !read_head(out, at, end))
        return false;
    if (out->major == VN_CBOR_ARRAY || out->major == VN_CBOR_MAP || out->indefinite)
        return read_members(out, end, depth);
    if (out->major == VN_CBOR_BYTES || out->major == VN_CBOR_TEXT) {
        if (out->value > (uint64_t)(end - out->data))
            return false;
        out->size = (size_t)out->value;
    } else if (out->major == VN_CBOR_TAG) {
        if (!read_item(&inner, out->data, end, depth + 1))
            return false;
        out->size = (size_t)(inner.end - out->data);
    }
    out->end = out->data + out->size;
    return true;
}

bool vn_cbor_open(VnCbor *out, const uint8_t *data, size_t size) {
    return size && read_item(out, data, data + size, 0) && out->end == data + size;
}

bool vn_cbor_next(const VnCbor *container, VnCbor *item) {
    if (container->major != VN_CBOR_ARRAY && container->major != VN_CBOR_MAP)
        return false;
    const uint8_t *at = item->end ? item->end : container->data, *end = container->data + container->size;
    return at < end && read_item(item, at, end, 0);
}

bool vn_cbor_is(const VnCbor *item, const char *text) {
    return item->major == VN_CBOR_TEXT && item->data && item->size == strlen(text) &&
           memcmp(item->data, text, item->size) == 0;
}

bool vn_cbor_get(const VnCbor *map, const char *key, VnCbor *out) {
    if (map->major != VN_CBOR_MAP)
        return false;
    for (VnCbor item = {0}; vn_cbor_next(map, &item);) {
        bool found = vn_cbor_is(&item, key);
        if (!vn_cbor_next(map, &item))
            return false;
        if (found) {
            *out = item;
            return true;
        }
    }
    return false;
}

bool vn_cbor_get_int(const VnCbor *map, int64_t key, VnCbor *out) {
    if (map->major != VN_CBOR_MAP)
        return false;
    VnCborMajor major = key < 0 ? VN_CBOR_NEGATIVE : VN_CBOR_UINT;
    uint64_t value = (uint64_t)(key < 0 ? -1 - key : key);
    for (VnCbor item = {0}; vn_cbor_next(map, &item);) {
        bool found = item.major == major && item.value == value;
        if (!vn_cbor_next(map, &item))
            return false;
        if (found) {
            *out = item;
            return true;
        }
    }
    return false;
}
