/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The perceptual model over pictures at their posted size, tile by tile: memory does not grow with the picture.
 */
#ifndef VN_PROTECT_VISIBILITY_H
#define VN_PROTECT_VISIBILITY_H

#include "image/image.h"
#include "protect/vis_model.h"

/** Squared sensitivities of a clean picture, guarded, and its share of smooth ground (vis_model.h; 0 where nothing shows),
 * sampled at the centres of a (h,w) grid laid over it.
 * @param care as in vn_vis_guard; @param out (VN_VIS_PLANES,h,w) */
VernisStatus vn_visibility_sensitivity(const VnImage *image, double care, uint32_t w, uint32_t h, float *out,
                                       VnPool *pool, VnError *err);

/** What a protection is driven to: vn_visibility with guarded sensitivities (vis_model.h), of a sample of the tiles, a tenth
 * or so of a large picture and all of one under two megapixels: for comparing changes of one kind, as a search for an
 * amplitude does. @param care as in vn_vis_guard;
 * @param whole also the whole picture's figure, at its full cost; may be NULL */
VernisStatus vn_visibility_guarded(double *sample, double *whole, double care, const VnImage *a, const VnImage *b,
                                   VnPool *pool, VnError *err);

/** vn_visibility of such a sample. */
VernisStatus vn_visibility_sample(double *out, const VnImage *a, const VnImage *b, VnPool *pool, VnError *err);

/** How visible the change from `a` to `b` is at the centres of a (h,w) grid laid over them, no finer than the
 * pictures: the local quantity that vn_visibility pools. @param out (h,w) */
VernisStatus vn_visibility_map(const VnImage *a, const VnImage *b, uint32_t w, uint32_t h, float *out, VnPool *pool,
                               VnError *err);

/** The local budget of a clean picture on a (h,w) grid, no finer than the picture: how far a sample may go for equal
 * visibility, the mean of the three colours. @param out (h,w), sRGB units, scaled as vn_budget_from_metric says */
VernisStatus vn_budget_map(const VnImage *image, double care, uint32_t w, uint32_t h, float *out, VnPool *pool,
                           VnError *err);

#endif
