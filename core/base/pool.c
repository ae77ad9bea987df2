#include "base/pool.h"

#include <stdbool.h>

#include "base/memory.h"

/* In front of each block. */
typedef union head {
    struct {
        od_pool *pool;
        union head *next; /* of those that nobody uses */
    };
    max_align_t align;
} head;

struct od_pool {
    size_t block_bytes, most_kept;
    size_t kept, in_use;
    head *first;
    bool freed;
};

/* A sanitizer is to see each use of a block as one of its own. */
#if defined(__SANITIZE_ADDRESS__)
static const bool keeps = false;
#else
static const bool keeps = true;
#endif

od_pool *od__pool_new(size_t block_bytes, size_t most_kept) {
    od_pool *pool = od__calloc(1, sizeof *pool);
    if (pool == NULL) return NULL;
    pool->block_bytes = block_bytes;
    pool->most_kept = keeps ? most_kept : 0;
    return pool;
}

void *od__pool_take(od_pool *pool) {
    head *block = pool->first;
    if (block != NULL) {
        pool->first = block->next;
        pool->kept--;
    } else {
        block = od__alloc(sizeof *block + pool->block_bytes);
        if (block == NULL) return NULL;
        block->pool = pool;
    }
    pool->in_use++;
    return block + 1;
}

void od__pool_give(void *given) {
    head *block = (head *)given - 1;
    od_pool *pool = block->pool;
    pool->in_use--;
    if (!pool->freed && pool->kept < pool->most_kept) {
        block->next = pool->first;
        pool->first = block;
        pool->kept++;
        return;
    }
    od__free(block);
    if (pool->freed && pool->in_use == 0) od__free(pool);
}

void od__pool_free(od_pool *pool) {
    if (pool == NULL) return;
    for (head *block; (block = pool->first) != NULL;) {
        pool->first = block->next;
        od__free(block);
    }
    pool->kept = 0;
    pool->freed = true;
    if (pool->in_use == 0) od__free(pool);
}
