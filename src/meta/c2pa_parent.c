/* SPDX-License-Identifier: Apache-2.0 */
/* The manifests of a source, so that they can stay as those of its parent: C2PA 2.2 sections 6.8 (redaction) and 18.15
 * (ingredients). What may hold a picture or a place is redacted in every manifest; where that is not enough, nothing stays. */
#include <stdio.h>
#include <string.h>

#include "meta/c2pa.h"
#include "meta/cbor.h"
#include "meta/jumbf.h"

enum { MANIFESTS_MOST = 16, REDACTIONS_MOST = 64, ASSERTION_MOST = 4096, BLOB_MOST = 128, STORE_MOST = 32 * 1024 };

/* "c2pa.ingredient.v3__2" is one of "c2pa.ingredient.v3". */
static bool is_label(const char *label, const char *name) {
    size_t size = strlen(name);
    return !strncmp(label, name, size) && (!label[size] || !strncmp(label + size, "__", 2));
}

static bool is_listed(const char *label, const char *const *names) {
    for (; *names; names++)
        if (is_label(label, *names))
            return true;
    return false;
}

/* Assertions that may not be redacted (section 6.8), and those that need not be. */
static const char *const fixed[] = {"c2pa.actions", "c2pa.actions.v2", "c2pa.hash.data", NULL};
static const char *const harmless[] = {"c2pa.ingredient",
                                       "c2pa.ingredient.v2",
                                       "c2pa.ingredient.v3",
                                       "cawg.metadata",
                                       "cawg.training-mining",
                                       "c2pa.training-mining",
                                       NULL};

/* Byte strings longer than a hash: pictures, keys, what else one cannot know. */
static bool has_blob(const VnCbor *item) {
    VnCbor inner;
    bool found = item->major == VN_CBOR_BYTES && (!item->data || item->size > BLOB_MOST);
    if (item->major == VN_CBOR_TAG)
        found = !vn_cbor_open(&inner, item->data, item->size) || has_blob(&inner);
    for (VnCbor member = {0}; !found && vn_cbor_next(item, &member);)
        found = has_blob(&member);
    return found;
}

static bool has_blobs(const VnBox *box) {
    VnCbor item;
    return !strcmp(box->type, "cbor") && (!vn_cbor_open(&item, box->data, box->size) || has_blob(&item));
}

/* Small, of one box of CBOR or JSON alone, no embedded file by its type, and without what cameras write. */
static bool is_sound(const VnBox *assertion) {
    size_t count = vn_box_is_file(assertion) ? 2 : 0;
    const uint8_t *at = assertion->content;
    for (VnBox box = {0}; vn_box_next(assertion, &box); at = box.end)
        count += (strcmp(box.type, "cbor") != 0 && strcmp(box.type, "json") != 0) || has_blobs(&box) ? 2 : 1;
    return count == 1 && at == assertion->end && assertion->size <= ASSERTION_MOST &&
           !memmem(assertion->data, assertion->size, "exif", 4);
}

typedef struct Work {
    VnC2paParent *out;
    VnSink to;
    const char *reason; /* why nothing can stay; NULL so far */
} Work;

static void redact(Work *work, const char *manifest, const char *label) {
    char uri[300];
    int size = snprintf(uri, sizeof uri, "self#jumbf=/c2pa/%s/c2pa.assertions/%s", manifest, label);
    if (size < 0 || (size_t)size >= sizeof uri || work->out->redacted_count == REDACTIONS_MOST)
        work->reason = "there is too much in them to redact";
    else if (!work->to.status)
        work->to.status = vn_bytes_append(&work->out->redacted, uri, (size_t)size + 1, work->to.err);
    work->out->redacted_count++;
}

/* The assertion store, its description box as it was, without what is redacted. */
static void copy_assertions(Work *work, const VnBox *store, const char *manifest) {
    size_t begin = vn_box_begin(&work->to, "jumb");
    const uint8_t *at = store->content;
    vn_sink_put(&work->to, store->data, (size_t)(store->content - store->data));
    for (VnBox box = {0}; !work->reason && vn_box_next(store, &box); at = box.end) {
        bool sound = box.content && is_sound(&box);
        if (!box.content || (!sound && is_listed(box.label, fixed)))
            work->reason = "they hold what cannot be redacted";
        else if (!sound || !(is_listed(box.label, fixed) || is_listed(box.label, harmless)))
            redact(work, manifest, box.label);
        else
            vn_sink_put(&work->to, at, (size_t)(box.end - at));
    }
    if (at != store->end && !work->reason)
        work->reason = "they are damaged";
    vn_box_end(&work->to, begin);
}

/* Claim and signature stay as they are, byte by byte: the signature covers the claim. */
static void copy_manifest(Work *work, const VnBox *manifest) {
    size_t begin = vn_box_begin(&work->to, "jumb");
    const uint8_t *at = manifest->content;
    vn_sink_put(&work->to, manifest->data, (size_t)(manifest->content - manifest->data));
    for (VnBox box = {0}; !work->reason && vn_box_next(manifest, &box); at = box.end) {
        if (vn_box_is(&box, "c2as"))
            copy_assertions(work, &box, manifest->label);
        else if ((vn_box_is(&box, "c2cl") || vn_box_is(&box, "c2cs")) && box.size <= STORE_MOST)
            vn_sink_put(&work->to, at, (size_t)(box.end - at));
        else
            work->reason = "they hold data of a kind that is not handled";
    }
    if (at != manifest->end && !work->reason)
        work->reason = "they are damaged";
    vn_box_end(&work->to, begin);
}

/* The hashes of the active manifest and of its signature, as they stand in the copy. */
static bool hash_active(VnC2paParent *out) {
    VnBox box = {0}, signature;
    const uint8_t *end = out->manifests.data + out->manifests.size;
    for (const uint8_t *at = out->manifests.data; at < end; at = box.end)
        if (!vn_box_read(&box, at, end))
            return false;
    if (!box.content || !vn_box_find(&box, "c2cs", NULL, 0, &signature) || strlen(box.label) >= sizeof out->label ||
        strlen(signature.label) >= sizeof out->signature)
        return false;
    memcpy(out->label, box.label, strlen(box.label) + 1);
    memcpy(out->signature, signature.label, strlen(signature.label) + 1);
    return vn_c2pa_hash(out->manifest_hash, "sha256", box.data, box.size, NULL, 0) &&
           vn_c2pa_hash(out->signature_hash, "sha256", signature.data, signature.size, NULL, 0);
}

VernisStatus vn_c2pa_parent_open(VnC2paParent *out, const char **reason, const VnBytes *store,
                                 const VnC2paReport *report, VnError *err) {
    Work work = {.out = out, .to.err = err};
    VnBox all, box = {0};
    size_t count = 0;
    *out = (VnC2paParent){.report = report};
    if (report->state != VN_C2PA_VALID && report->state != VN_C2PA_TRUSTED)
        work.reason = "they are not valid";
    else if (!store->size || !vn_box_read(&all, store->data, store->data + store->size))
        work.reason = "they are damaged";
    const uint8_t *at = NULL;
    for (; !work.reason && vn_box_next(&all, &box); at = box.end) {
        if (!vn_box_is(&box, "c2ma") || ++count > MANIFESTS_MOST)
            work.reason = "their history is of a kind that is not handled";
        else
            copy_manifest(&work, &box);
    }
    if (!work.reason && at != all.end)
        work.reason = "they are damaged";
    out->manifests = work.to.bytes;
    if (!work.reason && !work.to.status && out->manifests.size > STORE_MOST)
        work.reason = "their history is too long";
    if (!work.reason && !work.to.status && !hash_active(out))
        work.reason = "they are damaged";
    if (work.reason || work.to.status)
        vn_c2pa_parent_free(out);
    *reason = work.reason;
    return work.to.status;
}

void vn_c2pa_parent_free(VnC2paParent *parent) {
    vn_bytes_free(&parent->manifests);
    vn_bytes_free(&parent->redacted);
    *parent = (VnC2paParent){0};
}
