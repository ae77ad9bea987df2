/* CCAI Platform (Apps API and Manager API): the vendor. Wire facts: Google's pages "Apps API", "Call endpoints" and those
 * that the operations name. */
#include "vendors/ccai_platform.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "operation/form.h"

#define SEAT_REST_MS 30000    /* an agent who was not available is asked again after this (R17) */
#define QUEUE_REST_MS 900000  /* a queue that is closed or redirected opens by the clock or by hand, not in seconds */

/* ---- client options ---- */

static const od_shape emails = { .kind = OD_KIND_LIST, .min = 1, .max = OD_LIMIT_SEATS, .element = &od__ccai_email };
static const od_shape subdomain = { .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &od_check_dns_label };
static const od_shape domain = { .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &od_check_host_name };
static const od_shape user_name = { .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &od_check_basic_user };

static const od_shape redial_within = { .kind = OD_KIND_INTEGER, .min = 0, .max = 86400 };

static const od_field option_fields[] = {
    { .name = "subdomain", .summary = "first label of the tenant's host name", .shape = &subdomain, .required = true },
    { .name = "domain", .summary = "rest of the tenant's host name", .shape = &domain, .required = true },
    { .name = "api_token", .summary = "API token, the password of Basic authentication", .shape = &od_shape_secret,
      .required = true },
    { .name = "username", .summary = "user of Basic authentication", .shape = &user_name, .option = "subdomain" },
    { .name = "agent_email", .summary = "default agent_email of outbound calls", .shape = &od__ccai_email },
    { .name = "agents", .summary = "agents that a campaign may call through", .shape = &emails },
    { .name = "open_per_seat", .summary = "open calls at once per agent; default 1", .shape = &od_shape_per_seat,
      .has_default_integer = true, .default_integer = 1 },
    { .name = "outbound_number", .summary = "default outbound_number of calls", .shape = &od__ccai_number },
    { .name = "menu_id", .summary = "default menu_id of inbound and scheduled calls", .shape = &od__ccai_id },
    { .name = "redial_within", .summary = "seconds for which a failed call is watched for the platform's own callback",
      .shape = &redial_within, .has_default_integer = true, .default_integer = OD_CCAI_REDIAL_S },
    { .name = "lang", .summary = "default lang of calls", .shape = &od__ccai_language },
    OD_FIELDS_END
};

static const od_shape options_shape = { .kind = OD_KIND_STRUCT, .fields = option_fields };

static od_status base_url(const od_value *options, char *out, size_t out_bytes, od_error *err) {
    int length = snprintf(out, out_bytes, "https://%s.%s", od__vendor_option(options, "subdomain", ""),
                          od__vendor_option(options, "domain", ""));
    return od__vendor_url_end(length, out_bytes, err);
}

/* ---- answers ---- */

/* The vendor's object, bare or as the one element of an array; NULL if there is none. */
static const od_value *the_object(const od_value *body) {
    if (od_value_type(body) == OD_TYPE_ARRAY && od_value_length(body) == 1)
        body = od_value_at(body, 0);
    return od_value_type(body) == OD_TYPE_OBJECT ? body : NULL;
}

/* 201 comes with the call; 202 (and, in some examples, 200) means that an agent has to act, with or without a body. */
static bool accepts_call(int http_status, const od_value *body) {
    return (http_status == 201 && the_object(body)) ||
           ((http_status == 200 || http_status == 202) && (the_object(body) || !body));
}

static void read_answer(const od_operation *operation, const od_http_response *response, const od_value *body,
                        od_answer *out) {
    od__http_response_copy_header(response, "x-request-id", out->request_id, sizeof out->request_id);
    bool is_2xx = od__vendor_http_success(response->status);
    out->success = operation->rings ? accepts_call(response->status, body)
                                    : is_2xx && od__form_fits(operation, response->status, body);
    const od_value *message = od_value_get(the_object(body), "message");
    out->enveloped = out->success || od_value_string(message) != NULL;
    if (out->success)
        return;
    if (operation->rings ? response->status == 201 : is_2xx)
        od__vendor_answer_lacks(out, operation->rings ? "call" : operation->form->list ? "list" : "object");
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
    REFUSED("param is missing or the value is empty: *", REJECTED, false, 0),
    REFUSED("Call is already ended", CONFLICT, false, 0),
    REFUSED("Unsupported CRM request", REJECTED, false, 0),
    REFUSED("Duplicate request: Please wait for the interval to expire", REJECTED, true, 0),
    OD_ERROR_ROWS_UNCERTAIN,
    OD_ERROR_ROWS_GENERAL
};

/* ---- the account: the tenant ---- */

static od_status account(const od_value *options, const char *(*get_env)(const char *name), char *out,
                         size_t out_bytes, od_error *err) {
    (void)get_env;
    int length = snprintf(out, out_bytes, "%s.%s", od__vendor_option(options, "subdomain", ""),
                          od__vendor_option(options, "domain", ""));
    return od__vendor_url_end(length, out_bytes, err);
}

const od_vendor od_vendor_ccai_platform = {
    .name = "ccai_platform", .title = "CCAI Platform", .options = &options_shape, .operations = od__ccai_operations,
    .errors = errors, .authorizer = &od_authorizer_basic, .base_url = base_url, .read = read_answer,
    .place = od__ccai_place, .placed = od__ccai_placed, .following = &od__ccai_following,
    .withdrawing = &od__ccai_withdrawing, .account = account, .handoff = od__ccai_handoff, .seats_option = "agents", .seat_field = "agent_email",
};
