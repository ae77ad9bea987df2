#include "import/file.h"

#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "import/jsonl.h"
#include "import/rejects.h"

#define WAITING_REJECTS_BYTES (256u * 1024)   /* written once there are so many */

struct od_import_file {
    od_disk_reader reader;
    od_disk_writer rejects;
    bool has_rejects;            /* a file for them was asked for */
    od_csv *csv;                 /* one of these two */
    od_jsonl *jsonl;
    od_contacts *contacts;
    od_import_progress progress;
    bool is_done;
    const char *store_reason;    /* why the store rejects the contact it was just given; NULL: it does not */
    char store_reason_text[OD_ROW_REASON_BYTES];
};

/* One row, of either kind of file. */
typedef struct input_row {
    int64_t row;
    const char *error;
    od_csv_record record;
    od_jsonl_line line;
} input_row;

static od_csv_event read_row(od_import_file *file, input_row *out) {
    od_disk_reader *reader = &file->reader;
    od_csv_event event;
    if (file->csv != NULL) {
        event = reader->is_ended ? od__csv_finish(file->csv, &out->record)
                                 : od__csv_read(file->csv, &reader->at, reader->end, &out->record);
        if (event == OD_CSV_RECORD) {
            out->row = out->record.row;
            out->error = out->record.error;
        }
    } else {
        event = reader->is_ended ? od__jsonl_finish(file->jsonl, &out->line)
                                 : od__jsonl_read(file->jsonl, &reader->at, reader->end, &out->line);
        if (event == OD_CSV_RECORD) {
            out->row = out->line.row;
            out->error = out->line.error;
        }
    }
    return event;
}

/* The next row of the file; *is_end says that there is none. */
static od_status next_row(od_import_file *file, input_row *out, bool *is_end, od_error *err) {
    *is_end = false;
    for (;;) {
        bool was_ended = file->reader.is_ended;
        od_csv_event event = read_row(file, out);
        if (event == OD_CSV_RECORD)
            return OD_OK;
        if (event == OD_CSV_NO_MEMORY)
            return od__error_no_memory(err);
        if (was_ended) {
            *is_end = true;
            return OD_OK;
        }
        od_status status = od__disk_reader_fill(&file->reader, err);
        if (status != OD_OK)
            return status;
    }
}

/* ---- opening ---- */

static bool is_utf16(const od_disk_reader *reader) {
    return reader->end - reader->at >= 2 && (memcmp(reader->at, "\xff\xfe", 2) == 0 || memcmp(reader->at, "\xfe\xff", 2) == 0);
}

static od_status check_delimiter(char delimiter, od_error *err) {
    char shown[2] = {delimiter, '\0'};
    if (delimiter == '\0' || (strchr("\"\r\n", delimiter) == NULL && (unsigned char)delimiter < 0x80))
        return OD_OK;
    return od__error_at(err, OD_VALIDATION, "/delimiter", "expected one character, neither a quote nor a line end, got \"%s\"", shown);
}

static od_status make_parsers(od_import_file *file, const od_import_options *options, od_error *err) {
    od_csv_options csv_options = {.delimiter = options->delimiter, .same_width = true};
    if (options->is_jsonl)
        file->jsonl = od__jsonl_new();
    else
        file->csv = od__csv_new(&csv_options);
    if (file->jsonl == NULL && file->csv == NULL)
        return od__error_no_memory(err);
    od_status status = od__disk_reader_fill(&file->reader, err);
    if (status == OD_OK && is_utf16(&file->reader))
        status = od__error_set(err, OD_VALIDATION, "%s is UTF-16: save it as UTF-8", file->reader.path);
    return status;
}

static od_status open_rejects(od_import_file *file, const char *path, const od_span *names, size_t count, od_error *err) {
    if (path == NULL)
        return OD_OK;
    file->has_rejects = true;
    od_status status = od__disk_writer_open(&file->rejects, path, &file->reader.version, err);
    if (status == OD_OK)
        od__rejects_header(&file->rejects.waiting, file->csv != NULL ? od__csv_delimiter(file->csv) : ',', names, count);
    return status;
}

static od_status read_header(od_import_file *file, const char *reject_path, od_error *err) {
    input_row header;
    bool is_end;
    od_status status = next_row(file, &header, &is_end, err);
    if (status != OD_OK)
        return status;
    if (is_end)
        return od__error_set(err, OD_VALIDATION, "%s is empty", file->reader.path);
    status = od__contacts_header(file->contacts, &header.record, err);
    return status == OD_OK ? open_rejects(file, reject_path, header.record.fields, header.record.count, err) : status;
}

od_status od__import_file_open(const od_import_options *options, od_import_file **out, od_error *err) {
    static const od_span line_name = {.at = "line", .length = 4};
    *out = NULL;
    od_import_file *file = od__calloc(1, sizeof *file);
    if (file == NULL)
        return od__error_no_memory(err);
    file->reader.fd = file->rejects.fd = -1;
    od_status status = check_delimiter(options->delimiter, err);
    if (status == OD_OK)
        status = od__contacts_new(options->map, &file->contacts, err);
    if (status == OD_OK)
        status = od__disk_reader_open(&file->reader, options->path, err);
    if (status == OD_OK)
        status = make_parsers(file, options, err);
    if (status == OD_OK)
        status = options->is_jsonl ? open_rejects(file, options->reject_path, &line_name, 1, err)
                                   : read_header(file, options->reject_path, err);
    if (status != OD_OK) {
        od__import_file_close(file);
        return status;
    }
    file->progress.bytes_total = file->reader.version.bytes;
    *out = file;
    return OD_OK;
}

void od__import_file_close(od_import_file *file) {
    if (file == NULL)
        return;
    od__disk_reader_close(&file->reader);
    if (file->has_rejects)
        od__disk_writer_close(&file->rejects);
    od__csv_free(file->csv);
    od__jsonl_free(file->jsonl);
    od__contacts_free(file->contacts);
    od__free(file);
}

/* ---- rows ---- */

static od_status reject(od_import_file *file, const input_row *row, const char *reason, const od_import_sink *sink, od_error *err) {
    file->progress.rejected++;
    if (file->has_rejects && file->csv != NULL) {
        od__rejects_row(&file->rejects.waiting, od__csv_delimiter(file->csv), row->row, reason, row->record.fields,
                        row->record.count);
    } else if (file->has_rejects) {
        od__rejects_row(&file->rejects.waiting, ',', row->row, reason, &row->line.text, 1);
    }
    od_status status = OD_OK;
    if (file->has_rejects && file->rejects.waiting.length >= WAITING_REJECTS_BYTES)
        status = od__disk_writer_flush(&file->rejects, err);
    return status == OD_OK && sink->reject != NULL ? sink->reject(sink->context, row->row, reason, err) : status;
}

void od__import_file_reject(od_import_file *file, const char *reason) {
    od__error_clean(file->store_reason_text, sizeof file->store_reason_text, reason, strlen(reason));
    file->store_reason = file->store_reason_text;
}

static od_status take(od_import_file *file, const input_row *row, const od_import_sink *sink, od_error *err) {
    file->progress.rows++;
    if (row->error != NULL)
        return reject(file, row, row->error, sink, err);
    od_contact contact;
    od_status status = file->csv != NULL ? od__contacts_record(file->contacts, &row->record, &contact, err)
                                         : od__contacts_object(file->contacts, row->line.object, &contact, err);
    if (status != OD_OK)
        return status;
    if (contact.reason != NULL)
        return reject(file, row, contact.reason, sink, err);
    file->store_reason = NULL;
    status = sink->contact(sink->context, row->row, &contact, err);
    if (status != OD_OK)
        return status;
    if (file->store_reason != NULL)
        return reject(file, row, file->store_reason, sink, err);
    file->progress.notes += (int64_t)contact.note_count;
    return OD_OK;
}

static od_status end(od_import_file *file, od_error *err) {
    od_status status = od__disk_reader_unchanged(&file->reader, err);
    if (status == OD_OK && file->has_rejects)
        status = od__disk_writer_finish(&file->rejects, err);
    file->is_done = status == OD_OK;
    return status;
}

od_status od__import_file_step(od_import_file *file, size_t max_rows, const od_import_sink *sink, bool *done, od_error *err) {
    od_status status = OD_OK;
    bool is_end = false;
    for (size_t rows = 0; status == OD_OK && !file->is_done && !is_end && rows < max_rows; rows++) {
        input_row row;
        status = next_row(file, &row, &is_end, err);
        if (status == OD_OK && !is_end)
            status = take(file, &row, sink, err);
    }
    file->progress.bytes_done = file->reader.bytes_read - (file->reader.end - file->reader.at);
    if (status == OD_OK && is_end)
        status = end(file, err);
    else if (status == OD_OK && file->has_rejects && !file->is_done)
        status = od__disk_writer_flush(&file->rejects, err);
    *done = file->is_done;
    return status;
}

const od_import_progress *od__import_file_progress(const od_import_file *file) {
    return &file->progress;
}

const od_file_version *od__import_file_version(const od_import_file *file) {
    return &file->reader.version;
}
