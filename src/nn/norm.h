/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * GroupNorm, with the activation behind it, row by row, so that it can run inside the operations around it. Private to
 * nn. Wu and He, "Group Normalization" (2018).
 *
 * With v = (x - mean) * s, s = 1 / sqrt(variance + epsilon) over a group, the layer's output is gamma * v + beta, and the
 * gradient at x is s * (g - mean(g) - v * mean(g v)), g being that at v. Both directions need sums over the whole picture
 * before any row can be finished: first the rows are summed, each band for itself, then the sums are settled.
 */
#ifndef VN_NN_NORM_H
#define VN_NN_NORM_H

#include "nn/conv.h"

/** One normalisation at one picture size; its memory is the caller's. */
typedef struct VnNorm {
    VnGrid grid;
    const VnAffine *layer;
    double *sums;    /**< 2 * channels for each band of rows */
    float *factors;  /**< VN_NORM_FACTORS * channels, see norm.c */
    float *input;    /**< pixel (0, 0) of what was normalised, where it is kept as it was; else NULL */
    uint16_t *saved; /**< else v as binary16, (height, width, channels), for the backward pass; NULL: forward only */
} VnNorm;

enum { VN_NORM_FACTORS = 6 };

/** Sum row y of the input, x its first pixel, into this band's sums, which the caller has zeroed. */
void vn_norm_sum(const VnNorm *norm, const float *x, uint32_t band);
void vn_norm_settle(VnNorm *norm, uint32_t bands);

/** Output of one row: gamma * v + beta, then SiLU where the layer says so. @param to may be x
 * @param save this is the one call for row y that keeps v */
void vn_norm_forward(const VnNorm *norm, float *to, const float *x, uint32_t y, bool save);

/** Turn g, row y of the gradient at the output, into that before the activation, and sum it. */
void vn_norm_back_sum(const VnNorm *norm, float *g, uint32_t y, uint32_t band);
void vn_norm_back_settle(VnNorm *norm, uint32_t bands);

/** Gradient at the input of one row, from what vn_norm_back_sum left. @param to may be g */
void vn_norm_backward(const VnNorm *norm, float *to, const float *g, uint32_t y);

#endif
