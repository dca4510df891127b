/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The run over all jobs of protect, in this process or spread over several.
 */
#ifndef VERNIS_CLI_PROTECT_RUN_H
#define VERNIS_CLI_PROTECT_RUN_H

#include "cli/jobs.h"
#include "cli/progress.h"
#include "cli/spool.h"

typedef struct Run {
    const CliContext *ctx;
    CliJobs *jobs;
    Progress *progress; /* NULL until the jobs are known */
    Spool *spool;       /* NULL without --report */
    CliTally tally;
    size_t next;    /* the first job that has not been looked at */
    size_t current; /* the job under way in this process */
} Run;

/** The next job that is to be done now, prepared, its beginning shown; those before it that are skipped or failed are
 * told about. @return false when there is none, or the run is to stop */
bool run_take(Run *run, size_t *job);

/** What came of doing a job. */
typedef struct RunOutcome {
    VernisStatus status;
    VernisResult result; /* not used when status is a failure */
    VernisError err;
    char *part; /* of the report, the caller's; NULL: none is wanted, or `err` says why there is none */
} RunOutcome;

/** Do a job, here or in a worker, and make its part of the report (for vernis_free). */
void run_do(const Run *run, VernisSession *session, size_t job, RunOutcome *out);

/** Tell about a job that run_take gave, and keep its part. */
void run_finish(Run *run, size_t job, const RunOutcome *outcome);

/** Do all jobs here. */
void run_alone(Run *run, VernisSession *session);

/** Do all jobs in `workers` child processes, each with its own session. No session may be open in this process. A
 * worker that dies fails its picture only. */
void run_workers(Run *run, size_t workers);

#endif
