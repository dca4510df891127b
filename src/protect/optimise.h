/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The step loop: expectation over ingest, momentum, and a visibility that is met rather than an epsilon.
 */
#ifndef VN_PROTECT_OPTIMISE_H
#define VN_PROTECT_OPTIMISE_H

#include "protect/chroma.h"
#include "protect/objective.h"
#include "protect/protect.h"
#include "protect/vis_metric.h"

/** Perturb the scene.
 * @param chroma of the same scene
 * @param budget (3,h,w) from vn_budget_from_metric, by vn_chroma_narrow
 * @param deadline seconds on the monotonic clock at which to stop, or 0; one step is always made
 * @param d (3,h,w) receives the perturbation, of at most the visibility asked for by the linear model
 * @param steps receives the number of steps made
 * @return VERNIS_E_CANCELLED when the caller's hook says so */
VernisStatus vn_optimise(const VnScene *scene, VnVisMetric *metric, const VnChroma *chroma, const float *budget,
                         const VnEncoder *const *encoders, size_t encoder_count, const VnProtectParams *params,
                         double deadline, VnPool *pool, float *d, int *steps, VnError *err);

/** Where the loop starts: a pattern that moves encoders on any picture (start_tile.h), repeated over the training grid, as
 * strong everywhere as the budget allows. The artist's key says at which of 64 places it begins, so that it lies the same on
 * everything one artist posts. Not scaled. @param budget,d (3,h,w) */
void vn_start(const VnScene *scene, const float *budget, uint64_t key, float *d);

double vn_monotonic_seconds(void);

#endif
