/* base/memory: the one door to the heap, so that tests can make each allocation fail. Small blocks that were given
 * back are kept for the next that are made, on this thread or another. */
#ifndef OD_BASE_MEMORY_H
#define OD_BASE_MEMORY_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

/* As malloc, calloc, realloc, free; NULL when memory runs out (or a test says so). */
void *od__alloc(size_t bytes);
void *od__calloc(size_t count, size_t bytes);
void *od__realloc(void *block, size_t bytes);
void od__free(void *block);
/* Copies text (NUL-terminated) or length_bytes of it; the copy is NUL-terminated. NULL when memory runs out. */
char *od__strdup(const char *text);
char *od__strndup(const char *text, size_t length_bytes);

/* For tests: the n-th allocation from now on fails (1: the next), 0 turns it off; returns how many were made since the
 * last call. */
size_t od__memory_fail_at(size_t n);

#pragma GCC visibility pop
#endif
