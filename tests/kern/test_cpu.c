/* SPDX-License-Identifier: Apache-2.0 */
/* Detection and ceilings of instruction sets, OpenBLAS's core type, and the gemm. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/pool.h"
#include "base/rng.h"
#include "kern/kern.h"

static void test_names(void **state) {
    (void)state;
    for (int i = VN_CPU_SCALAR; i <= VN_CPU_AMX; i++) {
        VnCpu cpu;
        assert_int_equal(vn_cpu_parse(&cpu, vn_cpu_name((VnCpu)i), NULL), VERNIS_OK);
        assert_int_equal(cpu, i);
    }
    VnCpu cpu = VN_CPU_AVX2;
    VnError err = {0};
    assert_int_equal(vn_cpu_parse(&cpu, "AVX2", &err), VERNIS_E_ARGUMENT);
    assert_int_equal(cpu, VN_CPU_AVX2);
    assert_string_equal(err.text, "unknown instruction set 'AVX2'; use scalar, avx2, avx512 or amx");
}

/* An independent view of what the processor can do. */
static void test_detect(void **state) {
    (void)state;
#ifdef VN_HAVE_SIMD
    VnCpu cpu = vn_cpu_detect();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    assert_int_equal(cpu >= VN_CPU_AVX2, avx2);
    assert_int_equal(cpu >= VN_CPU_AVX512, avx512);
#else
    assert_int_equal(vn_cpu_detect(), VN_CPU_SCALAR);
#endif
}

static void test_ceilings(void **state) {
    (void)state;
    assert_string_equal(vn_blas_core_found(), "");
    static const VnCpu order[] = {VN_CPU_AVX2, VN_CPU_SCALAR, VN_CPU_AMX, VN_CPU_AVX512, VN_CPU_AMX};
    static const char *const cores[] = {"Nehalem", "Haswell", "SkylakeX", "SkylakeX"};
    VnCpu best = vn_cpu_detect();
    const char *before = getenv("OPENBLAS_CORETYPE");
    char *kept = vn_strdup(before);
    for (unsigned i = 0; i < sizeof order / sizeof *order; i++) {
        VnCpu cpu = vn_kern_init(order[i]);
        assert_int_equal(cpu, order[i] < best ? order[i] : best);
        assert_ptr_equal(vn_kern(), vn_kern_table(cpu));
        const char *restart;
        if (vn_blas_needs_restart(&restart)) {
            assert_non_null(restart);
            continue;
        }
        assert_null(restart);
        /* Kernels as strong as the processor, whatever OpenBLAS took it for; a Zen may stay one. */
        if (best >= VN_CPU_AVX512)
            assert_string_equal(vn_blas_core_chosen(), cores[cpu]);
        else if (best == VN_CPU_AVX2 && cpu == VN_CPU_SCALAR)
            assert_string_equal(vn_blas_core_chosen(), "Nehalem");
    }
    assert_string_not_equal(vn_blas_core_found(), "");
    /* The environment is as it was. */
    before = getenv("OPENBLAS_CORETYPE");
    assert_true(kept ? before && !strcmp(before, kept) : !before);
    vn_free(kept);
}

enum { M = 37, N = 29, K = 53, PAD = 3, CALLS = 400 };

typedef struct Product {
    float a[M * (K + PAD)], b[K * (N + PAD)];
    double want[M * N];
    bool good[CALLS];
} Product;

static void multiply(void *context, unsigned i, unsigned thread) {
    (void)thread;
    Product *p = context;
    float c[M * (N + PAD)];
    for (unsigned k = 0; k < M * (N + PAD); k++)
        c[k] = 1;
    vn_gemm(M, N, K, p->a, K + PAD, p->b, N + PAD, (float)(i % 2), c, N + PAD);
    p->good[i] = true;
    for (unsigned y = 0; y < M; y++) {
        for (unsigned x = 0; x < N + PAD; x++) {
            double want = x < N ? p->want[y * N + x] + i % 2 : 1;
            p->good[i] &= fabs((double)c[y * (N + PAD) + x] - want) < 1e-4;
        }
    }
}

/* Right in every core type, and when many threads call it at once. */
static void test_gemm(void **state) {
    (void)state;
    static Product p;
    for (unsigned i = 0; i < sizeof p.a / sizeof *p.a; i++)
        p.a[i] = vn_rng_normal(1, 1, i);
    for (unsigned i = 0; i < sizeof p.b / sizeof *p.b; i++)
        p.b[i] = vn_rng_normal(1, 2, i);
    for (unsigned y = 0; y < M; y++) {
        for (unsigned x = 0; x < N; x++) {
            for (unsigned k = 0; k < K; k++)
                p.want[y * N + x] += (double)p.a[y * (K + PAD) + k] * (double)p.b[k * (N + PAD) + x];
        }
    }
    VnPool *pool;
    assert_int_equal(vn_pool_open(&pool, 6, NULL), VERNIS_OK);
    for (int cpu = VN_CPU_SCALAR; cpu <= VN_CPU_AMX; cpu++) {
        vn_kern_init((VnCpu)cpu);
        memset(p.good, 0, sizeof p.good);
        vn_pool_run(pool, CALLS, multiply, &p);
        for (unsigned i = 0; i < CALLS; i++)
            assert_true(p.good[i]);
    }
    vn_pool_close(&pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_detect),
        cmocka_unit_test(test_ceilings),
        cmocka_unit_test(test_gemm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
