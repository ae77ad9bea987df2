/* store/pace: how many calls may be open, and when the next may go: limits whose refusal leaves a contact as it is. */
#ifndef OD_STORE_PACE_H
#define OD_STORE_PACE_H

#include "store/campaign.h"
#include "store/leg.h"

#pragma GCC visibility push(hidden)

/* A leg in doubt takes a place this long: a call that was placed after all is over by then. */
#define OD_DOUBT_TAKES_PLACE_MS od__tunable("OUTDIAL_DOUBT_TAKES_PLACE_MS", 300000)

typedef struct od_pace {
    const char *refused;     /* NULL: it may go */
    char saw[160];
    int64_t send_at_ms;      /* on CLOCK_BOOTTIME */
    int64_t wait_ms;         /* refused for the rate: until a slot is near */
} od_pace;

/* Checks the limits of the campaign, of the client and of the seat. params are those of the verb intend. */
od_status od__pace_check(od_work *work, const od_campaign_row *campaign, const od_value *params, od_pace *out, od_error *err);
/* Books the next slot of params.rate ({ bucket, per_second, burst }), unless it is more than OD_LIMIT_AHEAD_MS away. */
od_status od__pace_book(od_work *work, const od_value *rate, od_pace *out, od_error *err);

/* What keeps the transaction's counts of open calls true: a leg was made, has moved to a state, or many have moved. */
void od__pace_entered(od_work *work, int64_t campaign_id, const char *account, const char *client);
void od__pace_moved(od_work *work, const od_leg_row *leg, int64_t to);
void od__pace_forget(od_work *work);

#pragma GCC visibility pop
#endif
