/* What became of a leg that was sent: placed, handed off, proven not placed, or unknown; and how a placed one ended. A leg
 * only moves towards more knowledge (R3); evidence that comes too late is kept, and changes nothing (finalise once). */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "store/campaign.h"
#include "store/contact.h"
#include "store/journal.h"
#include "store/leg.h"
#include "store/owner.h"
#include "store/schema.h"
#include "store/verbs.h"

#define OD_LIMIT_RAW_BYTES 16384     /* of a vendor's words that the journal repeats */

/* The texts of a verb's parameters that go into the tables. */
typedef struct evidence {
    char *call, *error;              /* JSON */
} evidence;

static od_status read_evidence(const od_value *params, evidence *out, od_error *err) {
    *out = (evidence){ 0 };
    od_status status = od__param_json(params, "call", &out->call, err);
    return status == OD_OK ? od__param_json(params, "error", &out->error, err) : status;
}

static void clear_evidence(evidence *what) {
    od_text_free(what->call);
    od_text_free(what->error);
}

static int64_t target_of(const char *placement) {
    return strcmp(placement, "placed") == 0       ? OD_LEG_placed
           : strcmp(placement, "handed_off") == 0 ? OD_LEG_handed_off
           : strcmp(placement, "not_placed") == 0 ? OD_LEG_not_placed
           : strcmp(placement, "void") == 0       ? OD_LEG_void
                                                  : OD_LEG_in_doubt;
}

/* Which moves a worker's own knowledge makes. After doubt only positive evidence does, or that no byte ever left. */
static bool may_move(int64_t from, int64_t to) {
    switch (from) {
    case OD_LEG_intent: return true;
    case OD_LEG_in_doubt: return to == OD_LEG_placed || to == OD_LEG_handed_off || to == OD_LEG_void;
    case OD_LEG_handed_off: return to == OD_LEG_placed;
    default: return false;
    }
}

static od_status set_contact(od_work *work, int64_t id, int64_t state, const char *why, od_error *err) {
    return od__execute(work->database, err,
                       "UPDATE contact SET state = ?2, why = ?3, version = version + 1 WHERE id = ?1 AND state <> ?2", "iit", id,
                       state, why);
}

bool od__leg_counts_as_silent(const od_leg_row *leg) {
    return leg->state == OD_LEG_not_placed || leg->state == OD_LEG_void || leg->state == OD_LEG_written_off;
}

static od_status is_known_to_ring(od_work *work, const od_leg_row *leg, bool *known, od_error *err) {
    od_query query;
    od__query(&query, work->database, err,
              "SELECT 1 FROM journal WHERE contact_id = ?1 AND leg_id = ?2 AND event = 'possible_second_ring'", "ii",
              leg->contact_id, leg->id);
    *known = od__query_row(&query);
    return od__query_end(&query);
}

/* Several may tell of it, one after the other: a person who has seen to the contact since is not asked again. */
od_status od__leg_second_ring(od_work *work, const od_leg_row *leg, const char *data, od_error *err) {
    bool known = false;
    od_status status = is_known_to_ring(work, leg, &known, err);
    if (status == OD_OK && known)
        return od__leg_journal(work, leg, "late_evidence", NULL, NULL, data, err);
    if (status == OD_OK)
        status = od__execute(work->database, err, "UPDATE attempt SET second_ring = 1, counts = 1 WHERE id = ?1", "i",
                             leg->attempt_id);
    if (status == OD_OK)
        status = od__execute(work->database, err,
                             "UPDATE contact SET version = version + 1, why = 'possible_second_ring', state = CASE state WHEN 2"
                             " THEN state ELSE 3 END, wish = CASE state WHEN 2 THEN 'hold' ELSE wish END WHERE id = ?1", "i",
                             leg->contact_id);
    return status == OD_OK ? od__leg_journal(work, leg, "possible_second_ring", NULL, NULL, data, err) : status;
}

static od_status move_open(od_work *work, const od_leg_row *leg, int64_t to, const evidence *what, const char *event,
                           od_error *err) {
    od_status status = od__leg_set(work, leg, to, what->call, what->error, NULL, err);
    if (status == OD_OK)
        status = to == OD_LEG_in_doubt ? set_contact(work, leg->contact_id, OD_CONTACT_held, "in_doubt", err)
                                       : set_contact(work, leg->contact_id, OD_CONTACT_open, NULL, err);
    if (status != OD_OK || (leg->state == OD_LEG_intent && to == OD_LEG_placed))
        return status;
    return od__leg_journal(work, leg, event, NULL, NULL, what->error != NULL ? what->error : what->call, err);
}

/* Ends the leg's attempt as `params` ({ kind, rang, raw?, at_ms? }) say; call: the vendor's answer, or NULL. Nobody's phone
 * rang, says the vendor: the attempt is given back (R23). */
static od_status end_leg(od_work *work, const od_leg_row *leg, const od_value *params, const char *call, const char *raw,
                         od_error *err) {
    const char *rang = od__param_text(params, "rang");
    od_status status = od__leg_set(work, leg, OD_LEG_ended, call, NULL, NULL, err);
    return status == OD_OK ? od__attempt_end(work, leg, strcmp(rang, "no") != 0, od__param_text(params, "kind"), rang, raw,
                                             od__param_integer(params, "at_ms", work->wall_ms), err)
                           : status;
}

/* Placed, and nobody is going to hear of its end: it is over at once. */
static od_status place_and_end(od_work *work, const od_leg_row *leg, const od_value *params, const evidence *what,
                               od_error *err) {
    const od_value *ends = od_value_get(params, "ends");
    const od_decision done = { .state = OD_CONTACT_done, .why = od__param_text(ends, "kind") };
    od_decision decision = od__decision_read(od_value_get(params, "decision"), done);
    char *raw = NULL;
    od_status status = od__param_json(ends, "raw", &raw, err);
    if (status == OD_OK)
        status = end_leg(work, leg, ends, what->call, raw, err);
    od_text_free(raw);
    if (status == OD_OK)
        status = od__contact_decide(work, leg->contact_id, -1, &decision, err);
    return status == OD_OK && leg->state != OD_LEG_intent ? od__leg_journal(work, leg, "placed", NULL, NULL, what->call, err)
                                                          : status;
}

/* Not placed: the attempt waits for another leg, or is given back (R23). */
static od_status move_not_placed(od_work *work, const od_leg_row *leg, int64_t to, const od_value *params,
                                 const evidence *what, od_error *err) {
    od_status status = od__leg_set(work, leg, to, what->call, what->error, NULL, err);
    if (status == OD_OK)
        status = od__leg_journal(work, leg, od__leg_state_name(to), NULL, NULL, what->error, err);
    if (status != OD_OK)
        return status;
    if (od__param_is(params, "keep_attempt") && leg->state == OD_LEG_intent)
        return set_contact(work, leg->contact_id, OD_CONTACT_open, NULL, err);
    const od_decision ready = { .state = OD_CONTACT_ready, .keeps_callback = true };
    od_decision decision = od__decision_uncalled(od_value_get(params, "decision"), ready);
    status = od__attempt_end(work, leg, false, NULL, NULL, NULL, work->wall_ms, err);
    return status == OD_OK ? od__contact_decide(work, leg->contact_id, -1, &decision, err) : status;
}

/* The token of the attempt's next leg, for who keeps it open. */
static od_status next_token(od_work *work, const od_leg_row *leg, char out[OD_STORE_TOKEN_BYTES], int64_t *version,
                            od_error *err) {
    od_contact_row contact;
    od_query query;
    int64_t ordinal = 0;
    od__query(&query, work->database, err, "SELECT ordinal FROM attempt WHERE id = ?1", "i", leg->attempt_id);
    if (od__query_row(&query))
        ordinal = od__query_integer(&query, 0);
    od_status status = od__query_end(&query);
    if (status == OD_OK)
        status = od__contact_read(work, leg->contact_id, &contact, err);
    if (status != OD_OK)
        return status;
    *version = contact.version;
    status = od__contact_token(work, &contact, ordinal, leg->ordinal + 1, out, err);
    od__contact_clear(&contact);
    return status;
}

static od_status result_of(od_work *work, const od_leg_row *leg, int64_t state, bool kept, od_value **result,
                           od_error *err) {
    char token[OD_STORE_TOKEN_BYTES];
    int64_t version = 0;
    od_maker maker;
    od__make(&maker, err);
    od__make_text(&maker, "state", od__leg_state_name(state));
    if (kept) {
        od__make_failed(&maker, next_token(work, leg, token, &version, err));
        if (maker.status == OD_OK) {
            od__make_text(&maker, "token", token);
            od__make_integer(&maker, "version", version);
        }
    }
    return od__made(&maker, result);
}

static bool is_mine(const od_work *work, const od_leg_row *leg) {
    const od_owner *owner = work->core->owner;
    return owner != NULL && (leg->owner_id == owner->id || leg->follower_id == owner->id);
}

static bool is_proof(int64_t to) {
    return to == OD_LEG_placed || to == OD_LEG_handed_off;
}

/* Whoever followed it when a person called it not placed follows it no more, and may hear of it all the same. */
static bool may_tell(const od_work *work, const od_leg_row *leg, int64_t to) {
    return is_mine(work, leg) || (is_proof(to) && od__leg_counts_as_silent(leg));
}

/* Sets *state to what the leg is afterwards. */
static od_status settle(od_work *work, const od_leg_row *leg, int64_t to, const od_value *params, const evidence *what,
                        int64_t *state, od_error *err) {
    *state = leg->state;
    if (!may_move(leg->state, to)) {
        if (is_proof(to) && od__leg_counts_as_silent(leg))
            return od__leg_second_ring(work, leg, what->call, err);
        return od__leg_journal(work, leg, "late_evidence", NULL, od__param_text(params, "placement"), NULL, err);
    }
    *state = to;
    if (to == OD_LEG_not_placed || to == OD_LEG_void)
        return move_not_placed(work, leg, to, params, what, err);
    if (to == OD_LEG_placed && od_value_get(params, "ends") != NULL) {
        *state = OD_LEG_ended;
        return place_and_end(work, leg, params, what, err);
    }
    return move_open(work, leg, to, what, od__leg_state_name(to), err);
}

od_status od__verb_settle(od_work *work, const od_value *params, od_value **result, od_error *err) {
    od_leg_row leg;
    evidence what = { 0 };
    int64_t to = target_of(od__param_text(params, "placement")), state = 0;
    od_status status = od__leg_meant(work, od__param_integer(params, "leg", 0), &leg, err);
    if (status == OD_OK && !may_tell(work, &leg, to))
        status = od__error_set(err, OD_CONFLICT, "this leg is another worker's");
    if (status == OD_OK)
        status = read_evidence(params, &what, err);
    if (status == OD_OK)
        status = settle(work, &leg, to, params, &what, &state, err);
    clear_evidence(&what);
    return status == OD_OK ? result_of(work, &leg, state, od__param_is(params, "keep_attempt"), result, err) : status;
}

/* ---- how it ended ---- */

static od_status note_late_outcome(od_work *work, const od_leg_row *leg, const char *kind, od_error *err) {
    /* `unreported` says only that nobody had told: what is told later refines it (R7). */
    od_status status = od__execute(work->database, err, "UPDATE attempt SET kind = ?2 WHERE id = ?1 AND kind = 'unreported'",
                                   "it", leg->attempt_id, kind);
    bool refines = status == OD_OK && od__database_changes(work->database) > 0;
    return status == OD_OK ? od__leg_journal(work, leg, refines ? "outcome_refined" : "late_outcome", NULL, kind, NULL, err)
                           : status;
}

/* Sets out to the outcome as the journal has it; clear it afterwards. */
static od_status describe_outcome(const char *kind, const char *rang, const char *raw, od_buffer *out, od_error *err) {
    od__buffer_init(out, OD_LIMIT_RAW_BYTES + 128);
    od__buffer_addf(out, "{\"kind\":\"%s\",\"rang\":\"%s\"", kind, rang);
    if (raw != NULL && strlen(raw) <= OD_LIMIT_RAW_BYTES) {
        od__buffer_add_text(out, ",\"raw\":");
        od__buffer_add_text(out, raw);
    }
    od__buffer_add_text(out, "}");
    return out->failed ? od__error_no_memory(err) : OD_OK;
}

static od_status journal_outcome(od_work *work, const od_leg_row *leg, const char *kind, const char *rang, const char *raw,
                                 od_error *err) {
    od_buffer data;
    od_status status = describe_outcome(kind, rang, raw, &data, err);
    if (status == OD_OK)
        status = od__leg_journal(work, leg, "outcome", NULL, NULL, od__buffer_text(&data), err);
    od__buffer_clear(&data);
    return status;
}

/* Of a call that was said not to have been made its end is told: so it was made, and may have rung, unless that is what is
 * told. */
static bool proves_a_ring(const od_leg_row *leg, const od_value *params) {
    return od__leg_counts_as_silent(leg) && strcmp(od__param_text(params, "rang"), "no") != 0 &&
           strcmp(od__param_text(params, "kind"), "unreported") != 0;
}

static od_status note_unexpected_end(od_work *work, const od_leg_row *leg, const od_value *params, od_error *err) {
    od_buffer data;
    char *raw = NULL;
    od_status status = od__param_json(params, "raw", &raw, err);
    if (status != OD_OK)
        return status;
    status = describe_outcome(od__param_text(params, "kind"), od__param_text(params, "rang"), raw, &data, err);
    if (status == OD_OK)
        status = od__leg_second_ring(work, leg, od__buffer_text(&data), err);
    od__buffer_clear(&data);
    od_text_free(raw);
    return status;
}

static od_status write_outcome(od_work *work, const od_leg_row *leg, const od_value *params, const od_decision *decision,
                               od_error *err) {
    const char *kind = od__param_text(params, "kind"), *rang = od__param_text(params, "rang");
    char *raw = NULL, *request = NULL;
    bool lives_on = od__param_is(params, "lives_on");
    od_status status = od__param_json(params, "raw", &raw, err);
    if (status == OD_OK && lives_on) /* where it is to be taken back follows from what was meant */
        status = od__leg_read_request(work, leg->id, false, &request, err);
    if (status == OD_OK)
        status = end_leg(work, leg, params, NULL, raw, err);
    if (status == OD_OK)
        status = journal_outcome(work, leg, kind, rang, raw, err);
    if (status == OD_OK && lives_on) /* the attempt is over and its fences are free all the same */
        status = od__leg_keep_open(work, leg, request, err);
    od__free(request);
    od_text_free(raw);
    return status == OD_OK ? od__contact_decide(work, leg->contact_id, -1, decision, err) : status;
}

od_status od__verb_outcome(od_work *work, const od_value *params, od_value **result, od_error *err) {
    od_leg_row leg;
    const od_decision done = { .state = OD_CONTACT_done, .why = od__param_text(params, "kind") };
    od_decision decision = od__decision_read(od_value_get(params, "decision"), done);
    od_decided decided = { 0 };
    od_status status = od__leg_read(work, od__param_integer(params, "leg", 0), &leg, err);
    if (status == OD_OK && leg.state == OD_LEG_ended)
        status = note_late_outcome(work, &leg, od__param_text(params, "kind"), err);
    else if (status == OD_OK && proves_a_ring(&leg, params))
        status = note_unexpected_end(work, &leg, params, err);
    else if (status == OD_OK && leg.state != OD_LEG_placed && leg.state != OD_LEG_handed_off)
        status = od__error_set(err, OD_CONFLICT, "the leg is %s, not placed", od__leg_state_name(leg.state));
    else if (status == OD_OK)
        status = write_outcome(work, &leg, params, &decision, err);
    if (status == OD_OK)
        status = od__contact_decided(work, leg.contact_id, &decided, err);
    if (status != OD_OK)
        return status;
    od_maker maker;
    od__make(&maker, err);
    od__make_text(&maker, "state", od__contact_state_name(decided.state));
    od__make_integer(&maker, "version", decided.version);
    return od__made(&maker, result);
}
