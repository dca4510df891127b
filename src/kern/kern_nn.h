/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of the encoder layers; see kern_list.h for what each does. Included by kern_isa.h only. */
static void relu_bias(float *x, float bias, uint64_t *mask, size_t n) {
    for (size_t w = 0; w * 64 < n; w++) {
        float *p = x + w * 64;
        size_t m = n - w * 64 < 64 ? n - w * 64 : 64;
        uint64_t bits = 0;
        for (size_t i = 0; i < m; i++) {
            float v = p[i] + bias;
            bits |= (uint64_t)(v > 0) << i;
            p[i] = v > 0 ? v : 0;
        }
        mask[w] = bits;
    }
}
