/* import/contacts_internal: what the two halves of contacts share: contacts_map finds the columns, contacts reads the rows. */
#ifndef OD_IMPORT_CONTACTS_INTERNAL_H
#define OD_IMPORT_CONTACTS_INTERNAL_H

#include "base/buffer.h"
#include "base/limits.h"
#include "import/contacts.h"

#pragma GCC visibility push(hidden)

#define OD_NO_COLUMN SIZE_MAX
#define OD_SPELLED_INTEGER_BYTES 24

/* One column that the map names. */
typedef struct od_contact_column {
    const char *name;   /* borrowed from the map; NULL: it names none */
    size_t length;
    size_t index;       /* in the header; OD_NO_COLUMN where there is no header */
} od_contact_column;

struct od_contacts {
    od_value *map;                 /* checked; NULL for od__contacts_given only */
    od_contact_column id, person, zone, country;
    od_contact_column columns[OD_LIMIT_CONTACT_NUMBERS];   /* the numbers' */
    size_t column_count;
    const char *default_country;   /* in capitals; NULL: none */

    od_buffer keys;                /* each column's `"NAME":`, one after the other */
    size_t *key_lengths;           /* 0: a column without a name */
    size_t key_count;

    /* One contact's memory. */
    od_buffer data, zones;
    char id_text[OD_LIMIT_CONTACT_ID_BYTES + 1], person_text[OD_LIMIT_CONTACT_ID_BYTES + 1];
    od_value *given;               /* a checked copy */
    od_contact_number numbers[OD_LIMIT_CONTACT_NUMBERS];
    od_contact_note notes[OD_LIMIT_CONTACT_NUMBERS];
    char whys[OD_LIMIT_CONTACT_NUMBERS][OD_PHONE_REASON_BYTES];
    char integers[OD_LIMIT_CONTACT_NUMBERS + 4][OD_SPELLED_INTEGER_BYTES];
    size_t integer_count;
    char reason[OD_ROW_REASON_BYTES];
};

/* What one contact is made of, wherever it came from; an empty text is none. */
typedef struct od_contact_cells {
    od_span id, person, zone, country;
    od_span numbers[OD_LIMIT_CONTACT_NUMBERS];
    const od_contact_column *columns;   /* of the numbers */
    size_t count;
} od_contact_cells;

/* A text without the white space around it. */
od_span od__span_trim(od_span text);
/* Checks that a value is `given` as od__contacts_given takes it, in place. Errors: validation, out_of_memory. */
od_status od__contacts_check_given(od_value *given, od_error *err);

#pragma GCC visibility pop
#endif
