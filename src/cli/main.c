/* SPDX-License-Identifier: Apache-2.0 */
/* vernis: the table of commands, and the way from the arguments to one of them. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/console.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/signals.h"

const CliCommand *const cli_commands[] = {
    &command_protect, &command_watch,  &command_verify,  &command_inspect, &command_identity, &command_ledger, &command_optout,
    &command_models,  &command_presets, &command_probe,   &command_selftest, &command_bench,
    NULL};

int cli_usage(const CliContext *ctx, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = cli_format_v(format, args);
    va_end(args);
    if (ctx)
        console_note("%s: %s (see 'vernis help %s')", ctx->command->name, text, ctx->command->name);
    else
        console_note("%s (see 'vernis --help')", text);
    free(text);
    return CLI_USAGE;
}

const char *cli_reason(const char *file, const VernisError *err) {
    const char *reason = err->text[0] ? err->text : vernis_status_name(err->status);
    size_t length = strlen(file);
    return !strncmp(reason, file, length) && !strncmp(reason + length, ": ", 2) ? reason + length + 2 : reason;
}

int cli_failure(const char *file, const VernisError *err) {
    if (file)
        console_note("%s: %s", file, cli_reason(file, err));
    else
        console_note("%s", err->text[0] ? err->text : vernis_status_name(err->status));
    return err->status == VERNIS_E_CANCELLED  ? CLI_INTERRUPTED
           : err->status == VERNIS_E_ARGUMENT ? CLI_USAGE
                                              : CLI_FAILED;
}

int cli_answer(char *text, const VernisError *err) {
    if (err->status)
        return cli_failure(NULL, err);
    console_result(text);
    vernis_free(text);
    return CLI_DONE;
}

int cli_session_open(VernisSession **out, const CliContext *ctx, const VernisHooks *hooks, VernisError *err) {
    VernisHooks wired = hooks ? *hooks : (VernisHooks){0};
    wired.cancelled = signals_cancelled;
    *out = NULL;
    bool signs = ctx->command == &command_protect || ctx->command == &command_watch;
    if (!signs) /* a broken identity is no hindrance */
        vernis_settings_set(ctx->settings, "c2pa", "off", err);
    return vernis_session_open(out, ctx->settings, &wired, err) ? cli_failure(NULL, err) : CLI_DONE;
}

/* Print a page of help. */
static int show(char *page) {
    bool ok = console_result(page);
    free(page);
    return ok ? CLI_DONE : CLI_FAILED;
}

static int unknown_command(const char *name, const char *meant) {
    if (meant)
        return cli_usage(NULL, "there is no command '%s'; did you mean '%s'?", name, meant);
    return cli_usage(NULL, "there is no command '%s'", name);
}

static int help(int argc, char **argv) {
    const char *meant;
    if (argc == 0)
        return show(help_all());
    if (!strcmp(argv[0], "--man"))
        return show(help_manual());
    if (!strcmp(argv[0], "--completions")) {
        char *script = argc > 1 ? help_completions(argv[1]) : NULL;
        return script ? show(script) : cli_usage(NULL, "--completions needs the name of a shell: bash, zsh or fish");
    }
    const CliCommand *command = help_find(argv[0], &meant);
    return command ? show(help_command(command)) : unknown_command(argv[0], meant);
}

static int run(const CliCommand *command, int argc, char **argv) {
    CliContext ctx = {.command = command};
    VernisError err = {0};
    bool wants_help;
    if (vernis_settings_open(&ctx.settings, &err))
        return cli_failure(NULL, &err);
    int status = options_parse(&ctx, argc, argv, &wants_help);
    if (status == CLI_DONE)
        status = wants_help ? show(help_command(command)) : command->run(&ctx);
    vernis_settings_close(&ctx.settings);
    list_free(&ctx.operands);
    return console_broken() && status != CLI_INTERRUPTED ? CLI_FAILED : status;
}

int main(int argc, char **argv) {
    console_open();
    signals_install();
    if (argc < 2) {
        char *page = help_short();
        console_text(page);
        free(page);
        return CLI_USAGE;
    }
    const char *meant, *word = argv[1];
    if (!strcmp(word, "--version"))
        return console_result_f("vernis %s", vernis_version()) ? CLI_DONE : CLI_FAILED;
    if (!strcmp(word, "--help") || !strcmp(word, "-h"))
        return help(0, NULL);
    if (!strcmp(word, "help"))
        return help(argc - 2, argv + 2);
    if (word[0] == '-')
        return cli_usage(NULL, "unknown option %s before a command", word);
    const CliCommand *command = help_find(word, &meant);
    return command ? run(command, argc - 2, argv + 2) : unknown_command(word, meant);
}
