/* SPDX-License-Identifier: Apache-2.0 */
/* vernis models: surrogates that are there, and new ones. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/console.h"

/* `models install FILE [NAME]` */
static int install(const CliContext *ctx) {
    VernisError err = {0};
    if (ctx->operands.count < 2)
        return cli_usage(ctx, "install needs a model file, and may be given a name");
    const char *path = ctx->operands.items[1];
    char *name = ctx->operands.count > 2 ? cli_copy(ctx->operands.items[2])
                                         : cli_copy_n(path_base(path), (size_t)(path_ext(path) - path_base(path)));
    int status = vernis_models_install(path, name, &err) ? cli_failure(path, &err) : CLI_DONE;
    if (status == CLI_USAGE)
        status = CLI_FAILED;
    if (!status && ctx->json) {
        char *file = cli_json(path), *word = cli_json(name);
        console_result_f("{\"input\":%s,\"status\":\"ok\",\"name\":%s}", file, word);
        free(file);
        free(word);
    } else if (!status && !ctx->quiet) {
        console_result_f("%s is installed; use it with --surrogate %s", path, name);
    }
    free(name);
    return status;
}

static int run_models(CliContext *ctx) {
    const char *path = ctx->operands.count ? ctx->operands.items[0] : NULL;
    VernisError err = {0};
    char *text = NULL;
    if (path && !strcmp(path, "install"))
        return install(ctx);
    if (ctx->operands.count > 1)
        return cli_usage(ctx, "one model file at a time");
    if (vernis_models_text(path, ctx->json, &text, &err)) {
        cli_failure(path, &err);
        return CLI_FAILED;
    }
    console_result(text);
    vernis_free(text);
    return CLI_DONE;
}

const CliCommand command_models = {
    .name = "models",
    .operands = "[FILE | install FILE [NAME]]",
    .summary = "list the surrogates, describe a model file, install one",
    .description =
        "Without operands: lists the built-in and installed surrogates. With a .safetensors file: says what it is. "
        "'install' checks a model file and copies it to the configuration folder, so that --surrogate takes it by "
        "name (the file's own name without its ending, if none is given).",
    .least = 0,
    .most = 3,
    .run = run_models,
};
