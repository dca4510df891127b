/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <stdlib.h>
#include <string.h>

#include "cli/console.h"
#include "cli/growing_text.h"
#include "cli/options.h"

const char help_intro[] =
    "Vernis protects pictures before they are posted: it adds an optimised, hard-to-see perturbation that disturbs the "
    "image encoders on which generative models are fine-tuned, writes rights metadata, and measures what it did.";

const char help_streams[] = "Results go to standard output; progress, warnings and errors to standard error. '-' stands for "
                            "standard input or output where one file makes sense.";

const HelpStatus help_statuses[] = {
    {CLI_DONE, "everything is done"},
    {CLI_FAILED, "some files failed; the others are done"},
    {CLI_USAGE, "the command line is wrong; nothing was started"},
    {CLI_SKIPPED, "everything was skipped"},
    {CLI_MISSED, "done, but a target (visibility, strength) was not met; a warning says why"},
    {CLI_INTERRUPTED, "interrupted; nothing is half-written, what was finished stays"},
    {0, NULL}};

static void put_blanks(Page *page, int count) {
    for (int i = 0; i < count; i++)
        page_put_n(page, " ", 1);
}


/* Words of `text` wrapped between the columns `indent` and the page's width; the cursor stands at `column` already.
 * A newline in the text stays one. */
static void put_wrapped(Page *page, const char *text, int indent, int column) {
    bool fresh = true;
    while (*text) {
        if (*text == '\n' || *text == ' ') {
            if (*text == '\n') {
                page_put(page, "\n");
                column = 0;
                fresh = true;
            }
            text++;
            continue;
        }
        size_t length = strcspn(text, " \n");
        char *word = cli_copy_n(text, length);
        int columns = (int)cli_columns(word);
        if (!fresh && column + 1 + columns > page->width) {
            page_put(page, "\n");
            column = 0;
            fresh = true;
        }
        if (column < indent) {
            put_blanks(page, indent - column);
            column = indent;
        }
        if (!fresh) {
            page_put(page, " ");
            column++;
        }
        page_put(page, word);
        column += columns;
        fresh = false;
        free(word);
        text += length;
    }
    page_put(page, "\n");
}

/* One row of two columns: what to type, and what it does. */
static void put_row(Page *page, const char *left, const char *right, int column) {
    page_put(page, left);
    int at = (int)cli_columns(left);
    if (at + 2 > column) {
        page_put(page, "\n");
        at = 0;
    }
    put_wrapped(page, right, column, at);
}

static void put_commands(Page *page) {
    page_put(page, "usage: vernis COMMAND [options] ...\n\ncommands:\n");
    for (const CliCommand *const *c = cli_commands; *c; c++) {
        char *left = cli_format("  %s", (*c)->name);
        put_row(page, left, (*c)->summary, 14);
        free(left);
    }
    page_put(page, "\n");
    put_wrapped(
        page,
        "'vernis help COMMAND' or 'vernis COMMAND --help' tells more about one, 'vernis --help' about the whole, "
        "'vernis --version' which one this is.",
        0, 0);
}

char *help_short(void) {
    Page page = page_open(console_width());
    put_commands(&page);
    return page.text;
}

char *help_all(void) {
    Page page = page_open(console_width());
    put_wrapped(&page, help_intro, 0, 0);
    page_put(&page, "\n");
    put_commands(&page);
    page_put(&page, "\nexit status:\n");
    for (const HelpStatus *s = help_statuses; s->meaning; s++) {
        char *left = cli_format("  %d", s->status);
        put_row(&page, left, s->meaning, 8);
        free(left);
    }
    page_put(&page, "\n");
    put_wrapped(&page, help_streams, 0, 0);
    return page.text;
}

/* "-o, --output PATH" */
static char *option_left(const VernisSettingInfo *info) {
    char short_form[5] = "    ";
    if (info->letter) {
        short_form[0] = '-';
        short_form[1] = info->letter;
        short_form[2] = ',';
    }
    return cli_format("  %s--%s%s%s", short_form, info->name, info->value_name ? " " : "",
                      info->value_name ? info->value_name : "");
}

static char *option_right(const VernisSettingInfo *info) {
    if (!info->initial)
        return cli_copy(info->help);
    return cli_format("%s [%s]", info->help, info->initial);
}

char *help_command(const CliCommand *command) {
    enum { OPTION_COLUMN = 30 };
    Page page = page_open(console_width());
    char *usage = cli_format("usage: vernis %s [options]%s%s\n\n", command->name, *command->operands ? " " : "",
                             command->operands);
    page_put(&page, usage);
    free(usage);
    put_wrapped(&page, command->description, 0, 0);
    page_put(&page, "\noptions (defaults in brackets):\n");
    size_t count;
    const VernisSettingInfo *table = vernis_settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (!options_has_word(table[i].commands, command->name))
            continue;
        char *left = option_left(&table[i]), *right = option_right(&table[i]);
        put_row(&page, left, right, OPTION_COLUMN);
        free(left);
        free(right);
    }
    put_row(&page, "  -h, --help", "Show this.", OPTION_COLUMN);
    return page.text;
}

const CliCommand *help_find(const char *name, const char **meant) {
    size_t best = 3;
    *meant = NULL;
    for (const CliCommand *const *c = cli_commands; *c; c++) {
        if (!strcmp((*c)->name, name))
            return *c;
        size_t distance = cli_distance(name, (*c)->name);
        if (distance < best) {
            best = distance;
            *meant = (*c)->name;
        }
    }
    return NULL;
}
