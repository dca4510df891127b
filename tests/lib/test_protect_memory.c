/* SPDX-License-Identifier: Apache-2.0 */
/* Protecting from memory: the same bytes as from file to file, on any threads, and nothing left behind when it fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vernis/vernis.h>

#include "base/fs.h"
#include "base/mem.h"

#define DATA VN_SOURCE_ROOT "/tests/image/data/"

static char folder[] = "/tmp/vernis-memory-XXXXXX";

typedef struct Seen {
    pthread_t thread; /* that called the library */
    size_t progress, loops;
    double last;
    size_t stop_at; /* cancel when asked this often; 0: never */
    size_t asked;
} Seen;

static void on_progress(void *opaque, const char *stage, double done) {
    Seen *seen = opaque;
    assert_non_null(stage);
    assert_true(done >= seen->last && done <= 1);
    assert_true(pthread_equal(seen->thread, pthread_self()));
    seen->last = done;
    seen->progress++;
}

static int on_cancelled(void *opaque) {
    Seen *seen = opaque;
    return seen->stop_at && ++seen->asked >= seen->stop_at;
}

typedef struct Share {
    VernisTask *task;
    void *argument;
    unsigned i;
} Share;

static void *share_main(void *argument) {
    Share *share = argument;
    share->task(share->argument, share->i);
    return NULL;
}

/* The simplest host: a thread for each share. */
static void thread_each(void *opaque, unsigned count, VernisTask *task, void *argument) {
    Seen *seen = opaque;
    pthread_t threads[8];
    Share shares[8];
    assert_true(count > 0 && count <= 3);
    assert_true(pthread_equal(seen->thread, pthread_self()));
    seen->loops++;
    for (unsigned i = 0; i < count; i++) {
        shares[i] = (Share){task, argument, i};
        assert_int_equal(pthread_create(&threads[i], NULL, share_main, &shares[i]), 0);
    }
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static VernisSession *open_session(Seen *seen, const char *threads, int hosted) {
    VernisSettings *settings = NULL;
    VernisSession *session = NULL;
    VernisError err = {0};
    char key[64];
    snprintf(key, sizeof key, "%s/artist.key", folder);
    const char *const values[][2] = {{"surrogate", VN_SOURCE_ROOT "/tests/nn/data/s8.safetensors"},
                                     {"steps", "1"},
                                     {"threads", threads},
                                     {"c2pa", "off"},
                                     {"artist-key", key},
                                     {"creator", "Ada Painter"}};
    VernisHooks hooks = {.opaque = seen,
                         .progress = on_progress,
                         .cancelled = on_cancelled,
                         .parallel_for = hosted ? thread_each : NULL};
    *seen = (Seen){.thread = pthread_self()};
    assert_int_equal(vernis_settings_open(&settings, &err), VERNIS_OK);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        assert_int_equal(vernis_settings_set(settings, values[i][0], values[i][1], &err), VERNIS_OK);
    if (vernis_session_open(&session, settings, &hooks, &err))
        fail_msg("%s", err.text);
    vernis_settings_close(&settings);
    return session;
}

static VnBytes read_data(const char *name) {
    char path[300];
    VnBytes bytes;
    snprintf(path, sizeof path, DATA "%s", name);
    assert_int_equal(vn_file_read(&bytes, path, 1 << 24, NULL), VERNIS_OK);
    return bytes;
}

/* What vernis_protect_file writes for the same picture. */
static VnBytes by_file(const char *name, VernisResult *result) {
    Seen seen;
    char input[300], output[300];
    VnBytes bytes;
    VernisError err = {0};
    snprintf(input, sizeof input, DATA "%s", name);
    snprintf(output, sizeof output, "%s/%s", folder, name);
    VernisSession *session = open_session(&seen, "2", 0);
    if (vernis_protect_file(session, input, output, result, &err))
        fail_msg("%s", err.text);
    vernis_session_close(&session);
    assert_int_equal(vn_file_read(&bytes, output, 1 << 24, &err), VERNIS_OK);
    unlink(output);
    return bytes;
}

static void memory_is_the_same_as_file(void **state) {
    (void)state;
    static const char *const names[] = {"rgba16.png", "ycc_420.jpg", "lossy_alpha.webp"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        VernisResult filed, result;
        VernisError err = {0};
        Seen seen;
        void *out;
        size_t size;
        VnBytes source = read_data(names[i]), expected = by_file(names[i], &filed);
        VernisSession *session = open_session(&seen, "3", 1);
        if (vernis_protect_memory(session, source.data, source.size, names[i], &out, &size, &result, &err))
            fail_msg("%s", err.text);
        assert_int_equal(size, expected.size);
        assert_memory_equal(out, expected.data, size);
        assert_true(seen.loops > 100 && seen.progress > 4 && seen.last == 1.0);
        assert_int_equal(result.bytes_in, source.size);
        assert_int_equal(result.bytes_out, size);
        assert_int_equal(result.width, filed.width);
        assert_true(result.psnr == filed.psnr && result.shift_count == 1 &&
                    result.shifts[0].direct == filed.shifts[0].direct && result.shifts[0].direct > 0);
        vernis_free(out);
        vernis_session_close(&session);
        vn_bytes_free(&source);
        vn_bytes_free(&expected);
        assert_int_equal(vn_mem_used(), 0);
    }
}

/* Protect; expect a failure that says `words` and leaves nothing. */
static void expect_failure(VernisSession *session, const void *bytes, size_t size, const char *name, VernisStatus status,
                           const char *words) {
    VernisResult result;
    VernisError err = {0};
    void *out = &result;
    size_t out_size = 1, before = vn_mem_used();
    assert_int_equal(vernis_protect_memory(session, bytes, size, name, &out, &out_size, &result, &err), status);
    assert_int_equal(err.status, status);
    assert_null(out);
    assert_int_equal(out_size, 0);
    assert_int_equal(vn_mem_used(), before);
    if (!strstr(err.text, words))
        fail_msg("\"%s\" does not say \"%s\"", err.text, words);
    assert_int_equal(vernis_protect_memory(session, bytes, size, name, &out, &out_size, &result, NULL), status);
}

static void failures_name_the_picture(void **state) {
    (void)state;
    Seen seen;
    VernisSession *session = open_session(&seen, "1", 0);
    VnBytes png = read_data("rgb8.png");
    expect_failure(session, NULL, 0, NULL, VERNIS_E_ARGUMENT, "the picture: ");
    expect_failure(session, png.data, 0, "layer 1", VERNIS_E_ARGUMENT, "layer 1: ");
    expect_failure(session, "not a picture", 13, "layer 1", VERNIS_E_FORMAT, "layer 1: ");
    expect_failure(session, png.data, png.size, "lies.jpg", VERNIS_E_FORMAT, "lies.jpg: ");
    for (size_t cut = 1; cut < png.size; cut += png.size / 7) {
        VernisResult result;
        VernisError err = {0};
        void *out;
        size_t size;
        seen.last = 0;
        assert_int_not_equal(vernis_protect_memory(session, png.data, cut, "cut.png", &out, &size, &result, &err),
                             VERNIS_OK);
        assert_null(out);
        assert_non_null(strstr(err.text, "cut.png"));
    }
    vn_bytes_free(&png);
    vernis_session_close(&session);
    assert_int_equal(vn_mem_used(), 0);
}

static void cancelling_gives_nothing(void **state) {
    (void)state;
    VnBytes png = read_data("rgb8.png");
    for (size_t at = 1; at < 3; at++) {
        Seen seen;
        VernisSession *session = open_session(&seen, "2", 1);
        VernisResult result;
        VernisError err = {0};
        void *out;
        size_t size;
        seen.stop_at = at;
        assert_int_equal(vernis_protect_memory(session, png.data, png.size, "a.png", &out, &size, &result, &err),
                         VERNIS_E_CANCELLED);
        assert_null(out);
        vernis_session_close(&session);
    }
    vn_bytes_free(&png);
    assert_int_equal(vn_mem_used(), 0);
}

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    char key[64];
    snprintf(key, sizeof key, "%s/artist.key", folder);
    unlink(key);
    return rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_the_same_as_file),
        cmocka_unit_test(failures_name_the_picture),
        cmocka_unit_test(cancelling_gives_nothing),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
