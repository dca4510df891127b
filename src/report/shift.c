/* SPDX-License-Identifier: Apache-2.0 */
/* What an encoder sees of a change, directly and after a platform and a trainer have had the file, as the judge does it:
 * Lanczos, the codecs' own libraries, Lanczos to the training size, 8 bits after each step. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "image/format.h"
#include "protect/protect.h"
#include "report/report.h"

/* LONGEST bounds the memory for a strip or a banner, which no trainer would take at its short side's size. */
enum { LONGEST = 4096, TRAINING_STEP = 64 };

const VnIngest vn_ingest_usual = {
    .name = "w1080 q75 s512", .trip = {.max_width = 1080, .quality = 75, .subsample = true}, .side = 512};

/* 8 bits over white at another size. */
static VernisStatus resized(VnImage *out, const VnImage *image, uint32_t width, uint32_t height, VnPool *pool,
                            VnError *err) {
    VN_TRY(vn_picture_resize(out, image, width, height, pool, err));
    VernisStatus status = vn_image_fit(out, false, false, err);
    if (status)
        vn_image_free(out);
    return status;
}

typedef struct Eye {
    VnPass *pass;
    const VnTrip *trip;
    uint32_t width, height; /* training size */
    uint32_t latent_w, latent_h;
    size_t latent_floats;
    VnPool *pool;
} Eye;

/* The latent of a picture as the trainer gets it. @param platform after the platform has had it */
static VernisStatus look(const Eye *eye, const VnImage *image, bool platform, float *latent, VnError *err) {
    VnImage posted = {0}, small = {0};
    VernisStatus status = VERNIS_OK;
    const VnImage *source = image;
    if (platform) {
        uint32_t w, h;
        VnEncodeOptions options = {.quality = eye->trip->quality, .subsample = eye->trip->subsample};
        vn_trip_size(eye->trip, image->width, image->height, &w, &h);
        VN_CHECK(resized(&posted, image, w, h, eye->pool, err));
        if (options.quality)
            VN_CHECK(vn_reencode(&posted, eye->trip->webp ? &vn_format_webp : &vn_format_jpeg, &options, NULL, err));
        source = &posted;
    }
    VN_CHECK(resized(&small, source, eye->width, eye->height, eye->pool, err));
    size_t n = (size_t)eye->width * eye->height;
    float *planes = vn_malloc(3 * n * sizeof(float));
    if (!planes) {
        status = vn_no_memory(err, "verify", 3 * n * sizeof(float), "planes");
        goto done;
    }
    vn_image_rows_to_planes(&small, 0, eye->height, planes);
    vn_pass_forward(eye->pass, planes, latent);
    vn_free(planes);
done:
    vn_image_free(&small);
    vn_image_free(&posted);
    return status;
}

static double spread_of(const float *values, size_t n) {
    double mean = 0, spread = 0;
    for (size_t i = 0; i < n; i++)
        mean += (double)values[i];
    mean /= (double)n;
    for (size_t i = 0; i < n; i++)
        spread += ((double)values[i] - mean) * ((double)values[i] - mean);
    return n > 1 ? sqrt(spread / (double)(n - 1)) : 0;
}

static double shift_between(const float *from, const float *to, size_t n) {
    double moved = 0, spread = spread_of(from, n);
    for (size_t i = 0; i < n; i++) {
        double d = (double)to[i] - (double)from[i];
        moved += d * d;
    }
    return spread > 0 ? sqrt(moved / (double)n) / spread : 0;
}

static void size_seen(uint32_t *width, uint32_t *height, uint32_t w, uint32_t h, const VnIngest *ingest) {
    uint32_t shorter = w < h ? w : h, longer = w < h ? h : w;
    double side = fmin(ingest->side, fmax(TRAINING_STEP, (double)LONGEST * shorter / longer));
    vn_training_size(w, h, side, TRAINING_STEP, width, height);
}

/* The encoder at the training size of a picture, and room for `count` latents. On failure nothing is held. */
static VernisStatus eye_open(Eye *eye, float **latents, size_t count, const VnImage *image, const VnIngest *ingest,
                             const VnEncoder *encoder, VnPool *pool, VnError *err) {
    const VnEncoderInfo *info = vn_encoder_info(encoder);
    *eye = (Eye){.pool = pool, .trip = &ingest->trip};
    size_seen(&eye->width, &eye->height, image->width, image->height, ingest);
    eye->latent_w = eye->width / info->stride;
    eye->latent_h = eye->height / info->stride;
    eye->latent_floats = (size_t)info->latent_channels * eye->latent_w * eye->latent_h;
    VN_TRY(vn_pass_open(&eye->pass, encoder, eye->width, eye->height, false, NULL, pool, err));
    vn_pass_coarse(eye->pass, true); /* a shift is of the size of 1: a thousandth does not show */
    size_t bytes = vn_mul(vn_mul(count, eye->latent_floats), sizeof(float));
    *latents = vn_malloc(bytes);
    if (*latents)
        return VERNIS_OK;
    vn_pass_close(&eye->pass);
    return vn_no_memory(err, "verify", bytes, "latents");
}

VernisStatus vn_measure_shift(VernisShift *out, const VnImage *original, const VnImage *changed, const VnIngest *ingest,
                              const VnEncoder *encoder, VnPool *pool, VnError *err) {
    Eye eye;
    float *clean;
    VN_TRY(eye_open(&eye, &clean, 4, original, ingest, encoder, pool, err));
    size_t n = eye.latent_floats;
    float *clean_in = clean + n, *moved = clean_in + n, *moved_in = moved + n;
    VernisStatus status;
    VN_CHECK(look(&eye, original, false, clean, err));
    VN_CHECK(look(&eye, original, true, clean_in, err));
    VN_CHECK(look(&eye, changed, false, moved, err));
    VN_CHECK(look(&eye, changed, true, moved_in, err));
    snprintf(out->surrogate, sizeof out->surrogate, "%s", vn_encoder_info(encoder)->name);
    out->direct = shift_between(clean, moved, n);
    out->ingest = shift_between(clean_in, moved_in, n);
    out->floor = shift_between(clean, clean_in, n);
done:
    vn_free(clean);
    vn_pass_close(&eye.pass);
    return status;
}

static VernisStatus map_moves(VnField *out, const Eye *eye, const float *clean, const float *moved, VnError *err) {
    size_t n = eye->latent_floats, cells = (size_t)eye->latent_w * eye->latent_h;
    double unit = fmax(spread_of(clean, n), 1e-12);
    VN_TRY(vn_field_open(out, eye->latent_w, eye->latent_h, err));
    for (size_t i = 0; i < cells; i++) {
        double square = 0;
        for (size_t k = i; k < n; k += cells)
            square += ((double)moved[k] - (double)clean[k]) * ((double)moved[k] - (double)clean[k]);
        out->values[i] = (float)(sqrt(square * (double)cells / (double)n) / unit);
    }
    return VERNIS_OK;
}

static VernisStatus paint(VnImage *out, const Eye *eye, const float *latent, const VnDecoder *decoder, VnError *err) {
    size_t n = (size_t)eye->width * eye->height, bytes = vn_mul(3 * n, sizeof(float));
    float *rgb = vn_malloc(bytes);
    if (!rgb)
        return vn_no_memory(err, "report", bytes, "a painted latent");
    VernisStatus status = vn_decoder_run(decoder, latent, eye->latent_w, eye->latent_h, rgb, eye->pool, err);
    if (!status)
        status = vn_image_create(out, eye->width, eye->height, 3, false, 8, NULL, err);
    for (size_t y = 0; !status && y < eye->height; y++) {
        uint8_t *row = (uint8_t *)out->pixels + y * out->stride;
        for (size_t i = 0; i < 3 * (size_t)eye->width; i++)
            row[i] = (uint8_t)lrintf(255 * rgb[i % 3 * n + y * eye->width + i / 3]);
    }
    vn_free(rgb);
    return status;
}

void vn_sight_close(VnSight *sight) {
    vn_field_close(&sight->moved);
    vn_image_free(&sight->painted[0]);
    vn_image_free(&sight->painted[1]);
}

VernisStatus vn_sight_open(VnSight *out, const VnImage *original, const VnImage *changed, const VnIngest *ingest,
                           const VnEncoder *encoder, const VnDecoder *decoder, VnPool *pool, VnError *err) {
    Eye eye;
    float *clean;
    *out = (VnSight){0};
    VN_TRY(eye_open(&eye, &clean, 2, original, ingest, encoder, pool, err));
    float *moved = clean + eye.latent_floats;
    VernisStatus status;
    VN_CHECK(look(&eye, original, true, clean, err));
    VN_CHECK(look(&eye, changed, true, moved, err));
    VN_CHECK(map_moves(&out->moved, &eye, clean, moved, err));
    vn_pass_close(&eye.pass); /* its memory is the decoder's now */
    for (int i = 0; i < 2 && decoder; i++)
        VN_CHECK(paint(&out->painted[i], &eye, i ? moved : clean, decoder, err));
done:
    vn_free(clean);
    vn_pass_close(&eye.pass);
    if (status)
        vn_sight_close(out);
    return status;
}

size_t vn_measure_need(uint32_t width, uint32_t height, size_t row_bytes, const VnIngest *ingest,
                       const VnEncoder *const *encoders, size_t count, unsigned threads) {
    /* a little above what is measured (tests/cli/cli_batch.py); PLANES: bytes for a pixel that the encoder sees */
    enum { COPIES = 3, LATENTS = 4, PLANES = 16, REST = 12 << 20 };
    uint32_t w, h;
    size_seen(&w, &h, width, height, ingest);
    double weights = 0, most = 0, pixels = (double)w * h;
    for (size_t i = 0; i < count; i++) {
        const VnEncoderInfo *info = vn_encoder_info(encoders[i]);
        double latent = pixels / info->stride / info->stride * info->latent_channels * sizeof(float);
        weights += (double)info->weight_bytes;
        most = fmax(most, (double)vn_pass_plan(encoders[i], w, h, false, threads) + LATENTS * latent);
    }
    double memory = REST + weights + most + PLANES * pixels + COPIES * (double)row_bytes * height;
    return memory < (double)SIZE_MAX ? (size_t)memory : SIZE_MAX;
}

VernisStatus vn_measure(VernisResult *result, const VnImage *original, const VnImage *changed, const VnIngest *ingest,
                        const VnEncoder *const *encoders, size_t count, VnPool *pool, VnError *err) {
    snprintf(result->ingest, sizeof result->ingest, "%s", ingest->name);
    VN_TRY(vn_psnr(&result->psnr, original, changed, err));
    VN_TRY(vn_ssim(&result->ssim, original, changed, pool, err));
    VN_TRY(vn_visibility(&result->visibility, original, changed, pool, err));
    const size_t room = sizeof result->shifts / sizeof result->shifts[0];
    result->shift_count = count < room ? count : room;
    for (size_t i = 0; i < result->shift_count; i++)
        VN_TRY(vn_measure_shift(&result->shifts[i], original, changed, ingest, encoders[i], pool, err));
    return VERNIS_OK;
}
