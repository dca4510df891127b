/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/console.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli_text.h"

static bool broken, passing;

void console_open(void) {
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
            continue;
        /* Opened the wrong way round, so that use still fails, as it would on a closed descriptor. */
        if (open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
            _exit(1);
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit on file size becomes a write error as well */
}

static void wipe(void) {
    if (passing)
        fputs("\r\033[K", stderr);
    passing = false;
}

bool console_broken(void) { return broken; }

static bool flush(void) {
    if (fflush(stdout) || ferror(stdout)) {
        int code = errno;
        broken = true;
        console_note("standard output: cannot write: %s", strerror(code));
    }
    return !broken;
}

bool console_result(const char *text) {
    if (broken)
        return false;
    wipe();
    char *safe = cli_copy(text);
    cli_defuse(safe, true);
    size_t length = strlen(safe);
    fputs(safe, stdout);
    if (!length || safe[length - 1] != '\n')
        putchar('\n');
    free(safe);
    return flush();
}

bool console_result_0(const char *text) {
    if (broken)
        return false;
    wipe();
    fputs(text, stdout); /* as it is: it is to be opened again */
    putchar(0);
    return flush();
}

bool console_result_f(const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = cli_format_v(format, args);
    va_end(args);
    bool ok = console_result(text);
    free(text);
    return ok;
}

void console_line(const char *text) {
    wipe();
    char *safe = cli_copy(text);
    cli_defuse(safe, false);
    fprintf(stderr, "%s\n", safe);
    free(safe);
}

void console_note(const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = cli_format_v(format, args);
    va_end(args);
    char *line = cli_format("vernis: %s", text);
    console_line(line);
    free(line);
    free(text);
}

void console_text(const char *text) {
    wipe();
    fputs(text, stderr);
}

void console_passing(const char *text) {
    if (!*text) {
        wipe();
    } else {
        char *safe = cli_copy(text);
        cli_defuse(safe, false);
        fprintf(stderr, "\r%s\033[K", safe);
        free(safe);
        passing = true;
    }
    fflush(stderr);
}

bool console_is_terminal(void) {
    const char *term = getenv("TERM");
    return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

int console_width(void) {
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    long width = columns ? strtol(columns, NULL, 10) : 0;
    if (width <= 0 && !ioctl(STDERR_FILENO, TIOCGWINSZ, &size))
        width = size.ws_col;
    if (width <= 0)
        width = 80;
    return width < 40 ? 40 : width > 200 ? 200 : (int)width;
}
