#include "heap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct heap_block {
    heap_block *next;
};

struct heap_slab {
    heap_slab *next;
    size_t unused; /* what is cut from it lies at multiples of HEAP_STEP_BYTES */
};

/* A sanitizer is to see every block. */
#if defined(__SANITIZE_ADDRESS__)
static bool is_small(size_t bytes) {
    (void)bytes;
    return false;
}
#else
static bool is_small(size_t bytes) {
    return bytes > 0 && bytes <= HEAP_SMALL_BYTES;
}
#endif

static size_t list_of(size_t bytes) {
    return (bytes - 1) / HEAP_STEP_BYTES;
}

static void put(heap *self, void *block, size_t bytes) {
    heap_block *freed = block;
    freed->next = self->free[list_of(bytes)];
    self->free[list_of(bytes)] = freed;
}

/* What is left of the slab before is cut up for the lists. */
static bool add_slab(heap *self) {
    heap_slab *slab = malloc(HEAP_SLAB_BYTES);
    if (!slab)
        return false;
    while (self->rest_bytes > 0) {
        size_t bytes = self->rest_bytes < HEAP_SMALL_BYTES ? self->rest_bytes : HEAP_SMALL_BYTES;
        put(self, self->rest, bytes);
        self->rest += bytes;
        self->rest_bytes -= bytes;
    }
    slab->next = self->slabs;
    self->slabs = slab;
    self->rest = (char *)(slab + 1);
    self->rest_bytes = HEAP_SLAB_BYTES - sizeof(*slab);
    return true;
}

static void *take(heap *self, size_t bytes) {
    heap_block *block = self->free[list_of(bytes)];
    if (block) {
        self->free[list_of(bytes)] = block->next;
        __builtin_prefetch(block->next); /* swept long ago, and wanted soon */
        return block;
    }
    size_t whole = (list_of(bytes) + 1) * HEAP_STEP_BYTES;
    if (self->rest_bytes < whole && !add_slab(self))
        return NULL;
    void *cut = self->rest;
    self->rest += whole;
    self->rest_bytes -= whole;
    return cut;
}

static void give_back(heap *self, void *block, size_t bytes) {
    if (is_small(bytes))
        put(self, block, bytes);
    else
        free(block);
}

/* From one size to another of which at least one is small. */
static void *move(heap *self, void *block, size_t old_bytes, size_t new_bytes) {
    void *moved = is_small(new_bytes) ? take(self, new_bytes) : malloc(new_bytes);
    if (!moved)
        return NULL;
    memcpy(moved, block, old_bytes < new_bytes ? old_bytes : new_bytes);
    give_back(self, block, old_bytes);
    return moved;
}

void *heap_allocate(void *context, void *block, size_t old_bytes, size_t new_bytes) {
    heap *self = context;
    if (!block) /* old_bytes says what for */
        return is_small(new_bytes) ? take(self, new_bytes) : new_bytes > 0 ? malloc(new_bytes) : NULL;
    if (new_bytes == 0) {
        give_back(self, block, old_bytes);
        return NULL;
    }
    if (!is_small(old_bytes) && !is_small(new_bytes))
        return realloc(block, new_bytes);
    if (is_small(old_bytes) && is_small(new_bytes) && list_of(old_bytes) == list_of(new_bytes))
        return block;
    return move(self, block, old_bytes, new_bytes);
}

void heap_clear(heap *self) {
    while (self->slabs) {
        heap_slab *slab = self->slabs;
        self->slabs = slab->next;
        free(slab);
    }
    *self = (heap){ .slabs = NULL };
}
