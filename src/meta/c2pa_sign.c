/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest with one claim: C2PA 2.2 sections 10 (claims), 13 (signatures) and 18 (assertions); CAWG Training and Data
 * Mining 1.1; CAWG Metadata 1.2. Map keys stand in the order of RFC 8949 section 4.2.1. */
#include <stdio.h>
#include <string.h>

#include <openssl/rand.h>

#include <vernis/version.h>

#include "base/json.h"
#include "meta/c2pa.h"
#include "meta/cbor.h"
#include "meta/cose.h"
#include "meta/jumbf.h"
#include "meta/xmp_names.h"

#define SOURCE_TYPE "http://cv.iptc.org/newscodes/digitalsourcetype/"

enum { HASH = 32, ASSERTIONS_MOST = 6 };

/* One assertion: its label, and the superbox as it goes into the store. */
typedef struct Assertion {
    const char *label;
    VnBytes box;
    bool created; /* by the software, which vouches for it; else gathered from what the artist said */
} Assertion;

typedef struct Manifest {
    char label[64], instance[64];
    bool padded; /* a byte of padding in the data hash makes the store's length even */
    Assertion assertions[ASSERTIONS_MOST];
    size_t count;
    const VnC2paParent *parent; /* NULL: none */
} Manifest;

/* A version 4 UUID in its text form (RFC 9562). */
static VernisStatus make_uuid(char text[37], VnError *err) {
    uint8_t b[16];
    if (RAND_bytes(b, sizeof b) != 1)
        return vn_fail(err, VERNIS_E_IO, "c2pa", "cannot get random numbers for the manifest's name");
    b[6] = (b[6] & 0x0f) | 0x40;
    b[8] = (b[8] & 0x3f) | 0x80;
    for (size_t i = 0, at = 0; i < sizeof b; i++)
        at += (size_t)snprintf(text + at, 37 - at, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", b[i]);
    return VERNIS_OK;
}

static void put_pair(VnSink *to, const char *key, const char *value) {
    vn_cbor_text(to, key);
    vn_cbor_text(to, value);
}

static VernisStatus no_hash(VnError *err) {
    return vn_fail(err, VERNIS_E_INTERNAL, "c2pa", "OpenSSL gives no SHA-256");
}

static void put_hashed_uri(VnSink *to, const Assertion *assertion) {
    char url[96];
    uint8_t hash[64];
    /* Over the superbox without its own 8-byte header (section 8.4.2.3). */
    if (!vn_c2pa_hash(hash, "sha256", assertion->box.data + 8, assertion->box.size - 8, NULL, 0) && !to->status)
        to->status = no_hash(to->err);
    snprintf(url, sizeof url, "self#jumbf=c2pa.assertions/%s", assertion->label);
    vn_cbor_head(to, VN_CBOR_MAP, 2);
    put_pair(to, "url", url);
    vn_cbor_text(to, "hash");
    vn_cbor_bytes(to, hash, HASH);
}

static void put_generator(VnSink *to, bool with_spec) {
    vn_cbor_head(to, VN_CBOR_MAP, with_spec ? 3 : 2);
    put_pair(to, "name", "Vernis");
    put_pair(to, "version", VERNIS_VERSION);
    if (with_spec)
        put_pair(to, "specVersion", "2.2.0");
}

/* --- assertions; each is the content of its box --- */

/* What our verification of the parent said, one kind of it. */
static void put_results(VnSink *to, const VnC2paParent *parent, const char *key, VnC2paKind kind) {
    const VnC2paReport *report = parent->report;
    size_t count = 0;
    for (size_t i = 0; i < report->count; i++)
        count += report->results[i].kind == kind;
    vn_cbor_text(to, key);
    vn_cbor_head(to, VN_CBOR_ARRAY, count);
    for (size_t i = 0; i < report->count; i++) {
        const VnC2paResult *result = &report->results[i];
        bool assertion = strncmp(result->code, "assertion.", 10) == 0 || strncmp(result->code, "ingredient.", 11) == 0;
        char url[300];
        if (result->kind != kind)
            continue;
        snprintf(url, sizeof url, "self#jumbf=/c2pa/%s/%s%s", parent->label, assertion ? "c2pa.assertions/" : "",
                 result->url);
        vn_cbor_head(to, VN_CBOR_MAP, 2);
        put_pair(to, "url", url);
        put_pair(to, "code", result->code);
    }
}

static void put_parent_uri(VnSink *to, const char *key, const char *label, const char *part, const uint8_t *hash) {
    char url[300];
    snprintf(url, sizeof url, "self#jumbf=/c2pa/%s%s%s", label, *part ? "/" : "", part);
    vn_cbor_text(to, key);
    vn_cbor_head(to, VN_CBOR_MAP, 2);
    put_pair(to, "url", url);
    vn_cbor_text(to, "hash");
    vn_cbor_bytes(to, hash, HASH);
}

/* The source as it came; its manifests, unless it had none or lost them here (section 18.15). */
static void put_ingredient(VnSink *to, const char *media_type, const VnC2paParent *parent) {
    vn_cbor_head(to, VN_CBOR_MAP, parent ? 5 : 2);
    put_pair(to, "dc:format", media_type);
    put_pair(to, "relationship", "parentOf");
    if (!parent)
        return;
    put_parent_uri(to, "activeManifest", parent->label, "", parent->manifest_hash);
    put_parent_uri(to, "claimSignature", parent->label, parent->signature, parent->signature_hash);
    vn_cbor_text(to, "validationResults");
    vn_cbor_head(to, VN_CBOR_MAP, 1);
    vn_cbor_text(to, "activeManifest");
    vn_cbor_head(to, VN_CBOR_MAP, 3);
    put_results(to, parent, "failure", VN_C2PA_FAILURE);
    put_results(to, parent, "success", VN_C2PA_SUCCESS);
    put_results(to, parent, "informational", VN_C2PA_INFORMATION);
}

/* The URIs of what was redacted, one after the other. @param uri NULL for the first @return NULL after the last */
static const char *next_redacted(const VnC2paParent *parent, const char *uri) {
    if (!parent || !parent->redacted.size)
        return NULL;
    const char *first = (const char *)parent->redacted.data, *next = uri ? uri + strlen(uri) + 1 : first;
    return next < first + parent->redacted.size ? next : NULL;
}

/* Made by the artist, as far as stated, or opened; then changed by this program (section 18.14). */
static void put_actions(VnSink *to, const VnRights *rights, const Assertion *ingredient, const VnC2paParent *parent) {
    vn_cbor_head(to, VN_CBOR_MAP, 2);
    vn_cbor_text(to, "actions");
    vn_cbor_head(to, VN_CBOR_ARRAY, 2 + (parent ? parent->redacted_count : 0));
    vn_cbor_head(to, VN_CBOR_MAP, 2);
    if (ingredient) {
        put_pair(to, "action", "c2pa.opened");
        vn_cbor_text(to, "parameters");
        vn_cbor_head(to, VN_CBOR_MAP, 1);
        vn_cbor_text(to, "ingredients");
        vn_cbor_head(to, VN_CBOR_ARRAY, 1);
        put_hashed_uri(to, ingredient);
    } else {
        put_pair(to, "action", "c2pa.created");
        put_pair(to, "digitalSourceType", rights->source_type);
    }
    vn_cbor_head(to, VN_CBOR_MAP, 4);
    put_pair(to, "action", "c2pa.edited");
    put_pair(to, "description", "Protective perturbation against unlicensed training");
    vn_cbor_text(to, "softwareAgent");
    put_generator(to, false);
    put_pair(to, "digitalSourceType", SOURCE_TYPE "algorithmicallyEnhanced");
    for (const char *uri = NULL; (uri = next_redacted(parent, uri)) != NULL;) {
        vn_cbor_head(to, VN_CBOR_MAP, 3);
        put_pair(to, "action", "c2pa.redacted");
        put_pair(to, "reason", "c2pa.PII.present");
        vn_cbor_text(to, "parameters");
        vn_cbor_head(to, VN_CBOR_MAP, 1);
        put_pair(to, "redacted", uri);
    }
    vn_cbor_text(to, "allActionsIncluded");
    vn_cbor_bool(to, ingredient != NULL); /* what the artist did to make it is not listed */
}

/* What the nine PLUS values mean for each of CAWG's uses: n not allowed, a allowed, c constrained, - not said. In the order of
 * the map: ai_training, data_mining, ai_inference, ai_generative_training. */
static const struct {
    const char *value, *uses;
} reservations[] = {
    {"DMI-ALLOWED", "aaaa"},
    {"DMI-PROHIBITED", "nnnn"},
    {"DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING", "ncnn"},
    {"DMI-PROHIBITED-AIMLTRAINING", "n--n"},
    {"DMI-PROHIBITED-GENAIMLTRAINING", "---n"},
    {"DMI-PROHIBITED-SEECONSTRAINT", "cccc"},
    {"DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR", "cccc"},
    {"DMI-PROHIBITED-SEELINKEDRIGHTSEXPR", "cccc"},
};

static const char *uses_of(const char *data_mining) {
    const char *value = data_mining ? strstr(data_mining, "DMI-") : NULL;
    for (size_t i = 0; value && i < sizeof reservations / sizeof *reservations; i++)
        if (!strcmp(value, reservations[i].value))
            return reservations[i].uses;
    return NULL;
}

static void put_training(VnSink *to, const VnRights *rights, const char *uses) {
    static const char *const keys[] = {"cawg.ai_training", "cawg.data_mining", "cawg.ai_inference",
                                       "cawg.ai_generative_training"};
    /* Up to four times, so that what is longer is referred to. */
    enum { INFO_MOST = 40 };
    const char *info = strstr(rights->data_mining, "INDEXING") ? "Search engine indexing is allowed."
                       : rights->constraints                   ? rights->constraints
                       : rights->usage_terms                   ? rights->usage_terms
                                                               : rights->license_url;
    if (info && strlen(info) > INFO_MOST)
        info = info == rights->constraints   ? "cawg.metadata, plus:OtherConstraints"
               : info == rights->usage_terms ? "cawg.metadata, xmpRights:UsageTerms"
                                             : "cawg.metadata, xmpRights:WebStatement";
    size_t count = 0;
    for (int i = 0; i < 4; i++)
        count += uses[i] != '-';
    vn_cbor_head(to, VN_CBOR_MAP, 1);
    vn_cbor_text(to, "entries");
    vn_cbor_head(to, VN_CBOR_MAP, count);
    for (int i = 0; i < 4; i++) {
        bool informed = uses[i] == 'c' && info;
        if (uses[i] == '-')
            continue;
        vn_cbor_text(to, keys[i]);
        vn_cbor_head(to, VN_CBOR_MAP, informed ? 2 : 1);
        put_pair(to, "use", uses[i] == 'a' ? "allowed" : uses[i] == 'c' ? "constrained" : "notAllowed");
        if (informed)
            put_pair(to, "constraint_info", info);
    }
}

/* --- JSON; a value that is NULL, for want of memory, makes whatever takes it fail too --- */

static bool put_value(json_t *object, const char *space, const char *name, json_t *value) {
    char key[80];
    snprintf(key, sizeof key, "%s:%s", space, name);
    return json_object_set_new(object, key, value) == 0;
}

/* "A; B" is a list of two, as in XMP. */
static json_t *creators_value(const char *text) {
    json_t *list = json_array();
    bool good = list != NULL;
    for (int count = vn_creator_count(text); count; count--) {
        size_t size = vn_creator_length(text, count);
        good = json_array_append_new(list, json_stringn(text, size)) == 0 && good;
        text += count > 1 ? size + 2 : size;
    }
    if (!good)
        json_decref(list);
    return good ? list : NULL;
}

/* A structure of the rows from `from` to before `to`. */
static json_t *members_value(VnRights *rights, int from, int to) {
    json_t *structure = json_object();
    bool good = structure != NULL;
    for (int i = from; i < to; i++) {
        const VnXmpProperty *row = &vn_xmp_properties[i];
        const char *text = *vn_xmp_field(rights, i);
        if (text)
            good = put_value(structure, vn_xmp_spaces[row->space].prefix, row->inner, json_string(text)) && good;
    }
    if (!good)
        json_decref(structure);
    return good ? structure : NULL;
}

static json_t *property_value(VnRights *rights, int from, int to, const char *text) {
    switch (vn_xmp_properties[from].form) {
    case VN_XMP_SEQ:
        return creators_value(text);
    case VN_XMP_STRUCT:
        return members_value(rights, from, to);
    case VN_XMP_STRUCT_SEQ:
        return json_pack("[o]", members_value(rights, from, to));
    default:
        return json_string(text);
    }
}

/* What was written to XMP, as JSON-LD, but for the source type, which belongs to an action; nothing when that is nothing. */
static void put_metadata(VnSink *to, VnRights *rights) {
    json_t *context = json_object(), *root = json_pack("{s:O}", "@context", context);
    bool good = root != NULL;
    size_t count = 0;
    for (int i = 0, next; i < VN_RIGHTS_FIELDS; i = next) {
        const VnXmpProperty *property = &vn_xmp_properties[i];
        const VnXmpSpaceName *space = &vn_xmp_spaces[property->space];
        const char *text = vn_xmp_next(&next, rights, i);
        if (!text || text == rights->source_type)
            continue;
        count++;
        good = json_object_set_new(context, space->prefix, json_string(space->uri)) == 0 && good;
        good = put_value(root, space->prefix, property->name, property_value(rights, i, next, text)) && good;
    }
    char *text = good && count ? vn_json_text(root) : NULL;
    json_decref(root);
    json_decref(context);
    if (text)
        vn_sink_put(to, text, strlen(text));
    else if (!to->status && (count || !good))
        to->status = vn_no_memory(to->err, "c2pa", 0, "metadata");
    vn_free(text);
}

static void put_data_hash(VnSink *to, bool padded, VnC2paPlace place, const uint8_t hash[HASH]) {
    vn_cbor_head(to, VN_CBOR_MAP, 5);
    put_pair(to, "alg", "sha256");
    vn_cbor_text(to, "pad");
    vn_cbor_bytes(to, "", padded);
    vn_cbor_text(to, "hash");
    vn_cbor_bytes(to, hash, HASH);
    put_pair(to, "name", "jumbf manifest");
    vn_cbor_text(to, "exclusions");
    vn_cbor_head(to, VN_CBOR_ARRAY, 1);
    vn_cbor_head(to, VN_CBOR_MAP, 2);
    vn_cbor_text(to, "start");
    vn_cbor_head(to, VN_CBOR_UINT, place.start);
    vn_cbor_text(to, "length");
    vn_cbor_head(to, VN_CBOR_UINT, place.length);
}

/* --- boxes --- */

/* Close the boxes that hold an assertion's content and keep it in the manifest. */
typedef struct Open {
    VnSink sink;
    size_t super, content;
} Open;

static Open open_assertion(const char *label, const char *type, VnError *err) {
    Open open = {.sink.err = err};
    open.super = vn_box_begin_super(&open.sink, type, label);
    open.content = vn_box_begin(&open.sink, type);
    return open;
}

static VernisStatus close_assertion(Manifest *manifest, Open *open, const char *label, bool created) {
    vn_box_end(&open->sink, open->content);
    vn_box_end(&open->sink, open->super);
    if (open->sink.status)
        vn_bytes_free(&open->sink.bytes);
    else
        manifest->assertions[manifest->count++] = (Assertion){label, open->sink.bytes, created};
    return open->sink.status;
}

/* All assertions but the last, the hash of the file. */
static VernisStatus add_assertions(Manifest *manifest, VnRights *rights, const char *media_type, VnError *err) {
    const char *uses = uses_of(rights->data_mining);
    const Assertion *ingredient = NULL;
    Open open;
    if (!rights->source_type || manifest->parent) {
        open = open_assertion("c2pa.ingredient.v3", "cbor", err);
        put_ingredient(&open.sink, media_type, manifest->parent);
        VN_TRY(close_assertion(manifest, &open, "c2pa.ingredient.v3", true));
        ingredient = &manifest->assertions[0];
    }
    open = open_assertion("c2pa.actions.v2", "cbor", err);
    if (!open.sink.status)
        put_actions(&open.sink, rights, ingredient, manifest->parent);
    VN_TRY(close_assertion(manifest, &open, "c2pa.actions.v2", true));
    if (uses) {
        open = open_assertion("cawg.training-mining", "cbor", err);
        put_training(&open.sink, rights, uses);
        VN_TRY(close_assertion(manifest, &open, "cawg.training-mining", false));
    }
    open = open_assertion("cawg.metadata", "json", err);
    size_t empty = open.sink.bytes.size;
    put_metadata(&open.sink, rights);
    if (!open.sink.status && open.sink.bytes.size == empty)
        vn_bytes_free(&open.sink.bytes);
    else
        VN_TRY(close_assertion(manifest, &open, "cawg.metadata", false));
    return VERNIS_OK;
}

static VernisStatus add_data_hash(Manifest *manifest, VnC2paPlace place, const uint8_t hash[HASH], VnError *err) {
    Open open = open_assertion("c2pa.hash.data", "cbor", err);
    put_data_hash(&open.sink, manifest->padded, place, hash);
    return close_assertion(manifest, &open, "c2pa.hash.data", true);
}

static void put_uris(VnSink *to, const Manifest *manifest, bool created) {
    size_t count = 0;
    for (size_t i = 0; i < manifest->count; i++)
        count += manifest->assertions[i].created == created;
    vn_cbor_head(to, VN_CBOR_ARRAY, count);
    for (size_t i = 0; i < manifest->count; i++)
        if (manifest->assertions[i].created == created)
            put_hashed_uri(to, &manifest->assertions[i]);
}

/* Section 10.1. */
static void put_claim(VnSink *to, const Manifest *manifest) {
    const VnC2paParent *parent = manifest->parent;
    bool redacted = parent && parent->redacted_count;
    vn_cbor_head(to, VN_CBOR_MAP, redacted ? 7 : 6);
    put_pair(to, "alg", "sha256");
    put_pair(to, "signature", "self#jumbf=c2pa.signature");
    put_pair(to, "instanceID", manifest->instance);
    vn_cbor_text(to, "created_assertions");
    put_uris(to, manifest, true);
    vn_cbor_text(to, "gathered_assertions");
    put_uris(to, manifest, false);
    if (redacted) {
        vn_cbor_text(to, "redacted_assertions");
        vn_cbor_head(to, VN_CBOR_ARRAY, parent->redacted_count);
        for (const char *uri = NULL; (uri = next_redacted(parent, uri)) != NULL;)
            vn_cbor_text(to, uri);
    }
    vn_cbor_text(to, "claim_generator_info");
    put_generator(to, true);
}

static VernisStatus make_store(VnBytes *out, const Manifest *manifest, const VnSigner *signer, bool sign,
                               VnError *err) {
    VnSink to = {.err = err}, claim = {.err = err};
    put_claim(&claim, manifest);
    size_t store = vn_box_begin_super(&to, "c2pa", "c2pa");
    if (manifest->parent)
        vn_sink_put(&to, manifest->parent->manifests.data, manifest->parent->manifests.size);
    size_t whole = vn_box_begin_super(&to, "c2ma", manifest->label);
    size_t box = vn_box_begin_super(&to, "c2as", "c2pa.assertions");
    for (size_t i = 0; i < manifest->count; i++)
        vn_sink_put(&to, manifest->assertions[i].box.data, manifest->assertions[i].box.size);
    vn_box_end(&to, box);
    box = vn_box_begin_super(&to, "c2cl", "c2pa.claim.v2");
    size_t content = vn_box_begin(&to, "cbor");
    vn_sink_put(&to, claim.bytes.data, claim.bytes.size);
    vn_box_end(&to, content);
    vn_box_end(&to, box);
    box = vn_box_begin_super(&to, "c2cs", "c2pa.signature");
    content = vn_box_begin(&to, "cbor");
    if (claim.status)
        to.status = claim.status;
    else
        vn_cose_sign(&to, signer, &claim.bytes, sign);
    vn_box_end(&to, content);
    vn_box_end(&to, box);
    vn_box_end(&to, whole);
    vn_box_end(&to, store);
    vn_bytes_free(&claim.bytes);
    if (to.status)
        vn_bytes_free(&to.bytes);
    else
        *out = to.bytes;
    return to.status;
}

static void drop_last(Manifest *manifest) { vn_bytes_free(&manifest->assertions[--manifest->count].box); }

/* Where the store will stand and how long it will be: the place is part of it, and a longer number may make it longer, so
 * ask until it stays. Every other size is known in advance. */
static VernisStatus settle_place(VnC2paPlace *place, Manifest *manifest, const VnBytes *file, const char *format,
                                 const VnSigner *signer, VnError *err) {
    static const uint8_t zeros[HASH] = {0};
    for (int round = 0; round < 8; round++) {
        VnC2paPlace before = *place;
        VnBytes store = {0};
        VN_TRY(add_data_hash(manifest, *place, zeros, err));
        VN_TRY(make_store(&store, manifest, signer, false, err));
        drop_last(manifest);
        size_t size = store.size;
        vn_bytes_free(&store);
        if (!strcmp(format, "webp") &&
            size & 1) { /* c2pa-rs does not count RIFF's byte of padding as part of the place */
            manifest->padded = !manifest->padded;
            continue;
        }
        if (!vn_c2pa_place(place, file, format, size))
            return vn_fail(err, VERNIS_E_FORMAT, "c2pa", "this %s file is damaged or carries a manifest already",
                           format);
        if (place->start == before.start && place->length == before.length)
            return VERNIS_OK;
    }
    return vn_fail(err, VERNIS_E_INTERNAL, "c2pa", "the place of the manifest does not settle");
}

/* The hash of the file as it will be, without the store: all of it is there already, but WebP's length of the whole. */
static VernisStatus hash_around(uint8_t hash[64], VnBytes *file, const char *format, VnC2paPlace place, VnError *err) {
    bool webp = !strcmp(format, "webp");
    uint8_t kept[4] = {0};
    if (webp) {
        size_t length = file->size + place.length - 8;
        memcpy(kept, file->data + 4, sizeof kept);
        for (int i = 0; i < 4; i++)
            file->data[4 + i] = (uint8_t)(length >> (8 * i));
    }
    size_t size = vn_c2pa_hash(hash, "sha256", file->data, file->size, NULL, 0);
    if (webp)
        memcpy(file->data + 4, kept, sizeof kept);
    return size ? VERNIS_OK : no_hash(err);
}

VernisStatus vn_c2pa_sign(VnBytes *file, const char *format, const VnSigner *signer, const VnRights *rights,
                          const VnC2paParent *parent, VnError *err) {
    Manifest manifest = {.parent = parent && parent->manifests.size ? parent : NULL};
    VnC2paPlace place = {0};
    VnBytes store = {0};
    VnRights clean = {0};
    char uuid[37], media_type[16];
    uint8_t hash[64];
    VernisStatus status;
    snprintf(media_type, sizeof media_type, "image/%s", format);
    VN_CHECK(vn_rights_clean(&clean, rights, err));
    VN_CHECK(make_uuid(uuid, err));
    snprintf(manifest.label, sizeof manifest.label, "urn:c2pa:%s", uuid);
    VN_CHECK(make_uuid(uuid, err));
    snprintf(manifest.instance, sizeof manifest.instance, "xmp:iid:%s", uuid);
    VN_CHECK(add_assertions(&manifest, &clean, media_type, err));
    VN_CHECK(settle_place(&place, &manifest, file, format, signer, err));
    VN_CHECK(hash_around(hash, file, format, place, err));
    VN_CHECK(add_data_hash(&manifest, place, hash, err));
    VN_CHECK(make_store(&store, &manifest, signer, true, err));
    VN_CHECK(vn_c2pa_insert(file, format, place, &store, err));
done:
    while (manifest.count)
        drop_last(&manifest);
    vn_bytes_free(&store);
    vn_rights_free(&clean);
    return status;
}
