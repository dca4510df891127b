/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Certificates of signers: the profile of C2PA 2.2 section 14.5.1, trust, names, and making an artist's own. With OpenSSL,
 * whose memory is its own.
 */
#ifndef VN_META_CERTIFICATE_H
#define VN_META_CERTIFICATE_H

#include <stdbool.h>

#include "base/mem.h"

struct x509_st;

/** Most certificates of one chain, and most bytes of one, that are looked at. */
enum { VN_CHAIN_MOST = 10, VN_CERTIFICATE_BYTES = 64 * 1024 };

/** One DER certificate with nothing behind it. @return NULL: it is not one. X509_free it. */
struct x509_st *vn_certificate_read(const uint8_t *der, size_t size);

/** Why a claim may not be signed with this certificate, in words; NULL when it may. Times are not looked at. */
const char *vn_certificate_problem(struct x509_st *leaf);
/** -1 not valid yet, 0 valid, 1 expired at `now`, seconds since 1970. */
int vn_certificate_age(const struct x509_st *certificate, int64_t now);
/** Does the chain, leaf first, end at one of the anchors? Times are not looked at.
 * @param anchors PEM certificates; NULL or empty: nothing is trusted */
bool vn_certificate_trusted(struct x509_st *const *chain, size_t count, const VnBytes *anchors);

/** "NAME, ORGANISATION" of the subject, without control characters, cut to size. */
void vn_certificate_name(char *out, size_t size, const struct x509_st *certificate);

/** An artist's own identity, all PEM. vn_identity_free, which also wipes the keys. */
typedef struct VnIdentity {
    VnBytes root, root_key; /**< given when only a leaf is wanted: then they are used, else they are made */
    VnBytes leaf, leaf_key; /**< made */
} VnIdentity;
/** P-256 keys; a root, and a leaf that it signs and that claims may be signed with.
 * @param name of the artist, UTF-8, at most 64 characters as X.509 has it
 * @param from, until when they are valid, seconds since 1970 */
VernisStatus vn_identity_make(VnIdentity *out, const char *name, int64_t from, int64_t until, VnError *err);
void vn_identity_free(VnIdentity *identity);

#endif
