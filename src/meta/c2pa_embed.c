/* SPDX-License-Identifier: Apache-2.0 */
/* Manifest stores in files: C2PA 2.2 appendix A.3. PNG: a caBX chunk; JPEG: APP11 segments (ISO/IEC 19566-5 annex D);
 * WebP: the last chunk. */
#include <string.h>

#include <zlib.h>

#include "meta/c2pa.h"
#include "meta/jumbf.h"

enum { APP0 = 0xe0, APP1 = 0xe1, APP11 = 0xeb, SOS = 0xda, PNG_IHDR_END = 33 };
/* JPEG: marker, length, "JP", box instance number, packet number; then the box, whose own header each packet repeats. The
 * length allows 65525; c2pa-rs cuts at 64000 too. */
enum { PACKET_HEAD = 12, BOX_HEAD = 8, PACKET_MOST = 64000, INSTANCE = 0x0211 };
static const uint8_t store_type[] = "jumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71";

static uint32_t be(const uint8_t *at, unsigned width) {
    uint32_t value = 0;
    for (unsigned i = 0; i < width; i++)
        value = value << 8 | at[i];
    return value;
}

static uint32_t le32(const uint8_t *at) {
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put_le32(uint8_t *at, uint32_t value) {
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static bool find_png(VnC2paPlace *out, const VnBytes *file) {
    size_t at = 8;
    while (file->size - at >= 12) {
        size_t length = be(file->data + at, 4);
        const uint8_t *type = file->data + at + 4;
        if (length > file->size - at - 12)
            return false;
        if (!memcmp(type, "caBX", 4)) {
            if (out->length)
                return false;
            *out = (VnC2paPlace){at, 12 + length};
        }
        at += 12 + length;
        if (!memcmp(type, "IEND", 4))
            return true;
    }
    return false;
}

/* Is this segment a packet of a C2PA box: the first, or the one that follows packet `last` of box `instance`? */
static bool is_packet(const uint8_t *segment, size_t size, uint32_t last, uint32_t instance) {
    if (segment[1] != APP11 || size < PACKET_HEAD + BOX_HEAD || be(segment + 4, 2) != 0x4a50)
        return false;
    if (last)
        return be(segment + 6, 2) == instance && be(segment + 8, 4) == last + 1;
    size_t box = PACKET_HEAD + (be(segment + PACKET_HEAD, 4) == 1 ? 16 : 8) + 4;
    return be(segment + 8, 4) == 1 && size >= box + sizeof store_type - 1 &&
           !memcmp(segment + box, store_type, sizeof store_type - 1);
}

/* @param place receives the end of the leading APP0 and APP1 segments */
static bool find_jpeg(VnC2paPlace *out, const VnBytes *file, size_t *place) {
    size_t at = 2;
    uint32_t last = 0, instance = 0;
    bool leading = true;
    *place = at;
    while (file->size - at >= 4 && file->data[at] == 0xff) {
        const uint8_t *segment = file->data + at;
        if (segment[1] == 0xff) { /* a fill byte */
            at++;
            continue;
        }
        size_t size = 2 + be(segment + 2, 2);
        if (segment[1] == 0 || segment[1] == 1 || (segment[1] >= 0xd0 && segment[1] <= 0xd9) || size < 4 ||
            size > file->size - at)
            return false;
        if (is_packet(segment, size, last, instance)) {
            if (last ? at != out->start + out->length : out->length != 0)
                return false;
            if (!last++)
                *out = (VnC2paPlace){at, 0};
            instance = be(segment + 6, 2);
            out->length += size;
        } else if (out->length && is_packet(segment, size, 0, 0)) {
            return false;
        }
        at += size;
        leading = leading && (segment[1] == APP0 || segment[1] == APP1);
        if (leading)
            *place = at;
        if (segment[1] == SOS)
            return true;
    }
    return false;
}

static bool find_webp(VnC2paPlace *out, const VnBytes *file) {
    size_t at = 12;
    if (file->size < 12 || le32(file->data + 4) != file->size - 8)
        return false;
    while (file->size - at >= 8) {
        size_t length = le32(file->data + at + 4), whole = 8 + length + (length & 1);
        if (whole > file->size - at)
            return false;
        if (!memcmp(file->data + at, "C2PA", 4)) {
            if (out->length)
                return false;
            *out = (VnC2paPlace){at, whole};
        }
        at += whole;
    }
    return at == file->size;
}

bool vn_c2pa_find(VnC2paPlace *out, const VnBytes *file, const char *format) {
    size_t place;
    *out = (VnC2paPlace){0};
    return !strcmp(format, "png")    ? file->size > PNG_IHDR_END && find_png(out, file)
           : !strcmp(format, "jpeg") ? file->size > 2 && find_jpeg(out, file, &place)
           : !strcmp(format, "webp") ? find_webp(out, file)
                                     : false;
}

bool vn_c2pa_place(VnC2paPlace *out, const VnBytes *file, const char *format, size_t size) {
    VnC2paPlace old;
    if (size < BOX_HEAD || !vn_c2pa_find(&old, file, format) || old.length)
        return false;
    if (!strcmp(format, "png")) {
        *out = (VnC2paPlace){PNG_IHDR_END, 12 + size};
    } else if (!strcmp(format, "webp")) {
        *out = (VnC2paPlace){file->size, 8 + size + (size & 1)};
    } else {
        size_t packets = (size - BOX_HEAD + PACKET_MOST - 1) / PACKET_MOST;
        find_jpeg(&old, file, &out->start);
        out->length = size - BOX_HEAD + packets * (PACKET_HEAD + BOX_HEAD);
    }
    return true;
}

static void put_png(VnSink *to, const VnBytes *store) {
    size_t begin = to->bytes.size;
    vn_sink_number(to, store->size, 4);
    vn_sink_put(to, "caBX", 4);
    vn_sink_put(to, store->data, store->size);
    if (!to->status)
        vn_sink_number(to, crc32(0, to->bytes.data + begin + 4, (uInt)store->size + 4), 4);
}

static void put_jpeg(VnSink *to, const VnBytes *store) {
    uint32_t number = 1;
    for (size_t at = BOX_HEAD, size; at < store->size; at += size, number++) {
        size = store->size - at < PACKET_MOST ? store->size - at : PACKET_MOST;
        vn_sink_number(to, 0xff00 | APP11, 2);
        vn_sink_number(to, PACKET_HEAD - 2 + BOX_HEAD + size, 2);
        vn_sink_put(to, "JP", 2);
        vn_sink_number(to, INSTANCE, 2);
        vn_sink_number(to, number, 4);
        vn_sink_put(to, store->data, BOX_HEAD);
        vn_sink_put(to, store->data + at, size);
    }
}

static void put_webp(VnSink *to, const VnBytes *store) {
    uint8_t head[8] = "C2PA";
    put_le32(head + 4, (uint32_t)store->size);
    vn_sink_put(to, head, sizeof head);
    vn_sink_put(to, store->data, store->size);
    vn_sink_number(to, 0, store->size & 1);
}

VernisStatus vn_c2pa_insert(VnBytes *file, const char *format, VnC2paPlace place, const VnBytes *store, VnError *err) {
    VnSink out = {.err = err};
    vn_sink_put(&out, file->data, place.start);
    if (!strcmp(format, "png"))
        put_png(&out, store);
    else if (!strcmp(format, "webp"))
        put_webp(&out, store);
    else
        put_jpeg(&out, store);
    vn_sink_put(&out, file->data + place.start, file->size - place.start);
    if (out.status) {
        vn_bytes_free(&out.bytes);
        return out.status;
    }
    if (!strcmp(format, "webp"))
        put_le32(out.bytes.data + 4, (uint32_t)(out.bytes.size - 8));
    vn_bytes_free(file);
    *file = out.bytes;
    return VERNIS_OK;
}
