/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/rng.h"
#include "protect/objective.h"

enum { GRID = 8 };

/* Position of cell i of n on the grid: two neighbours and the share of the second. */
static uint32_t grid_position(uint32_t i, uint32_t n, float *share) {
    float t = ((float)i + 0.5f) * GRID / (float)n - 0.5f;
    t = fminf(fmaxf(t, 0), GRID - 1);
    uint32_t low = t < GRID - 1 ? (uint32_t)t : GRID - 2;
    *share = t - (float)low;
    return low;
}

void vn_pattern(uint64_t key, const char *encoder_name, unsigned channels, uint32_t w, uint32_t h, float *out) {
    uint64_t name = 1469598103934665603u; /* FNV-1a */
    for (const char *c = encoder_name; *c; c++)
        name = (name ^ (uint8_t)*c) * 1099511628211u;
    size_t n = (size_t)w * h;
    double sum = 0;
    for (unsigned z = 0; z < channels; z++) {
        float node[GRID * GRID];
        for (unsigned i = 0; i < GRID * GRID; i++)
            node[i] = vn_rng_normal(key, name, (uint64_t)z * GRID * GRID + i);
        for (uint32_t y = 0; y < h; y++) {
            float fy, fx;
            const float *row = node + grid_position(y, h, &fy) * GRID;
            for (uint32_t x = 0; x < w; x++) {
                const float *p = row + grid_position(x, w, &fx);
                float v = (p[0] * (1 - fx) + p[1] * fx) * (1 - fy) + (p[GRID] * (1 - fx) + p[GRID + 1] * fx) * fy;
                out[z * n + (size_t)y * w + x] = v;
                sum += (double)v * v;
            }
        }
    }
    float scale = (float)(1 / sqrt(sum / ((double)n * channels) + 1e-30));
    for (size_t i = 0; i < n * channels; i++)
        out[i] *= scale;
}
