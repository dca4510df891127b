/* SPDX-License-Identifier: Apache-2.0 */
/* Each of the library's allocations in turn fails, until none does: always VERNIS_E_MEMORY, never a crash or a leak.
 * The blocks that libjpeg, libwebp, Little CMS and libexif get for themselves do not come from this allocator. */
#include "golden.h"
#include <stdlib.h>
#include <vernis/session.h>

#include "image/colour.h"

static long countdown = -1; /* allocations that still succeed; -1: all do */

static void *scarce_malloc(size_t size) {
    if (countdown == 0)
        return NULL;
    countdown -= countdown > 0;
    return malloc(size);
}

/* Decode, convert, encode; everything released. */
static VernisStatus whole_road(const VnBytes *file, VnError *err) {
    VnImage image = {0};
    VnBag bag = {0};
    VnBytes out = {0};
    VernisStatus status;
    VN_CHECK(vn_decode(&image, &bag, file->data, file->size, NULL, err));
    VN_CHECK(vn_colour_to_work(&image, &bag, NULL, NULL, err));
    VN_CHECK(vn_format_png.encode(&out, &image, NULL, err));
    vn_bytes_free(&out);
    VN_CHECK(vn_image_fit(&image, false, false, err));
    VN_CHECK(vn_format_jpeg.encode(&out, &image, NULL, err));
    vn_bytes_free(&out);
    VN_CHECK(vn_format_webp.encode(&out, &image, &(VnEncodeOptions){.icc = &bag.icc}, err));
done:
    vn_bytes_free(&out);
    vn_image_free(&image);
    vn_bag_free(&bag);
    return status;
}

static void runs_short(void **state) {
    (void)state;
    static const char *const names[] = {
        "rgba16_adam7.png", "palette4_trns.png", "orientation6.png", "icc_adobe_alpha.png", "gama_linear8.png",
        "metadata.jpg",     "tagged.webp",       "icc_cmyk.jpg",     "orientation5.jpg",    "ycc_progressive.jpg"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        VnBytes file = golden_file(names[i]);
        size_t used = vn_mem_used();
        VernisStatus status = VERNIS_E_MEMORY;
        long allowed = 0;
        for (; status != VERNIS_OK; allowed++) {
            VnError err = {0};
            countdown = allowed;
            status = whole_road(&file, &err);
            countdown = -1;
            if (status != VERNIS_OK && (status != VERNIS_E_MEMORY || err.status != status))
                fail_msg("%s, %ld allocations: %d %s", names[i], allowed, status, err.text);
            assert_int_equal(vn_mem_used(), used);
        }
        assert_in_range(allowed, 10, 500);
        vn_bytes_free(&file);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(runs_short)};
    if (vernis_set_allocator(scarce_malloc, free, NULL) != VERNIS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
