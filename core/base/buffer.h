/* base/buffer: a byte string that grows up to a named limit and remembers its own failure; not a text formatter.
 *
 * Appending after a failure does nothing, so a run of appends is checked once at its end. */
#ifndef OD_BASE_BUFFER_H
#define OD_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

typedef struct od_buffer {
    char *data;          /* NUL-terminated once anything was appended; may be NULL while empty */
    size_t length;
    size_t capacity;
    size_t limit_bytes;  /* more than this fails */
    bool failed;         /* memory ran out, or the limit was reached */
    bool over_limit;     /* failed, because of the limit */
} od_buffer;

void od__buffer_init(od_buffer *buffer, size_t limit_bytes);
void od__buffer_clear(od_buffer *buffer);  /* frees the bytes; the buffer may be used again */
void od__buffer_wipe(od_buffer *buffer);   /* as clear, after overwriting the bytes: for secrets */
void od__buffer_truncate(od_buffer *buffer, size_t length);
void od__buffer_add(od_buffer *buffer, const void *bytes, size_t length);
void od__buffer_add_text(od_buffer *buffer, const char *text);
void od__buffer_add_byte(od_buffer *buffer, char byte);
void od__buffer_addf(od_buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The bytes as NUL-terminated text; "" while empty; borrowed. */
const char *od__buffer_text(const od_buffer *buffer);
/* Gives the bytes away (od__free them); the buffer is empty afterwards. NULL if failed. */
char *od__buffer_take(od_buffer *buffer);

#pragma GCC visibility pop
#endif
