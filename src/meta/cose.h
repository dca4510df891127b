/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * COSE_Sign1 with a detached payload and the certificates in header 33, x5chain (RFC 9052, RFC 9360; C2PA 2.2 sections 13.2
 * and 14.5).
 */
#ifndef VN_META_COSE_H
#define VN_META_COSE_H

#include "meta/cbor.h"
#include "meta/certificate.h"
#include "meta/signer.h"

struct evp_pkey_st;

/** One signature algorithm of C2PA 2.2 section 13.2.1; the table is in cose.c. */
typedef struct VnCoseAlg {
    int64_t id;       /**< IANA COSE algorithm number */
    const char *name; /**< "ES256" */
    const char *key;  /**< OpenSSL's name of the curve or kind: "P-256", "RSA", "ED25519" */
    const char *hash; /**< OpenSSL's name; NULL: the algorithm's own */
    size_t half;      /**< bytes of r and of s for ECDSA, else 0 */
} VnCoseAlg;

/** What this key signs with: P-256 ES256, P-384 ES384, P-521 ES512, RSA of 2048 to 8192 bits PS256, Ed25519 EdDSA; NULL: no
 * key for C2PA. */
const VnCoseAlg *vn_cose_alg_of(struct evp_pkey_st *key);

/** Bytes of COSE_Sign1_Tagged over the payload. @param sign false: the signature is left zero, for its length */
void vn_cose_sign(VnSink *to, const VnSigner *signer, const VnBytes *payload, bool sign);

/** A COSE_Sign1 as found; points into the bytes it was read from. */
typedef struct VnCose {
    const VnCoseAlg *alg; /**< NULL: none that is handled */
    VnCbor protected_header, signature;
    VnCbor chain[VN_CHAIN_MOST]; /**< leaf first */
    size_t count;
    bool time_stamped; /**< a time-stamp is there (it is not checked) */
} VnCose;

/** @param loose also take x5chain from the unprotected header, as claims of version 1 may have it
 * @return false: not a COSE_Sign1 with a detached payload and certificates */
bool vn_cose_read(VnCose *out, const uint8_t *data, size_t size, bool loose);
/** Does the signature hold? @param status VERNIS_OK, or VERNIS_E_MEMORY (then false) */
bool vn_cose_verify(const VnCose *cose, struct evp_pkey_st *key, const VnBytes *payload, VernisStatus *status,
                    VnError *err);

#endif
