/* What a campaign needs of a placement: sent once and past this client's rate, told beforehand what will be sent, taken
 * back, and a record placed again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "client.h"
#include "client_rig.h"

/* ---- sent once ---- */

typedef enum trouble { LOST, NOT_CONNECTED, THROTTLED, BROKEN } trouble;

static void meet(rig *r, trouble what) {
    od_exchange *exchange = r->network.first;
    if (what == THROTTLED) {
        fake_answer(&r->network, exchange, 429, THROTTLE, "{\"message\":\"Rate exceeded\"}");
    } else if (what == BROKEN) {
        fake_answer(&r->network, exchange, 503, "", "");
    } else {
        if (what == LOST)
            fake_leave(&r->network, exchange);
        fake_break(&r->network, exchange, OD_NETWORK, "cut off");
    }
    step(r);
    pass_ms(r, 2000);
}

static const struct {
    trouble what;
    const char *error;
    od_placement placement;
    bool retryable;
} single_rows[] = {
    { LOST, "network: cut off", OD_PLACEMENT_UNKNOWN, true },
    { NOT_CONNECTED, "network: cut off", OD_PLACEMENT_NOT_PLACED, true },
    { THROTTLED, "throttled: ThrottlingException: Rate exceeded", OD_PLACEMENT_NOT_PLACED, true },
    { BROKEN, "unavailable: HTTP 503 without a message", OD_PLACEMENT_UNKNOWN, true },
};

static void R21_a_single_try_is_sent_once(void **state) {
    (void)state;
    for (size_t i = 0; i < 2 * sizeof(single_rows) / sizeof(single_rows[0]); i++) {
        od_submit_options options = OD_SUBMIT_OPTIONS_INIT;
        options.single_try = i % 2 == 0;
        rig r;
        rig_client(&r, "amazon_connect", "{" CONNECT ",\"token_after_disconnect\":\"same_contact\"}");
        od_request *request = submit(&r, START, CALL, &options);
        meet(&r, single_rows[i / 2].what);
        assert_int_equal(r.network.sent_count, options.single_try ? 1 : 2);
        if (options.single_try) {
            assert_failed(request, single_rows[i / 2].error, single_rows[i / 2].placement);
            assert_int_equal(od_request_error(request)->retryable, single_rows[i / 2].retryable);
        }
        od_request_unref(request);
        rig_close(&r);
    }
}

#define GENESYS_OPTIONS "{\"base_url\":\"https://g\",\"username\":\"u\",\"password\":\"p\",\"device_id\":\"d\"}"
#define SESSION_HEADERS "X-CSRF-HEADER: X-C\nX-CSRF-TOKEN: t\n"

/* The refusal of an old token costs a try: the next one, with a slot of its own, goes out with a fresh one. */
static void R21_a_single_try_that_wants_a_fresh_authorization_comes_back(void **state) {
    (void)state;
    od_submit_options options = OD_SUBMIT_OPTIONS_INIT;
    options.single_try = true;
    rig r;
    rig_client(&r, "genesys", GENESYS_OPTIONS);
    od_request *request = submit(&r, "dial", "{\"destination\":{\"phoneNumber\":\"5001\"}}", &options);
    fake_answer(&r.network, r.network.first, 200, SESSION_HEADERS, "{\"statusCode\":0}");
    step(&r);
    fake_answer(&r.network, r.network.first, 403, "", "Missing or invalid Csrf token");
    step(&r);
    assert_failed(request, "authentication: Missing or invalid Csrf token", OD_PLACEMENT_NOT_PLACED);
    assert_true(od_request_error(request)->retryable);
    assert_int_equal(r.network.sent_count, 2);
    od_request_unref(request);
    (void)fake_sent(&r.network);
    request = submit(&r, "dial", "{\"destination\":{\"phoneNumber\":\"5001\"}}", &options);
    assert_memory_equal(fake_sent(&r.network), "GET ", 4);
    fake_answer(&r.network, r.network.first, 200, SESSION_HEADERS, "{\"statusCode\":0}");
    step(&r);
    fake_answer(&r.network, r.network.first, 200, "", "{\"statusCode\":0}");
    step(&r);
    assert_value(od_request_result(request), "{\"statusCode\":0}");
    od_request_unref(request);
    rig_close(&r);
}

/* ---- past the client's own rate ---- */

static void R21_an_unpaced_call_takes_no_slot_of_the_client(void **state) {
    (void)state;
    static const char *const limits[] = { ",\"rate\":{\"per_second\":1}", ",\"retry\":{\"mode\":\"adaptive\"}" };
    for (size_t i = 0; i < 4; i++) {
        char text[1024];
        snprintf(text, sizeof(text), "{" CONNECT "%s}", limits[i / 2]);
        rig r;
        rig_client(&r, "amazon_connect", text);
        od_submit_options options = OD_SUBMIT_OPTIONS_INIT;
        options.single_try = true;
        od_request *first = submit(&r, START, CALL, &options);
        fake_answer(&r.network, r.network.first, 429, THROTTLE, "{\"message\":\"Rate exceeded\"}");
        step(&r);
        options.unpaced = i % 2 == 1;
        for (int n = 0; n < 10; n++)
            od_request_unref(submit(&r, START, CALL, &options));
        if (options.unpaced)
            assert_int_equal(r.network.sent_count, 11);
        else
            assert_true(r.network.sent_count < 11);
        od_request_unref(first);
        rig_close(&r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R21_a_single_try_is_sent_once),
        cmocka_unit_test(R21_a_single_try_that_wants_a_fresh_authorization_comes_back),
        cmocka_unit_test(R21_an_unpaced_call_takes_no_slot_of_the_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
