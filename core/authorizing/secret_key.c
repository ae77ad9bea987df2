/* One secret header: from option api_key, or else from AWS Secrets Manager, where the vendor renews it now and then. The
 * kind's parameter is "HEADER:SECRET ID". */
#include "authorizing/authorizing.h"

#include <string.h>

#include "authorizing/basic.h"
#include "authorizing/secrets_manager.h"
#include "authorizing/waiting.h"
#include "base/error.h"
#include "base/memory.h"

typedef struct secret_key_authorizer {
    od_authorizer base;
    char *header;
    const char *secret_id;     /* in the kind's parameter */
    char *value;               /* from the options; NULL: stored */
    od_stored_secret *stored;
    od_waiting waiting;        /* for stored */
} secret_key_authorizer;

static od_apply set_header(const secret_key_authorizer *self, od_exchange *exchange, const char *value) {
    od_status status = od__http_request_set_header(&exchange->request, self->header, value, true, &exchange->error);
    return status == OD_OK ? OD_APPLY_READY : OD_APPLY_FAILED;
}

static od_apply secret_key_apply(od_authorizer *base, od_exchange *exchange) {
    secret_key_authorizer *self = (secret_key_authorizer *)base;
    if (self->stored == NULL)
        return set_header(self, exchange, self->value);
    const char *value;
    od_apply applied = od__stored_secret_get(self->stored, &value, &exchange->auth_generation, &exchange->error);
    if (applied == OD_APPLY_READY)
        return set_header(self, exchange, value);
    if (applied == OD_APPLY_WAITING)
        od__waiting_add(&self->waiting, exchange);
    return applied;
}

static void stored_ready(void *context) {
    secret_key_authorizer *self = context;
    /* Whoever has to wait again goes behind the last of these. */
    od_exchange *last = self->waiting.last, *exchange = NULL;
    while (exchange != last && (exchange = od__waiting_take(&self->waiting)) != NULL)
        self->base.resume(self->base.resume_context, exchange);
}

/* A key may have been renewed since it was read. One from the options stays what it is. */
static bool secret_key_rejected(od_authorizer *base, od_exchange *exchange) {
    secret_key_authorizer *self = (secret_key_authorizer *)base;
    if (self->stored == NULL || (exchange->response.status != 401 && exchange->response.status != 403))
        return false;
    od__stored_secret_refuse(self->stored, exchange->auth_generation);
    return true;
}

static void secret_key_forget(od_authorizer *base, od_exchange *exchange) {
    secret_key_authorizer *self = (secret_key_authorizer *)base;
    od__waiting_remove(&self->waiting, exchange);
}

static void secret_key_free(od_authorizer *base) {
    secret_key_authorizer *self = (secret_key_authorizer *)base;
    od__stored_secret_free(self->stored);
    od__secret_free(self->value);
    od__free(self->header);
    od__free(self);
}

/* Said here and not at each request: a key that no header can carry will not get better. */
static bool is_line(const od_value *key) {
    const unsigned char *text = (const unsigned char *)od_value_string(key);
    for (size_t i = 0; i < od_value_length(key); i++)
        if (text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return true;
}

static od_status copy_key(secret_key_authorizer *self, const od_value *key, od_error *err) {
    if (!is_line(key))
        return od__error_at(err, OD_VALIDATION, "/api_key", "expected text without control characters");
    self->value = od__strdup(od_value_string(key));
    return self->value != NULL ? OD_OK : od__error_no_memory(err);
}

static od_status secret_key_make(const struct od_authorizer_kind *kind, const od_authorizer_setup *setup,
                                 od_authorizer **out, od_error *err) {
    secret_key_authorizer *self = od__calloc(1, sizeof(*self));
    if (self == NULL)
        return od__error_no_memory(err);
    self->base = (od_authorizer){ .apply = secret_key_apply, .rejected = secret_key_rejected,
                                  .forget = secret_key_forget, .free = secret_key_free };
    size_t header_bytes = strcspn(kind->parameter, ":");
    self->header = od__strndup(kind->parameter, header_bytes);
    self->secret_id = kind->parameter + header_bytes + 1;
    const od_value *key = od_value_get(setup->options, "api_key");
    bool given = key != NULL && od_value_type(key) == OD_TYPE_STRING && od_value_length(key) > 0;
    od_status status = self->header != NULL ? OD_OK : od__error_no_memory(err);
    if (status == OD_OK)
        status = given ? copy_key(self, key, err)
                       : od__stored_secret_new(setup, self->secret_id, stored_ready, self, &self->stored, err);
    if (status != OD_OK) {
        secret_key_free(&self->base);
        return status;
    }
    *out = &self->base;
    return OD_OK;
}

const struct od_authorizer_kind od_authorizer_secret_key = {
    .name = "secret_key",
    .parameter = "X-sc-company-api-key:SYMBEE_CONNECT_API_KEY",
    .make = secret_key_make,
};
