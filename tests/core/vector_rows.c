#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vector_rows.h"

#define VECTORS "tests/vectors/vendors"
#define FILES 1024

vector_row vector_rows[VECTOR_ROWS];
size_t vector_row_count;
static od_value *files[FILES];
static size_t file_count;

const char *vector_text(const od_value *object, const char *key) {
    return od_value_string(od_value_get(object, key));
}

char *vector_json(const od_value *value) {
    char *text = NULL;
    assert_int_equal(od_value_format(value, &text, NULL, NULL), OD_OK);
    return text;
}

void assert_json_equal(const od_value *got, const od_value *expected) {
    char *a = vector_json(got), *b = vector_json(expected);
    assert_string_equal(a, b);
    od_text_free(a);
    od_text_free(b);
}

void assert_error_text(const od_error *err, const char *expected) {
    char line[1024];
    od_error_format(err, line, sizeof line);
    assert_string_equal(line, expected);
}

od_value *vector_options(const vector_row *row) {
    od_value *options = od__value_copy(row->options);
    od_error err = OD_ERROR_INIT;
    if (od__options_validate(row->vendor, options, &err) != OD_OK)
        assert_error_text(&err, "no complaint about the options");
    return options;
}

void vector_rows_load(const od_vendor *vendor, const od_operation *operation, const char *file) {
    char path[512];
    if (operation)
        snprintf(path, sizeof path, VECTORS "/%s/%s/%s.json", vendor->name, operation->name, file);
    else
        snprintf(path, sizeof path, VECTORS "/%s/%s.json", vendor->name, file);
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return;
    static char text[1 << 20];
    size_t length = fread(text, 1, sizeof text, stream);
    fclose(stream);
    od_error err = OD_ERROR_INIT;
    od_value *value = NULL;
    if (length == sizeof text || file_count == sizeof files / sizeof files[0] ||
        od_value_parse(text, length, &value, &err) != OD_OK) {
        fprintf(stderr, "%s: %s\n", path, err.message);
        exit(1);
    }
    files[file_count++] = value;
    const od_value *cases = od_value_get(value, "cases");
    for (size_t i = 0; i < od_value_length(cases) && vector_row_count < VECTOR_ROWS; i++) {
        vector_row *r = &vector_rows[vector_row_count++];
        r->vendor = vendor;
        r->operation = operation;
        r->file = file;
        r->value = od_value_at(cases, i);
        r->options = od_value_get(r->value, "options");
        if (!r->options)
            r->options = od_value_get(value, "options");
        snprintf(r->name, sizeof r->name, "%s%s%s %s: %s", vendor->name, operation ? "." : "",
                 operation ? operation->name : "", file, vector_text(r->value, "name"));
    }
}

void vector_rows_free(void) {
    while (file_count > 0)
        od_value_unref(files[--file_count]);
}
