/* SPDX-License-Identifier: Apache-2.0 */
/* One encoder at one size with room for everything, and PyTorch's goldens for it. */
#ifndef ENCODER_RUN_H
#define ENCODER_RUN_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/rng.h"
#include "kern/kern.h"
#include "nn/encoder.h"
#include "nn/safetensors.h"

static inline double distance(const float *a, const float *b, size_t n) {
    double difference = 0, norm = 0;
    for (size_t i = 0; i < n; i++) {
        difference += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        norm += (double)b[i] * b[i];
    }
    return sqrt(difference / (norm > 0 ? norm : 1));
}

typedef struct Run {
    VnPool *pool;
    VnPass *pass;
    size_t area, z;
    float *rgb, *latent, *latent_gradient, *gradient;
} Run;

static inline Run run_open(const VnEncoder *encoder, uint32_t width, uint32_t height, bool backward, unsigned threads) {
    Run r = {.area = (size_t)width * height};
    const VnEncoderInfo *info = vn_encoder_info(encoder);
    r.z = r.area / info->stride / info->stride * info->latent_channels;
    r.rgb = vn_calloc(r.area, 3 * sizeof(float));
    r.gradient = vn_calloc(r.area, 3 * sizeof(float));
    r.latent = vn_calloc(r.z, sizeof(float));
    r.latent_gradient = vn_calloc(r.z, sizeof(float));
    assert_true(r.rgb && r.gradient && r.latent && r.latent_gradient);
    assert_int_equal(vn_pool_open(&r.pool, threads, NULL), VERNIS_OK);
    assert_int_equal(vn_pass_open(&r.pass, encoder, width, height, backward, NULL, r.pool, NULL), VERNIS_OK);
    for (size_t i = 0; i < 3 * r.area; i++)
        r.rgb[i] = vn_rng_unit(7, width, i);
    return r;
}

static inline void run_both(Run *r) {
    vn_pass_forward(r->pass, r->rgb, r->latent);
    memcpy(r->latent_gradient, r->latent, r->z * sizeof(float));
    vn_pass_backward(r->pass, r->latent_gradient, r->gradient);
}

static inline void run_close(Run *r) {
    vn_pass_close(&r->pass);
    vn_pool_close(&r->pool);
    vn_free(r->rgb);
    vn_free(r->gradient);
    vn_free(r->latent);
    vn_free(r->latent_gradient);
}

static inline float *golden(const VnTensors *tensors, const char *name, size_t *count) {
    const VnTensor *t = vn_tensors_find(tensors, name);
    assert_non_null(t);
    float *values = vn_malloc(t->count * sizeof *values);
    assert_non_null(values);
    assert_int_equal(vn_tensor_floats(t, values, NULL), VERNIS_OK);
    *count = t->count;
    return values;
}

/* @param name of DATA_DIR/NAME.golden.safetensors
 * @param gradient_limit relative L2 distance with float32; on tiles the limits are those of bfloat16 */
static inline void matches_pytorch(const VnEncoder *encoder, const char *name, double gradient_limit) {
    bool tiles = vn_kern_chosen() == VN_CPU_AMX;
    double latent_limit = tiles ? 1e-4 : 5e-6;
    if (tiles)
        gradient_limit = 2e-2;
    char path[512];
    VnMap map;
    VnTensors *tensors;
    snprintf(path, sizeof path, DATA_DIR "/%s.golden.safetensors", name);
    assert_int_equal(vn_map_open(&map, path, NULL), VERNIS_OK);
    assert_int_equal(vn_tensors_open(&tensors, map.data, map.size, NULL), VERNIS_OK);
    const size_t *shape = vn_tensors_find(tensors, "rgb")->shape;
    Run r = run_open(encoder, (uint32_t)shape[2], (uint32_t)shape[1], true, 2);
    size_t area, z, g;
    float *rgb = golden(tensors, "rgb", &area), *latent = golden(tensors, "latent", &z);
    float *gradient = golden(tensors, "gradient", &g);
    assert_int_equal(area, 3 * r.area);
    assert_int_equal(z, r.z);
    memcpy(r.rgb, rgb, area * sizeof *rgb);
    run_both(&r);
    if (!(distance(r.latent, latent, z) < latent_limit) || !(distance(r.gradient, gradient, g) < gradient_limit))
        fail_msg("%s on %s: latent off by %.2e, gradient by %.2e", name, vn_cpu_name(vn_kern_chosen()),
                 distance(r.latent, latent, z), distance(r.gradient, gradient, g));
    vn_free(rgb);
    vn_free(latent);
    vn_free(gradient);
    run_close(&r);
    vn_tensors_close(&tensors);
    vn_map_close(&map);
}

/* The slope of <u, z> along the gradient's own direction, from both sides, is the gradient's norm: any other vector
 * would promise more than it gives. Small steps, because each ReLU's corner that they cross is an error. */
static inline void matches_differences(const VnEncoder *encoder, uint32_t width, uint32_t height, uint64_t seed,
                                       double step, double limit) {
    Run r = run_open(encoder, width, height, true, 2);
    float *u = vn_malloc(r.z * sizeof *u), *x = vn_malloc(3 * r.area * sizeof *x);
    assert_true(u && x);
    for (size_t k = 0; k < r.z; k++)
        u[k] = vn_rng_normal(1, seed, k);
    memcpy(x, r.rgb, 3 * r.area * sizeof *x);
    vn_pass_forward(r.pass, r.rgb, r.latent);
    memcpy(r.latent_gradient, u, r.z * sizeof *u);
    vn_pass_backward(r.pass, r.latent_gradient, r.gradient);
    double norm = 0, change = 0;
    for (size_t k = 0; k < 3 * r.area; k++)
        norm += (double)r.gradient[k] * r.gradient[k];
    norm = sqrt(norm);
    step *= sqrt(3 * (double)r.area);
    for (int side = -1; side <= 1; side += 2) {
        for (size_t k = 0; k < 3 * r.area; k++)
            r.rgb[k] = (float)((double)x[k] + side * step / norm * (double)r.gradient[k]);
        vn_pass_forward(r.pass, r.rgb, r.latent);
        for (size_t k = 0; k < r.z; k++)
            change += side * (double)u[k] * r.latent[k];
    }
    double slope = change / (2 * step);
    if (!(fabs(slope / norm - 1) < limit))
        fail_msg("%s: gradient's norm %.6f, slope %.6f", vn_encoder_info(encoder)->name, norm, slope);
    vn_free(u);
    vn_free(x);
    run_close(&r);
}

/* One thread and three, a pass used twice, a forward-only pass and one in a room that another has left full give the
 * same. */
static inline void threads_and_passes_agree(const VnEncoder *encoder, uint32_t width, uint32_t height) {
    Run one = run_open(encoder, width, height, true, 1), three = run_open(encoder, width, height, true, 3);
    Run forward = run_open(encoder, width, height, false, 2);
    run_both(&one);
    run_both(&three);
    run_both(&three); /* a pass leaves nothing behind */
    vn_pass_forward(forward.pass, forward.rgb, forward.latent);
    assert_true(distance(three.latent, one.latent, one.z) < 1e-6);
    assert_true(distance(three.gradient, one.gradient, 3 * one.area) < 1e-6);
    assert_true(distance(forward.latent, one.latent, one.z) < 1e-6);
    assert_true(vn_pass_bytes(forward.pass) < vn_pass_bytes(three.pass));
    VnPassRoom room = {0};
    VnPass *taker;
    assert_int_equal(vn_pass_open(&taker, encoder, width, height, true, &room, one.pool, NULL), VERNIS_OK);
    memset(room.block, 0xff, room.bytes);
    Run turns = one;
    turns.pass = taker;
    run_both(&turns);
    assert_true(distance(turns.latent, three.latent, one.z) < 1e-6);
    assert_true(distance(turns.gradient, three.gradient, 3 * one.area) < 1e-6);
    vn_pass_close(&taker);
    vn_pass_room_free(&room);
    run_close(&one);
    run_close(&three);
    run_close(&forward);
}

#endif
