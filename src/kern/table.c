/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/blas.h"
#include "kern/kern.h"

extern const VnKern vn_kern_table_scalar;
#ifdef VN_HAVE_SIMD
extern const VnKern vn_kern_table_avx2, vn_kern_table_avx512;
#endif

static const VnKern *current = &vn_kern_table_scalar;

const VnKern *vn_kern_table(VnCpu cpu) {
#ifdef VN_HAVE_SIMD
    if (cpu >= VN_CPU_AVX512)
        return &vn_kern_table_avx512; /* element-wise loops gain nothing from tiles */
    if (cpu == VN_CPU_AVX2)
        return &vn_kern_table_avx2;
#else
    (void)cpu;
#endif
    return &vn_kern_table_scalar;
}

const VnKern *vn_kern(void) { return current; }

VnCpu vn_kern_init(VnCpu ceiling) {
    VnCpu cpu = vn_cpu_detect();
    if (cpu > ceiling)
        cpu = ceiling;
    current = vn_kern_table(cpu);
    vn_blas_init(cpu);
    return cpu;
}
