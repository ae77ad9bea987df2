/* The intent: one transaction that judges everything again and commits what is about to be sent, before a byte of it may
 * leave (R4, R8, R22). Either a leg stands afterwards with its token and the last moment for its first byte, or a refusal
 * that names the rule, what it saw, and when it may be otherwise. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "import/phone.h"
#include "store/campaign.h"
#include "store/claims.h"
#include "store/enlist.h"
#include "store/journal.h"
#include "store/judged.h"
#include "store/judging.h"
#include "store/leg.h"
#include "store/lists.h"
#include "store/numbers.h"
#include "store/owner.h"
#include "store/pace.h"
#include "store/schema.h"
#include "store/tables.h"
#include "store/verbs.h"

#define FENCE_WAIT_MS od__tunable("OUTDIAL_FENCE_WAIT_MS", 60000) /* until an attempt that is under way is looked at again */

typedef struct intent {
    od_work *work;
    const od_value *params, *call;
    const char *number, *token;
    od_contact_row contact;
    const od_claim *claim;           /* whose contact it is, texts and all; NULL: it was read */
    od_campaign_row campaign;
    od_judgement judgement;
    od_judged judged;
    bool judged_shared, judged_before;
    od_gathered *gathered;
    od_buffer *words;                /* of the judgement */
    char *record_text;               /* of a record that came as a value; NULL: it came as text */
    char country[OD_COUNTRY_BYTES];
    int64_t attempt_id, ordinal, leg_ordinal, leg_id, send_before_ms;
    od_pace pace;
    const char *refused;             /* NULL: not (yet) */
    char saw[OD_RULES_SAW_BYTES];
    bool resource;                   /* the refusal leaves the contact as it is */
} intent;

static void refuse(intent *self, const char *rule, bool resource, const char *saw) {
    self->refused = rule;
    self->resource = resource;
    od__error_clean(self->saw, sizeof(self->saw), saw, strlen(saw));
}

/* ---- is it this worker's to call? ---- */

#define OTHER_TOKEN "this token is not that of the contact's next attempt"

static od_status check_token(const intent *self, od_error *err) {
    char token[OD_STORE_TOKEN_BYTES];
    od_status status = od__contact_token(self->work, &self->contact, self->ordinal, self->leg_ordinal, token, err);
    if (status == OD_OK && strcmp(token, self->token) != 0)
        return od__error_set(err, OD_CONFLICT, OTHER_TOKEN);
    return status;
}

static od_status check_first(intent *self, bool claimed, od_error *err) {
    const od_contact_row *contact = &self->contact;
    if (contact->state != OD_CONTACT_ready && contact->state != OD_CONTACT_waiting)
        return od__error_set(err, OD_CONFLICT, "the contact is %s by now", od__contact_state_name(contact->state));
    if (!claimed)
        return od__error_set(err, OD_CONFLICT, "the contact was not taken, or another worker has it");
    self->leg_ordinal = 1;
    od_status status = od__contact_next_ordinal(self->work, contact, &self->ordinal, err);
    if (status != OD_OK)
        return status;
    if (self->claim == NULL || self->claim->turn.ordinal != self->ordinal)
        return check_token(self, err);
    return strcmp(self->claim->turn.token, self->token) == 0 ? OD_OK : od__error_set(err, OD_CONFLICT, OTHER_TOKEN);
}

/* R8: a further leg only of an attempt all of whose legs are proven not placed, and at a vendor not used in it before. */
static od_status check_further(intent *self, od_error *err) {
    od_query query;
    int64_t contact_id = 0, open = 0, unsettled = 0, same = 0;
    od__query(&query, self->work->database, err,
              "SELECT a.contact_id, a.open, a.ordinal, (SELECT count(*) FROM leg WHERE attempt_id = a.id AND state NOT IN (5, 6)),"
              " (SELECT count(*) FROM leg WHERE attempt_id = a.id AND client = ?2),"
              " (SELECT max(ordinal) + 1 FROM leg WHERE attempt_id = a.id) FROM attempt a WHERE a.id = ?1",
              "it", self->attempt_id, od__param_text(self->params, "client"));
    if (od__query_row(&query)) {
        contact_id = od__query_integer(&query, 0);
        open = od__query_integer(&query, 1);
        self->ordinal = od__query_integer(&query, 2);
        unsettled = od__query_integer(&query, 3);
        same = od__query_integer(&query, 4);
        self->leg_ordinal = od__query_integer(&query, 5);
    }
    od_status status = od__query_end(&query);
    if (status != OD_OK)
        return status;
    if (contact_id != self->contact.id || open == 0)
        return od__error_set(err, OD_CONFLICT, "this attempt is over, or another contact's");
    if (unsettled > 0)
        return od__error_set(err, OD_CONFLICT, "a leg of this attempt is not proven not placed");
    if (self->contact.wish != NULL)
        return od__error_set(err, OD_CONFLICT, "a person has said meanwhile what becomes of the contact");
    if (same > 0)
        return od__error_set(err, OD_CONFLICT, "this attempt has been at %s already",
                             od__param_text(self->params, "client"));
    return check_token(self, err);
}

static od_status check_number(intent *self, od_error *err) {
    int64_t index = od__param_integer(self->params, "number_index", 1);
    od_number_entry entry;
    bool is_its = od__numbers_at(self->contact.numbers, index, &entry) && strcmp(entry.number, self->number) == 0;
    if (!is_its && self->attempt_id != 0) /* whoever keeps an attempt has seen the contact before its first leg */
        return od__error_set(err, OD_CONFLICT, "the contact's numbers were changed meanwhile");
    if (!is_its)
        return od__error_at(err, OD_VALIDATION, "/call/number", "expected number %" PRId64 " of the contact, got another", index);
    memcpy(self->country, entry.country, sizeof(self->country));
    return OD_OK;
}

#define CHANGED "the contact was changed meanwhile"

/* The contact in the version that the caller has seen. What is still in memory of it is not read again: that it has this
 * version is seen when its row is written, and see check_unchanged. */
static od_status find_contact(intent *self, bool *claimed, od_error *err) {
    int64_t id = od__param_integer(self->params, "contact", 0), version = od__param_integer(self->params, "version", 0);
    *claimed = false;
    od_status status = self->attempt_id == 0 ? od__claims_find(self->work, id, version, claimed, &self->claim, err) : OD_OK;
    if (status == OD_OK && self->claim != NULL)
        self->contact = self->claim->contact;
    else if (status == OD_OK)
        status = od__contact_read(self->work, id, &self->contact, err);
    return status == OD_OK && self->contact.version != version ? od__error_set(err, OD_CONFLICT, CHANGED) : status;
}

static od_status check_mine(intent *self, od_error *err) {
    bool claimed;
    od_status status = find_contact(self, &claimed, err);
    if (status == OD_OK)
        status = self->attempt_id != 0 ? check_further(self, err) : check_first(self, claimed, err);
    if (status == OD_OK)
        status = check_number(self, err);
    return status;
}

/* ---- may it be called? ---- */

static od_status check_campaign(intent *self, od_error *err) {
    const char *held = NULL;
    od_status status = od__campaign_read(self->work, self->contact.campaign_id, &self->campaign, err);
    if (status == OD_OK && self->campaign.running && self->campaign.has_list) {
        status = od__lists_refresh(self->work, self->campaign.id, &held, err);
        if (status == OD_OK && held != NULL)
            status = od__campaign_read(self->work, self->contact.campaign_id, &self->campaign, err);
    }
    if (status != OD_OK || self->campaign.running)
        return status;
    const char *rule = held != NULL                                 ? held
                       : strcmp(self->campaign.state, "held") == 0 ? "campaign_held"
                                                                     : self->campaign.state;
    refuse(self, rule, true, self->campaign.why);
    return OD_OK;
}

/* JSON, put together as text. */
static od_status put_in_words(intent *self, od_zones *zones, od_error *err) {
    od__buffer_addf(self->words, "{\"revision\":%" PRId64, self->campaign.revision);
    if (self->judged.list_read_ms > 0)
        od__buffer_addf(self->words, ",\"list_read_ms\":%" PRId64, self->judged.list_read_ms);
    od__buffer_add_text(self->words, ",\"rules\":");
    od_status status = od__rules_judge(self->campaign.ruleset, zones, &self->gathered->facts, self->work->wall_ms,
                                       &self->judgement, self->words, err);
    od__buffer_add_byte(self->words, '}');
    return status == OD_OK && self->words->failed ? od__error_no_memory(err) : status;
}

/* What was judged already is not judged again. */
static od_status ask_rules(intent *self, od_zones *zones, od_error *err) {
    int64_t read_ms = 0;
    od_status status = self->campaign.has_list ? od__list_read_ms(self->work, self->campaign.id, &read_ms, err) : OD_OK;
    if (status != OD_OK)
        return status;
    self->judged_shared = od__judged_begin(&self->campaign, read_ms, &self->gathered->facts, &self->judged);
    if (self->judged_shared)
        status = od__judged_find(self->work, &self->judged, &self->judged_before, err);
    if (status != OD_OK)
        return status;
    if (self->judged_before)
        self->judgement = self->judged.judgement;
    return self->judged_before ? OD_OK : put_in_words(self, zones, err);
}

static od_status judge(intent *self, od_error *err) {
    const od_value *params = self->params;
    char why[OD_PHONE_REASON_BYTES];
    if (!od__phone_is_dialable(self->number, why)) {
        refuse(self, "number", false, why);
        return OD_OK;
    }
    if (od__param_is(self->call, "hands_off_unbounded") &&
        !od__ruleset_hands_off_outside_hours(self->campaign.ruleset)) {
        refuse(self, "hand_off", false, "this vendor would ring at its own time: hand_off_outside_hours is not set");
        return OD_OK;
    }
    od_zones *zones;
    od_subject_row row = od__subject_of(&self->contact, &self->campaign, self->number, self->country);
    row.attempt_id = self->attempt_id;
    row.is_callback = od__param_is(params, "callback") && self->contact.callback_ms > 0;
    row.ring_timeout_ms = od__param_integer(params, "ring_timeout_ms", 0);
    od_status status = od__rulebook_zones(self->work, &zones, err);
    if (status == OD_OK)
        status = od__gather(self->work, self->campaign.ruleset, &row, self->gathered, err);
    if (status == OD_OK)
        status = ask_rules(self, zones, err);
    if (status != OD_OK || self->judgement.allowed)
        return status;
    refuse(self, self->judgement.rule, false, self->judgement.saw);
    if (self->judgement.next_ms > 0)
        return od__rules_next(self->campaign.ruleset, zones, &self->gathered->facts, self->judgement.next_ms,
                              self->work->wall_ms + OD_JUDGING_HORIZON_MS, &self->judgement.next_ms, err);
    return OD_OK;
}

/* R4: the lease, the window, and the time that the request itself takes. */
static void check_time(intent *self) {
    int64_t timeout_ms = od__param_integer(self->params, "timeout_ms", 15000);
    int64_t lease_ms = self->work->core->owner->lease_boot_ms - timeout_ms - OD_LEASE_MARGIN_MS;
    int64_t window_ms = self->work->now_ms + (self->judgement.until_ms - self->work->wall_ms);
    self->send_before_ms = lease_ms < window_ms && !od__mutant("no_lease_check") ? lease_ms : window_ms;
    if (self->send_before_ms <= self->pace.send_at_ms)
        refuse(self, "lease", true, "too little is left of the lease, or of the hours");
}

static od_status check_pace(intent *self, od_error *err) {
    od_status status = od__pace_check(self->work, &self->campaign, self->params, &self->pace, err);
    if (status == OD_OK && self->pace.refused == NULL)
        status = od__pace_book(self->work, od_value_get(self->call, "rate"), &self->pace, err);
    if (status == OD_OK && self->pace.refused != NULL)
        refuse(self, self->pace.refused, true, self->pace.saw);
    return status;
}

/* ---- what is written ---- */

static bool is_object(const od_value *value) {
    return value != NULL && od_value_type(value) == OD_TYPE_OBJECT;
}

static bool has_members(const od_value *record) {
    return is_object(od_value_get(record, "request")) && is_object(od_value_get(record, "call"));
}

/* The record is stored as it is, and read by whoever follows the leg: once it is here it must be whole. */
static od_status check_record(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    od_error own = OD_ERROR_INIT;
    od_value *parsed = NULL;
    size_t length = od_value_length(value);
    bool is_text = od_value_type(value) == OD_TYPE_STRING;
    if (is_text && length <= OD_LIMIT_RECORD_BYTES)
        (void)od_value_parse(od_value_string(value), length, &parsed, &own);
    bool whole = has_members(is_text ? parsed : value);
    od_value_unref(parsed);
    if (own.code == OD_OUT_OF_MEMORY)
        return od__error_no_memory(err);
    return whole ? OD_OK : od__check_fail(&od_check_record, value, path, err);
}

const od_check od_check_record = { .name = "JSON text { request, call }, up to 16 MiB", .fn = check_record };

/* A further leg may be to another number: that one is fenced now, since no other was rung. Earlier legs say whose they were. */
static od_status move_attempt(const intent *self, int64_t common, od_error *err) {
    od_status status = od__execute(self->work->database, err,
                                   "UPDATE leg SET number = a.number FROM attempt a WHERE a.id = ?1 AND leg.attempt_id = a.id AND"
                                   " a.number <> ?2 AND leg.number IS NULL", "it", self->attempt_id, self->number);
    if (status == OD_OK)
        status = od__execute(self->work->database, err,
                             "UPDATE attempt SET number = ?2, common = ?3 WHERE id = ?1 AND number <> ?2", "iti",
                             self->attempt_id, self->number, common);
    /* Of legs that may have rung none becomes an earlier one: the database refuses the new leg then. */
    return status == OD_OK ? od__execute(self->work->database, err,
                                         "UPDATE leg SET earlier = id WHERE attempt_id = ?1 AND earlier = 0 AND state IN (5, 6)",
                                         "i", self->attempt_id)
                           : status;
}

/* The contact's latest attempt until now, unless that is open: the database refuses the new one then. */
static od_status pass_latest(const intent *self, od_error *err) {
    return self->contact.ordinal == 0
               ? OD_OK
               : od__execute(self->work->database, err,
                             "UPDATE attempt SET earlier = id WHERE contact_id = ?1 AND earlier = 0 AND open = 0", "i",
                             self->contact.id);
}

/* By its number an attempt is found through the contact that has it alone, else by being marked as of several. */
static od_status write_attempt(intent *self, od_error *err) {
    od_work *work = self->work;
    const od_gathered *known = self->gathered;
    bool alone = !known->number_common && known->number_contact_id == self->contact.id;
    int64_t common = !alone && known->number_contact_id != 0;
    od_status status = alone ? OD_OK : od__enlist_number(work, self->number, self->contact.id, err);
    if (status != OD_OK)
        return status;
    if (self->attempt_id != 0)
        return move_attempt(self, common, err);
    work->attempts = OD_ROWS_SOME;
    status = pass_latest(self, err);
    if (status != OD_OK)
        return status;
    status = od__execute(
        work->database, err,
        "INSERT INTO attempt(campaign_id, contact_id, shared_person, subject, ordinal, number, common, open, counts, at_ms,"
        " callback) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, 1, ?8, ?9)",
        "iittitiii", self->campaign.id, self->contact.id, self->contact.shared_person,
        self->campaign.subject[0] != '\0' ? self->campaign.subject : NULL, self->ordinal,
        self->number, common, work->wall_ms, (int64_t)known->facts.is_callback);
    self->attempt_id = od__database_last_id(work->database);
    return status;
}

static void mean(const intent *self) {
    const char *client = od__param_text(self->params, "client"), *account = od__param_text(self->call, "account");
    od_leg_row leg = { .id = self->leg_id, .attempt_id = self->attempt_id, .campaign_id = self->campaign.id,
                       .contact_id = self->contact.id, .ordinal = self->leg_ordinal, .state = OD_LEG_intent,
                       .owner_id = self->work->core->owner->id, .at_ms = self->work->wall_ms };
    if (strlen(client) >= sizeof(leg.client) || strlen(account) >= sizeof(leg.account))
        return;
    memcpy(leg.client, client, strlen(client) + 1);
    memcpy(leg.account, account, strlen(account) + 1);
    od__leg_mean(self->work, &leg);
}

/* Sets *text to the record as it is stored. */
static od_status read_record(intent *self, const char **text, od_error *err) {
    const od_value *record = od_value_get(self->call, "record");
    size_t length = 0;
    *text = od_value_string(record);
    if (*text != NULL)
        return OD_OK;
    od_status status = od_value_format(record, &self->record_text, &length, err);
    *text = self->record_text;
    return status == OD_OK && length > OD_LIMIT_RECORD_BYTES ? od__check_fail(&od_check_record, record, "/call/record", err) : status;
}

static od_status write_leg(intent *self, od_error *err) {
    od_work *work = self->work;
    const od_value *params = self->params;
    const char *record;
    od_status status = read_record(self, &record, err);
    if (status != OD_OK)
        return status;
    status = od__execute(
        work->database, err,
        "INSERT INTO leg(attempt_id, campaign_id, contact_id, ordinal, client, vendor, account, seat, token, state, open,"
        " owner_id, request, at_ms, until_ms, judgement_id) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 1, ?10,"
        " CASE ?15 WHEN 1 THEN json_set(?11, '$.hands_off', json('true')) ELSE ?11 END, ?12, ?13, ?14)",
        "iiiitttttitiiii", self->attempt_id, self->campaign.id, self->contact.id, self->leg_ordinal,
        od__param_text(params, "client"), od__param_text(params, "vendor"), od__param_text(self->call, "account"),
        od__param_text(params, "seat"), self->token, work->core->owner->id,
        record, work->wall_ms, self->judgement.until_ms, self->judged.id, (int64_t)od__param_is(self->call, "hands_off"));
    self->leg_id = od__database_last_id(work->database);
    if (status == OD_OK)
        od__pace_entered(work, self->campaign.id, od__param_text(self->call, "account"), od__param_text(params, "client"));
    if (status == OD_OK)
        mean(self);
    return status;
}

/* R25 */
static od_status write_judgement(intent *self, od_error *err) {
    self->judged.judgement = self->judgement;
    return self->judged_before ? OD_OK
                               : od__judged_write(self->work, &self->judged, self->judged_shared, od__buffer_text(self->words), err);
}

static od_status write_contact(intent *self, od_error *err) {
    od_status status = od__execute(self->work->database, err,
                                   "UPDATE contact SET state = 2, why = NULL, version = version + 1, ordinal = ?3"
                                   " WHERE id = ?1 AND version = ?2", "iii",
                                   self->contact.id, self->contact.version, self->ordinal);
    if (status == OD_OK && od__database_changes(self->work->database) == 0)
        return od__error_set(err, OD_CONFLICT, CHANGED);
    return status;
}

static od_status write_intent(intent *self, od_error *err) {
    od_status status = write_contact(self, err);
    if (status == OD_OK)
        status = write_attempt(self, err);
    if (status == OD_OK)
        status = write_judgement(self, err);
    return status == OD_OK ? write_leg(self, err) : status;
}

/* Whether the attempt that stands in the way is in doubt: it may stay so until a person settles it. */
static od_status fenced_by_doubt(const intent *self, bool *out, od_error *err) {
    od_query query;
    *out = false;
    od__query(&query, self->work->database, err,
              "SELECT 1 FROM leg WHERE " OD_SCHEMA_SENT " AND state = 1 AND attempt_id IN (SELECT id FROM attempt WHERE contact_id = ?1"
              " AND open = 1 UNION ALL SELECT id FROM attempt WHERE shared_person = ?2 AND open = 1"
              " UNION ALL SELECT id FROM attempt WHERE contact_id IN (SELECT id FROM contact WHERE person = ?2) AND open = 1"
              " UNION ALL SELECT id FROM attempt WHERE number = ?3 AND open = 1) LIMIT 1", "itt",
              self->contact.id, self->contact.shared_person, self->number);
    if (od__query_row(&query))
        *out = true;
    return od__query_end(&query);
}

/* What becomes of the contact that was refused; behind_doubt: it waits for no time, but is looked at again by the next run
 * (see the verb campaign). */
static od_decision decide(const intent *self, bool behind_doubt) {
    const od_judgement *judgement = &self->judgement;
    od_decision decision = { .state = OD_CONTACT_waiting, .due_ms = judgement->next_ms, .why = self->refused,
                             .callback_ms = self->contact.callback_ms,
                             .callback_within_ms = self->contact.callback_within_ms };
    if (strcmp(self->refused, "number") == 0 || strcmp(self->refused, "hand_off") == 0) {
        decision.state = OD_CONTACT_blocked;
        decision.due_ms = 0;
        return decision;
    }
    switch (judgement->refusal) {
    case OD_REFUSAL_do_not_call: decision.state = OD_CONTACT_suppressed; break;
    case OD_REFUSAL_person_open:
    case OD_REFUSAL_number_open:
        decision.state = behind_doubt ? OD_CONTACT_held : OD_CONTACT_waiting;
        decision.due_ms = behind_doubt ? 0 : self->work->wall_ms + FENCE_WAIT_MS;
        break;
    case OD_REFUSAL_caps:
    case OD_REFUSAL_gap: decision.state = decision.due_ms > 0 ? OD_CONTACT_waiting : OD_CONTACT_exhausted; break;
    default: decision.state = decision.due_ms > 0 ? OD_CONTACT_waiting : OD_CONTACT_blocked; break;
    }
    return decision;
}

static od_status write_refusal(intent *self, od_decision *decision, od_error *err) {
    od_work *work = self->work;
    bool fenced = self->judgement.refusal == OD_REFUSAL_person_open || self->judgement.refusal == OD_REFUSAL_number_open;
    bool behind_doubt = false;
    od_status status = fenced ? fenced_by_doubt(self, &behind_doubt, err) : OD_OK;
    if (status == OD_OK && self->attempt_id != 0) {
        const od_leg_row attempt = { .attempt_id = self->attempt_id };
        status = od__attempt_end(work, &attempt, false, NULL, NULL, NULL, work->wall_ms, err);
    }
    *decision = decide(self, behind_doubt);
    if (status == OD_OK)
        status = od__contact_decide(work, self->contact.id, self->contact.version, decision, err);
    if (status != OD_OK)
        return status;
    return od__journal_execute(work, err,
                       "INSERT INTO journal(at_ms, campaign_id, contact_id, event, data) VALUES(?1, ?2, ?3, 'refused',"
                       " json_object('rule', ?4, 'saw', ?5, 'number', ?6, 'next_ms', nullif(?7, 0)))",
                       "iiittti", work->wall_ms, self->campaign.id, self->contact.id, self->refused, self->saw,
                       self->number, decision->due_ms);
}

/* ---- the verb ---- */

/* A refusal that leaves the contact as it is, is one of the contact as it is. */
static od_status check_unchanged(const intent *self, od_error *err) {
    od_decided now;
    od_status status = self->claim != NULL ? od__contact_decided(self->work, self->contact.id, &now, err) : OD_OK;
    if (status == OD_OK && self->claim != NULL && now.version != self->contact.version)
        return od__error_set(err, OD_CONFLICT, CHANGED);
    return status;
}

static od_status result_of(const intent *self, const od_decision *decision, od_value **result, od_error *err) {
    od_maker maker;
    od__make(&maker, err);
    if (self->refused == NULL) {
        od__make_integer(&maker, "leg", self->leg_id);
        od__make_integer(&maker, "attempt", self->attempt_id);
        od__make_integer(&maker, "send_at_ms", self->pace.send_at_ms);
        od__make_integer(&maker, "send_before_ms", self->send_before_ms);
        od__make_integer(&maker, "until_ms", self->judgement.until_ms);
        od__make_integer(&maker, "version", self->contact.version + 1);
        return od__made(&maker, result);
    }
    od__make_text(&maker, "refused", self->refused);
    od__make_text(&maker, "saw", self->saw);
    od__make_boolean(&maker, "resource", self->resource);
    if (self->resource) {
        if (self->pace.wait_ms > 0)
            od__make_integer(&maker, "wait_ms", self->pace.wait_ms);
        od__make_integer(&maker, "version", self->contact.version);
    } else {
        od__make_text(&maker, "name", self->judgement.name);
        od__make_text(&maker, "state", od__contact_state_name(decision->state));
        if (decision->due_ms > 0)
            od__make_integer(&maker, "next_ms", decision->due_ms);
        od__make_integer(&maker, "version", self->contact.version + 1);
    }
    return od__made(&maker, result);
}

static od_status intend(intent *self, od_value **result, od_error *err) {
    od_decision decision = { 0 };
    od_status status = check_mine(self, err);
    if (status == OD_OK)
        status = check_campaign(self, err);
    if (status == OD_OK && self->refused == NULL)
        status = judge(self, err);
    if (status == OD_OK && self->refused == NULL)
        status = check_pace(self, err);
    if (status == OD_OK && self->refused == NULL)
        check_time(self);
    if (status == OD_OK && self->refused == NULL)
        status = write_intent(self, err);
    else if (status == OD_OK && self->resource)
        status = check_unchanged(self, err);
    else if (status == OD_OK)
        status = write_refusal(self, &decision, err);
    return status == OD_OK ? result_of(self, &decision, result, err) : status;
}

od_status od__verb_intend(od_work *work, const od_value *params, od_value **result, od_error *err) {
    const od_value *call = od_value_get(params, "call");
    intent self = { .work = work, .params = params, .call = call, .number = od__param_text(call, "number"),
                    .token = od__param_text(params, "token"), .attempt_id = od__param_integer(params, "attempt", 0) };
    od_status status = od__gathered(work, &self.gathered, &self.words, err);
    if (status == OD_OK)
        status = intend(&self, result, err);
    if (status == OD_OK && !self.resource)
        od__claims_end(work, self.contact.id);
    if (self.claim == NULL)
        od__contact_clear(&self.contact);
    od_text_free(self.record_text);
    return status;
}

od_status od__verb_slot(od_work *work, const od_value *params, od_value **result, od_error *err) {
    od_leg_row leg;
    od_pace pace = { 0 };
    od_status status = od__leg_read(work, od__param_integer(params, "leg", 0), &leg, err);
    if (status == OD_OK && (leg.owner_id != work->core->owner->id || leg.state != OD_LEG_intent))
        status = od__error_set(err, OD_CONFLICT, "the leg is not under way here");
    if (status == OD_OK)
        status = od__pace_book(work, params, &pace, err); /* params are a rate, too */
    if (status != OD_OK)
        return status;
    od_maker maker;
    od__make(&maker, err);
    if (pace.refused == NULL) {
        od__make_integer(&maker, "send_at_ms", pace.send_at_ms);
    } else {
        od__make_text(&maker, "refused", pace.refused);
        od__make_integer(&maker, "wait_ms", pace.wait_ms);
    }
    return od__made(&maker, result);
}
