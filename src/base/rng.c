/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

#include <math.h>

float vn_rng_normal(uint64_t seed, uint64_t stream, uint64_t index) {
    double u = ((double)(vn_rng_u64(seed, stream, 2 * index) >> 11) + 0.5) * 0x1p-53;
    double v = (double)(vn_rng_u64(seed, stream, 2 * index + 1) >> 11) * 0x1p-53;
    return (float)(sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v));
}
