/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/conv_direct.h"

#include "kern/kern.h"
#include "nn/reach.h"

/* Pixels of one job: its results stay in the first- and second-level caches while blocks of channels are added. */
enum { JOB_PIXELS = 384 };
/* oneDNN's blocks of input channels: one vector of its convolutions' instruction set */
enum { BLOCK_AVX512 = 16, BLOCK_AVX2 = 8 };

/* Channel k of the sum, output channel n, tap t is at w[k * k_step + n * n_step + t]. @return after what was written */
static float *pack(float *panel, const float *w, size_t block, size_t channels, size_t columns, size_t k_step,
                   size_t n_step, const unsigned *taps, unsigned count) {
    for (size_t n = 0; n < columns; n += VN_DIRECT_COLUMNS) {
        for (size_t first = 0; first < channels; first += block) {
            size_t end = channels - first < block ? channels : first + block;
            for (unsigned t = 0; t < count; t++) {
                for (size_t k = first; k < end; k++) {
                    for (size_t c = n; c < n + VN_DIRECT_COLUMNS; c++)
                        *panel++ = c < columns ? w[k * k_step + c * n_step + taps[t]] : 0;
                }
            }
        }
    }
    return panel;
}

bool vn_direct_pack(VnConv *conv, const float *w, bool backward) {
    static const unsigned all[9] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    size_t area = (size_t)conv->taps * conv->taps, in = conv->in, out = conv->out;
    conv->through = vn_cpu_detect() < VN_CPU_AVX512; /* of the processor, not of the kernels chosen: so is oneDNN's */
    conv->block = conv->through ? BLOCK_AVX2 : BLOCK_AVX512;
    conv->panels = vn_malloc(area * in * vn_direct_columns(out) * sizeof *conv->panels);
    if (!conv->panels)
        return false;
    pack(conv->panels, w, conv->block, in, out, area, in * area, all, (unsigned)area);
    if (!backward)
        return true;
    conv->panels_back = vn_malloc(area * out * vn_direct_columns(in) * sizeof *conv->panels_back);
    if (!conv->panels_back)
        return false;
    float *end = conv->panels_back;
    for (unsigned kind = 0; kind < vn_reach_kinds(conv); kind++) {
        unsigned taps[9], count = vn_reach_taps(conv, kind, taps);
        conv->back_at[kind] = (size_t)(end - conv->panels_back);
        end = pack(end, w, conv->block, out, in, in * area, area, taps, count);
    }
    return true;
}

/* m pixels from pixel p of x and of y on, a piece at a time */
static void run(VnDirectConv job, size_t m) {
    const float *x = job.x;
    float *y = job.y;
    for (size_t p = 0; p < m; p += JOB_PIXELS) {
        job.x = x + p * job.x_step;
        job.y = y + p * job.y_step;
        job.m = m - p < JOB_PIXELS ? m - p : JOB_PIXELS;
        vn_kern()->direct_conv(&job);
    }
}

void vn_direct_forward(const VnConv *conv, VnGrid in, const float *x, VnGrid out, float *y, bool add, uint32_t y0,
                       uint32_t y1) {
    size_t ci = in.channels, s = conv->stride, pitch = vn_grid_pitch(in);
    size_t pad = conv->taps == 3 && !conv->shift ? 1 : 0;
    ptrdiff_t taps[9];
    unsigned count = 0;
    for (size_t ky = 0; ky < conv->taps; ky++) {
        for (size_t kx = 0; kx < conv->taps; kx++)
            taps[count++] = (ptrdiff_t)((ky * pitch + kx) * ci);
    }
    VnDirectConv job = {.x_step = s * ci,
                        .taps = taps,
                        .tap_count = count,
                        .channels = ci,
                        .block = conv->block,
                        .through = conv->through,
                        .w = conv->panels,
                        .y_step = out.channels,
                        .n = out.channels,
                        .bias = add ? NULL : conv->bias,
                        .add = add};
    size_t rows = s == 1 ? y1 - y0 : 1; /* in one go, the zeros between them computed too */
    for (size_t row = y0; row < y1; row += rows) {
        job.x = x + vn_grid_row(in, s * row) - pad * (pitch + 1) * ci;
        job.y = y + vn_grid_row(out, row);
        run(job, s == 1 ? rows * pitch : out.width);
    }
}

void vn_direct_backward(const VnConv *conv, VnGrid in, float *dx, VnGrid out, const float *dy, bool add, uint32_t y0,
                        uint32_t y1) {
    size_t s = conv->stride, pitch = vn_grid_pitch(out);
    VnDirectConv job = {.x_step = out.channels,
                        .channels = out.channels,
                        .block = conv->block,
                        .through = conv->through,
                        .y_step = s * in.channels,
                        .n = in.channels,
                        .add = add};
    uint32_t rows = s == 1 ? y1 - y0 : 1;
    for (uint32_t row = y0; row < y1; row += rows) {
        for (uint32_t column = 0; column < s; column++) {
            ptrdiff_t taps[9];
            unsigned kind = vn_reach_single(conv, row) * 2u + vn_reach_single(conv, column);
            job.tap_count = vn_reach_offsets(conv, kind, pitch, out.channels, taps);
            job.taps = taps;
            job.w = conv->panels_back + conv->back_at[kind];
            job.x = dy + vn_grid_row(out, row / s);
            job.y = dx + vn_grid_row(in, row) + column * in.channels;
            run(job, s == 1 ? rows * pitch : out.width);
        }
    }
}
