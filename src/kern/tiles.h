/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Convolution as sums of matrix products on bfloat16, in the shapes that AMX tiles have (Intel SDM volume 1, chapter
 * 18): 16 pixels by 32 channels, and 32 channels by 16 output channels.
 *
 * A float32 is kept as two bfloat16, v = high + low to 16 bits. Products high * high, low * high and high * low, summed
 * in float32, come within 1e-4 of float32 arithmetic for a whole encoder; high * high alone comes within 4e-2, and at
 * ReLUs within 0.3 for the gradient, because roundings change signs (measured on FLUX.2's tiny encoder). So forward
 * passes are split, and backward passes, which are linear, are not.
 */
#ifndef VN_KERN_TILES_H
#define VN_KERN_TILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    VN_TILE_ROWS = 16,     /**< pixels of a tile */
    VN_TILE_CHANNELS = 32, /**< of the input: 64 bytes of bfloat16 */
    VN_TILE_COLUMNS = 16,  /**< output channels */
    VN_TILE_VALUES = 512,  /**< 16-bit values of a tile: 1 KB */
    VN_TILE_SLACK = 31     /**< pixels after the last one that may be read, and change nothing */
};

/** y[p] = start + sum over taps t and blocks b of x[p + t, 32 channels of b] * w[t, b], for m pixels p, n channels.
 *
 * Weights lie in groups of 32 output channels (the last one may have 16): for each tap and block, the tiles of high
 * halves of the group's 16-channel columns, then, if split, those of low halves. Within a tile, channel 2 i + j of
 * column c is at i * 32 + c * 2 + j. Channels and columns beyond the real ones are zeros. Split weights also serve pixels
 * that are not: the low halves are then passed over. */
typedef struct VnTileConv {
    const uint16_t *x;     /**< the first pixel, at tap offset 0 */
    size_t x_step;         /**< bytes from one pixel to the next */
    size_t low;            /**< bytes from a pixel's high halves to its low halves; 0: pixels are not split */
    const ptrdiff_t *taps; /**< byte offsets */
    unsigned tap_count, blocks;
    const uint16_t *w;
    bool split; /**< the weights are; with low, they must be */
    float *y;
    size_t y_step;                     /**< values from one pixel to the next */
    size_t m, n;                       /**< pixels; output channels */
    const float *bias;                 /**< where sums start: n values rounded up to a tile's columns, or NULL for 0 */
    bool add;                          /**< sums start at what is in y; bias must be NULL */
    const struct VnTileFinish *finish; /**< what becomes of the sums, or NULL: they go to y as they are */
} VnTileConv;

/** What a residual block does with a row's sums before the next convolution; n is a multiple of 32. */
typedef struct VnTileFinish {
    const float *join; /**< is added, laid out as y; or NULL */
    bool relu;         /**< then the positive ones are kept, and bit p * n + c of `mask`, unless NULL, says which */
    uint64_t *mask;    /**< without relu: those whose bit is set are kept; NULL: all */
    uint16_t *half;    /**< where they go, as bfloat16, the pixels half_step values apart; NULL: to y */
    size_t half_step;
    size_t half_low; /**< values from high halves to low halves; 0: no low halves */
} VnTileFinish;

#endif
