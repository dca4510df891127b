/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/outputs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/run_ledger.h"

static bool is_on(const CliContext *ctx, const char *name) { return vernis_settings_number(ctx->settings, name) != 0; }

static bool is_folder(const char *path) {
    struct stat info;
    return !stat(path, &info) && S_ISDIR(info.st_mode);
}

static bool has_stdin(const CliInputs *inputs) {
    for (size_t i = 0; i < inputs->count; i++)
        if (!strcmp(inputs->items[i].path, "-"))
            return true;
    return false;
}

/* -o PATH, or its absence with standard input. */
static int target_of_path(CliTarget *out, const CliContext *ctx, const CliInputs *inputs, const char *path) {
    if (!*path)
        return cli_usage(ctx, "--output needs a path");
    if (!strcmp(path, "-")) {
        if (!inputs->one_file)
            return cli_usage(ctx, "standard output takes one picture, not several");
        if (ctx->json)
            return cli_usage(ctx, "--json and the picture cannot both go to standard output");
        if (isatty(STDOUT_FILENO))
            return cli_usage(
                ctx, "a picture is not written to a terminal: redirect standard output, or name a file with -o");
        *out = TARGET_STDOUT;
        return CLI_DONE;
    }
    struct stat info;
    bool folder = is_folder(path) || path[strlen(path) - 1] == '/' || !inputs->one_file;
    if (folder && !stat(path, &info) && !S_ISDIR(info.st_mode))
        return cli_usage(ctx, "--output %s: several inputs need a folder, and this is a file", path);
    *out = folder ? TARGET_FOLDER : TARGET_FILE;
    return CLI_DONE;
}

int outputs_target(CliTarget *out, const CliContext *ctx, const CliInputs *inputs) {
    const char *path = vernis_settings_text(ctx->settings, "output");
    bool from_stdin = has_stdin(inputs), in_place = is_on(ctx, "in-place");
    *out = TARGET_BESIDE;
    if (is_on(ctx, "overwrite") && is_on(ctx, "skip-existing"))
        return cli_usage(ctx, "--overwrite and --skip-existing contradict each other");
    if (in_place && path)
        return cli_usage(ctx, "--in-place and --output contradict each other");
    if (from_stdin && in_place)
        return cli_usage(ctx, "standard input has no place to put the picture back: use -o");
    if (from_stdin && !inputs->one_file)
        return cli_usage(ctx, "standard input is taken alone, not among other files");
    if (in_place)
        *out = TARGET_IN_PLACE;
    else if (path || from_stdin) {
        int status = target_of_path(out, ctx, inputs, path ? path : "-");
        if (status)
            return status;
    }
    if (from_stdin && *out == TARGET_FOLDER)
        return cli_usage(ctx, "standard input has no name: give -o the name of a file");
    return CLI_DONE;
}

/* "out" for "out/", so that names built from it compare. */
static char *output_folder(const CliContext *ctx) {
    char *folder = cli_copy(vernis_settings_text(ctx->settings, "output"));
    for (size_t n = strlen(folder); n > 1 && folder[n - 1] == '/'; n--)
        folder[n - 1] = 0;
    return folder;
}

/* The library's name for an output, as CLI memory. */
static char *default_output(const VernisSession *session, const char *input, const char *folder) {
    char *text = vernis_default_output(session, input, folder);
    char *copy = cli_copy(text ? text : input);
    vernis_free(text);
    return copy;
}

static void name_output(CliJob *job, const CliContext *ctx, const CliInput *input, CliTarget target,
                        const VernisSession *session) {
    char *folder = NULL, *root = NULL, *below = NULL;
    switch (target) {
    case TARGET_BESIDE:
        job->output = default_output(session, input->path, NULL);
        break;
    case TARGET_STDOUT:
        job->output = cli_copy("-");
        break;
    case TARGET_FILE:
        job->output = cli_copy(vernis_settings_text(ctx->settings, "output"));
        break;
    case TARGET_FOLDER:
        root = output_folder(ctx);
        below = path_folder(input->relative);
        folder = strcmp(below, ".") ? path_join(root, below) : cli_copy(root);
        job->output = default_output(session, input->path, folder);
        break;
    case TARGET_IN_PLACE:
        folder = path_folder(input->path);
        below = default_output(session, input->path, folder);
        job->output = path_join(folder, path_base(below));
        if (!strcmp(path_base(below), path_base(input->path))) { /* spelled as the input is: "./a.png" */
            free(job->output);
            job->output = cli_copy(input->path);
        }
        job->original = cli_format("%.*s" ORIGINAL_SUFFIX "%s", (int)(path_ext(input->path) - input->path), input->path,
                                   path_ext(input->path));
        break;
    }
    free(folder);
    free(root);
    free(below);
}

/* A path as it compares, and the job it belongs to. */
typedef struct Claim {
    char *path;
    size_t job;
} Claim;

static int by_path(const void *a, const void *b) {
    const Claim *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order ? order : (x->job > y->job) - (x->job < y->job);
}

/* Two inputs with one output. The same input named twice is done once. */
static int find_collisions(CliJobs *jobs, const CliContext *ctx) {
    Claim *claims = cli_alloc((jobs->count + 1) * sizeof *claims);
    size_t count = 0;
    int status = CLI_DONE;
    for (size_t i = 0; i < jobs->count; i++)
        if (jobs->items[i].state == JOB_TODO && strcmp(jobs->items[i].output, "-") != 0)
            claims[count++] = (Claim){path_canonical(jobs->items[i].output), i};
    qsort(claims, count, sizeof *claims, by_path);
    for (size_t i = 1; i < count && !status; i++) {
        if (strcmp(claims[i].path, claims[i - 1].path) != 0)
            continue;
        CliJob *first = &jobs->items[claims[i - 1].job], *second = &jobs->items[claims[i].job];
        char *a = path_canonical(first->input), *b = path_canonical(second->input);
        if (!strcmp(a, b)) {
            job_skip(second, "named twice");
        } else {
            status = cli_usage(ctx, "%s and %s would both be written to %s; nothing was done", first->input,
                               second->input, first->output);
        }
        free(a);
        free(b);
    }
    for (size_t i = 0; i < count; i++)
        free(claims[i].path);
    free(claims);
    return status;
}

/* A file by device and inode, which sees through links. */
typedef struct Identity {
    dev_t device;
    ino_t inode;
} Identity;

static int by_identity(const void *a, const void *b) {
    const Identity *x = a, *y = b;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    return (x->inode > y->inode) - (x->inode < y->inode);
}

static bool identify(Identity *out, const char *path) {
    struct stat info;
    if (stat(path, &info))
        return false;
    *out = (Identity){info.st_dev, info.st_ino};
    return true;
}

/* An output that is one of the inputs, among the jobs that would write it; a job whose output is its own input is told
 * so rather than that the output exists. */
static int find_overwritten_inputs(const CliJobs *jobs, const CliContext *ctx) {
    Identity *inputs = cli_alloc((jobs->count + 1) * sizeof *inputs), input, output;
    size_t count = 0;
    int status = CLI_DONE;
    for (size_t i = 0; i < jobs->count; i++)
        count += identify(&inputs[count], jobs->items[i].input);
    qsort(inputs, count, sizeof *inputs, by_identity);
    for (size_t i = 0; i < jobs->count && !status; i++) {
        const CliJob *job = &jobs->items[i];
        bool in_place = job->original && !strcmp(job->input, job->output);
        if (job->state == JOB_SKIP || job->state == JOB_ELSEWHERE || !job->output || in_place ||
            !identify(&output, job->output))
            continue;
        bool own = identify(&input, job->input) && !by_identity(&input, &output);
        if (own || (job->state == JOB_TODO && bsearch(&output, inputs, count, sizeof *inputs, by_identity)))
            status = cli_usage(ctx,
                               "%s: the output %s is an input itself, which is never overwritten; nothing was done "
                               "(--in-place keeps the original under another name)",
                               job->input, job->output);
    }
    free(inputs);
    return status;
}

static void check_existing(CliJobs *jobs, CliJob *job, const CliContext *ctx) {
    struct stat info;
    bool both = job->original && !lstat(job->original, &info);
    Identity input, original;
    if (both && identify(&input, job->input) && identify(&original, job->original) && !by_identity(&input, &original))
        both = false; /* a second name of the picture that still is in its place: a run was killed as it began to swap */
    if (both) {
        if (is_on(ctx, "resume") && run_ledger_owns(jobs, job))
            job_skip(job, "was protected in place before");
        else if (is_on(ctx, "skip-existing"))
            job_skip(job, "was protected in place before");
        else
            job_fail(job, VERNIS_E_EXISTS, "%s: %s exists: the picture was protected in place before", job->input,
                     job->original);
        return;
    }
    if ((job->original && !strcmp(job->input, job->output)) || !strcmp(job->output, "-") || lstat(job->output, &info))
        return;
    job->outdated = is_on(ctx, "resume") && run_ledger_owns(jobs, job);
    if (is_folder(job->output))
        job_fail(job, VERNIS_E_EXISTS, "%s: the output %s is a folder", job->input, job->output);
    else if (is_on(ctx, "skip-existing"))
        job_skip(job, "the output exists");
    else if (!is_on(ctx, "overwrite") && !job->outdated)
        job_fail(job, VERNIS_E_EXISTS, "%s: the output %s exists: use --overwrite or --skip-existing", job->input,
                 job->output);
}

/* Once in each folder, before anything new is begun there. */
static void sweep(const CliJobs *jobs) {
    StringList folders = {0};
    for (size_t i = 0; i < jobs->count; i++)
        if (jobs->items[i].output && strcmp(jobs->items[i].output, "-") != 0)
            list_add(&folders, path_folder(jobs->items[i].output));
    list_sort(&folders);
    for (size_t i = 0; i < folders.count; i++)
        if (!i || strcmp(folders.items[i], folders.items[i - 1]) != 0)
            vernis_sweep_folder(folders.items[i]);
    list_free(&folders);
}

static void drop_elsewhere(CliJobs *jobs) {
    size_t kept = 0;
    for (size_t i = 0; i < jobs->count; i++) {
        if (jobs->items[i].state == JOB_ELSEWHERE)
            job_close(&jobs->items[i]);
        else
            jobs->items[kept++] = jobs->items[i];
    }
    jobs->count = kept;
}

int outputs_plan(CliJobs *out, const CliContext *ctx, const CliInputs *inputs, CliTarget target,
                 const VernisSession *session) {
    out->count = inputs->count;
    out->items = cli_alloc((inputs->count + 1) * sizeof *out->items);
    out->order = cli_alloc((inputs->count + 1) * sizeof *out->order);
    if (target != TARGET_STDOUT && !has_stdin(inputs)) /* what comes or goes through a pipe cannot be found again */
        run_ledger_open(out, ctx, !is_on(ctx, "dry-run"));
    for (size_t i = 0; i < inputs->count; i++) {
        CliJob *job = out->order[i] = &out->items[i];
        job->input = inputs->items[i].path;
        if (inputs->items[i].err.status) {
            job->state = JOB_FAIL;
            job->err = inputs->items[i].err;
        } else {
            name_output(job, ctx, &inputs->items[i], target, session);
        }
    }
    int status = find_collisions(out, ctx);
    for (size_t i = 0; i < out->count; i++)
        if (inputs->items[i].elsewhere)
            out->items[i].state = JOB_ELSEWHERE;
    for (size_t i = 0; i < out->count && !status; i++) {
        CliJob *job = &out->items[i];
        if (job->state == JOB_TODO && job->original && is_on(ctx, "resume") && !is_on(ctx, "dry-run"))
            run_ledger_recover(out, job);
        if (job->state == JOB_TODO && is_on(ctx, "resume") && run_ledger_has_done(out, job))
            job_skip(job, "done before with the same input, settings and version");
        if (job->state == JOB_TODO)
            check_existing(out, job, ctx);
    }
    if (!status)
        status = find_overwritten_inputs(out, ctx);
    drop_elsewhere(out);
    if (!status && !is_on(ctx, "dry-run"))
        sweep(out);
    return status;
}
