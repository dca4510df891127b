/* SPDX-License-Identifier: Apache-2.0 */
/* EXIF and IIM: what is written comes back, also through libexif; hostile streams give nothing and do no harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libexif/exif-data.h>

#include "meta/coordinate.h"
#include "meta/found.h"
#include "meta_samples.h"

static void read_exif(VnFound *found, const void *data, size_t size) {
    VnBytes exif = borrow(data, size);
    *found = (VnFound){0};
    assert_int_equal(vn_exif_read(found, &exif, NULL), VERNIS_OK);
}

static void what_is_written_is_read(void **state) {
    (void)state;
    VnRights rights = sample_rights();
    VnBytes exif = {0}, again = {0};
    VnFound found;
    assert_int_equal(vn_exif_make(&exif, &rights, NULL), VERNIS_OK);
    assert_int_equal(vn_exif_make(&again, &rights, NULL), VERNIS_OK);
    assert_int_equal(exif.size, again.size);
    assert_memory_equal(exif.data, again.data, exif.size);
    read_exif(&found, exif.data, exif.size);
    assert_string_equal(found.rights.creator, rights.creator);
    assert_string_equal(found.rights.copyright, rights.copyright);
    assert_string_equal(found.rights.description, rights.description);
    vn_found_free(&found);
    vn_bytes_free(&exif);
    vn_bytes_free(&again);
}

static void libexif_reads_it_and_finds_nothing_else(void **state) {
    (void)state;
    VnRights rights = sample_rights();
    VnBytes exif = {0}, block = {0};
    assert_int_equal(vn_exif_make(&exif, &rights, NULL), VERNIS_OK);
    vn_bytes_append(&block, "Exif\0", 6, NULL);
    vn_bytes_append(&block, exif.data, exif.size, NULL);
    ExifData *data = exif_data_new();
    exif_data_unset_option(data, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
    exif_data_load_data(data, block.data, (unsigned)block.size);
    assert_int_equal(data->ifd[EXIF_IFD_0]->count, 9);
    assert_int_equal(data->ifd[EXIF_IFD_1]->count + data->ifd[EXIF_IFD_EXIF]->count + data->ifd[EXIF_IFD_GPS]->count,
                     0);
    assert_null(data->data);
    ExifEntry *artist = exif_content_get_entry(data->ifd[EXIF_IFD_0], EXIF_TAG_ARTIST);
    assert_int_equal(artist->size, strlen(rights.creator) + 1);
    assert_string_equal((const char *)artist->data, rights.creator);
    ExifEntry *orientation = exif_content_get_entry(data->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
    assert_int_equal(exif_get_short(orientation->data, exif_data_get_byte_order(data)), 1);
    exif_data_unref(data);
    vn_bytes_free(&block);
    vn_bytes_free(&exif);
}

static void bad_texts_are_refused(void **state) {
    (void)state;
    static char long_text[70000], half[40000];
    memset(long_text, 'x', sizeof long_text - 1);
    memset(half, 'x', sizeof half - 1);
    VnError err = {0};
    VnBytes exif = {0};
    assert_int_equal(vn_exif_make(&exif, &(VnRights){.creator = (char[]){"caf\xe9"}}, &err), VERNIS_E_ARGUMENT);
    assert_non_null(strstr(err.text, "creator"));
    assert_int_equal(vn_exif_make(&exif, &(VnRights){.copyright = long_text}, NULL), VERNIS_E_LIMIT);
    assert_int_equal(vn_exif_make(&exif, &(VnRights){.copyright = half, .creator = half}, NULL), VERNIS_E_LIMIT);
    assert_null(exif.data);
}

/* A big-endian stream as a camera writes it: Artist inline, Copyright of two parts, maker note, half a position, thumbnail. */
/* clang-format off */
static const uint8_t camera[] = {
    'M', 'M', 0, 42, 0, 0, 0, 8,
    /* 8: IFD0, five entries */
    0, 5,
    0x01, 0x3b, 0, 2, 0, 0, 0, 3, 'J', 'o', 0, 0,
    0x01, 0x31, 0, 129, 0, 0, 0, 4, 0xc3, 0xa9, '2', 0,
    0x82, 0x98, 0, 2, 0, 0, 0, 8, 0, 0, 0, 146,
    0x87, 0x69, 0, 4, 0, 0, 0, 1, 0, 0, 0, 92,
    0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 110,
    0, 0, 0, 128,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    /* 92: Exif IFD */
    0, 1, 0x92, 0x7c, 0, 7, 0, 0, 0, 4, 1, 2, 3, 4, 0, 0, 0, 0,
    /* 110: GPS IFD */
    0, 1, 0, 1, 0, 2, 0, 0, 0, 2, 'N', 0, 0, 0, 0, 0, 0, 0,
    /* 128: IFD1 */
    0, 1, 0x02, 0x01, 0, 4, 0, 0, 0, 1, 0, 0, 0, 154, 0, 0, 0, 0,
    /* 146 */
    ' ', 0, 'E', 'd', 0xe9, 0, 'x', 0,
};
/* clang-format on */

static void camera_streams_are_understood(void **state) {
    (void)state;
    VnFound found;
    read_exif(&found, camera, sizeof camera);
    assert_string_equal(found.rights.creator, "Jo");
    assert_string_equal(found.software, "é2");
    assert_string_equal(found.rights.copyright, "Edé");
    assert_null(found.rights.latitude); /* a letter alone */
    vn_found_free(&found);
}

/* exiftool reads the same in meta_exiftool. */
static void positions_come_back(void **state) {
    (void)state;
    static const struct {
        const char *latitude, *longitude; /* written */
        bool read;
    } cases[] = {{"0,00.000000N", "0,00.000000E", true},      {"90,00.000000S", "180,00.000000W", true},
                 {"48,08.229240N", "11,34.560001E", true},    {"89,59.999999S", "179,59.999999E", true},
                 {"90,00.000001N", "0,00.000000E", false},    {"48,08.229240E", "11,34.560001E", false},
                 {"48,60.000000N", "11,34.560001E", false},   {"48,08.229240N", NULL, false},
                 {"4800,08.229240N", "11,34.560001E", false}, {"48,08.229240NN", "11,34.560001E", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        VnRights rights = {.latitude = (char *)(uintptr_t)cases[i].latitude,
                           .longitude = (char *)(uintptr_t)cases[i].longitude};
        VnBytes exif = {0};
        VnFound found;
        assert_int_equal(vn_exif_make(&exif, &rights, NULL), VERNIS_OK);
        read_exif(&found, exif.data, exif.size);
        assert_int_equal(found.rights.latitude && found.rights.longitude, cases[i].read);
        if (cases[i].read) {
            assert_string_equal(found.rights.latitude, cases[i].latitude);
            assert_string_equal(found.rights.longitude, cases[i].longitude);
        }
        vn_found_free(&found);
        vn_bytes_free(&exif);
    }
}

static void coordinates_have_two_forms(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint64_t micro;
    } cases[] = {{"1,30N", 90000000}, {"1,30.5S", 90500000}, {"1,30,30N", 90500000}, {"001,03.12345678901N", 63123456}};
    VnCoordinate found;
    char text[24];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(vn_coordinate_read(&found, cases[i].text, "NS"));
        assert_int_equal(found.micro, cases[i].micro);
        assert_false(vn_coordinate_read(&found, cases[i].text, "EW"));
    }
    static const char *const bad[] = {"",       "N",        "1N",     "1,N",      "1,30",
                                      "1,30,N", "1,30,60N", "-1,30N", "1,30.5NN", "91,0N"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(vn_coordinate_read(&found, bad[i], "NS"));
    assert_true(vn_coordinate_text(text, 11.9999999999, 'W')); /* rounds up into the degrees */
    assert_string_equal(text, "12,00.000000W");
    assert_false(vn_coordinate_text(text, 90.1, 'N'));
    assert_false(vn_coordinate_text(text, -1, 'N'));
    assert_false(vn_coordinate_text(text, strtod("nan", NULL), 'N'));
}

static void every_cut_and_every_byte_changed_is_harmless(void **state) {
    (void)state;
    VnFound found;
    for (size_t size = 0; size <= sizeof camera; size++) {
        uint8_t *exact = vn_malloc(size + !size); /* so that a sanitizer sees a read past the end */
        memcpy(exact, camera, size);
        read_exif(&found, exact, size);
        vn_found_free(&found);
        vn_free(exact);
    }
    for (size_t at = 0; at < sizeof camera; at++) {
        for (int value = 0; value < 256; value += 15) {
            uint8_t copy[sizeof camera];
            memcpy(copy, camera, sizeof copy);
            copy[at] = (uint8_t)value;
            read_exif(&found, copy, sizeof copy);
            vn_found_free(&found);
        }
    }
}

static void hostile_streams_are_ignored(void **state) {
    (void)state;
    VnFound found;
    read_exif(&found, "not a TIFF stream", 17);
    assert_non_null(strstr(found.note, "EXIF ignored"));
    vn_found_free(&found);
    /* IFD0 whose next directory is itself, with a count of 65535 and a text of four gigabytes. */
    static const uint8_t loop[] = {'I',  'I',  42,   0, 8, 0, 0, 0, 0xff, 0xff, 0x3b, 1, 2, 0, 0xff,
                                   0xff, 0xff, 0xff, 8, 0, 0, 0, 8, 0,    0,    0,    8, 0, 0, 0};
    read_exif(&found, loop, sizeof loop);
    assert_null(found.rights.creator);
    vn_found_free(&found);
    static const uint8_t far[] = {'I', 'I', 42, 0, 0xff, 0xff, 0xff, 0xff};
    read_exif(&found, far, sizeof far);
    assert_memory_equal(&found, &(VnFound){0}, sizeof found);
    /* Many entries over one long blank text: bounded work (65535 x 8 MB if it were not). */
    size_t size = 8 << 20;
    uint8_t *blank = vn_malloc(size);
    memset(blank, ' ', size);
    memcpy(blank, (const uint8_t[]){'I', 'I', 42, 0, 8, 0, 0, 0, 0xff, 0xff}, 10);
    for (size_t i = 0; i < 65535; i++)
        memcpy(blank + 10 + i * 12, (const uint8_t[]){0x3b, 1, 2, 0, 0, 0, 0x70, 0, 0, 0, 0x0d, 0}, 12);
    read_exif(&found, blank, size);
    assert_null(found.rights.creator);
    vn_found_free(&found);
    vn_free(blank);
}

static void expect_iim(const char *data, size_t size, const char *creator, const char *copyright) {
    VnBytes iim = borrow(data, size);
    VnFound found = {0};
    assert_int_equal(vn_iptc_read(&found, &iim, NULL), VERNIS_OK);
    assert_string_equal(found.rights.creator ? found.rights.creator : "", creator);
    assert_string_equal(found.rights.copyright ? found.rights.copyright : "", copyright);
    vn_found_free(&found);
}
#define IIM(data, creator, copyright) expect_iim(data, sizeof data - 1, creator, copyright)

static void iim_records(void **state) {
    (void)state;
    IIM("\x1c\x01\x5a\0\3\x1b%G\x1c\x02\x50\0\5Zo\xc3\xa9!\x1c\x02\x74\0\1c", "Zoé!", "c");
    IIM("\x1c\x02\x50\0\3Zo\xe9\x1c\x02\x50\0\1B\x1c\x02\x74\0\1c\x1c\x02\x50\0\1C", "Zoé; B; C", "c");
    IIM("\x1c\x02\x74\0\1c\x1c\x02\x74\0\1d", "", "c");            /* not repeatable: the first counts */
    IIM("\x1c\x02\x50\x80\x02\0\2ab\x1c\x02\x74\0\1c", "ab", "c"); /* extended length */
    IIM("\x1c\x03\x50\0\2ab", "", "");                             /* another record */
    IIM("\x1c\x02\x50\0\2ab\x1c\x02\x74\0\x09"
        "c",
        "ab", ""); /* longer than what is left */
    IIM("\x1c\x02\x50\xff\xff"
        "ab",
        "", ""); /* 32767 bytes of length */
    IIM("\x1c\x02\x50\x80\x04\xff\xff\xff\xff"
        "ab",
        "", ""); /* four gigabytes */
    IIM("\x1c\x02\x50\x80\x04\xff", "", "");
    IIM("garbage\x1c\x02\x50\0\2ab", "", "");
    IIM("\x1c\x02\x50\0", "", "");
    IIM("", "", "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(libexif_reads_it_and_finds_nothing_else),
        cmocka_unit_test(bad_texts_are_refused),
        cmocka_unit_test(camera_streams_are_understood),
        cmocka_unit_test(positions_come_back),
        cmocka_unit_test(coordinates_have_two_forms),
        cmocka_unit_test(every_cut_and_every_byte_changed_is_harmless),
        cmocka_unit_test(hostile_streams_are_ignored),
        cmocka_unit_test(iim_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
