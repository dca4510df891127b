/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The transpose of a convolution as convolutions. Private to nn.
 *
 * In one direction: which taps lead from output positions, counted from that of the input position (the half of it, for
 * stride 2), to it. With stride 2 input positions are of two kinds: `single` ones take part in the middle tap only, the
 * others in the outer two. So the transpose is one convolution for stride 1 and four, by kind of row and kind of
 * column, for stride 2.
 */
#ifndef VN_NN_REACH_H
#define VN_NN_REACH_H

#include "nn/layers.h"

typedef struct VnReach {
    unsigned count;
    int offset[3];
    unsigned tap[3];
} VnReach;

static inline VnReach vn_reach(const VnConv *conv, bool single) {
    if (conv->taps == 1)
        return (VnReach){1, {0}, {0}};
    if (conv->stride == 1)
        return (VnReach){3, {-1, 0, 1}, {2, 1, 0}};
    if (single)
        return (VnReach){1, {0}, {1}};
    return conv->shift ? (VnReach){2, {-1, 0}, {2, 0}} : (VnReach){2, {0, 1}, {2, 0}};
}

/** Of which kind an input position is; false for stride 1. */
static inline bool vn_reach_single(const VnConv *conv, uint32_t position) {
    return conv->stride == 2 && (position & 1) == (conv->shift ? 1 : 0);
}

/** The kinds of positions, 2 * (row is single) + (column is single), and their number. */
static inline unsigned vn_reach_kinds(const VnConv *conv) { return conv->stride == 1 ? 1 : 4; }

/** Taps (ky * taps + kx) of one kind, in the order of vn_reach_offsets. @return how many */
static inline unsigned vn_reach_taps(const VnConv *conv, unsigned kind, unsigned taps[9]) {
    VnReach down = vn_reach(conv, kind & 2), right = vn_reach(conv, kind & 1);
    unsigned n = 0;
    for (unsigned i = 0; i < down.count; i++) {
        for (unsigned k = 0; k < right.count; k++)
            taps[n++] = down.tap[i] * conv->taps + right.tap[k];
    }
    return n;
}

/** Their offsets in an output of `pitch` pixels a row, times `pixel`. */
static inline unsigned vn_reach_offsets(const VnConv *conv, unsigned kind, size_t pitch, size_t pixel,
                                        ptrdiff_t offsets[9]) {
    VnReach down = vn_reach(conv, kind & 2), right = vn_reach(conv, kind & 1);
    unsigned n = 0;
    for (unsigned i = 0; i < down.count; i++) {
        for (unsigned k = 0; k < right.count; k++)
            offsets[n++] = (down.offset[i] * (ptrdiff_t)pitch + right.offset[k]) * (ptrdiff_t)pixel;
    }
    return n;
}

#endif
