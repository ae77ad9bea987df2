#include "loop/timers.h"

#include "base/memory.h"

#define FIRST_CAPACITY 16

static bool is_before(const od_timer *a, const od_timer *b) {
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->sequence < b->sequence;
}

static void place(od_timers *timers, od_timer *timer, size_t index) {
    timers->heap[index] = timer;
    timer->position = index + 1;
}

static void sift_up(od_timers *timers, od_timer *timer, size_t index) {
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (!is_before(timer, timers->heap[parent])) break;
        place(timers, timers->heap[parent], index);
        index = parent;
    }
    place(timers, timer, index);
}

static void sift_down(od_timers *timers, od_timer *timer, size_t index) {
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= timers->count) break;
        if (child + 1 < timers->count && is_before(timers->heap[child + 1], timers->heap[child])) child++;
        if (!is_before(timers->heap[child], timer)) break;
        place(timers, timers->heap[child], index);
        index = child;
    }
    place(timers, timer, index);
}

/* Puts timer where it belongs, starting from a free place. */
static void settle(od_timers *timers, od_timer *timer, size_t index) {
    if (index > 0 && is_before(timer, timers->heap[(index - 1) / 2])) {
        sift_up(timers, timer, index);
    } else {
        sift_down(timers, timer, index);
    }
}

bool od__timers_put(od_timers *timers, od_timer *timer, int64_t due_us) {
    if (timer->position == 0) {
        if (timers->count == timers->capacity) {
            size_t capacity = timers->capacity > 0 ? timers->capacity * 2 : FIRST_CAPACITY;
            od_timer **heap = od__realloc(timers->heap, capacity * sizeof(od_timer *));
            if (heap == NULL) return false;
            timers->heap = heap;
            timers->capacity = capacity;
        }
        timer->position = ++timers->count;
    }
    timer->due_us = due_us;
    timer->sequence = ++timers->sequence;
    settle(timers, timer, timer->position - 1);
    return true;
}

void od__timers_remove(od_timers *timers, od_timer *timer) {
    if (timer->position == 0) return;
    size_t index = timer->position - 1;
    timer->position = 0;
    od_timer *last = timers->heap[--timers->count];
    if (last != timer) settle(timers, last, index);
}

void od__timers_clear(od_timers *timers) {
    for (size_t i = 0; i < timers->count; i++) timers->heap[i]->position = 0;
    od__free(timers->heap);
    *timers = (od_timers){ 0 };
}
