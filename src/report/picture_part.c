/* SPDX-License-Identifier: Apache-2.0 */
/* One picture's part of a report: what it looks like, what it came to, in plain words, and where. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "protect/protect.h"
#include "protect/visibility.h"
#include "report/heat.h"
#include "report/html.h"

/* Pixels of a side, at most: about what screens show. */
enum { SHOWN = 900, MAP_SHOWN = 450, SPOT = 160, GAIN = 8 };
enum { PICTURE_QUALITY = 90, MAP_QUALITY = 85 };

/* All that a part needs besides what it is given. */
typedef struct Part {
    const VnReportPicture *in;
    VnPool *pool;
    VnImage before, after; /* as shown */
    VnField seen, budget;
    VnSight sight;
} Part;

static VernisStatus shrunk(VnImage *out, const VnImage *image, uint32_t side, VnPool *pool, VnError *err) {
    const VnTrip box = {.max_width = side, .max_height = side};
    uint32_t w, h;
    vn_trip_size(&box, image->width, image->height, &w, &h);
    VN_TRY(vn_picture_resize(out, image, w, h, pool, err));
    VernisStatus status = vn_image_fit(out, false, false, err);
    if (status)
        vn_image_free(out);
    return status;
}

static VernisStatus part_open(Part *p, VnError *err) {
    const VnReportPicture *in = p->in;
    const VnTrip box = {.max_width = MAP_SHOWN, .max_height = MAP_SHOWN},
                 fine = {.max_width = SHOWN, .max_height = SHOWN};
    uint32_t w, h;
    VN_TRY(shrunk(&p->before, in->original, SHOWN, p->pool, err));
    VN_TRY(shrunk(&p->after, in->changed, SHOWN, p->pool, err));
    vn_trip_size(&fine, in->original->width, in->original->height, &w, &h);
    VN_TRY(vn_field_open(&p->seen, w, h, err));
    VN_TRY(vn_visibility_map(in->original, in->changed, w, h, p->seen.values, p->pool, err));
    vn_trip_size(&box, in->original->width, in->original->height, &w, &h);
    VN_TRY(vn_field_open(&p->budget, w, h, err));
    VN_TRY(vn_budget_map(in->original, in->care, w, h, p->budget.values, p->pool, err));
    return vn_sight_open(&p->sight, in->original, in->changed, in->ingest, in->encoder, in->decoder, p->pool, err);
}

static void part_close(Part *p) {
    vn_image_free(&p->before);
    vn_image_free(&p->after);
    vn_field_close(&p->seen);
    vn_field_close(&p->budget);
    vn_sight_close(&p->sight);
}

static VernisStatus add(VnBytes *out, const char *text, VnError *err) {
    return vn_bytes_append(out, text, strlen(text), err);
}

static const char *visibility_words(double v) {
    return v < 1     ? "Hard to find, side by side too."
           : v < 1.6 ? "Can be noticed on flat colour and gradients; elsewhere it takes looking for."
           : v < 2.5
               ? "Shows on flat colour and gradients and, beside the original, in dark texture; elsewhere it takes looking for."
           : v < 3.6 ? "Can be seen as a fine grain, on flat colour most."
                     : "Plainly visible.";
}

static const char *shift_words(double s) {
    return s < 0.3   ? "That is little: expect next to nothing from it."
           : s < 0.6 ? "That is moderate."
           : s < 1   ? "That is clear, though less than the picture\xe2\x80\x99s own parts differ."
                     : "That is far: as much as the picture\xe2\x80\x99s own parts differ, or more.";
}

/* "resized to at most 1080 pixels wide, saved as a JPEG of quality 75, and resized for training (short side 512)" */
static VernisStatus add_trip(VnBytes *out, const VnIngest *ingest, VnError *err) {
    const VnTrip *t = &ingest->trip;
    if (t->max_width && t->max_height)
        VN_TRY(vn_text_add(out, err, "shrunk to at most %u by %u pixels, ", t->max_width, t->max_height));
    else if (t->max_width || t->max_height)
        VN_TRY(vn_text_add(out, err, "shrunk to at most %u pixels %s, ", t->max_width ? t->max_width : t->max_height,
                           t->max_width ? "wide" : "high"));
    if (t->quality)
        VN_TRY(vn_text_add(out, err, "saved as a %s of quality %d, ", t->webp ? "WebP" : "JPEG", t->quality));
    return vn_text_add(out, err, "%sresized for training (short side %u)", t->quality || t->max_width ? "and " : "",
                       ingest->side);
}

static VernisStatus add_bar(VnBytes *out, double value, double most, const char *low, const char *high, VnError *err) {
    return vn_text_add(out, err,
                       "<div class=\"bar\" aria-hidden=\"true\"><i style=\"width:%.0f%%\"></i></div>"
                       "<p class=\"ends\"><span>%s</span><span>%s</span></p>\n",
                       100 * fmin(1, fmax(0, value / most)), low, high);
}

static VernisStatus add_readings(VnBytes *out, const VnReportPicture *in, VnError *err) {
    const VernisResult *r = in->result;
    const VernisShift *s = &r->shifts[0];
    VN_TRY(vn_text_add(out, err,
                       "<div class=\"readings\">\n<section><h3>What the eye pays</h3><p class=\"number\">%.2f</p>\n",
                       r->visibility));
    VN_TRY(add_bar(out, r->visibility, 4, "0: identical", "4: plainly visible", err));
    VN_TRY(vn_text_add(out, err, "<p>%s", visibility_words(r->visibility)));
    if (in->target > 0)
        VN_TRY(vn_text_add(out, err, " You asked for %.2f%s.", in->target,
                           !r->target_met ? ", which was not met (see the notes below)"
                           : r->visibility < 0.9 * in->target
                               ? "; smooth ground, where grain is noticed first, was given less"
                               : ""));
    VN_TRY(add(out, " This is a prediction; look at the picture yourself.</p></section>\n", err));
    VN_TRY(vn_text_add(out, err, "<section><h3>What the encoder meets</h3><p class=\"number\">%.2f</p>\n", s->ingest));
    VN_TRY(add_bar(out, s->ingest, 2, "0: not moved", "2: very far", err));
    VN_TRY(add(out, "<p>After the picture is ", err));
    VN_TRY(add_trip(out, in->ingest, err));
    return vn_text_add(out, err,
                       ", what an image encoder keeps of it has moved by %.2f. 1 is as far as the parts of the "
                       "picture differ from one another. %s The same trip moves the unprotected picture by %.2f.</p>"
                       "</section>\n</div>\n",
                       s->ingest, shift_words(s->ingest), s->floor);
}

/* A figure with its caption, which may hold markup. */
static VernisStatus add_figure(VnBytes *out, const VnImage *image, int quality, const char *alt, const char *name,
                               const char *attributes, const char *caption, VnError *err) {
    VN_TRY(add(out, "<figure>", err));
    VN_TRY(vn_html_image(out, image, quality, alt, name, attributes, err));
    return vn_text_add(out, err, "<figcaption>%s</figcaption></figure>\n", caption);
}

static VernisStatus add_spot(VnBytes *out, const Part *p, const char *name, VnError *err) {
    const VnReportPicture *in = p->in;
    const VnImage *from[] = {in->original, in->changed};
    static const char *const alts[] = {"Before, detail of ", "After, detail of "};
    static const char *const captions[] = {"Before", "After"};
    uint32_t x, y;
    char size[48];
    VernisStatus status = add(out, "<h3>Where it shows most, at 200 %</h3>\n<div class=\"pair spots\">\n", err);
    vn_spot_find(&p->seen, in->original, SPOT, &x, &y);
    for (int i = 0; i < 2 && !status; i++) {
        VnImage crop = {0};
        status = vn_crop_image(&crop, from[i], x, y, SPOT, err);
        snprintf(size, sizeof size, "style=\"width:%upx\"", 2 * crop.width);
        if (!status)
            status = add_figure(out, &crop, 0, alts[i], name, size, captions[i], err);
        vn_image_free(&crop);
    }
    return status ? status : add(out, "</div>\n", err);
}

static VernisStatus add_maps(VnBytes *out, const Part *p, const char *name, VnError *err) {
    const VnReportPicture *in = p->in;
    VnImage ground = {0}, map = {0}, difference = {0};
    VnBytes caption = {0};
    VernisStatus status;
    VN_CHECK(shrunk(&ground, in->original, MAP_SHOWN, p->pool, err));
    VN_CHECK(add(out, "<h3>Where and how it was changed</h3>\n<div class=\"maps\">\n", err));
    VN_CHECK(vn_difference_image(&difference, &p->before, &p->after, GAIN, err));
    VN_CHECK(add_figure(out, &difference, MAP_QUALITY, "The difference enlarged, of ", name, "",
                        "<b>The change</b>, eight times enlarged. Grey is no change.", err));
    VN_CHECK(vn_heat_image(&map, &p->budget, vn_field_quantile(&p->budget, 0.98), &ground, err));
    VN_CHECK(
        add_figure(out, &map, MAP_QUALITY, "Map of where change was allowed, in ", name, "",
                   "<b>Where change was allowed.</b> Bright places hide a change well: texture, grain, busy lines. "
                   "Dark places, such as flat colour and soft shading, were given little.",
                   err));
    vn_image_free(&map);
    float most = fmaxf(1, vn_field_quantile(&p->sight.moved, 0.98));
    VN_CHECK(vn_heat_image(&map, &p->sight.moved, most, &ground, err));
    VN_CHECK(add(&caption, "<b>Where the encoder was moved.</b> Each square is one cell of what ", err));
    VN_CHECK(vn_html_text(&caption, in->result->shifts[0].surrogate, err));
    VN_CHECK(vn_text_add(
        &caption, err,
        ", an encoder that Vernis works against, keeps of the picture after the trip; the brightest moved by "
        "%.1f or more.%s",
        (double)most,
        in->decoder
            ? ""
            : " It is not a picture of what a model sees: for this encoder, Vernis has no decoder to paint one."));
    VN_CHECK(vn_bytes_append(&caption, "", 1, err));
    VN_CHECK(add_figure(out, &map, MAP_QUALITY, "Map of how far the encoder was moved, in ", name, "",
                        (const char *)caption.data, err));
    VN_CHECK(add(out, "</div>\n", err));
done:
    vn_image_free(&ground);
    vn_image_free(&map);
    vn_image_free(&difference);
    vn_bytes_free(&caption);
    return status;
}

static VernisStatus add_sight(VnBytes *out, const Part *p, const char *name, VnError *err) {
    static const char *const alts[] = {"What the small model sees of the clean picture, ",
                                       "What the small model sees of the protected picture, "};
    static const char *const captions[] = {"Of the picture before", "Of the picture after"};
    if (!p->in->decoder)
        return VERNIS_OK;
    VN_TRY(add(out, "<h3>What a small model sees of it</h3>\n<p class=\"seen\">After the same trip, ", err));
    VN_TRY(vn_html_text(out, vn_encoder_info(p->in->encoder)->name, err));
    static const char words[] =
        ", the small encoder that comes with Vernis, has turned the picture into numbers, and a small decoder, trained on "
        "unprotected pictures alone, has painted what it makes of them. It is their view, not that of any "
        "company\xe2\x80\x99s model, and the blur in both pictures is theirs. Where the two differ, training on the "
        "protected picture would be fed something other than your picture; what is alike in both gets through."
        "</p>\n<div class=\"pair\">\n";
    VN_TRY(add(out, words, err));
    VernisStatus status = VERNIS_OK;
    for (int i = 0; i < 2 && !status; i++) {
        VnImage view = {0};
        status = shrunk(&view, &p->sight.painted[i], SHOWN, p->pool, err);
        if (!status)
            status = add_figure(out, &view, PICTURE_QUALITY, alts[i], name, "", captions[i], err);
        vn_image_free(&view);
    }
    return status ? status : add(out, "</div>\n", err);
}

static VernisStatus add_row(VnBytes *out, const char *name, const char *value, VnError *err) {
    return vn_text_add(out, err, "<tr><th scope=\"row\">%s</th><td>%s</td></tr>\n", name, value);
}

static VernisStatus add_figures(VnBytes *out, const VernisResult *r, VnError *err) {
    char value[160], name[300];
    VN_TRY(add(out, "<details><summary>All figures</summary>\n<table>\n", err));
    snprintf(value, sizeof value, "%.2f (predicted butteraugli 3-norm)", r->visibility);
    VN_TRY(add_row(out, "Visibility", value, err));
    snprintf(value, sizeof value, "%.1f dB", r->psnr);
    VN_TRY(add_row(out, "PSNR", value, err));
    snprintf(value, sizeof value, "%.4f", r->ssim);
    VN_TRY(add_row(out, "SSIM", value, err));
    for (size_t i = 0; i < r->shift_count; i++) {
        const VernisShift *s = &r->shifts[i];
        VnBytes row = {0};
        VernisStatus status = vn_html_text(&row, s->surrogate, err);
        if (!status)
            status = vn_bytes_append(&row, "", 1, err);
        if (!status) {
            snprintf(name, sizeof name, "Latent shift, %s", (const char *)row.data);
            snprintf(value, sizeof value, "%.3f direct, %.3f after the trip, %.3f the trip alone", s->direct, s->ingest,
                     s->floor);
            status = add_row(out, name, value, err);
        }
        vn_bytes_free(&row);
        VN_TRY(status);
    }
    snprintf(value, sizeof value, "%.0f kB before, %.0f kB after", (double)r->bytes_in / 1e3,
             (double)r->bytes_out / 1e3);
    VN_TRY(add_row(out, "File", value, err));
    if (r->steps) {
        snprintf(value, sizeof value, "%d steps, %.1f s, %.0f MB of memory, seed %llu, %s", r->steps, r->seconds,
                 (double)r->peak_memory_bytes / 1e6, (unsigned long long)r->seed, r->cpu);
        VN_TRY(add_row(out, "Work", value, err));
    }
    if (*r->data_mining) {
        snprintf(value, sizeof value, "%s; content credentials: %s", r->data_mining, r->c2pa);
        VN_TRY(add_row(out, "Rights written", value, err));
    }
    return add(out, "</table></details>\n", err);
}

static VernisStatus add_notes(VnBytes *out, const VernisResult *r, VnError *err) {
    if (!r->warning_count)
        return VERNIS_OK;
    VN_TRY(add(out, "<h3>Notes</h3>\n<ul>\n", err));
    for (size_t i = 0; i < r->warning_count; i++) {
        VN_TRY(add(out, "<li>", err));
        VN_TRY(vn_html_text(out, r->warnings[i], err));
        VN_TRY(add(out, "</li>\n", err));
    }
    return add(out, "</ul>\n", err);
}

static VernisStatus add_part(VnBytes *out, const Part *p, VnError *err) {
    const VnReportPicture *in = p->in;
    const char *name = vn_path_base(in->name);
    VN_TRY(add(out, "<article>\n<h2><bdi>", err));
    VN_TRY(vn_html_text(out, name, err));
    VN_TRY(add(out, "</bdi></h2>\n<p class=\"file\">The protected picture is <bdi>", err));
    VN_TRY(vn_html_text(out, in->output, err));
    VN_TRY(vn_text_add(out, err, "</bdi>, %u \xc3\x97 %u pixels.</p>\n<div class=\"pair\">\n", in->result->width,
                       in->result->height));
    VN_TRY(add_figure(out, &p->before, PICTURE_QUALITY, "Before: ", name, "", "Before", err));
    VN_TRY(add_figure(out, &p->after, PICTURE_QUALITY, "After: ", name, "", "After", err));
    VN_TRY(add(out, "</div>\n", err));
    VN_TRY(add_readings(out, in, err));
    VN_TRY(add_spot(out, p, name, err));
    VN_TRY(add_maps(out, p, name, err));
    VN_TRY(add_sight(out, p, name, err));
    VN_TRY(add_notes(out, in->result, err));
    VN_TRY(add_figures(out, in->result, err));
    return add(out, "</article>\n", err);
}

VernisStatus vn_report_part(VnBytes *out, const VnReportPicture *picture, VnPool *pool, VnError *err) {
    Part part = {.in = picture, .pool = pool};
    VernisStatus status = part_open(&part, err);
    if (!status)
        status = add_part(out, &part, err);
    part_close(&part);
    return status;
}
