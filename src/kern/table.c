/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/blas.h"
#include "kern/kern.h"

extern const VnKern vn_kern_table_scalar;
#ifdef VN_HAVE_SIMD
extern const VnKern vn_kern_table_avx2, vn_kern_table_avx512, vn_kern_table_amx;
#endif

static const VnKern *current = &vn_kern_table_scalar;
static VnCpu chosen;

const VnKern *vn_kern_table(VnCpu cpu) {
#ifdef VN_HAVE_SIMD
    static const VnKern *const tables[] = {&vn_kern_table_scalar, &vn_kern_table_avx2, &vn_kern_table_avx512,
                                           &vn_kern_table_amx};
    return tables[cpu];
#else
    (void)cpu;
    return &vn_kern_table_scalar;
#endif
}

const VnKern *vn_kern(void) { return current; }
VnCpu vn_kern_chosen(void) { return chosen; }

VnCpu vn_kern_init(VnCpu ceiling) {
    VnCpu cpu = vn_cpu_detect();
    if (cpu > ceiling)
        cpu = ceiling;
    current = vn_kern_table(cpu);
    chosen = cpu;
    vn_blas_init(cpu);
    return cpu;
}
