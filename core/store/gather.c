/* What is known about one contact and one of its numbers, for a judgement. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "store/numbers.h"
#include "store/rulebook.h"

#define PAST_COLUMNS                                                                                             \
    "SELECT id, at_ms, ended_ms, person = ?1, number = ?2, campaign_id = ?3, subject IS NOT NULL AND subject = ?4," \
    " counts, kind FROM attempt "

static bool read_kind(const char *text, od_outcome_kind *out) {
    static const char *const names[] = {
#define OUTCOME_NAME(name) #name,
        OD_OUTCOMES(OUTCOME_NAME)
#undef OUTCOME_NAME
    };
    for (size_t i = 0; text != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], text) != 0)
            continue;
        *out = (od_outcome_kind)i;
        return true;
    }
    return false;
}

typedef struct past_rows {
    od_gathered *out;
    int64_t own;                     /* the attempt under judgement: no history of itself */
    int64_t unseen_ms;               /* attempts after this are not seen: INT64_MAX but for a mutant */
} past_rows;

/* Adds the rows of a query, but for those (of a person) that the other query has (of the number) as well. Returns the time
 * of the oldest row that was read if there were as many as are looked at, else 0. */
static int64_t add_past(const past_rows *rows, od_query *query, bool skip_person) {
    od_facts *facts = &rows->out->facts;
    int64_t count = 0, oldest_ms = 0;
    while (od__query_row(query)) {
        count++;
        oldest_ms = od__query_integer(query, 1);
        if (oldest_ms > rows->unseen_ms || od__query_integer(query, 0) == rows->own || (skip_person && od__query_integer(query, 3) != 0))
            continue;
        od_past *past = &rows->out->past[facts->history_count++];
        *past = (od_past){
            .at_ms = oldest_ms, .ended_ms = od__query_integer(query, 2), .of_person = od__query_integer(query, 3) != 0,
            .of_number = od__query_integer(query, 4) != 0, .same_campaign = od__query_integer(query, 5) != 0,
            .same_subject = od__query_integer(query, 6) != 0, .counts = od__query_integer(query, 7) != 0,
        };
        past->has_outcome = read_kind(od__query_text(query, 8), &past->kind);
    }
    return count == OD_LIMIT_PAST ? oldest_ms : 0;
}

/* Newest first; the two runs are each in order already, so few places change. */
static void sort_past(od_past *past, size_t count) {
    for (size_t i = 1; i < count; i++) {
        od_past row = past[i];
        size_t j = i;
        for (; j > 0 && past[j - 1].at_ms < row.at_ms; j--)
            past[j] = past[j - 1];
        past[j] = row;
    }
}

static od_status gather_past(od_work *work, const od_subject_row *row, int64_t since_ms, od_gathered *out, od_error *err) {
    /* As if it had been counted before this transaction. */
    const past_rows rows = { .out = out, .own = row->attempt_id,
                             .unseen_ms = od__mutant("caps_outside") ? work->wall_ms - 10000 : INT64_MAX };
    od_query query;
    od__query(&query, work->database, err,
              PAST_COLUMNS "WHERE person = ?1 AND at_ms >= ?5 ORDER BY at_ms DESC LIMIT ?6", "ttitii", row->person,
              row->number, row->campaign_id, row->subject, since_ms, (int64_t)OD_LIMIT_PAST);
    out->facts.person_whole_from_ms = add_past(&rows, &query, false);
    od_status status = od__query_end(&query);
    if (status != OD_OK)
        return status;
    size_t of_person = out->facts.history_count;
    od__query(&query, work->database, err,
              PAST_COLUMNS "WHERE number = ?2 AND at_ms >= ?5 ORDER BY at_ms DESC LIMIT ?6", "ttitii", row->person,
              row->number, row->campaign_id, row->subject, since_ms, (int64_t)OD_LIMIT_PAST);
    out->facts.number_whole_from_ms = add_past(&rows, &query, true);
    status = od__query_end(&query);
    if (out->facts.history_count > of_person && of_person > 0)
        sort_past(out->past, out->facts.history_count);
    return status;
}

static od_status gather_fences(od_work *work, const od_subject_row *row, od_gathered *out, od_error *err) {
    od_query query;
    od__query(&query, work->database, err,
              "SELECT EXISTS (SELECT 1 FROM attempt WHERE person = ?1 AND open = 1 AND id <> ?3),"
              " EXISTS (SELECT 1 FROM attempt WHERE number = ?2 AND open = 1 AND id <> ?3)",
              "tti", row->person, row->number, row->attempt_id);
    if (od__query_row(&query)) {
        out->facts.person_open = od__query_integer(&query, 0) != 0;
        out->facts.number_open = od__query_integer(&query, 1) != 0;
    }
    return od__query_end(&query);
}

static od_status find_listed(od_work *work, const char *number, od_gathered *out, bool *listed, od_error *err) {
    od_query query;
    od__query(&query, work->database, err, "SELECT coalesce(source, 'a list') FROM listed WHERE number = ?1 AND lifted_ms IS NULL",
              "t", number);
    *listed = od__query_row(&query);
    if (*listed)
        snprintf(out->list, sizeof(out->list), "%s", od__query_text(&query, 0));
    return od__query_end(&query);
}

static od_status find_listed_of_person(od_work *work, const char *shared_person, od_gathered *out, bool *listed, od_error *err) {
    od_query query;
    od__query(&query, work->database, err,
              "SELECT coalesce(l.source, 'a list') FROM contact c, json_each(c.numbers) n CROSS JOIN listed l"
              " ON l.number = n.value ->> 1 WHERE c.person = ?1 AND l.lifted_ms IS NULL LIMIT 1", "t", shared_person);
    *listed = od__query_row(&query);
    if (*listed)
        snprintf(out->list, sizeof(out->list), "%s", od__query_text(&query, 0));
    return od__query_end(&query);
}

/* Do-not-call (R16): the number itself, any other of this contact's, any of another contact that is the same person. */
static od_status gather_listed(od_work *work, const od_subject_row *row, od_gathered *out, od_error *err) {
    od_facts *facts = &out->facts;
    od_number_entry entry;
    od_status status = find_listed(work, row->number, out, &facts->number_listed, err);
    for (const char *at = row->numbers_json; !facts->number_listed && !facts->person_listed && status == OD_OK &&
                                             od__numbers_next(&at, &entry);) {
        if (strcmp(entry.number, row->number) != 0)
            status = find_listed(work, entry.number, out, &facts->person_listed, err);
    }
    if (status == OD_OK && !facts->number_listed && !facts->person_listed && row->shared_person != NULL)
        status = find_listed_of_person(work, row->shared_person, out, &facts->person_listed, err);
    facts->list = facts->number_listed || facts->person_listed ? out->list : NULL;
    return status;
}

od_status od__gather(od_work *work, const od_ruleset *ruleset, const od_subject_row *row, od_gathered *out, od_error *err) {
    out->facts = (od_facts){
        .zones = row->zones, .country = row->country, .history = out->past, .is_callback = row->is_callback,
        .ring_timeout_ms = row->ring_timeout_ms,
    };
    int64_t reach_ms = od__ruleset_reach_ms(ruleset);
    int64_t since_ms = reach_ms >= work->wall_ms ? INT64_MIN : work->wall_ms - reach_ms;
    od_status status = gather_fences(work, row, out, err);
    if (status == OD_OK)
        status = gather_listed(work, row, out, err);
    if (status == OD_OK)
        status = gather_past(work, row, since_ms, out, err);
    return status;
}
