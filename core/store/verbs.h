/* store/verbs: the functions of the verbs; each is defined in the file of its subject. */
#ifndef OD_STORE_VERBS_H
#define OD_STORE_VERBS_H

#include "base/outcomes.h"
#include "store/verb.h"

#pragma GCC visibility push(hidden)

#define OD_VERB(name) od_status od__verb_##name(od_work *work, const od_value *params, od_value **result, od_error *err)

OD_VERB(register);     /* owner.c */
OD_VERB(beat);
OD_VERB(resign);
OD_VERB(campaign);     /* campaign.c */
OD_VERB(campaign_set);
OD_VERB(note);
OD_VERB(put);          /* enlist.c */
OD_VERB(import);       /* import.c */
OD_VERB(take);         /* take.c */
OD_VERB(release);
OD_VERB(decide);
OD_VERB(window);       /* window.c */
OD_VERB(intend);       /* intend.c */
OD_VERB(slot);
OD_VERB(settle);       /* settle.c */
OD_VERB(outcome);
OD_VERB(adopt);        /* follow.c */
OD_VERB(looks);
OD_VERB(looked);
OD_VERB(write_off);
OD_VERB(withdrawals);
OD_VERB(withdrawn);
OD_VERB(outages);      /* outages.c */
OD_VERB(dnc_add);      /* dnc.c */
OD_VERB(dnc_lift);
OD_VERB(dnc_list);
OD_VERB(dnc_import);
OD_VERB(status);       /* status.c */
OD_VERB(doubts);       /* doubts.c */
OD_VERB(resolve);
OD_VERB(explain);      /* explain.c */
OD_VERB(export);       /* export.c */
OD_VERB(copy);
OD_VERB(forecast);     /* forecast.c */
OD_VERB(contact_set);  /* person.c */

/* What intend stores of a call that is about to be sent: the JSON text of { request = { method, url, body }, call }. */
extern const od_check od_check_record;

/* What long verbs keep between their slices. */
void od__import_free(void *state);
void od__forecast_free(void *state);

#pragma GCC visibility pop
#endif
