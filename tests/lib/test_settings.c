/* SPDX-License-Identifier: Apache-2.0 */
/* Settings, presets and the artist's key: what users and scripts can get wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "session_state.h"

static char home[64];

static int set_up(void **state) {
    (void)state;
    strcpy(home, "/tmp/vernis-home-XXXXXX");
    return mkdtemp(home) && !setenv("XDG_CONFIG_HOME", home, 1) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", home);
    return system(command);
}

static void values_and_ranges(void **state) {
    (void)state;
    VernisSettings *s;
    assert_int_equal(vernis_settings_open(&s, NULL), VERNIS_OK);
    assert_string_equal(vernis_settings_text(s, "strength"), "standard");
    assert_int_equal(vernis_settings_is_set(s, "strength"), 0);
    assert_true(vernis_settings_number(s, "quality") == 95);
    const struct {
        const char *name, *value;
        VernisStatus status;
    } cases[] = {{"quality", "1", VERNIS_OK},
                 {"quality", "0", VERNIS_E_ARGUMENT},
                 {"quality", "101", VERNIS_E_ARGUMENT},
                 {"quality", "9.5", VERNIS_E_ARGUMENT},
                 {"quality", "", VERNIS_E_ARGUMENT},
                 {"quality", "9x", VERNIS_E_ARGUMENT},
                 {"visibility", "nan", VERNIS_E_ARGUMENT},
                 {"visibility", "1e0", VERNIS_OK},
                 {"keep", "right", VERNIS_E_ARGUMENT},
                 {"keep", "", VERNIS_E_ARGUMENT},
                 {"keep", "all|rights", VERNIS_E_ARGUMENT},
                 {"keep", "all", VERNIS_OK},
                 {"json", "yes", VERNIS_OK},
                 {"json", "maybe", VERNIS_E_ARGUMENT},
                 {"max-memory", "300M", VERNIS_OK},
                 {"max-memory", "300MB", VERNIS_E_ARGUMENT},
                 {"nothing", "1", VERNIS_E_ARGUMENT},
                 {"creator", "", VERNIS_OK}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        VernisError err = {0};
        assert_int_equal(vernis_settings_set(s, cases[i].name, cases[i].value, &err), cases[i].status);
        if (cases[i].status)
            assert_non_null(strstr(err.text, cases[i].name));
    }
    assert_true(vernis_settings_number(s, "max-memory") == 300 * 1048576.0);
    assert_int_equal(vernis_settings_set(s, "exclude", "*.a", NULL), VERNIS_OK);
    assert_int_equal(vernis_settings_set(s, "exclude", "b*", NULL), VERNIS_OK);
    assert_int_equal(vernis_settings_count(s, "exclude"), 2);
    assert_string_equal(vernis_settings_item(s, "exclude", 1), "b*");
    assert_null(vernis_settings_item(s, "exclude", 2));
    vernis_settings_close(&s);
    assert_null(s);
    vernis_settings_close(&s);
}

static void every_row_is_sound(void **state) {
    (void)state;
    size_t count;
    const VernisSettingInfo *table = vernis_settings_table(&count);
    VernisSettings *s;
    assert_int_equal(vernis_settings_open(&s, NULL), VERNIS_OK);
    for (size_t i = 0; i < count; i++) {
        assert_true(strlen(table[i].help) > 5 && table[i].help[strlen(table[i].help) - 1] == '.');
        if (table[i].initial)
            assert_int_equal(vernis_settings_set(s, table[i].name, table[i].initial, NULL), VERNIS_OK);
        for (size_t k = 0; k < i; k++)
            assert_false(!strcmp(table[i].name, table[k].name) ||
                         (table[i].letter && table[i].letter == table[k].letter));
    }
    vernis_settings_close(&s);
}

static void write_preset(const char *text) {
    char *folder = vn_path_join(home, "vernis/presets/strength"), *path = vn_path_join(folder, "gentle.json");
    assert_int_equal(vn_make_dirs(folder, NULL), VERNIS_OK);
    assert_int_equal(vn_file_write(path, text, strlen(text), true, NULL), VERNIS_OK);
    vn_free(path), vn_free(folder);
}

static void presets_can_be_edited(void **state) {
    (void)state;
    VnStrength strength;
    VnError err = {0};
    assert_int_equal(vn_strength_load(&strength, "gentle", &err), VERNIS_OK);
    assert_true(strength.visibility == 1.2);
    write_preset("{\"visibility\": 1.5, \"steps\": 7}");
    assert_int_equal(vn_strength_load(&strength, "gentle", &err), VERNIS_OK);
    assert_true(strength.visibility == 1.5 && strength.steps == 7 && strength.care == 1);
    write_preset("{\"visibility\": 1.5, \"steps\": 7, \"care\": 0.25}");
    assert_int_equal(vn_strength_load(&strength, "gentle", &err), VERNIS_OK);
    assert_true(strength.care == 0.25);
    const char *bad[] = {"{\n\"visibility\": 1.5,,}",
                         "{\"visibility\": \"much\", \"steps\": 7}",
                         "{\"visibility\": 99, \"steps\": 7}",
                         "{\"visibility\": 1, \"steps\": 0}",
                         "{\"visibility\": 1, \"steps\": 7, \"care\": 1.5}",
                         "{\"visibility\": 1}",
                         "[]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_preset(bad[i]);
        err = (VnError){0};
        assert_int_equal(vn_strength_load(&strength, "gentle", &err), VERNIS_E_FORMAT);
        assert_non_null(strstr(err.text, "gentle.json"));
        if (i == 0)
            assert_non_null(strstr(err.text, "line 2"));
    }
    err = (VnError){0};
    assert_int_equal(vn_strength_load(&strength, "../x", &err), VERNIS_E_ARGUMENT);
}

static void every_platform_is_sound(void **state) {
    (void)state;
    unsigned count = 0;
    for (const VnPresetText *p = vn_preset_texts; p->key; p++) {
        VnPlatformPreset platform;
        VnError err = {0};
        uint32_t w, h;
        if (strncmp(p->key, "platforms/", 10) != 0)
            continue;
        if (vn_platform_load(&platform, p->key + 10, &err))
            fail_msg("%s", err.text);
        vn_platform_size(&platform, 6000, 4000, &w, &h);
        assert_true(w >= 100 && w <= 6000 && fabs(w / 1.5 - h) < 2);
        assert_true(!platform.max_pixels || (uint64_t)w * h <= platform.max_pixels);
        vn_platform_size(&platform, 50, 40, &w, &h);
        assert_true(w == 50 && h == 40);
        count++;
    }
    assert_int_equal(count, 16);
    VnPlatformPreset x;
    uint32_t w, h;
    assert_int_equal(vn_platform_load(&x, "instagram", NULL), VERNIS_OK);
    assert_true(x.served.quality == 75 && x.served.subsample && x.posted.subsample && !strcmp(x.format, "jpeg"));
    vn_platform_size(&x, 3000, 6000, &w, &h);
    assert_true(w == 720 && h == 1440);
    assert_int_equal(vn_platform_load(&x, "mastodon", NULL), VERNIS_OK);
    vn_platform_size(&x, 8000, 4000, &w, &h);
    assert_true(w == 4072 && h == 2036); /* 8 294 400 pixels: sqrt(8294400 / 32e6) * 8000 = 4072.9 */
    assert_int_equal(vn_platform_load(&x, "bluesky", NULL), VERNIS_OK);
    assert_true(x.served.webp && x.max_bytes == 2000000);
}

static void key_is_made_once(void **state) {
    (void)state;
    uint64_t first, again, other;
    char warning[200];
    VnError err = {0};
    assert_int_equal(vn_artist_key(&first, NULL, warning, sizeof warning, &err), VERNIS_OK);
    assert_string_equal(warning, "");
    assert_int_equal(vn_artist_key(&again, NULL, warning, sizeof warning, &err), VERNIS_OK);
    assert_true(first == again && first != 0);
    char *path = vn_path_join(home, "other.key");
    assert_int_equal(vn_artist_key(&other, path, warning, sizeof warning, &err), VERNIS_OK);
    assert_true(other != first);
    assert_int_equal(vn_file_write(path, "12345678", 8, true, NULL), VERNIS_OK);
    assert_int_equal(vn_artist_key(&other, path, warning, sizeof warning, &err), VERNIS_E_FORMAT);
    assert_non_null(strstr(err.text, "other.key"));
    vn_free(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(values_and_ranges), cmocka_unit_test(every_row_is_sound),
                                       cmocka_unit_test_setup_teardown(presets_can_be_edited, set_up, tear_down),
                                       cmocka_unit_test_setup_teardown(every_platform_is_sound, set_up, tear_down),
                                       cmocka_unit_test_setup_teardown(key_is_made_once, set_up, tear_down)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
