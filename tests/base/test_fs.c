/* SPDX-License-Identifier: Apache-2.0 */
/* Files: what is written is whole or not there, and errors name the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"

static char folder[64];

static char *in_folder(const char *name) {
    char *path = vn_path_join(folder, name);
    assert_non_null(path);
    return path;
}

static int set_up(void **state) {
    (void)state;
    strcpy(folder, "/tmp/vernis-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int entries(void) {
    DIR *dir = opendir(folder);
    int count = -2; /* . and .. */
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static int tear_down(void **state) {
    (void)state;
    DIR *dir = opendir(folder);
    for (struct dirent *e; (e = readdir(dir));) {
        char *path = in_folder(e->d_name);
        if (*e->d_name != '.')
            remove(path);
        vn_free(path);
    }
    closedir(dir);
    return rmdir(folder);
}

static void round_trip(void **state) {
    (void)state;
    char *path = in_folder("a b \xc3\xa9.bin");
    VnBytes bytes;
    VnError err = {0};
    assert_int_equal(vn_file_write(path, "hello", 5, false, &err), VERNIS_OK);
    assert_int_equal(vn_file_read(&bytes, path, 5, &err), VERNIS_OK);
    assert_int_equal(bytes.size, 5);
    assert_memory_equal(bytes.data, "hello", 5);
    vn_bytes_free(&bytes);
    assert_int_equal(vn_file_write(path, "x", 1, false, &err), VERNIS_E_EXISTS);
    assert_non_null(strstr(err.text, path));
    err = (VnError){0};
    assert_int_equal(vn_file_write(path, "new", 3, true, &err), VERNIS_OK);
    VnMap map;
    assert_int_equal(vn_map_open(&map, path, &err), VERNIS_OK);
    assert_int_equal(map.size, 3);
    assert_memory_equal(map.data, "new", 3);
    vn_map_close(&map);
    assert_int_equal(entries(), 1);
    vn_free(path);
}

static void a_growing_file_takes_its_name_at_the_end(void **state) {
    (void)state;
    char *path = in_folder("page");
    VnFileOut *out;
    VnBytes bytes;
    assert_int_equal(vn_file_write(path, "old", 3, false, NULL), VERNIS_OK);
    for (int keep = 0; keep < 2; keep++) {
        assert_int_equal(vn_file_out_open(&out, path, true, NULL), VERNIS_OK);
        assert_int_equal(vn_file_out_append(out, "a", 1, NULL), VERNIS_OK);
        assert_int_equal(vn_file_out_append(out, "bc", 2, NULL), VERNIS_OK);
        assert_int_equal(vn_file_read(&bytes, path, 9, NULL), VERNIS_OK);
        assert_memory_equal(bytes.data, "old", 3);
        vn_bytes_free(&bytes);
        assert_int_equal(vn_file_out_close(&out, keep, NULL), VERNIS_OK);
        assert_null(out);
        assert_int_equal(vn_file_read(&bytes, path, 9, NULL), VERNIS_OK);
        assert_memory_equal(bytes.data, keep ? "abc" : "old", 3);
        vn_bytes_free(&bytes);
        assert_int_equal(entries(), 1);
    }
    VnError err = {0};
    assert_int_equal(vn_file_out_open(&out, path, false, &err), VERNIS_E_EXISTS);
    assert_null(out);
    assert_int_equal(vn_file_out_close(&out, true, NULL), VERNIS_OK);
    unlink(path); /* one that appears meanwhile is not replaced */
    assert_int_equal(vn_file_out_open(&out, path, false, NULL), VERNIS_OK);
    assert_int_equal(vn_file_write(path, "other", 5, false, NULL), VERNIS_OK);
    err = (VnError){0};
    assert_int_equal(vn_file_out_close(&out, true, &err), VERNIS_E_EXISTS);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(entries(), 1);
    vn_free(path);
}

static void refusals_name_the_file(void **state) {
    (void)state;
    VnBytes bytes;
    VnMap map;
    char *missing = in_folder("missing"), *empty = in_folder("empty"), *big = in_folder("big"),
         *fifo = in_folder("fifo");
    fclose(fopen(empty, "w"));
    assert_int_equal(vn_file_write(big, "0123456789", 10, false, NULL), VERNIS_OK);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    const struct {
        const char *path;
        VernisStatus status;
    } cases[] = {{missing, VERNIS_E_IO},
                 {empty, VERNIS_E_FORMAT},
                 {big, VERNIS_E_LIMIT},
                 {fifo, VERNIS_E_IO},
                 {folder, VERNIS_E_IO}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        VnError err = {0};
        assert_int_equal(vn_file_read(&bytes, cases[i].path, 9, &err), cases[i].status);
        assert_null(bytes.data);
        assert_non_null(strstr(err.text, cases[i].path));
        err = (VnError){0};
        if (cases[i].path != big) {
            assert_int_not_equal(vn_map_open(&map, cases[i].path, &err), VERNIS_OK);
            assert_non_null(strstr(err.text, cases[i].path));
        }
    }
    VnError err = {0};
    assert_int_equal(vn_file_write(folder, "x", 1, true, &err), VERNIS_E_IO);
    vn_free(missing), vn_free(empty), vn_free(big), vn_free(fifo);
}

static void full_disk_leaves_the_old_file(void **state) {
    (void)state;
    char *path = in_folder("kept"), *fresh = in_folder("fresh");
    assert_int_equal(vn_file_write(path, "old", 3, false, NULL), VERNIS_OK);
    struct rlimit before, small = {.rlim_cur = 4096};
    getrlimit(RLIMIT_FSIZE, &before);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    static const uint8_t data[100000];
    VnError err = {0}, other = {0};
    VernisStatus replaced = vn_file_write(path, data, sizeof data, true, &err);
    VernisStatus created = vn_file_write(fresh, data, sizeof data, false, &other);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(replaced, VERNIS_E_NO_SPACE);
    assert_int_equal(created, VERNIS_E_NO_SPACE);
    assert_non_null(strstr(other.text, fresh));
    VnBytes bytes;
    assert_int_equal(vn_file_read(&bytes, path, 100, NULL), VERNIS_OK);
    assert_memory_equal(bytes.data, "old", 3);
    vn_bytes_free(&bytes);
    assert_int_equal(entries(), 1);
    vn_free(path), vn_free(fresh);
}

/* What a run that is no more has left goes; what is being written stays, and so do files of other names. */
static void stale_temporaries_are_swept(void **state) {
    (void)state;
    char *path = in_folder("page.html"), *stale = in_folder(".vernis-aB3xyz"), *link = in_folder(".vernis-linked");
    char *others[] = {in_folder(".vernis-notes.txt"), in_folder(".vernis-"), in_folder("vernis-aB3xyz")};
    VnFileOut *file;
    assert_int_equal(vn_file_write(stale, "1", 1, false, NULL), VERNIS_OK);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(vn_file_write(others[i], "1", 1, false, NULL), VERNIS_OK);
    assert_int_equal(symlink(others[0], link), 0);
    assert_int_equal(vn_file_out_open(&file, path, false, NULL), VERNIS_OK);
    assert_int_equal(vn_file_out_append(file, "page", 4, NULL), VERNIS_OK);
    assert_int_equal(entries(), 6);
    vn_temp_sweep(folder);
    assert_int_equal(entries(), 5);
    assert_false(vn_path_exists(stale));
    assert_int_equal(vn_file_out_close(&file, true, NULL), VERNIS_OK);
    assert_true(vn_path_exists(path));
    vn_temp_sweep(others[0]); /* no folder */
    for (size_t i = 0; i < 3; i++) {
        unlink(others[i]);
        vn_free(others[i]);
    }
    unlink(link), unlink(path);
    vn_free(link), vn_free(path), vn_free(stale);
}

static VernisStatus move_beside(void *opaque, const char *finished, const char *path, VnError *err) {
    assert_true(vn_path_exists(path));
    return rename(finished, opaque) ? vn_fail(err, VERNIS_E_IO, "test", "%s", finished) : VERNIS_OK;
}

static void a_file_is_put_where_the_caller_says(void **state) {
    (void)state;
    char *path = in_folder("picture"), *beside = in_folder("beside"), *nowhere = in_folder("no/where");
    assert_int_equal(vn_file_write(path, "old", 3, false, NULL), VERNIS_OK);
    assert_int_equal(vn_file_write_placed(path, "new", 3, move_beside, beside, NULL), VERNIS_OK);
    assert_int_equal(vn_file_write_placed(path, "new", 3, move_beside, nowhere, NULL), VERNIS_E_IO);
    assert_int_equal(entries(), 2);
    VnBytes bytes;
    assert_int_equal(vn_file_read(&bytes, beside, 100, NULL), VERNIS_OK);
    assert_memory_equal(bytes.data, "new", 3);
    vn_bytes_free(&bytes);
    unlink(path), unlink(beside);
    vn_free(path), vn_free(beside), vn_free(nowhere);
}

static void absolute_paths(void **state) {
    (void)state;
    char *path = vn_path_absolute("/no/such/./folder/a b.png"), *here = vn_path_absolute("x.png"), *up = vn_path_absolute("/x.png");
    char *cwd = getcwd(NULL, 0), *same = vn_path_join(cwd, "x.png"), *deep = vn_path_absolute("no such/deeper/x.png");
    char *wanted = vn_path_join(cwd, "no such/deeper/x.png");
    assert_string_equal(path, "/no/such/./folder/a b.png");
    assert_string_equal(here, same);
    assert_string_equal(up, "/x.png");
    assert_string_equal(deep, wanted);
    free(cwd);
    vn_free(path), vn_free(here), vn_free(up), vn_free(same), vn_free(deep), vn_free(wanted);
}

static void paths(void **state) {
    (void)state;
    assert_string_equal(vn_path_base("a/b c.png"), "b c.png");
    assert_string_equal(vn_path_ext("a.b/c"), "");
    assert_string_equal(vn_path_ext("a/.png"), "");
    assert_string_equal(vn_path_ext("x.tar.PNG"), ".PNG");
    char *deep = in_folder("x/y");
    VnError err = {0};
    assert_int_equal(vn_make_dirs(deep, &err), VERNIS_OK);
    assert_int_equal(vn_make_dirs(deep, &err), VERNIS_OK);
    assert_true(vn_path_is_dir(deep));
    rmdir(deep);
    char *file = in_folder("x/f");
    assert_int_equal(vn_file_write(file, "1", 1, false, &err), VERNIS_OK);
    char *below = vn_path_join(file, "z");
    assert_int_equal(vn_make_dirs(below, &err), VERNIS_E_IO);
    assert_true(vn_path_same(file, file));
    unlink(file);
    assert_false(vn_path_same(file, file));
    vn_free(deep), vn_free(file), vn_free(below);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(round_trip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_growing_file_takes_its_name_at_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refusals_name_the_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_disk_leaves_the_old_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stale_temporaries_are_swept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_is_put_where_the_caller_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(absolute_paths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(paths, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
