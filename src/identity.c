/* SPDX-License-Identifier: Apache-2.0 */
/* Who signs: the artist's own identity in the configuration folder, or the certificate and key that were given. */
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <openssl/crypto.h>

#include "base/fs.h"
#include "base/json.h"
#include "meta/certificate.h"
#include "session_state.h"

/* Without a time-stamp a signature is good for as long as its certificate: longer than most careers. */
#define YEAR INT64_C(31556952)
enum { ROOT, ROOT_KEY, LEAF, LEAF_KEY, FILES };
static const char *const file_names[FILES] = {"root.pem", "root.key", "leaf.pem", "leaf.key"};

/* The folder and its four files; heap. */
typedef struct Home {
    char *folder, *files[FILES];
} Home;

static void close_home(Home *home) {
    for (int i = 0; i < FILES; i++)
        vn_free(home->files[i]);
    vn_free(home->folder);
}

static VernisStatus open_home(Home *home, VnError *err) {
    *home = (Home){0};
    char *config = vn_config_dir();
    bool complete = config && (home->folder = vn_path_join(config, "identity")) != NULL;
    for (int i = 0; i < FILES && complete; i++)
        complete = (home->files[i] = vn_path_join(home->folder, file_names[i])) != NULL;
    vn_free(config);
    if (complete)
        return VERNIS_OK;
    close_home(home);
    return vn_fail(err, VERNIS_E_ARGUMENT, "identity", "no configuration folder for an identity: HOME is unset");
}

VernisStatus vn_session_signer(VnSigner **out, const VernisSettings *settings, VnError *err) {
    const char *cert = vernis_settings_text(settings, "cert"), *key = vernis_settings_text(settings, "key");
    bool off = !strcmp(vernis_settings_text(settings, "c2pa"), "off");
    Home home;
    *out = NULL;
    if (!cert != !key)
        return vn_fail(err, VERNIS_E_ARGUMENT, "identity", "--cert and --key go together: give --%s too",
                       cert ? "key" : "cert");
    if (cert && off)
        return vn_fail(err, VERNIS_E_ARGUMENT, "identity", "--cert and --c2pa off contradict each other");
    if (cert || off)
        return cert ? vn_signer_open(out, cert, key, err) : VERNIS_OK;
    if (open_home(&home, NULL))
        return VERNIS_OK; /* auto: no folder, no identity */
    VernisStatus status = VERNIS_OK;
    if (vn_path_exists(home.files[LEAF]) || vn_path_exists(home.files[LEAF_KEY]))
        status = vn_signer_open(out, home.files[LEAF], home.files[LEAF_KEY], err);
    close_home(&home);
    return status;
}

VernisStatus vn_identity_root(VnBytes *out, VnError *err) {
    Home home;
    *out = (VnBytes){0};
    if (open_home(&home, NULL))
        return VERNIS_OK;
    VernisStatus status = VERNIS_OK;
    if (vn_path_exists(home.files[ROOT]))
        status = vn_file_read(out, home.files[ROOT], VN_CERTIFICATE_BYTES, err);
    close_home(&home);
    return status;
}

/* The root that is there, to issue a new leaf, or none. One without the other is not replaced either. */
static VernisStatus read_root(VnIdentity *identity, const Home *home, VnError *err) {
    if (vn_path_exists(home->files[LEAF]) || vn_path_exists(home->files[LEAF_KEY]))
        return vn_fail(
            err, VERNIS_E_EXISTS, "identity",
            "%s: there is an identity already: use it, or move leaf.pem and leaf.key away (a new pair from the "
            "same root is made then) or all of the folder (a new root is made)",
            home->folder);
    if (!vn_path_exists(home->files[ROOT]) && !vn_path_exists(home->files[ROOT_KEY]))
        return VERNIS_OK;
    VN_TRY(vn_file_read(&identity->root, home->files[ROOT], VN_CERTIFICATE_BYTES, err));
    return vn_file_read(&identity->root_key, home->files[ROOT_KEY], VN_CERTIFICATE_BYTES, err);
}

/* Keys first, certificates after: what is there of a run that broke off is seen, and never taken for an identity. */
static VernisStatus write_identity(const VnIdentity *identity, const Home *home, bool with_root, VnError *err) {
    VN_TRY(vn_make_dirs(home->folder, err));
    chmod(home->folder, 0700);
    if (with_root) {
        VN_TRY(vn_file_write_secret(home->files[ROOT_KEY], identity->root_key.data, identity->root_key.size, err));
        VN_TRY(vn_file_write(home->files[ROOT], identity->root.data, identity->root.size, false, err));
    }
    VN_TRY(vn_file_write_secret(home->files[LEAF_KEY], identity->leaf_key.data, identity->leaf_key.size, err));
    return vn_file_write(home->files[LEAF], identity->leaf.data, identity->leaf.size, false, err);
}

static VernisStatus describe(VnBytes *text, const Home *home, const char *name, int64_t until, int json, VnError *err) {
    char day[16];
    time_t end = (time_t)until;
    struct tm date;
    strftime(day, sizeof day, "%Y-%m-%d", gmtime_r(&end, &date));
    if (!json)
        return vn_text_add(text, err,
                           "%s can sign until %s. `vernis protect` does so from now on.\n"
                           "  certificate  %s\n  private key  %s (never give it away)\n"
                           "  root         %s (for those who want to trust it; its key, root.key, belongs in a safe "
                           "place)\n",
                           name, day, home->files[LEAF], home->files[LEAF_KEY], home->files[ROOT]);
    json_t *line =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "status", "ok", "name", name, "certificate", home->files[LEAF],
                  "key", home->files[LEAF_KEY], "root", home->files[ROOT], "valid_until", day);
    char *dump = line ? vn_json_text(line) : NULL;
    json_decref(line);
    VernisStatus status = dump ? vn_text_add(text, err, "%s\n", dump) : vn_no_memory(err, "identity", 0, "a line");
    vn_free(dump);
    return status;
}

VernisStatus vernis_identity_create(const char *name, int json, char **out, VernisError *err) {
    VnIdentity identity = {0};
    VnBytes text = {0};
    Home home;
    int64_t now = time(NULL), until = now + 25 * YEAR;
    *out = NULL;
    VN_TRY(open_home(&home, err));
    VernisStatus status;
    VN_CHECK(read_root(&identity, &home, err));
    bool with_root = !identity.root.size;
    /* From yesterday: other people's clocks are behind. */
    VN_CHECK(vn_identity_make(&identity, name, now - 86400, until, err));
    VN_CHECK(write_identity(&identity, &home, with_root, err));
    VN_CHECK(describe(&text, &home, name, until, json, err));
done:
    vn_identity_free(&identity);
    close_home(&home);
    return vn_text_finish(&text, out, status, err);
}
