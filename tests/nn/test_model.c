/* SPDX-License-Identifier: Apache-2.0 */
/* Which files are encoders, and what is said about those that are not. */
#include "model_maker.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "nn/encoder.h"

static VernisStatus open_file(VnBytes *file, VnEncoderInfo *info, VnError *err) {
    VnEncoder *encoder;
    VernisStatus status = vn_encoder_open_bytes(&encoder, file->data, file->size, "a model", err);
    if (status == VERNIS_OK)
        *info = *vn_encoder_info(encoder);
    vn_encoder_close(&encoder);
    vn_bytes_free(file);
    return status;
}

static void test_repeats(void **state) {
    (void)state;
    for (unsigned quarter = 1; quarter < 4; quarter++) {
        for (unsigned eighth = 1; eighth < 5; eighth++) {
            Maker m = make_s8(eighth & 1 ? "" : "encoder.layers.", quarter, eighth);
            if (!(eighth & 1)) /* the rest of an autoencoder is passed over */
                make_conv(&m, "decoder.layers.", 1, "", 2, 4, 3, 1);
            VnBytes file = make_file(&m);
            VnEncoderInfo info;
            VnError err = {0};
            if (open_file(&file, &info, &err) != VERNIS_OK)
                fail_msg("%u and %u blocks: %s", quarter, eighth, err.text);
            assert_string_equal(info.family, "S8");
            assert_string_equal(info.name, "a_model");
            double block = 3 * 9 * 16;
            assert_float_equal(info.macs_per_pixel,
                               9 * 12 / 4. + (9 * 16 + quarter * block) / 16 + (9 * 16 + eighth * block + 9 * 8) / 64,
                               1e-9);
        }
    }
    Maker m = make_s8("", 0, 1);
    VnBytes file = make_file(&m);
    VnEncoderInfo info;
    VnError err = {0};
    assert_int_equal(open_file(&file, &info, &err), VERNIS_E_MODEL);
    assert_string_equal(err.text,
                        "layer 4 is a 3x3 convolution without bias, but a T32 encoder has a residual block there");
}

/* Inside a larger file, whatever comes before the layer's number. */
static void test_prefixes(void **state) {
    (void)state;
    static const char *const prefixes[] = {"", "encoder.layers.", "vae.encoder.layers.", "taesd_encoder.",
                                           "a.b.encoder."};
    for (unsigned i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        Maker m = {0};
        make_tensor(&m, "model.diffusion_model.input_blocks.0.0.weight", "[4,4,3,3]", 144);
        make_tensor(&m, "cond.logit_scale", "[]", 1);
        make_t8(&m, prefixes[i], 4, 3);
        make_conv(&m, "decoder.layers.", 0, "", 3, 4, 3, 1); /* also three channels wide, but no layers follow */
        VnBytes file = make_file(&m);
        VnEncoderInfo info;
        VnError err = {0};
        if (open_file(&file, &info, &err) != VERNIS_OK)
            fail_msg("%s: %s", prefixes[i], err.text);
        assert_string_equal(info.family, "T8");
        assert_int_equal(info.latent_channels, 3);
        assert_int_equal(info.stride, 8);
    }
}

static void test_wrong_tensors(void **state) {
    (void)state;
    static const struct {
        const char *from, *to, *text;
    } bad[] = {
        {"\"5.conv.2.bias\"", "\"decoder.2.bia\"", "tensor '5.conv.2.bias' is missing (a S8 encoder needs it)"},
        {"\"5.conv.2.bias\"", "\"5.conv.3.bias\"", "tensor '5.conv.3.bias' belongs to no known encoder family"},
        {"\"9.conv.4.bias\"", "\"99.conv.4.bi\" ", "tensor '99.conv.4.bi' belongs to no known encoder family"},
        {"\"6.weight\"", "\"6.veight\"", "tensor '6.veight' belongs to no known"},
        {"\"0.weight\"", "\"1.weight\"", "the tensors belong to no known encoder family"},
        {"[4,3,3,3]", "[3,4,3,3]", "tensor '0.weight' has shape [3, 4, 3, 3]; a S8 encoder needs [N, 3, 3, 3] there"},
        {"[4,4,3,3]", "[2,8,3,3]", "tensor '2.weight' has shape [2, 8, 3, 3]; a S8 encoder needs [N, 4, 3, 3] there"},
        {"[4,4,3,3]", "[4,3,3,4]", "tensor '2.weight' has shape [4, 3, 3, 4]"},
        {"\"shape\":[4],", "\"shape\":4e0,", "lacks dtype, shape"},
    };
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        Maker m = make_s8("", 2, 4);
        VnBytes file = make_file(&m);
        edit(&file, bad[i].from, bad[i].to);
        VnEncoderInfo info;
        VnError err = {0};
        VernisStatus status = open_file(&file, &info, &err);
        if ((status != VERNIS_E_MODEL && status != VERNIS_E_FORMAT) || !strstr(err.text, bad[i].text))
            fail_msg("%s for %s gave \"%s\", not \"%s\"", bad[i].to, bad[i].from, err.text, bad[i].text);
    }
}

static void test_missing(void **state) {
    (void)state;
    Maker m = {0};
    make_conv(&m, "", 0, "", 3, 4, 3, 1);
    make_conv(&m, "", 1, "conv.0.", 4, 4, 3, 1);
    make_conv(&m, "", 1, "conv.2.", 4, 4, 3, 1);
    make_conv(&m, "", 1, "conv.4.", 4, 4, 3, 0);
    VnBytes file = make_file(&m);
    VnEncoderInfo info;
    VnError err = {0};
    assert_int_equal(open_file(&file, &info, &err), VERNIS_E_MODEL);
    assert_string_equal(err.text, "ends after layer 1; a T8 encoder goes on with a 3x3 convolution without bias");

    m = make_s8("", 1, 1); /* layer 7 is the last; one more */
    make_block(&m, "", 8, 2);
    file = make_file(&m);
    err = (VnError){0};
    assert_int_equal(open_file(&file, &info, &err), VERNIS_E_MODEL);
    assert_string_equal(err.text, "a S8 encoder ends after layer 7, but there are 9 layers");

    m = (Maker){0}; /* T8 whose second block lacks a bias, and whose widths change without a skip */
    make_conv(&m, "", 0, "", 3, 4, 3, 1);
    make_block(&m, "", 1, 4);
    make_conv(&m, "", 2, "", 4, 6, 3, 0);
    for (unsigned i = 3; i < 14; i++) {
        if (i == 6 || i == 10)
            make_conv(&m, "", i, "", 6, 6, 3, 0);
        else if (i != 5)
            make_block(&m, "", i, 6);
    }
    make_conv(&m, "", 5, "conv.0.", 6, 4, 3, 1);
    make_conv(&m, "", 5, "conv.2.", 4, 4, 3, 1);
    make_conv(&m, "", 5, "conv.4.", 4, 4, 3, 1);
    make_conv(&m, "", 14, "", 6, 4, 3, 1);
    file = make_file(&m);
    err = (VnError){0};
    assert_int_equal(open_file(&file, &info, &err), VERNIS_E_MODEL);
    assert_string_equal(err.text, "tensor '5.skip.weight' is missing (a T8 encoder needs it)");
}

/* A value that is not finite is named; so is the file. */
static void test_files(void **state) {
    (void)state;
    Maker m = make_s8("", 1, 1);
    VnBytes file = make_file(&m);
    float nan_value = -0.03f, found;
    size_t at = file.size - 8;
    memcpy(&found, file.data + at, 4);
    assert_true(found == nan_value); /* the last bias: two values */
    memcpy(file.data + at, "\0\0\300\177", 4);
    char path[] = "/tmp/vernis_test_model_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(vn_file_write(path, file.data, file.size, true, NULL), VERNIS_OK);
    VnError err = {0};
    VnEncoder *encoder;
    assert_int_equal(vn_encoder_open(&encoder, path, &err), VERNIS_E_MODEL);
    assert_null(encoder);
    assert_non_null(strstr(err.text, path));
    assert_non_null(strstr(err.text, "tensor '7.bias': value 0 is not finite"));
    assert_int_equal(vn_encoder_open(&encoder, path, NULL), VERNIS_E_MODEL); /* an error's absence changes nothing */

    static const char png[] = "\x89PNG\r\n\x1a\n plus enough to look like something";
    assert_int_equal(vn_file_write(path, png, sizeof png, true, NULL), VERNIS_OK);
    err = (VnError){0};
    assert_int_equal(vn_encoder_open(&encoder, path, &err), VERNIS_E_FORMAT);
    assert_non_null(strstr(err.text, "not a safetensors model file"));
    unlink(path);
    err = (VnError){0};
    assert_int_equal(vn_encoder_open(&encoder, path, &err), VERNIS_E_IO);
    vn_bytes_free(&file);
}

/* With too little memory, whatever the amount: an error, and nothing left behind. */
static void test_short_memory(void **state) {
    (void)state;
    Maker m = make_s8("", 1, 1);
    VnBytes file = make_file(&m);
    size_t used = vn_mem_used();
    unsigned refused = 0;
    for (size_t limit = used + 1;; limit += 997) {
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
        cmocka_unit_test(test_repeats), cmocka_unit_test(test_prefixes), cmocka_unit_test(test_wrong_tensors),
        cmocka_unit_test(test_missing), cmocka_unit_test(test_files),    cmocka_unit_test(test_short_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
