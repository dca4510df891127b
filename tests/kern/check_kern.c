/* SPDX-License-Identifier: Apache-2.0 */
/* Every kernel of kern_list.h in every instruction set (sets.h), against the scalar one: bit-equal on random
 * input of lengths 0 to 130 at odd addresses, with nothing outside the output touched. In the manner of dav1d's
 * checkasm. check_kern            test check_kern --bench    and time each kernel, in values per nanosecond */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "kern/kern.h"
#include "sets.h"

enum {
    LONGEST = 130,
    BENCH_LENGTH = 4096,
    GUARD = 64,
    BUFFERS = 6,
    LENGTH = 5 * BENCH_LENGTH + 16 * GUARD,
    MASK = LENGTH / 64
};

/* All that a kernel may read or write. */
typedef struct Arena {
    float f[BUFFERS][LENGTH];
    uint64_t mask[MASK];
    uint32_t start[LENGTH];
    double sums[2 + 2 * 23];
} Arena;

static Arena fresh, expected, got;
static size_t shift; /* values by which buffers start off an aligned address */

static float *buffer(Arena *a, unsigned i) { return a->f[i] + GUARD + (shift + i) % 5; }

/* One call of a kernel: `case_NAME` fits its arguments to a length. The list below does not compile without it. */
typedef void Case(const VnKern *k, Arena *a, size_t n);

static void case_repeat(const VnKern *k, Arena *a, size_t n) {
    k->repeat(buffer(a, 0), buffer(a, 1), shift % 2 ? 64 : 192, n);
}

static void case_relu(const VnKern *k, Arena *a, size_t n) { k->relu(buffer(a, 0), shift % 3 ? a->mask + 1 : NULL, n); }

static void case_add_relu(const VnKern *k, Arena *a, size_t n) {
    k->add_relu(buffer(a, 0), buffer(a, 1), shift % 3 ? a->mask + 1 : NULL, n);
}

static void case_apply_mask(const VnKern *k, Arena *a, size_t n) { k->apply_mask(buffer(a, 0), a->mask + 1, n); }

static void case_gather(const VnKern *k, Arena *a, size_t n) {
    size_t width = shift % 4 ? 1 + shift % 12 : 16;
    k->gather(buffer(a, 0), width + 2, buffer(a, 1), 1 + width / 2, width, n / width);
}

static void case_scatter_add(const VnKern *k, Arena *a, size_t n) {
    size_t width = 1 + shift % 12;
    k->scatter_add(buffer(a, 0), 1 + width / 2, buffer(a, 1), width, width, n / width);
}

static void case_planes_to_pixels(const VnKern *k, Arena *a, size_t n) {
    k->planes_to_pixels(buffer(a, 0), buffer(a, 1), n + 3, 1 + shift % 5, n);
}

static void case_pixels_to_planes(const VnKern *k, Arena *a, size_t n) {
    k->pixels_to_planes(buffer(a, 0), n + 3, buffer(a, 1), 1 + shift % 5, n);
}

static void case_channel_sums(const VnKern *k, Arena *a, size_t n) {
    size_t channels = 1 + shift % 23;
    k->channel_sums(a->sums + 1, buffer(a, 0), buffer(a, 1), channels, n / channels);
}

static void case_affine(const VnKern *k, Arena *a, size_t n) {
    size_t channels = 1 + n / 3;
    k->affine(buffer(a, 0), buffer(a, shift % 2), buffer(a, 2), buffer(a, 3), channels, n / channels);
}

/* Far beyond where exp overflows and underflows. */
static void stretch(Arena *a, unsigned b, size_t n, float by) {
    for (size_t i = 0; i < n; i++)
        buffer(a, b)[i] *= by;
}

static void case_affine_silu(const VnKern *k, Arena *a, size_t n) {
    size_t channels = 1 + n / 3;
    stretch(a, 1, n, 60);
    k->affine_silu(buffer(a, 0), buffer(a, 1), buffer(a, 2), buffer(a, 3), channels, n / channels);
}

static void case_silu_back(const VnKern *k, Arena *a, size_t n) {
    size_t channels = 1 + n / 3;
    stretch(a, 1, n, 60);
    k->silu_back(buffer(a, 0), buffer(a, 1), buffer(a, 2), buffer(a, 3), channels, n / channels);
}

static void case_norm_back(const VnKern *k, Arena *a, size_t n) {
    size_t channels = 1 + n / 3;
    k->norm_back(buffer(a, 0), buffer(a, shift % 2), buffer(a, 2), buffer(a, 3), buffer(a, 4), buffer(a, 5), channels,
                 n / channels);
}

static void case_to_half(const VnKern *k, Arena *a, size_t n) {
    for (size_t i = 0; i < n; i++)
        buffer(a, 1)[i] *= a->start[i] % 3 ? 1.0f : a->start[i] % 2 ? 70000.0f : 0x1p-15f;
    k->to_half((uint16_t *)(void *)buffer(a, 0), buffer(a, 1), n);
}

static void case_from_half(const VnKern *k, Arena *a, size_t n) {
    const uint16_t *halves = (const uint16_t *)(const void *)buffer(a, 1);
    uint16_t finite[BENCH_LENGTH];
    for (size_t i = 0; i < n; i++)
        finite[i] = (halves[i] & 0x7c00) == 0x7c00 ? (uint16_t)(halves[i] & 0x83ff) : halves[i];
    k->from_half(buffer(a, 0), finite, n);
}

static void case_softmax(const VnKern *k, Arena *a, size_t n) {
    size_t width = 1 + n / (1 + shift % 4);
    stretch(a, 0, n, 30);
    k->softmax(buffer(a, 0), buffer(a, 1), buffer(a, 2), width, n / width ? n / width : 1);
}

static void case_softmax_back_row(const VnKern *k, Arena *a, size_t n) {
    stretch(a, 0, n, 30);
    k->softmax_back_row(buffer(a, 0), buffer(a, 1), 12.0f, 0.4f, 0.1f, n);
}

static void case_softmax_back_column(const VnKern *k, Arena *a, size_t n) {
    stretch(a, 0, n, 30);
    k->softmax_back_column(buffer(a, 0), buffer(a, 1), buffer(a, 2), buffer(a, 3), buffer(a, 4), n);
}

static void case_gemm_in_order(const VnKern *k, Arena *a, size_t n) {
    size_t rows = 1 + shift % 6, depth = 1 + shift % 7;
    k->gemm_in_order(rows, n, depth, buffer(a, 1), depth + 1, buffer(a, 2), n + 2, shift % 2 ? 0.0f : 0.5f,
                     buffer(a, 0), n + 1);
}

/* Lengths in values; the output is 16 bits a value. */
static void case_bf16_pixels(const VnKern *k, Arena *a, size_t n) {
    size_t channels = 1 + shift % 70, padded = (channels + 31) / 32 * 32;
    k->bf16_pixels((uint16_t *)buffer(a, 0), buffer(a, 1), channels, padded, shift % 2, n / channels);
}

static void case_bf16_patches(const VnKern *k, Arena *a, size_t n) {
    size_t width = 1 + shift % 10;
    k->bf16_patches((uint16_t *)buffer(a, 0), buffer(a, 1), n + 3, width / 3 + 1, width, n / 12);
}

static void case_axpy(const VnKern *k, Arena *a, size_t n) { k->axpy(buffer(a, 0), buffer(a, 1), 0.7f, n); }

/* Start positions that do not fall, up to 2 * LONGEST. */
static const uint32_t *rising(Arena *a) {
    static uint32_t start[LENGTH];
    for (size_t i = 0; i < BENCH_LENGTH; i++)
        start[i] = (uint32_t)(a->start[0] % 7 + i * (1 + shift % 2) % (2 * LONGEST));
    for (size_t i = 1; i < BENCH_LENGTH; i++)
        start[i] = start[i] < start[i - 1] ? start[i - 1] : start[i];
    return start;
}

static void case_fir(const VnKern *k, Arena *a, size_t n) {
    size_t taps = 1 + shift % 19, rows = n > LONGEST ? 4 : 1 + shift % VN_FIR_ROWS;
    k->fir(buffer(a, 0), n + 1, buffer(a, 1), 3 * LONGEST, rows, rising(a), buffer(a, 2), taps, n / taps);
}

static void case_blend(const VnKern *k, Arena *a, size_t n) {
    size_t taps = 1 + shift % 7;
    k->blend(buffer(a, 0), buffer(a, 1), n + shift % 3, buffer(a, 2), taps, n / taps);
}

static void case_weigh(const VnKern *k, Arena *a, size_t n) { k->weigh(buffer(a, 0), a->sums, buffer(a, 1), n); }

static void case_follow(const VnKern *k, Arena *a, size_t n) {
    k->follow(buffer(a, 0), a->sums, buffer(a, 1), 0.8f, 0.3f, n);
}

static void case_lean(const VnKern *k, Arena *a, size_t n) { k->lean(buffer(a, 0), buffer(a, 1), 0.7f, 0.4f, n); }

static void case_refine(const VnKern *k, Arena *a, size_t n) {
    k->refine(buffer(a, 0), buffer(a, 1), buffer(a, 2), buffer(a, 3), n);
}

static void case_even_step(const VnKern *k, Arena *a, size_t n) {
    for (size_t i = 0; i < n; i++)
        buffer(a, 2)[i] *= buffer(a, 2)[i];
    k->even_step(buffer(a, 0), buffer(a, 1), buffer(a, 2), buffer(a, 3), buffer(a, 4), 0.2f, n);
}

static void case_mix3(const VnKern *k, Arena *a, size_t n) {
    const float *m[] = {buffer(a, 1), buffer(a, 2), buffer(a, 3)}, *x[] = {buffer(a, 4), buffer(a, 5), buffer(a, 1)};
    k->mix3(buffer(a, 0), m, x, n);
}

static void case_band_energy(const VnKern *k, Arena *a, size_t n) {
    k->band_energy(buffer(a, 0), buffer(a, 1), shift % 2 ? buffer(a, 2) : NULL, buffer(a, 3), n);
}

static void case_band_slope(const VnKern *k, Arena *a, size_t n) {
    k->band_slope(buffer(a, 0), shift % 2 ? buffer(a, 1) : NULL, buffer(a, 2), buffer(a, 3), n);
}

static void case_opponent(const VnKern *k, Arena *a, size_t n) {
    float *gamma = buffer(a, 2), cone[9], bias[] = {0.0038f, 0.011f, 0.6f};
    for (size_t i = 0; i < 66; i++)
        gamma[i] = gamma[i] < 0 ? -gamma[i] : gamma[i];
    for (size_t i = 0; i < 9; i++)
        cone[i] = (float)(i % 4 + 1) / 8;
    k->opponent(buffer(a, 0), n + 1, buffer(a, 1), gamma, 64, cone, bias, n);
}

static void case_power_sums(const VnKern *k, Arena *a, size_t n) {
    for (size_t i = 0; i < n; i++)
        buffer(a, 0)[i] = buffer(a, 0)[i] < 0 ? -buffer(a, 0)[i] : buffer(a, 0)[i];
    k->power_sums(a->sums, buffer(a, 0), n);
}

static void case_jpeg_blocks(const VnKern *k, Arena *a, size_t n) {
    float step[64];
    size_t blocks = n / 64, stride = blocks * 8 + shift % 3;
    for (size_t i = 0; i < 64; i++)
        step[i] = (float)(1 + (i * 7 + shift) % 60);
    for (size_t i = 0; i < stride * 8; i++)
        buffer(a, 0)[i] = (float)(a->start[i] % 256);
    k->jpeg_blocks(buffer(a, 0), stride, blocks, step, shift % 2 ? NULL : (uint8_t *)buffer(a, 1));
}

static void case_jpeg_weigh(const VnKern *k, Arena *a, size_t n) {
    size_t blocks = n / 64, stride = blocks * 8 + shift % 3;
    k->jpeg_weigh(buffer(a, 0), stride, blocks, (const uint8_t *)a->mask + shift % 3);
}

static void case_rgb_to_ycc(const VnKern *k, Arena *a, size_t n) {
    k->rgb_to_ycc(buffer(a, 0), buffer(a, 1), buffer(a, 2), buffer(a, 3), buffer(a, 4), buffer(a, 5), n);
}

static void case_ycc_to_rgb(const VnKern *k, Arena *a, size_t n) {
    for (size_t i = 0; i < n; i++) {
        for (unsigned p = 3; p < 6; p++)
            buffer(a, p)[i] = (float)(a->start[i * 3 + p] % 256);
    }
    k->ycc_to_rgb(buffer(a, 0), buffer(a, 1), buffer(a, 2), buffer(a, 3), buffer(a, 4), buffer(a, 5), n);
}

static const struct {
    const char *name;
    Case *run;
} kernels[] = {
#define VN_KERNEL(name, arguments) {#name, case_##name},
#define VN_KERNEL_NEAR(name, arguments) /* in check_conv.c */
#include "kern/kern_list.h"
#undef VN_KERNEL
};
enum { KERNELS = sizeof kernels / sizeof *kernels };

/* Mostly ordinary values around 0 and 1, with zeros of both signs and tiny ones among them. */
static void fill(uint64_t seed) {
    for (unsigned b = 0; b < BUFFERS; b++) {
        for (size_t i = 0; i < LENGTH; i++) {
            uint64_t r = vn_rng_u64(seed, b, i);
            float v = (float)(int32_t)(r >> 32) * 0x1p-30f;
            fresh.f[b][i] = r % 16 == 0 ? 0.0f : r % 16 == 1 ? -0.0f : r % 16 == 2 ? v * 0x1p-120f : v;
        }
    }
    for (size_t i = 0; i < MASK; i++)
        fresh.mask[i] = vn_rng_u64(seed, 100, i);
    for (size_t i = 0; i < LENGTH; i++)
        fresh.start[i] = (uint32_t)(vn_rng_u64(seed, 101, i) % (2 * LONGEST));
    for (size_t i = 0; i < sizeof fresh.sums / sizeof *fresh.sums; i++)
        fresh.sums[i] = (double)i;
}

static unsigned test_kernel(unsigned kernel, const KernelSet *scalar, const KernelSet *set) {
    for (size_t round = 0; round < 3; round++) {
        for (size_t n = 0; n <= LONGEST; n++) {
            shift = round * 5 + n % 12;
            if (n % 16 == 0)
                fill(round * 1000 + n);
            memcpy(&expected, &fresh, sizeof fresh);
            memcpy(&got, &fresh, sizeof fresh);
            kernels[kernel].run(scalar->kern, &expected, n);
            kernels[kernel].run(set->kern, &got, n);
            if (memcmp(&expected, &got, sizeof got)) {
                size_t at = 0;
                while (!memcmp(&((const char *)&expected)[at], &((const char *)&got)[at], 1))
                    at++;
                printf("%s on %s: length %zu, shift %zu: byte %zu differs\n", kernels[kernel].name, set->name, n, shift,
                       at);
                return 1;
            }
        }
    }
    return 0;
}

static double time_kernel(unsigned kernel, const KernelSet *set) {
    double best = 1e9;
    shift = 7;
    for (unsigned round = 0; round < 9; round++) {
        struct timespec from, to;
        unsigned calls = 20;
        memcpy(&got, &fresh, sizeof fresh);
        clock_gettime(CLOCK_MONOTONIC, &from);
        for (unsigned i = 0; i < calls; i++)
            kernels[kernel].run(set->kern, &got, BENCH_LENGTH);
        clock_gettime(CLOCK_MONOTONIC, &to);
        double taken = ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / calls;
        best = taken < best ? taken : best;
    }
    return BENCH_LENGTH / best;
}

int main(int argc, char **argv) {
    KernelSet sets[MOST_SETS];
    unsigned count = kernel_sets(sets), failures = 0;
    printf("%d kernels:", KERNELS);
    for (unsigned k = 1; k < count; k++) {
        for (unsigned i = 0; i < KERNELS; i++)
            failures += test_kernel(i, &sets[0], &sets[k]);
        printf(" %s;", sets[k].name);
    }
    printf(" %u failures\n", failures);
    if (argc > 1 && !strcmp(argv[1], "--bench")) {
        while (!sets[count - 1].native)
            count--;
        fill(1);
        printf("%-18s", "values/ns");
        for (unsigned k = 0; k < count; k++)
            printf("%8s", sets[k].name);
        for (unsigned i = 0; i < KERNELS; i++) {
            printf("\n%-18s", kernels[i].name);
            for (unsigned k = 0; k < count; k++)
                printf("%8.2f", time_kernel(i, &sets[k]));
        }
        printf("\n");
    }
    return failures != 0;
}
