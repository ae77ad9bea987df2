/* request: something under way that will finish once: a call of a vendor, a timer, a descriptor, later a verb of the
 * store. Knows references, the finished queue and cancelling; what is under way belongs to its kind. */
#ifndef OD_REQUEST_H
#define OD_REQUEST_H

#include "engine.h"

#pragma GCC visibility push(hidden)

typedef struct od_request_kind {
    void (*cancel)(od_request *request, od_status code);  /* stop it and finish it with code (canceled or closed) */
    void (*free)(od_request *request);                    /* frees the whole kind-specific struct; od_request is its first member;
                                                             the result was let go of already */
} od_request_kind;

struct od_request {
    const od_request_kind *kind;
    od_engine *engine;      /* NULL once the engine is gone */
    int references;
    bool finished;
    bool taken;             /* the engine has given its reference away */
    bool cancel_asked;
    bool abandoned;         /* the caller let go of its last reference before the end: not delivered */
    od_error error;
    od_value *result;
    void *context;
    const void *owner;      /* who is given it when it is finished: NULL: whoever calls od_engine_take; else only owner, by
                               od__engine_take_of. Set at once after it began */
    od_request *next, *previous;  /* in the engine's list of pending or of finished ones */
    od_job job;                   /* for cancelling from a clean stack */
};

/* Initialises the base of a request and lists it as pending: one reference for the caller, one for the engine. */
void od__request_init(od_request *request, const od_request_kind *kind, od_engine *engine, void *context);
/* Gives the caller's reference to *out; out NULL: gives it up, and od_engine_take is the only way to the request (an
 * unref would say that nobody wants it any more). */
void od__request_hand_out(od_request *request, od_request **out);
/* As od_engine_take, for one owner; and whosever it is. */
od_request *od__engine_take_of(od_engine *engine, const void *owner);
od_request *od__engine_take_any(od_engine *engine);
/* Finishes it: moves it to the finished queue. result is taken (may be NULL); error stays as the kind set it. */
void od__request_finish(od_request *request, od_value *result);

#pragma GCC visibility pop
#endif
