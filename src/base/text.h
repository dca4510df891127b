/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Text that grows, for what prints tables and pages.
 */
#ifndef VN_BASE_TEXT_H
#define VN_BASE_TEXT_H

#include "base/mem.h"

/** Append formatted text; what goes beyond 2047 bytes in one call is cut off. */
__attribute__((format(printf, 3, 4))) VernisStatus vn_text_add(VnBytes *text, VnError *err, const char *format, ...);

/** End the text and hand it over, or free it when status is a failure. @return status, or VERNIS_E_MEMORY */
VernisStatus vn_text_finish(VnBytes *text, char **out, VernisStatus status, VnError *err);

#endif
