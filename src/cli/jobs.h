/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * One picture of a run of protect: what is to become of it (outputs.c decides), doing it, and telling about it.
 */
#ifndef VERNIS_CLI_JOBS_H
#define VERNIS_CLI_JOBS_H

#include "cli/cli.h"
#include "cli/inputs.h"

typedef enum CliJobState { JOB_TODO, JOB_SKIP, JOB_FAIL, JOB_ELSEWHERE } CliJobState; /* the last only while planning */

typedef struct CliJob {
    const char *input; /**< points into the inputs */
    char *output;      /**< where the protected picture ends up; "-": standard output; NULL if not known */
    char *original;    /**< --in-place: the name the original is kept under; else NULL */
    bool outdated;     /**< an output of an earlier run stands there, which --resume may replace */
    CliJobState state;
    double seconds;  /**< estimated, with all processors; 0: not known */
    uint64_t memory; /**< estimated, bytes */
    char *reason;    /**< of a skip */
    VernisError err; /**< of a failure */
} CliJob;

typedef struct CliJobs {
    CliJob *items, **order; /**< as planned, and in the order they are done */
    size_t count;
    VernisLedger *ledger;    /**< NULL: none is kept */
    StringList made_folders; /**< by this run, outermost first; those that stay empty are removed at the end */
} CliJobs;

/** Fail a job before it starts. */
void job_fail(CliJob *job, VernisStatus status, const char *format, ...) __attribute__((format(printf, 3, 4)));
void job_skip(CliJob *job, const char *reason);

/** Make the output's folder and see that it can be written, before time is spent. On failure job->state is JOB_FAIL. */
void job_prepare(CliJobs *jobs, CliJob *job);

/** Protect the picture. Runs in this process or in a worker; writes nothing but the output. */
VernisStatus job_execute(VernisSession *session, const CliJob *job, VernisResult *result, VernisError *err);

/** What became of the jobs so far. */
typedef struct CliTally {
    size_t done, failed, skipped, missed, interrupted;
} CliTally;

/** Tell what became of a job: a line on stdout, warnings and errors on stderr. */
void job_report_done(const CliContext *ctx, const CliJob *job, const VernisResult *result, CliTally *tally);
void job_report_failed(const CliContext *ctx, const CliJob *job, const VernisError *err, CliTally *tally);
void job_report_skipped(const CliContext *ctx, const CliJob *job, CliTally *tally);

int tally_status(const CliTally *tally); /**< the exit status */

void job_close(CliJob *job);
void jobs_close(CliJobs *jobs);

#endif
