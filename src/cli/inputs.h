/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * From operands to files: folders are walked in a stable order, lists are read, patterns left out.
 */
#ifndef VERNIS_CLI_INPUTS_H
#define VERNIS_CLI_INPUTS_H

#include "cli/cli.h"

#define ORIGINAL_SUFFIX "_original" /**< of the name that --in-place keeps an original under, before its ending */

/** One file to work on, or one operand that cannot be (err.status is then set). */
typedef struct CliInput {
    char *path;     /**< as to be opened; "-": standard input */
    char *relative; /**< below the operand's folder; the bare name where the file itself was given */
    bool elsewhere; /**< another shard's (shard.h) */
    VernisError err;
} CliInput;

typedef struct CliInputs {
    CliInput *items; /**< operands in the order given, the files of each folder sorted by bytes */
    size_t count;
    bool one_file; /**< the command line names exactly one thing and it is not a folder */
    size_t elsewhere;
    size_t left_out; /**< pictures of kinds that are not handled, met while walking */
    char *left_out_example;
    size_t passed_over; /**< hidden files and those that are no pictures, met while walking */
    StringList folders; /**< that were walked, as they were to be opened */
} CliInputs;

/** Expand ctx->operands and --files-from with --recursive and --exclude.
 * Walking takes picture files only and passes over hidden ones, and follows no links to folders.
 * @param only_originals pass over what Vernis itself writes: *.protected.* and *_original.*
 * @param not_into a folder that is not walked (the output's), or NULL
 * @return CLI_DONE, or the exit status when the reason has been printed. Close in either case. */
int inputs_open(CliInputs *out, const CliContext *ctx, bool only_originals, const char *not_into);
void inputs_close(CliInputs *inputs);

#endif
