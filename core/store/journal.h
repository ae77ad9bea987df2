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
/* An INSERT into the journal in other words. */
#define od__journal_execute(work, err, ...) (od__journal_forget(work), od__execute((work)->database, err, __VA_ARGS__))
/* The id of the latest row, 0: there is none. Errors: as od__query_end. */
od_status od__journal_last(od_work *work, int64_t *out, od_error *err);
/* The latest row may be another. */
void od__journal_forget(od_work *work);

#pragma GCC visibility pop
#endif
