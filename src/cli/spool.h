/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The parts of a run's report until the page is written: in a file without a name, so that a portfolio does not pile up
 * in memory and a run that is killed leaves nothing.
 */
#ifndef VERNIS_CLI_SPOOL_H
#define VERNIS_CLI_SPOOL_H

#include "cli/cli.h"

typedef struct Spool Spool;

/** See whether --report can be written, before time is spent; *out is NULL without --report.
 * @return CLI_DONE, or an exit status when the reason has been printed */
int spool_open(Spool **out, const CliContext *ctx);

/** Keep a part under the number of its job. @param part NULL: it could not be made, as `err` says (printed here) */
void spool_part(Spool *spool, size_t job, const char *input, const char *part, const VernisError *err);

/** What became of a job that has no part. @param reason is copied */
void spool_reason(Spool *spool, size_t job, const char *input, const char *reason, bool failed);

/** Write the page, the pictures in the order of their numbers. @return CLI_DONE or CLI_FAILED (printed) */
int spool_write(Spool *spool, bool verified);

void spool_close(Spool **spool); /**< sets NULL and takes NULL */

#endif
