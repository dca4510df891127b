/* SPDX-License-Identifier: Apache-2.0 */
/* Families of tiny autoencoders as tables, and how a file's tensor names and shapes are matched against them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/layers.h"
#include "nn/pack.h"

static const char room[] = "model";

/* One letter per layer of the sequence, numbered from 0. '+' repeats the letter before it. Only 'd' and 's' have
 * stride 2. */
enum {
    CONV = 'c',  /* 3x3, bias */
    STEM = 's',  /* 3x3, bias, stride 2 */
    DOWN = 'd',  /* 3x3, no bias, stride 2 */
    BLOCK = 'b', /* three 3x3 with ReLU between, plus input, ReLU */
    RELU = 'r'
};

/* Layer tables of TAESD and siblings (github.com/madebyollin/taesd, taesd.py and the FLUX.2 and Sana variants). S8 is
 * Vernis's own: almost all of its work at 1/4 and 1/8 of the size. */
static const struct Family {
    const char *name, *layers;
} families[] = {{"T8", "cbdbbbdbbbdbbbc"}, {"T32", "srsrbdbbbdbbbdbbbc"}, {"S8", "srsrb+db+c"}};

enum { FAMILIES = sizeof families / sizeof *families };

/* What the names say about the layers, before any shape is looked at. */
typedef struct Names {
    const VnTensors *tensors;
    char prefix[24]; /* "" or "encoder.layers." */
    unsigned count;
    char kind[VN_MAX_LAYERS + 1];
} Names;

static const char *const block_parts[] = {"conv.0.weight", "conv.0.bias", "conv.2.weight", "conv.2.bias",
                                          "conv.4.weight", "conv.4.bias", "skip.weight",   "pool.0.weight",
                                          "pool.1.weight", "pool.1.bias", "pool.3.weight"};

static bool is_block_part(const char *part) {
    for (size_t i = 0; i < sizeof block_parts / sizeof *block_parts; i++) {
        if (!strcmp(part, block_parts[i]))
            return true;
    }
    return false;
}

static const VnTensor *find(const Names *names, unsigned layer, const char *part) {
    char name[64];
    snprintf(name, sizeof name, "%s%u.%s", names->prefix, layer, part);
    return vn_tensors_find(names->tensors, name);
}

static VernisStatus missing(const Names *names, unsigned layer, const char *part, const char *family, VnError *err) {
    return vn_fail(err, VERNIS_E_MODEL, room, "tensor '%s%u.%s' is missing (a %s encoder needs it)", names->prefix,
                   layer, part, family);
}

/* Note one tensor's layer. Other parts of a full autoencoder (decoder.layers.*) are passed over. */
static VernisStatus read_name(Names *names, const VnTensor *t, bool *blocks, bool *weights, bool *biases,
                              VnError *err) {
    size_t skip = strlen(names->prefix);
    if (strncmp(t->name, names->prefix, skip))
        return VERNIS_OK;
    char *rest;
    const char *digits = t->name + skip;
    unsigned long layer = *digits >= '0' && *digits <= '9' ? strtoul(digits, &rest, 10) : VN_MAX_LAYERS;
    if (layer >= VN_MAX_LAYERS || *rest != '.')
        return vn_fail(err, VERNIS_E_MODEL, room, "tensor '%.100s' belongs to no known encoder family (T8, T32, S8)",
                       t->name);
    rest++;
    if (!strcmp(rest, "weight"))
        weights[layer] = true;
    else if (!strcmp(rest, "bias"))
        biases[layer] = true;
    else if (is_block_part(rest))
        blocks[layer] = true;
    else
        return vn_fail(err, VERNIS_E_MODEL, room, "tensor '%.100s' belongs to no known encoder family (T8, T32, S8)",
                       t->name);
    if (names->count <= layer)
        names->count = (unsigned)layer + 1;
    return VERNIS_OK;
}

/* 'c' or 'd' by bias: which of 'c' and 's' it is the family decides. */
static VernisStatus read_names(Names *names, VnError *err) {
    bool blocks[VN_MAX_LAYERS] = {0}, weights[VN_MAX_LAYERS] = {0}, biases[VN_MAX_LAYERS] = {0};
    static const char prefix[] = "encoder.layers.";
    for (size_t i = 0; i < vn_tensors_count(names->tensors); i++) {
        if (!strncmp(vn_tensors_at(names->tensors, i)->name, prefix, sizeof prefix - 1))
            memcpy(names->prefix, prefix, sizeof prefix);
    }
    for (size_t i = 0; i < vn_tensors_count(names->tensors); i++)
        VN_TRY(read_name(names, vn_tensors_at(names->tensors, i), blocks, weights, biases, err));
    for (unsigned i = 0; i < names->count; i++) {
        if (blocks[i] && (weights[i] || biases[i]))
            return vn_fail(err, VERNIS_E_MODEL, room, "layer %u has tensors of a block and of a convolution", i);
        names->kind[i] = blocks[i] ? BLOCK : weights[i] ? (biases[i] ? CONV : DOWN) : biases[i] ? CONV : RELU;
    }
    return VERNIS_OK;
}

static bool fits(char want, char kind) { return want == STEM ? kind == CONV : want == kind; }

/* How many layers of `kind` the family's table explains from the start; the table's letter for each goes to `roles`.
 * *complete: all of them, and the table has no more to ask for. A repeated letter takes as many as there are. */
static unsigned match(const char *table, const char *kind, char *roles, bool *complete) {
    unsigned n = 0;
    for (; *table; table++) {
        if (*table == '+') {
            while (fits(table[-1], kind[n]))
                roles[n++] = table[-1];
            continue;
        }
        roles[n] = *table;
        if (!fits(*table, kind[n])) {
            *complete = false;
            return n;
        }
        n++;
    }
    *complete = !kind[n];
    return n;
}

static const char *describe(char kind) {
    switch (kind) {
    case CONV:
    case STEM:
        return "a 3x3 convolution with bias";
    case DOWN:
        return "a 3x3 convolution without bias";
    case BLOCK:
        return "a residual block";
    case RELU:
        return "no tensors";
    default:
        return "nothing";
    }
}

/* Choose the family that explains the most layers; when it does not explain all, say where it stops. */
static VernisStatus choose(const struct Family **family, char *roles, const Names *names, VnError *err) {
    unsigned best = 0;
    *family = NULL;
    for (size_t f = 0; f < FAMILIES; f++) {
        char tried[VN_MAX_LAYERS + 2] = "";
        bool complete;
        unsigned n = match(families[f].layers, names->kind, tried, &complete);
        if (complete || !*family || n > best) {
            best = n;
            *family = &families[f];
            memcpy(roles, tried, sizeof tried);
        }
        if (complete)
            return VERNIS_OK;
    }
    const char *name = (*family)->name;
    if (best < 2)
        return vn_fail(err, VERNIS_E_MODEL, room, "the tensors belong to no known encoder family (T8, T32, S8)");
    if (best == names->count && roles[best])
        return vn_fail(err, VERNIS_E_MODEL, room, "ends after layer %u; a %s encoder goes on with %s", best - 1, name,
                       describe(roles[best]));
    if (!roles[best])
        return vn_fail(err, VERNIS_E_MODEL, room, "a %s encoder ends after layer %u, but there are %u layers", name,
                       best - 1, names->count);
    if (names->kind[best] == RELU)
        return missing(names, best, roles[best] == BLOCK ? "conv.0.weight" : "weight", name, err);
    return vn_fail(err, VERNIS_E_MODEL, room, "layer %u is %s, but a %s encoder has %s there", best,
                   describe(names->kind[best]), name, describe(roles[best]));
}

/* The tensor of a layer's part, which must be there and have this shape. A zero in `shape` takes any size up to the
 * limit. */
static VernisStatus need(const VnTensor **out, const Names *names, const char *family, unsigned layer, const char *part,
                         unsigned rank, const size_t *shape, VnError *err) {
    const VnTensor *t = *out = find(names, layer, part);
    if (!t) {
        missing(names, layer, part, family, err);
        return VERNIS_E_MODEL;
    }
    bool good = t->rank == rank;
    for (unsigned i = 0; good && i < rank; i++) {
        if (!t->shape[i] || (shape[i] ? t->shape[i] != shape[i] : t->shape[i] > VN_MAX_CHANNELS))
            good = false;
    }
    if (good)
        return VERNIS_OK;
    char have[64], want[64], *any;
    vn_shape_text(want, rank, shape);
    if ((any = strstr(want, "[0")))
        any[1] = 'N';
    return vn_fail(err, VERNIS_E_MODEL, room, "tensor '%.100s' has shape %s; a %s encoder needs %s there", t->name,
                   vn_shape_text(have, t->rank, t->shape), family, want);
}

typedef struct Loader {
    VnEncoder *net;
    const Names *names;
    const char *family;
    unsigned channels; /* of what flows into the next layer */
    unsigned stride;   /* reached so far */
    VnError *err;
} Loader;

/* @param out 0: any */
static VernisStatus load_conv(Loader *l, VnConv *conv, unsigned layer, const char *part, unsigned in, unsigned out,
                              unsigned taps, unsigned stride, bool bias) {
    char name[24];
    const VnTensor *weight, *bias_tensor = NULL;
    snprintf(name, sizeof name, "%sweight", part);
    VN_TRY(need(&weight, l->names, l->family, layer, name, 4, (size_t[]){out, in, taps, taps}, l->err));
    if (bias) {
        snprintf(name, sizeof name, "%sbias", part);
        VN_TRY(need(&bias_tensor, l->names, l->family, layer, name, 1, weight->shape, l->err));
    }
    VN_TRY(vn_conv_pack(conv, weight, bias_tensor, stride, l->err));
    double area = (double)l->stride * stride;
    l->net->info.macs_per_pixel += (double)weight->count / (area * area);
    l->net->info.parameters += weight->count + (bias ? conv->out : 0);
    return VERNIS_OK;
}

static VernisStatus load_pool(Loader *l, VnLayer *layer, unsigned i) {
    unsigned c = l->channels, wide = c * VN_POOL_WIDEN;
    const VnTensor *gamma, *beta;
    VN_TRY(load_conv(l, &layer->pool_in, i, "pool.0.", c, wide, 1, 1, false));
    VN_TRY(need(&gamma, l->names, l->family, i, "pool.1.weight", 1, (size_t[]){wide}, l->err));
    VN_TRY(need(&beta, l->names, l->family, i, "pool.1.bias", 1, (size_t[]){wide}, l->err));
    VN_TRY(load_conv(l, &layer->pool_out, i, "pool.3.", wide, c, 1, 1, false));
    VN_TRY(vn_tensor_copy(&layer->gamma, gamma, l->err));
    VN_TRY(vn_tensor_copy(&layer->beta, beta, l->err));
    l->net->info.parameters += 2 * (size_t)wide;
    l->net->info.pooled = layer->pool = true;
    return VERNIS_OK;
}

static VernisStatus load_block(Loader *l, VnLayer *layer, unsigned i) {
    layer->kind = VN_LAYER_BLOCK;
    static const char *const pool_parts[] = {"pool.0.weight", "pool.1.weight", "pool.1.bias", "pool.3.weight"};
    for (unsigned p = 0; p < 4 && !layer->pool; p++) {
        if (find(l->names, i, pool_parts[p]))
            VN_TRY(load_pool(l, layer, i));
    }
    VN_TRY(load_conv(l, &layer->conv[0], i, "conv.0.", l->channels, 0, 3, 1, true));
    unsigned width = layer->conv[0].out;
    VN_TRY(load_conv(l, &layer->conv[1], i, "conv.2.", width, width, 3, 1, true));
    VN_TRY(load_conv(l, &layer->conv[2], i, "conv.4.", width, width, 3, 1, true));
    layer->skip = width != l->channels || find(l->names, i, "skip.weight");
    if (layer->skip)
        VN_TRY(load_conv(l, &layer->skip_conv, i, "skip.", l->channels, width, 1, 1, false));
    l->channels = width;
    return VERNIS_OK;
}

VernisStatus vn_family_load(VnEncoder *net, const VnTensors *tensors, VnError *err) {
    Names names = {.tensors = tensors};
    const struct Family *family;
    char roles[VN_MAX_LAYERS + 2] = "";
    VN_TRY(read_names(&names, err));
    VN_TRY(choose(&family, roles, &names, err));
    Loader l = {.net = net, .names = &names, .family = family->name, .channels = 3, .stride = 1, .err = err};
    for (unsigned i = 0; i < names.count; i++) {
        if (roles[i] == RELU) {
            net->layers[net->count - 1].relu = true;
            continue;
        }
        VnLayer *layer = &net->layers[net->count++];
        if (roles[i] == BLOCK) {
            VN_TRY(load_block(&l, layer, i));
            continue;
        }
        unsigned stride = roles[i] == CONV ? 1 : 2;
        VN_TRY(load_conv(&l, &layer->conv[0], i, "", l.channels, 0, 3, stride, roles[i] != DOWN));
        l.channels = layer->conv[0].out;
        l.stride *= stride;
    }
    net->info.family = family->name;
    net->info.stride = l.stride;
    net->info.latent_channels = l.channels;
    net->info.width = net->layers[net->count - 2].conv[0].out;
    return VERNIS_OK;
}
