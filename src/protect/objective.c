/* SPDX-License-Identifier: Apache-2.0 */
#include "protect/objective.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "kern/kern.h"

enum {
    CHUNK = 4096,
    CROP = 8,    /* training pixels: crops by multiples of the encoders' stride move nothing but the border */
    EASIEST = 90 /* JPEG quality of the first draw */
};

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

/* All but the first's qualities sit below what platforms use: what survives harder compression survives the easier one. */
static void draw_ingests(VnObjectiveState *o, uint64_t seed) {
    for (size_t i = 0; i < VN_DRAWS; i++) {
        o->draws[i].training = i % 3 == 2 ? o->scene->trainings - 1 : 0;
        o->draws[i].filter = i < 3 ? VN_FILTER_LANCZOS : (VnFilter)(vn_rng_u64(seed, 1, i) % 4);
        o->draws[i].quality = i == 0 ? EASIEST : 60 + (int)(vn_rng_u64(seed, 2, i) % 32);
        o->draws[i].subsample = i < 4;
        if (i) { /* crops in the first, too, cost more than they bring (tests/regression/ablation.md) */
            o->draws[i].right = (uint32_t)(vn_rng_u64(seed, 3, i) % CROP);
            o->draws[i].down = (uint32_t)(vn_rng_u64(seed, 4, i) % CROP);
        }
    }
    const VnTrip *trip = o->scene->platform;
    for (size_t i = 1; trip && i < VN_DRAWS; i += 2) {
        o->draws[i].quality = trip->quality;
        o->draws[i].subsample = trip->subsample;
    }
}

static void clamp_body(void *context, unsigned index, unsigned thread) {
    const VnObjectiveState *o = context;
    size_t start = (size_t)index * CHUNK, total = 3 * o->platform;
    (void)thread;
    for (size_t i = start; i < start + CHUNK && i < total; i++) {
        float change = o->y[i];
        if (o->scene->platform_alpha)
            change *= o->scene->platform_alpha[i % o->platform];
        float v = o->scene->platform_rgb[i] + change;
        o->y[i] = v > 0 ? v < 1 ? v : 1 : 0;
    }
}

/* x moved left and up as the draw's crop does; the last column and row stand for those that a larger picture would have. */
static void crop(VnObjectiveState *o, const VnDraw *draw) {
    size_t w = o->scene->training[draw->training].w, h = o->scene->training[draw->training].h;
    for (size_t c = 0; c < 3 && (draw->right || draw->down); c++)
        for (size_t y = 0; y < h; y++) {
            float *to = o->x + (c * h + y) * w;
            const float *from = o->x + (c * h + (y + draw->down < h ? y + draw->down : h - 1)) * w;
            memmove(to, from + draw->right, (w - draw->right) * sizeof *to);
            for (size_t x = w - draw->right; x < w; x++)
                to[x] = to[x - 1];
        }
}

/* The adjoint of crop, from x_gradient. @return where it is: x serves, which the pass has read */
static const float *crop_adjoint(VnObjectiveState *o, const VnDraw *draw) {
    size_t w = o->scene->training[draw->training].w, h = o->scene->training[draw->training].h;
    if (!draw->right && !draw->down)
        return o->x_gradient;
    memset(o->x, 0, 3 * w * h * sizeof *o->x);
    for (size_t c = 0; c < 3; c++)
        for (size_t y = 0; y < h; y++) {
            const float *from = o->x_gradient + (c * h + y) * w;
            float *to = o->x + (c * h + (y + draw->down < h ? y + draw->down : h - 1)) * w;
            for (size_t x = 0; x < w; x++)
                to[x + draw->right < w ? x + draw->right : w - 1] += from[x];
        }
    return o->x;
}

/* x: the picture (with d, or clean for NULL) on the training grid after the draw's ingest. */
static void ingest(VnObjectiveState *o, const VnDraw *draw, const float *d) {
    const VnScene *s = o->scene;
    if (d)
        vn_resize_apply(o->up, 3, d, o->y, o->scratch, o->pool);
    else
        memset(o->y, 0, 3 * o->platform * sizeof *o->y);
    vn_pool_run(o->pool, (unsigned)((3 * o->platform + CHUNK - 1) / CHUNK), clamp_body, o);
    if (d && o->output_quality)
        vn_jpeg_apply(s->platform_w, s->platform_h, o->output_quality, o->output_subsample, o->y, o->y, o->scratch,
                      o->output_slopes, o->pool);
    if (draw->quality)
        vn_jpeg_apply(s->platform_w, s->platform_h, draw->quality, draw->subsample, o->y, o->y, o->scratch, o->slopes,
                      o->pool);
    vn_resize_apply(o->down[draw->training][draw->filter], 3, o->y, o->x, o->scratch, o->pool);
    crop(o, draw);
}

static void ingest_adjoint(VnObjectiveState *o, const VnDraw *draw, float *gradient) {
    const VnScene *s = o->scene;
    float *g = o->y_gradient;
    vn_resize_adjoint(o->down[draw->training][draw->filter], 3, crop_adjoint(o, draw), g, o->scratch, o->pool);
    if (draw->quality)
        vn_jpeg_adjoint(s->platform_w, s->platform_h, draw->subsample, o->slopes, g, g, o->scratch, o->pool);
    if (o->output_quality)
        vn_jpeg_adjoint(s->platform_w, s->platform_h, o->output_subsample, o->output_slopes, g, g, o->scratch, o->pool);
    for (size_t i = 0; s->platform_alpha && i < 3 * o->platform; i++)
        g[i] *= s->platform_alpha[i % o->platform];
    vn_resize_adjoint(o->up, 3, g, gradient, o->scratch, o->pool);
    for (size_t i = 0; s->grey && i < o->work; i++) {
        float sum = gradient[i] + gradient[o->work + i] + gradient[2 * o->work + i];
        gradient[i] = gradient[o->work + i] = gradient[2 * o->work + i] = sum;
    }
}

/* Replace the latent by the gradient of the surrogate's term by it. @return the term */
static double latent_gradient(const VnSurrogate *s, size_t training, const float *clean, double along) {
    const float *pattern = s->pattern[training];
    size_t latent = s->latent[training];
    double square = 0, product = 0, n = (double)latent, unit = 1 / (s->spread * n);
    for (size_t i = 0; i < latent; i++) {
        s->z[i] -= clean[i];
        square += (double)s->z[i] * s->z[i];
        product += (double)s->z[i] * pattern[i];
    }
    double length = sqrt(square / n), away = length > 0 ? (1 - along) / length : 0;
    for (size_t i = 0; i < latent; i++)
        s->z[i] = (float)(unit * (away * s->z[i] + along * pattern[i]));
    return ((1 - along) * length + along * product / n) / s->spread;
}

/* A surrogate's clean latent after a draw, when it is first met: a short run meets few. */
static void look_at_clean(VnObjectiveState *o, VnSurrogate *s, unsigned draw) {
    if (s->seen_clean & 1u << draw)
        return;
    s->seen_clean |= 1u << draw;
    ingest(o, &o->draws[draw], NULL);
    vn_pass_forward(s->pass[o->draws[draw].training], o->x, s->clean[draw]);
}

double vn_objective_gradient(VnObjectiveState *o, unsigned turn, const float *d, float *gradient) {
    unsigned draw = turn % VN_DRAWS;
    size_t training = o->draws[draw].training;
    unsigned round = turn + turn / VN_DRAWS; /* so that a surrogate meets every draw */
    VnSurrogate *s = &o->surrogates[o->count > 1 && round % 3 == 1 ? 1 + round / 3 % (o->count - 1) : 0];
    look_at_clean(o, s, draw);
    ingest(o, &o->draws[draw], d);
    vn_pass_forward(s->pass[training], o->x, s->z);
    double value = latent_gradient(s, training, s->clean[draw], o->along);
    vn_pass_backward(s->pass[training], s->z, o->x_gradient);
    ingest_adjoint(o, &o->draws[draw], gradient);
    return value;
}

static VernisStatus open_surrogates(VnObjectiveState *o, const VnEncoder *const *encoders, size_t count, uint64_t key,
                                    bool coarse, VnError *err) {
    for (size_t e = 0; e < count; e++) {
        VnSurrogate *s = &o->surrogates[e];
        const VnEncoderInfo *info = vn_encoder_info(encoders[e]);
        size_t values = 0, most = 0;
        o->count = e + 1;
        for (size_t t = 0; t < o->scene->trainings; t++) {
            VnTraining size = o->scene->training[t];
            VN_TRY(vn_pass_open(&s->pass[t], encoders[e], size.w, size.h, true, &o->room, o->pool, err));
            vn_pass_coarse(s->pass[t], coarse);
            s->latent[t] = (size_t)info->latent_channels * (size.w / info->stride) * (size.h / info->stride);
            most = larger(most, s->latent[t]);
            values += s->latent[t];
        }
        for (size_t i = 0; i < VN_DRAWS; i++)
            values += s->latent[o->draws[i].training];
        size_t bytes = vn_mul(values + most, sizeof(float));
        float *p = s->z = vn_malloc(bytes);
        if (!p)
            return vn_no_memory(err, "protect", bytes, "latents");
        p += most;
        for (size_t t = 0; t < o->scene->trainings; p += s->latent[t++]) {
            VnTraining size = o->scene->training[t];
            s->pattern[t] = p;
            vn_pattern(key, info->name, info->latent_channels, size.w / info->stride, size.h / info->stride, p);
        }
        for (size_t i = 0; i < VN_DRAWS; p += s->latent[o->draws[i++].training])
            s->clean[i] = p;
    }
    for (size_t e = 0; e < count; e++) {
        VnSurrogate *s = &o->surrogates[e];
        look_at_clean(o, s, 0);
        double sum = 0, square = 0, n = (double)s->latent[0];
        for (size_t i = 0; i < s->latent[0]; i++) {
            sum += s->clean[0][i];
            square += (double)s->clean[0][i] * s->clean[0][i];
        }
        s->spread = (float)sqrt(fmax(square / n - sum / n * (sum / n), 1e-12));
    }
    return VERNIS_OK;
}

VernisStatus vn_objective_open(VnObjectiveState *out, const VnScene *s, const VnEncoder *const *encoders, size_t count,
                               uint64_t seed, uint64_t key, double along, bool coarse, VnPool *pool, VnError *err) {
    VnObjectiveState *o = out;
    *o = (VnObjectiveState){.scene = s, .pool = pool, .along = along};
    o->work = (size_t)s->work_w * s->work_h;
    o->platform = (size_t)s->platform_w * s->platform_h;
    VN_TRY(vn_resize_open(&o->up, s->work_w, s->work_h, s->platform_w, s->platform_h, VN_FILTER_BICUBIC, err));
    size_t scratch = larger(vn_resize_scratch(o->up, 3), vn_jpeg_scratch(s->platform_w, s->platform_h));
    size_t train = 0;
    for (size_t t = 0; t < s->trainings; t++) {
        VnTraining to = s->training[t];
        for (int f = VN_FILTER_AREA; f <= VN_FILTER_LANCZOS; f++)
            VN_TRY(vn_resize_open(&o->down[t][f], s->platform_w, s->platform_h, to.w, to.h, (VnFilter)f, err));
        scratch = larger(scratch, vn_resize_scratch(o->down[t][0], 3));
        train = larger(train, (size_t)to.w * to.h);
    }
    size_t sizes[] = {3 * o->platform, 3 * o->platform, 3 * train, 3 * train, scratch};
    float **slots[] = {&o->y, &o->y_gradient, &o->x, &o->x_gradient, &o->scratch};
    size_t offsets[sizeof sizes / sizeof *sizes];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        offsets[i] = vn_plan_book(&o->plan, vn_mul(sizes[i], sizeof(float)));
    size_t slopes = vn_jpeg_slopes(s->platform_w, s->platform_h);
    size_t output_slopes = vn_plan_book(&o->plan, slopes);
    slopes = vn_plan_book(&o->plan, slopes);
    VN_TRY(vn_plan_commit(&o->plan, err));
    o->output_slopes = vn_plan_at(&o->plan, output_slopes);
    o->slopes = vn_plan_at(&o->plan, slopes);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        *slots[i] = vn_plan_at(&o->plan, offsets[i]);
    draw_ingests(o, seed);
    return open_surrogates(o, encoders, count, key, coarse, err);
}

void vn_objective_close(VnObjectiveState *o) {
    for (size_t e = 0; e < o->count; e++) {
        for (size_t t = 0; t < VN_MAX_TRAININGS; t++)
            vn_pass_close(&o->surrogates[e].pass[t]);
        vn_free(o->surrogates[e].z);
    }
    vn_pass_room_free(&o->room);
    vn_resize_close(&o->up);
    for (size_t t = 0; t < VN_MAX_TRAININGS; t++)
        for (int f = VN_FILTER_AREA; f <= VN_FILTER_LANCZOS; f++)
            vn_resize_close(&o->down[t][f]);
    vn_plan_free(&o->plan);
    *o = (VnObjectiveState){0};
}
