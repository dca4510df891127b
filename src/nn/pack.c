/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/pack.h"

/* Sliding along rows makes gemms with 3 * in columns; below this many channels gathered patches of 9 * in are faster. */
enum { FEW_CHANNELS = 8 };

VernisStatus vn_tensor_copy(float **out, const VnTensor *tensor, VnError *err) {
    size_t size = vn_mul(tensor->count, sizeof **out);
    *out = vn_malloc(size);
    if (!*out)
        return vn_no_memory(err, "model", size, tensor->name);
    return vn_tensor_floats(tensor, *out, err);
}

static void pack_forward(const VnConv *c, const float *w) {
    size_t area = (size_t)c->taps * c->taps;
    for (size_t o = 0; o < c->out; o++) {
        for (size_t i = 0; i < c->in; i++) {
            for (size_t k = 0; k < area; k++)
                c->forward[(k * c->in + i) * c->out + o] = w[(o * c->in + i) * area + k];
        }
    }
}

static void pack_backward(const VnConv *c, const float *w) {
    size_t area = (size_t)c->taps * c->taps;
    for (size_t o = 0; o < c->out; o++) {
        for (size_t i = 0; i < c->in; i++) {
            for (size_t k = 0; k < area; k++) {
                float value = w[(o * c->in + i) * area + k];
                if (c->patches)
                    c->backward[o * area * c->in + k * c->in + i] = value;
                else
                    c->backward[((area - 1 - k) * c->out + o) * c->in + i] = value;
            }
        }
    }
}

static size_t lcm_64(size_t n) {
    size_t a = n, b = 64;
    while (b) {
        size_t r = a % b;
        a = b;
        b = r;
    }
    return n / a * 64;
}

static VernisStatus pack_bias(VnConv *conv, const VnTensor *tensor, VnError *err) {
    conv->bias_period = lcm_64(conv->out);
    conv->bias = vn_malloc(conv->bias_period * sizeof *conv->bias);
    if (!conv->bias)
        return vn_no_memory(err, "model", conv->bias_period * sizeof *conv->bias, tensor->name);
    VN_TRY(vn_tensor_floats(tensor, conv->bias, err));
    for (size_t i = conv->out; i < conv->bias_period; i++)
        conv->bias[i] = conv->bias[i - conv->out];
    return VERNIS_OK;
}

VernisStatus vn_conv_pack(VnConv *conv, const VnTensor *weight, const VnTensor *bias, unsigned stride, VnError *err) {
    conv->out = (unsigned)weight->shape[0];
    conv->in = (unsigned)weight->shape[1];
    conv->taps = (unsigned)weight->shape[2];
    conv->stride = stride;
    conv->patches = stride > 1 || (conv->in < FEW_CHANNELS && conv->taps > 1);
    size_t size = weight->count * sizeof(float);
    float *w = NULL;
    VernisStatus status;
    VN_CHECK(vn_tensor_copy(&w, weight, err));
    conv->forward = vn_malloc(size);
    conv->backward = vn_malloc(size);
    if (!conv->forward || !conv->backward) {
        status = vn_no_memory(err, "model", size, weight->name);
        goto done;
    }
    pack_forward(conv, w);
    pack_backward(conv, w);
    if (bias)
        status = pack_bias(conv, bias, err);
done:
    vn_free(w);
    return status;
}

void vn_conv_free(VnConv *conv) {
    vn_free(conv->forward);
    vn_free(conv->backward);
    vn_free(conv->bias);
    *conv = (VnConv){0};
}
