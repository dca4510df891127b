/* SPDX-License-Identifier: Apache-2.0 */
#include "image/icc.h"

#include <lcms2.h>
#include <string.h>

/* sRGB's decoding curve in the parametric form of ICC.1 type 3: a, b, c, d with g first. */
static const cmsFloat64Number srgb_curve[5] = {2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045};
static const double srgb_xy[8] = {0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06};

bool vn_icc_fits(const VnBytes *icc, unsigned colours) {
    return icc->size >= 128 && memcmp(icc->data + 16, colours == 1 ? "GRAY" : "RGB ", 4) == 0;
}

/* The profile as bytes without what changes from run to run: creation date (header bytes 24-35), identity (84-99). */
static VernisStatus save(VnBytes *out, cmsHPROFILE profile, VnError *err) {
    cmsUInt32Number size = 0;
    if (!cmsSaveProfileToMem(profile, NULL, &size) || size < 128)
        return vn_fail(err, VERNIS_E_INTERNAL, "colour", "Little CMS cannot write a profile");
    uint8_t *data = vn_malloc(size);
    if (!data)
        return vn_no_memory(err, "colour", size, "an ICC profile");
    if (!cmsSaveProfileToMem(profile, data, &size)) {
        vn_free(data);
        return vn_fail(err, VERNIS_E_INTERNAL, "colour", "Little CMS cannot write a profile");
    }
    memset(data + 24, 0, 12);
    memset(data + 84, 0, 16);
    *out = (VnBytes){data, size};
    return VERNIS_OK;
}

VernisStatus vn_icc_from_gamma(VnBytes *out, unsigned colours, double gamma, const double xy[8], VnError *err) {
    VernisStatus status;
    cmsHPROFILE profile = NULL;
    if (!xy)
        xy = srgb_xy;
    const cmsCIExyY white = {xy[0], xy[1], 1.0};
    const cmsCIExyYTRIPLE primaries = {{xy[2], xy[3], 1.0}, {xy[4], xy[5], 1.0}, {xy[6], xy[7], 1.0}};
    cmsContext context = cmsCreateContext(NULL, NULL);
    cmsToneCurve *curve =
        gamma > 0.0 ? cmsBuildGamma(context, gamma) : cmsBuildParametricToneCurve(context, 4, srgb_curve);
    if (curve)
        profile = colours == 1
                      ? cmsCreateGrayProfileTHR(context, &white, curve)
                      : cmsCreateRGBProfileTHR(context, &white, &primaries, (cmsToneCurve *[3]){curve, curve, curve});
    if (profile)
        status = save(out, profile, err);
    else
        status = vn_fail(err, VERNIS_E_FORMAT, "colour", "no colour profile has these chromaticities");
    if (profile)
        cmsCloseProfile(profile);
    if (curve)
        cmsFreeToneCurve(curve);
    if (context)
        cmsDeleteContext(context);
    return status;
}

VernisStatus vn_icc_srgb(VnBytes *out, unsigned colours, VnError *err) {
    if (colours == 1)
        return vn_icc_from_gamma(out, colours, 0.0, NULL, err);
    cmsContext context = cmsCreateContext(NULL, NULL);
    cmsHPROFILE profile = cmsCreate_sRGBProfileTHR(context);
    VernisStatus status = profile ? save(out, profile, err) : vn_no_memory(err, "colour", 0, "the sRGB profile");
    if (profile)
        cmsCloseProfile(profile);
    if (context)
        cmsDeleteContext(context);
    return status;
}
