/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * JUMBF boxes (ISO/IEC 19566-5) as C2PA uses them (C2PA 2.2 section 11.1). The reader allocates nothing and goes one level
 * at a time, so nothing nests.
 */
#ifndef VN_META_JUMBF_H
#define VN_META_JUMBF_H

#include <stdbool.h>

#include "meta/sink.h"

/** One box; points into the bytes it was read from. */
typedef struct VnBox {
    char type[5];
    const uint8_t *data; /**< the payload, behind the box header: what a hashed URI covers (C2PA 2.2 section 8.4.2.3) */
    size_t size;
    const uint8_t *end; /**< past the box */
    /* of a superbox (type "jumb") only, from its description box */
    uint8_t uuid[16];
    const char *label;      /**< ends in NUL within the bytes; "" if it has none */
    const uint8_t *content; /**< the first box behind the description */
} VnBox;

/** Read the box at `at`. @return false: there is none, or it is not sound */
bool vn_box_read(VnBox *out, const uint8_t *at, const uint8_t *end);
/** Walk a superbox's content. @param child zeroed for the first call */
bool vn_box_next(const VnBox *super, VnBox *child);
/** The n-th (from 0) superbox in it with this C2PA type, "c2cl" or NULL for any, and label, NULL for any. */
bool vn_box_find(const VnBox *super, const char *type, const char *label, size_t n, VnBox *out);
/** Is it a superbox of the C2PA type with this four-character code (C2PA 2.2 table 5)? */
bool vn_box_is(const VnBox *box, const char *type);
/** Is it a superbox of the embedded-file kind, as thumbnails are? */
bool vn_box_is_file(const VnBox *box);
/** The content box of an assertion, claim or signature: the first of this type, "cbor". */
bool vn_box_content(const VnBox *super, const char *type, VnBox *out);

/** Begin a box; what is put next is its content. @return where it began, for vn_box_end */
size_t vn_box_begin(VnSink *to, const char *type);
/** Begin a superbox of the C2PA type with this four-character code. */
size_t vn_box_begin_super(VnSink *to, const char *type, const char *label);
void vn_box_end(VnSink *to, size_t begin); /**< writes the length */

#endif
