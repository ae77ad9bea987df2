#include "store/enlist.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "store/campaign.h"
#include "store/verbs.h"

/* [ [ column, number, country ], ... ] as compact JSON. */
static od_status numbers_json(const od_contact *contact, char **out, od_error *err) {
    od_value *list = od_value_new_array();
    od_status status = list != NULL ? OD_OK : od__error_no_memory(err);
    for (size_t i = 0; i < contact->number_count && status == OD_OK; i++) {
        const od_contact_number *number = &contact->numbers[i];
        od_value *row = od_value_new_array();
        if (row == NULL)
            status = od__error_no_memory(err);
        if (status == OD_OK)
            status = od_value_add(row, od_value_new_string_n(number->column, number->column_length), err);
        if (status == OD_OK)
            status = od_value_add(row, od_value_new_string(number->phone.e164), err);
        if (status == OD_OK)
            status = od_value_add(row, od_value_new_string(number->phone.country), err);
        if (status == OD_OK)
            status = od_value_add(list, row, err);
        else
            od_value_unref(row);
    }
    if (status == OD_OK)
        status = od_value_format(list, out, NULL, err);
    od_value_unref(list);
    return status;
}

static od_status add_numbers(od_work *work, int64_t contact_id, const od_contact *contact, od_error *err) {
    od_status status = OD_OK;
    for (size_t i = 0; i < contact->number_count && status == OD_OK; i++)
        status = od__execute(work->database, err, "INSERT OR IGNORE INTO number(number, contact_id) VALUES(?1, ?2)", "ti",
                             contact->numbers[i].phone.e164, contact_id);
    return status;
}

static od_status add_contact(od_work *work, int64_t campaign_id, const od_contact *contact, const char *numbers,
                             od_error *err) {
    od_status status = od__execute(
        work->database, err,
        "INSERT INTO contact(campaign_id, external, person, numbers, country, zones, data) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        "itttttt", campaign_id, contact->id.at, contact->person.at, numbers, contact->country, contact->zones.at,
        contact->data.at);
    return status == OD_OK ? add_numbers(work, od__database_last_id(work->database), contact, err) : status;
}

/* What was blocked may be callable with what is known now; every other state stays as it is. */
static od_status update_contact(od_work *work, int64_t id, const od_contact *contact, const char *numbers, od_error *err) {
    od_status status = od__execute(work->database, err,
                                   "DELETE FROM number WHERE contact_id = ?1 AND number IN (SELECT value ->> 1 FROM json_each("
                                   "(SELECT numbers FROM contact WHERE id = ?1)))", "i", id);
    if (status == OD_OK)
        status = od__execute(
            work->database, err,
            "UPDATE contact SET person = ?2, numbers = ?3, country = ?4, zones = ?5, data = ?6, version = version + 1,"
            " why = CASE state WHEN 4 THEN NULL ELSE why END, due_ms = CASE state WHEN 4 THEN 0 ELSE due_ms END,"
            " number_next = CASE WHEN number_next > json_array_length(?3) THEN 1 ELSE number_next END,"
            " state = CASE state WHEN 4 THEN 0 ELSE state END WHERE id = ?1",
            "ittttt", id, contact->person.at, numbers, contact->country, contact->zones.at, contact->data.at);
    return status == OD_OK ? add_numbers(work, id, contact, err) : status;
}

od_status od__enlist(od_work *work, int64_t campaign_id, const od_contact *contact, od_enlisted *how, od_error *err) {
    char *numbers = NULL;
    int64_t id = 0;
    bool same = false;
    od_status status = numbers_json(contact, &numbers, err);
    if (status != OD_OK)
        return status;
    od_query query;
    od__query(&query, work->database, err,
              "SELECT id, numbers = ?3 AND data = ?4 AND person IS ?5 AND country IS ?6 AND zones IS ?7 FROM contact"
              " WHERE campaign_id = ?1 AND external = ?2", "itttttt", campaign_id, contact->id.at, numbers, contact->data.at,
              contact->person.at, contact->country, contact->zones.at);
    if (od__query_row(&query)) {
        id = od__query_integer(&query, 0);
        same = od__query_integer(&query, 1) != 0;
    }
    status = od__query_end(&query);
    *how = id == 0 ? OD_ENLISTED_ADDED : same ? OD_ENLISTED_UNCHANGED : OD_ENLISTED_UPDATED;
    if (status == OD_OK && id == 0)
        status = add_contact(work, campaign_id, contact, numbers, err);
    else if (status == OD_OK && !same)
        status = update_contact(work, id, contact, numbers, err);
    od_text_free(numbers);
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
