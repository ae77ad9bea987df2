#include "store/contact.h"

#include <inttypes.h>
#include <string.h>

#include "base/decimal.h"
#include "base/error.h"
#include "base/join.h"
#include "base/memory.h"
#include "crypto/crypto.h"
#include "store/campaign.h"
#include "store/numbers.h"
#include "store/schema.h"
#include "store/tables.h"

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
    if (from[EXTERNAL] == NULL)
        return od__error_no_memory(err); /* every contact has one */
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

/* All but the texts and what the campaign adds. */
static void read_row(const od_query *query, od_contact_row *out) {
    *out = (od_contact_row){
        .id = od__query_integer(query, 0), .campaign_id = od__query_integer(query, 1),
        .version = od__query_integer(query, OD_CONTACT_VERSION), .state = od__query_integer(query, 3),
        .due_ms = od__query_integer(query, 4), .number_next = od__query_integer(query, 5),
        .callback_ms = od__query_integer(query, 6), .callback_within_ms = od__query_integer(query, 7),
        .ordinal = od__query_integer(query, FIRST_TEXT + CAMPAIGN),
    };
}

od_status od__contact_of(od_work *work, const od_query *query, od_contact_row *out, od_error *err) {
    od_campaign_row campaign;
    read_row(query, out);
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

void od__contact_callable(od_query *query, od_work *work, int64_t campaign_id, int64_t after, int64_t to, od_error *err) {
    od__query(query, work->database, err,
              OD_CONTACT_COLUMNS "WHERE c.id > ?1 AND c.id <= ?2 AND +c.campaign_id = ?3 AND c.state IN (0, 1)", "iii", after, to,
              campaign_id);
}

void od__contact_borrow(const od_query *query, od_contact_row *out) {
    read_row(query, out);
    out->external = od__query_text(query, FIRST_TEXT + EXTERNAL);
    out->numbers = od__query_text(query, FIRST_TEXT + NUMBERS);
    out->country = od__query_text(query, FIRST_TEXT + COUNTRY);
    out->zones = od__query_text(query, FIRST_TEXT + ZONES);
    out->shared_person = od__query_text(query, FIRST_TEXT + SHARED);
}

/* ---- tokens ---- */

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
    char text[OD_LIMIT_PERSON_BYTES + 128], numbers[3][OD_DECIMAL_BYTES];
    uint8_t digest[OD_SHA256_BYTES];
    const char *const parts[] = { od__decimal(row->campaign_id, numbers[0]), "|", row->person, "|",
                                  od__decimal(ordinal, numbers[1]), "|", od__decimal(leg, numbers[2]), "|",
                                  work->core->generation, NULL };
    size_t length = od__join(text, sizeof(text), parts);
    if (length >= sizeof(text) || !od__crypto_hmac(work->core->key, text, length, digest))
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
    { .name = "to", .summary = "that number itself, wherever it stands in the list by now", .shape = &od_shape_e164 },
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
        .to = od__param_text(value, "to"),
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

od_decision od__decision_uncalled(const od_value *value, od_decision otherwise) {
    od_decision decision = od__decision_read(value, otherwise);
    decision.keeps_callback = decision.callback_ms == 0 &&
                              (decision.state == OD_CONTACT_ready || decision.state == OD_CONTACT_waiting);
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

/* Of a contact that is done with, and of whom no person wishes anything, little is left to say. */
static od_status be_done(od_work *work, int64_t id, const char *why, bool *written, od_error *err) {
    od_status status = od__execute(work->database, err,
                                   "UPDATE contact SET version = version + 1, state = 5, why = ?2, due_ms = 0, callback_ms = NULL,"
                                   " callback_within_ms = NULL WHERE id = ?1 AND wish IS NULL", "it", id, why);
    *written = status == OD_OK && od__database_changes(work->database) > 0;
    return status;
}

/* Which of the numbers that it has by now is the one that was meant, by itself or else by its place. */
#define NUMBER_NOW                                                                                                       \
    "coalesce((SELECT key + 1 FROM json_each(" OD_SCHEMA_LIST("numbers") ") WHERE value ->> 1 = ?9 LIMIT 1),"            \
    " CASE WHEN ?6 <= json_array_length(" OD_SCHEMA_LIST("numbers") ") THEN ?6 ELSE 1 END)"

od_status od__contact_decide(od_work *work, int64_t id, int64_t guard, const od_decision *decision, od_error *err) {
    bool written = false;
    od_status status = OD_OK;
    if (guard < 0 && decision->state == OD_CONTACT_done && decision->due_ms == 0 && decision->number == 0 &&
        decision->callback_ms == 0)
        status = be_done(work, id, decision->why, &written, err);
    if (status != OD_OK || written)
        return status;
    status = od__execute(
        work->database, err,
        "UPDATE contact SET version = version + 1, wish = NULL,"
        " state = CASE wish WHEN 'done' THEN 5 WHEN 'cancel' THEN 5 WHEN 'hold' THEN 3 ELSE ?3 END,"
        " why = CASE wish WHEN 'done' THEN 'done by a person' WHEN 'cancel' THEN 'canceled by a person'"
        "  WHEN 'hold' THEN 'held by a person' ELSE ?4 END,"
        " due_ms = ?5, number_next = CASE WHEN ?6 > 0 THEN " NUMBER_NOW " ELSE number_next END,"
        " callback_ms = CASE ?10 WHEN 1 THEN callback_ms ELSE nullif(?7, 0) END,"
        " callback_within_ms = CASE ?10 WHEN 1 THEN callback_within_ms ELSE nullif(?8, 0) END"
        " WHERE id = ?1 AND (?2 < 0 OR version = ?2)",
        "iiitiiiiti", id, guard, decision->state, decision->why, decision->due_ms, decision->number, decision->callback_ms,
        decision->callback_within_ms, decision->to, (int64_t)decision->keeps_callback);
    if (status == OD_OK && od__database_changes(work->database) == 0)
        return od__error_set(err, OD_CONFLICT, "the contact was changed meanwhile");
    return status;
}
