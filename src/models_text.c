/* SPDX-License-Identifier: Apache-2.0 */
/* `models`: list the surrogates, describe a model file, install one for later use by name. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/json.h"
#include "session_state.h"

/* Takes the line. */
static VernisStatus add_line(VnBytes *text, json_t *line, VnError *err) {
    char *dump = line ? vn_json_text(line) : NULL;
    json_decref(line);
    VernisStatus status = dump ? vn_text_add(text, err, "%s\n", dump) : vn_no_memory(err, "models", 0, "a line");
    vn_free(dump);
    return status;
}

static VernisStatus add_encoder(VnBytes *text, const VnEncoderInfo *info, const char *origin, int json, VnError *err) {
    if (!json)
        return vn_text_add(text, err,
                           "%-20s %s%s, stride %u, %u latent channels, width %u, %.1f k multiply-adds per pixel, "
                           "%.2f M parameters, %.0f MB in memory, %s\n",
                           info->name, info->family, info->pooled ? " with pooled branches" : "", info->stride,
                           info->latent_channels, info->width, info->macs_per_pixel / 1e3,
                           (double)info->parameters / 1e6, (double)info->weight_bytes / 1e6, origin);
    json_t *line = json_pack(
        "{s:s, s:s, s:i, s:i, s:i, s:b, s:f, s:I, s:I, s:I, s:s}", "name", info->name, "family", info->family, "stride",
        (int)info->stride, "latent_channels", (int)info->latent_channels, "width", (int)info->width, "pooled",
        (int)info->pooled, "macs_per_pixel", info->macs_per_pixel, "parameters", (json_int_t)info->parameters,
        "file_bytes", (json_int_t)info->file_bytes, "memory_bytes", (json_int_t)info->weight_bytes, "origin", origin);
    return add_line(text, line, err);
}

static VernisStatus add_decoder(VnBytes *text, const VnEncoder *encoder, int json, VnError *err) {
    VnDecoder *decoder;
    VN_TRY(vn_decoder_open_for(&decoder, encoder, err));
    if (!decoder)
        return VERNIS_OK;
    const VnDecoderInfo *info = vn_decoder_info(decoder);
    VernisStatus status = VERNIS_OK;
    if (json) {
        json_t *line = json_pack("{s:s, s:s, s:i, s:i, s:f, s:I, s:I, s:I, s:s}", "name", info->name, "decodes",
                                 info->encoder, "stride", (int)info->stride, "latent_channels",
                                 (int)info->latent_channels, "macs_per_pixel", info->macs_per_pixel, "parameters",
                                 (json_int_t)info->parameters, "file_bytes", (json_int_t)info->file_bytes,
                                 "memory_bytes", (json_int_t)info->weight_bytes, "origin", "built in");
        status = add_line(text, line, err);
    } else {
        status = vn_text_add(text, err,
                             "%-20s no surrogate: paints what %s sees for --report, %.1f k multiply-adds per pixel, "
                             "%.2f M parameters, built in\n",
                             info->name, info->encoder, info->macs_per_pixel / 1e3, (double)info->parameters / 1e6);
    }
    vn_decoder_close(&decoder);
    return status;
}

static VernisStatus add_installed(VnBytes *text, int json, VnError *err) {
    char *config = vn_config_dir(), *folder = config ? vn_path_join(config, "models") : NULL;
    struct dirent **entries = NULL;
    int count = folder ? scandir(folder, &entries, NULL, alphasort) : 0;
    VernisStatus status = VERNIS_OK;
    for (int i = 0; i < count; i++) {
        VnEncoder *encoder = NULL;
        VnError problem = {0};
        char *path = vn_path_join(folder, entries[i]->d_name);
        if (!status && path && !strcmp(vn_path_ext(path), ".safetensors")) {
            if (vn_encoder_open(&encoder, path, &problem)) /* one bad file must not hide the others */
                status =
                    json ? VERNIS_OK : vn_text_add(text, err, "%-20s unusable: %s\n", entries[i]->d_name, problem.text);
            else
                status = add_encoder(text, vn_encoder_info(encoder), path, json, err);
        }
        vn_encoder_close(&encoder);
        vn_free(path);
        free(entries[i]);
    }
    free(entries);
    vn_free(folder);
    vn_free(config);
    return status;
}

VernisStatus vernis_models_text(const char *path, int json, char **out, VernisError *err) {
    VnBytes text = {0};
    VnEncoder *encoder = NULL;
    VernisStatus status = VERNIS_OK;
    vn_kern_init(VN_CPU_AMX);
    if (path) {
        status = vn_surrogate_open(&encoder, path, err);
        if (!status)
            status = add_encoder(&text, vn_encoder_info(encoder), path, json, err);
        vn_encoder_close(&encoder);
        return vn_text_finish(&text, out, status, err);
    }
    for (size_t i = 0; i < vn_builtin_count() && !status; i++) {
        status = vn_builtin_open(&encoder, i, err);
        if (!status)
            status = add_encoder(&text, vn_encoder_info(encoder), "built in", json, err);
        if (!status)
            status = add_decoder(&text, encoder, json, err);
        vn_encoder_close(&encoder);
    }
    if (!status)
        status = add_installed(&text, json, err);
    return vn_text_finish(&text, out, status, err);
}

VernisStatus vernis_models_install(const char *path, const char *name, VernisError *err) {
    VnEncoder *encoder = NULL;
    VnMap map = {0};
    char *target = vn_model_path(name), *folder = NULL;
    VernisStatus status;
    if (!target)
        return vn_fail(err, VERNIS_E_ARGUMENT, "models",
                       "%s: not a name for a model: at most 60 characters, no slash, no leading dot, and a home folder",
                       name);
    for (size_t i = 0; i < vn_builtin_count(); i++)
        if (!strcmp(name, vn_builtin_name(i)) ||
            (vn_builtin_decoder_name(i) && !strcmp(name, vn_builtin_decoder_name(i)))) {
            vn_free(target);
            return vn_fail(err, VERNIS_E_ARGUMENT, "models", "%s: a built-in model has that name", name);
        }
    vn_kern_init(VN_CPU_AMX);
    VN_CHECK(vn_encoder_open(&encoder, path, err));
    VN_CHECK(vn_map_open(&map, path, err));
    folder = vn_strdup(target);
    if (!folder) {
        status = vn_no_memory(err, "models", strlen(target), "a path");
        goto done;
    }
    *strrchr(folder, '/') = 0;
    VN_CHECK(vn_make_dirs(folder, err));
    VN_CHECK(vn_file_write(target, map.data, map.size, false, err));
done:
    vn_map_close(&map);
    vn_encoder_close(&encoder);
    vn_free(folder);
    vn_free(target);
    return status;
}
