/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * What a session holds: the settings as read, the pool, the surrogates.
 */
#ifndef VN_SESSION_STATE_H
#define VN_SESSION_STATE_H

#include <vernis/session.h>

#include "base/json.h"
#include "kern/cpu.h"
#include "meta/c2pa.h"
#include "meta/meta.h"
#include "meta/signer.h"
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
    int quality;        /* of lossy outputs */
    bool quality_given; /* else WebP is lossless */
    char format[8];     /* "png", "jpeg", "webp" or "same" */
    bool keep_profile, overwrite, data_mining_given;
    VnKeep keep;
    VnRights rights; /* what the user gave; fields from the source are added per file */
    bool c2pa;        /* --c2pa auto */
    VnSigner *signer; /* NULL: there is no identity, or --c2pa off */
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

/** The signer that the settings ask for: --cert and --key, else the identity in the configuration folder; NULL where there is
 * neither, or with --c2pa off. */
VernisStatus vn_session_signer(VnSigner **out, const VernisSettings *settings, VnError *err);
/** The root of the artist's own identity as PEM; empty where there is none. */
VernisStatus vn_identity_root(VnBytes *out, VnError *err);

/** Verify the content credentials of a decoded file; the artist's own root is trusted. */
VernisStatus vn_inspect_c2pa(VnC2paReport *report, const VnBytes *file, const VnBag *bag, VnError *err);
void vn_c2pa_add_json(json_t *root, const VnC2paReport *report);
VernisStatus vn_c2pa_add_words(VnBytes *text, const VnC2paReport *report, VnError *err);

/** The configuration folder's file for an installed model: heap, NULL when there is no such folder or the name has a slash. */
char *vn_model_path(const char *name);

#endif
