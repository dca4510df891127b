/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one encoder on raw floats, for tools/compare_encoders.py, and times it:
 *   encoder_dump MODEL WIDTH HEIGHT RGB LATENT GRADIENT [THREADS [CPU [ROUNDS]]]
 * RGB holds 3*H*W floats; LATENT and GRADIENT (of 0.5 * sum(z * z)) are written. With ROUNDS, one line of medians. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kern/kern.h"
#include "nn/encoder.h"

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int ascending(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static bool transfer(const char *path, float *data, size_t count, bool write) {
    FILE *file = fopen(path, write ? "wb" : "rb");
    if (!file)
        return false;
    size_t done = write ? fwrite(data, sizeof *data, count, file) : fread(data, sizeof *data, count, file);
    return !fclose(file) && done == count;
}

/* The most memory this process has had. */
static size_t process_bytes(void) {
    char line[256];
    size_t kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && !kib && fgets(line, sizeof line, file))
        sscanf(line, "VmHWM: %zu", &kib);
    if (file)
        fclose(file);
    return kib * 1024;
}

/* Median seconds of a forward and a backward pass. */
static void time_passes(VnPass *pass, const float *rgb, float *latent, float *dz, float *gradient, size_t z,
                        unsigned rounds, VnCpu cpu, size_t weight_bytes) {
    double forward[64], backward[64];
    rounds = rounds < 64 ? rounds : 64;
    for (unsigned i = 0; i < rounds; i++) {
        double t0 = seconds();
        vn_pass_forward(pass, rgb, latent);
        double t1 = seconds();
        memcpy(dz, latent, z * sizeof *dz);
        vn_pass_backward(pass, dz, gradient);
        forward[i] = t1 - t0;
        backward[i] = seconds() - t1;
    }
    qsort(forward, rounds, sizeof *forward, ascending);
    qsort(backward, rounds, sizeof *backward, ascending);
    printf("{\"cpu\":\"%s\",\"blas_found\":\"%s\",\"blas\":\"%s\",\"seconds_forward\":%.4f,\"seconds_backward\":%.4f,"
           "\"pass_bytes\":%zu,\"weight_bytes\":%zu,\"process_bytes\":%zu}\n",
           vn_cpu_name(cpu), vn_blas_core_found(), vn_blas_core_chosen(), forward[rounds / 2], backward[rounds / 2],
           vn_pass_bytes(pass), weight_bytes, process_bytes());
}

int main(int argc, char **argv) {
    if (argc < 7) {
        fprintf(stderr, "usage: encoder_dump MODEL WIDTH HEIGHT RGB LATENT GRADIENT [THREADS [CPU [ROUNDS [coarse]]]]\n");
        return 2;
    }
    VnError err = {0};
    VnCpu cpu = VN_CPU_AMX;
    VnPool *pool = NULL;
    VnEncoder *encoder = NULL;
    VnPass *pass = NULL;
    float *rgb = NULL, *latent = NULL, *dz = NULL, *gradient = NULL;
    VernisStatus status = VERNIS_OK;
    unsigned width = (unsigned)atoi(argv[2]), height = (unsigned)atoi(argv[3]);
    if (argc > 8)
        VN_CHECK(vn_cpu_parse(&cpu, argv[8], &err));
    cpu = vn_kern_init(cpu);
    VN_CHECK(vn_pool_open(&pool, argc > 7 ? (unsigned)atoi(argv[7]) : 0, &err));
    VN_CHECK(vn_encoder_open(&encoder, argv[1], &err));
    VN_CHECK(vn_pass_open(&pass, encoder, width, height, true, NULL, pool, &err));
    vn_pass_coarse(pass, argc > 10);
    const VnEncoderInfo *info = vn_encoder_info(encoder);
    size_t area = (size_t)width * height, z = area / info->stride / info->stride * info->latent_channels;
    rgb = vn_calloc(area, 3 * sizeof *rgb);
    gradient = vn_calloc(area, 3 * sizeof *gradient);
    latent = vn_calloc(z, sizeof *latent);
    dz = vn_calloc(z, sizeof *dz);
    if (!rgb || !gradient || !latent || !dz || !transfer(argv[4], rgb, 3 * area, false)) {
        status = vn_fail(&err, VERNIS_E_IO, "dump", "cannot read %s", argv[4]);
        goto done;
    }
    time_passes(pass, rgb, latent, dz, gradient, z, argc > 9 ? (unsigned)atoi(argv[9]) : 1, cpu, info->weight_bytes);
    if (!transfer(argv[5], latent, z, true) || !transfer(argv[6], gradient, 3 * area, true))
        status = vn_fail(&err, VERNIS_E_IO, "dump", "cannot write %s or %s", argv[5], argv[6]);
done:
    if (status != VERNIS_OK)
        fprintf(stderr, "%s\n", err.text);
    vn_free(rgb);
    vn_free(gradient);
    vn_free(latent);
    vn_free(dz);
    vn_pass_close(&pass);
    vn_encoder_close(&encoder);
    vn_pool_close(&pool);
    return status != VERNIS_OK;
}
