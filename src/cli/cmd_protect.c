/* SPDX-License-Identifier: Apache-2.0 */
/* vernis protect: the main job. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/console.h"
#include "cli/outputs.h"
#include "cli/plan.h"
#include "cli/profile_offer.h"
#include "cli/protect_run.h"
#include "cli/shard.h"
#include "cli/signals.h"

static void on_progress(void *opaque, const char *stage, double done) {
    Run *run = opaque;
    if (run->progress) /* not while the session is being opened */
        progress_update(run->progress, run->current, stage, done);
}

static void plan_line(const CliContext *ctx, const CliJob *job, const VernisResult *result) {
    if (ctx->json) {
        char *input = cli_json(job->input), *output = cli_json(job->output);
        console_result_f(
            "{\"input\":%s,\"output\":%s,\"status\":\"planned\",\"width\":%u,\"height\":%u,\"bytes_in\":%llu,"
            "\"seconds_estimated\":%.1f,\"peak_memory_bytes\":%llu,\"steps\":%d}",
            input, output, result->width, result->height, (unsigned long long)result->bytes_in, result->seconds,
            (unsigned long long)result->peak_memory_bytes, result->steps);
        free(input);
        free(output);
        return;
    }
    console_result_f("%s -> %s  %ux%u  %d steps  about %.1f s  %.0f MB%s%s%s", job->input, job->output, result->width,
                     result->height, result->steps, result->seconds, (double)result->peak_memory_bytes / 1e6,
                     job->original ? "  (the original becomes " : "", job->original ? job->original : "",
                     job->original ? ")" : "");
}

static void dry_run(Run *run, VernisSession *session) {
    double seconds = 0;
    for (; run->next < run->jobs->count && !signals_cancelled(NULL) && !console_broken(); run->next++) {
        CliJob *job = &run->jobs->items[run->next];
        VernisResult result = {0};
        if (job->state == JOB_TODO && vernis_estimate_file(session, job->input, 1, &result, &job->err)) {
            job->state = JOB_FAIL;
            if (job->err.status == VERNIS_E_PROTECTED)
                job_skip(job, cli_reason(job->input, &job->err));
        }
        if (job->state == JOB_SKIP) {
            job_report_skipped(run->ctx, job, &run->tally);
        } else if (job->state == JOB_FAIL) {
            job_report_failed(run->ctx, job, &job->err, &run->tally);
        } else {
            plan_line(run->ctx, job, &result);
            run->tally.done++;
            seconds += result.seconds;
        }
    }
    run->tally.interrupted += run->next < run->jobs->count && signals_cancelled(NULL);
    if (!run->ctx->quiet)
        console_note("dry run: nothing was written; %zu picture%s would take about %.0f s", run->tally.done,
                     run->tally.done == 1 ? "" : "s", seconds);
}

static void summary(const Run *run) {
    const CliTally *tally = &run->tally;
    if (tally->interrupted)
        console_note("interrupted: %zu done; nothing is half-written", tally->done);
    else if (run->jobs->count > 1 && !run->ctx->quiet)
        console_note("%zu protected, %zu skipped, %zu failed", tally->done, tally->skipped, tally->failed);
}

static void work(Run *run, VernisSession **session) {
    if (vernis_settings_number(run->ctx->settings, "dry-run") != 0) {
        dry_run(run, *session);
        return;
    }
    plan_estimate(run->jobs, *session);
    size_t workers = plan_share(run->jobs, run->ctx);
    plan_tell(run->jobs, run->ctx, workers);
    run->progress = progress_open(run->ctx, run->jobs);
    if (workers > 1) {
        vernis_session_close(session); /* its threads would not live on in a child */
        run_workers(run, workers);
    } else {
        run_alone(run, *session);
    }
    summary(run);
}

/* Something stands in the way of every picture: each still gets its line of JSON. */
static void report_all_failed(const CliContext *ctx, const CliInputs *inputs, const VernisError *err) {
    for (size_t i = 0; i < inputs->count && ctx->json; i++) {
        const VernisError *own = inputs->items[i].err.status ? &inputs->items[i].err : err;
        char *json = vernis_failure_json(inputs->items[i].path, "failed", own, NULL);
        if (json && !inputs->items[i].elsewhere)
            console_result(json);
        vernis_free(json);
    }
}

static bool any_usable(const CliInputs *inputs) {
    for (size_t i = 0; i < inputs->count; i++)
        if (!inputs->items[i].err.status)
            return true;
    return false;
}

/* A report looks at both files again, so both must stay. */
static int spool_for(Spool **out, const CliContext *ctx, CliTarget target, const CliInputs *inputs) {
    bool piped = target == TARGET_STDOUT;
    for (size_t i = 0; i < inputs->count; i++)
        piped = piped || !strcmp(inputs->items[i].path, "-");
    if (piped && vernis_settings_is_set(ctx->settings, "report"))
        return cli_usage(ctx, "--report needs the picture before and after as files, not a pipe");
    return spool_open(out, ctx);
}

static int protect(CliContext *ctx, const CliInputs *inputs) {
    CliTarget target;
    CliJobs jobs = {0};
    VernisSession *session = NULL;
    VernisError err = {0};
    Run run = {.ctx = ctx, .jobs = &jobs};
    VernisHooks hooks = {.opaque = &run, .progress = on_progress};
    bool dry = vernis_settings_number(ctx->settings, "dry-run") != 0;
    int status = outputs_target(&target, ctx, inputs);
    if (!status)
        status = spool_for(&run.spool, ctx, target, inputs);
    if (!status && any_usable(inputs)) {
        status = profile_take(ctx, &err);
        if (!status)
            status = cli_session_open(&session, ctx, &hooks, &err);
        if (status && err.status)
            report_all_failed(ctx, inputs, &err);
    }
    if (!status)
        status = outputs_plan(&jobs, ctx, inputs, target, session);
    if (!status) {
        work(&run, &session);
        status = jobs.count ? tally_status(&run.tally) : CLI_DONE; /* a shard may well be empty */
        if (run.progress)
            progress_close(run.progress);
        if (run.spool && !dry && spool_write(run.spool, false) && status != CLI_INTERRUPTED)
            status = CLI_FAILED;
    }
    spool_close(&run.spool);
    jobs_close(&jobs);
    vernis_session_close(&session);
    return status;
}

static int run_protect(CliContext *ctx) {
    CliInputs inputs = {0};
    const char *output = vernis_settings_text(ctx->settings, "output");
    int status = inputs_open(&inputs, ctx, true, output);
    if (!status && inputs.left_out && !ctx->quiet)
        console_note("%zu picture%s of a kind that is not handled %s left out, such as %s", inputs.left_out,
                     inputs.left_out == 1 ? "" : "s", inputs.left_out == 1 ? "was" : "were", inputs.left_out_example);
    if (!status && inputs.passed_over && !ctx->quiet)
        console_note("%zu hidden or other file%s passed over", inputs.passed_over,
                     inputs.passed_over == 1 ? " was" : "s were");
    if (!status && !inputs.count) {
        console_note("no pictures found: there is nothing to protect");
        status = CLI_SKIPPED;
    }
    if (!status)
        status = shard_apply(&inputs, ctx);
    if (!status)
        status = protect(ctx, &inputs);
    if (!ctx->quiet && vernis_settings_is_set(ctx->settings, "shard") && status != CLI_USAGE)
        console_note("shard %s: %zu of %zu pictures", vernis_settings_text(ctx->settings, "shard"),
                     inputs.count - inputs.elsewhere, inputs.count);
    inputs_close(&inputs);
    return status;
}

const CliCommand command_protect = {
    .name = "protect",
    .operands = "FILE|DIR...",
    .summary = "protect pictures: the main job",
    .description =
        "Adds the protection to each picture, writes rights metadata, reads the file back and reports what was done. "
        "The result goes beside the input as NAME.protected.EXT, or where --output says. Folders are taken as the "
        "pictures in them (with -r below them too); what Vernis wrote itself (*.protected.*, *_original.*) and hidden "
        "files are passed over. '-' reads one picture from standard input and writes it to standard output. An input "
        "is never overwritten.\n\n"
        "--for makes the file that a platform serves, protected for what the platform does to it; --report writes a page "
        "to look at.",
    .least = 0,
    .most = -1,
    .run = run_protect,
};
