/* SPDX-License-Identifier: Apache-2.0 */
#include "image/bag.h"

#include <libexif/exif-data.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "image/bag_take.h"
#include "image/codec.h"

void vn_bag_free(VnBag *bag) {
    vn_bytes_free(&bag->icc);
    vn_bytes_free(&bag->exif);
    vn_bytes_free(&bag->xmp);
    vn_bytes_free(&bag->iptc);
    vn_bytes_free(&bag->c2pa);
    for (size_t i = 0; i < bag->text_count; i++) {
        vn_free(bag->texts[i].key);
        vn_free(bag->texts[i].value);
    }
    vn_free(bag->texts);
    *bag = (VnBag){0};
}

void vn_bag_warn(VnBag *bag, const char *format, ...) {
    if (bag->warning[0])
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(bag->warning, sizeof bag->warning, format, args);
    va_end(args);
    for (char *p = bag->warning; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
}

/* Well-formed UTF-8 after Unicode 15, table 3-7, without NUL. */
static bool is_utf8(const uint8_t *s, size_t size) {
    for (size_t i = 0; i < size;) {
        unsigned lead = s[i], more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
        if (lead == 0 || (lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || size - i <= more)
            return false;
        if (more) {
            unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
            unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
            if (s[i + 1] < low || s[i + 1] > high)
                return false;
            for (unsigned k = 2; k <= more; k++)
                if ((s[i + k] & 0xc0) != 0x80)
                    return false;
        }
        i += 1 + more;
    }
    return true;
}

/* A NUL-ended UTF-8 copy; Latin-1 is converted, NULs become blanks. NULL when memory is short. */
static char *text_copy(const uint8_t *s, size_t size, bool latin1) {
    bool convert = latin1 || !is_utf8(s, size);
    char *out = vn_malloc(size * 2 + 1), *p = out;
    if (!out)
        return NULL;
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = s[i] ? s[i] : ' ';
        if (convert && byte >= 0x80) {
            *p++ = (char)(0xc0 | byte >> 6);
            *p++ = (char)(0x80 | (byte & 0x3f));
        } else {
            *p++ = (char)byte;
        }
    }
    *p = 0;
    return out;
}

VernisStatus vn_bag_take_text(VnBag *bag, const uint8_t *key, size_t key_size, const uint8_t *value, size_t value_size,
                              bool latin1, VnError *err) {
    if (bag->text_count >= VN_MAX_TEXTS || value_size > VN_MAX_TEXT_BYTES) {
        vn_bag_warn(bag, "more or longer texts than are read; some are dropped");
        return VERNIS_OK;
    }
    VnTextItem *texts = vn_realloc(bag->texts, (bag->text_count + 1) * sizeof *texts);
    if (!texts)
        return vn_no_memory(err, "metadata", (bag->text_count + 1) * sizeof *texts, "texts");
    bag->texts = texts;
    VnTextItem item = {text_copy(key, key_size, true), text_copy(value, value_size, latin1)};
    if (!item.key || !item.value) {
        vn_free(item.key);
        vn_free(item.value);
        return vn_no_memory(err, "metadata", value_size, "a text");
    }
    bag->texts[bag->text_count++] = item;
    return VERNIS_OK;
}

static VernisStatus keep(VnBytes *out, const uint8_t *data, size_t size, VnError *err) {
    return size ? vn_bytes_append(out, data, size, err) : VERNIS_OK;
}

/* An unsigned value of an entry of one SHORT or LONG; 0 for none. */
static unsigned exif_value(ExifData *exif, ExifIfd ifd, ExifTag tag) {
    ExifEntry *entry = exif_content_get_entry(exif->ifd[ifd], tag);
    ExifByteOrder order = exif_data_get_byte_order(exif);
    if (!entry || !entry->data)
        return 0;
    if (entry->format == EXIF_FORMAT_SHORT && entry->size >= 2)
        return exif_get_short(entry->data, order);
    if (entry->format == EXIF_FORMAT_LONG && entry->size >= 4)
        return exif_get_long(entry->data, order);
    return 0;
}

/* libexif wants the APP1 prefix and counts in unsigned int; `block` is prefix and TIFF stream. */
static VernisStatus read_exif_values(VnBag *bag, const uint8_t *block, size_t size, VnError *err) {
    ExifData *exif = exif_data_new();
    if (!exif)
        return vn_no_memory(err, "exif", size, "EXIF");
    exif_data_unset_option(exif, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
    exif_data_load_data(exif, block, (unsigned)size);
    unsigned orientation = exif_value(exif, EXIF_IFD_0, EXIF_TAG_ORIENTATION);
    if (orientation >= 1 && orientation <= 8)
        bag->orientation = orientation;
    else if (orientation)
        vn_bag_warn(bag, "EXIF orientation %u is not in 1..8 and is ignored", orientation);
    if (exif_value(exif, EXIF_IFD_EXIF, EXIF_TAG_COLOR_SPACE) == 1)
        bag->srgb = true;
    exif_data_unref(exif);
    return VERNIS_OK;
}

VernisStatus vn_bag_take_exif(VnBag *bag, const uint8_t *data, size_t size, const VnLimits *limits, VnError *err) {
    static const char prefix[6] = "Exif\0";
    bool prefixed = vn_starts_with(data, size, prefix, sizeof prefix);
    size_t tiff_size = prefixed ? size - sizeof prefix : size;
    const uint8_t *tiff = prefixed ? data + sizeof prefix : data;
    if (bag->exif.data) {
        bag->leaks |= vn_exif_leaks(tiff, tiff_size);
        return VERNIS_OK;
    }
    if (tiff_size > limits->max_exif_bytes)
        return vn_fail(err, VERNIS_E_LIMIT, "exif", "%zu bytes of EXIF: more than the limit of %zu", tiff_size,
                       limits->max_exif_bytes);
    if (!vn_starts_with(tiff, tiff_size, "II*\0", 4) && !vn_starts_with(tiff, tiff_size, "MM\0*", 4)) {
        vn_bag_warn(bag, "the EXIF block is damaged and is ignored");
        return VERNIS_OK;
    }
    VnBytes block = {0};
    VernisStatus status;
    VN_CHECK(keep(&bag->exif, tiff, tiff_size, err));
    VN_CHECK(vn_bytes_append(&block, prefix, sizeof prefix, err));
    VN_CHECK(vn_bytes_append(&block, tiff, tiff_size, err));
    VN_CHECK(read_exif_values(bag, block.data, block.size, err));
    bag->leaks |= vn_exif_leaks(tiff, tiff_size);
done:
    vn_bytes_free(&block);
    return status;
}

VernisStatus vn_bag_take_xmp(VnBag *bag, const uint8_t *data, size_t size, const VnLimits *limits, VnError *err) {
    /* Element or attribute names after which base64 pictures follow: xmp:Thumbnails, Google's depth, image and camera
     * containers, and the dynamic-media and HDR gain map directories of Android and Adobe. */
    static const char *const names[] = {
        "xmpGImg:image", "xmp:Thumbnails", "GDepth:", "GImage:", "GCamera:", "GContainer:", "Container:Directory"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (size && memmem(data, size, names[i], strlen(names[i])))
            bag->leaks |= VN_LEAK_XMP_THUMBNAIL;
    if (bag->xmp.data)
        return VERNIS_OK;
    if (size > limits->max_xmp_bytes) {
        vn_bag_warn(bag, "%zu bytes of XMP: more than the limit of %zu, ignored", size, limits->max_xmp_bytes);
        return VERNIS_OK;
    }
    return keep(&bag->xmp, data, size, err);
}

VernisStatus vn_bag_take_photoshop(VnBag *bag, const uint8_t *data, size_t size, VnError *err) {
    size_t at = 0;
    /* "8BIM", u16 id, Pascal string padded to even, u32 size, data padded to even (Photoshop file format spec). */
    while (size - at >= 12 && (memcmp(data + at, "8BIM", 4) == 0 || memcmp(data + at, "MeSa", 4) == 0)) {
        unsigned id = vn_be16(data + at + 4);
        size_t name = ((size_t)data[at + 6] + 2) & ~(size_t)1;
        if (size - at - 10 < name)
            break;
        size_t length = vn_be32(data + at + 6 + name);
        at += 10 + name;
        if (id == 0x0409 || id == 0x040C)
            bag->leaks |= VN_LEAK_PHOTOSHOP_THUMBNAIL;
        if (length > size - at)
            break;
        if (id == 0x0404 && !bag->iptc.data)
            VN_TRY(keep(&bag->iptc, data + at, length, err));
        at += length;
        at += length & 1 && at < size;
    }
    return VERNIS_OK;
}
