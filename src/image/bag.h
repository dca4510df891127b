/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The metadata bag: what a decoder found beside the pixels, as raw bytes. Never copied blindly to an output.
 */
#ifndef VN_IMAGE_BAG_H
#define VN_IMAGE_BAG_H

#include <stdbool.h>

#include "base/mem.h"

/** Places where a clean copy of the picture, or private data, can survive in a file (facts/provenance.md 3.4). */
typedef enum VnLeak {
    VN_LEAK_EXIF_THUMBNAIL = 1 << 0,
    VN_LEAK_MAKER_NOTE = 1 << 1,
    VN_LEAK_JFXX = 1 << 2,
    VN_LEAK_MPF = 1 << 3,
    VN_LEAK_TRAILING_BYTES = 1 << 4,
    VN_LEAK_PHOTOSHOP_THUMBNAIL = 1 << 5,
    VN_LEAK_XMP_THUMBNAIL = 1 << 6,
    VN_LEAK_C2PA = 1 << 7, /**< what was not kept; the store in `c2pa` is for meta to look into */
    VN_LEAK_RAW_PROFILE = 1 << 8,
    VN_LEAK_UNKNOWN_CHUNK = 1 << 9,
    VN_LEAK_APNG_FRAMES = 1 << 10,
    VN_LEAK_FLASHPIX = 1 << 11,
    VN_LEAK_GPS = 1 << 12,
    VN_LEAK_SERIAL = 1 << 13 /**< EXIF CameraOwnerName, BodySerialNumber, LensSerialNumber */
} VnLeak;

/** One textual chunk or comment: key and value, UTF-8, heap. */
typedef struct VnTextItem {
    char *key, *value;
} VnTextItem;

/** All members are owned by the bag. Zero-initialise; vn_bag_free. */
typedef struct VnBag {
    const char *format;   /**< "png", "jpeg", "webp": the name of the VnFormat that decoded; static storage */
    VnBytes icc;          /**< ICC profile; for PNG with gAMA/cHRM but no iCCP or sRGB, one made from these */
    bool srgb;            /**< the file itself says sRGB (PNG sRGB chunk, EXIF ColorSpace 1) and has no profile */
    VnBytes exif;         /**< TIFF stream, starting "II*\0" or "MM\0*" */
    VnBytes xmp;          /**< packet, UTF-8 */
    VnBytes iptc;         /**< IIM records (Photoshop resource 0x0404) */
    VnBytes c2pa;         /**< JUMBF manifest store */
    unsigned orientation; /**< EXIF orientation found, 1..8; the decoder has applied it already */
    int jpeg_quality;     /**< estimated quality of a JPEG source from its luma table, 0 for others */
    unsigned leaks;       /**< VnLeak bits that the container shows (EXIF, MPF, chunks, trailing bytes ...) */
    VnTextItem *texts;
    size_t text_count;
    char warning[200]; /**< a decoder's first warning, "" if none ("truncated: 3 of 40 rows missing") */
} VnBag;

void vn_bag_free(VnBag *bag);

#endif
