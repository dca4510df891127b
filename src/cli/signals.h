/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Interruption. The first SIGINT, SIGTERM or SIGHUP asks for an orderly stop; the second removes temporary files and
 * exits at once. Workers are stopped by their parent, not by the terminal.
 */
#ifndef VERNIS_CLI_SIGNALS_H
#define VERNIS_CLI_SIGNALS_H

#include <stdbool.h>
#include <sys/types.h>

void signals_install(void);

/** An orderly stop was asked for. Fits VernisHooks.cancelled. */
int signals_cancelled(void *unused);

void signals_block(void); /**< hold signals back while a few calls belong together */
void signals_unblock(void);

enum { SIGNALS_CHILDREN = 64 };
void signals_child(int slot, pid_t pid); /**< pass signals on to this child; 0: no longer */

/** In a fresh child, signals blocked: leave the terminal's signals to the parent, obey the parent's SIGTERM, and end with it
 * where the system can arrange that (Linux): what a run that was killed has left is then nobody's. */
void signals_become_worker(void);

#endif
