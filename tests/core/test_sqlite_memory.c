/* SQLite's memory in a program of our own: what is given back is given out again, and nothing is lost with a thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <pthread.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/memory.h"
#include "store/database.h"

static void test_a_block_is_given_out_again(void **state) {
    (void)state;
    od__memory_fail_at(0);
    void *first = sqlite3_malloc(100), *second = sqlite3_malloc(128), *other = sqlite3_malloc(129);
    assert_int_equal(od__memory_fail_at(0), 3);
    assert_int_equal(sqlite3_msize(first), 128);
    assert_int_equal(sqlite3_msize(second), 128);
    assert_int_equal(sqlite3_msize(other), 192);
    sqlite3_free(first);
    sqlite3_free(second);
    assert_ptr_equal(sqlite3_malloc(65), second);
    assert_ptr_equal(sqlite3_malloc(128), first);
    assert_int_equal(od__memory_fail_at(0), 0);
    sqlite3_free(other);
    sqlite3_free(second);
    sqlite3_free(first);
    sqlite3_free(NULL);
}

static void test_a_block_grows(void **state) {
    (void)state;
    char *text = sqlite3_malloc(60);
    strcpy(text, "as it was");
    assert_ptr_equal(sqlite3_realloc(text, 64), text);
    text = sqlite3_realloc(text, 5000);
    assert_int_equal(sqlite3_msize(text), 5056);
    assert_string_equal(text, "as it was");
    text = sqlite3_realloc(text, 60);
    assert_string_equal(text, "as it was");
    sqlite3_free(text);
}

static void test_only_so_many_are_kept(void **state) {
    (void)state;
    void *blocks[40], *large = sqlite3_malloc(2049);
    for (size_t i = 0; i < 40; i++)
        assert_non_null(blocks[i] = sqlite3_malloc(1000));
    for (size_t i = 0; i < 40; i++)
        sqlite3_free(blocks[i]);
    od__memory_fail_at(0);
    for (size_t i = 0; i < 40; i++)
        assert_non_null(blocks[i] = sqlite3_malloc(1000));
    assert_int_equal(od__memory_fail_at(0), 8);
    sqlite3_free(large);
    assert_non_null(large = sqlite3_malloc(2049));
    assert_int_equal(od__memory_fail_at(0), 1);
    sqlite3_free(large);
    for (size_t i = 0; i < 40; i++)
        sqlite3_free(blocks[i]);
}

static void test_memory_runs_out(void **state) {
    (void)state;
    void *block = sqlite3_malloc(60);
    od__memory_fail_at(1);
    assert_null(sqlite3_malloc(3000));
    od__memory_fail_at(1);
    assert_null(sqlite3_realloc(block, 3000));
    od__memory_fail_at(0);
    assert_int_equal(sqlite3_msize(block), 64);
    sqlite3_free(block);
}

static void *work(void *given) {
    sqlite3_free(given);
    void *block = sqlite3_malloc(300);
    sqlite3_free(sqlite3_malloc(300));
    return block;
}

/* The sanitizers say whether anything is lost. */
static void test_a_thread_leaves_nothing_behind(void **state) {
    (void)state;
    pthread_t thread;
    void *block = NULL;
    assert_int_equal(pthread_create(&thread, NULL, work, sqlite3_malloc(700)), 0);
    assert_int_equal(pthread_join(thread, &block), 0);
    assert_int_equal(sqlite3_msize(block), 320);
    sqlite3_free(block);
}

/* As of a process in which something else has used SQLite before. */
static void test_sqlite_in_use_goes_on_as_it_was(void **state) {
    (void)state;
    od_database *database = NULL;
    int64_t one = 0;
    od_query query;
    assert_int_equal(od__database_open(":memory:", true, &database, NULL), OD_OK);
    od__database_own_process();
    od__query(&query, database, NULL, "SELECT 1 WHERE ?2 = 'x' AND ?1 = 7", "i", INT64_C(7));
    od__query_more(&query, 2, "t", "x");
    while (od__query_row(&query))
        one = od__query_integer(&query, 0);
    assert_int_equal(od__query_end(&query), OD_OK);
    assert_int_equal(one, 1);
    od__database_close(database);
}

static void test_a_parameter_that_a_query_does_not_have(void **state) {
    (void)state;
    od_database *database = NULL;
    od_error err = OD_ERROR_INIT;
    od_query query;
    assert_int_equal(od__database_open(":memory:", true, &database, NULL), OD_OK);
    od__query(&query, database, &err, "SELECT ?1", "i", INT64_C(7));
    od__query_more(&query, 2, "t", "x");
    od__query_more(&query, 1, "t", "not given to a query that has failed");
    assert_false(od__query_row(&query));
    assert_int_equal(od__query_end(&query), OD_INTERNAL);
    assert_string_equal(err.message, "the store :memory:: column index out of range");
    od__database_close(database);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_block_is_given_out_again),
        cmocka_unit_test(test_a_block_grows),
        cmocka_unit_test(test_only_so_many_are_kept),
        cmocka_unit_test(test_memory_runs_out),
        cmocka_unit_test(test_a_thread_leaves_nothing_behind),
        cmocka_unit_test(test_sqlite_in_use_goes_on_as_it_was),
        cmocka_unit_test(test_a_parameter_that_a_query_does_not_have),
    };
    od__database_own_process();
    if (sqlite3_initialize() != SQLITE_OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return sqlite3_shutdown() == SQLITE_OK ? failed : 1;
}
