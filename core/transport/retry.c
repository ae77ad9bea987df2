/* retry: sends again what may be sent again, after a pause and within a quota; what it may is R2, R3 and R4. What an
 * answer means is the judge's to say. */
#include "transport/transport.h"

#include "base/error.h"
#include "base/memory.h"

/* A hint of the vendor may lengthen our own pause by this much, and never shortens it. */
#define HINT_MORE_MS 5000

typedef struct retry_layer {
    od_transport base;
    od_loop *loop;
    const od_clock *clock;
    od_retry_options options;
    od_transport *inner;
    int tokens;  /* left of the quota */
} retry_layer;

static void send_try(retry_layer *self, od_exchange *exchange);

/* What the try just judged says about the telephony. A judge that does not say leaves what the wire tells. */
static od_placement placement_of_try(const od_exchange *exchange) {
    if (exchange->try_placement != OD_PLACEMENT_NONE || exchange->error.code == OD_OK) return exchange->try_placement;
    return exchange->sent ? OD_PLACEMENT_UNKNOWN : OD_PLACEMENT_NOT_PLACED;
}

static int64_t jittered_us(const retry_layer *self, const od_exchange *exchange) {
    bool throttled = exchange->again == OD_AGAIN_THROTTLED;
    double most_us = (double)(throttled ? self->options.base_throttled_ms : self->options.base_transient_ms) * 1000;
    double cap_us = (double)self->options.cap_ms * 1000;
    for (int i = 1; i < exchange->attempts && most_us < cap_us; i++) most_us *= 2;
    if (most_us > cap_us) most_us = cap_us;
    return (int64_t)(od__clock_random_unit(self->clock) * most_us + 0.5);
}

static int64_t pause_us(const retry_layer *self, const od_exchange *exchange) {
    int64_t pause = jittered_us(self, exchange);
    int64_t hint_ms = exchange->server_delay_ms;
    if (hint_ms < 0) return pause;
    int64_t most = pause + HINT_MORE_MS * INT64_C(1000);
    if (hint_ms > most / 1000) return most;
    return hint_ms * 1000 > pause ? hint_ms * 1000 : pause;
}

/* Until when a second one is the same as the first (R2); 0: it never is. */
static int64_t token_limit_us(const od_exchange *exchange) {
    if (exchange->first_byte_us == 0 || exchange->resend_within_ms <= 0) return 0;
    if (exchange->resend_within_ms > (INT64_MAX - exchange->first_byte_us) / 1000) return INT64_MAX;
    return exchange->first_byte_us + exchange->resend_within_ms * 1000;
}

typedef struct permission {
    bool allowed;
    int64_t until_us;  /* from then on it is not; INT64_MAX: no limit */
} permission;

static permission may_repeat(const od_exchange *exchange) {
    const permission yes = { true, INT64_MAX }, no = { false, 0 };
    bool in_doubt, windowed = exchange->repeat == OD_REPEAT_TOKEN;
    if (exchange->rings) {
        if (exchange->placement == OD_PLACEMENT_NOT_PLACED) return yes;
        in_doubt = exchange->placement == OD_PLACEMENT_UNKNOWN;
        if (!in_doubt) return no;
        windowed = true;
    } else {
        in_doubt = exchange->sent && exchange->response.status == 0;
        if (!in_doubt) return yes;
    }
    if (exchange->repeat == OD_REPEAT_NEVER) return no;
    if (!windowed) return yes;
    int64_t until_us = token_limit_us(exchange);
    return until_us != 0 ? (permission){ true, until_us } : no;
}

/* ---- the pause ---- */

static void unpark(void *context, od_exchange *exchange) {
    retry_layer *self = context;
    od__loop_timer_stop(self->loop, &exchange->timer);
}

/* Takes leave of the exchange: its error carries what is known over all tries. */
static void finish(od_exchange *exchange) {
    if (exchange->rings && exchange->error.code != OD_OK) exchange->error.placement = exchange->placement;
    od__exchange_finish(exchange);
}

static void on_pause_over(void *context) {
    od_exchange *exchange = context;
    retry_layer *self = exchange->unpark_context;
    od__exchange_unpark(exchange);
    if (od__exchange_is_late(exchange, od__loop_now_us(self->loop))) {
        od__exchange_set_late(exchange);
        finish(exchange);
        return;
    }
    send_try(self, exchange);
}

/* Returns whether the exchange will be sent again; if not, its outcome stands as it is. */
static bool try_again(retry_layer *self, od_exchange *exchange) {
    if (exchange->error.code == OD_OK || exchange->again == OD_AGAIN_NO || exchange->long_poll) return false;
    if (exchange->single_try) return false;
    if (exchange->attempts >= self->options.max_attempts) return false;
    permission repeat = may_repeat(exchange);
    if (!repeat.allowed) return false;
    int cost = exchange->again == OD_AGAIN_THROTTLED ? self->options.cost_throttled : self->options.cost_transient;
    if (self->tokens < cost) return false;
    int64_t pause = pause_us(self, exchange);
    int64_t at_us = od__loop_now_us(self->loop) + pause;
    if (at_us >= repeat.until_us || od__exchange_is_late(exchange, at_us)) return false;

    exchange->timer.fn = on_pause_over;
    exchange->timer.context = exchange;
    if (od__loop_timer_start(self->loop, &exchange->timer, at_us, NULL) != OD_OK) return false;
    self->tokens -= cost;
    exchange->retry_cost = cost;
    /* So that the layers below, where it may wait for a slot or a connection, keep to the token's limit as well. */
    if (repeat.until_us != INT64_MAX && (exchange->send_before_us == 0 || exchange->send_before_us > repeat.until_us)) {
        exchange->send_before_us = repeat.until_us;
    }
    exchange->sent_before = exchange->sent_before || exchange->sent;
    exchange->sent = false; /* that try is judged: if canceled now, nothing is on its way */
    od__exchange_park(exchange, unpark, self);
    if (self->options.notice != NULL) {
        self->options.notice(self->options.notice_context, exchange, (pause + 999) / 1000);
    }
    return true;
}

static void refund(retry_layer *self, const od_exchange *exchange) {
    int tokens = exchange->retry_cost > 0 ? exchange->retry_cost : 1;
    self->tokens = self->options.quota - self->tokens < tokens ? self->options.quota : self->tokens + tokens;
}

static void on_finished(void *context, od_exchange *exchange) {
    retry_layer *self = context;
    if (exchange->judge != NULL) {
        exchange->judge(exchange->context, exchange);
    } else {
        exchange->again = OD_AGAIN_NO;
    }
    if (exchange->rings) {
        exchange->try_placement = placement_of_try(exchange);
        exchange->placement = od__placement_join(exchange->placement, exchange->try_placement);
    }
    if (self->options.adaptive != NULL && !exchange->long_poll) {
        od__adaptive_transport_learn(self->options.adaptive, exchange);
    }
    if (try_again(self, exchange)) return;
    if (exchange->error.code == OD_OK && !exchange->long_poll) refund(self, exchange);
    finish(exchange);
}

static void send_try(retry_layer *self, od_exchange *exchange) {
    exchange->attempts++;
    exchange->sent = false;
    exchange->try_placement = OD_PLACEMENT_NONE;
    exchange->again = OD_AGAIN_NO;
    exchange->server_delay_ms = -1;
    od__error_clear(&exchange->error);
    od__http_response_clear(&exchange->response);
    od__exchange_push(exchange, on_finished, self);
    od__transport_send(self->inner, exchange);
}

static void retry_send(od_transport *transport, od_exchange *exchange) {
    send_try((retry_layer *)transport, exchange);
}

static void retry_free(od_transport *transport) {
    od__free(transport);
}

od_status od__retry_transport_new(od_loop *loop, const od_clock *clock, const od_retry_options *options,
                                  od_transport *inner, od_transport **out, od_error *err) {
    *out = NULL;
    retry_layer *self = od__calloc(1, sizeof *self);
    if (self == NULL) return od__error_no_memory(err);
    self->base = (od_transport){ .send = retry_send, .free = retry_free };
    self->loop = loop;
    self->clock = clock;
    self->options = *options;
    self->inner = inner;
    self->tokens = options->quota;
    *out = &self->base;
    return OD_OK;
}
