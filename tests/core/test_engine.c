/* The engine and requests: references, the queue of finished ones, sleeping, awaiting, cancelling, closing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/error.h"
#include "base/memory.h"
#include "fake_clock.h"
#include "request.h"

typedef struct fixture {
    fake_clock fake;
    od_engine *engine;  /* on the fake clock */
} fixture;

static int set_up(void **state) {
    fixture *f = calloc(1, sizeof *f);
    fake_clock_init(&f->fake);
    od_engine_options options = OD_ENGINE_OPTIONS_INIT;
    options.now_us = fake_now_us;
    options.wall_ms = fake_wall_ms;
    options.random = fake_random;
    options.context = &f->fake;
    *state = f;
    return od_engine_new(&options, &f->engine, NULL) == OD_OK ? 0 : -1;
}

static int tear_down(void **state) {
    fixture *f = *state;
    od_engine_free(f->engine);
    free(f);
    return 0;
}

static void step(fixture *f) {
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od_engine_step(f->engine, 0, &err), OD_OK);
}

static od_request *start_sleep(fixture *f, int64_t delay_ms) {
    od_request *request = NULL;
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od_engine_sleep(f->engine, delay_ms, &request, &err), OD_OK);
    assert_non_null(request);
    assert_false(od_request_finished(request));
    return request;
}

/* ---- sleeping ---- */

static void test_sleep_finishes_when_the_time_has_passed(void **state) {
    fixture *f = *state;
    od_request *request = start_sleep(f, 5);
    assert_int_equal(od_engine_pending(f->engine), 1);
    assert_int_equal(od_engine_timeout_ms(f->engine), 5);
    f->fake.now_us += 4999;
    step(f);
    assert_false(od_request_finished(request));
    assert_null(od_engine_take(f->engine));
    f->fake.now_us += 1;
    step(f);
    assert_true(od_request_finished(request));
    assert_int_equal(od_request_status(request), OD_OK);
    assert_int_equal(od_request_error(request)->code, OD_OK);
    assert_null(od_request_result(request));
    assert_int_equal(od_engine_pending(f->engine), 0);
    assert_int_equal(od_engine_timeout_ms(f->engine), -1);
    assert_ptr_equal(od_engine_take(f->engine), request);
    assert_null(od_engine_take(f->engine));
    od_request_unref(request);
    od_request_unref(request);
}

static void test_sleep_takes_any_delay(void **state) {
    fixture *f = *state;
    od_request *none = start_sleep(f, 0), *negative = start_sleep(f, -7), *forever = start_sleep(f, INT64_MAX);
    step(f);
    assert_true(od_request_finished(none));
    assert_true(od_request_finished(negative));
    assert_false(od_request_finished(forever));
    assert_int_equal(od_engine_timeout_ms(f->engine), 2147483647);
    od_request_unref(none);
    od_request_unref(negative);
    od_request_unref(forever);
}

static void test_finished_ones_are_taken_in_order_and_once(void **state) {
    fixture *f = *state;
    static const int delays[] = { 3, 1, 2, 1 };
    od_request *requests[4];
    for (int i = 0; i < 4; i++) requests[i] = start_sleep(f, delays[i]);
    f->fake.now_us += 3000;
    step(f);
    static const int order[] = { 1, 3, 2, 0 };
    for (int i = 0; i < 4; i++) {
        od_request *taken = od_engine_take(f->engine);
        assert_ptr_equal(taken, requests[order[i]]);
        od_request_unref(taken);
    }
    assert_null(od_engine_take(f->engine));
    for (int i = 0; i < 4; i++) od_request_unref(requests[i]);
}

/* ---- references ---- */

static void test_without_out_a_request_is_delivered(void **state) {
    fixture *f = *state;
    assert_int_equal(od_engine_sleep(f->engine, 1, NULL, NULL), OD_OK);
    f->fake.now_us += 1000;
    step(f);
    od_request *request = od_engine_take(f->engine);
    assert_non_null(request);
    assert_int_equal(od_request_status(request), OD_OK);
    od_request_unref(request);
}

static void test_one_whose_caller_let_go_before_the_end_is_not_delivered(void **state) {
    fixture *f = *state;
    od_request *request = start_sleep(f, 1);
    od_request_ref(request);
    od_request_unref(request);
    od_request_unref(request);
    assert_int_equal(od_engine_pending(f->engine), 1); /* it goes on */
    f->fake.now_us += 1000;
    step(f);
    assert_int_equal(od_engine_pending(f->engine), 0);
    assert_null(od_engine_take(f->engine));
}

static void test_one_whose_caller_let_go_after_the_end_is_delivered(void **state) {
    fixture *f = *state;
    od_request *request = start_sleep(f, 0);
    step(f);
    od_request_unref(request);
    od_request *taken = od_engine_take(f->engine);
    assert_ptr_equal(taken, request);
    assert_true(od_request_finished(taken));
    od_request_unref(taken);
    od_request_unref(NULL);
}

/* ---- cancelling ---- */

static void test_cancel_finishes_in_the_next_step(void **state) {
    fixture *f = *state;
    od_request *request = start_sleep(f, 1000);
    od_request_cancel(request);
    od_request_cancel(request);
    assert_false(od_request_finished(request));
    assert_int_equal(od_engine_timeout_ms(f->engine), 0);
    step(f);
    assert_true(od_request_finished(request));
    assert_int_equal(od_request_status(request), OD_CANCELED);
    assert_string_equal(od_request_error(request)->message, "the caller took it back");
    assert_int_equal(od_engine_timeout_ms(f->engine), -1);
    od_request_cancel(request); /* nothing happens to a finished one */
    assert_ptr_equal(od_engine_take(f->engine), request);
    step(f);
    assert_null(od_engine_take(f->engine));
    od_request_cancel(request);
    od_request_unref(request);
    od_request_unref(request);
}

static void test_cancel_of_one_that_finishes_first_does_nothing(void **state) {
    fixture *f = *state;
    od_request *request = start_sleep(f, 1);
    od_request_cancel(request);
    f->fake.now_us += 1000; /* due: timers run before jobs */
    step(f);
    assert_int_equal(od_request_status(request), OD_OK);
    od_request_unref(request);
}

static void test_closing_finishes_what_is_pending(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    od_engine *engine;
    assert_int_equal(od_engine_new(NULL, &engine, NULL), OD_OK);
    od_request *slept, *awaited, *canceled, *untaken;
    assert_int_equal(od_engine_sleep(engine, 100000, &slept, NULL), OD_OK);
    assert_int_equal(od_engine_await(engine, ends[0], &awaited, NULL), OD_OK);
    assert_int_equal(od_engine_sleep(engine, 100000, &canceled, NULL), OD_OK);
    assert_int_equal(od_engine_sleep(engine, 0, &untaken, NULL), OD_OK);
    assert_int_equal(od_engine_sleep(engine, 100000, NULL, NULL), OD_OK);
    assert_int_equal(od_engine_step(engine, -1, NULL), OD_OK);
    od_request_cancel(canceled);
    od_engine_free(engine);
    od_engine_free(NULL);
    assert_int_equal(od_request_status(slept), OD_CLOSED);
    assert_string_equal(od_request_error(slept)->message, "the engine was closed");
    assert_int_equal(od_request_status(awaited), OD_CLOSED);
    assert_int_equal(od_request_status(canceled), OD_CLOSED);
    assert_int_equal(od_request_status(untaken), OD_OK);
    assert_int_equal(od_request_wait(slept, -1, NULL), OD_OK);
    od_request_cancel(slept);
    od_request_unref(slept);
    od_request_unref(awaited);
    od_request_unref(canceled);
    od_request_unref(untaken);
    close(ends[0]);
    close(ends[1]);
}

/* ---- awaiting ---- */

static void test_await_finishes_when_readable(void **state) {
    fixture *f = *state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    od_request *request;
    assert_int_equal(od_engine_await(f->engine, ends[0], &request, NULL), OD_OK);
    step(f);
    assert_false(od_request_finished(request));
    assert_int_equal(write(ends[1], "x", 1), 1);
    step(f);
    assert_true(od_request_finished(request));
    assert_int_equal(od_request_status(request), OD_OK);
    od_request_unref(request);
    /* Again, on the same descriptor, which is readable still. */
    assert_int_equal(od_engine_await(f->engine, ends[0], &request, NULL), OD_OK);
    step(f);
    assert_true(od_request_finished(request));
    od_request_unref(request);
    /* The other end is gone: reading would not block. */
    char byte;
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[1]);
    assert_int_equal(od_engine_await(f->engine, ends[0], &request, NULL), OD_OK);
    step(f);
    assert_true(od_request_finished(request));
    od_request_unref(request);
    close(ends[0]);
}

static void test_await_errors(void **state) {
    fixture *f = *state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    od_request *request, *second = (od_request *)&ends;
    assert_int_equal(od_engine_await(f->engine, ends[0], &request, NULL), OD_OK);
    od_error err = OD_ERROR_INIT;
    char expected[64];
    snprintf(expected, sizeof expected, "descriptor %d is watched already", ends[0]);
    assert_int_equal(od_engine_await(f->engine, ends[0], &second, &err), OD_INTERNAL);
    assert_string_equal(err.message, expected);
    assert_null(second);
    assert_int_equal(od_engine_pending(f->engine), 1);
    od_request_cancel(request);
    step(f);
    assert_int_equal(od_request_status(request), OD_CANCELED);
    od_request_unref(request);
    /* After that it may be awaited by another. */
    assert_int_equal(od_engine_await(f->engine, ends[0], &request, NULL), OD_OK);
    od_request_unref(request);
    err = (od_error)OD_ERROR_INIT;
    assert_int_equal(od_engine_await(f->engine, -1, NULL, &err), OD_INTERNAL);
    assert_string_equal(err.message, "descriptor -1 cannot be watched");
    char name[] = "/tmp/outdial-engine-XXXXXX";
    int file = mkstemp(name);
    unlink(name);
    err = (od_error)OD_ERROR_INIT;
    snprintf(expected, sizeof expected, "descriptor %d cannot be watched: Operation not permitted", file);
    assert_int_equal(od_engine_await(f->engine, file, NULL, &err), OD_INTERNAL);
    assert_string_equal(err.message, expected);
    close(file);
    close(ends[1]);
    step(f);
    close(ends[0]);
}

/* ---- waiting ---- */

static void test_wait_leaves_the_others_to_be_taken(void **state) {
    (void)state;
    od_engine *engine;
    assert_int_equal(od_engine_new(NULL, &engine, NULL), OD_OK);
    od_request *first, *second, *third;
    assert_int_equal(od_engine_sleep(engine, 0, &first, NULL), OD_OK);
    assert_int_equal(od_engine_sleep(engine, 2, &second, NULL), OD_OK);
    assert_int_equal(od_engine_sleep(engine, 3600000, &third, NULL), OD_OK);
    assert_int_equal(od_request_wait(second, -1, NULL), OD_OK);
    assert_true(od_request_finished(second));
    assert_ptr_equal(od_engine_take(engine), first);
    assert_null(od_engine_take(engine));
    assert_int_equal(od_request_wait(first, 0, NULL), OD_OK); /* taken already */
    assert_int_equal(od_request_wait(second, 0, NULL), OD_OK);
    od_request_unref(first);
    od_request_unref(first);
    od_request_unref(second);
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od_request_wait(third, 2, &err), OD_TIMEOUT);
    assert_string_equal(err.message, "the request is still under way after 2 ms");
    assert_int_equal(od_request_wait(third, 0, NULL), OD_TIMEOUT);
    od_request_cancel(third);
    assert_int_equal(od_request_wait(third, 0, NULL), OD_OK); /* what is ready counts without waiting */
    assert_int_equal(od_request_status(third), OD_CANCELED);
    od_request_unref(third);
    od_engine_free(engine);
}

static void test_one_that_was_waited_for_in_vain_is_delivered_later(void **state) {
    fixture *f = *state;
    od_request *request = start_sleep(f, 50);
    assert_int_equal(od_request_wait(request, 0, NULL), OD_TIMEOUT);
    f->fake.now_us += 50000;
    step(f);
    assert_ptr_equal(od_engine_take(f->engine), request);
    od_request_unref(request);
    od_request_unref(request);
}

static void test_wait_for_a_finished_one_takes_it_out_of_the_queue(void **state) {
    fixture *f = *state;
    od_request *first = start_sleep(f, 0), *second = start_sleep(f, 0), *third = start_sleep(f, 0);
    step(f);
    assert_int_equal(od_request_wait(second, -1, NULL), OD_OK);
    assert_ptr_equal(od_engine_take(f->engine), first);
    assert_int_equal(od_request_wait(third, -1, NULL), OD_OK);
    assert_null(od_engine_take(f->engine));
    od_request *fourth = start_sleep(f, 0);
    step(f);
    assert_ptr_equal(od_engine_take(f->engine), fourth);
    od_request *all[] = { first, first, second, third, fourth, fourth };
    for (int i = 0; i < 6; i++) od_request_unref(all[i]);
}

/* ---- stepping ---- */

static void test_step_does_not_wait_for_nothing(void **state) {
    (void)state;
    od_engine *engine;
    assert_int_equal(od_engine_new(NULL, &engine, NULL), OD_OK);
    assert_int_equal(od_engine_step(engine, -1, NULL), OD_OK); /* returns, or the test hangs */
    od_request *request;
    assert_int_equal(od_engine_sleep(engine, 3600000, &request, NULL), OD_OK);
    od_request_cancel(request);
    /* The cancelling is done before the wait; what finished by it ends the step. */
    assert_int_equal(od_engine_step(engine, -1, NULL), OD_OK);
    assert_true(od_request_finished(request));
    od_request_unref(request);
    od_engine_free(engine);
}

static void test_step_waits_although_finished_ones_are_not_taken(void **state) {
    (void)state;
    od_engine *engine;
    assert_int_equal(od_engine_new(NULL, &engine, NULL), OD_OK);
    od_request *first, *second;
    assert_int_equal(od_engine_sleep(engine, 0, &first, NULL), OD_OK);
    assert_int_equal(od_engine_step(engine, -1, NULL), OD_OK);
    assert_int_equal(od_engine_sleep(engine, 20, &second, NULL), OD_OK);
    int steps = 0;
    while (!od_request_finished(second)) {
        assert_int_equal(od_engine_step(engine, -1, NULL), OD_OK);
        steps++;
    }
    assert_true(steps < 10); /* it would be thousands */
    od_request_unref(first);
    od_request_unref(second);
    od_engine_free(engine);
}

static void *wake_from_elsewhere(void *context) {
    od_engine_wake(context);
    return NULL;
}

static void test_wake_ends_a_step(void **state) {
    (void)state;
    od_engine *engine;
    assert_int_equal(od_engine_new(NULL, &engine, NULL), OD_OK);
    assert_int_equal(od_engine_sleep(engine, 3600000, NULL, NULL), OD_OK);
    for (int i = 0; i < 10; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, wake_from_elsewhere, engine), 0);
        assert_int_equal(od_engine_step(engine, -1, NULL), OD_OK); /* returns, or the test hangs */
        pthread_join(thread, NULL);
    }
    od_engine_free(engine);
}

static bool is_readable(int fd, int timeout_ms) {
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
    return poll(&poll_fd, 1, timeout_ms) == 1;
}

static void test_fd_tells_a_host_when_to_step(void **state) {
    (void)state;
    od_engine *engine;
    assert_int_equal(od_engine_new(NULL, &engine, NULL), OD_OK);
    int fd = od_engine_fd(engine);
    assert_true(fd >= 0);
    assert_false(is_readable(fd, 0));
    od_request *slept, *canceled;
    assert_int_equal(od_engine_sleep(engine, 2, &slept, NULL), OD_OK);
    assert_int_equal(od_engine_sleep(engine, 3600000, &canceled, NULL), OD_OK);
    while (!od_request_finished(slept)) {
        assert_true(is_readable(fd, 10000));
        assert_int_equal(od_engine_step(engine, 0, NULL), OD_OK);
    }
    assert_false(is_readable(fd, 0));
    od_request_cancel(canceled);
    assert_true(is_readable(fd, 0));
    assert_int_equal(od_engine_step(engine, 0, NULL), OD_OK);
    assert_true(od_request_finished(canceled));
    assert_false(is_readable(fd, 0));
    od_request_unref(slept);
    od_request_unref(canceled);
    od_engine_free(engine);
}

static void test_clocks(void **state) {
    fixture *f = *state;
    assert_int_equal(od_engine_now_ms(f->engine), 1000);
    assert_int_equal(od_engine_wall_ms(f->engine), 1700000001000);
    f->fake.now_us += 1999;
    assert_int_equal(od_engine_now_ms(f->engine), 1001);
}

/* ---- a kind of its own, as other rooms have ---- */

typedef struct own_request {
    od_request base;
    int *freed;
} own_request;

static void own_cancel(od_request *request, od_status code) {
    od__error_set(&request->error, code, "own");
    od__request_finish(request, NULL);
}

static void own_free(od_request *request) {
    assert_null(request->result);
    ++*((own_request *)request)->freed;
    free(request);
}

static void test_a_kind_gives_result_and_context(void **state) {
    fixture *f = *state;
    static const od_request_kind kind = { .cancel = own_cancel, .free = own_free };
    int freed = 0, context = 0;
    own_request *own = calloc(1, sizeof *own);
    own->freed = &freed;
    od__request_init(&own->base, &kind, f->engine, &context);
    od_request *request;
    od__request_hand_out(&own->base, &request);
    assert_ptr_equal(od_request_context(request), &context);
    od__request_finish(&own->base, od_value_new_integer(7));
    assert_int_equal(od_value_integer(od_request_result(request)), 7);
    assert_ptr_equal(od_engine_take(f->engine), request);
    od_request_unref(request);
    assert_int_equal(freed, 0);
    od_request_unref(request);
    assert_int_equal(freed, 1);
}

/* ---- memory ---- */

static void test_memory_failures(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    size_t n = 1;
    for (;; n++) {
        od_engine *engine = NULL;
        od_error err = OD_ERROR_INIT;
        od_request *slept = NULL, *awaited = NULL;
        od__memory_fail_at(n);
        od_status status = od_engine_new(NULL, &engine, &err);
        size_t expected = 0;
        if (status == OD_OK) status = od_engine_sleep(engine, 1, &slept, &err);
        if (slept != NULL) expected++;
        if (status == OD_OK) status = od_engine_await(engine, ends[0], &awaited, &err);
        if (awaited != NULL) expected++;
        od__memory_fail_at(0);
        if (engine != NULL) assert_int_equal(od_engine_pending(engine), expected);
        od_engine_free(engine);
        od_request_unref(slept);
        od_request_unref(awaited);
        if (status == OD_OK) break;
        assert_int_equal(status, OD_OUT_OF_MEMORY);
        assert_int_equal(err.code, OD_OUT_OF_MEMORY);
    }
    assert_true(n > 5);
    close(ends[0]);
    close(ends[1]);
}

static void test_an_owner_is_given_its_own_requests(void **state) {
    (void)state;
    od_engine *own = NULL;
    od_request *requests[3] = { NULL };
    int owner;
    assert_int_equal(od_engine_new(NULL, &own, NULL), OD_OK);
    for (int i = 0; i < 3; i++) assert_int_equal(od_engine_sleep(own, 0, &requests[i], NULL), OD_OK);
    requests[1]->owner = &owner;
    while (od_engine_pending(own) > 0) assert_int_equal(od_engine_step(own, 10, NULL), OD_OK);
    od_request *taken = od__engine_take_of(own, &owner);
    assert_ptr_equal(taken, requests[1]);
    od_request_unref(taken);
    assert_null(od__engine_take_of(own, &owner));
    for (int i = 0; i < 2; i++) {
        taken = od_engine_take(own);
        assert_true(taken == requests[0] || taken == requests[2]);
        od_request_unref(taken);
    }
    assert_null(od_engine_take(own));
    for (int i = 0; i < 3; i++) od_request_unref(requests[i]);
    /* What nobody took goes with the engine. */
    assert_int_equal(od_engine_sleep(own, 0, &requests[0], NULL), OD_OK);
    requests[0]->owner = &owner;
    while (od_engine_pending(own) > 0) assert_int_equal(od_engine_step(own, 10, NULL), OD_OK);
    od_engine_free(own);
    assert_true(od_request_finished(requests[0]));
    od_request_unref(requests[0]);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_sleep_finishes_when_the_time_has_passed),
        TEST(test_sleep_takes_any_delay),
        TEST(test_finished_ones_are_taken_in_order_and_once),
        TEST(test_without_out_a_request_is_delivered),
        TEST(test_an_owner_is_given_its_own_requests),
        TEST(test_one_whose_caller_let_go_before_the_end_is_not_delivered),
        TEST(test_one_whose_caller_let_go_after_the_end_is_delivered),
        TEST(test_cancel_finishes_in_the_next_step),
        TEST(test_cancel_of_one_that_finishes_first_does_nothing),
        TEST(test_closing_finishes_what_is_pending),
        TEST(test_await_finishes_when_readable),
        TEST(test_await_errors),
        TEST(test_wait_leaves_the_others_to_be_taken),
        TEST(test_one_that_was_waited_for_in_vain_is_delivered_later),
        TEST(test_wait_for_a_finished_one_takes_it_out_of_the_queue),
        TEST(test_step_does_not_wait_for_nothing),
        TEST(test_step_waits_although_finished_ones_are_not_taken),
        TEST(test_wake_ends_a_step),
        TEST(test_fd_tells_a_host_when_to_step),
        TEST(test_clocks),
        TEST(test_a_kind_gives_result_and_context),
        TEST(test_memory_failures),
    };
    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
