/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * What the AVX-512 and AMX kernels use of the compiler's <immintrin.h>, in plain C, so that they can be tested on machines
 * without (meson.build beside check_kern.c). Operations: Intel SDM volumes 1 (chapter 18) and 2.
 */
#ifndef VN_TESTS_IMMINTRIN_H
#define VN_TESTS_IMMINTRIN_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef float __m512 __attribute__((vector_size(64), may_alias));
typedef int32_t __m512i __attribute__((vector_size(64), may_alias));
typedef __m512i __m512bh;
typedef int32_t __m256i __attribute__((vector_size(32), may_alias));
typedef uint16_t __mmask16;
typedef uint32_t __mmask32;

enum { _CMP_GT_OQ = 30, _MM_FROUND_TO_NEAREST_INT = 0 };

static inline __m512 _mm512_maskz_loadu_ps(__mmask16 mask, const float *p) {
    __m512 v = {0};
    for (unsigned i = 0; i < 16; i++)
        if (mask >> i & 1)
            v[i] = p[i];
    return v;
}

static inline __m512 _mm512_loadu_ps(const float *p) { return _mm512_maskz_loadu_ps(0xffff, p); }
static inline __m512 _mm512_load_ps(const float *p) { return *(const __m512 *)p; } /* faults where not aligned */
static inline void _mm512_storeu_ps(float *p, __m512 v) { memcpy(p, &v, sizeof v); }
static inline __m512 _mm512_setzero_ps(void) { return (__m512){0}; }
static inline __m512 _mm512_set1_ps(float v) { return _mm512_setzero_ps() + v; }
static inline __m512 _mm512_add_ps(__m512 a, __m512 b) { return a + b; }
static inline __m512 _mm512_sub_ps(__m512 a, __m512 b) { return a - b; }

static inline __m512 _mm512_fmadd_ps(__m512 a, __m512 b, __m512 c) {
    for (unsigned i = 0; i < 16; i++)
        c[i] = fmaf(a[i], b[i], c[i]);
    return c;
}

static inline __m512 _mm512_max_ps(__m512 a, __m512 b) {
    for (unsigned i = 0; i < 16; i++)
        a[i] = a[i] > b[i] ? a[i] : b[i];
    return a;
}

static inline __mmask16 _mm512_cmp_ps_mask(__m512 a, __m512 b, int greater) {
    __mmask16 mask = 0;
    (void)greater;
    for (unsigned i = 0; i < 16; i++)
        mask |= (__mmask16)((a[i] > b[i]) << i);
    return mask;
}

static inline __m512 _mm512_maskz_mov_ps(__mmask16 mask, __m512 v) {
    for (unsigned i = 0; i < 16; i++)
        v[i] = mask >> i & 1 ? v[i] : 0;
    return v;
}

static inline __m512i _mm512_set1_epi32(int v) { return (__m512i){0} + v; }
static inline __m512i _mm512_mullo_epi32(__m512i a, __m512i b) { return a * b; }
#define _mm512_setr_epi32(...) ((__m512i){__VA_ARGS__})

static inline __m512 _mm512_mask_i32gather_ps(__m512 from, __mmask16 mask, __m512i index, const void *base, int scale) {
    for (unsigned i = 0; i < 16; i++)
        if (mask >> i & 1)
            memcpy((float *)&from + i, (const char *)base + (ptrdiff_t)index[i] * scale, sizeof(float));
    return from;
}

static inline void _mm512_mask_i32scatter_ps(void *base, __mmask16 mask, __m512i index, __m512 v, int scale) {
    for (unsigned i = 0; i < 16; i++)
        if (mask >> i & 1)
            memcpy((char *)base + (ptrdiff_t)index[i] * scale, (float *)&v + i, sizeof(float));
}

static inline __m256i _mm256_loadu_si256(const __m256i *p) {
    __m256i v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void _mm256_storeu_si256(__m256i *p, __m256i v) { memcpy(p, &v, sizeof v); }

/* binary16, to nearest even; no NaN comes here */
static inline uint16_t vn_to_half(float v) {
    float size = fabsf(v);
    int exponent = size < 0x1p-14f ? -14 : ilogbf(size);
    unsigned sign = signbit(v) ? 0x8000 : 0, unit = size < 0x1p-14f ? 0 : 1024;
    if (size >= 65520)
        return (uint16_t)(sign | 0x7c00);
    unsigned mantissa = (unsigned)nearbyintf(ldexpf(size, 10 - exponent));
    return (uint16_t)(sign | ((unsigned)(exponent + 14 + (unit > 0)) * 1024 + mantissa - unit));
}

static inline float vn_from_half(uint16_t half) {
    int exponent = half >> 10 & 31, mantissa = half & 1023;
    float size = exponent == 31 ? INFINITY
                 : exponent     ? ldexpf((float)(mantissa + 1024), exponent - 25)
                                : ldexpf((float)mantissa, -24);
    return half & 0x8000 ? -size : size;
}

static inline __m256i _mm512_cvtps_ph(__m512 v, int nearest) {
    uint16_t halves[16];
    __m256i out;
    (void)nearest;
    for (unsigned i = 0; i < 16; i++)
        halves[i] = vn_to_half(v[i]);
    memcpy(&out, halves, sizeof out);
    return out;
}

static inline __m512 _mm512_cvtph_ps(__m256i v) {
    uint16_t halves[16];
    __m512 out;
    memcpy(halves, &v, sizeof halves);
    for (unsigned i = 0; i < 16; i++)
        out[i] = vn_from_half(halves[i]);
    return out;
}

/* VCVTNE2PS2BF16: to nearest even, subnormals to zero; the second operand in the lower half */
static inline __m512bh _mm512_cvtne2ps_pbh(__m512 high, __m512 low) {
    uint16_t halves[32];
    __m512bh out;
    for (unsigned i = 0; i < 32; i++) {
        uint32_t bits;
        memcpy(&bits, (const float *)(i < 16 ? &low : &high) + i % 16, sizeof bits);
        uint32_t even = bits + 0x7fff + (bits >> 16 & 1), zero = bits & 0x80000000;
        halves[i] = (uint16_t)((bits & 0x7f800000 ? even : zero) >> 16);
    }
    memcpy(&out, halves, sizeof out);
    return out;
}

static inline void _mm512_mask_storeu_epi16(void *p, __mmask32 mask, __m512i v) {
    for (unsigned i = 0; i < 32; i++)
        if (mask >> i & 1)
            memcpy((uint16_t *)p + i, (const char *)&v + 2 * (size_t)i, sizeof(uint16_t));
}

static inline __m256i _mm512_extracti64x4_epi64(__m512i v, int half) {
    __m256i out;
    memcpy(&out, (const char *)&v + 32 * (size_t)half, sizeof out);
    return out;
}

static inline __m256i _mm512_castsi512_si256(__m512i v) { return _mm512_extracti64x4_epi64(v, 0); }
static inline __m512 _mm512_castsi512_ps(__m512i v) { return (__m512)v; }
static inline __m512i _mm512_slli_epi32(__m512i v, unsigned by) { return v << (int)by; }

static inline __m512i _mm512_cvtepu16_epi32(__m256i v) {
    uint16_t words[16];
    __m512i out;
    memcpy(words, &v, sizeof words);
    for (unsigned i = 0; i < 16; i++)
        out[i] = words[i];
    return out;
}

/* AMX: the eight tiles and what the configuration makes of them */
static _Thread_local struct {
    char row[8][16][64];
    uint16_t bytes[8];
    uint8_t rows[8];
} vn_tiles;

static inline void _tile_loadconfig(const void *config) {
    memset(&vn_tiles, 0, sizeof vn_tiles);
    memcpy(vn_tiles.bytes, (const char *)config + 16, sizeof vn_tiles.bytes);
    memcpy(vn_tiles.rows, (const char *)config + 48, sizeof vn_tiles.rows);
}

static inline void _tile_release(void) { memset(&vn_tiles, 0, sizeof vn_tiles); }
static inline void _tile_zero(unsigned tile) { memset(vn_tiles.row[tile], 0, sizeof vn_tiles.row[tile]); }

static inline void _tile_loadd(unsigned tile, const void *base, size_t step) {
    _tile_zero(tile);
    for (size_t r = 0; r < vn_tiles.rows[tile]; r++)
        memcpy(vn_tiles.row[tile][r], (const char *)base + r * step, vn_tiles.bytes[tile]);
}

static inline void _tile_stored(unsigned tile, void *base, size_t step) {
    for (size_t r = 0; r < vn_tiles.rows[tile]; r++)
        memcpy((char *)base + r * step, vn_tiles.row[tile][r], vn_tiles.bytes[tile]);
}

static inline float vn_tile_value(unsigned tile, size_t row, size_t half) {
    uint32_t bits = 0;
    float v;
    memcpy((uint16_t *)&bits + 1, vn_tiles.row[tile][row] + 2 * half, sizeof(uint16_t));
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* TDPBF16PS */
static inline void _tile_dpbf16ps(unsigned to, unsigned a, unsigned b) {
    for (size_t m = 0; m < vn_tiles.rows[to]; m++)
        for (size_t n = 0; n < vn_tiles.bytes[to] / 4u; n++) {
            float sum;
            memcpy(&sum, vn_tiles.row[to][m] + 4 * n, sizeof sum);
            for (size_t k = 0; k < vn_tiles.bytes[a] / 4u; k++)
                for (size_t part = 0; part < 2; part++)
                    sum += vn_tile_value(a, m, 2 * k + part) * vn_tile_value(b, k, 2 * n + part);
            memcpy(vn_tiles.row[to][m] + 4 * n, &sum, sizeof sum);
        }
}

#endif
