/* SQLite's memory in a program of our own: it comes through our door. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/memory.h"
#include "store/database.h"

static void test_it_comes_through_our_door(void **state) {
    (void)state;
    od__memory_fail_at(0);
    char *text = sqlite3_malloc(60);
    strcpy(text, "as it was");
    text = sqlite3_realloc(text, 5000);
    assert_int_equal(od__memory_fail_at(0), 2);
    assert_true(sqlite3_msize(text) >= 5000);
    assert_string_equal(text, "as it was");
    sqlite3_free(text);
    sqlite3_free(NULL);
}

static void test_memory_runs_out(void **state) {
    (void)state;
    char *block = sqlite3_malloc(60);
    strcpy(block, "as it was");
    od__memory_fail_at(1);
    assert_null(sqlite3_malloc(3000));
    od__memory_fail_at(1);
    assert_null(sqlite3_realloc(block, 3000));
    od__memory_fail_at(0);
    assert_string_equal(block, "as it was");
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
        cmocka_unit_test(test_it_comes_through_our_door),
        cmocka_unit_test(test_memory_runs_out),
        cmocka_unit_test(test_sqlite_in_use_goes_on_as_it_was),
        cmocka_unit_test(test_a_parameter_that_a_query_does_not_have),
    };
    od__database_own_process();
    if (sqlite3_initialize() != SQLITE_OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return sqlite3_shutdown() == SQLITE_OK ? failed : 1;
}
