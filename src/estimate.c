/* SPDX-License-Identifier: Apache-2.0 */
/* What a picture will take, before it is begun. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "session_state.h"

/* Seconds that a step of one encoder takes for a pixel, from a small one made now. */
static VernisStatus time_pixel(double *out, const VnEncoder *encoder, VnPool *pool, VnError *err) {
    enum { SIDE = 128, VALUES = 3 * SIDE * SIDE };
    const VnEncoderInfo *info = vn_encoder_info(encoder);
    size_t latent = (size_t)info->latent_channels * (SIDE / info->stride) * (SIDE / info->stride);
    VnPass *pass = NULL;
    float *rgb = NULL;
    VernisStatus status;
    VN_CHECK(vn_pass_open(&pass, encoder, SIDE, SIDE, true, NULL, pool, err));
    vn_pass_coarse(pass, true);
    if (!(rgb = vn_calloc(2 * VALUES + latent, sizeof *rgb)))
        VN_CHECK(vn_no_memory(err, "estimate", (2 * VALUES + latent) * sizeof *rgb, "a trial step"));
    *out = HUGE_VAL;
    for (int i = 0; i < 3; i++) {
        double start = vn_now();
        vn_pass_forward(pass, rgb, rgb + 2 * VALUES);
        vn_pass_backward(pass, rgb + 2 * VALUES, rgb + VALUES);
        *out = fmin(*out, (vn_now() - start) / (SIDE * SIDE));
    }
done:
    vn_free(rgb);
    vn_pass_close(&pass);
    return status;
}

VernisStatus vernis_estimate_file(VernisSession *session, const char *input, int whole, VernisResult *result,
                                  VernisError *err) {
    /* Measured on one machine: what a step does besides the encoders, for a pixel that they see; the steps' worth of clean
     * latents and of verifying; and decoding, rendering and measuring, for a pixel of the picture. */
    const double around = 1.5e-7, steps_besides = 6, posted = 1.2e-6;
    VnMap file = {0};
    VnBytes piped = {0};
    VnHeader header;
    VnProtectNeed need;
    double seconds = 0;
    *result = (VernisResult){.steps = session->strength.steps, .seed = session->seed};
    bool is_pipe = !strcmp(input, "-");
    VN_TRY(is_pipe ? vn_file_read(&piped, input, vn_limits_default.max_file_bytes, err)
                   : vn_map_open(&file, input, err));
    const VnBytes bytes = is_pipe ? piped : (VnBytes){(uint8_t *)(uintptr_t)file.data, file.size};
    result->bytes_in = bytes.size;
    VernisStatus status = whole ? vn_check_source(session, input, &bytes, result, err) : VERNIS_OK;
    if (!status)
        status = vn_decode_header(&header, bytes.data, bytes.size, NULL, err);
    vn_map_close(&file);
    vn_bytes_free(&piped);
    if (status)
        return vn_error_name(err, input);
    vn_platform_size(&session->platform, header.width, header.height, &result->width, &result->height);
    unsigned threads = vn_pool_threads(session->pool), samples = header.colours + header.alpha;
    size_t row = (size_t)result->width * samples * (header.bits / 8);
    const VnEncoder *const *encoders = (const VnEncoder *const *)session->encoders;
    vn_protect_need(&need, result->width, result->height, row,
                    *session->platform.name ? &session->platform.served : NULL, encoders, session->encoder_count,
                    threads);
    size_t measuring = vn_measure_need(result->width, result->height, row, &session->ingest, encoders,
                                       session->encoder_count, threads);
    for (size_t i = 0; i < session->encoder_count; i++) {
        if (session->pixel_seconds[i] <= 0)
            VN_TRY(time_pixel(&session->pixel_seconds[i], session->encoders[i], session->pool, err));
        seconds += session->pixel_seconds[i];
    }
    double pixels = (double)result->width * result->height * posted / threads;
    double turns = seconds / (double)session->encoder_count; /* the encoders take turns */
    seconds =
        need.step_pixels * ((turns + around / threads) * result->steps + (seconds + around / threads) * steps_besides) +
        pixels;
    result->seconds = session->time_limit > 0 ? fmin(seconds, session->time_limit + pixels) : seconds;
    result->peak_memory_bytes = need.memory > measuring ? need.memory : measuring;
    return VERNIS_OK;
}
