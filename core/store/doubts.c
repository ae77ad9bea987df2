/* Doubts before people: what is known about each, and what a person says of it (R12). Also of what no vendor tells the end of:
 * calls that were handed off, and calls that have an outcome and may be made again all the same. */
#include <string.h>

#include "base/error.h"
#include "store/campaign.h"
#include "store/journal.h"
#include "store/leg.h"
#include "store/schema.h"
#include "store/tables.h"
#include "store/verbs.h"

/* ---- doubts ---- */

typedef struct ids {
    int64_t list[OD_LIMIT_TAKE];
    size_t count;
} ids;

static od_status read_ids(od_query *query, ids *out) {
    out->count = 0;
    while (od__query_row(query) && out->count < OD_LIMIT_TAKE)
        out->list[out->count++] = od__query_integer(query, 0);
    return od__query_end(query);
}

static od_status read_living_on(od_work *work, int64_t campaign_id, int64_t after, int64_t limit, ids *out, od_error *err) {
    od_query query;
    od__query(&query, work->database, err,
              "SELECT l.id FROM leg l CROSS JOIN contact c ON c.id = l.contact_id JOIN campaign k ON k.id = l.campaign_id"
              " WHERE (?1 = 0 OR l.campaign_id = ?1) AND " OD_LEG_LIVES_ON " AND l.id > ?2 ORDER BY l.id LIMIT ?3", "iii",
              campaign_id, after, limit);
    return read_ids(&query, out);
}

static od_status read_doubts(od_work *work, int64_t campaign_id, const od_value *params, int64_t limit, ids *out,
                             od_error *err) {
    int64_t after = od__param_integer(params, "after", 0);
    if (od__param_is(params, "living_on"))
        return read_living_on(work, campaign_id, after, limit, out, err);
    od_query query;
    od__query(&query, work->database, err,
              "SELECT id FROM leg WHERE (?1 = 0 OR campaign_id = ?1) AND " OD_SCHEMA_SENT " AND state = ?4"
              " AND id > ?2 ORDER BY id LIMIT ?3", "iiii", campaign_id, after, limit,
              od__param_is(params, "handed_off") ? (int64_t)OD_LEG_handed_off : (int64_t)OD_LEG_in_doubt);
    return read_ids(&query, out);
}

/* What a person is to look at first. */
static od_status make_evidence(od_work *work, int64_t leg_id, od_maker *view, od_error *err) {
    od_maker evidence;
    od_query query;
    od_value *made = NULL;
    od__make(&evidence, err);
    od__query(&query, work->database, err,
              "SELECT cause, error, at_ms, settled_ms, looks, request ->> '$.request.method', request ->> '$.request.url',"
              " request ->> '$.request.body', (SELECT kind FROM attempt WHERE attempt.id = attempt_id) FROM leg WHERE id = ?1", "i",
              leg_id);
    if (od__query_row(&query)) {
        od__make_column(&evidence, "cause", &query, 0);
        od__make_json(&evidence, "error", od__query_text(&query, 1));
        od__make_integer_column(&evidence, "at_ms", &query, 2);
        od__make_integer_column(&evidence, "looks", &query, 4);
        od__make_column(&evidence, "method", &query, 5);
        od__make_column(&evidence, "url", &query, 6);
        od__make_column(&evidence, "body", &query, 7);
        od__make_column(&evidence, "outcome", &query, 8);
        od__make_integer_column(view, "since_ms", &query, 3);
    }
    od__make_failed(&evidence, od__query_end(&query));
    od_status status = od__made(&evidence, &made);
    if (status == OD_OK)
        od__make_value(view, "evidence", made);
    return status;
}

static od_status add_doubt(od_work *work, int64_t leg_id, od_value *list, od_error *err) {
    od_value *view = NULL;
    od_status status = od__leg_view(work, leg_id, &view, err);
    if (status != OD_OK)
        return status;
    od_maker maker = { .object = view, .err = err };
    od__make_failed(&maker, make_evidence(work, leg_id, &maker, err));
    return od__made_into(&maker, list);
}

od_status od__verb_doubts(od_work *work, const od_value *params, od_value **result, od_error *err) {
    ids legs = { .count = 0 };
    int64_t campaign_id = 0, limit = od__param_integer(params, "limit", OD_LIMIT_TAKE);
    od_value *list = od_value_new_array();
    od_status status = list != NULL ? od__param_campaign(work, params, &campaign_id, err) : od__error_no_memory(err);
    if (status == OD_OK)
        status = read_doubts(work, campaign_id, params, limit, &legs, err);
    for (size_t i = 0; i < legs.count && status == OD_OK; i++)
        status = add_doubt(work, legs.list[i], list, err);
    od_maker maker;
    od__make(&maker, err);
    od__make_failed(&maker, status);
    od__make_value(&maker, "legs", list);
    if ((int64_t)legs.count == limit)
        od__make_integer(&maker, "after", legs.list[legs.count - 1]);
    return od__made(&maker, result);
}

/* ---- resolve ---- */

/* Placed, says a person. Where the vendor's name of the call is known, it is followed to its end; where it is not, nobody
 * can ask how it ended. */
static od_status resolve_placed(od_work *work, const od_leg_row *leg, od_error *err) {
    bool known = false;
    od_query query;
    od__query(&query, work->database, err, "SELECT call ->> 'id' IS NOT NULL FROM leg WHERE id = ?1", "i", leg->id);
    if (od__query_row(&query))
        known = od__query_integer(&query, 0) != 0;
    od_status status = od__query_end(&query);
    if (status == OD_OK)
        status = od__leg_set(work, leg, known ? OD_LEG_placed : OD_LEG_ended, NULL, NULL, NULL, err);
    if (status != OD_OK)
        return status;
    if (known) {
        status = od__execute(work->database, err, "UPDATE leg SET follower_id = NULL WHERE id = ?1", "i", leg->id);
        return status == OD_OK ? od__execute(work->database, err, "UPDATE contact SET state = 2, why = NULL, version = version + 1"
                                             " WHERE id = ?1", "i", leg->contact_id)
                               : status;
    }
    const od_decision done = { .state = OD_CONTACT_done, .why = "unreported" };
    status = od__attempt_end(work, leg, true, "unreported", "unknown", NULL, work->wall_ms, err);
    return status == OD_OK ? od__contact_decide(work, leg->contact_id, -1, &done, err) : status;
}

/* Not placed, says a person: the fence is free, but caps and gaps count it, because a person may be mistaken. */
static od_status resolve_not_placed(od_work *work, const od_leg_row *leg, od_error *err) {
    const od_decision ready = { .state = OD_CONTACT_ready, .keeps_callback = true };
    od_status status = od__leg_set(work, leg, OD_LEG_not_placed, NULL, NULL, "resolved by a person", err);
    if (status == OD_OK)
        status = od__attempt_end(work, leg, true, NULL, NULL, NULL, work->wall_ms, err);
    return status == OD_OK ? od__contact_decide(work, leg->contact_id, -1, &ready, err) : status;
}

static od_status journal_resolved(od_work *work, const od_leg_row *leg, const od_value *params, od_error *err) {
    return od__journal_execute(work, err,
                       "INSERT INTO journal(at_ms, campaign_id, contact_id, attempt_id, leg_id, event, by_whom, data) VALUES(?1,"
                       " ?2, ?3, ?4, ?5, 'resolved', ?6, json_object('as', ?7, 'because', ?8, 'version', ?9))",
                       "iiiiittti", work->wall_ms, leg->campaign_id, leg->contact_id, leg->attempt_id, leg->id,
                       od__param_text(params, "by"), od__param_text(params, "as"), od__param_text(params, "because"),
                       leg->version);
}

/* Taken back, says a person: its vendor does not call again because of it. The outcome it has stays. */
static od_status resolve_withdrawn(od_work *work, const od_leg_row *leg, const od_value *params, od_error *err) {
    bool lives_on = false;
    od_status status = od__leg_lives_on(work, leg, &lives_on, err);
    if (status == OD_OK && !lives_on)
        return od__error_set(err, OD_CONFLICT, "the leg is %s: only a call that is over, and that its vendor may make again, is"
                             " withdrawn", od__leg_state_name(leg->state));
    if (status == OD_OK)
        status = journal_resolved(work, leg, params, err);
    return status == OD_OK ? od__execute(work->database, err, "UPDATE leg SET open = 0, withdrawal = NULL, follower_id = NULL,"
                                         " request = NULL, version = version + 1 WHERE id = ?1", "i", leg->id)
                           : status;
}

static od_status resolve(od_work *work, const od_leg_row *leg, const od_value *params, od_error *err) {
    const char *as = od__param_text(params, "as");
    int64_t version = od__param_integer(params, "version", leg->version);
    if (version != leg->version)
        return od__error_set(err, OD_CONFLICT, "the leg was changed meanwhile: look at it again");
    if (strcmp(as, "withdrawn") == 0)
        return resolve_withdrawn(work, leg, params, err);
    /* Of a call that was handed off a person may know better than a vendor that says nothing; time alone never does (R6). */
    if (leg->state != OD_LEG_in_doubt && leg->state != OD_LEG_handed_off)
        return od__error_set(err, OD_CONFLICT, "the leg is %s: only one in doubt, or handed off, is resolved",
                             od__leg_state_name(leg->state));
    /* First, so that it stands before what follows from it. */
    od_status status = journal_resolved(work, leg, params, err);
    if (status != OD_OK)
        return status;
    if (strcmp(as, "placed") == 0)
        return resolve_placed(work, leg, err);
    if (strcmp(as, "not_placed") == 0)
        return resolve_not_placed(work, leg, err);
    return od__leg_write_off(work, leg, od__param_text(params, "by"), od__param_text(params, "because"), err);
}

od_status od__verb_resolve(od_work *work, const od_value *params, od_value **result, od_error *err) {
    od_leg_row leg;
    od_contact_row contact = { 0 };
    od_status status = od__leg_read(work, od__param_integer(params, "leg", 0), &leg, err);
    if (status == OD_OK)
        status = resolve(work, &leg, params, err);
    if (status == OD_OK)
        status = od__leg_read(work, leg.id, &leg, err);
    if (status == OD_OK)
        status = od__contact_read(work, leg.contact_id, &contact, err);
    if (status != OD_OK)
        return status;
    od_maker maker;
    od__make(&maker, err);
    od__make_text(&maker, "state", od__leg_state_name(leg.state));
    od__make_text(&maker, "contact", contact.external);
    od__make_text(&maker, "contact_state", od__contact_state_name(contact.state));
    od__make_integer(&maker, "version", leg.version);
    od__contact_clear(&contact);
    return od__made(&maker, result);
}
