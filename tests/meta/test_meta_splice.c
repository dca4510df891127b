/* SPDX-License-Identifier: Apache-2.0 */
/* Splicing: libpng, libjpeg and libwebp decode the result to the same pixels without a warning; what is damaged is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "meta_samples.h"

typedef struct Kind {
    const char *format;
    void (*sample)(VnBytes *out);
    bool (*decode)(uint8_t *rgb, const VnBytes *file);
} Kind;
static const Kind kinds[] = {
    {"png", sample_png, decode_png}, {"jpeg", sample_jpeg, decode_jpeg}, {"webp", sample_webp, decode_webp}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static VnBytes exif, xmp;

static int make_metadata(void **state) {
    (void)state;
    VnRights rights = sample_rights();
    return vn_exif_make(&exif, &rights, NULL) != VERNIS_OK || vn_xmp_make(&xmp, &rights, NULL) != VERNIS_OK;
}
static int free_metadata(void **state) {
    (void)state;
    vn_bytes_free(&exif);
    vn_bytes_free(&xmp);
    return vn_mem_used() != 0;
}

static void pixels_stay_and_decoders_are_content(void **state) {
    (void)state;
    for (int i = 0; i < KINDS; i++) {
        uint8_t before[SAMPLE_WIDTH * SAMPLE_HEIGHT * 3], after[sizeof before];
        VnBytes file = {0};
        kinds[i].sample(&file);
        size_t size = file.size;
        assert_true(kinds[i].decode(before, &file));
        VnError err = {0};
        assert_int_equal(vn_meta_splice(&file, kinds[i].format, &exif, &xmp, NULL, &err), VERNIS_OK);
        assert_true(file.size > size + exif.size + xmp.size);
        memset(after, 1, sizeof after);
        assert_true(kinds[i].decode(after, &file));
        assert_memory_equal(before, after, sizeof before);
        vn_bytes_free(&file);
    }
}

static size_t find(const VnBytes *file, const char *word, size_t size) {
    const uint8_t *at = memmem(file->data, file->size, word, size);
    assert_non_null(at);
    return (size_t)(at - file->data);
}

static void order_of_parts(void **state) {
    (void)state;
    VnBytes png = {0}, jpeg = {0};
    sample_png(&png);
    assert_int_equal(vn_meta_splice(&png, "png", &exif, &xmp, NULL, NULL), VERNIS_OK);
    assert_true(find(&png, "tRNS", 4) < find(&png, "eXIf", 4));
    assert_true(find(&png, "PLTE", 4) < find(&png, "eXIf", 4));
    assert_true(find(&png, "sRGB", 4) < find(&png, "eXIf", 4));
    size_t itxt = find(&png, "iTXtXML:com.adobe.xmp\0\0\0\0\0<?xpacket", 35);
    assert_true(find(&png, "eXIf", 4) < itxt && itxt < find(&png, "IDAT", 4));
    vn_bytes_free(&png);

    sample_jpeg(&jpeg);
    assert_int_equal(vn_meta_splice(&jpeg, "jpeg", &exif, &xmp, NULL, NULL), VERNIS_OK);
    assert_int_equal(find(&jpeg, "JFIF", 5), 6);
    assert_int_equal(find(&jpeg, "\xff\xe1", 2), 20);
    size_t id = find(&jpeg, "Exif\0\0II*\0", 10), packet = find(&jpeg, "http://ns.adobe.com/xap/1.0/\0<?xpacket", 38);
    assert_int_equal(id, 24);
    assert_int_equal(packet, 24 + 6 + exif.size + 4);
    assert_true(packet < find(&jpeg, "Adobe", 5) && packet < find(&jpeg, "\xff\xdb", 2));
    vn_bytes_free(&jpeg);
}

static void either_part_may_be_missing(void **state) {
    (void)state;
    static const VnBytes nothing = {0};
    for (int i = 0; i < KINDS; i++) {
        VnBytes file = {0}, original = {0};
        uint8_t rgb[SAMPLE_WIDTH * SAMPLE_HEIGHT * 3];
        kinds[i].sample(&file);
        kinds[i].sample(&original);
        assert_int_equal(vn_meta_splice(&file, kinds[i].format, NULL, &nothing, NULL, NULL), VERNIS_OK);
        assert_int_equal(file.size, original.size);
        assert_memory_equal(file.data, original.data, file.size);
        assert_int_equal(vn_meta_splice(&file, kinds[i].format, &exif, NULL, NULL, NULL), VERNIS_OK);
        assert_null(memmem(file.data, file.size, "xpacket", 7));
        assert_true(kinds[i].decode(rgb, &file));
        assert_int_equal(vn_meta_splice(&original, kinds[i].format, NULL, &xmp, NULL, NULL), VERNIS_OK);
        assert_non_null(memmem(original.data, original.size, "xpacket", 7));
        assert_true(kinds[i].decode(rgb, &original));
        vn_bytes_free(&file);
        vn_bytes_free(&original);
    }
}

/* RFC 9649 section 2.7: VP8X with its flags and the canvas less one, the picture, EXIF, XMP; each of even length. */
static void webp_becomes_extended(void **state) {
    (void)state;
    VnBytes webp = {0}, simple = {0};
    sample_webp(&webp);
    sample_webp(&simple);
    assert_int_equal(vn_meta_splice(&webp, "webp", &exif, &xmp, NULL, NULL), VERNIS_OK);
    assert_int_equal(find(&webp, "VP8X\x0a\0\0\0\x0c\0\0\0\x13\0\0\x0b\0\0VP8L", 22), 12);
    size_t e = find(&webp, "EXIF", 4), x = find(&webp, "XMP ", 4);
    assert_true(e < x && e % 2 == 0 && x % 2 == 0);
    assert_int_equal(find(&webp, "II*\0", 4), e + 8);
    assert_int_equal(find(&webp, "<?xpacket begin", 15), x + 8);
    assert_int_equal(webp.data[4] | webp.data[5] << 8 | webp.data[6] << 16, (int)webp.size - 8);
    vn_bytes_append(&simple, "\0", 1, NULL);
    simple.data[4]++; /* the container holds a byte that is no chunk */
    assert_int_equal(vn_meta_splice(&simple, "webp", &exif, &xmp, NULL, NULL), VERNIS_E_FORMAT);
    vn_bytes_free(&webp);
    vn_bytes_free(&simple);
}

/* Photoshop's image resource layout: "8BIM", 0x0404, empty name, length, data padded to even, and 0x0425, its MD5; JPEG alone
 * has a place for it. */
static void iim_goes_behind_the_xmp_of_a_jpeg(void **state) {
    (void)state;
    uint8_t rgb[SAMPLE_WIDTH * SAMPLE_HEIGHT * 3];
    VnBytes jpeg = {0}, png = {0}, without = {0}, iptc = borrow("\x1c\x02\x50\0\2ab", 7);
    sample_jpeg(&jpeg);
    assert_int_equal(vn_meta_splice(&jpeg, "jpeg", &exif, &xmp, &iptc, NULL), VERNIS_OK);
    size_t at = find(&jpeg,
                     "\xff\xed\0\x40Photoshop 3.0\08BIM\4\4\0\0\0\0\0\7\x1c\2\x50\0\2ab\0"
                     "8BIM\4\x25\0\0\0\0\0\x10\xfe\x74\xa4\x20\xcd\x27\x94\x26\xa7\x74\x97\xf8\x36\xfe\xa1\xb5\xff",
                     67);
    assert_true(at > find(&jpeg, "<?xpacket end", 13) && at < find(&jpeg, "\xff\xdb", 2));
    assert_true(decode_jpeg(rgb, &jpeg));
    assert_int_equal(vn_meta_splice(&jpeg, "jpeg", NULL, NULL, &iptc, NULL), VERNIS_E_FORMAT);
    static uint8_t large[65001];
    VnBytes more = borrow(large, sizeof large);
    assert_int_equal(vn_meta_splice(&jpeg, "jpeg", NULL, NULL, &more, NULL), VERNIS_E_LIMIT);
    sample_png(&png);
    sample_png(&without);
    assert_int_equal(vn_meta_splice(&png, "png", NULL, NULL, &iptc, NULL), VERNIS_OK);
    assert_int_equal(png.size, without.size);
    vn_bytes_free(&jpeg);
    vn_bytes_free(&png);
    vn_bytes_free(&without);
}

/* The file must be refused with this status and left as it is. */
static void expect_refused(const void *data, size_t size, const char *format, const VnBytes *e, const VnBytes *x,
                           VernisStatus wanted) {
    VnError err = {0};
    VnBytes file = {.data = vn_malloc(size + !size), .size = size};
    uint8_t *place = file.data;
    memcpy(file.data, data, size);
    assert_int_equal(vn_meta_splice(&file, format, e, x, NULL, &err), wanted);
    assert_ptr_equal(file.data, place);
    assert_int_equal(file.size, size);
    assert_memory_equal(file.data, data, size);
    assert_true(err.text[0] != '\0');
    vn_bytes_free(&file);
}

static void metadata_is_never_doubled(void **state) {
    (void)state;
    for (int i = 0; i < KINDS; i++) {
        VnBytes file = {0};
        kinds[i].sample(&file);
        assert_int_equal(vn_meta_splice(&file, kinds[i].format, &exif, NULL, NULL, NULL), VERNIS_OK);
        expect_refused(file.data, file.size, kinds[i].format, NULL, &xmp, VERNIS_E_FORMAT);
        vn_bytes_free(&file);
        kinds[i].sample(&file);
        assert_int_equal(vn_meta_splice(&file, kinds[i].format, NULL, &xmp, NULL, NULL), VERNIS_OK);
        expect_refused(file.data, file.size, kinds[i].format, &exif, NULL, VERNIS_E_FORMAT);
        vn_bytes_free(&file);
    }
}

static void damaged_files_are_refused(void **state) {
    (void)state;
    for (int i = 0; i < KINDS; i++) {
        VnBytes file = {0};
        kinds[i].sample(&file);
        for (size_t size = 0; size < file.size; size++)
            expect_refused(file.data, size, kinds[i].format, &exif, &xmp, VERNIS_E_FORMAT);
        expect_refused(file.data, file.size, kinds[(i + 1) % KINDS].format, &exif, &xmp, VERNIS_E_FORMAT);
        expect_refused(file.data, file.size, "gif", &exif, &xmp, VERNIS_E_UNSUPPORTED);
        vn_bytes_append(&file, "more", 4, NULL);
        expect_refused(file.data, file.size, kinds[i].format, &exif, &xmp, VERNIS_E_FORMAT);
        vn_bytes_free(&file);
    }
}

static void png_checksums_are_checked(void **state) {
    (void)state;
    VnBytes png = {0};
    sample_png(&png);
    for (size_t at = 0; at < png.size; at++) { /* the CRC, or the structure, covers every byte */
        png.data[at] ^= 0x20;
        expect_refused(png.data, png.size, "png", &exif, &xmp, VERNIS_E_FORMAT);
        png.data[at] ^= 0x20;
    }
    vn_bytes_free(&png);
}

/* Well-formed chunks in a wrong arrangement. */
static void put_chunk(VnBytes *png, const char *type, const void *data, uint32_t size) {
    const uint8_t length[4] = {0, 0, (uint8_t)(size >> 8), (uint8_t)size};
    size_t start = png->size + 4;
    vn_bytes_append(png, length, 4, NULL);
    vn_bytes_append(png, type, 4, NULL);
    vn_bytes_append(png, data, size, NULL);
    uint32_t crc = (uint32_t)crc32(0, png->data + start, (uInt)(png->size - start));
    const uint8_t tail[4] = {(uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8), (uint8_t)crc};
    vn_bytes_append(png, tail, 4, NULL);
}

static void misarranged_files_are_refused(void **state) {
    (void)state;
    static const char *const orders[] = {"IDATIHDRIEND", "IHDRIEND", "IHDRIHDRIDATIEND", "IHDRIDAT", "IENDIHDRIDAT"};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        VnBytes png = {0};
        vn_bytes_append(&png, "\x89PNG\r\n\x1a\n", 8, NULL);
        for (const char *type = orders[i]; *type; type += 4)
            put_chunk(&png, type, "0123456789012", 13);
        expect_refused(png.data, png.size, "png", &exif, &xmp, VERNIS_E_FORMAT);
        vn_bytes_free(&png);
    }
    static const uint8_t no_frame[] = {0xff, 0xd8, 0xff, 0xda, 0, 2, 1, 2, 3, 0xff, 0xd9};
    static const uint8_t early_end[] = {0xff, 0xd8, 0xff, 0xc0, 0, 2, 0xff, 0xd9, 0, 2, 0xff, 0xd9};
    static const uint8_t short_length[] = {0xff, 0xd8, 0xff, 0xc0, 0, 1, 0xff, 0xda, 0, 2, 0xff, 0xd9};
    static const uint8_t no_marker[] = {0xff, 0xd8, 0xff, 0xc0, 0, 2, 0x00, 0xda, 0, 2, 0xff, 0xd9};
    static const uint8_t fill_only[] = {0xff, 0xd8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xd9};
    expect_refused(no_frame, sizeof no_frame, "jpeg", &exif, &xmp, VERNIS_E_FORMAT);
    expect_refused(early_end, sizeof early_end, "jpeg", &exif, &xmp, VERNIS_E_FORMAT);
    expect_refused(short_length, sizeof short_length, "jpeg", &exif, &xmp, VERNIS_E_FORMAT);
    expect_refused(no_marker, sizeof no_marker, "jpeg", &exif, &xmp, VERNIS_E_FORMAT);
    expect_refused(fill_only, sizeof fill_only, "jpeg", &exif, &xmp, VERNIS_E_FORMAT);
}

static void oversized_metadata_is_refused(void **state) {
    (void)state;
    static uint8_t large[65528] = {'I', 'I', 42, 0};
    VnBytes file = {0}, most_exif = borrow(large, 65527), most_xmp = borrow(large, 65000);
    VnBytes more_exif = borrow(large, 65528), more_xmp = borrow(large, 65001), no_tiff = borrow("hello", 5);
    for (int i = 0; i < KINDS; i++) {
        uint8_t rgb[SAMPLE_WIDTH * SAMPLE_HEIGHT * 3];
        kinds[i].sample(&file);
        expect_refused(file.data, file.size, kinds[i].format, &more_exif, &xmp, VERNIS_E_LIMIT);
        expect_refused(file.data, file.size, kinds[i].format, &exif, &more_xmp, VERNIS_E_LIMIT);
        expect_refused(file.data, file.size, kinds[i].format, &no_tiff, &xmp, VERNIS_E_FORMAT);
        assert_int_equal(vn_meta_splice(&file, kinds[i].format, &most_exif, &most_xmp, NULL, NULL), VERNIS_OK);
        assert_true(kinds[i].decode(rgb, &file));
        vn_bytes_free(&file);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pixels_stay_and_decoders_are_content),
        cmocka_unit_test(order_of_parts),
        cmocka_unit_test(either_part_may_be_missing),
        cmocka_unit_test(webp_becomes_extended),
        cmocka_unit_test(iim_goes_behind_the_xmp_of_a_jpeg),
        cmocka_unit_test(metadata_is_never_doubled),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(png_checksums_are_checked),
        cmocka_unit_test(misarranged_files_are_refused),
        cmocka_unit_test(oversized_metadata_is_refused),
    };
    return cmocka_run_group_tests(tests, make_metadata, free_metadata);
}
