/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * GroupNorm of a block's pooled branch. Private to nn.
 */
#ifndef VN_NN_NORM_H
#define VN_NN_NORM_H

#include "nn/conv.h"

/** One normalisation at one picture size; its memory is the caller's. */
typedef struct VnNorm {
    VnGrid grid; /**< channels: a multiple of VN_POOL_GROUPS */
    const float *gamma, *beta;
    float *normal;               /**< vn_grid_size values: normalised activations, kept for the backward pass */
    double *sums;                /**< 2 * VN_POOL_GROUPS for each band */
    float *affine;               /**< 2 * channels: factors and offsets of the last forward pass */
    float scale[VN_POOL_GROUPS]; /**< 1 / deviation in the last forward pass */
} VnNorm;

/** y = gamma * normalised(y) + beta. @param y pixel (0, 0) */
void vn_norm_forward(VnNorm *norm, float *y, VnPool *pool);
/** g = gradient at the input from the gradient g at the output. */
void vn_norm_backward(VnNorm *norm, float *g, VnPool *pool);

#endif
