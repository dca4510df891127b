/* SPDX-License-Identifier: Apache-2.0 */
/* PNG pixels through libpng. libpng sees only IHDR, PLTE, tRNS, IDAT and IEND; png_scan.c reads everything else. */
#include <png.h>
#include <string.h>

#include "image/bag_take.h"
#include "image/codec.h"
#include "image/png_scan.h"

typedef struct Reader {
    png_structp png;
    png_infop info;
    const uint8_t *data;
    size_t size, at;
    VnImage *image;
    VnBag *bag;
    const VnLimits *limits;
    VnError *err;
    bool memory_short;
    VernisStatus failure; /* set before every jump */
} Reader;

static void on_error(png_structp png, png_const_charp text) {
    Reader *reader = png_get_error_ptr(png);
    reader->failure = reader->memory_short ? vn_no_memory(reader->err, "png", 0, "libpng")
                                           : vn_fail(reader->err, VERNIS_E_FORMAT, "png", "damaged PNG: %s", text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
    Reader *reader = png_get_error_ptr(png);
    vn_bag_warn(reader->bag, "%s", text);
}

static void on_read(png_structp png, png_bytep out, size_t size) {
    Reader *reader = png_get_io_ptr(png);
    if (size > reader->size - reader->at)
        png_error(png, "the file is cut short");
    memcpy(out, reader->data + reader->at, size);
    reader->at += size;
}

static png_voidp on_malloc(png_structp png, png_alloc_size_t size) {
    Reader *reader = png_get_mem_ptr(png);
    void *block = vn_malloc(size);
    reader->memory_short = reader->memory_short || !block;
    return block;
}

static void on_free(png_structp png, png_voidp block) {
    (void)png;
    vn_free(block);
}

/* Set libpng up so that rows come out in VnImage's layout, and create the image. Called under read_picture's setjmp. */
static VernisStatus begin_picture(Reader *reader) {
    png_structp png = reader->png;
    png_infop info = reader->info;
    png_set_user_limits(png, reader->limits->max_side, reader->limits->max_side);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_read_fn(png, reader, on_read);
    png_read_info(png, info);

    unsigned colour_type = png_get_color_type(png, info), depth = png_get_bit_depth(png, info);
    bool transparent = png_get_valid(png, info, PNG_INFO_tRNS) != 0;
    if (colour_type == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(png);
    if (colour_type == PNG_COLOR_TYPE_GRAY && depth < 8)
        png_set_expand_gray_1_2_4_to_8(png);
    if (transparent)
        png_set_tRNS_to_alpha(png);
    if (depth == 16 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
        png_set_swap(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    VN_TRY(vn_image_create(reader->image, png_get_image_width(png, info), png_get_image_height(png, info),
                           colour_type & PNG_COLOR_MASK_COLOR ? 3 : 1,
                           transparent || (colour_type & PNG_COLOR_MASK_ALPHA), depth == 16 ? 16 : 8, reader->limits,
                           reader->err));
    if (png_get_rowbytes(png, info) != reader->image->stride)
        return vn_fail(reader->err, VERNIS_E_INTERNAL, "png", "libpng gives rows of %zu bytes, %zu were expected",
                       png_get_rowbytes(png, info), reader->image->stride);
    return VERNIS_OK;
}

/* All of libpng's reading happens in here, after this setjmp. What must survive a jump lies behind `reader`. */
static VernisStatus read_picture(Reader *reader) {
    if (setjmp(png_jmpbuf(reader->png)))
        return reader->failure;
    VN_TRY(begin_picture(reader));
    int passes =
        png_get_interlace_type(reader->png, reader->info) == PNG_INTERLACE_NONE ? 1 : PNG_INTERLACE_ADAM7_PASSES;
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < reader->image->height; y++)
            png_read_row(reader->png, (png_bytep)reader->image->pixels + y * reader->image->stride, NULL);
    png_read_end(reader->png, NULL);
    return VERNIS_OK;
}

bool vn_png_sniff(const uint8_t *data, size_t size) { return vn_starts_with(data, size, "\x89PNG\r\n\x1a\n", 8); }

/* Shared beginning of header and decode. */
static VernisStatus scan(VnPngScan *out, VnBag *bag, const uint8_t *data, size_t size, const VnLimits *limits,
                         VnError *err) {
    if (!vn_png_sniff(data, size))
        return vn_fail(err, VERNIS_E_FORMAT, "png", "this is not a PNG file");
    bag->orientation = 1;
    bag->format = vn_format_png.name;
    return vn_png_scan(out, bag, data, size, limits, err);
}

VernisStatus vn_png_header(VnHeader *out, const uint8_t *data, size_t size, const VnLimits *limits, VnError *err) {
    VnPngScan found = {0};
    VnBag bag = {0};
    *out = (VnHeader){0};
    VernisStatus status = scan(&found, &bag, data, size, limits ? limits : &vn_limits_default, err);
    if (status == VERNIS_OK) {
        VnHeader header = {.width = found.width,
                           .height = found.height,
                           .colours = found.colour_type & PNG_COLOR_MASK_COLOR ? 3 : 1,
                           .bits = found.depth == 16 ? 16 : 8,
                           .alpha = found.transparent || (found.colour_type & PNG_COLOR_MASK_ALPHA) != 0};
        *out = vn_header_upright(header, bag.orientation);
    }
    vn_bag_free(&bag);
    return status;
}

VernisStatus vn_png_decode(VnImage *out, VnBag *bag, const uint8_t *data, size_t size, const VnLimits *limits,
                           VnError *err) {
    VnPngScan found = {0};
    VernisStatus status;
    *out = (VnImage){0};
    *bag = (VnBag){0};
    Reader reader = {.data = data,
                     .size = size,
                     .image = out,
                     .bag = bag,
                     .limits = limits ? limits : &vn_limits_default,
                     .err = err};
    VN_CHECK(scan(&found, bag, data, size, reader.limits, err));
    reader.png =
        png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &reader, on_error, on_warning, &reader, on_malloc, on_free);
    reader.info = reader.png ? png_create_info_struct(reader.png) : NULL;
    if (!reader.info)
        VN_CHECK(vn_no_memory(err, "png", 0, "libpng"));
    VN_CHECK(read_picture(&reader));
    VN_CHECK(vn_image_orient(out, bag->orientation, err));
done:
    png_destroy_read_struct(&reader.png, &reader.info, NULL);
    if (status != VERNIS_OK) {
        vn_image_free(out);
        vn_bag_free(bag);
    }
    return status;
}
