/* SPDX-License-Identifier: Apache-2.0 */
/* The grain's directions, measured by plain sums of products with waves: none of the library's transforms has a part in it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "protect/grain.h"

enum { MOST = 200 * 200 };

static float d[3 * MOST], was[3 * MOST], ground[MOST], room[MOST];
static VnPool *pool;

/* Mean power over the three colours at a frequency in cycles a pixel, over the pixels x0 <= x < x1. */
static double power(size_t w, size_t h, size_t x0, size_t x1, double right, double down) {
    double sum = 0;
    for (size_t c = 0; c < 3; c++) {
        double re = 0, im = 0;
        for (size_t y = 0; y < h; y++)
            for (size_t x = x0; x < x1; x++) {
                double turn = 2 * acos(-1) * (right * (double)x + down * (double)y);
                re += (double)d[(c * h + y) * w + x] * cos(turn);
                im += (double)d[(c * h + y) * w + x] * sin(turn);
            }
        sum += re * re + im * im;
    }
    return sum / (3 * (double)(x1 - x0) * (double)h);
}

/* The mean power around a frequency: noise has a power of its own at each. */
static double density(size_t w, size_t h, double frequency, double degrees) {
    double sum = 0, angle = degrees * acos(-1) / 180;
    for (int i = -2; i <= 2; i++)
        for (int j = -2; j <= 2; j++) {
            double turned = angle + 0.06 * j, f = frequency + 0.008 * i;
            sum += power(w, h, 0, w, f * cos(turned), f * sin(turned)) / 25;
        }
    return sum;
}

static VernisStatus even(uint32_t w, uint32_t h, double scale, VnPool *threads) {
    VnGrainBed bed = {.w = w, .h = h, .ground = ground, .room = room, .scale_x = scale, .scale_y = scale};
    return vn_grain_even(&bed, d, threads, NULL);
}

/* Noise, and over it a weave of one frequency: two waves at right angles that hold `share` times its energy. */
static void fill(size_t w, size_t h, double frequency, double degrees, double share) {
    double angle = degrees * acos(-1) / 180, right = frequency * cos(angle), down = frequency * sin(angle);
    for (size_t i = 0; i < 3 * w * h; i++) {
        double x = (double)(i % w), y = (double)(i / w % h), t = 2 * acos(-1);
        double wave = cos(t * (right * x + down * y)) + cos(t * (down * x - right * y));
        d[i] = vn_rng_normal(7, 0, i) + (float)(sqrt(share) * wave);
    }
    memcpy(was, d, sizeof d);
}

static double energy(size_t w, size_t h) {
    double sum = 0;
    for (size_t i = 0; i < 3 * w * h; i++)
        sum += (double)d[i] * (double)d[i];
    return sum;
}

/* A weave that stands 100 times above the noise comes down to what the other directions and frequencies of the band have, of any
 * size and with any number of threads. */
static void a_weave_goes(void **state) {
    (void)state;
    static const struct { size_t w, h; } sizes[] = {{128, 128}, {151, 97}, {64, 200}};
    for (size_t i = 0; i < MOST; i++)
        ground[i] = 1;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t w = sizes[s].w, h = sizes[s].h;
        fill(w, h, 0.14, 40, 1);
        double right = 0.14 * cos(40 * acos(-1) / 180), down = 0.14 * sin(40 * acos(-1) / 180);
        double line = power(w, h, 0, w, right, down) / density(w, h, 0.3, 40);
        double aside = density(w, h, 0.14, 85), all = energy(w, h), unit = all / (3 * (double)(w * h));
        assert_true(density(w, h, 0.14, 40) > 50 * aside);
        assert_int_equal(even((uint32_t)w, (uint32_t)h, 1, pool), VERNIS_OK);
        double left = energy(w, h) / (3 * (double)(w * h));
        assert_true(left > 0.3 * unit && left < 1.1 * unit); /* of single lines little is kept */
        double band = density(w, h, 0.3, 40);
        assert_true(density(w, h, 0.14, 40) < 3 * band && density(w, h, 0.14, 130) < 3 * band);
        assert_true(power(w, h, 0, w, right, down) < line / 50 * band);
        static float again[3 * MOST];
        memcpy(again, d, sizeof d);
        memcpy(d, was, sizeof d);
        assert_int_equal(even((uint32_t)w, (uint32_t)h, 1, NULL), VERNIS_OK);
        assert_memory_equal(d, again, 3 * w * h * sizeof *d);
    }
}

/* Noise whose power falls with its frequency gets the same power all over the band, next to nothing of what is
 * coarser or finer, and the band is that of the picture as it is looked at. */
static void the_band_is_even(void **state) {
    (void)state;
    size_t w = 192, h = 160;
    for (size_t i = 0; i < MOST; i++)
        ground[i] = 1;
    for (int scale = 1; scale <= 2; scale++) {
        fill(w, h, 0.14, 40, 0);
        for (size_t c = 0; c < 3; c++)
            for (size_t y = 0; y < h; y++)
                for (size_t x = 1; x < w; x++) /* leaky sums along rows, then columns */
                    d[(c * h + y) * w + x] += 0.5f * d[(c * h + y) * w + x - 1];
        for (size_t c = 0; c < 3; c++)
            for (size_t y = 1; y < h; y++)
                for (size_t x = 0; x < w; x++)
                    d[(c * h + y) * w + x] += 0.5f * d[(c * h + y - 1) * w + x];
        double coarse = density(w, h, 0.13, 45), fine = density(w, h, 0.32, 45), all = energy(w, h);
        assert_true(coarse > 5 * fine);
        assert_int_equal(even((uint32_t)w, (uint32_t)h, scale, pool), VERNIS_OK);
        assert_true(energy(w, h) > 0.7 * all && energy(w, h) < 1.1 * all);
        double band = density(w, h, 0.3, 10);
        if (scale == 1) {
            assert_true(density(w, h, 0.06, 45) < 0.1 * band && density(w, h, 0.44, 45) < 0.1 * band);
            assert_true(density(w, h, 0.14, 45) < 2 * band && density(w, h, 0.14, 45) > 0.5 * band);
        } else {
            assert_true(density(w, h, 0.14, 45) < 0.1 * band && density(w, h, 0.44, 45) > 0.5 * band);
        }
    }
}

/* Where there is twice the room for a change, there is twice the grain. */
static void grain_fits_the_room(void **state) {
    (void)state;
    size_t w = 192, h = 100;
    double half[2] = {0};
    fill(w, h, 0.14, 40, 0);
    for (size_t i = 0; i < w * h; i++) {
        ground[i] = 1;
        room[i] = i % w < w / 2 ? 0.01f : 0.02f;
        for (size_t c = 0; c < 3; c++)
            d[c * w * h + i] *= room[i];
    }
    assert_int_equal(even((uint32_t)w, (uint32_t)h, 1, pool), VERNIS_OK);
    for (size_t i = 0; i < 3 * w * h; i++)
        half[i % w >= w / 2] += (double)d[i] * (double)d[i];
    assert_true(half[1] > 3.5 * half[0] && half[1] < 4.5 * half[0]);
    for (size_t i = 0; i < MOST; i++)
        room[i] = 1;
}

/* Only smooth ground is touched, and only what lies there counts. */
static void texture_is_left_alone(void **state) {
    (void)state;
    size_t w = 160, h = 120;
    for (size_t i = 0; i < w * h; i++)
        ground[i] = i % w < w / 2;
    fill(w, h, 0.14, 40, 1);
    double right = 0.14 * cos(40 * acos(-1) / 180), down = 0.14 * sin(40 * acos(-1) / 180);
    double before = power(w, h, 0, w / 2, right, down);
    assert_int_equal(even((uint32_t)w, (uint32_t)h, 1, pool), VERNIS_OK);
    assert_true(power(w, h, 0, w / 2, right, down) < before / 3);
    for (size_t i = 0; i < 3 * w * h; i++)
        if (i % w >= w / 2)
            assert_true(d[i] == was[i]);
}

/* One pixel, one row, nothing at all, and no memory. */
static void little_and_nothing(void **state) {
    (void)state;
    for (size_t i = 0; i < MOST; i++)
        ground[i] = 1;
    static const uint32_t sizes[][2] = {{1, 1}, {2, 1}, {1, 9}, {37, 1}, {8, 8}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t n = 3 * (size_t)sizes[s][0] * sizes[s][1];
        fill(sizes[s][0], sizes[s][1], 0.14, 40, 1);
        assert_int_equal(even(sizes[s][0], sizes[s][1], 1, pool), VERNIS_OK);
        for (size_t i = 0; i < n; i++)
            assert_true(isfinite(d[i]));
        memset(d, 0, n * sizeof *d);
        assert_int_equal(even(sizes[s][0], sizes[s][1], 1, pool), VERNIS_OK);
        for (size_t i = 0; i < n; i++)
            assert_true(d[i] == 0);
    }
    fill(100, 100, 0.14, 40, 1);
    vn_mem_limit(vn_mem_used() + 100000);
    assert_int_equal(even(100, 100, 1, pool), VERNIS_E_MEMORY);
    vn_mem_limit(0);
    assert_memory_equal(d, was, sizeof d);
}

static int open_pool(void **state) {
    (void)state;
    for (size_t i = 0; i < MOST; i++)
        room[i] = 1;
    return vn_pool_open(&pool, 2, NULL);
}

static int close_pool(void **state) {
    (void)state;
    vn_pool_close(&pool);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_weave_goes), cmocka_unit_test(the_band_is_even),
                                       cmocka_unit_test(grain_fits_the_room), cmocka_unit_test(texture_is_left_alone),
                                       cmocka_unit_test(little_and_nothing)};
    return cmocka_run_group_tests(tests, open_pool, close_pool);
}
