/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a session: settings become values, the kernels are chosen, threads start, surrogates are loaded. */
#include "session_state.h"

#include <stdio.h>
#include <string.h>

#include <vernis/version.h>

#include "base/fs.h"
#include "kern/kern.h"

const char *vernis_version(void) { return VERNIS_VERSION; }
void vernis_free(void *block) { vn_free(block); }
void vernis_remove_temporaries(void) { vn_temp_cleanup(); }
void vernis_sweep_folder(const char *folder) { vn_temp_sweep(folder); }

char *vn_model_path(const char *name) {
    char file[128];
    if (!*name || *name == '.' || strchr(name, '/') || strlen(name) > 60)
        return NULL;
    snprintf(file, sizeof file, "models/%s.safetensors", name);
    char *folder = vn_config_dir();
    char *path = folder ? vn_path_join(folder, file) : NULL;
    vn_free(folder);
    return path;
}

VernisStatus vn_surrogate_open(VnEncoder **out, const char *name, VnError *err) {
    for (size_t i = 0; i < vn_builtin_count(); i++) {
        const char *decoder = vn_builtin_decoder_name(i);
        if (!strcmp(name, vn_builtin_name(i)))
            return vn_builtin_open(out, i, err);
        if (decoder && !strcmp(name, decoder))
            return vn_fail(
                err, VERNIS_E_ARGUMENT, "surrogate",
                "%s: is no surrogate but the decoder that paints what %s sees for a report; give --surrogate %s", name,
                vn_builtin_name(i), vn_builtin_name(i));
    }
    if (vn_path_exists(name))
        return vn_encoder_open(out, name, err);
    char *path = vn_model_path(name);
    VernisStatus status =
        path && vn_path_exists(path)
            ? vn_encoder_open(out, path, err)
            : vn_fail(err, VERNIS_E_ARGUMENT, "surrogate",
                      "%s: no such file, and no surrogate of that name; `vernis models` lists them", name);
    vn_free(path);
    return status;
}

static VernisStatus load_surrogates(VernisSession *session, const VernisSettings *settings, VnError *err) {
    size_t named = vernis_settings_count(settings, "surrogate");
    size_t count = named ? named : vn_builtin_count();
    if (count > VN_MAX_SURROGATES)
        return vn_fail(err, VERNIS_E_ARGUMENT, "surrogate", "%zu surrogates are given, at most %d are possible", count,
                       VN_MAX_SURROGATES);
    if (!count)
        return vn_fail(err, VERNIS_E_ARGUMENT, "surrogate",
                       "this build has no surrogate of its own: give --surrogate FILE");
    for (size_t i = 0; i < count; i++, session->encoder_count++)
        VN_TRY(named ? vn_surrogate_open(&session->encoders[i], vernis_settings_item(settings, "surrogate", i), err)
                     : vn_builtin_open(&session->encoders[i], i, err));
    return VERNIS_OK;
}

static bool names_foreign_surrogate(const VernisSettings *settings) {
    bool foreign = false;
    for (size_t i = 0; i < vernis_settings_count(settings, "surrogate"); i++) {
        bool builtin = false;
        for (size_t k = 0; k < vn_builtin_count(); k++)
            builtin = builtin || !strcmp(vernis_settings_item(settings, "surrogate", i), vn_builtin_name(k));
        foreign = foreign || !builtin;
    }
    return foreign;
}

static VernisStatus copy_text(char **out, const VernisSettings *settings, const char *name, VnError *err) {
    const char *text = vernis_settings_text(settings, name);
    *out = vn_strdup(text && *text ? text : NULL);
    return *out || !text || !*text ? VERNIS_OK : vn_no_memory(err, "settings", strlen(text), name);
}

static VernisStatus read_rights(VnRights *rights, const VernisSettings *settings, VnError *err) {
    VN_TRY(copy_text(&rights->creator, settings, "creator", err));
    VN_TRY(copy_text(&rights->copyright, settings, "copyright", err));
    VN_TRY(copy_text(&rights->credit, settings, "credit", err));
    VN_TRY(copy_text(&rights->license_url, settings, "license-url", err));
    VN_TRY(copy_text(&rights->licensor_name, settings, "licensor-name", err));
    VN_TRY(copy_text(&rights->licensor_email, settings, "licensor-email", err));
    VN_TRY(copy_text(&rights->licensor_url, settings, "licensor-url", err));
    VN_TRY(copy_text(&rights->contact_email, settings, "contact-email", err));
    VN_TRY(copy_text(&rights->contact_url, settings, "contact-url", err));
    VN_TRY(copy_text(&rights->usage_terms, settings, "usage-terms", err));
    VN_TRY(copy_text(&rights->constraints, settings, "constraints", err));
    if (vernis_settings_is_set(settings, "data-mining"))
        VN_TRY(vn_data_mining_uri(&rights->data_mining, vernis_settings_text(settings, "data-mining"), err));
    return vn_source_type_uri(&rights->source_type, vernis_settings_text(settings, "source-type"), err);
}

static VernisStatus read_settings(VernisSession *session, const VernisSettings *settings, VnError *err) {
    VN_TRY(vn_strength_load(&session->strength, vernis_settings_text(settings, "strength"), err));
    if (vernis_settings_is_set(settings, "visibility")) {
        session->strength.visibility = vernis_settings_number(settings, "visibility");
        snprintf(session->strength.name, sizeof session->strength.name, "custom");
    }
    if (vernis_settings_is_set(settings, "steps"))
        session->strength.steps = (int)vernis_settings_number(settings, "steps");
    else if (names_foreign_surrogate(settings))
        session->strength.steps *= 8; /* the start was made on the built-in ones and brings others less far */
    const char *platform = vernis_settings_text(settings, "for");
    if (platform)
        VN_TRY(vn_platform_load(&session->platform, platform, err));
    const char *ingest = vernis_settings_text(settings, "ingest");
    VN_TRY(vn_ingest_read(&session->ingest, ingest ? ingest : platform, err));
    session->seed = (uint64_t)vernis_settings_number(settings, "seed");
    session->objective = !strcmp(vernis_settings_text(settings, "objective"), "untargeted") ? VN_OBJECTIVE_UNTARGETED
                                                                                            : VN_OBJECTIVE_DIRECTION;
    session->time_limit = vernis_settings_number(settings, "time-limit");
    session->quality = (int)vernis_settings_number(settings, "quality");
    session->quality_given = vernis_settings_is_set(settings, "quality") != 0;
    if (platform && !session->quality_given)
        session->quality = session->platform.posted.quality;
    session->format_given = vernis_settings_is_set(settings, "format") != 0;
    snprintf(session->format, sizeof session->format, "%s",
             platform && !session->format_given ? session->platform.format : vernis_settings_text(settings, "format"));
    session->keep_profile = vernis_settings_number(settings, "keep-profile") > 0;
    session->overwrite = vernis_settings_number(settings, "overwrite") > 0;
    session->again = vernis_settings_number(settings, "again") > 0;
    VN_TRY(copy_text(&session->key_path, settings, "artist-key", err));
    session->data_mining_given = vernis_settings_is_set(settings, "data-mining");
    const char *keep = vernis_settings_text(settings, "keep");
    session->keep = !strcmp(keep, "all") ? VN_KEEP_ALL : !strcmp(keep, "none") ? VN_KEEP_NONE : VN_KEEP_RIGHTS;
    if (vernis_settings_number(settings, "keep-location") > 0)
        session->keep |= VN_KEEP_LOCATION;
    if (vernis_settings_number(settings, "keep-serials") > 0)
        session->keep |= VN_KEEP_SERIALS;
    vn_mem_limit((size_t)vernis_settings_number(settings, "max-memory"));
    session->c2pa = strcmp(vernis_settings_text(settings, "c2pa"), "off") != 0;
    VN_TRY(vn_session_signer(&session->signer, settings, err));
    return read_rights(&session->rights, settings, err);
}

VernisStatus vernis_session_open(VernisSession **out, const VernisSettings *settings, const VernisHooks *hooks,
                                 VernisError *err) {
    *out = NULL;
    VnCpu ceiling = VN_CPU_AMX;
    const char *cpu = vernis_settings_text(settings, "cpu");
    if (cpu)
        VN_TRY(vn_cpu_parse(&ceiling, cpu, err));
    VernisSession *session = vn_calloc(1, sizeof *session);
    if (!session)
        return vn_no_memory(err, "session", sizeof *session, "the session");
    if (hooks)
        session->hooks = *hooks;
    session->cpu = vn_kern_init(ceiling);
    vn_gemm_exact(vernis_settings_number(settings, "exact") > 0);
    VernisStatus status = read_settings(session, settings, err);
    if (!status)
        status = vn_pool_open_on(&session->pool, (unsigned)vernis_settings_number(settings, "threads"),
                                 session->hooks.parallel_for, session->hooks.opaque, err);
    if (!status)
        status = load_surrogates(session, settings, err);
    if (status)
        vernis_session_close(&session);
    *out = session;
    return status;
}

void vernis_session_close(VernisSession **handle) {
    VernisSession *session = *handle;
    if (!session)
        return;
    for (size_t i = 0; i < VN_MAX_SURROGATES; i++)
        vn_encoder_close(&session->encoders[i]);
    vn_pool_close(&session->pool);
    vn_rights_free(&session->rights);
    vn_signer_close(&session->signer);
    vn_free(session->key_path);
    vn_free(session);
    *handle = NULL;
}
