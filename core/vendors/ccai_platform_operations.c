/* CCAI Platform: the operations around calls, of the Apps API and (list_calls) the Manager API, and the table of all. */
#include "vendors/ccai_platform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define IDS_AT_ONCE 1000      /* ours; the vendor names no limit */
#define CONTACTS_AT_ONCE 1000 /* ours; the vendor names no limit */
#define CALLS_PER_PAGE 100
#define LINK_BYTES 4096

/* ---- shapes of single values ---- */

static od_check_fn check_email, check_call_id, check_expiry, check_next_page;
static const od_check email_check = { "e-mail address", check_email, "an e-mail address" };
static const od_check call_id_check = { "id", check_call_id, "the id of a call, an integer of at least 1" };
static const od_check expiry_check = { "ISO 8601 with zone", check_expiry,
                                       "ISO 8601 with a zone, as 2026-05-04T09:30:00Z" };
static const od_check next_page_check = { "link to a page", check_next_page, NULL };

static od_status check_email(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *text = od_value_string(value), *at = strchr(text, '@');
    bool good = at && at != text && at[1] && !strpbrk(text, " \t\r\n");
    return good ? OD_OK : od__check_fail(&email_check, value, path, err);
}

/* An id above 0 in plain digits, as the result of placing a call has it; 0 if it is not. */
static int64_t id_of_text(const char *text) {
    size_t length = strspn(text, "0123456789");
    return length > 0 && length <= 18 && !text[length] && text[0] != '0' ? strtoll(text, NULL, 10) : 0;
}

static od_status check_call_id(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    if (od_value_type(value) == OD_TYPE_INTEGER && od_value_integer(value) >= 1)
        return OD_OK;
    int64_t id = od_value_string(value) ? id_of_text(od_value_string(value)) : 0;
    if (id == 0)
        return od__check_fail(&call_id_check, value, path, err);
    *replacement = od_value_new_integer(id);
    return *replacement ? OD_OK : od__error_no_memory(err);
}

/* The vendor's own form is "2022-10-29 00:00:00 UTC"; ISO 8601 becomes that. */
static od_status check_expiry(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    const char *text = od_value_string(value);
    char iso[40];
    int64_t unix_ms;
    snprintf(iso, sizeof iso, "%s", text);
    if (strlen(text) == 23 && text[10] == ' ' && strcmp(text + 19, " UTC") == 0) {
        iso[10] = 'T';
        memcpy(iso + 19, "Z", 2);
    }
    if (strlen(text) >= sizeof iso || !od__iso8601_parse(iso, &unix_ms))
        return od__check_fail(&expiry_check, value, path, err);
    od__iso8601_format(unix_ms - unix_ms % 1000, iso, sizeof iso);
    iso[10] = ' ';
    memcpy(iso + 19, " UTC", 5);
    *replacement = od_value_new_string(iso);
    return *replacement ? OD_OK : od__error_no_memory(err);
}

const od_shape od__ccai_email = { .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &email_check };
const od_shape od__ccai_number = {
    .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &od_check_e164_tolerant
};
const od_shape od__ccai_language = { .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &od_check_language };
const od_shape od__ccai_id = { .kind = OD_KIND_INTEGER, .min = 1, .max = INT64_MAX };
const od_shape od__ccai_call_id = { .kind = OD_KIND_ANY, .check = &call_id_check,
                                    .expected = "the id of a call, an integer of at least 1" };
const od_shape od__ccai_instant = { .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &od_check_iso8601 };

#define FIELD_PATH_ID(key, text) \
    { .name = (key), .summary = text, .shape = &od__ccai_call_id, .required = true, .place = OD_PLACE_PATH }

/* ---- answers that say little ---- */

static const od_field message_fields[] = {
    { .name = "message", .summary = "what the vendor says", .shape = &od_shape_text }, OD_FIELDS_END
};
static const od_shape message = { .kind = OD_KIND_STRUCT, .fields = message_fields, .open = true };
static const od_answer_form one_call = { .single = true };  /* a 202 comes without one */
static const od_answer_form some_object = { .single = true, .required = true };
static const od_answer_form anything = { .single = true };

/* ---- customer flags: read under two spellings, written under the documented one ---- */

static const char *const singular[] = { "repeat_customer", NULL };
static const char *const plural[] = { "repeat_customers", NULL };

#define FIELD_VERIFIED \
    { .name = "verified_customer", .summary = "who the customer is was verified", .shape = &od_shape_boolean }
#define FIELD_BAD_ACTOR { .name = "bad_actor", .summary = "the customer means harm", .shape = &od_shape_boolean }

static const od_field get_flag_fields[] = { FIELD_PATH_ID("id", "id of the call"), OD_FIELDS_END };
static const od_shape get_flag = { .kind = OD_KIND_STRUCT, .fields = get_flag_fields };
static const od_field update_flag_fields[] = {
    FIELD_PATH_ID("id", "id of the call"), FIELD_VERIFIED, FIELD_BAD_ACTOR,
    { .name = "repeat_customers", .summary = "the customer has called before; read back as repeat_customer",
      .shape = &od_shape_boolean, .aliases = singular },
    OD_FIELDS_END
};

static od_status rule_some_flag(od_value *params, const char *path, od_error *err) {
    if (od_value_length(params) > 1)
        return OD_OK;
    return od__error_at(err, OD_VALIDATION, path,
                        "expected verified_customer, bad_actor or repeat_customers, got none of them");
}
static const od_rule update_flag_rules[] = { { "at least one flag", rule_some_flag }, OD_RULES_END };
static const od_shape update_flag = {
    .kind = OD_KIND_STRUCT, .fields = update_flag_fields, .rules = update_flag_rules
};
static const od_field flag_fields[] = {
    FIELD_VERIFIED, FIELD_BAD_ACTOR,
    { .name = "repeat_customer", .summary = "the customer has called before", .shape = &od_shape_boolean,
      .aliases = plural },
    OD_FIELDS_END
};
static const od_shape flags = { .kind = OD_KIND_STRUCT, .fields = flag_fields, .open = true };

/* ---- scheduled calls ---- */

static const od_field cancel_one_fields[] = { FIELD_PATH_ID("id", "id of the scheduled call"), OD_FIELDS_END };
static const od_shape cancel_one = { .kind = OD_KIND_STRUCT, .fields = cancel_one_fields };
static const od_field canceled_fields[] = {
    { .name = "already", .summary = "true: it was canceled before, or by an earlier try of this request; no more is told",
      .shape = &od_shape_boolean },
    { .name = "id", .summary = "id of the call", .shape = &od_shape_integer },
    { .name = "status", .summary = "cancelled if it was waiting; completed if it had been dialled",
      .shape = &od_shape_text },
    OD_FIELDS_END
};
static const od_shape canceled = { .kind = OD_KIND_STRUCT, .fields = canceled_fields, .open = true };
static const od_answer_form canceled_form = { .single = true, .required = true, .no_content = "already" };

static const od_shape call_ids = {
    .kind = OD_KIND_LIST, .min = 1, .max = IDS_AT_ONCE, .element = &od__ccai_call_id
};
static const od_field cancel_many_fields[] = {
    { .name = "call_ids", .summary = "ids of the scheduled calls", .shape = &call_ids, .required = true },
    OD_FIELDS_END
};
static const od_shape cancel_many = { .kind = OD_KIND_STRUCT, .fields = cancel_many_fields };
static const od_field location_fields[] = {
    { .name = "location", .wire_name = "Location", .summary = "URL that tells what became of it",
      .shape = &od_shape_text },
    OD_FIELDS_END
};
static const od_shape location = { .kind = OD_KIND_STRUCT, .fields = location_fields, .open = true };
static const od_answer_form location_form = { .single = true, .headers = location_fields };

/* ---- the person called ---- */

static const od_field attach_fields[] = {
    FIELD_PATH_ID("call_id", "id of the call that is under way"),
    { .name = "identifier", .summary = "the caller's own id of the person", .shape = &od_shape_filled,
      .required = true },
    { .name = "name", .summary = "name to look the person up by", .shape = &od_shape_filled },
    { .name = "email", .summary = "e-mail address to look the person up by", .shape = &od_shape_filled },
    { .name = "phone", .summary = "number to look the person up by, in any form", .shape = &od_shape_filled },
    OD_FIELDS_END
};
static const od_shape attach = { .kind = OD_KIND_STRUCT, .fields = attach_fields };

/* ---- numbers not to be called ---- */

static const od_shape expiry = { .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &expiry_check };
static const od_field blocked_fields[] = {
    { .name = "phone_number", .summary = "number that is not to be called", .shape = &od__ccai_number,
      .required = true },
    { .name = "expires_at", .summary = "until when; for ever without it", .shape = &expiry },
    OD_FIELDS_END
};
static const od_shape blocked = { .kind = OD_KIND_STRUCT, .fields = blocked_fields };
static const od_shape blocked_list = {
    .kind = OD_KIND_LIST, .min = 1, .max = CONTACTS_AT_ONCE, .element = &blocked
};
static const od_field add_blocked_fields[] = {
    { .name = "contacts", .summary = "numbers, each with its end if it has one", .shape = &blocked_list,
      .required = true },
    OD_FIELDS_END
};
static const od_shape add_blocked = { .kind = OD_KIND_STRUCT, .fields = add_blocked_fields };
static const od_field block_fields[] = {
    { .name = "phone_number", .summary = "the number", .shape = &od_shape_text },
    { .name = "expires_at", .summary = "until when", .shape = &od_shape_text },
    { .name = "status", .summary = "created, updated or failed: a failed one is not on the list",
      .shape = &od_shape_text },
    { .name = "error", .summary = "why it failed", .shape = &od_shape_text },
    OD_FIELDS_END
};
static const od_shape block = { .kind = OD_KIND_STRUCT, .fields = block_fields, .open = true };
static const od_shape blocks = { .kind = OD_KIND_LIST, .element = &block };
static const od_field blocks_fields[] = {
    { .name = "contacts", .summary = "what became of each number", .shape = &blocks }, OD_FIELDS_END
};
static const od_shape blocks_result = { .kind = OD_KIND_STRUCT, .fields = blocks_fields };
static const od_answer_form blocks_form = { .list = "contacts", .required = true };

/* ---- waiting times ---- */

static const char *const channels[] = { "voice_call", "chat", NULL };
static const char *const menu_types[] = { "ivr_menu", "mobile_menu", "web_menu", NULL };
static const od_shape channel = { .kind = OD_KIND_STRING, .choices = channels, .empty_is_absent = true };
static const od_shape menu_type = { .kind = OD_KIND_STRING, .choices = menu_types, .empty_is_absent = true };
static const char *const from_alias[] = { "wait[from]", NULL };
static const char *const to_alias[] = { "wait[to]", NULL };
static const od_field wait_fields[] = {
    { .name = "lang", .summary = "language of the queues", .shape = &od__ccai_language, .required = true,
      .place = OD_PLACE_QUERY, .option = "lang" },
    { .name = "menu_id", .summary = "a queue: it and those below it; all without it", .shape = &od__ccai_id,
      .place = OD_PLACE_QUERY },
    { .name = "menu_type", .summary = "only queues of this kind", .shape = &menu_type, .place = OD_PLACE_QUERY },
    { .name = "channel_type", .summary = "only queues of this channel", .shape = &channel, .place = OD_PLACE_QUERY },
    { .name = "wait_from", .summary = "only queues with a longer wait", .shape = &od__ccai_id, .place = OD_PLACE_QUERY,
      .wire_name = "wait[from]", .aliases = from_alias },
    { .name = "wait_to", .summary = "only queues with a shorter wait", .shape = &od__ccai_id, .place = OD_PLACE_QUERY,
      .wire_name = "wait[to]", .aliases = to_alias },
    OD_FIELDS_END
};
static const od_shape wait = { .kind = OD_KIND_STRUCT, .fields = wait_fields };
static const od_field queue_fields[] = {
    { .name = "menu_id", .summary = "id of the queue", .shape = &od_shape_integer },
    { .name = "menu_type", .summary = "its kind", .shape = &od_shape_text },
    { .name = "wait", .summary = "wait in minutes, as older pages have it", .shape = &od_shape_integer },
    { .name = "voice_call", .summary = "wait of calls", .shape = &od_shape_integer },
    { .name = "chat", .summary = "wait of chats", .shape = &od_shape_integer },
    { .name = "materialized_path", .summary = "names or ids of the queues above it", .shape = &od_shape_text },
    OD_FIELDS_END
};
static const od_shape queue = { .kind = OD_KIND_STRUCT, .fields = queue_fields, .open = true };
static const od_shape queues = { .kind = OD_KIND_LIST, .element = &queue };
static const od_field waits_fields[] = {
    { .name = "menus", .summary = "the queues", .shape = &queues }, OD_FIELDS_END
};
static const od_shape waits = { .kind = OD_KIND_STRUCT, .fields = waits_fields };
static const od_answer_form waits_form = { .list = "menus", .required = true };

/* ---- the list of calls ---- */

/* The value of query parameter `page` in a URL; 0 if it has none. */
static int64_t page_of(char *url) {
    char *query = strchr(url, '?');
    for (char *pair = query ? query + 1 : NULL, *next; pair; pair = next) {
        next = strchr(pair, '&');
        if (next)
            *next++ = '\0';
        if (strncmp(pair, "page=", 5) == 0)
            return id_of_text(pair + 5);
    }
    return 0;
}

static bool is_next(const char *parameters) {
    const char *rel = strstr(parameters, "rel=");
    return rel && (strncmp(rel + 4, "\"next\"", 6) == 0 || strncmp(rel + 4, "next", 4) == 0);
}

/* Turns a Link header into the number of the page that is next. What else the link says is not followed: where the
 * tenant is, its client knows. */
static od_status check_next_page(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    char text[LINK_BYTES];
    if (od_value_length(value) >= sizeof text)
        return od__check_fail(&next_page_check, value, path, err);
    memcpy(text, od_value_string(value), od_value_length(value) + 1);
    for (char *open = strchr(text, '<'); open; open = strchr(open, '<')) {
        char *url = open + 1, *close = strchr(url, '>');
        if (!close)
            break;
        char *parameters = close + 1, *end = strchr(parameters, ',');
        *close = '\0';
        open = end ? end + 1 : parameters + strlen(parameters);
        if (end)
            *end = '\0';
        int64_t page = is_next(parameters) ? page_of(url) : 0;
        if (page > 0) {
            *replacement = od_value_new_integer(page);
            return *replacement ? OD_OK : od__error_no_memory(err);
        }
    }
    return od__check_fail(&next_page_check, value, path, err);
}

static const char *const directions[] = { "ASC", "DESC", NULL };
static const od_shape direction = { .kind = OD_KIND_STRING, .choices = directions, .empty_is_absent = true };
static const od_shape per_page = { .kind = OD_KIND_INTEGER, .min = 1, .max = CALLS_PER_PAGE };
static const char *const updated_alias[] = { "updated_at[from]", NULL };
static const od_field list_fields[] = {
    { .name = "updated_at_from", .summary = "only calls that changed at or after this time, with its zone",
      .shape = &od__ccai_instant, .place = OD_PLACE_QUERY, .wire_name = "updated_at[from]", .aliases = updated_alias },
    { .name = "sort_column", .summary = "what to sort by: updated_at", .shape = &od_shape_filled,
      .place = OD_PLACE_QUERY },
    { .name = "sort_direction", .summary = "which way", .shape = &direction, .place = OD_PLACE_QUERY },
    { .name = "page", .summary = "number of the page, from 1", .shape = &od__ccai_id, .place = OD_PLACE_QUERY },
    { .name = "per", .summary = "calls of one page", .shape = &per_page, .place = OD_PLACE_QUERY,
      .has_default_integer = true, .default_integer = CALLS_PER_PAGE },
    OD_FIELDS_END
};
static const od_shape list = { .kind = OD_KIND_STRUCT, .fields = list_fields };
static const od_shape calls = { .kind = OD_KIND_LIST, .element = &od__ccai_call };
static const od_shape next_page = { .kind = OD_KIND_STRING, .check = &next_page_check };
static const od_field page_fields[] = {
    { .name = "calls", .summary = "calls, with more members than when they were created", .shape = &calls },
    { .name = "total", .summary = "how many calls there are on all pages", .shape = &od_shape_integer },
    { .name = "next", .summary = "number of the page that follows; absent on the last, and at times before",
      .shape = &od_shape_integer },
    OD_FIELDS_END
};
static const od_shape page = { .kind = OD_KIND_STRUCT, .fields = page_fields };
static const od_field page_headers[] = {
    { .name = "total", .shape = &od_shape_integer }, { .name = "next", .wire_name = "link", .shape = &next_page },
    OD_FIELDS_END
};
static const od_answer_form page_form = { .list = "calls", .required = true, .headers = page_headers };
static const od_paging page_after_page = { .items = "calls", .next = "next", .parameter = "page", .total = "total" };

/* ---- all of them ---- */

/* Per tenant, for everything of both APIs together. */
static const od_rate tenant_rate = { .per_second = 10, .burst = 10 };

#define CALLS "CCAI Platform, Apps API, Call endpoints"
#define CALLBACKS "CCAI Platform, Callback call API"

const od_operation od__ccai_operations[] = {
    { .name = "create_call", .vendor_name = "CreateCall", .summary = "calls a number: now or later, by agent or queue",
      .source = CALLS, .method = "POST", .path = "/apps/api/v1/calls", .input = &od__ccai_create_call,
      .output = &od__ccai_call, .form = &one_call, .content_type = "application/json", .rate = &tenant_rate,
      .rings = true, .repeat = OD_REPEAT_NEVER },
    { .name = "get_customer_flag", .vendor_name = "GetCustomerFlag", .summary = "reads what is noted of the customer",
      .source = CALLS, .method = "GET", .path = "/apps/api/v1/calls/{id}/customer_flag", .input = &get_flag,
      .output = &flags, .form = &some_object, .rate = &tenant_rate, .repeat = OD_REPEAT_SAFE },
    { .name = "update_customer_flag", .vendor_name = "UpdateCustomerFlag",
      .summary = "notes something of the customer; read it back, a key may be ignored in silence", .source = CALLS,
      .method = "PATCH", .path = "/apps/api/v1/calls/{id}/customer_flag", .input = &update_flag, .output = &flags,
      .form = &anything, .content_type = "application/json", .rate = &tenant_rate, .repeat = OD_REPEAT_SAFE },
    { .name = "cancel_scheduled_call", .vendor_name = "CancelScheduledCall", .summary = "takes one scheduled call back",
      .source = CALLBACKS, .method = "PATCH", .path = "/apps/api/v1/calls/scheduled/{id}/cancel", .input = &cancel_one,
      .output = &canceled, .form = &canceled_form, .rate = &tenant_rate, .repeat = OD_REPEAT_SAFE },
    { .name = "cancel_scheduled_calls", .vendor_name = "CancelScheduledCalls",
      .summary = "takes scheduled calls back; what became of it is told at a location", .source = CALLBACKS,
      .method = "PATCH", .path = "/apps/api/v1/calls/scheduled/cancel", .input = &cancel_many, .output = &location,
      .form = &location_form, .content_type = "application/json", .rate = &tenant_rate, .repeat = OD_REPEAT_SAFE },
    /* A second one within an interval is refused, which would hide that the first was taken. */
    { .name = "attach_end_user", .vendor_name = "AttachEndUser", .summary = "says who the person in a running call is",
      .source = "CCAI Platform, Mid-session authentication", .method = "POST",
      .path = "/apps/api/v1/calls/{call_id}/end_user", .input = &attach, .output = &message, .form = &anything,
      .content_type = "application/json", .rate = &tenant_rate, .repeat = OD_REPEAT_NEVER },
    { .name = "add_do_not_call", .vendor_name = "AddDoNotCall",
      .summary = "adds numbers to the tenant's do-not-call list; look at each one's status",
      .source = "CCAI Platform, Company do not call (DNC) list endpoints", .method = "POST",
      .path = "/apps/api/v1/outbound_dialer/dnc", .input = &add_blocked, .output = &blocks_result,
      .form = &blocks_form, .content_type = "application/json", .rate = &tenant_rate, .repeat = OD_REPEAT_SAFE },
    { .name = "get_wait_times", .vendor_name = "GetWaitTimes", .summary = "estimates how long queues make one wait",
      .source = "CCAI Platform, Wait time endpoint", .method = "GET", .path = "/apps/api/v1/wait_times",
      .input = &wait, .output = &waits, .form = &waits_form, .rate = &tenant_rate, .repeat = OD_REPEAT_SAFE },
    { .name = "list_calls", .vendor_name = "ListCalls", .summary = "lists calls of the tenant, page by page",
      .source = "CCAI Platform, Manager API, Call endpoints", .method = "GET", .path = "/manager/api/v1/calls",
      .input = &list, .output = &page, .form = &page_form, .pages = &page_after_page, .rate = &tenant_rate,
      .repeat = OD_REPEAT_SAFE },
    { .name = NULL }
};
