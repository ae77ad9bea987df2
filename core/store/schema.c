#include "store/schema.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "crypto/crypto.h"
#include "store/migrate.h"
#include "store/tables.h"
#include "store/verb.h"

#define SCHEMA_VERSION 2
#define APPLICATION_ID 0x6f646c31 /* "odl1", in the file's header */

/* Every index costs each call, most of all one in whose order calls do not come: a page is written for each. So attempts are
 * found by contact, which come in order; by person and by number only where several contacts have the same (od__gather). What
 * a worker has taken is in a table of its own (claims.h). Times: *_ms are Unix milliseconds,
 * *_boot_ms are CLOCK_BOOTTIME. A contact's numbers stand twice: as a list in its row, to be read with it, and by number, to
 * find who has it, or has been called by it. contact.ordinal is that of its latest attempt. Every leg is meant, and nearly
 * every one is placed: the journal has no rows for that, and each says after which of them it comes. */
static const char tables[] =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"

    OD_SCHEMA_OWNER

    "CREATE TABLE campaign(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, state TEXT NOT NULL, why TEXT, by_whom TEXT,"
    " subject TEXT, max_open INTEGER, max_handed_off INTEGER, ruleset TEXT NOT NULL, script TEXT NOT NULL,"
    " revision INTEGER NOT NULL, list TEXT, created_ms INTEGER NOT NULL);"

    "CREATE TABLE contact(id INTEGER PRIMARY KEY, campaign_id INTEGER NOT NULL, external TEXT NOT NULL, person TEXT,"
    " version INTEGER NOT NULL DEFAULT 0, state INTEGER NOT NULL DEFAULT 0, due_ms INTEGER NOT NULL DEFAULT 0, why TEXT,"
    " wish TEXT, number_next INTEGER NOT NULL DEFAULT 1, numbers TEXT NOT NULL, country TEXT, zones TEXT,"
    " data TEXT NOT NULL, callback_ms INTEGER, callback_within_ms INTEGER, ordinal INTEGER NOT NULL DEFAULT 0);"
    "CREATE UNIQUE INDEX contact_external ON contact(campaign_id, external);"
    OD_SCHEMA_CONTACT_DUE
    "CREATE INDEX contact_person ON contact(person) WHERE person IS NOT NULL;"
    OD_SCHEMA_CLAIM

    "CREATE TABLE number(number TEXT NOT NULL, contact_id INTEGER NOT NULL, PRIMARY KEY(number, contact_id)) WITHOUT ROWID;"

    OD_SCHEMA_ATTEMPT

    "CREATE TABLE leg(id INTEGER PRIMARY KEY, attempt_id INTEGER NOT NULL, campaign_id INTEGER NOT NULL,"
    " contact_id INTEGER NOT NULL, ordinal INTEGER NOT NULL, client TEXT NOT NULL, vendor TEXT NOT NULL,"
    " account TEXT NOT NULL, seat TEXT, token TEXT NOT NULL, state INTEGER NOT NULL, open INTEGER NOT NULL,"
    " version INTEGER NOT NULL DEFAULT 0, owner_id INTEGER NOT NULL, follower_id INTEGER, request TEXT, call TEXT,"
    " error TEXT, cause TEXT, at_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, settled_ms INTEGER,"
    " looks INTEGER NOT NULL DEFAULT 0, look_ms INTEGER, withdrawal TEXT, placed_ms INTEGER,"
    " placed_after INTEGER, judgement_id INTEGER, number TEXT, " OD_SCHEMA_LEG_EARLIER ");"
    OD_SCHEMA_LEG_INDEXES
    "CREATE INDEX leg_seat_open ON leg(account, client, seat) WHERE open = 1 AND seat IS NOT NULL;"

    OD_SCHEMA_JUDGEMENT

    "CREATE TABLE bucket(key TEXT PRIMARY KEY, full_boot_us INTEGER NOT NULL) WITHOUT ROWID;"

    "CREATE TABLE listed(number TEXT PRIMARY KEY, source TEXT, since_ms INTEGER NOT NULL, by_whom TEXT, because TEXT,"
    " lifted_ms INTEGER, lifted_by TEXT, lifted_because TEXT) WITHOUT ROWID;"
    "CREATE TABLE list(path TEXT PRIMARY KEY, inode INTEGER NOT NULL, bytes INTEGER NOT NULL, changed_ns INTEGER NOT NULL,"
    " read_ms INTEGER NOT NULL, entries INTEGER NOT NULL, skipped INTEGER NOT NULL, reading TEXT NOT NULL) WITHOUT ROWID;"

    "CREATE TABLE journal(id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, campaign_id INTEGER, contact_id INTEGER,"
    " attempt_id INTEGER, leg_id INTEGER, event TEXT NOT NULL, by_whom TEXT, data TEXT);"
    "CREATE INDEX journal_contact ON journal(contact_id) WHERE contact_id IS NOT NULL;"
    "CREATE INDEX journal_campaign ON journal(campaign_id) WHERE contact_id IS NULL;";

/* ---- words ---- */

const char *od__contact_state_name(int64_t state) {
    static const char *const names[] = {
#define OD_CONTACT_NAME(name) #name,
        OD_CONTACT_STATES(OD_CONTACT_NAME)
#undef OD_CONTACT_NAME
    };
    return state >= 0 && state < OD_CONTACT_COUNT ? names[state] : "unknown";
}

int64_t od__contact_state(const char *name) {
    for (int64_t state = 0; name != NULL && state < OD_CONTACT_COUNT; state++) {
        if (strcmp(od__contact_state_name(state), name) == 0)
            return state;
    }
    return -1;
}

const char *od__leg_state_name(int64_t state) {
    static const char *const names[] = {
#define OD_LEG_NAME(name) #name,
        OD_LEG_STATES(OD_LEG_NAME)
#undef OD_LEG_NAME
    };
    return state >= 0 && state < OD_LEG_COUNT ? names[state] : "unknown";
}

/* ---- opening ---- */

static od_status read_number(od_database *database, const char *sql, int64_t *out, od_error *err) {
    od_query query;
    *out = 0;
    od__query(&query, database, err, sql, "");
    if (od__query_row(&query))
        *out = od__query_integer(&query, 0);
    return od__query_end(&query);
}

static od_status make(od_store_core *core, od_error *err) {
    unsigned char random[OD_STORE_KEY_BYTES];
    char hex[2 * OD_STORE_KEY_BYTES + 1];
    char pragmas[96];
    snprintf(pragmas, sizeof(pragmas), "PRAGMA application_id = %d; PRAGMA user_version = %d;", APPLICATION_ID,
             SCHEMA_VERSION);
    od_status status = od__database_run(core->database, tables, err);
    if (status == OD_OK)
        status = od__database_run(core->database, pragmas, err);
    if (status == OD_OK && !od__clock_random(core->clock, random, sizeof(random)))
        status = od__error_set(err, OD_INTERNAL, "no randomness is to be had for the store's key");
    if (status != OD_OK)
        return status;
    od__crypto_hex(random, sizeof(random), hex);
    status = od__execute(core->database, err, "INSERT INTO meta VALUES('instance_key', ?1)", "t", hex);
    od__crypto_wipe(hex, sizeof(hex));
    od__crypto_wipe(random, sizeof(random));
    if (status == OD_OK && !od__clock_random(core->clock, random, 16))
        status = od__error_set(err, OD_INTERNAL, "no randomness is to be had for the store's generation");
    if (status != OD_OK)
        return status;
    od__crypto_hex(random, 16, hex);
    return od__execute(core->database, err, "INSERT INTO meta VALUES('generation', ?1)", "t", hex);
}

static int hex_digit(char letter) {
    return letter >= '0' && letter <= '9' ? letter - '0' : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

static bool read_hex(const char *text, unsigned char *out, size_t bytes) {
    if (text == NULL || strlen(text) != 2 * bytes)
        return false;
    for (size_t i = 0; i < bytes; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

static od_status read_identity(od_store_core *core, od_error *err) {
    unsigned char key[OD_STORE_KEY_BYTES];
    bool has_key = false;
    od_query query;
    od__query(&query, core->database, err, "SELECT key, value FROM meta WHERE key IN ('instance_key', 'generation')", "");
    while (od__query_row(&query)) {
        const char *value = od__query_text(&query, 1);
        if (strcmp(od__query_text(&query, 0), "generation") == 0)
            snprintf(core->generation, sizeof(core->generation), "%s", value);
        else
            has_key = read_hex(value, key, sizeof(key));
    }
    od_status status = od__query_end(&query);
    if (status == OD_OK && (!has_key || core->generation[0] == '\0'))
        status = od__error_set(err, OD_PROTOCOL, "the store %s has lost its key", od__database_path(core->database));
    if (status == OD_OK) {
        od__crypto_hmac_free(core->key);
        core->key = od__crypto_hmac_new(key, sizeof(key));
        if (core->key == NULL)
            status = od__error_set(err, OD_INTERNAL, "no token can be made");
    }
    od__crypto_wipe(key, sizeof(key));
    return status;
}

/* One version after the other, in the transaction of the opening. */
static od_status bring_forward(od_database *database, int64_t version, od_error *err) {
    char pragma[48];
    od_status status = version == 1 ? od__migrate_1_to_2(database, err)
                                    : od__error_set(err, OD_PROTOCOL, "the store %s has version %d, which no outdial has made",
                                                    od__database_path(database), (int)version);
    snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d;", SCHEMA_VERSION);
    return status == OD_OK ? od__database_run(database, pragma, err) : status;
}

/* Sets *current: the tables are there as this version has them. Errors: protocol (another's file, or a newer outdial's). */
static od_status look_at(od_database *database, int64_t *version, bool *empty, bool *current, od_error *err) {
    int64_t application = 0, objects = 0;
    const char *path = od__database_path(database);
    od_status status = read_number(database, "PRAGMA application_id", &application, err);
    if (status == OD_OK)
        status = read_number(database, "PRAGMA user_version", version, err);
    if (status == OD_OK)
        status = read_number(database, "SELECT count(*) FROM sqlite_schema", &objects, err);
    if (status != OD_OK)
        return status;
    *empty = objects == 0 && application == 0;
    *current = application == APPLICATION_ID && *version == SCHEMA_VERSION;
    if (!*empty && application != APPLICATION_ID)
        return od__error_set(err, OD_PROTOCOL, "%s is a database, but not a store of outdial's", path);
    if (!*empty && *version > SCHEMA_VERSION)
        return od__error_set(err, OD_PROTOCOL, "the store %s has version %d, made by a newer outdial; this one knows up to %d",
                             path, (int)*version, SCHEMA_VERSION);
    return OD_OK;
}

static od_status bring_up(od_store_core *core, bool create, od_error *err) {
    int64_t version = 0;
    bool empty = false, current = false;
    od_status status = look_at(core->database, &version, &empty, &current, err);
    if (status != OD_OK || current)
        return status;
    if (!empty)
        return bring_forward(core->database, version, err);
    if (!create)
        return od__error_set(err, OD_NOT_FOUND, "%s is empty: no campaign has been run with it",
                             od__database_path(core->database));
    return make(core, err);
}

static od_status end(od_database *database, od_status status, od_error *err) {
    if (status == OD_OK)
        status = od__database_commit(database, err);
    if (status != OD_OK)
        od__database_rollback(database);
    return status;
}

/* Sets *done where there is nothing to write: who only reads a store need not wait for whoever writes to it. */
static od_status open_as_it_is(od_store_core *core, bool *done, od_error *err) {
    int64_t version;
    bool empty;
    od_status status = od__database_begin(core->database, false, err);
    if (status != OD_OK)
        return status;
    status = look_at(core->database, &version, &empty, done, err);
    if (status == OD_OK && *done)
        status = read_identity(core, err);
    return end(core->database, status, err);
}

od_status od__schema_open(od_store_core *core, bool create, od_error *err) {
    bool done = false;
    od_status status = open_as_it_is(core, &done, err);
    if (status != OD_OK || done)
        return status;
    status = od__database_begin(core->database, true, err);
    if (status != OD_OK)
        return status;
    status = bring_up(core, create, err);
    if (status == OD_OK)
        status = read_identity(core, err);
    return end(core->database, status, err);
}
