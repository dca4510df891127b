/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The chunks of a PNG file beside the pixels (W3C PNG, third edition). Private to src/image/.
 */
#ifndef VN_IMAGE_PNG_SCAN_H
#define VN_IMAGE_PNG_SCAN_H

#include "image/bag.h"
#include "image/image.h"

typedef struct VnPngScan {
    uint32_t width, height; /**< as stored, before the EXIF orientation */
    unsigned depth;         /**< bits per sample or palette index: 1, 2, 4, 8, 16 */
    unsigned colour_type;   /**< 0 grey, 2 RGB, 3 palette, 4 grey+alpha, 6 RGBA */
    bool transparent;       /**< a tRNS chunk is there */
} VnPngScan;

/** Walk all chunks: checks that the file is whole up to IEND, that the size is within limits and that the compressed
 * data can hold the picture at all, and fills the bag. The bag may be partly filled on failure; the caller frees it. */
VernisStatus vn_png_scan(VnPngScan *out, VnBag *bag, const uint8_t *data, size_t size, const VnLimits *limits,
                         VnError *err);

#endif
