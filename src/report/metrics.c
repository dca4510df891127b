/* SPDX-License-Identifier: Apache-2.0 */
/* Pixel metrics that everybody knows, for the report. What the eye pays is vn_visibility's business. */
#include <math.h>
#include <string.h>

#include "report/report.h"

static VernisStatus check_sizes(const VnImage *a, const VnImage *b, VnError *err) {
    if (a->width == b->width && a->height == b->height)
        return VERNIS_OK;
    return vn_fail(err, VERNIS_E_ARGUMENT, "verify", "the pictures differ in size: %ux%u and %ux%u", a->width,
                   a->height, b->width, b->height);
}

VernisStatus vn_psnr(double *out, const VnImage *a, const VnImage *b, VnError *err) {
    VN_TRY(check_sizes(a, b, err));
    size_t row = 3 * (size_t)a->width;
    float *planes = vn_calloc(2 * row, sizeof(float));
    if (!planes)
        return vn_no_memory(err, "verify", 2 * row * sizeof(float), "two rows");
    double sum = 0;
    for (uint32_t y = 0; y < a->height; y++) {
        vn_image_rows_to_planes(a, y, y + 1, planes);
        vn_image_rows_to_planes(b, y, y + 1, planes + row);
        for (size_t i = 0; i < row; i++) {
            double d = 255.0 * ((double)planes[i] - (double)planes[row + i]);
            sum += d * d;
        }
    }
    vn_free(planes);
    double mean = sum / ((double)row * a->height);
    *out = mean > 0 ? fmin(99, 10 * log10(255.0 * 255.0 / mean)) : 99;
    return VERNIS_OK;
}

enum { RADIUS = 5, TAPS = 2 * RADIUS + 1, BAND = 64, MAPS = 5 };

typedef struct SsimJob {
    const VnImage *a, *b;
    float weights[TAPS];
    float *scratch; /* per thread: luma rows of a and b, then MAPS horizontally blurred rows for BAND + 2 RADIUS rows */
    size_t thread_floats;
    double *sums; /* per band */
} SsimJob;

/* Rec. 601 luma, 0..255, of one row. @param planes 3 * width floats of scratch */
static void luma_row(const VnImage *image, uint32_t y, float *planes, float *luma) {
    size_t w = image->width;
    vn_image_rows_to_planes(image, y, y + 1, planes);
    for (size_t x = 0; x < w; x++)
        luma[x] = 255.0f * (0.299f * planes[x] + 0.587f * planes[w + x] + 0.114f * planes[2 * w + x]);
}

static uint32_t clamp_row(int64_t y, uint32_t height) { return y < 0 ? 0 : y >= height ? height - 1 : (uint32_t)y; }

/* Horizontal blur of a, b, aa, bb, ab; edges repeat. */
static void blur_row(const SsimJob *job, const float *la, const float *lb, float *maps, size_t stride) {
    int64_t w = job->a->width;
    for (int64_t x = 0; x < w; x++) {
        float s[MAPS] = {0};
        for (int t = -RADIUS; t <= RADIUS; t++) {
            int64_t i = x + t < 0 ? 0 : x + t >= w ? w - 1 : x + t;
            float g = job->weights[t + RADIUS], p = la[i], q = lb[i];
            s[0] += g * p;
            s[1] += g * q;
            s[2] += g * p * p;
            s[3] += g * q * q;
            s[4] += g * p * q;
        }
        for (int m = 0; m < MAPS; m++)
            maps[(size_t)m * stride + (size_t)x] = s[m];
    }
}

static void ssim_band(void *context, unsigned band, unsigned thread) {
    SsimJob *job = context;
    size_t w = job->a->width, row_floats = MAPS * w;
    float *planes = job->scratch + thread * job->thread_floats, *la = planes + 3 * w, *lb = la + w, *rows = lb + w;
    uint32_t y0 = band * BAND, y1 = y0 + BAND < job->a->height ? y0 + BAND : job->a->height;
    for (uint32_t k = 0; k < y1 - y0 + 2 * RADIUS; k++) {
        uint32_t y = clamp_row((int64_t)y0 + k - RADIUS, job->a->height);
        luma_row(job->a, y, planes, la);
        luma_row(job->b, y, planes, lb);
        blur_row(job, la, lb, rows + k * row_floats, w);
    }
    const double c1 = 0.01 * 255 * 0.01 * 255, c2 = 0.03 * 255 * 0.03 * 255;
    double sum = 0;
    for (uint32_t y = y0; y < y1; y++)
        for (size_t x = 0; x < w; x++) {
            double s[MAPS] = {0};
            for (int t = 0; t < TAPS; t++)
                for (int m = 0; m < MAPS; m++)
                    s[m] +=
                        (double)job->weights[t] * (double)rows[(y - y0 + (uint32_t)t) * row_floats + (size_t)m * w + x];
            double va = s[2] - s[0] * s[0], vb = s[3] - s[1] * s[1], cov = s[4] - s[0] * s[1];
            sum += (2 * s[0] * s[1] + c1) * (2 * cov + c2) / ((s[0] * s[0] + s[1] * s[1] + c1) * (va + vb + c2));
        }
    job->sums[band] = sum;
}

VernisStatus vn_ssim(double *out, const VnImage *a, const VnImage *b, VnPool *pool, VnError *err) {
    VN_TRY(check_sizes(a, b, err));
    unsigned bands = (a->height + BAND - 1) / BAND;
    SsimJob job = {.a = a, .b = b, .thread_floats = (size_t)a->width * (5 + MAPS * (BAND + 2 * RADIUS))};
    float total = 0;
    for (int t = 0; t < TAPS; t++)
        total += job.weights[t] = expf(-(float)((t - RADIUS) * (t - RADIUS)) / (2 * 1.5f * 1.5f));
    for (int t = 0; t < TAPS; t++)
        job.weights[t] /= total;
    size_t size = vn_mul(vn_mul(job.thread_floats, vn_pool_threads(pool)), sizeof(float));
    job.scratch = vn_malloc(size);
    job.sums = vn_calloc(bands, sizeof(double));
    VernisStatus status = VERNIS_OK;
    if (!job.scratch || !job.sums) {
        status = vn_no_memory(err, "verify", size, "the SSIM window");
    } else {
        vn_pool_run(pool, bands, ssim_band, &job);
        double sum = 0;
        for (unsigned i = 0; i < bands; i++)
            sum += job.sums[i];
        *out = sum / ((double)a->width * a->height);
    }
    vn_free(job.scratch);
    vn_free(job.sums);
    return status;
}
