/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: nn/safetensors.h, nn/encoder.h and nn/decoder.h. What opens as a container has tensors that tile its
 * data exactly; what opens as an encoder opens again as the same one and can be run; so does a decoder. What does not
 * open gives an error that says so, and nothing. */
#include <stdlib.h>
#include <string.h>

#include "nn/decoder.h"
#include "nn/encoder.h"
#include "nn/safetensors.h"

static void require(int held) {
    if (!held)
        abort();
}

static void require_error(const VnError *err, VernisStatus status) {
    require(status != VERNIS_OK && err->status == status && err->text[0] != '\0' && strchr(err->text, '\n') == NULL);
}

static void check_tensors(const VnTensors *tensors, const uint8_t *data, size_t size) {
    size_t at = 0, bytes = 0;
    for (size_t i = 0; i < vn_tensors_count(tensors); i++) {
        const VnTensor *t = vn_tensors_at(tensors, i);
        require(t->begin == at && t->end >= t->begin && t->data >= data &&
                t->data + (t->end - t->begin) <= data + size);
        require(vn_tensors_find(tensors, t->name) == t);
        at = t->end;
        bytes += t->end - t->begin;
        float *values = t->count ? vn_malloc(t->count * sizeof *values) : NULL;
        if (values)
            vn_tensor_floats(t, values, NULL);
        vn_free(values);
    }
    require(bytes <= size);
}

static void run(const VnEncoder *encoder) {
    const VnEncoderInfo *info = vn_encoder_info(encoder);
    unsigned side = info->stride;
    if (info->macs_per_pixel * side * side > 2e7)
        return;
    VnPass *pass;
    if (vn_pass_open(&pass, encoder, side, side, true, NULL, NULL, NULL) != VERNIS_OK)
        return;
    require(vn_pass_bytes(pass) == vn_pass_plan(encoder, side, side, true, 1));
    float *rgb = vn_calloc((size_t)side * side, 3 * sizeof *rgb),
          *latent = vn_calloc(info->latent_channels, sizeof *latent);
    if (rgb && latent) {
        vn_pass_forward(pass, rgb, latent);
        vn_pass_backward(pass, latent, rgb);
    }
    vn_free(rgb);
    vn_free(latent);
    vn_pass_close(&pass);
}

static void check_decoder(const uint8_t *data, size_t size) {
    VnDecoder *first, *second;
    VnError err = {0};
    VernisStatus status = vn_decoder_open_bytes(&first, data, size, "fuzz", &err);
    require((status == VERNIS_OK) == (first != NULL));
    require(vn_decoder_open_bytes(&second, data, size, "fuzz", NULL) == status);
    if (status == VERNIS_OK) {
        const VnDecoderInfo *a = vn_decoder_info(first), *b = vn_decoder_info(second);
        require(a->parameters == b->parameters && a->stride == b->stride && !strcmp(a->encoder, b->encoder));
        size_t values = 3 * (size_t)a->stride * a->stride;
        float *latent = vn_calloc(a->latent_channels, sizeof *latent), *rgb = vn_calloc(values, sizeof *rgb);
        if (latent && rgb && a->macs_per_pixel * a->stride * a->stride < 2e7 &&
            vn_decoder_run(first, latent, 1, 1, rgb, NULL, NULL) == VERNIS_OK) {
            for (size_t i = 0; i < values; i++)
                require(rgb[i] >= 0 && rgb[i] <= 1);
        }
        vn_free(latent);
        vn_free(rgb);
    } else {
        require_error(&err, status);
    }
    vn_decoder_close(&first);
    vn_decoder_close(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    VnError err = {0};
    VnTensors *tensors;
    VernisStatus status = vn_tensors_open(&tensors, data, size, &err);
    if (status == VERNIS_OK)
        check_tensors(tensors, data, size);
    else
        require_error(&err, status);
    require((status == VERNIS_OK) == (tensors != NULL));
    vn_tensors_close(&tensors);

    VnEncoder *first, *second;
    err = (VnError){0};
    status = vn_encoder_open_bytes(&first, data, size, "fuzz", &err);
    require((status == VERNIS_OK) == (first != NULL));
    require(vn_encoder_open_bytes(&second, data, size, "fuzz", NULL) == status);
    if (status == VERNIS_OK) {
        const VnEncoderInfo *a = vn_encoder_info(first), *b = vn_encoder_info(second);
        require(a->parameters == b->parameters && a->family == b->family && a->stride == b->stride &&
                !strcmp(a->name, b->name));
        run(first);
    } else {
        require_error(&err, status);
    }
    vn_encoder_close(&first);
    vn_encoder_close(&second);
    check_decoder(data, size);
    return 0;
}
