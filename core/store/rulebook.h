/* store/rulebook: the compiled rulesets of the campaigns under way, the zones, and what is known about one contact: all that
 * a judgement needs, read from the tables and handed to core/rules. It judges nothing. */
#ifndef OD_STORE_RULEBOOK_H
#define OD_STORE_RULEBOOK_H

#include "rules/rules.h"
#include "store/verb.h"

#pragma GCC visibility push(hidden)

#define OD_LIMIT_WORDS_BYTES 67584   /* of one judgement */
#define OD_LIMIT_RULESETS 16         /* kept compiled; more campaigns at once are compiled anew in turn */

/* NULL is fine. */
void od__rulebook_free(od_rulebook *rulebook);
/* Forgets what was compiled: a transaction that may have changed a campaign was taken back. */
void od__rulebook_forget(od_rulebook *rulebook);
/* The zones; borrowed. Errors: out_of_memory. */
od_status od__rulebook_zones(od_work *work, od_zones **out, od_error *err);
/* Reads zones again whose files have changed, if it is time to look, and journals each (R24). *out: a list of { zone, kept },
 * kept being why the zone is as it was before; NULL: none has changed. Errors: as od__query_end. */
od_status od__rulebook_refresh(od_work *work, od_value **out, od_error *err);
/* The compiled ruleset of a campaign in this revision; borrowed until the next call. Errors: as od__ruleset_new. */
od_status od__rulebook_get(od_work *work, int64_t campaign_id, int64_t revision, const char *ruleset_json,
                           const od_ruleset **out, od_error *err);

/* Whom and what a judgement is about. All borrowed. */
typedef struct od_subject_row {
    int64_t contact_id, campaign_id;
    bool called;                     /* it has attempts */
    const char *shared_person;       /* the name that several contacts may have in common; NULL: this one is alone */
    const char *subject;             /* NULL: none */
    const char *number, *country, *zones;
    const char *numbers_json;        /* all of the contact's */
    bool nobody_called, nobody_listed; /* the store has no attempt, lists no number, at all: none is looked for */
    int64_t attempt_id;              /* an attempt that is its own: not a fence; 0: none */
    bool is_callback;
    int64_t ring_timeout_ms;
} od_subject_row;

/* Facts with the memory that they point into. */
typedef struct od_gathered {
    od_facts facts;
    od_past past[2 * OD_LIMIT_PAST];
    char list[256];
    int64_t number_contact_id;       /* the only contact that has the number, or had it when it was called; 0: none has */
    bool number_common;              /* several have: number_contact_id is one of them */
} od_gathered;

/* A place for facts that is kept for all intents, since it is large; and for their judgement in words, empty (words may be
 * NULL). Borrowed until the next call. Errors: out_of_memory. */
od_status od__gathered(od_work *work, od_gathered **out, od_buffer **words, od_error *err);
/* Reads what is known. Errors: as od__query_end. */
od_status od__gather(od_work *work, const od_ruleset *ruleset, const od_subject_row *row, od_gathered *out, od_error *err);

#pragma GCC visibility pop
#endif
