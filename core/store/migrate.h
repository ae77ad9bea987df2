/* store/migrate: older versions of the tables brought forward, each by one step, inside the transaction that opens the store. */
#ifndef OD_STORE_MIGRATE_H
#define OD_STORE_MIGRATE_H

#include "store/database.h"

#pragma GCC visibility push(hidden)

/* Attempts by contact instead of by a person's key in words; numbers that are only one contact's without an index of their
 * attempts. An outdial of version 1 that is still at work fails at its next intent: attempt.person is gone. Errors: as
 * od__query_end. */
od_status od__migrate_1_to_2(od_database *database, od_error *err);

#pragma GCC visibility pop
#endif
