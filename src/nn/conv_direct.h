/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Convolutions in float32 on own kernels, pixels read in place; see kern/direct.h. Private to conv.c and pack.c.
 */
#ifndef VN_NN_CONV_DIRECT_H
#define VN_NN_CONV_DIRECT_H

#include "nn/conv.h"

/** Pack weights into conv->panels, and conv->panels_back where the transpose is a convolution worth its columns.
 * @param w (out, in, taps, taps); @param backward whether it is @return false when memory is short */
bool vn_direct_pack(VnConv *conv, const float *w, bool backward);

/** As vn_conv_forward and vn_conv_backward, without the zeros around the rows. */
void vn_direct_forward(const VnConv *conv, VnGrid in, const float *x, VnGrid out, float *y, bool add, uint32_t y0,
                       uint32_t y1);
void vn_direct_backward(const VnConv *conv, VnGrid in, float *dx, VnGrid out, const float *dy, bool add, uint32_t y0,
                        uint32_t y1);

#endif
