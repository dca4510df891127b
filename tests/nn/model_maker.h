/* SPDX-License-Identifier: Apache-2.0 */
/* Builds safetensors files in memory, for tests that need sound ones and damaged ones. */
#ifndef MODEL_MAKER_H
#define MODEL_MAKER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

/* A header text and data as a file. */
static inline VnBytes file_of(const char *header, const void *data, size_t size) {
    uint64_t length = strlen(header);
    uint8_t prefix[8];
    for (unsigned i = 0; i < 8; i++)
        prefix[i] = (uint8_t)(length >> (8 * i));
    VnBytes file = {0};
    assert_int_equal(vn_bytes_append(&file, prefix, 8, NULL), VERNIS_OK);
    assert_int_equal(vn_bytes_append(&file, header, length, NULL), VERNIS_OK);
    if (size)
        assert_int_equal(vn_bytes_append(&file, data, size, NULL), VERNIS_OK);
    return file;
}

/* A model under construction: all tensors are F32 and hold small values. */
typedef struct Maker {
    VnBytes header, data;
} Maker;

static inline void make_tensor(Maker *m, const char *name, const char *shape, size_t count) {
    char entry[256];
    snprintf(entry, sizeof entry, "%c\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%zu,%zu]}",
             m->header.size ? ',' : '{', name, shape, m->data.size, m->data.size + 4 * count);
    assert_int_equal(vn_bytes_append(&m->header, entry, strlen(entry), NULL), VERNIS_OK);
    for (size_t i = 0; i < count; i++) {
        float value = (float)(i % 7) * 0.01f - 0.03f;
        assert_int_equal(vn_bytes_append(&m->data, &value, sizeof value, NULL), VERNIS_OK);
    }
}

static inline void make_conv(Maker *m, const char *prefix, unsigned layer, const char *part, unsigned in, unsigned out,
                             unsigned taps, int bias) {
    char name[80], shape[80];
    snprintf(name, sizeof name, "%s%u.%sweight", prefix, layer, part);
    snprintf(shape, sizeof shape, "[%u,%u,%u,%u]", out, in, taps, taps);
    make_tensor(m, name, shape, (size_t)out * in * taps * taps);
    if (!bias)
        return;
    snprintf(name, sizeof name, "%s%u.%sbias", prefix, layer, part);
    snprintf(shape, sizeof shape, "[%u]", out);
    make_tensor(m, name, shape, out);
}

static inline void make_block(Maker *m, const char *prefix, unsigned layer, unsigned width) {
    static const char *const parts[] = {"conv.0.", "conv.2.", "conv.4."};
    for (unsigned i = 0; i < 3; i++)
        make_conv(m, prefix, layer, parts[i], width, width, 3, 1);
}

/* T8 whose parts are numbered after `prefix`. */
static inline void make_t8(Maker *m, const char *prefix, unsigned width, unsigned z) {
    static const char layers[] = "cbdbbbdbbbdbbbc";
    for (unsigned i = 0; i < 15; i++) {
        if (layers[i] == 'b')
            make_block(m, prefix, i, width);
        else
            make_conv(m, prefix, i, "", i ? width : 3, i < 14 ? width : z, 3, layers[i] == 'c');
    }
}

/* An S8 encoder of width 4 and z 2 with this many blocks at 1/4 and 1/8. */
static inline Maker make_s8(const char *prefix, unsigned quarter, unsigned eighth) {
    Maker m = {0};
    unsigned layer = 4;
    make_conv(&m, prefix, 0, "", 3, 4, 3, 1);
    make_conv(&m, prefix, 2, "", 4, 4, 3, 1);
    while (quarter--)
        make_block(&m, prefix, layer++, 4);
    make_conv(&m, prefix, layer++, "", 4, 4, 3, 0);
    while (eighth--)
        make_block(&m, prefix, layer++, 4);
    make_conv(&m, prefix, layer, "", 4, 2, 3, 1);
    return m;
}

static inline VnBytes make_file(Maker *m) {
    assert_int_equal(vn_bytes_append(&m->header, "}", 2, NULL), VERNIS_OK);
    VnBytes file = file_of((const char *)m->header.data, m->data.data, m->data.size);
    vn_bytes_free(&m->header);
    vn_bytes_free(&m->data);
    return file;
}

/* Replace a name or a shape in the header by another of the same length. */
static inline void edit(VnBytes *file, const char *from, const char *to) {
    assert_int_equal(strlen(from), strlen(to));
    for (size_t i = 8; i + strlen(from) <= file->size; i++) {
        if (!memcmp(file->data + i, from, strlen(from))) {
            memcpy(file->data + i, to, strlen(to));
            return;
        }
    }
    fail_msg("%s not found", from);
}

#endif
