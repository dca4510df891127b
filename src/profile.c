/* SPDX-License-Identifier: Apache-2.0 */
/* The artist's profile: a text file of "name = value" lines, one for each setting that is the same for all of an artist's
 * pictures. '#' begins a comment line; an empty value says nothing. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "session_state.h"

enum { PROFILE_MOST = 65536 };

/* What a profile may hold, in the order in which it is written. */
static const char *const names[] = {"creator",        "copyright",    "credit",        "license-url", "licensor-name",
                                    "licensor-email", "licensor-url", "contact-email", "contact-url", "usage-terms",
                                    "constraints",    "data-mining",  "source-type",   "keep",        "c2pa",
                                    "cert",           "key"};
enum { NAMES = sizeof names / sizeof *names };

char *vernis_profile_path(void) {
    char *folder = vn_config_dir();
    char *path = folder ? vn_path_join(folder, "profile") : NULL;
    vn_free(folder);
    return path;
}

static int name_index(const char *name, size_t size) {
    for (int i = 0; i < NAMES; i++)
        if (strlen(names[i]) == size && memcmp(names[i], name, size) == 0)
            return i;
    return -1;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/* Without white space at both ends. */
static const char *trim(const char *text, size_t *size) {
    while (*size && is_blank(text[*size - 1]))
        --*size;
    while (*size && is_blank(*text))
        text++, --*size;
    return text;
}

static VernisStatus unknown_name(const char *name, size_t size, VnError *err) {
    char list[300] = "";
    size_t used = 0;
    for (int i = 0; i < NAMES; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", names[i]);
    return vn_fail(err, VERNIS_E_ARGUMENT, "profile", "there is no \"%.*s\" in a profile: it may hold %s",
                   size < 60 ? (int)size : 60, name, list);
}

/* One line into `own`, the values of this profile alone. @param seen the line on which each name stood, 0 for none */
static VernisStatus read_line(VernisSettings *own, unsigned seen[NAMES], unsigned number, const char *line, size_t size,
                              VnError *err) {
    line = trim(line, &size);
    if (!size || *line == '#')
        return VERNIS_OK;
    const char *equals = memchr(line, '=', size);
    if (!equals)
        return vn_fail(err, VERNIS_E_ARGUMENT, "profile", "expected \"name = value\" or a comment that begins with #");
    size_t name_size = (size_t)(equals - line), value_size = size - name_size - 1;
    const char *name = trim(line, &name_size), *value = trim(equals + 1, &value_size);
    int index = name_index(name, name_size);
    if (index < 0)
        return unknown_name(name, name_size, err);
    if (seen[index])
        return vn_fail(err, VERNIS_E_ARGUMENT, "profile", "%s stands in line %u already", names[index], seen[index]);
    seen[index] = number;
    if (!value_size)
        return VERNIS_OK;
    char *text = vn_calloc(1, value_size + 1), *uri = NULL;
    if (!text)
        return vn_no_memory(err, "profile", value_size + 1, names[index]);
    memcpy(text, value, value_size);
    VernisStatus status = strlen(text) < value_size ? vn_fail(err, VERNIS_E_ARGUMENT, "profile", "a NUL byte in a text")
                                                    : vernis_settings_set(own, names[index], text, err);
    if (!status && !strcmp(names[index], "data-mining"))
        status = vn_data_mining_uri(&uri, text, err);
    vn_free(uri);
    vn_free(text);
    return status;
}

static VernisStatus read_lines(VernisSettings *own, const VnBytes *bytes, const char *path, VnError *err) {
    unsigned seen[NAMES] = {0}, number = 1;
    const char *at = (const char *)bytes->data, *end = at + bytes->size;
    if (bytes->size >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0) /* as Windows editors begin a UTF-8 file */
        at += 3;
    for (; at < end; number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        VnError problem = {0};
        VernisStatus status = read_line(own, seen, number, at, (size_t)((stop ? stop : end) - at), &problem);
        if (status)
            return vn_fail(err, status, "profile", "%s: line %u: %s", path, number, problem.text);
        at = stop ? stop + 1 : end;
    }
    return VERNIS_OK;
}

VernisStatus vernis_profile_read(VernisSettings *settings, const char *path, VernisError *err) {
    char *usual = path ? NULL : vernis_profile_path();
    VernisSettings *own = NULL;
    VnBytes bytes = {0};
    VernisStatus status = VERNIS_OK;
    if (!path && (!usual || !vn_path_exists(usual)))
        goto done;
    path = path ? path : usual;
    VN_CHECK(vernis_settings_open(&own, err));
    VN_CHECK(vn_file_read(&bytes, path, PROFILE_MOST, err));
    VN_CHECK(read_lines(own, &bytes, path, err));
    for (int i = 0; i < NAMES; i++)
        if (vernis_settings_is_set(own, names[i]) && !vernis_settings_is_set(settings, names[i]))
            VN_CHECK(vernis_settings_set(settings, names[i], vernis_settings_text(own, names[i]), err));
done:
    vernis_settings_close(&own);
    vn_bytes_free(&bytes);
    vn_free(usual);
    return status;
}

static VernisStatus add_name(VnBytes *text, const VernisSettings *settings, const char *name, VnError *err) {
    size_t count;
    const VernisSettingInfo *info = vernis_settings_table(&count);
    while (strcmp(info->name, name) != 0)
        info++;
    const char *value = vernis_settings_is_set(settings, name) ? vernis_settings_text(settings, name) : NULL;
    if (value && strpbrk(value, "\r\n"))
        return vn_fail(err, VERNIS_E_ARGUMENT, "profile", "%s: a value of a profile is one line", name);
    VN_TRY(vn_text_add(text, err, "\n# %s (%s)\n", info->help, info->value_name));
    if (!value)
        return vn_text_add(text, err, "#%s =\n", name);
    VN_TRY(vn_text_add(text, err, "%s = ", name));
    VN_TRY(vn_bytes_append(text, value, strlen(value), err));
    return vn_bytes_append(text, "\n", 1, err);
}

VernisStatus vernis_profile_write(const VernisSettings *settings, VernisError *err) {
    char *folder = vn_config_dir(), *path = vernis_profile_path();
    VnBytes text = {0};
    VernisStatus status = VERNIS_OK;
    if (!path)
        VN_CHECK(
            vn_fail(err, VERNIS_E_IO, "profile", "there is no configuration folder for a profile: HOME is not set"));
    VN_CHECK(vn_text_add(
        &text, err,
        "# The artist's profile: what `vernis protect` writes into every picture unless the command line says\n"
        "# otherwise. A line is name = value; lines that begin with # say nothing.\n"));
    for (int i = 0; i < NAMES; i++)
        VN_CHECK(add_name(&text, settings, names[i], err));
    VN_CHECK(vn_make_dirs(folder, err));
    VN_CHECK(vn_file_write(path, text.data, text.size, false, err));
done:
    vn_bytes_free(&text);
    vn_free(path);
    vn_free(folder);
    return status;
}
