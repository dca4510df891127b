/* SPDX-License-Identifier: Apache-2.0 */
#include "protect/chroma.h"

#include <math.h>

enum { CHUNK = 4096 }; /* pixels of one pool task */

/* linear sRGB to CIE XYZ over the white point (IEC 61966-2-1), and back */
static const float to_xyz[3][3] = {
    {0.43389f, 0.37622f, 0.18989f}, {0.21264f, 0.71517f, 0.07219f}, {0.01775f, 0.10945f, 0.87280f}};
static const float from_xyz[3][3] = {
    {3.08040f, -1.53738f, -0.54302f}, {-0.92122f, 1.87597f, 0.04526f}, {0.05287f, -0.20398f, 1.15110f}};

static inline float mix(const float m[3], const float v[3]) { return m[0] * v[0] + m[1] * v[1] + m[2] * v[2]; }

typedef struct Job {
    const VnChroma *chroma;
    float *values; /* (3,n) */
    size_t n;
    float most;
} Job;

static size_t chunk_end(const Job *job, size_t start) { return start + CHUNK < job->n ? start + CHUNK : job->n; }

static void run(const VnChroma *chroma, Job *job, VnBody *body) {
    vn_pool_run(chroma->pool, (unsigned)((job->n + CHUNK - 1) / CHUNK), body, job);
}

static Job job_of(const VnChroma *chroma, float *values, double most) {
    size_t n = (size_t)chroma->scene->work_w * chroma->scene->work_h;
    return (Job){.chroma = chroma, .values = values, .n = n, .most = (float)most};
}

static void slope_body(void *context, unsigned index, unsigned thread) {
    const Job *job = context;
    const float *rgb = job->chroma->scene->work_rgb;
    float *slope = job->chroma->slope;
    size_t n = job->n, start = (size_t)index * CHUNK;
    (void)thread;
    for (size_t i = start; i < chunk_end(job, start); i++) {
        float light[3];
        for (size_t c = 0; c < 3; c++) {
            float v = rgb[c * n + i];
            bool straight = v <= 0.04045f;
            light[c] = straight ? v / 12.92f : powf((v + 0.055f) / 1.055f, 2.4f);
            slope[c * n + i] = straight ? 1 / 12.92f : 2.4f * light[c] / (v + 0.055f);
        }
        for (size_t k = 0; k < 3; k++) {
            float t = mix(to_xyz[k], light), root = cbrtf(t);
            slope[(3 + k) * n + i] = t > 0.008856f ? 1 / (3 * root * root) : 7.787f;
        }
    }
}

VernisStatus vn_chroma_open(VnChroma *out, const VnScene *s, const VnChromaLimit limits[VN_CHROMA_LIMITS], VnPool *pool,
                            VnError *err) {
    size_t plane = vn_mul(sizeof(float), (size_t)s->work_w * s->work_h);
    *out = (VnChroma){.scene = s, .pool = pool};
    for (size_t i = 0; i < VN_CHROMA_LIMITS; i++) {
        out->limits[i] = limits[i];
        VN_TRY(vn_resize_open_blur(&out->blurs[i], s->work_w, s->work_h, limits[i].sigma * s->work_w / s->platform_w,
                                   limits[i].sigma * s->work_h / s->platform_h, err));
    }
    size_t slope = vn_plan_book(&out->plan, vn_mul(6, plane)), change = vn_plan_book(&out->plan, vn_mul(2, plane));
    size_t blurred = vn_plan_book(&out->plan, vn_mul(2, plane));
    size_t scratch = vn_plan_book(&out->plan, vn_mul(sizeof(float), vn_resize_scratch(out->blurs[0], 2)));
    VN_TRY(vn_plan_commit(&out->plan, err));
    out->slope = vn_plan_at(&out->plan, slope);
    out->change = vn_plan_at(&out->plan, change);
    out->blurred = vn_plan_at(&out->plan, blurred);
    out->scratch = vn_plan_at(&out->plan, scratch);
    Job job = job_of(out, NULL, 0);
    run(out, &job, slope_body);
    return VERNIS_OK;
}

void vn_chroma_close(VnChroma *chroma) {
    for (size_t i = 0; i < VN_CHROMA_LIMITS; i++)
        vn_resize_close(&chroma->blurs[i]);
    vn_plan_free(&chroma->plan);
    *chroma = (VnChroma){0};
}

/* a* and b* of a change of the samples of pixel i */
static inline void to_chroma(const float *slope, size_t n, size_t i, const float d[3], float *a, float *b) {
    float light[3], f[3];
    for (size_t c = 0; c < 3; c++)
        light[c] = slope[c * n + i] * d[c];
    for (size_t k = 0; k < 3; k++)
        f[k] = slope[(3 + k) * n + i] * mix(to_xyz[k], light);
    *a = 500 * (f[0] - f[1]);
    *b = 200 * (f[1] - f[2]);
}

static void narrow_body(void *context, unsigned index, unsigned thread) {
    const Job *job = context;
    size_t n = job->n, start = (size_t)index * CHUNK;
    (void)thread;
    for (size_t c = 0; c < 3; c++) {
        float alone[3] = {c == 0, c == 1, c == 2}, *budget = job->values + c * n;
        for (size_t i = start; i < chunk_end(job, start); i++) {
            float a, b;
            to_chroma(job->chroma->slope, n, i, alone, &a, &b);
            float share = budget[i] / job->most;
            budget[i] /= sqrtf(1 + share * share * (a * a + b * b));
        }
    }
}

void vn_chroma_narrow(const VnChroma *chroma, float *budget, double most) {
    Job job = job_of(chroma, budget, most);
    if (!chroma->scene->grey)
        run(chroma, &job, narrow_body);
}

static void change_body(void *context, unsigned index, unsigned thread) {
    const Job *job = context;
    size_t n = job->n, start = (size_t)index * CHUNK;
    float *change = job->chroma->change;
    const float *d = job->values;
    (void)thread;
    for (size_t i = start; i < chunk_end(job, start); i++) {
        float pixel[3] = {d[i], d[n + i], d[2 * n + i]};
        to_chroma(job->chroma->slope, n, i, pixel, change + i, change + n + i);
    }
}

static void limit_body(void *context, unsigned index, unsigned thread) {
    const Job *job = context;
    size_t n = job->n, start = (size_t)index * CHUNK;
    const float *slope = job->chroma->slope, *a = job->chroma->blurred, *b = a + n;
    float *d = job->values;
    (void)thread;
    for (size_t i = start; i < chunk_end(job, start); i++) {
        float size = sqrtf(a[i] * a[i] + b[i] * b[i]);
        if (size <= job->most)
            continue;
        float over = 1 - job->most / size;
        float x = over * a[i] / (500 * slope[3 * n + i]), z = -over * b[i] / (200 * slope[5 * n + i]);
        for (size_t c = 0; c < 3; c++)
            d[c * n + i] -= (from_xyz[c][0] * x + from_xyz[c][2] * z) / slope[c * n + i];
    }
}

void vn_chroma_limit(const VnChroma *chroma, float *d, double visibility) {
    for (size_t i = 0; i < VN_CHROMA_LIMITS && !chroma->scene->grey; i++) {
        Job job = job_of(chroma, d, chroma->limits[i].most * visibility);
        run(chroma, &job, change_body);
        vn_resize_apply(chroma->blurs[i], 2, chroma->change, chroma->blurred, chroma->scratch, chroma->pool);
        run(chroma, &job, limit_body);
    }
}
