/* The base room: memory, buffers, clocks, errors, nearest names, and the texts of statuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/join.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "base/utf8.h"
#include "fake_clock.h"

/* ---- memory ---- */

static void test_memory_fails_at_the_nth_allocation(void **state) {
    (void)state;
    od__memory_fail_at(3);
    void *first = od__alloc(1), *second = od__calloc(2, 8), *third = od__realloc(NULL, 4), *fourth = od__alloc(4);
    assert_non_null(first);
    assert_non_null(second);
    assert_null(third);
    assert_non_null(fourth);
    assert_int_equal(od__memory_fail_at(0), 4);
    od__free(first);
    od__free(second);
    od__free(fourth);
}

/* ---- texts one after the other ---- */

static void test_join_cuts_to_fit(void **state) {
    (void)state;
    static const struct {
        const char *texts[4];
        size_t bytes, whole;
        const char *expected;
    } rows[] = {
        { { NULL }, 8, 0, "" },
        { { "", "", NULL }, 1, 0, "" },
        { { "ab", "cd", NULL }, 8, 4, "abcd" },
        { { "ab", "cd", NULL }, 5, 4, "abcd" },
        { { "ab", "cd", NULL }, 4, 4, "abc" },
        { { "ab", "cd", "ef", NULL }, 3, 6, "ab" },
        { { "ab", NULL }, 1, 2, "" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[9] = "????????";
        assert_int_equal(od__join(out, rows[i].bytes, rows[i].texts), rows[i].whole);
        assert_string_equal(out, rows[i].expected);
        for (size_t at = rows[i].bytes; at < 8; at++)
            assert_int_equal(out[at], '?');
    }
}

static void test_memory_of_no_bytes_is_not_null(void **state) {
    (void)state;
    void *a = od__alloc(0), *b = od__calloc(0, 8);
    char *c = od__realloc(NULL, 0), *d = od__strndup("", 0);
    assert_non_null(a);
    assert_non_null(b);
    assert_non_null(c);
    assert_string_equal(d, "");
    od__free(a);
    od__free(b);
    od__free(c);
    od__free(d);
}

static void test_memory_copies_text(void **state) {
    (void)state;
    char *whole = od__strdup("quota"), *part = od__strndup("quota", 3);
    assert_string_equal(whole, "quota");
    assert_string_equal(part, "quo");
    od__free(whole);
    od__free(part);
    od__memory_fail_at(1);
    assert_null(od__strdup("quota"));
    od__memory_fail_at(1);
    assert_null(od__strndup("quota", 3));
    od__memory_fail_at(0);
    assert_null(od__strndup("quota", SIZE_MAX));
}

/* ---- buffer ---- */

static void test_buffer_appends(void **state) {
    (void)state;
    od_buffer buffer;
    od__buffer_init(&buffer, 1000);
    assert_string_equal(od__buffer_text(&buffer), "");
    od__buffer_add_text(&buffer, "one");
    od__buffer_add_byte(&buffer, '/');
    od__buffer_add(&buffer, "two\0!", 5);
    od__buffer_addf(&buffer, "%s=%d", "n", 42);
    assert_false(buffer.failed);
    assert_int_equal(buffer.length, 13);
    assert_memory_equal(buffer.data, "one/two\0!n=42", 14);
    od__buffer_truncate(&buffer, 3);
    assert_string_equal(od__buffer_text(&buffer), "one");
    od__buffer_truncate(&buffer, 5);
    assert_int_equal(buffer.length, 3);
    od__buffer_wipe(&buffer);
    assert_string_equal(od__buffer_text(&buffer), "");
    assert_int_equal(buffer.limit_bytes, 1000);
}

static void test_buffer_grows_through_many_appends(void **state) {
    (void)state;
    od_buffer buffer;
    od__buffer_init(&buffer, 1u << 20);
    for (int i = 0; i < 20000; i++) od__buffer_addf(&buffer, "%05d", i);
    assert_false(buffer.failed);
    assert_int_equal(buffer.length, 100000);
    assert_memory_equal(buffer.data + 5 * 12345, "12345", 5);
    assert_int_equal(buffer.data[buffer.length], '\0');
    od__buffer_clear(&buffer);
}

static void test_buffer_stops_at_its_limit(void **state) {
    (void)state;
    static const struct { size_t limit, first, second; bool fails; } rows[] = {
        { 0, 0, 0, false },     { 0, 1, 0, true },       { 10, 10, 0, false },    { 10, 11, 0, true },
        { 10, 4, 6, false },    { 10, 4, 7, true },      { 300, 150, 150, false }, { 300, 150, 151, true },
        { SIZE_MAX, 5, 5, false },
    };
    char bytes[400];
    memset(bytes, 'x', sizeof bytes);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        od_buffer buffer;
        od__buffer_init(&buffer, rows[i].limit);
        od__buffer_add(&buffer, bytes, rows[i].first);
        od__buffer_add(&buffer, bytes, rows[i].second);
        assert_int_equal(buffer.failed, rows[i].fails);
        assert_int_equal(buffer.over_limit, rows[i].fails);
        if (!rows[i].fails) assert_int_equal(buffer.length, rows[i].first + rows[i].second);
        od__buffer_add_text(&buffer, "");
        char *text = od__buffer_take(&buffer);
        assert_int_equal(text == NULL, rows[i].fails);
        od__free(text);
        od__buffer_clear(&buffer);
        assert_false(buffer.failed);
    }
}

static void test_buffer_remembers_that_memory_ran_out(void **state) {
    (void)state;
    od_buffer buffer;
    od__buffer_init(&buffer, 1000);
    od__buffer_add_text(&buffer, "kept");
    od__memory_fail_at(1);
    for (int i = 0; i < 50; i++) od__buffer_addf(&buffer, "%08d", i);
    od__memory_fail_at(0);
    assert_true(buffer.failed);
    assert_false(buffer.over_limit);
    size_t length = buffer.length;
    od__buffer_add_text(&buffer, "ignored");
    od__buffer_add_byte(&buffer, '!');
    assert_int_equal(buffer.length, length);
    assert_null(od__buffer_take(&buffer));
    od__buffer_clear(&buffer);
}

static void test_buffer_gives_its_bytes_away(void **state) {
    (void)state;
    od_buffer buffer;
    od__buffer_init(&buffer, 100);
    char *empty = od__buffer_take(&buffer);
    assert_string_equal(empty, "");
    od__buffer_add_text(&buffer, "mine");
    char *text = od__buffer_take(&buffer);
    assert_string_equal(text, "mine");
    assert_int_equal(buffer.length, 0);
    assert_null(buffer.data);
    od__free(empty);
    od__free(text);
}

/* ---- clock ---- */

static void test_clock_is_the_systems_by_default(void **state) {
    (void)state;
    od_clock clock;
    od__clock_init(&clock, NULL);
    assert_true(clock.is_system);
    int64_t before = od__clock_now_us(&clock);
    assert_true(before > 0);
    assert_true(od__clock_now_us(&clock) >= before);
    assert_true(od__clock_wall_ms(&clock) > 1600000000000);
    unsigned char a[16] = { 0 }, b[16] = { 0 };
    assert_true(od__clock_random(&clock, a, sizeof a));
    assert_true(od__clock_random(&clock, b, sizeof b));
    assert_memory_not_equal(a, b, sizeof a);
}

static void test_clock_takes_what_it_is_given(void **state) {
    (void)state;
    fake_clock fake;
    fake_clock_init(&fake);
    od_engine_options options = OD_ENGINE_OPTIONS_INIT;
    options.wall_ms = fake_wall_ms;
    options.context = &fake;
    od_clock clock;
    od__clock_init(&clock, &options);
    assert_true(clock.is_system);
    assert_int_equal(od__clock_wall_ms(&clock), 1700000001000);
    options.now_us = fake_now_us;
    od__clock_init(&clock, &options);
    assert_false(clock.is_system);
    assert_int_equal(od__clock_now_us(&clock), 1000000);
    options.size = offsetof(od_engine_options, now_us); /* of a program that knows no member at all */
    od__clock_init(&clock, &options);
    assert_true(clock.is_system);
}

static void test_clock_unit_stays_below_one(void **state) {
    (void)state;
    fake_clock fake;
    fake_clock_init(&fake);
    double most = od__clock_random_unit(&fake.clock);
    assert_true(most < 1 && most > 0.999999999);
    fake.random = 0;
    assert_true(od__clock_random_unit(&fake.clock) == 0);
    fake.random = UINT64_C(1) << 62;
    assert_true(od__clock_random_unit(&fake.clock) == 0.25);
    fake.no_random = true;
    assert_true(od__clock_random_unit(&fake.clock) == 0.5);
}

/* ---- error ---- */

static void test_error_keeps_the_first(void **state) {
    (void)state;
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od__error_at(&err, OD_VALIDATION, "/to", "got %d", 5), OD_VALIDATION);
    assert_int_equal(od__error_set(&err, OD_NETWORK, "later"), OD_NETWORK);
    assert_int_equal(err.code, OD_VALIDATION);
    assert_string_equal(err.message, "got 5");
    assert_string_equal(err.path, "/to");
    assert_int_equal(od__error_set(NULL, OD_NETWORK, "nobody listens"), OD_NETWORK);
    assert_int_equal(od__error_at(NULL, OD_NETWORK, "/x", "nobody listens"), OD_NETWORK);
    od__error_clear(&err);
    assert_int_equal(err.code, OD_OK);
    assert_int_equal(err.size, sizeof err);
    assert_int_equal(err.retry_after_ms, -1);
    assert_string_equal(err.path, "");
    assert_int_equal(od__error_no_memory(&err), OD_OUT_OF_MEMORY);
    assert_string_equal(err.message, "memory ran out");
}

static void test_error_message_is_cut_between_characters(void **state) {
    (void)state;
    od_error err = OD_ERROR_INIT;
    char text[600];
    for (size_t i = 0; i + 3 < sizeof text; i += 3) memcpy(text + i, "\xe2\x82\xac", 4);
    od__error_set(&err, OD_REJECTED, "%s", text);
    assert_int_equal(strlen(err.message), 510); /* 170 whole ones of the 511 bytes */
    assert_memory_equal(err.message + 507, "\xe2\x82\xac", 4);
}

static void test_error_clean(void **state) {
    (void)state;
    static const struct { const char *text; size_t length, room; const char *expected; } rows[] = {
        { "plain", 5, 64, "plain" },
        { "two\r\nlines\t\x1b[31m\x7f!", 18, 64, "two  lines  [31m !" },
        { "nul\0here", 8, 64, "nul here" },
        { "gr\xc3\xbc\xc3\x9f" "e", 7, 64, "gr\xc3\xbc\xc3\x9f" "e" },
        { "gr\xc3\xbc\xc3\x9f" "e", 7, 6, "gr\xc3\xbc" },
        { "gr\xc3\xbc", 4, 4, "gr" },
        { "cut off \xe2\x82", 10, 64, "cut off ??" },
        { "stray \xbc overlong \xc0\xaf surrogate \xed\xa0\x80", 33, 64, "stray ? overlong ?? surrogate ???" },
        { "csi \xc2\x9b" "2J", 8, 64, "csi  2J" },
        { "\xf0\x9f\x93\x9e", 4, 5, "\xf0\x9f\x93\x9e" },
        { "\xf0\x9f\x93\x9e", 4, 4, "" },
        { "\xf4\x90\x80\x80", 4, 64, "????" },
        { "abc", 3, 1, "" },
        { "abc", 3, 3, "ab" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[64];
        memset(out, '#', sizeof out);
        od__error_clean(out, rows[i].room, rows[i].text, rows[i].length);
        assert_string_equal(out, rows[i].expected);
    }
    char untouched = '#';
    od__error_clean(&untouched, 0, "abc", 3);
    assert_int_equal(untouched, '#');
}

static void test_error_format(void **state) {
    (void)state;
    static const struct { od_status code; const char *path, *vendor_code, *message, *expected; } rows[] = {
        { OD_VALIDATION, "/DestinationPhoneNumber", "", "expected E.164 (+ and up to 15 digits), got \"555\"",
          "validation /DestinationPhoneNumber: expected E.164 (+ and up to 15 digits), got \"555\"" },
        { OD_REJECTED, "", "OutboundContactNotPermittedException", "no", "rejected: OutboundContactNotPermittedException: no" },
        { OD_REJECTED, "", "E7", "", "rejected: E7" },
        { OD_NETWORK, "", "", "connection refused", "network: connection refused" },
        { OD_NETWORK, "", "", "", "network" },
        { OD_OK, "", "", "", "ok" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        od_error err = OD_ERROR_INIT;
        err.code = rows[i].code;
        strcpy(err.path, rows[i].path);
        strcpy(err.vendor_code, rows[i].vendor_code);
        strcpy(err.message, rows[i].message);
        char out[200];
        assert_int_equal(od_error_format(&err, out, sizeof out), strlen(rows[i].expected));
        assert_string_equal(out, rows[i].expected);
        char small[8];
        assert_int_equal(od_error_format(&err, small, sizeof small), strlen(rows[i].expected));
        assert_memory_equal(small, rows[i].expected, strlen(small));
        assert_true(strlen(small) <= 7);
        assert_int_equal(od_error_format(&err, NULL, 0), strlen(rows[i].expected));
    }
}

/* ---- statuses ---- */

static void test_status_names_and_numbers_stay(void **state) {
    (void)state;
    static const char *const names[] = {
        "ok", "validation", "authentication", "permission", "not_found", "conflict", "throttled", "rejected",
        "unavailable", "timeout", "network", "protocol", "canceled", "closed", "out_of_memory", "internal",
        "unknown_status",
    };
    for (int i = 0; i < (int)(sizeof names / sizeof names[0]); i++) {
        assert_string_equal(od_status_name((od_status)i), names[i]);
        assert_true(strlen(od_status_meaning((od_status)i)) > 10);
    }
    assert_string_equal(od_status_meaning(OD_TIMEOUT), "no answer within the time allowed");
    static const char *const placements[] = { "", "not_placed", "unknown", "placed", "" };
    for (int i = 0; i < 5; i++) assert_string_equal(od_placement_name((od_placement)i), placements[i]);
}

static void test_version_names_the_libraries(void **state) {
    (void)state;
    const char *version = od_version();
    assert_ptr_equal(version, od_version());
    assert_memory_equal(version, "outdial 0.1.0 (libcurl/", 23);
    assert_non_null(strstr(version, " OpenSSL "));
    assert_non_null(strstr(version, " jansson/"));
    assert_int_equal(version[strlen(version) - 1], ')');
}

/* ---- nearest ---- */

static void test_nearest(void **state) {
    (void)state;
    static const char *const names[] = {
        "DestinationPhoneNumber", "SourcePhoneNumber", "QueueId", "ClientToken", "Attributes", "dial", "hold",
        "retrieve", "to", "get_me", "get_devices", "place_call",
    };
    static const struct { const char *wanted, *best; } rows[] = {
        { "DestinationPhoneNumbr", "DestinationPhoneNumber" },
        { "destination_phone_number", "DestinationPhoneNumber" },
        { "PhoneNumber", NULL },
        { "queue-id", "QueueId" },
        { "dail", "dial" },
        { "diak", "dial" },
        { "daik", NULL },
        { "Attr", "Attributes" },
        { "At", NULL },
        { "get", "get_me" },
        { "getdevice", "get_devices" },
        { "TO", "to" },
        { "ot", NULL },
        { "retrieve_the_call", "retrieve" },
        { "placecalls", "place_call" },
        { "zzz", NULL },
        { "", NULL },
        { "__", NULL },
        { "DestinationPhoneNumberDestinationPhoneNumberDestinationPhoneNumberDestinationPhoneNumberDestinationPh", NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        od_nearest nearest = { .wanted = rows[i].wanted };
        for (size_t j = 0; j < sizeof names / sizeof names[0]; j++) od__nearest_offer(&nearest, names[j]);
        if (rows[i].best == NULL) {
            assert_null(nearest.best);
        } else {
            assert_string_equal(nearest.best, rows[i].best);
        }
    }
}

static void test_nearest_prefers_the_first_of_equals(void **state) {
    (void)state;
    od_nearest nearest = { .wanted = "holt" };
    od__nearest_offer(&nearest, "hold");
    od__nearest_offer(&nearest, "bolt");
    assert_string_equal(nearest.best, "hold");
    assert_int_equal(nearest.distance, 1);
    od__nearest_offer(&nearest, "HOLT");
    assert_string_equal(nearest.best, "HOLT");
    assert_int_equal(nearest.distance, 0);
}

/* Every length around the words that text is looked at in, with a byte that is wrong, none or one of two at every place. */
static void text_is_looked_at_to_its_end(void **state) {
    (void)state;
    for (size_t length = 0; length < 40; length++) {
        char text[41] = "";
        memset(text, 'a', length);
        assert_true(od__utf8_is_valid(text, length) && od__utf8_is_text(text, length));
        for (size_t at = 0; at < length; at++) {
            text[at] = '\xe9';
            assert_true(!od__utf8_is_valid(text, length) && !od__utf8_is_text(text, length));
            text[at] = '\0';
            assert_true(od__utf8_is_valid(text, length) && !od__utf8_is_text(text, length));
            text[at] = '\x01';
            assert_true(od__utf8_is_valid(text, length) && od__utf8_is_text(text, length));
            if (at > 0) {
                memcpy(text + at - 1, "\xc3\xa9", 2);
                assert_true(od__utf8_is_valid(text, length) && od__utf8_is_text(text, length));
                text[at - 1] = 'a';
            }
            text[at] = 'a';
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_looked_at_to_its_end),
        cmocka_unit_test(test_memory_fails_at_the_nth_allocation),
        cmocka_unit_test(test_memory_of_no_bytes_is_not_null),
        cmocka_unit_test(test_memory_copies_text),
        cmocka_unit_test(test_join_cuts_to_fit),
        cmocka_unit_test(test_buffer_appends),
        cmocka_unit_test(test_buffer_grows_through_many_appends),
        cmocka_unit_test(test_buffer_stops_at_its_limit),
        cmocka_unit_test(test_buffer_remembers_that_memory_ran_out),
        cmocka_unit_test(test_buffer_gives_its_bytes_away),
        cmocka_unit_test(test_clock_is_the_systems_by_default),
        cmocka_unit_test(test_clock_takes_what_it_is_given),
        cmocka_unit_test(test_clock_unit_stays_below_one),
        cmocka_unit_test(test_error_keeps_the_first),
        cmocka_unit_test(test_error_message_is_cut_between_characters),
        cmocka_unit_test(test_error_clean),
        cmocka_unit_test(test_error_format),
        cmocka_unit_test(test_status_names_and_numbers_stay),
        cmocka_unit_test(test_version_names_the_libraries),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_nearest_prefers_the_first_of_equals),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
