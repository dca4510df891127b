/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/protect_run.h"

#include "cli/console.h"
#include "cli/signals.h"

bool run_take(Run *run, size_t *job) {
    while (run->next < run->jobs->count && !signals_cancelled(NULL) && !console_broken()) {
        size_t index = run->next++;
        CliJob *candidate = &run->jobs->items[index];
        if (candidate->state == JOB_TODO) {
            progress_begin(run->progress, index);
            job_prepare(run->jobs, candidate);
            if (candidate->state == JOB_TODO) {
                if (candidate->ledger)
                    ledger_begin(candidate->ledger, candidate->output);
                *job = index;
                return true;
            }
            progress_end(run->progress, index);
        }
        if (candidate->state == JOB_SKIP)
            job_report_skipped(run->ctx, candidate, &run->tally);
        else
            job_report_failed(run->ctx, candidate, &candidate->err, &run->tally);
    }
    if (run->next < run->jobs->count && signals_cancelled(NULL))
        run->tally.interrupted++;
    return false;
}

void run_finish(Run *run, size_t job, VernisStatus status, const VernisResult *result, const VernisError *err) {
    progress_end(run->progress, job);
    if (status)
        job_report_failed(run->ctx, &run->jobs->items[job], err, &run->tally);
    else
        job_report_done(run->ctx, run->jobs, &run->jobs->items[job], result, &run->tally);
}

void run_alone(Run *run, VernisSession *session) {
    while (run_take(run, &run->current)) {
        const CliJob *job = &run->jobs->items[run->current];
        VernisResult result = {0};
        VernisError err = {0};
        VernisStatus status = job_execute(session, job, &result, &err);
        run_finish(run, run->current, status, &result, &err);
    }
}
