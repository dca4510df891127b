/* SPDX-License-Identifier: Apache-2.0 */
/* vernis presets: lists them or prints one. */
#include "cli/cli.h"
#include "cli/console.h"

static int run_presets(CliContext *ctx) {
    const char *name = ctx->operands.count ? ctx->operands.items[0] : NULL;
    VernisError err = {0};
    char *text = NULL;
    if (vernis_presets_text(name, ctx->json, &text, &err)) {
        cli_failure(NULL, &err);
        return CLI_FAILED;
    }
    console_result(text);
    vernis_free(text);
    return CLI_DONE;
}

const CliCommand command_presets = {
    .name = "presets",
    .operands = "[PRESET]",
    .summary = "list the presets, or print one",
    .description = "Lists the presets: strengths (--strength) and platforms (--for, --ingest), your own among them; with a name, "
                   "prints that one, ready to be saved and edited in the presets folder of your configuration.",
    .least = 0,
    .most = 1,
    .run = run_presets,
};
