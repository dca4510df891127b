/* SPDX-License-Identifier: Apache-2.0 */
/* Made by tools/calibrate_visibility.py; included by vis_model.c only.
 * 576 held-out pairs: root mean square error 15 %, median 9 %, 90 % within 25 %. */
#define VIS_SIGMA_1 1.0
#define VIS_SIGMA_2 2.2
#define VIS_SIGMA_3 5.0
#define VIS_SIGMA_FINE 1.0
#define VIS_SIGMA_CONTRAST 3.0
#define VIS_SIGMA_LIGHT 5.0
#define VIS_SIGMA_POOL 1.5
#define VIS_CONTRAST_FLOOR 0.0005f
#define VIS_LIGHT_FLOOR 1.842f

/* cone mixtures of linear sRGB, and what is added before the cube root */
static const float vis_cone[3][3] = {{0.2963f, 0.6268f, 0.07690f},
    {0.2185f, 0.6842f, 0.09730f},
    {0.08170f, 0.08170f, 0.8366f}};
static const float vis_bias[3] = {0.01100f, 0.01100f, 0.6240f};
/* for each band of the change and plane */
static const float vis_weight[4][3] = {{2473.f, 6011.f, 1984.f},
    {2.069e+04f, 3.861e+04f, 4251.f},
    {1.416e+04f, 1.020e+05f, 3928.f},
    {2.513e+04f, 1.683e+04f, 1.499e+04f}};
static const float vis_floor[4][3] = {{0.001580f, 0.002150f, 0.001584f},
    {0.004580f, 0.003529f, 0.001952f},
    {0.002842f, 0.06489f, 0.001799f},
    {0.07315f, 0.006057f, 0.003340f}};
/* for each band of contrast and plane of the change */
static const float vis_mask_gain[3][3] = {{816.2f, 105.3f, 210.1f},
    {1367.f, 130.4f, 391.6f},
    {231.2f, 141.0f, 169.1f}};
/* for each band of contrast and band of the change */
static const float vis_mask_power[3][4] = {{0.5293f, 0.7521f, 1.083f, 0.3854f},
    {0.6999f, 1.019f, 2.164f, 0.7072f},
    {0.4336f, 0.4487f, 0.6932f, 0.4043f}};
static const float vis_light_power[3] = {-0.08872f, -0.2215f, 0.2965f};
static const float vis_blue_power[3] = {1.191f, 1.056f, 0.4236f};
