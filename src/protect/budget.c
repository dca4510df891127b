/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/rng.h"
#include "protect/protect.h"
#include "protect/vis_metric.h"
#include "protect/visibility.h"

/* The sum of the products of two sampled Gaussians of unit sum, squared for two dimensions: the inner product of two
 * of the model's blurs. A standard deviation of 0 is the identity. */
static double blur_product(double sigma_a, double sigma_b) {
    double a_sum = 0, b_sum = 0, product = 0;
    for (int x = -40; x <= 40; x++) {
        double a = sigma_a > 0 ? exp(-x * x / (2 * sigma_a * sigma_a)) : x == 0;
        double b = sigma_b > 0 ? exp(-x * x / (2 * sigma_b * sigma_b)) : x == 0;
        a_sum += a;
        b_sum += b;
        product += a * b;
    }
    product /= a_sum * b_sum;
    return product * product;
}

void vn_budget_from_metric(VnVisMetric *m, float *out) {
    size_t n = (size_t)m->width * m->height;
    double sigma[VN_VIS_BANDS + 1] = {0}, energy[VN_VIS_BANDS];
    for (size_t k = 1; k < VN_VIS_BANDS; k++)
        sigma[k] = m->sigma[k - 1];
    for (size_t k = 0; k < VN_VIS_BANDS; k++) {
        energy[k] = blur_product(sigma[k], sigma[k]);
        if (k + 1 < VN_VIS_BANDS)
            energy[k] += blur_product(sigma[k + 1], sigma[k + 1]) - 2 * blur_product(sigma[k], sigma[k + 1]);
    }
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < n; i++) {
            double form = 0;
            for (size_t p = 0; p < 3; p++) {
                double j = m->jacobian[(p * 3 + c) * n + i], s = 0;
                for (size_t k = 0; k < VN_VIS_BANDS; k++)
                    s += energy[k] * m->sensitivity[(k * 3 + p) * n + i];
                form += j * j * s;
            }
            out[c * n + i] = (float)(1 / sqrt(form + 1e-6));
        }
    for (size_t i = 0; i < 3 * n; i++)
        m->work[i] = vn_rng_u64(0, 0, i) & 1 ? out[i] : -out[i];
    double value = vn_vis_metric_value(m, m->work, NULL);
    for (size_t i = 0; i < 3 * n && value > 0; i++)
        out[i] = (float)(out[i] / value);
}

VernisStatus vn_budget_map(const VnImage *image, double care, uint32_t w, uint32_t h, float *out, VnPool *pool,
                           VnError *err) {
    size_t n = (size_t)w * h, bytes = vn_mul(6 * n, sizeof(float));
    VnImage small = {0};
    VnVisMetric metric = {0};
    float *rgb = NULL;
    VernisStatus status;
    VN_CHECK(vn_picture_resize(&small, image, w, h, pool, err));
    rgb = vn_malloc(bytes);
    if (!rgb) {
        status = vn_no_memory(err, "protect", bytes, "the budget map");
        goto done;
    }
    vn_image_rows_to_planes(&small, 0, h, rgb);
    VN_CHECK(vn_vis_metric_open(&metric, w, h, rgb, (double)image->width / w, (double)image->height / h, pool, err));
    VN_CHECK(vn_visibility_sensitivity(image, care, w, h, metric.sensitivity, pool, err));
    float *budget = rgb + 3 * n;
    vn_budget_from_metric(&metric, budget);
    for (size_t i = 0; i < n; i++)
        out[i] = (budget[i] + budget[n + i] + budget[2 * n + i]) / 3;
done:
    vn_vis_metric_close(&metric);
    vn_free(rgb);
    vn_image_free(&small);
    return status;
}
