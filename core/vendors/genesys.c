/* Genesys Web Services (Engage, REST API v2): options, what its answers mean, and the neutral call. Wire facts: the
 * vendor's pages "Return Values" and "CSRF protection"; for each operation see genesys_session.c, genesys_calls.c and
 * genesys_records.c. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "vendors/genesys.h"

#define CSRF_REFUSAL "Missing or invalid Csrf token"
#define PARTIAL_SUCCESS 7
#define DAY_S 86400

/* ---- client options ---- */

static const char *const ways[] = { "dial", "add_record", NULL };
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
    { .name = "phone_type", .summary = "default phoneType of records", .shape = &od_genesys_phone_type },
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

/* ---- answers ---- */

static bool contains(const od_buffer *buffer, const char *text) {
    return buffer->length > 0 && memmem(buffer->data, buffer->length, text, strlen(text)) != NULL;
}

static bool has_lists(const od_value *body) {
    return od_value_type(od_value_get(body, "failed")) == OD_TYPE_ARRAY ||
           od_value_type(od_value_get(body, "succeeded")) == OD_TYPE_ARRAY;
}

/* 0, or done in part with the lists that say which part. A call that may have been dialled in part is none (R13). */
static bool means_success(const od_operation *operation, int64_t code, const od_value *body) {
    return code == 0 || (code == PARTIAL_SUCCESS && !operation->rings && has_lists(body));
}

/* An answer is the vendor's own when it has a statusCode that agrees with the HTTP status; the refusal of a request
 * without CSRF token is the one that may come in another form. */
static void read_answer(const od_operation *operation, const od_http_response *response, const od_value *body,
                        od_answer *out) {
    const od_value *code = od_value_get(body, "statusCode");
    bool coded = od_value_type(code) == OD_TYPE_INTEGER, http_success = od__vendor_http_success(response->status);
    out->success = coded && http_success && means_success(operation, od_value_integer(code), body);
    if (out->success) {
        out->enveloped = true;
        return;
    }
    if (coded && od_value_integer(code) != 0) {
        out->enveloped = true;
        snprintf(out->vendor_code, sizeof out->vendor_code, "%" PRId64, od_value_integer(code));
    }
    if (!coded && http_success)
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
    OD_ROW_CODE(0, "2", REJECTED, NOT_PLACED, true, NO),           /* a parameter is not valid in this state: in another it may be */
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

static od_status set_integer(od_value *made, const char *key, int64_t value, od_error *err) {
    return od_value_set(made, key, od_value_new_integer(value), err);
}

/* The limits of a call, as seconds of the day in GMT, which every configuration has. They hold for every day, and not past
 * midnight (see add_record): of a window that goes on tomorrow, today's part is sent. Whoever gives one of the fields
 * gives all of them. */
static od_status set_window(const od_call *call, od_value *made, od_error *err) {
    bool given = od_value_get(call->fields, "from") || od_value_get(call->fields, "until") ||
                 od_value_get(call->fields, "timeZone");
    if (given || (!call->not_before_ms && !call->not_after_ms))
        return OD_OK;
    int64_t first = (call->not_before_ms + 999) / 1000, last = (call->not_after_ms - 1) / 1000;
    bool ends_today = call->not_after_ms && (!call->not_before_ms || first / DAY_S == last / DAY_S);
    od_status status = od__vendor_set_text(made, "timeZone", "GMT", err);
    if (status == OD_OK)
        status = set_integer(made, "from", first % DAY_S, err);
    return status == OD_OK ? set_integer(made, "until", ends_today ? last % DAY_S : DAY_S - 1, err) : status;
}

static od_status place_record(const od_call *call, od_value *made, od_error *err) {
    od_status status = od__vendor_set_text(made, "phoneNumber", call->to, err);
    if (status == OD_OK)
        status = od__vendor_set_text(made, "referenceId", call->token, err);
    if (status == OD_OK && call->attributes)
        status = od_value_set(made, "otherFields", od__value_copy(call->attributes), err);
    return status == OD_OK ? set_window(call, made, err) : status;
}

static const char *const record_limits[] = { "from", "until", "timeZone", NULL };

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
        status = od__vendor_merge_fields(made, call, record ? record_limits : NULL, err);
    if (status == OD_OK && !record)
        status = od__vendor_mark(made, "userData", OD_GENESYS_ATTEMPT_KEY, call->token_value, err);
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

/* The server dials a record when it likes, within its from and until; a Dial rings at once. */
static od_handoff handoff(const od_operation *operation, const od_value *params) {
    (void)params;
    return strcmp(operation->name, "add_record") == 0 ? OD_HANDOFF_LATER : OD_HANDOFF_NONE;
}

/* ---- the account: an agent of one installation; its rate is the installation's ---- */

static od_status account(const od_value *options, const char *(*get_env)(const char *name), char *out,
                         size_t out_bytes, od_error *err) {
    (void)get_env;
    char url[OD_LIMIT_ACCOUNT_BYTES];
    od_status status = base_url(options, url, sizeof url, err);
    if (status != OD_OK)
        return status;
    int length = snprintf(out, out_bytes, "%s %s", url, od__vendor_option(options, "username", ""));
    return od__vendor_url_end(length, out_bytes, err);
}

static const od_notifications notifications = {
    .path_option = "notifications_path", .path = "/api/v2/notifications"
};

const od_vendor od_vendor_genesys = {
    .name = "genesys", .title = "Genesys Web Services", .options = &options_shape, .operations = od_genesys_operations,
    .errors = errors, .authorizer = &od_authorizer_gws_session, .cookies = true, .base_url = base_url,
    .read = read_answer, .place = place, .placed = placed, .following = &od_genesys_following,
    .notifications = &notifications, .account = account, .rate_scope = base_url, .handoff = handoff,
    .withdrawing = &od_genesys_withdrawing,
    .seats_option = "devices", .seat_field = "device_id",
};
