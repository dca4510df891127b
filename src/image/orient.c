/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "image/image.h"

enum { TILE = 32 }; /* pixels; a tile's rows of both pictures stay in the first-level cache when the axes are swapped */

/* Copy `count` pixels of `size` bytes; the source moves by `step` bytes from pixel to pixel. */
static inline void copy_run(uint8_t *to, const uint8_t *from, ptrdiff_t step, uint32_t count, size_t size) {
    for (uint32_t i = 0; i < count; i++)
        memcpy(to + i * size, from + (ptrdiff_t)i * step, size);
}

/* The same with the common sizes as constants, so that the copies become moves. */
static void copy_pixels(uint8_t *to, const uint8_t *from, ptrdiff_t step, uint32_t count, size_t size) {
    switch (size) {
    case 1:
        copy_run(to, from, step, count, 1);
        break;
    case 2:
        copy_run(to, from, step, count, 2);
        break;
    case 3:
        copy_run(to, from, step, count, 3);
        break;
    case 4:
        copy_run(to, from, step, count, 4);
        break;
    case 6:
        copy_run(to, from, step, count, 6);
        break;
    case 8:
        copy_run(to, from, step, count, 8);
        break;
    default:
        copy_run(to, from, step, count, size);
        break;
    }
}

VernisStatus vn_image_orient(VnImage *image, unsigned orientation, VnError *err) {
    if (orientation < 1 || orientation > 8)
        return vn_fail(err, VERNIS_E_ARGUMENT, "image", "orientation %u is not in 1..8", orientation);
    if (orientation == 1)
        return VERNIS_OK;
    bool swapped = orientation >= 5;
    size_t size = image->stride / image->width;
    VnImage out = *image;
    out.width = swapped ? image->height : image->width;
    out.height = swapped ? image->width : image->height;
    out.stride = out.width * size;
    size_t total = vn_mul(out.stride, out.height);
    out.pixels = vn_malloc(total);
    if (!out.pixels)
        return vn_no_memory(err, "image", total, "turning the picture upright");

    /* Where the output's pixel (0,0) comes from, and the source step in bytes along the output's x and y. */
    bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    ptrdiff_t across = from_right ? -(ptrdiff_t)size : (ptrdiff_t)size;
    ptrdiff_t down = from_bottom ? -(ptrdiff_t)image->stride : (ptrdiff_t)image->stride;
    ptrdiff_t step_x = swapped ? down : across, step_y = swapped ? across : down;
    const uint8_t *origin = (const uint8_t *)image->pixels + (from_right ? (image->width - 1) * size : 0) +
                            (from_bottom ? (image->height - 1) * image->stride : 0);

    uint32_t tile = swapped ? TILE : out.width;
    for (uint32_t y0 = 0; y0 < out.height; y0 += TILE) {
        uint32_t y1 = out.height - y0 < TILE ? out.height : y0 + TILE;
        for (uint32_t x = 0; x < out.width; x += tile) {
            uint32_t count = out.width - x < tile ? out.width - x : tile;
            for (uint32_t y = y0; y < y1; y++)
                copy_pixels((uint8_t *)out.pixels + y * out.stride + x * size,
                            origin + (ptrdiff_t)y * step_y + (ptrdiff_t)x * step_x, step_x, count, size);
        }
    }
    vn_image_free(image);
    *image = out;
    return VERNIS_OK;
}
