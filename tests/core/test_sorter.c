/* The sorter: order, ties, records of any size, runs in a scratch file, memory and files that fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"
#include "store/sorter.h"

#define BESIDE "/tmp/outdial-sorter-test"

static uint64_t seed;

static uint64_t random_below(uint64_t limit) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % limit;
}

static void add_text(od_sorter *sorter, const char *key, const char *rest) {
    char record[128];
    int length = snprintf(record, sizeof(record), "%s%s", key, rest);
    assert_int_equal(od__sorter_add(sorter, record, (size_t)length, strlen(key), NULL), OD_OK);
}

static void assert_next(od_sorter *sorter, const char *expected) {
    od_sorted record;
    bool end;
    assert_int_equal(od__sorter_next(sorter, &record, &end, NULL), OD_OK);
    if (expected == NULL) {
        assert_true(end);
        return;
    }
    assert_false(end);
    assert_int_equal(record.length, strlen(expected));
    assert_memory_equal(record.bytes, expected, record.length);
}

static void test_order(void **state) {
    (void)state;
    od_sorter *sorter;
    assert_int_equal(od__sorter_new(BESIDE, &sorter, NULL), OD_OK);
    const char *const keys[] = { "b", "", "ab", "a", "\xc3\xa4", "abcdefghij", "abcdefghii", "a" };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        add_text(sorter, keys[i], i == 3 ? "=first" : i == 7 ? "=last" : "");
    assert_int_equal(od__sorter_count(sorter), 8);
    assert_int_equal(od__sorter_sort(sorter, NULL), OD_OK);
    const char *const sorted[] = { "", "a=last", "a=first", "ab", "abcdefghii", "abcdefghij", "b", "\xc3\xa4", NULL, NULL };
    for (size_t i = 0; i < sizeof(sorted) / sizeof(sorted[0]); i++)
        assert_next(sorter, sorted[i]);
    od__sorter_free(sorter);
}

static void test_nothing(void **state) {
    (void)state;
    od_sorter *sorter;
    assert_int_equal(od__sorter_new(BESIDE, &sorter, NULL), OD_OK);
    assert_int_equal(od__sorter_sort(sorter, NULL), OD_OK);
    assert_next(sorter, NULL);
    od__sorter_free(sorter);
    od__sorter_free(NULL);
}

/* 200000 records need several runs; keys come up to four times, in different runs as well. */
static void test_many_runs(void **state) {
    (void)state;
    enum { COUNT = 200000, KEYS = 50000 };
    od_sorter *sorter;
    int32_t *last = malloc(KEYS * sizeof(*last));
    assert_int_equal(od__sorter_new(BESIDE, &sorter, NULL), OD_OK);
    seed = 1;
    for (int32_t i = 0; i < COUNT; i++) {
        char record[64];
        uint64_t key = random_below(KEYS);
        last[key] = i;
        int length = snprintf(record, sizeof(record), "%08llu", (unsigned long long)key);
        memcpy(record + length, &i, sizeof(i));
        assert_int_equal(od__sorter_add(sorter, record, (size_t)length + sizeof(i), (size_t)length, NULL), OD_OK);
    }
    assert_int_equal(od__sorter_sort(sorter, NULL), OD_OK);
    char before[9] = "";
    int32_t before_at = 0, seen = 0;
    for (;; seen++) {
        od_sorted record;
        bool end;
        assert_int_equal(od__sorter_next(sorter, &record, &end, NULL), OD_OK);
        if (end)
            break;
        int32_t at;
        char key[9] = "";
        assert_int_equal(record.length, 8 + sizeof(at));
        memcpy(key, record.bytes, 8);
        memcpy(&at, record.bytes + 8, sizeof(at));
        int order = strcmp(before, key);
        assert_true(order < 0 || (order == 0 && at < before_at)); /* the one added last comes first */
        if (order < 0)
            assert_int_equal(at, last[strtol(key, NULL, 10)]);
        memcpy(before, key, sizeof(key));
        before_at = at;
    }
    assert_int_equal(seen, COUNT);
    od__sorter_free(sorter);
    free(last);
}

/* Records larger than what a run's reader holds at first, next to small ones. */
static void test_large_records(void **state) {
    (void)state;
    enum { COUNT = 40 };
    od_sorter *sorter;
    char *large = malloc(OD_LIMIT_SORTED_BYTES + 1);
    assert_int_equal(od__sorter_new(BESIDE, &sorter, NULL), OD_OK);
    for (int i = 0; i < COUNT; i++) {
        size_t length = i % 4 == 0 ? OD_LIMIT_SORTED_BYTES : i % 4 == 1 ? 70000 : 5;
        memset(large, 'a' + i % 26, length);
        snprintf(large, 5, "%04d", (i * 7) % COUNT);
        large[4] = 'x';
        assert_int_equal(od__sorter_add(sorter, large, length, 4, NULL), OD_OK);
    }
    assert_int_equal(od__sorter_sort(sorter, NULL), OD_OK);
    for (int key = 0; key < COUNT; key++) {
        od_sorted record;
        bool end;
        int i = 0;
        while ((i * 7) % COUNT != key)
            i++;
        assert_int_equal(od__sorter_next(sorter, &record, &end, NULL), OD_OK);
        assert_false(end);
        assert_int_equal(strtol((char[5]){ record.bytes[0], record.bytes[1], record.bytes[2], record.bytes[3], '\0' }, NULL, 10), key);
        assert_int_equal(record.length, i % 4 == 0 ? OD_LIMIT_SORTED_BYTES : i % 4 == 1 ? 70000 : 5);
        if (record.length > 5)
            assert_int_equal(record.bytes[record.length - 1], 'a' + i % 26);
    }
    assert_next(sorter, NULL);
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od__sorter_add(sorter, large, OD_LIMIT_SORTED_BYTES + 1, 4, &err), OD_INTERNAL);
    od__sorter_free(sorter);
    free(large);
}

static void test_no_place_for_the_scratch_file(void **state) {
    (void)state;
    od_sorter *sorter;
    char *record = calloc(1, OD_LIMIT_SORTED_BYTES);
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od__sorter_new("/tmp/no such folder/store.db", &sorter, NULL), OD_OK);
    assert_int_equal(od__sorter_add(sorter, record, OD_LIMIT_SORTED_BYTES - 100, 4, &err), OD_OK);
    assert_int_equal(od__sorter_add(sorter, record, OD_LIMIT_SORTED_BYTES - 100, 4, &err), OD_OK);
    assert_int_equal(od__sorter_add(sorter, record, OD_LIMIT_SORTED_BYTES - 100, 4, &err), OD_UNAVAILABLE);
    assert_string_equal(err.message, "the scratch file beside /tmp/no such folder/store.db cannot be made: No such file or directory");
    od__sorter_free(sorter);
    free(record);
}

static od_status sort_large(void) {
    od_sorter *sorter = NULL;
    od_error err = OD_ERROR_INIT;
    char *record = calloc(1, OD_LIMIT_SORTED_BYTES);
    od_status status = od__sorter_new(BESIDE, &sorter, &err);
    for (int i = 0; i < 7 && status == OD_OK; i++)
        status = od__sorter_add(sorter, record, i < 6 ? 1000000 : OD_LIMIT_SORTED_BYTES, 4, &err);
    if (status == OD_OK)
        status = od__sorter_sort(sorter, &err);
    bool end = false;
    for (int i = 0; status == OD_OK && !end; i++) {
        od_sorted out;
        status = od__sorter_next(sorter, &out, &end, &err);
    }
    od__sorter_free(sorter);
    free(record);
    return status;
}

static void test_each_allocation_fails_once(void **state) {
    (void)state;
    for (size_t n = 1;; n++) {
        od__memory_fail_at(n);
        od_status status = sort_large();
        bool hit = od__memory_fail_at(0) >= n;
        assert_int_equal(status, hit ? OD_OUT_OF_MEMORY : OD_OK);
        if (!hit)
            break;
        assert_true(n < 100);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_many_runs),
        cmocka_unit_test(test_large_records),
        cmocka_unit_test(test_no_place_for_the_scratch_file),
        cmocka_unit_test(test_each_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
