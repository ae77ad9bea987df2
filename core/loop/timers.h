/* loop/timers: the binary heap of od_timer, earliest first; it neither reads a clock nor runs anything. */
#ifndef OD_LOOP_TIMERS_H
#define OD_LOOP_TIMERS_H

#include "loop/loop.h"

#pragma GCC visibility push(hidden)

typedef struct od_timers {
    od_timer **heap;      /* heap[0] is due first */
    size_t count;
    size_t capacity;
    uint64_t sequence;
} od_timers;

/* Puts a timer in, or moves one that is in. Returns false when memory runs out: it is as it was before. */
bool od__timers_put(od_timers *timers, od_timer *timer, int64_t due_us);
void od__timers_remove(od_timers *timers, od_timer *timer); /* one that is stopped: nothing happens */
/* Stops all timers and frees the heap. */
void od__timers_clear(od_timers *timers);

#pragma GCC visibility pop
#endif
