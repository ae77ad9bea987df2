/* Which column is what: the map's shape, and the names it uses against a file's header. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "import/contacts_internal.h"
#include "json/value.h"
#include "json/writer.h"
#include "validation/shape.h"

#define NAME_CHARACTERS 256
#define KEYS_BYTES (8u * OD_LIMIT_ROW_BYTES)    /* a control character takes six bytes in JSON */
#define DATA_BYTES (16u * OD_LIMIT_ROW_BYTES)   /* keys and escaped fields */
#define LISTED_BYTES 160                        /* of a header, in a complaint */

/* ---- shapes ---- */

static od_status check_country(const od_value *value, const char *path, od_value **replacement, od_error *err);

static const od_check country_check = {"ISO 3166 country code", check_country, "two letters of ISO 3166, such as \"US\""};

static od_status check_country(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    const char *country = od__phone_country(od_value_string(value), od_value_length(value));
    if (country == NULL)
        return od__check_fail(&country_check, value, path, err);
    *replacement = od_value_new_string(country);
    return *replacement != NULL ? OD_OK : od__error_no_memory(err);
}

_Static_assert(OD_LIMIT_CONTACT_NUMBERS == 16, "the complaints below say so");

static const od_shape column_shape = {.kind = OD_KIND_STRING, .min = 1, .max = NAME_CHARACTERS,
                                      .expected = "the name of a column"};
static const od_shape country_shape = {.kind = OD_KIND_STRING, .check = &country_check};
static const od_shape columns_shape = {.kind = OD_KIND_LIST, .min = 1, .max = OD_LIMIT_CONTACT_NUMBERS,
                                       .element = &column_shape, .expected = "a list of 1 to 16 columns"};

static const od_field map_fields[] = {
    {.name = "id", .summary = "column that tells contacts apart", .shape = &column_shape, .required = true},
    {.name = "person", .summary = "column that tells people apart, where it is not the id", .shape = &column_shape},
    {.name = "zone", .summary = "column with the time zone, or several with ; between", .shape = &column_shape},
    {.name = "country", .summary = "country of national numbers", .shape = &country_shape},
    {.name = "country_column", .summary = "column with the country; country is for the empty ones", .shape = &column_shape},
    {.name = "numbers", .summary = "columns with telephone numbers, the first to try first", .shape = &columns_shape,
     .required = true},
    OD_FIELDS_END,
};
static const od_shape map_shape = {.kind = OD_KIND_STRUCT, .fields = map_fields};

static const od_shape text_shape = {.kind = OD_KIND_STRING};
static const od_shape member_shape = {.kind = OD_KIND_ANY, .expected = "a string or an integer"};  /* judged as a cell is */
static const od_shape any_shape = {.kind = OD_KIND_MAP};
static const od_field number_fields[] = {
    {.name = "column", .summary = "what the number is called", .shape = &column_shape, .required = true},
    {.name = "number", .summary = "the number as it is written", .shape = &member_shape, .required = true},
    OD_FIELDS_END,
};
static const od_shape number_shape = {.kind = OD_KIND_STRUCT, .fields = number_fields};
static const od_shape numbers_shape = {.kind = OD_KIND_LIST, .min = 1, .max = OD_LIMIT_CONTACT_NUMBERS,
                                       .element = &number_shape, .expected = "a list of 1 to 16 numbers"};
static const od_field given_fields[] = {
    {.name = "id", .summary = "tells contacts apart", .shape = &member_shape, .required = true},
    {.name = "person", .summary = "tells people apart, where it is not the id", .shape = &member_shape},
    {.name = "country", .summary = "country of national numbers", .shape = &text_shape},
    {.name = "zones", .summary = "time zone, or several with ; between", .shape = &text_shape},
    {.name = "numbers", .summary = "the first to try first", .shape = &numbers_shape, .required = true},
    {.name = "data", .summary = "anything", .shape = &any_shape},
    OD_FIELDS_END,
};
static const od_shape given_shape = {.kind = OD_KIND_STRUCT, .fields = given_fields};

od_status od__contacts_check_given(od_value *given, od_error *err) {
    return od__shape_validate(&given_shape, given, "", err);
}

/* ---- the map ---- */

static od_contact_column column_named(const od_value *name) {
    return (od_contact_column){
        .name = od_value_string(name), .length = name == NULL ? 0 : od_value_length(name), .index = OD_NO_COLUMN};
}

static void read_map(od_contacts *contacts) {
    const od_value *map = contacts->map, *numbers = od_value_get(map, "numbers");
    contacts->id = column_named(od_value_get(map, "id"));
    contacts->person = column_named(od_value_get(map, "person"));
    contacts->zone = column_named(od_value_get(map, "zone"));
    contacts->country = column_named(od_value_get(map, "country_column"));
    contacts->default_country = od_value_string(od_value_get(map, "country"));
    contacts->column_count = od_value_length(numbers);
    for (size_t i = 0; i < contacts->column_count; i++)
        contacts->columns[i] = column_named(od_value_at(numbers, i));
}

od_status od__contacts_new(const od_value *map, od_contacts **out, od_error *err) {
    *out = NULL;
    od_contacts *contacts = od__calloc(1, sizeof *contacts);
    if (contacts == NULL)
        return od__error_no_memory(err);
    od__buffer_init(&contacts->keys, KEYS_BYTES);
    od__buffer_init(&contacts->data, DATA_BYTES);
    od__buffer_init(&contacts->zones, DATA_BYTES);
    od_status status = OD_OK;
    if (map != NULL) {
        contacts->map = od__value_copy(map);
        status = contacts->map == NULL ? od__error_no_memory(err) : od__shape_validate(&map_shape, contacts->map, "/map", err);
    }
    if (status != OD_OK) {
        od__contacts_free(contacts);
        return status;
    }
    if (map != NULL)
        read_map(contacts);
    *out = contacts;
    return OD_OK;
}

void od__contacts_free(od_contacts *contacts) {
    if (contacts == NULL)
        return;
    od__buffer_clear(&contacts->keys);
    od__buffer_clear(&contacts->data);
    od__buffer_clear(&contacts->zones);
    od__free(contacts->key_lengths);
    od_value_unref(contacts->map);
    od_value_unref(contacts->given);
    od__free(contacts);
}

/* ---- the header ---- */

static bool is_equal(od_span a, const char *b, size_t length) {
    return a.length == length && memcmp(a.at, b, length) == 0;
}

/* `has no column "custmer", did you mean "customer"?`, or which it has: a wrong delimiter shows by that. */
static od_status complain_absent(const od_csv_record *header, const od_contact_column *column, const char *path, od_error *err) {
    od_nearest nearest = {.wanted = column->name};
    char listed[LISTED_BYTES] = "", name[NAME_CHARACTERS + 1], best[NAME_CHARACTERS + 1];
    size_t used = 0;
    for (size_t i = 0; i < header->count; i++) {
        od_span field = od__span_trim(header->fields[i]);
        od__error_clean(name, sizeof name, field.at, field.length);
        od__nearest_offer(&nearest, name);
        if (nearest.best == name)
            nearest.best = memcpy(best, name, sizeof best);
        if (used < sizeof listed)
            used += (size_t)snprintf(listed + used, sizeof listed - used, "%s%s", i > 0 ? ", " : "", name);
    }
    if (nearest.best != NULL)
        return od__error_at(err, OD_VALIDATION, path, "the list has no column \"%s\", did you mean \"%s\"?", column->name, best);
    return od__error_at(err, OD_VALIDATION, path, "the list has no column \"%s\", only %s%s", column->name, listed,
                        used >= sizeof listed ? "..." : "");
}

static od_status bind(const od_csv_record *header, od_contact_column *column, const char *path, od_error *err) {
    if (column->name == NULL)
        return OD_OK;
    for (size_t i = 0; i < header->count; i++) {
        if (is_equal(od__span_trim(header->fields[i]), column->name, column->length)) {
            column->index = i;
            return OD_OK;
        }
    }
    return complain_absent(header, column, path, err);
}

static od_status bind_all(od_contacts *contacts, const od_csv_record *header, od_error *err) {
    od_status status = bind(header, &contacts->id, "/map/id", err);
    if (status == OD_OK)
        status = bind(header, &contacts->person, "/map/person", err);
    if (status == OD_OK)
        status = bind(header, &contacts->zone, "/map/zone", err);
    if (status == OD_OK)
        status = bind(header, &contacts->country, "/map/country_column", err);
    for (size_t i = 0; status == OD_OK && i < contacts->column_count; i++) {
        char path[sizeof "/map/numbers/" + 20];
        (void)snprintf(path, sizeof path, "/map/numbers/%zu", i);
        status = bind(header, &contacts->columns[i], path, err);
    }
    return status;
}

static od_status refuse_twins(const od_csv_record *header, od_error *err) {
    for (size_t i = 1; i < header->count; i++) {
        od_span name = od__span_trim(header->fields[i]);
        for (size_t j = 0; j < i && name.length > 0; j++) {
            od_span other = od__span_trim(header->fields[j]);
            char shown[NAME_CHARACTERS];
            if (!is_equal(other, name.at, name.length))
                continue;
            od__error_clean(shown, sizeof shown, name.at, name.length);
            return od__error_set(err, OD_VALIDATION, "two columns are called \"%s\": the %zu. and the %zu.", shown, j + 1, i + 1);
        }
    }
    return OD_OK;
}

/* Writes what stands before each field in data, once for all rows. */
static od_status write_keys(od_contacts *contacts, const od_csv_record *header, od_error *err) {
    contacts->key_lengths = od__calloc(header->count, sizeof *contacts->key_lengths);
    if (contacts->key_lengths == NULL)
        return od__error_no_memory(err);
    contacts->key_count = header->count;
    for (size_t i = 0; i < header->count; i++) {
        od_span name = od__span_trim(header->fields[i]);
        size_t before = contacts->keys.length;
        if (name.length == 0)
            continue;
        od_json_writer writer;
        od__json_begin(&writer, &contacts->keys);
        od__json_string(&writer, name.at, name.length);
        od__json_raw(&writer, ":", 1);
        od__json_end(&writer);
        contacts->key_lengths[i] = contacts->keys.length - before;
    }
    return contacts->keys.failed ? od__error_no_memory(err) : OD_OK;
}

od_status od__contacts_header(od_contacts *contacts, const od_csv_record *header, od_error *err) {
    if (header->error != NULL)
        return od__error_set(err, OD_VALIDATION, "row %lld, the header: %s", (long long)header->row, header->error);
    od_status status = bind_all(contacts, header, err);
    if (status == OD_OK)
        status = refuse_twins(header, err);
    return status == OD_OK ? write_keys(contacts, header, err) : status;
}
