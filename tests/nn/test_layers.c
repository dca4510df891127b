/* SPDX-License-Identifier: Apache-2.0 */
/* GroupNorm with SiLU, and attention, against plain double-precision ones and their finite differences. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "kern/cpu.h"
#include "nn/attention.h"
#include "nn/norm.h"

static void *room(size_t bytes) {
    void *block = vn_malloc(bytes);
    assert_non_null(block);
    memset(block, 255, bytes); /* NaN: what was there before must not matter */
    return block;
}

/* Pixel (0, 0) of a grid of random values, or of NaN where stream is 0. */
typedef struct Plane {
    VnGrid grid;
    float *block, *x;
} Plane;

static Plane plane(VnGrid g, uint64_t stream) {
    Plane p = {.grid = g, .block = room(vn_grid_size(g) * sizeof(float))};
    p.x = p.block + vn_grid_lead(g);
    for (uint32_t y = 0; stream && y < g.height; y++) {
        for (size_t i = 0; i < (size_t)g.width * g.channels; i++)
            p.x[vn_grid_row(g, y) + i] = vn_rng_normal(5, stream, y * 100000u + i);
    }
    if (stream)
        vn_grid_seal(g, p.x, 0, g.height);
    return p;
}

static double at(const Plane *p, size_t y, size_t x, size_t c) {
    return (double)p->x[vn_grid_row(p->grid, y) + x * p->grid.channels + c];
}

static size_t values(VnGrid g) { return (size_t)g.width * g.height * g.channels; }

/* The grid's values without what is between rows. */
static double *doubles(const Plane *p) {
    double *out = room(values(p->grid) * sizeof *out), *to = out;
    for (uint32_t y = 0; y < p->grid.height; y++) {
        for (size_t x = 0; x < p->grid.width; x++) {
            for (size_t c = 0; c < p->grid.channels; c++)
                *to++ = at(p, y, x, c);
        }
    }
    return out;
}

static double off(const Plane *got, const double *want) {
    double difference = 0, norm = 0;
    double *values_got = doubles(got);
    for (size_t i = 0; i < values(got->grid); i++) {
        difference += (values_got[i] - want[i]) * (values_got[i] - want[i]);
        norm += want[i] * want[i];
    }
    vn_free(values_got);
    return sqrt(difference / norm);
}

/* A function from `in` values to `out` values. */
typedef void Plain(const void *context, VnGrid grid, const double *x, double *y);

/* Whether g is the gradient at x of <u, f(x)>, along random directions. */
static void check_gradient(Plain *f, const void *context, VnGrid grid, const double *x, size_t in, size_t out,
                           const double *u, const double *g, double limit) {
    double *moved = room(in * sizeof *moved), *y = room(out * sizeof *y);
    double *direction = room(in * sizeof *direction);
    for (unsigned k = 0; k < 5; k++) {
        double slope = 0, want = 0, scale = 0, step = 1e-5;
        for (size_t i = 0; i < in; i++) {
            direction[i] = (double)vn_rng_normal(6, k, i);
            want += g[i] * direction[i];
            scale += g[i] * g[i];
        }
        for (int side = -1; side <= 1; side += 2) {
            for (size_t i = 0; i < in; i++)
                moved[i] = x[i] + side * step * direction[i];
            f(context, grid, moved, y);
            for (size_t i = 0; i < out; i++)
                slope += side * u[i] * y[i];
        }
        slope /= 2 * step;
        if (!(fabs(slope - want) < limit * sqrt(scale)))
            fail_msg("direction %u of %ux%ux%u: slope %.8f, gradient %.8f", k, grid.width, grid.height, grid.channels,
                     slope, want);
    }
    vn_free(moved);
    vn_free(y);
    vn_free(direction);
}

static void plain_norm(const void *context, VnGrid grid, const double *x, double *y) {
    const VnAffine *layer = context;
    size_t pixels = (size_t)grid.width * grid.height, width = layer->channels / layer->groups;
    for (size_t k = 0; k < layer->groups; k++) {
        double sum = 0, square = 0, n = (double)(pixels * width);
        for (size_t p = 0; p < pixels; p++) {
            for (size_t c = k * width; c < (k + 1) * width; c++)
                sum += x[p * layer->channels + c];
        }
        for (size_t p = 0; p < pixels; p++) {
            for (size_t c = k * width; c < (k + 1) * width; c++)
                square += pow(x[p * layer->channels + c] - sum / n, 2);
        }
        for (size_t p = 0; p < pixels; p++) {
            for (size_t c = k * width; c < (k + 1) * width; c++) {
                double v = (x[p * layer->channels + c] - sum / n) / sqrt(square / n + (double)layer->epsilon);
                double t = (double)layer->gamma[c] * v + (double)layer->beta[c];
                y[p * layer->channels + c] = layer->silu ? t / (1 + exp(-t)) : t;
            }
        }
    }
}

/* Rows in bands of two, as an operation would have it. */
static void check_norm(VnGrid g, unsigned groups, bool silu, bool exact, float epsilon) {
    float gamma[64], beta[64];
    for (unsigned c = 0; c < g.channels; c++) {
        gamma[c] = 1 + 0.4f * vn_rng_normal(7, 1, c);
        beta[c] = 0.5f * vn_rng_normal(7, 2, c);
    }
    VnAffine layer = {.gamma = gamma,
                      .beta = beta,
                      .channels = g.channels,
                      .groups = groups,
                      .epsilon = epsilon,
                      .silu = silu,
                      .exact = exact};
    Plane x = plane(g, 1), y = plane(g, 0), gradient = plane(g, 2);
    for (size_t i = 0; i < vn_grid_row(g, g.height); i++)
        x.x[i] = 3 + 2 * x.x[i]; /* a mean to take off */
    double *in = doubles(&x), *u = doubles(&gradient), *want = room(values(g) * sizeof *want);
    uint32_t bands = (g.height + 1) / 2;
    VnNorm norm = {.grid = g,
                   .layer = &layer,
                   .sums = vn_calloc((size_t)bands * 2 * g.channels, sizeof(double)),
                   .factors = room(VN_NORM_FACTORS * g.channels * sizeof(float)),
                   .input = exact ? x.x : NULL,
                   .saved = exact ? NULL : room(values(g) * sizeof(uint16_t))};
    for (uint32_t row = 0; row < g.height; row++)
        vn_norm_sum(&norm, x.x + vn_grid_row(g, row), row / 2);
    vn_norm_settle(&norm, bands);
    for (uint32_t row = 0; row < g.height; row++)
        vn_norm_forward(&norm, y.x + vn_grid_row(g, row), x.x + vn_grid_row(g, row), row, true);
    plain_norm(&layer, g, in, want);
    assert_true(off(&y, want) < 1e-6);
    memset(norm.sums, 0, (size_t)bands * 2 * g.channels * sizeof(double));
    for (uint32_t row = 0; row < g.height; row++)
        vn_norm_back_sum(&norm, gradient.x + vn_grid_row(g, row), row, row / 2);
    vn_norm_back_settle(&norm, bands);
    for (uint32_t row = 0; row < g.height; row++)
        vn_norm_backward(&norm, gradient.x + vn_grid_row(g, row), gradient.x + vn_grid_row(g, row), row);
    double *got = doubles(&gradient);
    check_gradient(plain_norm, &layer, g, in, values(g), values(g), u, got, exact ? 1e-5 : 1e-3);
    vn_free(in);
    vn_free(u);
    vn_free(want);
    vn_free(got);
    vn_free(norm.sums);
    vn_free(norm.factors);
    vn_free(norm.saved);
    vn_free(x.block);
    vn_free(y.block);
    vn_free(gradient.block);
}

static void test_norm(void **state) {
    (void)state;
    check_norm((VnGrid){1, 2, 64}, 32, true, false, 1e-6f);
    check_norm((VnGrid){9, 7, 64}, 32, true, false, 1e-6f);
    check_norm((VnGrid){70, 5, 64}, 32, false, false, 1e-6f); /* more than one piece of a row */
    check_norm((VnGrid){5, 6, 12}, 4, false, true, 1e-5f);
    check_norm((VnGrid){7, 3, 12}, 4, true, true, 1e-2f);
}

/* x holds query, key and value of each position. */
static void plain_attention(const void *context, VnGrid grid, const double *x, double *y) {
    (void)context;
    size_t n = (size_t)grid.width * grid.height, c = grid.channels;
    double *weights = room(n * sizeof *weights);
    for (size_t q = 0; q < n; q++) {
        double sum = 0;
        for (size_t k = 0; k < n; k++) {
            double score = 0;
            for (size_t i = 0; i < c; i++)
                score += x[q * 3 * c + i] * x[k * 3 * c + c + i];
            sum += weights[k] = exp(score);
        }
        for (size_t i = 0; i < c; i++) {
            y[q * c + i] = 0;
            for (size_t k = 0; k < n; k++)
                y[q * c + i] += weights[k] / sum * x[k * 3 * c + 2 * c + i];
        }
    }
    vn_free(weights);
}

static void check_attention(VnGrid g, unsigned threads) {
    VnGrid triple = {g.width, g.height, 3 * g.channels};
    Plane qkv = plane(triple, 1), output = plane(g, 0), da = plane(g, 2), dqkv = plane(triple, 0);
    double *in = doubles(&qkv), *u = doubles(&da), *want = room(values(g) * sizeof *want);
    size_t positions = vn_attention_positions(g), step = vn_attention_scratch(g);
    VnAttention a = {.grid = g,
                     .qkv = qkv.x,
                     .output = output.x,
                     .rows = room(3 * positions * sizeof(float)),
                     .transposed = room(4 * g.channels * positions * sizeof(float)),
                     .scratch = room(threads * step * sizeof(float)),
                     .scratch_step = step};
    VnPool *pool;
    assert_int_equal(vn_pool_open(&pool, threads, NULL), VERNIS_OK);
    vn_attention_forward(&a, pool);
    plain_attention(NULL, g, in, want);
    assert_true(off(&output, want) < 2e-6);
    vn_attention_backward(&a, dqkv.x, da.x, pool);
    double *got = doubles(&dqkv);
    check_gradient(plain_attention, NULL, g, in, values(triple), values(g), u, got, 2e-5);
    for (uint32_t y = 0; y < g.height; y++) { /* sealed: convolutions follow */
        for (size_t i = 0; i < triple.channels; i++)
            assert_true(dqkv.x[vn_grid_row(triple, y) + (size_t)g.width * triple.channels + i] == 0);
        for (size_t i = 0; i < g.channels; i++)
            assert_true(output.x[vn_grid_row(g, y) + (size_t)g.width * g.channels + i] == 0);
    }
    vn_pool_close(&pool);
    vn_free(in);
    vn_free(u);
    vn_free(want);
    vn_free(got);
    vn_free(a.rows);
    vn_free(a.transposed);
    vn_free(a.scratch);
    vn_free(qkv.block);
    vn_free(output.block);
    vn_free(da.block);
    vn_free(dqkv.block);
}

/* One position, more than one block of rows, widths that are no multiple of anything. */
static void test_attention(void **state) {
    (void)state;
    check_attention((VnGrid){1, 1, 4}, 1);
    check_attention((VnGrid){1, 9, 3}, 2);
    check_attention((VnGrid){13, 11, 5}, 2);
    check_attention((VnGrid){17, 16, 40}, 3);
}

/* Scores so far below and above zero that exp alone would under- and overflow. */
static void test_attention_far_scores(void **state) {
    (void)state;
    VnGrid g = {4, 3, 2}, triple = {4, 3, 6};
    for (int sign = -1; sign <= 1; sign += 2) {
        Plane qkv = plane(triple, 1), output = plane(g, 0), da = plane(g, 2), dqkv = plane(triple, 0);
        for (size_t y = 0; y < g.height; y++) {
            for (size_t x = 0; x < g.width; x++) {
                float *p = qkv.x + vn_grid_row(triple, y) + x * 6;
                p[0] = p[1] = 20;
                p[2] = p[3] = (float)(20 * sign) + p[2] * 0.01f;
            }
        }
        size_t positions = vn_attention_positions(g);
        VnAttention a = {.grid = g,
                         .qkv = qkv.x,
                         .output = output.x,
                         .rows = room(3 * positions * sizeof(float)),
                         .transposed = room(8 * positions * sizeof(float)),
                         .scratch = room(vn_attention_scratch(g) * sizeof(float))};
        vn_attention_forward(&a, NULL);
        vn_attention_backward(&a, dqkv.x, da.x, NULL);
        for (uint32_t y = 0; y < g.height; y++) {
            for (size_t i = 0; i < 6 * (size_t)g.width; i++)
                assert_true(isfinite(dqkv.x[vn_grid_row(triple, y) + i]));
        }
        vn_free(a.rows);
        vn_free(a.transposed);
        vn_free(a.scratch);
        vn_free(qkv.block);
        vn_free(output.block);
        vn_free(da.block);
        vn_free(dqkv.block);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_norm),
        cmocka_unit_test(test_attention),
        cmocka_unit_test(test_attention_far_scores),
    };
    vn_kern_init(VN_CPU_AMX);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
