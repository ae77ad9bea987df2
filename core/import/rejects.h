/* import/rejects: rejected rows as CSV text, with row and reason before what the list said: to be mended and read again. */
#ifndef OD_IMPORT_REJECTS_H
#define OD_IMPORT_REJECTS_H

#include "base/buffer.h"
#include "import/csv.h"

#pragma GCC visibility push(hidden)

/* Append one line each; failures are remembered by out. */
void od__rejects_header(od_buffer *out, char delimiter, const od_span *names, size_t count);
void od__rejects_row(od_buffer *out, char delimiter, int64_t row, const char *reason, const od_span *fields, size_t count);

#pragma GCC visibility pop
#endif
