/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/protect_run.h"

#include "cli/console.h"
#include "cli/run_ledger.h"
#include "cli/signals.h"

bool run_take(Run *run, size_t *job) {
    while (run->next < run->jobs->count && !signals_cancelled(NULL) && !console_broken()) {
        CliJob *candidate = run->jobs->order[run->next++];
        size_t index = (size_t)(candidate - run->jobs->items);
        if (candidate->state == JOB_TODO) {
            progress_begin(run->progress, index);
            job_prepare(run->jobs, candidate);
            if (candidate->state == JOB_TODO) {
                run_ledger_begin(run->jobs, candidate);
                *job = index;
                return true;
            }
            progress_end(run->progress, index);
        }
        bool skipped = candidate->state == JOB_SKIP;
        if (skipped)
            job_report_skipped(run->ctx, candidate, &run->tally);
        else
            job_report_failed(run->ctx, candidate, &candidate->err, &run->tally);
        if (!skipped && candidate->err.status != VERNIS_E_EXISTS) /* then nothing was tried, and it may well be done */
            run_ledger_fail(run->jobs, candidate, &candidate->err);
        if (run->spool)
            spool_reason(run->spool, index, candidate->input, skipped ? candidate->reason : candidate->err.text,
                         !skipped);
    }
    if (run->next < run->jobs->count && signals_cancelled(NULL))
        run->tally.interrupted++;
    return false;
}

void run_do(const Run *run, VernisSession *session, size_t job, RunOutcome *out) {
    const CliJob *todo = &run->jobs->items[job];
    *out = (RunOutcome){0};
    out->status = job_execute(session, todo, &out->result, &out->err);
    if (!out->status && run->spool)
        vernis_report_picture(session, todo->original ? todo->original : todo->input, todo->output, &out->result,
                              &out->part, &out->err);
}

void run_finish(Run *run, size_t job, const RunOutcome *outcome) {
    CliJob *done = &run->jobs->items[job];
    progress_end(run->progress, job);
    if (outcome->status == VERNIS_E_PROTECTED) {
        job_skip(done, cli_reason(done->input, &outcome->err));
        run_ledger_forget(run->jobs, done);
        job_report_skipped(run->ctx, done, &run->tally);
        if (run->spool)
            spool_reason(run->spool, job, done->input, done->reason, false);
    } else if (outcome->status) {
        job_report_failed(run->ctx, done, &outcome->err, &run->tally);
        if (outcome->status != VERNIS_E_CANCELLED)
            run_ledger_fail(run->jobs, done, &outcome->err);
        if (run->spool)
            spool_reason(run->spool, job, done->input, outcome->err.text, true);
    } else {
        run_ledger_finish(run->jobs, done, &outcome->result);
        job_report_done(run->ctx, done, &outcome->result, &run->tally);
        if (run->spool)
            spool_part(run->spool, job, done->input, outcome->part, &outcome->err);
    }
}

void run_alone(Run *run, VernisSession *session) {
    while (run_take(run, &run->current)) {
        RunOutcome outcome;
        run_do(run, session, run->current, &outcome);
        run_finish(run, run->current, &outcome);
        vernis_free(outcome.part);
    }
}
