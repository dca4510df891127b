/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The perceptual model behind visibility: how much the eye makes of a small change at one place, given the clean
 * picture around it. Both users share it: visibility.c (two pictures at their posted size) and vis_metric.c (a
 * perturbation on the work grid, with its gradient).
 *
 * Colours go through cone-like mixtures and a cube root to three opponent planes; the change is split into four bands
 * by Gaussian blurs; each band and plane has a sensitivity that falls with the contrast of the clean picture
 * (masking) and depends on its light and its blue light; the weighted squares are summed and smoothed to a squared visibility for
 * each pixel; the whole picture's figure is the mean of the 3-, 6- and 12-norm over the pixels, which is what
 * butteraugli calls its 3-norm. The constants are fitted to butteraugli's answers on real art by
 * tools/calibrate_visibility.py; the note at the top of vis_fit.h states the error on pictures that were held out. On
 * flat colour, and beside its outlines, the sensitivities are then raised: people notice grain there sooner than butteraugli
 * has it.
 */
#ifndef VN_PROTECT_VIS_MODEL_H
#define VN_PROTECT_VIS_MODEL_H

#include "protect/ingest.h"

enum {
    VN_VIS_BANDS = 4,
    VN_VIS_MAPS = 3 * VN_VIS_BANDS,  /**< sensitivities: band-major, then the planes X, Y, B */
    VN_VIS_PLANES = VN_VIS_MAPS + 1, /**< sensitivities, then vn_vis_ground */
    VN_VIS_SURROUND = 6, /**< contrast of Y in three bands, light, blue light, 1 / the finest band's harmonic mean */
    VN_VIS_GAMMA = 1024  /**< steps of the sRGB table */
};

/** Standard deviations of the band blurs, in posted pixels. */
extern const double vn_vis_sigma[VN_VIS_BANDS - 1];

/** The blurs for pictures of one size. `scale` is posted pixels per pixel of this picture, at least 1. */
typedef struct VnVisBlurs {
    uint32_t width, height;
    VnResize *band[VN_VIS_BANDS - 1], *fine, *contrast, *light, *pool;
    float gamma[VN_VIS_GAMMA + 2]; /**< sRGB 0..1 to linear light */
} VnVisBlurs;
VernisStatus vn_vis_blurs_open(VnVisBlurs *out, uint32_t width, uint32_t height, double scale_x, double scale_y,
                               VnError *err);
void vn_vis_blurs_close(VnVisBlurs *blurs);           /**< takes a zeroed struct */
size_t vn_vis_blurs_scratch(const VnVisBlurs *blurs); /**< floats, for three planes at once */

/** @param rgb (3,n) sRGB 0..1; @param out (3,n) opponent X, Y, B */
void vn_vis_opponent(const VnVisBlurs *blurs, const float *rgb, float *out, size_t n);
/** @param out (9,n): derivative of opponent plane i by colour j at i * 3 + j */
void vn_vis_jacobian(const VnVisBlurs *blurs, const float *rgb, float *out, size_t n);

/** Contrast and light of the clean picture. @param opponent (3,n); @param out (VN_VIS_SURROUND,n); @param work (2,n) */
void vn_vis_surround(const VnVisBlurs *blurs, const float *opponent, float *out, float *work, float *scratch,
                     VnPool *pool);
/** What of a change people see sooner than butteraugli has it, while a protection is made. */
typedef struct VnVisGuard {
    float flat;  /**< squared sensitivities of flat ground are up to 1 + flat times the others' */
    float level; /**< all are so many times what they would be */
    float
        half; /**< where half of a change counts as smooth ground's (grain.h), times the contrast of half flat ground */
    float paper; /**< how much of white paper counts as smooth ground, 0 to 1 */
} VnVisGuard;
/** @param care 0 to 1. 0: only for what butteraugli hardly counts and everyone sees; 1: for the look before the effect */
VnVisGuard vn_vis_guard(double care);

/** Squared sensitivities at one place. @param surround values `step` apart; @param guard NULL: as butteraugli has them;
 * @param out VN_VIS_MAPS values */
void vn_vis_sensitivity(const float *surround, size_t step, const VnVisGuard *guard, float *out);

/** The share of smooth ground at one place of the clean picture: 1 for flat colour, 0 among texture.
 * @param surround values `step` apart; @param guard not NULL */
float vn_vis_ground(const float *surround, size_t step, const VnVisGuard *guard);

/** The figure of a picture from its sums of D^3, D^6 and D^12 over `count` pixels. */
double vn_vis_pooled(const double sums[3], double count);

#endif
