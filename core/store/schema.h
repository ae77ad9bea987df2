/* store/schema: the tables, their version, and the words that stand in them. */
#ifndef OD_STORE_SCHEMA_H
#define OD_STORE_SCHEMA_H

#include "store/database.h"

#pragma GCC visibility push(hidden)

struct od_store_core;

/* Brings the database to this version of the schema, making it if it is empty, and reads what identifies the store.
 * Errors: protocol (another program's file, or a newer schema), unavailable, permission, out_of_memory, internal. */
od_status od__schema_open(struct od_store_core *core, bool create, od_error *err);

/* Contact states, in the order of their numbers in the table. */
#define OD_CONTACT_STATES(XX) XX(ready) XX(waiting) XX(open) XX(held) XX(blocked) XX(done) XX(exhausted) XX(suppressed)
enum {
#define OD_CONTACT_ENUM(name) OD_CONTACT_##name,
    OD_CONTACT_STATES(OD_CONTACT_ENUM)
#undef OD_CONTACT_ENUM
    OD_CONTACT_COUNT,
};
const char *od__contact_state_name(int64_t state);
/* -1: no such name. */
int64_t od__contact_state(const char *name);

/* Leg states; the first four are open. */
#define OD_LEG_STATES(XX) \
    XX(intent) XX(in_doubt) XX(handed_off) XX(placed) XX(ended) XX(not_placed) XX(void) XX(written_off)
enum {
#define OD_LEG_ENUM(name) OD_LEG_##name,
    OD_LEG_STATES(OD_LEG_ENUM)
#undef OD_LEG_ENUM
    OD_LEG_COUNT,
};
#define OD_LEG_LAST_OPEN OD_LEG_placed
const char *od__leg_state_name(int64_t state);

#pragma GCC visibility pop
#endif
