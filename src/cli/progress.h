/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Progress on stderr: a bar with the time left on a terminal, plain lines elsewhere, JSON lines for programs.
 */
#ifndef VERNIS_CLI_PROGRESS_H
#define VERNIS_CLI_PROGRESS_H

#include "cli/jobs.h"

typedef struct Progress Progress;

/** @param jobs outlives the progress; those not JOB_TODO count as done */
Progress *progress_open(const CliContext *ctx, const CliJobs *jobs);
void progress_begin(Progress *progress, size_t job);
void progress_update(Progress *progress, size_t job, const char *stage, double done); /**< done 0..1 */
void progress_end(Progress *progress, size_t job);
void progress_close(Progress *progress);

#endif
