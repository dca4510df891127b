/* SPDX-License-Identifier: Apache-2.0 */
/* What an encoder sees of a change, directly and after a platform and a trainer have had the file. The ingest is the
 * judge's: Lanczos to 1080 wide, JPEG 75 4:2:0 by libjpeg-turbo, Lanczos to short side 512, 8 bits after each step. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "image/format.h"
#include "protect/ingest.h"
#include "protect/protect.h"
#include "report/report.h"

/* LONGEST bounds the memory for a strip or a banner, which no trainer would take at its short side's size. */
enum { LONGEST = 4096, PLATFORM_WIDTH = 1080, PLATFORM_QUALITY = 75, TRAINING_SIDE = 512, TRAINING_STEP = 64 };

/* 8-bit RGB over white of any grey or RGB image, resized with Lanczos where the size differs. */
static VernisStatus resized(VnImage *out, const VnImage *image, uint32_t width, uint32_t height, VnPool *pool,
                            VnError *err) {
    size_t in_floats = vn_mul(3 * (size_t)image->width, image->height), out_floats = vn_mul(3 * (size_t)width, height);
    VnResize *resize = NULL;
    float *planes = vn_malloc(vn_mul(in_floats, sizeof(float))), *small = NULL, *scratch = NULL;
    VernisStatus status = planes ? VERNIS_OK : vn_no_memory(err, "verify", in_floats * sizeof(float), "planes");
    if (status)
        goto done;
    vn_image_rows_to_planes(image, 0, image->height, planes);
    const float *source = planes;
    if (width != image->width || height != image->height) {
        VN_CHECK(vn_resize_open(&resize, image->width, image->height, width, height, VN_FILTER_LANCZOS, err));
        size_t scratch_floats = vn_resize_scratch(resize, 3);
        small = vn_malloc(vn_mul(out_floats, sizeof(float)));
        scratch = vn_malloc(vn_mul(scratch_floats, sizeof(float)));
        if (!small || !scratch) {
            status = vn_no_memory(err, "verify", (out_floats + scratch_floats) * sizeof(float), "resizing");
            goto done;
        }
        vn_resize_apply(resize, 3, planes, small, scratch, pool);
        source = small;
    }
    VN_CHECK(vn_image_create(out, width, height, 3, false, 8, NULL, err));
    size_t n = (size_t)width * height;
    uint8_t *pixels = out->pixels;
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < 3; c++)
            pixels[3 * i + c] = (uint8_t)(fminf(fmaxf(source[c * n + i], 0), 1) * 255 + 0.5f);
done:
    vn_free(scratch);
    vn_free(small);
    vn_free(planes);
    vn_resize_close(&resize);
    return status;
}

static VernisStatus through_jpeg(VnImage *image, VnError *err) {
    VnBytes bytes = {0};
    VnBag bag = {0};
    VnImage back = {0};
    VnEncodeOptions options = {.quality = PLATFORM_QUALITY, .subsample = true};
    VernisStatus status = vn_format_jpeg.encode(&bytes, image, &options, err);
    if (!status)
        status = vn_format_jpeg.decode(&back, &bag, bytes.data, bytes.size, NULL, err);
    vn_bytes_free(&bytes);
    vn_bag_free(&bag);
    if (!status) {
        vn_image_free(image);
        *image = back;
    }
    return status;
}

typedef struct Eye {
    VnPass *pass;
    uint32_t width, height; /* training size */
    size_t latent_floats;
    VnPool *pool;
} Eye;

/* The latent of a picture as the trainer gets it. @param platform with the platform's resize and JPEG */
static VernisStatus look(const Eye *eye, const VnImage *image, bool platform, float *latent, VnError *err) {
    VnImage posted = {0}, small = {0};
    VernisStatus status = VERNIS_OK;
    const VnImage *source = image;
    if (platform) {
        uint32_t w = image->width, h = image->height;
        if (w > PLATFORM_WIDTH) {
            h = (uint32_t)fmax(1, rint((double)h * PLATFORM_WIDTH / w));
            w = PLATFORM_WIDTH;
        }
        VN_CHECK(resized(&posted, image, w, h, eye->pool, err));
        VN_CHECK(through_jpeg(&posted, err));
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
                              const VnEncoder *encoder, VnPool *pool, VnError *err) {
    const VnEncoderInfo *info = vn_encoder_info(encoder);
    Eye eye = {.pool = pool};
    uint32_t w = original->width, h = original->height, shorter = w < h ? w : h, longer = w < h ? h : w;
    double side = fmin(TRAINING_SIDE, fmax(TRAINING_STEP, (double)LONGEST * shorter / longer));
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
                        const VnEncoder *const *encoders, size_t count, VnPool *pool, VnError *err) {
    VN_TRY(vn_psnr(&result->psnr, original, changed, err));
    VN_TRY(vn_ssim(&result->ssim, original, changed, pool, err));
    VN_TRY(vn_visibility(&result->visibility, original, changed, pool, err));
    const size_t room = sizeof result->shifts / sizeof result->shifts[0];
    result->shift_count = count < room ? count : room;
    for (size_t i = 0; i < result->shift_count; i++)
        VN_TRY(vn_measure_shift(&result->shifts[i], original, changed, encoders[i], pool, err));
    return VERNIS_OK;
}
