/* store/workers: which workers are there now, as people ask it: from outside, whether this store is one or not. */
#ifndef OD_STORE_WORKERS_H
#define OD_STORE_WORKERS_H

#include "store/verb.h"

#pragma GCC visibility push(hidden)

/* Makes a list of { worker, campaign, host, pid, started_ms, silent } of the processes that live, by their locks. silent:
 * it has let its lease run out, so it places nothing. campaign_id 0: of all campaigns. Errors: as od__query_end. */
od_status od__workers_list(od_work *work, int64_t campaign_id, od_value **out, od_error *err);
/* How many of a list run this campaign. */
int64_t od__workers_of(const od_value *list, const char *campaign);

#pragma GCC visibility pop
#endif
