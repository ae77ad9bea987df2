/* The loop: descriptors, timers, jobs, wake-ups, and the one descriptor that stands for all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "base/limits.h"
#include "base/memory.h"
#include "fake_clock.h"
#include "loop/loop.h"

typedef struct fixture {
    fake_clock fake;
    od_clock system;
    od_loop *loop;      /* on the fake clock */
    od_loop *real;      /* on the system's */
    char trace[256];    /* what ran, in order */
} fixture;

static int set_up(void **state) {
    fixture *f = calloc(1, sizeof *f);
    fake_clock_init(&f->fake);
    od__clock_init(&f->system, NULL);
    if (od__loop_new(&f->fake.clock, &f->loop, NULL) != OD_OK) return -1;
    if (od__loop_new(&f->system, &f->real, NULL) != OD_OK) return -1;
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    fixture *f = *state;
    od__loop_free(f->loop);
    od__loop_free(f->real);
    free(f);
    return 0;
}

static bool is_readable(int fd, int timeout_ms) {
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
    return poll(&poll_fd, 1, timeout_ms) == 1;
}

/* ---- something to be called ---- */

typedef struct caller {
    fixture *f;
    char letter;
    od_timer timer;
    od_job job;
    int calls;
    unsigned ready;     /* of the last call */
    void (*then)(struct caller *self);
    struct caller *other;
    int fd;
} caller;

static void note(caller *self) {
    size_t length = strlen(self->f->trace);
    if (length + 1 < sizeof self->f->trace) self->f->trace[length] = self->letter;
    self->calls++;
    if (self->then != NULL) self->then(self);
}

static void on_called(void *context) {
    note(context);
}

static void on_ready(void *context, int fd, unsigned ready) {
    caller *self = context;
    assert_int_equal(fd, self->fd);
    self->ready = ready;
    note(self);
}

static void init(caller *self, fixture *f, char letter) {
    *self = (caller){ .f = f, .letter = letter, .fd = -1 };
    self->timer = (od_timer){ .fn = on_called, .context = self };
    self->job = (od_job){ .fn = on_called, .context = self };
}

static void step(od_loop *loop) {
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od__loop_step(loop, 0, &err), OD_OK);
}

static void make_pipe(int ends[2]) {
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
}

static void close_both(const int ends[2]) {
    close(ends[0]);
    close(ends[1]);
}

static void put_byte(int fd) {
    assert_int_equal(write(fd, "x", 1), 1);
}

static void get_byte(int fd) {
    char byte;
    assert_int_equal(read(fd, &byte, 1), 1);
}

static void watch(od_loop *loop, caller *who, int fd, unsigned interest) {
    od_error err = OD_ERROR_INIT;
    who->fd = fd;
    assert_int_equal(od__loop_watch(loop, fd, interest, on_ready, who, &err), OD_OK);
}

/* ---- timers ---- */

static void test_timers_run_when_due_and_in_order(void **state) {
    fixture *f = *state;
    caller who[5];
    static const int64_t after_us[5] = { 3000, 1000, 2000, 1000, 0 };
    for (int i = 0; i < 5; i++) {
        init(&who[i], f, (char)('a' + i));
        assert_int_equal(od__loop_timer_start(f->loop, &who[i].timer, f->fake.now_us + after_us[i], NULL), OD_OK);
    }
    step(f->loop);
    assert_string_equal(f->trace, "e");
    f->fake.now_us += 999;
    step(f->loop);
    assert_string_equal(f->trace, "e");
    f->fake.now_us += 1;
    step(f->loop);
    assert_string_equal(f->trace, "ebd");
    f->fake.now_us += 5000;
    step(f->loop);
    assert_string_equal(f->trace, "ebdca");
    assert_int_equal(od__loop_timeout_ms(f->loop), -1);
}

static void test_timers_move_and_stop(void **state) {
    fixture *f = *state;
    caller a, b, c;
    init(&a, f, 'a');
    init(&b, f, 'b');
    init(&c, f, 'c');
    od__loop_timer_start(f->loop, &a.timer, f->fake.now_us + 1000, NULL);
    od__loop_timer_start(f->loop, &b.timer, f->fake.now_us + 2000, NULL);
    od__loop_timer_start(f->loop, &c.timer, f->fake.now_us + 3000, NULL);
    od__loop_timer_start(f->loop, &a.timer, f->fake.now_us + 4000, NULL);
    od__loop_timer_stop(f->loop, &b.timer);
    od__loop_timer_stop(f->loop, &b.timer);
    assert_int_equal(b.timer.position, 0);
    f->fake.now_us += 10000;
    step(f->loop);
    assert_string_equal(f->trace, "ca");
}

static void test_stopping_one_keeps_the_order_of_the_others(void **state) {
    fixture *f = *state;
    /* Started in this order they lie in the heap as they stand here; 'h' leaves, and 'o', which takes its
     * place, belongs above 'd' and 'b'. */
    static const int64_t after_us[15] = { 1, 10, 2, 11, 12, 20, 4, 13, 14, 15, 16, 21, 22, 23, 8 };
    caller who[15];
    for (int i = 0; i < 15; i++) {
        init(&who[i], f, (char)('a' + i));
        od__loop_timer_start(f->loop, &who[i].timer, f->fake.now_us + after_us[i], NULL);
    }
    od__loop_timer_stop(f->loop, &who[7].timer);
    f->fake.now_us += 30;
    step(f->loop);
    assert_string_equal(f->trace, "acgobdeijkflmn");
}

static void test_many_timers_run_in_order(void **state) {
    fixture *f = *state;
    enum { MANY = 5000 };
    static od_timer timers[MANY];
    static int64_t last_us;
    caller who;
    init(&who, f, 't');
    uint32_t random = 12345;
    for (int i = 0; i < MANY; i++) {
        random = random * 1664525u + 1013904223u;
        timers[i] = (od_timer){ .fn = on_called, .context = &who };
        assert_int_equal(od__loop_timer_start(f->loop, &timers[i], f->fake.now_us + random % 100000, NULL), OD_OK);
    }
    int stopped = 0;
    for (int i = 0; i < MANY; i += 3, stopped++) od__loop_timer_stop(f->loop, &timers[i]);
    last_us = f->fake.now_us;
    for (; who.calls < MANY - stopped; f->fake.now_us += 500) {
        step(f->loop);
        assert_true(f->fake.now_us < last_us + 101000);
        for (int i = 0; i < MANY; i += 50) { /* nobody is left who should have run */
            assert_true(timers[i].position == 0 || timers[i].due_us > f->fake.now_us);
        }
    }
    assert_int_equal(od__loop_timeout_ms(f->loop), -1);
}

static void stop_other(caller *self) {
    od__loop_timer_stop(self->f->loop, &self->other->timer);
}

static void test_a_timer_may_stop_one_that_is_due_too(void **state) {
    fixture *f = *state;
    caller a, b;
    init(&a, f, 'a');
    init(&b, f, 'b');
    a.then = stop_other;
    a.other = &b;
    od__loop_timer_start(f->loop, &a.timer, f->fake.now_us, NULL);
    od__loop_timer_start(f->loop, &b.timer, f->fake.now_us, NULL);
    step(f->loop);
    assert_string_equal(f->trace, "a");
}

static void start_again_now(caller *self) {
    od__loop_timer_start(self->f->loop, &self->timer, self->f->fake.now_us, NULL);
}

static void post_again(caller *self) {
    od__loop_post(self->f->loop, &self->job);
}

static void test_work_that_starts_itself_again_does_not_hold_a_step(void **state) {
    fixture *f = *state;
    caller timer, job, fd;
    int ends[2];
    init(&timer, f, 't');
    init(&job, f, 'j');
    init(&fd, f, 'f');
    timer.then = start_again_now;
    job.then = post_again;
    make_pipe(ends);
    put_byte(ends[1]);
    od__loop_timer_start(f->loop, &timer.timer, f->fake.now_us, NULL);
    od__loop_post(f->loop, &job.job);
    watch(f->loop, &fd, ends[0], OD_LOOP_READ);
    step(f->loop);
    assert_int_equal(timer.calls, 2 * OD_LIMIT_LOOP_ROUNDS);
    assert_int_equal(job.calls, 2 * OD_LIMIT_LOOP_ROUNDS);
    assert_int_equal(fd.calls, 1);
    assert_int_equal(od__loop_timeout_ms(f->loop), 0);
    od__loop_timer_stop(f->loop, &timer.timer);
    od__loop_unpost(f->loop, &job.job);
    close_both(ends);
}

static void test_timeout_is_rounded_up(void **state) {
    fixture *f = *state;
    static const struct { int64_t after_us; int expected_ms; } rows[] = {
        { -5, 0 }, { 0, 0 }, { 1, 1 }, { 999, 1 }, { 1000, 1 }, { 1001, 2 }, { 60000000, 60000 },
        { INT64_MAX / 2, 2147483647 },
    };
    caller a;
    init(&a, f, 'a');
    assert_int_equal(od__loop_timeout_ms(f->loop), -1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        od__loop_timer_start(f->loop, &a.timer, f->fake.now_us + rows[i].after_us, NULL);
        assert_int_equal(od__loop_timeout_ms(f->loop), rows[i].expected_ms);
    }
    od__loop_timer_stop(f->loop, &a.timer);
}

static void test_a_step_waits_for_a_timer(void **state) {
    fixture *f = *state;
    caller a;
    init(&a, f, 'a');
    int64_t due_us = od__loop_now_us(f->real) + 3000;
    od__loop_timer_start(f->real, &a.timer, due_us, NULL);
    assert_int_equal(od__loop_step(f->real, -1, NULL), OD_OK);
    assert_int_equal(a.calls, 1);
    assert_true(od__loop_now_us(f->real) >= due_us);
}

static void test_a_step_does_not_sleep_through_a_foreign_clock(void **state) {
    fixture *f = *state;
    caller a;
    init(&a, f, 'a');
    od__loop_timer_start(f->loop, &a.timer, f->fake.now_us + INT64_C(3600) * 1000000, NULL);
    assert_int_equal(od__loop_step(f->loop, -1, NULL), OD_OK); /* returns, or the test hangs */
    assert_int_equal(a.calls, 0);
    f->fake.now_us += INT64_C(3600) * 1000000;
    step(f->loop);
    assert_int_equal(a.calls, 1);
}

/* ---- jobs ---- */

static void test_jobs_run_once_and_in_order(void **state) {
    fixture *f = *state;
    caller a, b, c;
    init(&a, f, 'a');
    init(&b, f, 'b');
    init(&c, f, 'c');
    od__loop_post(f->loop, &a.job);
    od__loop_post(f->loop, &b.job);
    od__loop_post(f->loop, &c.job);
    od__loop_post(f->loop, &a.job);
    assert_int_equal(od__loop_timeout_ms(f->loop), 0);
    od__loop_unpost(f->loop, &b.job);
    od__loop_unpost(f->loop, &b.job);
    step(f->loop);
    step(f->loop);
    assert_string_equal(f->trace, "ac");
    od__loop_post(f->loop, &b.job);
    od__loop_post(f->loop, &c.job);
    od__loop_unpost(f->loop, &c.job); /* the last one */
    od__loop_post(f->loop, &a.job);
    step(f->loop);
    assert_string_equal(f->trace, "acba");
}

static void unpost_other(caller *self) {
    od__loop_unpost(self->f->loop, &self->other->job);
}

static void post_other(caller *self) {
    od__loop_post(self->f->loop, &self->other->job);
}

static void test_jobs_may_take_back_and_post_others(void **state) {
    fixture *f = *state;
    caller a, b, c, d;
    init(&a, f, 'a');
    init(&b, f, 'b');
    init(&c, f, 'c');
    init(&d, f, 'd');
    a.then = unpost_other;
    a.other = &b;
    c.then = post_other; /* runs in the same step */
    c.other = &d;
    od__loop_post(f->loop, &a.job);
    od__loop_post(f->loop, &b.job);
    od__loop_post(f->loop, &c.job);
    step(f->loop);
    assert_string_equal(f->trace, "acd");
}

static void test_a_step_with_due_work_does_not_wait(void **state) {
    fixture *f = *state;
    caller a;
    init(&a, f, 'a');
    od__loop_post(f->real, &a.job);
    assert_int_equal(od__loop_step(f->real, -1, NULL), OD_OK); /* returns, or the test hangs */
    assert_int_equal(a.calls, 1);
    assert_false(od__loop_run_due(f->real));
    od__loop_post(f->real, &a.job);
    assert_true(od__loop_run_due(f->real));
    assert_int_equal(a.calls, 2);
}

static od_status inner_status;
static od_error inner_error;

static void step_inside(caller *self) {
    inner_status = od__loop_step(self->f->loop, 0, &inner_error);
    assert_false(od__loop_run_due(self->f->loop));
}

static void test_a_step_within_a_step_is_refused(void **state) {
    fixture *f = *state;
    caller a;
    init(&a, f, 'a');
    a.then = step_inside;
    inner_error = (od_error)OD_ERROR_INIT;
    od__loop_post(f->loop, &a.job);
    step(f->loop);
    assert_int_equal(inner_status, OD_INTERNAL);
    assert_string_equal(inner_error.message, "the loop was stepped from one of its own functions");
}

/* ---- descriptors ---- */

static void test_descriptors_report_what_is_ready(void **state) {
    fixture *f = *state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    caller a;
    init(&a, f, 'a');
    watch(f->loop, &a, pair[0], OD_LOOP_READ);
    step(f->loop);
    assert_int_equal(a.calls, 0);
    watch(f->loop, &a, pair[0], OD_LOOP_READ | OD_LOOP_WRITE);
    step(f->loop);
    assert_int_equal(a.calls, 1);
    assert_int_equal(a.ready, OD_LOOP_WRITE);
    put_byte(pair[1]);
    step(f->loop);
    assert_int_equal(a.ready, OD_LOOP_READ | OD_LOOP_WRITE);
    watch(f->loop, &a, pair[0], OD_LOOP_READ);
    step(f->loop);
    assert_int_equal(a.calls, 3);
    assert_int_equal(a.ready, OD_LOOP_READ);
    get_byte(pair[0]);
    step(f->loop);
    assert_int_equal(a.calls, 3);
    close(pair[1]); /* a hang-up counts as both */
    step(f->loop);
    assert_int_equal(a.ready, OD_LOOP_READ | OD_LOOP_WRITE);
    watch(f->loop, &a, pair[0], 0);
    step(f->loop);
    step(f->loop);
    assert_int_equal(a.calls, 4);
    close(pair[0]);
}

static void test_a_new_owner_replaces_the_old_one(void **state) {
    fixture *f = *state;
    int ends[2];
    caller a, b;
    init(&a, f, 'a');
    init(&b, f, 'b');
    make_pipe(ends);
    put_byte(ends[1]);
    watch(f->loop, &a, ends[0], OD_LOOP_READ);
    step(f->loop);
    watch(f->loop, &b, ends[0], OD_LOOP_READ);
    step(f->loop);
    watch(f->loop, &b, ends[0], 0);
    watch(f->loop, &a, ends[0], OD_LOOP_READ);
    step(f->loop);
    assert_string_equal(f->trace, "aba");
    close_both(ends);
}

static void test_a_number_that_is_closed_and_used_again_is_watched_anew(void **state) {
    fixture *f = *state;
    int ends[2];
    caller a, b;
    init(&a, f, 'a');
    init(&b, f, 'b');
    make_pipe(ends);
    watch(f->loop, &a, ends[0], OD_LOOP_READ);
    step(f->loop);
    int number = ends[0];
    watch(f->loop, &a, number, 0);
    close_both(ends);
    make_pipe(ends);
    assert_int_equal(ends[0], number); /* the kernel gives the lowest free number */
    put_byte(ends[1]);
    watch(f->loop, &b, ends[0], OD_LOOP_READ);
    step(f->loop);
    assert_string_equal(f->trace, "b");
    close_both(ends);
}

/* Both are ready; who runs first closes the other's descriptor and opens a new one with the same number. */
static int swapped[2];

static void replace_other(caller *self) {
    caller *other = self->other;
    other->then = NULL;
    self->then = NULL;
    od__loop_watch(self->f->loop, other->fd, 0, NULL, NULL, NULL);
    close(other->fd);
    int ends[2];
    make_pipe(ends);
    assert_int_equal(ends[0], other->fd);
    swapped[0] = ends[0];
    swapped[1] = ends[1];
    watch(self->f->loop, other, ends[0], OD_LOOP_READ);
}

static void test_stale_events_do_not_reach_a_new_owner(void **state) {
    fixture *f = *state;
    int one[2], two[2];
    caller a, b;
    init(&a, f, 'a');
    init(&b, f, 'b');
    make_pipe(one);
    make_pipe(two);
    put_byte(one[1]);
    put_byte(two[1]);
    watch(f->loop, &a, one[0], OD_LOOP_READ);
    watch(f->loop, &b, two[0], OD_LOOP_READ);
    a.then = b.then = replace_other;
    a.other = &b;
    b.other = &a;
    step(f->loop);
    assert_int_equal(a.calls + b.calls, 1);
    caller *replaced = a.calls == 1 ? &b : &a;
    step(f->loop);
    assert_int_equal(replaced->calls, 0);
    put_byte(swapped[1]);
    step(f->loop);
    assert_int_equal(replaced->calls, 1);
    close(one[1]);
    close(two[1]);
    close(a.fd);
    close(b.fd);
    close(swapped[1]);
}

static void forget_other(caller *self) {
    od__loop_watch(self->f->loop, self->other->fd, 0, NULL, NULL, NULL);
}

static void test_one_may_forget_another_that_is_ready_too(void **state) {
    fixture *f = *state;
    int one[2], two[2];
    caller a, b;
    init(&a, f, 'a');
    init(&b, f, 'b');
    make_pipe(one);
    make_pipe(two);
    put_byte(one[1]);
    put_byte(two[1]);
    watch(f->loop, &a, one[0], OD_LOOP_READ);
    watch(f->loop, &b, two[0], OD_LOOP_READ);
    a.then = b.then = forget_other;
    a.other = &b;
    b.other = &a;
    step(f->loop);
    assert_int_equal(a.calls + b.calls, 1);
    close_both(one);
    close_both(two);
}

static void test_a_forgotten_descriptor_that_is_readable_does_not_keep_waking(void **state) {
    fixture *f = *state;
    int ends[2];
    caller a;
    init(&a, f, 'a');
    make_pipe(ends);
    watch(f->loop, &a, ends[0], OD_LOOP_READ);
    step(f->loop);
    watch(f->loop, &a, ends[0], 0);
    put_byte(ends[1]);
    step(f->loop);
    assert_false(is_readable(od__loop_fd(f->loop), 0));
    watch(f->loop, &a, ends[0], OD_LOOP_READ);
    step(f->loop);
    assert_int_equal(a.calls, 1);
    close_both(ends);
}

static void test_what_the_kernel_refuses_is_ready(void **state) {
    fixture *f = *state;
    char name[] = "/tmp/outdial-loop-XXXXXX";
    int file = mkstemp(name); /* epoll takes no regular files */
    assert_true(file >= 0);
    unlink(name);
    int closed = dup(file);
    close(closed);
    caller a, b;
    init(&a, f, 'a');
    init(&b, f, 'b');
    watch(f->real, &a, file, OD_LOOP_READ);
    watch(f->real, &b, closed, OD_LOOP_WRITE);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(od__loop_step(f->real, -1, NULL), OD_OK); /* does not wait */
        assert_int_equal(a.calls, i);
        assert_int_equal(b.calls, i);
        assert_int_equal(a.ready, OD_LOOP_READ | OD_LOOP_WRITE);
        assert_int_equal(b.ready, OD_LOOP_READ | OD_LOOP_WRITE);
    }
    a.then = forget_other;
    b.then = forget_other;
    a.other = &b;
    b.other = &a;
    b.f = a.f = &(fixture){ .loop = f->real };
    assert_int_equal(od__loop_step(f->real, -1, NULL), OD_OK);
    assert_int_equal(a.calls + b.calls, 7);
    watch(f->real, &a, file, 0);
    watch(f->real, &b, closed, 0);
    assert_int_equal(od__loop_step(f->real, 0, NULL), OD_OK);
    assert_int_equal(a.calls + b.calls, 7);
    assert_int_equal(od__loop_timeout_ms(f->real), -1);
    close(file);
}

static void test_attach_tells_at_once(void **state) {
    fixture *f = *state;
    int ends[2];
    caller a;
    od_error err = OD_ERROR_INIT;
    init(&a, f, 'a');
    int loop_fd = od__loop_fd(f->loop);
    make_pipe(ends);
    a.fd = ends[0];
    put_byte(ends[1]);
    assert_int_equal(od__loop_attach(f->loop, ends[0], OD_LOOP_READ, on_ready, &a, &err), OD_OK);
    char expected[64];
    snprintf(expected, sizeof expected, "descriptor %d is watched already", ends[0]);
    assert_int_equal(od__loop_attach(f->loop, ends[0], OD_LOOP_READ, on_ready, &a, &err), OD_INTERNAL);
    assert_string_equal(err.message, expected);
    step(f->loop);
    assert_int_equal(a.calls, 1);
    int copy = dup(ends[0]); /* keeps the pipe open */
    od__loop_detach(f->loop, ends[0]);
    od__loop_detach(f->loop, 4000);
    od__loop_detach(f->loop, -1);
    close(ends[0]);
    step(f->loop);
    assert_int_equal(a.calls, 1);
    assert_false(is_readable(loop_fd, 0));
    err = (od_error)OD_ERROR_INIT;
    snprintf(expected, sizeof expected, "descriptor %d cannot be watched: Bad file descriptor", ends[0]);
    assert_int_equal(od__loop_attach(f->loop, ends[0], OD_LOOP_READ, on_ready, &a, &err), OD_INTERNAL);
    assert_string_equal(err.message, expected);
    err = (od_error)OD_ERROR_INIT;
    assert_int_equal(od__loop_watch(f->loop, -1, OD_LOOP_READ, on_ready, &a, &err), OD_INTERNAL);
    assert_string_equal(err.message, "descriptor -1 cannot be watched");
    assert_int_equal(od__loop_watch(f->loop, -1, 0, NULL, NULL, NULL), OD_OK);
    close(copy);
    close(ends[1]);
}

/* ---- waking ---- */

static void *wake_from_elsewhere(void *context) {
    od__loop_wake(context);
    return NULL;
}

static void test_another_thread_wakes_a_waiting_step(void **state) {
    fixture *f = *state;
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, wake_from_elsewhere, f->real), 0);
        assert_int_equal(od__loop_step(f->real, -1, NULL), OD_OK); /* returns, or the test hangs */
        pthread_join(thread, NULL);
    }
    od__loop_wake(f->real);
    od__loop_wake(f->real);
    assert_int_equal(od__loop_step(f->real, -1, NULL), OD_OK);
    assert_false(is_readable(od__loop_fd(f->real), 0));
}

static void on_alarm(int signal_number) {
    (void)signal_number;
}

static void test_a_signal_ends_the_wait(void **state) {
    fixture *f = *state;
    struct sigaction action = { .sa_handler = on_alarm }, before;
    sigaction(SIGALRM, &action, &before);
    /* Repeated, for the case that the first one comes before the wait. */
    struct itimerval soon = { .it_value = { .tv_usec = 2000 }, .it_interval = { .tv_usec = 2000 } }, off = { 0 };
    setitimer(ITIMER_REAL, &soon, NULL);
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od__loop_step(f->real, -1, &err), OD_OK);
    setitimer(ITIMER_REAL, &off, NULL);
    sigaction(SIGALRM, &before, NULL);
    assert_int_equal(err.code, OD_OK);
}

/* ---- the descriptor for a host's own loop ---- */

static void test_fd_is_readable_when_there_is_work(void **state) {
    fixture *f = *state;
    int ends[2];
    caller early, job, timer, pipe_reader;
    init(&early, f, 'e');
    init(&job, f, 'j');
    init(&timer, f, 't');
    init(&pipe_reader, f, 'p');
    od__loop_post(f->real, &early.job); /* before the descriptor is asked for */
    int fd = od__loop_fd(f->real);
    assert_true(fd >= 0);
    assert_int_equal(od__loop_fd(f->real), fd);
    assert_true(is_readable(fd, 0));
    step(f->real);
    assert_false(is_readable(fd, 0));

    od__loop_post(f->real, &job.job);
    assert_true(is_readable(fd, 0));
    step(f->real);
    assert_false(is_readable(fd, 0));

    od__loop_timer_start(f->real, &timer.timer, od__loop_now_us(f->real) + 2000, NULL);
    assert_true(is_readable(fd, 10000));
    step(f->real);
    assert_int_equal(timer.calls, 1);
    assert_false(is_readable(fd, 0));
    od__loop_timer_start(f->real, &timer.timer, od__loop_now_us(f->real) - 1000000, NULL); /* long due */
    assert_true(is_readable(fd, 10000));
    step(f->real);
    assert_int_equal(timer.calls, 2);
    for (int i = 3; i < 6; i++) {
        od__loop_timer_start(f->real, &timer.timer, od__loop_now_us(f->real) + 1000, NULL);
        while (timer.calls < i) {
            assert_true(is_readable(fd, 10000));
            step(f->real);
        }
    }

    make_pipe(ends);
    watch(f->real, &pipe_reader, ends[0], OD_LOOP_READ); /* without a step in between */
    assert_false(is_readable(fd, 0));
    put_byte(ends[1]);
    assert_true(is_readable(fd, 0));
    step(f->real);
    assert_int_equal(pipe_reader.calls, 1);
    get_byte(ends[0]);
    assert_false(is_readable(fd, 0));

    od__loop_wake(f->real);
    assert_true(is_readable(fd, 0));
    step(f->real);
    assert_false(is_readable(fd, 0));
    watch(f->real, &pipe_reader, ends[0], 0);
    close_both(ends);
}

static void start_soon(caller *self) {
    self->then = NULL;
    od__loop_timer_start(self->f->real, &self->timer, od__loop_now_us(self->f->real) + 1000, NULL);
}

static void test_fd_knows_timers_started_in_a_step(void **state) {
    fixture *f = *state;
    caller a, late;
    init(&a, f, 'a');
    init(&late, f, 'l');
    int fd = od__loop_fd(f->real);
    od__loop_timer_start(f->real, &late.timer, od__loop_now_us(f->real) + INT64_C(3600000000), NULL);
    a.then = start_soon;
    od__loop_post(f->real, &a.job);
    step(f->real);
    while (a.calls < 2) {
        assert_true(is_readable(fd, 10000));
        step(f->real);
    }
    assert_false(is_readable(fd, 0));
    assert_int_equal(late.calls, 0);
    od__loop_timer_stop(f->real, &late.timer);
}

static void post_again_on_real(caller *self) {
    od__loop_post(self->f->real, &self->job);
}

static void test_fd_stays_readable_while_work_is_left(void **state) {
    fixture *f = *state;
    caller a;
    init(&a, f, 'a');
    int fd = od__loop_fd(f->real);
    a.then = post_again_on_real;
    od__loop_post(f->real, &a.job);
    for (int i = 0; i < 3; i++) {
        assert_true(is_readable(fd, 0));
        step(f->real);
    }
    a.then = NULL;
    step(f->real);
    assert_false(is_readable(fd, 0));
}

static void test_fd_is_readable_for_what_the_kernel_refuses(void **state) {
    fixture *f = *state;
    caller a;
    init(&a, f, 'a');
    int fd = od__loop_fd(f->real), closed = dup(fd);
    close(closed);
    watch(f->real, &a, closed, OD_LOOP_READ);
    assert_true(is_readable(fd, 0));
    assert_int_equal(od__loop_timeout_ms(f->real), 0);
    step(f->real);
    assert_int_equal(a.calls, 1);
    assert_true(is_readable(fd, 0));
    watch(f->real, &a, closed, 0);
    step(f->real);
    step(f->real);
    assert_int_equal(a.calls, 1);
    assert_false(is_readable(fd, 0));
}

/* ---- memory ---- */

static void test_memory_failures(void **state) {
    fixture *f = *state;
    size_t n = 1;
    for (;; n++) {
        od_loop *loop = NULL;
        od_error err = OD_ERROR_INIT;
        caller a;
        init(&a, f, 'a');
        int ends[2];
        make_pipe(ends);
        a.fd = ends[0];
        od__memory_fail_at(n);
        od_status status = od__loop_new(&f->fake.clock, &loop, &err);
        if (status == OD_OK) status = od__loop_timer_start(loop, &a.timer, 0, &err);
        if (status == OD_OK) status = od__loop_watch(loop, ends[0], OD_LOOP_READ, on_ready, &a, &err);
        od__memory_fail_at(0);
        od__loop_free(loop);
        close_both(ends);
        if (status == OD_OK) break;
        assert_int_equal(status, OD_OUT_OF_MEMORY);
        assert_string_equal(err.message, "memory ran out");
        assert_int_equal(a.timer.position, 0);
    }
    assert_int_equal(n, 4);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_timers_run_when_due_and_in_order),
        TEST(test_timers_move_and_stop),
        TEST(test_stopping_one_keeps_the_order_of_the_others),
        TEST(test_many_timers_run_in_order),
        TEST(test_a_timer_may_stop_one_that_is_due_too),
        TEST(test_work_that_starts_itself_again_does_not_hold_a_step),
        TEST(test_timeout_is_rounded_up),
        TEST(test_a_step_waits_for_a_timer),
        TEST(test_a_step_does_not_sleep_through_a_foreign_clock),
        TEST(test_jobs_run_once_and_in_order),
        TEST(test_jobs_may_take_back_and_post_others),
        TEST(test_a_step_with_due_work_does_not_wait),
        TEST(test_a_step_within_a_step_is_refused),
        TEST(test_descriptors_report_what_is_ready),
        TEST(test_a_new_owner_replaces_the_old_one),
        TEST(test_a_number_that_is_closed_and_used_again_is_watched_anew),
        TEST(test_stale_events_do_not_reach_a_new_owner),
        TEST(test_one_may_forget_another_that_is_ready_too),
        TEST(test_a_forgotten_descriptor_that_is_readable_does_not_keep_waking),
        TEST(test_what_the_kernel_refuses_is_ready),
        TEST(test_attach_tells_at_once),
        TEST(test_another_thread_wakes_a_waiting_step),
        TEST(test_a_signal_ends_the_wait),
        TEST(test_fd_is_readable_when_there_is_work),
        TEST(test_fd_knows_timers_started_in_a_step),
        TEST(test_fd_stays_readable_while_work_is_left),
        TEST(test_fd_is_readable_for_what_the_kernel_refuses),
        TEST(test_memory_failures),
    };
    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
