/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The kernels to test: of every instruction set that this machine has, the scalar ones first, and of those it lacks the
 * same code in emulation.
 */
#ifndef VN_TESTS_SETS_H
#define VN_TESTS_SETS_H

#include "kern/kern.h"

#ifdef VN_HAVE_SIMD
extern const VnKern vn_kern_table_emulated_avx512, vn_kern_table_emulated_amx;
#endif

typedef struct KernelSet {
    const char *name;
    const VnKern *kern;
    bool native;
} KernelSet;

enum { MOST_SETS = 4 };

/** @return how many there are */
static inline unsigned kernel_sets(KernelSet sets[MOST_SETS]) {
    unsigned count = 0;
    VnCpu strongest = vn_cpu_detect();
    for (VnCpu cpu = VN_CPU_SCALAR; cpu <= strongest; cpu++)
        sets[count++] = (KernelSet){vn_cpu_name(cpu), vn_kern_table(cpu), true};
#ifdef VN_HAVE_SIMD
    if (strongest < VN_CPU_AVX512)
        sets[count++] = (KernelSet){"avx512, emulated", &vn_kern_table_emulated_avx512, false};
    if (strongest < VN_CPU_AMX)
        sets[count++] = (KernelSet){"amx, emulated", &vn_kern_table_emulated_amx, false};
#endif
    return count;
}

#endif
