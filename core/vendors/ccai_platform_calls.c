/* CCAI Platform: creating a call, and the call object. */
#include "vendors/ccai_platform.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

#define INSTANT_BYTES 32
#define AHEAD_MS 5000  /* "in the future" when it arrives: on the way, and between two clocks, some time is lost */

/* ---- create_call: three kinds, chosen by call_type ---- */

static const od_shape scheduled_at = { .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &od_check_iso8601 };
static const char *const permissions[] = {
    "recording_permission_not_asked", "recording_permission_denied", "recording_permission_granted", NULL
};
static const od_shape permission = { .kind = OD_KIND_STRING, .choices = permissions, .empty_is_absent = true };

#define FIELD_CALL_TYPE \
    { .name = "call_type", .summary = "kind of call", .shape = &od_shape_text, .required = true }
#define FIELD_MENU_ID(needed, text) \
    { .name = "menu_id", .summary = text, .shape = &od__ccai_id, .required = (needed), .option = "menu_id" }
#define FIELD_NUMBER(needed, text) \
    { .name = "end_user_number", .summary = text, .shape = &od__ccai_number, .required = (needed) }
#define FIELD_TICKET                                                                                        \
    { .name = "ticket_id", .summary = "CRM ticket; its contact's number is dialled, whatever end_user_number says", \
      .shape = &od_shape_filled }
#define FIELD_OUTBOUND_NUMBER(text) \
    { .name = "outbound_number", .summary = text, .shape = &od__ccai_number, .option = "outbound_number" }
#define FIELD_LANG \
    { .name = "lang", .summary = "language of the call, default en", .shape = &od__ccai_language, .option = "lang" }
#define FIELD_PERMISSION                                                                                        \
    { .name = "recording_permission", .summary = "whether to record, where the queue asks", .shape = &permission }

static const od_field outbound_fields[] = {
    FIELD_CALL_TYPE,
    { .name = "agent_email", .summary = "agent who makes the call", .shape = &od__ccai_email, .required = true,
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
    { .name = "call_id", .summary = "earlier call that this one belongs to", .shape = &od__ccai_id },
    FIELD_NUMBER(true, "number to call"),
    FIELD_LANG,
    FIELD_TICKET,
    { .name = "scheduled_at", .summary = "when to call: to come, and with its zone; sent in UTC",
      .shape = &scheduled_at, .required = true, .ahead_ms = AHEAD_MS },
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
    { OD_CCAI_OUTBOUND, outbound_aliases, "an agent calls a number now", &outbound },
    { OD_CCAI_INBOUND, inbound_aliases, "a queue calls a number now", &inbound },
    { OD_CCAI_SCHEDULED, scheduled_aliases, "a queue calls a number at a time to come", &scheduled },
    OD_VARIANTS_END
};
const od_shape od__ccai_create_call = { .kind = OD_KIND_CHOICE, .chooser = "call_type", .variants = kinds };

const char *od__ccai_call_type(const char *name) {
    for (const od_variant *kind = kinds; name && kind->value; kind++)
        for (const char *const *alias = kind->aliases; *alias; alias++)
            if (strcmp(*alias, name) == 0)
                return kind->value;
    return name;
}

/* ---- the call object: null and missing alike, unknown keys kept; examples misspell two keys ---- */

#define TEXT(key, text) { .name = (key), .summary = (text), .shape = &od_shape_text }
#define INTEGER(key, text) { .name = (key), .summary = (text), .shape = &od_shape_integer }
#define BOOLEAN(key, text) { .name = (key), .summary = (text), .shape = &od_shape_boolean }
#define BELOW(key, text, of) { .name = (key), .summary = (text), .shape = &(of) }
#define OPEN_STRUCT(name) static const od_shape name = { .kind = OD_KIND_STRUCT, .fields = name##_fields, .open = true }
#define LIST_OF(name, of) static const od_shape name = { .kind = OD_KIND_LIST, .element = &(of) }

static const od_field menu_fields[] = {
    INTEGER("id", "id of the queue"), TEXT("name", "its name"), INTEGER("parent_id", "queue above it"),
    INTEGER("position", "place among its siblings"), BOOLEAN("deleted", "no longer in use"),
    { .name = "hidden", .summary = "not shown; a text in the model, a boolean in answers", .shape = &od_shape_any },
    TEXT("menu_type", "ivr_menu, mobile_menu or web_menu"), TEXT("output_msg", "what the caller hears"), OD_FIELDS_END
};
OPEN_STRUCT(menu);
static const od_field menu_path_fields[] = {
    INTEGER("items_count", "how many levels"), TEXT("name", "names of the levels"),
    TEXT("materialized_path", "ids of the levels"), OD_FIELDS_END
};
OPEN_STRUCT(menu_path);
static const od_field agent_fields[] = {
    INTEGER("id", "id of the agent"), TEXT("name", "full name"), TEXT("last_name", "family name"),
    TEXT("first_name", "given name"),
    { .name = "agent_number", .summary = "the tenant's number of the agent, text or integer", .shape = &od_shape_any },
    TEXT("avatar_url", "picture"), OD_FIELDS_END
};
OPEN_STRUCT(agent);
static const od_field end_user_fields[] = {
    INTEGER("id", "id of the person called"), TEXT("identifier", "the caller's own id of the person"),
    TEXT("out_contact_id", "id of the contact in the CRM"), OD_FIELDS_END
};
OPEN_STRUCT(end_user);
static const od_field photo_fields[] = {
    INTEGER("id", "id of the photo"), TEXT("photo_type", "photo"), TEXT("url", "where it is"), OD_FIELDS_END
};
OPEN_STRUCT(photo);
LIST_OF(photos, photo);
static const od_field video_fields[] = { INTEGER("id", "id of the video"), TEXT("url", "where it is"), OD_FIELDS_END };
OPEN_STRUCT(video);
LIST_OF(videos, video);
static const od_field transfer_fields[] = {
    INTEGER("id", "id of the transfer"), TEXT("status", "transferring, transferred"),
    TEXT("fail_reason", "why it failed"), TEXT("created_at", "when it began"), BELOW("from_menu", "queue before", menu_path),
    BELOW("to_menu", "queue after", menu_path), BELOW("from_agent", "agent before", agent),
    BELOW("to_agent", "agent after", agent), OD_FIELDS_END
};
OPEN_STRUCT(transfer);
LIST_OF(transfers, transfer);
static const od_field participant_fields[] = {
    INTEGER("id", "id of the participant"), TEXT("type", "agent or end_user"), TEXT("status", "waiting, connected"),
    INTEGER("call_id", "id of the call"), INTEGER("user_id", "id of the agent"),
    INTEGER("end_user_id", "id of the person called"), INTEGER("call_duration", "seconds in the call"),
    INTEGER("hold_duration", "seconds on hold"), TEXT("connected_at", "when they joined"),
    TEXT("ended_at", "when they left"), TEXT("fail_reason", "why they did not join"), OD_FIELDS_END
};
OPEN_STRUCT(participant);
LIST_OF(participants, participant);
static const od_field offer_fields[] = {
    TEXT("casting_time", "when the call was offered"), TEXT("group", "to which agents"), OD_FIELDS_END
};
OPEN_STRUCT(offer);
LIST_OF(offers, offer);
static const od_shape details = { .kind = OD_KIND_LIST, .element = &od_shape_any };

static const char *const call_type_typos[] = { "call_tye", NULL };
static const char *const voicemail_reason_typos[] = { "voicemail_reaso", NULL };

static const od_field call_fields[] = {
    INTEGER("id", "id of the call; absent where an agent has to act first"),
    INTEGER("parent_id", "the call that this one belongs to"),
    TEXT("lang", "language of the call"),
    { .name = "call_type", .summary = "kind of call; for a scheduled one an example answers Voice Inbound (API)",
      .shape = &od_shape_text, .aliases = call_type_typos },
    TEXT("status", "state of the call: assigned, queued, scheduled, ..."),
    TEXT("created_at", "when it was made"), TEXT("queued_at", "when it was queued"),
    TEXT("assigned_at", "when an agent was found"), TEXT("connected_at", "when both sides were in it"),
    TEXT("ends_at", "when it ended"), TEXT("scheduled_at", "when it is due"),
    INTEGER("wait_duration", "seconds of waiting"), INTEGER("call_duration", "seconds of the call"),
    INTEGER("hold_duration", "seconds on hold"),
    { .name = "rating", .summary = "rating by the person called, integer or text", .shape = &od_shape_any },
    BOOLEAN("has_feedback", "the person called said more"), TEXT("voip_provider", "who carried it; absent in some kinds"),
    TEXT("out_ticket_id", "the ticket_id that was given"), TEXT("out_ticket_url", "where the ticket is"),
    BOOLEAN("verified", "the person called was verified"), TEXT("recording_url", "where the recording is"),
    TEXT("recording_permission", "not_asked, ...: other words than in the request"),
    { .name = "voicemail_reason", .summary = "not_voicemail, ...", .shape = &od_shape_text,
      .aliases = voicemail_reason_typos },
    TEXT("deflection", "no_deflection, ..."), TEXT("disconnected_by", "disconnected_by_unknown, ..."),
    TEXT("fail_reason", "nothing, eu_busy, ..."), TEXT("fail_details", "more about the failure"),
    TEXT("support_number", "number of the tenant"), BELOW("selected_menu", "queue of the call", menu),
    BELOW("menu_path", "where that queue is", menu_path), BELOW("agent_info", "agent of the call", agent),
    BELOW("end_user", "person called", end_user), BELOW("photos", "photos sent", photos),
    BELOW("videos", "videos sent", videos), BELOW("transfers", "transfers of the call", transfers),
    BELOW("participants", "who took part", participants), BELOW("deflection_details", "more about the deflection", details),
    TEXT("offer_type", "cascade, ..."), BELOW("offer_events", "how it was offered to agents", offers),
    TEXT("answer_type", "manual, ..."), TEXT("outbound_number", "number shown, with blanks and hyphens"),
    OD_FIELDS_END
};
const od_shape od__ccai_call = { .kind = OD_KIND_STRUCT, .fields = call_fields, .open = true };

/* ---- neutral call ---- */

/* Whether the kind of call in params has a field of that name. */
static bool has_field(const od_value *params, const char *name) {
    const od_shape *kind = od__shape_chosen(&od__ccai_create_call, params);
    return kind && od__shape_field(kind, name);
}

static od_status set_instant(od_value *object, const char *key, int64_t unix_ms, od_error *err) {
    char text[INSTANT_BYTES];
    od__iso8601_format(unix_ms, text, sizeof text);
    return od_value_set(object, key, od_value_new_string(text), err);
}

/* What of a neutral call has no effect: attributes (1), from (2), to (4, R10). */
#define NO_ATTRIBUTES "attributes are left out: a CCAI call has no place for them"
#define NO_FROM "from is left out: a scheduled CCAI call has no place for it"
#define NO_ATTRIBUTES_NOR_FROM "attributes and from are left out: a scheduled CCAI call has no place for them"
#define BY_TICKET "to has no effect: the number of the ticket's contact is dialled"
static const char *const losses[] = {
    NULL, NO_ATTRIBUTES, NO_FROM, NO_ATTRIBUTES_NOR_FROM,
    BY_TICKET, BY_TICKET "; " NO_ATTRIBUTES, BY_TICKET "; " NO_FROM, BY_TICKET "; " NO_ATTRIBUTES_NOR_FROM,
};

od_status od__ccai_place(const od_vendor *vendor, const od_value *options, const od_call *call,
                         const od_operation **operation, od_value **params, const char **dropped, od_error *err) {
    (void)options;
    od_status status = od__vendor_operation(vendor, "create_call", operation, err);
    if (status != OD_OK)
        return status;
    od_value *made = od_value_new_object();
    if (!made)
        return od__error_no_memory(err);
    static const char *const limits[] = { "scheduled_at", NULL };
    const char *type = call->fields ? od_value_string(od_value_get(call->fields, "call_type")) : NULL;
    if ((status = od__vendor_set_text(made, "call_type", type ? type : OD_CCAI_OUTBOUND, err)) == OD_OK)
        status = od__vendor_set_text(made, "end_user_number", call->to, err);
    bool from_has_place = has_field(made, "outbound_number");
    if (status == OD_OK && from_has_place)
        status = od__vendor_set_text(made, "outbound_number", call->from, err);
    if (status == OD_OK && call->not_before_ms && has_field(made, "scheduled_at"))
        status = set_instant(made, "scheduled_at", call->not_before_ms, err);
    if (status == OD_OK)
        status = od__vendor_merge_fields(made, call, limits, err);
    char ticket[OD_CCAI_ID_BYTES];
    bool attributes_dropped = call->attributes && od_value_length(call->attributes) > 0;
    bool from_dropped = call->from && !from_has_place;
    bool by_ticket = od__ccai_id_text(od_value_get(made, "ticket_id"), ticket);
    *dropped = losses[attributes_dropped + 2 * from_dropped + 4 * by_ticket];
    return od__vendor_place_end(status, made, params);
}

/* ---- placed or handed off ---- */

/* A queue calls when it comes to it, and takes no times; a scheduled call has one; an agent dials as a rule at once. */
od_handoff od__ccai_handoff(const od_operation *operation, const od_value *params) {
    (void)operation;
    const char *type = od__ccai_call_type(od_value_string(od_value_get(params, "call_type")));
    if (type && strcmp(type, OD_CCAI_INBOUND) == 0)
        return OD_HANDOFF_UNBOUNDED;
    return type && strcmp(type, OD_CCAI_SCHEDULED) == 0 ? OD_HANDOFF_LATER : OD_HANDOFF_NONE;
}

/* States from which on an agent has the call and the number is dialled, whatever became of it. */
static const char *const dialled_states[] = {
    "assigned", "connecting", "connected", "switching", "finished", "failed", "recovered", "completed", NULL
};

bool od__ccai_dialled(const char *call_type, const char *state) {
    if (!state || !call_type || strcmp(call_type, OD_CCAI_SCHEDULED) == 0)
        return false;
    for (size_t i = 0; dialled_states[i]; i++)
        if (strcasecmp(state, dialled_states[i]) == 0)
            return true;
    return false;
}

bool od__ccai_id_text(const od_value *id, char out[OD_CCAI_ID_BYTES]) {
    const char *text = id ? od_value_string(id) : NULL;
    size_t length = text ? strlen(text) : 0;
    out[0] = '\0';
    if (id && od_value_type(id) == OD_TYPE_INTEGER)
        snprintf(out, OD_CCAI_ID_BYTES, "%" PRId64, od_value_integer(id));
    else if (length > 0 && length < OD_CCAI_ID_BYTES && length == od_value_length(id))
        memcpy(out, text, length + 1);
    return out[0] != '\0';
}

/* The kind asked for counts: the vendor's own examples answer a scheduled call with another call_type. */
bool od__ccai_placed(const od_operation *operation, int http_status, const od_value *params, const od_value *body,
                     od_value **call_id) {
    (void)operation;
    char id[OD_CCAI_ID_BYTES];
    *call_id = od__ccai_id_text(od_value_get(body, "id"), id) ? od_value_new_string(id) : NULL;
    return http_status == 201 && od__ccai_dialled(od_value_string(od_value_get(params, "call_type")),
                                                  od_value_string(od_value_get(body, "status")));
}
