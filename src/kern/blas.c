/* SPDX-License-Identifier: Apache-2.0 */
/* The only file that sees cblas.h. OpenBLAS chooses its kernels from the processor's model number when it is loaded; a
 * build older than the processor takes a weaker core type than the processor deserves, at up to a tenth of the speed.
 */
#include "kern/blas.h"

#include <cblas.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "kern/kern.h"

static char found[32], chosen[32];
static const char *restart_type;

#ifdef VN_HAVE_SIMD
/* What a core type's single-precision kernels use. Types not listed (before AVX2, or another architecture) are
 * "scalar". */
static VnCpu core_class(const char *name) {
    static const struct {
        const char *name;
        VnCpu cpu;
    } cores[] = {{"Haswell", VN_CPU_AVX2},    {"Zen", VN_CPU_AVX2},          {"Excavator", VN_CPU_AVX2},
                 {"SkylakeX", VN_CPU_AVX512}, {"Cooperlake", VN_CPU_AVX512}, {"SapphireRapids", VN_CPU_AVX512}};
    for (size_t i = 0; i < sizeof cores / sizeof *cores; i++) {
        if (!strcmp(name, cores[i].name))
            return cores[i].cpu;
    }
    return VN_CPU_SCALAR;
}

/* The core type to ask for; NULL: the current one will do. */
static const char *wanted_core(VnCpu cpu, const char *current) {
    static const char *const types[] = {"Nehalem", "Haswell", "SkylakeX"};
    VnCpu limit = cpu > VN_CPU_AVX512 ? VN_CPU_AVX512 : cpu;
    return core_class(current) == limit ? NULL : types[limit];
}
#else
static const char *wanted_core(VnCpu cpu, const char *current) {
    (void)cpu, (void)current;
    return NULL;
}
#endif

/* OpenBLAS's own functions to choose again. They are not in its header, and some builds hide them. */
typedef void dynamic_fn(void);

static dynamic_fn *dynamic_function(const char *name) {
    union {
        void *object;
        dynamic_fn *function;
        void (*gemm)(CBLAS_LAYOUT, CBLAS_TRANSPOSE, CBLAS_TRANSPOSE, blasint, blasint, blasint, float, const float *,
                     blasint, const float *, blasint, float, float *, blasint);
    } address = {.object = dlsym(RTLD_DEFAULT, name)};
    if (!address.object) { /* OpenBLAS may have come in with a library that was loaded RTLD_LOCAL */
        Dl_info where;
        address.gemm = cblas_sgemm;
        void *library = dladdr(address.object, &where) ? dlopen(where.dli_fname, RTLD_LAZY | RTLD_NOLOAD) : NULL;
        address.object = NULL;
        if (library) {
            address.object = dlsym(library, name);
            dlclose(library); /* only the extra reference: the library stays loaded */
        }
    }
    return address.function;
}

static void name_copy(char *to, const char *from) {
    size_t n = strlen(from);
    n = n < sizeof found - 1 ? n : sizeof found - 1;
    memcpy(to, from, n);
    to[n] = 0;
}

static void choose_core(const char *type) {
    dynamic_fn *quit = dynamic_function("gotoblas_dynamic_quit"), *init = dynamic_function("gotoblas_dynamic_init");
    const char *old = getenv("OPENBLAS_CORETYPE");
    restart_type = quit && init ? NULL : type;
    if (restart_type) {
        if (old && !strcmp(old, type))
            restart_type = NULL;
        return;
    }
    /* The variable is put back, so that programs started by this process choose for themselves. */
    char *kept = vn_strdup(old);
    setenv("OPENBLAS_CORETYPE", type, 1);
    quit();
    init();
    if (kept)
        setenv("OPENBLAS_CORETYPE", kept, 1);
    else
        unsetenv("OPENBLAS_CORETYPE");
    vn_free(kept);
}

void vn_blas_init(VnCpu cpu) {
    if (!*found)
        name_copy(found, openblas_get_corename());
    const char *type = wanted_core(cpu, openblas_get_corename());
    restart_type = NULL;
    if (type)
        choose_core(type);
    name_copy(chosen, openblas_get_corename());
    openblas_set_num_threads(1);
}

const char *vn_blas_core_found(void) { return found; }
const char *vn_blas_core_chosen(void) { return chosen; }

bool vn_blas_needs_restart(const char **coretype) {
    *coretype = restart_type;
    return restart_type != NULL;
}

static bool in_order;

void vn_gemm_exact(bool on) { in_order = on; }
bool vn_gemm_is_exact(void) { return in_order; }

void vn_gemm(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, size_t ldb, float beta, float *c,
             size_t ldc) {
    if (in_order) {
        vn_kern()->gemm_in_order(m, n, k, a, lda, b, ldb, beta, c, ldc);
        return;
    }
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (blasint)m, (blasint)n, (blasint)k, 1, a, (blasint)lda, b,
                (blasint)ldb, beta, c, (blasint)ldc);
}
