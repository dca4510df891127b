/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of resampling, JPEG and the optimiser; see kern_list.h for what each does. Included by kern_isa.h only.
 * All are exact: element-wise, or with a written-out order of sums. */
static void axpy(float *y, const float *x, float a, size_t n) {
    for (size_t i = 0; i < n; i++)
        y[i] += a * x[i];
}

/* Rows side by side in the lanes of a vector: FIR_SPAN pixels of FIR_ROWS rows at a time, turned over. */
enum { FIR_ROWS = VN_FIR_ROWS, FIR_SPAN = 512, FIR_OUTPUTS = 64 };
#if defined(__AVX512F__)
typedef float FirVector __attribute__((vector_size(64)));
#elif defined(__AVX2__)
typedef float FirVector __attribute__((vector_size(32)));
#else
typedef float FirVector __attribute__((vector_size(16)));
#endif
enum { FIR_VECTORS = FIR_ROWS * sizeof(float) / sizeof(FirVector) };
typedef union FirLanes {
    FirVector v[FIR_VECTORS];
    float row[FIR_ROWS];
} FirLanes;

/* How many outputs from i on read no more than FIR_SPAN pixels; at least one. `start` does not fall. */
static inline size_t fir_group(const uint32_t *start, size_t taps, size_t i, size_t n) {
    size_t end = i + 1;
    while (end < n && end - i < FIR_OUTPUTS && start[end] + taps - start[i] <= FIR_SPAN)
        end++;
    return end;
}

/* n pixels of `rows` rows into lanes, and back; what compilers make of the plain loops is slow. */
static inline void fir_turn(FirLanes *to, const float *x, size_t ld, size_t rows, size_t n) {
#ifdef __AVX512F__
    __m512i index = _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                                       _mm512_set1_epi32((int)ld));
    for (size_t p = 0; p < n; p++)
        to[p].v[0] =
            (FirVector)_mm512_mask_i32gather_ps(_mm512_setzero_ps(), (__mmask16)((1u << rows) - 1), index, x + p, 4);
#elif defined(__AVX2__)
    for (int half = 0; half < FIR_ROWS; half += 8) {
        __m256i lane = _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(half));
        __m256i index = _mm256_mullo_epi32(lane, _mm256_set1_epi32((int)ld));
        __m256 mask = _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32((int)rows), lane));
        for (size_t p = 0; p < n; p++)
            _mm256_storeu_ps(to[p].row + half, _mm256_mask_i32gather_ps(_mm256_setzero_ps(), x + p, index, mask, 4));
    }
#else
    for (size_t p = 0; p < n; p++)
        for (size_t r = 0; r < rows; r++)
            to[p].row[r] = x[r * ld + p];
#endif
}

static inline void fir_return(float *y, size_t ld, size_t rows, const FirLanes *from, size_t n) {
#ifdef __AVX512F__
    __m512i index = _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                                       _mm512_set1_epi32((int)ld));
    for (size_t p = 0; p < n; p++)
        _mm512_mask_i32scatter_ps(y + p, (__mmask16)((1u << rows) - 1), index, (__m512)from[p].v[0], 4);
#else
    for (size_t p = 0; p < n; p++)
        for (size_t r = 0; r < rows; r++)
            y[r * ld + p] = from[p].row[r];
#endif
}

static void fir(float *y, size_t ldy, const float *x, size_t ldx, size_t rows, const uint32_t *start, const float *w,
                size_t taps, size_t n) {
    FirLanes in[FIR_SPAN], out[FIR_OUTPUTS];
    memset(in, 0, sizeof in);
    for (size_t i = 0, end; i < n; i = end) {
        end = fir_group(start, taps, i, n);
        memset(out, 0, sizeof out);
        for (size_t first = 0; first < taps; first += FIR_SPAN) { /* more than one turn: a single output */
            size_t last = taps - first < FIR_SPAN ? taps : first + FIR_SPAN;
            fir_turn(in, x + start[i] + first, ldx, rows, start[end - 1] - start[i] + last - first);
            for (size_t o = i; o < end; o++) {
                const FirLanes *from = in + (start[o] - start[i]);
                FirLanes sum = out[o - i];
                for (size_t k = first; k < last; k++, from++)
                    for (size_t j = 0; j < FIR_VECTORS; j++)
                        sum.v[j] += w[o * taps + k] * from->v[j];
                out[o - i] = sum;
            }
        }
        fir_return(y + i, ldy, rows, out, end - i);
    }
}

static void blend(float *y, const float *x, size_t ldx, const float *w, size_t taps, size_t n) {
    enum { SPAN = 64 }; /* values whose sums stay in registers */
    size_t i = 0;
    for (; i + SPAN <= n; i += SPAN) {
        float sum[SPAN] = {0};
        for (size_t k = 0; k < taps; k++)
            for (size_t j = 0; j < SPAN; j++)
                sum[j] += w[k] * x[k * ldx + i + j];
        memcpy(y + i, sum, sizeof sum);
    }
    for (; i < n; i++) {
        float sum = 0;
        for (size_t k = 0; k < taps; k++)
            sum += w[k] * x[k * ldx + i];
        y[i] = sum;
    }
}

/* To the nearest integer, ties to even, for |x| < 2^22. */
static inline float pixel_round(float x) { return (x + 12582912.0f) - 12582912.0f; }

static inline float pixel_clamp(float x, float high) {
    x = x > 0 ? x : 0;
    return x < high ? x : high;
}

/* cos((2 i + 1) k pi / 16) * (k ? 1/2 : sqrt(1/8)), the orthonormal DCT-II of ITU-T T.81 A.3.3; row k, column i */
static const float pixel_dct[8][8] = {
    {0.35355339f, 0.35355339f, 0.35355339f, 0.35355339f, 0.35355339f, 0.35355339f, 0.35355339f, 0.35355339f},
    {0.49039264f, 0.41573481f, 0.27778512f, 0.09754516f, -0.09754516f, -0.27778512f, -0.41573481f, -0.49039264f},
    {0.46193977f, 0.19134172f, -0.19134172f, -0.46193977f, -0.46193977f, -0.19134172f, 0.19134172f, 0.46193977f},
    {0.41573481f, -0.09754516f, -0.49039264f, -0.27778512f, 0.27778512f, 0.49039264f, 0.09754516f, -0.41573481f},
    {0.35355339f, -0.35355339f, -0.35355339f, 0.35355339f, 0.35355339f, -0.35355339f, -0.35355339f, 0.35355339f},
    {0.27778512f, -0.49039264f, 0.09754516f, 0.41573481f, -0.41573481f, -0.09754516f, 0.49039264f, -0.27778512f},
    {0.19134172f, -0.46193977f, 0.46193977f, -0.19134172f, -0.19134172f, 0.46193977f, -0.46193977f, 0.19134172f},
    {0.09754516f, -0.27778512f, 0.41573481f, -0.49039264f, 0.49039264f, -0.41573481f, 0.27778512f, -0.09754516f}};

/* out = M in, M the 8x8 DCT matrix or its transpose, on the columns of an 8x8 tile. The even-odd symmetry of the matrix
 * halves the products. */
static inline void pixel_dct_columns(float out[8][8], float in[8][8]) {
    for (size_t k = 0; k < 8; k++)
        for (size_t j = 0; j < 8; j++) {
            float s = 0;
            for (size_t i = 0; i < 4; i++)
                s += pixel_dct[k][i] * (k & 1 ? in[i][j] - in[7 - i][j] : in[i][j] + in[7 - i][j]);
            out[k][j] = s;
        }
}

static inline void pixel_idct_columns(float out[8][8], float in[8][8]) {
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 8; j++) {
            float even = 0, odd = 0;
            for (size_t k = 0; k < 8; k += 2) {
                even += pixel_dct[k][i] * in[k][j];
                odd += pixel_dct[k + 1][i] * in[k + 1][j];
            }
            out[i][j] = even + odd;
            out[7 - i][j] = even - odd;
        }
}

static inline void pixel_transpose(float out[8][8], float in[8][8]) {
    for (size_t i = 0; i < 8; i++)
        for (size_t j = 0; j < 8; j++)
            out[j][i] = in[i][j];
}

/* libjpeg's integer DCT keeps two bits below the point after its first pass, in which values are sqrt(8) times ours, and
 * three after its second. Rounding as it does decides most ties between two quantised values its way. */
#define PIXEL_PASS 11.3137085f

static inline void pixel_round_tile(float t[8][8], float scale) {
    for (size_t i = 0; i < 8; i++)
        for (size_t j = 0; j < 8; j++)
            t[i][j] = pixel_round(t[i][j] * scale) / scale;
}

static void jpeg_blocks(float *samples, size_t stride, size_t blocks, const float *step, uint8_t *slopes) {
    for (size_t b = 0; b < blocks; b++, samples += 8) {
        float a[8][8], t[8][8];
        for (size_t i = 0; i < 8; i++)
            for (size_t j = 0; j < 8; j++)
                a[j][i] = samples[i * stride + j] - 128;
        pixel_dct_columns(t, a);
        pixel_round_tile(t, PIXEL_PASS);
        pixel_transpose(a, t);
        pixel_dct_columns(t, a);
        pixel_round_tile(t, 8);
        for (size_t k = 0; slopes && k < 64; k++) {
            float x = t[k / 8][k % 8] / step[k], slope = 8 * VN_JPEG_SLOPE * (x * x);
            *slopes++ = (uint8_t)(slope < 2 * VN_JPEG_SLOPE ? pixel_round(slope) : VN_JPEG_SLOPE);
        }
        for (size_t v = 0; v < 8; v++)
            for (size_t u = 0; u < 8; u++) {
                float x = t[v][u] / step[v * 8 + u], size = x < 0 ? -x : x;
                /* halves away from zero: x is a multiple of 1 / (8 * 255) at least */
                size = pixel_round(size + 2e-4f) * step[v * 8 + u];
                t[v][u] = x < 0 ? -size : size;
            }
        pixel_idct_columns(a, t);
        pixel_round_tile(a, PIXEL_PASS);
        pixel_transpose(t, a);
        pixel_idct_columns(a, t);
        for (size_t i = 0; i < 8; i++)
            for (size_t j = 0; j < 8; j++)
                samples[i * stride + j] = pixel_clamp(pixel_round(a[j][i] + 128), 255);
    }
}

static void jpeg_weigh(float *samples, size_t stride, size_t blocks, const uint8_t *slopes) {
    for (size_t b = 0; b < blocks; b++, samples += 8, slopes += 64) {
        float a[8][8], t[8][8];
        for (size_t i = 0; i < 8; i++)
            for (size_t j = 0; j < 8; j++)
                a[j][i] = samples[i * stride + j];
        pixel_dct_columns(t, a);
        pixel_transpose(a, t);
        pixel_dct_columns(t, a);
        for (size_t v = 0; v < 8; v++)
            for (size_t u = 0; u < 8; u++)
                t[v][u] *= (float)slopes[v * 8 + u] * (1.f / VN_JPEG_SLOPE);
        pixel_idct_columns(a, t);
        pixel_transpose(t, a);
        pixel_idct_columns(a, t);
        for (size_t i = 0; i < 8; i++)
            for (size_t j = 0; j < 8; j++)
                samples[i * stride + j] = a[j][i];
    }
}

static void rgb_to_ycc(float *y, float *cb, float *cr, const float *r, const float *g, const float *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        float R = pixel_round(pixel_clamp(r[i], 1) * 255), G = pixel_round(pixel_clamp(g[i], 1) * 255);
        float B = pixel_round(pixel_clamp(b[i], 1) * 255);
        y[i] = pixel_round(0.299f * R + 0.587f * G + 0.114f * B);
        cb[i] = pixel_clamp(pixel_round(-0.168735892f * R - 0.331264108f * G + 0.5f * B + 128), 255);
        cr[i] = pixel_clamp(pixel_round(0.5f * R - 0.418687589f * G - 0.081312411f * B + 128), 255);
    }
}

static void ycc_to_rgb(float *r, float *g, float *b, const float *y, const float *cb, const float *cr, size_t n) {
    for (size_t i = 0; i < n; i++) {
        float u = cb[i] - 128, v = cr[i] - 128;
        r[i] = pixel_clamp(pixel_round(y[i] + 1.402f * v), 255) / 255;
        g[i] = pixel_clamp(pixel_round(y[i] - 0.344136286f * u - 0.714136286f * v), 255) / 255;
        b[i] = pixel_clamp(pixel_round(y[i] + 1.772f * u), 255) / 255;
    }
}
