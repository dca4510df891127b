/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * A latitude or a longitude as XMP writes it: "48,08.229240N", degrees and decimal minutes (GPSCoordinate of ISO 16684-2; Exif
 * has three rationals for the same).
 */
#ifndef VN_META_COORDINATE_H
#define VN_META_COORDINATE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct VnCoordinate {
    uint64_t micro; /**< millionths of a minute of arc, two millimetres on the ground */
    char side;      /**< 'N', 'S', 'E' or 'W' */
} VnCoordinate;

/** "DDD,MM.mmmK" or "DDD,MM,SSK"; what is beyond millionths of a minute is cut.
 * @param sides "NS" or "EW" @return false: it is neither, or beyond 90 or 180 degrees */
bool vn_coordinate_read(VnCoordinate *out, const char *text, const char *sides);
/** From degrees, always in the first of these forms and with six decimals. @return false: out of range, or not a number */
bool vn_coordinate_text(char out[24], double degrees, char side);

#endif
