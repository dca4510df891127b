/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/thumbnail.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/pdq.h"

enum { SIDE = VN_THUMBNAIL_SIDE, COLOURS = 3 };

/* The most that one value may differ by, which tells apart what differs in one place; the least correlation of all values
 * together, below, tells faint drawings apart. tests/regression/find.md has the figures behind them. */
enum { MOST_APART = 40 };

/* Add one line of pixels to the parts it reaches into, by how much of it lies in each. */
static void add_line(double sums[SIDE], const float *line, uint32_t size) {
    for (size_t part = 0; part < SIDE; part++) {
        double from = (double)part * size / SIDE, to = (double)(part + 1) * size / SIDE;
        for (uint32_t i = (uint32_t)from; i < size && i < to; i++)
            sums[part] += (fmin(to, i + 1.0) - fmax(from, i)) * line[i];
    }
}

VernisStatus vn_thumbnail(uint8_t out[VERNIS_THUMBNAIL_BYTES], const VnImage *image, VnError *err) {
    double sums[SIDE][COLOURS][SIDE] = {{{0}}}, cell = (double)image->width * image->height / (SIDE * SIDE);
    size_t bytes = vn_mul(image->width, COLOURS * sizeof(float));
    float *planes = vn_malloc(bytes);
    if (!planes)
        return vn_no_memory(err, "thumbnail", bytes, "a thumbnail");
    for (uint32_t y = 0; y < image->height; y++) {
        double line[COLOURS][SIDE] = {{0}};
        vn_image_rows_to_planes(image, y, y + 1, planes);
        for (size_t c = 0; c < COLOURS; c++)
            add_line(line[c], planes + c * image->width, image->width);
        for (size_t part = (size_t)((uint64_t)y * SIDE / image->height); part < SIDE; part++) {
            double from = (double)part * image->height / SIDE, to = (double)(part + 1) * image->height / SIDE;
            if (from >= y + 1.0)
                break;
            double share = fmin(to, y + 1.0) - fmax(from, y);
            for (size_t i = 0; i < COLOURS * SIDE; i++)
                sums[part][i / SIDE][i % SIDE] += share * line[i / SIDE][i % SIDE];
        }
    }
    vn_free(planes);
    for (size_t y = 0; y < SIDE; y++)
        for (size_t x = 0; x < SIDE; x++)
            for (size_t c = 0; c < COLOURS; c++)
                *out++ = (uint8_t)lrint(fmin(255 * sums[y][c][x] / cell, 255));
    return VERNIS_OK;
}

/* The same orientation as that of a fingerprint: rows and columns are swapped first. */
static void turn(uint8_t out[VERNIS_THUMBNAIL_BYTES], const uint8_t in[VERNIS_THUMBNAIL_BYTES], unsigned orientation) {
    for (size_t y = 0; y < SIDE; y++)
        for (size_t x = 0; x < SIDE; x++) {
            size_t row = orientation & VN_PDQ_FLIPPED ? SIDE - 1 - y : y;
            size_t column = orientation & VN_PDQ_MIRRORED ? SIDE - 1 - x : x;
            size_t from = orientation & VN_PDQ_SWAPPED ? column * SIDE + row : row * SIDE + column;
            memcpy(out + COLOURS * (y * SIDE + x), in + COLOURS * from, COLOURS);
        }
}

bool vn_thumbnail_agrees(const uint8_t known[VERNIS_THUMBNAIL_BYTES], const uint8_t found[VERNIS_THUMBNAIL_BYTES],
                         unsigned orientation, int distance) {
    enum { CELLS = SIDE * SIDE };
    uint8_t turned[VERNIS_THUMBNAIL_BYTES];
    int64_t both = 0, squares[2] = {0};
    turn(turned, found, orientation);
    for (size_t c = 0; c < COLOURS; c++) {
        int64_t sum[2] = {0};
        for (size_t i = c; i < VERNIS_THUMBNAIL_BYTES; i += COLOURS) {
            int a = known[i], b = turned[i];
            if (abs(a - b) > MOST_APART)
                return false;
            sum[0] += a;
            sum[1] += b;
            both += CELLS * a * b;
            squares[0] += CELLS * a * a;
            squares[1] += CELLS * b * b;
        }
        both -= sum[0] * sum[1]; /* about each colour's own mean, times the number of cells */
        squares[0] -= sum[0] * sum[0];
        squares[1] -= sum[1] * sum[1];
    }
    double least = distance <= 26 ? 0.97 : distance <= 36 ? 0.996 : 0.999;
    return (double)both >= least * sqrt((double)squares[0] * (double)squares[1]);
}
