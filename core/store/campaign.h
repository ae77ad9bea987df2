/* store/campaign: a campaign's row: its rules, limits and state. */
#ifndef OD_STORE_CAMPAIGN_H
#define OD_STORE_CAMPAIGN_H

#include "store/rulebook.h"

#pragma GCC visibility push(hidden)

/* Reads a campaign with its compiled ruleset; once in a transaction, as long as no other is asked for. Errors: not_found, as
 * od__ruleset_new and od__query_end. */
od_status od__campaign_read(od_work *work, int64_t id, od_campaign_row *out, od_error *err);
/* What was read of a campaign in this transaction holds no more. */
void od__campaign_forget(od_work *work);
/* The id of a campaign by name. Errors: not_found (`there is no campaign "x"`). */
od_status od__campaign_id(od_work *work, const char *name, int64_t *out, od_error *err);
/* The campaign that params name: by name, or by the id that the verb `campaign` gave. Errors: not_found. */
od_status od__param_campaign(od_work *work, const od_value *params, int64_t *out, od_error *err);
/* Sets a campaign's state, and journals it. */
od_status od__campaign_set(od_work *work, int64_t id, const char *state, const char *why, const char *by, od_error *err);

#pragma GCC visibility pop
#endif
