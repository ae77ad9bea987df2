/* Symbee Connect: records of preview and progressive campaigns. Wire facts: the vendor's page "Preview Campaign
 * Realtime API". */
#include "vendors/symbee.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

#define DEFAULT_REGION "us-east-1"

/* ---- client options ---- */

static const char *const host_regions[] = {
    "us-east-1",      "us-west-2",      "ca-central-1",   "eu-west-2",  "eu-central-1", "ap-southeast-1",
    "ap-southeast-2", "ap-northeast-1", "ap-northeast-2", "af-south-1", NULL
};
static const od_shape host_region = { .kind = OD_KIND_STRING, .choices = host_regions, .empty_is_absent = true };

static const od_shape secrets_endpoint = { .kind = OD_KIND_STRING, .check = &od_check_base_url };

static const od_field option_fields[] = {
    { .name = "company_code", .summary = "company alias", .shape = &od_shape_header_value, .required = true },
    { .name = "environment", .summary = "name of the environment", .shape = &od_shape_header_value, .required = true },
    { .name = "region", .summary = "region of the environment, for the host name", .shape = &host_region,
      .default_text = DEFAULT_REGION },
    { .name = "secrets_region", .summary = "region where the API key is kept, told to the vendor",
      .shape = &od_shape_aws_region, .default_text = DEFAULT_REGION },
    { .name = "campaign_region", .summary = "region of the campaigns", .shape = &od_shape_aws_region,
      .required = true },
    { .name = "api_key", .summary = "API key; without it SYMBEE_CONNECT_API_KEY is read from AWS Secrets Manager",
      .shape = &od_shape_secret },
    { .name = "credentials", .summary = "AWS keys for Secrets Manager; without them the usual places are tried",
      .shape = &od_shape_aws_credentials },
    { .name = "profile", .summary = "profile of the shared AWS files to take these keys from",
      .shape = &od_shape_filled },
    { .name = "secrets_endpoint", .summary = "address of Secrets Manager instead of AWS's own",
      .shape = &secrets_endpoint },
    { .name = "campaign_name", .summary = "default campaignName of operations", .shape = &od_shape_filled },
    { .name = "allow_record_id", .summary = "true: records may be replaced by the vendor's id, at the risk of a second",
      .shape = &od_shape_boolean },
    { .name = "work_codes", .summary = "what your agents' work codes mean: { [\"code\" or \"group/code\"] = outcome }",
      .shape = &od__symbee_work_codes },
    OD_FIELDS_END
};

/* Three regions, none derived from another. */
static const od_shape options_shape = { .kind = OD_KIND_STRUCT, .fields = option_fields };

static od_status base_url(const od_value *options, char *out, size_t out_bytes, od_error *err) {
    const char *region = od__vendor_option(options, "region", DEFAULT_REGION);
    bool plain = strcmp(region, DEFAULT_REGION) == 0;
    int length = snprintf(out, out_bytes, "https://%s%ssymbeeconnect.com:9443", plain ? "" : region,
                          plain ? "" : ".");
    return od__vendor_url_end(length, out_bytes, err);
}

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

/* Where NORECORDFOUND stands is not documented: as the status, or as the error of FAILED. */
#define NO_RECORD_ROWS(http)                                                                                       \
    OD_ROW_CODE(http, "NORECORDFOUND", NOT_FOUND, NOT_PLACED, false, NO),                                          \
    { .http_status = (http), .vendor_code = "FAILED", .message = "*NORECORDFOUND*", .enveloped = 1,                \
      .code = OD_NOT_FOUND, .placement = OD_PLACEMENT_NOT_PLACED }

static const od_error_row errors[] = {
    OD_ERROR_ROWS_UNCERTAIN,
    NO_RECORD_ROWS(200),
    NO_RECORD_ROWS(4),
    OD_ROW_CODE(200, "INVALIDCLIENTID", REJECTED, NOT_PLACED, false, NO),
    OD_ROW_CODE(200, "INVALIDRECORDDATAKEY", REJECTED, NOT_PLACED, false, NO),
    OD_ROW_CODE(0, "FAILED", REJECTED, UNKNOWN, false, NO),
    OD_ERROR_ROWS_GENERAL
};

/* ---- the neutral call: see symbee_placing.c ---- */

static od_handoff handoff(const od_operation *operation, const od_value *params) {
    (void)operation;
    (void)params;
    return OD_HANDOFF_LATER;
}

/* ---- the account: a company's environment; there a record is in a campaign of a region; its rate is the company's ---- */

static od_status account(const od_value *options, const char *(*get_env)(const char *name), char *out,
                         size_t out_bytes, od_error *err) {
    (void)get_env;
    int length = snprintf(out, out_bytes, "%s %s", od__vendor_option(options, "company_code", ""),
                          od__vendor_option(options, "environment", ""));
    return od__vendor_url_end(length, out_bytes, err);
}

static const char *const where[] = { "region", "campaignName", NULL };

static od_status rate_scope(const od_value *options, char *out, size_t out_bytes, od_error *err) {
    return od__vendor_url_end(snprintf(out, out_bytes, "%s", od__vendor_option(options, "company_code", "")), out_bytes,
                              err);
}

const od_vendor od_vendor_symbee = {
    .name = "symbee", .title = "Symbee Connect", .options = &options_shape, .operations = od__symbee_operations,
    .errors = errors, .authorizer = &od_authorizer_secret_key, .base_url = base_url, .read = read_answer,
    .place = od__symbee_place, .placed = od__symbee_placed, .stages = &od__symbee_stages,
    .following = &od__symbee_following, .withdrawing = &od__symbee_withdrawing,
    .account = account, .where = where, .rate_scope = rate_scope, .handoff = handoff,
};
