/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/rng.h"
#include "protect/optimise.h"
#include "protect/start_tile.h"

enum { PHASE = 8 }; /* training pixels: the stride that the tile was made for */

/* The tile between its cells, which repeat: bilinear. @param x,y in training pixels */
static float tile_at(size_t plane, double x, double y) {
    double left = floor(x), top = floor(y);
    float fx = (float)(x - left), fy = (float)(y - top);
    size_t x0 = (size_t)left % TILE, x1 = (x0 + 1) % TILE, y0 = (size_t)top % TILE, y1 = (y0 + 1) % TILE;
    const int8_t *p = start_tile + plane * TILE * TILE;
    return ((float)p[y0 * TILE + x0] * (1 - fx) + (float)p[y0 * TILE + x1] * fx) * (1 - fy) +
           ((float)p[y1 * TILE + x0] * (1 - fx) + (float)p[y1 * TILE + x1] * fx) * fy;
}

void vn_start(const VnScene *s, const float *budget, uint64_t key, float *d) {
    unsigned across = (unsigned)(vn_rng_u64(key, 3, 0) % (TILE / PHASE)) * PHASE,
             down = (unsigned)(vn_rng_u64(key, 3, 1) % (TILE / PHASE)) * PHASE;
    size_t n = (size_t)s->work_w * s->work_h;
    double scale_x = (double)s->training[0].w / s->work_w, scale_y = (double)s->training[0].h / s->work_h;
    for (size_t i = 0; i < n; i++) {
        double x = fmax(0, ((double)(i % s->work_w) + 0.5) * scale_x - 0.5) + across;
        double y = fmax(0, ((double)(i / s->work_w) + 0.5) * scale_y - 0.5) + down;
        float room = budget[i] + budget[n + i] + budget[2 * n + i], value[3], grey = 0;
        for (size_t c = 0; c < 3; c++)
            grey += (value[c] = tile_at(c, x, y)) / 3;
        for (size_t c = 0; c < 3; c++)
            d[c * n + i] = room * (s->grey ? grey : value[c]);
    }
}
