/* One secret header from option api_key; the kind's parameter names the header. */
#include "authorizing/authorizing.h"

#include <string.h>

#include "authorizing/basic.h"
#include "base/error.h"
#include "base/memory.h"

typedef struct secret_key_authorizer {
    od_authorizer base;
    const char *header;
    char *value;
} secret_key_authorizer;

static od_apply secret_key_apply(od_authorizer *base, od_exchange *exchange) {
    const secret_key_authorizer *self = (const secret_key_authorizer *)base;
    od_status status = od__http_request_set_header(&exchange->request, self->header, self->value, true,
                                                   &exchange->error);
    return status == OD_OK ? OD_APPLY_READY : OD_APPLY_FAILED;
}

static void secret_key_free(od_authorizer *base) {
    secret_key_authorizer *self = (secret_key_authorizer *)base;
    od__secret_free(self->value);
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

static od_status secret_key_make(const struct od_authorizer_kind *kind, const od_authorizer_setup *setup,
                                 od_authorizer **out, od_error *err) {
    const od_value *key = od_value_get(setup->options, "api_key");
    if (key == NULL || od_value_type(key) != OD_TYPE_STRING || od_value_length(key) == 0)
        return od__error_at(err, OD_VALIDATION, "/api_key", "expected the API key, got nothing");
    if (!is_line(key))
        return od__error_at(err, OD_VALIDATION, "/api_key", "expected text without control characters");
    secret_key_authorizer *self = od__calloc(1, sizeof(*self));
    if (self == NULL)
        return od__error_no_memory(err);
    self->base = (od_authorizer){ .apply = secret_key_apply, .free = secret_key_free };
    self->header = kind->parameter;
    self->value = od__strdup(od_value_string(key));
    if (self->value == NULL) {
        od__free(self);
        return od__error_no_memory(err);
    }
    *out = &self->base;
    return OD_OK;
}

const struct od_authorizer_kind od_authorizer_secret_key = {
    .name = "secret_key",
    .parameter = "X-sc-company-api-key",
    .make = secret_key_make,
};
