/* SPDX-License-Identifier: Apache-2.0 */
/* vernis watch: protect what comes to lie in a folder. Events say only when to look; a look walks the folder as protect
 * would, and compares sizes and times with those of the last look. So nothing is missed when events are lost, and on
 * network folders, which send none, a look every few seconds does the work. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/console.h"
#include "cli/outputs.h"
#include "cli/profile_offer.h"
#include "cli/protect_run.h"
#include "cli/signals.h"

/* How long a file must have stayed as it is, and how often to look when nothing is heard. */
enum { SETTLE_MS = 500, LOOK_MS = 10000 };

/* A picture in the folder as it was at the last look. */
typedef struct Seen {
    char *path, *output; /* output: NULL until it was planned */
    struct stat info;
    double since; /* seconds; that it is as it is now */
    bool done;    /* handled as it is now, for better or worse */
} Seen;

typedef struct Watch {
    CliContext *ctx;
    Run run;
    VernisSession *session;
    const char *folder;
    Seen *seen; /* sorted by path */
    size_t count;
    int events;    /* of inotify */
    int last;      /* the highest number of a folder that is listened to */
    bool deaf;     /* a folder could not be listened to, and that was said */
    bool told;     /* what lies there of other kinds was said */
    CliTally tally;
} Watch;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void on_progress(void *opaque, const char *stage, double done) {
    Run *run = opaque;
    if (run->progress)
        progress_update(run->progress, run->current, stage, done);
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const Seen *)a)->path, ((const Seen *)b)->path);
}

static void forget(Seen *seen, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(seen[i].path);
        free(seen[i].output);
    }
    free(seen);
}

/* @return whether one of the folders is new: what came into it before it was listened to has to be looked for */
static bool listen_to(Watch *watch, const StringList *folders) {
    bool news = false;
    for (size_t i = 0; i < folders->count; i++) {
        int number = inotify_add_watch(watch->events, folders->items[i],
                                       IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE_SELF | IN_ONLYDIR);
        if (number < 0 && !watch->deaf && errno != ENOENT) {
            console_note("%s: cannot be listened to (%s): it is looked at every %d seconds instead", folders->items[i],
                         strerror(errno), LOOK_MS / 1000);
            watch->deaf = true;
        }
        if (number > watch->last) {
            watch->last = number;
            news = true;
        }
    }
    return news;
}

static bool is_same(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* What lies in the folder now, with what is known of it from before. */
static void remember(Watch *watch, const CliInputs *inputs) {
    Seen *seen = cli_alloc((inputs->count + 1) * sizeof *seen);
    size_t count = 0;
    for (size_t i = 0; i < inputs->count; i++) {
        Seen next = {.path = inputs->items[i].path, .since = now()};
        if (inputs->items[i].err.status || stat(next.path, &next.info))
            continue;
        Seen *old = watch->count ? bsearch(&next, watch->seen, watch->count, sizeof next, by_path) : NULL;
        if (old && is_same(&old->info, &next.info)) {
            next.since = old->since;
            next.done = old->done;
        }
        if (old) {
            next.output = old->output;
            old->output = NULL;
        }
        next.path = cli_copy(next.path);
        seen[count++] = next;
    }
    qsort(seen, count, sizeof *seen, by_path);
    forget(watch->seen, watch->count);
    watch->seen = seen;
    watch->count = count;
}

/* @return CLI_DONE, or an exit status when the reason has been printed; close the inputs in either case */
static int look(Watch *watch, CliInputs *inputs) {
    for (;;) {
        int status = inputs_open(inputs, watch->ctx, true, vernis_settings_text(watch->ctx->settings, "to"));
        if (status)
            return status;
        if (access(watch->folder, R_OK | X_OK)) {
            console_note("%s: cannot be watched any more: %s", watch->folder, strerror(errno));
            return CLI_FAILED;
        }
        if (!listen_to(watch, &inputs->folders))
            break;
        inputs_close(inputs);
    }
    if (inputs->left_out && !watch->told && !watch->ctx->quiet)
        console_note("%s and others of its kind are not handled, and left out", inputs->left_out_example);
    watch->told |= inputs->left_out > 0;
    remember(watch, inputs);
    return CLI_DONE;
}

/* The kernel grants a read lease only on a file that nobody has open for writing (fcntl(2)). Where it has no leases, or
 * the file is another user's, the answer is no. */
static bool is_being_written(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool busy = fcntl(fd, F_SETLEASE, F_RDLCK) && errno == EAGAIN;
    close(fd); /* gives the lease back */
    return busy;
}

/* A picture that is ready. @param wait milliseconds until another look is due, where there is none */
static Seen *choose(Watch *watch, int *wait) {
    *wait = LOOK_MS;
    for (size_t i = 0; i < watch->count; i++) {
        Seen *seen = &watch->seen[i];
        if (seen->done)
            continue;
        double left = seen->since + SETTLE_MS / 1000.0 - now();
        if (left <= 0 && seen->info.st_size && !is_being_written(seen->path))
            return seen;
        int until = left > 0 ? (int)(left * 1000) + 1 : SETTLE_MS;
        if (until < *wait)
            *wait = until;
    }
    return NULL;
}

static const Seen *find_output(const Watch *watch, const Seen *own, const char *output) {
    for (size_t i = 0; i < watch->count; i++)
        if (&watch->seen[i] != own && watch->seen[i].output && !strcmp(watch->seen[i].output, output))
            return &watch->seen[i];
    return NULL;
}

static const CliInput *find_input(const CliInputs *inputs, const char *path) {
    for (size_t i = 0; i < inputs->count; i++)
        if (!strcmp(inputs->items[i].path, path))
            return &inputs->items[i];
    return NULL;
}

/* One picture, planned and done as protect would with --resume. */
static void do_one(Watch *watch, Seen *seen, const CliInputs *inputs) {
    const CliInput *input = find_input(inputs, seen->path);
    CliInputs one = {.items = (CliInput[]){*input}, .count = 1};
    CliJobs jobs = {0};
    seen->done = true;
    if (!outputs_plan(&jobs, watch->ctx, &one, TARGET_FOLDER, watch->session)) {
        CliJob *job = &jobs.items[0];
        const Seen *other = job->output ? find_output(watch, seen, job->output) : NULL;
        if (other && job->state == JOB_TODO)
            job_fail(job, VERNIS_E_EXISTS, "%s: %s is written to %s already: rename one of them", seen->path, other->path,
                     job->output);
        else if (job->output && job->state != JOB_FAIL) {
            free(seen->output);
            seen->output = cli_copy(job->output);
        }
        if (job->state != JOB_SKIP) { /* that it was done before is no news */
            watch->run = (Run){.ctx = watch->ctx, .jobs = &jobs, .tally = watch->tally};
            watch->run.progress = progress_open(watch->ctx, &jobs);
            run_alone(&watch->run, watch->session);
            progress_close(watch->run.progress);
            watch->run.progress = NULL;
            watch->tally = watch->run.tally;
        }
    } else {
        watch->tally.failed++;
    }
    jobs_close(&jobs);
}

/* Sleep until something stirs or the time is up. */
static void listen_for(const Watch *watch, int milliseconds) {
    struct pollfd ear = {.fd = watch->events, .events = POLLIN};
    char events[4096];
    if (poll(&ear, 1, milliseconds) > 0)
        while (read(watch->events, events, sizeof events) > 0)
            ;
}

static int go_on(Watch *watch) {
    while (!signals_cancelled(NULL) && !console_broken()) {
        CliInputs inputs;
        int wait, status = look(watch, &inputs);
        Seen *next = status ? NULL : choose(watch, &wait);
        if (next)
            do_one(watch, next, &inputs);
        inputs_close(&inputs);
        if (status)
            return status;
        if (!next)
            listen_for(watch, wait);
    }
    return watch->tally.interrupted ? CLI_INTERRUPTED : watch->tally.failed ? CLI_FAILED : CLI_DONE;
}

/* Where to and where from, told apart before anything is done. */
static int check_folders(const CliContext *ctx, const char *from, const char *to) {
    struct stat info;
    if (stat(from, &info))
        return cli_usage(ctx, "%s: %s", from, strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return cli_usage(ctx, "%s is a file: name the folder to watch", from);
    if (!to)
        return cli_usage(ctx, "say with --to DIR where the protected pictures go");
    if (!stat(to, &info) && !S_ISDIR(info.st_mode))
        return cli_usage(ctx, "--to %s: a folder is needed, and this is a file", to);
    char *a = path_canonical(from), *b = path_canonical(to);
    bool same = !strcmp(a, b);
    free(a);
    free(b);
    return same ? cli_usage(ctx, "--to %s: the pictures would replace the originals: name another folder", to) : CLI_DONE;
}

static int run_watch(CliContext *ctx) {
    const char *to = vernis_settings_text(ctx->settings, "to");
    VernisError err = {0};
    Watch watch = {.ctx = ctx, .folder = ctx->operands.items[0], .run = {.ctx = ctx}};
    VernisHooks hooks = {.opaque = &watch.run, .progress = on_progress};
    int status = check_folders(ctx, watch.folder, to);
    if (status)
        return status;
    /* From here on it is a protect of one picture after another into that folder. */
    if (vernis_settings_set(ctx->settings, "output", to, &err) || vernis_settings_set(ctx->settings, "resume", "yes", &err))
        return cli_failure(NULL, &err);
    watch.events = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch.events < 0) {
        console_note("%s: cannot be watched: %s", watch.folder, strerror(errno));
        return CLI_FAILED;
    }
    signal(SIGIO, SIG_IGN); /* someone wants to write to a file that is_being_written asks about */
    status = profile_take(ctx, &err);
    if (!status)
        status = cli_session_open(&watch.session, ctx, &hooks, &err);
    if (!status) {
        if (!ctx->quiet)
            console_note("watching %s; protected pictures go to %s; Ctrl-C ends it", watch.folder, to);
        status = go_on(&watch);
        if (!ctx->quiet)
            console_note("ended: %zu protected, %zu skipped, %zu failed%s", watch.tally.done, watch.tally.skipped,
                         watch.tally.failed, watch.tally.interrupted ? "; one was broken off and is not half-written" : "");
    }
    forget(watch.seen, watch.count);
    vernis_session_close(&watch.session);
    close(watch.events);
    return status;
}

const CliCommand command_watch = {
    .name = "watch",
    .operands = "DIR",
    .summary = "protect what comes to lie in a folder",
    .description =
        "Protects every picture in DIR, and with -r in the folders below it, into the folder named by --to, and then "
        "each that is exported, copied or moved there, once it is written to its end. What the ledger says is done is "
        "not done again; a picture that is exported anew with other content is protected anew and replaces its earlier "
        "result. DIR itself is never written to; --to may lie inside it.\n\n"
        "Ctrl-C ends it: status 0, 1 when some pictures failed, 130 when one was broken off (it is done next time).",
    .least = 1,
    .most = 1,
    .run = run_watch,
};
