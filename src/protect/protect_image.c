/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * One picture from end to end: the grids, the clean planes on them, the loop, and the amplitude that meets the
 * visibility asked for once the result is rounded to the picture's own grid and, for JPEG output, compressed.
 */
#include <math.h>
#include <string.h>

#include "kern/kern.h"
#include "protect/optimise.h"
#include "protect/visibility.h"

enum {
    SHORT_SIDE = 512,          /* the training size most in use */
    LARGE_SIDE = 768,          /* the next */
    WORK_SIDE = 640,           /* finer than the first leaves room for the second */
    LONGEST = 3,               /* long side over short side */
    CELL = 64,                 /* trainers round sides to this; a multiple of every encoder's stride */
    PLATFORM_WIDTH = 1080,     /* what the strictest of the large platforms serves */
    PLATFORM_PIXELS = 1 << 21, /* so that the cost of a step does not grow with the picture */
    BAND = 128,                /* rows of the posted picture held as floats; a multiple of the JPEG MCU's 16 */
    MARGIN = 16,               /* rows around a band whose chroma the JPEG decoder's smoothing reads */
    TRIES = 7
};
/* the chroma difference of a sample alone, CIELAB units for a visibility of 1 */
static const double COLOUR_BUDGET = 2.5;
/* of what is as fine as S-CIELAB sees colour, and of the bands that are seen first on pale grounds */
static const VnChromaLimit COLOUR_LIMITS[VN_CHROMA_LIMITS] = {{1.5, 2.5}, {5, 0.3}};

/* Everything of one call, so that one function can let go of it. */
typedef struct Task {
    const VnImage *image;
    const VnProtectParams *params;
    const VnEncoder *const *encoders;
    size_t encoder_count;
    VnPool *pool;
    VnScene scene;
    float *planes;             /* platform_rgb, platform_alpha, work_rgb, budget, d */
    float *d, *budget, *rise;  /* rise: d carried to the posted width, (3,h,W) */
    float *band, *rows, *jpeg; /* (3,BAND+2*MARGIN,W) each, and scratch */
    VnVisMetric metric;
    VnChroma chroma;
    VnResize *up;       /* work grid to posted size */
    VnImage made, seen; /* the protected picture, and as a reader of the written JPEG sees it */
    double whole;       /* the picture's visibility over its sample's; 0: not measured yet */
    bool room, met;     /* compression alone leaves room for the target; it was met within 10 % */
} Task;

/* What a trainer makes of a picture whose short side is to be `side`: longer ones are fed smaller, as buckets do. */
static VnTraining training_size(uint32_t w, uint32_t h, uint32_t side) {
    double longer = w > h ? w : h, shorter = w > h ? h : w;
    VnTraining size;
    vn_training_size(w, h, fmin(side, LONGEST * side * shorter / longer), CELL, &size.w, &size.h);
    return size;
}

static void choose_grids(VnScene *s, uint32_t w, uint32_t h, const VnTrip *platform, const VnEncoder *const *encoders,
                         size_t encoder_count) {
    s->training[0] = training_size(w, h, SHORT_SIDE);
    s->training[1] = training_size(w, h, LARGE_SIDE);
    VnTraining work = training_size(w, h, WORK_SIDE);
    s->work_w = work.w < w ? work.w : w;
    s->work_h = work.h < h ? work.h : h;
    const VnTrip strictest = {.max_width = PLATFORM_WIDTH};
    vn_trip_size(platform ? platform : &strictest, w, h, &s->platform_w, &s->platform_h);
    double p = fmin(1, sqrt((double)PLATFORM_PIXELS / ((double)s->platform_w * s->platform_h)));
    s->platform_w = (uint32_t)fmax(1, nearbyint(s->platform_w * p));
    s->platform_h = (uint32_t)fmax(1, nearbyint(s->platform_h * p));
    s->posted_is_platform = s->platform_w == w && s->platform_h == h;
    s->platform = platform;
    s->trainings = VN_MAX_TRAININGS;
    for (size_t e = 0; e < encoder_count; e++)
        if (vn_encoder_info(encoders[e])->attention_macs > 0) /* they grow with the square of the area */
            s->trainings = 1;
}

static double area(VnTraining size) { return (double)size.w * size.h; }

void vn_protect_need(VnProtectNeed *out, uint32_t width, uint32_t height, size_t row_bytes, const VnTrip *platform,
                     const VnEncoder *const *encoders, size_t encoder_count, unsigned threads) {
    /* bytes for a pixel of each grid, a little above what is measured (tests/cli/cli_batch.py) */
    enum { COPIES = 4, PLATFORM = 66, WORK = 294, TRAINING = 40, COLUMN = 6600 };
    enum { THREAD = 1 << 20, SURROGATE = 7 << 20, REST = 12 << 20 };
    VnScene s = {0};
    choose_grids(&s, width, height, platform, encoders, encoder_count);
    double large = area(s.training[s.trainings - 1]);
    double memory = REST + (double)threads * THREAD + (double)width * COLUMN + TRAINING * large +
                    (double)PLATFORM * s.platform_w * s.platform_h + (double)WORK * s.work_w * s.work_h +
                    (double)COPIES * (double)row_bytes * height;
    double room = 0; /* their passes take turns in it */
    for (size_t e = 0; e < encoder_count; e++) {
        memory += SURROGATE + (double)vn_encoder_info(encoders[e])->weight_bytes;
        for (size_t t = 0; t < s.trainings; t++)
            room = fmax(room, (double)vn_pass_plan(encoders[e], s.training[t].w, s.training[t].h, true, threads));
    }
    memory += room;
    out->memory = memory < (double)SIZE_MAX ? (size_t)memory : SIZE_MAX;
    out->step_pixels =
        s.trainings > 1 ? (2 * area(s.training[0]) + large) / 3 : large; /* as draw_ingests shares them */
}

/* The picture (planes 3) or its alpha (planes 1) brought to another size, a band of rows at a time. */
static VernisStatus shrink(Task *t, unsigned planes, uint32_t w, uint32_t h, float *out, VnError *err) {
    const VnImage *image = t->image;
    VnResize *resize = NULL;
    VN_TRY(vn_resize_open(&resize, image->width, image->height, w, h, VN_FILTER_LANCZOS, err));
    size_t bytes = vn_mul(vn_resize_scratch(resize, planes), sizeof(float));
    float *scratch = vn_malloc(bytes);
    VernisStatus status = scratch ? VERNIS_OK : vn_no_memory(err, "protect", bytes, "a smaller copy");
    for (uint32_t y = 0; scratch && y < image->height; y += BAND) {
        uint32_t rows = image->height - y < BAND ? image->height - y : BAND;
        if (planes == 3)
            vn_image_rows_to_planes(image, y, y + rows, t->band);
        for (size_t i = 0; planes == 1 && i < (size_t)rows * image->width; i++)
            t->band[i] = vn_image_alpha(image, i % image->width, y + i / image->width);
        vn_resize_columns(resize, planes, t->band, y, y + rows, scratch, t->pool);
    }
    if (scratch)
        vn_resize_rows(resize, planes, scratch, 0, h, out, t->pool);
    vn_free(scratch);
    vn_resize_close(&resize);
    size_t n = (size_t)planes * w * h;
    for (size_t i = 0; status == VERNIS_OK && i < n; i++)
        out[i] = out[i] > 0 ? out[i] < 1 ? out[i] : 1 : 0;
    return status;
}

static VernisStatus prepare(Task *t, VnError *err) {
    const VnImage *image = t->image;
    VnScene *s = &t->scene;
    choose_grids(s, image->width, image->height, t->params->platform, t->encoders, t->encoder_count);
    s->grey = image->colours == 1;
    size_t platform = (size_t)s->platform_w * s->platform_h, n = (size_t)s->work_w * s->work_h;
    size_t band = vn_mul((size_t)(BAND + 2 * MARGIN) * 3, image->width);
    VN_TRY(vn_resize_open(&t->up, s->work_w, s->work_h, image->width, image->height, VN_FILTER_BICUBIC, err));
    size_t jpeg = t->params->output_quality ? vn_jpeg_scratch(image->width, BAND + 2 * MARGIN) : 0;
    size_t floats = 4 * platform + 9 * n + band + vn_resize_scratch(t->up, 3) + (jpeg ? jpeg + band : 0);
    size_t bytes = vn_mul(floats, sizeof(float));
    float *p = t->planes = vn_malloc(bytes);
    if (!p)
        return vn_no_memory(err, "protect", bytes, "the picture's working copies");
    float *rgb = p, *alpha = rgb + 3 * platform, *work = alpha + platform;
    t->budget = work + 3 * n;
    t->d = t->budget + 3 * n;
    t->rise = t->d + 3 * n;
    t->band = t->rise + vn_resize_scratch(t->up, 3);
    t->rows = t->band + band;
    t->jpeg = t->rows + band;
    VN_TRY(shrink(t, 3, s->platform_w, s->platform_h, rgb, err));
    VN_TRY(shrink(t, 3, s->work_w, s->work_h, work, err));
    if (image->alpha)
        VN_TRY(shrink(t, 1, s->platform_w, s->platform_h, alpha, err));
    s->platform_rgb = rgb;
    s->platform_alpha = image->alpha ? alpha : NULL;
    s->work_rgb = work;
    VN_TRY(vn_vis_metric_open(&t->metric, s->work_w, s->work_h, work, (double)image->width / s->work_w,
                              (double)image->height / s->work_h, t->pool, err));
    VN_TRY(
        vn_visibility_sensitivity(image, t->params->care, s->work_w, s->work_h, t->metric.sensitivity, t->pool, err));
    vn_budget_from_metric(&t->metric, t->budget);
    VN_TRY(vn_chroma_open(&t->chroma, s, COLOUR_LIMITS, t->pool, err));
    vn_chroma_narrow(&t->chroma, t->budget, COLOUR_BUDGET);
    return VERNIS_OK;
}

typedef struct RenderJob {
    Task *t;
    uint32_t row0, rows;
    float amplitude;
} RenderJob;

/* One row: the clean samples plus the change, on the picture's own grid. Where alpha is 0 nothing changes. */
static void render_body(void *context, unsigned i, unsigned thread) {
    const RenderJob *job = context;
    const VnImage *image = job->t->image;
    size_t w = image->width, plane = (size_t)job->rows * w, row = job->row0 + i, samples = vn_image_samples(image);
    const float *change = job->t->band + i * w;
    const uint8_t *from = (const uint8_t *)image->pixels + row * image->stride;
    uint8_t *to = (uint8_t *)job->t->made.pixels + row * image->stride;
    float top = image->bits == 8 ? 255 : 65535;
    (void)thread;
    memcpy(to, from, image->stride);
    for (size_t x = 0; x < w; x++) {
        if (image->alpha && vn_image_alpha(image, x, row) == 0)
            continue;
        for (size_t c = 0; c < image->colours; c++) {
            size_t at = x * samples + c;
            uint16_t wide = from[at * (image->bits / 8)];
            if (image->bits == 16)
                memcpy(&wide, from + 2 * at, sizeof wide);
            float v = nearbyintf((float)wide + job->amplitude * top * change[c * plane + x]);
            wide = (uint16_t)(v > 0 ? v < top ? v : top : 0);
            if (image->bits == 16)
                memcpy(to + 2 * at, &wide, sizeof wide);
            else
                to[at] = (uint8_t)wide;
        }
    }
}

/* t->made: the picture with `amplitude` times the perturbation; t->seen: that through the JPEG of the output. */
static void render(Task *t, double amplitude) {
    uint32_t h = t->image->height, w = t->image->width;
    for (uint32_t y = 0; y < h; y += BAND) {
        RenderJob job = {t, y, h - y < BAND ? h - y : BAND, (float)amplitude};
        vn_resize_rows(t->up, 3, t->rise, y, y + job.rows, t->band, t->pool);
        vn_pool_run(t->pool, job.rows, render_body, &job);
    }
    for (uint32_t y = 0; t->params->output_quality && y < h; y += BAND) {
        uint32_t rows = h - y < BAND ? h - y : BAND, above = y < MARGIN ? y : MARGIN;
        uint32_t below = h - y - rows < MARGIN ? h - y - rows : MARGIN, all = above + rows + below;
        vn_image_rows_to_planes(&t->made, y - above, y + rows + below, t->band);
        vn_jpeg_apply(w, all, t->params->output_quality, t->params->output_subsample, t->band, t->rows, t->jpeg, NULL,
                      t->pool);
        uint8_t *to = (uint8_t *)t->seen.pixels + (size_t)y * t->seen.stride;
        for (size_t i = 0; i < (size_t)rows * w; i++)
            for (size_t c = 0; c < 3; c++)
                to[i * 3 + c] = (uint8_t)lrintf(255 * t->rows[c * (size_t)all * w + (size_t)above * w + i]);
    }
}

static const VnImage *rendered(const Task *t) { return t->params->output_quality ? &t->seen : &t->made; }

/* The figure of an amplitude. After the first time a sample of the picture stands for it, in the proportion found then. */
static VernisStatus measure(Task *t, double amplitude, double *figure, VnError *err) {
    double sample;
    render(t, amplitude);
    VN_TRY(
        vn_visibility_guarded(&sample, t->whole ? NULL : figure, t->params->care, t->image, rendered(t), t->pool, err));
    if (!t->whole)
        t->whole = sample > 0 ? *figure / sample : 1;
    else
        *figure = sample * t->whole;
    return VERNIS_OK;
}

/* Find the amplitude whose figure, on the output grid, is the target: secant steps on a logarithmic scale, which
 * suits a figure that grows nearly in proportion, inside a bracket. */
static VernisStatus meet_visibility(Task *t, double *figure, VnError *err) {
    double target = t->params->visibility, low = 0, high = 8, amplitude = 1, last_a = 0, last_f = 0;
    VN_TRY(vn_image_copy(&t->made, t->image, err));
    if (t->params->output_quality)
        VN_TRY(vn_image_create(&t->seen, t->image->width, t->image->height, 3, false, 8, NULL, err));
    vn_resize_columns(t->up, 3, t->d, 0, t->scene.work_h, t->rise, t->pool);
    if (t->params->output_quality) {
        /* What compression alone does counts as butteraugli has it: the guard is for the change. It may be as visible as what
         * was asked for; the change then still gets half of its own due. */
        double loss, floor, left = 0.25 * target * target;
        render(t, 0);
        VN_TRY(vn_visibility_sample(&loss, t->image, rendered(t), t->pool, err));
        VN_TRY(vn_visibility_guarded(&floor, NULL, t->params->care, t->image, rendered(t), t->pool, err));
        t->room = loss * loss + left <= 1.21 * target * target;
        target = sqrt(floor * floor + fmax(target * target - loss * loss, left));
    }
    for (int i = 0; i < TRIES; i++) {
        VN_TRY(measure(t, amplitude, figure, err));
        t->met = t->room && fabs(*figure / target - 1) <= 0.1;
        if (fabs(*figure / target - 1) < 0.02 || (amplitude >= high && *figure < target))
            return VERNIS_OK;
        if (*figure > target)
            high = amplitude;
        else
            low = amplitude;
        double slope = last_f > 0 && last_f != *figure && last_a != amplitude
                           ? log(*figure / last_f) / log(amplitude / last_a)
                           : 1;
        last_a = amplitude;
        last_f = *figure;
        double next = amplitude * pow(target / fmax(*figure, 1e-3), 1 / fmin(fmax(slope, 0.4), 2.5));
        amplitude = next > low && next < high ? next : low > 0 || next <= low ? 0.5 * (low + high) : high;
    }
    return VERNIS_OK;
}

VernisStatus vn_protect_image(VnImage *image, const VnEncoder *const *encoders, size_t encoder_count,
                              const VnProtectParams *params, VnPool *pool, VnProtectStats *stats, VnError *err) {
    VernisStatus status = VERNIS_OK;
    double start = vn_monotonic_seconds(), deadline = 0;
    Task t = {.image = image, .params = params, .encoders = encoders, .encoder_count = encoder_count, .pool = pool};
    if ((image->colours != 1 && image->colours != 3) || encoder_count < 1 || encoder_count > 8 || params->steps < 1 ||
        !(params->visibility > 0) || !(params->care >= 0 && params->care <= 1))
        return vn_fail(err, VERNIS_E_INTERNAL, "protect", "a picture or parameters that cannot be protected");
    *stats = (VnProtectStats){0};
    t.room = true;
    VN_CHECK(prepare(&t, err));
    /* the end costs a few times what measuring the clean picture has cost */
    if (params->time_limit > 0)
        deadline =
            fmax(start + params->time_limit - 4 * (vn_monotonic_seconds() - start), start + 0.1 * params->time_limit);
    VN_CHECK(vn_optimise(&t.scene, &t.metric, &t.chroma, t.budget, encoders, encoder_count, params, deadline, pool, t.d,
                         &stats->steps, err));
    VN_CHECK(meet_visibility(&t, &stats->visibility, err));
    stats->target_met = t.met;
    memcpy(image->pixels, t.made.pixels, image->stride * image->height);
    if (params->progress)
        params->progress(params->opaque, 1);
done:
    vn_image_free(&t.made);
    vn_image_free(&t.seen);
    vn_vis_metric_close(&t.metric);
    vn_chroma_close(&t.chroma);
    vn_resize_close(&t.up);
    vn_free(t.planes);
    return status;
}
