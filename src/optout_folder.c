/* SPDX-License-Identifier: Apache-2.0 */
/* `optout`: the opt-out files of a web site's folder. Everything is read and worked out before the first file is written. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "meta/optout.h"
#include "session_state.h"

enum { FILE_MOST = 4 << 20 };

typedef struct Change {
    char *folder, *path;
    bool exists;
    VnOptoutState state;
    VnBytes content;
} Change;

/* @return VERNIS_E_IO for a link, which an atomic write would turn into a file */
static VernisStatus look_up(Change *change, VnBytes *old, const char *root, const VnOptoutFile *file, VnError *err) {
    struct stat info;
    change->folder = vn_path_join(root, file->folder);
    change->path = change->folder ? vn_path_join(change->folder, file->name) : NULL;
    if (!change->path)
        return vn_no_memory(err, "optout", strlen(root), "a path");
    if (lstat(change->path, &info))
        return errno == ENOENT
                   ? VERNIS_OK
                   : vn_fail(err, VERNIS_E_IO, "optout", "%s: cannot look at it: %s", change->path, strerror(errno));
    change->exists = true;
    if (S_ISLNK(info.st_mode))
        return vn_fail(err, VERNIS_E_IO, "optout", "%s: is a link: name the folder of the file it points to",
                       change->path);
    return S_ISREG(info.st_mode) && info.st_size == 0 ? VERNIS_OK : vn_file_read(old, change->path, FILE_MOST, err);
}

static VernisStatus plan(Change *change, const char *root, const VnOptoutFile *file, bool removing, const char *date,
                         VnError *err) {
    VnBytes old = {0};
    VnError problem = {0};
    VernisStatus status = look_up(change, &old, root, file, err);
    if (!status && !removing)
        status = vn_optout_put(&change->content, &change->state, file, change->exists ? &old : NULL, date, &problem);
    else if (!status && change->exists)
        status = vn_optout_take(&change->content, &change->state, file, &old, &problem);
    if (problem.status)
        vn_fail(err, status, "optout", "%s: %s", change->path, problem.text);
    vn_bytes_free(&old);
    return status;
}

static VernisStatus carry_out(const Change *change, const VnOptoutFile *file, VnError *err) {
    if (change->state == VN_OPTOUT_CHANGED) {
        if (*file->folder)
            VN_TRY(vn_make_dirs(change->folder, err));
        return vn_file_write(change->path, change->content.data, change->content.size, change->exists, err);
    }
    if (change->state == VN_OPTOUT_GONE) {
        if (unlink(change->path))
            return vn_fail(err, VERNIS_E_IO, "optout", "%s: cannot remove: %s", change->path, strerror(errno));
        if (*file->folder)
            rmdir(change->folder); /* if nothing else is in it */
    }
    return VERNIS_OK;
}

static VernisStatus tell(VnBytes *text, const Change *change, const VnOptoutFile *file, bool removing, bool json,
                         VnError *err) {
    const char *status = change->state == VN_OPTOUT_GONE      ? "deleted"
                         : change->state == VN_OPTOUT_TAKEN   ? "left alone"
                         : change->state == VN_OPTOUT_CHANGED ? removing         ? "taken out"
                                                                : change->exists ? "merged"
                                                                                 : "written"
                         : removing                           ? "not there"
                                                              : "unchanged";
    const char *what =
        change->state == VN_OPTOUT_TAKEN ? "has a rule for the whole site already: look at it yourself" : file->what;
    if (!json)
        return vn_text_add(text, err, "%-10s  %s: %s\n", status, change->path, what);
    json_t *root = json_pack("{s:s, s:s, s:s}", "file", change->path, "status", status, "what", what);
    char *line = root ? vn_json_text(root) : NULL;
    VernisStatus done = line ? vn_text_add(text, err, "%s\n", line) : vn_no_memory(err, "optout", 0, "a line");
    vn_free(line);
    json_decref(root);
    return done;
}

static void today(char date[11]) {
    time_t now = time(NULL);
    struct tm parts;
    strftime(date, 11, "%Y-%m-%d", gmtime_r(&now, &parts));
}

VernisStatus vernis_optout_folder(const char *folder, int removing, int json, char **out, VernisError *err) {
    Change changes[VN_OPTOUT_FILES] = {0};
    VnBytes text = {0};
    VernisStatus status = VERNIS_OK;
    char date[11];
    *out = NULL;
    today(date);
    if (!vn_path_is_dir(folder))
        VN_CHECK(vn_fail(err, VERNIS_E_IO, "optout", "%s: is no folder: name the one that holds the web site", folder));
    for (int i = 0; i < VN_OPTOUT_FILES; i++)
        VN_CHECK(plan(&changes[i], folder, &vn_optout_files[i], removing, date, err));
    for (int i = 0; i < VN_OPTOUT_FILES; i++) {
        VN_CHECK(carry_out(&changes[i], &vn_optout_files[i], err));
        VN_CHECK(tell(&text, &changes[i], &vn_optout_files[i], removing, json, err));
    }
done:
    for (int i = 0; i < VN_OPTOUT_FILES; i++) {
        vn_free(changes[i].folder);
        vn_free(changes[i].path);
        vn_bytes_free(&changes[i].content);
    }
    return vn_text_finish(&text, out, status, err);
}
