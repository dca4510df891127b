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

static VnOp *append(Cursor *at, const VnConv *conv, unsigned from, unsigned to, VnGrid in, int down_mask) {
    VnProgram *p = at->program;
    VnGrid out = {in.width / conv->stride, in.height / conv->stride, conv->out};
    VnOp *op = &p->ops[p->count++];
    *op = (VnOp){.kind = VN_OP_CONV,
                 .conv = conv,
                 .in = in,
                 .out = out,
                 .from = from,
                 .to = to,
                 .mask = VN_NO_MASK,
                 .down_mask = down_mask};
    reserve(p, to, out);
    size_t scratch = vn_conv_scratch(conv, in, out);
    p->scratch = p->scratch < scratch ? scratch : p->scratch;
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
    VnOp *op = append(at, &layer->conv[0], at->slot, to, at->grid, at->mask);
    at->mask = layer->relu ? relu(at->program, op) : VN_NO_MASK;
    at->slot = to;
    at->grid = op->out;
}

/* x += pool_out(relu(norm(pool_in(x)))) */
static void pooled_branch(Cursor *at, const VnLayer *layer) {
    VnProgram *p = at->program;
    unsigned x = at->slot, wide = (x + 1) % VN_SLOTS, spare = (x + 2) % VN_SLOTS;
    VnGrid grid = append(at, &layer->pool_in, x, wide, at->grid, at->mask)->out;
    reserve(p, spare, grid);
    VnOp *norm = &p->ops[p->count++];
    *norm = (VnOp){.kind = VN_OP_NORM,
                   .layer = layer,
                   .in = grid,
                   .out = grid,
                   .from = wide,
                   .to = wide,
                   .other = spare,
                   .down_mask = VN_NO_MASK};
    size_t bands = (grid.height + vn_grid_band(grid) - 1) / vn_grid_band(grid);
    p->norm_bands = bands > p->norm_bands ? bands : p->norm_bands;
    append(at, &layer->pool_out, wide, x, grid, relu(p, norm))->add = true;
    at->mask = VN_NO_MASK;
}

/* x in one slot, three convolutions through the other two; the last one's result, or the skip's, joins with the other.
 */
static void block(Cursor *at, const VnLayer *layer) {
    if (layer->pool)
        pooled_branch(at, layer);
    VnProgram *p = at->program;
    unsigned x = at->slot, a = (x + 1) % VN_SLOTS, b = (x + 2) % VN_SLOTS;
    VnOp *op = append(at, &layer->conv[0], x, a, at->grid, at->mask);
    VnGrid inner = op->out;
    op = append(at, &layer->conv[1], a, b, inner, relu(p, op));
    op = append(at, &layer->conv[2], b, a, inner, relu(p, op));
    op->other = x;
    if (layer->skip) {
        op = append(at, &layer->skip_conv, x, b, at->grid, VN_NO_MASK);
        op->other = a;
    }
    op->join = true;
    at->mask = relu(p, op);
    at->slot = op->to;
    at->grid = inner;
}

/* Slots of the gradients, from the last layer to the first. Sizes follow: a gradient is as large as its activation. */
typedef struct BackCursor {
    VnProgram *program;
    VnOp *op; /* one after the next */
    unsigned slot;
} BackCursor;

static void back(BackCursor *at, unsigned up, unsigned down, bool add) {
    VnOp *op = --at->op;
    op->up = up;
    op->down = down;
    op->back_add = add;
    reserve(at->program, down, op->in);
}

static void back_block(BackCursor *at, const VnLayer *layer) {
    unsigned up = at->slot, a = (up + 1) % VN_SLOTS, b = (up + 2) % VN_SLOTS, x = up;
    if (layer->skip) {
        x = b;
        back(at, up, x, false);
        back(at, up, a, false); /* the gradient at the output is not needed any more */
        back(at, a, up, false);
        back(at, up, x, true);
    } else {
        back(at, up, a, false);
        back(at, a, b, false);
        back(at, b, x, true);
    }
    if (layer->pool) {
        unsigned wide = (x + 1) % VN_SLOTS;
        back(at, x, wide, false);
        back(at, wide, wide, false);
        back(at, wide, x, true);
    }
    at->slot = x;
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
    BackCursor end = {.program = program, .op = program->ops + program->count, .slot = at.slot};
    for (unsigned i = encoder->count; i-- > 0;) {
        if (encoder->layers[i].kind == VN_LAYER_BLOCK) {
            back_block(&end, &encoder->layers[i]);
        } else {
            unsigned down = (end.slot + VN_SLOTS - 1) % VN_SLOTS;
            back(&end, end.slot, down, false);
            end.slot = down;
        }
    }
    program->gradient_slot = end.slot;
}
