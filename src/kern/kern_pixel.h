/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of resampling, JPEG and the optimiser; see kern_list.h for what each does. Included by kern_isa.h only. */
static void axpy(float *y, const float *x, float a, size_t n) {
    for (size_t i = 0; i < n; i++)
        y[i] += a * x[i];
}
