/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * A small copy of a picture: what PDQ, which sees luma at low frequencies alone, is checked by.
 */
#ifndef VN_LEDGER_THUMBNAIL_H
#define VN_LEDGER_THUMBNAIL_H

#include <vernis/ledger.h>

#include "image/image.h"

enum { VN_THUMBNAIL_SIDE = 32 };
_Static_assert(VN_THUMBNAIL_SIDE *VN_THUMBNAIL_SIDE * 3 == VERNIS_THUMBNAIL_BYTES, "red, green and blue of each cell");

/** The mean of each of 32x32 equal parts of a picture of 1 or 3 colours, alpha over white, rows from the top, RGB. */
VernisStatus vn_thumbnail(uint8_t out[VERNIS_THUMBNAIL_BYTES], const VnImage *image, VnError *err);

/** Whether two thumbnails show the same, but for what encoding and resizing do.
 * @param orientation of VnPdq's bits, into which `found` is brought first
 * @param distance of the fingerprints, bits: the further they are apart, the closer the thumbnails must be */
bool vn_thumbnail_agrees(const uint8_t known[VERNIS_THUMBNAIL_BYTES], const uint8_t found[VERNIS_THUMBNAIL_BYTES],
                         unsigned orientation, int distance);

#endif
