/* The verb `contact_set`: what a person wants of one contact. What is under way is not torn off: the wish is noted, and carried
 * out when the attempt ends; a leg that a vendor holds is to be withdrawn meanwhile (R6). */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "store/claims.h"
#include "store/journal.h"
#include "store/schema.h"
#include "store/verbs.h"

/* Whether an attempt is open: a held contact may be in doubt. */
static od_status has_open_attempt(od_work *work, const od_contact_row *row, bool *out, od_error *err) {
    od_query query;
    *out = false;
    od__query(&query, work->database, err, "SELECT 1 FROM attempt WHERE contact_id = ?1 AND open = 1", "i", row->id);
    if (od__query_row(&query))
        *out = true;
    return od__query_end(&query);
}

static od_status wish(od_work *work, const od_contact_row *row, const char *action, od_error *err) {
    return od__execute(work->database, err, "UPDATE contact SET wish = ?2, version = version + 1 WHERE id = ?1", "it", row->id,
                       action);
}

/* When it is due stays as it was: who waits for a time does so also after a hold. */
static od_status set(od_work *work, const od_contact_row *row, int64_t state, const char *why, od_error *err) {
    const od_decision decision = { .state = state, .why = why, .due_ms = row->due_ms, .keeps_callback = true };
    od_status status = od__contact_decide(work, row->id, -1, &decision, err);
    if (status == OD_OK)
        od__claims_end(work, row->id);
    return status;
}

static od_status release(od_work *work, const od_contact_row *row, bool under_way, od_error *err) {
    if (row->state == OD_CONTACT_open && row->wish != NULL)
        return wish(work, row, NULL, err); /* taken back before it was carried out */
    if (under_way && row->state == OD_CONTACT_held)
        return od__error_set(err, OD_CONFLICT, "contact \"%s\" is in doubt: resolve the doubt first", row->external);
    switch (row->state) {
    case OD_CONTACT_ready:
    case OD_CONTACT_waiting:
    case OD_CONTACT_open:
        return od__error_set(err, OD_CONFLICT, "contact \"%s\" is %s: there is nothing to release", row->external,
                             od__contact_state_name(row->state));
    default: return set(work, row, row->due_ms > work->wall_ms ? OD_CONTACT_waiting : OD_CONTACT_ready, NULL, err);
    }
}

static od_status carry_out(od_work *work, const od_contact_row *row, const char *action, od_error *err) {
    bool under_way;
    od_status status = has_open_attempt(work, row, &under_way, err);
    if (status != OD_OK)
        return status;
    if (strcmp(action, "release") == 0)
        return release(work, row, under_way, err);
    if (under_way)
        return wish(work, row, action, err);
    if (strcmp(action, "cancel") == 0)
        return set(work, row, OD_CONTACT_done, "canceled by a person", err);
    if (strcmp(action, "done") == 0)
        return set(work, row, OD_CONTACT_done, "done by a person", err);
    if (row->state == OD_CONTACT_done || row->state == OD_CONTACT_exhausted || row->state == OD_CONTACT_suppressed)
        return od__error_set(err, OD_CONFLICT, "contact \"%s\" is %s: nobody would call it", row->external,
                             od__contact_state_name(row->state));
    return set(work, row, OD_CONTACT_held, "held by a person", err);
}

od_status od__verb_contact_set(od_work *work, const od_value *params, od_value **result, od_error *err) {
    const char *action = od__param_text(params, "action");
    od_contact_row row = { 0 };
    char event[32];
    od_status status = od__contact_find(work, od__param_text(params, "campaign"), od__param_text(params, "id"), &row, err);
    if (status != OD_OK)
        return status;
    int64_t id = row.id;
    snprintf(event, sizeof(event), "contact_%s", action);
    const od_entry entry = { .campaign_id = row.campaign_id, .contact_id = id, .event = event,
                             .by = od__param_text(params, "by"), .text = od__param_text(params, "because") };
    status = carry_out(work, &row, action, err);
    od__contact_clear(&row);
    if (status == OD_OK)
        status = od__journal(work, &entry, err);
    if (status == OD_OK)
        status = od__contact_read(work, id, &row, err);
    if (status != OD_OK)
        return status;
    od_maker maker;
    od__make(&maker, err);
    od__make_text(&maker, "state", od__contact_state_name(row.state));
    od__make_text(&maker, "wish", row.wish);
    od__make_integer(&maker, "version", row.version);
    od__contact_clear(&row);
    return od__made(&maker, result);
}
