/* SPDX-License-Identifier: Apache-2.0 */
/* The one list of kernels. No include guard: included with different VN_KERNEL, and VN_KERNEL_NEAR for those that are
 * held to a tolerance; it is VN_KERNEL unless defined. Bodies are in kern_nn.h, kern_norm.h, kern_direct.h,
 * kern_winograd.h, kern_tiles.h, kern_pixel.h and kern_loop.h, which are compiled once per instruction set. */

#ifndef VN_KERNEL_NEAR
#define VN_KERNEL_NEAR VN_KERNEL
#endif

/* --- kern_nn.h: layers. Pixels are (n, channels) --- */
/* y[i] = x[i % period]: a bias in every pixel; period is a multiple of 64 values */
VN_KERNEL(repeat, (float *y, const float *x, size_t period, size_t n))
/* x[i] = max(x[i], 0); unless mask is NULL, its bit i = (x[i] > 0), and bits from n on are 0 in its (n + 63) / 64
 * words */
VN_KERNEL(relu, (float *x, uint64_t *mask, size_t n))
/* the same for x[i] + y[i] */
VN_KERNEL(add_relu, (float *x, const float *y, uint64_t *mask, size_t n))
/* x[i] = 0 where bit i of mask is 0 */
VN_KERNEL(apply_mask, (float *x, const uint64_t *mask, size_t n))
/* y[i * ldy + k] = x[i * ldx + k] for k < width, i < count: patches of an image row side by side */
VN_KERNEL(gather, (float *y, size_t ldy, const float *x, size_t ldx, size_t width, size_t count))
/* y[i * ldy + k] += x[i * ldx + k] for k < width, in order of i; ldy < width overlaps: the transpose of gather */
VN_KERNEL(scatter_add, (float *y, size_t ldy, const float *x, size_t ldx, size_t width, size_t count))
/* y[i * channels + c] = x[c * plane + i], i < n, and back */
VN_KERNEL(planes_to_pixels, (float *y, const float *x, size_t plane, size_t channels, size_t n))
VN_KERNEL(pixels_to_planes, (float *y, size_t plane, const float *x, size_t channels, size_t n))
/* vn_gemm with each element's sum in order of k: slower than OpenBLAS, and equal everywhere */
VN_KERNEL(gemm_in_order, (size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, size_t ldb,
                          float beta, float *c, size_t ldc))

/* --- kern_direct.h: convolution in float32, see direct.h, to 1e-6 of the sum of absolute products --- */
VN_KERNEL_NEAR(direct_conv, (const VnDirectConv *job))

/* --- kern_winograd.h: F(4x4, 3x3), channels in multiples of 16 --- */
/* 6x6 pixels, rows `row` values apart, to 36 points `plane` values apart */
VN_KERNEL_NEAR(winograd_in, (float *v, size_t plane, const float *x, size_t row, size_t channels))
/* 3x3 taps `step` values apart, each of `columns` values (a multiple of 16), to 36 points `plane` values apart */
VN_KERNEL_NEAR(winograd_taps, (float *points, size_t plane, const float *taps, size_t step, size_t columns))
/* 36 points to 4x4 pixels, which are written, bias added if there is one, or added to */
VN_KERNEL_NEAR(winograd_out, (float *y, size_t row, const float *m, size_t plane, const float *bias, size_t channels,
                              bool add))

/* --- kern_tiles.h: convolution on bfloat16, see tiles.h --- */
/* n pixels of `channels` float32 to `padded` bfloat16 (a multiple of 32, zeros in the rest), each pixel's high halves
 * and, if split, then its low halves */
VN_KERNEL(bf16_pixels, (uint16_t *y, const float *x, size_t channels, size_t padded, bool split, size_t n))
/* n patches of three rows of `width` values each, `row` values apart, `step` values from patch to patch: 32 high
 * halves, then 32 low halves, zeros after the 3 * width <= 32 values */
VN_KERNEL(bf16_patches, (uint16_t *y, const float *x, size_t row, size_t step, size_t width, size_t n))
/* to 1e-5 of the sum of absolute products */
VN_KERNEL_NEAR(tile_conv, (const VnTileConv *job))

/* --- kern_norm.h: normalisation, SiLU, attention, stored halves. a, b, p, q hold one value for each channel, n is the
 * number of pixels --- */
/* sums[c] += sum of a, sums[channels + c] += sum of a * b over channel c */
VN_KERNEL(channel_sums, (double *sums, const float *a, const float *b, size_t channels, size_t n))
/* y = a * x + b, rounded once; y may be x */
VN_KERNEL(affine, (float *y, const float *x, const float *a, const float *b, size_t channels, size_t n))
/* y = silu(a * x + b), silu(t) = t / (1 + exp(-t)); y may be x */
VN_KERNEL(affine_silu, (float *y, const float *x, const float *a, const float *b, size_t channels, size_t n))
/* g *= silu'(a * x + b) */
VN_KERNEL(silu_back, (float *g, const float *x, const float *a, const float *b, size_t channels, size_t n))
/* y = a * g + (p * x + q); y may be g */
VN_KERNEL(norm_back, (float *y, const float *g, const float *x, const float *a, const float *p, const float *q,
                      size_t channels, size_t n))
/* float32 to binary16 and back, n values */
VN_KERNEL(to_half, (uint16_t *y, const float *x, size_t n))
VN_KERNEL(from_half, (float *y, const uint16_t *x, size_t n))
/* x = exp(x - *top) * *scale over `rows` rows of `width` values, each followed by one that becomes 0, where *top is the
 * largest and *scale makes the sum 1 */
VN_KERNEL(softmax, (float *x, float *top, float *scale, size_t width, size_t rows))
/* p = exp(min(p - top, 0)) * scale, d = p * (d - mean), for one row of an attention matrix */
VN_KERNEL(softmax_back_row, (float *p, float *d, float top, float scale, float mean, size_t n))
/* the same across rows: each value has its own */
VN_KERNEL(softmax_back_column, (float *p, float *d, const float *top, const float *scale, const float *mean, size_t n))

/* --- kern_pixel.h: resampling, JPEG --- */
/* y[i] += a * x[i] */
VN_KERNEL(axpy, (float *y, const float *x, float a, size_t n))
/* y[r * ldy + i] = sum over k < taps, in order, of w[i * taps + k] * x[r * ldx + start[i] + k]; i < n, r < rows <=
 * VN_FIR_ROWS; start does not fall */
VN_KERNEL(fir, (float *y, size_t ldy, const float *x, size_t ldx, size_t rows, const uint32_t *start, const float *w,
                size_t taps, size_t n))
/* y[i] = sum over k < taps, in order, of w[k] * x[k * ldx + i]; i < n: the same across rows */
VN_KERNEL(blend, (float *y, const float *x, size_t ldx, const float *w, size_t taps, size_t n))
/* what JPEG does to `blocks` 8x8 blocks side by side, in place, samples 0..255, rows `stride` apart: level shift,
 * DCT, rounding to multiples of step[64] (row-major frequencies), inverse DCT, rounding and clamping to 0..255;
 * slopes, unless NULL, receives 64 values a block: of a frequency x steps in size that is rounded to 0, 8 x^2, of others 1,
 * in units of 1 / VN_JPEG_SLOPE */
VN_KERNEL(jpeg_blocks, (float *samples, size_t stride, size_t blocks, const float *step, uint8_t *slopes))
/* `blocks` blocks' frequencies times such slopes, in place */
VN_KERNEL(jpeg_weigh, (float *samples, size_t stride, size_t blocks, const uint8_t *slopes))
/* r, g, b 0..1 (rounded to 1/255 first) to Y, Cb, Cr 0..255 with integer values (JFIF) */
VN_KERNEL(rgb_to_ycc, (float *y, float *cb, float *cr, const float *r, const float *g, const float *b, size_t n))
/* and back to multiples of 1/255 in 0..1 */
VN_KERNEL(ycc_to_rgb, (float *r, float *g, float *b, const float *y, const float *cb, const float *cr, size_t n))

/* --- kern_loop.h: optimiser and visibility --- */
/* g *= w; *sum = sum of |g| */
VN_KERNEL(weigh, (float *g, double *sum, const float *w, size_t n))
/* m = decay * m + unit * g; *sum = sum of |m| */
VN_KERNEL(follow, (float *m, double *sum, const float *g, float decay, float unit, size_t n))
/* u = ahead * m - back * u */
VN_KERNEL(lean, (float *u, const float *m, float ahead, float back, size_t n))
/* u -= ground * coarse; square = u^2 */
VN_KERNEL(refine, (float *u, float *square, const float *coarse, const float *ground, size_t n))
/* d += rate * budget * u / sqrt(square), then x + d is kept within 0..1 */
VN_KERNEL(even_step, (float *d, const float *u, const float *square, const float *budget, const float *x, float rate,
                      size_t n))
/* y = m[0] * x[0] + m[1] * x[1] + m[2] * x[2] */
VN_KERNEL(mix3, (float *y, const float *const m[3], const float *const x[3], size_t n))
/* band -= below, unless that is NULL; sum += s * band^2 */
VN_KERNEL(band_energy, (float *sum, float *band, const float *below, const float *s, size_t n))
/* band *= 2 * s * slope; above = band - above, unless that is NULL */
VN_KERNEL(band_slope, (float *band, float *above, const float *s, const float *slope, size_t n))
/* three planes of sRGB 0..1 to opponent X, Y, B: linear light from a table of `steps` + 2 values, three mixtures by
 * cone[9] and bias[3], cube roots */
VN_KERNEL(opponent, (float *y, size_t plane, const float *x, const float *gamma, size_t steps, const float *cone,
                     const float *bias, size_t n))
/* sums[0..2] += sums of squares^(3/2), squares^3 and squares^6 */
VN_KERNEL(power_sums, (double *sums, const float *squares, size_t n))

#undef VN_KERNEL_NEAR
