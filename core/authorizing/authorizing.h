/* authorizing: makes a built request acceptable to its vendor: signs it, or adds what proves who asks. One vtable; a
 * token, key or session may have to be fetched first, on the same loop, while the request waits. */
#ifndef OD_AUTHORIZING_AUTHORIZING_H
#define OD_AUTHORIZING_AUTHORIZING_H

#include "transport/transport.h"
#include "base/clock.h"

#pragma GCC visibility push(hidden)

typedef struct od_authorizer od_authorizer;

typedef enum od_apply {
    OD_APPLY_READY,    /* the request is complete */
    OD_APPLY_WAITING,  /* resume is called later, from the loop: call apply again then */
    OD_APPLY_FAILED,   /* exchange->error says why; not placed */
} od_apply;

struct od_authorizer {
    /* Completes exchange->request. Idempotent: what an earlier call set is replaced. */
    od_apply (*apply)(od_authorizer *self, od_exchange *exchange);
    /* After an answer: true if the vendor rejected it without executing it and a fresh authorization may help (the layer
     * then applies and sends once more, once). Forgets what was rejected. NULL: never. */
    bool (*rejected)(od_authorizer *self, od_exchange *exchange);
    /* Whether the fresh authorization that an exchange was repeated with may have been spoilt by requests beside it: then
     * it may be repeated once more. NULL: never. */
    bool (*crossed)(const od_authorizer *self, const od_exchange *exchange);
    /* Hears of every answer, before rejected is asked. NULL: it learns nothing from them. */
    void (*answered)(od_authorizer *self, od_exchange *exchange);
    /* Takes a waiting exchange out (it was canceled). */
    void (*forget)(od_authorizer *self, od_exchange *exchange);
    void (*free)(od_authorizer *self);
    /* Set by the layer: what to call when a waiting exchange may go on (also when it failed: apply then says so). */
    void (*resume)(void *context, od_exchange *exchange);
    void *resume_context;
};

/* What an authorizer is made from. All borrowed for its life. */
typedef struct od_authorizer_setup {
    const od_value *options;   /* the client's, validated */
    const char *base_url;      /* with endpoint already applied */
    od_loop *loop;
    const od_clock *clock;
    od_transport *network;     /* the client's bottom layer, for fetching tokens and sessions (same cookie jar) */
    int64_t timeout_ms;
    /* For what an authorizer asks elsewhere: makes a bottom layer of its own. NULL: there is no network. */
    od_status (*make_transport)(void *context, const od_curl_options *options, od_transport **out, od_error *err);
    void *make_transport_context;
    const char *(*get_env)(const char *name);       /* NULL: getenv */
    void (*warn)(void *context, const char *text);  /* hears of what went wrong and was tolerated; NULL: nobody */
    void *warn_context;
} od_authorizer_setup;

/* One way of authorizing; vendors name one. */
struct od_authorizer_kind {
    const char *name;          /* "sigv4" */
    const char *parameter;     /* kind's own setting: sigv4's signing name; may be NULL */
    od_status (*make)(const struct od_authorizer_kind *kind, const od_authorizer_setup *setup, od_authorizer **out,
                      od_error *err);
};

extern const struct od_authorizer_kind od_authorizer_sigv4_connect;  /* AWS Signature Version 4, service "connect" */
extern const struct od_authorizer_kind od_authorizer_sigv4_secretsmanager;
extern const struct od_authorizer_kind od_authorizer_basic;          /* options username (or subdomain), password (or api_token) */
extern const struct od_authorizer_kind od_authorizer_gws_session;    /* Basic, cookies and the learnt CSRF header */
extern const struct od_authorizer_kind od_authorizer_secret_key;     /* one secret header: option api_key, else Secrets Manager */

/* The layer of the chain; authorizer NULL: passes through. All borrowed. Errors: out_of_memory. */
od_status od__authorizing_transport_new(od_loop *loop, od_authorizer *authorizer, od_transport *inner, od_transport **out,
                                        od_error *err);
/* Names the rate layer above, from which what had to wait for its authorization takes a slot anew. Borrowed. */
void od__authorizing_transport_pace(od_transport *transport, od_transport *rate);
void od__authorizer_free(od_authorizer *authorizer); /* NULL is fine */

#pragma GCC visibility pop
#endif
