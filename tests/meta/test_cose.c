/* SPDX-License-Identifier: Apache-2.0 */
/* COSE_Sign1: the signed example of RFC 9052 appendix C.2.1, and every algorithm there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "meta/cose.h"

/* The public key "11" of RFC 9052 appendix C.7.1, as an uncompressed point. */
static const uint8_t point[65] =
    "\x04\xba\xc5\xb1\x1c\xad\x8f\x99\xf9\xc7\x2b\x05\xcf\x4b\x9e\x26\xd2\x44\xdc\x18\x9f\x74\x52\x28\x25\x5a\x21\x9a"
    "\x86\xd6\xa0\x9e\xff\x20\x13\x8b\xf8\x2d\xc1\xb6\xd5\x62\xbe\x0f\xa5\x4a\xb7\x80\x4a\x3a\x64\xb6\xd7\x2c\xcf\xed"
    "\x6b\x6f\xb6\xed\x28\xbb\xfc\x11\x7e";
static const uint8_t signature[64] =
    "\x8e\xb3\x3e\x4c\xa3\x1d\x1c\x46\x5a\xb0\x5a\xac\x34\xcc\x6b\x23\xd5\x8f\xef\x5c\x08\x31\x06\xc4\xd2\x5a\x91\xae"
    "\xf0\xb0\x11\x7e\x2a\xf9\xa2\x91\xaa\x32\xe1\x4a\xb8\x34\xdc\x56\xed\x2a\x22\x34\x44\x54\x7e\x01\xf1\x1d\x3b\x09"
    "\x16\xe5\xa4\xc3\x45\xca\xcb\x36";
static const uint8_t header[3] = {0xa1, 0x01, 0x26};

static EVP_PKEY *key_11(void) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    assert_true(OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0));
    assert_true(OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point));
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(build);
    assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
    assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters), 1);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(context);
    return key;
}

static bool holds(const uint8_t *sig, size_t size, const char *content) {
    EVP_PKEY *key = key_11();
    VnCose cose = {.alg = vn_cose_alg_of(key),
                   .protected_header = {.data = header, .size = sizeof header},
                   .signature = {.data = sig, .size = size}};
    VnBytes payload = {(uint8_t *)(uintptr_t)content, strlen(content)};
    VernisStatus status = VERNIS_OK;
    assert_non_null(cose.alg);
    assert_string_equal(cose.alg->name, "ES256");
    bool good = vn_cose_verify(&cose, key, &payload, &status, NULL);
    assert_int_equal(status, VERNIS_OK);
    EVP_PKEY_free(key);
    return good;
}

static void the_example_of_the_rfc(void **state) {
    (void)state;
    uint8_t changed[64];
    assert_true(holds(signature, sizeof signature, "This is the content."));
    assert_false(holds(signature, sizeof signature, "This is the content!"));
    assert_false(holds(signature, sizeof signature - 1, "This is the content."));
    for (size_t i = 0; i < sizeof changed; i += 21) {
        memcpy(changed, signature, sizeof changed);
        changed[i] ^= 1;
        assert_false(holds(changed, sizeof changed, "This is the content."));
    }
}

static void every_algorithm(void **state) {
    (void)state;
    EVP_PKEY *keys[] = {EVP_EC_gen("P-256"), EVP_EC_gen("P-384"), EVP_EC_gen("P-521"), EVP_RSA_gen(2048),
                        EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    static const struct {
        const char *name;
        size_t size;
    } wanted[] = {{"ES256", 64}, {"ES384", 96}, {"ES512", 132}, {"PS256", 256}, {"EdDSA", 64}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        assert_non_null(keys[i]);
        VnBytes certificate = {(uint8_t *)(uintptr_t) "DER", 3}, claim = {(uint8_t *)(uintptr_t) "claim", 5};
        VnSigner signer = {.key = keys[i], .alg = vn_cose_alg_of(keys[i]), .chain = &certificate, .count = 1};
        VernisStatus status = VERNIS_OK;
        VnSink blank = {0}, made = {0};
        VnCose cose;
        assert_non_null(signer.alg);
        assert_string_equal(signer.alg->name, wanted[i].name);
        vn_cose_sign(&blank, &signer, &claim, false);
        vn_cose_sign(&made, &signer, &claim, true);
        assert_int_equal(made.status, VERNIS_OK);
        assert_int_equal(made.bytes.size, blank.bytes.size);
        assert_true(vn_cose_read(&cose, made.bytes.data, made.bytes.size, false));
        assert_ptr_equal(cose.alg, signer.alg);
        assert_int_equal(cose.signature.size, wanted[i].size);
        assert_int_equal(cose.count, 1);
        assert_memory_equal(cose.chain[0].data, "DER", 3);
        assert_true(vn_cose_verify(&cose, keys[i], &claim, &status, NULL));
        assert_false(vn_cose_verify(&cose, keys[(i + 1) % 5], &claim, &status, NULL)); /* another kind of key */
        made.bytes.data[made.bytes.size - 1] ^= 1;
        assert_false(vn_cose_verify(&cose, keys[i], &claim, &status, NULL));
        vn_bytes_free(&made.bytes);
        vn_bytes_free(&blank.bytes);
    }
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        EVP_PKEY_free(keys[i]);
    EVP_PKEY *small = EVP_RSA_gen(1024), *other = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    assert_null(vn_cose_alg_of(small));
    assert_null(vn_cose_alg_of(other));
    EVP_PKEY_free(small);
    EVP_PKEY_free(other);
}

/* What is not a COSE_Sign1 with a detached payload and certificates where C2PA 2.2 section 14.5 wants them. */
static void structures(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        bool strict, loose;
    } cases[] = {
#define CASE(literal, strict, loose) {literal, sizeof literal - 1, strict, loose}
        CASE("\xd2\x84\x48\xa2\x01\x26\x18\x21\x42\x30\x00\xa0\xf6\x41\x00", true, true),
        CASE("\x84\x48\xa2\x01\x26\x18\x21\x42\x30\x00\xa0\xf6\x41\x00", true, true),             /* no tag */
        CASE("\xd2\x84\x4a\xa2\x01\x26\x18\x21\x82\x41\x30\x41\x30\xa0\xf6\x41\x00", true, true), /* two certificates */
        CASE("\xd1\x84\x48\xa2\x01\x26\x18\x21\x42\x30\x00\xa0\xf6\x41\x00", false, false),       /* COSE_Mac0's tag */
        CASE("\xd2\x84\x43\xa1\x01\x26\xa1\x18\x21\x42\x30\x00\xf6\x41\x00", false, true),        /* not protected */
        CASE("\xd2\x84\x43\xa1\x01\x26\xa0\xf6\x41\x00", false, false),                           /* none */
        CASE("\xd2\x84\x48\xa2\x01\x26\x18\x21\x42\x30\x00\xa0\x41\x31\x41\x00", false, false),   /* payload inside */
        CASE("\xd2\x85\x48\xa2\x01\x26\x18\x21\x42\x30\x00\xa0\xf6\x41\x00\x00", false, false),   /* five parts */
        CASE("\xd2\x83\x48\xa2\x01\x26\x18\x21\x42\x30\x00\xa0\xf6", false, false),               /* three */
        CASE("\xd2\x84\x47\xa2\x01\x26\x18\x21\x81\x01\xa0\xf6\x41\x00", false, false),           /* a number for one */
        CASE("\xd2\x84\x46\xa2\x01\x26\x18\x21\x80\xa0\xf6\x41\x00", false, false),               /* an empty list */
        CASE("\xd2\x84\x48\xa2\x01\x26\x18\x21\x42\x30\x00\xa0\xf6\x5f\xff", false, false), /* a signature in chunks */
#undef CASE
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        VnCose cose;
        const uint8_t *bytes = (const uint8_t *)cases[i].bytes;
        if (vn_cose_read(&cose, bytes, cases[i].size, false) != cases[i].strict ||
            vn_cose_read(&cose, bytes, cases[i].size, true) != cases[i].loose)
            fail_msg("case %zu", i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_example_of_the_rfc), cmocka_unit_test(every_algorithm),
                                       cmocka_unit_test(structures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
