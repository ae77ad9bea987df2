/* CCAI Platform (Apps API): calls. Wire facts: Google's pages "Apps API" and "Call endpoints". */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "vendors/vendor.h"

#define SEAT_REST_MS 30000    /* an agent who was not available is asked again after this (R17) */
#define QUEUE_REST_MS 900000  /* a queue that is closed or redirected opens by the clock or by hand, not in seconds */
#define OUTBOUND "Voice Outbound (API)"
#define INBOUND "Voice Inbound (API)"
#define SCHEDULED "Voice Scheduled (API)"

/* ---- shapes of single values ---- */

static od_check_fn check_email;
static const od_check email_check = { "e-mail address", check_email, "an e-mail address" };

static od_status check_email(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *text = od_value_string(value), *at = strchr(text, '@');
    bool good = at && at != text && at[1] && !strpbrk(text, " \t\r\n");
    return good ? OD_OK : od__check_fail(&email_check, value, path, err);
}

static const od_shape email = { .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &email_check };
static const od_shape emails = { .kind = OD_KIND_LIST, .min = 1, .max = OD_LIMIT_SEATS, .element = &email };
static const od_shape number = {
    .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &od_check_e164_tolerant
};
static const od_shape language = { .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &od_check_language };
static const od_shape instant = { .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &od_check_iso8601 };
static const od_shape id = { .kind = OD_KIND_INTEGER, .min = 1, .max = INT64_MAX };
static const char *const permissions[] = {
    "recording_permission_not_asked", "recording_permission_denied", "recording_permission_granted", NULL
};
static const od_shape permission = { .kind = OD_KIND_STRING, .choices = permissions, .empty_is_absent = true };

/* ---- client options ---- */

static const od_shape subdomain = { .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &od_check_dns_label };
static const od_shape domain = { .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &od_check_host_name };
static const od_shape user_name = { .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &od_check_basic_user };

static const od_field option_fields[] = {
    { .name = "subdomain", .summary = "first label of the tenant's host name", .shape = &subdomain, .required = true },
    { .name = "domain", .summary = "rest of the tenant's host name", .shape = &domain, .required = true },
    { .name = "api_token", .summary = "API token, the password of Basic authentication", .shape = &od_shape_secret,
      .required = true },
    { .name = "username", .summary = "user of Basic authentication; default the subdomain", .shape = &user_name },
    { .name = "agent_email", .summary = "default agent_email of outbound calls", .shape = &email },
    { .name = "agents", .summary = "agents that a campaign may call through", .shape = &emails },
    { .name = "open_per_seat", .summary = "open calls at once per agent; default 1", .shape = &od_shape_per_seat,
      .has_default_integer = true, .default_integer = 1 },
    { .name = "outbound_number", .summary = "default outbound_number of calls", .shape = &number },
    { .name = "menu_id", .summary = "default menu_id of inbound and scheduled calls", .shape = &id },
    { .name = "lang", .summary = "default lang of calls", .shape = &language },
    OD_FIELDS_END
};

static od_status rule_username(od_value *options, const char *path, od_error *err) {
    (void)path;
    if (od_value_get(options, "username"))
        return OD_OK;
    return od__vendor_set_text(options, "username", od_value_string(od_value_get(options, "subdomain")), err);
}
static const od_rule option_rules[] = { { "username is the subdomain unless given", rule_username }, OD_RULES_END };
static const od_shape options_shape = { .kind = OD_KIND_STRUCT, .fields = option_fields, .rules = option_rules };

static od_status base_url(const od_value *options, char *out, size_t out_bytes, od_error *err) {
    int length = snprintf(out, out_bytes, "https://%s.%s", od__vendor_option(options, "subdomain", ""),
                          od__vendor_option(options, "domain", ""));
    return od__vendor_url_end(length, out_bytes, err);
}

/* ---- create_call: three kinds, chosen by call_type ---- */

#define FIELD_CALL_TYPE \
    { .name = "call_type", .summary = "kind of call", .shape = &od_shape_text, .required = true }
#define FIELD_MENU_ID(needed, text) \
    { .name = "menu_id", .summary = text, .shape = &id, .required = (needed), .option = "menu_id" }
#define FIELD_NUMBER(needed, text) \
    { .name = "end_user_number", .summary = text, .shape = &number, .required = (needed) }
#define FIELD_TICKET                                                                                        \
    { .name = "ticket_id", .summary = "CRM ticket; its contact's number is dialled, whatever end_user_number says", \
      .shape = &od_shape_filled }
#define FIELD_OUTBOUND_NUMBER(text) \
    { .name = "outbound_number", .summary = text, .shape = &number, .option = "outbound_number" }
#define FIELD_LANG \
    { .name = "lang", .summary = "language of the call, default en", .shape = &language, .option = "lang" }
#define FIELD_PERMISSION                                                                                        \
    { .name = "recording_permission", .summary = "whether to record, where the queue asks", .shape = &permission }

static const od_field outbound_fields[] = {
    FIELD_CALL_TYPE,
    { .name = "agent_email", .summary = "agent who makes the call", .shape = &email, .required = true,
      .option = "agent_email" },
    FIELD_TICKET,
    FIELD_NUMBER(false, "number to call; needed unless there is a ticket_id"),
    FIELD_OUTBOUND_NUMBER("number shown; without it the agent may have to choose one by hand"),
    FIELD_LANG,
    OD_FIELDS_END
};
static const od_field inbound_fields[] = {
    FIELD_CALL_TYPE,
    FIELD_MENU_ID(true, "queue of the call"),
    FIELD_NUMBER(true, "number to call"),
    FIELD_LANG,
    FIELD_TICKET,
    FIELD_OUTBOUND_NUMBER("number shown; the tenant's default without it"),
    FIELD_PERMISSION,
    OD_FIELDS_END
};
static const od_field scheduled_fields[] = {
    FIELD_CALL_TYPE,
    FIELD_MENU_ID(false, "queue of the call; needed unless there is a call_id"),
    { .name = "call_id", .summary = "earlier call that this one belongs to", .shape = &id },
    FIELD_NUMBER(true, "number to call"),
    FIELD_LANG,
    FIELD_TICKET,
    { .name = "scheduled_at", .summary = "when to call, with its zone; sent in UTC", .shape = &instant,
      .required = true },
    FIELD_PERMISSION,
    OD_FIELDS_END
};

static od_status rule_whom(od_value *params, const char *path, od_error *err) {
    if (od_value_get(params, "ticket_id") || od_value_get(params, "end_user_number"))
        return OD_OK;
    return od__vendor_refuse(err, path, "end_user_number", "expected end_user_number or ticket_id, got neither");
}

static od_status rule_queue(od_value *params, const char *path, od_error *err) {
    if (od_value_get(params, "menu_id") || od_value_get(params, "call_id"))
        return OD_OK;
    return od__vendor_refuse(err, path, "menu_id", "expected menu_id or call_id, got neither");
}

static const od_rule outbound_rules[] = { { "end_user_number or ticket_id", rule_whom }, OD_RULES_END };
static const od_rule scheduled_rules[] = { { "menu_id or call_id", rule_queue }, OD_RULES_END };
static const od_shape outbound = { .kind = OD_KIND_STRUCT, .fields = outbound_fields, .rules = outbound_rules };
static const od_shape inbound = { .kind = OD_KIND_STRUCT, .fields = inbound_fields };
static const od_shape scheduled = { .kind = OD_KIND_STRUCT, .fields = scheduled_fields, .rules = scheduled_rules };

static const char *const outbound_aliases[] = { "OutboundCall", NULL };
static const char *const inbound_aliases[] = { "IncomingCall", NULL };
static const char *const scheduled_aliases[] = { "ScheduledCall", NULL };
static const od_variant kinds[] = {
    { OUTBOUND, outbound_aliases, "an agent calls a number now", &outbound },
    { INBOUND, inbound_aliases, "a queue calls a number now", &inbound },
    { SCHEDULED, scheduled_aliases, "a queue calls a number at a time to come", &scheduled },
    OD_VARIANTS_END
};
static const od_shape create_call_input = { .kind = OD_KIND_CHOICE, .chooser = "call_type", .variants = kinds };

static const od_field call_fields[] = {
    { .name = "id", .summary = "id of the call; absent where an agent has to act first", .shape = &od_shape_integer },
    { .name = "call_type", .summary = "kind of call", .shape = &od_shape_text },
    { .name = "status", .summary = "state of the call: assigned, queued, scheduled, ...", .shape = &od_shape_text },
    { .name = "out_ticket_id", .summary = "the ticket_id that was given", .shape = &od_shape_text },
    { .name = "outbound_number", .summary = "number shown", .shape = &od_shape_text },
    OD_FIELDS_END
};
static const od_shape call_object = { .kind = OD_KIND_STRUCT, .fields = call_fields, .open = true };

/* Per tenant, for everything of the Apps API together. */
static const od_rate tenant_rate = { .per_second = 10, .burst = 10 };

static const od_operation operations[] = {
    { .name = "create_call", .vendor_name = "CreateCall", .summary = "calls a number: now or later, by agent or queue",
      .source = "CCAI Platform, Apps API, Call endpoints", .method = "POST", .path = "/apps/api/v1/calls",
      .input = &create_call_input, .output = &call_object, .content_type = "application/json", .rate = &tenant_rate,
      .rings = true, .repeat = OD_REPEAT_NEVER },
    { .name = NULL }
};

/* ---- answers ---- */

/* The call object, bare or as the one element of an array; NULL if there is none. */
static const od_value *the_object(const od_value *body) {
    if (od_value_type(body) == OD_TYPE_ARRAY && od_value_length(body) == 1)
        body = od_value_at(body, 0);
    return od_value_type(body) == OD_TYPE_OBJECT ? body : NULL;
}

/* 201 comes with the call; 202 (and, in some examples, 200) means that an agent has to act, with or without a body. */
static void read_answer(const od_operation *operation, const od_http_response *response, const od_value *body,
                        od_answer *out) {
    (void)operation;
    od__http_response_copy_header(response, "x-request-id", out->request_id, sizeof out->request_id);
    const od_value *object = the_object(body);
    out->success = (response->status == 201 && object != NULL) ||
                   ((response->status == 200 || response->status == 202) && (object != NULL || body == NULL));
    const od_value *message = od_value_get(object, "message");
    out->enveloped = out->success || od_value_string(message) != NULL;
    if (out->success)
        return;
    if (response->status == 201)
        od__vendor_answer_lacks(out, "call");
    od__vendor_answer_text(out->message, sizeof out->message, message);
    od__vendor_answer_raw(out, response);
}

#define REFUSED(text, what, again_later, after_ms)                                            \
    { .http_status = 400, .message = (text), .enveloped = 1, .code = OD_##what,               \
      .placement = OD_PLACEMENT_NOT_PLACED, .retryable = (again_later), .again = OD_AGAIN_NO, \
      .retry_after_ms = (after_ms) }

static const od_error_row errors[] = {
    REFUSED("Agent is not available to take this call", REJECTED, true, SEAT_REST_MS),
    REFUSED("ticket_id or end_user_number required", REJECTED, false, 0),
    REFUSED("Not a valid agent email", REJECTED, false, 0),
    REFUSED("Agent email required", REJECTED, false, 0),
    REFUSED("Agent does not have access to make calls", REJECTED, false, 0),
    REFUSED("end_user_number is not well-formed", REJECTED, false, 0),
    REFUSED("Contact not found", NOT_FOUND, false, 0),
    REFUSED("Invalid call type", REJECTED, false, 0),
    REFUSED("menu_id is required", REJECTED, false, 0),
    REFUSED("Only IVR and mobile menu IDs are permitted", REJECTED, false, 0),
    REFUSED("Only mobile and web menu IDs are permitted", REJECTED, false, 0),
    REFUSED("menu_id is not well formed", REJECTED, false, 0),
    REFUSED("menu_id * is not found", NOT_FOUND, false, 0),
    REFUSED("end_user_number is not well formed", REJECTED, false, 0),
    REFUSED("end_user_number is required", REJECTED, false, 0),
    REFUSED("Menu is in 'manual redirection' state, can't accept calls", REJECTED, true, QUEUE_REST_MS),
    REFUSED("Menu is in 'after hours' state, can't accept incoming calls", REJECTED, true, QUEUE_REST_MS),
    REFUSED("Language '*' is not available", REJECTED, false, 0),
    REFUSED("Language '*' is not found", NOT_FOUND, false, 0),
    REFUSED("scheduled_at is required", REJECTED, false, 0),
    OD_ERROR_ROWS_UNCERTAIN,
    OD_ERROR_ROWS_GENERAL
};

/* ---- neutral call ---- */

/* Whether the kind of call in params has a field of that name. */
static bool has_field(const od_value *params, const char *name) {
    const od_shape *kind = od__shape_chosen(&create_call_input, params);
    return kind && od__shape_field(kind, name);
}

static od_status place(const od_vendor *vendor, const od_value *options, const od_call *call,
                       const od_operation **operation, od_value **params, const char **dropped, od_error *err) {
    (void)options;
    od_status status = od__vendor_operation(vendor, "create_call", operation, err);
    if (status != OD_OK)
        return status;
    od_value *made = od_value_new_object();
    if (!made)
        return od__error_no_memory(err);
    const char *type = call->fields ? od_value_string(od_value_get(call->fields, "call_type")) : NULL;
    if ((status = od__vendor_set_text(made, "call_type", type ? type : OUTBOUND, err)) == OD_OK)
        status = od__vendor_set_text(made, "end_user_number", call->to, err);
    bool from_has_place = has_field(made, "outbound_number");
    if (status == OD_OK && from_has_place)
        status = od__vendor_set_text(made, "outbound_number", call->from, err);
    if (status == OD_OK)
        status = od__vendor_merge(made, call->fields, err);
    bool attributes_dropped = call->attributes && od_value_length(call->attributes) > 0;
    bool from_dropped = call->from && !from_has_place;
    if (attributes_dropped && from_dropped)
        *dropped = "attributes and from are left out: a scheduled CCAI call has no place for them";
    else if (attributes_dropped)
        *dropped = "attributes are left out: a CCAI call has no place for them";
    else if (from_dropped)
        *dropped = "from is left out: a scheduled CCAI call has no place for it";
    return od__vendor_place_end(status, made, params);
}

/* States from which on an agent has the call and the number is dialled, whatever became of it. */
static const char *const dialled_states[] = {
    "assigned", "connecting", "connected", "switching", "finished", "failed", "recovered", "completed", NULL
};

static bool placed(const od_operation *operation, int http_status, const od_value *params, const od_value *body,
                   od_value **call_id) {
    (void)operation;
    const od_value *object = the_object(body);
    const od_value *number_id = od_value_get(object, "id");
    *call_id = NULL;
    if (od_value_type(number_id) == OD_TYPE_INTEGER) {
        char text[24];
        snprintf(text, sizeof text, "%" PRId64, od_value_integer(number_id));
        *call_id = od_value_new_string(text);
    } else if (od_value_length(number_id) > 0 && od_value_string(number_id)) {
        *call_id = od_value_ref(number_id);
    }
    /* The kind asked for counts: the vendor's own examples answer a scheduled call with another call_type. */
    const char *kind = od_value_string(od_value_get(params, "call_type"));
    const char *state = od_value_string(od_value_get(object, "status"));
    if (http_status != 201 || !state || !kind || strcmp(kind, SCHEDULED) == 0)
        return false;
    for (size_t i = 0; dialled_states[i]; i++)
        if (strcasecmp(state, dialled_states[i]) == 0)
            return true;
    return false;
}

const od_vendor od_vendor_ccai_platform = {
    .name = "ccai_platform", .title = "CCAI Platform", .options = &options_shape, .operations = operations,
    .errors = errors, .authorizer = &od_authorizer_basic, .base_url = base_url, .read = read_answer, .place = place,
    .placed = placed,
};
