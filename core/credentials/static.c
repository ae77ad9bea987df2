/* Keys given in the client's options. */
#include "credentials/credentials.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "credentials/copy.h"

typedef struct static_source {
    od_credential_source base;
    od_credentials keys;
} static_source;

static od_status static_get(od_credential_source *base, od_credentials *out, bool *configured, bool *waiting,
                            od_error *err) {
    const static_source *self = (const static_source *)base;
    (void)err;
    *configured = true;
    *waiting = false;
    /* Field by field: the token's place is large and mostly empty. */
    memcpy(out->access_key_id, self->keys.access_key_id, strlen(self->keys.access_key_id) + 1);
    memcpy(out->secret_access_key, self->keys.secret_access_key, strlen(self->keys.secret_access_key) + 1);
    memcpy(out->session_token, self->keys.session_token, strlen(self->keys.session_token) + 1);
    out->expires_ms = 0;
    return OD_OK;
}

static void static_free(od_credential_source *base) {
    static_source *self = (static_source *)base;
    od__credentials_wipe(&self->keys);
    od__free(self);
}

static od_status take_text(const od_value *given, const char *key, bool required, char *out, size_t out_bytes,
                           od_error *err) {
    char path[64];
    snprintf(path, sizeof(path), "/credentials/%s", key);
    const od_value *member = od_value_get(given, key);
    bool absent = member == NULL || od_value_type(member) == OD_TYPE_NULL;
    if (!absent && od_value_type(member) != OD_TYPE_STRING)
        return od__error_at(err, OD_VALIDATION, path, "expected text");
    if (absent || od_value_length(member) == 0) {
        out[0] = '\0';
        return required ? od__error_at(err, OD_VALIDATION, path, "expected text, got nothing") : OD_OK;
    }
    if (strlen(od_value_string(member)) != od_value_length(member))
        return od__error_at(err, OD_VALIDATION, path, "expected text without NUL bytes");
    return od__credentials_copy(out, out_bytes, od_value_string(member), "credentials", key, err);
}

od_status od__credentials_static_new(const od_value *given, od_credential_source **out, od_error *err) {
    static_source *self = od__calloc(1, sizeof(*self));
    if (self == NULL)
        return od__error_no_memory(err);
    self->base = (od_credential_source){ .name = "credentials", .get = static_get, .free = static_free };
    od_credentials *keys = &self->keys;
    od_status status = take_text(given, "access_key_id", true, keys->access_key_id, sizeof(keys->access_key_id), err);
    if (status == OD_OK)
        status = take_text(given, "secret_access_key", true, keys->secret_access_key,
                           sizeof(keys->secret_access_key), err);
    if (status == OD_OK)
        status = take_text(given, "session_token", false, keys->session_token, sizeof(keys->session_token), err);
    if (status != OD_OK) {
        static_free(&self->base);
        return status;
    }
    *out = &self->base;
    return OD_OK;
}
