/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "kern/kern.h"
#include "nn/attention.h"
#include "nn/block.h"
#include "nn/conv_winograd.h"
#include "nn/strips.h"

/* Where each part lies in the plan. */
typedef struct Offsets {
    size_t values, sums, scratch, winograd, factors[VN_MAX_NORMS];
} Offsets;

struct VnPass {
    VnPool *pool;
    VnProgram program;
    VnPlan plan; /* where in the room everything is */
    Offsets offsets;
    VnPassRoom *room, own;
    bool centred, coarse;
    bool rounded; /* forward by Winograd's method too: no sign depends on last bits */
    uint8_t *values;
    uint32_t top[VN_MAX_VALUES]; /* first row of a value's window */
    VnNorm norms[VN_MAX_NORMS];
    double *sums;
    float *scratch;
    size_t scratch_step;            /* values from one thread's scratch to the next */
    size_t conv_scratch;            /* values of it that convolutions use */
    float *winograd;                /* transformed weights of what runs together, */
    size_t winograd_at[VN_MAX_OPS]; /* where each operation's begin */
};

static void *at(const VnPass *pass, int value) { return pass->values + pass->program.value[value].offset; }

static uint64_t *mask_at(const VnPass *pass, int value) { return value == VN_NONE ? NULL : at(pass, value); }

/* Pixel (0, 0) of a value, or where it would be. */
static float *pixels(const VnPass *pass, int value) {
    VnGrid g = pass->program.value[value].grid;
    return (float *)at(pass, value) + vn_grid_lead(g) - vn_grid_row(g, pass->top[value]);
}

static uint32_t band_count(const VnOp *op) {
    return (op->out.height + vn_grid_band(op->out) - 1) / vn_grid_band(op->out);
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

/* Values of the rows that a band's convolution reads, with room for as much on every side as it may read in vain. */
static size_t normalised_size(const VnOp *op) {
    if (op->norm == VN_NONE || !op->conv)
        return 0;
    size_t size = vn_mul((size_t)vn_grid_band(op->out) + 5, vn_mul(vn_grid_pitch(op->in), op->in.channels));
    return size > SIZE_MAX - 32 ? SIZE_MAX : size + 32;
}

/* Whether an operation's convolution can run by Winograd's method. */
static bool winograd_fits(const VnOp *op) {
    return (op->kind == VN_OP_CONV || op->kind == VN_OP_CONV_BACK) && vn_winograd_fits(op->conv, op->in);
}

static void book(VnPass *pass, unsigned threads) {
    Offsets *offsets = &pass->offsets;
    const VnProgram *p = &pass->program;
    size_t normalised = 0, whole = 0, sums = 0, winograd = 0, before = 0;
    unsigned together = 0; /* the section that begins here or later */
    for (unsigned i = 0; i < p->count; i++) {
        const VnOp *op = &p->ops[i];
        together += together < p->sections && i >= p->section[together].end;
        if (together == p->sections || i <= p->section[together].first)
            before = 0;
        if (op->kind == VN_OP_CONV)
            pass->conv_scratch =
                larger(pass->conv_scratch, (vn_conv_scratch(op->conv, op->in, op->out) + 15) / 16 * 16);
        if (winograd_fits(op)) {
            pass->conv_scratch = larger(pass->conv_scratch, vn_winograd_scratch(op->conv));
            pass->winograd_at[i] = before;
            before += vn_winograd_weights_size(op->conv, op->kind == VN_OP_CONV_BACK);
            winograd = larger(winograd, before);
        }
        if (vn_op_is_block(op))
            pass->conv_scratch = larger(pass->conv_scratch, (vn_block_scratch(op->in) + 15) / 16 * 16);
        if (op->attention != VN_NONE)
            whole = larger(whole, vn_attention_scratch(p->attention[op->attention].grid));
        if (op->sums != VN_NONE)
            sums = larger(sums, vn_mul((size_t)band_count(op) * 2 * op->out.channels, sizeof(double)));
        normalised = larger(normalised, normalised_size(op));
    }
    size_t step = larger(whole, normalised);
    pass->scratch_step = __builtin_add_overflow(step, pass->conv_scratch, &step) || step > SIZE_MAX - 15
                             ? SIZE_MAX
                             : (step + 15) / 16 * 16;
    offsets->values = vn_plan_book(&pass->plan, p->bytes);
    offsets->sums = vn_plan_book(&pass->plan, sums);
    offsets->scratch = vn_plan_book(&pass->plan, vn_mul(vn_mul(pass->scratch_step, threads), sizeof(float)));
    offsets->winograd = vn_plan_book(&pass->plan, winograd * sizeof(float));
    for (unsigned i = 0; i < p->norms; i++)
        offsets->factors[i] =
            vn_plan_book(&pass->plan, (size_t)VN_NORM_FACTORS * p->norm[i].grid.channels * sizeof(float));
}

/* The room may have moved since the last time. */
static void place(VnPass *pass) {
    const VnProgram *p = &pass->program;
    const Offsets *offsets = &pass->offsets;
    uint8_t *block = pass->room->block;
    pass->values = block + offsets->values;
    pass->sums = (double *)(block + offsets->sums);
    pass->scratch = (float *)(block + offsets->scratch);
    pass->winograd = (float *)(block + offsets->winograd);
    for (unsigned i = 0; i < p->norms; i++) {
        const VnNormUse *use = &p->norm[i];
        pass->norms[i] = (VnNorm){.grid = use->grid,
                                  .layer = use->layer,
                                  .sums = pass->sums,
                                  .factors = (float *)(block + offsets->factors[i]),
                                  .input = use->input == VN_NONE ? NULL : pixels(pass, use->input),
                                  .saved = use->saved == VN_NONE ? NULL : at(pass, use->saved)};
    }
}

static bool has_relu(const VnEncoder *encoder) {
    for (unsigned i = 0; i < encoder->count; i++) {
        if (encoder->layers[i].relu || encoder->layers[i].kind == VN_LAYER_BLOCK)
            return true;
    }
    return false;
}

/* A pass without its memory. */
static VnPass *new_pass(const VnEncoder *encoder, uint32_t width, uint32_t height, bool backward, unsigned threads,
                        bool narrow) {
    VnPass *pass = vn_calloc(1, sizeof *pass);
    if (!pass)
        return NULL;
    pass->centred = encoder->centred;
    pass->rounded = !has_relu(encoder);
    vn_program_make(&pass->program, encoder, width, height, backward);
    vn_strips_find(&pass->program, threads, narrow);
    vn_program_lay_out(&pass->program);
    book(pass, threads);
    return pass;
}

size_t vn_pass_plan(const VnEncoder *encoder, uint32_t width, uint32_t height, bool backward, unsigned threads) {
    VnPass *pass = new_pass(encoder, width, height, backward, threads, false);
    size_t bytes = pass ? pass->plan.total : SIZE_MAX;
    vn_pass_close(&pass);
    return bytes;
}

/* Room for one more pass; where there is none, there is none for those before it either. */
static bool widen(VnPassRoom *room, size_t bytes) {
    if (room->block && bytes <= room->bytes)
        return true;
    bytes = larger(bytes, room->bytes);
    vn_free(room->block);
    room->block = vn_calloc(1, bytes);
    room->bytes = room->block ? bytes : room->bytes;
    return room->block;
}

VernisStatus vn_pass_open(VnPass **out, const VnEncoder *encoder, uint32_t width, uint32_t height, bool backward,
                          VnPassRoom *room, VnPool *pool, VnError *err) {
    *out = NULL;
    const VnEncoderInfo *info = &encoder->info;
    unsigned stride = info->stride;
    if (!width || !height || width % stride || height % stride)
        return vn_fail(err, VERNIS_E_ARGUMENT, "encoder", "%ux%u pixels are not a multiple of the stride %u of %s",
                       width, height, stride, info->name);
    if (width > VN_MAX_SIDE || height > VN_MAX_SIDE)
        return vn_fail(err, VERNIS_E_LIMIT, "encoder", "%ux%u pixels are over the limit of %d on a side", width, height,
                       VN_MAX_SIDE);
    VnPass *pass = NULL;
    double need = 0;
    bool there = false;
    for (int narrow = 0; narrow < 2 && !there; narrow++) {
        vn_pass_close(&pass);
        pass = new_pass(encoder, width, height, backward, vn_pool_threads(pool), narrow);
        if (!pass)
            return vn_no_memory(err, "encoder", sizeof *pass, "a pass");
        need = (double)pass->plan.total;
        pass->room = room ? room : &pass->own;
        there = widen(pass->room, pass->plan.total);
    }
    if (!there) {
        vn_pass_close(&pass);
        return vn_fail(
            err, VERNIS_E_MEMORY, "encoder",
            "%s at %ux%u pixels needs %.0f MB beside %.0f MB of weights, which is more than there is or than "
            "--max-memory allows",
            info->name, width, height, need / 1e6, (double)info->weight_bytes / 1e6);
    }
    pass->pool = pool;
    *out = pass;
    return VERNIS_OK;
}

void vn_pass_room_free(VnPassRoom *room) {
    vn_free(room->block);
    *room = (VnPassRoom){0};
}

void vn_pass_close(VnPass **pass) {
    if (!*pass)
        return;
    vn_pass_room_free(&(*pass)->own);
    vn_free(*pass);
    *pass = NULL;
}

void vn_pass_coarse(VnPass *pass, bool coarse) { pass->coarse = coarse; }

size_t vn_pass_bytes(const VnPass *pass) { return pass->plan.total; }

/* One parallel loop over bands of rows. */
typedef struct Job {
    VnPass *pass;
    const VnOp *op;
    bool back;
    bool winograd;
    VnGrid grid;         /* whose rows are shared out: */
    uint32_t first, end; /* these */
    uint32_t band;
    int value;
    const float *from; /* planes, for import */
    float *to;         /* planes, for export */
} Job;

static void run(Job *job, VnBody *body) {
    vn_pool_run(job->pass->pool, (job->end - job->first + job->band - 1) / job->band, body, job);
}

static uint32_t rows_of(const Job *job, unsigned i, uint32_t *y0) {
    *y0 = job->first + i * job->band;
    return job->end - *y0 < job->band ? job->end : *y0 + job->band;
}

static void import_rows(void *context, unsigned i, unsigned thread) {
    (void)thread;
    Job *job = context;
    VnGrid g = job->grid;
    float *x = pixels(job->pass, job->value);
    uint32_t y0, y1 = rows_of(job, i, &y0);
    for (uint32_t y = y0; y < y1; y++) {
        float *row = x + vn_grid_row(g, y);
        vn_kern()->planes_to_pixels(row, job->from + (size_t)y * g.width, (size_t)g.width * g.height, g.channels,
                                    g.width);
        if (job->pass->centred && !job->back)
            vn_kern()->affine(row, row, (float[]){2, 2, 2}, (float[]){-1, -1, -1}, 3, g.width);
    }
    vn_grid_seal(g, x, y0, y1);
}

static void export_rows(void *context, unsigned i, unsigned thread) {
    (void)thread;
    Job *job = context;
    VnGrid g = job->grid;
    float *x = pixels(job->pass, job->value);
    uint32_t y0, y1 = rows_of(job, i, &y0);
    for (uint32_t y = y0; y < y1; y++) {
        float *row = x + vn_grid_row(g, y);
        if (job->pass->centred && job->back)
            vn_kern()->affine(row, row, (float[]){2, 2, 2}, (float[]){0, 0, 0}, 3, g.width);
        vn_kern()->pixels_to_planes(job->to + (size_t)y * g.width, (size_t)g.width * g.height, row, g.channels,
                                    g.width);
    }
}

static void transfer(VnPass *pass, int value, bool back, const float *from, float *to) {
    Job job = {
        .pass = pass, .back = back, .grid = pass->program.value[value].grid, .value = value, .from = from, .to = to};
    job.end = job.grid.height;
    job.band = vn_grid_band(job.grid);
    run(&job, from ? import_rows : export_rows);
}

/* The normalised rows that a convolution into rows y0..y1-1 reads, in a thread's scratch.
 * @return where pixel (0, 0) would be */
static const float *normalised_rows(const Job *job, uint32_t y0, uint32_t y1, float *scratch) {
    const VnOp *op = job->op;
    const VnNorm *norm = &job->pass->norms[op->norm];
    const float *x = pixels(job->pass, op->from);
    VnGrid g = op->in;
    size_t c = g.channels, row = vn_grid_pitch(g) * c;
    ptrdiff_t reach = op->conv->taps / 2, first = (ptrdiff_t)y0 - reach, end = (ptrdiff_t)y1 + reach;
    float *to = scratch + (row + c + 15) / 16 * 16, *origin = to;
    memset(to - c, 0, c * sizeof *to);
    for (ptrdiff_t y = first; y < end; y++, to += row) {
        if (y < 0 || y >= (ptrdiff_t)g.height) {
            memset(to, 0, row * sizeof *to);
            continue;
        }
        const float *from = x + vn_grid_row(g, (size_t)y);
        if (job->back)
            vn_norm_backward(norm, to, from, (uint32_t)y);
        else
            vn_norm_forward(norm, to, from, (uint32_t)y, y >= (ptrdiff_t)y0 && y < (ptrdiff_t)y1);
        memset(to + row - c, 0, c * sizeof *to);
    }
    memset(to, 0, c * sizeof *to);
    return origin - first * (ptrdiff_t)row;
}

/* What comes after an operation's rows are there, while they are in the cache. */
static void finish_rows(const Job *job, unsigned band, uint32_t y0, uint32_t y1) {
    VnPass *pass = job->pass;
    const VnOp *op = job->op;
    const VnKern *kern = vn_kern();
    VnGrid g = op->out;
    float *x = pixels(pass, op->to);
    const float *join = op->join == VN_NONE ? NULL : pixels(pass, op->join);
    uint64_t *masks = mask_at(pass, op->mask);
    size_t n = (size_t)g.width * g.channels;
    if (op->sums != VN_NONE)
        memset(pass->sums + (size_t)band * 2 * g.channels, 0, 2 * g.channels * sizeof *pass->sums);
    for (uint32_t y = y0; y < y1; y++) {
        size_t start = vn_grid_row(g, y);
        uint64_t *mask = masks ? masks + y * vn_mask_words(g) : NULL;
        if (op->relu && join)
            kern->add_relu(x + start, join + start, mask, n);
        else if (op->relu)
            kern->relu(x + start, mask, n);
        else if (join)
            kern->axpy(x + start, join + start, 1, n);
        else if (mask)
            kern->apply_mask(x + start, mask, n);
        if (op->sums != VN_NONE && job->back)
            vn_norm_back_sum(&pass->norms[op->sums], x + start, y, band);
        else if (op->sums != VN_NONE)
            vn_norm_sum(&pass->norms[op->sums], x + start, band);
    }
}

static float *winograd_of(const VnPass *pass, const VnOp *op) {
    return pass->winograd + pass->winograd_at[op - pass->program.ops];
}

static void conv_rows(void *context, unsigned i, unsigned thread) {
    Job *job = context;
    VnPass *pass = job->pass;
    const VnOp *op = job->op;
    float *scratch = pass->scratch + pass->scratch_step * thread, *to = pixels(pass, op->to);
    uint32_t y0, y1 = rows_of(job, i, &y0);
    const float *from =
        op->norm == VN_NONE ? pixels(pass, op->from) : normalised_rows(job, y0, y1, scratch + pass->conv_scratch);
    if (job->winograd) {
        vn_winograd_run(op->conv, job->back, winograd_of(pass, op), op->in, from, op->out, to, op->add, y0, y1,
                        scratch);
        vn_grid_seal(op->out, to, y0, y1);
    } else if (job->back) {
        vn_conv_backward(op->conv, op->out, to, op->in, from, op->add, y0, y1, scratch);
    } else {
        vn_conv_forward(op->conv, op->in, from, op->out, to, op->add, pass->coarse, y0, y1, scratch);
    }
    finish_rows(job, i, y0, y1);
}

static void winograd_weights(void *context, unsigned i, unsigned thread) {
    (void)thread;
    const Job *job = context;
    vn_winograd_weights(job->op->conv, job->back, winograd_of(job->pass, job->op), i);
}

static void block_rows(void *context, unsigned i, unsigned thread) {
    Job *job = context;
    VnPass *pass = job->pass;
    const VnOp *op = job->op;
    float *scratch = pass->scratch + pass->scratch_step * thread, *to = pixels(pass, op->to);
    const float *from = pixels(pass, op->from);
    uint64_t *masks[] = {mask_at(pass, op->inner[0]), mask_at(pass, op->inner[1]), mask_at(pass, op->mask)};
    uint32_t y0, y1 = rows_of(job, i, &y0);
    if (job->back)
        vn_block_backward(op->conv, op->in, from, to, masks, masks[2], y0, y1, scratch);
    else
        vn_block_forward(op->conv, op->in, from, to, masks, pass->coarse, y0, y1, scratch);
}

static void norm_rows(void *context, unsigned i, unsigned thread) {
    (void)thread;
    Job *job = context;
    VnPass *pass = job->pass;
    const VnOp *op = job->op;
    const VnNorm *norm = &pass->norms[op->norm];
    VnGrid g = op->out;
    float *from = pixels(pass, op->from), *to = pixels(pass, op->to);
    uint32_t y0, y1 = rows_of(job, i, &y0);
    for (uint32_t y = y0; y < y1; y++) {
        size_t start = vn_grid_row(g, y);
        if (!job->back) {
            vn_norm_forward(norm, to + start, from + start, y, true);
            continue;
        }
        vn_norm_backward(norm, from + start, from + start, y);
        if (from != to)
            vn_kern()->axpy(to + start, from + start, 1, (size_t)g.width * g.channels);
    }
    vn_grid_seal(g, to, y0, y1);
    finish_rows(job, i, y0, y1);
}

/* Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel convolutional neural
 * network" (2016), channels in PyTorch's order: those of a square lie side by side, row by row. */
static void shuffle_rows(void *context, unsigned i, unsigned thread) {
    (void)thread;
    Job *job = context;
    const VnOp *op = job->op;
    VnGrid in = op->in, g = op->out;
    uint32_t side = g.width / in.width, y0, y1 = rows_of(job, i, &y0);
    float *to = pixels(job->pass, op->to);
    for (uint32_t y = y0; y < y1; y++) {
        const float *from = pixels(job->pass, op->from) + vn_grid_row(in, y / side) + (size_t)(y % side) * side;
        float *row = to + vn_grid_row(g, y);
        for (uint32_t x = 0; x < g.width; x++) {
            const float *square = from + (size_t)(x / side) * in.channels + x % side;
            for (uint32_t c = 0; c < g.channels; c++)
                *row++ = square[(size_t)c * side * side];
        }
    }
    vn_grid_seal(g, to, y0, y1);
}

static void attend(VnPass *pass, const VnOp *op) {
    const VnAttentionUse *use = &pass->program.attention[op->attention];
    bool back = op->kind == VN_OP_ATTEND_BACK;
    VnAttention a = {.grid = use->grid,
                     .qkv = pixels(pass, use->qkv),
                     .output = pixels(pass, use->output),
                     .rows = at(pass, use->rows),
                     .transposed = at(pass, back ? use->backward : use->forward),
                     .scratch = pass->scratch,
                     .scratch_step = pass->scratch_step};
    if (back)
        vn_attention_backward(&a, pixels(pass, op->to), pixels(pass, op->from), pass->pool);
    else
        vn_attention_forward(&a, pass->pool);
}

static bool by_winograd(const VnPass *pass, const VnOp *op, bool back) {
    return winograd_fits(op) && (back || pass->coarse || pass->rounded);
}

/* What an operation needs before its first rows. */
static void prepare(VnPass *pass, const VnOp *op, bool back) {
    Job job = {.pass = pass, .op = op, .back = back};
    if (by_winograd(pass, op, back))
        vn_pool_run(pass->pool, vn_winograd_panels(op->conv, back), winograd_weights, &job);
}

/* Rows y0..y1-1 of what an operation makes. */
static void operate(VnPass *pass, const VnOp *op, uint32_t y0, uint32_t y1, bool back) {
    if (op->attention != VN_NONE) {
        attend(pass, op);
        return;
    }
    Job job = {.pass = pass, .op = op, .back = back, .grid = op->out, .first = y0, .end = y1};
    unsigned threads = vn_pool_threads(pass->pool);
    job.band = vn_op_is_block(op) ? vn_block_band(y1 - y0, y1 - y0 < op->out.height ? threads : 2 * threads)
                                  : vn_grid_band(op->out);
    job.winograd = by_winograd(pass, op, back);
    run(&job, vn_op_is_block(op)          ? block_rows
              : op->conv                  ? conv_rows
              : op->kind == VN_OP_SHUFFLE ? shuffle_rows
                                          : norm_rows);
    if (op->sums != VN_NONE)
        (back ? vn_norm_back_settle : vn_norm_settle)(&pass->norms[op->sums], band_count(op));
}

/* Move a value's window down, if it must, so that it has the strip's rows. */
static void slide(VnPass *pass, int value, const VnStrip *strip) {
    const VnValue *v = &pass->program.value[value];
    if (!v->window || strip->y1 <= pass->top[value] + v->window)
        return;
    size_t c = v->grid.channels, kept = vn_grid_row(v->grid, strip->y0) - vn_grid_row(v->grid, strip->keep);
    const float *from = pixels(pass, value) + vn_grid_row(v->grid, strip->keep) - c; /* and the zeros before the row */
    pass->top[value] = strip->keep;
    memmove(pixels(pass, value) + vn_grid_row(v->grid, strip->keep) - c, from, (kept + c) * sizeof(float));
}

static void run_section(VnPass *pass, const VnSection *section, bool back) {
    const VnProgram *p = &pass->program;
    VnStrips strips = vn_strips_start(p, section);
    for (unsigned i = section->first; i < section->end; i++) {
        pass->top[p->ops[i].to] = 0;
        prepare(pass, &p->ops[i], back);
    }
    for (VnStrip strip; vn_strips_next(&strips, &strip);) {
        slide(pass, p->ops[strip.op].to, &strip);
        operate(pass, &p->ops[strip.op], strip.y0, strip.y1, back);
    }
}

/* Operations first..end-1 */
static void run_program(VnPass *pass, unsigned first, unsigned end, bool back) {
    const VnProgram *p = &pass->program;
    const VnSection *section = p->section;
    for (unsigned i = first; i < end;) {
        while (section < p->section + p->sections && section->first < i)
            section++;
        if (section < p->section + p->sections && section->first == i) {
            run_section(pass, section, back);
            i = section->end;
        } else {
            prepare(pass, &p->ops[i], back);
            operate(pass, &p->ops[i], 0, p->ops[i].out.height, back);
            i++;
        }
    }
}

void vn_pass_forward(VnPass *pass, const float *rgb, float *latent) {
    const VnProgram *p = &pass->program;
    place(pass);
    transfer(pass, p->input, false, rgb, NULL);
    run_program(pass, 0, p->forward_count, false);
    transfer(pass, p->latent, false, NULL, latent);
}

void vn_pass_backward(VnPass *pass, float *latent_gradient, float *rgb_gradient) {
    const VnProgram *p = &pass->program;
    transfer(pass, p->latent_gradient, true, latent_gradient, NULL);
    run_program(pass, p->forward_count, p->count, true);
    transfer(pass, p->gradient, true, NULL, rgb_gradient);
}
