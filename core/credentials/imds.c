/* The metadata service of an EC2 instance, version 2 only: a token, the role's name, the role's keys. Without a token nothing
 * is asked: version 1 answers whoever can make the instance send a GET. */
#include "credentials/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "credentials/fetch.h"
#include "credentials/imds_endpoint.h"
#include "credentials/profile_files.h"
#include "crypto/crypto.h"
#include "json/value.h"
#include "operation/operation.h"

#define TIMEOUT_MS 1000
#define MAX_ATTEMPTS 2
#define TOKEN_LIFE_S 21600
#define TOKEN_EARLY_MS 120000     /* renewed this long before its end */
#define TOKEN_BYTES 512
#define ROLE_BYTES 256
#define ROLE_PATH "/latest/meta-data/iam/security-credentials/"

typedef struct imds_source {
    od_credential_source base;
    od_credential_setup setup;
    char *profile;                /* NULL: the environment's, or "default" */
    char endpoint[OD_IMDS_URL_BYTES];
    char token[TOKEN_BYTES];
    int64_t token_until_ms;       /* Unix time; 0: there is none */
    bool token_is_new;            /* got in this fetch */
    bool has_answered;            /* ever: so there is such a service */
    char role[ROLE_BYTES];
    od_fetch fetch;
    od_pending pending;
} imds_source;

static const od_fetch_options fetch_options = {
    .connect_timeout_ms = TIMEOUT_MS, .timeout_ms = TIMEOUT_MS, .max_attempts = MAX_ATTEMPTS, .direct = true,
};

static od_status ask_token(imds_source *self, od_error *err);
static od_status ask_role(imds_source *self, od_error *err);

static void finish(imds_source *self) {
    od__exchange_clear(&self->fetch.exchange);
    od__pending_finish(&self->pending, &self->base);
}

/* Goes on with the next question, or ends if it cannot be asked. */
static void go_on(imds_source *self, od_status (*ask)(imds_source *self, od_error *err)) {
    if (ask(self, &self->pending.error) != OD_OK)
        finish(self);
}

/* Whether an answer came at all. Where nothing ever did, and nothing was even sent, there is no such service: that is
 * no error of this source but its absence. */
static bool answered(imds_source *self) {
    if (od__fetch_answered(&self->fetch, self->base.name, &self->pending.error)) {
        self->has_answered = true;
        return true;
    }
    if (!self->has_answered && !self->fetch.exchange.sent && self->pending.error.code != OD_OUT_OF_MEMORY) {
        self->pending.configured = false;
        self->pending.error.code = OD_AUTHENTICATION;
    }
    return false;
}

/* A token that is refused was for another boot, or is too old: a new one is got, once. */
static bool renews_token(imds_source *self) {
    if (self->fetch.exchange.response.status != 401 || self->token_is_new)
        return false;
    self->token_until_ms = 0;
    go_on(self, ask_token);
    return true;
}

static od_status get_with_token(imds_source *self, const char *path, void (*done)(void *context), od_error *err) {
    char url[OD_IMDS_URL_BYTES + sizeof(ROLE_PATH) + 3 * ROLE_BYTES];
    snprintf(url, sizeof(url), "%s%s", self->endpoint, path);
    od_http_request *request;
    od_status status = od__fetch_begin(&self->fetch, &self->setup, &fetch_options, "GET", url, &request, err);
    if (status == OD_OK)
        status = od__http_request_set_header(request, "x-aws-ec2-metadata-token", self->token, true, err);
    if (status == OD_OK)
        od__fetch_send(&self->fetch, OD_REPEAT_SAFE, done, self);
    return status;
}

/* ---- the role's keys ---- */

static void read_keys(imds_source *self) {
    static const od_document_names names = {
        .access_key_id = "AccessKeyId", .secret_access_key = "SecretAccessKey", .session_token = "Token",
        .expiration = "Expiration", .needs_token = true, .needs_expiration = true,
    };
    od_error *err = &self->pending.error;
    const od_buffer *body = &self->fetch.exchange.response.body;
    od_value *document;
    if (od__credentials_parse_object(od__buffer_text(body), body->length, self->base.name, "the answer", &document, err) !=
        OD_OK)
        return;
    /* A good status may carry an error. */
    const char *code = od__credentials_member(document, "Code"), *message = od__credentials_member(document, "Message");
    if (code != NULL && strcmp(code, "Success") != 0)
        (void)od__error_set(err, OD_AUTHENTICATION, "%s: %.100s%s%.200s", self->base.name, code,
                            message != NULL ? ": " : "", message != NULL ? message : "");
    else
        (void)od__credentials_read_document(document, &names, self->base.name, &self->pending.keys, err);
    od__value_wipe(document);
}

static void on_keys(void *context) {
    imds_source *self = context;
    if (answered(self)) {
        if (renews_token(self))
            return;
        if (self->fetch.exchange.response.status == 200)
            read_keys(self);
        else
            (void)od__fetch_refused(&self->fetch, self->base.name, NULL, NULL, &self->pending.error);
    }
    finish(self);
}

static od_status ask_keys(imds_source *self, od_error *err) {
    od_buffer path;
    od__buffer_init(&path, sizeof(ROLE_PATH) + 3 * ROLE_BYTES);
    od__buffer_add_text(&path, ROLE_PATH);
    od__uri_encode(&path, self->role, strlen(self->role));
    od_status status = path.failed ? od__error_no_memory(err)
                                   : get_with_token(self, od__buffer_text(&path), on_keys, err);
    od__buffer_clear(&path);
    return status;
}

/* ---- the role's name ---- */

static void read_role(imds_source *self) {
    const char *text = od__buffer_text(&self->fetch.exchange.response.body);
    text += strspn(text, " \t\r\n");
    size_t length = strcspn(text, "\r\n");
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    if (length == 0 || length >= sizeof(self->role)) {
        (void)od__error_set(&self->pending.error, OD_PROTOCOL, "%s: the name of the role is empty or longer than %d bytes",
                            self->base.name, ROLE_BYTES - 1);
        finish(self);
        return;
    }
    memcpy(self->role, text, length);
    self->role[length] = '\0';
    go_on(self, ask_keys);
}

static void on_role(void *context) {
    imds_source *self = context;
    if (!answered(self)) {
        finish(self);
        return;
    }
    if (renews_token(self))
        return;
    int http = self->fetch.exchange.response.status;
    if (http == 200) {
        read_role(self);
        return;
    }
    if (http == 404) {
        self->pending.configured = false;
        (void)od__error_set(&self->pending.error, OD_AUTHENTICATION, "%s: the instance has no role", self->base.name);
    } else {
        (void)od__fetch_refused(&self->fetch, self->base.name, NULL, NULL, &self->pending.error);
    }
    finish(self);
}

static od_status ask_role(imds_source *self, od_error *err) {
    if (self->role[0] != '\0')
        return ask_keys(self, err);
    return get_with_token(self, ROLE_PATH, on_role, err);
}

/* ---- the token ---- */

static bool is_token(const od_buffer *body) {
    if (body->length == 0 || body->length >= TOKEN_BYTES)
        return false;
    for (size_t i = 0; i < body->length; i++)
        if (body->data[i] <= ' ' || body->data[i] == 0x7f)
            return false;
    return true;
}

static void read_token(imds_source *self) {
    const od_http_response *response = &self->fetch.exchange.response;
    char life[16];
    int64_t life_s = TOKEN_LIFE_S;
    if (od__http_response_copy_header(response, "x-aws-ec2-metadata-token-ttl-seconds", life, sizeof(life)) &&
        life[0] >= '0' && life[0] <= '9' && strtol(life, NULL, 10) < TOKEN_LIFE_S)
        life_s = strtol(life, NULL, 10);
    memcpy(self->token, response->body.data, response->body.length + 1);
    self->token_until_ms = od__clock_wall_ms(self->setup.clock) + life_s * 1000;
    self->token_is_new = true;
    go_on(self, ask_role);
}

static void on_token(void *context) {
    imds_source *self = context;
    if (answered(self)) {
        const od_http_response *response = &self->fetch.exchange.response;
        if (response->status == 200 && is_token(&response->body)) {
            read_token(self);
            return;
        }
        if (response->status == 200)
            (void)od__error_set(&self->pending.error, OD_PROTOCOL, "%s: what came for a token is none", self->base.name);
        else
            (void)od__fetch_refused(&self->fetch, self->base.name, NULL, "no token was given, and version 1 is not spoken",
                                    &self->pending.error);
    }
    finish(self);
}

static od_status ask_token(imds_source *self, od_error *err) {
    char url[OD_IMDS_URL_BYTES + 32], life[16];
    snprintf(url, sizeof(url), "%s/latest/api/token", self->endpoint);
    snprintf(life, sizeof(life), "%d", TOKEN_LIFE_S);
    od_http_request *request;
    od_status status = od__fetch_begin(&self->fetch, &self->setup, &fetch_options, "PUT", url, &request, err);
    if (status != OD_OK)
        return status;
    request->has_body = true;
    status = od__http_request_set_header(request, "x-aws-ec2-metadata-token-ttl-seconds", life, false, err);
    if (status == OD_OK)
        od__fetch_send(&self->fetch, OD_REPEAT_SAFE, on_token, self);
    return status;
}

/* ---- the source ---- */

static od_status read_settings(imds_source *self, od_error *err) {
    od_profiles profiles = { .sections = NULL };
    od_status status = od__profiles_load(&self->setup, self->base.name, &profiles, err);
    if (status == OD_OK) {
        const od_profile_section *profile = od__profiles_find(&profiles, OD_SECTION_PROFILE,
                                                              od__profile_name(&self->setup, self->profile));
        const od_imds_settings settings = {
            .env_endpoint = od__credentials_env(&self->setup, "AWS_EC2_METADATA_SERVICE_ENDPOINT"),
            .profile_endpoint = od__profile_filled(profile, "ec2_metadata_service_endpoint"),
            .env_mode = od__credentials_env(&self->setup, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"),
            .profile_mode = od__profile_filled(profile, "ec2_metadata_service_endpoint_mode"),
        };
        const char *role = od__credentials_env(&self->setup, "AWS_EC2_INSTANCE_PROFILE_NAME");
        if (role == NULL)
            role = od__profile_filled(profile, "ec2_instance_profile_name");
        self->role[0] = '\0';
        if (role != NULL)
            status = od__credentials_copy(self->role, sizeof(self->role), role, self->base.name,
                                          "the name of the instance profile", err);
        if (status == OD_OK)
            status = od__imds_endpoint(&settings, self->base.name, self->endpoint, err);
    }
    od__profiles_clear(&profiles);
    return status;
}

static od_status imds_get(od_credential_source *base, od_credentials *out, bool *configured, bool *waiting,
                          od_error *err) {
    imds_source *self = (imds_source *)base;
    od_status status;
    if (od__pending_get(&self->pending, out, configured, waiting, err, &status))
        return status;
    if (od__credentials_env_is_true(&self->setup, "AWS_EC2_METADATA_DISABLED")) {
        *configured = false;
        return od__error_set(err, OD_AUTHENTICATION, "%s: AWS_EC2_METADATA_DISABLED is true", base->name);
    }
    status = read_settings(self, err);
    self->token_is_new = false;
    if (status == OD_OK && od__clock_wall_ms(self->setup.clock) < self->token_until_ms - TOKEN_EARLY_MS)
        status = ask_role(self, err);
    else if (status == OD_OK)
        status = ask_token(self, err);
    *waiting = status == OD_OK;
    if (*waiting)
        od__pending_start(&self->pending);
    return status;
}

static void imds_free(od_credential_source *base) {
    imds_source *self = (imds_source *)base;
    od__fetch_close(&self->fetch);
    od__crypto_wipe(self->token, sizeof(self->token));
    od__credentials_wipe(&self->pending.keys);
    od__free(self->profile);
    od__free(self);
}

od_status od__credentials_imds_new(const od_credential_setup *setup, const char *profile, od_credential_source **out,
                                   od_error *err) {
    imds_source *self = od__calloc(1, sizeof(*self));
    if (self == NULL)
        return od__error_no_memory(err);
    self->base = (od_credential_source){ .name = "imds", .get = imds_get, .free = imds_free };
    self->setup = *setup;
    self->profile = profile != NULL ? od__strdup(profile) : NULL;
    if (profile != NULL && self->profile == NULL) {
        imds_free(&self->base);
        return od__error_no_memory(err);
    }
    *out = &self->base;
    return OD_OK;
}
