/* SPDX-License-Identifier: Apache-2.0 */
/* Inspection: what would be read as AI and why, reservations, leaks in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "meta_samples.h"

#define SOURCES "http://cv.iptc.org/newscodes/digitalsourcetype/"

static char *text(const char *literal) { return (char *)(uintptr_t)literal; }

static void inspect(VnInspection *out, const VnBag *bag) {
    assert_int_equal(vn_inspect(out, bag, NULL), VERNIS_OK);
    for (const char *at = out->ai_label; *at; at++)
        assert_true((unsigned char)*at >= 0x20);
}

static void inspect_rights(VnInspection *out, const VnRights *rights) {
    VnBytes xmp = {0};
    assert_int_equal(vn_xmp_make(&xmp, rights, NULL), VERNIS_OK);
    inspect(out, &(VnBag){.xmp = xmp});
    vn_bytes_free(&xmp);
}

/* The label holds `wanted` ("" for no label at all). */
static void expect_label(const VnBag *bag, const char *wanted) {
    VnInspection found;
    inspect(&found, bag);
    if (*wanted)
        assert_non_null(strstr(found.ai_label, wanted));
    else
        assert_string_equal(found.ai_label, "");
    vn_inspection_free(&found);
}

static void expect_text(const char *key, const char *value, const char *wanted) {
    VnTextItem item = {text(key), text(value)};
    expect_label(&(VnBag){.texts = &item, .text_count = 1}, wanted);
}

static void source_types(void **state) {
    (void)state;
    static const struct {
        const char *word;
        bool ai;
    } types[] = {
        {"digitalCapture", false},
        {"computationalCapture", false},
        {"negativeFilm", false},
        {"positiveFilm", false},
        {"print", false},
        {"humanEdits", false},
        {"algorithmicallyEnhanced", false},
        {"digitalCreation", false},
        {"dataDrivenMedia", false},
        {"trainedAlgorithmicMedia", true},
        {"algorithmicMedia", true},
        {"screenCapture", false},
        {"composite", false},
        {"compositeSynthetic", false},
        {"TRAINEDALGORITHMICMEDIA", true},
        {"compositeWithTrainedAlgorithmicMedia", true},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char uri[200];
        VnInspection found;
        snprintf(uri, sizeof uri, SOURCES "%s", types[i].word);
        inspect_rights(&found, &(VnRights){.source_type = uri});
        assert_string_equal(found.rights.source_type, uri);
        assert_int_equal(*found.ai_label != '\0', types[i].ai);
        if (types[i].ai) {
            assert_non_null(strstr(found.ai_label, types[i].word));
            assert_non_null(strstr(found.ai_label, "contains algorithmicMedia"));
        }
        vn_inspection_free(&found);
    }
}

static void generators_are_named(void **state) {
    (void)state;
    expect_text("parameters", "a cat\nSteps: 20",
                "PNG text \"parameters\": where Stable Diffusion web UI keeps its prompt");
    expect_text("prompt", "{}", "ComfyUI");
    expect_text("workflow", "{}", "ComfyUI");
    expect_text("Software", "NovelAI", "names the generator NovelAI");
    expect_text("Source", "Stable Diffusion XL", "names the generator Stable Diffusion");
    expect_text("Description", "fox --v 6 Job ID: 1-2", "Midjourney");
    expect_text("Software", "Krita 5.2", "");
    expect_text("Comment", "not made with Midjourney", "");
    expect_text("Description", "my job", "");
    VnBytes exif = {0};
    static const uint8_t software[] = {'I', 'I', 42,  0,   8,    0,    0,   0,   1,   0,   0x31, 1,   2,
                                       0,   13,  0,   0,   0,    26,   0,   0,   0,   0,   0,    0,   0,
                                       'D', 'A', 'L', 'L', 0xc2, 0xb7, 'E', ' ', '3', ' ', 'a',  'p', 0};
    vn_bytes_append(&exif, software, sizeof software, NULL);
    expect_label(&(VnBag){.exif = exif}, "Software \"DALL·E 3 ap\": names the generator DALL·E");
    vn_bytes_free(&exif);
    static const char xmp[] =
        "<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><r:Description "
        "xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmlns:e='http://iptc.org/std/Iptc4xmpExt/2008-02-29/' "
        "xmp:CreatorTool='Adobe Firefly' e:AISystemUsed='Some model' e:AIPromptInformation='a&#10;fox'/></r:RDF>";
    VnBag bag = {.xmp = borrow(xmp, sizeof xmp - 1)};
    expect_label(&bag, "Software \"Adobe Firefly\": names the generator Firefly");
    expect_label(&bag, "AISystemUsed \"Some model\"");
    expect_label(&bag, "AIPromptInformation \"a fox\"");
    VnInspection found;
    inspect_rights(&found, &(VnRights){.credit = text("Made with Google AI")});
    assert_non_null(strstr(found.ai_label, "Credit"));
    vn_inspection_free(&found);
}

/* A TIFF stream with one tag in its Exif directory: UserComment. */
static void expect_comment(bool big, const void *comment, uint8_t size, const char *wanted) {
    uint8_t block[256] = {'I', 'I', 42, 0, 8, 0, 0,    0,    1, 0, 0x69, 0x87, 4, 0, 1,  0, 0, 0, 26, 0, 0, 0,
                          0,   0,   0,  0, 1, 0, 0x86, 0x92, 7, 0, size, 0,    0, 0, 44, 0, 0, 0, 0,  0, 0, 0};
    static const uint8_t motorola[44] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0,    1,    0x87, 0x69, 0, 4, 0, 0, 0, 1, 0, 0,
                                         0,   26,  0, 0,  0, 0, 0, 1, 0x92, 0x86, 0,    7,    0, 0, 0, 0, 0, 0, 0, 44};
    if (big) {
        memcpy(block, motorola, sizeof motorola);
        block[35] = size;
    }
    memcpy(block + 44, comment, size);
    expect_label(&(VnBag){.exif = borrow((const char *)block, 44u + size)}, wanted);
}

static void exif_comments_with_prompts(void **state) {
    (void)state;
    static const char ascii[] = "ASCII\0\0\0a cat\nSteps: 20, Sampler: Euler";
    expect_comment(false, ascii, sizeof ascii - 1, "EXIF UserComment \"a cat Steps: 20, Sampler: Euler\"");
    uint8_t wide[2][8 + 2 * 40] = {"UNICODE", "UNICODE"}; /* big-endian and little-endian */
    static const char words[] = "\xe9 CFG scale: 7, Steps: 20";
    for (size_t i = 0; i < sizeof words - 1; i++) {
        wide[0][8 + 2 * i + 1] = (uint8_t)words[i];
        wide[1][8 + 2 * i] = (uint8_t)words[i];
    }
    for (int i = 0; i < 4; i++) /* either order in a stream of either order: writers do it */
        expect_comment(i & 1, wide[i >> 1], 8 + 2 * (sizeof words - 1), "\"é CFG scale: 7, Steps: 20\"");
    expect_comment(false, "ASCII\0\0\0Steps: two, by hand", 26, "");
    expect_comment(false, "ASCII\0\0", 7, "");
    expect_comment(true, "UNICODE\0\xd8\0x", 11, "");
    expect_text("Comment", "a cat\nSteps: 20, Sampler: Euler", "comment \"a cat");
}

static void manifests_are_searched(void **state) {
    (void)state;
    static const char ai[] = "jumb\0\0c2pa.actions" SOURCES "compositeWithTrainedAlgorithmicMedia\0\1\2";
    static const char human[] = "jumb\0\0c2pa.actions" SOURCES "algorithmicallyEnhanced c2pa.thumbnail.claim";
    VnInspection found;
    inspect(&found, &(VnBag){.c2pa = borrow(ai, sizeof ai - 1)});
    assert_true(found.c2pa);
    assert_int_equal(found.leaks, VN_LEAK_C2PA); /* it cannot be read: it may hold anything */
    assert_non_null(strstr(found.ai_label, "C2PA manifest with \"compositeWithTrainedAlgorithmicMedia\""));
    vn_inspection_free(&found);
    inspect(&found, &(VnBag){.c2pa = borrow(human, sizeof human - 1)});
    assert_true(found.c2pa);
    assert_int_equal(found.leaks, VN_LEAK_C2PA);
    assert_string_equal(found.ai_label, "");
    vn_inspection_free(&found);
    expect_label(&(VnBag){.c2pa = borrow("algorithmicmedia", 16)}, "\"algorithmicmedia\"");
}

static void labels_that_do_not_fit_end_in_dots(void **state) {
    (void)state;
    char value[2000];
    memset(value, 'x', sizeof value - 1);
    memcpy(value, "NovelAI", 7);
    value[sizeof value - 1] = '\0';
    VnTextItem items[20];
    for (int i = 0; i < 20; i++)
        items[i] = (VnTextItem){text("Software"), value};
    VnInspection found;
    inspect(&found, &(VnBag){.texts = items, .text_count = 20});
    assert_int_equal(strlen(found.ai_label), sizeof found.ai_label - 1);
    assert_string_equal(found.ai_label + strlen(found.ai_label) - 3, "...");
    vn_inspection_free(&found);
}

static void reservations(void **state) {
    (void)state;
    static const struct {
        const char *value;
        bool reserved;
    } values[] = {
        {"DMI-UNSPECIFIED", false},
        {"DMI-ALLOWED", false},
        {"DMI-PROHIBITED-AIMLTRAINING", true},
        {"DMI-PROHIBITED-GENAIMLTRAINING", true},
        {"DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING", true},
        {"DMI-PROHIBITED", true},
        {"DMI-PROHIBITED-SEECONSTRAINT", true},
        {"DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR", true},
        {"DMI-PROHIBITED-SEELINKEDRIGHTSEXPR", true},
        {"http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED", true},
        {"DMI-PROHIBITED-NOT-A-VALUE", false},
    };
    VnInspection found;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        inspect_rights(&found, &(VnRights){.data_mining = text(values[i].value)});
        assert_int_equal(found.reserved, values[i].reserved);
        assert_non_null(strstr(found.rights.data_mining, values[i].value));
        vn_inspection_free(&found);
    }
    static const char tdm[] = "<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><r:Description "
                              "xmlns:t='http://www.w3.org/ns/tdmrep/' t:reservation='1'/></r:RDF>";
    inspect(&found, &(VnBag){.xmp = borrow(tdm, sizeof tdm - 1)});
    assert_true(found.reserved);
    assert_null(found.rights.data_mining);
    vn_inspection_free(&found);
}

static void nothing_is_invented(void **state) {
    (void)state;
    VnInspection found;
    inspect(&found, &(VnBag){0});
    assert_memory_equal(&found, &(VnInspection){0}, sizeof found);
    VnTextItem none[2] = {{NULL, NULL}, {text("Software"), NULL}};
    inspect(&found, &(VnBag){.texts = none, .text_count = 2});
    assert_memory_equal(&found, &(VnInspection){0}, sizeof found);
}

static void leaks_and_warnings(void **state) {
    (void)state;
    VnTextItem raw[2] = {{text("Raw profile type exif"), text("00")}, {text("Software"), text("GIMP\n2")}};
    VnInspection found;
    inspect(&found, &(VnBag){.leaks = VN_LEAK_MPF, .texts = raw, .text_count = 2, .xmp = borrow("<!DOCTYPE a>", 12)});
    assert_int_equal(found.leaks, VN_LEAK_MPF | VN_LEAK_RAW_PROFILE);
    assert_string_equal(found.software, "GIMP 2");
    assert_string_equal(found.warning, "XMP ignored: line 1: it has a DOCTYPE");
    vn_inspection_free(&found);
    for (unsigned bit = 1; bit <= VN_LEAK_SERIAL; bit <<= 1) {
        assert_string_not_equal(vn_leak_name(bit), "unknown leak");
        for (unsigned other = 1; other < bit; other <<= 1)
            assert_string_not_equal(vn_leak_name(bit), vn_leak_name(other));
    }
    assert_string_equal(vn_leak_name(VN_LEAK_EXIF_THUMBNAIL), "EXIF thumbnail");
    assert_string_equal(vn_leak_name(0), "unknown leak");
    assert_string_equal(vn_leak_name(3), "unknown leak");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(source_types),
        cmocka_unit_test(generators_are_named),
        cmocka_unit_test(exif_comments_with_prompts),
        cmocka_unit_test(manifests_are_searched),
        cmocka_unit_test(labels_that_do_not_fit_end_in_dots),
        cmocka_unit_test(reservations),
        cmocka_unit_test(nothing_is_invented),
        cmocka_unit_test(leaks_and_warnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
