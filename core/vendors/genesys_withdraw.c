/* Genesys: taking back a record that was added, by its handle. AddRecord's answer and acknowledgement do not tell that, so
 * the call has it from elsewhere (record_handle), or an event had it beside the record's chain. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "vendors/genesys.h"

#define ACKNOWLEDGED_WITHIN_MS 30000
#define REFERENCE_BYTES 544       /* of a token and the suffix */

/* ---- small readings ---- */

static bool contains(const od_value *value, const char *part) {
    const char *text = od_value_string(value);
    return text && strstr(text, part);
}

static const od_value *handle_of(const od_value *call, const od_value *memory) {
    const od_value *given = od_value_get(call, "record_handle");
    return given ? given : od_value_get(memory, "handle");
}

static const od_value *chain_of(const od_value *call, const od_value *memory) {
    const od_value *given = od_value_get(call, "chain_id");
    return given ? given : od_value_get(memory, "chain");
}

static void write_reference(const od_value *call, char out[REFERENCE_BYTES]) {
    const char *token = od_value_string(od_value_get(call, "token"));
    snprintf(out, REFERENCE_BYTES, "%s.withdraw", token ? token : "");
}

/* ---- asking ---- */

/* memory: { chain, handle, asked, accepted } */
static od_status check(const od_value *options, const od_value *call, const od_value *memory, od_error *err) {
    bool record = strcmp(od__vendor_option(options, "place_call_with", "dial"), "add_record") == 0;
    if (!record || od_value_string(od_value_get(call, "id")))
        return od__error_set(err, OD_VALIDATION, "a call that was dialled cannot be taken back, only hung up");
    if (!od_value_string(od_value_get(call, "token")))
        return od__error_at(err, OD_VALIDATION, "/token", "expected the reference of the record, got nothing");
    if (!handle_of(call, memory))
        return od__error_at(err, OD_VALIDATION, "/record_handle",
                            "expected the record's GSW_RECORD_HANDLE, which no event has told, got nothing");
    return OD_OK;
}

/* An integer in the path; events have it as text, too. */
static od_status set_handle(od_value *made, const od_value *handle, od_error *err) {
    char scratch[OD_GENESYS_SCALAR_BYTES];
    const char *text = od__genesys_plain(handle, scratch);
    char *end = NULL;
    long long number = text ? strtoll(text, &end, 10) : -1;
    if (!text || end == text || *end || number < 0)
        return od__error_at(err, OD_VALIDATION, "/record_handle", "expected an integer of 0 or more");
    return od_value_set(made, "recordHandle", od_value_new_integer(number), err);
}

static od_status ask(const od_followed *about, const od_value *memory, const od_operation **operation,
                     od_value **params, od_error *err) {
    if (od_value_get(memory, "accepted"))
        return OD_OK;
    od_status status = check(about->options, about->call, memory, err);
    if (status == OD_OK)
        status = od__vendor_operation(about->vendor, "cancel_record", operation, err);
    if (status != OD_OK)
        return status;
    char reference[REFERENCE_BYTES];
    write_reference(about->call, reference);
    od_value *made = od_value_new_object();
    status = made ? set_handle(made, handle_of(about->call, memory), err) : od__error_no_memory(err);
    if (status == OD_OK)
        status = od__vendor_set_text(made, "referenceId", reference, err);
    return od__vendor_place_end(status, made, params);
}

/* The answer says only that it was passed on: the acknowledgement is an event. */
static od_status learn(const od_followed *about, const od_reply *reply, od_value **memory, od_report *report,
                       od_error *err) {
    (void)about;
    if (reply->failure)
        return od__finding_failed(reply->failure, err);
    report->again_ms = ACKNOWLEDGED_WITHIN_MS;
    if (reply->operation && reply->result)
        return od__genesys_remember(memory, "accepted", od_value_new_boolean(true), err);
    od__vendor_not_withdrawn(report, false, "the cancellation was accepted, and not acknowledged within %d s",
                             ACKNOWLEDGED_WITHIN_MS / 1000);
    return OD_OK;
}

/* ---- events ---- */

/* An acknowledgement counts whenever it came; a refusal that came before ours was accepted is an earlier one's. */
static void hear_answer(const od_value *call, const od_value *memory, const od_value *data, od_report *report) {
    char reference[REFERENCE_BYTES];
    write_reference(call, reference);
    const char *theirs = od_value_string(od_value_get(data, "referenceId"));
    const od_value *type = od_value_get(data, "notificationType");
    if (!theirs || strcmp(theirs, reference) != 0)
        return;
    const char *message = od_value_string(od_value_get(data, "errorMessage"));
    if (contains(type, "Error") && od_value_get(memory, "accepted"))
        od__vendor_not_withdrawn(report, false, "%s", message ? message : od_value_string(type));
    else if (contains(type, "RecordCancel"))
        report->done = report->withdrawn = true;
}

/* The chain is told right after the acknowledgement of the record, and is ours by the number. */
static od_status hear_server(const od_value *call, const od_value *told, od_value **memory, od_error *err) {
    const od_value *chain = od_value_get(told, "GSW_CHAIN_ID"), *handle = od_value_get(told, "GSW_RECORD_HANDLE");
    bool added = contains(od_value_get(told, "GSW_USER_EVENT"), "AddRecordAcknowledge");
    od_status status = OD_OK;
    if (added && chain && od_value_get(*memory, "acknowledged") && !chain_of(call, *memory) &&
        od__genesys_same(od_value_get(told, "GSW_PHONE"), od_value_get(call, "to")))
        status = od__genesys_remember(memory, "chain", od_value_ref(chain), err);
    if (status == OD_OK && handle && od__genesys_same(chain, chain_of(call, *memory)))
        status = od__genesys_remember(memory, "handle", od_value_ref(handle), err);
    return status;
}

/* Once a call of the record is seen, there is nothing to take back. */
static void hear_call(const od_value *call, const od_value *memory, const od_value *live, od_report *report) {
    const od_value *told = od_value_get(live, "userData");
    if (od__genesys_same(od_value_get(told, OD_GENESYS_ATTEMPT_KEY), od_value_get(call, "token")) ||
        od__genesys_same(od_value_get(told, "GSW_CHAIN_ID"), chain_of(call, memory)))
        od__vendor_not_withdrawn(report, true, "the record has been dialled");
}

static od_status hear(const od_followed *about, const char *channel, const od_value *data, od_value **memory,
                      od_report *report, od_error *err) {
    const od_value *call = about->call;
    if (strcmp(channel, OD_GENESYS_CALLS) == 0)
        hear_call(call, *memory, od_value_get(data, "call"), report);
    else if (strcmp(channel, OD_GENESYS_INTERNAL) == 0)
        return hear_server(call, od_value_get(data, "userData"), memory, err);
    else if (strcmp(channel, OD_GENESYS_OUTBOUND) != 0)
        return OD_OK;
    else if (od__genesys_same(od_value_get(data, "referenceId"), od_value_get(call, "token")) &&
             contains(od_value_get(data, "notificationType"), "AddRecordAcknowledge"))
        return od__genesys_remember(memory, "acknowledged", od_value_new_boolean(true), err);
    else
        hear_answer(call, *memory, data, report);
    return OD_OK;
}

const od_following od_genesys_withdrawing = { .ask = ask, .learn = learn, .hear = hear, .channel = OD_GENESYS_OUTBOUND };
