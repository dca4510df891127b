/* SPDX-License-Identifier: Apache-2.0 */
#include "protect/strokes.h"

#include <math.h>

enum { REACH = 3 };                                                  /* pixels of d to either side */
static const float weight[REACH + 1] = {0.25f, 0.2f, 0.125f, 0.05f}; /* a variance of 2.3 pixels squared */
/* Of the structure tensor: the standard deviation of its blur, and the contrast over two pixels at which a direction is
 * half sure. */
static const double SIGMA = 1.5;
static const float FAINT = 0.01f;
static const float UNSURE = 0.05f; /* not worth a smoothing */

typedef struct Job {
    uint32_t w, h;
    const float *in, *along; /* along: the strokes, to be followed */
    float *strokes, *tensor, *out;
    float care;
} Job;

static float grey(const float *rgb, size_t n, size_t i) {
    return 0.299f * rgb[i] + 0.587f * rgb[n + i] + 0.114f * rgb[2 * n + i];
}

static void tensor_body(void *context, unsigned y, unsigned thread) {
    const Job *job = context;
    size_t w = job->w, h = job->h, n = w * h, up = y ? y - 1 : 0, below = y + 1 < h ? y + 1 : y;
    (void)thread;
    for (size_t x = 0; x < w; x++) {
        size_t left = x ? x - 1 : 0, after = x + 1 < w ? x + 1 : x, i = y * w + x;
        float right = grey(job->in, n, y * w + after) - grey(job->in, n, y * w + left);
        float down = grey(job->in, n, below * w + x) - grey(job->in, n, up * w + x);
        job->tensor[i] = right * right;
        job->tensor[n + i] = right * down;
        job->tensor[2 * n + i] = down * down;
    }
}

/* The tensor's lesser eigenvector, times the square of the difference of the eigenvalues over their sum. */
static void direction_body(void *context, unsigned y, unsigned thread) {
    const Job *job = context;
    size_t n = (size_t)job->w * job->h;
    (void)thread;
    for (size_t i = (size_t)y * job->w; i < ((size_t)y + 1) * job->w; i++) {
        float a = job->tensor[i], b = job->tensor[n + i], c = job->tensor[2 * n + i];
        float sure = sqrtf((a - c) * (a - c) + 4 * b * b) / (a + c + FAINT * FAINT);
        float across = 0.5f * atan2f(2 * b, a - c);
        job->strokes[i] = -sinf(across) * sure * sure;
        job->strokes[n + i] = cosf(across) * sure * sure;
    }
}

VernisStatus vn_strokes_find(uint32_t w, uint32_t h, const float *rgb, float *strokes, VnPool *pool, VnError *err) {
    VnResize *blur = NULL;
    VN_TRY(vn_resize_open_blur(&blur, w, h, SIGMA, SIGMA, err));
    size_t values = 3 * (size_t)w * h, bytes = vn_mul(2 * values + vn_resize_scratch(blur, 3), sizeof(float));
    float *tensor = vn_malloc(bytes);
    VernisStatus status = tensor ? VERNIS_OK : vn_no_memory(err, "protect", bytes, "the directions of strokes");
    if (tensor) {
        float *blurred = tensor + values;
        vn_pool_run(pool, h, tensor_body, &(Job){.w = w, .h = h, .in = rgb, .tensor = tensor});
        vn_resize_apply(blur, 3, tensor, blurred, blurred + values, pool);
        vn_pool_run(pool, h, direction_body, &(Job){.w = w, .h = h, .tensor = blurred, .strokes = strokes});
    }
    vn_free(tensor);
    vn_resize_close(&blur);
    return status;
}

static size_t inside(long i, uint32_t size) { return i < 0 ? 0 : (size_t)i < size ? (size_t)i : size - 1; }

static void follow_body(void *context, unsigned y, unsigned thread) {
    const Job *job = context;
    size_t n = (size_t)job->w * job->h;
    (void)thread;
    for (size_t x = 0; x < job->w; x++) {
        size_t i = (size_t)y * job->w + x, ahead[REACH], back[REACH];
        float right = job->along[i], down = job->along[n + i], length = sqrtf(right * right + down * down);
        if (length < UNSURE) {
            for (size_t c = 0; c < 3; c++)
                job->out[c * n + i] = job->in[c * n + i];
            continue;
        }
        for (int k = 0; k < REACH; k++) {
            long dx = lrintf((float)(k + 1) * right / length), dy = lrintf((float)(k + 1) * down / length);
            ahead[k] = inside((long)y + dy, job->h) * job->w + inside((long)x + dx, job->w);
            back[k] = inside((long)y - dy, job->h) * job->w + inside((long)x - dx, job->w);
        }
        for (size_t c = 0; c < 3; c++) {
            const float *in = job->in + c * n;
            float smooth = weight[0] * in[i];
            for (int k = 0; k < REACH; k++)
                smooth += weight[k + 1] * (in[ahead[k]] + in[back[k]]);
            job->out[c * n + i] = in[i] + job->care * length * (smooth - in[i]);
        }
    }
}

void vn_strokes_follow(uint32_t w, uint32_t h, const float *strokes, float care, const float *in, float *out,
                       VnPool *pool) {
    Job job = {.w = w, .h = h, .in = in, .along = strokes, .care = care, .out = out};
    vn_pool_run(pool, h, follow_body, &job);
}
