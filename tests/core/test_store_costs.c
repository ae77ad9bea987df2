/* What a worker asks of a store again and again must not cost more the more contacts it has, and calls that are over: each
 * statement finds what it is about in an index. Counted in steps of SQLite's machine, which are the same on every run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "fake.h"
#include "outdial.h"
#include "store_folder.h"

#define MANY "20000"
#define MOST_STEPS 2000          /* of one statement; one that looks at every row takes several for each */

static struct { int steps; char sql[400]; } dearest;

static int note_cost(unsigned kind, void *context, void *statement, void *elapsed) {
    (void)kind;
    (void)context;
    (void)elapsed;
    int steps = sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
    if (steps > dearest.steps) {
        dearest.steps = steps;
        snprintf(dearest.sql, sizeof(dearest.sql), "%s", sqlite3_sql(statement));
    }
    return 0;
}

static int watch(sqlite3 *database, char **message, const struct sqlite3_api_routines *api) {
    (void)message;
    (void)api;
    return sqlite3_trace_v2(database, SQLITE_TRACE_PROFILE, note_cost, NULL);
}

typedef struct stage {
    fake_clock clock;
    od_engine *engine;
    od_store *store;
    char folder[64], path[96];
} stage;

static void do_verb(stage *s, const char *verb, const char *json) {
    od_value *params = NULL;
    od_request *request = NULL;
    assert_int_equal(od_value_parse(json, strlen(json), &params, NULL), OD_OK);
    assert_int_equal(od_store_submit(s->store, verb, params, NULL, &request, NULL), OD_OK);
    od_value_unref(params);
    assert_int_equal(od_request_wait(request, 10000, NULL), OD_OK);
    if (od_request_status(request) != OD_OK)
        fail_msg("%s: %s", verb, od_request_error(request)->message);
    od_request_unref(request);
}

static void expect_cheap(stage *s, const char *verb, const char *json) {
    dearest.steps = 0;
    do_verb(s, verb, json);
    if (dearest.steps > MOST_STEPS)
        fail_msg("%s takes %d steps for %s", verb, dearest.steps, dearest.sql);
    assert_true(dearest.steps > 0); /* somebody counts */
}

#define CAMPAIGN(script) "{\"name\":\"c\",\"script\":\"" script "\",\"max_handed_off\":100,\"ruleset\":{\"hours\":{\"sun\":[\"00:00-24:00\"]}}}"

static const char rows[] =
    "BEGIN;"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " MANY ")"
    " INSERT INTO contact(campaign_id, external, state, numbers, data, ordinal)"
    " SELECT 1, 'p' || i, CASE i % 2 WHEN 0 THEN 5 ELSE 0 END, '[[\"phone\",\"+4420' || (79460000 + i) || '\"]]', '{}', i % 2 = 0 FROM n;"
    "INSERT INTO number SELECT '+4420' || (79460000 + id), id FROM contact;"
    "INSERT INTO attempt(id, campaign_id, contact_id, ordinal, number, common, open, counts, at_ms, callback, kind, ended_ms)"
    " SELECT id, 1, id, 1, '+4420' || (79460000 + id), 0, 0, 1, id, 0, 'answered', id FROM contact WHERE state = 5;"
    "INSERT INTO leg(attempt_id, campaign_id, contact_id, ordinal, client, vendor, account, token, state, open, owner_id, at_ms, until_ms)"
    " SELECT id, 1, id, 1, 'connect', 'amazon_connect', 'a', id, 4, 0, 1, id, id FROM contact WHERE state = 5;"
    "COMMIT;";

static int set_up(void **state) {
    stage *s = calloc(1, sizeof(*s));
    s->clock = (fake_clock)FAKE_CLOCK_INIT;
    snprintf(s->folder, sizeof(s->folder), "/tmp/outdial-costs-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->path, sizeof(s->path), "%s/store.db", s->folder);
    assert_int_equal(sqlite3_auto_extension((void (*)(void))watch), SQLITE_OK);
    od_engine_options options = fake_engine_options(&s->clock);
    assert_int_equal(od_engine_new(&options, &s->engine, NULL), OD_OK);
    assert_int_equal(od_store_open(s->engine, s->path, true, &s->store, NULL), OD_OK);
    do_verb(s, "register", "{}");
    do_verb(s, "campaign", CAMPAIGN("s"));
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(s->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, rows, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    *state = s;
    return 0;
}

static int tear_down(void **state) {
    stage *s = *state;
    od_store_free(s->store);
    od_engine_free(s->engine);
    (void)sqlite3_cancel_auto_extension((void (*)(void))watch);
    remove_store_folder(s->folder, NULL);
    free(s);
    return 0;
}

static void test_what_is_asked_again_and_again(void **state) {
    stage *s = *state;
    expect_cheap(s, "beat", "{}");
    expect_cheap(s, "take", "{\"campaign\":\"c\",\"limit\":1}");
    expect_cheap(s, "adopt", "{\"campaign\":\"c\",\"limit\":100}");
    expect_cheap(s, "looks", "{\"campaign\":\"c\",\"limit\":100}");
    expect_cheap(s, "withdrawals", "{\"campaign\":\"c\",\"limit\":100,\"followed\":[1]}");
    expect_cheap(s, "withdrawals", "{\"campaign\":\"c\",\"limit\":100,\"living_on\":true}");
    expect_cheap(s, "doubts", "{\"campaign\":\"c\"}");
    expect_cheap(s, "doubts", "{\"campaign\":\"c\",\"living_on\":true}");
    expect_cheap(s, "note", "{\"campaign\":\"c\",\"id\":\"p77\",\"event\":\"seen\"}");
}

static void test_a_campaign_whose_script_has_changed(void **state) {
    expect_cheap(*state, "campaign", CAMPAIGN("s2"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_asked_again_and_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_campaign_whose_script_has_changed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
