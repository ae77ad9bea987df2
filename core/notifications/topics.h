/* notifications/topics: the channels that one session wants and what the server has been told of each; decides what to
 * tell it next. No I/O. */
#ifndef OD_NOTIFICATIONS_TOPICS_H
#define OD_NOTIFICATIONS_TOPICS_H

#include "base/limits.h"
#include "notifications/bayeux.h"

#pragma GCC visibility push(hidden)

typedef enum od_topic_state {
    OD_TOPIC_NEW,       /* the server has not been asked, or has forgotten it */
    OD_TOPIC_ASKED,     /* a subscribe is on its way */
    OD_TOPIC_STANDING,  /* the server has confirmed it */
    OD_TOPIC_LEAVING,   /* an unsubscribe is on its way */
} od_topic_state;

typedef struct od_topic {
    struct od_topic *next;
    od_topic_state state;
    unsigned wanted;                  /* by how many */
    od_topic_state decided;           /* what state becomes */
    char id[OD_BAYEUX_ID_BYTES];      /* of the message on its way */
    char channel[OD_LIMIT_CHANNEL_BYTES];
} od_topic;

/* Zero-initialised it is empty. */
typedef struct od_topics {
    od_topic *first;                  /* in the order of being wanted */
    size_t count;
} od_topics;

/* Wants a channel once more. Errors: validation (too many), out_of_memory. */
od_status od__topics_want(od_topics *topics, const char *channel, od_error *err);
/* Wants it once less; what nobody wants stays listed until the server has been told, or od__topics_sweep. */
void od__topics_unwant(od_topics *topics, const char *channel);
bool od__topics_any_wanted(const od_topics *topics);
/* Whether a standing channel covers this one. */
bool od__topics_hear(const od_topics *topics, const char *channel);
od_topic *od__topics_find_id(const od_topics *topics, const char *id); /* NULL: nothing on its way has it */
/* Decides what to tell the server, while nothing is on its way: what becomes ASKED is to be subscribed, what becomes
 * LEAVING to be unsubscribed; drops what nobody wants and the server does not know. A channel that a wider wanted pattern
 * covers is not subscribed beside it, because some servers would then tell everything twice; a pattern is not left before
 * what it covered stands by itself. Returns whether there is anything to tell. */
bool od__topics_decide(od_topics *topics);
/* What was on its way did not arrive. */
void od__topics_take_back(od_topics *topics);
/* The server knows none of them any more. */
void od__topics_forget(od_topics *topics);
void od__topics_remove(od_topics *topics, od_topic *topic);
void od__topics_clear(od_topics *topics);

#pragma GCC visibility pop

#endif
