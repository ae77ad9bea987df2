/* store: the durable record of campaigns. Verbs are requests: a thread of the store's own runs them, all that were asked
 * for during one commit in the next transaction; where the engine goes by a clock that is not the system's, they run on the
 * engine's thread instead, one group a step. Knows requests and verbs, no table. */
#ifndef OD_STORE_STORE_H
#define OD_STORE_STORE_H

#include "request.h"
#include "store/verb.h"

#pragma GCC visibility push(hidden)

/* As od_store_submit, but takes params (also when it fails), which nobody else may hold. */
od_status od__store_submit_take(od_store *store, const char *verb, od_value *params, void *context, od_request **out,
                                od_error *err);

#pragma GCC visibility pop
#endif
