/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Measuring what was done, from decoded pictures; JSON lines; .npy files.
 */
#ifndef VN_REPORT_REPORT_H
#define VN_REPORT_REPORT_H

#include <vernis/session.h>

#include "image/image.h"
#include "nn/decoder.h"
#include "protect/ingest.h"

/** Peak signal-to-noise ratio in dB over RGB composited on white, 8-bit scale; 99 for equal pictures. */
VernisStatus vn_psnr(double *out, const VnImage *a, const VnImage *b, VnError *err);
/** Structural similarity of luma, Gaussian window 11, sigma 1.5 (Wang et al. 2004), mean over the picture. */
VernisStatus vn_ssim(double *out, const VnImage *a, const VnImage *b, VnPool *pool, VnError *err);

/** How a posted picture reaches a trainer: a platform's trip, then a training size. */
typedef struct VnIngest {
    char name[48]; /**< as it is told: "w1080 q75 s512", "instagram s768" */
    VnTrip trip;
    uint32_t side; /**< the trainer's short side, pixels */
} VnIngest;

/** 1080 wide, JPEG 75 4:2:0, short side 512: a strict platform and the training size most in use. */
extern const VnIngest vn_ingest_usual;

/** Latent shift of one encoder between two pictures of one size; see VernisShift. The ingest uses the codecs
 * themselves. */
VernisStatus vn_measure_shift(VernisShift *out, const VnImage *original, const VnImage *changed, const VnIngest *ingest,
                              const VnEncoder *encoder, VnPool *pool, VnError *err);

/** One number for each place of a grid laid over a picture. */
typedef struct VnField {
    uint32_t width, height;
    float *values; /**< (h,w), heap */
} VnField;
VernisStatus vn_field_open(VnField *out, uint32_t width, uint32_t height, VnError *err);
void vn_field_close(VnField *field); /**< takes a zeroed struct */

/** What an encoder sees of two pictures after the ingest. */
typedef struct VnSight {
    VnField moved; /**< how far each cell of the latent moves: root mean square over the channels, in units of the clean
                      latent's spread, so that the field's own root mean square is VernisShift's `ingest` */
    VnImage painted[2]; /**< the latents as the decoder paints them, clean and changed: 8 bits, three colours, of the
                           training size; without a decoder they hold nothing */
} VnSight;
/** @param decoder the encoder's, or NULL; @param out the caller's to close, on failure it holds nothing */
VernisStatus vn_sight_open(VnSight *out, const VnImage *original, const VnImage *changed, const VnIngest *ingest,
                           const VnEncoder *encoder, const VnDecoder *decoder, VnPool *pool, VnError *err);
void vn_sight_close(VnSight *sight); /**< takes a zeroed struct */

/** What a report shows of one picture. The texts are not escaped. */
typedef struct VnReportPicture {
    const char *name, *output;         /**< file names as they were given */
    const VnImage *original, *changed; /**< of one size */
    const VernisResult *result;
    const VnIngest *ingest;
    double target; /**< visibility asked for; 0: it is not known */
    double care;   /**< of the budget map, as in vn_vis_guard */
    const VnEncoder *encoder;
    const VnDecoder *decoder; /**< the encoder's; NULL: it has none, and nothing is painted */
} VnReportPicture;

/** Append one picture's part of a report: HTML that holds its images and asks for nothing from elsewhere. */
VernisStatus vn_report_part(VnBytes *out, const VnReportPicture *picture, VnPool *pool, VnError *err);

/** Bytes that vn_measure will take, from the sizes alone, the pictures and the encoders' weights included; SIZE_MAX:
 * beyond counting. @param row_bytes of the decoded picture */
size_t vn_measure_need(uint32_t width, uint32_t height, size_t row_bytes, const VnIngest *ingest,
                       const VnEncoder *const *encoders, size_t count, unsigned threads);

/** Fill psnr, ssim, visibility, the name of the ingest and the shifts of `result` (surrogate names too). */
VernisStatus vn_measure(VernisResult *result, const VnImage *original, const VnImage *changed, const VnIngest *ingest,
                        const VnEncoder *const *encoders, size_t count, VnPool *pool, VnError *err);

/** Write float32 in C order as NumPy format 1.0, atomically. @param shape ndim sizes */
VernisStatus vn_npy_write(const char *path, const float *data, const size_t *shape, unsigned ndim, VnError *err);

#endif
