/* What a campaign needs of a placement: sent once and past this client's rate, told beforehand what will be sent, taken
 * back, and a record placed again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <inttypes.h>
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

/* ---- told beforehand ---- */

static const char *environment_key, *environment_profile;

static const char *fake_environment(const char *name) {
    if (strcmp(name, "AWS_ACCESS_KEY_ID") == 0)
        return environment_key;
    return strcmp(name, "AWS_PROFILE") == 0 ? environment_profile : NULL;
}

#define CONNECT_PLAIN "\"region\":\"us-east-1\",\"instance_id\":\"i-1\",\"contact_flow_id\":\"f-1\",\"queue_id\":\"q\""
#define CCAI "\"subdomain\":\"acme\",\"domain\":\"uc1.ccaiplatform.com\",\"api_token\":\"s3cr3t\",\"agent_email\":\"a@b.c\",\"menu_id\":9"
#define GENESYS "\"base_url\":\"https://g/\",\"username\":\"u\",\"password\":\"s3cr3t\",\"device_id\":\"d\""
#define RECORDS ",\"place_call_with\":\"add_record\",\"application_id\":1,\"campaign_name\":\"C\",\"calling_list\":\"L\",\"phone_type\":\"Mobile\""
#define SYMBEE                                                                                                      \
    "\"company_code\":\"abc\",\"environment\":\"prod\",\"campaign_region\":\"us-east-1\",\"campaign_name\":\"C\","   \
    "\"api_key\":\"s3cr3t\""
#define TO "\"to\":\"+15550100123\",\"token\":\"t1\""
#define OUTBOUND "\"fields\":{\"call_type\":\"Voice "

static const struct {
    const char *vendor, *options, *call, *key, *profile, *facts;
} prepare_rows[] = {
    { "amazon_connect", CONNECT, TO, "AKIDOTHER", "p",
      "\"account\":\"AKIDEXAMPLE us-east-1 i-1\",\"bucket\":\"amazon_connect AKIDEXAMPLE us-east-1 "
      "start_outbound_voice_contact\",\"per_second\":2.0,\"burst\":5" },
    { "amazon_connect", CONNECT_PLAIN ",\"rate\":{\"per_second\":7.5,\"burst\":3}", TO, "AKIDOTHER", "p",
      "\"account\":\"AKIDOTHER us-east-1 i-1\",\"bucket\":\"amazon_connect AKIDOTHER us-east-1 "
      "start_outbound_voice_contact\",\"per_second\":7.5,\"burst\":3" },
    { "amazon_connect", CONNECT_PLAIN ",\"rate\":false,\"profile\":\"sales\"", TO, "AKIDOTHER", "p",
      "\"account\":\"profile:sales us-east-1 i-1\",\"bucket\":\"amazon_connect profile:sales us-east-1 "
      "start_outbound_voice_contact\"" },
    { "amazon_connect", CONNECT_PLAIN ",\"rate\":false", TO, "", "p",
      "\"account\":\"profile:p us-east-1 i-1\",\"bucket\":\"amazon_connect profile:p us-east-1 "
      "start_outbound_voice_contact\"" },
    { "amazon_connect", CONNECT_PLAIN ",\"rate\":false", TO, NULL, NULL,
      "\"account\":\"profile:default us-east-1 i-1\",\"bucket\":\"amazon_connect profile:default us-east-1 "
      "start_outbound_voice_contact\"" },
    { "genesys", GENESYS, TO, NULL, NULL, "\"account\":\"https://g u\",\"bucket\":\"genesys https://g\"" },
    { "genesys", GENESYS RECORDS, TO ",\"not_before\":1768500000", NULL, NULL,
      "\"account\":\"https://g u\",\"bucket\":\"genesys https://g\",\"hands_off\":true" },
    { "ccai_platform", CCAI, TO, NULL, NULL,
      "\"account\":\"acme.uc1.ccaiplatform.com\",\"bucket\":\"ccai_platform acme.uc1.ccaiplatform.com\","
      "\"per_second\":10.0,\"burst\":10" },
    { "ccai_platform", CCAI, TO "," OUTBOUND "Inbound (API)\"}", NULL, NULL,
      "\"account\":\"acme.uc1.ccaiplatform.com\",\"bucket\":\"ccai_platform acme.uc1.ccaiplatform.com\","
      "\"per_second\":10.0,\"burst\":10,\"hands_off\":true,\"hands_off_unbounded\":true" },
    { "ccai_platform", CCAI, TO ",\"not_before\":1768500000," OUTBOUND "Scheduled (API)\"}", NULL, NULL,
      "\"account\":\"acme.uc1.ccaiplatform.com\",\"bucket\":\"ccai_platform acme.uc1.ccaiplatform.com\","
      "\"per_second\":10.0,\"burst\":10,\"hands_off\":true" },
    { "symbee", SYMBEE, TO ",\"not_before\":1768500000", NULL, NULL,
      "\"account\":\"abc prod us-east-1 C\",\"bucket\":\"symbee abc\",\"hands_off\":true" },
};

static od_value *braced(const char *members) {
    char text[2048];
    snprintf(text, sizeof(text), "{%s}", members);
    return parse(text);
}

static char *formatted(const od_value *value) {
    char *text = NULL;
    assert_int_equal(od_value_format(value, &text, NULL, NULL), OD_OK);
    return text;
}

static void prepared_client(rig *r, size_t row) {
    char options[2048];
    snprintf(options, sizeof(options), "{%s}", prepare_rows[row].options);
    rig_client(r, prepare_rows[row].vendor, options);
    r->engine->get_env = fake_environment;
    environment_key = prepare_rows[row].key;
    environment_profile = prepare_rows[row].profile;
}

static od_prepared *prepare(rig *r, const od_value *call) {
    od_prepared *prepared = NULL;
    od_error error = OD_ERROR_INIT;
    if (od_client_prepare_place(r->client, call, &prepared, &error) != OD_OK)
        fail_msg("%s: %s", error.path, error.message);
    return prepared;
}

static od_value *described(const od_prepared *prepared) {
    od_value *out = NULL;
    od_error error = OD_ERROR_INIT;
    if (od_prepared_describe(prepared, &out, &error) != OD_OK)
        fail_msg("%s: %s", error.path, error.message);
    return out;
}

/* What a call is told as, at once. */
static od_value *told(rig *r, const od_value *call) {
    od_prepared *prepared = prepare(r, call);
    od_value *out = described(prepared);
    od_prepared_free(prepared);
    return out;
}

static void R21_a_call_is_told_with_its_account_and_rate(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(prepare_rows) / sizeof(prepare_rows[0]); i++) {
        rig r;
        prepared_client(&r, i);
        od_value *call = braced(prepare_rows[i].call), *prepared = told(&r, call);
        char *text = formatted(prepared), facts[1024];
        snprintf(facts, sizeof(facts), "\"token\":\"t1\",%s}", prepare_rows[i].facts);
        const char *there = strstr(text, "\"token\":\"t1\",\"account\"");
        assert_string_equal(there != NULL ? there : text, facts);
        assert_null(strstr(text, "s3cr3t"));
        assert_null(strstr(text, "wJalrXUtnFEMI"));
        assert_int_equal(r.network.sent_count, 0);
        od_text_free(text);
        od_value_unref(prepared);
        od_value_unref(call);
        rig_close(&r);
    }
}

/* The body of the request that rings: the last one, after whatever is asked before it. */
static const char *body_placed(rig *r, const char *path) {
    for (int i = 0; i < 4 && r->network.first != NULL; i++) {
        od_exchange *exchange = r->network.first;
        if (strstr(od__buffer_text(&exchange->request.url), path) != NULL && strcmp(exchange->request.method, "GET") != 0)
            return od__buffer_text(&exchange->request.body);
        bool search = strstr(od__buffer_text(&exchange->request.url), "/searchPreviewCampaign") != NULL;
        fake_answer(&r->network, exchange, 200, SESSION_HEADERS,
                    search ? "{\"previewResult\":{\"previewResultStatus\":\"NORECORDFOUND\"}}" : "{\"statusCode\":0}");
        step(r);
    }
    fail_msg("nothing was placed");
    return NULL;
}

/* The same call with the same token gives the same bytes: told, told later, kept, placed, and placed as it was prepared. */
static void R22_the_bytes_that_are_told_are_the_bytes_that_are_sent(void **state) {
    (void)state;
    for (size_t i = 0; i < 2 * sizeof(prepare_rows) / sizeof(prepare_rows[0]); i++) {
        rig r;
        size_t row = i / 2;
        if (strstr(prepare_rows[row].options, CONNECT_PLAIN) != NULL)
            continue; /* no keys to sign with */
        prepared_client(&r, row);
        od_value *call = braced(prepare_rows[row].call);
        od_prepared *prepared = prepare(&r, call);
        od_value *first = described(prepared);
        r.clock.wall_ms += 3600000;
        pass_ms(&r, 3600000);
        od_value *second = told(&r, call);
        char *one = formatted(first), *other = formatted(second);
        assert_string_equal(one, other);
        r.clock.wall_ms += 3600000;
        if (i % 2 == 0)
            assert_int_equal(od_client_place(r.client, call, NULL, NULL, NULL), OD_OK);
        else
            assert_int_equal(od_prepared_place(prepared, NULL, NULL, NULL), OD_OK);
        const char *url = od_value_string(od_value_get(first, "url"));
        assert_string_equal(body_placed(&r, strchr(url + 8, '/')), od_value_string(od_value_get(first, "body")));
        assert_string_equal(od__buffer_text(&r.network.first->request.url), url);
        od_text_free(one);
        od_text_free(other);
        od_value_unref(first);
        od_value_unref(second);
        od_value_unref(call);
        od_prepared_free(prepared);
        rig_close(&r);
    }
}

/* What a store keeps: the request to the byte, and the call. */
static void R22_a_record_is_the_request_and_the_call(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(prepare_rows) / sizeof(prepare_rows[0]); i++) {
        rig r;
        prepared_client(&r, i);
        od_value *call = braced(prepare_rows[i].call), *record = NULL, *expected = od_value_new_object();
        od_value *request = od_value_new_object();
        od_prepared *prepared = prepare(&r, call);
        od_value *whole = described(prepared);
        static const char *const members[] = { "method", "url", "body" };
        for (size_t k = 0; k < 3; k++)
            assert_int_equal(od_value_set(request, members[k], od_value_ref(od_value_get(whole, members[k])), NULL), OD_OK);
        assert_int_equal(od_value_set(expected, "request", request, NULL), OD_OK);
        assert_int_equal(od_value_set(expected, "call", od_value_ref(call), NULL), OD_OK);
        char *text = NULL, *wanted = formatted(expected);
        assert_int_equal(od_prepared_record(prepared, &text, NULL), OD_OK);
        assert_string_equal(text, wanted);
        assert_int_equal(od_value_parse(text, strlen(text), &record, NULL), OD_OK);
        od_text_free(text);
        od_text_free(wanted);
        od_value_unref(record);
        od_value_unref(expected);
        od_value_unref(whole);
        od_value_unref(call);
        od_prepared_free(prepared);
        rig_close(&r);
    }
}

#define KEY_ROW 0

/* As often as is wanted, beside each other and after each other: the same bytes, each signed when it goes. */
static void R22_what_is_prepared_may_be_placed_again(void **state) {
    (void)state;
    rig r;
    prepared_client(&r, KEY_ROW);
    od_value *call = braced(prepare_rows[KEY_ROW].call);
    od_prepared *prepared = prepare(&r, call);
    od_value_unref(call);
    od_request *requests[3];
    char bodies[3][1024], signatures[3][1024];
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(od_prepared_place(prepared, NULL, &requests[i], NULL), OD_OK);
        step(&r);
        od_exchange *exchange = r.network.first;
        while (exchange->next != NULL) /* the first is still under way */
            exchange = exchange->next;
        snprintf(bodies[i], sizeof(bodies[i]), "%s", od__buffer_text(&exchange->request.body));
        snprintf(signatures[i], sizeof(signatures[i]), "%s", od__http_request_header(&exchange->request, "Authorization"));
        if (i == 0)
            r.clock.wall_ms += 3600000;
        else
            fake_answer(&r.network, exchange, 200, "", "{\"ContactId\":\"c-1\"}");
        step(&r);
    }
    od_prepared_free(prepared); /* what was placed goes on */
    fake_answer(&r.network, r.network.first, 200, "", "{\"ContactId\":\"c-1\"}");
    step(&r);
    assert_string_equal(bodies[0], bodies[1]);
    assert_string_equal(bodies[0], bodies[2]);
    assert_string_not_equal(signatures[0], signatures[1]);
    assert_string_equal(signatures[1], signatures[2]);
    for (size_t i = 0; i < 3; i++) {
        assert_value(od_request_result(requests[i]), "{\"id\":\"c-1\",\"state\":\"placed\",\"vendor\":\"amazon_connect\","
                     "\"token\":\"t1\",\"to\":\"+15550100123\",\"response\":{\"ContactId\":\"c-1\"}}");
        od_request_unref(requests[i]);
    }
    rig_close(&r);
}

/* Once its client is gone there is nothing to tell or to place. */
static void what_is_prepared_may_outlive_its_client(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(prepare_rows) / sizeof(prepare_rows[0]); i++) {
        rig r;
        prepared_client(&r, i);
        od_value *call = braced(prepare_rows[i].call), *value = NULL;
        od_prepared *first = prepare(&r, call), *middle = prepare(&r, call), *last = prepare(&r, call);
        od_value_unref(call);
        od_prepared_free(middle);
        od_client_free(r.client);
        r.client = NULL;
        od_error error = OD_ERROR_INIT, other = OD_ERROR_INIT, third = OD_ERROR_INIT;
        od_request *request = NULL;
        char *text = NULL;
        assert_int_equal(od_prepared_place(first, NULL, &request, &error), OD_CLOSED);
        assert_error(&error, "closed: the client was closed");
        assert_int_equal(error.placement, OD_PLACEMENT_NOT_PLACED);
        assert_null(request);
        assert_int_equal(od_prepared_describe(first, &value, &other), OD_CLOSED);
        assert_error(&other, "closed: the client was closed");
        assert_int_equal(od_prepared_record(last, &text, &third), OD_CLOSED);
        assert_error(&third, "closed: the client was closed");
        assert_null(text);
        od_prepared_free(first);
        od_prepared_free(last);
        od_prepared_free(NULL);
        rig_close(&r);
    }
}

/* The account is that of now, as is what it is signed with; the request is what it was. */
static void R22_the_environment_may_change_between_telling_and_placing(void **state) {
    (void)state;
    rig r;
    prepared_client(&r, 1);
    environment_key = "AKIDOTHER";
    od_value *call = braced(prepare_rows[1].call);
    od_prepared *prepared = prepare(&r, call);
    od_value *before = described(prepared);
    environment_key = "AKIDTHIRD";
    od_value *after = described(prepared);
    assert_string_equal(od_value_string(od_value_get(before, "account")), "AKIDOTHER us-east-1 i-1");
    assert_string_equal(od_value_string(od_value_get(after, "account")), "AKIDTHIRD us-east-1 i-1");
    assert_string_equal(od_value_string(od_value_get(before, "body")), od_value_string(od_value_get(after, "body")));
    od_value_unref(before);
    od_value_unref(after);
    od_value_unref(call);
    od_prepared_free(prepared);
    rig_close(&r);
}

/* R4, R13: what was refused, was too late or lost is the same however it was placed. */
static void R4_what_is_prepared_fails_as_a_call_does(void **state) {
    (void)state;
    static const char *const texts[] = { "timeout: send_before passed before the first byte", "network: cut off",
                                         "throttled: ThrottlingException: Rate exceeded" };
    static const od_placement placements[] = { OD_PLACEMENT_NOT_PLACED, OD_PLACEMENT_UNKNOWN, OD_PLACEMENT_NOT_PLACED };
    for (size_t i = 0; i < 6; i++) {
        rig r;
        prepared_client(&r, KEY_ROW);
        od_value *call = braced(prepare_rows[KEY_ROW].call);
        od_prepared *prepared = prepare(&r, call);
        od_submit_options options = OD_SUBMIT_OPTIONS_INIT;
        options.single_try = true;
        options.send_before_ms = i / 2 == 0 ? od_engine_now_ms(r.engine) + 1000 : 0;
        od_request *request = NULL;
        if (i % 2 == 0)
            assert_int_equal(od_client_place(r.client, call, &options, &request, NULL), OD_OK);
        else
            assert_int_equal(od_prepared_place(prepared, &options, &request, NULL), OD_OK);
        step(&r);
        if (i / 2 == 0) {
            r.clock.now_us += 1000000;
            fake_leave(&r.network, r.network.first);
        } else {
            meet(&r, i / 2 == 1 ? LOST : THROTTLED);
        }
        step(&r);
        assert_failed(request, texts[i / 2], placements[i / 2]);
        assert_int_equal(r.network.sent_count, 1);
        od_request_unref(request);
        od_value_unref(call);
        od_prepared_free(prepared);
        rig_close(&r);
    }
}

/* A time that was ahead when it was prepared is looked at again. */
static void R4_a_time_that_came_meanwhile_is_refused(void **state) {
    (void)state;
    char members[256];
    rig r;
    rig_client(&r, "ccai_platform", "{" CCAI "}");
    snprintf(members, sizeof(members), "%s,\"not_before\":%" PRId64 "," OUTBOUND "Scheduled (API)\"}", TO,
             r.clock.wall_ms / 1000 + 3600);
    od_value *call = braced(members);
    od_prepared *prepared = prepare(&r, call);
    od_value_unref(call);
    r.clock.wall_ms += 3600000;
    od_error error = OD_ERROR_INIT;
    od_request *request = NULL;
    assert_int_equal(od_prepared_place(prepared, NULL, &request, &error), OD_VALIDATION);
    assert_memory_equal(error.message, "expected a time at least ", 25);
    assert_int_equal(error.placement, OD_PLACEMENT_NOT_PLACED);
    assert_null(request);
    assert_int_equal(r.network.sent_count, 0);
    od_prepared_free(prepared);
    rig_close(&r);
}

static void R21_a_call_that_cannot_be_placed_is_not_prepared(void **state) {
    (void)state;
    rig r;
    prepared_client(&r, KEY_ROW);
    od_value *call = parse("{\"to\":\"555\"}");
    od_prepared *prepared = (od_prepared *)&r;
    od_error error = OD_ERROR_INIT;
    assert_int_equal(od_client_prepare_place(r.client, call, &prepared, &error), OD_VALIDATION);
    assert_error(&error, "validation /DestinationPhoneNumber: expected E.164 (+ and up to 15 digits), got \"555\"");
    assert_null(prepared);
    od_value_unref(call);
    rig_close(&r);
}

/* All of it, or an error, and the next time goes well. */
static void telling_takes_memory(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(prepare_rows) / sizeof(prepare_rows[0]); i += 5) {
        rig r;
        prepared_client(&r, i);
        od_value *call = braced(prepare_rows[i].call), *whole = told(&r, call);
        char *expected = formatted(whole);
        size_t failures = 0;
        bool enough = false;
        for (size_t n = 1; !enough; n++) {
            od_prepared *prepared = NULL;
            od_value *told_now = NULL;
            char *record = NULL;
            od_error error = OD_ERROR_INIT;
            od__memory_fail_at(n);
            od_status status = od_client_prepare_place(r.client, call, &prepared, &error);
            if (status == OD_OK)
                status = od_prepared_describe(prepared, &told_now, &error);
            if (status == OD_OK)
                status = od_prepared_record(prepared, &record, &error);
            enough = od__memory_fail_at(0) < n;
            failures += status != OD_OK;
            if (status == OD_OK)
                assert_value(told_now, expected);
            else
                assert_int_equal(status, OD_OUT_OF_MEMORY);
            od_text_free(record);
            od_value_unref(told_now);
            od_prepared_free(prepared);
        }
        assert_true(failures > 20);
        od_text_free(expected);
        od_value_unref(whole);
        od_value_unref(call);
        rig_close(&r);
    }
}

/* It is under way, or not placed and free to be placed again. */
static void placing_what_is_prepared_takes_memory(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(prepare_rows) / sizeof(prepare_rows[0]); i++) {
        if (strstr(prepare_rows[i].options, CONNECT_PLAIN) != NULL)
            continue;
        rig r;
        prepared_client(&r, i);
        od_value *call = braced(prepare_rows[i].call);
        od_prepared *prepared = prepare(&r, call);
        od_value_unref(call);
        size_t failures = 0;
        bool enough = false;
        for (size_t n = 1; !enough; n++) {
            od_error error = OD_ERROR_INIT;
            od_request *request = NULL;
            od__memory_fail_at(n);
            od_status status = od_prepared_place(prepared, NULL, &request, &error);
            enough = od__memory_fail_at(0) < n;
            failures += status != OD_OK;
            assert_true((request != NULL) == (status == OD_OK));
            if (status != OD_OK)
                assert_int_equal(error.placement, OD_PLACEMENT_NOT_PLACED);
            if (status != OD_OK)
                assert_int_equal(status, OD_OUT_OF_MEMORY);
            od_request_unref(request);
        }
        assert_true(failures > 1); /* the call's own block, and then its texts: the block is there by then */
        od_prepared_free(prepared);
        rig_close(&r);
    }
}

/* ---- taken back ---- */

#define SEARCHED(state, attempts)                                                                                   \
    "{\"previewResult\":{\"previewResultStatus\":\"SUCCESS\"},\"previewRecordClientData\":[{\"clientId\":\"7\","            \
    "\"workedState\":\"" state "\",\"workAttempts\":" attempts ",\"previewRecordData\":[{\"key\":\"outdial_attempt\","     \
    "\"value\":\"t1\"}]}]}"
#define SUCCEEDED "{\"previewResult\":{\"previewResultStatus\":\"SUCCESS\",\"error\":null}}"
#define CONTROLLER "/symbee-previewcontact-service/svc/rs/PreviewContactServiceExternal/"
#define HANDED_OFF "\"id\":\"7\",\"state\":\"handed_off\",\"vendor\":\"symbee\",\"token\":\"t1\""

static od_request *withdraw(rig *r, const char *call) {
    od_value *given = parse(call);
    od_request *request = NULL;
    od_error error = OD_ERROR_INIT;
    if (od_client_withdraw(r->client, given, &request, &error) != OD_OK)
        fail_msg("%s: %s", error.path, error.message);
    od_value_unref(given);
    step(r);
    return request;
}

/* Answers the one request that waits, which must be of this action with this end of its body. */
static void answer_action(rig *r, const char *action, const char *body_end, const char *body) {
    assert_int_equal(fake_waiting(&r->network), 1);
    const od_exchange *exchange = r->network.first;
    const char *url = od__buffer_text(&exchange->request.url), *sent = od__buffer_text(&exchange->request.body);
    assert_string_equal(strstr(url, CONTROLLER) + strlen(CONTROLLER), action);
    assert_true(strlen(sent) > strlen(body_end));
    assert_string_equal(sent + strlen(sent) - strlen(body_end), body_end);
    fake_answer(&r->network, r->network.first, 200, "", body);
    step(r);
}

#define FIND_7 "\"campaignName\":\"C\",\"clientId\":\"7\"}"

static void R6_a_record_is_taken_back_and_that_is_proven(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "symbee", "{" SYMBEE "}");
    od_request *request = withdraw(&r, "{" HANDED_OFF "}");
    answer_action(&r, "searchPreviewCampaign", FIND_7, SEARCHED("NOTWORKED", "0"));
    answer_action(&r, "changeCampaignRecordStatus", "\"clientId\":\"7\",\"previewRecordStateEnum\":\"REMOVED\"}", SUCCEEDED);
    answer_action(&r, "searchPreviewCampaign", FIND_7, SEARCHED("REMOVED", "0"));
    assert_true(od_request_finished(request));
    assert_value(od_request_result(request), "{\"withdrawn\":true}");
    od_request_unref(request);
    request = withdraw(&r, "{" HANDED_OFF "}");
    answer_action(&r, "searchPreviewCampaign", FIND_7, SEARCHED("COMPLETED", "1"));
    assert_value(od_request_result(request),
                 "{\"withdrawn\":false,\"why\":\"the record is COMPLETED\",\"placed\":true}");
    od_request_unref(request);
    rig_close(&r);
}

static void R6_a_withdrawal_without_memory_fails(void **state) {
    (void)state;
    size_t failures = 0;
    bool enough = false;
    for (size_t n = 1; !enough; n++) {
        static const char *const answers[] = { SEARCHED("NOTWORKED", "0"), SUCCEEDED, SEARCHED("REMOVED", "0") };
        rig r;
        rig_client(&r, "symbee", "{" SYMBEE ",\"retry\":false}");
        od__buffer_add_text(&r.network.sent, "");
        od_value *call = parse("{" HANDED_OFF "}");
        od_request *request = NULL;
        od_error error = OD_ERROR_INIT;
        od__memory_fail_at(n);
        od_status status = od_client_withdraw(r.client, call, &request, &error);
        for (size_t i = 0; status == OD_OK && i < 3; i++) {
            (void)od_engine_step(r.engine, 0, NULL);
            (void)od_engine_step(r.engine, 0, NULL);
            if (r.network.first != NULL)
                fake_answer(&r.network, r.network.first, 200, "", answers[i]);
            (void)od_engine_step(r.engine, 0, NULL);
        }
        enough = od__memory_fail_at(0) < n;
        if (status == OD_OK) {
            assert_true(od_request_finished(request));
            status = od_request_status(request);
            if (status == OD_OK)
                assert_value(od_request_result(request), "{\"withdrawn\":true}");
        }
        failures += status != OD_OK;
        if (enough)
            assert_int_equal(status, OD_OK);
        od_request_unref(request);
        od_value_unref(call);
        rig_close(&r);
    }
    assert_true(failures > 30);
}

static const struct {
    const char *vendor, *options, *call, *error;
} kept_rows[] = {
    { "amazon_connect", CONNECT, "{\"id\":\"c\"}", "validation: calls of amazon_connect cannot be taken back" },
    { "genesys", GENESYS RECORDS, "{\"token\":\"t\"}",
      "validation: expected a subscription to /v2/me/outbound, whose events tell of it" },
    { "symbee", SYMBEE, "{\"vendor\":\"genesys\"}", "validation /vendor: expected a call of symbee, got one of genesys" },
};

static void R6_what_cannot_be_taken_back_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(kept_rows) / sizeof(kept_rows[0]); i++) {
        char options[2048];
        snprintf(options, sizeof(options), "{%s}", kept_rows[i].options);
        rig r;
        rig_client(&r, kept_rows[i].vendor, options);
        od_value *call = parse(kept_rows[i].call);
        od_request *request = NULL;
        od_error error = OD_ERROR_INIT;
        assert_int_equal(od_client_withdraw(r.client, call, &request, &error), OD_VALIDATION);
        assert_error(&error, kept_rows[i].error);
        assert_null(request);
        od_value_unref(call);
        rig_close(&r);
    }
}

/* ---- R14: the record is the person ---- */

#define CALL_7 "{\"to\":\"+15550100123\",\"contact\":\"7\",\"token\":\"t1\"%s}"
#define NO_RECORD "{\"previewResult\":{\"previewResultStatus\":\"NORECORDFOUND\"}}"
#define RECORD_OF(token, state, attempts)                                                                           \
    "{\"previewResult\":{\"previewResultStatus\":\"SUCCESS\"},\"previewRecordClientData\":[{\"clientId\":\"7\","            \
    "\"workedState\":\"" state "\",\"workAttempts\":" attempts ",\"previewRecordData\":[{\"key\":\"outdial_attempt\","     \
    "\"value\":\"" token "\"}]}]}"
static od_request *place_7(rig *r, const char *more, const od_submit_options *options) {
    char text[512];
    snprintf(text, sizeof(text), CALL_7, more);
    od_value *call = parse(text);
    od_request *request = NULL;
    od_error error = OD_ERROR_INIT;
    if (od_client_place(r->client, call, options, &request, &error) != OD_OK)
        fail_msg("%s: %s", error.path, error.message);
    od_value_unref(call);
    step(r);
    return request;
}

/* After an answer was lost, or by who meant the same call: it is there, and nothing more is sent. */
static void R14_a_record_with_this_token_is_placed_already(void **state) {
    (void)state;
    static const char *const states[] = { RECORD_OF("t1", "NOTWORKED", "1"), RECORD_OF("t1", "COMPLETED", "1") };
    for (size_t i = 0; i < 2; i++) {
        rig r;
        rig_client(&r, "symbee", "{" SYMBEE "}");
        od_request *request = place_7(&r, "", NULL);
        answer_action(&r, "searchPreviewCampaign", FIND_7, states[i]);
        assert_value(od_request_result(request), "{" HANDED_OFF ",\"to\":\"+15550100123\"}");
        assert_int_equal(r.network.sent_count, 1);
        od_request_unref(request);
        rig_close(&r);
    }
}

/* What an earlier placing found out about the record is none of a later one's. */
static void R14_what_is_prepared_is_not_changed_by_what_is_found(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "symbee", "{" SYMBEE "}");
    od_value *call = parse("{\"to\":\"+15550100123\",\"contact\":\"7\",\"token\":\"t1\"}");
    od_prepared *prepared = prepare(&r, call);
    od_value_unref(call);
    od_value *whole = described(prepared);
    const char *body = od_value_string(od_value_get(whole, "body"));
    static const char *const founds[] = { RECORD_OF("t0", "NOTWORKED", "3"), NO_RECORD };
    for (size_t i = 0; i < 2; i++) {
        od_request *request = NULL;
        assert_int_equal(od_prepared_place(prepared, NULL, &request, NULL), OD_OK);
        step(&r);
        answer_action(&r, "searchPreviewCampaign", FIND_7, founds[i]);
        const char *sent = od__buffer_text(&r.network.first->request.body);
        if (i == 0)
            assert_string_not_equal(sent, body);
        else
            assert_string_equal(sent, body);
        fake_answer(&r.network, r.network.first, 200, "", SUCCEEDED);
        step(&r);
        assert_int_equal(od_request_status(request), OD_OK);
        assert_int_equal(od_value_integer(od_value_get(od_request_result(request), "work_attempts")), i == 0 ? 3 : 0);
        od_request_unref(request);
    }
    od_value_unref(whole);
    od_prepared_free(prepared);
    rig_close(&r);
}

static void go_to_stage(rig *r, int stage) {
    static const char *const answers[] = { RECORD_OF("t0", "COMPLETED", "1"), SUCCEEDED };
    for (int i = 0; i < stage; i++) {
        fake_answer(&r->network, r->network.first, 200, "", answers[i]);
        step(r);
    }
}

/* What may be repeated is the search; a time that is up ends each stage. */
static void R4_send_before_and_a_single_try_hold_for_each_stage(void **state) {
    (void)state;
    od_submit_options options = OD_SUBMIT_OPTIONS_INIT;
    options.single_try = true;
    rig r;
    rig_client(&r, "symbee", "{" SYMBEE "}");
    od_request *request = place_7(&r, "", &options);
    meet(&r, BROKEN);
    assert_int_equal(r.network.sent_count, 2);
    go_to_stage(&r, 1);
    meet(&r, NOT_CONNECTED);
    assert_int_equal(r.network.sent_count, 3);
    assert_failed(request, "network: cut off", OD_PLACEMENT_NOT_PLACED);
    od_request_unref(request);
    options.send_before_ms = od_engine_now_ms(r.engine) + 1000;
    request = place_7(&r, "", &options);
    fake_leave(&r.network, r.network.first);
    r.clock.now_us += 1000000;
    fake_answer(&r.network, r.network.first, 200, "", NO_RECORD);
    step(&r);
    fake_leave(&r.network, r.network.first);
    step(&r);
    assert_true(od_request_finished(request));
    assert_int_equal(od_request_error(request)->code, OD_TIMEOUT);
    assert_int_equal(od_request_error(request)->placement, OD_PLACEMENT_NOT_PLACED);
    od_request_unref(request);
    rig_close(&r);
}

void json_set_alloc_funcs(void *(*allocate)(size_t bytes), void (*release)(void *block));

int main(void) {
    json_set_alloc_funcs(od__alloc, od__free); /* so that the allocations of values can fail too */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R21_a_call_is_told_with_its_account_and_rate),
        cmocka_unit_test(R22_the_bytes_that_are_told_are_the_bytes_that_are_sent),
        cmocka_unit_test(R22_a_record_is_the_request_and_the_call),
        cmocka_unit_test(R22_what_is_prepared_may_be_placed_again),
        cmocka_unit_test(R22_the_environment_may_change_between_telling_and_placing),
        cmocka_unit_test(what_is_prepared_may_outlive_its_client),
        cmocka_unit_test(R4_what_is_prepared_fails_as_a_call_does),
        cmocka_unit_test(R4_a_time_that_came_meanwhile_is_refused),
        cmocka_unit_test(R21_a_call_that_cannot_be_placed_is_not_prepared),
        cmocka_unit_test(telling_takes_memory),
        cmocka_unit_test(placing_what_is_prepared_takes_memory),
        cmocka_unit_test(R6_a_record_is_taken_back_and_that_is_proven),
        cmocka_unit_test(R6_a_withdrawal_without_memory_fails),
        cmocka_unit_test(R6_what_cannot_be_taken_back_is_refused),
        cmocka_unit_test(R14_a_record_with_this_token_is_placed_already),
        cmocka_unit_test(R14_what_is_prepared_is_not_changed_by_what_is_found),
        cmocka_unit_test(R4_send_before_and_a_single_try_hold_for_each_stage),
        cmocka_unit_test(R21_a_single_try_is_sent_once),
        cmocka_unit_test(R21_a_single_try_that_wants_a_fresh_authorization_comes_back),
        cmocka_unit_test(R21_an_unpaced_call_takes_no_slot_of_the_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
