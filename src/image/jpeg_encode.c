/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdio.h> /* jpeglib.h needs FILE */

#include <jerror.h>
#include <jpeglib.h>

#include "image/codec.h"
#include "image/icc.h"

enum { BLOCK = 64 * 1024, QUALITY = 95 };

typedef struct Writer {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_destination_mgr destination;
    jmp_buf escape;
    VnBytes bytes;
    const VnImage *image;
    const VnBytes *icc;
    int quality;
    bool subsample;
    VnError *err;
    VernisStatus failure; /* set before every jump */
    uint8_t block[BLOCK];
} Writer;

static Writer *writer_of(j_common_ptr jpeg) { return jpeg->client_data; }

static void on_error(j_common_ptr jpeg) {
    Writer *writer = writer_of(jpeg);
    char text[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, text);
    bool memory = jpeg->err->msg_code == JERR_OUT_OF_MEMORY;
    writer->failure =
        vn_fail(writer->err, memory ? VERNIS_E_MEMORY : VERNIS_E_ARGUMENT, "jpeg", "cannot write JPEG: %s", text);
    longjmp(writer->escape, 1);
}

static void on_message(j_common_ptr jpeg, int level) {
    (void)jpeg;
    (void)level;
}

static void on_output(j_common_ptr jpeg) { (void)jpeg; }

static void flush(Writer *writer, size_t size) {
    writer->failure = vn_bytes_append(&writer->bytes, writer->block, size, writer->err);
    if (writer->failure != VERNIS_OK)
        longjmp(writer->escape, 1);
    writer->destination.next_output_byte = writer->block;
    writer->destination.free_in_buffer = BLOCK;
}

static void on_begin(j_compress_ptr jpeg) { flush(writer_of((j_common_ptr)jpeg), 0); }

static boolean on_full(j_compress_ptr jpeg) {
    flush(writer_of((j_common_ptr)jpeg), BLOCK);
    return TRUE;
}

static void on_end(j_compress_ptr jpeg) {
    Writer *writer = writer_of((j_common_ptr)jpeg);
    flush(writer, BLOCK - writer->destination.free_in_buffer);
}

/* All of libjpeg's work happens in here, after this setjmp. What must survive a jump lies behind `writer`. */
static VernisStatus write_picture(Writer *writer) {
    struct jpeg_compress_struct *jpeg = &writer->jpeg;
    const VnImage *image = writer->image;
    if (setjmp(writer->escape))
        return writer->failure;
    jpeg_create_compress(jpeg);
    jpeg->dest = &writer->destination;
    jpeg->image_width = image->width;
    jpeg->image_height = image->height;
    jpeg->input_components = image->colours;
    jpeg->in_color_space = image->colours == 3 ? JCS_RGB : JCS_GRAYSCALE;
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, writer->quality, TRUE);
    jpeg->optimize_coding = TRUE;
    jpeg->dct_method = JDCT_ISLOW;
    if (image->colours == 3) {
        jpeg->comp_info[0].h_samp_factor = writer->subsample ? 2 : 1;
        jpeg->comp_info[0].v_samp_factor = writer->subsample ? 2 : 1;
    }
    jpeg_start_compress(jpeg, TRUE);
    jpeg_write_icc_profile(jpeg, writer->icc->data, (unsigned)writer->icc->size);
    while (jpeg->next_scanline < jpeg->image_height) {
        JSAMPROW row = (JSAMPROW)image->pixels + jpeg->next_scanline * image->stride;
        jpeg_write_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_compress(jpeg);
    return VERNIS_OK;
}

static VernisStatus check(const VnImage *image, const VnEncodeOptions *options, VnError *err) {
    if ((image->colours != 1 && image->colours != 3) || image->alpha || image->bits != 8)
        return vn_fail(err, VERNIS_E_ARGUMENT, "jpeg", "JPEG holds grey or RGB pixels of 8 bits without alpha");
    if (image->width > JPEG_MAX_DIMENSION || image->height > JPEG_MAX_DIMENSION)
        return vn_fail(err, VERNIS_E_LIMIT, "jpeg", "%u x %u pixels: JPEG files have at most %ld per side",
                       image->width, image->height, JPEG_MAX_DIMENSION);
    if (options && (options->quality < 0 || options->quality > 100))
        return vn_fail(err, VERNIS_E_ARGUMENT, "jpeg", "quality %d is not in 1..100", options->quality);
    return VERNIS_OK;
}

VernisStatus vn_jpeg_encode(VnBytes *out, const VnImage *image, const VnEncodeOptions *options, VnError *err) {
    VnBytes srgb = {0};
    Writer *writer = NULL;
    VernisStatus status;
    *out = (VnBytes){0};
    VN_TRY(check(image, options, err));
    writer = vn_calloc(1, sizeof *writer);
    if (!writer)
        return vn_no_memory(err, "jpeg", sizeof *writer, "the JPEG encoder");
    writer->image = image;
    writer->err = err;
    writer->quality = options && options->quality ? options->quality : QUALITY;
    writer->subsample = options && options->subsample;
    writer->icc = options && options->icc && vn_icc_fits(options->icc, image->colours) ? options->icc : &srgb;
    if (writer->icc == &srgb)
        VN_CHECK(vn_icc_srgb(&srgb, image->colours, err));
    writer->jpeg.err = jpeg_std_error(&writer->errors);
    writer->jpeg.client_data = writer;
    writer->errors.error_exit = on_error;
    writer->errors.emit_message = on_message;
    writer->errors.output_message = on_output;
    writer->destination.init_destination = on_begin;
    writer->destination.empty_output_buffer = on_full;
    writer->destination.term_destination = on_end;
    status = write_picture(writer);
    jpeg_destroy_compress(&writer->jpeg);
    if (status == VERNIS_OK) {
        *out = writer->bytes;
        writer->bytes = (VnBytes){0};
    }
done:
    vn_bytes_free(&writer->bytes);
    vn_free(writer);
    vn_bytes_free(&srgb);
    return status;
}
