/* rules/internal: a compiled ruleset and what the judge's parts share. */
#ifndef OD_RULES_INTERNAL_H
#define OD_RULES_INTERNAL_H

#include "base/limits.h"
#include "rules/rules.h"
#include "validation/shape.h"

#pragma GCC visibility push(hidden)

#define OD_RULES_HORIZON_DAYS 370  /* how far ahead an open window is looked for */
#define OD_RULES_UNTIL_DAYS 7      /* how far ahead the end of one is looked for */
#define OD_RULES_MARGIN_MS 60000   /* beyond the ring timeout, before a window ends (R4) */
#define OD_RULES_HOURS_BYTES 160   /* the week in words */

#define OD_RULE_NAME_BYTES (4 * OD_LIMIT_RULE_NAME + 1)  /* in UTF-8 */

#define OD_DEFAULT_RING_TIMEOUT_MS 25000  /* R24 */

#define OD_MS_PER_DAY INT64_C(86400000)

/* Minutes of a day, [begin, end). */
typedef struct od_window {
    int begin, end;
} od_window;

typedef struct od_day {
    od_window windows[OD_LIMIT_WINDOWS];  /* ascending, none touching the next */
    size_t count;
} od_day;

typedef enum od_cap_kind { OD_CAP_ROLLING, OD_CAP_DAYS, OD_CAP_MONTH, OD_CAP_SINCE, OD_CAP_LIFETIME } od_cap_kind;
typedef enum od_cap_scope { OD_SCOPE_STORE, OD_SCOPE_CAMPAIGN, OD_SCOPE_SUBJECT } od_cap_scope;

typedef struct od_cap {
    char name[OD_RULE_NAME_BYTES];
    int64_t limit;
    bool per_person, per_number;  /* at least one */
    od_cap_kind kind;
    od_cap_scope scope;
    int64_t ms;                   /* ROLLING */
    int days;                     /* DAYS */
    od_outcome_kind event;        /* SINCE */
} od_cap;

typedef struct od_gap {
    char name[OD_RULE_NAME_BYTES];
    int64_t ms;
    bool per_person, per_number;
    bool has_after;
    od_outcome_kind after;
} od_gap;

struct od_ruleset {
    od_day week[7];               /* from Monday */
    char hours[OD_RULES_HOURS_BYTES];
    int64_t *holidays;            /* days since 1970-01-01, ascending */
    size_t holiday_count;
    char zone[OD_LIMIT_ZONE_NAME_BYTES];  /* "": none */
    od_cap *caps;
    size_t cap_count;
    od_gap *gaps;
    size_t gap_count;
    int64_t ring_timeout_ms;
    bool hand_off_outside_hours;
};

/* ---- shapes.c: what a ruleset looks like ---- */

extern const od_shape od__ruleset_shape;
extern const char *const od__day_names[7];         /* "mon" ... */
extern const char *const od__cap_kind_names[];     /* in the order of od_cap_kind, and so on; NULL at the end */
extern const char *const od__cap_scope_names[];
extern const char *const od__outcome_names[];

/* "10:00-20:00"; false if it is none. */
bool od__window_parse(const char *text, od_window *out);
/* "2026-12-25" as days since 1970-01-01; false if there is no such day. */
bool od__date_parse(const char *text, int64_t *days);

/* ---- candidates.c: where the contact may be (R24) ---- */

typedef struct od_candidates {
    od_zone *zones[OD_LIMIT_CANDIDATE_ZONES];
    size_t count;                    /* 0: not known, which is a refusal */
    char saw[OD_RULES_SAW_BYTES];    /* why not, when count is 0 */
} od_candidates;

/* Errors: unavailable, out_of_memory. */
od_status od__candidates_find(const od_ruleset *ruleset, od_zones *zones, const od_facts *facts, od_candidates *out,
                              od_error *err);

/* ---- windows.c: hours, holidays, and nights in which the clock is changed ---- */

typedef struct od_hours_verdict {
    od_refusal refusal;  /* none, hours, holiday, dst */
    od_zone *zone;       /* which is closed, or closes first */
    int64_t ends_s;      /* when all are open: the first instant at which one is not; else 0 */
    int64_t until_ms;    /* and ring timeout and margin before that */
} od_hours_verdict;

void od__hours_judge(const od_ruleset *ruleset, const od_candidates *candidates, int64_t ring_timeout_ms, int64_t now_ms,
                     od_hours_verdict *out);
/* The first instant from from_ms on at which a call may be sent; 0: none within OD_RULES_HORIZON_DAYS. */
int64_t od__hours_next(const od_ruleset *ruleset, const od_candidates *candidates, int64_t ring_timeout_ms, int64_t from_ms);
void od__hours_describe(const od_ruleset *ruleset, const od_candidates *candidates, const od_hours_verdict *verdict,
                        int64_t now_ms, char *saw, size_t saw_bytes);

/* ---- caps.c, gaps.c ---- */

/* What one cap or gap found, about the person or about the number: of two the one that refuses, or refuses for longer. */
typedef struct od_tally {
    bool ok;
    bool of_number;      /* it was the number */
    bool cut;            /* refused for what history leaves out */
    int64_t count;       /* caps: attempts */
    int64_t since_ms;    /* caps: from when they are counted; gaps: the last one. INT64_MIN: ever, or none */
    int64_t whole_from_ms;
    int64_t next_ms;     /* not ok */
} od_tally;

/* candidates->count may be 0 only in a trail: caps that count calendar days refuse then. */
void od__cap_judge(const od_cap *cap, const od_candidates *candidates, const od_facts *facts, int64_t now_ms, od_tally *out);
void od__cap_describe(const od_cap *cap, const od_tally *tally, char *saw, size_t saw_bytes);
void od__gap_judge(const od_gap *gap, const od_facts *facts, int64_t now_ms, od_tally *out);
void od__gap_describe(const od_gap *gap, const od_tally *tally, char *saw, size_t saw_bytes);

/* ---- words.c ---- */

/* Appends to NUL-terminated text what fits. */
void od__say(char *text, size_t text_bytes, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Append as it is: every judgement has dozens of these. */
void od__say_text(char *text, size_t text_bytes, const char *more);
void od__say_number(char *text, size_t text_bytes, int64_t number);
/* Appends "4 h", "7 d", "90 s", "250 ms": the largest unit without a rest. */
void od__say_duration(char *text, size_t text_bytes, int64_t ms);
/* Appends an instant as ISO 8601. */
void od__say_instant(char *text, size_t text_bytes, int64_t unix_ms);
/* Appends "Sun 08:12 in America/Phoenix". */
void od__say_clock(char *text, size_t text_bytes, od_zone *zone, int64_t unix_s);
/* Writes "mon-fri 10:00-13:00 14:00-20:00, sat 10:00-18:00", or "never". */
void od__say_week(const od_day week[7], char *text, size_t text_bytes);

/* ---- sums that stay within int64 ---- */

static inline int64_t od__plus_ms(int64_t a, int64_t b) {
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return b > 0 ? INT64_MAX : INT64_MIN;
    return sum;
}

/* Unix ms to Unix s, and to days of a clock that many seconds on: rounded down. */
static inline int64_t od__floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

#pragma GCC visibility pop
#endif
