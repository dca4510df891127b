/* SPDX-License-Identifier: Apache-2.0 */
/* CBOR against the examples of RFC 8949: appendix A (well-formed), appendix F (not well-formed), section 4.2.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "meta/cbor.h"

static size_t from_hex(uint8_t *out, const char *hex) {
    size_t size = 0;
    for (; *hex; hex += 2) {
        char pair[3] = {hex[0], hex[1], 0};
        out[size++] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return size;
}

static void expect_written(VnSink *sink, const char *hex) {
    uint8_t wanted[256];
    size_t size = from_hex(wanted, hex);
    assert_int_equal(sink->status, VERNIS_OK);
    assert_int_equal(sink->bytes.size, size);
    assert_memory_equal(sink->bytes.data, wanted, size);
    vn_bytes_free(&sink->bytes);
}

static void writes_integers(void **state) {
    (void)state;
    static const struct {
        int64_t value;
        const char *hex;
    } cases[] = {{0, "00"},
                 {1, "01"},
                 {10, "0a"},
                 {23, "17"},
                 {24, "1818"},
                 {25, "1819"},
                 {100, "1864"},
                 {1000, "1903e8"},
                 {1000000, "1a000f4240"},
                 {1000000000000, "1b000000e8d4a51000"},
                 {-1, "20"},
                 {-10, "29"},
                 {-100, "3863"},
                 {-1000, "3903e7"},
                 {INT64_MIN, "3b7fffffffffffffff"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        VnSink sink = {0};
        vn_cbor_int(&sink, cases[i].value);
        expect_written(&sink, cases[i].hex);
    }
    VnSink sink = {0};
    vn_cbor_head(&sink, VN_CBOR_UINT, UINT64_MAX);
    expect_written(&sink, "1bffffffffffffffff");
}

static void writes_the_rest(void **state) {
    (void)state;
    VnSink sink = {0};
    vn_cbor_bytes(&sink, "\1\2\3\4", 4);
    vn_cbor_bytes(&sink, "", 0);
    vn_cbor_text(&sink, "");
    vn_cbor_text(&sink, "IETF");
    vn_cbor_text(&sink, "\xf0\x90\x85\x91");
    vn_cbor_bool(&sink, false);
    vn_cbor_bool(&sink, true);
    vn_cbor_null(&sink);
    expect_written(&sink, "44010203044060644945544664f0908591f4f5f6");
    /* {"a": 1, "b": [2, 3]} and 0("2013-03-21T20:04:00Z") */
    vn_cbor_head(&sink, VN_CBOR_MAP, 2);
    vn_cbor_text(&sink, "a");
    vn_cbor_int(&sink, 1);
    vn_cbor_text(&sink, "b");
    vn_cbor_head(&sink, VN_CBOR_ARRAY, 2);
    vn_cbor_int(&sink, 2);
    vn_cbor_int(&sink, 3);
    expect_written(&sink, "a26161016162820203");
    vn_cbor_head(&sink, VN_CBOR_TAG, 0);
    vn_cbor_text(&sink, "2013-03-21T20:04:00Z");
    expect_written(&sink, "c074323031332d30332d32315432303a30343a30305a");
}

static bool opens(const char *hex, VnCbor *item) {
    uint8_t bytes[256];
    size_t size = from_hex(bytes, hex);
    uint8_t *exact = malloc(size ? size : 1); /* so that a sanitizer sees a byte too far */
    assert_non_null(exact);
    memcpy(exact, bytes, size);
    bool good = vn_cbor_open(item, exact, size);
    free(exact);
    return good;
}

static void reads_what_is_well_formed(void **state) {
    (void)state;
    static const char *const examples[] = {"00",
                                           "1818",
                                           "1b000000e8d4a51000",
                                           "1bffffffffffffffff",
                                           "c249010000000000000000",
                                           "3bffffffffffffffff",
                                           "f90000",
                                           "f93c00",
                                           "fb3ff199999999999a",
                                           "fa47c35000",
                                           "fb7e37e43c8800759c",
                                           "f97c00",
                                           "f97e00",
                                           "f4",
                                           "f5",
                                           "f6",
                                           "f7",
                                           "f0",
                                           "f8ff",
                                           "c11a514b67b0",
                                           "c1fb41d452d9e20b0000",
                                           "d74401020304",
                                           "d818456449455446",
                                           "d82076687474703a2f2f7777772e6578616d706c652e636f6d",
                                           "40",
                                           "4401020304",
                                           "60",
                                           "6161",
                                           "62225c",
                                           "62c3bc",
                                           "80",
                                           "83010203",
                                           "8301820203820405",
                                           "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
                                           "a0",
                                           "a201020304",
                                           "a26161016162820203",
                                           "826161a161626163",
                                           "a56161614161626142616361436164614461656145",
                                           "5f42010243030405ff",
                                           "7f657374726561646d696e67ff",
                                           "9fff",
                                           "9f018202039f0405ffff",
                                           "9f01820203820405ff",
                                           "83018202039f0405ff",
                                           "83019f0203ff820405",
                                           "bf61610161629f0203ffff",
                                           "826161bf61626163ff",
                                           "bf6346756ef563416d7421ff"};
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        VnCbor item;
        if (!opens(examples[i], &item))
            fail_msg("%s is well-formed", examples[i]);
    }
}

static void refuses_what_is_not(void **state) {
    (void)state;
    static const char *const examples[] = {
        /* the end comes too soon: in a head, a string, an array, a map, a tag */
        "", "18", "19", "1a", "1b", "1901", "1a0102", "1b01020304050607", "38", "58", "78", "98", "9a01ff00", "b8",
        "d8", "f8", "f900", "fa0000", "fb000000", "41", "61", "5affffffff00", "5bffffffffffffffff010203",
        "7affffffff00", "7b7fffffffffffffff010203", "81", "818181818181818181", "8200", "a1", "a20102", "a100",
        "a2000000", "c0",
        /* indefinite lengths without an end, or with the wrong chunks */
        "5f4100", "7f6100", "9f", "9f0102", "bf", "bf01020102", "819f", "9f8000", "9f9f9f9f9fffffffff",
        "9f819f819f9fffffff", "5f00ff", "5f21ff", "5f6100ff", "5f80ff", "5fa0ff", "5fc000ff", "5fe0ff", "7f4100ff",
        "5f5f4100ffff", "7f7f6100ffff",
        /* reserved, misplaced breaks, simple values in two bytes that fit one, odd maps, two items */
        "1c", "1d", "1e", "3c", "5c", "7c", "9c", "bc", "dc", "fc", "fd", "fe", "ff", "81ff", "8200ff", "a1ff",
        "a1ff00", "a100ff", "a20000ff", "9f81ff", "bf00ff", "bf000000ff", "1f", "3f", "df", "f800", "f801", "f818",
        "f81f", "0000"};
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        VnCbor item;
        if (opens(examples[i], &item))
            fail_msg("\"%s\" is not one well-formed item", examples[i]);
    }
}

/* Containers that claim more than there is, and towers of them, cost no more than their bytes. */
static void bombs_do_nothing(void **state) {
    (void)state;
    static const char *const claims[] = {"9bffffffffffffffff00", "bb7fffffffffffffff00", "bb800000000000000000",
                                         "bbffffffffffffffff00"};
    VnCbor item;
    size_t used = vn_mem_used();
    vn_mem_peak_reset();
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++)
        assert_false(opens(claims[i], &item));
    static uint8_t tower[1 << 20];
    for (int major = 0x81; major <= 0xc1; major += 0x40) { /* arrays of one, tags */
        memset(tower, major, sizeof tower);
        tower[sizeof tower - 1] = 0;
        assert_false(vn_cbor_open(&item, tower, sizeof tower));
        assert_true(vn_cbor_open(&item, tower + sizeof tower - 1 - VN_CBOR_DEPTH, VN_CBOR_DEPTH + 1));
        assert_false(vn_cbor_open(&item, tower + sizeof tower - 2 - VN_CBOR_DEPTH, VN_CBOR_DEPTH + 2));
    }
    assert_int_equal(vn_mem_peak(), used);
}

static void finds_members(void **state) {
    (void)state;
    static const uint8_t map[] = "\xa5\x61"
                                 "a\x01\x01\x61x\x20\x82\x02\x03\x61"
                                 "b\x7f\x61y\xff\x61"
                                 "a\x09";
    VnCbor all, found, item = {0};
    assert_true(vn_cbor_open(&all, map, sizeof map - 1));
    assert_true(vn_cbor_get(&all, "a", &found));
    assert_int_equal(found.value, 1); /* the first of two */
    assert_true(vn_cbor_get_int(&all, 1, &found));
    assert_true(vn_cbor_is(&found, "x"));
    assert_false(vn_cbor_is(&found, "xy"));
    assert_true(vn_cbor_get_int(&all, -1, &found));
    assert_int_equal(found.value, 2);
    assert_true(vn_cbor_next(&found, &item));
    assert_int_equal(item.value, 2);
    assert_true(vn_cbor_next(&found, &item));
    assert_int_equal(item.value, 3);
    assert_false(vn_cbor_next(&found, &item));
    assert_true(vn_cbor_get(&all, "b", &found)); /* text in chunks: found, and equal to nothing */
    assert_null(found.data);
    assert_false(vn_cbor_is(&found, "y"));
    assert_false(vn_cbor_get(&all, "c", &found));
    assert_false(vn_cbor_get(&item, "a", &found));
    assert_false(vn_cbor_get_int(&all, 2, &found));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_integers),           cmocka_unit_test(writes_the_rest),
        cmocka_unit_test(reads_what_is_well_formed), cmocka_unit_test(refuses_what_is_not),
        cmocka_unit_test(bombs_do_nothing),          cmocka_unit_test(finds_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
