/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * A growing byte string whose first failure sticks, so that a writer of many small pieces asks once at the end.
 * Zero-initialise; vn_bytes_free the bytes.
 */
#ifndef VN_META_SINK_H
#define VN_META_SINK_H

#include "base/mem.h"

typedef struct VnSink {
    VnBytes bytes;
    VernisStatus status; /**< VERNIS_OK, or why nothing more is written */
    VnError *err;        /**< filled by the first failure; may be NULL */
} VnSink;

static inline void vn_sink_put(VnSink *to, const void *data, size_t size) {
    if (!to->status)
        to->status = vn_bytes_append(&to->bytes, data, size, to->err);
}

/** The `width` low bytes of a number, most significant first. */
static inline void vn_sink_number(VnSink *to, uint64_t value, unsigned width) {
    uint8_t bytes[8];
    for (unsigned i = 0; i < width; i++)
        bytes[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
    vn_sink_put(to, bytes, width);
}

#endif
