/* SPDX-License-Identifier: Apache-2.0 */
/* Thumbnails: exact means of parts of any size, and which of them are taken for one picture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "ledger/pdq.h"
#include "ledger/thumbnail.h"

enum { SIDE = VN_THUMBNAIL_SIDE, BYTES = VERNIS_THUMBNAIL_BYTES };

static VnImage image_of(uint32_t width, uint32_t height, unsigned colours, bool alpha, unsigned bits) {
    VnImage image;
    assert_int_equal(vn_image_create(&image, width, height, colours, alpha, bits, NULL, NULL), VERNIS_OK);
    return image;
}

static void test_means(void **state) {
    (void)state;
    uint8_t out[BYTES];
    /* Two pixels a part, red and green in turn. */
    VnImage image = image_of(2 * SIDE, SIDE, 3, false, 8);
    for (size_t i = 0; i < 2 * SIDE * SIDE; i++)
        ((uint8_t *)image.pixels)[3 * i + i % 2] = 200;
    assert_int_equal(vn_thumbnail(out, &image, NULL), VERNIS_OK);
    for (size_t i = 0; i < BYTES; i++)
        assert_int_equal(out[i], i % 3 == 2 ? 0 : 100);
    vn_image_free(&image);
    /* 48 columns of 0 and 240 in turn: parts of one and a half, one of them whole. */
    image = image_of(SIDE * 3 / 2, 1, 1, false, 16);
    for (size_t i = 0; i < SIDE * 3 / 2; i++)
        ((uint16_t *)image.pixels)[i] = i % 2 ? 240 * 257 : 0;
    assert_int_equal(vn_thumbnail(out, &image, NULL), VERNIS_OK);
    for (size_t i = 0; i < BYTES; i++) {
        size_t part = i / 3 % SIDE, from = 3 * part; /* in half pixels */
        size_t lit = (from / 2 % 2) + ((from + 1) / 2 % 2) + ((from + 2) / 2 % 2);
        assert_int_equal(out[i], 80 * lit);
    }
    vn_image_free(&image);
    /* What cannot be seen is white; a pixel that is half seen is halfway there. */
    image = image_of(1, 2, 3, true, 8);
    memcpy(image.pixels, (const uint8_t[]){9, 99, 199, 0, 0, 0, 0, 51}, 8);
    assert_int_equal(vn_thumbnail(out, &image, NULL), VERNIS_OK);
    for (size_t i = 0; i < BYTES; i++)
        assert_int_equal(out[i], i < BYTES / 2 ? 255 : 204);
    VnError err = {0};
    vn_mem_limit(vn_mem_used() + 1);
    assert_int_equal(vn_thumbnail(out, &image, &err), VERNIS_E_MEMORY);
    vn_mem_limit(0);
    vn_image_free(&image);
    assert_int_equal(vn_mem_used(), 0);
}

/* The fingerprint's orientations and the thumbnail's are the same ones. */
static void test_orientations(void **state) {
    (void)state;
    VnImage image = image_of(64, 64, 3, false, 8);
    uint8_t upright[BYTES], turned[BYTES], *pixels = image.pixels;
    for (size_t y = 0; y < 64; y++)
        for (size_t x = 0; x < 64; x++)
            for (size_t c = 0; c < 3; c++)
                pixels[3 * (64 * y + x) + c] = (uint8_t)vn_rng_u64(3, 64 * (y / 8) + x / 8, c);
    VnPdq known, found;
    assert_int_equal(vn_thumbnail(upright, &image, NULL), VERNIS_OK);
    assert_int_equal(vn_pdq(&known, &image, NULL), VERNIS_OK);
    static const unsigned exif[] = {1, 2, 3, 4, 5, 6, 7, 8};
    for (size_t i = 0; i < 8; i++) {
        VnImage copy;
        int agreeing = -1, nearest = 0, least = 256;
        assert_int_equal(vn_image_copy(&copy, &image, NULL), VERNIS_OK);
        assert_int_equal(vn_image_orient(&copy, exif[i], NULL), VERNIS_OK);
        assert_int_equal(vn_thumbnail(turned, &copy, NULL), VERNIS_OK);
        assert_int_equal(vn_pdq(&found, &copy, NULL), VERNIS_OK);
        vn_image_free(&copy);
        for (unsigned v = 0; v < VN_PDQ_VARIANTS; v++) {
            int distance = vn_pdq_distance(known.hash[0], found.hash[v], 256);
            if (distance < least) {
                least = distance;
                nearest = (int)v;
            }
            if (vn_thumbnail_agrees(upright, turned, v, 0)) {
                assert_int_equal(agreeing, -1);
                agreeing = (int)v;
            }
        }
        assert_int_equal(agreeing, nearest);
    }
    vn_image_free(&image);
}

static void test_limits(void **state) {
    (void)state;
    uint8_t known[BYTES], found[BYTES];
    for (size_t i = 0; i < BYTES; i++)
        known[i] = (uint8_t)(50 + vn_rng_u64(4, i, 0) % 150);
    for (int apart = 40; apart <= 41; apart++) { /* in one place */
        memcpy(found, known, BYTES);
        found[1000] = (uint8_t)(found[1000] + apart);
        assert_int_equal(vn_thumbnail_agrees(known, found, 0, 36), apart == 40);
    }
    for (size_t i = 0; i < BYTES; i++)
        found[i] = (uint8_t)(known[i] * 4 / 5 + 10); /* paler */
    assert_true(vn_thumbnail_agrees(known, found, 0, 36));
    /* Faint: one grain in a thousand of other noise is passed over, another noise is not. */
    for (size_t i = 0; i < BYTES; i++) {
        known[i] = (uint8_t)(200 + vn_rng_u64(5, i, 0) % 8);
        found[i] = (uint8_t)(i % 1000 ? known[i] : 203);
    }
    assert_true(vn_thumbnail_agrees(known, found, 0, 36));
    for (size_t i = 0; i < BYTES; i++)
        found[i] = (uint8_t)(200 + vn_rng_u64(6, i, 0) % 8);
    assert_false(vn_thumbnail_agrees(known, found, 0, 36));
    /* With a fifth as much of another noise the correlation is 0.98, with a tenth 0.995, with a twentieth 0.9988. */
    static const int parts[] = {5, 5, 10, 10, 20, 20}, bits[] = {26, 27, 26, 27, 36, 37};
    static const bool agrees[] = {true, false, true, false, true, false};
    for (size_t k = 0; k < 6; k++) {
        for (size_t i = 0; i < BYTES; i++) {
            int own = (int)(vn_rng_u64(5, i, 0) % 160), other = (int)(vn_rng_u64(6, i, 0) % 160);
            known[i] = (uint8_t)own;
            found[i] = (uint8_t)(own + other / parts[k]);
        }
        assert_int_equal(vn_thumbnail_agrees(known, found, 0, bits[k]), agrees[k]);
    }
    memset(known, 0, BYTES);
    memset(found, 40, BYTES);
    assert_true(vn_thumbnail_agrees(known, found, 0, 36));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_means),
        cmocka_unit_test(test_orientations),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
