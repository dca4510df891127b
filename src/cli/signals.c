/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/signals.h"

#include <signal.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <vernis/vernis.h>

#include "cli/cli.h"

static volatile sig_atomic_t stops;
static volatile pid_t children[SIGNALS_CHILDREN];

static void on_signal(int number) {
    (void)number;
    for (int i = 0; i < SIGNALS_CHILDREN; i++)
        if (children[i] > 0)
            kill(children[i], SIGTERM);
    if (stops) {
        vernis_remove_temporaries();
        _exit(CLI_INTERRUPTED);
    }
    stops = 1;
}

static void stop_set(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

static void handle(int number, void (*handler)(int)) {
    /* No SA_RESTART: a poll that waits for workers must wake up. */
    struct sigaction action = {.sa_handler = handler};
    stop_set(&action.sa_mask);
    sigaction(number, &action, NULL);
}

void signals_install(void) {
    struct sigaction old;
    handle(SIGINT, on_signal);
    handle(SIGTERM, on_signal);
    /* nohup's wish is respected. */
    if (sigaction(SIGHUP, NULL, &old) || old.sa_handler != SIG_IGN)
        handle(SIGHUP, on_signal);
}

int signals_cancelled(void *unused) {
    (void)unused;
    return stops;
}

void signals_block(void) {
    sigset_t set;
    stop_set(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

void signals_unblock(void) {
    sigset_t set;
    stop_set(&set);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void signals_child(int slot, pid_t pid) { children[slot] = pid; }

void signals_become_worker(void) {
    for (int i = 0; i < SIGNALS_CHILDREN; i++)
        children[i] = 0;
    handle(SIGINT, SIG_IGN);
    handle(SIGHUP, SIG_IGN);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    signals_unblock();
}
