/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/norm.h"

#include <math.h>

#include "kern/kern.h"

/* Per channel: v = scale * x + shift; output = gain * x + offset; gradient at the input = gain * g + (slope * v + level).
 */
typedef struct Factors {
    float *scale, *shift, *gain, *offset, *slope, *level;
} Factors;

static Factors factors(const VnNorm *norm) {
    size_t c = norm->grid.channels;
    float *f = norm->factors;
    return (Factors){f, f + c, f + 2 * c, f + 3 * c, f + 4 * c, f + 5 * c};
}

void vn_norm_sum(const VnNorm *norm, const float *x, uint32_t band) {
    size_t c = norm->grid.channels;
    vn_kern()->channel_sums(norm->sums + (size_t)band * 2 * c, x, x, c, norm->grid.width);
}

/* Means over group k of what the bands summed, each channel weighted. */
static void group_means(const VnNorm *norm, uint32_t bands, unsigned k, const float *weights, double mean[2]) {
    size_t channels = norm->grid.channels, width = channels / norm->layer->groups;
    mean[0] = mean[1] = 0;
    for (uint32_t band = 0; band < bands; band++) {
        const double *sums = norm->sums + (size_t)band * 2 * channels;
        for (size_t c = k * width; c < (k + 1) * width; c++) {
            double weight = weights ? (double)weights[c] : 1;
            mean[0] += weight * sums[c];
            mean[1] += weight * sums[channels + c];
        }
    }
    double count = (double)norm->grid.width * norm->grid.height * (double)width;
    mean[0] /= count;
    mean[1] /= count;
}

void vn_norm_settle(VnNorm *norm, uint32_t bands) {
    const VnAffine *layer = norm->layer;
    Factors f = factors(norm);
    size_t width = norm->grid.channels / layer->groups;
    for (unsigned k = 0; k < layer->groups; k++) {
        double sums[2];
        group_means(norm, bands, k, NULL, sums);
        float mean = (float)sums[0], variance = (float)fmax(sums[1] - sums[0] * sums[0], 0);
        float scale = 1 / sqrtf(variance + layer->epsilon);
        for (size_t c = k * width; c < (k + 1) * width; c++) {
            f.scale[c] = scale;
            f.shift[c] = -scale * mean;
            /* Rounded as PyTorch does, so that signs after it agree (see VnConv). */
            f.gain[c] = scale * layer->gamma[c];
            float shift = -f.gain[c] * mean;
            f.offset[c] = shift + layer->beta[c];
        }
    }
}

/* A row is taken in pieces that stay in the first-level cache. */
enum { PIECE = 4 * VN_MAX_CHANNELS };

static size_t piece(const VnNorm *norm, size_t x) {
    size_t n = PIECE / norm->grid.channels;
    return norm->grid.width - x < n ? norm->grid.width - x : n;
}

static uint16_t *saved_row(const VnNorm *norm, uint32_t y) {
    return norm->saved + (size_t)y * norm->grid.width * norm->grid.channels;
}

void vn_norm_forward(const VnNorm *norm, float *to, const float *x, uint32_t y, bool save) {
    const VnKern *kern = vn_kern();
    Factors f = factors(norm);
    size_t c = norm->grid.channels;
    if (save && norm->saved) {
        float v[PIECE];
        uint16_t *halves = saved_row(norm, y);
        for (size_t at = 0, n; at < norm->grid.width; at += n) {
            n = piece(norm, at);
            kern->affine(v, x + at * c, f.scale, f.shift, c, n);
            kern->to_half(halves + at * c, v, n * c);
        }
    }
    (norm->layer->silu ? kern->affine_silu : kern->affine)(to, x, f.gain, f.offset, c, norm->grid.width);
}

/* v of n pixels of row y from x on. */
static void restore(const VnNorm *norm, float *v, uint32_t y, size_t x, size_t n) {
    size_t c = norm->grid.channels;
    Factors f = factors(norm);
    if (norm->input)
        vn_kern()->affine(v, norm->input + vn_grid_row(norm->grid, y) + x * c, f.scale, f.shift, c, n);
    else
        vn_kern()->from_half(v, saved_row(norm, y) + x * c, n * c);
}

void vn_norm_back_sum(const VnNorm *norm, float *g, uint32_t y, uint32_t band) {
    float v[PIECE];
    size_t c = norm->grid.channels;
    for (size_t at = 0, n; at < norm->grid.width; at += n, g += n * c) {
        n = piece(norm, at);
        restore(norm, v, y, at, n);
        if (norm->layer->silu)
            vn_kern()->silu_back(g, v, norm->layer->gamma, norm->layer->beta, c, n);
        vn_kern()->channel_sums(norm->sums + (size_t)band * 2 * c, g, v, c, n);
    }
}

void vn_norm_back_settle(VnNorm *norm, uint32_t bands) {
    Factors f = factors(norm);
    size_t width = norm->grid.channels / norm->layer->groups;
    for (unsigned k = 0; k < norm->layer->groups; k++) {
        double mean[2];
        group_means(norm, bands, k, norm->layer->gamma, mean);
        for (size_t c = k * width; c < (k + 1) * width; c++) {
            f.slope[c] = (float)-((double)f.scale[c] * mean[1]);
            f.level[c] = (float)-((double)f.scale[c] * mean[0]);
        }
    }
}

void vn_norm_backward(const VnNorm *norm, float *to, const float *g, uint32_t y) {
    float v[PIECE];
    size_t c = norm->grid.channels;
    Factors f = factors(norm);
    for (size_t at = 0, n; at < norm->grid.width; at += n, g += n * c, to += n * c) {
        n = piece(norm, at);
        restore(norm, v, y, at, n);
        vn_kern()->norm_back(to, g, v, f.gain, f.slope, f.level, c, n);
    }
}
