#include "loop/internal.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "base/error.h"
#include "base/limits.h"
#include "base/memory.h"

od_status od__loop_new(const od_clock *clock, od_loop **out, od_error *err) {
    *out = NULL;
    od_loop *loop = od__calloc(1, sizeof *loop);
    if (loop == NULL) return od__error_no_memory(err);
    loop->clock = clock;
    loop->timer_fd = -1;
    loop->wake_fd = -1;
    loop->armed_us = INT64_MAX;
    loop->watches.first_listed = loop->watches.first_refused = -1;
    od_status status = od__poller_open(&loop->poller, err);
    if (status == OD_OK) {
        loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        int refusal = loop->wake_fd < 0 ? errno : od__poller_set(loop->poller, loop->wake_fd, OD_LOOP_READ, 0, false);
        if (refusal != 0) status = od__error_set(err, OD_INTERNAL, "eventfd: %s", strerror(refusal));
    }
    if (status != OD_OK) {
        od__loop_free(loop);
        return status;
    }
    *out = loop;
    return OD_OK;
}

void od__loop_free(od_loop *loop) {
    if (loop == NULL) return;
    while (loop->jobs.first != NULL) od__loop_unpost(loop, loop->jobs.first);
    while (loop->last_jobs.first != NULL) od__loop_unpost(loop, loop->last_jobs.first);
    od__timers_clear(&loop->timers);
    if (loop->timer_fd >= 0) close(loop->timer_fd);
    if (loop->wake_fd >= 0) close(loop->wake_fd);
    if (loop->poller >= 0) close(loop->poller);
    od__free(loop->watches.table);
    od__free(loop);
}

int64_t od__loop_now_us(od_loop *loop) {
    return od__clock_now_us(loop->clock);
}

/* Arms the kernel's timer for the first of ours. One that is armed too early stays so: waking once for nothing is
 * cheaper than telling the kernel about every timer that is stopped or moved back. */
static void arm(od_loop *loop) {
    if (loop->timer_fd < 0 || loop->timers.count == 0) return;
    int64_t due_us = loop->timers.heap[0]->due_us;
    if (due_us >= loop->armed_us) return;
    int64_t at_us = loop->clock->is_system ? due_us : due_us - od__loop_now_us(loop);
    if (at_us < 1) at_us = 1; /* 0 would disarm it */
    struct itimerspec spec = {
        .it_value = { .tv_sec = (time_t)(at_us / 1000000), .tv_nsec = (long)(at_us % 1000000) * 1000 },
    };
    if (timerfd_settime(loop->timer_fd, loop->clock->is_system ? TFD_TIMER_ABSTIME : 0, &spec, NULL) == 0) {
        loop->armed_us = due_us;
    } else {
        od__loop_wake(loop); /* the next step tries again */
    }
}

static bool is_work_left(const od_loop *loop) {
    return loop->jobs.first != NULL || loop->last_jobs.first != NULL || loop->watches.refused;
}

void od__loop_changed(od_loop *loop) {
    if (loop->timer_fd < 0 || loop->stepping) return;
    od__watches_flush(loop);
    if (is_work_left(loop)) od__loop_wake(loop);
    arm(loop);
}

int od__loop_fd(od_loop *loop) {
    if (loop->timer_fd >= 0) return loop->poller;
    int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fd < 0) return -1;
    if (od__poller_set(loop->poller, fd, OD_LOOP_READ, 0, false) != 0) {
        close(fd);
        return -1;
    }
    loop->timer_fd = fd;
    od__loop_changed(loop);
    return loop->poller;
}

od_status od__loop_timer_start(od_loop *loop, od_timer *timer, int64_t due_us, od_error *err) {
    if (!od__timers_put(&loop->timers, timer, due_us)) return od__error_no_memory(err);
    if (!loop->stepping) arm(loop);
    return OD_OK;
}

void od__loop_timer_stop(od_loop *loop, od_timer *timer) {
    od__timers_remove(&loop->timers, timer);
}

static void post(od_loop *loop, od_jobs *queue, od_job *job) {
    if (job->queue != NULL) return;
    job->queue = queue;
    job->next = NULL;
    if (queue->last != NULL) {
        queue->last->next = job;
    } else {
        queue->first = job;
    }
    queue->last = job;
    queue->count++;
    od__loop_changed(loop);
}

void od__loop_post(od_loop *loop, od_job *job) {
    post(loop, &loop->jobs, job);
}

void od__loop_post_last(od_loop *loop, od_job *job) {
    post(loop, &loop->last_jobs, job);
}

void od__loop_unpost(od_loop *loop, od_job *job) {
    (void)loop;
    od_jobs *queue = job->queue;
    if (queue == NULL) return;
    od_job *before = NULL;
    for (od_job *each = queue->first; each != job; each = each->next) before = each;
    if (before != NULL) {
        before->next = job->next;
    } else {
        queue->first = job->next;
    }
    if (queue->last == job) queue->last = before;
    queue->count--;
    job->queue = NULL;
    job->next = NULL;
}

void od__loop_wake(od_loop *loop) {
    if (atomic_exchange(&loop->woken, true)) return;
    uint64_t one = 1;
    ssize_t written = write(loop->wake_fd, &one, sizeof one);
    (void)written; /* fails only when the counter is full, and then it is readable */
}

static void drain(int fd) {
    uint64_t count;
    ssize_t taken = read(fd, &count, sizeof count);
    (void)taken; /* nothing to read: somebody was faster */
}

/* Runs what is due now; not what becomes due by it, so that work which starts itself again cannot hold the loop. */
static bool run_timers(od_loop *loop) {
    if (loop->timers.count == 0) return false;
    int64_t now_us = od__loop_now_us(loop);
    bool ran = false;
    for (size_t left = loop->timers.count; left > 0 && loop->timers.count > 0; left--) {
        od_timer *timer = loop->timers.heap[0];
        if (timer->due_us > now_us) break;
        od__timers_remove(&loop->timers, timer);
        timer->fn(timer->context);
        ran = true;
    }
    return ran;
}

static bool run_jobs(od_loop *loop, od_jobs *queue) {
    bool ran = false;
    for (size_t left = queue->count; left > 0 && queue->first != NULL; left--) {
        od_job *job = queue->first;
        od__loop_unpost(loop, job);
        job->fn(job->context);
        ran = true;
    }
    return ran;
}

static bool run_rounds(od_loop *loop) {
    int rounds = 0;
    while (rounds < OD_LIMIT_LOOP_ROUNDS) {
        bool timers = run_timers(loop);
        bool jobs = run_jobs(loop, &loop->jobs);
        if (!timers && !jobs) break;
        rounds++;
    }
    return rounds > 0;
}

bool od__loop_run_due(od_loop *loop) {
    if (loop->stepping) return false;
    loop->stepping = true;
    bool ran = run_rounds(loop);
    loop->stepping = false;
    od__loop_changed(loop);
    return ran;
}

int od__loop_timeout_ms(od_loop *loop) {
    if (is_work_left(loop)) return 0;
    if (loop->timers.count == 0) return -1;
    int64_t due_us = loop->timers.heap[0]->due_us, now_us = od__loop_now_us(loop);
    if (due_us <= now_us) return 0;
    int64_t wait_ms = (due_us - now_us - 1) / 1000 + 1; /* rounded up: waking early would only mean waiting again */
    return wait_ms < INT_MAX ? (int)wait_ms : INT_MAX;
}

static int wait_ms(od_loop *loop, int timeout_ms) {
    int own_ms = od__loop_timeout_ms(loop);
    /* Who runs a clock of his own may move it at any time: then do not sleep through it. */
    if (!loop->clock->is_system && own_ms > OD_LIMIT_FOREIGN_CLOCK_WAIT_MS) own_ms = OD_LIMIT_FOREIGN_CLOCK_WAIT_MS;
    if (own_ms < 0) return timeout_ms;
    return timeout_ms < 0 || own_ms < timeout_ms ? own_ms : timeout_ms;
}

/* What one look at the kernel brought: how many events, -1 when it failed; whether any was more than a wake-up or
 * a timer of ours. */
typedef struct look {
    int count;
    bool ready;
} look;

static look take_events(od_loop *loop, int timeout_ms) {
    od__watches_flush(loop);
    od_poll_event events[OD_LIMIT_LOOP_EVENTS];
    look taken = { .count = od__poller_wait(loop->poller, wait_ms(loop, timeout_ms), events, OD_LIMIT_LOOP_EVENTS) };
    for (int i = 0; i < taken.count; i++) {
        if (events[i].fd == loop->wake_fd) {
            drain(loop->wake_fd);
            atomic_store(&loop->woken, false); /* after draining: before, a wake-up in between would be lost for ever */
        } else if (events[i].fd == loop->timer_fd) {
            drain(loop->timer_fd);
            loop->armed_us = INT64_MAX;
        } else {
            od__watches_dispatch(loop, &events[i]);
            taken.ready = true;
        }
    }
    return taken;
}

/* Runs the last jobs unless something was ready, which may bring more for them; returns whether it ran any. */
static bool run_last_jobs(od_loop *loop, bool ready) {
    if (loop->last_jobs.first == NULL || (ready && ++loop->put_off < OD_LIMIT_LOOP_PUT_OFF)) return false;
    loop->put_off = 0;
    return run_jobs(loop, &loop->last_jobs);
}

od_status od__loop_step(od_loop *loop, int timeout_ms, od_error *err) {
    if (loop->stepping) return od__error_set(err, OD_INTERNAL, "the loop was stepped from one of its own functions");
    loop->stepping = true;
    bool ran = run_rounds(loop);
    look taken = take_events(loop, ran ? 0 : timeout_ms);
    if (taken.count >= 0 && run_last_jobs(loop, taken.ready) && taken.count == 0 && !ran)
        taken = take_events(loop, timeout_ms);
    od_status status = taken.count < 0 ? od__error_set(err, OD_INTERNAL, "epoll_wait: %s", strerror(errno)) : OD_OK;
    od__watches_dispatch_refused(loop);
    run_rounds(loop);
    loop->stepping = false;
    od__loop_changed(loop);
    return status;
}
