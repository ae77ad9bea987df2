/* Placing a call through Symbee: the person's record is the call (R14). Whether there was one is looked at first: an update
 * says nothing of the state that a record is in afterwards, so that one which was worked before is set to be called again. */
#include "vendors/symbee.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* ---- the record of a call ---- */

/* Adds a key of ours to what is hidden from the agent. */
static od_status hide(od_value *list, const char *key, od_error *err) {
    const od_value *hidden = od__symbee_data_get(list, "Hidden");
    size_t length = od_value_length(hidden);
    if (length == 0 || !od_value_string(hidden))
        return od__symbee_data_set(list, "Hidden", od_value_new_string(key), err);
    od_buffer names;
    od__buffer_init(&names, OD_LIMIT_REQUEST_BYTES);
    od__buffer_add(&names, od_value_string(hidden), length);
    od__buffer_add_text(&names, "|");
    od__buffer_add_text(&names, key);
    od_value *joined = names.failed ? NULL : od_value_new_string_n(od__buffer_text(&names), names.length);
    od__buffer_clear(&names);
    return od__symbee_data_set(list, "Hidden", joined, err);
}

static od_status place_data(const od_call *call, const od_value *given, od_value *list, od_error *err) {
    const char *name = call->contact ? call->contact : call->to;
    od_status status = od__symbee_data_set(list, "Name", od_value_new_string(name ? name : ""), err);
    if (status == OD_OK && call->to)
        status = od__symbee_data_set(list, "phone", od_value_new_string(call->to), err);
    if (status == OD_OK && call->zone)
        status = od__symbee_data_set(list, "ItemTimeZone", od_value_new_string(call->zone), err);
    if (status == OD_OK && call->attributes)
        status = od__symbee_data_overlay(list, call->attributes, err);
    if (status == OD_OK && given)
        status = od__symbee_data_overlay(list, given, err);
    if (status == OD_OK && call->judged)
        status = od__vendor_keep(od__symbee_data_get(list, "phone"), call->to, "/previewRecordData/phone", err);
    if (status == OD_OK && call->judged && call->zone)
        status = od__vendor_keep(od__symbee_data_get(list, "ItemTimeZone"), call->zone, "/previewRecordData/ItemTimeZone", err);
    if (status == OD_OK && call->token) {
        status = od__symbee_data_set(list, OD_SYMBEE_ATTEMPT_KEY, od_value_new_string(call->token), err);
        if (status == OD_OK)
            status = hide(list, OD_SYMBEE_ATTEMPT_KEY, err);
    }
    return status;
}

od_status od__symbee_place(const od_vendor *vendor, const od_value *options, const od_call *call,
                           const od_operation **operation, od_value **params, const char **dropped, od_error *err) {
    (void)options;
    static const char *const limits[] = { "nextEarliestWorkTimeUTC", NULL };
    od_status status = od__vendor_operation(vendor, "add_or_update_campaign_record", operation, err);
    if (status != OD_OK)
        return status;
    const od_value *given = od_value_get(call->fields, "previewRecordData");
    /* What is neither table nor list stays as it is, for the shape to refuse. */
    bool readable = !given || od_value_type(given) == OD_TYPE_OBJECT || od_value_type(given) == OD_TYPE_ARRAY;
    od_value *made = od_value_new_object(), *list = od_value_new_array();
    if (!made || !list)
        status = od__error_no_memory(err);
    if (status == OD_OK && readable)
        status = place_data(call, given, list, err);
    if (status == OD_OK && !od_value_get(call->fields, "clientId")) /* without a contact it looks as the number does */
        status = od__vendor_set_text(made, "clientId", call->contact ? call->contact : call->to, err);
    if (status == OD_OK && call->not_before_ms)
        status = od_value_set(made, "nextEarliestWorkTimeUTC", od_value_new_integer(call->not_before_ms), err);
    if (status == OD_OK)
        status = od__vendor_merge_fields(made, call, limits, err);
    if (status == OD_OK && readable)
        status = od_value_set(made, "previewRecordData", od_value_ref(list), err);
    od_value_unref(list);
    if (call->from)
        *dropped = "from is left out: a Symbee record has no place for the number shown";
    return od__vendor_place_end(status, made, params);
}

/* The campaign delivers the record to an agent at a time of its own choosing, and the answer names no id (R6). What finds
 * the record again is clientId. */
bool od__symbee_placed(const od_operation *operation, int http_status, const od_value *params, const od_value *body,
                       od_value **id) {
    (void)operation;
    (void)http_status;
    (void)body;
    const od_value *client = od_value_get(params, "clientId");
    *id = od_value_string(client) ? od_value_ref(client) : NULL;
    return false;
}

/* ---- what is asked before ---- */

static od_status set_from(od_value *to, const char *key, const od_value *from, od_error *err) {
    const od_value *member = od_value_get(from, key);
    return member ? od_value_set(to, key, od_value_ref(member), err) : OD_OK;
}

/* The parameters of another action on the same record. The vendor's id wins over clientId, as for the placing. */
static od_status same_record(const od_vendor *vendor, const char *name, const od_value *placing,
                             const od_operation **operation, od_value **params, od_error *err) {
    od_status status = od__vendor_operation(vendor, name, operation, err);
    if (status != OD_OK)
        return status;
    const char *locator = od_value_get(placing, "previewRecordId") ? "previewRecordId" : "clientId";
    od_value *made = od_value_new_object();
    status = made ? set_from(made, locator, placing, err) : od__error_no_memory(err);
    if (status == OD_OK)
        status = set_from(made, "campaignName", placing, err);
    if (status == OD_OK)
        status = set_from(made, "region", placing, err);
    return od__vendor_place_end(status, made, params);
}

static od_status look(const od_vendor *vendor, const od_value *placing, const od_operation **operation,
                      od_value **params, od_error *err) {
    return same_record(vendor, "search_preview_campaign", placing, operation, params, err);
}

/* Attempts are counted per record: this call's outcome is none of those before. The record itself keeps their number, so
 * that it is there for whoever follows the call, whatever became of the answer. */
static od_status count_before(const od_value *found, od_value *placing, od_value *notes, od_error *err) {
    int64_t attempts = od_value_integer(od_value_get(found, "workAttempts"));
    od_value *data = od__value_copy(od_value_get(placing, "previewRecordData"));
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, attempts);
    od_status status = data ? OD_OK : od__error_no_memory(err);
    if (status == OD_OK)
        status = od__symbee_data_set(data, OD_SYMBEE_BEFORE_KEY, od_value_new_string(text), err);
    if (status == OD_OK)
        status = hide(data, OD_SYMBEE_BEFORE_KEY, err);
    if (status == OD_OK)
        status = od_value_set(placing, "previewRecordData", od_value_ref(data), err);
    od_value_unref(data);
    return status == OD_OK ? od_value_set(notes, "work_attempts", od_value_new_integer(attempts), err) : status;
}

static const char *mark_of(const od_value *record) {
    return od_value_string(od__symbee_data_get(od_value_get(record, "previewRecordData"), OD_SYMBEE_ATTEMPT_KEY));
}

static od_status seen(const od_value *result, const od_error *failure, int64_t now_ms, od_value *placing, od_value *notes,
                      bool *is_there, od_error *err) {
    const od_value *found = od_value_at(od_value_get(result, "previewRecordClientData"), 0);
    if (failure && failure->code != OD_NOT_FOUND) {
        if (err)
            *err = *failure;
        return failure->code;
    }
    *is_there = mark_of(found) && mark_of(placing) && strcmp(mark_of(found), mark_of(placing)) == 0;
    if (!found || *is_there)
        return OD_OK;
    od_status status = count_before(found, placing, notes, err);
    if (status == OD_OK)
        status = set_from(notes, "workedState", found, err);
    /* An earliest time of before would hold this call back. */
    if (status == OD_OK && !od_value_get(placing, "nextEarliestWorkTimeUTC"))
        status = od_value_set(placing, "nextEarliestWorkTimeUTC", od_value_new_integer(now_ms), err);
    return status;
}

/* ---- what follows ---- */

/* A record that nobody has worked yet is called as it is. Setting that state once more could bring back one which an agent
 * has finished a moment ago. */
static od_status follow_up(const od_vendor *vendor, const od_value *placing, const od_value *notes,
                           const od_operation **operation, od_value **params, od_error *err) {
    const char *state = od_value_string(od_value_get(notes, "workedState"));
    if (!state || strcmp(state, "NOTWORKED") == 0)
        return OD_OK;
    od_value *made = NULL;
    od_status status = same_record(vendor, "change_campaign_record_status", placing, operation, &made, err);
    if (status == OD_OK)
        status = od__vendor_set_text(made, "previewRecordStateEnum", "NOTWORKED", err);
    if (status == OD_OK)
        status = set_from(made, "nextEarliestWorkTimeUTC", placing, err);
    return od__vendor_place_end(status, made, params);
}

const od_stages od__symbee_stages = { .look = look, .seen = seen, .follow_up = follow_up };
