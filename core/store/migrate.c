#include "store/migrate.h"

#include "store/tables.h"

/* A contact that had become another person could have a second open attempt, which the tables do not take any more. The newest
 * stays open; of the others it is told that somebody may have been rung twice, and whom they were to is held. */
#define NOT_THE_NEWEST "open = 1 AND id NOT IN (SELECT max(id) FROM attempt WHERE open = 1 GROUP BY contact_id)"
static const char second_attempts[] =
    "INSERT INTO journal(at_ms, campaign_id, contact_id, attempt_id, event, data) SELECT at_ms, campaign_id, contact_id, id,"
    " 'possible_second_ring', json_object('text', 'a later attempt was open as well') FROM attempt WHERE " NOT_THE_NEWEST ";"
    "UPDATE contact SET version = version + 1, why = 'possible_second_ring', state = CASE state WHEN 2 THEN state ELSE 3 END,"
    " wish = CASE state WHEN 2 THEN 'hold' ELSE wish END WHERE id IN (SELECT contact_id FROM attempt WHERE " NOT_THE_NEWEST ");"
    "UPDATE attempt SET open = 0, counts = 1, second_ring = 1 WHERE " NOT_THE_NEWEST ";";

/* Whom an attempt was to: "person:NAME" of several contacts, or "campaign/NAME:ID" of this one. */
static const char attempts[] =
    "DROP INDEX attempt_person_open; DROP INDEX attempt_number_open; DROP INDEX attempt_person; DROP INDEX attempt_number;"
    "DROP INDEX attempt_second_ring;"
    "ALTER TABLE attempt RENAME TO attempt_1;"
    OD_SCHEMA_ATTEMPT
    "INSERT INTO attempt SELECT id, campaign_id, contact_id, CASE WHEN substr(person, 1, 7) = 'person:' THEN substr(person, 8) END,"
    " subject, ordinal, number, 0, open, counts, at_ms, callback, kind, rang, raw, ended_ms, second_ring,"
    " CASE WHEN id = first_value(id) OVER (PARTITION BY contact_id ORDER BY open DESC, id DESC) THEN 0 ELSE id END"
    " FROM attempt_1 ORDER BY id;"
    "DROP TABLE attempt_1;";

/* Whoever was called by a number is among those who have it, from now on. */
static const char numbers[] =
    "INSERT OR IGNORE INTO number(number, contact_id) SELECT number, contact_id FROM attempt;"
    "UPDATE attempt SET common = 1 WHERE EXISTS (SELECT 1 FROM number n WHERE n.number = attempt.number"
    " AND n.contact_id <> attempt.contact_id);";

static const char contacts[] =
    "ALTER TABLE contact ADD COLUMN ordinal INTEGER NOT NULL DEFAULT 0;"
    "UPDATE contact SET ordinal = (SELECT max(ordinal) FROM attempt WHERE contact_id = contact.id)"
    " WHERE id IN (SELECT contact_id FROM attempt);"
    "DROP INDEX contact_due;" OD_SCHEMA_CONTACT_DUE;

/* What older legs were judged by stays in the journal. */
static const char legs[] =
    "ALTER TABLE leg ADD COLUMN placed_ms INTEGER; ALTER TABLE leg ADD COLUMN placed_after INTEGER;"
    "ALTER TABLE leg ADD COLUMN judgement_id INTEGER; ALTER TABLE leg ADD COLUMN number TEXT;"
    "ALTER TABLE leg ADD COLUMN " OD_SCHEMA_LEG_EARLIER ";"
    "UPDATE leg SET earlier = id WHERE EXISTS (SELECT 1 FROM leg l WHERE l.attempt_id = leg.attempt_id AND l.ordinal > leg.ordinal);"
    "DROP INDEX leg_attempt_open; DROP INDEX leg_attempt; DROP INDEX leg_open;" OD_SCHEMA_LEG_INDEXES
    OD_SCHEMA_JUDGEMENT;

static const char claims[] =
    "ALTER TABLE claim RENAME TO claim_1;"
    OD_SCHEMA_CLAIM
    "INSERT INTO claim(owner_id, contacts) SELECT l.owner_id, group_concat(l.contact_id || '.' || c.version || ' ', '')"
    " FROM claim_1 l JOIN contact c ON c.id = l.contact_id GROUP BY l.owner_id;"
    "DROP TABLE claim_1;";

/* The first of version 1 did not know which campaign a worker runs. */
static const char owners[] =
    "DROP INDEX owner_state; ALTER TABLE owner RENAME TO owner_1;"
    OD_SCHEMA_OWNER
    "INSERT INTO owner(id, epoch, state, boot_id, host, pid, started_ms, lease_boot_ms, ended_ms) SELECT id, epoch, state,"
    " boot_id, host, pid, started_ms, lease_boot_ms, ended_ms FROM owner_1;"
    "DROP TABLE owner_1;";

od_status od__migrate_1_to_2(od_database *database, od_error *err) {
    const char *const steps[] = { second_attempts, attempts, numbers, contacts, claims, legs, owners };
    od_status status = OD_OK;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && status == OD_OK; i++)
        status = od__database_run(database, steps[i], err);
    return status;
}
