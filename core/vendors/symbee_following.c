/* Following a Symbee record: was it put into the campaign, and what did an agent make of it (R14). */
#include "vendors/symbee.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "json/value.h"

#define FIRST_WAIT_MS 5000      /* an agent needs longer; doubled up to */
#define LONGEST_WAIT_MS 60000
#define LOOKS_WITHOUT 2         /* so often the record is looked for before it counts as gone (R5) */
#define AT_WORK_MS 1800000      /* so long an agent may have a record and not have said what came of it */
#define WORK_CODES 1000
#define CODE_BYTES 512          /* of "group/code" */

/* ---- what work codes mean ---- */

static const char *const kinds[] = {
#define KIND_NAME(name) #name,
    OD_OUTCOMES(KIND_NAME)
#undef KIND_NAME
    NULL
};
static const od_shape kind_shape = { .kind = OD_KIND_STRING, .choices = kinds };
static const od_shape code_shape = { .kind = OD_KIND_STRING, .min = 1, .max = CODE_BYTES / 4 };
const od_shape od__symbee_work_codes = { .kind = OD_KIND_MAP, .max = WORK_CODES, .key = &code_shape, .element = &kind_shape };

/* What the user says of a code proves no ring that was not (R23): only the vendor's own words could. */
static od_rang rang_of(od_outcome_kind kind) {
    switch (kind) {
    case OD_OUTCOME_answered:
    case OD_OUTCOME_machine:
    case OD_OUTCOME_fax:
    case OD_OUTCOME_no_answer:
    case OD_OUTCOME_declined:
    case OD_OUTCOME_abandoned:
        return OD_RANG_YES;
    default:
        return OD_RANG_UNKNOWN;
    }
}

static const od_value *meaning_of(const od_value *map, const od_value *code) {
    const char *group = od_value_string(od_value_get(code, "key")), *name = od_value_string(od_value_get(code, "value"));
    char both[CODE_BYTES];
    if (!name)
        return NULL;
    int length = group ? snprintf(both, sizeof both, "%s/%s", group, name) : -1;
    const od_value *meaning = length >= 0 && (size_t)length < sizeof both ? od_value_get(map, both) : NULL;
    return meaning ? meaning : od_value_get(map, name);
}

/* The first code that has a row. */
static od_outcome_kind kind_of(const od_value *options, const od_value *codes) {
    const od_value *map = od_value_get(options, "work_codes");
    for (size_t i = 0; map && i < od_value_length(codes); i++) {
        const char *meaning = od_value_string(meaning_of(map, od_value_at(codes, i)));
        for (int kind = 0; meaning && kinds[kind]; kind++)
            if (strcmp(kinds[kind], meaning) == 0)
                return (od_outcome_kind)kind;
    }
    return OD_OUTCOME_unclassified;
}

/* ---- asking ---- */

/* The person, as the call names it: the result of a placement has it as id, a call that was meant has it elsewhere. */
static const char *client_id_of(const od_value *call) {
    const od_value *places[] = {
        od_value_get(call, "id"), od_value_find(call, "/fields/clientId"), od_value_get(call, "contact"),
        od_value_get(call, "to"),
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (od_value_string(places[i]) && od_value_length(places[i]) > 0)
            return od_value_string(places[i]);
    return NULL;
}

/* The campaign that answered, or was meant; else the client's own. */
static const char *campaign_of(const od_value *call) {
    const char *name = od_value_string(od_value_find(call, "/response/campaignName"));
    return name ? name : od_value_string(od_value_find(call, "/fields/campaignName"));
}

static od_status ask(const od_followed *about, const od_value *memory, const od_operation **operation,
                     od_value **params, od_error *err) {
    (void)memory;
    const char *client_id = client_id_of(about->call);
    if (!client_id)
        return od__error_at(err, OD_VALIDATION, "/id", "expected the record's clientId, got nothing");
    if (!od_value_string(od_value_get(about->call, "token")))
        return od__error_at(err, OD_VALIDATION, "/token", "expected the token that the record carries, got nothing");
    od_status status = od__vendor_operation(about->vendor, "search_preview_campaign", operation, err);
    if (status != OD_OK)
        return status;
    od_value *made = od_value_new_object();
    status = made ? od__vendor_set_text(made, "clientId", client_id, err) : od__error_no_memory(err);
    if (status == OD_OK)
        status = od__vendor_set_text(made, "campaignName", campaign_of(about->call), err);
    if (status == OD_OK)
        status = od__vendor_set_text(made, "region", od_value_string(od_value_find(about->call, "/fields/region")), err);
    return od__vendor_place_end(status, made, params);
}

/* ---- learning ---- */

/* The record of this very attempt. Another attempt has written over it where the token is another one. */
static const od_value *record_of(const od_value *call, const od_value *result) {
    const od_value *records = od_value_get(result, "previewRecordClientData");
    const char *token = od_value_string(od_value_get(call, "token"));
    for (size_t i = 0; i < od_value_length(records); i++) {
        const od_value *found = od_value_at(records, i);
        const char *mark = od_value_string(od__symbee_data_get(od_value_get(found, "previewRecordData"),
                                                               OD_SYMBEE_ATTEMPT_KEY));
        if (mark && token && strcmp(mark, token) == 0)
            return found;
    }
    return NULL;
}

static od_status add_copy(od_value *to, const char *key, const od_value *from, od_error *err) {
    const od_value *member = od_value_get(from, key);
    return member ? od_value_set(to, key, od__value_copy(member), err) : OD_OK;
}

/* The vendor's own words: state, attempts and codes. */
static od_status add_raw(od_report *report, const od_value *found, od_error *err) {
    static const char *const told[] = {
        "workedState", "workAttempts", "workCodes", "lastAttemptAgent", "nextEarliestWorkTime"
    };
    od_value *raw = od_value_new_object();
    od_status status = raw ? OD_OK : od__error_no_memory(err);
    for (size_t i = 0; status == OD_OK && i < sizeof told / sizeof told[0]; i++)
        status = add_copy(raw, told[i], found, err);
    return od__vendor_place_end(status, raw, &report->raw);
}

/* Attempts are counted per record: those before this call are none of its. How many they were the call tells, or the record
 * itself. */
static int64_t attempts_before(const od_value *call, const od_value *found) {
    const od_value *told = od_value_get(call, "work_attempts");
    const char *kept = od_value_string(od__symbee_data_get(od_value_get(found, "previewRecordData"), OD_SYMBEE_BEFORE_KEY));
    return told ? od_value_integer(told) : kept ? strtoll(kept, NULL, 10) : 0;
}

static bool was_worked(const od_value *call, const od_value *found) {
    return od_value_integer(od_value_get(found, "workAttempts")) > attempts_before(call, found);
}

static bool is_final(const od_value *found) {
    const char *state = od_value_string(od_value_get(found, "workedState"));
    return state && (strcmp(state, "REMOVED") == 0 || strcmp(state, "COMPLETED") == 0);
}

/* Of a record that was there before, the data is written first and the state set afterwards (R14): where that state is a
 * final one and nobody worked on it since, only the first of the two happened. Nobody will be called because of it. */
static bool is_half_placed(const od_value *call, const od_value *found) {
    bool was_there = od__symbee_data_get(od_value_get(found, "previewRecordData"), OD_SYMBEE_BEFORE_KEY) != NULL;
    return was_there && is_final(found) && !was_worked(call, found);
}

/* A record counts as worked from its delivery on: the call may still be under way, and an agent who says nothing of it at
 * the end leaves no other sign. */
static bool is_at_work(const od_value *found, int64_t now_ms) {
    int64_t since_ms;
    return od_value_length(od_value_get(found, "workCodes")) == 0 &&
           od__symbee_time(od_value_get(found, "lastAttemptTime"), &since_ms) && now_ms - since_ms < AT_WORK_MS;
}

/* Whether the agents' work of this attempt is over. */
static od_status judge(const od_followed *about, const od_value *found, od_report *report, od_error *err) {
    const char *state = od_value_string(od_value_get(found, "workedState"));
    bool worked = was_worked(about->call, found);
    bool removed = state && strcmp(state, "REMOVED") == 0, completed = state && strcmp(state, "COMPLETED") == 0;
    if (!removed && !completed && (!worked || is_at_work(found, about->now_ms)))
        return OD_OK;
    report->done = true;
    report->lives_on = !removed && !completed; /* it is delivered again at its next earliest time */
    if (worked) {
        report->kind = kind_of(about->options, od_value_get(found, "workCodes"));
        report->rang = rang_of(report->kind);
    } else {
        /* Taken back before any agent had it: attempts count deliveries. Completed without one says nothing of that. */
        report->kind = OD_OUTCOME_canceled;
        report->rang = removed ? OD_RANG_NO : OD_RANG_UNKNOWN;
    }
    const od_value *when = od_value_get(found, worked ? "lastAttemptTime" : "lastUpdatedTime");
    if (!od__symbee_time(when, &report->at_ms))
        report->at_ms = 0;
    return add_raw(report, found, err);
}

/* memory: { looks (how many there were), without (the last ones of them that found no such record) } */
static int64_t remembered(const od_value *memory, const char *key) {
    return od_value_integer(od_value_get(memory, key));
}

static od_status remember(od_value **memory, int64_t without, od_error *err) {
    int64_t looks = remembered(*memory, "looks") + 1;
    od_value *made = od_value_new_object();
    od_status status = made ? od_value_set(made, "looks", od_value_new_integer(looks), err) : od__error_no_memory(err);
    if (status == OD_OK)
        status = od_value_set(made, "without", od_value_new_integer(without), err);
    if (status == OD_OK) {
        od_value_unref(*memory);
        *memory = made;
    } else {
        od_value_unref(made);
    }
    return status;
}

static int64_t next_wait_ms(const od_value *memory) {
    int64_t wait = FIRST_WAIT_MS;
    for (int64_t looks = remembered(memory, "looks"); looks > 1 && wait < LONGEST_WAIT_MS; looks--)
        wait *= 2;
    return wait < LONGEST_WAIT_MS ? wait : LONGEST_WAIT_MS;
}

/* Deleted, moved to another campaign, or taken over by a later attempt: what became of this one cannot be known any more.
 * A search may lag behind what was just written, so one look is not enough. */
static od_status say_gone(const od_value *memory, const char *why, od_report *report, od_error *err) {
    if (remembered(memory, "without") < LOOKS_WITHOUT) {
        report->again_ms = next_wait_ms(memory);
        return OD_OK;
    }
    report->done = true;
    report->kind = OD_OUTCOME_unreported;
    report->rang = OD_RANG_UNKNOWN;
    report->raw = od_value_new_string(why);
    return report->raw ? OD_OK : od__error_no_memory(err);
}

static od_status learn_outcome(const od_followed *about, const od_reply *reply, od_value **memory, od_report *report,
                               od_error *err) {
    const od_error *failure = reply->failure;
    bool unknown = failure && failure->code == OD_NOT_FOUND;
    const od_value *found = failure ? NULL : record_of(about->call, reply->result);
    /* A search may lag behind what was just written, so that one look proves no end of that kind. */
    bool half_placed = found && is_half_placed(about->call, found);
    bool without = unknown || (!failure && !found) || half_placed;
    od_status status = remember(memory, without ? remembered(*memory, "without") + 1 : 0, err);
    if (status != OD_OK)
        return status;
    if (failure && !unknown)
        return od__following_failed(failure, next_wait_ms(*memory), report, err);
    if (!found)
        return say_gone(*memory, unknown ? "NORECORDFOUND" : "the record carries another attempt", report, err);
    report->again_ms = next_wait_ms(*memory);
    if (half_placed && remembered(*memory, "without") < LOOKS_WITHOUT)
        return OD_OK;
    return judge(about, found, report, err);
}

static od_status learn(const od_followed *about, const od_reply *reply, od_value **memory, od_report *report,
                       od_error *err) {
    const od_value *call = about->call;
    const od_error *failure = reply->failure;
    if (about->purpose == OD_PURPOSE_TRACK)
        return learn_outcome(about, reply, memory, report, err);
    if (failure && failure->code != OD_NOT_FOUND)
        return od__finding_failed(failure, err);
    report->done = true;
    const od_value *found = failure ? NULL : record_of(call, reply->result);
    return found && !is_half_placed(call, found) ? od__vendor_found_id(about, client_id_of(call), "handed_off", report, err)
                                               : OD_OK;
}

const od_following od__symbee_following = { .ask = ask, .learn = learn };

/* ---- taking a record back: is it still this attempt's, remove it, and see whether an agent was faster ---- */

#define PROOFS 3              /* a search may lag behind what was just written */
#define PROOF_WAIT_MS 2000

static bool is_step(const od_value *memory, const char *step) {
    const char *text = od_value_string(od_value_get(memory, "step"));
    return text && strcmp(text, step) == 0;
}

static od_status ask_withdraw(const od_followed *about, const od_value *memory, const od_operation **operation,
                              od_value **params, od_error *err) {
    od_value *made = NULL;
    od_status status = ask(about, memory, operation, &made, err);
    if (status == OD_OK && is_step(memory, "remove")) {
        status = od__vendor_operation(about->vendor, "change_campaign_record_status", operation, err);
        if (status == OD_OK)
            status = od__vendor_set_text(made, "previewRecordStateEnum", "REMOVED", err);
    }
    return od__vendor_place_end(status, made, params);
}

/* Its outcome is known: that an agent had it is no news, only whether one may have it again. */
static bool has_ended(const od_value *call) {
    return od_value_boolean(od_value_get(call, "ended"));
}

/* Whether the record as it is settles the matter. A state that was final before this call may be told for a while after it
 * was set back, so that only what is seen after the removal proves it. */
static bool settles(const od_value *call, const od_value *found, bool proving, int64_t now_ms, od_report *report) {
    const char *state = od_value_string(od_value_get(found, "workedState"));
    bool worked = was_worked(call, found), removed = state && strcmp(state, "REMOVED") == 0;
    bool completed = state && strcmp(state, "COMPLETED") == 0;
    if (has_ended(call) && worked && (removed || completed))
        report->done = report->withdrawn = true;
    else if (proving && removed && !worked)
        report->done = report->withdrawn = true;
    else if (proving && removed)
        od__vendor_not_withdrawn(report, true, "the record is removed, and an agent had it before");
    else if (worked && completed)
        od__vendor_not_withdrawn(report, true, "the record is COMPLETED");
    else if (worked && !removed && is_at_work(found, now_ms))
        od__vendor_not_withdrawn(report, true, "an agent has the record");
    return report->done;
}

/* Not removed yet, or not to be seen. */
static od_status look_again(const od_value *found, od_value **memory, od_report *report, od_error *err) {
    int64_t looks = od_value_integer(od_value_get(*memory, "looks")) + 1;
    const char *state = od_value_string(od_value_get(found, "workedState"));
    report->again_ms = PROOF_WAIT_MS;
    if (looks >= PROOFS)
        od__vendor_not_withdrawn(report, false, "the record was removed, and is %s", state ? state : "not to be found");
    return od__vendor_remember_step(memory, "prove", looks, err);
}

static od_status learn_withdraw(const od_followed *about, const od_reply *reply, od_value **memory, od_report *report,
                                od_error *err) {
    const od_error *failure = reply->failure;
    if (failure && failure->code != OD_NOT_FOUND)
        return od__finding_failed(failure, err);
    bool proving = is_step(*memory, "prove");
    if (is_step(*memory, "remove") && !failure)
        return od__vendor_remember_step(memory, "prove", 0, err);
    const od_value *found = failure ? NULL : record_of(about->call, reply->result);
    if (found && settles(about->call, found, proving, about->now_ms, report))
        return OD_OK;
    if (proving)
        return look_again(found, memory, report, err);
    if (found)
        return od__vendor_remember_step(memory, "remove", 0, err);
    if (has_ended(about->call)) { /* nothing of this call is left to be delivered again */
        report->done = report->withdrawn = true;
        return OD_OK;
    }
    od__vendor_not_withdrawn(report, false, failure ? "there is no such record" : "the record carries another attempt");
    report->none = true;
    return OD_OK;
}

const od_following od__symbee_withdrawing = { .ask = ask_withdraw, .learn = learn_withdraw };
