/* SPDX-License-Identifier: Apache-2.0 */
#include "image/format.h"

#include <string.h>
#include <strings.h>

#include "image/codec.h"

const VnFormat vn_format_png = {
    .name = "png",
    .extensions = ".png",
    .alpha = true,
    .bits16 = true,
    .sniff = vn_png_sniff,
    .header = vn_png_header,
    .decode = vn_png_decode,
    .encode = vn_png_encode,
};

const VnFormat vn_format_jpeg = {
    .name = "jpeg",
    .extensions = ".jpg .jpeg .jpe .jfif",
    .max_side = 65500, /* libjpeg's JPEG_MAX_DIMENSION */
    .sniff = vn_jpeg_sniff,
    .header = vn_jpeg_header,
    .decode = vn_jpeg_decode,
    .encode = vn_jpeg_encode,
};

const VnFormat vn_format_webp = {
    .name = "webp",
    .extensions = ".webp",
    .alpha = true,
    .max_side = 16383, /* RFC 9649: 14 bits */
    .sniff = vn_webp_sniff,
    .header = vn_webp_header,
    .decode = vn_webp_decode,
    .encode = vn_webp_encode,
};

static const VnFormat *const formats[] = {&vn_format_png, &vn_format_jpeg, &vn_format_webp, NULL};

/* Known and not handled: bytes `magic` at `offset`. */
static const struct Stranger {
    const char *name;
    size_t offset, length;
    const char *magic;
} strangers[] = {
    {"GIF", 0, 4, "GIF8"},
    {"TIFF", 0, 4, "II*\0"},
    {"TIFF", 0, 4, "MM\0*"},
    {"BigTIFF", 0, 4, "II+\0"},
    {"BigTIFF", 0, 4, "MM\0+"},
    {"AVIF", 4, 8, "ftypavif"},
    {"AVIF", 4, 8, "ftypavis"},
    {"HEIC", 4, 8, "ftypheic"},
    {"HEIC", 4, 8, "ftypheix"},
    {"HEIC", 4, 8, "ftyphevc"},
    {"HEIF", 4, 8, "ftypmif1"},
    {"HEIF", 4, 8, "ftypmsf1"},
    {"Canon CR3", 4, 7, "ftypcrx"},
    {"Photoshop PSD", 0, 4, "8BPS"},
    {"JPEG XL", 0, 2, "\xff\x0a"},
    {"JPEG XL", 0, 12, "\0\0\0\x0cJXL \x0d\x0a\x87\x0a"},
    {"JPEG 2000", 0, 12, "\0\0\0\x0cjP  \x0d\x0a\x87\x0a"},
    {"JPEG 2000", 0, 4, "\xff\x4f\xff\x51"},
    {"OpenEXR", 0, 4, "\x76\x2f\x31\x01"},
    {"GIMP XCF", 0, 9, "gimp xcf "},
    {"QOI", 0, 4, "qoif"},
    {"PDF", 0, 5, "%PDF-"},
    {"SVG", 0, 4, "<svg"},
    {"BMP", 0, 2, "BM"},
};

bool vn_starts_with(const uint8_t *data, size_t size, const char *prefix, size_t length) {
    return size >= length && memcmp(data, prefix, length) == 0;
}

bool vn_holds_data(const uint8_t *data, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (data[i] != 0 && data[i] != ' ' && data[i] != '\n' && data[i] != '\r' && data[i] != '\t')
            return true;
    return false;
}

const VnFormat *const *vn_formats(void) { return formats; }

const VnFormat *vn_format_sniff(const uint8_t *data, size_t size) {
    for (const VnFormat *const *format = formats; *format; format++)
        if ((*format)->sniff(data, size))
            return *format;
    return NULL;
}

const VnFormat *vn_format_by_name(const char *name) {
    for (const VnFormat *const *format = formats; *format; format++)
        if (strcmp((*format)->name, name) == 0)
            return *format;
    return NULL;
}

const VnFormat *vn_format_by_extension(const char *path) {
    const char *dot = strrchr(path, '.');
    if (!dot || strchr(dot, '/'))
        return NULL;
    size_t length = strlen(dot);
    for (const VnFormat *const *format = formats; *format; format++)
        for (const char *word = (*format)->extensions; *word;) {
            size_t word_length = strcspn(word, " ");
            if (word_length == length && strncasecmp(word, dot, length) == 0)
                return *format;
            word += word_length;
            word += *word == ' ';
        }
    return NULL;
}

/* The format that handles these bytes, or NULL, and then *status and `err` say what they are instead. */
static const VnFormat *recognise(const uint8_t *data, size_t size, const VnLimits *limits, VernisStatus *status,
                                 VnError *err) {
    if (size == 0) {
        *status = vn_fail(err, VERNIS_E_FORMAT, "image", "the file is empty");
        return NULL;
    }
    if (size > limits->max_file_bytes) {
        *status = vn_fail(err, VERNIS_E_LIMIT, "image", "the file has %zu bytes: more than the limit of %zu", size,
                          limits->max_file_bytes);
        return NULL;
    }
    const VnFormat *format = vn_format_sniff(data, size);
    if (format)
        return format;
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        const struct Stranger *s = &strangers[i];
        if (size > s->offset && vn_starts_with(data + s->offset, size - s->offset, s->magic, s->length)) {
            *status = vn_fail(err, VERNIS_E_UNSUPPORTED, "image",
                              "this is a %s file; Vernis reads PNG, JPEG and WebP, so save it as one of these first",
                              s->name);
            return NULL;
        }
    }
    *status = vn_fail(err, VERNIS_E_FORMAT, "image", "this is not a picture that Vernis knows (PNG, JPEG or WebP)");
    return NULL;
}

VernisStatus vn_decode(VnImage *out, VnBag *bag, const uint8_t *data, size_t size, const VnLimits *limits,
                       VnError *err) {
    VernisStatus status;
    *out = (VnImage){0};
    *bag = (VnBag){0};
    if (!limits)
        limits = &vn_limits_default;
    const VnFormat *format = recognise(data, size, limits, &status, err);
    return format ? format->decode(out, bag, data, size, limits, err) : status;
}

VernisStatus vn_decode_header(VnHeader *out, const uint8_t *data, size_t size, const VnLimits *limits, VnError *err) {
    VernisStatus status;
    *out = (VnHeader){0};
    if (!limits)
        limits = &vn_limits_default;
    const VnFormat *format = recognise(data, size, limits, &status, err);
    return format ? format->header(out, data, size, limits, err) : status;
}

VernisStatus vn_reencode(VnImage *image, const VnFormat *format, const VnEncodeOptions *options, size_t *bytes,
                         VnError *err) {
    VnBytes file = {0};
    VnBag bag = {0};
    VnImage back = {0};
    VernisStatus status = format->encode(&file, image, options, err);
    if (!status)
        status = format->decode(&back, &bag, file.data, file.size, NULL, err);
    if (!status && bytes)
        *bytes = file.size;
    vn_bytes_free(&file);
    vn_bag_free(&bag);
    if (!status) {
        vn_image_free(image);
        *image = back;
    }
    return status;
}
