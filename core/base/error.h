/* base/error: filling an od_error; the only place that formats error text. */
#ifndef OD_BASE_ERROR_H
#define OD_BASE_ERROR_H

#include <stdarg.h>
#include <outdial.h>

#pragma GCC visibility push(hidden)

/* Sets code and message if err holds none yet (first writer wins) and returns code; err may be NULL. */
od_status od__error_set(od_error *err, od_status code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* As od__error_set, with the JSON pointer of the parameter complained about. */
od_status od__error_at(od_error *err, od_status code, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
od_status od__error_no_memory(od_error *err);
/* Copies text cleaned for a message: control bytes become spaces, at most out_bytes - 1 bytes, never cutting UTF-8. */
void od__error_clean(char *out, size_t out_bytes, const char *text, size_t length_bytes);
/* Empties an error so that it can be filled anew; keeps size. */
void od__error_clear(od_error *err);
/* The same for memory that was never an error; what its texts hold past their ends stays. */
void od__error_init(od_error *err);

#pragma GCC visibility pop
#endif
