/* Caps: how many attempts within a time, and the first instant at which one of them no longer counts. */
#include "rules/internal.h"

static bool is_counted(const od_cap *cap, const od_past *past, bool of_number) {
    if (!past->counts || !(of_number ? past->of_number : past->of_person))
        return false;
    switch (cap->scope) {
    case OD_SCOPE_CAMPAIGN: return past->same_campaign;
    case OD_SCOPE_SUBJECT: return past->same_subject;
    case OD_SCOPE_STORE: break;
    }
    return true;
}

/* The calendar day, or the first of the month, so many days or months after that of an instant: when it begins. */
static int64_t day_start_ms(od_zone *zone, int64_t unix_ms, int days_later) {
    od_civil civil;
    int64_t earliest_s, latest_s;
    od__zone_civil(zone, od__floor_div(unix_ms, 1000), &civil);
    civil.day += days_later;
    civil.hour = civil.minute = civil.second = 0;
    (void)od__zone_instant(zone, &civil, &earliest_s, &latest_s);  /* skipped: the day begins at the jump; twice: at the first */
    return earliest_s * 1000;
}

static int64_t month_start_ms(od_zone *zone, int64_t unix_ms, int months_later) {
    od_civil civil;
    int64_t earliest_s, latest_s;
    od__zone_civil(zone, od__floor_div(unix_ms, 1000), &civil);
    civil.month += months_later;
    civil.day = 1;
    civil.hour = civil.minute = civil.second = 0;
    (void)od__zone_instant(zone, &civil, &earliest_s, &latest_s);
    return earliest_s * 1000;
}

/* From when on attempts count. Of several zones the earliest: in one of them it is still that day. */
static int64_t counted_since(const od_cap *cap, const od_candidates *candidates, const od_facts *facts, int64_t now_ms,
                             bool of_number) {
    int64_t since = cap->kind == OD_CAP_DAYS || cap->kind == OD_CAP_MONTH ? INT64_MAX : INT64_MIN;
    switch (cap->kind) {
    case OD_CAP_ROLLING: return od__plus_ms(now_ms, 1 - cap->ms);
    case OD_CAP_DAYS:
    case OD_CAP_MONTH:
        for (size_t i = 0; i < candidates->count; i++) {
            int64_t start = cap->kind == OD_CAP_DAYS ? day_start_ms(candidates->zones[i], now_ms, 1 - cap->days)
                                                     : month_start_ms(candidates->zones[i], now_ms, 0);
            if (start < since)
                since = start;
        }
        return since;
    case OD_CAP_SINCE:
        for (size_t i = 0; i < facts->history_count; i++) {
            const od_past *past = &facts->history[i];
            if (past->has_outcome && past->kind == cap->event && past->at_ms >= since && is_counted(cap, past, of_number))
                since = od__plus_ms(past->at_ms, 1);
        }
        return since;
    case OD_CAP_LIFETIME: break;
    }
    return since;
}

/* When an attempt no longer counts: in all zones. 0: not by time alone. */
static int64_t freed_at(const od_cap *cap, const od_candidates *candidates, int64_t at_ms) {
    int64_t freed = 0;
    switch (cap->kind) {
    case OD_CAP_ROLLING: return od__plus_ms(at_ms, cap->ms);
    case OD_CAP_DAYS:
    case OD_CAP_MONTH:
        for (size_t i = 0; i < candidates->count; i++) {
            int64_t start = cap->kind == OD_CAP_DAYS ? day_start_ms(candidates->zones[i], at_ms, cap->days)
                                                     : month_start_ms(candidates->zones[i], at_ms, 1);
            if (start > freed)
                freed = start;
        }
        return freed;
    case OD_CAP_SINCE:
    case OD_CAP_LIFETIME: break;
    }
    return freed;
}

static void tally(const od_cap *cap, const od_candidates *candidates, const od_facts *facts, int64_t now_ms, bool of_number,
                  od_tally *out) {
    int64_t since = counted_since(cap, candidates, facts, now_ms, of_number), last_ms = INT64_MIN;
    int64_t whole_from = of_number ? facts->number_whole_from_ms : facts->person_whole_from_ms;
    *out = (od_tally){.ok = true, .of_number = of_number, .since_ms = since, .whole_from_ms = whole_from};
    /* What lies ahead of now counts too: wall time that was put back frees nothing (R20). */
    for (size_t i = 0; i < facts->history_count; i++) {
        const od_past *past = &facts->history[i];
        if (past->at_ms >= since && is_counted(cap, past, of_number) && ++out->count == cap->limit)
            last_ms = past->at_ms;  /* newest first: once this one is out, there is room */
    }
    if (out->count >= cap->limit) {
        out->ok = false;
        out->next_ms = freed_at(cap, candidates, last_ms);
    } else if (whole_from != 0 && whole_from > since) {
        out->ok = false;
        out->cut = true;
        out->next_ms = freed_at(cap, candidates, whole_from - 1);
    }
}

/* Whether the number's tally is the one to tell: the refusal, of two the one that lasts longer, of none the higher count. */
static bool outweighs(const od_tally *number, const od_tally *person) {
    if (number->ok != person->ok)
        return !number->ok;
    if (number->ok)
        return number->count > person->count;
    return person->next_ms != 0 && (number->next_ms == 0 || number->next_ms > person->next_ms);
}

void od__cap_judge(const od_cap *cap, const od_candidates *candidates, const od_facts *facts, int64_t now_ms, od_tally *out) {
    if ((cap->kind == OD_CAP_DAYS || cap->kind == OD_CAP_MONTH) && candidates->count == 0) {
        *out = (od_tally){.ok = false, .since_ms = INT64_MAX};
        return;
    }
    tally(cap, candidates, facts, now_ms, !cap->per_person, out);
    if (!cap->per_person || !cap->per_number)
        return;
    od_tally number;
    tally(cap, candidates, facts, now_ms, true, &number);
    if (outweighs(&number, out))
        *out = number;
}

void od__cap_describe(const od_cap *cap, const od_tally *tally, char *saw, size_t saw_bytes) {
    saw[0] = '\0';
    if (tally->since_ms == INT64_MAX) {
        od__say(saw, saw_bytes, "no time zone to count calendar days in");
        return;
    }
    od__say_number(saw, saw_bytes, tally->count);
    od__say_text(saw, saw_bytes, tally->count == 1 ? " attempt" : " attempts");
    od__say_text(saw, saw_bytes, tally->of_number ? " to this number" : "");
    if (cap->kind == OD_CAP_SINCE && tally->since_ms == INT64_MIN) {
        od__say(saw, saw_bytes, " and none was %s", od__outcome_name(cap->event));
    } else if (tally->since_ms != INT64_MIN) {
        od__say_text(saw, saw_bytes, " since ");
        if (cap->kind == OD_CAP_SINCE)
            od__say(saw, saw_bytes, "%s of ", od__outcome_name(cap->event));
        /* rolling and since count from right after the instant they speak of */
        od__say_instant(saw, saw_bytes, tally->since_ms - (cap->kind == OD_CAP_ROLLING || cap->kind == OD_CAP_SINCE));
    }
    if (tally->cut) {
        od__say_text(saw, saw_bytes, ", known from ");
        od__say_instant(saw, saw_bytes, tally->whole_from_ms);
        od__say_text(saw, saw_bytes, " only");
    }
    od__say_text(saw, saw_bytes, ", limit ");
    od__say_number(saw, saw_bytes, cap->limit);
}
