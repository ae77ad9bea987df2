/* base/memory: blocks that were given back and are made again, by the same thread and by others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <string.h>
#include "base/memory.h"

#if defined(__SANITIZE_ADDRESS__) || defined(OD_PLAIN_HEAP)
#define KEEPS_SPARES false
#else
#define KEEPS_SPARES true
#endif

static void a_block_is_made_again(void **state) {
    (void)state;
    if (!KEEPS_SPARES)
        skip();
    for (size_t bytes = 9; bytes <= 8200; bytes += bytes < 1016 ? 1 : 64) {
        void *block = od__alloc(bytes);
        od__free(block);
        void *again = od__alloc(bytes);
        assert_ptr_equal(again, block);
        od__free(again);
    }
}

static void a_block_has_the_bytes_that_were_asked_for(void **state) {
    (void)state;
    enum { SIZES = 1300 };
    static unsigned char *blocks[SIZES];
    for (int round = 0; round < 4; round++) {
        for (size_t bytes = 0; bytes < SIZES; bytes++) {
            size_t of = round % 2 == 0 ? bytes : SIZES - 1 - bytes;
            blocks[of] = od__alloc(of);
            assert_non_null(blocks[of]);
            assert_int_equal((uintptr_t)blocks[of] % _Alignof(max_align_t), 0);
            memset(blocks[of], (int)(of % 251), of);
        }
        for (size_t bytes = 0; bytes < SIZES; bytes++) {
            for (size_t i = 0; i < bytes; i++)
                assert_int_equal(blocks[bytes][i], bytes % 251);
            if (bytes % 3 == 0)
                blocks[bytes] = od__realloc(blocks[bytes], bytes + 40);
            od__free(blocks[bytes]);
        }
    }
}

static void more_than_there_is_fails(void **state) {
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* they end the program */
#endif
    for (size_t less = 0; less < 32; less++)
        assert_null(od__alloc(SIZE_MAX - less));
}

static void a_spare_fails_when_told_to(void **state) {
    (void)state;
    od__free(od__alloc(100));
    od__memory_fail_at(2);
    void *first = od__alloc(100);
    assert_non_null(first);
    assert_null(od__alloc(100));
    assert_int_equal(od__memory_fail_at(0), 2);
    od__free(first);
}

/* ---- another thread ---- */

#define BYTES 500
#define BATCH 16 /* of blocks of that size */
#define FREED (2 * BATCH + 1)

typedef struct handing {
    void *blocks[FREED];
    sem_t freed, over;
} handing;

static void *free_them(void *context) {
    handing *it = context;
    for (size_t i = 0; i < FREED; i++)
        od__free(it->blocks[i]);
    sem_post(&it->freed);
    sem_wait(&it->over);
    return NULL;
}

static bool is_among(void *block, void **blocks, size_t count) {
    while (count > 0) {
        if (blocks[--count] == block)
            return true;
    }
    return false;
}

/* A thread keeps two batches; the one before goes to whoever needs it. */
static void what_one_thread_frees_another_gets(void **state) {
    (void)state;
    if (!KEEPS_SPARES)
        skip();
    handing it;
    void *again[BATCH], *beyond;
    pthread_t thread;
    sem_init(&it.freed, 0, 0);
    sem_init(&it.over, 0, 0);
    for (size_t i = 0; i < FREED; i++)
        it.blocks[i] = od__alloc(BYTES);
    assert_int_equal(pthread_create(&thread, NULL, free_them, &it), 0);
    sem_wait(&it.freed);
    for (size_t i = 0; i < BATCH; i++) {
        again[i] = od__alloc(BYTES);
        assert_true(is_among(again[i], it.blocks, BATCH));
        assert_false(is_among(again[i], again, i));
    }
    beyond = od__alloc(BYTES);
    assert_false(is_among(beyond, it.blocks, FREED));
    sem_post(&it.over);
    pthread_join(thread, NULL);
    for (size_t i = 0; i < BATCH; i++)
        od__free(again[i]);
    od__free(beyond);
    sem_destroy(&it.freed);
    sem_destroy(&it.over);
}

static void *keep_two_batches(void *unused) {
    void *blocks[2 * BATCH];
    for (size_t i = 0; i < 2 * BATCH; i++)
        blocks[i] = od__alloc(BYTES);
    for (size_t i = 0; i < 2 * BATCH; i++)
        od__free(blocks[i]);
    return unused;
}

static void run_threads(int count) {
    for (int i = 0; i < count; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, keep_two_batches, NULL), 0);
        pthread_join(thread, NULL);
    }
}

static void a_thread_that_ends_leaves_nothing_behind(void **state) {
    (void)state;
    run_threads(2);
    size_t before = mallinfo2().uordblks;
    run_threads(100); /* 1.6 MB, were it kept */
    assert_in_range(mallinfo2().uordblks, 0, before + 20000);
}

static void large_blocks_are_kept_in_their_sizes(void **state) {
    (void)state;
    if (!KEEPS_SPARES)
        skip();
    void *block = od__alloc(1017), *of_malloc = od__realloc(NULL, 1200), *huge = od__alloc(8201);
    assert_in_range(malloc_usable_size(block), 1544, 1551);
    assert_in_range(malloc_usable_size(huge), 8201, 8216);
    od__free(of_malloc); /* too small for that size: it is not kept */
    od__free(huge);
    od__free(block);
    assert_ptr_equal(od__alloc(1544), block);
    od__free(block);
}

/* Too much for the places where batches wait: the rest goes back to malloc. */
static void what_is_too_much_goes_back(void **state) {
    (void)state;
    enum { MANY = 4000 };
    static void *blocks[MANY];
    size_t before = mallinfo2().uordblks;
    for (size_t i = 0; i < MANY; i++)
        assert_non_null(blocks[i] = od__alloc(BYTES));
    for (size_t i = 0; i < MANY; i++)
        od__free(blocks[i]);
    assert_in_range(mallinfo2().uordblks, 0, before + (16 + 2) * 8192 + 20000);
}

/* ---- many threads ---- */

#define THREADS 4
#define PLACES 64
#define ROUNDS 40000

typedef struct crowd {
    pthread_mutex_t lock;
    unsigned char *places[PLACES]; /* a block begins with its number of bytes */
    bool good;
} crowd;

static unsigned char *filled(unsigned seed) {
    uint16_t bytes = (uint16_t)(2 + seed % 1100);
    unsigned char *block = od__alloc(bytes);
    if (block == NULL)
        return NULL;
    memcpy(block, &bytes, sizeof bytes);
    memset(block + 2, bytes % 253, bytes - 2u);
    return block;
}

static bool is_whole(const unsigned char *block) {
    uint16_t bytes;
    memcpy(&bytes, block, sizeof bytes);
    for (size_t i = 2; i < bytes; i++) {
        if (block[i] != bytes % 253)
            return false;
    }
    return true;
}

static void *swap_blocks(void *context) {
    crowd *all = context;
    unsigned seed = (unsigned)((uintptr_t)&seed >> 12); /* of each thread another */
    bool good = true;
    for (int i = 0; i < ROUNDS && good; i++) {
        seed = seed * 1664525 + 1013904223;
        unsigned char *block = filled(seed >> 8);
        unsigned char **place = &all->places[(seed >> 3) % PLACES];
        pthread_mutex_lock(&all->lock);
        unsigned char *other = *place;
        *place = block;
        pthread_mutex_unlock(&all->lock);
        good = block != NULL && (other == NULL || is_whole(other));
        od__free(other);
    }
    pthread_mutex_lock(&all->lock);
    all->good = all->good && good;
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

static void blocks_go_through_many_threads(void **state) {
    (void)state;
    crowd all = { .lock = PTHREAD_MUTEX_INITIALIZER, .good = true };
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, swap_blocks, &all), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < PLACES; i++)
        od__free(all.places[i]);
    assert_true(all.good);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_thread_frees_another_gets), /* first: there are no other spares yet */
        cmocka_unit_test(a_block_is_made_again),
        cmocka_unit_test(a_block_has_the_bytes_that_were_asked_for),
        cmocka_unit_test(more_than_there_is_fails),
        cmocka_unit_test(a_spare_fails_when_told_to),
        cmocka_unit_test(large_blocks_are_kept_in_their_sizes),
        cmocka_unit_test(a_thread_that_ends_leaves_nothing_behind),
        cmocka_unit_test(what_is_too_much_goes_back),
        cmocka_unit_test(blocks_go_through_many_threads),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
