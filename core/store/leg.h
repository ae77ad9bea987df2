/* store/leg: one leg's row with its attempt's: reading it, showing it, and moving it along. */
#ifndef OD_STORE_LEG_H
#define OD_STORE_LEG_H

#include "store/contact.h"

#pragma GCC visibility push(hidden)

typedef struct od_leg_row {
    int64_t id, attempt_id, campaign_id, contact_id, ordinal, state, version, owner_id, follower_id, at_ms, looks, look_ms;
    char client[OD_LIMIT_NAME_BYTES], account[OD_LIMIT_LEG_ACCOUNT_BYTES];
} od_leg_row;

/* Of a leg whose request is kept: its vendor decides when it rings. */
#define OD_LEG_HANDS_OFF "request ->> '$.hands_off' IS NOT NULL"
/* A leg that is final may be kept open all the same: its vendor may yet call because of it. See withdrawals in follow.c. */
#define OD_LEG_LIVING_STATES "4, 7"
#define OD_LEG_MAY_LIVE_ON "state IN (" OD_LEG_LIVING_STATES ")"
/* Of a leg l, its contact c and its campaign k: a call that has an outcome, or was given up, and that its vendor may make all the
 * same, though the campaign wants none (see withdrawals in follow.c). */
#define OD_LEG_LIVES_ON "l.open = 1 AND l.state <> 0 AND l." OD_LEG_MAY_LIVE_ON " AND (c.state > 2 OR k.state <> 'running')"

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
/* What was meant, of a leg that is not final; NULL if there is none, or (handed_off_only) if its vendor does not decide when it
 * rings; od__free it. */
od_status od__leg_read_request(od_work *work, int64_t id, bool handed_off_only, char **out, od_error *err);
/* Keeps a leg open that od__leg_set has just made final, with what was meant, until its vendor cannot call because of it any
 * more: it is to be taken back (follow.c). */
od_status od__leg_keep_open(od_work *work, const od_leg_row *leg, const char *request, od_error *err);
/* Gives a leg in doubt up (follow.c): counts as placed, since nobody knows better, and caps and gaps hold (R12). Errors:
 * conflict (it is not in doubt). */
od_status od__leg_write_off(od_work *work, const od_leg_row *leg, const char *by, const char *why, od_error *err);
/* Sets *lives_on: it has an outcome, or was given up, and its vendor may call because of it all the same (follow.c). */
od_status od__leg_lives_on(od_work *work, const od_leg_row *leg, bool *lives_on, od_error *err);
/* Whether it counts as a call that was not made, or of which nobody will know (settle.c). */
bool od__leg_counts_as_silent(const od_leg_row *leg);
/* Positive evidence of such a leg: nobody may be rung a second time unnoticed, so the contact is held (R12). data: that evidence,
 * JSON or NULL. */
od_status od__leg_second_ring(od_work *work, const od_leg_row *leg, const char *data, od_error *err);
/* Journals an event of the leg. */
od_status od__leg_journal(od_work *work, const od_leg_row *leg, const char *event, const char *by, const char *text,
                          const char *data, od_error *err);

#pragma GCC visibility pop
#endif
