#include "validation/complain.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/nearest.h"
#include "json/value.h"

#define EXPECTED_BYTES 320
#define GOT_BYTES 192

/* Unicode code points; the text is UTF-8, or it would be no value. */
static size_t characters(const od_value *string) {
    const char *text = od_value_string(string);
    size_t count = 0;
    for (size_t i = 0; i < od_value_length(string); i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

static void describe_got(const od_shape *shape, const od_value *value, char *out, size_t out_bytes) {
    if (!shape->sensitive || value == NULL) {
        od__value_describe(value, out, out_bytes);
    } else if (od_value_type(value) == OD_TYPE_STRING) {
        size_t count = characters(value);
        (void)snprintf(out, out_bytes, "a string of %zu character%s", count, count == 1 ? "" : "s");
    } else {
        (void)snprintf(out, out_bytes, "%s", od__value_type_name(value));
    }
}

/* Joins as many choices as fit; what does not fit is "...". */
static void list_choices(const char *const *choices, char *out, size_t out_bytes) {
    static const char more[] = ", ...";
    size_t length = (size_t)snprintf(out, out_bytes, "one of ");
    for (size_t i = 0; choices[i] != NULL; i++) {
        const char *before = i == 0 ? "" : ", ";
        if (length + strlen(before) + strlen(choices[i]) + sizeof more > out_bytes) {
            (void)snprintf(out + length, out_bytes - length, "%s", more);
            return;
        }
        length += (size_t)snprintf(out + length, out_bytes - length, "%s%s", before, choices[i]);
    }
}

static void describe_integer(const od_shape *shape, char *out, size_t out_bytes) {
    long long min = shape->min, max = shape->max;
    if (min == 0 && max == 0)
        (void)snprintf(out, out_bytes, "an integer");
    else if (max < min || max == INT64_MAX)
        (void)snprintf(out, out_bytes, "an integer of at least %lld", min);
    else if (min == INT64_MIN)
        (void)snprintf(out, out_bytes, "an integer of at most %lld", max);
    else
        (void)snprintf(out, out_bytes, "an integer from %lld to %lld", min, max);
}

static void describe_expected(const od_shape *shape, char *out, size_t out_bytes) {
    const char *words = shape->expected;
    if (words == NULL && shape->check != NULL)
        words = shape->check->expected != NULL ? shape->check->expected : shape->check->name;
    if (words != NULL) {
        (void)snprintf(out, out_bytes, "%s", words);
        return;
    }
    switch (shape->kind) {
    case OD_KIND_STRING:
        if (shape->choices != NULL)
            list_choices(shape->choices, out, out_bytes);
        else
            (void)snprintf(out, out_bytes, "a string");
        return;
    case OD_KIND_INTEGER: describe_integer(shape, out, out_bytes); return;
    case OD_KIND_NUMBER:
        if (shape->number_min == 0 && shape->number_max == 0)
            (void)snprintf(out, out_bytes, "a number");
        else
            (void)snprintf(out, out_bytes, "a number from %.15g to %.15g", shape->number_min, shape->number_max);
        return;
    case OD_KIND_BOOLEAN: (void)snprintf(out, out_bytes, "a boolean"); return;
    case OD_KIND_STRUCT:
    case OD_KIND_MAP:
    case OD_KIND_CHOICE: (void)snprintf(out, out_bytes, "an object"); return;
    case OD_KIND_LIST: (void)snprintf(out, out_bytes, "an array"); return;
    case OD_KIND_ANY: (void)snprintf(out, out_bytes, "a value"); return;
    }
}

/* A value of the wrong kind is named by its kind; one of the right kind is shown. */
static bool right_kind(const od_shape *shape, const od_value *value) {
    od_type type = od_value_type(value);
    switch (shape->kind) {
    case OD_KIND_STRING: return type == OD_TYPE_STRING;
    case OD_KIND_INTEGER:
    case OD_KIND_NUMBER: return type == OD_TYPE_INTEGER || type == OD_TYPE_NUMBER;
    case OD_KIND_ANY: return type != OD_TYPE_OBJECT && type != OD_TYPE_ARRAY;
    default: return false;
    }
}

od_status od__complain_kind(const od_shape *shape, const od_value *value, const char *path, od_error *err) {
    char expected[EXPECTED_BYTES], got[GOT_BYTES];
    describe_expected(shape, expected, sizeof expected);
    if (value == NULL || right_kind(shape, value))
        describe_got(shape, value, got, sizeof got);
    else
        (void)snprintf(got, sizeof got, "%s", od__value_type_name(value));
    return od__error_at(err, OD_VALIDATION, path, "expected %s, got %s", expected, got);
}

od_status od__complain_count(const od_shape *shape, size_t count, const char *counted, const char *path, od_error *err) {
    long long min = shape->min, max = shape->max;
    if (shape->expected != NULL)
        return od__error_at(err, OD_VALIDATION, path, "expected %s, got %zu %s%s", shape->expected, count, counted,
                            count == 1 ? "" : "s");
    if (max < min)
        return od__error_at(err, OD_VALIDATION, path, "expected at least %lld %s%s, got %zu", min, counted,
                            min == 1 ? "" : "s", count);
    if (min == max)
        return od__error_at(err, OD_VALIDATION, path, "expected %lld %s%s, got %zu", max, counted,
                            max == 1 ? "" : "s", count);
    if (min == 0)
        return od__error_at(err, OD_VALIDATION, path, "expected at most %lld %s%s, got %zu", max, counted,
                            max == 1 ? "" : "s", count);
    return od__error_at(err, OD_VALIDATION, path, "expected %lld to %lld %ss, got %zu", min, max, counted, count);
}

od_status od__complain_choice(const od_shape *shape, const char *const *choices, const od_value *value,
                              const char *path, od_error *err) {
    char expected[EXPECTED_BYTES], got[GOT_BYTES];
    if (shape->expected != NULL)
        (void)snprintf(expected, sizeof expected, "%s", shape->expected);
    else
        list_choices(choices, expected, sizeof expected);
    describe_got(shape, value, got, sizeof got);
    od_nearest nearest = {.wanted = od_value_string(value)};
    for (size_t i = 0; nearest.wanted != NULL && !shape->sensitive && choices[i] != NULL; i++)
        od__nearest_offer(&nearest, choices[i]);
    if (nearest.best != NULL)
        return od__error_at(err, OD_VALIDATION, path, "expected %s, got %s, did you mean \"%s\"?", expected, got,
                            nearest.best);
    return od__error_at(err, OD_VALIDATION, path, "expected %s, got %s", expected, got);
}

od_status od__check_fail(const od_check *check, const od_value *value, const char *path, od_error *err) {
    char got[GOT_BYTES];
    od__value_describe(value, got, sizeof got);
    return od__error_at(err, OD_VALIDATION, path, "expected %s, got %s",
                        check->expected != NULL ? check->expected : check->name, got);
}
