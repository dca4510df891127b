/* SPDX-License-Identifier: Apache-2.0 */
/* The colour limits against CIELAB written out in double precision, without the program's linear approximation. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "protect/chroma.h"

enum { W = 96, H = 64, N = W * H };

static VnPool *pool;
static float rgb[3 * N], d[3 * N];

static double response(double t) { return t > 216. / 24389 ? cbrt(t) : (24389. / 27 * t + 16) / 116; }

/* CIE 15 from sRGB of IEC 61966-2-1, white D65 */
static void lab(const double v[3], double out[3]) {
    double l[3], f[3];
    static const double m[3][3] = {
        {0.4124564, 0.3575761, 0.1804375}, {0.2126729, 0.7151522, 0.0721750}, {0.0193339, 0.1191920, 0.9503041}};
    for (int c = 0; c < 3; c++)
        l[c] = v[c] <= 0.04045 ? v[c] / 12.92 : pow((v[c] + 0.055) / 1.055, 2.4);
    for (int k = 0; k < 3; k++)
        f[k] = response((m[k][0] * l[0] + m[k][1] * l[1] + m[k][2] * l[2]) / (m[k][0] + m[k][1] + m[k][2]));
    out[0] = 116 * f[1] - 16;
    out[1] = 500 * (f[0] - f[1]);
    out[2] = 200 * (f[1] - f[2]);
}

/* The change of L*, and of a* and b* together, of pixel i by `times` d. */
static double difference(size_t i, double times, double *light) {
    double clean[3], moved[3], a[3], b[3];
    for (size_t c = 0; c < 3; c++) {
        clean[c] = (double)rgb[c * N + i];
        moved[c] = clean[c] + times * (double)d[c * N + i];
    }
    lab(clean, a);
    lab(moved, b);
    if (light)
        *light = (b[0] - a[0]) / times;
    return hypot(b[1] - a[1], b[2] - a[2]) / times;
}

static VnChroma open_scene(VnScene *scene, bool grey) {
    static const VnChromaLimit limits[VN_CHROMA_LIMITS] = {{1.5, 2}, {6, 0.5}};
    VnChroma chroma = {0};
    *scene = (VnScene){.work_w = W, .work_h = H, .platform_w = W, .platform_h = H, .work_rgb = rgb, .grey = grey};
    assert_int_equal(vn_chroma_open(&chroma, scene, limits, pool, NULL), VERNIS_OK);
    return chroma;
}

/* What a budget allows one sample alone is worth at most that much colour; budgets far below it stay what they were. */
static void a_budget_is_worth_a_colour_difference(void **state) {
    (void)state;
    VnScene scene;
    for (size_t i = 0; i < 3 * N; i++)
        rgb[i] = 0.02f + 0.96f * vn_rng_unit(1, 0, i);
    static float budget[3 * N];
    memset(d, 0, sizeof d);
    for (size_t i = 0; i < 3 * N; i++)
        budget[i] = i % 5 ? 1e6f : 1e-5f;
    VnChroma chroma = open_scene(&scene, false);
    vn_chroma_narrow(&chroma, budget, 2.5);
    for (size_t i = 0; i < 3 * N; i++) {
        d[i] = budget[i];
        double worth = difference(i % N, 1e-3, NULL);
        if (i % 5)
            assert_true(fabs(worth / 2.5 - 1) < 0.02);
        else
            assert_true(fabsf(budget[i] / 1e-5f - 1) < 0.01f);
        d[i] = 0;
    }
    vn_chroma_close(&chroma);
    budget[0] = 1e6f;
    chroma = open_scene(&scene, true);
    vn_chroma_narrow(&chroma, budget, 2.5);
    assert_true(budget[0] == 1e6f);
    vn_chroma_close(&chroma);
}

static void fill(float blue_even, float blue_odd, size_t wide) {
    for (size_t i = 0; i < 3 * N; i++)
        d[i] = i / N < 2 ? 0 : (i % N % W / wide + i % N / W / wide) % 2 ? blue_odd : blue_even;
}

/* Over a flat dark brown, a blue cast shrinks to the narrower limit without a change of lightness; patches that the wider blur
 * passes little of shrink to the other at most; what is as fine as single pixels stays, and so does what is within the limits. */
static void casts_are_taken_out_and_grain_is_not(void **state) {
    (void)state;
    VnScene scene;
    static const float brown[3] = {0.24f, 0.14f, 0.10f};
    for (size_t i = 0; i < 3 * N; i++)
        rgb[i] = brown[i / N];
    fill(5e-2f, 5e-2f, 1);
    size_t centre = (size_t)H / 2 * W + W / 2;
    VnChroma chroma = open_scene(&scene, false);
    double light_before, light, before = difference(centre, 1e-2, &light_before);
    assert_true(before > 6);
    vn_chroma_limit(&chroma, d, 2.1 * before);
    assert_true(d[N + centre] == 0 && d[2 * N + centre] == 5e-2f);
    vn_chroma_limit(&chroma, d, 2);
    double after = difference(centre, 1e-2, &light);
    assert_true(fabs(after / 1 - 1) < 0.02);
    assert_true(fabs(light - light_before) < 0.02);
    fill(-5e-2f, 5e-2f, 8);
    size_t patch = (H / 2 + 4) * W + W / 2 + 4;
    vn_chroma_limit(&chroma, d, 1);
    after = difference(patch, 1e-2, NULL);
    assert_true(after > 1.5 && after < 2.6);
    fill(-5e-2f, 5e-2f, 1);
    float grain = d[2 * N + centre];
    vn_chroma_limit(&chroma, d, 2);
    assert_true(d[2 * N + centre] == grain);
    vn_chroma_close(&chroma);
    for (size_t i = 0; i < 3 * N; i++)
        d[i] = 0.3f;
    chroma = open_scene(&scene, true);
    vn_chroma_limit(&chroma, d, 2);
    assert_true(d[0] == 0.3f);
    vn_chroma_close(&chroma);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_budget_is_worth_a_colour_difference),
        cmocka_unit_test(casts_are_taken_out_and_grain_is_not),
    };
    if (vn_pool_open(&pool, 2, NULL) != VERNIS_OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    vn_pool_close(&pool);
    return failed;
}
