/* Symbee Connect: records of preview and progressive campaigns. Wire facts: the vendor's page "Preview Campaign
 * Realtime API". */
#include "vendors/symbee.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

#define DEFAULT_REGION "us-east-1"
#define FIRST_PLAUSIBLE_MS 100000000000   /* less is a time in seconds (1973, were it milliseconds) */
#define LAST_PLAUSIBLE_MS 253402300799999 /* the end of the year 9999 */
#define ATTEMPT_KEY "outdial_attempt"

/* ---- client options ---- */

static const char *const host_regions[] = {
    "us-east-1",      "us-west-2",      "ca-central-1",   "eu-west-2",  "eu-central-1", "ap-southeast-1",
    "ap-southeast-2", "ap-northeast-1", "ap-northeast-2", "af-south-1", NULL
};
static const od_shape host_region = { .kind = OD_KIND_STRING, .choices = host_regions, .empty_is_absent = true };

static const od_field option_fields[] = {
    { .name = "company_code", .summary = "company alias", .shape = &od_shape_header_value, .required = true },
    { .name = "environment", .summary = "name of the environment", .shape = &od_shape_header_value, .required = true },
    { .name = "region", .summary = "region of the environment, for the host name; default us-east-1",
      .shape = &host_region },
    { .name = "secrets_region", .summary = "region where the API key is kept, told to the vendor; default us-east-1",
      .shape = &od_shape_aws_region },
    { .name = "campaign_region", .summary = "region of the campaigns", .shape = &od_shape_aws_region,
      .required = true },
    { .name = "api_key", .summary = "API key (SYMBEE_CONNECT_API_KEY)", .shape = &od_shape_secret, .required = true },
    { .name = "campaign_name", .summary = "default campaignName of operations", .shape = &od_shape_filled },
    OD_FIELDS_END
};

/* Three regions, none derived from another. */
static od_status rule_regions(od_value *options, const char *path, od_error *err) {
    (void)path;
    static const char *const names[] = { "region", "secrets_region" };
    for (size_t i = 0; i < 2; i++) {
        if (od_value_get(options, names[i]))
            continue;
        od_status status = od__vendor_set_text(options, names[i], DEFAULT_REGION, err);
        if (status != OD_OK)
            return status;
    }
    return OD_OK;
}
static const od_rule option_rules[] = { { "regions are us-east-1 unless given", rule_regions }, OD_RULES_END };
static const od_shape options_shape = { .kind = OD_KIND_STRUCT, .fields = option_fields, .rules = option_rules };

static od_status base_url(const od_value *options, char *out, size_t out_bytes, od_error *err) {
    const char *region = od__vendor_option(options, "region", DEFAULT_REGION);
    bool plain = strcmp(region, DEFAULT_REGION) == 0;
    int length = snprintf(out, out_bytes, "https://%s%ssymbeeconnect.com:9443", plain ? "" : region,
                          plain ? "" : ".");
    return od__vendor_url_end(length, out_bytes, err);
}

/* ---- add_or_update_campaign_record ---- */

/* What proves who asks is added by the authorizer. */
static const od_field headers[] = {
    { .name = "platform", .wire_name = "X-sc-platform-code", .summary = "always AWS Connect", .shape = &od_shape_text,
      .place = OD_PLACE_HEADER, .constant = "AWS Connect" },
    { .name = "company_code", .wire_name = "X-sc-company-code", .summary = "company alias", .shape = &od_shape_text,
      .place = OD_PLACE_HEADER, .option = "company_code" },
    { .name = "environment", .wire_name = "X-sc-company-environment", .summary = "environment",
      .shape = &od_shape_text, .place = OD_PLACE_HEADER, .option = "environment" },
    { .name = "secrets_region", .wire_name = "X-sc-secrets-region", .summary = "region where the API key is kept",
      .shape = &od_shape_text, .place = OD_PLACE_HEADER, .option = "secrets_region" },
    OD_FIELDS_END
};

static const od_shape instant_ms = {
    .kind = OD_KIND_INTEGER, .min = FIRST_PLAUSIBLE_MS, .max = LAST_PLAUSIBLE_MS,
    .expected = "Unix time in milliseconds"
};
static const char *const record_aliases[] = { "previewRecordID", "PreviewRecordId", NULL };
static const char *const client_aliases[] = { "ClientId", NULL };

/* In every action's body. */
#define FIELDS_OF_ALL                                                                                              \
    { .name = "platform", .summary = "always AWS Connect", .shape = &od_shape_text, .required = true,              \
      .constant = "AWS Connect" },                                                                                 \
    { .name = "companyCode", .summary = "company alias, the client's company_code", .shape = &od_shape_filled,     \
      .required = true, .option = "company_code" },                                                                \
    { .name = "environment", .summary = "environment, the client's", .shape = &od_shape_filled, .required = true,  \
      .option = "environment" },                                                                                   \
    { .name = "campaignName", .summary = "campaign, in its exact case", .shape = &od_shape_filled,                 \
      .required = true, .option = "campaign_name" },                                                               \
    { .name = "region", .summary = "region of the campaign, the client's campaign_region",                         \
      .shape = &od_shape_aws_region, .required = true, .option = "campaign_region" }

static const od_field record_fields[] = {
    FIELDS_OF_ALL,
    { .name = "previewRecordId", .summary = "record to replace, by the vendor's id; with it a repetition may add a "
      "second record", .shape = &od_shape_filled, .aliases = record_aliases },
    { .name = "clientId", .summary = "your id of the person, unique in the campaign: the same id is the same record",
      .shape = &od_shape_filled, .required = true, .aliases = client_aliases },
    { .name = "clientIdFieldName", .summary = "key under which clientId is shown, default Id",
      .shape = &od_shape_filled },
    { .name = "preferredAgent", .summary = "agent who gets the record if free within 30 minutes",
      .shape = &od_shape_text },
    { .name = "nextEarliestWorkTimeUTC", .summary = "not before this time, in Unix milliseconds",
      .shape = &instant_ms },
    { .name = "previewRecordData", .summary = "all data of the record: replaces what was stored",
      .shape = &od__symbee_data, .required = true },
    OD_FIELDS_END
};
static const od_rule record_rules[] = {
    { "each key once, none that of clientIdFieldName; Highlight and Hidden name keys that are there",
      od__symbee_rule_keys },
    OD_RULES_END
};
static const od_shape record_input = { .kind = OD_KIND_STRUCT, .fields = record_fields, .rules = record_rules };

static const od_field result_fields[] = {
    { .name = "previewResultStatus", .summary = "SUCCESS", .shape = &od_shape_text, .required = true },
    { .name = "error", .summary = "nothing, after success", .shape = &od_shape_text },
    OD_FIELDS_END
};
static const od_shape result = { .kind = OD_KIND_STRUCT, .fields = result_fields, .open = true };
static const od_field output_fields[] = {
    { .name = "previewResult", .summary = "what became of the request", .shape = &result, .required = true },
    OD_FIELDS_END
};
static const od_shape output = { .kind = OD_KIND_STRUCT, .fields = output_fields, .open = true };

#define ACTION_PATH "/symbee-previewcontact-service/svc/rs/PreviewContactServiceExternal/"

/* The same clientId is the same record, but only for a while: after the record was worked or removed, a late repetition
 * would bring it back. So it is a token, not a safe repetition. */
static const od_operation operations[] = {
    { .name = "add_or_update_campaign_record", .vendor_name = "AddOrUpdateCampaignRecord",
      .summary = "puts a person into a campaign, or replaces the record of that person",
      .source = "Symbee Connect, Preview Campaign Realtime API, AddOrUpdateCampaignRecord", .method = "POST",
      .path = ACTION_PATH "addOrUpdateCampaignRecord", .input = &record_input, .output = &output,
      .content_type = "application/json", .headers = headers, .rings = true, .repeat = OD_REPEAT_TOKEN,
      .repeat_field = "clientId", .repeat_unless = "previewRecordId" },
    { .name = NULL }
};

/* ---- answers ---- */

/* HTTP 200 is no success by itself: the status inside is. */
static void read_answer(const od_operation *operation, const od_http_response *response, const od_value *body,
                        od_answer *out) {
    (void)operation;
    const od_value *inner = od_value_get(body, "previewResult");
    const char *status = od_value_string(od_value_get(inner, "previewResultStatus"));
    out->success = response->status == 200 && status && strcasecmp(status, "SUCCESS") == 0;
    out->enveloped = status && *status;
    if (out->success)
        return;
    if (!status && od__vendor_http_success(response->status))
        od__vendor_answer_lacks(out, "previewResult");
    if (status && strcasecmp(status, "SUCCESS") != 0)
        od__vendor_answer_text(out->vendor_code, sizeof out->vendor_code, od_value_get(inner, "previewResultStatus"));
    od__vendor_answer_text(out->message, sizeof out->message, od_value_get(inner, "error"));
    od__vendor_answer_raw(out, response);
}

static const od_error_row errors[] = {
    OD_ROW_CODE(200, "NORECORDFOUND", NOT_FOUND, NOT_PLACED, false, NO),
    { .http_status = 200, .vendor_code = "FAILED", .message = "*NORECORDFOUND*", .enveloped = 1, .code = OD_NOT_FOUND,
      .placement = OD_PLACEMENT_NOT_PLACED },
    OD_ROW_CODE(200, "INVALIDCLIENTID", REJECTED, NOT_PLACED, false, NO),
    OD_ROW_CODE(200, "INVALIDRECORDDATAKEY", REJECTED, NOT_PLACED, false, NO),
    OD_ROW_CODE(0, "FAILED", REJECTED, UNKNOWN, false, NO),
    OD_ERROR_ROWS_UNCERTAIN,
    OD_ERROR_ROWS_GENERAL
};

/* ---- neutral call ---- */

/* Adds the attempt's key to what is hidden from the agent. */
static od_status hide_attempt(od_value *list, od_error *err) {
    const od_value *hidden = od__symbee_data_get(list, "Hidden");
    size_t length = od_value_length(hidden);
    if (length == 0 || !od_value_string(hidden))
        return od__symbee_data_set(list, "Hidden", od_value_new_string(ATTEMPT_KEY), err);
    od_buffer names;
    od__buffer_init(&names, OD_LIMIT_REQUEST_BYTES);
    od__buffer_add(&names, od_value_string(hidden), length);
    od__buffer_add_text(&names, "|" ATTEMPT_KEY);
    od_value *joined = names.failed ? NULL : od_value_new_string_n(od__buffer_text(&names), names.length);
    od__buffer_clear(&names);
    return od__symbee_data_set(list, "Hidden", joined, err);
}

static od_status place_data(const od_call *call, const od_value *given, od_value *list, od_error *err) {
    const char *name = call->contact ? call->contact : call->to;
    od_status status = od__symbee_data_set(list, "Name", od_value_new_string(name ? name : ""), err);
    if (status == OD_OK && call->to)
        status = od__symbee_data_set(list, "phone", od_value_new_string(call->to), err);
    if (status == OD_OK && call->attributes)
        status = od__symbee_data_overlay(list, call->attributes, err);
    if (status == OD_OK && given)
        status = od__symbee_data_overlay(list, given, err);
    if (status == OD_OK && call->token) {
        status = od__symbee_data_set(list, ATTEMPT_KEY, od_value_new_string(call->token), err);
        if (status == OD_OK)
            status = hide_attempt(list, err);
    }
    return status;
}

static od_status place(const od_vendor *vendor, const od_value *options, const od_call *call,
                       const od_operation **operation, od_value **params, const char **dropped, od_error *err) {
    (void)options;
    od_status status = od__vendor_operation(vendor, "add_or_update_campaign_record", operation, err);
    if (status != OD_OK)
        return status;
    const od_value *given = od_value_get(call->fields, "previewRecordData");
    /* What is neither table nor list stays as it is, for the shape to refuse. */
    bool readable = !given || od_value_type(given) == OD_TYPE_OBJECT || od_value_type(given) == OD_TYPE_ARRAY;
    od_value *made = od_value_new_object(), *list = od_value_new_array();
    if (!made || !list)
        status = od__error_no_memory(err);
    if (status == OD_OK && readable)
        status = place_data(call, given, list, err);
    if (status == OD_OK)
        status = od__vendor_set_text(made, "clientId", call->contact ? call->contact : call->to, err);
    if (status == OD_OK)
        status = od__vendor_merge(made, call->fields, err);
    if (status == OD_OK && readable)
        status = od_value_set(made, "previewRecordData", od_value_ref(list), err);
    od_value_unref(list);
    if (call->from)
        *dropped = "from is left out: a Symbee record has no place for the number shown";
    return od__vendor_place_end(status, made, params);
}

/* The campaign delivers the record to an agent at a time of its own choosing, and the answer names no id (R6). */
static bool placed(const od_operation *operation, int http_status, const od_value *params, const od_value *body,
                   od_value **id) {
    (void)operation;
    (void)http_status;
    (void)params;
    (void)body;
    *id = NULL;
    return false;
}

const od_vendor od_vendor_symbee = {
    .name = "symbee", .title = "Symbee Connect", .options = &options_shape, .operations = operations,
    .errors = errors, .authorizer = &od_authorizer_secret_key, .base_url = base_url, .read = read_answer,
    .place = place, .placed = placed,
};
