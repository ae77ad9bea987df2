/* import/file: lists read from files in slices: the only part of the room, with import/disk below it, that touches a file. */
#ifndef OD_IMPORT_FILE_H
#define OD_IMPORT_FILE_H

#include <outdial.h>
#include "import/contacts.h"
#include "import/disk.h"
#include "import/phone.h"

#pragma GCC visibility push(hidden)

/* ---- contacts ---- */

typedef struct od_import_file od_import_file;

typedef struct od_import_options {
    const char *path;
    bool is_jsonl;            /* else CSV */
    char delimiter;           /* 0: found in the first record */
    const od_value *map;      /* as od__contacts_new takes it */
    const char *reject_path;  /* rejected rows are written there as CSV, with row and reason before them; NULL: nowhere */
} od_import_options;

typedef struct od_import_sink {
    /* One good contact (reason NULL). Anything but OD_OK stops the import with it. */
    od_status (*contact)(void *context, int64_t row, const od_contact *contact, od_error *err);
    /* One row that is rejected, whoever rejected it; NULL: not asked for. */
    od_status (*reject)(void *context, int64_t row, const char *reason, od_error *err);
    void *context;
} od_import_sink;

typedef struct od_import_progress {
    int64_t bytes_done, bytes_total;
    int64_t rows;       /* records seen, without the header */
    int64_t rejected;   /* of them */
    int64_t notes;      /* numbers left out of rows that were taken */
} od_import_progress;

/* Opens a list and, for CSV, reads its header. Errors: validation (no such file, a directory, not readable, the map and the
 * header, the delimiter), unavailable (the disk), out_of_memory. */
od_status od__import_file_open(const od_import_options *options, od_import_file **out, od_error *err);
/* Reads up to max_rows rows; *done says that none is left. After any error only od__import_file_close is of use. Errors:
 * what the sink returns, conflict (the file changed while it was read), unavailable (reading, or writing the rejects failed),
 * out_of_memory. */
od_status od__import_file_step(od_import_file *file, size_t max_rows, const od_import_sink *sink, bool *done, od_error *err);
/* Rejects the contact whose call of sink->contact is under way, for a reason of the store's. */
void od__import_file_reject(od_import_file *file, const char *reason);
const od_import_progress *od__import_file_progress(const od_import_file *file);
/* Which file it was, as it was opened. */
const od_file_version *od__import_file_version(const od_import_file *file);
void od__import_file_close(od_import_file *file);

/* ---- do-not-call lists (R16) ---- */

#define OD_DNC_BAD_ROWS 20   /* named; the others are counted */

typedef struct od_dnc_file od_dnc_file;

typedef struct od_dnc_options {
    const char *path;
    const char *country;   /* for national numbers; NULL: none */
    const char *column;    /* NULL: the only one, or the one called "number" or "phone" */
    bool skip_bad;         /* rows that are no number are reported only */
} od_dnc_options;

typedef struct od_dnc_bad_row {
    int64_t row;
    char reason[OD_ROW_REASON_BYTES];
} od_dnc_bad_row;

typedef struct od_dnc_report {
    int64_t numbers;       /* rows that are numbers */
    int64_t bad;           /* rows that are none */
    od_dnc_bad_row rows[OD_DNC_BAD_ROWS];   /* the first of them */
} od_dnc_report;

/* One number of the list. Anything but OD_OK stops the reading with it. */
typedef od_status (*od_dnc_fn)(void *context, int64_t row, const od_phone *phone, od_error *err);

/* Opens a list: one number a line, or CSV; lines that begin with # are left out. Errors: as od__import_file_open, and
 * validation for the column and the country. */
od_status od__dnc_file_open(const od_dnc_options *options, od_dnc_file **out, od_error *err);
/* Reads up to max_rows rows; *done says that none is left. A list with bad rows is read to its end all the same, and then
 * refused: validation, naming rows. So nothing that it said may be used before *done. Errors: as od__import_file_step. */
od_status od__dnc_file_step(od_dnc_file *file, size_t max_rows, od_dnc_fn each, void *context, bool *done, od_error *err);
const od_dnc_report *od__dnc_file_report(const od_dnc_file *file);
const od_file_version *od__dnc_file_version(const od_dnc_file *file);
void od__dnc_file_close(od_dnc_file *file);

#pragma GCC visibility pop
#endif
