/* Symbee: placing a call where the record is the person (R14). A person who was called before has a record: that is looked
 * at first, then replaced, and then set to be called again. */
#include "vendors/symbee.h"

#include <string.h>

#include "base/error.h"
#include "json/value.h"

static od_status copy_member(od_value *to, const char *key, const od_value *from, od_error *err) {
    const od_value *member = od_value_get(from, key);
    return member ? od_value_set(to, key, od__value_copy(member), err) : OD_OK;
}

/* The record that the placement is about: of the same person, in the same campaign. */
static od_status locate(const od_value *params, od_value *made, od_error *err) {
    static const char *const keys[] = { "region", "campaignName", "clientId" };
    od_status status = OD_OK;
    for (size_t i = 0; status == OD_OK && i < sizeof keys / sizeof keys[0]; i++)
        status = copy_member(made, keys[i], params, err);
    return status;
}

static od_status before(const od_vendor *vendor, const od_value *params, const od_operation **operation,
                        od_value **question, od_error *err) {
    od_status status = od__vendor_operation(vendor, "search_preview_campaign", operation, err);
    if (status != OD_OK)
        return status;
    od_value *made = od_value_new_object();
    status = made ? locate(params, made, err) : od__error_no_memory(err);
    return od__vendor_place_end(status, made, question);
}

/* memory: { state, keep = { work_attempts } } of the record; {} if there is none. */
static od_status note_record(const od_value *found, od_value *memory, od_error *err) {
    if (!found)
        return OD_OK;
    od_value *kept = od_value_new_object();
    od_status status = kept ? OD_OK : od__error_no_memory(err);
    const od_value *state = od_value_get(found, "workedState");
    if (status == OD_OK)
        status = od_value_set(kept, "work_attempts",
                              od_value_new_integer(od_value_integer(od_value_get(found, "workAttempts"))), err);
    if (status == OD_OK)
        status = od_value_set(memory, "keep", od_value_ref(kept), err);
    od_value_unref(kept);
    if (status == OD_OK)
        status = od__vendor_set_text(memory, "state", od_value_string(state) ? od_value_string(state) : "", err);
    return status;
}

static bool carries(const od_value *found, const char *token) {
    const char *mark = od_value_string(od__symbee_data_get(od_value_get(found, "previewRecordData"),
                                                           OD_SYMBEE_ATTEMPT_KEY));
    return mark && strcmp(mark, token) == 0;
}

static od_status learn(const char *token, const od_value *result, const od_error *failure, od_value **memory,
                       bool *is_there, od_error *err) {
    if (failure && failure->code != OD_NOT_FOUND)
        return od__vendor_pass_on(failure, err);
    const od_value *found = od_value_at(od_value_get(result, "previewRecordClientData"), 0);
    *is_there = found && carries(found, token);
    od_value *made = od_value_new_object();
    od_status status = made ? OD_OK : od__error_no_memory(err);
    if (status == OD_OK && !*is_there)  /* how many there were before this attempt shows no more where it is there */
        status = note_record(found, made, err);
    return od__vendor_place_end(status, made, memory);
}

/* A record that is to be called anyway stays as it is; one that was worked, completed or removed is called again, not
 * before now. */
static od_status after(const od_vendor *vendor, const od_value *params, const od_value *memory, int64_t now_ms,
                       const od_operation **operation, od_value **order, od_error *err) {
    const char *state = od_value_string(od_value_get(memory, "state"));
    if (!state || strcmp(state, "NOTWORKED") == 0)
        return OD_OK;
    od_status status = od__vendor_operation(vendor, "change_campaign_record_status", operation, err);
    if (status != OD_OK)
        return status;
    const od_value *earliest = od_value_get(params, "nextEarliestWorkTimeUTC");
    od_value *made = od_value_new_object();
    status = made ? locate(params, made, err) : od__error_no_memory(err);
    if (status == OD_OK)
        status = od__vendor_set_text(made, "previewRecordStateEnum", "NOTWORKED", err);
    if (status == OD_OK)
        status = od_value_set(made, "nextEarliestWorkTimeUTC",
                              earliest ? od_value_ref(earliest) : od_value_new_integer(now_ms), err);
    return od__vendor_place_end(status, made, order);
}

const od_staging od__symbee_staging = { .before = before, .learn = learn, .after = after };
