/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/conv.h"

#include <string.h>

#include "kern/kern.h"
#include "nn/conv_direct.h"
#include "nn/conv_tiles.h"

/* Pixels per gemm: patches of a block of channels, 220 KB, stay in the second-level cache (measured: 192 to 512 pixels
 * alike, 2048 a third slower). */
enum { GEMM_PIXELS = 384, GRADIENT_PIXELS = 128, BAND_PIXELS = 1024, BAND_ROWS = 4, ALIGN_VALUES = 16 };

size_t vn_grid_lead(VnGrid g) {
    size_t lead = vn_mul(vn_grid_pitch(g) + 1, g.channels);
    return lead > SIZE_MAX - ALIGN_VALUES ? SIZE_MAX : (lead + ALIGN_VALUES - 1) / ALIGN_VALUES * ALIGN_VALUES;
}

size_t vn_grid_size(VnGrid g) {
    size_t body = vn_mul(vn_mul((size_t)g.height + 2, vn_grid_pitch(g)), g.channels), size;
    return __builtin_add_overflow(vn_grid_lead(g), body, &size) ? SIZE_MAX : size;
}

uint32_t vn_grid_band(VnGrid g) {
    size_t rows = (BAND_PIXELS + vn_grid_pitch(g) - 1) / vn_grid_pitch(g);
    rows = (rows + BAND_ROWS - 1) / BAND_ROWS * BAND_ROWS; /* whole tiles of conv_winograd.c */
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

size_t vn_conv_scratch(const VnConv *conv, VnGrid in, VnGrid out) {
    if (conv->tiles)
        return vn_tiles_scratch(conv, in, out);
    size_t patches = (size_t)GEMM_PIXELS * 9 * VN_BLOCK, gradients = (size_t)GRADIENT_PIXELS * 9 * conv->in;
    if (conv->taps == 1)
        return 0;
    return conv->flip || patches > gradients ? patches : gradients;
}

/* The 3x3 neighbourhoods, `block` channels from `first` on, of the output pixels p..p+n-1 counted through all rows, the
 * zeros between rows included: (n, 9, block). */
static void gather_patches(float *patches, VnGrid in, const float *x, size_t stride, VnGrid out, size_t p, size_t n,
                           size_t first, size_t block) {
    const VnKern *kern = vn_kern();
    size_t c = in.channels, pitch = vn_grid_pitch(out);
    while (n) {
        size_t oy = p / pitch, ox = p % pitch, count = pitch - ox < n ? pitch - ox : n;
        const float *corner = x + vn_grid_row(in, stride * oy) + stride * ox * c + first - (vn_grid_pitch(in) + 1) * c;
        for (size_t ky = 0; ky < 3; ky++) {
            const float *row = corner + vn_grid_row(in, ky);
            if (block == c) { /* three pixels side by side are one piece */
                kern->gather(patches + ky * 3 * c, 9 * c, row, stride * c, 3 * c, count);
                continue;
            }
            for (size_t kx = 0; kx < 3; kx++)
                kern->gather(patches + (ky * 3 + kx) * block, 9 * block, row + kx * c, stride * c, block, count);
        }
        patches += count * 9 * block;
        p += count;
        n -= count;
    }
}

/* y = or += convolution by `matrix`, its blocks one after the other. */
static void convolve(unsigned taps, size_t stride, const float *matrix, VnGrid in, const float *x, VnGrid out, float *y,
                     bool add, uint32_t y0, uint32_t y1, float *scratch) {
    size_t ci = in.channels, co = out.channels, end = y1 * vn_grid_pitch(out);
    for (size_t p = y0 * vn_grid_pitch(out); p < end; p += GEMM_PIXELS) {
        size_t n = end - p < GEMM_PIXELS ? end - p : GEMM_PIXELS;
        if (taps == 1) {
            vn_gemm(n, co, ci, x + p * ci, ci, matrix, co, add, y + p * co, co);
            continue;
        }
        for (size_t first = 0; first < ci; first += VN_BLOCK) {
            size_t block = ci - first < VN_BLOCK ? ci - first : VN_BLOCK;
            gather_patches(scratch, in, x, stride, out, p, n, first, block);
            vn_gemm(n, co, 9 * block, scratch, 9 * block, matrix + first * 9 * co, co, add || first, y + p * co, co);
        }
    }
}

/* Add what output row oy gives to rows y0..y1-1 of dx: only the taps ky that reach them are computed. */
static void gradient_row(const VnConv *conv, VnGrid in, float *dx, const float *dy, uint32_t width, size_t oy,
                         uint32_t y0, uint32_t y1, float *scratch) {
    const VnKern *kern = vn_kern();
    size_t ci = conv->in, s = conv->stride, pad = conv->shift ? 0 : 1;
    size_t first = y0 + pad > s * oy ? y0 + pad - s * oy : 0, end = y1 + pad - s * oy < 3 ? y1 + pad - s * oy : 3;
    size_t patch = (end - first) * 3 * ci;
    for (size_t ox = 0; ox < width; ox += GRADIENT_PIXELS) {
        size_t n = width - ox < GRADIENT_PIXELS ? width - ox : GRADIENT_PIXELS;
        vn_gemm(n, patch, conv->out, dy + ox * conv->out, conv->out, conv->backward + first * 3 * ci, 9 * ci, 0,
                scratch, patch);
        for (size_t ky = first; ky < end; ky++) {
            const float *t = scratch + (ky - first) * 3 * ci;
            float *row = dx + vn_grid_row(in, s * oy + ky - pad);
            size_t from = 0;
            if (!ox && pad) { /* the first pixel's left tap falls on the zeros before the row, maybe another band's */
                kern->scatter_add(row, 0, t + ci, 0, 2 * ci, 1);
                from = 1;
            }
            kern->scatter_add(row + (s * (ox + from) - pad) * ci, s * ci, t + from * patch, patch, 3 * ci, n - from);
        }
    }
}

static void add_gradients(const VnConv *conv, VnGrid in, float *dx, VnGrid out, const float *dy, bool add, uint32_t y0,
                          uint32_t y1, float *scratch) {
    if (!add)
        memset(dx + vn_grid_row(in, y0), 0, (vn_grid_row(in, y1) - vn_grid_row(in, y0)) * sizeof *dx);
    size_t s = conv->stride, pad = conv->shift ? 0 : 1, first = y0 + pad > 2 ? (y0 + pad - 2 + s - 1) / s : 0;
    for (size_t oy = first; oy < out.height && s * oy < y1 + pad; oy++)
        gradient_row(conv, in, dx, dy + vn_grid_row(out, oy), out.width, oy, y0, y1, scratch);
}

static void gemm_forward(const VnConv *conv, VnGrid in, const float *x, VnGrid out, float *y, bool add, uint32_t y0,
                         uint32_t y1, float *scratch) {
    if (conv->bias && !add) {
        for (uint32_t row = y0; row < y1; row++)
            vn_kern()->repeat(y + vn_grid_row(out, row), conv->bias, conv->bias_period,
                              vn_grid_pitch(out) * out.channels);
        add = true;
    }
    if (conv->shift)
        x += (vn_grid_pitch(in) + 1) * in.channels;
    convolve(conv->taps, conv->stride, conv->forward, in, x, out, y, add, y0, y1, scratch);
}

void vn_conv_forward(const VnConv *conv, VnGrid in, const float *x, VnGrid out, float *y, bool add, bool coarse,
                     uint32_t y0, uint32_t y1, float *scratch) {
    if (conv->tiles)
        vn_tiles_forward(conv, in, x, out, y, add, coarse, y0, y1, scratch);
    else if (conv->panels)
        vn_direct_forward(conv, in, x, out, y, add, y0, y1);
    else
        gemm_forward(conv, in, x, out, y, add, y0, y1, scratch);
    vn_grid_seal(out, y, y0, y1);
}

void vn_conv_backward(const VnConv *conv, VnGrid in, float *dx, VnGrid out, const float *dy, bool add, uint32_t y0,
                      uint32_t y1, float *scratch) {
    if (conv->tiles)
        vn_tiles_backward(conv, in, dx, out, dy, add, y0, y1, scratch);
    else if (conv->panels_back)
        vn_direct_backward(conv, in, dx, out, dy, add, y0, y1);
    else if (conv->flip)
        convolve(conv->taps, 1, conv->backward, out, dy, in, dx, add, y0, y1, scratch);
    else
        add_gradients(conv, in, dx, out, dy, add, y0, y1, scratch);
    vn_grid_seal(in, dx, y0, y1);
}
