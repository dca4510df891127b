/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of normalisation, SiLU, attention and stored halves; see kern_list.h for what each does. Included by
 * kern_isa.h only. Only correctly rounded operations in a fixed order: every instruction set gives the same bits. */
#ifdef VN_HAVE_SIMD
#include <immintrin.h>
#endif
#include <math.h>
#include <string.h>

static void channel_sums(double *sums, const float *a, const float *b, size_t channels, size_t n) {
    for (size_t i = 0; i < n; i++, a += channels, b += channels) {
        for (size_t c = 0; c < channels; c++) {
            sums[c] += (double)a[c];
            sums[channels + c] += (double)a[c] * (double)b[c];
        }
    }
}

static void affine(float *y, const float *x, const float *a, const float *b, size_t channels, size_t n) {
    for (size_t i = 0; i < n; i++, x += channels, y += channels) {
        for (size_t c = 0; c < channels; c++)
            y[c] = fmaf(a[c], x[c], b[c]);
    }
}

/* exp(x) to 2 units in the last place for x in -60..60, where it is held: with x = k ln 2 + r, r's Taylor series, then k
 * added to the exponent's bits. ln 2 is taken off in two parts, the first exact; adding 1.5 * 2^23 rounds k to an
 * integer and leaves it in the low bits. The limits are far from subnormal results, arithmetic on which is slow:
 * compilers work out for every value what would come of each limit. */
static inline float exponential(float x) {
    x = x < -60.0f ? -60.0f : x;
    x = x > 60.0f ? 60.0f : x;
    float shifted = x * 1.44269504f + 0x1.8p23f, k = shifted - 0x1.8p23f;
    float r = x - k * 0x1.62e4p-1f;
    r = r - k * 1.42860682e-6f;
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r * r + r;
    p = p + 1.0f;
    uint32_t bits, exponent;
    memcpy(&bits, &p, sizeof bits);
    memcpy(&exponent, &shifted, sizeof exponent);
    bits += exponent << 23;
    memcpy(&p, &bits, sizeof p);
    return p;
}

static inline float sigmoid(float x) { return 1.0f / (1.0f + exponential(-x)); }

static void affine_silu(float *y, const float *x, const float *a, const float *b, size_t channels, size_t n) {
    for (size_t i = 0; i < n; i++, x += channels, y += channels) {
        for (size_t c = 0; c < channels; c++) {
            float t = a[c] * x[c] + b[c];
            y[c] = t * sigmoid(t);
        }
    }
}

static void silu_back(float *g, const float *x, const float *a, const float *b, size_t channels, size_t n) {
    for (size_t i = 0; i < n; i++, x += channels, g += channels) {
        for (size_t c = 0; c < channels; c++) {
            float t = a[c] * x[c] + b[c], s = sigmoid(t);
            g[c] = g[c] * (s * (1.0f + t * (1.0f - s)));
        }
    }
}

static void norm_back(float *y, const float *g, const float *x, const float *a, const float *p, const float *q,
                      size_t channels, size_t n) {
    for (size_t i = 0; i < n; i++, g += channels, x += channels, y += channels) {
        for (size_t c = 0; c < channels; c++)
            y[c] = a[c] * g[c] + (p[c] * x[c] + q[c]);
    }
}

/* To binary16, to nearest, ties to even, as VCVTPS2PH rounds; finite values only. */
static inline uint16_t half_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000u, size = bits & 0x7fffffffu;
    if (size >= 0x477ff000u) /* rounds to 65536 or more */
        return (uint16_t)(sign | 0x7c00u);
    if (size < 0x38800000u) { /* subnormal: adding 0.5 rounds at 2^-24 */
        float magnitude;
        memcpy(&magnitude, &size, sizeof magnitude);
        magnitude += 0.5f;
        memcpy(&size, &magnitude, sizeof size);
        return (uint16_t)(sign | (size - 0x3f000000u));
    }
    return (uint16_t)(sign | ((size - 0x38000000u + 0xfffu + (size >> 13 & 1)) >> 13));
}

static void to_half(uint16_t *y, const float *x, size_t n) {
    size_t i = 0;
#if defined(__AVX512F__)
    for (; i + 16 <= n; i += 16)
        _mm256_storeu_si256((__m256i *)(void *)(y + i),
                            _mm512_cvtps_ph(_mm512_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
#elif defined(__F16C__)
    for (; i + 8 <= n; i += 8)
        _mm_storeu_si128((__m128i *)(void *)(y + i),
                         _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
#endif
    for (; i < n; i++)
        y[i] = half_bits(x[i]);
}

/* The exponent moves by 112; multiplying does that, and makes subnormals normal. */
static inline float half_value(uint16_t half) {
    uint32_t bits = (uint32_t)(half & 0x7fffu) << 13;
    float x;
    memcpy(&x, &bits, sizeof x);
    x *= 0x1p112f;
    return half & 0x8000u ? -x : x;
}

static void from_half(float *y, const uint16_t *x, size_t n) {
    size_t i = 0;
#if defined(__AVX512F__)
    for (; i + 16 <= n; i += 16)
        _mm512_storeu_ps(y + i, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)(x + i))));
#elif defined(__F16C__)
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(y + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(x + i))));
#endif
    for (; i < n; i++)
        y[i] = half_value(x[i]);
}

enum { SOFTMAX_LANES = 16 };

static float largest(const float *x, size_t width, size_t rows) {
    float lanes[SOFTMAX_LANES];
    for (size_t l = 0; l < SOFTMAX_LANES; l++)
        lanes[l] = x[0];
    for (size_t r = 0; r < rows; r++, x += width + 1) {
        size_t i = 0;
        for (; i + SOFTMAX_LANES <= width; i += SOFTMAX_LANES) {
            for (size_t l = 0; l < SOFTMAX_LANES; l++)
                lanes[l] = x[i + l] > lanes[l] ? x[i + l] : lanes[l];
        }
        for (; i < width; i++)
            lanes[0] = x[i] > lanes[0] ? x[i] : lanes[0];
    }
    for (size_t l = 1; l < SOFTMAX_LANES; l++)
        lanes[0] = lanes[l] > lanes[0] ? lanes[l] : lanes[0];
    return lanes[0];
}

static void softmax(float *x, float *largest_out, float *scale_out, size_t width, size_t rows) {
    float top = largest(x, width, rows), lanes[SOFTMAX_LANES] = {0};
    float *row = x;
    for (size_t r = 0; r < rows; r++, row += width + 1) {
        size_t i = 0;
        for (; i + SOFTMAX_LANES <= width; i += SOFTMAX_LANES) {
            for (size_t l = 0; l < SOFTMAX_LANES; l++) {
                row[i + l] = exponential(row[i + l] - top);
                lanes[l] += row[i + l];
            }
        }
        for (size_t l = 0; i < width; i++, l++) {
            row[i] = exponential(row[i] - top);
            lanes[l] += row[i];
        }
        row[width] = 0;
    }
    for (size_t l = 1; l < SOFTMAX_LANES; l++)
        lanes[0] += lanes[l];
    float scale = 1.0f / lanes[0];
    for (size_t i = 0; i < rows * (width + 1); i++)
        x[i] *= scale;
    *largest_out = top;
    *scale_out = scale;
}

/* A score above the largest is rounding, or a position that takes no part and must not overflow. */
static inline float weight(float score, float top, float scale) {
    float x = score - top;
    return exponential(x > 0 ? 0 : x) * scale;
}

static void softmax_back_row(float *p, float *d, float top, float scale, float mean, size_t n) {
    for (size_t i = 0; i < n; i++) {
        p[i] = weight(p[i], top, scale);
        d[i] = p[i] * (d[i] - mean);
    }
}

static void softmax_back_column(float *p, float *d, const float *top, const float *scale, const float *mean, size_t n) {
    for (size_t i = 0; i < n; i++) {
        p[i] = weight(p[i], top[i], scale[i]);
        d[i] = p[i] * (d[i] - mean[i]);
    }
}
