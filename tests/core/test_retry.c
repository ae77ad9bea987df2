/* The retry layer: what is sent again and when, and what is known of the placement afterwards (R2, R3, R4). */
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

typedef struct fixture fixture;

typedef struct sender {
    od_exchange exchange;
    fixture *f;
    int finished, judged;
    /* What the judge says of the next try. */
    od_placement says_placement;
    od_again says_again;
    int64_t says_delay_ms;
    struct sender *cancels;  /* from inside its own end */
} sender;

struct fixture {
    fake_clock fake;
    od_loop *loop;
    fake_transport inner;
    od_retry_options options;
    od_transport *retry;
    sender one, two;
    int notices;
    int64_t noticed_ms;
};

static void on_finished(void *context, od_exchange *exchange) {
    sender *self = context;
    assert_ptr_equal(exchange, &self->exchange);
    self->finished++;
    if (self->cancels != NULL) od__exchange_cancel(&self->cancels->exchange, OD_CANCELED, "taken back");
}

static void judge(void *context, od_exchange *exchange) {
    sender *self = context;
    self->judged++;
    exchange->try_placement = self->says_placement;
    exchange->again = self->says_again;
    exchange->server_delay_ms = self->says_delay_ms;
}

static void on_notice(void *context, const od_exchange *exchange, int64_t delay_ms) {
    fixture *f = context;
    assert_true(exchange->error.code != OD_OK);
    f->notices++;
    f->noticed_ms = delay_ms;
}

static void init_sender(fixture *f, sender *self) {
    *self = (sender){ .f = f, .says_delay_ms = -1 };
    od__exchange_init(&self->exchange);
    self->exchange.judge = judge;
    self->exchange.context = self;
    self->exchange.resend_within_ms = 3000;
}

static fixture *make_with(const od_retry_options *options) {
    fixture *f = calloc(1, sizeof *f);
    fake_clock_init(&f->fake);
    fake_transport_init(&f->inner);
    f->options = *options;
    f->options.notice = on_notice;
    f->options.notice_context = f;
    assert_int_equal(od__loop_new(&f->fake.clock, &f->loop, NULL), OD_OK);
    assert_int_equal(od__retry_transport_new(f->loop, &f->fake.clock, &f->options, &f->inner.base, &f->retry, NULL),
                     OD_OK);
    init_sender(f, &f->one);
    init_sender(f, &f->two);
    return f;
}

static fixture *make(void) {
    const od_retry_options options = OD_RETRY_OPTIONS_INIT;
    return make_with(&options);
}

static void forget(sender *self) {
    od__exchange_cancel(&self->exchange, OD_CLOSED, "the end");
    od__exchange_clear(&self->exchange);
}

static void dispose(fixture *f) {
    forget(&f->one);
    forget(&f->two);
    od__transport_free(f->retry);
    od__loop_free(f->loop);
    free(f);
}

static void send(sender *self) {
    od__exchange_push(&self->exchange, on_finished, self);
    od__transport_send(self->f->retry, &self->exchange);
}

/* A new exchange from the same sender. */
static void renew(sender *self) {
    fixture *f = self->f;
    forget(self);
    init_sender(f, self);
}

static void pass(fixture *f, int64_t us) {
    f->fake.now_us += us;
    assert_int_equal(od__loop_step(f->loop, 0, NULL), OD_OK);
}

/* The try below ends so; the judge says what it is told to. A first byte left, unless status is -1. */
static void answer(sender *self, int status, od_status code, od_placement placement, od_again again) {
    self->says_placement = placement;
    self->says_again = again;
    fixture *f = self->f;
    fake_answer(&f->inner, status < 0 ? 0 : f->fake.now_us, status < 0 ? 0 : status, code, od_status_name(code));
}

static bool is_below(const fixture *f) {
    return f->inner.held_count == 1;
}

/* ---- delays ---- */

static void test_a_success_is_not_repeated(void **state) {
    (void)state;
    fixture *f = make();
    send(&f->one);
    assert_int_equal(f->one.exchange.attempts, 1);
    answer(&f->one, 200, OD_OK, OD_PLACEMENT_NONE, OD_AGAIN_TRANSIENT); /* whatever the judge says */
    assert_int_equal(f->one.finished, 1);
    assert_int_equal(f->one.judged, 1);
    assert_int_equal(f->inner.sent_count, 1);
    assert_int_equal(od__loop_timeout_ms(f->loop), -1);
    dispose(f);
}

static void test_delays_grow_and_are_capped(void **state) {
    (void)state;
    static const struct { od_again again; int64_t base_ms[12]; } rows[] = {
        { OD_AGAIN_TRANSIENT, { 50, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 20000, 20000, 20000 } },
        { OD_AGAIN_THROTTLED, { 1000, 2000, 4000, 8000, 16000, 20000, 20000, 20000, 20000, 20000, 20000, 20000 } },
    };
    static const struct { uint64_t random; int64_t numerator, denominator; } jitters[] = {
        { UINT64_MAX, 1, 1 }, { UINT64_C(1) << 63, 1, 2 }, { UINT64_C(1) << 62, 1, 4 }, { 0, 0, 1 },
    };
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < 4; j++) {
            od_retry_options options = OD_RETRY_OPTIONS_INIT;
            options.max_attempts = 13;
            fixture *f = make_with(&options);
            f->fake.random = jitters[j].random;
            send(&f->one);
            for (int n = 0; n < 12; n++) {
                answer(&f->one, 500, OD_UNAVAILABLE, OD_PLACEMENT_NONE, rows[i].again);
                int64_t expected_us = rows[i].base_ms[n] * 1000 * jitters[j].numerator / jitters[j].denominator;
                assert_int_equal(f->notices, n + 1);
                assert_int_equal(f->noticed_ms, (expected_us + 999) / 1000);
                assert_false(is_below(f));
                if (expected_us > 0) {
                    pass(f, expected_us - 1);
                    assert_false(is_below(f));
                    pass(f, 1);
                } else {
                    pass(f, 0);
                }
                assert_true(is_below(f));
                assert_int_equal(f->one.exchange.attempts, n + 2);
            }
            answer(&f->one, 500, OD_UNAVAILABLE, OD_PLACEMENT_NONE, rows[i].again);
            assert_int_equal(f->one.finished, 1);
            assert_int_equal(f->one.judged, 13);
            assert_int_equal(f->one.exchange.error.code, OD_UNAVAILABLE);
            dispose(f);
        }
    }
}

static void test_the_vendors_hint_lengthens_the_delay(void **state) {
    (void)state;
    static const struct { int64_t hint_ms; uint64_t random; od_again again; int64_t expected_ms; } rows[] = {
        { -1, UINT64_MAX, OD_AGAIN_TRANSIENT, 50 },
        { 1500, UINT64_MAX, OD_AGAIN_TRANSIENT, 1500 },
        { 0, UINT64_MAX, OD_AGAIN_TRANSIENT, 50 },
        { 10000, UINT64_MAX, OD_AGAIN_TRANSIENT, 5050 },
        { 5050, UINT64_MAX, OD_AGAIN_TRANSIENT, 5050 },
        { 51, UINT64_MAX, OD_AGAIN_TRANSIENT, 51 },
        { INT64_MAX, UINT64_MAX, OD_AGAIN_TRANSIENT, 5050 },
        { 10000, 0, OD_AGAIN_TRANSIENT, 5000 },
        { 700, UINT64_MAX, OD_AGAIN_THROTTLED, 1000 },
        { 7000, UINT64_MAX, OD_AGAIN_THROTTLED, 6000 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixture *f = make();
        f->fake.random = rows[i].random;
        f->one.says_delay_ms = rows[i].hint_ms;
        send(&f->one);
        answer(&f->one, 500, OD_UNAVAILABLE, OD_PLACEMENT_NONE, rows[i].again);
        assert_int_equal(f->notices, 1);
        assert_int_equal(f->noticed_ms, rows[i].expected_ms);
        dispose(f);
    }
}

static void test_a_hint_alone_repeats_nothing(void **state) {
    (void)state;
    fixture *f = make();
    f->one.says_delay_ms = 1500;
    send(&f->one);
    answer(&f->one, 400, OD_REJECTED, OD_PLACEMENT_NONE, OD_AGAIN_NO);
    assert_int_equal(f->one.finished, 1);
    dispose(f);
}

static void test_each_try_starts_clean(void **state) {
    (void)state;
    fixture *f = make();
    od_exchange *exchange = &f->one.exchange;
    send(&f->one);
    od__buffer_add_text(&exchange->response.body, "the first answer");
    answer(&f->one, 503, OD_UNAVAILABLE, OD_PLACEMENT_NONE, OD_AGAIN_TRANSIENT);
    pass(f, 50000);
    assert_true(is_below(f));
    assert_int_equal(exchange->error.code, OD_OK);
    assert_int_equal(exchange->response.status, 0);
    assert_int_equal(exchange->response.body.length, 0);
    assert_false(exchange->sent);
    assert_int_equal(exchange->again, OD_AGAIN_NO);
    assert_int_equal(exchange->server_delay_ms, -1);
    answer(&f->one, 200, OD_OK, OD_PLACEMENT_NONE, OD_AGAIN_NO);
    assert_int_equal(exchange->error.code, OD_OK);
    assert_int_equal(f->one.finished, 1);
    dispose(f);
}

static void test_attempts_are_limited(void **state) {
    (void)state;
    for (int most = 1; most <= 4; most++) {
        od_retry_options options = OD_RETRY_OPTIONS_INIT;
        options.max_attempts = most;
        fixture *f = make_with(&options);
        send(&f->one);
        while (f->one.finished == 0) {
            answer(&f->one, 500, OD_UNAVAILABLE, OD_PLACEMENT_NONE, OD_AGAIN_TRANSIENT);
            pass(f, 1000000);
        }
        assert_int_equal(f->inner.sent_count, most);
        assert_int_equal(f->one.judged, most);
        assert_int_equal(f->one.exchange.attempts, most);
        dispose(f);
    }
}

static void test_without_a_judge_the_error_stands(void **state) {
    (void)state;
    fixture *f = make();
    f->one.exchange.judge = NULL;
    f->one.exchange.rings = true;
    send(&f->one);
    f->one.exchange.again = OD_AGAIN_TRANSIENT;
    f->one.exchange.try_placement = OD_PLACEMENT_UNKNOWN;
    fake_answer(&f->inner, f->fake.now_us, 0, OD_NETWORK, "broke");
    assert_int_equal(f->one.finished, 1);
    assert_int_equal(f->one.exchange.error.placement, OD_PLACEMENT_UNKNOWN);
    dispose(f);
}

static void test_long_polls_are_judged_but_not_repeated(void **state) {
    (void)state;
    fixture *f = make();
    f->one.exchange.long_poll = true;
    send(&f->one);
    answer(&f->one, 503, OD_UNAVAILABLE, OD_PLACEMENT_NONE, OD_AGAIN_TRANSIENT);
    assert_int_equal(f->one.finished, 1);
    assert_int_equal(f->one.judged, 1);
    dispose(f);
}

/* ---- quota ---- */

/* Uses the quota of a client up, one exchange with one repetition at a time; returns how many repetitions there were. */
static int repetitions(fixture *f, od_again again) {
    int count = 0;
    for (;; count++) {
        renew(&f->one);
        send(&f->one);
        answer(&f->one, 500, OD_UNAVAILABLE, OD_PLACEMENT_NONE, again);
        if (f->one.finished == 1) return count;
        pass(f, 20000000);
        answer(&f->one, 400, OD_REJECTED, OD_PLACEMENT_NONE, OD_AGAIN_NO); /* nothing is given back */
    }
}

static void test_the_quota_is_shared_and_runs_out(void **state) {
    (void)state;
    static const struct { int quota; od_again again; int expected; } rows[] = {
        { 500, OD_AGAIN_TRANSIENT, 35 }, { 500, OD_AGAIN_THROTTLED, 100 }, { 14, OD_AGAIN_TRANSIENT, 1 },
        { 13, OD_AGAIN_TRANSIENT, 0 },   { 5, OD_AGAIN_THROTTLED, 1 },     { 0, OD_AGAIN_THROTTLED, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        od_retry_options options = OD_RETRY_OPTIONS_INIT;
        options.quota = rows[i].quota;
        fixture *f = make_with(&options);
        assert_int_equal(repetitions(f, rows[i].again), rows[i].expected);
        dispose(f);
    }
}

static void succeed(fixture *f) {
    renew(&f->one);
    send(&f->one);
    answer(&f->one, 200, OD_OK, OD_PLACEMENT_NONE, OD_AGAIN_NO);
}

/* Fails `failures` times, then succeeds. */
static void succeed_after(fixture *f, int failures, od_again again) {
    renew(&f->one);
    send(&f->one);
    for (int i = 0; i < failures; i++) {
        answer(&f->one, 500, OD_UNAVAILABLE, OD_PLACEMENT_NONE, again);
        assert_int_equal(f->one.finished, 0);
        pass(f, 20000000);
    }
    answer(&f->one, 200, OD_OK, OD_PLACEMENT_NONE, OD_AGAIN_NO);
    assert_int_equal(f->one.finished, 1);
}

static void test_a_success_gives_back_the_last_cost(void **state) {
    (void)state;
    od_retry_options options = OD_RETRY_OPTIONS_INIT;
    options.quota = 28;
    fixture *f = make_with(&options);
    for (int i = 0; i < 5; i++) succeed_after(f, 1, OD_AGAIN_TRANSIENT); /* 28 -> 14 -> 28 */
    succeed_after(f, 2, OD_AGAIN_TRANSIENT);                             /* 28 -> 0 -> 14 */
    assert_int_equal(repetitions(f, OD_AGAIN_TRANSIENT), 1);             /* 0 */
    for (int i = 0; i < 13; i++) succeed(f);                             /* 13 */
    assert_int_equal(repetitions(f, OD_AGAIN_TRANSIENT), 0);
    succeed(f);                                                          /* 14 */
    assert_int_equal(repetitions(f, OD_AGAIN_TRANSIENT), 1);             /* 0 */
    for (int i = 0; i < 100; i++) succeed(f);                            /* 28: no more than there was */
    assert_int_equal(repetitions(f, OD_AGAIN_TRANSIENT), 2);             /* 0 */
    for (int i = 0; i < 5; i++) succeed(f);                              /* 5 */
    succeed_after(f, 1, OD_AGAIN_THROTTLED);                             /* 5 -> 0 -> 5 */
    assert_int_equal(repetitions(f, OD_AGAIN_THROTTLED), 1);
    dispose(f);
}

static void test_tokens_are_taken_before_the_delay(void **state) {
    (void)state;
    od_retry_options options = OD_RETRY_OPTIONS_INIT;
    options.quota = 14;
    fixture *f = make_with(&options);
    send(&f->one);
    send(&f->two);
    answer(&f->one, 500, OD_UNAVAILABLE, OD_PLACEMENT_NONE, OD_AGAIN_TRANSIENT);
    answer(&f->two, 500, OD_UNAVAILABLE, OD_PLACEMENT_NONE, OD_AGAIN_TRANSIENT);
    assert_int_equal(f->one.finished, 0); /* it has its delay */
    assert_int_equal(f->two.finished, 1); /* nothing was left for it */
    dispose(f);
}

/* ---- placement ---- */

static void test_placement_join(void **state) {
    (void)state;
    static const od_placement expected[4][4] = {
        /*              none                     not_placed               unknown               placed */
        /* none */ { OD_PLACEMENT_NONE, OD_PLACEMENT_NOT_PLACED, OD_PLACEMENT_UNKNOWN, OD_PLACEMENT_PLACED },
        { OD_PLACEMENT_NOT_PLACED, OD_PLACEMENT_NOT_PLACED, OD_PLACEMENT_UNKNOWN, OD_PLACEMENT_PLACED },
        { OD_PLACEMENT_UNKNOWN, OD_PLACEMENT_UNKNOWN, OD_PLACEMENT_UNKNOWN, OD_PLACEMENT_PLACED },
        { OD_PLACEMENT_PLACED, OD_PLACEMENT_PLACED, OD_PLACEMENT_PLACED, OD_PLACEMENT_PLACED },
    };
    for (int a = 0; a < 4; a++) {
        for (int b = 0; b < 4; b++) {
            assert_int_equal(od__placement_join((od_placement)a, (od_placement)b), expected[a][b]);
        }
    }
}

/* How a try of an operation that rings can end. */
typedef enum result { UNSENT, REFUSED, LOST, PLACED, HANDED_OFF, PROVEN, RESULTS } result;

static const struct { int status; od_status code; od_placement placement; od_again again; } results[RESULTS] = {
    [UNSENT] = { -1, OD_NETWORK, OD_PLACEMENT_NOT_PLACED, OD_AGAIN_TRANSIENT },
    [REFUSED] = { 429, OD_THROTTLED, OD_PLACEMENT_NOT_PLACED, OD_AGAIN_TRANSIENT },
    [LOST] = { 0, OD_TIMEOUT, OD_PLACEMENT_UNKNOWN, OD_AGAIN_TRANSIENT },
    [PLACED] = { 200, OD_OK, OD_PLACEMENT_PLACED, OD_AGAIN_NO },
    [HANDED_OFF] = { 202, OD_OK, OD_PLACEMENT_NONE, OD_AGAIN_NO },
    [PROVEN] = { 500, OD_UNAVAILABLE, OD_PLACEMENT_PLACED, OD_AGAIN_TRANSIENT }, /* an error that shows a call */
};

typedef struct pair_row {
    result first, second;
    bool never, token;      /* is there a second try with this repeat rule? */
    od_placement joined;    /* if there is */
    od_status code;
} pair_row;

#define NOT OD_PLACEMENT_NOT_PLACED
#define UNK OD_PLACEMENT_UNKNOWN
#define PLC OD_PLACEMENT_PLACED
#define NON OD_PLACEMENT_NONE

static const pair_row pairs[] = {
    { UNSENT, UNSENT, true, true, NOT, OD_NETWORK },
    { UNSENT, REFUSED, true, true, NOT, OD_THROTTLED },
    { UNSENT, LOST, true, true, UNK, OD_TIMEOUT },
    { UNSENT, PLACED, true, true, PLC, OD_OK },
    { UNSENT, HANDED_OFF, true, true, NOT, OD_OK },
    { UNSENT, PROVEN, true, true, PLC, OD_UNAVAILABLE },
    { REFUSED, UNSENT, true, true, NOT, OD_NETWORK },
    { REFUSED, REFUSED, true, true, NOT, OD_THROTTLED },
    { REFUSED, LOST, true, true, UNK, OD_TIMEOUT },
    { REFUSED, PLACED, true, true, PLC, OD_OK },
    { REFUSED, HANDED_OFF, true, true, NOT, OD_OK },
    { REFUSED, PROVEN, true, true, PLC, OD_UNAVAILABLE },
    { LOST, UNSENT, false, true, UNK, OD_NETWORK },
    { LOST, REFUSED, false, true, UNK, OD_THROTTLED },
    { LOST, LOST, false, true, UNK, OD_TIMEOUT },
    { LOST, PLACED, false, true, PLC, OD_OK },
    { LOST, HANDED_OFF, false, true, UNK, OD_OK },
    { LOST, PROVEN, false, true, PLC, OD_UNAVAILABLE },
    { PLACED, UNSENT, false, false, NON, OD_OK },
    { PLACED, REFUSED, false, false, NON, OD_OK },
    { PLACED, LOST, false, false, NON, OD_OK },
    { PLACED, PLACED, false, false, NON, OD_OK },
    { PLACED, HANDED_OFF, false, false, NON, OD_OK },
    { PLACED, PROVEN, false, false, NON, OD_OK },
    { HANDED_OFF, UNSENT, false, false, NON, OD_OK },
    { HANDED_OFF, REFUSED, false, false, NON, OD_OK },
    { HANDED_OFF, LOST, false, false, NON, OD_OK },
    { HANDED_OFF, PLACED, false, false, NON, OD_OK },
    { HANDED_OFF, HANDED_OFF, false, false, NON, OD_OK },
    { HANDED_OFF, PROVEN, false, false, NON, OD_OK },
    { PROVEN, UNSENT, false, false, NON, OD_OK },
    { PROVEN, REFUSED, false, false, NON, OD_OK },
    { PROVEN, LOST, false, false, NON, OD_OK },
    { PROVEN, PLACED, false, false, NON, OD_OK },
    { PROVEN, HANDED_OFF, false, false, NON, OD_OK },
    { PROVEN, PROVEN, false, false, NON, OD_OK },
};

static void answer_as(sender *self, result r) {
    answer(self, results[r].status, results[r].code, results[r].placement, results[r].again);
}

static void check_pair(const pair_row *row, od_repeat repeat, bool again) {
    od_retry_options options = OD_RETRY_OPTIONS_INIT;
    options.max_attempts = 2;
    fixture *f = make_with(&options);
    od_exchange *exchange = &f->one.exchange;
    exchange->rings = true;
    exchange->repeat = repeat;
    send(&f->one);
    answer_as(&f->one, row->first);
    assert_int_equal(f->one.finished, !again);
    od_placement joined = results[row->first].placement;
    if (again) {
        pass(f, 50000);
        assert_true(is_below(f));
        answer_as(&f->one, row->second);
        joined = row->joined;
        assert_int_equal(exchange->error.code, row->code);
    }
    assert_int_equal(f->one.finished, 1);
    assert_int_equal(exchange->placement, joined);
    if (exchange->error.code != OD_OK) assert_int_equal(exchange->error.placement, joined);
    dispose(f);
}

static void test_R3_every_pair_of_results(void **state) {
    (void)state;
    assert_int_equal(sizeof pairs / sizeof pairs[0], RESULTS * RESULTS);
    for (int i = 0; i < RESULTS * RESULTS; i++) {
        const pair_row *row = &pairs[i];
        assert_int_equal(row->first * RESULTS + row->second, i); /* every ordered pair, once */
        check_pair(row, OD_REPEAT_NEVER, row->never);
        check_pair(row, OD_REPEAT_TOKEN, row->token);
        check_pair(row, OD_REPEAT_SAFE, row->token);
    }
}

static void test_R3_a_judge_that_says_nothing_leaves_what_the_wire_tells(void **state) {
    (void)state;
    for (int sent = 0; sent < 2; sent++) {
        fixture *f = make();
        f->one.exchange.rings = true;
        send(&f->one);
        answer(&f->one, sent ? 500 : -1, OD_UNAVAILABLE, OD_PLACEMENT_NONE, OD_AGAIN_NO);
        assert_int_equal(f->one.exchange.error.placement, sent ? UNK : NOT);
        dispose(f);
    }
}

static void test_R3_what_does_not_ring_has_no_placement(void **state) {
    (void)state;
    fixture *f = make();
    send(&f->one);
    answer(&f->one, 500, OD_UNAVAILABLE, OD_PLACEMENT_NONE, OD_AGAIN_NO);
    assert_int_equal(f->one.exchange.placement, NON);
    assert_int_equal(f->one.exchange.error.placement, NON);
    dispose(f);
}

/* ---- R2: the token's time ---- */

static void test_R2_a_token_is_repeated_only_within_its_time(void **state) {
    (void)state;
    static const struct { od_repeat repeat; int64_t within_ms, answered_us; uint64_t random; bool again; } rows[] = {
        { OD_REPEAT_TOKEN, 3000, 0, UINT64_MAX, true },
        { OD_REPEAT_TOKEN, 3000, 2949999, UINT64_MAX, true },
        { OD_REPEAT_TOKEN, 3000, 2950000, UINT64_MAX, false }, /* with the delay it is 3 s after the first byte */
        { OD_REPEAT_TOKEN, 3000, 2999999, 0, true },
        { OD_REPEAT_TOKEN, 3000, 3000000, 0, false },
        { OD_REPEAT_TOKEN, 0, 0, 0, false },
        { OD_REPEAT_TOKEN, 518400000, 500000000000, UINT64_MAX, true }, /* six days, asked for by the user */
        { OD_REPEAT_TOKEN, INT64_MAX, 500000000000, UINT64_MAX, true },
        { OD_REPEAT_SAFE, 3000, 2949999, UINT64_MAX, true },
        { OD_REPEAT_SAFE, 3000, 2950000, UINT64_MAX, false },
        { OD_REPEAT_NEVER, 3000, 0, 0, false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixture *f = make();
        od_exchange *exchange = &f->one.exchange;
        f->fake.random = rows[i].random;
        exchange->rings = true;
        exchange->repeat = rows[i].repeat;
        exchange->resend_within_ms = rows[i].within_ms;
        send(&f->one);
        exchange->first_byte_us = f->fake.now_us;
        f->fake.now_us += rows[i].answered_us;
        answer_as(&f->one, LOST);
        assert_int_equal(f->one.finished, !rows[i].again);
        dispose(f);
    }
}

static void test_R2_once_in_doubt_the_layers_below_know_the_limit(void **state) {
    (void)state;
    static const struct { int64_t send_before_us, expected_us; } rows[] = {
        { 0, 4000000 }, { 9000000, 4000000 }, { 3500000, 3500000 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixture *f = make();
        od_exchange *exchange = &f->one.exchange;
        exchange->rings = true;
        exchange->repeat = OD_REPEAT_TOKEN;
        exchange->send_before_us = rows[i].send_before_us;
        send(&f->one); /* at 1000000 */
        answer_as(&f->one, LOST);
        pass(f, 50000);
        assert_true(is_below(f));
        assert_int_equal(exchange->send_before_us, rows[i].expected_us);
        dispose(f);
    }
}

static void test_R2_a_refusal_after_a_doubt_does_not_open_the_time_again(void **state) {
    (void)state;
    fixture *f = make();
    f->one.exchange.rings = true;
    f->one.exchange.repeat = OD_REPEAT_TOKEN;
    send(&f->one);
    answer_as(&f->one, LOST);
    pass(f, 50000);
    f->fake.now_us += 3000000;
    answer_as(&f->one, REFUSED); /* this try was not placed, but the first may have been */
    assert_int_equal(f->one.finished, 1);
    assert_int_equal(f->one.exchange.error.code, OD_THROTTLED);
    assert_int_equal(f->one.exchange.error.placement, UNK);
    dispose(f);
}

static void test_R2_without_a_first_byte_on_record_a_doubt_is_not_repeated(void **state) {
    (void)state;
    fixture *f = make();
    f->one.exchange.rings = true;
    f->one.exchange.repeat = OD_REPEAT_TOKEN;
    send(&f->one);
    answer(&f->one, -1, OD_NETWORK, OD_PLACEMENT_UNKNOWN, OD_AGAIN_TRANSIENT);
    assert_int_equal(f->one.finished, 1);
    dispose(f);
}

static void test_what_does_not_ring_is_repeated_unless_a_lost_answer_forbids(void **state) {
    (void)state;
    static const struct { od_repeat repeat; int status; int64_t after_us; bool again; } rows[] = {
        { OD_REPEAT_NEVER, -1, 0, true },          /* nothing was sent */
        { OD_REPEAT_NEVER, 500, 0, true },         /* there was an answer, and the judge read it */
        { OD_REPEAT_NEVER, 0, 0, false },          /* sent, no answer */
        { OD_REPEAT_SAFE, 0, 0, true },
        { OD_REPEAT_SAFE, 0, 9000000, true },
        { OD_REPEAT_TOKEN, 0, 0, true },
        { OD_REPEAT_TOKEN, 0, 9000000, false },
        { OD_REPEAT_TOKEN, 500, 9000000, true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixture *f = make();
        f->one.exchange.repeat = rows[i].repeat;
        send(&f->one);
        if (rows[i].status >= 0) f->one.exchange.first_byte_us = f->fake.now_us;
        f->fake.now_us += rows[i].after_us;
        answer(&f->one, rows[i].status, OD_NETWORK, OD_PLACEMENT_NONE, OD_AGAIN_TRANSIENT);
        assert_int_equal(f->one.finished, !rows[i].again);
        dispose(f);
    }
}

/* ---- R4: send_before ---- */

static void test_R4_no_repetition_past_send_before(void **state) {
    (void)state;
    static const struct { int64_t before_us; bool again; } rows[] = {
        { 0, true }, { 1050001, true }, { 1050000, false }, { 1000001, false }, { 500, false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixture *f = make();
        f->one.exchange.rings = true;
        f->one.exchange.send_before_us = rows[i].before_us;
        send(&f->one); /* at 1000000, and the delay is 50000 */
        answer_as(&f->one, REFUSED);
        assert_int_equal(f->one.finished, !rows[i].again);
        if (!rows[i].again) assert_int_equal(f->one.exchange.error.code, OD_THROTTLED); /* what came stands */
        dispose(f);
    }
}

static void test_R4_a_loop_that_slept_repeats_nothing_late(void **state) {
    (void)state;
    static const struct { result first; od_placement expected; } rows[] = { { REFUSED, NOT }, { LOST, UNK } };
    for (size_t i = 0; i < 2; i++) {
        fixture *f = make();
        f->one.exchange.rings = true;
        f->one.exchange.repeat = OD_REPEAT_TOKEN;
        f->one.exchange.send_before_us = 2000000;
        send(&f->one);
        answer_as(&f->one, rows[i].first);
        assert_int_equal(f->one.finished, 0);
        pass(f, 1000000);
        assert_int_equal(f->one.finished, 1);
        assert_int_equal(f->inner.sent_count, 1);
        assert_int_equal(f->one.exchange.error.code, OD_TIMEOUT);
        assert_string_equal(f->one.exchange.error.message, "send_before passed before the first byte");
        assert_int_equal(f->one.exchange.error.placement, rows[i].expected);
        dispose(f);
    }
}

/* ---- cancelling ---- */

static void test_cancel_below(void **state) {
    (void)state;
    static const struct { bool rings, sent; od_placement expected; } rows[] = {
        { true, true, UNK }, { true, false, NOT }, { false, true, NON }, { false, false, NON },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixture *f = make();
        od_exchange *exchange = &f->one.exchange;
        exchange->rings = rows[i].rings;
        send(&f->one);
        exchange->sent = rows[i].sent;
        od__exchange_cancel(exchange, OD_CANCELED, "taken back");
        assert_int_equal(f->inner.unparked, 1);
        assert_int_equal(f->one.finished, 0);
        assert_int_equal(exchange->error.code, OD_CANCELED);
        assert_string_equal(exchange->error.message, "taken back");
        assert_int_equal(exchange->error.placement, rows[i].expected);
        assert_int_equal(exchange->placement, rows[i].expected);
        assert_int_equal(exchange->layer_count, 0);
        dispose(f);
    }
}

static void test_cancel_in_the_delay(void **state) {
    (void)state;
    static const struct { result first; od_placement expected; } rows[] = {
        { UNSENT, NOT }, { REFUSED, NOT }, { LOST, UNK },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixture *f = make();
        f->one.exchange.rings = true;
        f->one.exchange.repeat = OD_REPEAT_TOKEN;
        send(&f->one);
        answer_as(&f->one, rows[i].first);
        od__exchange_cancel(&f->one.exchange, OD_CLOSED, "the client was closed");
        assert_int_equal(f->one.exchange.error.code, OD_CLOSED);
        assert_int_equal(f->one.exchange.error.placement, rows[i].expected);
        pass(f, 60000000);
        assert_int_equal(f->inner.sent_count, 1);
        assert_int_equal(f->one.finished, 0);
        dispose(f);
    }
}

static void test_cancel_in_the_second_try_keeps_the_doubt(void **state) {
    (void)state;
    fixture *f = make();
    f->one.exchange.rings = true;
    f->one.exchange.repeat = OD_REPEAT_TOKEN;
    send(&f->one);
    answer_as(&f->one, LOST);
    pass(f, 50000);
    assert_true(is_below(f));
    assert_false(f->one.exchange.sent);
    od__exchange_cancel(&f->one.exchange, OD_CANCELED, "taken back");
    assert_int_equal(f->one.exchange.error.placement, UNK);
    dispose(f);
}

static void test_cancel_from_the_end_of_another(void **state) {
    (void)state;
    fixture *f = make();
    f->one.cancels = &f->two;
    send(&f->one);
    send(&f->two);
    answer(&f->one, 200, OD_OK, OD_PLACEMENT_NONE, OD_AGAIN_NO); /* the other is below */
    assert_int_equal(f->two.exchange.error.code, OD_CANCELED);
    assert_int_equal(f->inner.held_count, 0);

    renew(&f->one);
    renew(&f->two);
    f->one.cancels = &f->two;
    send(&f->two);
    answer(&f->two, 500, OD_UNAVAILABLE, OD_PLACEMENT_NONE, OD_AGAIN_TRANSIENT);
    send(&f->one);
    answer(&f->one, 200, OD_OK, OD_PLACEMENT_NONE, OD_AGAIN_NO); /* the other is in its delay */
    assert_int_equal(f->two.exchange.error.code, OD_CANCELED);
    pass(f, 60000000);
    assert_int_equal(f->inner.held_count, 0);
    assert_int_equal(f->two.finished, 0);
    dispose(f);
}

/* ---- memory ---- */

static void test_without_memory_for_the_delay_the_outcome_stands(void **state) {
    (void)state;
    fixture *f = make();
    send(&f->one);
    od__memory_fail_at(1);
    answer(&f->one, 503, OD_UNAVAILABLE, OD_PLACEMENT_NONE, OD_AGAIN_TRANSIENT);
    od__memory_fail_at(0);
    assert_int_equal(f->one.finished, 1);
    assert_int_equal(f->one.exchange.error.code, OD_UNAVAILABLE);
    assert_int_equal(f->notices, 0);
    dispose(f);
}

static void test_memory_failure_when_made(void **state) {
    (void)state;
    fixture *f = make();
    od_error err = OD_ERROR_INIT;
    od_transport *retry = f->retry;
    od__memory_fail_at(1);
    assert_int_equal(od__retry_transport_new(f->loop, &f->fake.clock, &f->options, &f->inner.base, &retry, &err),
                     OD_OUT_OF_MEMORY);
    od__memory_fail_at(0);
    assert_null(retry);
    assert_string_equal(err.message, "memory ran out");
    dispose(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_success_is_not_repeated),
        cmocka_unit_test(test_delays_grow_and_are_capped),
        cmocka_unit_test(test_the_vendors_hint_lengthens_the_delay),
        cmocka_unit_test(test_a_hint_alone_repeats_nothing),
        cmocka_unit_test(test_each_try_starts_clean),
        cmocka_unit_test(test_attempts_are_limited),
        cmocka_unit_test(test_without_a_judge_the_error_stands),
        cmocka_unit_test(test_long_polls_are_judged_but_not_repeated),
        cmocka_unit_test(test_the_quota_is_shared_and_runs_out),
        cmocka_unit_test(test_a_success_gives_back_the_last_cost),
        cmocka_unit_test(test_tokens_are_taken_before_the_delay),
        cmocka_unit_test(test_placement_join),
        cmocka_unit_test(test_R3_every_pair_of_results),
        cmocka_unit_test(test_R3_a_judge_that_says_nothing_leaves_what_the_wire_tells),
        cmocka_unit_test(test_R3_what_does_not_ring_has_no_placement),
        cmocka_unit_test(test_R2_a_token_is_repeated_only_within_its_time),
        cmocka_unit_test(test_R2_once_in_doubt_the_layers_below_know_the_limit),
        cmocka_unit_test(test_R2_a_refusal_after_a_doubt_does_not_open_the_time_again),
        cmocka_unit_test(test_R2_without_a_first_byte_on_record_a_doubt_is_not_repeated),
        cmocka_unit_test(test_what_does_not_ring_is_repeated_unless_a_lost_answer_forbids),
        cmocka_unit_test(test_R4_no_repetition_past_send_before),
        cmocka_unit_test(test_R4_a_loop_that_slept_repeats_nothing_late),
        cmocka_unit_test(test_cancel_below),
        cmocka_unit_test(test_cancel_in_the_delay),
        cmocka_unit_test(test_cancel_in_the_second_try_keeps_the_doubt),
        cmocka_unit_test(test_cancel_from_the_end_of_another),
        cmocka_unit_test(test_without_memory_for_the_delay_the_outcome_stands),
        cmocka_unit_test(test_memory_failure_when_made),
    };
    return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
