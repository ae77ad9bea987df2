/* Hours, holidays, and nights in which the clock is changed: whether all of a contact's zones are open, until when, and when
 * again. Time is walked in steps within which nothing changes; each step asks one zone one question. */
#include "rules/internal.h"

#define DAY_S 86400
#define STEPS 10000  /* of any walk: more than there are edges in its days */

/* What one zone is at an instant, and an instant until which it surely stays so. */
typedef struct opening {
    od_refusal refusal;
    int64_t edge_s;
} opening;

static bool is_holiday(const od_ruleset *ruleset, int64_t day) {
    size_t low = 0, high = ruleset->holiday_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ruleset->holidays[middle] < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low < ruleset->holiday_count && ruleset->holidays[low] == day;
}

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static opening open_at(const od_ruleset *ruleset, od_zone *zone, int64_t unix_s) {
    od_zone_range range;
    od__zone_range(zone, unix_s, &range);
    int64_t local_s = unix_s + range.offset_s, day = od__floor_div(local_s, DAY_S);
    int64_t midnight_s = day * DAY_S - range.offset_s;  /* by this range's clock, also where the day began in another */
    int second = (int)(local_s - day * DAY_S);
    const od_day *windows = &ruleset->week[(int)(((day + 3) % 7 + 7) % 7)];
    opening at = {OD_REFUSAL_hours, smaller(range.end_s, midnight_s + DAY_S)};
    if (windows->count > 0 && is_holiday(ruleset, day)) {
        at.refusal = OD_REFUSAL_holiday;
        return at;
    }
    for (size_t i = 0; i < windows->count; i++) {
        const od_window *window = &windows->windows[i];
        if (second >= window->end * 60)
            continue;
        if (second < window->begin * 60) {
            at.edge_s = smaller(at.edge_s, midnight_s + window->begin * 60);
            return at;
        }
        at.edge_s = smaller(at.edge_s, midnight_s + window->end * 60);
        /* A reading that comes twice is closed both times: who was promised 01:30 was not promised it twice. */
        if (unix_s < range.once_begin_s) {
            at.refusal = OD_REFUSAL_dst;
            at.edge_s = smaller(at.edge_s, range.once_begin_s);
        } else if (unix_s >= range.once_end_s) {
            at.refusal = OD_REFUSAL_dst;
        } else {
            at.refusal = OD_REFUSAL_none;
            at.edge_s = smaller(at.edge_s, range.once_end_s);
        }
        return at;
    }
    return at;
}

/* The first instant from unix_s on at which an open zone is closed. Windows that touch are walked through (R4). */
static int64_t open_until(const od_ruleset *ruleset, od_zone *zone, int64_t unix_s, opening at) {
    int64_t far_s = unix_s + OD_RULES_UNTIL_DAYS * DAY_S + DAY_S;
    int64_t end_s = unix_s;
    for (int i = 0; i < STEPS && at.refusal == OD_REFUSAL_none && end_s < far_s; i++) {
        end_s = at.edge_s;
        at = open_at(ruleset, zone, end_s);
    }
    return end_s;
}

void od__hours_judge(const od_ruleset *ruleset, const od_candidates *candidates, int64_t ring_timeout_ms, int64_t now_ms,
                     od_hours_verdict *out) {
    int64_t now_s = od__floor_div(now_ms, 1000);
    *out = (od_hours_verdict){.refusal = OD_REFUSAL_none};
    for (size_t i = 0; i < candidates->count; i++) {
        od_zone *zone = candidates->zones[i];
        opening at = open_at(ruleset, zone, now_s);
        if (at.refusal != OD_REFUSAL_none) {
            *out = (od_hours_verdict){.refusal = at.refusal, .zone = zone};
            return;
        }
        int64_t end_s = open_until(ruleset, zone, now_s, at);
        if (out->zone == NULL || end_s < out->ends_s) {
            out->zone = zone;
            out->ends_s = end_s;
        }
    }
    out->until_ms = smaller(out->ends_s * 1000 - ring_timeout_ms - OD_RULES_MARGIN_MS,
                            od__plus_ms(now_ms, OD_RULES_UNTIL_DAYS * OD_MS_PER_DAY));
    if (now_ms > out->until_ms)
        out->refusal = OD_REFUSAL_hours;
}

int64_t od__hours_next(const od_ruleset *ruleset, const od_candidates *candidates, int64_t ring_timeout_ms, int64_t from_ms) {
    int64_t at_s = od__floor_div(from_ms, 1000), far_s = at_s + OD_RULES_HORIZON_DAYS * (int64_t)DAY_S;
    for (int step = 0; step < STEPS && at_s < far_s; step++) {
        /* Closed in one zone until its edge is closed in all until then. */
        int64_t closed_until_s = INT64_MIN;
        for (size_t i = 0; i < candidates->count; i++) {
            opening at = open_at(ruleset, candidates->zones[i], at_s);
            if (at.refusal != OD_REFUSAL_none && at.edge_s > closed_until_s)
                closed_until_s = at.edge_s;
        }
        if (closed_until_s != INT64_MIN) {
            at_s = closed_until_s;
            continue;
        }
        int64_t at_ms = at_s * 1000 > from_ms ? at_s * 1000 : from_ms;
        od_hours_verdict verdict;
        od__hours_judge(ruleset, candidates, ring_timeout_ms, at_ms, &verdict);
        if (verdict.refusal == OD_REFUSAL_none)
            return at_ms;
        at_s = verdict.ends_s;  /* too near to its end */
    }
    return 0;
}

static void say_time(char *saw, size_t saw_bytes, od_zone *zone, int64_t unix_s) {
    od_civil civil;
    od__zone_civil(zone, unix_s, &civil);
    od__say(saw, saw_bytes, "%02d:%02d", civil.hour, civil.minute);
    if (civil.second != 0)
        od__say(saw, saw_bytes, ":%02d", civil.second);
}

void od__hours_describe(const od_ruleset *ruleset, const od_candidates *candidates, const od_hours_verdict *verdict,
                        int64_t now_ms, char *saw, size_t saw_bytes) {
    int64_t now_s = od__floor_div(now_ms, 1000);
    od_civil civil;
    saw[0] = '\0';
    switch (verdict->refusal) {
    case OD_REFUSAL_holiday:
        od__zone_civil(verdict->zone, now_s, &civil);
        od__say(saw, saw_bytes, "%04d-%02d-%02d in %s is a holiday", civil.year, civil.month, civil.day,
                od__zone_name(verdict->zone));
        return;
    case OD_REFUSAL_dst:
        od__say_clock(saw, saw_bytes, verdict->zone, now_s);
        od__say(saw, saw_bytes, ", which the clock shows twice");
        return;
    case OD_REFUSAL_none:
        for (size_t i = 0; i < candidates->count; i++) {
            od__say(saw, saw_bytes, "%s", i > 0 ? "; " : "");
            od__say_clock(saw, saw_bytes, candidates->zones[i], now_s);
        }
        od__say(saw, saw_bytes, ", open %s", ruleset->hours);
        return;
    default: break;
    }
    od__say_clock(saw, saw_bytes, verdict->zone, now_s);
    if (verdict->ends_s == 0) {
        od__say(saw, saw_bytes, ", open %s", ruleset->hours);
        return;
    }
    od__say(saw, saw_bytes, ", closing at ");
    say_time(saw, saw_bytes, verdict->zone, verdict->ends_s);
    od__say(saw, saw_bytes, ", no call is sent after ");
    say_time(saw, saw_bytes, verdict->zone, od__floor_div(verdict->until_ms, 1000));
}
