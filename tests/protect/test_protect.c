/* SPDX-License-Identifier: Apache-2.0 */
/* Whole pictures through the loop with a tiny encoder: it climbs, it keeps its promises about pixels, seeds and
 * failures. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "kern/kern.h"
#include "protect/objective.h"
#include "protect/optimise.h"
#include "protect/visibility.h"

static VnPool *pool;
static VnEncoder *encoder;

/* Soft waves and a disc with grain inside: flat and textured places side by side. */
static float paint(uint32_t x, uint32_t y, unsigned c) {
    float v = 0.5f + 0.25f * sinf((float)x * 0.05f + (float)c) * cosf((float)y * 0.04f);
    float dx = (float)x - 60, dy = (float)y - 50;
    if (dx * dx + dy * dy < 1600)
        v += 0.5f * (vn_rng_unit(1, c, (uint64_t)y * 4096 + x) - 0.5f);
    return fminf(fmaxf(v, 0), 1);
}

static VnImage picture(uint32_t w, uint32_t h, unsigned colours, bool alpha, unsigned bits) {
    VnImage image = {0};
    assert_int_equal(vn_image_create(&image, w, h, colours, alpha, bits, NULL, NULL), VERNIS_OK);
    unsigned samples = vn_image_samples(&image);
    for (uint32_t y = 0; y < h; y++)
        for (uint32_t x = 0; x < w; x++)
            for (unsigned c = 0; c < samples; c++) {
                float v = c < colours ? paint(x, y, c) : x < w / 3 ? 0 : x < w / 2 ? 0.5f : 1;
                size_t at = (size_t)x * samples + c;
                uint8_t *row = (uint8_t *)image.pixels + y * image.stride;
                uint16_t wide = (uint16_t)lrintf(v * 65535);
                if (bits == 16)
                    memcpy(row + 2 * at, &wide, 2);
                else
                    row[at] = (uint8_t)lrintf(v * 255);
            }
    return image;
}

static VnProtectParams params(int steps) {
    return (VnProtectParams){
        .visibility = 2, .care = 1, .steps = steps, .seed = 5, .key = 9, .objective = VN_OBJECTIVE_UNTARGETED};
}

static VnProtectStats protect(VnImage *image, const VnProtectParams *p, VnPool *threads) {
    const VnEncoder *list[] = {encoder};
    VnProtectStats stats;
    VnError err = {0};
    if (vn_protect_image(image, list, 1, p, threads, &stats, &err) != VERNIS_OK)
        fail_msg("%s", err.text);
    return stats;
}

static double latent_shift(const VnImage *a, const VnImage *b) {
    const VnEncoderInfo *info = vn_encoder_info(encoder);
    uint32_t w = a->width / 64 * 64, h = a->height / 64 * 64;
    size_t n = 3u * w * h, latent = (size_t)info->latent_channels * (w / info->stride) * (h / info->stride);
    VnPass *pass = NULL;
    assert_int_equal(vn_pass_open(&pass, encoder, w, h, false, NULL, NULL, NULL), VERNIS_OK);
    float *rgb = vn_malloc(n * sizeof *rgb), *z = vn_malloc(2 * latent * sizeof *z);
    const VnImage *both[] = {a, b};
    for (size_t i = 0; i < 2; i++) {
        VnImage view = *both[i];
        view.width = w;
        vn_image_rows_to_planes(&view, 0, h, rgb);
        vn_pass_forward(pass, rgb, z + i * latent);
    }
    double square = 0, clean = 0;
    for (size_t i = 0; i < latent; i++) {
        square += (double)(z[latent + i] - z[i]) * (z[latent + i] - z[i]);
        clean += (double)z[i] * z[i];
    }
    vn_free(rgb), vn_free(z);
    vn_pass_close(&pass);
    return sqrt(square / clean);
}

/* The gradient of the whole chain, without JPEG, against central differences along random directions. */
static void finite_differences(void **state) {
    (void)state;
    enum { W = 56, H = 48, PW = 80, PH = 72 };
    static float work[3 * W * H], platform[3 * PW * PH], alpha[PW * PH], d[3 * W * H], g[3 * W * H], scratch[3 * W * H];
    for (size_t i = 0; i < 3 * W * H; i++)
        work[i] = 0.5f, d[i] = 0.05f * (vn_rng_unit(1, 0, i) - 0.5f);
    for (size_t i = 0; i < 3 * PW * PH; i++)
        platform[i] = 0.3f + 0.4f * vn_rng_unit(1, 1, i / 3);
    for (size_t i = 0; i < PW * PH; i++)
        alpha[i] = i % 7 ? 1 : 0.5f;
    for (int along = 0; along < 2; along++) {
        VnScene scene = {.work_w = W,
                         .work_h = H,
                         .platform_w = PW,
                         .platform_h = PH,
                         .training = {{64, 64}, {128, 64}},
                         .trainings = 2,
                         .work_rgb = work,
                         .platform_rgb = platform,
                         .platform_alpha = alpha};
        VnObjectiveState o;
        const VnEncoder *list[] = {encoder, encoder};
        assert_int_equal(vn_objective_open(&o, &scene, list, 2, 3, 4, along ? 1 : 0.3, false, pool, NULL), VERNIS_OK);
        assert_true(o.draws[0].right + o.draws[0].down == 0);
        o.draws[0].quality = o.draws[2].quality = 0; /* smooth */
        assert_true(o.draws[2].right > 0 && o.draws[2].down > 0);
        for (unsigned draw = 0; draw < 3; draw += 2) { /* of either training size */
            vn_objective_gradient(&o, draw, d, g);
            double product = 0, length = 0;
            for (size_t i = 0; i < 3 * W * H; i++) /* along the gradient itself, where float noise weighs least */
                length += (double)g[i] * g[i];
            double h = 2e-3 / sqrt(length), value[2];
            for (int side = 0; side < 2; side++) {
                float moved[3 * W * H];
                for (size_t i = 0; i < 3 * W * H; i++)
                    moved[i] = d[i] + (float)(side ? h * g[i] : -h * g[i]);
                value[side] = vn_objective_gradient(&o, draw, moved, scratch);
            }
            product = (value[1] - value[0]) / (2 * h);
            assert_true(fabs(product / length - 1) < 0.02);
        }
        vn_objective_close(&o);
    }
}

/* Against noise that is at least as visible, on the encoder's own terms. */
static void shift_beats_noise_at_the_visibility_asked_for(void **state) {
    (void)state;
    VnImage clean = picture(160, 128, 3, false, 8), noise = {0}, made = {0};
    assert_int_equal(vn_image_copy(&noise, &clean, NULL), VERNIS_OK);
    assert_int_equal(vn_image_copy(&made, &clean, NULL), VERNIS_OK);
    VnProtectParams p = params(12);
    VnProtectStats stats = protect(&made, &p, pool);
    assert_int_equal(stats.steps, 12);
    assert_true(stats.target_met && fabs(stats.visibility - 2) < 0.2);
    double sample, figure = 0;
    assert_int_equal(vn_visibility_guarded(&sample, &figure, 1, &clean, &made, pool, NULL), VERNIS_OK);
    assert_float_equal(figure, stats.visibility, 1e-9);
    figure = 0;
    for (int a = 1; figure < 2; a++) {
        for (size_t i = 0; i < clean.stride * clean.height; i++) {
            int v = ((uint8_t *)clean.pixels)[i] + (vn_rng_u64(3, 3, i) & 1 ? a : -a);
            ((uint8_t *)noise.pixels)[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
        }
        assert_int_equal(vn_visibility_guarded(&sample, &figure, 1, &clean, &noise, pool, NULL), VERNIS_OK);
    }
    assert_true(latent_shift(&clean, &made) > 1.5 * latent_shift(&clean, &noise));
    vn_image_free(&clean), vn_image_free(&noise), vn_image_free(&made);
}

/* On the built-in surrogate the start alone moves the latent further than random signs of its size do; it lies elsewhere for
 * another key; a grey picture's is grey. */
static void start_moves_encoders(void **state) {
    (void)state;
    enum { SIDE = 128, N = SIDE * SIDE };
    static float rgb[3 * N], budget[3 * N], d[3 * N], other[3 * N], changed[3 * N], z[3][32 * N / 64];
    VnEncoder *surrogate = NULL;
    VnPass *pass = NULL;
    VnScene scene = {.work_w = SIDE, .work_h = SIDE, .training = {{SIDE, SIDE}}, .trainings = 1};
    double squares = 0, moved[2] = {0};
    for (size_t i = 0; i < 3 * N; i++) {
        rgb[i] = paint(i % SIDE, i / SIDE % SIDE, (unsigned)(i / N));
        budget[i] = 0.02f;
    }
    vn_start(&scene, budget, 1, d);
    vn_start(&scene, budget, 2, other);
    assert_memory_not_equal(d, other, sizeof d);
    for (size_t i = 0; i < 3 * N; i++)
        squares += (double)d[i] * d[i];
    float size = (float)sqrt(squares / (3 * N));
    assert_int_equal(vn_builtin_open(&surrogate, 0, NULL), VERNIS_OK);
    assert_int_equal(vn_pass_open(&pass, surrogate, SIDE, SIDE, false, NULL, pool, NULL), VERNIS_OK);
    vn_pass_forward(pass, rgb, z[0]);
    for (unsigned k = 0; k < 2; k++) {
        for (size_t i = 0; i < 3 * N; i++) {
            float change = k ? vn_rng_u64(4, 0, i) & 1 ? size : -size : d[i];
            changed[i] = fminf(fmaxf(rgb[i] + change * 0.025f / size, 0), 1);
        }
        vn_pass_forward(pass, changed, z[1 + k]);
        for (size_t i = 0; i < sizeof z[0] / sizeof z[0][0]; i++)
            moved[k] += pow((double)z[1 + k][i] - (double)z[0][i], 2);
    }
    if (!(moved[0] > 1.5 * moved[1]))
        fail_msg("start %g, signs %g", moved[0], moved[1]);
    scene.grey = true;
    vn_start(&scene, budget, 1, d);
    assert_memory_equal(d, d + N, N * sizeof *d);
    assert_memory_equal(d, d + 2 * N, N * sizeof *d);
    vn_pass_close(&pass);
    vn_encoder_close(&surrogate);
}

static void seeds_keys_and_threads(void **state) {
    (void)state;
    VnImage images[4];
    VnProtectParams p = params(3);
    p.objective = VN_OBJECTIVE_DIRECTION;
    for (size_t i = 0; i < 4; i++) {
        images[i] = picture(130, 90, 3, false, 8);
        p.seed = i == 2 ? 6 : 5;
        p.key = i == 3 ? 10 : 9;
        protect(&images[i], &p, i == 1 ? NULL : pool);
    }
    size_t size = images[0].stride * images[0].height;
    assert_memory_equal(images[0].pixels, images[1].pixels, size);
    assert_memory_not_equal(images[0].pixels, images[2].pixels, size);
    assert_memory_not_equal(images[0].pixels, images[3].pixels, size);
    for (size_t i = 0; i < 4; i++)
        vn_image_free(&images[i]);
}

static void alpha_and_hidden_pixels(void **state) {
    (void)state;
    for (unsigned bits = 8; bits <= 16; bits += 8) {
        VnImage clean = picture(96, 80, 3, true, bits), made = {0};
        assert_int_equal(vn_image_copy(&made, &clean, NULL), VERNIS_OK);
        VnProtectParams p = params(3);
        protect(&made, &p, pool);
        size_t b = bits / 8, moved = 0;
        for (uint32_t y = 0; y < 80; y++)
            for (uint32_t x = 0; x < 96; x++) {
                const uint8_t *c = (uint8_t *)clean.pixels + y * clean.stride + x * 4 * b;
                const uint8_t *m = (uint8_t *)made.pixels + y * made.stride + x * 4 * b;
                assert_memory_equal(c + 3 * b, m + 3 * b, b);
                if (x < 96 / 3)
                    assert_memory_equal(c, m, 4 * b);
                else
                    moved += memcmp(c, m, 3 * b) != 0;
            }
        assert_true(moved > 80 * 64 / 2);
        vn_image_free(&clean), vn_image_free(&made);
    }
}

static void grey_and_sixteen_bits(void **state) {
    (void)state;
    VnImage clean = picture(100, 70, 1, false, 16), made = {0};
    assert_int_equal(vn_image_copy(&made, &clean, NULL), VERNIS_OK);
    VnProtectParams p = params(3);
    VnProtectStats stats = protect(&made, &p, pool);
    assert_true(stats.target_met);
    size_t fine = 0;
    for (size_t i = 0; i < 7000; i++) {
        uint16_t v;
        memcpy(&v, (uint8_t *)made.pixels + 2 * i, 2);
        fine += v % 257 != 0; /* not merely an 8-bit value spread out */
    }
    assert_true(fine > 6000);
    vn_image_free(&clean), vn_image_free(&made);
}

static void tiny_and_thin(void **state) {
    (void)state;
    static const uint32_t sizes[][2] = {{1, 1}, {7, 7}, {1, 999}, {999, 1}, {65, 3}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        VnImage clean = picture(sizes[i][0], sizes[i][1], 3, false, 8), made = {0};
        assert_int_equal(vn_image_copy(&made, &clean, NULL), VERNIS_OK);
        VnProtectParams p = params(2);
        protect(&made, &p, pool);
        assert_memory_not_equal(clean.pixels, made.pixels, clean.stride * clean.height);
        vn_image_free(&clean), vn_image_free(&made);
    }
}

static void jpeg_output(void **state) {
    (void)state;
    for (int quality = 60; quality <= 97; quality += 37) {
        VnImage clean = picture(150, 131, 3, false, 8), made = {0};
        assert_int_equal(vn_image_copy(&made, &clean, NULL), VERNIS_OK);
        VnProtectParams p = params(6);
        p.output_quality = quality;
        VnProtectStats stats = protect(&made, &p, pool);
        /* the figure counts what compression does by itself; where that is too much already, some protection is left */
        assert_int_equal(stats.target_met, quality == 97);
        double sample, figure = 0;
        assert_int_equal(vn_visibility_guarded(&sample, &figure, 1, &clean, &made, pool, NULL), VERNIS_OK);
        assert_true(figure > 0.3 && figure < stats.visibility);
        vn_image_free(&clean), vn_image_free(&made);
    }
}

/* Of the change on flat colour, next to nothing is as coarse as 16 pixels: were it left in, 0.04 of its energy. */
static void no_blotches_on_flat_colour(void **state) {
    enum { SIDE = 256, BLOCK = 16 };
    (void)state;
    VnImage clean = {0}, made = {0};
    assert_int_equal(vn_image_create(&clean, SIDE, SIDE, 3, false, 8, NULL, NULL), VERNIS_OK);
    memset(clean.pixels, 120, clean.stride * SIDE);
    assert_int_equal(vn_image_copy(&made, &clean, NULL), VERNIS_OK);
    VnProtectParams p = params(20);
    protect(&made, &p, pool);
    double all = 0, coarse = 0, blocks[3][SIDE / BLOCK][SIDE / BLOCK] = {0};
    for (size_t y = 0; y < SIDE; y++)
        for (size_t x = 0; x < SIDE; x++)
            for (size_t c = 0; c < 3; c++) {
                double change = (double)((uint8_t *)made.pixels)[y * made.stride + 3 * x + c] - 120;
                all += change * change;
                blocks[c][y / BLOCK][x / BLOCK] += change / BLOCK;
            }
    for (size_t i = 0; i < sizeof blocks / sizeof(double); i++)
        coarse += (&blocks[0][0][0])[i] * (&blocks[0][0][0])[i];
    assert_true(all > 0 && coarse < 0.012 * all);
    vn_image_free(&clean), vn_image_free(&made);
}

/* Across stripes, which hide what runs with them, less of the change lies than along them, with care; as much, without. */
static void strokes_are_followed(void **state) {
    enum { SIDE = 192 };
    (void)state;
    double share[2];
    for (int care = 0; care < 2; care++) {
        VnImage clean = {0}, made = {0};
        assert_int_equal(vn_image_create(&clean, SIDE, SIDE, 3, false, 8, NULL, NULL), VERNIS_OK);
        for (size_t i = 0; i < clean.stride * SIDE; i++) /* stripes that stand, of many widths */
            ((uint8_t *)clean.pixels)[i] = (uint8_t)(90 + vn_rng_u64(6, 6, i % clean.stride / 6) % 80);
        assert_int_equal(vn_image_copy(&made, &clean, NULL), VERNIS_OK);
        VnProtectParams p = params(12);
        p.care = care;
        protect(&made, &p, pool);
        double down = 0, right = 0;
        for (size_t y = 0; y + 1 < SIDE; y++)
            for (size_t x = 0; x + 1 < SIDE; x++) {
                const uint8_t *a = (const uint8_t *)made.pixels + y * made.stride + 3 * x + 1;
                const uint8_t *b = (const uint8_t *)clean.pixels + y * clean.stride + 3 * x + 1;
                double here = a[0] - b[0], below = a[made.stride] - b[clean.stride], after = a[3] - b[3];
                down += (below - here) * (below - here);
                right += (after - here) * (after - here);
            }
        share[care] = down / (down + right);
        vn_image_free(&clean), vn_image_free(&made);
    }
    assert_true(share[1] < 0.25 && share[0] > 2 * share[1]);
}

/* The clean latents depend on the draws alone, so what a draw is can be read from the state. */
static void half_the_draws_are_the_platform(void **state) {
    (void)state;
    static float plane[3 * 64 * 64];
    const VnTrip trip = {.quality = 41, .subsample = true};
    VnScene scene = {.work_w = 64,
                     .work_h = 64,
                     .platform_w = 64,
                     .platform_h = 64,
                     .training = {{64, 64}},
                     .trainings = 1,
                     .work_rgb = plane,
                     .platform_rgb = plane,
                     .platform = &trip};
    const VnEncoder *list[] = {encoder};
    VnObjectiveState o;
    assert_int_equal(vn_objective_open(&o, &scene, list, 1, 3, 4, 0, false, pool, NULL), VERNIS_OK);
    unsigned of_platform = 0;
    for (size_t i = 0; i < VN_DRAWS; i++)
        of_platform += o.draws[i].quality == 41 && o.draws[i].subsample;
    assert_int_equal(of_platform, VN_DRAWS / 2);
    vn_objective_close(&o);
}

/* The mean survives, hidden colours do not bleed, and what is not resized is the same picture. */
static void pictures_change_size(void **state) {
    (void)state;
    for (unsigned bits = 8; bits <= 16; bits += 8) {
        VnImage image = picture(90, 60, 3, true, bits), small = {0}, same = {0};
        size_t b = bits / 8;
        for (size_t y = 0; y < 60; y++) /* alpha is 0 in the left third: paint it white under there */
            memset((uint8_t *)image.pixels + y * image.stride, 0xff, 20 * 4 * b);
        for (size_t y = 0; y < 60; y++)
            for (size_t x = 0; x < 20; x++)
                memset((uint8_t *)image.pixels + y * image.stride + (x * 4 + 3) * b, 0, b);
        for (size_t y = 0; y < 60; y++)
            for (size_t x = 20; x < 90; x++)
                for (size_t c = 0; c < 4; c++)
                    memset((uint8_t *)image.pixels + y * image.stride + (x * 4 + c) * b, c == 3 ? 0xff : 0x40, b);
        assert_int_equal(vn_picture_resize(&small, &image, 45, 20, pool, NULL), VERNIS_OK);
        assert_int_equal(small.width, 45);
        assert_int_equal(small.height, 20);
        assert_int_equal(small.bits, bits);
        assert_true(small.alpha && small.colours == 3);
        for (size_t i = 0; i < 45 * 20; i++) {
            const uint8_t *p = (uint8_t *)small.pixels + i * 4 * b;
            if (p[4 * b - 1] > 8) /* where anything shows it is the one colour */
                assert_in_range(p[b - 1], 0x3f, 0x41);
        }
        assert_int_equal(((uint8_t *)small.pixels)[4 * b - 1], 0);
        assert_int_equal(((uint8_t *)small.pixels)[45 * 4 * b - 1], 0xff);
        assert_int_equal(vn_picture_resize(&same, &image, 90, 60, pool, NULL), VERNIS_OK);
        assert_memory_equal(same.pixels, image.pixels, image.stride * 60);
        vn_image_free(&image), vn_image_free(&small), vn_image_free(&same);
    }
}

static bool at_once(void *opaque) { return ++*(int *)opaque > 2; }

static void cancelled_leaves_the_image(void **state) {
    (void)state;
    VnImage clean = picture(64, 64, 3, false, 8), made = {0};
    assert_int_equal(vn_image_copy(&made, &clean, NULL), VERNIS_OK);
    int asked = 0;
    VnProtectParams p = params(50);
    p.opaque = &asked;
    p.cancelled = at_once;
    const VnEncoder *list[] = {encoder};
    VnProtectStats stats;
    size_t before = vn_mem_used();
    assert_int_equal(vn_protect_image(&made, list, 1, &p, pool, &stats, NULL), VERNIS_E_CANCELLED);
    assert_int_equal(asked, 3);
    assert_int_equal(vn_mem_used(), before);
    assert_memory_equal(clean.pixels, made.pixels, clean.stride * clean.height);
    vn_image_free(&clean), vn_image_free(&made);
}

static void time_limit_stops_early(void **state) {
    (void)state;
    VnImage made = picture(64, 64, 3, false, 8);
    VnProtectParams p = params(1000000);
    p.time_limit = 0.5;
    VnProtectStats stats = protect(&made, &p, pool);
    assert_true(stats.steps >= 1 && stats.steps < 1000000);
    vn_image_free(&made);
}

int main(void) {
    vn_kern_init(VN_CPU_AMX);
    if (vn_pool_open(&pool, 2, NULL) != VERNIS_OK || vn_encoder_open(&encoder, VN_TEST_MODEL, NULL) != VERNIS_OK)
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(finite_differences),
                                       cmocka_unit_test(shift_beats_noise_at_the_visibility_asked_for),
                                       cmocka_unit_test(seeds_keys_and_threads),
                                       cmocka_unit_test(start_moves_encoders),
                                       cmocka_unit_test(alpha_and_hidden_pixels),
                                       cmocka_unit_test(grey_and_sixteen_bits),
                                       cmocka_unit_test(tiny_and_thin),
                                       cmocka_unit_test(jpeg_output),
                                       cmocka_unit_test(no_blotches_on_flat_colour),
                                       cmocka_unit_test(strokes_are_followed),
                                       cmocka_unit_test(half_the_draws_are_the_platform),
                                       cmocka_unit_test(pictures_change_size),
                                       cmocka_unit_test(cancelled_leaves_the_image),
                                       cmocka_unit_test(time_limit_stops_early)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    vn_encoder_close(&encoder);
    vn_pool_close(&pool);
    return failed;
}
