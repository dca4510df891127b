/* SPDX-License-Identifier: Apache-2.0 */
/* One picture's part of a report, from the files on disk. */
#include "base/text.h"
#include "session_state.h"

/* With --for, the picture before protection is the one that the platform would have served. */
static VernisStatus fit_original(const VernisSession *session, const char *path, VnImage *image, VnError *err) {
    const VnFormat *format = vn_format_by_extension(path);
    VnEncodeOptions options = {.quality = session->quality, .subsample = session->platform.posted.subsample};
    if (!*session->platform.name || !format)
        return VERNIS_OK;
    VN_TRY(vn_image_fit(image, format->alpha, format->bits16, err));
    return vn_fit_platform(session, image, format, &options, err);
}

VernisStatus vernis_report_picture(VernisSession *session, const char *original, const char *protected_file,
                                   const VernisResult *result, char **out, VernisError *err) {
    VnImage pair[2];
    VnBytes text = {0};
    VernisResult read = {0};
    *out = NULL;
    VN_TRY(vn_open_pair(session, original, protected_file, pair, &read, err));
    VernisStatus status = fit_original(session, protected_file, &pair[0], err);
    VnDecoder *decoder = NULL;
    if (!status)
        status = vn_decoder_open_for(&decoder, session->encoders[0], err);
    VnReportPicture picture = {.name = original,
                               .output = protected_file,
                               .original = &pair[0],
                               .changed = &pair[1],
                               .result = result,
                               .ingest = &session->ingest,
                               .target = *result->preset ? session->strength.visibility : 0,
                               .care = session->strength.care,
                               .encoder = session->encoders[0],
                               .decoder = decoder};
    if (!status)
        status = vn_report_part(&text, &picture, session->pool, err);
    vn_image_free(&pair[0]);
    vn_image_free(&pair[1]);
    vn_decoder_close(&decoder);
    return vn_text_finish(&text, out, status, err);
}
