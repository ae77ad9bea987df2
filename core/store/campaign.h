/* store/campaign: a campaign's row: its rules, limits and state. */
#ifndef OD_STORE_CAMPAIGN_H
#define OD_STORE_CAMPAIGN_H

#include "store/rulebook.h"

#pragma GCC visibility push(hidden)

#define OD_LIMIT_CAMPAIGN_BYTES 200      /* its name */
#define OD_LIMIT_SUBJECT_BYTES 200
#define OD_LIMIT_WHY_BYTES 512

typedef struct od_campaign_row {
    int64_t id, revision;
    int64_t max_open, max_handed_off;    /* -1: no limit */
    bool running;
    bool has_list;                       /* a do-not-call list is named */
    char state[16];
    char why[OD_LIMIT_WHY_BYTES];
    char subject[OD_LIMIT_SUBJECT_BYTES + 1]; /* "": none */
    const od_ruleset *ruleset;           /* borrowed from the rulebook until the next campaign is read */
} od_campaign_row;

/* Reads a campaign with its compiled ruleset. Errors: not_found, as od__ruleset_new and od__query_end. */
od_status od__campaign_read(od_work *work, int64_t id, od_campaign_row *out, od_error *err);
/* The id of a campaign by name. Errors: not_found (`there is no campaign "x"`). */
od_status od__campaign_id(od_work *work, const char *name, int64_t *out, od_error *err);
/* The campaign that params name: by name, or by the id that the verb `campaign` gave. Errors: not_found. */
od_status od__param_campaign(od_work *work, const od_value *params, int64_t *out, od_error *err);
/* Sets a campaign's state, and journals it. */
od_status od__campaign_set(od_work *work, int64_t id, const char *state, const char *why, const char *by, od_error *err);

#pragma GCC visibility pop
#endif
