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
#include "base/text.h"
#include "kern/kern.h"
#include "metric_goldens.h"
#include "report/heat.h"
#include "report/html.h"
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

static char *escaped(const char *text) {
    VnBytes out = {0};
    char *result;
    assert_int_equal(vn_text_finish(&out, &result, vn_html_text(&out, text, NULL), NULL), VERNIS_OK);
    return result;
}

static void foreign_text_is_no_markup(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"a b.png", "a b.png"},
        {"<script>&\"'", "&lt;script&gt;&amp;&quot;&#39;"},
        {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8e\xa8", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8e\xa8"},
        {"caf\xe9<", "caf&#xfffd;&lt;"},                          /* Latin-1 */
        {"\xc0\xbc", "&#xfffd;&#xfffd;"},                         /* an overlong '<' */
        {"\xe2\x82", "&#xfffd;&#xfffd;"},                         /* cut short */
        {"\xe2\x82<", "&#xfffd;&#xfffd;&lt;"},                    /* a character must not swallow markup */
        {"\xed\xa0\x80", "&#xfffd;&#xfffd;&#xfffd;"},             /* a surrogate */
        {"\xf4\x90\x80\x80", "&#xfffd;&#xfffd;&#xfffd;&#xfffd;"}, /* beyond Unicode */
        {"a\x1b[2J\n\x7f\xc2\x9b", "a&#xfffd;[2J&#xfffd;&#xfffd;&#xfffd;"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = escaped(cases[i][0]);
        assert_string_equal(text, cases[i][1]);
        vernis_free(text);
    }
}

/* The data: URI read back by a decoder written here. */
static void pictures_travel_in_the_page(void **state) {
    (void)state;
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int quality = 0; quality <= 90; quality += 90) {
        VnImage image, back;
        VnBytes out = {0}, file = {0};
        VnBag bag = {0};
        make(&image, sample_a, 8);
        assert_int_equal(vn_html_image(&out, &image, quality, "Of ", "\"<", "class=\"c\"", NULL), VERNIS_OK);
        assert_int_equal(vn_bytes_append(&out, "", 1, NULL), VERNIS_OK);
        const char *text = (char *)out.data, *p = strstr(text, "base64,");
        assert_non_null(
            strstr(text, "<img width=\"37\" height=\"29\" class=\"c\" alt=\"Of &quot;&lt;\" src=\"data:image/"));
        assert_non_null(strstr(text, quality ? "image/jpeg;" : "image/png;"));
        for (p += 7; *p != '"'; p += 4) {
            uint32_t bits = 0, length = 3;
            for (int k = 0; k < 4; k++) {
                bits = bits << 6 | (p[k] == '=' ? 0 : (uint32_t)(strchr(digits, p[k]) - digits));
                length -= p[k] == '=';
            }
            uint8_t bytes[3] = {(uint8_t)(bits >> 16), (uint8_t)(bits >> 8), (uint8_t)bits};
            assert_int_equal(vn_bytes_append(&file, bytes, length, NULL), VERNIS_OK);
        }
        assert_string_equal(p, "\">");
        assert_int_equal(vn_decode(&back, &bag, file.data, file.size, NULL, NULL), VERNIS_OK);
        assert_int_equal(back.width, W);
        if (!quality)
            assert_memory_equal(back.pixels, image.pixels, image.stride * H);
        vn_image_free(&image), vn_image_free(&back);
        vn_bytes_free(&out), vn_bytes_free(&file);
        vn_bag_free(&bag);
    }
}

static void maps_show_where(void **state) {
    (void)state;
    VnImage a, b, out;
    VnField field;
    uint32_t x, y;
    make(&a, sample_a, 8), make(&b, sample_a, 8);
    uint8_t *changed = (uint8_t *)b.pixels + 20 * b.stride + 3 * 30;
    changed[1] = (uint8_t)(changed[1] > 100 ? changed[1] - 5 : changed[1] + 5);
    int by = changed[1] - ((uint8_t *)a.pixels)[20 * a.stride + 3 * 30 + 1];
    assert_int_equal(vn_difference_image(&out, &a, &b, 8, NULL), VERNIS_OK);
    for (size_t i = 0; i < out.stride * H; i++)
        assert_in_range(((uint8_t *)out.pixels)[i], i == 20 * out.stride + 91 ? 128 + 8 * by - 1 : 127,
                        i == 20 * out.stride + 91 ? 128 + 8 * by : 128);
    vn_image_free(&out);
    assert_int_equal(vn_field_open(&field, 4, 2, NULL), VERNIS_OK);
    for (int i = 0; i < 8; i++)
        field.values[i] = (float)i;
    assert_true(fabsf(vn_field_quantile(&field, 0.5) - 3) < 0.01f && fabsf(vn_field_quantile(&field, 1) - 7) < 0.01f);
    vn_spot_find(&field, &a, 10, &x, &y); /* the cell at the lower right: its centre is (32, 21) */
    assert_int_equal(x, 27);
    assert_int_equal(y, 16);
    assert_int_equal(vn_crop_image(&out, &a, x, y, 10, NULL), VERNIS_OK);
    assert_int_equal(out.width, 10);
    assert_int_equal(out.height, 10);
    assert_memory_equal(out.pixels, (uint8_t *)a.pixels + 16 * a.stride + 3 * 27, 30);
    vn_image_free(&out);
    vn_spot_find(&field, &a, 100, &x, &y);
    assert_int_equal(x + y, 0);
    memset(a.pixels, 0xff, a.stride * H);
    assert_int_equal(vn_heat_image(&out, &field, 7, &a, NULL), VERNIS_OK);
    const uint8_t *low = out.pixels, *high = (uint8_t *)out.pixels + (H - 1) * out.stride + 3 * (W - 1);
    assert_true(low[0] == 16 && low[2] == 58 && high[0] == 252 && high[2] == 190);
    vn_image_free(&out), vn_image_free(&a), vn_image_free(&b);
    vn_field_close(&field);
}

/* The map's root mean square is the shift, and the named trip is what counts. */
static void latent_map_is_the_shift(void **state) {
    (void)state;
    VnPool *pool;
    VnEncoder *encoder;
    VnImage a, b;
    assert_int_equal(vn_pool_open(&pool, 2, NULL), VERNIS_OK);
    assert_int_equal(vn_encoder_open(&encoder, VN_TEST_MODEL, NULL), VERNIS_OK);
    make(&a, sample_a, 8), make(&b, sample_b, 8);
    VnIngest ingest = {.name = "t", .trip = {.max_width = 30, .quality = 50, .subsample = true}, .side = 64};
    for (int webp = 0; webp < 2; webp++) {
        VernisShift shift;
        VnSight sight;
        ingest.trip.webp = webp;
        assert_int_equal(vn_measure_shift(&shift, &a, &b, &ingest, encoder, pool, NULL), VERNIS_OK);
        assert_int_equal(vn_sight_open(&sight, &a, &b, &ingest, encoder, NULL, pool, NULL), VERNIS_OK);
        assert_true(!sight.painted[0].pixels && !sight.painted[1].pixels);
        const VnField map = sight.moved;
        double square = 0;
        size_t n = (size_t)map.width * map.height;
        for (size_t i = 0; i < n; i++)
            square += (double)map.values[i] * map.values[i];
        assert_true(shift.ingest > 0.01 && shift.floor > 0.01);
        assert_true(fabs(sqrt(square / (double)n) / shift.ingest - 1) < 1e-4);
        vn_sight_close(&sight);
    }
    ingest.trip = (VnTrip){0};
    VernisShift shift;
    assert_int_equal(vn_measure_shift(&shift, &a, &b, &ingest, encoder, pool, NULL), VERNIS_OK);
    assert_true(shift.floor == 0 && shift.ingest == shift.direct);
    vn_image_free(&a), vn_image_free(&b);
    vn_encoder_close(&encoder);
    vn_pool_close(&pool);
}

static double apart(const VnImage *a, const VnImage *b) {
    double psnr;
    assert_int_equal(vn_psnr(&psnr, a, b, NULL), VERNIS_OK);
    return psnr;
}

/* The built-in encoder's latents are painted at the training size, each of its own picture. */
static void latents_are_painted(void **state) {
    (void)state;
    VnEncoder *encoder;
    VnDecoder *decoder;
    VnImage a, b;
    VnSight both, same;
    assert_int_equal(vn_builtin_open(&encoder, 0, NULL), VERNIS_OK);
    assert_int_equal(vn_decoder_open_for(&decoder, encoder, NULL), VERNIS_OK);
    assert_non_null(decoder);
    make(&a, sample_a, 8), make(&b, sample_b, 8);
    const VnIngest ingest = {.name = "t", .side = 64};
    assert_int_equal(vn_sight_open(&both, &a, &b, &ingest, encoder, decoder, NULL, NULL), VERNIS_OK);
    assert_int_equal(vn_sight_open(&same, &a, &a, &ingest, encoder, decoder, NULL, NULL), VERNIS_OK);
    for (int i = 0; i < 2; i++) {
        const VnImage *painted = &both.painted[i];
        assert_true(painted->colours == 3 && painted->bits == 8 && !painted->alpha);
        assert_int_equal(painted->width, both.moved.width * 8);
        assert_int_equal(painted->height, both.moved.height * 8);
    }
    assert_true(apart(&same.painted[0], &same.painted[1]) == 99);
    assert_true(apart(&same.painted[0], &both.painted[0]) == 99);
    if (!(apart(&both.painted[0], &both.painted[1]) < 60))
        fail_msg("%.1f dB", apart(&both.painted[0], &both.painted[1]));
    vn_sight_close(&both), vn_sight_close(&same);
    assert_null(both.moved.values);
    vn_image_free(&a), vn_image_free(&b);
    vn_decoder_close(&decoder);
    vn_encoder_close(&encoder);
}

int main(void) {
    vn_kern_init(VN_CPU_AMX);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_equal_numpy),       cmocka_unit_test(sizes_must_agree),
        cmocka_unit_test(npy_equals_numpy),          cmocka_unit_test(lines_are_the_manuals),
        cmocka_unit_test(foreign_text_is_no_markup), cmocka_unit_test(pictures_travel_in_the_page),
        cmocka_unit_test(maps_show_where),           cmocka_unit_test(latent_map_is_the_shift),
        cmocka_unit_test(latents_are_painted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
