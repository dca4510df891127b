/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The layers of an encoder as they are held in memory. Private to nn.
 *
 * Activations are (H, pitch, C) float32 with pitch = W + 1: after each row one pixel of zeros, and a row of zeros above
 * and below, so that a 3x3 neighbourhood never needs a bounds check.
 */
#ifndef VN_NN_LAYERS_H
#define VN_NN_LAYERS_H

#include "nn/builtin.h"
#include "nn/encoder.h"
#include "nn/safetensors.h"

enum {
    VN_MAX_LAYERS = 64,
    VN_MAX_CHANNELS = 1024,
    VN_MAX_STRIDE = 64,  /* pictures are rounded to this (protect_image.c) */
    VN_MAX_SIDE = 65536, /* pixels: keeps every row below 2^31 values, which gemm's integers need */
    VN_BLOCK = 16        /* input channels that a 3x3 convolution on gemm sums over before it rounds into the output */
};

/** A convolution, 3x3 with padding 1 (taps 3) or 1x1 (taps 1), packed for the kernels it runs on.
 *
 * In float32, own kernels sum a 3x3 convolution in the order that oneDNN has on this processor, so that sums equal
 * PyTorch's bit for bit: with AVX-512, over blocks of 16 input channels, each block's sum added to the bias in turn; with
 * AVX2 only, over blocks of 8, in one sum that starts at the bias; within a block over (ky, kx, channel). It matters
 * because the backward pass has a step at 0 of each ReLU's input: where rounding changes a sign, a gradient differs by
 * 1e-4 to 1e-2, and in a large picture some always does. Winograd's method has another order (conv_winograd.h): pass.c
 * says where it is used. */
typedef struct VnConv {
    unsigned in, out, taps, stride;
    bool shift; /**< stride 2 only: taps at 2x, 2x + 1, 2x + 2 (padding on the right and below), not from 2x - 1 on */
    bool flip;  /**< backward is a convolution with flipped, transposed weights; else patch gradients are added up */
    /* On bfloat16 tiles (kern/tiles.h), where the processor has them: */
    uint16_t *tiles, *tiles_back; /**< forward and backward, the latter a part for each kind of position (reach.h) */
    /* Else on own float32 kernels (kern/direct.h), where they win: */
    float *panels, *panels_back; /**< the same */
    size_t back_at[4];           /**< where the parts begin */
    unsigned block;              /**< input channels of a block of the panels */
    bool through;                /**< a block's sum goes on from the one before, see VnDirectConv */
    /* On gemm: */
    float *forward;     /**< per block of input channels: (ky, kx, channel) x out */
    float *backward;    /**< flip: the same for the convolution from out to in; else out x (ky, kx, in) */
    float *bias;        /**< bias_period values: out of them, repeated; NULL: none */
    size_t bias_period; /**< a multiple of 64 and of out */
} VnConv;

/** A GroupNorm and what follows it. */
typedef struct VnAffine {
    float *gamma, *beta; /**< one for each channel; NULL: there is no such layer */
    unsigned channels, groups;
    float epsilon;
    bool silu;  /**< a SiLU follows */
    bool exact; /**< its input is kept in float32 for the backward pass, because signs depend on it; else as binary16 */
} VnAffine;

typedef enum VnLayerKind {
    VN_LAYER_CONV,     /**< norm[0] if it has one, conv[0] */
    VN_LAYER_BLOCK,    /**< conv[0], ReLU, conv[1], ReLU, conv[2], plus the input or skip_conv of it, ReLU */
    VN_LAYER_RESIDUAL, /**< norm[0], conv[0], norm[1], conv[1], plus the input or skip_conv of it */
    VN_LAYER_ATTENTION /**< norm[0], conv[0] to query, key and value, attention, conv[1], plus the input */
} VnLayerKind;

typedef struct VnLayer {
    VnLayerKind kind;
    VnConv conv[3];
    VnAffine norm[2];
    bool relu;        /**< VN_LAYER_CONV: a ReLU follows */
    unsigned shuffle; /**< VN_LAYER_CONV: then each pixel becomes a square of so many on a side; 0: it does not */
    bool skip;        /**< has a 1x1 skip from conv[0].in channels to the last convolution's out */
    bool pool;        /**< VN_LAYER_BLOCK: x + pool_out(ReLU(norm[0](pool_in(x)))) comes first */
    VnConv skip_conv; /**< without bias: a residual layer's is in conv[1]'s */
    VnConv pool_in, pool_out; /**< 1x1, to four times as many channels and back */
} VnLayer;

struct VnEncoder {
    VnEncoderInfo info;
    const VnBuiltin *builtin; /**< what it was opened from, or NULL */
    bool centred;             /**< takes 2 * rgb - 1 */
    unsigned count;
    VnLayer layers[VN_MAX_LAYERS];
};

/** A model's name as it is printed and becomes a JSON key: printable ASCII, cut to fit. */
void vn_model_name(char out[64], const char *name);

/** Find the family of a file's tensors and load them. @param net zeroed; on failure the caller releases what it holds.
 * Fills family, stride, latent_channels, width, pooled, macs_per_pixel, attention_macs and parameters of net->info. */
VernisStatus vn_family_load(VnEncoder *net, const VnTensors *tensors, VnError *err);

#endif
