/* Genesys: records of an outbound campaign and its preview sessions. Wire facts: the vendor's pages "AddRecord",
 * "UpdateRecord", "CompleteRecord", "RejectRecord", "RescheduleRecord", "DoNotCallRecord", "GetChainedRecord",
 * "StartPreviewSession", "EndPreviewSession" and "GetPreviewRecord". For CancelRecord no page could be read. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "vendors/genesys.h"

#define LAST_SECOND_OF_DAY 86399
#define PHONE_NUMBER_CHARACTERS 128          /* the calling list's column */
#define LAST_SECOND INT64_C(253402300799)    /* end of the year 9999; milliseconds are beyond it */

/* ---- what several have ---- */

const char *const od_genesys_phone_types[] = {
    "NoContactType", "HomePhone",  "DirectBusinessPhone", "BusinessWithExt", "Mobile",       "VacationPhone",
    "Pager",         "Modem",      "VoiceMail",           "PinPager",        "EmailAddress", "InstantMessaging",
    NULL
};
const od_shape od_genesys_phone_type = { .kind = OD_KIND_STRING, .choices = od_genesys_phone_types };

static od_check_fn check_device_path;
static const od_check device_path_check = {
    "/devices/ and an id", check_device_path, "the path of a device, /devices/ and its id"
};

static od_status check_device_path(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    size_t prefix = strlen(OD_GENESYS_DEVICE_PREFIX);
    bool good = od_value_length(value) > prefix &&
                strncmp(od_value_string(value), OD_GENESYS_DEVICE_PREFIX, prefix) == 0;
    return good ? OD_OK : od__check_fail(&device_path_check, value, path, err);
}

const od_shape od_genesys_device_path = {
    .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &device_path_check
};
static const od_shape record_number = {
    .kind = OD_KIND_STRING, .min = 0, .max = PHONE_NUMBER_CHARACTERS, .empty_is_absent = true
};
static const od_shape second_of_day = { .kind = OD_KIND_INTEGER, .min = 0, .max = LAST_SECOND_OF_DAY };
static const od_shape handle = { .kind = OD_KIND_INTEGER, .min = 0, .max = INT64_MAX };
static const od_shape unix_seconds = {
    .kind = OD_KIND_INTEGER, .min = 1, .max = LAST_SECOND, .expected = "a time in Unix seconds"
};

#define APPLICATION_ID                                                                                       \
    { .name = "applicationId", .summary = "id of the outbound application", .shape = &od_shape_integer,      \
      .required = true, .option = "application_id" }
#define CAMPAIGN_NAME                                                                                        \
    { .name = "campaignName", .summary = "campaign of the record", .shape = &od_shape_filled, .required = true, \
      .option = "campaign_name" }
#define CALLING_LIST                                                                                         \
    { .name = "callingList", .summary = "calling list of the record", .shape = &od_shape_filled, .required = true, \
      .option = "calling_list" }
#define DEVICE_PATH                                                                                          \
    { .name = "devicePath", .summary = "path of the device that the request goes through",                   \
      .shape = &od_genesys_device_path, .required = true, .option = "device_id",                             \
      .option_prefix = OD_GENESYS_DEVICE_PREFIX }
#define REFERENCE_ID                                                                                         \
    { .name = "referenceId", .summary = "comes back in the acknowledgement event; made when absent",         \
      .shape = &od_shape_filled, .make_uuid = true }
#define WAIT OD_GENESYS_WAIT("its acknowledgement has come")
#define RECORD_HANDLE                                                                                        \
    { .name = "recordHandle", .summary = "GSW_RECORD_HANDLE of the record, not its chain", .shape = &handle, \
      .required = true, .place = OD_PLACE_PATH }

/* Which comparison holds past midnight is not documented, so such a window is not sent. */
static od_status rule_window(od_value *params, const char *path, od_error *err) {
    const od_value *start = od_value_get(params, "from"), *end = od_value_get(params, "until");
    int64_t from = od_value_integer(start), until = od_value_integer(end);
    if (!start || !end || from <= until)
        return OD_OK;
    char message[96];
    snprintf(message, sizeof message, "expected a time not before from (%" PRId64 "), got %" PRId64, from, until);
    return od__vendor_refuse(err, path, "until", message);
}
static const od_rule window_rules[] = { { "until not before from", rule_window }, OD_RULES_END };

/* ---- adding ---- */

static const od_field add_record_fields[] = {
    OD_GENESYS_OPERATION_NAME("AddRecord"),
    APPLICATION_ID,
    CAMPAIGN_NAME,
    CALLING_LIST,
    { .name = "phoneNumber", .summary = "number of the record", .shape = &record_number, .required = true },
    { .name = "timeZone", .summary = "time zone of from and until, by its name in the vendor's configuration (GMT)",
      .shape = &od_shape_filled, .required = true, .option = "time_zone" },
    { .name = "phoneType", .summary = "kind of number", .shape = &od_genesys_phone_type, .required = true,
      .option = "phone_type" },
    { .name = "from", .summary = "earliest second of the day for calling", .shape = &second_of_day, .required = true },
    { .name = "until", .summary = "last second of the day for calling, not before from", .shape = &second_of_day,
      .required = true },
    DEVICE_PATH,
    { .name = "chainId", .summary = "chain to add the record to; a new one without it", .shape = &od_shape_integer },
    { .name = "otherFields", .summary = "keys and values kept with the record", .shape = &od_shape_json_object },
    REFERENCE_ID,
    WAIT,
    OD_FIELDS_END
};
const od_shape od_genesys_add_record_input = {
    .kind = OD_KIND_STRUCT, .fields = add_record_fields, .rules = window_rules
};

/* ---- a record at hand ---- */

/* What is absent stays as it is, so no option supplies it. */
static const od_field update_record_fields[] = {
    RECORD_HANDLE,
    OD_GENESYS_OPERATION_NAME("UpdateRecord"),
    APPLICATION_ID,
    CAMPAIGN_NAME,
    DEVICE_PATH,
    { .name = "callingList", .summary = "calling list of the record", .shape = &od_shape_filled },
    { .name = "phoneNumber", .summary = "another number", .shape = &record_number },
    { .name = "timeZone", .summary = "another time zone, by its name in the vendor's configuration",
      .shape = &od_shape_filled },
    { .name = "phoneType", .summary = "another kind of number", .shape = &od_genesys_phone_type },
    { .name = "from", .summary = "earliest second of the day for calling", .shape = &second_of_day },
    { .name = "until", .summary = "last second of the day for calling, not before from", .shape = &second_of_day },
    REFERENCE_ID,
    WAIT,
    OD_FIELDS_END
};
const od_shape od_genesys_update_record_input = {
    .kind = OD_KIND_STRUCT, .fields = update_record_fields, .rules = window_rules
};

static const od_field complete_record_fields[] = {
    RECORD_HANDLE,
    OD_GENESYS_OPERATION_NAME("CompleteRecord"),
    APPLICATION_ID,
    CAMPAIGN_NAME,
    CALLING_LIST,
    DEVICE_PATH,
    { .name = "callResult", .summary = "how the call ended, by a name of the vendor's; passed on as it is",
      .shape = &od_shape_filled },
    { .name = "phoneNumber", .summary = "number of the record", .shape = &record_number },
    REFERENCE_ID,
    WAIT,
    OD_FIELDS_END
};
const od_shape od_genesys_complete_record_input = { .kind = OD_KIND_STRUCT, .fields = complete_record_fields };

static const od_field reject_record_fields[] = {
    RECORD_HANDLE,
    OD_GENESYS_OPERATION_NAME("RejectRecord"),
    APPLICATION_ID,
    CAMPAIGN_NAME,
    CALLING_LIST,
    DEVICE_PATH,
    REFERENCE_ID,
    WAIT,
    OD_FIELDS_END
};
const od_shape od_genesys_reject_record_input = { .kind = OD_KIND_STRUCT, .fields = reject_record_fields };

static const char *const callback_types[] = { "Personal", "Campaign", NULL };
static const od_shape callback_type = { .kind = OD_KIND_STRING, .choices = callback_types };

static const od_field reschedule_record_fields[] = {
    RECORD_HANDLE,
    OD_GENESYS_OPERATION_NAME("RescheduleRecord"),
    APPLICATION_ID,
    CAMPAIGN_NAME,
    DEVICE_PATH,
    { .name = "callbackType", .summary = "Personal: by the same agent; Campaign: by any", .shape = &callback_type,
      .required = true },
    { .name = "timestamp", .summary = "when to call, in Unix seconds", .shape = &unix_seconds, .required = true },
    REFERENCE_ID,
    WAIT,
    OD_FIELDS_END
};
const od_shape od_genesys_reschedule_record_input = { .kind = OD_KIND_STRUCT, .fields = reschedule_record_fields };

static const char *const chain_attributes[] = { "AllChain", "RecordOnly", NULL };
static const od_shape chain_attribute = { .kind = OD_KIND_STRING, .choices = chain_attributes };

static const od_field do_not_call_record_fields[] = {
    RECORD_HANDLE,
    OD_GENESYS_OPERATION_NAME("DoNotCallRecord"),
    APPLICATION_ID,
    CAMPAIGN_NAME,
    CALLING_LIST,
    DEVICE_PATH,
    { .name = "phoneNumber", .summary = "number of the record", .shape = &record_number },
    { .name = "chainAttribute", .summary = "AllChain: the whole person; RecordOnly: this number",
      .shape = &chain_attribute },
    REFERENCE_ID,
    WAIT,
    OD_FIELDS_END
};
const od_shape od_genesys_do_not_call_record_input = { .kind = OD_KIND_STRUCT, .fields = do_not_call_record_fields };

static const od_field chained_record_fields[] = {
    RECORD_HANDLE,
    OD_GENESYS_OPERATION_NAME("GetChainedRecord"),
    APPLICATION_ID,
    CAMPAIGN_NAME,
    DEVICE_PATH,
    REFERENCE_ID,
    WAIT,
    OD_FIELDS_END
};
const od_shape od_genesys_chained_record_input = { .kind = OD_KIND_STRUCT, .fields = chained_record_fields };

/* Modelled on the vendor's other operations of a record: its own page could not be read. */
static const od_field cancel_record_fields[] = {
    RECORD_HANDLE,
    OD_GENESYS_OPERATION_NAME("CancelRecord"),
    APPLICATION_ID,
    CAMPAIGN_NAME,
    CALLING_LIST,
    DEVICE_PATH,
    REFERENCE_ID,
    WAIT,
    OD_FIELDS_END
};
const od_shape od_genesys_cancel_record_input = { .kind = OD_KIND_STRUCT, .fields = cancel_record_fields };

/* ---- preview sessions ---- */

#define CAMPAIGN_OPERATION(its, text)                                                                        \
    static const od_field its##_fields[] = {                                                                \
        { .name = "campaignName", .summary = "campaign to work for", .shape = &od_shape_filled, .required = true, \
          .place = OD_PLACE_PATH, .option = "campaign_name" },                                               \
        OD_GENESYS_OPERATION_NAME(text),                                                                     \
        APPLICATION_ID,                                                                                      \
        DEVICE_PATH,                                                                                         \
        REFERENCE_ID,                                                                                        \
        WAIT,                                                                                                \
        OD_FIELDS_END                                                                                        \
    };                                                                                                       \
    const od_shape od_genesys_##its##_input = { .kind = OD_KIND_STRUCT, .fields = its##_fields };

CAMPAIGN_OPERATION(start_preview, "StartPreviewSession")
CAMPAIGN_OPERATION(end_preview, "EndPreviewSession")
CAMPAIGN_OPERATION(preview_record, "GetPreviewRecord")

/* ---- output of all that is only passed on ---- */

static const od_field accepted_fields[] = {
    { .name = "statusCode", .summary = "0: passed on; what becomes of it is told by events",
      .shape = &od_shape_integer, .required = true },
    OD_FIELDS_END
};
const od_shape od_genesys_accepted = { .kind = OD_KIND_STRUCT, .fields = accepted_fields, .open = true };
