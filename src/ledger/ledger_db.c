/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the file, its schema, and SQLite's errors in the house's words. */
#include "ledger/ledger_db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"

/* "Vrns" in SQLite's header field for the kind of file, and the number of this schema. */
enum { APPLICATION = 0x56726e73, SCHEMA = 2, BUSY_MS = 30000 };

/* As SQLite keeps it, so that a file with anything else in it is told apart, and the schema that it came with. */
static const struct {
    const char *name, *sql;
    int since;
} schema[] = {
    {"work",
     "CREATE TABLE work(id INTEGER PRIMARY KEY, state INTEGER NOT NULL, time TEXT NOT NULL, input TEXT NOT NULL, "
     "output TEXT NOT NULL, reason TEXT NOT NULL, recipe TEXT NOT NULL, settings TEXT NOT NULL, "
     "version TEXT NOT NULL, sha256_in TEXT NOT NULL, sha256_out TEXT NOT NULL, surrogates TEXT NOT NULL, "
     "shifts TEXT NOT NULL, pdq BLOB, quality INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, "
     "bytes_in INTEGER NOT NULL, bytes_out INTEGER NOT NULL, steps INTEGER NOT NULL, psnr REAL NOT NULL, "
     "ssim REAL NOT NULL, visibility REAL NOT NULL, seconds REAL NOT NULL) STRICT",
     1},
    {"work_output", "CREATE INDEX work_output ON work(output, state)", 1},
    {"work_bytes", "CREATE INDEX work_bytes ON work(sha256_out) WHERE sha256_out <> ''", 1},
    /* All that a search reads of every row: small, and next to each other. */
    {"work_pdq", "CREATE INDEX work_pdq ON work(pdq, quality) WHERE pdq IS NOT NULL", 1},
    /* Read of the few that are near; a page each. */
    {"thumbnail",
     "CREATE TABLE thumbnail(id INTEGER PRIMARY KEY REFERENCES work(id) ON DELETE CASCADE, rgb BLOB NOT NULL) STRICT",
     2},
};
enum { SCHEMA_PARTS = sizeof schema / sizeof *schema };

VernisStatus vn_ledger_fail(const VernisLedger *ledger, int code, const char *what, VnError *err) {
    bool known = ledger->db && (sqlite3_errcode(ledger->db) & 0xff) == (code & 0xff);
    const char *said = known ? sqlite3_errmsg(ledger->db) : sqlite3_errstr(code);
    int system = ledger->db && (code & 0xff) != SQLITE_INTERRUPT ? sqlite3_system_errno(ledger->db) : 0;
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return vn_no_memory(err, "ledger", 0, ledger->path);
    case SQLITE_FULL:
        return vn_fail(err, VERNIS_E_NO_SPACE, "ledger", "%s: cannot %s: no space left for the ledger", ledger->path,
                       what);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_INTERRUPT: /* by count_steps: a page that leads back to itself, say */
    case SQLITE_ERROR:     /* a table that is not what its name says */
        return vn_fail(err, VERNIS_E_FORMAT, "ledger",
                       "%s: cannot %s: the ledger is damaged or no ledger (%s); move it away and a new one is begun",
                       ledger->path, what, said);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return vn_fail(err, VERNIS_E_IO, "ledger", "%s: cannot %s: another program has held the ledger for %d s",
                       ledger->path, what, BUSY_MS / 1000);
    default:
        if (system == ENOSPC || system == EDQUOT || system == EFBIG)
            return vn_fail(err, VERNIS_E_NO_SPACE, "ledger", "%s: cannot %s: %s", ledger->path, what, strerror(system));
        return vn_fail(err, VERNIS_E_IO, "ledger", "%s: cannot %s: %s%s%s", ledger->path, what, said,
                       system ? ": " : "", system ? strerror(system) : "");
    }
}

VernisStatus vn_ledger_run(const VernisLedger *ledger, const char *sql, VnError *err) {
    ((VernisLedger *)(uintptr_t)ledger)->steps = 0;
    int code = sqlite3_exec(ledger->db, sql, NULL, NULL, NULL);
    return code ? vn_ledger_fail(ledger, code, "be written", err) : VERNIS_OK;
}

VernisStatus vn_ledger_prepare(const VernisLedger *ledger, sqlite3_stmt **out, const char *sql, VnError *err) {
    *out = NULL;
    ((VernisLedger *)(uintptr_t)ledger)->steps = 0;
    int code = sqlite3_prepare_v2(ledger->db, sql, -1, out, NULL);
    return code ? vn_ledger_fail(ledger, code, "be read", err) : VERNIS_OK;
}

VernisStatus vn_ledger_step(const VernisLedger *ledger, sqlite3_stmt *statement, int *more, VnError *err) {
    int code = sqlite3_step(statement);
    *more = code == SQLITE_ROW;
    if (code == SQLITE_ROW || code == SQLITE_DONE)
        return VERNIS_OK;
    return vn_ledger_fail(ledger, code, sqlite3_stmt_readonly(statement) ? "be read" : "be written", err);
}

VernisStatus vn_ledger_do(const VernisLedger *ledger, const char *const *texts, const char *sql, VnError *err) {
    sqlite3_stmt *statement;
    int more = 1;
    VN_TRY(vn_ledger_prepare(ledger, &statement, sql, err));
    VernisStatus status = VERNIS_OK;
    for (int i = 0; texts[i] && !status; i++)
        if (sqlite3_bind_text(statement, i + 1, texts[i], -1, SQLITE_STATIC))
            status = vn_ledger_fail(ledger, SQLITE_NOMEM, "be written", err);
    while (!status && more)
        status = vn_ledger_step(ledger, statement, &more, err);
    sqlite3_finalize(statement);
    return status;
}

VernisStatus vn_ledger_lock(const VernisLedger *ledger, VnError *err) {
    return vn_ledger_run(ledger, "BEGIN IMMEDIATE", err);
}

VernisStatus vn_ledger_unlock(const VernisLedger *ledger, VernisStatus status, VnError *err) {
    if (!status)
        status = vn_ledger_run(ledger, "COMMIT", err);
    if (status && !sqlite3_get_autocommit(ledger->db))
        vn_ledger_run(ledger, "ROLLBACK", NULL); /* what cannot be taken back now is when it is opened next */
    return status;
}

static VernisStatus number_of(const VernisLedger *ledger, const char *sql, int64_t *out, VnError *err) {
    sqlite3_stmt *statement;
    int more = 0;
    VN_TRY(vn_ledger_prepare(ledger, &statement, sql, err));
    VernisStatus status = vn_ledger_step(ledger, statement, &more, err);
    *out = more ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return status;
}

static VernisStatus no_ledger(const VernisLedger *ledger, VnError *err) {
    return vn_fail(err, VERNIS_E_FORMAT, "ledger", "%s: is a database, but no ledger of Vernis; it is left as it is",
                   ledger->path);
}

/* Add what came after schema number `version` (0: an empty file). */
static VernisStatus add_schema(const VernisLedger *ledger, int64_t version, VnError *err) {
    char sql[96];
    for (size_t i = 0; i < SCHEMA_PARTS; i++)
        if (schema[i].since > version)
            VN_TRY(vn_ledger_run(ledger, schema[i].sql, err));
    snprintf(sql, sizeof sql, "PRAGMA application_id=%d; PRAGMA user_version=%d", APPLICATION, SCHEMA);
    return vn_ledger_run(ledger, sql, err);
}

/* A file with other tables, views or triggers than ours is none of ours, whatever it says it is. */
static VernisStatus check_schema(const VernisLedger *ledger, int64_t version, VnError *err) {
    sqlite3_stmt *statement;
    size_t known = 0, unknown = 0;
    int more = 1;
    for (size_t i = 0; i < SCHEMA_PARTS; i++)
        known -= schema[i].since <= version;
    VN_TRY(vn_ledger_prepare(ledger, &statement, "SELECT name, sql FROM sqlite_schema", err));
    VernisStatus status = VERNIS_OK;
    while (!(status = vn_ledger_step(ledger, statement, &more, err)) && more) {
        const char *name = (const char *)sqlite3_column_text(statement, 0);
        const char *sql = (const char *)sqlite3_column_text(statement, 1);
        bool ours = false;
        for (size_t i = 0; i < SCHEMA_PARTS; i++)
            ours = ours || (schema[i].since <= version && name && sql && !strcmp(name, schema[i].name) &&
                            !strcmp(sql, schema[i].sql));
        ++*(ours ? &known : &unknown);
    }
    sqlite3_finalize(statement);
    return !status && (known || unknown) ? no_ledger(ledger, err) : status;
}

/* Which schema the file has, whole and nothing else. @param version 0: it is empty */
static VernisStatus read_schema(const VernisLedger *ledger, int64_t *version, VnError *err) {
    int64_t application, tables;
    VN_TRY(number_of(ledger, "PRAGMA application_id", &application, err));
    VN_TRY(number_of(ledger, "PRAGMA user_version", version, err));
    VN_TRY(number_of(ledger, "SELECT count(*) FROM sqlite_schema", &tables, err));
    if (!application && !*version && !tables)
        return VERNIS_OK;
    if (application != APPLICATION || *version < 1)
        return no_ledger(ledger, err);
    if (*version > SCHEMA)
        return vn_fail(err, VERNIS_E_FORMAT, "ledger",
                       "%s: was made by a later version of Vernis (schema %d, this one knows %d); it is left as it is",
                       ledger->path, (int)*version, SCHEMA);
    return check_schema(ledger, *version, err);
}

/* Under the write lock: two runs may meet an empty or an older file at once. */
static VernisStatus bring_up_to_date(const VernisLedger *ledger, VnError *err) {
    int64_t version;
    VN_TRY(vn_ledger_lock(ledger, err));
    VernisStatus status = read_schema(ledger, &version, err);
    if (!status && version < SCHEMA)
        status = add_schema(ledger, version, err);
    return vn_ledger_unlock(ledger, status, err);
}

/* Who only reads leaves an older file as it is, and finds no thumbnails. */
static VernisStatus take_schema(const VernisLedger *ledger, int create, VnError *err) {
    int64_t version;
    VN_TRY(read_schema(ledger, &version, err));
    if (version == SCHEMA)
        return VERNIS_OK;
    if (create) {
        VN_TRY(bring_up_to_date(ledger, err));
        return check_schema(ledger, SCHEMA, err);
    }
    return version ? vn_ledger_run(ledger, "CREATE TEMP TABLE thumbnail(id INTEGER PRIMARY KEY, rgb BLOB)", err)
                   : no_ledger(ledger, err);
}

/* Its owner's alone from the first moment: it lists what lies where. */
static VernisStatus make_file(const char *path, VnError *err) {
    char *folder = vn_strdup(path);
    if (!folder)
        return vn_no_memory(err, "ledger", strlen(path), path);
    folder[vn_path_base(path) - path] = 0;
    VernisStatus status = *folder ? vn_make_dirs(folder, err) : VERNIS_OK;
    vn_free(folder);
    int fd = status ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (!status && fd < 0)
        return vn_fail(err, errno == ENOSPC ? VERNIS_E_NO_SPACE : VERNIS_E_IO, "ledger",
                       "%s: cannot make the ledger: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return status;
}

/* A sound file holds fewer rows than bytes, and no statement here takes more steps than this for one. */
enum { STEPS_BETWEEN = 1000, STEPS_AT_LEAST = 100000, STEPS_A_BYTE = 8 };

static int64_t room_of(const char *path) {
    struct stat info;
    return stat(path, &info) ? 0 : STEPS_AT_LEAST + STEPS_A_BYTE * (int64_t)info.st_size;
}

/* Called by SQLite now and then. @return nonzero: what is at work would never end */
static int count_steps(void *opaque) {
    VernisLedger *ledger = opaque;
    ledger->steps += STEPS_BETWEEN;
    if (ledger->steps > ledger->most_steps)
        ledger->most_steps = room_of(ledger->path); /* it may have grown */
    return ledger->steps > ledger->most_steps;
}

/* What is read may come from a stranger: nothing in it is trusted or run, it gets little memory and no more time than its size
 * calls for, and damage is looked for. */
static void be_wary(VernisLedger *ledger) {
    static const struct {
        int what, most;
    } limits[] = {{SQLITE_LIMIT_LENGTH, 1 << 20}, {SQLITE_LIMIT_SQL_LENGTH, 4096},   {SQLITE_LIMIT_COLUMN, 64},
                  {SQLITE_LIMIT_EXPR_DEPTH, 32},  {SQLITE_LIMIT_COMPOUND_SELECT, 4}, {SQLITE_LIMIT_ATTACHED, 0}};
    static const struct {
        int what, on;
    } choices[] = {{SQLITE_DBCONFIG_DEFENSIVE, 1},
                   {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                   {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                   {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
                   {SQLITE_DBCONFIG_ENABLE_FKEY, 1}};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        sqlite3_limit(ledger->db, limits[i].what, limits[i].most);
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        sqlite3_db_config(ledger->db, choices[i].what, choices[i].on, NULL);
    sqlite3_progress_handler(ledger->db, STEPS_BETWEEN, count_steps, ledger);
}

static VernisStatus connect(VernisLedger *ledger, int create, VnError *err) {
    if (create)
        VN_TRY(make_file(ledger->path, err));
    int code = sqlite3_open_v2(ledger->path, &ledger->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code)
        return vn_ledger_fail(ledger, code, "be opened", err);
    sqlite3_extended_result_codes(ledger->db, 1);
    sqlite3_busy_timeout(ledger->db, BUSY_MS);
    be_wary(ledger);
    /* The cache is the most of SQLite's memory, which vn_mem_limit does not count: a megabyte. */
    VN_TRY(vn_ledger_run(
        ledger,
        "PRAGMA synchronous=FULL; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY; "
        "PRAGMA cache_size=-1024",
        err));
    return take_schema(ledger, create, err);
}

static VernisStatus place(char **out, const char *path, VnError *err) {
    char *folder = path ? NULL : vn_data_dir();
    if (!path && !folder)
        return vn_fail(err, VERNIS_E_ARGUMENT, "ledger",
                       "no data folder for a ledger: HOME is unset; say --ledger FILE");
    *out = path ? vn_path_absolute(path) : vn_path_join(folder, "ledger.sqlite");
    vn_free(folder);
    return *out ? VERNIS_OK : vn_no_memory(err, "ledger", 0, "a path");
}

VernisStatus vernis_ledger_open(VernisLedger **out, const char *path, const VernisSettings *settings, int create,
                                VernisError *err) {
    *out = NULL;
    VernisLedger *ledger = vn_calloc(1, sizeof *ledger);
    if (!ledger)
        return vn_no_memory(err, "ledger", sizeof *ledger, "the ledger");
    VernisStatus status = place(&ledger->path, path, err);
    if (!status && settings)
        status = vn_recipe(ledger->recipe, &ledger->settings, settings, err);
    if (!status && !create && !vn_path_exists(ledger->path))
        status = vn_fail(err, VERNIS_E_IO, "ledger", "%s: there is no ledger yet", ledger->path);
    if (!status)
        status = connect(ledger, create, err);
    if (status)
        vernis_ledger_close(&ledger);
    *out = ledger;
    return status;
}

void vernis_ledger_close(VernisLedger **handle) {
    VernisLedger *ledger = *handle;
    if (!ledger)
        return;
    sqlite3_close(ledger->db);
    vn_free(ledger->path);
    vn_free(ledger->settings);
    vn_free(ledger->texts);
    vn_free(ledger);
    *handle = NULL;
}

const char *vernis_ledger_path(const VernisLedger *ledger) { return ledger->path; }
