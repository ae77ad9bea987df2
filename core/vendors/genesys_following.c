/* Genesys: what became of a call (R19). A dialled call is known by its token in userData until an event or a look at the
 * live calls has told its id; a record that was added, by its reference, and then by the chain that the outbound server
 * put it into. Released is told by an event alone: a call that is merely gone may have been anything. */
#include <string.h>

#include "base/error.h"
#include "base/fault.h"
#include "vendors/genesys.h"

#define FIRST_LOOK_MS 2000
#define LAST_LOOK_MS 10000
#define LOOKS_WITHOUT 2  /* so many looks in a row that do not see a known call, */
#define GONE_GRACE_MS 5000 /* and so long after the first of these: its last event, which may lag behind the list, had its time */
#define LOOKS_FOR_DIAL 3 /* and so many that do not see a dialled call that was never seen, once it has had its time: */
#define DIAL_SHOWS_MS od__tunable("OUTDIAL_DIAL_SHOWS_MS", 120000)
#define LOOKS_AFTER_GAP 2  /* the answer to the first may have been on its way before the gap was over */
#define RESYNC "/meta/resync"

/* What is known so far, as memory keeps it. Values are borrowed. */
typedef struct notes {
    const od_value *id, *state;   /* of the call, once it was seen */
    const od_value *result;       /* the call result that it had then; not this call's own */
    const od_value *chain;        /* of a record */
    bool established, heard, acknowledged;
    int64_t gap;                  /* looks until what a gap in the events has hidden is made good */
    int64_t looks, missing;       /* all of them; those in a row that did not see it */
    bool changed;                 /* something here is new; not kept */
} notes;

static void read_notes(const od_value *memory, notes *out) {
    *out = (notes){
        .id = od_value_get(memory, "id"), .state = od_value_get(memory, "state"),
        .result = od_value_get(memory, "result"), .chain = od_value_get(memory, "chain"),
        .established = od_value_boolean(od_value_get(memory, "established")),
        .heard = od_value_boolean(od_value_get(memory, "heard")),
        .acknowledged = od_value_boolean(od_value_get(memory, "acknowledged")),
        .gap = od_value_integer(od_value_get(memory, "gap")),
        .looks = od_value_integer(od_value_get(memory, "looks")),
        .missing = od_value_integer(od_value_get(memory, "missing")),
    };
}

static od_status keep(od_value *memory, const char *key, const od_value *value, od_error *err) {
    return value ? od_value_set(memory, key, od_value_ref(value), err) : OD_OK;
}

static od_status keep_flag(od_value *memory, const char *key, bool flag, od_error *err) {
    return flag ? od_value_set(memory, key, od_value_new_boolean(true), err) : OD_OK;
}

static od_status keep_number(od_value *memory, const char *key, int64_t number, od_error *err) {
    return number ? od_value_set(memory, key, od_value_new_integer(number), err) : OD_OK;
}

static od_status write_notes(const notes *known, od_value **memory, od_error *err) {
    od_value *made = od_value_new_object();
    od_status status = made ? keep(made, "id", known->id, err) : od__error_no_memory(err);
    if (status == OD_OK)
        status = keep(made, "state", known->state, err);
    if (status == OD_OK)
        status = keep(made, "result", known->result, err);
    if (status == OD_OK)
        status = keep(made, "chain", known->chain, err);
    if (status == OD_OK)
        status = keep_flag(made, "established", known->established, err);
    if (status == OD_OK)
        status = keep_flag(made, "heard", known->heard, err);
    if (status == OD_OK)
        status = keep_flag(made, "acknowledged", known->acknowledged, err);
    if (status == OD_OK)
        status = keep_number(made, "gap", known->gap, err);
    if (status == OD_OK)
        status = keep_number(made, "looks", known->looks, err);
    if (status == OD_OK)
        status = keep_number(made, "missing", known->missing, err);
    if (status != OD_OK) {
        od_value_unref(made);
        return status;
    }
    od_value_unref(*memory);
    *memory = made;
    return OD_OK;
}

/* ---- small readings ---- */

static bool begins(const od_value *value, const char *text) {
    const char *string = od_value_string(value);
    return string && strncmp(string, text, strlen(text)) == 0;
}

static const od_value *user_data(const od_value *of, const char *key) {
    return od_value_get(od_value_get(of, "userData"), key);
}

/* When the vendor made an event; without its own time, when it came. */
static int64_t event_ms(const od_value *data, int64_t now_ms) {
    const od_value *at = od_value_find(data, "/metrics/eventProcessing/serverGenerationTimestamp");
    return od_value_integer(at) > 0 ? od_value_integer(at) : now_ms;
}

static bool is_record(const od_value *options, const od_value *call) {
    return !od_value_string(od_value_get(call, "id")) &&
           strcmp(od__vendor_option(options, "place_call_with", "dial"), "add_record") == 0;
}

static const od_value *known_id(const notes *known, const od_value *call) {
    return known->id ? known->id : od_value_get(call, "id");
}

/* A placement that has waited for its acknowledgement has the chain in what it was answered. */
static const od_value *told_chain(const od_value *call) {
    const od_value *chain = od_value_get(call, "chain_id");
    return chain ? chain : od_value_find(call, "/response/chainId");
}

static const od_value *known_chain(const notes *known, const od_value *call) {
    return known->chain ? known->chain : told_chain(call);
}

/* A second call that the agent makes for the first may have its user data; it proves that the first was placed, but says
 * nothing of how that ended. */
static bool is_ours(const od_followed *about, const notes *known, const od_value *live) {
    const od_value *id = known_id(known, about->call);
    if (od_value_string(id))
        return od__genesys_same(od_value_get(live, "id"), id);
    if (about->purpose == OD_PURPOSE_TRACK && od__genesys_is(od_value_get(live, "callType"), "Consult"))
        return false;
    return od__genesys_same(user_data(live, OD_GENESYS_ATTEMPT_KEY), od_value_get(about->call, "token")) ||
           od__genesys_same(user_data(live, "GSW_CHAIN_ID"), known_chain(known, about->call));
}

/* ---- what is known, as a report ---- */

static void report_end(od_report *report, od_outcome_kind kind, od_rang rang, const od_value *raw, int64_t at_ms) {
    report->done = true;
    report->kind = kind;
    report->rang = rang;
    report->raw = raw ? od_value_ref(raw) : NULL;
    report->at_ms = at_ms;
}

/* The row of a call result that tells something; NULL for none, and for those that a new record has. */
static const od_outcome_row *result_row(const od_value *result) {
    char scratch[OD_GENESYS_SCALAR_BYTES];
    const char *literal = od__genesys_plain(result, scratch);
    if (!literal || !*literal)
        return NULL;
    const od_outcome_row *row = od__outcome_row(od_genesys_outcomes, literal);
    return row->kind == OD_OUTCOME_unreported ? NULL : row;
}

/* ---- asking ---- */

static od_status ask(const od_followed *about, const od_value *memory, const od_operation **operation,
                     od_value **params, od_error *err) {
    const od_value *call = about->call;
    notes known;
    read_notes(memory, &known);
    bool named = od_value_string(od_value_get(call, "token")) || od_value_string(od_value_get(call, "id"));
    if (!named && !(about->purpose == OD_PURPOSE_TRACK && told_chain(call)))
        return od__error_at(err, OD_VALIDATION, "/token", "expected the token or the id of the call, got nothing");
    bool told = about->purpose == OD_PURPOSE_FIND && known.acknowledged;
    if (is_record(about->options, call) && (told || (!known.id && !known_chain(&known, call))))
        return OD_OK; /* only events tell of it */
    od_status status = od__vendor_operation(about->vendor, "get_me", operation, err);
    if (status != OD_OK)
        return status;
    *params = od_value_new_object();
    return *params ? od__vendor_set_text(*params, "subresources", "calls", err) : od__error_no_memory(err);
}

/* ---- a look at the live calls ---- */

static bool is_connected(const od_value *live) {
    const od_value *state = od_value_get(live, "state");
    return od__genesys_is(state, "Established") || od__genesys_is(state, "Held");
}

static bool is_over(const od_value *live) {
    return od__genesys_is(od_value_get(live, "state"), "Released");
}

static int64_t next_look_ms(const notes *known) {
    if (known->heard || known->looks > 2)
        return LAST_LOOK_MS;
    return (int64_t)FIRST_LOOK_MS << (known->looks > 0 ? known->looks - 1 : 0);
}

static void see(notes *known, const od_value *live) {
    if (!known->state)
        known->result = user_data(live, "GSW_CALL_RESULT");
    known->id = od_value_get(live, "id");
    known->state = od_value_get(live, "state");
    known->established = known->established || is_connected(live);
}

/* A dialled call rings at once or not at all: two minutes after it was meant it is among the live calls, or was. */
static bool has_had_its_time(const od_value *call, int64_t now_ms) {
    double at_s = od_value_number(od_value_get(call, "at"));
    return at_s > 0 && (double)now_ms - at_s * 1000 >= DIAL_SHOWS_MS;
}

/* live NULL: it is not among the live calls. A record is not dialled for as long as its server likes: then an event tells,
 * and the calls are looked at again only after a gap. A dialled call whose events nobody heard (whoever dialled it died, or
 * its session did) ends where the vendor's own list goes on without it, never by time alone (R6, R19). */
static void look(notes *known, bool record, const od_value *call, const od_value *live, int64_t now_ms, od_report *report) {
    known->looks++;
    if (live && !is_over(live)) {
        see(known, live);
        known->missing = 0;
        known->gap -= known->gap > 0; /* what it is now says what was lost */
        report->again_ms = known->gap > 0 ? FIRST_LOOK_MS : next_look_ms(known);
    } else if (!od_value_string(known_id(known, call)) && record) {
        report->again_ms = -1;
    } else if (!od_value_string(known_id(known, call))) {
        known->missing++;
        report->again_ms = next_look_ms(known);
        if (known->missing >= LOOKS_FOR_DIAL && has_had_its_time(call, now_ms))
            report_end(report, OD_OUTCOME_unreported, OD_RANG_UNKNOWN, NULL, 0);
    } else if (++known->missing < LOOKS_WITHOUT) {
        report->again_ms = GONE_GRACE_MS;
    } else if (known->established) {
        report_end(report, OD_OUTCOME_answered, OD_RANG_YES, known->state, 0);
    } else {
        report_end(report, OD_OUTCOME_unreported, OD_RANG_UNKNOWN, known->state, 0);
    }
}

/* Nothing could be asked about a record: what was heard before has to do. */
static od_status find_record(const od_followed *about, const notes *known, od_report *report, od_error *err) {
    if (known->acknowledged)
        return od__vendor_found(about, "chain_id", known->chain, "handed_off", report, err);
    return od__error_set(err, OD_VALIDATION, "a record that was added cannot be looked up: only events tell of it, and none "
                         "of this one was heard");
}

static od_status learn(const od_followed *about, const od_reply *reply, od_value **memory, od_report *report,
                       od_error *err) {
    bool finding = about->purpose == OD_PURPOSE_FIND;
    notes known;
    read_notes(*memory, &known);
    if (!reply->operation)
        return find_record(about, &known, report, err);
    if (!reply->result && finding)
        return od__finding_failed(reply->failure, err);
    if (!reply->result)
        return od__following_failed(reply->failure, FIRST_LOOK_MS, report, err);
    const od_value *calls = od_value_find(reply->result, "/user/calls"), *live = NULL;
    for (size_t i = 0; !live && i < od_value_length(calls) && od_value_type(calls) == OD_TYPE_ARRAY; i++)
        if (is_ours(about, &known, od_value_at(calls, i)))
            live = od_value_at(calls, i);
    if (finding && live)
        return od__vendor_found(about, "id", od_value_get(live, "id"), "placed", report, err);
    if (finding) {
        report->done = true;
        return OD_OK;
    }
    look(&known, is_record(about->options, about->call), about->call, live, about->now_ms, report);
    return report->done ? OD_OK : write_notes(&known, memory, err);
}

/* ---- events ---- */

/* Released came: was it answered? Established may have been among what was lost, or before anybody listened. */
static void end_call(const notes *known, bool seen_before, const od_value *live, const od_value *data, int64_t now_ms,
                     od_report *report) {
    const od_value *result = user_data(live, "GSW_CALL_RESULT");
    const od_outcome_row *row = od__genesys_same(result, known->result) ? NULL : result_row(result);
    int64_t at_ms = event_ms(data, now_ms);
    if (row)
        report_end(report, row->kind, row->rang, live, at_ms);
    else if (known->established)
        report_end(report, OD_OUTCOME_answered, OD_RANG_YES, live, at_ms);
    else if (seen_before && known->gap == 0)
        report_end(report, OD_OUTCOME_no_answer, OD_RANG_UNKNOWN, live, at_ms);
    else
        report_end(report, OD_OUTCOME_unreported, OD_RANG_UNKNOWN, live, at_ms);
}

static od_status hear_call(const od_followed *about, const od_value *data, notes *known, od_report *report,
                           od_error *err) {
    const od_value *live = od_value_get(data, "call");
    if (!od__genesys_is(od_value_get(data, "messageType"), "CallStateChangeMessage") || !is_ours(about, known, live))
        return OD_OK;
    if (about->purpose == OD_PURPOSE_FIND)
        return od__vendor_found(about, "id", od_value_get(live, "id"), "placed", report, err);
    bool seen_before = known->state != NULL;
    see(known, live);
    known->heard = known->changed = true;
    known->missing = 0;
    if (is_over(live))
        end_call(known, seen_before, live, data, about->now_ms, report);
    return OD_OK;
}

/* The acknowledgement of the record, or its refusal, by our reference. A refusal is no proof that there is a record. */
static void hear_record(const od_followed *about, const od_value *data, notes *known, od_report *report) {
    const od_value *type = od_value_get(data, "notificationType");
    if (!od__genesys_same(od_value_get(data, "referenceId"), od_value_get(about->call, "token")))
        return;
    bool refused = od_value_string(type) && strstr(od_value_string(type), "Error");
    if (refused && about->purpose == OD_PURPOSE_FIND)
        report->done = true;
    else if (refused)
        report_end(report, OD_OUTCOME_failed, OD_RANG_UNKNOWN, data, event_ms(data, about->now_ms));
    else if (od__genesys_is(type, "AddRecordAcknowledge"))
        known->acknowledged = known->changed = true;
}

/* The outbound server's own events, which have the chain in place of our reference. The chain is told right after the
 * acknowledgement; that it is ours shows in the number. */
static void hear_server(const od_followed *about, const od_value *data, notes *known, od_report *report) {
    const od_value *event = user_data(data, "GSW_USER_EVENT"), *chain = user_data(data, "GSW_CHAIN_ID");
    if (od__genesys_is(event, "AddRecordAcknowledge")) {
        if (known->acknowledged && !known_chain(known, about->call) &&
            od__genesys_same(user_data(data, "GSW_PHONE"), od_value_get(about->call, "to"))) {
            known->chain = chain;
            known->changed = true;
        }
        return;
    }
    if (about->purpose == OD_PURPOSE_FIND || !od__genesys_same(chain, known_chain(known, about->call)))
        return;
    const od_value *raw = od_value_get(data, "userData");
    bool counts = begins(event, "RecordProcessed") || begins(event, "UpdateCallCompletionStats");
    const od_outcome_row *row = counts ? result_row(user_data(data, "GSW_CALL_RESULT")) : NULL;
    if (row)
        report_end(report, row->kind, row->rang, raw, event_ms(data, about->now_ms));
    else if (begins(event, "DoNotCall"))
        report_end(report, OD_OUTCOME_blocked, OD_RANG_UNKNOWN, raw, event_ms(data, about->now_ms));
    else if (begins(event, "RecordCancel"))
        report_end(report, OD_OUTCOME_canceled, OD_RANG_UNKNOWN, raw, event_ms(data, about->now_ms));
}

static od_status hear(const od_followed *about, const char *channel, const od_value *data, od_value **memory,
                      od_report *report, od_error *err) {
    notes known;
    od_status status = OD_OK;
    read_notes(*memory, &known);
    if (strcmp(channel, RESYNC) == 0) {
        known.gap = known.state ? LOOKS_AFTER_GAP : 0;
        known.missing = 0; /* what was made up for may yet be told */
        known.changed = true;
        report->again_ms = 0;
    } else if (strcmp(channel, OD_GENESYS_CALLS) == 0) {
        status = hear_call(about, data, &known, report, err);
    } else if (strcmp(channel, OD_GENESYS_OUTBOUND) == 0) {
        hear_record(about, data, &known, report);
    } else if (strcmp(channel, OD_GENESYS_INTERNAL) == 0) {
        hear_server(about, data, &known, report);
    }
    return status == OD_OK && known.changed && !report->done ? write_notes(&known, memory, err) : status;
}

const od_following od_genesys_following = { .ask = ask, .learn = learn, .hear = hear };
