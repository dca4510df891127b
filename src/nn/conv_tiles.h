/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Convolutions on bfloat16 tiles, for processors that have them; see kern/tiles.h. Private to conv.c and pack.c.
 */
#ifndef VN_NN_CONV_TILES_H
#define VN_NN_CONV_TILES_H

#include "nn/conv.h"

/** Pack weights for the forward pass (split) and the backward pass (high halves) into conv->tiles and
 * conv->tiles_back. @param w (out, in, taps, taps) @return false when memory is short */
bool vn_tiles_pack(VnConv *conv, const float *w);

size_t vn_tiles_scratch(const VnConv *conv, VnGrid in, VnGrid out); /**< values of scratch that one thread needs */

/** As vn_conv_forward and vn_conv_backward, without the zeros around the rows. */
void vn_tiles_forward(const VnConv *conv, VnGrid in, const float *x, VnGrid out, float *y, bool add, bool coarse,
                      uint32_t y0, uint32_t y1, float *scratch);
void vn_tiles_backward(const VnConv *conv, VnGrid in, float *dx, VnGrid out, const float *dy, bool add, uint32_t y0,
                       uint32_t y1, float *scratch);

#endif
