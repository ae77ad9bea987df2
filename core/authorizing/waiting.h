/* authorizing/waiting: a queue of exchanges that wait for an authorization, linked through the exchanges themselves; it
 * allocates nothing and calls nobody. */
#ifndef OD_AUTHORIZING_WAITING_H
#define OD_AUTHORIZING_WAITING_H

#include "transport/transport.h"

#pragma GCC visibility push(hidden)

/* Zero-initialised it is empty. An exchange is in at most one. */
typedef struct od_waiting {
    od_exchange *first, *last;
} od_waiting;

static inline void od__waiting_add(od_waiting *waiting, od_exchange *exchange) {
    exchange->next = NULL;
    exchange->previous = waiting->last;
    if (waiting->last != NULL)
        waiting->last->next = exchange;
    else
        waiting->first = exchange;
    waiting->last = exchange;
}

static inline void od__waiting_remove(od_waiting *waiting, od_exchange *exchange) {
    if (exchange->previous != NULL)
        exchange->previous->next = exchange->next;
    else
        waiting->first = exchange->next;
    if (exchange->next != NULL)
        exchange->next->previous = exchange->previous;
    else
        waiting->last = exchange->previous;
    exchange->next = exchange->previous = NULL;
}

/* Takes the one that has waited longest; NULL if there is none. */
static inline od_exchange *od__waiting_take(od_waiting *waiting) {
    od_exchange *exchange = waiting->first;
    if (exchange != NULL)
        od__waiting_remove(waiting, exchange);
    return exchange;
}

#pragma GCC visibility pop

#endif
