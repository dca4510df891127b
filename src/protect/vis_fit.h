/* SPDX-License-Identifier: Apache-2.0 */
/* Made by tools/calibrate_visibility.py; included by vis_model.c only.
 * 331 held-out pairs: root mean square error 17 %, median 9 %, 90 % within 26 %. */
#define VIS_SIGMA_1 1.0
#define VIS_SIGMA_2 2.2
#define VIS_SIGMA_3 5.0
#define VIS_SIGMA_FINE 1.0
#define VIS_SIGMA_CONTRAST 3.0
#define VIS_SIGMA_LIGHT 5.0
#define VIS_SIGMA_POOL 1.5
#define VIS_BIAS 0.0038f
#define VIS_CONTRAST_FLOOR 0.0005f
#define VIS_LIGHT_FLOOR 0.1950f

/* for each band of the change and plane */
static const float vis_weight[4][3] = {{7158.f, 2.374e+04f, 1700.f},
                                       {6.659e+04f, 2.299e+05f, 2602.f},
                                       {2.746e+04f, 8.508e+05f, 4249.f},
                                       {1.048e+05f, 9.615e+04f, 5340.f}};
static const float vis_floor[4][3] = {{0.003125f, 0.005894f, 0.001318f},
                                      {0.02032f, 0.1703f, 0.001617f},
                                      {0.004818f, 0.1048f, 0.001916f},
                                      {0.01045f, 0.02720f, 0.001994f}};
/* for each band of contrast and plane of the change */
static const float vis_mask_gain[3][3] = {{522.9f, 163.0f, 278.0f}, {119.4f, 471.0f, 167.6f}, {41.61f, 111.3f, 103.1f}};
/* for each band of contrast and band of the change */
static const float vis_mask_power[3][4] = {
    {0.8672f, 1.330f, 0.9145f, 0.5630f}, {0.2665f, 0.6365f, 2.435f, 0.4131f}, {0.1298f, 0.1544f, 0.6257f, 0.2135f}};
static const float vis_light_power[3] = {0.6958f, 0.3062f, 1.657f};
