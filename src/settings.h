/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Private helpers over <vernis/settings.h> for the library's own reading.
 */
#ifndef VN_SETTINGS_H
#define VN_SETTINGS_H

#include <stdbool.h>

#include <vernis/settings.h>

/** Parse "300", "64K", "2M", "1G" into bytes. @return false when it is not such a number */
bool vn_parse_size(const char *text, double *bytes);

#endif
