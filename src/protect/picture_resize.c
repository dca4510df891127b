/* SPDX-License-Identifier: Apache-2.0 */
/* Whole pictures to another size, keeping colours, alpha and depth; a band of rows at a time. */
#include <math.h>
#include <string.h>

#include "protect/protect.h"

enum { BAND = 64 };

static float top_of(const VnImage *image) { return image->bits == 8 ? 255 : 65535; }

static float sample_at(const VnImage *image, const uint8_t *row, size_t i) {
    if (image->bits == 8)
        return row[i];
    uint16_t wide;
    memcpy(&wide, row + 2 * i, sizeof wide);
    return wide;
}

/* Rows as planes 0..1 of every sample; colours are weighted by alpha, so that hidden ones do not bleed. */
static void to_planes(const VnImage *image, uint32_t y0, uint32_t rows, float *planes) {
    unsigned samples = vn_image_samples(image);
    size_t plane = (size_t)rows * image->width;
    float unit = 1 / top_of(image);
    for (size_t i = 0; i < plane; i++) {
        const uint8_t *row = (const uint8_t *)image->pixels + (y0 + i / image->width) * image->stride;
        size_t at = i % image->width * samples;
        float alpha = image->alpha ? sample_at(image, row, at + image->colours) * unit : 1;
        for (unsigned c = 0; c < image->colours; c++)
            planes[c * plane + i] = sample_at(image, row, at + c) * unit * alpha;
        if (image->alpha)
            planes[image->colours * plane + i] = alpha;
    }
}

static void from_planes(VnImage *image, uint32_t y0, uint32_t rows, const float *planes) {
    unsigned samples = vn_image_samples(image);
    size_t plane = (size_t)rows * image->width;
    float top = top_of(image);
    for (size_t i = 0; i < plane; i++) {
        uint8_t *row = (uint8_t *)image->pixels + (y0 + i / image->width) * image->stride;
        float alpha = image->alpha ? planes[image->colours * plane + i] : 1;
        for (unsigned s = 0; s < samples; s++) {
            float v = planes[s * plane + i];
            if (image->alpha && s < image->colours)
                v = alpha > 0 ? v / alpha : 0;
            uint16_t wide = (uint16_t)lrintf(fminf(fmaxf(v, 0), 1) * top);
            size_t at = i % image->width * samples + s;
            if (image->bits == 16)
                memcpy(row + 2 * at, &wide, sizeof wide);
            else
                row[at] = (uint8_t)wide;
        }
    }
}

VernisStatus vn_picture_resize(VnImage *out, const VnImage *image, uint32_t width, uint32_t height, VnPool *pool,
                               VnError *err) {
    unsigned samples = vn_image_samples(image);
    VnResize *resize = NULL;
    float *scratch = NULL;
    VernisStatus status;
    *out = (VnImage){0};
    if (width == image->width && height == image->height)
        return vn_image_copy(out, image, err);
    VN_CHECK(vn_image_create(out, width, height, image->colours, image->alpha, image->bits, NULL, err));
    VN_CHECK(vn_resize_open(&resize, image->width, image->height, width, height, VN_FILTER_LANCZOS, err));
    size_t columns = vn_resize_scratch(resize, samples), wider = width > image->width ? width : image->width;
    size_t bytes = vn_mul(columns + vn_mul(wider, samples * BAND), sizeof(float));
    scratch = vn_malloc(bytes);
    if (!scratch) {
        status = vn_no_memory(err, "resize", bytes, "another size of the picture");
        goto done;
    }
    float *band = scratch + columns;
    for (uint32_t y = 0; y < image->height; y += BAND) {
        uint32_t rows = image->height - y < BAND ? image->height - y : BAND;
        to_planes(image, y, rows, band);
        vn_resize_columns(resize, samples, band, y, y + rows, scratch, pool);
    }
    for (uint32_t y = 0; y < height; y += BAND) {
        uint32_t rows = height - y < BAND ? height - y : BAND;
        vn_resize_rows(resize, samples, scratch, y, y + rows, band, pool);
        from_planes(out, y, rows, band);
    }
done:
    vn_free(scratch);
    vn_resize_close(&resize);
    if (status)
        vn_image_free(out);
    return status;
}
