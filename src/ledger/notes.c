/* SPDX-License-Identifier: Apache-2.0 */
/* What a run notes, and what it asks before it starts. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <vernis/version.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"
#include "ledger/ledger_db.h"

/* A file's two ends, from the root. */
typedef struct Ends {
    char *input, *output;
} Ends;

static void ends_close(Ends *ends) {
    vn_free(ends->input);
    vn_free(ends->output);
}

static VernisStatus ends_open(Ends *ends, const char *input, const char *output, VnError *err) {
    ends->input = vn_path_absolute(input);
    ends->output = output && *output ? vn_path_absolute(output) : vn_strdup("");
    if (ends->input && ends->output)
        return VERNIS_OK;
    ends_close(ends);
    return vn_no_memory(err, "ledger", 0, input);
}

void vn_ledger_time(char out[32], time_t moment) {
    struct tm date;
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&moment, &date));
}

/* What was noted of this file and has not come to anything gives way, a failure from before its output was known too. */
static VernisStatus forget_trials(const VernisLedger *ledger, const char *input, const char *output, VnError *err) {
    const char *texts[] = {input, output, NULL};
    return vn_ledger_do(
        ledger, texts,
        "DELETE FROM work WHERE ((output = ?2 AND ?2 <> '') OR (output = '' AND input = ?1)) AND state IN (1, 4)", err);
}

/* A row for now, with what is the same for all rows of a run. */
static VernisLedgerRow row_of(const VernisLedger *ledger, const Ends *ends, VernisLedgerState state, char text[32]) {
    vn_ledger_time(text, time(NULL));
    return (VernisLedgerRow){.state = state,
                             .time = text,
                             .input = ends->input,
                             .output = ends->output,
                             .recipe = ledger->recipe,
                             .settings = ledger->settings,
                             .version = VERNIS_VERSION};
}

/* @param state 0: none, what was noted is taken out */
static VernisStatus note(VernisLedger *ledger, const char *input, const char *output, VernisLedgerState state,
                         const char *reason, VnError *err) {
    Ends ends;
    char time[32];
    VN_TRY(ends_open(&ends, input, output, err));
    VernisLedgerRow row = row_of(ledger, &ends, state, time);
    row.reason = reason;
    VernisStatus status = vn_ledger_lock(ledger, err);
    if (!status) {
        status = forget_trials(ledger, ends.input, ends.output, err);
        if (!status && state)
            status = vn_ledger_row_add(ledger, &row, err);
        status = vn_ledger_unlock(ledger, status, err);
    }
    ends_close(&ends);
    return status;
}

VernisStatus vernis_ledger_begin(VernisLedger *ledger, const char *input, const char *output, VernisError *err) {
    return note(ledger, input, output, VERNIS_LEDGER_BEGUN, "", err);
}

VernisStatus vernis_ledger_forget(VernisLedger *ledger, const char *input, const char *output, VernisError *err) {
    return note(ledger, input, output, 0, "", err);
}

VernisStatus vernis_ledger_fail(VernisLedger *ledger, const char *input, const char *output, const VernisError *failure,
                                VernisError *err) {
    return note(ledger, input, output, VERNIS_LEDGER_FAILED,
                *failure->text ? failure->text : vernis_status_name(failure->status), err);
}

static VernisStatus shifts_text(char **shifts, char **names, const VernisResult *result, VnError *err) {
    VnBytes list = {0};
    json_t *all = json_object();
    VernisStatus status = VERNIS_OK;
    for (size_t i = 0; i < result->shift_count; i++) {
        const VernisShift *s = &result->shifts[i];
        json_object_set_new(all, s->surrogate,
                            json_pack("{s:f, s:f, s:f}", "direct", s->direct, "ingest", s->ingest, "floor", s->floor));
        if (!status)
            status = vn_text_add(&list, err, "%s%s", i ? " " : "", s->surrogate);
    }
    *shifts = all ? vn_json_text(all) : NULL;
    json_decref(all);
    if (!*shifts && !status)
        status = vn_no_memory(err, "ledger", 0, "a row of the ledger");
    return vn_text_finish(&list, names, status, err);
}

VernisStatus vn_ledger_put_done(const VernisLedger *ledger, const VernisLedgerRow *row, VnError *err) {
    const char *same[] = {row->output, row->sha256_out, NULL}, *output[] = {row->output, NULL};
    VN_TRY(forget_trials(ledger, row->input, row->output, err));
    VN_TRY(
        vn_ledger_do(ledger, same, "DELETE FROM work WHERE output = ?1 AND state IN (2, 8) AND sha256_out = ?2", err));
    VN_TRY(vn_ledger_do(ledger, output, "UPDATE work SET state = 8 WHERE output = ?1 AND state = 2", err));
    return vn_ledger_row_add(ledger, row, err);
}

VernisStatus vernis_ledger_finish(VernisLedger *ledger, const char *input, const char *output,
                                  const VernisResult *result, VernisError *err) {
    Ends ends;
    char time[32], *shifts = NULL, *names = NULL;
    VN_TRY(ends_open(&ends, input, output, err));
    VernisStatus status = shifts_text(&shifts, &names, result, err);
    VernisLedgerRow row = row_of(ledger, &ends, VERNIS_LEDGER_DONE, time);
    row.sha256_in = result->sha256_in;
    row.sha256_out = result->sha256_out;
    row.pdq = result->pdq;
    row.quality = result->pdq_quality;
    row.thumbnail = result->thumbnail;
    row.surrogates = names;
    row.shifts = shifts;
    row.width = result->width;
    row.height = result->height;
    row.bytes_in = result->bytes_in;
    row.bytes_out = result->bytes_out;
    row.steps = result->steps;
    row.psnr = result->psnr;
    row.ssim = result->ssim;
    row.visibility = result->visibility;
    row.seconds = result->seconds;
    if (!status)
        status = vn_ledger_lock(ledger, err);
    if (!status)
        status = vn_ledger_unlock(ledger, vn_ledger_put_done(ledger, &row, err), err);
    vn_free(shifts);
    vn_free(names);
    ends_close(&ends);
    return status;
}

/* The rows of an output in some states; the statement steps through (state, sha256_in, sha256_out, bytes_out, recipe,
 * version). */
static VernisStatus rows_of(const VernisLedger *ledger, sqlite3_stmt **out, const char *output, VnError *err) {
    VN_TRY(vn_ledger_prepare(
        ledger, out,
        "SELECT state, sha256_in, sha256_out, bytes_out, recipe, version FROM work WHERE output = ?1 AND "
        "state IN (1, 2, 4)",
        err));
    if (!sqlite3_bind_text(*out, 1, output, -1, SQLITE_TRANSIENT))
        return VERNIS_OK;
    sqlite3_finalize(*out);
    *out = NULL;
    return vn_ledger_fail(ledger, SQLITE_NOMEM, "be read", err);
}

static bool column_is(sqlite3_stmt *statement, int column, const char *text) {
    const char *value = (const char *)sqlite3_column_text(statement, column);
    return value && !strcmp(value, text);
}

VernisStatus vernis_ledger_has_done(VernisLedger *ledger, const char *input, const char *output, int *done,
                                    VernisError *err) {
    Ends ends;
    sqlite3_stmt *statement = NULL;
    struct stat info;
    char now[VN_SHA256_HEX];
    int more = 0, trials = 0;
    *done = 0;
    if (stat(output, &info))
        return VERNIS_OK;
    VN_TRY(ends_open(&ends, input, output, err));
    VernisStatus status = rows_of(ledger, &statement, ends.output, err);
    while (!status && !(status = vn_ledger_step(ledger, statement, &more, err)) && more) {
        trials += sqlite3_column_int(statement, 0) != VERNIS_LEDGER_DONE;
        if (*done || sqlite3_column_int(statement, 0) != VERNIS_LEDGER_DONE ||
            sqlite3_column_int64(statement, 3) != info.st_size || !column_is(statement, 4, ledger->recipe) ||
            !column_is(statement, 5, VERNIS_VERSION))
            continue;
        *done = !vn_sha256_file(now, input, NULL) &&
                (column_is(statement, 1, now) || (!strcmp(ends.input, ends.output) && column_is(statement, 2, now)));
    }
    sqlite3_finalize(statement);
    /* It was begun again and killed when the same file was in place once more, but not noted. */
    if (!status && *done && trials)
        status = forget_trials(ledger, ends.input, ends.output, err);
    ends_close(&ends);
    return status;
}

VernisStatus vernis_ledger_owns(VernisLedger *ledger, const char *output, int *own, VernisError *err) {
    sqlite3_stmt *statement = NULL;
    char now[VN_SHA256_HEX], *path = vn_path_absolute(output);
    int more = 0;
    *own = 0;
    VernisStatus status = path ? rows_of(ledger, &statement, path, err) : vn_no_memory(err, "ledger", 0, output);
    while (!status && !*own && !(status = vn_ledger_step(ledger, statement, &more, err)) && more) {
        bool begun = sqlite3_column_int(statement, 0) == VERNIS_LEDGER_BEGUN;
        *own = begun || (!vn_sha256_file(now, output, NULL) && column_is(statement, 2, now));
    }
    sqlite3_finalize(statement);
    vn_free(path);
    return status;
}

VernisStatus vernis_ledger_check(VernisLedger *ledger, VernisError *err) {
    sqlite3_stmt *statement;
    int more = 0;
    VN_TRY(vn_ledger_prepare(ledger, &statement, "PRAGMA integrity_check(1)", err));
    VernisStatus status = vn_ledger_step(ledger, statement, &more, err);
    if (!status && !(more && column_is(statement, 0, "ok"))) {
        const char *said = more ? (const char *)sqlite3_column_text(statement, 0) : NULL;
        status = vn_fail(err, VERNIS_E_FORMAT, "ledger",
                         "%s: the ledger is damaged: %s; move it away and a new one is begun", ledger->path,
                         said ? said : "no answer");
    }
    sqlite3_finalize(statement);
    return status;
}

VernisStatus vernis_file_sha256(const char *path, char hex[65], VernisError *err) {
    return vn_sha256_file(hex, path, err);
}
