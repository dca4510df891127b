/* SPDX-License-Identifier: Apache-2.0 */
/* Decoders: against PyTorch's golden (tools/make_nn_goldens.py), under other thread counts, and what is said about files
 * that are none. */
#include "encoder_run.h"
#include "model_maker.h"
#include "nn/decoder.h"

enum { CELLS_WIDE = 7, CELLS_HIGH = 5, STRIDE = 6, PIXELS = CELLS_WIDE * CELLS_HIGH * STRIDE * STRIDE };

static VnBytes read_model(const char *name) {
    char path[512];
    VnBytes file = {0};
    VnMap map;
    snprintf(path, sizeof path, DATA_DIR "/%s.safetensors", name);
    assert_int_equal(vn_map_open(&map, path, NULL), VERNIS_OK);
    assert_int_equal(vn_bytes_append(&file, map.data, map.size, NULL), VERNIS_OK);
    vn_map_close(&map);
    return file;
}

static VnDecoder *open_golden(void) {
    VnBytes file = read_model("decoder");
    VnDecoder *decoder;
    VnError err = {0};
    if (vn_decoder_open_bytes(&decoder, file.data, file.size, "unused", &err) != VERNIS_OK)
        fail_msg("%s", err.text);
    vn_bytes_free(&file);
    return decoder;
}

static void test_golden(void **state) {
    (void)state;
    VnBytes file = read_model("decoder.golden");
    VnTensors *tensors;
    size_t z, n;
    assert_int_equal(vn_tensors_open(&tensors, file.data, file.size, NULL), VERNIS_OK);
    float *latent = golden(tensors, "latent", &z), *want = golden(tensors, "rgb", &n), *rgb = vn_calloc(n, sizeof *rgb);
    assert_non_null(rgb);
    assert_int_equal(n, 3 * PIXELS);
    assert_int_equal(z, 4 * CELLS_WIDE * CELLS_HIGH);
    for (int cpu = vn_cpu_detect(); cpu >= VN_CPU_SCALAR; cpu--) {
        assert_int_equal(vn_kern_init((VnCpu)cpu), cpu);
        VnDecoder *decoder = open_golden();
        for (unsigned threads = 1; threads < 4; threads += 2) {
            VnPool *pool;
            size_t before = vn_mem_used();
            assert_int_equal(vn_pool_open(&pool, threads, NULL), VERNIS_OK);
            assert_int_equal(vn_decoder_run(decoder, latent, CELLS_WIDE, CELLS_HIGH, rgb, pool, NULL), VERNIS_OK);
            vn_pool_close(&pool);
            assert_int_equal(vn_mem_used(), before);
            double limit = cpu == VN_CPU_AMX ? 1e-4 : 5e-6;
            if (!(distance(rgb, want, n) < limit))
                fail_msg("on %s: off by %.2e", vn_cpu_name((VnCpu)cpu), distance(rgb, want, n));
            for (size_t i = 0; i < n; i++)
                assert_true(rgb[i] >= 0 && rgb[i] <= 1);
        }
        vn_decoder_close(&decoder);
        assert_null(decoder);
    }
    vn_kern_init(VN_CPU_AMX);
    vn_free(latent);
    vn_free(want);
    vn_free(rgb);
    vn_tensors_close(&tensors);
    vn_bytes_free(&file);
}

static void test_info(void **state) {
    (void)state;
    VnDecoder *decoder = open_golden();
    const VnDecoderInfo *info = vn_decoder_info(decoder);
    assert_string_equal(info->name, "golden-decoder");
    assert_string_equal(info->encoder, "golden-s8");
    assert_int_equal(info->latent_channels, 4);
    assert_int_equal(info->stride, STRIDE);
    double cell = 9 * (4 * 6 + 3 * 36 + 6 * 20), finer = 9 * (3 * 25 + 5 * 27);
    assert_float_equal(info->macs_per_pixel, cell / 36 + finer / 9, 1e-9);
    assert_int_equal(info->parameters, cell + finer + 6 + 3 * 6 + 20 + 3 * 5 + 27);
    vn_decoder_close(&decoder);
}

/* Too large to be counted, and too large for the memory allowed: said before anything is written. */
static void test_refusals(void **state) {
    (void)state;
    VnDecoder *decoder = open_golden();
    VnError err = {0};
    float nothing;
    assert_int_equal(vn_decoder_run(decoder, &nothing, 65536 / STRIDE + 1, 1, &nothing, NULL, &err), VERNIS_E_LIMIT);
    assert_non_null(strstr(err.text, "10923x1 cells"));
    err = (VnError){0};
    vn_mem_limit(vn_mem_used() + (1 << 20));
    assert_int_equal(vn_decoder_run(decoder, &nothing, 512, 512, &nothing, NULL, &err), VERNIS_E_MEMORY);
    vn_mem_limit(0);
    assert_non_null(strstr(err.text, "golden-decoder"));
    vn_decoder_close(&decoder);
}

static void test_wrong_files(void **state) {
    (void)state;
    static const struct {
        const char *from, *to, *text;
    } bad[] = {
        {"vernis.decodes", "vernis.encodes", "is no decoder"},
        {"decoder.0.weight", "decoder.0.veight", "a S8 decoder begins with a convolution"},
        {"decoder.0.bias", "decoder.9.bias", "tensor 'decoder.0.bias' is missing (a S8 decoder needs it)"},
        {"decoder.2.conv.4.bias", "decoder.2.conv.5.bias", "tensor 'decoder.2.conv.4.bias' is missing"},
        {"decoder.7.weight", "decoder.7.veight", "ends with 5 channels; a S8 decoder ends with a convolution"},
        {"[6,4,3,3]", "[4,6,3,3]", "tensor 'decoder.0.bias' has shape [6]; a S8 decoder needs [4] there"},
        {"[6,4,3,3]", "[6,3,4,3]",
         "tensor 'decoder.0.weight' has shape [6, 3, 4, 3]; a S8 decoder needs [N, N, 3, 3] there"},
        {"[20,6,3,3]", "[6,20,3,3]",
         "tensor 'decoder.3.weight' has shape [6, 20, 3, 3]; a S8 decoder needs [N, 6, 3, 3] there"},
        {"[27,5,3,3]", "[9,15,3,3]",
         "tensor 'decoder.7.weight' has shape [9, 15, 3, 3]; a S8 decoder needs [N, 5, 3, 3] there"},
    };
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        VnBytes file = read_model("decoder");
        VnDecoder *decoder;
        VnError err = {0};
        size_t before = vn_mem_used();
        edit(&file, bad[i].from, bad[i].to);
        VernisStatus status = vn_decoder_open_bytes(&decoder, file.data, file.size, "bad", &err);
        if (status != VERNIS_E_MODEL || !strstr(err.text, bad[i].text))
            fail_msg("%s: %s", bad[i].to, err.text);
        assert_null(decoder);
        assert_int_equal(vn_mem_used(), before);
        vn_bytes_free(&file);
    }
    VnBytes file = read_model("s8");
    VnDecoder *decoder;
    assert_int_equal(vn_decoder_open_bytes(&decoder, file.data, file.size, "s8", NULL), VERNIS_E_MODEL);
    assert_int_equal(vn_decoder_open_bytes(&decoder, file.data, 100, "s8", NULL), VERNIS_E_FORMAT);
    vn_bytes_free(&file);
}

/* Squares of squares: a few small tensors must not ask for a picture beyond counting. */
static void test_stride_is_bounded(void **state) {
    (void)state;
    Maker m = {0};
    for (unsigned i = 0; i < 5; i++) /* 8 pixels a side each time */
        make_conv(&m, "decoder.", i, "", i ? 3 : 4, 192, 3, 1);
    VnBytes file = make_file(&m);
    VnDecoder *decoder;
    VnError err = {0};
    assert_int_equal(vn_decoder_open_bytes(&decoder, file.data, file.size, "deep", &err), VERNIS_E_MODEL);
    static const char meta[] = "\"__metadata__\":{\"vernis.decodes\":\"x\"},";
    uint64_t length = 0;
    for (unsigned i = 0; i < 8; i++)
        length |= (uint64_t)file.data[i] << 8 * i;
    VnBytes header = {0};
    assert_int_equal(vn_bytes_append(&header, "{", 1, NULL), VERNIS_OK);
    assert_int_equal(vn_bytes_append(&header, meta, sizeof meta - 1, NULL), VERNIS_OK);
    assert_int_equal(vn_bytes_append(&header, file.data + 9, length - 1, NULL), VERNIS_OK);
    assert_int_equal(vn_bytes_append(&header, "", 1, NULL), VERNIS_OK);
    VnBytes deep = file_of((const char *)header.data, file.data + 8 + length, file.size - 8 - length);
    assert_int_equal(vn_decoder_open_bytes(&decoder, deep.data, deep.size, "deep", &err), VERNIS_E_LIMIT);
    vn_bytes_free(&deep);
    vn_bytes_free(&header);
    vn_bytes_free(&file);
}

/* An encoder says what a decoder is, and the built-in one paints something that resembles the picture. */
static void test_beside_encoders(void **state) {
    (void)state;
    VnBytes file = read_model("decoder"), other = read_model("s8");
    VnEncoder *encoder;
    VnDecoder *decoder;
    VnError err = {0};
    assert_int_equal(vn_encoder_open_bytes(&encoder, file.data, file.size, "d", &err), VERNIS_E_MODEL);
    assert_non_null(strstr(err.text, "is a decoder, which paints what golden-s8 sees"));
    assert_int_equal(vn_encoder_open_bytes(&encoder, other.data, other.size, "s8", NULL), VERNIS_OK);
    assert_int_equal(vn_decoder_open_for(&decoder, encoder, NULL), VERNIS_OK);
    assert_null(decoder);
    vn_encoder_close(&encoder);
    vn_bytes_free(&file);
    vn_bytes_free(&other);
    for (size_t i = 0; i < vn_builtin_count(); i++) {
        assert_int_equal(vn_builtin_open(&encoder, i, NULL), VERNIS_OK);
        if (vn_decoder_open_for(&decoder, encoder, &err) != VERNIS_OK)
            fail_msg("%s", err.text);
        assert_int_equal(decoder != NULL, vn_builtin_decoder_name(i) != NULL);
        if (decoder) {
            enum { SIDE = 128 };
            assert_string_equal(vn_decoder_info(decoder)->name, vn_builtin_decoder_name(i));
            assert_string_equal(vn_decoder_info(decoder)->encoder, vn_builtin_name(i));
            Run r = run_open(encoder, SIDE, SIDE, false, 2);
            for (size_t k = 0; k < 3 * r.area; k++) { /* a bright disc on a dark ground */
                double x = (double)(k % SIDE) - SIDE / 2., y = (double)(k / SIDE % SIDE) - SIDE / 2.;
                r.rgb[k] = x * x + y * y < 1600 ? 0.8f : 0.2f;
            }
            vn_pass_forward(r.pass, r.rgb, r.latent);
            unsigned stride = vn_encoder_info(encoder)->stride;
            assert_int_equal(vn_decoder_run(decoder, r.latent, SIDE / stride, SIDE / stride, r.gradient, r.pool, &err),
                             VERNIS_OK);
            double flat = sqrt(0.5 * 0.5 * 3 * (double)r.area), norm = 0; /* against mid-grey */
            for (size_t k = 0; k < 3 * r.area; k++)
                norm += (double)r.rgb[k] * r.rgb[k];
            assert_true(distance(r.gradient, r.rgb, 3 * r.area) * sqrt(norm) < 0.25 * flat);
            run_close(&r);
        }
        vn_decoder_close(&decoder);
        vn_encoder_close(&encoder);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_info),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_stride_is_bounded),
        cmocka_unit_test(test_beside_encoders),
    };
    vn_kern_init(VN_CPU_AMX);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
