/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Protecting one picture in memory.
 */
#ifndef VN_PROTECT_PROTECT_H
#define VN_PROTECT_PROTECT_H

#include "image/image.h"
#include "nn/encoder.h"
#include "protect/ingest.h"

typedef enum VnObjective {
    VN_OBJECTIVE_DIRECTION, /**< along the artist's own fixed pattern of latent directions, drawn from `key` */
    VN_OBJECTIVE_UNTARGETED /**< away from the clean latent */
} VnObjective;

typedef struct VnProtectParams {
    double visibility; /**< target: predicted butteraugli 3-norm of the whole picture, JPEG output's own loss included;
                          less on smooth ground (vis_model.h) */
    double care; /**< 0 to 1, for what people see sooner than that counts: how far smooth ground is spared (some at 0,
                    too), faint texture and paper taken for it, and strokes followed */
    int steps;
    uint64_t seed; /**< all randomness of this picture */
    uint64_t key;  /**< the pattern, the same for everything an artist posts */
    VnObjective objective;
    double time_limit;  /**< seconds from the start of vn_protect_image, 0: none; the best result so far is kept */
    int output_quality; /**< the JPEG quality the result will be written at, 0 for lossless formats */
    bool output_subsample;
    const VnTrip *platform; /**< the one it is made for, met in half of the loop's draws; NULL: any platform */
    void *opaque;           /**< for the two hooks, which may be NULL */
    void (*progress)(void *opaque, double done);
    bool (*cancelled)(void *opaque);
} VnProtectParams;

typedef struct VnProtectStats {
    int steps;         /**< steps made */
    double visibility; /**< guarded (visibility.h), of the image as handed back */
    bool target_met;   /**< within 10 % of the target, which compression alone leaves room for */
} VnProtectStats;

/** Perturb `image` (sRGB, 1 or 3 colours, 8 or 16 bits, maybe alpha) in place. Grey stays grey, alpha is untouched,
 * pixels with alpha 0 are not touched. The result is on the image's own 8- or 16-bit grid. Tiny and thin pictures
 * reach the encoder stretched to its smallest size, 64 pixels a side, and are protected all the same.
 * On failure the image is unchanged.
 * @param encoders 1..8 surrogates, which take turns, the first two of three; their terms are normalised by each one's
 * clean spread */
VernisStatus vn_protect_image(VnImage *image, const VnEncoder *const *encoders, size_t encoder_count,
                              const VnProtectParams *params, VnPool *pool, VnProtectStats *stats, VnError *err);

/** What vn_protect_image will take of a machine, from the sizes alone. */
typedef struct VnProtectNeed {
    double step_pixels; /**< that a step's encoders see, in the mean */
    size_t memory; /**< bytes, the picture, its copies and the encoders' weights included; SIZE_MAX: beyond counting */
} VnProtectNeed;

/** @param row_bytes of the decoded picture; @param platform as in VnProtectParams */
void vn_protect_need(VnProtectNeed *out, uint32_t width, uint32_t height, size_t row_bytes, const VnTrip *platform,
                     const VnEncoder *const *encoders, size_t encoder_count, unsigned threads);

/** Lanczos, in sRGB values as platforms do it, to another size; colours, alpha and bits stay. `out` is the caller's.
 * @param image 1 or 3 colours */
VernisStatus vn_picture_resize(VnImage *out, const VnImage *image, uint32_t width, uint32_t height, VnPool *pool,
                               VnError *err);

/** How much of the change between two images of one size and layout is seen (alpha composited over white): butteraugli's
 * 3-norm as vis_model.h predicts it, over the pixels of `a` that show. tests/regression/visibility.md says how far the two are
 * apart. */
VernisStatus vn_visibility(double *out, const VnImage *a, const VnImage *b, VnPool *pool, VnError *err);

#endif
