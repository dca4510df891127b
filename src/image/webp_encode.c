/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <webp/encode.h>

#include "image/codec.h"
#include "image/icc.h"
#include "image/webp_riff.h"

/* Lossless effort 0..9: on perturbed pictures the higher ones win about 1 % for several times the time. */
enum { LOSSLESS_LEVEL = 3, LOSSY_METHOD = 4 };

typedef struct Writer {
    VnBytes bytes;
    VnError *err;
    bool memory_short;
} Writer;

static int on_write(const uint8_t *data, size_t size, const WebPPicture *picture) {
    Writer *writer = picture->custom_ptr;
    writer->memory_short = vn_bytes_append(&writer->bytes, data, size, writer->err) != VERNIS_OK;
    return !writer->memory_short;
}

static bool configure(WebPConfig *config, int quality) {
    if (!WebPConfigInit(config))
        return false;
    if (quality > 0) {
        config->quality = (float)quality;
        config->method = LOSSY_METHOD;
        config->use_sharp_yuv = 1; /* the chroma that halving its size would lose most of */
    } else if (!WebPConfigLosslessPreset(config, LOSSLESS_LEVEL)) {
        return false;
    }
    config->exact = 1; /* colours under full transparency stay what they are: black */
    return WebPValidateConfig(config);
}

/* Grey as RGB, which is all that WebP has. */
static VernisStatus widen_grey(VnImage *out, const VnImage *image, VnError *err) {
    unsigned from = vn_image_samples(image), to = from + 2;
    VN_TRY(vn_image_create(out, image->width, image->height, 3, image->alpha, 8, NULL, err));
    const uint8_t *in = image->pixels;
    uint8_t *rgb = out->pixels;
    for (size_t i = 0; i < (size_t)image->width * image->height; i++, in += from, rgb += to) {
        memset(rgb, in[0], 3);
        if (image->alpha)
            rgb[3] = in[1];
    }
    return VERNIS_OK;
}

static VernisStatus write_picture(Writer *writer, const VnImage *image, int quality) {
    WebPConfig config;
    WebPPicture picture;
    if (!configure(&config, quality) || !WebPPictureInit(&picture))
        return vn_fail(writer->err, VERNIS_E_INTERNAL, "webp", "this libwebp is not the one Vernis was built with");
    picture.width = (int)image->width;
    picture.height = (int)image->height;
    picture.use_argb = 1;
    picture.writer = on_write;
    picture.custom_ptr = writer;
    int done = image->alpha ? WebPPictureImportRGBA(&picture, image->pixels, (int)image->stride)
                            : WebPPictureImportRGB(&picture, image->pixels, (int)image->stride);
    done = done && WebPEncode(&config, &picture);
    WebPEncodingError code = picture.error_code;
    WebPPictureFree(&picture);
    if (done)
        return VERNIS_OK;
    bool memory =
        writer->memory_short || code == VP8_ENC_ERROR_OUT_OF_MEMORY || code == VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY;
    return memory ? vn_no_memory(writer->err, "webp", 0, "libwebp")
                  : vn_fail(writer->err, VERNIS_E_ARGUMENT, "webp", "cannot write WebP: libwebp's error %d", (int)code);
}

/* The profile into the file that libwebp made. */
static VernisStatus add_profile(VnBytes *file, const VnBytes *icc, VnError *err) {
    VnWebp webp;
    VnBytes out = {0};
    VN_TRY(vn_webp_take_apart(&webp, file->data, file->size, err));
    webp.parts[VN_WEBP_ICC] = (VnWebpPart){icc->data, icc->size};
    VN_TRY(vn_webp_put_together(&out, &webp, err));
    vn_bytes_free(file);
    *file = out;
    return VERNIS_OK;
}

VernisStatus vn_webp_encode(VnBytes *out, const VnImage *image, const VnEncodeOptions *options, VnError *err) {
    VnImage wide = {0};
    Writer writer = {.err = err};
    VernisStatus status;
    int quality = options ? options->quality : 0;
    *out = (VnBytes){0};
    if ((image->colours != 1 && image->colours != 3) || image->bits != 8 || quality < 0 || quality > 100)
        return vn_fail(err, VERNIS_E_ARGUMENT, "webp",
                       "WebP holds grey or RGB pixels of 8 bits, written at quality 1 to 100 or 0 for lossless");
    if (image->width > WEBP_MAX_DIMENSION || image->height > WEBP_MAX_DIMENSION)
        return vn_fail(err, VERNIS_E_LIMIT, "webp", "%ux%u pixels: WebP holds at most %d a side", image->width,
                       image->height, WEBP_MAX_DIMENSION);
    if (image->colours == 1)
        VN_CHECK(widen_grey(&wide, image, err));
    VN_CHECK(write_picture(&writer, wide.pixels ? &wide : image, quality));
    if (options && options->icc && vn_icc_fits(options->icc, 3))
        VN_CHECK(add_profile(&writer.bytes, options->icc, err));
    *out = writer.bytes;
    writer.bytes = (VnBytes){0};
done:
    vn_image_free(&wide);
    vn_bytes_free(&writer.bytes);
    return status;
}
