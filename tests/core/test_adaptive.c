/* The adaptive limiter: its arithmetic as rows, and its place in a client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "client_rig.h"

/* At t seconds: 'o' a good answer, 't' a throttled one, 'w' how long the next has to wait, 'g' it goes. After it: the
 * measured rate, the rate of filling, the tokens there are, and what 'w' said. Worked out by another program. */
typedef struct event {
    double t;
    char what;
    double measured, fill_rate, capacity, wait;
    bool enabled;
} event;

static const struct { double start; event events[64]; } sequences[] = {
    /* nothing is limited before the first throttling */
    { 5.0, {
        { 5.0, 'w', 0, 0, 0, 0, 0 },
        { 5.1, 'o', 0, 0.5, 0, 0, 0 },
        { 5.4, 'o', 0, 0.5, 0.15000000000000036, 0, 0 },
        { 5.5, 'o', 4.800000000000001, 0.5, 0.20000000000000018, 0, 0 },
        { 5.7, 'o', 4.800000000000001, 0.5, 0.30000000000000027, 0, 0 },
        { 6.0, 'o', 4.16, 0.5, 0.4500000000000002, 0, 0 },
        { 6.0, 'w', 4.16, 0.5, 0.4500000000000002, 0, 0 },
        { 6.0, 'g', 4.16, 0.5, 0.4500000000000002, 0, 0 },
        { 9.9, 'w', 4.16, 0.5, 0.4500000000000002, 0, 0 },
        { 0, 0, 0, 0, 0, 0, 0 } } },
    /* cut at a throttling, grown back along the curve */
    { 5.0, {
        { 5.1, 'o', 0, 0.5, 0, 0, 0 },
        { 5.2, 'o', 0, 0.5, 0.050000000000000266, 0, 0 },
        { 5.5, 'o', 4.800000000000001, 0.5, 0.20000000000000018, 0, 0 },
        { 5.9, 'o', 4.800000000000001, 0.5, 0.40000000000000036, 0, 0 },
        { 6.0, 't', 4.16, 2.912, 0.4500000000000002, 0, 1 },
        { 6.0, 'w', 4.16, 2.912, 0.4500000000000002, 0.1888736263736263, 1 },
        { 6.25, 'w', 4.16, 2.912, 1.1780000000000002, 0, 1 },
        { 6.5, 'w', 4.16, 2.912, 1.9060000000000001, 0, 1 },
        { 6.5, 'g', 4.16, 2.912, 0.9060000000000001, 0, 1 },
        { 6.6, 'o', 2.4320000000000004, 3.9044855322357663, 1.1971999999999992, 0, 1 },
        { 7.0, 'o', 2.0864000000000003, 4.120752770616249, 2.758994212894307, 0, 1 },
        { 7.5, 'o', 2.0172800000000004, 4.034560000000001, 4.034560000000001, 0, 1 },
        { 8.0, 'o', 2.0034560000000003, 4.006912000000001, 4.006912000000001, 0, 1 },
        { 8.0, 'w', 2.0034560000000003, 4.006912000000001, 4.006912000000001, 0, 1 },
        { 8.0, 'g', 2.0034560000000003, 4.006912000000001, 3.0069120000000007, 0, 1 },
        { 8.0, 'w', 2.0034560000000003, 4.006912000000001, 3.0069120000000007, 0, 1 },
        { 9.0, 'o', 1.2006912, 2.4013824, 2.4013824, 0, 1 },
        { 10.0, 'o', 1.04013824, 2.08027648, 2.08027648, 0, 1 },
        { 12.0, 'o', 0.6080276480000001, 1.2160552960000002, 1.2160552960000002, 0, 1 },
        { 20.0, 'o', 0.22160552960000002, 0.5, 1, 0, 1 },
        { 0, 0, 0, 0, 0, 0, 0 } } },
    /* throttled again and again it never falls below its least */
    { 5.0, {
        { 5.0, 't', 0, 0.5, 0, 0, 1 },
        { 5.1, 't', 0, 0.5, 0.04999999999999982, 0, 1 },
        { 5.5, 't', 4.800000000000001, 0.5, 0.25, 0, 1 },
        { 6.0, 't', 2.5600000000000005, 0.5, 0.5, 0, 1 },
        { 9.0, 't', 0.7786666666666668, 0.5, 1, 0, 1 },
        { 9.0, 'w', 0.7786666666666668, 0.5, 1, 0, 1 },
        { 11.0, 'w', 0.7786666666666668, 0.5, 1, 0, 1 },
        { 11.0, 'g', 0.7786666666666668, 0.5, 0, 0, 1 },
        { 11.0, 'w', 0.7786666666666668, 0.5, 0.0, 2.0, 1 },
        { 0, 0, 0, 0, 0, 0, 0 } } },
    /* a fast one */
    { 5.0, {
        { 5.02, 'o', 0, 0.5, 0, 0, 0 },
        { 5.04, 'o', 0, 0.5, 0.010000000000000231, 0, 0 },
        { 5.06, 'o', 0, 0.5, 0.020000000000000018, 0, 0 },
        { 5.08, 'o', 0, 0.5, 0.03000000000000025, 0, 0 },
        { 5.1, 'o', 0, 0.5, 0.040000000000000036, 0, 0 },
        { 5.12, 'o', 0, 0.5, 0.050000000000000266, 0, 0 },
        { 5.14, 'o', 0, 0.5, 0.06000000000000005, 0, 0 },
        { 5.16, 'o', 0, 0.5, 0.07000000000000028, 0, 0 },
        { 5.18, 'o', 0, 0.5, 0.08000000000000007, 0, 0 },
        { 5.2, 'o', 0, 0.5, 0.0900000000000003, 0, 0 },
        { 5.22, 'o', 0, 0.5, 0.10000000000000009, 0, 0 },
        { 5.24, 'o', 0, 0.5, 0.11000000000000032, 0, 0 },
        { 5.26, 'o', 0, 0.5, 0.1200000000000001, 0, 0 },
        { 5.28, 'o', 0, 0.5, 0.13000000000000034, 0, 0 },
        { 5.3, 'o', 0, 0.5, 0.14000000000000012, 0, 0 },
        { 5.32, 'o', 0, 0.5, 0.15000000000000036, 0, 0 },
        { 5.34, 'o', 0, 0.5, 0.16000000000000014, 0, 0 },
        { 5.36, 'o', 0, 0.5, 0.17000000000000037, 0, 0 },
        { 5.38, 'o', 0, 0.5, 0.18000000000000016, 0, 0 },
        { 5.4, 'o', 0, 0.5, 0.1900000000000004, 0, 0 },
        { 5.42, 'o', 0, 0.5, 0.20000000000000018, 0, 0 },
        { 5.44, 'o', 0, 0.5, 0.2100000000000004, 0, 0 },
        { 5.46, 'o', 0, 0.5, 0.2200000000000002, 0, 0 },
        { 5.48, 'o', 0, 0.5, 0.23000000000000043, 0, 0 },
        { 5.5, 'o', 40.0, 0.5, 0.2400000000000002, 0, 0 },
        { 5.52, 'o', 40.0, 0.5, 0.25, 0, 0 },
        { 5.54, 'o', 40.0, 0.5, 0.26000000000000023, 0, 0 },
        { 5.5600000000000005, 'o', 40.0, 0.5, 0.27000000000000046, 0, 0 },
        { 5.58, 'o', 40.0, 0.5, 0.28000000000000025, 0, 0 },
        { 5.6, 'o', 40.0, 0.5, 0.29000000000000004, 0, 0 },
        { 5.62, 'o', 40.0, 0.5, 0.30000000000000027, 0, 0 },
        { 5.64, 'o', 40.0, 0.5, 0.31000000000000005, 0, 0 },
        { 5.66, 'o', 40.0, 0.5, 0.3200000000000003, 0, 0 },
        { 5.68, 'o', 40.0, 0.5, 0.33000000000000007, 0, 0 },
        { 5.7, 'o', 40.0, 0.5, 0.3400000000000003, 0, 0 },
        { 5.72, 'o', 40.0, 0.5, 0.3500000000000001, 0, 0 },
        { 5.74, 'o', 40.0, 0.5, 0.3600000000000003, 0, 0 },
        { 5.76, 'o', 40.0, 0.5, 0.3700000000000001, 0, 0 },
        { 5.78, 'o', 40.0, 0.5, 0.38000000000000034, 0, 0 },
        { 5.8, 'o', 40.0, 0.5, 0.3900000000000001, 0, 0 },
        { 5.82, 'o', 40.0, 0.5, 0.40000000000000036, 0, 0 },
        { 5.84, 'o', 40.0, 0.5, 0.41000000000000014, 0, 0 },
        { 5.86, 'o', 40.0, 0.5, 0.4200000000000004, 0, 0 },
        { 5.88, 'o', 40.0, 0.5, 0.43000000000000016, 0, 0 },
        { 5.9, 'o', 40.0, 0.5, 0.4400000000000004, 0, 0 },
        { 5.92, 'o', 40.0, 0.5, 0.4500000000000002, 0, 0 },
        { 5.9399999999999995, 'o', 40.0, 0.5, 0.45999999999999996, 0, 0 },
        { 5.96, 'o', 40.0, 0.5, 0.4700000000000002, 0, 0 },
        { 5.98, 'o', 40.0, 0.5, 0.4800000000000004, 0, 0 },
        { 6.0, 't', 48.0, 33.599999999999994, 0.4900000000000002, 0, 1 },
        { 6.01, 'w', 48.0, 33.599999999999994, 0.825999999999993, 0.005178571428571639, 1 },
        { 6.2, 'w', 48.0, 33.599999999999994, 7.210000000000004, 0, 1 },
        { 6.2, 'g', 48.0, 33.599999999999994, 6.210000000000004, 0, 1 },
        { 6.3, 'o', 48.0, 37.1791723376368, 9.569999999999991, 0, 1 },
        { 6.5, 'o', 12.8, 25.6, 17.005834467527357, 0, 1 },
        { 7.5, 'o', 3.3600000000000003, 6.720000000000001, 6.720000000000001, 0, 1 },
        { 9.0, 'o', 1.2053333333333334, 2.4106666666666667, 2.4106666666666667, 0, 1 },
        { 0, 0, 0, 0, 0, 0, 0 } } },
};

static void assert_near(size_t sequence, size_t number, const char *what, double got, double expected) {
    double apart = got > expected ? got - expected : expected - got;
    if (apart > 1e-9 * (expected > 1 ? expected : 1))
        fail_msg("sequence %zu, event %zu: %s is %.15g, not %.15g", sequence, number, what, got, expected);
}

static void the_rate_follows_the_throttling(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
        od_adaptive adaptive;
        od__adaptive_init(&adaptive, sequences[i].start);
        const event *e = sequences[i].events;
        for (size_t n = 0; e[n].what != 0; n++) {
            double wait = 0;
            if (e[n].what == 'w')
                wait = od__adaptive_wait(&adaptive, e[n].t);
            else if (e[n].what == 'g')
                od__adaptive_take(&adaptive);
            else
                od__adaptive_answered(&adaptive, e[n].what == 't', e[n].t);
            assert_near(i, n, "measured", adaptive.measured, e[n].measured);
            assert_near(i, n, "fill_rate", adaptive.fill_rate, e[n].fill_rate);
            assert_near(i, n, "capacity", adaptive.capacity, e[n].capacity);
            assert_near(i, n, "wait", wait, e[n].wait);
            assert_int_equal(adaptive.enabled, e[n].enabled);
        }
    }
}

static void a_shortage_too_small_to_wait_for_is_none(void **state) {
    (void)state;
    od_adaptive adaptive = { .enabled = true, .fill_rate = 0.5, .max_capacity = 1, .capacity = 1 - 1e-10, .filled = 5 };
    assert_true(od__adaptive_wait(&adaptive, 5) == 0);
    adaptive.capacity = 1 - 1e-8;
    assert_true(od__adaptive_wait(&adaptive, 5) > 0);
    /* a clock that goes back fills nothing */
    adaptive.capacity = 0;
    assert_true(od__adaptive_wait(&adaptive, 4) == 2);
    assert_true(od__adaptive_wait(&adaptive, 6) == 0);
}

/* ---- in a client ---- */

#define ADAPTIVE "{" CONNECT ",\"retry\":{\"mode\":\"adaptive\",\"max_attempts\":2}}"

static void throttle(rig *r) {
    fake_answer(&r->network, r->network.first, 429, THROTTLE, "{\"Message\":\"slow\"}");
    step(r);
}

static void a_throttled_client_slows_down_all_calls_of_the_operation(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "amazon_connect", ADAPTIVE);
    r.clock.next_random = 0;
    od_request *first = submit(&r, START, CALL, NULL);
    od_request *second = submit(&r, START, CALL, NULL);
    assert_int_equal(r.network.sent_count, 2);  /* nothing is limited yet */
    throttle(&r);
    /* From now on half a token comes in each second: the repetition, and the next call, wait for theirs. */
    od_request *third = submit(&r, START, CALL, NULL);
    od_request *other = submit(&r, "stop_contact", "{\"ContactId\":\"c\"}", NULL);
    assert_int_equal(r.network.sent_count, 3);  /* another operation has a rate of its own */
    pass_ms(&r, 1999);
    assert_int_equal(r.network.sent_count, 3);
    pass_ms(&r, 2);
    assert_int_equal(r.network.sent_count, 4);
    pass_ms(&r, 1999);
    assert_int_equal(r.network.sent_count, 4);
    pass_ms(&r, 2);
    assert_int_equal(r.network.sent_count, 5);
    while (r.network.first != NULL) {
        fake_answer(&r.network, r.network.first, 200, "", PLACED);
        step(&r);
    }
    assert_value(od_request_result(first), PLACED);
    assert_value(od_request_result(second), PLACED);
    assert_value(od_request_result(third), PLACED);
    od_request_unref(first);
    od_request_unref(second);
    od_request_unref(third);
    od_request_unref(other);
    rig_close(&r);
}

static void R4_one_that_waits_too_long_for_its_token_stays_home(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "amazon_connect", ADAPTIVE);
    od_request *first = submit(&r, START, CALL, NULL);
    throttle(&r);
    od_submit_options options = OD_SUBMIT_OPTIONS_INIT;
    options.send_before_ms = od_engine_now_ms(r.engine) + 500;
    od_request *late = submit(&r, START, CALL, &options);
    pass_ms(&r, 500);
    assert_failed(late, "timeout: send_before passed before the first byte", OD_PLACEMENT_NOT_PLACED);
    od_request_unref(first);
    od_request_unref(late);
    rig_close(&r);
}

static void what_is_canceled_or_closed_while_it_waits_takes_no_token(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "amazon_connect", ADAPTIVE);
    od_request *first = submit(&r, START, CALL, NULL);
    throttle(&r);
    od_request *canceled = submit(&r, START, CALL, NULL), *closed = submit(&r, START, CALL, NULL);
    od_request_cancel(canceled);
    step(&r);
    assert_failed(canceled, "canceled: the request was canceled", OD_PLACEMENT_NOT_PLACED);
    od_client_free(r.client);
    r.client = NULL;
    assert_failed(closed, "closed: the client or engine was closed", OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(r.network.sent_count, 1);
    od_request_unref(first);
    od_request_unref(canceled);
    od_request_unref(closed);
    rig_close(&r);
}

static const struct { const char *retry, *error; } option_rows[] = {
    { "{\"mode\":\"adaptive\"}", NULL },
    { "{\"mode\":\"standard\",\"max_attempts\":1}", NULL },
    { "{\"max_attempts\":5}", NULL },
    { "{}", NULL },
    { "{\"mode\":\"legacy\"}", "validation /retry/mode: expected one of standard, adaptive, got \"legacy\"" },
    { "{\"mod\":\"adaptive\"}", "validation /retry/mod: unknown field, did you mean \"mode\"?" },
};

static void the_mode_is_an_option(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(option_rows) / sizeof(option_rows[0]); i++) {
        rig r;
        char options[1024];
        rig_open(&r);
        snprintf(options, sizeof(options), "{" CONNECT ",\"retry\":%s}", option_rows[i].retry);
        od_value *given = parse(options);
        od_error error = OD_ERROR_INIT;
        od_status status = od_client_new(r.engine, od_vendor_find("amazon_connect"), given, &r.client, &error);
        od_value_unref(given);
        if (option_rows[i].error != NULL) {
            assert_error(&error, option_rows[i].error);
        } else {
            assert_int_equal(status, OD_OK);
            assert_int_equal(r.client->adaptive != NULL, strstr(option_rows[i].retry, "adaptive") != NULL);
        }
        rig_close(&r);
    }
}

static void a_limiter_without_memory_is_an_error(void **state) {
    (void)state;
    rig r;
    rig_open(&r);
    od_value *given = parse(ADAPTIVE);
    for (size_t n = 1;; n++) {
        od_error error = OD_ERROR_INIT;
        od__memory_fail_at(n);
        od_status status = od_client_new(r.engine, od_vendor_find("amazon_connect"), given, &r.client, &error);
        bool enough = od__memory_fail_at(0) < n;
        if (enough) {
            assert_int_equal(status, OD_OK);
            break;
        }
        assert_int_equal(error.code, OD_OUT_OF_MEMORY);
        assert_null(r.client);
        assert_true(n < 500);
    }
    od_value_unref(given);
    rig_close(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rate_follows_the_throttling),
        cmocka_unit_test(a_shortage_too_small_to_wait_for_is_none),
        cmocka_unit_test(a_throttled_client_slows_down_all_calls_of_the_operation),
        cmocka_unit_test(R4_one_that_waits_too_long_for_its_token_stays_home),
        cmocka_unit_test(what_is_canceled_or_closed_while_it_waits_takes_no_token),
        cmocka_unit_test(the_mode_is_an_option),
        cmocka_unit_test(a_limiter_without_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
