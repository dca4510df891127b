/* SPDX-License-Identifier: Apache-2.0 */
/* Alwani et al., "Fused-layer CNN accelerators" (2016), by rows: each stage keeps the last three rows of its input as
 * bfloat16 and makes a row of the next stage's input as soon as they are there. Only at the ends of a band are rows
 * computed twice, two for the first convolution and one for the second.
 */
#include "nn/block.h"

#include <string.h>

#include "kern/kern.h"

enum { STAGES = 3, RING = 3, LEAST_BAND = 8 };

bool vn_block_fits(const VnConv *conv) {
    unsigned width = conv[0].in;
    for (unsigned i = 0; i < STAGES; i++) {
        if (!conv[i].tiles || conv[i].taps != 3 || conv[i].stride != 1 || conv[i].in != width || conv[i].out != width ||
            width % VN_TILE_CHANNELS)
            return false;
    }
    return true;
}

/* 16-bit values of a row, with a pixel of zeros before and after it and what tiles read beyond. */
static size_t ring_row(VnGrid g, bool split) {
    return ((size_t)g.width + 2 + VN_TILE_SLACK) * (split ? 2 : 1) * g.channels;
}

size_t vn_block_scratch(VnGrid g) { return STAGES * RING * ring_row(g, true) / 2; }

uint32_t vn_block_band(uint32_t rows, unsigned bands) {
    uint32_t band = (rows + bands - 1) / bands;
    return band < LEAST_BAND ? LEAST_BAND : band;
}

typedef struct Run {
    VnGrid g;
    bool forward;      /* with weights that are split */
    bool split;        /* so are the pixels */
    size_t pixel, row; /* 16-bit values */
    uint16_t *rings[STAGES];
} Run;

static uint16_t *ring_at(const Run *run, unsigned stage, ptrdiff_t y) {
    return run->rings[stage] + (size_t)(y + RING) % RING * run->row;
}

static bool inside(const Run *run, ptrdiff_t y) { return y >= 0 && y < (ptrdiff_t)run->g.height; }

/* The row of a stage's input that comes from outside the block. */
static void take_row(const Run *run, const float *x, ptrdiff_t y) {
    uint16_t *row = ring_at(run, 0, y);
    if (inside(run, y))
        vn_kern()->bf16_pixels(row + run->pixel, x + vn_grid_row(run->g, (size_t)y), run->g.channels, run->g.channels,
                               run->split, run->g.width);
    else
        memset(row, 0, run->row * sizeof *row);
}

/* Row y of what a stage makes, from rows y - 1 to y + 1 of its input. */
static void make_row(const Run *run, unsigned stage, const uint16_t *w, const float *bias, VnTileFinish finish,
                     float *y_row, ptrdiff_t y) {
    ptrdiff_t taps[9];
    for (ptrdiff_t k = 0; k < 9; k++)
        taps[k] = (ring_at(run, stage, y + k / 3 - 1) - run->rings[stage] + k % 3 * (ptrdiff_t)run->pixel) * 2;
    if (stage + 1 < STAGES) {
        uint16_t *row = ring_at(run, stage + 1, y);
        if (!inside(run, y)) {
            memset(row, 0, run->row * sizeof *row);
            return;
        }
        finish.half = row + run->pixel;
        finish.half_step = run->pixel;
        finish.half_low = run->split ? run->g.channels : 0;
    }
    vn_kern()->tile_conv(&(VnTileConv){.x = run->rings[stage],
                                       .x_step = run->pixel * 2,
                                       .low = run->split ? run->g.channels * (size_t)2 : 0,
                                       .taps = taps,
                                       .tap_count = 9,
                                       .blocks = run->g.channels / VN_TILE_CHANNELS,
                                       .w = w,
                                       .split = run->forward,
                                       .y = y_row,
                                       .y_step = run->g.channels,
                                       .m = run->g.width,
                                       .n = run->g.channels,
                                       .bias = bias,
                                       .finish = &finish});
}

static Run start(VnGrid g, bool forward, bool split, float *scratch) {
    Run run = {.g = g,
               .forward = forward,
               .split = split,
               .pixel = (split ? 2 : 1) * (size_t)g.channels,
               .row = ring_row(g, split)};
    for (unsigned i = 0; i < STAGES; i++)
        run.rings[i] = (uint16_t *)scratch + i * RING * run.row;
    memset(scratch, 0, STAGES * RING * run.row * sizeof(uint16_t)); /* pixels before and after rows stay so */
    return run;
}

static uint64_t *mask_row(uint64_t *mask, VnGrid g, ptrdiff_t y) {
    return mask ? mask + (size_t)y * (((size_t)g.width * g.channels + 63) / 64) : NULL;
}

void vn_block_forward(const VnConv *conv, VnGrid g, const float *x, float *y, uint64_t *const masks[3], bool coarse,
                      uint32_t y0, uint32_t y1, float *scratch) {
    Run run = start(g, true, !coarse, scratch);
    ptrdiff_t first = y0, end = y1;
    for (ptrdiff_t t = first - 3; t < end + 3; t++) {
        take_row(&run, x, t);
        for (unsigned stage = 0; stage < STAGES; stage++) {
            ptrdiff_t row = t - 1 - (ptrdiff_t)stage, more = 2 - (ptrdiff_t)stage;
            if (row < first - more || row >= end + more)
                continue;
            bool own = row >= first && row < end; /* the others' signs are written by their own band */
            VnTileFinish finish = {.relu = true, .mask = own ? mask_row(masks[stage], g, row) : NULL};
            float *to = NULL;
            if (stage + 1 == STAGES) {
                finish.join = x + vn_grid_row(g, (size_t)row);
                to = y + vn_grid_row(g, (size_t)row);
            }
            make_row(&run, stage, conv[stage].tiles, conv[stage].bias, finish, to, row);
        }
    }
    vn_grid_seal(g, y, y0, y1);
}

void vn_block_backward(const VnConv *conv, VnGrid g, const float *dy, float *dx, uint64_t *const masks[2],
                       uint64_t *last, uint32_t y0, uint32_t y1, float *scratch) {
    Run run = start(g, false, false, scratch);
    ptrdiff_t first = y0, end = y1;
    for (ptrdiff_t t = first - 3; t < end + 3; t++) {
        take_row(&run, dy, t);
        for (unsigned stage = 0; stage < STAGES; stage++) {
            ptrdiff_t row = t - 1 - (ptrdiff_t)stage, more = 2 - (ptrdiff_t)stage;
            if (row < first - more || row >= end + more)
                continue;
            VnTileFinish finish = {0};
            float *to = NULL;
            if (stage + 1 == STAGES) {
                finish.join = dy + vn_grid_row(g, (size_t)row);
                finish.mask = mask_row(last, g, row);
                to = dx + vn_grid_row(g, (size_t)row);
            } else if (inside(&run, row)) {
                finish.mask = mask_row(masks[1 - stage], g, row);
            }
            make_row(&run, stage, conv[STAGES - 1 - stage].tiles_back, NULL, finish, to, row);
        }
    }
    vn_grid_seal(g, dx, y0, y1);
}
