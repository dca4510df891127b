/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * PDQ, a perceptual fingerprint of 256 bits ("The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm",
 * Facebook 2019, hashing.pdf): luma, two-pass Jarosz filter to 64x64, 16x16 of its DCT, each coefficient against their median.
 * Read Hamming distance up to about 30 as one picture; unrelated ones lie around 128.
 */
#ifndef VN_LEDGER_PDQ_H
#define VN_LEDGER_PDQ_H

#include "image/image.h"

enum {
    VN_PDQ_BYTES = 32,
    VN_PDQ_MIRRORED = 1, /**< left to right */
    VN_PDQ_FLIPPED = 2,  /**< upside down */
    VN_PDQ_SWAPPED = 4,  /**< rows become columns; done first */
    VN_PDQ_VARIANTS = 8
};

typedef struct VnPdq {
    uint8_t hash[VN_PDQ_VARIANTS]
                [VN_PDQ_BYTES]; /**< by orientation, bits above; bit 255 (the highest frequency) first */
    int quality;                /**< 0..100, from the gradients of the 64x64 */
} VnPdq;

/** Fingerprint a picture of 1 or 3 colours in its own sRGB-like values, alpha over white. Any size of one pixel up. */
VernisStatus vn_pdq(VnPdq *out, const VnImage *image, VnError *err);

/** @param hex 65 bytes */
void vn_pdq_to_hex(char *hex, const uint8_t hash[VN_PDQ_BYTES]);
/** @return false unless `hex` is 64 hex digits */
bool vn_pdq_from_hex(uint8_t hash[VN_PDQ_BYTES], const char *hex);
/** Bits that differ; counting stops once there are more than `most`. */
int vn_pdq_distance(const uint8_t a[VN_PDQ_BYTES], const uint8_t b[VN_PDQ_BYTES], int most);

#endif
