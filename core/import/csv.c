#include "import/csv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/limits.h"
#include "base/memory.h"
#include "base/utf8.h"

#define FIRST_TEXT_BYTES 1024
#define FIRST_FIELDS 16
#define DELIMITERS ",;\t|"   /* the first of those that stand equally often wins */
#define DELIMITER_COUNT 4

typedef enum state {
    AT_START,         /* between records */
    IN_COMMENT,
    AT_FIELD,
    IN_PLAIN,
    IN_QUOTES,
    AFTER_QUOTE,      /* the quoted field ends here, unless another quote follows */
} state;

/* The first record's bytes, kept until its end shows which delimiter there is; and the byte order mark before it. */
typedef struct csv_head {
    char *data;
    size_t used, capacity, done;
    size_t counts[DELIMITER_COUNT];
    bool in_quotes, in_comment, line_has_bytes, complete;
} csv_head;

struct od_csv {
    od_csv_options options;
    state state;
    bool breaks[256];      /* bytes at which a run of plain ones ends */
    char line_end;         /* the byte before, if it ended a line: a LF after CR belongs to it; else 0 */
    char delimiter;
    int64_t line;
    size_t width;          /* of the first record */
    int64_t quote_row;     /* where the quoted field under way begins */
    csv_head head;
    char *text;            /* the fields of the record, each followed by a NUL */
    size_t used, capacity;
    size_t field_start;
    od_span *fields;       /* their lengths; where they are is known when the record is whole */
    size_t field_capacity;
    od_csv_record record;
    char reason[OD_ROW_REASON_BYTES];
};

od_csv *od__csv_new(const od_csv_options *options) {
    od_csv *csv = od__calloc(1, sizeof *csv);
    if (csv == NULL)
        return NULL;
    csv->options = *options;
    csv->line = 1;
    csv->text = od__alloc(FIRST_TEXT_BYTES);
    csv->capacity = FIRST_TEXT_BYTES;
    csv->fields = od__calloc(FIRST_FIELDS, sizeof *csv->fields);
    csv->field_capacity = FIRST_FIELDS;
    if (csv->text == NULL || csv->fields == NULL) {
        od__csv_free(csv);
        return NULL;
    }
    csv->breaks['"'] = csv->breaks['\r'] = csv->breaks['\n'] = csv->breaks['\0'] = true;
    return csv;
}

void od__csv_free(od_csv *csv) {
    if (csv == NULL)
        return;
    od__free(csv->head.data);
    od__free(csv->text);
    od__free(csv->fields);
    od__free(csv);
}

char od__csv_delimiter(const od_csv *csv) {
    return csv->delimiter;
}

/* The first complaint about a record stands. */
static void complain(od_csv *csv, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void complain(od_csv *csv, const char *format, ...) {
    if (csv->record.error != NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(csv->reason, sizeof csv->reason, format, arguments);
    va_end(arguments);
    csv->record.error = csv->reason;
}

/* Makes a block of bytes hold at least `needed` of them. */
static bool reserve(char **block, size_t *capacity, size_t needed) {
    if (needed <= *capacity)
        return true;
    size_t larger = *capacity;
    while (larger < needed)
        larger *= 2;
    char *moved = od__realloc(*block, larger);
    if (moved == NULL)
        return false;
    *block = moved;
    *capacity = larger;
    return true;
}

/* ---- a record in pieces ---- */

static size_t column(const od_csv *csv) {
    return csv->record.count + 1;
}

/* What is beyond a limit is dropped: its record is bad already. */
static bool append(od_csv *csv, const char *bytes, size_t length) {
    if (csv->record.count == OD_LIMIT_ROW_FIELDS)
        return true;
    size_t room = OD_LIMIT_ROW_FIELD_BYTES - (csv->used - csv->field_start);
    if (length > room) {
        complain(csv, "column %zu is longer than %u bytes%s", column(csv), OD_LIMIT_ROW_FIELD_BYTES,
                 csv->state == IN_QUOTES ? ": is the quote that opens it never closed?" : "");
        length = room;
    }
    room = OD_LIMIT_ROW_BYTES - csv->used;
    if (length > room) {
        complain(csv, "the row is longer than %u bytes", OD_LIMIT_ROW_BYTES);
        length = room;
    }
    if (!reserve(&csv->text, &csv->capacity, csv->used + length + 1))
        return false;
    memcpy(csv->text + csv->used, bytes, length);
    csv->used += length;
    return true;
}

static bool end_field(od_csv *csv) {
    size_t count = csv->record.count;
    if (count == OD_LIMIT_ROW_FIELDS) {
        complain(csv, "more than %d columns", OD_LIMIT_ROW_FIELDS);
        return true;
    }
    if (count == csv->field_capacity) {
        od_span *fields = od__realloc(csv->fields, 2 * count * sizeof *fields);
        if (fields == NULL)
            return false;
        csv->fields = fields;
        csv->field_capacity = 2 * count;
    }
    if (!reserve(&csv->text, &csv->capacity, csv->used + 1))
        return false;
    csv->fields[count].length = csv->used - csv->field_start;
    csv->text[csv->used++] = '\0';
    csv->field_start = csv->used;
    csv->record.count++;
    return true;
}

static void begin_record(od_csv *csv) {
    csv->used = csv->field_start = 0;
    csv->record = (od_csv_record){.row = csv->line, .number = csv->record.number + 1};
    csv->state = AT_FIELD;
}

/* The NUL after each field also keeps two halves of a character in two fields apart. */
static void check_utf8(od_csv *csv) {
    if (od__utf8_is_valid(csv->text, csv->used))
        return;
    size_t bad = 0;
    while (bad < csv->record.count && od__utf8_is_valid(csv->fields[bad].at, csv->fields[bad].length))
        bad++;
    complain(csv, "column %zu is not UTF-8", bad + 1);
}

/* A quote in the wrong place takes whole rows with it: the complaint says which. */
static void tell_rows(od_csv *csv) {
    if (csv->record.error == NULL || csv->record.last_row == csv->record.row)
        return;
    size_t length = strlen(csv->reason);
    (void)snprintf(csv->reason + length, sizeof csv->reason - length, " (rows %lld to %lld)", (long long)csv->record.row,
                   (long long)csv->record.last_row);
}

static bool end_record(od_csv *csv, od_csv_record *out) {
    if (!end_field(csv))
        return false;
    const char *at = csv->text;
    for (size_t i = 0; i < csv->record.count; i++) {
        csv->fields[i].at = at;
        at += csv->fields[i].length + 1;
    }
    if (csv->record.number == 1)
        csv->width = csv->record.count;
    else if (csv->options.same_width && csv->record.count != csv->width)
        complain(csv, "expected %zu column%s, got %zu", csv->width, csv->width == 1 ? "" : "s", csv->record.count);
    check_utf8(csv);
    csv->record.fields = csv->fields;
    csv->record.last_row = csv->line;
    tell_rows(csv);
    csv->state = AT_START;
    *out = csv->record;
    return true;
}

/* ---- the grammar ---- */

/* Counts a line end once, CR LF too. */
static void count_line(od_csv *csv, char byte) {
    if (byte == '\r' || csv->line_end != '\r')
        csv->line++;
    csv->line_end = byte;
}

static const char *plain_run(const od_csv *csv, const char *at, const char *end) {
    while (at < end && !csv->breaks[(unsigned char)*at])
        at++;
    return at;
}

/* Between records: line ends are empty lines here, or the second half of one. */
static const char *skip_to_record(od_csv *csv, const char *at) {
    if (*at == '\n' || *at == '\r') {
        count_line(csv, *at);
        return at + 1;
    }
    csv->line_end = 0;
    if (csv->options.comment != 0 && *at == csv->options.comment)
        csv->state = IN_COMMENT;
    else
        begin_record(csv);
    return at;
}

static const char *skip_comment(od_csv *csv, const char *at, const char *end) {
    while (at < end && *at != '\n' && *at != '\r')
        at++;
    if (at < end)
        csv->state = AT_START;
    return at;
}

/* Whether byte ends the field under way; if it does, moves on. */
static bool ends_field(od_csv *csv, char byte, bool *ok) {
    if (byte != csv->delimiter)
        return false;
    *ok = end_field(csv);
    csv->state = AT_FIELD;
    return true;
}

static const char *read_plain(od_csv *csv, const char *at, const char *end, bool *ok) {
    const char *stop = plain_run(csv, at, end);
    if (stop > at && !append(csv, at, (size_t)(stop - at))) {
        *ok = false;
        return stop;
    }
    if (stop == end || *stop == '\n' || *stop == '\r' || ends_field(csv, *stop, ok))
        return stop < end && csv->state == AT_FIELD ? stop + 1 : stop;
    if (*stop == '"')
        complain(csv, "a quote inside column %zu, which does not begin with one", column(csv));
    else
        complain(csv, "a NUL byte in column %zu", column(csv));
    *ok = append(csv, stop, 1);
    return stop + 1;
}

static const char *read_quoted(od_csv *csv, const char *at, const char *end, bool *ok) {
    const char *stop = at;
    while (stop < end && *stop != '"') {
        if (*stop == '\n' || *stop == '\r')
            count_line(csv, *stop);
        else
            csv->line_end = 0;
        if (*stop == '\0')
            complain(csv, "a NUL byte in column %zu", column(csv));
        stop++;
    }
    *ok = append(csv, at, (size_t)(stop - at));
    if (stop == end)
        return stop;
    csv->line_end = 0;
    csv->state = AFTER_QUOTE;
    return stop + 1;
}

static const char *read_after_quote(od_csv *csv, const char *at, bool *ok) {
    if (*at == '"') {
        *ok = append(csv, at, 1);
        csv->state = IN_QUOTES;
        return at + 1;
    }
    if (ends_field(csv, *at, ok))
        return at + 1;
    if (*at != '\n' && *at != '\r')
        complain(csv, "text after the closing quote of column %zu", column(csv));
    csv->state = IN_PLAIN;
    return at;
}

static od_csv_event parse(od_csv *csv, const char **at, const char *end, od_csv_record *out) {
    bool ok = true;
    const char *now = *at;
    while (now < end && ok) {
        switch (csv->state) {
        case AT_START: now = skip_to_record(csv, now); break;
        case IN_COMMENT: now = skip_comment(csv, now, end); break;
        case AT_FIELD:
            csv->state = *now == '"' ? IN_QUOTES : IN_PLAIN;
            csv->quote_row = csv->line;
            now += *now == '"';
            break;
        case IN_PLAIN:
            if (*now == '\n' || *now == '\r') {
                if (!end_record(csv, out)) {
                    ok = false;
                    break;
                }
                count_line(csv, *now);
                *at = now + 1;
                return OD_CSV_RECORD;
            }
            now = read_plain(csv, now, end, &ok);
            break;
        case IN_QUOTES: now = read_quoted(csv, now, end, &ok); break;
        case AFTER_QUOTE: now = read_after_quote(csv, now, &ok); break;
        }
    }
    *at = now;
    return ok ? OD_CSV_MORE : OD_CSV_NO_MEMORY;
}

/* ---- the head of the file ---- */

static void count_delimiter(csv_head *head, char byte) {
    const char *found = byte == '\0' ? NULL : strchr(DELIMITERS, byte);
    if (found != NULL)
        head->counts[found - DELIMITERS]++;
}

/* A line ended outside of quotes: the first one that is neither empty nor a comment is the first record. */
static void end_head_line(csv_head *head) {
    head->complete = head->line_has_bytes && !head->in_comment;
    if (!head->complete)
        memset(head->counts, 0, sizeof head->counts);
    head->line_has_bytes = head->in_comment = false;
}

static void look_at_head_byte(csv_head *head, char byte, char comment) {
    if (!head->in_quotes && (byte == '\n' || byte == '\r')) {
        end_head_line(head);
        return;
    }
    if (!head->line_has_bytes && comment != 0 && byte == comment)
        head->in_comment = true;
    head->line_has_bytes = true;
    if (head->in_comment)
        return;
    if (byte == '"')
        head->in_quotes = !head->in_quotes;
    else if (!head->in_quotes)
        count_delimiter(head, byte);
}

static const char mark[] = "\xef\xbb\xbf";
#define MARK_BYTES 3

/* Takes bytes up to the end of the first record; false when memory runs out. */
static bool gather_head(od_csv *csv, const char **at, const char *end) {
    csv_head *head = &csv->head;
    const char *now = *at;
    size_t before = head->used;
    while (now < end && !head->complete) {
        size_t offset = before + (size_t)(now - *at);
        bool is_mark = offset < MARK_BYTES && *now == mark[offset];
        if (!is_mark)
            look_at_head_byte(head, *now, csv->options.comment);
        now++;
        if (offset + 1 == OD_LIMIT_ROW_BYTES)
            head->complete = true;
    }
    size_t length = (size_t)(now - *at);
    if (head->capacity == 0 && length > 0) {
        head->data = od__alloc(FIRST_TEXT_BYTES);
        if (head->data == NULL)
            return false;
        head->capacity = FIRST_TEXT_BYTES;
    }
    if (!reserve(&head->data, &head->capacity, head->used + length))
        return false;
    if (length > 0)
        memcpy(head->data + head->used, *at, length);
    head->used += length;
    *at = now;
    return true;
}

static void settle_head(od_csv *csv) {
    csv_head *head = &csv->head;
    size_t best = 0;
    for (size_t i = 1; i < DELIMITER_COUNT; i++) {
        if (head->counts[i] > head->counts[best])
            best = i;
    }
    csv->delimiter = csv->options.delimiter != 0 ? csv->options.delimiter : DELIMITERS[best];
    csv->breaks[(unsigned char)csv->delimiter] = true;
    if (head->used >= MARK_BYTES && memcmp(head->data, mark, MARK_BYTES) == 0)
        head->done = MARK_BYTES;
}

static od_csv_event parse_head(od_csv *csv, od_csv_record *out) {
    csv_head *head = &csv->head;
    if (head->data == NULL)
        return OD_CSV_MORE;
    const char *at = head->data + head->done;
    od_csv_event event = parse(csv, &at, head->data + head->used, out);
    head->done = (size_t)(at - head->data);
    if (event == OD_CSV_MORE) {
        od__free(head->data);
        head->data = NULL;
    }
    return event;
}

od_csv_event od__csv_read(od_csv *csv, const char **at, const char *end, od_csv_record *out) {
    if (csv->delimiter == 0) {
        if (!gather_head(csv, at, end))
            return OD_CSV_NO_MEMORY;
        if (!csv->head.complete)
            return OD_CSV_MORE;
        settle_head(csv);
    }
    od_csv_event event = parse_head(csv, out);
    return event == OD_CSV_MORE ? parse(csv, at, end, out) : event;
}

od_csv_event od__csv_finish(od_csv *csv, od_csv_record *out) {
    if (csv->delimiter == 0)
        settle_head(csv);
    od_csv_event event = parse_head(csv, out);
    if (event != OD_CSV_MORE || csv->state == AT_START || csv->state == IN_COMMENT)
        return event;
    if (csv->state == IN_QUOTES) {
        csv->line -= csv->line_end != 0; /* no line follows the last line end */
        csv->record.error = NULL; /* whatever else seemed wrong comes from it */
        complain(csv, "the quote that opens column %zu in row %lld is not closed: it takes in the rest of the file",
                 column(csv), (long long)csv->quote_row);
    }
    return end_record(csv, out) ? OD_CSV_RECORD : OD_CSV_NO_MEMORY;
}
