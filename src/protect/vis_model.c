/* SPDX-License-Identifier: Apache-2.0 */
#include "protect/vis_model.h"

#include <math.h>
#include <string.h>

#include "kern/kern.h"

#include "protect/vis_fit.h"

/* Grain on flat colour and smooth gradients is what people notice first, beside an outline as well, and butteraugli, which
 * the constants were fitted to, counts it no more than the same in faint texture, and less beside an outline. So while a
 * protection is made, where the clean picture is smooth, squared sensitivities are up to 1 + flat times the others',
 * those of colour 1 + COLOUR times more again, and nothing masks: neither an edge nearby nor faint texture
 * (tests/regression/visibility.md). All are `level` times that, so that pictures of all kinds together keep nearly the
 * mean that is meant. On white paper only ON_PAPER of it counts: little of a change fits under white, what does is hardly
 * seen, and line art lives of it. */
static const float FLAT_CONTRAST = 0.0055f, PAPER = 0.15f, ON_PAPER = 0.1f, COLOUR = 1.5f;
/* Times FLAT_CONTRAST: where ground masks half. */
static const float MASK_HALF = 0.71f;

/* The constants were fitted to crops. Over whole pictures, where the optimiser finds the places that the fit takes too
 * lightly, butteraugli's figures are higher (tests/regression/visibility.md): squared sensitivities are so many times the
 * fitted. On white paper, where only what darkens fits, they are WHITE less: portraits on
 * white had been taken for 1.16 times as visible as butteraugli has them. */
static const float WHOLE = 1.2f, WHITE = 0.2f;

const double vn_vis_sigma[VN_VIS_BANDS - 1] = {VIS_SIGMA_1, VIS_SIGMA_2, VIS_SIGMA_3};

VernisStatus vn_vis_blurs_open(VnVisBlurs *out, uint32_t width, uint32_t height, double scale_x, double scale_y,
                               VnError *err) {
    VernisStatus status = VERNIS_OK;
    *out = (VnVisBlurs){.width = width, .height = height};
    VnResize **slot[] = {&out->band[0],  &out->band[1], &out->band[2], &out->fine,
                         &out->contrast, &out->light,   &out->pool};
    const double sigma[] = {VIS_SIGMA_1,        VIS_SIGMA_2,     VIS_SIGMA_3,   VIS_SIGMA_FINE,
                            VIS_SIGMA_CONTRAST, VIS_SIGMA_LIGHT, VIS_SIGMA_POOL};
    for (size_t i = 0; i < sizeof slot / sizeof *slot; i++)
        VN_CHECK(vn_resize_open_blur(slot[i], width, height, sigma[i] / scale_x, sigma[i] / scale_y, err));
    for (size_t i = 0; i < VN_VIS_GAMMA + 2; i++) {
        double v = (double)i / VN_VIS_GAMMA;
        out->gamma[i] = (float)(v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
    }
done:
    if (status != VERNIS_OK)
        vn_vis_blurs_close(out);
    return status;
}

void vn_vis_blurs_close(VnVisBlurs *blurs) {
    for (size_t i = 0; i < VN_VIS_BANDS - 1; i++)
        vn_resize_close(&blurs->band[i]);
    vn_resize_close(&blurs->fine);
    vn_resize_close(&blurs->contrast);
    vn_resize_close(&blurs->light);
    vn_resize_close(&blurs->pool);
}

size_t vn_vis_blurs_scratch(const VnVisBlurs *blurs) { return vn_resize_scratch(blurs->pool, 3); }

/* Linear light by interpolation in the table; *slope receives its derivative. */
static inline float decode(const float *gamma, float v, float *slope) {
    float t = (v > 0 ? v < 1 ? v : 1 : 0) * VN_VIS_GAMMA;
    int i = (int)t;
    *slope = (gamma[i + 1] - gamma[i]) * VN_VIS_GAMMA;
    return gamma[i] + (gamma[i + 1] - gamma[i]) * (t - (float)i);
}

void vn_vis_opponent(const VnVisBlurs *blurs, const float *rgb, float *out, size_t n) {
    vn_kern()->opponent(out, n, rgb, blurs->gamma, VN_VIS_GAMMA, &vis_cone[0][0], vis_bias, n);
}

void vn_vis_jacobian(const VnVisBlurs *blurs, const float *rgb, float *out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        float slope[3], root[3], l[3];
        for (size_t j = 0; j < 3; j++)
            l[j] = decode(blurs->gamma, rgb[j * n + i], &slope[j]);
        for (size_t k = 0; k < 3; k++) {
            float c = cbrtf(vis_cone[k][0] * l[0] + vis_cone[k][1] * l[1] + vis_cone[k][2] * l[2] + vis_bias[k]);
            root[k] = 1 / (3 * c * c);
        }
        for (size_t j = 0; j < 3; j++) {
            float a = root[0] * vis_cone[0][j] * slope[j], b = root[1] * vis_cone[1][j] * slope[j];
            out[j * n + i] = 5 * (a - b);
            out[(3 + j) * n + i] = 0.5f * (a + b);
            out[(6 + j) * n + i] = root[2] * vis_cone[2][j] * slope[j];
        }
    }
}

/* The geometric mean of a band's size around each pixel: as texture masks and a lone edge does not, it must be small
 * where only some of the surroundings have contrast. The finest band's harmonic mean is smaller still, and over a wider
 * neighbourhood: a third of it flat makes it so, on an outline and on the strip beside it, and not among texture. */
void vn_vis_surround(const VnVisBlurs *blurs, const float *opponent, float *out, float *work, float *scratch,
                     VnPool *pool) {
    size_t n = (size_t)blurs->width * blurs->height;
    const float *opponent_y = opponent + n;
    float *last = work, *next = work + n;
    memcpy(last, opponent_y, n * sizeof *last);
    for (size_t k = 0; k < VN_VIS_BANDS - 1; k++) {
        float *contrast = out + k * n;
        vn_resize_apply(blurs->band[k], 1, opponent_y, next, scratch, pool);
        for (size_t i = 0; i < n; i++)
            last[i] = fabsf(last[i] - next[i]);
        vn_resize_apply(blurs->fine, 1, last, contrast, scratch, pool);
        if (k == 0) {
            for (size_t i = 0; i < n; i++)
                last[i] = 1 / (contrast[i] + VIS_CONTRAST_FLOOR);
            vn_resize_apply(blurs->light, 1, last, out + 5 * n, scratch, pool);
        }
        for (size_t i = 0; i < n; i++)
            last[i] = logf(contrast[i] + VIS_CONTRAST_FLOOR);
        vn_resize_apply(blurs->contrast, 1, last, contrast, scratch, pool);
        for (size_t i = 0; i < n; i++)
            contrast[i] = expf(contrast[i]);
        float *swap = last;
        last = next;
        next = swap;
    }
    for (size_t plane = 1; plane < 3; plane++) { /* the light of all colours, then of blue */
        const float *root = opponent + plane * n;
        for (size_t i = 0; i < n; i++)
            last[i] = root[i] * root[i] * root[i];
        vn_resize_apply(blurs->light, 1, last, out + (2 + plane) * n, scratch, pool);
    }
}

static float between(double care, double least, double most) { return (float)(least + care * (most - least)); }

VnVisGuard vn_vis_guard(double care) {
    return (VnVisGuard){.flat = between(care, 0.85, 1.9),
                        .level = between(care, 0.63, 0.6),
                        .half = between(care, 0.5, 1),
                        .paper = (float)care};
}

/* The less of the middle band's contrast around a place and of the finest band's harmonic mean: ground between edges of pixel
 * art and on a rim, a lid or a ribbon a few pixels wide is flat, too. 1 where ground is half flat. */
static float texture(const float *surround, size_t step) {
    return fminf(surround[step], 1 / surround[5 * step]) / FLAT_CONTRAST;
}

/* What of a place's guard counts: 1, less on white paper. */
static float below_white(const float *surround, size_t step) {
    return fmaxf(ON_PAPER, fminf(1, (1 - surround[3 * step]) / PAPER));
}

static float share_of_ground(float t, float half) {
    float rough = t * t / (half * half);
    return 1 / (1 + rough * rough);
}

float vn_vis_ground(const float *surround, size_t step, const VnVisGuard *guard) {
    float below = below_white(surround, step);
    return (below + guard->paper * (1 - below)) * share_of_ground(texture(surround, step), guard->half);
}

void vn_vis_sensitivity(const float *surround, size_t step, const VnVisGuard *guard, float *out) {
    float light = logf((surround[3 * step] + VIS_LIGHT_FLOOR) / 0.3f);
    float blue = logf((surround[4 * step] + VIS_LIGHT_FLOOR) / 0.3f);
    float below = below_white(surround, step), level = WHOLE * (1 - WHITE * (1 - below)), masked = 1, colour = 1;
    if (guard) {
        float t = texture(surround, step);
        level *= guard->level * (1 + guard->flat * below / (1 + t * t));
        masked -= below * share_of_ground(t, MASK_HALF);
        colour += COLOUR * below * share_of_ground(t, guard->half);
    }
    for (size_t p = 0; p < 3; p++) {
        float contrast[3], lift = level * expf(vis_light_power[p] * light + vis_blue_power[p] * blue);
        lift *= p == 1 ? 1 : colour;
        for (size_t c = 0; c < 3; c++)
            contrast[c] = masked * log1pf(vis_mask_gain[c][p] * surround[c * step]);
        for (size_t k = 0; k < VN_VIS_BANDS; k++) {
            float fall = 0;
            for (size_t c = 0; c < 3; c++)
                fall += vis_mask_power[c][k] * contrast[c];
            out[k * 3 + p] = vis_weight[k][p] * lift * (expf(-fall) + vis_floor[k][p]);
        }
    }
}

double vn_vis_pooled(const double sums[3], double count) {
    return (pow(sums[0] / count, 1. / 3) + pow(sums[1] / count, 1. / 6) + pow(sums[2] / count, 1. / 12)) / 3;
}
