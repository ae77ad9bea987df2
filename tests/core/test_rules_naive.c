/* The judge against slow and obvious ways to find the same: hours minute by minute through nights in which clocks change,
 * caps by comparing dates. And what the judge does when memory runs out or zones cannot be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/memory.h"
#include "draw.h"
#include "rules/internal.h"

#define MINUTE_MS INT64_C(60000)
#define SPAN (20 * 1440)  /* minutes of one walk */
#define MARGIN_MS 85000   /* ring timeout 25 s + 60 s */

static od_zones *zones;
static uint64_t seed;

static int open_zones(void **state) {
    (void)state;
    seed = 20261129;
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

static int64_t utc_ms(int year, int month, int day, int hour, int minute) {
    return od__days_from_date(year, month, day) * OD_MS_PER_DAY + (hour * 60 + minute) * MINUTE_MS;
}

static od_ruleset *compile(const char *json) {
    od_value *value;
    od_ruleset *ruleset;
    od_error err = OD_ERROR_INIT;
    if (od_value_parse(json, strlen(json), &value, &err) != OD_OK || od__ruleset_new(value, zones, &ruleset, &err) != OD_OK)
        fail_msg("%s: %s %s", json, err.path, err.message);
    od_value_unref(value);
    return ruleset;
}

static void judge(const od_ruleset *ruleset, const od_facts *facts, int64_t now_ms, od_judgement *out) {
    assert_int_equal(od__rules_judge(ruleset, zones, facts, now_ms, out, NULL, NULL), OD_OK);
}

/* ---- hours ---- */

/* Windows at times that are near to where clocks change. */
static void random_hours(char *json, size_t bytes) {
    static const char *const choices[] = {
        "\"00:00-24:00\"", "\"00:00-24:00\"", "\"09:00-17:00\"", "\"00:00-01:30\",\"02:30-24:00\"", "\"01:00-02:15\"",
        "\"22:00-24:00\"", "\"00:00-03:00\"", "\"02:00-03:00\"", "\"00:00-00:01\"", "\"23:59-24:00\"", "",
    };
    json[0] = '\0';
    od__say(json, bytes, "{\"hours\":{");
    for (int day = 0; day < 7; day++)
        od__say(json, bytes, "%s\"%s\":[%s]", day > 0 ? "," : "", od__day_names[day], choices[pick(11)]);
    od__say(json, bytes, "},\"holidays\":[\"2026-03-0%d\",\"2026-03-2%d\",\"2026-11-0%d\",\"2011-12-3%d\",\"2026-10-0%d\",\"2026-04-0%d\"]}",
            pick(9) + 1, pick(9), pick(9) + 1, pick(2), pick(9) + 1, pick(9) + 1);
}

static bool naive_open(const od_ruleset *ruleset, od_zone *zone, int64_t unix_s) {
    od_civil civil;
    bool within = false;
    od__zone_civil(zone, unix_s, &civil);
    for (size_t i = 0; i < ruleset->holiday_count; i++) {
        if (ruleset->holidays[i] == od__days_from_date(civil.year, civil.month, civil.day))
            return false;
    }
    for (size_t i = 0; i < ruleset->week[civil.weekday].count; i++) {
        od_window window = ruleset->week[civil.weekday].windows[i];
        within = within || (civil.hour * 60 + civil.minute >= window.begin && civil.hour * 60 + civil.minute < window.end);
    }
    return within && od__zone_reads_once(zone, unix_s);
}

/* For each minute from begin: whether all zones are open, and then up to which minute they stay so. */
static void walk(const od_ruleset *ruleset, od_zone **among, size_t count, int64_t begin_ms, int *open_until) {
    for (int minute = SPAN - 1; minute >= 0; minute--) {
        bool open = true;
        for (size_t i = 0; i < count && open; i++)
            open = naive_open(ruleset, among[i], (begin_ms + minute * MINUTE_MS) / 1000);
        open_until[minute] = !open ? -1 : minute + 1 < SPAN && open_until[minute + 1] >= 0 ? open_until[minute + 1] : minute + 1;
    }
}

static int64_t until_of(const int *open_until, int minute, int64_t begin_ms) {
    return begin_ms + open_until[minute] * MINUTE_MS - MARGIN_MS;
}

static size_t seen[16];  /* what was judged, by kind of refusal */

static void compare_hours(const od_ruleset *ruleset, const char *names, const int *open_until, int64_t begin_ms, int64_t now_ms) {
    od_facts facts = {.zones = names};
    od_judgement got;
    int minute = (int)((now_ms - begin_ms) / MINUTE_MS);
    bool allowed = open_until[minute] >= 0 && now_ms <= until_of(open_until, minute, begin_ms);
    judge(ruleset, &facts, now_ms, &got);
    seen[got.refusal]++;
    assert_int_equal(got.allowed, allowed);
    if (allowed) {
        int64_t until = until_of(open_until, minute, begin_ms), far = now_ms + 7 * OD_MS_PER_DAY;
        assert_int_equal(got.until_ms, until < far ? until : far);
        return;
    }
    int next = minute + 1;
    while (next < SPAN - 8 * 1440 && (open_until[next] < 0 || begin_ms + next * MINUTE_MS > until_of(open_until, next, begin_ms)))
        next++;
    if (next < SPAN - 8 * 1440)
        assert_int_equal(got.next_ms, begin_ms + next * MINUTE_MS);
    else
        assert_true(got.next_ms == 0 || got.next_ms >= begin_ms + next * MINUTE_MS);
}

static void test_R24_hours_are_what_a_walk_minute_by_minute_finds(void **state) {
    (void)state;
    static const struct { const char *zones; int year, month, day; } places[] = {
        {"America/New_York", 2026, 3, 1}, {"America/New_York", 2026, 10, 26}, {"Australia/Lord_Howe", 2026, 4, 1},
        {"Australia/Lord_Howe", 2026, 9, 28}, {"Pacific/Apia", 2011, 12, 25}, {"Asia/Kathmandu", 2026, 3, 1},
        {"Europe/Dublin;Europe/Berlin", 2026, 3, 24}, {"America/Havana", 2026, 10, 28}, {"America/Havana", 2026, 3, 3},
        {"Africa/Cairo", 2026, 4, 20}, {"America/Phoenix;America/Denver", 2026, 10, 27}, {"Atlantic/Azores", 2026, 10, 20},
        {"America/New_York;America/Los_Angeles;Pacific/Honolulu", 2026, 10, 28}, {"America/Scoresbysund", 2026, 10, 20},
    };
    static int open_until[SPAN];
    size_t compared = 0;
    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
        for (int turn = 0; turn < 6; turn++) {
            char json[2048];
            random_hours(json, sizeof json);
            od_ruleset *ruleset = compile(json);
            od_candidates candidates;
            od_facts facts = {.zones = places[p].zones};
            int64_t begin_ms = utc_ms(places[p].year, places[p].month, places[p].day, 0, 0);
            assert_int_equal(od__candidates_find(ruleset, zones, &facts, &candidates, NULL), OD_OK);
            walk(ruleset, candidates.zones, candidates.count, begin_ms, open_until);
            for (int i = 0; i < 400; i++, compared++) {
                int64_t at = begin_ms + pick(10 * 1440) * MINUTE_MS;
                compare_hours(ruleset, places[p].zones, open_until, begin_ms, at);
                compare_hours(ruleset, places[p].zones, open_until, begin_ms, at + pick(60000));
                compare_hours(ruleset, places[p].zones, open_until, begin_ms, at + 59999);
            }
            od__ruleset_free(ruleset);
        }
    }
    assert_int_equal(compared, 14 * 6 * 400);
    assert_in_range(seen[OD_REFUSAL_none], 10000, 90000);
    assert_in_range(seen[OD_REFUSAL_hours], 10000, 90000);
    assert_in_range(seen[OD_REFUSAL_holiday], 1000, 90000);
    assert_in_range(seen[OD_REFUSAL_dst], 10, 90000);
}

/* ---- caps ---- */

static int64_t date_in(od_zone *zone, int64_t unix_ms) {
    od_civil civil;
    od__zone_civil(zone, od__floor_div(unix_ms, 1000), &civil);
    return od__days_from_date(civil.year, civil.month, civil.day);
}

static int64_t month_in(od_zone *zone, int64_t unix_ms) {
    od_civil civil;
    od__zone_civil(zone, od__floor_div(unix_ms, 1000), &civil);
    return (int64_t)civil.year * 12 + civil.month;
}

static bool naive_counts(const od_cap *cap, od_zone *zone, const od_facts *facts, size_t index, bool of_number, int64_t now_ms) {
    const od_past *past = &facts->history[index];
    if (!past->counts || !(of_number ? past->of_number : past->of_person) ||
        (cap->scope == OD_SCOPE_CAMPAIGN && !past->same_campaign) || (cap->scope == OD_SCOPE_SUBJECT && !past->same_subject))
        return false;
    switch (cap->kind) {
    case OD_CAP_ROLLING: return now_ms - past->at_ms < cap->ms;
    case OD_CAP_DAYS: return date_in(zone, now_ms) - date_in(zone, past->at_ms) < cap->days;
    case OD_CAP_MONTH: return month_in(zone, past->at_ms) >= month_in(zone, now_ms);
    case OD_CAP_SINCE:
        for (size_t i = 0; i <= index; i++) {  /* newest first: is there an event that is no older? */
            const od_past *event = &facts->history[i];
            if (event->has_outcome && event->kind == cap->event && event->counts &&
                (of_number ? event->of_number : event->of_person) && (cap->scope != OD_SCOPE_CAMPAIGN || event->same_campaign) &&
                (cap->scope != OD_SCOPE_SUBJECT || event->same_subject))
                return false;
        }
        return true;
    case OD_CAP_LIFETIME: break;
    }
    return true;
}

static bool naive_cap_allows(const od_cap *cap, const od_candidates *candidates, const od_facts *facts, int64_t now_ms) {
    for (int of_number = 0; of_number < 2; of_number++) {
        if (!(of_number ? cap->per_number : cap->per_person))
            continue;
        for (size_t z = 0; z < candidates->count; z++) {
            int64_t count = 0;
            for (size_t i = 0; i < facts->history_count; i++)
                count += naive_counts(cap, candidates->zones[z], facts, i, of_number == 1, now_ms);
            if (count >= cap->limit)
                return false;
        }
    }
    return true;
}

#define PAST 40

static void random_history(od_past *past, int64_t now_ms) {
    int64_t at = now_ms + (pick(10) == 0 ? pick(3 * 86400) * INT64_C(1000) : 0);
    for (int i = 0; i < PAST; i++) {
        at -= pick(40000) * INT64_C(1000) + pick(1000) + 1;
        past[i] = (od_past){.at_ms = at, .of_person = pick(4) > 0, .of_number = pick(4) > 0, .same_campaign = pick(2) > 0,
                            .same_subject = pick(2) > 0, .counts = pick(5) > 0, .has_outcome = pick(3) > 0,
                            .kind = (od_outcome_kind)pick(6)};
    }
}

static void test_R9_R23_caps_are_what_comparing_dates_finds(void **state) {
    (void)state;
    static const char *const kinds[] = {
        "\"rolling\",\"ms\":86400000", "\"rolling\",\"ms\":1234567", "\"days\",\"days\":1", "\"days\",\"days\":3",
        "\"days\",\"days\":7", "\"month\"", "\"since\",\"event\":\"busy\"", "\"lifetime\"",
    };
    static const char *const scopes[] = {"store", "campaign", "subject"};
    static const char *const places[] = {"America/New_York", "Pacific/Apia", "Pacific/Apia;Pacific/Honolulu;Asia/Kathmandu",
                                         "Australia/Lord_Howe", "Africa/Cairo;America/Havana"};
    static od_past past[PAST];
    int refused = 0, with_next = 0;
    for (int turn = 0; turn < 3000; turn++) {
        char json[1024] = "";
        od__say(json, sizeof json, "{\"hours\":{},\"caps\":[{\"name\":\"x\",\"limit\":%d,\"per\":\"%s\",\"scope\":\"%s\",\"kind\":%s}]}",
                pick(6) + 1, pick(3) > 0 ? "person" : "number", scopes[pick(3)], kinds[pick(8)]);
        od_ruleset *ruleset = compile(json);
        od_candidates candidates;
        od_facts facts = {.zones = places[pick(5)], .history = past, .history_count = PAST};
        int64_t now_ms = pick(2) > 0 ? utc_ms(2011, 12, 24, 0, 0) + pick(12 * 86400) * INT64_C(1000) + pick(1000)
                                     : utc_ms(2026, 10, 1, 0, 0) + pick(90 * 86400) * INT64_C(1000) + pick(1000);
        random_history(past, now_ms);
        assert_int_equal(od__candidates_find(ruleset, zones, &facts, &candidates, NULL), OD_OK);
        od_tally tally;
        od__cap_judge(&ruleset->caps[0], &candidates, &facts, now_ms, &tally);
        if (tally.ok != naive_cap_allows(&ruleset->caps[0], &candidates, &facts, now_ms))
            fail_msg("turn %d: %s at %lld in %s", turn, json, (long long)now_ms, facts.zones);
        if (!tally.ok) {
            refused++;
            if (tally.next_ms != 0) {
                with_next++;
                assert_true(tally.next_ms > now_ms);
                assert_false(naive_cap_allows(&ruleset->caps[0], &candidates, &facts, tally.next_ms - 1));
                assert_true(naive_cap_allows(&ruleset->caps[0], &candidates, &facts, tally.next_ms));
            }
        }
        /* Nothing that has mattered lies beyond what the ruleset says it reaches. */
        int64_t reach_ms = od__ruleset_reach_ms(ruleset);
        if (reach_ms != INT64_MAX) {
            od_tally near;
            while (facts.history_count > 0 && past[facts.history_count - 1].at_ms < now_ms - reach_ms)
                facts.history_count--;
            facts.person_whole_from_ms = facts.number_whole_from_ms = now_ms - reach_ms;
            od__cap_judge(&ruleset->caps[0], &candidates, &facts, now_ms, &near);
            assert_int_equal(near.ok, tally.ok);
            assert_int_equal(near.next_ms, tally.next_ms);
        }
        od__ruleset_free(ruleset);
    }
    assert_in_range(refused, 1000, 2500);
    assert_in_range(with_next, 500, 2500);
}

/* ---- what the compiled ruleset tells ---- */

static void test_what_a_ruleset_tells_about_itself(void **state) {
    (void)state;
    od_ruleset *ruleset = compile("{\"hours\":{}}");
    assert_int_equal(od__ruleset_ring_timeout_ms(ruleset), 25000);
    assert_false(od__ruleset_hands_off_outside_hours(ruleset));
    assert_int_equal(od__ruleset_reach_ms(ruleset), 0);
    od__ruleset_free(ruleset);
    ruleset = compile("{\"hours\":{},\"ring_timeout_ms\":40000,\"hand_off_outside_hours\":true,"
                      "\"caps\":[{\"name\":\"a\",\"limit\":1,\"per\":\"person\",\"kind\":\"days\",\"days\":3}],"
                      "\"gaps\":[{\"name\":\"b\",\"ms\":432000000,\"per\":\"person\",\"after\":\"answered\"}]}");
    assert_int_equal(od__ruleset_ring_timeout_ms(ruleset), 40000);
    assert_true(od__ruleset_hands_off_outside_hours(ruleset));
    assert_int_equal(od__ruleset_reach_ms(ruleset), 5 * OD_MS_PER_DAY);
    od__ruleset_free(ruleset);
    ruleset = compile("{\"hours\":{},\"caps\":[{\"name\":\"a\",\"limit\":1,\"per\":\"person\",\"kind\":\"lifetime\"}]}");
    assert_int_equal(od__ruleset_reach_ms(ruleset), INT64_MAX);
    od__ruleset_free(ruleset);
}

static void test_names_of_refusals(void **state) {
    (void)state;
    assert_string_equal(od__refusal_name(OD_REFUSAL_none), "none");
    assert_string_equal(od__refusal_name(OD_REFUSAL_do_not_call), "do_not_call");
    assert_string_equal(od__refusal_name(OD_REFUSAL_gap), "gap");
    assert_string_equal(od__refusal_name((od_refusal)99), "none");
}

static void test_times_at_the_ends_of_all_calendars(void **state) {
    (void)state;
    od_ruleset *ruleset = compile("{\"hours\":{\"mon\":[\"10:00-20:00\"]},"
                                  "\"caps\":[{\"name\":\"a\",\"limit\":1,\"per\":\"person\",\"kind\":\"rolling\",\"ms\":86400000},"
                                  "{\"name\":\"b\",\"limit\":1,\"per\":\"person\",\"kind\":\"days\",\"days\":3660},"
                                  "{\"name\":\"d\",\"limit\":1,\"per\":\"person\",\"kind\":\"month\"},"
                                  "{\"name\":\"e\",\"limit\":1,\"per\":\"person\",\"kind\":\"since\",\"event\":\"busy\"}],"
                                  "\"gaps\":[{\"name\":\"c\",\"ms\":86400000,\"per\":\"person\",\"after\":\"busy\"}]}");
    const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, -1, 0, INT64_MAX - 1, INT64_MAX};
    od_past past[2] = {{.of_person = true, .counts = true, .has_outcome = true, .kind = OD_OUTCOME_busy},
                       {.of_number = true, .counts = true}};
    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < 6; j++) {
            od_facts facts = {.zones = "America/New_York", .history = past, .history_count = 2,
                              .person_whole_from_ms = ends[j], .number_whole_from_ms = ends[j]};
            od_judgement got;
            od_buffer trail;
            int64_t next_ms;
            past[0].at_ms = past[1].at_ms = past[0].ended_ms = ends[j];
            od__buffer_init(&trail, 100000);
            assert_int_equal(od__rules_judge(ruleset, zones, &facts, ends[i], &got, &trail, NULL), OD_OK);
            assert_int_equal(od__rules_next(ruleset, zones, &facts, ends[i], INT64_MAX, &next_ms, NULL), OD_OK);
            od__buffer_clear(&trail);
        }
    }
    od__ruleset_free(ruleset);
}

/* ---- what cannot be judged ---- */

static void test_zones_that_cannot_be_read_are_an_error_and_no_call(void **state) {
    (void)state;
    char directory[] = "/tmp/outdial-no-zones-XXXXXX", expected[256];
    assert_non_null(mkdtemp(directory));
    od_zones *none;
    od_ruleset *ruleset = compile("{\"hours\":{\"mon\":[\"00:00-24:00\"]}}");
    od_judgement got;
    od_error err = OD_ERROR_INIT;
    int64_t next_ms = 1;
    assert_int_equal(od__zones_new(directory, &none, NULL), OD_OK);
    od_facts facts = {.country = "US"};
    assert_int_equal(od__rules_judge(ruleset, none, &facts, 0, &got, NULL, &err), OD_UNAVAILABLE);
    (void)snprintf(expected, sizeof expected, "cannot open %s/zone.tab: No such file or directory", directory);
    assert_string_equal(err.message, expected);
    assert_false(got.allowed);
    assert_int_equal(got.refusal, OD_REFUSAL_none);
    assert_null(got.rule);
    assert_int_equal(got.until_ms, 0);
    assert_int_equal(od__rules_next(ruleset, none, &facts, 0, INT64_MAX, &next_ms, NULL), OD_UNAVAILABLE);
    assert_int_equal(next_ms, 0);
    assert_int_equal(rmdir(directory), 0);
    err = (od_error)OD_ERROR_INIT;
    facts = (od_facts){.zones = "America/Phoenix"};
    assert_int_equal(od__rules_judge(ruleset, none, &facts, 0, &got, NULL, &err), OD_UNAVAILABLE);
    (void)snprintf(expected, sizeof expected, "no time zones: cannot open %s: No such file or directory", directory);
    assert_string_equal(err.message, expected);
    od__zones_free(none);
    od__ruleset_free(ruleset);
}

static void test_a_trail_over_its_limit_is_an_error_and_no_call(void **state) {
    (void)state;
    od_ruleset *ruleset = compile("{\"hours\":{\"thu\":[\"00:00-24:00\"]}}");
    od_facts facts = {.zones = "Etc/UTC"};
    od_judgement got;
    od_buffer trail;
    od__buffer_init(&trail, 100);
    assert_int_equal(od__rules_judge(ruleset, zones, &facts, 0, &got, &trail, NULL), OD_OUT_OF_MEMORY);
    assert_false(got.allowed);
    od__buffer_clear(&trail);
    od__ruleset_free(ruleset);
}

static od_status everything(od_error *err) {
    static const char json[] =
        "{\"hours\":{\"thu\":[\"00:00-24:00\"]},\"zone\":\"America/New_York\",\"holidays\":[\"2026-12-25\"],\"ring_timeout_ms\":3e4,"
        "\"caps\":[{\"name\":\"a\",\"limit\":1,\"per\":\"person\",\"kind\":\"month\"}],"
        "\"gaps\":[{\"name\":\"c\",\"ms\":86400000,\"per\":\"person\"}]}";
    od_value *value = NULL;
    od_zones *own = NULL;
    od_ruleset *ruleset = NULL;
    od_judgement got;
    od_buffer trail;
    od_facts facts = {.country = "US"};
    int64_t next_ms;
    od__buffer_init(&trail, 100000);
    od_status status = od_value_parse(json, sizeof json - 1, &value, err);
    if (status == OD_OK)
        status = od__zones_new(NULL, &own, err);
    if (status == OD_OK)
        status = od__ruleset_new(value, own, &ruleset, err);
    if (status == OD_OK)
        status = od__rules_judge(ruleset, own, &facts, INT64_C(86400000), &got, &trail, err);
    if (status == OD_OK)
        status = od__rules_next(ruleset, own, &facts, 0, INT64_MAX, &next_ms, err);
    od__buffer_clear(&trail);
    od__ruleset_free(ruleset);
    od__zones_free(own);
    od_value_unref(value);
    return status;
}

static void test_each_allocation_fails_once(void **state) {
    (void)state;
    for (size_t n = 1;; n++) {
        od_error err = OD_ERROR_INIT;
        od__memory_fail_at(n);
        od_status status = everything(&err);
        if (od__memory_fail_at(0) < n) {
            assert_int_equal(status, OD_OK);
            assert_in_range(n, 12, 500);
            break;
        }
        assert_int_equal(status, OD_OUT_OF_MEMORY);
        assert_string_equal(err.message, "memory ran out");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_R24_hours_are_what_a_walk_minute_by_minute_finds),
        cmocka_unit_test(test_R9_R23_caps_are_what_comparing_dates_finds),
        cmocka_unit_test(test_what_a_ruleset_tells_about_itself),
        cmocka_unit_test(test_names_of_refusals),
        cmocka_unit_test(test_times_at_the_ends_of_all_calendars),
        cmocka_unit_test(test_zones_that_cannot_be_read_are_an_error_and_no_call),
        cmocka_unit_test(test_a_trail_over_its_limit_is_an_error_and_no_call),
        cmocka_unit_test(test_each_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, open_zones, close_zones);
}
