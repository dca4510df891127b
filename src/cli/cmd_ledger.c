/* SPDX-License-Identifier: Apache-2.0 */
/* vernis ledger: what is remembered of the pictures that were protected. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/console.h"
#include "cli/signals.h"
#include "cli/spool.h"

enum { MATCHES = 16 };

static bool is_on(const CliContext *ctx, const char *name) { return vernis_settings_number(ctx->settings, name) != 0; }

static bool stopped(void) { return signals_cancelled(NULL) || console_broken(); }

/* Call `visit` with each row of some states. @return its first status that is not CLI_DONE */
static int each_row(VernisLedger *ledger, unsigned states, int (*visit)(void *opaque, const VernisLedgerRow *row),
                    void *opaque) {
    VernisLedgerRow row = {0};
    VernisError err = {0};
    int found = 1, status = CLI_DONE;
    while (!status && found && !stopped()) {
        if (vernis_ledger_next(ledger, states, &row, &found, &err))
            status = cli_failure(NULL, &err);
        else if (found)
            status = visit(opaque, &row);
    }
    return status ? status : signals_cancelled(NULL) ? CLI_INTERRUPTED : CLI_DONE;
}

/* list and export */

static int print_json(void *opaque, const VernisLedgerRow *row) {
    (void)opaque;
    char *json = vernis_ledger_row_json(row);
    bool whole = json && console_result(json);
    vernis_free(json);
    return whole ? CLI_DONE : CLI_FAILED;
}

static int print_input(void *opaque, const VernisLedgerRow *row) {
    (void)opaque;
    return console_result_0(row->input) ? CLI_DONE : CLI_FAILED;
}

static int print_words(void *opaque, const VernisLedgerRow *row) {
    (void)opaque;
    const char *state = vernis_ledger_state_name(row->state);
    bool failed = row->state == VERNIS_LEDGER_FAILED;
    char *line = failed ? cli_format("%s  %-8s  %s: %s", row->time, state, row->input, row->reason)
                        : cli_format("%s  %-8s  %s  from %s", row->time, state, row->output, row->input);
    cli_defuse(line, false);
    bool whole = console_result(line);
    free(line);
    return whole ? CLI_DONE : CLI_FAILED;
}

/* A value for a table: in quotes, those within it doubled (RFC 4180). */
static char *csv(char *line, const char *value) {
    char *cell = cli_alloc(2 * strlen(value) + 3), *at = cell;
    *at++ = '"';
    for (const char *p = value; *p; p++) {
        if (*p == '"')
            *at++ = '"';
        *at++ = *p;
    }
    *at = '"';
    char *longer = line ? cli_format("%s,%s", line, cell) : cli_copy(cell);
    free(line);
    free(cell);
    return longer;
}

static int print_csv(void *opaque, const VernisLedgerRow *row) {
    (void)opaque;
    const char *const words[] = {row->time,       vernis_ledger_state_name(row->state),
                                 row->input,      row->output,
                                 row->reason,     row->settings,
                                 row->version,    row->surrogates,
                                 row->shifts,     row->sha256_in,
                                 row->sha256_out, row->pdq};
    char *line = NULL;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        line = csv(line, words[i]);
    bool whole = console_result_f("%s,%d,%u,%u,%llu,%llu,%d,%.6g,%.6g,%.6g,%.3f", line, row->quality, row->width,
                                  row->height, (unsigned long long)row->bytes_in, (unsigned long long)row->bytes_out,
                                  row->steps, row->psnr, row->ssim, row->visibility, row->seconds);
    free(line);
    return whole ? CLI_DONE : CLI_FAILED;
}

static int list(const CliContext *ctx, VernisLedger *ledger) {
    unsigned states = is_on(ctx, "failed") ? VERNIS_LEDGER_FAILED : VERNIS_LEDGER_ALL;
    return each_row(ledger, states, is_on(ctx, "print0") ? print_input : ctx->json ? print_json : print_words, NULL);
}

static int export(const CliContext *ctx, VernisLedger *ledger) {
    unsigned states = is_on(ctx, "failed") ? VERNIS_LEDGER_FAILED : VERNIS_LEDGER_ALL;
    if (!is_on(ctx, "csv"))
        return each_row(ledger, states, print_json, NULL);
    console_result("time,status,input,output,reason,settings,version,surrogates,latent_shift,sha256_in,sha256_out,pdq,"
                   "pdq_quality,width,height,bytes_in,bytes_out,steps,psnr,ssim,visibility,seconds");
    return each_row(ledger, states, print_csv, NULL);
}

/* check */

typedef struct Check {
    const CliContext *ctx;
    size_t whole, wrong, originals;
} Check;

/* What became of a file. @return NULL when it is as it was */
static const char *change_of(const char *path, uint64_t size, const char *sha256) {
    struct stat info;
    char now[65];
    if (stat(path, &info))
        return "missing";
    if ((uint64_t)info.st_size != size)
        return "changed";
    return vernis_file_sha256(path, now, NULL) ? "unreadable" : strcmp(now, sha256) ? "changed" : NULL;
}

static void print_change(const Check *check, const char *what, const char *change, const char *path) {
    if (check->ctx->json) {
        char *name = cli_json(path);
        console_result_f("{\"file\":\"%s\",\"status\":\"%s\",\"path\":%s}", what, change, name);
        free(name);
        return;
    }
    char *line = cli_format("%s %s: %s", what, change, path);
    cli_defuse(line, false);
    console_result(line);
    free(line);
}

static int check_row(void *opaque, const VernisLedgerRow *row) {
    Check *check = opaque;
    const char *output = change_of(row->output, row->bytes_out, row->sha256_out);
    const char *input = change_of(row->input, row->bytes_in, row->sha256_in);
    if (output)
        print_change(check, "output", output, row->output);
    if (input)
        print_change(check, "original", input, row->input);
    check->whole += !output;
    check->wrong += output != NULL;
    check->originals += input != NULL;
    return CLI_DONE;
}

static int check(const CliContext *ctx, VernisLedger *ledger) {
    VernisError err = {0};
    Check all = {.ctx = ctx};
    if (vernis_ledger_check(ledger, &err))
        return cli_failure(NULL, &err);
    int status = each_row(ledger, VERNIS_LEDGER_DONE, check_row, &all);
    if (!status && !ctx->quiet)
        console_note("%s is sound: %zu outputs as they were written, %zu not; %zu originals moved or changed",
                     vernis_ledger_path(ledger), all.whole, all.wrong, all.originals);
    return status ? status : all.wrong ? CLI_FAILED : CLI_DONE;
}

/* find */

static const char *const orientations[VERNIS_ORIENTATIONS] = {"upright",
                                                              "mirrored",
                                                              "mirrored and turned by 180 degrees",
                                                              "turned by 180 degrees",
                                                              "mirrored and turned by 90 degrees",
                                                              "turned by 90 degrees",
                                                              "turned by 90 degrees",
                                                              "mirrored and turned by 90 degrees"};

static char *match_json(const VernisMatch *match, const VernisLedgerRow *row) {
    char *output = cli_json(row->output), *original = cli_json(row->input), *time = cli_json(row->time);
    char *text =
        cli_format("{\"match\":\"%s\",\"distance\":%d,\"orientation\":\"%s\",\"exact\":%s,\"status\":\"%s\","
                   "\"output\":%s,\"original\":%s,\"time\":%s}",
                   match->alike ? "alike" : "yours", match->distance, orientations[match->orientation],
                   match->exact ? "true" : "false", vernis_ledger_state_name(row->state), output, original, time);
    free(output);
    free(original);
    free(time);
    return text;
}

static char *match_words(const char *file, const VernisMatch *match, const VernisLedgerRow *row) {
    char *how = match->exact
                    ? cli_copy("the very file")
                    : cli_format("%s, %d of 256 bits differ", orientations[match->orientation], match->distance);
    char *line = cli_format("%s: %s (%s): %s, protected %.10s from %s", file,
                            match->alike ? "looks alike, but has other colours or details, or is cut" : "yours", how,
                            row->output, row->time, row->input);
    free(how);
    cli_defuse(line, false);
    return line;
}

static void print_unknown(const char *file, const VernisFingerprint *print) {
    console_result_f("%s: not known%s", file,
                     print->quality < 20 ? " (there is little to see in it to be known by)" : "");
}

static int find_one(const CliContext *ctx, VernisLedger *ledger, const char *file, size_t *known) {
    VernisFingerprint print;
    VernisMatch matches[MATCHES];
    VernisError err = {0};
    size_t count = 0, told = 0, yours = 0;
    int found = 0;
    char *name = cli_json(file), *line = cli_format("{\"input\":%s,\"matches\":[", name);
    bool failed = vernis_fingerprint_file(&print, file, &err) ||
                  vernis_ledger_find(ledger, &print, matches, MATCHES, &count, &err);
    for (size_t i = 0; i < count && !failed; i++) {
        VernisLedgerRow row = {.id = matches[i].id - 1};
        failed = vernis_ledger_next(ledger, VERNIS_LEDGER_ALL, &row, &found, &err) != VERNIS_OK;
        if (failed || !found || row.id != matches[i].id)
            continue; /* taken out since */
        char *text = ctx->json ? match_json(&matches[i], &row) : match_words(file, &matches[i], &row);
        if (ctx->json) {
            char *longer = cli_format("%s%s%s", line, told ? "," : "", text);
            free(line);
            line = longer;
        } else {
            if (matches[i].alike && !yours && !told)
                print_unknown(file, &print);
            console_result(text);
        }
        free(text);
        told++;
        yours += !matches[i].alike;
    }
    if (!failed && ctx->json)
        console_result_f("%s],\"quality\":%d}", line, print.quality);
    else if (!failed && !told)
        print_unknown(file, &print);
    free(line);
    free(name);
    *known += yours > 0;
    return failed ? cli_failure(file, &err) : CLI_DONE;
}

static int find(const CliContext *ctx, VernisLedger *ledger) {
    int status = CLI_DONE;
    size_t known = 0;
    for (size_t i = 1; i < ctx->operands.count && !stopped(); i++)
        if (find_one(ctx, ledger, ctx->operands.items[i], &known))
            status = CLI_FAILED;
    return signals_cancelled(NULL) ? CLI_INTERRUPTED : status ? status : known ? CLI_DONE : CLI_SKIPPED;
}

/* merge */

static int merge(const CliContext *ctx, VernisLedger *ledger) {
    int status = CLI_DONE;
    for (size_t i = 1; i < ctx->operands.count && !stopped(); i++) {
        const char *file = ctx->operands.items[i];
        VernisError err = {0};
        size_t added;
        if (vernis_ledger_merge(ledger, file, &added, &err))
            status = cli_failure(file, &err);
        else if (ctx->json)
            console_result_f("{\"status\":\"ok\",\"added\":%zu}", added);
        else if (!ctx->quiet)
            console_note("%s: %zu new", file, added);
    }
    return signals_cancelled(NULL) ? CLI_INTERRUPTED : status;
}

/* report */

typedef struct Pages {
    VernisSession *session;
    Spool *spool;
    size_t count, failed;
} Pages;

static int add_to_report(void *opaque, const VernisLedgerRow *row) {
    Pages *pages = opaque;
    VernisResult result = {0};
    VernisError err = {0};
    char *part = NULL;
    if (vernis_verify_files(pages->session, row->input, row->output, &result, &err)) {
        cli_failure(row->output, &err);
        spool_reason(pages->spool, pages->count++, row->output, err.text, true);
        pages->failed++;
        return CLI_DONE;
    }
    vernis_report_picture(pages->session, row->input, row->output, &result, &part, &err);
    spool_part(pages->spool, pages->count++, row->output, part, &err);
    vernis_free(part);
    return CLI_DONE;
}

static int report(CliContext *ctx, VernisLedger *ledger) {
    Pages pages = {0};
    VernisError err = {0};
    if (vernis_settings_set(ctx->settings, "report", ctx->operands.items[1], &err))
        return cli_failure(NULL, &err);
    int status = spool_open(&pages.spool, ctx);
    if (!status)
        status = cli_session_open(&pages.session, ctx, NULL, &err);
    if (!status)
        status = each_row(ledger, VERNIS_LEDGER_DONE, add_to_report, &pages);
    if (!status && !pages.count) {
        console_note("the ledger knows of nothing that is done: there is nothing to report");
        status = CLI_SKIPPED;
    } else if (!status) {
        status = spool_write(pages.spool, true) || pages.failed ? CLI_FAILED : CLI_DONE;
    }
    spool_close(&pages.spool);
    vernis_session_close(&pages.session);
    return status;
}

static const struct {
    const char *word;
    size_t least, most; /* operands after it; most 0: none, 2: any number */
    bool create;
    const char *wanted;
} actions[] = {{"list", 0, 0, false, ""},         {"export", 0, 0, false, ""},
               {"check", 0, 0, false, ""},        {"find", 1, 2, false, "the picture that was found"},
               {"merge", 1, 2, true, "a ledger"}, {"report", 1, 1, false, "the page to write"}};
enum { ACTIONS = sizeof actions / sizeof *actions };

static int run_ledger(CliContext *ctx) {
    const char *word = ctx->operands.items[0], *path = vernis_settings_text(ctx->settings, "ledger");
    size_t given = ctx->operands.count - 1, at = 0;
    VernisLedger *ledger;
    VernisError err = {0};
    while (at < ACTIONS && strcmp(actions[at].word, word) != 0)
        at++;
    if (at == ACTIONS)
        return cli_usage(ctx, "there is no '%s'; it takes list, export, check, find, merge or report", word);
    if (given < actions[at].least)
        return cli_usage(ctx, "%s needs %s", word, actions[at].wanted);
    if (given > actions[at].most && actions[at].most < 2)
        return cli_usage(ctx, "too many arguments (from '%s')", ctx->operands.items[actions[at].most + 1]);
    if (path && !strcmp(path, "none"))
        return cli_usage(ctx, "--ledger none: there is nothing to look into");
    if (vernis_ledger_open(&ledger, path, NULL, actions[at].create, &err))
        return cli_failure(NULL, &err);
    int status = at == 0   ? list(ctx, ledger)
                 : at == 1 ? export(ctx, ledger)
                 : at == 2 ? check(ctx, ledger)
                 : at == 3 ? find(ctx, ledger)
                 : at == 4 ? merge(ctx, ledger)
                           : report(ctx, ledger);
    vernis_ledger_close(&ledger);
    return status;
}

const CliCommand command_ledger = {
    .name = "ledger",
    .operands = "list|export|check|find FILE...|merge LEDGER...|report PAGE.html",
    .summary = "what was protected, from what and how; is this picture one of mine?",
    .description =
        "protect remembers each picture in one file, ledger.sqlite in ~/.local/share/vernis, or in --ledger FILE.\n\n"
        "'list' shows it (--failed: what failed; with -0 as a list that `protect --files-from -` takes), 'export' writes all "
        "of it as lines of JSON or, with --csv, as a table. 'check' sees whether the ledger is sound and the files are still "
        "as they were written. 'find' says whether a picture that was found somewhere is one of yours, though it was "
        "compressed again, resized, mirrored or turned; pictures that only look alike are named last. It ends with 3 when none is "
        "yours. 'merge' takes in other ledgers, of "
        "other machines say. 'report' writes a page of all that is done; it holds the unprotected pictures.",
    .least = 1,
    .most = -1,
    .run = run_ledger,
};
