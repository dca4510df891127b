/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/conv_winograd.h"

#include "kern/kern.h"

enum {
    TILE = 4,           /* outputs in each direction */
    POINTS = 36,        /* products of a tile and pair of channels */
    LEAST = 32,         /* channels */
    WHOLE_CHANNELS = 16 /* the transforms' step */
};

/* Tiles at a time: as many as use a matrix that does not stay in the second-level cache, or else so few that their own
 * values do. */
static size_t group(const VnConv *conv) { return conv->in * conv->out > 128 * 128 ? 64 : 36; }

static size_t inputs(const VnConv *conv, bool back) { return back ? conv->out : conv->in; }
static size_t outputs(const VnConv *conv, bool back) { return back ? conv->in : conv->out; }

bool vn_winograd_fits(const VnConv *conv, VnGrid in) {
    return conv->panels && conv->panels_back && conv->taps == 3 && conv->stride == 1 && conv->in >= LEAST &&
           conv->out >= LEAST && conv->in % WHOLE_CHANNELS == 0 && conv->out % WHOLE_CHANNELS == 0 &&
           in.width % TILE == 0 && in.height % TILE == 0;
}

/* Values of one point's matrix: panels of (inputs, VN_DIRECT_COLUMNS) for direct_conv. */
static size_t matrix(const VnConv *conv, bool back) {
    return inputs(conv, back) * vn_direct_columns(outputs(conv, back));
}

size_t vn_winograd_weights_size(const VnConv *conv, bool back) { return POINTS * matrix(conv, back); }

unsigned vn_winograd_panels(const VnConv *conv, bool back) {
    return (unsigned)(vn_direct_columns(outputs(conv, back)) / VN_DIRECT_COLUMNS);
}

/* From conv_direct.c's panels: blocks of channels, in them (tap, channel, VN_DIRECT_COLUMNS). */
void vn_winograd_weights(const VnConv *conv, bool back, float *weights, unsigned panel) {
    size_t channels = inputs(conv, back), step = matrix(conv, back), part = channels * VN_DIRECT_COLUMNS;
    const float *from = (back ? conv->panels_back : conv->panels) + 9 * part * panel;
    float *to = weights + part * panel;
    size_t tap = (size_t)conv->block * VN_DIRECT_COLUMNS;
    for (size_t first = 0; first < channels; first += conv->block, from += 9 * tap) {
        for (size_t c = 0; c < conv->block; c++, to += VN_DIRECT_COLUMNS)
            vn_kern()->winograd_taps(to, step, from + c * VN_DIRECT_COLUMNS, tap, VN_DIRECT_COLUMNS);
    }
}

/* Values of one point of a group of tiles. Their number is never a power of two: the 36 points of a tile would share
 * one set of the first-level cache. */
static size_t plane(const VnConv *conv, size_t channels) { return group(conv) * channels + 16; }

size_t vn_winograd_scratch(const VnConv *conv) { return POINTS * (plane(conv, conv->in) + plane(conv, conv->out)); }

void vn_winograd_run(const VnConv *conv, bool back, const float *weights, VnGrid from, const float *x, VnGrid to,
                     float *y, bool add, uint32_t y0, uint32_t y1, float *scratch) {
    const VnKern *kern = vn_kern();
    size_t ci = from.channels, co = to.channels, most = group(conv), v_plane = plane(conv, ci),
           m_plane = plane(conv, co), across = to.width / TILE;
    size_t end = y1 / TILE * across, row = vn_grid_pitch(from) * ci;
    float *v = scratch, *m = scratch + POINTS * v_plane;
    for (size_t first = y0 / TILE * across; first < end; first += most) {
        size_t count = end - first < most ? end - first : most;
        for (size_t t = 0; t < count; t++) {
            size_t ty = (first + t) / across, tx = (first + t) % across;
            const float *corner = x + vn_grid_row(from, ty * TILE) + tx * TILE * ci - row - ci;
            kern->winograd_in(v + t * ci, v_plane, corner, row, ci);
        }
        for (size_t p = 0; p < POINTS; p++)
            kern->direct_conv(&(VnDirectConv){.x = v + p * v_plane,
                                              .x_step = ci,
                                              .taps = (const ptrdiff_t[]){0},
                                              .tap_count = 1,
                                              .channels = ci,
                                              .block = ci,
                                              .w = weights + p * matrix(conv, back),
                                              .y = m + p * m_plane,
                                              .y_step = co,
                                              .m = count,
                                              .n = co});
        for (size_t t = 0; t < count; t++) {
            size_t ty = (first + t) / across, tx = (first + t) % across;
            kern->winograd_out(y + vn_grid_row(to, ty * TILE) + tx * TILE * co, vn_grid_pitch(to) * co, m + t * co,
                               m_plane, back ? NULL : conv->bias, co, add);
        }
    }
}
