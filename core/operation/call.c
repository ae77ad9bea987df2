/* The neutral call, which means the same at every vendor: its shape, and reading one. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "operation/operation.h"

#define LAST_SECOND 253402300799.0 /* end of the year 9999; a time in milliseconds is beyond it */
#define LONGEST_RING_S 600
#define ZONE_BYTES 64

static const od_shape filled = {.kind = OD_KIND_STRING, .min = 1, .max = 500};
static const od_shape unix_seconds = {.kind = OD_KIND_NUMBER, .number_min = 1, .number_max = LAST_SECOND,
                                      .expected = "a time in Unix seconds"};
static const od_shape ring_timeout = {.kind = OD_KIND_INTEGER, .min = 1, .max = LONGEST_RING_S};

static od_check_fn check_zone;
static const od_check zone_check = {"name of a time zone", check_zone, "an IANA time zone such as America/Chicago"};

static od_status check_zone(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *text = od_value_string(value);
    size_t length = od_value_length(value);
    bool good = length > 0 && length <= ZONE_BYTES && isalpha((unsigned char)text[0]);
    for (size_t i = 0; good && i < length; i++)
        good = isalnum((unsigned char)text[i]) || (text[i] != '\0' && strchr("_+-/", text[i]) != NULL);
    return good ? OD_OK : od__check_fail(&zone_check, value, path, err);
}

static const od_shape zone = {.kind = OD_KIND_STRING, .check = &zone_check};

static const od_field call_fields[] = {
    {.name = "to", .summary = "the number to call", .shape = &filled, .required = true},
    {.name = "from", .summary = "the number that the person called sees", .shape = &filled},
    {.name = "contact", .summary = "the caller's own id of the person", .shape = &filled},
    {.name = "attributes", .summary = "texts that travel with the call", .shape = &od_shape_string_map},
    {.name = "token", .summary = "makes a second call with the same token the same call", .shape = &filled},
    {.name = "not_before", .summary = "Unix seconds: a vendor that rings later is to ring no earlier",
     .shape = &unix_seconds},
    {.name = "not_after", .summary = "Unix seconds: the first instant at which such a vendor is not to ring any more",
     .shape = &unix_seconds},
    {.name = "zone", .summary = "the person's IANA time zone, for such a vendor", .shape = &zone},
    {.name = "ring_timeout", .summary = "seconds of ringing, where the vendor lets them be chosen",
     .shape = &ring_timeout},
    {.name = "fields", .summary = "the vendor's own fields", .shape = &(const od_shape){.kind = OD_KIND_MAP}},
    OD_FIELDS_END,
};

static od_status rule_window(od_value *call, const char *path, od_error *err) {
    const od_value *start = od_value_get(call, "not_before"), *end = od_value_get(call, "not_after");
    if (start == NULL || end == NULL || od_value_number(start) < od_value_number(end))
        return OD_OK;
    char at[OD_ERROR_PATH_BYTES];
    snprintf(at, sizeof(at), "%s", path);
    od__path_add(at, sizeof(at), "not_after");
    return od__error_at(err, OD_VALIDATION, at, "expected a time after not_before (%.0f), got %.0f",
                        od_value_number(start), od_value_number(end));
}

static const od_rule call_rules[] = {{"not_after later than not_before", rule_window}, OD_RULES_END};

const od_shape od_shape_call = {.kind = OD_KIND_STRUCT, .fields = call_fields, .rules = call_rules};

static int64_t time_ms(const od_value *call, const char *key) {
    return (int64_t)(od_value_number(od_value_get(call, key)) * 1000 + 0.5);
}

void od__call_read(const od_value *call, od_call *out) {
    const od_value *to = od_value_get(call, "to"), *from = od_value_get(call, "from"), *token = od_value_get(call, "token");
    *out = (od_call){
        .to = od_value_string(to),
        .from = od_value_string(from),
        .contact = od_value_string(od_value_get(call, "contact")),
        .token = od_value_string(token),
        .to_value = to,
        .from_value = from,
        .token_value = token,
        .zone = od_value_string(od_value_get(call, "zone")),
        .attributes = od_value_get(call, "attributes"),
        .fields = od_value_get(call, "fields"),
        .not_before_ms = time_ms(call, "not_before"),
        .not_after_ms = time_ms(call, "not_after"),
        .ring_timeout_s = od_value_integer(od_value_get(call, "ring_timeout")),
    };
}
