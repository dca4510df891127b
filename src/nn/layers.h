/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The layers of an encoder as they are held in memory. Private to nn.
 *
 * Activations are (H, pitch, C) float32 with pitch = W + 1: after each row one pixel of zeros, and a row of zeros above
 * and below, so that a 3x3 neighbourhood never needs a bounds check.
 */
#ifndef VN_NN_LAYERS_H
#define VN_NN_LAYERS_H

#include "nn/encoder.h"
#include "nn/safetensors.h"

enum {
    VN_MAX_LAYERS = 32,
    VN_MAX_CHANNELS = 1024,
    VN_BLOCK = 16,      /* input channels that a 3x3 convolution sums over before it rounds into the output */
    VN_POOL_GROUPS = 4, /* groups of the pooled branch's GroupNorm */
    VN_POOL_WIDEN = 4   /* its width in multiples of the block's */
};
#define VN_POOL_EPSILON 1e-5f

/** A convolution, 3x3 with padding 1 (taps 3) or 1x1 (taps 1), packed for gemm.
 *
 * A 3x3 convolution sums over blocks of VN_BLOCK input channels, one gemm each, added to the bias in turn; within a
 * block over (ky, kx, channel). That is oneDNN's order on a processor with AVX-512, and OpenBLAS's SkylakeX kernel
 * keeps it: the sums then equal PyTorch's bit for bit. It matters because the backward pass has a step at 0 of each
 * ReLU's input: where rounding changes a sign, a gradient differs by 1e-4 to 1e-2, and in a large picture some always
 * does. */
typedef struct VnConv {
    unsigned in, out, taps, stride;
    bool shift; /**< stride 2 only: taps at 2x, 2x + 1, 2x + 2 (padding on the right and below), not from 2x - 1 on */
    bool flip; /**< backward is a convolution with flipped, transposed weights; else patch gradients are added up */
    /* On bfloat16 tiles (kern/tiles.h), where the processor has them: */
    uint16_t *tiles, *tiles_back; /**< forward and backward, the latter a part for each kind of position (reach.h) */
    /* Else on own float32 kernels (kern/direct.h), where they win: */
    float *panels, *panels_back; /**< the same */
    size_t back_at[4];           /**< where the parts begin */
    /* On gemm: */
    float *forward;     /**< per block of input channels: (ky, kx, channel) x out */
    float *backward;    /**< flip: the same for the convolution from out to in; else out x (ky, kx, in) */
    float *bias;        /**< bias_period values: out of them, repeated; NULL: none */
    size_t bias_period; /**< a multiple of 64 and of out */
} VnConv;

typedef enum VnLayerKind { VN_LAYER_CONV, VN_LAYER_BLOCK } VnLayerKind;

typedef struct VnLayer {
    VnLayerKind kind;
    VnConv conv[3];           /**< one for VN_LAYER_CONV, three for a block */
    bool relu;                /**< VN_LAYER_CONV: a ReLU follows */
    bool skip, pool;          /**< block: has a 1x1 skip, a pooled branch */
    VnConv skip_conv;         /**< 1x1, conv[0].in to conv[2].out */
    VnConv pool_in, pool_out; /**< 1x1, conv[0].in to 4 times as many and back */
    float *gamma, *beta;      /**< GroupNorm between them, pool_in.out values each */
} VnLayer;

struct VnEncoder {
    VnEncoderInfo info;
    unsigned count;
    VnLayer layers[VN_MAX_LAYERS];
};

/** Find the family of a file's tensors and load them. @param net zeroed; on failure the caller releases what it holds.
 * Fills family, stride, latent_channels, width, pooled, macs_per_pixel and parameters of net->info. */
VernisStatus vn_family_load(VnEncoder *net, const VnTensors *tensors, VnError *err);

#endif
