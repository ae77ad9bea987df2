/* exchange: the way of one exchange down and up through the layers of its transport; see transport.h. */
#include "transport/transport.h"

#include <assert.h>
#include <string.h>
#include "base/error.h"

void od__transport_send(od_transport *transport, od_exchange *exchange) {
    transport->send(transport, exchange);
}

void od__transport_free(od_transport *transport) {
    if (transport != NULL) transport->free(transport);
}

#define AFTER(member) (offsetof(od_exchange, member) + sizeof(((od_exchange *)0)->member))

void od__exchange_init(od_exchange *exchange) {
    /* All but the request and the error, whose unused headers and texts need no zeroing: this runs once for each call. */
    char *bytes = (char *)exchange;
    memset(bytes + AFTER(request), 0, offsetof(od_exchange, error) - AFTER(request));
    memset(bytes + AFTER(error), 0, sizeof *exchange - AFTER(error));
    od__http_request_init(&exchange->request);
    od__http_response_init(&exchange->response);
    od__error_init(&exchange->error);
    exchange->server_delay_ms = -1;
}

void od__exchange_clear(od_exchange *exchange) {
    assert(exchange->unpark == NULL);
    od__http_request_clear(&exchange->request);
    od__http_response_clear(&exchange->response);
    od__error_clear(&exchange->error);
}

void od__exchange_push(od_exchange *exchange, void (*finished)(void *context, od_exchange *exchange), void *context) {
    assert(exchange->layer_count < OD_EXCHANGE_LAYERS);
    exchange->layers[exchange->layer_count++] = (od_layer){ .finished = finished, .context = context };
}

void od__exchange_finish(od_exchange *exchange) {
    assert(exchange->layer_count > 0 && exchange->unpark == NULL);
    od_layer layer = exchange->layers[--exchange->layer_count];
    layer.finished(layer.context, exchange);
}

void od__exchange_park(od_exchange *exchange, void (*unpark)(void *context, od_exchange *exchange), void *context) {
    assert(exchange->unpark == NULL);
    exchange->unpark = unpark;
    exchange->unpark_context = context;
}

void od__exchange_unpark(od_exchange *exchange) {
    exchange->unpark = NULL;
    exchange->unpark_context = NULL;
}

void od__exchange_cancel(od_exchange *exchange, od_status code, const char *message) {
    void (*unpark)(void *context, od_exchange *exchange) = exchange->unpark;
    void *context = exchange->unpark_context;
    od__exchange_unpark(exchange);
    if (unpark != NULL) unpark(context, exchange);
    exchange->layer_count = 0;
    od__error_clear(&exchange->error);
    od__error_set(&exchange->error, code, "%s", message);
    if (!exchange->rings) return;
    exchange->try_placement = exchange->sent ? OD_PLACEMENT_UNKNOWN : OD_PLACEMENT_NOT_PLACED;
    exchange->placement = od__placement_join(exchange->placement, exchange->try_placement);
    exchange->error.placement = exchange->placement;
}

bool od__exchange_is_late(const od_exchange *exchange, int64_t now_us) {
    return exchange->send_before_us != 0 && now_us >= exchange->send_before_us;
}

void od__exchange_set_late(od_exchange *exchange) {
    od__error_clear(&exchange->error);
    od__error_set(&exchange->error, OD_TIMEOUT, "send_before passed before the first byte");
    exchange->again = OD_AGAIN_NO;
    exchange->sent = false;
    if (!exchange->rings) return;
    exchange->try_placement = OD_PLACEMENT_NOT_PLACED;
    exchange->error.placement = OD_PLACEMENT_NOT_PLACED;
}

od_placement od__placement_join(od_placement a, od_placement b) {
    return a > b ? a : b; /* the enum is ordered by strength */
}
