/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates: the profile that claims may be signed with, pairs that do not fit, and an artist's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/fs.h"
#include "c2pa_samples.h"
#include "meta/cose.h"

static VnIdentity identity, old_identity;
static char folder[] = "/tmp/vernis-signer-XXXXXX";

static int set_up(void **state) {
    (void)state;
    sample_identity(&identity, false);
    sample_identity(&old_identity, true);
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    char command[100];
    vn_identity_free(&identity);
    vn_identity_free(&old_identity);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

/* A self-signed certificate with these extensions, "name=value" separated by newlines. */
static X509 *make(EVP_PKEY *key, const char *extensions) {
    X509 *made = X509_new();
    X509V3_CTX context;
    char *copy = strdup(extensions), *rest = copy;
    assert_true(X509_set_version(made, X509_VERSION_3) && ASN1_INTEGER_set(X509_get_serialNumber(made), 7));
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8, (const unsigned char *)"x", -1, -1, 0);
    X509_set_issuer_name(made, X509_get_subject_name(made));
    X509_gmtime_adj(X509_getm_notBefore(made), -60);
    X509_gmtime_adj(X509_getm_notAfter(made), 3600);
    X509_set_pubkey(made, key);
    X509V3_set_ctx(&context, made, made, NULL, NULL, 0);
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        char *value = strchr(line, '=');
        if (!value)
            continue;
        *value++ = 0;
        X509_EXTENSION *extension = X509V3_EXT_conf(NULL, &context, line, value);
        assert_non_null(extension);
        X509_add_ext(made, extension, -1);
        X509_EXTENSION_free(extension);
    }
    free(copy);
    assert_true(X509_sign(made, key, EVP_sha256()));
    return made;
}

#define BASE "basicConstraints=critical,CA:FALSE\n"
#define USE "keyUsage=critical,digitalSignature\n"
#define FOR "extendedKeyUsage=emailProtection\n"
#define IDS "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\n"

/* What the validators called signingCredential.invalid, and what they took. */
static void profile_of_certificates(void **state) {
    (void)state;
    static const struct {
        const char *extensions, *problem;
    } cases[] = {
        {BASE USE FOR IDS, NULL},
        {BASE USE "extendedKeyUsage=1.3.6.1.5.5.7.3.36\n" IDS, NULL},
        {BASE USE "extendedKeyUsage=emailProtection,1.3.6.1.4.1.62558.2.1\n" IDS, NULL},
        {USE FOR IDS, NULL},
        {BASE USE IDS, "no extended key usage"},
        {BASE USE "extendedKeyUsage=anyExtendedKeyUsage\n" IDS, "any purpose"},
        {BASE USE "extendedKeyUsage=emailProtection,OCSPSigning\n" IDS, "OCSP"},
        {BASE USE "extendedKeyUsage=clientAuth\n" IDS, "neither emailProtection"},
        {BASE USE "extendedKeyUsage=1.3.6.1.4.1.62558.2.1\n" IDS, "neither emailProtection"},
        {BASE FOR IDS, "key usage"},
        {BASE "keyUsage=critical,keyEncipherment\n" FOR IDS, "key usage"},
        {BASE "keyUsage=critical,digitalSignature,keyCertSign\n" FOR IDS, "key usage"},
        {"basicConstraints=critical,CA:TRUE\n" USE FOR IDS, "CA:TRUE"},
        {BASE USE FOR "subjectKeyIdentifier=hash\n", "authority key identifier"},
        {BASE USE FOR IDS "1.2.3.4=critical,DER:0500\n", "critical and unknown"},
    };
    EVP_PKEY *key = EVP_EC_gen("P-256"), *odd = EVP_EC_gen("secp256k1");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        X509 *certificate = make(key, cases[i].extensions);
        const char *problem = vn_certificate_problem(certificate);
        if (!problem != !cases[i].problem || (problem && !strstr(problem, cases[i].problem)))
            fail_msg("case %zu: %s", i, problem ? problem : "no problem");
        X509_free(certificate);
    }
    X509 *certificate = make(odd, BASE USE FOR IDS);
    assert_non_null(strstr(vn_certificate_problem(certificate), "its key"));
    X509_free(certificate);
    EVP_PKEY_free(key);
    EVP_PKEY_free(odd);
}

static void put(char path[100], const char *name, const VnBytes *bytes) {
    snprintf(path, 100, "%s/%s", folder, name);
    assert_int_equal(vn_file_write(path, bytes->data, bytes->size, true, NULL), VERNIS_OK);
}

static void expect_refused(const char *cert, const char *key, const char *names, const char *reason) {
    VnSigner *signer;
    VnError err = {0};
    size_t used = vn_mem_used();
    assert_int_not_equal(vn_signer_open(&signer, cert, key, &err), VERNIS_OK);
    assert_null(signer);
    assert_int_equal(vn_mem_used(), used);
    if (!strstr(err.text, names) || !strstr(err.text, reason))
        fail_msg("%s", err.text);
}

static void pairs_that_do_not_fit(void **state) {
    (void)state;
    char leaf[100], key[100], root[100], old[100], old_key[100], both[100], locked[100], junk[100], none[100];
    VnBytes chain = {0}, text = {(uint8_t *)(uintptr_t) "no PEM", 6}, encrypted = {0};
    VnSigner *signer;
    put(leaf, "leaf.pem", &identity.leaf);
    put(key, "leaf.key", &identity.leaf_key);
    put(root, "root.pem", &identity.root);
    put(old, "old.pem", &old_identity.leaf);
    put(old_key, "old.key", &old_identity.leaf_key);
    put(junk, "junk", &text);
    snprintf(none, sizeof none, "%s/none", folder);
    vn_bytes_append(&chain, identity.leaf.data, identity.leaf.size, NULL);
    vn_bytes_append(&chain, identity.root.data, identity.root.size, NULL);
    put(both, "both.pem", &chain);
    BIO *memory = BIO_new(BIO_s_mem());
    EVP_PKEY *made = EVP_EC_gen("P-256");
    char *pem;
    PEM_write_bio_PKCS8PrivateKey(memory, made, EVP_aes_256_cbc(), NULL, 0, NULL, (void *)(uintptr_t) "secret");
    long size = BIO_get_mem_data(memory, &pem);
    vn_bytes_append(&encrypted, pem, (size_t)size, NULL);
    put(locked, "locked.key", &encrypted);
    BIO_free(memory);
    EVP_PKEY_free(made);
    for (int i = 0; i < 2; i++) { /* the root is left out of what goes into files */
        assert_int_equal(vn_signer_open(&signer, i ? both : leaf, key, NULL), VERNIS_OK);
        assert_int_equal(signer->count, 1);
        assert_string_equal(signer->alg->name, "ES256");
        vn_signer_close(&signer);
    }
    expect_refused(leaf, old_key, "leaf.pem", "does not belong");
    expect_refused(root, key, "root.pem", "does not belong");
    expect_refused(old, old_key, "old.pem", "has expired");
    expect_refused(leaf, locked, "locked.key", "encrypted");
    expect_refused(leaf, junk, "junk", "no private key");
    expect_refused(junk, key, "junk", "no certificate");
    expect_refused(none, key, "none", "No such file");
    expect_refused(leaf, none, "none", "No such file");
    expect_refused(leaf, leaf, "leaf.pem", "no private key");
    char root_key[100];
    put(root_key, "root.key", &identity.root_key);
    expect_refused(root, root_key, "root.pem", "CA:TRUE");
    vn_bytes_free(&chain);
    vn_bytes_free(&encrypted);
}

static void names_and_times(void **state) {
    (void)state;
    VnIdentity made = {0};
    VnError err = {0};
    int64_t now = time(NULL);
    char name[70 * 2] = "";
    assert_int_equal(vn_identity_make(&made, "", now, now + 9, &err), VERNIS_E_ARGUMENT);
    for (int i = 0; i < 64; i++)
        strcat(name, "ö");
    assert_int_equal(vn_identity_make(&made, name, now, now + 9, NULL), VERNIS_OK);
    vn_identity_free(&made);
    strcat(name, "o");
    assert_int_equal(vn_identity_make(&made, name, now, now + 9, NULL), VERNIS_E_ARGUMENT);
    assert_null(made.leaf.data);
    VnSigner *signer = sample_signer(&old_identity);
    X509 *leaf = vn_certificate_read(signer->chain[0].data, signer->chain[0].size);
    assert_int_equal(vn_certificate_age(leaf, now), 1);
    assert_int_equal(vn_certificate_age(leaf, now - 7200), 0);
    assert_int_equal(vn_certificate_age(leaf, now - 90000), -1);
    assert_false(vn_certificate_trusted(&leaf, 1, &identity.root));
    assert_true(vn_certificate_trusted(&leaf, 1, &old_identity.root));
    assert_null(vn_certificate_read(signer->chain[0].data, signer->chain[0].size - 1));
    X509_free(leaf);
    vn_signer_close(&signer);
}

static void secrets_are_kept(void **state) {
    (void)state;
    char path[100];
    struct stat info;
    mode_t before = umask(0);
    snprintf(path, sizeof path, "%s/secret", folder);
    assert_int_equal(vn_file_write_secret(path, "x", 1, NULL), VERNIS_OK);
    umask(before);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(vn_file_write_secret(path, "y", 1, NULL), VERNIS_E_EXISTS);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(profile_of_certificates),
                                       cmocka_unit_test(pairs_that_do_not_fit), cmocka_unit_test(names_and_times),
                                       cmocka_unit_test(secrets_are_kept)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
