/* store/lists: do-not-call (R16): files that campaigns name, kept in the table `listed`, to which entries are only added. */
#ifndef OD_STORE_LISTS_H
#define OD_STORE_LISTS_H

#include "store/verb.h"

#pragma GCC visibility push(hidden)

#define OD_LIMIT_LIST_DAYS 31
#define OD_LIST_WARN_DAYS 7

/* Reads a list that a campaign names, { path, country?, column?, skip_bad? }, if it has changed since it was last read.
 * Errors: validation (unreadable, bad rows; names rows), conflict (it changed while it was read), unavailable. */
od_status od__list_load(od_work *work, const od_value *list, od_error *err);
/* At the start of a campaign: a list that has not been changed for OD_LIMIT_LIST_DAYS is refused; warning is filled for one
 * that is older than OD_LIST_WARN_DAYS, and else "". Errors: validation. */
od_status od__list_check_age(od_work *work, const char *path, char *warning, size_t warning_bytes, od_error *err);
/* When the list of a campaign was last read, Unix ms; 0: it has none. */
od_status od__list_read_ms(od_work *work, int64_t campaign_id, int64_t *out, od_error *err);
/* Before intents: reads again what has changed of the list of this campaign, once in a transaction, and judges its age again.
 * A failure is the campaign's: it is held for that reason, and *held is the rule's name (NULL: it goes on). Errors: as
 * od__query_end. */
od_status od__lists_refresh(od_work *work, int64_t campaign_id, const char **held, od_error *err);

#pragma GCC visibility pop
#endif
