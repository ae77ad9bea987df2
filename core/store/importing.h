/* store/importing: how far an import is, for whoever asks meanwhile. Outlives the import: its request may be let go of in
 * another thread than the store's. */
#ifndef OD_STORE_IMPORTING_H
#define OD_STORE_IMPORTING_H

#include <stdatomic.h>

#include "store/verb.h"

#pragma GCC visibility push(hidden)

struct od_importing {
    atomic_int holders;          /* the import, and the store */
    atomic_bool over;
    /* These are the store's thread's. */
    int64_t campaign_id, bytes_done, bytes_total, rows, merged;
};

/* NULL when memory runs out. Has one holder. */
od_importing *od__importing_new(int64_t campaign_id);
od_importing *od__importing_hold(od_importing *importing);
void od__importing_release(od_importing *importing); /* NULL is fine */
/* Sets `importing` of a result: { campaign, bytes_done, bytes_total, rows, merged }, if an import is under way. */
void od__importing_make(od_work *work, od_maker *maker);

#pragma GCC visibility pop
#endif
