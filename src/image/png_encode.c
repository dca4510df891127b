/* SPDX-License-Identifier: Apache-2.0 */
#include <png.h>

#include "image/codec.h"

enum {
    LEVEL = 6,                /* zlib's own default: level 9 takes three times as long for about 1 % */
    IDAT_BYTES = 256 * 1024   /* size of one IDAT chunk */
};

typedef struct Writer {
    png_structp png;
    png_infop info;
    VnBytes bytes;
    const VnImage *image;
    const VnBytes *icc;
    VnError *err;
    bool memory_short;
    VernisStatus failure; /* set before every jump */
} Writer;

static void on_error(png_structp png, png_const_charp text) {
    Writer *writer = png_get_error_ptr(png);
    writer->failure = writer->memory_short
                          ? vn_no_memory(writer->err, "png", 0, "libpng")
                          : vn_fail(writer->err, VERNIS_E_ARGUMENT, "png", "cannot write PNG: %s", text);
    png_longjmp(png, 1);
}

/* libpng's warnings are about profiles it doubts; the profile was the caller's choice. */
static void on_warning(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static void on_write(png_structp png, png_bytep data, size_t size) {
    Writer *writer = png_get_io_ptr(png);
    writer->memory_short = vn_bytes_append(&writer->bytes, data, size, writer->err) != VERNIS_OK;
    if (writer->memory_short)
        png_error(png, "out of memory");
}

static void on_flush(png_structp png) { (void)png; }

static png_voidp on_malloc(png_structp png, png_alloc_size_t size) {
    Writer *writer = png_get_mem_ptr(png);
    void *block = vn_malloc(size);
    writer->memory_short = writer->memory_short || !block;
    return block;
}

static void on_free(png_structp png, png_voidp block) {
    (void)png;
    vn_free(block);
}

/* All of libpng's writing happens in here, after this setjmp. What must survive a jump lies behind `writer`. */
static VernisStatus write_picture(Writer *writer) {
    const VnImage *image = writer->image;
    png_structp png = writer->png;
    if (setjmp(png_jmpbuf(png)))
        return writer->failure;
    png_set_write_fn(png, writer, on_write, on_flush);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_compression_level(png, LEVEL);
    png_set_compression_buffer_size(png, IDAT_BYTES);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_ALL_FILTERS);
    int colour_type = (image->colours == 3 ? PNG_COLOR_MASK_COLOR : 0) | (image->alpha ? PNG_COLOR_MASK_ALPHA : 0);
    png_set_IHDR(png, writer->info, image->width, image->height, image->bits, colour_type, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (writer->icc)
        png_set_iCCP(png, writer->info, "ICC profile", PNG_COMPRESSION_TYPE_BASE, writer->icc->data,
                     (png_uint_32)writer->icc->size);
    else
        png_set_sRGB(png, writer->info, PNG_sRGB_INTENT_PERCEPTUAL);
    png_write_info(png, writer->info);
    if (image->bits == 16 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
        png_set_swap(png);
    for (uint32_t y = 0; y < image->height; y++)
        png_write_row(png, (png_const_bytep)image->pixels + y * image->stride);
    png_write_end(png, writer->info);
    return VERNIS_OK;
}

VernisStatus vn_png_encode(VnBytes *out, const VnImage *image, const VnEncodeOptions *options, VnError *err) {
    VernisStatus status;
    *out = (VnBytes){0};
    if (image->colours != 1 && image->colours != 3)
        return vn_fail(err, VERNIS_E_ARGUMENT, "png", "PNG holds grey or RGB pixels, not %u inks", image->colours);
    const VnBytes *icc = options && options->icc && options->icc->size ? options->icc : NULL;
    Writer writer = {.image = image, .icc = icc, .err = err};
    writer.png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &writer, on_error, on_warning, &writer, on_malloc,
                                           on_free);
    writer.info = writer.png ? png_create_info_struct(writer.png) : NULL;
    if (!writer.info)
        VN_CHECK(vn_no_memory(err, "png", 0, "libpng"));
    VN_CHECK(write_picture(&writer));
    *out = writer.bytes;
    writer.bytes = (VnBytes){0};
done:
    png_destroy_write_struct(&writer.png, &writer.info);
    vn_bytes_free(&writer.bytes);
    return status;
}
