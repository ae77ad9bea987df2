/* The neutral call: into the vendor's operation and back into one result. */
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

/* ---- the neutral call ---- */

static const struct {
    const char *vendor, *options, *call;
    int status;
    const char *answer, *result, *log;
} place_rows[] = {
    { "amazon_connect", "{" CONNECT "}", "{\"to\":\"+15555550100\",\"token\":\"t-1\"}", 200, PLACED,
      "{\"id\":\"c-1\",\"state\":\"placed\",\"vendor\":\"amazon_connect\",\"token\":\"t-1\",\"to\":\"+15555550100\",\"response\":" PLACED "}", "" },
    { "amazon_connect", "{" CONNECT "}", "{\"to\":\"+15555550100\"}", 200, PLACED,
      "{\"id\":\"c-1\",\"state\":\"placed\",\"vendor\":\"amazon_connect\",\"token\":"
      "\"00010203-0405-4607-8809-0a0b0c0d0e0f\",\"to\":\"+15555550100\",\"response\":" PLACED "}", "" },
    { "genesys", "{\"base_url\":\"https://g\",\"username\":\"u\",\"password\":\"p\",\"device_id\":\"d\"}",
      "{\"to\":\"5001\",\"token\":\"t-2\"}", 200, "{\"statusCode\":0}",
      "{\"state\":\"handed_off\",\"vendor\":\"genesys\",\"token\":\"t-2\",\"to\":\"5001\",\"response\":{\"statusCode\":0}}", "" },
};

static void a_neutral_call_has_one_result_for_all_vendors(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(place_rows) / sizeof(place_rows[0]); i++) {
        rig r;
        rig_client(&r, place_rows[i].vendor, place_rows[i].options);
        od_value *call = parse(place_rows[i].call);
        od_request *request = NULL;
        od_error error = OD_ERROR_INIT;
        if (od_client_place(r.client, call, NULL, &request, &error) != OD_OK)
            fail_msg("%s: %s", error.path, error.message);
        assert_value(call, place_rows[i].call);
        if (strcmp(r.network.first->request.method, "GET") == 0) {
            fake_answer(&r.network, r.network.first, 200, "", "{\"statusCode\":0}");
            step(&r);
        }
        assert_string_equal(r.log, place_rows[i].log);
        fake_answer(&r.network, r.network.first, place_rows[i].status, "", place_rows[i].answer);
        step(&r);
        assert_value(od_request_result(request), place_rows[i].result);
        od_value_unref(call);
        od_request_unref(request);
        rig_close(&r);
    }
}

static void the_token_of_a_neutral_call_travels_with_it(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "amazon_connect", "{" CONNECT "}");
    od_value *call = parse("{\"to\":\"+15555550100\",\"attributes\":{\"a\":\"1\"}}");
    assert_int_equal(od_client_place(r.client, call, NULL, NULL, NULL), OD_OK);
    const char *sent = fake_sent(&r.network);
    assert_non_null(strstr(sent, "\"ClientToken\":\"00010203-0405-4607-8809-0a0b0c0d0e0f\""));
    assert_non_null(strstr(sent, "\"Attributes\":{\"a\":\"1\",\"outdial_attempt\":\"00010203-0405-4607-8809-0a0b0c0d0e0f\"}"));
    od_value_unref(call);
    rig_close(&r);
}

static const struct {
    const char *call, *error;
} bad_calls[] = {
    { NULL, "validation /to: " },
    { "{\"token\":\"t\"}", "validation /to: " },
    { "{\"to\":7}", "validation /to: " },
    { "{\"to\":\"+15555550100\",\"form\":\"+1\"}", "validation /form: unknown field, did you mean \"from\"?" },
    { "{\"to\":\"555\"}",
      "validation /DestinationPhoneNumber: expected E.164 (+ and up to 15 digits), got \"555\"" },
    { "{\"to\":\"+15555550100\",\"fields\":{\"Nonsense\":1}}", "validation /Nonsense: unknown field" },
};

static void a_bad_neutral_call_is_refused_and_not_placed(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "amazon_connect", "{" CONNECT "}");
    for (size_t i = 0; i < sizeof(bad_calls) / sizeof(bad_calls[0]); i++) {
        od_value *call = parse(bad_calls[i].call);
        od_request *request = NULL;
        od_error error = OD_ERROR_INIT;
        assert_int_equal(od_client_place(r.client, call, NULL, &request, &error), OD_VALIDATION);
        char text[1024];
        od_error_format(&error, text, sizeof(text));
        assert_memory_equal(text, bad_calls[i].error, strlen(bad_calls[i].error));
        assert_int_equal(error.placement, OD_PLACEMENT_NOT_PLACED);
        assert_null(request);
        od_value_unref(call);
    }
    r.clock.no_random = true;
    od_value *call = parse("{\"to\":\"+15555550100\"}");
    od_error error = OD_ERROR_INIT;
    assert_int_equal(od_client_place(r.client, call, NULL, NULL, &error), OD_INTERNAL);
    assert_error(&error, "internal: no randomness is to be had for a token");
    od_value_unref(call);
    rig_close(&r);
}

static void what_has_no_place_at_a_vendor_is_logged(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "ccai_platform", "{\"subdomain\":\"acme\",\"domain\":\"uc1.ccaiplatform.com\",\"api_token\":\"t\","
                                    "\"agent_email\":\"a@example.com\"}");
    od_value *call = parse("{\"to\":\"+15555550100\",\"attributes\":{\"a\":\"1\"}}");
    od_request *request = NULL;
    od_error error = OD_ERROR_INIT;
    if (od_client_place(r.client, call, NULL, &request, &error) != OD_OK)
        fail_msg("%s: %s", error.path, error.message);
    assert_string_equal(r.log, "2 create_call: attributes are left out: a CCAI call has no place for them\n");
    assert_non_null(strstr(fake_sent(&r.network), "Authorization: Basic YWNtZTp0\n"));
    od_value_unref(call);
    od_request_unref(request);
    rig_close(&r);
}

/* ---- memory: every allocation fails once ---- */

static const struct {
    const char *vendor, *options, *call;
} memory_rows[] = {
    { "amazon_connect", "{" CONNECT ",\"rate\":{\"per_second\":1}}", "{\"to\":\"+15555550100\"}" },
    { "genesys", "{\"base_url\":\"https://g\",\"username\":\"u\",\"password\":\"p\",\"device_id\":\"d\"}",
      "{\"to\":\"5001\"}" },
};

/* Answers whatever waits, as long as something does. What the fake itself could not store counts as a broken network. */
static void answer_all(rig *r) {
    for (int i = 0; i < 8; i++) {
        while (r->network.first != NULL) {
            od_exchange *exchange = r->network.first;
            bool is_get = strcmp(exchange->request.method, "GET") == 0;
            fake_answer(&r->network, exchange, 200, is_get ? "X-CSRF-HEADER: X-C\nX-CSRF-TOKEN: t\n" : "",
                        "{\"statusCode\":0,\"ContactId\":\"c\"}");
            if (exchange->response.headers.failed || exchange->response.body.failed) {
                od__error_clear(&exchange->error);
                od__error_no_memory(&exchange->error);
                exchange->response.status = 0;
            }
        }
        (void)od_engine_step(r->engine, 0, NULL);
        r->clock.now_us += 1000000;
    }
}

static void each_failing_allocation_is_an_error(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(memory_rows) / sizeof(memory_rows[0]); i++) {
        od_value *options = parse(memory_rows[i].options), *call = parse(memory_rows[i].call);
        size_t failures = 0;
        for (size_t n = 1;; n++) {
            rig r;
            rig_open(&r);
            od__buffer_add_text(&r.network.sent, "");
            od_error error = OD_ERROR_INIT;
            od_request *request = NULL;
            od__memory_fail_at(n);
            od_status status = od_client_new(r.engine, od_vendor_find(memory_rows[i].vendor), options, &r.client,
                                             &error);
            if (status == OD_OK)
                status = od_client_place(r.client, call, NULL, &request, &error);
            if (status == OD_OK)
                answer_all(&r);
            bool hit = od__memory_fail_at(0) >= n;
            if (status != OD_OK) {
                assert_int_equal(error.code, OD_OUT_OF_MEMORY);
                assert_null(request);
                if (r.client != NULL)
                    assert_int_equal(error.placement, OD_PLACEMENT_NOT_PLACED);
            } else {
                assert_true(od_request_finished(request));
                const od_error *why = od_request_error(request);
                if (why->code == OD_OK)
                    assert_non_null(od_request_result(request));
                else
                    assert_true(why->placement == OD_PLACEMENT_NOT_PLACED || why->placement == OD_PLACEMENT_UNKNOWN);
                /* Placed at the vendor and yet an error: never said to be not placed. */
                if (why->code != OD_OK && r.network.sent_count > (strcmp(memory_rows[i].vendor, "genesys") == 0))
                    assert_int_equal(why->placement, OD_PLACEMENT_UNKNOWN);
                od_request_unref(request);
            }
            rig_close(&r);
            if (!hit)
                break;
            failures++;
        }
        assert_true(failures > 35); /* or the allocations do not go through the door that this test holds */
        od_value_unref(options);
        od_value_unref(call);
    }
}

/* jansson's own door to the heap: opened here so that its allocations fail in their turn as well. */
void json_set_alloc_funcs(void *(*allocate)(size_t bytes), void (*release)(void *block));

int main(void) {
    json_set_alloc_funcs(od__alloc, od__free);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_neutral_call_has_one_result_for_all_vendors),
        cmocka_unit_test(the_token_of_a_neutral_call_travels_with_it),
        cmocka_unit_test(a_bad_neutral_call_is_refused_and_not_placed),
        cmocka_unit_test(what_has_no_place_at_a_vendor_is_logged),
        cmocka_unit_test(each_failing_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
