/* SPDX-License-Identifier: Apache-2.0 */
/* vernis selftest: is this machine computing what it should? */
#include "cli/cli.h"
#include "cli/console.h"

static int run_selftest(CliContext *ctx) {
    VernisSession *session = NULL;
    VernisError err = {0};
    char *text = NULL;
    int status = cli_session_open(&session, ctx, NULL, &err);
    if (status)
        return status;
    VernisStatus failed = vernis_selftest_text(session, ctx->json, &text, &err);
    if (text)
        console_result(text);
    if (failed) {
        cli_failure(NULL, &err);
        status = failed == VERNIS_E_CANCELLED ? CLI_INTERRUPTED : CLI_FAILED;
    }
    vernis_free(text);
    vernis_session_close(&session);
    return status;
}

const CliCommand command_selftest = {
    .name = "selftest",
    .operands = "",
    .summary = "check kernels, one gradient and one encode-decode on this machine",
    .description =
        "Checks every kernel against its reference, one gradient by differences, and one picture through encoding and "
        "decoding, and prints a table with the instruction set and the BLAS core type that were chosen.",
    .least = 0,
    .most = 0,
    .run = run_selftest,
};
