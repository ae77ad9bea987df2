#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "import_rig.h"

#define VECTORS "tests/vectors/import"
#define FILE_BYTES (1u << 20)

static char current[200], directory[64];

const char *import_text(const od_value *row, const char *key) {
    return od_value_string(od_value_get(row, key));
}

static size_t slurp(const char *path, char *out) {
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        fail_msg("%s cannot be read", path);
    size_t length = fread(out, 1, FILE_BYTES, stream);
    fclose(stream);
    assert_true(length < FILE_BYTES);
    out[length] = '\0';
    return length;
}

static od_value *rows_of(const char *file, size_t least) {
    static char text[FILE_BYTES];
    char path[256];
    snprintf(path, sizeof path, VECTORS "/%s.json", file);
    size_t length = slurp(path, text);
    od_error err = OD_ERROR_INIT;
    od_value *whole = NULL;
    if (od_value_parse(text, length, &whole, &err) != OD_OK)
        fail_msg("%s: %s", path, err.message);
    od_value *rows = od_value_ref(od_value_get(whole, "cases"));
    od_value_unref(whole);
    assert_true(od_value_length(rows) >= least);
    return rows;
}

static void begin_row(const char *file, const od_value *row) {
    snprintf(current, sizeof current, "%s: %s", file, import_text(row, "name"));
}

void import_each(const char *file, size_t least, void (*run)(const od_value *row)) {
    od_value *rows = rows_of(file, least);
    for (size_t i = 0; i < od_value_length(rows); i++) {
        begin_row(file, od_value_at(rows, i));
        run(od_value_at(rows, i));
    }
    current[0] = '\0';
    od_value_unref(rows);
}

int import_tell_row(void **state) {
    (void)state;
    if (current[0] != '\0')
        print_message("           the row was %s\n", current);
    current[0] = '\0';
    return 0;
}

static unsigned nibble(char digit) {
    return (unsigned)(digit >= 'a' ? digit - 'a' + 10 : digit - '0');
}

const char *import_bytes(const od_value *row, size_t *length) {
    static char bytes[1 << 16];
    const od_value *text = od_value_get(row, "text");
    const char *hex = import_text(row, "hex");
    if (text != NULL) {
        *length = od_value_length(text);
        assert_true(*length < sizeof bytes);
        return memcpy(bytes, od_value_string(text), *length);
    }
    assert_non_null(hex);
    *length = strlen(hex) / 2;
    assert_true(*length < sizeof bytes);
    for (size_t i = 0; i < *length; i++)
        bytes[i] = (char)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    return bytes;
}

const char *import_path(const char *name) {
    static char path[400];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

const char *import_write_file(const char *name, const char *bytes, size_t length) {
    FILE *stream = fopen(import_path(name), "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, length, stream), length);
    assert_int_equal(fclose(stream), 0);
    return import_path(name);
}

const char *import_write_text(const char *name, const char *text) {
    return import_write_file(name, text, strlen(text));
}

const char *import_read_file(const char *name) {
    static char text[FILE_BYTES];
    slurp(import_path(name), text);
    return text;
}

int import_make_directory(void **state) {
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/outdial-import-XXXXXX");
    return mkdtemp(directory) != NULL ? 0 : -1;
}

int import_remove_directory(void **state) {
    (void)state;
    DIR *open = opendir(directory);
    if (open == NULL)
        return -1;
    for (struct dirent *entry = readdir(open); entry != NULL; entry = readdir(open)) {
        if (entry->d_name[0] != '.')
            (void)unlink(import_path(entry->d_name));
    }
    closedir(open);
    return rmdir(directory);
}

void import_assert_error(const od_error *err, const char *expected) {
    char line[1024];
    od_error_format(err, line, sizeof line);
    assert_string_equal(line, expected);
}
