/* The verb `import`: a list of any length into a campaign, in slices, so that other verbs go between.
 *
 * Rows are sorted by id outside the database first, then merged into the contacts in the order of their ids, and at last
 * their numbers into the numbers in the order of those: every index is filled from one end to the other. Each slice is a
 * transaction of its own. After a crash a part is in the store, and importing the list again ends right: what is there
 * already counts as unchanged, and numbers are added for every row of the list, not only for what is new. */
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "import/file.h"
#include "store/campaign.h"
#include "store/enlist.h"
#include "store/importing.h"
#include "store/journal.h"
#include "store/sorter.h"
#include "store/verbs.h"

#define READ_ROWS 5000           /* of one slice */
#define MERGE_ROWS 5000
#define MERGE_NUMBERS 20000
#define NUMBER_BYTES 64          /* a number, its NUL and a row id */
#define REJECTED_TOLD 10         /* rows of which the result says why they were rejected: for people, who see by them what is wrong */
#define PENDING_BYTES 262144     /* of records after which they do not wait for more */

enum { READING, MERGING, NUMBERING };

typedef struct import {
    int phase;
    int64_t campaign_id;
    od_import_file *file;
    od_sorter *contacts, *numbers;
    od_buffer record;            /* reused for each row */
    od_importing *progress;
    od_value *rejected;          /* the first of them: { row, why } each */
    int64_t enlisted[3], repeated, shared;
    char last_id[OD_LIMIT_CONTACT_ID_BYTES + 1];
    char last_number[OD_E164_BYTES];
    int64_t last_contact;        /* that has last_number */
    bool last_shared;
    bool last_looked_for;        /* another contact may have had it before this slice */
    bool others;                 /* have numbers behind those that this slice began with */

    size_t pending_count;        /* records, or numbers, that wait for others; none between slices */
    od_buffer pending;           /* records, one behind the other */
    size_t pending_ends[OD_ENLIST_MANY];
    char pending_numbers[OD_ENLIST_MANY][OD_E164_BYTES];
    int64_t pending_contacts[OD_ENLIST_MANY];
} import;

void od__import_free(void *state) {
    import *self = state;
    if (self == NULL)
        return;
    if (self->progress != NULL)
        atomic_store(&self->progress->over, true);
    od__importing_release(self->progress);
    od__import_file_close(self->file);
    od_value_unref(self->rejected);
    od__sorter_free(self->contacts);
    od__sorter_free(self->numbers);
    od__buffer_clear(&self->record);
    od__buffer_clear(&self->pending);
    od__free(self);
}

/* ---- opening ---- */

static od_status open_file(import *self, const od_value *params, od_error *err) {
    const char *format = od__param_text(params, "format"), *delimiter = od__param_text(params, "delimiter");
    const od_import_options options = {
        .path = od__param_text(params, "path"), .is_jsonl = format != NULL && strcmp(format, "jsonl") == 0,
        .delimiter = delimiter != NULL ? delimiter[0] : '\0', .map = od_value_get(params, "map"),
        .reject_path = od__param_text(params, "reject_path"),
    };
    return od__import_file_open(&options, &self->file, err);
}

static od_status make(od_work *work, const od_value *params, import **out, od_error *err) {
    const char *path = od__database_path(work->database);
    import *self = od__calloc(1, sizeof(*self));
    *out = self;
    if (self == NULL)
        return od__error_no_memory(err);
    od__buffer_init(&self->record, OD_LIMIT_SORTED_BYTES);
    od__buffer_init(&self->pending, PENDING_BYTES + OD_LIMIT_SORTED_BYTES);
    self->rejected = od_value_new_array();
    od_status status = self->rejected != NULL ? od__param_campaign(work, params, &self->campaign_id, err)
                                              : od__error_no_memory(err);
    if (status == OD_OK)
        status = open_file(self, params, err);
    if (status == OD_OK)
        status = od__sorter_new(path, &self->contacts, err);
    if (status == OD_OK)
        status = od__sorter_new(path, &self->numbers, err);
    if (status != OD_OK)
        return status;
    self->progress = od__importing_new(self->campaign_id);
    if (self->progress == NULL)
        return od__error_no_memory(err);
    self->progress->bytes_total = od__import_file_progress(self->file)->bytes_total;
    od__importing_release(work->core->importing);
    work->core->importing = od__importing_hold(self->progress);
    return OD_OK;
}

/* ---- rows to records ---- */

/* A record is texts, each with its NUL: the id, which is the key; person, country and zones, with a byte before them that
 * says whether they are there; numbers as the contact's row has them; data; and each number by itself. */
static void add_text(od_buffer *record, const char *text, size_t length) {
    od__buffer_add(record, text, length);
    od__buffer_add_byte(record, '\0');
}

static void add_optional(od_buffer *record, const char *text, size_t length) {
    od__buffer_add_byte(record, text != NULL ? '+' : '-');
    add_text(record, text != NULL ? text : "", text != NULL ? length : 0);
}

static od_status tell_rejected(void *context, int64_t row, const char *reason, od_error *err) {
    const import *self = context;
    od_maker maker;
    if (od__import_file_progress(self->file)->rejected > REJECTED_TOLD)
        return OD_OK;
    od__make(&maker, err);
    od__make_integer(&maker, "row", row);
    od__make_text(&maker, "why", reason);
    return od__made_into(&maker, self->rejected);
}

static od_status stage(void *context, int64_t row, const od_contact *contact, od_error *err) {
    (void)row;
    import *self = context;
    od_buffer *record = &self->record;
    od__buffer_truncate(record, 0);
    add_text(record, contact->id.at, contact->id.length);
    size_t key_length = record->length;
    add_optional(record, contact->person.at, contact->person.length);
    add_optional(record, contact->country, contact->country != NULL ? strlen(contact->country) : 0);
    add_optional(record, contact->zones.at, contact->zones.length);
    od__enlist_numbers(contact, record);
    od__buffer_add_byte(record, '\0');
    add_text(record, contact->data.at, contact->data.length);
    for (size_t i = 0; i < contact->number_count; i++)
        add_text(record, contact->numbers[i].phone.e164, strlen(contact->numbers[i].phone.e164));
    if (record->over_limit) {
        od__buffer_clear(record);
        od__import_file_reject(self->file, "the row is too long");
        return OD_OK;
    }
    if (record->failed)
        return od__error_no_memory(err);
    return od__sorter_add(self->contacts, record->data, record->length, key_length, err);
}

static od_status read_slice(import *self, od_error *err) {
    const od_import_sink sink = { .contact = stage, .reject = tell_rejected, .context = self };
    bool done = false;
    od_status status = od__import_file_step(self->file, READ_ROWS, &sink, &done, err);
    const od_import_progress *progress = od__import_file_progress(self->file);
    self->progress->bytes_done = progress->bytes_done;
    self->progress->rows = progress->rows;
    if (status == OD_OK && done) {
        self->phase = MERGING;
        status = od__sorter_sort(self->contacts, err);
    }
    return status;
}

/* ---- records to contacts ---- */

static const char *next_text(const char **at) {
    const char *text = *at;
    *at += strlen(text) + 1;
    return text;
}

static const char *next_optional(const char **at) {
    bool is_there = *(*at)++ == '+';
    const char *text = next_text(at);
    return is_there ? text : NULL;
}

static od_status stage_number(import *self, const char *number, int64_t contact_id, od_error *err) {
    char record[NUMBER_BYTES];
    size_t length = strlen(number) + 1;
    memcpy(record, number, length);
    for (int shift = 56; shift >= 0; shift -= 8)
        record[length++] = (char)((uint64_t)contact_id >> shift & 0xff); /* first byte first: sorts as a number */
    return od__sorter_add(self->numbers, record, length, length, err);
}

/* Leaves *at where the numbers begin. */
static od_enlisting read_record(const char **at) {
    od_enlisting row = { .external = next_text(at) };
    row.person = next_optional(at);
    row.country = next_optional(at);
    row.zones = next_optional(at);
    row.numbers = next_text(at);
    row.data = next_text(at);
    return row;
}

static od_status enlist_pending(od_work *work, import *self, const od_enlisting *rows, od_enlisted *how, int64_t *ids,
                                od_error *err) {
    od_status status = OD_OK;
    if (self->pending_count == OD_ENLIST_MANY)
        return od__enlist_rows(work, self->campaign_id, rows, how, ids, err);
    for (size_t i = 0; i < self->pending_count && status == OD_OK; i++)
        status = od__enlist_row(work, self->campaign_id, &rows[i], &how[i], &ids[i], err);
    return status;
}

static od_status stage_numbers(import *self, const char *at, const char *end, int64_t contact_id, od_error *err) {
    od_status status = OD_OK;
    while (at < end && status == OD_OK)
        status = stage_number(self, next_text(&at), contact_id, err);
    return status;
}

static od_status merge_pending(od_work *work, import *self, od_error *err) {
    od_enlisting rows[OD_ENLIST_MANY];
    od_enlisted how[OD_ENLIST_MANY];
    int64_t ids[OD_ENLIST_MANY];
    const char *numbers[OD_ENLIST_MANY], *records = self->pending.data;
    size_t count = self->pending_count;
    for (size_t i = 0; i < count; i++) {
        numbers[i] = records + (i > 0 ? self->pending_ends[i - 1] : 0);
        rows[i] = read_record(&numbers[i]);
    }
    od_status status = enlist_pending(work, self, rows, how, ids, err);
    for (size_t i = 0; i < count && status == OD_OK; i++) {
        self->enlisted[how[i]]++;
        status = stage_numbers(self, numbers[i], records + self->pending_ends[i], ids[i], err);
    }
    self->pending_count = 0;
    od__buffer_truncate(&self->pending, 0);
    return status;
}

/* What was sorted last lives until the next is asked for. */
static od_status merge_contact(od_work *work, import *self, const od_sorted *sorted, od_error *err) {
    if (strcmp(sorted->bytes, self->last_id) == 0) { /* never empty */
        self->repeated++;
        return OD_OK;
    }
    memcpy(self->last_id, sorted->bytes, strlen(sorted->bytes) + 1);
    od__buffer_add(&self->pending, sorted->bytes, sorted->length);
    if (self->pending.failed)
        return od__error_no_memory(err);
    self->pending_ends[self->pending_count++] = self->pending.length;
    return self->pending_count == OD_ENLIST_MANY || self->pending.length > PENDING_BYTES ? merge_pending(work, self, err) : OD_OK;
}

static od_status merge_slice(od_work *work, import *self, od_error *err) {
    od_status status = OD_OK;
    bool end = false;
    for (size_t i = 0; i < MERGE_ROWS && status == OD_OK && !end; i++) {
        od_sorted record;
        status = od__sorter_next(self->contacts, &record, &end, err);
        if (status == OD_OK && !end) {
            status = merge_contact(work, self, &record, err);
            self->progress->merged++;
        }
    }
    if (status == OD_OK)
        status = merge_pending(work, self, err);
    if (status != OD_OK || !end)
        return status;
    od__sorter_free(self->contacts);
    self->contacts = NULL;
    self->phase = NUMBERING;
    return od__sorter_sort(self->numbers, err);
}

/* ---- numbers ---- */

/* Whether another contact of the store has the number that was added last. */
static od_status look_who_has(od_work *work, import *self, od_error *err) {
    if (self->last_shared || self->last_number[0] == '\0' || !self->last_looked_for)
        return OD_OK;
    od_query query;
    od__query(&query, work->database, err, "SELECT 1 FROM number WHERE number = ?1 AND contact_id <> ?2 LIMIT 1", "ti",
              self->last_number, self->last_contact);
    self->last_shared = od__query_row(&query);
    return od__query_end(&query);
}

/* Numbers come in order: where none stands behind the last one, nobody has one of those to come. */
static od_status look_for_others(od_work *work, import *self, od_error *err) {
    od_query query;
    od__query(&query, work->database, err, "SELECT 1 FROM number WHERE number > ?1 LIMIT 1", "t", self->last_number);
    self->others = od__query_row(&query);
    self->last_looked_for = true;
    return od__query_end(&query);
}

static od_status end_number(od_work *work, import *self, od_error *err) {
    od_status status = look_who_has(work, self, err);
    self->shared += self->last_shared ? 1 : 0;
    self->last_shared = false;
    self->last_looked_for = self->others;
    return status;
}

static od_status add_pending(od_work *work, import *self, od_error *err) {
    od_status status = OD_OK;
    const char *numbers[OD_ENLIST_MANY];
    for (size_t i = 0; i < self->pending_count; i++)
        numbers[i] = self->pending_numbers[i];
    if (self->pending_count == OD_ENLIST_MANY)
        status = od__enlist_numbers_of(work, numbers, self->pending_contacts, err);
    for (size_t i = 0; i < self->pending_count && self->pending_count < OD_ENLIST_MANY && status == OD_OK; i++)
        status = od__enlist_number(work, numbers[i], self->pending_contacts[i], err);
    self->pending_count = 0;
    return status;
}

static od_status merge_number(od_work *work, import *self, const od_sorted *sorted, od_error *err) {
    const char *number = sorted->bytes;
    size_t length = strlen(number) + 1;
    int64_t contact_id = 0;
    for (const char *at = number + length, *end = number + sorted->length; at < end; at++)
        contact_id = (int64_t)((uint64_t)contact_id << 8 | (unsigned char)*at);
    od_status status = OD_OK;
    if (strcmp(number, self->last_number) != 0) {
        status = end_number(work, self, err);
        memcpy(self->last_number, number, length);
    } else {
        self->last_shared = true;
    }
    self->last_contact = contact_id;
    memcpy(self->pending_numbers[self->pending_count], number, length);
    self->pending_contacts[self->pending_count++] = contact_id;
    return status == OD_OK && self->pending_count == OD_ENLIST_MANY ? add_pending(work, self, err) : status;
}

static od_status number_slice(od_work *work, import *self, bool *done, od_error *err) {
    od_status status = look_for_others(work, self, err);
    bool end = false;
    for (size_t i = 0; i < MERGE_NUMBERS && status == OD_OK && !end; i++) {
        od_sorted record;
        status = od__sorter_next(self->numbers, &record, &end, err);
        if (status == OD_OK && !end)
            status = merge_number(work, self, &record, err);
    }
    if (status == OD_OK)
        status = add_pending(work, self, err);
    if (status == OD_OK && end)
        status = end_number(work, self, err);
    *done = status == OD_OK && end;
    return status;
}

/* ---- the verb ---- */

static od_status journal_import(od_work *work, const import *self, const char *path, const od_value *made, od_error *err) {
    od_maker maker;
    od_value *data = NULL;
    char *text = NULL;
    od__make(&maker, err);
    od__make_text(&maker, "path", path);
    od__make_value(&maker, "result", od_value_ref(made));
    od_status status = od__made(&maker, &data);
    if (status == OD_OK)
        status = od_value_format(data, &text, NULL, err);
    const od_entry entry = { .campaign_id = self->campaign_id, .event = "imported", .data = text };
    if (status == OD_OK)
        status = od__journal(work, &entry, err);
    od_text_free(text);
    od_value_unref(data);
    return status;
}

static od_status finish(od_work *work, const import *self, const od_value *params, od_value **result, od_error *err) {
    const od_import_progress *progress = od__import_file_progress(self->file);
    od_maker maker;
    od__make(&maker, err);
    od__make_integer(&maker, "rows", progress->rows);
    od__make_integer(&maker, "added", self->enlisted[OD_ENLISTED_ADDED]);
    od__make_integer(&maker, "updated", self->enlisted[OD_ENLISTED_UPDATED]);
    od__make_integer(&maker, "unchanged", self->enlisted[OD_ENLISTED_UNCHANGED]);
    od__make_integer(&maker, "repeated", self->repeated);
    od__make_integer(&maker, "rejected", progress->rejected);
    od__make_integer(&maker, "numbers_left_out", progress->notes);
    od__make_integer(&maker, "shared_numbers", self->shared);
    if (progress->rejected > 0)
        od__make_text(&maker, "reject_path", od__param_text(params, "reject_path"));
    od_status status = od__made(&maker, result);
    if (status == OD_OK)
        status = journal_import(work, self, od__param_text(params, "path"), *result, err);
    return status == OD_OK && progress->rejected > 0
               ? od_value_set(*result, "first_rejected", od_value_ref(self->rejected), err)
               : status;
}

od_status od__verb_import(od_work *work, const od_value *params, od_value **result, od_error *err) {
    import *self = *work->state;
    bool done = false;
    od_status status = OD_OK;
    if (self == NULL) {
        status = make(work, params, &self, err);
        *work->state = self; /* freed with the request, whatever comes of it */
    } else {
        switch (self->phase) {
        case READING: status = read_slice(self, err); break;
        case MERGING: status = merge_slice(work, self, err); break;
        default: status = number_slice(work, self, &done, err); break;
        }
    }
    work->again = status == OD_OK && !done;
    work->reads_next = work->again && self->phase == READING;
    if (!work->again && self != NULL && self->progress != NULL)
        atomic_store(&self->progress->over, true);
    return status == OD_OK && done ? finish(work, self, params, result, err) : status;
}
