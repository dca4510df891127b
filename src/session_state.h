/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * What a session holds: the settings as read, the pool, the surrogates.
 */
#ifndef VN_SESSION_STATE_H
#define VN_SESSION_STATE_H

#include <vernis/session.h>

#include "base/json.h"
#include "base/text.h"
#include "image/format.h"
#include "kern/cpu.h"
#include "meta/c2pa.h"
#include "meta/meta.h"
#include "meta/signer.h"
#include "preset.h"
#include "protect/protect.h"
#include "report/report.h"

enum { VN_MAX_SURROGATES = 8 };

struct VernisSession {
    VernisHooks hooks;
    VnPool *pool;
    VnCpu cpu;
    VnEncoder *encoders[VN_MAX_SURROGATES];
    size_t encoder_count;
    double pixel_seconds[VN_MAX_SURROGATES]; /* of a step of each; 0: not timed yet */
    VnStrength strength; /* name "custom" when the visibility was given as a number */
    VnPlatformPreset platform; /* --for; name "" without */
    VnIngest ingest;           /* that the result is measured after */
    uint64_t seed;
    char *key_path; /* --artist-key, or NULL for the one in the configuration folder */
    VnObjective objective;
    double time_limit;
    int quality;        /* of lossy outputs */
    bool quality_given; /* else WebP is lossless */
    char format[8];     /* "png", "jpeg", "webp" or "same" */
    bool format_given;  /* else it is the platform's, and the name of an output wins over it */
    bool keep_profile, overwrite, again, data_mining_given;
    unsigned keep; /* bits of VnKeep */
    VnRights rights; /* what the user gave; fields from the source are added per file */
    bool c2pa;        /* --c2pa auto */
    VnSigner *signer; /* NULL: there is no identity, or --c2pa off */
};

/** Whether a picture can be protected, from its encoded bytes: everything that is looked at before the work begins.
 * @param input its name, whose ending may contradict the content */
VernisStatus vn_check_source(const VernisSession *session, const char *input, const VnBytes *bytes, VernisResult *result,
                             VnError *err);

/** Read two files into pictures of one size: an original of another size is resized.
 * @return VERNIS_E_ARGUMENT when they have different proportions. On failure nothing is left in `pair` */
VernisStatus vn_open_pair(const VernisSession *session, const char *original, const char *changed, VnImage pair[2],
                          VernisResult *result, VnError *err);

/** Read the name of an ingest: a platform preset's name, or the usual trip, and then any of wN (the platform's width), qN
 * (quality of its JPEG, 4:2:0; 0: none) and sN (the trainer's short side), parted by blanks.
 * @return VERNIS_E_ARGUMENT saying what it may be */
VernisStatus vn_ingest_read(VnIngest *out, const char *text, VnError *err);

/** Make the picture what it will be on the platform of --for: no larger than it serves, and where the output is a JPEG,
 * with what that encoding does to it, so that the protection is made for the picture as it will be seen. Without --for
 * nothing happens.
 * @param options of the output; the quality is lowered where the file would be larger than the platform takes */
VernisStatus vn_fit_platform(const VernisSession *session, VnImage *image, const VnFormat *format,
                             VnEncodeOptions *options, VnError *err);

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
