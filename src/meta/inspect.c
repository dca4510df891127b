/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "meta/c2pa.h"
#include "meta/found.h"
#include "meta/metatext.h"

/* Names that generators leave in Software, CreatorTool and Credit. Only names that mean nothing else. */
static const char *const generators[] = {
    "Midjourney", "DALL-E",      "DALL·E",  "Stable Diffusion", "StableDiffusion", "Firefly",     "NovelAI",
    "ComfyUI",    "InvokeAI",    "Fooocus", "Automatic1111",    "DreamStudio",     "Draw Things", "Craiyon",
    "Ideogram",   "Leonardo.Ai", "OpenAI",  "ChatGPT",          "Google AI",
};
enum { GENERATORS = sizeof generators / sizeof *generators };

/* PNG text keywords that only a generator's prompt and settings are stored under. */
static const struct {
    const char *key, *writer;
} generator_keys[] = {
    {"parameters", "Stable Diffusion web UI"},
    {"prompt", "ComfyUI"},
    {"workflow", "ComfyUI"},
    {"invokeai_metadata", "InvokeAI"},
    {"invokeai_graph", "InvokeAI"},
    {"sd-metadata", "InvokeAI"},
    {"Dream", "InvokeAI"},
    {"fooocus_scheme", "Fooocus"},
};
enum { GENERATOR_KEYS = sizeof generator_keys / sizeof *generator_keys };

static const char *find_generator(const char *text) {
    for (int i = 0; i < GENERATORS; i++)
        if (vn_text_has(text, generators[i]))
            return generators[i];
    return NULL;
}

/* All signs so far, and the first generator that one of them names. */
typedef struct Signs {
    char text[800]; /* VnInspection's ai_label */
    const char *generator;
} Signs;

/* "WHAT "VALUE": WHY" to the list. @param generator static, or NULL */
static void add_sign(Signs *signs, const char *what, const char *value, const char *why, const char *generator) {
    char shown[96] = "", sign[300];
    vn_text_list(shown, sizeof shown, "", value);
    snprintf(sign, sizeof sign, "%s \"%s\": %s", what, shown, why);
    vn_text_list(signs->text, sizeof signs->text, "; ", sign);
    if (!signs->generator)
        signs->generator = generator;
}

static void add_generator(Signs *signs, const char *what, const char *value) {
    const char *name = find_generator(value);
    char why[64];
    if (!name)
        return;
    snprintf(why, sizeof why, "names the generator %s", name);
    add_sign(signs, what, value, why, name);
}

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

void vn_c2pa_ai_source_type(char value[64], const VnBytes *c2pa) {
    static const char word[] = "algorithmicMedia";
    const char *all = (const char *)c2pa->data, *at = vn_text_find(all, c2pa->size, word);
    *value = '\0';
    if (!at)
        return;
    const char *end = at + strlen(word);
    while (at > all && end - at < 63 && is_letter(at[-1]))
        at--;
    memcpy(value, at, (size_t)(end - at));
    value[end - at] = '\0';
}

static void judge_c2pa(Signs *signs, const VnBytes *c2pa) {
    char value[64];
    vn_c2pa_ai_source_type(value, c2pa);
    if (*value)
        add_sign(signs, "C2PA manifest with", value, "a source type that platforms label as AI", NULL);
}

/* The settings line that Stable Diffusion's web interfaces put after the prompt. */
static void judge_settings(Signs *signs, const char *what, const char *text) {
    if (vn_text_has(text, "Steps: ") && (vn_text_has(text, "Sampler: ") || vn_text_has(text, "CFG scale: ")))
        add_sign(signs, what, text, "a prompt and settings as Stable Diffusion web UI writes them",
                 "Stable Diffusion web UI");
}

static void judge_texts(Signs *signs, const VnBag *bag) {
    for (size_t i = 0; i < bag->text_count; i++) {
        const char *key = bag->texts[i].key, *value = bag->texts[i].value;
        if (!key || !value)
            continue;
        for (int j = 0; j < GENERATOR_KEYS; j++) {
            char why[64];
            if (strcasecmp(key, generator_keys[j].key) != 0)
                continue;
            snprintf(why, sizeof why, "where %s keeps its prompt", generator_keys[j].writer);
            add_sign(signs, "PNG text", key, why, generator_keys[j].writer);
        }
        if (strcasecmp(key, "Software") == 0 || strcasecmp(key, "Source") == 0)
            add_generator(signs, "PNG text", value);
        if (strcasecmp(key, "Comment") == 0)
            judge_settings(signs, "comment", value);
        if (strcasecmp(key, "Description") == 0 && strstr(value, "Job ID: "))
            add_sign(signs, "PNG text", key, "a prompt and job number as Midjourney writes them", "Midjourney");
    }
}

static Signs judge_ai(const VnFound *found, const VnBag *bag) {
    const VnRights *rights = &found->rights;
    Signs signs = {0};
    if (vn_source_type_is_ai(rights->source_type))
        add_sign(&signs, "DigitalSourceType", rights->source_type,
                 "contains algorithmicMedia, which Meta and others label as AI", NULL);
    if (rights->ai_system)
        add_sign(&signs, "AISystemUsed", rights->ai_system, "the IPTC field for a generator", NULL);
    if (found->ai_prompt)
        add_sign(&signs, "AIPromptInformation", found->ai_prompt, "the IPTC field for a prompt", NULL);
    add_generator(&signs, "Software", found->software);
    add_generator(&signs, "Credit", rights->credit);
    judge_settings(&signs, "EXIF UserComment", found->comment);
    judge_settings(&signs, "description", rights->description);
    judge_c2pa(&signs, &bag->c2pa);
    judge_texts(&signs, bag);
    return signs;
}

const char *vn_found_generator(const VnFound *found, const VnBag *bag) {
    const Signs signs = judge_ai(found, bag);
    return signs.generator ? signs.generator : *signs.text ? "unnamed" : NULL;
}

VernisStatus vn_inspect(VnInspection *out, const VnBag *bag, VnError *err) {
    VnFound found = {0};
    *out = (VnInspection){0};
    VernisStatus status = vn_found_read(&found, bag, err);
    if (status != VERNIS_OK) {
        vn_found_free(&found);
        return status;
    }
    const Signs signs = judge_ai(&found, bag);
    memcpy(out->ai_label, signs.text, sizeof out->ai_label);
    out->rights = found.rights;
    found.rights = (VnRights){0};
    out->reserved = vn_data_mining_reserves(out->rights.data_mining) || (found.tdm && strcmp(found.tdm, "1") == 0);
    out->c2pa = bag->c2pa.size > 0;
    out->leaks = bag->leaks | found.leaks;
    if (vn_c2pa_leaks(&bag->c2pa))
        out->leaks |= VN_LEAK_C2PA;
    if (found.software)
        vn_text_list(out->software, sizeof out->software, "", found.software);
    for (size_t i = 0; i < bag->text_count; i++) {
        const VnTextItem *text = &bag->texts[i];
        if (text->key && text->value && strncmp(text->key, "Raw profile type", 16) == 0)
            out->leaks |= VN_LEAK_RAW_PROFILE;
        if (text->key && text->value && strcasecmp(text->key, "Software") == 0 && !*out->software)
            vn_text_list(out->software, sizeof out->software, "", text->value);
    }
    out->marked = strcmp(out->software, VN_MARK) == 0;
    vn_text_list(out->warning, sizeof out->warning, "", found.note);
    vn_found_free(&found);
    return VERNIS_OK;
}

void vn_inspection_free(VnInspection *inspection) {
    vn_rights_free(&inspection->rights);
    *inspection = (VnInspection){0};
}

const char *vn_leak_name(unsigned bit) {
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {
        {VN_LEAK_EXIF_THUMBNAIL, "EXIF thumbnail"},
        {VN_LEAK_MAKER_NOTE, "camera maker's note (may hold a preview and serial numbers)"},
        {VN_LEAK_JFXX, "JFIF extension thumbnail"},
        {VN_LEAK_MPF, "second picture (multi-picture format)"},
        {VN_LEAK_TRAILING_BYTES, "bytes after the end of the picture"},
        {VN_LEAK_PHOTOSHOP_THUMBNAIL, "Photoshop thumbnail"},
        {VN_LEAK_XMP_THUMBNAIL, "picture inside XMP"},
        {VN_LEAK_C2PA, "C2PA thumbnail"},
        {VN_LEAK_RAW_PROFILE, "metadata hidden in PNG text (raw profile)"},
        {VN_LEAK_UNKNOWN_CHUNK, "unknown private data"},
        {VN_LEAK_APNG_FRAMES, "animation frames"},
        {VN_LEAK_FLASHPIX, "FlashPix data"},
        {VN_LEAK_GPS, "GPS position"},
        {VN_LEAK_SERIAL, "owner's name or serial number of a camera or lens"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].bit == bit)
            return names[i].name;
    return "unknown leak";
}
