/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Signed files for the tests of content credentials, sound and spoilt in every way that validators tell apart.
 */
#ifndef VN_TESTS_C2PA_SAMPLES_H
#define VN_TESTS_C2PA_SAMPLES_H

#include "meta/c2pa.h"
#include "meta/certificate.h"

/** An identity made now: valid from a day ago for a day more, or, if `expired`, until an hour ago. */
void sample_identity(VnIdentity *out, bool expired);
/** Its signer, taken as it is, where vn_signer_open would look at the dates. vn_signer_close. */
VnSigner *sample_signer(const VnIdentity *identity);

/** What was done to a signed file, and the failures that C2PA 2.2 names for it. */
typedef struct VnSpoilt {
    const char *name;
    bool expired;
    const char *failure; /**< the one besides signingCredential.untrusted; NULL: none */
    void (*spoil)(VnBytes *file, const char *format);
} VnSpoilt;
enum { SPOILT = 8 };
extern const VnSpoilt spoilt[SPOILT];

/** A picture in this format without metadata: "png", "jpeg" or "webp". */
void sample_file(VnBytes *out, const char *format);
/** The store of a file, joined from its segments: owned by the caller. */
void sample_store(VnBytes *out, const VnBytes *file, const char *format);

#endif
