/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/cpu.h"

#include <string.h>

#ifdef VN_HAVE_SIMD
#include <cpuid.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* Bits of CPUID leaf 1 ECX, leaf 7 EBX and EDX, and of XCR0: Intel SDM volume 1, chapters 13 to 15 and 18. */
enum {
    LEAF1_FMA = 1u << 12,
    LEAF1_OSXSAVE = 1u << 27,
    LEAF1_F16C = 1u << 29,
    LEAF7_AVX2 = 1u << 5,
    LEAF7_AVX512F = 1u << 16,
    LEAF7_AVX512DQ = 1u << 17,
    LEAF7_AVX512BW = 1u << 30,
    LEAF7_AMX_BF16 = 1u << 22,
    LEAF7_AMX_TILE = 1u << 24,
    LEAF7_1_AVX512_BF16 = 1u << 5, /* of EAX in subleaf 1 */
    XCR0_YMM = 0x6,
    XCR0_ZMM = 0xe6,
    XCR0_TILE = 0x60000
};
#define LEAF7_AVX512VL 0x80000000u /* bit 31 does not fit an enumerator */

static unsigned enabled_state(void) {
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static bool all(unsigned value, unsigned bits) { return (value & bits) == bits; }

/* Linux gives a process the 8 KB of tile registers only when it asks (Documentation/x86/xstate.rst). */
static bool tiles_permitted(void) {
#ifdef __linux__
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    return !syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA);
#else
    return false;
#endif
}

VnCpu vn_cpu_detect(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !all(c, LEAF1_OSXSAVE | LEAF1_FMA | LEAF1_F16C))
        return VN_CPU_SCALAR;
    unsigned state = enabled_state();
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !all(state, XCR0_YMM) || !all(b, LEAF7_AVX2))
        return VN_CPU_SCALAR;
    if (!all(state, XCR0_ZMM) || !all(b, LEAF7_AVX512F | LEAF7_AVX512DQ | LEAF7_AVX512BW | LEAF7_AVX512VL))
        return VN_CPU_AVX2;
    if (!all(state, XCR0_TILE) || !all(d, LEAF7_AMX_BF16 | LEAF7_AMX_TILE) || !__get_cpuid_count(7, 1, &a, &b, &c, &d) ||
        !(a & LEAF7_1_AVX512_BF16))
        return VN_CPU_AVX512;
    return tiles_permitted() ? VN_CPU_AMX : VN_CPU_AVX512;
}
#else
VnCpu vn_cpu_detect(void) { return VN_CPU_SCALAR; }
#endif

static const char *const names[] = {"scalar", "avx2", "avx512", "amx"};

const char *vn_cpu_name(VnCpu cpu) { return names[cpu]; }

VernisStatus vn_cpu_parse(VnCpu *out, const char *name, VnError *err) {
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (!strcmp(name, names[i])) {
            *out = (VnCpu)i;
            return VERNIS_OK;
        }
    }
    return vn_fail(err, VERNIS_E_ARGUMENT, "cpu", "unknown instruction set '%.40s'; use scalar, avx2, avx512 or amx",
                   name);
}
