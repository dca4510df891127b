/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata without measure: a profile of ten megabytes, thousands of chunks, texts that unpack to a thousand times their size.
 * The picture is read, and memory stays in proportion to the file and the limits. */
#include "golden.h"

#include "image/colour.h"

enum { CHUNKS = 20000, MEGABYTE = 1 << 20 };

/* Decode and convert; the most memory that took. */
static size_t peak_of(const VnBytes *file, const VnLimits *limits, VernisStatus wanted) {
    VnImage image;
    VnBag bag;
    VnError err = {0};
    size_t used = vn_mem_used();
    vn_mem_peak_reset();
    VernisStatus status = vn_decode(&image, &bag, file->data, file->size, limits, &err);
    assert_int_equal(status, wanted);
    if (status == VERNIS_OK)
        assert_int_equal(vn_colour_to_work(&image, &bag, NULL, NULL, &err), VERNIS_OK);
    size_t peak = vn_mem_peak() - used;
    vn_image_free(&image);
    vn_bag_free(&bag);
    assert_int_equal(vn_mem_used(), used);
    return peak;
}

static void repeat(VnBytes *out, const void *data, size_t size, unsigned times) {
    for (unsigned i = 0; i < times; i++)
        assert_int_equal(vn_bytes_append(out, data, size, NULL), VERNIS_OK);
}

/* A chunk of a PNG, CHUNKS times behind the header. */
static void png_with_many(const char *type, const void *data, size_t size, size_t most) {
    VnBytes file = golden_file("rgb8.png"), chunk = {0}, many = {0};
    assert_int_equal(vn_bytes_append(&chunk, file.data, 33, NULL), VERNIS_OK);
    size_t end = insert_chunk(&chunk, 33, type, data, size);
    repeat(&many, chunk.data + 33, end - 33, CHUNKS);
    insert_bytes(&file, 33, many.data, many.size);
    assert_in_range(peak_of(&file, NULL, VERNIS_OK), 0, most);
    vn_bytes_free(&many);
    vn_bytes_free(&chunk);
    vn_bytes_free(&file);
}

static void thousands_of_png_chunks(void **state) {
    (void)state;
    static uint8_t zeros[64 * 1024], packed[1000] = "Comment\0\0";
    uLongf size = sizeof packed - 9;
    assert_int_equal(compress2(packed + 9, &size, zeros, sizeof zeros, 9), Z_OK);
    png_with_many("prVt", "0123456789", 10, 200000);
    png_with_many("tEXt", "Comment\0text", 12, 400000);
    png_with_many("eXIf", "II*\0\x08\0\0\0\0\0\0\0\0\0", 14, 200000);
    png_with_many("iTXt", "XML:com.adobe.xmp\0\0\0\0\0<x/>", 26, 200000);
    /* 200 texts of 64 KB at most are kept, each in room for its conversion from Latin-1. */
    png_with_many("zTXt", packed, 9 + size, 32 * MEGABYTE);
}

/* A chunk of packed XMP that unpacks to `size` blanks and then `text`. */
static void insert_packed(VnBytes *file, size_t size, const char *text) {
    uLongf packed_size = compressBound((uLong)(size + 100));
    VnBytes plain = {.data = vn_malloc(size + 100)}, packed = {.data = vn_malloc(22 + packed_size)};
    assert_true(plain.data && packed.data);
    memset(plain.data, ' ', size);
    memcpy(plain.data + size, text, strlen(text));
    memcpy(packed.data, "XML:com.adobe.xmp\0\1\0\0\0", 22);
    assert_int_equal(compress2(packed.data + 22, &packed_size, plain.data, (uLong)(size + strlen(text)), 1), Z_OK);
    insert_chunk(file, 33, "iTXt", packed.data, 22 + packed_size);
    vn_bytes_free(&plain);
    vn_bytes_free(&packed);
}

/* All texts together are unpacked up to a bound; what is not looked at counts as private data. */
static void unpacking_ends(void **state) {
    (void)state;
    for (int many = 0; many < 2; many++) {
        VnBytes file = golden_file("rgb8.png");
        VnImage image;
        VnBag bag;
        insert_packed(&file, 0, "<xmpGImg:image>");
        for (int i = 0; i < (many ? 12 : 2); i++) /* in front of it */
            insert_packed(&file, 3 * MEGABYTE, "");
        assert_int_equal(vn_decode(&image, &bag, file.data, file.size, NULL, NULL), VERNIS_OK);
        assert_int_equal(bag.leaks, many ? VN_LEAK_UNKNOWN_CHUNK : VN_LEAK_XMP_THUMBNAIL);
        assert_int_equal(strstr(bag.warning, "too long") != NULL, many);
        vn_image_free(&image);
        vn_bag_free(&bag);
        vn_bytes_free(&file);
    }
}

static void thousands_of_jpeg_segments(void **state) {
    (void)state;
    static const char *const segments[] = {"\xff\xe7\0\x0cunknown\0\0\0",
                                           "\xff\xfe\0\x0c"
                                           "a comment\0",
                                           "\xff\xe1\0\x0c"
                                           "Exif\0\0II*\0",
                                           "\xff\xe2\0\x0cMPF\0abcdef", "\xff\xeb\0\x0cJP\0\1\0\0\0\1ab"};
    for (size_t i = 0; i < sizeof segments / sizeof *segments; i++) {
        VnBytes file = golden_file("ycc_444.jpg"), many = {0};
        repeat(&many, segments[i], 14, CHUNKS);
        insert_bytes(&file, 2, many.data, many.size);
        assert_in_range(peak_of(&file, NULL, VERNIS_OK), 0, 600000);
        vn_bytes_free(&many);
        vn_bytes_free(&file);
    }
}

static void thousands_of_webp_chunks(void **state) {
    (void)state;
    static const char *const chunks[] = {"prVt\4\0\0\0abcd", "EXIF\4\0\0\0II*\0", "XMP \4\0\0\0<x/>",
                                         "C2PA\4\0\0\0jumb"};
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        VnBytes file = golden_file("lossless.webp");
        repeat(&file, chunks[i], 12, CHUNKS);
        size_t length = file.size - 8;
        for (unsigned k = 0; k < 4; k++)
            file.data[4 + k] = (uint8_t)(length >> (8 * k));
        assert_in_range(peak_of(&file, NULL, VERNIS_OK), 0, 200000);
        vn_bytes_free(&file);
    }
}

/* The limit is met before the profile is copied; within it, a profile of noise is ignored. */
static void ten_megabytes_of_profile(void **state) {
    (void)state;
    VnBytes profile = {0}, file = golden_file("lossless.webp");
    uint8_t head[8] = "ICCP";
    profile.data = vn_malloc(10 * MEGABYTE);
    assert_non_null(profile.data);
    profile.size = 10 * MEGABYTE;
    for (size_t i = 0; i < profile.size; i++)
        profile.data[i] = (uint8_t)(i * 2654435761u >> 13);
    for (unsigned k = 0; k < 4; k++)
        head[4 + k] = (uint8_t)(profile.size >> (8 * k));
    repeat(&file, head, sizeof head, 1);
    repeat(&file, profile.data, profile.size, 1);
    for (unsigned k = 0; k < 4; k++)
        file.data[4 + k] = (uint8_t)((file.size - 8) >> (8 * k));
    assert_in_range(peak_of(&file, NULL, VERNIS_OK), profile.size, 2 * profile.size);
    VnLimits limits = vn_limits_default;
    limits.max_icc_bytes = MEGABYTE;
    assert_in_range(peak_of(&file, &limits, VERNIS_E_LIMIT), 0, 100000);
    vn_bytes_free(&file);

    /* The same packed into a PNG: unpacked no further than the limit. */
    file = golden_file("rgb8.png");
    memset(profile.data, 0, profile.size);
    VnBytes packed = {0};
    uLongf size = compressBound((uLong)profile.size);
    packed.data = vn_malloc(size + 3);
    assert_non_null(packed.data);
    memcpy(packed.data, "p\0", 3);
    assert_int_equal(compress2(packed.data + 3, &size, profile.data, (uLong)profile.size, 9), Z_OK);
    insert_chunk(&file, 33, "iCCP", packed.data, size + 3);
    assert_in_range(peak_of(&file, &limits, VERNIS_E_LIMIT), 0, 4 * MEGABYTE);
    assert_in_range(peak_of(&file, NULL, VERNIS_OK), profile.size, 3 * profile.size);
    vn_bytes_free(&packed);
    vn_bytes_free(&profile);
    vn_bytes_free(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thousands_of_png_chunks),    cmocka_unit_test(unpacking_ends),
        cmocka_unit_test(thousands_of_jpeg_segments), cmocka_unit_test(thousands_of_webp_chunks),
        cmocka_unit_test(ten_megabytes_of_profile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
