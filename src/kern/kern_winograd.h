/* SPDX-License-Identifier: Apache-2.0 */
/* Transforms of Winograd's minimal filtering F(4x4, 3x3), with the matrices of Lavin and Gray, "Fast algorithms for
 * convolutional neural networks" (2016), section 4.3. Included by kern_isa.h only. */

enum { CHUNK = 16 }; /* channels at a time, in loops that compilers turn into vectors */

/* B' d, six values to six, `step` apart */
static inline void to_winograd(float *out, const float *d, size_t step) {
    for (size_t i = 0; i < CHUNK; i++) {
        float d0 = d[i], d1 = d[step + i], d2 = d[2 * step + i], d3 = d[3 * step + i], d4 = d[4 * step + i];
        float d5 = d[5 * step + i];
        float even = d4 - 4 * d2, odd = d3 - 4 * d1, half = d4 - d2, twice = 2 * (d3 - d1);
        out[i] = 4 * d0 - 5 * d2 + d4;
        out[step + i] = even + odd;
        out[2 * step + i] = even - odd;
        out[3 * step + i] = half + twice;
        out[4 * step + i] = half - twice;
        out[5 * step + i] = 4 * d1 - 5 * d3 + d5;
    }
}

/* A' m, six values to four */
static inline void from_winograd(float *out, const float *m, size_t step) {
    for (size_t i = 0; i < CHUNK; i++) {
        float sum12 = m[step + i] + m[2 * step + i], sum34 = m[3 * step + i] + m[4 * step + i];
        float gap12 = m[step + i] - m[2 * step + i], gap34 = m[3 * step + i] - m[4 * step + i];
        out[i] = m[i] + sum12 + sum34;
        out[step + i] = gap12 + 2 * gap34;
        out[2 * step + i] = sum12 + 4 * sum34;
        out[3 * step + i] = gap12 + 8 * gap34 + m[5 * step + i];
    }
}

static void winograd_in(float *v, size_t plane, const float *x, size_t row, size_t channels) {
    for (size_t c = 0; c < channels; c += CHUNK) {
        float d[6][6][CHUNK], t[6][6][CHUNK];
        for (size_t i = 0; i < 6; i++)
            for (size_t k = 0; k < 6; k++)
                memcpy(d[i][k], x + i * row + k * channels + c, sizeof d[i][k]);
        for (size_t k = 0; k < 6; k++)
            to_winograd(t[0][k], d[0][k], 6 * CHUNK);
        for (size_t i = 0; i < 6; i++)
            to_winograd(d[i][0], t[i][0], CHUNK);
        for (size_t i = 0; i < 36; i++)
            memcpy(v + i * plane + c, d[i / 6][i % 6], sizeof d[0][0]);
    }
}

static void winograd_out(float *y, size_t row, const float *m, size_t plane, size_t channels, bool add) {
    for (size_t c = 0; c < channels; c += CHUNK) {
        float d[6][6][CHUNK], t[4][6][CHUNK], out[4][CHUNK];
        for (size_t i = 0; i < 36; i++)
            memcpy(d[i / 6][i % 6], m + i * plane + c, sizeof d[0][0]);
        for (size_t k = 0; k < 6; k++)
            from_winograd(t[0][k], d[0][k], 6 * CHUNK);
        for (size_t i = 0; i < 4; i++) {
            from_winograd(out[0], t[i][0], CHUNK);
            for (size_t k = 0; k < 4; k++) {
                float *to = y + i * row + k * channels + c;
                if (add) {
                    for (size_t l = 0; l < CHUNK; l++)
                        out[k][l] += to[l];
                }
                memcpy(to, out[k], sizeof out[k]);
            }
        }
    }
}
