/* Several sources as one: the first that is configured wins, and if it fails the failure stands. */
#include "credentials/credentials.h"

#include "base/error.h"
#include "base/memory.h"

#define CHAIN_SOURCES 8

typedef struct chain_source {
    od_credential_source base;
    size_t count;
    od_credential_source *sources[CHAIN_SOURCES];
} chain_source;

static void source_ready(void *context) {
    chain_source *self = context;
    if (self->base.ready != NULL)
        self->base.ready(self->base.ready_context);
}

static od_status chain_get(od_credential_source *base, od_credentials *out, bool *configured, bool *waiting,
                           od_error *err) {
    chain_source *self = (chain_source *)base;
    *configured = false;
    *waiting = false;
    for (size_t i = 0; i < self->count; i++) {
        od_credential_source *source = self->sources[i];
        od_error why = OD_ERROR_INIT;
        bool here = false;
        od_status status = source->get(source, out, &here, waiting, &why);
        if (status == OD_OK) {
            *configured = true;
            return OD_OK;
        }
        /* Out of memory is nobody's "nothing here": only a source that says so is passed over. */
        if (here || status != OD_AUTHENTICATION) {
            *configured = here;
            return od__error_set(err, status, "%s", why.message);
        }
    }
    return od__error_set(err, OD_AUTHENTICATION,
                         "no AWS credentials: give credentials = { access_key_id, secret_access_key } or set "
                         "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
}

static void chain_free(od_credential_source *base) {
    chain_source *self = (chain_source *)base;
    for (size_t i = 0; i < self->count; i++)
        od__credential_source_free(self->sources[i]);
    od__free(self);
}

od_status od__credentials_chain_new(od_credential_source **sources, size_t count, od_credential_source **out,
                                    od_error *err) {
    chain_source *self = count <= CHAIN_SOURCES ? od__calloc(1, sizeof(*self)) : NULL;
    if (self == NULL) {
        for (size_t i = 0; i < count; i++)
            od__credential_source_free(sources[i]);
        return count <= CHAIN_SOURCES
                   ? od__error_no_memory(err)
                   : od__error_set(err, OD_INTERNAL, "more than %d credential sources", CHAIN_SOURCES);
    }
    self->base = (od_credential_source){ .name = "chain", .get = chain_get, .free = chain_free };
    self->count = count;
    for (size_t i = 0; i < count; i++) {
        self->sources[i] = sources[i];
        sources[i]->ready = source_ready;
        sources[i]->ready_context = self;
    }
    *out = &self->base;
    return OD_OK;
}
