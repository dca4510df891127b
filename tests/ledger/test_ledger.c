/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger: what is noted is known, what is damaged or strange is refused, and what is taken in twice is there once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include <vernis/vernis.h>

#include "base/fs.h"
#include "base/rng.h"
#include "ledger/ledger_db.h"

static char folder[64], path[128], other_path[128];
static VernisSettings *settings;

static int make_folder(void **state) {
    (void)state;
    strcpy(folder, "/tmp/vernis-ledger-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/deep/ledger.sqlite", folder);
    snprintf(other_path, sizeof other_path, "%s/other.sqlite", folder);
    return (int)vernis_settings_open(&settings, NULL);
}

static int remove_folder(void **state) {
    (void)state;
    char command[128];
    vernis_settings_close(&settings);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static VernisLedger *open_ledger(const char *at) {
    VernisLedger *ledger;
    VernisError err = {0};
    if (vernis_ledger_open(&ledger, at, settings, 1, &err))
        fail_msg("%s", err.text);
    return ledger;
}

static char *name_of(const char *name) {
    static char paths[4][256];
    static int next;
    char *at = paths[next++ % 4];
    snprintf(at, 256, "%s/%s", folder, name);
    return at;
}

static void write_file(const char *name, const char *text) {
    assert_int_equal(vn_file_write(name_of(name), text, strlen(text), true, NULL), VERNIS_OK);
}

/* Noise, another for each digit. */
static void draw_thumbnail(uint8_t out[VERNIS_THUMBNAIL_BYTES], char digit) {
    for (size_t i = 0; i < VERNIS_THUMBNAIL_BYTES; i++)
        out[i] = (uint8_t)vn_rng_u64(1, (uint64_t)digit, i);
}

/* A result whose output is the file as it lies there, with a fingerprint of one repeated digit. */
static VernisResult result_of(const char *input, const char *output, char digit) {
    VernisResult result = {.width = 640,
                           .height = 480,
                           .steps = 40,
                           .psnr = 35.5,
                           .ssim = 0.97,
                           .visibility = 1.9,
                           .seconds = 3.25,
                           .bytes_in = 7,
                           .pdq_quality = 80,
                           .shift_count = 1};
    struct stat info;
    strcpy(result.shifts[0].surrogate, "vernis-a");
    result.shifts[0].ingest = 1.5;
    assert_int_equal(vernis_file_sha256(name_of(input), result.sha256_in, NULL), VERNIS_OK);
    assert_int_equal(vernis_file_sha256(name_of(output), result.sha256_out, NULL), VERNIS_OK);
    assert_int_equal(stat(name_of(output), &info), 0);
    result.bytes_out = (uint64_t)info.st_size;
    memset(result.pdq, digit, 64);
    draw_thumbnail(result.thumbnail, digit);
    return result;
}

static void finish(VernisLedger *ledger, const char *input, const char *output, char digit) {
    VernisResult result = result_of(input, output, digit);
    assert_int_equal(vernis_ledger_begin(ledger, name_of(input), name_of(output), NULL), VERNIS_OK);
    assert_int_equal(vernis_ledger_finish(ledger, name_of(input), name_of(output), &result, NULL), VERNIS_OK);
}

static size_t count_rows(VernisLedger *ledger, unsigned states) {
    VernisLedgerRow row = {0};
    size_t count = 0;
    for (int found = 1; found; count += (size_t)found)
        assert_int_equal(vernis_ledger_next(ledger, states, &row, &found, NULL), VERNIS_OK);
    return count;
}

static int is_done(VernisLedger *ledger, const char *input, const char *output) {
    int done;
    assert_int_equal(vernis_ledger_has_done(ledger, name_of(input), name_of(output), &done, NULL), VERNIS_OK);
    return done;
}

static int is_own(VernisLedger *ledger, const char *output) {
    int own;
    assert_int_equal(vernis_ledger_owns(ledger, name_of(output), &own, NULL), VERNIS_OK);
    return own;
}

static void test_a_file_from_begin_to_done(void **state) {
    (void)state;
    VernisLedgerRow row = {0};
    int found;
    write_file("a.png", "input a");
    write_file("a.out.png", "output");
    VernisLedger *ledger = open_ledger(path);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(count_rows(ledger, VERNIS_LEDGER_ALL), 0);
    assert_int_equal(vernis_ledger_begin(ledger, name_of("a.png"), name_of("a.out.png"), NULL), VERNIS_OK);
    assert_false(is_done(ledger, "a.png", "a.out.png"));
    assert_true(is_own(ledger, "a.out.png"));
    VernisError reason = {.status = VERNIS_E_NO_SPACE, .text = "no space"};
    assert_int_equal(vernis_ledger_fail(ledger, name_of("a.png"), name_of("a.out.png"), &reason, NULL), VERNIS_OK);
    assert_false(is_own(ledger, "a.out.png"));
    assert_int_equal(vernis_ledger_next(ledger, VERNIS_LEDGER_ALL, &row, &found, NULL), VERNIS_OK);
    assert_true(found && row.state == VERNIS_LEDGER_FAILED);
    assert_string_equal(row.reason, "no space");
    finish(ledger, "a.png", "a.out.png", 'a');
    assert_int_equal(count_rows(ledger, VERNIS_LEDGER_ALL), 1);
    assert_true(is_done(ledger, "a.png", "a.out.png"));
    row.id = 0;
    assert_int_equal(vernis_ledger_next(ledger, VERNIS_LEDGER_DONE, &row, &found, NULL), VERNIS_OK);
    assert_true(found);
    assert_string_equal(row.input, name_of("a.png"));
    assert_string_equal(row.output, name_of("a.out.png"));
    assert_int_equal(row.width, 640);
    assert_true(row.psnr == 35.5 && row.seconds == 3.25);
    char *json = vernis_ledger_row_json(&row);
    assert_non_null(strstr(json, "\"latent_shift\":{\"vernis-a\":{\"direct\":0.0,\"ingest\":1.5,\"floor\":0.0}}"));
    assert_non_null(strstr(json, "\"status\":\"done\""));
    vernis_free(json);
    vernis_ledger_close(&ledger);
    ledger = open_ledger(path); /* and it lasts */
    assert_true(is_done(ledger, "a.png", "a.out.png"));
    vernis_ledger_close(&ledger);
}

static void test_what_is_done_is_done_again_when_anything_differs(void **state) {
    (void)state;
    write_file("b.png", "input b");
    write_file("b.out.png", "output");
    VernisLedger *ledger = open_ledger(path);
    finish(ledger, "b.png", "b.out.png", 'b');
    assert_true(is_done(ledger, "b.png", "b.out.png"));
    write_file("b.png", "input B");
    assert_false(is_done(ledger, "b.png", "b.out.png"));
    assert_true(is_own(ledger, "b.out.png"));
    write_file("b.png", "input b");
    write_file("b.out.png", "longer output");
    assert_false(is_done(ledger, "b.png", "b.out.png"));
    assert_false(is_own(ledger, "b.out.png")); /* someone else's by now */
    write_file("b.out.png", "output");
    vernis_ledger_close(&ledger);
    assert_int_equal(vernis_settings_set(settings, "threads", "1", NULL), VERNIS_OK);
    assert_int_equal(vernis_settings_set(settings, "ledger", path, NULL), VERNIS_OK);
    ledger = open_ledger(path);
    assert_true(is_done(ledger, "b.png", "b.out.png"));
    vernis_ledger_close(&ledger);
    assert_int_equal(vernis_settings_set(settings, "seed", "2", NULL), VERNIS_OK);
    ledger = open_ledger(path);
    assert_false(is_done(ledger, "b.png", "b.out.png"));
    vernis_ledger_close(&ledger);
}

static void test_in_place(void **state) {
    (void)state;
    write_file("c_original.png", "before");
    write_file("c.png", "after");
    VernisLedger *ledger = open_ledger(path);
    finish(ledger, "c_original.png", "c.png", 'c');
    assert_true(is_done(ledger, "c.png", "c.png"));
    write_file("c.png", "later");
    assert_false(is_done(ledger, "c.png", "c.png"));
    vernis_ledger_close(&ledger);
}

static void test_a_picture_that_was_replaced_stays_known(void **state) {
    (void)state;
    write_file("d.png", "input d");
    write_file("d.out.png", "first");
    VernisLedger *ledger = open_ledger(path);
    finish(ledger, "d.png", "d.out.png", 'd');
    finish(ledger, "d.png", "d.out.png", 'd');
    assert_int_equal(count_rows(ledger, VERNIS_LEDGER_ALL), 1);
    write_file("d.out.png", "second");
    finish(ledger, "d.png", "d.out.png", '5');
    assert_int_equal(count_rows(ledger, VERNIS_LEDGER_DONE), 1);
    assert_int_equal(count_rows(ledger, VERNIS_LEDGER_REPLACED), 1);
    vernis_ledger_close(&ledger);
}

/* A fingerprint whose orientations are far from each other: 0, all ones, then halves. */
static VernisFingerprint print_of(const char *upright) {
    VernisFingerprint print = {.quality = 90};
    static const char fill[] = "0123456789";
    for (size_t i = 0; i < VERNIS_ORIENTATIONS; i++) {
        memset(print.pdq[i], fill[i], 64);
        print.pdq[i][64] = 0;
    }
    snprintf(print.pdq[0], sizeof print.pdq[0], "%s", upright);
    return print;
}

static void test_find(void **state) {
    (void)state;
    char hex[65];
    uint8_t noise[VERNIS_THUMBNAIL_BYTES];
    draw_thumbnail(noise, 'a');
    VernisMatch matches[4];
    size_t count;
    write_file("e.png", "input e");
    VernisLedger *ledger = open_ledger(path);
    for (int i = 0; i < 6; i++) {
        char out[16] = {(char)('0' + i), '.', 'p', 'n', 'g', 0};
        write_file(out, out);
        finish(ledger, "e.png", out, "fedcba"[i]);
    }
    memset(hex, 'e', 64);
    hex[64] = 0;
    hex[0] = '1'; /* four bits off */
    VernisFingerprint print = print_of(hex);
    draw_thumbnail(print.thumbnail, 'e');
    assert_int_equal(vernis_ledger_find(ledger, &print, matches, 4, &count, NULL), VERNIS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(matches[0].id, 2);
    assert_int_equal(matches[0].distance, 4);
    assert_int_equal(matches[0].orientation, 0);
    assert_false(matches[0].exact || matches[0].alike);
    /* Another picture by the look of it. */
    draw_thumbnail(print.thumbnail, 'a');
    assert_int_equal(vernis_ledger_find(ledger, &print, matches, 4, &count, NULL), VERNIS_OK);
    assert_int_equal(count, 1);
    assert_true(matches[0].alike && matches[0].id == 2);
    memset(print.pdq[0], '0', 64);
    memset(print.pdq[5], 'a', 64); /* rows and columns swapped, then mirrored */
    for (size_t y = 0; y < 32; y++)
        for (size_t x = 0; x < 32; x++)
            memcpy(print.thumbnail + 3 * ((31 - x) * 32 + y), noise + 3 * (y * 32 + x), 3);
    assert_int_equal(vernis_ledger_find(ledger, &print, matches, 4, &count, NULL), VERNIS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(matches[0].id, 6);
    assert_int_equal(matches[0].orientation, 5);
    assert_false(matches[0].alike);
    /* Little to see: only nearly the same counts. */
    print = print_of(hex);
    memset(print.pdq[0], '1', 4); /* sixteen bits off */
    assert_int_equal(vernis_ledger_find(ledger, &print, matches, 4, &count, NULL), VERNIS_OK);
    assert_int_equal(count, 1);
    print.quality = 5;
    assert_int_equal(vernis_ledger_find(ledger, &print, matches, 4, &count, NULL), VERNIS_OK);
    assert_int_equal(count, 0);
    /* The very bytes are found whatever they look like, and first. */
    assert_int_equal(vernis_file_sha256(name_of("3.png"), print.sha256, NULL), VERNIS_OK);
    print.quality = 90;
    assert_int_equal(vernis_ledger_find(ledger, &print, matches, 1, &count, NULL), VERNIS_OK);
    assert_int_equal(count, 1);
    assert_true(matches[0].exact && matches[0].id == 4);
    assert_int_equal(vernis_ledger_find(ledger, &print, matches, 4, &count, NULL), VERNIS_OK);
    assert_int_equal(count, 2);
    assert_true(matches[1].alike);
    print.pdq[2][0] = 'x';
    assert_int_equal(vernis_ledger_find(ledger, &print, matches, 4, &count, NULL), VERNIS_E_ARGUMENT);
    vernis_ledger_close(&ledger);
}

static void run_sql(const char *at, const char *sql) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(at, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL))
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* What is confirmed comes before what is nearer but only looks alike. Without a thumbnail the fingerprint decides. */
static void test_find_looks_closer(void **state) {
    (void)state;
    VernisMatch matches[4];
    size_t count;
    char hex[65];
    write_file("e.png", "input e");
    write_file("1.png", "1");
    write_file("2.png", "2");
    VernisLedger *ledger = open_ledger(path);
    finish(ledger, "e.png", "1.png", 'e');
    finish(ledger, "e.png", "2.png", 'e');
    memset(hex, 'e', 64);
    hex[64] = 0;
    VernisFingerprint print = print_of(hex);
    draw_thumbnail(print.thumbnail, 'e');
    run_sql(path, "UPDATE thumbnail SET rgb = zeroblob(3072) WHERE id = 1");
    assert_int_equal(vernis_ledger_find(ledger, &print, matches, 4, &count, NULL), VERNIS_OK);
    assert_int_equal(count, 2);
    assert_true(matches[0].id == 2 && !matches[0].alike && matches[1].id == 1 && matches[1].alike);
    assert_int_equal(vernis_ledger_find(ledger, &print, matches, 1, &count, NULL), VERNIS_OK);
    assert_true(count == 1 && matches[0].id == 2);
    /* A fingerprint further off counts where the thumbnail agrees, and is nothing where it does not. */
    for (int bits = 52; bits <= 60; bits += 4) {
        memset(print.pdq[0], 'e', 64);
        memset(print.pdq[0], '1', (size_t)bits / 4);
        assert_int_equal(vernis_ledger_find(ledger, &print, matches, 4, &count, NULL), VERNIS_OK);
        assert_int_equal(count, bits <= 56);
        assert_true(!count || (matches[0].id == 2 && !matches[0].alike && matches[0].distance == bits));
    }
    snprintf(print.pdq[0], sizeof print.pdq[0], "%s", hex);
    run_sql(path, "UPDATE thumbnail SET rgb = zeroblob(3000)"); /* not ours */
    assert_int_equal(vernis_ledger_find(ledger, &print, matches, 4, &count, NULL), VERNIS_OK);
    assert_true(count == 2 && !matches[0].alike && !matches[1].alike);
    memset(print.pdq[0], '1', 7); /* 28 bits off */
    for (int bits = 31; bits <= 32; bits++) {
        print.pdq[0][7] = bits == 31 ? '0' : '1'; /* e is 1110: three more, or four */
        assert_int_equal(vernis_ledger_find(ledger, &print, matches, 4, &count, NULL), VERNIS_OK);
        assert_int_equal(count, 2);
        assert_int_equal(matches[0].distance, bits);
        assert_int_equal(matches[0].alike, bits == 32);
    }
    vernis_ledger_close(&ledger);
}

static int64_t number_in(const char *at, const char *sql) {
    sqlite3 *db;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(at, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return number;
}

static char *all_rows(VernisLedger *ledger) {
    VernisLedgerRow row = {0};
    VnBytes text = {0};
    int found = 1;
    while (!vernis_ledger_next(ledger, VERNIS_LEDGER_ALL, &row, &found, NULL) && found) {
        char *json = vernis_ledger_row_json(&row);
        assert_int_equal(vn_bytes_append(&text, json, strlen(json), NULL), VERNIS_OK);
        vernis_free(json);
    }
    assert_int_equal(vn_bytes_append(&text, "", 1, NULL), VERNIS_OK);
    return (char *)text.data;
}

/* A file of schema 1, which had no thumbnails: read as it is, and given them when it is next written to. */
static void test_an_older_ledger(void **state) {
    (void)state;
    VernisLedger *ledger = open_ledger(path);
    VernisMatch matches[4];
    size_t count;
    for (int i = 0; i < 3; i++) {
        char name[] = {(char)('0' + i), '.', 'p', 'n', 'g', 0};
        write_file(name, name);
        finish(ledger, name, name, "abc"[i]);
    }
    assert_int_equal(vernis_ledger_begin(ledger, name_of("0.png"), name_of("begun.png"), NULL), VERNIS_OK);
    char *rows = all_rows(ledger);
    vernis_ledger_close(&ledger);
    run_sql(path, "DROP TABLE thumbnail; PRAGMA user_version=1");

    assert_int_equal(vernis_ledger_open(&ledger, path, NULL, 0, NULL), VERNIS_OK);
    char *now = all_rows(ledger);
    assert_string_equal(now, rows);
    vernis_free(now);
    VernisFingerprint print = print_of("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    assert_int_equal(vernis_ledger_find(ledger, &print, matches, 4, &count, NULL), VERNIS_OK);
    assert_true(count == 1 && matches[0].id == 2 && !matches[0].alike);
    vernis_ledger_close(&ledger);
    size_t added;
    VernisLedger *other = open_ledger(other_path);
    assert_int_equal(vernis_ledger_merge(other, path, &added, NULL), VERNIS_OK);
    assert_int_equal(added, 4);
    vernis_ledger_close(&other);
    assert_int_equal(number_in(path, "PRAGMA user_version"), 1);

    ledger = open_ledger(path);
    now = all_rows(ledger);
    assert_string_equal(now, rows);
    vernis_free(now);
    assert_true(is_done(ledger, "1.png", "1.png"));
    assert_int_equal(vernis_ledger_find(ledger, &print, matches, 4, &count, NULL), VERNIS_OK);
    assert_true(count == 1 && matches[0].id == 2 && !matches[0].alike);
    finish(ledger, "1.png", "1.png", 'b');
    vernis_ledger_close(&ledger);
    assert_int_equal(number_in(path, "PRAGMA user_version"), 2);
    assert_int_equal(number_in(path, "SELECT count(*) FROM thumbnail"), 1);
    vernis_free(rows);
}

/* A row takes its thumbnail with it, and brings it along into another ledger. */
static void test_thumbnails_go_with_their_rows(void **state) {
    (void)state;
    size_t added;
    write_file("a.png", "a");
    write_file("b.png", "b");
    VernisLedger *ledger = open_ledger(path), *other = open_ledger(other_path);
    for (int i = 0; i < 3; i++)
        finish(ledger, "a.png", "b.png", "xya"[i]);
    vernis_ledger_close(&ledger);
    assert_int_equal(number_in(path, "SELECT count(*) FROM thumbnail"), 1);
    assert_int_equal(vernis_ledger_merge(other, path, &added, NULL), VERNIS_OK);
    VernisLedgerRow row = {0};
    int found;
    uint8_t noise[VERNIS_THUMBNAIL_BYTES];
    draw_thumbnail(noise, 'a');
    assert_int_equal(vernis_ledger_next(other, VERNIS_LEDGER_DONE, &row, &found, NULL), VERNIS_OK);
    assert_memory_equal(row.thumbnail, noise, sizeof noise);
    vernis_ledger_close(&other);
}

static void test_merge(void **state) {
    (void)state;
    VernisError reason = {.status = VERNIS_E_FORMAT, .text = "broken"};
    size_t added;
    for (int i = 0; i < 4; i++) {
        char name[16] = {(char)('w' + i), '.', 'p', 'n', 'g', 0};
        write_file(name, name);
    }
    VernisLedger *ledger = open_ledger(path), *other = open_ledger(other_path);
    finish(ledger, "w.png", "x.png", '1');
    finish(other, "w.png", "x.png", '1');
    finish(other, "w.png", "y.png", '2');
    assert_int_equal(vernis_ledger_fail(other, name_of("z.png"), NULL, &reason, NULL), VERNIS_OK);
    assert_int_equal(vernis_ledger_begin(other, name_of("z.png"), name_of("v.png"), NULL), VERNIS_OK);
    assert_int_equal(count_rows(other, VERNIS_LEDGER_ALL), 3); /* begun takes the place of what had failed */
    assert_int_equal(vernis_ledger_merge(ledger, other_path, &added, NULL), VERNIS_OK);
    assert_int_equal(added, 2);
    assert_int_equal(count_rows(ledger, VERNIS_LEDGER_DONE), 2);
    assert_true(is_done(ledger, "w.png", "y.png"));
    assert_int_equal(vernis_ledger_merge(ledger, other_path, &added, NULL), VERNIS_OK);
    assert_int_equal(added, 0);
    assert_int_equal(vernis_ledger_merge(ledger, path, &added, NULL), VERNIS_OK);
    assert_int_equal(added, 0);
    assert_int_equal(vernis_ledger_merge(ledger, name_of("w.png"), &added, &reason), VERNIS_E_FORMAT);
    assert_int_equal(count_rows(ledger, VERNIS_LEDGER_ALL), 3);
    vernis_ledger_close(&ledger);
    vernis_ledger_close(&other);
}

static void refuse(const char *at, const char *word) {
    VernisLedger *ledger;
    VernisError err = {0};
    assert_int_equal(vernis_ledger_open(&ledger, at, settings, 1, &err), VERNIS_E_FORMAT);
    assert_null(ledger);
    assert_non_null(strstr(err.text, at));
    if (!strstr(err.text, word))
        fail_msg("no '%s' in: %s", word, err.text);
}

static void test_files_that_are_no_ledger_of_ours(void **state) {
    (void)state;
    VernisLedger *ledger;
    VernisError err = {0};
    assert_int_equal(vernis_ledger_open(&ledger, path, NULL, 0, &err), VERNIS_E_IO);
    assert_non_null(strstr(err.text, "no ledger yet"));
    write_file("text", "this is a text and no database at all, however long it may be made to look like one");
    refuse(name_of("text"), "no ledger");
    run_sql(other_path, "CREATE TABLE mine(x)");
    refuse(other_path, "no ledger of Vernis");
    const char *const spoils[] = {"PRAGMA user_version=3",
                                  "later version",
                                  "PRAGMA user_version=1",
                                  "no ledger of Vernis",
                                  "PRAGMA user_version=-1",
                                  "no ledger of Vernis",
                                  "DROP TABLE thumbnail",
                                  "no ledger of Vernis",
                                  "CREATE VIEW v AS SELECT 1",
                                  "no ledger of Vernis",
                                  "CREATE TRIGGER t AFTER INSERT ON work BEGIN DELETE FROM work; END",
                                  "no ledger of Vernis",
                                  "DROP INDEX work_pdq",
                                  "no ledger of Vernis",
                                  "PRAGMA application_id=0",
                                  "no ledger of Vernis"};
    for (size_t i = 0; i < sizeof spoils / sizeof *spoils; i += 2) {
        unlink(path);
        ledger = open_ledger(path);
        vernis_ledger_close(&ledger);
        run_sql(path, spoils[i]);
        refuse(path, spoils[i + 1]);
    }
    int in_the_way = mkdir(name_of("folder"), 0777);
    assert_int_equal(in_the_way, 0);
    assert_int_equal(vernis_ledger_open(&ledger, name_of("folder"), settings, 1, NULL), VERNIS_E_IO);
}

/* Read all of a file that may hold anything: each call answers or fails with a text, and none goes on for ever. */
static void read_all(const char *at, size_t *refused, size_t *wrong) {
    VernisLedger *ledger;
    VernisError err = {0};
    VernisMatch matches[4];
    size_t count;
    if (vernis_ledger_open(&ledger, at, settings, 1, &err)) {
        assert_non_null(strstr(err.text, at));
        ++*refused;
        return;
    }
    VernisStatus status = vernis_ledger_check(ledger, &err);
    VernisLedgerRow row = {0};
    int found = 1;
    for (int i = 0; i < 1000 && found && !vernis_ledger_next(ledger, VERNIS_LEDGER_ALL, &row, &found, NULL); i++)
        if (found)
            vernis_free(vernis_ledger_row_json(&row));
    VernisFingerprint print = print_of("0000000000000000000000000000000000000000000000000000000000000000");
    vernis_ledger_find(ledger, &print, matches, 4, &count, NULL);
    vernis_ledger_has_done(ledger, path, path, &found, NULL);
    vernis_ledger_begin(ledger, "i.png", "o.png", NULL);
    vernis_ledger_close(&ledger);
    if (status) {
        assert_int_equal(status, VERNIS_E_FORMAT);
        assert_non_null(strstr(err.text, at));
        ++*wrong;
    }
}

/* Every page torn in three ways, every length cut. */
static void test_damage_on_every_page(void **state) {
    (void)state;
    enum { PAGE = 4096 };
    VnBytes whole;
    size_t refused = 0, wrong = 0, tries = 0;
    write_file("f.png", "input");
    VernisLedger *ledger = open_ledger(path);
    for (int i = 0; i < 40; i++) {
        char out[32];
        snprintf(out, sizeof out, "%d.out.png", i);
        write_file(out, out);
        finish(ledger, "f.png", out, "0123456789abcdef"[i % 16]);
    }
    vernis_ledger_close(&ledger);
    assert_int_equal(vn_file_read(&whole, path, 1 << 24, NULL), VERNIS_OK);
    assert_true(whole.size >= 8 * PAGE);
    for (size_t page = 0; page < whole.size; page += PAGE)
        for (int kind = 0; kind < 4; kind++) {
            uint8_t kept[PAGE];
            size_t size = whole.size;
            memcpy(kept, whole.data + page, PAGE);
            if (kind == 0)
                memset(whole.data + page, 0, PAGE);
            else if (kind == 1)
                memset(whole.data + page + 100, 0xff, 64);
            else if (kind == 2)
                for (size_t i = 0; i < PAGE; i += 61)
                    whole.data[page + i] ^= (uint8_t)(1u << i % 8);
            else
                size = page + PAGE / 2;
            assert_int_equal(vn_file_write(other_path, whole.data, size, true, NULL), VERNIS_OK);
            read_all(other_path, &refused, &wrong);
            memcpy(whole.data + page, kept, PAGE);
            tries++;
        }
    /* What a flipped bit of a text or a figure says cannot be told from what was written; the structure can. */
    assert_true(refused + wrong > tries / 2);
    assert_true(refused > 3 && wrong > 3);
    vn_bytes_free(&whole);
}

static void test_nothing_is_lost_when_memory_is_short(void **state) {
    (void)state;
    write_file("g.png", "input");
    VernisResult result = result_of("g.png", "g.png", '7');
    VernisError err = {0};
    VernisLedger *ledger = NULL;
    size_t used = vn_mem_used(), room = 64;
    for (;; room += 64) {
        vn_mem_limit(vn_mem_used() + room);
        err = (VernisError){0};
        VernisStatus status = vernis_ledger_open(&ledger, path, settings, 1, &err);
        if (!status)
            status = vernis_ledger_begin(ledger, name_of("g.png"), name_of("g.out.png"), &err);
        if (!status)
            status = vernis_ledger_finish(ledger, name_of("g.png"), name_of("g.out.png"), &result, &err);
        vn_mem_limit(0);
        if (!status)
            break;
        assert_int_equal(status, VERNIS_E_MEMORY);
        vernis_ledger_close(&ledger);
        assert_int_equal(vn_mem_used(), used);
    }
    assert_true(room > 64);
    assert_int_equal(count_rows(ledger, VERNIS_LEDGER_ALL), 1);
    vernis_ledger_close(&ledger);
    assert_int_equal(vn_mem_used(), used);
}

/* SQLite's memory is its own and not counted by vn_mem_limit: it stays small however much the ledger holds. */
static void test_sqlite_takes_little_memory(void **state) {
    (void)state;
    enum { ROWS = 1500, MOST = 3 << 20 };
    uint8_t noise[VERNIS_THUMBNAIL_BYTES];
    VernisMatch match;
    struct stat info;
    size_t count, added;
    draw_thumbnail(noise, 'a');
    sqlite3_memory_highwater(1);
    VernisLedger *ledger = open_ledger(path), *other = open_ledger(other_path);
    assert_int_equal(vn_ledger_lock(ledger, NULL), VERNIS_OK);
    for (int i = 0; i < ROWS; i++) {
        char output[32];
        snprintf(output, sizeof output, "/o/%d.png", i);
        VernisLedgerRow row = {.state = VERNIS_LEDGER_DONE,
                               .time = "2026-11-22T11:30:00Z",
                               .output = output,
                               .thumbnail = noise,
                               .pdq = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"};
        assert_int_equal(vn_ledger_row_add(ledger, &row, NULL), VERNIS_OK);
    }
    assert_int_equal(vn_ledger_unlock(ledger, VERNIS_OK, NULL), VERNIS_OK);
    assert_int_equal(vernis_ledger_merge(other, path, &added, NULL), VERNIS_OK);
    assert_int_equal(added, ROWS);
    VernisFingerprint print = print_of("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    assert_int_equal(vernis_ledger_find(other, &print, &match, 1, &count, NULL), VERNIS_OK);
    assert_int_equal(vernis_ledger_check(other, NULL), VERNIS_OK);
    assert_int_equal(stat(other_path, &info), 0);
    assert_true(info.st_size > 2 * MOST);
    vernis_ledger_close(&ledger);
    vernis_ledger_close(&other);
    if (sqlite3_memory_highwater(0) > 2 * MOST) /* two are open */
        fail_msg("%lld bytes", (long long)sqlite3_memory_highwater(0));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(test_a_file_from_begin_to_done),
        TEST(test_what_is_done_is_done_again_when_anything_differs),
        TEST(test_in_place),
        TEST(test_a_picture_that_was_replaced_stays_known),
        TEST(test_find),
        TEST(test_find_looks_closer),
        TEST(test_an_older_ledger),
        TEST(test_thumbnails_go_with_their_rows),
        TEST(test_merge),
        TEST(test_files_that_are_no_ledger_of_ours),
        TEST(test_damage_on_every_page),
        TEST(test_nothing_is_lost_when_memory_is_short),
        TEST(test_sqlite_takes_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
