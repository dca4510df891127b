/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The marker segments of a JPEG file beside the pixels (ITU-T T.81 Annex B, JFIF 1.02, CIPA DC-008 and DC-007, ICC.1
 * Annex B.4, XMP part 3, ISO 19566-5). Private to src/image/.
 */
#ifndef VN_IMAGE_JPEG_SCAN_H
#define VN_IMAGE_JPEG_SCAN_H

#include "image/bag.h"
#include "image/image.h"

typedef struct VnJpegScan {
    uint32_t width, height; /**< as stored, before the EXIF orientation */
    unsigned components;    /**< 1, 3 or 4 */
    size_t coded_bytes;     /**< entropy-coded data of all scans */
} VnJpegScan;

/** Walk all segments and scans: checks that the file is whole up to EOI, of a kind that is handled, within limits,
 * and that its data can hold the picture at all, and fills the bag. The bag may be partly filled on failure; the
 * caller frees it. */
VernisStatus vn_jpeg_scan(VnJpegScan *out, VnBag *bag, const uint8_t *data, size_t size, const VnLimits *limits,
                          VnError *err);

#endif
