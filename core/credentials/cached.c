/* Keeps one generation of keys and gets the next in time: once for all who ask, and only whole ones. */
#include "credentials/internal.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

#define ADVISORY_MS (15 * 60 * 1000)     /* before the end: a fetch goes on beside, and may fail */
#define MANDATORY_MS (10 * 60 * 1000)    /* before the end: everybody waits for the fetch */
#define AGAIN_MS (60 * 1000)             /* from a failed fetch that was tolerated to the next one */
#define STABLE_MIN_MS (5 * 60 * 1000)    /* for keys that go on being used past their end */
#define STABLE_MORE_MS (5 * 60 * 1000)

typedef struct cached_source {
    od_credential_source base;
    od_credential_setup setup;
    od_credential_source *inner;
    bool stable;
    bool has_keys;
    od_credentials keys, fresh;    /* fresh: what inner writes to, and nobody reads before it is whole */
    int64_t advisory_ms;           /* Unix time from which a fetch goes on beside */
    int64_t mandatory_ms;          /* Unix time from which the keys are not given out any more */
    bool fetching;
    bool telling;                  /* those who waited are being told: they hear of `failed`, not of a new fetch */
    od_error failed;
    bool failed_configured;
} cached_source;

static int64_t now_of(const cached_source *self) {
    return od__clock_wall_ms(self->setup.clock);
}

static void warn(const cached_source *self, const char *what, const char *why) {
    char text[OD_ERROR_MESSAGE_BYTES];
    if (self->setup.warn == NULL)
        return;
    snprintf(text, sizeof(text), "%s: %.400s", what, why);
    self->setup.warn(self->setup.warn_context, text);
}

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* Until when keys are good without looking again. What lives shortly is given out for a fair part of its life too. */
static void set_times(cached_source *self, int64_t now_ms) {
    int64_t end_ms = self->keys.expires_ms;
    if (end_ms == 0) {
        self->advisory_ms = self->mandatory_ms = INT64_MAX;
        return;
    }
    int64_t life_ms = end_ms - now_ms;
    self->advisory_ms = end_ms - smaller(ADVISORY_MS, life_ms / 2);
    self->mandatory_ms = end_ms - smaller(MANDATORY_MS, life_ms / 3);
}

/* The old ones stay, whatever they say of their end: what hands them out has promised to accept them. */
static void keep_going(cached_source *self, int64_t now_ms) {
    int64_t more_ms = (int64_t)(od__clock_random_unit(self->setup.clock) * STABLE_MORE_MS);
    self->advisory_ms = now_ms + STABLE_MIN_MS + more_ms;
    self->mandatory_ms = INT64_MAX;
}

/* Takes what inner gave. Returns false, with why filled, if it is no good. */
static bool take_fresh(cached_source *self, od_error *why) {
    int64_t now_ms = now_of(self);
    bool is_over = self->fresh.expires_ms != 0 && self->fresh.expires_ms <= now_ms;
    if (is_over && !self->stable) {
        (void)od__error_set(why, OD_AUTHENTICATION, "%s: the keys that came were expired already", self->inner->name);
        od__credentials_wipe(&self->fresh);
        return false;
    }
    self->keys = self->fresh;
    self->has_keys = true;
    od__credentials_wipe(&self->fresh);
    set_times(self, now_ms);
    if (is_over) {
        keep_going(self, now_ms);
        warn(self, "keys are used past their end", self->inner->name);
    }
    return true;
}

/* Returns whether the failure may be tolerated because there are keys to go on with. */
static bool tolerates(cached_source *self, const od_error *why) {
    int64_t now_ms = now_of(self);
    if (!self->has_keys || (!self->stable && now_ms >= self->mandatory_ms))
        return false;
    if (self->stable)
        keep_going(self, now_ms);
    else
        self->advisory_ms = now_ms + AGAIN_MS;
    warn(self, "new keys did not come, the old ones are used on", why->message);
    return true;
}

/* Asks inner once. Returns what the caller's get returns if nothing has to be waited for. */
static od_status ask(cached_source *self, bool *configured, bool *waiting, od_error *err) {
    od_error why = OD_ERROR_INIT;
    od_status status = self->inner->get(self->inner, &self->fresh, configured, waiting, &why);
    self->fetching = status == OD_OK && *waiting;
    if (self->fetching)
        return OD_OK;
    if (status == OD_OK && take_fresh(self, &why))
        return OD_OK;
    return tolerates(self, &why) ? OD_OK : od__credentials_pass_error(err, &why);
}

static void inner_ready(void *context) {
    cached_source *self = context;
    bool waiting = false;
    if (!self->fetching)
        return;
    od__error_clear(&self->failed);
    (void)ask(self, &self->failed_configured, &waiting, &self->failed);
    if (waiting)
        return;
    self->telling = true;
    if (self->base.ready != NULL)
        self->base.ready(self->base.ready_context);
    self->telling = false;
}

/* Field by field: the token's place is large and mostly empty. */
static void copy_out(const cached_source *self, od_credentials *out) {
    const od_credentials *keys = &self->keys;
    memcpy(out->access_key_id, keys->access_key_id, strlen(keys->access_key_id) + 1);
    memcpy(out->secret_access_key, keys->secret_access_key, strlen(keys->secret_access_key) + 1);
    memcpy(out->session_token, keys->session_token, strlen(keys->session_token) + 1);
    out->expires_ms = keys->expires_ms;
}

static od_status cached_get(od_credential_source *base, od_credentials *out, bool *configured, bool *waiting,
                            od_error *err) {
    cached_source *self = (cached_source *)base;
    int64_t now_ms = now_of(self);
    *configured = true;
    *waiting = false;
    if (self->telling && self->failed.code != OD_OK) {
        *configured = self->failed_configured;
        return od__credentials_pass_error(err, &self->failed);
    }
    bool good = self->has_keys && now_ms < self->mandatory_ms;
    if (!self->fetching && (!good || now_ms >= self->advisory_ms)) {
        bool asked_waits = false;
        od_status status = ask(self, configured, &asked_waits, err);
        if (status != OD_OK)
            return status;
        *configured = true;
        good = self->has_keys && now_ms < self->mandatory_ms;
    }
    if (!good && self->fetching) {
        *waiting = true;
        return OD_OK;
    }
    copy_out(self, out);
    return OD_OK;
}

/* Keys that the vendor called expired are given to nobody any more, unless they are new. */
static void cached_rejected(od_credential_source *base) {
    cached_source *self = (cached_source *)base;
    if (self->fetching || !self->has_keys)
        return;
    od__credentials_wipe(&self->keys);
    self->has_keys = false;
    if (self->inner->rejected != NULL)
        self->inner->rejected(self->inner);
}

static void cached_free(od_credential_source *base) {
    cached_source *self = (cached_source *)base;
    od__credential_source_free(self->inner);
    od__credentials_wipe(&self->keys);
    od__credentials_wipe(&self->fresh);
    od__free(self);
}

od_status od__credentials_cached_new(const od_credential_setup *setup, od_credential_source *inner, bool stable,
                                     od_credential_source **out, od_error *err) {
    cached_source *self = od__calloc(1, sizeof(*self));
    if (self == NULL) {
        od__credential_source_free(inner);
        return od__error_no_memory(err);
    }
    self->base = (od_credential_source){ .name = inner->name, .get = cached_get, .free = cached_free,
                                         .rejected = cached_rejected };
    self->setup = *setup;
    self->inner = inner;
    self->stable = stable;
    inner->ready = inner_ready;
    inner->ready_context = self;
    *out = &self->base;
    return OD_OK;
}
