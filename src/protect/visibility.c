/* SPDX-License-Identifier: Apache-2.0 */
#include "protect/visibility.h"

#include <math.h>
#include <string.h>

#include "kern/kern.h"
#include "protect/protect.h"

enum {
    TILE = 240, /* pixels, halo included */
    HALO = 24,  /* the widest blur and a little of the ones after it */
    BLOCK = 4,  /* sensitivities are smooth: one for each block of pixels */
    TILE_PLANES = 25,
    SAMPLE_TILES = 32 /* in a sample, about */
};

typedef struct Tiles {
    const VnImage *a, *b;
    uint32_t tile_w, tile_h, across, down;
    VnVisBlurs blurs;
    float *work; /* for each thread: TILE_PLANES planes, block sensitivities, blur scratch */
    size_t work_size;
    double (*sums)[4];       /* of D^3, D^6, D^12 and pixels that show, for each tile */
    const VnVisGuard *guard; /* of the sensitivities; NULL: as butteraugli has them */
    unsigned every;          /* 0 or 1: all tiles; else only that share of them, spread as a lattice */
    float *maps;             /* VN_VIS_PLANES on a grid instead of sums */
    float *distance;         /* visibilities on a grid besides the sums */
    uint32_t grid_w, grid_h;
} Tiles;

/* Where tile i of `count` starts, and which part [core0, core1) of the picture only it answers for. */
static void tile_span(uint32_t size, uint32_t tile, uint32_t count, uint32_t i, uint32_t *start, uint32_t *core0,
                      uint32_t *core1) {
    uint32_t step = count > 1 ? tile - 2 * HALO : tile;
    *start = i + 1 < count ? i * step : size - tile;
    *core0 = i ? i * step + HALO : 0;
    *core1 = i + 1 < count ? (i + 1) * step + HALO : size;
}

static uint32_t tile_count(uint32_t size, uint32_t tile) {
    return size <= tile ? 1 : (size - tile + (tile - 2 * HALO) - 1) / (tile - 2 * HALO) + 1;
}

/* Whether a tile is in a sample of one in `every`: 5 lies far from the small multiples and divisors of the rows' lengths,
 * so that neighbours in a column are not all in or all out. */
static bool in_sample(const Tiles *t, unsigned every, unsigned index) {
    return every < 2 || (index % t->across + 5 * (index / t->across)) % every == 0;
}

/* The part of a picture under a tile; it owns nothing. */
static VnImage tile_view(const VnImage *image, uint32_t x, uint32_t y, uint32_t w, uint32_t h) {
    VnImage view = *image;
    view.width = w;
    view.height = h;
    view.pixels =
        (uint8_t *)image->pixels + y * image->stride + (size_t)x * vn_image_samples(image) * (image->bits / 8);
    return view;
}

/* The first grid line whose centre lies at or beyond position x of `size`. */
static uint32_t first_centre(uint32_t x, uint32_t size, uint32_t grid) {
    uint64_t g = ((uint64_t)x * 2 * grid + size) / (2 * (uint64_t)size);
    while (g > 0 && (2 * (g - 1) + 1) * (uint64_t)size / (2 * (uint64_t)grid) >= x)
        g--;
    while (g < grid && (2 * g + 1) * (uint64_t)size / (2 * (uint64_t)grid) < x)
        g++;
    return (uint32_t)g;
}

/* Visibilities at the centres of the grid's cells. @param square (tile_h,tile_w) squared visibility */
static void sample_distance(const Tiles *t, const float *square, uint32_t x0, uint32_t y0, const uint32_t core[4]) {
    uint32_t gx1 = first_centre(core[1], t->a->width, t->grid_w), gy1 = first_centre(core[3], t->a->height, t->grid_h);
    for (uint32_t gy = first_centre(core[2], t->a->height, t->grid_h); gy < gy1; gy++)
        for (uint32_t gx = first_centre(core[0], t->a->width, t->grid_w); gx < gx1; gx++) {
            uint64_t x = (2 * (uint64_t)gx + 1) * t->a->width / (2 * (uint64_t)t->grid_w);
            uint64_t y = (2 * (uint64_t)gy + 1) * t->a->height / (2 * (uint64_t)t->grid_h);
            t->distance[(size_t)gy * t->grid_w + gx] = sqrtf(square[(size_t)(y - y0) * t->tile_w + (size_t)(x - x0)]);
        }
}

static void sample_maps(const Tiles *t, const float *surround, uint32_t x0, uint32_t y0, const uint32_t core[4]) {
    size_t n = (size_t)t->tile_w * t->tile_h, cells = (size_t)t->grid_w * t->grid_h;
    uint32_t gx1 = first_centre(core[1], t->a->width, t->grid_w), gy1 = first_centre(core[3], t->a->height, t->grid_h);
    for (uint32_t gy = first_centre(core[2], t->a->height, t->grid_h); gy < gy1; gy++)
        for (uint32_t gx = first_centre(core[0], t->a->width, t->grid_w); gx < gx1; gx++) {
            uint64_t x = (2 * (uint64_t)gx + 1) * t->a->width / (2 * (uint64_t)t->grid_w);
            uint64_t y = (2 * (uint64_t)gy + 1) * t->a->height / (2 * (uint64_t)t->grid_h);
            size_t at = (size_t)(y - y0) * t->tile_w + (size_t)(x - x0);
            float s[VN_VIS_MAPS];
            vn_vis_sensitivity(surround + at, n, t->guard, s);
            for (size_t m = 0; m < VN_VIS_MAPS; m++)
                t->maps[m * cells + (size_t)gy * t->grid_w + gx] = s[m];
            float shown = t->a->alpha ? vn_image_alpha(t->a, (uint32_t)x, (uint32_t)y) : 1;
            t->maps[VN_VIS_MAPS * cells + (size_t)gy * t->grid_w + gx] =
                shown * vn_vis_ground(surround + at, n, t->guard);
        }
}

/* Add weight * (upper - lower)^2 of one band, all three planes, to `sum`; lower is NULL for the coarsest. */
static void add_band(const Tiles *t, const float *weights, size_t band, const float *upper, const float *lower,
                     float *sum) {
    size_t w = t->tile_w, n = w * t->tile_h, blocks = (w + BLOCK - 1) / BLOCK;
    for (size_t y = 0; y < t->tile_h; y++)
        for (size_t x = 0; x < w; x++) {
            const float *s = weights + (y / BLOCK * blocks + x / BLOCK) * VN_VIS_MAPS + band * 3;
            size_t i = y * w + x;
            float total = 0;
            for (size_t p = 0; p < 3; p++) {
                float d = upper[p * n + i] - (lower ? lower[p * n + i] : 0);
                total += s[p] * d * d;
            }
            sum[i] += total;
        }
}

static void tile_body(void *context, unsigned index, unsigned thread) {
    Tiles *t = context;
    uint32_t x0, y0, core[4];
    if (!in_sample(t, t->every, index))
        return;
    tile_span(t->a->width, t->tile_w, t->across, index % t->across, &x0, &core[0], &core[1]);
    tile_span(t->a->height, t->tile_h, t->down, index / t->across, &y0, &core[2], &core[3]);
    size_t w = t->tile_w, h = t->tile_h, n = w * h, blocks = (w + BLOCK - 1) / BLOCK;
    float *rgb = t->work + thread * t->work_size, *clean = rgb + 3 * n, *change = clean + 3 * n,
          *surround = change + 3 * n;
    float *sum = surround + VN_VIS_SURROUND * n, *spare = sum + n, *lower = spare + 4 * n,
          *weights = rgb + TILE_PLANES * n;
    float *scratch = weights + blocks * ((h + BLOCK - 1) / BLOCK) * VN_VIS_MAPS;
    VnImage view = tile_view(t->a, x0, y0, t->tile_w, t->tile_h);
    vn_image_rows_to_planes(&view, 0, t->tile_h, rgb);
    vn_vis_opponent(&t->blurs, rgb, clean, n);
    vn_vis_surround(&t->blurs, clean, surround, spare, scratch, NULL);
    if (t->maps) {
        sample_maps(t, surround, x0, y0, core);
        return;
    }
    for (size_t y = 0, at = 0; y < h; y += BLOCK)
        for (size_t x = 0; x < w; x += BLOCK, at += VN_VIS_MAPS) {
            size_t i = (y + BLOCK / 2 < h ? y + BLOCK / 2 : h - 1) * w + (x + BLOCK / 2 < w ? x + BLOCK / 2 : w - 1);
            vn_vis_sensitivity(surround + i, n, t->guard, weights + at);
        }
    view = tile_view(t->b, x0, y0, t->tile_w, t->tile_h);
    vn_image_rows_to_planes(&view, 0, t->tile_h, rgb);
    vn_vis_opponent(&t->blurs, rgb, change, n);
    vn_kern()->axpy(change, clean, -1, 3 * n);
    memset(sum, 0, n * sizeof *sum);
    float *upper = rgb;
    memcpy(upper, change, 3 * n * sizeof *upper);
    for (size_t k = 0; k < VN_VIS_BANDS; k++) {
        if (k < VN_VIS_BANDS - 1)
            vn_resize_apply(t->blurs.band[k], 3, change, lower, scratch, NULL);
        add_band(t, weights, k, upper, k < VN_VIS_BANDS - 1 ? lower : NULL, sum);
        float *swap = upper;
        upper = lower;
        lower = swap;
    }
    vn_resize_apply(t->blurs.pool, 1, sum, spare, scratch, NULL);
    if (t->distance)
        sample_distance(t, spare, x0, y0, core);
    double *out = t->sums[index];
    for (uint32_t y = core[2]; y < core[3]; y++)
        for (uint32_t x = core[0]; x < core[1]; x++) {
            if (t->a->alpha && vn_image_alpha(t->a, x, y) == 0)
                continue;
            double d2 = spare[(size_t)(y - y0) * w + (x - x0)], d3 = d2 * sqrt(d2), d6 = d3 * d3;
            out[0] += d3;
            out[1] += d6;
            out[2] += d6 * d6;
            out[3]++;
        }
}

/* Run all tiles, for sums when `maps` is NULL. */
static VernisStatus run_tiles(Tiles *t, VnPool *pool, VnError *err) {
    t->tile_w = t->a->width < TILE ? t->a->width : TILE;
    t->tile_h = t->a->height < TILE ? t->a->height : TILE;
    t->across = tile_count(t->a->width, t->tile_w);
    t->down = tile_count(t->a->height, t->tile_h);
    VN_TRY(vn_vis_blurs_open(&t->blurs, t->tile_w, t->tile_h, 1, 1, err));
    size_t n = (size_t)t->tile_w * t->tile_h, blocks = ((size_t)t->tile_w + BLOCK - 1) / BLOCK;
    t->work_size =
        TILE_PLANES * n + blocks * ((t->tile_h + BLOCK - 1u) / BLOCK) * VN_VIS_MAPS + vn_vis_blurs_scratch(&t->blurs);
    t->work_size = (t->work_size + 15) / 16 * 16;
    size_t bytes = vn_mul(vn_mul(t->work_size, vn_pool_threads(pool)), sizeof *t->work);
    size_t tiles = vn_mul(t->across, t->down);
    t->work = vn_malloc(bytes);
    t->sums = vn_calloc(tiles, sizeof *t->sums);
    if (t->work && t->sums)
        vn_pool_run(pool, (unsigned)tiles, tile_body, t);
    else
        vn_no_memory(err, "protect", bytes, "measuring visibility");
    VernisStatus status = t->work && t->sums ? VERNIS_OK : VERNIS_E_MEMORY;
    vn_free(t->work);
    vn_vis_blurs_close(&t->blurs);
    return status;
}

VernisStatus vn_visibility_sensitivity(const VnImage *image, double care, uint32_t w, uint32_t h, float *out,
                                       VnPool *pool, VnError *err) {
    VnVisGuard guard = vn_vis_guard(care);
    Tiles t = {.a = image, .b = image, .guard = &guard, .maps = out, .grid_w = w, .grid_h = h};
    VernisStatus status = run_tiles(&t, pool, err);
    vn_free(t.sums);
    return status;
}

VernisStatus vn_visibility_map(const VnImage *a, const VnImage *b, uint32_t w, uint32_t h, float *out, VnPool *pool,
                               VnError *err) {
    if (a->width != b->width || a->height != b->height)
        return vn_fail(err, VERNIS_E_INTERNAL, "protect", "visibility of pictures of two sizes");
    Tiles t = {.a = a, .b = b, .distance = out, .grid_w = w, .grid_h = h};
    VernisStatus status = run_tiles(&t, pool, err);
    vn_free(t.sums);
    return status;
}

/* The figure of all tiles, or of a sample of them. */
static double pooled(const Tiles *t, unsigned every) {
    double sums[4] = {0};
    for (unsigned i = 0; i < t->across * t->down; i++)
        for (size_t q = 0; q < 4 && in_sample(t, every, i); q++)
            sums[q] += t->sums[i][q];
    return sums[3] > 0 ? vn_vis_pooled(sums, sums[3]) : 0;
}

static VernisStatus measure(double *sample, double *whole, const VnVisGuard *guard, const VnImage *a, const VnImage *b,
                            VnPool *pool, VnError *err) {
    if (a->width != b->width || a->height != b->height)
        return vn_fail(err, VERNIS_E_INTERNAL, "protect", "visibility of pictures of two sizes");
    uint32_t core = TILE - 2 * HALO;
    unsigned every = (unsigned)((double)a->width * a->height / ((double)SAMPLE_TILES * core * core));
    Tiles t = {.a = a, .b = b, .guard = guard, .every = whole ? 1 : every};
    VernisStatus status = run_tiles(&t, pool, err);
    if (status == VERNIS_OK) {
        *sample = pooled(&t, every);
        if (whole)
            *whole = pooled(&t, 1);
    }
    vn_free(t.sums);
    return status;
}

VernisStatus vn_visibility_guarded(double *sample, double *whole, double care, const VnImage *a, const VnImage *b,
                                   VnPool *pool, VnError *err) {
    VnVisGuard guard = vn_vis_guard(care);
    return measure(sample, whole, &guard, a, b, pool, err);
}

VernisStatus vn_visibility_sample(double *out, const VnImage *a, const VnImage *b, VnPool *pool, VnError *err) {
    return measure(out, NULL, NULL, a, b, pool, err);
}

VernisStatus vn_visibility(double *out, const VnImage *a, const VnImage *b, VnPool *pool, VnError *err) {
    double sample;
    return measure(&sample, out, NULL, a, b, pool, err);
}
