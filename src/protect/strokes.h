/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The strokes of the clean picture: hair, grass, hatching, outlines.
 *
 * Their contrast masks a change that runs with them, and hardly one that lies across: masking is selective for
 * orientation (Foley 1994, "Human luminance pattern-vision mechanisms: masking experiments require a new model").
 * butteraugli, and the model here, have no orientation and let a stroke hide either. So what varies along a stroke is
 * smoothed out of every step.
 */
#ifndef VN_PROTECT_STROKES_H
#define VN_PROTECT_STROKES_H

#include "protect/ingest.h"

/** @param rgb (3,h,w) sRGB 0..1, the clean picture
 * @param strokes (2,h,w) receives, right and down, the direction along which it changes least; its length, 0 to 1, is how
 * sure that is
 * @return VERNIS_OK or VERNIS_E_MEMORY */
VernisStatus vn_strokes_find(uint32_t w, uint32_t h, const float *rgb, float *strokes, VnPool *pool, VnError *err);

/** Smooth along the strokes, by `care` times their length. @param in,out (3,h,w), apart */
void vn_strokes_follow(uint32_t w, uint32_t h, const float *strokes, float care, const float *in, float *out,
                       VnPool *pool);

#endif
