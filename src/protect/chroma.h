/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Limits on what the perturbation does to colour.
 *
 * butteraugli, and so the model that predicts it, hardly counts blue on dark and yellow grounds; an optimiser finds that
 * out and paints there, and people see it. CIELAB counts it, and S-CIELAB (Zhang and Wandell, "A spatial extension of CIELAB
 * for digital color image reproduction", SID 1996) counts it after a blur like the eye's. Here chroma difference is
 * that of CIELAB's a* and b* (CIE 15), linear around the clean picture.
 */
#ifndef VN_PROTECT_CHROMA_H
#define VN_PROTECT_CHROMA_H

#include "protect/objective.h"

enum { VN_CHROMA_LIMITS = 2 };

/** A limit on the chroma difference that is left after a blur. */
typedef struct VnChromaLimit {
    double sigma; /**< of the blur, in pixels of what a platform serves */
    double most;  /**< CIELAB units for a visibility of 1 */
} VnChromaLimit;

typedef struct VnChroma {
    const VnScene *scene;
    VnPool *pool;
    VnChromaLimit limits[VN_CHROMA_LIMITS];
    VnResize *blurs[VN_CHROMA_LIMITS];
    float *slope; /**< (6,n): of linear light by sRGB's R, G, B; of CIELAB's f by X, Y, Z over white */
    float *change, *blurred, *scratch; /**< (2,n) each: a* and b* */
    VnPlan plan;
} VnChroma;

/** The scene is kept. vn_chroma_close takes what a failure leaves behind. */
VernisStatus vn_chroma_open(VnChroma *out, const VnScene *scene, const VnChromaLimit limits[VN_CHROMA_LIMITS],
                            VnPool *pool, VnError *err);
void vn_chroma_close(VnChroma *chroma); /**< takes a zeroed struct */

/** Narrow a budget to 1 / sqrt(1 / budget^2 + (slope / most)^2) with the slope of a sample's own chroma difference: no
 * budget is then wider than before, nor a chroma difference of `most`. A grey scene's stays as it is.
 * @param budget (3,h,w) sRGB units; @param most in CIELAB units */
void vn_chroma_narrow(const VnChroma *chroma, float *budget, double most);

/** Take out of d what its chroma difference after each limit's blur exceeds that limit by, at equal L*. One call takes less
 * out of what the blur passes less of. A grey scene has nothing to take.
 * @param d (3,h,w) sRGB units; @param visibility that the limits are for */
void vn_chroma_limit(const VnChroma *chroma, float *d, double visibility);

#endif
