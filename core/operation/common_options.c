#include <string.h>

#include "base/error.h"
#include "operation/operation.h"
#include "operation/options.h"

#define LONGEST_TIMEOUT_S 3600
#define HIGHEST_RATE 10000
#define MOST_ATTEMPTS 10
#define PATH_CHARACTERS 4096

/* ---- options that are an object or false ---- */

/* Checks what is an object by its shape, lets false through, and refuses all else in the words of the check. */
static od_status check_or_false(const od_check *check, const od_shape *shape, const od_value *value, const char *path,
                                od_error *err) {
    od_type type = od_value_type(value);
    if (type == OD_TYPE_BOOLEAN && !od_value_boolean(value))
        return OD_OK;
    if (type != OD_TYPE_OBJECT)
        return od__check_fail(check, value, path, err);
    /* Checks see their value as const; options under validation are the client's own copy and may be normalised. */
    od_value *own = (od_value *)(uintptr_t)value;
    return od__shape_validate(shape, own, path, err);
}

static od_status check_rate(const od_value *value, const char *path, od_value **replacement, od_error *err);
static od_status check_retry(const od_value *value, const char *path, od_value **replacement, od_error *err);

static const od_check rate_check = {"{ per_second, burst } or false", check_rate,
                                    "an object with per_second and burst, or false"};
static const od_check retry_check = {"{ max_attempts, mode } or false", check_retry,
                                     "an object with max_attempts or mode, or false"};

static const od_shape per_second = {.kind = OD_KIND_NUMBER, .number_min = 0.0001, .number_max = HIGHEST_RATE,
                                    .expected = "a number above 0, up to 10000"};
static const od_shape burst = {.kind = OD_KIND_INTEGER, .min = 1, .max = HIGHEST_RATE};
static const od_shape max_attempts = {.kind = OD_KIND_INTEGER, .min = 1, .max = MOST_ATTEMPTS};

static const od_field rate_fields[] = {
    {.name = "per_second", .summary = "requests per second in the long run", .shape = &per_second, .required = true},
    {.name = "burst", .summary = "how many may go at once after a pause; 1 if absent", .shape = &burst},
    OD_FIELDS_END,
};
static const od_shape rate_shape = {.kind = OD_KIND_STRUCT, .fields = rate_fields};

static const char *const retry_modes[] = {"standard", "adaptive", NULL};
static const od_shape retry_mode = {.kind = OD_KIND_STRING, .choices = retry_modes};

static const od_field retry_fields[] = {
    {.name = "max_attempts", .summary = "tries in all, the first counts; 3 if absent", .shape = &max_attempts},
    {.name = "mode", .summary = "standard, or adaptive: the rate follows the vendor's throttling", .shape = &retry_mode},
    OD_FIELDS_END,
};
static const od_shape retry_shape = {.kind = OD_KIND_STRUCT, .fields = retry_fields};

static od_status check_rate(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    return check_or_false(&rate_check, &rate_shape, value, path, err);
}

static od_status check_retry(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    return check_or_false(&retry_check, &retry_shape, value, path, err);
}

/* ---- the common options ---- */

static const od_shape endpoint = {.kind = OD_KIND_STRING, .check = &od_check_base_url};
static const od_shape timeout = {.kind = OD_KIND_NUMBER, .number_min = 0.001, .number_max = LONGEST_TIMEOUT_S,
                                 .expected = "a number of seconds above 0, up to 3600"};
static const od_shape rate = {.kind = OD_KIND_ANY, .check = &rate_check};
static const od_shape retry = {.kind = OD_KIND_ANY, .check = &retry_check};
static const od_shape ca_file = {.kind = OD_KIND_STRING, .min = 1, .max = PATH_CHARACTERS};

const od_field od_common_options[] = {
    {.name = "endpoint", .summary = "replaces scheme, host and port of the vendor; paths stay", .shape = &endpoint},
    {.name = "timeout", .summary = "seconds for one try of a request", .shape = &timeout},
    {.name = "connect_timeout", .summary = "seconds for making a connection", .shape = &timeout},
    {.name = "rate", .summary = "requests per second instead of the vendor's own limits; false: none", .shape = &rate},
    {.name = "retry", .summary = "how often a request is tried; false: once", .shape = &retry},
    {.name = "ca_file", .summary = "PEM file of the certificates to trust", .shape = &ca_file},
    OD_FIELDS_END,
};

od_status od__options_merge(const od_vendor *vendor, od_merged_options *out, od_error *err) {
    size_t count = 0;
    out->shape = *vendor->options;
    for (const od_field *field = vendor->options->fields; field != NULL && field->name != NULL; field++) {
        if (count == OD_LIMIT_FIELDS)
            return od__error_set(err, OD_INTERNAL, "%s has more than %d options", vendor->name, OD_LIMIT_FIELDS);
        out->fields[count++] = *field;
    }
    for (const od_field *field = od_common_options; field->name != NULL; field++) {
        if (od__shape_field(vendor->options, field->name) != NULL)
            continue;
        if (count == OD_LIMIT_FIELDS)
            return od__error_set(err, OD_INTERNAL, "%s has more than %d options", vendor->name, OD_LIMIT_FIELDS);
        out->fields[count++] = *field;
    }
    out->fields[count] = (od_field)OD_FIELDS_END;
    out->shape.fields = out->fields;
    return OD_OK;
}

od_status od__options_validate(const od_vendor *vendor, od_value *options, od_error *err) {
    od_merged_options merged;
    od_status status = od__options_merge(vendor, &merged, err);
    if (status == OD_OK)
        status = od__shape_fill(&merged.shape, options, options, NULL, NULL, err); /* one option may default to another */
    if (status == OD_OK)
        status = od__shape_validate(&merged.shape, options, "", err);
    return status;
}
