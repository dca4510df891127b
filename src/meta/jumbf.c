/* SPDX-License-Identifier: Apache-2.0 */
#include "meta/jumbf.h"

#include <string.h>

/* C2PA's own types, and "cbor" and "json" of ISO/IEC 19566-5, differ in the first four bytes only. */
static const uint8_t uuid_tail[12] = {0x00, 0x11, 0x00, 0x10, 0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71};
/* ISO/IEC 19566-5 annex B: embedded file. */
static const uint8_t uuid_file[16] = {0x40, 0xcb, 0x0c, 0x32, 0xbb, 0x8a, 0x48, 0x9d,
                                      0xa7, 0x0b, 0x2a, 0xd6, 0xf4, 0x7f, 0x43, 0x69};

/* Description box: type, toggles; bit 1 of these: a label follows (C2PA 2.2 section 11.1.4.1 wants it). */
enum { DESCRIPTION_HEAD = 17, HAS_LABEL = 2, REQUESTABLE_WITH_LABEL = 3 };

static uint64_t read_number(const uint8_t *at, unsigned width) {
    uint64_t value = 0;
    for (unsigned i = 0; i < width; i++)
        value = value << 8 | at[i];
    return value;
}

static bool read_plain(VnBox *out, const uint8_t *at, const uint8_t *end) {
    *out = (VnBox){.label = ""};
    if (end - at < 8)
        return false;
    uint64_t length = read_number(at, 4), head = 8;
    memcpy(out->type, at + 4, 4);
    if (length == 1 && end - at >= 16) {
        length = read_number(at + 8, 8);
        head = 16;
    } else if (length == 0) { /* up to the end */
        length = (uint64_t)(end - at);
    }
    if (length < head || length > (uint64_t)(end - at))
        return false;
    out->data = at + head;
    out->size = (size_t)(length - head);
    out->end = at + length;
    return true;
}

bool vn_box_read(VnBox *out, const uint8_t *at, const uint8_t *end) {
    VnBox description;
    if (!read_plain(out, at, end))
        return false;
    if (strcmp(out->type, "jumb") != 0)
        return true;
    if (!read_plain(&description, out->data, out->end) || strcmp(description.type, "jumd") != 0 ||
        description.size < DESCRIPTION_HEAD)
        return false;
    memcpy(out->uuid, description.data, sizeof out->uuid);
    if (description.data[16] & HAS_LABEL) {
        const uint8_t *label = description.data + DESCRIPTION_HEAD;
        if (!memchr(label, 0, (size_t)(description.end - label)))
            return false;
        out->label = (const char *)label;
    }
    out->content = description.end;
    return true;
}

bool vn_box_next(const VnBox *super, VnBox *child) {
    const uint8_t *at = child->end ? child->end : super->content;
    return at && vn_box_read(child, at, super->end);
}

bool vn_box_is(const VnBox *box, const char *type) {
    return box->content && memcmp(box->uuid, type, 4) == 0 && memcmp(box->uuid + 4, uuid_tail, sizeof uuid_tail) == 0;
}

bool vn_box_is_file(const VnBox *box) { return box->content && memcmp(box->uuid, uuid_file, sizeof uuid_file) == 0; }

bool vn_box_find(const VnBox *super, const char *type, const char *label, size_t n, VnBox *out) {
    for (*out = (VnBox){0}; vn_box_next(super, out);)
        if (out->content && (!type || vn_box_is(out, type)) && (!label || !strcmp(out->label, label)) && n-- == 0)
            return true;
    return false;
}

bool vn_box_content(const VnBox *super, const char *type, VnBox *out) {
    for (*out = (VnBox){0}; vn_box_next(super, out);)
        if (!strcmp(out->type, type))
            return true;
    return false;
}

size_t vn_box_begin(VnSink *to, const char *type) {
    size_t begin = to->bytes.size;
    vn_sink_number(to, 0, 4);
    vn_sink_put(to, type, 4);
    return begin;
}

void vn_box_end(VnSink *to, size_t begin) {
    size_t length = to->bytes.size - begin;
    for (unsigned i = 0; i < 4 && !to->status; i++)
        to->bytes.data[begin + i] = (uint8_t)(length >> (24 - 8 * i));
}

size_t vn_box_begin_super(VnSink *to, const char *type, const char *label) {
    size_t begin = vn_box_begin(to, "jumb"), description = vn_box_begin(to, "jumd");
    vn_sink_put(to, type, 4);
    vn_sink_put(to, uuid_tail, sizeof uuid_tail);
    vn_sink_number(to, REQUESTABLE_WITH_LABEL, 1);
    vn_sink_put(to, label, strlen(label) + 1);
    vn_box_end(to, description);
    return begin;
}
