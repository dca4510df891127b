/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Convolution in float32 as sums of products of pixels, read in place, with packed weights.
 */
#ifndef VN_KERN_DIRECT_H
#define VN_KERN_DIRECT_H

#include <stdbool.h>
#include <stddef.h>

enum { VN_DIRECT_COLUMNS = 32 /**< output channels of a panel of weights */ };

/** Output channels in whole panels. */
static inline size_t vn_direct_columns(size_t n) {
    return (n + VN_DIRECT_COLUMNS - 1) / VN_DIRECT_COLUMNS * VN_DIRECT_COLUMNS;
}

/** y[p] = start + sum over blocks of (sum over taps t and channels c of the block of x[p + t, c] * w[t, c]), for m
 * pixels p and n channels.
 *
 * Each block's sum runs in that order, with one rounding a product, and is then added to y; or, `through`, goes on from
 * y. Weights lie in panels of VN_DIRECT_COLUMNS output channels, zeros beyond n: for each block, tap and channel one row
 * of the panel. */
typedef struct VnDirectConv {
    const float *x;        /**< the first pixel, at tap offset 0 */
    size_t x_step;         /**< values from one pixel to the next */
    const ptrdiff_t *taps; /**< offsets in values */
    size_t tap_count, channels;
    size_t block; /**< channels of a block */
    bool through; /**< a block's sum starts at what the blocks before it came to, not at 0 */
    const float *w;
    float *y;
    size_t y_step;     /**< values from one pixel to the next */
    size_t m, n;       /**< pixels; output channels */
    const float *bias; /**< where sums start: n values, or NULL for 0 */
    bool add;          /**< sums start at what is in y; bias must be NULL */
} VnDirectConv;

#endif
