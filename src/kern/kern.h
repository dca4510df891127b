/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The table of kernels. kern_list.h is the one list: type, table, test and benchmark are made from it.
 * Exact kernels are bit-equal in every instruction set (element-wise, no reassociation); those that the list calls near
 * are held to a tolerance.
 */
#ifndef VN_KERN_KERN_H
#define VN_KERN_KERN_H

#include <stddef.h>
#include <stdint.h>

#include "kern/cpu.h"
#include "kern/direct.h"
#include "kern/tiles.h"

enum { VN_FIR_ROWS = 16, VN_JPEG_SLOPE = 127 }; /**< rows that fir takes at a time; a slope of 1, see jpeg_blocks */

#define VN_KERNEL(name, arguments) typedef void vn_##name##_fn arguments;
#include "kern/kern_list.h"
#undef VN_KERNEL

typedef struct VnKern {
#define VN_KERNEL(name, arguments) vn_##name##_fn *name;
#include "kern/kern_list.h"
#undef VN_KERNEL
} VnKern;

const VnKern *vn_kern(void);            /**< the chosen table */
VnCpu vn_kern_chosen(void);             /**< the instruction set it is for */
const VnKern *vn_kern_table(VnCpu cpu); /**< the table of one set; falls back to weaker ones; for tests and bench */

/** C = A B + beta C, row-major float32, OpenBLAS sgemm on one thread (the only caller of cblas). A (m,k), B (k,n), C
 * (m,n). */
void vn_gemm(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, size_t ldb, float beta, float *c,
             size_t ldc);

/** From now on vn_gemm sums in a fixed order on own kernels: the same bits from every instruction set and thread count,
 * at several times the cost. OpenBLAS's sums depend on its core type. */
void vn_gemm_exact(bool on);
bool vn_gemm_is_exact(void);

#endif
