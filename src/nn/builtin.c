/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/builtin.h"

#include "nn/layers.h"

size_t vn_builtin_count(void) {
    size_t n = 0;
    while (vn_builtins[n].name)
        n++;
    return n;
}

const char *vn_builtin_name(size_t index) { return vn_builtins[index].name; }
const char *vn_builtin_decoder_name(size_t index) { return vn_builtins[index].decoder_name; }

VernisStatus vn_builtin_open(VnEncoder **out, size_t index, VnError *err) {
    const VnBuiltin *b = &vn_builtins[index];
    VernisStatus status = vn_encoder_open_bytes(out, b->data, (size_t)(b->end - b->data), b->name, err);
    vn_error_name(err, b->name);
    if (!status)
        (*out)->builtin = b;
    return status;
}
