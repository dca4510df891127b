/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded walk over the directories of a TIFF stream (TIFF 6.0 section 2, CIPA DC-008 4.5). */
#include <string.h>

#include "image/bag_take.h"
#include "image/codec.h"

enum {
    MAX_DIRECTORIES = 16, /* a camera's file has four or five; a loop of offsets ends here */
    TAG_STRIP_OFFSETS = 0x0111,
    TAG_TILE_OFFSETS = 0x0144,
    TAG_SUB_IFDS = 0x014A,
    TAG_JPEG_OFFSET = 0x0201,
    TAG_PHOTOSHOP = 0x8649,
    TAG_EXIF_IFD = 0x8769,
    TAG_GPS_IFD = 0x8825,
    TAG_MAKER_NOTE = 0x927C,
    TAG_IMAGE_SOURCE_DATA = 0x935C,
    TAG_OWNER_NAME = 0xA430,
    TAG_BODY_SERIAL = 0xA431,
    TAG_LENS_SERIAL = 0xA435
};

typedef enum Kind { MAIN, NEXT, EXIF, GPS } Kind;

typedef struct Walk {
    const uint8_t *data;
    size_t size;
    bool big_endian;
    unsigned directories, leaks;
} Walk;

static uint32_t get(const Walk *walk, size_t at, unsigned bytes) {
    const uint8_t *p = walk->data + at;
    uint32_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint32_t)p[i] << (walk->big_endian ? 8 * (bytes - 1 - i) : 8 * i);
    return value;
}

/* The leak that one entry shows in a directory of that kind; 0 for none. */
static unsigned entry_leak(unsigned tag, Kind kind) {
    switch (tag) {
    case TAG_STRIP_OFFSETS:
    case TAG_TILE_OFFSETS:
    case TAG_JPEG_OFFSET:
    case TAG_SUB_IFDS:
        return kind == GPS ? VN_LEAK_GPS : VN_LEAK_EXIF_THUMBNAIL;
    case TAG_PHOTOSHOP:
        return VN_LEAK_PHOTOSHOP_THUMBNAIL;
    case TAG_MAKER_NOTE:
        return VN_LEAK_MAKER_NOTE;
    case TAG_IMAGE_SOURCE_DATA:
        return VN_LEAK_UNKNOWN_CHUNK;
    case TAG_OWNER_NAME:
    case TAG_BODY_SERIAL:
    case TAG_LENS_SERIAL:
        return VN_LEAK_SERIAL;
    default:
        return kind == GPS && tag != 0 ? VN_LEAK_GPS : 0; /* GPS tag 0 is only a version */
    }
}

/* Depth is bounded: only MAIN has children, and NEXT directories are reached by the loop over the chain. */
static uint32_t walk_directory(Walk *walk, uint32_t offset, Kind kind) {
    if (walk->directories++ >= MAX_DIRECTORIES || offset < 8 || offset > walk->size || walk->size - offset < 2)
        return 0;
    unsigned entries = get(walk, offset, 2);
    size_t at = (size_t)offset + 2;
    for (unsigned i = 0; i < entries; i++, at += 12) {
        if (walk->size - at < 12)
            return 0;
        unsigned tag = get(walk, at, 2);
        walk->leaks |= entry_leak(tag, kind);
        if (kind != EXIF && kind != GPS && (tag == TAG_EXIF_IFD || tag == TAG_GPS_IFD))
            walk_directory(walk, get(walk, at + 8, 4), tag == TAG_EXIF_IFD ? EXIF : GPS);
    }
    return walk->size - at < 4 ? 0 : get(walk, at, 4);
}

unsigned vn_exif_leaks(const uint8_t *tiff, size_t size) {
    Walk walk = {.data = tiff, .size = size, .big_endian = size > 0 && tiff[0] == 'M'};
    if (size < 8)
        return 0;
    uint32_t offset = walk_directory(&walk, get(&walk, 4, 4), MAIN);
    while (offset && walk.directories < MAX_DIRECTORIES)
        offset = walk_directory(&walk, offset, NEXT);
    return walk.leaks;
}
