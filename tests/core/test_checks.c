/* The checks of the validation room, and ISO 8601. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "validation/shape.h"
#include "values.h"

static void checks(void **state) {
    (void)state;
    enum { GOOD = 1, BAD = 0 };
    static const struct {
        const od_check *check;
        const char *value;
        int good;
        const char *after;
    } rows[] = {
        {&od_check_e164, "\"+14155550100\"", GOOD, NULL},
        {&od_check_e164, "\"+12\"", GOOD, NULL},
        {&od_check_e164, "\"+123456789012345\"", GOOD, NULL},
        {&od_check_e164, "\"+1\"", BAD, NULL},
        {&od_check_e164, "\"+1234567890123456\"", BAD, NULL},
        {&od_check_e164, "\"+04155550100\"", BAD, NULL},
        {&od_check_e164, "\"14155550100\"", BAD, NULL},
        {&od_check_e164, "\"+1 415 5550100\"", BAD, NULL},
        {&od_check_e164, "\"+1415555010x\"", BAD, NULL},
        {&od_check_e164, "\"\"", BAD, NULL},
        {&od_check_e164, "\"+\"", BAD, NULL},
        {&od_check_e164, "5", BAD, NULL},
        {&od_check_e164_tolerant, "\"+1 (415) 555-01.00\"", GOOD, "\"+14155550100\""},
        {&od_check_e164_tolerant, "\"+14155550100\"", GOOD, NULL},
        {&od_check_e164_tolerant, "\"+49 30 1234\"", GOOD, "\"+49301234\""},
        {&od_check_e164_tolerant, "\"+49 30 123\"", BAD, NULL},
        {&od_check_e164_tolerant, "\"+1415555010\"", BAD, NULL},
        {&od_check_e164_tolerant, "\"+141555501000\"", BAD, NULL},
        {&od_check_e164_tolerant, "\"+491234567890123\"", GOOD, NULL},
        {&od_check_e164_tolerant, "\"+4912345678901234\"", BAD, NULL},
        {&od_check_e164_tolerant, "\"+491234567890123456789\"", BAD, NULL},
        {&od_check_e164_tolerant, "\"4155550100\"", BAD, NULL},
        {&od_check_e164_tolerant, "\"+1/4155550100\"", BAD, NULL},
        {&od_check_uuid, "\"01234567-89ab-CDEF-0123-456789abcdef\"", GOOD, NULL},
        {&od_check_uuid, "\"01234567-89ab-cdef-0123-456789abcde\"", BAD, NULL},
        {&od_check_uuid, "\"01234567-89ab-cdef-0123-456789abcdeg\"", BAD, NULL},
        {&od_check_uuid, "\"0123456789ab-cdef-0123-456789abcdef--\"", BAD, NULL},
        {&od_check_uuid, "null", BAD, NULL},
        {&od_check_language, "\"en\"", GOOD, NULL},
        {&od_check_language, "\"en-US\"", GOOD, NULL},
        {&od_check_language, "\"PT-br\"", GOOD, NULL},
        {&od_check_language, "\"eng\"", BAD, NULL},
        {&od_check_language, "\"en_US\"", BAD, NULL},
        {&od_check_language, "\"en-U1\"", BAD, NULL},
        {&od_check_language, "\"e\"", BAD, NULL},
        {&od_check_absolute_url, "\"https://example.com/a?b=c#d\"", GOOD, NULL},
        {&od_check_absolute_url, "\"http://[::1]:8080\"", GOOD, NULL},
        {&od_check_absolute_url, "\"http://localhost\"", GOOD, NULL},
        {&od_check_absolute_url, "\"ftp://example.com\"", BAD, NULL},
        {&od_check_absolute_url, "\"https://\"", BAD, NULL},
        {&od_check_absolute_url, "\"https:///path\"", BAD, NULL},
        {&od_check_absolute_url, "\"https://a b\"", BAD, NULL},
        {&od_check_absolute_url, "\"https://a\\nb\"", BAD, NULL},
        {&od_check_base_url, "\"https://gws.example.com\"", GOOD, NULL},
        {&od_check_base_url, "\"http://127.0.0.1:8080/prefix/\"", GOOD, NULL},
        {&od_check_base_url, "\"http://[::1]:8080/x\"", GOOD, NULL},
        {&od_check_base_url, "\"http://[::1]\"", GOOD, NULL},
        {&od_check_base_url, "\"http://[::1\"", BAD, NULL},
        {&od_check_base_url, "\"http://[]\"", BAD, NULL},
        {&od_check_base_url, "\"http://[x]\"", BAD, NULL},
        {&od_check_base_url, "\"https://user:pw@host\"", BAD, NULL},
        {&od_check_base_url, "\"https://host:0\"", BAD, NULL},
        {&od_check_base_url, "\"https://host:65535\"", GOOD, NULL},
        {&od_check_base_url, "\"https://host:65536\"", BAD, NULL},
        {&od_check_base_url, "\"https://host:\"", BAD, NULL},
        {&od_check_base_url, "\"https://host:8x\"", BAD, NULL},
        {&od_check_base_url, "\"https://host:999999\"", BAD, NULL},
        {&od_check_base_url, "\"https://host?x=1\"", BAD, NULL},
        {&od_check_base_url, "\"https://host/#x\"", BAD, NULL},
        {&od_check_base_url, "\"host\"", BAD, NULL},
        {&od_check_header_text, "\"any text, \xc3\xa9\"", GOOD, NULL},
        {&od_check_header_text, "\"\"", GOOD, NULL},
        {&od_check_header_text, "\"a\\r\\nX: y\"", BAD, NULL},
        {&od_check_header_text, "\"a\\u007f\"", BAD, NULL},
        {&od_check_duration, "0.5", GOOD, NULL},
        {&od_check_duration, "3", GOOD, NULL},
        {&od_check_duration, "0", BAD, NULL},
        {&od_check_duration, "-1.5", BAD, NULL},
        {&od_check_duration, "\"3\"", BAD, NULL},
        {&od_check_positive_integer, "1", GOOD, NULL},
        {&od_check_positive_integer, "0", BAD, NULL},
        {&od_check_positive_integer, "-5", BAD, NULL},
        {&od_check_iso8601, "\"2026-05-04T09:30:00Z\"", GOOD, NULL},
        {&od_check_iso8601, "\"2026-05-04T09:30:00+02:00\"", GOOD, "\"2026-05-04T07:30:00Z\""},
        {&od_check_iso8601, "\"2026-05-04T09:30:00\"", BAD, NULL},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        od_value *value = parsed(rows[i].value), *replacement = NULL;
        od_error err = OD_ERROR_INIT;
        od_status status = rows[i].check->fn(value, "/field", &replacement, &err);
        if ((status == OD_OK) != (rows[i].good == GOOD))
            fail_msg("%s: %s: %s", rows[i].check->name, rows[i].value, err.message);
        if (rows[i].good == BAD) {
            char shown[256], message[512];
            od__value_describe(value, shown, sizeof shown);
            (void)snprintf(message, sizeof message, "expected %s, got %s", rows[i].check->expected, shown);
            assert_int_equal(status, OD_VALIDATION);
            assert_string_equal(err.message, message);
            assert_string_equal(err.path, "/field");
        }
        if (rows[i].after != NULL)
            assert_written(replacement, rows[i].after);
        else
            assert_null(replacement);
        od_value_unref(replacement);
        od_value_unref(value);
    }
    /* Text with a NUL inside is none of these. */
    static const od_check *const of_text[] = {&od_check_e164, &od_check_e164_tolerant, &od_check_uuid,
                                              &od_check_language, &od_check_absolute_url, &od_check_base_url,
                                              &od_check_header_text, &od_check_iso8601};
    static const char *const texts[] = {"+14155550100", "+14155550100", "01234567-89ab-cdef-0123-456789abcdef",
                                        "en", "https://a", "https://a", "a", "2026-05-04T09:30:00Z"};
    for (size_t i = 0; i < ROWS(of_text); i++) {
        char with_nul[64] = "";
        strcpy(with_nul, texts[i]);
        od_value *value = od_value_new_string_n(with_nul, strlen(texts[i]) + 2), *replacement = NULL;
        assert_int_equal(of_text[i]->fn(value, "", &replacement, NULL), OD_VALIDATION);
        od_value_unref(value);
    }
}

static void the_check_expected_texts(void **state) {
    (void)state;
    static const struct {
        const od_check *check;
        const char *name, *expected;
    } rows[] = {
        {&od_check_e164, "E.164", "E.164 (+ and up to 15 digits)"},
        {&od_check_e164_tolerant, "E.164, punctuation allowed", "E.164 (+ and 8 to 15 digits, after +1 exactly 10)"},
        {&od_check_uuid, "UUID", "a UUID (8-4-4-4-12 hexadecimal digits)"},
        {&od_check_language, "language code", "a language code (\"xx\" or \"xx-YY\")"},
        {&od_check_absolute_url, "absolute URL", "an absolute URL (http or https)"},
        {&od_check_base_url, "base URL", "http(s)://host[:port][/path]"},
        {&od_check_header_text, "no control characters", "text without control characters"},
        {&od_check_duration, "seconds above 0", "a number of seconds above 0"},
        {&od_check_positive_integer, "above 0", "an integer above 0"},
        {&od_check_iso8601, "ISO 8601 with zone", "ISO 8601 with a zone, as 2026-05-04T09:30:00Z"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        assert_string_equal(rows[i].check->name, rows[i].name);
        assert_string_equal(rows[i].check->expected, rows[i].expected);
    }
}

static void iso8601(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t unix_ms;
        const char *same; /* NULL: refused */
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"},
        {"1969-12-31T23:59:59.999Z", -1, "1969-12-31T23:59:59.999Z"},
        {"2000-02-29T12:00:00Z", 951825600000, "2000-02-29T12:00:00Z"},
        {"2026-05-04T09:30Z", 1777887000000, "2026-05-04T09:30:00Z"},
        {"2026-05-04t09:30:00z", 1777887000000, "2026-05-04T09:30:00Z"},
        {"2026-05-04T09:30:00+00:00", 1777887000000, "2026-05-04T09:30:00Z"},
        {"2026-05-04T15:00:00+0530", 1777887000000, "2026-05-04T09:30:00Z"},
        {"2026-05-04T05:30:00-04", 1777887000000, "2026-05-04T09:30:00Z"},
        {"2026-05-04T09:30:00.5Z", 1777887000500, "2026-05-04T09:30:00.500Z"},
        {"2026-05-04T09:30:00.123456789Z", 1777887000123, "2026-05-04T09:30:00.123Z"},
        {"2026-12-31T23:30:00-01:00", 1798763400000, "2027-01-01T00:30:00Z"},
        {"2024-03-01T00:30:00+01:00", 1709249400000, "2024-02-29T23:30:00Z"},
        {"0000-01-01T00:00:00Z", -62167219200000, "0000-01-01T00:00:00Z"},
        {"9999-12-31T23:59:59.999Z", 253402300799999, "9999-12-31T23:59:59.999Z"},
        {"1900-03-01T00:00:00Z", -2203891200000, "1900-03-01T00:00:00Z"},
        {"0000-01-01T00:00:00+01:00", 0, NULL},
        {"9999-12-31T23:59:59-01:00", 0, NULL},
        {"2026-05-04T09:30:00", 0, NULL},
        {"2026-05-04", 0, NULL},
        {"2026-05-04 09:30:00Z", 0, NULL},
        {"2026-5-4T09:30:00Z", 0, NULL},
        {"2026-02-29T00:00:00Z", 0, NULL},
        {"1900-02-29T00:00:00Z", 0, NULL},
        {"2026-04-31T00:00:00Z", 0, NULL},
        {"2026-13-01T00:00:00Z", 0, NULL},
        {"2026-00-01T00:00:00Z", 0, NULL},
        {"2026-01-00T00:00:00Z", 0, NULL},
        {"2026-05-04T24:00:00Z", 0, NULL},
        {"2026-05-04T09:60:00Z", 0, NULL},
        {"2026-05-04T09:30:60Z", 0, NULL},
        {"2026-05-04T09Z", 0, NULL},
        {"2026-05-04T09:30:00.Z", 0, NULL},
        {"2026-05-04T09:30:00,5Z", 0, NULL},
        {"2026-05-04T09:30:00+24:00", 0, NULL},
        {"2026-05-04T09:30:00+02:60", 0, NULL},
        {"2026-05-04T09:30:00+2:00", 0, NULL},
        {"2026-05-04T09:30:00Z ", 0, NULL},
        {" 2026-05-04T09:30:00Z", 0, NULL},
        {"20260504T093000Z", 0, NULL},
        {"", 0, NULL},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        int64_t unix_ms;
        bool good = od__iso8601_parse(rows[i].text, &unix_ms);
        if (good != (rows[i].same != NULL))
            fail_msg("%s", rows[i].text);
        if (!good)
            continue;
        char text[32];
        assert_int_equal(unix_ms, rows[i].unix_ms);
        od__iso8601_format(unix_ms, text, sizeof text);
        assert_string_equal(text, rows[i].same);
    }
    /* Every day of 400 years goes there and back. */
    int64_t day_ms = 86400000, before = -1;
    for (int64_t day = -11000; day < 146097 - 11000; day++) {
        char text[32];
        int64_t back;
        od__iso8601_format(day * day_ms, text, sizeof text);
        assert_true(od__iso8601_parse(text, &back));
        assert_int_equal(back, day * day_ms);
        assert_true(before == -1 || back == before + day_ms);
        before = back;
    }
    char text[32];
    od__iso8601_format(INT64_MIN, text, sizeof text);
    assert_string_equal(text, "0000-01-01T00:00:00Z");
    od__iso8601_format(INT64_MAX, text, sizeof text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks),
        cmocka_unit_test(the_check_expected_texts),
        cmocka_unit_test(iso8601),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
