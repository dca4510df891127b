/* SPDX-License-Identifier: Apache-2.0 */
/* Transforms of Winograd's minimal filtering F(4x4, 3x3), with the matrices of Lavin and Gray, "Fast algorithms for
 * convolutional neural networks" (2016), section 4.3. Included by kern_isa.h only. */

/* B' d, six values to six. Vectors (kern_direct.h) have the operators of numbers. */
static inline __attribute__((always_inline)) void to_winograd(Vector *out, size_t step, const Vector d[6]) {
    Vector even = d[4] - 4 * d[2], odd = d[3] - 4 * d[1], half = d[4] - d[2], twice = 2 * (d[3] - d[1]);
    out[0] = 4 * d[0] - 5 * d[2] + d[4];
    out[step] = even + odd;
    out[2 * step] = even - odd;
    out[3 * step] = half + twice;
    out[4 * step] = half - twice;
    out[5 * step] = 4 * d[1] - 5 * d[3] + d[5];
}

/* A' m, six values to four */
static inline __attribute__((always_inline)) void from_winograd(Vector *out, size_t step, const Vector m[6]) {
    Vector sum12 = m[1] + m[2], sum34 = m[3] + m[4], gap12 = m[1] - m[2], gap34 = m[3] - m[4];
    out[0] = m[0] + sum12 + sum34;
    out[step] = gap12 + 2 * gap34;
    out[2 * step] = sum12 + 4 * sum34;
    out[3 * step] = gap12 + 8 * gap34 + m[5];
}

/* G g, three values to six */
static inline __attribute__((always_inline)) void taps_to_winograd(Vector *out, size_t step, const Vector g[3]) {
    Vector outer = g[0] + g[2], far = g[0] / 24 + g[2] / 6, near = g[1] / 12;
    out[0] = g[0] / 4;
    out[step] = (outer + g[1]) / -6;
    out[2 * step] = (outer - g[1]) / -6;
    out[3 * step] = far + near;
    out[4 * step] = far - near;
    out[5 * step] = g[2];
}

static void winograd_in(float *v, size_t plane, const float *x, size_t row, size_t channels) {
    for (size_t c = 0; c < channels; c += VECTOR_VALUES) {
        Vector t[6][6], d[6];
        for (size_t k = 0; k < 6; k++) {
            for (size_t i = 0; i < 6; i++)
                d[i] = load(x + i * row + k * channels + c);
            to_winograd(&t[0][k], 6, d);
        }
        for (size_t i = 0; i < 6; i++) {
            to_winograd(d, 1, t[i]);
            for (size_t k = 0; k < 6; k++)
                store(v + (i * 6 + k) * plane + c, d[k]);
        }
    }
}

static void winograd_taps(float *points, size_t plane, const float *taps, size_t step, size_t columns) {
    for (size_t c = 0; c < columns; c += VECTOR_VALUES) {
        Vector t[6][3], d[6];
        for (size_t k = 0; k < 3; k++) {
            for (size_t i = 0; i < 3; i++)
                d[i] = load(taps + (i * 3 + k) * step + c);
            taps_to_winograd(&t[0][k], 3, d);
        }
        for (size_t i = 0; i < 6; i++) {
            taps_to_winograd(d, 1, t[i]);
            for (size_t k = 0; k < 6; k++)
                store(points + (i * 6 + k) * plane + c, d[k]);
        }
    }
}

static void winograd_out(float *y, size_t row, const float *m, size_t plane, const float *bias, size_t channels,
                         bool add) {
    for (size_t c = 0; c < channels; c += VECTOR_VALUES) {
        Vector t[4][6], d[6], start = bias ? load(bias + c) : spread(0);
        for (size_t k = 0; k < 6; k++) {
            for (size_t i = 0; i < 6; i++)
                d[i] = load(m + (i * 6 + k) * plane + c);
            from_winograd(&t[0][k], 6, d);
        }
        for (size_t i = 0; i < 4; i++) {
            from_winograd(d, 1, t[i]);
            for (size_t k = 0; k < 4; k++) {
                float *to = y + i * row + k * channels + c;
                store(to, plus(add ? load(to) : start, d[k]));
            }
        }
    }
}
