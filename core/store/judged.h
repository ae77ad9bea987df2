/* store/judged: what the rules said of people of whom nothing is known yet. Within one transaction, and in one place, it is
 * the same for all: they are judged once, and one row of the table judgement stands for all their legs. */
#ifndef OD_STORE_JUDGED_H
#define OD_STORE_JUDGED_H

#include "store/rulebook.h"

#pragma GCC visibility push(hidden)

#define OD_LIMIT_JUDGED 8              /* of one transaction; more take turns */
#define OD_LIMIT_JUDGED_PLACE_BYTES 80 /* longer ones are judged each time */

typedef struct od_judged {
    int64_t campaign_id, revision, list_read_ms, ring_timeout_ms;
    bool is_callback;
    char place[OD_LIMIT_JUDGED_PLACE_BYTES]; /* zones, and the number's country */
    int64_t id, after;                 /* of the row */
    od_judgement judgement;            /* allowed */
} od_judged;

/* One of the places where these are kept, from the rulebook, which is open. */
od_judged *od__rulebook_judged(od_work *work, size_t index);
/* What a judgement of these facts depends on besides the time: false where that is more than can be told here, so that each
 * is judged by itself. */
bool od__judged_begin(const od_campaign_row *campaign, int64_t list_read_ms, const od_facts *facts, od_judged *out);
/* Finds it among those of this transaction, if nothing was written into the journal since, and completes it. Errors: as
 * od__query_end. */
od_status od__judged_find(od_work *work, od_judged *judged, bool *found, od_error *err);
/* Writes what was judged: data is { revision, list_read_ms, rules }, to which explain.c adds the number and the client. Keeps
 * it for others where `shared`. Errors: as od__query_end. */
od_status od__judged_write(od_work *work, od_judged *judged, bool shared, const char *data, od_error *err);
/* Something that it depends on has changed, or was taken back. */
void od__judged_forget(od_work *work);

#pragma GCC visibility pop
#endif
