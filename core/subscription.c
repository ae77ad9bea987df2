/* Notifications of a client: who has subscribed to what, the events that wait to be taken, and R19: a call that needs ears
 * goes out only while they hear. The session with the vendor is notifications/cometd's. */
#include "client.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "json/value.h"
#include "notifications/bayeux.h"
#include "notifications/cometd.h"

#define STANDS "/meta/subscribe"
#define RESYNC "/meta/resync"
/* Fetching stops at OD_LIMIT_EVENTS_WAITING and goes on when so many are left. */
#define FEW_WAITING (OD_LIMIT_EVENTS_WAITING / 2)

typedef struct kept_event {
    struct kept_event *next;
    od_value *value;
} kept_event;

typedef struct next_request {
    od_request base;
    od_subscription *subscription;
} next_request;

struct od_subscription {
    od_client *client;             /* NULL: it was freed */
    od_value *channels;
    bool wanting;                  /* the session has been told */
    bool open;                     /* it stood once: STANDS is among the events, or was */
    bool over;                     /* nothing more comes; error says why */
    od_error error;
    kept_event *first, *last;
    size_t count;
    next_request *waiting;
    od_job deliver;
    od_subscription *next, *previous;
};

typedef struct quiet_request {
    od_request base;
    od_hearing *hearing;           /* NULL: there is nothing to end */
    struct quiet_request *next;
    od_job job;
} quiet_request;

struct od_hearing {
    od_client *client;
    od_cometd *cometd;
    od_subscription *first;
    quiet_request *quiet;
};

/* ---- one subscription ---- */

static const char *channel_at(const od_subscription *self, size_t index) {
    return od_value_string(od_value_at(self->channels, index));
}

static bool covers(const od_subscription *self, const char *channel) {
    for (size_t i = 0; i < od_value_length(self->channels); i++)
        if (od__bayeux_covers(channel_at(self, i), channel))
            return true;
    return false;
}

static void post_delivery(od_subscription *self) {
    if (self->waiting != NULL)
        od__loop_post(self->client->engine->loop, &self->deliver);
}

static void stop_wanting(od_subscription *self) {
    if (!self->wanting)
        return;
    self->wanting = false;
    for (size_t i = 0; i < od_value_length(self->channels); i++)
        od__cometd_unwant(self->client->hearing->cometd, channel_at(self, i));
}

/* Nothing comes any more; what is kept can still be taken. */
static void finish_subscription(od_subscription *self, const od_error *error) {
    if (self->over)
        return;
    self->over = true;
    self->error = *error;
    stop_wanting(self);
    post_delivery(self);
}

static void keep(od_subscription *self, const od_value *value, bool at_front) {
    kept_event *event = self->over ? NULL : od__alloc(sizeof(*event));
    if (event == NULL || value == NULL) {
        od_error error = OD_ERROR_INIT;
        od__free(event);
        od__error_no_memory(&error);
        finish_subscription(self, &error);
        return;
    }
    *event = (kept_event){ .value = od_value_ref(value), .next = at_front ? self->first : NULL };
    if (at_front)
        self->first = event;
    else if (self->last != NULL)
        self->last->next = event;
    else
        self->first = event;
    if (event->next == NULL)
        self->last = event;
    self->count++;
    post_delivery(self);
}

static od_value *take_event(od_subscription *self) {
    kept_event *event = self->first;
    if (event == NULL)
        return NULL;
    od_value *value = event->value;
    self->first = event->next;
    if (self->first == NULL)
        self->last = NULL;
    self->count--;
    od__free(event);
    return value;
}

static od_value *make_event(const char *channel, const od_value *data) {
    od_value *event = od_value_new_object();
    od_status status = event != NULL ? od_value_set(event, "channel", od_value_new_string(channel), NULL)
                                     : OD_OUT_OF_MEMORY;
    if (status == OD_OK && data != NULL)
        status = od_value_set(event, "data", od_value_ref(data), NULL);
    if (status != OD_OK) {
        od_value_unref(event);
        return NULL;
    }
    return event;
}

static void open_subscription(od_subscription *self) {
    od_value *event = make_event(STANDS, NULL);
    self->open = true;
    keep(self, event, true);
    od_value_unref(event);
}

static void close_waiting(od_subscription *self, od_status code, const char *why) {
    next_request *waiting = self->waiting;
    if (waiting == NULL)
        return;
    self->waiting = NULL;
    waiting->subscription = NULL;
    od__error_set(&waiting->base.error, code, "%s", why);
    od__request_finish(&waiting->base, NULL);
}

/* A request that its caller let go of takes no event. */
static void drop_abandoned(od_subscription *self) {
    if (self->waiting != NULL && self->waiting->base.abandoned)
        close_waiting(self, OD_CANCELED, "the request was let go of");
}

/* Finishes the request for the next event, if there is one, or none will come. */
static void deliver(void *context) {
    od_subscription *self = context;
    drop_abandoned(self);
    next_request *waiting = self->waiting;
    od_value *event = waiting != NULL && (self->open || self->over) ? take_event(self) : NULL;
    if (waiting == NULL || (event == NULL && !self->over))
        return;
    if (event == NULL)
        waiting->base.error = self->error;
    else if (self->count == FEW_WAITING)
        od__cometd_resume(self->client->hearing->cometd);
    self->waiting = NULL;
    waiting->subscription = NULL;
    od__request_finish(&waiting->base, event);
}

/* ---- what the session tells ---- */

static void on_event(void *context, const char *channel, const od_value *data) {
    od_hearing *self = context;
    od_value *event = make_event(channel, data);
    for (od_subscription *s = self->first; s != NULL; s = s->next)
        if (!s->over && covers(s, channel))
            keep(s, event, false);
    od_value_unref(event);
    od__follow_hear(self->client, channel, data);
}

static void on_resync(void *context) {
    od_hearing *self = context;
    od_value *event = make_event(RESYNC, NULL);
    for (od_subscription *s = self->first; s != NULL; s = s->next)
        if (!s->over && s->open)
            keep(s, event, false);
    od_value_unref(event);
    od__follow_hear(self->client, RESYNC, NULL);
}

static bool stands(const od_hearing *self, const od_subscription *subscription) {
    for (size_t i = 0; i < od_value_length(subscription->channels); i++)
        if (!od__cometd_hears(self->cometd, channel_at(subscription, i)))
            return false;
    return true;
}

static void on_changed(void *context) {
    od_hearing *self = context;
    bool opened = false;
    for (od_subscription *s = self->first; s != NULL; s = s->next) {
        if (s->open || s->over || !stands(self, s))
            continue;
        open_subscription(s);
        opened = true;
    }
    if (opened) /* what a call did before was not heard */
        od__follow_hear(self->client, RESYNC, NULL);
    for (quiet_request *quiet = self->quiet; quiet != NULL; quiet = quiet->next)
        od__loop_post(self->client->engine->loop, &quiet->job);
}

static void on_refused(void *context, const char *channel, const od_error *error) {
    od_hearing *self = context;
    for (od_subscription *s = self->first; s != NULL; s = s->next)
        for (size_t i = 0; i < od_value_length(s->channels); i++)
            if (strcmp(channel_at(s, i), channel) == 0)
                finish_subscription(s, error);
}

static void on_ended(void *context, const od_error *error) {
    od_hearing *self = context;
    for (od_subscription *s = self->first; s != NULL; s = s->next) {
        s->wanting = false; /* the session has forgotten all channels */
        finish_subscription(s, error);
    }
}

static bool is_full(void *context) {
    const od_hearing *self = context;
    for (const od_subscription *s = self->first; s != NULL; s = s->next)
        if (s->count >= OD_LIMIT_EVENTS_WAITING)
            return true;
    return false;
}

static void on_log(void *context, od_log_level level, const char *text) {
    const od_hearing *self = context;
    od__client_log(self->client, level, "%s", text);
}

static od_status make_hearing(od_client *client, od_error *err) {
    const od_notifications *notifications = client->vendor->notifications;
    const od_value *option = notifications->path_option != NULL ? od_value_get(client->options, notifications->path_option)
                                                                : NULL;
    const char *path = option != NULL ? od_value_string(option) : notifications->path;
    char url[OD_LIMIT_URL_BYTES];
    int length = snprintf(url, sizeof(url), "%s%s", client->plan.base_url, path);
    if (length < 0 || (size_t)length >= sizeof(url))
        return od__error_set(err, OD_VALIDATION, "the address of the notifications is longer than %zu bytes",
                             sizeof(url) - 1);
    od_hearing *self = od__calloc(1, sizeof(*self));
    if (self == NULL)
        return od__error_no_memory(err);
    self->client = client;
    const od_cometd_setup setup = {
        .loop = client->engine->loop, .transport = client->authorizing, .url = url, .context = self, .event = on_event,
        .resync = on_resync, .changed = on_changed, .refused = on_refused, .ended = on_ended, .full = is_full,
        .log = on_log,
    };
    od_status status = od__cometd_new(&setup, &self->cometd, err);
    if (status != OD_OK) {
        od__free(self);
        return status;
    }
    client->hearing = self;
    return OD_OK;
}

/* ---- subscribing ---- */

static od_status check_channels(const od_value *channels, od_error *err) {
    char got[96], path[32];
    size_t count = od_value_length(channels);
    if (od_value_type(channels) != OD_TYPE_ARRAY || count == 0 || count > OD_LIMIT_CHANNELS) {
        od__value_describe(channels, got, sizeof(got));
        return od__error_set(err, OD_VALIDATION, "expected a list of 1 to %d channels, got %s", OD_LIMIT_CHANNELS, got);
    }
    for (size_t i = 0; i < count; i++) {
        const od_value *channel = od_value_at(channels, i);
        const char *text = od_value_string(channel);
        if (text != NULL && strlen(text) == od_value_length(channel) && od__bayeux_is_channel(text))
            continue;
        snprintf(path, sizeof(path), "/%zu", i);
        od__value_describe(channel, got, sizeof(got));
        return od__error_at(err, OD_VALIDATION, path, "expected a channel such as /a/b or /a/*, got %s", got);
    }
    return OD_OK;
}

static od_status want_all(od_subscription *self, od_error *err) {
    od_cometd *cometd = self->client->hearing->cometd;
    for (size_t i = 0; i < od_value_length(self->channels); i++) {
        od_status status = od__cometd_want(cometd, channel_at(self, i), err);
        if (status == OD_OK)
            continue;
        while (i-- > 0)
            od__cometd_unwant(cometd, channel_at(self, i));
        return status;
    }
    self->wanting = true;
    return OD_OK;
}

od_status od_client_subscribe(od_client *client, const od_value *channels, od_subscription **out, od_error *err) {
    *out = NULL;
    if (client->vendor->notifications == NULL)
        return od__error_set(err, OD_VALIDATION, "%s has no notifications", client->vendor->name);
    od_status status = check_channels(channels, err);
    if (status == OD_OK && client->hearing == NULL)
        status = make_hearing(client, err);
    if (status != OD_OK || client->hearing == NULL)
        return status;
    od_subscription *self = od__calloc(1, sizeof(*self));
    if (self == NULL)
        return od__error_no_memory(err);
    self->client = client;
    self->deliver = (od_job){ .fn = deliver, .context = self };
    self->channels = od__value_copy(channels);
    status = self->channels != NULL ? want_all(self, err) : od__error_no_memory(err);
    if (status != OD_OK) {
        od_value_unref(self->channels);
        od__free(self);
        return status;
    }
    self->next = client->hearing->first;
    if (self->next != NULL)
        self->next->previous = self;
    client->hearing->first = self;
    if (stands(client->hearing, self))
        open_subscription(self);
    *out = self;
    return OD_OK;
}

static void unlist(od_subscription *self) {
    if (self->previous != NULL)
        self->previous->next = self->next;
    else
        self->client->hearing->first = self->next;
    if (self->next != NULL)
        self->next->previous = self->previous;
    self->next = self->previous = NULL;
}

void od_subscription_free(od_subscription *self) {
    if (self == NULL)
        return;
    if (self->client != NULL) {
        od__loop_unpost(self->client->engine->loop, &self->deliver);
        stop_wanting(self);
        unlist(self);
        od__cometd_resume(self->client->hearing->cometd); /* it may have been the slow one */
        close_waiting(self, OD_CLOSED, "the subscription was ended");
    }
    for (od_value *event; (event = take_event(self)) != NULL;)
        od_value_unref(event);
    od_value_unref(self->channels);
    od__free(self);
}

/* ---- the next event ---- */

static void cancel_next(od_request *request, od_status code) {
    od_subscription *self = ((next_request *)request)->subscription;
    close_waiting(self, code, code == OD_CLOSED ? "the engine was closed" : "the request was canceled");
}

static void free_next(od_request *request) {
    od__free(request);
}

od_status od_subscription_next(od_subscription *self, od_request **out, od_error *err) {
    static const od_request_kind kind = { .cancel = cancel_next, .free = free_next };
    if (out != NULL)
        *out = NULL;
    if (self->client == NULL)
        return od__error_set(err, OD_CLOSED, "the client was closed");
    drop_abandoned(self);
    if (self->waiting != NULL)
        return od__error_set(err, OD_VALIDATION, "a request for the next event is under way already");
    next_request *request = od__calloc(1, sizeof(*request));
    if (request == NULL)
        return od__error_no_memory(err);
    request->subscription = self;
    self->waiting = request;
    od__request_init(&request->base, &kind, self->client->engine, NULL);
    od__request_hand_out(&request->base, out);
    post_delivery(self);
    return OD_OK;
}

/* ---- ending all ---- */

static void forget_quiet(quiet_request *self) {
    quiet_request **place = self->hearing != NULL ? &self->hearing->quiet : NULL;
    while (place != NULL && *place != self)
        place = &(*place)->next;
    if (place != NULL)
        *place = self->next;
    self->hearing = NULL;
}

static void check_quiet(void *context) {
    quiet_request *self = context;
    if (self->hearing != NULL && !od__cometd_is_idle(self->hearing->cometd))
        return;
    forget_quiet(self);
    od__request_finish(&self->base, NULL);
}

static void cancel_quiet(od_request *request, od_status code) {
    quiet_request *self = (quiet_request *)request;
    od__loop_unpost(request->engine->loop, &self->job);
    forget_quiet(self);
    od__error_set(&request->error, code, "%s", code == OD_CLOSED ? "the client or engine was closed"
                                                                 : "the request was canceled");
    od__request_finish(request, NULL);
}

od_status od_client_unsubscribe(od_client *client, od_request **out, od_error *err) {
    static const od_request_kind kind = { .cancel = cancel_quiet, .free = free_next };
    od_hearing *hearing = client->hearing;
    od_error ended = OD_ERROR_INIT;
    if (out != NULL)
        *out = NULL;
    quiet_request *self = od__calloc(1, sizeof(*self));
    if (self == NULL)
        return od__error_no_memory(err);
    od__error_set(&ended, OD_CLOSED, "the subscription was ended");
    for (od_subscription *s = hearing != NULL ? hearing->first : NULL; s != NULL; s = s->next)
        finish_subscription(s, &ended);
    self->job = (od_job){ .fn = check_quiet, .context = self };
    self->hearing = hearing;
    if (hearing != NULL) {
        self->next = hearing->quiet;
        hearing->quiet = self;
    }
    od__request_init(&self->base, &kind, client->engine, NULL);
    od__request_hand_out(&self->base, out);
    od__loop_post(client->engine->loop, &self->job);
    return OD_OK;
}

void od__hearing_free(od_client *client) {
    od_hearing *self = client->hearing;
    if (self == NULL)
        return;
    while (self->quiet != NULL)
        cancel_quiet(&self->quiet->base, OD_CLOSED);
    while (self->first != NULL) {
        od_subscription *subscription = self->first;
        od__loop_unpost(client->engine->loop, &subscription->deliver);
        close_waiting(subscription, OD_CLOSED, "the client was closed");
        unlist(subscription);
        subscription->client = NULL;
    }
    od__cometd_free(self->cometd);
    od__free(self);
    client->hearing = NULL;
}

bool od__hearing_covers(const od_client *client, const char *channel) {
    for (const od_subscription *s = client->hearing != NULL ? client->hearing->first : NULL; s != NULL; s = s->next)
        if (!s->over && covers(s, channel))
            return true;
    return false;
}

/* ---- R19 ---- */

od_status od__hearing_allows(const od_client *client, const char *channel, unsigned generation, od_error *err) {
    const od_hearing *self = client->hearing;
    bool subscribed = false, live = false;
    for (const od_subscription *s = self != NULL ? self->first : NULL; s != NULL; s = s->next) {
        bool this_one = covers(s, channel);
        subscribed = subscribed || this_one;
        live = live || (this_one && !s->over);
    }
    if (!subscribed)
        return OD_OK;
    bool same = od__cometd_generation(self->cometd) == generation;
    if (live && same && od__cometd_hears(self->cometd, channel))
        return OD_OK;
    if (!same)
        od__cometd_check(self->cometd);
    od_status status = od__error_set(err, OD_UNAVAILABLE, "not sent: no events of %s arrive now", channel);
    if (err != NULL)
        err->retryable = true;
    return status;
}
