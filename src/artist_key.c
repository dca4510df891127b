/* SPDX-License-Identifier: Apache-2.0 */
/* The artist's key: a line of 16 hexadecimal digits, one for everything an artist posts. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/fs.h"
#include "session_state.h"

static VernisStatus make_key(uint64_t *key, const char *path, VnError *err) {
    char line[20];
    if (getrandom(key, sizeof *key, 0) != (ssize_t)sizeof *key)
        return vn_fail(err, VERNIS_E_IO, "key", "%s: cannot get random numbers for it: %s", path, strerror(errno));
    snprintf(line, sizeof line, "%016llx\n", (unsigned long long)*key);
    return vn_file_write(path, line, strlen(line), false, err);
}

static VernisStatus read_key(uint64_t *key, const char *path, VnError *err) {
    VnBytes bytes;
    VN_TRY(vn_file_read(&bytes, path, 4096, err));
    char digits[17] = {0};
    memcpy(digits, bytes.data, bytes.size < 16 ? bytes.size : 16);
    vn_bytes_free(&bytes);
    *key = strtoull(digits, NULL, 16);
    if (strspn(digits, "0123456789abcdefABCDEF") != 16)
        return vn_fail(err, VERNIS_E_FORMAT, "key", "%s: not an artist's key (16 hexadecimal digits)", path);
    return VERNIS_OK;
}

VernisStatus vn_artist_key(uint64_t *key, const char *path, char *warning, size_t capacity, VnError *err) {
    *key = 0;
    *warning = 0;
    if (path && vn_path_exists(path))
        return read_key(key, path, err);
    if (path)
        return make_key(key, path, err);
    char *folder = vn_config_dir(), *own = folder ? vn_path_join(folder, "artist.key") : NULL;
    VernisStatus status = VERNIS_OK;
    if (!own) {
        snprintf(warning, capacity,
                 "no configuration folder for the artist's key (HOME is unset): using the common pattern");
    } else if (vn_path_exists(own)) {
        status = read_key(key, own, err);
    } else {
        VnError problem = {0};
        status = vn_make_dirs(folder, &problem);
        if (!status)
            status = make_key(key, own, &problem);
        if (status == VERNIS_E_EXISTS) /* another run made it at the same moment */
            status = read_key(key, own, err);
        else if (status) { /* a read-only home must not stop the work */
            *key = 0;
            snprintf(warning, capacity, "the artist's key could not be kept, using the common pattern: %.100s",
                     problem.text);
            status = VERNIS_OK;
        }
    }
    vn_free(own);
    vn_free(folder);
    return status;
}
