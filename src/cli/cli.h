/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * What every file of the command line shares: the shape of a command, what it is handed, and the exit statuses.
 */
#ifndef VERNIS_CLI_H
#define VERNIS_CLI_H

#include <stdbool.h>

#include <vernis/vernis.h>

#include "cli/cli_text.h"

/** Exit statuses; part of the interface. */
enum {
    CLI_DONE = 0,
    CLI_FAILED = 1,        /**< some files failed, the others are done */
    CLI_USAGE = 2,         /**< the command line is wrong; nothing was started */
    CLI_SKIPPED = 3,       /**< there was nothing to do: everything was skipped */
    CLI_MISSED = 4,        /**< written, but a target was not met */
    CLI_INTERRUPTED = 130, /**< nothing half-written, what was finished stays */
};

struct CliCommand;

/** What a command is handed: its settings and operands as parsed. */
typedef struct CliContext {
    const struct CliCommand *command;
    VernisSettings *settings;
    StringList operands;
    bool json, quiet, verbose;
} CliContext;

/** One command; the table of all of them is in main.c. */
typedef struct CliCommand {
    const char *name;
    const char *operands;        /**< as shown in the usage line */
    const char *summary;         /**< one line for the list of commands */
    const char *description;     /**< paragraphs separated by blank lines; wrapped by help */
    int least, most;             /**< how many operands; most < 0: any number */
    int (*run)(CliContext *ctx); /**< @return an exit status */
} CliCommand;

extern const CliCommand command_protect, command_watch, command_verify, command_inspect, command_optout, command_identity,
    command_ledger, command_models, command_presets, command_probe, command_selftest, command_bench;

/** The commands in the order of the help. NULL-ended. */
extern const CliCommand *const cli_commands[];

/** Open the session of a command, wired to interruption (and to `hooks` where not NULL). On failure the reason has
 * been printed and is in `err`.
 * @return the exit status for a failure, or CLI_DONE */
int cli_session_open(VernisSession **out, const CliContext *ctx, const VernisHooks *hooks, VernisError *err);

/** Print a usage error on stderr, with where to find help. @return CLI_USAGE */
int cli_usage(const CliContext *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** What an error says behind the name of the file that it is about; library texts mostly begin with the name. */
const char *cli_reason(const char *file, const VernisError *err);

/** Print a failure on stderr. @param file the file it is about, or NULL
 * @return CLI_INTERRUPTED, CLI_USAGE or CLI_FAILED by the kind of error */
int cli_failure(const char *file, const VernisError *err);
/** Print on stdout what a library call made, or on stderr why it made nothing. @param text vernis_free'd here; may be NULL
 * @return CLI_DONE, or as cli_failure */
int cli_answer(char *text, const VernisError *err);

#endif
