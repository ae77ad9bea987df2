/* loop/internal: what loop.c and watches.c share; nobody else looks in here. */
#ifndef OD_LOOP_INTERNAL_H
#define OD_LOOP_INTERNAL_H

#include <stdatomic.h>
#include "loop/loop.h"
#include "loop/poller.h"
#include "loop/timers.h"

#pragma GCC visibility push(hidden)

typedef struct od_watch {
    od_watch_fn *fn;
    void *context;
    unsigned wanted;   /* the interest that the owner has; 0: nobody watches this descriptor */
    unsigned told;     /* the interest that the kernel has under the present tag; 0: it must be told */
    uint32_t tag;      /* changes with each owner, so that an event for an earlier one is known as stale */
    int next_listed;
    bool listed;       /* in the list of those that the kernel must be told about */
    bool known;        /* the kernel may hold something for this number */
} od_watch;

typedef struct od_watches {
    od_watch *table;   /* by descriptor */
    int count;
    int first_listed;  /* -1: none */
    int first_refused; /* while the refused ones are being called: the next; -1: none */
    bool refused;      /* those still listed after the last flush were refused by the kernel */
} od_watches;

typedef struct od_jobs {
    od_job *first, *last;
    size_t count;
} od_jobs;

struct od_loop {
    const od_clock *clock;
    int poller;
    int wake_fd;
    int timer_fd;          /* -1 until a host asked for the descriptor */
    int64_t armed_us;      /* when timer_fd fires; INT64_MAX: not at all */
    bool stepping;
    atomic_bool woken;     /* wake_fd holds a wake-up already */
    od_timers timers;
    od_jobs jobs;
    od_jobs last_jobs;     /* for when nothing else is ready */
    int put_off;           /* steps that found something else */
    od_watches watches;
};

/* Tells the kernel all that differs; sets watches.refused when it did not take all. */
void od__watches_flush(od_loop *loop);
void od__watches_dispatch(od_loop *loop, const od_poll_event *event);
/* Calls the owners of refused descriptors, as ready in both directions. */
void od__watches_dispatch_refused(od_loop *loop);
/* After a change from outside a step: keeps the promise of od__loop_fd. */
void od__loop_changed(od_loop *loop);

#pragma GCC visibility pop
#endif
