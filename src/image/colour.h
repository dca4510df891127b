/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Colour management through Little CMS (lcms2).
 */
#ifndef VN_IMAGE_COLOUR_H
#define VN_IMAGE_COLOUR_H

#include "image/bag.h"
#include "image/image.h"

/** Convert to the working space: sRGB (IEC 61966-2-1) for RGB and CMYK, grey with the sRGB curve for grey. Relative
 * colorimetric with black point compensation; alpha and depth are kept; CMYK without a profile is converted by the
 * plain formula (1-C)(1-K), as browsers and trainers' loaders do. A profile that does not fit the pixels or cannot
 * be read is ignored with a text in `warning` (may be NULL, capacity 200). Untagged pixels are taken as sRGB and
 * unchanged. */
VernisStatus vn_colour_to_work(VnImage *image, const VnBag *bag, VnPool *pool, char *warning, VnError *err);

/** @return true when the bag's profile is sRGB in all but name (primaries and curve), or there is none. */
bool vn_colour_is_srgb(const VnBag *bag);

/** The profile's description in UTF-8, "" when unreadable; for inspect and messages. */
void vn_colour_describe(const VnBag *bag, char *out, size_t capacity);

#endif
