/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Protecting a share of the pictures, so that several machines can do a portfolio together.
 */
#ifndef VERNIS_CLI_SHARD_H
#define VERNIS_CLI_SHARD_H

#include "cli/inputs.h"

/** Mark the inputs that are another shard's, as --shard says. Which shard a picture belongs to follows from its path relative
 * to its operand alone (FNV-1a of the bytes), so what else is in the folder, or where it is mounted, changes nothing.
 * @return CLI_DONE, or CLI_USAGE when --shard is not I/N (printed) */
int shard_apply(CliInputs *inputs, const CliContext *ctx);

#endif
