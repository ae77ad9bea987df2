/* All verbs of a store, with what each takes. */
#include <string.h>

#include "store/contact.h"
#include "store/verb.h"
#include "store/verbs.h"

/* ---- shapes that several have ---- */

static const od_shape name_text = { .kind = OD_KIND_STRING, .min = 1, .max = 200 };
static const od_shape reason_text = { .kind = OD_KIND_STRING, .min = 1, .max = 500 };
static const od_shape contact_id = { .kind = OD_KIND_STRING, .min = 1, .max = 256 };
static const od_shape long_text = { .kind = OD_KIND_STRING, .max = 500 };
static const od_shape account_text = { .kind = OD_KIND_STRING, .max = 1023 };
static const od_shape row_id = { .kind = OD_KIND_INTEGER, .min = 1, .max = INT64_MAX };
static const od_shape count = { .kind = OD_KIND_INTEGER, .min = 0, .max = 1000000 };
static const od_shape limit = { .kind = OD_KIND_INTEGER, .min = 1, .max = OD_LIMIT_TAKE };
static const od_shape duration_ms = { .kind = OD_KIND_INTEGER, .min = 0, .max = 86400000, .expected = "milliseconds, up to a day" };
static const od_shape unix_ms = { .kind = OD_KIND_INTEGER, .min = 0, .max = INT64_C(253402300799000),
                                  .expected = "Unix milliseconds" };
static const od_shape object = { .kind = OD_KIND_MAP, .element = &od_shape_any };
static const od_shape names = { .kind = OD_KIND_LIST, .max = OD_LIMIT_TAKE, .element = &name_text };
static const od_shape row_ids = { .kind = OD_KIND_LIST, .max = OD_LIMIT_TAKE, .element = &row_id };
static const od_shape token_text = { .kind = OD_KIND_STRING, .min = 1, .max = 64 };
static const od_shape record_form = { .kind = OD_KIND_ANY, .check = &od_check_record };
static const od_shape per_second = { .kind = OD_KIND_NUMBER, .number_min = 0.0001, .number_max = 100000 };
static const od_shape burst = { .kind = OD_KIND_INTEGER, .min = 1, .max = 100000 };

#define STRUCT(name, ...) \
    static const od_field name##_fields[] = { __VA_ARGS__, OD_FIELDS_END }; \
    static const od_shape name = { .kind = OD_KIND_STRUCT, .fields = name##_fields }
#define TAKES(field, what, form) { .name = #field, .summary = what, .shape = &(form) }
#define NEEDS(field, what, form) { .name = #field, .summary = what, .shape = &(form), .required = true }

#define CAMPAIGN NEEDS(campaign, "its name, or the id that the verb campaign gave", od_shape_any)
#define LEG NEEDS(leg, "row id of the leg", row_id)
#define LIMIT NEEDS(limit, "how many at most", limit)
#define CLIENTS TAKES(clients, "names of the clients that are at hand; absent: all", names)

static const od_field no_fields[] = { OD_FIELDS_END };
static const od_shape nothing = { .kind = OD_KIND_STRUCT, .fields = no_fields };

/* ---- campaigns ---- */

STRUCT(list_shape, NEEDS(path, "the file", name_text), TAKES(country, "for national numbers", name_text),
       TAKES(column, "which column has the number", name_text), TAKES(skip_bad, "rows that are no number are skipped", od_shape_boolean));

STRUCT(campaign_shape, NEEDS(name, "its name", name_text), NEEDS(ruleset, "hours, caps and gaps", object),
       NEEDS(script, "hash of its script", name_text), TAKES(subject, "what its calls are about, over campaigns", name_text),
       TAKES(max_open, "calls under way at most", count), TAKES(max_handed_off, "calls handed off at most", count),
       TAKES(do_not_call, "a list in a file", list_shape));

static const char *const states[] = { "running", "paused", "held", "stopped", NULL };
static const od_shape state_text = { .kind = OD_KIND_STRING, .choices = states };
STRUCT(campaign_set_shape, CAMPAIGN, NEEDS(state, "what it becomes", state_text), TAKES(why, "in words", long_text),
       TAKES(by, "who says so", name_text));

static const od_shape given_contacts = { .kind = OD_KIND_LIST, .max = OD_LIMIT_TAKE, .element = &object };
STRUCT(put_shape, CAMPAIGN, NEEDS(contacts, "{ id, person?, country?, zones?, numbers, data? } each", given_contacts));

static const char *const formats[] = { "csv", "jsonl", NULL };
static const od_shape format_text = { .kind = OD_KIND_STRING, .choices = formats };
static const od_shape path_text = { .kind = OD_KIND_STRING, .min = 1, .max = 4000 };
static const char *const delimiters[] = { ",", ";", "\t", "|", NULL };
static const od_shape delimiter_text = { .kind = OD_KIND_STRING, .choices = delimiters, .expected = "a comma, a semicolon, a tab or |" };
STRUCT(import_shape, CAMPAIGN, NEEDS(path, "the file", path_text), TAKES(format, "csv or jsonl; absent: csv", format_text),
       TAKES(delimiter, "between fields; absent: found by itself", delimiter_text),
       NEEDS(map, "which column is what: { id, numbers, person?, zone?, country?, country_column? }", object),
       TAKES(reject_path, "where rejected rows are written", path_text));

STRUCT(note_shape, TAKES(campaign, "whose", od_shape_any), TAKES(contact, "row id", row_id),
       TAKES(id, "instead of it, the id that its list gave", contact_id),
       NEEDS(event, "one word", name_text), TAKES(by, "who", name_text), TAKES(data, "anything", od_shape_any));

/* ---- contacts of a worker ---- */

STRUCT(take_shape, CAMPAIGN, LIMIT, CLIENTS,
       TAKES(views, "false: nobody looks at view and data, and they are left out", od_shape_boolean));
STRUCT(claim_shape, NEEDS(contact, "row id", row_id), NEEDS(version, "as it was taken", count));
static const od_shape claims_list = { .kind = OD_KIND_LIST, .max = OD_LIMIT_TAKE, .element = &claim_shape };
STRUCT(release_shape, NEEDS(contacts, "{ contact, version } each", claims_list));
STRUCT(decide_shape, NEEDS(contact, "row id", row_id), NEEDS(version, "as it was taken", count),
       NEEDS(decision, "what becomes of it", od_shape_decision));

STRUCT(rate_shape, NEEDS(bucket, "whose rate", long_text), NEEDS(per_second, "slots per second", per_second),
       NEEDS(burst, "how many at once after a pause", burst));

STRUCT(call_shape, NEEDS(number, "to be called", od_shape_e164), NEEDS(account, "identity of the account", account_text),
       TAKES(rate, "whose slot to take", rate_shape),
       TAKES(hands_off, "the vendor calls at its own time", od_shape_boolean),
       TAKES(hands_off_unbounded, "and cannot be told until when", od_shape_boolean),
       NEEDS(record, "what will be sent: { request = { method, url, body }, call }, or that as JSON text", record_form));
STRUCT(intend_shape, NEEDS(contact, "row id", row_id), NEEDS(version, "as it was taken", count),
       TAKES(attempt, "row id, for a further leg", row_id), NEEDS(token, "from the contact's view", token_text),
       TAKES(number_index, "which of the contact's numbers, from 1", limit), NEEDS(client, "name of the client", name_text),
       NEEDS(vendor, "name of the vendor", name_text), NEEDS(call, "as it was prepared", call_shape),
       TAKES(seat, "who calls", name_text), TAKES(per_seat, "open calls of a seat at most", limit),
       TAKES(client_max_open, "open calls of the client at most", count), TAKES(timeout_ms, "of the request", duration_ms),
       TAKES(ring_timeout_ms, "how long it may ring; absent: as the campaign's rules say", duration_ms),
       TAKES(callback, "it was asked for", od_shape_boolean));

STRUCT(window_shape, NEEDS(contact, "row id", row_id), TAKES(number_index, "which of the contact's, from 1", limit),
       TAKES(attempt, "row id, for a further leg", row_id), TAKES(callback, "it was asked for", od_shape_boolean));

STRUCT(slot_shape, LEG, NEEDS(bucket, "whose rate", long_text), NEEDS(per_second, "slots per second", per_second),
       NEEDS(burst, "how many at once after a pause", burst));

/* ---- legs ---- */

static const char *const placements[] = { "placed", "handed_off", "not_placed", "void", "unknown", NULL };
static const od_shape placement_text = { .kind = OD_KIND_STRING, .choices = placements };
static const char *const rangs[] = { "yes", "no", "unknown", NULL };
static const od_shape rang_text = { .kind = OD_KIND_STRING, .choices = rangs };
static const char *const kinds[] = {
#define KIND_NAME(name) #name,
    OD_OUTCOMES(KIND_NAME)
#undef KIND_NAME
    NULL
};
static const od_shape kind_text = { .kind = OD_KIND_STRING, .choices = kinds };
STRUCT(ends_shape, NEEDS(kind, "how it ended", kind_text), NEEDS(rang, "whether a phone rang", rang_text),
       TAKES(raw, "the vendor's words", od_shape_any), TAKES(at_ms, "when", unix_ms));
STRUCT(settle_shape, LEG, NEEDS(placement, "what is known", placement_text), TAKES(call, "the vendor's answer", object),
       TAKES(error, "what went wrong", object),
       TAKES(ends, "placed, and not followed: how it counts as ended", ends_shape), TAKES(keep_attempt, "another leg follows", od_shape_boolean),
       TAKES(decision, "what becomes of the contact", od_shape_decision));

STRUCT(outcome_shape, LEG, NEEDS(kind, "how it ended", kind_text), NEEDS(rang, "whether a phone rang", rang_text),
       TAKES(raw, "the vendor's words", od_shape_any), TAKES(at_ms, "when", unix_ms),
       TAKES(lives_on, "the vendor may call again, unless it is taken back", od_shape_boolean),
       TAKES(decision, "what becomes of the contact", od_shape_decision));

STRUCT(adopt_shape, CAMPAIGN, LIMIT, CLIENTS);
STRUCT(looked_shape, LEG, NEEDS(found, "the vendor has it", od_shape_boolean), TAKES(call, "what it has", object),
       TAKES(why, "in words", long_text), TAKES(delay_ms, "after which the vendor shows what it has", duration_ms),
       TAKES(cannot, "the vendor cannot be asked", od_shape_boolean), TAKES(version, "as it was looked up", count));
STRUCT(write_off_shape, LEG, NEEDS(why, "in words", long_text));
STRUCT(withdrawals_shape, CAMPAIGN, LIMIT, CLIENTS, TAKES(followed, "legs that are followed as handed off, or are to be taken back", row_ids),
       TAKES(living_on, "also those that have an outcome, and may be called again all the same", od_shape_boolean));
STRUCT(withdrawn_shape, LEG, NEEDS(done, "it will not ring", od_shape_boolean), TAKES(why, "in words", long_text),
       TAKES(again, "it may be tried again", od_shape_boolean));

STRUCT(outages_shape, TAKES(vendor, "whose account", long_text), TAKES(until_ms, "it is out of order until then; absent: no more", unix_ms),
       TAKES(pause_ms, "how long the next pause will be", duration_ms));

/* ---- do not call ---- */

STRUCT(entry_shape, NEEDS(number, "E.164, or national with a country", name_text));
static const od_shape entries_list = { .kind = OD_KIND_LIST, .min = 1, .max = OD_LIMIT_TAKE, .element = &entry_shape };
STRUCT(dnc_add_shape, NEEDS(entries, "{ number } each; all are listed, or none", entries_list),
       TAKES(country, "for national numbers", name_text), TAKES(source, "where it comes from", name_text),
       NEEDS(by, "who says so", name_text), TAKES(because, "in words", long_text));
STRUCT(dnc_lift_shape, NEEDS(number, "which", name_text), TAKES(country, "for a national number", name_text),
       NEEDS(by, "who says so", name_text), NEEDS(because, "in words", reason_text));
STRUCT(dnc_list_shape, TAKES(after, "the number after which to go on", name_text), TAKES(limit, "how many at most", limit));
STRUCT(dnc_import_shape, NEEDS(path, "the file", path_text), TAKES(country, "for national numbers", name_text),
       TAKES(column, "which column has the number", name_text), TAKES(skip_bad, "rows that are no number are skipped", od_shape_boolean),
       TAKES(by, "who says so", name_text));

/* ---- reports, and what people decide ---- */

#define ANY_CAMPAIGN TAKES(campaign, "its name; absent: all", name_text)

STRUCT(status_shape, ANY_CAMPAIGN, TAKES(brief, "of contacts only: no row of a call is read", od_shape_boolean));
STRUCT(doubts_shape, ANY_CAMPAIGN, TAKES(limit, "how many at most", limit), TAKES(after, "the leg after which to go on", row_id),
       TAKES(handed_off, "those that were handed off instead", od_shape_boolean),
       TAKES(living_on, "those that are over, and may be made again, instead", od_shape_boolean));
static const char *const resolutions[] = { "placed", "not_placed", "write_off", "withdrawn", NULL };
static const od_shape resolution_text = { .kind = OD_KIND_STRING, .choices = resolutions };
STRUCT(resolve_shape, LEG, NEEDS(as, "what it was", resolution_text), NEEDS(by, "who says so", name_text),
       NEEDS(because, "in words", reason_text), TAKES(version, "as it was shown", count));
STRUCT(explain_shape, ANY_CAMPAIGN, NEEDS(contact, "the id that its list gave", contact_id),
       TAKES(at_ms, "when to judge it; absent: now", unix_ms));
STRUCT(export_shape, ANY_CAMPAIGN, TAKES(limit, "how many at most", limit), TAKES(after, "as an earlier export gave it", name_text));
STRUCT(copy_shape, NEEDS(path, "the file to write", path_text));
STRUCT(forecast_shape, CAMPAIGN, TAKES(at_ms, "when; absent: now", unix_ms));
static const char *const actions[] = { "cancel", "done", "hold", "release", NULL };
static const od_shape action_text = { .kind = OD_KIND_STRING, .choices = actions };
STRUCT(contact_set_shape, ANY_CAMPAIGN, NEEDS(id, "the id that its list gave", contact_id),
       NEEDS(action, "what is to become of it", action_text), NEEDS(by, "who says so", name_text),
       TAKES(because, "in words", long_text));

/* ---- the table ---- */

static const od_verb verbs[] = {
    { "register", "become a worker of this store", &nothing, od__verb_register, false, false, NULL, true },
    { "beat", "keep the lease, and take over from workers that died", &nothing, od__verb_beat, false, false, NULL, true },
    { "resign", "stop being a worker", &nothing, od__verb_resign, false, false, NULL, true },
    { "campaign", "make or change a campaign", &campaign_shape, od__verb_campaign, false, false, NULL, false },
    { "campaign_set", "run, pause, hold or stop a campaign", &campaign_set_shape, od__verb_campaign_set, false, false, NULL, false },
    { "put", "put contacts into a campaign", &put_shape, od__verb_put, false, false, NULL, false },
    { "import", "put a list from a file into a campaign", &import_shape, od__verb_import, false, false, od__import_free, false },
    { "note", "write a line into the journal", &note_shape, od__verb_note, false, false, NULL, false },
    { "take", "claim contacts that are due", &take_shape, od__verb_take, true, false, NULL, false },
    { "release", "give claims back", &release_shape, od__verb_release, true, false, NULL, false },
    { "decide", "decide about a contact without calling it", &decide_shape, od__verb_decide, true, false, NULL, false },
    { "window", "until when a contact may be called now", &window_shape, od__verb_window, false, true, NULL, false },
    { "intend", "commit what is about to be sent", &intend_shape, od__verb_intend, true, false, NULL, false },
    { "slot", "take a rate slot for another try of a leg", &slot_shape, od__verb_slot, true, false, NULL, false },
    { "settle", "say what became of a leg", &settle_shape, od__verb_settle, false, false, NULL, false },
    { "outcome", "say how a placed leg ended", &outcome_shape, od__verb_outcome, false, false, NULL, false },
    { "adopt", "follow legs that nobody follows", &adopt_shape, od__verb_adopt, true, false, NULL, false },
    { "looks", "legs in doubt that are to be looked up", &adopt_shape, od__verb_looks, true, false, NULL, false },
    { "looked", "say what a look-up found", &looked_shape, od__verb_looked, true, false, NULL, false },
    { "write_off", "give a doubt up", &write_off_shape, od__verb_write_off, true, false, NULL, false },
    { "outages", "vendors that were out of order; with one given, whether it is", &outages_shape, od__verb_outages, false, false, NULL, false },
    { "withdrawals", "legs that are to be taken back", &withdrawals_shape, od__verb_withdrawals, true, false, NULL, false },
    { "withdrawn", "say whether a leg was taken back", &withdrawn_shape, od__verb_withdrawn, true, false, NULL, false },
    { "dnc_add", "list numbers that are not to be called", &dnc_add_shape, od__verb_dnc_add, false, false, NULL, false },
    { "dnc_lift", "take a number off that list", &dnc_lift_shape, od__verb_dnc_lift, false, false, NULL, false },
    { "dnc_list", "show that list", &dnc_list_shape, od__verb_dnc_list, false, true, NULL, false },
    { "dnc_import", "list the numbers in a file", &dnc_import_shape, od__verb_dnc_import, false, false, NULL, false },
    { "status", "how the store stands", &status_shape, od__verb_status, false, true, NULL, false },
    { "doubts", "legs in doubt, handed off, or over and living on, with what is known of them", &doubts_shape, od__verb_doubts, false, true, NULL, false },
    { "resolve", "settle a doubt", &resolve_shape, od__verb_resolve, false, false, NULL, false },
    { "explain", "all that was decided about a contact, and how it stands", &explain_shape, od__verb_explain, false, true, NULL, false },
    { "export", "everything as rows", &export_shape, od__verb_export, false, true, NULL, false },
    { "copy", "write the store as it is into another file", &copy_shape, od__verb_copy, false, true, NULL, false },
    { "forecast", "who could be called at a time, and who could not", &forecast_shape, od__verb_forecast, false, true,
      od__forecast_free, false },
    { "contact_set", "cancel, finish, hold or release a contact", &contact_set_shape, od__verb_contact_set, false, false, NULL, false },
};

od_status od__rows_any(od_work *work, od_rows *known, const char *sql, bool *any, od_error *err) {
    od_status status = OD_OK;
    if (*known == OD_ROWS_UNKNOWN) {
        od_query query;
        od__query(&query, work->database, err, sql, "");
        bool found = od__query_row(&query);
        status = od__query_end(&query);
        if (status == OD_OK)
            *known = found ? OD_ROWS_SOME : OD_ROWS_NONE;
    }
    *any = *known != OD_ROWS_NONE;
    return status;
}

#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

const od_verb *od__verb_at(size_t index) {
    return index < VERB_COUNT ? &verbs[index] : NULL;
}

const od_verb *od__verb_find(const char *name) {
    for (size_t i = 0; name != NULL && i < VERB_COUNT; i++) {
        if (verbs[i].name[0] == name[0] && strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    }
    return NULL;
}
