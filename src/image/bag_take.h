/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Filling the metadata bag from the blocks that the container readers find. Private to src/image/.
 * All take untrusted bytes, copy what they keep, and set the leak bits that the block shows.
 */
#ifndef VN_IMAGE_BAG_TAKE_H
#define VN_IMAGE_BAG_TAKE_H

#include "image/bag.h"
#include "image/image.h"

enum {
    VN_MAX_TEXTS = 200,            /**< textual chunks and comments kept; the rest are dropped with a warning */
    VN_MAX_TEXT_BYTES = 64 * 1024, /**< of one value */
    VN_MAX_C2PA_BYTES = 64 << 20   /**< of a C2PA manifest store, which carries thumbnails */
};

/** Keep the first warning of a decode; control characters become '?'. */
__attribute__((format(printf, 2, 3))) void vn_bag_warn(VnBag *bag, const char *format, ...);

/** Keep one text. A value that is not UTF-8, or is said to be Latin-1, is converted. Beyond the bounds it is
 * dropped. */
VernisStatus vn_bag_take_text(VnBag *bag, const uint8_t *key, size_t key_size, const uint8_t *value, size_t value_size,
                              bool latin1, VnError *err);

/** Keep the first EXIF block ("Exif\0\0" in front is skipped), read orientation and colour space with libexif, note
 * thumbnails, maker notes and positions. Refused over limits->max_exif_bytes; ignored with a warning if no TIFF
 * stream. */
VernisStatus vn_bag_take_exif(VnBag *bag, const uint8_t *data, size_t size, const VnLimits *limits, VnError *err);

/** Keep the first XMP packet; dropped with a warning over limits->max_xmp_bytes. Notes embedded pictures. */
VernisStatus vn_bag_take_xmp(VnBag *bag, const uint8_t *data, size_t size, const VnLimits *limits, VnError *err);

/** Photoshop image resources ("8BIM" blocks): keep IIM (0x0404), note thumbnails (0x0409, 0x040C). */
VernisStatus vn_bag_take_photoshop(VnBag *bag, const uint8_t *data, size_t size, VnError *err);

/** Leak bits of a TIFF stream: places where pictures or private data lie, found by walking the directories themselves,
 * because libexif drops what is damaged or unknown to it, and that is just what leaks. */
unsigned vn_exif_leaks(const uint8_t *tiff, size_t size);

#endif
