/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * OpenBLAS's core type, for vn_kern_init only; the gemm itself is in kern.h.
 */
#ifndef VN_KERN_BLAS_H
#define VN_KERN_BLAS_H

#include "kern/cpu.h"

/** Set OpenBLAS to one thread and to kernels as strong as `cpu`, but no stronger; see vn_kern_init. */
void vn_blas_init(VnCpu cpu);

#endif
