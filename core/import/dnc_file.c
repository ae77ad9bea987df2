/* A do-not-call list: read to its end, and refused with row numbers if one row is no number (R16). */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "import/contacts_internal.h"
#include "import/file.h"

#define COLUMN_BYTES 256

struct od_dnc_file {
    od_disk_reader reader;
    od_csv *csv;
    char country[OD_COUNTRY_BYTES];   /* "": none */
    bool skip_bad, is_done;
    size_t column;
    bool has_first;                   /* the first record is a row of the list and was not taken yet */
    od_csv_record first;
    od_dnc_report report;
};

static od_status next_record(od_dnc_file *file, od_csv_record *out, bool *is_end, od_error *err) {
    od_disk_reader *reader = &file->reader;
    *is_end = false;
    for (;;) {
        bool was_ended = reader->is_ended;
        od_csv_event event =
            was_ended ? od__csv_finish(file->csv, out) : od__csv_read(file->csv, &reader->at, reader->end, out);
        if (event == OD_CSV_RECORD)
            return OD_OK;
        if (event == OD_CSV_NO_MEMORY)
            return od__error_no_memory(err);
        if (was_ended) {
            *is_end = true;
            return OD_OK;
        }
        od_status status = od__disk_reader_fill(reader, err);
        if (status != OD_OK)
            return status;
    }
}

/* ---- which column ---- */

static od_status find_column(od_dnc_file *file, const char *column, od_error *err) {
    od_nearest nearest = {.wanted = column};
    char names[2][COLUMN_BYTES];   /* the one offered, and the best so far */
    for (size_t i = 0; i < file->first.count; i++) {
        od_span name = od__span_trim(file->first.fields[i]);
        if (name.length == strlen(column) && memcmp(name.at, column, name.length) == 0) {
            file->column = i;
            return OD_OK;
        }
        od__error_clean(names[0], sizeof names[0], name.at, name.length);
        od__nearest_offer(&nearest, names[0]);
        if (nearest.best == names[0])
            nearest.best = memcpy(names[1], names[0], sizeof names[0]);
    }
    bool is_near = nearest.best != NULL;
    return od__error_at(err, OD_VALIDATION, "/do_not_call/column", "%s has no column \"%s\"%s%s%s", file->reader.path, column,
                        is_near ? ", did you mean \"" : "", is_near ? nearest.best : "", is_near ? "\"?" : "");
}

static bool is_called(od_span name, const char *word) {
    return name.length == strlen(word) && strncasecmp(name.at, word, name.length) == 0;
}

static bool has_digit(od_span text) {
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] >= '0' && text.at[i] <= '9')
            return true;
    }
    return false;
}

/* Without a column given. A first record is a header only if no digit of a number could be lost by that. */
static od_status guess_column(od_dnc_file *file, od_error *err) {
    const od_csv_record *first = &file->first;
    size_t found = 0;
    for (size_t i = 0; i < first->count; i++) {
        od_span name = od__span_trim(first->fields[i]);
        if (is_called(name, "number") || is_called(name, "phone")) {
            file->column = i;
            found++;
        }
    }
    if (found == 1)
        return OD_OK;
    if (found == 0 && first->count == 1) {
        file->column = 0;
        file->has_first = has_digit(first->fields[0]);
        return OD_OK;
    }
    return od__error_at(err, OD_VALIDATION, "/do_not_call/column", "%s has %zu columns, %s called \"number\" or \"phone\": "
                        "say which it is with column = ...", file->reader.path, first->count, found == 0 ? "none" : "several");
}

static od_status read_first(od_dnc_file *file, const char *column, od_error *err) {
    bool is_end;
    od_status status = next_record(file, &file->first, &is_end, err);
    if (status != OD_OK || is_end)
        return status; /* an empty list is one that nobody is on */
    if (file->first.error != NULL)
        return od__error_set(err, OD_VALIDATION, "%s row %lld: %s", file->reader.path, (long long)file->first.row,
                             file->first.error);
    return column != NULL ? find_column(file, column, err) : guess_column(file, err);
}

static od_status check_country(od_dnc_file *file, const char *country, od_error *err) {
    if (country == NULL)
        return OD_OK;
    const char *iso = od__phone_country(country, strlen(country));
    if (iso == NULL)
        return od__error_at(err, OD_VALIDATION, "/do_not_call/country",
                            "expected two letters of ISO 3166, such as \"US\", got \"%.40s\"", country);
    memcpy(file->country, iso, sizeof file->country);
    return OD_OK;
}

od_status od__dnc_file_open(const od_dnc_options *options, od_dnc_file **out, od_error *err) {
    static const od_csv_options csv_options = {.comment = '#', .same_width = true};
    *out = NULL;
    od_dnc_file *file = od__calloc(1, sizeof *file);
    if (file == NULL)
        return od__error_no_memory(err);
    file->reader.fd = -1;
    file->skip_bad = options->skip_bad;
    od_status status = check_country(file, options->country, err);
    if (status == OD_OK)
        status = od__disk_reader_open(&file->reader, options->path, err);
    if (status == OD_OK) {
        file->csv = od__csv_new(&csv_options);
        status = file->csv != NULL ? read_first(file, options->column, err) : od__error_no_memory(err);
    }
    if (status != OD_OK) {
        od__dnc_file_close(file);
        return status;
    }
    *out = file;
    return OD_OK;
}

void od__dnc_file_close(od_dnc_file *file) {
    if (file == NULL)
        return;
    od__disk_reader_close(&file->reader);
    od__csv_free(file->csv);
    od__free(file);
}

/* ---- rows ---- */

static void note_bad(od_dnc_file *file, int64_t row, const char *reason) {
    od_dnc_report *report = &file->report;
    if (report->bad < OD_DNC_BAD_ROWS) {
        od_dnc_bad_row *bad = &report->rows[report->bad];
        bad->row = row;
        (void)snprintf(bad->reason, sizeof bad->reason, "%s", reason);
    }
    report->bad++;
}

static od_status take(od_dnc_file *file, const od_csv_record *record, od_dnc_fn each, void *context, od_error *err) {
    if (record->error != NULL) {
        note_bad(file, record->row, record->error);
        return OD_OK;
    }
    od_span text = od__span_trim(record->fields[file->column]);
    od_phone phone = {.country = ""};
    char why[OD_PHONE_REASON_BYTES];
    if (!od__phone_normalise(text.at, text.length, file->country, &phone, why)) {
        note_bad(file, record->row, why);
        return OD_OK;
    }
    file->report.numbers++;
    return each(context, record->row, &phone, err);
}

/* `dnc.csv: 3 rows are no number: 4, 9 and 12; row 4: "555": expected ...`. */
static od_status refuse(const od_dnc_file *file, od_error *err) {
    const od_dnc_report *report = &file->report;
    char rows[OD_DNC_BAD_ROWS * 22] = "";
    size_t used = 0;
    int64_t named = report->bad < OD_DNC_BAD_ROWS ? report->bad : OD_DNC_BAD_ROWS;
    for (int64_t i = 0; i < named; i++)
        used += (size_t)snprintf(rows + used, sizeof rows - used, "%s%lld", i > 0 ? ", " : "", (long long)report->rows[i].row);
    char more[40] = "";
    if (report->bad > named)
        (void)snprintf(more, sizeof more, " and %lld more", (long long)(report->bad - named));
    return od__error_at(err, OD_VALIDATION, "/do_not_call", "%s: %lld %s no number: row%s %s%s; row %lld: %s", file->reader.path,
                        (long long)report->bad, report->bad == 1 ? "row is" : "rows are", report->bad == 1 ? "" : "s", rows, more,
                        (long long)report->rows[0].row, report->rows[0].reason);
}

static od_status end(od_dnc_file *file, od_error *err) {
    od_status status = od__disk_reader_unchanged(&file->reader, err);
    if (status == OD_OK && file->report.bad > 0 && !file->skip_bad)
        status = refuse(file, err);
    file->is_done = status == OD_OK;
    return status;
}

od_status od__dnc_file_step(od_dnc_file *file, size_t max_rows, od_dnc_fn each, void *context, bool *done, od_error *err) {
    od_status status = OD_OK;
    bool is_end = false;
    for (size_t rows = 0; status == OD_OK && !file->is_done && !is_end && rows < max_rows; rows++) {
        od_csv_record record = file->first;
        if (!file->has_first)
            status = next_record(file, &record, &is_end, err);
        file->has_first = false;
        if (status == OD_OK && !is_end)
            status = take(file, &record, each, context, err);
    }
    if (status == OD_OK && is_end)
        status = end(file, err);
    *done = file->is_done;
    return status;
}

const od_dnc_report *od__dnc_file_report(const od_dnc_file *file) {
    return &file->report;
}

const od_file_version *od__dnc_file_version(const od_dnc_file *file) {
    return &file->reader.version;
}
