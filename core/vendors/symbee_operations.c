/* The five actions of Symbee's Preview Campaign Realtime API: their fields, rules and what may be repeated. */
#include "vendors/symbee.h"

#include <string.h>

#include "base/error.h"

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

static const char *const record_aliases[] = { "previewRecordID", "PreviewRecordId", NULL };
static const char *const client_aliases[] = { "ClientId", NULL };
static const od_shape work_state = { .kind = OD_KIND_STRING, .choices = od__symbee_states };
static const od_shape max_records = { .kind = OD_KIND_INTEGER, .min = 1, .max = INT32_MAX };

/* In every action's body. Company and environment travel in headers as well, and the two must agree. */
#define FIELDS_OF_ALL                                                                                              \
    { .name = "platform", .summary = "always AWS Connect", .shape = &od_shape_text, .required = true,              \
      .constant = "AWS Connect" },                                                                                 \
    { .name = "companyCode", .summary = "company alias, the client's company_code", .shape = &od_shape_filled,     \
      .required = true, .option = "company_code", .option_only = true },                                           \
    { .name = "environment", .summary = "environment, the client's", .shape = &od_shape_filled, .required = true,  \
      .option = "environment", .option_only = true },                                                              \
    { .name = "region", .summary = "region of the campaign, the client's campaign_region",                         \
      .shape = &od_shape_aws_region, .required = true, .option = "campaign_region" },                              \
    { .name = "campaignName", .summary = "campaign, in its exact case", .shape = &od_shape_filled,                 \
      .required = true, .option = "campaign_name" }

/* One of the two says which record. */
#define FIELDS_OF_LOCATOR                                                                                          \
    { .name = "previewRecordId", .summary = "the record, by the vendor's id", .shape = &od_shape_filled,           \
      .aliases = record_aliases },                                                                                 \
    { .name = "clientId", .summary = "the record, by your id of the person", .shape = &od_shape_filled,            \
      .aliases = client_aliases }

/* What an agent's work on a record depends on, settable with a new state or campaign. */
#define FIELDS_OF_WORK                                                                                             \
    { .name = "skillQueue", .summary = "skill queue to move the record to", .shape = &od_shape_filled },           \
    { .name = "nextEarliestWorkTimeUTC", .summary = "not before this time, in Unix milliseconds",                  \
      .shape = &od__symbee_instant },                                                                              \
    { .name = "preferredAgent", .summary = "agent who gets the record if free within 30 minutes; empty: nobody",   \
      .shape = &od_shape_text },                                                                                   \
    { .name = "timeZone", .summary = "the person's time zone", .shape = &od__symbee_zone }

static od_status rule_locator(od_value *params, const char *path, od_error *err) {
    bool record = od_value_get(params, "previewRecordId") != NULL, client = od_value_get(params, "clientId") != NULL;
    if (record && client)
        return od__vendor_refuse(err, path, "clientId",
                                 "expected clientId or previewRecordId, got both: the vendor would ignore clientId");
    if (record || client)
        return OD_OK;
    return od__vendor_refuse(err, path, "clientId", "expected clientId or previewRecordId, got neither");
}

/* ---- add_or_update_campaign_record ---- */

static const od_field record_fields[] = {
    FIELDS_OF_ALL,
    { .name = "previewRecordId", .summary = "record to replace, by the vendor's id; needs allow_record_id",
      .shape = &od_shape_filled, .aliases = record_aliases },
    { .name = "clientIdFieldName", .summary = "key under which clientId is shown, default Id",
      .shape = &od_shape_filled },
    { .name = "clientId", .summary = "your id of the person, unique in the campaign: the same id is the same record",
      .shape = &od_shape_filled, .required = true, .aliases = client_aliases },
    { .name = "preferredAgent", .summary = "agent who gets the record if free within 30 minutes",
      .shape = &od_shape_text },
    { .name = "nextEarliestWorkTimeUTC", .summary = "not before this time, in Unix milliseconds",
      .shape = &od__symbee_instant },
    { .name = "previewRecordData", .summary = "all data of the record: replaces what was stored",
      .shape = &od__symbee_data, .required = true },
    { .name = "allow_record_id", .summary = "true: previewRecordId may be given, though one that is gone adds a record",
      .shape = &od_shape_boolean, .place = OD_PLACE_NOWHERE, .option = "allow_record_id", .default_text = "false" },
    OD_FIELDS_END
};

/* By clientId the same person stays the same record. By the vendor's id, one that is gone adds a second record. */
static od_status rule_record_id(od_value *params, const char *path, od_error *err) {
    if (!od_value_get(params, "previewRecordId") || od_value_boolean(od_value_get(params, "allow_record_id")))
        return OD_OK;
    return od__vendor_refuse(err, path, "previewRecordId",
                             "expected no record id: one that is gone adds a second record; clientId finds the record, "
                             "and allow_record_id = true permits the id");
}
static const od_rule record_rules[] = {
    { "previewRecordId only with allow_record_id", rule_record_id },
    { "each key once, none that of clientIdFieldName; Highlight and Hidden name keys that are there",
      od__symbee_rule_keys },
    OD_RULES_END
};
static const od_shape record_input = { .kind = OD_KIND_STRUCT, .fields = record_fields, .rules = record_rules };

/* ---- search_preview_campaign ---- */

static const od_field search_fields[] = {
    FIELDS_OF_ALL,
    FIELDS_OF_LOCATOR,
    { .name = "maxRecords", .summary = "most records that criteria find, default 1000", .shape = &max_records },
    { .name = "previewRecordData", .summary = "criteria; a table means that all are equal",
      .shape = &od__symbee_criteria },
    OD_FIELDS_END
};
static const od_rule search_rules[] = {
    { "clientId, previewRecordId or criteria", od__symbee_rule_search }, OD_RULES_END
};
static const od_shape search_input = { .kind = OD_KIND_STRUCT, .fields = search_fields, .rules = search_rules };

/* ---- change_campaign_record_status ---- */

static const od_field change_fields[] = {
    FIELDS_OF_ALL,
    FIELDS_OF_LOCATOR,
    FIELDS_OF_WORK,
    { .name = "previewRecordStateEnum", .summary = "NOTWORKED and WORKED are called (again)", .shape = &work_state,
      .required = true },
    OD_FIELDS_END
};
static od_status rule_worked(od_value *params, const char *path, od_error *err) {
    const char *wanted = od_value_string(od_value_get(params, "previewRecordStateEnum"));
    if (strcmp(wanted, "WORKED") != 0 || od_value_get(params, "nextEarliestWorkTimeUTC"))
        return OD_OK;
    return od__vendor_refuse(err, path, "nextEarliestWorkTimeUTC",
                             "expected Unix time in milliseconds with state WORKED, got nothing");
}
static const od_rule change_rules[] = {
    { "clientId or previewRecordId", rule_locator }, { "WORKED needs nextEarliestWorkTimeUTC", rule_worked }, OD_RULES_END
};
static const od_shape change_input = { .kind = OD_KIND_STRUCT, .fields = change_fields, .rules = change_rules };
static const char *const final_states[] = { "COMPLETED", "REMOVED", NULL };

/* ---- transfer_campaign_record ---- */

static const od_field transfer_fields[] = {
    FIELDS_OF_ALL,
    FIELDS_OF_LOCATOR,
    { .name = "transferToCampaign", .summary = "campaign to move the record to, in its exact case",
      .shape = &od_shape_filled, .required = true },
    FIELDS_OF_WORK,
    OD_FIELDS_END
};
static od_status rule_target(od_value *params, const char *path, od_error *err) {
    const char *from = od_value_string(od_value_get(params, "campaignName"));
    const char *to = od_value_string(od_value_get(params, "transferToCampaign"));
    if (!from || strcmp(from, to) != 0 || od_value_get(params, "skillQueue"))
        return OD_OK;
    return od__vendor_refuse(err, path, "transferToCampaign", "expected another campaign, or a skillQueue to change");
}
static const od_rule transfer_rules[] = {
    { "clientId or previewRecordId", rule_locator },
    { "another campaign, or a skillQueue", rule_target },
    OD_RULES_END
};
static const od_shape transfer_input = { .kind = OD_KIND_STRUCT, .fields = transfer_fields, .rules = transfer_rules };

/* ---- delete_record_from_campaign ---- */

static const od_field delete_fields[] = { FIELDS_OF_ALL, FIELDS_OF_LOCATOR, OD_FIELDS_END };
static const od_rule delete_rules[] = { { "clientId or previewRecordId", rule_locator }, OD_RULES_END };
static const od_shape delete_input = { .kind = OD_KIND_STRUCT, .fields = delete_fields, .rules = delete_rules };

/* ---- answers ---- */

static const od_field result_fields[] = {
    { .name = "previewResultStatus", .summary = "SUCCESS", .shape = &od_shape_text, .required = true },
    { .name = "error", .summary = "nothing, after success", .shape = &od_shape_text },
    OD_FIELDS_END
};
static const od_shape result = { .kind = OD_KIND_STRUCT, .fields = result_fields, .open = true };

#define FIELDS_OF_ANSWER                                                                                           \
    { .name = "campaignName", .summary = "the campaign, with platform, companyCode, environment and region",       \
      .shape = &od_shape_text },                                                                                   \
    { .name = "previewResult", .summary = "what became of the request", .shape = &result, .required = true }

static const od_field output_fields[] = { FIELDS_OF_ANSWER, OD_FIELDS_END };
static const od_shape output = { .kind = OD_KIND_STRUCT, .fields = output_fields, .open = true };
static const od_field search_output_fields[] = {
    FIELDS_OF_ANSWER,
    { .name = "previewRecordClientData", .summary = "the records found", .shape = &od__symbee_records },
    { .name = "truncated", .summary = "true: as many as maxRecords allows, so there may be more",
      .shape = &od_shape_boolean },
    OD_FIELDS_END
};
static const od_shape search_output = { .kind = OD_KIND_STRUCT, .fields = search_output_fields, .open = true };

/* ---- the table ---- */

#define SOURCE "Symbee Connect, Preview Campaign Realtime API, "
#define ACTION_PATH "/symbee-previewcontact-service/svc/rs/PreviewContactServiceExternal/"
#define ACTION(own, vendors, path_end)                                                                             \
    .name = own, .vendor_name = vendors, .source = SOURCE vendors, .method = "POST", .path = ACTION_PATH path_end,  \
    .content_type = "application/json", .headers = headers

const od_operation od__symbee_operations[] = {
    /* The same clientId is the same record, but only for a while: after the record was worked or removed, a late
     * repetition would bring it back. So it is a token, not a safe repetition. */
    { ACTION("add_or_update_campaign_record", "AddOrUpdateCampaignRecord", "addOrUpdateCampaignRecord"),
      .summary = "puts a person into a campaign, or replaces the record of that person",
      .input = &record_input, .output = &output, .rings = true, .repeat = OD_REPEAT_TOKEN, .repeat_field = "clientId",
      .repeat_unless = "previewRecordId" },
    { ACTION("search_preview_campaign", "SearchPreviewCampaign", "searchPreviewCampaign"),
      .summary = "finds one record by its id, or those that meet criteria", .input = &search_input,
      .output = &search_output, .repeat = OD_REPEAT_SAFE, .refine = od__symbee_refine_search },
    /* A record may have been worked meanwhile, and a late repetition would call that person again: whoever lost the
     * answer searches first. A final state rings nobody, however often it is set. */
    { ACTION("change_campaign_record_status", "ChangeCampaignRecordStatus", "changeCampaignRecordStatus"),
      .summary = "sets the state of a record: to be called (again), completed, or removed",
      .input = &change_input, .output = &output, .rings = true, .repeat = OD_REPEAT_NEVER,
      .quiet_field = "previewRecordStateEnum", .quiet_values = final_states },
    /* A second try finds nothing in the campaign it left: whoever lost the answer searches the other one. */
    { ACTION("transfer_campaign_record", "TransferCampaignRecord", "transferCampaignRecord"),
      .summary = "moves a record to another campaign or skill queue", .input = &transfer_input, .output = &output,
      .rings = true, .repeat = OD_REPEAT_NEVER },
    { ACTION("delete_record_from_campaign", "DeleteRecordFromCampaign", "deleteRecordFromCampaign"),
      .summary = "removes a record from a campaign", .input = &delete_input, .output = &output,
      .repeat = OD_REPEAT_SAFE, .done_earlier = OD_NOT_FOUND },
    { .name = NULL }
};
