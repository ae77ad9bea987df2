/* GetSecretValue: AWS JSON 1.1, signed with the client's AWS keys. What it says is decided by the error's type, never by
 * its HTTP status. */
#include "authorizing/secrets_manager.h"

#include <stdio.h>
#include <string.h>

#include "authorizing/basic.h"
#include "base/error.h"
#include "base/memory.h"
#include "credentials/profile_endpoint.h"
#include "json/value.h"

#define SERVICE "Secrets Manager"
#define DEFAULT_REGION "us-east-1"
#define TYPE_BYTES OD_ERROR_CODE_BYTES
#define TEXT_BYTES 256

struct od_stored_secret {
    const char *id;
    void (*ready)(void *context);
    void *context;
    const od_clock *clock;
    int64_t timeout_ms;
    char url[OD_ENDPOINT_BYTES + 1];
    od_value *signing_options;        /* what the signer is made from; borrowed by it */
    od_authorizer *signer;
    od_transport *signing, *retry;
    od_exchange exchange;
    bool fetching;
    char *value;                      /* NULL: none */
    int64_t fetched_us;
    unsigned generation;
    const od_error *failed;           /* while those who wait are told */
};

/* ---- what an answer says ---- */

/* An error's type, and what it means for the request that needs the secret. */
static const struct error_row {
    const char *type;
    od_status code;
    bool retryable;
    od_again again;
} error_rows[] = {
    { "ResourceNotFoundException", OD_AUTHENTICATION, false, OD_AGAIN_NO },
    { "InvalidParameterException", OD_AUTHENTICATION, false, OD_AGAIN_NO },
    { "InvalidRequestException", OD_AUTHENTICATION, false, OD_AGAIN_NO },
    { "DecryptionFailure", OD_AUTHENTICATION, false, OD_AGAIN_NO },
    { "AccessDeniedException", OD_PERMISSION, false, OD_AGAIN_NO },
    { "AccessDenied", OD_PERMISSION, false, OD_AGAIN_NO },
    { "OptInRequired", OD_PERMISSION, false, OD_AGAIN_NO },
    { "UnrecognizedClientException", OD_AUTHENTICATION, false, OD_AGAIN_NO },
    { "InvalidClientTokenId", OD_AUTHENTICATION, false, OD_AGAIN_NO },
    { "InvalidSignatureException", OD_AUTHENTICATION, false, OD_AGAIN_NO },
    { "IncompleteSignature", OD_AUTHENTICATION, false, OD_AGAIN_NO },
    { "MissingAuthenticationToken", OD_AUTHENTICATION, false, OD_AGAIN_NO },
    { "ExpiredTokenException", OD_AUTHENTICATION, false, OD_AGAIN_NO },
    { "ThrottlingException", OD_THROTTLED, true, OD_AGAIN_THROTTLED },
    { "TooManyRequestsException", OD_THROTTLED, true, OD_AGAIN_THROTTLED },
    { "RequestLimitExceeded", OD_THROTTLED, true, OD_AGAIN_THROTTLED },
    { "InternalServiceError", OD_UNAVAILABLE, true, OD_AGAIN_TRANSIENT },
    { "InternalFailure", OD_UNAVAILABLE, true, OD_AGAIN_TRANSIENT },
    { "ServiceUnavailable", OD_UNAVAILABLE, true, OD_AGAIN_TRANSIENT },
    { "ServiceUnavailableException", OD_UNAVAILABLE, true, OD_AGAIN_TRANSIENT },
};

/* Without a type that is known only the status is left. */
static struct error_row row_of(const char *type, int http_status) {
    for (size_t i = 0; i < sizeof(error_rows) / sizeof(error_rows[0]); i++)
        if (strcmp(error_rows[i].type, type) == 0)
            return error_rows[i];
    if (http_status >= 500)
        return (struct error_row){ type, OD_UNAVAILABLE, true, OD_AGAIN_TRANSIENT };
    return (struct error_row){ type, type[0] != '\0' ? OD_AUTHENTICATION : OD_PROTOCOL, false, OD_AGAIN_NO };
}

/* Cuts "com.x#FooError:http://..." down to FooError. */
static void copy_type(char out[TYPE_BYTES], const char *text, size_t length) {
    const char *colon = memchr(text, ':', length);
    if (colon != NULL)
        length = (size_t)(colon - text);
    const char *hash = memchr(text, '#', length);
    if (hash != NULL) {
        length -= (size_t)(hash + 1 - text);
        text = hash + 1;
    }
    od__error_clean(out, TYPE_BYTES, text, length);
}

static void read_type(const od_http_response *response, const od_value *body, char out[TYPE_BYTES]) {
    size_t length = 0;
    const char *header = od__http_response_header(response, "x-amzn-errortype", &length);
    const od_value *member = od_value_get(body, "__type");
    out[0] = '\0';
    if (od_value_string(member) != NULL)
        copy_type(out, od_value_string(member), od_value_length(member));
    else if (header != NULL)
        copy_type(out, header, length);
}

static void fail(od_stored_secret *self, od_exchange *exchange, const od_value *body) {
    char type[TYPE_BYTES], text[TEXT_BYTES] = "";
    const od_http_response *response = &exchange->response;
    read_type(response, body, type);
    const od_value *message = od_value_get(body, "message");
    if (message == NULL)
        message = od_value_get(body, "Message");
    if (od_value_string(message) != NULL)
        od__error_clean(text, sizeof(text), od_value_string(message), od_value_length(message));
    struct error_row row = row_of(type, response->status);
    od_error *err = &exchange->error;
    if (type[0] == '\0')
        (void)od__error_set(err, row.code, SERVICE " did not give %s: HTTP %d", self->id, response->status);
    else
        (void)od__error_set(err, row.code, SERVICE " did not give %s: %s%s%s", self->id, type, text[0] != '\0' ? ": " : "",
                            text);
    memcpy(err->vendor_code, type, sizeof(type));
    err->retryable = row.retryable;
    exchange->again = row.again;
}

static bool can_be_sent(const od_value *secret) {
    const unsigned char *text = (const unsigned char *)od_value_string(secret);
    for (size_t i = 0; i < od_value_length(secret); i++)
        if (text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return od_value_length(secret) > 0 && od_value_length(secret) <= OD_SECRET_BYTES;
}

static void keep(od_stored_secret *self, od_exchange *exchange, const od_value *body) {
    const od_value *secret = od_value_get(body, "SecretString");
    od_error *err = &exchange->error;
    if (od_value_string(secret) == NULL) {
        (void)od__error_set(err, OD_PROTOCOL, SERVICE ": the secret %s has no SecretString", self->id);
    } else if (!can_be_sent(secret)) {
        (void)od__error_set(err, OD_AUTHENTICATION, SERVICE ": the secret %s is empty, too long, or no single line",
                            self->id);
    } else {
        self->value = od__strdup(od_value_string(secret));
        if (self->value == NULL)
            (void)od__error_no_memory(err);
    }
}

/* Of each try. The body is wiped as soon as it is read, for it holds the secret. */
static void judge(void *context, od_exchange *exchange) {
    od_stored_secret *self = context;
    if (exchange->error.code != OD_OK || exchange->response.status == 0)
        return;
    od_error unreadable = OD_ERROR_INIT;
    od_value *body = NULL;
    od_http_response *response = &exchange->response;
    exchange->again = OD_AGAIN_NO;
    if (response->body.length > 0)
        (void)od_value_parse(od__buffer_text(&response->body), response->body.length, &body, &unreadable);
    od__buffer_wipe(&response->body);
    if (unreadable.code == OD_OUT_OF_MEMORY)
        (void)od__error_no_memory(&exchange->error);
    else if (response->status == 200 && unreadable.code != OD_OK)
        (void)od__error_set(&exchange->error, OD_PROTOCOL, SERVICE ": the answer for %s is no JSON", self->id);
    else if (response->status == 200)
        keep(self, exchange, body);
    else
        fail(self, exchange, body);
    exchange->error.http_status = exchange->error.code != OD_OK ? response->status : 0;
    (void)od__http_response_copy_header(response, "x-amzn-requestid", exchange->error.request_id,
                                        sizeof(exchange->error.request_id));
    if (body != NULL)
        od__value_wipe(body);
}

/* ---- fetching ---- */

static void fetched(void *context, od_exchange *exchange) {
    od_stored_secret *self = context;
    od_error error = OD_ERROR_INIT;
    if (exchange->error.code != OD_OK && strncmp(exchange->error.message, SERVICE, strlen(SERVICE)) != 0) {
        (void)od__error_set(&error, exchange->error.code, SERVICE " did not give %s: %s", self->id,
                            exchange->error.message);
        error.retryable = exchange->error.retryable;
        error.http_status = exchange->error.http_status;
        memcpy(error.vendor_code, exchange->error.vendor_code, sizeof(error.vendor_code));
    } else if (exchange->error.code != OD_OK) {
        error = exchange->error;
    }
    error.placement = OD_PLACEMENT_NONE;
    self->fetching = false;
    od__exchange_clear(exchange);
    if (error.code == OD_OK) {
        self->fetched_us = od__clock_now_us(self->clock);
        self->generation++;
    }
    self->failed = error.code != OD_OK ? &error : NULL;
    self->ready(self->context);
    self->failed = NULL;
}

static void forget_value(od_stored_secret *self) {
    od__secret_free(self->value);
    self->value = NULL;
}

static od_status start(od_stored_secret *self, od_error *err) {
    od_exchange *exchange = &self->exchange;
    od__exchange_init(exchange);
    exchange->repeat = OD_REPEAT_SAFE;
    exchange->timeout_ms = self->timeout_ms;
    exchange->judge = judge;
    exchange->context = self;
    od_http_request *request = &exchange->request;
    memcpy(request->method, "POST", sizeof("POST"));
    request->has_body = true;
    od__buffer_add_text(&request->url, self->url);
    od__buffer_addf(&request->body, "{\"SecretId\":\"%s\"}", self->id);
    od_status status = request->url.failed || request->body.failed ? od__error_no_memory(err) : OD_OK;
    if (status == OD_OK)
        status = od__http_request_set_header(request, "Content-Type", "application/x-amz-json-1.1", false, err);
    if (status == OD_OK)
        status = od__http_request_set_header(request, "X-Amz-Target", "secretsmanager.GetSecretValue", false, err);
    if (status != OD_OK) {
        od__exchange_clear(exchange);
        return status;
    }
    self->fetching = true;
    od__exchange_push(exchange, fetched, self);
    od__transport_send(self->retry, exchange);
    return OD_OK;
}

od_apply od__stored_secret_get(od_stored_secret *self, const char **value, unsigned *generation, od_error *err) {
    if (self->failed != NULL) {
        if (err != NULL && err->code == OD_OK)
            *err = *self->failed;
        return OD_APPLY_FAILED;
    }
    if (self->value != NULL && od__clock_now_us(self->clock) - self->fetched_us >= OD_SECRET_KEPT_US)
        forget_value(self);
    if (self->value != NULL) {
        *value = self->value;
        *generation = self->generation;
        return OD_APPLY_READY;
    }
    if (!self->fetching && start(self, err) != OD_OK)
        return OD_APPLY_FAILED;
    return OD_APPLY_WAITING;
}

void od__stored_secret_refuse(od_stored_secret *self, unsigned generation) {
    if (generation == self->generation)
        forget_value(self);
}

/* ---- making ---- */

static od_status copy_option(od_value *to, const od_value *options, const char *from, const char *as, od_error *err) {
    const od_value *given = od_value_get(options, from);
    return given != NULL ? od_value_set(to, as, od__value_copy(given), err) : OD_OK;
}

/* The signer's own options: its region is the secret's, not the vendor's. */
static od_status make_signing_options(od_stored_secret *self, const od_value *options, od_error *err) {
    static const struct { const char *from, *as; } copied[] = {
        { "secrets_region", "region" }, { "credentials", "credentials" }, { "profile", "profile" }, { "ca_file", "ca_file" },
    };
    self->signing_options = od_value_new_object();
    od_status status = self->signing_options != NULL ? OD_OK : od__error_no_memory(err);
    if (status == OD_OK)
        status = od_value_set(self->signing_options, "region", od_value_new_string(DEFAULT_REGION), err);
    for (size_t i = 0; status == OD_OK && i < sizeof(copied) / sizeof(copied[0]); i++)
        status = copy_option(self->signing_options, options, copied[i].from, copied[i].as, err);
    return status;
}

/* Always a path: the signature covers "/". */
static od_status make_url(od_stored_secret *self, const od_authorizer_setup *setup, od_error *err) {
    char own[OD_ENDPOINT_BYTES];
    const od_credential_setup environment = { .get_env = setup->get_env };
    const char *url = od_value_string(od_value_get(setup->options, "secrets_endpoint"));
    const char *region = od_value_string(od_value_get(self->signing_options, "region"));
    if (url == NULL) {
        /* Keys that are given are used without the shared files, and so is this. */
        bool by_files = od_value_get(setup->options, "credentials") == NULL;
        const char *profile = od_value_string(od_value_get(setup->options, "profile"));
        od_status status =
            by_files ? od__aws_endpoint_by_files(&environment, profile, OD_AWS_SECRETS_MANAGER, region, SERVICE, own, err)
                     : od__aws_endpoint(&environment, NULL, NULL, OD_AWS_SECRETS_MANAGER, region, SERVICE, own, err);
        if (status != OD_OK)
            return status;
        url = own;
    }
    size_t length = strlen(url);
    while (length > 0 && url[length - 1] == '/')
        length--;
    if (length + 2 > sizeof(self->url))
        return od__error_at(err, OD_VALIDATION, "/secrets_endpoint", "expected at most %zu bytes", sizeof(self->url) - 2);
    snprintf(self->url, sizeof(self->url), "%.*s/", (int)length, url);
    return OD_OK;
}

static od_status make_chain(od_stored_secret *self, const od_authorizer_setup *setup, od_error *err) {
    od_authorizer_setup signing = *setup;
    signing.options = self->signing_options;
    signing.base_url = self->url;
    const struct od_authorizer_kind *kind = &od_authorizer_sigv4_secretsmanager;
    od_status status = kind->make(kind, &signing, &self->signer, err);
    if (status == OD_OK)
        status = od__authorizing_transport_new(setup->loop, self->signer, setup->network, &self->signing, err);
    const od_retry_options retry = OD_RETRY_OPTIONS_INIT;
    return status == OD_OK
               ? od__retry_transport_new(setup->loop, setup->clock, &retry, self->signing, &self->retry, err)
               : status;
}

od_status od__stored_secret_new(const od_authorizer_setup *setup, const char *id, void (*ready)(void *context),
                                void *context, od_stored_secret **out, od_error *err) {
    od_stored_secret *self = od__calloc(1, sizeof(*self));
    if (self == NULL)
        return od__error_no_memory(err);
    self->id = id;
    self->ready = ready;
    self->context = context;
    self->clock = setup->clock;
    self->timeout_ms = setup->timeout_ms;
    od_status status = make_signing_options(self, setup->options, err);
    if (status == OD_OK)
        status = make_url(self, setup, err);
    if (status == OD_OK)
        status = make_chain(self, setup, err);
    if (status != OD_OK) {
        od__stored_secret_free(self);
        return status;
    }
    *out = self;
    return OD_OK;
}

void od__stored_secret_free(od_stored_secret *self) {
    if (self == NULL)
        return;
    if (self->fetching) {
        od__exchange_cancel(&self->exchange, OD_CLOSED, "the client was closed");
        od__buffer_wipe(&self->exchange.response.body);
        od__exchange_clear(&self->exchange);
    }
    od__transport_free(self->retry);
    od__transport_free(self->signing);
    od__authorizer_free(self->signer);
    if (self->signing_options != NULL)
        od__value_wipe(self->signing_options);  /* and lets go of it */
    forget_value(self);
    od__free(self);
}
