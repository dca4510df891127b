/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Where the outputs of protect go: names, mirrored folders, collisions, what exists already, and never the inputs.
 */
#ifndef VERNIS_CLI_OUTPUTS_H
#define VERNIS_CLI_OUTPUTS_H

#include "cli/jobs.h"

typedef enum CliTarget {
    TARGET_BESIDE,   /**< NAME.protected.EXT beside the input */
    TARGET_FILE,     /**< the one output named by -o */
    TARGET_FOLDER,   /**< names kept inside the folder named by -o */
    TARGET_IN_PLACE, /**< the input's own name; the original becomes NAME_original.EXT */
    TARGET_STDOUT
} CliTarget;

/** Check the options that say where, against each other and the inputs.
 * @return CLI_DONE, or CLI_USAGE when the reason has been printed */
int outputs_target(CliTarget *out, const CliContext *ctx, const CliInputs *inputs);

/** A job for each input of this shard, with its output, and its fate where that is known already. Other shards' inputs and
 * outputs are seen to where names collide. Nothing on disk changes.
 * @return CLI_DONE, or CLI_USAGE for two inputs with one output or an output that is an input (printed) */
int outputs_plan(CliJobs *out, const CliContext *ctx, const CliInputs *inputs, CliTarget target,
                 const VernisSession *session);

#endif
