/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * ICC profiles made with Little CMS; the same bytes each time (creation date and profile identity are zero).
 * Private to src/image/.
 */
#ifndef VN_IMAGE_ICC_H
#define VN_IMAGE_ICC_H

#include <stdbool.h>

#include "base/mem.h"

/** @return true if the profile's header names the colour space of pixels with that many colours: 1 grey, 3 RGB. */
bool vn_icc_fits(const VnBytes *icc, unsigned colours);

/** sRGB (IEC 61966-2-1): RGB, or a grey profile with its curve. */
VernisStatus vn_icc_srgb(VnBytes *out, unsigned colours, VnError *err);

/** A profile from PNG's numbers. @param gamma decoding exponent; 0: the sRGB curve.
 * @param xy white, red, green and blue chromaticities x, y; NULL: those of sRGB
 * @return VERNIS_E_FORMAT if no profile can have these numbers */
VernisStatus vn_icc_from_gamma(VnBytes *out, unsigned colours, double gamma, const double xy[8], VnError *err);

#endif
