/* The requests that follow one another: handshake, then connect over and over. */
#include "notifications/cometd_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

static bool find_reply(const od_cometd_answer *a, od_bayeux_kind kind, const char *id, od_bayeux_message *out) {
    for (size_t i = 0; i < od_value_length(a->messages); i++) {
        od__bayeux_read(a->messages, i, out);
        if (out->kind == kind && (out->id[0] == '\0' || strcmp(out->id, id) == 0))
            return true;
    }
    return false;
}

/* ---- handshake ---- */

static void handshake_failed(od_cometd *self, const od_error *error) {
    if (!od__cometd_go_on_after(self, error))
        return;
    od__cometd_log(self, OD_LOG_INFO, "handshake", error, self->backoff_ms);
    od__cometd_wait_then_poll(self, self->backoff_ms);
}

static void refuse_handshake(od_cometd *self, const od_bayeux_message *reply) {
    od_error error = OD_ERROR_INIT;
    od__cometd_set_refusal(&error, reply, "handshake");
    if (reply->has_advice && reply->advice.reconnect == OD_BAYEUX_NEVER)
        od__cometd_end(self, &error);
    else
        handshake_failed(self, &error);
}

static void read_handshake(od_cometd *self, const od_cometd_answer *a) {
    od_bayeux_message reply;
    od_error error = OD_ERROR_INIT;
    /* A fresh session may be refused because a request beside this one has made another, whose cookie came last. But asking
     * on and on may lock the account. */
    if (a->refused && (a->wrong_user || ++self->refusals >= OD_COMETD_REFUSED_TRIES)) {
        od__cometd_end(self, &a->error);
        return;
    }
    if (a->error.code != OD_OK) {
        handshake_failed(self, &a->error);
        return;
    }
    bool there = find_reply(a, OD_BAYEUX_HANDSHAKE, self->poll_id, &reply);
    if (there && !reply.successful) {
        refuse_handshake(self, &reply);
    } else if (!there || reply.client_id == NULL) {
        od__error_set(&error, OD_PROTOCOL, "handshake: the answer has no %s", there ? "clientId" : "reply to it");
        handshake_failed(self, &error);
    } else if (reply.without_long_polling) {
        od__error_set(&error, OD_PROTOCOL, "handshake: the server offers no long polling");
        od__cometd_end(self, &error);
    } else {
        snprintf(self->client_id, sizeof(self->client_id), "%s", reply.client_id);
        if (reply.has_advice)
            self->advice = reply.advice;
        self->acknowledges = reply.acknowledges;
        self->batch = reply.acknowledges ? (reply.batch >= 0 ? reply.batch : 0) : -1;
        self->stage = OD_COMETD_SUBSCRIBE;
        od__cometd_tell_topics(self);
    }
}

/* ---- connect ---- */

static void connect_failed(od_cometd *self, const od_cometd_answer *a) {
    int64_t now_us = od__loop_now_us(self->setup.loop);
    const od_bayeux_advice *advice = &self->advice;
    /* The answer may have been on its way back, with events that only the extension would send again. */
    if (self->stood && a->sent && !self->acknowledges)
        self->gap = true;
    if (!od__cometd_go_on_after(self, &a->error))
        return;
    if (self->failed_since_us == 0)
        self->failed_since_us = now_us;
    self->unreadable = a->error.code == OD_PROTOCOL ? self->unreadable + 1 : 0;
    int64_t absent_ms = (now_us - self->failed_since_us) / 1000 + self->backoff_ms;
    if (a->refused) {
        od__cometd_log(self, OD_LOG_INFO, "connect", &a->error, self->backoff_ms);
        od__cometd_make_session(self, self->backoff_ms);
    } else if (self->unreadable >= OD_COMETD_UNREADABLE_TRIES ||
               (advice->max_interval_ms > 0 &&
                absent_ms > advice->timeout_ms + advice->interval_ms + advice->max_interval_ms)) {
        od__cometd_log(self, OD_LOG_INFO, "the session is given up", &a->error, -1);
        self->backoff_ms = 0;
        od__cometd_make_session(self, 0);
    } else {
        int64_t pause_ms = advice->interval_ms + self->backoff_ms;
        od__cometd_log(self, OD_LOG_INFO, "connect", &a->error, pause_ms);
        od__cometd_set_connected(self, false);
        self->at_once = true; /* parked, it would leave it open for as long as nothing happens whether events arrive */
        od__cometd_wait_then_poll(self, pause_ms);
    }
}

static void connect_refused(od_cometd *self, const od_bayeux_message *reply) {
    od_cometd_answer a = { .error = OD_ERROR_INIT };
    od__cometd_set_refusal(&a.error, reply, "connect");
    if (reply->has_advice)
        self->advice = reply->advice;
    if (reply->has_advice && (reply->advice.reconnect == OD_BAYEUX_NEVER || reply->advice.interval_ms < 0))
        od__cometd_end(self, &a.error);
    else if (od__cometd_is_lost(self, reply))
        od__cometd_replace_session(self, &a.error);
    else
        connect_failed(self, &a);
}

/* How long to wait before the next connect. A server that answers each at once with nothing is not asked in a ring. */
static int64_t pause_before_connect(od_cometd *self, bool had_events, bool was_at_once) {
    int64_t took_ms = (od__loop_now_us(self->setup.loop) - self->polled_us) / 1000;
    self->quick = had_events || was_at_once || took_ms >= OD_COMETD_QUICK_MS ? 0 : self->quick + 1;
    bool ring = self->quick > OD_COMETD_QUICK_TRIES && self->advice.interval_ms < OD_COMETD_BACKOFF_MS;
    return ring ? OD_COMETD_BACKOFF_MS : self->advice.interval_ms;
}

static void connect_succeeded(od_cometd *self, const od_cometd_answer *a, const od_bayeux_message *reply) {
    od_error error = OD_ERROR_INIT;
    bool was_at_once = self->at_once;
    self->fresh = self->at_once = false;
    self->stood = true;
    self->failures = self->unreadable = self->refusals = 0;
    self->backoff_ms = self->failed_since_us = 0;
    self->generation = a->generation;
    if (self->acknowledges && reply->batch >= 0)
        self->batch = reply->batch;
    if (reply->has_advice)
        self->advice = reply->advice;
    if (!self->connected)
        od__cometd_set_connected(self, true);
    od__cometd_tell_resync(self);
    bool had_events = od__cometd_tell_events(self, a);
    if (self->advice.reconnect == OD_BAYEUX_NEVER || self->advice.interval_ms < 0) {
        od__error_set(&error, OD_CLOSED, "the server wants no further connect");
        od__cometd_end(self, &error);
    } else if (self->advice.reconnect == OD_BAYEUX_REHANDSHAKE) {
        od__cometd_make_session(self, self->advice.interval_ms);
    } else if (self->setup.full(self->setup.context)) {
        self->held = true;
    } else {
        od__cometd_wait_then_poll(self, pause_before_connect(self, had_events, was_at_once));
    }
}

static void read_connect(od_cometd *self, od_cometd_answer *a) {
    od_bayeux_message reply;
    if (a->error.code != OD_OK) {
        connect_failed(self, a);
        return;
    }
    if (!find_reply(a, OD_BAYEUX_CONNECT, self->poll_id, &reply)) {
        /* With the extension its events come again, with the reply. */
        if (!self->acknowledges)
            (void)od__cometd_tell_events(self, a);
        od__error_set(&a->error, OD_PROTOCOL, "connect: the answer has no reply to it");
        connect_failed(self, a);
    } else if (reply.successful) {
        connect_succeeded(self, a, &reply);
    } else {
        (void)od__cometd_tell_events(self, a);
        connect_refused(self, &reply);
    }
}

static void on_polled(void *context, od_exchange *exchange) {
    od_cometd *self = context;
    od_cometd_answer a;
    self->polling = false;
    od__cometd_read_answer(exchange, &a);
    if (self->stage == OD_COMETD_HANDSHAKE)
        read_handshake(self, &a);
    else
        read_connect(self, &a);
    od_value_unref(a.messages);
}

static void send_poll(od_cometd *self, int64_t timeout_ms) {
    self->polled_us = od__loop_now_us(self->setup.loop);
    self->polling = true;
    if (od__cometd_send(self, &self->poll, timeout_ms, on_polled) != OD_OK)
        on_polled(self, &self->poll);
}

void od__cometd_handshake(od_cometd *self) {
    od__cometd_next_id(self, self->poll_id);
    od__bayeux_handshake(od__cometd_begin(&self->poll), self->poll_id);
    send_poll(self, OD_COMETD_NETWORK_DELAY_MS);
}

/* The first connect of a session, and the first after one that failed, is answered at once, and so confirms it. */
void od__cometd_connect(od_cometd *self) {
    od__cometd_next_id(self, self->poll_id);
    od__bayeux_connect(od__cometd_begin(&self->poll), self->poll_id, self->client_id, self->at_once, self->batch);
    send_poll(self, OD_COMETD_NETWORK_DELAY_MS + (self->at_once ? 0 : self->advice.timeout_ms));
}

