/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * What the picture tests share: the committed files of tests/image/data (made by tools/make_image_goldens.py), and
 * building of test files by hand. Asserts on failure, so only for use inside cmocka tests.
 */
#ifndef VN_TESTS_IMAGE_GOLDEN_H
#define VN_TESTS_IMAGE_GOLDEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/fs.h"
#include "image/format.h"

/** One row of manifest.txt. */
typedef struct Golden {
    char name[64];
    unsigned width, height, colours, bits, alpha, crc;
} Golden;

static inline VnBytes golden_file(const char *name) {
    char path[512];
    VnBytes bytes = {0};
    VnError err = {0};
    snprintf(path, sizeof path, "%s/%s", VN_TEST_DATA, name);
    if (vn_file_read(&bytes, path, 1 << 24, &err) != VERNIS_OK)
        fail_msg("%s", err.text);
    return bytes;
}

/** @return the next row, or false at the end; *at is the position in the text, 0 at first. */
static inline bool golden_next(Golden *row, const VnBytes *manifest, size_t *at) {
    char line[160] = "";
    for (size_t i = 0; *at < manifest->size && i + 1 < sizeof line; i++) {
        line[i] = (char)manifest->data[(*at)++];
        if (line[i] == '\n')
            break;
    }
    return sscanf(line, "%63s %u %u %u %u %u %x", row->name, &row->width, &row->height, &row->colours, &row->bits,
                  &row->alpha, &row->crc) == 7;
}

static inline void golden_check(const Golden *row, const VnImage *image) {
    if (image->width != row->width || image->height != row->height || image->colours != row->colours ||
        image->bits != row->bits || image->alpha != (row->alpha != 0))
        fail_msg("%s: %u x %u, %u colours of %u bits, alpha %d", row->name, image->width, image->height, image->colours,
                 image->bits, image->alpha);
    unsigned crc = (unsigned)crc32(0, image->pixels, (uInt)(image->stride * image->height));
    if (crc != row->crc)
        fail_msg("%s: wrong pixels", row->name);
}

/** Decode and expect success. */
static inline void must_decode(VnImage *image, VnBag *bag, const VnBytes *file) {
    VnError err = {0};
    if (vn_decode(image, bag, file->data, file->size, NULL, &err) != VERNIS_OK)
        fail_msg("%s", err.text);
}

/** Decode, expect that status, a text with `part` in it, and nothing left allocated. */
static inline void must_fail(const VnBytes *file, const VnLimits *limits, VernisStatus status, const char *part) {
    VnImage image;
    VnBag bag;
    VnError err = {0};
    size_t used = vn_mem_used();
    assert_int_equal(vn_decode(&image, &bag, file->data, file->size, limits, &err), status);
    assert_int_equal(err.status, status);
    if (!strstr(err.text, part))
        fail_msg("'%s' does not say '%s'", err.text, part);
    assert_int_equal(vn_mem_used(), used);
}

/** Put `data` into `file` at `at`. */
static inline void insert_bytes(VnBytes *file, size_t at, const void *data, size_t size) {
    VnBytes out = {0};
    assert_int_equal(vn_bytes_append(&out, file->data, at, NULL), VERNIS_OK);
    assert_int_equal(vn_bytes_append(&out, data, size, NULL), VERNIS_OK);
    assert_int_equal(vn_bytes_append(&out, file->data + at, file->size - at, NULL), VERNIS_OK);
    vn_bytes_free(file);
    *file = out;
}

static inline void put_be32(uint8_t *p, size_t value) {
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> (24 - 8 * i));
}

/** Put a PNG chunk into `file` at `at`; 33 is right after IHDR. @return the offset after it */
static inline size_t insert_chunk(VnBytes *file, size_t at, const char *type, const void *data, size_t size) {
    VnBytes chunk = {0};
    uint8_t length[4], crc[4];
    put_be32(length, size);
    put_be32(crc, crc32(crc32(0, (const Bytef *)type, 4), size ? data : (const Bytef *)"", (uInt)size));
    assert_int_equal(vn_bytes_append(&chunk, length, 4, NULL), VERNIS_OK);
    assert_int_equal(vn_bytes_append(&chunk, type, 4, NULL), VERNIS_OK);
    assert_int_equal(vn_bytes_append(&chunk, data, size, NULL), VERNIS_OK);
    assert_int_equal(vn_bytes_append(&chunk, crc, 4, NULL), VERNIS_OK);
    insert_bytes(file, at, chunk.data, chunk.size);
    size_t end = at + chunk.size;
    vn_bytes_free(&chunk);
    return end;
}

/** Put a JPEG segment into `file` at `at`; 2 is right after SOI. @return the offset after it */
static inline size_t insert_segment(VnBytes *file, size_t at, unsigned marker, const void *data, size_t size) {
    const uint8_t head[4] = {0xff, (uint8_t)marker, (uint8_t)((size + 2) >> 8), (uint8_t)(size + 2)};
    assert_true(size <= 65533);
    insert_bytes(file, at, head, sizeof head);
    insert_bytes(file, at + sizeof head, data, size);
    return at + sizeof head + size;
}

#endif
