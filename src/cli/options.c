/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include <stdlib.h>
#include <string.h>

bool options_has_word(const char *words, const char *word) {
    size_t length = strlen(word);
    for (const char *p = words; (p = strstr(p, word)) != NULL; p += length)
        if ((p == words || p[-1] == ' ') && (p[length] == ' ' || !p[length]))
            return true;
    return false;
}

/* A name that was probably meant, among the options of the command; NULL when nothing is near. */
static const char *nearest(const CliContext *ctx, const char *name) {
    size_t count, limit = strlen(name) / 3 + 1;
    const VernisSettingInfo *table = vernis_settings_table(&count);
    const char *best = NULL;
    size_t best_distance = limit + 1;
    for (size_t i = 0; i < count; i++) {
        if (!options_has_word(table[i].commands, ctx->command->name))
            continue;
        size_t distance = cli_distance(name, table[i].name);
        if (strlen(name) >= 3 && !strncmp(name, table[i].name, strlen(name)))
            distance = 1;
        if (distance < best_distance) {
            best_distance = distance;
            best = table[i].name;
        }
    }
    return best;
}

static int unknown_option(const CliContext *ctx, const char *name) {
    const char *meant = nearest(ctx, name);
    if (meant)
        return cli_usage(ctx, "unknown option --%s; did you mean --%s?", name, meant);
    return cli_usage(ctx, "unknown option --%s", name);
}

static int set(const CliContext *ctx, const VernisSettingInfo *info, const char *value) {
    VernisError err = {0};
    if (vernis_settings_set(ctx->settings, info->name, value, &err))
        return cli_usage(ctx, "%s", err.text);
    return CLI_DONE;
}

/* The row of a long or short option, if this command takes it; the reason has been printed for NULL. */
static const VernisSettingInfo *find(const CliContext *ctx, const char *name, char letter) {
    size_t count;
    const VernisSettingInfo *table = vernis_settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (name ? strcmp(table[i].name, name) != 0 : table[i].letter != letter)
            continue;
        if (options_has_word(table[i].commands, ctx->command->name))
            return &table[i];
        cli_usage(ctx, "--%s is not an option of %s (it belongs to %s)", table[i].name, ctx->command->name,
                  table[i].commands);
        return NULL;
    }
    if (name)
        unknown_option(ctx, name);
    else
        cli_usage(ctx, "unknown option -%c", letter);
    return NULL;
}

/* @param next the argument after this one, or NULL; @param used receives whether it was taken as the value */
static int parse_long(const CliContext *ctx, const char *text, const char *next, bool *used) {
    const char *equals = strchr(text, '=');
    char *name = cli_copy_n(text, equals ? (size_t)(equals - text) : strlen(text));
    const VernisSettingInfo *info = find(ctx, name, 0);
    free(name);
    if (!info)
        return CLI_USAGE;
    if (info->type == VERNIS_FLAG)
        return equals ? cli_usage(ctx, "--%s takes no value", info->name) : set(ctx, info, "yes");
    if (equals)
        return set(ctx, info, equals + 1);
    if (!next)
        return cli_usage(ctx, "--%s needs a value: %s", info->name, info->value_name);
    *used = true;
    return set(ctx, info, next);
}

static int parse_short(const CliContext *ctx, const char *letters, const char *next, bool *used) {
    for (const char *p = letters; *p; p++) {
        const VernisSettingInfo *info = find(ctx, NULL, *p);
        if (!info)
            return CLI_USAGE;
        if (info->type == VERNIS_FLAG) {
            if (set(ctx, info, "yes"))
                return CLI_USAGE;
            continue;
        }
        if (p[1])
            return set(ctx, info, p + 1);
        if (!next)
            return cli_usage(ctx, "-%c needs a value: %s", *p, info->value_name);
        *used = true;
        return set(ctx, info, next);
    }
    return CLI_DONE;
}

/* Help asked for anywhere before `--` wins over whatever else may be wrong. */
static bool asks_for_help(int argc, char **argv) {
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
            return true;
    return false;
}

int options_parse(CliContext *ctx, int argc, char **argv, bool *wants_help) {
    bool options = true;
    *wants_help = asks_for_help(argc, argv);
    if (*wants_help)
        return CLI_DONE;
    for (int i = 0; i < argc; i++) {
        const char *arg = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
        bool used = false;
        int status = CLI_DONE;
        if (!options || arg[0] != '-' || !arg[1])
            list_add(&ctx->operands, cli_copy(arg));
        else if (!strcmp(arg, "--"))
            options = false;
        else if (arg[1] == '-')
            status = parse_long(ctx, arg + 2, next, &used);
        else
            status = parse_short(ctx, arg + 1, next, &used);
        if (status)
            return status;
        i += used;
    }
    ctx->json = vernis_settings_number(ctx->settings, "json") != 0;
    ctx->quiet = vernis_settings_number(ctx->settings, "quiet") != 0;
    ctx->verbose = vernis_settings_number(ctx->settings, "verbose") != 0;
    int given = (int)ctx->operands.count;
    if (given < ctx->command->least)
        return cli_usage(ctx, "%s: expected %s", given ? "too few arguments" : "no file given", ctx->command->operands);
    if (ctx->command->most >= 0 && given > ctx->command->most)
        return cli_usage(ctx, "too many arguments (from '%s')", ctx->operands.items[ctx->command->most]);
    return CLI_DONE;
}
