/* SPDX-License-Identifier: Apache-2.0 */
/* vernis(1), in roff with the macros of groff_man(7), which mandoc reads too. */
#include <stdlib.h>
#include <string.h>

#include "cli/growing_text.h"
#include "cli/help.h"
#include "cli/options.h"

/* Plain text as roff: what `backticks` hold becomes bold, an empty line a new paragraph, and nothing is taken for a request. */
static void put_text(Page *page, const char *text) {
    bool bold = false, fresh = true;
    for (const char *p = text; *p; p++) {
        if (p[0] == '\n' && p[1] == '\n') {
            page_put(page, "\n.PP");
            p++;
        } else if (fresh && (*p == '.' || *p == '\'')) {
            page_put(page, "\\&");
        }
        fresh = *p == '\n';
        switch (*p) {
        case '\\':
            page_put(page, "\\e");
            break;
        case '-':
            page_put(page, "\\-");
            break;
        case '~':
            page_put(page, "\\(ti");
            break;
        case '^':
            page_put(page, "\\(ha");
            break;
        case '\'':
            page_put(page, "\\(aq");
            break;
        case '`':
            bold = !bold;
            page_put(page, bold ? "\\fB" : "\\fR");
            break;
        default:
            page_put_n(page, p, 1);
        }
    }
    page_put(page, "\n");
}

static void put_entry(Page *page, const char *name, const char *text) {
    page_put(page, ".TP\n.B ");
    put_text(page, name);
    put_text(page, text);
}

static void put_option(Page *page, const VernisSettingInfo *info) {
    page_put(page, ".TP\n");
    if (info->letter)
        page_put_f(page, "\\fB\\-%c\\fR, ", info->letter);
    page_put(page, "\\fB\\-\\-");
    for (const char *p = info->name; *p; p++)
        page_put_n(page, *p == '-' ? "\\-" : p, *p == '-' ? 2 : 1);
    page_put(page, "\\fR");
    if (info->value_name)
        page_put_f(page, " \\fI%s\\fR", info->value_name);
    page_put(page, "\n");
    char *text = info->initial ? cli_format("%s Default: `%s`.", info->help, info->initial) : cli_copy(info->help);
    put_text(page, text);
    free(text);
}

static void put_command(Page *page, const CliCommand *command) {
    size_t count;
    const VernisSettingInfo *table = vernis_settings_table(&count);
    page_put_f(page, ".SS \"vernis %s\"\n\\fBvernis %s\\fR [\\fIoptions\\fR] ", command->name, command->name);
    put_text(page, command->operands);
    page_put(page, ".PP\n");
    put_text(page, command->description);
    for (size_t i = 0; i < count; i++)
        if (options_has_word(table[i].commands, command->name))
            put_option(page, &table[i]);
}

char *help_manual(void) {
    static const struct {
        const char *path, *what;
    } files[] = {
        {"~/.config/vernis/profile", "the artist's name and terms, as name = value lines; options win over it"},
        {"~/.config/vernis/artist.key", "the number behind the artist's own pattern, made on first use: keep a copy"},
        {"~/.config/vernis/identity/", "what content credentials are signed with (`vernis identity create`)"},
        {"~/.config/vernis/presets/", "presets of your own, in strength/ and platforms/; they win over built-in ones"},
        {"~/.config/vernis/models/", "installed surrogates (`vernis models install`)"},
        {"~/.local/share/vernis/ledger.sqlite", "what was protected, from what and how (`vernis ledger`)"},
    };
    Page page = page_open(0);
    page_put_f(&page, ".\\\" Written by vernis itself, from its tables of commands and settings.\n"
                      ".TH VERNIS 1 \"\" \"Vernis %s\" \"User Commands\"\n.SH NAME\nvernis \\- protect artwork before it is "
                      "posted\n.SH SYNOPSIS\n.B vernis\n.I command\n.RI [ options ]\n\\&...\n.SH DESCRIPTION\n",
               vernis_version());
    put_text(&page, help_intro);
    page_put(&page, ".PP\n");
    put_text(&page, help_streams);
    page_put(&page, ".SH COMMANDS\n");
    for (const CliCommand *const *c = cli_commands; *c; c++)
        put_command(&page, *c);
    page_put(&page, ".SH EXIT STATUS\n");
    for (const HelpStatus *s = help_statuses; s->meaning; s++) {
        char *number = cli_format("%d", s->status);
        put_entry(&page, number, s->meaning);
        free(number);
    }
    page_put(&page, ".SH ENVIRONMENT\n");
    put_entry(&page, "XDG_CONFIG_HOME", "stands for ~/.config in the paths below");
    put_entry(&page, "XDG_DATA_HOME", "stands for ~/.local/share");
    put_entry(&page, "COLUMNS", "width of help and progress where standard error is not a terminal");
    page_put(&page, ".SH FILES\n");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        put_entry(&page, files[i].path, files[i].what);
    page_put(&page, ".SH EXAMPLES\n");
    put_entry(&page, "vernis protect picture.jpg", "writes picture.protected.jpg beside it");
    put_entry(&page, "vernis protect -r portfolio -o ready --for instagram",
              "makes the files that a platform serves, in a mirrored folder");
    put_entry(&page, "vernis verify picture.jpg picture.protected.jpg",
              "says what the change costs the eye, and what it does to each encoder");
    return page.text;
}
