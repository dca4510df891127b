/* SPDX-License-Identifier: Apache-2.0 */
/* The convolution kernels of kern_list.h (VN_KERNEL_NEAR) in every instruction set (sets.h), against sums in
 * double: odd shapes, odd addresses, nothing written outside the output.
 *   check_conv            test
 *   check_conv --bench    and time them, in GFLOP/s of float32 (a split product counts once) */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "kern/kern.h"
#include "sets.h"

enum { ROUNDS = 120, MOST_PIXELS = 75, MOST_CHANNELS = 100, MOST_TAPS = 9, PITCH = 90, GUARD = 64 };
enum { X_VALUES = 4 * PITCH * 2 * 128, Y_VALUES = (MOST_PIXELS + 2) * 256 + 2 * GUARD, W_VALUES = 9 * 128 * 128 * 2 };

static float x_store[X_VALUES], y_store[Y_VALUES], y_before[Y_VALUES], w_store[W_VALUES], join_store[Y_VALUES];
static uint16_t x_half[X_VALUES], w_half[W_VALUES], half_store[Y_VALUES];
static uint64_t mask_store[Y_VALUES / 64 + 2], mask_before[Y_VALUES / 64 + 2];
static uint64_t draws;

static unsigned draw(unsigned n) { return (unsigned)(vn_rng_u64(5, 1, draws++) % n); }

static float from_half(uint16_t half) {
    uint32_t bits = (uint32_t)half << 16;
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static void fill(float *x, size_t n, uint64_t stream) {
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(int32_t)(vn_rng_u64(6, stream, i) >> 32) * 0x1p-31f;
}

static void fill_halves(uint16_t *x, size_t n, uint64_t stream, int low) {
    for (size_t i = 0; i < n; i++) {
        float v = (float)(int32_t)(vn_rng_u64(6, stream, i) >> 32) * (low ? 0x1p-39f : 0x1p-31f);
        uint32_t bits;
        memcpy(&bits, &v, sizeof bits);
        x[i] = (uint16_t)(bits >> 16);
    }
}

static int differ(const char *kernel, const KernelSet *set, size_t p, size_t c, double got, double want) {
    printf("%s on %s: pixel %zu, channel %zu: %.9g, not %.9g\n", kernel, set->name, p, c, got, want);
    return 1;
}

/* Whether only the m x n values of y have changed. */
static int stayed(const float *y, size_t step, size_t m, size_t n) {
    for (size_t i = 0; i < Y_VALUES; i++) {
        size_t at = i - (size_t)(y - y_store);
        int inside = &y_store[i] >= y && at / step < m && at % step < n;
        if (!inside && memcmp(&y_store[i], &y_before[i], sizeof *y))
            return 0;
    }
    return 1;
}

static double start_of(const float *bias, int add, const float *before, size_t c) {
    return add ? (double)*before : bias ? (double)bias[c] : 0;
}

static int test_direct(const KernelSet *set) {
    ptrdiff_t taps[MOST_TAPS];
    size_t channels = 1 + draw(40);
    VnDirectConv job = {.x = x_store + 7 + draw(4),
                        .x_step = channels * (1 + draw(2)),
                        .taps = taps,
                        .tap_count = 1 + draw(MOST_TAPS),
                        .channels = channels,
                        .block = draw(3) ? 8 * (1 + draw(2)) : channels,
                        .through = draw(2),
                        .w = w_store,
                        .m = draw(MOST_PIXELS),
                        .n = 1 + draw(MOST_CHANNELS),
                        .add = draw(3) == 0};
    job.bias = job.add || draw(2) ? NULL : join_store;
    job.y_step = job.n + draw(5);
    job.y = y_store + GUARD + draw(4);
    for (size_t t = 0; t < job.tap_count; t++)
        taps[t] = (ptrdiff_t)(draw(3) * PITCH * 2 + draw(3)) * (ptrdiff_t)channels;
    memcpy(y_before, y_store, sizeof y_store);
    set->kern->direct_conv(&job);
    if (!stayed(job.y, job.y_step, job.m, job.n))
        return differ("direct_conv writes outside", set, job.m, job.n, 0, 0);
    for (size_t p = 0; p < job.m; p++) {
        for (size_t c = 0; c < job.n; c++) {
            const float *before = y_before + (job.y - y_store) + p * job.y_step + c;
            double sum = start_of(job.bias, job.add, before, c), size = fabs(sum);
            const float *panel = w_store + c / VN_DIRECT_COLUMNS * job.tap_count * channels * VN_DIRECT_COLUMNS;
            size_t row = 0;
            for (size_t first = 0; first < channels; first += job.block) {
                for (size_t t = 0; t < job.tap_count; t++) {
                    for (size_t k = first; k < channels && k < first + job.block; k++, row++) {
                        double product = (double)job.x[(ptrdiff_t)(p * job.x_step + k) + taps[t]] *
                                         (double)panel[row * VN_DIRECT_COLUMNS + c % VN_DIRECT_COLUMNS];
                        sum += product;
                        size += fabs(product);
                    }
                }
            }
            double got = (double)job.y[p * job.y_step + c];
            if (!(fabs(got - sum) <= 1e-6 * size))
                return differ("direct_conv", set, p, c, got, sum);
        }
    }
    return 0;
}

/* High and low halves of the weight of a tap, channel and column. */
static void tile_weight(const VnTileConv *job, size_t t, size_t k, size_t c, double *high, double *low) {
    size_t parts = job->split ? 2 : 1, column = job->tap_count * job->blocks * (size_t)VN_TILE_VALUES * parts;
    size_t wide = job->n - c / 32 * 32 > VN_TILE_COLUMNS ? 2 : 1, within = c % 32 / VN_TILE_COLUMNS;
    const uint16_t *w = job->w + c / 32 * 2 * column + (t * job->blocks + k / 32) * wide * parts * VN_TILE_VALUES;
    size_t at = within * VN_TILE_VALUES + k % 32 / 2 * 32 + c % VN_TILE_COLUMNS * 2 + k % 2;
    *high = (double)from_half(w[at]);
    *low = parts == 2 ? (double)from_half(w[at + wide * VN_TILE_VALUES]) : 0;
}

static double tile_sum(const VnTileConv *job, size_t p, size_t c, double *size) {
    double sum = 0;
    for (size_t t = 0; t < job->tap_count; t++) {
        const uint16_t *x = (const uint16_t *)((const char *)job->x + p * job->x_step + job->taps[t]);
        for (size_t k = 0; k < job->blocks * (size_t)VN_TILE_CHANNELS; k++) {
            double high, low, value = (double)from_half(x[k]);
            tile_weight(job, t, k, c, &high, &low);
            sum += value * high;
            *size += fabs(value * high);
            if (job->low)
                sum += (double)from_half(x[k + job->low / 2]) * high + value * low;
        }
    }
    return sum;
}

static int test_tiles(const KernelSet *set) {
    ptrdiff_t taps[MOST_TAPS];
    VnTileFinish finish = {.relu = draw(2)};
    int split = (int)draw(2), finished = (int)draw(2);
    unsigned blocks = 1 + draw(3);
    size_t pixel = blocks * (size_t)VN_TILE_CHANNELS * 2 * (split ? 2 : 1);
    VnTileConv job = {.x = x_half + 32,
                      .x_step = pixel * (1 + draw(2)),
                      .low = split ? pixel / 2 : 0,
                      .taps = taps,
                      .tap_count = 1 + draw(MOST_TAPS),
                      .blocks = blocks,
                      .w = w_half,
                      .split = split || draw(2),
                      .m = draw(MOST_PIXELS),
                      .n = finished ? 32 * (1 + draw(3)) : 1 + draw(MOST_CHANNELS),
                      .add = !finished && draw(3) == 0,
                      .finish = finished ? &finish : NULL};
    job.bias = job.add || draw(2) ? NULL : join_store;
    job.y_step = job.n + 3 * draw(2);
    job.y = y_store + GUARD + draw(4);
    if (draw(2))
        finish.join = join_store + 5;
    if (draw(2))
        finish.mask = mask_store + 1;
    if (draw(2)) {
        finish.half = half_store + draw(3);
        finish.half_step = 2 * job.n;
        finish.half_low = draw(2) ? job.n : 0;
    }
    for (size_t t = 0; t < job.tap_count; t++)
        taps[t] = (ptrdiff_t)((draw(2) * 20 + draw(3)) * pixel);
    memcpy(y_before, y_store, sizeof y_store);
    memcpy(mask_before, mask_store, sizeof mask_store);
    set->kern->tile_conv(&job);
    int to_half = finished && finish.half;
    if (!stayed(job.y, job.y_step, to_half ? 0 : job.m, job.n))
        return differ("tile_conv writes outside", set, job.m, job.n, 0, 0);
    for (size_t p = 0; p < job.m; p++) {
        for (size_t c = 0; c < job.n; c++) {
            const float *before = y_before + (job.y - y_store) + p * job.y_step + c;
            double start = start_of(job.bias, job.add, before, c), size = fabs(start);
            double want = start + tile_sum(&job, p, c, &size), slack = 1e-5 * size;
            size_t bit = p * job.n + c;
            if (finished && finish.join)
                want += (double)finish.join[p * job.y_step + c];
            if (finished && finish.relu) {
                if (finish.mask && fabs(want) > slack && (finish.mask[bit / 64] >> bit % 64 & 1) != (want > 0))
                    return differ("tile_conv's mask", set, p, c, 0, want);
                want = want > 0 ? want : 0;
            } else if (finished && finish.mask) {
                want = mask_before[1 + bit / 64] >> bit % 64 & 1 ? want : 0;
            }
            double got = (double)job.y[p * job.y_step + c];
            if (to_half) {
                const uint16_t *half = finish.half + p * finish.half_step + c;
                got = (double)from_half(half[0]) + (finish.half_low ? (double)from_half(half[finish.half_low]) : 0);
                slack += fabs(want) * (finish.half_low ? 0x1p-16 : 0x1p-8);
            }
            if (!(fabs(got - want) <= slack + 1e-30))
                return differ("tile_conv", set, p, c, got, want);
        }
    }
    return 0;
}

/* B' and A' as Lavin and Gray print them. */
static const double to_points[6][6] = {{4, 0, -5, 0, 1, 0},  {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0},
                                       {0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};
static const double to_pixels[4][6] = {
    {1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}};

/* G */
static const double taps_to_points[6][3] = {{1.0 / 4, 0, 0},
                                            {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                            {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                            {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                            {1.0 / 24, -1.0 / 12, 1.0 / 6},
                                            {0, 0, 1}};

static int test_winograd_taps(const KernelSet *set) {
    size_t columns = 16 * (1 + draw(3)), step = columns + draw(5), plane = columns + draw(5);
    const float *taps = x_store + draw(4);
    float *points = w_store + draw(4);
    set->kern->winograd_taps(points, plane, taps, step, columns);
    for (size_t c = 0; c < columns; c++) {
        for (size_t p = 0; p < 36; p++) {
            double sum = 0;
            for (size_t t = 0; t < 9; t++)
                sum += taps_to_points[p / 6][t / 3] * taps_to_points[p % 6][t % 3] * (double)taps[t * step + c];
            if (!(fabs((double)points[p * plane + c] - sum) <= 1e-6))
                return differ("winograd_taps", set, p, c, (double)points[p * plane + c], sum);
        }
    }
    return 0;
}

static int test_winograd(const KernelSet *set) {
    size_t channels = 16 * (1 + draw(4)), row = channels * (6 + draw(3)), plane = channels + draw(5);
    const float *x = x_store + draw(4);
    int add = (int)draw(2);
    const float *bias = draw(2) ? join_store + draw(4) : NULL;
    float *v = w_store + draw(4), *y = y_store + GUARD + draw(4);
    set->kern->winograd_in(v, plane, x, row, channels);
    memcpy(y_before, y_store, sizeof y_store);
    set->kern->winograd_out(y, row, v, plane, bias, channels, add);
    for (size_t c = 0; c < channels; c++) {
        for (size_t p = 0; p < 36; p++) {
            double sum = 0;
            for (size_t i = 0; i < 36; i++)
                sum +=
                    to_points[p / 6][i / 6] * to_points[p % 6][i % 6] * (double)x[i / 6 * row + i % 6 * channels + c];
            if (!(fabs((double)v[p * plane + c] - sum) <= 1e-5))
                return differ("winograd_in", set, p, c, (double)v[p * plane + c], sum);
        }
        for (size_t p = 0; p < 16; p++) {
            size_t at = p / 4 * row + p % 4 * channels + c;
            double sum = add ? (double)y_before[(size_t)(y - y_store) + at] : bias ? (double)bias[c] : 0;
            for (size_t i = 0; i < 36; i++)
                sum += to_pixels[p / 4][i / 6] * to_pixels[p % 4][i % 6] * (double)v[i * plane + c];
            if (!(fabs((double)y[at] - sum) <= 1e-3))
                return differ("winograd_out", set, p, c, (double)y[at], sum);
        }
    }
    return 0;
}

static void reset(void) {
    fill(x_store, X_VALUES, 1);
    fill(w_store, W_VALUES, 2);
    fill(y_store, Y_VALUES, 3);
    fill(join_store, Y_VALUES, 4);
    fill_halves(x_half, X_VALUES, 5, 0);
    fill_halves(w_half, W_VALUES, 6, 0);
    for (size_t i = 0; i < sizeof mask_store / sizeof *mask_store; i++)
        mask_store[i] = vn_rng_u64(6, 7, i);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* A row of 64 pixels, 64 to 64 channels, 3x3: best of many. */
static void bench(const KernelSet *set) {
    ptrdiff_t floats[9], halves[9], plain[9];
    for (ptrdiff_t t = 0; t < 9; t++) {
        floats[t] = (t / 3 * 70 + t % 3) * 64;
        halves[t] = floats[t] * 4;
        plain[t] = floats[t] * 2;
    }
    VnDirectConv direct = {x_store, 64, floats, 9, 64, 16, false, w_store, y_store, 64, 64, 64, NULL, false};
    VnTileConv split = {x_half, 256, 128, halves, 9, 2, w_half, true, y_store, 64, 64, 64, NULL, false, NULL};
    VnTileConv one = split;
    one.x_step = 128;
    one.low = 0;
    one.split = false;
    one.taps = plain;
    double best[3] = {1e9, 1e9, 1e9};
    for (unsigned round = 0; round < 30; round++) {
        for (unsigned k = 0; k < 3; k++) {
            double t = seconds();
            if (k == 0)
                set->kern->direct_conv(&direct);
            else
                set->kern->tile_conv(k == 1 ? &split : &one);
            t = seconds() - t;
            best[k] = t < best[k] ? t : best[k];
        }
    }
    double gflop = 2e-9 * 64 * 64 * 64 * 9;
    printf("%-8s direct_conv %7.1f, tile_conv split %7.1f, not split %7.1f GFLOP/s\n", set->name, gflop / best[0],
           gflop / best[1], gflop / best[2]);
}

int main(int argc, char **argv) {
    KernelSet sets[MOST_SETS];
    unsigned count = kernel_sets(sets);
    int failures = 0;
    reset();
    printf("convolution kernels:");
    for (unsigned k = 0; k < count; k++) {
        draws = 0;
        for (unsigned i = 0; i < ROUNDS && !failures; i++)
            failures = test_direct(&sets[k]) || test_tiles(&sets[k]);
        reset();
        for (unsigned i = 0; i < ROUNDS / 10 && !failures; i++)
            failures = test_winograd(&sets[k]) || test_winograd_taps(&sets[k]);
        reset();
        printf(" %s;", sets[k].name);
    }
    printf(" %d failures\n", failures);
    if (argc > 1 && !strcmp(argv[1], "--bench"))
        for (unsigned k = 0; k < count && sets[k].native; k++)
            bench(&sets[k]);
    return failures;
}
