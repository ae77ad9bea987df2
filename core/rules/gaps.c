/* Gaps: how long since the last attempt, or the last outcome of one kind. */
#include "rules/internal.h"

static void measure(const od_gap *gap, const od_facts *facts, int64_t now_ms, bool of_number, od_tally *out) {
    int64_t last_ms = INT64_MIN, whole_from = of_number ? facts->number_whole_from_ms : facts->person_whole_from_ms;
    for (size_t i = 0; i < facts->history_count; i++) {
        const od_past *past = &facts->history[i];
        if (!past->counts || !(of_number ? past->of_number : past->of_person))
            continue;
        if (gap->has_after && (!past->has_outcome || past->kind != gap->after))
            continue;
        int64_t at_ms = gap->has_after && past->ended_ms > past->at_ms ? past->ended_ms : past->at_ms;
        if (at_ms > last_ms)
            last_ms = at_ms;
    }
    *out = (od_tally){.of_number = of_number, .since_ms = last_ms, .whole_from_ms = whole_from};
    if (whole_from != 0 && last_ms < whole_from) {
        out->cut = true;
        last_ms = whole_from - 1;
    }
    int64_t free_ms = last_ms == INT64_MIN ? INT64_MIN : od__plus_ms(last_ms, gap->ms);
    out->ok = now_ms >= free_ms;
    if (!out->ok)
        out->next_ms = free_ms;
    else
        out->cut = false;
}

void od__gap_judge(const od_gap *gap, const od_facts *facts, int64_t now_ms, od_tally *out) {
    measure(gap, facts, now_ms, !gap->per_person, out);
    if (!gap->per_person || !gap->per_number)
        return;
    od_tally number;
    measure(gap, facts, now_ms, true, &number);
    if (number.next_ms > out->next_ms || (out->ok && number.ok && number.since_ms > out->since_ms))
        *out = number;
}

void od__gap_describe(const od_gap *gap, const od_tally *tally, char *saw, size_t saw_bytes) {
    const char *whom = tally->of_number ? " to this number" : "";
    saw[0] = '\0';
    if (tally->cut) {
        od__say(saw, saw_bytes, "attempts%s known from ", whom);
        od__say_instant(saw, saw_bytes, tally->whole_from_ms);
        od__say_text(saw, saw_bytes, " only");
    } else if (tally->since_ms == INT64_MIN) {
        od__say_text(saw, saw_bytes, gap->has_after ? "none was " : "no attempt");
        if (gap->has_after)
            od__say_text(saw, saw_bytes, od__outcome_name(gap->after));
    } else {
        od__say(saw, saw_bytes, "last %s%s ", gap->has_after ? od__outcome_name(gap->after) : "attempt", whom);
        od__say_instant(saw, saw_bytes, tally->since_ms);
    }
    od__say_text(saw, saw_bytes, ", gap ");
    od__say_duration(saw, saw_bytes, gap->ms);
}
