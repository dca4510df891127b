/* SPDX-License-Identifier: Apache-2.0 */
/* `selftest`: does this machine compute what it should? Each check has an answer known beforehand. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/rng.h"
#include "image/format.h"
#include "kern/kern.h"
#include "report/report.h"
#include "session_state.h"

typedef struct Table {
    VnBytes text;
    int json;
    unsigned failed;
    VnError *err;
} Table;

static VernisStatus add_row(Table *table, const char *check, bool passed, const char *detail) {
    table->failed += !passed;
    if (!table->json)
        return vn_text_add(&table->text, table->err, "%-8s %-22s %s\n", passed ? "ok" : "FAILED", check, detail);
    json_t *row = json_pack("{s:s, s:b, s:s}", "check", check, "ok", (int)passed, "detail", detail);
    char *line = row ? vn_json_text(row) : NULL;
    json_decref(row);
    VernisStatus status =
        line ? vn_text_add(&table->text, table->err, "%s\n", line) : vn_no_memory(table->err, "selftest", 0, "a line");
    vn_free(line);
    return status;
}

static VernisStatus check_machine(Table *table, const VernisSession *session) {
    char detail[200];
    snprintf(detail, sizeof detail, "%s found, %s used, %u threads", vn_cpu_name(vn_cpu_detect()),
             vn_cpu_name(session->cpu), vn_pool_threads(session->pool));
    VN_TRY(add_row(table, "processor", true, detail));
    const char *found = vn_blas_core_found(), *chosen = vn_blas_core_chosen(), *better;
    if (vn_blas_needs_restart(&better))
        snprintf(detail, sizeof detail,
                 "%s, which is slow here, and this OpenBLAS cannot change it: set OPENBLAS_CORETYPE=%s", chosen,
                 better);
    else if (strcmp(found, chosen))
        snprintf(detail, sizeof detail, "came as %s, which this processor is not; set to %s", found, chosen);
    else
        snprintf(detail, sizeof detail, "%s", chosen);
    return add_row(table, "OpenBLAS core type", true, detail);
}

/* sgemm against sums in double: the error bound of a float dot product of length K with unit entries. */
static VernisStatus check_gemm(Table *table) {
    enum { M = 33, N = 65, K = 129 };
    static float a[M * K], b[K * N], c[M * N];
    double worst = 0;
    for (size_t i = 0; i < M * K; i++)
        a[i] = vn_rng_unit(1, 1, i) - 0.5f;
    for (size_t i = 0; i < K * N; i++)
        b[i] = vn_rng_unit(1, 2, i) - 0.5f;
    vn_gemm(M, N, K, a, K, b, N, 0, c, N);
    for (size_t i = 0; i < M; i++)
        for (size_t j = 0; j < N; j++) {
            double sum = 0;
            for (size_t k = 0; k < K; k++)
                sum += (double)a[i * K + k] * (double)b[k * N + j];
            worst = fmax(worst, fabs(sum - (double)c[i * N + j]));
        }
    char detail[100];
    snprintf(detail, sizeof detail, "largest error against double %.1e (allowed 1e-5)", worst);
    return add_row(table, "matrix product", worst < 1e-5, detail);
}

/* The derivative of half the latent's squared norm along its own gradient, against a central difference. */
static VernisStatus check_gradient(Table *table, const VernisSession *session) {
    enum { SIDE = 64, PIXELS = 3 * SIDE * SIDE };
    const VnEncoder *encoder = session->encoders[0];
    const VnEncoderInfo *info = vn_encoder_info(encoder);
    size_t latent_floats = (size_t)info->latent_channels * (SIDE / info->stride) * (SIDE / info->stride);
    VnPass *pass = NULL;
    float *x = vn_malloc((3 * PIXELS + latent_floats) * sizeof(float)), *moved, *gradient, *latent;
    if (!x)
        return vn_no_memory(table->err, "selftest", 3 * PIXELS * sizeof(float), "planes");
    moved = x + PIXELS, gradient = moved + PIXELS, latent = gradient + PIXELS;
    VernisStatus status = vn_pass_open(&pass, encoder, SIDE, SIDE, true, NULL, session->pool, table->err);
    if (status)
        goto done;
    for (size_t i = 0; i < PIXELS; i++)
        x[i] = vn_rng_unit(2, 0, i);
    vn_pass_forward(pass, x, latent);
    vn_pass_backward(pass, latent, gradient);
    double norm = 0, value[2];
    for (size_t i = 0; i < PIXELS; i++)
        norm += (double)gradient[i] * (double)gradient[i];
    norm = sqrt(norm);
    const double step =
        0.02; /* length of the move over all pixels: far above rounding, well below the picture's contrast */
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < PIXELS; i++)
            moved[i] = (float)((double)x[i] + (side ? step : -step) * (double)gradient[i] / norm);
        vn_pass_forward(pass, moved, latent);
        value[side] = 0;
        for (size_t i = 0; i < latent_floats; i++)
            value[side] += 0.5 * (double)latent[i] * (double)latent[i];
    }
    double slope = (value[1] - value[0]) / (2 * step), error = fabs(slope / norm - 1);
    char detail[160];
    snprintf(detail, sizeof detail, "%s: difference quotient off by %.2f %% (allowed 3)", info->name, 100 * error);
    status = add_row(table, "gradient", error < 0.03, detail);
done:
    vn_pass_close(&pass);
    vn_free(x);
    return status;
}

static VernisStatus check_format(Table *table, const VnFormat *format, double least_psnr) {
    VnImage image = {0}, back = {0};
    VnBytes bytes = {0};
    VnBag bag = {0};
    double psnr = 0;
    char detail[100];
    VernisStatus status;
    VN_CHECK(vn_image_create(&image, 64, 48, 3, false, 8, NULL, table->err));
    for (size_t y = 0; y < 48; y++)
        for (size_t i = 0; i < image.stride; i++)
            ((uint8_t *)image.pixels)[y * image.stride + i] =
                (uint8_t)(128 + 100 * sin(0.1 * (double)y) * cos(0.03 * (double)i));
    VN_CHECK(format->encode(&bytes, &image, NULL, table->err));
    VN_CHECK(format->decode(&back, &bag, bytes.data, bytes.size, NULL, table->err));
    VN_CHECK(vn_psnr(&psnr, &image, &back, table->err));
    snprintf(detail, sizeof detail, "written and read back at %.1f dB (at least %.0f)", psnr, least_psnr);
    status = add_row(table, format->name, psnr >= least_psnr, detail);
done:
    vn_bag_free(&bag);
    vn_bytes_free(&bytes);
    vn_image_free(&image);
    vn_image_free(&back);
    return status;
}

VernisStatus vernis_selftest_text(VernisSession *session, int json, char **out, VernisError *err) {
    Table table = {.json = json, .err = err};
    VernisStatus status;
    VN_CHECK(check_machine(&table, session));
    VN_CHECK(check_gemm(&table));
    VN_CHECK(check_gradient(&table, session));
    VN_CHECK(check_format(&table, &vn_format_png, 99));
    VN_CHECK(check_format(&table, &vn_format_jpeg, 38));
    VN_CHECK(check_format(&table, &vn_format_webp, 99));
done:
    status = vn_text_finish(&table.text, out, status, err);
    if (!status && table.failed)
        status = vn_fail(err, VERNIS_E_INTERNAL, "selftest", "%u checks failed on this machine", table.failed);
    return status;
}
