/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The table of file formats. A format is one file and one row here.
 */
#ifndef VN_IMAGE_FORMAT_H
#define VN_IMAGE_FORMAT_H

#include "image/bag.h"
#include "image/image.h"

typedef struct VnEncodeOptions {
    int quality;        /**< 1..100; 0: JPEG 95, WebP lossless */
    bool subsample;     /**< JPEG 4:2:0 instead of 4:4:4 */
    const VnBytes *icc; /**< profile to embed; NULL, or one for other pixels: the picture is sRGB and is tagged so */
} VnEncodeOptions;

/** What the header says, without decoding. */
typedef struct VnHeader {
    uint32_t width, height; /**< upright */
    uint8_t colours, bits;
    bool alpha;
} VnHeader;

typedef struct VnFormat {
    const char *name;       /**< "png" */
    const char *extensions; /**< ".png" or ".jpg .jpeg .jpe .jfif"; the first is used for new files */
    bool alpha, bits16;     /**< what it can hold */
    uint32_t max_side;      /**< pixels; 0: more than any picture here has */
    bool (*sniff)(const uint8_t *data, size_t size);
    VernisStatus (*header)(VnHeader *out, const uint8_t *data, size_t size, const VnLimits *limits, VnError *err);
    /** Upright pixels in the file's own colour space, and the bag. A file cut short is an error, not a grey half.
     * On failure out and bag are left freed. */
    VernisStatus (*decode)(VnImage *out, VnBag *bag, const uint8_t *data, size_t size, const VnLimits *limits,
                           VnError *err);
    /** Pixels and colour tag only; metadata is spliced in later by meta. Same bytes for the same pixels. */
    VernisStatus (*encode)(VnBytes *out, const VnImage *image, const VnEncodeOptions *options, VnError *err);
} VnFormat;

extern const VnFormat vn_format_png, vn_format_jpeg, vn_format_webp;

const VnFormat *const *vn_formats(void);                           /**< NULL-ended */
const VnFormat *vn_format_sniff(const uint8_t *data, size_t size); /**< by content, never by name; NULL: none */
const VnFormat *vn_format_by_name(const char *name);               /**< NULL: none */
const VnFormat *vn_format_by_extension(const char *path);          /**< NULL: none */

/** The picture as a reader of its file sees it: encode and decode in place. The picture must be one that `format` holds.
 * @param bytes receives the size of the file; may be NULL. On failure the image is unchanged. */
VernisStatus vn_reencode(VnImage *image, const VnFormat *format, const VnEncodeOptions *options, size_t *bytes,
                         VnError *err);

/** Sniff and decode. Unknown content that looks like a known but unhandled format (GIF, TIFF, HEIC, PSD, BMP,
 * AVIF) gives VERNIS_E_UNSUPPORTED naming it; anything else VERNIS_E_FORMAT. */
VernisStatus vn_decode(VnImage *out, VnBag *bag, const uint8_t *data, size_t size, const VnLimits *limits,
                       VnError *err);
VernisStatus vn_decode_header(VnHeader *out, const uint8_t *data, size_t size, const VnLimits *limits, VnError *err);

#endif
