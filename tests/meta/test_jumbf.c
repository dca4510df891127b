/* SPDX-License-Identifier: Apache-2.0 */
/* JUMBF boxes: the layout byte by byte, and boxes that lie about their length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "meta/jumbf.h"

/* ISO/IEC 19566-5 and C2PA 2.2 section 11.1.4, written out: a superbox "c2pa" with one box "cbor" of one byte. */
static const uint8_t golden[] = {0,   0,   0,   0x2f, 'j', 'u',  'm', 'b',  0,    0, 0,   0x1e, 'j', 'u',  'm',  'd',
                                 'c', '2', 'p', 'a',  0,   0x11, 0,   0x10, 0x80, 0, 0,   0xaa, 0,   0x38, 0x9b, 0x71,
                                 3,   'c', '2', 'p',  'a', 0,    0,   0,    0,    9, 'c', 'b',  'o', 'r',  0xf6};

static void writes_the_layout(void **state) {
    (void)state;
    VnSink sink = {0};
    size_t super = vn_box_begin_super(&sink, "c2pa", "c2pa"), box = vn_box_begin(&sink, "cbor");
    vn_sink_number(&sink, 0xf6, 1);
    vn_box_end(&sink, box);
    vn_box_end(&sink, super);
    assert_int_equal(sink.status, VERNIS_OK);
    assert_int_equal(sink.bytes.size, sizeof golden);
    assert_memory_equal(sink.bytes.data, golden, sizeof golden);
    vn_bytes_free(&sink.bytes);
}

static void reads_the_layout(void **state) {
    (void)state;
    VnBox super, child = {0}, found;
    assert_true(vn_box_read(&super, golden, golden + sizeof golden));
    assert_string_equal(super.type, "jumb");
    assert_string_equal(super.label, "c2pa");
    assert_true(vn_box_is(&super, "c2pa"));
    assert_false(vn_box_is(&super, "c2ma"));
    assert_false(vn_box_is_file(&super));
    assert_ptr_equal(super.data, golden + 8);
    assert_int_equal(super.size, sizeof golden - 8);
    assert_true(vn_box_next(&super, &child));
    assert_string_equal(child.type, "cbor");
    assert_int_equal(child.size, 1);
    assert_null(child.content);
    assert_false(vn_box_next(&super, &child));
    assert_true(vn_box_content(&super, "cbor", &found));
    assert_false(vn_box_content(&super, "json", &found));
    assert_false(vn_box_find(&super, NULL, NULL, 0, &found)); /* it holds no superbox */
}

/* An attempt on an exact copy, so that a sanitizer sees a byte too far. */
static bool reads(const uint8_t *bytes, size_t size) {
    uint8_t *exact = malloc(size ? size : 1);
    assert_non_null(exact);
    memcpy(exact, bytes, size);
    VnBox super, child = {0};
    bool good = vn_box_read(&super, exact, exact + size);
    for (int i = 0; good && i < 100 && vn_box_next(&super, &child); i++)
        assert_true(child.end <= exact + size && child.data + child.size == child.end);
    free(exact);
    return good;
}

static void lengths_that_lie(void **state) {
    (void)state;
    uint8_t bytes[sizeof golden];
    assert_true(reads(golden, sizeof golden));
    for (size_t size = 0; size < sizeof golden; size++)
        assert_false(reads(golden, size));
    static const uint8_t outer[] = {1, 7, 0x30, 0xff};
    for (size_t i = 0; i < sizeof outer; i++) {
        memcpy(bytes, golden, sizeof golden);
        bytes[3] = outer[i];
        assert_false(reads(bytes, sizeof bytes));
    }
    memcpy(bytes, golden, sizeof golden);
    memset(bytes, 0, 4); /* 0: up to the end */
    assert_true(reads(bytes, sizeof bytes));
    static const uint8_t description[] = {0,  1,    7,   8,
                                          24, 0x28, 0x7f}; /* too short for its type, or beyond the superbox */
    for (size_t i = 1; i < sizeof description; i++) {
        memcpy(bytes, golden, sizeof golden);
        bytes[11] = description[i];
        assert_false(reads(bytes, sizeof bytes));
    }
    memcpy(bytes, golden, sizeof golden);
    bytes[37] = 'x'; /* the label's NUL */
    assert_false(reads(bytes, sizeof bytes));
    memcpy(bytes, golden, sizeof golden);
    bytes[41] = 10; /* the inner box: longer than what is left, so there is none */
    assert_true(reads(bytes, sizeof bytes));
    VnBox super, child = {0};
    assert_true(vn_box_read(&super, bytes, bytes + sizeof bytes));
    assert_false(vn_box_next(&super, &child));
}

static void lengths_of_64_bits(void **state) {
    (void)state;
    uint8_t bytes[8 + sizeof golden] = {0, 0, 0, 1, 'j', 'u', 'm', 'b'};
    memcpy(bytes + 16, golden + 8, sizeof golden - 8);
    bytes[15] = sizeof bytes;
    VnBox super;
    assert_true(vn_box_read(&super, bytes, bytes + sizeof bytes));
    assert_ptr_equal(super.data, bytes + 16);
    assert_string_equal(super.label, "c2pa");
    for (int i = 8; i < 15; i++) {
        bytes[i] = 0xff;
        assert_false(reads(bytes, sizeof bytes));
        bytes[i] = 0;
    }
    bytes[15] = 15; /* shorter than its own header */
    assert_false(reads(bytes, sizeof bytes));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(writes_the_layout), cmocka_unit_test(reads_the_layout),
                                       cmocka_unit_test(lengths_that_lie), cmocka_unit_test(lengths_of_64_bits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
