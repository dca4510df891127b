/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/console.h"

typedef enum Mode { MODE_NONE, MODE_BAR, MODE_PLAIN, MODE_JSON } Mode;

typedef struct Item {
    double done, began; /* 0..1; seconds */
    bool active;
    char stage[16];
} Item;

struct Progress {
    Mode mode;
    const CliJobs *jobs;
    Item *items;
    size_t count, begun, ended; /* of the jobs that are to do */
    double start, shown;
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static Mode choose(const CliContext *ctx) {
    const char *wish = vernis_settings_text(ctx->settings, "progress");
    if (!strcmp(wish, "json"))
        return MODE_JSON;
    if (!strcmp(wish, "none") || ctx->quiet)
        return MODE_NONE;
    return !strcmp(wish, "auto") && console_is_terminal() ? MODE_BAR : MODE_PLAIN;
}

Progress *progress_open(const CliContext *ctx, const CliJobs *jobs) {
    Progress *progress = cli_alloc(sizeof *progress);
    progress->mode = choose(ctx);
    progress->jobs = jobs;
    progress->items = cli_alloc(jobs->count * sizeof *progress->items);
    progress->start = now();
    for (size_t i = 0; i < jobs->count; i++)
        progress->count += jobs->items[i].state == JOB_TODO;
    return progress;
}

/* Seconds left after `seconds` for the fraction `done`; negative where it is too early to say. */
static double time_left(double seconds, double done) {
    return done < 0.02 || seconds < 0.5 ? -1 : seconds * (1 - done) / done;
}

/* How far the whole run is, by what each file is expected to take. */
static double overall(const Progress *progress) {
    double done = 0, all = 0;
    for (size_t i = 0; i < progress->jobs->count; i++) {
        const CliJob *job = &progress->jobs->items[i];
        double weight = job->seconds > 0 ? job->seconds : 1;
        if (job->state == JOB_TODO)
            all += weight;
        done += weight * progress->items[i].done;
    }
    return all > 0 ? fmin(1, done / all) : 1;
}

/* "0:05", "1:02:03", or "" when not known. */
static char *clock_text(double seconds) {
    if (seconds < 0)
        return cli_copy("");
    long s = (long)(seconds + 0.5);
    if (s >= 3600)
        return cli_format("%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    return cli_format("%ld:%02ld", s / 60, s % 60);
}

static size_t active_count(const Progress *progress) { return progress->begun - progress->ended; }

/* "picture.png  [#####.....]  52% optimise  0:05 left  file 3 of 10, 1:10 left in all" */
static void show_bar(const Progress *progress, size_t job) {
    enum { BAR = 20 };
    const Item *item = &progress->items[job];
    bool several = active_count(progress) > 1;
    double whole = overall(progress), done = several ? whole : item->done;
    double elapsed = now() - progress->start;
    char *left = clock_text(several ? time_left(elapsed, whole) : time_left(now() - item->began, item->done));
    char *whole_left = clock_text(time_left(elapsed, whole));
    char bar[BAR + 1] = "", *tail;
    for (int i = 0; i < BAR; i++)
        bar[i] = i < (int)(done * BAR + 0.5) ? '#' : '.';
    if (several)
        tail = cli_format("[%s] %3.0f%%  %s%s", bar, done * 100, left, *left ? " left" : "");
    else if (progress->count > 1)
        tail = cli_format("[%s] %3.0f%% %s  %s%s  file %zu of %zu%s%s%s", bar, done * 100, item->stage, left,
                          *left ? " left" : "", progress->begun, progress->count, *whole_left ? ", " : "", whole_left,
                          *whole_left ? " left in all" : "");
    else
        tail = cli_format("[%s] %3.0f%% %s  %s%s", bar, done * 100, item->stage, left, *left ? " left" : "");
    char *name =
        several ? cli_format("%zu at once, %zu of %zu done", active_count(progress), progress->ended, progress->count)
                : cli_copy(path_base(progress->jobs->items[job].input));
    /* The tail matters more than the name; a line that wraps could not be wiped. */
    int room = console_width() - 1 - (int)cli_columns(tail) - 2;
    const char *shown = room < 4 ? "" : cli_tail(name, (size_t)room);
    char *line = room < 0 ? cli_copy_n(tail, (size_t)console_width() - 1) : cli_format("%s  %s", shown, tail);
    console_passing(line);
    free(line);
    free(name);
    free(tail);
    free(whole_left);
    free(left);
}

static void show_plain(const Progress *progress, size_t job, bool begin) {
    const Item *item = &progress->items[job];
    const char *input = progress->jobs->items[job].input;
    if (begin) {
        console_note("[%zu/%zu] %s", progress->begun, progress->count, input);
        return;
    }
    char *left = clock_text(time_left(now() - item->began, item->done));
    console_note("%s: %.0f%%%s%s%s", input, item->done * 100, *left ? ", " : "", left, *left ? " left" : "");
    free(left);
}

/* A number of seconds, or null. */
static char *json_seconds(double seconds) { return seconds < 0 ? cli_copy("null") : cli_format("%.1f", seconds); }

static void show_json(const Progress *progress, size_t job) {
    const Item *item = &progress->items[job];
    double whole = overall(progress);
    char *input = cli_json(progress->jobs->items[job].input), *word = cli_json(item->stage);
    char *left = json_seconds(time_left(now() - item->began, item->done));
    char *whole_left = json_seconds(time_left(now() - progress->start, whole));
    char *line = cli_format("{\"event\":\"progress\",\"input\":%s,\"stage\":%s,\"done\":%.4f,\"seconds_left\":%s,"
                            "\"files_done\":%zu,\"files\":%zu,\"done_all\":%.4f,\"seconds_left_all\":%s}",
                            input, word, item->done, left, progress->ended, progress->count, whole, whole_left);
    console_line(line);
    free(line);
    free(whole_left);
    free(left);
    free(word);
    free(input);
}

void progress_begin(Progress *progress, size_t job) {
    progress->items[job] = (Item){.began = now(), .active = true, .stage = "begin"};
    progress->begun++;
    if (progress->mode == MODE_PLAIN)
        show_plain(progress, job, true);
    else if (progress->mode == MODE_JSON)
        show_json(progress, job);
    else if (progress->mode == MODE_BAR)
        show_bar(progress, job);
    progress->shown = now();
}

void progress_update(Progress *progress, size_t job, const char *stage, double done) {
    double pause = progress->mode == MODE_PLAIN ? 10 : progress->mode == MODE_JSON ? 0.2 : 0.1;
    Item *item = &progress->items[job];
    if (!(done > item->done)) /* never backwards */
        done = item->done;
    item->done = done > 1 ? 1 : done;
    bool news = progress->mode != MODE_PLAIN && strncmp(item->stage, stage, sizeof item->stage - 1) != 0;
    snprintf(item->stage, sizeof item->stage, "%s", stage);
    if (!item->active || progress->mode == MODE_NONE || (!news && now() - progress->shown < pause))
        return;
    progress->shown = now();
    if (progress->mode == MODE_PLAIN)
        show_plain(progress, job, false);
    else if (progress->mode == MODE_JSON)
        show_json(progress, job);
    else
        show_bar(progress, job);
}

void progress_end(Progress *progress, size_t job) {
    progress->items[job].done = 1;
    progress->items[job].active = false;
    snprintf(progress->items[job].stage, sizeof progress->items[job].stage, "end");
    progress->ended++;
    if (progress->mode == MODE_JSON)
        show_json(progress, job);
    else if (progress->mode == MODE_BAR)
        console_passing("");
}

void progress_close(Progress *progress) {
    free(progress->items);
    free(progress);
}
