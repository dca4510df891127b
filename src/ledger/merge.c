/* SPDX-License-Identifier: Apache-2.0 */
/* Taking in what another ledger knows: that of another machine, or of another part of the work. */
#include <string.h>

#include "ledger/ledger_db.h"

/* Whether a query with the row's input, output, time, sha256_in, sha256_out, recipe and version as ?1..?7 gives anything. */
static VernisStatus asks(const VernisLedger *ledger, const VernisLedgerRow *row, const char *sql, int *yes,
                         VnError *err) {
    const char *texts[] = {row->input,      row->output, row->time,   row->sha256_in,
                           row->sha256_out, row->recipe, row->version};
    sqlite3_stmt *statement;
    *yes = 0;
    VN_TRY(vn_ledger_prepare(ledger, &statement, sql, err));
    for (int i = 0; i < sqlite3_bind_parameter_count(statement); i++)
        sqlite3_bind_text(statement, i + 1, texts[i], -1, SQLITE_STATIC);
    VernisStatus status = vn_ledger_step(ledger, statement, yes, err);
    sqlite3_finalize(statement);
    return status;
}

/* What was done stays known for good; of several pictures in one place the latest is the one that stands there. */
static VernisStatus add_done(const VernisLedger *ledger, VernisLedgerRow *row, size_t *added, VnError *err) {
    const char *output[] = {row->output, NULL};
    int there, newer = row->state == VERNIS_LEDGER_REPLACED;
    VN_TRY(asks(
        ledger, row,
        "SELECT 1 FROM work WHERE output = ?2 AND state IN (2, 8) AND sha256_in = ?4 AND sha256_out = ?5 AND recipe = ?6 "
        "AND version = ?7",
        &there, err));
    if (there)
        return VERNIS_OK;
    if (!newer)
        VN_TRY(asks(ledger, row, "SELECT 1 FROM work WHERE output = ?2 AND state = 2 AND time > ?3", &newer, err));
    row->state = newer ? VERNIS_LEDGER_REPLACED : VERNIS_LEDGER_DONE;
    if (!newer) {
        VN_TRY(vn_ledger_do(ledger, output, "UPDATE work SET state = 8 WHERE output = ?1 AND state = 2", err));
        VN_TRY(vn_ledger_do(ledger, output, "DELETE FROM work WHERE output = ?1 AND state IN (1, 4)", err));
    }
    ++*added;
    return vn_ledger_row_add(ledger, row, err);
}

/* A trial counts only where nothing as late is known of the same file. */
static VernisStatus add_trial(const VernisLedger *ledger, const VernisLedgerRow *row, size_t *added, VnError *err) {
    const char *texts[] = {row->input, row->output, NULL};
    int later;
    VN_TRY(asks(ledger, row, "SELECT 1 FROM work WHERE input = ?1 AND output = ?2 AND time >= ?3", &later, err));
    if (later)
        return VERNIS_OK;
    VN_TRY(vn_ledger_do(ledger, texts, "DELETE FROM work WHERE input = ?1 AND output = ?2 AND state IN (1, 4)", err));
    ++*added;
    return vn_ledger_row_add(ledger, row, err);
}

static VernisStatus add_all(VernisLedger *ledger, VernisLedger *other, size_t *added, VnError *err) {
    sqlite3_stmt *statement;
    int more = 0;
    char sql[512] = "SELECT ";
    strcat(sql, vn_ledger_columns);
    VN_TRY(vn_ledger_prepare(other, &statement, strcat(sql, " FROM work ORDER BY id"), err));
    VernisStatus status;
    while (!(status = vn_ledger_step(other, statement, &more, err)) && more) {
        VernisLedgerRow row = {0};
        status = vn_ledger_row_take(other, statement, &row, err);
        if (status)
            break;
        switch (row.state) {
        case VERNIS_LEDGER_DONE:
        case VERNIS_LEDGER_REPLACED:
            status = add_done(ledger, &row, added, err);
            break;
        case VERNIS_LEDGER_BEGUN:
        case VERNIS_LEDGER_FAILED:
            status = add_trial(ledger, &row, added, err);
            break;
        default:
            status = vn_ledger_fail(other, SQLITE_CORRUPT, "be read", err);
        }
        if (status)
            break;
    }
    sqlite3_finalize(statement);
    return status;
}

VernisStatus vernis_ledger_merge(VernisLedger *ledger, const char *path, size_t *added, VernisError *err) {
    VernisLedger *other;
    *added = 0;
    VN_TRY(vernis_ledger_open(&other, path, NULL, 0, err));
    VernisStatus status = vn_ledger_lock(ledger, err);
    if (!status)
        status = vn_ledger_unlock(ledger, add_all(ledger, other, added, err), err);
    vernis_ledger_close(&other);
    if (status)
        *added = 0;
    return status;
}
