/* SPDX-License-Identifier: Apache-2.0 */
/* Completions for bash, zsh and fish. What a value may be is read from the settings' own words: "a|b" are words to choose
 * from, PLATFORM, STRENGTH, PRESET and MODEL are names that `vernis presets` and `vernis models` list (one's own among
 * them), FILE and PATH are files, and of the rest nothing is known. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/growing_text.h"
#include "cli/help.h"
#include "cli/options.h"

/* What a value or operand may be. */
typedef struct Offer {
    StringList words;
    const char *names; /* a function of the script: "platforms", "strengths", "presets" or "models"; NULL: none */
    bool files;
} Offer;

static void offer_word(Offer *offer, const char *word, size_t length) {
    char *copy = cli_copy_n(word, length);
    static const struct {
        const char *word, *names;
    } listed[] = {{"PLATFORM", "platforms"}, {"STRENGTH", "strengths"}, {"PRESET", "presets"}, {"MODEL", "models"}};
    static const char *const files[] = {"FILE", "PATH", "DIR", "IMAGE", "ORIGINAL", "PROTECTED", "PAGE", "LEDGER"};
    for (size_t i = 0; i < sizeof listed / sizeof *listed; i++)
        if (!strcmp(copy, listed[i].word))
            offer->names = listed[i].names;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (!strncmp(copy, files[i], strlen(files[i])))
            offer->files = true;
    if (islower((unsigned char)*copy))
        list_add(&offer->words, copy);
    else
        free(copy);
}

static Offer offer_of(const char *text, const char *separators) {
    Offer offer = {0};
    while (text && *(text += strspn(text, separators))) {
        size_t length = strcspn(text, separators);
        offer_word(&offer, text, length);
        text += length;
    }
    return offer;
}

static Offer offer_of_setting(const VernisSettingInfo *info) {
    return offer_of(info->choices ? info->choices : info->value_name, "|");
}

static Offer offer_of_operands(const CliCommand *command) { return offer_of(command->operands, " |[]"); }

static char *joined(const StringList *words) {
    Page page = page_open(0);
    for (size_t i = 0; i < words->count; i++)
        page_put_f(&page, "%s%s", i ? " " : "", words->items[i]);
    return page.text;
}

/* In single quotes of a shell, with the characters of `special` behind a backslash. */
static void put_quoted(Page *page, const char *text, const char *special, const char *apostrophe) {
    for (; *text; text++) {
        if (*text == '\'') {
            page_put(page, apostrophe);
            continue;
        }
        if (strchr(special, *text))
            page_put(page, "\\");
        page_put_n(page, text, 1);
    }
}

/* The first clause of a help text: lists of choices have little room. */
static char *brief(const char *help) {
    size_t length = strcspn(help, ";:.");
    while (help[length] && help[length + 1] && help[length + 1] != ' ')
        length += 1 + strcspn(help + length + 1, ";:.");
    return cli_copy_n(help, length);
}

static const char names_in_sh[] = "_vernis_platforms() { vernis presets 2>/dev/null | sed -n 's|^platforms/\\([^ ]*\\).*|\\1|p'; }\n"
                                  "_vernis_strengths() { vernis presets 2>/dev/null | sed -n 's|^strength/\\([^ ]*\\).*|\\1|p'; }\n"
                                  "_vernis_presets() { _vernis_strengths; _vernis_platforms; }\n"
                                  "_vernis_models() { vernis models 2>/dev/null | sed -n '/ no surrogate: /d; s|^\\([^ ]*\\) "
                                  ".*|\\1|p'; }\n\n";

/* Call `put` for each setting that the command takes. */
typedef void PutSetting(Page *page, const VernisSettingInfo *info, const CliCommand *command);

static void for_settings(Page *page, const CliCommand *command, PutSetting *put) {
    size_t count;
    const VernisSettingInfo *table = vernis_settings_table(&count);
    for (size_t i = 0; i < count; i++)
        if (!command || options_has_word(table[i].commands, command->name))
            put(page, &table[i], command);
}

/* bash: everything that is not offered falls back to file names (complete -o default). */

static void put_bash_offer(Page *page, const Offer *offer) {
    char *words = joined(&offer->words);
    page_put_f(page, "_vernis_offer '%s%s'", words, offer->names ? " " : "");
    if (offer->names)
        page_put_f(page, "\"$(_vernis_%s)\"", offer->names);
    page_put(page, " ;;\n");
    free(words);
}

static void put_bash_value(Page *page, const VernisSettingInfo *info, const CliCommand *command) {
    (void)command;
    Offer offer = offer_of_setting(info);
    if (info->type != VERNIS_FLAG) {
        page_put_f(page, "    --%s", info->name);
        if (info->letter)
            page_put_f(page, " | -%c", info->letter);
        page_put(page, ") ");
        if (offer.words.count || offer.names)
            put_bash_offer(page, &offer);
        else
            page_put(page, ";;\n");
    }
    list_free(&offer.words);
}

static void put_bash_option(Page *page, const VernisSettingInfo *info, const CliCommand *command) {
    (void)command;
    page_put_f(page, " --%s", info->name);
}

static char *bash_script(void) {
    Page page = page_open(0);
    page_put(&page, "# Completions of vernis for bash, written by `vernis help --completions bash`.\n\n");
    page_put(&page, names_in_sh);
    page_put(&page, "_vernis_offer() { COMPREPLY=($(compgen -W \"$1\" -- \"$_vernis_word\")); }\n\n"
                    "_vernis() {\n"
                    "    local _vernis_word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} "
                    "command=${COMP_WORDS[1]}\n"
                    "    COMPREPLY=()\n"
                    "    # --name=value comes as three words\n"
                    "    if [[ $_vernis_word == '=' ]]; then\n"
                    "        _vernis_word=\n"
                    "    elif [[ $before == '=' ]]; then\n"
                    "        before=${COMP_WORDS[COMP_CWORD - 2]}\n"
                    "    fi\n"
                    "    if [[ $COMP_CWORD -eq 1 ]]; then\n"
                    "        _vernis_offer 'help --help --version");
    for (const CliCommand *const *c = cli_commands; *c; c++)
        page_put_f(&page, " %s", (*c)->name);
    page_put(&page, "'\n        return\n    fi\n    case $before in\n");
    for_settings(&page, NULL, put_bash_value);
    page_put(&page, "    *)\n        case $command:$_vernis_word in\n");
    for (const CliCommand *const *c = cli_commands; *c; c++) {
        page_put_f(&page, "        %s:-*) _vernis_offer '--help", (*c)->name);
        for_settings(&page, *c, put_bash_option);
        page_put(&page, "' ;;\n");
        Offer offer = offer_of_operands(*c);
        if (offer.words.count || offer.names) {
            page_put_f(&page, "        %s:*) [[ $COMP_CWORD -ne 2 ]] || ", (*c)->name);
            put_bash_offer(&page, &offer);
        }
        list_free(&offer.words);
    }
    page_put(&page, "        help:*) _vernis_offer '");
    for (const CliCommand *const *c = cli_commands; *c; c++)
        page_put_f(&page, " %s", (*c)->name);
    page_put(&page, "' ;;\n        esac\n        ;;\n    esac\n}\ncomplete -o default -F _vernis vernis\n");
    return page.text;
}

/* zsh */

static void put_zsh_offer(Page *page, const char *message, const Offer *offer) {
    char *words = joined(&offer->words);
    page_put_f(page, ":%s:", message);
    if (offer->words.count && (offer->names || offer->files))
        page_put_f(page, " _vernis_mixed %s %s%s", offer->files ? "-f" : "-", offer->names ? offer->names : "-",
                   *words ? " " : "");
    else if (offer->names)
        page_put_f(page, " _vernis_mixed %s %s", offer->files ? "-f" : "-", offer->names);
    else if (offer->words.count)
        page_put(page, "(");
    else
        page_put(page, offer->files ? "_files" : " ");
    page_put(page, words);
    if (offer->words.count && !offer->names && !offer->files)
        page_put(page, ")");
    free(words);
}

static void put_zsh_setting(Page *page, const VernisSettingInfo *info, const CliCommand *command) {
    (void)command;
    bool flag = info->type == VERNIS_FLAG;
    Offer offer = offer_of_setting(info);
    char *text = brief(info->help);
    for (int round = info->letter ? 0 : 1; round < 2; round++) {
        page_put(page, "            '");
        if (info->type == VERNIS_LIST)
            page_put(page, "*");
        else if (info->letter)
            page_put_f(page, "(-%c --%s)", info->letter, info->name);
        if (round)
            page_put_f(page, "--%s%s[", info->name, flag ? "" : "=");
        else
            page_put_f(page, "-%c%s[", info->letter, flag ? "" : "+");
        put_quoted(page, text, "[]:", "'\\''");
        page_put(page, "]");
        if (!flag)
            put_zsh_offer(page, info->name, &offer);
        page_put(page, "' \\\n");
    }
    free(text);
    list_free(&offer.words);
}

static char *zsh_script(void) {
    Page page = page_open(0);
    page_put(&page, "#compdef vernis\n# Completions of vernis for zsh, written by `vernis help --completions zsh`.\n\n");
    page_put(&page, names_in_sh);
    page_put(&page, "# [-f for files too, or -] [a list of names, or -] words...\n"
                    "_vernis_mixed() {\n"
                    "    local files=$1 list=$2; shift 2\n"
                    "    local -a words=(\"$@\")\n"
                    "    [[ $list == - ]] || words+=(${(f)\"$(_vernis_$list)\"})\n"
                    "    compadd -a words\n"
                    "    [[ $files == - ]] || _files\n"
                    "}\n\n"
                    "_vernis() {\n"
                    "    local curcontext=$curcontext state line\n"
                    "    local -a commands=(\n        'help:tell more about a command'\n");
    for (const CliCommand *const *c = cli_commands; *c; c++) {
        page_put_f(&page, "        '%s:", (*c)->name);
        put_quoted(&page, (*c)->summary, "", "'\\''");
        page_put(&page, "'\n");
    }
    page_put(&page, "    )\n    _arguments -C '(- *)'{-h,--help}'[show help]' '(- *)--version[show the version]' \\\n"
                    "        '1:command:->command' '*::argument:->rest'\n"
                    "    case $state in\n"
                    "    command) _describe -t commands command commands ;;\n"
                    "    rest)\n        case $words[1] in\n"
                    "        help) _describe -t commands command commands ;;\n");
    for (const CliCommand *const *c = cli_commands; *c; c++) {
        Offer offer = offer_of_operands(*c);
        page_put_f(&page, "        %s)\n            _arguments -s -S \\\n", (*c)->name);
        for_settings(&page, *c, put_zsh_setting);
        page_put(&page, "            '(- *)'{-h,--help}'[show help]' \\\n");
        if (offer.words.count || offer.names) {
            page_put(&page, "            '1");
            put_zsh_offer(&page, "operand", &offer);
            page_put(&page, "' \\\n");
        }
        page_put(&page, offer.files ? "            '*:file:_files' ;;\n" : "            ;;\n");
        list_free(&offer.words);
    }
    page_put(&page, "        esac\n        ;;\n    esac\n}\n\n_vernis \"$@\"\n");
    return page.text;
}

/* fish */

static void put_fish_setting(Page *page, const VernisSettingInfo *info, const CliCommand *command) {
    Offer offer = offer_of_setting(info);
    char *text = brief(info->help), *words = joined(&offer.words);
    page_put_f(page, "complete -c vernis -n '__fish_seen_subcommand_from %s' -l %s", command->name, info->name);
    if (info->letter)
        page_put_f(page, " -s %c", info->letter);
    if (info->type != VERNIS_FLAG)
        page_put(page, offer.files ? " -r -F" : " -x");
    if (*words || offer.names)
        page_put_f(page, " -a '%s%s%s%s'", words, offer.names ? " (__vernis_" : "", offer.names ? offer.names : "",
                   offer.names ? ")" : "");
    page_put(page, " -d '");
    put_quoted(page, text, "\\", "\\'");
    page_put(page, "'\n");
    free(text);
    free(words);
    list_free(&offer.words);
}

static char *fish_script(void) {
    Page page = page_open(0);
    page_put(&page, "# Completions of vernis for fish, written by `vernis help --completions fish`.\n\n"
                    "function __vernis_platforms; vernis presets 2>/dev/null | string match -r -g '^platforms/(\\S+)'; end\n"
                    "function __vernis_strengths; vernis presets 2>/dev/null | string match -r -g '^strength/(\\S+)'; end\n"
                    "function __vernis_presets; __vernis_strengths; __vernis_platforms; end\n"
                    "function __vernis_models; vernis models 2>/dev/null | string match -v '* no surrogate: *' "
                    "| string match -r -g '^(\\S+) '; end\n\n"
                    "complete -c vernis -n __fish_use_subcommand -f\n"
                    "complete -c vernis -n __fish_use_subcommand -l version -d 'Show the version'\n"
                    "complete -c vernis -s h -l help -d 'Show help'\n"
                    "complete -c vernis -n __fish_use_subcommand -a help -d 'tell more about a command'\n");
    for (const CliCommand *const *c = cli_commands; *c; c++) {
        Offer offer = offer_of_operands(*c);
        char *words = joined(&offer.words);
        page_put_f(&page, "\ncomplete -c vernis -n __fish_use_subcommand -a %s -d '", (*c)->name);
        put_quoted(&page, (*c)->summary, "\\", "\\'");
        page_put_f(&page, "'\ncomplete -c vernis -n '__fish_seen_subcommand_from help' -f -a %s\n", (*c)->name);
        if (*words || offer.names)
            page_put_f(&page,
                       "complete -c vernis -n '__fish_seen_subcommand_from %s; and test (count (commandline -opc)) -eq 2' -a "
                       "'%s%s%s%s'\n",
                       (*c)->name, words, offer.names ? " (__vernis_" : "", offer.names ? offer.names : "",
                       offer.names ? ")" : "");
        if (!offer.files)
            page_put_f(&page, "complete -c vernis -n '__fish_seen_subcommand_from %s' -f\n", (*c)->name);
        for_settings(&page, *c, put_fish_setting);
        free(words);
        list_free(&offer.words);
    }
    return page.text;
}

char *help_completions(const char *shell) {
    return !strcmp(shell, "bash")   ? bash_script()
           : !strcmp(shell, "zsh")  ? zsh_script()
           : !strcmp(shell, "fish") ? fish_script()
                                    : NULL;
}
