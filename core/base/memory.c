#include "base/memory.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- spares: small blocks that were given back and wait for their next use ---- */

/* Much of what an engine's thread makes is freed by its store's, and the other way round. malloc's own lists for each thread
 * never fit then, and each block is taken and freed under a lock. Here a thread hands blocks of one size to whoever makes
 * some, a whole batch in one atomic step; none waits for another, nor for a lock that a fork has left behind. */

/* A shelf's blocks have 8 bytes, then 24, 40 and so on, which malloc rounds up to anyway. */
#define SHELVES 64
#define STEP_BYTES 16
#define BATCH_BYTES 8192
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

/* What each thread has of its own, as engines are: counting must not become a race between them. */
static _Thread_local struct {
    size_t fail_in, made;
    bool cleared_at_end;     /* the shelves, when the thread ends */
    shelf shelves[SHELVES];
} own;

static _Atomic(spare *) handed_over[SHELVES][HANDED_OVER];
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool has_key;

static size_t block_bytes(size_t number) {
    return number * STEP_BYTES + sizeof(spare);
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
    on->room = BATCH_BYTES / block_bytes(number);
    return true;
}

/* A sanitizer, or valgrind, is to see every block. */
static bool has_shelf(size_t number) {
#if defined(__SANITIZE_ADDRESS__) || defined(OD_PLAIN_HEAP)
    (void)number;
    return false;
#else
    return number < SHELVES;
#endif
}

static void *take(size_t bytes) {
    size_t number = bytes / STEP_BYTES + (bytes % STEP_BYTES > sizeof(spare));
    if (!has_shelf(number))
        return malloc(bytes > 0 ? bytes : 1); /* so that NULL means one thing only */
    shelf *on = &own.shelves[number];
    spare *block = on->first;
    if (block == NULL)
        return restock(on, number);
    on->first = block->next;
    on->room++;
    return block;
}

static void give(void *block) {
    if (block == NULL)
        return;
    size_t number = (malloc_usable_size(block) - sizeof(spare)) / STEP_BYTES;
    if (!has_shelf(number)) {
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

/* ---- the door ---- */

static int fails(void) {
    own.made++;
    if (own.fail_in == 0) return 0;
    return --own.fail_in == 0;
}

void *od__alloc(size_t bytes) {
    return fails() ? NULL : take(bytes);
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
    give(block);
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
    size_t count = own.made;
    own.made = 0;
    own.fail_in = n;
    return count;
}
