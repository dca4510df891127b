/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The parser of a command's arguments, driven by vernis_settings_table: --name VALUE, --name=VALUE, -x VALUE, -xVALUE,
 * flags (-qr together), `--` ends the options, `-` is an operand.
 */
#ifndef VERNIS_CLI_OPTIONS_H
#define VERNIS_CLI_OPTIONS_H

#include "cli/cli.h"

/** Parse into ctx->settings and ctx->operands (ctx->command and an open ctx->settings are given), and set the flags.
 * @param argv the arguments after the command's name
 * @param wants_help receives whether --help or -h is among them; nothing is checked then
 * @return CLI_DONE, or CLI_USAGE when the reason has been printed */
int options_parse(CliContext *ctx, int argc, char **argv, bool *wants_help);

/** @return whether the blank-separated `words` contain `word` */
bool options_has_word(const char *words, const char *word);

#endif
