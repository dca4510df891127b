/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * What the codecs share, and the functions behind the rows of the format table. Private to src/image/.
 */
#ifndef VN_IMAGE_CODEC_H
#define VN_IMAGE_CODEC_H

#include "image/format.h"

static inline uint32_t vn_be16(const uint8_t *p) { return (uint32_t)p[0] << 8 | p[1]; }
static inline uint32_t vn_be32(const uint8_t *p) { return vn_be16(p) << 16 | vn_be16(p + 2); }

/** @return true if `size` bytes at `data` begin with the `length` bytes at `prefix`. */
bool vn_starts_with(const uint8_t *data, size_t size, const char *prefix, size_t length);
/** @return true if any byte is neither 0 nor white space: padding after the end of a picture hides nothing. */
bool vn_holds_data(const uint8_t *data, size_t size);

/** A header as the file has it, turned upright. @param orientation as EXIF numbers it */
static inline VnHeader vn_header_upright(VnHeader header, unsigned orientation) {
    uint32_t width = header.width;
    if (orientation >= 5) {
        header.width = header.height;
        header.height = width;
    }
    return header;
}

bool vn_png_sniff(const uint8_t *data, size_t size);
VernisStatus vn_png_header(VnHeader *out, const uint8_t *data, size_t size, const VnLimits *limits, VnError *err);
VernisStatus vn_png_decode(VnImage *out, VnBag *bag, const uint8_t *data, size_t size, const VnLimits *limits,
                           VnError *err);
VernisStatus vn_png_encode(VnBytes *out, const VnImage *image, const VnEncodeOptions *options, VnError *err);

bool vn_jpeg_sniff(const uint8_t *data, size_t size);
VernisStatus vn_jpeg_header(VnHeader *out, const uint8_t *data, size_t size, const VnLimits *limits, VnError *err);
VernisStatus vn_jpeg_decode(VnImage *out, VnBag *bag, const uint8_t *data, size_t size, const VnLimits *limits,
                            VnError *err);
VernisStatus vn_jpeg_encode(VnBytes *out, const VnImage *image, const VnEncodeOptions *options, VnError *err);

bool vn_webp_sniff(const uint8_t *data, size_t size);
VernisStatus vn_webp_header(VnHeader *out, const uint8_t *data, size_t size, const VnLimits *limits, VnError *err);
VernisStatus vn_webp_decode(VnImage *out, VnBag *bag, const uint8_t *data, size_t size, const VnLimits *limits,
                            VnError *err);
VernisStatus vn_webp_encode(VnBytes *out, const VnImage *image, const VnEncodeOptions *options, VnError *err);

#endif
