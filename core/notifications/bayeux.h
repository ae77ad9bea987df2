/* notifications/bayeux: Bayeux messages as text and as data: building requests, reading answers. Pure: no I/O, no time,
 * nothing remembered. */
#ifndef OD_NOTIFICATIONS_BAYEUX_H
#define OD_NOTIFICATIONS_BAYEUX_H

#include "base/buffer.h"
#include <outdial.h>

#pragma GCC visibility push(hidden)

#define OD_BAYEUX_ID_BYTES 24         /* of a message's id; a longer one is none of ours */
#define OD_BAYEUX_CLIENT_ID_BYTES 256
#define OD_BAYEUX_TEXT_BYTES 160      /* of an error's text */
#define OD_BAYEUX_UNKNOWN_CLIENT 402  /* the one error that is told by its number alone */

typedef enum od_bayeux_kind {
    OD_BAYEUX_EVENT, OD_BAYEUX_HANDSHAKE, OD_BAYEUX_CONNECT, OD_BAYEUX_SUBSCRIBE, OD_BAYEUX_UNSUBSCRIBE,
    OD_BAYEUX_DISCONNECT,
    OD_BAYEUX_OTHER,                  /* any other channel below /meta/ */
} od_bayeux_kind;

typedef enum od_bayeux_reconnect {
    OD_BAYEUX_UNSAID, OD_BAYEUX_RETRY, OD_BAYEUX_REHANDSHAKE, OD_BAYEUX_NEVER,
} od_bayeux_reconnect;

/* What a server advises; what it leaves out has the value that CometD's own client takes. */
typedef struct od_bayeux_advice {
    od_bayeux_reconnect reconnect;
    int64_t interval_ms;              /* before the next connect; -1: none is wanted */
    int64_t timeout_ms;               /* how long a connect is parked */
    int64_t max_interval_ms;          /* without a connect for so long, the session is gone; 0: not said */
} od_bayeux_advice;

#define OD_BAYEUX_ADVICE_INIT { .timeout_ms = 60000 }

/* One message of an answer. What are pointers is borrowed from it. */
typedef struct od_bayeux_message {
    od_bayeux_kind kind;
    const char *channel;
    char id[OD_BAYEUX_ID_BYTES];      /* ""; none */
    bool successful;
    const char *client_id;            /* NULL: none, or not one that could be sent back */
    const char *subscription;         /* NULL: none, or several */
    const od_value *data;             /* NULL: none */
    bool has_advice;
    od_bayeux_advice advice;
    bool acknowledges;                /* ext.ack is there and not false: of a handshake, the extension is on */
    int64_t batch;                    /* ext.ack as a number; -1: none */
    bool without_long_polling;        /* supportedConnectionTypes is there and does not name it */
    int error_number;                 /* of "402::Unknown client"; 0: none */
    char error_arguments[OD_BAYEUX_TEXT_BYTES]; /* between the colons: "" of it, "1f3c" of "401:1f3c:Unknown client" */
    char error_text[OD_BAYEUX_TEXT_BYTES]; /* "Unknown client"; the whole of it if it has another form; "" if none */
} od_bayeux_message;

/* Parses an answer: an array of messages, or a single one; *out is a new array of at most OD_LIMIT_BAYEUX_MESSAGES objects
 * that each have a channel. Errors: protocol, out_of_memory. */
od_status od__bayeux_parse(const char *text, size_t length_bytes, od_value **out, od_error *err);
/* Reads the message at index of what od__bayeux_parse gave. */
void od__bayeux_read(const od_value *messages, size_t index, od_bayeux_message *out);

/* Each appends one message as JSON; what is between them, and the brackets around, is od__bayeux_begin's and _end's. */
void od__bayeux_begin(od_buffer *out);
void od__bayeux_end(od_buffer *out);
/* Offers long polling and the acknowledge extension. */
void od__bayeux_handshake(od_buffer *out, const char *id);
/* at_once: to be answered at once instead of being parked. batch: the last one received, -1 without the extension. */
void od__bayeux_connect(od_buffer *out, const char *id, const char *client_id, bool at_once, int64_t batch);
void od__bayeux_subscribe(od_buffer *out, const char *id, const char *client_id, const char *channel);
void od__bayeux_unsubscribe(od_buffer *out, const char *id, const char *client_id, const char *channel);
void od__bayeux_disconnect(od_buffer *out, const char *id, const char *client_id);

/* Returns whether text can be subscribed to: "/a/b", perhaps with a last segment "*" or "**"; not below /meta/. */
bool od__bayeux_is_channel(const char *text);
/* Returns whether whoever subscribed to pattern hears all that channel stands for: a channel, or a pattern itself. */
bool od__bayeux_covers(const char *pattern, const char *channel);

#pragma GCC visibility pop

#endif
