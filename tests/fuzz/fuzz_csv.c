/* Any bytes as a list: the parsers never do worse than refuse a row; cut in pieces, a list says the same; what is written as
 * rejected reads back as it was; a contact has an id, a number and data that is JSON. The first two bytes choose. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "import/contacts.h"
#include "import/csv.h"
#include "import/jsonl.h"
#include "import/rejects.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
    if (!holds)
        abort();
}

/* All records as one text: what two readings of a list must agree on. */
static void tell(od_buffer *out, const od_csv_record *record) {
    od__buffer_addf(out, "%lld-%lld %lld %zu %s\n", (long long)record->row, (long long)record->last_row,
                    (long long)record->number, record->count, record->error != NULL ? record->error : "");
    for (size_t i = 0; i < record->count; i++) {
        must(record->fields[i].at[record->fields[i].length] == '\0');
        od__buffer_add(out, record->fields[i].at, record->fields[i].length);
        od__buffer_add_byte(out, '\0');
        if (record->error == NULL)
            must(od__utf8_is_valid(record->fields[i].at, record->fields[i].length));
    }
}

static char read_csv(const od_csv_options *options, const char *bytes, size_t size, size_t chunk, od_buffer *out) {
    od_csv *csv = od__csv_new(options);
    must(csv != NULL);
    od_csv_record record;
    od_csv_event event = OD_CSV_MORE;
    for (size_t from = 0; from < size; from += chunk) {
        const char *at = bytes + from, *end = at + (size - from < chunk ? size - from : chunk);
        while ((event = od__csv_read(csv, &at, end, &record)) == OD_CSV_RECORD)
            tell(out, &record);
        must(event == OD_CSV_MORE && at == end);
    }
    while ((event = od__csv_finish(csv, &record)) == OD_CSV_RECORD)
        tell(out, &record);
    must(event == OD_CSV_MORE);
    char delimiter = od__csv_delimiter(csv);
    od__csv_free(csv);
    return delimiter;
}

/* A rejected row, read again, has row and reason before the same fields. */
static void read_rejected(const od_csv_record *record) {
    od_buffer text;
    od__buffer_init(&text, 1u << 24);
    od__rejects_row(&text, ',', record->row, record->error != NULL ? record->error : "a, \"b\"\nc", record->fields, record->count);
    od_csv_options options = {.delimiter = ','};
    od_csv *csv = od__csv_new(&options);
    od_csv_record again;
    const char *at = od__buffer_text(&text);
    must(!text.failed && od__csv_read(csv, &at, at + text.length, &again) == OD_CSV_RECORD);
    must(again.count == record->count + 2);
    for (size_t i = 0; i < record->count; i++) {
        must(again.fields[i + 2].length == record->fields[i].length);
        must(memcmp(again.fields[i + 2].at, record->fields[i].at, record->fields[i].length) == 0);
    }
    od__csv_free(csv);
    od__buffer_clear(&text);
}

static void check_contact(const od_contact *contact) {
    if (contact->reason != NULL) {
        must(contact->reason[0] != '\0' && od__utf8_is_valid(contact->reason, strlen(contact->reason)));
        return;
    }
    od_value *data = NULL;
    must(contact->id.length > 0 && contact->id.length <= OD_LIMIT_CONTACT_ID_BYTES && contact->number_count > 0);
    must(contact->number_count + contact->note_count <= OD_LIMIT_CONTACT_NUMBERS);
    for (size_t i = 0; i < contact->number_count; i++)
        must(od__phone_is_dialable(contact->numbers[i].phone.e164, NULL));
    must(od_value_parse(contact->data.at, contact->data.length, &data, NULL) == OD_OK);
    od_value_unref(data);
}

static void read_contacts(const od_value *map, const char *bytes, size_t size) {
    od_contacts *contacts = NULL;
    od_csv_options options = {.same_width = true};
    od_csv *csv = od__csv_new(&options);
    must(csv != NULL && od__contacts_new(map, &contacts, NULL) == OD_OK);
    od_csv_record record;
    const char *at = bytes, *end = bytes + size;
    bool has_header = false;
    for (;;) {
        od_csv_event event = od__csv_read(csv, &at, end, &record);
        if (event == OD_CSV_MORE)
            event = od__csv_finish(csv, &record);
        if (event != OD_CSV_RECORD)
            break;
        od_error err = OD_ERROR_INIT;
        od_contact contact;
        if (record.count < OD_LIMIT_ROW_FIELDS - 2)
            read_rejected(&record);
        if (!has_header) {
            if (od__contacts_header(contacts, &record, &err) != OD_OK) {
                must(err.code == OD_VALIDATION && err.message[0] != '\0');
                break;
            }
            has_header = true;
        } else if (record.error == NULL) {
            must(od__contacts_record(contacts, &record, &contact, &err) == OD_OK);
            check_contact(&contact);
        }
    }
    od__csv_free(csv);
    od__contacts_free(contacts);
}

static size_t read_lines(const od_value *map, const char *bytes, size_t size, size_t chunk) {
    od_contacts *contacts = NULL;
    od_jsonl *jsonl = od__jsonl_new();
    must(jsonl != NULL && od__contacts_new(map, &contacts, NULL) == OD_OK);
    od_jsonl_line line;
    size_t count = 0;
    for (size_t from = 0; from <= size; from += chunk) {
        const char *at = bytes + from, *end = at + (size - from < chunk ? size - from : chunk);
        bool is_last = size - from < chunk;
        while (od__jsonl_read(jsonl, &at, end, &line) == OD_CSV_RECORD ||
               (is_last && od__jsonl_finish(jsonl, &line) == OD_CSV_RECORD)) {
            od_contact contact;
            count++;
            must((line.error == NULL) == (line.object != NULL));
            if (line.object == NULL)
                continue;
            must(od__contacts_object(contacts, line.object, &contact, NULL) == OD_OK);
            check_contact(&contact);
            must(od__contacts_given(contacts, line.object, &contact, NULL) == OD_OK);
            check_contact(&contact);
        }
    }
    od__jsonl_free(jsonl);
    od__contacts_free(contacts);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char map_text[] = "{\"id\":\"id\",\"person\":\"p\",\"zone\":\"z\",\"country\":\"US\",\"numbers\":[\"n\",\"m\"]}";
    static const char header[] = "id,p,z,n,m\n";
    if (size < 2)
        return 0;
    const char *bytes = (const char *)data + 2;
    size_t length = size - 2, chunk = 1u + data[0] % 64u;
    od_csv_options options = {.same_width = (data[1] & 1) != 0, .comment = (data[1] & 2) != 0 ? '#' : '\0',
                              .delimiter = (data[1] & 4) != 0 ? ';' : '\0'};
    od_buffer whole, pieces;
    od__buffer_init(&whole, 1u << 24);
    od__buffer_init(&pieces, 1u << 24);
    char delimiter = read_csv(&options, bytes, length, length + 1, &whole);
    must(read_csv(&options, bytes, length, chunk, &pieces) == delimiter);
    must(!whole.failed && whole.length == pieces.length);
    must(memcmp(od__buffer_text(&whole), od__buffer_text(&pieces), whole.length) == 0);
    od__buffer_clear(&whole);
    od__buffer_clear(&pieces);

    od_value *map = NULL;
    must(od_value_parse(map_text, sizeof map_text - 1, &map, NULL) == OD_OK);
    read_contacts(map, bytes, length);
    char *with_header = malloc(sizeof header + length);
    must(with_header != NULL);
    memcpy(with_header, header, sizeof header - 1);
    memcpy(with_header + sizeof header - 1, bytes, length);
    read_contacts(map, with_header, sizeof header - 1 + length);
    free(with_header);
    must(read_lines(map, bytes, length, length + 1) == read_lines(map, bytes, length, chunk));
    od_value_unref(map);
    return 0;
}
