/* SPDX-License-Identifier: Apache-2.0 */
/* Whole encoders: against PyTorch's goldens (tools/make_nn_goldens.py), finite differences, and themselves under other
 * thread counts, instruction sets and sizes. */
#include "encoder_run.h"
#include "model_maker.h"

static const char *const models[] = {"t8_plain", "t8_pool", "t8_skip", "t32", "s8"};
enum { MODELS = sizeof models / sizeof *models };

static VnEncoder *open_model(const char *name) {
    char path[512];
    VnError err = {0};
    VnEncoder *encoder;
    snprintf(path, sizeof path, DATA_DIR "/%s.safetensors", name);
    if (vn_encoder_open(&encoder, path, &err) != VERNIS_OK)
        fail_msg("%s", err.text);
    return encoder;
}

static void test_goldens(void **state) {
    (void)state;
    for (int cpu = vn_cpu_detect(); cpu >= VN_CPU_SCALAR; cpu--) {
        assert_int_equal(vn_kern_init((VnCpu)cpu), cpu);
        for (unsigned i = 0; i < MODELS; i++) {
            VnEncoder *encoder = open_model(models[i]);
            matches_pytorch(encoder, models[i], 5e-6);
            vn_encoder_close(&encoder);
        }
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
        for (unsigned s = 0; s < sizeof sizes / sizeof *sizes; s++)
            threads_and_passes_agree(encoder, sizes[s][0], sizes[s][1]);
        vn_encoder_close(&encoder);
    }
}

static void test_finite_differences(void **state) {
    (void)state;
    vn_kern_init(VN_CPU_AVX512); /* differences this small drown in bfloat16 */
    for (unsigned i = 0; i < MODELS; i++) {
        VnEncoder *encoder = open_model(models[i]);
        matches_differences(encoder, 64, 64, i, 3e-6, 5e-3);
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
        assert_int_equal(vn_pass_open(&pass, encoder, bad[i].width, bad[i].height, true, NULL, NULL, &err),
                         bad[i].status);
        assert_null(pass);
        assert_int_not_equal(err.text[0], 0);
    }
    VnPass *none = NULL;
    vn_pass_close(&none);
    vn_encoder_close(&encoder);
    vn_encoder_close(&encoder);
}

/* What is needed is known and said before anything is taken. */
static void test_memory_plan(void **state) {
    (void)state;
    for (unsigned i = 0; i < MODELS; i++) {
        VnEncoder *encoder = open_model(models[i]);
        VnPool *pool;
        VnPass *pass;
        VnError err = {0};
        assert_int_equal(vn_pool_open(&pool, 2, NULL), VERNIS_OK);
        for (int backward = 0; backward < 2; backward++) {
            size_t plan = vn_pass_plan(encoder, 96, 64, backward, 2), used = vn_mem_used();
            assert_int_equal(vn_pass_open(&pass, encoder, 96, 64, backward, NULL, pool, NULL), VERNIS_OK);
            assert_int_equal(vn_pass_bytes(pass), plan);
            assert_true(vn_mem_used() - used >= plan);
            vn_pass_close(&pass);
        }
        size_t plan = vn_pass_plan(encoder, 8192, 4096, true, 2), used = vn_mem_used();
        vn_mem_limit(used + plan / 8);
        vn_mem_peak_reset();
        assert_int_equal(vn_pass_open(&pass, encoder, 8192, 4096, true, NULL, pool, &err), VERNIS_E_MEMORY);
        vn_mem_limit(0);
        assert_true(vn_mem_peak() - used < 1 << 20);
        double megabytes = 0;
        assert_non_null(strstr(err.text, "at 8192x4096 pixels needs"));
        assert_int_equal(sscanf(strstr(err.text, "needs"), "needs %lf MB", &megabytes), 1);
        assert_true(megabytes * 1e6 > (double)plan / 8 && megabytes < (double)plan / 1e6 + 1);
        assert_true(vn_pass_plan(encoder, 65536, 65536, true, 2) > plan * 100);
        vn_pool_close(&pool);
        vn_encoder_close(&encoder);
    }
}

/* T8 and T32, and a T8 that is wide enough for every kernel. */
static VnEncoder *open_tall(unsigned i) {
    if (i < 4)
        return open_model(models[i]);
    VnEncoder *encoder;
    Maker m = {0};
    make_t8(&m, "", 32, 4);
    VnBytes file = make_file(&m);
    assert_int_equal(vn_encoder_open_bytes(&encoder, file.data, file.size, "t8_wide", NULL), VERNIS_OK);
    vn_bytes_free(&file);
    return encoder;
}

static void assert_same_passes(const Run *a, const Run *b) {
    assert_true(distance(a->latent, b->latent, b->z) < 1e-6);
    assert_true(distance(a->gradient, b->gradient, 3 * b->area) < 1e-6);
}

/* Strips of other heights give the same: more threads make them higher, a limit on memory lower. */
static void test_strips(void **state) {
    (void)state;
    enum { WIDTH = 32, HEIGHT = 2048 };
    for (unsigned i = 0; i < 5; i++) {
        VnEncoder *encoder = open_tall(i);
        Run usual = run_open(encoder, WIDTH, HEIGHT, true, 1), other = run_open(encoder, WIDTH, HEIGHT, true, 16);
        size_t need = vn_pass_bytes(usual.pass);
        run_both(&usual);
        run_both(&other);
        assert_same_passes(&other, &usual);
        vn_pass_close(&other.pass);
        memset(other.latent, 0, other.z * sizeof(float));
        vn_mem_limit(vn_mem_used() + need - 1);
        assert_int_equal(vn_pass_open(&other.pass, encoder, WIDTH, HEIGHT, true, NULL, usual.pool, NULL), VERNIS_OK);
        vn_mem_limit(0);
        assert_true(vn_pass_bytes(other.pass) < need);
        run_both(&other);
        assert_same_passes(&other, &usual);
        run_close(&usual);
        run_close(&other);
        vn_encoder_close(&encoder);
    }
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
        cmocka_unit_test(test_memory_plan),
        cmocka_unit_test(test_strips),
        cmocka_unit_test(test_builtins),
    };
    vn_kern_init(VN_CPU_AMX);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
