/* SPDX-License-Identifier: Apache-2.0 */
/* `inspect`: what a file says about itself, in plain words or as one JSON line. */
#include <string.h>

#include "base/fs.h"
#include "base/json.h"
#include "image/colour.h"
#include "image/format.h"
#include "session_state.h"

typedef struct Row {
    const char *key, *label, *value;
} Row;

static VernisStatus add_json(VnBytes *text, const char *path, const VnImage *image, const VnBag *bag,
                             const char *profile, const Row *rows, size_t count, const VnInspection *found,
                             VnError *err) {
    json_t *root = json_object(), *leaks = json_array();
    json_object_set_new(root, "input", json_string(path));
    json_object_set_new(root, "format", json_string(bag->format));
    json_object_set_new(root, "width", json_integer(image->width));
    json_object_set_new(root, "height", json_integer(image->height));
    json_object_set_new(root, "bits", json_integer(image->bits));
    json_object_set_new(root, "alpha", json_boolean(image->alpha));
    json_object_set_new(root, "profile", *profile ? json_string(profile) : json_null());
    for (size_t i = 0; i < count; i++)
        json_object_set_new(root, rows[i].key, rows[i].value ? json_string(rows[i].value) : json_null());
    json_object_set_new(root, "training_reserved", json_boolean(found->reserved));
    json_object_set_new(root, "c2pa", json_string(found->c2pa ? "present" : "none"));
    json_object_set_new(root, "ai_label", *found->ai_label ? json_string(found->ai_label) : json_null());
    for (unsigned bit = 1; bit && bit <= found->leaks; bit <<= 1)
        if (found->leaks & bit)
            json_array_append_new(leaks, json_string(vn_leak_name(bit)));
    json_object_set_new(root, "leaks", leaks);
    json_object_set_new(root, "warning", *found->warning ? json_string(found->warning) : json_null());
    char *line = root ? vn_json_text(root) : NULL;
    json_decref(root);
    VernisStatus status =
        line ? vn_bytes_append(text, line, strlen(line), err) : vn_no_memory(err, "inspect", 0, "a line");
    vn_free(line);
    return status;
}

static VernisStatus add_words(VnBytes *text, const char *path, const VnImage *image, const VnBag *bag,
                              const char *profile, const Row *rows, size_t count, const VnInspection *found,
                              VnError *err) {
    VN_TRY(vn_text_add(text, err, "%s\n  picture          %s, %ux%u, %u bits a sample%s\n  colour profile   %s\n", path,
                       bag->format, image->width, image->height, image->bits, image->alpha ? ", with transparency" : "",
                       *profile    ? profile
                       : bag->srgb ? "none, tagged sRGB"
                                   : "none"));
    for (size_t i = 0; i < count; i++)
        if (rows[i].value)
            VN_TRY(vn_text_add(text, err, "  %-16s %s\n", rows[i].label, rows[i].value));
    VN_TRY(vn_text_add(text, err, "  training         %s\n",
                       found->reserved             ? "reserved: mining for AI training is prohibited"
                       : found->rights.data_mining ? "a value is stated, it does not prohibit training"
                                                   : "nothing is stated"));
    VN_TRY(vn_text_add(text, err, "  C2PA             %s\n",
                       found->c2pa ? "a manifest is present (its signature was not checked)" : "none"));
    VN_TRY(vn_text_add(text, err, "  AI label         %s\n",
                       *found->ai_label ? found->ai_label : "nothing a platform would read as AI was found"));
    if (*found->warning)
        VN_TRY(vn_text_add(text, err, "  warning          %s\n", found->warning));
    if (!found->leaks)
        VN_TRY(vn_text_add(text, err, "  leaks            none found\n"));
    for (unsigned bit = 1; bit && bit <= found->leaks; bit <<= 1)
        if (found->leaks & bit)
            VN_TRY(vn_text_add(text, err, "  leak             %s\n", vn_leak_name(bit)));
    return VERNIS_OK;
}

VernisStatus vernis_inspect_file(const char *path, int json, char **out, VernisError *err) {
    VnBytes bytes = {0}, text = {0};
    VnImage image = {0};
    VnBag bag = {0};
    VnInspection found = {0};
    char profile[200] = "";
    VernisStatus status;
    *out = NULL;
    VN_CHECK(vn_file_read(&bytes, path, vn_limits_default.max_file_bytes, err));
    VN_CHECK(vn_decode(&image, &bag, bytes.data, bytes.size, NULL, err));
    VN_CHECK(vn_inspect(&found, &bag, err));
    if (bag.icc.size)
        vn_colour_describe(&bag, profile, sizeof profile);
    const VnRights *r = &found.rights;
    const Row rows[] = {{"creator", "creator", r->creator},
                        {"copyright", "copyright", r->copyright},
                        {"credit", "credit", r->credit},
                        {"license_url", "licence", r->license_url},
                        {"licensor_url", "licensor", r->licensor_url},
                        {"contact_url", "contact", r->contact_url},
                        {"usage_terms", "usage terms", r->usage_terms},
                        {"constraints", "constraints", r->constraints},
                        {"description", "description", r->description},
                        {"data_mining", "data mining", r->data_mining},
                        {"source_type", "source type", r->source_type},
                        {"software", "software", *found.software ? found.software : NULL}};
    const size_t count = sizeof rows / sizeof *rows;
    VN_CHECK(json ? add_json(&text, path, &image, &bag, profile, rows, count, &found, err)
                  : add_words(&text, path, &image, &bag, profile, rows, count, &found, err));
done:
    vn_inspection_free(&found);
    vn_bag_free(&bag);
    vn_image_free(&image);
    vn_bytes_free(&bytes);
    if (status)
        vn_error_name(err, path);
    return vn_text_finish(&text, out, status, err);
}
