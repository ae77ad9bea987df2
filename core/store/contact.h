/* store/contact: one contact's row: reading it, showing it to a script, and changing its state under its version. */
#ifndef OD_STORE_CONTACT_H
#define OD_STORE_CONTACT_H

#include "base/limits.h"
#include "store/verb.h"

#pragma GCC visibility push(hidden)

/* Of a person's key, whole: one that is cut off may be another's. */
#define OD_LIMIT_PERSON_BYTES (sizeof("campaign/:") + OD_LIMIT_CAMPAIGN_BYTES + OD_LIMIT_CONTACT_ID_BYTES)

/* A contact with what its campaign adds. Its texts are in one piece of memory; NULL: it has none. */
typedef struct od_contact_row {
    int64_t id, campaign_id, version, state, due_ms, number_next, callback_ms, callback_within_ms;
    int64_t ordinal;                    /* of its latest attempt; 0: it was never called */
    const char *external, *numbers, *country, *zones, *data, *wish;
    const char *campaign;               /* its name */
    const char *person;                 /* its key over all campaigns (R9) */
    const char *shared_person;          /* what the list gave for it; NULL: nothing */
    char *texts;
} od_contact_row;

/* What a query begins with whose rows od__contact_of reads. */
#define OD_CONTACT_COLUMNS                                                                                         \
    "SELECT c.id, c.campaign_id, c.version, c.state, c.due_ms, c.number_next, coalesce(c.callback_ms, 0),"         \
    " coalesce(c.callback_within_ms, 0), c.external, c.numbers, c.country, c.zones, c.data, c.wish, c.person,"     \
    " c.ordinal FROM contact c "

#define OD_CONTACT_VERSION 2 /* the column */

/* Reads the row that the query is at; od__contact_clear it also after an error. Errors: as od__campaign_read. */
od_status od__contact_of(od_work *work, const od_query *query, od_contact_row *out, od_error *err);
/* Reads a contact by row id. Errors: not_found, as od__query_end. */
od_status od__contact_read(od_work *work, int64_t id, od_contact_row *out, od_error *err);
/* As od__contact_read, by campaign (NULL: the only one that has it) and the id that the list gave. Errors: not_found. */
od_status od__contact_find(od_work *work, const char *campaign, const char *external, od_contact_row *out, od_error *err);
void od__contact_clear(od_contact_row *row);
/* Starts a query for those of a campaign's contacts from row id after + 1 to `to` that may yet be called. Each row that it
 * steps to is read by od__contact_borrow: texts are borrowed until the next step; data, wish, campaign and person are left out;
 * nothing to clear. */
void od__contact_callable(od_query *query, od_work *work, int64_t campaign_id, int64_t after, int64_t to, od_error *err);
void od__contact_borrow(const od_query *query, od_contact_row *out);

/* Makes the token of a leg (R8): HMAC(instance key, campaign | person | ordinal | leg | generation) in base32. */
od_status od__contact_token(const od_work *work, const od_contact_row *row, int64_t ordinal, int64_t leg,
                            char out[OD_STORE_TOKEN_BYTES], od_error *err);
/* The ordinal of the person's next attempt in this campaign. */
od_status od__contact_next_ordinal(od_work *work, const od_contact_row *row, int64_t *out, od_error *err);

/* The attempt that a contact would have next: its person's ordinal, and the token of its first leg. */
typedef struct od_turn {
    int64_t ordinal;
    char token[OD_STORE_TOKEN_BYTES];
} od_turn;

od_status od__contact_turn(od_work *work, const od_contact_row *row, od_turn *out, od_error *err);
/* Makes what a script sees of a contact (view.c). */
od_status od__contact_view(od_work *work, const od_contact_row *row, od_value **out, od_error *err);
/* Makes what its worker is given of a contact with that turn: { contact, version, id, number, to, further (it has one more
 * number), token, callback } to call it, and if with_views as JSON texts what a script would see, { view, data }. */
od_status od__contact_show_taken(od_work *work, const od_contact_row *row, const od_turn *turn, bool with_views, od_value **out,
                                 od_error *err);

/* What is to become of a contact. */
typedef struct od_decision {
    int64_t state, due_ms;
    const char *why;                 /* NULL: none */
    int64_t number;                  /* 0: as it is */
    const char *to;                  /* that number: its place may be another by now; NULL: not said */
    int64_t callback_ms, callback_within_ms; /* 0: none */
    bool keeps_callback;             /* the one that was asked for is still to be made */
} od_decision;

extern const od_shape od_shape_decision;
/* Reads { state, due_ms, why, number, callback }, already checked against the shape; otherwise where value is NULL. */
od_decision od__decision_read(const od_value *value, od_decision otherwise);
/* As it, of a contact that was not called: a callback that it has asked for is still to be made (R18). */
od_decision od__decision_uncalled(const od_value *value, od_decision otherwise);
/* What a contact has become. */
typedef struct od_decided {
    int64_t state, version;
} od_decided;

/* Carries out a decision (a person's wish for an open contact wins over it), and counts the version on, so
 * that nobody's claim holds any more. `guard` is the version that the contact must have; -1: any. Errors:
 * conflict. */
od_status od__contact_decide(od_work *work, int64_t id, int64_t guard, const od_decision *decision, od_error *err);
/* What it is. Errors: conflict (it is not there). */
od_status od__contact_decided(od_work *work, int64_t id, od_decided *out, od_error *err);

#pragma GCC visibility pop
#endif
