/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Opt-out files of a web site (facts/artists-and-platforms.md 5a): each is made new, or merged into what is there so that
 * taking it out again gives back every byte.
 */
#ifndef VN_META_OPTOUT_H
#define VN_META_OPTOUT_H

#include <stdbool.h>

#include "base/mem.h"

/** One of the files. Static storage. */
typedef struct VnOptoutFile {
    const char *folder, *name; /**< ".well-known" and "tdmrep.json"; folder "" for the site's root */
    const char *what;          /**< one line that says what it is for */
    const char *open, *close;  /**< of a comment; NULL: the file is a JSON array, which has none */
    const char *body;          /**< lines that end in LF; of an array one object, without braces */
} VnOptoutFile;

enum { VN_OPTOUT_FILES = 8 };
extern const VnOptoutFile vn_optout_files[VN_OPTOUT_FILES];

typedef enum VnOptoutState {
    VN_OPTOUT_SAME,    /**< nothing to change */
    VN_OPTOUT_CHANGED, /**< `out` is the new content */
    VN_OPTOUT_GONE,    /**< the file was made for the opt-out and can be removed */
    VN_OPTOUT_TAKEN    /**< an array that already has a rule of its own for the whole site: left as it is */
} VnOptoutState;

/** The content with the opt-out in it. The block carries the date of the day on which its text last changed.
 * @param old NULL: there is no file; @param date "2026-11-22"; @param out zeroed, filled for VN_OPTOUT_CHANGED
 * @return VERNIS_E_FORMAT when the file is not what its name says or holds half a block */
VernisStatus vn_optout_put(VnBytes *out, VnOptoutState *state, const VnOptoutFile *file, const VnBytes *old,
                           const char *date, VnError *err);

/** The content without it: byte for byte what it was before vn_optout_put, or before with what was added since. */
VernisStatus vn_optout_take(VnBytes *out, VnOptoutState *state, const VnOptoutFile *file, const VnBytes *old,
                            VnError *err);

#endif
