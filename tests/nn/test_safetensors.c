/* SPDX-License-Identifier: Apache-2.0 */
/* The container: sound files of every type, and every way a file can lie. */
#include "model_maker.h"

#include "nn/safetensors.h"

static void test_types(void **state) {
    (void)state;
    /* 1, -2, smallest subnormal half, 0; then 1, -2.5 as bfloat16; then 0.1f, -1e-40f (subnormal) as float */
    static const uint8_t data[] = {0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0x00, 0x80, 0x80, 0x3f,
                                   0x20, 0xc0, 0xcd, 0xcc, 0xcc, 0x3d, 0xc2, 0x16, 0x01, 0x80};
    VnBytes file = file_of("{\"__metadata__\":{\"vernis.name\":\"n\"},"
                           "\"c\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[12,20]},"
                           "\"a\":{\"dtype\":\"F16\",\"shape\":[2,2],\"data_offsets\":[0,8]},"
                           "\"b\":{\"dtype\":\"BF16\",\"shape\":[1,2,1],\"data_offsets\":[8,12]},"
                           "\"none\":{\"dtype\":\"F32\",\"shape\":[4,0],\"data_offsets\":[20,20]}}  ",
                           data, sizeof data);
    VnTensors *ts;
    VnError err = {0};
    if (vn_tensors_open(&ts, file.data, file.size, &err) != VERNIS_OK)
        fail_msg("%s", err.text);
    assert_int_equal(vn_tensors_count(ts), 4);
    assert_string_equal(vn_tensors_at(ts, 0)->name, "a");
    assert_string_equal(vn_tensors_meta(ts, "vernis.name"), "n");
    assert_null(vn_tensors_meta(ts, "other"));
    assert_null(vn_tensors_find(ts, "d"));
    float v[4];
    assert_int_equal(vn_tensor_floats(vn_tensors_find(ts, "a"), v, &err), VERNIS_OK);
    assert_true(v[0] == 1 && v[1] == -2 && v[2] == 0x1p-24f && v[3] == 0);
    assert_int_equal(vn_tensor_floats(vn_tensors_find(ts, "b"), v, &err), VERNIS_OK);
    assert_true(v[0] == 1 && v[1] == -2.5f);
    assert_int_equal(vn_tensor_floats(vn_tensors_find(ts, "c"), v, &err), VERNIS_OK);
    assert_true(v[0] == 0.1f && v[1] == -1e-40f);
    assert_int_equal(vn_tensors_find(ts, "b")->rank, 3);
    assert_int_equal(vn_tensors_find(ts, "none")->count, 0);
    char text[64];
    assert_string_equal(vn_shape_text(text, 3, vn_tensors_find(ts, "b")->shape), "[1, 2, 1]");
    vn_tensors_close(&ts);
    assert_null(ts);
    vn_bytes_free(&file);
}

/* Every half, against the definition. */
static void test_all_halves(void **state) {
    (void)state;
    static uint16_t halves[65536];
    for (unsigned i = 0; i < 65536; i++)
        halves[i] = (uint16_t)((i >> 10 & 31) == 31 ? 0 : i);
    VnTensor t = {.name = "t", .dtype = "F16", .count = 65536, .data = (const uint8_t *)halves};
    float *v = vn_malloc(65536 * sizeof *v);
    assert_non_null(v);
    assert_int_equal(vn_tensor_floats(&t, v, NULL), VERNIS_OK);
    for (unsigned i = 0; i < 65536; i++) {
        unsigned exponent = halves[i] >> 10 & 31, fraction = halves[i] & 1023;
        double want = exponent ? 1024 + fraction : fraction;
        for (unsigned e = exponent ? exponent : 1; e < 25; e++)
            want /= 2;
        for (unsigned e = 25; e < exponent; e++)
            want *= 2;
        if (halves[i] & 0x8000)
            want = -want;
        assert_true((double)v[i] == want);
    }
    vn_free(v);
}

static void test_not_finite(void **state) {
    (void)state;
    static const struct {
        const char *dtype;
        uint8_t bytes[4];
    } bad[] = {{"F16", {0, 0x7c}},     {"F16", {1, 0xfe}},          {"BF16", {0x80, 0x7f}},
               {"BF16", {0xc0, 0xff}}, {"F32", {0, 0, 0x80, 0xff}}, {"F32", {1, 0, 0xc0, 0x7f}}};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        VnTensor t = {.name = "7.bias", .dtype = bad[i].dtype, .count = 1, .data = bad[i].bytes};
        float v;
        VnError err = {0};
        assert_int_equal(vn_tensor_floats(&t, &v, &err), VERNIS_E_MODEL);
        assert_string_equal(err.text, "tensor '7.bias': value 0 is not finite");
    }
    VnTensor t = {.name = "7.bias", .dtype = "I64", .count = 1, .data = bad[0].bytes};
    VnError err = {0};
    assert_int_equal(vn_tensor_floats(&t, NULL, &err), VERNIS_E_MODEL);
    assert_non_null(strstr(err.text, "type I64"));
}

#define ENTRY(name, dtype, shape, range) \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" range "}"

static void test_lies(void **state) {
    (void)state;
    static const uint8_t data[16];
    static const struct {
        const char *header, *text; /* all 16 bytes of data follow */
        VernisStatus status;
    } bad[] = {
        {"{", "JSON line 1", VERNIS_E_FORMAT},
        {"{}", "names no tensors", VERNIS_E_FORMAT},
        {"{\"a\":1}", "tensor 'a': its header entry lacks", VERNIS_E_FORMAT},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4]}}", "lacks dtype, shape or data_offsets", VERNIS_E_FORMAT},
        {"{" ENTRY("a", "F32", "4", "[0,16]") "}", "lacks dtype, shape", VERNIS_E_FORMAT},
        {"{" ENTRY("a", "F32", "[4]", "[0]") "}", "lacks dtype, shape", VERNIS_E_FORMAT},
        {"{" ENTRY("a", "Q4", "[4]", "[0,16]") "}", "unknown type 'Q4'", VERNIS_E_FORMAT},
        {"{" ENTRY("a", "F32", "[1,1,1,1,1,1,1,1,4]", "[0,16]") "}", "9 dimensions", VERNIS_E_FORMAT},
        {"{" ENTRY("a", "F32", "[-4]", "[0,16]") "}", "dimension 0 is not a size", VERNIS_E_FORMAT},
        {"{" ENTRY("a", "F32", "[2,2.5]", "[0,16]") "}", "dimension 1 is not a size", VERNIS_E_FORMAT},
        {"{" ENTRY("a", "F32", "[4294967296,4294967296]", "[0,16]") "}", "its shape overflows", VERNIS_E_FORMAT},
        {"{" ENTRY("a", "F32", "[4611686018427387904]", "[0,16]") "}", "its shape overflows", VERNIS_E_FORMAT},
        {"{" ENTRY("a", "F32", "[0,9223372036854775807,9223372036854775807]", "[0,16]") "}", "overflows",
         VERNIS_E_FORMAT},
        {"{" ENTRY("a", "F32", "[99999999999999999999]", "[0,16]") "}", "JSON", VERNIS_E_FORMAT},
        {"{" ENTRY("a", "F32", "[3]", "[0,16]") "}", "shape [3] of F32 needs 12 bytes, its range has 16",
         VERNIS_E_FORMAT},
        {"{" ENTRY("a", "F32", "[4]", "[16,0]") "}", "ascending pair", VERNIS_E_FORMAT},
        {"{" ENTRY("a", "F32", "[4]", "[-16,0]") "}", "ascending pair", VERNIS_E_FORMAT},
        {"{" ENTRY("a", "F32", "[4]", "[4,20]") "}", "ends at byte 20 of the data, but the file holds only 16",
         VERNIS_E_FORMAT},
        {"{" ENTRY("a", "F32", "[4]", "[9223372036854775791,9223372036854775807]") "}", "ends at byte",
         VERNIS_E_FORMAT},
        {"{" ENTRY("a", "F32", "[3]", "[0,12]") "," ENTRY("b", "F32", "[2]", "[8,16]") "}",
         "tensor 'b': its bytes overlap those of 'a'", VERNIS_E_FORMAT},
        {"{" ENTRY("a", "F32", "[1]", "[0,4]") "," ENTRY("b", "F32", "[2]", "[8,16]") "}",
         "tensor 'b': 4 bytes before it", VERNIS_E_FORMAT},
        {"{" ENTRY("a", "F32", "[3]", "[0,12]") "}", "4 bytes after the last tensor", VERNIS_E_FORMAT},
        {"{" ENTRY("a", "F32", "[2]", "[0,8]") "," ENTRY("a", "F32", "[2]", "[8,16]") "}", "duplicate",
         VERNIS_E_FORMAT},
        {"{\"__metadata__\":3," ENTRY("a", "F32", "[4]", "[0,16]") "}", "__metadata__", VERNIS_E_FORMAT},
        {"{" ENTRY("a", "F32", "[4]", "[0,16]") "} x", "JSON", VERNIS_E_FORMAT},
    };
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        VnBytes file = file_of(bad[i].header, data, sizeof data);
        VnTensors *ts;
        VnError err = {0};
        if (vn_tensors_open(&ts, file.data, file.size, &err) != bad[i].status || !strstr(err.text, bad[i].text))
            fail_msg("%s gave \"%s\", not \"%s\"", bad[i].header, err.text, bad[i].text);
        assert_null(ts);
        vn_bytes_free(&file);
    }
}

static void test_header_lengths(void **state) {
    (void)state;
    static const struct {
        uint64_t length;
        VernisStatus status;
    } bad[] = {{UINT64_MAX, VERNIS_E_LIMIT},
               {(uint64_t)1 << 40, VERNIS_E_LIMIT},
               {(4 << 20) + 1, VERNIS_E_LIMIT},
               {4 << 20, VERNIS_E_FORMAT},
               {3, VERNIS_E_FORMAT},
               {0, VERNIS_E_FORMAT},
               {1, VERNIS_E_FORMAT}};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t file[10] = {0, 0, 0, 0, 0, 0, 0, 0, '{', '}'};
        for (unsigned k = 0; k < 8; k++)
            file[k] = (uint8_t)(bad[i].length >> (8 * k));
        VnTensors *ts;
        assert_int_equal(vn_tensors_open(&ts, file, sizeof file, NULL), bad[i].status);
        assert_null(ts);
    }
}

/* Deep nesting and a crowd of tensors are limits, not stack overflows or long waits. */
static void test_floods(void **state) {
    (void)state;
    VnBytes text = {0};
    assert_int_equal(vn_bytes_append(&text, "{\"a\":", 5, NULL), VERNIS_OK);
    for (unsigned i = 0; i < 100000; i++)
        assert_int_equal(vn_bytes_append(&text, "[", 1, NULL), VERNIS_OK);
    assert_int_equal(vn_bytes_append(&text, "", 1, NULL), VERNIS_OK);
    VnBytes file = file_of((const char *)text.data, NULL, 0);
    VnTensors *ts;
    assert_int_equal(vn_tensors_open(&ts, file.data, file.size, NULL), VERNIS_E_LIMIT);
    vn_bytes_free(&file);
    vn_bytes_free(&text);
    for (unsigned i = 0; i < 20001; i++) {
        char entry[32];
        int n = snprintf(entry, sizeof entry, "%c\"%u\":1", i ? ',' : '{', i);
        assert_int_equal(vn_bytes_append(&text, entry, (size_t)n, NULL), VERNIS_OK);
    }
    assert_int_equal(vn_bytes_append(&text, "}", 2, NULL), VERNIS_OK);
    file = file_of((const char *)text.data, NULL, 0);
    assert_int_equal(vn_tensors_open(&ts, file.data, file.size, NULL), VERNIS_E_LIMIT);
    vn_bytes_free(&file);
    vn_bytes_free(&text);
}

/* A million tensors are refused by the header's length; as many of the shortest entries as fit, before a parser takes
 * fifty times their length for them; strings do not count. */
static void test_a_million(void **state) {
    (void)state;
    for (unsigned form = 0; form < 3; form++) {
        VnBytes text = {0};
        assert_int_equal(vn_bytes_append(&text, "{", 1, NULL), VERNIS_OK);
        for (unsigned i = 0; form ? text.size < (4u << 20) - 200 : i < 1000000; i++) {
            char entry[80];
            int n = form == 0
                        ? snprintf(entry, sizeof entry,
                                   "%s\"%u\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,0]}", i ? "," : "", i)
                    : form == 1
                        ? snprintf(entry, sizeof entry, "%s\"%u\":1", i ? "," : "", i)
                        : snprintf(entry, sizeof entry, "%s:::::\\\":::::", i ? "" : "\"__metadata__\":{\"a\":\"");
            assert_int_equal(vn_bytes_append(&text, entry, (size_t)n, NULL), VERNIS_OK);
        }
        static const char end[] = "\"},\"t\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}";
        assert_int_equal(form == 2 ? vn_bytes_append(&text, end, sizeof end, NULL)
                                   : vn_bytes_append(&text, "}", 2, NULL),
                         VERNIS_OK);
        VnBytes file = file_of((const char *)text.data, NULL, 0);
        VnTensors *ts;
        VnError err = {0};
        vn_bytes_free(&text);
        size_t used = vn_mem_used();
        vn_mem_peak_reset();
        assert_int_equal(vn_tensors_open(&ts, file.data, file.size, &err), form == 2 ? VERNIS_OK : VERNIS_E_LIMIT);
        if (form < 2)
            assert_true(vn_mem_peak() == used); /* refused before anything was made of it */
        vn_tensors_close(&ts);
        vn_bytes_free(&file);
    }
}

/* A sound file cut anywhere is refused. */
static void test_truncation(void **state) {
    (void)state;
    Maker m = make_s8("", 1, 1);
    VnBytes file = make_file(&m);
    VnTensors *ts;
    assert_int_equal(vn_tensors_open(&ts, file.data, file.size, NULL), VERNIS_OK);
    vn_tensors_close(&ts);
    for (size_t size = 0; size < file.size; size += size < 3000 ? 1 : 97) {
        uint8_t *cut = vn_malloc(size + 1); /* on the heap, so that sanitizers see reads past the end */
        assert_non_null(cut);
        memcpy(cut, file.data, size);
        VnError err = {0};
        assert_int_equal(vn_tensors_open(&ts, cut, size, &err), VERNIS_E_FORMAT);
        assert_int_not_equal(err.text[0], 0);
        vn_free(cut);
    }
    vn_bytes_free(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),     cmocka_unit_test(test_all_halves),     cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_lies),      cmocka_unit_test(test_header_lengths), cmocka_unit_test(test_floods),
        cmocka_unit_test(test_a_million), cmocka_unit_test(test_truncation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
