/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/kern.h"
#include "nn/norm.h"
#include "nn/program.h"

/* 65536 pixels on a side keep every row below 2^31 values, which gemm's integers need. */
enum { MAX_SIDE = 65536 };

struct VnPass {
    VnPool *pool;
    VnProgram program;
    VnPlan plan;
    bool backward;
    float *slots[VN_SLOTS];      /* start of each slot; pixel (0, 0) is vn_grid_lead further */
    uint64_t *masks[VN_MAX_OPS]; /* NULL in a forward-only pass; rows of mask_words */
    VnNorm norms[VN_MAX_OPS];    /* by operation */
    double *sums;
    float *scratch; /* program.scratch values for each thread */
};

static size_t mask_words(VnGrid g) { return ((size_t)g.width * g.channels + 63) / 64; }

static float *pixels(const VnPass *pass, unsigned slot, VnGrid g) { return pass->slots[slot] + vn_grid_lead(g); }

/* Where each part lies in the plan. */
typedef struct Offsets {
    size_t slots[VN_SLOTS], masks[VN_MAX_OPS], norms[VN_MAX_OPS], affines[VN_MAX_OPS], sums, scratch;
} Offsets;

static void book(VnPass *pass, Offsets *at) {
    const VnProgram *p = &pass->program;
    for (unsigned i = 0; i < VN_SLOTS; i++)
        at->slots[i] = vn_plan_book(&pass->plan, vn_mul(p->slot_sizes[i], sizeof(float)));
    at->sums = vn_plan_book(&pass->plan, p->norm_bands * 2 * VN_POOL_GROUPS * sizeof(double));
    at->scratch = vn_plan_book(&pass->plan, vn_mul(p->scratch * vn_pool_threads(pass->pool), sizeof(float)));
    for (unsigned i = 0; i < p->count; i++) {
        if (p->ops[i].kind == VN_OP_NORM)
            at->affines[i] = vn_plan_book(&pass->plan, 2 * (size_t)p->ops[i].out.channels * sizeof(float));
    }
    if (!pass->backward)
        return;
    for (unsigned i = 0; i < p->masks; i++)
        at->masks[i] = vn_plan_book(&pass->plan, vn_mul(mask_words(p->mask_grids[i]) * p->mask_grids[i].height, 8));
    for (unsigned i = 0; i < p->count; i++) {
        if (p->ops[i].kind == VN_OP_NORM)
            at->norms[i] = vn_plan_book(&pass->plan, vn_mul(vn_grid_size(p->ops[i].out), sizeof(float)));
    }
}

static void place(VnPass *pass, const Offsets *at) {
    const VnProgram *p = &pass->program;
    for (unsigned i = 0; i < VN_SLOTS; i++)
        pass->slots[i] = vn_plan_at(&pass->plan, at->slots[i]);
    pass->sums = vn_plan_at(&pass->plan, at->sums);
    pass->scratch = vn_plan_at(&pass->plan, at->scratch);
    for (unsigned i = 0; i < p->masks && pass->backward; i++)
        pass->masks[i] = vn_plan_at(&pass->plan, at->masks[i]);
    for (unsigned i = 0; i < p->count; i++) {
        const VnOp *op = &p->ops[i];
        if (op->kind != VN_OP_NORM)
            continue;
        float *start = pass->backward ? vn_plan_at(&pass->plan, at->norms[i]) : pass->slots[op->other];
        pass->norms[i] = (VnNorm){.grid = op->out,
                                  .gamma = op->layer->gamma,
                                  .beta = op->layer->beta,
                                  .normal = start + vn_grid_lead(op->out),
                                  .sums = pass->sums,
                                  .affine = vn_plan_at(&pass->plan, at->affines[i])};
    }
}

VernisStatus vn_pass_open(VnPass **out, const VnEncoder *encoder, uint32_t width, uint32_t height, bool backward,
                          VnPool *pool, VnError *err) {
    *out = NULL;
    unsigned stride = encoder->info.stride;
    if (!width || !height || width % stride || height % stride)
        return vn_fail(err, VERNIS_E_ARGUMENT, "encoder", "%ux%u pixels are not a multiple of the stride %u of %s",
                       width, height, stride, encoder->info.name);
    if (width > MAX_SIDE || height > MAX_SIDE)
        return vn_fail(err, VERNIS_E_LIMIT, "encoder", "%ux%u pixels are over the limit of %d on a side", width, height,
                       MAX_SIDE);
    VnPass *pass = vn_calloc(1, sizeof *pass);
    if (!pass)
        return vn_no_memory(err, "encoder", sizeof *pass, "a pass");
    pass->pool = pool;
    pass->backward = backward;
    vn_program_make(&pass->program, encoder, width, height);
    Offsets at = {0};
    book(pass, &at);
    VernisStatus status = vn_plan_commit(&pass->plan, err);
    if (status != VERNIS_OK) {
        vn_pass_close(&pass);
        return status;
    }
    place(pass, &at);
    *out = pass;
    return VERNIS_OK;
}

void vn_pass_close(VnPass **pass) {
    if (!*pass)
        return;
    vn_plan_free(&(*pass)->plan);
    vn_free(*pass);
    *pass = NULL;
}

size_t vn_pass_bytes(const VnPass *pass) { return pass->plan.total; }

/* One parallel loop over bands of rows. */
typedef struct Job {
    VnPass *pass;
    const VnOp *op;
    VnGrid grid; /* whose rows are shared out */
    uint32_t band;
    unsigned slot;
    const float *from; /* planes, for import */
    float *to;         /* planes, for export */
} Job;

static void run(Job *job, VnBody *body) {
    job->band = vn_grid_band(job->grid);
    vn_pool_run(job->pass->pool, (job->grid.height + job->band - 1) / job->band, body, job);
}

static uint32_t rows_of(const Job *job, unsigned i, uint32_t *y0) {
    *y0 = i * job->band;
    return job->grid.height - *y0 < job->band ? job->grid.height : *y0 + job->band;
}

static void import_rows(void *context, unsigned i, unsigned thread) {
    (void)thread;
    Job *job = context;
    VnGrid g = job->grid;
    float *x = pixels(job->pass, job->slot, g);
    uint32_t y0, y1 = rows_of(job, i, &y0);
    for (uint32_t y = y0; y < y1; y++)
        vn_kern()->planes_to_pixels(x + vn_grid_row(g, y), job->from + (size_t)y * g.width, (size_t)g.width * g.height,
                                    g.channels, g.width);
    vn_grid_seal(g, x, y0, y1);
}

static void export_rows(void *context, unsigned i, unsigned thread) {
    (void)thread;
    Job *job = context;
    VnGrid g = job->grid;
    const float *x = pixels(job->pass, job->slot, g);
    uint32_t y0, y1 = rows_of(job, i, &y0);
    for (uint32_t y = y0; y < y1; y++)
        vn_kern()->pixels_to_planes(job->to + (size_t)y * g.width, (size_t)g.width * g.height, x + vn_grid_row(g, y),
                                    g.channels, g.width);
}

/* An operation's ReLU in place, with the sum before it where two branches join. */
static void relu_rows(VnPass *pass, const VnOp *op, uint32_t y0, uint32_t y1) {
    VnGrid g = op->out;
    float *x = pixels(pass, op->to, g);
    const float *other = pixels(pass, op->other, g);
    size_t n = (size_t)g.width * g.channels, words = mask_words(g);
    for (uint32_t y = y0; y < y1; y++) {
        size_t at = vn_grid_row(g, y);
        uint64_t *mask = pass->backward ? pass->masks[op->mask] + y * words : NULL;
        if (op->join)
            vn_kern()->add_relu(x + at, other + at, mask, n);
        else
            vn_kern()->relu(x + at, mask, n);
    }
}

static void forward_rows(void *context, unsigned i, unsigned thread) {
    Job *job = context;
    VnPass *pass = job->pass;
    const VnOp *op = job->op;
    uint32_t y0, y1 = rows_of(job, i, &y0);
    vn_conv_forward(op->conv, op->in, pixels(pass, op->from, op->in), op->out, pixels(pass, op->to, op->out), op->add,
                    y0, y1, pass->scratch + pass->program.scratch * thread);
    if (op->relu)
        relu_rows(pass, op, y0, y1);
}

static void norm_relu_rows(void *context, unsigned i, unsigned thread) {
    (void)thread;
    Job *job = context;
    uint32_t y0, y1 = rows_of(job, i, &y0);
    relu_rows(job->pass, job->op, y0, y1);
}

static void backward_rows(void *context, unsigned i, unsigned thread) {
    Job *job = context;
    VnPass *pass = job->pass;
    const VnOp *op = job->op;
    VnGrid g = op->in;
    uint32_t y0, y1 = rows_of(job, i, &y0);
    float *dx = pixels(pass, op->down, g);
    vn_conv_backward(op->conv, g, dx, op->out, pixels(pass, op->up, op->out), op->back_add, y0, y1,
                     pass->scratch + pass->program.scratch * thread);
    if (op->down_mask == VN_NO_MASK)
        return;
    size_t n = (size_t)g.width * g.channels, words = mask_words(g);
    for (uint32_t row = y0; row < y1; row++)
        vn_kern()->apply_mask(dx + vn_grid_row(g, row), pass->masks[op->down_mask] + row * words, n);
}

void vn_pass_forward(VnPass *pass, const float *rgb, float *latent) {
    const VnProgram *p = &pass->program;
    run(&(Job){.pass = pass, .grid = p->input, .slot = 0, .from = rgb}, import_rows);
    for (unsigned i = 0; i < p->count; i++) {
        const VnOp *op = &p->ops[i];
        Job job = {.pass = pass, .op = op, .grid = op->out};
        if (op->kind == VN_OP_CONV) {
            run(&job, forward_rows);
        } else {
            vn_norm_forward(&pass->norms[i], pixels(pass, op->to, op->out), pass->pool);
            run(&job, norm_relu_rows);
        }
    }
    run(&(Job){.pass = pass, .grid = p->latent, .slot = p->latent_slot, .to = latent}, export_rows);
}

void vn_pass_backward(VnPass *pass, float *latent_gradient, float *rgb_gradient) {
    const VnProgram *p = &pass->program;
    run(&(Job){.pass = pass, .grid = p->latent, .slot = p->latent_slot, .from = latent_gradient}, import_rows);
    for (unsigned i = p->count; i-- > 0;) {
        const VnOp *op = &p->ops[i];
        if (op->kind == VN_OP_NORM)
            vn_norm_backward(&pass->norms[i], pixels(pass, op->up, op->out), pass->pool);
        else
            run(&(Job){.pass = pass, .op = op, .grid = op->in}, backward_rows);
    }
    run(&(Job){.pass = pass, .grid = p->input, .slot = p->gradient_slot, .to = rgb_gradient}, export_rows);
}
