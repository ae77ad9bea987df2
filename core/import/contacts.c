#include "import/contacts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/error.h"
#include "import/contacts_internal.h"
#include "json/value.h"
#include "json/writer.h"

static void reject(od_contacts *contacts, od_contact *out, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The first reason stands. */
static void reject(od_contacts *contacts, od_contact *out, const char *format, ...) {
    if (out->reason != NULL)
        return;
    char text[2 * OD_ROW_REASON_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    od__error_clean(contacts->reason, sizeof contacts->reason, text, strlen(text));
    out->reason = contacts->reason;
}

static bool is_space(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

od_span od__span_trim(od_span text) {
    while (text.length > 0 && is_space(text.at[0])) {
        text.at++;
        text.length--;
    }
    while (text.length > 0 && is_space(text.at[text.length - 1]))
        text.length--;
    return text;
}

/* ---- the cells' meaning ---- */

/* Ids are keys of the store and parts of tokens: white space around them, or what cannot be seen, would make two people
 * of one. The copy ends with a NUL. */
static od_span read_id(od_contacts *contacts, od_contact *out, od_span cell, const char *column, const char *what,
                       char copy[OD_LIMIT_CONTACT_ID_BYTES + 1]) {
    od_span id = od__span_trim(cell);
    if (id.length > OD_LIMIT_CONTACT_ID_BYTES) {
        reject(contacts, out, "%s: the %s is longer than %d bytes", column, what, OD_LIMIT_CONTACT_ID_BYTES);
        return (od_span){.at = NULL, .length = 0};
    }
    for (size_t i = 0; i < id.length; i++) {
        unsigned char byte = (unsigned char)id.at[i];
        if (byte < 0x20 || byte == 0x7f)
            reject(contacts, out, "%s: a control character in the %s", column, what);
    }
    memcpy(copy, id.at, id.length);
    copy[id.length] = '\0';
    return (od_span){.at = id.length > 0 ? copy : NULL, .length = id.length};
}

/* A country that is not understood must not be passed over: the zone, and so the hours, may come from it. */
static void read_country(od_contacts *contacts, od_contact *out, od_span cell, const char *column) {
    od_span text = od__span_trim(cell);
    out->country = contacts->default_country;
    if (text.length == 0)
        return;
    out->country = od__phone_country(text.at, text.length);
    if (out->country == NULL)
        reject(contacts, out, "%s: \"%.*s\" is no ISO country code", column, text.length < 40 ? (int)text.length : 40, text.at);
}

/* "A; B;" becomes "A;B". */
static void read_zones(od_contacts *contacts, od_contact *out, od_span cell, const char *column) {
    od__buffer_truncate(&contacts->zones, 0);
    for (const char *at = cell.at, *end = cell.at + cell.length; at < end;) {
        const char *stop = memchr(at, ';', (size_t)(end - at));
        od_span zone = od__span_trim((od_span){.at = at, .length = (size_t)((stop != NULL ? stop : end) - at)});
        if (zone.length > 0 && contacts->zones.length > 0)
            od__buffer_add_byte(&contacts->zones, ';');
        if (zone.length > 0)
            od__buffer_add(&contacts->zones, zone.at, zone.length);
        at = stop != NULL ? stop + 1 : end;
    }
    if (contacts->zones.length > OD_LIMIT_CONTACT_ZONES_BYTES)
        reject(contacts, out, "%s: zones longer than %d bytes", column, OD_LIMIT_CONTACT_ZONES_BYTES);
    if (contacts->zones.length > 0)
        out->zones = (od_span){.at = od__buffer_text(&contacts->zones), .length = contacts->zones.length};
}

static bool has_number(const od_contacts *contacts, size_t count, const od_phone *phone) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(contacts->numbers[i].phone.e164, phone->e164) == 0)
            return true;
    }
    return false;
}

static void read_number(od_contacts *contacts, od_contact *out, od_span cell, const od_contact_column *column) {
    od_span text = od__span_trim(cell);
    if (text.length == 0)
        return;
    od_contact_number *number = &contacts->numbers[out->number_count];
    char *why = contacts->whys[out->note_count];
    if (!od__phone_normalise(text.at, text.length, out->country, &number->phone, why)) {
        contacts->notes[out->note_count++] =
            (od_contact_note){.column = column->name, .column_length = column->length, .why = why};
    } else if (!has_number(contacts, out->number_count, &number->phone)) {
        number->column = column->name;
        number->column_length = column->length;
        out->number_count++;
    }
}

/* Nobody is left to be called: says of each number why. */
static void reject_without_number(od_contacts *contacts, od_contact *out, const od_contact_cells *cells) {
    char text[2 * OD_ROW_REASON_BYTES] = "";
    size_t used = 0;
    bool has_notes = out->note_count > 0;
    size_t count = has_notes ? out->note_count : cells->count;
    for (size_t i = 0; i < count && used < sizeof text; i++) {
        const char *column = has_notes ? contacts->notes[i].column : cells->columns[i].name;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%.100s%s%s", i == 0 ? "" : has_notes ? "; " : ", ", column,
                                 has_notes ? ": " : "", has_notes ? contacts->notes[i].why : "");
    }
    if (has_notes)
        reject(contacts, out, "%s", text);
    else
        reject(contacts, out, "no number in %s", text);
}

static od_status make(od_contacts *contacts, const od_contact_cells *cells, od_contact *out, od_error *err) {
    const char *id = contacts->id.name != NULL ? contacts->id.name : "id";
    out->numbers = contacts->numbers;
    out->notes = contacts->notes;
    out->id = read_id(contacts, out, cells->id, id, "id", contacts->id_text);
    if (out->id.length == 0)
        reject(contacts, out, "%s: the id is empty", id);
    out->person = read_id(contacts, out, cells->person, contacts->person.name != NULL ? contacts->person.name : "person",
                          "person", contacts->person_text);
    read_country(contacts, out, cells->country, contacts->country.name != NULL ? contacts->country.name : "country");
    read_zones(contacts, out, cells->zone, contacts->zone.name != NULL ? contacts->zone.name : "zones");
    for (size_t i = 0; out->reason == NULL && i < cells->count; i++)
        read_number(contacts, out, cells->numbers[i], &cells->columns[i]);
    if (out->number_count == 0)
        reject_without_number(contacts, out, cells);
    if (contacts->data.failed || contacts->zones.failed)
        return od__error_no_memory(err);
    out->data = (od_span){.at = od__buffer_text(&contacts->data), .length = contacts->data.length};
    return OD_OK;
}

/* ---- from a record ---- */

static od_span field_at(const od_csv_record *record, const od_contact_column *column) {
    return column->index < record->count ? record->fields[column->index] : (od_span){.at = "", .length = 0};
}

static void write_record(od_contacts *contacts, const od_csv_record *record) {
    od__buffer_truncate(&contacts->data, 0);
    od_json_writer writer;
    od__json_begin(&writer, &contacts->data);
    const char *key = od__buffer_text(&contacts->keys), *before = "{";
    for (size_t i = 0; i < contacts->key_count && i < record->count; i++) {
        size_t length = contacts->key_lengths[i];
        if (length == 0)
            continue;
        od__json_raw(&writer, before, 1);
        od__json_raw(&writer, key, length);
        od__json_string(&writer, record->fields[i].at, record->fields[i].length);
        key += length;
        before = ",";
    }
    od__json_raw(&writer, *before == '{' ? "{}" : "}", *before == '{' ? 2 : 1);
    od__json_end(&writer);
}

od_status od__contacts_record(od_contacts *contacts, const od_csv_record *record, od_contact *out, od_error *err) {
    *out = (od_contact){.reason = NULL};
    od_contact_cells cells;
    cells.id = field_at(record, &contacts->id);
    cells.person = field_at(record, &contacts->person);
    cells.zone = field_at(record, &contacts->zone);
    cells.country = field_at(record, &contacts->country);
    cells.columns = contacts->columns;
    cells.count = contacts->column_count;
    for (size_t i = 0; i < cells.count; i++)
        cells.numbers[i] = field_at(record, &contacts->columns[i]);
    write_record(contacts, record);
    return make(contacts, &cells, out, err);
}

/* ---- from objects ---- */

/* A member as text: an integer by its digits; absent or null: empty. */
static od_span member_text(od_contacts *contacts, const od_value *object, const char *name, od_contact *out) {
    const od_value *member = name == NULL ? NULL : od_value_get(object, name);
    if (member == NULL || od_value_type(member) == OD_TYPE_NULL)
        return (od_span){.at = "", .length = 0};
    if (od_value_type(member) == OD_TYPE_STRING)
        return (od_span){.at = od_value_string(member), .length = od_value_length(member)};
    if (od_value_type(member) != OD_TYPE_INTEGER) {
        reject(contacts, out, "%s: expected a string or an integer, got %s", name, od__value_type_name(member));
        return (od_span){.at = "", .length = 0};
    }
    char *digits = contacts->integers[contacts->integer_count++];
    int length = snprintf(digits, OD_SPELLED_INTEGER_BYTES, "%lld", (long long)od_value_integer(member));
    return (od_span){.at = digits, .length = (size_t)length};
}

static od_status write_object(od_contacts *contacts, const od_value *object, od_error *err) {
    od__buffer_truncate(&contacts->data, 0);
    return od__value_write(object, &contacts->data, err);
}

od_status od__contacts_object(od_contacts *contacts, const od_value *object, od_contact *out, od_error *err) {
    *out = (od_contact){.reason = NULL};
    contacts->integer_count = 0;
    od_contact_cells cells;
    cells.id = member_text(contacts, object, contacts->id.name, out);
    cells.person = member_text(contacts, object, contacts->person.name, out);
    cells.zone = member_text(contacts, object, contacts->zone.name, out);
    cells.country = member_text(contacts, object, contacts->country.name, out);
    cells.columns = contacts->columns;
    cells.count = contacts->column_count;
    for (size_t i = 0; i < cells.count; i++)
        cells.numbers[i] = member_text(contacts, object, cells.columns[i].name, out);
    od_status status = write_object(contacts, object, err);
    return status == OD_OK ? make(contacts, &cells, out, err) : status;
}

/* "/numbers/0/column: expected ...", as a row's reason says it. */
static void reject_shape(od_contacts *contacts, od_contact *out, const od_error *why) {
    reject(contacts, out, "%s%s%s", why->path[0] == '/' ? why->path + 1 : why->path, why->path[0] != '\0' ? ": " : "",
           why->message);
}

od_status od__contacts_given(od_contacts *contacts, const od_value *given, od_contact *out, od_error *err) {
    *out = (od_contact){.reason = NULL};
    contacts->integer_count = 0;
    od_value_unref(contacts->given);
    contacts->given = od__value_copy(given);
    if (contacts->given == NULL)
        return od__error_no_memory(err);
    od_error why = OD_ERROR_INIT;
    od_status status = od__contacts_check_given(contacts->given, &why);
    if (status == OD_OUT_OF_MEMORY)
        return od__error_no_memory(err);
    if (status != OD_OK) {
        reject_shape(contacts, out, &why);
        return OD_OK;
    }
    const od_value *numbers = od_value_get(contacts->given, "numbers"), *data = od_value_get(contacts->given, "data");
    od_contact_column columns[OD_LIMIT_CONTACT_NUMBERS];
    od_contact_cells cells = {.columns = columns, .count = od_value_length(numbers)};
    cells.id = member_text(contacts, contacts->given, "id", out);
    cells.person = member_text(contacts, contacts->given, "person", out);
    cells.zone = member_text(contacts, contacts->given, "zones", out);
    cells.country = member_text(contacts, contacts->given, "country", out);
    for (size_t i = 0; i < cells.count; i++) {
        const od_value *number = od_value_at(numbers, i);
        od_span column = member_text(contacts, number, "column", out);
        columns[i] = (od_contact_column){.name = column.at, .length = column.length, .index = OD_NO_COLUMN};
        cells.numbers[i] = member_text(contacts, number, "number", out);
    }
    if (data != NULL) {
        status = write_object(contacts, data, err);
    } else {
        od__buffer_truncate(&contacts->data, 0);
        od__buffer_add_text(&contacts->data, "{}");
    }
    return status == OD_OK ? make(contacts, &cells, out, err) : status;
}
