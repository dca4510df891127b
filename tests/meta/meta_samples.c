/* SPDX-License-Identifier: Apache-2.0 */
#include "meta_samples.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>
#include <webp/decode.h>
#include <webp/encode.h>

static void append(VnBytes *out, const void *data, size_t size) {
    if (vn_bytes_append(out, data, size, NULL) != VERNIS_OK)
        abort();
}

static void png_write(png_structp png, png_bytep data, png_size_t size) { append(png_get_io_ptr(png), data, size); }
static void png_flush_nothing(png_structp png) { (void)png; }

void sample_png(VnBytes *out) {
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    if (!png || !info || setjmp(png_jmpbuf(png)))
        abort();
    png_set_write_fn(png, out, png_write, png_flush_nothing);
    png_set_IHDR(png, info, SAMPLE_WIDTH, SAMPLE_HEIGHT, 8, PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_color palette[4] = {{1, 2, 3}, {200, 100, 50}, {9, 240, 7}, {255, 255, 255}};
    png_byte alpha[1] = {0};
    png_set_sRGB_gAMA_and_cHRM(png, info, PNG_sRGB_INTENT_PERCEPTUAL);
    png_set_PLTE(png, info, palette, 4);
    png_set_tRNS(png, info, alpha, 1, NULL);
    png_write_info(png, info);
    for (int y = 0; y < SAMPLE_HEIGHT; y++) {
        png_byte row[SAMPLE_WIDTH];
        for (int x = 0; x < SAMPLE_WIDTH; x++)
            row[x] = (png_byte)((x + y) % 4);
        png_write_row(png, row);
    }
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
}

void sample_jpeg(VnBytes *out) {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *file = NULL;
    unsigned long size = 0;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &file, &size);
    jpeg.image_width = SAMPLE_WIDTH;
    jpeg.image_height = SAMPLE_HEIGHT;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg.write_Adobe_marker = TRUE;
    jpeg_start_compress(&jpeg, TRUE);
    jpeg_write_marker(&jpeg, JPEG_COM, (const JOCTET *)"comment", 7);
    for (int y = 0; y < SAMPLE_HEIGHT; y++) {
        uint8_t row[SAMPLE_WIDTH * 3];
        for (int i = 0; i < SAMPLE_WIDTH * 3; i++)
            row[i] = (uint8_t)(i * 7 + y * 13);
        JSAMPROW rows[1] = {row};
        jpeg_write_scanlines(&jpeg, rows, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    append(out, file, size);
    free(file);
}

typedef struct Source {
    const VnBytes *file;
    size_t at;
    bool warned;
} Source;

static void png_read(png_structp png, png_bytep data, png_size_t size) {
    Source *source = png_get_io_ptr(png);
    if (size > source->file->size - source->at)
        png_error(png, "short");
    memcpy(data, source->file->data + source->at, size);
    source->at += size;
}
static void png_warned(png_structp png, png_const_charp text) {
    (void)text;
    ((Source *)png_get_error_ptr(png))->warned = true;
}
static void png_failed(png_structp png, png_const_charp text) {
    (void)text;
    png_longjmp(png, 1);
}

bool decode_png(uint8_t *rgb, const VnBytes *file) {
    Source source = {file, 0, false};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, png_failed, png_warned);
    png_infop info = png_create_info_struct(png);
    if (!png || !info)
        abort();
    bool good = false;
    if (!setjmp(png_jmpbuf(png))) {
        png_set_read_fn(png, &source, png_read);
        png_read_info(png, info);
        png_set_palette_to_rgb(png);
        png_set_strip_alpha(png);
        png_read_update_info(png, info);
        for (int y = 0; y < SAMPLE_HEIGHT; y++)
            png_read_row(png, rgb + (ptrdiff_t)y * SAMPLE_WIDTH * 3, NULL);
        png_read_end(png, info);
        good = !source.warned && source.at == file->size;
    }
    png_destroy_read_struct(&png, &info, NULL);
    return good;
}

typedef struct JpegErrors {
    struct jpeg_error_mgr base;
    jmp_buf jump;
} JpegErrors;

static void jpeg_failed(j_common_ptr jpeg) { longjmp(((JpegErrors *)jpeg->err)->jump, 1); }
static void jpeg_silent(j_common_ptr jpeg) { (void)jpeg; }

bool decode_jpeg(uint8_t *rgb, const VnBytes *file) {
    struct jpeg_decompress_struct jpeg;
    JpegErrors errors;
    jpeg.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = jpeg_failed;
    errors.base.output_message = jpeg_silent;
    volatile bool good = false;
    jpeg_create_decompress(&jpeg);
    if (!setjmp(errors.jump)) {
        jpeg_mem_src(&jpeg, file->data, file->size);
        jpeg_read_header(&jpeg, TRUE);
        jpeg_start_decompress(&jpeg);
        while (jpeg.output_scanline < jpeg.output_height) {
            JSAMPROW rows[1] = {rgb + (size_t)jpeg.output_scanline * SAMPLE_WIDTH * 3};
            jpeg_read_scanlines(&jpeg, rows, 1);
        }
        jpeg_finish_decompress(&jpeg);
        good = errors.base.num_warnings == 0;
    }
    jpeg_destroy_decompress(&jpeg);
    return good;
}

void sample_webp(VnBytes *out) {
    uint8_t rgb[SAMPLE_WIDTH * SAMPLE_HEIGHT * 3], *file;
    for (size_t i = 0; i < sizeof rgb; i++)
        rgb[i] = (uint8_t)(i * 7 + i / 60 * 13);
    size_t size = WebPEncodeLosslessRGB(rgb, SAMPLE_WIDTH, SAMPLE_HEIGHT, SAMPLE_WIDTH * 3, &file);
    append(out, file, size);
    WebPFree(file);
}

bool decode_webp(uint8_t *rgb, const VnBytes *file) {
    return WebPDecodeRGBInto(file->data, file->size, rgb, SAMPLE_WIDTH * SAMPLE_HEIGHT * 3, SAMPLE_WIDTH * 3) != NULL;
}

VnRights sample_rights(void) {
    return (VnRights){
        .creator = "Zoé Müller; 漢字 🎨",
        .copyright = "© 2025 Zoé <Müller> & \"Söhne\"",
        .credit = "Atelier 'M' & Co",
        .license_url = "https://example.org/licence?a=1&b=2",
        .licensor_name = "Atelier Müller & Söhne",
        .licensor_email = "licences@example.org",
        .licensor_url = "https://example.org/buy?x=<1>",
        .contact_email = "zoé@example.org",
        .contact_url = "https://example.org/kontakt/é",
        .usage_terms = "No training.\nNo \"mining\" ]]> & no résumé.",
        .constraints = "No replicas, no <imitation> of style.",
        .description = "漢 a painting of\ta fox 🦊",
        .data_mining = "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-SEECONSTRAINT",
        .source_type = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation",
    };
}

VnRights sample_profile(void) {
    return (VnRights){
        .creator = "Ada Painter",
        .copyright = "© 2026 Ada Painter",
        .credit = "Ada Painter / Studio am Kanal",
        .license_url = "https://ada-painter.example/licence",
        .licensor_name = "Studio am Kanal GmbH",
        .licensor_email = "licences@ada-painter.example",
        .licensor_url = "https://ada-painter.example/licences/buy",
        .contact_email = "hello@ada-painter.example",
        .contact_url = "https://ada-painter.example/contact",
        .usage_terms = "All rights reserved; commercial use needs a licence.",
        .constraints = "No training of generative models, no replicas, no imitation of style.",
        .data_mining = "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-SEECONSTRAINT",
        .source_type = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation",
    };
}
