/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/program.h"

#include "nn/attention.h"
#include "nn/block.h"

/* What the backward pass must know about a layer's forward pass. */
typedef struct Trace {
    VnGrid in, inner; /* inner: after the first convolution */
    int in_mask;      /* of the ReLU that made the input */
    int mask[2];      /* of the ReLUs inside, */
    int pool_mask;    /* and in the pooled branch */
    int norm[2];
    int attention;
} Trace;

/* The value that the next layer reads, or whose gradient the previous one. */
typedef struct Cursor {
    VnProgram *program;
    bool backward; /* the program has a backward pass */
    int value;
    VnGrid grid;
    int mask; /* of the ReLU that made it */
    Trace traces[VN_MAX_LAYERS];
} Cursor;

static int new_value(VnProgram *p, size_t bytes) {
    p->value[p->values] = (VnValue){.bytes = bytes};
    return (int)p->values++;
}

static int new_floats(VnProgram *p, VnGrid grid) {
    int v = new_value(p, vn_mul(vn_grid_size(grid), sizeof(float)));
    p->value[v].grid = grid;
    return v;
}

static VnOp *append(VnProgram *p, VnOpKind kind, const VnConv *conv, int from, int to) {
    VnOp *op = &p->ops[p->count++];
    *op = (VnOp){.kind = kind,
                 .conv = conv,
                 .in = p->value[from].grid,
                 .out = p->value[to].grid,
                 .from = from,
                 .to = to,
                 .norm = VN_NONE,
                 .join = VN_NONE,
                 .mask = VN_NONE,
                 .inner = {VN_NONE, VN_NONE},
                 .sums = VN_NONE,
                 .attention = VN_NONE};
    return op;
}

/* A convolution into a new value. */
static VnOp *convolve(Cursor *at, const VnConv *conv, int from) {
    VnGrid in = at->program->value[from].grid;
    VnGrid out = {in.width / conv->stride, in.height / conv->stride, conv->out};
    return append(at->program, VN_OP_CONV, conv, from, new_floats(at->program, out));
}

static int new_mask(Cursor *at, VnGrid grid) {
    return at->backward ? new_value(at->program, vn_mul(vn_mask_words(grid) * grid.height, sizeof(uint64_t))) : VN_NONE;
}

static int relu(Cursor *at, VnOp *op) {
    op->relu = true;
    return op->mask = new_mask(at, op->out);
}

/* A normalisation of what the last operation writes. */
static int normalise(Cursor *at, const VnAffine *layer) {
    VnProgram *p = at->program;
    VnOp *maker = &p->ops[p->count - 1];
    VnNormUse *use = &p->norm[p->norms];
    *use = (VnNormUse){.layer = layer, .grid = maker->out, .input = VN_NONE, .saved = VN_NONE};
    if (at->backward && layer->exact)
        use->input = maker->to;
    else if (at->backward)
        use->saved = new_value(
            p, vn_mul(vn_mul((size_t)maker->out.width * maker->out.channels, maker->out.height), sizeof(uint16_t)));
    return maker->sums = (int)p->norms++;
}

static void arrive(Cursor *at, const VnOp *op) {
    at->value = op->to;
    at->grid = op->out;
    at->mask = op->mask;
}

static void conv_layer(Cursor *at, const VnLayer *layer, Trace *trace) {
    if (layer->norm[0].gamma)
        trace->norm[0] = normalise(at, &layer->norm[0]);
    VnOp *op = convolve(at, &layer->conv[0], at->value);
    op->norm = trace->norm[0];
    if (layer->relu)
        relu(at, op);
    if (layer->shuffle) {
        uint32_t side = layer->shuffle;
        VnGrid wide = {op->out.width * side, op->out.height * side, op->out.channels / (side * side)};
        op = append(at->program, VN_OP_SHUFFLE, NULL, op->to, new_floats(at->program, wide));
    }
    arrive(at, op);
}

/* x += pool_out(relu(norm(pool_in(x)))) */
static void pooled_branch(Cursor *at, const VnLayer *layer, Trace *trace) {
    VnProgram *p = at->program;
    int wide = convolve(at, &layer->pool_in, at->value)->to;
    trace->norm[0] = normalise(at, &layer->norm[0]);
    VnOp *op = append(p, VN_OP_NORM, NULL, wide, new_floats(p, p->value[wide].grid));
    op->norm = trace->norm[0];
    trace->pool_mask = relu(at, op);
    append(p, VN_OP_CONV, &layer->pool_out, op->to, at->value)->add = true;
}

static bool in_one_go(const VnLayer *layer) { return !layer->skip && vn_block_fits(layer->conv); }

static void block(Cursor *at, const VnLayer *layer, Trace *trace) {
    if (layer->pool)
        pooled_branch(at, layer, trace);
    if (in_one_go(layer)) {
        VnOp *whole = append(at->program, VN_OP_BLOCK, layer->conv, at->value, new_floats(at->program, at->grid));
        for (unsigned i = 0; i < 2; i++)
            whole->inner[i] = trace->mask[i] = new_mask(at, at->grid);
        relu(at, whole);
        arrive(at, whole);
        return;
    }
    VnOp *op = convolve(at, &layer->conv[0], at->value);
    trace->mask[0] = relu(at, op);
    trace->inner = op->out;
    op = convolve(at, &layer->conv[1], op->to);
    trace->mask[1] = relu(at, op);
    op = convolve(at, &layer->conv[2], op->to);
    int joined = at->value;
    if (layer->skip) {
        joined = op->to;
        op = convolve(at, &layer->skip_conv, at->value);
    }
    op->join = joined;
    relu(at, op);
    arrive(at, op);
}

static void residual(Cursor *at, const VnLayer *layer, Trace *trace) {
    trace->norm[0] = normalise(at, &layer->norm[0]);
    VnOp *op = convolve(at, &layer->conv[0], at->value);
    op->norm = trace->norm[0];
    trace->inner = op->out;
    trace->norm[1] = normalise(at, &layer->norm[1]);
    op = convolve(at, &layer->conv[1], op->to);
    op->norm = trace->norm[1];
    if (layer->skip) {
        op = append(at->program, VN_OP_CONV, &layer->skip_conv, at->value, op->to);
        op->add = true;
    } else {
        op->join = at->value;
    }
    arrive(at, op);
}

static void attention(Cursor *at, const VnLayer *layer, Trace *trace) {
    VnProgram *p = at->program;
    trace->norm[0] = normalise(at, &layer->norm[0]);
    VnOp *op = convolve(at, &layer->conv[0], at->value);
    op->norm = trace->norm[0];
    trace->inner = op->out;
    trace->attention = (int)p->attentions++;
    VnAttentionUse *use = &p->attention[trace->attention];
    size_t row = vn_mul(vn_attention_positions(at->grid), sizeof(float)), plane = vn_mul(row, at->grid.channels);
    *use = (VnAttentionUse){.grid = at->grid,
                            .qkv = op->to,
                            .output = new_floats(p, at->grid),
                            .rows = new_value(p, vn_mul(row, 3)),
                            .forward = new_value(p, plane),
                            .backward = at->backward ? new_value(p, vn_mul(plane, 4)) : VN_NONE};
    append(p, VN_OP_ATTEND, NULL, use->qkv, use->output)->attention = trace->attention;
    op = convolve(at, &layer->conv[1], use->output);
    op->join = at->value;
    arrive(at, op);
}

/* The gradient of a convolution's input, in a new value. */
static VnOp *back(Cursor *at, const VnConv *conv, int from, VnGrid in) {
    return append(at->program, VN_OP_CONV_BACK, conv, from, new_floats(at->program, in));
}

static void back_conv_layer(Cursor *at, const VnLayer *layer, const Trace *trace) {
    VnOp *op = back(at, &layer->conv[0], at->value, trace->in);
    op->sums = trace->norm[0];
    op->mask = trace->in_mask;
    at->value = op->to;
    if (op->sums != VN_NONE)
        append(at->program, VN_OP_NORM_BACK, NULL, at->value, at->value)->norm = op->sums;
}

/* at->value is the gradient before the block's last ReLU: the operation that completed it applied the mask. */
static void back_block(Cursor *at, const VnLayer *layer, const Trace *trace) {
    VnProgram *p = at->program;
    int g = at->value, x = g;
    VnOp *op;
    if (in_one_go(layer)) {
        x = new_floats(p, trace->in);
        op = append(p, VN_OP_BLOCK_BACK, layer->conv, g, x);
        op->inner[0] = trace->mask[0];
        op->inner[1] = trace->mask[1];
    } else {
        if (layer->skip)
            x = back(at, &layer->skip_conv, g, trace->in)->to;
        op = back(at, &layer->conv[2], g, trace->inner);
        op->mask = trace->mask[1];
        op = back(at, &layer->conv[1], op->to, trace->inner);
        op->mask = trace->mask[0];
        op = append(p, VN_OP_CONV_BACK, &layer->conv[0], op->to, x);
        op->add = true;
    }
    if (layer->pool) {
        op = back(at, &layer->pool_out, x, p->norm[trace->norm[0]].grid);
        op->mask = trace->pool_mask;
        op->sums = trace->norm[0];
        op = append(p, VN_OP_CONV_BACK, &layer->pool_in, op->to, x);
        op->norm = trace->norm[0];
        op->add = true;
    }
    op->mask = trace->in_mask;
    at->value = x;
}

static void back_residual(Cursor *at, const VnLayer *layer, const Trace *trace) {
    VnOp *op = back(at, &layer->conv[1], at->value, trace->inner);
    op->sums = trace->norm[1];
    int inner = op->to;
    op = back(at, &layer->conv[0], inner, trace->in);
    op->norm = trace->norm[1];
    op->sums = trace->norm[0];
    int through = op->to;
    if (layer->skip)
        at->value = back(at, &layer->skip_conv, at->value, trace->in)->to;
    append(at->program, VN_OP_NORM_BACK, NULL, through, at->value)->norm = trace->norm[0];
}

static void back_attention(Cursor *at, const VnLayer *layer, const Trace *trace) {
    int da = back(at, &layer->conv[1], at->value, trace->in)->to;
    int dqkv = new_floats(at->program, trace->inner);
    append(at->program, VN_OP_ATTEND_BACK, NULL, da, dqkv)->attention = trace->attention;
    VnOp *op = back(at, &layer->conv[0], dqkv, trace->in);
    op->sums = trace->norm[0];
    append(at->program, VN_OP_NORM_BACK, NULL, op->to, at->value)->norm = trace->norm[0];
}

static void use(VnProgram *p, int value, unsigned op) {
    if (value == VN_NONE)
        return;
    VnValue *v = &p->value[value];
    if (v->first > op)
        v->first = op;
    if (v->last < op)
        v->last = op;
}

static void use_norm(VnProgram *p, int norm, unsigned op) {
    if (norm == VN_NONE)
        return;
    use(p, p->norm[norm].input, op);
    use(p, p->norm[norm].saved, op);
}

static void use_attention(VnProgram *p, int attention, unsigned op) {
    if (attention == VN_NONE)
        return;
    const VnAttentionUse *a = &p->attention[attention];
    use(p, a->qkv, op);
    use(p, a->output, op);
    use(p, a->rows, op);
    use(p, op < p->forward_count ? a->forward : a->backward, op);
}

static void find_uses(VnProgram *p) {
    for (unsigned v = 0; v < p->values; v++) {
        p->value[v].first = UINT32_MAX;
        p->value[v].last = 0;
    }
    for (unsigned i = 0; i < p->count; i++) {
        const VnOp *op = &p->ops[i];
        use(p, op->from, i);
        use(p, op->to, i);
        use(p, op->join, i);
        use(p, op->mask, i);
        use(p, op->inner[0], i);
        use(p, op->inner[1], i);
        use_norm(p, op->norm, i);
        if (i >= p->forward_count)
            use_norm(p, op->sums, i);
        use_attention(p, op->attention, i);
    }
}

void vn_program_make(VnProgram *program, const VnEncoder *encoder, uint32_t width, uint32_t height, bool backward) {
    typedef void Forward(Cursor *, const VnLayer *, Trace *);
    typedef void Backward(Cursor *, const VnLayer *, const Trace *);
    static Forward *const forwards[] = {conv_layer, block, residual, attention};
    static Backward *const backwards[] = {back_conv_layer, back_block, back_residual, back_attention};
    *program = (VnProgram){.latent_gradient = VN_NONE, .gradient = VN_NONE};
    uint32_t channels = encoder->layers[0].conv[0].in;
    Cursor at = {.program = program, .backward = backward, .grid = {width, height, channels}, .mask = VN_NONE};
    program->input = at.value = new_floats(program, at.grid);
    for (unsigned i = 0; i < encoder->count; i++) {
        const VnLayer *layer = &encoder->layers[i];
        Trace *trace = &at.traces[i];
        *trace = (Trace){.in = at.grid,
                         .in_mask = at.mask,
                         .mask = {VN_NONE, VN_NONE},
                         .pool_mask = VN_NONE,
                         .norm = {VN_NONE, VN_NONE},
                         .attention = VN_NONE};
        forwards[layer->kind](&at, layer, trace);
    }
    program->latent = at.value;
    program->forward_count = program->count;
    if (backward) {
        program->latent_gradient = at.value = new_floats(program, at.grid);
        for (unsigned i = encoder->count; i-- > 0;)
            backwards[encoder->layers[i].kind](&at, &encoder->layers[i], &at.traces[i]);
        program->gradient = at.value;
    }
    find_uses(program);
}

static bool meet(const VnValue *a, const VnValue *b) { return a->first <= b->last && b->first <= a->last; }

/* The lowest place where nothing already placed is in the way at the same time. */
static size_t lowest_place(const VnProgram *p, const bool *placed, const VnValue *v) {
    size_t place = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (unsigned i = 0; i < p->values; i++) {
            const VnValue *other = &p->value[i];
            if (placed[i] && meet(v, other) && place < other->offset + other->bytes &&
                other->offset < place + v->bytes) {
                place = other->offset + other->bytes;
                moved = true;
            }
        }
    }
    return place;
}

void vn_program_lay_out(VnProgram *p) {
    bool placed[VN_MAX_VALUES] = {false};
    p->bytes = 0;
    for (unsigned v = 0; v < p->values; v++) {
        size_t *bytes = &p->value[v].bytes;
        if (*bytes > SIZE_MAX / 2 / VN_MAX_VALUES) { /* their sum might not fit */
            p->bytes = SIZE_MAX;
            return;
        }
        *bytes = (*bytes + 63) / 64 * 64;
    }
    for (unsigned round = 0; round < p->values; round++) { /* the largest first */
        unsigned best = p->values;
        for (unsigned v = 0; v < p->values; v++) {
            if (!placed[v] && (best == p->values || p->value[v].bytes > p->value[best].bytes))
                best = v;
        }
        VnValue *v = &p->value[best];
        v->offset = v->first > v->last ? 0 : lowest_place(p, placed, v);
        placed[best] = true;
        if (p->bytes < v->offset + v->bytes)
            p->bytes = v->offset + v->bytes;
    }
}
