/* import/span: a piece of bytes that belongs to someone else. */
#ifndef OD_IMPORT_SPAN_H
#define OD_IMPORT_SPAN_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

typedef struct od_span {
    const char *at;   /* what made it says how long it lives, and whether a NUL follows */
    size_t length;
} od_span;

#pragma GCC visibility pop
#endif
