/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * An encoder at one picture size, written out as operations on three buffers ("slots"). Private to nn.
 *
 * Run in order they are the forward pass. Run in reverse, each taking the gradient in slot `up` to slot `down`, they
 * are the backward pass: it needs no activation, only the sign bits of each ReLU and the normalised values of each
 * GroupNorm, and so has the slots to itself.
 */
#ifndef VN_NN_PROGRAM_H
#define VN_NN_PROGRAM_H

#include "nn/conv.h"

enum {
    VN_SLOTS = 3,
    VN_MAX_OPS = VN_MAX_LAYERS * 7, /* a block: pooled branch 3, skip 1, convolutions 3 */
    VN_NO_MASK = -1
};

typedef enum VnOpKind { VN_OP_CONV, VN_OP_NORM } VnOpKind;

typedef struct VnOp {
    VnOpKind kind;
    const VnLayer *layer; /**< for VN_OP_NORM: gamma and beta */
    const VnConv *conv;   /**< for VN_OP_CONV */
    VnGrid in, out;       /**< shapes in slots from and to */
    unsigned from, to;    /**< VN_OP_NORM works in place: the same */
    unsigned other;       /**< join: the slot to add; VN_OP_NORM: one whose content is not needed any more */
    bool add;             /**< forward adds to `to` */
    bool join, relu;      /**< after that: add slot `other`, max(x, 0) */
    int mask;             /**< number of the mask that relu writes, or VN_NO_MASK */
    unsigned up, down;    /**< slots of the gradients at the output and at the input */
    bool back_add;        /**< backward adds to `down`: it holds what others that read `from` gave */
    int down_mask;        /**< mask of the ReLU that made `from`, to apply where its gradient is complete */
} VnOp;

typedef struct VnProgram {
    VnGrid input, latent;
    unsigned latent_slot;   /**< of the latent and of its gradient; the input is in slot 0 */
    unsigned gradient_slot; /**< of the gradient at the input */
    unsigned count, masks;
    VnOp ops[VN_MAX_OPS];
    VnGrid mask_grids[VN_MAX_OPS];
    size_t slot_sizes[VN_SLOTS]; /**< values */
    size_t scratch;              /**< values, of each thread */
    size_t norm_bands;           /**< bands of the tallest normalisation; 0: none */
} VnProgram;

/** Write the program. @param width,height positive multiples of the encoder's stride */
void vn_program_make(VnProgram *program, const VnEncoder *encoder, uint32_t width, uint32_t height);

#endif
