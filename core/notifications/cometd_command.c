/* The requests beside a parked connect: subscribe, unsubscribe, disconnect. */
#include "notifications/cometd_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* ---- subscribe, unsubscribe, disconnect ---- */

static void commands_failed(od_cometd *self, const od_cometd_answer *a) {
    od_error error = OD_ERROR_INIT;
    od__topics_take_back(&self->topics);
    if (self->stood && a->sent && !self->acknowledges)
        self->gap = true;
    if (a->refused) {
        od__cometd_replace_session(self, &a->error);
        return;
    }
    if (!self->stood && !od__cometd_go_on_after(self, &a->error))
        return;
    self->command_backoff_ms += OD_COMETD_BACKOFF_MS;
    if (self->command_backoff_ms > OD_COMETD_BACKOFF_MOST_MS)
        self->command_backoff_ms = OD_COMETD_BACKOFF_MOST_MS;
    od__cometd_log(self, OD_LOG_INFO, "subscribe", &a->error, self->command_backoff_ms);
    int64_t due_us = od__loop_now_us(self->setup.loop) + self->command_backoff_ms * 1000;
    if (od__loop_timer_start(self->setup.loop, &self->command_timer, due_us, &error) != OD_OK)
        od__cometd_end(self, &error);
}

static void refuse_topic(od_cometd *self, od_topic *topic, const od_bayeux_message *reply) {
    od_error error = OD_ERROR_INIT;
    char what[OD_LIMIT_CHANNEL_BYTES + 16], channel[OD_LIMIT_CHANNEL_BYTES];
    memcpy(channel, topic->channel, sizeof(channel));
    snprintf(what, sizeof(what), "subscribe %s", channel);
    od__cometd_set_refusal(&error, reply, what);
    od__topics_remove(&self->topics, topic);
    od__loop_post(self->setup.loop, &self->plan);
    od__cometd_log(self, OD_LOG_WARNING, "refused", &error, -1);
    self->setup.refused(self->setup.context, channel, &error);
}

/* Takes one reply. Returns false if it says that the session is lost. */
static bool read_command_reply(od_cometd *self, const od_bayeux_message *reply, od_error *error) {
    od_topic *topic = NULL;
    if (reply->kind == OD_BAYEUX_SUBSCRIBE || reply->kind == OD_BAYEUX_UNSUBSCRIBE)
        topic = od__topics_find_id(&self->topics, reply->id);
    if (topic == NULL)
        return true;
    if (od__cometd_is_lost(self, reply)) {
        od__cometd_set_refusal(error, reply, "subscribe");
        return false;
    }
    if (reply->kind == OD_BAYEUX_UNSUBSCRIBE)
        topic->state = OD_TOPIC_NEW; /* also if it was not successful: the server knew none */
    else if (reply->successful)
        topic->state = OD_TOPIC_STANDING;
    else
        refuse_topic(self, topic, reply);
    return true;
}

static bool all_answered(const od_cometd *self) {
    for (const od_topic *topic = self->topics.first; topic != NULL; topic = topic->next)
        if (topic->state == OD_TOPIC_ASKED || topic->state == OD_TOPIC_LEAVING)
            return false;
    return true;
}

static void read_commands(od_cometd *self, od_cometd_answer *a) {
    od_bayeux_message reply;
    if (a->error.code != OD_OK) {
        commands_failed(self, a);
        return;
    }
    for (size_t i = 0; i < od_value_length(a->messages); i++) {
        od__bayeux_read(a->messages, i, &reply);
        if (!read_command_reply(self, &reply, &a->error)) {
            od__cometd_replace_session(self, &a->error);
            return;
        }
    }
    self->setup.changed(self->setup.context);
    (void)od__cometd_tell_events(self, a);
    if (!all_answered(self)) {
        od__error_set(&a->error, OD_PROTOCOL, "subscribe: the answer has no reply to it");
        commands_failed(self, a);
        return;
    }
    self->command_backoff_ms = 0;
    od__cometd_tell_topics(self);
}

static void on_commanded(void *context, od_exchange *exchange) {
    od_cometd *self = context;
    od_cometd_answer a;
    self->commanding = false;
    od__cometd_read_answer(exchange, &a);
    if (self->stage == OD_COMETD_DISCONNECT) {
        od__cometd_become_idle(self); /* whatever the server says: it forgets us soon enough */
        od__loop_post(self->setup.loop, &self->plan);
    } else {
        read_commands(self, &a);
    }
    od_value_unref(a.messages);
}

static void send_command(od_cometd *self) {
    self->commanding = true;
    if (od__cometd_send(self, &self->command, OD_COMETD_NETWORK_DELAY_MS, on_commanded) != OD_OK)
        on_commanded(self, &self->command);
}

static void add_message(od_cometd *self, od_buffer *body, od_topic *topic) {
    od__cometd_next_id(self, topic->id);
    if (topic->state == OD_TOPIC_ASKED)
        od__bayeux_subscribe(body, topic->id, self->client_id, topic->channel);
    else
        od__bayeux_unsubscribe(body, topic->id, self->client_id, topic->channel);
}

void od__cometd_tell_topics(od_cometd *self) {
    if (self->commanding || self->command_timer.position != 0)
        return;
    if (od__topics_decide(&self->topics)) {
        od_buffer *body = od__cometd_begin(&self->command);
        for (od_topic *topic = self->topics.first; topic != NULL; topic = topic->next)
            if (topic->state == OD_TOPIC_ASKED || topic->state == OD_TOPIC_LEAVING)
                add_message(self, body, topic);
        send_command(self);
    } else if (self->stage == OD_COMETD_SUBSCRIBE && od__topics_any_wanted(&self->topics)) {
        self->stage = OD_COMETD_CONNECT;
        od__cometd_connect(self);
    }
}

void od__cometd_say_goodbye(od_cometd *self, const char *client_id) {
    char id[OD_BAYEUX_ID_BYTES];
    od__cometd_next_id(self, id);
    od__bayeux_disconnect(od__cometd_begin(&self->command), id, client_id);
    send_command(self);
}
