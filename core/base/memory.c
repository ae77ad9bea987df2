#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/spares.h"

/* Of each thread its own, as engines are: counting must not become a race between them. */
static _Thread_local size_t fail_in;
static _Thread_local size_t made;

static int fails(void) {
    made++;
    if (fail_in == 0) return 0;
    return --fail_in == 0;
}

void *od__alloc(size_t bytes) {
    return fails() ? NULL : od__spares_take(bytes);
}

void *od__calloc(size_t count, size_t bytes) {
    if (fails()) return NULL;
    if (count == 0 || bytes == 0) return calloc(1, 1);
    return calloc(count, bytes);
}

void *od__realloc(void *block, size_t bytes) {
    if (fails()) return NULL;
    return realloc(block, bytes > 0 ? bytes : 1);
}

void od__free(void *block) {
    od__spares_give(block);
}

char *od__strdup(const char *text) {
    return od__strndup(text, strlen(text));
}

char *od__strndup(const char *text, size_t length_bytes) {
    if (length_bytes == SIZE_MAX) return NULL;
    char *copy = od__alloc(length_bytes + 1);
    if (copy == NULL) return NULL;
    if (length_bytes > 0) memcpy(copy, text, length_bytes);
    copy[length_bytes] = '\0';
    return copy;
}

size_t od__memory_fail_at(size_t n) {
    size_t count = made;
    made = 0;
    fail_in = n;
    return count;
}
