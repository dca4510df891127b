/* SPDX-License-Identifier: Apache-2.0 */
#include "meta/cose.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

/* Header labels: RFC 9052 section 3.1, RFC 9360 section 2. CBOR tag: RFC 9052 section 2. */
enum { LABEL_ALG = 1, LABEL_X5CHAIN = 33, TAG_SIGN1 = 18 };

static const VnCoseAlg algs[] = {
    {-7, "ES256", "prime256v1", "SHA256", 32}, {-35, "ES384", "secp384r1", "SHA384", 48},
    {-36, "ES512", "secp521r1", "SHA512", 66}, {-37, "PS256", "RSA", "SHA256", 0},
    {-38, "PS384", "RSA", "SHA384", 0},        {-39, "PS512", "RSA", "SHA512", 0},
    {-8, "EdDSA", "ED25519", NULL, 0},
};
enum { ALGS = sizeof algs / sizeof *algs, RSA_LEAST = 2048, RSA_MOST = 8192, SIGNATURE_MOST = RSA_MOST / 8 };

static bool key_fits(EVP_PKEY *key, const VnCoseAlg *alg) {
    char curve[64] = "";
    if (alg->half)
        return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL) == 1 &&
               !strcmp(curve, alg->key);
    if (!strcmp(alg->key, "RSA") && (EVP_PKEY_get_bits(key) < RSA_LEAST || EVP_PKEY_get_bits(key) > RSA_MOST))
        return false;
    return EVP_PKEY_is_a(key, alg->key) == 1;
}

const VnCoseAlg *vn_cose_alg_of(EVP_PKEY *key) {
    for (int i = 0; i < ALGS; i++)
        if (key_fits(key, &algs[i]))
            return &algs[i];
    return NULL;
}

/* Sig_structure, RFC 9052 section 4.4: what is signed. */
static void put_signed(VnSink *to, const void *protected_header, size_t size, const VnBytes *payload) {
    vn_cbor_head(to, VN_CBOR_ARRAY, 4);
    vn_cbor_text(to, "Signature1");
    vn_cbor_bytes(to, protected_header, size);
    vn_cbor_bytes(to, "", 0);
    vn_cbor_bytes(to, payload->data, payload->size);
}

/* Digest, and padding for RSA (RFC 8230: PSS, salt as long as the hash). */
static bool prepare(EVP_MD_CTX *context, const VnCoseAlg *alg, EVP_PKEY *key, bool sign) {
    EVP_PKEY_CTX *parameters = NULL;
    int good = sign ? EVP_DigestSignInit_ex(context, &parameters, alg->hash, NULL, NULL, key, NULL)
                    : EVP_DigestVerifyInit_ex(context, &parameters, alg->hash, NULL, NULL, key, NULL);
    if (good == 1 && !strcmp(alg->key, "RSA"))
        good = EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1;
    return good == 1;
}

/* --- signing --- */

static size_t signature_size(const VnSigner *signer) {
    return signer->alg->half ? 2 * signer->alg->half : (size_t)EVP_PKEY_get_size(signer->key);
}

/* OpenSSL's ECDSA signature is DER; COSE wants r and s, each as long as the curve's order (RFC 9053 section 2.1). */
static bool der_to_raw(uint8_t *raw, const uint8_t *der, size_t size, size_t half) {
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)size);
    bool good = pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, (int)half) == (int)half &&
                BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + half, (int)half) == (int)half;
    ECDSA_SIG_free(pair);
    return good;
}

static bool make_signature(uint8_t *out, const VnSigner *signer, const VnBytes *message) {
    uint8_t made[SIGNATURE_MOST];
    size_t size = sizeof made, half = signer->alg->half;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    ERR_set_mark();
    bool good = context && prepare(context, signer->alg, signer->key, true) &&
                EVP_DigestSign(context, made, &size, message->data, message->size) == 1;
    if (good && half)
        good = der_to_raw(out, made, size, half);
    else if (good && (good = size == signature_size(signer)))
        memcpy(out, made, size);
    ERR_pop_to_mark();
    EVP_MD_CTX_free(context);
    return good;
}

static void put_protected(VnSink *to, const VnSigner *signer) {
    vn_cbor_head(to, VN_CBOR_MAP, 2);
    vn_cbor_int(to, LABEL_ALG);
    vn_cbor_int(to, signer->alg->id);
    vn_cbor_int(to, LABEL_X5CHAIN);
    if (signer->count > 1)
        vn_cbor_head(to, VN_CBOR_ARRAY, signer->count);
    for (size_t i = 0; i < signer->count; i++)
        vn_cbor_bytes(to, signer->chain[i].data, signer->chain[i].size);
}

void vn_cose_sign(VnSink *to, const VnSigner *signer, const VnBytes *payload, bool sign) {
    VnSink header = {.err = to->err}, message = {.err = to->err};
    uint8_t signature[SIGNATURE_MOST] = {0};
    put_protected(&header, signer);
    if (sign)
        put_signed(&message, header.bytes.data, header.bytes.size, payload);
    if (!to->status)
        to->status = header.status ? header.status : message.status;
    if (sign && !to->status && !make_signature(signature, signer, &message.bytes))
        to->status =
            vn_fail(to->err, VERNIS_E_INTERNAL, "c2pa", "the manifest could not be signed with %s", signer->alg->name);
    vn_cbor_head(to, VN_CBOR_TAG, TAG_SIGN1);
    vn_cbor_head(to, VN_CBOR_ARRAY, 4);
    vn_cbor_bytes(to, header.bytes.data, header.bytes.size);
    vn_cbor_head(to, VN_CBOR_MAP, 0);
    vn_cbor_null(to);
    vn_cbor_bytes(to, signature, signature_size(signer));
    vn_bytes_free(&header.bytes);
    vn_bytes_free(&message.bytes);
}

/* --- verifying --- */

static bool take_chain(VnCose *out, const VnCbor *header) {
    VnCbor found, item = {0};
    if (!vn_cbor_get_int(header, LABEL_X5CHAIN, &found) && !vn_cbor_get(header, "x5chain", &found))
        return false;
    if (found.major == VN_CBOR_BYTES) {
        out->chain[out->count++] = found;
        return found.data != NULL;
    }
    while (vn_cbor_next(&found, &item)) {
        if (found.major != VN_CBOR_ARRAY || item.major != VN_CBOR_BYTES || !item.data || out->count == VN_CHAIN_MOST)
            return false;
        out->chain[out->count++] = item;
    }
    return out->count > 0;
}

bool vn_cose_read(VnCose *out, const uint8_t *data, size_t size, bool loose) {
    VnCbor all, tagged, protected_header, item = {0}, parts[4], found;
    int count = 0;
    *out = (VnCose){0};
    if (!vn_cbor_open(&all, data, size))
        return false;
    if (all.major == VN_CBOR_TAG) {
        if (all.value != TAG_SIGN1 || !vn_cbor_open(&tagged, all.data, all.size))
            return false;
        all = tagged;
    }
    while (all.major == VN_CBOR_ARRAY && count < 4 && vn_cbor_next(&all, &item))
        parts[count++] = item;
    if (count < 4 || vn_cbor_next(&all, &item) || parts[0].major != VN_CBOR_BYTES || parts[1].major != VN_CBOR_MAP ||
        parts[2].major != VN_CBOR_SIMPLE || parts[2].value != 22 || parts[3].major != VN_CBOR_BYTES || !parts[0].data ||
        !parts[3].data || !vn_cbor_open(&protected_header, parts[0].data, parts[0].size))
        return false;
    out->protected_header = parts[0];
    out->signature = parts[3];
    out->time_stamped = vn_cbor_get(&parts[1], "sigTst", &found) || vn_cbor_get(&parts[1], "sigTst2", &found);
    if (vn_cbor_get_int(&protected_header, LABEL_ALG, &found) && found.value < 1000)
        for (int i = 0; i < ALGS; i++)
            if (found.major == VN_CBOR_NEGATIVE && -1 - (int64_t)found.value == algs[i].id)
                out->alg = &algs[i];
    return take_chain(out, &protected_header) || (loose && !out->count && take_chain(out, &parts[1]));
}

static bool raw_to_der(uint8_t *der, size_t *size, const VnCbor *raw, size_t half) {
    if (raw->size != 2 * half)
        return false;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw->data, (int)half, NULL), *s = BN_bin2bn(raw->data + half, (int)half, NULL);
    bool good = pair && r && s && ECDSA_SIG_set0(pair, r, s) == 1;
    if (!good) {
        BN_free(r);
        BN_free(s);
    }
    int length = good ? i2d_ECDSA_SIG(pair, NULL) : 0;
    good = length > 0 && (size_t)length <= *size && i2d_ECDSA_SIG(pair, &der) == length;
    *size = (size_t)length;
    ECDSA_SIG_free(pair);
    return good;
}

static bool check_signature(const VnCose *cose, EVP_PKEY *key, const VnBytes *message) {
    uint8_t der[SIGNATURE_MOST];
    size_t size = sizeof der;
    bool half = cose->alg->half > 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    ERR_set_mark();
    bool good = context && prepare(context, cose->alg, key, false) &&
                (!half || raw_to_der(der, &size, &cose->signature, cose->alg->half)) &&
                EVP_DigestVerify(context, half ? der : cose->signature.data, half ? size : cose->signature.size,
                                 message->data, message->size) == 1;
    ERR_pop_to_mark();
    EVP_MD_CTX_free(context);
    return good;
}

bool vn_cose_verify(const VnCose *cose, EVP_PKEY *key, const VnBytes *payload, VernisStatus *status, VnError *err) {
    VnSink message = {.err = err};
    if (!cose->alg || !key_fits(key, cose->alg))
        return false;
    put_signed(&message, cose->protected_header.data, cose->protected_header.size, payload);
    if (message.status)
        *status = message.status;
    bool good = !message.status && check_signature(cose, key, &message.bytes);
    vn_bytes_free(&message.bytes);
    return good;
}
