/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/conv.h"

#include <string.h>

#include "kern/kern.h"

/* Pixels per gemm: what one pass packs stays in a 1 MB second-level cache (measured: 192 to 1024 pixels alike, 2048 a fifth
 * slower). */
enum { SLIDE_PIXELS = 768, PATCH_PIXELS = 256, ALIGN_VALUES = 16 };

size_t vn_grid_lead(VnGrid g) {
    size_t lead = vn_mul(vn_grid_pitch(g) + 1, g.channels);
    return lead > SIZE_MAX - ALIGN_VALUES ? SIZE_MAX : (lead + ALIGN_VALUES - 1) / ALIGN_VALUES * ALIGN_VALUES;
}

size_t vn_grid_size(VnGrid g) {
    size_t body = vn_mul(vn_mul((size_t)g.height + 2, vn_grid_pitch(g)), g.channels), size;
    return __builtin_add_overflow(vn_grid_lead(g), body, &size) ? SIZE_MAX : size;
}

uint32_t vn_grid_band(VnGrid g) {
    size_t rows = (SLIDE_PIXELS + vn_grid_pitch(g) - 1) / vn_grid_pitch(g);
    return rows < g.height ? (uint32_t)rows : g.height;
}

void vn_grid_seal(VnGrid g, float *x, uint32_t y0, uint32_t y1) {
    size_t pixel = g.channels * sizeof *x, edge = (vn_grid_pitch(g) + 1) * g.channels;
    for (uint32_t y = y0; y < y1; y++)
        memset(x + vn_grid_row(g, y) + (size_t)g.width * g.channels, 0, pixel);
    if (!y0)
        memset(x - edge, 0, edge * sizeof *x);
    if (y1 == g.height)
        memset(x + vn_grid_row(g, g.height), 0, edge * sizeof *x);
}

size_t vn_conv_scratch(const VnConv *conv) { return conv->patches ? (size_t)PATCH_PIXELS * 9 * conv->in : 0; }

/* Stride 1 over rows y0..y1-1 as one run of pixels, the zeros between rows included. The three taps of a row are 3 * in
 * values in a row of memory; gemm wants rows that do not overlap, so each third pixel makes one gemm, three in all. */
static void slide(unsigned taps, const float *matrix, VnGrid in, const float *x, VnGrid out, float *y, bool add,
                  uint32_t y0, uint32_t y1) {
    size_t ci = in.channels, co = out.channels, pitch = vn_grid_pitch(in);
    size_t end = y1 * pitch;
    for (size_t p = y0 * pitch; p < end; p += SLIDE_PIXELS) {
        size_t n = end - p < SLIDE_PIXELS ? end - p : SLIDE_PIXELS;
        if (taps == 1) {
            vn_gemm(n, co, ci, x + p * ci, ci, matrix, co, add, y + p * co, co);
            continue;
        }
        for (size_t ky = 0; ky < 3; ky++) {
            const float *row = x + (p + ky * pitch) * ci - (pitch + 1) * ci;
            for (size_t r = 0; r < 3 && r < n; r++)
                vn_gemm((n - r + 2) / 3, co, 3 * ci, row + r * ci, 3 * ci, matrix + ky * 3 * ci * co, co, add || ky,
                        y + (p + r) * co, 3 * co);
        }
    }
}

static void patches_forward(const VnConv *conv, VnGrid in, const float *x, VnGrid out, float *y, bool add, uint32_t y0,
                            uint32_t y1, float *scratch) {
    const VnKern *kern = vn_kern();
    size_t ci = conv->in, s = conv->stride, patch = 9 * ci;
    for (size_t oy = y0; oy < y1; oy++) {
        for (size_t ox = 0; ox < out.width; ox += PATCH_PIXELS) {
            size_t n = out.width - ox < PATCH_PIXELS ? out.width - ox : PATCH_PIXELS;
            const float *corner = x + vn_grid_row(in, s * oy) + s * ox * ci - (vn_grid_pitch(in) + 1) * ci;
            for (size_t ky = 0; ky < 3; ky++)
                kern->gather(scratch + ky * 3 * ci, patch, corner + vn_grid_row(in, ky), s * ci, 3 * ci, n);
            vn_gemm(n, conv->out, patch, scratch, patch, conv->forward, conv->out, add,
                    y + vn_grid_row(out, oy) + ox * conv->out, conv->out);
        }
    }
}

/* Add what output row oy gives to rows y0..y1-1 of dx: only the taps ky that reach them are computed. */
static void patches_back_row(const VnConv *conv, VnGrid in, float *dx, const float *dy, uint32_t width, size_t oy,
                             uint32_t y0, uint32_t y1, float *scratch) {
    const VnKern *kern = vn_kern();
    size_t ci = conv->in, s = conv->stride;
    size_t first = y0 + 1 > s * oy ? y0 + 1 - s * oy : 0, end = y1 + 1 - s * oy < 3 ? y1 + 1 - s * oy : 3;
    size_t patch = (end - first) * 3 * ci;
    for (size_t ox = 0; ox < width; ox += PATCH_PIXELS) {
        size_t n = width - ox < PATCH_PIXELS ? width - ox : PATCH_PIXELS;
        vn_gemm(n, patch, conv->out, dy + ox * conv->out, conv->out, conv->backward + first * 3 * ci, 9 * ci, 0, scratch,
                patch);
        for (size_t ky = first; ky < end; ky++) {
            const float *t = scratch + (ky - first) * 3 * ci;
            float *row = dx + vn_grid_row(in, s * oy + ky - 1);
            size_t from = 0;
            if (!ox) { /* the left tap of the first pixel falls on the zeros before the row, which another band may own */
                kern->scatter_add(row, 0, t + ci, 0, 2 * ci, 1);
                from = 1;
            }
            kern->scatter_add(row + (s * (ox + from) - 1) * ci, s * ci, t + from * patch, patch, 3 * ci, n - from);
        }
    }
}

static void patches_backward(const VnConv *conv, VnGrid in, float *dx, VnGrid out, const float *dy, bool add, uint32_t y0,
                             uint32_t y1, float *scratch) {
    if (!add)
        memset(dx + vn_grid_row(in, y0), 0, (vn_grid_row(in, y1) - vn_grid_row(in, y0)) * sizeof *dx);
    size_t s = conv->stride, first = y0 ? (y0 + s - 2) / s : 0;
    for (size_t oy = first; oy < out.height && s * oy <= y1; oy++)
        patches_back_row(conv, in, dx, dy + vn_grid_row(out, oy), out.width, oy, y0, y1, scratch);
}

void vn_conv_forward(const VnConv *conv, VnGrid in, const float *x, VnGrid out, float *y, bool add, uint32_t y0,
                     uint32_t y1, float *scratch) {
    if (conv->patches)
        patches_forward(conv, in, x, out, y, add, y0, y1, scratch);
    else
        slide(conv->taps, conv->forward, in, x, out, y, add, y0, y1);
    vn_grid_seal(out, y, y0, y1);
}

void vn_conv_backward(const VnConv *conv, VnGrid in, float *dx, VnGrid out, const float *dy, bool add, uint32_t y0,
                      uint32_t y1, float *scratch) {
    if (conv->patches)
        patches_backward(conv, in, dx, out, dy, add, y0, y1, scratch);
    else
        slide(conv->taps, conv->backward, out, dy, in, dx, add, y0, y1);
    vn_grid_seal(in, dx, y0, y1);
}
