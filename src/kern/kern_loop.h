/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of the optimiser and of the visibility model; see kern_list.h for what each does. Included by kern_isa.h only.
 * All are exact: element-wise, or with sums kept in LOOP_LANES lanes that are added in order at the end. n is a few
 * thousand at most where lanes are float. */
#include <math.h>
#include <string.h>

enum { LOOP_LANES = 16 };

static inline double loop_total(const double *lanes) {
    double sum = 0;
    for (size_t j = 0; j < LOOP_LANES; j++)
        sum += lanes[j];
    return sum;
}

static inline double loop_total_float(const float *lanes) {
    double sum = 0;
    for (size_t j = 0; j < LOOP_LANES; j++)
        sum += (double)lanes[j];
    return sum;
}

static void weigh(float *g, double *sum, const float *w, size_t n) {
    float lanes[LOOP_LANES] = {0};
    size_t i = 0;
    for (; i + LOOP_LANES <= n; i += LOOP_LANES)
        for (size_t j = 0; j < LOOP_LANES; j++) {
            g[i + j] *= w[i + j];
            lanes[j] += fabsf(g[i + j]);
        }
    for (; i < n; i++) {
        g[i] *= w[i];
        lanes[i % LOOP_LANES] += fabsf(g[i]);
    }
    *sum = loop_total_float(lanes);
}

static void follow(float *m, double *sum, const float *g, float decay, float unit, size_t n) {
    float lanes[LOOP_LANES] = {0};
    size_t i = 0;
    for (; i + LOOP_LANES <= n; i += LOOP_LANES)
        for (size_t j = 0; j < LOOP_LANES; j++) {
            m[i + j] = decay * m[i + j] + unit * g[i + j];
            lanes[j] += fabsf(m[i + j]);
        }
    for (; i < n; i++) {
        m[i] = decay * m[i] + unit * g[i];
        lanes[i % LOOP_LANES] += fabsf(m[i]);
    }
    *sum = loop_total_float(lanes);
}

static void lean(float *u, const float *m, float ahead, float back, size_t n) {
    for (size_t i = 0; i < n; i++)
        u[i] = ahead * m[i] - back * u[i];
}

static void refine(float *u, float *square, const float *coarse, const float *ground, size_t n) {
    for (size_t i = 0; i < n; i++) {
        u[i] -= ground[i] * coarse[i];
        square[i] = u[i] * u[i];
    }
}

static void even_step(float *d, const float *u, const float *square, const float *budget, const float *x, float rate,
                      size_t n) {
    for (size_t i = 0; i < n; i++) {
        float t = d[i] + rate * budget[i] * u[i] / (sqrtf(square[i]) + 1e-6f);
        t = t < -x[i] ? -x[i] : t;
        d[i] = t > 1 - x[i] ? 1 - x[i] : t;
    }
}

static void mix3(float *y, const float *const m[3], const float *const x[3], size_t n) {
    const float *m0 = m[0], *m1 = m[1], *m2 = m[2], *x0 = x[0], *x1 = x[1], *x2 = x[2];
    for (size_t i = 0; i < n; i++)
        y[i] = m0[i] * x0[i] + m1[i] * x1[i] + m2[i] * x2[i];
}

static void band_energy(float *sum, float *band, const float *below, const float *s, size_t n) {
    if (below)
        for (size_t i = 0; i < n; i++)
            band[i] -= below[i];
    for (size_t i = 0; i < n; i++)
        sum[i] += s[i] * band[i] * band[i];
}

static void band_slope(float *band, float *above, const float *s, const float *slope, size_t n) {
    for (size_t i = 0; i < n; i++)
        band[i] *= 2 * s[i] * slope[i];
    if (above)
        for (size_t i = 0; i < n; i++)
            above[i] = band[i] - above[i];
}

/* To within two units in the last place, for v > 0: two of Halley's steps from a guess of 4 %. */
static inline float cube_root(float v) {
    uint32_t bits;
    float x;
    memcpy(&bits, &v, sizeof bits);
    bits = bits / 3 + 0x2a5119f2; /* two thirds of the exponent's bias, less what evens the guess's error out */
    memcpy(&x, &bits, sizeof x);
    for (int i = 0; i < 2; i++) {
        float cube = x * x * x;
        x = x * (cube + 2 * v) / (2 * cube + v);
    }
    return x;
}

static void opponent(float *y, size_t plane, const float *x, const float *gamma, size_t steps, const float *cone,
                     const float *bias, size_t n) {
    for (size_t i = 0; i < n; i++) {
        float l[3], c[3];
        for (size_t j = 0; j < 3; j++) {
            float v = x[j * plane + i], t = (v > 0 ? v < 1 ? v : 1 : 0) * (float)steps;
            int at = (int)t;
            l[j] = gamma[at] + (gamma[at + 1] - gamma[at]) * (t - (float)at);
        }
        for (size_t k = 0; k < 3; k++)
            c[k] = cube_root(cone[3 * k] * l[0] + cone[3 * k + 1] * l[1] + cone[3 * k + 2] * l[2] + bias[k]);
        y[i] = 5 * (c[0] - c[1]);
        y[plane + i] = 0.5f * (c[0] + c[1]);
        y[2 * plane + i] = c[2];
    }
}

static void power_sums(double *sums, const float *squares, size_t n) {
    double d3[LOOP_LANES] = {0}, d6[LOOP_LANES] = {0}, d12[LOOP_LANES] = {0};
    for (size_t i = 0; i < n;) {
        size_t count = n - i < LOOP_LANES ? n - i : LOOP_LANES;
        double v[LOOP_LANES] = {0};
        for (size_t j = 0; j < count; j++)
            v[j] = (double)squares[i + j];
        for (size_t j = 0; j < LOOP_LANES; j++) {
            double cube = v[j] * sqrt(v[j]), sixth = cube * cube;
            d3[j] += cube;
            d6[j] += sixth;
            d12[j] += sixth * sixth;
        }
        i += count;
    }
    sums[0] += loop_total(d3);
    sums[1] += loop_total(d6);
    sums[2] += loop_total(d12);
}
