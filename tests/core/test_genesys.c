/* Genesys over a client: its session at the switch, and its calls followed from Dial to their end. */
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

#define GWS "\"base_url\":\"https://gws.example.com\",\"username\":\"u\",\"password\":\"p\",\"device_id\":\"d1\""
#define RECORDS                                                                                                     \
    ",\"application_id\":134,\"campaign_name\":\"C\",\"calling_list\":\"L\",\"time_zone\":\"GMT\",\"phone_type\":\"Mobile\""
#define SUCCESS "{\"statusCode\":0}"
#define DENIED "{\"statusCode\":20,\"statusMessage\":\"Access denied\"}"
#define ME "GET https://gws.example.com/api/v2/me\nAccept: application/json\nAuthorization: Basic dTpw\n\n\n---\n"
#define POSTED(path, body)                                                                                          \
    "POST https://gws.example.com" path "\nContent-Type: application/json\nAuthorization: Basic dTpw\n\n" body "\n---\n"

static void answer(rig *r, int status, const char *body) {
    assert_int_equal(fake_waiting(&r->network), 1);
    fake_answer(&r->network, r->network.first, status, "", body);
    step(r);
}

/* Submits, and answers the GET that teaches the session. */
static od_request *submit_first(rig *r, const char *operation, const char *parameters) {
    od_request *request = submit(r, operation, parameters, NULL);
    assert_string_equal(fake_sent(&r->network), ME);
    answer(r, 200, SUCCESS);
    return request;
}

static void assert_ending(const rig *r, bool expected) {
    const char *name = od_client_ending(r->client);
    assert_string_equal(name != NULL ? name : "(nothing)", expected ? "end_contact_center_session" : "(nothing)");
}

/* ---- the session ---- */

static void a_session_is_open_from_its_start_to_its_end(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "genesys", "{" GWS "}");
    assert_ending(&r, false);
    od_request *request = submit_first(&r, "start_contact_center_session", "{}");
    assert_string_equal(fake_sent(&r.network),
                        POSTED("/api/v2/me", "{\"operationName\":\"StartContactCenterSession\",\"channels\":[\"voice\"]}"));
    assert_ending(&r, false);
    answer(&r, 200, SUCCESS);
    assert_value(od_request_result(request), SUCCESS);
    assert_ending(&r, true);
    od_request_unref(request);

    request = submit(&r, "hangup", "{\"callId\":\"C\"}", NULL);
    answer(&r, 200, SUCCESS);
    assert_ending(&r, true);
    od_request_unref(request);

    request = submit(&r, od_client_ending(r.client), "{}", NULL);
    (void)fake_sent(&r.network);
    answer(&r, 500, "{\"statusCode\":3,\"statusMessage\":\"no\"}");
    assert_failed(request, "permission: 3: no", OD_PLACEMENT_NONE);
    assert_ending(&r, true);
    od_request_unref(request);

    request = submit(&r, od_client_ending(r.client), "{}", NULL);
    assert_string_equal(fake_sent(&r.network), POSTED("/api/v2/me", "{\"operationName\":\"EndContactCenterSession\"}"));
    answer(&r, 200, SUCCESS);
    assert_value(od_request_result(request), SUCCESS);
    assert_ending(&r, false);
    od_request_unref(request);
    rig_close(&r);
}

static const struct {
    int status;        /* 0: the network breaks, -1: before a byte has left */
    const char *body;
    bool open;
} start_rows[] = {
    { 200, SUCCESS, true },
    { 200, "{\"statusCode\":7,\"failed\":[{\"channel\":\"email\",\"statusCode\":4}],\"succeeded\":[]}", true },
    { 500, "{\"statusCode\":4,\"statusMessage\":\"Device '5001' is not registered.\"}", false },
    { 200, "{\"statusCode\":5}", false },
    { 0, "", true },
    { -1, "", false },
};

static void a_session_that_may_have_started_is_open(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(start_rows) / sizeof(start_rows[0]); i++) {
        rig r;
        rig_client(&r, "genesys", "{" GWS ",\"retry\":false}");
        od_request *request = submit_first(&r, "start_contact_center_session", "{}");
        if (start_rows[i].status == 0)
            fake_leave(&r.network, r.network.first);
        if (start_rows[i].status <= 0) {
            fake_break(&r.network, r.network.first, OD_NETWORK, "cut off");
            step(&r);
        } else {
            answer(&r, start_rows[i].status, start_rows[i].body);
        }
        assert_true(od_request_finished(request));
        assert_ending(&r, start_rows[i].open);
        od_request_unref(request);
        rig_close(&r);
    }
}

static void a_session_that_was_lost_is_learnt_again_once(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "genesys", "{" GWS "}");
    od_request *request = submit_first(&r, "dial", "{\"destination\":{\"phoneNumber\":\"5001\"}}");
    (void)fake_sent(&r.network);
    answer(&r, 403, DENIED);
    assert_string_equal(fake_sent(&r.network), ME);
    answer(&r, 200, SUCCESS);
    assert_string_equal(fake_sent(&r.network),
                        POSTED("/api/v2/me/devices/d1/calls",
                               "{\"operationName\":\"Dial\",\"destination\":{\"phoneNumber\":\"5001\"}}"));
    answer(&r, 403, DENIED);
    assert_failed(request, "authentication: 20: Access denied", OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(fake_waiting(&r.network), 0);
    od_request_unref(request);
    rig_close(&r);
}

static void the_version_needs_no_session(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "genesys", "{" GWS "}");
    od_request *request = submit(&r, "get_version", "{}", NULL);
    assert_string_equal(fake_sent(&r.network), "GET https://gws.example.com/api/v2/diagnostics/version\n\n\n---\n");
    answer(&r, 200, "{\"statusCode\":0,\"version\":\"8.5.202.96\"}");
    assert_value(od_request_result(request), "{\"statusCode\":0,\"version\":\"8.5.202.96\"}");
    od_request_unref(request);
    rig_close(&r);
}

static void what_was_done_in_part_says_so(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "genesys", "{" GWS "}");
    od_request *request = submit_first(&r, "start_contact_center_session", "{\"channels\":[\"voice\",\"email\"]}");
    answer(&r, 200,
           "{\"statusCode\":7,\"failed\":[{\"statusCode\":4,\"channel\":\"email\",\"statusMessage\":\"m\"}],"
           "\"succeeded\":[{\"statusCode\":0,\"channel\":\"voice\"}]}");
    assert_value(od_request_result(request),
                 "{\"statusCode\":7,\"failed\":[{\"statusCode\":4,\"channel\":\"email\",\"statusMessage\":\"m\"}],"
                 "\"succeeded\":[{\"statusCode\":0,\"channel\":\"voice\"}],\"partial\":true}");
    od_request_unref(request);
    rig_close(&r);
}

/* ---- a call from Dial to its end ---- */

static void hear(rig *r, const char *channel, const char *data) {
    od_value *value = parse(data);
    od__follow_hear(r->client, channel, value);
    od_value_unref(value);
    step(r);
}

#define EVENT(state)                                                                                                \
    "{\"messageType\":\"CallStateChangeMessage\",\"call\":{\"id\":\"C1\",\"state\":\"" state                        \
    "\",\"userData\":{\"outdial\":\"t-1\"}}}"
#define LIVE(state)                                                                                                 \
    "{\"statusCode\":0,\"user\":{\"calls\":[{\"id\":\"C1\",\"state\":\"" state                                      \
    "\",\"userData\":{\"outdial\":\"t-1\"}}]}}"
#define NO_CALLS "{\"statusCode\":0,\"user\":{\"calls\":[]}}"
#define HANDED_OFF "{\"state\":\"handed_off\",\"vendor\":\"genesys\",\"token\":\"t-1\",\"to\":\"5001\",\"response\":{\"statusCode\":0}}"
#define LOOK "GET https://gws.example.com/api/v2/me?subresources=calls\nAuthorization: Basic dTpw\n\n\n---\n"

static od_request *place(rig *r) {
    od_value *call = parse("{\"to\":\"5001\",\"token\":\"t-1\"}");
    od_request *request = NULL;
    assert_int_equal(od_client_place(r->client, call, NULL, &request, NULL), OD_OK);
    od_value_unref(call);
    return request;
}

static od_request *track(rig *r, int64_t timeout_ms) {
    od_value *call = parse(HANDED_OFF);
    od_request *request = NULL;
    assert_int_equal(od_client_track(r->client, call, timeout_ms, &request, NULL), OD_OK);
    od_value_unref(call);
    return request;
}

static void R19_a_call_is_followed_from_dial_to_its_end(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "genesys", "{" GWS "}");
    od_request *request = place(&r);
    answer(&r, 200, SUCCESS);
    (void)fake_sent(&r.network);
    answer(&r, 200, SUCCESS);
    assert_value(od_request_result(request), HANDED_OFF);
    od_request_unref(request);
    request = track(&r, 0);
    assert_string_equal(fake_sent(&r.network), LOOK);
    answer(&r, 200, NO_CALLS);
    hear(&r, "/v2/me/calls", EVENT("Dialing"));
    hear(&r, "/v2/me/calls", EVENT("Established"));
    assert_false(od_request_finished(request));
    hear(&r, "/v2/me/calls", EVENT("Released"));
    assert_value(od_request_result(request),
                 "{\"kind\":\"answered\",\"rang\":\"yes\",\"raw\":{\"id\":\"C1\",\"state\":\"Released\",\"userData\":"
                 "{\"outdial\":\"t-1\"}},\"at\":1440938160}");
    od_request_unref(request);
    rig_close(&r);
}

static void R19_an_answer_that_was_lost_is_found_among_the_live_calls(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "genesys", "{" GWS "}");
    od_request *request = place(&r);
    answer(&r, 200, SUCCESS);
    fake_leave(&r.network, r.network.first);
    fake_break(&r.network, r.network.first, OD_NETWORK, "cut off");
    step(&r);
    assert_failed(request, "network: cut off", OD_PLACEMENT_UNKNOWN);
    od_request_unref(request);
    od_value *call = parse("{\"token\":\"t-1\"}");
    assert_int_equal(od_client_find(r.client, call, &request, NULL), OD_OK);
    od_value_unref(call);
    answer(&r, 200, LIVE("Dialing"));
    assert_value(od_request_result(request),
                 "{\"placement\":\"placed\",\"call\":{\"id\":\"C1\",\"state\":\"placed\",\"vendor\":\"genesys\","
                 "\"token\":\"t-1\"}}");
    od_request_unref(request);
    rig_close(&r);
}

static void R19_looks_go_on_where_no_event_comes(void **state) {
    (void)state;
    static const struct { int64_t pause_ms; const char *answer; } rows[] = {
        { 0, NO_CALLS }, { 2000, LIVE("Dialing") }, { 4000, LIVE("Established") }, { 10000, LIVE("Established") },
        { 10000, NO_CALLS }, { 5000, NO_CALLS },
    };
    rig r;
    rig_client(&r, "genesys", "{" GWS "}");
    od_request *request = track(&r, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].pause_ms > 0)
            pass_ms(&r, rows[i].pause_ms - 1);
        assert_int_equal(r.network.sent_count, i + (rows[i].pause_ms == 0));
        pass_ms(&r, rows[i].pause_ms > 0);
        assert_string_equal(fake_sent(&r.network), LOOK);
        assert_false(od_request_finished(request));
        answer(&r, 200, rows[i].answer);
    }
    assert_value(od_request_result(request), "{\"kind\":\"answered\",\"rang\":\"yes\",\"raw\":\"Established\"}");
    od_request_unref(request);
    rig_close(&r);
}

static void R6_a_dial_that_was_never_seen_is_written_off_by_the_caller_alone(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "genesys", "{" GWS "}");
    od_request *request = track(&r, 3600000);
    for (int i = 0; i < 200; i++) {
        answer(&r, 200, NO_CALLS);
        pass_ms(&r, 10000);
    }
    assert_false(od_request_finished(request));
    pass_ms(&r, 1600000);
    assert_failed(request, "timeout: the call has not ended within 3600000 ms", OD_PLACEMENT_NONE);
    od_request_unref(request);
    rig_close(&r);
}

static void R19_a_session_lost_between_dial_and_its_event(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "genesys", "{" GWS "}");
    od_request *request = track(&r, 0);
    (void)fake_sent(&r.network);
    answer(&r, 403, DENIED);
    assert_string_equal(fake_sent(&r.network), ME);
    answer(&r, 200, SUCCESS);
    assert_string_equal(fake_sent(&r.network), LOOK);
    answer(&r, 200, LIVE("Dialing"));
    hear(&r, "/meta/resync", NULL);
    answer(&r, 200, NO_CALLS);
    assert_false(od_request_finished(request));
    pass_ms(&r, 4999);
    assert_int_equal(fake_waiting(&r.network), 0);
    pass_ms(&r, 1);
    answer(&r, 200, NO_CALLS);
    assert_value(od_request_result(request), "{\"kind\":\"unreported\",\"rang\":\"unknown\",\"raw\":\"Dialing\"}");
    od_request_unref(request);
    rig_close(&r);
}

/* ---- what was heard before anybody followed the call ---- */

static void R19_events_before_the_answer_are_not_lost(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "genesys", "{" GWS "}");
    hear(&r, "/v2/me/calls", EVENT("Dialing"));
    hear(&r, "/v2/me/calls", EVENT("Established"));
    hear(&r, "/v2/me/calls", EVENT("Released"));
    od_request *request = track(&r, 0);
    (void)fake_sent(&r.network);
    assert_false(od_request_finished(request));
    answer(&r, 200, NO_CALLS);
    assert_value(od_request_result(request),
                 "{\"kind\":\"answered\",\"rang\":\"yes\",\"raw\":{\"id\":\"C1\",\"state\":\"Released\",\"userData\":"
                 "{\"outdial\":\"t-1\"}},\"at\":1440938160}");
    od_request_unref(request);

    od_value *call = parse("{\"token\":\"t-1\"}");
    assert_int_equal(od_client_find(r.client, call, &request, NULL), OD_OK);
    answer(&r, 200, NO_CALLS);
    assert_value(od_request_result(request),
                 "{\"placement\":\"placed\",\"call\":{\"id\":\"C1\",\"state\":\"placed\",\"vendor\":\"genesys\","
                 "\"token\":\"t-1\"}}");
    od_request_unref(request);
    od_value_unref(call);
    rig_close(&r);
}

static void R19_what_was_heard_before_goes_on_with_what_is_heard(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "genesys", "{" GWS "}");
    hear(&r, "/v2/me/calls", EVENT("Dialing"));
    od_request *request = track(&r, 0);
    answer(&r, 200, NO_CALLS);
    assert_false(od_request_finished(request));
    hear(&r, "/v2/me/calls", EVENT("Released"));
    assert_value(od_request_result(request),
                 "{\"kind\":\"no_answer\",\"rang\":\"unknown\",\"raw\":{\"id\":\"C1\",\"state\":\"Released\",\"userData\":"
                 "{\"outdial\":\"t-1\"}},\"at\":1440938160}");
    od_request_unref(request);
    rig_close(&r);
}

/* What came before is heard before what comes now, whether the look has been answered or not. */
static void R19_what_was_heard_before_comes_first(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "genesys", "{" GWS "}");
    hear(&r, "/v2/me/calls", EVENT("Dialing"));
    od_request *request = track(&r, 0);
    hear(&r, "/v2/me/calls", EVENT("Released"));
    assert_string_equal(od_value_string(od_value_get(od_request_result(request), "kind")), "no_answer");
    od_request_unref(request);
    request = track(&r, 0);
    hear(&r, "/v2/me/calls", "{}"); /* the end itself was heard before */
    assert_string_equal(od_value_string(od_value_get(od_request_result(request), "kind")), "no_answer");
    assert_int_equal(fake_waiting(&r.network), 0);
    od_request_unref(request);
    rig_close(&r);
}

/* The oldest events give way: what they said is not known any more, and nothing wrong is told in its place. */
static void R19_what_is_forgotten_is_not_guessed(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "genesys", "{" GWS "}");
    hear(&r, "/v2/me/calls", EVENT("Dialing"));
    for (int i = 0; i < OD_LIMIT_EVENTS_REMEMBERED - 1; i++)
        hear(&r, "/v2/me/calls", "{}");
    hear(&r, "/v2/me/calls", EVENT("Released"));
    od_request *request = track(&r, 0);
    answer(&r, 200, NO_CALLS);
    assert_non_null(strstr(od_value_string(od_value_get(od_request_result(request), "kind")), "unreported"));
    od_request_unref(request);
    rig_close(&r);
}

static void a_record_is_looked_back_for_though_nothing_can_be_asked(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "genesys", "{" GWS RECORDS ",\"place_call_with\":\"add_record\"}");
    hear(&r, "/v2/me/outbound", "{\"notificationType\":\"OCSError\",\"referenceId\":\"t-1\"}");
    od_request *request = track(&r, 0);
    assert_false(od_request_finished(request)); /* never from inside the call */
    step(&r);
    assert_int_equal(r.network.sent_count, 0);
    assert_value(od_request_result(request),
                 "{\"kind\":\"failed\",\"rang\":\"unknown\",\"raw\":{\"notificationType\":\"OCSError\",\"referenceId\":"
                 "\"t-1\"},\"at\":1440938160}");
    od_request_unref(request);
    rig_close(&r);
}

static void without_memory_for_an_event_those_before_are_forgotten(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "genesys", "{" GWS "}");
    od_value *dialing = parse(EVENT("Dialing")), *established = parse(EVENT("Established"));
    od_value *released = parse(EVENT("Released"));
    od__follow_hear(r.client, "/v2/me/calls", dialing);
    od__memory_fail_at(1);
    od__follow_hear(r.client, "/v2/me/calls", established);
    assert_int_equal(od__memory_fail_at(0), 1);
    od__follow_hear(r.client, "/v2/me/calls", released);
    od_request *request = track(&r, 0);
    answer(&r, 200, NO_CALLS);
    assert_string_equal(od_value_string(od_value_get(od_request_result(request), "kind")), "unreported");
    od_request_unref(request);
    od_value_unref(dialing);
    od_value_unref(established);
    od_value_unref(released);
    rig_close(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_open_from_its_start_to_its_end),
        cmocka_unit_test(a_session_that_may_have_started_is_open),
        cmocka_unit_test(a_session_that_was_lost_is_learnt_again_once),
        cmocka_unit_test(the_version_needs_no_session),
        cmocka_unit_test(what_was_done_in_part_says_so),
        cmocka_unit_test(R19_a_call_is_followed_from_dial_to_its_end),
        cmocka_unit_test(R19_an_answer_that_was_lost_is_found_among_the_live_calls),
        cmocka_unit_test(R19_looks_go_on_where_no_event_comes),
        cmocka_unit_test(R6_a_dial_that_was_never_seen_is_written_off_by_the_caller_alone),
        cmocka_unit_test(R19_a_session_lost_between_dial_and_its_event),
        cmocka_unit_test(R19_events_before_the_answer_are_not_lost),
        cmocka_unit_test(R19_what_was_heard_before_goes_on_with_what_is_heard),
        cmocka_unit_test(R19_what_was_heard_before_comes_first),
        cmocka_unit_test(R19_what_is_forgotten_is_not_guessed),
        cmocka_unit_test(a_record_is_looked_back_for_though_nothing_can_be_asked),
        cmocka_unit_test(without_memory_for_an_event_those_before_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
