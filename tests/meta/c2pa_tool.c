/* SPDX-License-Identifier: Apache-2.0 */
/* What c2pa_validators.py needs from the library: c2pa_tool FOLDER writes good.png, pixel.jpg ... and the roots to trust,
 * NAME.pem; on standard output a line for each: file, root, the failure that is due, and what our own verification says. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/fs.h"
#include "c2pa_samples.h"
#include "meta_samples.h"

#define VOCABULARY "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED"

static int write_file(const char *folder, const char *name, const VnBytes *bytes) {
    VnError err = {0};
    char *path = vn_path_join(folder, name);
    if (vn_file_write(path, bytes->data, bytes->size, true, &err))
        fprintf(stderr, "c2pa_tool: %s\n", err.text);
    vn_free(path);
    return err.status != VERNIS_OK;
}

/* A file with its EXIF and XMP, signed and then spoilt. */
static void make(VnBytes *file, const char *format, const VnSigner *signer, const VnRights *rights,
                 const VnSpoilt *how) {
    VnBytes exif = {0}, xmp = {0}, iptc = {0};
    VnError err = {0};
    sample_file(file, format);
    if (vn_exif_make(&exif, rights, &err) || vn_xmp_make(&xmp, rights, &err) || vn_iptc_make(&iptc, rights, &err) ||
        vn_meta_splice(file, format, &exif, &xmp, &iptc, &err) ||
        vn_c2pa_sign(file, format, signer, rights, NULL, &err))
        fprintf(stderr, "c2pa_tool: %s\n", err.text);
    else
        how->spoil(file, format);
    vn_bytes_free(&exif);
    vn_bytes_free(&xmp);
    vn_bytes_free(&iptc);
}

static void tell(const char *name, const char *root, const VnSpoilt *how, const VnBytes *file, const char *format,
                 const VnBytes *anchors) {
    VnBytes store = {0};
    VnC2paReport report;
    sample_store(&store, file, format);
    vn_c2pa_verify(&report, file, format, &store, anchors, time(NULL), NULL);
    printf("%s %s %s %s", name, root, how->failure ? how->failure : "-", vn_c2pa_state_name(report.state));
    for (size_t i = 0; i < report.count; i++)
        if (report.results[i].kind == VN_C2PA_FAILURE)
            printf(" %s", report.results[i].code);
    printf("\n");
    vn_bytes_free(&store);
}

int main(int count, char **arguments) {
    /* Long terms need several JPEG segments; without a source type the picture was opened, with one created. */
    static char terms[40001];
    memset(terms, 'x', sizeof terms - 1);
    static const VnSpoilt several = {"several", false, NULL, NULL}, opened = {"opened", false, NULL, NULL};
    VnIdentity identities[2];
    VnRights rights = sample_rights(), long_rights = {.constraints = terms, .data_mining = VOCABULARY "-SEECONSTRAINT"},
             short_rights = {.creator = "A; B", .data_mining = VOCABULARY};
    int bad = count != 2;
    for (int old = 0; old < 2; old++)
        sample_identity(&identities[old], old);
    bad = bad || write_file(arguments[1], "now.pem", &identities[0].root) ||
          write_file(arguments[1], "old.pem", &identities[1].root);
    static const char *const formats[] = {"png", "jpeg", "webp"}, *const extensions[] = {"png", "jpg", "webp"};
    for (int i = 0; i < 3 * (SPOILT + 2) && !bad; i++) {
        const char *format = formats[i % 3], *extension = extensions[i % 3];
        VnSpoilt how = i / 3 < SPOILT ? spoilt[i / 3] : i / 3 == SPOILT ? several : opened;
        const VnRights *what = i / 3 < SPOILT ? &rights : i / 3 == SPOILT ? &long_rights : &short_rights;
        VnSigner *signer = sample_signer(&identities[how.expired]);
        VnBytes file = {0};
        char name[40];
        how.spoil = how.spoil ? how.spoil : spoilt[0].spoil;
        snprintf(name, sizeof name, "%s.%s", how.name, extension);
        make(&file, format, signer, what, &how);
        bad = write_file(arguments[1], name, &file);
        if (!bad)
            tell(name, how.expired ? "old.pem" : "now.pem", &how, &file, format, &identities[how.expired].root);
        vn_bytes_free(&file);
        vn_signer_close(&signer);
    }
    for (int old = 0; old < 2; old++)
        vn_identity_free(&identities[old]);
    return bad;
}
