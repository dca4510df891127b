/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * A residual block as one operation: its three convolutions follow each other row by row, and what lies between them
 * stays in the cache. Private to nn.
 */
#ifndef VN_NN_BLOCK_H
#define VN_NN_BLOCK_H

#include "nn/conv.h"

/** Whether `conv` points to three 3x3 convolutions on tiles, as wide as each other, in multiples of a tile's channels. */
bool vn_block_fits(const VnConv *conv);

size_t vn_block_scratch(VnGrid g); /**< values of scratch that one thread needs */

/** Rows of one band of so many rows; higher bands compute fewer rows twice. Results do not depend on it. */
uint32_t vn_block_band(uint32_t rows, unsigned bands);

/** y = relu(x + conv[2](relu(conv[1](relu(conv[0](x)))))) for rows y0..y1-1, the signs to masks 0..2.
 * @param x,y pixel (0, 0); @param masks rows of whole 64-bit words, one bit a value; all three NULL: not written;
 * @param coarse as for vn_pass_coarse */
void vn_block_forward(const VnConv *conv, VnGrid g, const float *x, float *y, uint64_t *const masks[3], bool coarse,
                      uint32_t y0, uint32_t y1, float *scratch);

/** The gradient at x from that at the sum before the last ReLU: dx = dy + conv[0]'(mask 0 (conv[1]'(mask 1
 * (conv[2]'(dy))))), then 0 where `last`, unless NULL, is 0. */
void vn_block_backward(const VnConv *conv, VnGrid g, const float *dy, float *dx, uint64_t *const masks[2],
                       uint64_t *last, uint32_t y0, uint32_t y1, float *scratch);

#endif
