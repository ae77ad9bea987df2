/* CCAI Platform through a whole client: what its clock, its repetitions, its rate and its following make of the vendor's
 * descriptors. The descriptors themselves are tested as data, by test_vendors and test_following. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client_rig.h"

#define TENANT "\"subdomain\":\"customer\",\"domain\":\"uc1.ccaiplatform.com\",\"api_token\":\"tok\""
#define HOST "https://customer.uc1.ccaiplatform.com"
#define AUTH "Authorization: Basic Y3VzdG9tZXI6dG9r\n" /* customer:tok */
#define OUTBOUND "{\"call_type\":\"Voice Outbound (API)\",\"agent_email\":\"a@x.org\",\"end_user_number\":\"+15555550100\"}"

static void open_client(rig *r, const char *more) {
    char options[512];
    snprintf(options, sizeof options, "{" TENANT "%s}", more);
    rig_client(r, "ccai_platform", options);
}

static void pass(rig *r, int64_t ms) {
    r->clock.wall_ms += ms;
    pass_ms(r, ms);
}

static void answer(rig *r, int status, const char *headers, const char *body) {
    assert_non_null(r->network.first);
    fake_answer(&r->network, r->network.first, status, headers, body);
    step(r);
}

/* ---- a time to come, by the client's clock ---- */

static void a_scheduled_call_is_in_the_future(void **state) {
    (void)state;
    static const struct { const char *at, *error; } rows[] = {
        { "2015-08-30T12:36:05Z", NULL },
        { "2015-08-30T14:36:05+02:00", NULL },
        { "2015-08-30T12:36:04.999Z", "2015-08-30T12:36:04.999Z" },
        { "2015-08-30T12:36:06+02:00", "2015-08-30T10:36:06Z" },
        { "1999-01-01T00:00:00Z", "1999-01-01T00:00:00Z" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rig r;
        char text[256], expected[256];
        open_client(&r, "");
        snprintf(text, sizeof text, "{\"call_type\":\"ScheduledCall\",\"menu_id\":9,\"end_user_number\":\"+15555550100\","
                 "\"scheduled_at\":\"%s\"}", rows[i].at);
        snprintf(expected, sizeof expected, "validation /scheduled_at: expected a time at least 5 s from now, got \"%s\"",
                 rows[i].error ? rows[i].error : "");
        od_value *given = parse(text), *prepared = NULL;
        od_error error = OD_ERROR_INIT, again = OD_ERROR_INIT;
        od_request *request = NULL;
        od_status status = od_client_submit(r.client, "create_call", given, NULL, &request, &error);
        assert_int_equal(od_client_prepare(r.client, "create_call", given, &prepared, &again), status);
        step(&r);
        assert_int_equal(r.network.sent_count, rows[i].error == NULL);
        if (rows[i].error) {
            assert_int_equal(status, OD_VALIDATION);
            assert_error(&error, expected);
            assert_int_equal(error.placement, OD_PLACEMENT_NOT_PLACED);
            assert_error(&again, expected);
        }
        od_value_unref(prepared);
        od_value_unref(given);
        od_request_unref(request);
        rig_close(&r);
    }
}

/* ---- after a lost answer ---- */

static const struct {
    const char *operation, *parameters;
    bool repeated;
} lost_rows[] = {
    { "create_call", OUTBOUND, false },
    { "create_call", "{\"call_type\":\"IncomingCall\",\"menu_id\":9,\"end_user_number\":\"+15555550100\"}", false },
    { "create_call", "{\"call_type\":\"ScheduledCall\",\"menu_id\":9,\"end_user_number\":\"+15555550100\","
      "\"scheduled_at\":\"2016-01-01T00:00:00Z\"}", false },
    { "get_customer_flag", "{\"id\":397}", true },
    { "update_customer_flag", "{\"id\":397,\"bad_actor\":true}", true },
    { "cancel_scheduled_call", "{\"id\":397}", true },
    { "cancel_scheduled_calls", "{\"call_ids\":[397]}", true },
    { "attach_end_user", "{\"call_id\":397,\"identifier\":\"u\"}", false },
    { "add_do_not_call", "{\"contacts\":[{\"phone_number\":\"+15555550100\"}]}", true },
    { "get_wait_times", "{\"lang\":\"en\"}", true },
    { "list_calls", "{}", true },
};

static void what_is_lost_is_sent_again_only_where_that_is_safe(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(lost_rows) / sizeof(lost_rows[0]); i++) {
        rig r;
        open_client(&r, "");
        od_request *request = submit(&r, lost_rows[i].operation, lost_rows[i].parameters, NULL);
        step(&r);
        fake_leave(&r.network, r.network.first);
        fake_break(&r.network, r.network.first, OD_NETWORK, "the connection broke");
        for (int n = 0; n < 100; n++)
            pass(&r, 100);
        assert_int_equal(r.network.sent_count, lost_rows[i].repeated ? 2 : 1);
        if (!lost_rows[i].repeated)
            assert_failed(request, "network: the connection broke",
                          strcmp(lost_rows[i].operation, "create_call") == 0 ? OD_PLACEMENT_UNKNOWN : OD_PLACEMENT_NONE);
        else
            assert_false(od_request_finished(request));
        od_request_unref(request);
        rig_close(&r);
    }
}

static void a_call_canceled_by_a_lost_try_is_canceled_already(void **state) {
    (void)state;
    rig r;
    open_client(&r, "");
    od_request *request = submit(&r, "cancel_scheduled_call", "{\"id\":\"515\"}", NULL);
    step(&r);
    assert_string_equal(fake_sent(&r.network), "PATCH " HOST "/apps/api/v1/calls/scheduled/515/cancel\n" AUTH "\n\n---\n");
    fake_leave(&r.network, r.network.first);
    fake_break(&r.network, r.network.first, OD_TIMEOUT, "no answer");
    step(&r);
    pass(&r, 1000);
    answer(&r, 204, "", "");
    assert_value(od_request_result(request), "{\"already\":true}");
    od_request_unref(request);
    rig_close(&r);
}

/* ---- rests, and the rate ---- */

static void R17_an_agent_who_is_not_available_rests(void **state) {
    (void)state;
    rig r;
    open_client(&r, "");
    od_request *request = submit(&r, "create_call", OUTBOUND, NULL);
    step(&r);
    answer(&r, 400, "", "{\"message\":\"Agent is not available to take this call\"}");
    assert_failed(request, "rejected: Agent is not available to take this call", OD_PLACEMENT_NOT_PLACED);
    assert_true(od_request_error(request)->retryable);
    assert_int_equal(od_request_error(request)->retry_after_ms, 30000);
    pass(&r, 60000);
    assert_int_equal(r.network.sent_count, 1);
    od_request_unref(request);
    rig_close(&r);
}

static void both_interfaces_share_ten_requests_a_second(void **state) {
    (void)state;
    static const struct { const char *options; size_t at_once, after_a_second; } rows[] = {
        { "", 10, 20 }, { ",\"rate\":{\"per_second\":1}", 1, 2 }, { ",\"rate\":false", 30, 30 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rig r;
        od_request *requests[30];
        open_client(&r, rows[i].options);
        for (int n = 0; n < 30; n++)
            requests[n] = n % 2 ? submit(&r, "list_calls", "{}", NULL) : submit(&r, "get_customer_flag", "{\"id\":1}", NULL);
        step(&r);
        assert_int_equal(r.network.sent_count, rows[i].at_once);
        for (int n = 0; n < 100; n++)
            pass(&r, 10);
        assert_int_equal(r.network.sent_count, rows[i].after_a_second);
        for (int n = 0; n < 30; n++)
            od_request_unref(requests[n]);
        rig_close(&r);
    }
}

/* ---- looking up and following ---- */

#define LIST(since, page) \
    "GET " HOST "/manager/api/v1/calls?updated_at%5Bfrom%5D=" since "&sort_column=updated_at&sort_direction=ASC&page=" \
    page "&per=100\n" AUTH "\n\n---\n"

static od_request *follow(rig *r, bool find, const char *call, const char *error) {
    od_value *given = parse(call);
    od_request *request = NULL;
    od_error err = OD_ERROR_INIT;
    (void)(find ? od_client_find(r->client, given, &request, &err) : od_client_track(r->client, given, 0, &request, &err));
    assert_error(&err, error ? error : "ok");
    od_value_unref(given);
    step(r);
    return request;
}

static void R10_a_lost_call_is_found_by_its_ticket(void **state) {
    (void)state;
    rig r;
    open_client(&r, "");
    od_request *placing = submit(&r, "create_call",
                                 "{\"call_type\":\"OutboundCall\",\"agent_email\":\"a@x.org\",\"ticket_id\":\"71450\"}", NULL);
    step(&r);
    fake_leave(&r.network, r.network.first);
    fake_break(&r.network, r.network.first, OD_NETWORK, "the connection broke");
    step(&r);
    assert_failed(placing, "network: the connection broke", OD_PLACEMENT_UNKNOWN);
    (void)fake_sent(&r.network);
    od_request *finding = follow(&r, true, "{\"token\":\"t-1\",\"at\":1440938160,\"fields\":{\"ticket_id\":\"71450\"}}", NULL);
    assert_string_equal(fake_sent(&r.network), LIST("2015-08-30T12%3A35%3A00Z", "1"));
    answer(&r, 200, "total: 1\n", "[{\"id\":398,\"status\":\"connected\",\"call_type\":\"Voice Outbound (API)\","
           "\"out_ticket_id\":\"71450\",\"created_at\":\"2015-08-30T12:36:00.120Z\"}]");
    assert_value(od_request_result(finding), "{\"placement\":\"placed\",\"call\":{\"id\":\"398\",\"state\":\"placed\","
                 "\"vendor\":\"ccai_platform\",\"token\":\"t-1\",\"at\":1440938160,"
                 "\"fields\":{\"ticket_id\":\"71450\"}}}");
    assert_null(follow(&r, true, "{\"token\":\"t-1\",\"at\":1440938160}",
                       "validation: a CCAI call without a ticket cannot be looked up"));
    od_request_unref(finding);
    od_request_unref(placing);
    rig_close(&r);
}

/* Over a failure of the vendor, and a list of two pages. */
static void R23_a_call_is_followed_through_its_callbacks(void **state) {
    (void)state;
    rig r;
    open_client(&r, "");
    od_request *request = follow(&r, false, "{\"id\":\"397\",\"state\":\"placed\",\"at\":1440938160}", NULL);
    assert_string_equal(fake_sent(&r.network), LIST("2015-08-30T12%3A35%3A00Z", "1"));
    answer(&r, 200, "", "[{\"id\":397,\"status\":\"connecting\"}]");
    pass(&r, 4999);
    assert_string_equal(fake_sent(&r.network), "");
    pass(&r, 1);
    assert_string_equal(fake_sent(&r.network), LIST("2015-08-30T12%3A35%3A00Z", "1"));
    answer(&r, 200, "", "[{\"id\":397,\"status\":\"failed\",\"fail_reason\":\"eu_no_answer\","
           "\"updated_at\":\"2015-08-30T12:40:00Z\"}]");
    pass(&r, 5000);
    assert_string_equal(fake_sent(&r.network), LIST("2015-08-30T12%3A39%3A00Z", "1"));
    answer(&r, 503, "", "");
    pass(&r, 1000);
    assert_string_equal(fake_sent(&r.network), LIST("2015-08-30T12%3A39%3A00Z", "1"));
    answer(&r, 200, "link: <" HOST "/manager/api/v1/calls?page=2>; rel=\"next\"\n", "[]");
    pass(&r, 200);
    assert_string_equal(fake_sent(&r.network), LIST("2015-08-30T12%3A39%3A00Z", "2"));
    answer(&r, 200, "", "[{\"id\":401,\"parent_id\":397,\"status\":\"connected\"}]");
    assert_false(od_request_finished(request));
    pass(&r, 60000);
    answer(&r, 200, "", "[{\"id\":401,\"parent_id\":397,\"status\":\"finished\",\"finish_reason\":\"no_reason\","
           "\"ends_at\":\"2015-08-30T12:42:00.000Z\"}]");
    assert_value(od_request_result(request), "{\"kind\":\"answered\",\"rang\":\"yes\",\"raw\":{\"id\":401,"
                 "\"parent_id\":397,\"status\":\"finished\",\"finish_reason\":\"no_reason\","
                 "\"ends_at\":\"2015-08-30T12:42:00.000Z\"},\"at\":1440938520}");
    od_request_unref(request);
    rig_close(&r);
}

static void one_list_is_read_for_all_calls(void **state) {
    (void)state;
    rig r;
    open_client(&r, "");
    od_request *ended = follow(&r, false, "{\"id\":\"397\",\"at\":1440938160}", NULL);
    od_request *redialled = follow(&r, false, "{\"id\":\"398\",\"at\":1440938100}", NULL);
    assert_string_equal(fake_sent(&r.network), LIST("2015-08-30T12%3A35%3A00Z", "1")); /* the other came too late for it */
    answer(&r, 200, "", "[{\"id\":397,\"status\":\"connected\",\"updated_at\":\"2015-08-30T12:36:01Z\"}]");
    pass(&r, 999);
    assert_string_equal(fake_sent(&r.network), "");
    pass(&r, 1);
    assert_string_equal(fake_sent(&r.network), LIST("2015-08-30T12%3A34%3A00Z", "1"));
    answer(&r, 200, "", "[{\"id\":397,\"status\":\"finished\"},{\"id\":398,\"status\":\"failed\",\"fail_reason\":\"eu_busy\"},"
           "{\"id\":401,\"parent_id\":398,\"status\":\"connected\"},{\"id\":402,\"parent_id\":396,\"status\":\"finished\"}]");
    assert_value(od_request_result(ended), "{\"kind\":\"answered\",\"rang\":\"yes\",\"raw\":{\"id\":397,\"status\":\"finished\"}}");
    pass(&r, 5000);
    answer(&r, 200, "", "[{\"id\":401,\"parent_id\":398,\"status\":\"finished\"}]");
    assert_value(od_request_result(redialled), "{\"kind\":\"answered\",\"rang\":\"yes\",\"raw\":{\"id\":401,"
                 "\"parent_id\":398,\"status\":\"finished\"}}");
    assert_int_equal(r.network.sent_count, 3);
    od_request_unref(ended);
    od_request_unref(redialled);
    rig_close(&r);
}

/* A list without end is given up by those that need it from its first page on; for the others it is read again. */
static void a_list_that_is_too_long_fails_those_that_need_all_of_it(void **state) {
    (void)state;
    rig r;
    open_client(&r, ",\"rate\":false");
    od_value *calls[2] = { parse("{\"id\":\"396\",\"at\":1440937360}"), parse("{\"id\":\"397\",\"at\":1440937860}") };
    od_request *far = NULL, *near = NULL;
    assert_int_equal(od_client_track(r.client, calls[0], 0, &far, NULL), OD_OK);
    assert_int_equal(od_client_track(r.client, calls[1], 0, &near, NULL), OD_OK);
    step(&r);
    assert_string_equal(fake_sent(&r.network), LIST("2015-08-30T12%3A21%3A40Z", "1"));
    for (int page = 1; page <= 1001; page++) {
        char body[128];
        assert_false(od_request_finished(far));
        snprintf(body, sizeof(body), "[{\"id\":7,\"status\":\"finished\",\"updated_at\":\"2015-08-30T12:25:%02d.%03dZ\"}]",
                 page * 2 / 1000, page * 2 % 1000);
        answer(&r, 200, "total: 2\n", body);
        if (page <= 1000)
            pass(&r, 200);
    }
    assert_failed(far, "protocol: the list of calls has more than 1000 pages", OD_PLACEMENT_NONE);
    assert_false(od_request_finished(near));
    assert_int_equal(r.network.sent_count, 1001);
    (void)fake_sent(&r.network);
    pass(&r, 5000);
    assert_string_equal(fake_sent(&r.network), LIST("2015-08-30T12%3A30%3A00Z", "1"));
    answer(&r, 200, "", "[{\"id\":397,\"status\":\"finished\"}]");
    assert_value(od_request_result(near), "{\"kind\":\"answered\",\"rang\":\"yes\",\"raw\":{\"id\":397,\"status\":\"finished\"}}");
    for (int i = 0; i < 2; i++)
        od_value_unref(calls[i]);
    od_request_unref(far);
    od_request_unref(near);
    rig_close(&r);
}

static void a_call_without_an_id_cannot_be_followed(void **state) {
    (void)state;
    rig r;
    open_client(&r, "");
    assert_null(follow(&r, false, "{\"state\":\"handed_off\",\"at\":1440938160}",
                       "validation /id: expected the id of a call, got nothing (an agent has to act first)"));
    assert_int_equal(r.network.sent_count, 0);
    rig_close(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scheduled_call_is_in_the_future),
        cmocka_unit_test(what_is_lost_is_sent_again_only_where_that_is_safe),
        cmocka_unit_test(a_call_canceled_by_a_lost_try_is_canceled_already),
        cmocka_unit_test(R17_an_agent_who_is_not_available_rests),
        cmocka_unit_test(both_interfaces_share_ten_requests_a_second),
        cmocka_unit_test(R10_a_lost_call_is_found_by_its_ticket),
        cmocka_unit_test(R23_a_call_is_followed_through_its_callbacks),
        cmocka_unit_test(one_list_is_read_for_all_calls),
        cmocka_unit_test(a_list_that_is_too_long_fails_those_that_need_all_of_it),
        cmocka_unit_test(a_call_without_an_id_cannot_be_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
