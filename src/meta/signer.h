/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Who signs: a private key and the certificates that go with it, from PEM files.
 */
#ifndef VN_META_SIGNER_H
#define VN_META_SIGNER_H

#include "base/mem.h"

struct evp_pkey_st;

typedef struct VnSigner {
    struct evp_pkey_st *key;
    const struct VnCoseAlg *alg; /**< what this key signs with */
    VnBytes *chain;              /**< DER certificates, leaf first, the root left out */
    size_t count;
} VnSigner;

/** Read and check: the files are PEM, the key is not encrypted and belongs to the first certificate, which is of the
 * profile that claims may be signed with and valid now. Errors name the file and what to do.
 * @param certificates file of the leaf and, after it, those that lead to a root */
VernisStatus vn_signer_open(VnSigner **out, const char *certificates, const char *key, VnError *err);
void vn_signer_close(VnSigner **signer); /**< sets NULL and takes NULL */

#endif
