/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of the report against NumPy's (metric_goldens.h), and the JSON lines against the manual. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "metric_goldens.h"
#include "report/report.h"

enum { W = 37, H = 29 };

static int sample_a(int x, int y, int c) { return (x * 7 + y * 5 + c * 31 + (x * y) % 23) % 256; }

static int sample_b(int x, int y, int c) {
    int v = sample_a(x, y, c) + (x * 3 + y * 11 + c * 7) % 17 - 8;
    return v < 0 ? 0 : v > 255 ? 255 : v;
}

static void make(VnImage *image, int (*sample)(int, int, int), unsigned bits) {
    assert_int_equal(vn_image_create(image, W, H, 3, false, bits, NULL, NULL), VERNIS_OK);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            for (int c = 0; c < 3; c++) {
                size_t i = (size_t)(y * W + x) * 3 + (size_t)c;
                if (bits == 8)
                    ((uint8_t *)image->pixels)[i] = (uint8_t)sample(x, y, c);
                else
                    ((uint16_t *)image->pixels)[i] = (uint16_t)(257 * sample(x, y, c));
            }
}

static void metrics_equal_numpy(void **state) {
    (void)state;
    VnPool *pool;
    assert_int_equal(vn_pool_open(&pool, 3, NULL), VERNIS_OK);
    for (unsigned bits = 8; bits <= 16; bits += 8) {
        VnImage a, b;
        double psnr, ssim;
        make(&a, sample_a, 8);
        make(&b, sample_b, bits);
        assert_int_equal(vn_psnr(&psnr, &a, &b, NULL), VERNIS_OK);
        assert_int_equal(vn_ssim(&ssim, &a, &b, pool, NULL), VERNIS_OK);
        assert_true(fabs(psnr - GOLDEN_PSNR) < 1e-3);
        assert_true(fabs(ssim - GOLDEN_SSIM) < 1e-4);
        assert_int_equal(vn_psnr(&psnr, &a, &a, NULL), VERNIS_OK);
        assert_true(psnr >= 99);
        assert_int_equal(vn_ssim(&ssim, &a, &a, NULL, NULL), VERNIS_OK);
        assert_true(fabs(ssim - 1) < 1e-6);
        vn_image_free(&a), vn_image_free(&b);
    }
    vn_pool_close(&pool);
}

static void sizes_must_agree(void **state) {
    (void)state;
    VnImage a = {0}, b = {0};
    double value;
    VnError err = {0};
    vn_image_create(&a, 20, 10, 1, false, 8, NULL, NULL);
    vn_image_create(&b, 10, 20, 1, false, 8, NULL, NULL);
    assert_int_equal(vn_psnr(&value, &a, &b, &err), VERNIS_E_ARGUMENT);
    assert_int_equal(vn_ssim(&value, &a, &b, NULL, NULL), VERNIS_E_ARGUMENT);
    vn_image_free(&a), vn_image_free(&b);
}

static void npy_equals_numpy(void **state) {
    (void)state;
    char path[] = "/tmp/vernis-npy-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    const float data[6] = {0, 1, 2, 3, 4, 5};
    assert_int_equal(vn_npy_write(path, data, (size_t[]){1, 2, 3}, 3, NULL), VERNIS_OK);
    VnBytes bytes;
    assert_int_equal(vn_file_read(&bytes, path, 4096, NULL), VERNIS_OK);
    unlink(path);
    assert_int_equal(bytes.size, sizeof golden_npy);
    /* NumPy writes the shape as (1, 2, 3); any Python literal will do, so the literal is read, not compared. */
    assert_memory_equal(bytes.data, golden_npy, 10);
    assert_non_null(strstr((char *)bytes.data + 10, "'descr': '<f4', 'fortran_order': False, 'shape': (1,2,3,)"));
    assert_int_equal(bytes.data[127], '\n');
    assert_memory_equal(bytes.data + 128, golden_npy + 128, 24);
    vn_bytes_free(&bytes);
}

static void lines_are_the_manuals(void **state) {
    (void)state;
    VernisResult r = {.width = 3,
                      .height = 4,
                      .bytes_in = 5,
                      .bytes_out = 6,
                      .seconds = 1.5,
                      .peak_memory_bytes = 7,
                      .steps = 8,
                      .seed = 9007199254740991u,
                      .psnr = 35.1,
                      .ssim = 0.97,
                      .visibility = 1.9,
                      .shift_count = 1,
                      .warning_count = 1,
                      .preset = "standard",
                      .cpu = "amx",
                      .data_mining = "DMI-PROHIBITED"};
    strcpy(r.shifts[0].surrogate, "s\"1");
    r.shifts[0].direct = 1.25;
    strcpy(r.warnings[0], "careful");
    char *line = vernis_result_json("a \"b\".png", "caf\xe9.png", &r);
    assert_non_null(line);
    assert_null(strchr(line, '\n'));
    json_t *root;
    assert_int_equal(vn_json_parse(&root, line, strlen(line), 10000, "t", NULL), VERNIS_OK);
    assert_string_equal(json_string_value(json_object_get(root, "input")), "a \"b\".png");
    assert_string_equal(json_string_value(json_object_get(root, "output")), "caf\xc3\xa9.png");
    assert_int_equal(json_integer_value(json_object_get(root, "seed")), 9007199254740991);
    const json_t *shift = json_object_get(json_object_get(json_object_get(root, "metrics"), "latent_shift"), "s\"1");
    assert_true(json_real_value(json_object_get(shift, "direct")) == 1.25);
    json_decref(root);
    vernis_free(line);
    VernisError err = {.status = VERNIS_E_FORMAT, .text = "x.png: cut short"};
    line = vernis_failure_json("x.png", "failed", &err, NULL);
    assert_string_equal(
        line,
        "{\"input\":\"x.png\",\"status\":\"failed\",\"error\":{\"code\":\"format\",\"text\":\"x.png: cut short\"}}");
    vernis_free(line);
    line = vernis_failure_json("x.png", "skipped", NULL, "exists");
    assert_string_equal(line, "{\"input\":\"x.png\",\"status\":\"skipped\",\"reason\":\"exists\"}");
    vernis_free(line);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(metrics_equal_numpy), cmocka_unit_test(sizes_must_agree),
                                       cmocka_unit_test(npy_equals_numpy), cmocka_unit_test(lines_are_the_manuals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
