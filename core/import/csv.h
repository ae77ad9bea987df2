/* import/csv: bytes in any chunking to records of fields (RFC 4180, and what spreadsheets make of it); it opens no file and
 * knows no column's meaning. A record that cannot be read is handed over with the reason, and the next one is read on. */
#ifndef OD_IMPORT_CSV_H
#define OD_IMPORT_CSV_H

#include <outdial.h>
#include "import/span.h"

#pragma GCC visibility push(hidden)

#define OD_ROW_REASON_BYTES 256

typedef struct od_csv od_csv;

typedef struct od_csv_options {
    char delimiter;      /* 0: whichever of , ; tab | stands most often in the first record, outside of quotes */
    char comment;        /* a line that begins with it is left out; 0: none is */
    bool same_width;     /* every record must have as many fields as the first */
} od_csv_options;

typedef struct od_csv_record {
    int64_t row;             /* the line of the file on which it begins, from 1 */
    int64_t last_row;        /* the line on which it ends: a quoted field may hold line ends */
    int64_t number;          /* of the record, from 1; empty lines and comments are none */
    const od_span *fields;   /* each followed by a NUL; what could be read of a record that has an error */
    size_t count;
    const char *error;       /* NULL: the record is good */
} od_csv_record;

typedef enum od_csv_event {
    OD_CSV_MORE,         /* the bytes are used up (at the end of the file: nothing is left) */
    OD_CSV_RECORD,
    OD_CSV_NO_MEMORY,    /* nothing more can be read */
} od_csv_event;

/* Makes a parser; NULL when memory runs out. */
od_csv *od__csv_new(const od_csv_options *options);
void od__csv_free(od_csv *csv);
/* Reads from *at up to end, at most one record; moves *at past what it took, which need not be offered again. The record
 * lives until the next call. Call it until it wants more. */
od_csv_event od__csv_read(od_csv *csv, const char **at, const char *end, od_csv_record *out);
/* Says that no byte follows; call it until it wants more. */
od_csv_event od__csv_finish(od_csv *csv, od_csv_record *out);
/* Returns the delimiter in use, once the first record was read. */
char od__csv_delimiter(const od_csv *csv);

#pragma GCC visibility pop
#endif
