/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Visibility of a perturbation on the work grid: the perceptual model made linear around the clean picture, with its
 * exact gradient. A norm of the perturbation: twice as much is twice as visible.
 */
#ifndef VN_PROTECT_VIS_METRIC_H
#define VN_PROTECT_VIS_METRIC_H

#include "protect/vis_model.h"

typedef struct VnVisMetric {
    uint32_t width, height;
    VnVisBlurs blurs;
    double sigma[VN_VIS_BANDS - 1]; /* of the band blurs, in grid cells */
    float *sensitivity;             /* (VN_VIS_MAPS,n), squared */
    float *ground;                  /* (n) after them */
    float *jacobian;                /* (9,n) opponent by colour */
    float *bands;                   /* (VN_VIS_MAPS,n) of the last perturbation */
    float *change, *work;           /* (3,n) each */
    float *field, *pooled;          /* (n) each */
    float *scratch;
    double (*sums)[3]; /* of D^3, D^6, D^12, for each chunk of pixels */
    VnPool *pool;
} VnVisMetric;

/** @param rgb (3,n) the clean picture on the grid; @param scale_x,scale_y posted pixels per grid cell.
 * The caller fills `sensitivity` and `ground` afterwards, and frees with vn_vis_metric_close whether this succeeds or not. */
VernisStatus vn_vis_metric_open(VnVisMetric *out, uint32_t width, uint32_t height, const float *rgb, double scale_x,
                                double scale_y, VnPool *pool, VnError *err);
void vn_vis_metric_close(VnVisMetric *metric); /**< takes a zeroed struct */

/** @param d (3,n) perturbation in sRGB units
 * @param gradient (3,n) or NULL: by d, of the figure's 3-norm alone; the 6- and 12-norm would pull at a few pixels
 * only, and as pressure in the loop they measured worse (shift at visibility 2.0: 0.70 with, 0.72 without)
 * @return the figure */
double vn_vis_metric_value(VnVisMetric *metric, const float *d, float *gradient);

/** The local budget: how far each sample may go for equal visibility, from the diagonal of the model's quadratic form:
 * what a change of that sample alone does, if the samples' changes are unrelated. Flat places get little, texture much.
 * @param out (3,n), sRGB units; the whole scaled so that a change of random signs has a figure of 1 */
void vn_budget_from_metric(VnVisMetric *metric, float *out);

#endif
