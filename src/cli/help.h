/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Help, written from the table of commands and the table of settings, wrapped to the terminal.
 */
#ifndef VERNIS_CLI_HELP_H
#define VERNIS_CLI_HELP_H

#include "cli/cli.h"

char *help_short(void);                        /**< usage and commands. Heap */
char *help_all(void);                          /**< that, what Vernis is, and the exit statuses. Heap */
char *help_command(const CliCommand *command); /**< usage, description and options of one command. Heap */

/** @return the command of that name, or NULL; then *meant is one that was probably meant, or NULL */
const CliCommand *help_find(const char *name, const char **meant);

#endif
