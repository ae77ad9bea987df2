/* A clock that differs from the vendor's: tests/vectors/clock_skew/cases.json played through a client, and the reading of
 * dates. Each case is a list of operations of one client; after each, a request that is not sent on shows what the client
 * has learned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "authorizing/clock_skew.h"
#include "client_rig.h"
#include "validation/shape.h"

#define VECTORS "tests/vectors/clock_skew/cases.json"
#define CASES 64

static const char *text_of(const od_value *object, const char *key) {
    return od_value_string(od_value_get(object, key));
}

static int64_t time_of(const od_value *object, const char *key) {
    int64_t ms = 0;
    assert_true(od__iso8601_parse(text_of(object, key), &ms));
    return ms;
}

static void assert_signed(rig *r, const char *expected) {
    char date[64], scope[64];
    snprintf(date, sizeof(date), "X-Amz-Date: %s\n", expected);
    snprintf(scope, sizeof(scope), "/%.8s/us-east-1/connect/aws4_request", expected);
    const char *sent = fake_sent(&r->network);
    if (strstr(sent, date) == NULL || strstr(sent, scope) == NULL)
        fail_msg("expected %sin %s", date, sent);
}

static void answer(rig *r, const od_value *attempt) {
    char headers[512] = "";
    const od_value *member, *all = od_value_get(attempt, "headers");
    void *cursor = NULL;
    const char *key;
    while (od_value_next(all, &cursor, &key, &member)) {
        size_t length = strlen(headers);
        snprintf(headers + length, sizeof(headers) - length, "%s: %s\n", key, od_value_string(member));
    }
    int status = (int)od_value_integer(od_value_get(attempt, "status"));
    fake_answer(&r->network, r->network.first, status, headers,
                status == 200 ? "{\"Contact\":{}}" : "{\"Message\":\"m\"}");
}

static void play_attempts(rig *r, const od_value *attempts, od_request **request) {
    for (size_t i = 0; i < od_value_length(attempts); i++) {
        const od_value *attempt = od_value_at(attempts, i);
        r->clock.wall_ms = time_of(attempt, "send");
        if (i == 0)
            *request = submit(r, "describe_contact", "{\"ContactId\":\"c\"}", NULL);
        else
            pass_ms(r, 20000);
        if (r->network.first == NULL)
            fail_msg("attempt %zu was not made", i + 1);
        assert_signed(r, text_of(attempt, "signed"));
        r->clock.wall_ms = time_of(attempt, "receive");
        answer(r, attempt);
        step(r);
    }
}

static void assert_learned(rig *r, int64_t skew_seconds) {
    char expected[32];
    int64_t at_ms = r->clock.wall_ms + skew_seconds * 1000;
    time_t at = (time_t)(at_ms / 1000);
    struct tm parts;
    gmtime_r(&at, &parts);
    strftime(expected, sizeof(expected), "%Y%m%dT%H%M%SZ", &parts);
    od_request *probe = submit(r, "describe_contact", "{\"ContactId\":\"probe\"}", NULL);
    assert_signed(r, expected);
    od_request_cancel(probe);
    step(r);
    od_request_unref(probe);
}

static void play(void **state) {
    const od_value *operations = *state;
    rig r;
    char options[1024];
    int64_t tries = od_value_integer(od_value_get(od_value_at(operations, 0), "max_attempts"));
    snprintf(options, sizeof(options), "{" CONNECT ",\"rate\":false,\"retry\":{\"max_attempts\":%d}}", (int)tries);
    rig_client(&r, "amazon_connect", options);
    for (size_t i = 0; i < od_value_length(operations); i++) {
        const od_value *operation = od_value_at(operations, i);
        od_request *request = NULL;
        play_attempts(&r, od_value_get(operation, "attempts"), &request);
        pass_ms(&r, 20000);
        assert_null(r.network.first);
        assert_true(od_request_finished(request));
        if (text_of(operation, "error") != NULL)
            assert_error(od_request_error(request), text_of(operation, "error"));
        else
            assert_value(od_request_result(request), "{\"Contact\":{},\"state\":\"dialling\"}");
        od_request_unref(request);
        assert_learned(&r, od_value_integer(od_value_get(operation, "skew_seconds")));
    }
    rig_close(&r);
}

/* A repetition goes by its own answers, though others have learned something else meanwhile. */
static void a_call_keeps_its_own_correction(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "amazon_connect", "{" CONNECT ",\"rate\":false}");
    od_request *first = submit(&r, "describe_contact", "{\"ContactId\":\"c\"}", NULL);
    fake_answer(&r.network, r.network.first, 403, "X-Amzn-Errortype: RequestTimeTooSkewed\n"
                                                  "Date: Sun, 30 Aug 2015 12:46:00 GMT\n", "{}");
    step(&r);
    od_request *second = submit(&r, "describe_contact", "{\"ContactId\":\"d\"}", NULL);
    (void)fake_sent(&r.network);
    fake_answer(&r.network, r.network.first, 200, "Date: Sun, 30 Aug 2015 12:36:00 GMT\n", "{\"Contact\":{}}");
    step(&r);
    pass_ms(&r, 1000);
    assert_signed(&r, "20150830T124600Z");
    assert_learned(&r, 0);
    od_request_unref(first);
    od_request_unref(second);
    rig_close(&r);
}

/* ---- dates ---- */

static const struct { const char *text; int64_t unix_ms; } dates[] = {
    { "Sun, 06 Nov 1994 08:49:37 GMT", 784111777000 },   { "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
    { "Thu, 29 Feb 2024 23:59:59 GMT", 1709251199000 },  { "Fri, 01 Mar 2024 00:00:00 GMT", 1709251200000 },
    { "Mon, 28 Feb 2022 23:59:59 GMT", 1646092799000 },  { "Wed, 31 Dec 2025 23:59:60 GMT", 1767225600000 },
    { "Sun, 30 Aug 2015 12:36:00 GMT", 1440938160000 },  { "Tue, 29 Feb 2000 12:00:00 GMT", 951825600000 },
    { "Tue, 29 Feb 2023 00:00:00 GMT", -1 },             { "Sun, 06 Nov 1994 08:49:37 CET", -1 },
    { "Sun, 06 nov 1994 08:49:37 GMT", -1 },             { "Sun, 06 ovD 1994 08:49:37 GMT", -1 },
    { "Sun, 31 Nov 1994 08:49:37 GMT", -1 },             { "Sun, 00 Nov 1994 08:49:37 GMT", -1 },
    { "Sun, 06 Nov 1994 24:00:00 GMT", -1 },             { "Sun, 06 Nov 1994 08:60:00 GMT", -1 },
    { "Sun, 06 Nov 1994 08:49:61 GMT", -1 },             { "Sun, 06 Nov 1969 08:49:37 GMT", -1 },
    { "Sun, 06 Nov 1994 08:49:37 GMT ", -1 },            { "Sun, 06 Nov 1994 08:49:37", -1 },
    { "Sun, -6 Nov 1994 08:49:37 GMT", -1 },             { "Sun Nov  6 08:49:37 1994", -1 },
    { "Sunday, 06-Nov-94 08:49:37 GMT", -1 },            { "", -1 },
    { "Sun, 06 Nov 1994 08:4x:37 GMT", -1 },             { "Sun; 06 Nov 1994 08:49:37 GMT", -1 },
    { "0123456789012345678901234567x", -1 },
};

static void an_http_date_is_read_in_its_one_form(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        int64_t unix_ms = -1;
        bool good = od__http_date_parse(dates[i].text, strlen(dates[i].text), &unix_ms);
        if (good != (dates[i].unix_ms >= 0) || unix_ms != dates[i].unix_ms)
            fail_msg("\"%s\" is %lld", dates[i].text, (long long)unix_ms);
    }
}

int main(void) {
    static char text[1 << 16], names[CASES][160];
    static struct CMUnitTest tests[CASES + 2] = {
        cmocka_unit_test(an_http_date_is_read_in_its_one_form),
        cmocka_unit_test(a_call_keeps_its_own_correction),
    };
    FILE *file = fopen(VECTORS, "rb");
    size_t length = file != NULL ? fread(text, 1, sizeof(text), file) : 0, count = 2;
    od_value *all = NULL;
    od_error error = OD_ERROR_INIT;
    if (file != NULL)
        fclose(file);
    if (od_value_parse(text, length, &all, &error) != OD_OK) {
        fprintf(stderr, VECTORS ": %s\n", error.message);
        return EXIT_FAILURE;
    }
    const od_value *cases = od_value_get(all, "cases");
    for (size_t i = 0; i < od_value_length(cases) && i < CASES; i++) {
        const od_value *one = od_value_at(cases, i);
        snprintf(names[i], sizeof(names[i]), "skew: %s", text_of(one, "name"));
        void *operations = (void *)(uintptr_t)od_value_get(one, "operations");
        tests[count++] = (struct CMUnitTest){ names[i], play, NULL, NULL, operations };
    }
    int failed = _cmocka_run_group_tests("clock_skew", tests, count, NULL, NULL);
    od_value_unref(all);
    return failed;
}
