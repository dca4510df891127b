/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Self-attention with one head over all positions of a picture, forward and backward, never holding more than a block of
 * rows of the attention matrix for each thread. Private to nn.
 *
 * Vaswani et al., "Attention Is All You Need" (2017), section 3.2.1: a = softmax(q k') v, the factor 1 / sqrt(channels)
 * being in q's weights already. Positions are counted through all rows of a grid with the zeros after each; those
 * take no part: as keys they get the weight 0, and their queries' outputs are not used.
 */
#ifndef VN_NN_ATTENTION_H
#define VN_NN_ATTENTION_H

#include "nn/conv.h"

typedef struct VnAttention {
    VnGrid grid;         /**< of the output */
    const float *qkv;    /**< pixel (0, 0), 3 * channels each: query, key, value */
    float *output;       /**< pixel (0, 0) */
    float *rows;         /**< 3 for each position: largest score, 1 / sum, and for the backward pass <da, a> */
    float *transposed;   /**< work: channels * positions, four times that in the backward pass */
    float *scratch;      /**< for each thread vn_attention_scratch(grid) values */
    size_t scratch_step; /**< values from one thread's to the next */
} VnAttention;

size_t vn_attention_positions(VnGrid grid);
size_t vn_attention_scratch(VnGrid grid);

void vn_attention_forward(const VnAttention *a, VnPool *pool);
/** @param dqkv gradient at qkv, pixel (0, 0); @param da that at the output, sealed */
void vn_attention_backward(const VnAttention *a, float *dqkv, const float *da, VnPool *pool);

#endif
