/* Compiles a ruleset: what the shape walker let pass becomes minutes, days and milliseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "json/value.h"
#include "rules/internal.h"

/* The index of text among names, which the shape has seen to be there. */
static int index_of(const char *const *names, const od_value *text) {
    int i = 0;
    while (names[i] != NULL && strcmp(names[i], od_value_string(text)) != 0)
        i++;
    return i;
}

/* Puts a window in its place. Two that touch become one; false if it overlaps with another. */
static bool add_window(od_day *day, od_window window, od_window *other) {
    size_t place = day->count;
    while (place > 0 && day->windows[place - 1].begin > window.begin)
        place--;
    if (place > 0 && day->windows[place - 1].end > window.begin) {
        *other = day->windows[place - 1];
        return false;
    }
    if (place < day->count && day->windows[place].begin < window.end) {
        *other = day->windows[place];
        return false;
    }
    memmove(&day->windows[place + 1], &day->windows[place], (day->count - place) * sizeof window);
    day->windows[place] = window;
    day->count++;
    return true;
}

static void join_touching(od_day *day) {
    size_t kept = 0;
    for (size_t i = 0; i < day->count; i++) {
        if (kept > 0 && day->windows[kept - 1].end == day->windows[i].begin)
            day->windows[kept - 1].end = day->windows[i].end;
        else
            day->windows[kept++] = day->windows[i];
    }
    day->count = kept;
}

static od_status compile_day(od_day *day, const char *name, const od_value *windows, od_error *err) {
    for (size_t i = 0; i < od_value_length(windows); i++) {
        od_window window = {0, 0}, other;
        (void)od__window_parse(od_value_string(od_value_at(windows, i)), &window);  /* it was checked */
        if (add_window(day, window, &other))
            continue;
        char path[OD_ERROR_PATH_BYTES];
        (void)snprintf(path, sizeof path, "/hours/%s/%zu", name, i);
        return od__error_at(err, OD_VALIDATION, path, "expected windows that do not overlap, got \"%s\" beside \"%02d:%02d-%02d:%02d\"",
                            od_value_string(od_value_at(windows, i)), other.begin / 60, other.begin % 60, other.end / 60,
                            other.end % 60);
    }
    join_touching(day);
    return OD_OK;
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static od_status compile_hours(od_ruleset *ruleset, const od_value *value, od_error *err) {
    for (int i = 0; i < 7; i++) {
        od_status status = compile_day(&ruleset->week[i], od__day_names[i],
                                       od_value_get(od_value_get(value, "hours"), od__day_names[i]), err);
        if (status != OD_OK)
            return status;
    }
    od__say_week(ruleset->week, ruleset->hours, sizeof ruleset->hours);

    const od_value *dates = od_value_get(value, "holidays");
    size_t count = od_value_length(dates);
    ruleset->holidays = od__calloc(count, sizeof *ruleset->holidays);
    if (ruleset->holidays == NULL)
        return od__error_no_memory(err);
    for (size_t i = 0; i < count; i++)
        (void)od__date_parse(od_value_string(od_value_at(dates, i)), &ruleset->holidays[i]);  /* it was checked */
    ruleset->holiday_count = count;
    qsort(ruleset->holidays, count, sizeof *ruleset->holidays, ascending);
    return OD_OK;
}

static od_status compile_zone(od_ruleset *ruleset, const od_value *name, od_zones *zones, od_error *err) {
    if (name == NULL)
        return OD_OK;
    od_zone *zone;
    od_error why = OD_ERROR_INIT;
    od_status status = od__zones_get_n(zones, od_value_string(name), od_value_length(name), &zone, &why);
    if (status != OD_OK)
        return od__error_at(err, status, "/zone", "%s", why.message);
    (void)snprintf(ruleset->zone, sizeof ruleset->zone, "%s", od__zone_name(zone));
    return OD_OK;
}

/* The name, and whom it is about. */
static void compile_common(const od_value *value, char name[OD_RULE_NAME_BYTES], bool *per_person, bool *per_number) {
    (void)snprintf(name, OD_RULE_NAME_BYTES, "%s", od_value_string(od_value_get(value, "name")));
    const od_value *number = od_value_get(value, "number");
    *per_person = strcmp(od_value_string(od_value_get(value, "per")), "person") == 0;
    *per_number = !*per_person || number == NULL || od_value_boolean(number);
}

static void compile_cap(od_cap *cap, const od_value *value) {
    const od_value *scope = od_value_get(value, "scope"), *event = od_value_get(value, "event");
    compile_common(value, cap->name, &cap->per_person, &cap->per_number);
    cap->limit = od_value_integer(od_value_get(value, "limit"));
    cap->kind = (od_cap_kind)index_of(od__cap_kind_names, od_value_get(value, "kind"));
    cap->scope = scope != NULL ? (od_cap_scope)index_of(od__cap_scope_names, scope) : OD_SCOPE_STORE;
    cap->ms = od_value_integer(od_value_get(value, "ms"));
    cap->days = (int)od_value_integer(od_value_get(value, "days"));
    cap->event = event != NULL ? (od_outcome_kind)index_of(od__outcome_names, event) : OD_OUTCOME_answered;
}

static void compile_gap(od_gap *gap, const od_value *value) {
    const od_value *after = od_value_get(value, "after");
    compile_common(value, gap->name, &gap->per_person, &gap->per_number);
    gap->ms = od_value_integer(od_value_get(value, "ms"));
    gap->has_after = after != NULL;
    gap->after = after != NULL ? (od_outcome_kind)index_of(od__outcome_names, after) : OD_OUTCOME_answered;
}

/* A refusal is known by its name: no two rules have the same. */
static od_status check_name(const od_ruleset *ruleset, const char *name, const char *list, size_t index, od_error *err) {
    bool taken = false;
    for (size_t i = 0; i < ruleset->cap_count; i++)
        taken = taken || strcmp(ruleset->caps[i].name, name) == 0;
    for (size_t i = 0; i < ruleset->gap_count; i++)
        taken = taken || strcmp(ruleset->gaps[i].name, name) == 0;
    if (!taken)
        return OD_OK;
    char path[OD_ERROR_PATH_BYTES];
    (void)snprintf(path, sizeof path, "/%s/%zu/name", list, index);
    return od__error_at(err, OD_VALIDATION, path, "expected a name that no other cap or gap has, got \"%s\"", name);
}

static od_status compile_rules(od_ruleset *ruleset, const od_value *value, od_error *err) {
    const od_value *caps = od_value_get(value, "caps"), *gaps = od_value_get(value, "gaps");
    ruleset->caps = od__calloc(od_value_length(caps), sizeof *ruleset->caps);
    ruleset->gaps = od__calloc(od_value_length(gaps), sizeof *ruleset->gaps);
    if (ruleset->caps == NULL || ruleset->gaps == NULL)
        return od__error_no_memory(err);
    od_status status = OD_OK;
    for (size_t i = 0; status == OD_OK && i < od_value_length(caps); i++) {
        compile_cap(&ruleset->caps[i], od_value_at(caps, i));
        status = check_name(ruleset, ruleset->caps[i].name, "caps", i, err);
        ruleset->cap_count++;
    }
    for (size_t i = 0; status == OD_OK && i < od_value_length(gaps); i++) {
        compile_gap(&ruleset->gaps[i], od_value_at(gaps, i));
        status = check_name(ruleset, ruleset->gaps[i].name, "gaps", i, err);
        ruleset->gap_count++;
    }
    return status;
}

static od_status compile(od_ruleset *ruleset, const od_value *value, od_zones *zones, od_error *err) {
    const od_value *ring_timeout = od_value_get(value, "ring_timeout_ms");
    ruleset->ring_timeout_ms = ring_timeout != NULL ? od_value_integer(ring_timeout) : OD_DEFAULT_RING_TIMEOUT_MS;
    ruleset->hand_off_outside_hours = od_value_boolean(od_value_get(value, "hand_off_outside_hours"));
    od_status status = compile_hours(ruleset, value, err);
    if (status == OD_OK)
        status = compile_zone(ruleset, od_value_get(value, "zone"), zones, err);
    return status == OD_OK ? compile_rules(ruleset, value, err) : status;
}

od_status od__ruleset_new(const od_value *value, od_zones *zones, od_ruleset **out, od_error *err) {
    *out = NULL;
    if (od_value_type(value) != OD_TYPE_OBJECT) {
        char got[96];
        od__value_describe(value, got, sizeof got);
        return od__error_at(err, OD_VALIDATION, "", "expected an object with the rules, got %s", got);
    }
    od_value *copy = od__value_copy(value);  /* the walker writes in it */
    od_ruleset *ruleset = od__calloc(1, sizeof *ruleset);
    if (copy == NULL || ruleset == NULL) {
        od_value_unref(copy);
        od__free(ruleset);
        return od__error_no_memory(err);
    }
    od_status status = od__shape_validate(&od__ruleset_shape, copy, "", err);
    if (status == OD_OK)
        status = compile(ruleset, copy, zones, err);
    od_value_unref(copy);
    if (status != OD_OK) {
        od__ruleset_free(ruleset);
        return status;
    }
    *out = ruleset;
    return OD_OK;
}

void od__ruleset_free(od_ruleset *ruleset) {
    if (ruleset == NULL)
        return;
    od__free(ruleset->holidays);
    od__free(ruleset->caps);
    od__free(ruleset->gaps);
    od__free(ruleset);
}

int64_t od__ruleset_ring_timeout_ms(const od_ruleset *ruleset) {
    return ruleset->ring_timeout_ms;
}

bool od__ruleset_hands_off_outside_hours(const od_ruleset *ruleset) {
    return ruleset->hand_off_outside_hours;
}

/* A calendar day begins up to a day, and a change of the clock, before its zone's now. */
static int64_t cap_reach_ms(const od_cap *cap) {
    switch (cap->kind) {
    case OD_CAP_ROLLING: return cap->ms;
    case OD_CAP_DAYS: return (cap->days + 2) * OD_MS_PER_DAY;
    case OD_CAP_MONTH: return 33 * OD_MS_PER_DAY;
    case OD_CAP_SINCE:
    case OD_CAP_LIFETIME: break;
    }
    return INT64_MAX;
}

int64_t od__ruleset_reach_ms(const od_ruleset *ruleset) {
    int64_t reach = 0;
    for (size_t i = 0; i < ruleset->cap_count; i++) {
        int64_t ms = cap_reach_ms(&ruleset->caps[i]);
        if (ms > reach)
            reach = ms;
    }
    for (size_t i = 0; i < ruleset->gap_count; i++) {
        if (ruleset->gaps[i].ms > reach)
            reach = ruleset->gaps[i].ms;
    }
    return reach;
}
