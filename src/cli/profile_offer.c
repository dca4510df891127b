/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/profile_offer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/console.h"
#include "cli/signals.h"

static bool may_ask(const CliContext *ctx, const char *path) {
    const char *list = vernis_settings_text(ctx->settings, "files-from");
    if (ctx->quiet || ctx->json || vernis_settings_number(ctx->settings, "dry-run") != 0 ||
        (list && !strcmp(list, "-")))
        return false;
    for (size_t i = 0; i < ctx->operands.count; i++)
        if (!strcmp(ctx->operands.items[i], "-"))
            return false;
    return path && access(path, F_OK) != 0 && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* One answer without its line end: "" for an empty one, NULL at the end of input or after an interruption. Heap. */
static char *ask(const char *question, const char *suggestion) {
    char line[1024];
    char *prompt = *suggestion ? cli_format("%s [%s]: ", question, suggestion) : cli_format("%s: ", question);
    console_text(prompt);
    free(prompt);
    if (signals_cancelled(NULL) || !fgets(line, sizeof line, stdin))
        return NULL;
    line[strcspn(line, "\r\n")] = 0;
    return cli_copy(*line ? line : suggestion);
}

/* Ask until the settings take the answer. @return whether to go on asking */
static bool ask_for(VernisSettings *values, const char *name, const char *question, const char *suggestion) {
    for (;;) {
        VernisError err = {0};
        char *answer = ask(question, suggestion);
        bool given = answer && *answer, ended = !answer;
        if (given)
            vernis_settings_set(values, name, answer, &err);
        free(answer);
        if (!err.status)
            return !ended;
        console_note("%s", err.text);
    }
}

static char *usual_notice(const VernisSettings *values) {
    time_t now = time(NULL);
    struct tm date;
    const char *name = vernis_settings_text(values, "creator");
    return cli_format("© %d %s", localtime_r(&now, &date)->tm_year + 1900, name ? name : "");
}

/* @return whether all questions were answered; an empty name ends them */
static bool ask_all(VernisSettings *values) {
    if (!ask_for(values, "creator", "Your name (empty: make no profile, and do not ask again)", ""))
        return false;
    if (!vernis_settings_is_set(values, "creator"))
        return true;
    char *notice = usual_notice(values);
    bool answered =
        ask_for(values, "copyright", "Copyright notice", notice) &&
        ask_for(values, "license-url", "Page that states your licence (empty: none)", "") &&
        ask_for(values, "contact-url", "Page where you can be reached (empty: none)", "") &&
        ask_for(values, "usage-terms", "Terms of use in words (empty: none)", "") &&
        ask_for(values, "source-type",
                "What you post is made by hand (human), photographed (photo), scanned (scan); none: do not say",
                "none");
    free(notice);
    return answered;
}

static void offer(const char *path) {
    VernisSettings *values;
    VernisError err = {0};
    char *words =
        cli_format("There is no artist's profile yet: your name and terms, which go into every picture you protect.\n"
                   "It will be %s; edit it at any time. Options of the command line win over it.\n",
                   path);
    console_text(words);
    free(words);
    if (vernis_settings_open(&values, &err)) {
        cli_failure(NULL, &err);
        return;
    }
    if (!ask_all(values))
        console_text("\n"); /* the end of input, or an interruption: nothing is kept, and the next run asks again */
    else if (vernis_profile_write(values, &err))
        cli_failure(NULL, &err);
    else
        console_note("the profile is written: %s", path);
    vernis_settings_close(&values);
}

int profile_take(CliContext *ctx, VernisError *err) {
    const char *given = vernis_settings_text(ctx->settings, "profile");
    if (given && !strcmp(given, "none"))
        return CLI_DONE;
    char *path = given ? NULL : vernis_profile_path();
    if (may_ask(ctx, path))
        offer(path);
    vernis_free(path);
    if (signals_cancelled(NULL))
        return CLI_INTERRUPTED;
    return vernis_profile_read(ctx->settings, given, err) ? cli_failure(NULL, err) : CLI_DONE;
}
