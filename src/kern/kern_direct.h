/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution in float32; see direct.h. Included by kern_isa.h only. */
#include <string.h>

#include "kern/direct.h"

#if defined(__AVX512F__)
#include <immintrin.h>
enum { VECTOR_VALUES = 16, STRIP_VECTORS = 2, STRIP_PIXELS = 12 };
typedef __m512 Vector;
static inline Vector load(const float *p) { return _mm512_loadu_ps(p); }
static inline void store(float *p, Vector v) { _mm512_storeu_ps(p, v); }
static inline Vector spread(float v) { return _mm512_set1_ps(v); }
static inline Vector plus(Vector a, Vector b) { return _mm512_add_ps(a, b); }
static inline Vector product_plus(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
#elif defined(__AVX2__)
#include <immintrin.h>
enum { VECTOR_VALUES = 8, STRIP_VECTORS = 2, STRIP_PIXELS = 6 };
typedef __m256 Vector;
static inline Vector load(const float *p) { return _mm256_loadu_ps(p); }
static inline void store(float *p, Vector v) { _mm256_storeu_ps(p, v); }
static inline Vector spread(float v) { return _mm256_set1_ps(v); }
static inline Vector plus(Vector a, Vector b) { return _mm256_add_ps(a, b); }
static inline Vector product_plus(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
#else
enum { VECTOR_VALUES = 1, STRIP_VECTORS = 4, STRIP_PIXELS = 2 };
typedef float Vector;
static inline Vector load(const float *p) { return *p; }
static inline void store(float *p, Vector v) { *p = v; }
static inline Vector spread(float v) { return v; }
static inline Vector plus(Vector a, Vector b) { return a + b; }
static inline Vector product_plus(Vector a, Vector b, Vector c) { return a * b + c; }
#endif

enum { STRIP = VECTOR_VALUES * STRIP_VECTORS }; /* output channels held in registers, for STRIP_PIXELS pixels */

/* Add one block's sums to `pixels` pixels (a constant in each call) by STRIP channels of y, or to `start` into them. */
static inline __attribute__((always_inline)) void direct_strip(const VnDirectConv *job, const float *x, const float *w,
                                                               size_t block, const float *start, float *y,
                                                               size_t y_step, size_t pixels) {
    Vector sum[STRIP_PIXELS][STRIP_VECTORS];
    size_t step = job->x_step, before_step = start ? 0 : y_step;
    const float *before = start ? start : y;
    for (size_t p = 0; p < pixels; p++)
        for (size_t v = 0; v < STRIP_VECTORS; v++)
            sum[p][v] = job->through ? load(before + p * before_step + v * VECTOR_VALUES) : spread(0);
    for (size_t t = 0; t < job->tap_count; t++) {
        const float *from = x + job->taps[t];
        for (size_t c = 0; c < block; c++, w += VN_DIRECT_COLUMNS) {
            Vector weights[STRIP_VECTORS];
            for (size_t v = 0; v < STRIP_VECTORS; v++)
                weights[v] = load(w + v * VECTOR_VALUES);
            for (size_t p = 0; p < pixels; p++) {
                Vector value = spread(from[p * step + c]);
                for (size_t v = 0; v < STRIP_VECTORS; v++)
                    sum[p][v] = product_plus(value, weights[v], sum[p][v]);
            }
        }
    }
    for (size_t p = 0; p < pixels; p++)
        for (size_t v = 0; v < STRIP_VECTORS; v++)
            store(y + p * y_step + v * VECTOR_VALUES,
                  job->through ? sum[p][v] : plus(load(before + p * before_step + v * VECTOR_VALUES), sum[p][v]));
}

static void direct_pixels(const VnDirectConv *job, const float *x, const float *w, size_t block, const float *start,
                          float *y, size_t y_step, size_t m) {
    for (; m >= STRIP_PIXELS; m -= STRIP_PIXELS, x += STRIP_PIXELS * job->x_step, y += STRIP_PIXELS * y_step)
        direct_strip(job, x, w, block, start, y, y_step, STRIP_PIXELS);
    if (m >= STRIP_PIXELS / 2) {
        direct_strip(job, x, w, block, start, y, y_step, STRIP_PIXELS / 2);
        m -= STRIP_PIXELS / 2, x += STRIP_PIXELS / 2 * job->x_step, y += STRIP_PIXELS / 2 * y_step;
    }
    for (; m >= 2; m -= 2, x += 2 * job->x_step, y += 2 * y_step)
        direct_strip(job, x, w, block, start, y, y_step, 2);
    if (m)
        direct_strip(job, x, w, block, start, y, y_step, 1);
}

/* Fewer output channels than a strip has: through a copy. */
static void direct_edge(const VnDirectConv *job, const float *x, const float *w, size_t block, const float *start,
                        float *y, size_t m, size_t n) {
    float whole[STRIP_PIXELS * STRIP] = {0};
    for (; m; x += STRIP_PIXELS * job->x_step, y += STRIP_PIXELS * job->y_step) {
        size_t pixels = m < STRIP_PIXELS ? m : STRIP_PIXELS;
        for (size_t p = 0; p < pixels; p++)
            memcpy(whole + p * STRIP, start ? start : y + p * job->y_step, n * sizeof *y);
        direct_pixels(job, x, w, block, NULL, whole, STRIP, pixels);
        for (size_t p = 0; p < pixels; p++)
            memcpy(y + p * job->y_step, whole + p * STRIP, n * sizeof *y);
        m -= pixels;
    }
}

static void direct_conv(const VnDirectConv *job) {
    static const float zeros[VN_DIRECT_COLUMNS];
    const float *panel = job->w;
    for (size_t n = 0; n < job->n;
         n += VN_DIRECT_COLUMNS, panel += job->tap_count * job->channels * VN_DIRECT_COLUMNS) {
        for (size_t c = 0; c < job->channels; c += job->block) {
            size_t block = job->channels - c < job->block ? job->channels - c : job->block;
            const float *w = panel + c * job->tap_count * VN_DIRECT_COLUMNS;
            for (size_t s = 0; s < VN_DIRECT_COLUMNS && n + s < job->n; s += STRIP) {
                const float *start = c || job->add ? NULL : job->bias ? job->bias + n + s : zeros;
                float *y = job->y + n + s;
                if (job->n - n - s >= STRIP)
                    direct_pixels(job, job->x + c, w + s, block, start, y, job->y_step, job->m);
                else
                    direct_edge(job, job->x + c, w + s, block, start, y, job->m, job->n - n - s);
            }
        }
    }
}
