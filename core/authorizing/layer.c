/* The authorizing layer of a client's chain: between the rate limit and the network. */
#include "authorizing/authorizing.h"

#include "authorizing/waiting.h"
#include "base/error.h"
#include "base/memory.h"

typedef struct authorizing_layer {
    od_transport base;
    od_loop *loop;
    od_authorizer *authorizer;  /* NULL: everything passes through */
    od_transport *inner;
    od_transport *pace;         /* the rate layer above: what had to wait here takes a slot anew; NULL: there is none */
    od_waiting failed;          /* to be finished by the job: nothing finishes from inside a send */
    od_job job;
} authorizing_layer;

static void authorize_and_send(authorizing_layer *self, od_exchange *exchange);

/* One repetition; a second one where the first was in vain because of the requests beside it. */
static bool is_used_up(const od_authorizer *authorizer, const od_exchange *exchange) {
    return exchange->auth_repeated && (exchange->auth_repeated_again || authorizer->crossed == NULL ||
                                       !authorizer->crossed(authorizer, exchange));
}

/* The vendor refused without doing anything: the answer is dropped, and a fresh authorization goes out, once. */
static void answered(void *context, od_exchange *exchange) {
    authorizing_layer *self = context;
    od_authorizer *authorizer = self->authorizer;
    if (exchange->response.status != 0 && authorizer->answered != NULL)
        authorizer->answered(authorizer, exchange);
    bool again = exchange->response.status != 0 && !is_used_up(authorizer, exchange) && authorizer->rejected != NULL &&
                 authorizer->rejected(authorizer, exchange);
    exchange->auth_refreshed = again && exchange->single_try;
    if (!again || exchange->single_try) {
        od__exchange_finish(exchange);
        return;
    }
    exchange->auth_repeated_again = exchange->auth_repeated;
    exchange->auth_repeated = true;
    od__http_response_clear(&exchange->response);
    od__error_clear(&exchange->error);
    exchange->sent = false;
    exchange->try_placement = OD_PLACEMENT_NONE;
    authorize_and_send(self, exchange);
}

static void finish_failed(void *context) {
    authorizing_layer *self = context;
    od_exchange *exchange;
    while ((exchange = od__waiting_take(&self->failed)) != NULL) {
        od__exchange_unpark(exchange);
        od__exchange_finish(exchange);
    }
}

static void forget_failed(void *context, od_exchange *exchange) {
    authorizing_layer *self = context;
    od__waiting_remove(&self->failed, exchange);
}

static void forget_waiting(void *context, od_exchange *exchange) {
    authorizing_layer *self = context;
    self->authorizer->forget(self->authorizer, exchange);
}

/* Without an authorization no byte left: that much is certain, whatever an earlier try left behind. */
static void fail(authorizing_layer *self, od_exchange *exchange) {
    od__http_response_clear(&exchange->response);
    exchange->sent = false;
    exchange->try_placement = exchange->rings ? OD_PLACEMENT_NOT_PLACED : OD_PLACEMENT_NONE;
    exchange->error.placement = exchange->try_placement;
    od__waiting_add(&self->failed, exchange);
    od__exchange_park(exchange, forget_failed, self);
    od__loop_post(self->loop, &self->job);
}

static bool is_guarded_off(od_exchange *exchange) {
    return exchange->guard != NULL && exchange->guard(exchange->context, exchange, &exchange->error) != OD_OK;
}

static void send_authorized(authorizing_layer *self, od_exchange *exchange) {
    if (is_guarded_off(exchange)) {
        fail(self, exchange);
        return;
    }
    od__exchange_push(exchange, answered, self);
    od__transport_send(self->inner, exchange);
}

/* It comes by here once more, with its keys at hand. */
static void send_at_its_pace(authorizing_layer *self, od_exchange *exchange) {
    od__rate_transport_send_again(self->pace, exchange);
}

static void authorize(authorizing_layer *self, od_exchange *exchange,
                      void (*when_ready)(authorizing_layer *self, od_exchange *exchange)) {
    switch (self->authorizer->apply(self->authorizer, exchange)) {
    case OD_APPLY_READY:
        when_ready(self, exchange);
        return;
    case OD_APPLY_WAITING:
        od__exchange_park(exchange, forget_waiting, self);
        return;
    case OD_APPLY_FAILED:
        fail(self, exchange);
        return;
    }
}

static void authorize_and_send(authorizing_layer *self, od_exchange *exchange) {
    exchange->again = OD_AGAIN_NO;
    authorize(self, exchange, send_authorized);
}

/* All that waited for the same keys goes on in one turn of the loop: at the vendor's rate, not in one bunch. */
static void resume(void *context, od_exchange *exchange) {
    authorizing_layer *self = context;
    od__exchange_unpark(exchange);
    if (self->pace == NULL)
        authorize_and_send(self, exchange);
    else
        authorize(self, exchange, send_at_its_pace);
}

static void layer_send(od_transport *base, od_exchange *exchange) {
    authorizing_layer *self = (authorizing_layer *)base;
    bool plain = self->authorizer == NULL || exchange->anonymous;
    exchange->again = OD_AGAIN_NO;
    if (plain && is_guarded_off(exchange))
        fail(self, exchange);
    else if (plain)
        od__transport_send(self->inner, exchange);
    else
        authorize_and_send(self, exchange);
}

static void layer_free(od_transport *base) {
    authorizing_layer *self = (authorizing_layer *)base;
    od__loop_unpost(self->loop, &self->job);
    od__free(self);
}

od_status od__authorizing_transport_new(od_loop *loop, od_authorizer *authorizer, od_transport *inner, od_transport **out,
                                        od_error *err) {
    authorizing_layer *self = od__calloc(1, sizeof(*self));
    if (self == NULL)
        return od__error_no_memory(err);
    self->base = (od_transport){ .send = layer_send, .free = layer_free };
    self->loop = loop;
    self->authorizer = authorizer;
    self->inner = inner;
    self->job = (od_job){ .fn = finish_failed, .context = self };
    if (authorizer != NULL) {
        authorizer->resume = resume;
        authorizer->resume_context = self;
    }
    *out = &self->base;
    return OD_OK;
}

void od__authorizing_transport_pace(od_transport *transport, od_transport *rate) {
    ((authorizing_layer *)transport)->pace = rate;
}

void od__authorizer_free(od_authorizer *authorizer) {
    if (authorizer != NULL)
        authorizer->free(authorizer);
}
