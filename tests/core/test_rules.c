/* The judge against tests/vectors/rules: each row is one situation, one moment and what is said about it. Whatever a row
 * expects, all rows are also held to what is promised of every judgement: `next` is the first millisecond at which the rule
 * allows, `until` the last at which the call may be sent, and the trail says the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "json/value.h"
#include "rules/rules.h"
#include "validation/shape.h"

#define ROWS 512
#define PAST 256
#define TRAIL_BYTES (1 << 20)
#define UNTIL_MAX_MS (INT64_C(7) * 86400000)

typedef struct row {
    char name[200];
    const od_value *value;
    const od_value *ruleset;  /* the row's, or its file's */
} row;

static row rows[ROWS];
static struct CMUnitTest unit_tests[ROWS];
static size_t row_count;
static od_zones *zones;

static const od_value *get(const od_value *object, const char *key) {
    return od_value_get(object, key);
}

static const char *text(const od_value *object, const char *key) {
    return od_value_string(get(object, key));
}

static bool flag(const od_value *object, const char *key, bool otherwise) {
    const od_value *value = get(object, key);
    return value != NULL ? od_value_boolean(value) : otherwise;
}

static int64_t instant(const od_value *object, const char *key) {
    int64_t unix_ms = 0;
    if (text(object, key) != NULL && !od__iso8601_parse(text(object, key), &unix_ms))
        fail_msg("%s is no instant: %s", key, text(object, key));
    return unix_ms;
}

static void read_past(const od_value *value, od_past *out) {
    *out = (od_past){
        .at_ms = instant(value, "at"),
        .ended_ms = instant(value, "ended"),
        .of_person = flag(value, "of_person", true),
        .of_number = flag(value, "of_number", true),
        .same_campaign = flag(value, "same_campaign", true),
        .same_subject = flag(value, "same_subject", true),
        .counts = flag(value, "counts", true),
        .has_outcome = get(value, "kind") != NULL,
    };
    for (int kind = 0; out->has_outcome && strcmp(od__outcome_name((od_outcome_kind)kind), text(value, "kind")) != 0;)
        out->kind = (od_outcome_kind)++kind;
}

static void read_facts(const od_value *value, od_past *past, od_facts *out) {
    const od_value *history = get(value, "history");
    assert_in_range(od_value_length(history), 0, PAST);
    for (size_t i = 0; i < od_value_length(history); i++)
        read_past(od_value_at(history, i), &past[i]);
    *out = (od_facts){
        .zones = text(value, "zones"),
        .country = text(value, "country"),
        .history = past,
        .history_count = od_value_length(history),
        .person_whole_from_ms = instant(value, "person_whole_from"),
        .number_whole_from_ms = instant(value, "number_whole_from"),
        .number_listed = flag(value, "number_listed", false),
        .person_listed = flag(value, "person_listed", false),
        .list = text(value, "list"),
        .person_open = flag(value, "person_open", false),
        .number_open = flag(value, "number_open", false),
        .is_callback = flag(value, "callback", false),
        .ring_timeout_ms = od_value_integer(get(value, "ring_timeout_ms")),
    };
}

static od_ruleset *compile(const od_value *value) {
    od_ruleset *ruleset;
    od_error err = OD_ERROR_INIT;
    if (od__ruleset_new(value, zones, &ruleset, &err) != OD_OK)
        fail_msg("the ruleset is refused: %s %s", err.path, err.message);
    return ruleset;
}

static void assert_instant(int64_t got_ms, const char *expected) {
    char got[32] = "null";
    if (got_ms != 0)
        od__iso8601_format(got_ms, got, sizeof got);
    assert_string_equal(got, expected != NULL ? expected : "null");
}

static od_value *judge_trail(const od_ruleset *ruleset, const od_facts *facts, int64_t now_ms, od_judgement *out) {
    od_buffer trail;
    od_error err = OD_ERROR_INIT;
    od_value *value = NULL;
    od__buffer_init(&trail, TRAIL_BYTES);
    assert_int_equal(od__rules_judge(ruleset, zones, facts, now_ms, out, &trail, &err), OD_OK);
    if (od_value_parse(trail.data, trail.length, &value, &err) != OD_OK)
        fail_msg("the trail is no JSON: %s: %s", err.message, od__buffer_text(&trail));
    od__buffer_clear(&trail);
    return value;
}

static void judge(const od_ruleset *ruleset, const od_facts *facts, int64_t now_ms, od_judgement *out) {
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od__rules_judge(ruleset, zones, facts, now_ms, out, NULL, &err), OD_OK);
}

static bool about_hours(const char *rule) {
    return strcmp(rule, "hours") == 0 || strcmp(rule, "holiday") == 0 || strcmp(rule, "dst") == 0;
}

/* What one rule says at a moment, whatever the others say. */
static bool rule_allows(const od_ruleset *ruleset, const od_facts *facts, int64_t now_ms, const od_judgement *about) {
    od_judgement judgement;
    od_value *trail = judge_trail(ruleset, facts, now_ms, &judgement);
    bool ok = false, found = false;
    for (size_t i = 0; i < od_value_length(trail); i++) {
        const od_value *entry = od_value_at(trail, i);
        bool same = about_hours(about->rule) ? about_hours(text(entry, "rule")) : strcmp(text(entry, "name"), about->name) == 0;
        if (same) {
            found = true;
            ok = od_value_boolean(get(entry, "ok"));
        }
    }
    od_value_unref(trail);
    assert_true(found);
    return ok;
}

static void assert_promises(const od_ruleset *ruleset, const od_facts *facts, int64_t now_ms, const od_judgement *got) {
    od_judgement other;
    if (got->allowed) {
        assert_true(got->until_ms >= now_ms && got->until_ms <= now_ms + UNTIL_MAX_MS);
        assert_true(rule_allows(ruleset, facts, got->until_ms, &(od_judgement){.rule = "hours"}));
        if (got->until_ms < now_ms + UNTIL_MAX_MS)
            assert_false(rule_allows(ruleset, facts, got->until_ms + 1, &(od_judgement){.rule = "hours"}));
        assert_string_equal(got->saw, "");
        assert_null(got->rule);
        return;
    }
    assert_string_equal(got->rule, od__refusal_name(got->refusal));
    assert_int_equal(got->until_ms, 0);
    if (got->next_ms != 0) {
        assert_true(got->next_ms > now_ms);
        assert_false(rule_allows(ruleset, facts, got->next_ms - 1, got));
        assert_true(rule_allows(ruleset, facts, got->next_ms, got));
    }
    /* The trail goes on behind the first refusal, and changes nothing. */
    od_value *trail = judge_trail(ruleset, facts, now_ms, &other);
    assert_false(other.allowed);
    assert_string_equal(other.name, got->name);
    assert_string_equal(other.saw, got->saw);
    assert_int_equal(other.next_ms, got->next_ms);
    for (size_t i = 0; i < od_value_length(trail); i++) {
        if (!od_value_boolean(get(od_value_at(trail, i), "ok"))) {
            assert_string_equal(text(od_value_at(trail, i), "rule"), got->rule);
            assert_string_equal(text(od_value_at(trail, i), "saw"), got->saw);
            break;
        }
    }
    od_value_unref(trail);
}

static void check_judgement(const row *r) {
    static od_past past[PAST];
    od_facts facts;
    od_judgement got;
    int64_t now_ms = instant(r->value, "now");
    od_ruleset *ruleset = compile(r->ruleset);
    read_facts(get(r->value, "facts"), past, &facts);
    judge(ruleset, &facts, now_ms, &got);
    (void)od__memory_fail_at(0);
    judge(ruleset, &facts, now_ms, &got);
    assert_int_equal(od__memory_fail_at(0), 0);  /* once the zones are known */
    if (get(r->value, "rule") == NULL) {
        if (!got.allowed)
            fail_msg("refused by %s: %s", got.rule, got.saw);
        if (get(r->value, "until") != NULL)
            assert_instant(got.until_ms, text(r->value, "until"));
    } else {
        if (got.allowed)
            fail_msg("%s", "allowed");
        assert_string_equal(got.rule, text(r->value, "rule"));
        assert_string_equal(got.name, text(r->value, "refused_by") != NULL ? text(r->value, "refused_by") : got.rule);
        assert_string_equal(got.saw, text(r->value, "saw"));
        assert_instant(got.next_ms, text(r->value, "next"));
    }
    assert_promises(ruleset, &facts, now_ms, &got);
    if (get(r->value, "horizon") != NULL) {
        int64_t next_ms;
        assert_int_equal(od__rules_next(ruleset, zones, &facts, now_ms, instant(r->value, "horizon"), &next_ms, NULL), OD_OK);
        assert_instant(next_ms, text(r->value, "callable"));
    }
    if (get(r->value, "trail") != NULL) {
        char *expected, *written;
        od_value *trail = judge_trail(ruleset, &facts, now_ms, &got);
        assert_int_equal(od_value_format(trail, &written, NULL, NULL), OD_OK);
        assert_int_equal(od_value_format(get(r->value, "trail"), &expected, NULL, NULL), OD_OK);
        assert_string_equal(written, expected);
        od_text_free(written);
        od_text_free(expected);
        od_value_unref(trail);
    }
    od__ruleset_free(ruleset);
}

static void check_refused(const row *r) {
    char line[1024];
    od_ruleset *ruleset;
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od__ruleset_new(r->ruleset, zones, &ruleset, &err), OD_VALIDATION);
    assert_null(ruleset);
    (void)od_error_format(&err, line, sizeof line);
    assert_string_equal(line, text(r->value, "error"));
}

static void run_row(void **state) {
    const row *r = *state;
    if (get(r->value, "error") != NULL)
        check_refused(r);
    else
        check_judgement(r);
}

static od_value *load(const char *file) {
    static char bytes[1 << 20];
    char path[256];
    od_error err = OD_ERROR_INIT;
    od_value *value = NULL;
    (void)snprintf(path, sizeof path, "tests/vectors/rules/%s.json", file);
    FILE *stream = fopen(path, "rb");
    size_t length = stream != NULL ? fread(bytes, 1, sizeof bytes, stream) : 0;
    if (stream == NULL || length == sizeof bytes || od_value_parse(bytes, length, &value, &err) != OD_OK) {
        fprintf(stderr, "%s: %s\n", path, err.message);
        exit(1);
    }
    (void)fclose(stream);
    const od_value *cases = get(value, "cases");
    for (size_t i = 0; i < od_value_length(cases) && row_count < ROWS; i++) {
        row *r = &rows[row_count];
        r->value = od_value_at(cases, i);
        r->ruleset = get(r->value, "ruleset") != NULL ? get(r->value, "ruleset") : get(value, "ruleset");
        (void)snprintf(r->name, sizeof r->name, "%s: %s", file, text(r->value, "name"));
        unit_tests[row_count] = (struct CMUnitTest){.name = r->name, .test_func = run_row, .initial_state = r};
        row_count++;
    }
    return value;
}

int main(void) {
    static const char *const files[] = {"hours", "zones", "caps", "gaps", "order", "refused"};
    od_value *values[sizeof files / sizeof files[0]];
    if (od__zones_new(NULL, &zones, NULL) != OD_OK)
        return 1;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        values[i] = load(files[i]);
    int failed = _cmocka_run_group_tests("rules", unit_tests, row_count, NULL, NULL);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        od_value_unref(values[i]);
    od__zones_free(zones);
    return failed;
}
