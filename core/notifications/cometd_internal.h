/* notifications/cometd_internal: what the files of one CometD session share. */
#ifndef OD_NOTIFICATIONS_COMETD_INTERNAL_H
#define OD_NOTIFICATIONS_COMETD_INTERNAL_H

#include "notifications/bayeux.h"
#include "notifications/cometd.h"
#include "notifications/topics.h"

#pragma GCC visibility push(hidden)

typedef enum od_cometd_stage {
    OD_COMETD_IDLE,        /* no session */
    OD_COMETD_HANDSHAKE,   /* about to make one, or asking for it */
    OD_COMETD_SUBSCRIBE,   /* it is made; the channels come first, then the first connect */
    OD_COMETD_CONNECT,     /* connecting over and over */
    OD_COMETD_DISCONNECT,  /* saying goodbye */
} od_cometd_stage;

struct od_cometd {
    od_cometd_setup setup;
    char *url;
    od_cometd_stage stage;
    od_topics topics;
    od_exchange poll, command;    /* handshake and connect; subscribe, unsubscribe and disconnect */
    bool polling, commanding;     /* on their way */
    od_timer poll_timer, command_timer;
    od_job plan;
    uint64_t last_id;
    char poll_id[OD_BAYEUX_ID_BYTES];
    int64_t polled_us;            /* when the connect on its way was sent */

    /* Of the session. */
    char client_id[OD_BAYEUX_CLIENT_ID_BYTES];
    od_bayeux_advice advice;
    bool acknowledges;            /* the server has the extension */
    int64_t batch;                /* the last one received; -1 without the extension */
    bool fresh;                   /* no connect of this session has succeeded yet */
    bool at_once;                 /* the next connect is to be answered at once */
    bool connected;               /* the last one did */
    unsigned generation;
    bool doubted;                 /* the connect on its way is to be asked again */
    bool held;                    /* the next connect waits until events are taken */

    bool stood;                   /* since it began, a connect succeeded */
    bool gap;                     /* events may have been lost */
    int64_t backoff_ms, command_backoff_ms;
    int64_t failed_since_us;      /* when connects began to fail; 0: they do not */
    int failures, unreadable, quick;
    int refusals;                 /* sessions of the login refused in a row, though the user was not */
};

/* One answer, or why there is none. */
typedef struct od_cometd_answer {
    od_error error;
    od_value *messages;
    bool sent;
    bool refused;                 /* the HTTP session is not, or no longer, good */
    bool wrong_user;              /* nor will another one be */
    unsigned generation;
} od_cometd_answer;

/* ---- cometd_wire.c ---- */

/* Tells what failed, and when it is tried again (pause_ms -1: it is not). error may be NULL. */
void od__cometd_log(const od_cometd *cometd, od_log_level level, const char *what, const od_error *error,
                    int64_t pause_ms);
void od__cometd_set_connected(od_cometd *cometd, bool connected);
void od__cometd_next_id(od_cometd *cometd, char out[OD_BAYEUX_ID_BYTES]);
/* Prepares an exchange and returns its body, for messages. */
od_buffer *od__cometd_begin(od_exchange *exchange);
/* Sends what od__cometd_begin began. On failure nothing is on its way, and exchange->error says why. */
od_status od__cometd_send(od_cometd *cometd, od_exchange *exchange, int64_t timeout_ms,
                          void (*finished)(void *context, od_exchange *exchange));
/* Reads what came and lets the exchange go; out->messages is new, or NULL. */
void od__cometd_read_answer(od_exchange *exchange, od_cometd_answer *out);
/* Sets an error for a reply that was not successful. */
void od__cometd_set_refusal(od_error *error, const od_bayeux_message *reply, const char *what);
/* Whether a reply says that the server does not know us: by the advice, by 402, or, as faye does, by 401 and our id. */
bool od__cometd_is_lost(const od_cometd *cometd, const od_bayeux_message *reply);
void od__cometd_tell_resync(od_cometd *cometd);
/* Tells the events of an answer. Returns whether there were any. */
bool od__cometd_tell_events(od_cometd *cometd, const od_cometd_answer *answer);

/* ---- cometd.c ---- */

void od__cometd_become_idle(od_cometd *cometd);
/* Ends the session for good. error is copied. */
void od__cometd_end(od_cometd *cometd, const od_error *error);
/* Polls after pause_ms (0: at once): a handshake or a connect, as the stage says. */
void od__cometd_wait_then_poll(od_cometd *cometd, int64_t pause_ms);
/* Forgets the session and asks for a new one after pause_ms. */
void od__cometd_make_session(od_cometd *cometd, int64_t pause_ms);
/* Counts a failure. Returns false if it was one too many, and the end. */
bool od__cometd_go_on_after(od_cometd *cometd, const od_error *error);
/* The server has lost the session: a new one. */
void od__cometd_replace_session(od_cometd *cometd, const od_error *error);

/* ---- cometd_poll.c ---- */

void od__cometd_handshake(od_cometd *cometd);
void od__cometd_connect(od_cometd *cometd);

/* ---- cometd_command.c ---- */

/* Tells the server which channels are wanted and which are not any more; the first connect comes after that. */
void od__cometd_tell_topics(od_cometd *cometd);
void od__cometd_say_goodbye(od_cometd *cometd, const char *client_id);

#pragma GCC visibility pop

#endif
