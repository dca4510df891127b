/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Text as it goes in and out of metadata: UTF-8, white space trimmed at both ends, line ends LF, without control
 * characters (tab and LF stay) and without U+FFFE and U+FFFF, which XML 1.0 section 2.2 forbids.
 */
#ifndef VN_META_METATEXT_H
#define VN_META_METATEXT_H

#include <stdbool.h>

#include "base/mem.h"

/** Most bytes kept of one foreign value; longer ones are cut between characters. The longest IIM field has 2000. */
enum { VN_TEXT_MAX = 4000 };

/** Text of a foreign file: UTF-8 when it is valid, else taken as Latin-1 (ISO 8859-1); cut to VN_TEXT_MAX.
 * @param out heap, or NULL when nothing but white space is left */
VernisStatus vn_text_foreign(char **out, const void *bytes, size_t size, VnError *err);

/** Text of the user, of any length. @param out heap; NULL for NULL and when nothing but white space is left
 * @param field named in the error when the text is not valid UTF-8 (VERNIS_E_ARGUMENT) */
VernisStatus vn_text_own(char **out, const char *text, const char *field, VnError *err);

/** The place of `word` in the bytes, ASCII letters compared without case; NULL: not there. No NUL is needed. */
const char *vn_text_find(const void *bytes, size_t size, const char *word);
bool vn_text_has(const char *text, const char *word); /**< the same for text, which may be NULL */

/** Append text to a line of `size` bytes ("" at first), a separator before it unless it is the first; what does not fit
 * is cut between characters and ends in "...", and control characters become blanks. */
void vn_text_list(char *list, size_t size, const char *separator, const char *text);

#endif
