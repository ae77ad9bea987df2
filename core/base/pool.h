/* base/pool: blocks of one size that are used again. For what is needed all the time and is too large for the allocator's quick
 * lists: there each such block makes it tidy up. One thread at a time. */
#ifndef OD_BASE_POOL_H
#define OD_BASE_POOL_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

typedef struct od_pool od_pool;

/* A pool that keeps at most so many blocks that nobody uses. NULL when memory runs out. */
od_pool *od__pool_new(size_t block_bytes, size_t most_kept);
/* What a block had before is still in it. NULL when memory runs out. */
void *od__pool_take(od_pool *pool);
/* Takes a block back, also after its pool was freed. */
void od__pool_give(void *block);
/* NULL is fine. Blocks that are in use stay good. */
void od__pool_free(od_pool *pool);

#pragma GCC visibility pop
#endif
