/* SPDX-License-Identifier: Apache-2.0 */
/* One picture from encoded bytes to encoded bytes: decode, colour, optimise, encode, metadata, and a look at what came out.
 * From disk to disk is that with a read before it, and an atomic write before the look. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/sha256.h"
#include "image/colour.h"
#include "image/format.h"
#include "ledger/pdq.h"
#include "ledger/thumbnail.h"
#include "meta/c2pa.h"
#include "report/report.h"
#include "session_state.h"

/* Below one latent cell there is nothing an encoder could be moved by. */
enum { MIN_SIDE = 8 };

__attribute__((format(printf, 2, 3))) static void warn(VernisResult *result, const char *format, ...) {
    if (result->warning_count == sizeof result->warnings / sizeof result->warnings[0])
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(result->warnings[result->warning_count++], sizeof result->warnings[0], format, args);
    va_end(args);
}

/* Each stage's share of a file's time, roughly; `done` is within the stage. */
static void tell(const VernisSession *session, const char *stage, double done) {
    static const struct {
        const char *name;
        double from, to;
    } shares[] = {{"load", 0, 0.02}, {"optimise", 0.02, 0.9}, {"write", 0.9, 0.93}, {"verify", 0.93, 1}};
    for (size_t i = 0; session->hooks.progress && i < sizeof shares / sizeof *shares; i++)
        if (!strcmp(shares[i].name, stage))
            session->hooks.progress(session->hooks.opaque, stage,
                                    shares[i].from + done * (shares[i].to - shares[i].from));
}

static void optimise_progress(void *opaque, double done) { tell(opaque, "optimise", done); }

static bool is_cancelled(void *opaque) {
    const VernisSession *session = opaque;
    return session->hooks.cancelled && session->hooks.cancelled(session->hooks.opaque);
}

static VernisStatus check_size(uint32_t width, uint32_t height, VnError *err) {
    if (width < MIN_SIDE || height < MIN_SIDE)
        return vn_fail(err, VERNIS_E_UNSUPPORTED, "protect", "%ux%u pixels is too small to protect: each side needs %d",
                       width, height, MIN_SIDE);
    return VERNIS_OK;
}

/* A name that lies about its content would have to be kept on the output, where it does harm. */
static VernisStatus check_extension(const VnFormat *format, const char *path, VnError *err) {
    const VnFormat *named = vn_format_by_extension(path);
    if (named && named != format)
        return vn_fail(err, VERNIS_E_FORMAT, "protect", "the name ends in %s but the content is %s: rename the file",
                       vn_path_ext(path), format->name);
    return VERNIS_OK;
}

/* Bring the picture down to what the output format holds, and say so. */
static VernisStatus reduce_to(VnImage *image, const VnFormat *format, VernisResult *result, VnError *err) {
    if (format->max_side && (image->width > format->max_side || image->height > format->max_side))
        return vn_fail(err, VERNIS_E_LIMIT, "protect", "%ux%u pixels: %s holds at most %u a side; say --format png",
                       image->width, image->height, format->name, format->max_side);
    if (image->alpha && !format->alpha)
        warn(result, "%s holds no transparency: the picture was put on white", format->name);
    if (image->bits == 16 && !format->bits16)
        warn(result, "%s holds 8 bits a sample: the picture had 16", format->name);
    return vn_image_fit(image, format->alpha, format->bits16, err);
}

static VernisStatus choose_format(const VnFormat **out, const VernisSession *session, const char *input_format,
                                  const char *output, VnError *err) {
    const VnFormat *named = output && strcmp(output, "-") ? vn_format_by_extension(output) : NULL;
    if (named && !session->format_given) {
        *out = named;
    } else if (strcmp(session->format, "same")) {
        *out = vn_format_by_name(session->format);
        if (named && named != *out)
            return vn_fail(err, VERNIS_E_ARGUMENT, "protect", "%s: the name does not fit --format %s", output,
                           session->format);
    } else {
        *out = named ? named : vn_format_by_name(input_format);
    }
    return VERNIS_OK;
}

/* A picture is protected once, and a file that says itself that it is AI work is never given a source type that says
 * otherwise. */
static VernisStatus check_said(const VernisSession *session, const VnBag *bag, VernisResult *result, VnError *err) {
    VnInspection found;
    VN_TRY(vn_inspect(&found, bag, err));
    VernisStatus status = VERNIS_OK;
    if (found.marked && !session->again)
        status = vn_fail(err, VERNIS_E_PROTECTED, "protect",
                         "it was protected before, by %s: protect the original, or say --again", found.software);
    else if (*found.ai_label && session->rights.source_type)
        status = vn_fail(err, VERNIS_E_ARGUMENT, "protect",
                         "--source-type says %s, but the file itself declares AI (%s): leave --source-type out for it",
                         strrchr(session->rights.source_type, '/') + 1, found.ai_label);
    else if (*found.ai_label)
        warn(result, "platforms may label it as AI, as the input declares: %s", found.ai_label);
    vn_inspection_free(&found);
    return status;
}

/* Pixels and bag of an input, in the space the encoders will see. */
static VernisStatus load(const VernisSession *session, const char *input, const VnBytes *bytes, VnImage *image,
                         VnBag *bag, VernisResult *result, VnError *err) {
    VnHeader header;
    char warning[200] = "";
    const VnFormat *format = vn_format_sniff(bytes->data, bytes->size);
    if (format && input && strcmp(input, "-"))
        VN_TRY(check_extension(format, input, err));
    VN_TRY(vn_decode_header(&header, bytes->data, bytes->size, NULL, err));
    VN_TRY(check_size(header.width, header.height, err));
    VN_TRY(vn_decode(image, bag, bytes->data, bytes->size, NULL, err));
    if (*bag->warning)
        warn(result, "%s", bag->warning);
    VN_TRY(check_said(session, bag, result, err));
    if (session->keep_profile && image->colours == 4)
        warn(result, "CMYK cannot be kept: the picture was converted to sRGB");
    if (!session->keep_profile || image->colours == 4)
        VN_TRY(vn_colour_to_work(image, bag, session->pool, warning, err));
    if (*warning)
        warn(result, "%s", warning);
    result->bytes_in = bytes->size;
    return VERNIS_OK;
}

VernisStatus vn_check_source(const VernisSession *session, const char *input, const VnBytes *bytes,
                             VernisResult *result, VnError *err) {
    VnImage image = {0};
    VnBag bag = {0};
    VernisStatus status = load(session, input, bytes, &image, &bag, result, err);
    vn_image_free(&image);
    vn_bag_free(&bag);
    return status;
}

/* What the user said counts; else a reservation that the source carries stays as it is, and anything weaker gives way to the
 * default. */
static VernisStatus decide_data_mining(const VernisSession *session, VnRights *rights, VnError *err) {
    bool reserved = rights->data_mining && strstr(rights->data_mining, "DMI-PROHIBITED");
    if (session->data_mining_given || reserved) {
        if (session->data_mining_given && !session->rights.data_mining) { /* --data-mining none */
            vn_free(rights->data_mining);
            rights->data_mining = NULL;
        }
        return VERNIS_OK;
    }
    vn_free(rights->data_mining);
    rights->data_mining = NULL;
    return vn_data_mining_uri(&rights->data_mining, NULL, err);
}

/* The signature comes last: it covers every other byte. The source's own manifests stay where they can.
 * @param report of the verification of the source */
static VernisStatus sign(const VernisSession *session, const VnFormat *format, const VnBag *bag,
                         const VnC2paReport *report, const VnRights *rights, VnBytes *file, VernisResult *result,
                         VnError *err) {
    VnC2paParent parent = {0};
    bool wanted = session->keep & VN_KEEP_RIGHTS;
    const char *reason = wanted ? "the result is not signed" : "--keep none";
    VernisStatus status = VERNIS_OK;
    if (bag->c2pa.size && session->signer && wanted)
        status = vn_c2pa_parent_open(&parent, &reason, &bag->c2pa, report, err);
    if (!status && bag->c2pa.size && reason)
        warn(result, "the source's content credentials were dropped: %s", reason);
    if (!status && parent.redacted_count)
        warn(result,
             "redacted from the source's content credentials, as it may show the clean picture: %zu assertion%s",
             parent.redacted_count, parent.redacted_count == 1 ? "" : "s");
    snprintf(result->c2pa, sizeof result->c2pa, "%s", !session->c2pa ? "off" : session->signer ? "signed" : "none");
    if (!status && session->signer)
        status = vn_c2pa_sign(file, format->name, session->signer, rights, &parent, err);
    vn_c2pa_parent_free(&parent);
    return status;
}

static VernisStatus attach_metadata(const VernisSession *session, const VnFormat *format, const VnBag *bag,
                                    const VnC2paReport *report, VnBytes *file, VernisResult *result, VnError *err) {
    VnBytes exif = {0}, xmp = {0}, iptc = {0};
    VnRights rights = {0};
    char warning[200];
    VernisStatus status;
    /* The user's own words first; what the source says fills the gaps as far as --keep allows. */
    VN_CHECK(vn_rights_clean(&rights, &session->rights, err));
    VN_CHECK(vn_rights_from_bag(&rights, bag, session->keep, err));
    VN_CHECK(decide_data_mining(session, &rights, err));
    VN_CHECK(vn_rights_settle(&rights, warning, err));
    if (*warning)
        warn(result, "%s", warning);
    VN_CHECK(vn_exif_make(&exif, &rights, err));
    VN_CHECK(vn_xmp_make(&xmp, &rights, err));
    VN_CHECK(vn_iptc_make(&iptc, &rights, err));
    VN_CHECK(vn_meta_splice(file, format->name, &exif, &xmp, &iptc, err));
    VN_CHECK(sign(session, format, bag, report, &rights, file, result, err));
    const char *value = rights.data_mining ? strstr(rights.data_mining, "DMI-") : NULL;
    snprintf(result->data_mining, sizeof result->data_mining, "%s", value ? value : "");
done:
    vn_bytes_free(&exif);
    vn_bytes_free(&xmp);
    vn_bytes_free(&iptc);
    vn_rights_free(&rights);
    return status;
}

/* Figures from the file as it is now. */
static VernisStatus measure_made(const VernisSession *session, const VnBytes *file, const VnImage *clean,
                                 VernisResult *result, VnError *err) {
    VnImage image = {0};
    VnBag bag = {0};
    VnPdq pdq;
    VernisStatus status;
    VN_CHECK(vn_decode(&image, &bag, file->data, file->size, NULL, err));
    result->bytes_out = file->size;
    VN_CHECK(vn_sha256(result->sha256_out, file->data, file->size, err));
    VN_CHECK(vn_measure(result, clean, &image, &session->ingest, (const VnEncoder *const *)session->encoders,
                        session->encoder_count, session->pool, err));
    tell(session, "verify", 1);
    if (!result->target_met)
        warn(
            result,
            "visibility %.2f is off the target of %.2f: the picture or its compression gives no more room, or the time was short",
            result->visibility, session->strength.visibility);
    if (session->keep_profile) /* it is looked for as it is seen */
        VN_CHECK(vn_colour_to_work(&image, &bag, session->pool, NULL, err));
    VN_CHECK(vn_pdq(&pdq, &image, err));
    VN_CHECK(vn_thumbnail(result->thumbnail, &image, err));
    vn_pdq_to_hex(result->pdq, pdq.hash[0]);
    result->pdq_quality = pdq.quality;
done:
    vn_image_free(&image);
    vn_bag_free(&bag);
    return status;
}

static VernisStatus optimise(const VernisSession *session, VnImage *image, const VnFormat *format,
                             const VnEncodeOptions *options, VernisResult *result, VnError *err) {
    char warning[200];
    VnProtectParams params = {.visibility = session->strength.visibility,
                              .care = session->strength.care,
                              .steps = session->strength.steps,
                              .seed = session->seed,
                              .objective = session->objective,
                              .time_limit = session->time_limit,
                              .output_quality = format == &vn_format_jpeg ? options->quality : 0,
                              .output_subsample = options->subsample,
                              .platform = *session->platform.name ? &session->platform.served : NULL,
                              .opaque = (void *)(uintptr_t)session,
                              .progress = optimise_progress,
                              .cancelled = is_cancelled};
    VnProtectStats stats = {0};
    VN_TRY(vn_artist_key(&params.key, session->key_path, warning, sizeof warning, err));
    if (*warning)
        warn(result, "%s", warning);
    VN_TRY(vn_protect_image(image, (const VnEncoder *const *)session->encoders, session->encoder_count, &params,
                            session->pool, &stats, err));
    result->steps = stats.steps;
    result->target_met = stats.target_met;
    return VERNIS_OK;
}

/* A picture on its way. */
typedef struct Making {
    const char *input, *output; /* names, which may say a format; "-" or NULL says none */
    VnBytes source;             /* the input, encoded */
    bool borrowed;              /* the source is the caller's; else it goes once it is decoded */
    VnImage clean;              /* what the result is measured against */
    VnBytes file;               /* the protected picture, encoded */
    VernisPlace *place;         /* NULL: the settings say whether an existing output is replaced */
    void *opaque;
} Making;

static void drop_source(Making *making) {
    if (!making->borrowed)
        vn_bytes_free(&making->source);
}

static void making_free(Making *making) {
    drop_source(making);
    vn_image_free(&making->clean);
    vn_bytes_free(&making->file);
}

static VernisStatus make(const VernisSession *session, Making *making, VernisResult *result, VnError *err) {
    VnImage *clean = &making->clean, image = {0};
    VnBytes *file = &making->file;
    VnBag bag = {0};
    const VnFormat *format;
    VnC2paReport report;
    VernisStatus status;
    VN_CHECK(vn_sha256(result->sha256_in, making->source.data, making->source.size, err));
    VN_CHECK(load(session, making->input, &making->source, clean, &bag, result, err));
    VN_CHECK(vn_inspect_c2pa(&report, &making->source, &bag, err));
    drop_source(making);
    VN_CHECK(choose_format(&format, session, bag.format, making->output, err));
    VN_CHECK(reduce_to(clean, format, result, err));
    VnEncodeOptions options = {.quality = format == &vn_format_webp && !session->quality_given ? 0 : session->quality,
                               .subsample = session->platform.posted.subsample,
                               .icc = session->keep_profile && bag.icc.size && clean->colours != 4 ? &bag.icc : NULL};
    VN_CHECK(vn_fit_platform(session, clean, format, &options, err));
    VN_CHECK(check_size(clean->width, clean->height, err));
    result->width = clean->width;
    result->height = clean->height;
    VN_CHECK(vn_image_copy(&image, clean, err));
    vn_image_blank_hidden(&image);
    VN_CHECK(optimise(session, &image, format, &options, result, err));
    tell(session, "write", 0);
    VN_CHECK(format->encode(file, &image, &options, err));
    VN_CHECK(attach_metadata(session, format, &bag, &report, file, result, err));
    if (is_cancelled((void *)(uintptr_t)session))
        VN_CHECK(vn_fail(err, VERNIS_E_CANCELLED, "protect", "stopped on request"));
    if (session->platform.max_bytes && file->size > session->platform.max_bytes)
        warn(result, "the file has %zu bytes, %s takes %llu: it may refuse it, or encode the picture once more",
             file->size, session->platform.name, (unsigned long long)session->platform.max_bytes);
done:
    vn_image_free(&image);
    vn_bag_free(&bag);
    return status;
}

/* The file as it lies on the disk is what counts; what went down a pipe cannot be read back. */
static VernisStatus write_out(const VernisSession *session, Making *making, VnError *err) {
    const VnBytes *file = &making->file;
    VN_TRY(making->place
               ? vn_file_write_placed(making->output, file->data, file->size, making->place, making->opaque, err)
               : vn_file_write(making->output, file->data, file->size, session->overwrite, err));
    tell(session, "write", 1);
    tell(session, "verify", 0);
    if (!strcmp(making->output, "-"))
        return VERNIS_OK;
    vn_bytes_free(&making->file);
    return vn_file_read(&making->file, making->output, vn_limits_default.max_file_bytes, err);
}

/* The words of the result that every picture of a session shares. */
static void begin_result(const VernisSession *session, VernisResult *result) {
    *result = (VernisResult){.seed = session->seed};
    snprintf(result->platform, sizeof result->platform, "%s", session->platform.name);
    snprintf(result->preset, sizeof result->preset, "%s", session->strength.name);
    snprintf(result->cpu, sizeof result->cpu, "%s", vn_cpu_name(session->cpu));
    vn_mem_peak_reset();
}

VernisStatus vernis_protect_file(VernisSession *session, const char *input, const char *output, VernisResult *result,
                                 VernisError *err) {
    return vernis_protect_file_placed(session, input, output, NULL, NULL, result, err);
}

VernisStatus vernis_protect_file_placed(VernisSession *session, const char *input, const char *output,
                                        VernisPlace *place, void *opaque, VernisResult *result, VernisError *err) {
    double start = vn_now();
    char *own = NULL;
    begin_result(session, result);
    if (!output && !(output = own = vernis_default_output(session, input, NULL)))
        return vn_fail(err, VERNIS_E_ARGUMENT, "protect", "%s: needs an output path", input);
    Making making = {.input = input, .output = output, .place = place, .opaque = opaque};
    VernisStatus status = !place && vn_path_same(input, output)
                              ? vn_fail(err, VERNIS_E_ARGUMENT, "protect", "the output is the input itself")
                              : VERNIS_OK;
    tell(session, "load", 0);
    if (!status)
        status = vn_file_read(&making.source, input, vn_limits_default.max_file_bytes, err);
    if (!status)
        status = make(session, &making, result, err);
    if (!status)
        status = write_out(session, &making, err);
    if (!status)
        status = measure_made(session, &making.file, &making.clean, result, err);
    making_free(&making);
    vn_free(own);
    result->seconds = vn_now() - start;
    result->peak_memory_bytes = vn_mem_peak();
    if (status && err)
        vn_error_name(err, strcmp(input, "-") ? input : "standard input");
    return status;
}

VernisStatus vernis_protect_memory(VernisSession *session, const void *bytes, size_t size, const char *name, void **out,
                                   size_t *out_size, VernisResult *result, VernisError *err) {
    double start = vn_now();
    *out = NULL;
    *out_size = 0;
    begin_result(session, result);
    Making making = {.input = name, .source = {(uint8_t *)(uintptr_t)bytes, size}, .borrowed = true};
    VernisStatus status =
        bytes && size ? VERNIS_OK : vn_fail(err, VERNIS_E_ARGUMENT, "protect", "there are no bytes to protect");
    tell(session, "load", 0);
    if (!status)
        status = make(session, &making, result, err);
    if (!status) {
        tell(session, "write", 1);
        tell(session, "verify", 0);
        status = measure_made(session, &making.file, &making.clean, result, err);
    }
    if (!status) {
        *out = making.file.data;
        *out_size = making.file.size;
        making.file = (VnBytes){0};
    }
    making_free(&making);
    result->seconds = vn_now() - start;
    result->peak_memory_bytes = vn_mem_peak();
    if (status && err)
        vn_error_name(err, name ? name : "the picture");
    return status;
}

char *vernis_default_output(const VernisSession *session, const char *input, const char *folder) {
    if (!strcmp(input, "-"))
        return NULL;
    const char *base = vn_path_base(input), *extension = vn_path_ext(input);
    const VnFormat *format = strcmp(session->format, "same") ? vn_format_by_name(session->format) : NULL;
    if (format && vn_format_by_extension(input) != format)
        extension = format == &vn_format_png ? ".png" : format == &vn_format_jpeg ? ".jpg" : ".webp";
    size_t stem = (size_t)(vn_path_ext(input) - base), size = strlen(input) + 32;
    char *name = vn_malloc(size), *path = NULL;
    if (name && folder) {
        snprintf(name, size, "%.*s%s", (int)stem, base, extension);
        path = vn_path_join(folder, name);
        vn_free(name);
        return path;
    }
    if (name)
        snprintf(name, size, "%.*s.protected%s", (int)((size_t)(base - input) + stem), input, extension);
    return name;
}

/* A picture of a file on disk, in the space the encoders will see. */
static VernisStatus open_picture(VnImage *out, const VernisSession *session, const char *path, uint64_t *bytes_read,
                                 VernisResult *result, VnError *err) {
    VnBytes bytes = {0};
    VnBag bag = {0};
    char warning[200] = "";
    VernisStatus status;
    VN_CHECK(vn_file_read(&bytes, path, vn_limits_default.max_file_bytes, err));
    VN_CHECK(vn_decode(out, &bag, bytes.data, bytes.size, NULL, err));
    VN_CHECK(vn_colour_to_work(out, &bag, session->pool, warning, err));
    if (*warning)
        warn(result, "%s", warning);
    *bytes_read = bytes.size;
done:
    vn_bytes_free(&bytes);
    vn_bag_free(&bag);
    if (status) {
        vn_image_free(out);
        vn_error_name(err, path);
    }
    return status;
}

/* Whether one is the other resized: the same proportions but for a pixel of rounding. */
static bool same_shape(const VnImage *a, const VnImage *b) {
    double w = (double)a->width * b->height / a->height, h = (double)a->height * b->width / a->width;
    return fabs(w - b->width) <= 1 || fabs(h - b->height) <= 1;
}

VernisStatus vn_open_pair(const VernisSession *session, const char *original, const char *changed, VnImage pair[2],
                          VernisResult *result, VnError *err) {
    VernisStatus status;
    VnImage resized = {0};
    pair[0] = pair[1] = (VnImage){0};
    VN_CHECK(open_picture(&pair[0], session, original, &result->bytes_in, result, err));
    VN_CHECK(open_picture(&pair[1], session, changed, &result->bytes_out, result, err));
    if (!same_shape(&pair[0], &pair[1]))
        VN_CHECK(vn_fail(err, VERNIS_E_ARGUMENT, "verify",
                         "%s is %ux%u, but %s is %ux%u: they are not one picture, not even resized", changed,
                         pair[1].width, pair[1].height, original, pair[0].width, pair[0].height));
    if (pair[0].width != pair[1].width || pair[0].height != pair[1].height) {
        VN_CHECK(vn_picture_resize(&resized, &pair[0], pair[1].width, pair[1].height, session->pool, err));
        vn_image_free(&pair[0]);
        pair[0] = resized;
    }
    result->width = pair[1].width;
    result->height = pair[1].height;
done:
    if (status) {
        vn_image_free(&pair[0]);
        vn_image_free(&pair[1]);
    }
    return status;
}

VernisStatus vernis_verify_files(VernisSession *session, const char *original, const char *protected_file,
                                 VernisResult *result, VernisError *err) {
    VnImage pair[2];
    *result = (VernisResult){0};
    double start = vn_now();
    VN_TRY(vn_open_pair(session, original, protected_file, pair, result, err));
    VernisStatus status =
        vn_measure(result, &pair[0], &pair[1], &session->ingest, (const VnEncoder *const *)session->encoders,
                   session->encoder_count, session->pool, err);
    result->seconds = vn_now() - start;
    result->peak_memory_bytes = vn_mem_peak();
    vn_image_free(&pair[0]);
    vn_image_free(&pair[1]);
    return status;
}
