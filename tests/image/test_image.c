/* SPDX-License-Identifier: Apache-2.0 */
/* Pixels: allocation and limits, orientation, hidden colours, fitting, planes. */
#include "golden.h"

static void check_limits(void **state) {
    (void)state;
    VnImage image;
    VnError err = {0};
    assert_int_equal(vn_image_create(&image, 0, 5, 3, false, 8, NULL, &err), VERNIS_E_FORMAT);
    assert_int_equal(vn_image_create(&image, 5, 5, 2, false, 8, NULL, NULL), VERNIS_E_ARGUMENT);
    assert_int_equal(vn_image_create(&image, 5, 5, 3, false, 12, NULL, NULL), VERNIS_E_ARGUMENT);
    assert_int_equal(vn_image_create(&image, 65536, 1, 1, false, 8, NULL, NULL), VERNIS_E_LIMIT);
    assert_int_equal(vn_image_create(&image, 65535, 65535, 1, false, 8, NULL, NULL), VERNIS_E_LIMIT);
    const VnLimits none = {.max_pixels = UINT64_MAX, .max_side = UINT32_MAX};
    assert_int_equal(vn_image_create(&image, UINT32_MAX, UINT32_MAX, 4, true, 16, &none, NULL), VERNIS_E_MEMORY);
    assert_null(image.pixels);
    assert_int_equal(vn_image_create(&image, 3, 2, 3, true, 16, NULL, NULL), VERNIS_OK);
    assert_int_equal(image.stride, 24);
    for (size_t i = 0; i < 48; i++)
        assert_int_equal(((uint8_t *)image.pixels)[i], 0);
    vn_image_free(&image);
    vn_image_free(&image);
}

/* TIFF 6.0 p. 36 says where row 0 and column 0 of the stored picture lie: 1 top left, 2 top right, 3 bottom right, 4
 * bottom left, 5 left top, 6 right top, 7 right bottom, 8 left bottom. Stored: abc / def. */
static void turns_upright(void **state) {
    (void)state;
    static const char *const upright[9] = {NULL,     "abcdef", "cbafed", "fedcba", "defabc",
                                           "adbecf", "daebfc", "fcebda", "cfbead"};
    for (unsigned samples = 1; samples <= 4; samples++)
        for (unsigned bits = 8; bits <= 16; bits += 8)
            for (unsigned orientation = 1; orientation <= 8; orientation++) {
                VnImage image;
                bool alpha = samples % 2 == 0;
                size_t size = samples * bits / 8;
                assert_int_equal(vn_image_create(&image, 3, 2, samples - alpha, alpha, bits, NULL, NULL), VERNIS_OK);
                for (size_t i = 0; i < 6 * size; i++)
                    ((uint8_t *)image.pixels)[i] = (uint8_t)("abcdef"[i / size] + 16 * (i % size));
                assert_int_equal(vn_image_orient(&image, orientation, NULL), VERNIS_OK);
                assert_int_equal(image.width, orientation >= 5 ? 2 : 3);
                assert_int_equal(image.height, orientation >= 5 ? 3 : 2);
                assert_int_equal(image.stride, image.width * size);
                for (size_t i = 0; i < 6 * size; i++)
                    assert_int_equal(((uint8_t *)image.pixels)[i],
                                     (uint8_t)(upright[orientation][i / size] + 16 * (i % size)));
                vn_image_free(&image);
            }
    VnImage image = {0};
    assert_int_equal(vn_image_orient(&image, 0, NULL), VERNIS_E_ARGUMENT);
    assert_int_equal(vn_image_orient(&image, 9, NULL), VERNIS_E_ARGUMENT);
}

/* Larger than a tile, odd sizes: every orientation and then its inverse gives the picture back. */
static void turns_back(void **state) {
    (void)state;
    static const unsigned inverse[9] = {0, 1, 2, 3, 4, 5, 8, 7, 6};
    for (unsigned orientation = 1; orientation <= 8; orientation++) {
        VnImage image, copy;
        assert_int_equal(vn_image_create(&image, 75, 41, 3, false, 8, NULL, NULL), VERNIS_OK);
        for (size_t i = 0; i < image.stride * image.height; i++)
            ((uint8_t *)image.pixels)[i] = (uint8_t)(i * 2654435761u >> 13);
        assert_int_equal(vn_image_copy(&copy, &image, NULL), VERNIS_OK);
        assert_int_equal(vn_image_orient(&image, orientation, NULL), VERNIS_OK);
        if (orientation != 1)
            assert_memory_not_equal(image.pixels, copy.pixels, copy.stride * copy.height);
        assert_int_equal(vn_image_orient(&image, inverse[orientation], NULL), VERNIS_OK);
        assert_int_equal(image.width, 75);
        assert_memory_equal(image.pixels, copy.pixels, copy.stride * copy.height);
        vn_image_free(&image);
        vn_image_free(&copy);
    }
}

static void blanks_hidden(void **state) {
    (void)state;
    uint8_t rgba[16] = {9, 8, 7, 0, 1, 2, 3, 1, 0, 0, 0, 0, 0, 0, 5, 0};
    const uint8_t want[16] = {0, 0, 0, 0, 1, 2, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0};
    VnImage image = {.width = 2, .height = 2, .colours = 3, .bits = 8, .alpha = true, .stride = 8, .pixels = rgba};
    assert_int_equal(vn_image_blank_hidden(&image), 2);
    assert_memory_equal(rgba, want, sizeof want);
    uint16_t grey[4] = {256, 0, 7, 256};
    image = (VnImage){.width = 2, .height = 1, .colours = 1, .bits = 16, .alpha = true, .stride = 8, .pixels = grey};
    assert_int_equal(vn_image_blank_hidden(&image), 1);
    assert_int_equal(grey[0], 0);
    assert_int_equal(grey[2], 7);
    image = (VnImage){.width = 4, .height = 1, .colours = 1, .bits = 16, .stride = 8, .pixels = grey};
    assert_int_equal(vn_image_blank_hidden(&image), 0);
}

static void fits_formats(void **state) {
    (void)state;
    VnImage image;
    assert_int_equal(vn_image_create(&image, 3, 1, 3, true, 16, NULL, NULL), VERNIS_OK);
    const uint16_t pixels[12] = {0, 32768, 65535, 65535, 1000, 2000, 3000, 0, 0, 65535, 12850, 32768};
    memcpy(image.pixels, pixels, sizeof pixels);
    assert_int_equal(vn_image_fit(&image, true, true, NULL), VERNIS_OK);
    assert_memory_equal(image.pixels, pixels, sizeof pixels);
    assert_int_equal(vn_image_fit(&image, false, false, NULL), VERNIS_OK);
    assert_false(image.alpha);
    assert_int_equal(image.bits, 8);
    assert_int_equal(image.stride, 9);
    /* Half of 0 and half of white is 32767 of 65535: 127.498 of 255; half of 12850 (50 of 255): 152.5 */
    const uint8_t want[9] = {0, 128, 255, 255, 255, 255, 127, 255, 152};
    for (unsigned i = 0; i < 9; i++)
        assert_in_range(((uint8_t *)image.pixels)[i] + 1, want[i], want[i] + 2);
    assert_int_equal(((uint8_t *)image.pixels)[1], 128);
    vn_image_free(&image);
}

static void makes_planes(void **state) {
    (void)state;
    uint8_t rgba[8] = {51, 102, 255, 255, 255, 0, 0, 51};
    float planes[6];
    VnImage image = {.width = 1, .height = 2, .colours = 3, .bits = 8, .alpha = true, .stride = 4, .pixels = rgba};
    vn_image_rows_to_planes(&image, 0, 2, planes);
    const float want[6] = {0.2f, 1.0f, 0.4f, 0.8f, 1.0f, 0.8f}; /* R, R, G, G, B, B; the second over white at 0.2 */
    for (unsigned i = 0; i < 6; i++)
        assert_float_equal(planes[i], want[i], 1e-6f);
    uint16_t grey[3] = {0, 13107, 65535};
    image = (VnImage){.width = 1, .height = 3, .colours = 1, .bits = 16, .stride = 2, .pixels = grey};
    vn_image_rows_to_planes(&image, 1, 3, planes);
    for (unsigned c = 0; c < 3; c++) {
        assert_float_equal(planes[2 * c], 0.2f, 1e-6f);
        assert_float_equal(planes[2 * c + 1], 1.0f, 1e-6f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_limits),  cmocka_unit_test(turns_upright), cmocka_unit_test(turns_back),
        cmocka_unit_test(blanks_hidden), cmocka_unit_test(fits_formats),  cmocka_unit_test(makes_planes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
