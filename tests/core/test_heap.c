/* The program's memory for Lua: blocks that do not overlap, keep what they hold when they move, and are used again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../bindings/host/heap.c"

#define BLOCKS 400

typedef struct held {
    unsigned char *at;
    size_t bytes;
    unsigned char mark;
} held;

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void fill(held *block, unsigned char mark) {
    block->mark = mark;
    memset(block->at, mark, block->bytes);
}

static void assert_kept(const held *block, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        assert_int_equal(block->at[i], block->mark);
}

static void blocks_keep_what_they_hold(void **state) {
    (void)state;
    heap memory = { .slabs = NULL };
    held blocks[BLOCKS] = { { 0 } };
    uint32_t random = 1;
    for (int turn = 0; turn < 200000; turn++) {
        held *block = &blocks[next_random(&random) % BLOCKS];
        size_t bytes = next_random(&random) % (next_random(&random) % 8 == 0 ? 4 * HEAP_SMALL_BYTES : HEAP_SMALL_BYTES + 32);
        if (block->at != NULL)
            assert_kept(block, block->bytes);
        unsigned char *at = heap_allocate(&memory, block->at, block->at != NULL ? block->bytes : 5, bytes);
        assert_int_equal(at == NULL, bytes == 0);
        size_t kept = bytes < block->bytes ? bytes : block->bytes;
        bool moved = block->at != NULL && at != NULL;
        *block = (held){ .at = at, .bytes = bytes, .mark = block->mark };
        if (at != NULL)
            assert_int_equal((uintptr_t)at % HEAP_STEP_BYTES, 0);
        if (moved)
            assert_kept(block, kept);
        if (at != NULL)
            fill(block, (unsigned char)turn);
    }
    for (size_t i = 0; i < BLOCKS; i++)
        heap_allocate(&memory, blocks[i].at, blocks[i].bytes, 0);
    heap_clear(&memory);
}

static void a_block_that_was_freed_is_used_again(void **state) {
    (void)state;
    if (!is_small(40))
        skip(); /* under a sanitizer nothing is */
    heap memory = { .slabs = NULL };
    void *first = heap_allocate(&memory, NULL, 0, 40);
    assert_ptr_equal(heap_allocate(&memory, first, 40, 48), first);
    assert_null(heap_allocate(&memory, first, 48, 0));
    assert_ptr_equal(heap_allocate(&memory, NULL, 0, 33), first);
    assert_ptr_not_equal(heap_allocate(&memory, NULL, 0, 33), first);
    heap_clear(&memory);
}

/* A thousand times as much as is ever held at once comes from one slab. */
static void a_steady_program_does_not_grow(void **state) {
    (void)state;
    heap memory = { .slabs = NULL };
    for (int turn = 0; turn < 10000; turn++) {
        void *blocks[10];
        for (size_t i = 0; i < 10; i++)
            blocks[i] = heap_allocate(&memory, NULL, 0, 100 + i);
        for (size_t i = 0; i < 10; i++)
            heap_allocate(&memory, blocks[i], 100 + i, 0);
    }
    assert_true(memory.slabs == NULL || memory.slabs->next == NULL);
    heap_clear(&memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_keep_what_they_hold),
        cmocka_unit_test(a_block_that_was_freed_is_used_again),
        cmocka_unit_test(a_steady_program_does_not_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
