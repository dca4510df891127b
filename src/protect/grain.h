/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The grain of the perturbation on smooth ground: no direction and no lattice may stand out of it.
 *
 * An encoder answers most to a few orientations, so an optimiser draws a regular weave of them over the whole ground. butteraugli
 * counts a weave no more than the irregular grain of paper with as much in every band; people see the weave first. So
 * the spectrum of what lies on smooth ground is taken down, wherever it has more than the mean of its spatial frequency over
 * all directions, to that mean, and single lines in it to a few times that (tests/regression/ablation.md, "The weave" and
 * "The lattice").
 */
#ifndef VN_PROTECT_GRAIN_H
#define VN_PROTECT_GRAIN_H

#include "protect/ingest.h"

/** Even out the directions and lines of a change. Of what lies apart from smooth ground nothing is taken.
 * @param ground (h,w) 0..1, the share of a pixel's change that is taken for smooth ground; @param d (3,h,w)
 * @return VERNIS_OK, or VERNIS_E_MEMORY with d as it was */
VernisStatus vn_grain_even(uint32_t w, uint32_t h, const float *ground, float *d, VnPool *pool, VnError *err);

#endif
