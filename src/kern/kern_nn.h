/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of the encoder layers; see kern_list.h for what each does. Included by kern_isa.h only. */
#ifdef VN_HAVE_SIMD
#include <immintrin.h>
#endif
#include <math.h>
#include <string.h>

static void repeat(float *y, const float *x, size_t period, size_t n) {
    for (size_t done = 0; done < n; done += period)
        memcpy(y + done, x, (n - done < period ? n - done : period) * sizeof *y);
}

/* One mask word: up to 64 values. Compilers do not find the vector compare that yields the bits, so it is spelled out.
 */
static inline uint64_t relu_word(float *x, const float *y, size_t n) {
    uint64_t bits = 0;
    size_t i = 0;
#if defined(__AVX512F__)
    for (; i + 16 <= n; i += 16) {
        __m512 v = _mm512_loadu_ps(x + i);
        if (y)
            v = _mm512_add_ps(v, _mm512_loadu_ps(y + i));
        __mmask16 positive = _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_GT_OQ);
        bits |= (uint64_t)positive << i;
        _mm512_storeu_ps(x + i, _mm512_maskz_mov_ps(positive, v));
    }
#elif defined(__AVX2__)
    for (; i + 8 <= n; i += 8) {
        __m256 v = _mm256_loadu_ps(x + i);
        if (y)
            v = _mm256_add_ps(v, _mm256_loadu_ps(y + i));
        __m256 positive = _mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_GT_OQ);
        bits |= (uint64_t)(unsigned)_mm256_movemask_ps(positive) << i;
        _mm256_storeu_ps(x + i, _mm256_and_ps(positive, v));
    }
#endif
    for (; i < n; i++) {
        float v = y ? x[i] + y[i] : x[i];
        bits |= (uint64_t)(v > 0) << i;
        x[i] = v > 0 ? v : 0;
    }
    return bits;
}

static void relu(float *x, uint64_t *mask, size_t n) {
    for (size_t done = 0; done < n; done += 64) {
        uint64_t bits = relu_word(x + done, NULL, n - done < 64 ? n - done : 64);
        if (mask)
            mask[done / 64] = bits;
    }
}

static void add_relu(float *x, const float *y, uint64_t *mask, size_t n) {
    for (size_t done = 0; done < n; done += 64) {
        uint64_t bits = relu_word(x + done, y + done, n - done < 64 ? n - done : 64);
        if (mask)
            mask[done / 64] = bits;
    }
}

static void apply_mask(float *x, const uint64_t *mask, size_t n) {
    size_t i = 0;
#if defined(__AVX512F__)
    for (; i + 16 <= n; i += 16)
        _mm512_storeu_ps(x + i, _mm512_maskz_loadu_ps((__mmask16)(mask[i / 64] >> (i % 64)), x + i));
#elif defined(__AVX2__)
    const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    for (; i + 8 <= n; i += 8) {
        __m256i byte = _mm256_set1_epi32((int)(mask[i / 64] >> (i % 64) & 255));
        __m256i keep = _mm256_cmpeq_epi32(_mm256_and_si256(byte, bit), bit);
        _mm256_storeu_ps(x + i, _mm256_and_ps(_mm256_castsi256_ps(keep), _mm256_loadu_ps(x + i)));
    }
#endif
    for (; i < n; i++)
        x[i] = mask[i / 64] >> (i % 64) & 1 ? x[i] : 0;
}

static void gather(float *y, size_t ldy, const float *x, size_t ldx, size_t width, size_t count) {
    if (width == 16) { /* a block of channels: one or two registers, no call */
        for (size_t i = 0; i < count; i++)
            memcpy(y + i * ldy, x + i * ldx, 16 * sizeof *y);
        return;
    }
    for (size_t i = 0; i < count; i++)
        memcpy(y + i * ldy, x + i * ldx, width * sizeof *y);
}

static void scatter_add(float *y, size_t ldy, const float *x, size_t ldx, size_t width, size_t count) {
    for (size_t i = 0; i < count; i++) {
        float *to = y + i * ldy;
        const float *from = x + i * ldx;
        for (size_t k = 0; k < width; k++)
            to[k] += from[k];
    }
}

static void planes_to_pixels(float *y, const float *x, size_t plane, size_t channels, size_t n) {
    for (size_t i = 0; i < n; i++) {
        for (size_t c = 0; c < channels; c++)
            y[i * channels + c] = x[c * plane + i];
    }
}

static void pixels_to_planes(float *y, size_t plane, const float *x, size_t channels, size_t n) {
    for (size_t c = 0; c < channels; c++) {
        for (size_t i = 0; i < n; i++)
            y[c * plane + i] = x[i * channels + c];
    }
}

/* A block of rows x columns held in registers while k runs; the compiler unrolls the constant bounds. */
enum { GEMM_ROWS = 4, GEMM_COLUMNS = 64 };

static void gemm_in_order(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, size_t ldb,
                          float beta, float *c, size_t ldc) {
    for (size_t i = 0; i < m; i += GEMM_ROWS) {
        size_t rows = m - i < GEMM_ROWS ? m - i : GEMM_ROWS;
        for (size_t j = 0; j < n; j += GEMM_COLUMNS) {
            size_t columns = n - j < GEMM_COLUMNS ? n - j : GEMM_COLUMNS;
            float sum[GEMM_ROWS][GEMM_COLUMNS] = {{0}};
            if (rows == GEMM_ROWS && columns == GEMM_COLUMNS) {
                for (size_t l = 0; l < k; l++)
                    for (size_t r = 0; r < GEMM_ROWS; r++)
                        for (size_t s = 0; s < GEMM_COLUMNS; s++)
                            sum[r][s] += a[(i + r) * lda + l] * b[l * ldb + j + s];
            } else {
                for (size_t l = 0; l < k; l++)
                    for (size_t r = 0; r < rows; r++)
                        for (size_t s = 0; s < columns; s++)
                            sum[r][s] += a[(i + r) * lda + l] * b[l * ldb + j + s];
            }
            for (size_t r = 0; r < rows; r++)
                for (size_t s = 0; s < columns; s++) {
                    float *out = &c[(i + r) * ldc + j + s];
                    *out = beta == 0 ? sum[r][s] : sum[r][s] + beta * *out;
                }
        }
    }
}
