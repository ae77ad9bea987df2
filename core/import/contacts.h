/* import/contacts: a record of a list, or an object, to a contact: which column is the id, which are numbers, what is kept
 * as data. It reads no file and knows no store. */
#ifndef OD_IMPORT_CONTACTS_H
#define OD_IMPORT_CONTACTS_H

#include <outdial.h>
#include "import/csv.h"
#include "import/phone.h"
#include "import/span.h"

#pragma GCC visibility push(hidden)

/* The columns' meaning, and the memory in which contacts are made: one contact at a time. */
typedef struct od_contacts od_contacts;

typedef struct od_contact_number {
    const char *column;   /* its column or member; lives until the next contact is made at least; followed by a NUL */
    size_t column_length;
    od_phone phone;
} od_contact_number;

/* A number that was left out. */
typedef struct od_contact_note {
    const char *column;
    size_t column_length;
    const char *why;      /* `"555": expected ...` */
} od_contact_note;

/* Lives until the next contact is made, or what it was made from goes. Every text is followed by a NUL and has none inside. */
typedef struct od_contact {
    const char *reason;   /* why it is rejected; NULL: it is good, and everything below is filled */
    od_span id;
    od_span person;       /* at NULL: none */
    od_span zones;        /* "A;B"; at NULL: none */
    const char *country;  /* as the list gave it, ISO letters in capitals; NULL: none */
    const od_contact_number *numbers;   /* in the order of the columns named; no number twice; at least one */
    size_t number_count;
    const od_contact_note *notes;
    size_t note_count;
    od_span data;         /* all columns (or `data`) as compact JSON object text */
} od_contact;

/* Checks map, { id, person?, zone?, country?, country_column?, numbers = [ column, ... ] }, and makes an
 * od_contacts; map NULL: for od__contacts_given only. Errors: validation (path below /map), out_of_memory. */
od_status od__contacts_new(const od_value *map, od_contacts **out, od_error *err);
void od__contacts_free(od_contacts *contacts);
/* Finds the columns in the first record of a CSV file; columns without a name are left out of data. Errors: validation (a
 * column that is not there, with "did you mean"; a name that stands twice; path below /map), out_of_memory. */
od_status od__contacts_header(od_contacts *contacts, const od_csv_record *header, od_error *err);
/* Makes a contact from a record without error. Errors: out_of_memory only; a bad record fills out->reason. */
od_status od__contacts_record(od_contacts *contacts, const od_csv_record *record, od_contact *out, od_error *err);
/* Makes a contact from an object with the columns as members. Errors: as od__contacts_record. */
od_status od__contacts_object(od_contacts *contacts, const od_value *object, od_contact *out, od_error *err);
/* Makes a contact from { id, person?, country?, zones?, numbers = [ { column, number } ], data? }. Errors: as
 * od__contacts_record. */
od_status od__contacts_given(od_contacts *contacts, const od_value *given, od_contact *out, od_error *err);

#pragma GCC visibility pop
#endif
