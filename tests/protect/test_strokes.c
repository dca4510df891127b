/* SPDX-License-Identifier: Apache-2.0 */
/* Strokes of known directions, and what is left of waves that run along and across them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "protect/strokes.h"

enum { W = 90, H = 70, N = W * H };

static float rgb[3 * N], strokes[2 * N], d[3 * N], smooth[3 * N];
static VnPool *pool;

/* Stripes that stand at an angle, 6 pixels from one to the next. */
static void stripes(double degrees, float contrast) {
    double angle = degrees * acos(-1) / 180;
    for (size_t i = 0; i < 3 * N; i++) {
        double x = (double)(i % W), y = (double)(i / W % H);
        rgb[i] = 0.5f + contrast * (float)sin(2 * acos(-1) / 6 * (x * sin(angle) - y * cos(angle)));
    }
    assert_int_equal(vn_strokes_find(W, H, rgb, strokes, pool, NULL), VERNIS_OK);
}

/* A wave of d that varies in a direction, of 5 pixels. */
static void wave(double degrees) {
    double angle = degrees * acos(-1) / 180;
    for (size_t i = 0; i < 3 * N; i++)
        d[i] = (float)cos(2 * acos(-1) / 5 * ((double)(i % W) * cos(angle) + (double)(i / W % H) * sin(angle)));
}

static double energy(const float *v) {
    double sum = 0;
    for (size_t i = 0; i < 3 * N; i++)
        if (i % W >= 8 && i % W < W - 8 && i / W % H >= 8 && i / W % H < H - 8)
            sum += (double)v[i] * (double)v[i];
    return sum;
}

static void a_stroke_has_its_direction(void **state) {
    (void)state;
    for (int degrees = 0; degrees < 180; degrees += 15) {
        stripes(degrees, 0.2f);
        double right = cos(degrees * acos(-1) / 180), down = sin(degrees * acos(-1) / 180);
        for (size_t y = 8; y < H - 8; y++)
            for (size_t x = 8; x < W - 8; x++) {
                double along = right * (double)strokes[y * W + x] + down * (double)strokes[N + y * W + x];
                assert_true(fabs(along) > 0.9 && fabs(along) < 1.0001);
            }
    }
    stripes(30, 0); /* none */
    for (size_t i = 0; i < 2 * N; i++)
        assert_true(strokes[i] == 0);
    for (size_t i = 0; i < 3 * N; i++) /* none that is sure */
        rgb[i] = vn_rng_unit(1, 1, i % N);
    assert_int_equal(vn_strokes_find(W, H, rgb, strokes, pool, NULL), VERNIS_OK);
    double mean = 0;
    for (size_t i = 0; i < N; i++)
        mean += hypot((double)strokes[i], (double)strokes[N + i]) / N;
    assert_true(mean < 0.35);
}

static void what_lies_across_goes(void **state) {
    (void)state;
    for (int degrees = 0; degrees < 180; degrees += 30) {
        stripes(degrees, 0.2f);
        wave(degrees); /* it varies along the stripes: bars across them */
        double all = energy(d);
        vn_strokes_follow(W, H, strokes, 1, d, smooth, pool);
        assert_true(energy(smooth) < 0.1 * all);
        vn_strokes_follow(W, H, strokes, 0.25f, d, smooth, pool);
        assert_true(energy(smooth) > 0.4 * all && energy(smooth) < 0.8 * all);
        wave(degrees + 90);
        vn_strokes_follow(W, H, strokes, 1, d, smooth, pool);
        assert_true(energy(smooth) > 0.6 * all);
        static float again[3 * N];
        vn_strokes_follow(W, H, strokes, 1, d, again, NULL);
        assert_memory_equal(again, smooth, sizeof again);
    }
}

static void without_strokes_nothing_moves(void **state) {
    (void)state;
    stripes(0, 0);
    wave(20);
    vn_strokes_follow(W, H, strokes, 1, d, smooth, pool);
    assert_memory_equal(d, smooth, sizeof d);
    static const uint32_t sizes[][2] = {{1, 1}, {2, 1}, {1, 9}, {37, 1}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        assert_int_equal(vn_strokes_find(sizes[s][0], sizes[s][1], rgb, strokes, pool, NULL), VERNIS_OK);
        vn_strokes_follow(sizes[s][0], sizes[s][1], strokes, 1, d, smooth, pool);
        size_t n = (size_t)sizes[s][0] * sizes[s][1];
        for (size_t i = 0; i < n; i++)
            assert_true(hypotf(strokes[i], strokes[n + i]) < 1.0001f && isfinite(smooth[i]));
    }
    vn_mem_limit(vn_mem_used() + 10000);
    assert_int_equal(vn_strokes_find(W, H, rgb, strokes, pool, NULL), VERNIS_E_MEMORY);
    vn_mem_limit(0);
}

static int open_pool(void **state) {
    (void)state;
    return vn_pool_open(&pool, 2, NULL);
}

static int close_pool(void **state) {
    (void)state;
    vn_pool_close(&pool);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_stroke_has_its_direction),
                                       cmocka_unit_test(what_lies_across_goes),
                                       cmocka_unit_test(without_strokes_nothing_moves)};
    return cmocka_run_group_tests(tests, open_pool, close_pool);
}
