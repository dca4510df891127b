/* SPDX-License-Identifier: Apache-2.0 */
/* The base room: errors, memory, JSON bounds, the pool, random numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/rng.h"

static void first_error_wins(void **state) {
    (void)state;
    VnError err = {0};
    assert_int_equal(vn_fail(&err, VERNIS_E_FORMAT, "png", "row %d", 3), VERNIS_E_FORMAT);
    assert_int_equal(vn_fail(&err, VERNIS_E_IO, "file", "later"), VERNIS_E_IO);
    assert_int_equal(err.status, VERNIS_E_FORMAT);
    assert_string_equal(err.text, "row 3");
    assert_string_equal(err.where, "png");
    assert_int_equal(vn_error_name(&err, "a b.png"), VERNIS_E_FORMAT);
    assert_string_equal(err.text, "a b.png: row 3");
    vn_error_name(&err, "a b.png");
    assert_string_equal(err.text, "a b.png: row 3");
    assert_int_equal(vn_fail(NULL, VERNIS_E_LIMIT, "x", "no room for it"), VERNIS_E_LIMIT);
}

static void errors_are_one_printable_line(void **state) {
    (void)state;
    VnError err = {0};
    vn_fail(&err, VERNIS_E_IO, "file", "%s: bad\nname", "\x1b[31mred");
    assert_string_equal(err.text, "?[31mred: bad?name");
    char name[2000];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    vn_error_name(&err, name);
    assert_true(strlen(err.text) < sizeof err.text);
    assert_non_null(strstr(err.text, "red: bad"));
}

static void memory_is_aligned_and_counted(void **state) {
    (void)state;
    size_t before = vn_mem_used();
    for (size_t size = 1; size < 5000; size = size * 3 + 1) {
        uint8_t *block = vn_malloc(size);
        assert_int_equal((uintptr_t)block % 64, 0);
        assert_int_equal(vn_mem_used(), before + size);
        memset(block, 1, size);
        block = vn_realloc(block, size * 2);
        assert_int_equal(block[size - 1], 1);
        vn_free(block);
    }
    assert_int_equal(vn_mem_used(), before);
    vn_mem_peak_reset();
    vn_free(vn_malloc(1000));
    assert_int_equal(vn_mem_peak(), before + 1000);
    assert_null(vn_malloc(0));
    assert_null(vn_malloc(SIZE_MAX - 8));
    assert_null(vn_calloc(SIZE_MAX / 2, 3));
}

static void memory_limit_refuses(void **state) {
    (void)state;
    VnError err = {0};
    vn_mem_limit(vn_mem_used() + 1000);
    assert_null(vn_malloc(1001));
    void *block = vn_malloc(900);
    assert_non_null(block);
    assert_null(vn_malloc(200));
    assert_int_equal(vn_no_memory(&err, "x", 200, "a row"), VERNIS_E_MEMORY);
    assert_non_null(strstr(err.text, "memory limit"));
    vn_mem_limit(0);
    vn_free(block);
    block = vn_malloc(2000);
    assert_non_null(block);
    vn_free(block);
}

static void plan_books_then_allocates(void **state) {
    (void)state;
    VnPlan plan = {0};
    size_t a = vn_plan_book(&plan, 10), b = vn_plan_book(&plan, 100);
    assert_int_equal(a, 0);
    assert_int_equal(b, 64);
    assert_int_equal(vn_plan_commit(&plan, NULL), VERNIS_OK);
    memset(vn_plan_at(&plan, b), 7, 100);
    vn_plan_free(&plan);
    vn_plan_book(&plan, SIZE_MAX - 100);
    vn_plan_book(&plan, 1000);
    VnError err = {0};
    assert_int_equal(vn_plan_commit(&plan, &err), VERNIS_E_MEMORY);
}

static VernisStatus parse(const char *text, VnError *err) {
    json_t *root;
    *err = (VnError){0};
    VernisStatus status = vn_json_parse(&root, text, strlen(text), 10000, "test", err);
    assert_true(status ? !root : root != NULL);
    json_decref(root);
    return status;
}

static void json_bounds(void **state) {
    (void)state;
    VnError err;
    assert_int_equal(parse("{\"a\": [1, 2.5, \"x\"]}", &err), VERNIS_OK);
    assert_int_equal(parse("[1]", &err), VERNIS_E_FORMAT);
    assert_int_equal(parse("", &err), VERNIS_E_FORMAT);
    assert_int_equal(parse("{\"a\":1,\"a\":2}", &err), VERNIS_E_FORMAT);
    assert_non_null(strstr(err.text, "duplicate"));
    assert_int_equal(parse("{\"a\":1} x", &err), VERNIS_E_FORMAT);
    assert_int_equal(parse("{\n\"a\":,}", &err), VERNIS_E_FORMAT);
    assert_non_null(strstr(err.text, "line 2"));
    char deep[300] = "{\"a\":";
    memset(deep + 5, '[', 64);
    memset(deep + 69, ']', 64);
    strcpy(deep + 133, "}");
    assert_int_equal(parse(deep, &err), VERNIS_E_LIMIT);
    memcpy(deep, "{\"a\":", 5);
    memset(deep + 5, '[', 63);
    memset(deep + 68, ']', 63);
    strcpy(deep + 131, "}");
    assert_int_equal(parse(deep, &err), VERNIS_OK);
    json_t *root = NULL;
    assert_int_equal(vn_json_parse(&root, "{}        ", 10, 9, "test", &err), VERNIS_E_LIMIT);
    assert_null(root);
}

static void count_visits(void *context, unsigned i, unsigned thread) {
    assert_true(thread < 7);
    __atomic_fetch_add(&((unsigned *)context)[i], 1, __ATOMIC_RELAXED);
}

static void pool_visits_each_once(void **state) {
    (void)state;
    for (unsigned threads = 1; threads <= 7; threads += 3) {
        VnPool *pool;
        assert_int_equal(vn_pool_open(&pool, threads, NULL), VERNIS_OK);
        assert_int_equal(vn_pool_threads(pool), threads);
        for (unsigned count = 0; count < 200; count += 13) {
            unsigned seen[200] = {0};
            vn_pool_run(pool, count, count_visits, seen);
            for (unsigned i = 0; i < 200; i++)
                assert_int_equal(seen[i], i < count);
        }
        vn_pool_close(&pool);
        assert_null(pool);
    }
    VnPool *none;
    VnError err = {0};
    assert_int_equal(vn_pool_open(&none, 1000, &err), VERNIS_E_ARGUMENT);
}

/* A host that runs shares backwards, all on one thread: none may wait for another. */
static void run_backwards(void *opaque, unsigned count, VnShare *share, void *argument) {
    unsigned *calls = opaque;
    calls[count]++;
    for (unsigned i = count; i-- > 0;)
        share(argument, i);
}

static void hosted_pool_visits_each_once(void **state) {
    (void)state;
    unsigned calls[6] = {0};
    VnPool *pool;
    assert_int_equal(vn_pool_open_on(&pool, 5, run_backwards, calls, NULL), VERNIS_OK);
    assert_int_equal(vn_pool_threads(pool), 5);
    for (unsigned count = 0; count <= 8; count++) {
        unsigned seen[9] = {0};
        vn_pool_run(pool, count, count_visits, seen);
        for (unsigned i = 0; i < 9; i++)
            assert_int_equal(seen[i], i < count);
    }
    vn_pool_close(&pool);
    assert_null(pool);
    /* No more shares than there is work; a loop of none or one is no loop. */
    const unsigned expected[6] = {0, 0, 1, 1, 1, 4};
    assert_memory_equal(calls, expected, sizeof calls);
}

static void random_numbers_have_their_moments(void **state) {
    (void)state;
    enum { N = 20000 };
    double sum = 0, squares = 0, normal = 0, normal_squares = 0;
    for (uint64_t i = 0; i < N; i++) {
        double u = (double)vn_rng_unit(5, 1, i), g = (double)vn_rng_normal(5, 2, i);
        assert_true(u >= 0 && u < 1);
        sum += u, squares += u * u, normal += g, normal_squares += g * g;
    }
    assert_float_equal(sum / N, 0.5, 0.01);
    assert_float_equal(squares / N, 1.0 / 3, 0.01);
    assert_float_equal(normal / N, 0, 0.03);
    assert_float_equal(normal_squares / N, 1, 0.04);
    assert_true(vn_rng_u64(1, 2, 3) == vn_rng_u64(1, 2, 3));
    assert_true(vn_rng_u64(1, 2, 3) != vn_rng_u64(1, 3, 2));
    assert_true(vn_rng_u64(1, 2, 3) != vn_rng_u64(2, 1, 3));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_error_wins),
        cmocka_unit_test(errors_are_one_printable_line),
        cmocka_unit_test(memory_is_aligned_and_counted),
        cmocka_unit_test(memory_limit_refuses),
        cmocka_unit_test(plan_books_then_allocates),
        cmocka_unit_test(json_bounds),
        cmocka_unit_test(pool_visits_each_once),
        cmocka_unit_test(hosted_pool_visits_each_once),
        cmocka_unit_test(random_numbers_have_their_moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
