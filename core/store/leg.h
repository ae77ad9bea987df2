/* store/leg: one leg's row with its attempt's: reading it, showing it, and moving it along. */
#ifndef OD_STORE_LEG_H
#define OD_STORE_LEG_H

#include "store/contact.h"

#pragma GCC visibility push(hidden)

typedef struct od_leg_row {
    int64_t id, attempt_id, campaign_id, contact_id, ordinal, state, version, owner_id, follower_id, at_ms, looks, look_ms;
    char client[OD_LIMIT_NAME_BYTES], account[OD_LIMIT_LEG_ACCOUNT_BYTES];
} od_leg_row;

/* Errors: not_found. */
od_status od__leg_read(od_work *work, int64_t id, od_leg_row *out, od_error *err);
/* Keeps a leg that this worker has just meant in memory; od__leg_meant finds it there instead of reading it, as long as its
 * lease stands: nobody else moves such a leg then (R2), and od__leg_set lets go of it. */
void od__leg_mean(od_work *work, const od_leg_row *leg);
od_status od__leg_meant(od_work *work, int64_t id, od_leg_row *out, od_error *err);
/* What is in memory holds no more: something was taken back. */
void od__legs_forget(od_store_core *core);
/* Makes the leg view, with the contact's. */
od_status od__leg_view(od_work *work, int64_t id, od_value **out, od_error *err);
/* Makes { legs = [ view ... ] } of the ids, and frees nothing. */
od_status od__leg_views(od_work *work, const int64_t *ids, size_t count, od_value **out, od_error *err);
/* Sets the leg's state under its version, with what came of it: one that is under way at its vendor is followed by this
 * worker (nobody, if this is none), one in doubt is to be looked up in a minute, a final one has its request erased (R25).
 * call and error are JSON or NULL: as they are. That a leg was placed at once is noted in its row, and needs no entry in the
 * journal. Errors: conflict. */
od_status od__leg_set(od_work *work, const od_leg_row *leg, int64_t state, const char *call, const char *error,
                      const char *cause, od_error *err);
/* Ends the leg's attempt: counts or is given back (R23); kind NULL: it had no outcome. */
od_status od__attempt_end(od_work *work, const od_leg_row *leg, bool counts, const char *kind, const char *rang,
                          const char *raw, int64_t ended_ms, od_error *err);
/* Gives a leg in doubt up (follow.c): counts as placed, since nobody knows better, and caps and gaps hold (R12). Errors:
 * conflict (it is not in doubt). */
od_status od__leg_write_off(od_work *work, const od_leg_row *leg, const char *by, const char *why, od_error *err);
/* Sets *lives_on: it has an outcome, and its vendor may call again because of it all the same (follow.c). */
od_status od__leg_lives_on(od_work *work, const od_leg_row *leg, bool *lives_on, od_error *err);
/* Journals an event of the leg. */
od_status od__leg_journal(od_work *work, const od_leg_row *leg, const char *event, const char *by, const char *text,
                          const char *data, od_error *err);

#pragma GCC visibility pop
#endif
