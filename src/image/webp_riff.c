/* SPDX-License-Identifier: Apache-2.0 */
#include "image/webp_riff.h"

#include <string.h>
#include <webp/decode.h>

#include "image/codec.h"

enum { FLAG_ICC = 0x20, FLAG_ALPHA = 0x10, FLAG_EXIF = 0x08, FLAG_XMP = 0x04, FLAG_ANIMATION = 0x02 };

static const char names[VN_WEBP_CHUNKS][5] = {"ICCP", "ALPH", "VP8 ", "VP8L", "EXIF", "XMP ", "C2PA"};

static uint32_t le32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static VernisStatus animated(VnError *err) {
    return vn_fail(err, VERNIS_E_UNSUPPORTED, "webp",
                   "this is an animated WebP: save the picture that is to be protected as a still one");
}

static VernisStatus take_chunk(VnWebp *out, const uint8_t *type, VnWebpPart part, bool first, VnError *err) {
    if (memcmp(type, "ANIM", 4) == 0 || memcmp(type, "ANMF", 4) == 0)
        return animated(err);
    if (memcmp(type, "VP8X", 4) == 0 && first)
        return part.size > 0 && part.data[0] & FLAG_ANIMATION ? animated(err) : VERNIS_OK;
    for (int kind = 0; kind < VN_WEBP_CHUNKS; kind++)
        if (memcmp(type, names[kind], 4) == 0 && !out->parts[kind].data) {
            out->parts[kind] = part;
            return VERNIS_OK;
        }
    out->others = true;
    return VERNIS_OK;
}

/* What the bitstream itself says of the picture. */
static VernisStatus read_features(VnWebp *out, const uint8_t *data, VnError *err) {
    WebPBitstreamFeatures features;
    if (WebPGetFeatures(data, out->end, &features) != VP8_STATUS_OK || features.width < 1 || features.height < 1)
        return vn_fail(err, VERNIS_E_FORMAT, "webp", "damaged WebP: the header of its picture is wrong");
    if (features.has_animation)
        return animated(err);
    out->width = (uint32_t)features.width;
    out->height = (uint32_t)features.height;
    out->alpha = features.has_alpha != 0;
    return VERNIS_OK;
}

VernisStatus vn_webp_take_apart(VnWebp *out, const uint8_t *data, size_t size, VnError *err) {
    *out = (VnWebp){0};
    if (!vn_webp_sniff(data, size))
        return vn_fail(err, VERNIS_E_FORMAT, "webp", "this is not a WebP file");
    uint32_t length = le32(data + 4);
    if (length > size - 8)
        return vn_fail(err, VERNIS_E_FORMAT, "webp", "the file is cut short: it has %zu bytes, and %llu were written",
                       size, 8 + (unsigned long long)length);
    out->end = 8 + (size_t)length;
    size_t at = 12;
    while (out->end > at && out->end - at >= 8) {
        VnWebpPart part = {data + at + 8, le32(data + at + 4)};
        if (part.size > out->end - at - 8)
            return vn_fail(err, VERNIS_E_FORMAT, "webp", "damaged WebP: the chunk at byte %zu is longer than the file",
                           at);
        VN_TRY(take_chunk(out, data + at, part, at == 12, err));
        at += 8 + part.size;
        at += part.size & 1 && at < out->end;
    }
    out->others |= at < out->end;
    if (!out->parts[VN_WEBP_LOSSY].data == !out->parts[VN_WEBP_LOSSLESS].data)
        return vn_fail(err, VERNIS_E_FORMAT, "webp", "damaged WebP: it holds no picture, or two");
    return read_features(out, data, err);
}

static void write_le(uint8_t *at, uint32_t value, int bytes) {
    for (int i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static VernisStatus add_chunk(VnBytes *out, const char *type, VnWebpPart part, VnError *err) {
    uint8_t head[8];
    memcpy(head, type, 4);
    write_le(head + 4, (uint32_t)part.size, 4);
    VN_TRY(vn_bytes_append(out, head, sizeof head, err));
    VN_TRY(vn_bytes_append(out, part.data, part.size, err));
    return vn_bytes_append(out, "", part.size & 1, err);
}

static VernisStatus add_all(VnBytes *out, const VnWebp *webp, VnError *err) {
    const VnWebpPart *parts = webp->parts;
    uint8_t extended[10] = {0};
    extended[0] = (uint8_t)((parts[VN_WEBP_ICC].data ? FLAG_ICC : 0) | (parts[VN_WEBP_EXIF].data ? FLAG_EXIF : 0) |
                            (parts[VN_WEBP_XMP].data ? FLAG_XMP : 0) | (parts[VN_WEBP_ALPHA].data ? FLAG_ALPHA : 0));
    VN_TRY(vn_bytes_append(out, "RIFF\0\0\0\0WEBP", 12, err));
    if (extended[0]) {
        extended[0] |= webp->alpha ? FLAG_ALPHA : 0;
        write_le(extended + 4, webp->width - 1, 3);
        write_le(extended + 7, webp->height - 1, 3);
        VN_TRY(add_chunk(out, "VP8X", (VnWebpPart){extended, sizeof extended}, err));
    }
    for (int kind = 0; kind < VN_WEBP_CHUNKS; kind++)
        if (parts[kind].data)
            VN_TRY(add_chunk(out, names[kind], parts[kind], err));
    if (out->size - 8 > UINT32_MAX - 1)
        return vn_fail(err, VERNIS_E_LIMIT, "webp", "a WebP file holds at most 4 GiB");
    write_le(out->data + 4, (uint32_t)(out->size - 8), 4);
    return VERNIS_OK;
}

VernisStatus vn_webp_put_together(VnBytes *out, const VnWebp *webp, VnError *err) {
    VernisStatus status = add_all(out, webp, err);
    if (status != VERNIS_OK)
        vn_bytes_free(out);
    return status;
}
