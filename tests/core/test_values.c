/* Values as they lie in memory: objects of any size, what may be done while iterating, what is freed, and memory that runs
 * out. What they are as JSON is tested in test_json.c. */
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "json/value.h"

static const char *name_of(size_t i, char name[48]) {
    snprintf(name, 48, "%s%zu", i % 2 == 0 ? "member_of_an_object_" : "m", i);
    return name;
}

static od_value *object_of(size_t count) {
    char name[48];
    od_value *object = od_value_new_object();
    for (size_t i = 0; i < count; i++)
        assert_int_equal(od_value_set(object, name_of(i, name), od_value_new_integer((int64_t)i), NULL), OD_OK);
    return object;
}

static char *written(const od_value *value) {
    char *text;
    assert_int_equal(od_value_format(value, &text, NULL, NULL), OD_OK);
    return text;
}

static void assert_same(const od_value *value, const od_value *other) {
    char *text = written(value), *same = written(other);
    assert_string_equal(text, same);
    od_text_free(text);
    od_text_free(same);
}

/* Every member is found and is where it was put; what was removed is not, and comes last when it is put again. */
static void objects_of_any_size_keep_their_order(void **state) {
    (void)state;
    static const size_t counts[] = {0, 1, 2, 7, 8, 9, 16, 17, 63, 64, 65, 127, 128, 129, 1000, 100000};
    for (size_t row = 0; row < sizeof counts / sizeof counts[0]; row++) {
        size_t count = counts[row], left = 0;
        char name[48];
        od_value *object = object_of(count);
        assert_int_equal(od_value_length(object), count);
        assert_null(od_value_get(object, name_of(count, name)));
        for (size_t i = 0; i < count; i += 3)
            assert_int_equal(od_value_set(object, name_of(i, name), od_value_new_string("other"), NULL), OD_OK);
        for (size_t i = 1; i < count; i += 3)
            od__value_remove(object, name_of(i, name));

        void *cursor = NULL;
        const char *key;
        const od_value *member;
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(od_value_get(object, name_of(i, name)) != NULL, i % 3 != 1);
            if (i % 3 == 1)
                continue;
            assert_true(od_value_next(object, &cursor, &key, &member));
            assert_string_equal(key, name);
            assert_ptr_equal(member, od_value_get(object, name));
            assert_int_equal(od_value_type(member), i % 3 == 0 ? OD_TYPE_STRING : OD_TYPE_INTEGER);
            left++;
        }
        assert_false(od_value_next(object, &cursor, &key, &member));
        assert_int_equal(od_value_length(object), left);
        od_value *copy = od__value_copy(object);
        assert_same(copy, object);

        if (count > 1) {
            assert_int_equal(od_value_set(object, "m1", od_value_new_null(), NULL), OD_OK);
            assert_int_equal(od_value_set(copy, "m1", od_value_new_null(), NULL), OD_OK);
            assert_same(copy, object);
            for (cursor = NULL; od_value_next(object, &cursor, &key, &member);)
                continue;
            assert_string_equal(key, "m1");
        }
        od_value_unref(copy);
        od_value_unref(object);
    }
}

static void members_come_and_go(void **state) {
    (void)state;
    od_value *object = od_value_new_object();
    char name[48];
    for (size_t i = 0; i < 10000; i++) {
        assert_int_equal(od_value_set(object, name_of(i, name), od_value_new_integer((int64_t)i), NULL), OD_OK);
        if (i >= 3)
            od__value_remove(object, name_of(i - 3, name));
    }
    char *text = written(object);
    assert_string_equal(text, "{\"m9997\":9997,\"member_of_an_object_9998\":9998,\"m9999\":9999}");
    od_text_free(text);
    od_value_unref(object);
}

/* Keys with the same beginning, the same length, or nothing in them are told apart. */
static void keys_are_told_apart(void **state) {
    (void)state;
    static const char *const keys[] = {"", "a", "b", "ab", "ba", "aa", "abcdefgh", "abcdefgi", "abcdefghi", "bbcdefgh",
                                       "\xc3\xa9", "\xc3\xa8", "A"};
    for (size_t more = 0; more <= 100; more += 100) {
        od_value *object = object_of(more);
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
            assert_int_equal(od_value_set(object, keys[i], od_value_new_integer((int64_t)i), NULL), OD_OK);
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
            assert_int_equal(od_value_integer(od_value_get(object, keys[i])), i);
        assert_int_equal(od_value_length(object), more + sizeof keys / sizeof keys[0]);
        assert_null(od_value_get(object, "abcdefg"));
        od_value_unref(object);
    }
}

static void a_key_twice_is_refused_in_a_large_object_too(void **state) {
    (void)state;
    od_value *object = object_of(500), *value;
    char *text = written(object);
    size_t length = strlen(text);
    char *twice = malloc(length + 16);
    snprintf(twice, length + 16, "%.*s,\"m7\":1}", (int)length - 1, text);
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od_value_parse(twice, strlen(twice), &value, &err), OD_PROTOCOL);
    char expected[96];
    snprintf(expected, sizeof expected, "line 1, column %zu: duplicate object key", length + 4);
    assert_string_equal(err.message, expected);
    assert_int_equal(od_value_parse(text, length, &value, &err), OD_OK);
    assert_same(value, object);
    od_value_unref(value);
    free(twice);
    od_text_free(text);
    od_value_unref(object);
}

/* As the walkers do it: one step ahead, the one before may be removed or replaced. */
static void members_are_removed_and_replaced_while_iterating(void **state) {
    (void)state;
    static const size_t counts[] = {1, 5, 8, 9, 64, 65, 300};
    for (size_t row = 0; row < sizeof counts / sizeof counts[0]; row++) {
        od_value *object = object_of(counts[row]);
        void *cursor = NULL;
        const char *key;
        const od_value *member;
        size_t seen = 0;
        bool more = od_value_next(object, &cursor, &key, &member);
        while (more) {
            const char *this_key = key;
            void *this_cursor = cursor;
            int64_t this_integer = od_value_integer(member);
            assert_int_equal(this_integer, seen++);
            more = od_value_next(object, &cursor, &key, &member);
            if (this_integer % 2 == 0)
                od__value_remove(object, this_key);
            else
                assert_true(od__value_replace_member(object, this_cursor, od_value_new_integer(-this_integer)));
        }
        assert_int_equal(seen, counts[row]);
        assert_int_equal(od_value_length(object), counts[row] / 2);
        cursor = NULL;
        for (int64_t i = 1; od_value_next(object, &cursor, &key, &member); i += 2)
            assert_int_equal(od_value_integer(member), -i);
        assert_false(od__value_replace_member(object, cursor, NULL));
        assert_false(od__value_replace_member(object, NULL, od_value_new_string("nowhere")));
        od_value_unref(object);
    }
}

static void a_key_stays_where_it_is(void **state) {
    (void)state;
    od_value *object = object_of(5);
    const char *keys[5], *key;
    char name[48];
    void *cursor = NULL;
    for (size_t i = 0; od_value_next(object, &cursor, &key, NULL); i++)
        keys[i] = key;
    od__value_remove(object, keys[2]);
    for (size_t i = 5; i < 400; i++)
        assert_int_equal(od_value_set(object, name_of(i, name), od_value_new_null(), NULL), OD_OK);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(keys[i], name_of(i, name));
    assert_int_equal(od_value_set(object, keys[2], od_value_new_boolean(true), NULL), OD_OK);
    assert_true(od_value_boolean(od_value_get(object, "member_of_an_object_2")));
    od_value_unref(object);
}

static void integers_of_any_size(void **state) {
    (void)state;
    static const int64_t rows[] = {0, 1, -1, INT32_MAX, INT32_MIN, INT64_MAX / 2, INT64_MAX / 2 + 1, INT64_MIN / 2,
                                   INT64_MIN / 2 - 1, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        od_value *value = od_value_new_integer(rows[i]), *copy = od__value_copy(value), *read;
        char expected[32];
        snprintf(expected, sizeof expected, "%" PRId64, rows[i]);
        assert_int_equal(od_value_type(value), OD_TYPE_INTEGER);
        assert_true(od_value_integer(value) == rows[i] && od_value_integer(copy) == rows[i]);
        assert_true(od_value_number(value) == (double)rows[i]);
        assert_false(od_value_boolean(value));
        assert_null(od_value_string(value));
        assert_null(od_value_get(value, "a"));
        assert_null(od_value_at(value, 0));
        assert_int_equal(od_value_length(value), 0);
        char *text = written(value);
        assert_string_equal(text, expected);
        assert_int_equal(od_value_parse(text, strlen(text), &read, NULL), OD_OK);
        assert_true(od_value_integer(read) == rows[i]);
        od_text_free(text);
        od_value_unref(od_value_ref(value));
        od_value_unref(value);
        od__value_wipe(copy);
        od_value_unref(read);
    }
}

/* Deeper than any stack: what a program builds is not bounded as a text is. */
static void deep_values_are_freed(void **state) {
    (void)state;
    for (int objects = 0; objects < 2; objects++) {
        od_value *value = od_value_new_string("innermost");
        for (size_t depth = 0; depth < 200000; depth++) {
            od_value *outer = objects ? od__value_new_object_for(1, 2) : od__value_new_array_for(2);
            if (objects)
                assert_int_equal(od_value_set(outer, "a", value, NULL), OD_OK);
            else
                assert_int_equal(od_value_add(outer, value, NULL), OD_OK);
            value = outer;
        }
        assert_null(od__value_copy(value));
        od_value_unref(value);
    }
}

#define TURNS 20000

static void *take_and_give_back(void *shared) {
    for (int i = 0; i < TURNS; i++) {
        od_value *mine = od_value_ref(od_value_get(shared, "text"));
        od_value_unref(od_value_ref(shared));
        od_value_unref(mine);
    }
    od_value_unref(shared);
    return NULL;
}

/* Threads may share what none of them changes; whoever is last frees it. */
static void threads_share_a_value(void **state) {
    (void)state;
    pthread_t threads[3];
    od_value *shared = od_value_new_object();
    assert_int_equal(od_value_set(shared, "text", od_value_new_string("t"), NULL), OD_OK);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give_back, od_value_ref(shared)), 0);
    od_value_unref(shared);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* ---- memory ---- */

static od_value *sample;
static char *sample_text;

static od_status build(od_value **out) {
    char name[48];
    od_value *object = *out = od_value_new_object(), *array = od_value_new_array();
    if (object == NULL || array == NULL) {
        od_value_unref(array);
        return OD_OUT_OF_MEMORY;
    }
    od_status status = od_value_set(object, "list", array, NULL);
    for (size_t i = 0; i < 100 && status == OD_OK; i++) {
        status = od_value_set(object, name_of(i, name), od_value_new_string("text"), NULL);
        if (status == OD_OK)
            status = od_value_add(array, i % 2 == 0 ? od_value_new_integer(INT64_MAX) : od_value_new_number(0.5), NULL);
    }
    return status;
}

static od_status copy(od_value **out) {
    *out = od__value_copy(sample);
    return *out == NULL ? OD_OUT_OF_MEMORY : OD_OK;
}

static od_status parse(od_value **out) {
    return od_value_parse(sample_text, strlen(sample_text), out, NULL);
}

/* Each allocation fails in its turn: nothing is made then, and nothing is left behind (the sanitizers say). */
static void each_failing_allocation_is_told(void **state) {
    (void)state;
    static const struct {
        od_status (*make)(od_value **out);
        size_t at_least;
    } rows[] = {{build, 210}, {copy, 200}, {parse, 200}};
    assert_int_equal(build(&sample), OD_OK);
    sample_text = written(sample);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t failures = 0;
        for (bool enough = false; !enough; failures += !enough) {
            od_value *value = NULL;
            od__memory_fail_at(failures + 1);
            od_status status = rows[i].make(&value);
            enough = od__memory_fail_at(0) <= failures;
            assert_int_equal(status, enough ? OD_OK : OD_OUT_OF_MEMORY);
            if (enough)
                assert_same(value, sample);
            else if (rows[i].make != build)
                assert_null(value);
            od_value_unref(value);
        }
        assert_true(failures >= rows[i].at_least);
    }
    od_text_free(sample_text);
    od_value_unref(sample);
}

/* A member that could not be put leaves the object as it was. */
static void a_full_memory_changes_nothing(void **state) {
    (void)state;
    for (size_t count = 0; count < 140; count++) {
        od_value *object = object_of(count), *before = od__value_copy(object), *member = od_value_new_string("x");
        od_error err = OD_ERROR_INIT;
        for (size_t n = 1;; n++) {
            od__memory_fail_at(n);
            od_status status = od_value_set(object, "a key that is longer than the room that is left for keys, so that it "
                                                    "takes a block of its own", od_value_ref(member), &err);
            bool enough = od__memory_fail_at(0) < n;
            if (enough) {
                assert_int_equal(status, OD_OK);
                break;
            }
            assert_int_equal(status, OD_OUT_OF_MEMORY);
            assert_string_equal(err.message, "memory ran out");
            assert_same(object, before);
        }
        assert_int_equal(od_value_length(object), count + 1);
        od_value_unref(member);
        od_value_unref(before);
        od_value_unref(object);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_of_any_size_keep_their_order),
        cmocka_unit_test(members_come_and_go),
        cmocka_unit_test(keys_are_told_apart),
        cmocka_unit_test(a_key_twice_is_refused_in_a_large_object_too),
        cmocka_unit_test(members_are_removed_and_replaced_while_iterating),
        cmocka_unit_test(a_key_stays_where_it_is),
        cmocka_unit_test(integers_of_any_size),
        cmocka_unit_test(deep_values_are_freed),
        cmocka_unit_test(threads_share_a_value),
        cmocka_unit_test(each_failing_allocation_is_told),
        cmocka_unit_test(a_full_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
