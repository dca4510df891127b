/* SPDX-License-Identifier: Apache-2.0 */
/* WebP: what the container shows, lies about its structure, animations, and what the writer writes. */
#include "golden.h"

#include "image/colour.h"
#include "image/webp_riff.h"

static void put_le32(uint8_t *p, size_t value) {
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> (8 * i));
}

/* Append a chunk and set the container's length right. */
static void append_chunk(VnBytes *file, const char *type, const void *data, size_t size) {
    uint8_t length[4];
    put_le32(length, size);
    assert_int_equal(vn_bytes_append(file, type, 4, NULL), VERNIS_OK);
    assert_int_equal(vn_bytes_append(file, length, 4, NULL), VERNIS_OK);
    assert_int_equal(vn_bytes_append(file, data, size, NULL), VERNIS_OK);
    assert_int_equal(vn_bytes_append(file, "", size & 1, NULL), VERNIS_OK);
    put_le32(file->data + 4, file->size - 8);
}

static unsigned leaks_with(const char *type, const void *data, size_t size) {
    VnBytes file = golden_file("lossless.webp");
    VnImage image;
    VnBag bag;
    append_chunk(&file, type, data, size);
    must_decode(&image, &bag, &file);
    unsigned leaks = bag.leaks;
    vn_image_free(&image);
    vn_bag_free(&bag);
    vn_bytes_free(&file);
    return leaks;
}

static void sees_what_lies_beside_the_picture(void **state) {
    (void)state;
    assert_int_equal(leaks_with("prVt", "hidden", 6), VN_LEAK_UNKNOWN_CHUNK);
    assert_int_equal(leaks_with("VP8L", "\x2f\0\0\0\0", 5), VN_LEAK_UNKNOWN_CHUNK); /* a second picture */
    assert_int_equal(leaks_with("C2PA", "jumb", 4) & VN_LEAK_UNKNOWN_CHUNK, 0);
    assert_int_equal(leaks_with("XMP ", "<xmpGImg:image>", 15), VN_LEAK_XMP_THUMBNAIL);
    VnBytes file = golden_file("lossless.webp");
    VnImage image;
    VnBag bag;
    assert_int_equal(vn_bytes_append(&file, "\0\0 \n", 4, NULL), VERNIS_OK); /* padding hides nothing */
    must_decode(&image, &bag, &file);
    assert_int_equal(bag.leaks, 0);
    vn_image_free(&image);
    vn_bag_free(&bag);
    assert_int_equal(vn_bytes_append(&file, "x", 1, NULL), VERNIS_OK);
    must_decode(&image, &bag, &file);
    assert_int_equal(bag.leaks, VN_LEAK_TRAILING_BYTES);
    vn_image_free(&image);
    vn_bag_free(&bag);
    vn_bytes_free(&file);
}

/* The file that exiftool made: profile, EXIF with a thumbnail and a position, XMP. */
static void keeps_blocks(void **state) {
    (void)state;
    VnBytes file = golden_file("tagged.webp");
    VnImage image;
    VnBag bag;
    must_decode(&image, &bag, &file);
    assert_string_equal(bag.format, "webp");
    assert_true(bag.icc.size > 200 && vn_colour_is_srgb(&bag));
    assert_memory_equal(bag.exif.data + 1, bag.exif.data[0] == 'I' ? "I*" : "M\0", 2);
    assert_true(bag.leaks & VN_LEAK_GPS);
    assert_non_null(memmem(bag.xmp.data, bag.xmp.size, "All rights", 10));
    assert_int_equal(bag.orientation, 1);
    vn_image_free(&image);
    vn_bag_free(&bag);
    vn_bytes_free(&file);
}

static void refuses(void **state) {
    (void)state;
    static uint8_t large[5000];
    VnBytes file = golden_file("lossless.webp"), other = golden_file("lossy.webp");
    const VnLimits small = {.max_pixels = 272, .max_side = 100, .max_file_bytes = 1 << 20};
    must_fail(&file, &small, VERNIS_E_LIMIT, "limit of 272");
    append_chunk(&file, "ICCP", large, sizeof large);
    const VnLimits little_icc = {.max_pixels = 1000, .max_side = 100, .max_file_bytes = 1 << 20, .max_icc_bytes = 4999};
    must_fail(&file, &little_icc, VERNIS_E_LIMIT, "profile");
    append_chunk(&file, "ANIM", large, 6);
    must_fail(&file, NULL, VERNIS_E_UNSUPPORTED, "animated");
    vn_bytes_free(&file);

    file = golden_file("tagged.webp"); /* begins with VP8X */
    assert_memory_equal(file.data + 12, "VP8X", 4);
    file.data[20] |= 2;
    must_fail(&file, NULL, VERNIS_E_UNSUPPORTED, "animated");
    file.data[20] &= (uint8_t)~2;
    file.data[24] ^= 1; /* another width than the picture's */
    must_fail(&file, NULL, VERNIS_E_FORMAT, "header");
    vn_bytes_free(&file);

    append_chunk(&other, "VP8L", "\x2f\0\0\0\0", 5);
    must_fail(&other, NULL, VERNIS_E_FORMAT, "or two");
    put_le32(other.data + 16, 1 << 20);
    must_fail(&other, NULL, VERNIS_E_FORMAT, "longer than the file");
    put_le32(other.data + 4, 1 << 20);
    must_fail(&other, NULL, VERNIS_E_FORMAT, "cut short");
    vn_bytes_free(&other);
    VnBytes none = {0};
    assert_int_equal(vn_bytes_append(&none, "RIFF\x04\0\0\0WEBP", 12, NULL), VERNIS_OK);
    must_fail(&none, NULL, VERNIS_E_FORMAT, "no picture");
    vn_bytes_free(&none);
}

static void fill(VnImage *image, uint32_t width, uint32_t height, unsigned colours, bool alpha) {
    assert_int_equal(vn_image_create(image, width, height, colours, alpha, 8, NULL, NULL), VERNIS_OK);
    for (size_t i = 0; i < image->stride * height; i++)
        ((uint8_t *)image->pixels)[i] = (uint8_t)(i * 2654435761u >> 15);
}

static void writes_what_it_reads(void **state) {
    (void)state;
    static const uint32_t sizes[][2] = {{1, 1}, {3, 5}, {64, 3}, {1, 300}, {257, 129}};
    for (unsigned kind = 0; kind < 4; kind++)
        for (unsigned s = 0; s < 5; s++) {
            VnImage image, again;
            VnBag bag;
            VnBytes file, twin;
            fill(&image, sizes[s][0], sizes[s][1], kind & 1 ? 3 : 1, (kind & 2) != 0);
            assert_int_equal(vn_format_webp.encode(&file, &image, NULL, NULL), VERNIS_OK);
            assert_int_equal(vn_format_webp.encode(&twin, &image, NULL, NULL), VERNIS_OK);
            assert_int_equal(file.size, twin.size);
            assert_memory_equal(file.data, twin.data, file.size);
            assert_memory_equal(file.data + 12, "VP8L", 4); /* lossless and simple */
            must_decode(&again, &bag, &file);
            assert_int_equal(bag.leaks, 0);
            assert_int_equal(again.colours, 3);
            unsigned from = vn_image_samples(&image), to = vn_image_samples(&again);
            const uint8_t *a = image.pixels, *b = again.pixels;
            for (size_t i = 0; i < (size_t)image.width * image.height; i++, a += from, b += to) {
                for (unsigned c = 0; c < 3; c++)
                    assert_int_equal(b[c], a[image.colours == 3 ? c : 0]);
                if (image.alpha)
                    assert_int_equal(again.alpha ? b[3] : 255, a[from - 1]);
            }
            vn_image_free(&image);
            vn_image_free(&again);
            vn_bag_free(&bag);
            vn_bytes_free(&file);
            vn_bytes_free(&twin);
        }
}

static void quality_makes_it_lossy(void **state) {
    (void)state;
    VnBytes golden = golden_file("lossy.webp"), sizes[2];
    VnImage image, again;
    VnBag bag;
    must_decode(&image, &bag, &golden);
    vn_bag_free(&bag);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(vn_format_webp.encode(&sizes[i], &image, &(VnEncodeOptions){.quality = i ? 95 : 10}, NULL),
                         VERNIS_OK);
        assert_memory_equal(sizes[i].data + 12, "VP8 ", 4);
        must_decode(&again, &bag, &sizes[i]);
        assert_int_equal(again.width, image.width);
        vn_image_free(&again);
        vn_bag_free(&bag);
    }
    assert_true(sizes[0].size < sizes[1].size);
    VnBytes out;
    assert_int_equal(vn_format_webp.encode(&out, &image, &(VnEncodeOptions){.quality = 101}, NULL), VERNIS_E_ARGUMENT);
    image.colours = 4;
    assert_int_equal(vn_format_webp.encode(&out, &image, NULL, NULL), VERNIS_E_ARGUMENT);
    image.colours = 3;
    image.width = 16384;
    assert_int_equal(vn_format_webp.encode(&out, &image, NULL, NULL), VERNIS_E_LIMIT);
    vn_bytes_free(&sizes[0]);
    vn_bytes_free(&sizes[1]);
    vn_image_free(&image);
    vn_bytes_free(&golden);
}

static void embeds_profiles(void **state) {
    (void)state;
    VnBytes source = golden_file("icc_adobe8.png"), file;
    VnImage image, again;
    VnBag bag, bag_again;
    must_decode(&image, &bag, &source);
    for (int quality = 0; quality <= 90; quality += 90) {
        assert_int_equal(vn_format_webp.encode(&file, &image, &(VnEncodeOptions){quality, false, &bag.icc}, NULL),
                         VERNIS_OK);
        assert_memory_equal(file.data + 12, "VP8X\x0a\0\0\0\x20\0\0\0\x07\0\0\x07\0\0ICCP", 22);
        must_decode(&again, &bag_again, &file);
        assert_int_equal(bag_again.icc.size, bag.icc.size);
        assert_memory_equal(bag_again.icc.data, bag.icc.data, bag.icc.size);
        vn_image_free(&again);
        vn_bag_free(&bag_again);
        vn_bytes_free(&file);
    }
    memcpy(bag.icc.data + 16, "GRAY", 4); /* does not fit */
    assert_int_equal(vn_format_webp.encode(&file, &image, &(VnEncodeOptions){.icc = &bag.icc}, NULL), VERNIS_OK);
    assert_memory_equal(file.data + 12, "VP8L", 4);
    vn_bytes_free(&file);
    vn_image_free(&image);
    vn_bag_free(&bag);
    vn_bytes_free(&source);
}

/* What is taken apart and put together again is the same file. */
static void container_round_trip(void **state) {
    (void)state;
    static const char *const names[] = {"lossless.webp", "lossless_alpha.webp", "lossy.webp", "lossy_alpha.webp",
                                        "turned.webp"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        VnBytes file = golden_file(names[i]), out = {0};
        VnWebp webp;
        assert_int_equal(vn_webp_take_apart(&webp, file.data, file.size, NULL), VERNIS_OK);
        assert_int_equal(vn_webp_put_together(&out, &webp, NULL), VERNIS_OK);
        assert_int_equal(out.size, file.size);
        assert_memory_equal(out.data, file.data, file.size);
        vn_bytes_free(&file);
        vn_bytes_free(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_what_lies_beside_the_picture),
        cmocka_unit_test(keeps_blocks),
        cmocka_unit_test(refuses),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(quality_makes_it_lossy),
        cmocka_unit_test(embeds_profiles),
        cmocka_unit_test(container_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
