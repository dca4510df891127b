/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Surrogate encoders: load once, const afterwards; a pass holds the memory of one picture size.
 */
#ifndef VN_NN_ENCODER_H
#define VN_NN_ENCODER_H

#include <stdbool.h>

#include "base/mem.h"
#include "base/pool.h"

typedef struct VnEncoder VnEncoder;

/** What was found in the file. Sizes come from the tensors, never assumed. */
typedef struct VnEncoderInfo {
    char name[64];            /**< metadata "vernis.name", else the file's base name without extension */
    const char *family;       /**< "T8", "T32", "KL", "S8" (Vernis's own: stem of two stride-2 convolutions) */
    unsigned stride;          /**< pixels per latent cell */
    unsigned latent_channels; /**< z */
    unsigned width;           /**< channels c */
    bool pooled;              /**< has pooled branches (global statistics) */
    double macs_per_pixel;    /**< multiply-adds of one forward pass per input pixel, without attention's matrix */
    double attention_macs;    /**< those of attention's matrix, per pair of input pixels; 0: none */
    size_t parameters;
    size_t file_bytes;
    size_t weight_bytes; /**< memory that the loaded weights take */
} VnEncoderInfo;

/** Load from a .safetensors file. @return VERNIS_E_FORMAT for a broken container, VERNIS_E_MODEL when no family fits or
 * a tensor is missing, mis-shaped or not finite (the text says which and why), VERNIS_E_LIMIT for absurd sizes */
VernisStatus vn_encoder_open(VnEncoder **out, const char *path, VnError *err);
/** The same from memory that must stay valid only during the call. */
VernisStatus vn_encoder_open_bytes(VnEncoder **out, const uint8_t *data, size_t size, const char *name, VnError *err);
void vn_encoder_close(VnEncoder **encoder);
const VnEncoderInfo *vn_encoder_info(const VnEncoder *encoder);

/** The built-in surrogates, compiled in from presets/models. */
size_t vn_builtin_count(void);
const char *vn_builtin_name(size_t index);
const char *vn_builtin_decoder_name(size_t index); /**< NULL: it has none; decoder.h opens it */
VernisStatus vn_builtin_open(VnEncoder **out, size_t index, VnError *err);

/** An encoder at one size, in one planned block of memory. Not shareable between threads; uses the pool inside. */
typedef struct VnPass VnPass;

/** Memory for passes that take turns: a forward pass of another one in between, and there is nothing to go backward from.
 * Zeroed at first. When a pass cannot be opened in it, those in it must be closed. */
typedef struct VnPassRoom {
    uint8_t *block;
    size_t bytes; /**< that the largest needs */
} VnPassRoom;

void vn_pass_room_free(VnPassRoom *room); /**< after the passes in it are closed; takes a zeroed struct */

/** Bytes that vn_pass_open would take, for a pool of this many threads; the weights are VnEncoderInfo.weight_bytes.
 * SIZE_MAX: beyond counting. @param width,height as for vn_pass_open */
size_t vn_pass_plan(const VnEncoder *encoder, uint32_t width, uint32_t height, bool backward, unsigned threads);

/** @param width,height in pixels, each a positive multiple of the stride; @param backward false: forward only, less
 * memory; @param room kept, NULL: the pass has its own
 * @return VERNIS_E_MEMORY, before anything else, when it does not fit; the text says what is needed */
VernisStatus vn_pass_open(VnPass **out, const VnEncoder *encoder, uint32_t width, uint32_t height, bool backward,
                          VnPassRoom *room, VnPool *pool, VnError *err);
void vn_pass_close(VnPass **pass);
size_t vn_pass_bytes(const VnPass *pass); /**< the planned block */

/** Whether forward passes may round more. On tiles (AMX) all they read, but the picture, becomes bfloat16: one product
 * instead of three; kern/tiles.h says what it costs a latent and a gradient, and steps that take the sign of an averaged
 * gradient do not mind. On AVX-512 convolutions run by Winograd's method (nn/conv_winograd.h), which they do in any case
 * on AVX2 and in encoders without ReLU. Off at first. */
void vn_pass_coarse(VnPass *pass, bool coarse);

/** @param rgb (3,H,W) sRGB 0..1; @param latent (z, H/stride, W/stride) */
void vn_pass_forward(VnPass *pass, const float *rgb, float *latent);
/** Gradient with respect to the input of the last forward, once after each: rgb_gradient = J' latent_gradient.
 * @param latent_gradient (z,h,w), may be overwritten; @param rgb_gradient (3,H,W) */
void vn_pass_backward(VnPass *pass, float *latent_gradient, float *rgb_gradient);

#endif
