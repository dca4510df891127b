/* SPDX-License-Identifier: Apache-2.0 */
#include "meta/certificate.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "meta/cose.h"
#include "meta/metatext.h"

X509 *vn_certificate_read(const uint8_t *der, size_t size) {
    const uint8_t *at = der;
    ERR_set_mark();
    X509 *certificate = size <= VN_CERTIFICATE_BYTES ? d2i_X509(NULL, &at, (long)size) : NULL;
    ERR_pop_to_mark();
    if (certificate && at != der + size) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

/* One of the purposes that validators accept for claims: emailProtection, documentSigning (RFC 9336). */
static const char *purpose_problem(X509 *leaf) {
    uint32_t purposes = X509_get_extended_key_usage(leaf);
    if (purposes == UINT32_MAX)
        return "it states no extended key usage";
    if (purposes & (XKU_ANYEKU | XKU_OCSP_SIGN | XKU_TIMESTAMP))
        return "its extended key usage is for any purpose, OCSP or time-stamps";
    bool good = purposes & XKU_SMIME;
    EXTENDED_KEY_USAGE *all = X509_get_ext_d2i(leaf, NID_ext_key_usage, NULL, NULL);
    for (int i = 0; i < sk_ASN1_OBJECT_num(all); i++) {
        char name[64];
        OBJ_obj2txt(name, sizeof name, sk_ASN1_OBJECT_value(all, i), 1);
        good = good || !strcmp(name, "1.3.6.1.5.5.7.3.36");
    }
    EXTENDED_KEY_USAGE_free(all);
    return good ? NULL : "its extended key usage is neither emailProtection nor documentSigning";
}

static const char *find_problem(X509 *leaf) {
    static const int signatures[] = {
        NID_ecdsa_with_SHA256,       NID_ecdsa_with_SHA384,       NID_ecdsa_with_SHA512, NID_sha256WithRSAEncryption,
        NID_sha384WithRSAEncryption, NID_sha512WithRSAEncryption, NID_rsassaPss,         NID_ED25519};
    const ASN1_BIT_STRING *issuer_id = NULL, *subject_id = NULL;
    EVP_PKEY *key = X509_get0_pubkey(leaf);
    uint32_t usage = X509_get_key_usage(leaf), flags = X509_get_extension_flags(leaf);
    bool known = false;
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++)
        known = known || X509_get_signature_nid(leaf) == signatures[i];
    X509_get0_uids(leaf, &issuer_id, &subject_id);
    if (X509_get_version(leaf) != X509_VERSION_3 || issuer_id || subject_id)
        return "it is not an X.509 version 3 certificate without unique identifiers";
    if (flags & (EXFLAG_INVALID | EXFLAG_CRITICAL))
        return "an extension is damaged, or critical and unknown";
    if (!known)
        return "it is itself signed with an algorithm that C2PA does not allow";
    if (!key || !vn_cose_alg_of(key))
        return "its key is neither P-256, P-384, P-521, Ed25519 nor RSA of 2048 bits or more";
    if (flags & EXFLAG_CA)
        return "it is an authority's certificate (CA:TRUE), which may not sign pictures";
    if (!(flags & EXFLAG_KUSAGE) || !(usage & KU_DIGITAL_SIGNATURE) || usage & KU_KEY_CERT_SIGN)
        return "its key usage is not digitalSignature without keyCertSign";
    if (!X509_get0_authority_key_id(leaf))
        return "it has no authority key identifier";
    return purpose_problem(leaf);
}

const char *vn_certificate_problem(X509 *leaf) {
    ERR_set_mark();
    const char *problem = find_problem(leaf);
    ERR_pop_to_mark();
    return problem;
}

int vn_certificate_age(const X509 *certificate, int64_t now) {
    time_t at = (time_t)now;
    if (X509_cmp_time(X509_get0_notBefore(certificate), &at) >= 0)
        return -1;
    return X509_cmp_time(X509_get0_notAfter(certificate), &at) <= 0;
}

static X509_STORE *read_anchors(const VnBytes *anchors) {
    X509_STORE *store = X509_STORE_new();
    BIO *file = BIO_new_mem_buf(anchors->data, (int)anchors->size);
    X509 *anchor;
    while (store && file && (anchor = PEM_read_bio_X509(file, NULL, NULL, NULL)) != NULL) {
        X509_STORE_add_cert(store, anchor);
        X509_free(anchor);
    }
    BIO_free(file);
    return store;
}

bool vn_certificate_trusted(X509 *const *chain, size_t count, const VnBytes *anchors) {
    if (!count || !anchors || !anchors->size)
        return false;
    ERR_set_mark();
    X509_STORE *store = read_anchors(anchors);
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    STACK_OF(X509) *others = sk_X509_new_null();
    for (size_t i = 1; i < count && others; i++)
        sk_X509_push(others, chain[i]);
    bool good = store && context && others && X509_STORE_CTX_init(context, store, chain[0], others) == 1;
    if (good) {
        X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context),
                                    X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_PARTIAL_CHAIN);
        good = X509_verify_cert(context) == 1;
    }
    sk_X509_free(others);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    ERR_pop_to_mark();
    return good;
}

static void add_entry(char *out, size_t size, const X509_NAME *subject, int nid) {
    int at = X509_NAME_get_index_by_NID(subject, nid, -1);
    unsigned char *text = NULL;
    if (at < 0 || ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))) < 0)
        return;
    vn_text_list(out, size, "", (const char *)text);
    OPENSSL_free(text);
}

void vn_certificate_name(char *out, size_t size, const X509 *certificate) {
    const X509_NAME *subject = X509_get_subject_name(certificate);
    char organisation[100] = "";
    *out = 0;
    add_entry(out, size, subject, NID_commonName);
    add_entry(organisation, sizeof organisation, subject, NID_organizationName);
    if (*organisation && strcmp(organisation, out) != 0)
        vn_text_list(out, size, ", ", organisation);
}
