/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/console.h"
#include "cli/signals.h"

__attribute__((format(printf, 3, 4))) static VernisStatus fail(VernisError *err, VernisStatus status,
                                                               const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = cli_format_v(format, args);
    va_end(args);
    err->status = status;
    snprintf(err->where, sizeof err->where, "outputs");
    snprintf(err->text, sizeof err->text, "%s", text);
    free(text);
    return status;
}

void job_fail(CliJob *job, VernisStatus status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = cli_format_v(format, args);
    va_end(args);
    job->state = JOB_FAIL;
    fail(&job->err, status, "%s", text);
    free(text);
}

void job_skip(CliJob *job, const char *reason) {
    job->state = JOB_SKIP;
    free(job->reason);
    job->reason = cli_copy(reason);
}

/* mkdir -p that remembers. @return 0 or errno */
static int make_folders(const char *path, StringList *made) {
    struct stat info;
    if (!stat(path, &info))
        return S_ISDIR(info.st_mode) ? 0 : ENOTDIR;
    char *above = path_folder(path);
    int code = strcmp(above, path) ? make_folders(above, made) : 0;
    free(above);
    if (!code && mkdir(path, 0777))
        code = errno == EEXIST ? 0 : errno;
    else if (!code)
        list_add(made, cli_copy(path));
    return code;
}

void job_prepare(CliJobs *jobs, CliJob *job) {
    if (!strcmp(job->output, "-"))
        return;
    char *folder = path_folder(job->output);
    int code = make_folders(folder, &jobs->made_folders);
    if (!code && access(folder, W_OK | X_OK))
        code = errno;
    if (code)
        job_fail(job, code == ENOSPC ? VERNIS_E_NO_SPACE : VERNIS_E_IO, "%s: cannot write into the folder %s: %s",
                 job->input, folder, strerror(code));
    free(folder);
}

/* A second name for the original; a copy where the file system has no hard links. @return 0 or errno */
static int keep_original(const char *from, const char *to) {
    if (!link(from, to))
        return 0;
    if (errno != EPERM && errno != ENOTSUP && errno != EMLINK && errno != ENOSYS)
        return errno;
    int in = open(from, O_RDONLY | O_CLOEXEC), code = in < 0 ? errno : 0;
    int out = code ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (!code && out < 0)
        code = errno;
    char block[65536];
    for (ssize_t n; !code && (n = read(in, block, sizeof block)) != 0;)
        if (n < 0 || write(out, block, (size_t)n) != n)
            code = n < 0 ? errno : ENOSPC;
    if (out >= 0 && (fsync(out) || close(out)) && !code)
        code = errno;
    if (in >= 0)
        close(in);
    if (out >= 0 && code)
        unlink(to);
    return code;
}

static bool same_file(const char *a, const char *b) {
    struct stat x, y;
    return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* The original gets its second name first, so the picture exists under its own name at every moment. */
static VernisStatus swap(const CliJob *job, const char *finished, VernisError *err) {
    VernisStatus status = VERNIS_OK;
    signals_block();
    int code = keep_original(job->input, job->original);
    if (code == EEXIST && same_file(job->input, job->original))
        code = 0; /* a run that was killed here has done it */
    if (code) {
        status = fail(err, code == EEXIST ? VERNIS_E_EXISTS : VERNIS_E_IO, "%s: cannot keep the original as %s: %s",
                      job->input, job->original, strerror(code));
    } else if (rename(finished, job->output)) {
        status = fail(err, VERNIS_E_IO, "%s: cannot put the protected picture in its place: %s", job->input,
                      strerror(errno));
        unlink(job->original);
    } else if (strcmp(job->input, job->output) != 0) {
        unlink(job->input); /* --format gave it another ending; the original is kept under its new name */
    }
    signals_unblock();
    return status;
}

/* An output of an earlier run gives way, whatever the settings say of others. */
static VernisStatus replace(const CliJob *job, const char *finished, VernisError *err) {
    if (!rename(finished, job->output))
        return VERNIS_OK;
    return fail(err, VERNIS_E_IO, "%s: cannot replace %s: %s", job->input, job->output, strerror(errno));
}

static VernisStatus place(void *opaque, const char *finished, const char *output, VernisError *err) {
    (void)output;
    const CliJob *job = opaque;
    return job->original ? swap(job, finished, err) : replace(job, finished, err);
}

VernisStatus job_execute(VernisSession *session, const CliJob *job, VernisResult *result, VernisError *err) {
    VernisPlace *own = job->original || job->outdated ? place : NULL;
    return vernis_protect_file_placed(session, job->input, job->output, own, (void *)(uintptr_t)job, result, err);
}

/* "a.protected.png  1080x1350  visibility 1.90  shift vernis-a 1.10  3.2 s" */
static char *human_line(const CliContext *ctx, const CliJob *job, const VernisResult *result) {
    char *line =
        cli_format("%s  %ux%u  visibility %.2f", job->output, result->width, result->height, result->visibility);
    for (size_t i = 0; i < result->shift_count; i++) {
        const VernisShift *shift = &result->shifts[i];
        char *longer = ctx->verbose ? cli_format("%s  shift %s %.2f (direct %.2f, floor %.2f)", line, shift->surrogate,
                                                 shift->ingest, shift->direct, shift->floor)
                                    : cli_format("%s  shift %s %.2f", line, shift->surrogate, shift->ingest);
        free(line);
        line = longer;
    }
    char *whole = ctx->verbose ? cli_format("%s  PSNR %.1f dB  SSIM %.3f  %d steps  %s  %.0f MB  %.1f s", line,
                                            result->psnr, result->ssim, result->steps, result->cpu,
                                            (double)result->peak_memory_bytes / 1e6, result->seconds)
                               : cli_format("%s  %.1f s", line, result->seconds);
    free(line);
    return whole;
}

void job_report_done(const CliContext *ctx, const CliJob *job, const VernisResult *result, CliTally *tally) {
    char *line = human_line(ctx, job, result);
    tally->done++;
    tally->missed += !result->target_met;
    for (size_t i = 0; i < result->warning_count && !ctx->quiet; i++)
        console_note("%s: warning: %s", job->input, result->warnings[i]);
    if (!strcmp(job->output, "-")) {
        if (!ctx->quiet)
            console_note("%s", line);
    } else if (ctx->json) {
        char *json = vernis_result_json(job->input, job->output, result);
        console_result(json ? json : "");
        vernis_free(json);
    } else if (!ctx->quiet) {
        console_result(line);
    }
    free(line);
}

static void failure_line(const CliJob *job, const char *status, const VernisError *err, const char *reason) {
    char *json = vernis_failure_json(job->input, status, err, reason);
    if (json)
        console_result(json);
    vernis_free(json);
}

void job_report_failed(const CliContext *ctx, const CliJob *job, const VernisError *err, CliTally *tally) {
    if (err->status == VERNIS_E_CANCELLED && signals_cancelled(NULL)) {
        tally->interrupted++;
        return;
    }
    tally->failed++;
    cli_failure(job->input, err);
    if (ctx->json)
        failure_line(job, "failed", err, NULL);
}

void job_report_skipped(const CliContext *ctx, const CliJob *job, CliTally *tally) {
    tally->skipped++;
    if (!ctx->quiet)
        console_note("%s: skipped: %s", job->input, job->reason);
    if (ctx->json)
        failure_line(job, "skipped", NULL, job->reason);
}

int tally_status(const CliTally *tally) {
    return tally->interrupted ? CLI_INTERRUPTED
           : tally->failed    ? CLI_FAILED
           : !tally->done     ? CLI_SKIPPED
           : tally->missed    ? CLI_MISSED
                              : CLI_DONE;
}

void job_close(CliJob *job) {
    free(job->output);
    free(job->original);
    free(job->reason);
}

void jobs_close(CliJobs *jobs) {
    vernis_ledger_close(&jobs->ledger);
    for (size_t i = 0; i < jobs->count; i++)
        job_close(&jobs->items[i]);
    free(jobs->items);
    free(jobs->order);
    for (size_t i = jobs->made_folders.count; i-- > 0;)
        rmdir(jobs->made_folders.items[i]); /* refuses where something was written */
    list_free(&jobs->made_folders);
    jobs->items = NULL;
    jobs->order = NULL;
    jobs->count = 0;
}
