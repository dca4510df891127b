/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Small things that the metadata tests share: files made by libpng, libjpeg and libwebp themselves, and filled rights.
 */
#ifndef VN_TESTS_META_SAMPLES_H
#define VN_TESTS_META_SAMPLES_H

#include "meta/meta.h"

enum { SAMPLE_WIDTH = 20, SAMPLE_HEIGHT = 12 };

/** A palette PNG with gAMA, sRGB, PLTE and tRNS, so that the order of chunks matters. */
void sample_png(VnBytes *out);
/** An RGB JPEG with JFIF APP0, Adobe APP14 and a comment. */
void sample_jpeg(VnBytes *out);
/** A lossless WebP in the simple form, without transparency. */
void sample_webp(VnBytes *out);

/** Decode with libpng, libjpeg or libwebp; false with any error or warning of the library.
 * @param rgb SAMPLE_WIDTH * SAMPLE_HEIGHT * 3 bytes */
bool decode_png(uint8_t *rgb, const VnBytes *file);
bool decode_jpeg(uint8_t *rgb, const VnBytes *file);
bool decode_webp(uint8_t *rgb, const VnBytes *file);

/** Every field set, with text that needs escaping, accents, Chinese and an emoji. Static texts: no vn_rights_free. */
VnRights sample_rights(void);

/** What an artist's profile may say in all: every field that has an option, a sentence each for the terms. Static texts. */
VnRights sample_profile(void);

/** Bytes that borrow a string literal. */
static inline VnBytes borrow(const void *data, size_t size) { return (VnBytes){(uint8_t *)(uintptr_t)data, size}; }

#endif
