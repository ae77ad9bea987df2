/* A role's keys: the inner source's keys (or a web identity's token) first, then one exchange with STS. */
#include "credentials/sts.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "credentials/fetch.h"
#include "credentials/internal.h"
#include "credentials/sts_request.h"

#define CONNECT_TIMEOUT_MS 3100
#define TIMEOUT_MS 10000
#define MAX_ATTEMPTS 3
#define MESSAGE_BYTES 512

typedef struct sts_source {
    od_credential_source base;
    od_credential_setup setup;
    od_credential_source *inner;  /* NULL: a web identity */
    char *role_arn, *session_name, *external_id, *token_file, *endpoint, *region;
    int duration_seconds;
    od_fetch fetch;
    od_pending pending;
    od_credentials keys;          /* inner's, until the request is signed */
} sts_source;

const char *od__sts_role_fault(const od_sts_role *role) {
    size_t length = role->role_arn != NULL ? strlen(role->role_arn) : 0;
    if (length < OD_STS_ROLE_ARN_MIN || length > OD_STS_ROLE_ARN_MAX)
        return "role_arn must have 20 to 2048 characters";
    if (role->session_name != NULL) {
        length = strlen(role->session_name);
        if (length < OD_STS_SESSION_NAME_MIN || length > OD_STS_SESSION_NAME_MAX)
            return "role_session_name must have 2 to 64 characters";
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-";
        if (strspn(role->session_name, allowed) != length)
            return "role_session_name may have letters, digits and _+=,.@- only";
    }
    if (role->external_id != NULL) {
        length = strlen(role->external_id);
        if (length < OD_STS_EXTERNAL_ID_MIN || length > OD_STS_EXTERNAL_ID_MAX)
            return "external_id must have 2 to 1224 characters";
    }
    if (role->duration_seconds != 0 &&
        (role->duration_seconds < OD_STS_DURATION_MIN || role->duration_seconds > OD_STS_DURATION_MAX))
        return "duration_seconds must be from 900 to 43200";
    return NULL;
}

/* ---- the answer ---- */

/* Answers of status 400 that may be better next time. */
static bool is_transient(const od_http_response *response) {
    static const char *const codes[] = { "IDPCommunicationError", "Throttling", "ThrottlingException", "RequestThrottled" };
    char code[64], message[4];
    if (response->status != 400)
        return false;
    od__sts_read_refusal(&response->body, code, sizeof(code), message, sizeof(message));
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (strcmp(code, codes[i]) == 0)
            return true;
    return false;
}

static void read_refusal(sts_source *self, od_error *err) {
    char code[OD_ERROR_CODE_BYTES], message[MESSAGE_BYTES];
    od__sts_read_refusal(&self->fetch.exchange.response.body, code, sizeof(code), message, sizeof(message));
    (void)od__fetch_refused(&self->fetch, self->base.name, code, message, err);
    if (strcmp(code, "AccessDenied") == 0)
        err->code = OD_PERMISSION;
    if (is_transient(&self->fetch.exchange.response))
        err->retryable = true;
}

static void on_answer(void *context) {
    sts_source *self = context;
    od_error *err = &self->pending.error;
    const od_http_response *response = &self->fetch.exchange.response;
    if (od__fetch_answered(&self->fetch, self->base.name, err)) {
        if (response->status == 200)
            (void)od__sts_read_answer(&response->body, self->inner == NULL, self->base.name, &self->pending.keys, err);
        else
            read_refusal(self, err);
    }
    od__exchange_clear(&self->fetch.exchange);
    od__pending_finish(&self->pending, &self->base);
}

/* ---- the request ---- */

static od_status read_token(sts_source *self, od_buffer *token, od_error *err) {
    char path[OD_CREDENTIAL_PATH_BYTES];
    od_status status = od__credentials_expand(&self->setup, self->token_file, self->base.name, path, err);
    if (status == OD_OK)
        status = od__credentials_read_file(path, OD_CREDENTIAL_TOKEN_FILE_BYTES, self->base.name, token, NULL, err);
    if (status != OD_OK)
        return status;
    while (token->length > 0 && strchr(" \t\r\n", token->data[token->length - 1]) != NULL)
        od__buffer_truncate(token, token->length - 1);
    if (token->length < OD_STS_TOKEN_MIN || strlen(token->data) != token->length)
        status = od__error_set(err, OD_AUTHENTICATION, "%s: there is no token in %s", self->base.name, path);
    return status;
}

static od_status build(sts_source *self, od_http_request *request, const char *token, od_error *err) {
    char made[32];
    snprintf(made, sizeof(made), "outdial-%lld", (long long)(od__clock_wall_ms(self->setup.clock) / 1000));
    const od_sts_role role = { .role_arn = self->role_arn, .external_id = self->external_id,
                               .duration_seconds = self->duration_seconds };
    request->has_body = true;
    od_status status = od__sts_write_form(&role, self->session_name != NULL ? self->session_name : made, token,
                                          &request->body, err);
    if (status == OD_OK)
        status = od__http_request_set_header(request, "Content-Type", "application/x-www-form-urlencoded; charset=utf-8",
                                             false, err);
    if (status == OD_OK && token == NULL)
        status = od__sts_sign(request, &self->keys, self->region, od__clock_wall_ms(self->setup.clock), err);
    return status;
}

static od_status send_request(sts_source *self, od_error *err) {
    static const od_fetch_options options = {
        .connect_timeout_ms = CONNECT_TIMEOUT_MS, .timeout_ms = TIMEOUT_MS, .max_attempts = MAX_ATTEMPTS,
        .is_transient = is_transient,
    };
    od_buffer token;
    od__buffer_init(&token, OD_CREDENTIAL_TOKEN_FILE_BYTES);
    od_http_request *request = NULL;
    od_status status = self->inner == NULL ? read_token(self, &token, err) : OD_OK;
    if (status == OD_OK)
        status = od__fetch_begin(&self->fetch, &self->setup, &options, "POST", self->endpoint, &request, err);
    if (status == OD_OK)
        status = build(self, request, self->inner == NULL ? od__buffer_text(&token) : NULL, err);
    od__buffer_wipe(&token);
    od__credentials_wipe(&self->keys);
    if (status != OD_OK)
        return status;
    od__pending_start(&self->pending);
    od__fetch_send(&self->fetch, OD_REPEAT_SAFE, on_answer, self);
    return OD_OK;
}

/* ---- the keys to ask with ---- */

static od_status ask_inner(sts_source *self, bool *waiting, od_error *err) {
    bool configured;
    od_status status = self->inner->get(self->inner, &self->keys, &configured, waiting, err);
    return status != OD_OK || *waiting ? status : send_request(self, err);
}

static void on_inner_ready(void *context) {
    sts_source *self = context;
    bool waiting;
    if (self->pending.state != OD_PENDING_FETCHING || self->fetch.running)
        return;
    od_error why = OD_ERROR_INIT;
    if (ask_inner(self, &waiting, &why) == OD_OK)
        return;
    self->pending.error = why;
    od__pending_finish(&self->pending, &self->base);
}

static od_status sts_get(od_credential_source *base, od_credentials *out, bool *configured, bool *waiting, od_error *err) {
    sts_source *self = (sts_source *)base;
    od_status status;
    if (od__pending_get(&self->pending, out, configured, waiting, err, &status))
        return status;
    bool inner_waits = false;
    status = self->inner != NULL ? ask_inner(self, &inner_waits, err) : send_request(self, err);
    if (status == OD_OK && inner_waits)
        od__pending_start(&self->pending);
    *waiting = status == OD_OK;
    return status;
}

/* ---- life ---- */

static void sts_free(od_credential_source *base) {
    sts_source *self = (sts_source *)base;
    od__fetch_close(&self->fetch);
    od__credential_source_free(self->inner);
    od__credentials_wipe(&self->keys);
    od__credentials_wipe(&self->pending.keys);
    char *texts[] = { self->role_arn, self->session_name, self->external_id, self->token_file, self->endpoint, self->region };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        od__free(texts[i]);
    od__free(self);
}

static bool copy_text(char **out, const char *text) {
    if (text == NULL)
        return true;
    *out = od__strdup(text);
    return *out != NULL;
}

/* A URL without a path is sent with "/". */
static bool copy_endpoint(char **out, const char *endpoint) {
    const char *host = strstr(endpoint, "://");
    if (host == NULL || strchr(host + 3, '/') != NULL)
        return copy_text(out, endpoint);
    size_t length = strlen(endpoint);
    *out = od__alloc(length + 2);
    if (*out != NULL)
        snprintf(*out, length + 2, "%s/", endpoint);
    return *out != NULL;
}

od_status od__credentials_sts_new(const od_credential_setup *setup, const char *name, const od_sts_role *role,
                                  const char *endpoint, const char *region, od_credential_source *inner,
                                  od_credential_source **out, od_error *err) {
    sts_source *self = od__calloc(1, sizeof(*self));
    if (self == NULL) {
        od__credential_source_free(inner);
        return od__error_no_memory(err);
    }
    self->base = (od_credential_source){ .name = name, .get = sts_get, .free = sts_free };
    self->setup = *setup;
    self->inner = inner;
    self->duration_seconds = role->duration_seconds;
    if (!copy_text(&self->role_arn, role->role_arn) || !copy_text(&self->session_name, role->session_name) ||
        !copy_text(&self->external_id, role->external_id) || !copy_text(&self->token_file, role->token_file) ||
        !copy_text(&self->region, region) || !copy_endpoint(&self->endpoint, endpoint)) {
        sts_free(&self->base);
        return od__error_no_memory(err);
    }
    if (inner != NULL) {
        inner->ready = on_inner_ready;
        inner->ready_context = self;
    }
    *out = &self->base;
    return OD_OK;
}
