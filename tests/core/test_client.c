/* The life of a call, from parameters to result, and the options of the client. */
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

/* ---- a made-up vendor ---- */

static const od_shape text_shape = { .kind = OD_KIND_STRING };
static const od_field made_up_fields[] = {
    { .name = "a", .shape = &text_shape }, { .name = "b", .shape = &text_shape }, OD_FIELDS_END
};
static const od_shape made_up_input = { .kind = OD_KIND_STRUCT, .fields = made_up_fields };
static const od_field no_fields[] = { OD_FIELDS_END };
static const od_shape no_options = { .kind = OD_KIND_STRUCT, .fields = no_fields };
static const od_operation made_up_operations[] = {
    { .name = "ring", .vendor_name = "Ring", .method = "POST", .path = "/ring", .input = &made_up_input,
      .content_type = "application/json", .rings = true, .repeat = OD_REPEAT_TOKEN, .repeat_field = "a",
      .repeat_unless = "b" },
    { .name = "set", .vendor_name = "Set", .method = "POST", .path = "/set", .input = &made_up_input,
      .content_type = "application/json", .repeat = OD_REPEAT_SAFE },
    { .name = "add", .vendor_name = "Add", .method = "POST", .path = "/add", .input = &made_up_input,
      .content_type = "application/json", .repeat = OD_REPEAT_NEVER },
    { .name = "version", .vendor_name = "Version", .method = "GET", .path = "/version", .input = &made_up_input,
      .repeat = OD_REPEAT_SAFE, .unsigned_request = true },
    { .name = NULL },
};
static const od_error_row made_up_errors[] = { { .code = OD_OK } };

static od_apply refuse_apply(od_authorizer *self, od_exchange *exchange) {
    (void)self;
    return od__http_request_set_header(&exchange->request, "Authorization", "secret", true, &exchange->error) == OD_OK
               ? OD_APPLY_READY : OD_APPLY_FAILED;
}

static void refuse_free(od_authorizer *self) {
    od__free(self);
}

static od_status made_up_make(const struct od_authorizer_kind *kind, const od_authorizer_setup *setup,
                              od_authorizer **out, od_error *err) {
    (void)kind;
    (void)setup;
    *out = od__calloc(1, sizeof(**out));
    if (*out == NULL)
        return od__error_no_memory(err);
    (*out)->apply = refuse_apply;
    (*out)->free = refuse_free;
    return OD_OK;
}

static const struct od_authorizer_kind made_up_kind = { .name = "made_up", .make = made_up_make };
static const od_vendor made_up = {
    .name = "made_up", .title = "Made up", .options = &no_options, .operations = made_up_operations,
    .errors = made_up_errors, .authorizer = &made_up_kind, .cookies = true, .base_url = made_up_url,
    .read = made_up_read,
};

/* ---- the whole way ---- */

static void a_call_leaves_as_exact_bytes_and_comes_back_as_a_result(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "amazon_connect", "{" CONNECT "}");
    int mine;
    od_submit_options options = OD_SUBMIT_OPTIONS_INIT;
    options.context = &mine;
    od_request *request = submit(&r, START, CALL, &options);
    assert_int_equal(od_engine_pending(r.engine), 1);
    assert_string_equal(fake_sent(&r.network), 
        "PUT https://connect.us-east-1.amazonaws.com/contact/outbound-voice\n"
        "Content-Type: application/json\n"
        "X-Amz-Date: 20150830T123600Z\n"
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/connect/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, Signature=e6c622e3cd1457e791812cc4ee500c0dca3caf765bb877657810159e1ff098b7\n"
        "\n"
        "{\"DestinationPhoneNumber\":\"+15555550100\",\"ContactFlowId\":\"f-1\",\"InstanceId\":\"i-1\","
        "\"SourcePhoneNumber\":\"+15555550199\",\"ClientToken\":\"00010203-0405-4607-8809-0a0b0c0d0e0f\","
        "\"RingTimeoutInSeconds\":25}\n---\n");
    assert_false(od_request_finished(request));
    assert_int_equal(r.network.first->timeout_ms, 15000);
    assert_int_equal(r.network.connect_timeout_ms, 3100);
    fake_answer(&r.network, r.network.first, 200, "", PLACED);
    step(&r);
    assert_true(od_request_finished(request));
    assert_int_equal(od_request_status(request), OD_OK);
    assert_int_equal(od_request_error(request)->code, OD_OK);
    assert_value(od_request_result(request), PLACED);
    assert_ptr_equal(od_request_context(request), &mine);
    assert_int_equal(od_engine_pending(r.engine), 0);
    assert_ptr_equal(od_engine_take(r.engine), request);
    od_request_unref(request);
    od_request_unref(request);
    rig_close(&r);
}

static void without_a_place_for_it_a_request_is_still_delivered(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "amazon_connect", "{" CONNECT "}");
    od_value *parameters = parse(CALL);
    assert_int_equal(od_client_submit(r.client, "StartOutboundVoiceContact", parameters, NULL, NULL, NULL), OD_OK);
    od_value_unref(parameters);
    fake_answer(&r.network, r.network.first, 200, "", PLACED);
    step(&r);
    od_request *request = od_engine_take(r.engine);
    assert_value(od_request_result(request), PLACED);
    od_request_unref(request);
    rig_close(&r);
}

static void parameters_taken_are_not_copied_and_those_given_not_changed(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "amazon_connect", "{" CONNECT "}");
    od_value *parameters = parse(CALL);
    assert_int_equal(od_client_submit(r.client, START, parameters, NULL, NULL, NULL), OD_OK);
    assert_value(parameters, CALL);
    od_value *seen = od_value_ref(parameters);
    assert_int_equal(od__client_submit_take(r.client, START, parameters, NULL, NULL, NULL), OD_OK);
    assert_string_equal(od_value_string(od_value_get(seen, "ClientToken")), "10111213-1415-4617-9819-1a1b1c1d1e1f");
    od_value_unref(seen);
    rig_close(&r);
}

static const struct {
    const char *operation, *parameters, *error;
    od_placement placement;
} refused_rows[] = {
    { START, "{}", "validation /DestinationPhoneNumber: expected E.164 (+ and up to 15 digits), got nothing",
      OD_PLACEMENT_NOT_PLACED },
    { START, NULL, "validation /DestinationPhoneNumber: expected E.164 (+ and up to 15 digits), got nothing",
      OD_PLACEMENT_NOT_PLACED },
    { START, "{\"DestinationPhoneNumber\":\"555\"}",
      "validation /DestinationPhoneNumber: expected E.164 (+ and up to 15 digits), got \"555\"", OD_PLACEMENT_NOT_PLACED },
    { START, "{\"DestinationPhoneNumbr\":\"+15555550100\"}",
      "validation /DestinationPhoneNumbr: unknown field, did you mean \"DestinationPhoneNumber\"?",
      OD_PLACEMENT_NOT_PLACED },
    { "start_outbound_voice_contract", "{}",
      "validation: amazon_connect has no operation \"start_outbound_voice_contract\", did you mean "
      "\"start_outbound_voice_contact\"?", OD_PLACEMENT_NONE },
    { "zzz", "{}", "validation: amazon_connect has no operation \"zzz\"", OD_PLACEMENT_NONE },
};

static void what_is_wrong_with_parameters_is_said_at_once(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "amazon_connect", "{" CONNECT "}");
    for (size_t i = 0; i < sizeof(refused_rows) / sizeof(refused_rows[0]); i++) {
        od_value *given = parse(refused_rows[i].parameters);
        od_request *request = NULL;
        od_error error = OD_ERROR_INIT;
        assert_int_equal(od_client_submit(r.client, refused_rows[i].operation, given, NULL, &request, &error),
                         OD_VALIDATION);
        assert_error(&error, refused_rows[i].error);
        assert_int_equal(error.placement, refused_rows[i].placement);
        assert_null(request);
        od_value_unref(given);
    }
    assert_int_equal(od_engine_pending(r.engine), 0);
    assert_int_equal(r.network.sent_count, 0);
    rig_close(&r);
}

static void a_refusal_of_the_vendor_is_an_error_with_its_placement(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *headers, *body, *error;
        od_placement placement;
    } rows[] = {
        { 403, "X-Amzn-Errortype: DestinationNotAllowedException\nx-amzn-requestid: r-9\n", "{\"Message\":\"no\"}",
          "rejected: DestinationNotAllowedException: no", OD_PLACEMENT_NOT_PLACED },
        { 404, "X-Amzn-Errortype: ResourceNotFoundException\n", "{\"Message\":\"gone\"}",
          "not_found: ResourceNotFoundException: gone", OD_PLACEMENT_NOT_PLACED },
        { 400, "", "<html>", "rejected: HTTP 400 without a message", OD_PLACEMENT_UNKNOWN },
        { 200, "", "{", "protocol: HTTP 200 with an unreadable body: line 1, column 1: '}' or a string expected near "
          "end of file", OD_PLACEMENT_UNKNOWN },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rig r;
        rig_client(&r, "amazon_connect", "{" CONNECT "}");
        od_request *request = submit(&r, START, CALL, NULL);
        fake_answer(&r.network, r.network.first, rows[i].status, rows[i].headers, rows[i].body);
        step(&r);
        if (i == 3) {
            assert_true(od_request_finished(request));
            assert_int_equal(od_request_error(request)->code, OD_PROTOCOL);
            assert_int_equal(od_request_error(request)->placement, rows[i].placement);
        } else {
            assert_failed(request, rows[i].error, rows[i].placement);
        }
        assert_int_equal(od_request_error(request)->http_status, rows[i].status);
        assert_string_equal(od_request_error(request)->request_id, i == 0 ? "r-9" : "");
        od_request_unref(request);
        rig_close(&r);
    }
}

static void a_read_has_no_placement(void **state) {
    (void)state;
    rig r;
    rig_client_of(&r, &made_up, "{\"retry\":false}");
    od_request *request = submit(&r, "set", "{}", NULL);
    fake_leave(&r.network, r.network.first);
    fake_break(&r.network, r.network.first, OD_NETWORK, "cut off");
    step(&r);
    assert_failed(request, "network: cut off", OD_PLACEMENT_NONE);
    od_request_unref(request);
    rig_close(&r);
}

/* ---- options ---- */

static const struct {
    const char *vendor, *options, *error;
} option_rows[] = {
    { "amazon_connect", "{}", "validation /region: " },
    { "amazon_connect", "{" CONNECT ",\"timeout\":0}", "validation /timeout: " },
    { "amazon_connect", "{" CONNECT ",\"connect_timeout\":\"1\"}", "validation /connect_timeout: " },
    { "amazon_connect", "{" CONNECT ",\"rate\":true}", "validation /rate: " },
    { "amazon_connect", "{" CONNECT ",\"rate\":{\"per_second\":0}}", "validation /rate/per_second: " },
    { "amazon_connect", "{" CONNECT ",\"rate\":{\"per_second\":1,\"burst\":0}}", "validation /rate/burst: " },
    { "amazon_connect", "{" CONNECT ",\"retry\":3}", "validation /retry: " },
    { "amazon_connect", "{" CONNECT ",\"retry\":{\"max_attempts\":0}}", "validation /retry/max_attempts: " },
    { "amazon_connect", "{" CONNECT ",\"resend_within\":-1}", "validation /resend_within: " },
    { "amazon_connect", "{" CONNECT ",\"endpoint\":\"nonsense\"}", "validation /endpoint: " },
    { "amazon_connect", "{" CONNECT ",\"regoin\":\"x\"}", "validation /regoin: unknown field" },
    { "genesys", "{\"base_url\":\"https://g\",\"username\":\"u\"}", "validation /password: " },
};

static void options_that_cannot_be_used_are_refused(void **state) {
    (void)state;
    rig r;
    rig_open(&r);
    for (size_t i = 0; i < sizeof(option_rows) / sizeof(option_rows[0]); i++) {
        od_value *given = parse(option_rows[i].options);
        od_error error = OD_ERROR_INIT;
        od_client *client = NULL;
        assert_int_equal(od_client_new(r.engine, od_vendor_find(option_rows[i].vendor), given, &client, &error),
                         OD_VALIDATION);
        char text[1024];
        od_error_format(&error, text, sizeof(text));
        assert_memory_equal(text, option_rows[i].error, strlen(option_rows[i].error));
        assert_null(client);
        od_value_unref(given);
    }
    od_error error = OD_ERROR_INIT;
    assert_int_equal(od_client_new(r.engine, NULL, NULL, &r.client, &error), OD_VALIDATION);
    assert_error(&error, "validation: no such vendor");
    assert_int_equal(r.engine->clients, 0);
    rig_close(&r);
}

/* The plan guards itself: these reach it only past the options' own check. */
static const struct {
    const char *options, *error;
} plan_rows[] = {
    { "{\"timeout\":0}", "validation /timeout: expected a number of seconds from 0.001 to 518400, got 0" },
    { "{\"timeout\":\"1\"}", "validation /timeout: expected a number of seconds from 0.001 to 518400, got \"1\"" },
    { "{\"timeout\":1e300}", "validation /timeout: expected a number of seconds from 0.001 to 518400, got 1e+300" },
    { "{\"resend_within\":-1}", "validation /resend_within: expected a number of seconds from 0 to 518400, got -1" },
    { "{\"rate\":true}", "validation /rate: expected false or { per_second, burst }, got true" },
    { "{\"rate\":{}}", "validation /rate/per_second: expected a number above 0 and at most 100000, got nothing" },
    { "{\"rate\":{\"per_second\":1,\"burst\":1.5}}", "validation /rate/burst: expected an integer from 1 to 100000, got 1.5" },
    { "{\"retry\":true}", "validation /retry: expected false or { max_attempts, mode }, got true" },
    { "{\"retry\":{\"max_attempts\":101}}", "validation /retry/max_attempts: expected an integer from 1 to 100, got 101" },
};

static void a_plan_is_not_made_of_nonsense(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(plan_rows) / sizeof(plan_rows[0]); i++) {
        od_value *options = parse(plan_rows[i].options);
        od_client_plan plan;
        od_error error = OD_ERROR_INIT;
        assert_int_equal(od__client_plan_read(od_vendor_find("amazon_connect"), options, NULL, &plan, &error), OD_VALIDATION);
        assert_error(&error, plan_rows[i].error);
        od__client_plan_clear(&plan);
        od_value_unref(options);
    }
}

static void options_become_a_plan(void **state) {
    (void)state;
    od_value *options = parse("{\"region\":\"eu-west-2\",\"timeout\":2.5,\"connect_timeout\":0.25,\"ca_file\":\"/ca.pem\","
                              "\"rate\":{\"per_second\":0.5},\"retry\":{\"max_attempts\":7},"
                              "\"endpoint\":\"HTTP://LocalHost:8080/Prefix/\"}");
    od_client_plan plan;
    assert_int_equal(od__client_plan_read(od_vendor_find("amazon_connect"), options, NULL, &plan, NULL), OD_OK);
    assert_string_equal(plan.base_url, "http://localhost:8080/Prefix");
    assert_int_equal(plan.timeout_ms, 2500);
    assert_int_equal(plan.connect_timeout_ms, 250);
    assert_string_equal(plan.ca_file, "/ca.pem");
    assert_true(plan.rate_given && !plan.rate_off);
    assert_true(plan.rate.per_second == 0.5 && plan.rate.burst == 1);
    assert_int_equal(plan.max_attempts, 7);
    assert_int_equal(plan.resend_within_ms, 3000);
    od__client_plan_clear(&plan);
    od_value_unref(options);

    options = parse("{\"region\":\"eu-west-2\",\"rate\":false,\"retry\":false}");
    assert_int_equal(od__client_plan_read(od_vendor_find("amazon_connect"), options, NULL, &plan, NULL), OD_OK);
    assert_string_equal(plan.base_url, "https://connect.eu-west-2.amazonaws.com");
    assert_true(plan.rate_off && !plan.rate_given);
    assert_int_equal(plan.max_attempts, 1);
    assert_null(plan.ca_file);
    od__client_plan_clear(&plan);
    od_value_unref(options);
}

static void an_operation_keeps_to_its_rate(void **state) {
    (void)state;
    static const struct {
        const char *options;
        size_t at_once, after_a_second;
    } rows[] = {
        { "", 5, 7 },  /* StartOutboundVoiceContact: 2 a second, 5 at once */
        { ",\"rate\":false", 9, 9 },
        { ",\"rate\":{\"per_second\":3,\"burst\":2}", 2, 5 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rig r;
        char options[1024];
        snprintf(options, sizeof(options), "{" CONNECT "%s}", rows[i].options);
        rig_client(&r, "amazon_connect", options);
        for (int k = 0; k < 9; k++)
            od_request_unref(submit(&r, START, CALL, NULL));
        assert_int_equal(r.network.sent_count, rows[i].at_once);
        for (int ms = 0; ms < 1010; ms += 10)
            pass_ms(&r, 10);
        assert_int_equal(r.network.sent_count, rows[i].after_a_second);
        rig_close(&r);
    }
}

static void a_request_may_have_its_own_timeout(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "amazon_connect", "{" CONNECT ",\"timeout\":7}");
    od_submit_options options = OD_SUBMIT_OPTIONS_INIT;
    options.timeout_ms = 1234;
    od_request_unref(submit(&r, START, CALL, NULL));
    assert_int_equal(r.network.last->timeout_ms, 7000);
    od_request_unref(submit(&r, START, CALL, &options));
    assert_int_equal(r.network.last->timeout_ms, 1234);
    /* A caller built against an older header gives fewer members. */
    options.size = offsetof(od_submit_options, timeout_ms);
    od_request_unref(submit(&r, START, CALL, &options));
    assert_int_equal(r.network.last->timeout_ms, 7000);
    rig_close(&r);
}

static void a_retry_is_logged_without_secrets(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "amazon_connect", "{" CONNECT "}");
    r.clock.next_random = 0;
    od_request *request = submit(&r, START, CALL, NULL);
    fake_answer(&r.network, r.network.first, 429, THROTTLE, "{\"Message\":\"slow\\ndown\"}");
    step(&r);
    assert_string_equal(r.log, "1 start_outbound_voice_contact: try 1 failed, again in 91 ms: throttled: "
                               "ThrottlingException: slow down\n");
    od_client_set_log(r.client, NULL, NULL);
    pass_ms(&r, 1000);
    fake_answer(&r.network, r.network.first, 429, THROTTLE, "");
    step(&r);
    assert_null(strstr(r.log, "try 2"));
    od_request_unref(request);
    rig_close(&r);
}

/* ---- preparing ---- */

static void preparing_shows_all_but_the_secrets(void **state) {
    (void)state;
    static const struct {
        const char *vendor, *options, *operation, *parameters, *prepared;
    } rows[] = {
        { "amazon_connect", "{" CONNECT "}", START, CALL,
          "{\"method\":\"PUT\",\"url\":\"https://connect.us-east-1.amazonaws.com/contact/outbound-voice\",\"headers\":"
          "{\"Content-Type\":\"application/json\"},\"body\":{\"DestinationPhoneNumber\":\"+15555550100\","
          "\"ContactFlowId\":\"f-1\",\"InstanceId\":\"i-1\",\"SourcePhoneNumber\":\"+15555550199\",\"ClientToken\":"
          "\"00010203-0405-4607-8809-0a0b0c0d0e0f\",\"RingTimeoutInSeconds\":25}}" },
        { "genesys", "{\"base_url\":\"https://gws.example.com\",\"username\":\"u\",\"password\":\"p\",\"device_id\":\"d\"}",
          "dial", "{\"destination\":{\"phoneNumber\":\"5001\"}}", 
          "{\"method\":\"POST\",\"url\":\"https://gws.example.com/api/v2/me/devices/d/calls\",\"headers\":"
          "{\"Content-Type\":\"application/json\"},\"body\":{\"operationName\":\"Dial\",\"destination\":"
          "{\"phoneNumber\":\"5001\"}}}" },
        { "symbee", "{\"company_code\":\"acme\",\"environment\":\"prod\",\"campaign_region\":\"us-east-1\","
          "\"api_key\":\"s3cret\",\"campaign_name\":\"c\"}", "add_or_update_campaign_record",
          "{\"clientId\":\"7\",\"previewRecordData\":{\"Phone\":\"+15555550100\"}}", 
          "{\"method\":\"POST\",\"url\":\"https://symbeeconnect.com:9443/symbee-previewcontact-service/svc/rs/"
          "PreviewContactServiceExternal/addOrUpdateCampaignRecord\",\"headers\":{\"Content-Type\":\"application/json\","
          "\"X-sc-platform-code\":\"AWS Connect\",\"X-sc-company-code\":\"acme\",\"X-sc-company-environment\":\"prod\","
          "\"X-sc-secrets-region\":\"us-east-1\"},\"body\":{\"platform\":\"AWS Connect\",\"companyCode\":\"acme\","
          "\"environment\":\"prod\",\"region\":\"us-east-1\",\"campaignName\":\"c\",\"clientId\":\"7\","
          "\"previewRecordData\":[{\"key\":\"Phone\",\"value\":\"+15555550100\"}]}}" },
        /* neutral calls: also which operation they come to */
        { "amazon_connect", "{" CONNECT "}", "place_call", "{\"to\":\"+15555550100\",\"token\":\"t-1\"}",
          "{\"method\":\"PUT\",\"url\":\"https://connect.us-east-1.amazonaws.com/contact/outbound-voice\",\"headers\":"
          "{\"Content-Type\":\"application/json\"},\"body\":{\"DestinationPhoneNumber\":\"+15555550100\","
          "\"ContactFlowId\":\"f-1\",\"InstanceId\":\"i-1\",\"SourcePhoneNumber\":\"+15555550199\",\"ClientToken\":\"t-1\","
          "\"Attributes\":{\"outdial_attempt\":\"t-1\"},\"RingTimeoutInSeconds\":25},\"operation\":\"" START "\","
          "\"token\":\"t-1\"}" },
        { "symbee", "{\"company_code\":\"acme\",\"environment\":\"prod\",\"campaign_region\":\"us-east-1\","
          "\"api_key\":\"s3cret\",\"campaign_name\":\"c\"}", "place_call", "{\"to\":\"+15555550100\",\"contact\":\"7\"}",
          "{\"method\":\"POST\",\"url\":\"https://symbeeconnect.com:9443/symbee-previewcontact-service/svc/rs/"
          "PreviewContactServiceExternal/addOrUpdateCampaignRecord\",\"headers\":{\"Content-Type\":\"application/json\","
          "\"X-sc-platform-code\":\"AWS Connect\",\"X-sc-company-code\":\"acme\",\"X-sc-company-environment\":\"prod\","
          "\"X-sc-secrets-region\":\"us-east-1\"},\"body\":{\"platform\":\"AWS Connect\",\"companyCode\":\"acme\","
          "\"environment\":\"prod\",\"region\":\"us-east-1\",\"campaignName\":\"c\",\"clientId\":\"7\","
          "\"previewRecordData\":[{\"key\":\"Name\",\"value\":\"7\"},{\"key\":\"phone\",\"value\":\"+15555550100\"},"
          "{\"key\":\"outdial_attempt\",\"value\":\"00010203-0405-4607-8809-0a0b0c0d0e0f\"},"
          "{\"key\":\"Hidden\",\"value\":\"outdial_attempt\"}]},\"operation\":\"add_or_update_campaign_record\","
          "\"token\":\"00010203-0405-4607-8809-0a0b0c0d0e0f\"}" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rig r;
        rig_client(&r, rows[i].vendor, rows[i].options);
        od_value *given = parse(rows[i].parameters), *prepared = NULL;
        od_error error = OD_ERROR_INIT;
        if (od_client_prepare(r.client, rows[i].operation, given, &prepared, &error) != OD_OK)
            fail_msg("%s: %s", error.path, error.message);
        assert_value(prepared, rows[i].prepared);
        assert_int_equal(r.network.sent_count, 0);
        od_value_unref(prepared);
        od_value_unref(given);
        rig_close(&r);
    }
}

static void preparing_complains_as_submitting_does(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "amazon_connect", "{" CONNECT "}");
    od_value *prepared = NULL;
    od_error error = OD_ERROR_INIT;
    assert_int_equal(od_client_prepare(r.client, START, NULL, &prepared, &error), OD_VALIDATION);
    assert_error(&error, "validation /DestinationPhoneNumber: expected E.164 (+ and up to 15 digits), got nothing");
    assert_null(prepared);
    static const char *const refused[][2] = {
        { "{\"token\":\"t\"}", "validation /to: expected a string, got nothing" },
        { "{\"to\":\"555\"}", "validation /DestinationPhoneNumber: expected E.164 (+ and up to 15 digits), got \"555\"" },
    };
    for (size_t i = 0; i < 2; i++) {
        od_value *call = parse(refused[i][0]);
        od_error again = OD_ERROR_INIT;
        assert_int_equal(od_client_prepare(r.client, "place_call", call, &prepared, &again), OD_VALIDATION);
        assert_error(&again, refused[i][1]);
        assert_null(prepared);
        od_value_unref(call);
    }
    rig_close(&r);
}

/* ---- what the descriptors can say ---- */

static void an_operation_says_what_may_be_repeated(void **state) {
    (void)state;
    static const struct {
        const char *operation, *parameters;
        size_t sent;  /* when the first try breaks off after its first byte */
    } rows[] = {
        { "ring", "{\"a\":\"token\"}", 2 }, { "ring", "{}", 1 }, { "ring", "{\"a\":\"token\",\"b\":\"x\"}", 1 },
        { "set", "{}", 2 },                 { "add", "{}", 1 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rig r;
        rig_client_of(&r, &made_up, NULL);
        assert_true(r.network.cookies);
        od_request *request = submit(&r, rows[i].operation, rows[i].parameters, NULL);
        fake_leave(&r.network, r.network.first);
        fake_break(&r.network, r.network.first, OD_NETWORK, "cut off");
        step(&r);
        pass_ms(&r, 60);
        assert_int_equal(r.network.sent_count, rows[i].sent);
        assert_int_equal(od_request_finished(request), rows[i].sent == 1);
        od_request_unref(request);
        rig_close(&r);
    }
}

static void an_unsigned_operation_carries_no_authorization(void **state) {
    (void)state;
    rig r;
    rig_client_of(&r, &made_up, NULL);
    od_request_unref(submit(&r, "version", NULL, NULL));
    assert_null(strstr(fake_sent(&r.network), "Authorization"));
    od_request_unref(submit(&r, "set", NULL, NULL));
    assert_non_null(strstr(fake_sent(&r.network), "Authorization: secret\n"));
    od_error error = OD_ERROR_INIT;
    od_value *call = parse("{\"to\":\"+15555550100\"}");
    assert_int_equal(od_client_place(r.client, call, NULL, NULL, &error), OD_VALIDATION);
    od_value_unref(call);
    assert_error(&error, "validation: made_up cannot place a call");
    rig_close(&r);
}

/* ---- memory ---- */

static void preparing_survives_each_failing_allocation(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "amazon_connect", "{" CONNECT "}");
    static const char *const rows[][2] = { { START, CALL }, { "place_call", "{\"to\":\"+15555550100\"}" } };
    for (size_t i = 0; i < 2; i++) {
        od_value *parameters = parse(rows[i][1]);
        size_t n = 1;
        for (;; n++) {
            od_error error = OD_ERROR_INIT;
            od_value *prepared = NULL;
            od__memory_fail_at(n);
            od_status status = od_client_prepare(r.client, rows[i][0], parameters, &prepared, &error);
            bool hit = od__memory_fail_at(0) >= n;
            if (status == OD_OK)
                od_value_unref(prepared);
            else
                assert_int_equal(error.code, OD_OUT_OF_MEMORY);
            assert_int_equal(status != OD_OK, hit);
            if (!hit)
                break;
        }
        assert_true(n > 2);
        od_value_unref(parameters);
    }
    rig_close(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_leaves_as_exact_bytes_and_comes_back_as_a_result),
        cmocka_unit_test(without_a_place_for_it_a_request_is_still_delivered),
        cmocka_unit_test(parameters_taken_are_not_copied_and_those_given_not_changed),
        cmocka_unit_test(what_is_wrong_with_parameters_is_said_at_once),
        cmocka_unit_test(a_refusal_of_the_vendor_is_an_error_with_its_placement),
        cmocka_unit_test(a_read_has_no_placement),
        cmocka_unit_test(options_that_cannot_be_used_are_refused),
        cmocka_unit_test(a_plan_is_not_made_of_nonsense),
        cmocka_unit_test(options_become_a_plan),
        cmocka_unit_test(an_operation_keeps_to_its_rate),
        cmocka_unit_test(a_request_may_have_its_own_timeout),
        cmocka_unit_test(a_retry_is_logged_without_secrets),
        cmocka_unit_test(preparing_shows_all_but_the_secrets),
        cmocka_unit_test(preparing_complains_as_submitting_does),
        cmocka_unit_test(an_operation_says_what_may_be_repeated),
        cmocka_unit_test(an_unsigned_operation_carries_no_authorization),
        cmocka_unit_test(preparing_survives_each_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
