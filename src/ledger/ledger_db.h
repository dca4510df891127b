/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The ledger's SQLite side, shared by the files of this room: the connection, its errors, rows in and out.
 */
#ifndef VN_LEDGER_LEDGER_DB_H
#define VN_LEDGER_LEDGER_DB_H

#include <stdbool.h>
#include <time.h>

#include <sqlite3.h>

#include <vernis/ledger.h>

#include "base/mem.h"

struct VernisLedger {
    sqlite3 *db;
    char *path;
    char recipe[65]; /* "" when it was opened without settings */
    char *settings;
    char *texts;               /* of the row that was given out last */
    int64_t steps, most_steps; /* of the statement at work; what the file has room for */
};

/** The settings that bear on a result: their digest, and those that were set as text (heap). Files among them count by
 * name, size and time. */
VernisStatus vn_recipe(char digest[65], char **text, const VernisSettings *settings, VnError *err);

/** Say what SQLite said, and what to do. */
VernisStatus vn_ledger_fail(const VernisLedger *ledger, int code, const char *what, VnError *err);

/** Run SQL that gives no rows. */
VernisStatus vn_ledger_run(const VernisLedger *ledger, const char *sql, VnError *err);

/** Compile one statement. @param out for sqlite3_finalize, NULL on failure */
VernisStatus vn_ledger_prepare(const VernisLedger *ledger, sqlite3_stmt **out, const char *sql, VnError *err);

/** Take one step. @param more receives whether there is a row */
VernisStatus vn_ledger_step(const VernisLedger *ledger, sqlite3_stmt *statement, int *more, VnError *err);

/** Compile, bind texts in order, run to the end and finalise. @param texts NULL-ended */
VernisStatus vn_ledger_do(const VernisLedger *ledger, const char *const *texts, const char *sql, VnError *err);

/** Begin a transaction that may write; end it: commit, or take everything back when `status` is a failure.
 * @return status, or why it could not be committed */
VernisStatus vn_ledger_lock(const VernisLedger *ledger, VnError *err);
VernisStatus vn_ledger_unlock(const VernisLedger *ledger, VernisStatus status, VnError *err);

/** Names of the columns in the order in which vn_ledger_row_take reads them. */
extern const char vn_ledger_columns[];

/** Read a row from a statement that selects vn_ledger_columns; texts are copied into the ledger's keeping. */
VernisStatus vn_ledger_row_take(VernisLedger *ledger, sqlite3_stmt *statement, VernisLedgerRow *row, VnError *err);
/** Add a row that is done: the only one of its output, whose earlier picture stays known unless it is the same one. Within a
 * transaction. */
VernisStatus vn_ledger_put_done(const VernisLedger *ledger, const VernisLedgerRow *row, VnError *err);

/** A moment as a row says it. */
void vn_ledger_time(char out[32], time_t moment);

/** What else was seen of a picture that was fingerprinted. */
typedef struct VnSeen {
    uint32_t width, height;
    uint64_t bytes;
    bool marked; /* it is protected */
} VnSeen;
VernisStatus vn_fingerprint(VernisFingerprint *out, VnSeen *seen, const char *path, VnError *err);

/** The thumbnail in a column; NULL for anything of another size. Valid until the next step. */
const uint8_t *vn_ledger_thumbnail(sqlite3_stmt *statement, int column);
/** Add a row and its thumbnail; its id is the next free one. */
VernisStatus vn_ledger_row_add(const VernisLedger *ledger, const VernisLedgerRow *row, VnError *err);

#endif
