/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Instruction sets: what the processor and the operating system allow, less what the user forbids.
 */
#ifndef VN_KERN_CPU_H
#define VN_KERN_CPU_H

#include "base/error.h"

typedef enum VnCpu { VN_CPU_SCALAR, VN_CPU_AVX2, VN_CPU_AVX512, VN_CPU_AMX } VnCpu; /**< each includes the ones before */

VnCpu vn_cpu_detect(void);                   /**< by cpuid and xgetbv; cached */
const char *vn_cpu_name(VnCpu cpu);          /**< "scalar", "avx2", "avx512", "amx" */
VernisStatus vn_cpu_parse(VnCpu *out, const char *name, VnError *err);

/** Choose the strongest kernels up to `ceiling` and set OpenBLAS to a core type that fits (curing the fault where an old
 * OpenBLAS takes a new processor for a Prescott) and to one thread. Call once per process before any kernel, from one thread;
 * a later call with another ceiling changes the table (tests, bench). @return what was chosen */
VnCpu vn_kern_init(VnCpu ceiling);

/** OpenBLAS's core type before and after vn_kern_init, "Prescott" and "SkylakeX"; "" before. Static storage. */
const char *vn_blas_core_found(void);
const char *vn_blas_core_chosen(void);

#endif
