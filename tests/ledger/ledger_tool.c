/* SPDX-License-Identifier: Apache-2.0 */
/* For measuring, not a test:
 *   ledger_tool --match KNOWN  what find makes of pairs. KNOWN: a list of the pictures that a ledger knows, a path a line; those
 *                              that are looked for come the same way on standard input. A line for each two whose
 *                              fingerprints are near enough: path looked for, known path, bits that differ, "yours" or
 *                              "alike", parted by tabs; for a picture that cannot be read its path and "unreadable"
 *   ledger_tool --bench N      times a search among N rows: the whole of `vernis ledger find` but for reading the picture;
 *                              elapsed, and of the processor, which other work on the machine does not lengthen */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <vernis/vernis.h>

#include "base/clock.h"
#include "base/rng.h"
#include "ledger/ledger_db.h"

/* As a row that is done; what its input says is all that is asked for later. */
static VernisStatus know(VernisLedger *ledger, const char *path, VernisError *err) {
    VernisFingerprint print;
    if (vernis_fingerprint_file(&print, path, NULL)) {
        printf("%s\tunreadable\n", path);
        return VERNIS_OK;
    }
    VernisLedgerRow row = {.state = VERNIS_LEDGER_DONE,
                           .time = "2026-11-22T11:30:00Z",
                           .input = path,
                           .pdq = print.pdq[0],
                           .quality = print.quality,
                           .thumbnail = print.thumbnail};
    return vn_ledger_row_add(ledger, &row, err);
}

static VernisStatus look_for(VernisLedger *ledger, const char *path, VernisError *err) {
    enum { MOST = 10000 };
    static VernisMatch matches[MOST];
    VernisFingerprint print;
    size_t count;
    int found;
    if (vernis_fingerprint_file(&print, path, NULL)) {
        printf("%s\tunreadable\n", path);
        return VERNIS_OK;
    }
    VN_TRY(vernis_ledger_find(ledger, &print, matches, MOST, &count, err));
    for (size_t i = 0; i < count; i++) {
        VernisLedgerRow row = {.id = matches[i].id - 1};
        VN_TRY(vernis_ledger_next(ledger, VERNIS_LEDGER_ALL, &row, &found, err));
        printf("%s\t%s\t%d\t%s\n", path, row.input, matches[i].distance, matches[i].alike ? "alike" : "yours");
    }
    return VERNIS_OK;
}

static int match_all(const char *list) {
    char path[] = "/tmp/vernis-match-XXXXXX", line[4096];
    VernisLedger *ledger = NULL;
    VernisError err = {0};
    FILE *known = fopen(list, "r");
    int fd = mkstemp(path);
    if (!known || fd < 0 || close(fd))
        return 1;
    VernisStatus status = vernis_ledger_open(&ledger, path, NULL, 1, &err);
    if (!status)
        status = vn_ledger_lock(ledger, &err);
    while (!status && fgets(line, sizeof line, known)) {
        line[strcspn(line, "\n")] = 0;
        status = know(ledger, line, &err);
    }
    if (ledger)
        status = vn_ledger_unlock(ledger, status, &err);
    while (!status && fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        status = look_for(ledger, line, &err);
    }
    fclose(known);
    vernis_ledger_close(&ledger);
    unlink(path);
    if (status)
        fprintf(stderr, "%s\n", err.text);
    return status != VERNIS_OK;
}

static void draw(char hex[65], uint64_t index) {
    for (int i = 0; i < 4; i++)
        snprintf(hex + 16 * i, 17, "%016llx", (unsigned long long)vn_rng_u64(7, index, (uint64_t)i));
}

static VernisStatus fill(VernisLedger *ledger, long rows, VernisError *err) {
    VernisStatus status = vn_ledger_lock(ledger, err);
    for (long i = 0; i < rows && !status; i++) {
        char pdq[65], sha256[65], input[64], output[64];
        uint8_t thumbnail[VERNIS_THUMBNAIL_BYTES];
        draw(pdq, (uint64_t)i);
        draw(sha256, (uint64_t)(rows + i));
        memset(thumbnail, (int)(i % 256), sizeof thumbnail);
        snprintf(input, sizeof input, "/home/ada/art/2026/picture-%06ld.png", i);
        snprintf(output, sizeof output, "/home/ada/ready/2026/picture-%06ld.png", i);
        VernisLedgerRow row = {.state = VERNIS_LEDGER_DONE,
                               .time = "2026-11-22T11:30:00Z",
                               .input = input,
                               .output = output,
                               .recipe = sha256,
                               .settings = "strength=strong; creator=Ada Painter",
                               .version = "0.1.0",
                               .sha256_in = sha256,
                               .sha256_out = sha256,
                               .pdq = pdq,
                               .surrogates = "vernis-a",
                               .shifts = "{\"vernis-a\":{\"direct\":1.4,\"ingest\":1.1,\"floor\":0.3}}",
                               .quality = 100,
                               .width = 1080,
                               .height = 1350,
                               .bytes_in = 1000000,
                               .bytes_out = 1000000,
                               .thumbnail = thumbnail,
                               .steps = 40,
                               .psnr = 35,
                               .ssim = 0.97,
                               .visibility = 2,
                               .seconds = 10};
        status = vn_ledger_row_add(ledger, &row, err);
    }
    return vn_ledger_unlock(ledger, status, err);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Opened anew each time, as the command does. */
static VernisStatus search(const char *path, double *seconds, double *busy, size_t *count, VernisError *err) {
    VernisLedger *ledger = NULL;
    VernisFingerprint print = {.quality = 100};
    VernisMatch matches[16];
    for (int i = 0; i < VERNIS_ORIENTATIONS; i++)
        draw(print.pdq[i], 1000000007u + (uint64_t)i);
    draw(print.pdq[3], 42); /* of a row that is there */
    double start = vn_now();
    clock_t began = clock();
    VernisStatus status = vernis_ledger_open(&ledger, path, NULL, 0, err);
    if (!status)
        status = vernis_ledger_find(ledger, &print, matches, 16, count, err);
    vernis_ledger_close(&ledger);
    *seconds = vn_now() - start;
    *busy = (double)(clock() - began) / CLOCKS_PER_SEC;
    return status;
}

static int bench(long rows) {
    enum { ROUNDS = 21 };
    char path[] = "/tmp/vernis-bench-XXXXXX";
    double seconds[ROUNDS], busy[ROUNDS];
    VernisLedger *ledger = NULL;
    VernisError err = {0};
    size_t count = 0;
    int fd = mkstemp(path);
    if (fd < 0 || close(fd))
        return 1;
    VernisStatus status = vernis_ledger_open(&ledger, path, NULL, 1, &err);
    if (!status)
        status = fill(ledger, rows, &err);
    vernis_ledger_close(&ledger);
    for (int i = 0; i < ROUNDS && !status; i++)
        status = search(path, &seconds[i], &busy[i], &count, &err);
    unlink(path);
    if (status) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    qsort(seconds, ROUNDS, sizeof *seconds, by_value);
    qsort(busy, ROUNDS, sizeof *busy, by_value);
    printf("%ld rows, %zu found, %d searches: median %.1f ms elapsed (%.1f to %.1f), %.1f ms of the processor\n", rows,
           count, ROUNDS, 1e3 * seconds[ROUNDS / 2], 1e3 * seconds[0], 1e3 * seconds[ROUNDS - 1],
           1e3 * busy[ROUNDS / 2]);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && !strcmp(argv[1], "--match"))
        return match_all(argv[2]);
    if (argc == 3 && !strcmp(argv[1], "--bench"))
        return bench(strtol(argv[2], NULL, 10));
    fprintf(stderr, "usage: %s --match FILE | --bench ROWS\n", argv[0]);
    return 2;
}
