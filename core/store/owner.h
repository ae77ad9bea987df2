/* store/owner: who works with the store. Each worker has a row with a lease, and on this host a lock on its byte of
 * STORE.lock, which the kernel gives up when the process dies: a free byte is a dead owner (R20). */
#ifndef OD_STORE_OWNER_H
#define OD_STORE_OWNER_H

#include "store/verb.h"

#pragma GCC visibility push(hidden)

#define OD_BOOT_ID_BYTES 37

struct od_owner {
    int64_t id, epoch;
    int64_t lease_boot_ms;       /* when the lease ends, on CLOCK_BOOTTIME */
    int lock_fd;
};

/* Gives the lock up; the row stays as it is. NULL is fine. */
void od__owner_free(od_owner *owner);
/* At the start of a transaction: sets no_lease if the lease does not stand any more, and holds all campaigns if the clocks
 * have jumped against one another (R20). Errors: as od__query_end. */
od_status od__owner_look(od_work *work, od_error *no_lease, od_error *err);
/* Whether an owner can send nothing any more: it is this worker's own word, or its lock is free, or its host was started
 * anew (R5). */
od_status od__owner_proven_dead(od_work *work, int64_t owner_id, bool *dead, od_error *err);
/* Since when the wall clock has not been seen to jump (R20); 0: it never was. Errors: as od__query_end. */
od_status od__owner_clock_runs_since(od_work *work, int64_t *wall_ms, od_error *err);
/* Whether nobody holds an owner's byte of the lock file that fd has open; what cannot be asked counts as held. */
bool od__owner_byte_is_free(int fd, int64_t owner_id);
/* Which start of the machine this is; "unknown" where the system does not tell. */
void od__owner_boot_id(char out[OD_BOOT_ID_BYTES]);

#pragma GCC visibility pop
#endif
