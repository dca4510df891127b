/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * What can be shown of a change: fields as heat, the difference, a crop. Private to src/report/.
 */
#ifndef VN_REPORT_HEAT_H
#define VN_REPORT_HEAT_H

#include "report/report.h"

/** A field in colours from dark blue (0) over red to pale yellow (`most` and above), darkened where the picture is dark
 * so that one can find one's way. @param picture of any size, laid under the field; the result has its size */
VernisStatus vn_heat_image(VnImage *out, const VnField *field, float most, const VnImage *picture, VnError *err);

/** Grey plus `gain` times the change. @param a,b of one size, 1 or 3 colours */
VernisStatus vn_difference_image(VnImage *out, const VnImage *a, const VnImage *b, int gain, VnError *err);

/** The corner of a square of at most `side` pixels around the field's largest value. */
void vn_spot_find(const VnField *field, const VnImage *image, uint32_t side, uint32_t *x, uint32_t *y);
/** That square, 8 bits without alpha. */
VernisStatus vn_crop_image(VnImage *out, const VnImage *image, uint32_t x, uint32_t y, uint32_t side, VnError *err);

/** The value that `share` of a field's values lie below. To one part in 4096 of the largest. */
float vn_field_quantile(const VnField *field, double share);

#endif
