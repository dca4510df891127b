/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * What a session holds: the settings as read, the pool, the surrogates.
 */
#ifndef VN_SESSION_STATE_H
#define VN_SESSION_STATE_H

#include <vernis/session.h>

#include "kern/cpu.h"
#include "meta/meta.h"
#include "preset.h"
#include "protect/protect.h"

enum { VN_MAX_SURROGATES = 8 };

struct VernisSession {
    VernisHooks hooks;
    VnPool *pool;
    VnCpu cpu;
    VnEncoder *encoders[VN_MAX_SURROGATES];
    size_t encoder_count;
    VnStrength strength; /* name "custom" when the visibility was given as a number */
    uint64_t seed;
    char *key_path; /* --artist-key, or NULL for the one in the configuration folder */
    VnObjective objective;
    double time_limit;
    int quality;
    char format[8]; /* "png", "jpeg" or "same" */
    bool keep_profile, overwrite, data_mining_given;
    VnKeep keep;
    VnRights rights; /* what the user gave; fields from the source are added per file */
};

/** Grow-only text for the commands that print tables. */
__attribute__((format(printf, 3, 4))) VernisStatus vn_text_add(VnBytes *text, VnError *err, const char *format, ...);
/** End the text and hand it over, or free it when status is a failure. @return status, or VERNIS_E_MEMORY */
VernisStatus vn_text_finish(VnBytes *text, char **out, VernisStatus status, VnError *err);

/** Open an encoder by built-in name, installed name or path. */
VernisStatus vn_surrogate_open(VnEncoder **out, const char *name, VnError *err);
/** The number behind the artist's pattern: read from `path` (NULL: artist.key in the configuration folder), which is made
 * from the system's randomness when it is not there. Without a configuration folder the key is 0 and `warning` says so. */
VernisStatus vn_artist_key(uint64_t *key, const char *path, char *warning, size_t capacity, VnError *err);

/** The configuration folder's file for an installed model: heap, NULL when there is no such folder or the name has a slash. */
char *vn_model_path(const char *name);

#endif
