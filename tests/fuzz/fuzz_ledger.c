/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: a ledger that a stranger made, an SQLite file that may hold anything. It opens or is refused with an error that
 * names it; what opens is read, searched, checked and taken in, and then written to: each call ends, and each row that is given
 * out is later than the one before and makes a line of JSON. What was taken in can be read again. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vernis/vernis.h>

#include "base/json.h"

static char strange[64], own[64];

static void require(int held) {
    if (!held)
        abort();
}

static void remove_files(void) {
    char name[80];
    for (int i = 0; i < 2; i++) {
        unlink(i ? own : strange);
        snprintf(name, sizeof name, "%s-journal", i ? own : strange);
        unlink(name);
    }
}

/* In memory where there is such a place: nothing here has to last. */
static void choose_files(void) {
    const char *folder = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
    snprintf(strange, sizeof strange, "%s/vernis-fuzz-%ld.sqlite", folder, (long)getpid());
    snprintf(own, sizeof own, "%s/vernis-fuzz-%ld-own.sqlite", folder, (long)getpid());
    atexit(remove_files);
}

static void put(const uint8_t *data, size_t size) {
    int file = open(strange, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    require(file >= 0 && write(file, data, size) == (ssize_t)size && !close(file));
}

static void read_rows(VernisLedger *ledger) {
    VernisLedgerRow row = {0};
    int64_t last = 0;
    int found = 1;
    while (!vernis_ledger_next(ledger, VERNIS_LEDGER_ALL, &row, &found, NULL) && found) {
        require(row.id > last);
        last = row.id;
        char *json = vernis_ledger_row_json(&row);
        json_t *parsed = json ? json_loads(json, 0, NULL) : NULL;
        require(json_is_object(parsed));
        json_decref(parsed);
        vernis_free(json);
    }
}

static void search(VernisLedger *ledger) {
    VernisFingerprint print = {.quality = 100};
    VernisMatch matches[4];
    size_t count;
    for (size_t i = 0; i < VERNIS_ORIENTATIONS; i++)
        memset(print.pdq[i], (int)('0' + i), 64);
    memset(print.sha256, '1', 64);
    if (vernis_ledger_find(ledger, &print, matches, 4, &count, NULL))
        return;
    require(count <= 4);
    for (size_t i = 0; i < count; i++)
        require(matches[i].distance >= 0 && matches[i].distance <= 56 && matches[i].orientation < VERNIS_ORIENTATIONS);
}

/* Into a ledger of our own, which stays sound. */
static void take_in(void) {
    VernisLedger *ledger;
    VernisError err = {0};
    size_t added;
    unlink(own);
    require(!vernis_ledger_open(&ledger, own, NULL, 1, NULL));
    VernisStatus status = vernis_ledger_merge(ledger, strange, &added, &err);
    require(!status || *err.text);
    read_rows(ledger);
    require(!vernis_ledger_check(ledger, NULL));
    vernis_ledger_close(&ledger);
}

static void write_to(VernisLedger *ledger) {
    int yes;
    VernisResult result = {.width = 1, .pdq_quality = 50};
    memset(result.pdq, '2', 64);
    vernis_ledger_has_done(ledger, "/i/a.png", "/o/a.png", &yes, NULL);
    vernis_ledger_owns(ledger, "/o/a.png", &yes, NULL);
    vernis_ledger_recover(ledger, "/o/a.png", "_original", NULL);
    vernis_ledger_begin(ledger, "/i/a.png", "/o/a.png", NULL);
    vernis_ledger_finish(ledger, "/i/a.png", "/o/a.png", &result, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    VernisLedger *ledger;
    VernisError err = {0};
    if (!*strange)
        choose_files();
    remove_files();
    put(data, size);
    VernisStatus status = vernis_ledger_open(&ledger, strange, NULL, 0, &err);
    require((status == VERNIS_OK) == (ledger != NULL));
    require(!status || (err.status == status && strstr(err.text, strange) && !strchr(err.text, '\n')));
    if (status == VERNIS_OK) {
        read_rows(ledger);
        search(ledger);
        status = vernis_ledger_check(ledger, &err);
        require(!status || (err.status == status && strstr(err.text, strange)));
        vernis_ledger_close(&ledger);
        take_in();
    }
    if (!vernis_ledger_open(&ledger, strange, NULL, 1, NULL)) {
        write_to(ledger);
        vernis_ledger_close(&ledger);
    }
    return 0;
}
