/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of resampling, JPEG and the optimiser; see kern_list.h for what each does. Included by kern_isa.h only.
 * All are exact: element-wise, or with a written-out order of sums. */
static void axpy(float *y, const float *x, float a, size_t n) {
    for (size_t i = 0; i < n; i++)
        y[i] += a * x[i];
}

static void fir(float *y, const float *x, const uint32_t *start, const float *w, size_t taps, size_t n) {
    for (size_t i = 0; i < n; i++, w += taps) {
        const float *p = x + start[i];
        float sum[8] = {0};
        size_t k = 0;
        for (; k + 8 <= taps; k += 8)
            for (size_t l = 0; l < 8; l++)
                sum[l] += w[k + l] * p[k + l];
        for (size_t l = 0; k + l < taps; l++)
            sum[l] += w[k + l] * p[k + l];
        y[i] = ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
    }
}

static void fir_adjoint(float *x, const float *y, const uint32_t *start, const float *w, size_t taps, size_t n) {
    for (size_t i = 0; i < n; i++, w += taps) {
        float *p = x + start[i];
        for (size_t k = 0; k < taps; k++)
            p[k] += w[k] * y[i];
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

static void jpeg_blocks(float *samples, size_t stride, size_t blocks, const float *step) {
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
