/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/pdq.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIDE = 64, /* of the filtered picture */
    KEPT = 16, /* DCT frequencies 1..16 each way: the mean is left out */
    PASSES_PER_SIDE = 2,
    BITS = KEPT * KEPT
};

/* The Jarosz filter is a box mean applied twice along each axis, windows cut off at the border, then sampled at 64 places.
 * All of that is linear and separable, so each sample along an axis is a weighted sum of the pixels in its reach; the
 * weights are found once by sending the two boxes backwards. A picture is read once, a row at a time. */
typedef struct Axis {
    uint32_t first[SIDE], count[SIDE]; /* reach of each sample */
    double *weights;                   /* (64, reach) */
    size_t reach;
} Axis;

typedef struct Span {
    uint32_t from, to; /* both inside */
} Span;

/* Window of a box of `width` pixels about `at`; where the width is even the longer side is after it. */
static Span window(uint32_t at, uint32_t width, uint32_t size) {
    uint32_t after = width / 2, before = width - 1 - after;
    return (Span){at > before ? at - before : 0, size - 1 - at > after ? at + after : size - 1};
}

static VernisStatus axis_open(Axis *axis, uint32_t size, VnError *err) {
    uint32_t width = (uint32_t)(((uint64_t)size + PASSES_PER_SIDE * SIDE - 1) / (PASSES_PER_SIDE * SIDE));
    axis->reach = 2 * (size_t)width;
    axis->weights = vn_calloc(SIDE, axis->reach * sizeof *axis->weights);
    if (!axis->weights)
        return vn_no_memory(err, "pdq", SIDE * axis->reach * sizeof *axis->weights, "a fingerprint");
    for (uint32_t k = 0; k < SIDE; k++) {
        uint32_t place = (uint32_t)((2 * (uint64_t)k + 1) * size / (2 * SIDE));
        Span outer = window(place, width, size);
        double *weights = axis->weights + k * axis->reach;
        axis->first[k] = window(outer.from, width, size).from;
        axis->count[k] = window(outer.to, width, size).to - axis->first[k] + 1;
        for (uint32_t j = outer.from; j <= outer.to; j++) {
            Span inner = window(j, width, size);
            double share = 1.0 / (outer.to - outer.from + 1) / (inner.to - inner.from + 1);
            for (uint32_t i = inner.from; i <= inner.to; i++)
                weights[i - axis->first[k]] += share;
        }
    }
    return VERNIS_OK;
}

/* Luma 0..255 of row y, sampled along x; `planes` holds (3, 1, width). */
static void sample_row(double out[SIDE], const VnImage *image, uint32_t y, const Axis *x, float *planes) {
    const float *r = planes, *g = planes + image->width, *b = g + image->width;
    vn_image_rows_to_planes(image, y, y + 1, planes);
    for (uint32_t i = 0; i < image->width; i++)
        planes[i] = 255 * (0.299f * r[i] + 0.587f * g[i] + 0.114f * b[i]);
    for (size_t k = 0; k < SIDE; k++) {
        const double *weights = x->weights + k * x->reach;
        double sum = 0;
        for (uint32_t i = 0; i < x->count[k]; i++)
            sum += weights[i] * planes[x->first[k] + i];
        out[k] = sum;
    }
}

static VernisStatus filter(double out[SIDE][SIDE], const VnImage *image, VnError *err) {
    Axis x = {0}, y = {0};
    size_t bytes = vn_mul(image->width, 3 * sizeof(float));
    float *planes = vn_malloc(bytes);
    VernisStatus status = planes ? axis_open(&x, image->width, err) : vn_no_memory(err, "pdq", bytes, "a fingerprint");
    if (!status)
        status = axis_open(&y, image->height, err);
    memset(out, 0, sizeof(double[SIDE][SIDE]));
    for (uint32_t row = 0; row < image->height && !status; row++) {
        double samples[SIDE];
        bool sampled = false;
        for (size_t k = 0; k < SIDE; k++) {
            if (row < y.first[k] || row - y.first[k] >= y.count[k])
                continue;
            if (!sampled)
                sample_row(samples, image, row, &x, planes);
            sampled = true;
            double weight = y.weights[k * y.reach + row - y.first[k]];
            for (size_t i = 0; i < SIDE; i++)
                out[k][i] += weight * samples[i];
        }
    }
    vn_free(planes);
    vn_free(x.weights);
    vn_free(y.weights);
    return status;
}

/* Whole steps of one hundredth of the range between neighbours, summed; 90 of them are a hundredth of full quality. */
static int quality_of(double luma[SIDE][SIDE]) {
    int sum = 0;
    for (size_t i = 0; i < SIDE; i++)
        for (size_t j = 0; j + 1 < SIDE; j++)
            sum += abs((int)((luma[i][j] - luma[i][j + 1]) * 100 / 255)) +
                   abs((int)((luma[j][i] - luma[j + 1][i]) * 100 / 255));
    return sum / 90 < 100 ? sum / 90 : 100;
}

/* out = D luma D', D[f][a] = sqrt(2/64) cos(pi/128 (f+1)(2a+1)). */
static void transform(double out[KEPT][KEPT], double luma[SIDE][SIDE]) {
    double basis[KEPT][SIDE], half[KEPT][SIDE] = {{0}};
    for (size_t f = 0; f < KEPT; f++)
        for (size_t a = 0; a < SIDE; a++)
            basis[f][a] = sqrt(2.0 / SIDE) * cos(acos(-1) / (2 * SIDE) * (double)((f + 1) * (2 * a + 1)));
    for (size_t f = 0; f < KEPT; f++)
        for (size_t a = 0; a < SIDE; a++)
            for (size_t j = 0; j < SIDE; j++)
                half[f][j] += basis[f][a] * luma[a][j];
    for (size_t f = 0; f < KEPT; f++)
        for (size_t g = 0; g < KEPT; g++) {
            out[f][g] = 0;
            for (size_t j = 0; j < SIDE; j++)
                out[f][g] += half[f][j] * basis[g][j];
        }
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Mirroring negates the odd frequencies of its axis (indices are frequencies less one); swapping transposes. */
static void quantise(uint8_t hash[VN_PDQ_BYTES], double dct[KEPT][KEPT], unsigned variant) {
    double turned[BITS], sorted[BITS];
    for (size_t i = 0; i < KEPT; i++)
        for (size_t j = 0; j < KEPT; j++) {
            double value = variant & VN_PDQ_SWAPPED ? dct[j][i] : dct[i][j];
            bool odd = (variant & VN_PDQ_MIRRORED && j % 2 == 0) != (variant & VN_PDQ_FLIPPED && i % 2 == 0);
            turned[i * KEPT + j] = odd ? -value : value;
        }
    memcpy(sorted, turned, sizeof sorted);
    qsort(sorted, BITS, sizeof *sorted, by_value);
    double median = sorted[BITS / 2 - 1];
    memset(hash, 0, VN_PDQ_BYTES);
    for (size_t i = 0; i < BITS; i++)
        if (turned[i] > median)
            hash[VN_PDQ_BYTES - 1 - i / 8] |= (uint8_t)(1u << i % 8);
}

VernisStatus vn_pdq(VnPdq *out, const VnImage *image, VnError *err) {
    double luma[SIDE][SIDE], dct[KEPT][KEPT];
    *out = (VnPdq){0};
    VN_TRY(filter(luma, image, err));
    out->quality = quality_of(luma);
    transform(dct, luma);
    for (unsigned v = 0; v < VN_PDQ_VARIANTS; v++)
        quantise(out->hash[v], dct, v);
    return VERNIS_OK;
}

void vn_pdq_to_hex(char *hex, const uint8_t hash[VN_PDQ_BYTES]) {
    for (size_t i = 0; i < VN_PDQ_BYTES; i++) {
        *hex++ = "0123456789abcdef"[hash[i] >> 4];
        *hex++ = "0123456789abcdef"[hash[i] & 15];
    }
    *hex = 0;
}

static int digit_of(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

bool vn_pdq_from_hex(uint8_t hash[VN_PDQ_BYTES], const char *hex) {
    for (size_t i = 0; i < VN_PDQ_BYTES; i++, hex += 2) {
        int high = digit_of(hex[0]), low = high < 0 ? -1 : digit_of(hex[1]);
        if (low < 0)
            return false;
        hash[i] = (uint8_t)(high << 4 | low);
    }
    return !*hex;
}

int vn_pdq_distance(const uint8_t a[VN_PDQ_BYTES], const uint8_t b[VN_PDQ_BYTES], int most) {
    int distance = 0;
    for (size_t i = 0; i < VN_PDQ_BYTES && distance <= most; i += 8) {
        uint64_t x, y;
        memcpy(&x, a + i, 8);
        memcpy(&y, b + i, 8);
        distance += __builtin_popcountll(x ^ y);
    }
    return distance;
}
