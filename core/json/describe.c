#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "json/value.h"

#define SHOWN_CHARACTERS 40

const char *od__value_type_name(const od_value *value) {
    if (value == NULL)
        return "nothing";
    switch (od_value_type(value)) {
    case OD_TYPE_NULL: return "null";
    case OD_TYPE_BOOLEAN: return "a boolean";
    case OD_TYPE_INTEGER: return "an integer";
    case OD_TYPE_NUMBER: return "a number";
    case OD_TYPE_STRING: return "a string";
    case OD_TYPE_ARRAY: return "an array";
    case OD_TYPE_OBJECT: return "an object";
    }
    return "nothing";
}

/* Returns how many bytes the first `characters` characters of UTF-8 text take. */
static size_t bytes_of(const char *text, size_t length, size_t characters) {
    size_t i = 0;
    for (; i < length; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80 && characters-- == 0)
            break;
    }
    return i;
}

void od__value_describe(const od_value *value, char *out, size_t out_bytes) {
    char text[4 * SHOWN_CHARACTERS + 1];
    switch (value == NULL ? OD_TYPE_OBJECT : od_value_type(value)) {
    case OD_TYPE_STRING: {
        size_t length = od_value_length(value);
        size_t shown = bytes_of(od_value_string(value), length, SHOWN_CHARACTERS);
        od__error_clean(text, sizeof text, od_value_string(value), shown);
        (void)snprintf(out, out_bytes, shown < length ? "\"%s...\"" : "\"%s\"", text);
        return;
    }
    case OD_TYPE_BOOLEAN: (void)snprintf(out, out_bytes, "%s", od_value_boolean(value) ? "true" : "false"); return;
    case OD_TYPE_INTEGER: (void)snprintf(out, out_bytes, "%lld", (long long)od_value_integer(value)); return;
    case OD_TYPE_NUMBER: (void)snprintf(out, out_bytes, "%.15g", od_value_number(value)); return;
    default: (void)snprintf(out, out_bytes, "%s", od__value_type_name(value));
    }
}
