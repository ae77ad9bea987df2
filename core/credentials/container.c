/* The credential endpoint of an ECS task or an EKS pod. */
#include "credentials/container.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "credentials/fetch.h"
#include "credentials/internal.h"
#include "json/value.h"

#define RELATIVE_VARIABLE "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL_VARIABLE "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define TOKEN_VARIABLE "AWS_CONTAINER_AUTHORIZATION_TOKEN"
#define TOKEN_FILE_VARIABLE "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
#define CONNECT_TIMEOUT_MS 1000
#define TIMEOUT_MS 2000
#define MAX_ATTEMPTS 3

typedef struct container_source {
    od_credential_source base;
    od_credential_setup setup;
    od_fetch open, guarded;    /* to anywhere; to allowed addresses only, wherever the name leads */
    od_fetch *fetch;           /* the one of them that runs */
    od_pending pending;
} container_source;

static void read_refusal(container_source *self, const od_value *document, od_error *err) {
    const char *code = document != NULL ? od__credentials_member(document, "code") : NULL;
    const char *message = document != NULL ? od__credentials_member(document, "message") : NULL;
    (void)od__fetch_refused(self->fetch, self->base.name, code, message, err);
}

static void on_answer(void *context) {
    static const od_document_names names = {
        .access_key_id = "AccessKeyId", .secret_access_key = "SecretAccessKey", .session_token = "Token",
        .expiration = "Expiration", .needs_token = true, .needs_expiration = true,
    };
    container_source *self = context;
    od_error *err = &self->pending.error;
    const od_http_response *response = &self->fetch->exchange.response;
    if (od__fetch_answered(self->fetch, self->base.name, err)) {
        od_value *document = NULL;
        od_error unread = OD_ERROR_INIT;
        od_status status = od__credentials_parse_object(od__buffer_text(&response->body), response->body.length,
                                                        self->base.name, "the answer", &document, &unread);
        if (response->status != 200)
            read_refusal(self, document, err);
        else if (status != OD_OK)
            (void)od__credentials_pass_error(err, &unread);
        else
            (void)od__credentials_read_document(document, &names, self->base.name, &self->pending.keys, err);
        if (document != NULL)
            od__value_wipe(document);
    }
    od__exchange_clear(&self->fetch->exchange);
    od__pending_finish(&self->pending, &self->base);
}

static od_status set_token(const container_source *self, od_http_request *request, const char *token, const char *from,
                           od_error *err) {
    if (strpbrk(token, "\r\n") != NULL)
        return od__error_set(err, OD_AUTHENTICATION, "%s: the token of %s has a line break in it", self->base.name, from);
    od_error why = OD_ERROR_INIT;
    od_status status = od__http_request_set_header(request, "Authorization", token, true, &why);
    if (status == OD_VALIDATION)
        return od__error_set(err, OD_AUTHENTICATION, "%s: the token of %s has a control character in it", self->base.name,
                             from);
    return status == OD_OK ? OD_OK : od__credentials_pass_error(err, &why);
}

/* The file is read for every fetch: its token is renewed now and then. */
static od_status add_authorization(const container_source *self, od_http_request *request, od_error *err) {
    const char *file = od__credentials_env(&self->setup, TOKEN_FILE_VARIABLE);
    const char *token = od__credentials_env(&self->setup, TOKEN_VARIABLE);
    if (file == NULL)
        return token != NULL ? set_token(self, request, token, TOKEN_VARIABLE, err) : OD_OK;
    od_buffer text;
    od_status status = od__credentials_read_file(file, OD_CREDENTIAL_TOKEN_FILE_BYTES, self->base.name, &text, NULL, err);
    if (status != OD_OK)
        return status;
    if (text.length == 0 || strlen(text.data) != text.length)
        status = od__error_set(err, OD_AUTHENTICATION, "%s: there is no token in %s", self->base.name, file);
    else
        status = set_token(self, request, text.data, file, err);
    od__buffer_wipe(&text);
    return status;
}

static od_status begin(container_source *self, const char *relative, const char *full, od_error *err) {
    static const od_fetch_options anywhere = {
        .connect_timeout_ms = CONNECT_TIMEOUT_MS, .timeout_ms = TIMEOUT_MS, .max_attempts = MAX_ATTEMPTS, .direct = true,
    };
    static const od_fetch_options allowed_only = {
        .connect_timeout_ms = CONNECT_TIMEOUT_MS, .timeout_ms = TIMEOUT_MS, .max_attempts = MAX_ATTEMPTS, .direct = true,
        .allow_address = od__container_allows,
    };
    char url[OD_CONTAINER_URL_BYTES];
    od_container_rule rule;
    od_status status = od__container_url(relative, full, self->base.name, url, &rule, err);
    if (status != OD_OK)
        return status;
    bool guarded = rule == OD_CONTAINER_CHECKED;
    self->fetch = guarded ? &self->guarded : &self->open;
    od_http_request *request;
    status = od__fetch_begin(self->fetch, &self->setup, guarded ? &allowed_only : &anywhere, "GET", url, &request, err);
    if (status == OD_OK)
        status = od__http_request_set_header(request, "Accept", "application/json", false, err);
    if (status == OD_OK)
        status = add_authorization(self, request, err);
    if (status != OD_OK)
        return status;
    od__pending_start(&self->pending);
    od__fetch_send(self->fetch, OD_REPEAT_SAFE, on_answer, self);
    return OD_OK;
}

static od_status container_get(od_credential_source *base, od_credentials *out, bool *configured, bool *waiting,
                               od_error *err) {
    container_source *self = (container_source *)base;
    od_status status;
    if (od__pending_get(&self->pending, out, configured, waiting, err, &status))
        return status;
    const char *relative = od__credentials_env(&self->setup, RELATIVE_VARIABLE);
    const char *full = od__credentials_env(&self->setup, FULL_VARIABLE);
    *configured = relative != NULL || full != NULL;
    if (!*configured)
        return od__error_set(err, OD_AUTHENTICATION,
                             "%s: neither " RELATIVE_VARIABLE " nor " FULL_VARIABLE " is set", base->name);
    status = begin(self, relative, full, err);
    *waiting = status == OD_OK;
    return status;
}

static void container_free(od_credential_source *base) {
    container_source *self = (container_source *)base;
    od__fetch_close(&self->open);
    od__fetch_close(&self->guarded);
    od__credentials_wipe(&self->pending.keys);
    od__free(self);
}

od_status od__credentials_container_new(const od_credential_setup *setup, od_credential_source **out, od_error *err) {
    container_source *self = od__calloc(1, sizeof(*self));
    if (self == NULL)
        return od__error_no_memory(err);
    self->base = (od_credential_source){ .name = "container", .get = container_get, .free = container_free };
    self->setup = *setup;
    *out = &self->base;
    return OD_OK;
}
