/* SPDX-License-Identifier: Apache-2.0 */
#include "preset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vernis/session.h>

#include "base/fs.h"
#include "base/json.h"

enum { MAX_PRESET_BYTES = 65536 };

static const char *builtin_text(const char *key) {
    for (const VnPresetText *p = vn_preset_texts; p->key; p++)
        if (!strcmp(p->key, key))
            return p->text;
    return NULL;
}

/* The user's file for a key, or NULL where there is none. Heap. */
static char *user_path(const char *key) {
    char name[128];
    snprintf(name, sizeof name, "presets/%s.json", key);
    char *folder = vn_config_dir();
    char *path = folder && !strstr(key, "..") ? vn_path_join(folder, name) : NULL;
    vn_free(folder);
    if (path && !vn_path_exists(path)) {
        vn_free(path);
        path = NULL;
    }
    return path;
}

/* Parse a preset by key. @param source receives the file's path, for messages */
static VernisStatus load_json(json_t **out, const char *key, char *source, size_t capacity, VnError *err) {
    char *path = user_path(key);
    const char *text = builtin_text(key);
    VernisStatus status;
    if (path) {
        VnBytes bytes;
        snprintf(source, capacity, "%s", path);
        status = vn_file_read(&bytes, path, MAX_PRESET_BYTES, err);
        if (!status)
            status = vn_json_parse(out, (const char *)bytes.data, bytes.size, MAX_PRESET_BYTES, "preset", err);
        if (status)
            vn_error_name(err, path);
        vn_bytes_free(&bytes);
        vn_free(path);
    } else if (text) {
        snprintf(source, capacity, "preset %s", key);
        status = vn_json_parse(out, text, strlen(text), MAX_PRESET_BYTES, "preset", err);
    } else {
        status = vn_fail(err, VERNIS_E_ARGUMENT, "preset", "there is no preset %s; `vernis presets` lists them", key);
    }
    return status;
}

VernisStatus vn_strength_load(VnStrength *out, const char *name, VnError *err) {
    char key[80], source[512];
    json_t *root = NULL;
    snprintf(key, sizeof key, "strength/%s", name);
    VN_TRY(load_json(&root, key, source, sizeof source, err));
    const json_t *visibility = json_object_get(root, "visibility"), *steps = json_object_get(root, "steps");
    VernisStatus status = VERNIS_OK;
    if (!json_is_number(visibility) || !(json_number_value(visibility) >= 0.2 && json_number_value(visibility) <= 20))
        status = vn_fail(err, VERNIS_E_FORMAT, "preset", "%s: \"visibility\" must be a number from 0.2 to 20", source);
    else if (!json_is_integer(steps) || json_integer_value(steps) < 1 || json_integer_value(steps) > 10000)
        status =
            vn_fail(err, VERNIS_E_FORMAT, "preset", "%s: \"steps\" must be a whole number from 1 to 10000", source);
    if (!status) {
        snprintf(out->name, sizeof out->name, "%s", name);
        out->visibility = json_number_value(visibility);
        out->steps = (int)json_integer_value(steps);
    }
    json_decref(root);
    return status;
}

static VernisStatus append_line(VnBytes *text, json_t *root, const char *key, int json, VnError *err) {
    char line[1024];
    json_object_set_new(root, "preset", json_string(key));
    char *dump = vn_json_text(root);
    const char *description = json_string_value(json_object_get(root, "description"));
    snprintf(line, sizeof line, "%-20s %s\n", key, description ? description : "");
    VernisStatus status = dump || !json ? VERNIS_OK : vn_no_memory(err, "preset", 0, "text");
    if (!status && json)
        status = vn_bytes_append(text, dump, strlen(dump), err);
    if (!status)
        status = json ? vn_bytes_append(text, "\n", 1, err) : vn_bytes_append(text, line, strlen(line), err);
    vn_free(dump);
    return status;
}

VernisStatus vernis_presets_text(const char *name, int json, char **out, VernisError *err) {
    VnBytes text = {0};
    VernisStatus status = VERNIS_OK;
    bool found = false;
    *out = NULL;
    for (const VnPresetText *p = vn_preset_texts; p->key && !status; p++) {
        if (name && strcmp(p->key, name) && strcmp(strchr(p->key, '/') + 1, name))
            continue;
        char source[512];
        json_t *root = NULL;
        found = true;
        status = load_json(&root, p->key, source, sizeof source, err);
        if (!status && name && !json) { /* one preset for reading: the text as it is, ready to be saved and edited */
            char *pretty = json_dumps(root, JSON_INDENT(2));
            status =
                pretty ? vn_bytes_append(&text, pretty, strlen(pretty), err) : vn_no_memory(err, "preset", 0, "text");
            if (!status)
                status = vn_bytes_append(&text, "\n", 1, err);
            free(pretty);
        } else if (!status) {
            status = append_line(&text, root, p->key, json, err);
        }
        json_decref(root);
    }
    if (!status && !found)
        status = vn_fail(err, VERNIS_E_ARGUMENT, "preset", "there is no preset %s; `vernis presets` lists them", name);
    if (!status)
        status = vn_bytes_append(&text, "", 1, err);
    if (status)
        vn_bytes_free(&text);
    *out = (char *)text.data;
    return status;
}
