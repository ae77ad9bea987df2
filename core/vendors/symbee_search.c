/* Symbee's search: what is searched for, and what is read from the records found. */
#include "vendors/symbee.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "json/value.h"

#define CRITERIA 100              /* of one search */
#define DEFAULT_MAX_RECORDS 1000  /* the vendor's own, where maxRecords is left out */
#define TIME_BYTES 32
#define COUNT_DIGITS 9

const char *const od__symbee_states[] = { "NOTWORKED", "WORKED", "COMPLETED", "REMOVED", NULL };

/* ---- criteria ---- */

static const char *const conditions[] = {
    "EQUALS", "NOTEQUALS", "GREATERTHAN", "LESSTHAN", "CONTAINS", "BEGINSWITH", NULL
};
static const od_shape condition = { .kind = OD_KIND_STRING, .choices = conditions };

static od_check_fn check_state;
static const od_check state_check = { "state", check_state, "one of NOTWORKED, WORKED, COMPLETED, REMOVED" };

static od_status check_state(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    for (size_t i = 0; od__symbee_states[i]; i++)
        if (strcmp(od__symbee_states[i], od_value_string(value)) == 0)
            return OD_OK;
    return od__check_fail(&state_check, value, path, err);
}

static od_check_fn check_count;
static const od_check count_check = { "count", check_count, "a count from 0" };

static od_status check_count(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *text = od_value_string(value);
    bool good = od_value_length(value) > 0 && od_value_length(value) <= COUNT_DIGITS;
    for (size_t i = 0; good && i < od_value_length(value); i++)
        good = isdigit((unsigned char)text[i]) != 0;
    return good ? OD_OK : od__check_fail(&count_check, value, path, err);
}

/* Fields of the system, and what a value that is compared as a whole must be. Any other key is the user's own. */
static const struct { const char *key; const od_check *check; } system_keys[] = {
    { "sys_worked_state", &state_check },
    { "sys_worked_attempts", &count_check },
    { "sys_item_time_zone", &od__symbee_zone_name },
    { "sys_next_earliest_worktime_long", &od__symbee_instant_text },
};

/* A part of a value may be anything. */
static bool compares_part(const char *text) {
    return strcmp(text, "CONTAINS") == 0 || strcmp(text, "BEGINSWITH") == 0;
}

static od_status rule_system_keys(od_value *criterion, const char *path, od_error *err) {
    const char *key = od_value_string(od_value_get(criterion, "key"));
    if (compares_part(od_value_string(od_value_get(criterion, "condition"))))
        return OD_OK;
    for (size_t i = 0; i < sizeof system_keys / sizeof system_keys[0]; i++) {
        if (strcmp(system_keys[i].key, key) != 0)
            continue;
        char at[OD_ERROR_PATH_BYTES];
        snprintf(at, sizeof at, "%s", path);
        od__path_add(at, sizeof at, "value");
        od_value *replacement = NULL;
        od_status status = system_keys[i].check->fn(od_value_get(criterion, "value"), at, &replacement, err);
        od_value_unref(replacement);
        return status;
    }
    return OD_OK;
}
static const od_rule criterion_rules[] = {
    { "sys_worked_state holds a state, sys_worked_attempts a count, sys_item_time_zone an IANA time zone, "
      "sys_next_earliest_worktime_long Unix milliseconds", rule_system_keys },
    OD_RULES_END
};

static const od_field criterion_fields[] = {
    { .name = "key", .summary = "a key of the data, or one of the system's: sys_skill_queue, sys_worked_state ...",
      .shape = &od_shape_filled, .required = true },
    { .name = "value", .summary = "what it is compared with, as text", .shape = &od_shape_text, .required = true },
    { .name = "condition", .summary = "how it is compared", .shape = &condition, .required = true },
    OD_FIELDS_END
};
static const od_shape criterion = { .kind = OD_KIND_STRUCT, .fields = criterion_fields, .rules = criterion_rules };
static const od_shape criteria = { .kind = OD_KIND_LIST, .min = 1, .max = CRITERIA, .element = &criterion };

static od_value *new_criterion(const char *key, const char *how, od_value *value) {
    od_value *made = od_value_new_object();
    od_status status = made ? od_value_set(made, "key", od_value_new_string(key), NULL) : OD_OUT_OF_MEMORY;
    if (status == OD_OK)
        status = od_value_set(made, "value", value, NULL);
    else
        od_value_unref(value);
    if (status == OD_OK)
        status = od_value_set(made, "condition", od_value_new_string(how), NULL);
    if (status == OD_OK)
        return made;
    od_value_unref(made);
    return NULL;
}

/* { key, value } is equal; { key, condition, value } says how; an object has the vendor's members. */
static od_value *one_criterion(const od_value *element) {
    const char *key = od_value_string(od_value_at(element, 0)), *second = od_value_string(od_value_at(element, 1));
    size_t length = od_value_type(element) == OD_TYPE_ARRAY && key ? od_value_length(element) : 0;
    if (length == 2)
        return new_criterion(key, "EQUALS", od__symbee_text(od_value_at(element, 1)));
    if (length == 3 && second)
        return new_criterion(key, second, od__symbee_text(od_value_at(element, 2)));
    od_value *made = od__value_copy(element);
    const od_value *value = od_value_get(element, "value");
    if (!made || !value || od_value_set(made, "value", od__symbee_text(value), NULL) == OD_OK)
        return made;
    od_value_unref(made);
    return NULL;
}

static od_value *new_criteria(const od_value *given) {
    od_value *list = od_value_new_array();
    od_status status = list ? OD_OK : OD_OUT_OF_MEMORY;
    void *cursor = NULL;
    const char *key;
    const od_value *member;
    if (od_value_type(given) == OD_TYPE_OBJECT) {
        while (status == OD_OK && od_value_next(given, &cursor, &key, &member))
            if (od_value_type(member) != OD_TYPE_NULL)
                status = od_value_add(list, new_criterion(key, "EQUALS", od__symbee_text(member)), NULL);
    } else {
        for (size_t i = 0; status == OD_OK && i < od_value_length(given); i++)
            status = od_value_add(list, one_criterion(od_value_at(given, i)), NULL);
    }
    if (status == OD_OK)
        return list;
    od_value_unref(list);
    return NULL;
}

static od_check_fn check_criteria;
static const od_check criteria_check = {
    "table of key = value, or list of { key, value, condition }", check_criteria,
    "a table of key = value or a list of { key, value, condition }"
};

static od_status check_criteria(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    if (od_value_type(value) != OD_TYPE_OBJECT && od_value_type(value) != OD_TYPE_ARRAY)
        return od__check_fail(&criteria_check, value, path, err);
    od_value *list = new_criteria(value);
    if (!list)
        return od__error_no_memory(err);
    od_status status = od__shape_validate(&criteria, list, path, err);
    if (status == OD_OK)
        *replacement = list;
    else
        od_value_unref(list);
    return status;
}

const od_shape od__symbee_criteria = { .kind = OD_KIND_ANY, .element = &criterion, .check = &criteria_check };

od_status od__symbee_rule_search(od_value *params, const char *path, od_error *err) {
    bool record = od_value_get(params, "previewRecordId") != NULL, client = od_value_get(params, "clientId") != NULL;
    bool data = od_value_get(params, "previewRecordData") != NULL;
    if (record && client)
        return od__vendor_refuse(err, path, "clientId",
                                 "expected clientId or previewRecordId, got both: the vendor would ignore clientId");
    if ((record || client) && data)
        return od__vendor_refuse(err, path, "previewRecordData",
                                 "expected an id or criteria, got both: the vendor would ignore the criteria");
    if (record || client || data)
        return OD_OK;
    return od__vendor_refuse(err, path, "previewRecordData",
                             "expected clientId, previewRecordId or criteria, got none of them");
}

/* ---- records ---- */

static const od_field work_code_fields[] = {
    { .name = "key", .summary = "group of the work code", .shape = &od_shape_text },
    { .name = "value", .summary = "work code", .shape = &od_shape_text },
    OD_FIELDS_END
};
static const od_shape work_code = { .kind = OD_KIND_STRUCT, .fields = work_code_fields, .open = true };
static const od_shape work_codes = { .kind = OD_KIND_LIST, .element = &work_code };
static const od_field datum_fields[] = {
    { .name = "key", .summary = "name of the item", .shape = &od_shape_text },
    { .name = "value", .summary = "its value", .shape = &od_shape_text },
    { .name = "displayOrder", .summary = "where the agent sees it; may be 0 here", .shape = &od_shape_integer },
    OD_FIELDS_END
};
static const od_shape datum = { .kind = OD_KIND_STRUCT, .fields = datum_fields, .open = true };
static const od_shape data = { .kind = OD_KIND_LIST, .element = &datum };
static const od_shape state = { .kind = OD_KIND_STRING, .choices = od__symbee_states };

static const od_field record_fields[] = {
    { .name = "previewRecordID", .summary = "the vendor's id of the record", .shape = &od_shape_text },
    { .name = "previewRecordId", .summary = "the same, as the operations spell it", .shape = &od_shape_text },
    { .name = "clientId", .summary = "your id of the person", .shape = &od_shape_text },
    { .name = "preferredAgent", .summary = "agent who is to get it; absent or empty: none", .shape = &od_shape_text },
    { .name = "skillQueue", .summary = "skill queue", .shape = &od_shape_text },
    { .name = "createdTime", .summary = "when it was added, as UTC text", .shape = &od_shape_text },
    { .name = "lastUpdatedTime", .summary = "when it last changed, as UTC text", .shape = &od_shape_text },
    { .name = "nextEarliestWorkTime", .summary = "not before this time, as UTC text", .shape = &od_shape_text },
    { .name = "workedState", .summary = "WORKED is tried, and may be tried again", .shape = &state },
    { .name = "workAttempts", .summary = "how often it was delivered to an agent", .shape = &od_shape_integer },
    { .name = "lastAttemptAgent", .summary = "who had it last", .shape = &od_shape_text },
    { .name = "lastAttemptTime", .summary = "when it was last delivered, as UTC text", .shape = &od_shape_text },
    { .name = "workCodes", .summary = "what the agent said of it", .shape = &work_codes },
    { .name = "previewRecordData", .summary = "the data", .shape = &data },
    { .name = "created_at", .summary = "createdTime in Unix seconds", .shape = &od_shape_any },
    { .name = "updated_at", .summary = "lastUpdatedTime in Unix seconds", .shape = &od_shape_any },
    { .name = "earliest_at", .summary = "nextEarliestWorkTime in Unix seconds", .shape = &od_shape_any },
    { .name = "last_attempt_at", .summary = "lastAttemptTime in Unix seconds", .shape = &od_shape_any },
    OD_FIELDS_END
};
static const od_shape record = { .kind = OD_KIND_STRUCT, .fields = record_fields, .open = true };
const od_shape od__symbee_records = { .kind = OD_KIND_LIST, .element = &record };

bool od__symbee_time(const od_value *value, int64_t *unix_ms) {
    char text[TIME_BYTES];
    size_t length = od_value_length(value);
    if (!od_value_string(value) || length < 19 || length + 2 > sizeof text || od_value_string(value)[10] != ' ')
        return false;
    memcpy(text, od_value_string(value), length);
    text[10] = 'T';
    text[length] = 'Z';
    text[length + 1] = '\0';
    return od__iso8601_parse(text, unix_ms);
}

static od_status add_time(od_value *to, const char *from, const char *as, od_error *err) {
    int64_t ms;
    if (!od__symbee_time(od_value_get(to, from), &ms))
        return OD_OK;
    return od_value_set(to, as, ms % 1000 == 0 ? od_value_new_integer(ms / 1000) : od_value_new_number((double)ms / 1000),
                        err);
}

/* The answer spells the id otherwise than the requests do. */
static od_status refine_record(od_value *found, od_error *err) {
    static const struct { const char *from, *as; } times[] = {
        { "createdTime", "created_at" }, { "lastUpdatedTime", "updated_at" },
        { "nextEarliestWorkTime", "earliest_at" }, { "lastAttemptTime", "last_attempt_at" },
    };
    od_status status = OD_OK;
    const od_value *id = od_value_get(found, "previewRecordID");
    if (od_value_string(id) && !od_value_get(found, "previewRecordId"))
        status = od_value_set(found, "previewRecordId", od_value_ref(id), err);
    for (size_t i = 0; status == OD_OK && i < sizeof times / sizeof times[0]; i++)
        status = add_time(found, times[i].from, times[i].as, err);
    return status;
}

/* As many records as were allowed: there may be more. The vendor has no other sign, and no second page. */
od_status od__symbee_refine_search(const od_value *params, od_value *result, od_error *err) {
    const od_value *records = od_value_get(result, "previewRecordClientData");
    bool by_id = od_value_get(params, "previewRecordId") || od_value_get(params, "clientId");
    const od_value *most = od_value_get(params, "maxRecords");
    int64_t limit = most ? od_value_integer(most) : DEFAULT_MAX_RECORDS;
    size_t count = od_value_type(records) == OD_TYPE_ARRAY ? od_value_length(records) : 0;
    bool truncated = !by_id && (int64_t)count >= limit;
    od_status status = OD_OK;
    if (od_value_type(records) == OD_TYPE_NULL)
        status = od_value_set(result, "previewRecordClientData", od_value_new_array(), err);
    for (size_t i = 0; status == OD_OK && i < count; i++) {
        /* The answer was made for this request, so that its objects may be changed in place. */
        od_value *found = (od_value *)(uintptr_t)od_value_at(records, i);
        if (od_value_type(found) == OD_TYPE_OBJECT)
            status = refine_record(found, err);
    }
    return status == OD_OK ? od_value_set(result, "truncated", od_value_new_boolean(truncated), err) : status;
}
