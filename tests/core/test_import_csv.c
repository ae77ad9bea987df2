/* Lists read byte by byte: CSV and JSON lines against tests/vectors/import, in every chunking; their limits; memory that
 * runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/memory.h"
#include "import/csv.h"
#include "import/jsonl.h"
#include "import_rig.h"

#define ALLOCATIONS 200   /* more than any row makes */

/* ---- CSV ---- */

static od_csv *parser_of(const od_value *row) {
    const od_value *given = od_value_get(row, "given");
    const char *delimiter = import_text(given, "delimiter"), *comment = import_text(given, "comment");
    od_csv_options options = {
        .delimiter = delimiter != NULL ? delimiter[0] : '\0',
        .comment = comment != NULL ? comment[0] : '\0',
        .same_width = od_value_boolean(od_value_get(given, "same_width")),
    };
    return od__csv_new(&options);
}

static void assert_fields(const od_csv_record *got, const od_value *expected) {
    const od_value *fields = od_value_get(expected, "fields"), *hex = od_value_get(expected, "hex_fields");
    size_t count = od_value_length(fields != NULL ? fields : hex);
    assert_int_equal(got->count, count);
    for (size_t i = 0; i < count; i++) {
        od_span field = got->fields[i];
        if (fields != NULL) {
            const od_value *text = od_value_at(fields, i);
            assert_int_equal(field.length, od_value_length(text));
            assert_memory_equal(field.at, od_value_string(text), field.length);
        } else {
            char spelled[256] = "";
            for (size_t k = 0; k < field.length; k++)
                snprintf(spelled + 2 * k, sizeof spelled - 2 * k, "%02x", (unsigned char)field.at[k]);
            assert_string_equal(spelled, od_value_string(od_value_at(hex, i)));
        }
        assert_int_equal(field.at[field.length], '\0');
    }
}

static void assert_record(const od_csv_record *got, const od_value *row, size_t number) {
    const od_value *expected = od_value_at(od_value_get(row, "records"), number - 1);
    const od_value *last = od_value_get(expected, "last_row");
    const char *error = import_text(expected, "error");
    assert_non_null(expected);
    assert_string_equal(got->error != NULL ? got->error : "", error != NULL ? error : "");
    assert_int_equal(got->number, number);
    assert_int_equal(got->row, od_value_integer(od_value_get(expected, "row")));
    assert_int_equal(got->last_row, last != NULL ? od_value_integer(last) : got->row);
    assert_fields(got, expected);
}

/* Each piece is a block of its own, so that reading past it shows. Returns false when memory ran out. */
static bool feed(od_csv *csv, const char *bytes, size_t length, size_t chunk, const od_value *row, size_t *seen) {
    od_csv_record record;
    od_csv_event event = OD_CSV_MORE;
    for (size_t from = 0; from < length && event != OD_CSV_NO_MEMORY; from += chunk) {
        size_t size = length - from < chunk ? length - from : chunk;
        char *piece = malloc(size);
        assert_non_null(piece);
        memcpy(piece, bytes + from, size);
        const char *at = piece;
        while ((event = od__csv_read(csv, &at, piece + size, &record)) == OD_CSV_RECORD)
            assert_record(&record, row, ++*seen);
        if (event == OD_CSV_MORE)
            assert_ptr_equal(at, piece + size);
        free(piece);
    }
    while (event != OD_CSV_NO_MEMORY && (event = od__csv_finish(csv, &record)) == OD_CSV_RECORD)
        assert_record(&record, row, ++*seen);
    return event != OD_CSV_NO_MEMORY;
}

static void read_in_every_chunking(const od_value *row) {
    size_t length;
    const char *bytes = import_bytes(row, &length);
    for (size_t chunk = 1; chunk <= length + 1; chunk++) {
        size_t seen = 0;
        od_csv *csv = parser_of(row);
        assert_true(feed(csv, bytes, length, chunk, row, &seen));
        assert_int_equal(seen, od_value_length(od_value_get(row, "records")));
        assert_int_equal(od__csv_delimiter(csv), import_text(row, "delimiter")[0]);
        od__csv_free(csv);
    }
}

static void records_are_read_in_every_chunking(void **state) {
    (void)state;
    import_each("csv", 55, read_in_every_chunking);
}

static void run_out_of_memory(const od_value *row) {
    size_t length;
    const char *bytes = import_bytes(row, &length);
    for (size_t n = 1;; n++) {
        size_t seen = 0;
        assert_true(n < ALLOCATIONS);
        od__memory_fail_at(n);
        od_csv *csv = parser_of(row);
        bool ok = csv != NULL && feed(csv, bytes, length, 5, row, &seen);
        bool was_reached = od__memory_fail_at(0) >= n;
        od__csv_free(csv);
        assert_int_equal(ok, !was_reached);
        if (!was_reached)
            break;
    }
}

static void csv_memory_may_run_out_anywhere(void **state) {
    (void)state;
    import_each("csv", 55, run_out_of_memory);
}

/* ---- limits ---- */

/* Reads `text` whole; the record `number` must have that error (NULL: none), and the one after it must be good. */
static void assert_limited(const char *text, size_t length, int64_t number, const char *error) {
    od_csv_options options = {.delimiter = ','};
    od_csv *csv = od__csv_new(&options);
    od_csv_record record;
    const char *at = text;
    int64_t seen = 0;
    while (od__csv_read(csv, &at, text + length, &record) == OD_CSV_RECORD || od__csv_finish(csv, &record) == OD_CSV_RECORD) {
        seen++;
        assert_int_equal(record.number, seen);
        assert_string_equal(record.error != NULL ? record.error : "", seen == number && error != NULL ? error : "");
    }
    assert_int_equal(seen, number + 1);
    od__csv_free(csv);
}

static void a_field_has_a_limit(void **state) {
    (void)state;
    size_t limit = OD_LIMIT_ROW_FIELD_BYTES;
    char *text = calloc(1, limit + 64);
    for (int over = 0; over <= 1; over++) {
        memset(text, 'x', limit + 64);
        memcpy(text, "a,b\n1,", 6);
        memcpy(text + 6 + limit + (size_t)over, "\n2,3", 5);
        assert_limited(text, strlen(text), 2, over ? "column 2 is longer than 65536 bytes" : NULL);
    }
    free(text);
}

/* The quote is what is to be mended, not the length that it leads to. */
static void a_long_field_in_quotes_is_asked_for_its_quote(void **state) {
    (void)state;
    size_t limit = OD_LIMIT_ROW_FIELD_BYTES;
    char *text = calloc(1, limit + 64);
    memset(text, 'x', limit + 10);
    memcpy(text, "a\n\"", 3);
    memcpy(text + limit + 10, "\"\n2", 4);
    assert_limited(text, strlen(text), 2, "column 1 is longer than 65536 bytes: is the quote that opens it never closed?");
    text[limit + 10] = 'x';
    od_csv_options options = {.delimiter = ','};
    od_csv *csv = od__csv_new(&options);
    od_csv_record record;
    const char *at = text, *end = text + strlen(text);
    assert_int_equal(od__csv_read(csv, &at, end, &record), OD_CSV_RECORD);
    assert_int_equal(od__csv_read(csv, &at, end, &record), OD_CSV_MORE);
    assert_int_equal(od__csv_finish(csv, &record), OD_CSV_RECORD);
    assert_string_equal(record.error, "the quote that opens column 1 in row 2 is not closed: it takes in the rest of the file "
                                      "(rows 2 to 3)");
    od__csv_free(csv);
    free(text);
}

static void a_row_has_a_limit(void **state) {
    (void)state;
    size_t field = 60000;
    char *text = malloc(30 * (field + 1) + 64);
    for (size_t fields = 17; fields <= 18; fields++) {
        size_t length = 0;
        memcpy(text, "a\n", 2);
        length = 2;
        for (size_t i = 0; i < fields; i++) {
            memset(text + length, 'x', field);
            length += field;
            text[length++] = i + 1 < fields ? ',' : '\n';
        }
        memcpy(text + length, "2,3", 3);
        assert_limited(text, length + 3, 2, fields == 18 ? "the row is longer than 1048576 bytes" : NULL);
    }
    free(text);
}

static void a_row_has_so_many_columns(void **state) {
    (void)state;
    for (size_t fields = OD_LIMIT_ROW_FIELDS; fields <= OD_LIMIT_ROW_FIELDS + 1; fields++) {
        char text[2 * OD_LIMIT_ROW_FIELDS + 64] = "a\n";
        memset(text + 2, ',', fields - 1);
        memcpy(text + 2 + fields - 1, "\nb", 3);
        od_csv_options options = {.delimiter = ','};
        od_csv *csv = od__csv_new(&options);
        od_csv_record record;
        const char *at = text, *end = text + strlen(text);
        assert_int_equal(od__csv_read(csv, &at, end, &record), OD_CSV_RECORD);
        assert_int_equal(od__csv_read(csv, &at, end, &record), OD_CSV_RECORD);
        assert_int_equal(record.count, OD_LIMIT_ROW_FIELDS);
        assert_string_equal(record.error != NULL ? record.error : "", fields > OD_LIMIT_ROW_FIELDS ? "more than 512 columns" : "");
        assert_int_equal(od__csv_read(csv, &at, end, &record), OD_CSV_MORE);
        assert_int_equal(od__csv_finish(csv, &record), OD_CSV_RECORD);
        assert_null(record.error);
        od__csv_free(csv);
    }
}

/* What has no line end at all must not be kept whole to look for the delimiter. */
static void a_first_record_without_end_has_a_limit(void **state) {
    (void)state;
    size_t length = OD_LIMIT_ROW_BYTES + 100;
    char *text = malloc(length);
    memset(text, 'x', length);
    od_csv_options options = {.delimiter = '\0'};
    od_csv *csv = od__csv_new(&options);
    od_csv_record record;
    const char *at = text;
    assert_int_equal(od__csv_read(csv, &at, text + length, &record), OD_CSV_MORE);
    assert_int_equal(od__csv_delimiter(csv), ',');
    assert_int_equal(od__csv_finish(csv, &record), OD_CSV_RECORD);
    assert_string_equal(record.error, "column 1 is longer than 65536 bytes");
    assert_int_equal(record.fields[0].length, OD_LIMIT_ROW_FIELD_BYTES);
    od__csv_free(csv);
    free(text);
}

/* ---- JSON lines ---- */

static bool is_memory_scarce;   /* comparing would take the allocation that is to fail */

static void assert_line(const od_jsonl_line *got, const od_value *row, size_t number) {
    const od_value *expected = od_value_at(od_value_get(row, "lines"), number - 1);
    const char *error = import_text(expected, "error");
    assert_non_null(expected);
    assert_string_equal(got->error != NULL ? got->error : "", error != NULL ? error : "");
    assert_int_equal(got->row, od_value_integer(od_value_get(expected, "row")));
    if (error != NULL) {
        assert_null(got->object);
        return;
    }
    if (is_memory_scarce)
        return;
    char *a = NULL, *b = NULL;
    assert_int_equal(od_value_format(got->object, &a, NULL, NULL), OD_OK);
    assert_int_equal(od_value_format(od_value_get(expected, "object"), &b, NULL, NULL), OD_OK);
    assert_string_equal(a, b);
    od_text_free(a);
    od_text_free(b);
}

static bool feed_lines(od_jsonl *jsonl, const char *bytes, size_t length, size_t chunk, const od_value *row, size_t *seen) {
    od_jsonl_line line;
    od_csv_event event = OD_CSV_MORE;
    for (size_t from = 0; from < length && event != OD_CSV_NO_MEMORY; from += chunk) {
        size_t size = length - from < chunk ? length - from : chunk;
        char *piece = malloc(size);
        assert_non_null(piece);
        memcpy(piece, bytes + from, size);
        const char *at = piece;
        while ((event = od__jsonl_read(jsonl, &at, piece + size, &line)) == OD_CSV_RECORD)
            assert_line(&line, row, ++*seen);
        free(piece);
    }
    while (event != OD_CSV_NO_MEMORY && (event = od__jsonl_finish(jsonl, &line)) == OD_CSV_RECORD)
        assert_line(&line, row, ++*seen);
    return event != OD_CSV_NO_MEMORY;
}

static void read_lines_in_every_chunking(const od_value *row) {
    size_t length;
    const char *bytes = import_bytes(row, &length);
    for (size_t chunk = 1; chunk <= length + 1; chunk++) {
        size_t seen = 0;
        od_jsonl *jsonl = od__jsonl_new();
        assert_true(feed_lines(jsonl, bytes, length, chunk, row, &seen));
        assert_int_equal(seen, od_value_length(od_value_get(row, "lines")));
        od__jsonl_free(jsonl);
    }
    for (size_t n = 1;; n++) {
        size_t seen = 0;
        assert_true(n < ALLOCATIONS);
        is_memory_scarce = true;
        od__memory_fail_at(n);
        od_jsonl *jsonl = od__jsonl_new();
        bool ok = jsonl != NULL && feed_lines(jsonl, bytes, length, 5, row, &seen);
        bool was_reached = od__memory_fail_at(0) >= n;
        od__jsonl_free(jsonl);
        is_memory_scarce = false;
        assert_int_equal(ok, !was_reached);
        if (!was_reached)
            break;
    }
}

static void lines_are_read_in_every_chunking(void **state) {
    (void)state;
    import_each("jsonl", 12, read_lines_in_every_chunking);
}

static void a_line_has_a_limit(void **state) {
    (void)state;
    size_t limit = OD_LIMIT_ROW_BYTES;
    char *text = malloc(limit + 64);
    for (int over = 0; over <= 1; over++) {
        for (size_t chunk = 1000; chunk <= limit + 64; chunk += limit) { /* in pieces, and whole */
            size_t length = limit + (size_t)over;
            memset(text, ' ', length);
            memcpy(text, "{}", 2);
            memcpy(text + length, "\n{}\n", 4);
            length += 4;
            od_jsonl *jsonl = od__jsonl_new();
            od_jsonl_line line;
            size_t seen = 0;
            for (size_t from = 0; from < length; from += chunk) {
                const char *at = text + from, *end = text + (length - from < chunk ? length : from + chunk);
                while (od__jsonl_read(jsonl, &at, end, &line) == OD_CSV_RECORD) {
                    seen++;
                    assert_string_equal(line.error != NULL ? line.error : "",
                                        over && seen == 1 ? "the row is longer than 1048576 bytes" : "");
                }
            }
            assert_int_equal(od__jsonl_finish(jsonl, &line), OD_CSV_MORE);
            assert_int_equal(seen, 2);
            od__jsonl_free(jsonl);
        }
    }
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(records_are_read_in_every_chunking, import_tell_row),
        cmocka_unit_test_teardown(csv_memory_may_run_out_anywhere, import_tell_row),
        cmocka_unit_test(a_field_has_a_limit),
        cmocka_unit_test(a_long_field_in_quotes_is_asked_for_its_quote),
        cmocka_unit_test(a_row_has_a_limit),
        cmocka_unit_test(a_row_has_so_many_columns),
        cmocka_unit_test(a_first_record_without_end_has_a_limit),
        cmocka_unit_test_teardown(lines_are_read_in_every_chunking, import_tell_row),
        cmocka_unit_test(a_line_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
