/* The json room: parsing strictly, writing, building, walking, and what it says in error texts. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "base/memory.h"
#include "json/writer.h"
#include "values.h"

static void same_text_comes_back(void **state) {
    (void)state;
    static const char *const rows[] = {
        "null", "true", "false", "0", "-1", "9223372036854775807", "-9223372036854775808", "1.5", "-0.25", "1e300",
        "15.0", "0.1", "123456789012.345", "\"\"", "\"plain\"", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x93\x9e\"",
        "\"quote \\\" back \\\\ slash /\"", "\"\\b\\f\\n\\r\\t\\u0001\\u001F\"", "[]", "{}", "[1,[2,[3]],{}]",
        "{\"b\":1,\"a\":{\"z\":[null,true]},\"c\":\"x\"}", "{\"\":0,\"a b\":1,\"k\\\"\":2}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        od_value *value = parsed(rows[i]);
        /* "1e300" is written in another way, and read back as the same. */
        if (strcmp(rows[i], "1e300") != 0)
            assert_written(value, rows[i]);
        od_value_unref(value);
    }
    od_value *large = parsed("1e300");
    assert_written(large, "1e300");
    od_value_unref(large);
}

static void text_is_normalised(void **state) {
    (void)state;
    static const struct {
        const char *text, *written;
    } rows[] = {
        {" { \"a\" : [ 1 , 2 ] }\r\n\t", "{\"a\":[1,2]}"},
        {"\"\\u00e9\\u20ac\\ud83d\\udcde\\/\"", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x93\x9e/\""},
        {"1E2", "100.0"},
        {"-0", "0"},
        {"1.7976931348623157e308", "1.7976931348623157e308"},
        {"-1.7976931348623157e308", "-1.7976931348623157e308"},
        {"1.7976931348623e308", "1.7976931348623e308"},
        {"4.9406564584124654e-324", "4.94065645841247e-324"},
        {"0.30000000000000004", "0.3"},
        /* Plain text is read by another way than what has an escape, a fraction or other letters in it. */
        {"[]", "[]"},
        {" { } ", "{}"},
        {"{\"b\":[true,false,null,-12,\"x\"],\"a\":{\"d\":[{}]}}", "{\"b\":[true,false,null,-12,\"x\"],\"a\":{\"d\":[{}]}}"},
        {"{\"b\":[true,false,null,-12,\"\\u0078\"],\"a\":{\"d\":[{}]}}",
         "{\"b\":[true,false,null,-12,\"x\"],\"a\":{\"d\":[{}]}}"},
        {"[999999999999999999,-999999999999999999]", "[999999999999999999,-999999999999999999]"},
        {"[9223372036854775807,-9223372036854775808]", "[9223372036854775807,-9223372036854775808]"},
        {"[0,1.5]", "[0,1.5]"},
        {"\"\x7f\"", "\"\x7f\""},
        {"{\"\xc3\xa9\":[\"\xe2\x82\xac\",1]}", "{\"\xc3\xa9\":[\"\xe2\x82\xac\",1]}"},
        {"{\"\xc3\xa9\":[\"\xe2\x82\xac\",1.5]}", "{\"\xc3\xa9\":[\"\xe2\x82\xac\",1.5]}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        od_value *value = parsed(rows[i].text);
        assert_written(value, rows[i].written);
        od_value_unref(value);
    }
}

static void bad_text_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", "line 1, column 0: unexpected token near end of file"},
        {"{\"a\":}", "line 1, column 6: unexpected token"},
        {"{\"a\":1,}", "line 1, column 8: string or '}' expected"},
        {"[1,\n 2,\n x]", "line 3, column 2: invalid token"},
        {"{\"a\":1,\"a\":2}", "line 1, column 10: duplicate object key"},
        {"{\"a\":{\"b\":1,\"b\":2}}", "line 1, column 15: duplicate object key"},
        {"{\"\":1,\"\":2}", "line 1, column 8: duplicate object key"},
        {"[1] 2", "line 1, column 5: end of file expected"},
        {"{} {}", "line 1, column 4: end of file expected"},
        {"\"\\u0000\"", "line 1, column 8: \\u0000 is not allowed without JSON_ALLOW_NUL"},
        {"\"\\ud800\"", "line 1, column 8: invalid Unicode '\\uD800'"},
        {"\"tab\tin\"", "line 1, column 4: control character 0x9"},
        {"\"cut", "line 1, column 4: premature end of input"},
        {"{\"secret\":\"hunter2\\q\"}", "line 1, column 20: invalid escape"},
        {"9223372036854775808", "line 1, column 19: too big integer"},
        {"1e999", "line 1, column 5: real number overflow"},
        {"01", "line 1, column 1: invalid token"},
        {"NaN", "line 1, column 3: invalid token"},
        {"nul", "line 1, column 3: invalid token"},
        {"'a'", "line 1, column 1: invalid token"},
        {"\"\xff\"", "line 1, column 1: unable to decode byte 0xff"},
        {"\"\xc0\xaf\"", "line 1, column 1: unable to decode byte 0xc0"},
        {"\"\xed\xa0\x80\"", "line 1, column 1: unable to decode byte 0xed"},
        {"\"\xf4\x90\x80\x80\"", "line 1, column 1: unable to decode byte 0xf4"},
        {"{\"a\":1,\"\xe9\":2}", "line 1, column 8: unable to decode byte 0xe9"},
        {"[\"12345678\xc3\"]", "line 1, column 10: unable to decode byte 0xc3"},
        {"<html>", "line 1, column 1: invalid token"},
        {"[1,]", "line 1, column 4: unexpected token"},
        {"[1 2]", "line 1, column 4: ']' expected"},
        {"[-]", "line 1, column 2: invalid token"},
        {"[-01]", "line 1, column 3: invalid token"},
        {"{\"a\" 1}", "line 1, column 6: ':' expected"},
        {"{\"a\":1 \"b\":2}", "line 1, column 10: '}' expected"},
        {"[true", "line 1, column 5: ']' expected near end of file"},
        {"[truex]", "line 1, column 6: invalid token"},
        {"{\"secret\":\"hunter2\",\"a\":}", "line 1, column 25: unexpected token"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        od_error err = OD_ERROR_INIT;
        od_value *value = (od_value *)&err;
        assert_int_equal(od_value_parse(rows[i].text, strlen(rows[i].text), &value, &err), OD_PROTOCOL);
        assert_string_equal(err.message, rows[i].message);
        assert_null(value);
    }
    od_value *value;
    assert_int_equal(od_value_parse("[1,\0]", 5, &value, NULL), OD_PROTOCOL);
    assert_int_equal(od_value_parse(NULL, 0, &value, NULL), OD_PROTOCOL);
}

/* "[[[...]]]" */
static char *nested(size_t depth, char open, char close, const char *before) {
    size_t before_bytes = strlen(before);
    char *text = calloc(1, depth * (2 + before_bytes) + 2);
    size_t at = 0;
    for (size_t i = 0; i < depth; i++) {
        text[at++] = open;
        memcpy(text + at, before, i + 1 < depth ? before_bytes : 0);
        at += i + 1 < depth ? before_bytes : 0;
    }
    for (size_t i = 0; i < depth; i++)
        text[at++] = close;
    return text;
}

static void nesting_ends_at_64(void **state) {
    (void)state;
    static const struct {
        size_t depth;
        char open, close;
        const char *before, *message;
    } rows[] = {
        {OD_LIMIT_JSON_DEPTH, '[', ']', "", NULL},
        {OD_LIMIT_JSON_DEPTH, '{', '}', "\"a\":", NULL},
        {OD_LIMIT_JSON_DEPTH + 1, '[', ']', "", "line 1, column 65: nesting deeper than 64"},
        {OD_LIMIT_JSON_DEPTH + 1, '{', '}', "\"a\":", "line 1, column 321: nesting deeper than 64"},
        {OD_LIMIT_JSON_DEPTH + 1, '[', ']', "\n", "line 65, column 1: nesting deeper than 64"},
        {1000000, '[', ']', "", "line 1, column 65: nesting deeper than 64"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = nested(rows[i].depth, rows[i].open, rows[i].close, rows[i].before);
        od_error err = OD_ERROR_INIT;
        od_value *value;
        od_status status = od_value_parse(text, strlen(text), &value, &err);
        assert_int_equal(status, rows[i].message == NULL ? OD_OK : OD_PROTOCOL);
        assert_string_equal(err.message, rows[i].message == NULL ? "" : rows[i].message);
        od_value_unref(value);
        free(text);
    }
    /* Brackets inside of strings do not nest. */
    char text[400] = "[\"\\\"";
    memset(text + 4, '[', 300);
    strcpy(text + 304, "\\\\\",[]]");
    od_value *value = parsed(text);
    assert_int_equal(od_value_length(od_value_at(value, 0)), 302);
    od_value_unref(value);
}

static void values_are_built(void **state) {
    (void)state;
    od_error err = OD_ERROR_INIT;
    od_value *object = od_value_new_object();
    assert_int_equal(od_value_set(object, "z", od_value_new_integer(1), &err), OD_OK);
    assert_int_equal(od_value_set(object, "a", od_value_new_string("x"), &err), OD_OK);
    assert_int_equal(od_value_set(object, "n", od_value_new_null(), &err), OD_OK);
    assert_int_equal(od_value_set(object, "z", od_value_new_number(2.5), &err), OD_OK);
    od_value *array = od_value_new_array();
    assert_int_equal(od_value_add(array, od_value_new_boolean(true), &err), OD_OK);
    assert_int_equal(od_value_add(array, od_value_new_string_n("a\0b", 3), &err), OD_OK);
    assert_int_equal(od_value_set(object, "list", array, &err), OD_OK);
    assert_written(object, "{\"z\":2.5,\"a\":\"x\",\"n\":null,\"list\":[true,\"a\\u0000b\"]}");

    assert_null(od_value_new_string("\xff"));
    assert_null(od_value_new_string_n("\xe2\x82", 2));
    assert_null(od_value_new_string(NULL));
    assert_null(od_value_new_number(NAN));
    assert_null(od_value_new_number(-INFINITY));
    od_value_unref(NULL);

    static const struct {
        int what;
        od_status status;
        const char *message;
    } rows[] = {
        {0, OD_OUT_OF_MEMORY, "memory ran out"},
        {1, OD_INTERNAL, "a member cannot be set in an array"},
        {2, OD_INTERNAL, "a member cannot be set in nothing"},
        {3, OD_INTERNAL, "a member cannot be set in itself"},
        {4, OD_INTERNAL, "a key that is not UTF-8 cannot be set"},
        {5, OD_OUT_OF_MEMORY, "memory ran out"},
        {6, OD_INTERNAL, "an element cannot be added to an object"},
        {7, OD_INTERNAL, "an element cannot be added to itself"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        od_error why = OD_ERROR_INIT;
        od_status status = OD_OK;
        switch (rows[i].what) {
        case 0: status = od_value_set(object, "k", NULL, &why); break;
        case 1: status = od_value_set(array, "k", od_value_new_array(), &why); break;
        case 2: status = od_value_set(NULL, "k", od_value_new_array(), &why); break;
        case 3: status = od_value_set(object, "k", od_value_ref(object), &why); break;
        case 4: status = od_value_set(object, "\xff", od_value_new_array(), &why); break;
        case 5: status = od_value_add(array, NULL, &why); break;
        case 6: status = od_value_add(object, od_value_new_array(), &why); break;
        case 7: status = od_value_add(array, od_value_ref(array), &why); break;
        }
        assert_int_equal(status, rows[i].status);
        assert_string_equal(why.message, rows[i].message);
    }
    assert_int_equal(od_value_length(object), 4);
    od_value_unref(object);
}

static void values_are_read(void **state) {
    (void)state;
    od_value *value = parsed("{\"o\":{},\"l\":[1,2.0],\"s\":\"\xc3\xa9x\",\"i\":-7,\"n\":2.5,\"t\":true,\"f\":false,\"z\":null}");
    static const struct {
        const char *key;
        od_type type;
        bool boolean;
        int64_t integer;
        double number;
        const char *string;
        size_t length;
    } rows[] = {
        {"o", OD_TYPE_OBJECT, false, 0, 0, NULL, 0},   {"l", OD_TYPE_ARRAY, false, 0, 0, NULL, 2},
        {"s", OD_TYPE_STRING, false, 0, 0, "\xc3\xa9x", 3}, {"i", OD_TYPE_INTEGER, false, -7, -7, NULL, 0},
        {"n", OD_TYPE_NUMBER, false, 0, 2.5, NULL, 0}, {"t", OD_TYPE_BOOLEAN, true, 0, 0, NULL, 0},
        {"f", OD_TYPE_BOOLEAN, false, 0, 0, NULL, 0},  {"z", OD_TYPE_NULL, false, 0, 0, NULL, 0},
        {"absent", OD_TYPE_NULL, false, 0, 0, NULL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const od_value *member = od_value_get(value, rows[i].key);
        assert_int_equal(od_value_type(member), rows[i].type);
        assert_int_equal(od_value_boolean(member), rows[i].boolean);
        assert_int_equal(od_value_integer(member), rows[i].integer);
        assert_true(od_value_number(member) == rows[i].number);
        if (rows[i].string == NULL)
            assert_null(od_value_string(member));
        else
            assert_string_equal(od_value_string(member), rows[i].string);
        assert_int_equal(od_value_length(member), rows[i].length);
    }
    assert_null(od_value_get(value, "absent"));
    assert_null(od_value_get(value, NULL));
    assert_null(od_value_get(od_value_get(value, "l"), "x"));
    assert_null(od_value_at(od_value_get(value, "l"), 2));
    assert_null(od_value_at(value, 0));

    char keys[16] = "";
    void *cursor = NULL;
    const char *key;
    const od_value *member;
    while (od_value_next(value, &cursor, &key, &member))
        strcat(keys, key);
    assert_string_equal(keys, "olsintfz");
    cursor = NULL;
    assert_false(od_value_next(od_value_get(value, "o"), &cursor, &key, &member));
    assert_false(od_value_next(NULL, &cursor, &key, &member));
    assert_false(od_value_next(od_value_get(value, "l"), &cursor, NULL, NULL));
    od_value_unref(value);
}

/* The document of RFC 6901, section 5, and what is no pointer. */
static void pointers_are_followed(void **state) {
    (void)state;
    od_value *value = parsed("{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,"
                             "\"k\\\"l\":6,\" \":7,\"m~n\":8}");
    static const struct {
        const char *pointer, *found;
    } rows[] = {
        {"/foo/0", "\"bar\""}, {"/foo", "[\"bar\",\"baz\"]"}, {"/", "0"}, {"/a~1b", "1"}, {"/c%d", "2"}, {"/e^f", "3"},
        {"/g|h", "4"}, {"/i\\j", "5"}, {"/k\"l", "6"}, {"/ ", "7"}, {"/m~0n", "8"}, {"/foo/2", NULL}, {"/foo/-", NULL},
        {"/foo/01", NULL}, {"/foo/", NULL}, {"/foo/0/x", NULL}, {"/foo/1e0", NULL}, {"/foo/99999999999999999999", NULL},
        {"foo", NULL}, {"/m~2n", NULL}, {"/m~", NULL}, {"/nothing", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const od_value *found = od_value_find(value, rows[i].pointer);
        if (rows[i].found == NULL)
            assert_null(found);
        else
            assert_written(found, rows[i].found);
    }
    assert_ptr_equal(od_value_find(value, ""), value);
    assert_null(od_value_find(value, NULL));
    assert_null(od_value_find(NULL, "/a"));
    char *deep = nested(4000, '/', '\0', "a");
    assert_null(od_value_find(value, deep));
    free(deep);
    char long_token[3000];
    memset(long_token, 'x', sizeof long_token);
    long_token[0] = '/';
    long_token[sizeof long_token - 1] = '\0';
    assert_null(od_value_find(value, long_token));
    od_value_unref(value);
}

static void copies_share_nothing(void **state) {
    (void)state;
    od_value *value = parsed("{\"a\":{\"s\":\"secret\"},\"l\":[\"one\",2,2.5,true,null]}");
    od_value *copy = od__value_copy(value);
    assert_written(copy, "{\"a\":{\"s\":\"secret\"},\"l\":[\"one\",2,2.5,true,null]}");
    assert_ptr_not_equal(od_value_find(copy, "/a"), od_value_find(value, "/a"));
    assert_ptr_not_equal(od_value_find(copy, "/a/s"), od_value_find(value, "/a/s"));
    assert_ptr_not_equal(od_value_find(copy, "/l/0"), od_value_find(value, "/l/0"));
    assert_int_equal(od_value_set((od_value *)od_value_find(copy, "/a"), "t", od_value_new_integer(1), NULL), OD_OK);
    od__value_remove(copy, "l");
    od__value_remove(copy, "absent");
    assert_written(copy, "{\"a\":{\"s\":\"secret\",\"t\":1}}");
    assert_written(value, "{\"a\":{\"s\":\"secret\"},\"l\":[\"one\",2,2.5,true,null]}");
    od_value_unref(copy);
    assert_null(od__value_copy(NULL));
    od_value_unref(value);
}

static void replacing_in_place(void **state) {
    (void)state;
    od_value *value = parsed("{\"a\":1,\"b\":[1,2],\"c\":3}");
    void *cursor = NULL;
    const char *key;
    const od_value *member;
    int64_t n = 10;
    while (od_value_next(value, &cursor, &key, &member)) {
        if (od_value_type(member) == OD_TYPE_INTEGER)
            assert_true(od__value_replace_member(value, cursor, od_value_new_integer(n++)));
    }
    od_value *list = (od_value *)od_value_get(value, "b");
    assert_true(od__value_replace_element(list, 1, od_value_new_string("x")));
    assert_false(od__value_replace_element(list, 2, od_value_new_string("x")));
    assert_false(od__value_replace_element(list, 0, NULL));
    assert_written(value, "{\"a\":10,\"b\":[1,\"x\"],\"c\":11}");
    od_value_unref(value);
}

static void wiping_overwrites_strings(void **state) {
    (void)state;
    od_value *value = parsed("{\"key\":\"hunter2\",\"deep\":[{\"token\":\"sesame\"}],\"n\":1}");
    od_value *first = od_value_ref(od_value_get(value, "key"));
    od_value *second = od_value_ref(od_value_find(value, "/deep/0/token"));
    od__value_wipe(value);
    assert_memory_equal(od_value_string(first), "\0\0\0\0\0\0\0", 7);
    assert_memory_equal(od_value_string(second), "\0\0\0\0\0\0", 6);
    od_value_unref(first);
    od_value_unref(second);
    od__value_wipe(NULL);
}

static void values_are_named_in_texts(void **state) {
    (void)state;
    static const struct {
        const char *text, *type, *shown;
    } rows[] = {
        {"null", "null", "null"},
        {"true", "a boolean", "true"},
        {"false", "a boolean", "false"},
        {"-15", "an integer", "-15"},
        {"1.25", "a number", "1.25"},
        {"[1]", "an array", "an array"},
        {"{\"a\":1}", "an object", "an object"},
        {"\"\"", "a string", "\"\""},
        {"\"555\"", "a string", "\"555\""},
        {"\"a\\nb\\u0007\"", "a string", "\"a b \""},
        {"\"1234567890123456789012345678901234567890\"", "a string", "\"1234567890123456789012345678901234567890\""},
        {"\"1234567890123456789012345678901234567890x\"", "a string",
         "\"1234567890123456789012345678901234567890...\""},
        {"\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3"
         "\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
         "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9y\"",
         "a string",
         "\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3"
         "\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
         "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9...\""},
    };
    char shown[256];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        od_value *value = parsed(rows[i].text);
        assert_string_equal(od__value_type_name(value), rows[i].type);
        od__value_describe(value, shown, sizeof shown);
        assert_string_equal(shown, rows[i].shown);
        od_value_unref(value);
    }
    assert_string_equal(od__value_type_name(NULL), "nothing");
    od__value_describe(NULL, shown, sizeof shown);
    assert_string_equal(shown, "nothing");
    assert_int_equal(strncmp(od__value_library(), "jansson/2.", 10), 0);
}

static void loops_and_full_buffers_are_errors(void **state) {
    (void)state;
    /* A value that holds itself by way of another: made by hand, ended by the depth limit, taken apart again. */
    od_value *outer = od_value_new_array(), *inner = od_value_new_array();
    assert_int_equal(od_value_add(outer, od_value_ref(inner), NULL), OD_OK);
    assert_int_equal(od_value_add(inner, od_value_ref(outer), NULL), OD_OK);
    char *text;
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od_value_format(outer, &text, NULL, &err), OD_INTERNAL);
    assert_string_equal(err.message, "nesting deeper than 256 cannot be written");
    assert_null(text);
    assert_null(od__value_copy(outer));
    assert_true(od__value_replace_element(inner, 0, od_value_new_null()));
    od_value_unref(inner);

    od_buffer small;
    od__buffer_init(&small, 5);
    assert_int_equal(od__value_write(outer, &small, NULL), OD_OUT_OF_MEMORY);
    assert_true(small.over_limit);
    od__buffer_clear(&small);
    assert_int_equal(od__value_write(NULL, &small, NULL), OD_OUT_OF_MEMORY);
    od_value_unref(outer);
}

/* Every length around the writer's chunk, with something to escape at every place. */
static void writing_across_chunks(void **state) {
    (void)state;
    for (size_t length = OD_JSON_CHUNK_BYTES - 20; length < OD_JSON_CHUNK_BYTES + 20; length++) {
        char text[OD_JSON_CHUNK_BYTES + 32];
        memset(text, 'a', length);
        text[length - 9] = '\n';
        od_value *value = od_value_new_string_n(text, length), *back;
        char *written;
        size_t written_bytes;
        assert_int_equal(od_value_format(value, &written, &written_bytes, NULL), OD_OK);
        assert_int_equal(written_bytes, length + 3);
        assert_int_equal(od_value_parse(written, written_bytes, &back, NULL), OD_OK);
        assert_memory_equal(od_value_string(back), text, length);
        od_text_free(written);
        od_value_unref(back);
        od_value_unref(value);
    }
    for (int byte = 1; byte < 128; byte++) {
        for (size_t at = 0; at < 20; at++) {
            char text[21] = "aaaaaaaaaaaaaaaaaaaa";
            text[at] = (char)byte;
            od_value *value = od_value_new_string(text), *back;
            char *written;
            size_t written_bytes;
            assert_int_equal(od_value_format(value, &written, &written_bytes, NULL), OD_OK);
            bool escaped = byte < 0x20 || byte == '"' || byte == '\\';
            assert_int_equal(written[1 + at] == '\\', escaped);
            assert_int_equal(written_bytes > 22, escaped);
            assert_int_equal(od_value_parse(written, written_bytes, &back, NULL), OD_OK);
            assert_string_equal(od_value_string(back), text);
            od_text_free(written);
            od_value_unref(back);
            od_value_unref(value);
        }
    }
}

/* Writes text, which is length bytes long with `special` at one place, and nothing else that is escaped. */
static void assert_string_written(const char *text, size_t length, size_t at, const char *special) {
    char expected[2 * OD_JSON_CHUNK_BYTES], *written;
    size_t written_bytes, special_bytes = strlen(special);
    od_value *value = od_value_new_string_n(text, length);
    int before = snprintf(expected, sizeof expected, "\"%.*s%s", (int)at, text, special);
    memcpy(expected + before, text + at + 1, length - at - 1);
    expected[(size_t)before + length - at - 1] = '"';
    assert_int_equal(od_value_format(value, &written, &written_bytes, NULL), OD_OK);
    assert_int_equal(written_bytes, length + 1 + special_bytes);
    assert_memory_equal(written, expected, written_bytes);
    od_text_free(written);
    od_value_unref(value);
}

/* Every length up to some words, and where the chunk's end comes near; every place; each kind of byte. */
static void strings_are_written_exactly(void **state) {
    (void)state;
    static const struct {
        char byte;
        const char *written;
    } specials[] = {
        { '\0', "\\u0000" }, { '\1', "\\u0001" }, { '\b', "\\b" }, { '\n', "\\n" },  { 0x1f, "\\u001F" }, { ' ', " " },
        { '!', "!" },        { '"', "\\\"" },      { '#', "#" },    { '[', "[" },     { '\\', "\\\\" },    { ']', "]" },
        { 'a', "a" },        { 0x7f, "\x7f" },
    };
    char text[OD_JSON_CHUNK_BYTES + 32];
    for (size_t i = 0; i < sizeof specials / sizeof specials[0]; i++) {
        for (size_t length = 1; length < sizeof text; length += length == 40 ? OD_JSON_CHUNK_BYTES - 50 : 1) {
            memset(text, 'z', length);
            for (size_t at = 0; at < length; at += at == 20 && length > 40 ? length - 41 : 1) {
                text[at] = specials[i].byte;
                assert_string_written(text, length, at, specials[i].written);
                text[at] = 'z';
            }
        }
    }
    assert_string_written("\xc3\xa9 and \xe2\x82\xac", 10, 2, " ");
}

/* Keys that differ in one byte only, of every length up to some words. */
static void members_are_told_apart(void **state) {
    (void)state;
    for (size_t length = 0; length < 40; length++) {
        char key[41] = "";
        memset(key, 'k', length);
        od_value *object = od_value_new_object();
        assert_int_equal(od_value_set(object, key, od_value_new_integer(-1), NULL), OD_OK);
        for (size_t at = 0; at < length; at++) {
            key[at] = 'l';
            assert_null(od_value_get(object, key));
            assert_int_equal(od_value_set(object, key, od_value_new_integer((int64_t)at), NULL), OD_OK);
            key[at] = 'k';
        }
        assert_int_equal(od_value_length(object), length + 1);
        assert_int_equal(od_value_integer(od_value_get(object, key)), -1);
        for (size_t at = 0; at < length; at++) {
            key[at] = 'l';
            assert_int_equal(od_value_integer(od_value_get(object, key)), at);
            key[at] = 'k';
        }
        od_value_unref(object);
    }
}

static void running_out_of_memory(void **state) {
    (void)state;
    char long_text[3000];
    memset(long_text, 'y', sizeof long_text);
    od_value *value = od_value_new_array();
    for (int i = 0; i < 20; i++)
        assert_int_equal(od_value_add(value, od_value_new_string_n(long_text, sizeof long_text), NULL), OD_OK);
    size_t failures = 0;
    for (size_t n = 1;; n++) {
        char *text;
        od_error err = OD_ERROR_INIT;
        (void)od__memory_fail_at(n);
        od_status status = od_value_format(value, &text, NULL, &err);
        (void)od__memory_fail_at(0);
        if (status == OD_OK) {
            od_text_free(text);
            break;
        }
        assert_int_equal(status, OD_OUT_OF_MEMORY);
        assert_string_equal(err.message, "memory ran out");
        assert_null(text);
        failures++;
    }
    assert_true(failures > 0);
    od_value_unref(value);
}

static void huge_values(void **state) {
    (void)state;
    size_t count = 200000;
    char *text = malloc(count * 12 + 3);
    size_t length = 0;
    text[length++] = '{';
    for (size_t i = 0; i < count; i++)
        length += (size_t)sprintf(text + length, "%s\"%06zu\":1", i > 0 ? "," : "", i);
    text[length++] = '}';
    text[length] = '\0';
    od_value *value;
    assert_int_equal(od_value_parse(text, length, &value, NULL), OD_OK);
    assert_int_equal(od_value_length(value), count);
    assert_written(value, text);
    od_value_unref(value);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_text_comes_back),
        cmocka_unit_test(text_is_normalised),
        cmocka_unit_test(bad_text_is_refused),
        cmocka_unit_test(nesting_ends_at_64),
        cmocka_unit_test(values_are_built),
        cmocka_unit_test(values_are_read),
        cmocka_unit_test(pointers_are_followed),
        cmocka_unit_test(copies_share_nothing),
        cmocka_unit_test(replacing_in_place),
        cmocka_unit_test(wiping_overwrites_strings),
        cmocka_unit_test(values_are_named_in_texts),
        cmocka_unit_test(loops_and_full_buffers_are_errors),
        cmocka_unit_test(writing_across_chunks),
        cmocka_unit_test(strings_are_written_exactly),
        cmocka_unit_test(members_are_told_apart),
        cmocka_unit_test(running_out_of_memory),
        cmocka_unit_test(huge_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
