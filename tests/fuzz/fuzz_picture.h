/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * What the fuzz targets of the picture formats require of any input: it decodes twice to the same pixels and
 * metadata, or fails with a text; its header tells the truth; PNG written from it reads back equal; nothing stays
 * allocated.
 */
#ifndef VN_TESTS_FUZZ_PICTURE_H
#define VN_TESTS_FUZZ_PICTURE_H

#include <stdlib.h>
#include <string.h>

#include "image/colour.h"
#include "image/format.h"

static const VnLimits fuzz_limits = {
    .max_pixels = 1 << 14,
    .max_side = 20000,
    .max_file_bytes = 1 << 22,
    .max_icc_bytes = 1 << 16,
    .max_exif_bytes = 1 << 16,
    .max_xmp_bytes = 1 << 16,
};

static inline void require(bool held) {
    if (!held)
        abort();
}

static inline bool same_pixels(const VnImage *a, const VnImage *b) {
    return a->width == b->width && a->height == b->height && a->colours == b->colours && a->bits == b->bits &&
           a->alpha == b->alpha && memcmp(a->pixels, b->pixels, a->stride * a->height) == 0;
}

static inline bool same_bytes(const VnBytes *a, const VnBytes *b) {
    return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

/** Encoding is deterministic, and PNG is lossless. */
static inline void require_round_trip(const VnFormat *format, const VnImage *image) {
    VnBytes file = {0}, twin = {0};
    VnImage again = {0};
    VnBag bag = {0};
    require(format->encode(&file, image, NULL, NULL) == VERNIS_OK);
    require(format->encode(&twin, image, NULL, NULL) == VERNIS_OK);
    require(same_bytes(&file, &twin));
    require(vn_decode(&again, &bag, file.data, file.size, &vn_limits_default, NULL) == VERNIS_OK);
    require(bag.leaks == 0 && bag.warning[0] == '\0' && vn_colour_is_srgb(&bag));
    require(again.width == image->width && again.height == image->height);
    require(format == &vn_format_webp || again.colours == image->colours);
    require(format != &vn_format_png || same_pixels(&again, image));
    vn_image_free(&again);
    vn_bag_free(&bag);
    vn_bytes_free(&file);
    vn_bytes_free(&twin);
}

static inline void require_same_bags(const VnBag *a, const VnBag *b) {
    require(same_bytes(&a->icc, &b->icc) && same_bytes(&a->exif, &b->exif) && same_bytes(&a->xmp, &b->xmp));
    require(same_bytes(&a->iptc, &b->iptc) && same_bytes(&a->c2pa, &b->c2pa) && a->leaks == b->leaks);
    require(a->orientation == b->orientation && a->orientation >= 1 && a->orientation <= 8);
    require(a->text_count == b->text_count && strcmp(a->warning, b->warning) == 0);
    require(a->jpeg_quality == b->jpeg_quality && a->format == b->format);
}

static inline void fuzz_picture(const uint8_t *data, size_t size) {
    size_t used = vn_mem_used();
    VnImage image, again;
    VnBag bag, bag_again;
    VnHeader header;
    VnError err = {0};
    VernisStatus status = vn_decode(&image, &bag, data, size, &fuzz_limits, &err);
    require(status == err.status && (status == VERNIS_OK) == (err.text[0] == '\0') && !strchr(err.text, '\n'));
    if (status != VERNIS_OK) {
        require(!image.pixels && vn_mem_used() == used);
        return;
    }
    require(vn_decode_header(&header, data, size, &fuzz_limits, &err) == VERNIS_OK);
    require(header.width == image.width && header.height == image.height && header.colours == image.colours &&
            header.bits == image.bits && header.alpha == image.alpha);
    require(vn_decode(&again, &bag_again, data, size, &fuzz_limits, &err) == VERNIS_OK);
    require(same_pixels(&image, &again));
    require_same_bags(&bag, &bag_again);
    require(vn_colour_to_work(&image, &bag, NULL, NULL, &err) == VERNIS_OK);
    require(image.colours == 1 || image.colours == 3);
    require_round_trip(&vn_format_png, &image);
    require(vn_image_fit(&image, true, false, &err) == VERNIS_OK);
    if (image.width <= vn_format_webp.max_side && image.height <= vn_format_webp.max_side)
        require_round_trip(&vn_format_webp, &image);
    require(vn_image_fit(&image, false, false, &err) == VERNIS_OK);
    require_round_trip(&vn_format_jpeg, &image);
    vn_image_free(&image);
    vn_image_free(&again);
    vn_bag_free(&bag);
    vn_bag_free(&bag_again);
    require(vn_mem_used() == used);
}

#endif
