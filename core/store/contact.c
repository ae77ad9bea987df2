#include "store/contact.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "crypto/crypto.h"
#include "store/campaign.h"
#include "store/numbers.h"
#include "store/schema.h"

/* ---- reading ---- */

#define FIRST_TEXT 8

enum { EXTERNAL, NUMBERS, COUNTRY, ZONES, DATA, WISH, SHARED, CAMPAIGN, TEXTS };

/* All texts of a contact in one piece, its person's key at the end. Who is not shared is known by campaign and id; who is,
 * by the name that all campaigns give. */
static od_status copy_texts(const od_query *query, const char *campaign, od_contact_row *out, od_error *err) {
    const char **const to[TEXTS] = { &out->external, &out->numbers, &out->country,       &out->zones,
                                     &out->data,     &out->wish,    &out->shared_person, &out->campaign };
    const char *from[TEXTS];
    size_t lengths[TEXTS], bytes = 0;
    for (int i = 0; i < TEXTS; i++) {
        from[i] = i == CAMPAIGN ? campaign : od__query_text(query, FIRST_TEXT + i);
        lengths[i] = from[i] != NULL ? strlen(from[i]) : 0;
        bytes += lengths[i] + 1;
    }
    const char *const key[] = { from[SHARED] != NULL ? "person:" : "campaign/", from[SHARED] != NULL ? from[SHARED] : campaign,
                                from[SHARED] != NULL ? "" : ":", from[SHARED] != NULL ? "" : from[EXTERNAL] };
    for (int i = 0; i < 4; i++)
        bytes += strlen(key[i]);
    char *at = out->texts = od__alloc(bytes + 1);
    if (at == NULL)
        return od__error_no_memory(err);
    for (int i = 0; i < TEXTS; i++) {
        if (from[i] == NULL)
            continue;
        *to[i] = memcpy(at, from[i], lengths[i] + 1);
        at += lengths[i] + 1;
    }
    out->person = at;
    for (int i = 0; i < 4; i++) {
        size_t length = strlen(key[i]);
        memcpy(at, key[i], length);
        at += length;
    }
    *at = '\0';
    return OD_OK;
}

od_status od__contact_of(od_work *work, const od_query *query, od_contact_row *out, od_error *err) {
    od_campaign_row campaign;
    *out = (od_contact_row){
        .id = od__query_integer(query, 0), .campaign_id = od__query_integer(query, 1),
        .version = od__query_integer(query, OD_CONTACT_VERSION), .state = od__query_integer(query, 3),
        .due_ms = od__query_integer(query, 4), .number_next = od__query_integer(query, 5),
        .callback_ms = od__query_integer(query, 6), .callback_within_ms = od__query_integer(query, 7),
        .ordinal = od__query_integer(query, FIRST_TEXT + CAMPAIGN),
    };
    od_status status = od__campaign_read(work, out->campaign_id, &campaign, err);
    return status == OD_OK ? copy_texts(query, campaign.name, out, err) : status;
}

od_status od__contact_read(od_work *work, int64_t id, od_contact_row *out, od_error *err) {
    od_query query;
    *out = (od_contact_row){ 0 };
    od__query(&query, work->database, err, OD_CONTACT_COLUMNS "WHERE c.id = ?1", "i", id);
    bool found = od__query_row(&query);
    od_status status = found ? od__contact_of(work, &query, out, err) : OD_OK;
    od_status ended = od__query_end(&query);
    if (status == OD_OK && ended == OD_OK && found)
        return OD_OK;
    od__contact_clear(out);
    if (status != OD_OK || ended != OD_OK)
        return status != OD_OK ? status : ended;
    return od__error_set(err, OD_NOT_FOUND, "there is no such contact");
}

od_status od__contact_find(od_work *work, const char *campaign, const char *external, od_contact_row *out, od_error *err) {
    *out = (od_contact_row){ 0 };
    od_query query;
    int64_t count = 0, id = 0;
    /* Campaigns first: each is one search in the index of its contacts' ids. */
    od__query(&query, work->database, err,
              "SELECT count(*), max(c.id) FROM campaign k CROSS JOIN contact c ON c.campaign_id = k.id"
              " WHERE c.external = ?1 AND (?2 IS NULL OR k.name = ?2)", "tt", external, campaign);
    if (od__query_row(&query)) {
        count = od__query_integer(&query, 0);
        id = od__query_integer(&query, 1);
    }
    od_status status = od__query_end(&query);
    if (status != OD_OK)
        return status;
    if (count > 1)
        return od__error_set(err, OD_VALIDATION, "contact \"%s\" is in %" PRId64 " campaigns: say which", external, count);
    if (count == 0)
        return od__error_set(err, OD_NOT_FOUND, "there is no contact \"%s\"%s%s", external,
                             campaign != NULL ? " in campaign " : "", campaign != NULL ? campaign : "");
    return od__contact_read(work, id, out, err);
}

void od__contact_clear(od_contact_row *row) {
    od__free(row->texts);
    *row = (od_contact_row){ 0 };
}

/* ---- tokens ---- */

#define PERSON_BYTES 1200 /* of its key: a campaign and an id, each at its longest */

static void base32(const uint8_t *bytes, char out[OD_STORE_TOKEN_BYTES]) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    for (size_t i = 0; i < OD_STORE_TOKEN_BYTES - 1; i++) {
        size_t bit = i * 5, byte = bit / 8, shift = bit % 8;
        unsigned pair = ((unsigned)bytes[byte] << 8) | bytes[byte + 1];
        out[i] = letters[(pair >> (11 - shift)) & 31];
    }
    out[OD_STORE_TOKEN_BYTES - 1] = '\0';
}

od_status od__contact_token(const od_work *work, const od_contact_row *row, int64_t ordinal, int64_t leg,
                            char out[OD_STORE_TOKEN_BYTES], od_error *err) {
    char text[PERSON_BYTES + 128];
    uint8_t digest[OD_SHA256_BYTES];
    int length = snprintf(text, sizeof(text), "%" PRId64 "|%s|%" PRId64 "|%" PRId64 "|%s", row->campaign_id, row->person,
                          ordinal, leg, work->core->generation);
    if (length < 0 || (size_t)length >= sizeof(text) ||
        !od__crypto_hmac(work->core->key, text, (size_t)length, digest))
        return od__error_set(err, OD_INTERNAL, "no token can be made");
    base32(digest, out);
    return OD_OK;
}

od_status od__contact_next_ordinal(od_work *work, const od_contact_row *row, int64_t *out, od_error *err) {
    od_query query;
    *out = row->ordinal + 1;
    if (row->shared_person == NULL)
        return OD_OK;
    od__query(&query, work->database, err,
              "SELECT max(ordinal) + 1 FROM attempt WHERE shared_person = ?1 AND campaign_id = ?2 HAVING max(ordinal) >= ?3",
              "tii", row->shared_person, row->campaign_id, *out);
    if (od__query_row(&query))
        *out = od__query_integer(&query, 0);
    return od__query_end(&query);
}

/* ---- the view ---- */

/* The column's name as a value: few have what JSON escapes. */
static od_value *view_column(const od_number_entry *entry, od_error *err) {
    od_value *value = NULL;
    if (memchr(entry->column, '\\', entry->column_length) == NULL)
        return od_value_new_string_n(entry->column + 1, entry->column_length - 2);
    return od_value_parse(entry->column, entry->column_length, &value, err) == OD_OK ? value : NULL;
}

/* As [ { column, number, country }, ... ]. */
static od_value *view_numbers(const char *numbers, od_error *err) {
    od_value *out = od_value_new_array();
    od_status status = out != NULL ? OD_OK : od__error_no_memory(err);
    od_number_entry entry;
    while (status == OD_OK && od__numbers_next(&numbers, &entry)) {
        od_maker maker;
        od__make(&maker, err);
        od__make_value(&maker, "column", view_column(&entry, err));
        od__make_text(&maker, "number", entry.number);
        od__make_text(&maker, "country", entry.country[0] != '\0' ? entry.country : NULL);
        status = od__made_into(&maker, out);
    }
    if (status == OD_OK)
        return out;
    od_value_unref(out);
    return NULL;
}

static od_status view_history(od_work *work, const od_contact_row *row, od_maker *view, int64_t *attempts, od_error *err) {
    od_value *list = od_value_new_array();
    if (list == NULL)
        return od__error_no_memory(err);
    od_query query;
    od_status status = OD_OK;
    *attempts = 0;
    od__query(&query, work->database, err,
              "SELECT a.at_ms, a.kind, a.rang, a.number, a.counts, a.ordinal, a.callback, (SELECT client FROM leg WHERE"
              " attempt_id = a.id ORDER BY ordinal DESC LIMIT 1), count(*) FILTER (WHERE a.counts = 1) OVER () FROM attempt a"
              " WHERE (a.contact_id = ?1 OR a.shared_person = ?2) AND a.campaign_id = ?3 ORDER BY a.at_ms DESC, a.id DESC LIMIT ?4",
              "itii", row->id, row->shared_person, row->campaign_id, (int64_t)OD_LIMIT_VIEW_HISTORY);
    while (status == OD_OK && od__query_row(&query)) {
        od_maker maker;
        od__make(&maker, err);
        od__make_integer(&maker, "at_ms", od__query_integer(&query, 0));
        od__make_column(&maker, "kind", &query, 1);
        od__make_column(&maker, "rang", &query, 2);
        od__make_column(&maker, "number", &query, 3);
        od__make_boolean(&maker, "counts", od__query_integer(&query, 4) != 0);
        od__make_integer(&maker, "ordinal", od__query_integer(&query, 5));
        od__make_boolean(&maker, "callback", od__query_integer(&query, 6) != 0);
        od__make_column(&maker, "client", &query, 7);
        *attempts = od__query_integer(&query, 8);
        status = od__made_into(&maker, list);
    }
    od_status ended = od__query_end(&query);
    if (status == OD_OK)
        status = ended;
    if (status == OD_OK)
        od__make_value(view, "history", list);
    else
        od_value_unref(list);
    return status;
}

od_status od__contact_view(od_work *work, const od_contact_row *row, od_value **out, od_error *err) {
    od_maker view;
    char token[OD_STORE_TOKEN_BYTES];
    int64_t ordinal = 1, attempts = 0;
    od__make(&view, err);
    od__make_failed(&view, od__contact_next_ordinal(work, row, &ordinal, err));
    od__make_failed(&view, od__contact_token(work, row, ordinal, 1, token, err));
    od__make_integer(&view, "contact", row->id);
    od__make_integer(&view, "version", row->version);
    od__make_text(&view, "id", row->external);
    od__make_text(&view, "person", row->person);
    od__make_text(&view, "campaign", row->campaign);
    od__make_text(&view, "state", od__contact_state_name(row->state));
    od__make_text(&view, "country", row->country);
    od__make_text(&view, "zones", row->zones);
    od__make_integer(&view, "number", row->number_next);
    if (view.status == OD_OK)
        od__make_value(&view, "numbers", view_numbers(row->numbers, err));
    od__make_json(&view, "data", row->data);
    if (view.status == OD_OK && ordinal > 1)
        od__make_failed(&view, view_history(work, row, &view, &attempts, err));
    else
        od__make_value(&view, "history", od_value_new_array());
    od__make_integer(&view, "attempts", attempts);
    od__make_integer(&view, "ordinal", ordinal);
    od__make_text(&view, "token", token);
    if (row->callback_ms > 0) {
        od_maker callback;
        od__make(&callback, err);
        od__make_integer(&callback, "at_ms", row->callback_ms);
        if (row->callback_within_ms > 0)
            od__make_integer(&callback, "within_ms", row->callback_within_ms);
        od_value *made = NULL;
        od__make_failed(&view, od__made(&callback, &made));
        if (made != NULL)
            od__make_value(&view, "callback", made);
    }
    return od__made(&view, out);
}

/* ---- decisions ---- */

static const char *const decided_states[] = {
    "ready", "waiting", "held", "blocked", "done", "exhausted", "suppressed", NULL
};
static const od_shape decided_state = { .kind = OD_KIND_STRING, .choices = decided_states };
static const od_shape why_text = { .kind = OD_KIND_STRING, .max = 500 };
static const od_shape unix_ms = { .kind = OD_KIND_INTEGER, .min = 0, .max = INT64_C(253402300799000),
                                  .expected = "Unix milliseconds" };
static const od_shape number_index = { .kind = OD_KIND_INTEGER, .min = 1, .max = 100 };
static const od_field callback_fields[] = {
    { .name = "at_ms", .summary = "when", .shape = &unix_ms, .required = true },
    { .name = "within_ms", .summary = "how much later still counts as then", .shape = &unix_ms },
    { .name = "number", .summary = "which number", .shape = &number_index },
    OD_FIELDS_END
};
static const od_shape callback_shape = { .kind = OD_KIND_STRUCT, .fields = callback_fields };
static const od_field decision_fields[] = {
    { .name = "state", .summary = "what the contact becomes", .shape = &decided_state, .required = true },
    { .name = "due_ms", .summary = "when it is due again", .shape = &unix_ms },
    { .name = "why", .summary = "in words", .shape = &why_text },
    { .name = "number", .summary = "which of its numbers is next", .shape = &number_index },
    { .name = "callback", .summary = "the contact asked to be called then", .shape = &callback_shape },
    OD_FIELDS_END
};
const od_shape od_shape_decision = { .kind = OD_KIND_STRUCT, .fields = decision_fields };

od_decision od__decision_read(const od_value *value, od_decision otherwise) {
    if (value == NULL)
        return otherwise;
    const od_value *callback = od_value_get(value, "callback");
    od_decision decision = {
        .state = od__contact_state(od__param_text(value, "state")), .due_ms = od__param_integer(value, "due_ms", 0),
        .why = od__param_text(value, "why"), .number = od__param_integer(value, "number", 0),
    };
    if (callback != NULL) {
        decision.callback_ms = od__param_integer(callback, "at_ms", 0);
        decision.callback_within_ms = od__param_integer(callback, "within_ms", 0);
        decision.number = od__param_integer(callback, "number", decision.number);
        decision.state = OD_CONTACT_waiting;
        decision.due_ms = decision.callback_ms;
    }
    return decision;
}

od_status od__contact_decided(od_work *work, int64_t id, od_decided *out, od_error *err) {
    od_query query;
    bool found = false;
    od__query(&query, work->database, err, "SELECT state, version FROM contact WHERE id = ?1", "i", id);
    if (od__query_row(&query)) {
        found = true;
        *out = (od_decided){ .state = od__query_integer(&query, 0), .version = od__query_integer(&query, 1) };
    }
    od_status status = od__query_end(&query);
    if (status == OD_OK && !found)
        return od__error_set(err, OD_CONFLICT, "the contact is not there any more");
    return status;
}

od_status od__contact_decide(od_work *work, int64_t id, int64_t guard, const od_decision *decision, od_error *err) {
    od_status status = od__execute(
        work->database, err,
        "UPDATE contact SET version = version + 1, wish = NULL,"
        " state = CASE wish WHEN 'done' THEN 5 WHEN 'cancel' THEN 5 WHEN 'hold' THEN 3 ELSE ?3 END,"
        " why = CASE wish WHEN 'done' THEN 'done by a person' WHEN 'cancel' THEN 'canceled by a person'"
        "  WHEN 'hold' THEN 'held by a person' ELSE ?4 END,"
        " due_ms = ?5, number_next = CASE WHEN ?6 > 0 THEN ?6 ELSE number_next END,"
        " callback_ms = nullif(?7, 0), callback_within_ms = nullif(?8, 0)"
        " WHERE id = ?1 AND (?2 < 0 OR version = ?2)",
        "iiitiiii", id, guard, decision->state, decision->why, decision->due_ms, decision->number, decision->callback_ms,
        decision->callback_within_ms);
    if (status == OD_OK && od__database_changes(work->database) == 0)
        return od__error_set(err, OD_CONFLICT, "the contact was changed meanwhile");
    return status;
}
