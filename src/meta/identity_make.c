/* SPDX-License-Identifier: Apache-2.0 */
/* An artist's own root and leaf: the profile of C2PA 2.2 section 14.5.1, and what validators ask beyond it (an authority key
 * identifier even here, emailProtection beside C2PA's own purpose). */
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "meta/certificate.h"

typedef struct Extension {
    int nid;
    const char *value;
} Extension;

static const Extension root_extensions[] = {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                                            {NID_key_usage, "critical,keyCertSign,cRLSign"},
                                            {NID_subject_key_identifier, "hash"},
                                            {NID_authority_key_identifier, "keyid:always"}};
/* 1.3.6.1.4.1.62558.2.1 is c2pa-kp-claimSigning. */
static const Extension leaf_extensions[] = {{NID_basic_constraints, "critical,CA:FALSE"},
                                            {NID_key_usage, "critical,digitalSignature"},
                                            {NID_ext_key_usage, "emailProtection,1.3.6.1.4.1.62558.2.1"},
                                            {NID_subject_key_identifier, "hash"},
                                            {NID_authority_key_identifier, "keyid:always"}};

static bool add_extensions(X509 *to, X509 *issuer, const Extension *all, size_t count) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, to, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&context);
    for (size_t i = 0; i < count; i++) {
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, all[i].nid, all[i].value);
        bool good = extension && X509_add_ext(to, extension, -1) == 1;
        X509_EXTENSION_free(extension);
        if (!good)
            return false;
    }
    return true;
}

static bool set_names(X509 *to, const char *common_name, const char *artist) {
    X509_NAME *subject = X509_get_subject_name(to);
    return X509_NAME_add_entry_by_NID(subject, NID_organizationName, MBSTRING_UTF8, (const unsigned char *)artist, -1,
                                      -1, 0) == 1 &&
           X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, (const unsigned char *)common_name, -1,
                                      -1, 0) == 1;
}

static bool set_serial(X509 *to) {
    uint8_t number[16];
    if (RAND_bytes(number, sizeof number) != 1)
        return false;
    number[0] = (number[0] & 0x3f) | 0x40; /* positive, and never shorter */
    BIGNUM *big = BN_bin2bn(number, sizeof number, NULL);
    bool good = big && BN_to_ASN1_INTEGER(big, X509_get_serialNumber(to));
    BN_free(big);
    return good;
}

/* @param issuer NULL: the certificate is its own */
static X509 *make_certificate(EVP_PKEY *key, const char *common_name, const char *artist, X509 *issuer,
                              EVP_PKEY *issuer_key, int64_t from, int64_t until) {
    X509 *made = X509_new();
    bool root = !issuer;
    const Extension *extensions = root ? root_extensions : leaf_extensions;
    size_t count = root ? sizeof root_extensions / sizeof *extensions : sizeof leaf_extensions / sizeof *extensions;
    if (made && X509_set_version(made, X509_VERSION_3) == 1 && set_serial(made) &&
        set_names(made, common_name, artist) &&
        X509_set_issuer_name(made, X509_get_subject_name(root ? made : issuer)) == 1 &&
        ASN1_TIME_set(X509_getm_notBefore(made), (time_t)from) &&
        ASN1_TIME_set(X509_getm_notAfter(made), (time_t)until) && X509_set_pubkey(made, key) == 1 &&
        add_extensions(made, root ? made : issuer, extensions, count) &&
        X509_sign(made, root ? key : issuer_key, EVP_sha256()) > 0)
        return made;
    X509_free(made);
    return NULL;
}

/* PEM of a certificate, or of a key where that is NULL. */
static VernisStatus write_pem(VnBytes *out, X509 *certificate, EVP_PKEY *key, VnError *err) {
    BIO *memory = BIO_new(BIO_s_mem());
    char *text = NULL;
    VernisStatus status = VERNIS_E_MEMORY;
    if (memory && (certificate ? PEM_write_bio_X509(memory, certificate)
                               : PEM_write_bio_PKCS8PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL)) == 1) {
        long size = BIO_get_mem_data(memory, &text);
        status = vn_bytes_append(out, text, (size_t)size, err);
        OPENSSL_cleanse(text, (size_t)size);
    } else {
        vn_no_memory(err, "identity", 0, "a certificate");
    }
    BIO_free(memory);
    return status;
}

static X509 *read_certificate(const VnBytes *pem) {
    BIO *memory = BIO_new_mem_buf(pem->data, (int)pem->size);
    X509 *certificate = memory ? PEM_read_bio_X509(memory, NULL, NULL, NULL) : NULL;
    BIO_free(memory);
    return certificate;
}

static EVP_PKEY *read_key(const VnBytes *pem) {
    BIO *memory = BIO_new_mem_buf(pem->data, (int)pem->size);
    EVP_PKEY *key = memory ? PEM_read_bio_PrivateKey(memory, NULL, NULL, (void *)(uintptr_t) "") : NULL;
    BIO_free(memory);
    return key;
}

static size_t characters(const char *text) {
    size_t count = 0;
    for (; *text; text++)
        count += ((uint8_t)*text & 0xc0) != 0x80;
    return count;
}

VernisStatus vn_identity_make(VnIdentity *out, const char *name, int64_t from, int64_t until, VnError *err) {
    EVP_PKEY *root_key = NULL, *leaf_key = NULL;
    X509 *root = NULL, *leaf = NULL;
    bool own_root = !out->root.size;
    VernisStatus status;
    if (!*name || characters(name) > 64)
        return vn_fail(err, VERNIS_E_ARGUMENT, "identity", "--name: a certificate holds a name of 1 to 64 characters");
    ERR_set_mark();
    root_key = own_root ? EVP_EC_gen("P-256") : read_key(&out->root_key);
    root = own_root
               ? root_key ? make_certificate(root_key, "Vernis identity root", name, NULL, NULL, from, until) : NULL
               : read_certificate(&out->root);
    if (!root || X509_check_private_key(root, root_key) != 1)
        VN_CHECK(vn_fail(err, own_root ? VERNIS_E_INTERNAL : VERNIS_E_FORMAT, "identity",
                         own_root ? "OpenSSL could not make the root certificate"
                                  : "the root certificate and its key do not fit each other"));
    leaf_key = EVP_EC_gen("P-256");
    leaf = leaf_key ? make_certificate(leaf_key, name, name, root, root_key, from, until) : NULL;
    if (!leaf || vn_certificate_problem(leaf))
        VN_CHECK(vn_fail(err, VERNIS_E_INTERNAL, "identity", "OpenSSL could not make the certificate"));
    if (own_root) {
        VN_CHECK(write_pem(&out->root, root, NULL, err));
        VN_CHECK(write_pem(&out->root_key, NULL, root_key, err));
    }
    VN_CHECK(write_pem(&out->leaf, leaf, NULL, err));
    VN_CHECK(write_pem(&out->leaf_key, NULL, leaf_key, err));
done:
    ERR_pop_to_mark();
    X509_free(leaf);
    X509_free(root);
    EVP_PKEY_free(leaf_key);
    EVP_PKEY_free(root_key);
    if (status)
        vn_identity_free(out);
    return status;
}

void vn_identity_free(VnIdentity *identity) {
    VnBytes *keys[] = {&identity->root_key, &identity->leaf_key};
    for (int i = 0; i < 2; i++)
        if (keys[i]->data)
            OPENSSL_cleanse(keys[i]->data, keys[i]->size);
    vn_bytes_free(&identity->root_key);
    vn_bytes_free(&identity->leaf_key);
    vn_bytes_free(&identity->root);
    vn_bytes_free(&identity->leaf);
}
