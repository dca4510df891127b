/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/norm.h"

#include <math.h>
#include <string.h>

#include "kern/kern.h"

/* Wu and He, "Group Normalization" (2018). With v = (x - mean) * s, s = 1 / sqrt(variance + epsilon) over a group, the
 * gradient at x is s * (g - mean(g) - v * mean(g v)), g being that at v. */

typedef struct Job {
    VnNorm *norm;
    float *y; /* activations, or gradients */
    uint32_t band;
    float first[VN_POOL_GROUPS], second[VN_POOL_GROUPS]; /* mean and scale, or the two means of the backward pass */
} Job;

static uint32_t rows_of(const Job *job, unsigned i, uint32_t *y0) {
    *y0 = i * job->band;
    uint32_t end = job->norm->grid.height;
    return end - *y0 < job->band ? end : *y0 + job->band;
}

/* Sum a and a * b over each group of a band. */
static void sum_rows(Job *job, unsigned i, const float *a, const float *b) {
    VnGrid g = job->norm->grid;
    size_t width = g.channels / VN_POOL_GROUPS;
    double *sums = job->norm->sums + (size_t)i * 2 * VN_POOL_GROUPS;
    memset(sums, 0, 2 * VN_POOL_GROUPS * sizeof *sums);
    uint32_t y0, y1 = rows_of(job, i, &y0);
    for (uint32_t y = y0; y < y1; y++) {
        for (size_t k = 0; k < VN_POOL_GROUPS; k++) {
            size_t at = vn_grid_row(g, y) + k * width;
            vn_kern()->moments(sums + 2 * k, a + at, b + at, width, g.channels, g.width);
        }
    }
}

/* Means of what sum_rows summed, over all bands in order. */
static void means(const VnNorm *norm, unsigned bands, double out[2 * VN_POOL_GROUPS]) {
    size_t width = norm->grid.channels / VN_POOL_GROUPS;
    double count = (double)norm->grid.width * norm->grid.height * (double)width;
    for (size_t k = 0; k < 2 * VN_POOL_GROUPS; k++) {
        double sum = 0;
        for (size_t i = 0; i < bands; i++)
            sum += norm->sums[i * 2 * VN_POOL_GROUPS + k];
        out[k] = sum / count;
    }
}

static void forward_sums(void *context, unsigned i, unsigned thread) {
    (void)thread;
    Job *job = context;
    sum_rows(job, i, job->y, job->y);
}

static void forward_rows(void *context, unsigned i, unsigned thread) {
    (void)thread;
    Job *job = context;
    const VnNorm *norm = job->norm;
    size_t width = norm->grid.channels / VN_POOL_GROUPS;
    uint32_t y0, y1 = rows_of(job, i, &y0);
    for (uint32_t y = y0; y < y1; y++) {
        for (size_t at = vn_grid_row(norm->grid, y), x = 0; x < norm->grid.width; x++) {
            for (size_t k = 0; k < VN_POOL_GROUPS; k++, at += width)
                vn_kern()->norm_forward(job->y + at, norm->normal + at, norm->affine + k * width,
                                        norm->affine + norm->grid.channels + k * width, job->first[k], job->second[k],
                                        width);
        }
    }
}

static void backward_sums(void *context, unsigned i, unsigned thread) {
    (void)thread;
    Job *job = context;
    const VnNorm *norm = job->norm;
    uint32_t y0, y1 = rows_of(job, i, &y0);
    for (uint32_t y = y0; y < y1; y++) {
        for (size_t at = vn_grid_row(norm->grid, y), x = 0; x < norm->grid.width; x++, at += norm->grid.channels)
            vn_kern()->multiply(job->y + at, norm->gamma, norm->grid.channels);
    }
    sum_rows(job, i, job->y, norm->normal);
}

static void backward_rows(void *context, unsigned i, unsigned thread) {
    (void)thread;
    Job *job = context;
    const VnNorm *norm = job->norm;
    size_t width = norm->grid.channels / VN_POOL_GROUPS;
    uint32_t y0, y1 = rows_of(job, i, &y0);
    for (uint32_t y = y0; y < y1; y++) {
        for (size_t at = vn_grid_row(norm->grid, y), x = 0; x < norm->grid.width; x++) {
            for (size_t k = 0; k < VN_POOL_GROUPS; k++, at += width)
                vn_kern()->norm_back(job->y + at, norm->normal + at, job->first[k], job->second[k], norm->scale[k],
                                     width);
        }
    }
}

/* Factor and offset of each channel, rounded as PyTorch does, so that signs after it agree (see VnConv). */
static void set_affine(VnNorm *norm, const float *mean) {
    size_t channels = norm->grid.channels, width = channels / VN_POOL_GROUPS;
    for (size_t c = 0; c < channels; c++) {
        norm->affine[c] = norm->scale[c / width] * norm->gamma[c];
        float shift = -norm->affine[c] * mean[c / width];
        norm->affine[channels + c] = shift + norm->beta[c];
    }
}

void vn_norm_forward(VnNorm *norm, float *y, VnPool *pool) {
    Job job = {.norm = norm, .y = y, .band = vn_grid_band(norm->grid)};
    unsigned bands = (norm->grid.height + job.band - 1) / job.band;
    double mean[2 * VN_POOL_GROUPS];
    vn_pool_run(pool, bands, forward_sums, &job);
    means(norm, bands, mean);
    for (size_t k = 0; k < VN_POOL_GROUPS; k++) {
        float variance = (float)fmax(mean[2 * k + 1] - mean[2 * k] * mean[2 * k], 0);
        job.first[k] = (float)mean[2 * k];
        job.second[k] = norm->scale[k] = 1 / sqrtf(variance + VN_POOL_EPSILON);
    }
    set_affine(norm, job.first);
    vn_pool_run(pool, bands, forward_rows, &job);
}

void vn_norm_backward(VnNorm *norm, float *g, VnPool *pool) {
    Job job = {.norm = norm, .y = g, .band = vn_grid_band(norm->grid)};
    unsigned bands = (norm->grid.height + job.band - 1) / job.band;
    double mean[2 * VN_POOL_GROUPS];
    vn_pool_run(pool, bands, backward_sums, &job);
    means(norm, bands, mean);
    for (size_t k = 0; k < VN_POOL_GROUPS; k++) {
        job.first[k] = (float)mean[2 * k];
        job.second[k] = (float)mean[2 * k + 1];
    }
    vn_pool_run(pool, bands, backward_rows, &job);
}
