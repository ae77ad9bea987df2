/* What is promised of every judgement, held against thousands of rulesets, histories and moments in zones of all kinds: `next`
 * is the first millisecond at which a call is allowed, and `until` the last. What is allowed at a moment is found again here by
 * reading the wall clock and going through the history, one attempt after the other; nothing is searched or remembered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/calendar.h"
#include "draw.h"
#include "rules/internal.h"

#define RULESETS 1200
#define MOMENTS 12
#define PAST 12
#define HOUR_MS INT64_C(3600000)

static od_zones *zones;
static uint64_t seed;

static int open_zones(void **state) {
    (void)state;
    seed = 20261130;
    return od__zones_new(NULL, &zones, NULL) == OD_OK ? 0 : -1;
}

static int close_zones(void **state) {
    (void)state;
    od__zones_free(zones);
    return 0;
}

static int pick(int below) {
    return draw(&seed, below);
}

static bool chance(int percent) {
    return pick(100) < percent;
}

/* ---- a ruleset, where it holds, and what came before ---- */

static const char *const places[] = {
    "America/New_York", "America/Phoenix;America/Denver", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Chatham",
    "America/St_Johns;Europe/Dublin", "Africa/Casablanca", "America/Havana", "Africa/Cairo;Asia/Kolkata", "Antarctica/Troll",
    "Pacific/Apia;Pacific/Honolulu", "America/Scoresbysund", "Asia/Tehran", "Pacific/Kiritimati;Pacific/Niue", "Etc/UTC",
};

static void write_hours(char *json, size_t bytes) {
    static const char *const choices[] = {
        "\"00:00-24:00\"", "\"09:00-17:00\"", "\"10:00-13:00\",\"14:00-20:00\"", "\"00:00-01:30\",\"02:30-24:00\"",
        "\"01:00-02:15\"", "\"22:00-24:00\"", "\"00:00-03:00\"", "\"08:00-12:00\",\"12:00-21:00\"", "\"23:58-24:00\"", "",
    };
    od__say(json, bytes, "{\"hours\":{");
    for (int day = 0; day < 7; day++)
        od__say(json, bytes, "%s\"%s\":[%s]", day > 0 ? "," : "", od__day_names[day], choices[pick(10)]);
    od__say(json, bytes, "},\"ring_timeout_ms\":%d,\"holidays\":[", 15000 + pick(45000));
    for (int i = 0; i < 4; i++)
        od__say(json, bytes, "%s\"2026-%02d-%02d\"", i > 0 ? "," : "", 1 + pick(12), 1 + pick(28));
    od__say(json, bytes, "]");
}

static void write_whom(char *json, size_t bytes) {
    static const char *const whom[] = {"\"person\"", "\"number\"", "\"person\",\"number\":false"};
    od__say(json, bytes, "\"per\":%s", whom[pick(3)]);
}

static void write_rules(char *json, size_t bytes) {
    static const char *const kinds[] = {
        "\"rolling\",\"ms\":86400000", "\"rolling\",\"ms\":604800000", "\"days\",\"days\":1", "\"days\",\"days\":3", "\"month\"",
        "\"rolling\",\"ms\":5000001", "\"since\",\"event\":\"machine\"", "\"lifetime\"",
    };
    static const char *const after[] = {"", "", ",\"after\":\"answered\"", ",\"after\":\"machine\""};
    od__say(json, bytes, ",\"caps\":[");
    for (int i = 0, count = pick(4); i < count; i++) {
        od__say(json, bytes, "%s{\"name\":\"c%d\",\"limit\":%d,\"scope\":\"%s\",", i > 0 ? "," : "", i, pick(4) + 1,
                od__cap_scope_names[pick(3)]);
        od__say(json, bytes, "\"kind\":%s,", kinds[chance(10) ? 6 + pick(2) : pick(6)]);
        write_whom(json, bytes);
        od__say(json, bytes, "}");
    }
    od__say(json, bytes, "],\"gaps\":[");
    for (int i = 0, count = pick(3); i < count; i++) {
        od__say(json, bytes, "%s{\"name\":\"g%d\",\"ms\":%d%s,", i > 0 ? "," : "", i, 1 + pick(500000000), after[pick(4)]);
        write_whom(json, bytes);
        od__say(json, bytes, "}");
    }
    od__say(json, bytes, "]}");
}

static od_ruleset *random_ruleset(void) {
    char json[4096] = "";
    od_value *value;
    od_ruleset *ruleset;
    write_hours(json, sizeof json);
    write_rules(json, sizeof json);
    if (od_value_parse(json, strlen(json), &value, NULL) != OD_OK || od__ruleset_new(value, zones, &ruleset, NULL) != OD_OK)
        fail_msg("refused: %s", json);
    od_value_unref(value);
    return ruleset;
}

/* Newest first, as the judge wants it. */
static void random_past(od_past *past, int64_t now_ms) {
    int64_t at_ms = now_ms + (chance(5) ? pick(100000) : 0);
    int longest = chance(50) ? 6 : 72;
    for (int i = 0; i < PAST; i++) {
        at_ms -= pick(longest * 3600) * INT64_C(1000) + pick(1000) + 1;
        past[i] = (od_past){
            .at_ms = at_ms, .ended_ms = chance(70) ? at_ms + pick(400000) : 0, .of_person = chance(60), .of_number = chance(60),
            .same_campaign = chance(70), .same_subject = chance(70), .counts = chance(80), .has_outcome = chance(80),
            .kind = chance(30) ? OD_OUTCOME_answered : chance(30) ? OD_OUTCOME_machine : OD_OUTCOME_busy,
        };
    }
}

/* ---- what is allowed at one moment ---- */

typedef struct situation {
    const od_ruleset *ruleset;
    const od_facts *facts;
    od_candidates candidates;
} situation;

static int64_t day_in(od_zone *zone, int64_t unix_ms, od_civil *civil) {
    od__zone_civil(zone, od__floor_div(unix_ms, 1000), civil);
    return od__days_from_date(civil->year, civil->month, civil->day);
}

static bool is_open(const od_ruleset *ruleset, od_zone *zone, int64_t unix_ms) {
    od_civil civil;
    int64_t day = day_in(zone, unix_ms, &civil);
    for (size_t i = 0; i < ruleset->holiday_count; i++) {
        if (ruleset->holidays[i] == day)
            return false;
    }
    int minute = civil.hour * 60 + civil.minute;
    for (size_t i = 0; i < ruleset->week[civil.weekday].count; i++) {
        const od_window *window = &ruleset->week[civil.weekday].windows[i];
        if (minute >= window->begin && minute < window->end)
            return od__zone_reads_once(zone, od__floor_div(unix_ms, 1000));
    }
    return false;
}

/* Hours open and close with the minute, and have to be open until the phone has stopped ringing. */
static bool hours_allow(const situation *at, int64_t now_ms) {
    int64_t last_ms = now_ms + at->ruleset->ring_timeout_ms + OD_RULES_MARGIN_MS - 1;
    for (size_t i = 0; i < at->candidates.count; i++) {
        od_zone *zone = at->candidates.zones[i];
        for (int64_t ms = now_ms; ms < last_ms; ms = (od__floor_div(ms, 60000) + 1) * 60000) {
            if (!is_open(at->ruleset, zone, ms))
                return false;
        }
        if (!is_open(at->ruleset, zone, last_ms))
            return false;
    }
    return true;
}

static bool is_of(const od_past *past, od_cap_scope scope, bool of_number) {
    return past->counts && (of_number ? past->of_number : past->of_person) && (scope != OD_SCOPE_CAMPAIGN || past->same_campaign) &&
           (scope != OD_SCOPE_SUBJECT || past->same_subject);
}

static bool counts(const situation *at, const od_cap *cap, size_t index, bool of_number, od_zone *zone, int64_t now_ms) {
    const od_past *past = &at->facts->history[index];
    od_civil then, now;
    int64_t day = day_in(zone, past->at_ms, &then), today = day_in(zone, now_ms, &now);
    if (!is_of(past, cap->scope, of_number))
        return false;
    switch (cap->kind) {
    case OD_CAP_ROLLING: return past->at_ms + cap->ms > now_ms;
    case OD_CAP_DAYS: return day + cap->days > today;
    case OD_CAP_MONTH: return then.year * 12 + then.month >= now.year * 12 + now.month;
    case OD_CAP_SINCE:
        for (size_t i = 0; i <= index; i++) {
            const od_past *event = &at->facts->history[i];
            if (is_of(event, cap->scope, of_number) && event->has_outcome && event->kind == cap->event)
                return false;
        }
        return true;
    case OD_CAP_LIFETIME: break;
    }
    return true;
}

static bool cap_allows(const situation *at, const od_cap *cap, bool of_number, int64_t now_ms) {
    for (size_t z = 0; z < at->candidates.count; z++) {
        int64_t count = 0;
        for (size_t i = 0; i < at->facts->history_count; i++)
            count += counts(at, cap, i, of_number, at->candidates.zones[z], now_ms);
        if (count >= cap->limit)
            return false;
    }
    return true;
}

static bool gap_allows(const situation *at, const od_gap *gap, bool of_number, int64_t now_ms) {
    for (size_t i = 0; i < at->facts->history_count; i++) {
        const od_past *past = &at->facts->history[i];
        if (!is_of(past, OD_SCOPE_STORE, of_number) || (gap->has_after && (!past->has_outcome || past->kind != gap->after)))
            continue;
        if (past->at_ms + gap->ms > now_ms || (gap->has_after && past->ended_ms + gap->ms > now_ms))
            return false;
    }
    return true;
}

static bool whole_cap_allows(const situation *at, const od_cap *cap, int64_t now_ms) {
    return (!cap->per_person || cap_allows(at, cap, false, now_ms)) && (!cap->per_number || cap_allows(at, cap, true, now_ms));
}

static bool whole_gap_allows(const situation *at, const od_gap *gap, int64_t now_ms) {
    return (!gap->per_person || gap_allows(at, gap, false, now_ms)) && (!gap->per_number || gap_allows(at, gap, true, now_ms));
}

static bool is_allowed(const situation *at, int64_t now_ms) {
    for (size_t i = 0; i < at->ruleset->cap_count; i++) {
        if (!whole_cap_allows(at, &at->ruleset->caps[i], now_ms))
            return false;
    }
    for (size_t i = 0; !at->facts->is_callback && i < at->ruleset->gap_count; i++) {
        if (!whole_gap_allows(at, &at->ruleset->gaps[i], now_ms))
            return false;
    }
    return hours_allow(at, now_ms);
}

/* Only the rule that has refused. */
static bool rule_allows(const situation *at, const od_judgement *refused, int64_t now_ms) {
    for (size_t i = 0; i < at->ruleset->cap_count; i++) {
        if (strcmp(at->ruleset->caps[i].name, refused->name) == 0)
            return whole_cap_allows(at, &at->ruleset->caps[i], now_ms);
    }
    for (size_t i = 0; i < at->ruleset->gap_count; i++) {
        if (strcmp(at->ruleset->gaps[i].name, refused->name) == 0)
            return whole_gap_allows(at, &at->ruleset->gaps[i], now_ms);
    }
    return hours_allow(at, now_ms);
}

/* ---- what is promised ---- */

static void judge(const situation *at, int64_t now_ms, od_judgement *out) {
    assert_int_equal(od__rules_judge(at->ruleset, zones, at->facts, now_ms, out, NULL, NULL), OD_OK);
    if (out->allowed != is_allowed(at, now_ms))
        fail_msg("at %lld in %s: %s, it says %s", (long long)now_ms, at->facts->zones, out->allowed ? "allowed" : out->name,
                 out->saw);
}

static int64_t between(int64_t low_ms, int64_t high_ms) {
    return low_ms + (int64_t)(((uint64_t)pick(1 << 30) << 30 | (uint64_t)pick(1 << 30)) % (uint64_t)(high_ms - low_ms));
}

static struct { int allowed, ends, later, never; } seen;

/* The last moment is one, and no moment before it is closed. */
static void assert_until(const situation *at, int64_t now_ms, int64_t until_ms) {
    od_judgement other;
    assert_true(until_ms >= now_ms && until_ms <= now_ms + OD_RULES_UNTIL_DAYS * OD_MS_PER_DAY);
    assert_true(hours_allow(at, until_ms));
    for (int i = 0; i < 3; i++)
        assert_true(hours_allow(at, between(now_ms, until_ms + 1)));
    judge(at, until_ms, &other);
    assert_true(other.allowed); /* nothing else changes for the worse while nobody calls */
    seen.allowed++;
    if (until_ms == now_ms + OD_RULES_UNTIL_DAYS * OD_MS_PER_DAY)
        return;
    judge(at, until_ms + 1, &other);
    assert_false(other.allowed);
    seen.ends++;
}

/* Caps that no time frees. */
static bool is_for_good(const situation *at, int64_t now_ms) {
    for (size_t i = 0; i < at->ruleset->cap_count; i++) {
        const od_cap *cap = &at->ruleset->caps[i];
        if ((cap->kind == OD_CAP_SINCE || cap->kind == OD_CAP_LIFETIME) && !whole_cap_allows(at, cap, now_ms))
            return true;
    }
    return false;
}

/* Every window that is long enough is open at some of these moments. */
static bool is_ever_open(const situation *at, int64_t now_ms) {
    for (int quarter = 0; quarter < 14 * 96; quarter++) {
        if (hours_allow(at, now_ms + quarter * 15 * INT64_C(60000)))
            return true;
    }
    return false;
}

static void assert_next(const situation *at, int64_t now_ms, const od_judgement *refused) {
    od_judgement other;
    int64_t next_ms;
    if (refused->next_ms != 0) {
        assert_true(refused->next_ms > now_ms);
        assert_true(rule_allows(at, refused, refused->next_ms));
        assert_false(rule_allows(at, refused, refused->next_ms - 1));
    }
    assert_int_equal(od__rules_next(at->ruleset, zones, at->facts, now_ms, now_ms + 200 * OD_MS_PER_DAY, &next_ms, NULL), OD_OK);
    if (next_ms == 0) {
        for (int i = 0; i < 10; i++)
            judge(at, between(now_ms, now_ms + 100 * OD_MS_PER_DAY), &other);
        assert_true(is_for_good(at, now_ms) || !is_ever_open(at, now_ms));
        seen.never++;
        return;
    }
    assert_true(next_ms > now_ms);
    judge(at, next_ms, &other);
    assert_true(other.allowed);
    judge(at, next_ms - 1, &other);
    assert_false(other.allowed);
    for (int i = 0; i < 5; i++) {
        judge(at, between(now_ms, next_ms), &other);
        assert_false(other.allowed);
    }
    seen.later++;
}

static void test_R4_R18_R23_R24_next_is_the_first_moment_and_until_the_last(void **state) {
    (void)state;
    static od_past past[PAST];
    /* Around the nights of 2026 in which clocks change, and any other time. */
    static const int around[][2] = {{3, 8}, {3, 29}, {4, 5}, {4, 24}, {9, 27}, {10, 4}, {10, 25}, {11, 1}, {6, 15}, {12, 31}};
    for (int turn = 0; turn < RULESETS; turn++) {
        od_ruleset *ruleset = random_ruleset();
        const int *date = around[pick(10)];
        int64_t base_ms = od__days_from_date(2026, date[0], date[1]) * OD_MS_PER_DAY + pick(96) * HOUR_MS - 48 * HOUR_MS;
        random_past(past, base_ms);
        od_facts facts = {.zones = places[pick(15)], .history = past, .history_count = (size_t)pick(PAST + 1), .is_callback = chance(15)};
        situation at = {.ruleset = ruleset, .facts = &facts};
        assert_int_equal(od__candidates_find(ruleset, zones, &facts, &at.candidates, NULL), OD_OK);
        for (int i = 0; i < MOMENTS; i++) {
            od_judgement got;
            int64_t now_ms = base_ms + pick(72 * 60) * INT64_C(60000) + (chance(50) ? pick(3) - 1 : pick(60000));
            judge(&at, now_ms, &got);
            if (got.allowed)
                assert_until(&at, now_ms, got.until_ms);
            else
                assert_next(&at, now_ms, &got);
        }
        od__ruleset_free(ruleset);
    }
    assert_in_range(seen.allowed, RULESETS, RULESETS * MOMENTS);
    assert_in_range(seen.ends, RULESETS / 2, RULESETS * MOMENTS);
    assert_in_range(seen.later, RULESETS, RULESETS * MOMENTS);
    assert_in_range(seen.never, RULESETS / 10, RULESETS * MOMENTS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_R4_R18_R23_R24_next_is_the_first_moment_and_until_the_last),
    };
    return cmocka_run_group_tests(tests, open_zones, close_zones);
}
