/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The separable resampler: a table of taps for each axis, applied columns first. Its transpose is one of the same kind.
 */
#include "protect/ingest.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "kern/kern.h"

/* The taps of one axis: output i is the sum over k < taps of weight[i * taps + k] * input[start[i] + k]. All outputs
 * have the same number of taps (short ones are filled with zeros inside the picture), so that the kernels need no
 * tail logic. */
typedef struct Axis {
    uint32_t from, to, taps;
    uint32_t *start;
    float *weight;
} Axis;

/* Both axes of one direction. */
typedef struct Axes {
    Axis x, y;
} Axes;

struct VnResize {
    Axes forth, back; /* back: the transpose */
};

static double filter_support(VnFilter filter) {
    switch (filter) {
    case VN_FILTER_AREA:
        return 0.5;
    case VN_FILTER_BILINEAR:
        return 1;
    case VN_FILTER_BICUBIC:
        return 2;
    case VN_FILTER_LANCZOS:
        break;
    }
    return 3;
}

static double sinc(double x) {
    double t = x * 3.14159265358979323846;
    return x == 0 ? 1 : sin(t) / t;
}

/* The filters as Pillow defines them: box, triangle, Keys' cubic with a = -0.5, Lanczos with three lobes. */
static double filter_value(VnFilter filter, double x) {
    double a = fabs(x);
    switch (filter) {
    case VN_FILTER_AREA:
        return x > -0.5 && x <= 0.5 ? 1 : 0;
    case VN_FILTER_BILINEAR:
        return a < 1 ? 1 - a : 0;
    case VN_FILTER_BICUBIC:
        return a < 1 ? (1.5 * a - 2.5) * a * a + 1 : a < 2 ? ((-0.5 * a + 2.5) * a - 4) * a + 2 : 0;
    case VN_FILTER_LANCZOS:
        break;
    }
    return a < 3 ? sinc(x) * sinc(x / 3) : 0;
}

static void axis_close(Axis *axis) {
    vn_free(axis->start);
    vn_free(axis->weight);
}

static VernisStatus axis_open(Axis *axis, uint32_t from, uint32_t to, VnFilter filter, VnError *err) {
    double scale = (double)from / to, wide = scale > 1 ? scale : 1, support = filter_support(filter) * wide;
    double most = ceil(support) * 2 + 1;
    axis->from = from;
    axis->to = to;
    axis->taps = most < from ? (uint32_t)most : from;
    size_t count = vn_mul(to, axis->taps);
    axis->start = vn_malloc(vn_mul(to, sizeof *axis->start));
    axis->weight = vn_calloc(count, sizeof *axis->weight);
    if (!axis->start || !axis->weight)
        return vn_no_memory(err, "protect", vn_mul(count, sizeof *axis->weight), "a resampler");
    for (uint32_t i = 0; i < to; i++) {
        double centre = (i + 0.5) * scale, low = floor(centre - support + 0.5), high = floor(centre + support + 0.5);
        uint32_t first = low > 0 ? (uint32_t)low : 0, last = high < from ? (uint32_t)high : from;
        if (last - first > axis->taps)
            last = first + axis->taps;
        uint32_t start = first + axis->taps > from ? from - axis->taps : first;
        float *w = axis->weight + (size_t)i * axis->taps;
        double sum = 0;
        for (uint32_t k = first; k < last; k++)
            sum += filter_value(filter, (k - centre + 0.5) / wide);
        for (uint32_t k = first; k < last; k++)
            w[k - start] = (float)(filter_value(filter, (k - centre + 0.5) / wide) / sum);
        axis->start[i] = start;
    }
    return VERNIS_OK;
}

/* The transpose: each input sums over the outputs that took it, which lie one after the other. */
static VernisStatus axis_turn(Axis *back, const Axis *axis, VnError *err) {
    uint32_t from = axis->from, to = axis->to, most = 0;
    *back = (Axis){.from = to, .to = from, .start = vn_malloc(vn_mul(from, sizeof *back->start))};
    if (!back->start)
        return vn_no_memory(err, "protect", vn_mul(from, sizeof *back->start), "a resampler");
    for (uint32_t i = 0, first = 0, end = 0; i < from; i++) {
        while (end < to && axis->start[end] <= i)
            end++;
        while (first < end && axis->start[first] + axis->taps <= i)
            first++;
        back->start[i] = first;
        most = end - first > most ? end - first : most;
    }
    back->taps = most;
    back->weight = vn_calloc(vn_mul(from, most), sizeof *back->weight);
    if (!back->weight)
        return vn_no_memory(err, "protect", vn_mul(vn_mul(from, most), sizeof *back->weight), "a resampler");
    for (uint32_t i = 0; i < from; i++)
        back->start[i] = back->start[i] + most > to ? to - most : back->start[i];
    for (size_t o = 0; o < to; o++)
        for (size_t k = 0; k < axis->taps; k++) {
            size_t i = axis->start[o] + k;
            back->weight[i * most + o - back->start[i]] = axis->weight[o * axis->taps + k];
        }
    return VERNIS_OK;
}

/* Add the transpose, or let go of all after a failure. */
static VernisStatus finish(VnResize **resize, VernisStatus status, VnError *err) {
    VnResize *r = *resize;
    if (status == VERNIS_OK)
        status = axis_turn(&r->back.x, &r->forth.x, err);
    if (status == VERNIS_OK)
        status = axis_turn(&r->back.y, &r->forth.y, err);
    if (status != VERNIS_OK)
        vn_resize_close(resize);
    return status;
}

VernisStatus vn_resize_open(VnResize **out, uint32_t w0, uint32_t h0, uint32_t w1, uint32_t h1, VnFilter filter,
                            VnError *err) {
    *out = NULL;
    if (!w0 || !h0 || !w1 || !h1)
        return vn_fail(err, VERNIS_E_INTERNAL, "protect", "a resampler for an empty picture was asked for");
    VnResize *resize = *out = vn_calloc(1, sizeof *resize);
    if (!resize)
        return vn_no_memory(err, "protect", sizeof *resize, "a resampler");
    VernisStatus status = axis_open(&resize->forth.x, w0, w1, filter, err);
    if (status == VERNIS_OK)
        status = axis_open(&resize->forth.y, h0, h1, filter, err);
    return finish(out, status, err);
}

/* A Gaussian axis: the same tables with another filter, renormalised where it runs over the edge. */
static VernisStatus blur_axis_open(Axis *axis, uint32_t n, double sigma, VnError *err) {
    double radius = ceil(3 * sigma);
    uint32_t taps = radius * 2 + 1 < n ? (uint32_t)radius * 2 + 1 : n;
    *axis =
        (Axis){n, n, taps, vn_malloc(vn_mul(n, sizeof *axis->start)), vn_calloc(vn_mul(n, taps), sizeof *axis->weight)};
    if (!axis->start || !axis->weight)
        return vn_no_memory(err, "protect", vn_mul(vn_mul(n, taps), sizeof *axis->weight), "a blur");
    for (uint32_t i = 0; i < n; i++) {
        double sum = 0;
        uint32_t half = taps / 2, start = i > half ? i - half : 0;
        start = start + taps > n ? n - taps : start;
        for (int pass = 0; pass < 2; pass++)
            for (uint32_t k = 0; k < taps; k++) {
                double x = (double)start + k - i, g = fabs(x) > radius ? 0
                                                      : sigma > 0      ? exp(-x * x / (2 * sigma * sigma))
                                                                       : x == 0;
                if (pass)
                    axis->weight[(size_t)i * taps + k] = (float)(g / sum);
                else
                    sum += g;
            }
        axis->start[i] = start;
    }
    return VERNIS_OK;
}

VernisStatus vn_resize_open_blur(VnResize **out, uint32_t w, uint32_t h, double sigma_x, double sigma_y, VnError *err) {
    VnResize *blur = *out = vn_calloc(1, sizeof *blur);
    if (!blur)
        return vn_no_memory(err, "protect", sizeof *blur, "a blur");
    VernisStatus status = blur_axis_open(&blur->forth.x, w, sigma_x, err);
    if (status == VERNIS_OK)
        status = blur_axis_open(&blur->forth.y, h, sigma_y, err);
    return finish(out, status, err);
}

void vn_resize_close(VnResize **resize) {
    if (!*resize)
        return;
    axis_close(&(*resize)->forth.x);
    axis_close(&(*resize)->forth.y);
    axis_close(&(*resize)->back.x);
    axis_close(&(*resize)->back.y);
    vn_free(*resize);
    *resize = NULL;
}

static size_t columns_size(const Axes *axes) { return vn_mul(axes->y.from, axes->x.to); }

size_t vn_resize_scratch(const VnResize *resize, unsigned planes) {
    size_t forth = columns_size(&resize->forth), back = columns_size(&resize->back);
    return vn_mul(planes, forth > back ? forth : back);
}

typedef struct Job {
    const Axes *axes;
    const float *in;
    float *out;
    unsigned planes;
    uint32_t row0, row1; /* rows of the band in the full picture */
} Job;

static uint32_t groups(uint32_t rows) { return (rows + VN_FIR_ROWS - 1) / VN_FIR_ROWS; }

static void columns_body(void *context, unsigned i, unsigned thread) {
    const Job *job = context;
    const Axis *x = &job->axes->x;
    uint32_t rows = job->row1 - job->row0, p = i / groups(rows), y = i % groups(rows) * VN_FIR_ROWS;
    (void)thread;
    vn_kern()->fir(job->out + ((size_t)p * job->axes->y.from + job->row0 + y) * x->to, x->to,
                   job->in + ((size_t)p * rows + y) * x->from, x->from, rows - y < VN_FIR_ROWS ? rows - y : VN_FIR_ROWS,
                   x->start, x->weight, x->taps, x->to);
}

static void take_columns(const Axes *axes, unsigned planes, const float *in, uint32_t row0, uint32_t row1,
                         float *scratch, VnPool *pool) {
    Job job = {axes, in, scratch, planes, row0, row1};
    vn_pool_run(pool, planes * groups(row1 - row0), columns_body, &job);
}

static void rows_body(void *context, unsigned i, unsigned thread) {
    const Job *job = context;
    const Axis *y = &job->axes->y;
    uint32_t rows = job->row1 - job->row0, p = i / rows, r = job->row0 + i % rows;
    size_t width = job->axes->x.to;
    (void)thread;
    vn_kern()->blend(job->out + (size_t)i * width, job->in + ((size_t)p * y->from + y->start[r]) * width, width,
                     y->weight + (size_t)r * y->taps, y->taps, width);
}

static void take_rows(const Axes *axes, unsigned planes, const float *scratch, uint32_t row0, uint32_t row1, float *out,
                      VnPool *pool) {
    Job job = {axes, scratch, out, planes, row0, row1};
    vn_pool_run(pool, planes * (row1 - row0), rows_body, &job);
}

void vn_resize_columns(const VnResize *resize, unsigned planes, const float *in, uint32_t row0, uint32_t row1,
                       float *scratch, VnPool *pool) {
    take_columns(&resize->forth, planes, in, row0, row1, scratch, pool);
}

void vn_resize_rows(const VnResize *resize, unsigned planes, const float *scratch, uint32_t row0, uint32_t row1,
                    float *out, VnPool *pool) {
    take_rows(&resize->forth, planes, scratch, row0, row1, out, pool);
}

static void apply(const Axes *axes, unsigned planes, const float *in, float *out, float *scratch, VnPool *pool) {
    take_columns(axes, planes, in, 0, axes->y.from, scratch, pool);
    take_rows(axes, planes, scratch, 0, axes->y.to, out, pool);
}

void vn_resize_apply(const VnResize *resize, unsigned planes, const float *in, float *out, float *scratch,
                     VnPool *pool) {
    apply(&resize->forth, planes, in, out, scratch, pool);
}

void vn_resize_adjoint(const VnResize *resize, unsigned planes, const float *in, float *out, float *scratch,
                       VnPool *pool) {
    apply(&resize->back, planes, in, out, scratch, pool);
}

void vn_training_size(uint32_t w, uint32_t h, double side, uint32_t step, uint32_t *out_w, uint32_t *out_h) {
    double k = side / (w < h ? w : h);
    double cw = nearbyint(w * k / step), ch = nearbyint(h * k / step);
    *out_w = cw < 1 ? step : (uint32_t)cw * step;
    *out_h = ch < 1 ? step : (uint32_t)ch * step;
}

void vn_trip_size(const VnTrip *trip, uint32_t w, uint32_t h, uint32_t *out_w, uint32_t *out_h) {
    double k = 1;
    if (trip->max_width && w > trip->max_width)
        k = (double)trip->max_width / w;
    if (trip->max_height && h * k > trip->max_height)
        k = (double)trip->max_height / h;
    *out_w = (uint32_t)fmax(1, nearbyint(w * k));
    *out_h = (uint32_t)fmax(1, nearbyint(h * k));
}
