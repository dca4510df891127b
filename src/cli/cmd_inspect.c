/* SPDX-License-Identifier: Apache-2.0 */
/* vernis inspect: metadata and provenance of files. */
#include "cli/cli.h"
#include "cli/console.h"
#include "cli/inputs.h"
#include "cli/signals.h"

/* @return whether it could be read */
static bool inspect(const CliContext *ctx, const CliInput *input) {
    VernisError err = input->err;
    char *text = NULL;
    if (!err.status)
        vernis_inspect_file(input->path, vernis_settings_text(ctx->settings, "platform"), ctx->json, &text, &err);
    if (err.status) {
        cli_failure(input->path, &err);
        char *json = ctx->json ? vernis_failure_json(input->path, "failed", &err, NULL) : NULL;
        if (json)
            console_result(json);
        vernis_free(json);
    } else {
        console_result(text);
    }
    vernis_free(text);
    return !err.status;
}

static int run_inspect(CliContext *ctx) {
    CliInputs inputs = {0};
    int status = inputs_open(&inputs, ctx, false, NULL);
    if (!status && !inputs.count) {
        console_note("no pictures found: there is nothing to inspect");
        status = CLI_SKIPPED;
    }
    for (size_t i = 0; i < inputs.count && status <= CLI_FAILED && !console_broken(); i++) {
        if (signals_cancelled(NULL))
            status = CLI_INTERRUPTED;
        else if (!inspect(ctx, &inputs.items[i]))
            status = CLI_FAILED;
    }
    inputs_close(&inputs);
    return status;
}

const CliCommand command_inspect = {
    .name = "inspect",
    .operands = "FILE...",
    .summary = "show the rights, opt-out and provenance metadata of files",
    .description =
        "Reads what a file says about itself: rights, opt-out values, provenance, and previews in which the clean "
        "picture could survive. Folders are taken as the pictures in them.",
    .least = 0,
    .most = -1,
    .run = run_inspect,
};
