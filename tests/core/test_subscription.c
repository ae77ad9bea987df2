/* A client's subscriptions over a network that sends nothing: the events as requests, sharing authorization with the
 * client's calls, R19, and all the ways in which they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/memory.h"
#include "client_rig.h"

#define GENESYS "{\"base_url\":\"https://gws.example.com\",\"username\":\"u\",\"password\":\"p\",\"device_id\":\"d\",\"retry\":false}"
#define LEARN "https://gws.example.com/api/v2/me"
#define NOTIFICATIONS "https://gws.example.com/api/v2/notifications"
#define CSRF(token) "X-CSRF-HEADER: X-CSRF-TOKEN\nX-CSRF-TOKEN: " token "\n"
#define DIAL_TO "{\"destination\":{\"phoneNumber\":\"5001\"}}"
#define OK0 "{\"statusCode\":0}"
#define EVENT(channel, data) "{\"channel\":\"" channel "\",\"data\":" data "}"
#define CONNECTED "{\"channel\":\"/meta/connect\",\"successful\":true}"
#define STANDS "{\"channel\":\"/meta/subscribe\"}"
#define RESYNC "{\"channel\":\"/meta/resync\"}"

static od_subscription *subscribe(rig *r, const char *channels) {
    od_value *given = parse(channels);
    od_subscription *subscription = NULL;
    od_error error = OD_ERROR_INIT;
    if (od_client_subscribe(r->client, given, &subscription, &error) != OD_OK)
        fail_msg("%s: %s", error.path, error.message);
    od_value_unref(given);
    return subscription;
}

static od_request *next(od_subscription *subscription) {
    od_request *request;
    assert_int_equal(od_subscription_next(subscription, &request, NULL), OD_OK);
    assert_false(od_request_finished(request)); /* never from inside the call */
    return request;
}

static void assert_next(rig *r, od_subscription *subscription, const char *event) {
    od_request *request = next(subscription);
    step(r);
    if (event == NULL) {
        assert_false(od_request_finished(request));
        od_request_cancel(request);
        step(r);
        assert_failed(request, "canceled: the request was canceled", OD_PLACEMENT_NONE);
    } else {
        assert_true(od_request_finished(request));
        assert_value(od_request_result(request), event);
    }
    od_request_unref(request);
}

static void assert_ended(rig *r, od_subscription *subscription, const char *error) {
    od_request *request = next(subscription);
    step(r);
    assert_failed(request, error, OD_PLACEMENT_NONE);
    od_request_unref(request);
}

/* Answers the one that waits longest with messages, whose ids are those that it sent. */
static void answer(rig *r, const char *body) {
    assert_non_null(r->network.first);
    fake_answer(&r->network, r->network.first, 200, "", body);
    step(r);
}

static bool sends_to(const rig *r, const char *url, const char *text) {
    const od_exchange *exchange = r->network.last;
    return exchange != NULL && strcmp(od__buffer_text(&exchange->request.url), url) == 0 &&
           strstr(od__buffer_text(&exchange->request.body), text) != NULL;
}

/* Answers handshake, subscribe and the first connect, so that a long poll is parked. */
static void make_session(rig *r, const char *more) {
    char body[4096] = "[";
    assert_true(sends_to(r, NOTIFICATIONS, "/meta/handshake"));
    snprintf(body, sizeof(body), "[{\"channel\":\"/meta/handshake\",\"successful\":true,\"clientId\":\"c\"%s}]", more);
    answer(r, body);
    assert_true(sends_to(r, NOTIFICATIONS, "/meta/subscribe"));
    /* Each subscribe is granted by its id. */
    const char *at = od__buffer_text(&r->network.first->request.body);
    strcpy(body, "[");
    while ((at = strstr(at, "{\"id\":\"")) != NULL) {
        size_t length = strlen(body);
        snprintf(body + length, sizeof(body) - length, "%s{\"channel\":\"/meta/subscribe\",\"successful\":true,\"id\":\"%d\"}",
                 length > 1 ? "," : "", atoi(at + 7));
        at += 7;
    }
    strcat(body, "]");
    answer(r, body);
    assert_true(sends_to(r, NOTIFICATIONS, "/meta/connect"));
    answer(r, "[" CONNECTED "]");
}

static void open_genesys(rig *r) {
    rig_client(r, "genesys", GENESYS);
}

/* The session of the REST calls comes first. */
static void learn(rig *r, const char *headers) {
    step(r);
    assert_non_null(r->network.first);
    assert_string_equal(od__buffer_text(&r->network.first->request.url), LEARN);
    fake_answer(&r->network, r->network.first, 200, headers, OK0);
    step(r);
}

static od_subscription *stand(rig *r, const char *channels) {
    od_subscription *subscription = subscribe(r, channels);
    learn(r, CSRF("t1"));
    make_session(r, "");
    assert_next(r, subscription, STANDS);
    (void)fake_sent(&r->network);
    return subscription;
}

static void events_are_results_of_requests(void **state) {
    (void)state;
    rig r;
    open_genesys(&r);
    od_subscription *s = subscribe(&r, "[\"/v2/me/calls\",\"/me/*\"]");
    od_request *first = next(s);
    assert_int_equal(od_engine_pending(r.engine), 1);
    learn(&r, CSRF("t1"));
    /* What authorizes the calls authorizes the notifications. */
    assert_string_equal(strchr(strstr(fake_sent(&r.network), "POST"), ' '),
                        " " NOTIFICATIONS "\nContent-Type: application/json;charset=UTF-8\nAccept: application/json\n"
                        "Authorization: Basic dTpw\nX-CSRF-TOKEN: t1\n\n"
                        "[{\"id\":\"1\",\"channel\":\"/meta/handshake\",\"version\":\"1.0\",\"minimumVersion\":\"1.0\","
                        "\"supportedConnectionTypes\":[\"long-polling\"],\"ext\":{\"ack\":true}}]\n---\n");
    assert_true(r.network.cookies);
    make_session(&r, "");
    assert_value(od_request_result(first), STANDS);
    od_request_unref(first);
    answer(&r, "[" EVENT("/v2/me/calls", "{\"n\":1}") "," EVENT("/me/internal", "[2]") "," EVENT("/v2/me/devices", "3") ","
               CONNECTED ",{\"channel\":\"/me/x\"}]");
    assert_next(&r, s, "{\"channel\":\"/v2/me/calls\",\"data\":{\"n\":1}}");
    assert_next(&r, s, "{\"channel\":\"/me/internal\",\"data\":[2]}");
    assert_next(&r, s, "{\"channel\":\"/me/x\"}");
    assert_next(&r, s, NULL);
    od_request *request = next(s);
    answer(&r, "[" CONNECTED "," EVENT("/v2/me/calls", "4") "]");
    assert_value(od_request_result(request), "{\"channel\":\"/v2/me/calls\",\"data\":4}");
    od_request_unref(request);
    assert_int_equal(od_engine_pending(r.engine), 0); /* the long poll keeps nobody waiting */
    od_subscription_free(s);
    rig_close(&r);
}

static void a_request_that_was_let_go_of_takes_no_event(void **state) {
    (void)state;
    rig r;
    open_genesys(&r);
    od_subscription *s = stand(&r, "[\"/a\"]");
    od_request_unref(od_engine_take(r.engine)); /* that it stands */
    od_request_unref(next(s));
    answer(&r, "[" EVENT("/a", "1") "," CONNECTED "]");
    assert_null(od_engine_take(r.engine));
    od_request_unref(next(s));
    assert_next(&r, s, "{\"channel\":\"/a\",\"data\":1}");
    assert_next(&r, s, NULL);
    od_subscription_free(s);
    rig_close(&r);
}

static void two_hear_what_both_asked_for(void **state) {
    (void)state;
    rig r;
    open_genesys(&r);
    od_subscription *all = stand(&r, "[\"/v2/**\"]");
    od_subscription *calls = subscribe(&r, "[\"/v2/me/calls\"]");
    step(&r);
    assert_string_equal(fake_sent(&r.network), ""); /* the wider one serves both */
    assert_next(&r, calls, STANDS);
    answer(&r, "[" EVENT("/v2/me/calls", "1") "," EVENT("/v2/me/devices", "2") "," CONNECTED "]");
    assert_next(&r, calls, "{\"channel\":\"/v2/me/calls\",\"data\":1}");
    assert_next(&r, calls, NULL);
    assert_next(&r, all, "{\"channel\":\"/v2/me/calls\",\"data\":1}");
    assert_next(&r, all, "{\"channel\":\"/v2/me/devices\",\"data\":2}");
    od_subscription_free(all);
    od_subscription_free(calls);
    rig_close(&r);
}

static void what_came_before_it_stood_comes_after_it_stands(void **state) {
    (void)state;
    rig r;
    open_genesys(&r);
    od_subscription *s = subscribe(&r, "[\"/a\"]");
    learn(&r, "");
    answer(&r, "[{\"channel\":\"/meta/handshake\",\"successful\":true,\"clientId\":\"c\"}]");
    answer(&r, "[" EVENT("/a", "1") ",{\"channel\":\"/meta/subscribe\",\"id\":\"2\",\"successful\":true}]");
    assert_next(&r, s, NULL);
    answer(&r, "[" EVENT("/a", "2") "," CONNECTED "]");
    assert_next(&r, s, STANDS);
    assert_next(&r, s, "{\"channel\":\"/a\",\"data\":1}");
    assert_next(&r, s, "{\"channel\":\"/a\",\"data\":2}");
    od_subscription_free(s);
    rig_close(&r);
}

static void a_gap_is_an_event_too(void **state) {
    (void)state;
    rig r;
    open_genesys(&r);
    od_subscription *s = stand(&r, "[\"/a\"]");
    answer(&r, "[" EVENT("/a", "1") ",{\"channel\":\"/meta/connect\",\"successful\":false,\"error\":\"402::x\"}]");
    make_session(&r, "");
    answer(&r, "[" EVENT("/a", "2") "," CONNECTED "]");
    assert_next(&r, s, "{\"channel\":\"/a\",\"data\":1}");
    assert_next(&r, s, RESYNC);
    assert_next(&r, s, "{\"channel\":\"/a\",\"data\":2}");
    od_subscription_free(s);
    rig_close(&r);
}

static void a_slow_taker_stops_the_fetching(void **state) {
    (void)state;
    rig r;
    open_genesys(&r);
    od_subscription *s = stand(&r, "[\"/a\"]");
    for (int i = 0; i < OD_LIMIT_EVENTS_WAITING - 1; i++)
        answer(&r, "[" EVENT("/a", "1") "," CONNECTED "]");
    assert_int_equal(fake_waiting(&r.network), 1);
    answer(&r, "[" EVENT("/a", "1") "," EVENT("/a", "1") "," CONNECTED "]");
    assert_int_equal(fake_waiting(&r.network), 0);
    for (int i = 0; i < OD_LIMIT_EVENTS_WAITING / 2; i++)
        assert_next(&r, s, "{\"channel\":\"/a\",\"data\":1}");
    assert_int_equal(fake_waiting(&r.network), 0);
    assert_next(&r, s, "{\"channel\":\"/a\",\"data\":1}");
    assert_int_equal(fake_waiting(&r.network), 1);
    for (int i = 0; i < OD_LIMIT_EVENTS_WAITING / 2; i++)
        assert_next(&r, s, "{\"channel\":\"/a\",\"data\":1}");
    assert_next(&r, s, NULL);
    od_subscription_free(s);
    rig_close(&r);
}

static void the_slow_one_may_leave(void **state) {
    (void)state;
    rig r;
    open_genesys(&r);
    od_subscription *s = stand(&r, "[\"/a\"]"), *other = subscribe(&r, "[\"/a\"]");
    for (int i = 0; i < OD_LIMIT_EVENTS_WAITING; i++) {
        answer(&r, "[" EVENT("/a", "1") "," CONNECTED "]");
        if (i == 0)
            assert_next(&r, other, STANDS);
        assert_next(&r, other, "{\"channel\":\"/a\",\"data\":1}");
    }
    assert_int_equal(fake_waiting(&r.network), 0);
    od_subscription_free(s);
    step(&r);
    assert_int_equal(fake_waiting(&r.network), 1);
    od_subscription_free(other);
    rig_close(&r);
}

/* ---- how it ends ---- */

static void a_refused_channel_ends_only_those_who_asked_for_it(void **state) {
    (void)state;
    rig r;
    open_genesys(&r);
    od_subscription *bad = subscribe(&r, "[\"/a\",\"/b\"]"), *good = subscribe(&r, "[\"/a\"]");
    od_request *request = next(bad);
    learn(&r, "");
    answer(&r, "[{\"channel\":\"/meta/handshake\",\"successful\":true,\"clientId\":\"c\"}]");
    answer(&r, "[{\"channel\":\"/meta/subscribe\",\"id\":\"2\",\"successful\":true},"
               "{\"channel\":\"/meta/subscribe\",\"id\":\"3\",\"successful\":false,\"error\":\"403:/b:subscribe_denied\"}]");
    assert_failed(request, "permission: 403: subscribe /b: subscribe_denied", OD_PLACEMENT_NONE);
    od_request_unref(request);
    answer(&r, "[" CONNECTED "]");
    assert_next(&r, good, STANDS);
    assert_ended(&r, bad, "permission: 403: subscribe /b: subscribe_denied");
    od_subscription_free(bad);
    od_subscription_free(good);
    rig_close(&r);
}

static void what_is_kept_is_told_before_the_end(void **state) {
    (void)state;
    rig r;
    open_genesys(&r);
    od_subscription *s = stand(&r, "[\"/a\"]");
    answer(&r, "[" EVENT("/a", "1") ",{\"channel\":\"/meta/connect\",\"successful\":true,"
               "\"advice\":{\"reconnect\":\"none\"}}]");
    assert_next(&r, s, "{\"channel\":\"/a\",\"data\":1}");
    assert_ended(&r, s, "closed: the server wants no further connect");
    assert_ended(&r, s, "closed: the server wants no further connect");
    od_subscription_free(s);
    /* A new one makes a new session. */
    s = subscribe(&r, "[\"/a\"]");
    step(&r);
    make_session(&r, "");
    assert_next(&r, s, STANDS);
    od_subscription_free(s);
    rig_close(&r);
}

static void wrong_credentials_end_it(void **state) {
    (void)state;
    rig r;
    open_genesys(&r);
    od_subscription *s = subscribe(&r, "[\"/a\"]");
    step(&r);
    fake_answer(&r.network, r.network.first, 403, "", "{\"statusCode\":20,\"statusMessage\":\"Access denied\"}");
    step(&r);
    assert_ended(&r, s, "authentication: GET /api/v2/me: the server refused the user (HTTP 403)");
    od_subscription_free(s);
    rig_close(&r);
}

static void unsubscribing_says_goodbye(void **state) {
    (void)state;
    rig r;
    open_genesys(&r);
    od_subscription *s = stand(&r, "[\"/a\"]");
    od_request *request = next(s), *quiet, *again;
    assert_int_equal(od_client_unsubscribe(r.client, &quiet, NULL), OD_OK);
    assert_int_equal(od_client_unsubscribe(r.client, &again, NULL), OD_OK);
    step(&r);
    assert_failed(request, "closed: the subscription was ended", OD_PLACEMENT_NONE);
    assert_true(sends_to(&r, NOTIFICATIONS, "/meta/disconnect"));
    assert_int_equal(fake_waiting(&r.network), 1);
    assert_false(od_request_finished(quiet));
    answer(&r, "[]");
    assert_true(od_request_finished(quiet));
    assert_int_equal(od_request_status(quiet), OD_OK);
    assert_true(od_request_finished(again));
    assert_ended(&r, s, "closed: the subscription was ended");
    od_subscription_free(s);
    od_request_unref(request);
    od_request_unref(quiet);
    od_request_unref(again);
    /* Where there is nothing to end, it is done at once. */
    assert_int_equal(od_client_unsubscribe(r.client, &quiet, NULL), OD_OK);
    step(&r);
    assert_true(od_request_finished(quiet));
    od_request_unref(quiet);
    rig_close(&r);
}

static void freed_in_any_order(void **state) {
    (void)state;
    rig r;
    open_genesys(&r);
    od_subscription *s = stand(&r, "[\"/a\"]"), *t = subscribe(&r, "[\"/b\"]");
    od_request *of_s = next(s), *of_t = next(t), *quiet;
    answer(&r, "[" EVENT("/a", "1") "," EVENT("/a", "2") "," CONNECTED "]"); /* one is never taken */
    od_subscription_free(t);
    assert_failed(of_t, "closed: the subscription was ended", OD_PLACEMENT_NONE);
    od_request *waiting;
    assert_int_equal(od_client_unsubscribe(r.client, &quiet, NULL), OD_OK);
    assert_int_equal(od_subscription_next(s, &waiting, NULL), OD_OK);
    od_client_free(r.client);
    r.client = NULL;
    assert_failed(waiting, "closed: the client was closed", OD_PLACEMENT_NONE);
    assert_failed(quiet, "closed: the client or engine was closed", OD_PLACEMENT_NONE);
    od_error error = OD_ERROR_INIT;
    assert_int_equal(od_subscription_next(s, NULL, &error), OD_CLOSED);
    assert_error(&error, "closed: the client was closed");
    od_subscription_free(s);
    od_subscription_free(NULL);
    od_request_unref(of_s);
    od_request_unref(of_t);
    od_request_unref(waiting);
    od_request_unref(quiet);
    rig_close(&r);
}

static void misuse_is_told_at_once(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        { "[]", "validation: expected a list of 1 to 64 channels, got an array" },
        { "\"/a\"", "validation: expected a list of 1 to 64 channels, got \"/a\"" },
        { "{}", "validation: expected a list of 1 to 64 channels, got an object" },
        { "[\"/a\",7]", "validation /1: expected a channel such as /a/b or /a/*, got 7" },
        { "[\"a\"]", "validation /0: expected a channel such as /a/b or /a/*, got \"a\"" },
        { "[\"/meta/connect\"]", "validation /0: expected a channel such as /a/b or /a/*, got \"/meta/connect\"" },
    };
    rig r;
    open_genesys(&r);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        od_error error = OD_ERROR_INIT;
        od_value *channels = parse(rows[i][0]);
        od_subscription *s = (od_subscription *)&error;
        assert_int_equal(od_client_subscribe(r.client, channels, &s, &error), OD_VALIDATION);
        assert_null(s);
        assert_error(&error, rows[i][1]);
        od_value_unref(channels);
    }
    od_subscription *s = subscribe(&r, "[\"/a\"]");
    od_request *request = next(s);
    od_error error = OD_ERROR_INIT;
    assert_int_equal(od_subscription_next(s, NULL, &error), OD_VALIDATION);
    assert_error(&error, "validation: a request for the next event is under way already");
    od_subscription_free(s);
    od_request_unref(request);
    rig_close(&r);
    rig_client(&r, "amazon_connect", "{" CONNECT "}");
    od_value *channels = parse("[\"/a\"]");
    error = (od_error)OD_ERROR_INIT;
    assert_int_equal(od_client_subscribe(r.client, channels, &s, &error), OD_VALIDATION);
    assert_error(&error, "validation: amazon_connect has no notifications");
    od_value_unref(channels);
    rig_close(&r);
}

static void the_path_is_an_option(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "genesys", "{\"base_url\":\"https://gws.example.com/x\",\"username\":\"u\",\"password\":\"p\","
                              "\"notifications_path\":\"/genesys/cometd\"}");
    od_subscription *s = subscribe(&r, "[\"/a\"]");
    step(&r);
    fake_answer(&r.network, r.network.first, 200, "", OK0);
    step(&r);
    assert_true(sends_to(&r, "https://gws.example.com/x/genesys/cometd", "/meta/handshake"));
    od_subscription_free(s);
    rig_close(&r);
}

/* ---- R19 ---- */

#define DEAF "unavailable: not sent: no events of /v2/me/calls arrive now"

static void assert_dial(rig *r, const char *error) {
    (void)fake_sent(&r->network);
    od_request *request = submit(r, "dial", DIAL_TO, NULL);
    step(r);
    if (error == NULL) {
        assert_non_null(strstr(fake_sent(&r->network), "\"operationName\":\"Dial\""));
        fake_answer(&r->network, r->network.last, 200, "", OK0);
        step(r);
        assert_int_equal(od_request_status(request), OD_OK);
        assert_true(od_request_finished(request));
    } else {
        assert_null(strstr(fake_sent(&r->network), "Dial"));
        assert_failed(request, error, OD_PLACEMENT_NOT_PLACED);
        assert_true(od_request_error(request)->retryable);
    }
    od_request_unref(request);
}

static void R19_no_dial_without_ears(void **state) {
    (void)state;
    rig r;
    open_genesys(&r);
    /* Who never subscribed dials as told. */
    od_request *request = submit(&r, "dial", DIAL_TO, NULL);
    learn(&r, CSRF("t1"));
    fake_answer(&r.network, r.network.first, 200, "", OK0);
    step(&r);
    assert_int_equal(od_request_status(request), OD_OK);
    od_request_unref(request);
    /* Other channels are no ears, wherever they stand. */
    od_subscription *other = subscribe(&r, "[\"/v2/me/devices\"]");
    step(&r);
    assert_dial(&r, NULL);
    od_subscription *s = subscribe(&r, "[\"/v2/me/*\"]");
    step(&r);
    assert_dial(&r, DEAF);
    make_session(&r, "");
    assert_next(&r, s, STANDS);
    assert_dial(&r, NULL);
    /* The last connect must have succeeded. */
    fake_answer(&r.network, r.network.first, 500, "", "");
    step(&r);
    assert_dial(&r, DEAF);
    pass_ms(&r, 1000);
    answer(&r, "[" CONNECTED "]");
    assert_dial(&r, NULL);
    answer(&r, "[{\"channel\":\"/meta/connect\",\"successful\":false,\"error\":\"402::x\"}]");
    assert_dial(&r, DEAF);
    make_session(&r, "");
    assert_dial(&r, NULL);
    /* Ended against its will it is still wanted; freed it is not. */
    answer(&r, "[{\"channel\":\"/meta/connect\",\"successful\":true,\"advice\":{\"reconnect\":\"none\"}}]");
    assert_dial(&r, DEAF);
    od_subscription_free(s);
    assert_dial(&r, NULL);
    od_subscription_free(other);
    rig_close(&r);
}

static void R19_a_new_session_of_the_calls_has_no_ears_yet(void **state) {
    (void)state;
    rig r;
    open_genesys(&r);
    od_subscription *s = stand(&r, "[\"/v2/me/calls\"]");
    od_request *request = submit(&r, "dial", DIAL_TO, NULL);
    step(&r);
    fake_answer(&r.network, r.network.last, 403, "", "{\"statusCode\":20,\"statusMessage\":\"Access denied\"}");
    step(&r);
    /* A new session is learnt, but the call waits for nobody: it is not placed. */
    assert_string_equal(od__buffer_text(&r.network.last->request.url), LEARN);
    (void)fake_sent(&r.network);
    fake_answer(&r.network, r.network.last, 200, CSRF("t2"), OK0);
    step(&r);
    assert_failed(request, DEAF, OD_PLACEMENT_NOT_PLACED);
    od_request_unref(request);
    /* The notifications are asked at once, and made anew. */
    assert_int_equal(fake_waiting(&r.network), 1);
    assert_true(sends_to(&r, NOTIFICATIONS, "\"advice\":{\"timeout\":0}"));
    assert_dial(&r, DEAF);
    answer(&r, "[{\"channel\":\"/meta/connect\",\"successful\":false,\"error\":\"402::x\"}]");
    make_session(&r, "");
    assert_next(&r, s, RESYNC);
    assert_dial(&r, NULL);
    od_subscription_free(s);
    rig_close(&r);
}

static void R19_a_refused_long_poll_makes_a_new_session(void **state) {
    (void)state;
    rig r;
    open_genesys(&r);
    od_subscription *s = stand(&r, "[\"/v2/me/calls\"]");
    fake_answer(&r.network, r.network.first, 403, "", "<html>");
    step(&r);
    assert_string_equal(od__buffer_text(&r.network.first->request.url), LEARN);
    fake_answer(&r.network, r.network.first, 200, CSRF("t2"), OK0);
    step(&r);
    assert_true(sends_to(&r, NOTIFICATIONS, "/meta/connect"));
    assert_string_equal(od__http_request_header(&r.network.first->request, "X-CSRF-TOKEN"), "t2");
    answer(&r, "[{\"channel\":\"/meta/connect\",\"successful\":false,\"error\":\"402::x\"}]");
    assert_dial(&r, DEAF);
    make_session(&r, "");
    assert_next(&r, s, RESYNC);
    assert_dial(&r, NULL);
    od_subscription_free(s);
    rig_close(&r);
}

/* ---- memory ---- */

static void every_allocation_may_fail(void **state) {
    (void)state;
    size_t n = 1;
    bool failed = true;
    for (; failed; n++) {
        rig r;
        open_genesys(&r);
        od_value *channels = parse("[\"/a\",\"/b\"]");
        od_subscription *s = NULL;
        od_request *request = NULL, *quiet = NULL;
        od__memory_fail_at(n);
        od_status status = od_client_subscribe(r.client, channels, &s, NULL);
        if (status == OD_OK)
            status = od_subscription_next(s, &request, NULL);
        if (status != OD_OK)
            assert_int_equal(status, OD_OUT_OF_MEMORY);
        for (int i = 0; i < 5 && r.network.first != NULL; i++) {
            static const char *const replies[] = {
                OK0, "[{\"channel\":\"/meta/handshake\",\"successful\":true,\"clientId\":\"c\"}]",
                "[{\"channel\":\"/meta/subscribe\",\"id\":\"2\",\"successful\":true},"
                "{\"channel\":\"/meta/subscribe\",\"id\":\"3\",\"successful\":true}]",
                "[" CONNECTED "]", "[" EVENT("/a", "1") "," CONNECTED "]",
            };
            (void)od_engine_step(r.engine, 0, NULL);
            if (r.network.first != NULL)
                fake_answer(&r.network, r.network.first, 200, "", replies[i]);
            (void)od_engine_step(r.engine, 0, NULL);
            (void)od_engine_step(r.engine, 0, NULL);
        }
        (void)od_client_unsubscribe(r.client, &quiet, NULL);
        step(&r);
        failed = od__memory_fail_at(0) >= n;
        od_request_unref(request);
        od_request_unref(quiet);
        od_subscription_free(s);
        od_value_unref(channels);
        rig_close(&r);
    }
    assert_true(n > 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_results_of_requests),
        cmocka_unit_test(a_request_that_was_let_go_of_takes_no_event),
        cmocka_unit_test(two_hear_what_both_asked_for),
        cmocka_unit_test(what_came_before_it_stood_comes_after_it_stands),
        cmocka_unit_test(a_gap_is_an_event_too),
        cmocka_unit_test(a_slow_taker_stops_the_fetching),
        cmocka_unit_test(the_slow_one_may_leave),
        cmocka_unit_test(a_refused_channel_ends_only_those_who_asked_for_it),
        cmocka_unit_test(what_is_kept_is_told_before_the_end),
        cmocka_unit_test(wrong_credentials_end_it),
        cmocka_unit_test(unsubscribing_says_goodbye),
        cmocka_unit_test(freed_in_any_order),
        cmocka_unit_test(misuse_is_told_at_once),
        cmocka_unit_test(the_path_is_an_option),
        cmocka_unit_test(R19_no_dial_without_ears),
        cmocka_unit_test(R19_a_new_session_of_the_calls_has_no_ears_yet),
        cmocka_unit_test(R19_a_refused_long_poll_makes_a_new_session),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
