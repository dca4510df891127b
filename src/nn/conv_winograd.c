/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/conv_winograd.h"

#include "kern/kern.h"

enum {
    TILE = 4,           /* outputs in each direction */
    POINTS = 36,        /* products of a tile and pair of channels */
    GROUP = 32,         /* tiles at a time: their 36 matrices stay in the second-level cache */
    LEAST = 32,         /* channels */
    MOST = 128 * 128,   /* products of channels */
    WHOLE_CHANNELS = 16 /* the transforms' step */
};

/* G: from 3 taps to 6 points */
static const double from_taps[6][3] = {{1.0 / 4, 0, 0},
                                       {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                       {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                       {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                       {1.0 / 24, -1.0 / 12, 1.0 / 6},
                                       {0, 0, 1}};

bool vn_winograd_fits(const VnConv *conv) {
    return conv->taps == 3 && conv->stride == 1 && conv->in >= LEAST && conv->out >= LEAST &&
           conv->in % WHOLE_CHANNELS == 0 && conv->out % WHOLE_CHANNELS == 0 && conv->in * conv->out <= MOST;
}

/* G g G' of the transpose's taps, which are the convolution's turned by half a turn. */
static void transform_taps(double point[POINTS], const float *w) {
    for (size_t i = 0; i < 6; i++) {
        for (size_t k = 0; k < 6; k++) {
            double sum = 0;
            for (size_t t = 0; t < 9; t++)
                sum += from_taps[i][t / 3] * (double)w[8 - t] * from_taps[k][t % 3];
            point[i * 6 + k] = sum;
        }
    }
}

/* One matrix (out, in) a point, in panels for direct_conv. */
bool vn_winograd_pack(VnConv *conv, const float *w) {
    size_t matrix = conv->out * vn_direct_columns(conv->in);
    conv->winograd = vn_calloc(POINTS * matrix, sizeof *conv->winograd);
    if (!conv->winograd)
        return false;
    for (size_t o = 0; o < conv->out; o++) {
        for (size_t i = 0; i < conv->in; i++) {
            double point[POINTS];
            transform_taps(point, w + (o * conv->in + i) * 9);
            size_t at =
                i / VN_DIRECT_COLUMNS * conv->out * VN_DIRECT_COLUMNS + o * VN_DIRECT_COLUMNS + i % VN_DIRECT_COLUMNS;
            for (size_t p = 0; p < POINTS; p++)
                conv->winograd[p * matrix + at] = (float)point[p];
        }
    }
    return true;
}

size_t vn_winograd_scratch(const VnConv *conv) { return (size_t)POINTS * GROUP * (conv->in + conv->out); }

/* `count` tiles side by side, from the pixel (-1, -1) beside the first one's corner on. */
static void tiles(const VnConv *conv, VnGrid in, float *dx, const float *corner, size_t row, bool add, size_t count,
                  float *scratch) {
    size_t ci = conv->in, co = conv->out, matrix = co * vn_direct_columns(ci);
    float *v = scratch, *m = scratch + (size_t)POINTS * GROUP * co;
    for (size_t t = 0; t < count; t++)
        vn_kern()->winograd_in(v + t * co, GROUP * co, corner + t * TILE * co, row, co);
    for (size_t p = 0; p < POINTS; p++)
        vn_kern()->direct_conv(&(VnDirectConv){.x = v + p * GROUP * co,
                                               .x_step = co,
                                               .taps = (const ptrdiff_t[]){0},
                                               .tap_count = 1,
                                               .channels = co,
                                               .block = co,
                                               .w = conv->winograd + p * matrix,
                                               .y = m + p * GROUP * ci,
                                               .y_step = ci,
                                               .m = count,
                                               .n = ci});
    for (size_t t = 0; t < count; t++)
        vn_kern()->winograd_out(dx + t * TILE * ci, vn_grid_pitch(in) * ci, m + t * ci, GROUP * ci, ci, add);
}

bool vn_winograd_backward(const VnConv *conv, VnGrid in, float *dx, VnGrid out, const float *dy, bool add, uint32_t y0,
                          uint32_t y1, float *scratch) {
    if (in.width % TILE || y0 % TILE || y1 % TILE)
        return false;
    size_t pitch = vn_grid_pitch(out), across = in.width / TILE;
    for (uint32_t y = y0; y < y1; y += TILE) {
        for (size_t t = 0; t < across; t += GROUP) {
            size_t count = across - t < GROUP ? across - t : GROUP;
            const float *corner = dy + vn_grid_row(out, y) + t * TILE * out.channels - (pitch + 1) * out.channels;
            tiles(conv, in, dx + vn_grid_row(in, y) + t * TILE * in.channels, corner, pitch * out.channels, add, count,
                  scratch);
        }
    }
    return true;
}
