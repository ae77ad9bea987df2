/* values: JSON in tests, read from its text and compared as text. After cmocka.h. */
#ifndef TESTS_CORE_VALUES_H
#define TESTS_CORE_VALUES_H

#include <string.h>

#include "json/value.h"

#define ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static inline od_value *parsed(const char *text) {
    od_value *value = NULL;
    od_error err = OD_ERROR_INIT;
    if (od_value_parse(text, strlen(text), &value, &err) != OD_OK)
        fail_msg("%s: %s", text, err.message);
    return value;
}

static inline void assert_written(const od_value *value, const char *expected) {
    char *text;
    size_t length;
    assert_int_equal(od_value_format(value, &text, &length, NULL), OD_OK);
    assert_string_equal(text, expected);
    assert_int_equal(length, strlen(expected));
    od_text_free(text);
}

#endif
