/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The perceptual model over pictures at their posted size, tile by tile: memory does not grow with the picture.
 */
#ifndef VN_PROTECT_VISIBILITY_H
#define VN_PROTECT_VISIBILITY_H

#include "image/image.h"
#include "protect/vis_model.h"

/** Squared sensitivities of a clean picture, sampled at the centres of a (h,w) grid laid over it.
 * @param out (VN_VIS_MAPS,h,w) */
VernisStatus vn_visibility_sensitivity(const VnImage *image, uint32_t w, uint32_t h, float *out, VnPool *pool,
                                       VnError *err);

#endif
