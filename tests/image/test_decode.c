/* SPDX-License-Identifier: Apache-2.0 */
/* Every committed file decodes to the pixels its maker put in; cut, damaged and foreign files give an error. */
#include "golden.h"

typedef void Visit(const Golden *row, const VnBytes *file);

static void for_each_golden(Visit *visit) {
    VnBytes manifest = golden_file("manifest.txt");
    Golden row;
    size_t at = 0;
    unsigned count = 0;
    for (; golden_next(&row, &manifest, &at); count++) {
        VnBytes file = golden_file(row.name);
        visit(&row, &file);
        vn_bytes_free(&file);
    }
    assert_in_range(count, 80, 1000);
    vn_bytes_free(&manifest);
}

static void check_pixels(const Golden *row, const VnBytes *file) {
    VnImage image;
    VnBag bag;
    VnHeader header;
    VnError err = {0};
    must_decode(&image, &bag, file);
    golden_check(row, &image);
    assert_string_equal(bag.format, strstr(row->name, ".png") ? "png" : strstr(row->name, ".webp") ? "webp" : "jpeg");
    assert_string_equal(bag.warning, "");
    assert_int_equal(vn_decode_header(&header, file->data, file->size, NULL, &err), VERNIS_OK);
    assert_int_equal(header.width, row->width);
    assert_int_equal(header.height, row->height);
    assert_int_equal(header.colours, row->colours);
    assert_int_equal(header.bits, row->bits);
    assert_int_equal(header.alpha, row->alpha);
    vn_image_free(&image);
    vn_bag_free(&bag);
}

static void decodes_goldens(void **state) {
    (void)state;
    for_each_golden(check_pixels);
}

/* A file cut anywhere is an error; long files at a coarser step. */
static void check_cuts(const Golden *row, const VnBytes *file) {
    size_t step = file->size > 2000 ? 37 : 1;
    (void)row;
    for (size_t size = 0; size < file->size; size += step) {
        VnBytes cut = {file->data, size};
        VnImage image;
        VnBag bag;
        VnError err = {0};
        if (vn_decode(&image, &bag, cut.data, cut.size, NULL, &err) == VERNIS_OK)
            fail_msg("%s cut to %zu of %zu bytes decodes", row->name, size, file->size);
        assert_int_equal(err.status, VERNIS_E_FORMAT);
        assert_true(strlen(err.text) > 10 && !strchr(err.text, '\n'));
    }
}

static void refuses_cut_files(void **state) {
    (void)state;
    size_t used = vn_mem_used();
    for_each_golden(check_cuts);
    assert_int_equal(vn_mem_used(), used);
}

/* Each byte of a file changed in turn: whatever comes of it, it is a picture or an error, and nothing leaks. */
static void check_damage(const Golden *row, const VnBytes *file) {
    (void)row;
    for (size_t i = 0; i < file->size && file->size < 1000; i += 5)
        for (unsigned flip = 1; flip < 256; flip = flip * 6 + 1) {
            VnImage image;
            VnBag bag;
            VnError err = {0};
            const VnLimits limits = {.max_pixels = 1 << 20,
                                     .max_side = 20000,
                                     .max_file_bytes = 1 << 20,
                                     .max_icc_bytes = 1 << 16,
                                     .max_exif_bytes = 1 << 16,
                                     .max_xmp_bytes = 1 << 16};
            file->data[i] ^= (uint8_t)flip;
            VernisStatus status = vn_decode(&image, &bag, file->data, file->size, &limits, &err);
            file->data[i] ^= (uint8_t)flip;
            assert_int_equal(status, err.status);
            vn_image_free(&image);
            vn_bag_free(&bag);
        }
}

static void survives_damage(void **state) {
    (void)state;
    size_t used = vn_mem_used();
    for_each_golden(check_damage);
    assert_int_equal(vn_mem_used(), used);
}

static void must_fail_bytes(const void *data, size_t size, VernisStatus status, const char *part) {
    VnBytes file = {0};
    assert_int_equal(vn_bytes_append(&file, data, size, NULL), VERNIS_OK);
    must_fail(&file, NULL, status, part);
    vn_bytes_free(&file);
}

static void names_strangers(void **state) {
    (void)state;
    const VnBytes empty = {0};
    must_fail(&empty, NULL, VERNIS_E_FORMAT, "empty");
    must_fail_bytes("RIFF\x10\0\0\0WAVEfmt ", 16, VERNIS_E_FORMAT, "not a picture");
    must_fail_bytes("RIFF\x10\0\0\0WEBPVP8 ", 16, VERNIS_E_FORMAT, "cut short");
    must_fail_bytes("GIF89a\1\0\1\0", 10, VERNIS_E_UNSUPPORTED, "GIF");
    must_fail_bytes("II*\0\x08\0\0\0", 8, VERNIS_E_UNSUPPORTED, "TIFF");
    must_fail_bytes("MM\0*\0\0\0\x08", 8, VERNIS_E_UNSUPPORTED, "TIFF");
    must_fail_bytes("\0\0\0\x20"
                    "ftypheic\0\0\0\0",
                    16, VERNIS_E_UNSUPPORTED, "HEIC");
    must_fail_bytes("\0\0\0\x20"
                    "ftypavif\0\0\0\0",
                    16, VERNIS_E_UNSUPPORTED, "AVIF");
    must_fail_bytes("8BPS\0\1\0\0", 8, VERNIS_E_UNSUPPORTED, "PSD");
    must_fail_bytes("BM\x36\0\0\0\0\0", 8, VERNIS_E_UNSUPPORTED, "BMP");
    must_fail_bytes("\xff\x0a\0\0", 4, VERNIS_E_UNSUPPORTED, "JPEG XL");
    must_fail_bytes("hello, this is a text file", 26, VERNIS_E_FORMAT, "not a picture");
    must_fail_bytes("\x89PNG", 4, VERNIS_E_FORMAT, "not a picture");
    must_fail_bytes("B", 1, VERNIS_E_FORMAT, "not a picture");
    VnHeader header;
    assert_int_equal(vn_decode_header(&header, (const uint8_t *)"GIF89a", 6, NULL, NULL), VERNIS_E_UNSUPPORTED);
}

static void finds_formats(void **state) {
    (void)state;
    assert_ptr_equal(vn_format_by_name("png"), &vn_format_png);
    assert_ptr_equal(vn_format_by_name("jpeg"), &vn_format_jpeg);
    assert_null(vn_format_by_name("gif"));
    assert_ptr_equal(vn_format_by_extension("a.b/c.PNG"), &vn_format_png);
    assert_ptr_equal(vn_format_by_extension("x.jpg"), &vn_format_jpeg);
    assert_ptr_equal(vn_format_by_extension("x.JPeg"), &vn_format_jpeg);
    assert_ptr_equal(vn_format_by_extension("x.jfif"), &vn_format_jpeg);
    assert_null(vn_format_by_extension("x.jp"));
    assert_null(vn_format_by_extension("x."));
    assert_null(vn_format_by_extension("folder.png/x"));
    assert_null(vn_format_by_extension("x"));
    assert_ptr_equal(vn_formats()[0], &vn_format_png);
    VnBytes file = golden_file("grey.jpg");
    assert_ptr_equal(vn_format_sniff(file.data, file.size), &vn_format_jpeg);
    vn_bytes_free(&file);
}

static void keeps_limits(void **state) {
    (void)state;
    VnBytes png = golden_file("rgb8.png"), jpeg = golden_file("ycc_420.jpg");
    VnLimits limits = vn_limits_default;
    limits.max_pixels = 98; /* rgb8.png has 99 */
    must_fail(&png, &limits, VERNIS_E_LIMIT, "98");
    must_fail(&jpeg, &limits, VERNIS_E_LIMIT, "98");
    limits.max_pixels = 99;
    VnImage image;
    VnBag bag;
    assert_int_equal(vn_decode(&image, &bag, png.data, png.size, &limits, NULL), VERNIS_OK);
    vn_image_free(&image);
    vn_bag_free(&bag);
    limits = vn_limits_default;
    limits.max_side = 10;
    must_fail(&png, &limits, VERNIS_E_LIMIT, "10 per side");
    must_fail(&jpeg, &limits, VERNIS_E_LIMIT, "10 per side");
    limits = vn_limits_default;
    limits.max_file_bytes = 100;
    must_fail(&png, &limits, VERNIS_E_LIMIT, "100");
    limits = vn_limits_default;
    limits.max_icc_bytes = 100;
    VnBytes icc = golden_file("icc_adobe8.png");
    must_fail(&icc, &limits, VERNIS_E_LIMIT, "profile");
    vn_bytes_free(&icc);
    icc = golden_file("icc_adobe.jpg");
    must_fail(&icc, &limits, VERNIS_E_LIMIT, "profile");
    limits = vn_limits_default;
    limits.max_exif_bytes = 20;
    VnBytes exif = golden_file("orientation3.jpg");
    must_fail(&exif, &limits, VERNIS_E_LIMIT, "EXIF");
    vn_bytes_free(&exif);
    vn_bytes_free(&icc);
    vn_bytes_free(&png);
    vn_bytes_free(&jpeg);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_goldens), cmocka_unit_test(refuses_cut_files), cmocka_unit_test(survives_damage),
        cmocka_unit_test(names_strangers), cmocka_unit_test(finds_formats),     cmocka_unit_test(keeps_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
