/* Amazon Connect: outbound voice contacts. Wire facts: the service's own API model (2017-08-08, restJson1) and the
 * Amazon Connect API reference. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "vendors/vendor.h"

#define ATTRIBUTES_BYTES 32768     /* of UTF-8, all keys and values of one contact together */
#define RING_TIMEOUT_SECONDS 25    /* sent always: the vendor's own default would ring for a minute (R24) */
#define SAME_CONTACT_SECONDS 518400
#define ATTEMPT_ATTRIBUTE "outdial_attempt"

/* ---- client options ---- */

static const od_shape instance_id = { .kind = OD_KIND_STRING, .min = 1, .max = 100 };
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
      .shape = &od_shape_aws_region, .required = true },
    { .name = "instance_id", .summary = "default InstanceId of operations", .shape = &instance_id },
    { .name = "contact_flow_id", .summary = "default ContactFlowId of calls", .shape = &contact_flow_id },
    { .name = "source_phone_number", .summary = "default SourcePhoneNumber of calls", .shape = &od_shape_e164 },
    { .name = "queue_id", .summary = "default QueueId of calls", .shape = &od_shape_filled },
    { .name = "credentials", .summary = "AWS keys; without them they are taken from the environment",
      .shape = &credentials },
    { .name = "resend_within", .summary = "seconds from the first byte in which a call in doubt may be sent again "
      "with its token; default 3, 0: never", .shape = &seconds },
    { .name = "token_after_disconnect", .summary = "what a token means once its contact ended: new_contact (default) "
      "or same_contact", .shape = &token_reading },
    OD_FIELDS_END
};
static const od_shape options_shape = { .kind = OD_KIND_STRUCT, .fields = option_fields };

/* Partitions by region name; a region that is in no list is a plain one. */
static const struct { const char *region_prefix, *suffix; } partitions[] = {
    { "cn-", "amazonaws.com.cn" },    { "us-gov-", "amazonaws.com" },   { "eusc-", "amazonaws.eu" },
    { "us-isob-", "sc2s.sgov.gov" },  { "us-isof-", "csp.hci.ic.gov" }, { "eu-isoe-", "cloud.adc-e.uk" },
    { "us-iso-", "c2s.ic.gov" },      { "", "amazonaws.com" },
};

static od_status base_url(const od_value *options, char *out, size_t out_bytes, od_error *err) {
    const char *region = od__vendor_option(options, "region", "us-east-1");
    size_t i = 0;
    while (strncmp(region, partitions[i].region_prefix, strlen(partitions[i].region_prefix)) != 0)
        i++;
    int length = snprintf(out, out_bytes, "https://connect.%s.%s", region, partitions[i].suffix);
    return od__vendor_url_end(length, out_bytes, err);
}

/* ---- start_outbound_voice_contact: input ---- */

static od_check_fn check_attribute_key;
static const od_check attribute_key_check = {
    "letters, digits, - and _", check_attribute_key, "a key of letters, digits, - and _"
};

static od_status check_attribute_key(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *key = od_value_string(value);
    for (size_t i = 0; i < od_value_length(value); i++)
        if (!isalnum((unsigned char)key[i]) && key[i] != '-' && key[i] != '_')
            return od__check_fail(&attribute_key_check, value, path, err);
    return OD_OK;
}

static const od_shape attribute_key = {
    .kind = OD_KIND_STRING, .min = 1, .max = 32767, .check = &attribute_key_check
};
static const od_shape attribute_value = { .kind = OD_KIND_STRING, .min = 0, .max = 32767 };
static const od_shape attributes = { .kind = OD_KIND_MAP, .key = &attribute_key, .element = &attribute_value };

/* The types that the vendor takes when a contact is made; the others exist on contacts only. */
static const char *const reference_types[] = { "URL", "NUMBER", "STRING", "DATE", "EMAIL", NULL };
static const char *const reference_states[] = {
    "AVAILABLE", "DELETED", "APPROVED", "REJECTED", "PROCESSING", "FAILED", NULL
};
static const od_shape reference_type = { .kind = OD_KIND_STRING, .choices = reference_types };
static const od_shape reference_state = { .kind = OD_KIND_STRING, .choices = reference_states };
static const od_shape text_0_4096 = { .kind = OD_KIND_STRING, .min = 0, .max = 4096 };
static const od_shape text_0_100 = { .kind = OD_KIND_STRING, .min = 0, .max = 100 };
static const od_shape arn = { .kind = OD_KIND_STRING, .min = 20, .max = 256 };
static const od_field reference_fields[] = {
    { .name = "Type", .summary = "kind of reference; a DATE has Unix time as its Value", .shape = &reference_type,
      .required = true },
    { .name = "Value", .summary = "what the agent sees", .shape = &text_0_4096 },
    { .name = "Status", .summary = "state of an attachment", .shape = &reference_state },
    { .name = "Arn", .summary = "ARN of the reference", .shape = &arn },
    { .name = "StatusReason", .summary = "why it has that state", .shape = &text_0_100 },
    OD_FIELDS_END
};
static const od_shape reference = { .kind = OD_KIND_STRUCT, .fields = reference_fields };
static const od_shape reference_key = { .kind = OD_KIND_STRING, .min = 1, .max = 4096 };
static const od_shape references = { .kind = OD_KIND_MAP, .key = &reference_key, .element = &reference };

static const od_field amd_fields[] = {
    { .name = "EnableAnswerMachineDetection", .summary = "detect answering machines", .shape = &od_shape_boolean },
    { .name = "AwaitAnswerMachinePrompt", .summary = "wait for the end of the machine's greeting",
      .shape = &od_shape_boolean },
    OD_FIELDS_END
};
static const od_shape amd = { .kind = OD_KIND_STRUCT, .fields = amd_fields };

static const od_shape duration = { .kind = OD_KIND_INTEGER, .min = 0, .max = INT32_MAX };
static const od_field timeout_fields[] = {
    { .name = "DurationInSeconds", .summary = "seconds after the agent accepted", .shape = &duration,
      .required = true },
    OD_FIELDS_END
};
static const od_shape timeout_config = { .kind = OD_KIND_STRUCT, .fields = timeout_fields };
static const char *const preview_actions[] = { "CALL", "DISCARD", NULL };
static const od_shape preview_action = { .kind = OD_KIND_STRING, .choices = preview_actions };
static const od_shape preview_action_list = { .kind = OD_KIND_LIST, .element = &preview_action };
static const od_field preview_fields[] = {
    { .name = "PostAcceptTimeoutConfig", .summary = "how long the preview lasts", .shape = &timeout_config,
      .required = true },
    { .name = "AllowedUserActions", .summary = "what the agent may do in the preview", .shape = &preview_action_list,
      .required = true },
    OD_FIELDS_END
};
static const od_shape preview = { .kind = OD_KIND_STRUCT, .fields = preview_fields };
static const od_field agent_first_fields[] = {
    { .name = "Preview", .summary = "preview before dialling", .shape = &preview },
    OD_FIELDS_END
};
static const od_shape agent_first = { .kind = OD_KIND_STRUCT, .fields = agent_first_fields };
static const od_field strategy_config_fields[] = {
    { .name = "AgentFirst", .summary = "settings of AGENT_FIRST", .shape = &agent_first },
    OD_FIELDS_END
};
static const od_shape strategy_config = { .kind = OD_KIND_STRUCT, .fields = strategy_config_fields };
static const char *const strategy_types[] = { "AGENT_FIRST", NULL };
static const od_shape strategy_type = { .kind = OD_KIND_STRING, .choices = strategy_types };
static const od_field strategy_fields[] = {
    { .name = "Type", .summary = "the one strategy there is", .shape = &strategy_type, .required = true },
    { .name = "Config", .summary = "settings of the strategy", .shape = &strategy_config },
    OD_FIELDS_END
};
static const od_shape strategy = { .kind = OD_KIND_STRUCT, .fields = strategy_fields };

static const od_shape client_token = { .kind = OD_KIND_STRING, .min = 1, .max = 500 };
static const od_shape contact_name = { .kind = OD_KIND_STRING, .min = 0, .max = 1024, .sensitive = true };
static const od_shape description = { .kind = OD_KIND_STRING, .min = 0, .max = 4096, .sensitive = true };
static const od_shape contact_id = { .kind = OD_KIND_STRING, .min = 1, .max = 256 };
static const od_shape campaign_id = { .kind = OD_KIND_STRING, .min = 1, .max = 100 };
static const char *const traffic_types[] = { "GENERAL", "CAMPAIGN", NULL };
static const od_shape traffic_type = { .kind = OD_KIND_STRING, .choices = traffic_types };
static const od_shape ring_timeout = { .kind = OD_KIND_INTEGER, .min = 15, .max = 60 };

static const od_field start_fields[] = {
    { .name = "DestinationPhoneNumber", .summary = "number to call", .shape = &od_shape_e164, .required = true },
    { .name = "ContactFlowId", .summary = "flow that runs when the call is answered", .shape = &contact_flow_id,
      .required = true, .option = "contact_flow_id" },
    { .name = "InstanceId", .summary = "Amazon Connect instance", .shape = &instance_id, .required = true,
      .option = "instance_id" },
    { .name = "SourcePhoneNumber", .summary = "number shown, one of the instance's; without it a queue's is used",
      .shape = &od_shape_e164, .option = "source_phone_number" },
    { .name = "QueueId", .summary = "queue of the call; without it the flow's", .shape = &od_shape_filled,
      .option = "queue_id" },
    { .name = "ClientToken", .summary = "makes a repetition the same call; made when absent", .shape = &client_token,
      .make_uuid = true },
    { .name = "Attributes", .summary = "contact attributes for the flow; keys of letters, digits, - and _; at most "
      "32768 bytes together", .shape = &attributes },
    { .name = "Name", .summary = "title of the contact, shown to the agent", .shape = &contact_name },
    { .name = "Description", .summary = "description of the contact, shown to the agent", .shape = &description },
    { .name = "References", .summary = "links and notes shown to the agent, by name", .shape = &references },
    { .name = "RelatedContactId", .summary = "contact whose attributes are copied to this one", .shape = &contact_id },
    { .name = "AnswerMachineDetectionConfig", .summary = "answering machine detection; needs TrafficType CAMPAIGN",
      .shape = &amd },
    { .name = "CampaignId", .summary = "campaign the call belongs to", .shape = &campaign_id },
    { .name = "TrafficType", .summary = "GENERAL (the vendor's default), or CAMPAIGN with answering machine detection",
      .shape = &traffic_type },
    { .name = "OutboundStrategy", .summary = "preview dialling; only the vendor's own campaigns may use it",
      .shape = &strategy },
    { .name = "RingTimeoutInSeconds", .summary = "how long it rings before the call fails", .shape = &ring_timeout,
      .has_default_integer = true, .default_integer = RING_TIMEOUT_SECONDS },
    OD_FIELDS_END
};

static od_status rule_attributes(od_value *params, const char *path, od_error *err) {
    const od_value *map = od_value_get(params, "Attributes"), *member;
    size_t bytes = 0;
    void *cursor = NULL;
    const char *key;
    while (map && od_value_next(map, &cursor, &key, &member))
        bytes += strlen(key) + od_value_length(member);
    if (bytes <= ATTRIBUTES_BYTES)
        return OD_OK;
    char message[96];
    snprintf(message, sizeof message, "expected at most %d bytes over all keys and values, got %zu", ATTRIBUTES_BYTES,
             bytes);
    return od__vendor_refuse(err, path, "Attributes", message);
}

static od_status rule_traffic(od_value *params, const char *path, od_error *err) {
    const char *traffic = od_value_string(od_value_get(params, "TrafficType"));
    bool campaign = traffic && strcmp(traffic, "CAMPAIGN") == 0;
    const od_value *detection = od_value_get(params, "AnswerMachineDetectionConfig");
    bool detect = od_value_boolean(od_value_get(detection, "EnableAnswerMachineDetection"));
    if (detect && !campaign)
        return od__vendor_refuse(err, path, "TrafficType",
                                 traffic ? "expected CAMPAIGN (answering machine detection is enabled), got \"GENERAL\""
                                         : "expected CAMPAIGN (answering machine detection is enabled), got nothing");
    if (campaign && !detect)
        return od__vendor_refuse(err, path, "TrafficType",
                                 "expected GENERAL (answering machine detection is not enabled), got \"CAMPAIGN\"");
    return OD_OK;
}

static const od_rule start_rules[] = {
    { "at most 32768 bytes of attributes", rule_attributes },
    { "TrafficType CAMPAIGN exactly when answering machine detection is enabled", rule_traffic },
    OD_RULES_END
};
static const od_shape start_input = { .kind = OD_KIND_STRUCT, .fields = start_fields, .rules = start_rules };

static const od_field start_output_fields[] = {
    { .name = "ContactId", .summary = "id of the contact that was started", .shape = &contact_id, .required = true },
    OD_FIELDS_END
};
static const od_shape start_output = { .kind = OD_KIND_STRUCT, .fields = start_output_fields, .open = true };

/* Per account and region, for all operations that have no rate of their own. */
static const od_rate default_rate = { .per_second = 2, .burst = 5 };

static const od_operation operations[] = {
    { .name = "start_outbound_voice_contact", .vendor_name = "StartOutboundVoiceContact",
      .summary = "calls a number and runs a flow when it is answered",
      .source = "Amazon Connect API Reference, StartOutboundVoiceContact",
      .method = "PUT", .path = "/contact/outbound-voice", .input = &start_input, .output = &start_output,
      .content_type = "application/json", .rate = &default_rate, .rings = true, .repeat = OD_REPEAT_TOKEN,
      .repeat_field = "ClientToken" },
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

/* Returns the first text that the operation promises and the answer lacks; NULL if it has them all. */
static const char *missing(const od_shape *output, const od_value *body) {
    for (const od_field *field = output ? output->fields : NULL; field && field->name; field++) {
        const char *text = od_value_string(od_value_get(body, field->name));
        if (field->required && field->shape->kind == OD_KIND_STRING && (!text || !*text))
            return field->name;
    }
    return NULL;
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
    OD_ERROR_ROWS_UNCERTAIN,
    /* The operation's own. A refusal proves something only with the status of one. */
    OD_ROW_CODE(4, "InvalidRequestException", REJECTED, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "InvalidParameterException", REJECTED, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "ResourceNotFoundException", NOT_FOUND, NOT_PLACED, false, NO),
    OD_ROW_CODE(0, "InternalServiceException", UNAVAILABLE, UNKNOWN, true, TRANSIENT),
    OD_ROW_CODE(4, "DestinationNotAllowedException", REJECTED, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "OutboundContactNotPermittedException", REJECTED, NOT_PLACED, false, NO),
    /* Of the service, not listed for this operation. */
    OD_ROW_CODE(0, "IdempotencyException", CONFLICT, UNKNOWN, false, NO),
    OD_ROW_CODE(0, "ConflictException", CONFLICT, UNKNOWN, false, NO),
    OD_ROW_CODE(4, "ServiceQuotaExceededException", REJECTED, NOT_PLACED, true, NO),
    OD_ROW_CODE(4, "ContactNotFoundException", NOT_FOUND, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "InvalidActiveRegionException", REJECTED, NOT_PLACED, false, NO),
    /* Of the front end of every AWS service. */
    OD_ROW_CODE(4, "AccessDeniedException", PERMISSION, NOT_PLACED, false, NO),
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
    OD_ROW_CODE(4, "InvalidSignatureException", AUTHENTICATION, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "SignatureDoesNotMatch", AUTHENTICATION, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "AuthFailure", AUTHENTICATION, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "RequestExpired", AUTHENTICATION, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "RequestInTheFuture", AUTHENTICATION, NOT_PLACED, false, NO),
    OD_ROW_CODE(4, "RequestTimeTooSkewed", AUTHENTICATION, NOT_PLACED, false, NO),
    OD_ROW_CODE(0, "InternalFailure", UNAVAILABLE, UNKNOWN, true, TRANSIENT),
    OD_ROW_CODE(0, "ServiceUnavailable", UNAVAILABLE, UNKNOWN, true, TRANSIENT),
    OD_ROW_CODE(0, "ServiceUnavailableException", UNAVAILABLE, UNKNOWN, true, TRANSIENT),
    OD_ROW_CODE(0, "RequestTimeoutException", TIMEOUT, UNKNOWN, true, NO),
    OD_ROW_CODE(0, "RequestTimeout", TIMEOUT, UNKNOWN, true, NO),
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
    od_value *made = od_value_new_object();
    if (!made)
        return od__error_no_memory(err);
    status = od__vendor_set_text(made, "DestinationPhoneNumber", call->to, err);
    if (status == OD_OK)
        status = od__vendor_set_text(made, "SourcePhoneNumber", call->from, err);
    if (status == OD_OK)
        status = od__vendor_set_text(made, "ClientToken", call->token, err);
    if (status == OD_OK && call->attributes)
        status = od_value_set(made, "Attributes", od__value_copy(call->attributes), err);
    if (status == OD_OK)
        status = od__vendor_merge(made, call->fields, err);
    if (status == OD_OK)
        status = od__vendor_mark(made, "Attributes", ATTEMPT_ATTRIBUTE, call->token, err);
    return od__vendor_place_end(status, made, params);
}

static bool placed(const od_operation *operation, int http_status, const od_value *params, const od_value *body,
                   od_value **id) {
    (void)operation;
    (void)http_status;
    (void)params;
    const od_value *contact = od_value_get(body, "ContactId");
    *id = contact ? od_value_ref(contact) : NULL;
    return true;
}

const od_vendor od_vendor_amazon_connect = {
    .name = "amazon_connect", .title = "Amazon Connect", .options = &options_shape, .operations = operations,
    .errors = errors, .authorizer = &od_authorizer_sigv4_connect, .base_url = base_url, .read = read_answer,
    .place = place, .placed = placed,
};
