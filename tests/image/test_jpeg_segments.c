/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG segments beside the pixels: what is kept, what is joined, what leaks. */
#include "golden.h"

/* Decode grey.jpg with one segment put in after SOI. */
static void with_segment(VnBag *bag, unsigned app, const void *data, size_t size) {
    VnBytes file = golden_file("grey.jpg");
    VnImage image;
    insert_segment(&file, 2, 0xe0 + app, data, size);
    must_decode(&image, bag, &file);
    vn_image_free(&image);
    vn_bytes_free(&file);
}

static unsigned leaks_of(unsigned app, const void *data, size_t size) {
    VnBag bag;
    with_segment(&bag, app, data, size);
    unsigned leaks = bag.leaks;
    vn_bag_free(&bag);
    return leaks;
}

static void sees_leaks(void **state) {
    (void)state;
    assert_int_equal(leaks_of(0, "JFXX\0\x10\0", 7), VN_LEAK_JFXX);
    assert_int_equal(leaks_of(0, "JFIF\0\1\1\0\0\1\0\1\1\1\1\2\3", 17), VN_LEAK_JFXX); /* JFIF's own 1 x 1 thumbnail */
    assert_int_equal(leaks_of(0, "JFIF\0\1\1\0\0\1\0\1\0\0", 14), 0);
    assert_int_equal(leaks_of(2, "MPF\0II*\0", 8), VN_LEAK_MPF);
    assert_int_equal(leaks_of(2, "FPXR\0\0\1", 7), VN_LEAK_FLASHPIX);
    assert_int_equal(leaks_of(1, "http://ns.adobe.com/xmp/extension/\0abc", 38), VN_LEAK_XMP_THUMBNAIL);
    assert_int_equal(leaks_of(1, "http://ns.adobe.com/xap/1.0/\0<a xmpGImg:image='x'/>", 51), VN_LEAK_XMP_THUMBNAIL);
    assert_int_equal(leaks_of(1, "http://ns.adobe.com/xap/1.0/\0<a GDepth:Data='x'/>", 49), VN_LEAK_XMP_THUMBNAIL);
    assert_int_equal(leaks_of(1, "http://ns.adobe.com/xap/1.0/\0<a/>", 33), 0);
    assert_int_equal(leaks_of(4, "SAMSUNG", 7), VN_LEAK_UNKNOWN_CHUNK);
    assert_int_equal(leaks_of(1, "something else", 14), VN_LEAK_UNKNOWN_CHUNK);
    assert_int_equal(leaks_of(11, "HDR_RI", 6), VN_LEAK_UNKNOWN_CHUNK);
    assert_int_equal(leaks_of(12, "Ducky\0\1", 7), 0);
    assert_int_equal(leaks_of(13,
                              "Photoshop 3.0\0"
                              "8BIM\x04\x0c\0\0\0\0\0\4abcd",
                              30),
                     VN_LEAK_PHOTOSHOP_THUMBNAIL);
    assert_int_equal(leaks_of(13,
                              "Photoshop 3.0\0"
                              "8BIM\x04\x09\0\0\0\0\0\4abcd",
                              30),
                     VN_LEAK_PHOTOSHOP_THUMBNAIL);
    assert_int_equal(leaks_of(13,
                              "Photoshop 3.0\0"
                              "8BIM\x04\x25\0\0\0\0\0\4abcd",
                              30),
                     0);
    assert_int_equal(leaks_of(1, "", 0), VN_LEAK_UNKNOWN_CHUNK);
}

/* A TIFF stream under construction, of either byte order. */
typedef struct Tiff {
    uint8_t data[100];
    size_t size;
    bool big_endian;
} Tiff;

static void put(Tiff *tiff, uint32_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++)
        tiff->data[tiff->size++] = (uint8_t)(value >> 8 * (tiff->big_endian ? bytes - 1 - i : i));
}

static void put_entry(Tiff *tiff, uint32_t tag, uint32_t type, uint32_t value) {
    put(tiff, tag, 2);
    put(tiff, type, 2);
    put(tiff, 1, 4);
    put(tiff, value, 4);
}

/* IFD0 points to an Exif IFD with a maker note and to a GPS IFD with one entry, and then to `next`. */
static unsigned leaks_of_exif(bool big_endian, uint32_t gps_tag, uint32_t next) {
    enum { LONG = 4, UNDEFINED = 7, EXIF_IFD = 38, GPS_IFD = 56 };
    Tiff tiff = {.big_endian = big_endian};
    uint8_t segment[6 + sizeof tiff.data] = {'E', 'x', 'i', 'f'};
    put(&tiff, big_endian ? 0x4d4d : 0x4949, 2);
    put(&tiff, 42, 2);
    put(&tiff, 8, 4);
    put(&tiff, 2, 2);
    put_entry(&tiff, 0x8769, LONG, EXIF_IFD);
    put_entry(&tiff, 0x8825, LONG, GPS_IFD);
    put(&tiff, next, 4);
    put(&tiff, 1, 2);
    put_entry(&tiff, 0x927c, UNDEFINED, 1);
    put(&tiff, 0, 4);
    put(&tiff, 1, 2);
    put_entry(&tiff, gps_tag, UNDEFINED, 1);
    put(&tiff, 0, 4);
    memcpy(segment + 6, tiff.data, tiff.size);
    return leaks_of(1, segment, 6 + tiff.size);
}

static void sees_exif_leaks(void **state) {
    (void)state;
    for (unsigned big = 0; big < 2; big++) {
        assert_int_equal(leaks_of_exif(big, 2, 0), VN_LEAK_MAKER_NOTE | VN_LEAK_GPS);
        assert_int_equal(leaks_of_exif(big, 0, 0), VN_LEAK_MAKER_NOTE); /* GPSVersionID is no position */
        assert_int_equal(leaks_of_exif(big, 0, 8), VN_LEAK_MAKER_NOTE); /* IFD0 follows itself, for ever */
        assert_int_equal(leaks_of_exif(big, 0, 0xfffffff0), VN_LEAK_MAKER_NOTE);
    }
    VnBag bag;
    with_segment(&bag, 1, "Exif\0\0rubbish", 13);
    assert_non_null(strstr(bag.warning, "EXIF"));
    assert_null(bag.exif.data);
    vn_bag_free(&bag);
    uint8_t turned[32] = "Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\x0b\0\0\0\0\0\0";
    with_segment(&bag, 1, turned, sizeof turned);
    assert_int_equal(bag.orientation, 1);
    assert_non_null(strstr(bag.warning, "orientation 11"));
    vn_bag_free(&bag);
}

/* The file that exiftool wrote (tools/make_image_goldens.py). */
static void reads_a_managed_file(void **state) {
    (void)state;
    VnBytes file = golden_file("metadata.jpg");
    VnImage image;
    VnBag bag;
    must_decode(&image, &bag, &file);
    assert_int_equal(bag.leaks, VN_LEAK_EXIF_THUMBNAIL | VN_LEAK_GPS);
    assert_true(bag.srgb);
    assert_memory_equal(bag.exif.data, "MM\0*", 4);
    assert_non_null(memmem(bag.exif.data, bag.exif.size, "Ada Painter", 11));
    assert_non_null(memmem(bag.xmp.data, bag.xmp.size, "All rights", 10));
    assert_memory_equal(bag.iptc.data,
                        "\x1c\x02\x50\0\x0b"
                        "Ada Painter",
                        16); /* after the record version */
    assert_int_equal(bag.text_count, 1);
    assert_string_equal(bag.texts[0].key, "Comment");
    assert_string_equal(bag.texts[0].value, "a comment");
    vn_image_free(&image);
    vn_bag_free(&bag);
    vn_bytes_free(&file);
}

static void sees_bytes_after_the_end(void **state) {
    (void)state;
    VnBytes file = golden_file("grey.jpg"), second = golden_file("seven.jpg");
    VnImage image;
    VnBag bag;
    insert_bytes(&file, file.size, "\0\0\0\0", 4);
    must_decode(&image, &bag, &file);
    assert_int_equal(bag.leaks, 0);
    vn_image_free(&image);
    vn_bag_free(&bag);
    insert_bytes(&file, file.size, second.data, second.size);
    must_decode(&image, &bag, &file);
    assert_int_equal(bag.leaks, VN_LEAK_TRAILING_BYTES);
    assert_int_equal(image.width, 21);
    vn_image_free(&image);
    vn_bag_free(&bag);
    vn_bytes_free(&file);
    vn_bytes_free(&second);
}

/* Image resources cut between two segments join; IIM of odd length, a name, and an unknown signature are passed
 * over. */
static void joins_photoshop(void **state) {
    (void)state;
    static const char resources[] = "8BIM\x03\xed\3abc\0\0\0\2xx"
                                    "8BIM\x04\x04\0\0\0\0\0\5hello\0"
                                    "8BIM\x04\x0c\0\0\0\0\0\1y\0";
    uint8_t segment[80] = "Photoshop 3.0";
    for (size_t cut = 0; cut < sizeof resources; cut++) {
        VnBytes file = golden_file("grey.jpg");
        VnImage image;
        VnBag bag;
        memcpy(segment + 14, resources, cut);
        size_t at = insert_segment(&file, 2, 0xed, segment, 14 + cut);
        memcpy(segment + 14, resources + cut, sizeof resources - 1 - cut);
        insert_segment(&file, at, 0xed, segment, 14 + sizeof resources - 1 - cut);
        must_decode(&image, &bag, &file);
        assert_int_equal(bag.leaks, VN_LEAK_PHOTOSHOP_THUMBNAIL);
        assert_int_equal(bag.iptc.size, 5);
        assert_memory_equal(bag.iptc.data, "hello", 5);
        vn_image_free(&image);
        vn_bag_free(&bag);
        vn_bytes_free(&file);
    }
}

static void joins_profiles(void **state) {
    (void)state;
    enum { SIZE = 200000 };
    static uint8_t profile[SIZE];
    for (size_t i = 0; i < SIZE; i++)
        profile[i] = (uint8_t)(i * 2654435761u >> 12);
    memcpy(profile + 16, "GRAY", 4);
    VnBytes icc = {profile, SIZE}, file, source = golden_file("grey.jpg");
    VnEncodeOptions options = {.quality = 90, .icc = &icc};
    VnImage image, again;
    VnBag bag, bag_again;
    must_decode(&image, &bag, &source);
    assert_int_equal(vn_format_jpeg.encode(&file, &image, &options, NULL), VERNIS_OK);
    must_decode(&again, &bag_again, &file);
    assert_int_equal(bag_again.icc.size, SIZE);
    assert_memory_equal(bag_again.icc.data, profile, SIZE);
    vn_image_free(&again);
    vn_bag_free(&bag_again);
    uint8_t *second = memmem(file.data, file.size, "ICC_PROFILE\0\2", 13);
    assert_non_null(second);
    for (unsigned kind = 0; kind < 4; kind++) { /* twice number 1, number 0, beyond the count, another count */
        static const uint8_t numbers[4][2] = {{1, 4}, {0, 4}, {5, 4}, {2, 3}};
        memcpy(second + 12, numbers[kind], 2);
        must_decode(&again, &bag_again, &file);
        assert_null(bag_again.icc.data);
        assert_non_null(strstr(bag_again.warning, "profile"));
        vn_image_free(&again);
        vn_bag_free(&bag_again);
    }
    vn_image_free(&image);
    vn_bag_free(&bag);
    vn_bytes_free(&file);
    vn_bytes_free(&source);
}

/* One C2PA box in `packets` segments, each with the box header, as C2PA 2.2 A.3.1 says. */
static void add_jumbf(VnBytes *file, const uint8_t *box, size_t size, unsigned packets, unsigned first) {
    size_t at = 2, body = (size - 8) / packets;
    for (unsigned i = 0; i < packets; i++) {
        uint8_t segment[400] = {'J', 'P', 2, 0x11};
        size_t from = 8 + i * body, length = i + 1 == packets ? size - from : body;
        put_be32(segment + 4, first + i);
        memcpy(segment + 8, box, 8);
        memcpy(segment + 16, box + from, length);
        at = insert_segment(file, at, 0xeb, segment, 16 + length);
    }
}

static void joins_manifests(void **state) {
    (void)state;
    uint8_t box[300] = "\0\0\1\x2c"
                       "jumb"
                       "\0\0\0\x1e"
                       "jumd"
                       "c2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\3c2pa";
    for (size_t i = 38; i < sizeof box; i++)
        box[i] = (uint8_t)i;
    for (unsigned packets = 1; packets <= 7; packets++) {
        VnBytes file = golden_file("grey.jpg");
        VnImage image;
        VnBag bag;
        add_jumbf(&file, box, sizeof box, packets, 1);
        must_decode(&image, &bag, &file);
        assert_int_equal(bag.leaks, 0);
        assert_int_equal(bag.c2pa.size, sizeof box);
        assert_memory_equal(bag.c2pa.data, box, sizeof box);
        vn_image_free(&image);
        vn_bag_free(&bag);
        vn_bytes_free(&file);
    }
    VnBytes file = golden_file("grey.jpg");
    VnImage image;
    VnBag bag;
    box[2] = 9; /* longer than what follows */
    add_jumbf(&file, box, sizeof box, 2, 1);
    must_decode(&image, &bag, &file);
    assert_int_equal(bag.leaks, VN_LEAK_C2PA);
    assert_null(bag.c2pa.data);
    assert_non_null(strstr(bag.warning, "incomplete"));
    vn_image_free(&image);
    vn_bag_free(&bag);
    vn_bytes_free(&file);
    file = golden_file("grey.jpg");
    add_jumbf(&file, box, sizeof box, 2, 2); /* no first packet */
    must_decode(&image, &bag, &file);
    assert_int_equal(bag.leaks, VN_LEAK_UNKNOWN_CHUNK);
    assert_null(bag.c2pa.data);
    vn_image_free(&image);
    vn_bag_free(&bag);
    vn_bytes_free(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_leaks),           cmocka_unit_test(sees_exif_leaks),
        cmocka_unit_test(reads_a_managed_file), cmocka_unit_test(sees_bytes_after_the_end),
        cmocka_unit_test(joins_photoshop),      cmocka_unit_test(joins_profiles),
        cmocka_unit_test(joins_manifests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
