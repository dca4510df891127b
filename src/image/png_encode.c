/* SPDX-License-Identifier: Apache-2.0 */
#include <png.h>
#include <string.h>
#include <zlib.h>

#include "image/codec.h"
#include "image/icc.h"

enum {
    LEVEL = 4, /* on perturbed pictures within 3 % of zlib's default 6, either way, in a third of the time */
    IDAT_BYTES = 256 * 1024 /* size of one IDAT chunk */
};

typedef struct Writer {
    png_structp png;
    png_infop info;
    VnBytes bytes;
    const VnImage *image;
    VnBytes iccp; /* payload of the iCCP chunk; empty: sRGB */
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

/* There is nothing to warn of: the pixels are sound and libpng is not shown the profile. */
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
    if (!writer->iccp.data)
        png_set_sRGB(png, writer->info, PNG_sRGB_INTENT_PERCEPTUAL);
    png_write_info_before_PLTE(png, writer->info);
    if (writer->iccp.data)
        png_write_chunk(png, (png_const_bytep) "iCCP", writer->iccp.data, writer->iccp.size);
    png_write_info(png, writer->info);
    if (image->bits == 16 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
        png_set_swap(png);
    for (uint32_t y = 0; y < image->height; y++)
        png_write_row(png, (png_const_bytep)image->pixels + y * image->stride);
    png_write_end(png, writer->info);
    return VERNIS_OK;
}

/* The iCCP chunk is made here because libpng refuses profiles with small faults, which every reader forgives. */
static VernisStatus pack_profile(VnBytes *out, const VnBytes *icc, VnError *err) {
    static const char name[] = "ICC profile\0"; /* the second NUL is the compression method */
    uLongf packed = compressBound((uLong)icc->size);
    out->data = vn_malloc(sizeof name + packed);
    if (!out->data)
        return vn_no_memory(err, "png", sizeof name + packed, "the colour profile");
    memcpy(out->data, name, sizeof name);
    if (compress2(out->data + sizeof name, &packed, icc->data, (uLong)icc->size, Z_BEST_COMPRESSION) != Z_OK)
        return vn_no_memory(err, "png", icc->size, "zlib");
    out->size = sizeof name + packed;
    return VERNIS_OK;
}

VernisStatus vn_png_encode(VnBytes *out, const VnImage *image, const VnEncodeOptions *options, VnError *err) {
    VernisStatus status;
    *out = (VnBytes){0};
    if (image->colours != 1 && image->colours != 3)
        return vn_fail(err, VERNIS_E_ARGUMENT, "png", "PNG holds grey or RGB pixels, not %u inks", image->colours);
    Writer writer = {.image = image, .err = err};
    if (options && options->icc && vn_icc_fits(options->icc, image->colours))
        VN_CHECK(pack_profile(&writer.iccp, options->icc, err));
    writer.png =
        png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &writer, on_error, on_warning, &writer, on_malloc, on_free);
    writer.info = writer.png ? png_create_info_struct(writer.png) : NULL;
    if (!writer.info)
        VN_CHECK(vn_no_memory(err, "png", 0, "libpng"));
    VN_CHECK(write_picture(&writer));
    *out = writer.bytes;
    writer.bytes = (VnBytes){0};
done:
    png_destroy_write_struct(&writer.png, &writer.info);
    vn_bytes_free(&writer.bytes);
    vn_bytes_free(&writer.iccp);
    return status;
}
