/* notifications/cometd: a CometD session over HTTP long polling: handshake, subscribe, connect over and over, disconnect,
 * and what to do when any of it fails. It knows channels and events; who wants them, and what they mean, is not its
 * business. What it sends goes through the transport it is given, which authorizes; it never calls from inside a function
 * that its owner calls, but from the loop. */
#ifndef OD_NOTIFICATIONS_COMETD_H
#define OD_NOTIFICATIONS_COMETD_H

#include "transport/transport.h"

#pragma GCC visibility push(hidden)

typedef struct od_cometd od_cometd;

#define OD_COMETD_NETWORK_DELAY_MS 10000  /* how long an answer may be on its way, beyond the time a connect is parked */
#define OD_COMETD_BACKOFF_MS 1000         /* what each failure in a row adds to the pause before the next try */
#define OD_COMETD_BACKOFF_MOST_MS 60000
#define OD_COMETD_OPENING_TRIES 3         /* failures in a row that end a session which never stood */
#define OD_COMETD_REFUSED_TRIES 3         /* handshakes in a row that are refused with a fresh login */
#define OD_COMETD_UNREADABLE_TRIES 3      /* unreadable answers in a row, from which a new session may help */
#define OD_COMETD_QUICK_MS 100            /* a connect answered sooner and with nothing was not parked */
#define OD_COMETD_QUICK_TRIES 3           /* so many of those in a row, and the next ones wait OD_COMETD_BACKOFF_MS */

/* All borrowed for the session's life, but url, which is copied. The functions are called from the loop, one at a time,
 * and must not free the session. */
typedef struct od_cometd_setup {
    od_loop *loop;
    od_transport *transport;   /* authorizing -> network: neither rate nor retry */
    const char *url;
    void *context;
    /* An event, in the order of arrival. data may be NULL. */
    void (*event)(void *context, const char *channel, const od_value *data);
    /* From here on events come again, and some may have been lost before. Called before any that come after. */
    void (*resync)(void *context);
    /* What od__cometd_hears and od__cometd_is_idle say may have changed. */
    void (*changed)(void *context);
    /* The server refuses this channel; it is not asked for any more. */
    void (*refused)(void *context, const char *channel, const od_error *error);
    /* The session ended for good; no channel is wanted any more. */
    void (*ended)(void *context, const od_error *error);
    /* Whether events that were told have not been taken yet: then no more are fetched, until od__cometd_resume. */
    bool (*full)(void *context);
    void (*log)(void *context, od_log_level level, const char *text);
} od_cometd_setup;

/* Makes a session that wants no channel and sends nothing. Errors: out_of_memory. */
od_status od__cometd_new(const od_cometd_setup *setup, od_cometd **out, od_error *err);
/* Takes back what is on its way and frees it; tells the server nothing. NULL is fine. */
void od__cometd_free(od_cometd *cometd);
/* Wants a channel (or pattern) once more, or once less; the session begins with the first and ends, by a disconnect, with
 * the last. Errors: out_of_memory, validation (more than OD_LIMIT_CHANNELS). */
od_status od__cometd_want(od_cometd *cometd, const char *channel, od_error *err);
void od__cometd_unwant(od_cometd *cometd, const char *channel);
/* Goes on fetching events after full() had said to stop. */
void od__cometd_resume(od_cometd *cometd);
/* There is reason to doubt that the session is still known (the HTTP session that it began in was replaced): asks at once,
 * instead of waiting for the connect that is parked. */
void od__cometd_check(od_cometd *cometd);
/* Whether events of this channel arrive: the server has confirmed a subscription to it, or to a pattern that covers it,
 * and the last connect succeeded. */
bool od__cometd_hears(const od_cometd *cometd, const char *channel);
/* The auth_generation of the exchange with which a connect last succeeded. */
unsigned od__cometd_generation(const od_cometd *cometd);
/* Whether there is no session and none is wanted. */
bool od__cometd_is_idle(const od_cometd *cometd);

#pragma GCC visibility pop

#endif
