/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/safetensors.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

/* A full checkpoint of a large diffusion model has about 3000 tensors in a header of under half a megabyte. */
enum { MAX_HEADER = 4 << 20, MAX_TENSORS = 20000, ENTRY_KEYS = 4, MAX_METADATA = 20000, PREFIX = 8 };

static const char room[] = "safetensors";

struct VnTensors {
    json_t *header; /* owns the names and the metadata */
    VnTensor *items;
    size_t count;
};

static unsigned type_bytes(const char *dtype) {
    static const struct {
        const char *name;
        unsigned bytes;
    } types[] = {{"F32", 4}, {"F16", 2}, {"BF16", 2}, {"F64", 8},     {"I64", 8},
                 {"U64", 8}, {"I32", 4}, {"U32", 4},  {"I16", 2},     {"U16", 2},
                 {"I8", 1},  {"U8", 1},  {"BOOL", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (!strcmp(dtype, types[i].name))
            return types[i].bytes;
    }
    return 0;
}

char *vn_shape_text(char out[64], unsigned rank, const size_t *shape) {
    size_t at = (size_t)snprintf(out, 64, "[");
    for (unsigned i = 0; i < rank && at < 62; i++)
        at += (size_t)snprintf(out + at, 64 - at, "%s%zu", i ? ", " : "", shape[i]);
    if (at < 63)
        snprintf(out + at, 64 - at, "]");
    return out;
}

/* A JSON integer that fits size_t. */
static bool get_size(const json_t *value, size_t *out) {
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *out = (size_t)json_integer_value(value);
    return true;
}

#define BAD_TENSOR(...) vn_fail(err, VERNIS_E_FORMAT, room, "tensor '%.100s': " __VA_ARGS__)

static VernisStatus read_entry(VnTensor *t, const json_t *entry, size_t data_size, VnError *err) {
    const char *name = t->name;
    t->dtype = json_string_value(json_object_get(entry, "dtype"));
    const json_t *shape = json_object_get(entry, "shape"), *range = json_object_get(entry, "data_offsets");
    if (!t->dtype || !json_is_array(shape) || !json_is_array(range) || json_array_size(range) != 2)
        return BAD_TENSOR("its header entry lacks dtype, shape or data_offsets", name);
    unsigned bytes = type_bytes(t->dtype);
    if (!bytes)
        return BAD_TENSOR("unknown type '%.20s'", name, t->dtype);
    if (json_array_size(shape) > VN_TENSOR_RANK)
        return BAD_TENSOR("%zu dimensions, at most %d are possible", name, json_array_size(shape), VN_TENSOR_RANK);
    t->rank = (unsigned)json_array_size(shape);
    t->count = 1;
    bool empty = false;
    for (unsigned i = 0; i < t->rank; i++) {
        if (!get_size(json_array_get(shape, i), &t->shape[i]))
            return BAD_TENSOR("dimension %u is not a size", name, i);
        empty |= !t->shape[i];
        t->count = vn_mul(t->count, t->shape[i] ? t->shape[i] : 1);
    }
    size_t size = vn_mul(t->count, bytes);
    if (size == SIZE_MAX)
        return BAD_TENSOR("its shape overflows", name);
    if (empty)
        t->count = size = 0;
    if (!get_size(json_array_get(range, 0), &t->begin) || !get_size(json_array_get(range, 1), &t->end) ||
        t->begin > t->end)
        return BAD_TENSOR("data_offsets are not an ascending pair of sizes", name);
    if (t->end > data_size)
        return BAD_TENSOR("ends at byte %zu of the data, but the file holds only %zu (truncated?)", name, t->end,
                          data_size);
    if (t->end - t->begin != size) {
        char text[64];
        return BAD_TENSOR("shape %s of %s needs %zu bytes, its range has %zu", name,
                          vn_shape_text(text, t->rank, t->shape), t->dtype, size, t->end - t->begin);
    }
    return VERNIS_OK;
}

static int by_offset(const void *a, const void *b) {
    const VnTensor *s = a, *t = b;
    if (s->begin != t->begin)
        return s->begin < t->begin ? -1 : 1;
    if (s->end != t->end)
        return s->end < t->end ? -1 : 1;
    return strcmp(s->name, t->name);
}

static VernisStatus read_header(VnTensors *ts, const uint8_t *data, size_t data_size, VnError *err) {
    size_t entries = json_object_size(ts->header);
    if (entries > MAX_TENSORS)
        return vn_fail(err, VERNIS_E_LIMIT, room, "%zu tensors, at most %d are accepted", entries, MAX_TENSORS);
    if (!entries)
        return vn_fail(err, VERNIS_E_FORMAT, room, "the header names no tensors");
    ts->items = vn_calloc(entries, sizeof *ts->items);
    if (!ts->items)
        return vn_no_memory(err, room, entries * sizeof *ts->items, "the list of tensors");
    const char *name;
    json_t *entry;
    json_object_foreach(ts->header, name, entry) {
        if (!strcmp(name, "__metadata__")) {
            if (!json_is_object(entry))
                return vn_fail(err, VERNIS_E_FORMAT, room, "__metadata__ is not an object");
            continue;
        }
        VnTensor *t = &ts->items[ts->count++];
        t->name = name;
        VN_TRY(read_entry(t, entry, data_size, err));
        t->data = data + t->begin;
    }
    qsort(ts->items, ts->count, sizeof *ts->items, by_offset);
    size_t at = 0;
    for (size_t i = 0; i < ts->count; i++) {
        const VnTensor *t = &ts->items[i];
        if (t->begin < at)
            return BAD_TENSOR("its bytes overlap those of '%.100s'", t->name, ts->items[i - 1].name);
        if (t->begin > at)
            return BAD_TENSOR("%zu bytes before it belong to no tensor", t->name, t->begin - at);
        at = t->end;
    }
    if (at != data_size)
        return vn_fail(err, VERNIS_E_FORMAT, room, "%zu bytes after the last tensor belong to none", data_size - at);
    return VERNIS_OK;
}

/* Keys of the header's objects at any depth, counted before a parser makes an object of each: a crowd of them takes
 * fifty times the memory of the text. */
static size_t count_keys(const uint8_t *text, size_t size) {
    size_t keys = 0;
    bool in_string = false;
    for (size_t i = 0; i < size; i++) {
        if (in_string && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_string = !in_string;
        else
            keys += !in_string && text[i] == ':';
    }
    return keys;
}

VernisStatus vn_tensors_open(VnTensors **out, const uint8_t *data, size_t size, VnError *err) {
    *out = NULL;
    if (size < PREFIX + 2)
        return vn_fail(err, VERNIS_E_FORMAT, room, "%zu bytes are too few for a model file", size);
    uint64_t length = 0;
    for (unsigned i = 0; i < PREFIX; i++)
        length |= (uint64_t)data[i] << (8 * i);
    if (data[PREFIX] != '{')
        return vn_fail(err, VERNIS_E_FORMAT, room, "not a safetensors model file (no header after the first 8 bytes)");
    if (length > MAX_HEADER)
        return vn_fail(err, VERNIS_E_LIMIT, room, "header of %llu bytes is over the limit of %d",
                       (unsigned long long)length, MAX_HEADER);
    if (length > size - PREFIX)
        return vn_fail(err, VERNIS_E_FORMAT, room, "header of %llu bytes ends after the file's %zu (truncated?)",
                       (unsigned long long)length, size);
    size_t keys = count_keys(data + PREFIX, (size_t)length);
    if (keys > ENTRY_KEYS * MAX_TENSORS + MAX_METADATA)
        return vn_fail(err, VERNIS_E_LIMIT, room, "%zu entries in the header; at most %d tensors are accepted", keys,
                       MAX_TENSORS);
    VnTensors *ts = vn_calloc(1, sizeof *ts);
    if (!ts)
        return vn_no_memory(err, room, sizeof *ts, "the list of tensors");
    size_t head = PREFIX + (size_t)length;
    VernisStatus status;
    VN_CHECK(vn_json_parse(&ts->header, (const char *)data + PREFIX, (size_t)length, MAX_HEADER, room, err));
    VN_CHECK(read_header(ts, data + head, size - head, err));
    *out = ts;
    ts = NULL;
done:
    vn_tensors_close(&ts);
    return status;
}

void vn_tensors_close(VnTensors **tensors) {
    if (!*tensors)
        return;
    json_decref((*tensors)->header);
    vn_free((*tensors)->items);
    vn_free(*tensors);
    *tensors = NULL;
}

size_t vn_tensors_count(const VnTensors *tensors) { return tensors->count; }

const VnTensor *vn_tensors_at(const VnTensors *tensors, size_t index) { return &tensors->items[index]; }

const VnTensor *vn_tensors_find(const VnTensors *tensors, const char *name) {
    for (size_t i = 0; i < tensors->count; i++) {
        if (!strcmp(tensors->items[i].name, name))
            return &tensors->items[i];
    }
    return NULL;
}

const char *vn_tensors_meta(const VnTensors *tensors, const char *key) {
    return json_string_value(json_object_get(json_object_get(tensors->header, "__metadata__"), key));
}

static float from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* IEEE 754 binary16 to binary32, exact. */
static float from_half(uint32_t half) {
    uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31, fraction = half & 1023;
    if (exponent == 31)
        return from_bits(sign | 0x7f800000u | fraction << 13);
    if (exponent)
        return from_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float tiny = (float)fraction * 0x1p-24f;
    return sign ? -tiny : tiny;
}

VernisStatus vn_tensor_floats(const VnTensor *t, float *out, VnError *err) {
    bool half = !strcmp(t->dtype, "F16"), brain = !strcmp(t->dtype, "BF16");
    if (!half && !brain && strcmp(t->dtype, "F32"))
        return vn_fail(err, VERNIS_E_MODEL, room, "tensor '%.100s': type %s cannot be used; F32, F16 or BF16 can",
                       t->name, t->dtype);
    for (size_t i = 0; i < t->count; i++) {
        const uint8_t *p = t->data + i * (half || brain ? 2 : 4);
        uint32_t low = p[0] | (uint32_t)p[1] << 8;
        if (half)
            out[i] = from_half(low);
        else if (brain)
            out[i] = from_bits(low << 16);
        else
            out[i] = from_bits(low | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
        if (!isfinite(out[i]))
            return vn_fail(err, VERNIS_E_MODEL, room, "tensor '%.100s': value %zu is not finite", t->name, i);
    }
    return VERNIS_OK;
}
