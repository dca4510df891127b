/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * An encoder at one picture size, written out as operations on values, forward and then backward. Private to nn.
 *
 * A value is anything that an operation leaves for a later one: activations, gradients, sign bits, stored halves. Values
 * that are never needed at the same time share memory.
 */
#ifndef VN_NN_PROGRAM_H
#define VN_NN_PROGRAM_H

#include "nn/norm.h"

enum {
    VN_MAX_OPS = VN_MAX_LAYERS * 16,
    VN_MAX_VALUES = VN_MAX_LAYERS * 24,
    VN_MAX_NORMS = VN_MAX_LAYERS * 2,
    VN_NONE = -1
};

typedef enum VnOpKind {
    VN_OP_CONV,        /**< to = or += conv(from) */
    VN_OP_CONV_BACK,   /**< to = or += transpose of conv at from */
    VN_OP_BLOCK,       /**< to = the residual block of three convolutions from `conv` on (block.h) at from */
    VN_OP_BLOCK_BACK,  /**< to = gradient through it */
    VN_OP_NORM,        /**< to = norm(from) */
    VN_OP_SHUFFLE,     /**< to = the pixels of from, each spread over a square of its own; forward only */
    VN_OP_NORM_BACK,   /**< to += gradient through norm of from; or, where both are the same value, to = that */
    VN_OP_ATTEND,      /**< to = attention of from */
    VN_OP_ATTEND_BACK, /**< to = gradient at query, key and value from that at the output */
} VnOpKind;

typedef struct VnOp {
    VnOpKind kind;
    const VnConv *conv;
    VnGrid in, out; /**< of `from` and `to` */
    int from, to;   /**< values */
    int norm;       /**< `from` goes through this normalisation as it is read, or VN_NONE */
    bool add;       /**< adds to `to` */
    int join;       /**< then adds this value, or VN_NONE */
    bool relu;      /**< then max(x, 0) */
    int mask;       /**< forward: relu's sign bits go there; backward: where they are 0, so becomes `to`; or VN_NONE */
    int inner[2];   /**< blocks: masks of the first two ReLUs, or VN_NONE */
    int sums;      /**< `to` is summed for this normalisation, or VN_NONE; backward: it is the gradient at its output */
    int attention; /**< number of the attention, or VN_NONE */
} VnOp;

static inline bool vn_op_is_block(const VnOp *op) { return op->kind == VN_OP_BLOCK || op->kind == VN_OP_BLOCK_BACK; }

typedef struct VnValue {
    VnGrid grid;          /**< of floats; no channels: something else */
    size_t bytes;         /**< SIZE_MAX: too many */
    uint32_t window;      /**< rows of it that are there at a time; 0: all */
    unsigned first, last; /**< operations that use it; a section counts as one */
    size_t offset;        /**< in the block of all values, from vn_program_lay_out */
} VnValue;

/** Operations first..end-1, which run together, a strip of rows at a time (strips.h). */
typedef struct VnSection {
    unsigned first, end;
    uint32_t rows; /**< of what the first makes, in a strip */
} VnSection;

/** Values of a normalisation, for as long as they are needed. */
typedef struct VnNormUse {
    const VnAffine *layer;
    VnGrid grid;
    int input; /**< what was normalised, for VnAffine.exact; else VN_NONE */
    int saved; /**< normalised as binary16, else VN_NONE */
} VnNormUse;

typedef struct VnAttentionUse {
    VnGrid grid;           /**< of the output */
    int qkv, output, rows; /**< see VnAttention */
    int forward, backward; /**< transposed matrices */
} VnAttentionUse;

typedef struct VnProgram {
    int input, latent, latent_gradient, gradient; /**< values; the gradients VN_NONE in a forward-only program */
    unsigned count, forward_count;                /**< operations, and how many of them are the forward pass */
    unsigned values, norms, attentions;
    VnOp ops[VN_MAX_OPS];
    VnValue value[VN_MAX_VALUES];
    VnNormUse norm[VN_MAX_NORMS];
    VnAttentionUse attention[VN_MAX_LAYERS];
    VnSection section[VN_MAX_OPS];
    unsigned sections;
    size_t bytes; /**< of the block of all values */
} VnProgram;

/** 64-bit words of one row of sign bits. */
static inline size_t vn_mask_words(VnGrid g) { return ((size_t)g.width * g.channels + 63) / 64; }

/** Write the program, and find first and last uses.
 * @param width,height of the input, positive multiples of the encoder's stride */
void vn_program_make(VnProgram *program, const VnEncoder *encoder, uint32_t width, uint32_t height, bool backward);

/** Give every value its place. */
void vn_program_lay_out(VnProgram *program);

#endif
