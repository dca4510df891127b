/* SPDX-License-Identifier: Apache-2.0 */
/* Made by tools/calibrate_visibility.py; included by vis_model.c only.
 * 63 held-out pairs: root mean square error 9 %, median 7 %, 90 % within 14 %. */
#define VIS_SIGMA_1 1.0
#define VIS_SIGMA_2 2.2
#define VIS_SIGMA_3 5.0
#define VIS_SIGMA_FINE 1.0
#define VIS_SIGMA_CONTRAST 3.0
#define VIS_SIGMA_LIGHT 5.0
#define VIS_SIGMA_POOL 1.5
#define VIS_BIAS 0.0038f
#define VIS_CONTRAST_FLOOR 0.0005f
#define VIS_LIGHT_FLOOR 0.04318f

/* for each band of the change and plane */
static const float vis_weight[4][3] = {{9241.f, 8903.f, 8476.f},
                                       {1.532e+04f, 1.352e+05f, 1.133e+05f},
                                       {1.933e+04f, 5.038e+05f, 1.677e+05f},
                                       {1.541e+04f, 1.848e+04f, 1.210e+04f}};
static const float vis_floor[4][3] = {{0.002253f, 0.002807f, 0.002610f},
                                      {0.007705f, 0.03820f, 0.03104f},
                                      {0.01396f, 0.02573f, 0.02503f},
                                      {0.01740f, 0.01188f, 0.01274f}};
/* for each band of contrast and plane of the change */
static const float vis_mask_gain[3][3] = {{64.68f, 77.04f, 92.60f}, {84.70f, 82.42f, 119.3f}, {63.09f, 98.55f, 90.73f}};
/* for each band of contrast and band of the change */
static const float vis_mask_power[3][4] = {
    {0.2446f, 0.6732f, 1.460f, 0.1800f}, {0.3725f, 0.8963f, 1.317f, 2.744f}, {0.2024f, 0.1934f, 1.790f, 0.8825f}};
static const float vis_light_power[3] = {0.9247f, 0.2964f, -0.04320f};
