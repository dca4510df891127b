/* SPDX-License-Identifier: Apache-2.0 */
/* Which family a file's tensors belong to, and under which prefix its encoder lies. */
#include <string.h>

#include "nn/loader.h"

/* The shortest prefix of a tensor called PREFIX + ending, PREFIX being empty or ending with a dot.
 * @param first it must be the first convolution of an encoder: [N, 3, 3, ...] */
static bool find_prefix(char out[VN_PREFIX_SIZE], const VnTensors *tensors, const char *ending, bool first) {
    size_t tail = strlen(ending), best = VN_PREFIX_SIZE;
    for (size_t i = 0; i < vn_tensors_count(tensors); i++) {
        const VnTensor *t = vn_tensors_at(tensors, i);
        size_t length = strlen(t->name), prefix = length - tail;
        if (length < tail || prefix >= best || strcmp(t->name + prefix, ending) ||
            (prefix && t->name[prefix - 1] != '.'))
            continue;
        if (first && (t->rank != 4 || t->shape[1] != 3 || t->shape[2] != 3))
            continue;
        best = prefix;
        memcpy(out, t->name, prefix);
        out[prefix] = 0;
    }
    return best < VN_PREFIX_SIZE;
}

VernisStatus vn_family_load(VnEncoder *net, const VnTensors *tensors, VnError *err) {
    static const char layers[] = "encoder.layers.";
    VnLoader l = {.net = net, .tensors = tensors, .role = "encoder", .channels = 3, .stride = 1, .err = err};
    static const char conv_in[] = "encoder.conv_in.weight";
    if (find_prefix(l.prefix, tensors, conv_in, true) || find_prefix(l.prefix, tensors, conv_in, false)) {
        VN_TRY(vn_kl_load(&l));
    } else {
        if (find_prefix(l.prefix, tensors, "encoder.layers.0.weight", true) &&
            strlen(l.prefix) + sizeof layers <= VN_PREFIX_SIZE)
            strcat(l.prefix, layers);
        else if (!find_prefix(l.prefix, tensors, "0.weight", true))
            l.prefix[0] = 0;
        VN_TRY(vn_tiny_load(&l));
    }
    net->info.family = l.family;
    net->info.stride = l.stride;
    net->info.latent_channels = l.channels;
    return VERNIS_OK;
}
