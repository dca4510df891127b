/* SPDX-License-Identifier: Apache-2.0 */
#include "protect/optimise.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "kern/kern.h"

enum { CHUNK = 4096, DRAWS = 6, MAX_ENCODERS = 8 };

/* One way that a posted picture reaches a trainer. The draws of a picture are few, so that each one's clean latents are
 * computed once and displacement is measured exactly. */
typedef struct Draw {
    VnFilter filter;
    int quality; /* 0: no JPEG */
    bool subsample;
} Draw;

typedef struct Surrogate {
    const VnEncoder *encoder;
    VnPass *pass;
    size_t latent; /* values */
    float *pattern, *clean[DRAWS], *z;
    float spread; /* standard deviation of the clean latent */
} Surrogate;

typedef struct Loop {
    const VnScene *scene;
    const VnProtectParams *params;
    VnVisMetric *metric;
    VnPool *pool;
    const float *budget;
    size_t n, platform, train; /* pixels of the three grids */
    VnResize *up, *down[VN_FILTER_LANCZOS + 1];
    Draw draws[DRAWS];
    Surrogate surrogates[MAX_ENCODERS];
    size_t count;
    float *y, *y_gradient, *x, *x_gradient, *x_total, *gradient, *momentum, *vis_gradient, *scratch;
    float *d;
    VnPlan plan;
} Loop;

double vn_monotonic_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

/* Qualities sit below what platforms use: what survives harder compression survives the easier one (see methods.md 5). */
static void draw_ingests(Loop *l) {
    for (size_t i = 0; i < DRAWS; i++) {
        l->draws[i].filter = i < 3 ? VN_FILTER_LANCZOS : (VnFilter)(vn_rng_u64(l->params->seed, 1, i) % 4);
        l->draws[i].quality = i == 0 ? 0 : 60 + (int)(vn_rng_u64(l->params->seed, 2, i) % 32);
        l->draws[i].subsample = i < 4;
    }
}

static void clamp_body(void *context, unsigned index, unsigned thread) {
    const Loop *l = context;
    size_t start = (size_t)index * CHUNK, total = 3 * l->platform;
    (void)thread;
    for (size_t i = start; i < start + CHUNK && i < total; i++) {
        float change = l->y[i];
        if (l->scene->platform_alpha)
            change *= l->scene->platform_alpha[i % l->platform];
        float v = l->scene->platform_rgb[i] + change;
        l->y[i] = v > 0 ? v < 1 ? v : 1 : 0;
    }
}

/* y: the picture (with d, or clean for NULL) on the platform; x: the same on the training grid after the draw's ingest. */
static void ingest(Loop *l, const Draw *draw, const float *d) {
    const VnScene *s = l->scene;
    if (d)
        vn_resize_apply(l->up, 3, d, l->y, l->scratch, l->pool);
    else
        memset(l->y, 0, 3 * l->platform * sizeof *l->y);
    vn_pool_run(l->pool, (unsigned)((3 * l->platform + CHUNK - 1) / CHUNK), clamp_body, l);
    if (draw->quality)
        vn_jpeg_apply(s->platform_w, s->platform_h, draw->quality, draw->subsample, l->y, l->y, l->scratch, l->pool);
    vn_resize_apply(l->down[draw->filter], 3, l->y, l->x, l->scratch, l->pool);
}

/* From the gradient on the training grid to the gradient by d. Clamping is passed straight through: d itself is kept where
 * the clean picture leaves room. */
static void ingest_adjoint(Loop *l, const Draw *draw) {
    const VnScene *s = l->scene;
    vn_resize_adjoint(l->down[draw->filter], 3, l->x_total, l->y_gradient, l->scratch, l->pool);
    if (draw->quality)
        vn_jpeg_adjoint(s->platform_w, s->platform_h, draw->subsample, l->y_gradient, l->y_gradient, l->scratch, l->pool);
    for (size_t i = 0; s->platform_alpha && i < 3 * l->platform; i++)
        l->y_gradient[i] *= s->platform_alpha[i % l->platform];
    vn_resize_adjoint(l->up, 3, l->y_gradient, l->gradient, l->scratch, l->pool);
    for (size_t i = 0; s->grey && i < l->n; i++) {
        float sum = l->gradient[i] + l->gradient[l->n + i] + l->gradient[2 * l->n + i];
        l->gradient[i] = l->gradient[l->n + i] = l->gradient[2 * l->n + i] = sum;
    }
}

/* Replace the latent by the gradient of the objective by it: of the root mean square displacement, of the mean product with
 * the artist's pattern, or of a sum of both, in units of the clean latent's spread. */
static void latent_gradient(const Surrogate *s, const float *clean, double along) {
    double square = 0;
    for (size_t i = 0; i < s->latent; i++) {
        s->z[i] -= clean[i];
        square += (double)s->z[i] * s->z[i];
    }
    double away = square > 0 ? (1 - along) / sqrt(square / (double)s->latent) : 0;
    double unit = 1 / (s->spread * (double)s->latent);
    for (size_t i = 0; i < s->latent; i++)
        s->z[i] = (float)(unit * (away * s->z[i] + along * s->pattern[i]));
}

static VernisStatus open_surrogates(Loop *l, const VnEncoder *const *encoders, size_t count, VnError *err) {
    const VnScene *s = l->scene;
    for (size_t e = 0; e < count; e++) {
        Surrogate *g = &l->surrogates[e];
        const VnEncoderInfo *info = vn_encoder_info(encoders[e]);
        uint32_t w = s->train_w / info->stride, h = s->train_h / info->stride;
        g->encoder = encoders[e];
        l->count = e + 1;
        VN_TRY(vn_pass_open(&g->pass, g->encoder, s->train_w, s->train_h, true, l->pool, err));
        g->latent = (size_t)info->latent_channels * w * h;
        size_t bytes = vn_mul(g->latent * (DRAWS + 2), sizeof(float));
        g->z = vn_malloc(bytes);
        if (!g->z)
            return vn_no_memory(err, "protect", bytes, "latents");
        g->pattern = g->z + g->latent;
        for (size_t i = 0; i < DRAWS; i++)
            g->clean[i] = g->pattern + (i + 1) * g->latent;
        vn_pattern(l->params->key, info->name, info->latent_channels, w, h, g->pattern);
    }
    for (size_t i = 0; i < DRAWS; i++) {
        ingest(l, &l->draws[i], NULL);
        for (size_t e = 0; e < count; e++)
            vn_pass_forward(l->surrogates[e].pass, l->x, l->surrogates[e].clean[i]);
    }
    for (size_t e = 0; e < count; e++) {
        Surrogate *g = &l->surrogates[e];
        double sum = 0, square = 0, n = (double)g->latent;
        for (size_t i = 0; i < g->latent; i++) {
            sum += g->clean[0][i];
            square += (double)g->clean[0][i] * g->clean[0][i];
        }
        g->spread = (float)sqrt(fmax(square / n - sum / n * (sum / n), 1e-12));
    }
    return VERNIS_OK;
}

static VernisStatus loop_open(Loop *l, const VnEncoder *const *encoders, size_t count, VnError *err) {
    const VnScene *s = l->scene;
    l->n = (size_t)s->work_w * s->work_h;
    l->platform = (size_t)s->platform_w * s->platform_h;
    l->train = (size_t)s->train_w * s->train_h;
    VN_TRY(vn_resize_open(&l->up, s->work_w, s->work_h, s->platform_w, s->platform_h, VN_FILTER_BICUBIC, err));
    size_t scratch = larger(vn_resize_scratch(l->up, 3), vn_jpeg_scratch(s->platform_w, s->platform_h));
    for (int f = VN_FILTER_AREA; f <= VN_FILTER_LANCZOS; f++)
        VN_TRY(vn_resize_open(&l->down[f], s->platform_w, s->platform_h, s->train_w, s->train_h, (VnFilter)f, err));
    scratch = larger(scratch, vn_resize_scratch(l->down[0], 3));
    size_t sizes[] = {3 * l->platform, 3 * l->platform, 3 * l->train, 3 * l->train, 3 * l->train,
                      3 * l->n,        3 * l->n,        3 * l->n,     scratch};
    float **slots[] = {&l->y, &l->y_gradient, &l->x, &l->x_gradient, &l->x_total, &l->gradient, &l->momentum, &l->vis_gradient,
                       &l->scratch};
    size_t offsets[sizeof sizes / sizeof *sizes];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        offsets[i] = vn_plan_book(&l->plan, vn_mul(sizes[i], sizeof(float)));
    VN_TRY(vn_plan_commit(&l->plan, err));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        *slots[i] = vn_plan_at(&l->plan, offsets[i]);
    draw_ingests(l);
    return open_surrogates(l, encoders, count, err);
}

static void loop_close(Loop *l) {
    for (size_t e = 0; e < l->count; e++) {
        vn_pass_close(&l->surrogates[e].pass);
        vn_free(l->surrogates[e].z);
    }
    vn_resize_close(&l->up);
    for (int f = VN_FILTER_AREA; f <= VN_FILTER_LANCZOS; f++)
        vn_resize_close(&l->down[f]);
    vn_plan_free(&l->plan);
}

/* gradient: of the objective by d, at d, through one draw */
static void objective_gradient(Loop *l, size_t draw, double along) {
    ingest(l, &l->draws[draw], l->d);
    for (size_t e = 0; e < l->count; e++) {
        Surrogate *s = &l->surrogates[e];
        vn_pass_forward(s->pass, l->x, s->z);
        latent_gradient(s, s->clean[draw], along);
        vn_pass_backward(s->pass, s->z, e ? l->x_gradient : l->x_total);
        if (e)
            vn_kern()->axpy(l->x_total, l->x_gradient, 1, 3 * l->train);
    }
    ingest_adjoint(l, &l->draws[draw]);
}

static double mean_abs(const float *x, size_t n) {
    double s = 0;
    for (size_t i = 0; i < n; i++)
        s += fabsf(x[i]);
    return s / (double)n + 1e-30;
}

/* Scale d to a figure of `target` where it is above it. */
static void meet_target(Loop *l, double figure, double target) {
    float scale = (float)(target / figure);
    for (size_t i = 0; figure > target && i < 3 * l->n; i++)
        l->d[i] *= scale;
}

static void step(Loop *l, double rate, double weight) {
    size_t n = 3 * l->n;
    int form = 0;
    double decay = 0.8;
    for (size_t i = 0; i < n; i++)
        l->gradient[i] *= l->budget[i], l->vis_gradient[i] *= l->budget[i];
    double g_unit = 1 / mean_abs(l->gradient, n), v_unit = weight / mean_abs(l->vis_gradient, n);
    for (size_t i = 0; i < n; i++)
        l->momentum[i] = (float)(decay * l->momentum[i] + (1 - decay) * g_unit * l->gradient[i]);
    double m_unit = 1 / mean_abs(l->momentum, n);
    for (size_t i = 0; i < n; i++) {
        float v = (float)(m_unit * l->momentum[i] - v_unit * l->vis_gradient[i]);
        float m = form == 0 ? (v > 0 ? 1.f : v < 0 ? -1.f : 0.f) : form == 1 ? (v > 0 ? sqrtf(v) : -sqrtf(-v)) : v;
        float d = l->d[i] + (float)rate * l->budget[i] * m, x = l->scene->work_rgb[i];
        l->d[i] = d < -x ? -x : d > 1 - x ? 1 - x : d;
    }
}

VernisStatus vn_optimise(const VnScene *scene, VnVisMetric *metric, const float *budget, const VnEncoder *const *encoders,
                         size_t encoder_count, const VnProtectParams *params, double deadline, VnPool *pool, float *d,
                         int *steps, VnError *err) {
    VernisStatus status = VERNIS_OK;
    Loop l = {.scene = scene, .params = params, .metric = metric, .pool = pool, .budget = budget, .d = d};
    double along = params->objective == VN_OBJECTIVE_UNTARGETED ? 0 : 0.5, target = params->visibility;
    *steps = 0;
    VN_CHECK(loop_open(&l, encoders, encoder_count, err));
    for (size_t i = 0; i < l.n; i++)
        for (size_t c = 0; c < 3; c++) {
            float r = vn_rng_unit(params->seed, 0, scene->grey ? i : c * l.n + i) - 0.5f;
            d[c * l.n + i] = (float)target * 0.5f * r * budget[c * l.n + i];
        }
    double start = vn_monotonic_seconds();
    for (int t = 0; t < params->steps; t++) {
        double spent = vn_monotonic_seconds() - start, done = (double)t / params->steps;
        if (params->cancelled && params->cancelled(params->opaque)) {
            status = vn_fail(err, VERNIS_E_CANCELLED, "protect", "cancelled");
            goto done;
        }
        if (deadline > 0 && t > 0) {
            if (start + spent * (t + 1) / t > deadline)
                break;
            done = fmax(done, spent / (deadline - start));
        }
        double figure = vn_vis_metric_value(metric, d, l.vis_gradient);
        meet_target(&l, figure, target);
        objective_gradient(&l, (size_t)t % DRAWS, along);
        double press = 0.5 * fmin(1, figure / target);
        step(&l, target * (0.5 * (1 - done) + 0.02), press);
        *steps = t + 1;
        if (params->progress)
            params->progress(params->opaque, 0.95 * (t + 1) / params->steps);
    }
    meet_target(&l, vn_vis_metric_value(metric, d, NULL), target);
done:
    loop_close(&l);
    return status;
}
