/* Several sources as one: the first that is configured wins, and if it fails the failure stands. */
#include "credentials/internal.h"

#include "base/error.h"
#include "base/memory.h"

#define CHAIN_SOURCES 8
#define NOBODY CHAIN_SOURCES

typedef struct chain_source {
    od_credential_source base;
    size_t count;
    size_t chosen;             /* who gave keys last, or is fetching them */
    od_credential_source *sources[CHAIN_SOURCES];
} chain_source;

static void source_ready(void *context) {
    chain_source *self = context;
    if (self->base.ready != NULL)
        self->base.ready(self->base.ready_context);
}

/* Asks one. Returns whether that settles it: with keys, a wait, or an error that stands (then *status is not OD_OK). */
static bool ask(chain_source *self, size_t index, od_credentials *out, bool *configured, bool *waiting, od_status *status,
                od_error *why) {
    od_credential_source *source = self->sources[index];
    bool here = false;
    od__error_clear(why);
    *status = source->get(source, out, &here, waiting, why);
    /* Out of memory is nobody's "nothing here": only a source that says so is passed over. */
    bool settled = *status == OD_OK || here || *status != OD_AUTHENTICATION;
    *configured = *status == OD_OK || here;
    self->chosen = settled && *configured ? index : NOBODY;
    return settled;
}

/* Why the last of all has nothing is told too: it is the one that had to be asked for it. */
static od_status nothing_found(const od_error *last, od_error *err) {
    return od__error_set(err, OD_AUTHENTICATION,
                         "no AWS credentials: give credentials = { access_key_id, secret_access_key } or set "
                         "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (%.200s)", last->message);
}

static od_status chain_get(od_credential_source *base, od_credentials *out, bool *configured, bool *waiting,
                           od_error *err) {
    chain_source *self = (chain_source *)base;
    od_error why = OD_ERROR_INIT, last = OD_ERROR_INIT;
    od_status status = OD_OK;
    size_t asked = self->chosen;
    *configured = false;
    *waiting = false;
    if (asked != NOBODY && ask(self, asked, out, configured, waiting, &status, &why))
        return status == OD_OK ? OD_OK : od__credentials_pass_error(err, &why);
    if (asked + 1 == self->count)
        last = why;
    /* It has nothing (any more): from the first on, each is asked. */
    for (size_t i = 0; i < self->count; i++) {
        if (i == asked)
            continue;
        if (ask(self, i, out, configured, waiting, &status, &why))
            return status == OD_OK ? OD_OK : od__credentials_pass_error(err, &why);
        if (i + 1 == self->count)
            last = why;
    }
    *configured = false;
    *waiting = false;
    return nothing_found(&last, err);
}

static void chain_rejected(od_credential_source *base) {
    chain_source *self = (chain_source *)base;
    od_credential_source *source = self->chosen != NOBODY ? self->sources[self->chosen] : NULL;
    if (source != NULL && source->rejected != NULL)
        source->rejected(source);
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
    self->base = (od_credential_source){ .name = "chain", .get = chain_get, .free = chain_free,
                                         .rejected = chain_rejected };
    self->count = count;
    self->chosen = NOBODY;
    for (size_t i = 0; i < count; i++) {
        self->sources[i] = sources[i];
        sources[i]->ready = source_ready;
        sources[i]->ready_context = self;
    }
    *out = &self->base;
    return OD_OK;
}
