/* SPDX-License-Identifier: Apache-2.0 */
#define VIS_SIGMA_1 1.0
#define VIS_SIGMA_2 2.2
#define VIS_SIGMA_3 5.0
#define VIS_SIGMA_CONTRAST 3.0
#define VIS_SIGMA_LIGHT 5.0
#define VIS_SIGMA_POOL 1.5
#define VIS_BIAS 0.0038f
static const float vis_weight[4][3] = {{3900, 5600, 5500}, {8100, 16900, 14300}, {15000, 38000, 31000}, {20000, 32000, 25000}};
static const float vis_mask_gain[4][3] = {{30, 30, 30}, {40, 30, 30}, {54, 38, 38}, {33, 44, 54}};
static const float vis_floor[4][3] = {{.07f, .3f, .27f}, {.5f, 1.3f, 1}, {.9f, 7, 5}, {1.2f, 3.7f, 2.4f}};
static const float vis_mask_power[3] = {.32f, .31f, .31f};
static const float vis_light_power[3] = {.16f, -.05f, -.07f};
static const float vis_contrast_mix[3] = {.9f, .85f, .8f};
