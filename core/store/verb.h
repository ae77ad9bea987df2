/* store/verb: what the store's thread gives a verb to work with, and the table of all verbs. A verb runs inside a transaction
 * and says everything in its result; it does no I/O but the database's. */
#ifndef OD_STORE_VERB_H
#define OD_STORE_VERB_H

#include "base/clock.h"
#include "base/fault.h"
#include "crypto/crypto.h"
#include "json/value.h"
#include "store/database.h"
#include "validation/shape.h"

#pragma GCC visibility push(hidden)

#define OD_LEASE_MS od__tunable("OUTDIAL_LEASE_MS", 120000) /* how long an owner that is not heard of keeps what it has */
#define OD_LEASE_MARGIN_MS od__tunable("OUTDIAL_LEASE_MARGIN_MS", 5000) /* between the last moment of a send and the lease's end */
#define OD_LIMIT_AHEAD_MS 2000         /* an intent whose rate slot is farther ahead is not made (R4) */
#define OD_LIMIT_TAKE 1000             /* rows of one verb */
#define OD_LIMIT_PAST 256              /* earlier attempts that a judgement looks at */
#define OD_LIMIT_VIEW_HISTORY 20       /* those that a script sees */
#define OD_LIMIT_BATCH 512             /* verbs of one transaction */
#define OD_STORE_TOKEN_BYTES 33        /* 160 bits in base32, and the NUL */
#define OD_STORE_KEY_BYTES 32
/* Of a client and an account as a leg in memory has them: longer ones are read, and counted, each time. */
#define OD_LIMIT_NAME_BYTES 128
#define OD_LIMIT_LEG_ACCOUNT_BYTES 512

typedef struct od_store_core od_store_core;
typedef struct od_owner od_owner;
typedef struct od_rulebook od_rulebook;
typedef struct od_importing od_importing;
typedef struct od_claims od_claims;

/* What outlasts one transaction. Belongs to the store's thread. */
struct od_store_core {
    od_database *database;
    const od_clock *clock;
    od_owner *owner;                   /* NULL: this store has not registered */
    od_rulebook *rulebook;             /* compiled rulesets and zones; made when first needed */
    const char *zone_directory;        /* NULL: the system's */
    struct od_leg_row *meant;          /* legs that the owner means just now (leg.c); NULL: none yet */
    od_claims *claims;                 /* the owner's; NULL: not read */
    od_importing *importing;           /* how far the latest import is; NULL: there was none */
    od_hmac *key;                      /* makes tokens; it authenticates to nobody */
    char generation[33];
    int64_t seen_wall_ms, seen_now_ms; /* at the last transaction; 0: none yet */
};

/* How many calls are open, as the transaction under way has counted them once; kept true by pace.c. */
typedef struct od_open_counts {
    int64_t campaign_id, of_campaign;  /* campaign_id 0: not counted yet */
    char account[OD_LIMIT_LEG_ACCOUNT_BYTES], client[OD_LIMIT_NAME_BYTES]; /* client "": not counted yet */
    int64_t of_client;
} od_open_counts;

#define OD_LIMIT_CAMPAIGN_BYTES 800      /* its name: 200 characters */
#define OD_LIMIT_SUBJECT_BYTES 800       /* 200 characters: cut off it may be another's */
#define OD_LIMIT_WHY_BYTES 512

/* A campaign (campaign.h). */
typedef struct od_campaign_row {
    int64_t id, revision;
    int64_t max_open, max_handed_off;    /* -1: no limit */
    bool running;
    bool has_list;                       /* a do-not-call list is named */
    char name[OD_LIMIT_CAMPAIGN_BYTES + 1];
    char state[16];
    char why[OD_LIMIT_WHY_BYTES];
    char subject[OD_LIMIT_SUBJECT_BYTES + 1]; /* "": none */
    const struct od_ruleset *ruleset;           /* borrowed from the rulebook until the next campaign is read */
} od_campaign_row;

/* Whether a table has rows, as the transaction under way knows: looked up once, and noted by who writes it. */
typedef enum od_rows { OD_ROWS_UNKNOWN, OD_ROWS_NONE, OD_ROWS_SOME } od_rows;

/* One verb at work. */
typedef struct od_work {
    od_store_core *core;
    od_database *database;
    int64_t wall_ms;                   /* Unix time of this transaction */
    int64_t now_ms;                    /* CLOCK_BOOTTIME of this transaction: the clock of leases and of sending */
    int64_t list_campaign_id;          /* whose do-not-call list was found good in this transaction; 0: none yet */
    bool has_lease;                    /* the owner's stands */
    bool resigned;                     /* the owner has given up in this transaction */
    od_rows attempts, listed;          /* of the store */
    bool journal_known;                /* journal_last is that of now (journal.h) */
    int64_t journal_last;
    size_t judged_count;               /* judgements that this transaction can use again (judged.h) */
    od_open_counts open;
    od_campaign_row campaign;          /* the one that was read last; id 0: none was */
    void **state;                      /* of a long verb, between its slices: its own, starts as NULL */
    bool again;                        /* set by a long verb: not done, run the next slice in a later transaction */
    bool reads_next;                   /* and with it: that slice writes nothing */
} od_work;

typedef od_status od_verb_fn(od_work *work, const od_value *params, od_value **result, od_error *err);

typedef struct od_verb {
    const char *name;
    const char *summary;
    const od_shape *input;
    od_verb_fn *run;
    bool worker;                       /* needs an owner whose lease stands */
    bool reads;                        /* writes nothing */
    void (*free_state)(void *state);   /* of a long verb */
    bool in_memory;                    /* changes od_store_core: never run twice */
} od_verb;

/* Sets *any to whether `sql` gives a row, *known being what is known of that. Errors: as od__query_end. */
od_status od__rows_any(od_work *work, od_rows *known, const char *sql, bool *any, od_error *err);

/* Finds a verb; NULL if there is none. */
const od_verb *od__verb_find(const char *name);
const od_verb *od__verb_at(size_t index); /* NULL past the end */

/* ---- parameters and results ---- */

const char *od__param_text(const od_value *params, const char *key);           /* NULL if absent */
int64_t od__param_integer(const od_value *params, const char *key, int64_t otherwise);
bool od__param_is(const od_value *params, const char *key);                    /* a boolean that is true */
/* The text of params[key] as compact JSON; *out NULL if absent; od_text_free it. Errors: out_of_memory. */
od_status od__param_json(const od_value *params, const char *key, char **out, od_error *err);

/* A result under construction, each key once: keeps the first failure; od__made gives it away. */
typedef struct od_maker {
    od_value *object;
    od_error *err;
    od_status status;
} od_maker;

void od__make(od_maker *maker, od_error *err);
void od__make_text(od_maker *maker, const char *key, const char *text);        /* NULL: left out */
void od__make_integer(od_maker *maker, const char *key, int64_t integer);
void od__make_boolean(od_maker *maker, const char *key, bool boolean);
void od__make_value(od_maker *maker, const char *key, od_value *value);        /* takes; NULL is a failure */
void od__make_json(od_maker *maker, const char *key, const char *json);        /* parsed; NULL: left out */
void od__make_failed(od_maker *maker, od_status status);                       /* notes a failure of a step between */
od_status od__made(od_maker *maker, od_value **out);
/* Appends a finished object to an array: *out of od__made in one step. */
od_status od__made_into(od_maker *maker, od_value *array);

/* Text columns of a query: a NULL stays out. */
void od__make_column(od_maker *maker, const char *key, const od_query *query, int column);
void od__make_integer_column(od_maker *maker, const char *key, const od_query *query, int column);

#pragma GCC visibility pop
#endif
