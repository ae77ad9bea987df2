/* vector_rows: the rows of the files below tests/vectors/vendors, as the programs that run them share them: each is one
 * test. `options` beside `cases` are the client options of all rows of a file that have none of their own. */
#ifndef TESTS_CORE_VECTOR_ROWS_H
#define TESTS_CORE_VECTOR_ROWS_H

#include "json/value.h"
#include "vendors/vendors.h"

#define VECTOR_ROWS 4096
#define VECTOR_ALLOCATIONS 5000  /* more than any row makes */

typedef struct vector_row {
    const od_vendor *vendor;
    const od_operation *operation;  /* NULL: a file of the vendor's */
    const char *file;
    const od_value *options, *value;
    char name[256];
} vector_row;

extern vector_row vector_rows[VECTOR_ROWS];
extern size_t vector_row_count;

/* Loads VENDOR/FILE.json, or VENDOR/OPERATION/FILE.json; a file that is not there has no rows. */
void vector_rows_load(const od_vendor *vendor, const od_operation *operation, const char *file);
void vector_rows_free(void);

const char *vector_text(const od_value *object, const char *key);
/* As compact JSON; to be freed with od_text_free. */
char *vector_json(const od_value *value);
/* Compare as JSON text, and as od_error_format writes it. */
void assert_json_equal(const od_value *got, const od_value *expected);
void assert_error_text(const od_error *err, const char *expected);
/* The row's client options, checked; new. */
od_value *vector_options(const vector_row *row);

#endif
