/* SPDX-License-Identifier: Apache-2.0 */
/* PDQ against a double-precision reference that was written apart from it, and against pictures that were really turned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/pdq.h"

typedef struct Golden {
    uint32_t width, height;
    uint64_t seed;
    int quality;
    const char *hash[VN_PDQ_VARIANTS];
} Golden;
#include "pdq_goldens.h"

static uint8_t formula(uint64_t x, uint64_t y, uint64_t c, const Golden *g) {
    uint64_t u = x * 997 / g->width, v = y * 991 / g->height;
    uint64_t bend = (u * u * (g->seed + c) + v * v * (3 * g->seed + 1) + u * v * (5 + c)) / 997;
    uint64_t grating = bend / (3 + g->seed % 5) % 256, ramp = (u * (c + 1) + v * (4 - c)) / 20 % 256;
    return (uint8_t)((2 * grating + ramp) / 3);
}

/* The golden's picture, turned. */
static VnImage draw(const Golden *g, unsigned variant, unsigned bits, bool alpha) {
    VnImage image;
    bool swapped = variant & VN_PDQ_SWAPPED;
    uint32_t w = swapped ? g->height : g->width, h = swapped ? g->width : g->height;
    assert_int_equal(vn_image_create(&image, w, h, 3, alpha, bits, NULL, NULL), VERNIS_OK);
    unsigned samples = vn_image_samples(&image);
    for (uint32_t y = 0; y < h; y++)
        for (uint32_t x = 0; x < w; x++)
            for (unsigned c = 0; c < samples; c++) {
                uint32_t tx = variant & VN_PDQ_MIRRORED ? w - 1 - x : x, ty = variant & VN_PDQ_FLIPPED ? h - 1 - y : y;
                uint8_t value = c == 3 ? 255 : formula(swapped ? ty : tx, swapped ? tx : ty, c, g);
                size_t at = (size_t)y * w * samples + (size_t)x * samples + c;
                if (bits == 16)
                    ((uint16_t *)image.pixels)[at] = (uint16_t)(value * 257);
                else
                    ((uint8_t *)image.pixels)[at] = value;
            }
    return image;
}

static void test_goldens(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++)
        for (unsigned kind = 0; kind < 3; kind++) {
            VnImage image = draw(&goldens[i], 0, kind == 1 ? 16 : 8, kind == 2);
            VnPdq pdq;
            char hex[65];
            assert_int_equal(vn_pdq(&pdq, &image, NULL), VERNIS_OK);
            assert_int_equal(pdq.quality, goldens[i].quality);
            for (size_t v = 0; v < VN_PDQ_VARIANTS; v++) {
                vn_pdq_to_hex(hex, pdq.hash[v]);
                assert_string_equal(hex, goldens[i].hash[v]);
            }
            vn_image_free(&image);
        }
}

/* The turned picture's own hash is the variant's, but for the half pixel by which the 64 samples are off centre. */
static void test_variants_are_the_turned_pictures(void **state) {
    (void)state;
    const Golden *g = &goldens[7];
    VnImage image = draw(g, 0, 8, false);
    VnPdq upright;
    assert_int_equal(vn_pdq(&upright, &image, NULL), VERNIS_OK);
    vn_image_free(&image);
    for (unsigned v = 0; v < VN_PDQ_VARIANTS; v++) {
        VnPdq turned;
        image = draw(g, v, 8, false);
        assert_int_equal(vn_pdq(&turned, &image, NULL), VERNIS_OK);
        vn_image_free(&image);
        for (unsigned other = 0; other < VN_PDQ_VARIANTS; other++) {
            int distance = vn_pdq_distance(upright.hash[other], turned.hash[0], 256);
            if (other == v)
                assert_in_range(distance, 0, 20);
            else
                assert_in_range(distance, 64, 192);
        }
    }
}

static void test_edges(void **state) {
    (void)state;
    VnImage image;
    VnPdq pdq;
    uint8_t hash[VN_PDQ_BYTES];
    char hex[65];
    assert_int_equal(vn_image_create(&image, 1, 1, 1, false, 8, NULL, NULL), VERNIS_OK);
    assert_int_equal(vn_pdq(&pdq, &image, NULL), VERNIS_OK);
    assert_int_equal(pdq.quality, 0);
    vn_image_free(&image);
    image = draw(&goldens[0], 0, 8, false);
    VnError err = {0};
    vn_mem_limit(vn_mem_used() + 100);
    assert_int_equal(vn_pdq(&pdq, &image, &err), VERNIS_E_MEMORY);
    vn_mem_limit(0);
    vn_image_free(&image);
    assert_int_equal(vn_mem_used(), 0);
    assert_true(vn_pdq_from_hex(hash, goldens[1].hash[3]));
    vn_pdq_to_hex(hex, hash);
    assert_string_equal(hex, goldens[1].hash[3]);
    assert_false(vn_pdq_from_hex(hash, ""));
    assert_false(vn_pdq_from_hex(hash, "0"));
    hex[63] = 'g';
    assert_false(vn_pdq_from_hex(hash, hex));
    assert_int_equal(vn_pdq_distance(hash, hash, 256), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),
        cmocka_unit_test(test_variants_are_the_turned_pictures),
        cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
