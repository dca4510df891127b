/* SPDX-License-Identifier: Apache-2.0 */
/* A band's input is rewritten as bfloat16 pixels, which stay in the second-level cache; then every tap of the
 * convolution is a matrix product of pixels that lie one after the other, read in place.
 */
#include "nn/conv_tiles.h"

#include <string.h>

#include "kern/kern.h"
#include "nn/reach.h"

enum { PATCH_CHANNELS = 3 }; /* up to here the nine taps fit one tile's channels, as patches */

static size_t padded(size_t channels) {
    return (channels + VN_TILE_CHANNELS - 1) / VN_TILE_CHANNELS * VN_TILE_CHANNELS;
}

static bool in_patches(const VnConv *conv) { return conv->taps == 3 && conv->in <= PATCH_CHANNELS; }

/* One convolution's taps and where its channels lie in the weights: channel k of the sum, column n, tap t at
 * w[k * k_step + n * n_step + tap[t]]. In patches, one tap has the channels (t, k) of all. */
typedef struct Packing {
    const float *w;
    size_t channels, columns, k_step, n_step;
    unsigned taps;
    unsigned tap[9];
    bool patches, split;
} Packing;

static size_t packed_values(const Packing *p) {
    size_t columns = (p->columns + VN_TILE_COLUMNS - 1) / VN_TILE_COLUMNS;
    return columns * p->taps * (padded(p->channels) / VN_TILE_CHANNELS) * VN_TILE_VALUES * (p->split ? 2 : 1);
}

static float weight(const Packing *p, unsigned tap, size_t k, size_t n) {
    if (k >= p->channels || n >= p->columns)
        return 0;
    size_t in = p->channels / 9; /* of patches */
    return p->patches ? p->w[k % in * p->k_step + n * p->n_step + k / in]
                      : p->w[k * p->k_step + n * p->n_step + p->tap[tap]];
}

/* The 32 channels from k by 16 columns from n of one tap as a tile of high halves and, split, one of low halves. */
static void pack_tile(const Packing *p, unsigned tap, size_t k, size_t n, uint16_t *high, uint16_t *low) {
    float pairs[VN_TILE_CHANNELS];
    uint16_t halves[2 * VN_TILE_CHANNELS];
    for (size_t i = 0; i < VN_TILE_CHANNELS / 2; i++) {
        for (size_t c = 0; c < VN_TILE_CHANNELS; c++)
            pairs[c] = weight(p, tap, k + 2 * i + c % 2, n + c / 2);
        vn_kern()->bf16_pixels(halves, pairs, VN_TILE_CHANNELS, VN_TILE_CHANNELS, true, 1);
        memcpy(high + i * VN_TILE_CHANNELS, halves, VN_TILE_CHANNELS * sizeof *high);
        if (p->split)
            memcpy(low + i * VN_TILE_CHANNELS, halves + VN_TILE_CHANNELS, VN_TILE_CHANNELS * sizeof *low);
    }
}

static void pack(const Packing *p, uint16_t *out) {
    for (size_t n = 0; n < p->columns; n += 2 * VN_TILE_COLUMNS) {
        size_t wide = p->columns - n > VN_TILE_COLUMNS ? 2 : 1;
        for (unsigned t = 0; t < p->taps; t++) {
            for (size_t k = 0; k < p->channels; k += VN_TILE_CHANNELS) {
                for (size_t c = 0; c < wide; c++)
                    pack_tile(p, t, k, n + c * VN_TILE_COLUMNS, out + c * VN_TILE_VALUES,
                              out + (wide + c) * VN_TILE_VALUES);
                out += wide * VN_TILE_VALUES * (p->split ? 2 : 1);
            }
        }
    }
}

static Packing forward_packing(const VnConv *conv, const float *w) {
    unsigned area = conv->taps * conv->taps;
    bool patches = in_patches(conv);
    Packing p = {.w = w,
                 .channels = patches ? (size_t)conv->in * area : conv->in,
                 .columns = conv->out,
                 .k_step = area,
                 .n_step = (size_t)conv->in * area,
                 .taps = patches ? 1 : area,
                 .patches = patches,
                 .split = true};
    for (unsigned t = 0; t < p.taps; t++)
        p.tap[t] = t;
    return p;
}

static Packing backward_packing(const VnConv *conv, const float *w, unsigned kind) {
    unsigned area = conv->taps * conv->taps;
    Packing p = {.w = w, .channels = conv->out, .columns = conv->in, .k_step = (size_t)conv->in * area, .n_step = area};
    p.taps = vn_reach_taps(conv, kind, p.tap);
    return p;
}

bool vn_tiles_pack(VnConv *conv, const float *w) {
    Packing forward = forward_packing(conv, w);
    size_t total = 0;
    for (unsigned kind = 0; kind < vn_reach_kinds(conv); kind++) {
        Packing p = backward_packing(conv, w, kind);
        conv->back_at[kind] = total;
        total += packed_values(&p);
    }
    conv->tiles = vn_malloc(packed_values(&forward) * sizeof *conv->tiles);
    conv->tiles_back = vn_malloc(total * sizeof *conv->tiles_back);
    if (!conv->tiles || !conv->tiles_back)
        return false;
    pack(&forward, conv->tiles);
    for (unsigned kind = 0; kind < vn_reach_kinds(conv); kind++) {
        Packing p = backward_packing(conv, w, kind);
        pack(&p, conv->tiles_back + conv->back_at[kind]);
    }
    return true;
}

/* Rows of the input that `rows` rows of the output need. */
static size_t rows_needed(const VnConv *conv, size_t rows) { return (rows - 1) * conv->stride + conv->taps; }

size_t vn_tiles_scratch(const VnConv *conv, VnGrid in, VnGrid out) {
    size_t slack = 2 * VN_TILE_SLACK + 2;
    size_t forward = in_patches(conv)
                         ? (out.width + slack) * 2 * VN_TILE_CHANNELS
                         : (rows_needed(conv, vn_grid_band(out)) * vn_grid_pitch(in) + slack) * 2 * padded(conv->in);
    size_t rows = conv->stride == 1 ? vn_grid_band(in) + (size_t)2 : vn_grid_band(in) / 2 + (size_t)3;
    size_t backward = (rows * vn_grid_pitch(out) + slack) * padded(conv->out);
    return (forward > backward ? forward : backward) / 2;
}

/* Few channels: a row of patches at a time. */
static void forward_patches(const VnConv *conv, VnGrid in, const float *x, VnGrid out, float *y, bool add, uint32_t y0,
                            uint32_t y1, uint16_t *scratch) {
    size_t ci = in.channels, pad = conv->shift ? 0 : 1;
    for (size_t row = y0; row < y1; row++) {
        const float *corner = x + vn_grid_row(in, conv->stride * row) - pad * (vn_grid_pitch(in) + 1) * ci;
        vn_kern()->bf16_patches(scratch, corner, vn_grid_pitch(in) * ci, conv->stride * ci, 3 * ci, out.width);
        vn_kern()->tile_conv(&(VnTileConv){.x = scratch,
                                           .x_step = 4 * VN_TILE_CHANNELS,
                                           .low = 2 * VN_TILE_CHANNELS,
                                           .taps = (const ptrdiff_t[]){0},
                                           .tap_count = 1,
                                           .blocks = 1,
                                           .w = conv->tiles,
                                           .split = true,
                                           .y = y + vn_grid_row(out, row),
                                           .y_step = out.channels,
                                           .m = out.width,
                                           .n = out.channels,
                                           .bias = add ? NULL : conv->bias,
                                           .add = add});
    }
}

static void forward_band(const VnConv *conv, VnGrid in, const float *x, VnGrid out, float *y, bool add, bool coarse,
                         uint32_t y0, uint32_t y1, uint16_t *scratch) {
    size_t pitch = vn_grid_pitch(in), channels = padded(in.channels), s = conv->stride;
    size_t pixel = (coarse ? 2 : 4) * channels;
    size_t rows = rows_needed(conv, y1 - y0), pad = conv->taps == 3 && !conv->shift ? 1 : 0;
    const float *first = x + vn_grid_row(in, s * y0) - pad * (pitch + 1) * in.channels;
    vn_kern()->bf16_pixels(scratch, first, in.channels, channels, !coarse, rows * pitch + (s == 1 ? 2 * pad : 0));
    ptrdiff_t taps[9];
    unsigned count = 0;
    for (size_t ky = 0; ky < conv->taps; ky++) {
        for (size_t kx = 0; kx < conv->taps; kx++)
            taps[count++] = (ptrdiff_t)((ky * pitch + kx) * pixel);
    }
    VnTileConv job = {.x = scratch,
                      .x_step = s * pixel,
                      .low = coarse ? 0 : 2 * channels,
                      .taps = taps,
                      .tap_count = count,
                      .blocks = (unsigned)(channels / VN_TILE_CHANNELS),
                      .w = conv->tiles,
                      .split = true,
                      .y = y + vn_grid_row(out, y0),
                      .y_step = out.channels,
                      .m = s == 1 ? (y1 - y0) * pitch : out.width,
                      .n = out.channels,
                      .bias = add ? NULL : conv->bias,
                      .add = add};
    if (s == 1) { /* the zeros between rows are computed too */
        vn_kern()->tile_conv(&job);
        return;
    }
    for (uint32_t row = y0; row < y1; row++) {
        job.x = scratch + (row - y0) * s * pitch * pixel / sizeof *scratch;
        job.y = y + vn_grid_row(out, row);
        vn_kern()->tile_conv(&job);
    }
}

/* Positions of one kind in one row of the input, or for stride 1 whole rows. */
static void backward_job(const VnConv *conv, VnTileConv *job, size_t pitch, unsigned kind) {
    ptrdiff_t taps[9];
    job->tap_count = vn_reach_offsets(conv, kind, pitch, job->x_step, taps);
    job->taps = taps;
    job->w = conv->tiles_back + conv->back_at[kind];
    vn_kern()->tile_conv(job);
}

static void backward_band(const VnConv *conv, VnGrid in, float *dx, VnGrid out, const float *dy, bool add, uint32_t y0,
                          uint32_t y1, uint16_t *scratch) {
    size_t pitch = vn_grid_pitch(out), channels = padded(out.channels), s = conv->stride;
    /* One row and one pixel more on every side than the 1x1 convolution needs; there are zeros above, below, between. */
    size_t from = y0 / s, end = (y1 - 1) / s + 2;
    end = end < (size_t)out.height + 1 ? end : (size_t)out.height + 1;
    uint16_t *origin = scratch + (pitch + 1) * channels;
    vn_kern()->bf16_pixels(scratch, dy + vn_grid_row(out, from) - (pitch + 1) * out.channels, out.channels, channels,
                           false, (end - from + 1) * pitch + 1);
    VnTileConv job = {.x = origin,
                      .x_step = 2 * channels,
                      .blocks = (unsigned)(channels / VN_TILE_CHANNELS),
                      .y = dx + vn_grid_row(in, y0),
                      .y_step = s * in.channels,
                      .m = s == 1 ? (y1 - y0) * pitch : out.width,
                      .n = in.channels,
                      .add = add};
    if (s == 1) {
        backward_job(conv, &job, pitch, 0);
        return;
    }
    for (uint32_t row = y0; row < y1; row++) {
        job.x = origin + (row / s - from) * pitch * channels;
        for (uint32_t column = 0; column < 2; column++) {
            job.y = dx + vn_grid_row(in, row) + column * in.channels;
            backward_job(conv, &job, pitch, vn_reach_single(conv, row) * 2u + vn_reach_single(conv, column));
        }
    }
}

void vn_tiles_forward(const VnConv *conv, VnGrid in, const float *x, VnGrid out, float *y, bool add, bool coarse,
                      uint32_t y0, uint32_t y1, float *scratch) {
    for (uint32_t end; y0 < y1; y0 = end) {
        end = y1 - y0 < vn_grid_band(out) ? y1 : y0 + vn_grid_band(out);
        if (in_patches(conv))
            forward_patches(conv, in, x, out, y, add, y0, end, (uint16_t *)scratch);
        else
            forward_band(conv, in, x, out, y, add, coarse, y0, end, (uint16_t *)scratch);
    }
}

void vn_tiles_backward(const VnConv *conv, VnGrid in, float *dx, VnGrid out, const float *dy, bool add, uint32_t y0,
                       uint32_t y1, float *scratch) {
    for (uint32_t end; y0 < y1; y0 = end) {
        end = y1 - y0 < vn_grid_band(in) ? y1 : y0 + vn_grid_band(in);
        backward_band(conv, in, dx, out, dy, add, y0, end, (uint16_t *)scratch);
    }
}
