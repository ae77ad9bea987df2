/* Amazon Connect: outbound voice contacts and batches of outbound campaigns. Wire facts: the services' own API models
 * (connect 2017-08-08, connectcampaigns 2021-01-30 and v2 2024-04-23, restJson1) and the Amazon Connect API reference. */
#include "vendors/amazon_connect.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/join.h"
#include "vendors/aws.h"

#define SAME_CONTACT_SECONDS 518400
#define RETRY_AFTER_DIGITS 12
#define USUAL_FIELDS 10        /* of a call, those that options give included */
#define USUAL_KEY_BYTES 160
#define DEFAULT_OPEN_CALLS 10  /* an instance's quota unless it was raised: beyond it people get a fast busy (R17) */

/* ---- client options ---- */

const od_shape od__connect_instance_id = { .kind = OD_KIND_STRING, .min = 1, .max = 100 };
static const od_shape contact_flow_id = { .kind = OD_KIND_STRING, .min = 1, .max = 500 };
static const od_shape seconds = { .kind = OD_KIND_NUMBER, .number_min = 0, .number_max = SAME_CONTACT_SECONDS };
static const char *const token_readings[] = { "new_contact", "same_contact", NULL };
static const od_shape token_reading = { .kind = OD_KIND_STRING, .choices = token_readings };

static const od_field credential_fields[] = {
    { .name = "access_key_id", .summary = "access key id", .shape = &od_shape_header_value, .required = true },
    { .name = "secret_access_key", .summary = "secret access key", .shape = &od_shape_secret, .required = true },
    { .name = "session_token", .summary = "session token of temporary credentials", .shape = &od_shape_secret },
    OD_FIELDS_END
};
static const od_shape credentials = { .kind = OD_KIND_STRUCT, .fields = credential_fields };

static const od_field option_fields[] = {
    { .name = "region", .summary = "AWS region of the instance; requests are signed for it",
      .shape = &od_shape_aws_region, .required = true, .variable = "AWS_REGION" },
    { .name = "instance_id", .summary = "default InstanceId of operations", .shape = &od__connect_instance_id },
    { .name = "contact_flow_id", .summary = "default ContactFlowId of calls", .shape = &contact_flow_id },
    { .name = "source_phone_number", .summary = "default SourcePhoneNumber of calls", .shape = &od_shape_e164 },
    { .name = "queue_id", .summary = "default QueueId of calls", .shape = &od_shape_filled },
    { .name = "credentials", .summary = "AWS keys; without them the usual places are tried",
      .shape = &credentials },
    { .name = "profile", .summary = "profile of the shared AWS files to take keys from, then from nowhere else; its endpoint_url counts",
      .shape = &od_shape_filled },
    { .name = "resend_within", .summary = "seconds from the first byte in which a call in doubt may be sent again "
      "with its token; default 3, 0: never", .shape = &seconds },
    { .name = "token_after_disconnect", .summary = "what a token means once its contact ended: new_contact (default) "
      "or same_contact", .shape = &token_reading },
    { .name = "use_fips", .summary = "use the hosts with validated cryptography", .shape = &od_shape_boolean },
    { .name = "use_dualstack", .summary = "use the hosts that IPv6 reaches too", .shape = &od_shape_boolean },
    OD_FIELDS_END
};
static const od_rule option_rules[] = {
    { "no use_fips or use_dualstack beside an endpoint", od__aws_rule_endpoint }, OD_RULES_END
};
static const od_shape options_shape = { .kind = OD_KIND_STRUCT, .fields = option_fields, .rules = option_rules };

/* ---- addresses ---- */

static const od_service connect = {
    .host = "connect", .signing_name = "connect", .id = "CONNECT", .gov_fips_is_plain = true
};
/* One host and one signing name, and two names of the service: one for each version. */
static const od_service campaigns_1 = {
    .host = "connect-campaigns", .signing_name = "connect-campaigns", .id = "CONNECTCAMPAIGNS"
};
static const od_service campaigns_2 = {
    .host = "connect-campaigns", .signing_name = "connect-campaigns", .id = "CONNECTCAMPAIGNSV2"
};

static od_status base_url(const od_value *options, char *out, size_t out_bytes, od_error *err) {
    return od__aws_url(&connect, options, out, out_bytes, err);
}

/* ---- operations ---- */

/* Rates are per account and region; each of these operations has a bucket of its own, and those without a row in the
 * vendor's table have the first. */
static const od_rate default_rate = { .per_second = 2, .burst = 5 };
static const od_rate stop_rate = { .per_second = 10, .burst = 15 };
static const od_rate describe_rate = { .per_second = 10, .burst = 15 };
static const od_rate search_rate = { .per_second = 0.5, .burst = 1 };
static const od_rate get_attributes_rate = { .per_second = 10, .burst = 15 };
static const od_rate update_attributes_rate = { .per_second = 10, .burst = 15 };
static const od_rate dial_batch_rate = { .per_second = 10, .burst = 10 };
static const od_rate outbound_batch_rate = { .per_second = 10, .burst = 10 };

static const od_paging search_pages = {
    .items = "Contacts", .next = "NextToken", .parameter = "NextToken", .total = "TotalCount"
};

#define JSON "application/json"

static const od_operation operations[] = {
    { .name = "start_outbound_voice_contact", .vendor_name = "StartOutboundVoiceContact",
      .summary = "calls a number and runs a flow when it is answered",
      .source = "Amazon Connect API Reference, StartOutboundVoiceContact",
      .method = "PUT", .path = "/contact/outbound-voice", .input = &od__connect_start_input,
      .output = &od__connect_start_output, .content_type = JSON, .rate = &default_rate, .rings = true,
      .repeat = OD_REPEAT_TOKEN, .repeat_field = "ClientToken" },
    { .name = "stop_contact", .vendor_name = "StopContact",
      .summary = "ends a contact; one that has ended already is no error",
      .source = "Amazon Connect API Reference, StopContact",
      .method = "POST", .path = "/contact/stop", .input = &od__connect_stop_input, .output = &od__connect_stop_output,
      .content_type = JSON, .rate = &stop_rate, .repeat = OD_REPEAT_SAFE, .done_code = "ContactNotFoundException" },
    { .name = "describe_contact", .vendor_name = "DescribeContact",
      .summary = "tells what is known of a contact, and whether it has ended",
      .source = "Amazon Connect API Reference, DescribeContact",
      .method = "GET", .path = "/contacts/{InstanceId}/{ContactId}", .input = &od__connect_describe_input,
      .output = &od__connect_describe_output, .rate = &describe_rate, .repeat = OD_REPEAT_SAFE,
      .refine = od__connect_refine_described },
    { .name = "search_contacts", .vendor_name = "SearchContacts",
      .summary = "finds contacts by time, channel, initiation method, queue, agent or attributes",
      .source = "Amazon Connect API Reference, SearchContacts",
      .method = "POST", .path = "/search-contacts", .input = &od__connect_search_input,
      .output = &od__connect_search_output, .pages = &search_pages, .content_type = JSON, .rate = &search_rate,
      .repeat = OD_REPEAT_SAFE },
    { .name = "get_contact_attributes", .vendor_name = "GetContactAttributes",
      .summary = "reads the attributes of a contact",
      .source = "Amazon Connect API Reference, GetContactAttributes",
      .method = "GET", .path = "/contact/attributes/{InstanceId}/{InitialContactId}",
      .input = &od__connect_get_attributes_input, .output = &od__connect_get_attributes_output,
      .rate = &get_attributes_rate, .repeat = OD_REPEAT_SAFE },
    { .name = "update_contact_attributes", .vendor_name = "UpdateContactAttributes",
      .summary = "sets attributes of a contact",
      .source = "Amazon Connect API Reference, UpdateContactAttributes",
      .method = "POST", .path = "/contact/attributes", .input = &od__connect_update_attributes_input,
      .output = &od__connect_update_attributes_output, .content_type = JSON, .rate = &update_attributes_rate,
      .repeat = OD_REPEAT_SAFE },
    /* A batch whose answer was lost is never sent again whole (R13). */
    { .name = "put_dial_request_batch", .vendor_name = "PutDialRequestBatch",
      .summary = "hands up to 25 calls to a running outbound campaign (version 1)",
      .source = "Amazon Connect Outbound Campaigns API Reference, PutDialRequestBatch",
      .method = "PUT", .path = "/campaigns/{id}/dial-requests", .input = &od__connect_dial_batch_input,
      .output = &od__connect_batch_output, .content_type = JSON, .service = &campaigns_1, .rate = &dial_batch_rate,
      .rings = true, .repeat = OD_REPEAT_NEVER, .refine = od__connect_refine_dial_batch },
    { .name = "put_outbound_request_batch", .vendor_name = "PutOutboundRequestBatch",
      .summary = "hands up to 25 requests to a running outbound campaign (version 2)",
      .source = "Amazon Connect Outbound Campaigns V2 API Reference, PutOutboundRequestBatch",
      .method = "PUT", .path = "/v2/campaigns/{id}/outbound-requests", .input = &od__connect_outbound_batch_input,
      .output = &od__connect_batch_output, .content_type = JSON, .service = &campaigns_2, .rate = &outbound_batch_rate,
      .rings = true, .repeat = OD_REPEAT_NEVER, .refine = od__connect_refine_outbound_batch },
    { .name = NULL }
};

/* ---- answers ---- */

/* "ns#FooError:http://..." -> "FooError" */
static void error_type(char *out, size_t out_bytes, const char *text, size_t length) {
    const char *colon = memchr(text, ':', length);
    if (colon)
        length = (size_t)(colon - text);
    const char *hash = memchr(text, '#', length);
    if (hash) {
        length -= (size_t)(hash + 1 - text);
        text = hash + 1;
    }
    od__error_clean(out, out_bytes, text, length);
}

static bool is_told(const od_shape *shape, const od_value *member) {
    switch (shape->kind) {
    case OD_KIND_STRING: return od_value_type(member) == OD_TYPE_STRING && od_value_length(member) > 0;
    case OD_KIND_STRUCT: return od_value_type(member) == OD_TYPE_OBJECT;
    case OD_KIND_LIST: return od_value_type(member) == OD_TYPE_ARRAY;
    default: return member != NULL;
    }
}

/* Returns the first member that the operation promises and the answer lacks; NULL if it has them all. */
static const char *missing(const od_shape *output, const od_value *body) {
    for (const od_field *field = output->fields; field->name; field++)
        if (field->required && !is_told(field->shape, od_value_get(body, field->name)))
            return field->name;
    return NULL;
}

/* x-amz-retry-after: milliseconds; what is no such number is no hint. */
static int64_t retry_after_ms(const od_http_response *response) {
    size_t length = 0;
    const char *text = od__http_response_header(response, "x-amz-retry-after", &length);
    int64_t ms = 0;
    if (text == NULL || length == 0 || length > RETRY_AFTER_DIGITS)
        return -1;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        ms = ms * 10 + (text[i] - '0');
    }
    return ms;
}

static void read_answer(const od_operation *operation, const od_http_response *response, const od_value *body,
                        od_answer *out) {
    od__http_response_copy_header(response, "x-amzn-requestid", out->request_id, sizeof out->request_id);
    if (response->status == 200) {
        const char *lacks = missing(operation->output, body);
        out->success = out->enveloped = lacks == NULL;
        if (lacks)
            od__vendor_answer_lacks(out, lacks);
        return;
    }
    size_t length = 0;
    const char *type = od__http_response_header(response, "x-amzn-errortype", &length);
    static const char *const type_keys[] = { "code", "Code", "__type", NULL };
    for (size_t i = 0; (!type || length == 0) && type_keys[i]; i++) {
        type = od_value_string(od_value_get(body, type_keys[i]));
        length = type ? strlen(type) : 0;
    }
    out->retry_after_ms = retry_after_ms(response);
    if (type)
        error_type(out->vendor_code, sizeof out->vendor_code, type, length);
    out->enveloped = out->vendor_code[0] != '\0';
    od__vendor_answer_text(out->message, sizeof out->message, od_value_get(body, "Message"));
    od__vendor_answer_text(out->message, sizeof out->message, od_value_get(body, "message"));
    od__vendor_answer_raw(out, response);
}

static const od_error_row errors[] = {
    /* Throttling, under each of its names and whatever the HTTP status: refused before anything was done. */
    OD_ROW_CODE(0, "ThrottlingException", THROTTLED, NOT_PLACED, true, THROTTLED),
    OD_ROW_CODE(0, "Throttling", THROTTLED, NOT_PLACED, true, THROTTLED),
    OD_ROW_CODE(0, "ThrottledException", THROTTLED, NOT_PLACED, true, THROTTLED),
    OD_ROW_CODE(0, "TooManyRequestsException", THROTTLED, NOT_PLACED, true, THROTTLED),
    OD_ROW_CODE(0, "RequestThrottled", THROTTLED, NOT_PLACED, true, THROTTLED),
    OD_ROW_CODE(0, "RequestThrottledException", THROTTLED, NOT_PLACED, true, THROTTLED),
    OD_ROW_CODE(0, "RequestLimitExceeded", THROTTLED, NOT_PLACED, true, THROTTLED),
    OD_ROW_CODE(0, "LimitExceededException", THROTTLED, NOT_PLACED, true, THROTTLED),
    OD_ROW_CODE(0, "SlowDown", THROTTLED, NOT_PLACED, true, THROTTLED),
    OD_ROW_CODE(0, "ProvisionedThroughputExceededException", THROTTLED, NOT_PLACED, true, THROTTLED),
    OD_ROW_CODE(0, "TransactionInProgressException", THROTTLED, NOT_PLACED, true, THROTTLED),
    OD_ROW_CODE(0, "BandwidthLimitExceeded", THROTTLED, NOT_PLACED, true, THROTTLED),
    OD_ROW_CODE(0, "PriorRequestNotComplete", THROTTLED, NOT_PLACED, true, THROTTLED),
    OD_ROW_CODE(0, "EC2ThrottledException", THROTTLED, NOT_PLACED, true, THROTTLED),
    /* The vendor gave up waiting for the request: whatever the HTTP status, another try may be quicker. */
    OD_ROW_CODE(0, "RequestTimeoutException", TIMEOUT, UNKNOWN, true, TRANSIENT),
    OD_ROW_CODE(0, "RequestTimeout", TIMEOUT, UNKNOWN, true, TRANSIENT),
    OD_ERROR_ROWS_UNCERTAIN,
    /* The operation's own. A refusal proves something only with the status of one. */
    OD_ROW_CODE(4, "InvalidRequestException", REJECTED, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "InvalidParameterException", REJECTED, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "ResourceNotFoundException", NOT_FOUND, NOT_PLACED, false, NO),
    OD_ROW_CODE(0, "InternalServiceException", UNAVAILABLE, UNKNOWN, true, TRANSIENT),
    OD_ROW_CODE(4, "DestinationNotAllowedException", REJECTED, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "OutboundContactNotPermittedException", REJECTED, NOT_PLACED, false, NO),
    /* Of outbound campaigns. */
    OD_ROW_CODE(0, "InternalServerException", UNAVAILABLE, UNKNOWN, true, TRANSIENT),
    OD_ROW_CODE(0, "InvalidCampaignStateException", CONFLICT, UNKNOWN, false, NO),
    /* Of the service, not listed for these operations. */
    OD_ROW_CODE(0, "IdempotencyException", CONFLICT, UNKNOWN, false, NO),
    OD_ROW_CODE(0, "ConflictException", CONFLICT, UNKNOWN, false, NO),
    OD_ROW_CODE(4, "ServiceQuotaExceededException", REJECTED, NOT_PLACED, true, NO),
    OD_ROW_CODE(4, "ContactNotFoundException", NOT_FOUND, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "InvalidActiveRegionException", REJECTED, NOT_PLACED, false, NO),
    /* Of the front end of every AWS service. */
    OD_ROW_CODE(4, "AccessDeniedException", PERMISSION, NOT_PLACED, false, SKEWED),
    OD_ROW_CODE(4, "AccessDenied", PERMISSION, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "NotAuthorized", PERMISSION, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "OptInRequired", PERMISSION, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "ExpiredTokenException", AUTHENTICATION, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "ExpiredToken", AUTHENTICATION, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "IncompleteSignature", AUTHENTICATION, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "IncompleteSignatureException", AUTHENTICATION, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "MissingAuthenticationToken", AUTHENTICATION, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "MissingAuthenticationTokenException", AUTHENTICATION, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "UnrecognizedClientException", AUTHENTICATION, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "InvalidClientTokenId", AUTHENTICATION, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "InvalidSignatureException", AUTHENTICATION, NOT_PLACED, false, SKEWED),
    OD_ROW_CODE(4, "SignatureDoesNotMatch", AUTHENTICATION, NOT_PLACED, false, SKEWED),
    OD_ROW_CODE(4, "AuthFailure", AUTHENTICATION, NOT_PLACED, false, SKEWED),
    OD_ROW_CODE(4, "RequestExpired", AUTHENTICATION, NOT_PLACED, false, SKEWED),
    OD_ROW_CODE(4, "RequestInTheFuture", AUTHENTICATION, NOT_PLACED, false, SKEWED),
    OD_ROW_CODE(4, "RequestTimeTooSkewed", AUTHENTICATION, NOT_PLACED, false, SKEWED),
    OD_ROW_CODE(0, "InternalFailure", UNAVAILABLE, UNKNOWN, true, TRANSIENT),
    OD_ROW_CODE(0, "InternalError", UNAVAILABLE, UNKNOWN, true, TRANSIENT),
    OD_ROW_CODE(0, "ServiceUnavailable", UNAVAILABLE, UNKNOWN, true, TRANSIENT),
    OD_ROW_CODE(0, "ServiceUnavailableException", UNAVAILABLE, UNKNOWN, true, TRANSIENT),
    OD_ROW_CODE(4, "MalformedHttpRequestException", REJECTED, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "RequestEntityTooLargeException", REJECTED, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "UnknownOperationException", NOT_FOUND, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "ValidationError", REJECTED, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "ValidationException", REJECTED, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "SerializationException", REJECTED, NOT_PLACED, false, NO),
    OD_ERROR_ROWS_GENERAL
};

/* ---- neutral call ---- */

static od_status place(const od_vendor *vendor, const od_value *options, const od_call *call,
                       const od_operation **operation, od_value **params, const char **dropped, od_error *err) {
    (void)options;
    (void)dropped;
    od_status status = od__vendor_operation(vendor, "start_outbound_voice_contact", operation, err);
    if (status != OD_OK)
        return status;
    od_value *made = od__value_new_object_for(USUAL_FIELDS, USUAL_KEY_BYTES);
    if (!made)
        return od__error_no_memory(err);
    status = od__vendor_set(made, "DestinationPhoneNumber", call->to_value, err);
    if (status == OD_OK)
        status = od__vendor_set(made, "SourcePhoneNumber", call->from_value, err);
    if (status == OD_OK)
        status = od__vendor_set(made, "ClientToken", call->token_value, err);
    if (status == OD_OK && call->attributes)
        status = od__value_put(made, "Attributes", od__value_copy(call->attributes), err);
    if (status == OD_OK && call->ring_timeout_s)
        status = od__value_put(made, "RingTimeoutInSeconds", od_value_new_integer(call->ring_timeout_s), err);
    if (status == OD_OK)
        status = od__vendor_merge(made, call->fields, err);
    if (status == OD_OK)
        status = od__vendor_mark(made, "Attributes", OD_CONNECT_ATTEMPT, call->token_value, err);
    return od__vendor_place_end(status, made, params);
}

static bool placed(const od_operation *operation, int http_status, const od_value *params, const od_value *body,
                   od_value **id) {
    (void)operation;
    (void)http_status;
    (void)params;
    /* A batch has no contact yet: its campaign dials when it likes. */
    const od_value *contact = od_value_get(body, "ContactId");
    *id = contact ? od_value_ref(contact) : NULL;
    return contact != NULL;
}

/* ---- the account ---- */

static const char *set_variable(const char *(*get_env)(const char *name), const char *name) {
    const char *text = get_env(name);
    return text && *text ? text : NULL;
}

/* The account's own number is told by no file: what names the keys stands for it, in the order in which they are found. */
static od_status account(const od_value *options, const char *(*get_env)(const char *name), char *out,
                         size_t out_bytes, od_error *err) {
    const char *region = od__vendor_option(options, "region", "");
    const char *key = od_value_string(od_value_get(od_value_get(options, "credentials"), "access_key_id"));
    const char *profile = od__vendor_option(options, "profile", NULL);
    if (!key && !profile)
        key = set_variable(get_env, "AWS_ACCESS_KEY_ID");
    if (!key && !profile)
        profile = set_variable(get_env, "AWS_PROFILE");
    const char *const texts[] = { key ? key : "profile:", key ? "" : profile ? profile : "default", " ", region, NULL };
    return od__vendor_url_end((int)od__join(out, out_bytes, texts), out_bytes, err);
}

/* Contacts, and look-ups for them, are an instance's. */
static const char *const where[] = { "InstanceId", NULL };

const od_vendor od_vendor_amazon_connect = {
    .name = "amazon_connect", .title = "Amazon Connect", .options = &options_shape, .operations = operations,
    .errors = errors, .authorizer = &od_authorizer_sigv4_connect, .base_url = base_url, .read = read_answer,
    .service = &connect, .service_url = od__aws_url, .environment_url = od__aws_environment_url,
    .check_profile_url = od__aws_check_url, .aws_retry_settings = true,
    .place = place, .placed = placed, .following = &od__connect_following, .account = account,
    .where = where,
    .max_open = DEFAULT_OPEN_CALLS,
};
