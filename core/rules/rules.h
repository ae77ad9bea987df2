/* rules: the one judge of whether a number may be called now: a compiled ruleset, the facts of one contact, and the time.
 *
 * Pure but for the zones it asks: no store, no vendor, no clock of its own. Intents, checks, explanations and rehearsals
 * all come here. Times are Unix ms. */
#ifndef OD_RULES_RULES_H
#define OD_RULES_RULES_H

#include "base/buffer.h"
#include "base/outcomes.h"
#include "time/zone.h"

#pragma GCC visibility push(hidden)

#define OD_RULES_SAW_BYTES 320

typedef struct od_ruleset od_ruleset;

/* One earlier attempt. */
typedef struct od_past {
    int64_t at_ms;        /* its intent */
    int64_t ended_ms;     /* its outcome; 0: as at_ms */
    bool of_person;       /* made to this person, on any number */
    bool of_number;       /* made to this number, for any person */
    bool same_campaign, same_subject;
    bool counts;          /* false: given back (R23), as if it had not been */
    bool has_outcome;     /* kind is set */
    od_outcome_kind kind;
} od_past;

/* What is known about one contact and one of its numbers. Zeroed is a contact without history that nothing stands
 * against, and that has no zone. Everything is borrowed for the call. */
typedef struct od_facts {
    const char *zones;             /* the contact's own: "A" or "A;B"; NULL or blank: none */
    const char *country;           /* of the number, ISO 3166; NULL: unknown */
    const od_past *history;        /* newest first, without the attempt that is judged (a further leg is the same one) */
    size_t history_count;
    int64_t person_whole_from_ms;  /* rows of the person before this may have been left out; 0: none were */
    int64_t number_whole_from_ms;  /* and of the number. What may lie before counts against the call */
    bool number_listed;            /* do not call: this number */
    bool person_listed;            /* and: another number of this person */
    const char *list;              /* which list says so; may be NULL */
    bool person_open, number_open; /* an attempt is under way (R9) */
    bool is_callback;              /* was asked for (R18) */
    int64_t ring_timeout_ms;       /* of this call; 0: the ruleset's */
} od_facts;

/* The kinds of refusal, in the order in which they are judged. */
#define OD_REFUSALS(XX) \
    XX(do_not_call) XX(person_open) XX(number_open) XX(no_zone) XX(hours) XX(holiday) XX(dst) XX(caps) XX(gap)

typedef enum od_refusal {
    OD_REFUSAL_none,
#define OD_REFUSAL_ENUM(name) OD_REFUSAL_##name,
    OD_REFUSALS(OD_REFUSAL_ENUM)
#undef OD_REFUSAL_ENUM
} od_refusal;

typedef struct od_judgement {
    bool allowed;
    od_refusal refusal;   /* none when allowed */
    const char *rule;     /* its word: "hours", "caps", "gap", ...; static; NULL when allowed */
    const char *name;     /* of the cap or gap as configured, else as rule; borrowed from the ruleset; NULL when allowed */
    char saw[OD_RULES_SAW_BYTES];  /* `2 attempts since 2026-11-28T10:00:00Z, limit 2`; "" when allowed */
    int64_t next_ms;      /* refused: when this rule may allow again, exact; 0: not by time alone (or not within 370 days) */
    int64_t until_ms;     /* allowed: the last instant at which the call may be sent, that is ring timeout + 60 s before the
                             first of the contact's zones closes (R4); at most 7 days ahead */
} od_judgement;

/* Compiles a ruleset: { hours, holidays, zone, caps, gaps, ring_timeout_ms, hand_off_outside_hours }; value is copied.
 * Errors: validation (path set), unavailable (a zone file that cannot be read), out_of_memory. */
od_status od__ruleset_new(const od_value *value, od_zones *zones, od_ruleset **out, od_error *err);
/* NULL is fine. */
void od__ruleset_free(od_ruleset *ruleset);
int64_t od__ruleset_ring_timeout_ms(const od_ruleset *ruleset);
bool od__ruleset_hands_off_outside_hours(const od_ruleset *ruleset);
/* How far back history matters at most, so that nobody reads more: of an attempt the later of at_ms and ended_ms counts;
 * INT64_MAX: to the first attempt. */
int64_t od__ruleset_reach_ms(const od_ruleset *ruleset);

/* Judges one call at now_ms: do-not-call, fences, zones, hours, caps, gaps, in this order. The first refusal is the
 * judgement. With a trail every rule is judged, and appended to it as a JSON array of { rule, name, saw, ok } (R25);
 * without, nothing is allocated once the zones are known. On an error the judgement is a refusal of kind none.
 * Errors: unavailable (a zone file that cannot be read), out_of_memory (also the trail's limit). */
od_status od__rules_judge(const od_ruleset *ruleset, od_zones *zones, const od_facts *facts, int64_t now_ms,
                          od_judgement *out, od_buffer *trail, od_error *err);
/* Finds the first instant from from_ms to horizon_ms at which all that depends on time allows, do-not-call and fences left
 * aside; 0: there is none. Errors: as od__rules_judge. */
od_status od__rules_next(const od_ruleset *ruleset, od_zones *zones, const od_facts *facts, int64_t from_ms,
                         int64_t horizon_ms, int64_t *next_ms, od_error *err);
/* Returns the word of a refusal, "none" for none; static. */
const char *od__refusal_name(od_refusal refusal);

#pragma GCC visibility pop
#endif
