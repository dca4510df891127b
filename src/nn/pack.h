/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * From a file's tensors to the packed matrices of a VnConv.
 */
#ifndef VN_NN_PACK_H
#define VN_NN_PACK_H

#include "nn/layers.h"

/** Pack a convolution for the kernels chosen by vn_kern_init and vn_gemm_exact; it keeps to them.
 * @param weight (out, in, taps, taps), its shape already checked; @param bias (out) or NULL
 * Fills conv; on failure the caller releases what it holds. */
VernisStatus vn_conv_pack(VnConv *conv, const VnTensor *weight, const VnTensor *bias, unsigned stride, VnError *err);
void vn_conv_free(VnConv *conv); /**< takes a zeroed one */

/** A tensor as floats on the heap. */
VernisStatus vn_tensor_copy(float **out, const VnTensor *tensor, VnError *err);

#endif
