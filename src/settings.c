/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of settings. Help text, parsing and ranges come from here; a new option is a new row. */
#include <vernis/settings.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FLAG(name, letter, commands, help) \
    { name, letter, VERNIS_FLAG, 0, 1, NULL, NULL, commands, NULL, help }
#define NUMBER(name, letter, type, low, high, initial, commands, value, help) \
    { name, letter, type, low, high, NULL, initial, commands, value, help }
#define CHOICE(name, choices, initial, commands, help) \
    { name, 0, VERNIS_CHOICE, 0, 0, choices, initial, commands, choices, help }
#define TEXT(name, letter, type, initial, commands, value, help) \
    { name, letter, type, 0, 0, NULL, initial, commands, value, help }

static const VernisSettingInfo table[] = {
    TEXT("output", 'o', VERNIS_TEXT, NULL, "protect", "PATH",
         "Where to write: a file for one input, a folder for several; default NAME.protected.EXT beside the input."),
    TEXT("to", 0, VERNIS_TEXT, NULL, "watch", "DIR", "Where the protected pictures go; made when it is not there."),
    FLAG("recursive", 'r', "protect watch inspect",
         "Go into folders below the given ones; the tree is mirrored in the output folder."),
    TEXT("files-from", 0, VERNIS_TEXT, NULL, "protect inspect", "FILE",
         "Read more input paths from FILE, one a line; - is standard input."),
    TEXT("exclude", 0, VERNIS_LIST, NULL, "protect watch inspect", "GLOB",
         "Leave out files whose name or path matches GLOB; may be repeated."),
    FLAG("overwrite", 0, "protect watch verify ledger", "Replace an existing output or report (never the input)."),
    FLAG("skip-existing", 0, "protect watch", "Pass over inputs whose output exists."),
    FLAG("again", 0, "protect watch",
         "Protect also what carries the mark of an earlier protection; the eye pays for both."),
    FLAG("in-place", 0, "protect",
         "Keep the original as NAME_original.EXT and put the protected picture in its place."),
    FLAG("dry-run", 'n', "protect", "Say what would be done, with an estimate of the time, and write nothing."),
    TEXT("shard", 0, VERNIS_TEXT, NULL, "protect", "I/N",
         "Do the I-th of N shares of the pictures, the same ones every time, so that N machines can do them all."),
    FLAG("resume", 0, "protect", "Skip what the ledger says is done with the same input, settings and version."),
    FLAG("failed", 0, "ledger", "Only what failed."),
    FLAG("print0", '0', "ledger", "list: only the inputs' paths, each ended by a zero byte, for --files-from."),
    FLAG("csv", 0, "ledger", "export: as a table."),
    TEXT(
        "ledger", 0, VERNIS_TEXT, NULL, "protect watch ledger", "FILE|none",
        "Remember in this file what was protected, from what and how; default: ledger.sqlite in ~/.local/share/vernis."),

    TEXT("for", 0, VERNIS_TEXT, NULL, "protect watch", "PLATFORM",
         "Make the picture for a platform: no larger than it serves, in the file it serves, protected for what it does "
         "to it; instagram, x, bluesky and more: `vernis presets`."),
    TEXT(
        "ingest", 0, VERNIS_TEXT, NULL, "verify ledger", "PLATFORM",
        "What a platform and a trainer do to the picture before the encoder sees it: a platform of `vernis presets`, or "
        "wN qN sN for width, JPEG quality and training size, or both; default: w1080 q75 s512."),
    TEXT(
        "strength", 0, VERNIS_TEXT, "standard", "protect watch", "STRENGTH",
        "How visible the protection may be: gentle (1.2), standard (2.0), strong (3.2; effect before looks) or a preset of your own."),
    NUMBER(
        "visibility", 0, VERNIS_REAL, 0.2, 20, NULL, "protect watch", "X",
        "Visibility target (predicted butteraugli 3-norm, change on smooth ground counting more) instead of the strength's."),
    TEXT("surrogate", 0, VERNIS_LIST, NULL, "protect watch verify probe bench selftest ledger", "MODEL|FILE",
         "Encoder to work against: a built-in or installed name or a .safetensors file; may be repeated, the "
         "first then leads; default: the built-in ones."),
    NUMBER(
        "steps", 0, VERNIS_INT, 1, 10000, NULL, "protect watch", "N",
        "Optimisation steps; default: what the strength preset says, and eight times that with a surrogate that is not built in."),
    NUMBER("seed", 0, VERNIS_INT, 0, 9007199254740991.0, "1", "protect watch", "N",
           "Seed of all randomness: the same seed gives the same picture."),
    CHOICE(
        "objective", "direction|untargeted", "direction", "protect watch",
        "Move along the artist's own fixed pattern (consistent over a portfolio) or just away from the clean latent."),
    TEXT("artist-key", 0, VERNIS_TEXT, NULL, "protect watch", "FILE",
         "Key of the artist's own pattern, made on first use; default: artist.key in the configuration folder."),
    NUMBER("time-limit", 0, VERNIS_REAL, 0.1, 86400, NULL, "protect watch", "SECONDS",
           "Stop optimising a picture after this long and keep the best so far."),
    NUMBER("threads", 0, VERNIS_INT, 0, 256, "0", "protect watch verify probe bench selftest ledger", "N",
           "Threads; 0: one per processor."),
    NUMBER("jobs", 0, VERNIS_INT, 0, 64, "0", "protect", "N",
           "Pictures worked on at once; 0: one per processor, as far as memory allows."),
    NUMBER("max-memory", 0, VERNIS_SIZE, 16777216, 1e15, NULL, "protect watch verify", "SIZE",
           "Refuse a picture whose work would take more memory than this (300M, 2G)."),
    CHOICE("cpu", "scalar|avx2|avx512|amx", NULL, "protect watch verify probe bench selftest ledger",
           "Use no instruction set stronger than this."),
    FLAG("exact", 0, "protect watch",
         "Give the same file from every instruction set and number of threads: sums in one fixed order (slower)."),

    NUMBER("quality", 0, VERNIS_INT, 1, 100, "95", "protect watch", "1..100",
           "Quality of JPEG, and of WebP, which is lossless unless this is given."),
    CHOICE("format", "png|jpeg|webp|same", "same", "protect watch",
           "Format of the output; same: the input's, or the one --output's ending names."),
    FLAG("keep-profile", 0, "protect watch",
         "Keep the picture's own colour space and profile instead of converting to sRGB."),

    TEXT("creator", 0, VERNIS_TEXT, NULL, "protect watch", "NAME", "Who made it."),
    TEXT("copyright", 0, VERNIS_TEXT, NULL, "protect watch", "TEXT", "Copyright notice."),
    TEXT("credit", 0, VERNIS_TEXT, NULL, "protect watch", "TEXT", "Credit line."),
    TEXT("license-url", 0, VERNIS_TEXT, NULL, "protect watch", "URL", "Page that states the licence."),
    TEXT("licensor-name", 0, VERNIS_TEXT, NULL, "protect watch", "NAME", "Who gives licences."),
    TEXT("licensor-email", 0, VERNIS_TEXT, NULL, "protect watch", "ADDRESS", "Mail address for licences."),
    TEXT("licensor-url", 0, VERNIS_TEXT, NULL, "protect watch", "URL", "Page where a licence can be had."),
    TEXT("contact-email", 0, VERNIS_TEXT, NULL, "protect watch", "ADDRESS", "Mail address of the artist."),
    TEXT("contact-url", 0, VERNIS_TEXT, NULL, "protect watch", "URL", "Page where the artist can be reached."),
    TEXT("usage-terms", 0, VERNIS_TEXT, NULL, "protect watch", "TEXT", "Terms of use in words."),
    TEXT("constraints", 0, VERNIS_TEXT, NULL, "protect watch", "TEXT",
         "What DMI-PROHIBITED-SEECONSTRAINT refers to, such as: no replicas, no imitation of style."),
    TEXT("data-mining", 0, VERNIS_TEXT, NULL, "protect watch", "all|ai|genai|allow|none|URI",
         "What is reserved: all mining, AI training, generative AI training, nothing (allow), not stated (none) or a "
         "plus:DataMining value; default: all except search engine indexing."),
    CHOICE(
        "source-type", "human|photo|scan|none", "none", "protect watch",
        "State how the picture was made; written only when asked for, and refused where the file itself declares AI."),
    CHOICE("keep", "all|rights|none", "rights", "protect watch",
           "Which metadata of the input survives; what says that it is AI work always does."),
    FLAG("keep-location", 0, "protect watch",
         "Keep latitude and longitude of where the picture was taken, which go whatever --keep says."),
    FLAG("keep-serials", 0, "protect watch",
         "Keep the serial numbers of camera and lens (in XMP), which go whatever --keep says."),

    TEXT(
        "profile", 0, VERNIS_TEXT, NULL, "protect watch", "FILE|none",
        "Defaults for these, as name = value lines; default: profile in the configuration folder, where there is one."),

    CHOICE("c2pa", "auto|off", "auto", "protect watch",
           "Sign with content credentials; auto: when --cert or an identity of your own (`vernis identity`) is there."),
    TEXT("cert", 0, VERNIS_TEXT, NULL, "protect watch", "FILE",
         "Sign with this PEM certificate, and those that lead to its root behind it."),
    TEXT("key", 0, VERNIS_TEXT, NULL, "protect watch", "FILE", "The private key of --cert, PEM, not encrypted."),
    TEXT("name", 0, VERNIS_TEXT, "Anonymous artist", "identity", "NAME", "Who signs, as others will read it."),

    TEXT("latent", 0, VERNIS_TEXT, NULL, "probe", "FILE.npy", "Write the latent here."),
    TEXT("gradient", 0, VERNIS_TEXT, NULL, "probe", "FILE.npy",
         "Write the gradient of half the latent's squared norm here."),
    NUMBER("size", 0, VERNIS_INT, 64, 8192, "512", "bench", "PIXELS", "Side of the square picture to time."),

    {"platform", 0, VERNIS_CHOICE, 0, 0,
     "instagram|facebook|x|tiktok|bluesky|mastodon|tumblr|artstation|deviantart|pixiv|behance|pinterest|reddit|discord|"
     "linkedin|cara",
     NULL, "inspect", "NAME",
     "Also say what this platform strips from the picture it serves, as far as it is known: instagram, facebook, x, tiktok, "
     "bluesky, mastodon, tumblr, artstation, deviantart, pixiv, behance, pinterest, reddit, discord, linkedin or cara."},
    FLAG("remove", 0, "optout", "Take the opt-out out again; every other byte stays as it was."),

    TEXT("report", 0, VERNIS_TEXT, NULL, "protect verify", "FILE.html",
         "Write a page to look at: before, after, the difference, where it shows, the figures in plain words. It holds "
         "the unprotected pictures: keep it to yourself."),
    FLAG("json", 0, "protect watch verify inspect identity optout models presets selftest bench ledger",
         "One line of JSON for each file on standard output."),
    CHOICE("progress", "auto|plain|json|none", "auto", "protect watch", "How progress is shown on standard error."),
    FLAG("quiet", 'q', "protect watch verify inspect identity optout models presets probe selftest bench ledger",
         "Only errors on standard error."),
    FLAG("verbose", 'v', "protect watch verify inspect identity optout models presets probe selftest bench ledger",
         "Say more."),
};
enum { ROWS = sizeof table / sizeof table[0] };

typedef struct Value {
    char *text;   /* heap, NULL when unset; for a LIST the last item */
    char **items; /* LIST only */
    size_t count;
    double number;
} Value;

struct VernisSettings {
    Value values[ROWS];
};

const VernisSettingInfo *vernis_settings_table(size_t *count) {
    *count = ROWS;
    return table;
}

static int row_of(const char *name) {
    for (int i = 0; i < ROWS; i++)
        if (!strcmp(table[i].name, name))
            return i;
    return -1;
}

VernisStatus vernis_settings_open(VernisSettings **out, VernisError *err) {
    *out = vn_calloc(1, sizeof **out);
    return *out ? VERNIS_OK : vn_no_memory(err, "settings", sizeof **out, "settings");
}

void vernis_settings_close(VernisSettings **handle) {
    VernisSettings *settings = *handle;
    if (!settings)
        return;
    for (int i = 0; i < ROWS; i++) {
        for (size_t k = 0; k < settings->values[i].count; k++)
            vn_free(settings->values[i].items[k]);
        vn_free(settings->values[i].items);
        vn_free(settings->values[i].text);
    }
    vn_free(settings);
    *handle = NULL;
}

/* "300", "64K", "2M", "1G" in bytes. */
static bool parse_size(const char *text, double *bytes) {
    char *end;
    double value = strtod(text, &end);
    static const char units[] = "KMG";
    const char *unit = *end ? strchr(units, *end & ~0x20) : NULL;
    if (end == text || !isfinite(value) || value < 0 || (*end && (!unit || end[1])))
        return false;
    *bytes = unit ? ldexp(value, 10 * (int)(unit - units + 1)) : value;
    return true;
}

static bool is_choice(const char *choices, const char *value) {
    size_t n = strlen(value);
    for (const char *p = choices; n && !strchr(value, '|') && p; p = strchr(p, '|'), p = p ? p + 1 : NULL)
        if (!strncmp(p, value, n) && (p[n] == '|' || !p[n]))
            return true;
    return false;
}

/* The number behind a text; false when the text is not of the row's type. Range is the caller's matter. */
static bool parse_number(const VernisSettingInfo *info, const char *text, double *number) {
    char *end;
    switch (info->type) {
    case VERNIS_FLAG:
        *number = !strcmp(text, "yes");
        return !strcmp(text, "yes") || !strcmp(text, "no");
    case VERNIS_SIZE:
        return parse_size(text, number);
    case VERNIS_INT:
    case VERNIS_REAL:
        *number = strtod(text, &end);
        return end != text && !*end && isfinite(*number) && (info->type == VERNIS_REAL || *number == floor(*number));
    case VERNIS_CHOICE:
    case VERNIS_TEXT:
    case VERNIS_LIST:
        *number = 0;
        return true;
    }
    return false;
}

static VernisStatus append_item(Value *value, char *text, VernisError *err) {
    size_t size = (value->count + 1) * sizeof *value->items;
    char **items = vn_realloc(value->items, size);
    char *item = vn_strdup(text);
    if (items)
        value->items = items;
    if (!items || !item) {
        vn_free(item);
        return vn_no_memory(err, "settings", size, "a list of settings");
    }
    value->items[value->count++] = item;
    return VERNIS_OK;
}

VernisStatus vernis_settings_set(VernisSettings *settings, const char *name, const char *text, VernisError *err) {
    int row = row_of(name);
    if (row < 0)
        return vn_fail(err, VERNIS_E_ARGUMENT, "settings", "there is no setting --%s", name);
    const VernisSettingInfo *info = &table[row];
    double number;
    if (!parse_number(info, text, &number))
        return vn_fail(err, VERNIS_E_ARGUMENT, "settings", "--%s %s: expected %s", name, text,
                       info->type == VERNIS_FLAG   ? "yes or no"
                       : info->type == VERNIS_INT  ? "a whole number"
                       : info->type == VERNIS_SIZE ? "a size such as 300M or 2G"
                                                   : "a number");
    if ((info->type == VERNIS_INT || info->type == VERNIS_REAL || info->type == VERNIS_SIZE) &&
        !(number >= info->low && number <= info->high))
        return vn_fail(err, VERNIS_E_ARGUMENT, "settings", "--%s %s: must be between %.16g and %.16g", name, text,
                       info->low, info->high);
    if (info->type == VERNIS_CHOICE && !is_choice(info->choices, text))
        return vn_fail(err, VERNIS_E_ARGUMENT, "settings", "--%s %s: must be one of %s", name, text, info->choices);
    Value *value = &settings->values[row];
    char *copy = vn_strdup(text);
    if (!copy)
        return vn_no_memory(err, "settings", strlen(text) + 1, name);
    if (info->type == VERNIS_LIST && append_item(value, copy, err)) {
        vn_free(copy);
        return VERNIS_E_MEMORY;
    }
    vn_free(value->text);
    value->text = copy;
    value->number = number;
    return VERNIS_OK;
}

const char *vernis_settings_text(const VernisSettings *settings, const char *name) {
    int row = row_of(name);
    if (row < 0)
        return NULL;
    return settings->values[row].text ? settings->values[row].text : table[row].initial;
}

double vernis_settings_number(const VernisSettings *settings, const char *name) {
    int row = row_of(name);
    double number = 0;
    if (row >= 0 && settings->values[row].text)
        number = settings->values[row].number;
    else if (row >= 0 && table[row].initial)
        parse_number(&table[row], table[row].initial, &number);
    return number;
}

int vernis_settings_is_set(const VernisSettings *settings, const char *name) {
    int row = row_of(name);
    return row >= 0 && settings->values[row].text != NULL;
}

size_t vernis_settings_count(const VernisSettings *settings, const char *name) {
    int row = row_of(name);
    return row < 0 ? 0 : settings->values[row].count;
}

const char *vernis_settings_item(const VernisSettings *settings, const char *name, size_t index) {
    int row = row_of(name);
    return row < 0 || index >= settings->values[row].count ? NULL : settings->values[row].items[index];
}
