/* SPDX-License-Identifier: Apache-2.0 */
#include "meta/signer.h"

#include <time.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/fs.h"
#include "meta/certificate.h"
#include "meta/cose.h"

enum { PEM_BYTES = 1 << 20 };

/* OpenSSL would ask for a pass phrase on the terminal. */
static int no_pass_phrase(char *buffer, int size, int writing, void *opaque) {
    (void)writing;
    *(bool *)opaque = true;
    if (size > 0)
        *buffer = 0;
    return -1;
}

static VernisStatus read_key(EVP_PKEY **out, const char *path, VnError *err) {
    VnBytes bytes;
    bool encrypted = false;
    VN_TRY(vn_file_read(&bytes, path, PEM_BYTES, err));
    BIO *file = BIO_new_mem_buf(bytes.data, (int)bytes.size);
    *out = file ? PEM_read_bio_PrivateKey(file, NULL, no_pass_phrase, &encrypted) : NULL;
    BIO_free(file);
    OPENSSL_cleanse(bytes.data, bytes.size);
    vn_bytes_free(&bytes);
    if (*out)
        return VERNIS_OK;
    return vn_fail(err, VERNIS_E_FORMAT, "signer",
                   encrypted ? "%s: the private key is encrypted, and there is nobody to ask for the pass phrase: give "
                               "an unencrypted copy that only you can read"
                             : "%s: holds no private key in PEM form that can be read (-----BEGIN PRIVATE KEY-----)",
                   path);
}

static VernisStatus add_certificate(VnSigner *signer, X509 *certificate, VnError *err) {
    uint8_t *der = NULL;
    int size = i2d_X509(certificate, &der);
    VnBytes *bytes = &signer->chain[signer->count];
    VernisStatus status = size > 0 ? vn_bytes_append(bytes, der, (size_t)size, err)
                                   : vn_no_memory(err, "signer", VN_CERTIFICATE_BYTES, "a certificate");
    OPENSSL_free(der);
    signer->count += status == VERNIS_OK;
    return status;
}

static VernisStatus check_leaf(const VnSigner *signer, X509 *leaf, const char *path, const char *key, VnError *err) {
    const char *problem = vn_certificate_problem(leaf);
    int age = vn_certificate_age(leaf, time(NULL));
    if (X509_check_private_key(leaf, signer->key) != 1)
        return vn_fail(err, VERNIS_E_FORMAT, "signer",
                       "%s: its first certificate does not belong to the key in %s: the signer's own comes first", path,
                       key);
    if (problem)
        return vn_fail(err, VERNIS_E_FORMAT, "signer",
                       "%s: pictures cannot be signed with this certificate: %s; `vernis identity create` makes one",
                       path, problem);
    if (age)
        return vn_fail(err, VERNIS_E_FORMAT, "signer", "%s: the certificate %s: take another, or --c2pa off", path,
                       age > 0 ? "has expired" : "is not valid yet");
    return VERNIS_OK;
}

/* The leaf, and after it all but the root, which whoever trusts it has (C2PA 2.2 section 14.5). */
static VernisStatus read_chain(VnSigner *signer, const char *path, const char *key, VnError *err) {
    VnBytes bytes;
    VN_TRY(vn_file_read(&bytes, path, PEM_BYTES, err));
    BIO *file = BIO_new_mem_buf(bytes.data, (int)bytes.size);
    VernisStatus status = VERNIS_OK;
    bool encrypted = false;
    for (X509 *next; file && !status && (next = PEM_read_bio_X509(file, NULL, no_pass_phrase, &encrypted)) != NULL;) {
        bool root = X509_self_signed(next, 0) == 1;
        if (!signer->count)
            status = check_leaf(signer, next, path, key, err);
        if (!status && signer->count == VN_CHAIN_MOST)
            status = vn_fail(err, VERNIS_E_LIMIT, "signer", "%s: holds more than %d certificates", path, VN_CHAIN_MOST);
        if (!status && (!signer->count || !root))
            status = add_certificate(signer, next, err);
        X509_free(next);
    }
    BIO_free(file);
    vn_bytes_free(&bytes);
    if (!status && !signer->count)
        status = vn_fail(err, VERNIS_E_FORMAT, "signer",
                         "%s: holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)", path);
    return status;
}

VernisStatus vn_signer_open(VnSigner **out, const char *certificates, const char *key, VnError *err) {
    VernisStatus status;
    VnSigner *signer = vn_calloc(1, sizeof *signer);
    *out = NULL;
    if (!signer)
        return vn_no_memory(err, "signer", sizeof *signer, "the signer");
    ERR_set_mark();
    signer->chain = vn_calloc(VN_CHAIN_MOST, sizeof *signer->chain);
    if (!signer->chain)
        VN_CHECK(vn_no_memory(err, "signer", VN_CHAIN_MOST * sizeof *signer->chain, "certificates"));
    VN_CHECK(read_key(&signer->key, key, err));
    signer->alg = vn_cose_alg_of(signer->key);
    if (!signer->alg)
        VN_CHECK(vn_fail(err, VERNIS_E_UNSUPPORTED, "signer",
                         "%s: C2PA has no use for a key of this kind: P-256, P-384, P-521, Ed25519 or RSA of 2048 to "
                         "8192 bits is needed",
                         key));
    VN_CHECK(read_chain(signer, certificates, key, err));
done:
    ERR_pop_to_mark();
    if (status)
        vn_signer_close(&signer);
    *out = signer;
    return status;
}

void vn_signer_close(VnSigner **handle) {
    VnSigner *signer = *handle;
    if (!signer)
        return;
    EVP_PKEY_free(signer->key);
    for (size_t i = 0; i < signer->count; i++)
        vn_bytes_free(&signer->chain[i]);
    vn_free(signer->chain);
    vn_free(signer);
    *handle = NULL;
}
