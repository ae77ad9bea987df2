/* Do-not-call entries that people add, lift and read (R16). Entries only grow: one that was lifted stays in the table, and
 * only a person brings it back or takes it away. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "import/phone.h"
#include "store/journal.h"
#include "store/lists.h"
#include "store/verbs.h"

/* Errors: validation, at path. */
static od_status normalise(const od_value *params, const char *number, const char *path, od_phone *out, od_error *err) {
    char why[OD_PHONE_REASON_BYTES];
    if (od__phone_normalise(number, strlen(number), od__param_text(params, "country"), out, why))
        return OD_OK;
    return od__error_at(err, OD_VALIDATION, path, "%s", why);
}

static od_status check_country(const od_value *params, od_error *err) {
    const char *country = od__param_text(params, "country");
    if (country == NULL || od__phone_country(country, strlen(country)) != NULL)
        return OD_OK;
    return od__error_at(err, OD_VALIDATION, "/country", "expected two letters of ISO 3166, such as \"US\", got \"%.40s\"",
                        country);
}

/* ---- one entry ---- */

typedef enum listing { NOT_LISTED, LISTED, LIFTED } listing;

static od_status look(od_work *work, const char *number, listing *out, od_error *err) {
    od_query query;
    *out = NOT_LISTED;
    od__query(&query, work->database, err, "SELECT lifted_ms IS NULL FROM listed WHERE number = ?1", "t", number);
    if (od__query_row(&query))
        *out = od__query_integer(&query, 0) != 0 ? LISTED : LIFTED;
    return od__query_end(&query);
}

static od_status add(od_work *work, const od_value *params, const char *number, od_error *err) {
    const char *source = od__param_text(params, "source");
    work->listed = OD_ROWS_SOME;
    return od__execute(work->database, err,
                       "INSERT INTO listed(number, source, since_ms, by_whom, because) VALUES(?1, ?2, ?3, ?4, ?5)"
                       " ON CONFLICT(number) DO UPDATE SET source = excluded.source, since_ms = excluded.since_ms,"
                       " by_whom = excluded.by_whom, because = excluded.because, lifted_ms = NULL, lifted_by = NULL,"
                       " lifted_because = NULL",
                       "ttitt", number, source != NULL ? source : "a person", work->wall_ms, od__param_text(params, "by"),
                       od__param_text(params, "because"));
}

/* ---- dnc_add ---- */

typedef struct adding {
    int64_t counts[3];               /* by what the number was before */
    od_value *numbers;               /* those that are newly listed, for the journal */
} adding;

static od_status add_entry(od_work *work, const od_value *params, size_t index, adding *self, od_error *err) {
    const od_value *entry = od_value_at(od_value_get(params, "entries"), index);
    char path[64];
    od_phone phone;
    listing before;
    snprintf(path, sizeof(path), "/entries/%zu/number", index);
    od_status status = normalise(params, od__param_text(entry, "number"), path, &phone, err);
    if (status == OD_OK)
        status = look(work, phone.e164, &before, err);
    if (status != OD_OK)
        return status;
    self->counts[before]++;
    if (before == LISTED)
        return OD_OK;
    status = add(work, params, phone.e164, err);
    return status == OD_OK ? od_value_add(self->numbers, od_value_new_string(phone.e164), err) : status;
}

static od_status journal_added(od_work *work, const od_value *params, adding *self, od_error *err) {
    od_maker maker;
    od_value *data = NULL;
    char *text = NULL;
    od__make(&maker, err);
    od__make_value(&maker, "numbers", od_value_ref(self->numbers));
    od__make_text(&maker, "source", od__param_text(params, "source"));
    od__make_text(&maker, "because", od__param_text(params, "because"));
    od_status status = od__made(&maker, &data);
    if (status == OD_OK)
        status = od_value_format(data, &text, NULL, err);
    if (status == OD_OK)
        status = od__journal(work, &(od_entry){ .event = "do_not_call_added", .by = od__param_text(params, "by"), .data = text },
                             err);
    od_text_free(text);
    od_value_unref(data);
    return status;
}

od_status od__verb_dnc_add(od_work *work, const od_value *params, od_value **result, od_error *err) {
    adding self = { .numbers = od_value_new_array() };
    od_status status = self.numbers != NULL ? check_country(params, err) : od__error_no_memory(err);
    for (size_t i = 0; i < od_value_length(od_value_get(params, "entries")) && status == OD_OK; i++)
        status = add_entry(work, params, i, &self, err);
    if (status == OD_OK && od_value_length(self.numbers) > 0)
        status = journal_added(work, params, &self, err);
    od_value_unref(self.numbers);
    od_maker maker;
    od__make(&maker, err);
    od__make_failed(&maker, status);
    od__make_integer(&maker, "added", self.counts[NOT_LISTED]);
    od__make_integer(&maker, "listed_again", self.counts[LIFTED]);
    od__make_integer(&maker, "listed_already", self.counts[LISTED]);
    return od__made(&maker, result);
}

/* ---- dnc_lift ---- */

static od_status lift(od_work *work, const od_value *params, const char *number, od_error *err) {
    const char *by = od__param_text(params, "by"), *because = od__param_text(params, "because");
    od_status status = od__execute(work->database, err,
                                   "UPDATE listed SET lifted_ms = ?2, lifted_by = ?3, lifted_because = ?4 WHERE number = ?1",
                                   "titt", number, work->wall_ms, by, because);
    if (status != OD_OK)
        return status;
    return od__journal_execute(work, err,
                       "INSERT INTO journal(at_ms, event, by_whom, data) SELECT ?2, 'do_not_call_lifted', ?3,"
                       " json_object('number', number, 'because', ?4, 'source', source, 'since_ms', since_ms) FROM listed"
                       " WHERE number = ?1", "titt", number, work->wall_ms, by, because);
}

od_status od__verb_dnc_lift(od_work *work, const od_value *params, od_value **result, od_error *err) {
    od_phone phone;
    listing before = NOT_LISTED;
    od_status status = check_country(params, err);
    if (status == OD_OK)
        status = normalise(params, od__param_text(params, "number"), "/number", &phone, err);
    if (status == OD_OK)
        status = look(work, phone.e164, &before, err);
    if (status == OD_OK && before != LISTED)
        status = od__error_set(err, OD_NOT_FOUND, before == LIFTED ? "%s was lifted already" : "%s is not listed", phone.e164);
    if (status == OD_OK)
        status = lift(work, params, phone.e164, err);
    od_maker maker;
    od__make(&maker, err);
    od__make_failed(&maker, status);
    if (status == OD_OK)
        od__make_text(&maker, "number", phone.e164);
    return od__made(&maker, result);
}

/* ---- dnc_list ---- */

od_status od__verb_dnc_list(od_work *work, const od_value *params, od_value **result, od_error *err) {
    const char *after = od__param_text(params, "after");
    int64_t limit = od__param_integer(params, "limit", OD_LIMIT_TAKE), count = 0;
    char last[OD_E164_BYTES] = "";
    od_value *list = od_value_new_array();
    od_query query;
    od_status status = list != NULL ? OD_OK : od__error_no_memory(err);
    od__query(&query, work->database, err,
              "SELECT number, source, since_ms, by_whom, because, lifted_ms, lifted_by, lifted_because FROM listed"
              " WHERE number > ?1 ORDER BY number LIMIT ?2", "ti", after != NULL ? after : "", limit);
    while (status == OD_OK && od__query_row(&query)) {
        od_maker maker;
        od__make(&maker, err);
        od__make_column(&maker, "number", &query, 0);
        od__make_column(&maker, "source", &query, 1);
        od__make_integer_column(&maker, "since_ms", &query, 2);
        od__make_column(&maker, "by", &query, 3);
        od__make_column(&maker, "because", &query, 4);
        od__make_integer_column(&maker, "lifted_ms", &query, 5);
        od__make_column(&maker, "lifted_by", &query, 6);
        od__make_column(&maker, "lifted_because", &query, 7);
        snprintf(last, sizeof(last), "%s", od__query_text(&query, 0));
        count++;
        status = od__made_into(&maker, list);
    }
    od_status ended = od__query_end(&query);
    od_maker maker;
    od__make(&maker, err);
    od__make_failed(&maker, status == OD_OK ? ended : status);
    od__make_value(&maker, "entries", list);
    if (count == limit)
        od__make_text(&maker, "after", last);
    return od__made(&maker, result);
}

/* ---- dnc_import ---- */

/* The file's parameters are the verb's own here. */
static od_status as_own_parameter(od_status status, od_error *err) {
    static const char prefix[] = "/do_not_call";
    if (status != OD_OK && err != NULL && strncmp(err->path, prefix, sizeof(prefix) - 1) == 0)
        memmove(err->path, err->path + sizeof(prefix) - 1, strlen(err->path) - (sizeof(prefix) - 1) + 1);
    return status;
}

od_status od__verb_dnc_import(od_work *work, const od_value *params, od_value **result, od_error *err) {
    const char *path = od__param_text(params, "path");
    int64_t before = 0;
    od_query query;
    od__query(&query, work->database, err, "SELECT count(*) FROM listed", "");
    if (od__query_row(&query))
        before = od__query_integer(&query, 0);
    od_status status = od__query_end(&query);
    if (status == OD_OK)
        status = as_own_parameter(od__list_load(work, params, err), err);
    if (status == OD_OK)
        status = od__journal(work, &(od_entry){ .event = "do_not_call_imported", .by = od__param_text(params, "by"),
                                                .text = path }, err);
    od_maker maker;
    od__make(&maker, err);
    od__make_failed(&maker, status);
    if (maker.status != OD_OK)
        return od__made(&maker, result);
    od__query(&query, work->database, err,
              "SELECT entries, skipped, (SELECT count(*) FROM listed) - ?2 FROM list WHERE path = ?1", "ti", path, before);
    if (od__query_row(&query)) {
        od__make_integer(&maker, "entries", od__query_integer(&query, 0));
        od__make_integer(&maker, "skipped", od__query_integer(&query, 1));
        od__make_integer(&maker, "added", od__query_integer(&query, 2));
    }
    od__make_failed(&maker, od__query_end(&query));
    return od__made(&maker, result);
}
