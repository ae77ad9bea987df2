/* The latest events of a client's notifications: what happened before somebody began to follow a call (an event may come
 * before the answer of the operation that it is of). The oldest give way; none is ever missing between two others. */
#include "client.h"

#include "base/error.h"
#include "base/memory.h"
#include "json/value.h"

struct od_heard {
    uint64_t count;   /* how many there have been */
    uint64_t oldest;  /* those before are forgotten */
    struct {
        char *channel;
        od_value *data;
    } events[OD_LIMIT_EVENTS_REMEMBERED];
};

static void forget(od_heard *self, uint64_t index) {
    size_t at = (size_t)(index % OD_LIMIT_EVENTS_REMEMBERED);
    od__free(self->events[at].channel);
    od_value_unref(self->events[at].data);
    self->events[at].channel = NULL;
    self->events[at].data = NULL;
}

static void forget_all(od_heard *self) {
    while (self->oldest < self->count)
        forget(self, self->oldest++);
}

void od__heard_add(od_client *client, const char *channel, const od_value *data) {
    od_heard *self = client->heard;
    if (self == NULL)
        self = client->heard = od__calloc(1, sizeof(*self));
    if (self == NULL)
        return; /* nothing is remembered yet, so nothing is missing */
    char *name = od__strdup(channel);
    if (name == NULL) {
        forget_all(self);
        return;
    }
    if (self->count - self->oldest == OD_LIMIT_EVENTS_REMEMBERED)
        forget(self, self->oldest++);
    size_t at = (size_t)(self->count++ % OD_LIMIT_EVENTS_REMEMBERED);
    self->events[at].channel = name;
    self->events[at].data = data != NULL ? od_value_ref(data) : NULL;
}

uint64_t od__heard_count(const od_client *client) {
    return client->heard != NULL ? client->heard->count : 0;
}

bool od__heard_next(const od_client *client, uint64_t *index, uint64_t end, const char **channel, const od_value **data) {
    const od_heard *self = client->heard;
    if (self != NULL && *index < self->oldest)
        *index = self->oldest;
    if (self == NULL || *index >= end)
        return false;
    size_t at = (size_t)((*index)++ % OD_LIMIT_EVENTS_REMEMBERED);
    *channel = self->events[at].channel;
    *data = self->events[at].data;
    return true;
}

void od__heard_free(od_client *client) {
    if (client->heard != NULL)
        forget_all(client->heard);
    od__free(client->heard);
    client->heard = NULL;
}
