/* SPDX-License-Identifier: Apache-2.0 */
/* What c2pa_validators.py needs from the library: c2pa_tool FOLDER writes good.png, pixel.jpg ... and the roots to trust,
 * NAME.pem; on standard output a line for each: file, root, the failure that is due, and what our own verification says.
 * c2pa_tool --bench prints what metadata costs a picture of 1024x1024 that does not compress: bytes, and milliseconds of the
 * processor. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/fs.h"
#include "base/rng.h"
#include "c2pa_samples.h"
#include "image/format.h"
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

/* All metadata into a file. @return whether that went well */
static bool tag(VnBytes *file, const char *format, const VnSigner *signer, const VnRights *rights) {
    VnBytes exif = {0}, xmp = {0}, iptc = {0};
    VnError err = {0};
    if (vn_exif_make(&exif, rights, &err) || vn_xmp_make(&xmp, rights, &err) || vn_iptc_make(&iptc, rights, &err) ||
        vn_meta_splice(file, format, &exif, &xmp, &iptc, &err) ||
        (signer && vn_c2pa_sign(file, format, signer, rights, NULL, &err)))
        fprintf(stderr, "c2pa_tool: %s\n", err.text);
    vn_bytes_free(&exif);
    vn_bytes_free(&xmp);
    vn_bytes_free(&iptc);
    return err.status == VERNIS_OK;
}

/* A file with its metadata, signed and then spoilt. */
static void make(VnBytes *file, const char *format, const VnSigner *signer, const VnRights *rights,
                 const VnSpoilt *how) {
    sample_file(file, format);
    if (tag(file, format, signer, rights))
        how->spoil(file, format);
}

/* Of ROUNDS, the seconds in the middle, of the processor: a busy machine does not show.
 * @param grown receives the bytes that the file grew by */
static double time_tag(size_t *grown, const VnBytes *plain, const char *format, const VnSigner *signer,
                       const VnRights *rights) {
    enum { ROUNDS = 21 };
    double times[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        VnBytes file = {0};
        vn_bytes_append(&file, plain->data, plain->size, NULL);
        clock_t start = clock();
        tag(&file, format, signer, rights);
        double time = (double)(clock() - start) / CLOCKS_PER_SEC;
        int at = i;
        for (; at && times[at - 1] > time; at--)
            times[at] = times[at - 1];
        times[at] = time;
        *grown = file.size - plain->size;
        vn_bytes_free(&file);
    }
    return times[ROUNDS / 2];
}

static int bench(void) {
    VnIdentity identity;
    VnImage noise;
    VnRights least = {.data_mining = VOCABULARY}, most = sample_profile();
    const VnRights *cases[] = {&least, &most};
    sample_identity(&identity, false);
    VnSigner *signer = sample_signer(&identity);
    bool good = vn_image_create(&noise, 1024, 1024, 3, false, 8, NULL, NULL) == VERNIS_OK;
    for (size_t i = 0; good && i < noise.stride * noise.height; i++)
        ((uint8_t *)noise.pixels)[i] = (uint8_t)vn_rng_mix(i);
    printf("format     file   profile   bytes unsigned, signed    CPU ms unsigned, signed\n");
    for (const VnFormat *const *format = vn_formats(); good && *format; format++) {
        VnBytes plain = {0};
        good = (*format)->encode(&plain, &noise, NULL, NULL) == VERNIS_OK;
        for (int i = 0; i < 2 && good; i++) {
            size_t sizes[2];
            double times[2];
            for (int with = 0; with < 2; with++)
                times[with] = time_tag(&sizes[with], &plain, (*format)->name, with ? signer : NULL, cases[i]);
            printf("%-6s %8zu   %-7s %16zu %7zu %14.1f %7.1f\n", (*format)->name, plain.size, i ? "full" : "none",
                   sizes[0], sizes[1], times[0] * 1e3, times[1] * 1e3);
        }
        vn_bytes_free(&plain);
    }
    vn_image_free(&noise);
    vn_signer_close(&signer);
    vn_identity_free(&identity);
    return !good;
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
    if (count == 2 && !strcmp(arguments[1], "--bench"))
        return bench();
    /* Long terms need several JPEG segments; without a source type the picture was opened, with one created. */
    static char terms[40001];
    memset(terms, '"', sizeof terms - 1); /* two bytes each in JSON */
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
