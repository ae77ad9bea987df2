/* store/journal: what was decided, and from what; written in the transaction of the decision (R25). */
#ifndef OD_STORE_JOURNAL_H
#define OD_STORE_JOURNAL_H

#include "store/verb.h"

#pragma GCC visibility push(hidden)

typedef struct od_entry {
    int64_t campaign_id, contact_id, attempt_id, leg_id; /* 0: none */
    const char *event;           /* "intent", "placed", "outcome", ... */
    const char *by;              /* a person; NULL: outdial itself */
    const char *text;            /* becomes { "text": ... }; NULL: see data */
    const char *data;            /* JSON; NULL: none */
} od_entry;

od_status od__journal(od_work *work, const od_entry *entry, od_error *err);

#pragma GCC visibility pop
#endif
