/* SPDX-License-Identifier: Apache-2.0 */
/* Validation of the active manifest: C2PA 2.2 section 15, with its status codes. */
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "meta/c2pa.h"
#include "meta/cbor.h"
#include "meta/cose.h"
#include "meta/jumbf.h"
#include "meta/metatext.h"

enum { ASSERTIONS_MOST = 500, RANGES_MOST = 32, URI_MOST = 300 };

typedef struct Check {
    VnC2paReport *report;
    const VnBytes *file;
    const char *format;
    const VnBytes *anchors;
    int64_t now;
    VnError *err;
    VernisStatus status;
    VnBox store, manifest, claim_box, assertions;
    VnCbor claim;
    bool version_1;
    bool unchecked; /* something that counts could not be checked */
} Check;

static void say(Check *check, VnC2paKind kind, const char *code, const char *url) {
    VnC2paReport *report = check->report;
    size_t most = sizeof report->results / sizeof *report->results;
    /* The last places are for failures, so that many successes hide none. */
    if (report->count == most || (kind != VN_C2PA_FAILURE && report->count + 16 > most))
        return;
    VnC2paResult *result = &report->results[report->count++];
    *result = (VnC2paResult){.kind = kind, .code = code};
    vn_text_list(result->url, sizeof result->url, "", url);
}

static void fail(Check *check, const char *code, const char *url) { say(check, VN_C2PA_FAILURE, code, url); }
static void pass(Check *check, const char *code, const char *url) { say(check, VN_C2PA_SUCCESS, code, url); }

static void not_checked(Check *check, const char *what) {
    check->unchecked = true;
    vn_text_list(check->report->note, sizeof check->report->note, "; ", what);
}

static void take_text(char *out, size_t size, const char *separator, const VnCbor *item, VnError *err,
                      VernisStatus *status) {
    char *text = NULL;
    if (item->major != VN_CBOR_TEXT || !item->data || *status)
        return;
    *status = vn_text_foreign(&text, item->data, item->size, err);
    if (text)
        vn_text_list(out, size, separator, text);
    vn_free(text);
}

size_t vn_c2pa_hash(uint8_t hash[64], const char *alg, const uint8_t *data, size_t size, const VnC2paPlace *ranges,
                    size_t count) {
    static const struct {
        const char *alg, *name;
    } algs[] = {{"sha256", "SHA256"}, {"sha384", "SHA384"}, {"sha512", "SHA512"}};
    const EVP_MD *md = NULL;
    for (int i = 0; i < 3; i++)
        if (!strcmp(alg, algs[i].alg))
            md = EVP_get_digestbyname(algs[i].name);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned length = 0;
    size_t at = 0;
    bool good = md && context && EVP_DigestInit_ex(context, md, NULL) == 1;
    for (size_t i = 0; i < count && good; i++) {
        good = EVP_DigestUpdate(context, data + at, ranges[i].start - at) == 1;
        at = ranges[i].start + ranges[i].length;
    }
    good =
        good && EVP_DigestUpdate(context, data + at, size - at) == 1 && EVP_DigestFinal_ex(context, hash, &length) == 1;
    EVP_MD_CTX_free(context);
    return good ? length : 0;
}

/* The name of the hash algorithm: the item's own, else the claim's (section 13.1). */
static void hash_name(char out[16], const VnCbor *map, const VnCbor *claim) {
    VnCbor alg;
    *out = 0;
    if ((vn_cbor_get(map, "alg", &alg) || vn_cbor_get(claim, "alg", &alg)) && alg.major == VN_CBOR_TEXT && alg.data &&
        alg.size < 16) {
        memcpy(out, alg.data, alg.size);
        out[alg.size] = 0;
    }
}

/* --- signature --- */

static void check_certificates(Check *check, X509 *const *chain, size_t count, const VnCose *cose) {
    static const char url[] = "c2pa.signature";
    int age = vn_certificate_age(chain[0], check->now);
    vn_certificate_name(check->report->signer, sizeof check->report->signer, chain[0]);
    if (vn_certificate_problem(chain[0]))
        fail(check, "signingCredential.invalid", url);
    if (age && cose->time_stamped)
        not_checked(check, "the certificate is out of its time by now, and the time-stamp that may vouch for the "
                           "signature is not checked");
    else if (age)
        fail(check, "signingCredential.expired", url);
    else
        pass(check, "claimSignature.insideValidity", url);
    if (vn_certificate_trusted(chain, count, check->anchors))
        pass(check, "signingCredential.trusted", url);
    else
        fail(check, "signingCredential.untrusted", url);
}

static void check_cose(Check *check, const VnCose *cose, const VnBox *claim) {
    X509 *chain[VN_CHAIN_MOST] = {0};
    size_t count = 0;
    const VnBytes payload = {.data = (uint8_t *)(uintptr_t)claim->data, .size = claim->size};
    while (count < cose->count) {
        chain[count] = vn_certificate_read(cose->chain[count].data, cose->chain[count].size);
        if (!chain[count])
            break;
        count++;
    }
    if (!count || count < cose->count)
        fail(check, "signingCredential.invalid", "c2pa.signature");
    else
        check_certificates(check, chain, count, cose);
    if (!cose->alg)
        fail(check, "algorithm.unsupported", "c2pa.signature");
    else if (count && vn_cose_verify(cose, X509_get0_pubkey(chain[0]), &payload, &check->status, check->err))
        pass(check, "claimSignature.validated", "c2pa.signature");
    else if (count)
        fail(check, "claimSignature.mismatch", "c2pa.signature");
    while (count)
        X509_free(chain[--count]);
}

static void check_signature(Check *check) {
    VnBox box, content;
    VnCose cose;
    if (!vn_box_find(&check->manifest, "c2cs", NULL, 0, &box) || !vn_box_content(&box, "cbor", &content))
        fail(check, "claimSignature.missing", "c2pa.signature");
    else if (!vn_cose_read(&cose, content.data, content.size, check->version_1))
        fail(check, "claimSignature.mismatch", box.label);
    else
        check_cose(check, &cose, &check->claim_box);
}

/* --- assertions --- */

/* The label behind a hashed URI of an assertion of this manifest, as it stands in the URI; false for any other URI. */
static bool assertion_label(char out[URI_MOST], const VnCbor *url, const char *manifest) {
    static const char own[] = "self#jumbf=c2pa.assertions/";
    char absolute[URI_MOST], text[URI_MOST];
    const char *prefix = own;
    if (url->major != VN_CBOR_TEXT || !url->data || url->size >= sizeof text || memchr(url->data, 0, url->size))
        return false;
    memcpy(text, url->data, url->size);
    text[url->size] = 0;
    int length = snprintf(absolute, sizeof absolute, "self#jumbf=/c2pa/%s/c2pa.assertions/", manifest);
    if (length > 0 && (size_t)length < sizeof absolute && !strncmp(text, absolute, (size_t)length))
        prefix = absolute;
    if (strncmp(text, prefix, strlen(prefix)) != 0)
        return false;
    snprintf(out, URI_MOST, "%s", text + strlen(prefix));
    return true;
}

/* One hashed URI of the claim (section 15.10.3). @param box receives the assertion. @return whether it is as it was signed */
static bool check_hashed_uri(Check *check, const VnCbor *item, VnBox *box, char label[URI_MOST]) {
    VnCbor url, hash;
    char alg[16];
    uint8_t made[64];
    *label = 0;
    if (!vn_cbor_get(item, "url", &url) || !vn_cbor_get(item, "hash", &hash) || hash.major != VN_CBOR_BYTES ||
        !hash.data || !assertion_label(label, &url, check->manifest.label)) {
        fail(check, "claim.malformed", check->claim_box.label);
        return false;
    }
    if (!vn_box_find(&check->assertions, NULL, label, 0, box)) {
        fail(check, "assertion.missing", label);
        return false;
    }
    hash_name(alg, item, &check->claim);
    size_t size = vn_c2pa_hash(made, alg, box->data, box->size, NULL, 0);
    bool good = size == hash.size && !memcmp(made, hash.data, size);
    if (!size)
        fail(check, "algorithm.unsupported", label);
    else if (good)
        pass(check, "assertion.hashedURI.match", label);
    else
        fail(check, "assertion.hashedURI.mismatch", label);
    return size && good;
}

/* Exclusions in order and within the file. @return how many; -1: malformed */
static int read_ranges(VnC2paPlace ranges[RANGES_MOST], const VnCbor *map, size_t file_size) {
    VnCbor list, item = {0}, start, length;
    int count = 0;
    size_t end = 0;
    if (!vn_cbor_get(map, "exclusions", &list))
        return 0;
    while (list.major == VN_CBOR_ARRAY && vn_cbor_next(&list, &item)) {
        if (count == RANGES_MOST || !vn_cbor_get(&item, "start", &start) || !vn_cbor_get(&item, "length", &length) ||
            start.major != VN_CBOR_UINT || length.major != VN_CBOR_UINT || start.value < end ||
            start.value > file_size || length.value > file_size - start.value)
            return -1;
        ranges[count++] = (VnC2paPlace){(size_t)start.value, (size_t)length.value};
        end = (size_t)(start.value + length.value);
    }
    return list.major == VN_CBOR_ARRAY ? count : -1;
}

/* Section 15.12.1: the hash of the file but for the manifest, which must be the first thing left out, and exactly. */
static void check_data_hash(Check *check, const VnBox *assertion) {
    VnBox content;
    VnCbor map, hash;
    VnC2paPlace ranges[RANGES_MOST], place;
    char alg[16];
    uint8_t made[64];
    if (!vn_box_content(assertion, "cbor", &content) || !vn_cbor_open(&map, content.data, content.size)) {
        fail(check, "assertion.cbor.invalid", assertion->label);
        return;
    }
    int count = read_ranges(ranges, &map, check->file->size);
    if (count < 0 || !vn_cbor_get(&map, "hash", &hash) || hash.major != VN_CBOR_BYTES || !hash.data) {
        fail(check, "assertion.dataHash.malformed", assertion->label);
        return;
    }
    hash_name(alg, &map, &check->claim);
    size_t size = vn_c2pa_hash(made, alg, check->file->data, check->file->size, ranges, (size_t)count);
    bool placed = vn_c2pa_find(&place, check->file, check->format) && place.length;
    bool own = false;
    for (int i = 0; i < count && placed; i++)
        own = own || (ranges[i].start == place.start && ranges[i].length == place.length);
    if (!size)
        fail(check, "algorithm.unsupported", assertion->label);
    else if (!own || size != hash.size || memcmp(made, hash.data, size) != 0)
        fail(check, "assertion.dataHash.mismatch", assertion->label);
    else
        pass(check, "assertion.dataHash.match", assertion->label);
    if (count > 1)
        say(check, VN_C2PA_INFORMATION, "assertion.dataHash.additionalExclusionsPresent", assertion->label);
}

/* Section 18.14.2: the first action says whether the work was created, and from what, or opened. */
static void check_actions(Check *check, const VnBox *assertion) {
    VnBox content;
    VnCbor map, list, first = {0}, name, source, parameters, ingredients;
    if (!vn_box_content(assertion, "cbor", &content) || !vn_cbor_open(&map, content.data, content.size)) {
        fail(check, "assertion.cbor.invalid", assertion->label);
        return;
    }
    bool good = vn_cbor_get(&map, "actions", &list) && list.major == VN_CBOR_ARRAY && vn_cbor_next(&list, &first) &&
                vn_cbor_get(&first, "action", &name);
    if (good && vn_cbor_is(&name, "c2pa.created"))
        good = vn_cbor_get(&first, "digitalSourceType", &source);
    else if (good && vn_cbor_is(&name, "c2pa.opened"))
        good =
            vn_cbor_get(&first, "parameters", &parameters) && (vn_cbor_get(&parameters, "ingredients", &ingredients) ||
                                                               vn_cbor_get(&parameters, "ingredient", &ingredients));
    else
        good = false;
    if (!good)
        fail(check, "assertion.action.malformed", assertion->label);
}

/* A hashed URI of this form that holds: the manifest itself, or, since redaction changes that, its signature. */
static bool holds(const VnCbor *ingredient, const char *key, const VnCbor *claim, const VnBox *box) {
    VnCbor uri, hash;
    char alg[16];
    uint8_t made[64];
    if (!vn_cbor_get(ingredient, key, &uri) || !vn_cbor_get(&uri, "hash", &hash) || hash.major != VN_CBOR_BYTES ||
        !hash.data)
        return false;
    hash_name(alg, &uri, claim);
    size_t size = vn_c2pa_hash(made, alg, box->data, box->size, NULL, 0);
    return size && size == hash.size && !memcmp(made, hash.data, size);
}

/* Section 15.11: the manifest of an ingredient is there, and is the one that was meant. What it says is not looked at. */
static void check_ingredient_manifest(Check *check, const VnCbor *map, const VnCbor *uri, const VnBox *assertion) {
    static const char prefix[] = "self#jumbf=/c2pa/";
    VnCbor url;
    VnBox manifest, signature;
    char label[URI_MOST] = "";
    if (vn_cbor_get(uri, "url", &url) && url.major == VN_CBOR_TEXT && url.data && url.size > sizeof prefix - 1 &&
        url.size < sizeof label && !memcmp(url.data, prefix, sizeof prefix - 1))
        memcpy(label, url.data + sizeof prefix - 1, url.size - (sizeof prefix - 1));
    if (!*label || !vn_box_find(&check->store, NULL, label, 0, &manifest))
        fail(check, "ingredient.manifest.missing", assertion->label);
    else if (holds(map, "activeManifest", &check->claim, &manifest) ||
             holds(map, "c2pa_manifest", &check->claim, &manifest))
        pass(check, "ingredient.manifest.validated", assertion->label);
    else if (vn_box_find(&manifest, "c2cs", NULL, 0, &signature) &&
             holds(map, "claimSignature", &check->claim, &signature))
        pass(check, "ingredient.claimSignature.validated", assertion->label);
    else
        fail(check, "ingredient.manifest.mismatch", assertion->label);
}

static void check_ingredient(Check *check, const VnBox *assertion) {
    VnBox content;
    VnCbor map, found;
    if (!vn_box_content(assertion, "cbor", &content) || !vn_cbor_open(&map, content.data, content.size))
        fail(check, "assertion.cbor.invalid", assertion->label);
    else if (vn_cbor_get(&map, "activeManifest", &found) || vn_cbor_get(&map, "c2pa_manifest", &found))
        check_ingredient_manifest(check, &map, &found, assertion);
    else
        say(check, VN_C2PA_INFORMATION, "ingredient.unknownProvenance", assertion->label);
}

/* What was found while walking the claim's assertions. */
typedef struct Tally {
    size_t declared, bindings, actions;
    bool other_binding;
} Tally;

static bool has_prefix(const char *label, const char *prefix) { return !strncmp(label, prefix, strlen(prefix)); }

static void check_assertion(Check *check, const VnCbor *item, Tally *tally) {
    VnBox box;
    char label[URI_MOST];
    tally->declared++;
    bool good = check_hashed_uri(check, item, &box, label);
    bool first_actions = has_prefix(label, "c2pa.actions") && !tally->actions++;
    if (has_prefix(label, "c2pa.hash."))
        tally->bindings++;
    if (!good)
        return;
    if (!strcmp(label, "c2pa.hash.data"))
        check_data_hash(check, &box);
    else if (has_prefix(label, "c2pa.hash."))
        tally->other_binding = true;
    else if (first_actions && !check->version_1)
        check_actions(check, &box);
    else if (has_prefix(label, "c2pa.ingredient"))
        check_ingredient(check, &box);
}

static void check_assertions(Check *check) {
    static const char *const lists[] = {"created_assertions", "gathered_assertions", "assertions"};
    Tally tally = {0};
    VnCbor list;
    if (!vn_box_find(&check->manifest, "c2as", NULL, 0, &check->assertions)) {
        fail(check, "assertion.missing", "c2pa.assertions");
        return;
    }
    for (int i = 0; i < 3; i++) {
        if ((i == 2) != check->version_1 || !vn_cbor_get(&check->claim, lists[i], &list))
            continue;
        for (VnCbor item = {0}; list.major == VN_CBOR_ARRAY && vn_cbor_next(&list, &item);) {
            if (tally.declared == ASSERTIONS_MOST) {
                not_checked(check, "it has more assertions than are looked at");
                return;
            }
            check_assertion(check, &item, &tally);
        }
    }
    size_t present = 0;
    for (VnBox box = {0}; vn_box_next(&check->assertions, &box);)
        present++;
    if (present > tally.declared)
        fail(check, "assertion.undeclared", "c2pa.assertions");
    if (!tally.bindings)
        fail(check, "claim.hardBindings.missing", check->claim_box.label);
    else if (tally.bindings > 1)
        fail(check, "assertion.multipleHardBindings", check->claim_box.label);
    if (tally.other_binding)
        not_checked(check, "its hash of the file is of a kind that is not handled (only c2pa.hash.data is)");
    if (!tally.actions && !check->version_1)
        fail(check, "assertion.action.malformed", check->claim_box.label);
}

/* --- manifest --- */

static void read_generator(Check *check) {
    VnC2paReport *report = check->report;
    VnCbor info, item = {0}, text;
    if (vn_cbor_get(&check->claim, "claim_generator_info", &info)) {
        if (info.major == VN_CBOR_ARRAY && vn_cbor_next(&info, &item)) /* as claims of version 1 have it */
            info = item;
        if (vn_cbor_get(&info, "name", &text))
            take_text(report->generator, sizeof report->generator, "", &text, check->err, &check->status);
        if (vn_cbor_get(&info, "version", &text))
            take_text(report->generator, sizeof report->generator, " ", &text, check->err, &check->status);
    }
    if (!*report->generator && vn_cbor_get(&check->claim, "claim_generator", &text))
        take_text(report->generator, sizeof report->generator, "", &text, check->err, &check->status);
}

static bool read_claim(Check *check) {
    VnBox box, second;
    if (!vn_box_find(&check->manifest, "c2cl", NULL, 0, &box)) {
        fail(check, "claim.missing", check->manifest.label);
        return false;
    }
    if (vn_box_find(&check->manifest, "c2cl", NULL, 1, &second)) {
        fail(check, "claim.multiple", check->manifest.label);
        return false;
    }
    check->version_1 = strcmp(box.label, "c2pa.claim.v2") != 0;
    if (!vn_box_content(&box, "cbor", &check->claim_box) ||
        !vn_cbor_open(&check->claim, check->claim_box.data, check->claim_box.size)) {
        fail(check, "claim.cbor.invalid", box.label);
        return false;
    }
    check->claim_box.label = box.label;
    return true;
}

/* The active manifest is the last one (section 10.4.3). */
static bool find_active(Check *check, const VnBytes *store) {
    VnBox all, box = {0};
    bool found = false;
    if (!vn_box_read(&all, store->data, store->data + store->size) || !vn_box_is(&all, "c2pa"))
        return false;
    while (vn_box_next(&all, &box)) {
        if (!box.content)
            continue;
        check->report->manifests++;
        check->manifest = box;
        check->store = all;
        found = true;
    }
    return found;
}

static VnC2paState judge(const Check *check) {
    bool trusted = true;
    for (size_t i = 0; i < check->report->count; i++) {
        const VnC2paResult *result = &check->report->results[i];
        if (result->kind == VN_C2PA_FAILURE && strcmp(result->code, "signingCredential.untrusted") != 0)
            return VN_C2PA_INVALID;
        trusted = trusted && result->kind != VN_C2PA_FAILURE;
    }
    return check->unchecked ? VN_C2PA_UNCHECKED : trusted ? VN_C2PA_TRUSTED : VN_C2PA_VALID;
}

VernisStatus vn_c2pa_verify(VnC2paReport *out, const VnBytes *file, const char *format, const VnBytes *store,
                            const VnBytes *anchors, int64_t now, VnError *err) {
    Check check = {.report = out, .file = file, .format = format, .anchors = anchors, .now = now, .err = err};
    *out = (VnC2paReport){0};
    if (!store->size)
        return VERNIS_OK;
    if (!find_active(&check, store)) {
        fail(&check, "claim.missing", "c2pa");
    } else if (vn_box_is(&check.manifest, "c2cm")) {
        not_checked(&check, "its manifest is compressed");
    } else if (read_claim(&check)) {
        read_generator(&check);
        check_signature(&check);
        check_assertions(&check);
    }
    out->state = judge(&check);
    return check.status;
}

const char *vn_c2pa_state_name(VnC2paState state) {
    static const char *const names[] = {"none", "invalid", "unchecked", "valid", "trusted"};
    return names[state];
}

/* --- leaks --- */

static bool leaks_picture(const VnBox *manifest) {
    VnBox part = {0}, assertion = {0};
    const uint8_t *at = manifest->content;
    while (vn_box_next(manifest, &part)) {
        at = part.end;
        if (vn_box_is(&part, "c2cl") || vn_box_is(&part, "c2cs"))
            continue;
        if (!vn_box_is(&part, "c2as"))
            return true;
        const uint8_t *inner = part.content;
        for (assertion = (VnBox){0}; vn_box_next(&part, &assertion); inner = assertion.end)
            if (!assertion.content || vn_box_is_file(&assertion) || has_prefix(assertion.label, "c2pa.thumbnail"))
                return true;
        if (inner != part.end)
            return true;
    }
    return at != manifest->end;
}

bool vn_c2pa_leaks(const VnBytes *store) {
    VnBox all, manifest = {0};
    const uint8_t *at = NULL;
    if (!store->size)
        return false;
    if (!vn_box_read(&all, store->data, store->data + store->size) || !vn_box_is(&all, "c2pa"))
        return true;
    for (; vn_box_next(&all, &manifest); at = manifest.end)
        if (!vn_box_is(&manifest, "c2ma") || leaks_picture(&manifest))
            return true;
    return at != all.end;
}
