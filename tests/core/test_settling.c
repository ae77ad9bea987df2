/* Operations that wait until what they asked for has come about: their own request first, then looks and events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/error.h"
#include "base/memory.h"
#include "client.h"
#include "client_rig.h"

#define OPTIONS                                                                                                     \
    "{\"base_url\":\"https://gws.example.com\",\"username\":\"u\",\"password\":\"p\",\"device_id\":\"d1\","          \
    "\"application_id\":134,\"campaign_name\":\"C\",\"calling_list\":\"L\",\"time_zone\":\"GMT\","                   \
    "\"phone_type\":\"Mobile\",\"place_call_with\":\"add_record\",\"retry\":false}"
#define PLACE "{\"to\":\"12345\",\"token\":\"r\",\"fields\":{\"from\":0,\"until\":86339,\"wait\":true}}"
#define SUCCESS "{\"statusCode\":0}"
#define ADD(wait)                                                                                                   \
    "{\"phoneNumber\":\"12345\",\"from\":0,\"until\":86339,\"referenceId\":\"r\",\"wait\":" wait "}"
#define ACKNOWLEDGED                                                                                                \
    "{\"messageType\":\"OutboundRecordMessage\",\"notificationType\":\"AddRecordAcknowledge\",\"referenceId\":\"r\"}"
#define CHAIN                                                                                                       \
    "{\"userData\":{\"GSW_USER_EVENT\":\"AddRecordAcknowledge\",\"GSW_PHONE\":\"12345\",\"GSW_CALLING_LIST\":\"L\","  \
    "\"GSW_CAMPAIGN_NAME\":\"C\",\"GSW_CHAIN_ID\":2}}"
#define REFUSED                                                                                                     \
    "{\"notificationType\":\"OCSError\",\"referenceId\":\"r\",\"errorMessage\":\"no such list\"}"

static void hear(rig *r, const char *channel, const char *data) {
    od_value *value = parse(data);
    od__follow_hear(r->client, channel, value);
    od_value_unref(value);
    step(r);
}

/* What was sent last is answered; the notifications' own request is left waiting. */
static void answer(rig *r, int status, const char *body) {
    fake_answer(&r->network, r->network.last, status, "", body);
    step(r);
}

/* A client that has subscribed to the acknowledgements, with its session learnt and its handshake on the way. */
static od_subscription *open_rig(rig *r) {
    rig_client(r, "genesys", OPTIONS);
    od_value *channels = parse("[\"/v2/me/outbound\",\"/me/internal\"]");
    od_subscription *subscription = NULL;
    assert_int_equal(od_client_subscribe(r->client, channels, &subscription, NULL), OD_OK);
    od_value_unref(channels);
    step(r);
    answer(r, 200, SUCCESS);
    assert_non_null(strstr(fake_sent(&r->network), "/meta/handshake"));
    return subscription;
}

static void close_rig(rig *r, od_subscription *subscription) {
    od_subscription_free(subscription);
    rig_close(r);
}

#define POSTED                                                                                                      \
    "POST https://gws.example.com/api/v2/me/outbound-records\nContent-Type: application/json\nAuthorization: Basic dTpw\n\n" \
    "{\"operationName\":\"AddRecord\",\"applicationId\":134,\"campaignName\":\"C\",\"callingList\":\"L\","            \
    "\"phoneNumber\":\"12345\",\"timeZone\":\"GMT\",\"phoneType\":\"Mobile\",\"from\":0,\"until\":86339,"             \
    "\"devicePath\":\"/devices/d1\",\"referenceId\":\"r\"}\n---\n"

static void it_ends_with_the_acknowledgement_and_the_chain(void **state) {
    (void)state;
    rig r;
    od_subscription *subscription = open_rig(&r);
    od_request *request = submit(&r, "add_record", ADD("true"), NULL);
    assert_string_equal(fake_sent(&r.network), POSTED);
    answer(&r, 200, SUCCESS);
    assert_false(od_request_finished(request));
    hear(&r, "/v2/me/outbound", ACKNOWLEDGED);
    assert_false(od_request_finished(request));
    hear(&r, "/me/internal", CHAIN);
    assert_value(od_request_result(request), "{\"statusCode\":0,\"referenceId\":\"r\",\"event\":" ACKNOWLEDGED ",\"chainId\":2}");
    assert_int_equal(od_request_status(request), OD_OK);
    od_request_unref(request);
    close_rig(&r, subscription);
}

static void without_the_chain_it_ends_soon_after_the_acknowledgement(void **state) {
    (void)state;
    rig r;
    od_subscription *subscription = open_rig(&r);
    od_request *request = submit(&r, "add_record", ADD("true"), NULL);
    hear(&r, "/v2/me/outbound", ACKNOWLEDGED); /* before the answer */
    pass_ms(&r, 10000);
    assert_false(od_request_finished(request));
    answer(&r, 200, SUCCESS);
    pass_ms(&r, 249);
    assert_false(od_request_finished(request));
    pass_ms(&r, 1);
    assert_value(od_request_result(request), "{\"statusCode\":0,\"referenceId\":\"r\",\"event\":" ACKNOWLEDGED "}");
    od_request_unref(request);
    close_rig(&r, subscription);
}

static const struct { const char *wait; int64_t ms; const char *error; } wait_rows[] = {
    { "true", 30000, "timeout: add_record was accepted, and not confirmed within 30000 ms" },
    { "2.5", 2500, "timeout: add_record was accepted, and not confirmed within 2500 ms" },
    { "3600", 3600000, "timeout: add_record was accepted, and not confirmed within 3600000 ms" },
};

static void it_waits_no_longer_than_it_was_told(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(wait_rows) / sizeof(wait_rows[0]); i++) {
        rig r;
        char parameters[256];
        od_subscription *subscription = open_rig(&r);
        snprintf(parameters, sizeof(parameters), ADD("%s"), wait_rows[i].wait);
        od_request *request = submit(&r, "add_record", parameters, NULL);
        pass_ms(&r, 5000); /* the time before the answer does not count */
        answer(&r, 200, SUCCESS);
        pass_ms(&r, wait_rows[i].ms - 1);
        assert_false(od_request_finished(request));
        pass_ms(&r, 1);
        assert_failed(request, wait_rows[i].error, OD_PLACEMENT_UNKNOWN);
        assert_false(od_request_error(request)->retryable);
        od_request_unref(request);
        close_rig(&r, subscription);
    }
}

static void what_does_not_wait_ends_with_its_answer(void **state) {
    (void)state;
    static const char *const parameters[] = { ADD("false"), ADD("null") };
    for (size_t i = 0; i < 2; i++) {
        rig r;
        rig_client(&r, "genesys", OPTIONS);
        od_request *request = submit(&r, "add_record", parameters[i], NULL);
        answer(&r, 200, SUCCESS);
        (void)fake_sent(&r.network);
        answer(&r, 200, SUCCESS);
        assert_value(od_request_result(request), SUCCESS);
        od_request_unref(request);
        rig_close(&r);
    }
}

static void assert_refused(rig *r, const char *operation, const char *parameters, const char *expected,
                           od_placement placement) {
    od_value *given = parse(parameters);
    od_request *request = (od_request *)r;
    od_error error = OD_ERROR_INIT;
    assert_int_equal(od_client_submit(r->client, operation, given, NULL, &request, &error), OD_VALIDATION);
    assert_error(&error, expected);
    assert_int_equal(error.placement, placement);
    assert_null(request);
    od_value_unref(given);
}

static void waiting_needs_a_subscription_and_good_parameters(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "genesys", OPTIONS);
    assert_refused(&r, "add_record", ADD("true"),
                   "validation /wait: expected a subscription to /v2/me/outbound, whose events tell of it",
                   OD_PLACEMENT_NOT_PLACED);
    assert_refused(&r, "reject_record", "{\"recordHandle\":1,\"wait\":true}",
                   "validation /wait: expected a subscription to /v2/me/outbound, whose events tell of it",
                   OD_PLACEMENT_NONE);
    rig_close(&r);
    od_subscription *subscription = open_rig(&r);
    assert_refused(&r, "add_record", "{\"from\":0,\"until\":1,\"wait\":true}",
                   "validation /phoneNumber: expected a string, got nothing", OD_PLACEMENT_NOT_PLACED);
    assert_refused(&r, "add_record", ADD("\"yes\""),
                   "validation /wait: expected true, or a number of seconds above 0, up to 3600, got \"yes\"",
                   OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(r.network.sent_count, 2);
    assert_int_equal(od_engine_pending(r.engine), 0);
    close_rig(&r, subscription);
}

static void a_refusal_ends_it(void **state) {
    (void)state;
    rig r;
    od_subscription *subscription = open_rig(&r);
    od_request *request = submit(&r, "add_record", ADD("true"), NULL);
    answer(&r, 403, "{\"statusCode\":5,\"statusMessage\":\"no\"}");
    assert_failed(request, "permission: 5: no", OD_PLACEMENT_NOT_PLACED);
    od_request_unref(request);
    request = submit(&r, "add_record", ADD("true"), NULL);
    answer(&r, 200, SUCCESS);
    hear(&r, "/v2/me/outbound", REFUSED);
    assert_failed(request, "rejected: no such list", OD_PLACEMENT_UNKNOWN);
    od_request_unref(request);
    request = submit(&r, "add_record", ADD("true"), NULL);
    fake_leave(&r.network, r.network.last);
    hear(&r, "/v2/me/outbound", REFUSED);
    assert_failed(request, "rejected: no such list", OD_PLACEMENT_UNKNOWN);
    od_request_unref(request);
    close_rig(&r, subscription);
}

static void break_off(rig *r) {
    fake_leave(&r->network, r->network.last);
    fake_break(&r->network, r->network.last, OD_NETWORK, "cut off");
    step(r);
}

static void R19_an_answer_that_was_lost_is_made_good_by_an_event(void **state) {
    (void)state;
    rig r;
    od_subscription *subscription = open_rig(&r);
    od_request *request = submit(&r, "add_record", ADD("true"), NULL);
    break_off(&r);
    assert_false(od_request_finished(request));
    hear(&r, "/v2/me/outbound", ACKNOWLEDGED);
    hear(&r, "/me/internal", CHAIN);
    assert_value(od_request_result(request), "{\"referenceId\":\"r\",\"event\":" ACKNOWLEDGED ",\"chainId\":2}");
    assert_int_equal(od_request_status(request), OD_OK);
    od_request_unref(request);

    request = submit(&r, "add_record", ADD("1"), NULL);
    break_off(&r);
    pass_ms(&r, 999);
    assert_false(od_request_finished(request));
    pass_ms(&r, 1);
    assert_failed(request, "network: cut off", OD_PLACEMENT_UNKNOWN);
    od_request_unref(request);

    request = submit(&r, "add_record", ADD("1"), NULL); /* no byte left: there is nothing to wait for */
    fake_break(&r.network, r.network.last, OD_NETWORK, "connection refused");
    step(&r);
    assert_failed(request, "network: connection refused", OD_PLACEMENT_NOT_PLACED);
    od_request_unref(request);
    close_rig(&r, subscription);
}

/* A placement that waits has its chain from the start: what follows it in another process needs no more than the result. */
static void a_placement_may_wait_for_its_chain(void **state) {
    (void)state;
    rig r;
    od_subscription *subscription = open_rig(&r);
    od_value *call = parse(PLACE), *placed;
    od_request *request = NULL, *tracked = NULL;
    assert_int_equal(od_client_place(r.client, call, NULL, &request, NULL), OD_OK);
    step(&r);
    assert_string_equal(fake_sent(&r.network), POSTED);
    answer(&r, 200, SUCCESS);
    hear(&r, "/v2/me/outbound", ACKNOWLEDGED);
    hear(&r, "/me/internal", CHAIN);
    assert_value(od_request_result(request),
                 "{\"state\":\"handed_off\",\"vendor\":\"genesys\",\"token\":\"r\",\"to\":\"12345\",\"response\":"
                 "{\"statusCode\":0,\"referenceId\":\"r\",\"event\":" ACKNOWLEDGED ",\"chainId\":2}}");
    placed = od_value_ref(od_request_result(request));
    od_request_unref(request);
    close_rig(&r, subscription);

    subscription = open_rig(&r);
    assert_int_equal(od_client_track(r.client, placed, 0, &tracked, NULL), OD_OK);
    step(&r);
    hear(&r, "/me/internal", "{\"userData\":{\"GSW_USER_EVENT\":\"RecordProcessed\",\"GSW_CHAIN_ID\":2,\"GSW_CALL_RESULT\":6}}");
    assert_string_equal(od_value_string(od_value_get(od_request_result(tracked), "kind")), "busy");
    od_request_unref(tracked);
    close_rig(&r, subscription);

    subscription = open_rig(&r);
    assert_int_equal(od_client_place(r.client, call, NULL, &request, NULL), OD_OK);
    step(&r);
    break_off(&r);
    pass_ms(&r, 30000);
    assert_failed(request, "network: cut off", OD_PLACEMENT_UNKNOWN);
    od_request_unref(request);
    close_rig(&r, subscription);
    od_value_unref(placed);
    od_value_unref(call);
}

static od_request *place_prepared(rig *r, od_prepared *prepared) {
    od_request *request = NULL;
    assert_int_equal(od_prepared_place(prepared, NULL, &request, NULL), OD_OK);
    step(r);
    assert_string_equal(fake_sent(&r->network), POSTED);
    return request;
}

/* It keeps what the call needs after its handle is gone; a client that ends says what is known of it. */
static void R22_what_is_prepared_may_wait_and_be_placed_again(void **state) {
    (void)state;
    rig r;
    od_subscription *subscription = open_rig(&r);
    od_value *call = parse(PLACE);
    od_prepared *prepared = NULL;
    assert_int_equal(od_client_prepare_place(r.client, call, &prepared, NULL), OD_OK);
    od_value_unref(call);
    od_request *first = place_prepared(&r, prepared);
    answer(&r, 200, SUCCESS);
    hear(&r, "/v2/me/outbound", ACKNOWLEDGED);
    hear(&r, "/me/internal", CHAIN);
    assert_value(od_request_result(first), "{\"state\":\"handed_off\",\"vendor\":\"genesys\",\"token\":\"r\","
                 "\"to\":\"12345\",\"response\":{\"statusCode\":0,\"referenceId\":\"r\",\"event\":" ACKNOWLEDGED
                 ",\"chainId\":2}}");
    od_request *second = place_prepared(&r, prepared);
    od_prepared_free(prepared);
    od_subscription_free(subscription);
    od_client_free(r.client);
    r.client = NULL;
    assert_failed(second, "closed: the client or engine was closed", OD_PLACEMENT_NOT_PLACED);
    od_request_unref(first);
    od_request_unref(second);
    rig_close(&r);
}

static void a_placement_that_waits_needs_a_subscription(void **state) {
    (void)state;
    rig r;
    od_value *call = parse(PLACE);
    od_request *request = (od_request *)&r;
    od_error error = OD_ERROR_INIT;
    rig_client(&r, "genesys", OPTIONS);
    assert_int_equal(od_client_place(r.client, call, NULL, &request, &error), OD_VALIDATION);
    assert_error(&error, "validation /wait: expected a subscription to /v2/me/outbound, whose events tell of it");
    assert_int_equal(error.placement, OD_PLACEMENT_NOT_PLACED);
    assert_null(request);
    od_value_unref(call);
    rig_close(&r);
}

/* What was heard of a record before proves that it was added. */
static void R19_a_lost_record_is_found_by_what_was_heard(void **state) {
    (void)state;
    rig r;
    od_value *call = parse("{\"to\":\"12345\",\"token\":\"r\"}");
    od_request *request = NULL;
    od_subscription *subscription = open_rig(&r);
    assert_int_equal(od_client_find(r.client, call, &request, NULL), OD_OK);
    step(&r);
    assert_failed(request, "validation: a record that was added cannot be looked up: only events tell of it, and none of "
                           "this one was heard", OD_PLACEMENT_NONE);
    od_request_unref(request);
    hear(&r, "/v2/me/outbound", ACKNOWLEDGED);
    hear(&r, "/me/internal", CHAIN);
    assert_int_equal(od_client_find(r.client, call, &request, NULL), OD_OK);
    step(&r);
    assert_value(od_request_result(request), "{\"placement\":\"placed\",\"call\":{\"chain_id\":2,\"state\":\"handed_off\","
                                             "\"vendor\":\"genesys\",\"token\":\"r\",\"to\":\"12345\"}}");
    od_request_unref(request);
    od_value_unref(call);
    close_rig(&r, subscription);
}

static const struct { const char *phase; od_placement placement; } cancel_rows[] = {
    { "before a byte has left", OD_PLACEMENT_NOT_PLACED },
    { "before the answer", OD_PLACEMENT_UNKNOWN },
    { "after the answer", OD_PLACEMENT_UNKNOWN },
    { "after it was lost", OD_PLACEMENT_UNKNOWN },
};

static void canceling_and_closing_say_what_is_known(void **state) {
    (void)state;
    for (size_t i = 0; i < 2 * sizeof(cancel_rows) / sizeof(cancel_rows[0]); i++) {
        rig r;
        size_t row = i / 2;
        od_subscription *subscription = open_rig(&r);
        od_request *request = submit(&r, "add_record", ADD("true"), NULL);
        if (row == 1)
            fake_leave(&r.network, r.network.last);
        else if (row == 2)
            answer(&r, 200, SUCCESS);
        else if (row == 3)
            break_off(&r);
        if (i % 2 == 0) {
            od_request_cancel(request);
            step(&r);
            assert_failed(request, "canceled: the request was canceled", cancel_rows[row].placement);
        } else {
            od_client_free(r.client);
            r.client = NULL;
            assert_failed(request, "closed: the client or engine was closed", cancel_rows[row].placement);
        }
        od_request_unref(request);
        close_rig(&r, subscription);
    }
}

/* ---- by looking ---- */

#define DEVICES(state)                                                                                              \
    "{\"statusCode\":0,\"devices\":[{\"id\":\"d1\",\"userState\":{\"state\":\"" state "\"}}]}"
#define LOOK "GET https://gws.example.com/api/v2/me/devices?fields=%2A\nAuthorization: Basic dTpw\n\n\n---\n"

static void a_session_has_started_when_its_device_is_logged_in(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "genesys", OPTIONS);
    od_request *request = submit(&r, "start_contact_center_session", "{\"wait\":true}", NULL);
    answer(&r, 200, SUCCESS);
    answer(&r, 200, SUCCESS);
    (void)fake_sent(&r.network);
    assert_non_null(od_client_ending(r.client));
    answer(&r, 200, DEVICES("LoggedOut"));
    pass_ms(&r, 1999);
    assert_string_equal(fake_sent(&r.network), "");
    pass_ms(&r, 1);
    assert_string_equal(fake_sent(&r.network), LOOK);
    answer(&r, 200, DEVICES("NotReady"));
    assert_value(od_request_result(request),
                 "{\"statusCode\":0,\"device\":{\"id\":\"d1\",\"userState\":{\"state\":\"NotReady\"}}}");
    od_request_unref(request);

    request = submit(&r, "start_contact_center_session", "{\"wait\":3}", NULL);
    answer(&r, 200, SUCCESS);
    answer(&r, 200, DEVICES("LoggedOut"));
    pass_ms(&r, 3000);
    assert_failed(request, "timeout: start_contact_center_session was accepted, and not confirmed within 3000 ms",
                  OD_PLACEMENT_NONE);
    od_request_unref(request);
    rig_close(&r);
}

/* ---- out of memory ---- */

static bool run_without(size_t n, bool placing) {
    rig r;
    od_subscription *subscription = open_rig(&r);
    od_value *given = parse(placing ? PLACE : ADD("true")), *acknowledged = parse(ACKNOWLEDGED), *chain = parse(CHAIN);
    od_request *request = NULL;
    od_error error = OD_ERROR_INIT;
    od__memory_fail_at(n);
    od_status status = placing ? od_client_place(r.client, given, NULL, &request, &error)
                               : od_client_submit(r.client, "add_record", given, NULL, &request, &error);
    if (status == OD_OK) {
        answer(&r, 200, SUCCESS);
        od__follow_hear(r.client, "/v2/me/outbound", acknowledged);
        od__follow_hear(r.client, "/me/internal", chain);
        pass_ms(&r, 30000);
    }
    bool enough = od__memory_fail_at(0) < n;
    if (status != OD_OK) {
        assert_int_equal(status, OD_OUT_OF_MEMORY);
        assert_int_equal(error.placement, OD_PLACEMENT_NOT_PLACED);
    } else {
        assert_true(od_request_finished(request));
        assert_true(od_request_status(request) == OD_OK || od_request_error(request)->placement != OD_PLACEMENT_NONE);
    }
    od_request_unref(request);
    od_value_unref(given);
    od_value_unref(acknowledged);
    od_value_unref(chain);
    close_rig(&r, subscription);
    return enough;
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    for (int placing = 0; placing < 2; placing++) {
        size_t n = 1;
        while (!run_without(n, placing))
            assert_true(++n < 1000);
        assert_true(n > 40); /* or the allocations do not go through the door that this test holds */
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_ends_with_the_acknowledgement_and_the_chain),
        cmocka_unit_test(without_the_chain_it_ends_soon_after_the_acknowledgement),
        cmocka_unit_test(it_waits_no_longer_than_it_was_told),
        cmocka_unit_test(what_does_not_wait_ends_with_its_answer),
        cmocka_unit_test(waiting_needs_a_subscription_and_good_parameters),
        cmocka_unit_test(a_refusal_ends_it),
        cmocka_unit_test(R19_an_answer_that_was_lost_is_made_good_by_an_event),
        cmocka_unit_test(a_placement_may_wait_for_its_chain),
        cmocka_unit_test(R22_what_is_prepared_may_wait_and_be_placed_again),
        cmocka_unit_test(a_placement_that_waits_needs_a_subscription),
        cmocka_unit_test(R19_a_lost_record_is_found_by_what_was_heard),
        cmocka_unit_test(canceling_and_closing_say_what_is_known),
        cmocka_unit_test(a_session_has_started_when_its_device_is_logged_in),
        cmocka_unit_test(every_allocation_may_fail),
    };
    json_set_alloc_funcs(od__alloc, od__free); /* so that the allocations of values can fail, too */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
