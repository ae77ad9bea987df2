/* The authorizing layer, each way of authorizing but for sessions, over a network that sends nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authorizing/waiting.h"
#include "authorizing_rig.h"
#include "base/error.h"
#include "base/memory.h"

/* ---- the layer, with an authorizer that does as it is told ---- */

typedef struct told {
    od_authorizer base;
    od_apply next;           /* what apply says */
    bool rejects;            /* what rejected says */
    od_waiting waiting;
    int applied, asked, forgotten, freed;
} told;

static od_apply told_apply(od_authorizer *base, od_exchange *exchange) {
    told *self = (told *)base;
    self->applied++;
    if (self->next == OD_APPLY_FAILED)
        od__error_set(&exchange->error, OD_AUTHENTICATION, "no key");
    if (self->next == OD_APPLY_WAITING)
        od__waiting_add(&self->waiting, exchange);
    return self->next;
}

static bool told_rejected(od_authorizer *base, od_exchange *exchange) {
    (void)exchange;
    ((told *)base)->asked++;
    return ((told *)base)->rejects;
}

static void told_forget(od_authorizer *base, od_exchange *exchange) {
    told *self = (told *)base;
    self->forgotten++;
    od__waiting_remove(&self->waiting, exchange);
}

static void told_free(od_authorizer *base) {
    ((told *)base)->freed++;
}

static void rig_told(auth_rig *r, told *authorizer) {
    *authorizer = (told){ .base = { .apply = told_apply, .rejected = told_rejected, .forget = told_forget,
                                    .free = told_free } };
    auth_open(r);
    r->authorizer = &authorizer->base;
    auth_layer(r);
}

static void an_answer_comes_back_through_the_layer(void **state) {
    (void)state;
    auth_rig r;
    told authorizer;
    auth_one o;
    rig_told(&r, &authorizer);
    auth_send(&r, &o, "GET", "https://example.com/", NULL);
    assert_int_equal(fake_waiting(&r.network), 1);
    fake_answer(&r.network, &o.exchange, 200, "", "{}");
    auth_step(&r);
    assert_int_equal(o.finished, 1);
    assert_int_equal(o.exchange.response.status, 200);
    assert_int_equal(authorizer.applied, 1);
    od__exchange_clear(&o.exchange);
    auth_close(&r);
    assert_int_equal(authorizer.freed, 1);
}

static void a_failed_authorization_places_nothing_and_finishes_later(void **state) {
    (void)state;
    auth_rig r;
    told authorizer;
    auth_one o;
    rig_told(&r, &authorizer);
    authorizer.next = OD_APPLY_FAILED;
    auth_send(&r, &o, "GET", "https://example.com/", NULL);
    assert_int_equal(o.finished, 0);
    auth_step(&r);
    assert_int_equal(o.finished, 1);
    assert_int_equal(r.network.sent_count, 0);
    auth_error(&o.exchange.error, "authentication: no key");
    assert_int_equal(o.exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(o.exchange.try_placement, OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(o.exchange.again, OD_AGAIN_NO);
    od__exchange_clear(&o.exchange);
    auth_close(&r);
}

static void a_failure_taken_back_before_it_is_told_is_not_told(void **state) {
    (void)state;
    auth_rig r;
    told authorizer;
    auth_one a, b;
    rig_told(&r, &authorizer);
    authorizer.next = OD_APPLY_FAILED;
    auth_send(&r, &a, "GET", "https://example.com/a", NULL);
    auth_send(&r, &b, "GET", "https://example.com/b", NULL);
    od__exchange_cancel(&a.exchange, OD_CANCELED, "taken back");
    auth_step(&r);
    assert_int_equal(a.finished, 0);
    assert_int_equal(b.finished, 1);
    auth_error(&a.exchange.error, "canceled: taken back");
    assert_int_equal(a.exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    od__exchange_clear(&a.exchange);
    od__exchange_clear(&b.exchange);
    auth_close(&r);
}

static void waiting_ones_go_on_when_resumed(void **state) {
    (void)state;
    auth_rig r;
    told authorizer;
    auth_one a, b;
    rig_told(&r, &authorizer);
    authorizer.next = OD_APPLY_WAITING;
    auth_send(&r, &a, "GET", "https://example.com/a", NULL);
    auth_send(&r, &b, "GET", "https://example.com/b", NULL);
    auth_step(&r);
    assert_int_equal(r.network.sent_count, 0);

    authorizer.next = OD_APPLY_READY;
    authorizer.base.resume(authorizer.base.resume_context, od__waiting_take(&authorizer.waiting));
    assert_string_equal(fake_sent(&r.network), "GET https://example.com/a\n\n\n---\n");
    authorizer.next = OD_APPLY_FAILED;
    authorizer.base.resume(authorizer.base.resume_context, od__waiting_take(&authorizer.waiting));
    auth_step(&r);
    assert_int_equal(b.finished, 1);
    auth_error(&b.exchange.error, "authentication: no key");

    od__exchange_cancel(&a.exchange, OD_CLOSED, "closed");
    assert_int_equal(fake_waiting(&r.network), 0);
    od__exchange_clear(&a.exchange);
    od__exchange_clear(&b.exchange);
    auth_close(&r);
}

/* ---- what waited for its authorization leaves at the vendor's rate ---- */

static const od_rate two_a_second = { .per_second = 2, .burst = 1 };

typedef struct paced {
    auth_rig r;
    told authorizer;
    od_transport *rate; /* above the layer */
    auth_one ones[5];
} paced;

static void send_paced(paced *p, int i, bool unpaced) {
    auth_one *o = &p->ones[i];
    memset(o, 0, sizeof(*o));
    o->rig = &p->r;
    od__exchange_init(&o->exchange);
    strcpy(o->exchange.request.method, "GET");
    od__buffer_add_text(&o->exchange.request.url, "https://example.com/");
    o->exchange.rings = true;
    o->exchange.unpaced = unpaced;
    o->exchange.bucket = &two_a_second;
    od__exchange_push(&o->exchange, auth_finished, o);
    p->r.inside_send = true;
    od__transport_send(p->rate, &o->exchange);
    p->r.inside_send = false;
}

static void open_paced(paced *p) {
    rig_told(&p->r, &p->authorizer);
    assert_int_equal(od__rate_transport_new(p->r.loop, NULL, p->r.layer, &p->rate, NULL), OD_OK);
    od__authorizing_transport_pace(p->r.layer, p->rate);
    p->authorizer.next = OD_APPLY_WAITING;
}

static void close_paced(paced *p, int count) {
    for (int i = 0; i < count; i++) {
        od__exchange_cancel(&p->ones[i].exchange, OD_CLOSED, "closed");
        od__exchange_clear(&p->ones[i].exchange);
    }
    od__transport_free(p->rate);
    auth_close(&p->r);
}

static void pass(paced *p, int64_t us) {
    p->r.clock.now_us += us;
    auth_step(&p->r);
}

static void keys_come(paced *p) {
    p->authorizer.next = OD_APPLY_READY;
    for (od_exchange *one; (one = od__waiting_take(&p->authorizer.waiting)) != NULL;)
        p->authorizer.base.resume(p->authorizer.base.resume_context, one);
}

static void R21_what_waited_for_keys_leaves_at_the_rate_and_not_in_a_bunch(void **state) {
    (void)state;
    for (int unpaced = 0; unpaced < 2; unpaced++) { /* unpaced: the slots were a store's */
        paced p;
        open_paced(&p);
        for (int i = 0; i < 4; i++) {
            send_paced(&p, i, unpaced != 0);
            pass(&p, 500000);
        }
        assert_int_equal(p.r.network.sent_count, 0);
        keys_come(&p);
        assert_int_equal(p.r.network.sent_count, 1);
        for (size_t sent = 2; sent <= 4; sent++) {
            pass(&p, 499999);
            assert_int_equal(p.r.network.sent_count, sent - 1);
            pass(&p, 1);
            assert_int_equal(p.r.network.sent_count, sent);
        }
        close_paced(&p, 4);
    }
}

static void R21_one_that_waited_alone_waits_no_longer(void **state) {
    (void)state;
    paced p;
    open_paced(&p);
    send_paced(&p, 0, false);
    pass(&p, 100000); /* its slot was at 0, the next would be at 500000 */
    keys_come(&p);
    assert_int_equal(p.r.network.sent_count, 1);
    send_paced(&p, 1, false); /* and the next one's is half a second after it left */
    pass(&p, 499999);
    assert_int_equal(p.r.network.sent_count, 1);
    pass(&p, 1);
    assert_int_equal(p.r.network.sent_count, 2);
    close_paced(&p, 2);
}

static void R4_what_waited_for_keys_is_not_sent_late(void **state) {
    (void)state;
    paced p;
    open_paced(&p);
    send_paced(&p, 0, true);
    send_paced(&p, 1, true);
    p.ones[1].exchange.send_before_us = p.r.clock.now_us + 400000;
    keys_come(&p);
    assert_int_equal(p.r.network.sent_count, 1);
    pass(&p, 400000);
    assert_int_equal(p.ones[1].finished, 1);
    auth_error(&p.ones[1].exchange.error, "timeout: send_before passed before the first byte");
    assert_int_equal(p.ones[1].exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(p.r.network.sent_count, 1);
    close_paced(&p, 2);
}

static void what_waited_in_vain_ends_at_once(void **state) {
    (void)state;
    paced p;
    open_paced(&p);
    for (int i = 0; i < 2; i++)
        send_paced(&p, i, true);
    p.authorizer.next = OD_APPLY_FAILED;
    for (int i = 0; i < 2; i++)
        p.authorizer.base.resume(p.authorizer.base.resume_context, od__waiting_take(&p.authorizer.waiting));
    pass(&p, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(p.ones[i].finished, 1);
        auth_error(&p.ones[i].exchange.error, "authentication: no key");
    }
    close_paced(&p, 2);
}

static void a_waiting_one_can_be_taken_back(void **state) {
    (void)state;
    auth_rig r;
    told authorizer;
    auth_one o;
    rig_told(&r, &authorizer);
    authorizer.next = OD_APPLY_WAITING;
    auth_send(&r, &o, "GET", "https://example.com/", NULL);
    od__exchange_cancel(&o.exchange, OD_CANCELED, "taken back");
    assert_int_equal(authorizer.forgotten, 1);
    assert_null(authorizer.waiting.first);
    assert_int_equal(o.exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    od__exchange_clear(&o.exchange);
    auth_close(&r);
}

static void a_rejected_authorization_is_renewed_once(void **state) {
    (void)state;
    auth_rig r;
    told authorizer;
    auth_one o;
    rig_told(&r, &authorizer);
    authorizer.rejects = true;
    auth_send(&r, &o, "GET", "https://example.com/", NULL);
    fake_answer(&r.network, &o.exchange, 403, "A: 1\n", "first");
    auth_step(&r);
    assert_int_equal(o.finished, 0);
    assert_int_equal(r.network.sent_count, 2);
    assert_int_equal(o.exchange.response.status, 0);
    assert_int_equal(o.exchange.response.body.length, 0);
    fake_answer(&r.network, &o.exchange, 403, "", "second");
    auth_step(&r);
    assert_int_equal(o.finished, 1);
    assert_int_equal(r.network.sent_count, 2);
    assert_int_equal(authorizer.applied, 2);
    assert_int_equal(authorizer.asked, 1);
    assert_string_equal(od__buffer_text(&o.exchange.response.body), "second");
    od__exchange_clear(&o.exchange);
    auth_close(&r);
}

static void a_renewal_that_fails_is_the_error(void **state) {
    (void)state;
    auth_rig r;
    told authorizer;
    auth_one o;
    rig_told(&r, &authorizer);
    authorizer.rejects = true;
    auth_send(&r, &o, "GET", "https://example.com/", NULL);
    authorizer.next = OD_APPLY_FAILED;
    fake_answer(&r.network, &o.exchange, 403, "", "first");
    auth_step(&r);
    assert_int_equal(o.finished, 1);
    auth_error(&o.exchange.error, "authentication: no key");
    assert_int_equal(o.exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(o.exchange.response.status, 0);
    assert_false(o.exchange.sent);
    od__exchange_clear(&o.exchange);
    auth_close(&r);
}

static void a_network_failure_is_no_rejection(void **state) {
    (void)state;
    auth_rig r;
    told authorizer;
    auth_one o;
    rig_told(&r, &authorizer);
    authorizer.rejects = true;
    auth_send(&r, &o, "GET", "https://example.com/", NULL);
    fake_break(&r.network, &o.exchange, OD_NETWORK, "refused");
    auth_step(&r);
    assert_int_equal(o.finished, 1);
    assert_int_equal(authorizer.asked, 0);
    auth_error(&o.exchange.error, "network: refused");
    od__exchange_clear(&o.exchange);
    auth_close(&r);
}

static void what_is_anonymous_or_has_no_authorizer_passes(void **state) {
    (void)state;
    auth_rig r;
    told authorizer;
    auth_one o;
    rig_told(&r, &authorizer);
    memset(&o, 0, sizeof(o));
    od__exchange_init(&o.exchange);
    strcpy(o.exchange.request.method, "GET");
    o.exchange.anonymous = true;
    o.rig = &r;
    od__exchange_push(&o.exchange, auth_finished, &o);
    od__transport_send(r.layer, &o.exchange);
    assert_int_equal(authorizer.applied, 0);
    assert_int_equal(fake_waiting(&r.network), 1);
    od__exchange_cancel(&o.exchange, OD_CLOSED, "closed");
    od__exchange_clear(&o.exchange);
    auth_close(&r);

    auth_open(&r);
    auth_layer(&r);
    auth_send(&r, &o, "GET", "https://example.com/", NULL);
    fake_answer(&r.network, &o.exchange, 403, "", "");
    auth_step(&r);
    assert_int_equal(o.finished, 1);
    od__exchange_clear(&o.exchange);
    auth_close(&r);
}

/* ---- Basic and the secret key ---- */

static const struct {
    const struct od_authorizer_kind *kind;
    const char *options, *sent, *error;
} simple_rows[] = {
    { &od_authorizer_basic, "{\"username\":\"Aladdin\",\"password\":\"open sesame\"}",
      "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", NULL },
    { &od_authorizer_basic, "{\"subdomain\":\"acme\",\"api_token\":\"t0k\"}", "Authorization: Basic YWNtZTp0MGs=", NULL },
    { &od_authorizer_basic, "{\"username\":\"u\",\"subdomain\":\"acme\",\"api_token\":\"t\"}",
      "Authorization: Basic dTp0", NULL },
    { &od_authorizer_basic, "{\"username\":\"u\",\"password\":\"\"}", "Authorization: Basic dTo=", NULL },
    { &od_authorizer_basic, "{\"username\":\"\xc3\xbc\",\"password\":\"\xc3\xa9\"}", "Authorization: Basic w7w6w6k=", NULL },
    { &od_authorizer_basic, "{\"password\":\"p\"}", NULL, "validation /username: expected the user name, got nothing" },
    { &od_authorizer_basic, "{\"username\":\"u\"}", NULL, "validation /password: expected the password, got nothing" },
    { &od_authorizer_basic, "{\"username\":\"u:v\",\"password\":\"p\"}", NULL,
      "validation /username: expected a user name without a colon" },
    { &od_authorizer_gws_session, "{\"username\":\"u\"}", NULL,
      "validation /password: expected the password, got nothing" },
    { &od_authorizer_secret_key, "{\"api_key\":\"k3y\"}", "X-sc-company-api-key: k3y", NULL },
    { &od_authorizer_secret_key, "{\"api_key\":\"a\\nb\"}", NULL,
      "validation /api_key: expected text without control characters" },
    { &od_authorizer_sigv4_connect, "{}", NULL, "validation /region: expected an AWS region, got nothing" },
    { &od_authorizer_sigv4_connect, "{\"region\":\"us-east-1\",\"credentials\":{\"access_key_id\":\"A\"}}", NULL,
      "validation /credentials/secret_access_key: expected text, got nothing" },
};

static void simple_authorizers_send_their_one_header(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(simple_rows) / sizeof(simple_rows[0]); i++) {
        auth_rig r;
        auth_open(&r);
        od_error error = OD_ERROR_INIT;
        od_status status = auth_try(&r, simple_rows[i].kind, simple_rows[i].options, &error);
        if (simple_rows[i].error != NULL) {
            assert_int_equal(status, OD_VALIDATION);
            auth_error(&error, simple_rows[i].error);
            assert_null(r.authorizer);
            auth_close(&r);
            continue;
        }
        assert_int_equal(status, OD_OK);
        auth_layer(&r);
        auth_one o;
        auth_send(&r, &o, "GET", "https://example.com/", NULL);
        char expected[256];
        snprintf(expected, sizeof(expected), "GET https://example.com/\n%s\n\n\n---\n", simple_rows[i].sent);
        assert_string_equal(fake_sent(&r.network), expected);
        assert_true(o.exchange.request.headers[0].secret);
        od__exchange_cancel(&o.exchange, OD_CLOSED, "closed");
        od__exchange_clear(&o.exchange);
        auth_close(&r);
    }
}

static void a_name_and_password_that_are_too_long_are_refused(void **state) {
    (void)state;
    auth_rig r;
    static char options[5000];
    auth_open(&r);
    snprintf(options, sizeof(options), "{\"username\":\"u\",\"password\":\"%4095d\"}", 7);
    od_error error = OD_ERROR_INIT;
    assert_int_equal(auth_try(&r, &od_authorizer_basic, options, &error), OD_VALIDATION);
    auth_error(&error, "validation /password: expected user name and password of at most 4095 bytes together");
    auth_close(&r);
    auth_open(&r);
    snprintf(options, sizeof(options), "{\"username\":\"u\",\"password\":\"%4094d\"}", 7);
    assert_int_equal(auth_try(&r, &od_authorizer_basic, options, NULL), OD_OK);
    auth_close(&r);
}

/* ---- SigV4 ---- */

#define KEYS "{\"region\":\"us-east-1\",\"credentials\":{\"access_key_id\":\"AKIDEXAMPLE\"," \
             "\"secret_access_key\":\"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\"}}"

static void a_call_is_signed(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_sigv4_connect, KEYS);
    auth_one o;
    auth_send(&r, &o, "PUT", "https://connect.us-east-1.amazonaws.com/contact/outbound-voice", "{\"a\":1}");
    assert_string_equal(auth_header(&o, "X-Amz-Date"), "20150830T123600Z");
    assert_string_equal(auth_header(&o, "Authorization"),
                        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/connect/aws4_request, "
                        "SignedHeaders=content-type;host;x-amz-date, "
                        "Signature=08444129472d5efaecb06f2353739ca9db756e1c9aed55673b09bce007ccbb27");
    for (size_t i = 0; i < o.exchange.request.header_count; i++) {
        const od_header *h = &o.exchange.request.headers[i];
        assert_int_equal(h->secret, strcmp(h->name, "Authorization") == 0);
    }
    od__exchange_cancel(&o.exchange, OD_CLOSED, "closed");
    od__exchange_clear(&o.exchange);
    auth_close(&r);
}

/* The host as libcurl sends it, and x-amz-* headers of the operation: rows of what is signed. */
static const struct {
    const char *url, *other_header, *authorization_end;
} signing_rows[] = {
    { "https://Connect.us-east-1.amazonaws.com:443", NULL, "SignedHeaders=host;x-amz-date, Signature=37b88fa80af74a029c3417a3cb559d93408c77fadb38e273670b55ef35499a5b" },
    { "https://connect.us-east-1.amazonaws.com", NULL, "SignedHeaders=host;x-amz-date, Signature=37b88fa80af74a029c3417a3cb559d93408c77fadb38e273670b55ef35499a5b" },
    { "https://connect.us-east-1.amazonaws.com/?#fragment", NULL,
      "SignedHeaders=host;x-amz-date, Signature=37b88fa80af74a029c3417a3cb559d93408c77fadb38e273670b55ef35499a5b" },
    { "http://127.0.0.1:8080/a%3Ab?y=2&x=1", NULL, "SignedHeaders=host;x-amz-date, Signature=3e4a3cd032914568f242dfdf38e8afe7bae408f9dc447c4403cdcf3e4715e97e" },
    { "http://127.0.0.1:443/", NULL, "SignedHeaders=host;x-amz-date, Signature=2996cd49f7d2ff9e6a7d9ef0d6c36a3b25d7ddc95d6e54dc65d415d0d2491f28" },
    { "https://connect.us-east-1.amazonaws.com/", "secretsmanager.GetSecretValue",
      "SignedHeaders=host;x-amz-date;x-amz-target, Signature=0f82bc572cfa508714c5b43f0d2e489608afe878710ae46b8022840b2dfa1c23" },
};

static void the_signed_host_is_the_sent_host(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_sigv4_connect, KEYS);
    for (size_t i = 0; i < sizeof(signing_rows) / sizeof(signing_rows[0]); i++) {
        od_exchange exchange;
        od__exchange_init(&exchange);
        strcpy(exchange.request.method, "GET");
        od__buffer_add_text(&exchange.request.url, signing_rows[i].url);
        if (signing_rows[i].other_header != NULL)
            assert_int_equal(od__http_request_set_header(&exchange.request, "X-Amz-Target", signing_rows[i].other_header,
                                                         false, NULL), OD_OK);
        assert_int_equal(r.authorizer->apply(r.authorizer, &exchange), OD_APPLY_READY);
        const char *authorization = od__http_request_header(&exchange.request, "Authorization");
        assert_string_equal(strstr(authorization, "SignedHeaders="), signing_rows[i].authorization_end);
        od__exchange_clear(&exchange);
    }
    auth_close(&r);
}

static void a_url_without_a_host_is_not_signed(void **state) {
    (void)state;
    static const char *const urls[] = { "", "connect.example.com/", "https:///path", "https://:443/" };
    auth_rig r;
    auth_make(&r, &od_authorizer_sigv4_connect, KEYS);
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        od_exchange exchange;
        od__exchange_init(&exchange);
        strcpy(exchange.request.method, "GET");
        od__buffer_add_text(&exchange.request.url, urls[i]);
        assert_int_equal(r.authorizer->apply(r.authorizer, &exchange), OD_APPLY_FAILED);
        auth_error(&exchange.error, "internal: the URL to sign has no host that can be signed");
        od__exchange_clear(&exchange);
    }
    auth_close(&r);
}

/* And no other place that has keys. */
static void set_environment(const char *key, const char *token) {
    static const char *const elsewhere[] = {
        "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    };
    for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
        unsetenv(elsewhere[i]);
    setenv("HOME", "/nonexistent", 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    if (key != NULL) {
        setenv("AWS_ACCESS_KEY_ID", key, 1);
        setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    } else {
        unsetenv("AWS_ACCESS_KEY_ID");
        unsetenv("AWS_SECRET_ACCESS_KEY");
    }
    if (token != NULL)
        setenv("AWS_SESSION_TOKEN", token, 1);
    else
        unsetenv("AWS_SESSION_TOKEN");
}

#define URL "https://connect.us-east-1.amazonaws.com/contact/outbound-voice"
#define EXPIRED "X-Amzn-Errortype: ExpiredTokenException:http://internal.amazon.com/\n"

static void an_expired_token_is_replaced_once_if_there_are_other_keys(void **state) {
    (void)state;
    auth_rig r;
    set_environment("AKID1", "token1");
    auth_make(&r, &od_authorizer_sigv4_connect, "{\"region\":\"us-east-1\"}");
    auth_one o;
    auth_send(&r, &o, "PUT", URL, "{}");
    assert_string_equal(auth_header(&o, "X-Amz-Security-Token"), "token1");
    assert_non_null(strstr(auth_header(&o, "Authorization"), "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token,"));

    set_environment("AKID2", NULL);
    fake_answer(&r.network, &o.exchange, 403, EXPIRED, "");
    auth_step(&r);
    assert_int_equal(o.finished, 0);
    assert_int_equal(r.network.sent_count, 2);
    assert_string_equal(auth_header(&o, "X-Amz-Security-Token"), "(absent)");
    assert_non_null(strstr(auth_header(&o, "Authorization"), "Credential=AKID2/"));
    assert_non_null(strstr(auth_header(&o, "Authorization"), "SignedHeaders=content-type;host;x-amz-date,"));
    assert_int_equal(o.exchange.request.header_count, 3);

    set_environment("AKID3", NULL);
    fake_answer(&r.network, &o.exchange, 403, EXPIRED, "");
    auth_step(&r);
    assert_int_equal(o.finished, 1);
    assert_int_equal(r.network.sent_count, 2);
    od__exchange_clear(&o.exchange);
    auth_close(&r);
    set_environment(NULL, NULL);
}

static const struct {
    int status;
    const char *headers, *body;
    bool changed;     /* the source has other keys by now */
    bool again;
} expired_rows[] = {
    { 403, EXPIRED, "", true, true },
    { 403, EXPIRED, "", false, false },
    { 400, "x-amzn-errortype: ExpiredToken\n", "", true, true },
    { 403, "", "{\"__type\":\"com.amazon.coral.service#ExpiredTokenException\"}", true, true },
    { 403, "", "{\"code\":\"ExpiredTokenException\"}", true, true },
    { 403, "", "{\"Code\":\"ns#ExpiredToken:http://x\"}", true, true },
    { 403, "X-Amzn-Errortype: AccessDeniedException\n", "{\"__type\":\"ExpiredTokenException\"}", true, false },
    { 403, "", "{\"message\":\"ExpiredTokenException\"}", true, false },
    { 403, "", "[\"ExpiredTokenException\"]", true, false },
    { 403, "", "ExpiredTokenException", true, false },
    { 403, "", "{\"code\":20}", true, false },
    { 500, EXPIRED, "", true, false },
    { 200, EXPIRED, "", true, false },
};

static void only_an_expired_token_is_sent_again(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(expired_rows) / sizeof(expired_rows[0]); i++) {
        auth_rig r;
        set_environment("AKID", "token1");
        auth_make(&r, &od_authorizer_sigv4_connect, "{\"region\":\"us-east-1\"}");
        auth_one o;
        auth_send(&r, &o, "PUT", URL, "{}");
        if (expired_rows[i].changed)
            set_environment("AKID", "token2");
        fake_answer(&r.network, &o.exchange, expired_rows[i].status, expired_rows[i].headers, expired_rows[i].body);
        auth_step(&r);
        assert_int_equal(o.finished, !expired_rows[i].again);
        if (expired_rows[i].again) {
            assert_string_equal(auth_header(&o, "X-Amz-Security-Token"), "token2");
            od__exchange_cancel(&o.exchange, OD_CLOSED, "closed");
        }
        od__exchange_clear(&o.exchange);
        auth_close(&r);
    }
    set_environment(NULL, NULL);
}

static void without_keys_nothing_is_sent(void **state) {
    (void)state;
    auth_rig r;
    set_environment(NULL, NULL);
    auth_make(&r, &od_authorizer_sigv4_connect, "{\"region\":\"us-east-1\"}");
    auth_one o;
    auth_send(&r, &o, "PUT", URL, "{}");
    auth_step(&r);
    assert_int_equal(o.finished, 1);
    assert_int_equal(r.network.sent_count, 0);
    auth_error(&o.exchange.error, "authentication: no AWS credentials: give credentials = { access_key_id, "
                                    "secret_access_key } or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (imds: "
                                    "AWS_EC2_METADATA_DISABLED is true)");
    assert_int_equal(o.exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    od__exchange_clear(&o.exchange);
    auth_close(&r);
}

static void the_date_follows_the_clock(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_sigv4_connect, KEYS);
    od_exchange exchange;
    od__exchange_init(&exchange);
    strcpy(exchange.request.method, "GET");
    od__buffer_add_text(&exchange.request.url, URL);
    static const struct {
        int64_t wall_ms;
        const char *date;
    } rows[] = {
        { INT64_C(1440938160999), "20150830T123600Z" },
        { INT64_C(1440938161000), "20150830T123601Z" },
        { INT64_C(1440979199000), "20150830T235959Z" },
        { INT64_C(1440979200000), "20150831T000000Z" },
        { INT64_C(1440938160000), "20150830T123600Z" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        r.clock.wall_ms = rows[i].wall_ms;
        assert_int_equal(r.authorizer->apply(r.authorizer, &exchange), OD_APPLY_READY);
        assert_string_equal(od__http_request_header(&exchange.request, "X-Amz-Date"), rows[i].date);
        char scope[64];
        snprintf(scope, sizeof(scope), "Credential=AKIDEXAMPLE/%.8s/us-east-1/connect/", rows[i].date);
        assert_non_null(strstr(od__http_request_header(&exchange.request, "Authorization"), scope));
        assert_int_equal(exchange.request.header_count, 2);
    }
    od__exchange_clear(&exchange);
    auth_close(&r);
}

/* ---- memory ---- */

static const struct {
    const struct od_authorizer_kind *kind;
    const char *options;
} memory_rows[] = {
    { &od_authorizer_sigv4_connect, KEYS },
    { &od_authorizer_sigv4_connect, "{\"region\":\"us-east-1\"}" },
    { &od_authorizer_basic, GWS },
    { &od_authorizer_gws_session, GWS },
    { &od_authorizer_secret_key, "{\"api_key\":\"k\"}" },
};

/* Every allocation of making an authorizer and of one request through it fails once. */
static void each_failing_allocation_is_an_error_and_places_nothing(void **state) {
    (void)state;
    set_environment("AKID", "token");
    for (size_t i = 0; i < sizeof(memory_rows) / sizeof(memory_rows[0]); i++) {
        size_t failures = 0;
        for (size_t n = 1;; n++) {
            auth_rig r;
            auth_open(&r);
            od_value_parse(memory_rows[i].options, strlen(memory_rows[i].options), &r.options, NULL);
            od_authorizer_setup setup = {
                .options = r.options, .base_url = "https://gws.example.com", .loop = r.loop, .clock = &r.od,
                .network = &r.network.base, .timeout_ms = 15000,
            };
            auth_one o;
            od_error error = OD_ERROR_INIT;
            memset(&o, 0, sizeof(o));
            od__exchange_init(&o.exchange);
            strcpy(o.exchange.request.method, "POST");
            od__buffer_add_text(&o.exchange.request.url, CALLS);
            o.exchange.rings = true;
            o.rig = &r;
            od__buffer_add_text(&r.network.sent, "");
            od__memory_fail_at(n);
            od_status status = memory_rows[i].kind->make(memory_rows[i].kind, &setup, &r.authorizer, &error);
            if (status == OD_OK)
                status = od__authorizing_transport_new(r.loop, r.authorizer, &r.network.base, &r.layer, &error);
            if (status == OD_OK) {
                od__exchange_push(&o.exchange, auth_finished, &o);
                od__transport_send(r.layer, &o.exchange);
                if (r.network.first != NULL && r.network.first != &o.exchange) {
                    od_exchange *get = r.network.first;
                    fake_answer(&r.network, get, 200, CSRF, SUCCESS);
                    if (get->response.headers.failed || get->response.body.failed)
                        get->error.code = OD_OUT_OF_MEMORY;
                }
                for (int k = 0; k < 4; k++)
                    (void)od__loop_step(r.loop, 0, NULL);
            }
            bool hit = od__memory_fail_at(0) >= n;
            if (status != OD_OK) {
                assert_int_equal(error.code, OD_OUT_OF_MEMORY);
            } else if (o.finished) {
                assert_int_not_equal(o.exchange.error.code, OD_OK);
                assert_int_equal(o.exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
            } else {
                assert_ptr_equal(r.network.first, &o.exchange);
                od__exchange_cancel(&o.exchange, OD_CLOSED, "closed");
            }
            od__exchange_clear(&o.exchange);
            auth_close(&r);
            if (!hit)
                break;
            failures++;
        }
        assert_true(failures >= 4);
    }
    set_environment(NULL, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_comes_back_through_the_layer),
        cmocka_unit_test(a_failed_authorization_places_nothing_and_finishes_later),
        cmocka_unit_test(a_failure_taken_back_before_it_is_told_is_not_told),
        cmocka_unit_test(waiting_ones_go_on_when_resumed),
        cmocka_unit_test(R21_what_waited_for_keys_leaves_at_the_rate_and_not_in_a_bunch),
        cmocka_unit_test(R21_one_that_waited_alone_waits_no_longer),
        cmocka_unit_test(R4_what_waited_for_keys_is_not_sent_late),
        cmocka_unit_test(what_waited_in_vain_ends_at_once),
        cmocka_unit_test(a_waiting_one_can_be_taken_back),
        cmocka_unit_test(a_rejected_authorization_is_renewed_once),
        cmocka_unit_test(a_renewal_that_fails_is_the_error),
        cmocka_unit_test(a_network_failure_is_no_rejection),
        cmocka_unit_test(what_is_anonymous_or_has_no_authorizer_passes),
        cmocka_unit_test(simple_authorizers_send_their_one_header),
        cmocka_unit_test(a_name_and_password_that_are_too_long_are_refused),
        cmocka_unit_test(a_call_is_signed),
        cmocka_unit_test(the_signed_host_is_the_sent_host),
        cmocka_unit_test(a_url_without_a_host_is_not_signed),
        cmocka_unit_test(an_expired_token_is_replaced_once_if_there_are_other_keys),
        cmocka_unit_test(only_an_expired_token_is_sent_again),
        cmocka_unit_test(without_keys_nothing_is_sent),
        cmocka_unit_test(the_date_follows_the_clock),
        cmocka_unit_test(each_failing_allocation_is_an_error_and_places_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
