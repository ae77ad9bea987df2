/* A Genesys session: the CSRF header is learnt, shared, and learnt again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authorizing/waiting.h"
#include "authorizing_rig.h"
#include "base/error.h"
#include "base/memory.h"

#define SENT_ME "GET https://gws.example.com/api/v2/me\nAccept: application/json\nAuthorization: Basic dTpw\n\n\n---\n"
#define SENT_POST(csrf)                                                                                             \
    "POST " CALLS "\nContent-Type: application/json\nAuthorization: Basic dTpw\n" csrf "\n{}\n---\n"

/* ---- a Genesys session ---- */

static void a_csrf_header_is_learnt_once_for_all(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_gws_session, GWS);
    auth_one a, b, c;
    auth_send(&r, &a, "POST", CALLS, "{}");
    auth_send(&r, &b, "POST", CALLS, "{}");
    assert_string_equal(fake_sent(&r.network), SENT_ME);
    assert_int_equal(fake_waiting(&r.network), 1);
    fake_answer(&r.network, r.network.first, 200, CSRF, SUCCESS);
    auth_step(&r);
    assert_string_equal(fake_sent(&r.network), SENT_POST("X-CSRF-TOKEN: 6e1b\n") SENT_POST("X-CSRF-TOKEN: 6e1b\n"));
    auth_send(&r, &c, "POST", CALLS, "{}");
    assert_string_equal(fake_sent(&r.network), SENT_POST("X-CSRF-TOKEN: 6e1b\n"));
    auth_one *all[] = { &a, &b, &c };
    for (size_t i = 0; i < 3; i++) {
        assert_true(all[i]->exchange.request.headers[1].secret);
        assert_true(all[i]->exchange.request.headers[2].secret);
        fake_answer(&r.network, &all[i]->exchange, 200, "", SUCCESS);
    }
    auth_step(&r);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(all[i]->finished, 1);
        od__exchange_clear(&all[i]->exchange);
    }
    auth_close(&r);
}

static void a_server_without_csrf_is_not_asked_again(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_gws_session, GWS);
    auth_one a, b;
    auth_send(&r, &a, "POST", CALLS, "{}");
    (void)fake_sent(&r.network);
    fake_answer(&r.network, r.network.first, 200, "", "{\"statusCode\":0,\"user\":{}}");
    auth_step(&r);
    auth_send(&r, &b, "POST", CALLS, "{}");
    assert_string_equal(fake_sent(&r.network), SENT_POST("") SENT_POST(""));
    od__exchange_cancel(&a.exchange, OD_CLOSED, "closed");
    od__exchange_cancel(&b.exchange, OD_CLOSED, "closed");
    od__exchange_clear(&a.exchange);
    od__exchange_clear(&b.exchange);
    auth_close(&r);
}

static void a_read_needs_no_csrf(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_gws_session, GWS);
    auth_one o;
    auth_send(&r, &o, "GET", "https://gws.example.com/api/v2/me/devices", NULL);
    assert_string_equal(fake_sent(&r.network),
                        "GET https://gws.example.com/api/v2/me/devices\nAuthorization: Basic dTpw\n\n\n---\n");
    fake_answer(&r.network, &o.exchange, 200, "", SUCCESS);
    auth_step(&r);
    assert_int_equal(o.finished, 1);
    od__exchange_clear(&o.exchange);
    auth_close(&r);
}

static void learn(auth_rig *r, const char *headers) {
    fake_answer(&r->network, r->network.first, 200, headers, SUCCESS);
    auth_step(r);
}

static const struct {
    int status;
    const char *body;
    bool again;
} refusal_rows[] = {
    { 403, "Missing or invalid Csrf token", true },
    { 403, "{\"message\":\"Missing or invalid Csrf token\"}", true },
    { 403, "{\"statusCode\":20,\"statusMessage\":\"Access denied\"}", true },
    { 401, "{\"statusCode\":20}", true },
    { 403, "{\"statusCode\":5}", false },
    { 403, "Forbidden", false },
    { 500, "Missing or invalid Csrf token", false },
    { 500, "{\"statusCode\":4}", false },
    { 200, "{\"statusCode\":20}", false },
};

static void a_refused_session_is_learnt_again_once(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(refusal_rows) / sizeof(refusal_rows[0]); i++) {
        auth_rig r;
        auth_make(&r, &od_authorizer_gws_session, GWS);
        auth_one o;
        auth_send(&r, &o, "POST", CALLS, "{}");
        learn(&r, CSRF);
        (void)fake_sent(&r.network);
        fake_answer(&r.network, &o.exchange, refusal_rows[i].status, "", refusal_rows[i].body);
        auth_step(&r);
        if (!refusal_rows[i].again) {
            assert_int_equal(o.finished, 1);
            assert_int_equal(r.network.sent_count, 2);
            od__exchange_clear(&o.exchange);
            auth_close(&r);
            continue;
        }
        assert_int_equal(o.finished, 0);
        assert_string_equal(fake_sent(&r.network), SENT_ME);
        learn(&r, "X-CSRF-HEADER: X-Other\nX-CSRF-TOKEN: 77\n");
        assert_string_equal(fake_sent(&r.network), SENT_POST("X-Other: 77\n"));
        fake_answer(&r.network, &o.exchange, refusal_rows[i].status, "", refusal_rows[i].body);
        auth_step(&r);
        assert_int_equal(o.finished, 1);
        assert_int_equal(r.network.sent_count, 4);
        assert_string_equal(od__buffer_text(&o.exchange.response.body), refusal_rows[i].body);
        od__exchange_clear(&o.exchange);
        auth_close(&r);
    }
}

static void many_refused_at_different_times_learn_once(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_gws_session, GWS);
    auth_one all[8];
    for (size_t i = 0; i < 8; i++)
        auth_send(&r, &all[i], "POST", CALLS, "{}");
    learn(&r, CSRF);
    assert_int_equal(r.network.sent_count, 9);
    for (size_t i = 0; i < 4; i++)
        fake_answer(&r.network, &all[i].exchange, 403, "", "{\"statusCode\":20}");
    auth_step(&r);
    assert_int_equal(r.network.sent_count, 10);
    /* Refused while the new session is being learnt, and after it has been. */
    fake_answer(&r.network, &all[4].exchange, 403, "", "{\"statusCode\":20}");
    auth_step(&r);
    od_exchange *get = r.network.first;
    while (strcmp(get->request.method, "GET") != 0)
        get = get->next;
    fake_answer(&r.network, get, 200, "X-CSRF-HEADER: X-CSRF-TOKEN\nX-CSRF-TOKEN: new\n", SUCCESS);
    auth_step(&r);
    assert_int_equal(r.network.sent_count, 15);
    for (size_t i = 5; i < 8; i++)
        fake_answer(&r.network, &all[i].exchange, 403, "", "{\"statusCode\":20}");
    auth_step(&r);
    assert_int_equal(r.network.sent_count, 18);
    for (size_t i = 0; i < 8; i++) {
        assert_string_equal(auth_header(&all[i], "X-CSRF-TOKEN"), "new");
        fake_answer(&r.network, &all[i].exchange, 200, "", SUCCESS);
    }
    auth_step(&r);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(all[i].finished, 1);
        od__exchange_clear(&all[i].exchange);
    }
    auth_close(&r);
}

static od_exchange *waiting_get(auth_rig *r) {
    od_exchange *get = r->network.first;
    while (strcmp(get->request.method, "GET") != 0)
        get = get->next;
    return get;
}

/* Each of those that the server did not know any more may have made a session of its own, and the cookie that came last
 * need not be the one whose token was learnt: then they go out once more, and no oftener. */
static void logins_that_cross_are_repeated_once_more(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_gws_session, GWS);
    auth_one all[3];
    for (size_t i = 0; i < 3; i++)
        auth_send(&r, &all[i], "POST", CALLS, "{}");
    learn(&r, CSRF);
    static const char *const tokens[] = { "second", "third" };
    for (size_t round = 0; round < 2; round++) {
        char headers[128];
        for (size_t i = 0; i < 3; i++) {
            fake_answer(&r.network, &all[i].exchange, 403, "", "Missing or invalid Csrf token");
            auth_step(&r); /* the others while the session is being learnt */
        }
        assert_int_equal(r.network.sent_count, 5 + 4 * round);
        snprintf(headers, sizeof(headers), "X-CSRF-HEADER: X-CSRF-TOKEN\nX-CSRF-TOKEN: %s\n", tokens[round]);
        fake_answer(&r.network, waiting_get(&r), 200, headers, SUCCESS);
        auth_step(&r);
        for (size_t i = 0; i < 3; i++)
            assert_string_equal(auth_header(&all[i], "X-CSRF-TOKEN"), tokens[round]);
    }
    assert_int_equal(r.network.sent_count, 12);
    fake_answer(&r.network, &all[0].exchange, 403, "", "Missing or invalid Csrf token");
    fake_answer(&r.network, &all[1].exchange, 200, "", SUCCESS);
    fake_answer(&r.network, &all[2].exchange, 200, "", SUCCESS);
    auth_step(&r);
    assert_int_equal(r.network.sent_count, 12);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(all[i].finished, 1);
        assert_int_equal(all[i].exchange.response.status, i == 0 ? 403 : 200);
        od__exchange_clear(&all[i].exchange);
    }
    auth_close(&r);
}

/* What the session that comes next wants, and how a request of it looks then. */
static const struct {
    const char *headers, *sent;
} next_rows[] = {
    { "X-CSRF-HEADER: X-Other\nX-CSRF-TOKEN: 77\n", SENT_POST("X-Other: 77\n") },
    { "X-CSRF-HEADER: x-csrf-token\nX-CSRF-TOKEN: 77\n", SENT_POST("x-csrf-token: 77\n") },
    { "", SENT_POST("") },
};

static void one_refused_after_the_session_was_renewed_has_only_the_new_header(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(next_rows) / sizeof(next_rows[0]); i++) {
        auth_rig r;
        auth_make(&r, &od_authorizer_gws_session, GWS);
        auth_one a, b;
        auth_send(&r, &a, "POST", CALLS, "{}");
        auth_send(&r, &b, "POST", CALLS, "{}");
        learn(&r, CSRF);
        fake_answer(&r.network, &a.exchange, 403, "", "{\"statusCode\":20}");
        auth_step(&r);
        (void)fake_sent(&r.network);
        fake_answer(&r.network, waiting_get(&r), 200, next_rows[i].headers, SUCCESS);
        auth_step(&r);
        assert_string_equal(fake_sent(&r.network), next_rows[i].sent);
        fake_answer(&r.network, &b.exchange, 403, "", "{\"statusCode\":20}");
        auth_step(&r);
        assert_string_equal(fake_sent(&r.network), next_rows[i].sent);
        auth_one *both[] = { &a, &b };
        for (size_t k = 0; k < 2; k++) {
            od__exchange_cancel(&both[k]->exchange, OD_CLOSED, "closed");
            od__exchange_clear(&both[k]->exchange);
        }
        auth_close(&r);
    }
}

/* Who waited for a session waits for a slot next, and the session may be another before that comes. */
static void one_that_waited_for_its_slot_goes_with_the_session_of_that_moment(void **state) {
    (void)state;
    static const od_rate two_a_second = { .per_second = 2, .burst = 1 };
    for (size_t i = 0; i < sizeof(next_rows) / sizeof(next_rows[0]); i++) {
        auth_rig r;
        od_transport *rate;
        auth_make(&r, &od_authorizer_gws_session, GWS);
        assert_int_equal(od__rate_transport_new(r.loop, NULL, r.layer, &rate, NULL), OD_OK);
        od__authorizing_transport_pace(r.layer, rate);
        auth_one a, b;
        auth_send(&r, &a, "POST", CALLS, "{}");
        auth_send(&r, &b, "POST", CALLS, "{}");
        a.exchange.bucket = b.exchange.bucket = &two_a_second;
        learn(&r, CSRF);
        assert_int_equal(r.network.sent_count, 2); /* b has its header, and waits for its slot */
        assert_string_equal(auth_header(&b, "X-CSRF-TOKEN"), "6e1b");
        fake_answer(&r.network, &a.exchange, 403, "", "{\"statusCode\":20}");
        auth_step(&r);
        r.clock.now_us += 500000; /* its slot comes while there is no session, and the next when there is another */
        auth_step(&r);
        (void)fake_sent(&r.network);
        fake_answer(&r.network, waiting_get(&r), 200, next_rows[i].headers, SUCCESS);
        for (int slots = 0; slots < 3; slots++) {
            auth_step(&r);
            r.clock.now_us += 500000;
        }
        char both_sent[512];
        snprintf(both_sent, sizeof(both_sent), "%s%s", next_rows[i].sent, next_rows[i].sent);
        assert_string_equal(fake_sent(&r.network), both_sent);
        auth_one *both[] = { &a, &b };
        for (size_t k = 0; k < 2; k++) {
            od__exchange_cancel(&both[k]->exchange, OD_CLOSED, "closed");
            od__exchange_clear(&both[k]->exchange);
        }
        od__transport_free(rate);
        auth_close(&r);
    }
}

static void a_refused_read_logs_in_again(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_gws_session, GWS);
    auth_one o;
    auth_send(&r, &o, "GET", "https://gws.example.com/api/v2/me/devices", NULL);
    (void)fake_sent(&r.network);
    fake_answer(&r.network, &o.exchange, 403, "", "{\"statusCode\":20}");
    auth_step(&r);
    assert_string_equal(fake_sent(&r.network), SENT_ME);
    learn(&r, CSRF);
    assert_string_equal(fake_sent(&r.network),
                        "GET https://gws.example.com/api/v2/me/devices\nAuthorization: Basic dTpw\n\n\n---\n");
    fake_answer(&r.network, &o.exchange, 200, "", SUCCESS);
    auth_step(&r);
    assert_int_equal(o.finished, 1);
    od__exchange_clear(&o.exchange);
    auth_close(&r);
}

static const struct {
    int status;       /* 0: the network broke */
    const char *headers, *body, *error;
    bool retryable;
} learning_rows[] = {
    { 0, "", "", "network: GET /api/v2/me: connection refused", true },
    { 403, "", "{\"statusCode\":20}", "authentication: GET /api/v2/me: the server refused the user (HTTP 403)", false },
    { 401, "", "", "authentication: GET /api/v2/me: the server refused the user (HTTP 401)", false },
    { 200, "", "{\"statusCode\":20}", "authentication: GET /api/v2/me: the server refused the user (HTTP 200)", false },
    { 429, "", "", "throttled: GET /api/v2/me: the server answered HTTP 429", true },
    { 503, "", "", "unavailable: GET /api/v2/me: the server answered HTTP 503", true },
    { 404, "", "", "protocol: GET /api/v2/me: the server answered HTTP 404 without a session", false },
    { 200, "", "<html>", "protocol: GET /api/v2/me: the server answered HTTP 200 without a session", false },
    { 200, "", "[]", "protocol: GET /api/v2/me: the server answered HTTP 200 without a session", false },
    { 200, "", "{\"statusCode\":4}", "protocol: GET /api/v2/me: the server answered HTTP 200 without a session", false },
    { 302, "Location: /login\n", "", "protocol: GET /api/v2/me: the server answered HTTP 302 without a session", false },
    { 200, "X-CSRF-HEADER: a b\nX-CSRF-TOKEN: t\n", SUCCESS,
      "protocol: GET /api/v2/me: the server's CSRF header cannot be sent", false },
};

static void a_session_that_cannot_be_learnt_fails_all_who_wait(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(learning_rows) / sizeof(learning_rows[0]); i++) {
        auth_rig r;
        auth_make(&r, &od_authorizer_gws_session, GWS);
        auth_one a, b, c;
        auth_send(&r, &a, "POST", CALLS, "{}");
        auth_send(&r, &b, "POST", CALLS, "{}");
        if (learning_rows[i].status == 0)
            fake_break(&r.network, r.network.first, OD_NETWORK, "connection refused");
        else
            fake_answer(&r.network, r.network.first, learning_rows[i].status, learning_rows[i].headers,
                        learning_rows[i].body);
        auth_step(&r);
        auth_one *both[] = { &a, &b };
        for (size_t k = 0; k < 2; k++) {
            assert_int_equal(both[k]->finished, 1);
            auth_error(&both[k]->exchange.error, learning_rows[i].error);
            assert_int_equal(both[k]->exchange.error.http_status, learning_rows[i].status);
            assert_int_equal(both[k]->exchange.error.retryable, learning_rows[i].retryable);
            assert_int_equal(both[k]->exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
            assert_int_equal(both[k]->exchange.response.status, 0);
            od__exchange_clear(&both[k]->exchange);
        }
        assert_int_equal(r.network.sent_count, 1);
        /* The next one asks anew. */
        (void)fake_sent(&r.network);
        auth_send(&r, &c, "POST", CALLS, "{}");
        assert_string_equal(fake_sent(&r.network), SENT_ME);
        learn(&r, "");
        assert_string_equal(fake_sent(&r.network), SENT_POST(""));
        od__exchange_cancel(&c.exchange, OD_CLOSED, "closed");
        od__exchange_clear(&c.exchange);
        auth_close(&r);
    }
}

static void a_csrf_token_without_a_name_has_the_usual_one(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_gws_session, GWS);
    auth_one o;
    auth_send(&r, &o, "POST", CALLS, "{}");
    (void)fake_sent(&r.network);
    learn(&r, "X-CSRF-TOKEN: 6e1b\n");
    assert_string_equal(fake_sent(&r.network), SENT_POST("X-CSRF-TOKEN: 6e1b\n"));
    od__exchange_cancel(&o.exchange, OD_CLOSED, "closed");
    od__exchange_clear(&o.exchange);
    auth_close(&r);
}

static void one_who_waits_for_the_session_can_be_taken_back(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_gws_session, GWS);
    auth_one a, b;
    auth_send(&r, &a, "POST", CALLS, "{}");
    auth_send(&r, &b, "POST", CALLS, "{}");
    (void)fake_sent(&r.network);
    od__exchange_cancel(&b.exchange, OD_CANCELED, "taken back");
    assert_int_equal(b.exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    learn(&r, CSRF);
    assert_string_equal(fake_sent(&r.network), SENT_POST("X-CSRF-TOKEN: 6e1b\n"));
    od__exchange_cancel(&a.exchange, OD_CLOSED, "closed");
    od__exchange_clear(&a.exchange);
    od__exchange_clear(&b.exchange);
    auth_close(&r);
}

static void a_session_can_be_freed_while_it_learns(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_gws_session, GWS);
    auth_one o;
    auth_send(&r, &o, "POST", CALLS, "{}");
    od__exchange_cancel(&o.exchange, OD_CLOSED, "closed");
    od__exchange_clear(&o.exchange);
    assert_int_equal(fake_waiting(&r.network), 1);
    od__transport_free(r.layer);
    od__authorizer_free(r.authorizer);
    r.layer = NULL;
    r.authorizer = NULL;
    assert_int_equal(fake_waiting(&r.network), 0);
    auth_close(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_csrf_header_is_learnt_once_for_all),
        cmocka_unit_test(a_server_without_csrf_is_not_asked_again),
        cmocka_unit_test(a_read_needs_no_csrf),
        cmocka_unit_test(a_refused_session_is_learnt_again_once),
        cmocka_unit_test(many_refused_at_different_times_learn_once),
        cmocka_unit_test(logins_that_cross_are_repeated_once_more),
        cmocka_unit_test(one_refused_after_the_session_was_renewed_has_only_the_new_header),
        cmocka_unit_test(one_that_waited_for_its_slot_goes_with_the_session_of_that_moment),
        cmocka_unit_test(a_refused_read_logs_in_again),
        cmocka_unit_test(a_session_that_cannot_be_learnt_fails_all_who_wait),
        cmocka_unit_test(a_csrf_token_without_a_name_has_the_usual_one),
        cmocka_unit_test(one_who_waits_for_the_session_can_be_taken_back),
        cmocka_unit_test(a_session_can_be_freed_while_it_learns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
