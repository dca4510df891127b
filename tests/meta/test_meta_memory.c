/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of the room fails once, in turn: each time the call says so, and nothing is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <vernis/session.h>

#include "c2pa_samples.h"
#include "meta_samples.h"

static long left = -1; /* allocations until the one that fails; negative: none does */

static bool missed; /* one did */

static void *allocate(size_t size) {
    if (left == 0) {
        missed = true;
        return NULL;
    }
    if (left > 0)
        left--;
    return malloc(size);
}

typedef VernisStatus Job(const VnBag *bag, VnError *err);

static VernisStatus keep(const VnBag *bag, VnError *err) {
    VnRights rights = {0};
    VernisStatus status = vn_rights_from_bag(&rights, bag, VN_KEEP_ALL, err);
    vn_rights_free(&rights);
    return status;
}

static VernisStatus inspect(const VnBag *bag, VnError *err) {
    VnInspection found;
    VernisStatus status = vn_inspect(&found, bag, err);
    vn_inspection_free(&found);
    return status;
}

/* One of the three writers. */
static VernisStatus make(VernisStatus (*writer)(VnBytes *, const VnRights *, VnError *), VnError *err) {
    VnRights rights = sample_rights();
    VnBytes block = {0};
    VernisStatus status = writer(&block, &rights, err);
    assert_int_equal(block.data != NULL, status == VERNIS_OK);
    vn_bytes_free(&block);
    return status;
}

static VernisStatus write_exif(const VnBag *bag, VnError *err) { return (void)bag, make(vn_exif_make, err); }
static VernisStatus write_xmp(const VnBag *bag, VnError *err) { return (void)bag, make(vn_xmp_make, err); }
static VernisStatus write_iptc(const VnBag *bag, VnError *err) { return (void)bag, make(vn_iptc_make, err); }

static VernisStatus settle(const VnBag *bag, VnError *err) {
    (void)bag;
    VnRights rights = sample_rights();
    char warning[200];
    rights.constraints = NULL;
    VernisStatus status = vn_rights_settle(&rights, warning, err);
    vn_free(rights.constraints);
    return status;
}

static VernisStatus choose(const VnBag *bag, VnError *err) {
    (void)bag;
    char *mining = NULL, *source = NULL;
    VernisStatus status = vn_data_mining_uri(&mining, NULL, err);
    if (status == VERNIS_OK)
        status = vn_source_type_uri(&source, "human", err);
    vn_free(mining);
    vn_free(source);
    return status;
}

static VnSigner *signer;

static VernisStatus sign(const VnBag *bag, VnError *err) {
    (void)bag;
    long limit = left;
    VnRights rights = sample_rights();
    VnBytes file = {0};
    left = -1;
    sample_png(&file);
    left = limit;
    VernisStatus status = vn_c2pa_sign(&file, "png", signer, &rights, NULL, err);
    vn_bytes_free(&file);
    return status;
}

static VernisStatus verify(const VnBag *bag, VnError *err) {
    VnBytes nothing = {0};
    VnC2paReport report;
    VernisStatus status = vn_c2pa_verify(&report, &nothing, "png", &bag->c2pa, NULL, 0, err);
    assert_true(status || report.state == VN_C2PA_INVALID); /* it is the manifest of another file */
    return status;
}

static VernisStatus keep_parent(const VnBag *bag, VnError *err) {
    const VnC2paReport report = {.state = VN_C2PA_VALID};
    VnC2paParent parent;
    const char *reason;
    VernisStatus status = vn_c2pa_parent_open(&parent, &reason, &bag->c2pa, &report, err);
    assert_null(reason);
    assert_int_equal(parent.manifests.size != 0, status == VERNIS_OK);
    vn_c2pa_parent_free(&parent);
    return status;
}

static VernisStatus make_identity(const VnBag *bag, VnError *err) {
    (void)bag;
    VnIdentity identity = {0};
    VernisStatus status = vn_identity_make(&identity, "A", 0, 1000, err);
    assert_int_equal(identity.leaf.size != 0, status == VERNIS_OK);
    vn_identity_free(&identity);
    return status;
}

static VernisStatus splice_into(void (*sample)(VnBytes *), const char *format, const VnBag *bag, VnError *err) {
    long limit = left;
    VnBytes file = {0};
    left = -1;
    sample(&file);
    left = limit;
    VernisStatus status = vn_meta_splice(&file, format, &bag->exif, &bag->xmp, &bag->iptc, err);
    vn_bytes_free(&file);
    return status;
}

static VernisStatus splice_png(const VnBag *bag, VnError *err) { return splice_into(sample_png, "png", bag, err); }
static VernisStatus splice_jpeg(const VnBag *bag, VnError *err) { return splice_into(sample_jpeg, "jpeg", bag, err); }
static VernisStatus splice_webp(const VnBag *bag, VnError *err) { return splice_into(sample_webp, "webp", bag, err); }

static void every_allocation_may_fail(void **state) {
    (void)state;
    static Job *const jobs[] = {keep,   inspect, write_exif,  write_xmp,    write_iptc,
                                settle, choose,  splice_png,  splice_jpeg,  splice_webp,
                                sign,   verify,  keep_parent, make_identity};
    VnRights rights = sample_rights();
    VnBag bag = {.iptc = borrow("\x1c\x02\x50\0\2ab\x1c\x02\x50\0\2cd", 14)};
    assert_int_equal(vernis_set_allocator(allocate, free, NULL), VERNIS_OK);
    assert_int_equal(vn_xmp_make(&bag.xmp, &rights, NULL), VERNIS_OK);
    assert_int_equal(vn_exif_make(&bag.exif, &rights, NULL), VERNIS_OK);
    VnIdentity identity;
    VnBytes signed_file = {0};
    sample_identity(&identity, false);
    signer = sample_signer(&identity);
    sample_png(&signed_file);
    assert_int_equal(vn_c2pa_sign(&signed_file, "png", signer, &rights, NULL, NULL), VERNIS_OK);
    sample_store(&bag.c2pa, &signed_file, "png");
    size_t used = vn_mem_used();
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        VernisStatus status = VERNIS_E_MEMORY;
        long count = 0;
        for (; status != VERNIS_OK; count++) {
            VnError err = {0};
            left = count;
            missed = false;
            status = jobs[i](&bag, &err);
            left = -1;
            assert_int_equal(vn_mem_used(), used);
            assert_true(status == VERNIS_OK || status == VERNIS_E_MEMORY);
            assert_int_equal(err.status, status);
            assert_int_equal(missed, status != VERNIS_OK); /* nothing is left out in silence */
            assert_in_range(count, 0, 5000);
        }
        assert_true(count > 1);
    }
    vn_signer_close(&signer);
    vn_identity_free(&identity);
    vn_bytes_free(&signed_file);
    vn_bytes_free(&bag.c2pa);
    vn_bytes_free(&bag.xmp);
    vn_bytes_free(&bag.exif);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
