/* SPDX-License-Identifier: Apache-2.0 */
#include "preset.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vernis/session.h>

#include "base/fs.h"
#include "base/json.h"
#include "session_state.h"

enum { MAX_PRESET_BYTES = 65536, MAX_FIELDS = 20, MAX_SIDE = 65535, PRESET_KEY = 80 };

/* What a key of a preset may hold. */
typedef struct Field {
    const char *key;
    enum { WORDS, WHOLE, REAL, CHOICE } type;
    double low, high;
    const char *choices; /* each ends with '|' */
    bool needed;
} Field;

typedef struct Kind {
    const char *folder, *word;
    const Field *fields; /* ends with a NULL key */
} Kind;

static const char formats[] = "same|png|jpeg|webp|", subsamplings[] = "4:4:4|4:2:0|";

static const Field strength_fields[] = {
    {"visibility", REAL, 0.2, 20, NULL, true}, {"steps", WHOLE, 1, 10000, NULL, true},
    {"care", REAL, 0, 1, NULL, false},         {"name", WORDS, 0, 0, NULL, false},
    {"description", WORDS, 0, 0, NULL, false}, {"source", WORDS, 0, 0, NULL, false},
    {NULL, WORDS, 0, 0, NULL, false}};

enum {
    WIDTH,
    HEIGHT,
    PIXELS,
    BYTES,
    FORMAT,
    QUALITY,
    SUBSAMPLING,
    SERVED_WIDTH,
    SERVED_HEIGHT,
    SERVED_FORMAT,
    SERVED_QUALITY,
    SERVED_SUBSAMPLING
};
static const Field platform_fields[] = {
    [WIDTH] = {"max_width", WHOLE, 0, MAX_SIDE, NULL, false},
    [HEIGHT] = {"max_height", WHOLE, 0, MAX_SIDE, NULL, false},
    [PIXELS] = {"max_pixels", WHOLE, 0, 1e12, NULL, false},
    [BYTES] = {"max_bytes", WHOLE, 0, 1e12, NULL, false},
    [FORMAT] = {"format", CHOICE, 0, 0, formats, false},
    [QUALITY] = {"quality", WHOLE, 1, 100, NULL, true},
    [SUBSAMPLING] = {"subsampling", CHOICE, 0, 0, subsamplings, false},
    [SERVED_WIDTH] = {"served_width", WHOLE, 0, MAX_SIDE, NULL, false},
    [SERVED_HEIGHT] = {"served_height", WHOLE, 0, MAX_SIDE, NULL, false},
    [SERVED_FORMAT] = {"served_format", CHOICE, 0, 0, "none|jpeg|webp|", true},
    [SERVED_QUALITY] = {"served_quality", WHOLE, 0, 100, NULL, true},
    [SERVED_SUBSAMPLING] = {"served_subsampling", CHOICE, 0, 0, subsamplings, false},
    {"name", WORDS, 0, 0, NULL, false},
    {"description", WORDS, 0, 0, NULL, false},
    {"confidence", WORDS, 0, 0, NULL, false},
    {"source", WORDS, 0, 0, NULL, false},
    {NULL, WORDS, 0, 0, NULL, false}};

static const Kind kinds[] = {{"strength", "strength", strength_fields}, {"platforms", "platform", platform_fields}};

/* A preset as found: its text, where it came from, and the tree. */
typedef struct Preset {
    VnBytes bytes; /* of a user's file */
    const char *text;
    size_t size;
    char source[512];
    json_t *root;
} Preset;

static void preset_close(Preset *preset) {
    json_decref(preset->root);
    vn_bytes_free(&preset->bytes);
    *preset = (Preset){0};
}

static const char *builtin_text(const char *key) {
    for (const VnPresetText *p = vn_preset_texts; p->key; p++)
        if (!strcmp(p->key, key))
            return p->text;
    return NULL;
}

static bool is_name(const char *name) {
    return *name && *name != '.' && !strchr(name, '/') && strlen(name) < VN_PRESET_NAME;
}

/* The user's folder for a kind. Heap, or NULL. */
static char *user_folder(const Kind *kind) {
    char name[64];
    snprintf(name, sizeof name, "presets/%s", kind->folder);
    char *config = vn_config_dir(), *folder = config ? vn_path_join(config, name) : NULL;
    vn_free(config);
    return folder;
}

/* The user's file for a name, or NULL where there is none. Heap. */
static char *user_path(const Kind *kind, const char *name) {
    char file[VN_PRESET_NAME + 8];
    snprintf(file, sizeof file, "%.*s.json", VN_PRESET_NAME, name);
    char *folder = user_folder(kind), *path = folder ? vn_path_join(folder, file) : NULL;
    vn_free(folder);
    if (path && !vn_path_exists(path)) {
        vn_free(path);
        path = NULL;
    }
    return path;
}

/* The line on which a key of the (flat, sound) object stands; 1 where it does not. */
static unsigned line_of(const Preset *preset, const char *key) {
    unsigned line = 1;
    size_t length = strlen(key);
    const char *end = preset->text + preset->size;
    for (const char *p = preset->text; p < end; p++) {
        line += *p == '\n';
        if (*p != '"')
            continue;
        const char *start = ++p;
        for (; p < end && *p != '"'; p++)
            p += *p == '\\';
        const char *after = p + 1;
        while (after < end && strchr(" \t\r\n", *after))
            after++;
        if (after < end && *after == ':' && (size_t)(p - start) == length && !memcmp(start, key, length))
            return line;
    }
    return 1;
}

static VernisStatus bad(const Preset *preset, const char *key, const char *reason, VnError *err) {
    return vn_fail(err, VERNIS_E_FORMAT, "preset", "%s: line %u: \"%s\" %s", preset->source, line_of(preset, key), key,
                   reason);
}

/* The place of `word` among choices that each end with '|', or -1. */
static int choice_index(const char *choices, const char *word) {
    int index = 0;
    for (const char *p = choices; *p; p = strchr(p, '|') + 1, index++)
        if ((size_t)(strchr(p, '|') - p) == strlen(word) && !strncmp(p, word, strlen(word)))
            return index;
    return -1;
}

static VernisStatus check_field(const Preset *preset, const Field *field, const json_t *value, double *number,
                                VnError *err) {
    char reason[160];
    if (!value)
        return field->needed ? bad(preset, field->key, "is missing", err) : VERNIS_OK;
    switch (field->type) {
    case WORDS:
        return json_is_string(value) ? VERNIS_OK : bad(preset, field->key, "must be a text", err);
    case CHOICE:
        *number = json_is_string(value) ? choice_index(field->choices, json_string_value(value)) : -1;
        snprintf(reason, sizeof reason, "must be one of %.*s", (int)strlen(field->choices) - 1, field->choices);
        return *number >= 0 ? VERNIS_OK : bad(preset, field->key, reason, err);
    case WHOLE:
    case REAL:
        *number = json_number_value(value);
        snprintf(reason, sizeof reason, "must be a %s from %.12g to %.12g",
                 field->type == REAL ? "number" : "whole number", field->low, field->high);
        bool right = field->type == REAL ? json_is_number(value) : json_is_integer(value);
        return right && *number >= field->low && *number <= field->high ? VERNIS_OK
                                                                        : bad(preset, field->key, reason, err);
    }
    return VERNIS_OK;
}

/* @param numbers by the fields' order: a number, or the place of a choice; 0 for what is not there */
static VernisStatus check_fields(const Preset *preset, const Kind *kind, double numbers[MAX_FIELDS], VnError *err) {
    const char *key;
    json_t *value;
    json_object_foreach(preset->root, key, value) {
        const Field *field = kind->fields;
        while (field->key && strcmp(field->key, key) != 0)
            field++;
        if (!field->key)
            return bad(preset, key, "is not a key of such a preset", err);
    }
    for (size_t i = 0; kind->fields[i].key; i++) {
        numbers[i] = 0;
        VN_TRY(check_field(preset, &kind->fields[i], json_object_get(preset->root, kind->fields[i].key), &numbers[i],
                           err));
    }
    return VERNIS_OK;
}

/* Find, parse and check a preset by name. On failure `out` is closed. */
static VernisStatus preset_open(Preset *out, double numbers[MAX_FIELDS], const Kind *kind, const char *name,
                                VnError *err) {
    char key[PRESET_KEY];
    snprintf(key, sizeof key, "%s/%.*s", kind->folder, VN_PRESET_NAME, name);
    *out = (Preset){.text = builtin_text(key)};
    char *path = is_name(name) ? user_path(kind, name) : NULL;
    VernisStatus status = VERNIS_OK;
    if (path) {
        snprintf(out->source, sizeof out->source, "%s", path);
        status = vn_file_read(&out->bytes, path, MAX_PRESET_BYTES, err);
        out->text = (const char *)out->bytes.data;
        out->size = out->bytes.size;
    } else if (out->text) {
        snprintf(out->source, sizeof out->source, "preset %s", key);
        out->size = strlen(out->text);
    } else {
        status = vn_fail(err, VERNIS_E_ARGUMENT, "preset", "there is no %s preset %s; `vernis presets` lists them",
                         kind->word, name);
    }
    vn_free(path);
    if (!status && vn_json_parse(&out->root, out->text, out->size, MAX_PRESET_BYTES, "preset", err))
        status = vn_error_name(err, out->source) ? err->status : VERNIS_E_FORMAT;
    if (!status)
        status = check_fields(out, kind, numbers, err);
    if (status)
        preset_close(out);
    return status;
}

VernisStatus vn_strength_load(VnStrength *out, const char *name, VnError *err) {
    Preset preset;
    double n[MAX_FIELDS];
    VN_TRY(preset_open(&preset, n, &kinds[0], name, err));
    *out = (VnStrength){.visibility = n[0], .steps = (int)n[1], .care = n[2]};
    if (!json_object_get(preset.root, "care"))
        out->care = 1;
    snprintf(out->name, sizeof out->name, "%s", name);
    preset_close(&preset);
    return VERNIS_OK;
}

VernisStatus vn_platform_load(VnPlatformPreset *out, const char *name, VnError *err) {
    static const char *const format_names[] = {"same", "png", "jpeg", "webp"};
    Preset preset;
    double n[MAX_FIELDS];
    VN_TRY(preset_open(&preset, n, &kinds[1], name, err));
    VernisStatus status = VERNIS_OK;
    if ((n[SERVED_FORMAT] > 0) != (n[SERVED_QUALITY] > 0))
        status = bad(&preset, "served_quality", "must be 0 where served_format is none, and only there", err);
    *out = (VnPlatformPreset){
        .posted = {(uint32_t)n[WIDTH], (uint32_t)n[HEIGHT], (int)n[QUALITY], n[SUBSAMPLING] > 0, false},
        .max_pixels = (uint64_t)n[PIXELS],
        .max_bytes = (uint64_t)n[BYTES],
        .served = {(uint32_t)n[SERVED_WIDTH], (uint32_t)n[SERVED_HEIGHT], (int)n[SERVED_QUALITY],
                   n[SERVED_SUBSAMPLING] > 0, n[SERVED_FORMAT] > 1}};
    snprintf(out->name, sizeof out->name, "%s", name);
    snprintf(out->format, sizeof out->format, "%s", format_names[(int)n[FORMAT]]);
    preset_close(&preset);
    return status;
}

void vn_platform_size(const VnPlatformPreset *platform, uint32_t w, uint32_t h, uint32_t *out_w, uint32_t *out_h) {
    vn_trip_size(&platform->posted, w, h, out_w, out_h);
    double pixels = (double)*out_w * *out_h, k = sqrt((double)platform->max_pixels / pixels);
    if (platform->max_pixels && k < 1) {
        *out_w = (uint32_t)fmax(1, floor(*out_w * k));
        *out_h = (uint32_t)fmax(1, floor(*out_h * k));
    }
}

/* One line of the list. */
static VernisStatus add_line(VnBytes *text, const Preset *preset, const char *key, int json, VnError *err) {
    const char *description = json_string_value(json_object_get(preset->root, "description"));
    if (!json)
        return vn_text_add(text, err, "%-24s %s\n", key, description ? description : "");
    json_object_set_new(preset->root, "preset", json_string(key));
    char *dump = vn_json_text(preset->root);
    VernisStatus status = dump ? vn_text_add(text, err, "%s\n", dump) : vn_no_memory(err, "preset", 0, "text");
    vn_free(dump);
    return status;
}

/* A preset as it is, ready to be saved and edited. */
static VernisStatus add_whole(VnBytes *text, const Preset *preset, VnError *err) {
    char *pretty = json_dumps(preset->root, JSON_INDENT(2));
    VernisStatus status =
        pretty ? vn_bytes_append(text, pretty, strlen(pretty), err) : vn_no_memory(err, "preset", 0, "text");
    free(pretty);
    return status ? status : vn_bytes_append(text, "\n", 1, err);
}

/* @param wanted the one preset asked for, or NULL: then a bad file must not hide the others */
static VernisStatus add_preset(VnBytes *text, const Kind *kind, const char *name, const char *wanted, int json,
                               VnError *err) {
    Preset preset;
    double numbers[MAX_FIELDS];
    VnError problem = {0};
    char key[PRESET_KEY];
    snprintf(key, sizeof key, "%s/%s", kind->folder, name);
    VernisStatus status = preset_open(&preset, numbers, kind, name, wanted ? err : &problem);
    if (status)
        return wanted ? status : json ? VERNIS_OK : vn_text_add(text, err, "%-24s unusable: %s\n", key, problem.text);
    status = wanted && !json ? add_whole(text, &preset, err) : add_line(text, &preset, key, json, err);
    preset_close(&preset);
    return status;
}

static bool is_wanted(const char *wanted, const Kind *kind, const char *name) {
    size_t length = strlen(kind->folder);
    return !wanted || !strcmp(wanted, name) ||
           (!strncmp(wanted, kind->folder, length) && wanted[length] == '/' && !strcmp(wanted + length + 1, name));
}

/* The user's own presets that replace none of the built-in ones. */
static VernisStatus add_users(VnBytes *text, const Kind *kind, const char *wanted, int json, VnError *err) {
    char *folder = user_folder(kind);
    struct dirent **entries = NULL;
    int count = folder ? scandir(folder, &entries, NULL, alphasort) : 0;
    VernisStatus status = VERNIS_OK;
    for (int i = 0; i < count; i++) {
        char name[sizeof entries[i]->d_name], key[sizeof name + 32];
        const char *ending = vn_path_ext(entries[i]->d_name);
        snprintf(name, sizeof name, "%.*s", (int)(ending - entries[i]->d_name), entries[i]->d_name);
        snprintf(key, sizeof key, "%s/%s", kind->folder, name);
        if (!status && !strcmp(ending, ".json") && is_name(name) && is_wanted(wanted, kind, name) && !builtin_text(key))
            status = add_preset(text, kind, name, wanted, json, err);
        free(entries[i]);
    }
    free(entries);
    vn_free(folder);
    return status;
}

VernisStatus vernis_presets_text(const char *name, int json, char **out, VernisError *err) {
    VnBytes text = {0};
    VernisStatus status = VERNIS_OK;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds && !status; k++) {
        for (const VnPresetText *p = vn_preset_texts; p->key && !status; p++) {
            const char *own = strchr(p->key, '/') + 1;
            if ((size_t)(own - p->key) == strlen(kinds[k].folder) + 1 &&
                !strncmp(p->key, kinds[k].folder, strlen(kinds[k].folder)) && is_wanted(name, &kinds[k], own))
                status = add_preset(&text, &kinds[k], own, name, json, err);
        }
        if (!status)
            status = add_users(&text, &kinds[k], name, json, err);
    }
    if (!status && name && !text.size)
        status = vn_fail(err, VERNIS_E_ARGUMENT, "preset", "there is no preset %s; `vernis presets` lists them", name);
    return vn_text_finish(&text, out, status, err);
}
