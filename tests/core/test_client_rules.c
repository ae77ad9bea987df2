/* What the rules promise of one call: R2, R3, R4, and what canceling and closing say. */
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

/* ---- R2: a token is repeated only while the call must still be live ---- */

static const struct {
    const char *options;
    int64_t broken_after_ms;  /* of the first byte */
    int sent;                 /* tries in all */
} resend_rows[] = {
    { "", 0, 2 },
    { "", 2900, 2 },
    { "", 2999, 1 },
    { "", 3000, 1 },
    { "", 5000, 1 },
    { ",\"resend_within\":0", 0, 1 },
    { ",\"resend_within\":1.5", 1400, 2 },
    { ",\"resend_within\":1.5", 1500, 1 },
    { ",\"token_after_disconnect\":\"same_contact\"", 3600000, 2 },
    { ",\"token_after_disconnect\":\"same_contact\",\"resend_within\":3", 3600000, 1 },
    { ",\"token_after_disconnect\":\"new_contact\"", 3000, 1 },
    { ",\"retry\":false", 0, 1 },
    { ",\"retry\":{\"max_attempts\":1}", 0, 1 },
};

static const char *token_in(const char *text) {
    static char token[64];
    const char *found = strstr(text, "\"ClientToken\":\"");
    assert_non_null(found);
    snprintf(token, sizeof(token), "%.36s", found + 15);
    return token;
}

static void R2_a_token_is_sent_again_only_within_its_time(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(resend_rows) / sizeof(resend_rows[0]); i++) {
        rig r;
        char options[1024];
        snprintf(options, sizeof(options), "{" CONNECT "%s}", resend_rows[i].options);
        rig_client(&r, "amazon_connect", options);
        r.clock.next_random = 200; /* a pause of some 40 ms */
        od_request *request = submit(&r, START, CALL, NULL);
        char token[64];
        strcpy(token, token_in(fake_sent(&r.network)));
        fake_leave(&r.network, r.network.first);
        r.clock.now_us += resend_rows[i].broken_after_ms * 1000;
        fake_break(&r.network, r.network.first, OD_NETWORK, "cut off");
        step(&r);
        pass_ms(&r, 50);
        assert_int_equal(r.network.sent_count, resend_rows[i].sent);
        if (resend_rows[i].sent == 1) {
            assert_failed(request, "network: cut off", OD_PLACEMENT_UNKNOWN);
        } else {
            assert_string_equal(token_in(fake_sent(&r.network)), token);
            fake_answer(&r.network, r.network.first, 200, "", PLACED);
            step(&r);
            assert_value(od_request_result(request), PLACED);
        }
        od_request_unref(request);
        rig_close(&r);
    }
}

static void R2_a_token_of_the_caller_is_kept_over_tries(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "amazon_connect", "{" CONNECT "}");
    od_request *request = submit(&r, START, "{\"DestinationPhoneNumber\":\"+15555550100\",\"ClientToken\":"
                                            "\"my-own-token-of-thirty-six-characters\"}", NULL);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(token_in(fake_sent(&r.network)), "my-own-token-of-thirty-six-character");
        fake_leave(&r.network, r.network.first);
        fake_break(&r.network, r.network.first, OD_NETWORK, "cut off");
        step(&r);
        pass_ms(&r, 200);
    }
    assert_int_equal(r.network.sent_count, 3);
    assert_failed(request, "network: cut off", OD_PLACEMENT_UNKNOWN);
    od_request_unref(request);
    rig_close(&r);
}

static void R2_a_token_that_waited_too_long_for_the_wire_stays_home(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "amazon_connect", "{" CONNECT "}");
    od_request *request = submit(&r, START, CALL, NULL);
    fake_leave(&r.network, r.network.first);
    fake_break(&r.network, r.network.first, OD_NETWORK, "cut off");
    step(&r);
    pass_ms(&r, 60);
    assert_int_equal(r.network.sent_count, 2);
    pass_ms(&r, 2940);
    fake_leave(&r.network, r.network.first);
    assert_false(r.network.ready == NULL);
    step(&r);
    assert_failed(request, "timeout: send_before passed before the first byte", OD_PLACEMENT_UNKNOWN);
    od_request_unref(request);
    rig_close(&r);
}

/* ---- R3: placement is joined over all tries ---- */

typedef enum try_result { TRY_REFUSED, TRY_DOUBT, TRY_PLACED, TRY_UNSENT } try_result;

static void answer_try(rig *r, try_result result, bool last) {
    od_exchange *exchange = r->network.first;
    switch (result) {
    case TRY_REFUSED:
        fake_answer(&r->network, exchange, last ? 403 : 429, last ? "X-Amzn-Errortype: DestinationNotAllowedException\n"
                                                                  : THROTTLE, "{\"Message\":\"no\"}");
        break;
    case TRY_DOUBT:
        fake_leave(&r->network, exchange);
        fake_break(&r->network, exchange, OD_NETWORK, "cut off");
        break;
    case TRY_UNSENT:
        fake_break(&r->network, exchange, OD_NETWORK, "refused");
        break;
    case TRY_PLACED:
        fake_answer(&r->network, exchange, 200, "", PLACED);
        break;
    }
    step(r);
}

static void R3_a_doubt_stays_whatever_is_refused_later(void **state) {
    (void)state;
    static const struct {
        try_result first, second;
        od_placement joined;  /* PLACED: the call succeeds */
    } rows[] = {
        { TRY_REFUSED, TRY_REFUSED, OD_PLACEMENT_NOT_PLACED }, { TRY_REFUSED, TRY_DOUBT, OD_PLACEMENT_UNKNOWN },
        { TRY_REFUSED, TRY_PLACED, OD_PLACEMENT_PLACED },      { TRY_REFUSED, TRY_UNSENT, OD_PLACEMENT_NOT_PLACED },
        { TRY_DOUBT, TRY_REFUSED, OD_PLACEMENT_UNKNOWN },      { TRY_DOUBT, TRY_DOUBT, OD_PLACEMENT_UNKNOWN },
        { TRY_DOUBT, TRY_PLACED, OD_PLACEMENT_PLACED },        { TRY_DOUBT, TRY_UNSENT, OD_PLACEMENT_UNKNOWN },
        { TRY_UNSENT, TRY_REFUSED, OD_PLACEMENT_NOT_PLACED },  { TRY_UNSENT, TRY_DOUBT, OD_PLACEMENT_UNKNOWN },
        { TRY_UNSENT, TRY_PLACED, OD_PLACEMENT_PLACED },       { TRY_UNSENT, TRY_UNSENT, OD_PLACEMENT_NOT_PLACED },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rig r;
        rig_client(&r, "amazon_connect", "{" CONNECT ",\"retry\":{\"max_attempts\":2}}");
        od_request *request = submit(&r, START, CALL, NULL);
        answer_try(&r, rows[i].first, false);
        pass_ms(&r, 1000);
        assert_int_equal(r.network.sent_count, 2);
        answer_try(&r, rows[i].second, true);
        assert_true(od_request_finished(request));
        if (rows[i].joined == OD_PLACEMENT_PLACED)
            assert_value(od_request_result(request), PLACED);
        else
            assert_int_equal(od_request_error(request)->placement, rows[i].joined);
        od_request_unref(request);
        rig_close(&r);
    }
}

/* ---- R4: past send_before no byte leaves ---- */

static void R4_a_call_past_its_send_before_is_not_placed(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "amazon_connect", "{" CONNECT ",\"rate\":{\"per_second\":1,\"burst\":1}}");
    od_submit_options options = OD_SUBMIT_OPTIONS_INIT;
    options.send_before_ms = od_engine_now_ms(r.engine) + 500;
    od_request *on_the_wire = submit(&r, START, CALL, &options);
    od_request *in_the_queue = submit(&r, START, CALL, &options);
    assert_int_equal(r.network.first->send_before_us, options.send_before_ms * 1000);
    pass_ms(&r, 499);
    assert_false(od_request_finished(in_the_queue));
    pass_ms(&r, 1);
    assert_failed(in_the_queue, "timeout: send_before passed before the first byte", OD_PLACEMENT_NOT_PLACED);
    fake_leave(&r.network, r.network.first);
    step(&r);
    assert_failed(on_the_wire, "timeout: send_before passed before the first byte", OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(r.network.sent_count, 1);

    od_request *too_late = submit(&r, START, CALL, &options);
    step(&r);
    assert_failed(too_late, "timeout: send_before passed before the first byte", OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(r.network.sent_count, 1);
    od_request_unref(on_the_wire);
    od_request_unref(in_the_queue);
    od_request_unref(too_late);
    rig_close(&r);
}

static void R4_a_refused_call_is_not_tried_again_past_its_send_before(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "amazon_connect", "{" CONNECT "}");
    r.clock.next_random = 200;
    od_submit_options options = OD_SUBMIT_OPTIONS_INIT;
    options.send_before_ms = od_engine_now_ms(r.engine) + 300;
    od_request *request = submit(&r, START, CALL, &options);
    fake_answer(&r.network, r.network.first, 429, THROTTLE, "{\"Message\":\"slow\"}");
    step(&r);
    assert_failed(request, "throttled: ThrottlingException: slow", OD_PLACEMENT_NOT_PLACED);
    od_request_unref(request);
    rig_close(&r);
}

/* ---- canceling and closing ---- */

static void a_canceled_call_says_whether_a_byte_left(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "amazon_connect", "{" CONNECT ",\"rate\":{\"per_second\":1,\"burst\":3}}");
    od_request *before = submit(&r, START, CALL, NULL);
    od_request *after = submit(&r, START, CALL, NULL);
    od_request *paused = submit(&r, START, CALL, NULL);
    od_request *queued = submit(&r, START, CALL, NULL);
    assert_int_equal(fake_waiting(&r.network), 3);
    fake_leave(&r.network, r.network.first->next);
    fake_leave(&r.network, r.network.last);
    fake_break(&r.network, r.network.last, OD_NETWORK, "cut off");
    step(&r);
    od_request *all[] = { before, after, paused, queued };
    for (size_t i = 0; i < 4; i++) {
        assert_false(od_request_finished(all[i]));
        od_request_cancel(all[i]);
        assert_false(od_request_finished(all[i]));
    }
    step(&r);
    assert_failed(before, "canceled: the request was canceled", OD_PLACEMENT_NOT_PLACED);
    assert_failed(after, "canceled: the request was canceled", OD_PLACEMENT_UNKNOWN);
    assert_failed(paused, "canceled: the request was canceled", OD_PLACEMENT_UNKNOWN);
    assert_failed(queued, "canceled: the request was canceled", OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(fake_waiting(&r.network), 0);
    pass_ms(&r, 5000);
    assert_int_equal(r.network.sent_count, 3);
    for (size_t i = 0; i < 4; i++)
        od_request_unref(all[i]);
    rig_close(&r);
}

static void closing_a_client_finishes_what_is_pending(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "amazon_connect", "{" CONNECT ",\"rate\":{\"per_second\":1,\"burst\":2}}");
    od_request *before = submit(&r, START, CALL, NULL);
    od_request *after = submit(&r, START, CALL, NULL);
    od_request *queued = submit(&r, START, CALL, NULL);
    od_request *asked = submit(&r, START, CALL, NULL);
    od_request_cancel(asked);
    fake_leave(&r.network, r.network.last);
    od_client_free(r.client);
    r.client = NULL;
    assert_failed(before, "closed: the client or engine was closed", OD_PLACEMENT_NOT_PLACED);
    assert_failed(after, "closed: the client or engine was closed", OD_PLACEMENT_UNKNOWN);
    assert_failed(queued, "closed: the client or engine was closed", OD_PLACEMENT_NOT_PLACED);
    assert_failed(asked, "closed: the client or engine was closed", OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(od_engine_pending(r.engine), 0);
    assert_int_equal(r.network.freed, 1);
    step(&r);
    int delivered = 0;
    for (od_request *request; (request = od_engine_take(r.engine)) != NULL; delivered++)
        od_request_unref(request);
    assert_int_equal(delivered, 4);
    od_request *all[] = { before, after, queued, asked };
    for (size_t i = 0; i < 4; i++)
        od_request_unref(all[i]);
    rig_close(&r);
}

static void sixty_four_at_once_come_back_each_with_its_own(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "amazon_connect", "{" CONNECT ",\"rate\":false}");
    od_request *requests[64];
    for (int i = 0; i < 64; i++) {
        char call[128];
        snprintf(call, sizeof(call), "{\"DestinationPhoneNumber\":\"+155555501%02d\"}", i);
        requests[i] = submit(&r, START, call, NULL);
    }
    assert_int_equal(fake_waiting(&r.network), 64);
    for (int i = 0; i < 64; i++) {
        od_exchange *exchange = i % 2 == 0 ? r.network.last : r.network.first;
        const char *body = od__buffer_text(&exchange->request.body);
        char answer[128];
        snprintf(answer, sizeof(answer), "{\"ContactId\":\"c%.11s\"}", strstr(body, "+155555501") + 1);
        fake_answer(&r.network, exchange, 200, "", answer);
    }
    step(&r);
    for (int i = 0; i < 64; i++) {
        char answer[128];
        snprintf(answer, sizeof(answer), "{\"ContactId\":\"c155555501%02d\"}", i);
        assert_value(od_request_result(requests[i]), answer);
        od_request_unref(requests[i]);
    }
    rig_close(&r);
}

/* ---- R21: look-ups and polls take their part of a rate ---- */

#define CCAI "{\"subdomain\":\"demo\",\"domain\":\"uc1.ccaiplatform.com\",\"api_token\":\"t\"}"

static const struct {
    const char *vendor, *options;
    int clients;                 /* that share the rate; 0: nobody has said */
    size_t at_once, in_a_second; /* of 20 polls */
} share_rows[] = {
    { "ccai_platform", CCAI, 0, 5, 10 },                /* half of 10 a second, which placements take from, too */
    { "ccai_platform", CCAI, 1, 2, 4 },                 /* a quarter, where those take from a store */
    { "ccai_platform", CCAI, 2, 1, 2 },
    { "ccai_platform", CCAI, 5, 1, 1 },
    { "ccai_platform", CCAI, -7, 2, 4 },                /* there is always one */
    { "amazon_connect", "{" CONNECT "}", 0, 15, 20 },   /* a bucket without placements: all of it */
    { "amazon_connect", "{" CONNECT "}", 3, 5, 8 },
    { "amazon_connect", "{" CONNECT ",\"rate\":false}", 3, 20, 20 },
};

static void R21_look_ups_and_polls_take_their_part_of_a_rate(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(share_rows) / sizeof(share_rows[0]); i++) {
        rig r;
        od_request *requests[20];
        rig_client(&r, share_rows[i].vendor, share_rows[i].options);
        if (share_rows[i].clients != 0)
            od_client_share_rate(r.client, share_rows[i].clients);
        od_value *call = parse("{\"id\":\"7\",\"state\":\"placed\",\"at\":1773655200,\"fields\":{\"ticket_id\":\"1\"}}");
        for (int j = 0; j < 20; j++) {
            od_status status = od_client_vendor(r.client)->following->rounds != NULL /* tracking asks for all at once */
                                   ? od_client_find(r.client, call, &requests[j], NULL)
                                   : od_client_track(r.client, call, 0, &requests[j], NULL);
            assert_int_equal(status, OD_OK);
        }
        step(&r);
        if (r.network.sent_count != share_rows[i].at_once)
            fail_msg("row %zu: %zu at once", i, r.network.sent_count);
        for (int j = 0; j < 10; j++)
            pass_ms(&r, 100);
        if (r.network.sent_count != share_rows[i].in_a_second)
            fail_msg("row %zu: %zu in a second", i, r.network.sent_count);
        for (int j = 0; j < 20; j++)
            od_request_unref(requests[j]);
        od_value_unref(call);
        rig_close(&r);
    }
}

#define GENESYS "{\"base_url\":\"https://gws.example.com\",\"username\":\"u\",\"password\":\"p\",\"device_id\":\"d\""
#define PLACE "{\"to\":\"+15555550100\"}"
#define PLACE_BY "{\"to\":\"+15555550100\",\"fields\":{\"agent_email\":\"a@x.org\"}}"

static const struct {
    const char *vendor, *options, *call;
    int clients;
    double per_second;   /* 0: no rate */
    int64_t burst;
} placing_rows[] = {
    { "ccai_platform", CCAI, PLACE_BY, 0, 10, 10 },
    { "ccai_platform", CCAI, PLACE_BY, 1, 7.5, 8 },     /* with the polls of the row above: 10 a second, 10 at once */
    { "ccai_platform", CCAI, PLACE_BY, 2, 7.5, 8 },
    { "ccai_platform", CCAI, PLACE_BY, 5, 7.5, 5 },
    { "ccai_platform", CCAI, PLACE_BY, 10, 7.5, 1 },
    { "ccai_platform", CCAI, PLACE_BY, 1000000, 7.5, 1 },
    { "amazon_connect", "{" CONNECT "}", PLACE, 3, 2, 5 },   /* nothing else takes from that */
    { "amazon_connect", "{" CONNECT ",\"rate\":{\"per_second\":4,\"burst\":4}}", PLACE, 3, 4, 4 },
    { "amazon_connect", "{" CONNECT ",\"rate\":false}", PLACE, 3, 0, 0 },
    { "genesys", GENESYS "}", PLACE, 1, 0, 0 },
    { "genesys", GENESYS ",\"rate\":{\"per_second\":1}}", PLACE, 1, 0.75, 1 },
};

static void R21_what_polls_may_take_is_not_the_placements(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(placing_rows) / sizeof(placing_rows[0]); i++) {
        rig r;
        od_prepared *prepared = NULL;
        od_value *told = NULL;
        od_error err = OD_ERROR_INIT;
        rig_client(&r, placing_rows[i].vendor, placing_rows[i].options);
        if (placing_rows[i].clients != 0)
            od_client_share_rate(r.client, placing_rows[i].clients);
        od_value *call = parse(placing_rows[i].call);
        if (od_client_prepare_place(r.client, call, &prepared, &err) != OD_OK ||
            od_prepared_describe(prepared, &told, &err) != OD_OK)
            fail_msg("row %zu: %s: %s", i, err.path, err.message);
        if (od_value_number(od_value_get(told, "per_second")) != placing_rows[i].per_second ||
            od_value_integer(od_value_get(told, "burst")) != placing_rows[i].burst)
            fail_msg("row %zu: %f, %d", i, od_value_number(od_value_get(told, "per_second")),
                     (int)od_value_integer(od_value_get(told, "burst")));
        od_value_unref(told);
        od_value_unref(call);
        od_prepared_free(prepared);
        rig_close(&r);
    }
}

static void R21_clients_of_one_account_know_it(void **state) {
    (void)state;
    char scope[256], small[8];
    od_error err = OD_ERROR_INIT;
    rig r;
    rig_client(&r, "ccai_platform", CCAI);
    assert_int_equal(od_client_rate_scope(r.client, scope, sizeof(scope), &err), OD_OK);
    assert_string_equal(scope, "ccai_platform demo.uc1.ccaiplatform.com");
    assert_int_equal(od_client_rate_scope(r.client, small, sizeof(small), &err), OD_VALIDATION);
    assert_error(&err, "validation: the account's name is longer than 7 bytes");
    rig_close(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R2_a_token_is_sent_again_only_within_its_time),
        cmocka_unit_test(R2_a_token_of_the_caller_is_kept_over_tries),
        cmocka_unit_test(R2_a_token_that_waited_too_long_for_the_wire_stays_home),
        cmocka_unit_test(R3_a_doubt_stays_whatever_is_refused_later),
        cmocka_unit_test(R4_a_call_past_its_send_before_is_not_placed),
        cmocka_unit_test(R4_a_refused_call_is_not_tried_again_past_its_send_before),
        cmocka_unit_test(R21_look_ups_and_polls_take_their_part_of_a_rate),
        cmocka_unit_test(R21_what_polls_may_take_is_not_the_placements),
        cmocka_unit_test(R21_clients_of_one_account_know_it),
        cmocka_unit_test(a_canceled_call_says_whether_a_byte_left),
        cmocka_unit_test(closing_a_client_finishes_what_is_pending),
        cmocka_unit_test(sixty_four_at_once_come_back_each_with_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
