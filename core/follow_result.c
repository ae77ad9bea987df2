/* What a report of a vendor says, as the result of the request that was followed. */
#include "client.h"

#include "base/error.h"
#include "json/value.h"

/* The call that was asked about, with what was found out of it in place of what was said: it can be kept and followed
 * like the result of a placement. */
static od_status complete_found(od_value *found, const od_value *given, od_error *err) {
    void *cursor = NULL;
    const char *key;
    const od_value *member;
    od_status status = OD_OK;
    while (status == OD_OK && od_value_next(given, &cursor, &key, &member))
        if (od_value_get(found, key) == NULL)
            status = od_value_set(found, key, od_value_ref(member), err);
    return status;
}

static od_status set_found(od_value *result, const od_value *given, const od_report *report, od_error *err) {
    if (report->found && report->call == NULL)
        return od__error_set(err, OD_INTERNAL, "found, but no call");
    if (!report->found)
        return od_value_set(result, "found", od_value_new_boolean(false), err);
    od_status status = complete_found(report->call, given, err);
    if (status == OD_OK)
        status = od_value_set(result, "placement", od_value_new_string("placed"), err);
    if (status == OD_OK)
        status = od_value_set(result, "call", od_value_ref(report->call), err);
    return status;
}

static od_value *seconds_of(int64_t unix_ms) {
    return unix_ms % 1000 == 0 ? od_value_new_integer(unix_ms / 1000) : od_value_new_number((double)unix_ms / 1000);
}

static od_status set_outcome(od_value *result, const od_report *report, od_error *err) {
    od_status status = od_value_set(result, "kind", od_value_new_string(od__outcome_name(report->kind)), err);
    if (status == OD_OK)
        status = od_value_set(result, "rang", od_value_new_string(od__rang_name(report->rang)), err);
    if (status == OD_OK && report->raw != NULL)
        status = od_value_set(result, "raw", od_value_ref(report->raw), err);
    if (status == OD_OK && report->at_ms != 0)
        status = od_value_set(result, "at", seconds_of(report->at_ms), err);
    if (status == OD_OK && report->lives_on)
        status = od_value_set(result, "lives_on", od_value_new_boolean(true), err);
    return status;
}

static od_status set_withdrawn(od_value *result, const od_report *report, od_error *err) {
    od_status status = od_value_set(result, "withdrawn", od_value_new_boolean(report->withdrawn), err);
    if (status == OD_OK && !report->withdrawn)
        status = od_value_set(result, "why", od_value_new_string(report->why), err);
    if (status == OD_OK && !report->withdrawn && report->rang_maybe)
        status = od_value_set(result, "placed", od_value_new_boolean(true), err);
    if (status == OD_OK && !report->withdrawn && report->none)
        status = od_value_set(result, "none", od_value_new_boolean(true), err);
    return status;
}

od_status od__follow_result(od_purpose purpose, const od_value *call, const od_report *report, od_value **out,
                            od_error *err) {
    od_value *result = od_value_new_object();
    od_status status = result == NULL                    ? od__error_no_memory(err)
                       : purpose == OD_PURPOSE_TRACK     ? set_outcome(result, report, err)
                       : purpose == OD_PURPOSE_WITHDRAW  ? set_withdrawn(result, report, err)
                                                         : set_found(result, call, report, err);
    if (status != OD_OK) {
        od_value_unref(result);
        return status;
    }
    *out = result;
    return OD_OK;
}
