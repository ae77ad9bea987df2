#include "fake.h"

#include <string.h>

#include "base/error.h"

static int64_t fake_now_us(void *context) {
    return ((fake_clock *)context)->now_us;
}

static int64_t fake_wall_ms(void *context) {
    return ((fake_clock *)context)->wall_ms;
}

static bool fake_random(void *context, void *out, size_t bytes) {
    fake_clock *clock = context;
    if (clock->no_random)
        return false;
    for (size_t i = 0; i < bytes; i++)
        ((unsigned char *)out)[i] = clock->next_random++;
    return true;
}

od_engine_options fake_engine_options(fake_clock *clock) {
    od_engine_options options = OD_ENGINE_OPTIONS_INIT;
    options.now_us = fake_now_us;
    options.wall_ms = fake_wall_ms;
    options.random = fake_random;
    options.context = clock;
    return options;
}

od_clock fake_od_clock(fake_clock *clock) {
    od_engine_options options = fake_engine_options(clock);
    od_clock made;
    od__clock_init(&made, &options);
    return made;
}

/* ---- the bottom layer ---- */

static void take_out(fake_network *network, od_exchange *exchange) {
    if (exchange->previous != NULL)
        exchange->previous->next = exchange->next;
    else
        network->first = exchange->next;
    if (exchange->next != NULL)
        exchange->next->previous = exchange->previous;
    else
        network->last = exchange->previous;
    exchange->next = exchange->previous = NULL;
}

static void unpark_waiting(void *context, od_exchange *exchange) {
    take_out(context, exchange);
}

static void unpark_ready(void *context, od_exchange *exchange) {
    fake_network *network = context;
    od_exchange **place = &network->ready;
    while (*place != exchange)
        place = &(*place)->next;
    *place = exchange->next;
    exchange->next = NULL;
}

static void write_down(fake_network *network, const od_http_request *request) {
    od__buffer_addf(&network->sent, "%s %s\n", request->method, od__buffer_text(&request->url));
    for (size_t i = 0; i < request->header_count; i++)
        od__buffer_addf(&network->sent, "%s: %s\n", request->headers[i].name, request->headers[i].value);
    od__buffer_addf(&network->sent, "\n%s\n---\n", od__buffer_text(&request->body));
    network->sent_count++;
}

static void network_send(od_transport *base, od_exchange *exchange) {
    fake_network *network = (fake_network *)base;
    write_down(network, &exchange->request);
    exchange->next = NULL;
    exchange->previous = network->last;
    if (network->last != NULL)
        network->last->next = exchange;
    else
        network->first = exchange;
    network->last = exchange;
    od__exchange_park(exchange, unpark_waiting, network);
}

static void network_free(od_transport *base) {
    ((fake_network *)base)->freed++;
}

static void finish_ready(void *context) {
    fake_network *network = context;
    while (network->ready != NULL) {
        od_exchange *exchange = network->ready;
        network->ready = exchange->next;
        exchange->next = NULL;
        od__exchange_unpark(exchange);
        od__exchange_finish(exchange);
    }
}

void fake_network_init(fake_network *network, od_loop *loop) {
    memset(network, 0, sizeof(*network));
    network->base = (od_transport){ .send = network_send, .free = network_free };
    network->loop = loop;
    network->job = (od_job){ .fn = finish_ready, .context = network };
    od__buffer_init(&network->sent, 1 << 20);
}

void fake_network_clear(fake_network *network) {
    od__loop_unpost(network->loop, &network->job);
    od__buffer_clear(&network->sent);
}

static od_status make_transport(void *context, const od_curl_options *options, od_transport **out, od_error *err) {
    fake_network *network = context;
    (void)err;
    network->made++;
    network->cookies = options->cookies;
    network->connect_timeout_ms = options->connect_timeout_ms;
    *out = &network->base;
    return OD_OK;
}

void fake_network_use(fake_network *network, od_engine *engine) {
    engine->make_transport = make_transport;
    engine->make_transport_context = network;
}

size_t fake_waiting(const fake_network *network) {
    size_t count = 0;
    for (const od_exchange *exchange = network->first; exchange != NULL; exchange = exchange->next)
        count++;
    return count;
}

const char *fake_sent(fake_network *network) {
    static char text[1 << 16];
    size_t length = network->sent.length < sizeof(text) - 1 ? network->sent.length : sizeof(text) - 1;
    memcpy(text, od__buffer_text(&network->sent), length);
    text[length] = '\0';
    od__buffer_truncate(&network->sent, 0);
    return text;
}

static void make_ready(fake_network *network, od_exchange *exchange) {
    take_out(network, exchange);
    od_exchange **place = &network->ready;
    while (*place != NULL)
        place = &(*place)->next;
    *place = exchange;
    od__exchange_unpark(exchange);
    od__exchange_park(exchange, unpark_ready, network);
    od__loop_post(network->loop, &network->job);
}

void fake_leave(fake_network *network, od_exchange *exchange) {
    int64_t now_us = od__loop_now_us(network->loop);
    if (od__exchange_is_late(exchange, now_us)) {
        od__exchange_set_late(exchange);
        make_ready(network, exchange);
        return;
    }
    exchange->sent = true;
    if (exchange->first_byte_us == 0)
        exchange->first_byte_us = now_us;
}

void fake_answer(fake_network *network, od_exchange *exchange, int status, const char *headers, const char *body) {
    if (!exchange->sent)
        fake_leave(network, exchange);
    exchange->response.status = status;
    od__buffer_add_text(&exchange->response.headers, headers);
    od__buffer_add_text(&exchange->response.body, body);
    make_ready(network, exchange);
}

void fake_break(fake_network *network, od_exchange *exchange, od_status code, const char *message) {
    od__error_set(&exchange->error, code, "%s", message);
    exchange->error.retryable = true;
    exchange->again = OD_AGAIN_TRANSIENT;
    if (exchange->rings) {
        exchange->try_placement = exchange->sent ? OD_PLACEMENT_UNKNOWN : OD_PLACEMENT_NOT_PLACED;
        exchange->error.placement = exchange->try_placement;
    }
    make_ready(network, exchange);
}
