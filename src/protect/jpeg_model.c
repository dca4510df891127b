/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * JPEG as a function with an adjoint: JFIF colours, ITU-T T.81 Annex K tables scaled by the IJG rule,
 * and libjpeg's default smoothing of half-size chroma (a triangle filter) on the way back, which measures closer to
 * what readers see than repeated pixels.
 */
#include "protect/ingest.h"

#include <math.h>
#include <string.h>

#include "kern/kern.h"

/* ITU-T T.81 tables K.1 and K.2, row-major */
static const uint8_t luma_steps[64] = {16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,
                                       14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
                                       18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,
                                       49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99};
static const uint8_t chroma_steps[64] = {17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
                                         24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
                                         99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
                                         99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};

static void scale_steps(const uint8_t *base, int quality, float *out) {
    int q = quality < 1 ? 1 : quality > 100 ? 100 : quality;
    int scale = q < 50 ? 5000 / q : 200 - 2 * q;
    for (size_t i = 0; i < 64; i++) {
        int v = (base[i] * scale + 50) / 100;
        out[i] = (float)(v < 1 ? 1 : v > 255 ? 255 : v);
    }
}

/* Y, Cb and Cr are held full-size with both sides rounded up to 16; half-size chroma lies in the same planes' rows'
 * left half, in the top half of the rows. */
typedef struct Job {
    uint32_t width, height, rows; /* rows: height rounded up to whole MCU rows */
    size_t stride, plane;
    bool subsample;
    const float *in;
    float *out, *ycc, *small; /* small: half-size chroma, two planes, filled when subsample */
    uint8_t *slopes;          /* of the blocks of Y, Cb, Cr, each in its plane; NULL: not wanted */
    float luma[64], chroma[64];
} Job;

static size_t up16(uint32_t n) { return ((size_t)n + 15) / 16 * 16; }

static Job job_make(uint32_t width, uint32_t height, bool subsample, const float *in, float *out, float *scratch) {
    Job job = {.width = width,
               .height = height,
               .rows = (uint32_t)up16(height),
               .stride = up16(width),
               .subsample = subsample};
    job.plane = job.stride * job.rows;
    job.in = in;
    job.out = out;
    job.ycc = scratch;
    job.small = scratch + 3 * job.plane;
    return job;
}

size_t vn_jpeg_scratch(uint32_t width, uint32_t height) {
    size_t plane = vn_mul(up16(width), up16(height));
    return vn_mul(plane, 7) / 2;
}

size_t vn_jpeg_slopes(uint32_t width, uint32_t height) { return vn_mul(3, vn_mul(up16(width), up16(height))); }

/* One row of blocks: where its samples and its slopes are, and how many. */
typedef struct BlockRow {
    float *samples;
    uint8_t *slopes;
    size_t stride, blocks;
} BlockRow;

/* The rows of blocks of MCU row i's plane p: one if it is of half size, else two. @return how many */
static unsigned block_rows(const Job *job, size_t i, size_t p, BlockRow rows[2]) {
    bool halved = p && job->subsample;
    size_t stride = halved ? job->stride / 2 : job->stride, tall = halved ? 8 : 16;
    float *plane = halved ? job->small + (p - 1) * (job->plane / 4) : job->ycc + p * job->plane;
    for (size_t b = 0; b < tall / 8; b++) {
        size_t at = (i * tall + b * 8) * stride;
        rows[b] = (BlockRow){plane + at, job->slopes ? job->slopes + p * job->plane + at : NULL, stride, stride / 8};
    }
    return (unsigned)(tall / 8);
}

static void quantise(const Job *job, size_t i, size_t p) {
    BlockRow rows[2];
    unsigned count = block_rows(job, i, p, rows);
    for (unsigned b = 0; b < count; b++)
        vn_kern()->jpeg_blocks(rows[b].samples, rows[b].stride, rows[b].blocks, p ? job->chroma : job->luma,
                               rows[b].slopes);
}

/* One MCU row: colours, the edges repeated, chroma halved, and every block through the quantiser. */
static void encode_body(void *context, unsigned i, unsigned thread) {
    const Job *job = context;
    const VnKern *kern = vn_kern();
    size_t w = job->width, stride = job->stride, half = stride / 2, pixels = (size_t)job->width * job->height;
    (void)thread;
    for (size_t r = 0; r < 16; r++) {
        size_t y = (size_t)i * 16 + r, from = y < job->height ? y : job->height - 1u;
        float *row[3];
        for (size_t p = 0; p < 3; p++)
            row[p] = job->ycc + p * job->plane + y * stride;
        const float *in = job->in + from * w;
        kern->rgb_to_ycc(row[0], row[1], row[2], in, in + pixels, in + 2 * pixels, w);
        for (size_t p = 0; p < 3; p++)
            for (size_t x = w; x < stride; x++)
                row[p][x] = row[p][w - 1];
    }
    for (size_t p = 1; p < 3 && job->subsample; p++) {
        const float *full = job->ycc + p * job->plane + (size_t)i * 16 * stride;
        float *small = job->small + (p - 1) * (job->plane / 4) + (size_t)i * 8 * half;
        for (size_t y = 0; y < 8; y++)
            for (size_t x = 0; x < half; x++) {
                const float *q = full + 2 * y * stride + 2 * x;
                /* libjpeg rounds halves up in odd columns and down in even ones */
                small[y * half + x] = floorf((q[0] + q[1] + q[stride] + q[stride + 1] + (x & 1 ? 2.f : 1.f)) * 0.25f);
            }
    }
    for (size_t p = 0; p < 3; p++)
        quantise(job, i, p);
}

/* The two half-size rows or columns that full-size position i takes 3/4 and 1/4 of. */
static inline uint32_t near_of(uint32_t i) { return i / 2; }
static inline uint32_t far_of(uint32_t i, uint32_t count) {
    uint32_t n = i / 2;
    return i & 1 ? (n + 1 < count ? n + 1 : n) : (n ? n - 1 : 0);
}

static void decode_body(void *context, unsigned i, unsigned thread) {
    const Job *job = context;
    uint32_t w = job->width, half_w = (w + 1) / 2, half_h = (job->height + 1) / 2;
    size_t half = job->stride / 2, pixels = (size_t)w * job->height;
    (void)thread;
    float *row[3];
    for (size_t p = 0; p < 3; p++)
        row[p] = job->ycc + p * job->plane + (size_t)i * job->stride;
    for (size_t p = 1; p < 3 && job->subsample; p++) {
        const float *small = job->small + (p - 1) * (job->plane / 4);
        const float *a = small + near_of(i) * half, *b = small + far_of(i, half_h) * half;
        for (uint32_t x = 0; x < w; x++) {
            uint32_t n = near_of(x), f = far_of(x, half_w);
            row[p][x] = floorf((3 * (3 * a[n] + b[n]) + (3 * a[f] + b[f]) + (x & 1 ? 7.f : 8.f)) * (1 / 16.f));
        }
    }
    float *out = job->out + (size_t)i * w;
    vn_kern()->ycc_to_rgb(out, out + pixels, out + 2 * pixels, row[0], row[1], row[2], w);
}

void vn_jpeg_apply(uint32_t width, uint32_t height, int quality, bool subsample, const float *in, float *out,
                   float *scratch, uint8_t *slopes, VnPool *pool) {
    Job job = job_make(width, height, subsample, in, out, scratch);
    job.slopes = slopes;
    scale_steps(luma_steps, quality, job.luma);
    scale_steps(chroma_steps, quality, job.chroma);
    vn_pool_run(pool, job.rows / 16, encode_body, &job);
    vn_pool_run(pool, height, decode_body, &job);
}

/* First: gradients of Y, Cb, Cr. */
static void colour_adjoint_body(void *context, unsigned i, unsigned thread) {
    const Job *job = context;
    size_t w = job->width, pixels = w * job->height;
    const float *r = job->in + i * w, *g = r + pixels, *b = g + pixels;
    float *y = job->ycc + (size_t)i * job->stride, *cb = y + job->plane, *cr = cb + job->plane;
    (void)thread;
    for (size_t x = 0; x < w; x++) {
        y[x] = r[x] + g[x] + b[x];
        cb[x] = -0.344136286f * g[x] + 1.772f * b[x];
        cr[x] = 1.402f * r[x] - 0.714136286f * g[x];
    }
}

/* The transpose of the triangle filter, one half-size row at a time: it gathers from the full rows that used it. */
static void smooth_adjoint_body(void *context, unsigned i, unsigned thread) {
    const Job *job = context;
    uint32_t w = job->width, h = job->height, half_w = (w + 1) / 2, half_h = (h + 1) / 2, p = i / half_h,
             r = i % half_h;
    float *out = job->small + p * (job->plane / 4) + r * (job->stride / 2);
    const float *full = job->ycc + (p + 1) * job->plane;
    (void)thread;
    for (uint32_t x = 0; x < half_w; x++)
        out[x] = 0;
    for (uint32_t y = r ? 2 * r - 1 : 0; y <= 2 * r + 2 && y < h; y++) {
        float weight = (near_of(y) == r ? 0.75f : 0) + (far_of(y, half_h) == r ? 0.25f : 0);
        const float *in = full + y * job->stride;
        for (uint32_t x = 0; x < w; x++) {
            float v = weight * in[x];
            out[near_of(x)] += 0.75f * v;
            out[far_of(x, half_w)] += 0.25f * v;
        }
    }
}

/* Blocks' frequencies by their slopes; the transform is orthonormal, so this is its own transpose. Beyond the edges there
 * is no gradient. */
static void weigh_body(void *context, unsigned i, unsigned thread) {
    const Job *job = context;
    (void)thread;
    for (size_t p = 0; p < 3; p++) {
        bool halved = p && job->subsample;
        size_t w = halved ? (job->width + 1) / 2 : job->width, h = halved ? (job->height + 1) / 2 : job->height;
        BlockRow rows[2];
        unsigned count = block_rows(job, i, p, rows);
        for (unsigned b = 0; b < count; b++) {
            for (size_t r = 0; r < 8; r++) {
                size_t y = ((size_t)i * count + b) * 8 + r, first = y < h ? w : 0;
                memset(rows[b].samples + r * rows[b].stride + first, 0,
                       (rows[b].stride - first) * sizeof *rows[b].samples);
            }
            vn_kern()->jpeg_weigh(rows[b].samples, rows[b].stride, rows[b].blocks, rows[b].slopes);
        }
    }
}

/* A half-size value is a quarter of the sum of its four pixels; pixels repeated beyond the edge count for the last
 * real one. */
static void gather_adjoint_body(void *context, unsigned i, unsigned thread) {
    const Job *job = context;
    size_t w = job->width, h = job->height, pixels = w * h;
    float *r = job->out + i * w, *g = r + pixels, *b = g + pixels;
    const float *y = job->ycc + (size_t)i * job->stride, *cb = y + job->plane, *cr = cb + job->plane;
    const float *small = job->small + i / 2 * (job->stride / 2), *small2 = small + job->plane / 4;
    float rows = i == h - 1 && h % 2 ? 0.5f : 0.25f;
    (void)thread;
    for (size_t x = 0; x < w; x++) {
        float share = x == w - 1 && w % 2 ? 2 * rows : rows;
        float u = job->subsample ? share * small[x / 2] : cb[x], v = job->subsample ? share * small2[x / 2] : cr[x];
        r[x] = 0.299f * y[x] - 0.168735892f * u + 0.5f * v;
        g[x] = 0.587f * y[x] - 0.331264108f * u - 0.418687589f * v;
        b[x] = 0.114f * y[x] + 0.5f * u - 0.081312411f * v;
    }
}

void vn_jpeg_adjoint(uint32_t width, uint32_t height, bool subsample, const uint8_t *slopes, const float *gradient_in,
                     float *gradient_out, float *scratch, VnPool *pool) {
    Job job = job_make(width, height, subsample, gradient_in, gradient_out, scratch);
    job.slopes = (uint8_t *)slopes;
    vn_pool_run(pool, height, colour_adjoint_body, &job);
    if (subsample)
        vn_pool_run(pool, 2 * ((height + 1) / 2), smooth_adjoint_body, &job);
    vn_pool_run(pool, job.rows / 16, weigh_body, &job);
    vn_pool_run(pool, height, gather_adjoint_body, &job);
}
