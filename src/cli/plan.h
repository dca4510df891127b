/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The plan of a run: what each picture will take, in which order they are done, and how many at once.
 */
#ifndef VERNIS_CLI_PLAN_H
#define VERNIS_CLI_PLAN_H

#include "cli/jobs.h"

/** Estimate every job that is to be done; a single one needs no plan. A picture whose header cannot be read keeps its
 * place: doing it says why. */
void plan_estimate(CliJobs *jobs, VernisSession *session);

/** Choose how many processes work, and what each may take: settings threads and max-memory become each one's share. --jobs
 * is kept where memory allows; else there is one for each processor, and never more than there are pictures. Several take
 * the longest pictures first, so that none is left for last while the other processors idle.
 * @return how many; 1: this process alone */
size_t plan_share(CliJobs *jobs, const CliContext *ctx);

/** Say how many pictures there are to do and about how long that takes. */
void plan_tell(const CliJobs *jobs, const CliContext *ctx, size_t workers);

#endif
