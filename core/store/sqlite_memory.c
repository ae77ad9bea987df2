/* Where SQLite has its memory from, in a program of our own. Each statement asks for the same few sizes, and gives them back at
 * its end; as many builds have it, without the store of small blocks that SQLite has for that. So each thread keeps some of
 * each size. */
#include <pthread.h>
#include <sqlite3.h>
#include <stddef.h>
#include <string.h>

#include "base/memory.h"
#include "store/database.h"

#define STEP_BYTES 64
#define SIZES 32                   /* of so many steps and fewer are kept */
#define KEPT 32                    /* of each size */

typedef struct block {
    size_t bytes;                  /* of it, from `next` on: what SQLite is given */
    struct block *next;            /* while it is kept */
} block;

#define HEAD_BYTES offsetof(block, next)

static _Thread_local struct {
    block *first;
    size_t count;
} kept[SIZES];
static _Thread_local bool ends_known; /* that the thread frees them at its end */
static pthread_key_t at_end;

static block *block_of(void *memory) {
    return (block *)((char *)memory - HEAD_BYTES);
}

static void free_kept(void *unused) {
    (void)unused;
    for (size_t i = 0; i < SIZES; i++) {
        for (block *first; (first = kept[i].first) != NULL; od__free(first))
            kept[i].first = first->next;
        kept[i].count = 0;
    }
}

static bool knows_end(void) {
    if (!ends_known)
        ends_known = pthread_setspecific(at_end, kept) == 0;
    return ends_known;
}

static void *take(int bytes) {
    size_t steps = ((size_t)bytes + STEP_BYTES - 1) / STEP_BYTES;
    block *taken = steps > 0 && steps <= SIZES ? kept[steps - 1].first : NULL;
    if (taken != NULL) {
        kept[steps - 1].first = taken->next;
        kept[steps - 1].count--;
        return &taken->next;
    }
    taken = od__alloc(HEAD_BYTES + steps * STEP_BYTES);
    if (taken == NULL)
        return NULL;
    taken->bytes = steps * STEP_BYTES;
    return &taken->next;
}

static void give_back(void *memory) {
    if (memory == NULL)
        return;
    block *given = block_of(memory);
    size_t index = given->bytes / STEP_BYTES - 1;
    if (index >= SIZES || kept[index].count == KEPT || !knows_end()) {
        od__free(given);
        return;
    }
    given->next = kept[index].first;
    kept[index].first = given;
    kept[index].count++;
}

static int size_of(void *memory) {
    return memory != NULL ? (int)block_of(memory)->bytes : 0;
}

static void *resize(void *memory, int bytes) {
    size_t had = block_of(memory)->bytes;
    if ((size_t)bytes <= had)
        return memory;
    void *wider = take(bytes);
    if (wider == NULL)
        return NULL;
    memcpy(wider, memory, had);
    give_back(memory);
    return wider;
}

static int round_up(int bytes) {
    return (bytes + 7) & ~7;
}

static int begin(void *unused) {
    (void)unused;
    return pthread_key_create(&at_end, free_kept) == 0 ? SQLITE_OK : SQLITE_NOMEM;
}

static void end(void *unused) {
    (void)unused;
    pthread_key_delete(at_end);
}

void od__database_own_process(void) {
    static const sqlite3_mem_methods methods = {
        .xMalloc = take, .xFree = give_back, .xRealloc = resize, .xSize = size_of, .xRoundup = round_up, .xInit = begin,
        .xShutdown = end,
    };
    /* Either is refused once SQLite is in use: then it goes on as it was. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}
