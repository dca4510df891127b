/* SPDX-License-Identifier: Apache-2.0 */
/* vernis verify: measures from the two files on disk. */
#include "cli/cli.h"
#include "cli/console.h"
#include "cli/spool.h"

static void print_words(const char *original, const char *protected_file, const VernisResult *result) {
    console_result_f("%s against %s, %ux%u", protected_file, original, result->width, result->height);
    console_result_f("  visibility  %6.2f     predicted butteraugli 3-norm", result->visibility);
    console_result_f("  PSNR        %6.2f dB", result->psnr);
    console_result_f("  SSIM        %6.4f", result->ssim);
    console_result_f("  latent shift            direct   ingest    floor     ingest: %s", result->ingest);
    for (size_t i = 0; i < result->shift_count; i++) {
        const VernisShift *shift = &result->shifts[i];
        console_result_f("    %-18s  %8.3f %8.3f %8.3f", shift->surrogate, shift->direct, shift->ingest, shift->floor);
    }
}

/* @return CLI_DONE or CLI_FAILED */
static int write_report(Spool *spool, VernisSession *session, const char *original, const char *protected_file,
                        const VernisResult *result) {
    VernisError err = {0};
    char *part = NULL;
    vernis_report_picture(session, original, protected_file, result, &part, &err);
    spool_part(spool, 0, protected_file, part, &err);
    vernis_free(part);
    return spool_write(spool, true);
}

static int verify(CliContext *ctx, VernisSession *session, Spool *spool) {
    VernisResult result = {0};
    VernisError err = {0};
    const char *original = ctx->operands.items[0], *protected_file = ctx->operands.items[1];
    char *json;
    if (vernis_verify_files(session, original, protected_file, &result, &err)) {
        cli_failure(NULL, &err);
        json = ctx->json ? vernis_failure_json(protected_file, "failed", &err, NULL) : NULL;
        if (json)
            console_result(json);
        vernis_free(json);
        return err.status == VERNIS_E_CANCELLED ? CLI_INTERRUPTED : CLI_FAILED;
    }
    for (size_t i = 0; i < result.warning_count && !ctx->quiet; i++)
        console_note("warning: %s", result.warnings[i]);
    if (ctx->json) {
        json = vernis_verify_json(original, protected_file, &result);
        console_result(json ? json : "");
        vernis_free(json);
    } else {
        print_words(original, protected_file, &result);
    }
    return spool ? write_report(spool, session, original, protected_file, &result) : CLI_DONE;
}

static int run_verify(CliContext *ctx) {
    VernisSession *session = NULL;
    Spool *spool;
    VernisError err = {0};
    int status = spool_open(&spool, ctx);
    if (!status)
        status = cli_session_open(&session, ctx, NULL, &err);
    if (!status)
        status = verify(ctx, session, spool);
    spool_close(&spool);
    vernis_session_close(&session);
    return status;
}

const CliCommand command_verify = {
    .name = "verify",
    .operands = "ORIGINAL PROTECTED",
    .summary = "measure what a protected file costs the eye and does to each surrogate",
    .description =
        "Reads both files from disk and measures the visibility of the change and how far it moves the latent of each "
        "surrogate: directly, and after what a platform and a trainer do to it (--ingest). The floor is what that ingest "
        "alone does to the clean picture. An original of another size is resized to the protected picture's first.",
    .least = 2,
    .most = 2,
    .run = run_verify,
};
