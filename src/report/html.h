/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Pieces of a page. Private to src/report/.
 */
#ifndef VN_REPORT_HTML_H
#define VN_REPORT_HTML_H

#include "base/text.h"
#include "image/format.h"

/** Append foreign text so that it can stand between tags and inside a quoted attribute: nothing in it is markup, bytes
 * that are not UTF-8 and control characters become U+FFFD. */
VernisStatus vn_html_text(VnBytes *out, const char *text, VnError *err);

/** Append <img> with the picture inside, as a data: URI. The alternative text is escaped, the other strings are not.
 * @param image 8 bits without alpha
 * @param quality of a JPEG, or 0 for a PNG
 * @param attributes further ones, such as "class=\"spot\"" */
VernisStatus vn_html_image(VnBytes *out, const VnImage *image, int quality, const char *alt, const char *name,
                           const char *attributes, VnError *err);

#endif
