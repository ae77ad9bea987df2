#include "store/enlist.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "json/writer.h"
#include "store/campaign.h"
#include "store/tables.h"
#include "store/verbs.h"

#define NUMBERS_BYTES (OD_LIMIT_CONTACT_NUMBERS * (6u * OD_LIMIT_ROW_FIELD_BYTES + 64u)) /* each byte of a column may be escaped */

void od__enlist_numbers(const od_contact *contact, od_buffer *out) {
    od_json_writer writer;
    od__json_begin(&writer, out);
    for (size_t i = 0; i < contact->number_count; i++) {
        const od_contact_number *number = &contact->numbers[i];
        od__json_raw(&writer, i == 0 ? "[[" : ",[", 2);
        od__json_string(&writer, number->column, number->column_length);
        od__json_raw(&writer, ",", 1);
        od__json_string(&writer, number->phone.e164, strlen(number->phone.e164));
        od__json_raw(&writer, ",", 1);
        od__json_string(&writer, number->phone.country, strlen(number->phone.country));
        od__json_raw(&writer, "]", 1);
    }
    od__json_raw(&writer, "]", 1);
    od__json_end(&writer);
}

/* What the one contact was called by that had the number alone until now; the attempts of several are marked already. */
static od_status mark_common(od_work *work, const char *number, int64_t contact_id, od_error *err) {
    return od__execute(work->database, err,
                       "UPDATE attempt SET common = 1 WHERE common = 0 AND number = ?1 AND contact_id = (SELECT contact_id FROM"
                       " number WHERE number = ?1 AND contact_id <> ?2 LIMIT 1)", "ti", number, contact_id);
}

od_status od__enlist_number(od_work *work, const char *number, int64_t contact_id, od_error *err) {
    bool called = false;
    od_status status = od__execute(work->database, err, "INSERT OR IGNORE INTO number(number, contact_id) VALUES(?1, ?2)", "ti",
                                   number, contact_id);
    if (status != OD_OK || od__database_changes(work->database) == 0)
        return status;
    /* A list that comes before the first call needs not to look at each of its numbers. */
    status = od__rows_any(work, &work->attempts, "SELECT 1 FROM attempt LIMIT 1", &called, err);
    return status == OD_OK && called ? mark_common(work, number, contact_id, err) : status;
}

#define FOUR(row) row ", " row ", " row ", " row
#define MANY(row) FOUR(FOUR(row)) /* OD_ENLIST_MANY */

od_status od__enlist_numbers_of(od_work *work, const char *const *numbers, const int64_t *contact_ids, od_error *err) {
    bool called = false;
    od_query query;
    od_status status = od__rows_any(work, &work->attempts, "SELECT 1 FROM attempt LIMIT 1", &called, err);
    for (int i = 0; i < OD_ENLIST_MANY && status == OD_OK && called; i++)
        status = od__enlist_number(work, numbers[i], contact_ids[i], err);
    if (status != OD_OK || called)
        return status;
    od__query(&query, work->database, err, "INSERT OR IGNORE INTO number(number, contact_id) VALUES " MANY("(?, ?)"), "");
    for (int i = 0; i < OD_ENLIST_MANY; i++)
        od__query_more(&query, 2 * i + 1, "ti", numbers[i], contact_ids[i]);
    while (od__query_row(&query))
        continue;
    return od__query_end(&query);
}

/* ---- rows ---- */

#define ADD_ROWS "INSERT INTO contact(campaign_id, external, person, numbers, country, zones, data) VALUES "
#define UNLESS_KNOWN " ON CONFLICT(campaign_id, external) DO NOTHING"

/* Most are new: whether one is, the insert finds out by itself. */
static od_status add_row(od_work *work, int64_t campaign_id, const od_enlisting *row, bool *added, od_error *err) {
    od_status status = od__execute(
        work->database, err,
        ADD_ROWS "(?1, ?2, ?3, ?4, ?5, ?6, ?7)" UNLESS_KNOWN,
        "itttttt", campaign_id, row->external, row->person, row->numbers, row->country, row->zones, row->data);
    *added = status == OD_OK && od__database_changes(work->database) > 0;
    return status;
}

/* Sets *above to the id above which those are that were added. */
static od_status add_rows(od_work *work, int64_t campaign_id, const od_enlisting *rows, int64_t *above, od_error *err) {
    od_query query;
    od__query(&query, work->database, err, ADD_ROWS MANY("(?1, ?, ?, ?, ?, ?, ?)") UNLESS_KNOWN, "i", campaign_id);
    for (int i = 0; i < OD_ENLIST_MANY; i++)
        od__query_more(&query, 6 * i + 2, "tttttt", rows[i].external, rows[i].person, rows[i].numbers, rows[i].country,
                       rows[i].zones, rows[i].data);
    while (od__query_row(&query))
        continue;
    od_status status = od__query_end(&query);
    int64_t added = status == OD_OK ? od__database_changes(work->database) : 0;
    *above = added > 0 ? od__database_last_id(work->database) - added : INT64_MAX; /* each is one more than the last */
    return status;
}

typedef struct known {
    int64_t id;
    bool same, same_numbers;
} known;

static od_status find_row(od_work *work, int64_t campaign_id, const od_enlisting *row, known *out, od_error *err) {
    od_query query;
    *out = (known){ 0 };
    od__query(&query, work->database, err,
              "SELECT id, numbers = ?3, data = ?4 AND person IS ?5 AND country IS ?6 AND zones IS ?7 FROM contact"
              " WHERE campaign_id = ?1 AND external = ?2", "itttttt", campaign_id, row->external, row->numbers, row->data,
              row->person, row->country, row->zones);
    if (od__query_row(&query)) {
        out->id = od__query_integer(&query, 0);
        out->same_numbers = od__query_integer(&query, 1) != 0;
        out->same = out->same_numbers && od__query_integer(&query, 2) != 0;
    }
    return od__query_end(&query);
}

/* What was blocked may be callable with what is known now; every other state stays as it is. The number that is next stays
 * that, wherever it stands now. A number that it was called by stays its: whoever has that now shares its history. */
static od_status update_row(od_work *work, const known *old, const od_enlisting *row, od_error *err) {
    od_status status = old->same_numbers
                           ? OD_OK
                           : od__execute(work->database, err,
                                         "DELETE FROM number WHERE contact_id = ?1 AND number IN (SELECT value ->> 1 FROM"
                                         " json_each((SELECT " OD_SCHEMA_LIST("numbers") " FROM contact WHERE id = ?1)))"
                                         " AND NOT EXISTS (SELECT 1 FROM attempt"
                                         " WHERE contact_id = ?1 AND attempt.number = number.number)", "i", old->id);
    if (status != OD_OK)
        return status;
    return od__execute(
        work->database, err,
        "UPDATE contact SET person = ?2, numbers = ?3, country = ?4, zones = ?5, data = ?6, version = version + 1,"
        " why = CASE state WHEN 4 THEN NULL ELSE why END, due_ms = CASE state WHEN 4 THEN 0 ELSE due_ms END,"
        " number_next = coalesce((SELECT key + 1 FROM json_each(?3) WHERE value ->> 1 = (SELECT value ->> 1 FROM"
        "  json_each(" OD_SCHEMA_LIST("numbers") ") WHERE key = number_next - 1) LIMIT 1),"
        "  CASE WHEN number_next > json_array_length(?3) THEN 1 ELSE number_next END),"
        " state = CASE state WHEN 4 THEN 0 ELSE state END WHERE id = ?1",
        "ittttt", old->id, row->person, row->numbers, row->country, row->zones, row->data);
}

/* One that is there: above: ids above this are of who was added just now. */
static od_status meet_row(od_work *work, int64_t campaign_id, const od_enlisting *row, int64_t above, od_enlisted *how,
                          int64_t *id, od_error *err) {
    known old;
    od_status status = find_row(work, campaign_id, row, &old, err);
    if (status != OD_OK)
        return status;
    *how = old.id > above ? OD_ENLISTED_ADDED : old.same ? OD_ENLISTED_UNCHANGED : OD_ENLISTED_UPDATED;
    *id = old.id;
    return *how == OD_ENLISTED_UPDATED ? update_row(work, &old, row, err) : OD_OK;
}

od_status od__enlist_row(od_work *work, int64_t campaign_id, const od_enlisting *row, od_enlisted *how, int64_t *id,
                         od_error *err) {
    bool added;
    od_status status = add_row(work, campaign_id, row, &added, err);
    if (status != OD_OK || !added)
        return status == OD_OK ? meet_row(work, campaign_id, row, INT64_MAX, how, id, err) : status;
    *how = OD_ENLISTED_ADDED;
    *id = od__database_last_id(work->database);
    return OD_OK;
}

od_status od__enlist_rows(od_work *work, int64_t campaign_id, const od_enlisting *rows, od_enlisted *how, int64_t *ids,
                          od_error *err) {
    int64_t above;
    od_status status = add_rows(work, campaign_id, rows, &above, err);
    bool all = status == OD_OK && od__database_changes(work->database) == OD_ENLIST_MANY;
    for (int i = 0; i < OD_ENLIST_MANY && status == OD_OK; i++) {
        if (all) {
            how[i] = OD_ENLISTED_ADDED;
            ids[i] = above + 1 + i;
        } else {
            status = meet_row(work, campaign_id, &rows[i], above, &how[i], &ids[i], err);
        }
    }
    return status;
}

void od__enlist_id(od_span text, char out[OD_LIMIT_CONTACT_ID_BYTES + 1]) {
    size_t length = text.length < OD_LIMIT_CONTACT_ID_BYTES ? text.length : OD_LIMIT_CONTACT_ID_BYTES;
    if (length > 0)
        memcpy(out, text.at, length);
    out[length] = '\0';
}

od_status od__enlist(od_work *work, int64_t campaign_id, const od_contact *contact, od_enlisted *how, od_error *err) {
    char external[OD_LIMIT_CONTACT_ID_BYTES + 1], person[OD_LIMIT_CONTACT_ID_BYTES + 1];
    od_buffer numbers;
    int64_t id = 0;
    od__buffer_init(&numbers, NUMBERS_BYTES);
    od__enlist_numbers(contact, &numbers);
    od__enlist_id(contact->id, external);
    od__enlist_id(contact->person, person);
    const od_enlisting row = { .external = external, .person = contact->person.at != NULL ? person : NULL,
                               .country = contact->country, .zones = contact->zones.at, .data = contact->data.at,
                               .numbers = od__buffer_text(&numbers) };
    od_status status = numbers.failed ? od__error_no_memory(err) : od__enlist_row(work, campaign_id, &row, how, &id, err);
    for (size_t i = 0; i < contact->number_count && status == OD_OK && *how != OD_ENLISTED_UNCHANGED; i++)
        status = od__enlist_number(work, contact->numbers[i].phone.e164, id, err);
    od__buffer_clear(&numbers);
    return status;
}

/* ---- the verb ---- */

typedef struct tally {
    int64_t counts[3];
    od_value *rejected;
} tally;

static od_status reject(tally *counts, size_t index, const od_value *given, const char *why, od_error *err) {
    od_maker maker;
    od__make(&maker, err);
    od__make_integer(&maker, "index", (int64_t)index + 1);
    od__make_text(&maker, "id", od__param_text(given, "id"));
    od__make_text(&maker, "why", why);
    return od__made_into(&maker, counts->rejected);
}

static od_status put_all(od_work *work, int64_t campaign_id, const od_value *list, tally *counts, od_error *err) {
    od_contacts *contacts = NULL;
    od_status status = od__contacts_new(NULL, &contacts, err);
    for (size_t i = 0; i < od_value_length(list) && status == OD_OK; i++) {
        od_contact contact = { 0 };
        od_enlisted how = OD_ENLISTED_ADDED;
        status = od__contacts_given(contacts, od_value_at(list, i), &contact, err);
        if (status != OD_OK)
            break;
        if (contact.reason != NULL) {
            status = reject(counts, i, od_value_at(list, i), contact.reason, err);
            continue;
        }
        status = od__enlist(work, campaign_id, &contact, &how, err);
        counts->counts[how]++;
    }
    od__contacts_free(contacts);
    return status;
}

od_status od__verb_put(od_work *work, const od_value *params, od_value **result, od_error *err) {
    int64_t campaign_id;
    tally counts = { .rejected = od_value_new_array() };
    od_status status = counts.rejected != NULL ? OD_OK : od__error_no_memory(err);
    if (status == OD_OK)
        status = od__param_campaign(work, params, &campaign_id, err);
    if (status == OD_OK)
        status = put_all(work, campaign_id, od_value_get(params, "contacts"), &counts, err);
    if (status != OD_OK) {
        od_value_unref(counts.rejected);
        return status;
    }
    od_maker maker;
    od__make(&maker, err);
    od__make_integer(&maker, "added", counts.counts[OD_ENLISTED_ADDED]);
    od__make_integer(&maker, "updated", counts.counts[OD_ENLISTED_UPDATED]);
    od__make_integer(&maker, "unchanged", counts.counts[OD_ENLISTED_UNCHANGED]);
    od__make_value(&maker, "rejected", counts.rejected);
    return od__made(&maker, result);
}
