/* The verb `forecast`: whom a campaign could call at some time, whom later, whom never, and why; in slices, and nobody is
 * called. Each contact that is ready or waiting is judged by the number that is its next. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "import/phone.h"
#include "store/judging.h"
#include "store/numbers.h"
#include "store/schema.h"
#include "store/tables.h"
#include "store/verbs.h"

#define JUDGE_ROWS 2000          /* row ids of one slice */
#define NUMBER_ROWS 20000
#define VERDICTS 256

enum { NOW, LATER, NEVER };
enum { JUDGING, NUMBERS };

typedef struct group {
    int64_t total;
    od_value *reasons;           /* NULL for NOW */
} group;

/* What the rules say at the forecast's time of anybody who is in these zones and never was attempted or listed. */
typedef struct verdict {
    bool is_known;
    char zones[64], country[OD_COUNTRY_BYTES];
    od_judgement judgement;
} verdict;

typedef struct forecast {
    int phase;
    int64_t campaign_id, at_ms, after, last, next_ms, several_zones, blocked, shared_numbers;
    group groups[3];
    bool nobody_called, nobody_listed, is_only_campaign;
    verdict verdicts[VERDICTS];    /* by hash; one gives way to the next */
    od_gathered gathered;
    char after_number[OD_E164_BYTES];
} forecast;

void od__forecast_free(void *state) {
    forecast *self = state;
    for (size_t i = 0; self != NULL && i < 3; i++)
        od_value_unref(self->groups[i].reasons);
    od__free(self);
}

static od_status read_one(od_query *query, int64_t *out) {
    if (od__query_row(query))
        *out = od__query_integer(query, 0);
    return od__query_end(query);
}

/* Those who come meanwhile are a next forecast's. */
static od_status look_for_any(od_work *work, forecast *self, od_error *err) {
    od_query query;
    od__query(&query, work->database, err, "SELECT NOT EXISTS (SELECT 1 FROM attempt), NOT EXISTS (SELECT 1 FROM listed),"
              " (SELECT count(*) = 1 FROM campaign)", "");
    if (od__query_row(&query)) {
        self->nobody_called = od__query_integer(&query, 0) != 0;
        self->nobody_listed = od__query_integer(&query, 1) != 0;
        self->is_only_campaign = od__query_integer(&query, 2) != 0;
    }
    return od__query_end(&query);
}

static od_status make(od_work *work, const od_value *params, forecast **out, od_error *err) {
    forecast *self = od__calloc(1, sizeof(*self));
    od_query query;
    *out = self;
    if (self == NULL)
        return od__error_no_memory(err);
    for (size_t i = 0; i < 3; i++) {
        self->groups[i].reasons = od_value_new_object();
        if (self->groups[i].reasons == NULL)
            return od__error_no_memory(err);
    }
    self->at_ms = od__param_integer(params, "at_ms", work->wall_ms);
    od_status status = od__param_campaign(work, params, &self->campaign_id, err);
    if (status != OD_OK)
        return status;
    od__query(&query, work->database, err, "SELECT coalesce(max(id), 0) FROM contact", "");
    status = read_one(&query, &self->last);
    if (status != OD_OK)
        return status;
    od__query(&query, work->database, err, "SELECT count(*) FROM contact WHERE campaign_id = ?1 AND state = 4 AND " OD_SCHEMA_RESTS, "i",
              self->campaign_id);
    status = read_one(&query, &self->blocked);
    return status == OD_OK ? look_for_any(work, self, err) : status;
}

/* ---- counting ---- */

static od_status count(forecast *self, int which, const char *reason, od_error *err) {
    group *to = &self->groups[which];
    to->total++;
    if (reason == NULL)
        return OD_OK;
    return od_value_set(to->reasons, reason, od_value_new_integer(od__param_integer(to->reasons, reason, 0) + 1), err);
}

static od_status count_later(forecast *self, int64_t next_ms, const char *reason, od_error *err) {
    if (self->next_ms == 0 || next_ms < self->next_ms)
        self->next_ms = next_ms;
    return count(self, LATER, reason, err);
}

static bool is_blank(const char *text) {
    return text == NULL || text[strspn(text, " ;\t")] == '\0';
}

/* R24: its zone is not known for certain: the country has several. */
static od_status count_zones(od_work *work, forecast *self, const od_subject_row *row, od_error *err) {
    const char *const *names;
    size_t zones = 0;
    od_zones *all;
    if (!is_blank(row->zones) || row->country == NULL)
        return OD_OK;
    od_status status = od__rulebook_zones(work, &all, err);
    if (status == OD_OK)
        status = od__zones_of_country(all, row->country, &names, &zones, err);
    self->several_zones += zones > 1 ? 1 : 0;
    return status;
}

/* ---- one verdict for all who are in the same situation ---- */

/* Of somebody of whom nothing is known the rules see nothing but where they are. */
static bool is_plain(const od_facts *facts) {
    return facts->history_count == 0 && !facts->number_listed && !facts->person_listed && !facts->person_open &&
           !facts->number_open && !facts->is_callback;
}

static verdict *verdict_of(forecast *self, const od_facts *facts) {
    const char *zones = facts->zones != NULL ? facts->zones : "", *country = facts->country != NULL ? facts->country : "";
    uint32_t hash = 2166136261u;
    for (const char *at = zones; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    for (const char *at = country; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    verdict *place = &self->verdicts[(hash ^ hash >> 16) % VERDICTS];
    if (strlen(zones) >= sizeof(place->zones) || strlen(country) >= sizeof(place->country))
        return NULL;
    if (place->is_known && (strcmp(place->zones, zones) != 0 || strcmp(place->country, country) != 0))
        place->is_known = false;
    memcpy(place->zones, zones, strlen(zones) + 1);
    memcpy(place->country, country, strlen(country) + 1);
    return place;
}

static od_status judge_facts(od_work *work, forecast *self, const od_campaign_row *campaign, int64_t at_ms, od_judgement *out,
                             od_error *err) {
    const od_facts *facts = &self->gathered.facts;
    verdict *known = at_ms == self->at_ms && is_plain(facts) ? verdict_of(self, facts) : NULL;
    if (known != NULL && known->is_known) {
        *out = known->judgement;
        return OD_OK;
    }
    od_status status = od__judge_facts(work, campaign, facts, at_ms, out, NULL, err);
    if (status == OD_OK && known != NULL) {
        known->judgement = *out;
        known->is_known = true;
    }
    return status;
}

/* ---- judging ---- */

static od_status judge(od_work *work, forecast *self, const od_campaign_row *campaign, const od_contact_row *contact,
                       const od_number_entry *number, od_error *err) {
    od_judgement judgement = { 0 };
    /* Who waits for a time is judged at that time. */
    bool waits = contact->state == OD_CONTACT_waiting && contact->due_ms > self->at_ms;
    od_work then = *work;
    then.wall_ms = waits ? contact->due_ms : self->at_ms;
    od_subject_row row = od__subject_of(contact, campaign, number->number, number->country);
    row.is_callback = contact->callback_ms > 0;
    row.nobody_called = self->nobody_called;
    row.nobody_listed = self->nobody_listed;
    od_status status = count_zones(work, self, &row, err);
    if (status == OD_OK)
        status = od__gather(&then, campaign->ruleset, &row, &self->gathered, err);
    if (status == OD_OK)
        status = judge_facts(work, self, campaign, then.wall_ms, &judgement, err);
    if (status != OD_OK)
        return status;
    if (judgement.allowed)
        return waits ? count_later(self, then.wall_ms, "due", err) : count(self, NOW, NULL, err);
    /* A fence falls when the attempt that is under way ends; nobody knows when. */
    bool fenced = judgement.refusal == OD_REFUSAL_person_open || judgement.refusal == OD_REFUSAL_number_open;
    if (judgement.next_ms > 0)
        return count_later(self, judgement.next_ms, judgement.rule, err);
    return count(self, fenced ? LATER : NEVER, judgement.rule, err);
}

static od_status judge_slice(od_work *work, forecast *self, od_error *err) {
    int64_t to = self->after + JUDGE_ROWS;
    od_campaign_row campaign;
    od_contact_row contact;
    od_number_entry number;
    od_query query;
    od_status status = od__campaign_read(work, self->campaign_id, &campaign, err);
    if (status != OD_OK)
        return status;
    od__contact_callable(&query, work, self->campaign_id, self->after, to, err);
    while (status == OD_OK && od__query_row(&query)) {
        od__contact_borrow(&query, &contact);
        if (od__numbers_at(contact.numbers, contact.number_next, &number))
            status = judge(work, self, &campaign, &contact, &number, err);
        else
            status = count(self, NEVER, "number", err);
    }
    od_status ended = od__query_end(&query);
    self->after = to;
    if (self->after >= self->last)
        self->phase = NUMBERS;
    return status != OD_OK ? status : ended;
}

/* ---- shared numbers (R9) ---- */

/* Counts the numbers that several contacts of the store have, one of this campaign among them. */
static od_status number_slice(od_work *work, forecast *self, bool *done, od_error *err) {
    od_query query;
    od__query(&query, work->database, err,
              "SELECT max(s.number), sum(CASE WHEN s.contacts = 1 THEN 0 WHEN ?4 THEN 1 ELSE EXISTS (SELECT 1 FROM number n"
              " CROSS JOIN contact c ON c.id = n.contact_id WHERE n.number = s.number AND c.campaign_id = ?2) END), count(*)"
              " FROM (SELECT number, count(*) AS contacts FROM number WHERE number > ?1 GROUP BY number ORDER BY number LIMIT ?3) s",
              "tiii", self->after_number, self->campaign_id, (int64_t)NUMBER_ROWS, (int64_t)self->is_only_campaign);
    *done = true;
    if (od__query_row(&query)) {
        const char *last = od__query_text(&query, 0);
        self->shared_numbers += od__query_integer(&query, 1);
        *done = last == NULL || od__query_integer(&query, 2) < NUMBER_ROWS;
        snprintf(self->after_number, sizeof(self->after_number), "%s", last != NULL ? last : "");
    }
    return od__query_end(&query);
}

/* ---- the verb ---- */

static void make_group(od_maker *maker, const char *name, const group *from) {
    od_maker inner;
    od_value *made = NULL;
    od__make(&inner, maker->err);
    od__make_integer(&inner, "total", from->total);
    od__make_value(&inner, "reasons", od_value_ref(from->reasons));
    od__make_failed(maker, od__made(&inner, &made));
    od__make_value(maker, name, made);
}

static od_status finish(const forecast *self, od_value **result, od_error *err) {
    od_maker maker;
    od__make(&maker, err);
    od__make_integer(&maker, "at_ms", self->at_ms);
    make_group(&maker, "now", &self->groups[NOW]);
    make_group(&maker, "later", &self->groups[LATER]);
    make_group(&maker, "never", &self->groups[NEVER]);
    if (self->next_ms > 0)
        od__make_integer(&maker, "next_ms", self->next_ms);
    od__make_integer(&maker, "blocked", self->blocked);
    od__make_integer(&maker, "shared_numbers", self->shared_numbers);
    od__make_integer(&maker, "several_zones", self->several_zones);
    return od__made(&maker, result);
}

od_status od__verb_forecast(od_work *work, const od_value *params, od_value **result, od_error *err) {
    forecast *self = *work->state;
    bool done = false;
    od_status status = OD_OK;
    if (self == NULL) {
        status = make(work, params, &self, err);
        *work->state = self;
    } else if (self->phase == JUDGING) {
        status = judge_slice(work, self, err);
    } else {
        status = number_slice(work, self, &done, err);
    }
    work->again = status == OD_OK && !done;
    return status == OD_OK && done ? finish(self, result, err) : status;
}
