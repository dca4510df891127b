/* SPDX-License-Identifier: Apache-2.0 */
/* Which settings shape a result, as a digest to compare by and as words to read. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sha256.h"
#include "base/text.h"
#include "ledger/ledger_db.h"

/* Settings of protect that say where, how much at once and what is told, but not what comes out. A new setting counts
 * until it is listed here: at worst a picture is made once more. */
static const char *const not_in_it[] = {"output",        "recursive", "files-from", "exclude", "overwrite",
                                        "skip-existing", "dry-run",   "resume",     "threads", "jobs",
                                        "max-memory",    "json",      "profile",    "report",  "progress",
                                        "quiet",         "verbose",   "ledger",     "shard",   NULL};

static bool has_word(const char *words, const char *word) {
    size_t length = strlen(word);
    for (const char *p = words; (p = strstr(p, word)) != NULL; p += length)
        if ((p == words || p[-1] == ' ') && (p[length] == ' ' || !p[length]))
            return true;
    return false;
}

static bool counts(const VernisSettingInfo *info) {
    for (const char *const *name = not_in_it; *name; name++)
        if (!strcmp(*name, info->name))
            return false;
    return has_word(info->commands, "protect");
}

/* One value; of a file that it names, size and time too. */
static VernisStatus add_value(VnBytes *out, const char *value, VnError *err) {
    struct stat info;
    VN_TRY(vn_bytes_append(out, value, strlen(value) + 1, err));
    if (stat(value, &info) || !S_ISREG(info.st_mode))
        return VERNIS_OK;
    return vn_text_add(out, err, "%jd %jd.%09ld", (intmax_t)info.st_size, (intmax_t)info.st_mtim.tv_sec,
                       info.st_mtim.tv_nsec);
}

/* @param whole everything, for the digest; @param said what was set, to be read */
static VernisStatus add_setting(VnBytes *whole, VnBytes *said, const VernisSettings *settings,
                                const VernisSettingInfo *info, VnError *err) {
    bool list = info->type == VERNIS_LIST, set = vernis_settings_is_set(settings, info->name) != 0;
    size_t count = list ? vernis_settings_count(settings, info->name) : 1;
    VN_TRY(vn_text_add(whole, err, "\n%s %zu\n", info->name, count));
    for (size_t i = 0; i < count; i++) {
        const char *value =
            list ? vernis_settings_item(settings, info->name, i) : vernis_settings_text(settings, info->name);
        VN_TRY(add_value(whole, value ? value : "\1", err));
        if (set && value)
            VN_TRY(vn_text_add(said, err, "%s%s=%s", said->size ? "; " : "", info->name, value));
    }
    return VERNIS_OK;
}

VernisStatus vn_recipe(char digest[65], char **text, const VernisSettings *settings, VnError *err) {
    VnBytes whole = {0}, said = {0};
    size_t count;
    const VernisSettingInfo *table = vernis_settings_table(&count);
    VernisStatus status = VERNIS_OK;
    for (size_t i = 0; i < count && !status; i++)
        if (counts(&table[i]))
            status = add_setting(&whole, &said, settings, &table[i], err);
    if (!status)
        status = vn_sha256(digest, whole.data, whole.size, err);
    vn_bytes_free(&whole);
    return vn_text_finish(&said, text, status, err);
}
