/* The judge: asks every rule in order, stops at the first refusal unless the whole trail is wanted. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "json/writer.h"
#include "rules/internal.h"

#define NEXT_STEPS 1000  /* of looking for the next allowed instant: each is one rule that allows again */

/* One judgement under way. */
typedef struct judging {
    const od_ruleset *ruleset;
    const od_facts *facts;
    const od_candidates *candidates;
    int64_t now_ms, ring_timeout_ms;
    od_judgement *out;
    od_json_writer *trail;  /* NULL: the first refusal is the end */
    size_t rows;
} judging;

const char *od__refusal_name(od_refusal refusal) {
    static const char *const names[] = {
        "none",
#define OD_REFUSAL_NAME(name) #name,
        OD_REFUSALS(OD_REFUSAL_NAME)
#undef OD_REFUSAL_NAME
    };
    size_t index = (size_t)refusal;
    return index < sizeof names / sizeof names[0] ? names[index] : names[0];
}

static void write_text(od_json_writer *trail, const char *text) {
    od__json_string(trail, text, strlen(text));
}

/* {"rule":"caps","name":"daily","saw":"...","ok":false} */
static void write_row(judging *at, const char *rule, const char *name, const char *saw, bool ok) {
    static const char *const keys[] = {"{\"rule\":", ",\"name\":", ",\"saw\":"};
    const char *const texts[] = {rule, name, saw};
    od__json_raw(at->trail, at->rows++ > 0 ? "," : "[", 1);
    for (int i = 0; i < 3; i++) {
        od__json_raw(at->trail, keys[i], strlen(keys[i]));
        write_text(at->trail, texts[i]);
    }
    const char *end = ok ? ",\"ok\":true}" : ",\"ok\":false}";
    od__json_raw(at->trail, end, strlen(end));
}

/* Notes what a rule found; name NULL: as the rule's word. Returns whether to go on. */
static bool note(judging *at, od_refusal rule, const char *name, const char *saw, bool ok, int64_t next_ms) {
    const char *word = od__refusal_name(rule);
    if (name == NULL)
        name = word;
    if (at->trail != NULL)
        write_row(at, word, name, saw, ok);
    if (!ok && at->out->allowed) {
        at->out->allowed = false;
        at->out->refusal = rule;
        at->out->rule = word;
        at->out->name = name;
        at->out->next_ms = next_ms;
        (void)snprintf(at->out->saw, sizeof at->out->saw, "%s", saw);
    }
    return ok || at->trail != NULL;
}

/* do-not-call (R16) and fences (R9): what time alone does not change. */
static bool judge_standing(judging *at) {
    const od_facts *facts = at->facts;
    bool listed = facts->number_listed || facts->person_listed;
    const char *saw = "not listed";
    char text[OD_RULES_SAW_BYTES], list[200];
    if (listed) {
        list[0] = '\0';
        if (facts->list != NULL)
            od__error_clean(list, sizeof list, facts->list, strlen(facts->list));
        (void)snprintf(text, sizeof text, "%s is listed%s%s", facts->number_listed ? "this number" : "another number of this person",
                       list[0] != '\0' ? " in " : "", list);
        saw = text;
    }
    return note(at, OD_REFUSAL_do_not_call, NULL, saw, !listed, 0) &&
           note(at, OD_REFUSAL_person_open, NULL, facts->person_open ? "an attempt for this person is open" : "none is open",
                !facts->person_open, 0) &&
           note(at, OD_REFUSAL_number_open, NULL, facts->number_open ? "an attempt for this number is open" : "none is open",
                !facts->number_open, 0);
}

static bool judge_zones(judging *at) {
    const od_candidates *candidates = at->candidates;
    if (candidates->count == 0)
        return note(at, OD_REFUSAL_no_zone, NULL, candidates->saw, false, 0);
    if (at->trail == NULL)
        return true;
    char saw[OD_RULES_SAW_BYTES] = "";
    for (size_t i = 0; i < candidates->count; i++)
        od__say(saw, sizeof saw, "%s%s", i > 0 ? ";" : "", od__zone_name(candidates->zones[i]));
    return note(at, OD_REFUSAL_no_zone, NULL, saw, true, 0);
}

static bool judge_hours(judging *at) {
    char saw[OD_RULES_SAW_BYTES];
    if (at->candidates->count == 0)
        return note(at, OD_REFUSAL_hours, NULL, "no time zone to read the clock in", false, 0);
    od_hours_verdict verdict;
    od__hours_judge(at->ruleset, at->candidates, at->ring_timeout_ms, at->now_ms, &verdict);
    bool ok = verdict.refusal == OD_REFUSAL_none;
    if (ok)
        at->out->until_ms = verdict.until_ms;
    if (ok && at->trail == NULL)
        return true;
    od__hours_describe(at->ruleset, at->candidates, &verdict, at->now_ms, saw, sizeof saw);
    int64_t next_ms = ok ? 0 : od__hours_next(at->ruleset, at->candidates, at->ring_timeout_ms, at->now_ms);
    return note(at, ok ? OD_REFUSAL_hours : verdict.refusal, NULL, saw, ok, next_ms);
}

static bool judge_caps(judging *at) {
    char saw[OD_RULES_SAW_BYTES];
    for (size_t i = 0; i < at->ruleset->cap_count; i++) {
        const od_cap *cap = &at->ruleset->caps[i];
        od_tally tally;
        od__cap_judge(cap, at->candidates, at->facts, at->now_ms, &tally);
        if (tally.ok && at->trail == NULL)
            continue;
        od__cap_describe(cap, &tally, saw, sizeof saw);
        if (!note(at, OD_REFUSAL_caps, cap->name, saw, tally.ok, tally.next_ms))
            return false;
    }
    return true;
}

static bool judge_gaps(judging *at) {
    char saw[OD_RULES_SAW_BYTES];
    for (size_t i = 0; i < at->ruleset->gap_count; i++) {
        const od_gap *gap = &at->ruleset->gaps[i];
        if (at->facts->is_callback) {  /* whoever asked to be called is called (R18) */
            if (!note(at, OD_REFUSAL_gap, gap->name, "a callback was asked for", true, 0))
                return false;
            continue;
        }
        od_tally tally;
        od__gap_judge(gap, at->facts, at->now_ms, &tally);
        if (tally.ok && at->trail == NULL)
            continue;
        od__gap_describe(gap, &tally, saw, sizeof saw);
        if (!note(at, OD_REFUSAL_gap, gap->name, saw, tally.ok, tally.next_ms))
            return false;
    }
    return true;
}

/* Far enough from the ends of all calendars that nothing overflows on the way to the next window. */
static int64_t clamp(int64_t unix_ms) {
    int64_t min = (OD_ZONE_MIN_S + 5000 * 86400) * 1000, max = (OD_ZONE_MAX_S - 5000 * 86400) * 1000;
    return unix_ms < min ? min : unix_ms > max ? max : unix_ms;
}

static void refuse_unjudged(od_judgement *out) {
    *out = (od_judgement){.allowed = false};
}

static od_status judge(const od_ruleset *ruleset, od_zones *zones, const od_facts *facts, int64_t now_ms, bool standing,
                       od_judgement *out, od_json_writer *trail, od_error *err) {
    od_candidates candidates;
    judging at = {
        .ruleset = ruleset, .facts = facts, .candidates = &candidates, .now_ms = clamp(now_ms), .out = out, .trail = trail,
        .ring_timeout_ms = facts->ring_timeout_ms > 0 ? facts->ring_timeout_ms : ruleset->ring_timeout_ms,
    };
    candidates.count = 0;
    out->allowed = true;
    out->refusal = OD_REFUSAL_none;
    out->rule = out->name = NULL;
    out->saw[0] = '\0';
    out->next_ms = out->until_ms = 0;
    od_status status = OD_OK;
    bool more = !standing || judge_standing(&at);
    if (more)
        status = od__candidates_find(ruleset, zones, facts, &candidates, err);
    if (status == OD_OK && more)
        (void)(judge_zones(&at) && judge_hours(&at) && judge_caps(&at) && judge_gaps(&at));  /* what they say is noted */
    if (status != OD_OK)
        refuse_unjudged(out);
    if (!out->allowed)
        out->until_ms = 0;
    return status;
}

od_status od__rules_judge(const od_ruleset *ruleset, od_zones *zones, const od_facts *facts, int64_t now_ms,
                          od_judgement *out, od_buffer *trail, od_error *err) {
    if (trail == NULL)
        return judge(ruleset, zones, facts, now_ms, true, out, NULL, err);
    od_json_writer writer;
    od__json_begin(&writer, trail);
    od_status status = judge(ruleset, zones, facts, now_ms, true, out, &writer, err);
    od__json_raw(&writer, "]", 1);
    od__json_end(&writer);
    if (status == OD_OK && trail->failed) {
        refuse_unjudged(out);
        status = od__error_no_memory(err);
    }
    return status;
}

od_status od__rules_next(const od_ruleset *ruleset, od_zones *zones, const od_facts *facts, int64_t from_ms,
                         int64_t horizon_ms, int64_t *next_ms, od_error *err) {
    od_judgement judgement;
    int64_t at_ms = from_ms;
    *next_ms = 0;
    for (int step = 0; step < NEXT_STEPS && at_ms <= horizon_ms; step++) {
        od_status status = judge(ruleset, zones, facts, at_ms, false, &judgement, NULL, err);
        if (status != OD_OK)
            return status;
        if (judgement.allowed) {
            *next_ms = at_ms;
            return OD_OK;
        }
        if (judgement.next_ms <= at_ms)
            return OD_OK;
        at_ms = judgement.next_ms;
    }
    return OD_OK;
}
