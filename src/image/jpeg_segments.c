/* SPDX-License-Identifier: Apache-2.0 */
#include "image/jpeg_segments.h"

#include <stdlib.h>
#include <string.h>

#include "image/bag_take.h"
#include "image/codec.h"

/* A literal with its length, terminating NULs written out where they belong to the signature. */
#define HAS(literal) vn_starts_with(p, size, literal, sizeof(literal) - 1)

static void take_app0(VnBag *bag, const uint8_t *p, size_t size) {
    /* JFIF has room for a thumbnail of its own: bytes 12 and 13 are its width and height. */
    bool thumbnail = HAS("JFIF\0") && size >= 14 && p[12] && p[13];
    if (thumbnail || HAS("JFXX\0"))
        bag->leaks |= VN_LEAK_JFXX;
    else if (!HAS("JFIF\0"))
        bag->leaks |= VN_LEAK_UNKNOWN_CHUNK;
}

static VernisStatus take_app1(VnBag *bag, const uint8_t *p, size_t size, const VnLimits *limits, VnError *err) {
    static const char xmp[] = "http://ns.adobe.com/xap/1.0/"; /* the NUL belongs to it */
    if (HAS("Exif\0\0"))
        return vn_bag_take_exif(bag, p, size, limits, err);
    if (vn_starts_with(p, size, xmp, sizeof xmp))
        return vn_bag_take_xmp(bag, p + sizeof xmp, size - sizeof xmp, limits, err);
    if (HAS("http://ns.adobe.com/xmp/extension/\0")) {
        /* What does not fit into 64 KB of XMP is previews and depth maps, cut at any byte: not worth joining. */
        bag->leaks |= VN_LEAK_XMP_THUMBNAIL;
        vn_bag_warn(bag, "extended XMP is dropped");
    } else {
        bag->leaks |= VN_LEAK_UNKNOWN_CHUNK;
    }
    return VERNIS_OK;
}

static void take_app2(VnJpegParts *parts, VnBag *bag, const uint8_t *p, size_t size) {
    if (HAS("ICC_PROFILE\0")) {
        unsigned number = size >= 14 ? p[12] : 0, count = size >= 14 ? p[13] : 0;
        if (number == 0 || number > count || parts->icc[number].data ||
            (parts->icc_count && parts->icc_count != count)) {
            parts->icc_damaged = true;
            return;
        }
        parts->icc_count = count;
        parts->icc[number].data = p + 14;
        parts->icc[number].size = size - 14;
    } else if (HAS("MPF\0")) {
        bag->leaks |= VN_LEAK_MPF;
    } else if (HAS("FPXR\0")) {
        bag->leaks |= VN_LEAK_FLASHPIX;
    } else {
        bag->leaks |= VN_LEAK_UNKNOWN_CHUNK;
    }
}

/* C2PA 2.2 appendix A.3.1: "JP", En u16, Z u32, then LBox, "jumb" and payload; a continuation repeats the box
 * header. */
static VernisStatus take_jumbf(VnJpegParts *parts, VnBag *bag, const uint8_t *p, size_t size, VnError *err) {
    static const char c2pa[] = "jumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71";
    unsigned en = vn_be16(p + 2);
    uint32_t z = vn_be32(p + 4);
    const uint8_t *box = p + 8;
    size_t length = size - 8;
    size_t header = vn_be32(box) == 1 ? 16 : 8; /* 1: a 64-bit length follows the type */
    if (z == 1) {
        bool manifest =
            length >= header + 4 && vn_starts_with(box + header + 4, length - header - 4, c2pa, sizeof c2pa - 1);
        if (!manifest || parts->jumbf_next) {
            bag->leaks |= manifest ? VN_LEAK_C2PA : VN_LEAK_UNKNOWN_CHUNK;
            return VERNIS_OK;
        }
        parts->jumbf_en = en;
        parts->jumbf_next = 2;
        return vn_bytes_append(&parts->jumbf, box, length, err);
    }
    if (!parts->jumbf_next || en != parts->jumbf_en || z != parts->jumbf_next || length < header ||
        parts->jumbf.size + length > VN_MAX_C2PA_BYTES) {
        bag->leaks |= VN_LEAK_UNKNOWN_CHUNK;
        return VERNIS_OK;
    }
    parts->jumbf_next++;
    return vn_bytes_append(&parts->jumbf, box + header, length - header, err);
}

VernisStatus vn_jpeg_take_app(VnJpegParts *parts, VnBag *bag, unsigned app, const uint8_t *p, size_t size,
                              const VnLimits *limits, VnError *err) {
    if (app == 0) {
        take_app0(bag, p, size);
    } else if (app == 1) {
        return take_app1(bag, p, size, limits, err);
    } else if (app == 2) {
        take_app2(parts, bag, p, size);
    } else if (app == 11 && HAS("JP") && size >= 16) {
        return take_jumbf(parts, bag, p, size, err);
    } else if (app == 13 && HAS("Photoshop 3.0\0")) {
        if (parts->photoshop.size + size <= limits->max_exif_bytes)
            return vn_bytes_append(&parts->photoshop, p + 14, size - 14, err);
        bag->leaks |= VN_LEAK_PHOTOSHOP_THUMBNAIL;
        vn_bag_warn(bag, "more Photoshop resources than the limit of %zu bytes are ignored", limits->max_exif_bytes);
    } else if (!(app == 12 && HAS("Ducky")) && !(app == 13 && HAS("Adobe_CM")) && !(app == 14 && HAS("Adobe"))) {
        bag->leaks |= VN_LEAK_UNKNOWN_CHUNK;
    }
    return VERNIS_OK;
}

static VernisStatus join_icc(VnJpegParts *parts, VnBag *bag, const VnLimits *limits, VnError *err) {
    size_t total = 0;
    for (unsigned i = 1; i <= parts->icc_count; i++) {
        parts->icc_damaged = parts->icc_damaged || !parts->icc[i].data;
        total += parts->icc[i].size;
    }
    if (parts->icc_damaged) {
        vn_bag_warn(bag, "the colour profile is damaged and is ignored");
        return VERNIS_OK;
    }
    if (total > limits->max_icc_bytes)
        return vn_fail(err, VERNIS_E_LIMIT, "jpeg", "a colour profile of %zu bytes: more than the limit of %zu", total,
                       limits->max_icc_bytes);
    for (unsigned i = 1; i <= parts->icc_count; i++)
        VN_TRY(vn_bytes_append(&bag->icc, parts->icc[i].data, parts->icc[i].size, err));
    return VERNIS_OK;
}

VernisStatus vn_jpeg_join_parts(VnJpegParts *parts, VnBag *bag, const VnLimits *limits, VnError *err) {
    VN_TRY(join_icc(parts, bag, limits, err));
    if (bag->icc.data)
        bag->srgb = false;
    VN_TRY(vn_bag_take_photoshop(bag, parts->photoshop.data, parts->photoshop.size, err));
    if (!parts->jumbf.data)
        return VERNIS_OK;
    uint64_t length = vn_be32(parts->jumbf.data);
    if (length == 1 && parts->jumbf.size >= 16)
        length = (uint64_t)vn_be32(parts->jumbf.data + 8) << 32 | vn_be32(parts->jumbf.data + 12);
    if (length > parts->jumbf.size) {
        bag->leaks |= VN_LEAK_C2PA;
        vn_bag_warn(bag, "the C2PA manifest is incomplete and is ignored");
        return VERNIS_OK;
    }
    bag->c2pa = parts->jumbf;
    parts->jumbf = (VnBytes){0};
    return VERNIS_OK;
}

void vn_jpeg_parts_free(VnJpegParts *parts) {
    vn_bytes_free(&parts->photoshop);
    vn_bytes_free(&parts->jumbf);
}

/* The quality whose scaled table lies nearest; scaling as in libjpeg (jpeg_quality_scaling, jpeg_add_quant_table). */
static int nearest_quality(const unsigned table[64]) {
    /* ITU-T T.81 table K.1 in zigzag order. */
    static const uint8_t standard[64] = {16, 11, 12,  14,  12,  10, 16, 14,  13,  14,  18,  17,  16, 19,  24,  40,
                                         26, 24, 22,  22,  24,  49, 35, 37,  29,  40,  58,  51,  61, 60,  57,  51,
                                         56, 55, 64,  72,  92,  78, 64, 68,  87,  69,  55,  56,  80, 109, 81,  87,
                                         95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99};
    int best = 0, best_quality = 0;
    for (int quality = 1; quality <= 100; quality++) {
        int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality, distance = 0;
        for (unsigned i = 0; i < 64; i++) {
            int value = (standard[i] * scale + 50) / 100;
            value = value < 1 ? 1 : value > 255 ? 255 : value;
            distance += abs((int)table[i] - value);
        }
        if (best_quality == 0 || distance <= best) {
            best = distance;
            best_quality = quality;
        }
    }
    return best_quality;
}

void vn_jpeg_take_tables(VnBag *bag, const uint8_t *p, size_t size) {
    while (size >= 65) {
        unsigned wide = p[0] >> 4 ? 1 : 0, id = p[0] & 15, table[64];
        size_t length = 1 + 64 * (size_t)(1 + wide);
        if (size < length)
            return;
        if (id == 0 && bag->jpeg_quality == 0) {
            for (unsigned i = 0; i < 64; i++)
                table[i] = wide ? vn_be16(p + 1 + 2 * i) : p[1 + i];
            bag->jpeg_quality = nearest_quality(table);
        }
        p += length;
        size -= length;
    }
}
