/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The separable resampler: a table of taps for each axis, applied columns first, and its exact transpose.
 */
#include "protect/ingest.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "kern/kern.h"

#define STRIP 256 /* columns that one thread takes down the whole height: three rows of it stay in the first cache */

/* The taps of one axis: output i is the sum over k < taps of weight[i * taps + k] * input[start[i] + k]. All outputs
 * have the same number of taps (short ones are filled with zeros inside the picture), so that the kernels need no
 * tail logic. */
typedef struct Axis {
    uint32_t from, to, taps;
    uint32_t *start;
    float *weight;
} Axis;

struct VnResize {
    Axis x, y;
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

VernisStatus vn_resize_open(VnResize **out, uint32_t w0, uint32_t h0, uint32_t w1, uint32_t h1, VnFilter filter,
                            VnError *err) {
    *out = NULL;
    if (!w0 || !h0 || !w1 || !h1)
        return vn_fail(err, VERNIS_E_INTERNAL, "protect", "a resampler for an empty picture was asked for");
    VnResize *resize = vn_calloc(1, sizeof *resize);
    if (!resize)
        return vn_no_memory(err, "protect", sizeof *resize, "a resampler");
    VernisStatus status = axis_open(&resize->x, w0, w1, filter, err);
    if (status == VERNIS_OK)
        status = axis_open(&resize->y, h0, h1, filter, err);
    if (status != VERNIS_OK)
        vn_resize_close(&resize);
    *out = resize;
    return status;
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
    VernisStatus status = blur_axis_open(&blur->x, w, sigma_x, err);
    if (status == VERNIS_OK)
        status = blur_axis_open(&blur->y, h, sigma_y, err);
    if (status != VERNIS_OK)
        vn_resize_close(out);
    return status;
}

void vn_resize_close(VnResize **resize) {
    if (!*resize)
        return;
    axis_close(&(*resize)->x);
    axis_close(&(*resize)->y);
    vn_free(*resize);
    *resize = NULL;
}

size_t vn_resize_scratch(const VnResize *resize, unsigned planes) {
    return vn_mul(vn_mul(planes, resize->y.from), resize->x.to);
}

typedef struct Job {
    const VnResize *resize;
    const float *in;
    float *out;
    unsigned planes;
    uint32_t row0, row1; /* rows of the band in the full picture */
} Job;

static uint32_t groups(uint32_t rows) { return (rows + VN_FIR_ROWS - 1) / VN_FIR_ROWS; }

static void columns_body(void *context, unsigned i, unsigned thread) {
    const Job *job = context;
    const Axis *x = &job->resize->x;
    uint32_t rows = job->row1 - job->row0, p = i / groups(rows), y = i % groups(rows) * VN_FIR_ROWS;
    (void)thread;
    vn_kern()->fir(job->out + ((size_t)p * job->resize->y.from + job->row0 + y) * x->to, x->to,
                   job->in + ((size_t)p * rows + y) * x->from, x->from, rows - y < VN_FIR_ROWS ? rows - y : VN_FIR_ROWS,
                   x->start, x->weight, x->taps, x->to);
}

void vn_resize_columns(const VnResize *resize, unsigned planes, const float *in, uint32_t row0, uint32_t row1,
                       float *scratch, VnPool *pool) {
    Job job = {resize, in, scratch, planes, row0, row1};
    vn_pool_run(pool, planes * groups(row1 - row0), columns_body, &job);
}

static void rows_body(void *context, unsigned i, unsigned thread) {
    const Job *job = context;
    const Axis *y = &job->resize->y;
    uint32_t rows = job->row1 - job->row0, p = i / rows, r = job->row0 + i % rows;
    size_t width = job->resize->x.to;
    const float *w = y->weight + (size_t)r * y->taps;
    const float *in = job->in + ((size_t)p * y->from + y->start[r]) * width;
    float *out = job->out + (size_t)i * width;
    (void)thread;
    memset(out, 0, width * sizeof *out);
    for (uint32_t k = 0; k < y->taps; k++)
        if (w[k] != 0)
            vn_kern()->axpy(out, in + k * width, w[k], width);
}

void vn_resize_rows(const VnResize *resize, unsigned planes, const float *scratch, uint32_t row0, uint32_t row1,
                    float *out, VnPool *pool) {
    Job job = {resize, scratch, out, planes, row0, row1};
    vn_pool_run(pool, planes * (row1 - row0), rows_body, &job);
}

void vn_resize_apply(const VnResize *resize, unsigned planes, const float *in, float *out, float *scratch,
                     VnPool *pool) {
    vn_resize_columns(resize, planes, in, 0, resize->y.from, scratch, pool);
    vn_resize_rows(resize, planes, scratch, 0, resize->y.to, out, pool);
}

/* Each strip of columns belongs to one thread, so the scattered sums have one fixed order. */
static void rows_adjoint_body(void *context, unsigned i, unsigned thread) {
    const Job *job = context;
    const Axis *y = &job->resize->y;
    size_t width = job->resize->x.to, strips = (width + STRIP - 1) / STRIP, p = i / strips, x0 = i % strips * STRIP;
    size_t n = width - x0 < STRIP ? width - x0 : STRIP;
    (void)thread;
    float *out = job->out + p * y->from * width + x0;
    for (uint32_t r = 0; r < y->from; r++)
        memset(out + r * width, 0, n * sizeof *out);
    for (uint32_t r = 0; r < y->to; r++) {
        const float *in = job->in + (p * y->to + r) * width + x0, *w = y->weight + (size_t)r * y->taps;
        for (uint32_t k = 0; k < y->taps; k++)
            if (w[k] != 0)
                vn_kern()->axpy(out + (size_t)(y->start[r] + k) * width, in, w[k], n);
    }
}

static void columns_adjoint_body(void *context, unsigned i, unsigned thread) {
    const Job *job = context;
    const Axis *x = &job->resize->x;
    size_t rows = (size_t)job->planes * job->resize->y.from, first = (size_t)i * VN_FIR_ROWS;
    rows = rows - first < VN_FIR_ROWS ? rows - first : VN_FIR_ROWS;
    float *out = job->out + first * x->from;
    (void)thread;
    memset(out, 0, rows * x->from * sizeof *out);
    vn_kern()->fir_adjoint(out, x->from, job->in + first * x->to, x->to, rows, x->start, x->weight, x->taps, x->to);
}

void vn_resize_adjoint(const VnResize *resize, unsigned planes, const float *in, float *out, float *scratch,
                       VnPool *pool) {
    Job job = {resize, in, scratch, planes, 0, 0};
    vn_pool_run(pool, planes * ((resize->x.to + STRIP - 1) / STRIP), rows_adjoint_body, &job);
    job.in = scratch;
    job.out = out;
    vn_pool_run(pool, groups(planes * resize->y.from), columns_adjoint_body, &job);
}

void vn_training_size(uint32_t w, uint32_t h, uint32_t side, uint32_t step, uint32_t *out_w, uint32_t *out_h) {
    double k = (double)side / (w < h ? w : h);
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
