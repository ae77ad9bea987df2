/* The verb `export`: everything as rows: first a row for each leg, then one for each contact that was never called. The
 * cursor says where it is: "leg/12", "contact/7". */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/campaign.h"
#include "store/schema.h"
#include "store/verbs.h"

#define CURSOR_BYTES 40

typedef struct cursor {
    bool contacts;               /* else legs */
    int64_t after;               /* the row id of the last one given */
} cursor;

static od_status read_cursor(const char *text, cursor *out, od_error *err) {
    static const char legs[] = "leg/", contacts[] = "contact/";
    *out = (cursor){ 0 };
    if (text == NULL)
        return OD_OK;
    const char *digits = NULL;
    if (strncmp(text, legs, sizeof(legs) - 1) == 0)
        digits = text + sizeof(legs) - 1;
    else if (strncmp(text, contacts, sizeof(contacts) - 1) == 0)
        digits = text + sizeof(contacts) - 1;
    size_t count = digits != NULL ? strspn(digits, "0123456789") : 0;
    if (count == 0 || count > 18 || digits[count] != '\0')
        return od__error_at(err, OD_VALIDATION, "/after", "expected what an earlier export gave as after, got \"%.40s\"", text);
    out->contacts = text[0] == 'c';
    out->after = strtoll(digits, NULL, 10);
    return OD_OK;
}

static od_status add_legs(od_work *work, int64_t campaign_id, int64_t limit, cursor *at, od_value *rows, od_error *err) {
    od_query query;
    od_status status = OD_OK;
    od__query(&query, work->database, err,
              "SELECT l.id, k.name, c.external, c.state, l.attempt_id, l.vendor, l.client, l.call ->> 'id', coalesce(l.number, a.number), l.at_ms,"
              " coalesce(a.ended_ms, l.settled_ms), l.state, a.kind, a.rang, a.raw, l.ordinal, a.ordinal, l.error FROM leg l"
              " JOIN attempt a ON a.id = l.attempt_id JOIN contact c ON c.id = l.contact_id JOIN campaign k"
              " ON k.id = l.campaign_id WHERE l.id > ?1 AND (?2 = 0 OR l.campaign_id = ?2) ORDER BY l.id LIMIT ?3",
              "iii", at->after, campaign_id, limit);
    while (status == OD_OK && od__query_row(&query)) {
        od_maker maker;
        int64_t state = od__query_integer(&query, 11);
        od__make(&maker, err);
        od__make_column(&maker, "campaign", &query, 1);
        od__make_column(&maker, "contact", &query, 2);
        od__make_text(&maker, "contact_state", od__contact_state_name(od__query_integer(&query, 3)));
        od__make_integer_column(&maker, "attempt", &query, 4);
        od__make_integer_column(&maker, "attempt_ordinal", &query, 16);
        od__make_integer_column(&maker, "leg", &query, 0);
        od__make_integer_column(&maker, "ordinal", &query, 15);
        od__make_column(&maker, "vendor", &query, 5);
        od__make_column(&maker, "client", &query, 6);
        od__make_column(&maker, "vendor_id", &query, 7);
        od__make_column(&maker, "number", &query, 8);
        od__make_integer_column(&maker, "at_ms", &query, 9);
        if (state > OD_LEG_LAST_OPEN)
            od__make_integer_column(&maker, "ended_ms", &query, 10);
        od__make_text(&maker, "state", od__leg_state_name(state));
        /* An attempt's outcome is that of the leg that ended it. */
        if (state == OD_LEG_ended || state == OD_LEG_written_off) {
            od__make_column(&maker, "outcome", &query, 12);
            od__make_column(&maker, "rang", &query, 13);
            od__make_json(&maker, "raw", od__query_text(&query, 14));
        } else {
            od__make_json(&maker, "raw", od__query_text(&query, 17)); /* why it was not placed, or may not have been */
        }
        at->after = od__query_integer(&query, 0);
        status = od__made_into(&maker, rows);
    }
    od_status ended = od__query_end(&query);
    return status == OD_OK ? ended : status;
}

static od_status add_contacts(od_work *work, int64_t campaign_id, int64_t limit, cursor *at, od_value *rows, od_error *err) {
    od_query query;
    od_status status = OD_OK;
    od__query(&query, work->database, err,
              "SELECT c.id, k.name, c.external, c.state, c.why FROM contact c JOIN campaign k ON k.id = c.campaign_id"
              " WHERE c.id > ?1 AND (?2 = 0 OR +c.campaign_id = ?2) AND c.ordinal = 0 ORDER BY c.id LIMIT ?3", "iii", at->after, campaign_id, limit);
    while (status == OD_OK && od__query_row(&query)) {
        od_maker maker;
        od__make(&maker, err);
        od__make_column(&maker, "campaign", &query, 1);
        od__make_column(&maker, "contact", &query, 2);
        od__make_text(&maker, "contact_state", od__contact_state_name(od__query_integer(&query, 3)));
        od__make_column(&maker, "why", &query, 4);
        at->after = od__query_integer(&query, 0);
        status = od__made_into(&maker, rows);
    }
    od_status ended = od__query_end(&query);
    return status == OD_OK ? ended : status;
}

static od_status add_rows(od_work *work, int64_t campaign_id, int64_t limit, cursor *at, od_value *rows, od_error *err) {
    od_status status = at->contacts ? OD_OK : add_legs(work, campaign_id, limit, at, rows, err);
    int64_t left = limit - (int64_t)od_value_length(rows);
    if (status != OD_OK || left == 0)
        return status;
    if (!at->contacts)
        *at = (cursor){ .contacts = true };
    return add_contacts(work, campaign_id, left, at, rows, err);
}

od_status od__verb_export(od_work *work, const od_value *params, od_value **result, od_error *err) {
    int64_t campaign_id = 0, limit = od__param_integer(params, "limit", OD_LIMIT_TAKE);
    cursor at = { 0 };
    od_value *rows = od_value_new_array();
    od_status status = rows != NULL ? read_cursor(od__param_text(params, "after"), &at, err) : od__error_no_memory(err);
    if (status == OD_OK)
        status = od__param_campaign(work, params, &campaign_id, err);
    if (status == OD_OK)
        status = add_rows(work, campaign_id, limit, &at, rows, err);
    bool more = (int64_t)od_value_length(rows) == limit;
    od_maker maker;
    od__make(&maker, err);
    od__make_failed(&maker, status);
    od__make_value(&maker, "rows", rows);
    if (maker.status == OD_OK && more) {
        char after[CURSOR_BYTES];
        snprintf(after, sizeof(after), "%s/%" PRId64, at.contacts ? "contact" : "leg", at.after);
        od__make_text(&maker, "after", after);
    }
    return od__made(&maker, result);
}

/* ---- copy ---- */

/* All of it, as it was when this transaction began: other processes may go on writing. */
od_status od__verb_copy(od_work *work, const od_value *params, od_value **result, od_error *err) {
    od_status status = od__database_copy(work->database, od__param_text(params, "path"), err);
    od_maker maker;
    od__make(&maker, err);
    od__make_failed(&maker, status);
    return od__made(&maker, result);
}
