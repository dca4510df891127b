/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * What the loop climbs: how far the surrogates' latents move after a picture has been through an ingest, and the
 * gradient of that by the perturbation.
 */
#ifndef VN_PROTECT_OBJECTIVE_H
#define VN_PROTECT_OBJECTIVE_H

#include "nn/encoder.h"
#include "protect/ingest.h"

enum { VN_DRAWS = 6, VN_MAX_ENCODERS = 8, VN_MAX_TRAININGS = 2 };

/** A size that trainers feed pictures at, in pixels. */
typedef struct VnTraining {
    uint32_t w, h;
} VnTraining;

/** The picture as the loop sees it. Planes are sRGB 0..1. */
typedef struct VnScene {
    uint32_t work_w, work_h;               /**< the grid that the perturbation lives on */
    uint32_t platform_w, platform_h;       /**< what a platform serves, at most */
    VnTraining training[VN_MAX_TRAININGS]; /**< what trainers feed the encoder */
    size_t trainings;                      /**< of them; at least 1 */
    const float *work_rgb;                 /**< (3,h,w) the clean picture on the work grid */
    const float *platform_rgb;             /**< (3,H,W) and on the platform's, over white */
    const float *platform_alpha;           /**< (H,W), or NULL for an opaque picture */
    bool grey;                             /**< the same perturbation in all three planes */
    bool posted_is_platform;               /**< the platform grid is the posted picture itself */
    const VnTrip *platform;                /**< the platform that half of the draws are of; NULL: none in particular */
} VnScene;

/** One way that a posted picture reaches a trainer. A picture's draws are few, so that each one's clean latents are
 * computed once, when it is first met, and displacement is measured exactly. */
typedef struct VnDraw {
    size_t training; /**< which of the scene's */
    VnFilter filter;
    int quality; /**< 0: no JPEG */
    bool subsample;
    uint32_t right, down; /**< training pixels that the trainer's crop leaves out on the left and at the top */
} VnDraw;

typedef struct VnSurrogate {
    /* for each training: */
    VnPass *pass[VN_MAX_TRAININGS];
    size_t latent[VN_MAX_TRAININGS];  /**< values of a latent (z,h,w) */
    float *pattern[VN_MAX_TRAININGS]; /**< the artist's, of that shape */
    float *clean[VN_DRAWS];           /**< the clean picture's latent after each draw */
    unsigned seen_clean;              /**< a bit for each draw whose clean latent is there */
    float *z, spread;                 /**< working latent; standard deviation of the clean one */
} VnSurrogate;

typedef struct VnObjectiveState {
    const VnScene *scene;
    VnPool *pool;
    size_t work, platform; /**< pixels of the grids */
    VnResize *up, *down[VN_MAX_TRAININGS][VN_FILTER_LANCZOS + 1];
    VnDraw draws[VN_DRAWS];
    int output_quality;     /**< the picture is first written as a JPEG of this quality; 0: not */
    bool output_subsample;
    double along; /**< 1: along the pattern only; 0: away from the clean latent only */
    VnSurrogate surrogates[VN_MAX_ENCODERS];
    size_t count;
    VnPassRoom room; /**< of all their passes */
    float *y, *y_gradient, *x, *x_gradient, *scratch;
    uint8_t *output_slopes, *slopes; /**< of the JPEG that is written, and of the draw's */
    VnPlan plan;
} VnObjectiveState;

/** @param seed chooses the draws; @param key the pattern; @param coarse
 * as for vn_pass_coarse. The scene is kept and must outlive the state.
 * vn_objective_close takes what a failure leaves behind. */
VernisStatus vn_objective_open(VnObjectiveState *out, const VnScene *scene, const VnEncoder *const *encoders,
                               size_t count, uint64_t seed, uint64_t key, double along, bool coarse, VnPool *pool,
                               VnError *err);
void vn_objective_close(VnObjectiveState *objective);

/** One surrogate after one draw. Several take turns, and cost no more than one: the first has two of three, the others
 * share the third.
 * @param d (3,h,w); @param gradient (3,h,w), overwritten; rounding and clamping are passed straight through
 * @return the objective: (1 - along) times the root mean square displacement plus along times the mean product with the
 * pattern, in units of the clean latent's spread */
double vn_objective_gradient(VnObjectiveState *objective, unsigned turn, const float *d, float *gradient);

/** The artist's pattern for one encoder: smooth field over an 8x8 grid of directions in latent space, root mean
 * square 1. Depends on the key and the encoder's name only. @param out (channels,h,w) */
void vn_pattern(uint64_t key, const char *encoder_name, unsigned channels, uint32_t w, uint32_t h, float *out);

#endif
