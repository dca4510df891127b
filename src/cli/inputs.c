/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/inputs.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "cli/signals.h"

/* What a walk takes, and what it says it has left out. */
static const char *const handled[] = {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp"};
static const char *const not_handled[] = {".avif", ".heic", ".heif", ".jxl", ".tif", ".tiff", ".gif", ".bmp",
                                          ".tga",  ".psd",  ".kra",  ".jp2", ".qoi", ".ppm",  ".exr", ".dng"};

typedef struct Walk {
    CliInputs *out;
    const VernisSettings *settings;
    bool recursive, only_originals;
    struct stat not_into;
    bool has_not_into;
} Walk;

static bool ends_in(const char *name, const char *const *endings, size_t count) {
    const char *ext = path_ext(name);
    for (size_t i = 0; i < count; i++)
        if (!strcasecmp(ext, endings[i]))
            return true;
    return false;
}

static bool is_handled(const char *name) { return ends_in(name, handled, sizeof handled / sizeof handled[0]); }

static bool is_excluded(const Walk *walk, const char *path, const char *relative) {
    size_t count = vernis_settings_count(walk->settings, "exclude");
    for (size_t i = 0; i < count; i++) {
        const char *glob = vernis_settings_item(walk->settings, "exclude", i);
        if (!fnmatch(glob, path_base(path), 0) || !fnmatch(glob, path, 0) || !fnmatch(glob, relative, 0))
            return true;
    }
    return false;
}

/* NAME.protected.EXT and NAME_original.EXT */
static bool is_our_writing(const char *name) {
    char *stem = cli_copy_n(name, (size_t)(path_ext(name) - name));
    size_t length = strlen(stem), suffix = strlen(ORIGINAL_SUFFIX);
    bool ours = !strcmp(path_ext(stem), ".protected") ||
                (length > suffix && !strcmp(stem + length - suffix, ORIGINAL_SUFFIX));
    free(stem);
    return ours;
}

static CliInput *add(CliInputs *inputs, const char *path, const char *relative) {
    if (!(inputs->count & (inputs->count - 1)))
        inputs->items = cli_grow(inputs->items, inputs->count ? inputs->count * 2 : 1, sizeof *inputs->items);
    CliInput *input = &inputs->items[inputs->count++];
    *input = (CliInput){.path = cli_copy(path), .relative = cli_copy(relative)};
    return input;
}

static void add_failed(CliInputs *inputs, const char *path, const char *verb, int code) {
    CliInput *input = add(inputs, path, path_base(path));
    input->err.status = VERNIS_E_IO;
    snprintf(input->err.where, sizeof input->err.where, "inputs");
    snprintf(input->err.text, sizeof input->err.text, "%s: cannot %s: %s", path, verb, strerror(code));
}

static void take_file(Walk *walk, const char *path, const char *relative) {
    const char *name = path_base(path);
    if (walk->only_originals && is_our_writing(name))
        return;
    if (is_handled(name)) {
        add(walk->out, path, relative);
    } else if (ends_in(name, not_handled, sizeof not_handled / sizeof not_handled[0])) {
        if (!walk->out->left_out++)
            walk->out->left_out_example = cli_copy(path);
    } else {
        walk->out->passed_over++;
    }
}

/* Links to folders are not followed, so there can be no loop. */
static void walk_folder(Walk *walk, const char *folder, const char *relative) {
    DIR *dir = opendir(folder);
    if (!dir) {
        add_failed(walk->out, folder, "read the folder", errno);
        return;
    }
    list_add(&walk->out->folders, cli_copy(folder));
    StringList names = {0};
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        if (entry->d_name[0] != '.')
            list_add(&names, cli_copy(entry->d_name));
        else
            walk->out->passed_over += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
    closedir(dir);
    list_sort(&names);
    for (size_t i = 0; i < names.count && !signals_cancelled(NULL); i++) {
        struct stat info, target;
        char *path = cli_format("%s%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", names.items[i]);
        char *below = path_join(relative, names.items[i]);
        bool skip = is_excluded(walk, path, below) || lstat(path, &info) || stat(path, &target);
        if (skip) {
            /* left out, or a dangling link, or gone meanwhile */
        } else if (S_ISDIR(info.st_mode)) {
            bool output =
                walk->has_not_into && info.st_dev == walk->not_into.st_dev && info.st_ino == walk->not_into.st_ino;
            if (walk->recursive && !output)
                walk_folder(walk, path, below);
        } else if (S_ISREG(target.st_mode)) {
            take_file(walk, path, below);
        }
        free(path);
        free(below);
    }
    list_free(&names);
}

/* @return whether it is a folder, or several files */
static bool take_operand(Walk *walk, const char *path);

/* What a pattern stands for where the shell has left it alone (Windows, quotes, a list). @return whether anything */
static bool take_pattern(Walk *walk, const char *pattern) {
    glob_t found;
    if (glob(pattern, 0, NULL, &found))
        return false;
    for (size_t i = 0; i < found.gl_pathc; i++)
        take_operand(walk, found.gl_pathv[i]);
    globfree(&found);
    return true;
}

static bool take_operand(Walk *walk, const char *path) {
    struct stat info;
    if (is_excluded(walk, path, path))
        return false;
    if (!strcmp(path, "-")) {
        add(walk->out, path, path);
    } else if (stat(path, &info)) {
        int code = errno;
        if (strpbrk(path, "*?[") && take_pattern(walk, path))
            return true;
        add_failed(walk->out, path, "open", code);
    } else if (S_ISDIR(info.st_mode)) {
        walk_folder(walk, path, "");
        return true;
    } else {
        add(walk->out, path, path_base(path));
    }
    return false;
}

/* The whole of a list; NULL with errno. */
static char *read_list(const char *path, size_t *size) {
    FILE *file = strcmp(path, "-") ? fopen(path, "rb") : stdin;
    if (!file)
        return NULL;
    char *text = NULL;
    *size = 0;
    for (;;) {
        text = cli_grow(text, *size + 65537, 1);
        size_t n = fread(text + *size, 1, 65536, file);
        *size += n;
        if (!n)
            break;
    }
    text[*size] = 0;
    bool bad = ferror(file) != 0;
    int code = errno;
    if (file != stdin)
        fclose(file);
    if (bad) {
        free(text);
        errno = code;
        return NULL;
    }
    return text;
}

/* One path a line, or, where there are NUL bytes (find -print0), one before each of them. */
static int take_list(Walk *walk, const CliContext *ctx, const char *list) {
    size_t size;
    char *text = read_list(list, &size);
    if (!text)
        return cli_usage(ctx, "--files-from %s: cannot read: %s", list, strerror(errno));
    char separator = memchr(text, 0, size) ? '\0' : '\n';
    for (char *line = text, *end = text + size; line < end;) {
        char *stop = memchr(line, separator, (size_t)(end - line));
        char *next = stop ? stop + 1 : end;
        if (!stop)
            stop = end;
        if (separator == '\n' && stop > line && stop[-1] == '\r')
            stop--;
        *stop = 0;
        if (!strcmp(line, "-"))
            take_operand(walk, "./-"); /* standard input is named on the command line only */
        else if (*line)
            take_operand(walk, line);
        line = next;
    }
    free(text);
    return CLI_DONE;
}

int inputs_open(CliInputs *out, const CliContext *ctx, bool only_originals, const char *not_into) {
    Walk walk = {.out = out, .settings = ctx->settings, .only_originals = only_originals};
    const char *list = vernis_settings_text(ctx->settings, "files-from");
    bool folder = false, from_stdin = list && !strcmp(list, "-");
    *out = (CliInputs){0};
    walk.recursive = vernis_settings_number(ctx->settings, "recursive") != 0;
    walk.has_not_into = not_into && !stat(not_into, &walk.not_into);
    if (!ctx->operands.count && !list)
        return cli_usage(ctx, "no file given: expected %s", ctx->command->operands);
    for (size_t i = 0; i < ctx->operands.count; i++) {
        if (!strcmp(ctx->operands.items[i], "-")) {
            if (from_stdin)
                return cli_usage(ctx, "standard input can be read only once");
            from_stdin = true;
        }
        folder |= take_operand(&walk, ctx->operands.items[i]);
    }
    out->one_file = ctx->operands.count == 1 && !list && !folder;
    return list ? take_list(&walk, ctx, list) : CLI_DONE;
}

void inputs_close(CliInputs *inputs) {
    for (size_t i = 0; i < inputs->count; i++) {
        free(inputs->items[i].path);
        free(inputs->items[i].relative);
    }
    free(inputs->items);
    free(inputs->left_out_example);
    list_free(&inputs->folders);
    *inputs = (CliInputs){0};
}
