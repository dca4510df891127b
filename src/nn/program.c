/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/program.h"

/* What is in the slot that holds the current activation. */
typedef struct Cursor {
    VnProgram *program;
    VnGrid grid;
    unsigned slot;
    int mask; /* of the ReLU that made it */
} Cursor;

static void reserve(VnProgram *p, unsigned slot, VnGrid grid) {
    size_t size = vn_grid_size(grid);
    if (p->slot_sizes[slot] < size)
        p->slot_sizes[slot] = size;
}

static VnOp *append(Cursor *at, const VnConv *conv, unsigned from, unsigned to, VnGrid in) {
    VnProgram *p = at->program;
    VnGrid out = {in.width / conv->stride, in.height / conv->stride, conv->out};
    VnOp *op = &p->ops[p->count++];
    *op = (VnOp){.kind = VN_OP_CONV, .conv = conv, .in = in, .out = out, .from = from, .to = to, .mask = VN_NO_MASK,
                 .from_mask = VN_NO_MASK};
    reserve(p, to, out);
    if (p->scratch < vn_conv_scratch(conv))
        p->scratch = vn_conv_scratch(conv);
    return op;
}

static int relu(VnProgram *p, VnOp *op) {
    op->relu = true;
    op->mask = (int)p->masks;
    p->mask_grids[p->masks++] = op->out;
    return op->mask;
}

static void plain_conv(Cursor *at, const VnLayer *layer) {
    unsigned to = (at->slot + 1) % VN_SLOTS;
    VnOp *op = append(at, &layer->conv[0], at->slot, to, at->grid);
    op->from_mask = at->mask;
    at->mask = layer->relu ? relu(at->program, op) : VN_NO_MASK;
    at->slot = to;
    at->grid = op->out;
}

/* x += pool_out(relu(norm(pool_in(x)))) */
static void pooled_branch(Cursor *at, const VnLayer *layer) {
    VnProgram *p = at->program;
    unsigned x = at->slot, wide = (x + 1) % VN_SLOTS, spare = (x + 2) % VN_SLOTS;
    VnOp *in = append(at, &layer->pool_in, x, wide, at->grid);
    in->from_mask = at->mask;
    in->back_add = true;
    reserve(p, spare, in->out);
    p->ops[p->count++] = (VnOp){.kind = VN_OP_NORM, .layer = layer, .in = in->out, .out = in->out, .from = wide, .to = wide,
                                .spare = spare, .mask = VN_NO_MASK, .from_mask = VN_NO_MASK};
    size_t values = vn_grid_size(in->out), bands = (in->out.height + vn_grid_band(in->out) - 1) / vn_grid_band(in->out);
    p->norm_values = values > p->norm_values ? values : p->norm_values;
    p->norm_bands = bands > p->norm_bands ? bands : p->norm_bands;
    append(at, &layer->pool_out, wide, x, in->out)->add = true;
    at->mask = VN_NO_MASK;
}

/* Three convolutions x -> a -> b, and the last one onto x itself, or onto the skip's result in a. */
static void block(Cursor *at, const VnLayer *layer) {
    if (layer->pool)
        pooled_branch(at, layer);
    VnProgram *p = at->program;
    unsigned x = at->slot, a = (x + 1) % VN_SLOTS, b = (x + 2) % VN_SLOTS;
    VnOp *op = append(at, &layer->conv[0], x, a, at->grid);
    op->from_mask = at->mask;
    op->back_add = true;
    int mask = relu(p, op);
    VnGrid inner = op->out;
    op = append(at, &layer->conv[1], a, b, inner);
    op->from_mask = mask;
    mask = relu(p, op);
    unsigned to = x;
    if (layer->skip) {
        append(at, &layer->skip_conv, x, a, at->grid);
        to = a;
    }
    op = append(at, &layer->conv[2], b, to, inner);
    op->from_mask = mask;
    op->add = true;
    at->mask = relu(p, op);
    at->slot = to;
    at->grid = op->out;
}

void vn_program_make(VnProgram *program, const VnEncoder *encoder, uint32_t width, uint32_t height) {
    *program = (VnProgram){.input = {width, height, 3}};
    Cursor at = {.program = program, .grid = program->input, .mask = VN_NO_MASK};
    reserve(program, at.slot, at.grid);
    for (unsigned i = 0; i < encoder->count; i++) {
        if (encoder->layers[i].kind == VN_LAYER_BLOCK)
            block(&at, &encoder->layers[i]);
        else
            plain_conv(&at, &encoder->layers[i]);
    }
    program->latent = at.grid;
    program->latent_slot = at.slot;
}
