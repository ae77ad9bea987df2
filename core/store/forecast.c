/* The verb `forecast`: whom a campaign could call at some time, whom later, whom never, and why; in slices, and nobody is
 * called. Each contact that is ready or waiting is judged by the number that is its next. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "import/phone.h"
#include "store/judging.h"
#include "store/schema.h"
#include "store/tables.h"
#include "store/verbs.h"

#define JUDGE_ROWS 2000          /* row ids of one slice */
#define NUMBER_ROWS 20000

enum { NOW, LATER, NEVER };
enum { JUDGING, NUMBERS };

typedef struct group {
    int64_t total;
    od_value *reasons;           /* NULL for NOW */
} group;

typedef struct forecast {
    int phase;
    int64_t campaign_id, at_ms, after, last, next_ms, several_zones, blocked, shared_numbers;
    group groups[3];
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
    return read_one(&query, &self->blocked);
}

/* ---- judging ---- */

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
static od_status count_zones(od_work *work, forecast *self, const od_contact_row *contact, const od_judged_number *number,
                             od_error *err) {
    const char *const *names;
    size_t zones = 0;
    od_zones *all;
    if (!is_blank(contact->zones) || number->country == NULL)
        return OD_OK;
    od_status status = od__rulebook_zones(work, &all, err);
    if (status == OD_OK)
        status = od__zones_of_country(all, number->country, &names, &zones, err);
    self->several_zones += zones > 1 ? 1 : 0;
    return status;
}

static od_status judge(od_work *work, forecast *self, const od_campaign_row *campaign, const od_contact_row *contact,
                       const od_judged_number *number, od_error *err) {
    od_judgement judgement = { 0 };
    /* Who waits for a time is judged at that time. */
    bool waits = contact->state == OD_CONTACT_waiting && contact->due_ms > self->at_ms;
    int64_t at_ms = waits ? contact->due_ms : self->at_ms;
    od_status status = count_zones(work, self, contact, number, err);
    if (status == OD_OK)
        status = od__judge_number(work, campaign, contact, number, at_ms, &self->gathered, &judgement, NULL, err);
    if (status != OD_OK)
        return status;
    if (judgement.allowed)
        return waits ? count_later(self, at_ms, "due", err) : count(self, NOW, NULL, err);
    /* A fence falls when the attempt that is under way ends; nobody knows when. */
    bool fenced = judgement.refusal == OD_REFUSAL_person_open || judgement.refusal == OD_REFUSAL_number_open;
    if (judgement.next_ms > 0)
        return count_later(self, judgement.next_ms, judgement.rule, err);
    return count(self, fenced ? LATER : NEVER, judgement.rule, err);
}

static od_status judge_contact(od_work *work, forecast *self, const od_campaign_row *campaign, int64_t id, od_error *err) {
    od_contact_row contact;
    od_value *numbers = NULL;
    od_judged_number number;
    od_status status = od__contact_read(work, id, &contact, err);
    if (status != OD_OK)
        return status;
    status = od_value_parse(contact.numbers, strlen(contact.numbers), &numbers, err);
    if (status == OD_OK && od__judged_number(numbers, contact.number_next, &number))
        status = judge(work, self, campaign, &contact, &number, err);
    else if (status == OD_OK)
        status = count(self, NEVER, "number", err);
    od_value_unref(numbers);
    od__contact_clear(&contact);
    return status;
}

static od_status judge_slice(od_work *work, forecast *self, od_error *err) {
    static const char sql[] = "SELECT id FROM contact WHERE id > ?1 AND id <= ?2 AND +campaign_id = ?3 AND state IN (0, 1)";
    int64_t ids[JUDGE_ROWS], to = self->after + JUDGE_ROWS;
    size_t found = 0;
    od_campaign_row campaign;
    od_query query;
    od_status status = od__campaign_read(work, self->campaign_id, &campaign, err);
    if (status != OD_OK)
        return status;
    od__query(&query, work->database, err, sql, "iii", self->after, to, self->campaign_id);
    while (od__query_row(&query) && found < JUDGE_ROWS)
        ids[found++] = od__query_integer(&query, 0);
    status = od__query_end(&query);
    for (size_t i = 0; i < found && status == OD_OK; i++)
        status = judge_contact(work, self, &campaign, ids[i], err);
    self->after = to;
    if (self->after >= self->last)
        self->phase = NUMBERS;
    return status;
}

/* ---- shared numbers (R9) ---- */

/* Counts the numbers that several contacts of the store have, one of this campaign among them. */
static od_status number_slice(od_work *work, forecast *self, bool *done, od_error *err) {
    od_query query;
    int64_t rows = 0;
    od__query(&query, work->database, err,
              "SELECT s.number, CASE WHEN s.contacts > 1 THEN EXISTS (SELECT 1 FROM number n CROSS JOIN contact c"
              " ON c.id = n.contact_id WHERE n.number = s.number AND c.campaign_id = ?2) ELSE 0 END FROM (SELECT number,"
              " count(*) AS contacts FROM number WHERE number > ?1 GROUP BY number ORDER BY number LIMIT ?3) s", "tii", self->after_number, self->campaign_id,
              (int64_t)NUMBER_ROWS);
    while (od__query_row(&query)) {
        const char *number = od__query_text(&query, 0);
        size_t length = strlen(number);
        self->shared_numbers += od__query_integer(&query, 1);
        if (length < sizeof(self->after_number))
            memcpy(self->after_number, number, length + 1);
        rows++;
    }
    *done = rows < NUMBER_ROWS;
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
