/* SPDX-License-Identifier: Apache-2.0 */
/* What a run that was killed had done, but had not noted yet. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "ledger/ledger_db.h"

/* The row that says that an output was begun. */
static VernisStatus begun_row(VernisLedger *ledger, const char *output, VernisLedgerRow *row, int *found,
                              VnError *err) {
    sqlite3_stmt *statement;
    char sql[512] = "SELECT ";
    strcat(sql, vn_ledger_columns);
    *found = 0;
    VN_TRY(vn_ledger_prepare(ledger, &statement,
                             strcat(sql, " FROM work WHERE output = ?1 AND state = 1 ORDER BY id DESC LIMIT 1"), err));
    sqlite3_bind_text(statement, 1, output, -1, SQLITE_STATIC);
    VernisStatus status = vn_ledger_step(ledger, statement, found, err);
    if (!status && *found)
        status = vn_ledger_row_take(ledger, statement, row, err);
    sqlite3_finalize(statement);
    return status;
}

/* "/a/b_original.png" of "/a/b.png". Heap, or NULL */
static char *name_of_original(const char *input, const char *suffix) {
    size_t stem = (size_t)(vn_path_ext(input) - input), size = strlen(input) + strlen(suffix) + 1;
    char *name = vn_malloc(size);
    if (name)
        snprintf(name, size, "%.*s%s%s", (int)stem, input, suffix, input + stem);
    return name;
}

/* Both pictures as they lie there. A picture that cannot be read is none that was finished.
 * @return whether they are what the run would have left */
static bool see(const VernisLedgerRow *row, const char *original, VernisFingerprint prints[2], VnSeen seen[2],
                char time[32]) {
    struct stat info;
    if (stat(row->output, &info))
        return false;
    vn_ledger_time(time, info.st_mtime);
    return strcmp(time, row->time) >= 0 && vn_path_exists(original) &&
           !vn_fingerprint(&prints[1], &seen[1], row->output, NULL) && seen[1].marked &&
           !vn_fingerprint(&prints[0], &seen[0], original, NULL) && !seen[0].marked;
}

VernisStatus vernis_ledger_recover(VernisLedger *ledger, const char *output, const char *suffix, VernisError *err) {
    VernisLedgerRow row = {0};
    VernisFingerprint prints[2];
    VnSeen seen[2];
    char *original = NULL, *path = vn_path_absolute(output), time[32];
    int found = 0;
    VernisStatus status = path ? begun_row(ledger, path, &row, &found, err) : vn_no_memory(err, "ledger", 0, output);
    if (!status && found && !(original = name_of_original(row.input, suffix)))
        status = vn_no_memory(err, "ledger", 0, output);
    if (!status && found && see(&row, original, prints, seen, time)) {
        row.state = VERNIS_LEDGER_DONE;
        row.time = time;
        row.input = original;
        row.sha256_in = prints[0].sha256;
        row.sha256_out = prints[1].sha256;
        row.pdq = prints[1].pdq[0];
        row.quality = prints[1].quality;
        row.thumbnail = prints[1].thumbnail;
        row.width = seen[1].width;
        row.height = seen[1].height;
        row.bytes_in = seen[0].bytes;
        row.bytes_out = seen[1].bytes;
        status = vn_ledger_lock(ledger, err);
        if (!status)
            status = vn_ledger_unlock(ledger, vn_ledger_put_done(ledger, &row, err), err);
    }
    vn_free(path);
    vn_free(original);
    return status;
}
