/* SPDX-License-Identifier: Apache-2.0 */
/* A decoder is held and run as a chain of layers like an encoder's, from the latent to the picture. */
#include "nn/decoder.h"

#include <stdio.h>

#include "nn/loader.h"

enum { COLOURS = 3, MAX_SHUFFLE = 8 };

static const char room[] = "model";

struct VnDecoder {
    VnDecoderInfo info;
    VnEncoder *net; /* the layers; of its own info only what vn_pass_open reads */
};

void vn_decoder_close(VnDecoder **decoder) {
    if (!*decoder)
        return;
    vn_encoder_close(&(*decoder)->net);
    vn_free(*decoder);
    *decoder = NULL;
}

const VnDecoderInfo *vn_decoder_info(const VnDecoder *decoder) { return &decoder->info; }

/* The last layer becomes a convolution whose pixels are spread over squares, where that makes `want` channels of what it
 * makes now. Where it does not, the next layer will be refused. */
static VernisStatus meet(VnLoader *l, unsigned *stride, size_t want) {
    VnLayer *last = l->net->count ? &l->net->layers[l->net->count - 1] : NULL;
    if (!last || last->kind != VN_LAYER_CONV)
        return VERNIS_OK;
    for (unsigned side = 2; side <= MAX_SHUFFLE; side++) {
        if (want * side * side != l->channels)
            continue;
        last->shuffle = side;
        l->channels = (unsigned)want;
        *stride *= side;
        if (*stride > VN_MAX_STRIDE)
            return vn_fail(l->err, VERNIS_E_LIMIT, room, "paints %u pixels a cell; at most %d are possible", *stride,
                           VN_MAX_STRIDE);
    }
    return VERNIS_OK;
}

/* Layer number i, unless there is none. @param macs of all layers so far, per latent cell */
static VernisStatus load_layer(VnLoader *l, unsigned i, unsigned *stride, double *macs) {
    char name[VN_NAME_SIZE];
    snprintf(name, sizeof name, "%u.weight", i);
    const VnTensor *weight = vn_loader_find(l, name);
    bool block = !weight;
    if (block) {
        snprintf(name, sizeof name, "%u.conv.0.weight", i);
        weight = vn_loader_find(l, name);
    }
    if (!weight)
        return VERNIS_OK;
    if (!l->net->count) {
        if (block)
            return vn_fail(l->err, VERNIS_E_MODEL, room, "a %s %s begins with a convolution", l->family, l->role);
        VN_TRY(vn_loader_need(l, &weight, name, 4, (size_t[]){0, 0, 3, 3}));
        l->channels = (unsigned)weight->shape[1];
    } else if (weight->rank == 4) {
        VN_TRY(meet(l, stride, weight->shape[1]));
    }
    VnLayer *layer = vn_loader_layer(l, block ? VN_LAYER_BLOCK : VN_LAYER_CONV);
    if (!layer)
        return VERNIS_E_LIMIT;
    l->net->info.macs_per_pixel = 0;
    if (block) {
        VN_TRY(vn_loader_block(l, layer, i));
    } else {
        snprintf(name, sizeof name, "%u.", i);
        VN_TRY(vn_loader_conv(l, &layer->conv[0], name, 0, 3, 1, true));
        layer->relu = true;
    }
    *macs += l->net->info.macs_per_pixel * *stride * *stride;
    return VERNIS_OK;
}

static VernisStatus load(VnDecoder *d, const VnTensors *tensors, VnError *err) {
    VnLoader l = {.net = d->net,
                  .tensors = tensors,
                  .family = "S8",
                  .role = "decoder",
                  .prefix = "decoder.",
                  .stride = 1,
                  .err = err};
    unsigned stride = 1;
    double macs = 0;
    for (unsigned i = 0; i < VN_MAX_LAYERS; i++)
        VN_TRY(load_layer(&l, i, &stride, &macs));
    if (!d->net->count)
        return vn_loader_missing(&l, "0.weight");
    VN_TRY(meet(&l, &stride, COLOURS));
    VnLayer *last = &d->net->layers[d->net->count - 1];
    if (last->kind != VN_LAYER_CONV || l.channels != COLOURS)
        return vn_fail(
            err, VERNIS_E_MODEL, room,
            "ends with %u channels; a %s %s ends with a convolution to 3 colours of 1 to %d squared pixels each",
            l.channels, l.family, l.role, MAX_SHUFFLE);
    last->relu = false;
    d->net->info.stride = 1; /* any number of cells will do */
    d->info.latent_channels = d->net->layers[0].conv[0].in;
    d->info.stride = stride;
    d->info.macs_per_pixel = macs / stride / stride;
    d->info.parameters = d->net->info.parameters;
    return VERNIS_OK;
}

VernisStatus vn_decoder_open_bytes(VnDecoder **out, const uint8_t *data, size_t size, const char *name, VnError *err) {
    *out = NULL;
    VnTensors *tensors;
    size_t before = vn_mem_used();
    VN_TRY(vn_tensors_open(&tensors, data, size, err));
    VernisStatus status;
    VnDecoder *d = vn_calloc(1, sizeof *d);
    if (d)
        d->net = vn_calloc(1, sizeof *d->net);
    if (!d || !d->net) {
        status = vn_no_memory(err, room, sizeof *d->net, "the decoder");
        goto done;
    }
    const char *encoder = vn_tensors_meta(tensors, "vernis.decodes"), *own = vn_tensors_meta(tensors, "vernis.name");
    if (!encoder || !*encoder) {
        status = vn_fail(err, VERNIS_E_MODEL, room, "is no decoder: its metadata has no \"vernis.decodes\"");
        goto done;
    }
    vn_model_name(d->info.encoder, encoder);
    vn_model_name(d->info.name, own && *own ? own : name);
    vn_model_name(d->net->info.name, d->info.name);
    d->info.file_bytes = size;
    VN_CHECK(load(d, tensors, err));
    vn_tensors_close(&tensors);
    d->info.weight_bytes = vn_mem_used() - before;
    *out = d;
    d = NULL;
done:
    vn_decoder_close(&d);
    vn_tensors_close(&tensors);
    return status;
}

VernisStatus vn_decoder_open_for(VnDecoder **out, const VnEncoder *encoder, VnError *err) {
    const VnBuiltin *b = encoder->builtin;
    *out = NULL;
    if (!b || !b->decoder)
        return VERNIS_OK;
    VernisStatus status =
        vn_decoder_open_bytes(out, b->decoder, (size_t)(b->decoder_end - b->decoder), b->decoder_name, err);
    if (!status && ((*out)->info.latent_channels != encoder->info.latent_channels ||
                    (*out)->info.stride != encoder->info.stride)) {
        status = vn_fail(err, VERNIS_E_MODEL, room, "%u channels at 1/%u, but the latent of %s has %u at 1/%u",
                         (*out)->info.latent_channels, (*out)->info.stride, encoder->info.name,
                         encoder->info.latent_channels, encoder->info.stride);
        vn_decoder_close(out);
    }
    vn_error_name(err, b->decoder_name);
    return status;
}

VernisStatus vn_decoder_run(const VnDecoder *decoder, const float *latent, uint32_t width, uint32_t height, float *rgb,
                            VnPool *pool, VnError *err) {
    unsigned stride = decoder->info.stride;
    VnPass *pass;
    if (width > VN_MAX_SIDE / stride || height > VN_MAX_SIDE / stride)
        return vn_fail(err, VERNIS_E_LIMIT, "decoder",
                       "%ux%u cells of %u pixels are over the limit of %d pixels on a side", width, height, stride,
                       VN_MAX_SIDE);
    VN_TRY(vn_pass_open(&pass, decoder->net, width, height, false, NULL, pool, err));
    vn_pass_forward(pass, latent, rgb);
    vn_pass_close(&pass);
    size_t n = vn_mul(vn_mul(width, height), (size_t)COLOURS * stride * stride);
    for (size_t i = 0; i < n; i++)
        rgb[i] = rgb[i] > 0 ? (rgb[i] < 1 ? rgb[i] : 1) : 0; /* what is no number too: weights may be huge */
    return VERNIS_OK;
}
