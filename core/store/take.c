/* Handing contacts that are due to a worker, and taking its decisions about them. */
#include "base/error.h"
#include "store/campaign.h"
#include "store/claims.h"
#include "store/journal.h"
#include "store/leg.h"
#include "store/owner.h"
#include "store/schema.h"
#include "store/tables.h"
#include "store/verbs.h"

/* The claim keeps what was read and the token that is shown, so that the intent need not read and make them again. */
static od_status claim(od_work *work, od_contact_row *row, bool with_views, od_value *list, od_error *err) {
    od_turn turn;
    od_value *taken = NULL;
    od_status status = od__contact_turn(work, row, &turn, err);
    if (status == OD_OK)
        status = od__contact_show_taken(work, row, &turn, with_views, &taken, err);
    if (status == OD_OK)
        status = od__claims_add(work, row, &turn, err);
    if (status == OD_OK)
        return od_value_add(list, taken, err);
    od_value_unref(taken);
    return status;
}

/* Claims those of a state that are due and nobody has, until there are `limit` in all. */
static od_status claim_due(od_work *work, int64_t campaign_id, int64_t state, const od_value *params, const od_claims_seen *seen,
                           od_value *list, od_error *err) {
    const od_value *views = od_value_get(params, "views");
    bool with_views = views == NULL || od_value_boolean(views);
    int64_t limit = od__param_integer(params, "limit", 1);
    od_query query;
    od_contact_row row;
    od_status status = OD_OK;
    od__query(&query, work->database, err,
              OD_CONTACT_COLUMNS "WHERE c.campaign_id = ?1 AND c.state = ?2 AND c.due_ms <= ?3 AND " OD_SCHEMA_RESTS
              " ORDER BY c.due_ms, c.id", "iii", campaign_id, state, work->wall_ms);
    while (status == OD_OK && (int64_t)od_value_length(list) < limit && od__query_row(&query)) {
        if (od__claims_seen_have(seen, od__query_integer(&query, 0), od__query_integer(&query, OD_CONTACT_VERSION)))
            continue;
        status = od__contact_of(work, &query, &row, err);
        if (status == OD_OK)
            status = claim(work, &row, with_views, list, err);
        od__contact_clear(&row);
    }
    od_status ended = od__query_end(&query);
    return status == OD_OK ? ended : status;
}

/* Who has waited for a time comes before who has never been called. */
static od_status claim_all(od_work *work, int64_t campaign_id, const od_value *params, od_value *list, od_error *err) {
    od_claims_seen *seen = NULL;
    od_status status = od__claims_see(work, &seen, err);
    if (status == OD_OK)
        status = claim_due(work, campaign_id, OD_CONTACT_waiting, params, seen, list, err);
    if (status == OD_OK)
        status = claim_due(work, campaign_id, OD_CONTACT_ready, params, seen, list, err);
    od__claims_seen_free(seen);
    return status == OD_OK ? od__claims_write(work, err) : status;
}

static od_status next_due(od_work *work, int64_t campaign_id, int64_t *out, od_error *err) {
    od_query query;
    *out = 0;
    od__query(&query, work->database, err,
              "SELECT min(due_ms) FROM contact WHERE campaign_id = ?1 AND state = 1 AND due_ms > ?2 AND " OD_SCHEMA_RESTS,
              "ii", campaign_id, work->wall_ms);
    if (od__query_row(&query))
        *out = od__query_integer(&query, 0);
    return od__query_end(&query);
}

od_status od__verb_take(od_work *work, const od_value *params, od_value **result, od_error *err) {
    int64_t campaign_id = 0, next_ms = 0;
    od_value *list = od_value_new_array();
    od_status status = list != NULL ? od__param_campaign(work, params, &campaign_id, err) : od__error_no_memory(err);
    if (status == OD_OK)
        status = claim_all(work, campaign_id, params, list, err);
    if (status == OD_OK)
        status = next_due(work, campaign_id, &next_ms, err);
    od_maker maker;
    od__make(&maker, err);
    od__make_failed(&maker, status);
    od__make_value(&maker, "contacts", list);
    if (next_ms > 0)
        od__make_integer(&maker, "next_ms", next_ms);
    return od__made(&maker, result);
}

od_status od__verb_release(od_work *work, const od_value *params, od_value **result, od_error *err) {
    od_status status = od__claims_give_back(work, od_value_get(params, "contacts"), err);
    od_maker maker;
    od__make(&maker, err);
    od__make_failed(&maker, status);
    return od__made(&maker, result);
}

/* An attempt whose leg was not placed may have been kept for another leg that does not follow after all: it is given back. */
static od_status end_kept(od_work *work, const od_contact_row *row, bool *found, od_error *err) {
    od_query query;
    od_leg_row leg = { 0 };
    od__query(&query, work->database, err,
              "SELECT a.id FROM attempt a WHERE a.contact_id = ?1 AND a.open = 1 AND NOT EXISTS (SELECT 1 FROM leg WHERE"
              " attempt_id = a.id AND (open = 1 OR owner_id <> ?2))", "ii", row->id, work->core->owner->id);
    *found = od__query_row(&query);
    if (*found)
        leg.attempt_id = od__query_integer(&query, 0);
    od_status status = od__query_end(&query);
    return status == OD_OK && *found ? od__attempt_end(work, &leg, false, NULL, NULL, NULL, work->wall_ms, err) : status;
}

od_status od__verb_decide(od_work *work, const od_value *params, od_value **result, od_error *err) {
    int64_t id = od__param_integer(params, "contact", 0), version = od__param_integer(params, "version", 0);
    const od_decision none = { .state = OD_CONTACT_ready, .keeps_callback = true };
    od_decision decision = od__decision_uncalled(od_value_get(params, "decision"), none);
    od_contact_row row;
    od_status status = od__contact_read(work, id, &row, err);
    if (status != OD_OK)
        return status;
    od_entry entry = { .campaign_id = row.campaign_id, .contact_id = id, .event = "decided", .text = decision.why };
    bool kept = false;
    int64_t guard = version;
    if (row.state == OD_CONTACT_open)
        status = end_kept(work, &row, &kept, err);
    if (status == OD_OK && kept && row.version != version) { /* nobody else ends that attempt: whoever it is by now is decided anew */
        entry.text = "the contact was changed meanwhile";
        decision = none;
        guard = row.version;
    }
    if (status == OD_OK && !kept && row.state != OD_CONTACT_ready && row.state != OD_CONTACT_waiting)
        status = od__error_set(err, OD_CONFLICT, "the contact is %s by now", od__contact_state_name(row.state));
    od__contact_clear(&row);
    if (status == OD_OK)
        status = od__contact_decide(work, id, guard, &decision, err);
    if (status == OD_OK) {
        od__claims_end(work, id);
        status = od__journal(work, &entry, err);
    }
    if (status != OD_OK)
        return status;
    od_maker maker;
    od__make(&maker, err);
    od__make_text(&maker, "state", od__contact_state_name(decision.state));
    od__make_integer(&maker, "version", guard + 1);
    return od__made(&maker, result);
}
