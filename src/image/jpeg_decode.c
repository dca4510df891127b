/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG pixels through libjpeg-turbo; jpeg_scan.c reads everything beside them. */
#include <setjmp.h>
#include <stdio.h> /* jpeglib.h needs FILE */

#include <jerror.h>
#include <jpeglib.h>

#include "image/bag_take.h"
#include "image/codec.h"
#include "image/jpeg_scan.h"

enum {
    MAX_WARNINGS = 100, /* libvips' measure: a picture with more is not worth having */
    MAX_SCANS = 500     /* sound progressive files have about ten; each scan can cost a pass over the picture */
};

typedef struct Reader {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    const uint8_t *data;
    size_t size;
    VnImage *image;
    VnBag *bag;
    const VnLimits *limits;
    VnError *err;
    VernisStatus failure; /* set before every jump */
} Reader;

static Reader *reader_of(j_common_ptr jpeg) { return jpeg->client_data; }

static void on_error(j_common_ptr jpeg) {
    Reader *reader = reader_of(jpeg);
    char text[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, text);
    bool memory = jpeg->err->msg_code == JERR_OUT_OF_MEMORY;
    reader->failure = vn_fail(reader->err, memory ? VERNIS_E_MEMORY : VERNIS_E_FORMAT, "jpeg",
                              memory ? "%s" : "damaged JPEG: %s", text);
    longjmp(reader->escape, 1);
}

/* level -1 is a warning about the data; libjpeg would go on with grey or garbage. */
static void on_message(j_common_ptr jpeg, int level) {
    Reader *reader = reader_of(jpeg);
    if (level >= 0)
        return;
    if (jpeg->err->msg_code == JWRN_JPEG_EOF || jpeg->err->msg_code == JWRN_HIT_MARKER)
        on_error(jpeg); /* data that ends early is a damaged file, even with an end mark put behind it */
    char text[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, text);
    vn_bag_warn(reader->bag, "%s", text);
    if (++jpeg->err->num_warnings > MAX_WARNINGS) {
        reader->failure =
            vn_fail(reader->err, VERNIS_E_FORMAT, "jpeg", "damaged JPEG: more than %d faults, the first: %s",
                    MAX_WARNINGS, reader->bag->warning);
        longjmp(reader->escape, 1);
    }
}

static void on_output(j_common_ptr jpeg) { (void)jpeg; }

static void on_progress(j_common_ptr jpeg) {
    Reader *reader = reader_of(jpeg);
    if (reader->jpeg.input_scan_number <= MAX_SCANS)
        return;
    reader->failure =
        vn_fail(reader->err, VERNIS_E_LIMIT, "jpeg", "more than %d scans: no sound picture has so many", MAX_SCANS);
    longjmp(reader->escape, 1);
}

/* The standard lets a progressive file end before its last refinement; in practice it was cut at a scan's end. */
static void note_missing_scans(const struct jpeg_decompress_struct *jpeg, VnBag *bag) {
    for (int i = 0; jpeg->coef_bits && i < jpeg->num_components; i++)
        for (int k = 0; k < DCTSIZE2; k++)
            if (jpeg->coef_bits[i][k] != 0) /* bits still to come; -1: all */
                vn_bag_warn(bag, "the progressive picture lacks its last scans");
}

/* All of libjpeg's work happens in here, after this setjmp. What must survive a jump lies behind `reader`. */
static VernisStatus read_picture(Reader *reader) {
    struct jpeg_decompress_struct *jpeg = &reader->jpeg;
    if (setjmp(reader->escape))
        return reader->failure;
    jpeg_create_decompress(jpeg);
    jpeg->progress = &reader->progress;
    jpeg_mem_src(jpeg, reader->data, (unsigned long)reader->size);
    jpeg_read_header(jpeg, TRUE);
    switch (jpeg->num_components) {
    case 1:
        jpeg->out_color_space = JCS_GRAYSCALE;
        break;
    case 3:
        jpeg->out_color_space = JCS_RGB;
        break;
    default:
        jpeg->out_color_space = JCS_CMYK;
        break;
    }
    VN_TRY(vn_image_create(reader->image, jpeg->image_width, jpeg->image_height, (unsigned)jpeg->num_components, false,
                           8, reader->limits, reader->err));
    jpeg_start_decompress(jpeg);
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = (JSAMPROW)reader->image->pixels + jpeg->output_scanline * reader->image->stride;
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    note_missing_scans(jpeg, reader->bag);
    jpeg_finish_decompress(jpeg);
    return VERNIS_OK;
}

/* Adobe stores ink as 255 - ink. Files that do not say who wrote them are read the same way by browsers and by
 * Pillow. */
static void invert(VnImage *image) {
    uint8_t *p = image->pixels;
    for (size_t i = 0, n = image->stride * image->height; i < n; i++)
        p[i] = (uint8_t)(255 - p[i]);
}

bool vn_jpeg_sniff(const uint8_t *data, size_t size) { return vn_starts_with(data, size, "\xff\xd8\xff", 3); }

/* Shared beginning of header and decode. */
static VernisStatus scan(VnJpegScan *out, VnBag *bag, const uint8_t *data, size_t size, const VnLimits *limits,
                         VnError *err) {
    if (!vn_jpeg_sniff(data, size))
        return vn_fail(err, VERNIS_E_FORMAT, "jpeg", "this is not a JPEG file");
    bag->orientation = 1;
    bag->format = vn_format_jpeg.name;
    return vn_jpeg_scan(out, bag, data, size, limits, err);
}

VernisStatus vn_jpeg_header(VnHeader *out, const uint8_t *data, size_t size, const VnLimits *limits, VnError *err) {
    VnJpegScan found = {0};
    VnBag bag = {0};
    *out = (VnHeader){0};
    VernisStatus status = scan(&found, &bag, data, size, limits ? limits : &vn_limits_default, err);
    if (status == VERNIS_OK) {
        VnHeader header = {
            .width = found.width, .height = found.height, .colours = (uint8_t)found.components, .bits = 8};
        *out = vn_header_upright(header, bag.orientation);
    }
    vn_bag_free(&bag);
    return status;
}

VernisStatus vn_jpeg_decode(VnImage *out, VnBag *bag, const uint8_t *data, size_t size, const VnLimits *limits,
                            VnError *err) {
    VnJpegScan found = {0};
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
    reader.jpeg.err = jpeg_std_error(&reader.errors);
    reader.jpeg.client_data = &reader;
    reader.errors.error_exit = on_error;
    reader.errors.emit_message = on_message;
    reader.errors.output_message = on_output;
    reader.progress.progress_monitor = on_progress;
    status = read_picture(&reader);
    jpeg_destroy_decompress(&reader.jpeg);
    if (status != VERNIS_OK)
        goto done;
    if (out->colours == 4)
        invert(out);
    VN_CHECK(vn_image_orient(out, bag->orientation, err));
done:
    if (status != VERNIS_OK) {
        vn_image_free(out);
        vn_bag_free(bag);
    }
    return status;
}
