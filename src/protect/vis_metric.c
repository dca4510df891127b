/* SPDX-License-Identifier: Apache-2.0 */
#include "protect/vis_metric.h"

#include <math.h>
#include <string.h>

#include "kern/kern.h"

enum { CHUNK = 4096 }; /* pixels of one pool task */

VernisStatus vn_vis_metric_open(VnVisMetric *out, uint32_t width, uint32_t height, const float *rgb, double scale_x,
                                double scale_y, VnPool *pool, VnError *err) {
    size_t n = vn_mul(width, height);
    *out = (VnVisMetric){.width = width, .height = height, .pool = pool};
    VN_TRY(vn_vis_blurs_open(&out->blurs, width, height, scale_x > 1 ? scale_x : 1, scale_y > 1 ? scale_y : 1, err));
    double scale = sqrt((scale_x > 1 ? scale_x : 1) * (scale_y > 1 ? scale_y : 1));
    for (size_t k = 0; k + 1 < VN_VIS_BANDS; k++)
        out->sigma[k] = vn_vis_sigma[k] / scale;
    size_t planes = VN_VIS_PLANES + VN_VIS_MAPS + 9 + 3 + 3 + 1 + 1;
    size_t bytes = vn_mul(vn_mul(planes, n) + vn_vis_blurs_scratch(&out->blurs), sizeof(float));
    float *block = out->sensitivity = vn_malloc(bytes);
    out->sums = vn_malloc(vn_mul(n / CHUNK + 1, sizeof *out->sums));
    if (!block || !out->sums)
        return vn_no_memory(err, "protect", bytes, "the visibility model");
    out->ground = block + VN_VIS_MAPS * n;
    out->bands = block + VN_VIS_PLANES * n;
    out->jacobian = out->bands + VN_VIS_MAPS * n;
    out->change = out->jacobian + 9 * n;
    out->work = out->change + 3 * n;
    out->field = out->work + 3 * n;
    out->pooled = out->field + n;
    out->scratch = out->pooled + n;
    vn_vis_jacobian(&out->blurs, rgb, out->jacobian, n);
    return VERNIS_OK;
}

void vn_vis_metric_close(VnVisMetric *metric) {
    vn_vis_blurs_close(&metric->blurs);
    vn_free(metric->sensitivity);
    vn_free(metric->sums);
    *metric = (VnVisMetric){0};
}

typedef struct Job {
    VnVisMetric *m;
    size_t n;
    const float *in;
    float *out;
    double (*sums)[3];
    float slope; /* of the 3-norm by D^2, divided by D */
} Job;

static size_t chunk_end(const Job *job, size_t i) { return i + CHUNK < job->n ? i + CHUNK : job->n; }

/* out[p] = sum over c of the jacobian's (p, c), or transposed (c, p), times in[c] */
static void mix(const Job *job, float *out, const float *in, bool transposed, size_t start) {
    const float *j = job->m->jacobian + start;
    size_t n = job->n, down = transposed ? 1 : 3, along = transposed ? 3 : 1;
    const float *x[] = {in + start, in + n + start, in + 2 * n + start};
    for (size_t p = 0; p < 3; p++) {
        const float *row = j + p * down * n, *m[] = {row, row + along * n, row + 2 * along * n};
        vn_kern()->mix3(out + p * n + start, m, x, chunk_end(job, start) - start);
    }
}

static void change_body(void *context, unsigned index, unsigned thread) {
    const Job *job = context;
    (void)thread;
    mix(job, job->m->change, job->in, false, (size_t)index * CHUNK);
}

/* The blurred changes lie in the bands' places: make differences of them, and the weighted sum of squares. */
static void square_body(void *context, unsigned index, unsigned thread) {
    const Job *job = context;
    VnVisMetric *m = job->m;
    size_t n = job->n, start = (size_t)index * CHUNK, end = chunk_end(job, start);
    (void)thread;
    memset(m->field + start, 0, (end - start) * sizeof *m->field);
    for (size_t k = 0; k < VN_VIS_BANDS; k++)
        for (size_t p = 0; p < 3; p++) {
            float *b = m->bands + (k * 3 + p) * n;
            const float *below = k + 1 < VN_VIS_BANDS ? b + 3 * n : NULL, *s = m->sensitivity + (k * 3 + p) * n;
            vn_kern()->band_energy(m->field + start, b + start, below ? below + start : NULL, s + start, end - start);
        }
}

static void sums_body(void *context, unsigned index, unsigned thread) {
    const Job *job = context;
    size_t start = (size_t)index * CHUNK;
    (void)thread;
    vn_kern()->power_sums(job->sums[index], job->m->pooled + start, chunk_end(job, start) - start);
}

static void slope_body(void *context, unsigned index, unsigned thread) {
    const Job *job = context;
    size_t start = (size_t)index * CHUNK;
    (void)thread;
    for (size_t i = start; i < chunk_end(job, start); i++)
        job->m->pooled[i] = job->slope * sqrtf(job->m->pooled[i]);
}

static void band_gradient_body(void *context, unsigned index, unsigned thread) {
    const Job *job = context;
    VnVisMetric *m = job->m;
    size_t n = job->n, start = (size_t)index * CHUNK, end = chunk_end(job, start);
    (void)thread;
    for (size_t k = 0; k < VN_VIS_BANDS; k++)
        for (size_t p = 0; p < 3; p++) {
            float *b = m->bands + (k * 3 + p) * n;
            const float *s = m->sensitivity + (k * 3 + p) * n;
            /* the finest band's own share goes straight to the change; through blur k comes this band's less the one
             * above's */
            vn_kern()->band_slope(b + start, k ? b - 3 * n + start : NULL, s + start, m->field + start, end - start);
            if (k == 0)
                memcpy(m->change + p * n + start, b + start, (end - start) * sizeof *b);
        }
}

static void colour_gradient_body(void *context, unsigned index, unsigned thread) {
    const Job *job = context;
    (void)thread;
    mix(job, job->out, job->m->change, true, (size_t)index * CHUNK);
}

double vn_vis_metric_value(VnVisMetric *m, const float *d, float *gradient) {
    size_t n = (size_t)m->width * m->height;
    unsigned chunks = (unsigned)((n + CHUNK - 1) / CHUNK);
    Job job = {.m = m, .n = n, .in = d, .out = gradient};
    vn_pool_run(m->pool, chunks, change_body, &job);
    memcpy(m->bands, m->change, 3 * n * sizeof *m->bands);
    for (size_t k = 0; k + 1 < VN_VIS_BANDS; k++)
        vn_resize_apply(m->blurs.band[k], 3, m->change, m->bands + (k + 1) * 3 * n, m->scratch, m->pool);
    vn_pool_run(m->pool, chunks, square_body, &job);
    vn_resize_apply(m->blurs.pool, 1, m->field, m->pooled, m->scratch, m->pool);
    double sums[3] = {0};
    job.sums = m->sums;
    memset(job.sums, 0, chunks * sizeof *job.sums);
    vn_pool_run(m->pool, chunks, sums_body, &job);
    for (unsigned i = 0; i < chunks; i++)
        for (size_t q = 0; q < 3; q++)
            sums[q] += job.sums[i][q];
    double value = vn_vis_pooled(sums, (double)n);
    if (!gradient)
        return value;
    double cube = sums[0] / (double)n;
    job.slope = cube > 0 ? (float)(0.5 * pow(cube, -2. / 3) / (double)n) : 0;
    vn_pool_run(m->pool, chunks, slope_body, &job);
    vn_resize_adjoint(m->blurs.pool, 1, m->pooled, m->field, m->scratch, m->pool);
    vn_pool_run(m->pool, chunks, band_gradient_body, &job);
    for (size_t k = 0; k + 1 < VN_VIS_BANDS; k++) {
        vn_resize_adjoint(m->blurs.band[k], 3, m->bands + k * 3 * n, m->work, m->scratch, m->pool);
        vn_kern()->axpy(m->change, m->work, 1, 3 * n);
    }
    vn_pool_run(m->pool, chunks, colour_gradient_body, &job);
    return value;
}
