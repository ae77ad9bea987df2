/* What is known about one contact and one of its numbers, for a judgement. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "store/numbers.h"
#include "store/rulebook.h"
#include "store/tables.h"

/* ?1 the contact, ?2 the person that it shares, ?3 the number, ?4 the campaign, ?5 its subject, ?6 since when, ?7 how many. */
#define SAME_PERSON "(SELECT id FROM contact WHERE person = ?2)" /* by now: its attempts may be from before it was */
#define PAST_COLUMNS                                                                                                 \
    "SELECT id, at_ms, ended_ms, contact_id = ?1 OR ?2 IS NOT NULL AND (shared_person IS ?2 OR contact_id IN " SAME_PERSON ")," \
    " number = ?3, campaign_id = ?4," \
    " subject IS NOT NULL AND subject = ?5, counts, kind FROM attempt "
/* An outcome may come long after its attempt began: what a vendor has been handed, it may dial days later. */
#define PAST_LATEST " AND max(at_ms, coalesce(ended_ms, at_ms)) >= ?6 ORDER BY at_ms DESC LIMIT ?7"
#define PAST_TYPES "ittitii"
#define PAST_VALUES \
    row->contact_id, row->shared_person, row->number, row->campaign_id, row->subject, since_ms, (int64_t)OD_LIMIT_PAST

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

static od_status gather_of_person(od_work *work, const od_subject_row *row, int64_t since_ms, const past_rows *rows,
                                  od_error *err) {
    od_query query;
    if (row->shared_person != NULL)
        od__query(&query, work->database, err, PAST_COLUMNS "WHERE (contact_id = ?1 OR shared_person = ?2 OR contact_id IN " SAME_PERSON ")"
                  PAST_LATEST, PAST_TYPES, PAST_VALUES);
    else
        od__query(&query, work->database, err, PAST_COLUMNS "WHERE contact_id = ?1" PAST_LATEST, PAST_TYPES, PAST_VALUES);
    rows->out->facts.person_whole_from_ms = add_past(rows, &query, false);
    return od__query_end(&query);
}

static od_status gather_of_number(od_work *work, const od_subject_row *row, int64_t since_ms, const past_rows *rows,
                                  od_error *err) {
    od_facts *facts = &rows->out->facts;
    od_query query;
    if (rows->out->number_common) {
        od__query(&query, work->database, err, PAST_COLUMNS "WHERE number = ?3 AND common = 1" PAST_LATEST, PAST_TYPES, PAST_VALUES);
    } else if (rows->out->number_contact_id == row->contact_id) { /* among those of the person */
        facts->number_whole_from_ms = facts->person_whole_from_ms;
        return OD_OK;
    } else {
        od__query(&query, work->database, err,
                  PAST_COLUMNS "WHERE contact_id = ?8 AND number = ?3" PAST_LATEST, PAST_TYPES "i", PAST_VALUES,
                  rows->out->number_contact_id);
    }
    facts->number_whole_from_ms = add_past(rows, &query, true);
    return od__query_end(&query);
}

static od_status gather_past(od_work *work, const od_subject_row *row, int64_t since_ms, od_gathered *out, od_error *err) {
    /* As if it had been counted before this transaction. */
    const past_rows rows = { .out = out, .own = row->attempt_id,
                             .unseen_ms = od__mutant("caps_outside") ? work->wall_ms - 10000 : INT64_MAX };
    od_status status = gather_of_person(work, row, since_ms, &rows, err);
    size_t of_person = out->facts.history_count;
    if (status == OD_OK)
        status = gather_of_number(work, row, since_ms, &rows, err);
    if (out->facts.history_count > of_person && of_person > 0)
        sort_past(out->past, out->facts.history_count);
    return status;
}

static od_status gather_fences(od_work *work, const od_subject_row *row, od_gathered *out, od_error *err) {
    od_query query;
    od__query(&query, work->database, err,
              "SELECT EXISTS (SELECT 1 FROM attempt WHERE contact_id = ?1 AND open = 1 AND id <> ?4)"
              " OR ?2 IS NOT NULL AND (EXISTS (SELECT 1 FROM attempt WHERE shared_person = ?2 AND open = 1 AND id <> ?4)"
              " OR EXISTS (SELECT 1 FROM attempt WHERE contact_id IN " SAME_PERSON " AND open = 1 AND id <> ?4)),"
              " EXISTS (SELECT 1 FROM attempt WHERE number = ?3 AND open = 1 AND id <> ?4)",
              "itti", row->contact_id, row->shared_person, row->number, row->attempt_id);
    if (od__query_row(&query)) {
        out->facts.person_open = od__query_integer(&query, 0) != 0;
        out->facts.number_open = od__query_integer(&query, 1) != 0;
    }
    return od__query_end(&query);
}

/* Whose the number is: every attempt at it was made to one of those (od__enlist_number). */
static od_status gather_number(od_work *work, const char *number, od_gathered *out, od_error *err) {
    od_query query;
    out->number_contact_id = 0;
    out->number_common = false;
    od__query(&query, work->database, err, "SELECT contact_id FROM number WHERE number = ?1 LIMIT 2", "t", number);
    while (od__query_row(&query)) {
        out->number_common = out->number_contact_id != 0;
        out->number_contact_id = od__query_integer(&query, 0);
    }
    return od__query_end(&query);
}

/* Nobody who was never called, and shares neither name nor number with anybody, has a history or an open attempt. */
static bool is_new(const od_subject_row *row, const od_gathered *known) {
    bool alone = known->number_contact_id == 0 || (!known->number_common && known->number_contact_id == row->contact_id);
    return alone && !row->called && row->shared_person == NULL;
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

/* Numbers that cannot be read may be listed, so that the person is not called; other than a listed one, they may be mended. */
static od_status find_listed_of_person(od_work *work, const char *shared_person, od_gathered *out, bool *listed, od_error *err) {
    od_query query;
    char unreadable[OD_LIMIT_CONTACT_ID_BYTES + 1] = "";
    *listed = false;
    od__query(&query, work->database, err,
              "SELECT coalesce(l.source, 'a list'), NULL FROM contact c, json_each(" OD_SCHEMA_LIST("c.numbers") ") n CROSS JOIN listed l"
              " ON l.number = n.value ->> 1 WHERE c.person = ?1 AND l.lifted_ms IS NULL"
              " UNION ALL SELECT NULL, external FROM contact WHERE person = ?1 AND NOT json_valid(numbers) LIMIT 1", "t", shared_person);
    if (od__query_row(&query)) {
        const char *source = od__query_text(&query, 0);
        *listed = source != NULL;
        if (*listed)
            snprintf(out->list, sizeof(out->list), "%s", source);
        else
            snprintf(unreadable, sizeof(unreadable), "%s", od__query_text(&query, 1));
    }
    od_status status = od__query_end(&query);
    if (status == OD_OK && unreadable[0] != '\0')
        status = od__error_set(err, OD_VALIDATION, "contact \"%s\" is the same person, and its numbers cannot be read: one of them may"
                               " be listed", unreadable);
    return status;
}

/* Do-not-call (R16): the number itself, any other of this contact's, any of another contact that is the same person. */
static od_status gather_listed(od_work *work, const od_subject_row *row, od_gathered *out, od_error *err) {
    od_facts *facts = &out->facts;
    od_number_entry entry;
    bool any = false;
    od_status status = od__rows_any(work, &work->listed, "SELECT 1 FROM listed LIMIT 1", &any, err);
    if (status != OD_OK || !any)
        return status;
    status = find_listed(work, row->number, out, &facts->number_listed, err);
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
    od_status status = row->nobody_listed ? OD_OK : gather_listed(work, row, out, err);
    if (status != OD_OK || row->nobody_called)
        return status;
    status = gather_number(work, row->number, out, err);
    if (status != OD_OK || is_new(row, out))
        return status;
    status = gather_fences(work, row, out, err);
    return status == OD_OK ? gather_past(work, row, since_ms, out, err) : status;
}
