/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/attention.h"

#include "kern/kern.h"

/* Rows of the attention matrix at a time: more make gemm pack its other matrix less often, and take more memory. */
enum { BLOCK = 256, TRANSPOSED_CHANNELS = 32 };

size_t vn_attention_positions(VnGrid grid) { return vn_mul(grid.height, vn_grid_pitch(grid)); }

size_t vn_attention_scratch(VnGrid grid) { return vn_mul(2 * BLOCK, vn_attention_positions(grid)); }

typedef struct Job {
    const VnAttention *a;
    size_t channels, positions;
    const float *da;
    float *dqkv;
    float *query_columns, *key_columns, *value_columns, *da_columns; /* (channels, positions) each */
} Job;

static const float *query(const Job *job, size_t p) { return job->a->qkv + p * 3 * job->channels; }
static const float *key(const Job *job, size_t p) { return query(job, p) + job->channels; }
static const float *value(const Job *job, size_t p) { return query(job, p) + 2 * job->channels; }

static float *top(const Job *job) { return job->a->rows; }
static float *scale(const Job *job) { return job->a->rows + job->positions; }
static float *mean(const Job *job) { return job->a->rows + 2 * job->positions; }

static unsigned blocks(const Job *job) { return (unsigned)((job->positions + BLOCK - 1) / BLOCK); }

static size_t block_of(const Job *job, unsigned i, size_t *count) {
    size_t first = (size_t)i * BLOCK;
    *count = job->positions - first < BLOCK ? job->positions - first : BLOCK;
    return first;
}

/* y (channels, positions) from x (positions, step), a few channels from `first` on. */
static void transpose(const Job *job, float *y, const float *x, size_t step, size_t first) {
    size_t n = job->channels - first < TRANSPOSED_CHANNELS ? job->channels - first : TRANSPOSED_CHANNELS;
    for (size_t p = 0; p < job->positions; p++) {
        for (size_t c = first; c < first + n; c++)
            y[c * job->positions + p] = x[p * step + c];
    }
}

static unsigned pieces(const Job *job) {
    return (unsigned)((job->channels + TRANSPOSED_CHANNELS - 1) / TRANSPOSED_CHANNELS);
}

static void transpose_key(void *context, unsigned i, unsigned thread) {
    (void)thread;
    const Job *job = context;
    transpose(job, job->key_columns, key(job, 0), 3 * job->channels, (size_t)i * TRANSPOSED_CHANNELS);
}

static void transpose_all(void *context, unsigned i, unsigned thread) {
    (void)thread;
    const Job *job = context;
    size_t first = (size_t)(i / 4) * TRANSPOSED_CHANNELS, step = 3 * job->channels;
    if (i % 4 == 0)
        transpose(job, job->query_columns, query(job, 0), step, first);
    else if (i % 4 == 1)
        transpose(job, job->key_columns, key(job, 0), step, first);
    else if (i % 4 == 2)
        transpose(job, job->value_columns, value(job, 0), step, first);
    else
        transpose(job, job->da_columns, job->da, job->channels, first);
}

static void forward_block(void *context, unsigned i, unsigned thread) {
    const Job *job = context;
    const VnAttention *a = job->a;
    size_t c = job->channels, n = job->positions, count, first = block_of(job, i, &count);
    float *scores = a->scratch + thread * a->scratch_step;
    vn_gemm(count, n, c, query(job, first), 3 * c, job->key_columns, n, 0, scores, n);
    for (size_t r = 0; r < count; r++)
        vn_kern()->softmax(scores + r * n, top(job) + first + r, scale(job) + first + r, a->grid.width, a->grid.height);
    vn_gemm(count, c, n, scores, n, value(job, 0), 3 * c, 0, a->output + first * c, c);
}

/* Queries as rows: the gradient at queries. */
static void query_block(void *context, unsigned i, unsigned thread) {
    const Job *job = context;
    const VnAttention *a = job->a;
    size_t c = job->channels, n = job->positions, count, first = block_of(job, i, &count);
    float *scores = a->scratch + thread * a->scratch_step, *d = scores + BLOCK * n;
    vn_gemm(count, n, c, query(job, first), 3 * c, job->key_columns, n, 0, scores, n);
    vn_gemm(count, n, c, job->da + first * c, c, job->value_columns, n, 0, d, n);
    for (size_t r = 0; r < count; r++) {
        size_t p = first + r;
        double sum = 0;
        for (size_t k = 0; k < c; k++)
            sum += (double)job->da[p * c + k] * (double)a->output[p * c + k];
        mean(job)[p] = (float)sum;
        vn_kern()->softmax_back_row(scores + r * n, d + r * n, top(job)[p], scale(job)[p], mean(job)[p], n);
    }
    vn_gemm(count, c, n, d, n, key(job, 0), 3 * c, 0, job->dqkv + first * 3 * c, 3 * c);
}

/* Keys as rows: the gradients at keys and values. */
static void key_block(void *context, unsigned i, unsigned thread) {
    const Job *job = context;
    const VnAttention *a = job->a;
    size_t c = job->channels, n = job->positions, count, first = block_of(job, i, &count);
    float *scores = a->scratch + thread * a->scratch_step, *d = scores + BLOCK * n;
    float *dkey = job->dqkv + first * 3 * c + c;
    vn_gemm(count, n, c, key(job, first), 3 * c, job->query_columns, n, 0, scores, n);
    vn_gemm(count, n, c, value(job, first), 3 * c, job->da_columns, n, 0, d, n);
    for (size_t r = 0; r < count; r++)
        vn_kern()->softmax_back_column(scores + r * n, d + r * n, top(job), scale(job), mean(job), n);
    vn_gemm(count, c, n, d, n, query(job, 0), 3 * c, 0, dkey, 3 * c);
    vn_gemm(count, c, n, scores, n, job->da, c, 0, dkey + c, 3 * c);
}

static Job prepare(const VnAttention *a) {
    return (Job){.a = a, .channels = a->grid.channels, .positions = vn_attention_positions(a->grid)};
}

void vn_attention_forward(const VnAttention *a, VnPool *pool) {
    Job job = prepare(a);
    job.key_columns = a->transposed;
    vn_pool_run(pool, pieces(&job), transpose_key, &job);
    vn_pool_run(pool, blocks(&job), forward_block, &job);
    vn_grid_seal(a->grid, a->output, 0, a->grid.height);
}

void vn_attention_backward(const VnAttention *a, float *dqkv, const float *da, VnPool *pool) {
    Job job = prepare(a);
    size_t size = job.channels * job.positions;
    job.da = da;
    job.dqkv = dqkv;
    job.query_columns = a->transposed;
    job.key_columns = a->transposed + size;
    job.value_columns = a->transposed + 2 * size;
    job.da_columns = a->transposed + 3 * size;
    vn_pool_run(pool, 4 * pieces(&job), transpose_all, &job);
    vn_pool_run(pool, blocks(&job), query_block, &job);
    vn_pool_run(pool, blocks(&job), key_block, &job);
    VnGrid grid = {a->grid.width, a->grid.height, 3 * a->grid.channels};
    vn_grid_seal(grid, dqkv, 0, grid.height);
}
