/* SPDX-License-Identifier: Apache-2.0 */
#include "report/html.h"

#include <string.h>

/* How many bytes the UTF-8 character at p has (RFC 3629: shortest form, no surrogates), or 0 when it is none. */
static unsigned character_size(const uint8_t *p) {
    unsigned size = *p < 0x80                 ? 1
                    : *p >= 0xc2 && *p < 0xe0 ? 2
                    : *p >= 0xe0 && *p < 0xf0 ? 3
                    : *p >= 0xf0 && *p < 0xf5 ? 4
                                              : 0;
    for (unsigned i = 1; i < size; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
        (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return size;
}

VernisStatus vn_html_text(VnBytes *out, const char *text, VnError *err) {
    for (const uint8_t *p = (const uint8_t *)text; *p;) {
        unsigned size = character_size(p);
        const char *stand_in = *p == '<'                                ? "&lt;"
                               : *p == '>'                              ? "&gt;"
                               : *p == '&'                              ? "&amp;"
                               : *p == '"'                              ? "&quot;"
                               : *p == '\''                             ? "&#39;"
                               : !size                                  ? "&#xfffd;"
                               : *p < 0x20 || *p == 0x7f                ? "&#xfffd;"
                               : size == 2 && *p == 0xc2 && p[1] < 0xa0 ? "&#xfffd;"
                                                                        : NULL;
        if (stand_in)
            VN_TRY(vn_bytes_append(out, stand_in, strlen(stand_in), err));
        else
            VN_TRY(vn_bytes_append(out, p, size, err));
        p += size ? size : 1;
    }
    return VERNIS_OK;
}

/* RFC 4648, section 4. */
static VernisStatus add_base64(VnBytes *out, const VnBytes *data, VnError *err) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    enum { GROUPS = 1024 };
    char block[4 * GROUPS];
    for (size_t at = 0; at < data->size;) {
        size_t length = 0;
        for (; length < sizeof block && at < data->size; at += 3, length += 4) {
            size_t left = data->size - at;
            uint32_t bits = (uint32_t)data->data[at] << 16 | (left > 1 ? (uint32_t)data->data[at + 1] << 8 : 0) |
                            (left > 2 ? data->data[at + 2] : 0);
            block[length] = digits[bits >> 18];
            block[length + 1] = digits[bits >> 12 & 63];
            block[length + 2] = left > 1 ? digits[bits >> 6 & 63] : '=';
            block[length + 3] = left > 2 ? digits[bits & 63] : '=';
        }
        VN_TRY(vn_bytes_append(out, block, length, err));
    }
    return VERNIS_OK;
}

VernisStatus vn_html_image(VnBytes *out, const VnImage *image, int quality, const char *alt, const char *name,
                           const char *attributes, VnError *err) {
    VnBytes file = {0};
    const VnFormat *format = quality ? &vn_format_jpeg : &vn_format_png;
    VnEncodeOptions options = {.quality = quality, .subsample = quality && quality < 90};
    VernisStatus status;
    VN_CHECK(format->encode(&file, image, &options, err));
    VN_CHECK(vn_text_add(out, err, "<img width=\"%u\" height=\"%u\" %s alt=\"%s", image->width, image->height,
                         attributes, alt));
    VN_CHECK(vn_html_text(out, name, err));
    VN_CHECK(vn_text_add(out, err, "\" src=\"data:image/%s;base64,", format->name));
    VN_CHECK(add_base64(out, &file, err));
    VN_CHECK(vn_text_add(out, err, "\">"));
done:
    vn_bytes_free(&file);
    return status;
}
