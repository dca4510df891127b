/* SPDX-License-Identifier: Apache-2.0 */
#include "image/jpeg_scan.h"

#include <string.h>

#include "image/bag_take.h"
#include "image/codec.h"
#include "image/jpeg_segments.h"

enum {
    SOF0 = 0xC0,
    SOF15 = 0xCF,
    DHT = 0xC4,
    JPG = 0xC8,
    DAC = 0xCC,
    RST0 = 0xD0,
    RST7 = 0xD7,
    SOI = 0xD8,
    EOI = 0xD9,
    SOS = 0xDA,
    DQT = 0xDB,
    APP0 = 0xE0,
    APP15 = 0xEF,
    COM = 0xFE,
    TEM = 0x01
};

typedef struct Walk {
    VnJpegScan *scan;
    VnBag *bag;
    const VnLimits *limits;
    VnError *err;
    VnJpegParts parts;
    bool framed, arithmetic;
    uint64_t blocks;   /* 8x8 blocks of all components */
    uint8_t ids[4];    /* of the components, as the frame says */
    unsigned supplied; /* bit i: a scan brings component i's DC coefficients */
} Walk;

static VernisStatus cut_short(Walk *walk, size_t size) {
    return vn_fail(walk->err, VERNIS_E_FORMAT, "jpeg",
                   "the file is cut short: it stops after %zu bytes, before its end mark", size);
}

static VernisStatus take_frame(Walk *walk, unsigned marker, const uint8_t *p, size_t size) {
    static const char *const kinds[16] = {[3] = "lossless",
                                          [5] = "hierarchical",
                                          [6] = "hierarchical",
                                          [7] = "hierarchical",
                                          [11] = "lossless arithmetic",
                                          [13] = "hierarchical arithmetic",
                                          [14] = "hierarchical arithmetic",
                                          [15] = "hierarchical arithmetic"};
    VnJpegScan *scan = walk->scan;
    if (kinds[marker - SOF0])
        return vn_fail(walk->err, VERNIS_E_UNSUPPORTED, "jpeg", "%s JPEG is not supported", kinds[marker - SOF0]);
    if (walk->framed || size < 6 || size < 6 + 3 * (size_t)p[5])
        return vn_fail(walk->err, VERNIS_E_FORMAT, "jpeg", "damaged JPEG: its frame header is wrong");
    *scan = (VnJpegScan){.height = vn_be16(p + 1), .width = vn_be16(p + 3), .components = p[5]};
    walk->framed = true;
    walk->arithmetic = marker > JPG;
    if (p[0] != 8)
        return vn_fail(walk->err, VERNIS_E_UNSUPPORTED, "jpeg", "JPEG of %u bits per sample is not supported", p[0]);
    if (scan->components != 1 && scan->components != 3 && scan->components != 4)
        return vn_fail(walk->err, VERNIS_E_UNSUPPORTED, "jpeg", "JPEG of %u components is not supported",
                       scan->components);
    VN_TRY(vn_image_check(scan->width, scan->height, walk->limits, "jpeg", walk->err));
    unsigned h_max = 1, v_max = 1;
    for (unsigned i = 0; i < scan->components; i++) {
        unsigned h = p[7 + 3 * i] >> 4, v = p[7 + 3 * i] & 15;
        h_max = h > h_max ? h : h_max;
        v_max = v > v_max ? v : v_max;
        walk->ids[i] = p[6 + 3 * i];
    }
    for (unsigned i = 0; i < scan->components; i++) {
        uint64_t h = p[7 + 3 * i] >> 4, v = p[7 + 3 * i] & 15;
        walk->blocks += (scan->width * h / h_max / 8) * (scan->height * v / v_max / 8);
    }
    return VERNIS_OK;
}

/* A scan header: count, (component, tables) each, then the first coefficient. Later scans may refine, or be left
 * out. */
static void take_scan(Walk *walk, const uint8_t *p, size_t size) {
    unsigned count = size ? p[0] : 0;
    if (size < 4 + 2 * (size_t)count || p[1 + 2 * count] != 0)
        return;
    for (unsigned i = 0; i < count; i++)
        for (unsigned k = 0; k < walk->scan->components; k++)
            if (p[1 + 2 * i] == walk->ids[k])
                walk->supplied |= 1u << k;
}

/* The end of the entropy-coded data that begins at `at`: the offset of the next marker, or `size`. */
static size_t skip_coded(const uint8_t *data, size_t at, size_t size) {
    while (at < size) {
        const uint8_t *mark = memchr(data + at, 0xff, size - at);
        if (!mark)
            return size;
        at = (size_t)(mark - data);
        size_t code = at + 1;
        while (code < size && data[code] == 0xff)
            code++;
        if (code >= size)
            return size;
        if (data[code] != 0 && (data[code] < RST0 || data[code] > RST7))
            return at;
        at = code + 1;
    }
    return size;
}

static VernisStatus take_segment(Walk *walk, unsigned marker, const uint8_t *p, size_t size) {
    if (marker >= SOF0 && marker <= SOF15 && marker != DHT && marker != JPG && marker != DAC)
        return take_frame(walk, marker, p, size);
    if (marker == SOS)
        take_scan(walk, p, size);
    if (marker == DQT)
        vn_jpeg_take_tables(walk->bag, p, size);
    if (marker == COM)
        return vn_bag_take_text(walk->bag, (const uint8_t *)"Comment", 7, p, size, false, walk->err);
    if (marker >= APP0 && marker <= APP15)
        return vn_jpeg_take_app(&walk->parts, walk->bag, marker - APP0, p, size, walk->limits, walk->err);
    return VERNIS_OK;
}

/* From after SOI to after EOI. */
static VernisStatus walk_markers(Walk *walk, const uint8_t *data, size_t size, size_t *end) {
    size_t at = 2;
    for (;;) {
        while (at < size && data[at] != 0xff) /* libjpeg skips stray bytes too, with a warning */
            at++;
        while (at < size && data[at] == 0xff)
            at++;
        if (at >= size)
            return cut_short(walk, size);
        unsigned marker = data[at++];
        if (marker == EOI)
            break;
        if (marker == 0 || marker == TEM || (marker >= RST0 && marker <= SOI))
            continue;
        if (size - at < 2)
            return cut_short(walk, size);
        size_t length = vn_be16(data + at);
        if (length < 2)
            return vn_fail(walk->err, VERNIS_E_FORMAT, "jpeg", "damaged JPEG: a segment of %zu bytes at byte %zu",
                           length, at);
        if (length > size - at)
            return cut_short(walk, size);
        VN_TRY(take_segment(walk, marker, data + at + 2, length - 2));
        at += length;
        if (marker == SOS) {
            size_t next = skip_coded(data, at, size);
            walk->scan->coded_bytes += next - at;
            at = next;
        }
    }
    *end = at;
    return VERNIS_OK;
}

VernisStatus vn_jpeg_scan(VnJpegScan *out, VnBag *bag, const uint8_t *data, size_t size, const VnLimits *limits,
                          VnError *err) {
    Walk walk = {.scan = out, .bag = bag, .limits = limits, .err = err};
    size_t end = 0;
    VernisStatus status;
    VN_CHECK(walk_markers(&walk, data, size, &end));
    if (!walk.framed)
        VN_CHECK(vn_fail(err, VERNIS_E_FORMAT, "jpeg", "damaged JPEG: it holds no picture"));
    if (walk.supplied != (1u << out->components) - 1)
        VN_CHECK(vn_fail(err, VERNIS_E_FORMAT, "jpeg", "damaged JPEG: the data of a colour component is missing"));
    /* Huffman coding spends at least one bit on each block's DC coefficient; the arithmetic coder may spend almost
     * none. */
    if (!walk.arithmetic && walk.blocks > (uint64_t)out->coded_bytes * 8)
        VN_CHECK(vn_fail(err, VERNIS_E_FORMAT, "jpeg",
                         "damaged JPEG: it claims %u x %u pixels, but its %zu bytes of data cannot hold them",
                         out->width, out->height, out->coded_bytes));
    if (vn_holds_data(data + end, size - end))
        bag->leaks |= VN_LEAK_TRAILING_BYTES;
    VN_CHECK(vn_jpeg_join_parts(&walk.parts, bag, limits, err));
done:
    vn_jpeg_parts_free(&walk.parts);
    return status;
}
