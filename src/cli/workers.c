/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/protect_run.h"
#include "cli/signals.h"

/* What a worker says. The same binary is at both ends, so a plain struct will do. */
typedef struct Message {
    bool finished; /* else: progress */
    size_t job;
    double done;
    char stage[16];
    RunOutcome outcome; /* its part follows the message */
    size_t part_size;   /* 0: none */
} Message;

typedef struct Worker {
    pid_t pid; /* 0: none */
    int to, from;
    bool busy;
    size_t job;
} Worker;

static bool read_all(int fd, void *data, size_t size) {
    for (char *p = data; size;) {
        ssize_t n = read(fd, p, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        size -= (size_t)n;
    }
    return true;
}

static bool write_all(int fd, const void *data, size_t size) {
    for (const char *p = data; size;) {
        ssize_t n = write(fd, p, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        size -= (size_t)n;
    }
    return true;
}

/* The child's side. */
typedef struct Child {
    int to_parent;
    pid_t parent;
    size_t job;
} Child;

static void child_progress(void *opaque, const char *stage, double done) {
    const Child *child = opaque;
    Message message = {.job = child->job, .done = done};
    snprintf(message.stage, sizeof message.stage, "%s", stage);
    write_all(child->to_parent, &message, sizeof message);
}

/* A parent that was killed cannot ask for anything any more. */
static int child_cancelled(void *opaque) {
    const Child *child = opaque;
    return signals_cancelled(NULL) || getppid() != child->parent;
}

static void child_loop(const Run *run, int from_parent, Child *child) {
    VernisSession *session = NULL;
    VernisHooks hooks = {.opaque = child, .progress = child_progress, .cancelled = child_cancelled};
    while (read_all(from_parent, &child->job, sizeof child->job)) {
        Message message = {.finished = true, .job = child->job};
        RunOutcome *outcome = &message.outcome;
        if (!session)
            outcome->status = vernis_session_open(&session, run->ctx->settings, &hooks, &outcome->err);
        if (!outcome->status)
            run_do(run, session, child->job, outcome);
        char *part = outcome->part;
        outcome->part = NULL;
        message.part_size = part ? strlen(part) : 0;
        bool told = write_all(child->to_parent, &message, sizeof message) &&
                    write_all(child->to_parent, part, message.part_size);
        vernis_free(part);
        if (!told)
            break;
    }
    vernis_session_close(&session);
}

static VernisStatus spawn(const Run *run, Worker *workers, size_t slot, VernisError *err) {
    int down[2], up[2];
    pid_t parent = getpid(), pid = -1;
    int code = pipe(down) ? errno : 0;
    if (!code && pipe(up)) {
        code = errno;
        close(down[0]);
        close(down[1]);
    }
    if (!code) {
        signals_block();
        pid = fork();
        code = pid < 0 ? errno : 0;
        if (pid == 0) {
            /* A sibling's pipe held open here would hide the parent's end from it. */
            for (size_t i = 0; i < SIGNALS_CHILDREN; i++) {
                if (workers[i].pid) {
                    close(workers[i].to);
                    close(workers[i].from);
                }
            }
            close(down[1]);
            close(up[0]);
            signals_become_worker();
            Child child = {.to_parent = up[1], .parent = parent};
            child_loop(run, down[0], &child);
            _exit(0);
        }
        if (pid > 0)
            signals_child((int)slot, pid);
        signals_unblock();
        close(down[0]);
        close(up[1]);
        if (code) {
            close(down[1]);
            close(up[0]);
        }
    }
    if (code) {
        err->status = VERNIS_E_IO;
        snprintf(err->where, sizeof err->where, "workers");
        snprintf(err->text, sizeof err->text, "cannot start another process: %s", strerror(code));
        return err->status;
    }
    workers[slot] = (Worker){.pid = pid, .to = down[1], .from = up[0]};
    return VERNIS_OK;
}

/* Take leave of a worker that has closed its pipe or is to go. @return its wait status */
static int reap(Worker *workers, size_t slot) {
    int state = 0;
    close(workers[slot].to);
    close(workers[slot].from);
    while (waitpid(workers[slot].pid, &state, 0) < 0 && errno == EINTR)
        ;
    signals_child((int)slot, 0);
    workers[slot] = (Worker){0};
    return state;
}

static void on_death(Run *run, Worker *workers, size_t slot) {
    bool busy = workers[slot].busy;
    size_t job = workers[slot].job;
    int state = reap(workers, slot);
    if (!busy)
        return;
    RunOutcome outcome = {0};
    VernisError *err = &outcome.err;
    *err = (VernisError){.status = VERNIS_E_INTERNAL, .where = "workers"};
    int number = WIFSIGNALED(state) ? WTERMSIG(state) : 0;
    if (signals_cancelled(NULL))
        err->status = VERNIS_E_CANCELLED;
    else if (number == SIGKILL)
        err->status = VERNIS_E_MEMORY;
    snprintf(err->text, sizeof err->text, "%s: its worker process ended unexpectedly%s%s%s",
             run->jobs->items[job].input, number ? ": " : "", number ? strsignal(number) : "",
             number == SIGKILL ? " (memory may have run out: try fewer --jobs)" : "");
    outcome.status = err->status;
    run_finish(run, job, &outcome);
}

static void on_message(Run *run, Worker *workers, size_t slot) {
    Worker *worker = &workers[slot];
    Message message;
    if (!read_all(worker->from, &message, sizeof message)) {
        on_death(run, workers, slot);
        return;
    }
    if (message.finished) {
        message.outcome.part = message.part_size ? cli_alloc(message.part_size + 1) : NULL;
        if (message.part_size && !read_all(worker->from, message.outcome.part, message.part_size)) {
            on_death(run, workers, slot);
        } else {
            worker->busy = false;
            run_finish(run, message.job, &message.outcome);
        }
        free(message.outcome.part);
    } else {
        progress_update(run->progress, message.job, message.stage, message.done);
    }
}

/* Hand a job to every worker that has none. @return how many are at work */
static size_t dispatch(Run *run, Worker *workers, size_t count) {
    size_t busy = 0;
    for (size_t i = 0; i < count; i++) {
        Worker *worker = &workers[i];
        size_t job;
        while (!worker->busy && run_take(run, &job)) {
            RunOutcome outcome = {0};
            outcome.status = worker->pid ? VERNIS_OK : spawn(run, workers, i, &outcome.err);
            if (outcome.status) {
                run_finish(run, job, &outcome);
                continue;
            }
            worker->busy = true;
            worker->job = job;
            if (!write_all(worker->to, &job, sizeof job))
                on_death(run, workers, i);
        }
        busy += worker->busy;
    }
    return busy;
}

void run_workers(Run *run, size_t count) {
    Worker workers[SIGNALS_CHILDREN] = {{0}};
    struct pollfd polls[SIGNALS_CHILDREN];
    if (count > SIGNALS_CHILDREN)
        count = SIGNALS_CHILDREN;
    while (dispatch(run, workers, count)) {
        for (size_t i = 0; i < count; i++)
            polls[i] = (struct pollfd){.fd = workers[i].busy ? workers[i].from : -1, .events = POLLIN};
        if (poll(polls, count, -1) <= 0)
            continue;
        for (size_t i = 0; i < count; i++)
            if (polls[i].revents)
                on_message(run, workers, i);
    }
    for (size_t i = 0; i < count; i++)
        if (workers[i].pid)
            reap(workers, i);
}
