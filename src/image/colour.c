/* SPDX-License-Identifier: Apache-2.0 */
#include "image/colour.h"

#include <lcms2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum {
    BAND = 64,           /* rows of one parallel task */
    GRID = 9,            /* steps per axis of the sRGB test */
    SRGB_TOLERANCE = 385 /* of 65535: 1.5 of 255; common sRGB profiles stay below, pure gamma 2.2 is at 7 */
};

/* Profiles and context of one conversion. The context keeps Little CMS's state apart from that of other users in the
 * process; its error handler is the silent default. */
typedef struct Colour {
    cmsContext context;
    cmsHPROFILE from, to;
    cmsHTRANSFORM transform;
} Colour;

static void close_colour(Colour *colour) {
    if (colour->transform)
        cmsDeleteTransform(colour->transform);
    if (colour->from)
        cmsCloseProfile(colour->from);
    if (colour->to)
        cmsCloseProfile(colour->to);
    if (colour->context)
        cmsDeleteContext(colour->context);
    *colour = (Colour){0};
}

/* Open the bag's profile. @return false when it cannot be read or is of a class that describes no device */
static bool open_profile(Colour *colour, const VnBytes *icc) {
    colour->context = cmsCreateContext(NULL, NULL);
    if (!colour->context || icc->size > UINT32_MAX)
        return false;
    colour->from = cmsOpenProfileFromMemTHR(colour->context, icc->data, (cmsUInt32Number)icc->size);
    if (!colour->from)
        return false;
    cmsProfileClassSignature kind = cmsGetDeviceClass(colour->from);
    return kind == cmsSigInputClass || kind == cmsSigDisplayClass || kind == cmsSigOutputClass ||
           kind == cmsSigColorSpaceClass;
}

/* Samples per pixel of the profile's colour space as VnImage counts them; 0 for others. */
static unsigned profile_colours(const Colour *colour) {
    switch (cmsGetColorSpace(colour->from)) {
    case cmsSigGrayData:
        return 1;
    case cmsSigRgbData:
        return 3;
    case cmsSigCmykData:
        return 4;
    default:
        return 0;
    }
}

static cmsUInt32Number layout(unsigned colours, bool alpha, unsigned bits) {
    unsigned space = colours == 1 ? PT_GRAY : colours == 3 ? PT_RGB : PT_CMYK;
    return COLORSPACE_SH(space) | CHANNELS_SH(colours) | EXTRA_SH(alpha ? 1u : 0u) | BYTES_SH(bits / 8);
}

/* The sRGB profile, or a grey one with its curve (parametric type 4 of Little CMS is ICC.1 type 3). */
static cmsHPROFILE work_profile(cmsContext context, unsigned colours) {
    static const cmsFloat64Number curve_numbers[5] = {2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045};
    if (colours != 1)
        return cmsCreate_sRGBProfileTHR(context);
    cmsToneCurve *curve = cmsBuildParametricToneCurve(context, 4, curve_numbers);
    cmsHPROFILE profile = curve ? cmsCreateGrayProfileTHR(context, cmsD50_xyY(), curve) : NULL;
    if (curve)
        cmsFreeToneCurve(curve);
    return profile;
}

/* From the profile's space to the working space. NOCACHE: one transform serves all threads. */
static bool open_transform(Colour *colour, bool alpha, unsigned bits, cmsUInt32Number flags) {
    unsigned colours = profile_colours(colour), work = colours == 1 ? 1 : 3;
    colour->to = work_profile(colour->context, work);
    if (!colour->to)
        return false;
    colour->transform = cmsCreateTransformTHR(
        colour->context, colour->from, layout(colours, alpha, bits), colour->to, layout(work, alpha, bits),
        INTENT_RELATIVE_COLORIMETRIC, cmsFLAGS_BLACKPOINTCOMPENSATION | cmsFLAGS_NOCACHE | cmsFLAGS_COPY_ALPHA | flags);
    return colour->transform != NULL;
}

/* Sends a grid of colours through the exact pipeline: a profile that moves none of them is sRGB, whatever its name. */
static bool transform_is_identity(const Colour *colour) {
    unsigned colours = profile_colours(colour);
    unsigned count = colours == 1 ? GRID * GRID : GRID * GRID * GRID;
    for (unsigned i = 0; i < count; i++) {
        uint16_t in[3], out[3];
        for (unsigned c = 0, rest = i; c < colours; c++, rest /= GRID)
            in[c] = (uint16_t)(colours == 1 ? i * 65535u / (count - 1) : rest % GRID * 65535u / (GRID - 1));
        cmsDoTransform(colour->transform, in, out, 1);
        for (unsigned c = 0; c < colours; c++)
            if (abs((int)out[c] - (int)in[c]) > SRGB_TOLERANCE)
                return false;
    }
    return true;
}

bool vn_colour_is_srgb(const VnBag *bag) {
    Colour colour = {0};
    if (!bag->icc.data)
        return true;
    bool same = open_profile(&colour, &bag->icc) && profile_colours(&colour) % 4 != 0 &&
                open_transform(&colour, false, 16, cmsFLAGS_NOOPTIMIZE) && transform_is_identity(&colour);
    close_colour(&colour);
    return same;
}

void vn_colour_describe(const VnBag *bag, char *out, size_t capacity) {
    Colour colour = {0};
    wchar_t text[128] = L"";
    size_t at = 0;
    if (bag->icc.data && open_profile(&colour, &bag->icc))
        cmsGetProfileInfo(colour.from, cmsInfoDescription, "en", "US", text, sizeof text);
    text[sizeof text / sizeof text[0] - 1] = 0;
    for (const wchar_t *p = text; *p; p++) {
        unsigned long code = (unsigned long)*p;
        if (code < 0x20 || code == 0x7f || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
            code = '?';
        unsigned more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
        if (at + more + 1 >= capacity)
            break;
        static const uint8_t lead[4] = {0, 0xc0, 0xe0, 0xf0};
        out[at++] = (char)(lead[more] | code >> 6 * more);
        for (unsigned k = more; k-- > 0;)
            out[at++] = (char)(0x80 | (code >> 6 * k & 0x3f));
    }
    if (capacity)
        out[at] = 0;
    close_colour(&colour);
}

typedef struct Bands {
    const VnImage *in;
    VnImage *out;            /* may be in */
    cmsHTRANSFORM transform; /* NULL: the plain CMYK formula */
} Bands;

/* (1-C)(1-K), rounded; alpha follows. */
static void plain_cmyk_row(uint8_t *out, const uint8_t *in, uint32_t width, bool alpha) {
    for (uint32_t x = 0; x < width; x++, in += alpha ? 5 : 4, out += alpha ? 4 : 3) {
        for (unsigned c = 0; c < 3; c++)
            out[c] = (uint8_t)(((255u - in[c]) * (255u - in[3]) + 127u) / 255u);
        if (alpha)
            out[3] = in[4];
    }
}

static void plain_cmyk_row16(uint16_t *out, const uint16_t *in, uint32_t width, bool alpha) {
    for (uint32_t x = 0; x < width; x++, in += alpha ? 5 : 4, out += alpha ? 4 : 3) {
        for (unsigned c = 0; c < 3; c++)
            out[c] = (uint16_t)(((uint64_t)(65535u - in[c]) * (65535u - in[3]) + 32767u) / 65535u);
        if (alpha)
            out[3] = in[4];
    }
}

static void convert_band(void *context, unsigned i, unsigned thread) {
    (void)thread;
    const Bands *bands = context;
    const VnImage *in = bands->in;
    uint32_t first = i * BAND, rows = in->height - first < BAND ? in->height - first : BAND;
    const uint8_t *from = (const uint8_t *)in->pixels + first * in->stride;
    uint8_t *to = (uint8_t *)bands->out->pixels + first * bands->out->stride;
    for (uint32_t y = 0; y < rows; y++, from += in->stride, to += bands->out->stride) {
        if (bands->transform)
            cmsDoTransform(bands->transform, from, to, in->width);
        else if (in->bits == 8)
            plain_cmyk_row(to, from, in->width, in->alpha);
        else
            plain_cmyk_row16((uint16_t *)(void *)to, (const uint16_t *)(const void *)from, in->width, in->alpha);
    }
}

/* Run the conversion over the picture; `transform` NULL is the plain CMYK formula. */
static VernisStatus convert(VnImage *image, cmsHTRANSFORM transform, VnPool *pool, VnError *err) {
    VnImage out = *image;
    bool replaced = image->colours == 4;
    if (replaced) {
        static const VnLimits no_limits = {.max_pixels = UINT64_MAX, .max_side = UINT32_MAX};
        VN_TRY(vn_image_create(&out, image->width, image->height, 3, image->alpha, image->bits, &no_limits, err));
    }
    Bands bands = {.in = image, .out = &out, .transform = transform};
    vn_pool_run(pool, (image->height + BAND - 1) / BAND, convert_band, &bands);
    if (replaced)
        vn_image_free(image);
    *image = out;
    return VERNIS_OK;
}

static void warn(char *warning, const char *text) {
    if (warning)
        snprintf(warning, 200, "%s", text);
}

VernisStatus vn_colour_to_work(VnImage *image, const VnBag *bag, VnPool *pool, char *warning, VnError *err) {
    Colour colour = {0};
    VernisStatus status = VERNIS_OK;
    bool usable = bag->icc.data && open_profile(&colour, &bag->icc);
    bool fits = usable && profile_colours(&colour) == image->colours;
    if (bag->icc.data && !usable)
        warn(warning, "the colour profile cannot be read and is ignored");
    else if (usable && !fits && !vn_colour_is_srgb(bag))
        warn(warning, "the colour profile is for another kind of pixels and is ignored");

    /* Little CMS resamples 16-bit pipelines to a 33-point table unless it is told not to. */
    cmsUInt32Number flags = image->bits == 16 ? cmsFLAGS_NOOPTIMIZE : 0;
    if (fits && image->colours != 4 && vn_colour_is_srgb(bag))
        goto done;
    if (fits && !open_transform(&colour, image->alpha, image->bits, flags)) {
        warn(warning, "the colour profile cannot be used and is ignored");
        fits = false;
    }
    if (fits || image->colours == 4)
        status = convert(image, fits ? colour.transform : NULL, pool, err);
done:
    close_colour(&colour);
    return status;
}
