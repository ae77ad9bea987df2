/* follow: a call that is followed, and what follow.c and rounds.c do for each other. */
#ifndef OD_FOLLOW_H
#define OD_FOLLOW_H

#include "client.h"

#pragma GCC visibility push(hidden)

struct od_follow {
    od_request base;            /* first: the kind's functions get this */
    od_client *client;          /* NULL once it is over */
    od_purpose purpose;
    const od_following *how;
    const od_operation *own;    /* SETTLE: what is to be done */
    bool is_placing;            /* SETTLE: the result is a placement's */
    od_placing placing;
    uint64_t heard_before;      /* so many events came before it began */
    bool has_looked_back;
    bool own_answered;          /* or lost its answer: then the error of the request says so until it is settled */
    od_value *call, *memory;
    od_client_call *question;   /* under way; NULL: none */
    const od_operation *asked;  /* what question is */
    od_lane *lane;              /* whose round it is in, or waits for; NULL: none */
    bool in_round;
    od_timer again, deadline;
    int64_t timeout_ms;
    od_follow *next, *previous;
};

/* ---- follow.c ---- */

/* As its vendor's functions see it, now. */
od_followed od__follow_seen(const od_follow *self);
/* Whether it is asked for together with others. */
bool od__follow_has_rounds(const od_follow *self);
/* Lets it learn from a round that it is in, or (over) was in until now, or of the failure that ended it (else NULL). It may
 * end by that. */
void od__follow_told(od_follow *self, const od_value *round, bool over, const od_error *failure);
/* Ends it. */
void od__follow_fail(od_follow *self, const od_error *error);

/* ---- rounds.c ---- */

/* Has it asked for in the next round that reads as far back as it needs; nothing happens if it is in one. Errors: validation
 * (it cannot be asked about), out_of_memory. */
od_status od__rounds_join(od_follow *self, od_error *err);
/* Forgets it, without any harm to the others. */
void od__rounds_leave(od_follow *self);
/* Once nothing of the client is followed any more. */
void od__rounds_free(od_client *client);

#pragma GCC visibility pop

#endif
