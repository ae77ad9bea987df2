/* A session as a whole: beginning, being replaced, ending; and what its owner calls. */
#include "notifications/cometd_internal.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "crypto/crypto.h"

/* ---- ending and beginning ---- */

static void take_back(od_exchange *exchange, bool *on_its_way) {
    if (!*on_its_way)
        return;
    *on_its_way = false;
    od__exchange_cancel(exchange, OD_CANCELED, "the session ended");
    od__exchange_clear(exchange);
}

/* Stops all that is on its way, and forgets the session at the server. */
static void drop_session(od_cometd *self) {
    take_back(&self->poll, &self->polling);
    take_back(&self->command, &self->commanding);
    od__loop_timer_stop(self->setup.loop, &self->poll_timer);
    od__loop_timer_stop(self->setup.loop, &self->command_timer);
    od__topics_forget(&self->topics);
    od__crypto_wipe(self->client_id, sizeof(self->client_id)); /* whoever has it can listen */
    self->advice = (od_bayeux_advice)OD_BAYEUX_ADVICE_INIT;
    self->acknowledges = false;
    self->batch = -1;
    self->held = self->doubted = false;
    self->fresh = self->at_once = true;
    self->command_backoff_ms = 0;
    self->failed_since_us = 0;
    self->unreadable = self->quick = 0;
}

void od__cometd_become_idle(od_cometd *self) {
    drop_session(self);
    self->stage = OD_COMETD_IDLE;
    self->stood = self->gap = false;
    self->backoff_ms = 0;
    self->failures = 0;
    od__cometd_set_connected(self, false);
}

void od__cometd_end(od_cometd *self, const od_error *error) {
    od_error copy = *error; /* it may be that of an exchange */
    od__cometd_log(self, OD_LOG_WARNING, "ended", &copy, -1);
    od__topics_clear(&self->topics);
    od__cometd_become_idle(self);
    self->setup.ended(self->setup.context, &copy);
}

static void command_due(void *context) {
    od__cometd_tell_topics(context);
}

static void poll_due(void *context) {
    od_cometd *self = context;
    if (self->stage == OD_COMETD_HANDSHAKE)
        od__cometd_handshake(self);
    else
        od__cometd_connect(self);
}

void od__cometd_wait_then_poll(od_cometd *self, int64_t pause_ms) {
    od_error error = OD_ERROR_INIT;
    if (pause_ms <= 0) {
        poll_due(self);
        return;
    }
    int64_t due_us = od__loop_now_us(self->setup.loop) + pause_ms * 1000;
    if (od__loop_timer_start(self->setup.loop, &self->poll_timer, due_us, &error) != OD_OK)
        od__cometd_end(self, &error);
}

void od__cometd_make_session(od_cometd *self, int64_t pause_ms) {
    bool had_one = self->stood;
    drop_session(self);
    self->stage = OD_COMETD_HANDSHAKE;
    self->gap = self->gap || had_one;
    od__cometd_set_connected(self, false);
    od__cometd_wait_then_poll(self, pause_ms);
}

/* Counts a failure. Returns false if it was one too many, and the end. */
bool od__cometd_go_on_after(od_cometd *self, const od_error *error) {
    self->failures++;
    if (!self->stood && self->failures >= OD_COMETD_OPENING_TRIES) {
        od__cometd_end(self, error);
        return false;
    }
    self->backoff_ms += OD_COMETD_BACKOFF_MS;
    if (self->backoff_ms > OD_COMETD_BACKOFF_MOST_MS)
        self->backoff_ms = OD_COMETD_BACKOFF_MOST_MS;
    return true;
}

/* The server has lost the session. A new one is made at once, but not over and over: a session in which no connect ever
 * succeeds must not make the next one in no time. */
void od__cometd_replace_session(od_cometd *self, const od_error *error) {
    if (!self->fresh) {
        od__cometd_log(self, OD_LOG_INFO, "the session is lost", error, -1);
        self->backoff_ms = 0;
        od__cometd_make_session(self, 0);
    } else if (od__cometd_go_on_after(self, error)) {
        od__cometd_log(self, OD_LOG_INFO, "the session", error, self->backoff_ms);
        od__cometd_make_session(self, self->backoff_ms);
    }
}

static void leave(od_cometd *self) {
    if (self->stage == OD_COMETD_HANDSHAKE) {
        od__cometd_become_idle(self);
    } else if (self->stage == OD_COMETD_SUBSCRIBE || self->stage == OD_COMETD_CONNECT) {
        char client_id[OD_BAYEUX_CLIENT_ID_BYTES];
        memcpy(client_id, self->client_id, sizeof(client_id));
        drop_session(self);
        self->stage = OD_COMETD_DISCONNECT;
        od__cometd_set_connected(self, false);
        od__cometd_say_goodbye(self, client_id);
        od__crypto_wipe(client_id, sizeof(client_id));
    }
}

/* Takes the parked connect back, whose answer may have been on the way, and sends one that is answered at once. */
static void ask_again(od_cometd *self) {
    self->doubted = false;
    if (self->stage != OD_COMETD_CONNECT || !self->polling || self->at_once)
        return;
    take_back(&self->poll, &self->polling);
    self->gap = self->gap || !self->acknowledges;
    self->at_once = true;
    od__cometd_set_connected(self, false);
    od__cometd_connect(self);
}

/* Compares what is wanted with what is. */
static void on_plan(void *context) {
    od_cometd *self = context;
    if (!od__topics_any_wanted(&self->topics)) {
        leave(self);
    } else if (self->stage == OD_COMETD_IDLE) {
        od__cometd_make_session(self, 0);
    } else if (self->stage == OD_COMETD_SUBSCRIBE || self->stage == OD_COMETD_CONNECT) {
        od__cometd_tell_topics(self);
    }
    if (self->doubted)
        ask_again(self);
    if (self->held && self->stage == OD_COMETD_CONNECT && !self->setup.full(self->setup.context)) {
        self->held = false;
        od__cometd_wait_then_poll(self, self->advice.interval_ms);
    }
}

/* ---- for the owner ---- */

od_status od__cometd_new(const od_cometd_setup *setup, od_cometd **out, od_error *err) {
    od_cometd *self = od__calloc(1, sizeof(*self));
    *out = NULL;
    if (self == NULL)
        return od__error_no_memory(err);
    self->setup = *setup;
    self->url = od__strdup(setup->url);
    if (self->url == NULL) {
        od__free(self);
        return od__error_no_memory(err);
    }
    self->poll_timer = (od_timer){ .fn = poll_due, .context = self };
    self->command_timer = (od_timer){ .fn = command_due, .context = self };
    self->plan = (od_job){ .fn = on_plan, .context = self };
    drop_session(self);
    *out = self;
    return OD_OK;
}

void od__cometd_free(od_cometd *self) {
    if (self == NULL)
        return;
    od__loop_unpost(self->setup.loop, &self->plan);
    drop_session(self);
    od__topics_clear(&self->topics);
    od__free(self->url);
    od__free(self);
}

od_status od__cometd_want(od_cometd *self, const char *channel, od_error *err) {
    od_status status = od__topics_want(&self->topics, channel, err);
    if (status == OD_OK)
        od__loop_post(self->setup.loop, &self->plan);
    return status;
}

void od__cometd_unwant(od_cometd *self, const char *channel) {
    od__topics_unwant(&self->topics, channel);
    od__loop_post(self->setup.loop, &self->plan);
}

void od__cometd_resume(od_cometd *self) {
    if (self->held)
        od__loop_post(self->setup.loop, &self->plan);
}

void od__cometd_check(od_cometd *self) {
    self->doubted = true;
    od__loop_post(self->setup.loop, &self->plan);
}

bool od__cometd_hears(const od_cometd *self, const char *channel) {
    return self->connected && od__topics_hear(&self->topics, channel);
}

unsigned od__cometd_generation(const od_cometd *self) {
    return self->generation;
}

bool od__cometd_is_idle(const od_cometd *self) {
    return self->stage == OD_COMETD_IDLE && !od__topics_any_wanted(&self->topics);
}
