/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/spool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/console.h"

typedef struct Entry {
    size_t job, size;
    long offset;
    char *input, *reason; /* of one that has no part */
    bool failed;
} Entry;

struct Spool {
    const char *path; /* of the page */
    bool replace, damaged;
    FILE *parts;
    Entry *entries;
    size_t count;
};

int spool_open(Spool **out, const CliContext *ctx) {
    const char *path = vernis_settings_text(ctx->settings, "report");
    bool replace = vernis_settings_number(ctx->settings, "overwrite") != 0;
    struct stat info;
    *out = NULL;
    if (!path)
        return CLI_DONE;
    if (strcasecmp(path_ext(path), ".html") != 0)
        return cli_usage(ctx, "--report %s: the name must end in .html", path);
    if (!stat(path, &info) && (!replace || !S_ISREG(info.st_mode)))
        return cli_usage(ctx, "--report %s: exists already%s", path, replace ? "" : " (--overwrite replaces it)");
    char *folder = path_folder(path);
    int code = access(folder, W_OK | X_OK) ? errno : 0;
    free(folder);
    FILE *parts = code ? NULL : tmpfile();
    if (!parts) {
        console_note("--report %s: cannot be written: %s", path, strerror(code ? code : errno));
        return CLI_FAILED;
    }
    *out = cli_alloc(sizeof **out);
    **out = (Spool){.path = path, .replace = replace, .parts = parts};
    return CLI_DONE;
}

static Entry *new_entry(Spool *spool, size_t job) {
    spool->entries = cli_grow(spool->entries, spool->count + 1, sizeof *spool->entries);
    Entry *entry = &spool->entries[spool->count++];
    *entry = (Entry){.job = job};
    return entry;
}

void spool_part(Spool *spool, size_t job, const char *input, const char *part, const VernisError *err) {
    VernisError problem = {0};
    long offset = ftell(spool->parts);
    size_t size = part ? strlen(part) : 0;
    if (part && fwrite(part, 1, size, spool->parts) == size && !fflush(spool->parts)) {
        Entry *entry = new_entry(spool, job);
        entry->offset = offset;
        entry->size = size;
        return;
    }
    if (part)
        snprintf(problem.text, sizeof problem.text, "cannot keep its part of the report: %s", strerror(errno));
    cli_failure(input, part ? &problem : err);
    spool->damaged = true;
    spool_reason(spool, job, input, "done, but its part of this report could not be made", false);
}

void spool_reason(Spool *spool, size_t job, const char *input, const char *reason, bool failed) {
    Entry *entry = new_entry(spool, job);
    entry->input = cli_copy(input);
    entry->reason = cli_copy(reason);
    entry->failed = failed;
}

static int by_job(const void *a, const void *b) {
    const Entry *x = a, *y = b;
    return (x->job > y->job) - (x->job < y->job);
}

static VernisStatus copy_part(VernisReport *report, const Spool *spool, const Entry *entry, VernisError *err) {
    char block[65536];
    size_t left = entry->size;
    VernisStatus status = VERNIS_OK;
    if (fseek(spool->parts, entry->offset, SEEK_SET))
        left = 0;
    while (left && !status) {
        size_t n = fread(block, 1, left < sizeof block ? left : sizeof block, spool->parts);
        if (!n)
            break;
        status = vernis_report_add(report, block, n, err);
        left -= n;
    }
    if (left && !status) {
        err->status = status = VERNIS_E_IO;
        snprintf(err->text, sizeof err->text, "%s: cannot read back a part of the report", spool->path);
    }
    return status;
}

int spool_write(Spool *spool, bool verified) {
    VernisReportRun run = {.verified = verified};
    VernisReport *report = NULL;
    VernisError err = {0};
    qsort(spool->entries, spool->count, sizeof *spool->entries, by_job);
    for (size_t i = 0; i < spool->count; i++)
        ++*(!spool->entries[i].reason ? &run.done : spool->entries[i].failed ? &run.failed : &run.skipped);
    VernisStatus status = vernis_report_open(&report, spool->path, spool->replace, &run, &err);
    for (size_t i = 0; i < spool->count && !status; i++)
        if (!spool->entries[i].reason)
            status = copy_part(report, spool, &spool->entries[i], &err);
    for (size_t i = 0; i < spool->count && !status; i++)
        if (spool->entries[i].reason)
            status = vernis_report_add_failure(report, spool->entries[i].input, spool->entries[i].reason, &err);
    if (status)
        vernis_report_close(&report, 0, NULL);
    else
        status = vernis_report_close(&report, 1, &err);
    if (status)
        cli_failure(NULL, &err);
    return status || spool->damaged ? CLI_FAILED : CLI_DONE;
}

void spool_close(Spool **handle) {
    Spool *spool = *handle;
    if (!spool)
        return;
    for (size_t i = 0; i < spool->count; i++) {
        free(spool->entries[i].input);
        free(spool->entries[i].reason);
    }
    free(spool->entries);
    fclose(spool->parts);
    free(spool);
    *handle = NULL;
}
