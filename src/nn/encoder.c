/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/encoder.h"

#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "nn/layers.h"
#include "nn/pack.h"
#include "nn/safetensors.h"

static void layer_free(VnLayer *layer) {
    for (unsigned i = 0; i < 3; i++)
        vn_conv_free(&layer->conv[i]);
    vn_conv_free(&layer->skip_conv);
    vn_conv_free(&layer->pool_in);
    vn_conv_free(&layer->pool_out);
    for (unsigned i = 0; i < 2; i++) {
        vn_free(layer->norm[i].gamma);
        vn_free(layer->norm[i].beta);
    }
}

void vn_encoder_close(VnEncoder **encoder) {
    if (!*encoder)
        return;
    for (unsigned i = 0; i < (*encoder)->count; i++)
        layer_free(&(*encoder)->layers[i]);
    vn_free(*encoder);
    *encoder = NULL;
}

void vn_model_name(char out[64], const char *name) {
    size_t n = 0;
    for (; n < 63 && name[n]; n++)
        out[n] = name[n] > ' ' && name[n] < 127 ? name[n] : '_';
    out[n] = 0;
}

VernisStatus vn_encoder_open_bytes(VnEncoder **out, const uint8_t *data, size_t size, const char *name, VnError *err) {
    *out = NULL;
    VnTensors *tensors;
    size_t before = vn_mem_used();
    VN_TRY(vn_tensors_open(&tensors, data, size, err));
    VernisStatus status;
    VnEncoder *net = vn_calloc(1, sizeof *net);
    if (!net) {
        status = vn_no_memory(err, "model", sizeof *net, "the encoder");
        goto done;
    }
    const char *own_name = vn_tensors_meta(tensors, "vernis.name");
    const char *decodes = vn_tensors_meta(tensors, "vernis.decodes");
    if (decodes) {
        char encoder[64];
        vn_model_name(encoder, decodes);
        status =
            vn_fail(err, VERNIS_E_MODEL, "model",
                    "is a decoder, which paints what %s sees for a report, and no encoder to work against", encoder);
        goto done;
    }
    vn_model_name(net->info.name, own_name && *own_name ? own_name : name);
    net->info.file_bytes = size;
    VN_CHECK(vn_family_load(net, tensors, err));
    vn_tensors_close(&tensors);
    net->info.weight_bytes = vn_mem_used() - before;
    *out = net;
    net = NULL;
done:
    vn_encoder_close(&net);
    vn_tensors_close(&tensors);
    return status;
}

VernisStatus vn_encoder_open(VnEncoder **out, const char *path, VnError *err) {
    *out = NULL;
    VnMap map;
    VN_TRY(vn_map_open(&map, path, err));
    char name[64];
    const char *base = vn_path_base(path);
    int stem = (int)(strlen(base) - strlen(vn_path_ext(path)));
    snprintf(name, sizeof name, "%.*s", stem < 63 ? stem : 63, base);
    VernisStatus status = vn_encoder_open_bytes(out, map.data, map.size, name, err);
    vn_map_close(&map);
    vn_error_name(err, path);
    return status;
}

const VnEncoderInfo *vn_encoder_info(const VnEncoder *encoder) { return &encoder->info; }
