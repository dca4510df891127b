/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/strips.h"

#include "nn/block.h"

enum {
    TILE = 4,        /* rows come in multiples of conv_winograd.c's tiles */
    BANDS = 8,       /* of a strip, at least: fewer cost time */
    BLOCK_ROWS = 64, /* of a strip for each thread, where blocks compute the rows at a band's ends twice */
    BLOCK_REACH = 3
};

/* Whether a row of what it makes depends on a few rows of what it reads, and nothing sums over all rows. */
static bool is_local(const VnOp *op) {
    return (op->kind == VN_OP_CONV || op->kind == VN_OP_CONV_BACK || vn_op_is_block(op)) && op->norm == VN_NONE &&
           op->sums == VN_NONE;
}

/* First of the rows of `from` that rows y.. of `to` read. */
static uint32_t reads_from(const VnOp *op, uint32_t y) {
    uint32_t reach = vn_op_is_block(op) ? BLOCK_REACH : op->conv->taps / 2;
    if (!vn_op_is_block(op) && op->conv->stride == 2)
        y = op->kind == VN_OP_CONV ? 2 * y : y / 2;
    return y > reach ? y - reach : 0;
}

/* Row after the last of those that rows ..y-1 read. */
static uint32_t reads_to(const VnOp *op, uint32_t y) {
    uint32_t reach = vn_op_is_block(op) ? BLOCK_REACH : op->conv->taps / 2;
    if (!vn_op_is_block(op) && op->conv->stride == 2)
        y = op->kind == VN_OP_CONV ? 2 * y : (y + 1) / 2;
    return y + reach < op->in.height ? y + reach : op->in.height;
}

static bool complete(const VnStrips *s, unsigned i) {
    return s->done[i] == s->program->ops[s->section->first + i].out.height;
}

/* What was last written to a value before operation i, or VN_NONE: before the section. */
static int writer(const VnStrips *s, unsigned i, int value) {
    while (i-- > 0)
        if (s->program->ops[s->section->first + i].to == value)
            return (int)i;
    return VN_NONE;
}

/* Whether operation i can make its rows up to y1. */
static bool ready(const VnStrips *s, unsigned i, uint32_t y1) {
    const VnOp *ops = s->program->ops + s->section->first, *op = &ops[i];
    int from = writer(s, i, op->from), join = op->join == VN_NONE ? VN_NONE : writer(s, i, op->join);
    int before = writer(s, i, op->to);
    if ((from != VN_NONE && s->done[from] < reads_to(op, y1)) || (join != VN_NONE && s->done[join] < y1) ||
        (before != VN_NONE && s->done[before] < y1))
        return false;
    for (unsigned k = 0; k < i; k++) /* who still reads what would be written over */
        if (!complete(s, k) && ((ops[k].from == op->to && reads_from(&ops[k], s->done[k]) < y1) ||
                                (ops[k].join == op->to && s->done[k] < y1)))
            return false;
    return true;
}

/* First row of a value that anything in the section still needs. */
static uint32_t keep(const VnStrips *s, int value) {
    const VnOp *ops = s->program->ops + s->section->first;
    uint32_t least = UINT32_MAX;
    for (unsigned i = 0; i < s->section->end - s->section->first; i++) {
        uint32_t need = ops[i].from == value                         ? reads_from(&ops[i], s->done[i])
                        : ops[i].to == value || ops[i].join == value ? s->done[i]
                                                                     : UINT32_MAX;
        if (need < least && !complete(s, i))
            least = need;
    }
    return least;
}

VnStrips vn_strips_start(const VnProgram *program, const VnSection *section) {
    return (VnStrips){.program = program, .section = section};
}

/* How far operation i may go, by the first one's rows. */
static uint32_t allowed(const VnStrips *s, unsigned i) {
    const VnOp *ops = s->program->ops + s->section->first;
    uint32_t height = ops[0].out.height, most = ops[i].out.height;
    uint64_t rows = !i ? (uint64_t)s->done[0] + s->section->rows : (uint64_t)s->done[0] * most / height;
    return rows < most ? (uint32_t)rows / TILE * TILE : most;
}

bool vn_strips_next(VnStrips *s, VnStrip *out) {
    unsigned count = s->section->end - s->section->first;
    for (;;) {
        if (s->next == count) {
            if (complete(s, count - 1))
                return false;
            s->next = 0;
        }
        unsigned i = s->next++;
        uint32_t most = allowed(s, i), y0 = s->done[i], y1 = y0;
        while (y1 < most) {
            uint32_t further = most - y1 < TILE ? most : y1 + TILE;
            if (!ready(s, i, further))
                break;
            y1 = further;
        }
        if (y1 == y0)
            continue;
        const VnOp *op = &s->program->ops[s->section->first + i];
        *out = (VnStrip){.op = s->section->first + i, .y0 = y0, .y1 = y1, .keep = keep(s, op->to)};
        s->done[i] = y1;
        return true;
    }
}

/* Whether value v is of operations first..end-1 alone, which make it. */
static bool is_inner(const VnProgram *p, const VnSection *s, int v) {
    const VnValue *value = &p->value[v];
    return value->grid.channels && v != p->latent && v != p->gradient && v != p->input && v != p->latent_gradient &&
           value->first >= s->first && value->last < s->end;
}

static bool has_inner(const VnProgram *p, const VnSection *s) {
    for (unsigned i = s->first; i < s->end; i++)
        if (is_inner(p, s, p->ops[i].to))
            return true;
    return false;
}

/* The operations from `first` on that can run together at about one size of picture. */
static VnSection section_at(const VnProgram *p, unsigned first) {
    VnSection s = {.first = first, .end = first};
    unsigned most = first < p->forward_count ? p->forward_count : p->count;
    while (s.end < most && is_local(&p->ops[s.end])) {
        const VnOp *op = &p->ops[s.end];
        if (op->out.height > op->in.height && has_inner(p, &s))
            break;
        s.end++;
        if (op->out.height < op->in.height && has_inner(p, &s))
            break;
    }
    return s;
}

static uint32_t strip_rows(const VnProgram *p, const VnSection *s, unsigned threads, bool narrow) {
    VnGrid grid = p->ops[s->first].out;
    uint32_t bands = narrow ? 1 : 2 * threads > BANDS ? 2 * threads : BANDS, rows = bands * vn_grid_band(grid);
    for (unsigned i = s->first; i < s->end && !narrow; i++)
        if (vn_op_is_block(&p->ops[i]) && rows < BLOCK_ROWS * threads)
            rows = BLOCK_ROWS * threads;
    return rows < grid.height ? rows : grid.height;
}

/* Walk the section to see how many rows of each inner value are needed at a time. @return bytes of all windows */
static size_t find_windows(VnProgram *p, const VnSection *s) {
    VnStrips strips = vn_strips_start(p, s);
    size_t bytes = 0;
    for (VnStrip strip; vn_strips_next(&strips, &strip);) {
        int v = p->ops[strip.op].to;
        uint32_t rows = strip.y1 - strip.keep;
        if (is_inner(p, s, v) && p->value[v].window < rows)
            p->value[v].window = rows;
    }
    for (unsigned i = s->first; i < s->end; i++) {
        const VnOp *op = &p->ops[i];
        VnGrid window = {op->out.width, p->value[op->to].window, op->out.channels};
        if (window.height && p->value[op->to].first == i)
            bytes += vn_mul(vn_grid_size(window), sizeof(float));
    }
    return bytes;
}

/* The most bytes of inner values that are needed at a time without windows. */
static size_t whole_bytes(const VnProgram *p, const VnSection *s) {
    size_t most = 0;
    for (unsigned i = s->first; i < s->end; i++) {
        size_t bytes = 0;
        for (unsigned v = 0; v < p->values; v++)
            if (is_inner(p, s, (int)v) && p->value[v].first <= i && i <= p->value[v].last)
                bytes += p->value[v].bytes;
        most = bytes > most ? bytes : most;
    }
    return most;
}

/* What a section uses is in use from its first operation to its last. */
static void last_together(VnProgram *p, const VnSection *s) {
    for (unsigned v = 0; v < p->values; v++) {
        VnValue *value = &p->value[v];
        if (value->first > s->first && value->first < s->end)
            value->first = s->first;
        if (value->last >= s->first && value->last < s->end)
            value->last = s->end - 1;
    }
}

void vn_strips_find(VnProgram *p, unsigned threads, bool narrow) {
    for (unsigned i = 0; i < p->count;) {
        VnSection s = section_at(p, i);
        i = s.end > i ? s.end : i + 1;
        size_t whole = s.end > s.first ? whole_bytes(p, &s) : 0;
        if (!whole || whole >= SIZE_MAX / 2 / VN_MAX_VALUES)
            continue;
        s.rows = strip_rows(p, &s, threads, narrow);
        bool worth = find_windows(p, &s) < whole / 2;
        for (unsigned k = s.first; k < s.end; k++) {
            VnValue *value = &p->value[p->ops[k].to];
            if (!worth)
                value->window = 0;
            else if (value->window && value->first == k)
                value->bytes = vn_mul(vn_grid_size((VnGrid){value->grid.width, value->window, value->grid.channels}),
                                      sizeof(float));
        }
        if (worth)
            p->section[p->sections++] = s;
    }
    for (unsigned k = 0; k < p->sections; k++)
        last_together(p, &p->section[k]);
}
