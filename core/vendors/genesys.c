/* Genesys Web Services (Engage, REST API v2): dialling on a device and adding outbound records. Wire facts: the
 * vendor's pages "Dial", "AddRecord", "Return Values" and "CSRF protection". */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "vendors/vendor.h"

#define LAST_SECOND_OF_DAY 86399
#define PHONE_NUMBER_CHARACTERS 128  /* the calling list's column */
#define DEVICE_PATH_PREFIX "/devices/"
#define CSRF_REFUSAL "Missing or invalid Csrf token"
#define ATTEMPT_KEY "outdial"

/* ---- client options ---- */

static const char *const phone_types[] = {
    "NoContactType", "HomePhone",  "DirectBusinessPhone", "BusinessWithExt", "Mobile",       "VacationPhone",
    "Pager",         "Modem",      "VoiceMail",           "PinPager",        "EmailAddress", "InstantMessaging",
    NULL
};
static const char *const ways[] = { "dial", "add_record", NULL };
static const od_shape phone_type = { .kind = OD_KIND_STRING, .choices = phone_types };
static const od_shape way = { .kind = OD_KIND_STRING, .choices = ways };
static const od_shape service_url = { .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &od_check_base_url };
static const od_shape user_name = { .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &od_check_basic_user };
static const od_shape password = { .kind = OD_KIND_STRING, .sensitive = true };

static const od_field option_fields[] = {
    { .name = "base_url", .summary = "address of the web services, without /api", .shape = &service_url,
      .required = true },
    { .name = "username", .summary = "user of Basic authentication", .shape = &user_name, .required = true },
    { .name = "password", .summary = "password of Basic authentication; may be empty", .shape = &password,
      .required = true },
    { .name = "device_id", .summary = "default device of calls and records", .shape = &od_shape_filled },
    { .name = "devices", .summary = "devices that a campaign may dial on", .shape = &od_shape_seats },
    { .name = "open_per_seat", .summary = "open calls at once per device; default 1", .shape = &od_shape_per_seat,
      .has_default_integer = true, .default_integer = 1 },
    { .name = "location", .summary = "default location of calls", .shape = &od_shape_filled },
    { .name = "outbound_caller_id", .summary = "default outboundCallerId of calls", .shape = &od_shape_filled },
    { .name = "application_id", .summary = "default applicationId of records", .shape = &od_shape_integer },
    { .name = "campaign_name", .summary = "default campaignName of records", .shape = &od_shape_filled },
    { .name = "calling_list", .summary = "default callingList of records", .shape = &od_shape_filled },
    { .name = "time_zone", .summary = "default timeZone of records", .shape = &od_shape_filled },
    { .name = "phone_type", .summary = "default phoneType of records", .shape = &phone_type },
    { .name = "notifications_path", .summary = "path of the notifications; default /api/v2/notifications",
      .shape = &od_shape_url_path },
    { .name = "place_call_with", .summary = "operation of place_call: dial (default) or add_record", .shape = &way },
    OD_FIELDS_END
};
static const od_shape options_shape = { .kind = OD_KIND_STRUCT, .fields = option_fields };

static od_status base_url(const od_value *options, char *out, size_t out_bytes, od_error *err) {
    const char *url = od__vendor_option(options, "base_url", "");
    size_t length = strlen(url);
    while (length > 0 && url[length - 1] == '/')
        length--;
    return od__vendor_url_end(snprintf(out, out_bytes, "%.*s", (int)length, url), out_bytes, err);
}

/* ---- dial ---- */

static const od_shape dialled_number = {
    .kind = OD_KIND_STRING, .empty_is_absent = true, .expected = "a number or extension"
};
static const od_field destination_fields[] = {
    { .name = "phoneNumber", .summary = "number or extension to dial", .shape = &dialled_number, .required = true },
    OD_FIELDS_END
};
static const od_shape destination = { .kind = OD_KIND_STRUCT, .fields = destination_fields };
static const char *const device_aliases[] = { "id", "device_id", NULL };

static const od_field dial_fields[] = {
    { .name = "deviceId", .summary = "device that dials", .shape = &od_shape_filled, .required = true,
      .place = OD_PLACE_PATH, .option = "device_id", .aliases = device_aliases },
    { .name = "operationName", .summary = "always Dial", .shape = &od_shape_text, .required = true,
      .constant = "Dial" },
    { .name = "destination", .summary = "whom to call", .shape = &destination, .required = true },
    { .name = "location", .summary = "location attribute of the telephony request", .shape = &od_shape_filled,
      .option = "location" },
    { .name = "userData", .summary = "keys and values attached to the call", .shape = &od_shape_json_object },
    { .name = "outboundCallerId", .summary = "number shown to the called party", .shape = &od_shape_filled,
      .option = "outbound_caller_id" },
    OD_FIELDS_END
};
static const od_shape dial_input = { .kind = OD_KIND_STRUCT, .fields = dial_fields };

/* ---- add_record ---- */

static od_check_fn check_device_path;
static const od_check device_path_check = {
    "/devices/ and an id", check_device_path, "the path of a device, /devices/ and its id"
};

static od_status check_device_path(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    size_t prefix = strlen(DEVICE_PATH_PREFIX);
    bool good = od_value_length(value) > prefix && strncmp(od_value_string(value), DEVICE_PATH_PREFIX, prefix) == 0;
    return good ? OD_OK : od__check_fail(&device_path_check, value, path, err);
}

static const od_shape device_path = { .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &device_path_check };
static const od_shape record_number = {
    .kind = OD_KIND_STRING, .min = 0, .max = PHONE_NUMBER_CHARACTERS, .empty_is_absent = true
};
static const od_shape second_of_day = { .kind = OD_KIND_INTEGER, .min = 0, .max = LAST_SECOND_OF_DAY };

static const od_field add_record_fields[] = {
    { .name = "operationName", .summary = "always AddRecord", .shape = &od_shape_text, .required = true,
      .constant = "AddRecord" },
    { .name = "applicationId", .summary = "id of the outbound application", .shape = &od_shape_integer,
      .required = true, .option = "application_id" },
    { .name = "campaignName", .summary = "campaign of the record", .shape = &od_shape_filled, .required = true,
      .option = "campaign_name" },
    { .name = "callingList", .summary = "calling list of the record", .shape = &od_shape_filled, .required = true,
      .option = "calling_list" },
    { .name = "phoneNumber", .summary = "number of the record", .shape = &record_number, .required = true },
    { .name = "timeZone", .summary = "time zone of from and until, by its name in the vendor's configuration (GMT)",
      .shape = &od_shape_filled, .required = true, .option = "time_zone" },
    { .name = "phoneType", .summary = "kind of number", .shape = &phone_type, .required = true,
      .option = "phone_type" },
    { .name = "from", .summary = "earliest second of the day for calling", .shape = &second_of_day, .required = true },
    { .name = "until", .summary = "last second of the day for calling, not before from", .shape = &second_of_day,
      .required = true },
    { .name = "devicePath", .summary = "path of the device that the request goes through", .shape = &device_path,
      .required = true, .option = "device_id", .option_prefix = DEVICE_PATH_PREFIX },
    { .name = "chainId", .summary = "chain to add the record to; a new one without it", .shape = &od_shape_integer },
    { .name = "otherFields", .summary = "keys and values kept with the record", .shape = &od_shape_json_object },
    { .name = "referenceId", .summary = "comes back in the acknowledgement event; made when absent",
      .shape = &od_shape_filled, .make_uuid = true },
    OD_FIELDS_END
};

/* Which comparison holds past midnight is not documented, so such a window is not sent. */
static od_status rule_window(od_value *params, const char *path, od_error *err) {
    int64_t from = od_value_integer(od_value_get(params, "from"));
    int64_t until = od_value_integer(od_value_get(params, "until"));
    if (from <= until)
        return OD_OK;
    char message[96];
    snprintf(message, sizeof message, "expected a time not before from (%" PRId64 "), got %" PRId64, from, until);
    return od__vendor_refuse(err, path, "until", message);
}
static const od_rule add_record_rules[] = { { "until not before from", rule_window }, OD_RULES_END };
static const od_shape add_record_input = {
    .kind = OD_KIND_STRUCT, .fields = add_record_fields, .rules = add_record_rules
};

static const od_field accepted_fields[] = {
    { .name = "statusCode", .summary = "0: passed on; what becomes of it is told by events",
      .shape = &od_shape_integer, .required = true },
    OD_FIELDS_END
};
static const od_shape accepted = { .kind = OD_KIND_STRUCT, .fields = accepted_fields, .open = true };

static const od_operation operations[] = {
    { .name = "dial", .vendor_name = "Dial", .summary = "dials a number on a device",
      .source = "Genesys Web Services REST API, Voice API, Dial", .method = "POST",
      .path = "/api/v2/me/devices/{deviceId}/calls", .input = &dial_input, .output = &accepted,
      .content_type = "application/json", .rings = true, .repeat = OD_REPEAT_NEVER },
    { .name = "add_record", .vendor_name = "AddRecord", .summary = "adds a record to an outbound campaign's list",
      .source = "Genesys Web Services REST API, Outbound API, AddRecord", .method = "POST",
      .path = "/api/v2/me/outbound-records", .input = &add_record_input, .output = &accepted,
      .content_type = "application/json", .rings = true, .repeat = OD_REPEAT_NEVER },
    { .name = NULL }
};

/* ---- answers ---- */

static bool contains(const od_buffer *buffer, const char *text) {
    return buffer->length > 0 && memmem(buffer->data, buffer->length, text, strlen(text)) != NULL;
}

/* An answer is the vendor's own when it has a statusCode that agrees with the HTTP status; the refusal of a request
 * without CSRF token is the one that may come in another form. */
static void read_answer(const od_operation *operation, const od_http_response *response, const od_value *body,
                        od_answer *out) {
    (void)operation;
    const od_value *code = od_value_get(body, "statusCode");
    bool coded = od_value_type(code) == OD_TYPE_INTEGER;
    out->success = coded && od_value_integer(code) == 0 && od__vendor_http_success(response->status);
    if (out->success) {
        out->enveloped = true;
        return;
    }
    if (coded && od_value_integer(code) != 0) {
        out->enveloped = true;
        snprintf(out->vendor_code, sizeof out->vendor_code, "%" PRId64, od_value_integer(code));
    }
    if (!coded && od__vendor_http_success(response->status))
        od__vendor_answer_lacks(out, "statusCode");
    od__vendor_answer_text(out->message, sizeof out->message, od_value_get(body, "statusMessage"));
    if (!out->message[0] && contains(&response->body, CSRF_REFUSAL))
        snprintf(out->message, sizeof out->message, "%s", CSRF_REFUSAL);
    od__vendor_answer_raw(out, response);
}

/* R13: 4, 7, 9, 13, 15 and HTTP 503 prove nothing; every other code that is not zero says that nothing was modified. */
static const od_error_row errors[] = {
    OD_ROW(0, "Device * is not registered.", 0, REJECTED, NOT_PLACED, true, NO),
    OD_ROW(403, "*" CSRF_REFUSAL "*", 0, AUTHENTICATION, NOT_PLACED, false, NO),
    OD_ROW(503, NULL, 0, UNAVAILABLE, UNKNOWN, true, TRANSIENT),
    OD_ROW_CODE(0, "1", REJECTED, NOT_PLACED, false, NO),          /* a required parameter is missing */
    OD_ROW_CODE(0, "2", REJECTED, NOT_PLACED, false, NO),          /* a parameter is not valid in this state */
    OD_ROW_CODE(0, "3", PERMISSION, NOT_PLACED, false, NO),        /* forbidden */
    OD_ROW_CODE(500, "4", UNAVAILABLE, UNKNOWN, true, TRANSIENT),  /* internal error, here or behind */
    OD_ROW_CODE(0, "4", UNAVAILABLE, UNKNOWN, true, NO),
    OD_ROW_CODE(0, "5", PERMISSION, NOT_PLACED, false, NO),        /* the user lacks a permission */
    OD_ROW_CODE(0, "6", NOT_FOUND, NOT_PLACED, false, NO),
    OD_ROW_CODE(0, "7", REJECTED, UNKNOWN, false, NO),             /* done in part */
    OD_ROW_CODE(0, "8", AUTHENTICATION, NOT_PLACED, false, NO),    /* a new password is asked for */
    OD_ROW_CODE(0, "9", UNAVAILABLE, UNKNOWN, true, NO),           /* not completed */
    OD_ROW_CODE(0, "10", REJECTED, NOT_PLACED, false, NO),         /* a value is out of range */
    OD_ROW_CODE(0, "11", REJECTED, NOT_PLACED, false, NO),         /* a property is read-only */
    OD_ROW_CODE(0, "12", REJECTED, NOT_PLACED, true, NO),          /* could not retrieve */
    OD_ROW_CODE(0, "13", REJECTED, UNKNOWN, true, NO),             /* could not create */
    OD_ROW_CODE(0, "14", REJECTED, NOT_PLACED, true, NO),          /* could not delete */
    OD_ROW_CODE(0, "15", REJECTED, UNKNOWN, true, NO),             /* could not update */
    OD_ROW_CODE(0, "16", REJECTED, NOT_PLACED, true, NO),          /* could not assign */
    OD_ROW_CODE(0, "17", REJECTED, NOT_PLACED, true, NO),          /* could not unassign */
    OD_ROW_CODE(0, "18", REJECTED, NOT_PLACED, false, NO),         /* exists already */
    OD_ROW_CODE(0, "19", REJECTED, NOT_PLACED, true, NO),          /* in use already */
    OD_ROW_CODE(0, "20", AUTHENTICATION, NOT_PLACED, false, NO),   /* not authenticated */
    OD_ROW(0, NULL, 1, REJECTED, NOT_PLACED, false, NO),           /* a code of a later version */
    OD_ERROR_ROWS_UNCERTAIN,
    OD_ERROR_ROWS_GENERAL
};

/* ---- neutral call ---- */

static od_status place_dial(const od_call *call, od_value *made, od_error *err) {
    od_value *whom = od_value_new_object();
    od_status status = od_value_set(made, "destination", whom, err);
    if (status == OD_OK)
        status = od__vendor_set_text(whom, "phoneNumber", call->to, err);
    if (status == OD_OK)
        status = od__vendor_set_text(made, "outboundCallerId", call->from, err);
    if (status == OD_OK && call->attributes)
        status = od_value_set(made, "userData", od__value_copy(call->attributes), err);
    return status;
}

static od_status place_record(const od_call *call, od_value *made, od_error *err) {
    od_status status = od__vendor_set_text(made, "phoneNumber", call->to, err);
    if (status == OD_OK)
        status = od__vendor_set_text(made, "referenceId", call->token, err);
    if (status == OD_OK && call->attributes)
        status = od_value_set(made, "otherFields", od__value_copy(call->attributes), err);
    return status;
}

static od_status place(const od_vendor *vendor, const od_value *options, const od_call *call,
                       const od_operation **operation, od_value **params, const char **dropped, od_error *err) {
    const char *name = od__vendor_option(options, "place_call_with", "dial");
    bool record = strcmp(name, "add_record") == 0;
    od_status status = od__vendor_operation(vendor, name, operation, err);
    if (status != OD_OK)
        return status;
    od_value *made = od_value_new_object();
    if (!made)
        return od__error_no_memory(err);
    if (record && call->from)
        *dropped = "from is left out: a Genesys record has no place for the number shown";
    status = record ? place_record(call, made, err) : place_dial(call, made, err);
    if (status == OD_OK)
        status = od__vendor_merge(made, call->fields, err);
    if (status == OD_OK && !record)
        status = od__vendor_mark(made, "userData", ATTEMPT_KEY, call->token, err);
    return od__vendor_place_end(status, made, params);
}

/* The answer says only that the request was passed on; a call's id comes with its first event (R6). */
static bool placed(const od_operation *operation, int http_status, const od_value *params, const od_value *body,
                   od_value **id) {
    (void)operation;
    (void)http_status;
    (void)params;
    (void)body;
    *id = NULL;
    return false;
}

static const od_notifications notifications = {
    .path_option = "notifications_path", .path = "/api/v2/notifications"
};

const od_vendor od_vendor_genesys = {
    .name = "genesys", .title = "Genesys Web Services", .options = &options_shape, .operations = operations,
    .errors = errors, .authorizer = &od_authorizer_gws_session, .cookies = true, .base_url = base_url,
    .read = read_answer, .place = place, .placed = placed, .notifications = &notifications,
};
