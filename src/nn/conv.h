/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Convolutions over rows of padded pixels, forward and backward-to-input, on gemm. Private to nn.
 */
#ifndef VN_NN_CONV_H
#define VN_NN_CONV_H

#include "nn/layers.h"

/** The shape of an activation: (height, width + 1, channels), see layers.h. */
typedef struct VnGrid {
    uint32_t width, height, channels;
} VnGrid;

static inline size_t vn_grid_pitch(VnGrid g) { return (size_t)g.width + 1; }
static inline size_t vn_grid_row(VnGrid g, size_t y) {
    return y * vn_grid_pitch(g) * g.channels;
} /**< offset of (y, 0, 0) */
size_t vn_grid_lead(VnGrid g); /**< values before pixel (0, 0): the row of zeros above, rounded up to 64 bytes */
size_t vn_grid_size(VnGrid g); /**< values in all, SIZE_MAX on overflow */

/** Rows of one band of work on this grid: enough pixels for efficient products, whatever the number of threads, so that
 * results do not depend on it. */
uint32_t vn_grid_band(VnGrid g);

/** Write the zeros around rows y0..y1-1 that the layout promises. @param x pixel (0, 0) */
void vn_grid_seal(VnGrid g, float *x, uint32_t y0, uint32_t y1);

/** Values of scratch that one thread needs, in either direction. */
size_t vn_conv_scratch(const VnConv *conv, VnGrid in, VnGrid out);

/** y = bias + conv(x), or y += conv(x) without bias, for rows y0..y1-1 of y. @param x,y pixel (0, 0);
 * @param coarse as for vn_pass_coarse */
void vn_conv_forward(const VnConv *conv, VnGrid in, const float *x, VnGrid out, float *y, bool add, bool coarse,
                     uint32_t y0, uint32_t y1, float *scratch);

/** dx = transpose of conv at dy, or dx += that, for rows y0..y1-1 of dx. */
void vn_conv_backward(const VnConv *conv, VnGrid in, float *dx, VnGrid out, const float *dy, bool add, uint32_t y0,
                      uint32_t y1, float *scratch);

#endif
