/* store/tables: the tables and indexes that a migration makes as well. */
#ifndef OD_STORE_TABLES_H
#define OD_STORE_TABLES_H

#pragma GCC visibility push(hidden)

/* Of a contact that waits for something: who is called just now, or done, is in no index but that of ids. A query that is to
 * be answered from contact_due says so. */
#define OD_SCHEMA_RESTS "state <> 2 AND state <> 5"

/* A column that keeps a list as JSON, for json_each: one row's that is none must not make a query about many fail. */
#define OD_SCHEMA_LIST(column) "CASE WHEN json_valid(" column ") THEN " column " ELSE '[]' END"
#define OD_SCHEMA_CONTACT_DUE \
    "CREATE INDEX contact_due ON contact(campaign_id, state, due_ms) WHERE " OD_SCHEMA_RESTS ";"

#define OD_SCHEMA_OWNER                                                                                              \
    "CREATE TABLE owner(id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, state TEXT NOT NULL, boot_id TEXT NOT NULL," \
    " host TEXT NOT NULL, pid INTEGER NOT NULL, started_ms INTEGER NOT NULL, lease_boot_ms INTEGER NOT NULL,"        \
    " ended_ms INTEGER, campaign_id INTEGER);"                                                                       \
    "CREATE INDEX owner_state ON owner(state);"

/* contacts: "ID.VERSION ID.VERSION " of those that one `take` gave. */
#define OD_SCHEMA_CLAIM \
    "CREATE TABLE claim(id INTEGER PRIMARY KEY, owner_id INTEGER NOT NULL, contacts TEXT NOT NULL);"

/* What the rules said when legs were meant (judged.h), for ever, and after which row of the journal that comes. */
#define OD_SCHEMA_JUDGEMENT \
    "CREATE TABLE judgement(id INTEGER PRIMARY KEY, after INTEGER NOT NULL, data TEXT NOT NULL);"

/* person: the name that several contacts may have in common; NULL: this contact's alone. common = 1: others have had the
 * number as well, when it was called or since (od__enlist_number). earlier: 0 for a contact's latest attempt, else its own id.
 * At most one attempt is open per contact, per shared person and per number (R9): the database itself refuses a second. For
 * the contact that is one index with that of its history: only the latest may be open, and there is one latest. */
#define OD_SCHEMA_ATTEMPT                                                                                              \
    "CREATE TABLE attempt(id INTEGER PRIMARY KEY, campaign_id INTEGER NOT NULL, contact_id INTEGER NOT NULL,"          \
    " shared_person TEXT, subject TEXT, ordinal INTEGER NOT NULL, number TEXT NOT NULL, common INTEGER NOT NULL,"      \
    " open INTEGER NOT NULL, counts INTEGER NOT NULL, at_ms INTEGER NOT NULL, callback INTEGER NOT NULL, kind TEXT,"   \
    " rang TEXT, raw TEXT, ended_ms INTEGER, second_ring INTEGER NOT NULL DEFAULT 0,"                                  \
    " earlier INTEGER NOT NULL DEFAULT 0 CHECK(earlier = 0 OR open = 0));"                                             \
    "CREATE UNIQUE INDEX attempt_contact ON attempt(contact_id, earlier);"                                             \
    "CREATE UNIQUE INDEX attempt_number_open ON attempt(number) WHERE open = 1;"                                       \
    "CREATE UNIQUE INDEX attempt_person_open ON attempt(shared_person) WHERE open = 1 AND shared_person IS NOT NULL;"  \
    "CREATE INDEX attempt_person ON attempt(shared_person, at_ms) WHERE shared_person IS NOT NULL;"                    \
    "CREATE INDEX attempt_number ON attempt(number, at_ms) WHERE common = 1;"

/* A leg's column earlier: 0 for an attempt's latest leg, else its own id. Only one that is proven not placed is followed by
 * another (R8): the database itself refuses that. */
#define OD_SCHEMA_LEG_EARLIER "earlier INTEGER NOT NULL DEFAULT 0 CHECK(earlier = 0 OR state IN (5, 6))"

/* Most legs are placed and over at once: those that are meant just now are few, and in an index of their own, which is as
 * narrow as can be; of others that are open more is asked for. A query that is to be answered from leg_open says OD_SCHEMA_SENT. */
#define OD_SCHEMA_SENT "open = 1 AND state <> 0"
#define OD_SCHEMA_LEG_INDEXES                                                                                    \
    "CREATE UNIQUE INDEX leg_attempt ON leg(attempt_id, earlier);"                                               \
    "CREATE INDEX leg_meant ON leg(campaign_id) WHERE state = 0;"                                                \
    "CREATE INDEX leg_open ON leg(state, campaign_id, account, client, at_ms) WHERE " OD_SCHEMA_SENT ";"

#pragma GCC visibility pop
#endif
