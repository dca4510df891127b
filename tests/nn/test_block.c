/* SPDX-License-Identifier: Apache-2.0 */
/* A residual block in one go against its convolutions one by one, in any split into bands. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "kern/kern.h"
#include "nn/block.h"
#include "nn/pack.h"

enum { CHANNELS = 64 };

/* Smaller than a tile, one row, one column, and more than one tile's pixels. */
static const uint32_t sizes[][2] = {{8, 8}, {1, 9}, {40, 1}, {33, 21}, {70, 12}};

typedef struct Fixture {
    VnConv conv[3];
    VnGrid g;
    float *block[6], *x, *a, *b, *y, *want, *dx, *scratch;
    uint64_t *masks[3], *wanted[3];
    size_t words;
} Fixture;

static float *slot(Fixture *f, unsigned i) {
    size_t n = vn_grid_size(f->g);
    f->block[i] = vn_malloc(n * sizeof(float));
    assert_non_null(f->block[i]);
    memset(f->block[i], 255, n * sizeof(float));
    return f->block[i] + vn_grid_lead(f->g);
}

static void fill(VnGrid g, float *x, uint64_t stream) {
    for (uint32_t row = 0; row < g.height; row++)
        for (size_t i = 0; i < (size_t)g.width * g.channels; i++)
            x[vn_grid_row(g, row) + i] = vn_rng_normal(3, stream, row * 100000u + i);
    vn_grid_seal(g, x, 0, g.height);
}

static void make(Fixture *f, uint32_t width, uint32_t height) {
    *f = (Fixture){.g = {width, height, CHANNELS}};
    size_t n = (size_t)CHANNELS * CHANNELS * 9;
    float *w = vn_malloc(n * sizeof *w), bias[CHANNELS];
    assert_non_null(w);
    for (unsigned k = 0; k < 3; k++) {
        for (size_t i = 0; i < n; i++)
            w[i] = 0.05f * vn_rng_normal(4, k, i);
        for (size_t i = 0; i < CHANNELS; i++)
            bias[i] = 0.3f * vn_rng_normal(5, k, i);
        VnTensor weight = {.name = "w", .dtype = "F32", .rank = 4, .shape = {CHANNELS, CHANNELS, 3, 3}, .count = n};
        VnTensor offset = {.name = "b", .dtype = "F32", .rank = 1, .shape = {CHANNELS}, .count = CHANNELS};
        weight.data = (const uint8_t *)w;
        offset.data = (const uint8_t *)bias;
        assert_int_equal(vn_conv_pack(&f->conv[k], &weight, &offset, 1, NULL), VERNIS_OK);
    }
    vn_free(w);
    float **slots[] = {&f->x, &f->a, &f->b, &f->y, &f->want, &f->dx};
    for (unsigned i = 0; i < 6; i++)
        *slots[i] = slot(f, i);
    f->words = ((size_t)width * CHANNELS + 63) / 64;
    for (unsigned i = 0; i < 3; i++) {
        f->masks[i] = vn_calloc(f->words * height, 8);
        f->wanted[i] = vn_calloc(f->words * height, 8);
        assert_true(f->masks[i] && f->wanted[i]);
    }
    size_t one = vn_conv_scratch(f->conv, f->g, f->g), all = vn_block_scratch(f->g);
    f->scratch = vn_malloc((one > all ? one : all) * sizeof(float));
    assert_non_null(f->scratch);
}

static void drop(Fixture *f) {
    for (unsigned i = 0; i < 3; i++) {
        vn_conv_free(&f->conv[i]);
        vn_free(f->masks[i]);
        vn_free(f->wanted[i]);
    }
    for (unsigned i = 0; i < 6; i++)
        vn_free(f->block[i]);
    vn_free(f->scratch);
}

static void relu(Fixture *f, float *x, const float *other, uint64_t *mask) {
    for (uint32_t y = 0; y < f->g.height; y++) {
        size_t at = vn_grid_row(f->g, y), n = (size_t)f->g.width * CHANNELS;
        if (other)
            vn_kern()->add_relu(x + at, other + at, mask + y * f->words, n);
        else
            vn_kern()->relu(x + at, mask + y * f->words, n);
    }
}

static void masked(Fixture *f, float *x, const uint64_t *mask) {
    for (uint32_t y = 0; y < f->g.height; y++)
        vn_kern()->apply_mask(x + vn_grid_row(f->g, y), mask + y * f->words, (size_t)f->g.width * CHANNELS);
}

static void assert_equal(VnGrid g, const float *a, const float *b) {
    for (uint32_t y = 0; y < g.height; y++)
        assert_memory_equal(a + vn_grid_row(g, y), b + vn_grid_row(g, y), vn_grid_pitch(g) * CHANNELS * sizeof(float));
}

/* The same bits: a convolution's sums are the same whichever way they are shared out. */
static void check_forward(Fixture *f, bool coarse) {
    uint32_t h = f->g.height;
    vn_conv_forward(&f->conv[0], f->g, f->x, f->g, f->a, false, coarse, 0, h, f->scratch);
    relu(f, f->a, NULL, f->wanted[0]);
    vn_conv_forward(&f->conv[1], f->g, f->a, f->g, f->b, false, coarse, 0, h, f->scratch);
    relu(f, f->b, NULL, f->wanted[1]);
    vn_conv_forward(&f->conv[2], f->g, f->b, f->g, f->want, false, coarse, 0, h, f->scratch);
    relu(f, f->want, f->x, f->wanted[2]);
    for (uint32_t band = 1; band <= h; band += 1 + h / 3) {
        for (uint32_t y = 0; y < h; y += band)
            vn_block_forward(f->conv, f->g, f->x, f->y, f->masks, coarse, y, h - y < band ? h : y + band, f->scratch);
        assert_equal(f->g, f->want, f->y);
        for (unsigned i = 0; i < 3; i++)
            assert_memory_equal(f->masks[i], f->wanted[i], f->words * h * 8);
    }
    memset(f->block[3], 255, vn_grid_size(f->g) * sizeof(float));
    vn_block_forward(f->conv, f->g, f->x, f->y, (uint64_t *[3]){0}, coarse, 0, h, f->scratch);
    assert_equal(f->g, f->want, f->y);
}

static void test_forward(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        Fixture f;
        make(&f, sizes[k][0], sizes[k][1]);
        assert_true(vn_block_fits(f.conv));
        fill(f.g, f.x, 1);
        check_forward(&f, false);
        check_forward(&f, true);
        drop(&f);
    }
}

static void test_backward(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        Fixture f;
        make(&f, sizes[k][0], sizes[k][1]);
        fill(f.g, f.x, 1);
        uint32_t h = f.g.height;
        vn_block_forward(f.conv, f.g, f.x, f.y, f.masks, false, 0, h, f.scratch);
        fill(f.g, f.y, 2); /* the gradient */
        for (int last = 0; last < 2; last++) {
            memcpy(f.block[4], f.block[3], vn_grid_size(f.g) * sizeof(float));
            vn_conv_backward(&f.conv[2], f.g, f.a, f.g, f.y, false, 0, h, f.scratch);
            masked(&f, f.a, f.masks[1]);
            vn_conv_backward(&f.conv[1], f.g, f.b, f.g, f.a, false, 0, h, f.scratch);
            masked(&f, f.b, f.masks[0]);
            vn_conv_backward(&f.conv[0], f.g, f.want, f.g, f.b, true, 0, h, f.scratch);
            if (last)
                masked(&f, f.want, f.masks[2]);
            for (uint32_t y = 0; y < h; y += 4)
                vn_block_backward(f.conv, f.g, f.y, f.dx, f.masks, last ? f.masks[2] : NULL, y, h - y < 4 ? h : y + 4,
                                  f.scratch);
            double error = 0, scale = 0;
            for (uint32_t y = 0; y < h; y++) {
                for (size_t i = vn_grid_row(f.g, y); i < vn_grid_row(f.g, y) + (size_t)f.g.width * CHANNELS; i++) {
                    error += pow((double)f.want[i] - (double)f.dx[i], 2);
                    scale += pow((double)f.want[i], 2);
                }
            }
            assert_true(error < 1e-12 * scale); /* dy is added last here and first there */
        }
        drop(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_forward), cmocka_unit_test(test_backward)};
    if (vn_kern_init(VN_CPU_AMX) != VN_CPU_AMX)
        return 77; /* blocks run in one go on tiles only */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
