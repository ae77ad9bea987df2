/* What a script sees of a contact. It is made as text: most contacts are called without anybody looking at it. What the list
 * said (`data`) may be nested as deep as a text can be, so it is a text of its own, and null in the other. */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "json/value.h"
#include "json/writer.h"
#include "store/contact.h"
#include "store/numbers.h"
#include "store/schema.h"

#define OD_LIMIT_VIEW_BYTES (16u * 1024 * 1024) /* most are its columns' names */

static void put_raw(od_json_writer *to, const char *json) {
    od__json_raw(to, json, strlen(json));
}

/* The key comes as JSON, with what stands before and after it. text NULL: the member is left out. */
static void put_text(od_json_writer *to, const char *key, const char *text) {
    if (text == NULL)
        return;
    put_raw(to, key);
    od__json_string(to, text, strlen(text));
}

static void put_integer(od_json_writer *to, const char *key, int64_t integer) {
    put_raw(to, key);
    od__json_integer(to, integer);
}

/* As [ { column, number, country }, ... ]. The column is kept as JSON. */
static void put_numbers(od_json_writer *to, const char *numbers) {
    od_number_entry entry;
    put_raw(to, ",\"numbers\":[");
    for (const char *key = "{\"column\":"; od__numbers_next(&numbers, &entry); key = ",{\"column\":") {
        put_raw(to, key);
        od__json_raw(to, entry.column, entry.column_length);
        put_text(to, ",\"number\":", entry.number);
        put_text(to, ",\"country\":", entry.country[0] != '\0' ? entry.country : NULL);
        put_raw(to, "}");
    }
    put_raw(to, "]");
}

/* Sets *attempts to how many of all attempts count. */
static od_status put_history(od_json_writer *to, od_work *work, const od_contact_row *row, int64_t *attempts, od_error *err) {
    od_query query;
    od__query(&query, work->database, err,
              "SELECT a.at_ms, a.kind, a.rang, a.number, a.counts, a.ordinal, a.callback, (SELECT client FROM leg WHERE"
              " attempt_id = a.id ORDER BY ordinal DESC LIMIT 1), count(*) FILTER (WHERE a.counts = 1) OVER () FROM attempt a"
              " WHERE (a.contact_id = ?1 OR a.shared_person = ?2) AND a.campaign_id = ?3 ORDER BY a.at_ms DESC, a.id DESC LIMIT ?4",
              "itii", row->id, row->shared_person, row->campaign_id, (int64_t)OD_LIMIT_VIEW_HISTORY);
    for (const char *key = "{\"at_ms\":"; od__query_row(&query); key = ",{\"at_ms\":") {
        put_integer(to, key, od__query_integer(&query, 0));
        put_text(to, ",\"kind\":", od__query_text(&query, 1));
        put_text(to, ",\"rang\":", od__query_text(&query, 2));
        put_text(to, ",\"number\":", od__query_text(&query, 3));
        put_raw(to, od__query_integer(&query, 4) != 0 ? ",\"counts\":true" : ",\"counts\":false");
        put_integer(to, ",\"ordinal\":", od__query_integer(&query, 5));
        put_raw(to, od__query_integer(&query, 6) != 0 ? ",\"callback\":true" : ",\"callback\":false");
        put_text(to, ",\"client\":", od__query_text(&query, 7));
        put_raw(to, "}");
        *attempts = od__query_integer(&query, 8);
    }
    return od__query_end(&query);
}

/* Of all that are over, not only of those that are told: a policy counts them. As [ { number, kind, counts, times }, ... ] */
static od_status put_tally(od_json_writer *to, od_work *work, const od_contact_row *row, od_error *err) {
    od_query query;
    od__query(&query, work->database, err,
              "SELECT number, kind, counts, count(*) FROM attempt WHERE (contact_id = ?1 OR shared_person = ?2)"
              " AND campaign_id = ?3 AND open = 0 GROUP BY number, kind, counts", "iti", row->id, row->shared_person, row->campaign_id);
    for (const char *key = "{\"number\":"; od__query_row(&query); key = ",{\"number\":") {
        put_text(to, key, od__query_text(&query, 0));
        put_text(to, ",\"kind\":", od__query_text(&query, 1));
        put_raw(to, od__query_integer(&query, 2) != 0 ? ",\"counts\":true" : ",\"counts\":false");
        put_integer(to, ",\"times\":", od__query_integer(&query, 3));
        put_raw(to, "}");
    }
    return od__query_end(&query);
}

static void put_callback(od_json_writer *to, const od_contact_row *row) {
    if (row->callback_ms <= 0)
        return;
    put_integer(to, ",\"callback\":{\"at_ms\":", row->callback_ms);
    if (row->callback_within_ms > 0)
        put_integer(to, ",\"within_ms\":", row->callback_within_ms);
    put_raw(to, "}");
}

od_status od__contact_turn(od_work *work, const od_contact_row *row, od_turn *out, od_error *err) {
    od_status status = od__contact_next_ordinal(work, row, &out->ordinal, err);
    return status == OD_OK ? od__contact_token(work, row, out->ordinal, 1, out->token, err) : status;
}

static od_status write_view(od_work *work, const od_contact_row *row, const od_turn *turn, od_buffer *out, od_error *err) {
    od_json_writer to;
    int64_t attempts = 0;
    od_status status = OD_OK;
    od__json_begin(&to, out);
    put_integer(&to, "{\"contact\":", row->id);
    put_integer(&to, ",\"version\":", row->version);
    put_text(&to, ",\"id\":", row->external);
    put_text(&to, ",\"person\":", row->person);
    put_text(&to, ",\"campaign\":", row->campaign);
    put_text(&to, ",\"state\":", od__contact_state_name(row->state));
    put_text(&to, ",\"country\":", row->country);
    put_text(&to, ",\"zones\":", row->zones);
    put_integer(&to, ",\"number\":", row->number_next);
    put_numbers(&to, row->numbers);
    if (row->data != NULL)
        put_raw(&to, ",\"data\":null");
    put_raw(&to, ",\"history\":[");
    if (turn->ordinal > 1)
        status = put_history(&to, work, row, &attempts, err);
    if (turn->ordinal > 1 && status == OD_OK) {
        put_raw(&to, "],\"tally\":[");
        status = put_tally(&to, work, row, err);
    }
    put_integer(&to, "],\"attempts\":", attempts);
    put_integer(&to, ",\"ordinal\":", turn->ordinal);
    put_text(&to, ",\"token\":", turn->token);
    put_callback(&to, row);
    put_raw(&to, "}");
    od__json_end(&to);
    return status == OD_OK && out->failed ? od__error_no_memory(err) : status;
}

static od_status parse_view(od_work *work, const od_contact_row *row, const od_turn *turn, od_value **out, od_error *err) {
    od_buffer text;
    od__buffer_init(&text, OD_LIMIT_VIEW_BYTES);
    od_status status = write_view(work, row, turn, &text, err);
    if (status == OD_OK)
        status = od_value_parse(od__buffer_text(&text), text.length, out, err);
    od__buffer_clear(&text);
    return status;
}

static od_status add_data(od_value *view, const char *json, od_error *err) {
    od_value *data = NULL;
    od_status status = od_value_parse(json, strlen(json), &data, err);
    return status == OD_OK ? od_value_set(view, "data", data, err) : status;
}

#define UNREADABLE_BYTES (OD_ERROR_MESSAGE_BYTES + sizeof("numbers: "))

/* A part that is no JSON is no failure of the view. Returns the status of what else there is. */
static od_status note_unreadable(const char *part, od_error *why, char out[UNREADABLE_BYTES]) {
    snprintf(out, UNREADABLE_BYTES, "%s: %s", part, why->message);
    od__error_clear(why);
    return OD_OK;
}

/* Numbers are read in place, up to where they are none any more: what is wrong there, the parser tells. */
static od_status check_numbers(const char *numbers, char unreadable[UNREADABLE_BYTES], od_error *err) {
    if (od__numbers_whole(numbers))
        return OD_OK;
    od_value *parsed = NULL;
    od_status status = od_value_parse(numbers, strlen(numbers), &parsed, err);
    od_value_unref(parsed);
    if (status == OD_OK)
        snprintf(unreadable, UNREADABLE_BYTES, "numbers: it is no list of numbers");
    return status == OD_PROTOCOL ? note_unreadable("numbers", err, unreadable) : status;
}

static od_status make_view(od_work *work, const od_contact_row *row, od_value **out, od_error *err) {
    od_turn turn;
    od_contact_row shown = *row;
    char unreadable[UNREADABLE_BYTES] = "";
    od_status status = od__contact_turn(work, row, &turn, err);
    if (status == OD_OK)
        status = check_numbers(row->numbers, unreadable, err);
    if (status != OD_OK)
        return status;
    status = parse_view(work, row, &turn, out, err);
    if (status == OD_PROTOCOL) {
        note_unreadable("numbers", err, unreadable);
        shown.numbers = "";
        status = parse_view(work, &shown, &turn, out, err);
    }
    if (status == OD_OK && row->data != NULL) {
        status = add_data(*out, row->data, err);
        if (status == OD_PROTOCOL)
            status = note_unreadable("data", err, unreadable);
    }
    if (status == OD_OK && unreadable[0] != '\0')
        status = od_value_set(*out, "unreadable", od_value_new_string(unreadable), err);
    return status;
}

/* What is no JSON is left out, and said: or that of one contact would keep all calls of a page from being followed. */
od_status od__contact_view(od_work *work, const od_contact_row *row, od_value **out, od_error *err) {
    od_error why = OD_ERROR_INIT;
    *out = NULL;
    od_status status = make_view(work, row, out, &why);
    if (status == OD_OK)
        return OD_OK;
    od_value_unref(*out);
    *out = NULL;
    if (err != NULL && err->code == OD_OK)
        *err = why;
    return status;
}

/* ---- one that was taken ---- */

static od_value *callback_of(const od_contact_row *row, od_error *err) {
    od_maker maker;
    od_value *made = NULL;
    od__make(&maker, err);
    od__make_integer(&maker, "at_ms", row->callback_ms);
    if (row->callback_within_ms > 0)
        od__make_integer(&maker, "within_ms", row->callback_within_ms);
    return od__made(&maker, &made) == OD_OK ? made : NULL;
}

static void make_views(od_maker *taken, od_work *work, const od_contact_row *row, const od_turn *turn) {
    od_buffer view;
    od__buffer_init(&view, OD_LIMIT_VIEW_BYTES);
    od__make_text(taken, "data", row->data);
    if (taken->status == OD_OK)
        od__make_failed(taken, write_view(work, row, turn, &view, taken->err));
    if (taken->status == OD_OK)
        od__make_value(taken, "view", od__value_text(od__buffer_text(&view), view.length));
    od__buffer_clear(&view);
}

od_status od__contact_show_taken(od_work *work, const od_contact_row *row, const od_turn *turn, bool with_views, od_value **out,
                                 od_error *err) {
    od_maker taken;
    od_number_entry entry;
    od__make(&taken, err);
    od__make_integer(&taken, "contact", row->id);
    od__make_integer(&taken, "version", row->version);
    od__make_text(&taken, "id", row->external);
    od__make_integer(&taken, "number", row->number_next);
    if (od__numbers_at(row->numbers, row->number_next, &entry))
        od__make_text(&taken, "to", entry.number);
    if (od__numbers_at(row->numbers, row->number_next + 1, &entry))
        od__make_boolean(&taken, "further", true);
    od__make_text(&taken, "token", turn->token);
    if (row->callback_ms > 0)
        od__make_value(&taken, "callback", callback_of(row, err));
    if (with_views)
        make_views(&taken, work, row, turn);
    return od__made(&taken, out);
}
