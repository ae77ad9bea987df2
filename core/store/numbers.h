/* store/numbers: a contact's numbers as its row keeps them: [["mobile","+12065550100","US"],...], written by od__enlist_numbers.
 * Read in place: every call reads them several times. */
#ifndef OD_STORE_NUMBERS_H
#define OD_STORE_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "import/phone.h"

#pragma GCC visibility push(hidden)

typedef struct od_number_entry {
    const char *column;              /* as JSON, with its quotes; borrowed */
    size_t column_length;
    char number[OD_E164_BYTES], country[OD_COUNTRY_BYTES]; /* country "": of none */
} od_number_entry;

/* Reads the entry at *at and moves it on; at first it is at the beginning. False at the end, and where there is no entry. */
bool od__numbers_next(const char **at, od_number_entry *out);
/* Reads entry `index` (from 1). False: there is none. */
bool od__numbers_at(const char *numbers, int64_t index, od_number_entry *out);
/* Whether all of it can be read, to its end. */
bool od__numbers_whole(const char *numbers);

#pragma GCC visibility pop
#endif
