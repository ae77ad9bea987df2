/* base/spares: blocks that were given back and wait for their next use, on this thread or another. */
#ifndef OD_BASE_SPARES_H
#define OD_BASE_SPARES_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

/* As malloc and free. Each is a block of malloc's, and may be given to realloc and free as well. */
void *od__spares_take(size_t bytes);
void od__spares_give(void *block);

#pragma GCC visibility pop
#endif
