/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Counter-based random numbers: a value depends only on (seed, stream, index), so any order and any number of threads
 * give the same picture. SplitMix64 finaliser (Steele, Lea, Flood 2014) over a mixed key.
 */
#ifndef VN_BASE_RNG_H
#define VN_BASE_RNG_H

#include <stdint.h>

static inline uint64_t vn_rng_mix(uint64_t z) {
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline uint64_t vn_rng_u64(uint64_t seed, uint64_t stream, uint64_t index) {
    return vn_rng_mix(vn_rng_mix(vn_rng_mix(seed) ^ stream) ^ index);
}

/** Uniform in [0, 1), 24 bits. */
static inline float vn_rng_unit(uint64_t seed, uint64_t stream, uint64_t index) {
    return (float)(vn_rng_u64(seed, stream, index) >> 40) * 0x1p-24f;
}

float vn_rng_normal(uint64_t seed, uint64_t stream, uint64_t index); /**< mean 0, variance 1 (Box-Muller) */

#endif
