/* SPDX-License-Identifier: Apache-2.0 */
#include "image/image.h"

#include <string.h>

const VnLimits vn_limits_default = {
    .max_pixels = 400u * 1000u * 1000u,
    .max_side = 65535,
    .max_file_bytes = (size_t)1 << 30,
    .max_icc_bytes = (size_t)16 << 20,
    .max_exif_bytes = (size_t)8 << 20,
    .max_xmp_bytes = (size_t)4 << 20,
};

VernisStatus vn_image_check(uint32_t width, uint32_t height, const VnLimits *limits, const char *where, VnError *err) {
    if (!limits)
        limits = &vn_limits_default;
    if (width == 0 || height == 0)
        return vn_fail(err, VERNIS_E_FORMAT, where, "the picture is empty (%u x %u pixels)", width, height);
    if (width > limits->max_side || height > limits->max_side)
        return vn_fail(err, VERNIS_E_LIMIT, where, "%u x %u pixels: longer than the limit of %u per side", width,
                       height, limits->max_side);
    if ((uint64_t)width * height > limits->max_pixels)
        return vn_fail(err, VERNIS_E_LIMIT, where, "%u x %u pixels: more than the limit of %llu", width, height,
                       (unsigned long long)limits->max_pixels);
    return VERNIS_OK;
}

VernisStatus vn_image_create(VnImage *out, uint32_t width, uint32_t height, unsigned colours, bool alpha, unsigned bits,
                             const VnLimits *limits, VnError *err) {
    *out = (VnImage){0};
    if ((colours != 1 && colours != 3 && colours != 4) || (bits != 8 && bits != 16))
        return vn_fail(err, VERNIS_E_ARGUMENT, "image", "no such pixel layout: %u colours of %u bits", colours, bits);
    VN_TRY(vn_image_check(width, height, limits, "image", err));
    size_t stride = vn_mul(width, (colours + (alpha ? 1u : 0u)) * (bits / 8u));
    size_t total = vn_mul(stride, height);
    void *pixels = vn_calloc(1, total);
    if (!pixels)
        return vn_no_memory(err, "image", total, "pixels");
    *out = (VnImage){.width = width,
                     .height = height,
                     .colours = (uint8_t)colours,
                     .bits = (uint8_t)bits,
                     .alpha = alpha,
                     .stride = stride,
                     .pixels = pixels};
    return VERNIS_OK;
}

void vn_image_free(VnImage *image) {
    vn_free(image->pixels);
    *image = (VnImage){0};
}

VernisStatus vn_image_copy(VnImage *out, const VnImage *image, VnError *err) {
    size_t total = vn_mul(image->stride, image->height);
    void *pixels = vn_malloc(total);
    if (!pixels) {
        *out = (VnImage){0};
        return vn_no_memory(err, "image", total, "a copy of the pixels");
    }
    memcpy(pixels, image->pixels, total);
    *out = *image;
    out->pixels = pixels;
    return VERNIS_OK;
}

static size_t blank_row8(uint8_t *row, uint32_t width, unsigned colours) {
    size_t blanked = 0;
    for (uint32_t x = 0; x < width; x++, row += colours + 1) {
        if (row[colours] != 0)
            continue;
        unsigned held = 0;
        for (unsigned c = 0; c < colours; c++) {
            held |= row[c];
            row[c] = 0;
        }
        blanked += held != 0;
    }
    return blanked;
}

static size_t blank_row16(uint16_t *row, uint32_t width, unsigned colours) {
    size_t blanked = 0;
    for (uint32_t x = 0; x < width; x++, row += colours + 1) {
        if (row[colours] != 0)
            continue;
        unsigned held = 0;
        for (unsigned c = 0; c < colours; c++) {
            held |= row[c];
            row[c] = 0;
        }
        blanked += held != 0;
    }
    return blanked;
}

size_t vn_image_blank_hidden(VnImage *image) {
    size_t blanked = 0;
    if (!image->alpha)
        return 0;
    for (uint32_t y = 0; y < image->height; y++) {
        void *row = (uint8_t *)image->pixels + y * image->stride;
        blanked += image->bits == 8 ? blank_row8(row, image->width, image->colours)
                                    : blank_row16(row, image->width, image->colours);
    }
    return blanked;
}

/* One sample as 0..1; bits are 8 or 16. */
static inline float sample_unit(const void *row, size_t i, unsigned bits) {
    return bits == 8 ? (float)((const uint8_t *)row)[i] * (1.0f / 255.0f)
                     : (float)((const uint16_t *)row)[i] * (1.0f / 65535.0f);
}

float vn_image_alpha(const VnImage *image, size_t x, size_t y) {
    const uint8_t *row = (const uint8_t *)image->pixels + y * image->stride;
    return sample_unit(row, x * vn_image_samples(image) + image->colours, image->bits);
}

/* The kind that most pictures are, in a loop that compilers turn into vectors. */
static void plain_row_to_planes(const uint8_t *row, size_t width, size_t plane, float *out) {
    for (size_t x = 0; x < width; x++) {
        out[x] = (float)row[3 * x] * (1.0f / 255.0f);
        out[plane + x] = (float)row[3 * x + 1] * (1.0f / 255.0f);
        out[2 * plane + x] = (float)row[3 * x + 2] * (1.0f / 255.0f);
    }
}

void vn_image_rows_to_planes(const VnImage *image, uint32_t y0, uint32_t y1, float *planes) {
    size_t plane = (size_t)(y1 - y0) * image->width;
    unsigned samples = vn_image_samples(image), bits = image->bits;
    for (uint32_t y = y0; y < y1; y++) {
        const void *row = (const uint8_t *)image->pixels + y * image->stride;
        float *out = planes + (size_t)(y - y0) * image->width;
        if (samples == 3 && bits == 8) {
            plain_row_to_planes(row, image->width, plane, out);
            continue;
        }
        for (size_t x = 0; x < image->width; x++) {
            size_t at = x * samples;
            float alpha = image->alpha ? sample_unit(row, at + image->colours, bits) : 1.0f;
            for (unsigned c = 0; c < 3; c++) {
                float value = sample_unit(row, at + (image->colours == 3 ? c : 0), bits);
                out[c * plane + x] = image->alpha ? value * alpha + (1.0f - alpha) : value;
            }
        }
    }
}

/* Composite one row over white, in integers with rounding; out may be in (alpha is dropped going forward). */
static void flatten_row(void *row, uint32_t width, unsigned colours, unsigned bits) {
    for (uint32_t x = 0; x < width; x++) {
        for (unsigned c = 0; c < colours; c++) {
            size_t from = (size_t)x * (colours + 1), to = (size_t)x * colours + c;
            if (bits == 8) {
                uint8_t *p = row;
                uint32_t alpha = p[from + colours];
                uint32_t value = (p[from + c] * alpha + 255u * (255u - alpha) + 127u) / 255u;
                p[to] = (uint8_t)value;
            } else {
                uint16_t *p = row;
                uint64_t alpha = p[from + colours];
                uint64_t value = (p[from + c] * alpha + 65535u * (65535u - alpha) + 32767u) / 65535u;
                p[to] = (uint16_t)value;
            }
        }
    }
}

static void narrow_row(void *row, size_t samples) {
    const uint16_t *in = row;
    uint8_t *out = row;
    for (size_t i = 0; i < samples; i++)
        out[i] = (uint8_t)((in[i] * 255u + 32767u) / 65535u);
}

VernisStatus vn_image_fit(VnImage *image, bool alpha, bool bits16, VnError *err) {
    bool drop_alpha = image->alpha && !alpha, narrow = image->bits == 16 && !bits16;
    if (!drop_alpha && !narrow)
        return VERNIS_OK;
    VnImage out = *image;
    out.alpha = image->alpha && alpha;
    out.bits = narrow ? 8 : image->bits;
    out.stride = (size_t)out.width * vn_image_samples(&out) * (out.bits / 8u);
    size_t total = out.stride * out.height;
    out.pixels = vn_malloc(total);
    if (!out.pixels)
        return vn_no_memory(err, "image", total, "pixels");
    for (uint32_t y = 0; y < image->height; y++) {
        uint8_t *row = (uint8_t *)image->pixels + y * image->stride;
        if (drop_alpha)
            flatten_row(row, image->width, image->colours, image->bits);
        if (narrow)
            narrow_row(row, (size_t)out.width * vn_image_samples(&out));
        memcpy((uint8_t *)out.pixels + y * out.stride, row, out.stride);
    }
    vn_image_free(image);
    *image = out;
    return VERNIS_OK;
}
