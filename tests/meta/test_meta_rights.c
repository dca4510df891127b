/* SPDX-License-Identifier: Apache-2.0 */
/* Choices of the command line, merging by policy, and text as it comes in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "meta/metatext.h"
#include "meta_samples.h"

#define VOCABULARY "http://ns.useplus.org/ldf/vocab/"
#define SOURCES "http://cv.iptc.org/newscodes/digitalsourcetype/"

/* The nine values as PLUS and IPTC publish them (facts/provenance.md 3.2). */
static const char *const nine[] = {
    "DMI-UNSPECIFIED",
    "DMI-ALLOWED",
    "DMI-PROHIBITED-AIMLTRAINING",
    "DMI-PROHIBITED-GENAIMLTRAINING",
    "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING",
    "DMI-PROHIBITED",
    "DMI-PROHIBITED-SEECONSTRAINT",
    "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR",
    "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR",
};

typedef VernisStatus Chooser(char **uri, const char *choice, VnError *err);

static void expect_choice(Chooser *chooser, const char *choice, const char *wanted) {
    VnError err = {0};
    char *uri = (char *)1;
    assert_int_equal(chooser(&uri, choice, &err), VERNIS_OK);
    if (wanted)
        assert_string_equal(uri, wanted);
    else
        assert_null(uri);
    vn_free(uri);
}

static void expect_refused(Chooser *chooser, const char *choice, const char *word) {
    VnError err = {0};
    char *uri = (char *)1;
    assert_int_equal(chooser(&uri, choice, &err), VERNIS_E_ARGUMENT);
    assert_null(uri);
    assert_non_null(strstr(err.text, word));
}

static void data_mining_choices(void **state) {
    (void)state;
    expect_choice(vn_data_mining_uri, NULL, VOCABULARY "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING");
    expect_choice(vn_data_mining_uri, "all", VOCABULARY "DMI-PROHIBITED");
    expect_choice(vn_data_mining_uri, "ai", VOCABULARY "DMI-PROHIBITED-AIMLTRAINING");
    expect_choice(vn_data_mining_uri, "genai", VOCABULARY "DMI-PROHIBITED-GENAIMLTRAINING");
    expect_choice(vn_data_mining_uri, "allow", VOCABULARY "DMI-ALLOWED");
    expect_choice(vn_data_mining_uri, "none", NULL);
    for (size_t i = 0; i < sizeof nine / sizeof *nine; i++) {
        char uri[200];
        snprintf(uri, sizeof uri, VOCABULARY "%s", nine[i]);
        expect_choice(vn_data_mining_uri, nine[i], uri);
        expect_choice(vn_data_mining_uri, uri, uri);
    }
    expect_choice(vn_data_mining_uri, "https://ns.useplus.org/ldf/vocab/dmi-prohibited", VOCABULARY "DMI-PROHIBITED");
}

static void unknown_data_mining_is_refused_with_the_list(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof nine / sizeof *nine; i++)
        expect_refused(vn_data_mining_uri, "DMI-PROHIBITED-ALL", nine[i]);
    expect_refused(vn_data_mining_uri, "", "genai");
    expect_refused(vn_data_mining_uri, "ALL", "\"ALL\"");
    expect_refused(vn_data_mining_uri, "http://example.org/DMI-ALLOWED", "example.org");
    expect_refused(vn_data_mining_uri, VOCABULARY, "not known");
}

static void source_type_choices(void **state) {
    (void)state;
    expect_choice(vn_source_type_uri, NULL, NULL);
    expect_choice(vn_source_type_uri, "none", NULL);
    expect_choice(vn_source_type_uri, "human", SOURCES "digitalCreation");
    expect_choice(vn_source_type_uri, "photo", SOURCES "digitalCapture");
    expect_choice(vn_source_type_uri, "scan", SOURCES "print");
    expect_refused(vn_source_type_uri, "digitalArt", "human, photo, scan or none");
}

/* A bag whose three sources contradict each other. */
typedef struct ThreeSources {
    VnBag bag;
    VnBytes exif, xmp;
} ThreeSources;

static const char iim[] = "\x1c\x02\x50\x00\x08IIM name"
                          "\x1c\x02\x74\x00\x0aIIM notice"
                          "\x1c\x02\x6e\x00\x0aIIM credit"
                          "\x1c\x02\x78\x00\x0bIIM caption";

static void open_sources(ThreeSources *sources, const VnRights *in_xmp, const VnRights *in_exif) {
    *sources = (ThreeSources){0};
    assert_int_equal(vn_xmp_make(&sources->xmp, in_xmp, NULL), VERNIS_OK);
    assert_int_equal(vn_exif_make(&sources->exif, in_exif, NULL), VERNIS_OK);
    sources->bag = (VnBag){.xmp = sources->xmp, .exif = sources->exif, .iptc = borrow(iim, sizeof iim - 1)};
}

static void close_sources(ThreeSources *sources) {
    vn_bytes_free(&sources->xmp);
    vn_bytes_free(&sources->exif);
}

static void precedence_is_own_then_xmp_then_exif_then_iim(void **state) {
    (void)state;
    ThreeSources sources;
    open_sources(&sources, &(VnRights){.creator = "X name"}, &(VnRights){.creator = "E name", .copyright = "E right"});
    VnRights rights = {.usage_terms = vn_strdup("mine"), .credit = vn_strdup("my credit")};
    assert_int_equal(vn_rights_from_bag(&rights, &sources.bag, VN_KEEP_ALL, NULL), VERNIS_OK);
    assert_string_equal(rights.creator, "X name");
    assert_string_equal(rights.copyright, "E right");
    assert_string_equal(rights.credit, "my credit");
    assert_string_equal(rights.description, "IIM caption");
    assert_string_equal(rights.usage_terms, "mine");
    assert_null(rights.license_url);
    vn_rights_free(&rights);
    close_sources(&sources);
}

static void policies(void **state) {
    (void)state;
    ThreeSources sources;
    VnRights full = sample_rights();
    open_sources(&sources, &full, &(VnRights){0});
    VnRights rights = {0};
    assert_int_equal(vn_rights_from_bag(&rights, &sources.bag, VN_KEEP_NONE, NULL), VERNIS_OK);
    assert_memory_equal(&rights, &(VnRights){0}, sizeof rights);

    assert_int_equal(vn_rights_from_bag(&rights, &sources.bag, VN_KEEP_RIGHTS, NULL), VERNIS_OK);
    assert_string_equal(rights.creator, full.creator);
    assert_string_equal(rights.copyright, full.copyright);
    assert_string_equal(rights.credit, full.credit);
    assert_string_equal(rights.license_url, full.license_url);
    assert_string_equal(rights.licensor_name, full.licensor_name);
    assert_string_equal(rights.licensor_email, full.licensor_email);
    assert_string_equal(rights.licensor_url, full.licensor_url);
    assert_string_equal(rights.contact_email, full.contact_email);
    assert_string_equal(rights.contact_url, full.contact_url);
    assert_string_equal(rights.usage_terms, full.usage_terms);
    assert_string_equal(rights.data_mining, full.data_mining);
    assert_null(rights.description);
    assert_null(rights.source_type);

    assert_int_equal(vn_rights_from_bag(&rights, &sources.bag, VN_KEEP_ALL, NULL), VERNIS_OK);
    assert_string_equal(rights.description, full.description);
    assert_string_equal(rights.source_type, full.source_type);
    vn_rights_free(&rights);
    close_sources(&sources);
}

/* Place and numbers go under every policy, and stay when asked for, one by one. */
static void place_and_numbers_go_unless_asked_for(void **state) {
    (void)state;
    static VnRights source = {
        .creator = "A", .latitude = "1,30N", .longitude = "2,0.5W", .body_serial = "B", .lens_serial = "L"};
    ThreeSources sources;
    open_sources(&sources, &source, &(VnRights){0});
    sources.bag.iptc = (VnBytes){0};
    for (unsigned keep = 0; keep < 16; keep++) {
        VnRights rights = {0};
        bool place = keep & VN_KEEP_LOCATION, numbers = keep & VN_KEEP_SERIALS;
        assert_int_equal(vn_rights_from_bag(&rights, &sources.bag, keep, NULL), VERNIS_OK);
        assert_int_equal(rights.creator != NULL, keep & VN_KEEP_RIGHTS);
        assert_string_equal(rights.latitude ? rights.latitude : "gone", place ? "1,30.000000N" : "gone");
        assert_string_equal(rights.longitude ? rights.longitude : "gone", place ? "2,00.500000W" : "gone");
        assert_string_equal(rights.body_serial ? rights.body_serial : "gone", numbers ? "B" : "gone");
        assert_string_equal(rights.lens_serial ? rights.lens_serial : "gone", numbers ? "L" : "gone");
        vn_rights_free(&rights);
    }
    close_sources(&sources);
}

static void ai_provenance_is_not_laundered(void **state) {
    (void)state;
    static char ai[] = SOURCES "compositeWithTrainedAlgorithmicMedia";
    ThreeSources sources;
    open_sources(&sources, &(VnRights){.source_type = ai}, &(VnRights){0});
    VnRights rights = {0};
    assert_int_equal(vn_rights_from_bag(&rights, &sources.bag, VN_KEEP_RIGHTS, NULL), VERNIS_OK);
    assert_string_equal(rights.source_type, ai);
    vn_rights_free(&rights);
    assert_int_equal(vn_rights_from_bag(&rights, &sources.bag, VN_KEEP_NONE, NULL), VERNIS_OK);
    assert_string_equal(rights.source_type, ai);
    vn_rights_free(&rights);
    /* From a manifest, which is not copied, over a source type that says otherwise. */
    VnBag signed_bag = {.xmp = sources.xmp, .c2pa = borrow("x" SOURCES "trainedAlgorithmicMedia\1", 73)};
    assert_int_equal(vn_rights_from_bag(&rights, &signed_bag, VN_KEEP_NONE, NULL), VERNIS_OK);
    assert_string_equal(rights.source_type, ai);
    vn_rights_free(&rights);
    signed_bag.xmp = (VnBytes){0};
    assert_int_equal(vn_rights_from_bag(&rights, &signed_bag, VN_KEEP_RIGHTS, NULL), VERNIS_OK);
    assert_string_equal(rights.source_type, SOURCES "trainedAlgorithmicMedia");
    vn_rights_free(&rights);
    rights.source_type = vn_strdup(SOURCES "digitalCreation");
    assert_int_equal(vn_rights_from_bag(&rights, &sources.bag, VN_KEEP_ALL, NULL), VERNIS_OK);
    assert_string_equal(rights.source_type, SOURCES "digitalCreation");
    vn_rights_free(&rights);
    close_sources(&sources);
}

static void constraints_are_there_when_referred_to(void **state) {
    (void)state;
    char warning[200];
    VnRights rights = {.data_mining = vn_strdup(VOCABULARY "DMI-PROHIBITED-SEECONSTRAINT")};
    assert_int_equal(vn_rights_settle(&rights, warning, NULL), VERNIS_OK);
    assert_non_null(strstr(warning, "--constraints"));
    rights.usage_terms = vn_strdup("no replicas");
    assert_int_equal(vn_rights_settle(&rights, warning, NULL), VERNIS_OK);
    assert_string_equal(warning, "");
    assert_string_equal(rights.constraints, "no replicas");
    vn_free(rights.usage_terms);
    rights.usage_terms = vn_strdup("other");
    assert_int_equal(vn_rights_settle(&rights, warning, NULL), VERNIS_OK);
    assert_string_equal(rights.constraints, "no replicas");
    vn_free(rights.data_mining);
    rights.data_mining = vn_strdup(VOCABULARY "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR");
    assert_int_equal(vn_rights_settle(&rights, warning, NULL), VERNIS_OK);
    assert_non_null(strstr(warning, "linked rights expression"));
    vn_rights_free(&rights);
    rights.usage_terms = vn_strdup("terms");
    assert_int_equal(vn_rights_settle(&rights, warning, NULL), VERNIS_OK);
    assert_string_equal(warning, "");
    assert_null(rights.constraints);
    vn_rights_free(&rights);
}

/* Datasets laid out by hand from IIM 4.2: each cut between characters at its limit. */
static void iim_records(void **state) {
    (void)state;
    static const char wanted[] = "\x1c\x01\x00\x00\x02\x00\x04"
                                 "\x1c\x01\x5a\x00\x03\x1b%G"
                                 "\x1c\x02\x00\x00\x02\x00\x04"
                                 "\x1c\x02\x50\x00\x03"
                                 "Ana"
                                 "\x1c\x02\x50\x00\x1e"
                                 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
                                 "\x1c\x02\x6e\x00\x01"
                                 "C"
                                 "\x1c\x02\x74\x00\x02"
                                 "\xc2\xa9";
    VnRights rights = {.creator = (char[]){"Ana; bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb漢"},
                       .credit = (char[]){"C"},
                       .copyright = (char[]){"©"}};
    VnBytes iptc = {0};
    assert_int_equal(vn_iptc_make(&iptc, &rights, NULL), VERNIS_OK);
    assert_int_equal(iptc.size, sizeof wanted - 1);
    assert_memory_equal(iptc.data, wanted, sizeof wanted - 1);
    vn_bytes_free(&iptc);
    assert_int_equal(vn_iptc_make(&iptc, &(VnRights){.usage_terms = (char[]){"t"}}, NULL), VERNIS_OK);
    assert_int_equal(iptc.size, 0);
    assert_int_equal(vn_iptc_make(&iptc, &(VnRights){.credit = (char[]){"\xff"}}, NULL), VERNIS_E_ARGUMENT);
    assert_null(iptc.data);
}

static void unknown_data_mining_is_not_kept(void **state) {
    (void)state;
    ThreeSources sources;
    open_sources(&sources, &(VnRights){.data_mining = (char[]){"DMI-WHATEVER"}}, &(VnRights){0});
    VnRights rights = {0};
    assert_int_equal(vn_rights_from_bag(&rights, &sources.bag, VN_KEEP_ALL, NULL), VERNIS_OK);
    assert_null(rights.data_mining);
    vn_rights_free(&rights);
    close_sources(&sources);
    open_sources(&sources, &(VnRights){.data_mining = (char[]){"DMI-PROHIBITED"}}, &(VnRights){0});
    assert_int_equal(vn_rights_from_bag(&rights, &sources.bag, VN_KEEP_ALL, NULL), VERNIS_OK);
    assert_string_equal(rights.data_mining, VOCABULARY "DMI-PROHIBITED");
    vn_rights_free(&rights);
    close_sources(&sources);
}

/* However long and full of ampersands a foreign file's texts are, what is kept of them fits a file. */
static void kept_texts_always_fit(void **state) {
    (void)state;
    static char long_text[6001];
    memset(long_text, '&', sizeof long_text - 1);
    VnBytes packet = {0};
    static const char *const names[] = {
        "dc:creator",           "dc:rights",       "dc:description", "xmpRights:WebStatement", "plus:Licensor",
        "xmpRights:UsageTerms", "photoshop:Credit"};
    const char *start = "<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><r:Description "
                        "xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:plus='http://ns.useplus.org/ldf/xmp/1.0/' "
                        "xmlns:xmpRights='http://ns.adobe.com/xap/1.0/rights/' "
                        "xmlns:photoshop='http://ns.adobe.com/photoshop/1.0/'>";
    vn_bytes_append(&packet, start, strlen(start), NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *inner = strcmp(names[i], "plus:Licensor") == 0 ? "plus:LicensorURL" : "r:value";
        const char *parts[] = {"<",     names[i], "><",  inner,    "><![CDATA[", long_text,
                               "]]></", inner,    "></", names[i], ">"};
        for (size_t j = 0; j < sizeof parts / sizeof *parts; j++)
            vn_bytes_append(&packet, parts[j], strlen(parts[j]), NULL);
    }
    vn_bytes_append(&packet, "</r:Description></r:RDF>", 24, NULL);
    VnBag bag = {.xmp = packet};
    VnRights rights = {0};
    assert_int_equal(vn_rights_from_bag(&rights, &bag, VN_KEEP_ALL, NULL), VERNIS_OK);
    assert_int_equal(strlen(rights.creator), VN_TEXT_MAX);
    assert_null(rights.description);
    VnBytes xmp = {0}, exif = {0};
    assert_int_equal(vn_xmp_make(&xmp, &rights, NULL), VERNIS_OK);
    assert_in_range(xmp.size, 20000, 65000);
    assert_int_equal(vn_exif_make(&exif, &rights, NULL), VERNIS_OK);
    vn_bytes_free(&xmp);
    vn_bytes_free(&exif);
    vn_rights_free(&rights);
    vn_bytes_free(&packet);
}

static void expect_foreign(const char *bytes, size_t size, const char *wanted) {
    char *text;
    assert_int_equal(vn_text_foreign(&text, bytes, size, NULL), VERNIS_OK);
    if (wanted)
        assert_string_equal(text, wanted);
    else
        assert_null(text);
    vn_free(text);
}
#define FOREIGN(bytes, wanted) expect_foreign(bytes, sizeof bytes - 1, wanted)

static void foreign_text(void **state) {
    (void)state;
    FOREIGN("é漢🎨", "é漢🎨");
    FOREIGN("caf\xe9", "café");           /* Latin-1 */
    FOREIGN("\xc0\xaf", "À¯");            /* overlong: not UTF-8 */
    FOREIGN("\xed\xa0\x80", "í\xc2\xa0"); /* a surrogate: not UTF-8; 0x80 is a control character */
    FOREIGN("\xf4\x90\x80\x80", "ô");     /* beyond U+10FFFF */
    FOREIGN("a\x01"
            "b\x7f"
            "c\xc2\x85"
            "d\0e",
            "abcde"); /* controls */
    FOREIGN("\xef\xbf\xbe"
            "x\xef\xbf\xbf",
            "x"); /* U+FFFE, U+FFFF */
    FOREIGN(" \t\n a\r\nb\rc\n ", "a\nb\nc");
    FOREIGN(" \0\r\n", NULL);
    FOREIGN("", NULL);
    char many[5000];
    memset(many, 'a', sizeof many);
    memcpy(many + VN_TEXT_MAX - 1, (const uint8_t[]){0xe6, 0xbc, 0xa2}, 3); /* U+6F22, over the border */
    char *text;
    assert_int_equal(vn_text_foreign(&text, many, sizeof many, NULL), VERNIS_OK);
    assert_int_equal(strlen(text), VN_TEXT_MAX - 1);
    vn_free(text);
}

static void lists_are_cut_between_characters(void **state) {
    (void)state;
    char list[12] = "";
    vn_text_list(list, sizeof list, "; ", "a\nb");
    assert_string_equal(list, "a b");
    vn_text_list(list, sizeof list, "; ", "cdef");
    assert_string_equal(list, "a b; cdef");
    vn_text_list(list, sizeof list, "; ", "g");
    assert_string_equal(list, "a b; cde...");
    char cut[8] = "";
    vn_text_list(cut, sizeof cut, "; ", "ab漢字");
    assert_string_equal(cut, "ab...");
    char fits[9] = "";
    vn_text_list(fits, sizeof fits, "; ", "ab漢字");
    assert_string_equal(fits, "ab漢字");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_mining_choices),
        cmocka_unit_test(unknown_data_mining_is_refused_with_the_list),
        cmocka_unit_test(source_type_choices),
        cmocka_unit_test(precedence_is_own_then_xmp_then_exif_then_iim),
        cmocka_unit_test(policies),
        cmocka_unit_test(place_and_numbers_go_unless_asked_for),
        cmocka_unit_test(ai_provenance_is_not_laundered),
        cmocka_unit_test(constraints_are_there_when_referred_to),
        cmocka_unit_test(iim_records),
        cmocka_unit_test(unknown_data_mining_is_not_kept),
        cmocka_unit_test(kept_texts_always_fit),
        cmocka_unit_test(foreign_text),
        cmocka_unit_test(lists_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
