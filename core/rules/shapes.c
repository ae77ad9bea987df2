/* What a ruleset looks like, as data for the shape walker; ruleset.c compiles what passed. */
#include <string.h>

#include "base/calendar.h"
#include "base/error.h"
#include "rules/internal.h"

#define MS_MAX INT64_C(315576000000)  /* ten years */
#define DAYS_MAX 3660
#define LIMIT_MAX 1000

const char *const od__day_names[7] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
const char *const od__cap_kind_names[] = {"rolling", "days", "month", "since", "lifetime", NULL};
const char *const od__cap_scope_names[] = {"store", "campaign", "subject", NULL};
#define NAME(name) #name,
const char *const od__outcome_names[] = {OD_OUTCOMES(NAME) NULL};
#undef NAME
static const char *const per_names[] = {"person", "number", NULL};

/* ---- windows and dates ---- */

static bool digits(const char *text, size_t count, int *out) {
    *out = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *out = *out * 10 + (text[i] - '0');
    }
    return true;
}

/* HH:MM up to 24:00 as minutes. */
static bool minutes(const char *text, int *out) {
    int hour, minute;
    if (!digits(text, 2, &hour) || text[2] != ':' || !digits(text + 3, 2, &minute))
        return false;
    *out = hour * 60 + minute;
    return minute < 60 && *out <= 24 * 60;
}

bool od__window_parse(const char *text, od_window *out) {
    return strlen(text) == 11 && text[5] == '-' && minutes(text, &out->begin) && minutes(text + 6, &out->end) &&
           out->begin < out->end;
}

bool od__date_parse(const char *text, int64_t *days) {
    int year, month, day;
    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' || !digits(text, 4, &year) ||
        !digits(text + 5, 2, &month) || !digits(text + 8, 2, &day))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > od__days_in_month(year, month))
        return false;
    *days = od__days_from_date(year, month, day);
    return true;
}

static od_check_fn check_window, check_date;
static const od_check window_check = {"window", check_window, "a window within a day, such as \"10:00-20:00\""};
static const od_check date_check = {"date", check_date, "a date such as \"2026-12-25\""};

static od_status check_window(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    od_window window;
    (void)replacement;
    const char *text = od_value_string(value);
    if (strlen(text) == od_value_length(value) && od__window_parse(text, &window))
        return OD_OK;
    return od__check_fail(&window_check, value, path, err);
}

static od_status check_date(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    int64_t days;
    (void)replacement;
    const char *text = od_value_string(value);
    if (strlen(text) == od_value_length(value) && od__date_parse(text, &days))
        return OD_OK;
    return od__check_fail(&date_check, value, path, err);
}

/* ---- a cap has what its kind needs, and no more ---- */

static od_status check_members(od_value *cap, const char *path, od_error *err) {
    static const struct { od_cap_kind kind; const char *member; } needs[] = {
        {OD_CAP_ROLLING, "ms"}, {OD_CAP_DAYS, "days"}, {OD_CAP_SINCE, "event"},
    };
    const char *kind = od_value_string(od_value_get(cap, "kind"));
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        const char *owner = od__cap_kind_names[needs[i].kind];
        bool there = od_value_get(cap, needs[i].member) != NULL;
        if (there && strcmp(kind, owner) != 0)
            return od__error_at(err, OD_VALIDATION, path, "expected no %s with kind \"%s\" (only with \"%s\")",
                                needs[i].member, kind, owner);
        if (!there && strcmp(kind, owner) == 0)
            return od__error_at(err, OD_VALIDATION, path, "expected %s with kind \"%s\"", needs[i].member, kind);
    }
    return OD_OK;
}

static od_status check_number(od_value *rule, const char *path, od_error *err) {
    const od_value *number = od_value_get(rule, "number");
    if (number == NULL || od_value_boolean(number) || strcmp(od_value_string(od_value_get(rule, "per")), "person") == 0)
        return OD_OK;
    return od__error_at(err, OD_VALIDATION, path, "expected number = false only per person, got it per number");
}

/* ---- the shapes ---- */

static const od_shape window = {.kind = OD_KIND_STRING, .check = &window_check};
static const od_shape windows = {.kind = OD_KIND_LIST, .min = 0, .max = OD_LIMIT_WINDOWS, .element = &window};
static const od_field week_fields[] = {
    {.name = "mon", .summary = "windows of Monday", .shape = &windows},
    {.name = "tue", .summary = "of Tuesday", .shape = &windows},
    {.name = "wed", .summary = "of Wednesday", .shape = &windows},
    {.name = "thu", .summary = "of Thursday", .shape = &windows},
    {.name = "fri", .summary = "of Friday", .shape = &windows},
    {.name = "sat", .summary = "of Saturday", .shape = &windows},
    {.name = "sun", .summary = "of Sunday", .shape = &windows},
    OD_FIELDS_END,
};
static const od_shape week = {.kind = OD_KIND_STRUCT, .fields = week_fields};

static const od_shape date = {.kind = OD_KIND_STRING, .check = &date_check};
static const od_shape dates = {.kind = OD_KIND_LIST, .min = 0, .max = OD_LIMIT_HOLIDAYS, .element = &date};

static const od_shape zone_name = {.kind = OD_KIND_STRING, .min = 1, .max = OD_LIMIT_ZONE_NAME_BYTES - 1};
static const od_shape rule_name = {.kind = OD_KIND_STRING, .min = 1, .max = OD_LIMIT_RULE_NAME};
static const od_shape per = {.kind = OD_KIND_STRING, .choices = per_names};
static const od_shape kind = {.kind = OD_KIND_STRING, .choices = od__cap_kind_names};
static const od_shape scope = {.kind = OD_KIND_STRING, .choices = od__cap_scope_names};
static const od_shape outcome = {.kind = OD_KIND_STRING, .choices = od__outcome_names};
static const od_shape limit = {.kind = OD_KIND_INTEGER, .min = 1, .max = LIMIT_MAX};
static const od_shape duration = {.kind = OD_KIND_INTEGER, .min = 1, .max = MS_MAX};
static const od_shape days = {.kind = OD_KIND_INTEGER, .min = 1, .max = DAYS_MAX};
static const od_shape ring_timeout = {.kind = OD_KIND_INTEGER, .min = 1, .max = 300000};

static const od_field cap_fields[] = {
    {.name = "name", .summary = "what refusals call it", .shape = &rule_name, .required = true},
    {.name = "limit", .summary = "attempts that are allowed", .shape = &limit, .required = true},
    {.name = "per", .summary = "whose attempts are counted", .shape = &per, .required = true},
    {.name = "kind", .summary = "over which time", .shape = &kind, .required = true},
    {.name = "ms", .summary = "rolling: how long", .shape = &duration},
    {.name = "days", .summary = "days: how many calendar days, today among them", .shape = &days},
    {.name = "event", .summary = "since: the newest outcome of this kind", .shape = &outcome},
    {.name = "scope", .summary = "of which campaigns; store: of all", .shape = &scope},
    {.name = "number", .summary = "false: a person's cap does not hold for the number too", .shape = &od_shape_boolean},
    OD_FIELDS_END,
};
static const od_rule cap_rules[] = {
    {"ms, days or event as the kind needs it", check_members},
    {"number = false only per person", check_number},
    OD_RULES_END,
};
static const od_shape cap = {.kind = OD_KIND_STRUCT, .fields = cap_fields, .rules = cap_rules};
static const od_shape caps = {.kind = OD_KIND_LIST, .min = 0, .max = OD_LIMIT_CAPS, .element = &cap};

static const od_field gap_fields[] = {
    {.name = "name", .summary = "what refusals call it", .shape = &rule_name, .required = true},
    {.name = "ms", .summary = "how long nobody calls", .shape = &duration, .required = true},
    {.name = "per", .summary = "whom", .shape = &per, .required = true},
    {.name = "after", .summary = "after an outcome of this kind; absent: after any attempt", .shape = &outcome},
    {.name = "number", .summary = "false: a person's gap does not hold for the number too", .shape = &od_shape_boolean},
    OD_FIELDS_END,
};
static const od_rule gap_rules[] = {{"number = false only per person", check_number}, OD_RULES_END};
static const od_shape gap = {.kind = OD_KIND_STRUCT, .fields = gap_fields, .rules = gap_rules};
static const od_shape gaps = {.kind = OD_KIND_LIST, .min = 0, .max = OD_LIMIT_CAPS, .element = &gap};

static const od_field ruleset_fields[] = {
    {.name = "hours", .summary = "calling windows of each weekday, on the contact's clock", .shape = &week, .required = true},
    {.name = "holidays", .summary = "dates without windows, in the contact's zone", .shape = &dates},
    {.name = "zone", .summary = "where contacts are whose country alone is known and has several", .shape = &zone_name},
    {.name = "caps", .summary = "how many attempts", .shape = &caps},
    {.name = "gaps", .summary = "how long between attempts", .shape = &gaps},
    {.name = "ring_timeout_ms", .summary = "how long a call rings", .shape = &ring_timeout},
    {.name = "hand_off_outside_hours", .summary = "vendors may be handed calls that they place at any time",
     .shape = &od_shape_boolean},
    OD_FIELDS_END,
};
const od_shape od__ruleset_shape = {.kind = OD_KIND_STRUCT, .fields = ruleset_fields};
