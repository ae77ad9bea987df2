/* curl_rig: see curl_rig.h. */
#include "curl_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static void must(bool condition, const char *what) {
    if (!condition) {
        fprintf(stderr, "test rig: %s\n", what);
        abort();
    }
}

void curl_rig_open(curl_rig *rig) {
    memset(rig, 0, sizeof(*rig));
    od__clock_init(&rig->clock, NULL);
    must(od__loop_new(&rig->clock, &rig->loop, NULL) == OD_OK, "no loop");
    must(od__network_new(rig->loop, &rig->network, NULL) == OD_OK, "no network");
}

void curl_rig_close(curl_rig *rig) {
    od__network_free(rig->network);
    od__loop_free(rig->loop);
}

od_transport *curl_rig_transport(curl_rig *rig, const char *ca_file, bool cookies) {
    od_transport *transport = NULL;
    const od_curl_options options = {
        .ca_file = ca_file,
        .connect_timeout_ms = 30000,
        .response_limit_bytes = 64 * 1024,
        .cookies = cookies,
    };
    must(od__curl_transport_new(rig->network, &options, &transport, NULL) == OD_OK, "no transport");
    return transport;
}

void curl_rig_notice(void *context) {
    od__loop_wake(((curl_rig *)context)->loop);
}

void curl_rig_run(curl_rig *rig, const bool *flag) {
    while (!*flag)
        must(od__loop_step(rig->loop, -1, NULL) == OD_OK, "the loop failed");
}

void curl_rig_run_all(curl_rig *rig, call *const *calls, size_t count) {
    for (size_t i = 0; i < count; i++)
        curl_rig_run(rig, &calls[i]->finished);
}

static void on_finished(void *context, od_exchange *exchange) {
    call *c = context;
    must(exchange == &c->exchange, "another exchange finished");
    must(!c->finished, "finished twice");
    must(!c->inside_send, "finished from inside send");
    c->finished = true;
    if (c->then != NULL)
        c->then(c);
}

call *curl_call_new(const char *method, const char *url, const char *body) {
    call *c = calloc(1, sizeof(*c));
    must(c != NULL, "no memory");
    od__exchange_init(&c->exchange);
    od_http_request *request = &c->exchange.request;
    snprintf(request->method, sizeof(request->method), "%s", method);
    od__buffer_add_text(&request->url, url);
    request->has_body = body != NULL;
    if (body != NULL)
        od__buffer_add_text(&request->body, body);
    c->exchange.timeout_ms = CALL_TIMEOUT_MS;
    c->exchange.context = c;
    return c;
}

call *curl_call_local(const char *method, int port, const char *path, const char *body) {
    char url[256];
    snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", port, path);
    return curl_call_new(method, url, body);
}

void curl_call_header(call *c, const char *name, const char *value) {
    must(od__http_request_set_header(&c->exchange.request, name, value, false, NULL) == OD_OK, "no header");
}

void curl_call_send(call *c, od_transport *transport) {
    c->finished = false;
    od__exchange_push(&c->exchange, on_finished, c);
    c->inside_send = true;
    od__transport_send(transport, &c->exchange);
    c->inside_send = false;
}

void curl_call_free(call *c) {
    od__exchange_clear(&c->exchange);
    free(c);
}

const char *curl_call_error(const call *c) {
    static char text[1024];
    od_error_format(&c->exchange.error, text, sizeof(text));
    return text;
}

const char *curl_call_body(const call *c) {
    return od__buffer_text(&c->exchange.response.body);
}
