#include "notifications/topics.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

static od_topic *find(const od_topics *topics, const char *channel) {
    od_topic *topic = topics->first;
    while (topic != NULL && strcmp(topic->channel, channel) != 0)
        topic = topic->next;
    return topic;
}

od_status od__topics_want(od_topics *topics, const char *channel, od_error *err) {
    od_topic *topic = find(topics, channel);
    if (topic != NULL) {
        topic->wanted++;
        return OD_OK;
    }
    if (topics->count >= OD_LIMIT_CHANNELS)
        return od__error_set(err, OD_VALIDATION, "a client hears at most %d channels", OD_LIMIT_CHANNELS);
    topic = od__calloc(1, sizeof(*topic));
    if (topic == NULL)
        return od__error_no_memory(err);
    topic->wanted = 1;
    memcpy(topic->channel, channel, strlen(channel) + 1);
    od_topic **last = &topics->first;
    while (*last != NULL)
        last = &(*last)->next;
    *last = topic;
    topics->count++;
    return OD_OK;
}

void od__topics_unwant(od_topics *topics, const char *channel) {
    od_topic *topic = find(topics, channel);
    if (topic != NULL && topic->wanted > 0)
        topic->wanted--;
}

bool od__topics_any_wanted(const od_topics *topics) {
    const od_topic *topic = topics->first;
    while (topic != NULL && topic->wanted == 0)
        topic = topic->next;
    return topic != NULL;
}

bool od__topics_hear(const od_topics *topics, const char *channel) {
    for (const od_topic *topic = topics->first; topic != NULL; topic = topic->next)
        if (topic->state == OD_TOPIC_STANDING && od__bayeux_covers(topic->channel, channel))
            return true;
    return false;
}

od_topic *od__topics_find_id(const od_topics *topics, const char *id) {
    for (od_topic *topic = topics->first; topic != NULL; topic = topic->next)
        if ((topic->state == OD_TOPIC_ASKED || topic->state == OD_TOPIC_LEAVING) && strcmp(topic->id, id) == 0)
            return topic;
    return NULL;
}

static void sweep(od_topics *topics) {
    for (od_topic *topic = topics->first, *next; topic != NULL; topic = next) {
        next = topic->next;
        if (topic->wanted == 0 && topic->state == OD_TOPIC_NEW)
            od__topics_remove(topics, topic);
    }
}

static bool should_ask(const od_topics *topics, const od_topic *topic) {
    if (topic->state != OD_TOPIC_NEW || topic->wanted == 0)
        return false;
    for (const od_topic *other = topics->first; other != NULL; other = other->next)
        if (other != topic && other->wanted > 0 && od__bayeux_covers(other->channel, topic->channel))
            return false;
    return true;
}

static bool stands_without(const od_topics *topics, const od_topic *without, const char *channel) {
    for (const od_topic *topic = topics->first; topic != NULL; topic = topic->next)
        if (topic != without && topic->state == OD_TOPIC_STANDING && od__bayeux_covers(topic->channel, channel))
            return true;
    return false;
}

/* Nobody wants it, and whoever wants something that it covers hears that otherwise; or a wider one does its work. */
static bool should_leave(const od_topics *topics, const od_topic *topic) {
    if (topic->state != OD_TOPIC_STANDING)
        return false;
    for (const od_topic *other = topics->first; other != NULL; other = other->next) {
        if (other == topic || other->wanted == 0)
            continue;
        if (other->state == OD_TOPIC_STANDING && od__bayeux_covers(other->channel, topic->channel))
            return true;
        if (od__bayeux_covers(topic->channel, other->channel) && !stands_without(topics, topic, other->channel))
            return false;
    }
    return topic->wanted == 0;
}

bool od__topics_decide(od_topics *topics) {
    bool any = false;
    sweep(topics);
    for (od_topic *topic = topics->first; topic != NULL; topic = topic->next) {
        topic->decided = topic->state;
        if (should_ask(topics, topic))
            topic->decided = OD_TOPIC_ASKED;
        else if (should_leave(topics, topic))
            topic->decided = OD_TOPIC_LEAVING;
        any = any || topic->decided != topic->state;
    }
    for (od_topic *topic = topics->first; topic != NULL; topic = topic->next)
        topic->state = topic->decided;
    return any;
}

void od__topics_take_back(od_topics *topics) {
    for (od_topic *topic = topics->first; topic != NULL; topic = topic->next) {
        if (topic->state == OD_TOPIC_ASKED)
            topic->state = OD_TOPIC_NEW;
        else if (topic->state == OD_TOPIC_LEAVING)
            topic->state = OD_TOPIC_STANDING;
    }
}

void od__topics_forget(od_topics *topics) {
    for (od_topic *topic = topics->first; topic != NULL; topic = topic->next)
        topic->state = OD_TOPIC_NEW;
    sweep(topics);
}

void od__topics_remove(od_topics *topics, od_topic *topic) {
    od_topic **place = &topics->first;
    while (*place != topic)
        place = &(*place)->next;
    *place = topic->next;
    topics->count--;
    od__free(topic);
}

void od__topics_clear(od_topics *topics) {
    while (topics->first != NULL)
        od__topics_remove(topics, topics->first);
}
