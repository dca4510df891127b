/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The chunks of a still WebP file (RFC 9649, section 2), taken apart and put together.
 */
#ifndef VN_IMAGE_WEBP_RIFF_H
#define VN_IMAGE_WEBP_RIFF_H

#include <stdbool.h>

#include "base/mem.h"

/** In the order in which they stand in a file; C2PA last (C2PA 2.2 appendix A.3). */
typedef enum VnWebpChunk {
    VN_WEBP_ICC,
    VN_WEBP_ALPHA,
    VN_WEBP_LOSSY, /**< either this one or the next */
    VN_WEBP_LOSSLESS,
    VN_WEBP_EXIF,
    VN_WEBP_XMP,
    VN_WEBP_C2PA,
    VN_WEBP_CHUNKS
} VnWebpChunk;

typedef struct VnWebpPart {
    const uint8_t *data; /**< NULL: there is none */
    size_t size;
} VnWebpPart;

/** Borrows the bytes of the file. */
typedef struct VnWebp {
    uint32_t width, height;
    bool alpha;
    VnWebpPart parts[VN_WEBP_CHUNKS]; /**< the first of each kind */
    bool others;                      /**< there are unknown chunks, or a second one of a kind */
    size_t end;                       /**< of the RIFF container: what follows is no part of the picture */
} VnWebp;

/** @return VERNIS_E_FORMAT for a file that is cut short or damaged, VERNIS_E_UNSUPPORTED for an animation */
VernisStatus vn_webp_take_apart(VnWebp *out, const uint8_t *data, size_t size, VnError *err);

/** Write the parts; in the simple form where that can hold them. @param out zeroed */
VernisStatus vn_webp_put_together(VnBytes *out, const VnWebp *webp, VnError *err);

#endif
