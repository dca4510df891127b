/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The grain of the perturbation on smooth ground: as fine and even as film's.
 *
 * An encoder answers most to a few orientations and to a narrow band of spatial frequencies, so an optimiser draws a
 * regular weave of them over the whole ground, or, held from that, ripples like leather's. butteraugli counts either no
 * more than the grain of film with as much in every band; people see the weave and the ripples first, and grain that has
 * every frequency and direction alike, last. So what lies on smooth ground gets an even spectrum in a broad band, and
 * single lines in it are held down (tests/regression/ablation.md, "The weave", "The lattice" and "Grain").
 */
#ifndef VN_PROTECT_GRAIN_H
#define VN_PROTECT_GRAIN_H

#include "protect/ingest.h"

typedef struct VnGrainBed {
    uint32_t w, h;
    const float *ground; /**< (h,w) 0..1, the share of a pixel's change that is taken for smooth ground */
    const float *room; /**< (h,w) > 0, sRGB units, how large a change may be there: the grain is even in units of it */
    double scale_x, scale_y; /**< pixels of the picture as it is looked at for one of d */
} VnGrainBed;

/** Even out the grain of a change. Of what lies apart from smooth ground nothing is taken. It has at most about the energy that
 * it had; the caller scales. @param d (3,h,w) sRGB units
 * @return VERNIS_OK, or VERNIS_E_MEMORY with d as it was */
VernisStatus vn_grain_even(const VnGrainBed *bed, float *d, VnPool *pool, VnError *err);

#endif
