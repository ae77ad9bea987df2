/* loop: descriptors, timers and wake-ups behind one pollable descriptor. No curl, no SQL, no requests.
 *
 * Interest changes are kept in memory and told to the kernel only where they differ when the loop is about to wait;
 * timers live in a heap and become the timeout of epoll_wait; a timerfd is armed only after a host asked for the
 * descriptor; work that is due at once runs in the same step. */
#ifndef OD_LOOP_LOOP_H
#define OD_LOOP_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <outdial.h>
#include "base/clock.h"

#pragma GCC visibility push(hidden)

typedef struct od_loop od_loop;

#define OD_LOOP_READ 1u
#define OD_LOOP_WRITE 2u

/* Called from od__loop_step with the directions that are ready (errors and hang-ups count as both). */
typedef void od_watch_fn(void *context, int fd, unsigned ready);
typedef void od_timer_fn(void *context);

/* A timer is embedded in its owner; zero-initialised it is stopped. */
typedef struct od_timer {
    int64_t due_us;
    size_t position;  /* in the heap, 1-based; 0: stopped */
    uint64_t sequence;/* of starting: timers due at one time run in the order they were started */
    od_timer_fn *fn;
    void *context;
} od_timer;

/* Work for the next step: embedded in its owner; zero-initialised it is idle. Runs once per posting, in order. */
typedef struct od_job {
    struct od_job *next;
    struct od_jobs *queue; /* where it waits; NULL: idle */
    od_timer_fn *fn;
    void *context;
} od_job;

/* clock is borrowed for the loop's life. Errors: out_of_memory, internal. */
od_status od__loop_new(const od_clock *clock, od_loop **out, od_error *err);
void od__loop_free(od_loop *loop);
/* Sets what fd is watched for (OD_LOOP_READ | OD_LOOP_WRITE; 0: nothing more, and the loop forgets fd). Replaces fn and
 * context. Errors: out_of_memory. The kernel's refusal of a descriptor is reported by od__loop_step as ready in both
 * directions, so that its owner meets the error when using it. */
od_status od__loop_watch(od_loop *loop, int fd, unsigned interest, od_watch_fn *fn, void *context, od_error *err);
/* As od__loop_watch, for a descriptor that is not ours alone: told to the kernel at once. Errors: out_of_memory, internal
 * (the kernel refuses it, or it is watched already). */
od_status od__loop_attach(od_loop *loop, int fd, unsigned interest, od_watch_fn *fn, void *context, od_error *err);
/* Forgets fd and tells the kernel at once, so that others may keep the open file. */
void od__loop_detach(od_loop *loop, int fd);
/* Starts (or moves) a timer to run at due_us on the loop's clock. Errors: out_of_memory. */
od_status od__loop_timer_start(od_loop *loop, od_timer *timer, int64_t due_us, od_error *err);
void od__loop_timer_stop(od_loop *loop, od_timer *timer);
/* Queues a job for the next step; from the loop's own thread. Never fails; posting a queued job does nothing. */
void od__loop_post(od_loop *loop, od_job *job);
/* As od__loop_post, for work that gains by waiting for more of its kind: it runs when a step finds nothing else ready,
 * before the step waits, or after OD_LIMIT_LOOP_PUT_OFF steps that always did find something. */
void od__loop_post_last(od_loop *loop, od_job *job);
void od__loop_unpost(od_loop *loop, od_job *job);
/* Wakes the loop; any thread. */
void od__loop_wake(od_loop *loop);
/* Runs due timers and posted jobs, and what they make due, without asking the kernel; returns whether any ran. */
bool od__loop_run_due(od_loop *loop);
/* Runs due timers, posted jobs and ready descriptors; waits at most timeout_ms (-1: until something happens), and not at
 * all when work was due already. A signal ends the wait. Errors: internal (also when called from one of its functions). */
od_status od__loop_step(od_loop *loop, int timeout_ms, od_error *err);
/* Returns the descriptor that is readable whenever a step has work to do, -1 when the kernel gives no timer for it. With a
 * clock that is not the kernel's the loop can only assume that it runs at the kernel's pace. */
int od__loop_fd(od_loop *loop);
/* Returns the milliseconds until the next timer (rounded up), 0 if work is due, -1 if there is none. */
int od__loop_timeout_ms(od_loop *loop);
int64_t od__loop_now_us(od_loop *loop);

#pragma GCC visibility pop
#endif
