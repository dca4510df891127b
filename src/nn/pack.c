/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/pack.h"

#include "kern/kern.h"
#include "nn/conv_direct.h"
#include "nn/conv_tiles.h"

/* To few input channels a gemm is narrow; there adding up patch gradients is faster than a convolution. */
enum { FEW_CHANNELS = 8 };

VernisStatus vn_tensor_copy(float **out, const VnTensor *tensor, VnError *err) {
    size_t size = vn_mul(tensor->count, sizeof **out);
    *out = vn_malloc(size);
    if (!*out)
        return vn_no_memory(err, "model", size, tensor->name);
    return vn_tensor_floats(tensor, *out, err);
}

/* The matrix of a convolution from `in` to `out` channels, block by block. Weight (o, i, k) is at w[o * o_step + i *
 * i_step + k], or at area - 1 - k for a flipped one. */
static void pack_blocks(float *matrix, size_t in, size_t out, size_t area, const float *w, size_t o_step, size_t i_step,
                        bool flipped) {
    size_t block = area == 1 ? in : VN_BLOCK;
    for (size_t first = 0; first < in; first += block) {
        size_t end = in - first < block ? in : first + block;
        for (size_t k = 0; k < area; k++) {
            for (size_t i = first; i < end; i++) {
                for (size_t o = 0; o < out; o++)
                    *matrix++ = w[o * o_step + i * i_step + (flipped ? area - 1 - k : k)];
            }
        }
    }
}

static void pack_patch_gradient(const VnConv *c, const float *w) {
    size_t area = (size_t)c->taps * c->taps;
    for (size_t o = 0; o < c->out; o++) {
        for (size_t i = 0; i < c->in; i++) {
            for (size_t k = 0; k < area; k++)
                c->backward[(o * area + k) * c->in + i] = w[(o * c->in + i) * area + k];
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

static bool pack_gemm(VnConv *conv, const float *w, bool forward, bool backward) {
    size_t area = (size_t)conv->taps * conv->taps, size = area * conv->in * conv->out * sizeof(float);
    conv->forward = forward ? vn_malloc(size) : NULL;
    conv->backward = backward ? vn_malloc(size) : NULL;
    if ((forward && !conv->forward) || (backward && !conv->backward))
        return false;
    if (forward)
        pack_blocks(conv->forward, conv->in, conv->out, area, w, conv->in * area, area, false);
    if (backward && conv->flip)
        pack_blocks(conv->backward, conv->out, conv->in, area, w, area, conv->in * area, true);
    else if (backward)
        pack_patch_gradient(conv, w);
    return true;
}

/* Which kernels a convolution runs on is settled here: those of the instruction set chosen by now. */
static bool pack_weights(VnConv *conv, const float *w) {
    if (vn_gemm_is_exact() || vn_kern_chosen() == VN_CPU_SCALAR)
        return pack_gemm(conv, w, true, true);
    if (vn_kern_chosen() == VN_CPU_AMX)
        return vn_tiles_pack(conv, w);
    if (conv->taps == 1)
        return pack_gemm(conv, w, true, true);
    bool back = conv->in >= FEW_CHANNELS;
    return vn_direct_pack(conv, w, back) && pack_gemm(conv, w, false, !back);
}

VernisStatus vn_conv_pack(VnConv *conv, const VnTensor *weight, const VnTensor *bias, unsigned stride, VnError *err) {
    conv->out = (unsigned)weight->shape[0];
    conv->in = (unsigned)weight->shape[1];
    conv->taps = (unsigned)weight->shape[2];
    conv->stride = stride;
    conv->flip = stride == 1 && (conv->in >= FEW_CHANNELS || conv->taps == 1);
    float *w = NULL;
    VernisStatus status;
    VN_CHECK(vn_tensor_copy(&w, weight, err));
    status =
        pack_weights(conv, w) ? VERNIS_OK : vn_no_memory(err, "model", weight->count * sizeof(float), weight->name);
    if (!status && bias)
        status = pack_bias(conv, bias, err);
done:
    vn_free(w);
    return status;
}

void vn_conv_free(VnConv *conv) {
    vn_free(conv->forward);
    vn_free(conv->backward);
    vn_free(conv->bias);
    vn_free(conv->tiles);
    vn_free(conv->tiles_back);
    vn_free(conv->panels);
    vn_free(conv->panels_back);
    *conv = (VnConv){0};
}
