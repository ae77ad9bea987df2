#include "base/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "base/memory.h"
#include "crypto/crypto.h"

#define FIRST_CAPACITY 128

void od__buffer_init(od_buffer *buffer, size_t limit_bytes) {
    *buffer = (od_buffer){ .limit_bytes = limit_bytes };
}

void od__buffer_clear(od_buffer *buffer) {
    od__free(buffer->data);
    od__buffer_init(buffer, buffer->limit_bytes);
}

void od__buffer_wipe(od_buffer *buffer) {
    /* Bytes past the length may be left from before a truncation. */
    if (buffer->data != NULL) od__crypto_wipe(buffer->data, buffer->capacity);
    od__buffer_clear(buffer);
}

void od__buffer_truncate(od_buffer *buffer, size_t length) {
    if (length >= buffer->length) return;
    buffer->length = length;
    buffer->data[length] = '\0';
}

/* Makes room for length more bytes and the NUL. Moves by hand instead of realloc, because realloc may leave a copy of
 * a secret in freed memory where od__buffer_wipe does not reach it. */
static bool reserve(od_buffer *buffer, size_t length) {
    if (buffer->failed) return false;
    size_t limit = buffer->limit_bytes < SIZE_MAX ? buffer->limit_bytes : SIZE_MAX - 1; /* the NUL needs one more */
    if (length > limit || buffer->length > limit - length) {
        buffer->failed = true;
        buffer->over_limit = true;
        return false;
    }
    size_t needed = buffer->length + length + 1;
    if (needed <= buffer->capacity) return true;
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : FIRST_CAPACITY;
    while (capacity < needed) capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    if (capacity > limit + 1) capacity = limit + 1;
    char *data = od__alloc(capacity);
    if (data == NULL) {
        buffer->failed = true;
        return false;
    }
    if (buffer->data != NULL) {
        memcpy(data, buffer->data, buffer->length + 1);
        od__crypto_wipe(buffer->data, buffer->capacity);
        od__free(buffer->data);
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

/* Mostly there is room: a capacity never goes beyond the limit. */
static bool has_room(const od_buffer *buffer, size_t length) {
    return length < buffer->capacity - buffer->length && !buffer->failed;
}

void od__buffer_add(od_buffer *buffer, const void *bytes, size_t length) {
    if (!has_room(buffer, length) && !reserve(buffer, length)) return;
    if (length > 0) memcpy(buffer->data + buffer->length, bytes, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
}

void od__buffer_add_text(od_buffer *buffer, const char *text) {
    od__buffer_add(buffer, text, strlen(text));
}

void od__buffer_add_byte(od_buffer *buffer, char byte) {
    if (!has_room(buffer, 1) && !reserve(buffer, 1)) return;
    buffer->data[buffer->length++] = byte;
    buffer->data[buffer->length] = '\0';
}

void od__buffer_addf(od_buffer *buffer, const char *format, ...) {
    if (buffer->failed) return;
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        buffer->failed = true;
    } else if (reserve(buffer, (size_t)length)) {
        vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, again);
        buffer->length += (size_t)length;
    }
    va_end(again);
}

const char *od__buffer_text(const od_buffer *buffer) {
    return buffer->data != NULL ? buffer->data : "";
}

char *od__buffer_take(od_buffer *buffer) {
    od__buffer_add(buffer, "", 0); /* an empty text is a text too */
    if (buffer->failed) return NULL;
    char *data = buffer->data;
    od__buffer_init(buffer, buffer->limit_bytes);
    return data;
}
