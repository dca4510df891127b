/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli_text.h"
#include "cli/console.h"
#include "cli/options.h"

struct Ledger {
    char *folder, *path;
    StringList lines; /* as read, sorted */
    int fd;           /* -1 until the first append, -2 after a failure */
    bool made, finished;
};

/* Settings of protect that say where, how much at once and what is told, but not what comes out. */
static const char not_in_digest[] =
    "output recursive files-from exclude overwrite skip-existing dry-run shard resume threads jobs "
    "max-memory json profile report progress quiet verbose";

/* FNV-1a, 64 bits (draft-eastlake-fnv): told apart, not protected. */
static uint64_t hash(uint64_t state, const char *text) {
    for (const char *p = text; *p; p++)
        state = (state ^ (unsigned char)*p) * 0x100000001B3U;
    return (state ^ '\n') * 0x100000001B3U;
}

static char *file_stamp(const char *path) {
    struct stat info;
    if (stat(path, &info))
        return cli_copy("\"size\":0,\"mtime\":\"0\"");
    return cli_format("\"size\":%jd,\"mtime\":\"%jd.%09ld\"", (intmax_t)info.st_size, (intmax_t)info.st_mtim.tv_sec,
                      info.st_mtim.tv_nsec);
}

static uint64_t hash_setting(uint64_t state, const VernisSettings *settings, const VernisSettingInfo *info) {
    const char *text = vernis_settings_text(settings, info->name);
    state = hash(state, info->name);
    if (info->type != VERNIS_LIST)
        return hash(state, text ? text : "\x01");
    for (size_t i = 0; i < vernis_settings_count(settings, info->name); i++) {
        const char *item = vernis_settings_item(settings, info->name, i);
        char *stamp = file_stamp(item);
        state = hash(hash(state, item), stamp);
        free(stamp);
    }
    return state;
}

void ledgers_open(Ledgers *out, const VernisSettings *settings) {
    size_t count;
    const VernisSettingInfo *table = vernis_settings_table(&count);
    uint64_t state = 0xCBF29CE484222325U;
    for (size_t i = 0; i < count; i++)
        if (options_has_word(table[i].commands, "protect") && !options_has_word(not_in_digest, table[i].name))
            state = hash_setting(state, settings, &table[i]);
    *out = (Ledgers){0};
    snprintf(out->digest, sizeof out->digest, "%016" PRIx64, state);
}

static void read_lines(Ledger *ledger) {
    FILE *file = fopen(ledger->path, "r");
    if (!file)
        return;
    char *line = NULL;
    size_t capacity = 0;
    for (ssize_t n; (n = getline(&line, &capacity, file)) > 0;)
        if (line[n - 1] == '\n')
            list_add(&ledger->lines, cli_copy_n(line, (size_t)n - 1));
    free(line);
    fclose(file);
    list_sort(&ledger->lines);
}

Ledger *ledgers_find(Ledgers *ledgers, const char *folder) {
    for (size_t i = ledgers->count; i-- > 0;)
        if (!strcmp(ledgers->items[i]->folder, folder))
            return ledgers->items[i];
    Ledger *ledger = cli_alloc(sizeof *ledger);
    ledger->folder = cli_copy(folder);
    ledger->path = path_join(folder, "vernis-ledger.jsonl");
    ledger->fd = -1;
    read_lines(ledger);
    ledgers->items = cli_grow(ledgers->items, ledgers->count + 1, sizeof(Ledger *));
    ledgers->items[ledgers->count++] = ledger;
    return ledger;
}

void ledgers_close(Ledgers *ledgers) {
    for (size_t i = 0; i < ledgers->count; i++) {
        Ledger *ledger = ledgers->items[i];
        if (ledger->fd >= 0)
            close(ledger->fd);
        if (ledger->made && !ledger->finished)
            unlink(ledger->path);
        list_free(&ledger->lines);
        free(ledger->folder);
        free(ledger->path);
        free(ledger);
    }
    free(ledgers->items);
    *ledgers = (Ledgers){0};
}

/* The output as the ledger names it: relative to its folder, so that the folder may be moved. */
static char *name_in(const Ledger *ledger, const char *output) {
    size_t length = strlen(ledger->folder);
    if (!strncmp(output, ledger->folder, length) && output[length] == '/')
        output += length + 1;
    return cli_json(output);
}

char *ledger_line(const Ledgers *ledgers, const Ledger *ledger, const char *input, const char *output) {
    char *real = path_canonical(input), *stamp = file_stamp(input);
    char *from = cli_json(real), *to = name_in(ledger, output);
    char *line = cli_format("{\"input\":%s,%s,\"settings\":\"%s\",\"version\":\"%s\",\"output\":%s}", from, stamp,
                            ledgers->digest, vernis_version(), to);
    free(real);
    free(stamp);
    free(from);
    free(to);
    return line;
}

bool ledger_has_line(const Ledger *ledger, const char *line) { return list_has(&ledger->lines, line); }

static char *begun_line(const Ledger *ledger, const char *output) {
    char *name = name_in(ledger, output);
    char *line = cli_format("{\"begun\":%s}", name);
    free(name);
    return line;
}

bool ledger_has_begun(const Ledger *ledger, const char *output) {
    char *line = begun_line(ledger, output);
    bool found = ledger_has_line(ledger, line);
    free(line);
    return found;
}

/* Open for appending; what a crash has torn is closed by a newline of its own. */
static void start(Ledger *ledger) {
    char last;
    ledger->made = access(ledger->path, F_OK) != 0;
    ledger->fd = open(ledger->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    off_t size = ledger->fd >= 0 ? lseek(ledger->fd, 0, SEEK_END) : 0;
    if (size > 0 && pread(ledger->fd, &last, 1, size - 1) == 1 && last != '\n' && write(ledger->fd, "\n", 1) != 1)
        errno = EIO;
}

static void append(Ledger *ledger, const char *text) {
    if (ledger->fd == -1)
        start(ledger);
    if (ledger->fd == -2)
        return;
    char *line = cli_format("%s\n", text);
    size_t length = strlen(line);
    /* One write for one line: lines of two runs on one folder do not mix. */
    if (ledger->fd < 0 || write(ledger->fd, line, length) != (ssize_t)length) {
        console_note("%s: cannot write: %s; --resume will not know what was done", ledger->path, strerror(errno));
        if (ledger->fd >= 0)
            close(ledger->fd);
        ledger->fd = -2;
    }
    free(line);
}

void ledger_begin(Ledger *ledger, const char *output) {
    char *line = begun_line(ledger, output);
    append(ledger, line);
    free(line);
}

void ledger_finish(Ledger *ledger, const char *line) {
    append(ledger, line);
    ledger->finished = true;
}
