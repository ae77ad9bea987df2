/* A Genesys Web Services session: Basic on each request, the cookie jar below, and on everything that changes something
 * the CSRF header that a GET of /api/v2/me teaches. One such GET serves all who wait for it. */
#include "authorizing/authorizing.h"

#include <string.h>

#include "authorizing/basic.h"
#include "authorizing/waiting.h"
#include "base/error.h"
#include "base/memory.h"
#include "crypto/crypto.h"

#define LEARN_PATH "/api/v2/me"
#define CSRF_NAME_HEADER "X-CSRF-HEADER"
#define CSRF_TOKEN_HEADER "X-CSRF-TOKEN"
#define CSRF_REFUSAL "Missing or invalid Csrf token"
#define STATUS_NOT_AUTHENTICATED 20
#define CSRF_NAME_BYTES 128
#define CSRF_TOKEN_BYTES 512

typedef enum session_state {
    SESSION_UNKNOWN,   /* ask before the next request that needs it */
    SESSION_LEARNING,  /* asking */
    SESSION_KNOWN,     /* csrf_token is what the server wants; "": it wants none */
} session_state;

typedef struct gws_session {
    od_authorizer base;
    od_transport *network;
    int64_t timeout_ms;
    const char *base_url;
    char *basic;
    session_state state;
    unsigned generation;           /* counts the sessions learnt */
    unsigned crossed;              /* the latest one that was learnt while answers to an earlier one were on their way */
    char csrf_name[CSRF_NAME_BYTES], csrf_token[CSRF_TOKEN_BYTES];
    od_exchange learning;          /* the GET */
    od_waiting waiting;
    const od_error *learn_failed;  /* while the waiting ones are told of a failure */
} gws_session;

static bool changes_something(const char *method) {
    return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
}

/* ---- learning ---- */

/* Reads statusCode from an answer: -1 if the body is no object, 0 also if it has none. */
static int64_t body_status_code(const od_http_response *response) {
    od_value *body = NULL;
    if (od_value_parse(od__buffer_text(&response->body), response->body.length, &body, NULL) != OD_OK)
        return -1;
    const od_value *code = od_value_type(body) == OD_TYPE_OBJECT ? od_value_get(body, "statusCode") : NULL;
    int64_t number = od_value_type(body) != OD_TYPE_OBJECT ? -1 : code != NULL ? od_value_integer(code) : 0;
    od_value_unref(body);
    return number;
}

static bool copy_exactly(const od_http_response *response, const char *name, char *out, size_t out_bytes) {
    size_t length = 0;
    const char *value = od__http_response_header(response, name, &length);
    if (value == NULL)
        length = 0;
    if (length >= out_bytes)
        return false;
    if (length > 0)
        memcpy(out, value, length);
    out[length] = '\0';
    return true;
}

static od_status read_csrf(gws_session *self, const od_http_response *response, od_error *err) {
    bool fits = copy_exactly(response, CSRF_NAME_HEADER, self->csrf_name, sizeof(self->csrf_name)) &&
                copy_exactly(response, CSRF_TOKEN_HEADER, self->csrf_token, sizeof(self->csrf_token));
    if (fits && self->csrf_token[0] != '\0' && self->csrf_name[0] == '\0')
        memcpy(self->csrf_name, CSRF_TOKEN_HEADER, sizeof(CSRF_TOKEN_HEADER));
    /* Tried here, so that an unfit name is the server's fault and not the caller's. */
    if (fits && self->csrf_token[0] != '\0') {
        od_error why = OD_ERROR_INIT;
        od_status status = od__http_request_set_header(&self->learning.request, self->csrf_name, self->csrf_token, true,
                                                       &why);
        if (status == OD_OUT_OF_MEMORY)
            return od__error_no_memory(err);
        fits = status == OD_OK;
    }
    if (!fits)
        return od__error_set(err, OD_PROTOCOL, "GET " LEARN_PATH ": the server's CSRF header cannot be sent");
    return OD_OK;
}

static od_status read_session(gws_session *self, const od_exchange *exchange, od_error *err) {
    const od_http_response *response = &exchange->response;
    if (exchange->error.code != OD_OK)
        return od__error_set(err, exchange->error.code, "GET " LEARN_PATH ": %s", exchange->error.message);
    int64_t code = body_status_code(response);
    int http = response->status;
    if (http == 401 || http == 403 || code == STATUS_NOT_AUTHENTICATED)
        return od__error_set(err, OD_AUTHENTICATION, "GET " LEARN_PATH ": the server refused the user (HTTP %d)", http);
    if (http == 429)
        return od__error_set(err, OD_THROTTLED, "GET " LEARN_PATH ": the server answered HTTP 429");
    if (http >= 500)
        return od__error_set(err, OD_UNAVAILABLE, "GET " LEARN_PATH ": the server answered HTTP %d", http);
    if (http < 200 || http > 299 || code != 0)
        return od__error_set(err, OD_PROTOCOL, "GET " LEARN_PATH ": the server answered HTTP %d without a session",
                             http);
    return read_csrf(self, response, err);
}

static void resume_waiting(gws_session *self) {
    od_exchange *last = self->waiting.last, *exchange = NULL;
    while (exchange != last && (exchange = od__waiting_take(&self->waiting)) != NULL)
        self->base.resume(self->base.resume_context, exchange);
}

static void learnt(void *context, od_exchange *exchange) {
    gws_session *self = context;
    od_error error = OD_ERROR_INIT;
    od_status status = read_session(self, exchange, &error);
    error.http_status = exchange->response.status;
    error.retryable = status == OD_NETWORK || status == OD_TIMEOUT || status == OD_THROTTLED || status == OD_UNAVAILABLE;
    od__exchange_clear(&self->learning);
    if (status == OD_OK) {
        self->state = SESSION_KNOWN;
        self->generation++;
        resume_waiting(self);
        return;
    }
    self->state = SESSION_UNKNOWN;
    self->learn_failed = &error;
    resume_waiting(self);
    self->learn_failed = NULL;
}

static od_status start_learning(gws_session *self, od_error *err) {
    od_exchange *exchange = &self->learning;
    od__exchange_init(exchange);
    exchange->repeat = OD_REPEAT_SAFE;
    exchange->timeout_ms = self->timeout_ms;
    od_http_request *request = &exchange->request;
    memcpy(request->method, "GET", sizeof("GET"));
    od__buffer_add_text(&request->url, self->base_url);
    od__buffer_add_text(&request->url, LEARN_PATH);
    od_status status = request->url.failed ? od__error_no_memory(err) : OD_OK;
    if (status == OD_OK)
        status = od__http_request_set_header(request, "Accept", "application/json", false, err);
    if (status == OD_OK)
        status = od__http_request_set_header(request, "Authorization", self->basic, true, err);
    if (status != OD_OK) {
        od__exchange_clear(exchange);
        return status;
    }
    self->state = SESSION_LEARNING;
    od__exchange_push(exchange, learnt, self);
    od__transport_send(self->network, exchange);
    return OD_OK;
}

/* ---- the authorizer ---- */

/* The header that an earlier completion has set stands behind Authorization. Its session may be over by now, and the one of
 * today wants another, or none. */
static void drop_csrf(od_http_request *request) {
    size_t kept = 0;
    while (kept < request->header_count && strcmp(request->headers[kept].name, "Authorization") != 0)
        kept++;
    while (request->header_count > kept + 1)
        od__http_request_remove_header(request, request->headers[request->header_count - 1].name);
}

static od_apply complete(gws_session *self, od_exchange *exchange) {
    od_http_request *request = &exchange->request;
    od_error *err = &exchange->error;
    drop_csrf(request);
    od_status status = od__http_request_set_header(request, "Authorization", self->basic, true, err);
    if (status == OD_OK && self->csrf_token[0] != '\0' && changes_something(request->method))
        status = od__http_request_set_header(request, self->csrf_name, self->csrf_token, true, err);
    exchange->auth_generation = self->generation;
    return status == OD_OK ? OD_APPLY_READY : OD_APPLY_FAILED;
}

static od_apply gws_apply(od_authorizer *base, od_exchange *exchange) {
    gws_session *self = (gws_session *)base;
    /* A read goes with Basic alone, unless that was refused just now. */
    bool needs_session = changes_something(exchange->request.method) || exchange->auth_repeated;
    if (!needs_session || self->state == SESSION_KNOWN)
        return complete(self, exchange);
    if (self->learn_failed != NULL) {
        exchange->error = *self->learn_failed;
        return OD_APPLY_FAILED;
    }
    if (self->state == SESSION_UNKNOWN && start_learning(self, &exchange->error) != OD_OK)
        return OD_APPLY_FAILED;
    od__waiting_add(&self->waiting, exchange);
    return OD_APPLY_WAITING;
}

static bool refuses_session(const od_http_response *response) {
    if (response->status < 400)
        return false;
    return (response->status == 403 && strstr(od__buffer_text(&response->body), CSRF_REFUSAL) != NULL) ||
           body_status_code(response) == STATUS_NOT_AUTHENTICATED;
}

static bool gws_rejected(od_authorizer *base, od_exchange *exchange) {
    gws_session *self = (gws_session *)base;
    int http = exchange->response.status;
    /* The notifications' server does not use the vendor's form: there 401 and 403 are about the session in any form. */
    bool notifications = exchange->long_poll && (http == 401 || http == 403);
    if (!notifications && !refuses_session(&exchange->response))
        return false;
    /* Sent with an earlier session than today's: that one was forgotten already. But with this answer the server may have
     * made yet another one, whose cookie then belongs to no token that was learnt. */
    if (self->state != SESSION_KNOWN)
        self->crossed = self->generation + 1;
    else if (exchange->auth_generation != self->generation)
        self->crossed = self->generation;
    if (self->state == SESSION_KNOWN && exchange->auth_generation == self->generation) {
        self->state = SESSION_UNKNOWN;
        self->csrf_name[0] = self->csrf_token[0] = '\0';
    }
    return true;
}

static bool gws_crossed(const od_authorizer *base, const od_exchange *exchange) {
    const gws_session *self = (const gws_session *)base;
    return exchange->auth_generation <= self->crossed;
}

static void gws_forget(od_authorizer *base, od_exchange *exchange) {
    gws_session *self = (gws_session *)base;
    od__waiting_remove(&self->waiting, exchange);
}

static void gws_free(od_authorizer *base) {
    gws_session *self = (gws_session *)base;
    if (self->state == SESSION_LEARNING) {
        od__exchange_cancel(&self->learning, OD_CLOSED, "the client was closed");
        od__exchange_clear(&self->learning);
    }
    od__secret_free(self->basic);
    od__crypto_wipe(self->csrf_token, sizeof(self->csrf_token));
    od__free(self);
}

static od_status gws_make(const struct od_authorizer_kind *kind, const od_authorizer_setup *setup, od_authorizer **out,
                          od_error *err) {
    gws_session *self = od__calloc(1, sizeof(*self));
    if (self == NULL)
        return od__error_no_memory(err);
    self->base = (od_authorizer){ .apply = gws_apply, .rejected = gws_rejected, .crossed = gws_crossed,
                                   .forget = gws_forget, .free = gws_free };
    self->network = setup->network;
    self->timeout_ms = setup->timeout_ms;
    self->base_url = setup->base_url;
    od_status status = od__basic_value(setup->options, kind->parameter, &self->basic, err);
    if (status != OD_OK) {
        od__free(self);
        return status;
    }
    *out = &self->base;
    return OD_OK;
}

const struct od_authorizer_kind od_authorizer_gws_session = {
    .name = "gws_session",
    .parameter = "username:password",
    .make = gws_make,
};
