/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_ledger.h"

#include <string.h>

#include "cli/console.h"

static void give_up(CliJobs *jobs, const VernisError *err) {
    console_note("%s; this run is not remembered from here on, and --resume will not know it", err->text);
    vernis_ledger_close(&jobs->ledger);
}

void run_ledger_open(CliJobs *jobs, const CliContext *ctx, bool create) {
    const char *path = vernis_settings_text(ctx->settings, "ledger");
    VernisError err = {0};
    if (path && !strcmp(path, "none"))
        return;
    if (!vernis_ledger_open(&jobs->ledger, path, ctx->settings, create, &err))
        return;
    bool nowhere = err.status == VERNIS_E_ARGUMENT && !path; /* no home folder: nobody to remember it for */
    if (create && !nowhere)
        give_up(jobs, &err);
}

bool run_ledger_has_done(CliJobs *jobs, const CliJob *job) {
    VernisError err = {0};
    int done = 0;
    if (jobs->ledger && vernis_ledger_has_done(jobs->ledger, job->input, job->output, &done, &err))
        give_up(jobs, &err);
    return done != 0;
}

bool run_ledger_owns(CliJobs *jobs, const CliJob *job) {
    VernisError err = {0};
    int own = 0;
    if (jobs->ledger && vernis_ledger_owns(jobs->ledger, job->output, &own, &err))
        give_up(jobs, &err);
    return own != 0;
}

void run_ledger_recover(CliJobs *jobs, const CliJob *job) {
    VernisError err = {0};
    if (jobs->ledger && vernis_ledger_recover(jobs->ledger, job->output, ORIGINAL_SUFFIX, &err))
        give_up(jobs, &err);
}

void run_ledger_forget(CliJobs *jobs, const CliJob *job) {
    VernisError err = {0};
    if (jobs->ledger && vernis_ledger_forget(jobs->ledger, job->input, job->output, &err))
        give_up(jobs, &err);
}

void run_ledger_begin(CliJobs *jobs, const CliJob *job) {
    VernisError err = {0};
    if (jobs->ledger && vernis_ledger_begin(jobs->ledger, job->input, job->output, &err))
        give_up(jobs, &err);
}

void run_ledger_finish(CliJobs *jobs, const CliJob *job, const VernisResult *result) {
    VernisError err = {0};
    const char *original = job->original ? job->original : job->input;
    if (jobs->ledger && vernis_ledger_finish(jobs->ledger, original, job->output, result, &err))
        give_up(jobs, &err);
}

void run_ledger_fail(CliJobs *jobs, const CliJob *job, const VernisError *reason) {
    VernisError err = {0};
    if (jobs->ledger && vernis_ledger_fail(jobs->ledger, job->input, job->output, reason, &err))
        give_up(jobs, &err);
}
