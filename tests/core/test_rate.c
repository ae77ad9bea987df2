/* The rate layer: the arithmetic of GCRA, the queue of each bucket, and how exchanges leave it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "fake_clock.h"
#include "fake_transport.h"

/* ---- arithmetic ---- */

typedef struct gcra_row {
    double per_second;
    int burst;
    int64_t now_us[8];       /* requests at these times, -1: no more */
    int64_t expected_us[8];  /* may go at these */
} gcra_row;

static void test_gcra(void **state) {
    (void)state;
    static const gcra_row rows[] = {
        { 2, 1, { 1000000, 1000000, 1000000, -1 }, { 1000000, 1500000, 2000000 } },
        { 2, 3, { 1000000, 1000000, 1000000, 1000000, 1000000, -1 },
          { 1000000, 1000000, 1000000, 1500000, 2000000 } },
        /* one comes back after each interval */
        { 2, 2, { 1000000, 1000000, 1500000, 1500000, 9000000, 9000000, 9000000, -1 },
          { 1000000, 1000000, 1500000, 2000000, 9000000, 9000000, 9500000 } },
        /* an interval that is no whole number is rounded up */
        { 3, 1, { 0, 0, 0, 0, -1 }, { 0, 333334, 666668, 1000002 } },
        { 0.5, 1, { 5, 5, 2000005, -1 }, { 5, 2000005, 4000005 } },
        /* at the start of all time */
        { 10, 2, { 0, 0, 0, -1 }, { 0, 0, 100000 } },
        /* faster than the clock counts */
        { 1e9, 1, { 7, 7, 7, -1 }, { 7, 8, 9 } },
        /* nonsense that must not overflow */
        { 1e-300, 1, { 7, 7, 7, -1 }, { 7, INT64_C(1) << 60, INT64_C(1) << 60 } },
        { 1, 2147483647, { 7, 7, 7, -1 }, { 7, 7, 7 } },
        { 1e-6, 2147483647, { 7, 7, 7, -1 }, { 7, 7, 7 } },
        { 1, 0, { 7, 7, -1 }, { 7, 1000007 } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        od_rate rate = { .per_second = rows[i].per_second, .burst = rows[i].burst };
        int64_t tat_us = 0;
        for (int j = 0; rows[i].now_us[j] >= 0; j++) {
            int64_t at_us = od__gcra_take(&tat_us, &rate, rows[i].now_us[j]);
            if (at_us != rows[i].expected_us[j]) {
                fail_msg("row %zu, request %d: %lld, not %lld", i, j, (long long)at_us,
                         (long long)rows[i].expected_us[j]);
            }
        }
    }
}

typedef struct left_row {
    double per_second;
    int burst;
    int64_t tat_us, slot_us, left_us;
    uint64_t since;
    int64_t expected_us;
} left_row;

static void test_gcra_of_one_that_left_late(void **state) {
    (void)state;
    static const left_row rows[] = {
        /* five at once that left 30 ms later: the sixth goes 30 ms, and what the ways may differ by, after its slot */
        { 2, 5, 3500000, 1000000, 1030000, 5, 3532000 },
        { 2, 5, 3500000, 1000000, 1030000, 4, 3500000 }, /* all but the first were late: that one counts */
        { 2, 5, 3500000, 1000000, 1000000, 5, 3500000 }, /* none was */
        { 2, 5, 3500000, 1000000, 0, 5, 3500000 },       /* it never left */
        { 2, 5, 3500000, 1000000, 4000000, 5, 4000000 }, /* one that hung moves the others by one slot */
        { 2, 1, 1500000, 1000000, 1030000, 1, 1500000 }, /* one at a time */
        { 10, 2, 9000000, 1000000, 1030000, 1, 9000000 }, /* long ago */
        { 1e-300, 2, 7, 5, 6, UINT64_MAX, INT64_C(1) << 60 },
        { 1e9, 2, 7, 5, 6, UINT64_MAX, INT64_C(1) << 60 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        od_rate rate = { .per_second = rows[i].per_second, .burst = rows[i].burst };
        int64_t tat_us = rows[i].tat_us;
        od__gcra_left(&tat_us, &rate, rows[i].slot_us, rows[i].left_us, rows[i].since);
        if (tat_us != rows[i].expected_us)
            fail_msg("row %zu: %lld, not %lld", i, (long long)tat_us, (long long)rows[i].expected_us);
    }
}

/* ---- the layer ---- */

enum { MOST = 8 };

typedef struct fixture fixture;

typedef struct sender {
    od_exchange exchange;
    fixture *f;
    int finished;
    struct sender *cancels;  /* from inside its own end */
} sender;

struct fixture {
    fake_clock fake;
    od_loop *loop;
    fake_transport inner;
    od_transport *rate;
    sender senders[MOST];
};

static const od_rate one_a_second = { .per_second = 1, .burst = 1 };
static const od_rate two_at_once = { .per_second = 10, .burst = 2 };

static void on_finished(void *context, od_exchange *exchange) {
    sender *self = context;
    assert_ptr_equal(exchange, &self->exchange);
    self->finished++;
    if (self->cancels != NULL) od__exchange_cancel(&self->cancels->exchange, OD_CANCELED, "taken back");
}

static fixture *make(const od_rate *override) {
    fixture *f = calloc(1, sizeof *f);
    fake_clock_init(&f->fake);
    fake_transport_init(&f->inner);
    assert_int_equal(od__loop_new(&f->fake.clock, &f->loop, NULL), OD_OK);
    assert_int_equal(od__rate_transport_new(f->loop, override, &f->inner.base, &f->rate, NULL), OD_OK);
    for (int i = 0; i < MOST; i++) {
        od__exchange_init(&f->senders[i].exchange);
        f->senders[i].exchange.rings = true;
        f->senders[i].f = f;
    }
    return f;
}

static void dispose(fixture *f) {
    for (int i = 0; i < MOST; i++) {
        od__exchange_cancel(&f->senders[i].exchange, OD_CLOSED, "the end");
        od__exchange_clear(&f->senders[i].exchange);
    }
    od__transport_free(f->rate);
    od__loop_free(f->loop);
    free(f);
}

static void send(fixture *f, int i, const od_rate *bucket) {
    f->senders[i].exchange.bucket = bucket;
    od__exchange_push(&f->senders[i].exchange, on_finished, &f->senders[i]);
    od__transport_send(f->rate, &f->senders[i].exchange);
}

static void pass(fixture *f, int64_t us) {
    f->fake.now_us += us;
    assert_int_equal(od__loop_step(f->loop, 0, NULL), OD_OK);
}

/* Who of the senders is below now, as digits. */
static const char *below(fixture *f) {
    static char digits[MOST + 1];
    int count = 0;
    for (int i = 0; i < f->inner.held_count; i++) {
        digits[count++] = (char)('0' + ((sender *)f->inner.held[i] - f->senders));
    }
    digits[count] = '\0';
    return digits;
}

static void test_first_come_first_served(void **state) {
    (void)state;
    fixture *f = make(NULL);
    for (int i = 0; i < 5; i++) send(f, i, &two_at_once);
    assert_string_equal(below(f), "01");
    pass(f, 99999);
    assert_string_equal(below(f), "01");
    pass(f, 1);
    assert_string_equal(below(f), "012");
    send(f, 5, &two_at_once); /* behind those who wait */
    pass(f, 100000);
    assert_string_equal(below(f), "0123");
    pass(f, 100000);
    assert_string_equal(below(f), "01234");
    pass(f, 100000);
    assert_string_equal(below(f), "012345");
    assert_int_equal(od__loop_timeout_ms(f->loop), -1);
    dispose(f);
}

static void test_R2_repetitions_go_first(void **state) {
    (void)state;
    fixture *f = make(NULL);
    for (int i = 0; i < 3; i++) send(f, i, &one_a_second);
    f->senders[3].exchange.attempts = 2;
    f->senders[4].exchange.attempts = 3;
    send(f, 3, &one_a_second); /* before 1 and 2 */
    send(f, 4, &one_a_second); /* after 3: among themselves in order */
    send(f, 5, &one_a_second);
    assert_string_equal(below(f), "0");
    for (int i = 0; i < 5; i++) pass(f, 1000000);
    assert_string_equal(below(f), "034125");
    dispose(f);
}

static void test_R21_placements_go_before_polls(void **state) {
    (void)state;
    fixture *f = make(NULL);
    f->senders[1].exchange.rings = f->senders[2].exchange.rings = f->senders[4].exchange.rings = false;
    f->senders[4].exchange.attempts = 2; /* a poll's repetition goes first all the same */
    for (int i = 0; i < 6; i++) send(f, i, &one_a_second);
    for (int i = 0; i < 5; i++) pass(f, 1000000);
    assert_string_equal(below(f), "043512");
    dispose(f);
}

static void test_R21_polls_leave_half_of_a_bucket_to_placements(void **state) {
    (void)state;
    fixture *f = make(NULL);
    for (int i = 0; i < 3; i++) f->senders[i].exchange.rings = false;
    for (int i = 0; i < 3; i++) f->senders[i].exchange.poll_share = 0.5; /* 5 in a second, one at a time */
    for (int i = 0; i < 3; i++) send(f, i, &two_at_once);
    assert_string_equal(below(f), "0");
    send(f, 3, &two_at_once); /* the bucket has room, which no poll may take */
    assert_string_equal(below(f), "03");
    send(f, 4, &two_at_once);
    pass(f, 99999);
    assert_string_equal(below(f), "03");
    pass(f, 1); /* sooner than the first of the polls that wait */
    assert_string_equal(below(f), "034");
    pass(f, 99999);
    assert_string_equal(below(f), "034");
    pass(f, 1);
    assert_string_equal(below(f), "0341");
    pass(f, 199999);
    assert_string_equal(below(f), "0341");
    pass(f, 1);
    assert_string_equal(below(f), "03412");
    dispose(f);
}

static void test_R21_what_placements_have_taken_polls_wait_for(void **state) {
    (void)state;
    fixture *f = make(NULL);
    f->senders[2].exchange.rings = f->senders[3].exchange.rings = f->senders[4].exchange.rings = false;
    f->senders[2].exchange.poll_share = f->senders[3].exchange.poll_share = 0.5;
    f->senders[3].exchange.attempts = 2; /* nor does its repetition go before anybody */
    send(f, 0, &one_a_second);
    for (int i = 2; i < 5; i++) send(f, i, &one_a_second);
    send(f, 1, &one_a_second);
    for (int i = 0; i < 4; i++) pass(f, 1000000);
    assert_string_equal(below(f), "0142");
    pass(f, 1000000); /* a second poll within two seconds would be more than half */
    assert_string_equal(below(f), "01423");
    dispose(f);
}

static void test_nobody_overtakes_a_waiter_whose_timer_is_late(void **state) {
    (void)state;
    fixture *f = make(NULL);
    send(f, 0, &one_a_second);
    send(f, 1, &one_a_second);
    f->fake.now_us += 1000000;
    send(f, 2, &one_a_second); /* the slot is there, but it is the waiter's */
    assert_string_equal(below(f), "0");
    pass(f, 0);
    assert_string_equal(below(f), "01");
    dispose(f);
}

static void test_a_little_lateness_is_not_lost(void **state) {
    (void)state;
    fixture *f = make(NULL);
    for (int i = 0; i < 4; i++) send(f, i, &one_a_second);
    pass(f, 1005000);
    assert_string_equal(below(f), "01");
    pass(f, 994999); /* 2 s after the first, less 1 us */
    assert_string_equal(below(f), "01");
    pass(f, 1);
    assert_string_equal(below(f), "012");
    dispose(f);
}

static void test_a_long_sleep_is_not_caught_up(void **state) {
    (void)state;
    fixture *f = make(NULL);
    for (int i = 0; i < 6; i++) send(f, i, &one_a_second);
    pass(f, 60000000);
    assert_string_equal(below(f), "01");
    pass(f, 989999);
    assert_string_equal(below(f), "01");
    pass(f, 1);
    assert_string_equal(below(f), "012");
    dispose(f);
}

static void test_buckets_do_not_share(void **state) {
    (void)state;
    fixture *f = make(NULL);
    static const od_rate other = { .per_second = 1, .burst = 1 };
    send(f, 0, &one_a_second);
    send(f, 1, &other);
    send(f, 2, &one_a_second);
    send(f, 3, NULL); /* not limited */
    send(f, 4, NULL);
    assert_string_equal(below(f), "0134");
    dispose(f);
}

static void test_an_override_replaces_each_rate(void **state) {
    (void)state;
    od_rate override = { .per_second = 10, .burst = 1 };
    fixture *f = make(&override);
    override.per_second = 0.001; /* it was copied */
    send(f, 0, &one_a_second);
    send(f, 1, &one_a_second);
    send(f, 2, NULL); /* the client's common bucket */
    send(f, 3, NULL);
    assert_string_equal(below(f), "02");
    pass(f, 100000);
    assert_int_equal(f->inner.held_count, 4);
    dispose(f);
}

static void test_long_polls_pass(void **state) {
    (void)state;
    fixture *f = make(NULL);
    send(f, 0, &one_a_second);
    f->senders[1].exchange.long_poll = true;
    send(f, 1, &one_a_second);
    assert_string_equal(below(f), "01");
    dispose(f);
}

static void test_a_canceled_waiter_takes_no_slot(void **state) {
    (void)state;
    fixture *f = make(NULL);
    for (int i = 0; i < 4; i++) send(f, i, &one_a_second);
    od__exchange_cancel(&f->senders[1].exchange, OD_CANCELED, "taken back");
    assert_int_equal(f->senders[1].exchange.error.code, OD_CANCELED);
    assert_int_equal(f->senders[1].exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    assert_string_equal(f->senders[1].exchange.error.message, "taken back");
    pass(f, 1000000);
    assert_string_equal(below(f), "02");
    od__exchange_cancel(&f->senders[3].exchange, OD_CANCELED, "taken back");
    assert_int_equal(od__loop_timeout_ms(f->loop), -1); /* nobody is left to wait for */
    pass(f, 1000000);
    assert_string_equal(below(f), "02");
    for (int i = 0; i < 4; i++) assert_int_equal(f->senders[i].finished, 0);
    send(f, 4, &one_a_second);
    assert_string_equal(below(f), "024");
    dispose(f);
}

static void test_answers_pass_through(void **state) {
    (void)state;
    fixture *f = make(NULL);
    send(f, 0, &one_a_second);
    fake_answer(&f->inner, f->fake.now_us, 200, OD_OK, NULL);
    assert_int_equal(f->senders[0].finished, 1);
    assert_int_equal(f->senders[0].exchange.response.status, 200);
    dispose(f);
}

static void test_what_left_late_holds_up_those_behind_it(void **state) {
    (void)state;
    fixture *f = make(NULL);
    for (int i = 0; i < 4; i++) send(f, i, &two_at_once);
    assert_string_equal(below(f), "01");
    pass(f, 40000);
    fake_answer(&f->inner, f->fake.now_us - 10000, 200, OD_OK, NULL); /* a connection had to be made first */
    fake_answer(&f->inner, f->fake.now_us - 5000, 200, OD_OK, NULL);
    pass(f, 60000);
    assert_string_equal(below(f), ""); /* their slots, 100 ms after the first, are too early now */
    pass(f, 31999);
    assert_string_equal(below(f), "");
    pass(f, 1);
    assert_string_equal(below(f), "2");
    fake_answer(&f->inner, f->fake.now_us + 50, 200, OD_OK, NULL);
    pass(f, 99999);
    assert_string_equal(below(f), "");
    pass(f, 1);
    assert_string_equal(below(f), "3");
    dispose(f);
}

static void assert_late(const sender *who) {
    const od_exchange *exchange = &who->exchange;
    assert_int_equal(who->finished, 1);
    assert_int_equal(exchange->error.code, OD_TIMEOUT);
    assert_string_equal(exchange->error.message, "send_before passed before the first byte");
    assert_int_equal(exchange->error.placement, OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(exchange->try_placement, OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(exchange->again, OD_AGAIN_NO);
    assert_false(exchange->sent);
}

static void test_R4_what_comes_late_is_not_sent(void **state) {
    (void)state;
    fixture *f = make(NULL);
    f->senders[0].exchange.send_before_us = f->fake.now_us;
    send(f, 0, &one_a_second);
    assert_int_equal(f->senders[0].finished, 0); /* nothing finishes inside a send */
    pass(f, 0);
    assert_late(&f->senders[0]);
    f->senders[1].exchange.send_before_us = f->fake.now_us + 1;
    send(f, 1, &one_a_second); /* and no slot was taken by the one before */
    assert_string_equal(below(f), "1");
    dispose(f);
}

static void test_R4_who_waits_too_long_is_not_sent(void **state) {
    (void)state;
    fixture *f = make(NULL);
    send(f, 0, &one_a_second);
    f->senders[1].exchange.send_before_us = f->fake.now_us + 600000; /* its slot comes at 1000000 */
    send(f, 1, &one_a_second);
    f->senders[2].exchange.send_before_us = f->fake.now_us + 1000001; /* its slot came at 2000000, with 1 in front */
    send(f, 2, &one_a_second);
    pass(f, 599999);
    assert_int_equal(f->senders[1].finished, 0);
    pass(f, 1);
    assert_late(&f->senders[1]); /* at once, not when its slot would have come */
    pass(f, 400000);
    assert_string_equal(below(f), "02");
    dispose(f);
}

static void test_R4_a_slot_at_the_limit_is_too_late(void **state) {
    (void)state;
    fixture *f = make(NULL);
    send(f, 0, &one_a_second);
    f->senders[1].exchange.send_before_us = f->fake.now_us + 1000000;
    send(f, 1, &one_a_second);
    send(f, 2, &one_a_second);
    pass(f, 1000000);
    assert_late(&f->senders[1]);
    assert_string_equal(below(f), "02"); /* who was late took nobody's slot */
    dispose(f);
}

static void test_R4_a_loop_that_slept_sends_nothing_late(void **state) {
    (void)state;
    fixture *f = make(NULL);
    send(f, 0, &two_at_once);
    send(f, 1, &two_at_once);
    for (int i = 2; i < 5; i++) {
        f->senders[i].exchange.send_before_us = f->fake.now_us + 500000;
        send(f, i, &two_at_once);
    }
    send(f, 5, &two_at_once);
    pass(f, 3600000000); /* slots and limits are all past */
    assert_string_equal(below(f), "015");
    for (int i = 2; i < 5; i++) assert_late(&f->senders[i]);
    dispose(f);
}

static void test_cancel_from_the_end_of_another(void **state) {
    (void)state;
    fixture *f = make(NULL);
    for (int i = 0; i < 4; i++) {
        f->senders[i].exchange.send_before_us = f->fake.now_us;
        send(f, i, &one_a_second);
    }
    f->senders[0].cancels = &f->senders[1]; /* it was about to hear that it is late */
    send(f, 4, &one_a_second);
    send(f, 5, &one_a_second);
    f->senders[2].cancels = &f->senders[5]; /* it waits for a slot */
    f->senders[3].cancels = &f->senders[4]; /* it is below */
    pass(f, 0);
    assert_late(&f->senders[0]);
    assert_int_equal(f->senders[1].finished, 0);
    assert_int_equal(f->senders[1].exchange.error.code, OD_CANCELED);
    assert_late(&f->senders[2]);
    assert_late(&f->senders[3]);
    assert_int_equal(f->senders[5].exchange.error.code, OD_CANCELED);
    assert_int_equal(f->inner.unparked, 1);
    assert_string_equal(below(f), "");
    assert_int_equal(od__loop_timeout_ms(f->loop), -1);
    dispose(f);
}

static void test_freed_with_work_left(void **state) {
    (void)state;
    fixture *f = make(NULL);
    send(f, 0, &one_a_second);
    send(f, 1, &one_a_second);
    od__exchange_cancel(&f->senders[1].exchange, OD_CLOSED, "the end");
    f->senders[2].exchange.send_before_us = f->fake.now_us;
    send(f, 2, &one_a_second);
    od__exchange_cancel(&f->senders[2].exchange, OD_CLOSED, "the end");
    od__transport_free(f->rate); /* its job was posted */
    f->rate = NULL;
    od__transport_free(NULL);
    pass(f, 5000000);
    assert_int_equal(f->senders[2].finished, 0);
    dispose(f);
}

static void test_more_waiters_than_allowed(void **state) {
    (void)state;
    fixture *f = make(NULL);
    enum { EXTRA = 2 };
    /* Exchanges are large and only their places in the queue matter: the request's headers stay untouched. */
    od_exchange *many = calloc(OD_LIMIT_RATE_WAITERS + EXTRA, sizeof *many);
    sender ends = { .f = f };
    for (int i = 0; i < OD_LIMIT_RATE_WAITERS + EXTRA; i++) {
        od__exchange_init(&many[i]);
        many[i].bucket = &one_a_second;
        many[i].rings = true;
    }
    for (int i = 0; i <= OD_LIMIT_RATE_WAITERS; i++) od__transport_send(f->rate, &many[i]);
    assert_int_equal(f->inner.held_count, 1);
    f->senders[0].exchange.bucket = &one_a_second;
    send(f, 0, &one_a_second);
    assert_int_equal(f->senders[0].finished, 0);
    pass(f, 0);
    assert_int_equal(f->senders[0].finished, 1);
    assert_int_equal(f->senders[0].exchange.error.code, OD_THROTTLED);
    assert_int_equal(f->senders[0].exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    assert_string_equal(f->senders[0].exchange.error.message, "100000 requests wait for a slot already");
    od__exchange_cancel(&many[777], OD_CANCELED, "taken back");
    od__transport_send(f->rate, &many[OD_LIMIT_RATE_WAITERS + 1]); /* its place is free again */
    pass(f, 0);
    assert_int_equal(many[OD_LIMIT_RATE_WAITERS + 1].error.code, OD_OK);
    assert_int_equal(ends.finished, 0);
    for (int i = 0; i < OD_LIMIT_RATE_WAITERS + EXTRA; i++) {
        od__exchange_cancel(&many[i], OD_CLOSED, "the end");
        od__exchange_clear(&many[i]);
    }
    free(many);
    dispose(f);
}

static void test_memory_failures(void **state) {
    (void)state;
    size_t n = 1;
    for (bool succeeded = false; !succeeded; n++) {
        fixture *f = make(NULL);
        od_transport *rate = NULL;
        od_error err = OD_ERROR_INIT;
        od__memory_fail_at(n);
        od_status status = od__rate_transport_new(f->loop, &one_a_second, &f->inner.base, &rate, &err);
        if (status == OD_OK) {
            od__transport_free(f->rate);
            f->rate = rate;
            send(f, 0, &one_a_second);
            f->senders[1].exchange.send_before_us = f->fake.now_us + 5000000;
            send(f, 1, &one_a_second);
            assert_int_equal(f->senders[0].finished + f->senders[1].finished, 0);
            od__loop_step(f->loop, 0, NULL);
            od__memory_fail_at(0);
            succeeded = f->senders[0].finished + f->senders[1].finished == 0;
            for (int i = 0; i < 2; i++) {
                if (f->senders[i].finished == 0) continue;
                assert_int_equal(f->senders[i].exchange.error.code, OD_OUT_OF_MEMORY);
                assert_int_equal(f->senders[i].exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
            }
        } else {
            od__memory_fail_at(0);
            assert_int_equal(status, OD_OUT_OF_MEMORY);
            assert_string_equal(err.message, "memory ran out");
            assert_null(rate);
        }
        dispose(f);
    }
    assert_int_equal(n - 1, 4); /* the layer, the bucket, the timers */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gcra),
        cmocka_unit_test(test_gcra_of_one_that_left_late),
        cmocka_unit_test(test_first_come_first_served),
        cmocka_unit_test(test_R2_repetitions_go_first),
        cmocka_unit_test(test_R21_placements_go_before_polls),
        cmocka_unit_test(test_R21_polls_leave_half_of_a_bucket_to_placements),
        cmocka_unit_test(test_R21_what_placements_have_taken_polls_wait_for),
        cmocka_unit_test(test_nobody_overtakes_a_waiter_whose_timer_is_late),
        cmocka_unit_test(test_a_little_lateness_is_not_lost),
        cmocka_unit_test(test_a_long_sleep_is_not_caught_up),
        cmocka_unit_test(test_buckets_do_not_share),
        cmocka_unit_test(test_an_override_replaces_each_rate),
        cmocka_unit_test(test_long_polls_pass),
        cmocka_unit_test(test_a_canceled_waiter_takes_no_slot),
        cmocka_unit_test(test_answers_pass_through),
        cmocka_unit_test(test_what_left_late_holds_up_those_behind_it),
        cmocka_unit_test(test_R4_what_comes_late_is_not_sent),
        cmocka_unit_test(test_R4_who_waits_too_long_is_not_sent),
        cmocka_unit_test(test_R4_a_slot_at_the_limit_is_too_late),
        cmocka_unit_test(test_R4_a_loop_that_slept_sends_nothing_late),
        cmocka_unit_test(test_cancel_from_the_end_of_another),
        cmocka_unit_test(test_freed_with_work_left),
        cmocka_unit_test(test_more_waiters_than_allowed),
        cmocka_unit_test(test_memory_failures),
    };
    return cmocka_run_group_tests_name("rate", tests, NULL, NULL);
}
