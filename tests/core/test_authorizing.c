/* The authorizing layer and each way of authorizing, over a network that sends nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authorizing/authorizing.h"
#include "authorizing/basic.h"
#include "authorizing/waiting.h"
#include "base/error.h"
#include "base/memory.h"
#include "fake.h"

/* ---- a chain of two layers ---- */

typedef struct rig {
    fake_clock clock;
    od_clock od;
    od_loop *loop;
    fake_network network;
    od_value *options;
    od_authorizer *authorizer;
    od_transport *layer;
    bool inside_send;
} rig;

static void rig_open(rig *r)
{
    memset(r, 0, sizeof(*r));
    r->clock = (fake_clock)FAKE_CLOCK_INIT;
    r->od = fake_od_clock(&r->clock);
    assert_int_equal(od__loop_new(&r->od, &r->loop, NULL), OD_OK);
    fake_network_init(&r->network, r->loop);
}

static void rig_layer(rig *r)
{
    assert_int_equal(od__authorizing_transport_new(r->loop, r->authorizer, &r->network.base, &r->layer, NULL), OD_OK);
}

static od_status make(rig *r, const struct od_authorizer_kind *kind, const char *options, od_error *err)
{
    assert_int_equal(od_value_parse(options, strlen(options), &r->options, NULL), OD_OK);
    od_authorizer_setup setup = {
        .options = r->options, .base_url = "https://gws.example.com", .loop = r->loop, .clock = &r->od,
        .network = &r->network.base, .timeout_ms = 15000,
    };
    return kind->make(kind, &setup, &r->authorizer, err);
}

static void rig_make(rig *r, const struct od_authorizer_kind *kind, const char *options)
{
    rig_open(r);
    assert_int_equal(make(r, kind, options, NULL), OD_OK);
    rig_layer(r);
}

static void rig_close(rig *r)
{
    od__transport_free(r->layer);
    od__authorizer_free(r->authorizer);
    fake_network_clear(&r->network);
    od__loop_free(r->loop);
    od_value_unref(r->options);
}

static void step(rig *r)
{
    for (int i = 0; i < 4; i++)
        assert_int_equal(od__loop_step(r->loop, 0, NULL), OD_OK);
}

typedef struct one {
    od_exchange exchange;
    rig *rig;
    int finished;
} one;

static void one_finished(void *context, od_exchange *exchange)
{
    one *o = context;
    (void)exchange;
    assert_false(o->rig->inside_send);
    o->finished++;
}

static void send_one(rig *r, one *o, const char *method, const char *url, const char *body)
{
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
    od__exchange_push(&o->exchange, one_finished, o);
    r->inside_send = true;
    od__transport_send(r->layer, &o->exchange);
    r->inside_send = false;
}

static void assert_error(const od_error *error, const char *expected)
{
    char text[1024];
    od_error_format(error, text, sizeof(text));
    assert_string_equal(text, expected);
}

/* ---- the layer, with an authorizer that does as it is told ---- */

typedef struct told {
    od_authorizer base;
    od_apply next;           /* what apply says */
    bool rejects;            /* what rejected says */
    od_waiting waiting;
    int applied, asked, forgotten, freed;
} told;

static od_apply told_apply(od_authorizer *base, od_exchange *exchange)
{
    told *self = (told *)base;
    self->applied++;
    if (self->next == OD_APPLY_FAILED)
        od__error_set(&exchange->error, OD_AUTHENTICATION, "no key");
    if (self->next == OD_APPLY_WAITING)
        od__waiting_add(&self->waiting, exchange);
    return self->next;
}

static bool told_rejected(od_authorizer *base, od_exchange *exchange)
{
    (void)exchange;
    ((told *)base)->asked++;
    return ((told *)base)->rejects;
}

static void told_forget(od_authorizer *base, od_exchange *exchange)
{
    told *self = (told *)base;
    self->forgotten++;
    od__waiting_remove(&self->waiting, exchange);
}

static void told_free(od_authorizer *base)
{
    ((told *)base)->freed++;
}

static void rig_told(rig *r, told *authorizer)
{
    *authorizer = (told){ .base = { .apply = told_apply, .rejected = told_rejected, .forget = told_forget,
                                    .free = told_free } };
    rig_open(r);
    r->authorizer = &authorizer->base;
    rig_layer(r);
}

static void an_answer_comes_back_through_the_layer(void **state)
{
    (void)state;
    rig r;
    told authorizer;
    one o;
    rig_told(&r, &authorizer);
    send_one(&r, &o, "GET", "https://example.com/", NULL);
    assert_int_equal(fake_waiting(&r.network), 1);
    fake_answer(&r.network, &o.exchange, 200, "", "{}");
    step(&r);
    assert_int_equal(o.finished, 1);
    assert_int_equal(o.exchange.response.status, 200);
    assert_int_equal(authorizer.applied, 1);
    od__exchange_clear(&o.exchange);
    rig_close(&r);
    assert_int_equal(authorizer.freed, 1);
}

static void a_failed_authorization_places_nothing_and_finishes_later(void **state)
{
    (void)state;
    rig r;
    told authorizer;
    one o;
    rig_told(&r, &authorizer);
    authorizer.next = OD_APPLY_FAILED;
    send_one(&r, &o, "GET", "https://example.com/", NULL);
    assert_int_equal(o.finished, 0);
    step(&r);
    assert_int_equal(o.finished, 1);
    assert_int_equal(r.network.sent_count, 0);
    assert_error(&o.exchange.error, "authentication: no key");
    assert_int_equal(o.exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(o.exchange.try_placement, OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(o.exchange.again, OD_AGAIN_NO);
    od__exchange_clear(&o.exchange);
    rig_close(&r);
}

static void a_failure_taken_back_before_it_is_told_is_not_told(void **state)
{
    (void)state;
    rig r;
    told authorizer;
    one a, b;
    rig_told(&r, &authorizer);
    authorizer.next = OD_APPLY_FAILED;
    send_one(&r, &a, "GET", "https://example.com/a", NULL);
    send_one(&r, &b, "GET", "https://example.com/b", NULL);
    od__exchange_cancel(&a.exchange, OD_CANCELED, "taken back");
    step(&r);
    assert_int_equal(a.finished, 0);
    assert_int_equal(b.finished, 1);
    assert_error(&a.exchange.error, "canceled: taken back");
    assert_int_equal(a.exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    od__exchange_clear(&a.exchange);
    od__exchange_clear(&b.exchange);
    rig_close(&r);
}

static void waiting_ones_go_on_when_resumed(void **state)
{
    (void)state;
    rig r;
    told authorizer;
    one a, b;
    rig_told(&r, &authorizer);
    authorizer.next = OD_APPLY_WAITING;
    send_one(&r, &a, "GET", "https://example.com/a", NULL);
    send_one(&r, &b, "GET", "https://example.com/b", NULL);
    step(&r);
    assert_int_equal(r.network.sent_count, 0);

    authorizer.next = OD_APPLY_READY;
    authorizer.base.resume(authorizer.base.resume_context, od__waiting_take(&authorizer.waiting));
    assert_string_equal(fake_sent(&r.network), "GET https://example.com/a\n\n\n---\n");
    authorizer.next = OD_APPLY_FAILED;
    authorizer.base.resume(authorizer.base.resume_context, od__waiting_take(&authorizer.waiting));
    step(&r);
    assert_int_equal(b.finished, 1);
    assert_error(&b.exchange.error, "authentication: no key");

    od__exchange_cancel(&a.exchange, OD_CLOSED, "closed");
    assert_int_equal(fake_waiting(&r.network), 0);
    od__exchange_clear(&a.exchange);
    od__exchange_clear(&b.exchange);
    rig_close(&r);
}

static void a_waiting_one_can_be_taken_back(void **state)
{
    (void)state;
    rig r;
    told authorizer;
    one o;
    rig_told(&r, &authorizer);
    authorizer.next = OD_APPLY_WAITING;
    send_one(&r, &o, "GET", "https://example.com/", NULL);
    od__exchange_cancel(&o.exchange, OD_CANCELED, "taken back");
    assert_int_equal(authorizer.forgotten, 1);
    assert_null(authorizer.waiting.first);
    assert_int_equal(o.exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    od__exchange_clear(&o.exchange);
    rig_close(&r);
}

static void a_rejected_authorization_is_renewed_once(void **state)
{
    (void)state;
    rig r;
    told authorizer;
    one o;
    rig_told(&r, &authorizer);
    authorizer.rejects = true;
    send_one(&r, &o, "GET", "https://example.com/", NULL);
    fake_answer(&r.network, &o.exchange, 403, "A: 1\n", "first");
    step(&r);
    assert_int_equal(o.finished, 0);
    assert_int_equal(r.network.sent_count, 2);
    assert_int_equal(o.exchange.response.status, 0);
    assert_int_equal(o.exchange.response.body.length, 0);
    fake_answer(&r.network, &o.exchange, 403, "", "second");
    step(&r);
    assert_int_equal(o.finished, 1);
    assert_int_equal(r.network.sent_count, 2);
    assert_int_equal(authorizer.applied, 2);
    assert_int_equal(authorizer.asked, 1);
    assert_string_equal(od__buffer_text(&o.exchange.response.body), "second");
    od__exchange_clear(&o.exchange);
    rig_close(&r);
}

static void a_renewal_that_fails_is_the_error(void **state)
{
    (void)state;
    rig r;
    told authorizer;
    one o;
    rig_told(&r, &authorizer);
    authorizer.rejects = true;
    send_one(&r, &o, "GET", "https://example.com/", NULL);
    authorizer.next = OD_APPLY_FAILED;
    fake_answer(&r.network, &o.exchange, 403, "", "first");
    step(&r);
    assert_int_equal(o.finished, 1);
    assert_error(&o.exchange.error, "authentication: no key");
    assert_int_equal(o.exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(o.exchange.response.status, 0);
    assert_false(o.exchange.sent);
    od__exchange_clear(&o.exchange);
    rig_close(&r);
}

static void a_network_failure_is_no_rejection(void **state)
{
    (void)state;
    rig r;
    told authorizer;
    one o;
    rig_told(&r, &authorizer);
    authorizer.rejects = true;
    send_one(&r, &o, "GET", "https://example.com/", NULL);
    fake_break(&r.network, &o.exchange, OD_NETWORK, "refused");
    step(&r);
    assert_int_equal(o.finished, 1);
    assert_int_equal(authorizer.asked, 0);
    assert_error(&o.exchange.error, "network: refused");
    od__exchange_clear(&o.exchange);
    rig_close(&r);
}

static void what_is_anonymous_or_has_no_authorizer_passes(void **state)
{
    (void)state;
    rig r;
    told authorizer;
    one o;
    rig_told(&r, &authorizer);
    memset(&o, 0, sizeof(o));
    od__exchange_init(&o.exchange);
    strcpy(o.exchange.request.method, "GET");
    o.exchange.anonymous = true;
    o.rig = &r;
    od__exchange_push(&o.exchange, one_finished, &o);
    od__transport_send(r.layer, &o.exchange);
    assert_int_equal(authorizer.applied, 0);
    assert_int_equal(fake_waiting(&r.network), 1);
    od__exchange_cancel(&o.exchange, OD_CLOSED, "closed");
    od__exchange_clear(&o.exchange);
    rig_close(&r);

    rig_open(&r);
    rig_layer(&r);
    send_one(&r, &o, "GET", "https://example.com/", NULL);
    fake_answer(&r.network, &o.exchange, 403, "", "");
    step(&r);
    assert_int_equal(o.finished, 1);
    od__exchange_clear(&o.exchange);
    rig_close(&r);
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
    { &od_authorizer_secret_key, "{}", NULL, "validation /api_key: expected the API key, got nothing" },
    { &od_authorizer_secret_key, "{\"api_key\":\"\"}", NULL, "validation /api_key: expected the API key, got nothing" },
    { &od_authorizer_secret_key, "{\"api_key\":\"a\\nb\"}", NULL,
      "validation /api_key: expected text without control characters" },
    { &od_authorizer_sigv4_connect, "{}", NULL, "validation /region: expected an AWS region, got nothing" },
    { &od_authorizer_sigv4_connect, "{\"region\":\"us-east-1\",\"credentials\":{\"access_key_id\":\"A\"}}", NULL,
      "validation /credentials/secret_access_key: expected text, got nothing" },
};

static void simple_authorizers_send_their_one_header(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(simple_rows) / sizeof(simple_rows[0]); i++) {
        rig r;
        rig_open(&r);
        od_error error = OD_ERROR_INIT;
        od_status status = make(&r, simple_rows[i].kind, simple_rows[i].options, &error);
        if (simple_rows[i].error != NULL) {
            assert_int_equal(status, OD_VALIDATION);
            assert_error(&error, simple_rows[i].error);
            assert_null(r.authorizer);
            rig_close(&r);
            continue;
        }
        assert_int_equal(status, OD_OK);
        rig_layer(&r);
        one o;
        send_one(&r, &o, "GET", "https://example.com/", NULL);
        char expected[256];
        snprintf(expected, sizeof(expected), "GET https://example.com/\n%s\n\n\n---\n", simple_rows[i].sent);
        assert_string_equal(fake_sent(&r.network), expected);
        assert_true(o.exchange.request.headers[0].secret);
        od__exchange_cancel(&o.exchange, OD_CLOSED, "closed");
        od__exchange_clear(&o.exchange);
        rig_close(&r);
    }
}

/* ---- SigV4 ---- */

#define KEYS "{\"region\":\"us-east-1\",\"credentials\":{\"access_key_id\":\"AKIDEXAMPLE\"," \
             "\"secret_access_key\":\"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\"}}"

static const char *header(const one *o, const char *name)
{
    const char *value = od__http_request_header(&o->exchange.request, name);
    return value != NULL ? value : "(absent)";
}

static void a_call_is_signed(void **state)
{
    (void)state;
    rig r;
    rig_make(&r, &od_authorizer_sigv4_connect, KEYS);
    one o;
    send_one(&r, &o, "PUT", "https://connect.us-east-1.amazonaws.com/contact/outbound-voice", "{\"a\":1}");
    assert_string_equal(header(&o, "X-Amz-Date"), "20150830T123600Z");
    assert_string_equal(header(&o, "Authorization"),
                        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/connect/aws4_request, "
                        "SignedHeaders=content-type;host;x-amz-date, "
                        "Signature=08444129472d5efaecb06f2353739ca9db756e1c9aed55673b09bce007ccbb27");
    for (size_t i = 0; i < o.exchange.request.header_count; i++) {
        const od_header *h = &o.exchange.request.headers[i];
        assert_int_equal(h->secret, strcmp(h->name, "Authorization") == 0);
    }
    od__exchange_cancel(&o.exchange, OD_CLOSED, "closed");
    od__exchange_clear(&o.exchange);
    rig_close(&r);
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

static void the_signed_host_is_the_sent_host(void **state)
{
    (void)state;
    rig r;
    rig_make(&r, &od_authorizer_sigv4_connect, KEYS);
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
    rig_close(&r);
}

static void a_url_without_a_host_is_not_signed(void **state)
{
    (void)state;
    static const char *const urls[] = { "", "connect.example.com/", "https:///path", "https://:443/" };
    rig r;
    rig_make(&r, &od_authorizer_sigv4_connect, KEYS);
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        od_exchange exchange;
        od__exchange_init(&exchange);
        strcpy(exchange.request.method, "GET");
        od__buffer_add_text(&exchange.request.url, urls[i]);
        assert_int_equal(r.authorizer->apply(r.authorizer, &exchange), OD_APPLY_FAILED);
        assert_error(&exchange.error, "internal: the URL to sign has no host that can be signed");
        od__exchange_clear(&exchange);
    }
    rig_close(&r);
}

static void set_environment(const char *key, const char *token)
{
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

static void an_expired_token_is_replaced_once_if_there_are_other_keys(void **state)
{
    (void)state;
    rig r;
    set_environment("AKID1", "token1");
    rig_make(&r, &od_authorizer_sigv4_connect, "{\"region\":\"us-east-1\"}");
    one o;
    send_one(&r, &o, "PUT", URL, "{}");
    assert_string_equal(header(&o, "X-Amz-Security-Token"), "token1");
    assert_non_null(strstr(header(&o, "Authorization"), "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token,"));

    set_environment("AKID2", NULL);
    fake_answer(&r.network, &o.exchange, 403, EXPIRED, "");
    step(&r);
    assert_int_equal(o.finished, 0);
    assert_int_equal(r.network.sent_count, 2);
    assert_string_equal(header(&o, "X-Amz-Security-Token"), "(absent)");
    assert_non_null(strstr(header(&o, "Authorization"), "Credential=AKID2/"));
    assert_non_null(strstr(header(&o, "Authorization"), "SignedHeaders=content-type;host;x-amz-date,"));
    assert_int_equal(o.exchange.request.header_count, 3);

    set_environment("AKID3", NULL);
    fake_answer(&r.network, &o.exchange, 403, EXPIRED, "");
    step(&r);
    assert_int_equal(o.finished, 1);
    assert_int_equal(r.network.sent_count, 2);
    od__exchange_clear(&o.exchange);
    rig_close(&r);
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

static void only_an_expired_token_is_sent_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(expired_rows) / sizeof(expired_rows[0]); i++) {
        rig r;
        set_environment("AKID", "token1");
        rig_make(&r, &od_authorizer_sigv4_connect, "{\"region\":\"us-east-1\"}");
        one o;
        send_one(&r, &o, "PUT", URL, "{}");
        if (expired_rows[i].changed)
            set_environment("AKID", "token2");
        fake_answer(&r.network, &o.exchange, expired_rows[i].status, expired_rows[i].headers, expired_rows[i].body);
        step(&r);
        assert_int_equal(o.finished, !expired_rows[i].again);
        if (expired_rows[i].again) {
            assert_string_equal(header(&o, "X-Amz-Security-Token"), "token2");
            od__exchange_cancel(&o.exchange, OD_CLOSED, "closed");
        }
        od__exchange_clear(&o.exchange);
        rig_close(&r);
    }
    set_environment(NULL, NULL);
}

static void without_keys_nothing_is_sent(void **state)
{
    (void)state;
    rig r;
    set_environment(NULL, NULL);
    rig_make(&r, &od_authorizer_sigv4_connect, "{\"region\":\"us-east-1\"}");
    one o;
    send_one(&r, &o, "PUT", URL, "{}");
    step(&r);
    assert_int_equal(o.finished, 1);
    assert_int_equal(r.network.sent_count, 0);
    assert_error(&o.exchange.error, "authentication: no AWS credentials: give credentials = { access_key_id, "
                                    "secret_access_key } or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
    assert_int_equal(o.exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    od__exchange_clear(&o.exchange);
    rig_close(&r);
}

static void the_date_follows_the_clock(void **state)
{
    (void)state;
    rig r;
    rig_make(&r, &od_authorizer_sigv4_connect, KEYS);
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
    rig_close(&r);
}

/* ---- a Genesys session ---- */

#define GWS "{\"username\":\"u\",\"password\":\"p\"}"
#define CALLS "https://gws.example.com/api/v2/me/devices/d/calls"
#define SENT_ME "GET https://gws.example.com/api/v2/me\nAccept: application/json\nAuthorization: Basic dTpw\n\n\n---\n"
#define SENT_POST(csrf)                                                                                             \
    "POST " CALLS "\nContent-Type: application/json\nAuthorization: Basic dTpw\n" csrf "\n{}\n---\n"
#define CSRF "X-CSRF-HEADER: X-CSRF-TOKEN\nX-CSRF-TOKEN: 6e1b\n"
#define SUCCESS "{\"statusCode\":0}"

static void a_csrf_header_is_learnt_once_for_all(void **state)
{
    (void)state;
    rig r;
    rig_make(&r, &od_authorizer_gws_session, GWS);
    one a, b, c;
    send_one(&r, &a, "POST", CALLS, "{}");
    send_one(&r, &b, "POST", CALLS, "{}");
    assert_string_equal(fake_sent(&r.network), SENT_ME);
    assert_int_equal(fake_waiting(&r.network), 1);
    fake_answer(&r.network, r.network.first, 200, CSRF, SUCCESS);
    step(&r);
    assert_string_equal(fake_sent(&r.network), SENT_POST("X-CSRF-TOKEN: 6e1b\n") SENT_POST("X-CSRF-TOKEN: 6e1b\n"));
    send_one(&r, &c, "POST", CALLS, "{}");
    assert_string_equal(fake_sent(&r.network), SENT_POST("X-CSRF-TOKEN: 6e1b\n"));
    one *all[] = { &a, &b, &c };
    for (size_t i = 0; i < 3; i++) {
        assert_true(all[i]->exchange.request.headers[1].secret);
        assert_true(all[i]->exchange.request.headers[2].secret);
        fake_answer(&r.network, &all[i]->exchange, 200, "", SUCCESS);
    }
    step(&r);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(all[i]->finished, 1);
        od__exchange_clear(&all[i]->exchange);
    }
    rig_close(&r);
}

static void a_server_without_csrf_is_not_asked_again(void **state)
{
    (void)state;
    rig r;
    rig_make(&r, &od_authorizer_gws_session, GWS);
    one a, b;
    send_one(&r, &a, "POST", CALLS, "{}");
    (void)fake_sent(&r.network);
    fake_answer(&r.network, r.network.first, 200, "", "{\"statusCode\":0,\"user\":{}}");
    step(&r);
    send_one(&r, &b, "POST", CALLS, "{}");
    assert_string_equal(fake_sent(&r.network), SENT_POST("") SENT_POST(""));
    od__exchange_cancel(&a.exchange, OD_CLOSED, "closed");
    od__exchange_cancel(&b.exchange, OD_CLOSED, "closed");
    od__exchange_clear(&a.exchange);
    od__exchange_clear(&b.exchange);
    rig_close(&r);
}

static void a_read_needs_no_csrf(void **state)
{
    (void)state;
    rig r;
    rig_make(&r, &od_authorizer_gws_session, GWS);
    one o;
    send_one(&r, &o, "GET", "https://gws.example.com/api/v2/me/devices", NULL);
    assert_string_equal(fake_sent(&r.network),
                        "GET https://gws.example.com/api/v2/me/devices\nAuthorization: Basic dTpw\n\n\n---\n");
    fake_answer(&r.network, &o.exchange, 200, "", SUCCESS);
    step(&r);
    assert_int_equal(o.finished, 1);
    od__exchange_clear(&o.exchange);
    rig_close(&r);
}

static void learn(rig *r, const char *headers)
{
    fake_answer(&r->network, r->network.first, 200, headers, SUCCESS);
    step(r);
}

static const struct {
    int status;
    const char *body;
    bool again;
} refusal_rows[] = {
    { 403, "Missing or invalid Csrf token", true },
    { 403, "{\"message\":\"Missing or invalid Csrf token\"}", true },
    { 403, "{\"statusCode\":20,\"statusMessage\":\"Access denied\"}", true },
    { 401, "{\"statusCode\":20}", true },
    { 403, "{\"statusCode\":5}", false },
    { 403, "Forbidden", false },
    { 500, "Missing or invalid Csrf token", false },
    { 500, "{\"statusCode\":4}", false },
    { 200, "{\"statusCode\":20}", false },
};

static void a_refused_session_is_learnt_again_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusal_rows) / sizeof(refusal_rows[0]); i++) {
        rig r;
        rig_make(&r, &od_authorizer_gws_session, GWS);
        one o;
        send_one(&r, &o, "POST", CALLS, "{}");
        learn(&r, CSRF);
        (void)fake_sent(&r.network);
        fake_answer(&r.network, &o.exchange, refusal_rows[i].status, "", refusal_rows[i].body);
        step(&r);
        if (!refusal_rows[i].again) {
            assert_int_equal(o.finished, 1);
            assert_int_equal(r.network.sent_count, 2);
            od__exchange_clear(&o.exchange);
            rig_close(&r);
            continue;
        }
        assert_int_equal(o.finished, 0);
        assert_string_equal(fake_sent(&r.network), SENT_ME);
        learn(&r, "X-CSRF-HEADER: X-Other\nX-CSRF-TOKEN: 77\n");
        assert_string_equal(fake_sent(&r.network), SENT_POST("X-Other: 77\n"));
        fake_answer(&r.network, &o.exchange, refusal_rows[i].status, "", refusal_rows[i].body);
        step(&r);
        assert_int_equal(o.finished, 1);
        assert_int_equal(r.network.sent_count, 4);
        assert_string_equal(od__buffer_text(&o.exchange.response.body), refusal_rows[i].body);
        od__exchange_clear(&o.exchange);
        rig_close(&r);
    }
}

static void many_refused_at_different_times_learn_once(void **state)
{
    (void)state;
    rig r;
    rig_make(&r, &od_authorizer_gws_session, GWS);
    one all[8];
    for (size_t i = 0; i < 8; i++)
        send_one(&r, &all[i], "POST", CALLS, "{}");
    learn(&r, CSRF);
    assert_int_equal(r.network.sent_count, 9);
    for (size_t i = 0; i < 4; i++)
        fake_answer(&r.network, &all[i].exchange, 403, "", "{\"statusCode\":20}");
    step(&r);
    assert_int_equal(r.network.sent_count, 10);
    /* Refused while the new session is being learnt, and after it has been. */
    fake_answer(&r.network, &all[4].exchange, 403, "", "{\"statusCode\":20}");
    step(&r);
    od_exchange *get = r.network.first;
    while (strcmp(get->request.method, "GET") != 0)
        get = get->next;
    fake_answer(&r.network, get, 200, "X-CSRF-HEADER: X-CSRF-TOKEN\nX-CSRF-TOKEN: new\n", SUCCESS);
    step(&r);
    assert_int_equal(r.network.sent_count, 15);
    for (size_t i = 5; i < 8; i++)
        fake_answer(&r.network, &all[i].exchange, 403, "", "{\"statusCode\":20}");
    step(&r);
    assert_int_equal(r.network.sent_count, 18);
    for (size_t i = 0; i < 8; i++) {
        assert_string_equal(header(&all[i], "X-CSRF-TOKEN"), "new");
        fake_answer(&r.network, &all[i].exchange, 200, "", SUCCESS);
    }
    step(&r);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(all[i].finished, 1);
        od__exchange_clear(&all[i].exchange);
    }
    rig_close(&r);
}

static void a_refused_read_logs_in_again(void **state)
{
    (void)state;
    rig r;
    rig_make(&r, &od_authorizer_gws_session, GWS);
    one o;
    send_one(&r, &o, "GET", "https://gws.example.com/api/v2/me/devices", NULL);
    (void)fake_sent(&r.network);
    fake_answer(&r.network, &o.exchange, 403, "", "{\"statusCode\":20}");
    step(&r);
    assert_string_equal(fake_sent(&r.network), SENT_ME);
    learn(&r, CSRF);
    assert_string_equal(fake_sent(&r.network),
                        "GET https://gws.example.com/api/v2/me/devices\nAuthorization: Basic dTpw\n\n\n---\n");
    fake_answer(&r.network, &o.exchange, 200, "", SUCCESS);
    step(&r);
    assert_int_equal(o.finished, 1);
    od__exchange_clear(&o.exchange);
    rig_close(&r);
}

static const struct {
    int status;       /* 0: the network broke */
    const char *headers, *body, *error;
    bool retryable;
} learning_rows[] = {
    { 0, "", "", "network: GET /api/v2/me: connection refused", true },
    { 403, "", "{\"statusCode\":20}", "authentication: GET /api/v2/me: the server refused the user (HTTP 403)", false },
    { 401, "", "", "authentication: GET /api/v2/me: the server refused the user (HTTP 401)", false },
    { 200, "", "{\"statusCode\":20}", "authentication: GET /api/v2/me: the server refused the user (HTTP 200)", false },
    { 429, "", "", "throttled: GET /api/v2/me: the server answered HTTP 429", true },
    { 503, "", "", "unavailable: GET /api/v2/me: the server answered HTTP 503", true },
    { 404, "", "", "protocol: GET /api/v2/me: the server answered HTTP 404 without a session", false },
    { 200, "", "<html>", "protocol: GET /api/v2/me: the server answered HTTP 200 without a session", false },
    { 200, "", "[]", "protocol: GET /api/v2/me: the server answered HTTP 200 without a session", false },
    { 200, "", "{\"statusCode\":4}", "protocol: GET /api/v2/me: the server answered HTTP 200 without a session", false },
    { 302, "Location: /login\n", "", "protocol: GET /api/v2/me: the server answered HTTP 302 without a session", false },
    { 200, "X-CSRF-HEADER: a b\nX-CSRF-TOKEN: t\n", SUCCESS,
      "protocol: GET /api/v2/me: the server's CSRF header cannot be sent", false },
};

static void a_session_that_cannot_be_learnt_fails_all_who_wait(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(learning_rows) / sizeof(learning_rows[0]); i++) {
        rig r;
        rig_make(&r, &od_authorizer_gws_session, GWS);
        one a, b, c;
        send_one(&r, &a, "POST", CALLS, "{}");
        send_one(&r, &b, "POST", CALLS, "{}");
        if (learning_rows[i].status == 0)
            fake_break(&r.network, r.network.first, OD_NETWORK, "connection refused");
        else
            fake_answer(&r.network, r.network.first, learning_rows[i].status, learning_rows[i].headers,
                        learning_rows[i].body);
        step(&r);
        one *both[] = { &a, &b };
        for (size_t k = 0; k < 2; k++) {
            assert_int_equal(both[k]->finished, 1);
            assert_error(&both[k]->exchange.error, learning_rows[i].error);
            assert_int_equal(both[k]->exchange.error.http_status, learning_rows[i].status);
            assert_int_equal(both[k]->exchange.error.retryable, learning_rows[i].retryable);
            assert_int_equal(both[k]->exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
            assert_int_equal(both[k]->exchange.response.status, 0);
            od__exchange_clear(&both[k]->exchange);
        }
        assert_int_equal(r.network.sent_count, 1);
        /* The next one asks anew. */
        (void)fake_sent(&r.network);
        send_one(&r, &c, "POST", CALLS, "{}");
        assert_string_equal(fake_sent(&r.network), SENT_ME);
        learn(&r, "");
        assert_string_equal(fake_sent(&r.network), SENT_POST(""));
        od__exchange_cancel(&c.exchange, OD_CLOSED, "closed");
        od__exchange_clear(&c.exchange);
        rig_close(&r);
    }
}

static void a_csrf_token_without_a_name_has_the_usual_one(void **state)
{
    (void)state;
    rig r;
    rig_make(&r, &od_authorizer_gws_session, GWS);
    one o;
    send_one(&r, &o, "POST", CALLS, "{}");
    (void)fake_sent(&r.network);
    learn(&r, "X-CSRF-TOKEN: 6e1b\n");
    assert_string_equal(fake_sent(&r.network), SENT_POST("X-CSRF-TOKEN: 6e1b\n"));
    od__exchange_cancel(&o.exchange, OD_CLOSED, "closed");
    od__exchange_clear(&o.exchange);
    rig_close(&r);
}

static void one_who_waits_for_the_session_can_be_taken_back(void **state)
{
    (void)state;
    rig r;
    rig_make(&r, &od_authorizer_gws_session, GWS);
    one a, b;
    send_one(&r, &a, "POST", CALLS, "{}");
    send_one(&r, &b, "POST", CALLS, "{}");
    (void)fake_sent(&r.network);
    od__exchange_cancel(&b.exchange, OD_CANCELED, "taken back");
    assert_int_equal(b.exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    learn(&r, CSRF);
    assert_string_equal(fake_sent(&r.network), SENT_POST("X-CSRF-TOKEN: 6e1b\n"));
    od__exchange_cancel(&a.exchange, OD_CLOSED, "closed");
    od__exchange_clear(&a.exchange);
    od__exchange_clear(&b.exchange);
    rig_close(&r);
}

static void a_session_can_be_freed_while_it_learns(void **state)
{
    (void)state;
    rig r;
    rig_make(&r, &od_authorizer_gws_session, GWS);
    one o;
    send_one(&r, &o, "POST", CALLS, "{}");
    od__exchange_cancel(&o.exchange, OD_CLOSED, "closed");
    od__exchange_clear(&o.exchange);
    assert_int_equal(fake_waiting(&r.network), 1);
    od__transport_free(r.layer);
    od__authorizer_free(r.authorizer);
    r.layer = NULL;
    r.authorizer = NULL;
    assert_int_equal(fake_waiting(&r.network), 0);
    rig_close(&r);
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
static void each_failing_allocation_is_an_error_and_places_nothing(void **state)
{
    (void)state;
    set_environment("AKID", "token");
    for (size_t i = 0; i < sizeof(memory_rows) / sizeof(memory_rows[0]); i++) {
        size_t failures = 0;
        for (size_t n = 1;; n++) {
            rig r;
            rig_open(&r);
            od_value_parse(memory_rows[i].options, strlen(memory_rows[i].options), &r.options, NULL);
            od_authorizer_setup setup = {
                .options = r.options, .base_url = "https://gws.example.com", .loop = r.loop, .clock = &r.od,
                .network = &r.network.base, .timeout_ms = 15000,
            };
            one o;
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
                od__exchange_push(&o.exchange, one_finished, &o);
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
            rig_close(&r);
            if (!hit)
                break;
            failures++;
        }
        assert_true(failures >= 4);
    }
    set_environment(NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_comes_back_through_the_layer),
        cmocka_unit_test(a_failed_authorization_places_nothing_and_finishes_later),
        cmocka_unit_test(a_failure_taken_back_before_it_is_told_is_not_told),
        cmocka_unit_test(waiting_ones_go_on_when_resumed),
        cmocka_unit_test(a_waiting_one_can_be_taken_back),
        cmocka_unit_test(a_rejected_authorization_is_renewed_once),
        cmocka_unit_test(a_renewal_that_fails_is_the_error),
        cmocka_unit_test(a_network_failure_is_no_rejection),
        cmocka_unit_test(what_is_anonymous_or_has_no_authorizer_passes),
        cmocka_unit_test(simple_authorizers_send_their_one_header),
        cmocka_unit_test(a_call_is_signed),
        cmocka_unit_test(the_signed_host_is_the_sent_host),
        cmocka_unit_test(a_url_without_a_host_is_not_signed),
        cmocka_unit_test(an_expired_token_is_replaced_once_if_there_are_other_keys),
        cmocka_unit_test(only_an_expired_token_is_sent_again),
        cmocka_unit_test(without_keys_nothing_is_sent),
        cmocka_unit_test(the_date_follows_the_clock),
        cmocka_unit_test(a_csrf_header_is_learnt_once_for_all),
        cmocka_unit_test(a_server_without_csrf_is_not_asked_again),
        cmocka_unit_test(a_read_needs_no_csrf),
        cmocka_unit_test(a_refused_session_is_learnt_again_once),
        cmocka_unit_test(many_refused_at_different_times_learn_once),
        cmocka_unit_test(a_refused_read_logs_in_again),
        cmocka_unit_test(a_session_that_cannot_be_learnt_fails_all_who_wait),
        cmocka_unit_test(a_csrf_token_without_a_name_has_the_usual_one),
        cmocka_unit_test(one_who_waits_for_the_session_can_be_taken_back),
        cmocka_unit_test(a_session_can_be_freed_while_it_learns),
        cmocka_unit_test(each_failing_allocation_is_an_error_and_places_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
