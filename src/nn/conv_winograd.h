/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The backward pass of a 3x3 convolution by Winograd's minimal filtering F(4x4, 3x3) in float32: a quarter of the
 * products. Its rounding, about 1e-6, would change signs at ReLUs, so forward passes are not computed so. Private to
 * conv.c and pack.c.
 */
#ifndef VN_NN_CONV_WINOGRAD_H
#define VN_NN_CONV_WINOGRAD_H

#include "nn/conv.h"

/** Whether the convolution has enough channels for it to pay, and few enough for its weights to stay in the cache. */
bool vn_winograd_fits(const VnConv *conv);

/** Transform and pack weights into conv->winograd. @param w (out, in, 3, 3) @return false when memory is short */
bool vn_winograd_pack(VnConv *conv, const float *w);

size_t vn_winograd_scratch(const VnConv *conv); /**< values of scratch that one thread needs */

/** As vn_conv_backward without the zeros around the rows, where both grids are whole tiles of 4x4, and so are the rows.
 * @return false where they are not: nothing is done */
bool vn_winograd_backward(const VnConv *conv, VnGrid in, float *dx, VnGrid out, const float *dy, bool add, uint32_t y0,
                          uint32_t y1, float *scratch);

#endif
