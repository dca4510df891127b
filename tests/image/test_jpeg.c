/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG: quality, the encoder's promises, bombs and damage that libjpeg alone would let pass. */
#include "golden.h"
#include <jpeglib.h>
#include <stdlib.h>

#include "image/colour.h"

static void make_picture(VnImage *image, uint32_t width, uint32_t height, unsigned colours) {
    assert_int_equal(vn_image_create(image, width, height, colours, false, 8, NULL, NULL), VERNIS_OK);
    uint8_t *p = image->pixels;
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            for (unsigned c = 0; c < colours; c++)
                *p++ = (uint8_t)(128 + 60 * ((x / 5 + c) % 2 ? 1 : -1) + (int)(y * 3 % 40) - 20);
}

/* Offset of the first segment with that marker, at its length field; 0 if there is none before the scan. */
static size_t find_segment(const VnBytes *file, unsigned marker) {
    for (size_t at = 2; at + 4 <= file->size && file->data[at + 1] != 0xda;) {
        if (file->data[at + 1] == marker)
            return at + 2;
        at += 2 + ((size_t)file->data[at + 2] << 8 | file->data[at + 3]);
    }
    return 0;
}

static void estimates_quality(void **state) {
    (void)state;
    VnImage image;
    make_picture(&image, 16, 16, 3);
    for (int quality = 1; quality <= 100; quality++) {
        VnEncodeOptions options = {.quality = quality};
        VnBytes file;
        VnImage again;
        VnBag bag;
        assert_int_equal(vn_format_jpeg.encode(&file, &image, &options, NULL), VERNIS_OK);
        must_decode(&again, &bag, &file);
        assert_int_equal(bag.jpeg_quality, quality);
        vn_image_free(&again);
        vn_bag_free(&bag);
        vn_bytes_free(&file);
    }
    vn_image_free(&image);
    static const struct {
        const char *name;
        int quality;
    } by_pillow[] = {
        {"ycc_420.jpg", 90}, {"grey.jpg", 85}, {"seven.jpg", 75}, {"orientation2.jpg", 60}, {"icc_adobe.jpg", 92}};
    for (unsigned i = 0; i < 5; i++) {
        VnBytes file = golden_file(by_pillow[i].name);
        VnBag bag;
        must_decode(&image, &bag, &file);
        assert_int_equal(bag.jpeg_quality, by_pillow[i].quality);
        vn_image_free(&image);
        vn_bag_free(&bag);
        vn_bytes_free(&file);
    }
}

static void encodes_as_promised(void **state) {
    (void)state;
    for (unsigned colours = 1; colours <= 3; colours += 2)
        for (unsigned subsample = 0; subsample < 2; subsample++) {
            VnImage image, again;
            VnBag bag;
            VnBytes file, twin;
            VnEncodeOptions options = {.quality = 98, .subsample = subsample != 0};
            make_picture(&image, 43, 29, colours);
            assert_int_equal(vn_format_jpeg.encode(&file, &image, &options, NULL), VERNIS_OK);
            assert_int_equal(vn_format_jpeg.encode(&twin, &image, &options, NULL), VERNIS_OK);
            assert_int_equal(file.size, twin.size);
            assert_memory_equal(file.data, twin.data, file.size);
            assert_memory_equal(file.data, "\xff\xd8\xff\xe0\0\x10JFIF\0", 11);
            size_t frame = find_segment(&file, 0xc0); /* SOF0: baseline */
            assert_int_not_equal(frame, 0);
            assert_int_equal(file.data[frame + 7], colours);
            assert_int_equal(file.data[frame + 9], subsample && colours == 3 ? 0x22 : 0x11);
            must_decode(&again, &bag, &file);
            assert_true(bag.icc.size > 0 && bag.icc.size < 700);
            assert_true(vn_colour_is_srgb(&bag));
            assert_int_equal(bag.leaks, 0);
            assert_string_equal(bag.warning, "");
            assert_int_equal(again.colours, colours);
            unsigned worst = 0;
            for (size_t i = 0; i < image.stride * image.height; i++) {
                int difference = abs(((uint8_t *)image.pixels)[i] - ((uint8_t *)again.pixels)[i]);
                worst = (unsigned)difference > worst ? (unsigned)difference : worst;
            }
            assert_in_range(worst, 1, subsample && colours == 3 ? 140 : 12);
            vn_image_free(&image);
            vn_image_free(&again);
            vn_bag_free(&bag);
            vn_bytes_free(&file);
            vn_bytes_free(&twin);
        }
}

static void refuses_what_it_cannot_hold(void **state) {
    (void)state;
    uint16_t pixels[8] = {0};
    VnBytes file;
    VnError err = {0};
    VnImage image = {.width = 1, .height = 1, .colours = 3, .bits = 8, .alpha = true, .stride = 4, .pixels = pixels};
    assert_int_equal(vn_format_jpeg.encode(&file, &image, NULL, &err), VERNIS_E_ARGUMENT);
    image = (VnImage){.width = 1, .height = 1, .colours = 3, .bits = 16, .stride = 6, .pixels = pixels};
    assert_int_equal(vn_format_jpeg.encode(&file, &image, NULL, NULL), VERNIS_E_ARGUMENT);
    image = (VnImage){.width = 1, .height = 1, .colours = 4, .bits = 8, .stride = 4, .pixels = pixels};
    assert_int_equal(vn_format_jpeg.encode(&file, &image, NULL, NULL), VERNIS_E_ARGUMENT);
    image = (VnImage){.width = 65501, .height = 1, .colours = 1, .bits = 8, .stride = 65501, .pixels = pixels};
    assert_int_equal(vn_format_jpeg.encode(&file, &image, NULL, NULL), VERNIS_E_LIMIT);
    image = (VnImage){.width = 1, .height = 1, .colours = 1, .bits = 8, .stride = 1, .pixels = pixels};
    assert_int_equal(vn_format_jpeg.encode(&file, &image, &(VnEncodeOptions){.quality = 101}, NULL), VERNIS_E_ARGUMENT);
    assert_null(file.data);
    assert_int_equal(vn_format_jpeg.encode(&file, &image, NULL, NULL), VERNIS_OK); /* no options: quality 95 */
    VnBag bag;
    must_decode(&image, &bag, &file);
    assert_int_equal(bag.jpeg_quality, 95);
    vn_image_free(&image);
    vn_bag_free(&bag);
    vn_bytes_free(&file);
}

static void patch_frame(VnBytes *file, unsigned width, unsigned height) {
    size_t frame = find_segment(file, 0xc0);
    assert_int_not_equal(frame, 0);
    file->data[frame + 3] = (uint8_t)(height >> 8);
    file->data[frame + 4] = (uint8_t)height;
    file->data[frame + 5] = (uint8_t)(width >> 8);
    file->data[frame + 6] = (uint8_t)width;
}

static void refuses_lies_and_bombs(void **state) {
    (void)state;
    VnBytes file = golden_file("ycc_444.jpg");
    size_t frame = find_segment(&file, 0xc0);
    vn_mem_peak_reset();
    patch_frame(&file, 60000, 6000);
    must_fail(&file, NULL, VERNIS_E_FORMAT, "cannot hold");
    patch_frame(&file, 65535, 65535);
    must_fail(&file, NULL, VERNIS_E_LIMIT, "limit");
    patch_frame(&file, 0, 13);
    must_fail(&file, NULL, VERNIS_E_FORMAT, "empty");
    patch_frame(&file, 63, 39);
    must_fail(&file, NULL, VERNIS_E_FORMAT, "damaged JPEG");
    assert_in_range(vn_mem_peak(), 0, 1 << 20);
    patch_frame(&file, 21, 13);
    file.data[frame - 1] = 0xc3;
    must_fail(&file, NULL, VERNIS_E_UNSUPPORTED, "lossless");
    file.data[frame - 1] = 0xc0;
    file.data[frame + 2] = 12;
    must_fail(&file, NULL, VERNIS_E_UNSUPPORTED, "12 bits");
    file.data[frame + 2] = 8;
    file.data[frame + 7] = 2;
    must_fail(&file, NULL, VERNIS_E_UNSUPPORTED, "2 components");
    file.data[frame + 7] = 3;
    file.data[frame + 14] = 77; /* the third component's name: no scan has it */
    must_fail(&file, NULL, VERNIS_E_FORMAT, "component is missing");
    file.data[frame + 14] = 3;
    VnImage image;
    VnBag bag;
    must_decode(&image, &bag, &file);
    vn_image_free(&image);
    vn_bag_free(&bag);
    vn_bytes_free(&file);
}

/* A progressive grey file of `count` scans, complete at 694: every coefficient by itself, one bit plane at a time. */
static VnBytes many_scans(int count) {
    static jpeg_scan_info scans[700];
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *out = NULL;
    unsigned long size = 0;
    int made = 1;
    scans[0] = (jpeg_scan_info){.comps_in_scan = 1};
    for (int low = 10; low >= 0 && made < count; low--)
        for (int k = 1; k < 64 && made < count; k++)
            scans[made++] =
                (jpeg_scan_info){.comps_in_scan = 1, .Ss = k, .Se = k, .Ah = low == 10 ? 0 : low + 1, .Al = low};
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &out, &size);
    jpeg.image_width = jpeg.image_height = 8;
    jpeg.input_components = 1;
    jpeg.in_color_space = JCS_GRAYSCALE;
    jpeg_set_defaults(&jpeg);
    jpeg.scan_info = scans;
    jpeg.num_scans = made;
    jpeg_start_compress(&jpeg, TRUE);
    for (unsigned y = 0; y < 8; y++) {
        JSAMPLE row[8] = {0, 255, 3, 200, (JSAMPLE)(y * 30), 9, 90, 190};
        JSAMPROW rows[1] = {row};
        jpeg_write_scanlines(&jpeg, rows, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    VnBytes file = {0};
    assert_int_equal(vn_bytes_append(&file, out, size, NULL), VERNIS_OK);
    free(out);
    return file;
}

/* Coded data that ends early, then an end mark: libjpeg would fill up with grey and warn. */
static void refuses_missing_data(void **state) {
    (void)state;
    static const char *const names[] = {"ycc_420.jpg", "cmyk_progressive.jpg", "grey.jpg",
                                        "cmyk.jpg",    "one_by_9999.jpg",      "ycc_restart.jpg"};
    for (unsigned i = 0; i < 6; i++) {
        VnBytes file = golden_file(names[i]);
        VnImage image;
        VnBag bag;
        VnError err = {0};
        size_t cut = file.size - 40;
        file.data[cut - 2] = 0xff;
        file.data[cut - 1] = 0xd9;
        VernisStatus status = vn_decode(&image, &bag, file.data, cut, NULL, &err);
        if (status != VERNIS_E_FORMAT)
            fail_msg("%s: status %d", names[i], status);
        assert_null(image.pixels);
        vn_bytes_free(&file);
    }
    /* A progressive file without its last refinement is sound by the letter of the standard. */
    VnBytes file = many_scans(300);
    VnImage image;
    VnBag bag;
    must_decode(&image, &bag, &file);
    assert_non_null(strstr(bag.warning, "lacks its last scans"));
    vn_image_free(&image);
    vn_bag_free(&bag);
    vn_bytes_free(&file);
}

static void bounds_warnings(void **state) {
    (void)state;
    static const uint8_t jfif[14] = {'J', 'F', 'I', 'F', 0, 9, 9}; /* revision 9: one warning each */
    VnBytes file = golden_file("grey.jpg");
    VnImage image;
    VnBag bag;
    for (unsigned i = 0; i < 100; i++)
        insert_segment(&file, 2, 0xe0, jfif, sizeof jfif);
    must_decode(&image, &bag, &file);
    assert_non_null(strstr(bag.warning, "JFIF"));
    vn_image_free(&image);
    vn_bag_free(&bag);
    insert_segment(&file, 2, 0xe0, jfif, sizeof jfif);
    must_fail(&file, NULL, VERNIS_E_FORMAT, "more than 100 faults");
    vn_bytes_free(&file);
}

static void bounds_scans(void **state) {
    (void)state;
    VnImage image;
    VnBag bag;
    VnBytes file = many_scans(500);
    must_decode(&image, &bag, &file);
    vn_image_free(&image);
    vn_bag_free(&bag);
    vn_bytes_free(&file);
    file = many_scans(501);
    must_fail(&file, NULL, VERNIS_E_LIMIT, "500 scans");
    vn_bytes_free(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(estimates_quality),
        cmocka_unit_test(encodes_as_promised),
        cmocka_unit_test(refuses_what_it_cannot_hold),
        cmocka_unit_test(refuses_lies_and_bombs),
        cmocka_unit_test(refuses_missing_data),
        cmocka_unit_test(bounds_warnings),
        cmocka_unit_test(bounds_scans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
