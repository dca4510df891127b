/* SPDX-License-Identifier: Apache-2.0 */
/* Families of tiny autoencoders as tables, and how a file's tensor names and shapes are matched against them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/loader.h"

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
    const VnLoader *loader;
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

static VernisStatus unknown(const VnTensor *t, VnError *err) {
    return vn_fail(err, VERNIS_E_MODEL, room, "tensor '%.100s' belongs to no known encoder family (T8, T32, S8, KL)",
                   t->name);
}

/* Note one tensor's layer. Names that go on without a layer's number belong to other parts of a larger file. */
static VernisStatus read_name(Names *names, const VnTensor *t, bool *blocks, bool *weights, bool *biases) {
    VnError *err = names->loader->err;
    size_t skip = strlen(names->loader->prefix);
    const char *digits = t->name + skip;
    if (strncmp(t->name, names->loader->prefix, skip) || *digits < '0' || *digits > '9')
        return VERNIS_OK;
    char *rest;
    unsigned long layer = strtoul(digits, &rest, 10);
    if (layer >= VN_MAX_LAYERS || *rest != '.')
        return unknown(t, err);
    rest++;
    if (!strcmp(rest, "weight"))
        weights[layer] = true;
    else if (!strcmp(rest, "bias"))
        biases[layer] = true;
    else if (is_block_part(rest))
        blocks[layer] = true;
    else
        return unknown(t, err);
    if (names->count <= layer)
        names->count = (unsigned)layer + 1;
    return VERNIS_OK;
}

/* 'c' or 'd' by bias: which of 'c' and 's' it is the family decides. */
static VernisStatus read_names(Names *names) {
    bool blocks[VN_MAX_LAYERS] = {0}, weights[VN_MAX_LAYERS] = {0}, biases[VN_MAX_LAYERS] = {0};
    const VnTensors *tensors = names->loader->tensors;
    for (size_t i = 0; i < vn_tensors_count(tensors); i++)
        VN_TRY(read_name(names, vn_tensors_at(tensors, i), blocks, weights, biases));
    for (unsigned i = 0; i < names->count; i++) {
        if (blocks[i] && (weights[i] || biases[i]))
            return vn_fail(names->loader->err, VERNIS_E_MODEL, room,
                           "layer %u has tensors of a block and of a convolution", i);
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
static VernisStatus choose(const struct Family **family, char *roles, const Names *names) {
    VnError *err = names->loader->err;
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
        return vn_fail(err, VERNIS_E_MODEL, room, "the tensors belong to no known encoder family (T8, T32, S8, KL)");
    if (best == names->count && roles[best])
        return vn_fail(err, VERNIS_E_MODEL, room, "ends after layer %u; a %s encoder goes on with %s", best - 1, name,
                       describe(roles[best]));
    if (!roles[best])
        return vn_fail(err, VERNIS_E_MODEL, room, "a %s encoder ends after layer %u, but there are %u layers", name,
                       best - 1, names->count);
    if (names->kind[best] == RELU) {
        char lacking[VN_NAME_SIZE];
        VnLoader named = *names->loader;
        named.family = name;
        snprintf(lacking, sizeof lacking, "%u.%s", best, roles[best] == BLOCK ? "conv.0.weight" : "weight");
        return vn_loader_missing(&named, lacking);
    }
    return vn_fail(err, VERNIS_E_MODEL, room, "layer %u is %s, but a %s encoder has %s there", best,
                   describe(names->kind[best]), name, describe(roles[best]));
}

/* "LAYER.PART" */
static const char *stem(char out[VN_NAME_SIZE], unsigned layer, const char *part) {
    snprintf(out, VN_NAME_SIZE, "%u.%s", layer, part);
    return out;
}

static VernisStatus load_pool(VnLoader *l, VnLayer *layer, unsigned i) {
    unsigned c = l->channels;
    char name[VN_NAME_SIZE];
    layer->norm[0].groups = 4;
    layer->norm[0].epsilon = 1e-5f;
    layer->norm[0].exact = true;
    VN_TRY(vn_loader_conv(l, &layer->pool_in, stem(name, i, "pool.0."), 4 * c, 1, 1, false));
    VN_TRY(vn_loader_norm(l, &layer->norm[0], stem(name, i, "pool.1.")));
    VN_TRY(vn_loader_conv(l, &layer->pool_out, stem(name, i, "pool.3."), c, 1, 1, false));
    l->net->info.pooled = layer->pool = true;
    return VERNIS_OK;
}

VernisStatus vn_loader_block(VnLoader *l, VnLayer *layer, unsigned i) {
    unsigned in = l->channels;
    char name[VN_NAME_SIZE];
    if (vn_loader_any(l, stem(name, i, "pool.")))
        VN_TRY(load_pool(l, layer, i));
    VN_TRY(vn_loader_conv(l, &layer->conv[0], stem(name, i, "conv.0."), 0, 3, 1, true));
    VN_TRY(vn_loader_conv(l, &layer->conv[1], stem(name, i, "conv.2."), l->channels, 3, 1, true));
    VN_TRY(vn_loader_conv(l, &layer->conv[2], stem(name, i, "conv.4."), l->channels, 3, 1, true));
    layer->skip = in != l->channels || vn_loader_find(l, stem(name, i, "skip.weight"));
    if (!layer->skip)
        return VERNIS_OK;
    unsigned out = l->channels;
    l->channels = in;
    return vn_loader_conv(l, &layer->skip_conv, stem(name, i, "skip."), out, 1, 1, false);
}

VernisStatus vn_tiny_load(VnLoader *l) {
    Names names = {.loader = l};
    const struct Family *family;
    char roles[VN_MAX_LAYERS + 2] = "", name[VN_NAME_SIZE];
    VnEncoder *net = l->net;
    VN_TRY(read_names(&names));
    VN_TRY(choose(&family, roles, &names));
    l->family = family->name;
    for (unsigned i = 0; i < names.count; i++) {
        if (roles[i] == RELU) {
            net->layers[net->count - 1].relu = true;
            continue;
        }
        VnLayer *layer = vn_loader_layer(l, roles[i] == BLOCK ? VN_LAYER_BLOCK : VN_LAYER_CONV);
        if (roles[i] == BLOCK)
            VN_TRY(vn_loader_block(l, layer, i));
        else
            VN_TRY(vn_loader_conv(l, &layer->conv[0], stem(name, i, ""), 0, 3, roles[i] == CONV ? 1 : 2,
                                  roles[i] != DOWN));
    }
    net->info.width = net->layers[net->count - 2].conv[0].out;
    return VERNIS_OK;
}
