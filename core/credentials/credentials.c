/* What all sources share: wiping, freeing, copying a value into its fixed place, and a fetch's result kept until asked. */
#include "credentials/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "crypto/crypto.h"

void od__credentials_wipe(od_credentials *credentials) {
    od__crypto_wipe(credentials, sizeof(*credentials));
}

void od__credential_source_free(od_credential_source *source) {
    if (source != NULL)
        source->free(source);
}

od_status od__credentials_copy(char *out, size_t out_bytes, const char *text, const char *source, const char *name,
                               od_error *err) {
    size_t length = strlen(text);
    if (length >= out_bytes)
        return od__error_set(err, OD_AUTHENTICATION, "%s: %s is longer than %zu bytes", source, name, out_bytes - 1);
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < 0x20 || byte == 0x7f)
            return od__error_set(err, OD_AUTHENTICATION, "%s: %s has a control character in it", source, name);
    }
    memcpy(out, text, length + 1);
    return OD_OK;
}

const char *od__credentials_env(const od_credential_setup *setup, const char *name) {
    const char *text = setup->get_env != NULL ? setup->get_env(name) : getenv(name);
    return text != NULL && text[0] != '\0' ? text : NULL;
}

bool od__credentials_env_is_true(const od_credential_setup *setup, const char *name) {
    const char *text = od__credentials_env(setup, name);
    return text != NULL && strcasecmp(text, "true") == 0;
}

od_status od__credentials_pass_error(od_error *err, const od_error *why) {
    if (err != NULL && err->code == OD_OK)
        *err = *why;
    return why->code;
}

/* ---- what a fetch led to ---- */

bool od__pending_get(od_pending *pending, od_credentials *out, bool *configured, bool *waiting, od_error *err,
                     od_status *status) {
    *waiting = pending->state == OD_PENDING_FETCHING;
    *configured = true;
    *status = OD_OK;
    if (pending->state != OD_PENDING_DONE)
        return *waiting;
    pending->state = OD_PENDING_NOTHING;
    if (pending->error.code != OD_OK) {
        *configured = pending->configured;
        *status = od__credentials_pass_error(err, &pending->error);
    } else {
        *out = pending->keys;
    }
    od__credentials_wipe(&pending->keys);
    return true;
}

void od__pending_start(od_pending *pending) {
    pending->state = OD_PENDING_FETCHING;
    pending->configured = true;
    od__error_clear(&pending->error);
    od__credentials_wipe(&pending->keys);
}

void od__pending_finish(od_pending *pending, od_credential_source *source) {
    pending->state = OD_PENDING_DONE;
    if (source->ready != NULL)
        source->ready(source->ready_context);
}
