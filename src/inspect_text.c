/* SPDX-License-Identifier: Apache-2.0 */
/* `inspect`: what a file says about itself, in plain words or as one JSON line. */
#include <string.h>

#include "base/fs.h"
#include "base/json.h"
#include "image/colour.h"
#include "image/format.h"
#include "meta/metatext.h"
#include "meta/platforms.h"
#include "session_state.h"

typedef struct Row {
    const char *key, *label, *value;
} Row;

enum { ROWS_MOST = 21 };

/* All that is told of one file. */
typedef struct View {
    const char *path;
    const VnImage *image;
    const VnBag *bag;
    const VnInspection *found;
    const VnC2paReport *c2pa;
    const VnPlatform *platform; /* NULL: none was asked for */
    size_t count;
    Row rows[ROWS_MOST];
    char profile[200]; /* description of the ICC profile, "" for none */
    char lost[400];    /* what will not be in the copy that the platform serves, "" for nothing */
} View;

static void fill_rows(View *view) {
    const VnRights *r = &view->found->rights;
    const Row rows[] = {{"creator", "creator", r->creator},
                        {"copyright", "copyright", r->copyright},
                        {"credit", "credit", r->credit},
                        {"license_url", "licence", r->license_url},
                        {"licensor_name", "licensor", r->licensor_name},
                        {"licensor_email", "licensor's mail", r->licensor_email},
                        {"licensor_url", "licensor's page", r->licensor_url},
                        {"contact_email", "contact by mail", r->contact_email},
                        {"contact_url", "contact page", r->contact_url},
                        {"usage_terms", "usage terms", r->usage_terms},
                        {"constraints", "constraints", r->constraints},
                        {"description", "description", r->description},
                        {"data_mining", "data mining", r->data_mining},
                        {"source_type", "source type", r->source_type},
                        {"ai_system", "AI system", r->ai_system},
                        {"latitude", "latitude", r->latitude},
                        {"longitude", "longitude", r->longitude},
                        {"body_serial", "camera number", r->body_serial},
                        {"lens_serial", "lens number", r->lens_serial},
                        {"software", "software", *view->found->software ? view->found->software : NULL}};
    memcpy(view->rows, rows, sizeof rows);
    view->count = sizeof rows / sizeof *rows;
}

static bool is_lost(VnFate fate) { return fate == VN_FATE_STRIPPED || fate == VN_FATE_PARTLY; }

static void fill_lost(View *view) {
    const VnPlatform *platform = view->platform;
    for (size_t i = 0; i < view->count && is_lost(platform->metadata); i++)
        if (view->rows[i].value)
            vn_text_list(view->lost, sizeof view->lost, ", ", view->rows[i].label);
    if (view->found->c2pa && is_lost(platform->c2pa))
        vn_text_list(view->lost, sizeof view->lost, ", ", "C2PA manifest");
    if (*view->profile && is_lost(platform->profile))
        vn_text_list(view->lost, sizeof view->lost, ", ", "colour profile");
}

static json_t *platform_json(const View *view) {
    const VnPlatform *platform = view->platform;
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:s}", "name", platform->name, "metadata",
                     vn_fate_name(platform->metadata), "c2pa", vn_fate_name(platform->c2pa), "profile",
                     vn_fate_name(platform->profile), "reads_ai_label", platform->reads_label, "loses", view->lost,
                     "known_from", platform->source);
}

static VernisStatus platform_words(VnBytes *text, const View *view, VnError *err) {
    const VnPlatform *platform = view->platform;
    VN_TRY(vn_text_add(text, err, "  %-16s EXIF, IPTC and XMP: %s; C2PA: %s; colour profile: %s (%s)\n", platform->name,
                       vn_fate_name(platform->metadata), vn_fate_name(platform->c2pa), vn_fate_name(platform->profile),
                       platform->source));
    if (platform->reads_label)
        VN_TRY(vn_text_add(text, err,
                           "  %-16s reads source type and C2PA for its AI label, also where it strips them\n", ""));
    return *view->lost ? vn_text_add(text, err, "  %-16s not in the copy it serves: %s\n", "", view->lost) : VERNIS_OK;
}

static VernisStatus add_json(VnBytes *text, const View *view, VnError *err) {
    const VnInspection *found = view->found;
    json_t *root = json_object(), *leaks = json_array();
    json_object_set_new(root, "input", json_string(view->path));
    json_object_set_new(root, "format", json_string(view->bag->format));
    json_object_set_new(root, "width", json_integer(view->image->width));
    json_object_set_new(root, "height", json_integer(view->image->height));
    json_object_set_new(root, "bits", json_integer(view->image->bits));
    json_object_set_new(root, "alpha", json_boolean(view->image->alpha));
    json_object_set_new(root, "profile", *view->profile ? json_string(view->profile) : json_null());
    for (size_t i = 0; i < view->count; i++)
        json_object_set_new(root, view->rows[i].key,
                            view->rows[i].value ? json_string(view->rows[i].value) : json_null());
    json_object_set_new(root, "protected", json_boolean(found->marked));
    json_object_set_new(root, "training_reserved", json_boolean(found->reserved));
    vn_c2pa_add_json(root, view->c2pa);
    json_object_set_new(root, "ai_label", *found->ai_label ? json_string(found->ai_label) : json_null());
    for (unsigned bit = 1; bit && bit <= found->leaks; bit <<= 1)
        if (found->leaks & bit)
            json_array_append_new(leaks, json_string(vn_leak_name(bit)));
    json_object_set_new(root, "leaks", leaks);
    json_object_set_new(root, "warning", *found->warning ? json_string(found->warning) : json_null());
    if (view->platform)
        json_object_set_new(root, "platform", platform_json(view));
    char *line = root ? vn_json_text(root) : NULL;
    json_decref(root);
    VernisStatus status =
        line ? vn_bytes_append(text, line, strlen(line), err) : vn_no_memory(err, "inspect", 0, "a line");
    vn_free(line);
    return status;
}

static VernisStatus add_words(VnBytes *text, const View *view, VnError *err) {
    const VnImage *image = view->image;
    const VnInspection *found = view->found;
    VN_TRY(vn_text_add(text, err, "%s\n  picture          %s, %ux%u, %u bits a sample%s\n  colour profile   %s\n",
                       view->path, view->bag->format, image->width, image->height, image->bits,
                       image->alpha ? ", with transparency" : "",
                       *view->profile    ? view->profile
                       : view->bag->srgb ? "none, tagged sRGB"
                                         : "none"));
    for (size_t i = 0; i < view->count; i++)
        if (view->rows[i].value)
            VN_TRY(vn_text_add(text, err, "  %-16s %s\n", view->rows[i].label, view->rows[i].value));
    VN_TRY(vn_text_add(text, err, "  protected        %s\n",
                       found->marked ? "by the software above: it is not to be protected again" : "nothing says so"));
    VN_TRY(vn_text_add(text, err, "  training         %s\n",
                       found->reserved             ? "reserved: mining for AI training is prohibited"
                       : found->rights.data_mining ? "a value is stated, it does not prohibit training"
                                                   : "nothing is stated"));
    VN_TRY(vn_c2pa_add_words(text, view->c2pa, err));
    VN_TRY(vn_text_add(text, err, "  AI label         %s\n",
                       *found->ai_label ? found->ai_label : "nothing a platform would read as AI was found"));
    if (*found->warning)
        VN_TRY(vn_text_add(text, err, "  warning          %s\n", found->warning));
    if (!found->leaks)
        VN_TRY(vn_text_add(text, err, "  leaks            none found\n"));
    for (unsigned bit = 1; bit && bit <= found->leaks; bit <<= 1)
        if (found->leaks & bit)
            VN_TRY(vn_text_add(text, err, "  leak             %s\n", vn_leak_name(bit)));
    return view->platform ? platform_words(text, view, err) : VERNIS_OK;
}

VernisStatus vernis_inspect_file(const char *path, const char *platform, int json, char **out, VernisError *err) {
    VnBytes bytes = {0}, text = {0};
    VnImage image = {0};
    VnBag bag = {0};
    VnInspection found = {0};
    VnC2paReport c2pa;
    VernisStatus status;
    *out = NULL;
    VN_CHECK(vn_file_read(&bytes, path, vn_limits_default.max_file_bytes, err));
    VN_CHECK(vn_decode(&image, &bag, bytes.data, bytes.size, NULL, err));
    VN_CHECK(vn_inspect(&found, &bag, err));
    VN_CHECK(vn_inspect_c2pa(&c2pa, &bytes, &bag, err));
    View view = {.path = path, .image = &image, .bag = &bag, .found = &found, .c2pa = &c2pa};
    if (bag.icc.size)
        vn_colour_describe(&bag, view.profile, sizeof view.profile);
    fill_rows(&view);
    if (platform) {
        view.platform = vn_platform_find(platform);
        if (!view.platform)
            VN_CHECK(vn_fail(err, VERNIS_E_ARGUMENT, "inspect", "nothing is known of a platform \"%.60s\"", platform));
        fill_lost(&view);
    }
    VN_CHECK(json ? add_json(&text, &view, err) : add_words(&text, &view, err));
done:
    vn_inspection_free(&found);
    vn_bag_free(&bag);
    vn_image_free(&image);
    vn_bytes_free(&bytes);
    if (status)
        vn_error_name(err, path);
    return vn_text_finish(&text, out, status, err);
}
