/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * 3x3 convolutions of stride 1, or their transposes, by Winograd's minimal filtering F(4x4, 3x3) in float32: a quarter
 * of the products. Weights are transformed before each use, which costs little beside it, and so take no memory that
 * lasts. The rounding is about 1e-6, several times that of plain sums: enough to change signs at ReLUs. Private to
 * pass.c.
 */
#ifndef VN_NN_CONV_WINOGRAD_H
#define VN_NN_CONV_WINOGRAD_H

#include "nn/conv.h"

/** Whether the convolution from this grid runs on own float32 kernels, has enough channels for this to pay, and whole
 * tiles of 4x4. */
bool vn_winograd_fits(const VnConv *conv, VnGrid in);

size_t vn_winograd_weights_size(const VnConv *conv, bool back); /**< values of transformed weights */
unsigned vn_winograd_panels(const VnConv *conv, bool back);     /**< parts that can be transformed apart */
/** Transform one part. @param weights of the whole convolution */
void vn_winograd_weights(const VnConv *conv, bool back, float *weights, unsigned panel);

size_t vn_winograd_scratch(const VnConv *conv); /**< values of scratch that one thread needs */

/** y = bias + conv(x), or y += conv(x) without bias, or for back their transpose without bias, for rows y0..y1-1 of y,
 * whole tiles. @param x,y pixel (0, 0) */
void vn_winograd_run(const VnConv *conv, bool back, const float *weights, VnGrid from, const float *x, VnGrid to,
                     float *y, bool add, uint32_t y0, uint32_t y1, float *scratch);

#endif
