/* Amazon Connect: following a call: how it ended, by describe_contact; whether it was placed, by search_contacts and
 * get_contact_attributes (R2). */
#include <string.h>

#include "base/error.h"
#include "vendors/amazon_connect.h"

#define POLL_FIRST_MS 1000
#define POLL_MOST_MS 15000
#define UNSEEN_MS 60000           /* a contact may be unknown for a while after it was started */
#define SEARCH_BEFORE_S 60        /* clocks differ */
#define SEARCH_AFTER_S 300        /* from the decision to the vendor's own stamp */
#define SEARCH_PAGE 100
#define SEARCH_PAGES 100

/* ---- what its words mean ---- */

/* Why it ended. Where the line had been through (answered), a reason that tells no more than "it broke" leaves it so. */
static const od_outcome_row reasons[] = {
    { "TELECOM_BUSY", OD_OUTCOME_busy, OD_RANG_UNKNOWN },
    { "TELECOM_NUMBER_INVALID", OD_OUTCOME_invalid_number, OD_RANG_NO },
    { "TELECOM_POTENTIAL_BLOCKING", OD_OUTCOME_blocked, OD_RANG_UNKNOWN },
    { "TELECOM_UNANSWERED", OD_OUTCOME_no_answer, OD_RANG_YES },
    { "TELECOM_TIMEOUT", OD_OUTCOME_no_answer, OD_RANG_YES },
    { "TELECOM_ORIGINATOR_CANCEL", OD_OUTCOME_no_answer, OD_RANG_UNKNOWN },
    { "TELECOM_PROBLEM", OD_OUTCOME_failed, OD_RANG_UNKNOWN },
    { "CUSTOMER_NEVER_ARRIVED", OD_OUTCOME_no_answer, OD_RANG_UNKNOWN },
    { "THIRD_PARTY_DISCONNECT", OD_OUTCOME_answered, OD_RANG_YES },
    { "CUSTOMER_DISCONNECT", OD_OUTCOME_declined, OD_RANG_UNKNOWN },
    { "AGENT_DISCONNECT", OD_OUTCOME_answered, OD_RANG_YES },
    { "BARGED", OD_OUTCOME_answered, OD_RANG_YES },
    { "CONTACT_FLOW_DISCONNECT", OD_OUTCOME_failed, OD_RANG_UNKNOWN },
    { "OTHER", OD_OUTCOME_canceled, OD_RANG_UNKNOWN },
    { "OUTBOUND_DESTINATION_ENDPOINT_ERROR", OD_OUTCOME_failed, OD_RANG_NO },
    { "OUTBOUND_RESOURCE_ERROR", OD_OUTCOME_failed, OD_RANG_NO },
    { "OUTBOUND_ATTEMPT_FAILED", OD_OUTCOME_failed, OD_RANG_UNKNOWN },
    { "OUTBUND_PREVIEW_DISCARDED", OD_OUTCOME_canceled, OD_RANG_NO },   /* the vendor's own spelling */
    { "OUTBOUND_PREVIEW_DISCARDED", OD_OUTCOME_canceled, OD_RANG_NO },
    { "EXPIRED", OD_OUTCOME_expired, OD_RANG_NO },
    { NULL, OD_OUTCOME_unclassified, OD_RANG_UNKNOWN },
};

/* The same for a contact whose line was through: only what contradicts that stands against it. */
static const od_outcome_row reasons_when_answered[] = {
    { "TELECOM_PROBLEM", OD_OUTCOME_answered, OD_RANG_YES },
    { "TELECOM_ORIGINATOR_CANCEL", OD_OUTCOME_answered, OD_RANG_YES },
    { "THIRD_PARTY_DISCONNECT", OD_OUTCOME_answered, OD_RANG_YES },
    { "CUSTOMER_DISCONNECT", OD_OUTCOME_answered, OD_RANG_YES },
    { "AGENT_DISCONNECT", OD_OUTCOME_answered, OD_RANG_YES },
    { "BARGED", OD_OUTCOME_answered, OD_RANG_YES },
    { "CONTACT_FLOW_DISCONNECT", OD_OUTCOME_answered, OD_RANG_YES },
    { "OTHER", OD_OUTCOME_answered, OD_RANG_YES },
    { NULL, OD_OUTCOME_unclassified, OD_RANG_YES },
};

/* Who or what answered. `unreported` stands for: it does not tell, and the reason of the end decides. */
static const od_outcome_row detections[] = {
    { "ANSWERED", OD_OUTCOME_answered, OD_RANG_YES },
    { "HUMAN_ANSWERED", OD_OUTCOME_answered, OD_RANG_YES },
    { "VOICEMAIL_BEEP", OD_OUTCOME_machine, OD_RANG_YES },
    { "VOICEMAIL_NO_BEEP", OD_OUTCOME_machine, OD_RANG_YES },
    { "FAX_MACHINE_DETECTED", OD_OUTCOME_fax, OD_RANG_YES },
    { "SIT_TONE_BUSY", OD_OUTCOME_busy, OD_RANG_UNKNOWN },
    { "SIT_TONE_INVALID_NUMBER", OD_OUTCOME_invalid_number, OD_RANG_NO },
    { "SIT_TONE_DETECTED", OD_OUTCOME_failed, OD_RANG_UNKNOWN },
    { "AMD_UNANSWERED", OD_OUTCOME_no_answer, OD_RANG_YES },
    { "UNDETECTED", OD_OUTCOME_unreported, OD_RANG_UNKNOWN },
    { "ERROR", OD_OUTCOME_unreported, OD_RANG_UNKNOWN },
    { "AMD_UNRESOLVED", OD_OUTCOME_unreported, OD_RANG_UNKNOWN },
    { "AMD_UNRESOLVED_SILENCE", OD_OUTCOME_unreported, OD_RANG_UNKNOWN },
    { "AMD_ERROR", OD_OUTCOME_unreported, OD_RANG_UNKNOWN },
    { "AMD_NOT_APPLICABLE", OD_OUTCOME_unreported, OD_RANG_UNKNOWN },
    { NULL, OD_OUTCOME_unclassified, OD_RANG_UNKNOWN },
};

static const char *text_of(const od_value *object, const char *key) {
    return od_value_string(od_value_get(object, key));
}

static bool is_time(const od_value *object, const char *key) {
    od_type type = od_value_type(od_value_get(object, key));
    return type == OD_TYPE_INTEGER || type == OD_TYPE_NUMBER;
}

/* Somebody answered, was put into a queue, and went before an agent came. */
static bool is_abandoned(const od_value *contact) {
    const char *reason = text_of(contact, "DisconnectReason");
    return reason != NULL && strcmp(reason, "CUSTOMER_DISCONNECT") == 0 &&
           is_time(od_value_get(contact, "QueueInfo"), "EnqueueTimestamp") &&
           !is_time(od_value_get(contact, "AgentInfo"), "ConnectedToAgentTimestamp");
}

static od_outcome_row judge_reason(const od_value *contact) {
    const char *reason = text_of(contact, "DisconnectReason");
    bool answered = is_time(contact, "ConnectedToSystemTimestamp");
    if (reason == NULL)
        return answered ? (od_outcome_row){ NULL, OD_OUTCOME_answered, OD_RANG_YES }
                        : (od_outcome_row){ NULL, OD_OUTCOME_unreported, OD_RANG_UNKNOWN };
    if (answered && is_abandoned(contact))
        return (od_outcome_row){ NULL, OD_OUTCOME_abandoned, OD_RANG_YES };
    const od_outcome_row *row = answered ? od__outcome_row(reasons_when_answered, reason) : NULL;
    if (row == NULL || row->literal == NULL) {
        const od_outcome_row *general = od__outcome_row(reasons, reason);
        row = row != NULL && general->literal == NULL ? row : general;
    }
    return *row;
}

static od_outcome_row judge(const od_value *contact) {
    const char *detection = text_of(contact, "AnsweringMachineDetectionStatus");
    if (detection == NULL)
        return judge_reason(contact);
    const od_outcome_row *row = od__outcome_row(detections, detection);
    od_outcome_row ended = judge_reason(contact);
    if (row->kind == OD_OUTCOME_unreported || (row->kind == OD_OUTCOME_answered && ended.kind == OD_OUTCOME_abandoned))
        return ended;
    return *row;
}

static od_status keep_word(od_value *raw, const od_value *contact, const char *key, od_error *err) {
    return od__vendor_set_text(raw, key, text_of(contact, key), err);
}

static od_status report_end(const od_value *contact, od_report *report, od_error *err) {
    od_outcome_row row = judge(contact);
    report->done = true;
    report->kind = row.kind;
    report->rang = row.rang;
    report->at_ms = (int64_t)(od_value_number(od_value_get(contact, "DisconnectTimestamp")) * 1000 + 0.5);
    report->raw = od_value_new_object();
    od_status status = report->raw != NULL ? OD_OK : od__error_no_memory(err);
    if (status == OD_OK)
        status = keep_word(report->raw, contact, "DisconnectReason", err);
    return status == OD_OK ? keep_word(report->raw, contact, "AnsweringMachineDetectionStatus", err) : status;
}

/* ---- tracking: memory is { since (Unix ms of the first answer), wait (ms before the next question) } ---- */

/* A call that was meant for another instance than the client's is there. */
static od_status set_instance(const od_value *call, od_value *params, od_error *err) {
    return od__vendor_set_text(params, "InstanceId", od_value_string(od_value_find(call, "/fields/InstanceId")), err);
}

static od_status ask_track(const od_followed *about, const od_operation **operation, od_value **params, od_error *err) {
    const char *id = text_of(about->call, "id");
    if (id == NULL)
        return od__error_at(err, OD_VALIDATION, "/id", "expected the id of a contact, got nothing");
    od_status status = od__vendor_operation(about->vendor, "describe_contact", operation, err);
    if (status != OD_OK)
        return status;
    *params = od_value_new_object();
    status = *params != NULL ? od__vendor_set_text(*params, "ContactId", id, err) : od__error_no_memory(err);
    return status == OD_OK ? set_instance(about->call, *params, err) : status;
}

static od_status wait_longer(od_value **memory, int64_t now_ms, int64_t *since_ms, int64_t *wait_ms, od_error *err) {
    const od_value *since = od_value_get(*memory, "since");
    *since_ms = since != NULL ? od_value_integer(since) : now_ms;
    *wait_ms = since != NULL ? od_value_integer(od_value_get(*memory, "wait")) * 2 : POLL_FIRST_MS;
    if (*wait_ms > POLL_MOST_MS)
        *wait_ms = POLL_MOST_MS;
    od_value *next = od_value_new_object();
    if (next == NULL)
        return od__error_no_memory(err);
    od_status status = od_value_set(next, "since", od_value_new_integer(*since_ms), err);
    if (status == OD_OK)
        status = od_value_set(next, "wait", od_value_new_integer(*wait_ms), err);
    if (status != OD_OK) {
        od_value_unref(next);
        return status;
    }
    od_value_unref(*memory);
    *memory = next;
    return OD_OK;
}

static od_status learn_track(const od_followed *about, const od_reply *reply, od_value **memory, od_report *report,
                             od_error *err) {
    const od_value *contact = od_value_get(reply->result, "Contact");
    const od_error *failure = reply->failure;
    if (contact != NULL && is_time(contact, "DisconnectTimestamp"))
        return report_end(contact, report, err);
    int64_t since_ms, wait_ms;
    od_status status = wait_longer(memory, about->now_ms, &since_ms, &wait_ms, err);
    if (status != OD_OK)
        return status;
    bool unseen = failure != NULL && failure->code == OD_NOT_FOUND && about->now_ms - since_ms < UNSEEN_MS;
    if (failure != NULL && !unseen)
        return od__following_failed(failure, wait_ms, report, err);
    report->again_ms = wait_ms;
    return OD_OK;
}

/* ---- finding: memory is { pages, ids = contacts of the page, next = which of them is asked about, token } ---- */

/* Sets object[key] to a list of the one text. */
static od_status set_list(od_value *object, const char *key, const char *text, od_error *err) {
    od_value *list = od_value_new_array();
    od_status status = list != NULL ? od_value_add(list, od_value_new_string(text), err) : od__error_no_memory(err);
    if (status == OD_OK)
        return od_value_set(object, key, list, err);
    od_value_unref(list);
    return status;
}

/* Initiated around the time of the intent, and not later than now. */
static od_status set_range(od_value *range, const od_value *call, int64_t now_ms, od_error *err) {
    int64_t at = (int64_t)od_value_number(od_value_get(call, "at"));
    int64_t start = at > SEARCH_BEFORE_S ? at - SEARCH_BEFORE_S : 0, end = at + SEARCH_AFTER_S;
    if (end > now_ms / 1000 + 1)
        end = now_ms / 1000 + 1;
    if (end <= start)
        end = start + 1;
    od_status status = od__vendor_set_text(range, "Type", "INITIATION_TIMESTAMP", err);
    if (status == OD_OK)
        status = od_value_set(range, "StartTime", od_value_new_integer(start), err);
    return status == OD_OK ? od_value_set(range, "EndTime", od_value_new_integer(end), err) : status;
}

/* Adds an empty object under key; *out is borrowed. */
static od_status add_object(od_value *object, const char *key, od_value **out, od_error *err) {
    *out = od_value_new_object();
    return od_value_set(object, key, *out, err);
}

static od_status new_search(const od_value *call, const od_value *memory, int64_t now_ms, od_value *params,
                            od_error *err) {
    od_value *range = NULL, *criteria = NULL, *sort = NULL;
    od_status status = add_object(params, "TimeRange", &range, err);
    if (status == OD_OK)
        status = set_range(range, call, now_ms, err);
    if (status == OD_OK)
        status = add_object(params, "SearchCriteria", &criteria, err);
    if (status == OD_OK)
        status = set_list(criteria, "Channels", "VOICE", err);
    if (status == OD_OK)
        status = set_list(criteria, "InitiationMethods", "API", err);
    if (status == OD_OK)
        status = od_value_set(params, "MaxResults", od_value_new_integer(SEARCH_PAGE), err);
    if (status == OD_OK)
        status = od__vendor_set_text(params, "NextToken", text_of(memory, "token"), err);
    if (status == OD_OK)
        status = add_object(params, "Sort", &sort, err);
    if (status == OD_OK)
        status = od__vendor_set_text(sort, "FieldName", "INITIATION_TIMESTAMP", err);
    return status == OD_OK ? od__vendor_set_text(sort, "Order", "ASCENDING", err) : status;
}

/* The contact that is to be asked about; NULL: a page has to be fetched first. */
static const char *candidate(const od_value *memory) {
    const od_value *next = od_value_get(memory, "next");
    return next != NULL ? od_value_string(od_value_at(od_value_get(memory, "ids"), (size_t)od_value_integer(next))) : NULL;
}

static od_status ask_find(const od_followed *about, const od_value *memory, const od_operation **operation,
                          od_value **params, od_error *err) {
    if (text_of(about->call, "token") == NULL)
        return od__error_at(err, OD_VALIDATION, "/token", "expected the token of the call, got nothing");
    if (od_value_get(about->call, "at") == NULL)
        return od__error_at(err, OD_VALIDATION, "/at", "expected a time in Unix seconds, got nothing");
    const char *contact = candidate(memory);
    od_status status = od__vendor_operation(about->vendor, contact != NULL ? "get_contact_attributes" : "search_contacts",
                                            operation, err);
    if (status != OD_OK)
        return status;
    *params = od_value_new_object();
    if (*params == NULL)
        return od__error_no_memory(err);
    status = set_instance(about->call, *params, err);
    if (status != OD_OK)
        return status;
    return contact != NULL ? od__vendor_set_text(*params, "InitialContactId", contact, err)
                           : new_search(about->call, memory, about->now_ms, *params, err);
}

/* Attributes belong to the contact that a chain of transfers began with. */
static const char *initial_id(const od_value *contact) {
    const char *initial = text_of(contact, "InitialContactId");
    return initial != NULL && *initial != '\0' ? initial : text_of(contact, "Id");
}

static od_status remember(od_value **memory, int64_t pages, od_value *ids, int64_t next, const char *token,
                          od_error *err) {
    od_value *made = od_value_new_object();
    if (made == NULL) {
        od_value_unref(ids);
        return od__error_no_memory(err);
    }
    od_status status = od_value_set(made, "ids", ids, err);
    if (status == OD_OK)
        status = od_value_set(made, "pages", od_value_new_integer(pages), err);
    if (status == OD_OK)
        status = od_value_set(made, "next", od_value_new_integer(next), err);
    if (status == OD_OK)
        status = od__vendor_set_text(made, "token", token, err);
    if (status != OD_OK) {
        od_value_unref(made);
        return status;
    }
    od_value_unref(*memory);
    *memory = made;
    return OD_OK;
}

/* Where the page is through and no other follows, the search is over. */
static void look_ahead(const od_value *memory, od_report *report) {
    report->done = candidate(memory) == NULL && text_of(memory, "token") == NULL;
}

static od_status learn_page(const od_value *result, od_value **memory, od_report *report, od_error *err) {
    const od_value *contacts = od_value_get(result, "Contacts");
    int64_t pages = od_value_integer(od_value_get(*memory, "pages")) + 1;
    const char *token = text_of(result, "NextToken");
    if (token != NULL && *token == '\0')
        token = NULL;
    if (token != NULL && pages >= SEARCH_PAGES)
        return od__error_set(err, OD_PROTOCOL, "more than %d pages of contacts in the time of one call", SEARCH_PAGES);
    od_value *ids = od_value_new_array();
    od_status status = ids != NULL ? OD_OK : od__error_no_memory(err);
    for (size_t i = 0; status == OD_OK && i < od_value_length(contacts); i++) {
        const char *id = initial_id(od_value_at(contacts, i));
        if (id != NULL)
            status = od_value_add(ids, od_value_new_string(id), err);
    }
    if (status != OD_OK) {
        od_value_unref(ids);
        return status;
    }
    status = remember(memory, pages, ids, 0, token, err);
    look_ahead(*memory, report);
    return status;
}

/* A contact without attributes is another's. */
static od_status learn_attributes(const od_followed *about, const od_value *result, od_value **memory,
                                  od_report *report, od_error *err) {
    const char *mark = text_of(od_value_get(result, "Attributes"), OD_CONNECT_ATTEMPT);
    if (mark != NULL && strcmp(mark, text_of(about->call, "token")) == 0)
        return od__vendor_found_id(about, candidate(*memory), "placed", report, err);
    int64_t next = od_value_integer(od_value_get(*memory, "next")) + 1;
    od_value *ids = od_value_ref(od_value_get(*memory, "ids"));
    od_status status = remember(memory, od_value_integer(od_value_get(*memory, "pages")), ids, next,
                                text_of(*memory, "token"), err);
    look_ahead(*memory, report);
    return status;
}

static od_status learn_find(const od_followed *about, const od_reply *reply, od_value **memory, od_report *report,
                            od_error *err) {
    bool asked_attributes = candidate(*memory) != NULL;
    const od_error *failure = reply->failure;
    if (failure != NULL && !(asked_attributes && failure->code == OD_NOT_FOUND))
        return od__finding_failed(failure, err);
    return asked_attributes ? learn_attributes(about, reply->result, memory, report, err)
                            : learn_page(reply->result, memory, report, err);
}

/* ---- both ---- */

static od_status ask(const od_followed *about, const od_value *memory, const od_operation **operation,
                     od_value **params, od_error *err) {
    return about->purpose == OD_PURPOSE_FIND ? ask_find(about, memory, operation, params, err)
                                             : ask_track(about, operation, params, err);
}

static od_status learn(const od_followed *about, const od_reply *reply, od_value **memory, od_report *report,
                       od_error *err) {
    return about->purpose == OD_PURPOSE_FIND ? learn_find(about, reply, memory, report, err)
                                             : learn_track(about, reply, memory, report, err);
}

const od_following od__connect_following = { .ask = ask, .learn = learn };
