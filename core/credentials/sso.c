/* The cached token, renewed where it can be, then a role's keys from the portal. */
#include "credentials/sso.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "credentials/endpoint.h"
#include "credentials/fetch.h"
#include "credentials/internal.h"
#include "credentials/sso_token.h"
#include "json/value.h"
#include "operation/operation.h"

#define CONNECT_TIMEOUT_MS 3100
#define TIMEOUT_MS 10000
#define MAX_ATTEMPTS 3

typedef struct sso_source {
    od_credential_source base;
    od_credential_setup setup;
    char *login;                  /* the session's name, or the start URL */
    bool has_session;             /* its token may be renewed */
    char *portal, *oidc;          /* endpoints */
    char *role, *account;
    char path[OD_CREDENTIAL_PATH_BYTES];
    od_sso_token token;
    od_fetch fetch;
    od_pending pending;
} sso_source;

static const od_fetch_options fetch_options = {
    .connect_timeout_ms = CONNECT_TIMEOUT_MS, .timeout_ms = TIMEOUT_MS, .max_attempts = MAX_ATTEMPTS,
};

static od_status log_in_again(const sso_source *self, od_error *err) {
    return od__error_set(err, OD_AUTHENTICATION, "%s: the login of %s \"%.100s\" is over, log in again: aws sso login",
                         self->base.name, self->has_session ? "session" : "start URL", self->login);
}

/* Ends the fetch: everything that was secret goes, but for the result. */
static void finish(sso_source *self) {
    od__sso_token_clear(&self->token);
    od__exchange_clear(&self->fetch.exchange);
    od__pending_finish(&self->pending, &self->base);
}

/* What a refusal says, in either of the two services' spelling. */
static void read_refusal(sso_source *self, const char *of, od_error *err) {
    const od_buffer *body = &self->fetch.exchange.response.body;
    od_value *document = NULL;
    const char *message = NULL;
    if (od_value_parse(od__buffer_text(body), body->length, &document, NULL) == OD_OK &&
        od_value_type(document) == OD_TYPE_OBJECT) {
        static const char *const members[] = { "message", "Message", "error_description", "error" };
        for (size_t i = 0; i < sizeof(members) / sizeof(members[0]) && message == NULL; i++)
            message = od__credentials_member(document, members[i]);
    }
    char source[32];
    snprintf(source, sizeof(source), "%s: %s", self->base.name, of);
    (void)od__fetch_refused(&self->fetch, source, NULL, message, err);
    if (document != NULL)
        od__value_wipe(document);
}

/* ---- the portal ---- */

static od_status read_keys(sso_source *self, od_error *err) {
    static const od_document_names names = {
        .access_key_id = "accessKeyId", .secret_access_key = "secretAccessKey", .session_token = "sessionToken",
        .expiration = "expiration", .needs_token = true, .needs_expiration = true, .expiration_is_ms = true,
    };
    const od_buffer *body = &self->fetch.exchange.response.body;
    od_value *document = NULL;
    od_status status = od__credentials_parse_object(od__buffer_text(body), body->length, self->base.name, "the answer",
                                                    &document, err);
    if (status != OD_OK)
        return status;
    const od_value *keys = od_value_get(document, "roleCredentials");
    if (keys == NULL || od_value_type(keys) != OD_TYPE_OBJECT)
        status = od__error_set(err, OD_PROTOCOL, "%s: there is no roleCredentials in the answer", self->base.name);
    else
        status = od__credentials_read_document(keys, &names, self->base.name, &self->pending.keys, err);
    od__value_wipe(document);
    return status;
}

static void on_keys(void *context) {
    sso_source *self = context;
    od_error *err = &self->pending.error;
    if (od__fetch_answered(&self->fetch, self->base.name, err)) {
        int http = self->fetch.exchange.response.status;
        if (http == 200)
            (void)read_keys(self, err);
        else if (http == 401)
            (void)log_in_again(self, err);
        else
            read_refusal(self, "portal", err);
    }
    finish(self);
}

static od_status ask_portal(sso_source *self, od_error *err) {
    od_buffer url;
    od__buffer_init(&url, OD_LIMIT_URL_BYTES);
    od__buffer_addf(&url, "%s/federation/credentials?role_name=", self->portal);
    od__uri_encode(&url, self->role, strlen(self->role));
    od__buffer_add_text(&url, "&account_id=");
    od__uri_encode(&url, self->account, strlen(self->account));
    od_http_request *request = NULL;
    od_status status = url.failed ? od__error_no_memory(err)
                                  : od__fetch_begin(&self->fetch, &self->setup, &fetch_options, "GET",
                                                    od__buffer_text(&url), &request, err);
    od__buffer_clear(&url);
    if (status == OD_OK)
        status = od__http_request_set_header(request, "Accept", "application/json", false, err);
    if (status == OD_OK)
        status = od__http_request_set_header(request, "x-amz-sso_bearer_token", self->token.access_token, true, err);
    if (status == OD_OK)
        od__fetch_send(&self->fetch, OD_REPEAT_SAFE, on_keys, self);
    return status;
}

/* ---- renewing the token ---- */

static void warn(const sso_source *self, const char *what, const char *why) {
    char text[OD_ERROR_MESSAGE_BYTES];
    if (self->setup.warn == NULL)
        return;
    snprintf(text, sizeof(text), "%s: %.200s", what, why);
    self->setup.warn(self->setup.warn_context, text);
}

static od_status read_renewed(sso_source *self, od_error *err) {
    const od_buffer *body = &self->fetch.exchange.response.body;
    od_value *document = NULL;
    od_status status = od__credentials_parse_object(od__buffer_text(body), body->length, self->base.name,
                                                    "the renewed token", &document, err);
    if (status != OD_OK)
        return status;
    const char *token = od__credentials_member(document, "accessToken");
    const od_value *seconds = od_value_get(document, "expiresIn");
    int64_t life_s = seconds != NULL ? od_value_integer(seconds) : 0;
    if (token == NULL || life_s <= 0 || life_s > INT32_MAX)
        status = od__error_set(err, OD_PROTOCOL, "%s: there is no accessToken with expiresIn in the renewed token",
                               self->base.name);
    else
        status = od__sso_token_renew(&self->token, token, od__credentials_member(document, "refreshToken"),
                                     od__clock_wall_ms(self->setup.clock) + life_s * 1000, err);
    od__value_wipe(document);
    return status;
}

static void on_renewed(void *context) {
    sso_source *self = context;
    od_error why = OD_ERROR_INIT;
    bool good = od__fetch_answered(&self->fetch, self->base.name, &why);
    if (good && self->fetch.exchange.response.status != 200) {
        good = false;
        read_refusal(self, "renewing the token", &why);
    }
    good = good && read_renewed(self, &why) == OD_OK;
    od_error *err = &self->pending.error;
    if (good) {
        od_error unwritten = OD_ERROR_INIT;
        if (od__sso_token_write(&self->token, self->path, self->base.name, &unwritten) != OD_OK)
            warn(self, "the renewed token is used, but was not kept", unwritten.message);
    } else if (od__clock_wall_ms(self->setup.clock) >= self->token.expires_ms) {
        *err = why;
        finish(self);
        return;
    } else {
        warn(self, "the token is used until its end", why.message);
    }
    if (ask_portal(self, err) != OD_OK)
        finish(self);
}

static od_status write_form(const sso_source *self, od_buffer *out, od_error *err) {
    const od_sso_token *token = &self->token;
    od_value *form = od_value_new_object();
    od_status status = form != NULL ? OD_OK : od__error_no_memory(err);
    if (status == OD_OK)
        status = od_value_set(form, "clientId", od_value_new_string(token->client_id), err);
    if (status == OD_OK)
        status = od_value_set(form, "clientSecret", od_value_new_string(token->client_secret), err);
    if (status == OD_OK)
        status = od_value_set(form, "grantType", od_value_new_string("refresh_token"), err);
    if (status == OD_OK)
        status = od_value_set(form, "refreshToken", od_value_new_string(token->refresh_token), err);
    if (status == OD_OK)
        status = od__value_write(form, out, err);
    if (form != NULL)
        od__value_wipe(form);
    return status;
}

static od_status renew(sso_source *self, od_error *err) {
    char url[OD_ENDPOINT_BYTES + 8];
    snprintf(url, sizeof(url), "%s/token", self->oidc);
    od_http_request *request;
    od_status status = od__fetch_begin(&self->fetch, &self->setup, &fetch_options, "POST", url, &request, err);
    if (status != OD_OK)
        return status;
    request->has_body = true;
    status = write_form(self, &request->body, err);
    if (status == OD_OK)
        status = od__http_request_set_header(request, "Content-Type", "application/json", false, err);
    /* A refresh token may be good for one use: once it may have arrived it is not sent again. */
    if (status == OD_OK)
        od__fetch_send(&self->fetch, OD_REPEAT_NEVER, on_renewed, self);
    return status;
}

static bool can_renew(const sso_source *self, int64_t now_ms) {
    const od_sso_token *token = &self->token;
    return self->has_session && token->refresh_token != NULL && token->client_id != NULL &&
           token->client_secret != NULL &&
           (token->registration_expires_ms == 0 || now_ms < token->registration_expires_ms);
}

/* ---- the source ---- */

static od_status begin(sso_source *self, od_error *err) {
    od_status status = od__sso_token_path(&self->setup, self->login, self->base.name, self->path, err);
    if (status == OD_OK)
        status = od__sso_token_read(self->path, self->base.name, &self->token, err);
    if (status != OD_OK)
        return status;
    int64_t now_ms = od__clock_wall_ms(self->setup.clock);
    int64_t early_ms = self->has_session ? OD_SSO_REFRESH_MS : 0;
    if (now_ms >= self->token.expires_ms - early_ms && can_renew(self, now_ms))
        status = renew(self, err);
    else if (now_ms >= self->token.expires_ms)
        status = log_in_again(self, err);
    else
        status = ask_portal(self, err);
    if (status != OD_OK)
        od__sso_token_clear(&self->token);
    return status;
}

static od_status sso_get(od_credential_source *base, od_credentials *out, bool *configured, bool *waiting, od_error *err) {
    sso_source *self = (sso_source *)base;
    od_status status;
    if (od__pending_get(&self->pending, out, configured, waiting, err, &status))
        return status;
    status = begin(self, err);
    *waiting = status == OD_OK;
    if (*waiting)
        od__pending_start(&self->pending);
    return status;
}

static void sso_free(od_credential_source *base) {
    sso_source *self = (sso_source *)base;
    od__fetch_close(&self->fetch);
    od__sso_token_clear(&self->token);
    od__credentials_wipe(&self->pending.keys);
    char *texts[] = { self->login, self->portal, self->oidc, self->role, self->account };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        od__free(texts[i]);
    od__free(self);
}

static od_status copy_texts(sso_source *self, const od_profiles *profiles, const od_profile_plan *plan, od_error *err) {
    const od_profile_section *where = plan->sso_session != NULL ? plan->sso_session : plan->section;
    const char *region = od__profile_filled(where, "sso_region");
    char portal[OD_ENDPOINT_BYTES], oidc[OD_ENDPOINT_BYTES];
    od_status status = od__aws_endpoint(&self->setup, profiles, plan->section, OD_AWS_SSO, region, self->base.name, portal,
                                        err);
    if (status == OD_OK)
        status = od__aws_endpoint(&self->setup, profiles, plan->section, OD_AWS_SSO_OIDC, region, self->base.name, oidc,
                                  err);
    if (status != OD_OK)
        return status;
    self->has_session = plan->sso_session != NULL;
    self->login = od__strdup(self->has_session ? plan->sso_session->name : od__profile_filled(where, "sso_start_url"));
    self->role = od__strdup(od__profile_filled(plan->section, "sso_role_name"));
    self->account = od__strdup(od__profile_filled(plan->section, "sso_account_id"));
    self->portal = od__strdup(portal);
    self->oidc = od__strdup(oidc);
    bool complete = self->login != NULL && self->role != NULL && self->account != NULL && self->portal != NULL &&
                    self->oidc != NULL;
    return complete ? OD_OK : od__error_no_memory(err);
}

od_status od__credentials_sso_new(const od_credential_setup *setup, const od_profiles *profiles,
                                  const od_profile_plan *plan, od_credential_source **out, od_error *err) {
    sso_source *self = od__calloc(1, sizeof(*self));
    if (self == NULL)
        return od__error_no_memory(err);
    self->base = (od_credential_source){ .name = "sso", .get = sso_get, .free = sso_free };
    self->setup = *setup;
    od_status status = copy_texts(self, profiles, plan, err);
    if (status != OD_OK) {
        sso_free(&self->base);
        return status;
    }
    *out = &self->base;
    return OD_OK;
}
