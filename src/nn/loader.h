/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * What the families have in common when they take their layers from a file's tensors. Private to nn.
 */
#ifndef VN_NN_LOADER_H
#define VN_NN_LOADER_H

#include "nn/layers.h"

enum { VN_PREFIX_SIZE = 64, VN_NAME_SIZE = 160 };

/** An encoder on its way from the input to the latent. */
typedef struct VnLoader {
    VnEncoder *net;
    const VnTensors *tensors;
    const char *family;
    const char *role;            /**< "encoder" or "decoder" */
    char prefix[VN_PREFIX_SIZE]; /**< before every tensor's name */
    unsigned channels;           /**< of what flows into the next layer */
    unsigned stride;             /**< reached so far */
    VnError *err;
} VnLoader;

/** The tensor `name` after the prefix, or NULL. */
const VnTensor *vn_loader_find(const VnLoader *l, const char *name);
/** Whether any tensor's name begins with prefix and `start`. */
bool vn_loader_any(const VnLoader *l, const char *start);
VernisStatus vn_loader_missing(const VnLoader *l, const char *name);

/** The tensor, which must be there and have this shape. A zero in `shape` takes any size up to VN_MAX_CHANNELS. */
VernisStatus vn_loader_need(const VnLoader *l, const VnTensor **out, const char *name, unsigned rank,
                            const size_t *shape);
/** A convolution's weight (out, in, taps, taps); for taps 1 also a linear layer's (out, in).
 * @param out shape of four dimensions either way */
VernisStatus vn_loader_weight(const VnLoader *l, VnTensor *out, const char *name, unsigned to, unsigned from,
                              unsigned taps);

/** Tensors `stem`weight and, if `bias`, `stem`bias as a convolution of l->channels. @param out channels, 0: any */
VernisStatus vn_loader_conv(VnLoader *l, VnConv *conv, const char *stem, unsigned out, unsigned taps, unsigned stride,
                            bool bias);
/** Count a layer's multiply-adds and values in net->info. */
void vn_loader_count(VnLoader *l, size_t weights, size_t biases);

/** Tensors `stem`weight and `stem`bias as a GroupNorm of l->channels; the rest of `norm` is the caller's. */
VernisStatus vn_loader_norm(VnLoader *l, VnAffine *norm, const char *stem);

/** Tensors `stem`conv.0.weight to conv.4.bias as a residual block, with `stem`skip. and `stem`pool. where they are. */
VernisStatus vn_loader_block(VnLoader *l, VnLayer *layer, unsigned i);

/** The next layer. @return NULL, and l->err set, when there are too many */
VnLayer *vn_loader_layer(VnLoader *l, VnLayerKind kind);

/* The families. @param l prefix set by vn_family_load */
VernisStatus vn_tiny_load(VnLoader *l); /**< T8, T32, S8 */
VernisStatus vn_kl_load(VnLoader *l);

#endif
