/* rate: exchanges wait here for a slot of their bucket, repetitions first, each in order of arrival; the arithmetic is in
 * gcra.c, and in adaptive.c for the layer that learns its rates.
 *
 * A slot is booked when its exchange goes, not when it queues: so a waiter that is canceled has nothing to give back. */
#include "transport/transport.h"

#include "base/error.h"
#include "base/memory.h"

typedef struct rate_layer rate_layer;

typedef struct queue {
    od_exchange *first, *last;
    size_t count;
} queue;

typedef struct bucket {
    rate_layer *layer;
    const void *key;
    od_rate rate;
    int64_t tat_us, polls_tat_us; /* of all, and of the look-ups and polls among them */
    uint64_t slots;        /* booked so far */
    od_adaptive adaptive;  /* instead of rate and tat_us, in a layer that learns */
    queue waiting;
    od_timer timer;  /* runs while there are waiters */
    struct bucket *next;
} bucket;

struct rate_layer {
    od_transport base;
    od_loop *loop;
    od_transport *inner;
    bool has_override;
    od_rate override;
    bool learns;
    bucket *buckets;
    queue failed;    /* finished by the job, because nothing finishes from inside a send */
    od_job job;
};

static void append(queue *q, od_exchange *exchange) {
    exchange->next = NULL;
    exchange->previous = q->last;
    if (q->last != NULL) {
        q->last->next = exchange;
    } else {
        q->first = exchange;
    }
    q->last = exchange;
    q->count++;
}

static void insert_before(queue *q, od_exchange *exchange, od_exchange *next) {
    exchange->next = next;
    exchange->previous = next->previous;
    if (next->previous != NULL) {
        next->previous->next = exchange;
    } else {
        q->first = exchange;
    }
    next->previous = exchange;
    q->count++;
}

/* Who goes first: repetitions, because one whose placement is in doubt may be sent again for a few seconds only (R2); then
 * placements, and last look-ups and polls, which never hold one up (R21) and may have to wait though the bucket has room.
 * Equals go in order of arrival. */
static int rank(const od_exchange *exchange) {
    return exchange->poll_share > 0 ? 3 : exchange->attempts > 1 ? 0 : exchange->rings ? 1 : 2;
}

static bool would_be_first(const queue *q, const od_exchange *exchange) {
    return q->first == NULL || rank(q->first) > rank(exchange);
}

static void enqueue(queue *q, od_exchange *exchange) {
    od_exchange *before = q->last;
    while (before != NULL && rank(before) > rank(exchange)) before = before->previous;
    od_exchange *next = before != NULL ? before->next : q->first;
    if (next != NULL) {
        insert_before(q, exchange, next);
    } else {
        append(q, exchange);
    }
}

static void take_out(queue *q, od_exchange *exchange) {
    if (exchange->previous != NULL) {
        exchange->previous->next = exchange->next;
    } else {
        q->first = exchange->next;
    }
    if (exchange->next != NULL) {
        exchange->next->previous = exchange->previous;
    } else {
        q->last = exchange->previous;
    }
    exchange->next = exchange->previous = NULL;
    q->count--;
}

/* ---- exchanges that did not get as far as being sent ---- */

static void unpark_failed(void *context, od_exchange *exchange) {
    rate_layer *self = context;
    take_out(&self->failed, exchange);
}

static void finish_failed(void *context) {
    rate_layer *self = context;
    /* Those that a listener adds now come in the next round of the loop. */
    for (size_t left = self->failed.count; left > 0 && self->failed.first != NULL; left--) {
        od_exchange *exchange = self->failed.first;
        take_out(&self->failed, exchange);
        od__exchange_unpark(exchange);
        od__exchange_finish(exchange);
    }
}

/* error is set, or the exchange is late. */
static void fail(rate_layer *self, od_exchange *exchange) {
    exchange->sent = false;
    if (exchange->rings) {
        exchange->try_placement = OD_PLACEMENT_NOT_PLACED;
        exchange->error.placement = OD_PLACEMENT_NOT_PLACED;
    }
    append(&self->failed, exchange);
    od__exchange_park(exchange, unpark_failed, self);
    od__loop_post(self->loop, &self->job);
}

/* ---- buckets ---- */

static void unpark_waiting(void *context, od_exchange *exchange) {
    bucket *b = context;
    od__loop_timer_stop(b->layer->loop, &exchange->timer);
    take_out(&b->waiting, exchange);
    if (b->waiting.first == NULL) od__loop_timer_stop(b->layer->loop, &b->timer);
}

static void leave_queue(bucket *b, od_exchange *exchange) {
    unpark_waiting(b, exchange);
    od__exchange_unpark(exchange);
}

static double seconds(int64_t us) {
    return (double)us / 1e6;
}

/* A slot is booked for when its exchange goes down from here, and a connection may have to be made first. */
static void learn_when_it_left(void *context, od_exchange *exchange) {
    bucket *b = context;
    od__gcra_left(&b->tat_us, &b->rate, exchange->slot_us, exchange->first_byte_us, b->slots - exchange->slot + 1);
    exchange->slot = 0;
    od__exchange_finish(exchange);
}

/* When an exchange may go, and the bucket as it is once that is booked. */
typedef struct slot {
    int64_t at_us, tat_us, polls_tat_us;
} slot;

/* Returns the slot that it may have: at now_us or before, at once. */
static slot next_slot(bucket *b, const od_exchange *exchange, int64_t now_us, int64_t lateness_us) {
    slot next = { .tat_us = b->tat_us, .polls_tat_us = b->polls_tat_us };
    if (b->layer->learns) {
        double wait_us = od__adaptive_wait(&b->adaptive, seconds(now_us)) * 1e6;
        next.at_us = now_us + (wait_us > 0 ? (int64_t)wait_us + 1 : 0);
        return next;
    }
    next.at_us = od__gcra_take(&next.tat_us, &b->rate, now_us - lateness_us);
    if (exchange->poll_share > 0) {
        const od_rate rate = od__rate_part(&b->rate, exchange->poll_share);
        int64_t at_us = od__gcra_take(&next.polls_tat_us, &rate, now_us - lateness_us);
        if (at_us > next.at_us) next.at_us = at_us;
    }
    return next;
}

static void take_slot(bucket *b, od_exchange *exchange, const slot *taken) {
    if (b->layer->learns) {
        od__adaptive_take(&b->adaptive);
        return;
    }
    b->tat_us = taken->tat_us;
    b->polls_tat_us = taken->polls_tat_us;
    if (exchange->slot == 0) od__exchange_push(exchange, learn_when_it_left, b);
    exchange->slot = ++b->slots;
    exchange->slot_us = taken->at_us;
}

/* Its slot came, and it did not leave: the bucket is as if it had not been booked, as far as that can be told, which is while
 * nobody has booked after it. */
static void give_back_slot(bucket *b, const od_exchange *exchange) {
    if (exchange->slot == 0 || exchange->slot != b->slots) return;
    od__gcra_give_back(&b->tat_us, &b->rate);
    if (exchange->poll_share > 0) {
        const od_rate rate = od__rate_part(&b->rate, exchange->poll_share);
        od__gcra_give_back(&b->polls_tat_us, &rate);
    }
}

/* Sends on those whose time has come, and waits for the next. */
static void pump(void *context) {
    bucket *b = context;
    rate_layer *self = b->layer;
    while (b->waiting.first != NULL) {
        od_exchange *exchange = b->waiting.first;
        int64_t now_us = od__loop_now_us(self->loop);
        /* Timers run a little late. Were that lost each time, a fast bucket would never reach its rate. */
        const slot next = next_slot(b, exchange, now_us, OD_LIMIT_RATE_LATENESS_US);
        if (od__exchange_is_late(exchange, now_us)) {
            leave_queue(b, exchange);
            od__exchange_set_late(exchange);
            fail(self, exchange);
        } else if (next.at_us <= now_us) {
            leave_queue(b, exchange);
            take_slot(b, exchange, &next);
            od__transport_send(self->inner, exchange);
        } else if (od__loop_timer_start(self->loop, &b->timer, next.at_us, NULL) == OD_OK) {
            return;
        } else {
            /* Nothing would ever wake this bucket again. */
            leave_queue(b, exchange);
            od__error_no_memory(&exchange->error);
            fail(self, exchange);
        }
    }
}

static bucket *find_bucket(rate_layer *self, const void *key) {
    for (bucket *b = self->buckets; b != NULL; b = b->next) {
        if (b->key == key) return b;
    }
    bucket *b = od__calloc(1, sizeof *b);
    if (b == NULL) return NULL;
    b->layer = self;
    b->key = key;
    if (self->learns) od__adaptive_init(&b->adaptive, seconds(od__loop_now_us(self->loop)));
    else b->rate = self->has_override ? self->override : *(const od_rate *)key;
    b->timer = (od_timer){ .fn = pump, .context = b };
    b->next = self->buckets;
    self->buckets = b;
    return b;
}

static void on_late(void *context) {
    od_exchange *exchange = context;
    bucket *b = exchange->unpark_context;
    leave_queue(b, exchange);
    od__exchange_set_late(exchange);
    fail(b->layer, exchange);
}

static od_status wait_for_slot(bucket *b, od_exchange *exchange, int64_t at_us) {
    od_loop *loop = b->layer->loop;
    od_error *err = &exchange->error;
    if (b->waiting.count >= OD_LIMIT_RATE_WAITERS) {
        return od__error_set(err, OD_THROTTLED, "%d requests wait for a slot already", OD_LIMIT_RATE_WAITERS);
    }
    exchange->timer.fn = on_late;
    exchange->timer.context = exchange;
    od_status status = OD_OK;
    if (exchange->send_before_us != 0) {
        status = od__loop_timer_start(loop, &exchange->timer, exchange->send_before_us, err);
    }
    if (status == OD_OK && would_be_first(&b->waiting, exchange)) status = od__loop_timer_start(loop, &b->timer, at_us, err);
    if (status != OD_OK) {
        od__loop_timer_stop(loop, &exchange->timer);
        return status;
    }
    enqueue(&b->waiting, exchange);
    od__exchange_park(exchange, unpark_waiting, b);
    return OD_OK;
}

static bool is_limited(const rate_layer *self, const od_exchange *exchange) {
    return !exchange->long_poll && (exchange->bucket != NULL || self->has_override || self->learns);
}

static void send_in_its_slot(rate_layer *self, od_exchange *exchange) {
    int64_t now_us = od__loop_now_us(self->loop);
    if (od__exchange_is_late(exchange, now_us)) {
        od__exchange_set_late(exchange);
        fail(self, exchange);
        return;
    }
    bucket *b = find_bucket(self, exchange->bucket);
    if (b == NULL) {
        od__error_no_memory(&exchange->error);
        fail(self, exchange);
        return;
    }
    give_back_slot(b, exchange);
    const slot next = next_slot(b, exchange, now_us, 0);
    if (would_be_first(&b->waiting, exchange) && next.at_us <= now_us) {
        take_slot(b, exchange, &next);
        od__transport_send(self->inner, exchange);
    } else if (wait_for_slot(b, exchange, next.at_us) != OD_OK) {
        fail(self, exchange);
    }
}

static void rate_send(od_transport *transport, od_exchange *exchange) {
    rate_layer *self = (rate_layer *)transport;
    exchange->slot = 0;
    if (is_limited(self, exchange) && !exchange->unpaced) send_in_its_slot(self, exchange);
    else od__transport_send(self->inner, exchange);
}

void od__rate_transport_send_again(od_transport *transport, od_exchange *exchange) {
    rate_layer *self = (rate_layer *)transport;
    if (is_limited(self, exchange)) send_in_its_slot(self, exchange);
    else od__transport_send(self->inner, exchange);
}

static void rate_free(od_transport *transport) {
    rate_layer *self = (rate_layer *)transport;
    od__loop_unpost(self->loop, &self->job);
    while (self->buckets != NULL) {
        bucket *b = self->buckets;
        self->buckets = b->next;
        od__loop_timer_stop(self->loop, &b->timer);
        od__free(b);
    }
    od__free(self);
}

od_status od__rate_transport_new(od_loop *loop, const od_rate *override, od_transport *inner, od_transport **out,
                                 od_error *err) {
    *out = NULL;
    rate_layer *self = od__calloc(1, sizeof *self);
    if (self == NULL) return od__error_no_memory(err);
    self->base = (od_transport){ .send = rate_send, .free = rate_free };
    self->loop = loop;
    self->inner = inner;
    self->has_override = override != NULL;
    if (override != NULL) self->override = *override;
    self->job = (od_job){ .fn = finish_failed, .context = self };
    *out = &self->base;
    return OD_OK;
}

od_status od__adaptive_transport_new(od_loop *loop, od_transport *inner, od_transport **out, od_error *err) {
    od_status status = od__rate_transport_new(loop, NULL, inner, out, err);
    if (*out != NULL) ((rate_layer *)*out)->learns = true;
    return status;
}

void od__adaptive_transport_learn(od_transport *transport, const od_exchange *exchange) {
    rate_layer *self = (rate_layer *)transport;
    for (bucket *b = self->buckets; b != NULL; b = b->next) {
        if (b->key != exchange->bucket) continue;
        od__adaptive_answered(&b->adaptive, exchange->again == OD_AGAIN_THROTTLED,
                              seconds(od__loop_now_us(self->loop)));
        return;
    }
}
