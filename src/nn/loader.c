/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/loader.h"

#include <stdio.h>
#include <string.h>

#include "nn/pack.h"

static const char room[] = "model";

static void full_name(const VnLoader *l, char out[VN_NAME_SIZE], const char *name) {
    snprintf(out, VN_NAME_SIZE, "%s%s", l->prefix, name);
}

const VnTensor *vn_loader_find(const VnLoader *l, const char *name) {
    char full[VN_NAME_SIZE];
    full_name(l, full, name);
    return vn_tensors_find(l->tensors, full);
}

bool vn_loader_any(const VnLoader *l, const char *start) {
    char full[VN_NAME_SIZE];
    full_name(l, full, start);
    for (size_t i = 0, n = strlen(full); i < vn_tensors_count(l->tensors); i++) {
        if (!strncmp(vn_tensors_at(l->tensors, i)->name, full, n))
            return true;
    }
    return false;
}

VernisStatus vn_loader_missing(const VnLoader *l, const char *name) {
    return vn_fail(l->err, VERNIS_E_MODEL, room, "tensor '%s%s' is missing (a %s %s needs it)", l->prefix, name,
                   l->family, l->role);
}

static bool has_shape(const VnTensor *t, unsigned rank, const size_t *shape) {
    bool good = t->rank == rank;
    for (unsigned i = 0; good && i < rank; i++)
        good = t->shape[i] && (shape[i] ? t->shape[i] == shape[i] : t->shape[i] <= VN_MAX_CHANNELS);
    return good;
}

VernisStatus vn_loader_need(const VnLoader *l, const VnTensor **out, const char *name, unsigned rank,
                            const size_t *shape) {
    const VnTensor *t = *out = vn_loader_find(l, name);
    if (!t) {
        vn_loader_missing(l, name);
        return VERNIS_E_MODEL;
    }
    if (has_shape(t, rank, shape))
        return VERNIS_OK;
    char have[64], want[64];
    vn_shape_text(want, rank, shape);
    for (char *at = want; *at; at++) {
        if ((*at == '[' || *at == ' ') && at[1] == '0')
            at[1] = 'N';
    }
    return vn_fail(l->err, VERNIS_E_MODEL, room, "tensor '%.100s' has shape %s; a %s %s needs %s there", t->name,
                   vn_shape_text(have, t->rank, t->shape), l->family, l->role, want);
}

VernisStatus vn_loader_weight(const VnLoader *l, VnTensor *out, const char *name, unsigned to, unsigned from,
                              unsigned taps) {
    const VnTensor *t = vn_loader_find(l, name);
    size_t shape[] = {to, from, taps, taps};
    if (taps != 1 || !t || !has_shape(t, 2, shape))
        VN_TRY(vn_loader_need(l, &t, name, 4, shape));
    *out = *t;
    out->rank = 4;
    out->shape[2] = out->shape[3] = taps;
    return VERNIS_OK;
}

void vn_loader_count(VnLoader *l, size_t weights, size_t biases) {
    double area = (double)l->stride;
    l->net->info.macs_per_pixel += (double)weights / (area * area);
    l->net->info.parameters += weights + biases;
}

VernisStatus vn_loader_conv(VnLoader *l, VnConv *conv, const char *stem, unsigned out, unsigned taps, unsigned stride,
                            bool bias) {
    char name[VN_NAME_SIZE];
    VnTensor weight;
    const VnTensor *bias_tensor = NULL;
    snprintf(name, sizeof name, "%sweight", stem);
    VN_TRY(vn_loader_weight(l, &weight, name, out, l->channels, taps));
    if (bias) {
        snprintf(name, sizeof name, "%sbias", stem);
        VN_TRY(vn_loader_need(l, &bias_tensor, name, 1, weight.shape));
    }
    l->stride *= stride;
    if (l->stride > VN_MAX_STRIDE)
        return vn_fail(l->err, VERNIS_E_LIMIT, room, "a stride of %u pixels; at most %d are possible", l->stride,
                       VN_MAX_STRIDE);
    VN_TRY(vn_conv_pack(conv, &weight, bias_tensor, stride, l->err));
    vn_loader_count(l, weight.count, bias ? conv->out : 0);
    l->channels = conv->out;
    return VERNIS_OK;
}

VernisStatus vn_loader_norm(VnLoader *l, VnAffine *norm, const char *stem) {
    char name[VN_NAME_SIZE];
    const VnTensor *gamma, *beta;
    snprintf(name, sizeof name, "%sweight", stem);
    VN_TRY(vn_loader_need(l, &gamma, name, 1, (size_t[]){l->channels}));
    snprintf(name, sizeof name, "%sbias", stem);
    VN_TRY(vn_loader_need(l, &beta, name, 1, (size_t[]){l->channels}));
    norm->channels = l->channels;
    if (l->channels % norm->groups)
        return vn_fail(l->err, VERNIS_E_MODEL, room, "tensor '%.100s' has %u channels, not a multiple of %u groups",
                       gamma->name, l->channels, norm->groups);
    l->net->info.parameters += gamma->count + beta->count;
    VN_TRY(vn_tensor_copy(&norm->gamma, gamma, l->err));
    return vn_tensor_copy(&norm->beta, beta, l->err);
}

VnLayer *vn_loader_layer(VnLoader *l, VnLayerKind kind) {
    if (l->net->count == VN_MAX_LAYERS) {
        vn_fail(l->err, VERNIS_E_LIMIT, room, "more than %d layers", VN_MAX_LAYERS);
        return NULL;
    }
    VnLayer *layer = &l->net->layers[l->net->count++];
    layer->kind = kind;
    return layer;
}
