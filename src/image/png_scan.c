/* SPDX-License-Identifier: Apache-2.0 */
#include "image/png_scan.h"

#include <math.h>
#include <string.h>
#include <zlib.h>

#include "image/bag_take.h"
#include "image/codec.h"
#include "image/icc.h"

/* Deflate's densest code is 258 bytes in 2 bits (RFC 1951). */
enum { MAX_INFLATION = 1032 };
/* Of all texts of a file, unpacked: a thousand times the file could be asked for, chunk by chunk. */
enum { MAX_TEXTS_UNPACKED = 32 << 20 };

typedef struct Chunk {
    char type[5];
    const uint8_t *data;
    size_t size;
} Chunk;

typedef struct Walk {
    VnPngScan *scan;
    VnBag *bag;
    const VnLimits *limits;
    VnError *err;
    size_t idat_bytes, unpacked; /* of texts */
    bool srgb_chunk, has_gamma, has_chroma;
    double gamma; /* decoding exponent */
    double xy[8];
} Walk;

/* Inflate a zlib stream of at most `max` bytes. @return E_FORMAT when damaged, E_LIMIT when longer; `out` freed
 * then. */
static VernisStatus inflate_all(VnBytes *out, const uint8_t *data, size_t size, size_t max) {
    z_stream z = {.next_in = (Bytef *)data, .avail_in = (uInt)size};
    if (inflateInit(&z) != Z_OK)
        return VERNIS_E_MEMORY;
    VernisStatus status = VERNIS_OK;
    int state = Z_OK;
    while (state == Z_OK && status == VERNIS_OK) {
        uint8_t block[16384];
        z.next_out = block;
        z.avail_out = sizeof block;
        state = inflate(&z, Z_NO_FLUSH);
        size_t made = sizeof block - z.avail_out;
        if (made > max - out->size)
            status = VERNIS_E_LIMIT;
        else
            status = vn_bytes_append(out, block, made, NULL);
    }
    inflateEnd(&z);
    if (status == VERNIS_OK && state != Z_STREAM_END)
        status = VERNIS_E_FORMAT;
    if (status != VERNIS_OK)
        vn_bytes_free(out);
    return status;
}

/* Length of the NUL-ended string at the start of `data`, or `size` if there is no NUL. */
static size_t string_length(const uint8_t *data, size_t size) {
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    return end ? (size_t)(end - data) : size;
}

static VernisStatus take_icc(Walk *walk, const Chunk *chunk) {
    size_t name = string_length(chunk->data, chunk->size);
    if (walk->bag->icc.data)
        return VERNIS_OK;
    if (chunk->size - name < 2 || chunk->data[name + 1] != 0) {
        vn_bag_warn(walk->bag, "the colour profile is damaged and is ignored");
        return VERNIS_OK;
    }
    VernisStatus status =
        inflate_all(&walk->bag->icc, chunk->data + name + 2, chunk->size - name - 2, walk->limits->max_icc_bytes);
    if (status == VERNIS_E_FORMAT) {
        vn_bag_warn(walk->bag, "the colour profile is damaged and is ignored");
        return VERNIS_OK;
    }
    if (status == VERNIS_E_LIMIT)
        return vn_fail(walk->err, status, "png", "the colour profile is longer than the limit of %zu bytes",
                       walk->limits->max_icc_bytes);
    return status == VERNIS_OK ? VERNIS_OK : vn_no_memory(walk->err, "png", chunk->size, "the colour profile");
}

/* One textual chunk, unpacked: keyword and value; XMP and ImageMagick's raw profiles have their own places. */
static VernisStatus take_value(Walk *walk, const uint8_t *key, size_t key_size, const uint8_t *value, size_t value_size,
                               bool latin1) {
    static const char raw[] = "Raw profile type ", xmp[] = "XML:com.adobe.xmp";
    if (vn_starts_with(key, key_size, raw, sizeof raw - 1)) {
        walk->bag->leaks |= VN_LEAK_RAW_PROFILE;
        return VERNIS_OK;
    }
    if (key_size == sizeof xmp - 1 && memcmp(key, xmp, key_size) == 0)
        return vn_bag_take_xmp(walk->bag, value, value_size, walk->limits, walk->err);
    return vn_bag_take_text(walk->bag, key, key_size, value, value_size, latin1, walk->err);
}

static VernisStatus take_text(Walk *walk, const Chunk *chunk) {
    const uint8_t *data = chunk->data, *end = data + chunk->size;
    size_t key = string_length(data, chunk->size);
    const uint8_t *value = data + key + 1;
    bool packed = chunk->type[0] == 'z', international = chunk->type[0] == 'i';
    bool whole = key > 0 && key < chunk->size && end - value >= (international ? 2 : packed ? 1 : 0);
    if (whole && international) {
        packed = value[0] != 0;
        value += 2;
        for (int skipped = 0; skipped < 2 && whole; skipped++) { /* language tag, translated keyword */
            size_t length = string_length(value, (size_t)(end - value));
            whole = length < (size_t)(end - value);
            value += whole ? length + 1 : 0;
        }
    } else if (whole && packed) {
        value += 1;
    }
    if (!whole) {
        vn_bag_warn(walk->bag, "a %s chunk is damaged and is ignored", chunk->type);
        return VERNIS_OK;
    }
    if (!packed)
        return take_value(walk, data, key, value, (size_t)(end - value), !international);

    VnBytes text = {0};
    size_t max = walk->limits->max_xmp_bytes > VN_MAX_TEXT_BYTES ? walk->limits->max_xmp_bytes : VN_MAX_TEXT_BYTES;
    if (max > MAX_TEXTS_UNPACKED - walk->unpacked)
        max = MAX_TEXTS_UNPACKED - walk->unpacked;
    VernisStatus status = inflate_all(&text, value, (size_t)(end - value), max);
    walk->unpacked += status == VERNIS_E_LIMIT ? max : text.size;
    if (status == VERNIS_E_MEMORY)
        return vn_no_memory(walk->err, "png", chunk->size, "a text");
    if (status != VERNIS_OK) {
        vn_bag_warn(walk->bag, "a %s chunk is damaged or too long and is ignored", chunk->type);
        walk->bag->leaks |= VN_LEAK_UNKNOWN_CHUNK; /* nobody looked */
    }
    status = take_value(walk, data, key, text.data, text.size, !international);
    vn_bytes_free(&text);
    return status;
}

static void take_numbers(Walk *walk, const Chunk *chunk) {
    if (strcmp(chunk->type, "gAMA") == 0 && chunk->size == 4 && !walk->has_gamma) {
        uint32_t value = vn_be32(chunk->data);
        walk->has_gamma = value >= 10000 && value <= 1000000;
        walk->gamma = walk->has_gamma ? 100000.0 / value : 0.0;
        if (!walk->has_gamma)
            vn_bag_warn(walk->bag, "the gamma of %u/100000 is ignored", value);
    } else if (strcmp(chunk->type, "cHRM") == 0 && chunk->size == 32 && !walk->has_chroma) {
        for (unsigned i = 0; i < 8; i++)
            walk->xy[i] = vn_be32(chunk->data + 4 * i) / 100000.0;
        walk->has_chroma = true;
    }
}

/* Chunks of the PNG specification and its registered extensions that neither change the pixels here nor hide any. */
static bool is_harmless(const char *type) {
    static const char names[] = "IHDR PLTE IDAT IEND tRNS bKGD hIST pHYs sBIT sPLT tIME oFFs pCAL sCAL sTER gIFg gIFx "
                                "gIFt vpAg mDCV mDCv cLLI cLLi acTL fcTL ";
    const char *found = strstr(names, type);
    return found && (found - names) % 5 == 0;
}

static VernisStatus take_chunk(Walk *walk, const Chunk *chunk) {
    VnBag *bag = walk->bag;
    const char *type = chunk->type;
    if (strcmp(type, "iCCP") == 0)
        return take_icc(walk, chunk);
    if (strcmp(type, "tEXt") == 0 || strcmp(type, "zTXt") == 0 || strcmp(type, "iTXt") == 0)
        return take_text(walk, chunk);
    if (strcmp(type, "eXIf") == 0)
        return vn_bag_take_exif(bag, chunk->data, chunk->size, walk->limits, walk->err);
    if (strcmp(type, "caBX") == 0) {
        if (chunk->size <= VN_MAX_C2PA_BYTES && !bag->c2pa.data)
            return vn_bytes_append(&bag->c2pa, chunk->data, chunk->size, walk->err);
        bag->leaks |= VN_LEAK_C2PA;
        vn_bag_warn(bag, "a second or oversized C2PA manifest is ignored");
    } else if (strcmp(type, "sRGB") == 0) {
        walk->srgb_chunk = true;
    } else if (strcmp(type, "gAMA") == 0 || strcmp(type, "cHRM") == 0) {
        take_numbers(walk, chunk);
    } else if (strcmp(type, "tRNS") == 0) {
        walk->scan->transparent = true;
    } else if (strcmp(type, "acTL") == 0) {
        vn_bag_warn(bag, "an animated PNG: only the first picture is used");
    } else if (strcmp(type, "cICP") == 0) {
        /* ITU-T H.273 code points: primaries 1 and transfer 13 or 1 are sRGB or show as such. */
        if (chunk->size < 2 || chunk->data[0] != 1 || (chunk->data[1] != 13 && chunk->data[1] != 1))
            vn_bag_warn(bag, "the cICP colour space (wide gamut or HDR) is ignored");
    } else if (strcmp(type, "fdAT") == 0) {
        bag->leaks |= VN_LEAK_APNG_FRAMES;
    } else if (!is_harmless(type)) {
        bag->leaks |= VN_LEAK_UNKNOWN_CHUNK;
    }
    return VERNIS_OK;
}

/* Without a profile or sRGB chunk, gAMA and cHRM say what the colours mean. Numbers that nobody tells from sRGB are
 * taken as sRGB: gamma within libpng's 5 % of 1/0.45455, chromaticities within 0.005. */
static VernisStatus settle_colour(Walk *walk) {
    static const double srgb_xy[8] = {0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06};
    bool same_gamma = !walk->has_gamma || fabs(walk->gamma / 2.2 - 1.0) <= 0.05;
    bool same_chroma = true;
    for (unsigned i = 0; i < 8 && walk->has_chroma; i++)
        same_chroma = same_chroma && fabs(walk->xy[i] - srgb_xy[i]) <= 0.005;
    unsigned colours = walk->scan->colour_type & 3 ? 3 : 1;
    if (colours == 1)
        same_chroma = true;
    if (walk->bag->icc.data) {
        walk->bag->srgb = false;
    } else if (walk->srgb_chunk || (same_gamma && same_chroma)) {
        walk->bag->srgb = walk->bag->srgb || walk->srgb_chunk;
    } else {
        walk->bag->srgb = false;
        VernisStatus status = vn_icc_from_gamma(&walk->bag->icc, colours, same_gamma ? 0.0 : walk->gamma,
                                                same_chroma ? NULL : walk->xy, NULL);
        if (status == VERNIS_E_FORMAT)
            vn_bag_warn(walk->bag, "impossible chromaticities (cHRM) are ignored");
        else if (status != VERNIS_OK)
            return vn_no_memory(walk->err, "png", 0, "a colour profile");
    }
    return VERNIS_OK;
}

static VernisStatus read_header(VnPngScan *scan, const Chunk *chunk, const VnLimits *limits, VnError *err) {
    if (strcmp(chunk->type, "IHDR") != 0 || chunk->size != 13)
        return vn_fail(err, VERNIS_E_FORMAT, "png", "damaged PNG: it does not begin with a header (IHDR)");
    const uint8_t *p = chunk->data;
    *scan = (VnPngScan){.width = vn_be32(p), .height = vn_be32(p + 4), .depth = p[8], .colour_type = p[9]};
    return vn_image_check(scan->width, scan->height, limits, "png", err);
}

/* Least bytes that the compressed data must unpack to: rows of whole bytes, Adam7's extra filter bytes left out. */
static uint64_t picture_bytes(const VnPngScan *scan) {
    static const uint8_t samples[8] = {1, 1, 3, 1, 2, 1, 4, 1};
    return ((uint64_t)scan->width * samples[scan->colour_type & 7] * scan->depth * scan->height) / 8;
}

VernisStatus vn_png_scan(VnPngScan *out, VnBag *bag, const uint8_t *data, size_t size, const VnLimits *limits,
                         VnError *err) {
    Walk walk = {.scan = out, .bag = bag, .limits = limits, .err = err};
    size_t at = 8;
    for (bool first = true, ended = false; !ended; first = false) {
        if (size - at < 12)
            return vn_fail(err, VERNIS_E_FORMAT, "png",
                           "the file is cut short: it stops after %zu bytes, before its end mark", size);
        Chunk chunk = {.data = data + at + 8, .size = vn_be32(data + at)};
        memcpy(chunk.type, data + at + 4, 4);
        for (unsigned i = 0; i < 4; i++)
            if (((uint8_t)chunk.type[i] | 32) < 'a' || ((uint8_t)chunk.type[i] | 32) > 'z')
                return vn_fail(err, VERNIS_E_FORMAT, "png", "damaged PNG: no chunk begins at byte %zu", at);
        if (chunk.size > size - at - 12)
            return vn_fail(err, VERNIS_E_FORMAT, "png",
                           "the file is cut short: it stops after %zu bytes, within a chunk of %zu (%s)", size,
                           chunk.size, chunk.type);
        at += 12 + chunk.size;
        bool sound = crc32(0, data + at - 8 - chunk.size, (uInt)chunk.size + 4) == vn_be32(data + at - 4);
        if (first) {
            VN_TRY(read_header(out, &chunk, limits, err));
        } else if (strcmp(chunk.type, "IDAT") == 0) {
            walk.idat_bytes += chunk.size;
        } else if (!sound && chunk.type[0] & 32) {
            vn_bag_warn(bag, "a %s chunk is damaged and is ignored", chunk.type);
            bag->leaks |= VN_LEAK_UNKNOWN_CHUNK;
        } else {
            VN_TRY(take_chunk(&walk, &chunk));
        }
        ended = strcmp(chunk.type, "IEND") == 0;
    }
    if (vn_holds_data(data + at, size - at))
        bag->leaks |= VN_LEAK_TRAILING_BYTES;
    if (picture_bytes(out) > (uint64_t)walk.idat_bytes * MAX_INFLATION)
        return vn_fail(err, VERNIS_E_FORMAT, "png",
                       "damaged PNG: it claims %u x %u pixels, but its %zu bytes of data cannot hold them", out->width,
                       out->height, walk.idat_bytes);
    return settle_colour(&walk);
}
