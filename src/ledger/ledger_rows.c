/* SPDX-License-Identifier: Apache-2.0 */
/* Rows in and out of the table, and as JSON. */
#include <string.h>

#include "base/json.h"
#include "ledger/ledger_db.h"
#include "ledger/pdq.h"

#define COLUMNS \
    "time, input, output, reason, recipe, settings, version, sha256_in, sha256_out, surrogates, shifts, " \
    "coalesce(lower(hex(pdq)), ''), id, state, quality, width, height, bytes_in, bytes_out, steps, psnr, ssim, visibility, " \
    "seconds, (SELECT rgb FROM thumbnail WHERE thumbnail.id = work.id)"
const char vn_ledger_columns[] = COLUMNS;
enum { TEXTS = 12 };

const uint8_t *vn_ledger_thumbnail(sqlite3_stmt *statement, int column) {
    const void *rgb = sqlite3_column_blob(statement, column);
    return sqlite3_column_bytes(statement, column) == VERNIS_THUMBNAIL_BYTES ? rgb : NULL;
}

VernisStatus vn_ledger_row_take(VernisLedger *ledger, sqlite3_stmt *statement, VernisLedgerRow *row, VnError *err) {
    const char **texts[TEXTS] = {&row->time,       &row->input,      &row->output,  &row->reason,
                                 &row->recipe,     &row->settings,   &row->version, &row->sha256_in,
                                 &row->sha256_out, &row->surrogates, &row->shifts,  &row->pdq};
    const uint8_t *thumbnail = vn_ledger_thumbnail(statement, TEXTS + 12);
    size_t size = thumbnail ? VERNIS_THUMBNAIL_BYTES : 0;
    for (int i = 0; i < TEXTS; i++) {
        const char *text = (const char *)sqlite3_column_text(statement, i);
        if (!text)
            return vn_ledger_fail(ledger, sqlite3_errcode(ledger->db) == SQLITE_NOMEM ? SQLITE_NOMEM : SQLITE_CORRUPT,
                                  "be read", err);
        size += strlen(text) + 1;
    }
    vn_free(ledger->texts);
    char *at = ledger->texts = vn_malloc(size);
    if (!at)
        return vn_no_memory(err, "ledger", size, "a row of the ledger");
    for (int i = 0; i < TEXTS; i++) {
        const char *text = (const char *)sqlite3_column_text(statement, i);
        size_t length = strlen(text) + 1;
        *texts[i] = memcpy(at, text, length);
        at += length;
    }
    row->thumbnail = thumbnail ? memcpy(at, thumbnail, VERNIS_THUMBNAIL_BYTES) : NULL;
    row->id = sqlite3_column_int64(statement, TEXTS);
    row->state = (VernisLedgerState)sqlite3_column_int(statement, TEXTS + 1);
    row->quality = sqlite3_column_int(statement, TEXTS + 2);
    row->width = (uint32_t)sqlite3_column_int64(statement, TEXTS + 3);
    row->height = (uint32_t)sqlite3_column_int64(statement, TEXTS + 4);
    row->bytes_in = (uint64_t)sqlite3_column_int64(statement, TEXTS + 5);
    row->bytes_out = (uint64_t)sqlite3_column_int64(statement, TEXTS + 6);
    row->steps = sqlite3_column_int(statement, TEXTS + 7);
    row->psnr = sqlite3_column_double(statement, TEXTS + 8);
    row->ssim = sqlite3_column_double(statement, TEXTS + 9);
    row->visibility = sqlite3_column_double(statement, TEXTS + 10);
    row->seconds = sqlite3_column_double(statement, TEXTS + 11);
    return VERNIS_OK;
}

/* Other programs may have taken out a row and left its thumbnail. */
static VernisStatus add_thumbnail(const VernisLedger *ledger, const uint8_t *rgb, VnError *err) {
    sqlite3_stmt *statement;
    int more;
    VN_TRY(vn_ledger_prepare(ledger, &statement, "INSERT OR REPLACE INTO thumbnail(id, rgb) VALUES(?1, ?2)", err));
    sqlite3_bind_int64(statement, 1, sqlite3_last_insert_rowid(ledger->db));
    int bad = sqlite3_bind_blob(statement, 2, rgb, VERNIS_THUMBNAIL_BYTES, SQLITE_STATIC);
    VernisStatus status =
        bad ? vn_ledger_fail(ledger, bad & 0xff, "be written", err) : vn_ledger_step(ledger, statement, &more, err);
    sqlite3_finalize(statement);
    return status;
}

VernisStatus vn_ledger_row_add(const VernisLedger *ledger, const VernisLedgerRow *row, VnError *err) {
    const char *texts[] = {row->time,    row->input,     row->output,     row->reason,     row->recipe, row->settings,
                           row->version, row->sha256_in, row->sha256_out, row->surrogates, row->shifts};
    const int64_t numbers[] = {
        row->state, row->quality, row->width, row->height, (int64_t)row->bytes_in, (int64_t)row->bytes_out, row->steps};
    const double figures[] = {row->psnr, row->ssim, row->visibility, row->seconds};
    uint8_t pdq[VN_PDQ_BYTES];
    sqlite3_stmt *statement;
    int at = 0, bad = 0, more;
    VN_TRY(vn_ledger_prepare(
        ledger, &statement,
        "INSERT INTO work(time, input, output, reason, recipe, settings, version, sha256_in, sha256_out, "
        "surrogates, shifts, state, quality, width, height, bytes_in, bytes_out, steps, psnr, ssim, "
        "visibility, seconds, pdq) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        err));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        bad |= sqlite3_bind_text(statement, ++at, texts[i] ? texts[i] : "", -1, SQLITE_STATIC);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        bad |= sqlite3_bind_int64(statement, ++at, numbers[i]);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        bad |= sqlite3_bind_double(statement, ++at,
                                   figures[i] == figures[i] ? figures[i] : 0); /* not a number would be NULL */
    if (row->pdq && vn_pdq_from_hex(pdq, row->pdq))
        bad |= sqlite3_bind_blob(statement, ++at, pdq, sizeof pdq, SQLITE_STATIC);
    VernisStatus status =
        bad ? vn_ledger_fail(ledger, bad & 0xff, "be written", err) : vn_ledger_step(ledger, statement, &more, err);
    sqlite3_finalize(statement);
    return !status && row->thumbnail ? add_thumbnail(ledger, row->thumbnail, err) : status;
}

VernisStatus vernis_ledger_next(VernisLedger *ledger, unsigned states, VernisLedgerRow *row, int *found,
                                VernisError *err) {
    sqlite3_stmt *statement;
    int64_t after = row->id;
    *row = (VernisLedgerRow){0};
    *found = 0;
    VN_TRY(vn_ledger_prepare(ledger, &statement,
                             "SELECT " COLUMNS " FROM work WHERE id > ?1 AND state & ?2 ORDER BY id LIMIT 1", err));
    sqlite3_bind_int64(statement, 1, after);
    sqlite3_bind_int64(statement, 2, states);
    VernisStatus status = vn_ledger_step(ledger, statement, found, err);
    if (!status && *found)
        status = vn_ledger_row_take(ledger, statement, row, err);
    if (!status && *found && row->id <= after) /* pages out of order: it would go round for ever */
        status = vn_ledger_fail(ledger, SQLITE_CORRUPT, "be read", err);
    sqlite3_finalize(statement);
    return status;
}

const char *vernis_ledger_state_name(VernisLedgerState state) {
    switch (state) {
    case VERNIS_LEDGER_BEGUN:
        return "begun";
    case VERNIS_LEDGER_DONE:
        return "done";
    case VERNIS_LEDGER_FAILED:
        return "failed";
    case VERNIS_LEDGER_REPLACED:
        return "replaced";
    }
    return "unknown";
}

/* The figures of a row that was done. */
static void add_result(json_t *line, const VernisLedgerRow *row) {
    json_t *shifts = json_loads(row->shifts, JSON_REJECT_DUPLICATES, NULL);
    json_object_set_new(line, "width", json_integer(row->width));
    json_object_set_new(line, "height", json_integer(row->height));
    json_object_set_new(line, "bytes_in", json_integer((json_int_t)row->bytes_in));
    json_object_set_new(line, "bytes_out", json_integer((json_int_t)row->bytes_out));
    json_object_set_new(line, "sha256_in", vn_json_string(row->sha256_in));
    json_object_set_new(line, "sha256_out", vn_json_string(row->sha256_out));
    json_object_set_new(line, "pdq", vn_json_string(row->pdq));
    json_object_set_new(line, "pdq_quality", json_integer(row->quality));
    json_object_set_new(line, "surrogates", vn_json_string(row->surrogates));
    json_object_set_new(line, "steps", json_integer(row->steps));
    json_object_set_new(line, "seconds", json_real(row->seconds));
    json_object_set_new(line, "metrics",
                        json_pack("{s:f, s:f, s:f, s:o}", "psnr", row->psnr, "ssim", row->ssim, "visibility",
                                  row->visibility, "latent_shift", shifts ? shifts : json_null()));
}

char *vernis_ledger_row_json(const VernisLedgerRow *row) {
    json_t *line = json_object();
    json_object_set_new(line, "id", json_integer(row->id));
    json_object_set_new(line, "status", json_string(vernis_ledger_state_name(row->state)));
    json_object_set_new(line, "time", vn_json_string(row->time));
    json_object_set_new(line, "input", vn_json_string(row->input));
    json_object_set_new(line, "output", vn_json_string(row->output));
    if (*row->reason)
        json_object_set_new(line, "reason", vn_json_string(row->reason));
    json_object_set_new(line, "recipe", vn_json_string(row->recipe));
    json_object_set_new(line, "settings", vn_json_string(row->settings));
    json_object_set_new(line, "version", vn_json_string(row->version));
    if (row->state & (VERNIS_LEDGER_DONE | VERNIS_LEDGER_REPLACED))
        add_result(line, row);
    char *text = line ? vn_json_text(line) : NULL;
    json_decref(line);
    return text;
}
