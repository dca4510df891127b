/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutions against a plain double-precision one, their transposes by dot products, and any split into bands. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "kern/kern.h"
#include "nn/conv.h"
#include "nn/conv_winograd.h"
#include "nn/pack.h"

typedef struct Case {
    unsigned in, out, taps, stride;
    uint32_t width, height; /* of the input */
    bool shift;
} Case;

/* Both kinds of convolution, few and many channels, one pixel, single rows and columns, and more than one gemm's
 * pixels. */
static const Case cases[] = {
    {3, 5, 3, 1, 1, 1, false},      {3, 64, 3, 1, 300, 3, false},   {3, 7, 3, 2, 2, 2, false},
    {3, 32, 3, 2, 600, 6, false},   {8, 8, 3, 1, 1, 1, false},      {8, 9, 3, 1, 2, 1, false},
    {9, 8, 3, 1, 1, 5, false},      {64, 64, 3, 1, 33, 17, false},  {16, 4, 3, 1, 801, 3, false},
    {8, 8, 3, 1, 7, 300, false},    {8, 16, 3, 2, 2, 2, false},     {64, 64, 3, 2, 34, 18, false},
    {8, 5, 3, 2, 1030, 4, false},   {7, 11, 1, 1, 9, 4, false},     {64, 256, 1, 1, 31, 29, false},
    {8, 16, 3, 2, 2, 2, true},      {64, 64, 3, 2, 34, 18, true},   {8, 5, 3, 2, 1030, 4, true},
    {3, 8, 3, 2, 6, 10, true},      {64, 64, 3, 1, 140, 16, false}, {48, 32, 3, 1, 4, 4, false},
    {160, 112, 3, 1, 36, 12, false}};

/* Errors of float32 sums, and of sums of split products forward and bfloat16 ones backward. */
static bool on_tiles(void) { return vn_kern_chosen() == VN_CPU_AMX; }

typedef struct Fixture {
    VnConv conv;
    VnGrid in, out;
    float *weights, *x_block, *y_block, *scratch;
    float *x, *y; /* pixel (0, 0) */
} Fixture;

static float *values(size_t n) {
    float *v = vn_malloc(n * sizeof *v);
    assert_non_null(v);
    return v;
}

static void fill(VnGrid g, float *x, uint64_t stream) {
    for (uint32_t row = 0; row < g.height; row++) {
        for (size_t i = 0; i < (size_t)g.width * g.channels; i++)
            x[vn_grid_row(g, row) + i] = vn_rng_normal(3, stream, row * 100000u + i);
    }
    vn_grid_seal(g, x, 0, g.height);
}

static Fixture make(const Case *c) {
    Fixture f = {.in = {c->width, c->height, c->in}, .out = {c->width / c->stride, c->height / c->stride, c->out}};
    size_t n = (size_t)c->out * c->in * c->taps * c->taps;
    f.weights = values(n);
    for (size_t i = 0; i < n; i++)
        f.weights[i] = vn_rng_normal(4, c->in, i);
    VnTensor weight = {.name = "w",
                       .dtype = "F32",
                       .rank = 4,
                       .shape = {c->out, c->in, c->taps, c->taps},
                       .count = n,
                       .data = (const uint8_t *)f.weights};
    assert_int_equal(vn_conv_pack(&f.conv, &weight, NULL, c->stride, NULL), VERNIS_OK);
    f.conv.shift = c->shift;
    /* What was in a slot before must not matter: everything starts as NaN. */
    f.x_block = values(vn_grid_size(f.in));
    f.y_block = values(vn_grid_size(f.out));
    memset(f.x_block, 255, vn_grid_size(f.in) * sizeof(float));
    memset(f.y_block, 255, vn_grid_size(f.out) * sizeof(float));
    f.scratch = values(vn_conv_scratch(&f.conv, f.in, f.out) + 1);
    f.x = f.x_block + vn_grid_lead(f.in);
    f.y = f.y_block + vn_grid_lead(f.out);
    return f;
}

static void drop(Fixture *f) {
    vn_conv_free(&f->conv);
    vn_free(f->weights);
    vn_free(f->x_block);
    vn_free(f->y_block);
    vn_free(f->scratch);
}

static double plain(const Case *c, const Fixture *f, uint32_t oy, uint32_t ox, unsigned o) {
    double sum = 0;
    int pad = c->taps == 3 && !c->shift;
    for (unsigned i = 0; i < c->in; i++) {
        for (unsigned ky = 0; ky < c->taps; ky++) {
            for (unsigned kx = 0; kx < c->taps; kx++) {
                long y = (long)(oy * c->stride + ky) - pad, x = (long)(ox * c->stride + kx) - pad;
                if (y < 0 || x < 0 || y >= (long)c->height || x >= (long)c->width)
                    continue;
                sum += (double)f->weights[((o * c->in + i) * c->taps + ky) * c->taps + kx] *
                       (double)f->x[vn_grid_row(f->in, (size_t)y) + (size_t)x * c->in + i];
            }
        }
    }
    return sum;
}

static void check_sealed(VnGrid g, const float *x) {
    size_t edge = (vn_grid_pitch(g) + 1) * g.channels;
    for (size_t i = 0; i < edge; i++)
        assert_true(x[(ptrdiff_t)i - (ptrdiff_t)edge] == 0 && x[vn_grid_row(g, g.height) + i] == 0);
    for (uint32_t y = 0; y < g.height; y++) {
        for (size_t i = 0; i < g.channels; i++)
            assert_true(x[vn_grid_row(g, y) + (size_t)g.width * g.channels + i] == 0);
    }
}

static void test_against_plain(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const Case *c = &cases[k];
        Fixture f = make(c);
        fill(f.in, f.x, 1);
        vn_conv_forward(&f.conv, f.in, f.x, f.out, f.y, false, false, 0, f.out.height, f.scratch);
        check_sealed(f.out, f.y);
        double tolerance = (on_tiles() ? 4e-5 : 1e-5) * sqrt((double)c->in * c->taps * c->taps);
        for (uint32_t y = 0; y < f.out.height; y++) {
            for (uint32_t x = 0; x < f.out.width; x++) {
                for (unsigned o = 0; o < c->out; o += 1 + c->out / 8) {
                    double want = plain(c, &f, y, x, o), got = (double)f.y[vn_grid_row(f.out, y) + x * c->out + o];
                    if (!(fabs(want - got) <= tolerance))
                        fail_msg("%s, case %zu at (%u, %u, %u): %.7f, not %.7f", vn_cpu_name(vn_kern_chosen()), k, y, x,
                                 o, got, want);
                }
            }
        }
        drop(&f);
    }
}

static double dot(VnGrid g, const float *a, const float *b) {
    double sum = 0;
    for (size_t y = 0; y < g.height; y++) {
        for (size_t i = vn_grid_row(g, y); i < vn_grid_row(g, y) + (size_t)g.width * g.channels; i++)
            sum += (double)a[i] * (double)b[i];
    }
    return sum;
}

/* <conv(x), y> = <x, conv'(y)>, for the transpose both written and added. */
static void test_adjoint(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        Fixture f = make(&cases[k]);
        float *y_block = values(vn_grid_size(f.out)), *x_block = values(vn_grid_size(f.in));
        memset(x_block, 255, vn_grid_size(f.in) * sizeof(float));
        float *dy = y_block + vn_grid_lead(f.out), *dx = x_block + vn_grid_lead(f.in);
        fill(f.in, f.x, 1);
        fill(f.out, dy, 2);
        vn_conv_forward(&f.conv, f.in, f.x, f.out, f.y, false, false, 0, f.out.height, f.scratch);
        double left = dot(f.out, f.y, dy), scale = sqrt(dot(f.out, f.y, f.y) * dot(f.out, dy, dy));
        for (int add = 0; add < 2; add++) {
            vn_conv_backward(&f.conv, f.in, dx, f.out, dy, add, 0, f.in.height, f.scratch);
            check_sealed(f.in, dx);
            double right = dot(f.in, f.x, dx);
            if (!(fabs(left * (add + 1) - right) < (on_tiles() ? 1e-2 : 1e-5) * scale))
                fail_msg("%s, case %zu: %.6f against %.6f", vn_cpu_name(vn_kern_chosen()), k, left * (add + 1), right);
        }
        vn_free(y_block);
        vn_free(x_block);
        drop(&f);
    }
}

/* Row by row, in reverse order, gives what one band gives. */
static void test_bands(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        Fixture f = make(&cases[k]), g = make(&cases[k]);
        fill(f.in, f.x, 1);
        fill(g.in, g.x, 1);
        vn_conv_forward(&f.conv, f.in, f.x, f.out, f.y, false, false, 0, f.out.height, f.scratch);
        for (uint32_t y = g.out.height; y-- > 0;)
            vn_conv_forward(&g.conv, g.in, g.x, g.out, g.y, false, false, y, y + 1, g.scratch);
        check_sealed(g.out, g.y);
        double scale = dot(f.out, f.y, f.y);
        assert_true(fabs(dot(f.out, f.y, g.y) / scale - 1) < 1e-6 && fabs(dot(f.out, g.y, g.y) / scale - 1) < 1e-6);
        vn_conv_backward(&f.conv, f.in, f.x, f.out, f.y, false, 0, f.in.height, f.scratch);
        for (uint32_t y = g.in.height; y-- > 0;)
            vn_conv_backward(&g.conv, g.in, g.x, g.out, g.y, false, y, y + 1, g.scratch);
        check_sealed(g.in, g.x);
        scale = dot(f.in, f.x, f.x);
        assert_true(fabs(dot(f.in, f.x, g.x) / scale - 1) < 1e-6 && fabs(dot(f.in, g.x, g.x) / scale - 1) < 1e-6);
        drop(&f);
        drop(&g);
    }
}

/* Both directions, written and added, in bands of four rows, against the plain kernels. */
static void test_winograd(void **state) {
    (void)state;
    unsigned done = 0;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        Fixture f = make(&cases[k]);
        for (int way = 0; way < 4 && vn_winograd_fits(&f.conv, f.in); way++, done++) {
            bool back = way & 1, add = way & 2;
            VnGrid from = back ? f.out : f.in, to = back ? f.in : f.out;
            float *x = back ? f.y : f.x, *want = back ? f.x : f.y, *got_block = values(vn_grid_size(to));
            float *got = got_block + vn_grid_lead(to), *weights = values(vn_winograd_weights_size(&f.conv, back));
            float *scratch = values(vn_winograd_scratch(&f.conv));
            fill(from, x, 1);
            fill(to, want, 2);
            fill(to, got, 2);
            for (unsigned panel = vn_winograd_panels(&f.conv, back); panel-- > 0;)
                vn_winograd_weights(&f.conv, back, weights, panel);
            for (uint32_t y = 0; y < to.height; y += 4)
                vn_winograd_run(&f.conv, back, weights, from, x, to, got, add, y, y + 4, scratch);
            if (back)
                vn_conv_backward(&f.conv, f.in, want, f.out, x, add, 0, to.height, f.scratch);
            else
                vn_conv_forward(&f.conv, f.in, x, f.out, want, add, false, 0, to.height, f.scratch);
            double power = dot(to, want, want);
            vn_kern()->axpy(got, want, -1, vn_grid_row(to, to.height));
            if (!(sqrt(dot(to, got, got) / power) < 5e-6))
                fail_msg("%s, case %zu, way %d: off by %.1e", vn_cpu_name(vn_kern_chosen()), k, way,
                         sqrt(dot(to, got, got) / power));
            vn_free(got_block);
            vn_free(weights);
            vn_free(scratch);
        }
        drop(&f);
    }
    assert_true(done || on_tiles() || vn_kern_chosen() == VN_CPU_SCALAR);
}

static void test_overflow(void **state) {
    (void)state;
    assert_true(vn_grid_size((VnGrid){UINT32_MAX, UINT32_MAX, 64}) == SIZE_MAX);
    VnGrid g = {65536, 65536, 4096};
    assert_true(vn_grid_size(g) > (size_t)65536 * 65536 * 4096 && vn_grid_lead(g) % 16 == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_plain), cmocka_unit_test(test_adjoint),  cmocka_unit_test(test_bands),
        cmocka_unit_test(test_winograd),      cmocka_unit_test(test_overflow),
    };
    int failures = 0;
    for (int cpu = vn_cpu_detect(); cpu >= VN_CPU_SCALAR; cpu--) {
        vn_kern_init((VnCpu)cpu);
        failures += cmocka_run_group_tests_name(vn_cpu_name((VnCpu)cpu), tests, NULL, NULL);
    }
    return failures;
}
