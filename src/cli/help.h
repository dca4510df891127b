/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Help, written from the table of commands and the table of settings, wrapped to the terminal; and what is written from the
 * same tables when Vernis is built, the manual page and the completions of shells.
 */
#ifndef VERNIS_CLI_HELP_H
#define VERNIS_CLI_HELP_H

#include "cli/cli.h"

char *help_short(void);                        /**< usage and commands. Heap */
char *help_all(void);                          /**< that, what Vernis is, and the exit statuses. Heap */
char *help_command(const CliCommand *command); /**< usage, description and options of one command. Heap */

/** The manual page, in roff with the man macros. Heap */
char *help_manual(void);
/** A script that completes command lines. @param shell "bash", "zsh" or "fish"; heap, NULL for another */
char *help_completions(const char *shell);

/** @return the command of that name, or NULL; then *meant is one that was probably meant, or NULL */
const CliCommand *help_find(const char *name, const char **meant);

extern const char help_intro[], help_streams[];

typedef struct HelpStatus {
    int status;
    const char *meaning; /**< NULL: the end */
} HelpStatus;
extern const HelpStatus help_statuses[];

#endif
