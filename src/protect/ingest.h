/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * What platforms and trainers do to a posted picture, as operators with exact adjoints. Planes are (C,H,W) float.
 */
#ifndef VN_PROTECT_INGEST_H
#define VN_PROTECT_INGEST_H

#include <stdbool.h>

#include "base/mem.h"
#include "base/pool.h"

/** What a platform makes of a posted picture before anyone else gets it: shrunk into a box, then a lossy file. */
typedef struct VnTrip {
    uint32_t max_width, max_height; /**< pixels; 0: no limit */
    int quality;                    /**< of a JPEG 1..100; 0: the picture is not encoded anew */
    bool subsample;                 /**< 4:2:0 */
    bool webp;                      /**< the file is a WebP of that quality; the loop takes a JPEG for it */
} VnTrip;

/** The size of a picture in a trip's box: proportions kept, never enlarged, each side at least 1. */
void vn_trip_size(const VnTrip *trip, uint32_t w, uint32_t h, uint32_t *out_w, uint32_t *out_h);

typedef enum VnFilter { VN_FILTER_AREA, VN_FILTER_BILINEAR, VN_FILTER_BICUBIC, VN_FILTER_LANCZOS } VnFilter;

/** A separable resampler from (H0,W0) to (H1,W1) with antialiasing when it shrinks (support scaled by the ratio),
 * centre aligned, normalised weights clipped at the edges: Pillow's definition. */
typedef struct VnResize VnResize;
VernisStatus vn_resize_open(VnResize **out, uint32_t w0, uint32_t h0, uint32_t w1, uint32_t h1, VnFilter filter,
                            VnError *err);
/** A Gaussian blur (standard deviations in pixels, cut at three of them, renormalised at the edges) as such an
 * operator. */
VernisStatus vn_resize_open_blur(VnResize **out, uint32_t w, uint32_t h, double sigma_x, double sigma_y, VnError *err);
void vn_resize_close(VnResize **resize);
/** @param in (planes,H0,W0); @param out (planes,H1,W1); @param scratch vn_resize_scratch floats */
size_t vn_resize_scratch(const VnResize *resize, unsigned planes);
void vn_resize_apply(const VnResize *resize, unsigned planes, const float *in, float *out, float *scratch,
                     VnPool *pool);
/** The transpose: @param in (planes,H1,W1); @param out (planes,H0,W0), overwritten. */
void vn_resize_adjoint(const VnResize *resize, unsigned planes, const float *in, float *out, float *scratch,
                       VnPool *pool);

/** The two halves of vn_resize_apply, for pictures of which only a band of rows is in memory at a time.
 * Columns: @param in (planes,row1-row0,W0), rows row0..row1-1 of the picture; fills those rows of @param scratch
 * (planes,H0,W1). Rows: @param out (planes,row1-row0,W1), rows row0..row1-1 of the result, from a complete scratch. */
void vn_resize_columns(const VnResize *resize, unsigned planes, const float *in, uint32_t row0, uint32_t row1,
                       float *scratch, VnPool *pool);
void vn_resize_rows(const VnResize *resize, unsigned planes, const float *scratch, uint32_t row0, uint32_t row1,
                    float *out, VnPool *pool);

/** JPEG as a function of planes (3,H,W) 0..1: quantise to 8 bits, YCbCr (JFIF), 4:2:0 box or 4:4:4, 8x8 DCT, quantise
 * with the IJG tables at `quality`, and back, clamped.
 *
 * The adjoint is that of the same chain with the rounding of values passed straight through, and of frequencies by slopes:
 * 1, but 8 x^2 where x steps were rounded to 0. A change too small to reach the file is not to be climbed, one just short of
 * it twice (tests/regression/ablation.md, "What JPEG takes"). What lies beyond the edges of the picture does not change.
 * @param scratch vn_jpeg_scratch floats; @param slopes vn_jpeg_slopes values, or for vn_jpeg_apply NULL; in and out may be
 * the same */
size_t vn_jpeg_scratch(uint32_t width, uint32_t height);
size_t vn_jpeg_slopes(uint32_t width, uint32_t height);
void vn_jpeg_apply(uint32_t width, uint32_t height, int quality, bool subsample, const float *in, float *out,
                   float *scratch, uint8_t *slopes, VnPool *pool);
void vn_jpeg_adjoint(uint32_t width, uint32_t height, bool subsample, const uint8_t *slopes, const float *gradient_in,
                     float *gradient_out, float *scratch, VnPool *pool);

/** The size a trainer makes of a picture: short side `side`, both sides rounded to multiples of `step` (judge.py
 * fit_short). */
void vn_training_size(uint32_t w, uint32_t h, double side, uint32_t step, uint32_t *out_w, uint32_t *out_h);

#endif
