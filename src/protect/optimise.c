/* SPDX-License-Identifier: Apache-2.0 */
#include "protect/optimise.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "kern/kern.h"
#include "protect/grain.h"
#include "protect/strokes.h"

enum { CHUNK = 1 << 14 };         /* values of one pool task */
static const float DECAY = 0.8f;  /* of the momentum */
static const double PRESS = 0.35; /* of the visibility's gradient against the objective's */
static const double START = 0.9;  /* of the visibility asked for */
static const double COARSE = 1.6; /* standard deviation of the blur that leaves what is coarse: values of d */
enum { COARSE_TIMES = 2 };        /* that it is taken out: what passes once goes with the square of its frequency */
enum { START_LIMITS = 4 };        /* times that the start is held to the limits of colour */
static const double WIDE = 6;    /* of the blur over which grain on smooth ground keeps its visibility: values of d */

typedef struct Loop {
    const VnScene *scene;
    VnVisMetric *metric;
    VnPool *pool;
    const float *budget;
    size_t values; /* of d */
    float *d, *gradient, *momentum, *square, *pressure;
    double *sums; /* for each chunk */
    VnResize *coarse, *wide;
    float *strokes; /* (2,n) */
    float care;
    VnPlan plan;
} Loop;

double vn_monotonic_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct Job {
    const Loop *loop;
    float *gradient; /* to be weighed */
    float unit, ahead, back, rate;
} Job;

static size_t chunks(const Loop *l) { return (l->values + CHUNK - 1) / CHUNK; }

static size_t chunk_size(const Loop *l, size_t start) { return l->values - start < CHUNK ? l->values - start : CHUNK; }

static void weigh_body(void *context, unsigned i, unsigned thread) {
    const Job *job = context;
    size_t at = (size_t)i * CHUNK;
    (void)thread;
    vn_kern()->weigh(job->gradient + at, job->loop->sums + i, job->loop->budget + at, chunk_size(job->loop, at));
}

static void follow_body(void *context, unsigned i, unsigned thread) {
    const Job *job = context;
    const Loop *l = job->loop;
    size_t at = (size_t)i * CHUNK;
    (void)thread;
    vn_kern()->follow(l->momentum + at, l->sums + i, l->gradient + at, DECAY, job->unit, chunk_size(l, at));
}

static void lean_body(void *context, unsigned i, unsigned thread) {
    const Job *job = context;
    const Loop *l = job->loop;
    size_t at = (size_t)i * CHUNK;
    (void)thread;
    vn_kern()->lean(l->pressure + at, l->momentum + at, job->ahead, job->back, chunk_size(l, at));
}

static void refine_body(void *context, unsigned i, unsigned thread) {
    const Job *job = context;
    const Loop *l = job->loop;
    size_t at = (size_t)i * CHUNK, end = at + chunk_size(l, at), plane = l->values / 3;
    (void)thread;
    while (at < end) {
        size_t pixel = at % plane, size = end - at < plane - pixel ? end - at : plane - pixel;
        vn_kern()->refine(l->pressure + at, l->square + at, l->gradient + at, l->metric->ground + pixel, size);
        at += size;
    }
}

static void step_body(void *context, unsigned i, unsigned thread) {
    const Job *job = context;
    const Loop *l = job->loop;
    size_t at = (size_t)i * CHUNK;
    (void)thread;
    vn_kern()->even_step(l->d + at, l->pressure + at, l->gradient + at, l->budget + at, l->scene->work_rgb + at,
                         job->rate, chunk_size(l, at));
}

static void run(Job *job, VnBody *body) { vn_pool_run(job->loop->pool, (unsigned)chunks(job->loop), body, job); }

/* @return the mean of what the chunks sum */
static double run_mean(Job *job, VnBody *body) {
    double sum = 0;
    run(job, body);
    for (size_t i = 0; i < chunks(job->loop); i++)
        sum += job->loop->sums[i];
    return sum / (double)job->loop->values + 1e-30;
}

/* Scale d from a figure to another: the figure is a norm. */
static void scale_to(const Loop *l, double figure, double target) {
    float scale = (float)(target / fmax(figure, 1e-12));
    for (size_t i = 0; i < l->values; i++)
        l->d[i] *= scale;
}

/* Take out of values of d what varies along the clean picture's strokes. @param work as many values */
static void follow_strokes(const Loop *l, float *values, float *work) {
    if (l->care > 0) {
        vn_strokes_follow(l->scene->work_w, l->scene->work_h, l->strokes, l->care, values, work, l->pool);
        memcpy(values, work, l->values * sizeof *values);
    }
}

/* A step: rate * budget times the objective's averaged gradient less the visibility's, each by d in units of the budget
 * and of mean size 1, over the root of its mean square around each value, and no further than the clean picture leaves
 * room. That is the steepest way up for a figure that, as the visibility does, sums squares over a neighbourhood: around
 * it takes as much of everywhere as the eye takes, and within it keeps the gradient's form, where a step of every value's
 * sign, or Adam's, draws all of a neighbourhood's values to one size. On smooth ground what is coarse is left out of it: it
 * is seen first, as blotches, and moves encoders no more than finer grain that the visibility counts alike
 * (tests/regression/ablation.md, "Blotches"). */
static void step(const Loop *l, double rate, double press) {
    Job job = {.loop = l, .gradient = l->gradient, .rate = (float)rate};
    job.unit = (float)((1 - (double)DECAY) / run_mean(&job, weigh_body));
    job.ahead = (float)(1 / run_mean(&job, follow_body));
    job.gradient = l->pressure;
    job.back = (float)(press / run_mean(&job, weigh_body));
    run(&job, lean_body);
    follow_strokes(l, l->pressure, l->gradient);
    for (int i = 0; i < COARSE_TIMES; i++) {
        vn_resize_apply(l->coarse, 3, l->pressure, l->gradient, l->metric->scratch, l->pool);
        run(&job, refine_body);
    }
    vn_resize_apply(l->metric->blurs.pool, 3, l->square, l->gradient, l->metric->scratch, l->pool);
    run(&job, step_body);
}

static VernisStatus loop_open(Loop *l, VnError *err) {
    size_t bytes = vn_mul(l->values, sizeof(float));
    size_t gradient = vn_plan_book(&l->plan, bytes), momentum = vn_plan_book(&l->plan, bytes);
    size_t pressure = vn_plan_book(&l->plan, bytes), square = vn_plan_book(&l->plan, bytes);
    size_t strokes = vn_plan_book(&l->plan, 2 * bytes / 3), sums = vn_plan_book(&l->plan, chunks(l) * sizeof(double));
    VN_TRY(vn_plan_commit(&l->plan, err));
    VN_TRY(vn_resize_open_blur(&l->coarse, l->scene->work_w, l->scene->work_h, COARSE, COARSE, err));
    VN_TRY(vn_resize_open_blur(&l->wide, l->scene->work_w, l->scene->work_h, WIDE, WIDE, err));
    l->strokes = vn_plan_at(&l->plan, strokes);
    l->sums = vn_plan_at(&l->plan, sums);
    l->gradient = vn_plan_at(&l->plan, gradient);
    l->momentum = vn_plan_at(&l->plan, momentum);
    l->square = vn_plan_at(&l->plan, square);
    l->pressure = vn_plan_at(&l->plan, pressure);
    return VERNIS_OK;
}

/* Keep the picture with its change within black and white, as what is written will be. */
static void keep_inside(const Loop *l) {
    const float *x = l->scene->work_rgb;
    for (size_t i = 0; i < l->values; i++)
        l->d[i] = fminf(fmaxf(l->d[i], -x[i]), 1 - x[i]);
}

/* Visibility on smooth ground around each place, squared. @param out (n), with room for (2,n) */
static void visibility_of_ground(const Loop *l, float *out) {
    size_t n = l->values / 3;
    vn_vis_metric_value(l->metric, l->d, NULL);
    for (size_t i = 0; i < n; i++)
        out[n + i] = l->metric->ground[i] * l->metric->pooled[i];
    vn_resize_apply(l->wide, 1, out + n, out, l->metric->scratch, l->pool);
}

/* Make the change on smooth ground like grain, as visible around each place as it was: evening takes place over the whole
 * picture at once. */
static VernisStatus even_ground(const Loop *l, VnError *err) {
    const VnScene *s = l->scene;
    size_t n = l->values / 3;
    float *room = l->momentum, *was = l->square, *now = l->gradient;
    for (size_t i = 0; i < n; i++)
        room[i] = fmaxf((l->budget[i] + l->budget[n + i] + l->budget[2 * n + i]) / 3, 1e-6f);
    visibility_of_ground(l, was);
    VnGrainBed bed = {.w = s->work_w,
                      .h = s->work_h,
                      .ground = l->metric->ground,
                      .room = room,
                      .scale_x = (double)s->platform_w / s->work_w,
                      .scale_y = (double)s->platform_h / s->work_h};
    VN_TRY(vn_grain_even(&bed, l->d, l->pool, err));
    keep_inside(l);
    visibility_of_ground(l, now);
    for (size_t i = 0; i < n; i++) {
        float raise = fminf(sqrtf((was[i] + 1e-4f) / (now[i] + 1e-4f)), 2);
        for (size_t c = 0; c < 3; c++)
            l->d[c * n + i] *= 1 + l->metric->ground[i] * (raise - 1);
    }
    keep_inside(l);
    return VERNIS_OK;
}

VernisStatus vn_optimise(const VnScene *scene, VnVisMetric *metric, const VnChroma *chroma, const float *budget,
                         const VnEncoder *const *encoders, size_t encoder_count, const VnProtectParams *params,
                         double deadline, VnPool *pool, float *d, int *steps, VnError *err) {
    VernisStatus status = VERNIS_OK;
    Loop l = {.scene = scene,
              .metric = metric,
              .pool = pool,
              .budget = budget,
              .values = (size_t)3 * scene->work_w * scene->work_h,
              .d = d,
              .care = (float)params->care};
    VnObjectiveState objective = {0};
    double along = params->objective == VN_OBJECTIVE_UNTARGETED ? 0 : 0.1, target = params->visibility;
    *steps = 0;
    VN_CHECK(loop_open(&l, err));
    if (l.care > 0)
        VN_CHECK(vn_strokes_find(scene->work_w, scene->work_h, scene->work_rgb, l.strokes, pool, err));
    vn_start(scene, budget, params->key, d);
    follow_strokes(&l, d, l.gradient);
    scale_to(&l, vn_vis_metric_value(metric, d, NULL), START * target);
    for (int i = 0; i < START_LIMITS; i++)
        vn_chroma_limit(chroma, d, target);
    VN_CHECK(vn_objective_open(&objective, scene, encoders, encoder_count, params->seed, params->key, along, true, pool,
                               err));
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
        if (scene->posted_is_platform && done >= 0.75) {
            objective.output_quality = params->output_quality;
            objective.output_subsample = params->output_subsample;
        }
        double figure = vn_vis_metric_value(metric, d, l.pressure);
        if (figure > target)
            scale_to(&l, figure, target);
        vn_objective_gradient(&objective, (unsigned)t, d, l.gradient);
        step(&l, target * (1.02 - done), PRESS * fmin(1, figure / target));
        vn_chroma_limit(chroma, d, target);
        *steps = t + 1;
        if (params->progress)
            params->progress(params->opaque, 0.95 * (t + 1) / params->steps);
    }
    vn_objective_close(&objective);
    VN_CHECK(even_ground(&l, err));
    scale_to(&l, vn_vis_metric_value(metric, d, NULL), target);
    vn_chroma_limit(chroma, d, target);
    double figure = vn_vis_metric_value(metric, d, NULL);
    if (figure > target)
        scale_to(&l, figure, target);
done:
    vn_objective_close(&objective);
    vn_resize_close(&l.coarse);
    vn_resize_close(&l.wide);
    vn_plan_free(&l.plan);
    return status;
}
