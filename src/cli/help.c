/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <stdlib.h>
#include <string.h>

#include "cli/console.h"
#include "cli/options.h"

/* Text that grows. */
typedef struct Page {
    char *text;
    size_t length;
    int width;
} Page;

static void put_n(Page *page, const char *text, size_t length) {
    page->text = cli_grow(page->text, page->length + length + 1, 1);
    memcpy(page->text + page->length, text, length);
    page->length += length;
    page->text[page->length] = 0;
}

static void put(Page *page, const char *text) { put_n(page, text, strlen(text)); }

static void put_blanks(Page *page, int count) {
    for (int i = 0; i < count; i++)
        put_n(page, " ", 1);
}

static Page page_new(void) {
    Page page = {.width = console_width() > 110 ? 110 : console_width()};
    put(&page, "");
    return page;
}

/* Words of `text` wrapped between the columns `indent` and the page's width; the cursor stands at `column` already.
 * A newline in the text stays one. */
static void put_wrapped(Page *page, const char *text, int indent, int column) {
    bool fresh = true;
    while (*text) {
        if (*text == '\n' || *text == ' ') {
            if (*text == '\n') {
                put(page, "\n");
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
            put(page, "\n");
            column = 0;
            fresh = true;
        }
        if (column < indent) {
            put_blanks(page, indent - column);
            column = indent;
        }
        if (!fresh) {
            put(page, " ");
            column++;
        }
        put(page, word);
        column += columns;
        fresh = false;
        free(word);
        text += length;
    }
    put(page, "\n");
}

/* One row of two columns: what to type, and what it does. */
static void put_row(Page *page, const char *left, const char *right, int column) {
    put(page, left);
    int at = (int)cli_columns(left);
    if (at + 2 > column) {
        put(page, "\n");
        at = 0;
    }
    put_wrapped(page, right, column, at);
}

static void put_commands(Page *page) {
    put(page, "usage: vernis COMMAND [options] ...\n\ncommands:\n");
    for (const CliCommand *const *c = cli_commands; *c; c++) {
        char *left = cli_format("  %s", (*c)->name);
        put_row(page, left, (*c)->summary, 14);
        free(left);
    }
    put(page, "\n");
    put_wrapped(
        page,
        "'vernis help COMMAND' or 'vernis COMMAND --help' tells more about one, 'vernis --help' about the whole, "
        "'vernis --version' which one this is.",
        0, 0);
}

char *help_short(void) {
    Page page = page_new();
    put_commands(&page);
    return page.text;
}

char *help_all(void) {
    Page page = page_new();
    put_wrapped(&page,
                "Vernis protects pictures before they are posted: it adds an optimised, hard-to-see perturbation that "
                "disturbs the image encoders on which generative models are fine-tuned, writes rights metadata, and "
                "measures what it did.",
                0, 0);
    put(&page, "\n");
    put_commands(&page);
    put(&page, "\nexit status:\n");
    static const struct {
        int status;
        const char *meaning;
    } statuses[] = {{CLI_DONE, "everything is done"},
                    {CLI_FAILED, "some files failed; the others are done"},
                    {CLI_USAGE, "the command line is wrong; nothing was started"},
                    {CLI_SKIPPED, "everything was skipped"},
                    {CLI_MISSED, "done, but a target (visibility, strength) was not met; a warning says why"},
                    {CLI_INTERRUPTED, "interrupted; nothing is half-written, what was finished stays"}};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        char *left = cli_format("  %d", statuses[i].status);
        put_row(&page, left, statuses[i].meaning, 8);
        free(left);
    }
    put(&page, "\n");
    put_wrapped(&page,
                "Results go to standard output; progress, warnings and errors to standard error. '-' stands for "
                "standard input or output where one file makes sense.",
                0, 0);
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
    Page page = page_new();
    char *usage = cli_format("usage: vernis %s [options]%s%s\n\n", command->name, *command->operands ? " " : "",
                             command->operands);
    put(&page, usage);
    free(usage);
    put_wrapped(&page, command->description, 0, 0);
    put(&page, "\noptions (defaults in brackets):\n");
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
