/* SPDX-License-Identifier: Apache-2.0 */
/* WebP pixels through libwebp, which has no hook for memory: beside the counted picture it takes for itself a few rows of a
 * lossy one and about as much again of a lossless one. */
#include <webp/decode.h>

#include "image/bag_take.h"
#include "image/codec.h"
#include "image/webp_riff.h"

bool vn_webp_sniff(const uint8_t *data, size_t size) {
    return vn_starts_with(data, size, "RIFF", 4) && size >= 12 && vn_starts_with(data + 8, 4, "WEBP", 4);
}

static VernisStatus take_parts(VnBag *bag, const VnWebp *webp, const VnLimits *limits, VnError *err) {
    const VnWebpPart *icc = &webp->parts[VN_WEBP_ICC], *exif = &webp->parts[VN_WEBP_EXIF];
    const VnWebpPart *xmp = &webp->parts[VN_WEBP_XMP], *c2pa = &webp->parts[VN_WEBP_C2PA];
    if (icc->size > limits->max_icc_bytes)
        return vn_fail(err, VERNIS_E_LIMIT, "webp", "a colour profile of %zu bytes: more than the limit of %zu",
                       icc->size, limits->max_icc_bytes);
    if (icc->size)
        VN_TRY(vn_bytes_append(&bag->icc, icc->data, icc->size, err));
    if (exif->data)
        VN_TRY(vn_bag_take_exif(bag, exif->data, exif->size, limits, err));
    if (xmp->data)
        VN_TRY(vn_bag_take_xmp(bag, xmp->data, xmp->size, limits, err));
    if (c2pa->size > VN_MAX_C2PA_BYTES) {
        bag->leaks |= VN_LEAK_C2PA;
        vn_bag_warn(bag, "an oversized C2PA manifest is ignored");
    } else if (c2pa->size) {
        VN_TRY(vn_bytes_append(&bag->c2pa, c2pa->data, c2pa->size, err));
    }
    if (webp->others)
        bag->leaks |= VN_LEAK_UNKNOWN_CHUNK;
    if (bag->icc.data)
        bag->srgb = false;
    return VERNIS_OK;
}

/* Shared beginning of header and decode. */
static VernisStatus scan(VnWebp *out, VnBag *bag, const uint8_t *data, size_t size, const VnLimits *limits,
                         VnError *err) {
    bag->orientation = 1;
    bag->format = vn_format_webp.name;
    VN_TRY(vn_webp_take_apart(out, data, size, err));
    VN_TRY(vn_image_check(out->width, out->height, limits, "webp", err));
    if (vn_holds_data(data + out->end, size - out->end))
        bag->leaks |= VN_LEAK_TRAILING_BYTES;
    return take_parts(bag, out, limits, err);
}

VernisStatus vn_webp_header(VnHeader *out, const uint8_t *data, size_t size, const VnLimits *limits, VnError *err) {
    VnWebp webp;
    VnBag bag = {0};
    *out = (VnHeader){0};
    VernisStatus status = scan(&webp, &bag, data, size, limits ? limits : &vn_limits_default, err);
    if (status == VERNIS_OK) {
        VnHeader header = {.width = webp.width, .height = webp.height, .colours = 3, .bits = 8, .alpha = webp.alpha};
        *out = vn_header_upright(header, bag.orientation);
    }
    vn_bag_free(&bag);
    return status;
}

static VernisStatus read_picture(VnImage *image, const uint8_t *data, size_t size, VnError *err) {
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config))
        return vn_fail(err, VERNIS_E_INTERNAL, "webp", "this libwebp is not the one Vernis was built with");
    config.output.colorspace = image->alpha ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = image->pixels;
    config.output.u.RGBA.stride = (int)image->stride;
    config.output.u.RGBA.size = image->stride * image->height;
    VP8StatusCode code = WebPDecode(data, size, &config);
    WebPFreeDecBuffer(&config.output);
    if (code == VP8_STATUS_OUT_OF_MEMORY)
        return vn_no_memory(err, "webp", 0, "libwebp");
    return code == VP8_STATUS_OK
               ? VERNIS_OK
               : vn_fail(err, VERNIS_E_FORMAT, "webp", "damaged WebP: its picture data %s",
                         code == VP8_STATUS_NOT_ENOUGH_DATA || code == VP8_STATUS_SUSPENDED ? "ends too early"
                                                                                            : "cannot be read");
}

VernisStatus vn_webp_decode(VnImage *out, VnBag *bag, const uint8_t *data, size_t size, const VnLimits *limits,
                            VnError *err) {
    VnWebp webp;
    VernisStatus status;
    *out = (VnImage){0};
    *bag = (VnBag){0};
    if (!limits)
        limits = &vn_limits_default;
    VN_CHECK(scan(&webp, bag, data, size, limits, err));
    VN_CHECK(vn_image_create(out, webp.width, webp.height, 3, webp.alpha, 8, limits, err));
    VN_CHECK(read_picture(out, data, webp.end, err));
    VN_CHECK(vn_image_orient(out, bag->orientation, err));
done:
    if (status != VERNIS_OK) {
        vn_image_free(out);
        vn_bag_free(bag);
    }
    return status;
}
