/* Keys from the environment, read anew each time: a program may set them after it has made its client. */
#include "credentials/credentials.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "credentials/copy.h"
#include "validation/shape.h"

#define KEY_VARIABLE "AWS_ACCESS_KEY_ID"
#define SECRET_VARIABLE "AWS_SECRET_ACCESS_KEY"
#define TOKEN_VARIABLE "AWS_SESSION_TOKEN"
#define OLD_TOKEN_VARIABLE "AWS_SECURITY_TOKEN"
#define EXPIRATION_VARIABLE "AWS_CREDENTIAL_EXPIRATION"

typedef struct environment_source {
    od_credential_source base;
    const char *(*get_env)(const char *name);
} environment_source;

static const char *system_get_env(const char *name) {
    return getenv(name);
}

/* An empty variable counts as one that is not set. */
static const char *variable(const environment_source *self, const char *name) {
    const char *text = self->get_env(name);
    return text != NULL && text[0] != '\0' ? text : NULL;
}

/* A token that was called so once is looked for where there is none of today's name. */
static od_status copy_token(const environment_source *self, od_credentials *out, od_error *err) {
    const char *name = TOKEN_VARIABLE, *token = variable(self, TOKEN_VARIABLE);
    if (token == NULL) {
        name = OLD_TOKEN_VARIABLE;
        token = variable(self, name);
    }
    return od__credentials_copy(out->session_token, sizeof(out->session_token), token != NULL ? token : "",
                                self->base.name, name, err);
}

/* Whoever set the keys may have said until when they are good. */
static od_status read_expiration(const environment_source *self, od_credentials *out, od_error *err) {
    const char *text = variable(self, EXPIRATION_VARIABLE);
    out->expires_ms = 0;
    if (text == NULL || (od__iso8601_parse(text, &out->expires_ms) && out->expires_ms > 0))
        return OD_OK;
    return od__error_set(err, OD_AUTHENTICATION, "%s: " EXPIRATION_VARIABLE " is no time", self->base.name);
}

static od_status environment_get(od_credential_source *base, od_credentials *out, bool *configured, bool *waiting,
                                 od_error *err) {
    const environment_source *self = (const environment_source *)base;
    const char *key = variable(self, KEY_VARIABLE), *secret = variable(self, SECRET_VARIABLE);
    *waiting = false;
    *configured = key != NULL || secret != NULL;
    if (!*configured)
        return od__error_set(err, OD_AUTHENTICATION, "%s: " KEY_VARIABLE " is not set", base->name);
    if (secret == NULL)
        return od__error_set(err, OD_AUTHENTICATION, "%s: " KEY_VARIABLE " is set but " SECRET_VARIABLE " is not",
                             base->name);
    if (key == NULL)
        return od__error_set(err, OD_AUTHENTICATION, "%s: " SECRET_VARIABLE " is set but " KEY_VARIABLE " is not",
                             base->name);
    od_status status = od__credentials_copy(out->access_key_id, sizeof(out->access_key_id), key, base->name,
                                            KEY_VARIABLE, err);
    if (status == OD_OK)
        status = od__credentials_copy(out->secret_access_key, sizeof(out->secret_access_key), secret, base->name,
                                      SECRET_VARIABLE, err);
    if (status == OD_OK)
        status = copy_token(self, out, err);
    if (status == OD_OK)
        status = read_expiration(self, out, err);
    return status;
}

static void environment_free(od_credential_source *base) {
    od__free(base);
}

od_status od__credentials_environment_new(const char *(*get_env)(const char *name), od_credential_source **out,
                                          od_error *err) {
    environment_source *self = od__calloc(1, sizeof(*self));
    if (self == NULL)
        return od__error_no_memory(err);
    self->base = (od_credential_source){ .name = "environment", .get = environment_get, .free = environment_free };
    self->get_env = get_env != NULL ? get_env : system_get_env;
    *out = &self->base;
    return OD_OK;
}
