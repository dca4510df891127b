/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution on bfloat16 tiles; see tiles.h, and kern_list.h for what each does. Included by kern_isa.h only. */
#include <string.h>

#include "kern/tiles.h"

#ifdef __AMX_BF16__
#include <immintrin.h>
#endif

/* To the nearest bfloat16, ties to even, subnormals to zero: VCVTNE2PS2BF16 (SDM volume 2). No NaN comes here. */
static inline uint16_t to_bf16(float v) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    if (!(bits & 0x7f800000))
        return (uint16_t)(bits >> 16 & 0x8000);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static inline float from_bf16(uint16_t half) {
    uint32_t bits = (uint32_t)half << 16;
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

#ifdef __AMX_BF16__
static inline void split_vectors(uint16_t *high, uint16_t *low, __m512 a, __m512 b, __mmask32 want) {
    __m512i h = (__m512i)_mm512_cvtne2ps_pbh(b, a);
    _mm512_mask_storeu_epi16(high, want, h);
    if (!low)
        return;
    __m512i first = _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm512_castsi512_si256(h)), 16);
    __m512i second = _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(h, 1)), 16);
    __m512i l = (__m512i)_mm512_cvtne2ps_pbh(_mm512_sub_ps(b, _mm512_castsi512_ps(second)),
                                             _mm512_sub_ps(a, _mm512_castsi512_ps(first)));
    _mm512_mask_storeu_epi16(low, want, l);
}
#endif

/* n <= 32 values to high halves and, unless NULL, low halves */
static inline void split_values(uint16_t *high, uint16_t *low, const float *x, size_t n) {
#ifdef __AMX_BF16__
    __mmask32 want = n < 32 ? ((__mmask32)1 << n) - 1 : ~(__mmask32)0;
    __m512 a = _mm512_maskz_loadu_ps((__mmask16)want, x), b = _mm512_maskz_loadu_ps((__mmask16)(want >> 16), x + 16);
    split_vectors(high, low, a, b, want);
#else
    for (size_t i = 0; i < n; i++) {
        high[i] = to_bf16(x[i]);
        if (low)
            low[i] = to_bf16(x[i] - from_bf16(high[i]));
    }
#endif
}

static void bf16_pixels(uint16_t *y, const float *x, size_t channels, size_t padded, bool split, size_t n) {
    size_t step = split ? 2 * padded : padded;
    for (size_t p = 0; p < n; p++, y += step, x += channels) {
        for (size_t c = 0; c < channels; c += 32)
            split_values(y + c, split ? y + padded + c : NULL, x + c, channels - c < 32 ? channels - c : 32);
        for (size_t c = channels; c < padded; c++) {
            y[c] = 0;
            if (split)
                y[padded + c] = 0;
        }
    }
}

static void bf16_patches(uint16_t *y, const float *x, size_t row, size_t step, size_t width, size_t n) {
    for (size_t p = 0; p < n; p++, y += 2 * VN_TILE_CHANNELS, x += step) {
        float patch[VN_TILE_CHANNELS] = {0};
        for (size_t k = 0; k < 3; k++)
            memcpy(patch + k * width, x + k * row, width * sizeof *x);
        split_values(y, y + VN_TILE_CHANNELS, patch, VN_TILE_CHANNELS);
    }
}

#ifdef __AMX_BF16__
/* Tiles 0..3 hold sums of 2 x 2 tiles, 4 and 5 pixels, 6 and 7 weights. */
static void start_tiles(const float *y, size_t step, bool wide) {
    _tile_loadd(0, y, step * 4);
    _tile_loadd(2, y + 16 * step, step * 4);
    if (wide) {
        _tile_loadd(1, y + 16, step * 4);
        _tile_loadd(3, y + 16 * step + 16, step * 4);
    }
}

static void start_bias(const float *bias, bool wide) {
    _tile_loadd(0, bias, 0); /* the same row sixteen times */
    _tile_loadd(2, bias, 0);
    if (wide) {
        _tile_loadd(1, bias + 16, 0);
        _tile_loadd(3, bias + 16, 0);
    }
}

static void start_zero(void) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
}

static void store_tiles(float *y, size_t step, bool wide) {
    _tile_stored(0, y, step * 4);
    _tile_stored(2, y + 16 * step, step * 4);
    if (wide) {
        _tile_stored(1, y + 16, step * 4);
        _tile_stored(3, y + 16 * step + 16, step * 4);
    }
}

/* Small products first. Each product of tiles takes as long as two loads; they are ordered so that a load has work to
 * hide behind. */
static void sum_split_wide(const VnTileConv *job, const char *x, const uint16_t *w) {
    size_t step = job->x_step, low = job->low;
    for (unsigned t = 0; t < job->tap_count; t++) {
        const char *p = x + job->taps[t];
        for (unsigned b = 0; b < job->blocks; b++, p += 64, w += 4 * VN_TILE_VALUES) {
            _tile_loadd(6, w, 64);
            _tile_loadd(4, p + low, step);
            _tile_dpbf16ps(0, 4, 6);
            _tile_loadd(7, w + VN_TILE_VALUES, 64);
            _tile_dpbf16ps(1, 4, 7);
            _tile_loadd(5, p + low + 16 * step, step);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
            _tile_loadd(4, p, step);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 4, 7);
            _tile_loadd(5, p + 16 * step, step);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
            _tile_loadd(6, w + 2 * VN_TILE_VALUES, 64);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(2, 5, 6);
            _tile_loadd(7, w + 3 * VN_TILE_VALUES, 64);
            _tile_dpbf16ps(1, 4, 7);
            _tile_dpbf16ps(3, 5, 7);
        }
    }
}

static void sum_split_narrow(const VnTileConv *job, const char *x, const uint16_t *w) {
    size_t step = job->x_step, low = job->low;
    for (unsigned t = 0; t < job->tap_count; t++) {
        const char *p = x + job->taps[t];
        for (unsigned b = 0; b < job->blocks; b++, p += 64, w += 2 * VN_TILE_VALUES) {
            _tile_loadd(6, w, 64);
            _tile_loadd(4, p + low, step);
            _tile_dpbf16ps(0, 4, 6);
            _tile_loadd(5, p + low + 16 * step, step);
            _tile_dpbf16ps(2, 5, 6);
            _tile_loadd(4, p, step);
            _tile_dpbf16ps(0, 4, 6);
            _tile_loadd(5, p + 16 * step, step);
            _tile_dpbf16ps(2, 5, 6);
            _tile_loadd(7, w + VN_TILE_VALUES, 64);
            _tile_dpbf16ps(0, 4, 7);
            _tile_dpbf16ps(2, 5, 7);
        }
    }
}

static void sum_wide(const VnTileConv *job, const char *x, const uint16_t *w) {
    size_t step = job->x_step, next = job->split ? 4 * VN_TILE_VALUES : 2 * VN_TILE_VALUES;
    for (unsigned t = 0; t < job->tap_count; t++) {
        const char *p = x + job->taps[t];
        for (unsigned b = 0; b < job->blocks; b++, p += 64, w += next) {
            _tile_loadd(6, w, 64);
            _tile_loadd(4, p, step);
            _tile_dpbf16ps(0, 4, 6);
            _tile_loadd(7, w + VN_TILE_VALUES, 64);
            _tile_dpbf16ps(1, 4, 7);
            _tile_loadd(5, p + 16 * step, step);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
    }
}

static void sum_narrow(const VnTileConv *job, const char *x, const uint16_t *w) {
    size_t step = job->x_step, next = job->split ? 2 * VN_TILE_VALUES : VN_TILE_VALUES;
    for (unsigned t = 0; t < job->tap_count; t++) {
        const char *p = x + job->taps[t];
        for (unsigned b = 0; b < job->blocks; b++, p += 64, w += next) {
            _tile_loadd(6, w, 64);
            _tile_loadd(4, p, step);
            _tile_dpbf16ps(0, 4, 6);
            _tile_loadd(5, p + 16 * step, step);
            _tile_dpbf16ps(2, 5, 6);
        }
    }
}

/* 32 pixels by one group of columns */
static void tile_block(const VnTileConv *job, const char *x, const uint16_t *w, const float *bias, float *y,
                       size_t y_step, bool wide) {
    if (job->add)
        start_tiles(y, y_step, wide);
    else if (bias)
        start_bias(bias, wide);
    else
        start_zero();
    if (job->low)
        (wide ? sum_split_wide : sum_split_narrow)(job, x, w);
    else
        (wide ? sum_wide : sum_narrow)(job, x, w);
    store_tiles(y, y_step, wide);
}

/* The same where y has fewer pixels or columns than the tiles. */
static void tile_corner(const VnTileConv *job, const char *x, const uint16_t *w, const float *bias, float *y, size_t m,
                        size_t n, bool wide) {
    float whole[32 * 32];
    if (job->add) {
        memset(whole, 0, sizeof whole);
        for (size_t p = 0; p < m; p++)
            memcpy(whole + p * 32, y + p * job->y_step, n * sizeof *y);
    }
    tile_block(job, x, w, bias, whole, 32, wide);
    for (size_t p = 0; p < m; p++)
        memcpy(y + p * job->y_step, whole + p * 32, n * sizeof *y);
}

/* What VnTileFinish says, for m pixels by 32 channels from p0 and c0 on. */
static void finish_tiles(const VnTileConv *job, const float *sums, size_t p0, size_t c0, size_t m) {
    const VnTileFinish *finish = job->finish;
    for (size_t p = p0; p < p0 + m; p++, sums += 32) {
        __m512 a = _mm512_load_ps(sums), b = _mm512_load_ps(sums + 16);
        size_t at = p * job->y_step + c0;
        if (finish->join) {
            a = _mm512_add_ps(a, _mm512_loadu_ps(finish->join + at));
            b = _mm512_add_ps(b, _mm512_loadu_ps(finish->join + at + 16));
        }
        uint64_t *word = finish->mask ? finish->mask + (p * job->n + c0) / 64 : NULL;
        unsigned shift = (p * job->n + c0) % 64;
        if (finish->relu) {
            uint32_t keep = _mm512_cmp_ps_mask(a, _mm512_setzero_ps(), _CMP_GT_OQ) |
                            (uint32_t)_mm512_cmp_ps_mask(b, _mm512_setzero_ps(), _CMP_GT_OQ) << 16;
            if (word)
                *word = (*word & ~((uint64_t)0xffffffff << shift)) | (uint64_t)keep << shift;
            a = _mm512_max_ps(a, _mm512_setzero_ps());
            b = _mm512_max_ps(b, _mm512_setzero_ps());
        } else if (word) {
            a = _mm512_maskz_mov_ps((__mmask16)(*word >> shift), a);
            b = _mm512_maskz_mov_ps((__mmask16)(*word >> shift >> 16), b);
        }
        if (!finish->half) {
            _mm512_storeu_ps(job->y + at, a);
            _mm512_storeu_ps(job->y + at + 16, b);
            continue;
        }
        uint16_t *half = finish->half + p * finish->half_step + c0;
        split_vectors(half, finish->half_low ? half + finish->half_low : NULL, a, b, ~(__mmask32)0);
    }
}

static void configure_tiles(void) {
    struct {
        uint8_t palette, start, reserved[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } config = {.palette = 1};
    for (unsigned i = 0; i < 8; i++) {
        config.bytes[i] = 64;
        config.rows[i] = VN_TILE_ROWS;
    }
    _tile_loadconfig(&config);
}

static void tile_group(const VnTileConv *job, size_t first, size_t from, size_t to) {
    size_t n = job->n - first < 32 ? job->n - first : 32;
    bool wide = n > VN_TILE_COLUMNS, whole = n == 32 || n == VN_TILE_COLUMNS;
    size_t group = (size_t)job->tap_count * job->blocks * VN_TILE_VALUES * (job->split ? 2 : 1);
    const uint16_t *w = job->w + first / VN_TILE_COLUMNS * group;
    const float *bias = job->bias ? job->bias + first : NULL;
    for (size_t p = from; p < to; p += 32) {
        const char *x = (const char *)job->x + p * job->x_step;
        if (job->finish) {
            float sums[32 * 32] __attribute__((aligned(64)));
            tile_block(job, x, w, bias, sums, 32, true);
            finish_tiles(job, sums, p, first, to - p < 32 ? to - p : 32);
            continue;
        }
        float *y = job->y + p * job->y_step + first;
        if (whole && to - p >= 32)
            tile_block(job, x, w, bias, y, job->y_step, wide);
        else
            tile_corner(job, x, w, bias, y, to - p < 32 ? to - p : 32, n, wide);
    }
}

static void tile_conv(const VnTileConv *job) {
    /* Where the weights fit the second-level cache beside the pixels, each pixel is visited once. */
    size_t weights = (size_t)job->tap_count * job->blocks * VN_TILE_VALUES * job->n / 8 * (job->low ? 2 : 1);
    size_t piece = weights <= 512 * 1024 ? 32 : job->m;
    configure_tiles();
    for (size_t p = 0; p < job->m; p += piece) {
        for (size_t first = 0; first < job->n; first += 32)
            tile_group(job, first, p, job->m - p < piece ? job->m : p + piece);
    }
    _tile_release();
}

#else

/* What a tile product does, channel pairs included: even and odd products are summed one after the other. */
static void sum_tile(float *sum, size_t n, const uint16_t *x, const uint16_t *w) {
    for (size_t i = 0; i < VN_TILE_CHANNELS / 2; i++) {
        for (size_t c = 0; c < n; c++) {
            sum[c] += from_bf16(x[2 * i]) * from_bf16(w[i * 32 + c * 2]);
            sum[c] += from_bf16(x[2 * i + 1]) * from_bf16(w[i * 32 + c * 2 + 1]);
        }
    }
}

/* What VnTileFinish says, for a pixel's 16 channels from c0 on. */
static void finish_sums(const VnTileConv *job, float *sum, size_t p, size_t c0) {
    const VnTileFinish *finish = job->finish;
    uint64_t *word = finish->mask ? finish->mask + (p * job->n + c0) / 64 : NULL;
    unsigned shift = (p * job->n + c0) % 64;
    uint64_t keep = 0;
    for (size_t c = 0; c < VN_TILE_COLUMNS; c++) {
        if (finish->join)
            sum[c] += finish->join[p * job->y_step + c0 + c];
        keep |= (uint64_t)(sum[c] > 0) << c;
    }
    if (finish->relu && word)
        *word = (*word & ~((uint64_t)0xffff << shift)) | keep << shift;
    if (!finish->relu)
        keep = word ? *word >> shift : 0xffff;
    for (size_t c = 0; c < VN_TILE_COLUMNS; c++)
        sum[c] = keep >> c & 1 ? sum[c] : 0;
    if (!finish->half) {
        memcpy(job->y + p * job->y_step + c0, sum, VN_TILE_COLUMNS * sizeof *sum);
        return;
    }
    uint16_t *half = finish->half + p * finish->half_step + c0;
    split_values(half, finish->half_low ? half + finish->half_low : NULL, sum, VN_TILE_COLUMNS);
}

static void tile_conv(const VnTileConv *job) {
    size_t parts = job->split ? 2 : 1, column = (size_t)job->tap_count * job->blocks * VN_TILE_VALUES * parts;
    for (size_t p = 0; p < job->m; p++) {
        for (size_t first = 0; first < job->n; first += VN_TILE_COLUMNS) {
            size_t n = job->n - first < VN_TILE_COLUMNS ? job->n - first : VN_TILE_COLUMNS;
            size_t group = first / 32 * 2 * column, wide = job->n - first / 32 * 32 > VN_TILE_COLUMNS ? 2 : 1;
            const uint16_t *w = job->w + group + first % 32 / VN_TILE_COLUMNS * VN_TILE_VALUES;
            float *y = job->y + p * job->y_step + first, sum[VN_TILE_COLUMNS];
            for (size_t c = 0; c < n; c++)
                sum[c] = job->add ? y[c] : job->bias ? job->bias[first + c] : 0;
            for (unsigned t = 0; t < job->tap_count; t++) {
                for (unsigned b = 0; b < job->blocks; b++, w += wide * parts * VN_TILE_VALUES) {
                    const char *at = (const char *)job->x + p * job->x_step + job->taps[t] + b * (size_t)64;
                    const uint16_t *high = (const uint16_t *)at;
                    if (job->low) {
                        sum_tile(sum, n, (const uint16_t *)(at + job->low), w);
                        sum_tile(sum, n, high, w);
                        sum_tile(sum, n, high, w + wide * VN_TILE_VALUES);
                    } else {
                        sum_tile(sum, n, high, w);
                    }
                }
            }
            if (job->finish)
                finish_sums(job, sum, p, first);
            else
                memcpy(y, sum, n * sizeof *y);
        }
    }
}
#endif
