/* HTTP Basic: one header made once. */
#include "authorizing/basic.h"
#include "authorizing/authorizing.h"

#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "crypto/crypto.h"

#define OPTION_NAME_BYTES 64
#define BASIC_BYTES 4096  /* user name, colon and password */
#define SCHEME "Basic "

void od__secret_free(char *secret) {
    if (secret != NULL)
        od__crypto_wipe(secret, strlen(secret));
    od__free(secret);
}

/* Finds the first option of "a|b|c" that is given; path becomes its pointer, or that of "a" if none is. */
static const od_value *find_option(const od_value *options, const char *names, size_t length, char *path) {
    const char *end = names + length;
    const od_value *found = NULL;
    path[0] = '\0';
    while (names < end && found == NULL) {
        const char *bar = memchr(names, '|', (size_t)(end - names));
        size_t name_length = (size_t)((bar != NULL ? bar : end) - names);
        char name[OPTION_NAME_BYTES] = "";
        memcpy(name, names, name_length < sizeof(name) ? name_length : sizeof(name) - 1);
        const od_value *value = od_value_get(options, name);
        if (value != NULL && od_value_type(value) == OD_TYPE_STRING)
            found = value;
        if (found != NULL || path[0] == '\0') {
            path[0] = '/';
            memcpy(path + 1, name, sizeof(name));
        }
        names += name_length + 1;
    }
    return found;
}

od_status od__basic_value(const od_value *options, const char *names, char **out, od_error *err) {
    const char *colon = strchr(names, ':');
    size_t user_names = (size_t)(colon - names);
    char path[OPTION_NAME_BYTES + 1];
    const od_value *user = find_option(options, names, user_names, path);
    if (user == NULL)
        return od__error_at(err, OD_VALIDATION, path, "expected the user name, got nothing");
    size_t user_length = od_value_length(user);
    if (memchr(od_value_string(user), ':', user_length) != NULL)
        return od__error_at(err, OD_VALIDATION, path, "expected a user name without a colon");
    const od_value *password = find_option(options, colon + 1, strlen(colon + 1), path);
    if (password == NULL)
        return od__error_at(err, OD_VALIDATION, path, "expected the password, got nothing");

    od_buffer plain;
    od__buffer_init(&plain, BASIC_BYTES);
    od__buffer_add(&plain, od_value_string(user), user_length);
    od__buffer_add_byte(&plain, ':');
    od__buffer_add(&plain, od_value_string(password), od_value_length(password));
    char *text = plain.failed ? NULL : od__alloc(sizeof(SCHEME) + 4 * ((plain.length + 2) / 3));
    if (text != NULL) {
        memcpy(text, SCHEME, sizeof(SCHEME));
        od__crypto_base64(plain.data, plain.length, text + sizeof(SCHEME) - 1);
    }
    bool too_long = plain.over_limit;
    od__buffer_wipe(&plain);
    if (too_long)
        return od__error_at(err, OD_VALIDATION, path, "expected user name and password of at most %d bytes together",
                            BASIC_BYTES - 1);
    if (text == NULL)
        return od__error_no_memory(err);
    *out = text;
    return OD_OK;
}

typedef struct basic_authorizer {
    od_authorizer base;
    char *value;
} basic_authorizer;

static od_apply basic_apply(od_authorizer *base, od_exchange *exchange) {
    const basic_authorizer *self = (const basic_authorizer *)base;
    od_status status = od__http_request_set_header(&exchange->request, "Authorization", self->value, true,
                                                   &exchange->error);
    return status == OD_OK ? OD_APPLY_READY : OD_APPLY_FAILED;
}

static void basic_free(od_authorizer *base) {
    basic_authorizer *self = (basic_authorizer *)base;
    od__secret_free(self->value);
    od__free(self);
}

static od_status basic_make(const struct od_authorizer_kind *kind, const od_authorizer_setup *setup,
                            od_authorizer **out, od_error *err) {
    basic_authorizer *self = od__calloc(1, sizeof(*self));
    if (self == NULL)
        return od__error_no_memory(err);
    self->base = (od_authorizer){ .apply = basic_apply, .free = basic_free };
    od_status status = od__basic_value(setup->options, kind->parameter, &self->value, err);
    if (status != OD_OK) {
        od__free(self);
        return status;
    }
    *out = &self->base;
    return OD_OK;
}

const struct od_authorizer_kind od_authorizer_basic = {
    .name = "basic",
    .parameter = "username|subdomain:password|api_token",
    .make = basic_make,
};
