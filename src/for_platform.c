/* SPDX-License-Identifier: Apache-2.0 */
/* --for PLATFORM: what the platform will do to a picture is done first, so that it finds nothing left to do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_state.h"

enum { LEAST_QUALITY = 40, QUALITY_STEP = 5 };

/* The perturbation and the metadata want room as well. */
static const double share_of_clean = 0.8;

/* What encoding does to the picture, at the best quality that the platform's limit of bytes leaves. */
static VernisStatus encode_ahead(const VernisSession *session, VnImage *image, VnEncodeOptions *options, VnError *err) {
    double most = share_of_clean * (double)session->platform.max_bytes;
    for (;;) {
        VnImage seen = {0};
        size_t bytes;
        VN_TRY(vn_image_copy(&seen, image, err));
        VernisStatus status = vn_reencode(&seen, &vn_format_jpeg, options, &bytes, err);
        bool fits = most <= 0 || (double)bytes <= most || options->quality - QUALITY_STEP < LEAST_QUALITY;
        if (!status && fits) {
            vn_image_free(image);
            *image = seen;
            return VERNIS_OK;
        }
        vn_image_free(&seen);
        if (status)
            return status;
        options->quality -= QUALITY_STEP;
    }
}

VernisStatus vn_fit_platform(const VernisSession *session, VnImage *image, const VnFormat *format,
                             VnEncodeOptions *options, VnError *err) {
    uint32_t w, h;
    VnImage small = {0};
    if (!*session->platform.name)
        return VERNIS_OK;
    vn_platform_size(&session->platform, image->width, image->height, &w, &h);
    if (w != image->width || h != image->height) {
        VN_TRY(vn_picture_resize(&small, image, w, h, session->pool, err));
        vn_image_free(image);
        *image = small;
    }
    return format == &vn_format_jpeg ? encode_ahead(session, image, options, err) : VERNIS_OK;
}

static VernisStatus read_word(VnIngest *ingest, const char *word, VnError *err) {
    static const struct {
        char letter;
        long least, most;
    } kinds[] = {{'w', 0, 65535}, {'q', 0, 100}, {'s', 64, 2048}};
    char *end;
    long value = *word ? strtol(word + 1, &end, 10) : 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (*word != kinds[i].letter || word[1] < '0' || word[1] > '9' || *end)
            continue;
        if (value < kinds[i].least || value > kinds[i].most)
            return vn_fail(err, VERNIS_E_ARGUMENT, "ingest", "--ingest %s: must be between %c%ld and %c%ld", word,
                           *word, kinds[i].least, *word, kinds[i].most);
        if (*word == 'w')
            ingest->trip.max_width = (uint32_t)value;
        else if (*word == 's')
            ingest->side = (uint32_t)value;
        else
            ingest->trip = (VnTrip){ingest->trip.max_width, ingest->trip.max_height, (int)value, true, false};
        return VERNIS_OK;
    }
    return vn_fail(err, VERNIS_E_ARGUMENT, "ingest",
                   "--ingest: %s is neither a platform of `vernis presets` nor wN, qN or sN", word);
}

VernisStatus vn_ingest_read(VnIngest *out, const char *text, VnError *err) {
    char words[sizeof out->name], *rest = words;
    bool first = true;
    *out = vn_ingest_usual;
    if (!text)
        return VERNIS_OK;
    if (strlen(text) >= sizeof words)
        return vn_fail(err, VERNIS_E_ARGUMENT, "ingest", "--ingest %s: too long", text);
    snprintf(words, sizeof words, "%s", text);
    char name[sizeof out->name] = "";
    for (char *word; (word = strsep(&rest, " ")) != NULL; first = false) {
        VnPlatformPreset platform;
        VnError unknown = {0};
        VernisStatus status = first ? vn_platform_load(&platform, word, &unknown) : VERNIS_E_ARGUMENT;
        if (!status) {
            out->trip = platform.served;
            snprintf(name, sizeof name, "%s", platform.name);
        } else if (status != VERNIS_E_ARGUMENT) {
            return vn_fail(err, status, "preset", "%s", unknown.text);
        } else {
            VN_TRY(read_word(out, word, err));
        }
    }
    if (*name)
        snprintf(out->name, sizeof out->name, "%.*s s%u", VN_PRESET_NAME, name, out->side);
    else
        snprintf(out->name, sizeof out->name, "w%u q%d s%u", out->trip.max_width, out->trip.quality, out->side);
    return VERNIS_OK;
}
