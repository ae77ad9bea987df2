#include "base/spares.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

/* Much of what an engine's thread makes is freed by its store's, and the other way round. malloc's own lists for each thread
 * never fit then, and each block is taken and freed under a lock. Here a thread hands blocks of one size to whoever makes
 * some, a whole batch in one atomic step; none waits for another, nor for a lock that a fork has left behind. */

/* A shelf's blocks have 8 bytes, then 24, 40 and so on up to 1016, which malloc rounds up to anyway; then 1544, 2056 and so on
 * up to 8200: there malloc looks for each block among others, and tidies up now and then. */
#define SMALL_SHELVES 64
#define SMALL_STEP 16
#define LARGE_STEP 512
#define LARGE_FIRST 3        /* so many steps has the smallest of them */
#define LARGE_LAST 16
#define SHELVES (SMALL_SHELVES + LARGE_LAST - LARGE_FIRST + 1)
#define BATCH_BYTES 8192
#define BATCH_LEAST 8        /* blocks, however large */
#define HANDED_OVER 16       /* batches of one size that wait for a thread, at most */

typedef struct spare {
    struct spare *next;
} spare;

/* A thread's spares of one size. */
typedef struct shelf {
    spare *first;
    spare *batch;            /* a whole one besides: who frees and makes in turn at its end hands nothing over */
    size_t room;             /* how many blocks `first` takes until it is a batch */
} shelf;

static _Thread_local struct {
    bool cleared_at_end;     /* when the thread ends */
    shelf shelves[SHELVES];
} own;

static _Atomic(spare *) handed_over[SHELVES][HANDED_OVER];
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool has_key;

static size_t block_bytes(size_t number) {
    if (number < SMALL_SHELVES)
        return number * SMALL_STEP + sizeof(spare);
    return (number - SMALL_SHELVES + LARGE_FIRST) * LARGE_STEP + sizeof(spare);
}

static size_t batch_blocks(size_t number) {
    size_t blocks = BATCH_BYTES / block_bytes(number);
    return blocks > BATCH_LEAST ? blocks : BATCH_LEAST;
}

/* The shelf for a block of so many bytes or somewhat more; SHELVES or more: none. */
static size_t shelf_for(size_t bytes) {
    size_t small = bytes / SMALL_STEP + (bytes % SMALL_STEP > sizeof(spare));
    if (small < SMALL_SHELVES)
        return small;
    size_t steps = bytes / LARGE_STEP + (bytes % LARGE_STEP > sizeof(spare));
    return SMALL_SHELVES + (steps > LARGE_FIRST ? steps - LARGE_FIRST : 0);
}

/* The shelf on which a block of so many bytes is large enough; SHELVES or more: none. */
static size_t shelf_of(size_t bytes) {
    size_t small = (bytes - sizeof(spare)) / SMALL_STEP, steps = (bytes - sizeof(spare)) / LARGE_STEP;
    if (small < SMALL_SHELVES)
        return small;
    return steps < LARGE_FIRST ? SHELVES : SMALL_SHELVES + steps - LARGE_FIRST;
}

static void free_spares(spare *first) {
    for (spare *next; first != NULL; first = next) {
        next = first->next;
        free(first);
    }
}

/* What others free later on the thread's way out is cleared in another round. */
static void clear_shelves(void *unused) {
    (void)unused;
    own.cleared_at_end = false;
    for (size_t number = 0; number < SHELVES; number++) {
        free_spares(own.shelves[number].first);
        free_spares(own.shelves[number].batch);
        own.shelves[number] = (shelf){ .room = 0 };
    }
}

static void make_key(void) {
    has_key = pthread_key_create(&key, clear_shelves) == 0;
}

/* Returns whether this thread may have spares. */
static bool may_keep(void) {
    if (!own.cleared_at_end)
        own.cleared_at_end = pthread_once(&once, make_key) == 0 && has_key && pthread_setspecific(key, &own) == 0;
    return own.cleared_at_end;
}

static spare *take_over(size_t number) {
    for (size_t i = 0; i < HANDED_OVER; i++) {
        _Atomic(spare *) *place = &handed_over[number][i];
        spare *batch = atomic_load_explicit(place, memory_order_relaxed);
        if (batch != NULL)
            batch = atomic_exchange_explicit(place, NULL, memory_order_acquire);
        if (batch != NULL)
            return batch;
    }
    return NULL;
}

/* Too many of them go back to where they came from. */
static void hand_over(spare *batch, size_t number) {
    for (size_t i = 0; i < HANDED_OVER; i++) {
        spare *none = NULL;
        if (atomic_compare_exchange_strong_explicit(&handed_over[number][i], &none, batch, memory_order_release,
                                                    memory_order_relaxed))
            return;
    }
    free_spares(batch);
}

/* Returns a block where the shelf has none. */
static void *restock(shelf *on, size_t number) {
    spare *batch = on->batch != NULL || !may_keep() ? on->batch : take_over(number);
    on->batch = NULL;
    if (batch == NULL)
        return malloc(block_bytes(number));
    on->first = batch->next;
    on->room = 1;
    return batch;
}

/* Makes room on a shelf that has none; false: there can be none. */
static bool make_room(shelf *on, size_t number) {
    if (!may_keep())
        return false;
    if (on->first != NULL && on->batch != NULL)
        hand_over(on->batch, number);
    if (on->first != NULL)
        on->batch = on->first;
    on->first = NULL;
    on->room = batch_blocks(number);
    return true;
}

/* A sanitizer, or valgrind, is to see every block. */
static bool is_kept(size_t number) {
#if defined(__SANITIZE_ADDRESS__) || defined(OD_PLAIN_HEAP)
    (void)number;
    return false;
#else
    return number < SHELVES;
#endif
}

void *od__spares_take(size_t bytes) {
    size_t number = shelf_for(bytes);
    if (!is_kept(number))
        return malloc(bytes > 0 ? bytes : 1); /* so that NULL means one thing only */
    shelf *on = &own.shelves[number];
    spare *block = on->first;
    if (block == NULL)
        return restock(on, number);
    on->first = block->next;
    on->room++;
    return block;
}

void od__spares_give(void *block) {
    if (block == NULL)
        return;
    size_t number = shelf_of(malloc_usable_size(block));
    if (!is_kept(number)) {
        free(block);
        return;
    }
    shelf *on = &own.shelves[number];
    if (on->room == 0 && !make_room(on, number)) {
        free(block);
        return;
    }
    spare *kept = block;
    kept->next = on->first;
    on->first = kept;
    on->room--;
}
