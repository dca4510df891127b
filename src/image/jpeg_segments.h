/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Application segments of a JPEG file: one call for each, then one that joins what was split. Private to src/image/.
 */
#ifndef VN_IMAGE_JPEG_SEGMENTS_H
#define VN_IMAGE_JPEG_SEGMENTS_H

#include "image/bag.h"
#include "image/image.h"

/** What is spread over several segments. Zero-initialise; vn_jpeg_parts_free. */
typedef struct VnJpegParts {
    struct {
        const uint8_t *data; /**< into the file */
        size_t size;
    } icc[256];         /**< by sequence number, 1..icc_count */
    unsigned icc_count; /**< as the segments say; 0: none seen */
    bool icc_damaged;
    VnBytes photoshop;   /**< payloads of APP13 in order */
    VnBytes jumbf;       /**< the C2PA box so far */
    unsigned jumbf_en;   /**< its box instance number */
    uint32_t jumbf_next; /**< the packet number that must follow; 0: no box has begun */
} VnJpegParts;

/** @param app 0..15; @param p the segment's payload after its length */
VernisStatus vn_jpeg_take_app(VnJpegParts *parts, VnBag *bag, unsigned app, const uint8_t *p, size_t size,
                              const VnLimits *limits, VnError *err);

/** Put ICC profile, image resources and C2PA manifest into the bag, once all segments were taken. */
VernisStatus vn_jpeg_join_parts(VnJpegParts *parts, VnBag *bag, const VnLimits *limits, VnError *err);
void vn_jpeg_parts_free(VnJpegParts *parts);

/** Payload of a DQT segment: estimates bag->jpeg_quality from table 0, the one that luma uses. */
void vn_jpeg_take_tables(VnBag *bag, const uint8_t *p, size_t size);

#endif
