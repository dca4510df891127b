/* SPDX-License-Identifier: Apache-2.0 */
/* vernis probe: one encoder on one picture, for tests and research. */
#include "cli/cli.h"
#include "cli/console.h"

static int run_probe(CliContext *ctx) {
    const char *latent = vernis_settings_text(ctx->settings, "latent");
    const char *gradient = vernis_settings_text(ctx->settings, "gradient");
    const char *image = ctx->operands.items[0];
    VernisSession *session = NULL;
    VernisError err = {0};
    if (!latent && !gradient)
        return cli_usage(ctx, "nothing to write: give --latent, --gradient or both");
    int status = cli_session_open(&session, ctx, NULL, &err);
    if (status)
        return status;
    if (vernis_probe_file(session, image, latent, gradient, &err)) {
        cli_failure(image, &err);
        status = err.status == VERNIS_E_CANCELLED ? CLI_INTERRUPTED : CLI_FAILED;
    }
    for (int i = 0; i < 2 && !status && !ctx->quiet; i++)
        if (i ? gradient : latent)
            console_result(i ? gradient : latent);
    vernis_session_close(&session);
    return status;
}

const CliCommand command_probe = {
    .name = "probe",
    .operands = "IMAGE",
    .summary = "run one encoder on one picture; write latent and gradient as .npy",
    .description =
        "Writes the encoder's latent (C,h,w) and the gradient (3,H,W) of half its squared norm with respect to the "
        "picture in 0..1, both float32. The picture is cropped at the bottom and right to a multiple of the encoder's "
        "stride.",
    .least = 1,
    .most = 1,
    .run = run_probe,
};
