/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The step loop: expectation over ingest, momentum, and a visibility that is met rather than an epsilon.
 */
#ifndef VN_PROTECT_OPTIMISE_H
#define VN_PROTECT_OPTIMISE_H

#include "protect/protect.h"
#include "protect/vis_metric.h"

/** The picture as the loop sees it. Planes are sRGB 0..1. */
typedef struct VnScene {
    uint32_t work_w, work_h;         /**< the grid that the perturbation lives on */
    uint32_t platform_w, platform_h; /**< what a platform serves, at most */
    uint32_t train_w, train_h;       /**< what a trainer feeds the encoder */
    const float *work_rgb;           /**< (3,h,w) the clean picture on the work grid */
    const float *platform_rgb;       /**< (3,H,W) and on the platform's, over white */
    const float *platform_alpha;     /**< (H,W), or NULL for an opaque picture */
    bool grey;                       /**< the same perturbation in all three planes */
    bool posted_is_platform;         /**< the platform grid is the posted picture itself */
} VnScene;

/** Perturb the scene.
 * @param budget (3,h,w) from vn_budget_from_metric
 * @param deadline seconds on the monotonic clock at which to stop, or 0; one step is always made
 * @param d (3,h,w) receives the perturbation, of the visibility asked for by the linear model
 * @param steps receives the number of steps made
 * @return VERNIS_E_CANCELLED when the caller's hook says so */
VernisStatus vn_optimise(const VnScene *scene, VnVisMetric *metric, const float *budget, const VnEncoder *const *encoders,
                         size_t encoder_count, const VnProtectParams *params, double deadline, VnPool *pool, float *d,
                         int *steps, VnError *err);

double vn_monotonic_seconds(void);

/** The artist's pattern for one encoder: smooth field over an 8x8 grid of directions in latent space, root mean square 1.
 * Depends on the key and the encoder's name only. @param out (channels,h,w) */
void vn_pattern(uint64_t key, const char *encoder_name, unsigned channels, uint32_t w, uint32_t h, float *out);

#endif
