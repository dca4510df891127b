/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Instruction sets: what the processor and the operating system allow, less what the user forbids.
 */
#ifndef VN_KERN_CPU_H
#define VN_KERN_CPU_H

#include <stdbool.h>

#include "base/error.h"

typedef enum VnCpu {
    VN_CPU_SCALAR,
    VN_CPU_AVX2,
    VN_CPU_AVX512,
    VN_CPU_AMX
} VnCpu; /**< each includes the ones before */

VnCpu vn_cpu_detect(void);          /**< by cpuid and xgetbv; for AMX asks the system's permission */
const char *vn_cpu_name(VnCpu cpu); /**< "scalar", "avx2", "avx512", "amx" */
VernisStatus vn_cpu_parse(VnCpu *out, const char *name, VnError *err);

/** Choose the strongest kernels up to `ceiling` and set OpenBLAS to a core type that fits (curing the fault where an
 * old OpenBLAS takes a new processor for a Prescott or a Haswell) and to one thread. Call once per process before any
 * kernel, from one thread; a later call with another ceiling changes the table (tests, bench). OPENBLAS_CORETYPE in the
 * environment is overruled: it is often set for other programs' sake, and `ceiling` says the same for this one. @return
 * what was chosen */
VnCpu vn_kern_init(VnCpu ceiling);

/** OpenBLAS's core type before and after vn_kern_init, "Prescott" and "SkylakeX"; "" before. Static storage. */
const char *vn_blas_core_found(void);
const char *vn_blas_core_chosen(void);

/** True when the last vn_kern_init wanted another core type but this OpenBLAS cannot change it in a running process
 * (its build lacks gotoblas_dynamic_init). The remedy is to start the program again with OPENBLAS_CORETYPE set to
 * *coretype in the environment; results are right without it, only slower (or, under a ceiling, with stronger
 * instructions than asked). Never true when OPENBLAS_CORETYPE already is that value, so that a restart happens at most
 * once.
 * @param coretype set to static storage when true, else to NULL */
bool vn_blas_needs_restart(const char **coretype);

#endif
