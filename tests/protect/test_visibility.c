/* SPDX-License-Identifier: Apache-2.0 */
/* The perceptual model against butteraugli's own figures, its gradient by finite differences, and what the budget
 * promises. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/rng.h"
#include "image/format.h"
#include "kern/kern.h"
#include "protect/protect.h"
#include "protect/vis_metric.h"
#include "protect/visibility.h"

#include "visibility_goldens.h"

static const double CARE = 1; /* as at standard */
static VnPool *pool;

static VnImage load(unsigned pair, const char *part) {
    char path[512];
    VnBytes bytes = {0};
    VnImage image = {0};
    VnBag bag = {0};
    snprintf(path, sizeof path, "%s/pair%u-%s.png", VN_TEST_DATA, pair, part);
    assert_int_equal(vn_file_read(&bytes, path, 1 << 20, NULL), VERNIS_OK);
    assert_int_equal(vn_decode(&image, &bag, bytes.data, bytes.size, NULL, NULL), VERNIS_OK);
    vn_bag_free(&bag);
    vn_bytes_free(&bytes);
    return image;
}

enum { LINE_ART = 1 };

static void butteraugli_figures(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof visibility_goldens / sizeof *visibility_goldens; i++) {
        VnImage clean = load(i, "clean"), changed = load(i, "changed");
        double figure = 0;
        assert_int_equal(vn_visibility(&figure, &clean, &changed, pool, NULL), VERNIS_OK);
        /* of fine noise between black lines on white the model makes too much: it errs on the side of the eye */
        double ratio = figure / visibility_goldens[i], most = i == LINE_ART ? 1.75 : 1.2;
        if (ratio < 0.8 || ratio > most)
            fail_msg("pair %u: %.3f, butteraugli says %.3f", i, figure, visibility_goldens[i]);
        assert_int_equal(vn_visibility(&figure, &clean, &clean, pool, NULL), VERNIS_OK);
        assert_true(figure == 0);
        vn_image_free(&clean), vn_image_free(&changed);
    }
}

/* The map at the picture's own size, pooled, is the figure; a change in one corner is seen there. */
static void map_is_what_the_figure_pools(void **state) {
    (void)state;
    enum { W = 500, H = 260 };
    static float map[W * H], coarse[50 * 26], budget[50 * 26];
    VnImage clean = {0}, changed = {0};
    assert_int_equal(vn_image_create(&clean, W, H, 3, false, 8, NULL, NULL), VERNIS_OK);
    for (size_t i = 0; i < clean.stride * H; i++) /* grain in the right half */
        ((uint8_t *)clean.pixels)[i] = (uint8_t)(128 + (i / 3 % W >= W / 2 ? vn_rng_u64(1, 1, i) % 64 : 0));
    assert_int_equal(vn_image_copy(&changed, &clean, NULL), VERNIS_OK);
    for (uint32_t y = 200; y < 230; y++)
        memset((uint8_t *)changed.pixels + y * changed.stride + 3 * 60, 140, 90);
    assert_int_equal(vn_visibility_map(&clean, &changed, W, H, map, pool, NULL), VERNIS_OK);
    double sums[3] = {0}, figure;
    size_t most = 0;
    for (size_t i = 0; i < W * H; i++) {
        double d3 = pow(map[i], 3);
        sums[0] += d3, sums[1] += d3 * d3, sums[2] += d3 * d3 * d3 * d3;
        most = map[i] > map[most] ? i : most;
    }
    assert_int_equal(vn_visibility(&figure, &clean, &changed, pool, NULL), VERNIS_OK);
    assert_true(figure > 0.1 && fabs(vn_vis_pooled(sums, W * H) / figure - 1) < 1e-3);
    assert_in_range(most % W, 55, 95);
    assert_in_range(most / W, 195, 235);
    assert_int_equal(vn_visibility_map(&clean, &changed, 50, 26, coarse, pool, NULL), VERNIS_OK);
    assert_true(coarse[21 * 50 + 7] == map[215 * W + 75]);
    assert_int_equal(vn_budget_map(&clean, CARE, 50, 26, budget, pool, NULL), VERNIS_OK);
    assert_true(budget[13 * 50 + 40] > 1.5f * budget[13 * 50 + 10] && budget[13 * 50 + 10] > 0);
    vn_image_free(&clean), vn_image_free(&changed);
}

/* A picture of many tiles, twice the same half: the figure is that of one half but for what lies along the seam; and so it is
 * where the other half is transparent and does not change. */
static void halves_are_worth_the_whole(void **state) {
    (void)state;
    double figure[3];
    for (unsigned k = 0; k < 3; k++) {
        uint32_t w = k ? 560 : 280, h = 250, samples = k == 2 ? 4 : 3;
        VnImage clean = {0}, changed = {0};
        assert_int_equal(vn_image_create(&clean, w, h, 3, k == 2, 8, NULL, NULL), VERNIS_OK);
        assert_int_equal(vn_image_create(&changed, w, h, 3, k == 2, 8, NULL, NULL), VERNIS_OK);
        for (size_t i = 0; i < (size_t)w * h * samples; i++) {
            size_t c = i % samples, x = i / samples % w, y = i / samples / w, mirrored = x < 280 ? x : 559 - x;
            uint64_t r = vn_rng_u64(2, 0, (y * 280 + mirrored) * 3 + c);
            uint64_t value = c == 3 ? 255 * (x < 280) : 100 + mirrored / 4 + r % 20, more = c == 3 ? 0 : (r >> 32) % 9;
            ((uint8_t *)clean.pixels)[i] = (uint8_t)value;
            ((uint8_t *)changed.pixels)[i] = (uint8_t)(value + more);
        }
        assert_int_equal(vn_visibility(&figure[k], &clean, &changed, k ? pool : NULL, NULL), VERNIS_OK);
        vn_image_free(&clean), vn_image_free(&changed);
    }
    assert_true(figure[0] > 0.3);
    assert_true(fabs(figure[1] / figure[0] - 1) < 0.02);
    assert_true(fabs(figure[2] / figure[0] - 1) < 0.05);
}

/* All of a small picture; of a larger one a part that stands for it. */
static void sample_stands_for_the_whole(void **state) {
    (void)state;
    const uint32_t sizes[2][2] = {{300, 250}, {1700, 1400}};
    for (unsigned k = 0; k < 2; k++) {
        VnImage clean = {0}, changed = {0};
        double sample, whole, again;
        assert_int_equal(vn_image_create(&clean, sizes[k][0], sizes[k][1], 3, false, 8, NULL, NULL), VERNIS_OK);
        for (size_t i = 0; i < clean.stride * clean.height; i++)
            ((uint8_t *)clean.pixels)[i] = (uint8_t)(100 + i % clean.stride / 64);
        assert_int_equal(vn_image_copy(&changed, &clean, NULL), VERNIS_OK);
        for (size_t i = 0; i < clean.stride * clean.height; i++)
            ((uint8_t *)changed.pixels)[i] += (uint8_t)(vn_rng_u64(3, 0, i) % 8);
        assert_int_equal(vn_visibility_guarded(&sample, &whole, CARE, &clean, &changed, pool, NULL), VERNIS_OK);
        assert_int_equal(vn_visibility_guarded(&again, NULL, CARE, &clean, &changed, pool, NULL), VERNIS_OK);
        assert_true(whole > 0.5 && again == sample);
        assert_int_equal(vn_visibility_sample(&again, &clean, &changed, pool, NULL), VERNIS_OK);
        assert_int_equal(vn_visibility(&whole, &clean, &changed, pool, NULL), VERNIS_OK);
        assert_true(again < 0.9 * sample && (k ? fabs(again / whole - 1) < 0.03 : again == whole));
        assert_int_equal(vn_visibility_guarded(&sample, &whole, CARE, &clean, &changed, pool, NULL), VERNIS_OK);
        assert_true(k ? sample != whole && fabs(sample / whole - 1) < 0.03 : sample == whole);
        vn_image_free(&clean), vn_image_free(&changed);
    }
}

enum { W = 72, H = 60 };

/* Left half flat, right half grain. */
static void metric_of_halves(VnVisMetric *metric, VnImage *image) {
    static float rgb[3 * W * H];
    assert_int_equal(vn_image_create(image, W, H, 3, false, 8, NULL, NULL), VERNIS_OK);
    for (size_t i = 0; i < 3u * W * H; i++)
        ((uint8_t *)image->pixels)[i] = (uint8_t)(120 + (i / 3 % W < W / 2 ? 0 : vn_rng_u64(1, 1, i / 3) % 90));
    vn_image_rows_to_planes(image, 0, H, rgb);
    assert_int_equal(vn_vis_metric_open(metric, W, H, rgb, 1, 1, pool, NULL), VERNIS_OK);
    assert_int_equal(vn_visibility_sensitivity(image, CARE, W, H, metric->sensitivity, pool, NULL), VERNIS_OK);
}

static double norm3(VnVisMetric *metric, const float *d) {
    double sum = 0;
    vn_vis_metric_value(metric, d, NULL);
    for (size_t i = 0; i < W * H; i++)
        sum += pow(metric->pooled[i], 1.5);
    return cbrt(sum / (W * H));
}

static void gradient_by_differences(void **state) {
    (void)state;
    static float d[3 * W * H], g[3 * W * H], moved[3 * W * H];
    VnVisMetric metric;
    VnImage image;
    metric_of_halves(&metric, &image);
    for (size_t i = 0; i < 3 * W * H; i++)
        d[i] = 0.04f * (vn_rng_unit(3, 3, i) - 0.5f);
    double figure = vn_vis_metric_value(&metric, d, g), value = norm3(&metric, d), along = 0;
    for (size_t i = 0; i < 3 * W * H; i++)
        along += (double)g[i] * d[i];
    assert_true(value <= figure);
    assert_true(fabs(along / value - 1) < 1e-4); /* Euler: a norm's gradient at d, times d, is the norm */
    for (uint64_t direction = 0; direction < 3; direction++) {
        double linear = 0, side[2];
        for (int s = 0; s < 2; s++) {
            for (size_t i = 0; i < 3 * W * H; i++) {
                float t = direction ? 5e-4f * (vn_rng_unit(9, direction, i / 5) - 0.5f) : 1e-2f * d[i] + g[i] * 1e-4f;
                moved[i] = d[i] + (s ? t : -t);
                linear += s ? (double)g[i] * t : 0;
            }
            side[s] = norm3(&metric, moved);
        }
        assert_true(fabs((side[1] - side[0]) / 2 - linear) < 0.02 * fabs(linear) + 1e-5 * value);
    }
    vn_vis_metric_close(&metric);
    vn_image_free(&image);
}

/* For a small change the linear model on the grid says what the full one says of the two pictures. */
static void metric_is_the_model(void **state) {
    (void)state;
    static float d[3 * W * H];
    VnVisMetric metric;
    VnImage image, changed = {0};
    metric_of_halves(&metric, &image);
    assert_int_equal(vn_image_copy(&changed, &image, NULL), VERNIS_OK);
    for (size_t i = 0; i < (size_t)W * H; i++)
        for (size_t c = 0; c < 3; c++) {
            int step = (int)(vn_rng_u64(4, c, i) % 5) - 2;
            d[c * W * H + i] = (float)step / 255;
            ((uint8_t *)changed.pixels)[i * 3 + c] = (uint8_t)(((uint8_t *)image.pixels)[i * 3 + c] + step);
        }
    double sample, full = 0, linear = vn_vis_metric_value(&metric, d, NULL);
    assert_int_equal(vn_visibility_guarded(&sample, &full, CARE, &image, &changed, pool, NULL), VERNIS_OK);
    assert_true(fabs(linear / full - 1) < 0.1);
    vn_vis_metric_close(&metric);
    vn_image_free(&image), vn_image_free(&changed);
}

/* The same change, on the flat half or the grain: what a protection is driven to counts the first for more. */
static void flat_ground_is_guarded(void **state) {
    (void)state;
    double guard[2];
    for (size_t right = 0; right < 2; right++) {
        VnVisMetric metric;
        VnImage image, changed = {0};
        double sample, guarded, plain;
        metric_of_halves(&metric, &image);
        assert_int_equal(vn_image_copy(&changed, &image, NULL), VERNIS_OK);
        for (size_t i = 0; i < 3u * W * H; i++)
            if (right ? i / 3 % W > W / 2 + 12 : i / 3 % W < W / 2)
                ((uint8_t *)changed.pixels)[i] += (uint8_t)(vn_rng_u64(5, 5, i) % 6);
        assert_int_equal(vn_visibility_guarded(&sample, &guarded, CARE, &image, &changed, pool, NULL), VERNIS_OK);
        assert_int_equal(vn_visibility(&plain, &image, &changed, pool, NULL), VERNIS_OK);
        assert_true(plain > 0.2);
        guard[right] = guarded / plain;
        vn_vis_metric_close(&metric);
        vn_image_free(&image), vn_image_free(&changed);
    }
    assert_true(guard[0] > 1.3 * guard[1]);
}

/* Between hard edges twelve pixels apart, as on a ribbon or in pixel art, ground is smooth, up to the edges; on grain it is
 * not. */
static void bars_are_smooth_inside(void **state) {
    (void)state;
    VnVisMetric metric;
    VnImage image;
    double inside = 1, grain = 0;
    metric_of_halves(&metric, &image);
    for (size_t i = 0; i < 3u * W * H; i++)
        if (i / 3 % W < W / 2)
            ((uint8_t *)image.pixels)[i] = i / 3 % W / 12 % 2 ? 40 : 200;
    assert_int_equal(vn_visibility_sensitivity(&image, CARE, W, H, metric.sensitivity, pool, NULL), VERNIS_OK);
    for (size_t i = 0; i < (size_t)W * H; i++) {
        if (i % W < W / 2 - 12)
            inside = fmin(inside, (double)metric.ground[i]);
        else if (i % W > W / 2 + 12)
            grain += (double)metric.ground[i] / (W / 2 - 13) / H;
    }
    assert_true(inside > 0.8 && grain < 0.1);
    vn_vis_metric_close(&metric);
    vn_image_free(&image);
}

/* With all care white paper and faint texture are ground to even out, too; with none they are not. */
static void care_takes_more_for_ground(void **state) {
    (void)state;
    VnVisMetric metric;
    VnImage image;
    metric_of_halves(&metric, &image);
    for (size_t i = 0; i < 3u * W * H; i++)
        ((uint8_t *)image.pixels)[i] = (uint8_t)(i / 3 % W < W / 2 ? 255 : 190 + vn_rng_u64(2, 2, i / 3) % 25);
    for (int care = 0; care < 2; care++) {
        double paper = 0, faint = 0, count = (W / 2 - 24) * H;
        assert_int_equal(vn_visibility_sensitivity(&image, care, W, H, metric.sensitivity, pool, NULL), VERNIS_OK);
        for (size_t y = 0; y < H; y++)
            for (size_t x = 0; x < W / 2 - 24; x++) {
                paper += (double)metric.ground[y * W + x] / count;
                faint += (double)metric.ground[y * W + W - 1 - x] / count;
            }
        assert_true(care ? paper > 0.95 && faint > 0.5 : paper < 0.2 && faint < 0.3);
    }
    vn_vis_metric_close(&metric);
    vn_image_free(&image);
}

/* What does not show is no ground to be evened with the rest. */
static void hidden_is_no_ground(void **state) {
    (void)state;
    VnVisMetric metric;
    VnImage image, clear = {0};
    metric_of_halves(&metric, &image);
    assert_int_equal(vn_image_create(&clear, W, H, 3, true, 8, NULL, NULL), VERNIS_OK);
    for (size_t i = 0; i < 4u * W * H; i++)
        ((uint8_t *)clear.pixels)[i] = i % 4 < 3 ? 120 : i / 4 % W < W / 2 ? 0 : 255;
    assert_int_equal(vn_visibility_sensitivity(&clear, CARE, W, H, metric.sensitivity, pool, NULL), VERNIS_OK);
    for (size_t i = 0; i < (size_t)W * H; i++)
        assert_true(i % W < W / 2 ? metric.ground[i] == 0 : i % W < W - 8 || metric.ground[i] > 0.9f);
    vn_vis_metric_close(&metric);
    vn_image_free(&image), vn_image_free(&clear);
}

/* On an outline and on the strip beside it at most twice as much change is let be as on open flat ground. */
static void outlines_do_not_mask(void **state) {
    (void)state;
    VnVisMetric metric;
    VnImage image;
    metric_of_halves(&metric, &image);
    for (size_t i = 0; i < 3u * W * H; i++)
        ((uint8_t *)image.pixels)[i] = i / 3 % W / 4 == W / 8 ? 60 : 160;
    assert_int_equal(vn_visibility_sensitivity(&image, CARE, W, H, metric.sensitivity, pool, NULL), VERNIS_OK);
    for (size_t map = 0; map < VN_VIS_MAPS; map++) {
        const float *s = metric.sensitivity + map * W * H + H / 2 * W;
        for (size_t x = W / 2 - 20; x < W / 2 + 20; x++)
            assert_true(s[x] > 0.25f * s[8]);
    }
    vn_vis_metric_close(&metric);
    vn_image_free(&image);
}

static void flat_places_get_less(void **state) {
    (void)state;
    static float budget[3 * W * H], d[3 * W * H];
    VnVisMetric metric;
    VnImage image;
    metric_of_halves(&metric, &image);
    vn_budget_from_metric(&metric, budget);
    double flat = 0, grain = 0;
    for (size_t i = 0; i < 3u * W * H; i++) {
        assert_true(budget[i] > 0);
        *(i % W < W / 2 - 8 ? &flat : &grain) += i % W >= W / 2 - 8 && i % W < W / 2 + 8 ? 0 : budget[i];
        d[i] = vn_rng_u64(8, 8, i) & 1 ? budget[i] : -budget[i];
    }
    assert_true(flat * 1.5 < grain);
    assert_true(fabs(vn_vis_metric_value(&metric, d, NULL) - 1) < 0.15);
    vn_vis_metric_close(&metric);
    vn_image_free(&image);
}

int main(void) {
    vn_kern_init(VN_CPU_AMX);
    if (vn_pool_open(&pool, 2, NULL) != VERNIS_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(butteraugli_figures),        cmocka_unit_test(sample_stands_for_the_whole),
        cmocka_unit_test(halves_are_worth_the_whole), cmocka_unit_test(map_is_what_the_figure_pools),
        cmocka_unit_test(gradient_by_differences),    cmocka_unit_test(metric_is_the_model),
        cmocka_unit_test(flat_places_get_less),       cmocka_unit_test(flat_ground_is_guarded),
        cmocka_unit_test(care_takes_more_for_ground), cmocka_unit_test(hidden_is_no_ground),
        cmocka_unit_test(bars_are_smooth_inside),     cmocka_unit_test(outlines_do_not_mask)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    vn_pool_close(&pool);
    return failed;
}
