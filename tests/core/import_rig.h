/* import_rig: what the tests of core/import share: rows of tests/vectors/import, bytes, temporary files. */
#ifndef TESTS_CORE_IMPORT_RIG_H
#define TESTS_CORE_IMPORT_RIG_H

#include "json/value.h"

/* Calls run for each of the `cases` of tests/vectors/import/FILE.json; there are at least `least`. */
void import_each(const char *file, size_t least, void (*run)(const od_value *row));
const char *import_text(const od_value *row, const char *key);
/* A teardown: tells which row was under way if its test has failed. */
int import_tell_row(void **state);
/* The bytes of `text`, or of `hex`, of a row; static, and where they end. */
const char *import_bytes(const od_value *row, size_t *length);
/* A file of the test's own directory with these bytes; static path. */
const char *import_write_file(const char *name, const char *bytes, size_t length);
const char *import_write_text(const char *name, const char *text);
const char *import_path(const char *name);
/* What a file of it holds; static. */
const char *import_read_file(const char *name);
int import_make_directory(void **state);
int import_remove_directory(void **state);
/* Fails unless the error reads like that. */
void import_assert_error(const od_error *err, const char *expected);

#endif
