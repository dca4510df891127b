/* SPDX-License-Identifier: Apache-2.0 */
/* The one list of kernels. No include guard: included with different VN_KERNEL. Bodies are in kern_nn.h and kern_pixel.h,
 * which are compiled once per instruction set. */

/* --- kern_nn.h: layers --- */
/* x[i] = max(x[i] + bias, 0); bit i of mask = (x[i] > 0); mask has (n + 63) / 64 words */
VN_KERNEL(relu_bias, (float *x, float bias, uint64_t *mask, size_t n))

/* --- kern_pixel.h: resampling, JPEG, optimiser --- */
/* y[i] += a * x[i] */
VN_KERNEL(axpy, (float *y, const float *x, float a, size_t n))
