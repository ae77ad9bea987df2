#include "store/leg.h"

#include <stdio.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/memory.h"
#include "store/journal.h"
#include "store/owner.h"
#include "store/pace.h"
#include "store/schema.h"

#define FIRST_LOOK_MS od__tunable("OUTDIAL_FIRST_LOOK_MS", 15000) /* after a leg came into doubt */

od_status od__leg_read(od_work *work, int64_t id, od_leg_row *out, od_error *err) {
    *out = (od_leg_row){ .id = id };
    bool found = false;
    od_query query;
    od__query(&query, work->database, err,
              "SELECT attempt_id, campaign_id, contact_id, ordinal, state, version, owner_id, coalesce(follower_id, 0), at_ms,"
              " looks, coalesce(look_ms, 0), client, account FROM leg WHERE id = ?1", "i", id);
    if (od__query_row(&query)) {
        found = true;
        out->attempt_id = od__query_integer(&query, 0);
        out->campaign_id = od__query_integer(&query, 1);
        out->contact_id = od__query_integer(&query, 2);
        out->ordinal = od__query_integer(&query, 3);
        out->state = od__query_integer(&query, 4);
        out->version = od__query_integer(&query, 5);
        out->owner_id = od__query_integer(&query, 6);
        out->follower_id = od__query_integer(&query, 7);
        out->at_ms = od__query_integer(&query, 8);
        out->looks = od__query_integer(&query, 9);
        out->look_ms = od__query_integer(&query, 10);
        snprintf(out->client, sizeof(out->client), "%s", od__query_text(&query, 11));
        snprintf(out->account, sizeof(out->account), "%s", od__query_text(&query, 12));
    }
    od_status status = od__query_end(&query);
    if (status == OD_OK && !found)
        return od__error_set(err, OD_NOT_FOUND, "there is no such leg");
    return status;
}

/* ---- in memory ---- */

#define MEANT 256 /* a power of two: legs are numbered in order, so those under way seldom get in each other's way */

void od__leg_mean(od_work *work, const od_leg_row *leg) {
    od_store_core *core = work->core;
    if (core->meant == NULL)
        core->meant = od__calloc(MEANT, sizeof(*core->meant));
    if (core->meant != NULL) /* else it is read */
        core->meant[leg->id & (MEANT - 1)] = *leg;
}

od_status od__leg_meant(od_work *work, int64_t id, od_leg_row *out, od_error *err) {
    const od_leg_row *meant = work->core->meant != NULL ? &work->core->meant[id & (MEANT - 1)] : NULL;
    if (meant == NULL || meant->id != id || !work->has_lease || work->resigned)
        return od__leg_read(work, id, out, err);
    *out = *meant;
    return OD_OK;
}

static void let_go(od_work *work, int64_t id) {
    od_leg_row *meant = work->core->meant != NULL ? &work->core->meant[id & (MEANT - 1)] : NULL;
    if (meant != NULL && meant->id == id)
        meant->id = 0;
}

void od__legs_forget(od_store_core *core) {
    od__free(core->meant);
    core->meant = NULL;
}

od_status od__leg_view(od_work *work, int64_t id, od_value **out, od_error *err) {
    od_maker view;
    int64_t contact_id = 0;
    od_query query;
    od__make(&view, err);
    od__query(&query, work->database, err,
              /* Without an answer the call is what was meant, contact, ticket and all: that is looked for. */
              "SELECT l.id, l.attempt_id, l.ordinal, l.state, l.vendor, l.account, l.token, coalesce(l.number, a.number), l.at_ms,"
              " coalesce(l.call, json_patch(coalesce(json_extract(l.request, '$.call'), '{}'), json_object('token', l.token,"
              " 'to', coalesce(l.number, a.number), 'vendor', l.vendor, 'at', l.at_ms / 1000.0))),"
              " l.request, l.looks, l.client, l.contact_id, a.ordinal, l.version, l.cause, l.error, l.seat, l.withdrawal,"
              " l." OD_LEG_HANDS_OFF
              " FROM leg l JOIN attempt a ON a.id = l.attempt_id WHERE l.id = ?1", "i", id);
    if (od__query_row(&query)) {
        contact_id = od__query_integer(&query, 13);
        od__make_integer(&view, "leg", od__query_integer(&query, 0));
        od__make_integer(&view, "attempt", od__query_integer(&query, 1));
        od__make_integer(&view, "ordinal", od__query_integer(&query, 2));
        od__make_text(&view, "state", od__leg_state_name(od__query_integer(&query, 3)));
        od__make_column(&view, "vendor", &query, 4);
        od__make_column(&view, "account", &query, 5);
        od__make_column(&view, "token", &query, 6);
        od__make_column(&view, "number", &query, 7);
        od__make_integer(&view, "at_ms", od__query_integer(&query, 8));
        od__make_json(&view, "call", od__query_text(&query, 9));
        od__make_json(&view, "request", od__query_text(&query, 10));
        od__make_integer(&view, "looks", od__query_integer(&query, 11));
        od__make_column(&view, "client", &query, 12);
        od__make_integer(&view, "attempt_ordinal", od__query_integer(&query, 14));
        od__make_integer(&view, "version", od__query_integer(&query, 15));
        od__make_column(&view, "cause", &query, 16);
        od__make_json(&view, "error", od__query_text(&query, 17));
        od__make_column(&view, "seat", &query, 18);
        od__make_column(&view, "withdrawal", &query, 19);
        if (od__query_integer(&query, 20) != 0)
            od__make_boolean(&view, "hands_off", true);
    }
    od__make_failed(&view, od__query_end(&query));
    od_contact_row contact = { 0 };
    od_value *contact_view = NULL;
    if (view.status == OD_OK)
        view.status = od__contact_read(work, contact_id, &contact, err);
    if (view.status == OD_OK)
        view.status = od__contact_view(work, &contact, &contact_view, err);
    od__contact_clear(&contact);
    if (contact_view != NULL)
        od__make_value(&view, "contact", contact_view);
    return od__made(&view, out);
}

od_status od__leg_views(od_work *work, const int64_t *ids, size_t count, od_value **out, od_error *err) {
    od_value *list = od_value_new_array();
    od_status status = list != NULL ? OD_OK : od__error_no_memory(err);
    for (size_t i = 0; i < count && status == OD_OK; i++) {
        od_value *view = NULL;
        status = od__leg_view(work, ids[i], &view, err);
        if (status == OD_OK)
            status = od_value_add(list, view, err);
    }
    if (status != OD_OK) {
        od_value_unref(list);
        return status;
    }
    od_maker maker;
    od__make(&maker, err);
    od__make_value(&maker, "legs", list);
    return od__made(&maker, out);
}

/* What most legs come to: placed at once, and over. Of one that was only meant the rest of the row is empty. */
static od_status end_at_once(od_work *work, const od_leg_row *leg, const char *call, int64_t placed_after, od_error *err) {
    return od__execute(work->database, err,
                       "UPDATE leg SET state = 4, open = 0, version = version + 1, settled_ms = ?3, call = ?4, request = NULL,"
                       " placed_ms = ?3, placed_after = ?5 WHERE id = ?1 AND version = ?2", "iiiti", leg->id, leg->version,
                       work->wall_ms, call, placed_after);
}

static od_status move(od_work *work, const od_leg_row *leg, int64_t state, const char *call, const char *error,
                      const char *cause, bool at_once, int64_t placed_after, od_error *err) {
    return od__execute(
        work->database, err,
        "UPDATE leg SET state = ?3, open = ?4, version = version + 1, settled_ms = ?5, call = coalesce(?6, call),"
        " error = coalesce(?7, error), cause = coalesce(?8, cause), request = CASE ?4 WHEN 0 THEN NULL ELSE request END,"
        " look_ms = CASE ?3 WHEN 1 THEN ?5 + ?9 END, follower_id = CASE WHEN ?3 IN (2, 3) THEN nullif(?10, 0) END,"
        " placed_ms = CASE ?11 WHEN 1 THEN ?5 ELSE placed_ms END,"
        " placed_after = CASE ?11 WHEN 1 THEN ?12 ELSE placed_after END"
        " WHERE id = ?1 AND version = ?2",
        "iiiiitttiiii", leg->id, leg->version, state, (int64_t)(state <= OD_LEG_LAST_OPEN), work->wall_ms, call, error, cause,
        (int64_t)FIRST_LOOK_MS, work->core->owner != NULL ? work->core->owner->id : INT64_C(0),
        (int64_t)at_once, placed_after);
}

od_status od__leg_set(od_work *work, const od_leg_row *leg, int64_t state, const char *call, const char *error,
                      const char *cause, od_error *err) {
    bool at_once = leg->state == OD_LEG_intent && (state == OD_LEG_placed || state == OD_LEG_ended);
    int64_t placed_after = 0;
    let_go(work, leg->id);
    od_status status = at_once ? od__journal_last(work, &placed_after, err) : OD_OK;
    if (status == OD_OK)
        status = at_once && state == OD_LEG_ended && error == NULL && cause == NULL
                     ? end_at_once(work, leg, call, placed_after, err)
                     : move(work, leg, state, call, error, cause, at_once, placed_after, err);
    if (status == OD_OK && od__database_changes(work->database) == 0)
        return od__error_set(err, OD_CONFLICT, "the leg was changed meanwhile");
    if (status == OD_OK)
        od__pace_moved(work, leg, state);
    return status;
}

od_status od__leg_read_request(od_work *work, int64_t id, bool handed_off_only, char **out, od_error *err) {
    od_query query;
    bool found = false;
    *out = NULL;
    od__query(&query, work->database, err,
              "SELECT request FROM leg WHERE id = ?1 AND request IS NOT NULL AND (?2 = 0 OR " OD_LEG_HANDS_OFF ")", "ii", id,
              (int64_t)handed_off_only);
    if (od__query_row(&query)) {
        found = true;
        *out = od__strdup(od__query_text(&query, 0));
    }
    od_status status = od__query_end(&query);
    return status == OD_OK && found && *out == NULL ? od__error_no_memory(err) : status;
}

od_status od__leg_keep_open(od_work *work, const od_leg_row *leg, const char *request, od_error *err) {
    return od__execute(work->database, err, "UPDATE leg SET open = 1, seat = NULL, withdrawal = NULL, look_ms = NULL,"
                       " request = ?2 WHERE id = ?1", "it", leg->id, request);
}

od_status od__attempt_end(od_work *work, const od_leg_row *leg, bool counts, const char *kind, const char *rang,
                          const char *raw, int64_t ended_ms, od_error *err) {
    return od__execute(work->database, err,
                       "UPDATE attempt SET open = 0, counts = ?2, kind = ?3, rang = ?4, raw = ?5, ended_ms = ?6 WHERE id = ?1",
                       "iittti", leg->attempt_id, (int64_t)counts, kind, rang, raw, ended_ms);
}

od_status od__leg_journal(od_work *work, const od_leg_row *leg, const char *event, const char *by, const char *text,
                          const char *data, od_error *err) {
    const od_entry entry = { .campaign_id = leg->campaign_id, .contact_id = leg->contact_id, .attempt_id = leg->attempt_id,
                             .leg_id = leg->id, .event = event, .by = by, .text = text, .data = data };
    return od__journal(work, &entry, err);
}
