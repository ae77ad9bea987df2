/* The verb `status`: how a store, or one campaign of it, stands. States of contacts are counted in an index, reasons and legs
 * by reading their rows: indexes for these would cost every call. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "store/campaign.h"
#include "store/importing.h"
#include "store/leg.h"
#include "store/schema.h"
#include "store/tables.h"
#include "store/verbs.h"
#include "store/workers.h"

#define OD_LIMIT_WORD_BYTES 801       /* a client's name: 200 characters */

typedef struct status_counts {
    int64_t contacts[OD_CONTACT_COUNT], legs[OD_LEG_COUNT];
    int64_t next_ms, withdrawals_failed, second_rings, living_on;
    od_value *refused, *outcomes, *clients, *campaigns, *workers;
} status_counts;

/* Adds to object[key], which starts as 0. */
static od_status add_to(od_value *object, const char *key, int64_t count, od_error *err) {
    return od_value_set(object, key, od_value_new_integer(od__param_integer(object, key, 0) + count), err);
}

/* All of a campaign's contacts, and those that are being called: these are few, and each has an open attempt. */
static od_status count_all_contacts(od_work *work, int64_t campaign_id, int64_t *total, int64_t *open, od_error *err) {
    od_query query;
    od__query(&query, work->database, err,
              "SELECT (SELECT count(*) FROM contact WHERE campaign_id = ?1), (SELECT count(*) FROM attempt a CROSS JOIN contact c"
              " ON c.id = a.contact_id WHERE a.open = 1 AND a.campaign_id = ?1 AND c.state = 2)", "i", campaign_id);
    if (od__query_row(&query)) {
        *total = od__query_integer(&query, 0);
        *open = od__query_integer(&query, 1);
    }
    return od__query_end(&query);
}

/* contacts: of this campaign alone. Who is done is whoever is left. */
static od_status count_contacts(od_work *work, int64_t campaign_id, status_counts *counts,
                                int64_t contacts[OD_CONTACT_COUNT], od_error *err) {
    od_query query;
    int64_t rest = 0;
    od_status status = count_all_contacts(work, campaign_id, &rest, &contacts[OD_CONTACT_open], err);
    if (status != OD_OK)
        return status;
    rest -= contacts[OD_CONTACT_open];
    od__query(&query, work->database, err,
              "SELECT state, count(*) FROM contact WHERE campaign_id = ?1 AND " OD_SCHEMA_RESTS " GROUP BY state", "i", campaign_id);
    while (od__query_row(&query)) {
        int64_t state = od__query_integer(&query, 0);
        if (state >= 0 && state < OD_CONTACT_COUNT) {
            contacts[state] = od__query_integer(&query, 1);
            rest -= contacts[state];
        }
    }
    status = od__query_end(&query);
    if (status != OD_OK)
        return status;
    contacts[OD_CONTACT_done] = rest;
    for (int64_t state = 0; state < OD_CONTACT_COUNT; state++)
        counts->contacts[state] += contacts[state];
    od__query(&query, work->database, err, "SELECT due_ms FROM contact WHERE campaign_id = ?1 AND state = 1 AND " OD_SCHEMA_RESTS
              " ORDER BY due_ms LIMIT 1", "i", campaign_id);
    if (od__query_row(&query)) {
        int64_t next_ms = od__query_integer(&query, 0);
        if (counts->next_ms == 0 || next_ms < counts->next_ms)
            counts->next_ms = next_ms;
    }
    return od__query_end(&query);
}

/* Rows of a word and a count. */
static od_status count_words(od_query *query, od_value *object, od_error *err) {
    od_status status = OD_OK;
    while (status == OD_OK && od__query_row(query))
        status = add_to(object, od__query_text(query, 0), od__query_integer(query, 1), err);
    od_status ended = od__query_end(query);
    return status == OD_OK ? ended : status;
}

static od_status count_reasons(od_work *work, int64_t campaign_id, status_counts *counts, od_error *err) {
    od_query query;
    od__query(&query, work->database, err,
              "SELECT why, count(*) FROM contact WHERE campaign_id = ?1 AND state IN (1, 4, 7)"
              " AND why IS NOT NULL AND " OD_SCHEMA_RESTS " GROUP BY why", "i", campaign_id);
    return count_words(&query, counts->refused, err);
}

/* Rows that are alike, one after the other: they are counted here, as grouping them in the database means sorting them all. */
typedef struct run {
    char word[OD_LIMIT_WORD_BYTES];  /* "": none */
    int64_t state, count;
} run;

static bool goes_on(run *self, const char *word, int64_t state) {
    bool same = self->count > 0 && self->state == state && strcmp(self->word, word) == 0;
    self->count += same;
    return same;
}

static void begin_run(run *self, const char *word, int64_t state) {
    snprintf(self->word, sizeof(self->word), "%s", word);
    self->state = state;
    self->count = 1;
}

static od_status end_outcomes(const run *self, status_counts *counts, od_error *err) {
    return self->count > 0 && self->word[0] != '\0' ? add_to(counts->outcomes, self->word, self->count, err) : OD_OK;
}

static od_status count_outcomes(od_work *work, int64_t campaign_id, status_counts *counts, od_error *err) {
    od_query query;
    od_status status = OD_OK;
    run kinds = { .count = 0 };
    od__query(&query, work->database, err, "SELECT coalesce(kind, ''), second_ring FROM attempt WHERE campaign_id = ?1", "i",
              campaign_id);
    while (status == OD_OK && od__query_row(&query)) {
        const char *kind = od__query_text(&query, 0);
        counts->second_rings += od__query_integer(&query, 1);
        if (goes_on(&kinds, kind, 0))
            continue;
        status = end_outcomes(&kinds, counts, err);
        begin_run(&kinds, kind, 0);
    }
    od_status ended = od__query_end(&query);
    if (status == OD_OK)
        status = end_outcomes(&kinds, counts, err);
    return status == OD_OK ? ended : status;
}

/* ---- legs ---- */

/* The words under which legs are reported, and the states that each sums up. */
static const struct {
    const char *name;
    int64_t states[2];
} leg_words[] = {
    { "open", { OD_LEG_intent, -1 } },           { "handed_off", { OD_LEG_handed_off, -1 } },
    { "placed", { OD_LEG_placed, OD_LEG_ended } }, { "not_placed", { OD_LEG_not_placed, OD_LEG_void } },
    { "unknown", { OD_LEG_in_doubt, OD_LEG_written_off } },
};

static const char *leg_word(int64_t state) {
    for (size_t i = 0; i < sizeof(leg_words) / sizeof(leg_words[0]); i++) {
        if (leg_words[i].states[0] == state || leg_words[i].states[1] == state)
            return leg_words[i].name;
    }
    return "unknown";
}

static od_status add_client(od_value *clients, const char *client, int64_t state, int64_t count, od_error *err) {
    od_value *row = NULL;
    const od_value *known = od_value_get(clients, client);
    od_status status = OD_OK;
    if (known == NULL) {
        row = od_value_new_object();
        if (row == NULL)
            return od__error_no_memory(err);
        for (size_t i = 0; i < sizeof(leg_words) / sizeof(leg_words[0]) && status == OD_OK; i++)
            status = od_value_set(row, leg_words[i].name, od_value_new_integer(0), err);
    } else {
        row = od_value_ref(known);
    }
    if (status == OD_OK)
        status = add_to(row, leg_word(state), count, err);
    if (status == OD_OK && known == NULL)
        return od_value_set(clients, client, row, err);
    od_value_unref(row);
    return status;
}

static od_status end_legs(const run *self, status_counts *counts, od_error *err) {
    if (self->count == 0)
        return OD_OK;
    if (self->state >= 0 && self->state < OD_LEG_COUNT)
        counts->legs[self->state] += self->count;
    return add_client(counts->clients, self->word, self->state, self->count, err);
}

static od_status count_legs(od_work *work, int64_t campaign_id, status_counts *counts, od_error *err) {
    od_query query;
    od_status status = OD_OK;
    run legs = { .count = 0 };
    od__query(&query, work->database, err,
              "SELECT client, state, CASE WHEN open = 1 AND state IN (2, 4, 7) THEN withdrawal <> 'again: under way'"
              " WHEN state = 7 THEN withdrawal LIKE 'failed:%' END FROM leg WHERE campaign_id = ?1", "i", campaign_id);
    while (status == OD_OK && od__query_row(&query)) {
        const char *client = od__query_text(&query, 0);
        int64_t state = od__query_integer(&query, 1);
        counts->withdrawals_failed += od__query_integer(&query, 2);
        if (goes_on(&legs, client, state))
            continue;
        status = end_legs(&legs, counts, err);
        begin_run(&legs, client, state);
    }
    od_status ended = od__query_end(&query);
    if (status == OD_OK)
        status = end_legs(&legs, counts, err);
    return status == OD_OK ? ended : status;
}

static od_status count_living_on(od_work *work, int64_t campaign_id, int64_t *count, od_error *err) {
    od_query query;
    *count = 0;
    od__query(&query, work->database, err,
              "SELECT count(*) FROM leg l CROSS JOIN contact c ON c.id = l.contact_id JOIN campaign k ON k.id = l.campaign_id"
              " WHERE l.campaign_id = ?1 AND " OD_LEG_LIVES_ON, "i", campaign_id);
    if (od__query_row(&query))
        *count = od__query_integer(&query, 0);
    return od__query_end(&query);
}

/* ---- campaigns ---- */

static od_status next_campaign(od_work *work, int64_t after, int64_t only, int64_t *id, od_value **out, od_error *err) {
    od_query query;
    od_status status = OD_OK;
    *id = 0;
    *out = NULL;
    od__query(&query, work->database, err,
              "SELECT id, name, state, why, by_whom, revision FROM campaign WHERE id > ?1 AND (?2 = 0 OR id = ?2)"
              " ORDER BY id LIMIT 1", "ii", after, only);
    if (od__query_row(&query)) {
        od_maker maker;
        *id = od__query_integer(&query, 0);
        od__make(&maker, err);
        od__make_column(&maker, "name", &query, 1);
        od__make_column(&maker, "state", &query, 2);
        od__make_column(&maker, "why", &query, 3);
        od__make_column(&maker, "by", &query, 4);
        od__make_integer_column(&maker, "revision", &query, 5);
        status = od__made(&maker, out);
    }
    od_status ended = od__query_end(&query);
    return status == OD_OK ? ended : status;
}

/* What people mean when they ask how it stands: the switch alone says `running` of a campaign that nobody runs. */
static const char *standing(const char *state, int64_t workers, const int64_t contacts[OD_CONTACT_COUNT],
                            int64_t living_on) {
    int64_t total = 0;
    for (int64_t i = 0; i < OD_CONTACT_COUNT; i++)
        total += contacts[i];
    if (strcmp(state, "running") != 0)
        return state;
    if (workers > 0)
        return "running";
    if (total == 0)
        return "empty";
    if (contacts[OD_CONTACT_ready] + contacts[OD_CONTACT_waiting] + contacts[OD_CONTACT_open] > 0)
        return "idle";
    return contacts[OD_CONTACT_held] > 0 || living_on > 0 ? "unsettled" : "finished";
}

/* Takes campaign. */
static od_status add_campaign(status_counts *counts, od_value *campaign, const int64_t contacts[OD_CONTACT_COUNT],
                              int64_t living_on, od_error *err) {
    int64_t workers = od__workers_of(counts->workers, od__param_text(campaign, "name"));
    const char *word = standing(od__param_text(campaign, "state"), workers, contacts, living_on);
    int64_t left = contacts[OD_CONTACT_ready] + contacts[OD_CONTACT_waiting] + contacts[OD_CONTACT_open];
    od_status status = od_value_set(campaign, "standing", od_value_new_string(word), err);
    if (status == OD_OK)
        status = od_value_set(campaign, "left", od_value_new_integer(left), err);
    if (status == OD_OK)
        status = od_value_set(campaign, "held", od_value_new_integer(contacts[OD_CONTACT_held]), err);
    if (status == OD_OK)
        status = od_value_set(campaign, "living_on", od_value_new_integer(living_on), err);
    counts->living_on += living_on;
    if (status == OD_OK)
        return od_value_add(counts->campaigns, campaign, err);
    od_value_unref(campaign);
    return status;
}

/* What has to read every row of a call. */
static od_status count_calls(od_work *work, int64_t campaign_id, status_counts *counts, od_error *err) {
    od_status status = count_reasons(work, campaign_id, counts, err);
    if (status == OD_OK)
        status = count_outcomes(work, campaign_id, counts, err);
    return status == OD_OK ? count_legs(work, campaign_id, counts, err) : status;
}

static od_status count_all(od_work *work, int64_t only, bool brief, status_counts *counts, od_error *err) {
    for (int64_t id = 0;;) {
        int64_t contacts[OD_CONTACT_COUNT] = { 0 }, living_on = 0;
        od_value *campaign;
        od_status status = next_campaign(work, id, only, &id, &campaign, err);
        if (status != OD_OK || id == 0)
            return status;
        status = count_contacts(work, id, counts, contacts, err);
        if (status == OD_OK)
            status = count_living_on(work, id, &living_on, err);
        if (status == OD_OK)
            status = add_campaign(counts, campaign, contacts, living_on, err);
        else
            od_value_unref(campaign);
        if (status == OD_OK && !brief)
            status = count_calls(work, id, counts, err);
        if (status != OD_OK)
            return status;
    }
}

/* ---- the result ---- */

static od_status make_contacts(const status_counts *counts, od_value **out, od_error *err) {
    od_maker maker;
    int64_t total = 0;
    for (int64_t state = 0; state < OD_CONTACT_COUNT; state++)
        total += counts->contacts[state];
    od__make(&maker, err);
    od__make_integer(&maker, "total", total);
    for (int64_t state = 0; state < OD_CONTACT_COUNT; state++)
        od__make_integer(&maker, od__contact_state_name(state), counts->contacts[state]);
    return od__made(&maker, out);
}

static od_status make_legs(const status_counts *counts, od_value **out, od_error *err) {
    od_maker maker;
    od__make(&maker, err);
    for (size_t i = 0; i < sizeof(leg_words) / sizeof(leg_words[0]); i++) {
        int64_t second = leg_words[i].states[1];
        od__make_integer(&maker, leg_words[i].name,
                         counts->legs[leg_words[i].states[0]] + (second >= 0 ? counts->legs[second] : 0));
    }
    return od__made(&maker, out);
}

/* The few members of an object, by key: whatever came first, a report reads the same. NULL when memory runs out. */
static od_value *by_key(const od_value *object, od_error *err) {
    od_value *sorted = od_value_new_object();
    od_status status = sorted != NULL ? OD_OK : OD_OUT_OF_MEMORY;
    for (const char *last = "", *least; status == OD_OK; last = least) {
        void *cursor = NULL;
        const char *key;
        least = NULL;
        while (od_value_next(object, &cursor, &key, NULL)) {
            if (strcmp(key, last) > 0 && (least == NULL || strcmp(key, least) < 0))
                least = key;
        }
        if (least == NULL)
            return sorted;
        status = od_value_set(sorted, least, od_value_ref(od_value_get(object, least)), err);
    }
    od_value_unref(sorted);
    return NULL;
}

static void make_calls(od_maker *maker, const status_counts *counts) {
    od_value *legs = NULL;
    od__make_failed(maker, make_legs(counts, &legs, maker->err));
    od__make_value(maker, "legs", legs);
    od__make_value(maker, "outcomes", by_key(counts->outcomes, maker->err));
    od__make_value(maker, "refused", od_value_ref(counts->refused));
    od__make_value(maker, "clients", by_key(counts->clients, maker->err));
    od__make_integer(maker, "doubts", counts->legs[OD_LEG_in_doubt]);
    od__make_integer(maker, "withdrawals_failed", counts->withdrawals_failed);
    od__make_integer(maker, "second_rings", counts->second_rings);
}

/* begun_us: when the reading began, which is the longer the more calls there are. */
static od_status make_result(od_work *work, const status_counts *counts, bool brief, int64_t begun_us, od_value **result,
                             od_error *err) {
    od_maker maker;
    od_value *contacts = NULL;
    od__make(&maker, err);
    od__make_failed(&maker, make_contacts(counts, &contacts, err));
    od__make_value(&maker, "contacts", contacts);
    if (!brief)
        make_calls(&maker, counts);
    od__make_value(&maker, "campaigns", od_value_ref(counts->campaigns));
    od__make_value(&maker, "workers", od_value_ref(counts->workers));
    od__make_integer(&maker, "held", counts->contacts[OD_CONTACT_held]);
    if (counts->next_ms > 0)
        od__make_integer(&maker, "next_ms", counts->next_ms);
    od__make_integer(&maker, "living_on", counts->living_on);
    int64_t read_ms = (od__clock_now_us(work->core->clock) - begun_us) / 1000;
    if (read_ms > 0)
        od__make_integer(&maker, "read_ms", read_ms);
    od__importing_make(work, &maker);
    return od__made(&maker, result);
}

od_status od__verb_status(od_work *work, const od_value *params, od_value **result, od_error *err) {
    status_counts counts = { .refused = od_value_new_object(), .outcomes = od_value_new_object(),
                             .clients = od_value_new_object(), .campaigns = od_value_new_array() };
    int64_t only = 0, begun_us = od__clock_now_us(work->core->clock);
    bool brief = od__param_is(params, "brief");
    od_status status = od__param_campaign(work, params, &only, err);
    if (status == OD_OK && (counts.refused == NULL || counts.outcomes == NULL || counts.clients == NULL ||
                            counts.campaigns == NULL))
        status = od__error_no_memory(err);
    if (status == OD_OK)
        status = od__workers_list(work, only, &counts.workers, err);
    if (status == OD_OK)
        status = count_all(work, only, brief, &counts, err);
    if (status == OD_OK)
        status = make_result(work, &counts, brief, begun_us, result, err);
    od_value_unref(counts.refused);
    od_value_unref(counts.outcomes);
    od_value_unref(counts.clients);
    od_value_unref(counts.campaigns);
    od_value_unref(counts.workers);
    return status;
}
