/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The artist's profile on the command line: read when there is one, offered once where someone sits at a terminal.
 */
#ifndef VERNIS_PROFILE_OFFER_H
#define VERNIS_PROFILE_OFFER_H

#include "cli/cli.h"

/** Take the profile's values where the command line gives none. Where there is no profile and both standard input and
 * standard error are terminals, questions make one first; a script is never asked.
 * @param err what is wrong with the profile, printed already
 * @return CLI_DONE, CLI_INTERRUPTED, or the status of a profile that is not one */
int profile_take(CliContext *ctx, VernisError *err);

#endif
