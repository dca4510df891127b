/* SPDX-License-Identifier: Apache-2.0 */
#include "report/heat.h"

#include <math.h>
#include <string.h>

VernisStatus vn_field_open(VnField *out, uint32_t width, uint32_t height, VnError *err) {
    size_t bytes = vn_mul(vn_mul(width, height), sizeof(float));
    *out = (VnField){width, height, vn_calloc(1, bytes)};
    return out->values ? VERNIS_OK : vn_no_memory(err, "report", bytes, "a map");
}

void vn_field_close(VnField *field) {
    vn_free(field->values);
    *field = (VnField){0};
}

/* Colours between a few that grow lighter all the way, so that the order survives colour blindness and grey prints. */
static void heat_colour(float value, float rgb[3]) {
    static const float stops[][3] = {{16, 22, 58}, {84, 38, 118}, {190, 62, 92}, {240, 140, 66}, {252, 240, 190}};
    enum { LAST = sizeof stops / sizeof *stops - 1 };
    float at = fminf(fmaxf(value, 0), 1) * LAST;
    int i = at < LAST ? (int)at : LAST - 1;
    for (int c = 0; c < 3; c++)
        rgb[c] = stops[i][c] + (at - (float)i) * (stops[i + 1][c] - stops[i][c]);
}

VernisStatus vn_heat_image(VnImage *out, const VnField *field, float most, const VnImage *picture, VnError *err) {
    uint32_t w = picture->width, h = picture->height;
    float *row = vn_malloc(vn_mul(3 * (size_t)w, sizeof(float)));
    if (!row)
        return vn_no_memory(err, "report", 3 * w * sizeof(float), "a row");
    VernisStatus status = vn_image_create(out, w, h, 3, false, 8, NULL, err);
    for (uint32_t y = 0; y < h && !status; y++) {
        const float *values = field->values + (size_t)((uint64_t)y * field->height / h) * field->width;
        uint8_t *to = (uint8_t *)out->pixels + y * out->stride;
        vn_image_rows_to_planes(picture, y, y + 1, row);
        for (uint32_t x = 0; x < w; x++) {
            float rgb[3], luma = 0.299f * row[x] + 0.587f * row[w + x] + 0.114f * row[2 * (size_t)w + x];
            heat_colour(values[(uint64_t)x * field->width / w] / most, rgb);
            for (int c = 0; c < 3; c++)
                to[3 * x + (unsigned)c] = (uint8_t)(rgb[c] * (0.6f + 0.4f * luma));
        }
    }
    vn_free(row);
    return status;
}

VernisStatus vn_difference_image(VnImage *out, const VnImage *a, const VnImage *b, int gain, VnError *err) {
    uint32_t w = a->width;
    float *rows = vn_malloc(vn_mul(6 * (size_t)w, sizeof(float)));
    if (!rows)
        return vn_no_memory(err, "report", 6 * w * sizeof(float), "two rows");
    VernisStatus status = vn_image_create(out, w, a->height, 3, false, 8, NULL, err);
    for (uint32_t y = 0; y < a->height && !status; y++) {
        uint8_t *to = (uint8_t *)out->pixels + y * out->stride;
        vn_image_rows_to_planes(a, y, y + 1, rows);
        vn_image_rows_to_planes(b, y, y + 1, rows + 3 * (size_t)w);
        for (size_t i = 0; i < 3 * (size_t)w; i++) {
            float v = 128 + 255 * (float)gain * (rows[3 * (size_t)w + i] - rows[i]);
            to[3 * (i % w) + i / w] = (uint8_t)(v > 0 ? v < 255 ? v : 255 : 0);
        }
    }
    vn_free(rows);
    return status;
}

static uint32_t corner(uint32_t centre, uint32_t size, uint32_t side) {
    uint32_t start = centre > side / 2 ? centre - side / 2 : 0;
    return size <= side ? 0 : start + side > size ? size - side : start;
}

void vn_spot_find(const VnField *field, const VnImage *image, uint32_t side, uint32_t *x, uint32_t *y) {
    size_t most = 0;
    for (size_t i = 0; i < (size_t)field->width * field->height; i++)
        most = field->values[i] > field->values[most] ? i : most;
    *x = corner((uint32_t)((2 * (uint64_t)(most % field->width) + 1) * image->width / (2 * (uint64_t)field->width)),
                image->width, side);
    *y = corner((uint32_t)((2 * (uint64_t)(most / field->width) + 1) * image->height / (2 * (uint64_t)field->height)),
                image->height, side);
}

VernisStatus vn_crop_image(VnImage *out, const VnImage *image, uint32_t x, uint32_t y, uint32_t side, VnError *err) {
    uint32_t w = image->width - x < side ? image->width - x : side,
             h = image->height - y < side ? image->height - y : side;
    size_t pixel = (size_t)vn_image_samples(image) * (image->bits / 8);
    VN_TRY(vn_image_create(out, w, h, image->colours, image->alpha, image->bits, NULL, err));
    for (uint32_t i = 0; i < h; i++)
        memcpy((uint8_t *)out->pixels + i * out->stride,
               (const uint8_t *)image->pixels + (y + i) * image->stride + x * pixel, w * pixel);
    VernisStatus status = vn_image_fit(out, false, false, err);
    if (status)
        vn_image_free(out);
    return status;
}

float vn_field_quantile(const VnField *field, double share) {
    enum { BINS = 4096 };
    size_t counts[BINS] = {0}, n = (size_t)field->width * field->height, below = 0;
    float most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmaxf(most, field->values[i]);
    for (size_t i = 0; i < n && most > 0; i++)
        counts[(size_t)(fmaxf(field->values[i], 0) / most * (BINS - 1))]++;
    for (size_t k = 0; k < BINS; k++)
        if ((double)(below += counts[k]) >= share * (double)n)
            return most * (float)(k + 1) / BINS;
    return most;
}
