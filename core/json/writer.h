/* json/writer: JSON text in pieces, gathered on the stack before they go to a buffer; for rooms that write part of the
 * text themselves. What is written raw is not checked. */
#ifndef OD_JSON_WRITER_H
#define OD_JSON_WRITER_H

#include "base/buffer.h"
#include <outdial.h>

#pragma GCC visibility push(hidden)

#define OD_JSON_CHUNK_BYTES 1024

typedef struct od_json_writer {
    od_buffer *out;
    size_t used;
    char chunk[OD_JSON_CHUNK_BYTES];
} od_json_writer;

/* Starts writing to out (borrowed until od__json_end). */
void od__json_begin(od_json_writer *writer, od_buffer *out);
/* Writes bytes as they are. Failures are remembered by out. */
void od__json_raw(od_json_writer *writer, const char *bytes, size_t length);
/* Writes text (UTF-8) as a JSON string. */
void od__json_string(od_json_writer *writer, const char *text, size_t length);
void od__json_integer(od_json_writer *writer, int64_t integer);
/* Writes a value. Errors: out_of_memory (value NULL; what the buffer lacks is told by it), internal (nested deeper than any
 * value that was parsed: built as a loop). */
od_status od__json_value(od_json_writer *writer, const od_value *value, od_error *err);
/* Hands everything to the buffer and wipes the stack. */
void od__json_end(od_json_writer *writer);

#pragma GCC visibility pop

#endif
