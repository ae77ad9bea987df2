/* authorizing_rig: an authorizer in its layer, over a network that sends nothing. */
#ifndef TESTS_CORE_AUTHORIZING_RIG_H
#define TESTS_CORE_AUTHORIZING_RIG_H

#include "authorizing/authorizing.h"
#include "fake.h"

typedef struct auth_rig {
    fake_clock clock;
    od_clock od;
    od_loop *loop;
    fake_network network;
    od_value *options;
    od_authorizer *authorizer;
    od_transport *layer;
    bool inside_send;
} auth_rig;

/* One exchange and how often it finished. */
typedef struct auth_one {
    od_exchange exchange;
    auth_rig *rig;
    int finished;
} auth_one;

/* A loop and a network; then an authorizer of options (JSON) for https://gws.example.com; then the layer. */
void auth_open(auth_rig *r);
od_status auth_try(auth_rig *r, const struct od_authorizer_kind *kind, const char *options, od_error *err);
void auth_layer(auth_rig *r);
/* All three at once. */
void auth_make(auth_rig *r, const struct od_authorizer_kind *kind, const char *options);
void auth_close(auth_rig *r);
void auth_step(auth_rig *r);
void auth_finished(void *context, od_exchange *exchange);
/* Sends an exchange that rings; body NULL: none. */
void auth_send(auth_rig *r, auth_one *o, const char *method, const char *url, const char *body);
void auth_error(const od_error *error, const char *expected);
/* The value of a request header, or "(absent)". */
const char *auth_header(const auth_one *o, const char *name);

#define GWS "{\"username\":\"u\",\"password\":\"p\"}"
#define CALLS "https://gws.example.com/api/v2/me/devices/d/calls"
#define CSRF "X-CSRF-HEADER: X-CSRF-TOKEN\nX-CSRF-TOKEN: 6e1b\n"
#define SUCCESS "{\"statusCode\":0}"

#endif
