/* store/claims: which contacts a worker has taken, and not yet called, decided about or given back. A claim is of a contact
 * in one version: whatever changes the contact ends it, and nothing is written for that. All that one verb has taken is one
 * row, for other workers to read; whose they are has them in memory, with what it has read of the contact. */
#ifndef OD_STORE_CLAIMS_H
#define OD_STORE_CLAIMS_H

#include "store/contact.h"

#pragma GCC visibility push(hidden)

/* One of this worker's own. */
typedef struct od_claim {
    od_turn turn;
    od_contact_row contact;
} od_claim;

/* What all workers have, this one included, as of now; od__claims_seen_free it. Errors: as od__query_end. */
typedef struct od_claims_seen od_claims_seen;
od_status od__claims_see(od_work *work, od_claims_seen **out, od_error *err);
void od__claims_seen_free(od_claims_seen *seen); /* NULL is fine */
/* Whether somebody has it in this version. */
bool od__claims_seen_have(const od_claims_seen *seen, int64_t contact_id, int64_t version);

/* Claims a contact for this worker, and takes it (but for an error) with its texts; od__claims_write makes all new claims
 * known to others. Errors: out_of_memory. */
od_status od__claims_add(od_work *work, od_contact_row *contact, const od_turn *turn, od_error *err);
od_status od__claims_write(od_work *work, od_error *err);

/* Whether this worker has it in this version. *out: what it has read of it, borrowed until the claim ends; NULL: nothing that
 * holds. Errors: as od__query_end. */
od_status od__claims_find(od_work *work, int64_t contact_id, int64_t version, bool *has, const od_claim **out, od_error *err);
/* The contact has changed: this worker's claim is over, as everybody's is. */
void od__claims_end(od_work *work, int64_t contact_id);
/* Gives these claims of this worker's, { contact, version } each, back, and no newer ones of the same contacts. Errors: as
 * od__query_end. */
od_status od__claims_give_back(od_work *work, const od_value *given, od_error *err);

/* What is in memory holds no more: something was taken back. It is read again when it is needed. */
void od__claims_forget(od_store_core *core);

#pragma GCC visibility pop
#endif
