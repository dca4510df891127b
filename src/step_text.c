/* SPDX-License-Identifier: Apache-2.0 */
/* `probe` and `bench`: one encoder, one step, outside the loop. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/rng.h"
#include "image/colour.h"
#include "image/format.h"
#include "protect/ingest.h"
#include "report/report.h"
#include "session_state.h"

/* An encoder at one size with its buffers. */
typedef struct Step {
    VnPass *pass;
    size_t pixels, latent_floats;
    size_t shape[3]; /* of the latent */
    float *rgb, *latent, *gradient;
} Step;

static void step_close(Step *step) {
    vn_pass_close(&step->pass);
    vn_free(step->rgb);
    *step = (Step){0};
}

static VernisStatus step_open(Step *step, const VnEncoder *encoder, uint32_t width, uint32_t height, VnPool *pool,
                              VnError *err) {
    const VnEncoderInfo *info = vn_encoder_info(encoder);
    *step = (Step){.shape = {info->latent_channels, height / info->stride, width / info->stride}};
    VN_TRY(vn_pass_open(&step->pass, encoder, width, height, true, NULL, pool, err));
    step->pixels = vn_mul(width, height);
    step->latent_floats = step->shape[0] * step->shape[1] * step->shape[2];
    size_t size = vn_mul(6 * step->pixels + step->latent_floats, sizeof(float));
    step->rgb = vn_calloc(1, size);
    if (!step->rgb) {
        step_close(step);
        return vn_no_memory(err, "probe", size, "planes");
    }
    step->gradient = step->rgb + 3 * step->pixels;
    step->latent = step->gradient + 3 * step->pixels;
    return VERNIS_OK;
}

static VernisStatus probe(VernisSession *session, const VnImage *image, const char *latent_path,
                          const char *gradient_path, VnError *err) {
    const VnEncoder *encoder = session->encoders[0];
    unsigned stride = vn_encoder_info(encoder)->stride;
    uint32_t w = image->width / stride * stride, h = image->height / stride * stride;
    if (!w || !h)
        return vn_fail(err, VERNIS_E_UNSUPPORTED, "probe", "%ux%u pixels is smaller than the encoder's stride of %u",
                       image->width, image->height, stride);
    Step step;
    VN_TRY(step_open(&step, encoder, w, h, session->pool, err));
    float *row = vn_malloc(3 * (size_t)image->width * sizeof(float));
    VernisStatus status = row ? VERNIS_OK : vn_no_memory(err, "probe", image->width, "a row");
    for (uint32_t y = 0; y < h && !status; y++) {
        vn_image_rows_to_planes(image, y, y + 1, row);
        for (unsigned c = 0; c < 3; c++)
            memcpy(step.rgb + c * step.pixels + (size_t)y * w, row + (size_t)c * image->width, w * sizeof(float));
    }
    vn_free(row);
    if (!status) {
        vn_pass_forward(step.pass, step.rgb, step.latent);
        if (latent_path)
            status = vn_npy_write(latent_path, step.latent, step.shape, 3, err);
    }
    if (!status && gradient_path) {
        /* d/dz of half the squared norm is z itself. */
        vn_pass_backward(step.pass, step.latent, step.gradient);
        status = vn_npy_write(gradient_path, step.gradient, (size_t[]){3, h, w}, 3, err);
    }
    step_close(&step);
    return status;
}

VernisStatus vernis_probe_file(VernisSession *session, const char *path, const char *latent_path,
                               const char *gradient_path, VernisError *err) {
    VnBytes bytes = {0};
    VnImage image = {0};
    VnBag bag = {0};
    VernisStatus status;
    VN_CHECK(vn_file_read(&bytes, path, vn_limits_default.max_file_bytes, err));
    VN_CHECK(vn_decode(&image, &bag, bytes.data, bytes.size, NULL, err));
    VN_CHECK(vn_colour_to_work(&image, &bag, session->pool, NULL, err));
    VN_CHECK(probe(session, &image, latent_path, gradient_path, err));
done:
    vn_bytes_free(&bytes);
    vn_image_free(&image);
    vn_bag_free(&bag);
    if (status)
        vn_error_name(err, path);
    return status;
}

enum { WARM_UP = 1, REPEATS = 5 };

static double median(double *values) {
    for (int i = 1; i < REPEATS; i++)
        for (int k = i; k > 0 && values[k] < values[k - 1]; k--) {
            double t = values[k];
            values[k] = values[k - 1];
            values[k - 1] = t;
        }
    return values[REPEATS / 2];
}

typedef struct Seconds {
    double forward, backward; /* of a step of the optimiser's loop */
    double exact;             /* a forward pass as verify and probe take it, see vn_pass_coarse */
} Seconds;

static double time_forward(Step *step, bool coarse) {
    vn_pass_coarse(step->pass, coarse);
    double start = vn_now();
    vn_pass_forward(step->pass, step->rgb, step->latent);
    return vn_now() - start;
}

static Seconds time_step(Step *step) {
    double forward[REPEATS], backward[REPEATS], exact[REPEATS];
    for (size_t i = 0; i < 3 * step->pixels; i++)
        step->rgb[i] = vn_rng_unit(1, 0, i);
    for (int i = -WARM_UP; i < REPEATS; i++) {
        double e = time_forward(step, false), f = time_forward(step, true), start = vn_now();
        vn_pass_backward(step->pass, step->latent, step->gradient);
        if (i >= 0)
            forward[i] = f, backward[i] = vn_now() - start, exact[i] = e;
    }
    return (Seconds){median(forward), median(backward), median(exact)};
}

VernisStatus vernis_bench_text(VernisSession *session, uint32_t size, int json, char **out, VernisError *err) {
    VnBytes text = {0};
    VernisStatus status = VERNIS_OK;
    for (size_t i = 0; i < session->encoder_count && !status; i++) {
        const VnEncoderInfo *info = vn_encoder_info(session->encoders[i]);
        uint32_t side = size / info->stride * info->stride;
        Step step;
        vn_mem_peak_reset();
        VN_CHECK(step_open(&step, session->encoders[i], side, side, session->pool, err));
        Seconds seconds = time_step(&step);
        /* Backward to the input costs as many multiply-adds as forward: two floating-point operations each, twice. */
        double area = (double)side * side,
               gflop = 4e-9 * (info->macs_per_pixel * area + info->attention_macs * area * area);
        if (json) {
            json_t *row = json_pack("{s:s, s:i, s:s, s:i, s:f, s:f, s:f, s:f, s:I}", "surrogate", info->name, "size",
                                    (int)side, "cpu", vn_cpu_name(session->cpu), "threads",
                                    (int)vn_pool_threads(session->pool), "seconds_forward", seconds.forward,
                                    "seconds_backward", seconds.backward, "seconds_forward_exact", seconds.exact,
                                    "gflop", gflop, "peak_memory_bytes", (json_int_t)vn_mem_peak());
            char *line = row ? vn_json_text(row) : NULL;
            json_decref(row);
            status = line ? vn_text_add(&text, err, "%s\n", line) : vn_no_memory(err, "bench", 0, "a line");
            vn_free(line);
        } else {
            status = vn_text_add(&text, err,
                                 "%-20s %u px, %s, %u threads: forward %.4f s (%.4f s for probe and verify), "
                                 "backward %.4f s, %.1f GFLOP, %.0f MB\n",
                                 info->name, side, vn_cpu_name(session->cpu), vn_pool_threads(session->pool),
                                 seconds.forward, seconds.exact, seconds.backward, gflop, (double)vn_mem_peak() / 1e6);
        }
        step_close(&step);
    }
done:
    return vn_text_finish(&text, out, status, err);
}
