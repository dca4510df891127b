/* SPDX-License-Identifier: Apache-2.0 */
/* PNG beside the decoded pixels: chunks, leaks, texts, bombs, and the encoder. */
#include "golden.h"
#include "image/colour.h"

enum { AFTER_HEADER = 33 };

/* Decode rgb8.png with one chunk put in after the header. */
static void with_chunk(VnBag *bag, const char *type, const void *data, size_t size) {
    VnBytes file = golden_file("rgb8.png");
    VnImage image;
    insert_chunk(&file, AFTER_HEADER, type, data, size);
    must_decode(&image, bag, &file);
    vn_image_free(&image);
    vn_bytes_free(&file);
}

static unsigned leaks_of(const char *type, const void *data, size_t size) {
    VnBag bag;
    with_chunk(&bag, type, data, size);
    unsigned leaks = bag.leaks;
    vn_bag_free(&bag);
    return leaks;
}

static void sees_leaks(void **state) {
    (void)state;
    /* Little-endian TIFF: IFD0 of one entry (Orientation 1), IFD1 of one (JPEGInterchangeFormat). */
    static const uint8_t thumbnail[] = {'I', 'I', '*', 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1,  0, 0, 0, 1, 0, 0, 0,
                                        26,  0,   0,   0, 1, 0, 1, 2, 4, 0, 1,    0, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0};
    assert_int_equal(leaks_of("eXIf", thumbnail, sizeof thumbnail), VN_LEAK_EXIF_THUMBNAIL);
    assert_int_equal(leaks_of("eXIf", thumbnail, 26), 0);
    assert_int_equal(leaks_of("tEXt", "Raw profile type exif\0\nexif\n 4\n00", 33), VN_LEAK_RAW_PROFILE);
    assert_int_equal(leaks_of("prVt", "x", 1), VN_LEAK_UNKNOWN_CHUNK);
    assert_int_equal(leaks_of("hALf", "", 0), VN_LEAK_UNKNOWN_CHUNK);
    assert_int_equal(leaks_of("caBX", "abcd", 4), 0);
    assert_int_equal(leaks_of("fdAT", "\0\0\0\1xyz", 7), VN_LEAK_APNG_FRAMES);
    assert_int_equal(leaks_of("pHYs", "\0\0\0\1\0\0\0\1\0", 9), 0);
    assert_int_equal(leaks_of("tIME", "\x07\xea\1\1\1\1\1", 7), 0);
    assert_int_equal(leaks_of("iTXt", "XML:com.adobe.xmp\0\0\0\0\0<x/>", 26), 0);
    assert_int_equal(leaks_of("iTXt", "XML:com.adobe.xmp\0\0\0\0\0<xmp:Thumbnails>", 39), VN_LEAK_XMP_THUMBNAIL);
    VnBag bag;
    with_chunk(&bag, "acTL", "\0\0\0\2\0\0\0\0", 8);
    assert_non_null(strstr(bag.warning, "animated"));
    vn_bag_free(&bag);
}

static void sees_bytes_after_the_end(void **state) {
    (void)state;
    VnBytes file = golden_file("rgb8.png");
    VnImage image;
    VnBag bag;
    insert_bytes(&file, file.size, "\0\0\n ", 4);
    must_decode(&image, &bag, &file);
    assert_int_equal(bag.leaks, 0);
    vn_image_free(&image);
    vn_bag_free(&bag);
    insert_bytes(&file, file.size, "x", 1);
    must_decode(&image, &bag, &file);
    assert_int_equal(bag.leaks, VN_LEAK_TRAILING_BYTES);
    vn_image_free(&image);
    vn_bag_free(&bag);
    vn_bytes_free(&file);
}

static void expect_text(const char *type, const void *data, size_t size, const char *key, const char *value) {
    VnBag bag;
    with_chunk(&bag, type, data, size);
    assert_int_equal(bag.text_count, 1);
    assert_string_equal(bag.texts[0].key, key);
    assert_string_equal(bag.texts[0].value, value);
    vn_bag_free(&bag);
}

static void reads_texts(void **state) {
    (void)state;
    uint8_t chunk[300] = "Title\0"; /* keyword, NUL, method 0, zlib stream */
    uLongf packed = 200;
    assert_int_equal(compress(chunk + 7, &packed, (const Bytef *)"a long long long long title", 27), Z_OK);
    expect_text("zTXt", chunk, 7 + packed, "Title", "a long long long long title");
    uint8_t international[300] = "Title\0\1\0de\0Titel"; /* flag 1, method 0, language, translated keyword */
    packed = 200;
    assert_int_equal(compress(international + 17, &packed, (const Bytef *)"J\xc3\xb6rg", 5), Z_OK);
    expect_text("iTXt", international, 17 + packed, "Title", "J\xc3\xb6rg");
    expect_text("tEXt", "Author\0J\xf6rg", 11, "Author", "J\xc3\xb6rg");
    expect_text("iTXt", "Author\0\0\0\0\0J\xc3\xb6rg", 16, "Author", "J\xc3\xb6rg");
    expect_text("iTXt", "Author\0\0\0\0\0J\xf6rg", 15, "Author", "J\xc3\xb6rg");
    expect_text("tEXt", "Empty\0", 6, "Empty", "");
    static const char *const damaged[] = {"no NUL at all", "\0no key", "x\0\1", "x\0"};
    static const size_t sizes[] = {13, 7, 3, 2};
    for (unsigned i = 0; i < 4; i++) {
        VnBag bag;
        with_chunk(&bag, i < 2 ? "tEXt" : i == 2 ? "iTXt" : "zTXt", damaged[i], sizes[i]);
        assert_int_equal(bag.text_count, 0);
        assert_non_null(strstr(bag.warning, "damaged"));
        vn_bag_free(&bag);
    }
}

/* Texts are bounded in number, length and unpacked length. */
static void bounds_texts(void **state) {
    (void)state;
    VnBytes file = golden_file("rgb8.png");
    VnImage image;
    VnBag bag;
    for (unsigned i = 0; i < 300; i++)
        insert_chunk(&file, AFTER_HEADER, "tEXt", "a\0b", 3);
    must_decode(&image, &bag, &file);
    assert_int_equal(bag.text_count, 200);
    assert_non_null(strstr(bag.warning, "dropped"));
    vn_image_free(&image);
    vn_bag_free(&bag);
    vn_bytes_free(&file);

    static uint8_t zeros[8 << 20], packed[64 << 10] = "bomb\0";
    uLongf size = sizeof packed - 6;
    assert_int_equal(compress(packed + 6, &size, zeros, sizeof zeros), Z_OK);
    vn_mem_peak_reset();
    with_chunk(&bag, "zTXt", packed, 6 + size);
    assert_in_range(vn_mem_peak(), 0, 12 << 20);
    assert_int_equal(bag.text_count, 1);
    assert_string_equal(bag.texts[0].value, "");
    assert_non_null(strstr(bag.warning, "too long"));
    vn_bag_free(&bag);
}

static void keeps_blocks(void **state) {
    (void)state;
    VnBytes file = golden_file("orientation6.png");
    VnImage image;
    VnBag bag;
    size_t at = insert_chunk(&file, AFTER_HEADER, "caBX", "first", 5);
    insert_chunk(&file, at, "caBX", "second", 6);
    must_decode(&image, &bag, &file);
    assert_int_equal(bag.orientation, 6);
    assert_int_equal(bag.exif.size, 26);
    assert_memory_equal(bag.exif.data, "II*\0", 4);
    assert_int_equal(bag.c2pa.size, 5);
    assert_memory_equal(bag.c2pa.data, "first", 5);
    assert_non_null(strstr(bag.warning, "second"));
    vn_image_free(&image);
    vn_bag_free(&bag);
    vn_bytes_free(&file);
    with_chunk(&bag, "iTXt", "XML:com.adobe.xmp\0\0\0\0\0<x:xmpmeta/>", 34);
    assert_int_equal(bag.xmp.size, 12);
    assert_memory_equal(bag.xmp.data, "<x:xmpmeta/>", 12);
    assert_int_equal(bag.text_count, 0);
    vn_bag_free(&bag);
    with_chunk(&bag, "sRGB", "\0", 1);
    assert_true(bag.srgb);
    vn_bag_free(&bag);
    with_chunk(&bag, "cICP", "\x09\x10\0\1", 4);
    assert_non_null(strstr(bag.warning, "HDR"));
    vn_bag_free(&bag);
    with_chunk(&bag, "gAMA", "\0\0\0\0", 4);
    assert_non_null(strstr(bag.warning, "gamma"));
    vn_bag_free(&bag);
    with_chunk(&bag, "cHRM", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32);
    assert_non_null(strstr(bag.warning, "chromaticities"));
    assert_null(bag.icc.data);
    vn_bag_free(&bag);
    with_chunk(&bag, "iCCP", "broken\0\0abcdef", 14);
    assert_non_null(strstr(bag.warning, "profile"));
    vn_bag_free(&bag);
}

/* Write another size into the header, with a right checksum. */
static void resize_header(VnBytes *file, uint32_t width, uint32_t height) {
    put_be32(file->data + 16, width);
    put_be32(file->data + 20, height);
    put_be32(file->data + 29, crc32(0, file->data + 12, 17));
}

static void refuses_lies_and_bombs(void **state) {
    (void)state;
    VnBytes file = golden_file("rgb8.png");
    vn_mem_peak_reset();
    resize_header(&file, 20000, 20000);
    must_fail(&file, NULL, VERNIS_E_FORMAT, "cannot hold");
    resize_header(&file, 0x7fffffff, 0x7fffffff);
    must_fail(&file, NULL, VERNIS_E_LIMIT, "limit");
    resize_header(&file, 30000, 30000);
    must_fail(&file, NULL, VERNIS_E_LIMIT, "limit");
    resize_header(&file, 0, 9);
    must_fail(&file, NULL, VERNIS_E_FORMAT, "empty");
    resize_header(&file, 11, 10);
    must_fail(&file, NULL, VERNIS_E_FORMAT, "damaged PNG");
    resize_header(&file, 110, 90);
    must_fail(&file, NULL, VERNIS_E_FORMAT, "damaged PNG");
    assert_in_range(vn_mem_peak(), 0, 1 << 20);
    resize_header(&file, 11, 9);
    file.data[29] ^= 1; /* header checksum */
    must_fail(&file, NULL, VERNIS_E_FORMAT, "damaged PNG");
    file.data[29] ^= 1;
    file.data[45] ^= 1; /* within IDAT */
    must_fail(&file, NULL, VERNIS_E_FORMAT, "damaged PNG");
    file.data[45] ^= 1;
    file.data[37] = '?'; /* chunk name */
    must_fail(&file, NULL, VERNIS_E_FORMAT, "no chunk begins");
    vn_bytes_free(&file);

    VnBag bag;
    VnImage image;
    file = golden_file("rgb8.png");
    insert_chunk(&file, AFTER_HEADER, "tEXt", "a\0b", 3);
    file.data[AFTER_HEADER + 8] ^= 1; /* ancillary: the chunk is ignored */
    must_decode(&image, &bag, &file);
    assert_int_equal(bag.text_count, 0);
    assert_non_null(strstr(bag.warning, "tEXt"));
    vn_image_free(&image);
    vn_bag_free(&bag);
    vn_bytes_free(&file);
}

/* Names of the chunks, with blanks between. */
static void chunk_names(char *out, const VnBytes *file) {
    for (size_t at = 8; at + 12 <= file->size;) {
        memcpy(out, file->data + at + 4, 4);
        out[4] = ' ';
        out += 5;
        at += 12 + ((size_t)file->data[at] << 24 | (size_t)file->data[at + 1] << 16 | (size_t)file->data[at + 2] << 8 |
                    file->data[at + 3]);
    }
    *out = 0;
}

static void writes_what_it_reads(void **state) {
    (void)state;
    static const uint32_t sizes[][2] = {{1, 1}, {3, 5}, {64, 3}, {1, 300}, {257, 129}};
    for (unsigned kind = 0; kind < 8; kind++)
        for (unsigned s = 0; s < 5; s++) {
            unsigned colours = kind & 1 ? 3 : 1, bits = kind & 2 ? 16 : 8;
            VnImage image, again;
            VnBag bag;
            VnBytes file, twin;
            char names[2000];
            assert_int_equal(
                vn_image_create(&image, sizes[s][0], sizes[s][1], colours, (kind & 4) != 0, bits, NULL, NULL),
                VERNIS_OK);
            for (size_t i = 0; i < image.stride * image.height; i++)
                ((uint8_t *)image.pixels)[i] = (uint8_t)(i * 2654435761u >> 15);
            assert_int_equal(vn_format_png.encode(&file, &image, NULL, NULL), VERNIS_OK);
            assert_int_equal(vn_format_png.encode(&twin, &image, NULL, NULL), VERNIS_OK);
            assert_int_equal(file.size, twin.size);
            assert_memory_equal(file.data, twin.data, file.size);
            chunk_names(names, &file);
            assert_memory_equal(names, "IHDR sRGB IDAT ", 15);
            assert_string_equal(names + strlen(names) - 5, "IEND ");
            must_decode(&again, &bag, &file);
            assert_true(bag.srgb);
            assert_int_equal(bag.leaks, 0);
            assert_int_equal(again.stride, image.stride);
            assert_int_equal(again.colours, colours);
            assert_int_equal(again.bits, bits);
            assert_memory_equal(again.pixels, image.pixels, image.stride * image.height);
            vn_image_free(&image);
            vn_image_free(&again);
            vn_bag_free(&bag);
            vn_bytes_free(&file);
            vn_bytes_free(&twin);
        }
}

static void embeds_profiles(void **state) {
    (void)state;
    VnBytes source = golden_file("icc_adobe8.png"), file;
    VnImage image, again;
    VnBag bag, bag_again;
    VnError err = {0};
    must_decode(&image, &bag, &source);
    VnEncodeOptions options = {.icc = &bag.icc};
    assert_int_equal(vn_format_png.encode(&file, &image, &options, NULL), VERNIS_OK);
    must_decode(&again, &bag_again, &file);
    assert_int_equal(bag_again.icc.size, bag.icc.size);
    assert_memory_equal(bag_again.icc.data, bag.icc.data, bag.icc.size);
    assert_false(bag_again.srgb);
    vn_bytes_free(&file);
    vn_image_free(&again);
    vn_bag_free(&bag_again);
    bag.icc.data[70] ^= 0xff; /* the header's illuminant: libpng's own writer would refuse it */
    assert_int_equal(vn_format_png.encode(&file, &image, &options, NULL), VERNIS_OK);
    must_decode(&again, &bag_again, &file);
    assert_memory_equal(bag_again.icc.data, bag.icc.data, bag.icc.size);
    vn_bytes_free(&file);
    vn_image_free(&again);
    vn_bag_free(&bag_again);
    memcpy(bag.icc.data + 16, "GRAY", 4); /* does not fit */
    assert_int_equal(vn_format_png.encode(&file, &image, &options, NULL), VERNIS_OK);
    must_decode(&again, &bag_again, &file);
    assert_null(bag_again.icc.data);
    assert_true(bag_again.srgb);
    vn_bytes_free(&file);
    image.colours = 4;
    assert_int_equal(vn_format_png.encode(&file, &image, NULL, &err), VERNIS_E_ARGUMENT);
    assert_null(file.data);
    vn_image_free(&image);
    vn_image_free(&again);
    vn_bag_free(&bag);
    vn_bag_free(&bag_again);
    vn_bytes_free(&source);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_leaks),           cmocka_unit_test(sees_bytes_after_the_end),
        cmocka_unit_test(reads_texts),          cmocka_unit_test(bounds_texts),
        cmocka_unit_test(keeps_blocks),         cmocka_unit_test(refuses_lies_and_bombs),
        cmocka_unit_test(writes_what_it_reads), cmocka_unit_test(embeds_profiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
