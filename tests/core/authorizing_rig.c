#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "authorizing_rig.h"

void auth_open(auth_rig *r) {
    memset(r, 0, sizeof(*r));
    r->clock = (fake_clock)FAKE_CLOCK_INIT;
    r->od = fake_od_clock(&r->clock);
    assert_int_equal(od__loop_new(&r->od, &r->loop, NULL), OD_OK);
    fake_network_init(&r->network, r->loop);
}

void auth_layer(auth_rig *r) {
    assert_int_equal(od__authorizing_transport_new(r->loop, r->authorizer, &r->network.base, &r->layer, NULL), OD_OK);
}

od_status auth_try(auth_rig *r, const struct od_authorizer_kind *kind, const char *options, od_error *err) {
    assert_int_equal(od_value_parse(options, strlen(options), &r->options, NULL), OD_OK);
    od_authorizer_setup setup = {
        .options = r->options, .base_url = "https://gws.example.com", .loop = r->loop, .clock = &r->od,
        .network = &r->network.base, .timeout_ms = 15000,
    };
    return kind->make(kind, &setup, &r->authorizer, err);
}

void auth_make(auth_rig *r, const struct od_authorizer_kind *kind, const char *options) {
    auth_open(r);
    assert_int_equal(auth_try(r, kind, options, NULL), OD_OK);
    auth_layer(r);
}

void auth_close(auth_rig *r) {
    od__transport_free(r->layer);
    od__authorizer_free(r->authorizer);
    fake_network_clear(&r->network);
    od__loop_free(r->loop);
    od_value_unref(r->options);
}

void auth_step(auth_rig *r) {
    for (int i = 0; i < 4; i++)
        assert_int_equal(od__loop_step(r->loop, 0, NULL), OD_OK);
}

void auth_finished(void *context, od_exchange *exchange) {
    auth_one *o = context;
    (void)exchange;
    assert_false(o->rig->inside_send);
    o->finished++;
}

void auth_send(auth_rig *r, auth_one *o, const char *method, const char *url, const char *body) {
    memset(o, 0, sizeof(*o));
    o->rig = r;
    od__exchange_init(&o->exchange);
    strcpy(o->exchange.request.method, method);
    od__buffer_add_text(&o->exchange.request.url, url);
    if (body != NULL) {
        o->exchange.request.has_body = true;
        od__buffer_add_text(&o->exchange.request.body, body);
        assert_int_equal(od__http_request_set_header(&o->exchange.request, "Content-Type", "application/json", false,
                                                     NULL), OD_OK);
    }
    o->exchange.rings = true;
    o->exchange.timeout_ms = 15000;
    od__exchange_push(&o->exchange, auth_finished, o);
    r->inside_send = true;
    od__transport_send(r->layer, &o->exchange);
    r->inside_send = false;
}

void auth_error(const od_error *error, const char *expected) {
    char text[1024];
    od_error_format(error, text, sizeof(text));
    assert_string_equal(text, expected);
}

const char *auth_header(const auth_one *o, const char *name) {
    const char *value = od__http_request_header(&o->exchange.request, name);
    return value != NULL ? value : "(absent)";
}
