/* SPDX-License-Identifier: Apache-2.0 */
/* vernis identity: the artist's own certificates. */
#include <string.h>

#include "cli/cli.h"

static int run_identity(CliContext *ctx) {
    VernisError err = {0};
    char *text = NULL;
    if (strcmp(ctx->operands.items[0], "create") != 0)
        return cli_usage(ctx, "there is no '%s'; 'create' makes an identity", ctx->operands.items[0]);
    vernis_identity_create(vernis_settings_text(ctx->settings, "name"), ctx->json, &text, &err);
    return cli_answer(text, &err);
}

const CliCommand command_identity = {
    .name = "identity",
    .operands = "create",
    .summary = "make a signing identity of your own",
    .description =
        "'create' makes a root certificate and, signed by it, a certificate and key that protect signs content "
        "credentials (C2PA) with from then on. They lie in the folder identity of the configuration folder; private keys "
        "can be read by you alone, and nothing is ever replaced. Validators show such a signature as valid but untrusted, "
        "because no authority vouches for the name: whoever is given root.pem can trust it.",
    .least = 1,
    .most = 1,
    .run = run_identity,
};
