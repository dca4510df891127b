/* SPDX-License-Identifier: Apache-2.0 */
/* vernis optout: opt-out files for a web site. */
#include "cli/cli.h"
#include "cli/console.h"

static int run_optout(CliContext *ctx) {
    bool removing = vernis_settings_number(ctx->settings, "remove") != 0;
    VernisError err = {0};
    char *text = NULL;
    vernis_optout_folder(ctx->operands.items[0], removing, ctx->json, &text, &err);
    int status = cli_answer(text, &err);
    if (!status && !ctx->quiet && !removing)
        console_note("what is left to do (headers, <head>): %s/vernis-optout/README.txt", ctx->operands.items[0]);
    return status;
}

const CliCommand command_optout = {
    .name = "optout",
    .operands = "DIR",
    .summary = "write the opt-out files and snippets of a web site",
    .description =
        "Writes into the folder of a web site what tells AI crawlers and dataset builders that its pictures are not for "
        "training: robots.txt, ai.txt, .well-known/tdmrep.json, and in vernis-optout/ the lines for pages (noai) and for "
        "the servers nginx, Apache and Caddy (X-Robots-Tag, tdm-reservation, Content-Usage).\n\n"
        "What is there already is kept: robots.txt and the others get a marked, dated block behind their own lines. Running "
        "it again brings the block up to date; --remove takes it out and leaves every other byte as it was. These files "
        "are requests: they do not stop an agent that ignores them.",
    .least = 1,
    .most = 1,
    .run = run_optout,
};
