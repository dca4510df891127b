/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The ledger as a run of protect uses it. What goes wrong with it is told once and stops nothing: the run goes on without.
 */
#ifndef VERNIS_CLI_RUN_LEDGER_H
#define VERNIS_CLI_RUN_LEDGER_H

#include "cli/jobs.h"

/** The ledger that the settings name, in jobs->ledger; NULL with --ledger none, or when it cannot be used.
 * @param create make it where there is none */
void run_ledger_open(CliJobs *jobs, const CliContext *ctx, bool create);

/** Whether --resume may pass over the job. */
bool run_ledger_has_done(CliJobs *jobs, const CliJob *job);
/** Note as done what a run that was killed had put in its place (--in-place) and not noted. */
void run_ledger_recover(CliJobs *jobs, const CliJob *job);
/** Whether what stands at the job's output is from an earlier run, which --resume may replace. */
bool run_ledger_owns(CliJobs *jobs, const CliJob *job);

/** Note what becomes of a job. */
void run_ledger_begin(CliJobs *jobs, const CliJob *job);
void run_ledger_forget(CliJobs *jobs, const CliJob *job); /**< it was refused */
void run_ledger_finish(CliJobs *jobs, const CliJob *job, const VernisResult *result);
void run_ledger_fail(CliJobs *jobs, const CliJob *job, const VernisError *reason);

#endif
