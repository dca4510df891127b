/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "meta/found.h"
#include "meta/metatext.h"

#define PLUS_VOCABULARY "http://ns.useplus.org/ldf/vocab/"
#define SOURCE_VOCABULARY "http://cv.iptc.org/newscodes/digitalsourcetype/"

/* The whole vocabulary of plus:DataMining (PLUS LDF 2.0.1, IPTC Photo Metadata Standard 2023.1). */
static const char *const data_mining_uris[] = {
    PLUS_VOCABULARY "DMI-UNSPECIFIED",
    PLUS_VOCABULARY "DMI-ALLOWED",
    PLUS_VOCABULARY "DMI-PROHIBITED-AIMLTRAINING",
    PLUS_VOCABULARY "DMI-PROHIBITED-GENAIMLTRAINING",
    PLUS_VOCABULARY "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING",
    PLUS_VOCABULARY "DMI-PROHIBITED",
    PLUS_VOCABULARY "DMI-PROHIBITED-SEECONSTRAINT",
    PLUS_VOCABULARY "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR",
    PLUS_VOCABULARY "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR",
};
enum { DATA_MINING_COUNT = sizeof data_mining_uris / sizeof *data_mining_uris };

typedef struct Choice {
    const char *word, *uri;
} Choice;

static const Choice data_mining_choices[] = {
    {"all", PLUS_VOCABULARY "DMI-PROHIBITED"},
    {"ai", PLUS_VOCABULARY "DMI-PROHIBITED-AIMLTRAINING"},
    {"genai", PLUS_VOCABULARY "DMI-PROHIBITED-GENAIMLTRAINING"},
    {"allow", PLUS_VOCABULARY "DMI-ALLOWED"},
    {"none", NULL},
    {NULL, PLUS_VOCABULARY "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING"},
};
static const Choice source_type_choices[] = {
    {"human", SOURCE_VOCABULARY "digitalCreation"},
    {"photo", SOURCE_VOCABULARY "digitalCapture"},
    {"scan", SOURCE_VOCABULARY "print"},
    {"none", NULL},
    {NULL, NULL},
};

/* The row of a word; a NULL word has the last row. NULL: none. */
static const Choice *find_choice(const Choice *row, const char *word) {
    while (row->word && (!word || strcmp(row->word, word) != 0))
        row++;
    return !word || row->word ? row : NULL;
}

static VernisStatus copy_uri(char **out, const char *uri, VnError *err) {
    *out = vn_strdup(uri);
    return *out || !uri ? VERNIS_OK : vn_no_memory(err, "rights", strlen(uri) + 1, "a URI");
}

const char *vn_data_mining_known(const char *value) {
    static const char *const prefixes[] = {PLUS_VOCABULARY, "https://ns.useplus.org/ldf/vocab/"};
    if (!value)
        return NULL;
    for (int i = 0; i < 2; i++) {
        size_t length = strlen(prefixes[i]);
        if (strncasecmp(value, prefixes[i], length) == 0) {
            value += length;
            break;
        }
    }
    for (int i = 0; i < DATA_MINING_COUNT; i++)
        if (strcasecmp(value, data_mining_uris[i] + strlen(PLUS_VOCABULARY)) == 0)
            return data_mining_uris[i];
    return NULL;
}

bool vn_data_mining_reserves(const char *value) {
    const char *known = vn_data_mining_known(value);
    return known && strncmp(known, PLUS_VOCABULARY "DMI-PROHIBITED", strlen(PLUS_VOCABULARY "DMI-PROHIBITED")) == 0;
}

bool vn_source_type_is_ai(const char *value) { return vn_text_has(value, "algorithmicMedia"); }

VernisStatus vn_data_mining_uri(char **uri, const char *choice, VnError *err) {
    *uri = NULL;
    const Choice *row = find_choice(data_mining_choices, choice);
    if (row)
        return copy_uri(uri, row->uri, err);
    const char *known = vn_data_mining_known(choice);
    if (known)
        return copy_uri(uri, known, err);
    char list[700] = "";
    for (int i = 0; i < DATA_MINING_COUNT; i++)
        vn_text_list(list, sizeof list, ", ", data_mining_uris[i] + strlen(PLUS_VOCABULARY));
    return vn_fail(
        err, VERNIS_E_ARGUMENT, "rights",
        "data-mining \"%.80s\" is not known: say all, ai, genai, allow or none, or one of the PLUS values %s", choice,
        list);
}

VernisStatus vn_source_type_uri(char **uri, const char *choice, VnError *err) {
    *uri = NULL;
    const Choice *row = find_choice(source_type_choices, choice);
    if (row)
        return copy_uri(uri, row->uri, err);
    return vn_fail(err, VERNIS_E_ARGUMENT, "rights",
                   "source-type \"%.80s\" is not known: say human, photo, scan or none", choice);
}

const VnRightsField vn_rights_fields[VN_RIGHTS_FIELDS] = {
    {"creator", offsetof(VnRights, creator)},
    {"copyright", offsetof(VnRights, copyright)},
    {"credit", offsetof(VnRights, credit)},
    {"license-url", offsetof(VnRights, license_url)},
    {"licensor-name", offsetof(VnRights, licensor_name)},
    {"licensor-email", offsetof(VnRights, licensor_email)},
    {"licensor-url", offsetof(VnRights, licensor_url)},
    {"contact-email", offsetof(VnRights, contact_email)},
    {"contact-url", offsetof(VnRights, contact_url)},
    {"usage-terms", offsetof(VnRights, usage_terms)},
    {"constraints", offsetof(VnRights, constraints)},
    {"data-mining", offsetof(VnRights, data_mining)},
    {"source-type", offsetof(VnRights, source_type)},
    {"description", offsetof(VnRights, description)},
    {"ai-system", offsetof(VnRights, ai_system)},
    {"latitude", offsetof(VnRights, latitude)},
    {"longitude", offsetof(VnRights, longitude)},
    {"body-serial", offsetof(VnRights, body_serial)},
    {"lens-serial", offsetof(VnRights, lens_serial)},
};

void vn_rights_free(VnRights *rights) {
    for (int i = 0; i < VN_RIGHTS_FIELDS; i++)
        vn_free(*vn_rights_at(rights, vn_rights_fields[i].offset));
    *rights = (VnRights){0};
}

VernisStatus vn_rights_clean(VnRights *out, const VnRights *rights, VnError *err) {
    VnRights from = *rights;
    *out = (VnRights){0};
    for (int i = 0; i < VN_RIGHTS_FIELDS; i++) {
        const VnRightsField *field = &vn_rights_fields[i];
        VernisStatus status =
            vn_text_own(vn_rights_at(out, field->offset), *vn_rights_at(&from, field->offset), field->name, err);
        if (status != VERNIS_OK) {
            vn_rights_free(out);
            return status;
        }
    }
    return VERNIS_OK;
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n'; }

int vn_creator_count(const char *text) {
    enum { CREATORS_MOST = 32 }; /* more stay one text, so that mark-up cannot outgrow the limit of a file */
    int count = 1;
    for (const char *at = text, *next; (next = strstr(at, "; ")) != NULL; at = next + 2) {
        if (next == at || is_space(next[-1]) || is_space(next[2]) || !next[2] || ++count > CREATORS_MOST)
            return 1;
    }
    return count;
}

size_t vn_creator_length(const char *text, int count) {
    const char *end = count > 1 ? strstr(text, "; ") : NULL;
    return end ? (size_t)(end - text) : strlen(text);
}

VernisStatus vn_rights_settle(VnRights *rights, char *warning, VnError *err) {
    static const struct {
        const char *value, *missing;
    } references[] = {
        {PLUS_VOCABULARY "DMI-PROHIBITED-SEECONSTRAINT", "constraints: say --constraints TEXT"},
        {PLUS_VOCABULARY "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR",
         "an embedded rights expression, which Vernis does not write"},
        {PLUS_VOCABULARY "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR",
         "a linked rights expression, which Vernis does not write"},
    };
    *warning = '\0';
    for (int i = 0; i < 3 && rights->data_mining; i++) {
        if (strcmp(rights->data_mining, references[i].value) != 0)
            continue;
        if (i == 0 && !rights->constraints && rights->usage_terms) {
            rights->constraints = vn_strdup(rights->usage_terms);
            if (!rights->constraints)
                return vn_no_memory(err, "rights", strlen(rights->usage_terms) + 1, "constraints");
        }
        if (i != 0 || !rights->constraints)
            snprintf(warning, 200, "%s refers to %s", strrchr(references[i].value, '/') + 1, references[i].missing);
    }
    return VERNIS_OK;
}

/* Bytes that a text takes in XML at most ("&amp;"). */
static size_t xml_size(const char *text) {
    size_t size = 0;
    for (; text && *text; text++)
        size += *text == '&' || *text == '<' || *text == '>' ? 5 : 1;
    return size;
}

static bool may_keep(size_t offset, const char *value, unsigned keep) {
    switch (offset) {
    case offsetof(VnRights, data_mining):
        return keep & VN_KEEP_RIGHTS && vn_data_mining_known(value);
    case offsetof(VnRights, source_type):
        return (keep & VN_KEEP_ALL) == VN_KEEP_ALL || vn_source_type_is_ai(value);
    case offsetof(VnRights, ai_system):
        return true;
    case offsetof(VnRights, description):
        return (keep & VN_KEEP_ALL) == VN_KEEP_ALL;
    case offsetof(VnRights, latitude):
    case offsetof(VnRights, longitude):
        return keep & VN_KEEP_LOCATION;
    case offsetof(VnRights, body_serial):
    case offsetof(VnRights, lens_serial):
        return keep & VN_KEEP_SERIALS;
    default:
        return keep & VN_KEEP_RIGHTS;
    }
}

/* Prompts and settings are not copied: that there were some stays, where no source type says as much. */
static VernisStatus take_generator(VnFound *found, const VnBag *bag, VnError *err) {
    const char *name = vn_source_type_is_ai(found->rights.source_type) ? NULL : vn_found_generator(found, bag);
    return name ? vn_found_put(&found->rights.ai_system, VN_PUT_FIRST, name, strlen(name), err) : VERNIS_OK;
}

/* A manifest is not copied: what it says about AI stays as the file's source type. */
static VernisStatus take_ai(VnFound *found, const VnBag *bag, VnError *err) {
    char word[64], uri[sizeof SOURCE_VOCABULARY + sizeof word];
    vn_c2pa_ai_source_type(word, &bag->c2pa);
    if (!*word || vn_source_type_is_ai(found->rights.source_type))
        return take_generator(found, bag, err);
    snprintf(uri, sizeof uri, SOURCE_VOCABULARY "%s", word);
    return vn_found_put(&found->rights.source_type, VN_PUT_REPLACE, uri, strlen(uri), err);
}

VernisStatus vn_rights_from_bag(VnRights *rights, const VnBag *bag, unsigned keep, VnError *err) {
    /* So that no foreign text, however long, makes the packet one that JPEG cannot hold (65 000 bytes).
     * The constraints may become a copy of the usage terms, so these count twice. */
    enum { XML_MOST = 56000 };
    VnFound found = {0};
    VernisStatus status = vn_found_read(&found, bag, err);
    if (status == VERNIS_OK)
        status = take_ai(&found, bag, err);
    size_t total = xml_size(rights->usage_terms);
    for (int i = 0; i < VN_RIGHTS_FIELDS; i++)
        total += xml_size(*vn_rights_at(rights, vn_rights_fields[i].offset));
    for (int i = 0; status == VERNIS_OK && i < VN_RIGHTS_FIELDS; i++) {
        size_t offset = vn_rights_fields[i].offset;
        char **to = vn_rights_at(rights, offset), **from = vn_rights_at(&found.rights, offset);
        size_t size = xml_size(*from) * (offset == offsetof(VnRights, usage_terms) ? 2 : 1);
        if (*to || !*from || !may_keep(offset, *from, keep) || total + size > XML_MOST)
            continue;
        total += size;
        *to = *from;
        *from = NULL;
    }
    vn_found_free(&found);
    return status;
}
