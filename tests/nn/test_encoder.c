/* SPDX-License-Identifier: Apache-2.0 */
/* Whole encoders: against PyTorch's goldens (tools/make_nn_goldens.py), finite differences, and themselves under other
 * thread counts, instruction sets and sizes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/rng.h"
#include "kern/cpu.h"
#include "nn/encoder.h"
#include "nn/safetensors.h"

static const char *const models[] = {"t8_plain", "t8_pool", "t8_skip", "t32", "s8"};
enum { MODELS = sizeof models / sizeof *models };

static double distance(const float *a, const float *b, size_t n) {
    double difference = 0, norm = 0;
    for (size_t i = 0; i < n; i++) {
        difference += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        norm += (double)b[i] * b[i];
    }
    return sqrt(difference / (norm > 0 ? norm : 1));
}

static VnEncoder *open_model(const char *name) {
    char path[512];
    VnError err = {0};
    VnEncoder *encoder;
    snprintf(path, sizeof path, DATA_DIR "/%s.safetensors", name);
    if (vn_encoder_open(&encoder, path, &err) != VERNIS_OK)
        fail_msg("%s", err.text);
    return encoder;
}

static float *golden(const VnTensors *tensors, const char *name, size_t *count) {
    const VnTensor *t = vn_tensors_find(tensors, name);
    assert_non_null(t);
    float *values = vn_malloc(t->count * sizeof *values);
    assert_non_null(values);
    assert_int_equal(vn_tensor_floats(t, values, NULL), VERNIS_OK);
    *count = t->count;
    return values;
}

/* One encoder at one size with room for everything. */
typedef struct Run {
    VnPool *pool;
    VnPass *pass;
    size_t area, z;
    float *rgb, *latent, *latent_gradient, *gradient;
} Run;

static Run run_open(const VnEncoder *encoder, uint32_t width, uint32_t height, bool backward, unsigned threads) {
    Run r = {.area = (size_t)width * height};
    const VnEncoderInfo *info = vn_encoder_info(encoder);
    r.z = r.area / info->stride / info->stride * info->latent_channels;
    r.rgb = vn_calloc(r.area, 3 * sizeof(float));
    r.gradient = vn_calloc(r.area, 3 * sizeof(float));
    r.latent = vn_calloc(r.z, sizeof(float));
    r.latent_gradient = vn_calloc(r.z, sizeof(float));
    assert_true(r.rgb && r.gradient && r.latent && r.latent_gradient);
    assert_int_equal(vn_pool_open(&r.pool, threads, NULL), VERNIS_OK);
    assert_int_equal(vn_pass_open(&r.pass, encoder, width, height, backward, r.pool, NULL), VERNIS_OK);
    for (size_t i = 0; i < 3 * r.area; i++)
        r.rgb[i] = vn_rng_unit(7, width, i);
    return r;
}

static void run_both(Run *r) {
    vn_pass_forward(r->pass, r->rgb, r->latent);
    memcpy(r->latent_gradient, r->latent, r->z * sizeof(float));
    vn_pass_backward(r->pass, r->latent_gradient, r->gradient);
}

static void run_close(Run *r) {
    vn_pass_close(&r->pass);
    vn_pool_close(&r->pool);
    vn_free(r->rgb);
    vn_free(r->gradient);
    vn_free(r->latent);
    vn_free(r->latent_gradient);
}

static void matches_pytorch(const char *name, VnCpu cpu) {
    char path[512];
    VnMap map;
    VnTensors *tensors;
    snprintf(path, sizeof path, DATA_DIR "/%s.golden.safetensors", name);
    assert_int_equal(vn_map_open(&map, path, NULL), VERNIS_OK);
    assert_int_equal(vn_tensors_open(&tensors, map.data, map.size, NULL), VERNIS_OK);
    const size_t *shape = vn_tensors_find(tensors, "rgb")->shape;
    VnEncoder *encoder = open_model(name);
    Run r = run_open(encoder, (uint32_t)shape[2], (uint32_t)shape[1], true, 2);
    size_t area, z, g;
    float *rgb = golden(tensors, "rgb", &area), *latent = golden(tensors, "latent", &z);
    float *gradient = golden(tensors, "gradient", &g);
    assert_int_equal(area, 3 * r.area);
    assert_int_equal(z, r.z);
    memcpy(r.rgb, rgb, area * sizeof *rgb);
    run_both(&r);
    double forward = cpu == VN_CPU_AMX ? 1e-4 : 5e-6, backward = cpu == VN_CPU_AMX ? 2e-2 : 5e-6;
    if (!(distance(r.latent, latent, z) < forward) || !(distance(r.gradient, gradient, g) < backward))
        fail_msg("%s on %s: latent off by %.2e, gradient by %.2e", name, vn_cpu_name(cpu),
                 distance(r.latent, latent, z), distance(r.gradient, gradient, g));
    vn_free(rgb);
    vn_free(latent);
    vn_free(gradient);
    run_close(&r);
    vn_encoder_close(&encoder);
    vn_tensors_close(&tensors);
    vn_map_close(&map);
}

static void test_goldens(void **state) {
    (void)state;
    for (int cpu = vn_cpu_detect(); cpu >= VN_CPU_SCALAR; cpu--) {
        assert_int_equal(vn_kern_init((VnCpu)cpu), cpu);
        for (unsigned i = 0; i < MODELS; i++)
            matches_pytorch(models[i], (VnCpu)cpu);
    }
    vn_kern_init(VN_CPU_AMX);
}

static void test_info(void **state) {
    (void)state;
    static const VnEncoderInfo want[MODELS] = {
        {.name = "golden-t8_plain", .family = "T8", .stride = 8, .latent_channels = 4, .width = 6},
        {.name = "golden-t8_pool", .family = "T8", .stride = 8, .latent_channels = 5, .width = 8, .pooled = true},
        {.name = "golden-t8_skip", .family = "T8", .stride = 8, .latent_channels = 3, .width = 6, .pooled = true},
        {.name = "golden-t32", .family = "T32", .stride = 32, .latent_channels = 4, .width = 8},
        {.name = "golden-s8", .family = "S8", .stride = 8, .latent_channels = 6, .width = 8, .pooled = true}};
    for (unsigned i = 0; i < MODELS; i++) {
        VnEncoder *encoder = open_model(models[i]);
        const VnEncoderInfo *info = vn_encoder_info(encoder);
        assert_string_equal(info->name, want[i].name);
        assert_string_equal(info->family, want[i].family);
        assert_int_equal(info->stride, want[i].stride);
        assert_int_equal(info->latent_channels, want[i].latent_channels);
        assert_int_equal(info->width, want[i].width);
        assert_int_equal(info->pooled, want[i].pooled);
        vn_encoder_close(&encoder);
        assert_null(encoder);
    }
    /* t8_plain by hand: 3 blocks a level of 3 * 9 * 36 each, one at full size; 9 * 36 per stride; 9 * 18 in, 9 * 24 out
     */
    VnEncoder *encoder = open_model("t8_plain");
    double block = 3 * 9 * 36, down = 9 * 36;
    double macs = 9 * 18 + block + (down + 3 * block) / 4 + (down + 3 * block) / 16 + (down + 3 * block + 9 * 24) / 64;
    assert_float_equal(vn_encoder_info(encoder)->macs_per_pixel, macs, 1e-9);
    assert_int_equal(vn_encoder_info(encoder)->parameters,
                     9 * 18 + 6 + 10 * (3 * (9 * 36 + 6)) + 3 * 9 * 36 + 9 * 24 + 4);
    assert_int_equal(vn_encoder_info(encoder)->file_bytes, 50208);
    vn_encoder_close(&encoder);
}

/* Sizes that cross every chunk of the convolutions: one cell, wide and tall beyond a gemm's pixels, odd multiples. */
static void test_threads_and_passes(void **state) {
    (void)state;
    static const uint32_t sizes[][2] = {{32, 32}, {1632, 32}, {32, 1632}, {352, 288}};
    for (unsigned i = 0; i < MODELS; i++) {
        VnEncoder *encoder = open_model(models[i]);
        for (unsigned s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            Run one = run_open(encoder, sizes[s][0], sizes[s][1], true, 1);
            Run three = run_open(encoder, sizes[s][0], sizes[s][1], true, 3);
            Run forward = run_open(encoder, sizes[s][0], sizes[s][1], false, 2);
            run_both(&one);
            run_both(&three);
            run_both(&three); /* a pass leaves nothing behind */
            vn_pass_forward(forward.pass, forward.rgb, forward.latent);
            assert_true(distance(three.latent, one.latent, one.z) < 1e-6);
            assert_true(distance(three.gradient, one.gradient, 3 * one.area) < 1e-6);
            assert_true(distance(forward.latent, one.latent, one.z) < 1e-6);
            assert_true(vn_pass_bytes(forward.pass) < vn_pass_bytes(three.pass));
            run_close(&one);
            run_close(&three);
            run_close(&forward);
        }
        vn_encoder_close(&encoder);
    }
}

/* The slope of <u, z> along the gradient's own direction, from both sides, is the gradient's norm: any other vector
 * would promise more than it gives. Small steps, because each ReLU's corner that they cross is an error. */
static void test_finite_differences(void **state) {
    (void)state;
    vn_kern_init(VN_CPU_AVX512); /* differences this small drown in bfloat16 */
    for (unsigned i = 0; i < MODELS; i++) {
        VnEncoder *encoder = open_model(models[i]);
        Run r = run_open(encoder, 64, 64, true, 2);
        float *u = vn_malloc(r.z * sizeof *u), *x = vn_malloc(3 * r.area * sizeof *x);
        assert_true(u && x);
        for (size_t k = 0; k < r.z; k++)
            u[k] = vn_rng_normal(1, i, k);
        memcpy(x, r.rgb, 3 * r.area * sizeof *x);
        vn_pass_forward(r.pass, r.rgb, r.latent);
        memcpy(r.latent_gradient, u, r.z * sizeof *u);
        vn_pass_backward(r.pass, r.latent_gradient, r.gradient);
        double norm = 0, change = 0;
        for (size_t k = 0; k < 3 * r.area; k++)
            norm += (double)r.gradient[k] * r.gradient[k];
        norm = sqrt(norm);
        double step = 3e-6 * sqrt(3 * (double)r.area);
        for (int side = -1; side <= 1; side += 2) {
            for (size_t k = 0; k < 3 * r.area; k++)
                r.rgb[k] = (float)((double)x[k] + side * step / norm * (double)r.gradient[k]);
            vn_pass_forward(r.pass, r.rgb, r.latent);
            for (size_t k = 0; k < r.z; k++)
                change += side * (double)u[k] * r.latent[k];
        }
        double slope = change / (2 * step);
        if (!(fabs(slope / norm - 1) < 5e-3))
            fail_msg("%s: gradient's norm %.6f, slope %.6f", models[i], norm, slope);
        vn_free(u);
        vn_free(x);
        run_close(&r);
        vn_encoder_close(&encoder);
    }
    vn_kern_init(VN_CPU_AMX);
}

static void test_pass_refusals(void **state) {
    (void)state;
    VnEncoder *encoder = open_model("t8_plain");
    static const struct {
        uint32_t width, height;
        VernisStatus status;
    } bad[] = {{0, 8, VERNIS_E_ARGUMENT}, {8, 0, VERNIS_E_ARGUMENT},  {12, 8, VERNIS_E_ARGUMENT},
               {8, 7, VERNIS_E_ARGUMENT}, {65544, 8, VERNIS_E_LIMIT}, {8, 4294967288u, VERNIS_E_LIMIT}};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        VnError err = {0};
        VnPass *pass;
        assert_int_equal(vn_pass_open(&pass, encoder, bad[i].width, bad[i].height, true, NULL, &err), bad[i].status);
        assert_null(pass);
        assert_int_not_equal(err.text[0], 0);
    }
    VnPass *none = NULL;
    vn_pass_close(&none);
    vn_encoder_close(&encoder);
    vn_encoder_close(&encoder);
}

static void test_builtins(void **state) {
    (void)state;
    for (size_t i = 0; i < vn_builtin_count(); i++) {
        VnError err = {0};
        VnEncoder *encoder;
        if (vn_builtin_open(&encoder, i, &err) != VERNIS_OK)
            fail_msg("%s: %s", vn_builtin_name(i), err.text);
        assert_string_equal(vn_encoder_info(encoder)->name, vn_builtin_name(i));
        assert_true(vn_encoder_info(encoder)->macs_per_pixel <= 45000);
        Run r = run_open(encoder, 64, 64, true, 2);
        run_both(&r);
        double energy = 0;
        for (size_t k = 0; k < 3 * r.area; k++)
            energy += (double)r.gradient[k] * r.gradient[k];
        assert_true(isfinite(energy) && energy > 0);
        run_close(&r);
        vn_encoder_close(&encoder);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),
        cmocka_unit_test(test_info),
        cmocka_unit_test(test_threads_and_passes),
        cmocka_unit_test(test_finite_differences),
        cmocka_unit_test(test_pass_refusals),
        cmocka_unit_test(test_builtins),
    };
    vn_kern_init(VN_CPU_AMX);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
