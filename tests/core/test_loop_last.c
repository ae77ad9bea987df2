/* The loop's jobs that wait for a quiet moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/limits.h"
#include "loop/loop.h"

typedef struct fixture {
    od_clock clock;
    od_loop *loop;
    int ends[2];        /* of a pipe; the loop watches the first: 'r' */
    od_job last, job;   /* 'l' and 'j' */
    bool writes;        /* the last job puts a byte into the pipe */
    char trace[64];     /* what ran, in order */
} fixture;

static void note(fixture *f, char letter) {
    size_t length = strlen(f->trace);
    assert_true(length + 1 < sizeof f->trace);
    f->trace[length] = letter;
}

static void put_byte(const fixture *f) {
    assert_int_equal(write(f->ends[1], "x", 1), 1);
}

static void on_last(void *context) {
    fixture *f = context;
    note(f, 'l');
    if (f->writes) put_byte(f);
}

static void on_job(void *context) {
    note(context, 'j');
}

static void on_ready(void *context, int fd, unsigned ready) {
    (void)fd, (void)ready;
    note(context, 'r');
}

static int set_up(void **state) {
    fixture *f = calloc(1, sizeof *f);
    od__clock_init(&f->clock, NULL);
    f->last = (od_job){ .fn = on_last, .context = f };
    f->job = (od_job){ .fn = on_job, .context = f };
    *state = f;
    if (pipe2(f->ends, O_CLOEXEC | O_NONBLOCK) != 0 || od__loop_new(&f->clock, &f->loop, NULL) != OD_OK) return -1;
    return od__loop_watch(f->loop, f->ends[0], OD_LOOP_READ, on_ready, f, NULL) == OD_OK ? 0 : -1;
}

static int tear_down(void **state) {
    fixture *f = *state;
    od__loop_free(f->loop);
    close(f->ends[0]);
    close(f->ends[1]);
    free(f);
    return 0;
}

static void step(fixture *f, int timeout_ms, const char *trace) {
    assert_int_equal(od__loop_step(f->loop, timeout_ms, NULL), OD_OK);
    assert_string_equal(f->trace, trace);
    memset(f->trace, 0, sizeof f->trace);
}

static void test_it_runs_when_nothing_else_is_ready(void **state) {
    fixture *f = *state;
    char byte;
    put_byte(f);
    od__loop_post_last(f->loop, &f->last);
    od__loop_post_last(f->loop, &f->last); /* once is enough */
    od__loop_post(f->loop, &f->job);
    assert_true(od__loop_run_due(f->loop));
    assert_false(od__loop_run_due(f->loop)); /* it is not due by itself */
    step(f, -1, "jr");
    assert_int_equal(od__loop_timeout_ms(f->loop), 0);
    assert_int_equal(read(f->ends[0], &byte, 1), 1);
    step(f, 0, "l");
    assert_int_equal(od__loop_timeout_ms(f->loop), -1);
    step(f, 0, "");
}

static void test_it_can_be_taken_back(void **state) {
    fixture *f = *state;
    od__loop_post_last(f->loop, &f->last);
    od__loop_unpost(f->loop, &f->last);
    od__loop_unpost(f->loop, &f->last);
    assert_int_equal(od__loop_timeout_ms(f->loop), -1);
    step(f, 0, "");
    od__loop_post_last(f->loop, &f->last); /* the loop forgets it when it is freed */
}

static void test_it_is_not_put_off_for_ever(void **state) {
    fixture *f = *state;
    put_byte(f);
    for (int round = 0; round < 2; round++) {
        od__loop_post_last(f->loop, &f->last);
        for (int i = 1; i < OD_LIMIT_LOOP_PUT_OFF; i++) step(f, -1, "r");
        step(f, -1, "rl");
    }
    step(f, -1, "r");
}

static void test_a_step_runs_it_and_waits_for_what_it_leads_to(void **state) {
    fixture *f = *state;
    f->writes = true;
    od__loop_post_last(f->loop, &f->last);
    step(f, -1, "lr"); /* returns, or the test hangs */
}

static void test_the_descriptor_is_readable_for_it(void **state) {
    fixture *f = *state;
    struct pollfd loop = { .fd = od__loop_fd(f->loop), .events = POLLIN };
    for (int i = 0; i < 3; i++) {
        assert_int_equal(poll(&loop, 1, 0), 0);
        od__loop_post_last(f->loop, &f->last);
        assert_int_equal(poll(&loop, 1, 0), 1);
        step(f, 0, "l"); /* the descriptor's own wake-up is nothing else to do */
    }
    assert_int_equal(poll(&loop, 1, 0), 0);
    put_byte(f);
    od__loop_post_last(f->loop, &f->last);
    step(f, 0, "r");
    assert_int_equal(poll(&loop, 1, 0), 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_it_runs_when_nothing_else_is_ready),
        TEST(test_it_can_be_taken_back),
        TEST(test_it_is_not_put_off_for_ever),
        TEST(test_a_step_runs_it_and_waits_for_what_it_leads_to),
        TEST(test_the_descriptor_is_readable_for_it),
    };
    return cmocka_run_group_tests_name("loop_last", tests, NULL, NULL);
}
