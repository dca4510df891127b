/* SPDX-License-Identifier: Apache-2.0 */
/* KL encoders: every spelling and type against PyTorch's goldens, finite differences, and what is said about files that
 * lack something. */
#include "encoder_run.h"
#include "kl_maker.h"

#include <unistd.h>

enum { SHAPES = sizeof kl_shapes / sizeof *kl_shapes };

static VnEncoder *open_kl(const KlShape *shape, KlSpelling spelling, const char *dtype) {
    VnBytes file = kl_file(shape, spelling, dtype);
    VnEncoder *encoder;
    VnError err = {0};
    if (vn_encoder_open_bytes(&encoder, file.data, file.size, shape->golden, &err) != VERNIS_OK)
        fail_msg("%s, spelling %d: %s", shape->golden, spelling, err.text);
    vn_bytes_free(&file);
    return encoder;
}

static void test_goldens(void **state) {
    (void)state;
    static const char *const dtypes[] = {"F32", "F16", "BF16"};
    for (unsigned i = 0; i < SHAPES; i++) {
        for (unsigned spelling = 0; spelling < KL_SPELLINGS; spelling++) {
            VnEncoder *encoder = open_kl(&kl_shapes[i], (KlSpelling)spelling, dtypes[(i + spelling) % 3]);
            matches_pytorch(encoder, kl_shapes[i].golden, 5e-4);
            vn_encoder_close(&encoder);
        }
    }
}

static void test_goldens_on_every_set(void **state) {
    (void)state;
    for (int cpu = vn_cpu_detect(); cpu >= VN_CPU_SCALAR; cpu--) {
        assert_int_equal(vn_kern_init((VnCpu)cpu), cpu);
        for (unsigned i = 0; i < SHAPES; i++) {
            VnEncoder *encoder = open_kl(&kl_shapes[i], KL_DIFFUSERS, "F32");
            matches_pytorch(encoder, kl_shapes[i].golden, 5e-4);
            vn_encoder_close(&encoder);
        }
    }
    vn_kern_init(VN_CPU_AMX);
}

static void test_info(void **state) {
    (void)state;
    VnEncoder *encoder = open_kl(&kl_shapes[1], KL_CHECKPOINT, "F16");
    const VnEncoderInfo *info = vn_encoder_info(encoder);
    assert_string_equal(info->family, "KL");
    assert_int_equal(info->stride, 2);
    assert_int_equal(info->latent_channels, 16);
    assert_int_equal(info->width, 32);
    /* By hand: conv_in; a block and downsampling; a block, attention; block, attention, block, conv_out. */
    double conv = 9 * 32 * 32, block = 2 * conv, attention = 4 * 32 * 32;
    assert_float_equal(info->macs_per_pixel, 9 * 3 * 32 + block + (conv + 3 * block + 2 * attention + 9 * 32 * 32) / 4,
                       1e-6);
    assert_float_equal(info->attention_macs, 2 * 2 * 32 / 16.0, 1e-9);
    size_t layer = 9 * 32 * 32 + 32, residual = 2 * layer + 4 * 32;
    assert_int_equal(info->parameters, (27 + 1) * 32 + residual + layer + 3 * residual + 2 * (64 + 4 * (32 * 32 + 32)) +
                                           64 + 9 * 32 * 32 + 32);
    assert_true(info->weight_bytes > 4 * info->parameters && info->weight_bytes < 20 * info->parameters);
    vn_encoder_close(&encoder);
}

static void test_threads_and_passes(void **state) {
    (void)state;
    static const uint32_t sizes[][2] = {{4, 4}, {4, 52}, {100, 8}, {68, 44}};
    for (unsigned i = 0; i < SHAPES; i++) {
        VnEncoder *encoder = open_kl(&kl_shapes[i], KL_VAE, "BF16");
        for (unsigned s = 0; s < sizeof sizes / sizeof *sizes; s++)
            threads_and_passes_agree(encoder, sizes[s][0], sizes[s][1]);
        vn_encoder_close(&encoder);
    }
}

static void test_finite_differences(void **state) {
    (void)state;
    vn_kern_init(VN_CPU_AVX512); /* differences this small drown in bfloat16 */
    for (unsigned i = 0; i < SHAPES; i++) {
        VnEncoder *encoder = open_kl(&kl_shapes[i], KL_DIFFUSERS_OLD, "F32");
        matches_differences(encoder, 36, 28, i, 1e-4, 2e-3);
        vn_encoder_close(&encoder);
    }
    vn_kern_init(VN_CPU_AMX);
}

/* Values that are needed at the same time do not share memory: what a pass gives does not depend on what another picture
 * left in it. */
static void test_passes_forget(void **state) {
    (void)state;
    VnEncoder *encoder = open_kl(&kl_shapes[0], KL_COMPVIS, "F32");
    Run r = run_open(encoder, 32, 40, true, 1), s = run_open(encoder, 32, 40, true, 1);
    for (size_t i = 0; i < 3 * s.area; i++)
        s.rgb[i] = 100 - s.rgb[i];
    run_both(&s);
    memcpy(s.rgb, r.rgb, 3 * r.area * sizeof *r.rgb);
    run_both(&r);
    run_both(&s);
    assert_memory_equal(r.gradient, s.gradient, 3 * r.area * sizeof *r.gradient);
    run_close(&r);
    run_close(&s);
    vn_encoder_close(&encoder);
}

static void test_wrong_tensors(void **state) {
    (void)state;
    static const struct {
        KlSpelling spelling;
        const char *from, *to, *text;
    } bad[] = {
        {KL_COMPVIS, "down.0.block.1.norm2.bias", "down.0.block.1.norm2.bios",
         "tensor 'encoder.down.0.block.1.norm2.bias' is missing (a KL encoder needs it)"},
        {KL_CHECKPOINT, "first_stage_model.encoder.mid.attn_1.k.weight",
         "first_stage_model.encoder.mid.attn_1.j.weight",
         "tensor 'first_stage_model.encoder.mid.attn_1.k.weight' is missing"},
        {KL_DIFFUSERS, "downsamplers.0.conv.weight", "downsamplers.1.conv.weight",
         "tensor 'encoder.down_blocks.0.downsamplers.0.conv.weight' is missing"},
        {KL_DIFFUSERS, "encoder.conv_norm_out.weight", "encoder.conv_norm_our.weight",
         "tensor 'encoder.conv_norm_out.weight' is missing"},
        {KL_DIFFUSERS, "mid_block.resnets.1.conv1.weight", "mid_block.resnets.2.conv1.weight",
         "tensor 'encoder.mid_block.resnets.1.conv1.weight' is missing"},
        {KL_DIFFUSERS, "[64,32,1,1]", "[32,64,1,1]",
         "tensor 'encoder.down_blocks.1.resnets.0.conv_shortcut.weight' has shape [32, 64, 1, 1]; a KL encoder needs "
         "[64, 32, 1, 1] there"},
        {KL_COMPVIS, "\"shape\":[8,8,1,1]", "\"shape\":[8,4,2,1]", "tensor 'quant_conv.weight' has shape [8, 4, 2, 1]"},
        {KL_COMPVIS, "\"shape\":[32,3,3,3]", "\"shape\":[32,3,9,1]",
         "has shape [32, 3, 9, 1]; a KL encoder needs [N, 3, 3, 3]"},
    };
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        VnBytes file = kl_file(&kl_shapes[0], bad[i].spelling, "F32");
        edit(&file, bad[i].from, bad[i].to);
        VnEncoder *encoder;
        VnError err = {0};
        assert_int_equal(vn_encoder_open_bytes(&encoder, file.data, file.size, "m", &err), VERNIS_E_MODEL);
        assert_null(encoder);
        if (!strstr(err.text, bad[i].text))
            fail_msg("%s for %s gave \"%s\"", bad[i].to, bad[i].from, err.text);
        vn_bytes_free(&file);
    }
}

/* A width that 32 groups do not divide, a single output, and more blocks than layers are kept for. */
static void test_odd_shapes(void **state) {
    (void)state;
    static const struct {
        KlShape shape;
        const char *text;
        VernisStatus status;
    } bad[] = {{{"", 1, {48}, {1}, -1, 2, 0}, "has 48 channels, not a multiple of 32 groups", VERNIS_E_MODEL},
               {{"", 1, {32}, {70}, -1, 2, 0}, "more than 64 layers", VERNIS_E_LIMIT},
               {{"", 8, {32, 32, 32, 32, 32, 32, 32, 32}, {1, 1, 1, 1, 1, 1, 1, 1}, -1, 2, 0},
                "a stride of 128 pixels; at most 64 are possible",
                VERNIS_E_LIMIT}};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        VnBytes file = kl_file(&bad[i].shape, KL_COMPVIS, "F16");
        VnEncoder *encoder;
        VnError err = {0};
        assert_int_equal(vn_encoder_open_bytes(&encoder, file.data, file.size, "m", &err), bad[i].status);
        if (!strstr(err.text, bad[i].text))
            fail_msg("\"%s\", not \"%s\"", err.text, bad[i].text);
        vn_bytes_free(&file);
    }
}

/* Not a number elsewhere in a full checkpoint is none of the encoder's business; in its own tensors it is. */
static void test_not_finite(void **state) {
    (void)state;
    VnBytes file = kl_file(&kl_shapes[1], KL_CHECKPOINT, "F32");
    memset(file.data + file.size - 4, 255, 4);
    VnEncoder *encoder;
    VnError err = {0};
    assert_int_equal(vn_encoder_open_bytes(&encoder, file.data, file.size, "m", &err), VERNIS_OK);
    vn_encoder_close(&encoder);
    size_t last = 4 * (288 + 108 + 1 + 4), after = file.size - last - 4;
    memset(file.data + after, 255, 4); /* the encoder's last value: conv_out's bias */
    assert_int_equal(vn_encoder_open_bytes(&encoder, file.data, file.size, "m", &err), VERNIS_E_MODEL);
    assert_string_equal(err.text, "tensor 'first_stage_model.encoder.conv_out.bias': value 31 is not finite");
    vn_bytes_free(&file);
}

/* An encoder at the end of 6 GB of other tensors, which are a hole in the file: it opens without reading them. */
static void test_large_checkpoint(void **state) {
    (void)state;
    const uint64_t hole = (uint64_t)6 << 30;
    VnBytes model = kl_file(&kl_shapes[1], KL_CHECKPOINT, "F16");
    uint64_t length = 0;
    for (unsigned i = 0; i < 8; i++)
        length |= (uint64_t)model.data[i] << (8 * i);
    /* The same header with every offset moved, and the hole's tensor before the others. */
    VnBytes header = {0};
    char piece[160];
    int n = snprintf(piece, sizeof piece,
                     "{\"model.diffusion_model.all\":{\"dtype\":\"F16\",\"shape\":[%llu],\"data_offsets\":[0,%llu]},",
                     (unsigned long long)hole / 2, (unsigned long long)hole);
    assert_int_equal(vn_bytes_append(&header, piece, (size_t)n, NULL), VERNIS_OK);
    static const char key[] = "\"data_offsets\":[";
    const char *text = (const char *)model.data + 9, *end = (const char *)model.data + 8 + length;
    for (const char *next; (next = memmem(text, (size_t)(end - text), key, sizeof key - 1)); text = strchr(next, ']')) {
        unsigned long long from, to;
        next += sizeof key - 1;
        assert_int_equal(sscanf(next, "%llu,%llu", &from, &to), 2);
        assert_int_equal(vn_bytes_append(&header, text, (size_t)(next - text), NULL), VERNIS_OK);
        n = snprintf(piece, sizeof piece, "%llu,%llu", from + hole, to + hole);
        assert_int_equal(vn_bytes_append(&header, piece, (size_t)n, NULL), VERNIS_OK);
    }
    assert_int_equal(vn_bytes_append(&header, text, (size_t)(end - text), NULL), VERNIS_OK);
    char path[] = "/tmp/vernis_test_kl_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    uint64_t header_length = header.size;
    size_t data = model.size - 8 - (size_t)length;
    bool written = write(fd, &header_length, 8) == 8 && write(fd, header.data, header.size) == (ssize_t)header.size &&
                   pwrite(fd, end, data, (off_t)(8 + header.size + hole)) == (ssize_t)data;
    close(fd);
    vn_bytes_free(&model);
    vn_bytes_free(&header);
    VnEncoder *encoder = NULL;
    VnError err = {0};
    VernisStatus status = written ? vn_encoder_open(&encoder, path, &err) : VERNIS_OK;
    unlink(path);
    if (!written)
        skip(); /* a file system without room or without holes */
    if (status != VERNIS_OK)
        fail_msg("%s", err.text);
    assert_true(vn_encoder_info(encoder)->file_bytes > hole);
    matches_pytorch(encoder, kl_shapes[1].golden, 5e-4);
    vn_encoder_close(&encoder);
}

static void test_short_memory(void **state) {
    (void)state;
    VnBytes file = kl_file(&kl_shapes[1], KL_DIFFUSERS, "F16");
    size_t used = vn_mem_used();
    unsigned refused = 0;
    for (size_t limit = used + 1;; limit += 9973) {
        VnEncoder *encoder;
        VnPass *pass = NULL;
        VnError err = {0};
        vn_mem_limit(limit);
        VernisStatus status = vn_encoder_open_bytes(&encoder, file.data, file.size, "m", &err);
        if (status == VERNIS_OK)
            status = vn_pass_open(&pass, encoder, 32, 32, true, NULL, NULL, &err);
        vn_mem_limit(0);
        vn_pass_close(&pass);
        vn_encoder_close(&encoder);
        assert_int_equal(vn_mem_used(), used);
        if (status == VERNIS_OK)
            break;
        assert_int_equal(status, VERNIS_E_MEMORY);
        refused++;
    }
    assert_true(refused > 20);
    vn_bytes_free(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),
        cmocka_unit_test(test_goldens_on_every_set),
        cmocka_unit_test(test_info),
        cmocka_unit_test(test_threads_and_passes),
        cmocka_unit_test(test_finite_differences),
        cmocka_unit_test(test_passes_forget),
        cmocka_unit_test(test_wrong_tensors),
        cmocka_unit_test(test_odd_shapes),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_large_checkpoint),
        cmocka_unit_test(test_short_memory),
    };
    vn_kern_init(VN_CPU_AMX);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
