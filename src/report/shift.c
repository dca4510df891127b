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

const VnIngest vn_ingest_usual = {.name = "w1080 q75 s512", .trip = {.max_width = 1080, .quality = 75, .subsample = true},
                                  .side = 512};

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

static double shift_between(const float *from, const float *to, size_t n) {
    double mean = 0, spread = 0, moved = 0;
    for (size_t i = 0; i < n; i++)
        mean += (double)from[i];
    mean /= (double)n;
    for (size_t i = 0; i < n; i++) {
        double d = (double)to[i] - (double)from[i], s = (double)from[i] - mean;
        moved += d * d;
        spread += s * s;
    }
    return spread > 0 && n > 1 ? sqrt(moved / (double)n / (spread / (double)(n - 1))) : 0;
}

VernisStatus vn_measure_shift(VernisShift *out, const VnImage *original, const VnImage *changed,
                              const VnIngest *ingest, const VnEncoder *encoder, VnPool *pool, VnError *err) {
    const VnEncoderInfo *info = vn_encoder_info(encoder);
    Eye eye = {.pool = pool, .trip = &ingest->trip};
    uint32_t w = original->width, h = original->height, shorter = w < h ? w : h, longer = w < h ? h : w;
    double side = fmin(ingest->side, fmax(TRAINING_STEP, (double)LONGEST * shorter / longer));
    vn_training_size(w, h, (uint32_t)side, TRAINING_STEP, &eye.width, &eye.height);
    VN_TRY(vn_pass_open(&eye.pass, encoder, eye.width, eye.height, false, pool, err));
    eye.latent_floats = (size_t)info->latent_channels * (eye.width / info->stride) * (eye.height / info->stride);
    float *latents = vn_malloc(vn_mul(4 * eye.latent_floats, sizeof(float)));
    VernisStatus status = VERNIS_OK;
    if (!latents) {
        status = vn_no_memory(err, "verify", 4 * eye.latent_floats * sizeof(float), "latents");
        goto done;
    }
    float *clean = latents, *clean_in = clean + eye.latent_floats, *moved = clean_in + eye.latent_floats,
          *moved_in = moved + eye.latent_floats;
    VN_CHECK(look(&eye, original, false, clean, err));
    VN_CHECK(look(&eye, original, true, clean_in, err));
    VN_CHECK(look(&eye, changed, false, moved, err));
    VN_CHECK(look(&eye, changed, true, moved_in, err));
    snprintf(out->surrogate, sizeof out->surrogate, "%s", info->name);
    out->direct = shift_between(clean, moved, eye.latent_floats);
    out->ingest = shift_between(clean_in, moved_in, eye.latent_floats);
    out->floor = shift_between(clean, clean_in, eye.latent_floats);
done:
    vn_free(latents);
    vn_pass_close(&eye.pass);
    return status;
}

VernisStatus vn_measure(VernisResult *result, const VnImage *original, const VnImage *changed,
                        const VnIngest *ingest, const VnEncoder *const *encoders, size_t count, VnPool *pool,
                        VnError *err) {
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
