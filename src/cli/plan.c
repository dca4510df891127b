/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/console.h"
#include "cli/signals.h"

static size_t count_todo(const CliJobs *jobs) {
    size_t todo = 0;
    for (size_t i = 0; i < jobs->count; i++)
        todo += jobs->items[i].state == JOB_TODO;
    return todo;
}

void plan_estimate(CliJobs *jobs, VernisSession *session) {
    if (count_todo(jobs) < 2)
        return;
    for (size_t i = 0; i < jobs->count && !signals_cancelled(NULL); i++) {
        CliJob *job = &jobs->items[i];
        VernisResult result = {0};
        VernisError err = {0};
        if (job->state != JOB_TODO || !strcmp(job->input, "-") ||
            vernis_estimate_file(session, job->input, 0, &result, &err))
            continue;
        job->seconds = result.seconds;
        job->memory = result.peak_memory_bytes;
    }
}

/* What the system could give without swapping, or 0 where it does not say. */
static double free_memory(void) {
    double kilobytes = 0;
    char line[128];
    FILE *file = fopen("/proc/meminfo", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %lf kB", &kilobytes) == 1)
            break;
    if (file)
        fclose(file);
    return 1024 * kilobytes;
}

static void set_share(const CliContext *ctx, const char *name, double share) {
    VernisError err = {0};
    char *text = cli_format("%.0f", floor(share));
    if (vernis_settings_set(ctx->settings, name, text, &err))
        cli_failure(NULL, &err);
    free(text);
}

static int longest_first(const void *a, const void *b) {
    const CliJob *x = *(CliJob *const *)a, *y = *(CliJob *const *)b;
    if (x->seconds != y->seconds)
        return x->seconds < y->seconds ? 1 : -1;
    return (x > y) - (x < y);
}

size_t plan_share(CliJobs *jobs, const CliContext *ctx) {
    double wanted = vernis_settings_number(ctx->settings, "jobs");
    double threads = vernis_settings_number(ctx->settings, "threads");
    double cap = vernis_settings_number(ctx->settings, "max-memory"),
           processors = (double)sysconf(_SC_NPROCESSORS_ONLN);
    double room = cap > 0 ? cap : 0.8 * free_memory(), most = 0, todo = (double)count_todo(jobs);
    for (size_t i = 0; i < jobs->count; i++)
        most = fmax(most, (double)jobs->items[i].memory);
    double workers = fmin(todo, wanted > 0 ? wanted : fmax(1, floor(processors / fmax(1, threads))));
    if (room > 0 && most > 0 && workers * most > room) {
        double fitting = fmax(1, floor(room / most));
        if (wanted > 0 && !ctx->quiet)
            console_note("--jobs %.0f: memory allows %.0f at once (the largest picture takes about %.0f MB)", wanted,
                         fitting, most / 1e6);
        workers = fmin(workers, fitting);
    }
    if (!(workers > 1))
        return 1;
    if (!(threads > 0))
        set_share(ctx, "threads", fmax(1, processors / workers));
    if (cap > 0)
        set_share(ctx, "max-memory", fmax(cap / workers, 16 << 20)); /* the least that it takes */
    qsort(jobs->order, jobs->count, sizeof *jobs->order, longest_first);
    return (size_t)workers;
}

void plan_tell(const CliJobs *jobs, const CliContext *ctx, size_t workers) {
    double seconds = 0, longest = 0;
    size_t todo = count_todo(jobs);
    for (size_t i = 0; i < jobs->count; i++) {
        seconds += jobs->items[i].seconds;
        longest = fmax(longest, jobs->items[i].seconds);
    }
    if (todo < 2 || ctx->quiet)
        return;
    /* estimates are for all processors at one picture; several at once leave them fewer pauses */
    seconds = workers > 1 ? fmax(0.8 * seconds, longest) : seconds;
    char *at_once = workers > 1 ? cli_format(", %zu at once", workers) : cli_copy("");
    char *time = seconds < 100 ? cli_format("%.0f s", seconds) : cli_format("%.0f min", seconds / 60);
    console_note("%zu pictures, about %s%s", todo, time, at_once);
    free(at_once);
    free(time);
}
