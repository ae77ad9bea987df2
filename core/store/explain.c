/* The verb `explain`: all that was decided about one contact, in order, and what the rules say of it now (R25). */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "store/judging.h"
#include "store/leg.h"
#include "store/numbers.h"
#include "store/schema.h"
#include "store/verbs.h"

#define LIMIT_ENTRIES 10000      /* of the journal, and of attempts: the newest */

/* ---- the journal ---- */

/* Together with what legs tell of themselves (schema.c). */
#define LEGS "FROM attempt a CROSS JOIN leg l ON l.attempt_id = a.id"
#define JUDGEMENTS LEGS " CROSS JOIN judgement j ON j.id = l.judgement_id"

static od_status journal_of(od_work *work, int64_t contact_id, od_value *list, od_error *err) {
    od_query query;
    od_status status = OD_OK;
    od__query(&query, work->database, err,
              "SELECT at_ms, event, by_whom, attempt_id, leg_id, data FROM (SELECT id AS place, 0 AS leg, 0 AS step, at_ms, event,"
              " by_whom, attempt_id, leg_id, data FROM journal WHERE contact_id = ?1"
              " UNION ALL SELECT j.after, l.id, 1, l.at_ms, 'intent', NULL, l.attempt_id, l.id, '{\"client\":' ||"
              " json_quote(l.client) || ',\"number\":\"' || coalesce(l.number, a.number) || '\",' || substr(j.data, 2) " JUDGEMENTS
              " WHERE a.contact_id = ?1"
              " UNION ALL SELECT l.placed_after, l.id, 2, l.placed_ms, 'placed', NULL, l.attempt_id, l.id, coalesce(l.error, l.call) " LEGS
              " WHERE a.contact_id = ?1 AND l.placed_ms IS NOT NULL"
              " ORDER BY place DESC, leg DESC, step DESC LIMIT ?2) ORDER BY place, leg, step", "ii", contact_id,
              (int64_t)LIMIT_ENTRIES);
    while (status == OD_OK && od__query_row(&query)) {
        od_maker maker;
        od__make(&maker, err);
        od__make_integer_column(&maker, "at_ms", &query, 0);
        od__make_column(&maker, "event", &query, 1);
        od__make_column(&maker, "by", &query, 2);
        od__make_integer_column(&maker, "attempt", &query, 3);
        od__make_integer_column(&maker, "leg", &query, 4);
        od__make_json(&maker, "data", od__query_text(&query, 5));
        status = od__made_into(&maker, list);
    }
    od_status ended = od__query_end(&query);
    return status == OD_OK ? ended : status;
}

/* The rulesets and scripts that its attempts were decided under, and the one in force. */
static od_status revisions_of(od_work *work, int64_t campaign_id, int64_t contact_id, od_value *list, od_error *err) {
    od_query query;
    od_status status = OD_OK;
    od__query(&query, work->database, err,
              "SELECT at_ms, data FROM journal WHERE campaign_id = ?1 AND contact_id IS NULL AND event = 'revision'"
              " AND (data ->> 'revision' = (SELECT revision FROM campaign WHERE id = ?1) OR data ->> 'revision' IN"
              " (SELECT data ->> 'revision' FROM journal WHERE contact_id = ?2 AND event = 'intent'"
              " UNION ALL SELECT j.data ->> 'revision' " JUDGEMENTS " WHERE a.contact_id = ?2)) ORDER BY id",
              "ii", campaign_id, contact_id);
    while (status == OD_OK && od__query_row(&query)) {
        od_value *row = NULL;
        const char *text = od__query_text(&query, 1);
        status = od_value_parse(text, strlen(text), &row, err);
        if (status == OD_OK)
            status = od_value_set(row, "at_ms", od_value_new_integer(od__query_integer(&query, 0)), err);
        if (status == OD_OK)
            status = od_value_add(list, row, err);
        else
            od_value_unref(row);
    }
    od_status ended = od__query_end(&query);
    return status == OD_OK ? ended : status;
}

/* ---- attempts ---- */

static od_status legs_of(od_work *work, int64_t attempt_id, od_value **out, od_error *err) {
    od_value *list = od_value_new_array();
    od_query query;
    od_status status = list != NULL ? OD_OK : od__error_no_memory(err);
    od__query(&query, work->database, err,
              "SELECT id, ordinal, client, vendor, state, at_ms, settled_ms, call ->> 'id', cause, error, withdrawal FROM leg"
              " WHERE attempt_id = ?1 ORDER BY ordinal", "i", attempt_id);
    while (status == OD_OK && od__query_row(&query)) {
        od_maker maker;
        od__make(&maker, err);
        od__make_integer_column(&maker, "leg", &query, 0);
        od__make_integer_column(&maker, "ordinal", &query, 1);
        od__make_column(&maker, "client", &query, 2);
        od__make_column(&maker, "vendor", &query, 3);
        od__make_text(&maker, "state", od__leg_state_name(od__query_integer(&query, 4)));
        od__make_integer_column(&maker, "at_ms", &query, 5);
        od__make_integer_column(&maker, "settled_ms", &query, 6);
        od__make_column(&maker, "vendor_id", &query, 7);
        od__make_column(&maker, "cause", &query, 8);
        od__make_json(&maker, "error", od__query_text(&query, 9));
        od__make_column(&maker, "withdrawal", &query, 10);
        status = od__made_into(&maker, list);
    }
    od_status ended = od__query_end(&query);
    if (status == OD_OK && ended == OD_OK) {
        *out = list;
        return OD_OK;
    }
    od_value_unref(list);
    return status != OD_OK ? status : ended;
}

static od_status attempts_of(od_work *work, const od_contact_row *contact, od_value *list, od_error *err) {
    od_query query;
    od_status status = OD_OK;
    od__query(&query, work->database, err,
              "SELECT * FROM (SELECT id, ordinal, number, open, counts, at_ms, ended_ms, callback, kind, rang, second_ring"
              " FROM attempt WHERE contact_id = ?1 ORDER BY id DESC LIMIT ?2) ORDER BY id",
              "ii", contact->id, (int64_t)LIMIT_ENTRIES);
    while (status == OD_OK && od__query_row(&query)) {
        od_maker maker;
        od_value *legs = NULL;
        od__make(&maker, err);
        od__make_integer_column(&maker, "attempt", &query, 0);
        od__make_integer_column(&maker, "ordinal", &query, 1);
        od__make_column(&maker, "number", &query, 2);
        od__make_boolean(&maker, "open", od__query_integer(&query, 3) != 0);
        od__make_boolean(&maker, "counts", od__query_integer(&query, 4) != 0);
        od__make_integer_column(&maker, "at_ms", &query, 5);
        od__make_integer_column(&maker, "ended_ms", &query, 6);
        od__make_boolean(&maker, "callback", od__query_integer(&query, 7) != 0);
        od__make_column(&maker, "kind", &query, 8);
        od__make_column(&maker, "rang", &query, 9);
        od__make_boolean(&maker, "possible_second_ring", od__query_integer(&query, 10) != 0);
        od__make_failed(&maker, legs_of(work, od__query_integer(&query, 0), &legs, err));
        od__make_value(&maker, "legs", legs);
        status = od__made_into(&maker, list);
    }
    od_status ended = od__query_end(&query);
    return status == OD_OK ? ended : status;
}

/* ---- the judgement ---- */

static od_status judge_one(od_work *work, const od_campaign_row *campaign, const od_contact_row *contact,
                           const od_judged_number *number, int64_t at_ms, od_value *list, od_error *err) {
    od_judgement judgement = { 0 };
    od_buffer trail;
    od_maker maker;
    od_gathered *gathered = od__alloc(sizeof(*gathered));
    od__buffer_init(&trail, OD_LIMIT_TRAIL_BYTES);
    od__make(&maker, err);
    od__make_failed(&maker, gathered != NULL ? od__judge_number(work, campaign, contact, number, at_ms, gathered, &judgement,
                                                                &trail, err)
                                             : od__error_no_memory(err));
    if (maker.status == OD_OK) {
        od__make_text(&maker, "column", number->column);
        od__make_text(&maker, "number", number->number);
        od__make_boolean(&maker, "allowed", judgement.allowed);
        od__make_text(&maker, "rule", judgement.rule);
        od__make_text(&maker, "name", judgement.name);
        od__make_text(&maker, "saw", judgement.allowed ? NULL : judgement.saw);
        if (!judgement.allowed && judgement.next_ms > 0)
            od__make_integer(&maker, "next_ms", judgement.next_ms);
        if (judgement.allowed)
            od__make_integer(&maker, "until_ms", judgement.until_ms);
        od__make_json(&maker, "rules", od__buffer_text(&trail));
    }
    od__buffer_clear(&trail);
    od__free(gathered);
    return od__made_into(&maker, list);
}

/* Numbers that cannot be read are not judged: the contact's view says so, and the rest is told all the same. */
static od_status judge_all(od_work *work, const od_campaign_row *campaign, const od_contact_row *contact, int64_t at_ms,
                           od_value *list, od_error *err) {
    if (!od__numbers_whole(contact->numbers))
        return OD_OK;
    od_value *numbers = NULL;
    od_judged_number number;
    od_status status = od_value_parse(contact->numbers, strlen(contact->numbers), &numbers, err);
    if (status == OD_PROTOCOL) {
        od__error_clear(err);
        return OD_OK;
    }
    for (int64_t i = 1; status == OD_OK && od__judged_number(numbers, i, &number); i++)
        status = judge_one(work, campaign, contact, &number, at_ms, list, err);
    od_value_unref(numbers);
    return status;
}

/* ---- the verb ---- */

typedef struct explanation {
    od_contact_row contact;
    od_campaign_row campaign;
    od_value *view, *journal, *revisions, *attempts, *judgement;
} explanation;

static od_status gather_all(od_work *work, explanation *self, int64_t at_ms, od_error *err) {
    self->journal = od_value_new_array();
    self->revisions = od_value_new_array();
    self->attempts = od_value_new_array();
    self->judgement = od_value_new_array();
    if (self->journal == NULL || self->revisions == NULL || self->attempts == NULL || self->judgement == NULL)
        return od__error_no_memory(err);
    od_status status = od__campaign_read(work, self->contact.campaign_id, &self->campaign, err);
    if (status == OD_OK)
        status = od__contact_view(work, &self->contact, &self->view, err);
    if (status == OD_OK)
        status = journal_of(work, self->contact.id, self->journal, err);
    if (status == OD_OK)
        status = revisions_of(work, self->campaign.id, self->contact.id, self->revisions, err);
    if (status == OD_OK)
        status = attempts_of(work, &self->contact, self->attempts, err);
    return status == OD_OK ? judge_all(work, &self->campaign, &self->contact, at_ms, self->judgement, err) : status;
}

static od_status make_result(od_work *work, const explanation *self, int64_t at_ms, od_value **result, od_error *err) {
    od_maker maker;
    od_query query;
    od__make(&maker, err);
    od__make_value(&maker, "contact", od_value_ref(self->view));
    od__query(&query, work->database, err, "SELECT why, wish, due_ms FROM contact WHERE id = ?1", "i", self->contact.id);
    if (od__query_row(&query)) {
        od__make_column(&maker, "why", &query, 0);
        od__make_column(&maker, "wish", &query, 1);
        if (od__query_integer(&query, 2) > 0)
            od__make_integer_column(&maker, "due_ms", &query, 2);
    }
    od__make_failed(&maker, od__query_end(&query));
    od__make_text(&maker, "campaign_state", self->campaign.state);
    od__make_text(&maker, "campaign_why", self->campaign.why[0] != '\0' ? self->campaign.why : NULL);
    od__make_value(&maker, "journal", od_value_ref(self->journal));
    od__make_value(&maker, "revisions", od_value_ref(self->revisions));
    od__make_value(&maker, "attempts", od_value_ref(self->attempts));
    od__make_integer(&maker, "at_ms", at_ms);
    od__make_value(&maker, "judgement", od_value_ref(self->judgement));
    return od__made(&maker, result);
}

od_status od__verb_explain(od_work *work, const od_value *params, od_value **result, od_error *err) {
    explanation self = { 0 };
    int64_t at_ms = od__param_integer(params, "at_ms", work->wall_ms);
    od_status status = od__contact_find(work, od__param_text(params, "campaign"), od__param_text(params, "contact"),
                                        &self.contact, err);
    if (status == OD_OK)
        status = gather_all(work, &self, at_ms, err);
    if (status == OD_OK)
        status = make_result(work, &self, at_ms, result, err);
    od_value *parts[] = { self.view, self.journal, self.revisions, self.attempts, self.judgement };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        od_value_unref(parts[i]);
    od__contact_clear(&self.contact);
    return status;
}
