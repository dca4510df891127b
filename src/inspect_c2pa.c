/* SPDX-License-Identifier: Apache-2.0 */
/* The part of `inspect` about content credentials. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "session_state.h"

VernisStatus vn_inspect_c2pa(VnC2paReport *report, const VnBytes *file, const VnBag *bag, VnError *err) {
    VnBytes root = {0};
    VernisStatus status = VERNIS_OK;
    if (bag->c2pa.size)
        status = vn_identity_root(&root, err);
    if (!status)
        status = vn_c2pa_verify(report, file, bag->format, &bag->c2pa, &root, time(NULL), err);
    vn_bytes_free(&root);
    return status;
}

static json_t *results_value(const VnC2paReport *report, VnC2paKind kind) {
    json_t *list = json_array();
    for (size_t i = 0; i < report->count; i++)
        if (report->results[i].kind == kind)
            json_array_append_new(
                list, json_pack("{s:s, s:s}", "code", report->results[i].code, "url", report->results[i].url));
    return list;
}

void vn_c2pa_add_json(json_t *root, const VnC2paReport *report) {
    json_object_set_new(root, "c2pa", json_string(vn_c2pa_state_name(report->state)));
    json_object_set_new(root, "c2pa_manifest",
                        report->state == VN_C2PA_NONE
                            ? json_null()
                            : json_pack("{s:s, s:s, s:I, s:s, s:o, s:o, s:o}", "generator", report->generator, "signer",
                                        report->signer, "manifests", (json_int_t)report->manifests, "note",
                                        report->note, "success", results_value(report, VN_C2PA_SUCCESS),
                                        "informational", results_value(report, VN_C2PA_INFORMATION), "failure",
                                        results_value(report, VN_C2PA_FAILURE)));
}

/* What a failure means for whoever looks at the picture. */
static const char *plain(const char *code) {
    static const struct {
        const char *code, *words;
    } meanings[] = {
        {"assertion.dataHash.mismatch", "the file was changed after it was signed"},
        {"assertion.hashedURI.mismatch", "a statement in it was changed after it was signed"},
        {"assertion.missing", "a statement was taken out of it"},
        {"assertion.undeclared", "a statement was put into it that was not signed"},
        {"claimSignature.mismatch", "the claim was changed after it was signed, or the signature is not the signer's"},
        {"claimSignature.missing", "it is not signed"},
        {"signingCredential.expired", "the certificate is out of its time, and no time-stamp says when it was signed"},
        {"signingCredential.invalid", "the certificate is not one that may sign content credentials"},
        {"signingCredential.untrusted", "nobody known here vouches for the signer's name"},
        {"algorithm.unsupported", "an algorithm is not one that C2PA knows"},
    };
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (!strcmp(meanings[i].code, code))
            return meanings[i].words;
    return "it is not made as the specification asks";
}

VernisStatus vn_c2pa_add_words(VnBytes *text, const VnC2paReport *report, VnError *err) {
    static const char *const words[] = {[VN_C2PA_NONE] = "none",
                                        [VN_C2PA_INVALID] = "INVALID",
                                        [VN_C2PA_UNCHECKED] = "present, not fully checked",
                                        [VN_C2PA_VALID] = "valid, signer unknown",
                                        [VN_C2PA_TRUSTED] = "valid and trusted (your own identity)"};
    VN_TRY(vn_text_add(text, err, "  C2PA             %s\n", words[report->state]));
    if (*report->signer)
        VN_TRY(vn_text_add(text, err, "    signed by      %s%s%s\n", report->signer,
                           *report->generator ? ", with " : "", report->generator));
    for (size_t i = 0; i < report->count; i++)
        if (report->results[i].kind == VN_C2PA_FAILURE)
            VN_TRY(vn_text_add(text, err, "    %-14s %s (%s)\n", report->state == VN_C2PA_INVALID ? "failure" : "note",
                               plain(report->results[i].code), report->results[i].code));
    if (*report->note)
        VN_TRY(vn_text_add(text, err, "    not checked    %s\n", report->note));
    if (report->manifests > 1)
        VN_TRY(vn_text_add(text, err, "    history        %zu manifest%s before this one, there but not verified\n",
                           report->manifests - 1, report->manifests == 2 ? "" : "s"));
    return VERNIS_OK;
}
