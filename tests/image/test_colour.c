/* SPDX-License-Identifier: Apache-2.0 */
/* Conversion to the working space against Pillow's ImageCms and plain colorimetry (tools/make_image_goldens.py). */
#include <stdlib.h>

#include "golden.h"
#include "image/colour.h"

static long sample(const VnImage *image, const void *pixels, size_t i) {
    return image->bits == 8 ? ((const uint8_t *)pixels)[i] : ((const uint16_t *)pixels)[i];
}

/* @param tolerance in steps of 1/255 */
static void check_work(const char *name, unsigned colours, double tolerance, bool srgb, const char *warned) {
    char work_name[80], warning[200] = "";
    VnBytes file = golden_file(name);
    snprintf(work_name, sizeof work_name, "%s.work", name);
    VnBytes work = golden_file(work_name);
    VnImage image;
    VnBag bag;
    VnError err = {0};
    must_decode(&image, &bag, &file);
    assert_int_equal(vn_colour_is_srgb(&bag), srgb);
    assert_int_equal(vn_colour_to_work(&image, &bag, NULL, warning, &err), VERNIS_OK);
    if (!strstr(warning, warned) || (!*warned && *warning))
        fail_msg("%s: warning '%s'", name, warning);
    assert_int_equal(image.colours, colours);
    assert_int_equal(image.stride * image.height, work.size);
    double unit = image.bits == 8 ? 1.0 : 257.0;
    for (size_t i = 0; i < work.size / (image.bits / 8); i++)
        if (labs(sample(&image, image.pixels, i) - sample(&image, work.data, i)) > tolerance * unit)
            fail_msg("%s: sample %zu is %ld, not %ld", name, i, sample(&image, image.pixels, i),
                     sample(&image, work.data, i));
    vn_image_free(&image);
    vn_bag_free(&bag);
    vn_bytes_free(&file);
    vn_bytes_free(&work);
}

static void meets_oracles(void **state) {
    (void)state;
    check_work("icc_adobe8.png", 3, 2, false, "");
    check_work("icc_adobe16.png", 3, 1, false, "");
    check_work("icc_adobe_alpha.png", 3, 2, false, "");
    check_work("icc_adobe.jpg", 3, 2, false, "");
    check_work("icc_grey.png", 1, 2, false, "");
    check_work("icc_cmyk.jpg", 3, 2, false, "");
    check_work("plain_cmyk.jpg", 3, 0, true, "");
    check_work("gama_linear8.png", 3, 2, false, "");
    check_work("gama_linear_grey16.png", 1, 1, false, "");
    check_work("chrm_p3.png", 3, 2, false, "");
}

static void leaves_srgb_alone(void **state) {
    (void)state;
    check_work("srgb_over_gama.png", 3, 0, true, "");
    check_work("gama_srgb_like.png", 3, 0, true, "");
    check_work("icc_srgb.png", 3, 0, true, "");
}

static void ignores_bad_profiles(void **state) {
    (void)state;
    check_work("icc_misfit.png", 3, 0, false, "another kind");
    static const uint8_t rubbish[200] = {1, 2, 3};
    static const VnBag damaged = {.icc = {(uint8_t *)rubbish, sizeof rubbish}};
    uint8_t pixels[3] = {1, 2, 3};
    VnImage image = {.width = 1, .height = 1, .colours = 3, .bits = 8, .stride = 3, .pixels = pixels};
    char warning[200] = "", text[8] = "x";
    assert_int_equal(vn_colour_to_work(&image, &damaged, NULL, warning, NULL), VERNIS_OK);
    assert_non_null(strstr(warning, "cannot be read"));
    assert_int_equal(pixels[2], 3);
    assert_false(vn_colour_is_srgb(&damaged));
    vn_colour_describe(&damaged, text, sizeof text);
    assert_string_equal(text, "");
    /* Every cut of a sound profile is survived. */
    VnBytes file = golden_file("icc_cmyk.jpg");
    VnBag bag;
    must_decode(&image, &bag, &file);
    for (size_t size = 0; size < bag.icc.size; size++) {
        VnBag cut = {.icc = {bag.icc.data, size}};
        VnImage copy;
        assert_int_equal(vn_image_copy(&copy, &image, NULL), VERNIS_OK);
        assert_int_equal(vn_colour_to_work(&copy, &cut, NULL, NULL, NULL), VERNIS_OK);
        assert_int_equal(copy.colours, 3);
        vn_image_free(&copy);
    }
    vn_image_free(&image);
    vn_bag_free(&bag);
    vn_bytes_free(&file);
}

static void describes(void **state) {
    (void)state;
    char text[64], small[7];
    VnImage image;
    VnBag bag;
    VnBytes file = golden_file("icc_adobe8.png");
    must_decode(&image, &bag, &file);
    vn_colour_describe(&bag, text, sizeof text);
    assert_string_equal(text, "Adobe-like RGB");
    vn_colour_describe(&bag, small, sizeof small);
    assert_string_equal(small, "Adobe-");
    vn_image_free(&image);
    vn_bag_free(&bag);
    vn_bytes_free(&file);
    const VnBag none = {0};
    vn_colour_describe(&none, text, sizeof text);
    assert_string_equal(text, "");
}

/* More rows than one band; threads do not change the result. CMYK of 16 bits with alpha has no file format here. */
static void converts_in_bands(void **state) {
    (void)state;
    VnBytes file = golden_file("icc_adobe8.png");
    VnImage small, image, copy;
    VnBag bag;
    VnPool *pool = NULL;
    must_decode(&small, &bag, &file);
    assert_int_equal(vn_pool_open(&pool, 3, NULL), VERNIS_OK);
    assert_int_equal(vn_image_create(&image, 33, 150, 3, true, 16, NULL, NULL), VERNIS_OK);
    for (size_t i = 0; i < image.stride * image.height; i++)
        ((uint8_t *)image.pixels)[i] = (uint8_t)(i * 2654435761u >> 11);
    assert_int_equal(vn_image_copy(&copy, &image, NULL), VERNIS_OK);
    assert_int_equal(vn_colour_to_work(&image, &bag, NULL, NULL, NULL), VERNIS_OK);
    assert_memory_not_equal(image.pixels, copy.pixels, image.stride * image.height);
    for (size_t i = 3; i < 33 * 150 * 4; i += 4)
        assert_int_equal(((uint16_t *)image.pixels)[i], ((uint16_t *)copy.pixels)[i]);
    assert_int_equal(vn_colour_to_work(&copy, &bag, pool, NULL, NULL), VERNIS_OK);
    assert_memory_equal(image.pixels, copy.pixels, image.stride * image.height);
    vn_image_free(&image);
    vn_image_free(&copy);

    const VnBag none = {0};
    const uint16_t ink[5] = {0, 65535, 32768, 6554, 1234};
    assert_int_equal(vn_image_create(&image, 1, 1, 4, true, 16, NULL, NULL), VERNIS_OK);
    memcpy(image.pixels, ink, sizeof ink);
    assert_int_equal(vn_colour_to_work(&image, &none, pool, NULL, NULL), VERNIS_OK);
    const uint16_t *rgb = image.pixels;
    assert_int_equal(image.colours, 3);
    assert_int_equal(rgb[0], 58981);
    assert_int_equal(rgb[1], 0);
    assert_in_range(rgb[2], 29489, 29491); /* 32767 * 58981 / 65535 = 29490.05 */
    assert_int_equal(rgb[3], 1234);
    vn_image_free(&image);
    vn_image_free(&small);
    vn_bag_free(&bag);
    vn_bytes_free(&file);
    vn_pool_close(&pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(meets_oracles), cmocka_unit_test(leaves_srgb_alone), cmocka_unit_test(ignores_bad_profiles),
        cmocka_unit_test(describes),     cmocka_unit_test(converts_in_bands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
