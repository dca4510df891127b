/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Decoders: small networks that paint a picture from the latent of one of Vernis's own encoders, forward only.
 */
#ifndef VN_NN_DECODER_H
#define VN_NN_DECODER_H

#include "nn/encoder.h"

typedef struct VnDecoder VnDecoder;

/** What was found in the file. Sizes come from the tensors. */
typedef struct VnDecoderInfo {
    char name[64];            /**< metadata "vernis.name", else the name it was opened by */
    char encoder[64];         /**< metadata "vernis.decodes": whose latent it reads */
    unsigned latent_channels; /**< z */
    unsigned stride;          /**< pixels on a side that it paints per latent cell */
    double macs_per_pixel;    /**< multiply-adds per painted pixel */
    size_t parameters;
    size_t file_bytes;
    size_t weight_bytes; /**< memory that the loaded weights take */
} VnDecoderInfo;

/** Load from the bytes of a .safetensors file, which must stay valid only during the call.
 *
 * Tensors decoder.N., in the order of N: 3x3 convolutions with bias and residual blocks as an encoder's. A ReLU follows
 * each convolution but the last. Where the next layer, or the picture's three colours, take fewer channels than a
 * convolution makes, r*r times fewer, each pixel becomes a square of r on a side (channel (c*r + dy)*r + dx).
 * @return VERNIS_E_FORMAT for a broken container, VERNIS_E_MODEL where it is no decoder or a tensor is missing, mis-shaped
 * or not finite (the text says which and why), VERNIS_E_LIMIT for absurd sizes */
VernisStatus vn_decoder_open_bytes(VnDecoder **out, const uint8_t *data, size_t size, const char *name, VnError *err);
/** The decoder that came with a built-in encoder. *out is NULL, and that no error, where it has none or is no built-in. */
VernisStatus vn_decoder_open_for(VnDecoder **out, const VnEncoder *encoder, VnError *err);
void vn_decoder_close(VnDecoder **decoder);
const VnDecoderInfo *vn_decoder_info(const VnDecoder *decoder);

/** Paint a latent. Takes memory for its activations only during the call: about 6 MB at 64x64 cells.
 * @param latent (z,height,width); @param rgb (3, height*stride, width*stride), filled with sRGB cut to 0..1
 * @return VERNIS_E_MEMORY, before anything else, when it does not fit; VERNIS_E_LIMIT for a picture too large */
VernisStatus vn_decoder_run(const VnDecoder *decoder, const float *latent, uint32_t width, uint32_t height, float *rgb,
                            VnPool *pool, VnError *err);

#endif
