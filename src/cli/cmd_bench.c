/* SPDX-License-Identifier: Apache-2.0 */
/* vernis bench: the time of one optimisation step. */
#include "cli/cli.h"
#include "cli/console.h"

static int run_bench(CliContext *ctx) {
    VernisSession *session = NULL;
    VernisError err = {0};
    char *text = NULL;
    uint32_t size = (uint32_t)vernis_settings_number(ctx->settings, "size");
    int status = cli_session_open(&session, ctx, NULL, &err);
    if (status)
        return status;
    if (vernis_bench_text(session, size, ctx->json, &text, &err)) {
        cli_failure(NULL, &err);
        status = err.status == VERNIS_E_CANCELLED ? CLI_INTERRUPTED : CLI_FAILED;
    } else {
        console_result(text);
    }
    vernis_free(text);
    vernis_session_close(&session);
    return status;
}

const CliCommand command_bench = {
    .name = "bench",
    .operands = "",
    .summary = "time one optimisation step of each surrogate",
    .description =
        "Times the encoder forward and backward on a square picture: the median of at least five after a warm-up.",
    .least = 0,
    .most = 0,
    .run = run_bench,
};
