/* SPDX-License-Identifier: Apache-2.0 */
/* What meta_exiftool.py needs from the library:
 *   meta_tool write FOLDER           sample.png, sample.jpg and sample.webp with every field; NAME.jpg for each data-mining value
 *   meta_tool read exif|xmp|iptc FILE   what the readers find in a bare block of metadata, one "field=value" a line */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "meta_samples.h"

static void check(VernisStatus status, const VnError *err) {
    if (status == VERNIS_OK)
        return;
    fprintf(stderr, "meta_tool: %s\n", err->text);
    exit(1);
}

static void write_file(const char *folder, const char *name, const char *format, const VnRights *rights) {
    VnError err = {0};
    VnBytes file = {0}, exif = {0}, xmp = {0}, iptc = {0};
    if (strcmp(format, "png") == 0)
        sample_png(&file);
    else if (strcmp(format, "webp") == 0)
        sample_webp(&file);
    else
        sample_jpeg(&file);
    check(vn_exif_make(&exif, rights, &err), &err);
    check(vn_xmp_make(&xmp, rights, &err), &err);
    check(vn_iptc_make(&iptc, rights, &err), &err);
    check(vn_meta_splice(&file, format, &exif, &xmp, &iptc, &err), &err);
    char *path = vn_path_join(folder, name);
    check(vn_file_write(path, file.data, file.size, true, &err), &err);
    vn_free(path);
    vn_bytes_free(&file);
    vn_bytes_free(&exif);
    vn_bytes_free(&xmp);
    vn_bytes_free(&iptc);
}

static void write_samples(const char *folder) {
    static const char *const choices[] = {
        "all",
        "ai",
        "genai",
        "allow",
        "none",
        "default",
        "DMI-UNSPECIFIED",
        "DMI-ALLOWED",
        "DMI-PROHIBITED-AIMLTRAINING",
        "DMI-PROHIBITED-GENAIMLTRAINING",
        "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING",
        "DMI-PROHIBITED",
        "DMI-PROHIBITED-SEECONSTRAINT",
        "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR",
        "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR",
    };
    VnRights rights = sample_rights(), nothing = {0};
    write_file(folder, "sample.png", "png", &rights);
    write_file(folder, "sample.jpg", "jpeg", &rights);
    write_file(folder, "sample.webp", "webp", &rights);
    static const VnRights located = {
        .latitude = "33,51.407040S", .longitude = "151,12.917820E", .body_serial = "B 12345", .lens_serial = "L 678"};
    write_file(folder, "located.png", "png", &located);
    write_file(folder, "located.jpg", "jpeg", &located);
    write_file(folder, "located.webp", "webp", &located);
    write_file(folder, "nothing.webp", "webp", &nothing);
    write_file(folder, "nothing.png", "png", &nothing);
    write_file(folder, "nothing.jpg", "jpeg", &nothing);
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        VnError err = {0};
        VnRights mining = {.creator = "A"};
        char name[100];
        check(vn_data_mining_uri(&mining.data_mining, strcmp(choices[i], "default") ? choices[i] : NULL, &err), &err);
        snprintf(name, sizeof name, "mining-%s.jpg", choices[i]);
        write_file(folder, name, "jpeg", &mining);
        vn_free(mining.data_mining);
    }
}

static void show(const char *name, const char *value) {
    if (value && *value)
        printf("%s=%s\n", name, value);
}

static void read_block(const char *kind, const char *path) {
    VnError err = {0};
    VnBytes block = {0};
    VnInspection found;
    check(vn_file_read(&block, path, 1 << 24, &err), &err);
    VnBag bag = {.exif = strcmp(kind, "exif") == 0 ? block : (VnBytes){0},
                 .xmp = strcmp(kind, "xmp") == 0 ? block : (VnBytes){0},
                 .iptc = strcmp(kind, "iptc") == 0 ? block : (VnBytes){0}};
    check(vn_inspect(&found, &bag, &err), &err);
    show("creator", found.rights.creator);
    show("copyright", found.rights.copyright);
    show("credit", found.rights.credit);
    show("license_url", found.rights.license_url);
    show("licensor_name", found.rights.licensor_name);
    show("licensor_email", found.rights.licensor_email);
    show("licensor_url", found.rights.licensor_url);
    show("contact_email", found.rights.contact_email);
    show("contact_url", found.rights.contact_url);
    show("usage_terms", found.rights.usage_terms);
    show("constraints", found.rights.constraints);
    show("description", found.rights.description);
    show("data_mining", found.rights.data_mining);
    show("source_type", found.rights.source_type);
    show("latitude", found.rights.latitude);
    show("longitude", found.rights.longitude);
    show("body_serial", found.rights.body_serial);
    show("lens_serial", found.rights.lens_serial);
    show("software", found.software);
    show("warning", found.warning);
    for (unsigned bit = 1; bit <= VN_LEAK_SERIAL; bit <<= 1)
        if (found.leaks & bit)
            show("leak", vn_leak_name(bit));
    vn_inspection_free(&found);
    vn_bytes_free(&block);
}

int main(int count, char **arguments) {
    if (count == 3 && strcmp(arguments[1], "write") == 0)
        write_samples(arguments[2]);
    else if (count == 4 && strcmp(arguments[1], "read") == 0)
        read_block(arguments[2], arguments[3]);
    else
        return 2;
    return 0;
}
