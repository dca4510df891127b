/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The picture as decoded and as written: interleaved integers, and the float planes the optimiser works on.
 */
#ifndef VN_IMAGE_IMAGE_H
#define VN_IMAGE_IMAGE_H

#include <stdbool.h>

#include "base/mem.h"
#include "base/pool.h"

/** Interleaved pixels, upright. Owner: whoever holds the struct; vn_image_free. 16-bit samples are native-endian.
 * Layout per pixel: `colours` samples (1 grey, 3 RGB, 4 CMYK with 0 = no ink), then alpha (straight) if `alpha`. */
typedef struct VnImage {
    uint32_t width, height;
    uint8_t colours; /**< 1, 3 or 4 */
    uint8_t bits;    /**< 8 or 16 */
    bool alpha;
    size_t stride; /**< bytes from row to row, = width * samples * bits / 8 */
    void *pixels;
} VnImage;

/** What an embedder or the command line allows; checked before allocating. */
typedef struct VnLimits {
    uint64_t max_pixels;   /**< width * height, default 400 million */
    uint32_t max_side;     /**< default 65535 */
    size_t max_file_bytes; /**< default 1 GiB */
    size_t max_icc_bytes;  /**< default 16 MiB */
    size_t max_exif_bytes; /**< default 8 MiB */
    size_t max_xmp_bytes;  /**< default 4 MiB */
} VnLimits;
extern const VnLimits vn_limits_default;

static inline unsigned vn_image_samples(const VnImage *image) { return image->colours + (image->alpha ? 1u : 0u); }

/** Fill in stride and allocate zeroed pixels, after checking `limits` (NULL: the defaults). */
VernisStatus vn_image_create(VnImage *out, uint32_t width, uint32_t height, unsigned colours, bool alpha, unsigned bits,
                             const VnLimits *limits, VnError *err);
/** The check that vn_image_create makes, for decoders to refuse a picture before any work is done. @param where the
 * format */
VernisStatus vn_image_check(uint32_t width, uint32_t height, const VnLimits *limits, const char *where, VnError *err);
void vn_image_free(VnImage *image); /**< zeroes; takes a zeroed struct */
VernisStatus vn_image_copy(VnImage *out, const VnImage *image, VnError *err);

/** Turn upright in place of the EXIF orientation 1..8 (TIFF 6.0 p. 36; CIPA DC-008): afterwards it is 1. */
VernisStatus vn_image_orient(VnImage *image, unsigned orientation, VnError *err);

/** Alpha of a pixel, 0..1, of a picture that has it. */
float vn_image_alpha(const VnImage *image, size_t x, size_t y);

/** Set the colour samples of every pixel whose alpha is 0 to 0, so that nothing of the clean picture lies hidden there.
 * @return the number of pixels that held something else */
size_t vn_image_blank_hidden(VnImage *image);

/** Make the picture hold only what a format can: without `alpha` it is composited over white, without `bits16` it is
 * rounded to 8 bits. A picture that fits already is left alone; on failure it is unchanged. */
VernisStatus vn_image_fit(VnImage *image, bool alpha, bool bits16, VnError *err);

/** Rows y0..y1-1 as planes (3, y1-y0, width), sRGB-encoded 0..1; grey is copied to all three; alpha is composited over
 * white, as trainers' loaders do. `colours` must be 1 or 3. */
void vn_image_rows_to_planes(const VnImage *image, uint32_t y0, uint32_t y1, float *planes);

#endif
