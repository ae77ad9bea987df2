/* heap: memory for the program's Lua. A script's tables, strings and closures are small, many and short-lived: hundreds of
 * calls in flight hold theirs at once, and the C library's allocator then spends more on merging and splitting them than
 * Lua on using them. Lua tells the size of what it frees, so that here a block is one step from a list, and one back. */
#ifndef OUTDIAL_HOST_HEAP_H
#define OUTDIAL_HOST_HEAP_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

#define HEAP_STEP_BYTES 16
#define HEAP_SMALL_BYTES 512           /* larger blocks are the C library's */
#define HEAP_SLAB_BYTES (32u * 1024)   /* small ones are cut from these, which stay until the end */

typedef struct heap_block heap_block;
typedef struct heap_slab heap_slab;

/* Zeroed at first. */
typedef struct heap {
    heap_block *free[HEAP_SMALL_BYTES / HEAP_STEP_BYTES];  /* by size: 16, 32, ... */
    heap_slab *slabs;
    char *rest;                                            /* of the latest slab, not cut yet */
    size_t rest_bytes;
} heap;

/* A lua_Alloc; context is a heap. */
void *heap_allocate(void *context, void *block, size_t old_bytes, size_t new_bytes);
/* Gives everything small back to the C library. */
void heap_clear(heap *self);

#pragma GCC visibility pop
#endif
