/* A transaction of several verbs, of which one fails: what was taken back with it is known no more by those that follow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake.h"
#include "store/group.h"
#include "store_folder.h"

#define SUNDAYS "\"ruleset\":{\"hours\":{\"sun\":[\"00:00-24:00\"]}}"
#define MONDAYS "\"ruleset\":{\"hours\":{\"mon\":[\"00:00-24:00\"]}}"
/* Fails after it has written. */
#define UNREADABLE "{\"name\":\"c\",\"script\":\"s\"," MONDAYS ",\"do_not_call\":{\"path\":\"/nowhere/dnc.csv\"}}"
#define P_NUMBER "+442079461111"
#define Q_NUMBER "+442079461112"

typedef struct stage {
    fake_clock clock;
    od_clock od_clock;
    od_group *group;
    char folder[64], path[96], list[96], campaign[512];
} stage;

static od_task task_of(const char *verb, const char *json) {
    od_value *params = NULL;
    od_task task;
    assert_int_equal(od_value_parse(json, strlen(json), &params, NULL), OD_OK);
    od__task_init(&task, od__verb_find(verb), params);
    return task;
}

/* Runs them in one transaction. */
static void run(stage *s, od_task *tasks, size_t count) {
    od_task *all[8];
    for (size_t i = 0; i < count; i++)
        all[i] = &tasks[i];
    od__group_run(s->group, all, count);
}

static void clear(od_task *tasks, size_t count) {
    for (size_t i = 0; i < count; i++)
        od__task_clear(&tasks[i]);
}

static void do_verb(stage *s, const char *verb, const char *json) {
    od_task task = task_of(verb, json);
    run(s, &task, 1);
    assert_string_equal(task.error.message, "");
    clear(&task, 1);
}

/* Last changed when the test plays. */
static void write_list(const stage *s, const char *text) {
    const struct timespec changed = { .tv_sec = (time_t)(s->clock.wall_ms / 1000) }, times[2] = { changed, changed };
    FILE *file = fopen(s->list, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(utimensat(AT_FDCWD, s->list, times, 0), 0);
}

static void run_sql(const stage *s, const char *sql) {
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(s->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

static int set_up(void **state) {
    stage *s = calloc(1, sizeof(*s));
    s->clock = (fake_clock)FAKE_CLOCK_INIT;
    s->od_clock = fake_od_clock(&s->clock);
    snprintf(s->folder, sizeof(s->folder), "/tmp/outdial-group-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->path, sizeof(s->path), "%s/store.db", s->folder);
    snprintf(s->list, sizeof(s->list), "%s/dnc.csv", s->folder);
    assert_int_equal(od__group_new(s->path, true, &s->od_clock, &s->group, NULL), OD_OK);
    snprintf(s->campaign, sizeof(s->campaign), "{\"name\":\"c\",\"script\":\"s\"," SUNDAYS ",\"do_not_call\":{\"path\":\"%s\"}}", s->list);
    write_list(s, "number\n+442079461119\n");
    do_verb(s, "register", "{}");
    do_verb(s, "campaign", s->campaign);
    do_verb(s, "put", "{\"campaign\":\"c\",\"contacts\":["
                      "{\"id\":\"p\",\"zones\":\"Europe/London\",\"numbers\":[{\"column\":\"m\",\"number\":\"" P_NUMBER "\"}]},"
                      "{\"id\":\"q\",\"zones\":\"Europe/London\",\"numbers\":[{\"column\":\"m\",\"number\":\"" Q_NUMBER "\"}]}]}");
    *state = s;
    return 0;
}

static int tear_down(void **state) {
    stage *s = *state;
    static const char *const others[] = { "dnc.csv", NULL };
    od__group_free(s->group);
    remove_store_folder(s->folder, others);
    free(s);
    return 0;
}

static od_task intend(const od_value *taken, int contact, const char *number) {
    char pointer[32], json[512];
    snprintf(pointer, sizeof(pointer), "/contacts/%d/token", contact - 1);
    snprintf(json, sizeof(json), "{\"contact\":%d,\"version\":0,\"client\":\"x\",\"vendor\":\"x\",\"call\":{\"number\":\"%s\",\"account\":\"x\","
             "\"record\":{\"request\":{},\"call\":{}}},\"token\":\"%s\"}", contact, number, od_value_string(od_value_find(taken, pointer)));
    return task_of("intend", json);
}

/* No outdial would leave this: P's intent passes all rules, and fails when it is written. */
static void make_intent_fail(const stage *s) {
    run_sql(s, "INSERT INTO attempt(campaign_id, contact_id, ordinal, number, common, open, counts, at_ms, callback)"
               " VALUES(1, 99, 1, '" P_NUMBER "', 0, 1, 1, 0, 0)");
}

static void assert_refused(const od_task *task, const char *rule) {
    assert_string_equal(task->error.message, "");
    assert_non_null(od_value_get(task->result, "refused"));
    assert_string_equal(od_value_string(od_value_get(task->result, "refused")), rule);
}

/* R16: a list is read once in a transaction. */
static void test_a_list_that_was_read_by_a_verb_that_failed_is_read_again(void **state) {
    stage *s = *state;
    od_task take = task_of("take", "{\"campaign\":\"c\",\"limit\":2}");
    run(s, &take, 1);
    make_intent_fail(s);
    write_list(s, "number\n+442079461119\n" Q_NUMBER "\n");
    od_task tasks[] = { task_of("beat", "{}"), intend(take.result, 1, P_NUMBER), intend(take.result, 2, Q_NUMBER) };
    run(s, tasks, 3);
    assert_int_equal(tasks[1].error.code, OD_CONFLICT);
    assert_refused(&tasks[2], "do_not_call");
    clear(&take, 1);
    clear(tasks, 3);
}

/* A revision that was taken back is not the one that has its number afterwards. */
static void test_rules_of_a_campaign_that_failed_judge_nobody(void **state) {
    stage *s = *state;
    od_task tasks[] = {
        task_of("beat", "{}"),
        task_of("campaign", UNREADABLE),
        task_of("campaign", "{\"name\":\"c\",\"script\":\"t\"," SUNDAYS "}"),
        task_of("window", "{\"contact\":1}"),
    };
    run(s, tasks, 4);
    assert_string_equal(tasks[1].error.message, "/nowhere/dnc.csv cannot be read: No such file or directory");
    assert_string_equal(tasks[2].error.message, "");
    assert_true(od_value_boolean(od_value_get(tasks[3].result, "allowed")));
    clear(tasks, 4);
}

/* R20: the transaction that saw it is carried out a second time. */
static void test_a_jump_of_the_clock_is_seen_though_a_verb_fails(void **state) {
    stage *s = *state;
    od_task take = task_of("take", "{\"campaign\":\"c\",\"limit\":2}");
    run(s, &take, 1);
    s->clock.wall_ms -= 3000;
    od_task tasks[] = { task_of("campaign", UNREADABLE), intend(take.result, 2, Q_NUMBER) };
    run(s, tasks, 2);
    assert_string_equal(tasks[0].error.message, "/nowhere/dnc.csv cannot be read: No such file or directory");
    assert_refused(&tasks[1], "campaign_held");
    clear(&take, 1);
    clear(tasks, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_list_that_was_read_by_a_verb_that_failed_is_read_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rules_of_a_campaign_that_failed_judge_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_jump_of_the_clock_is_seen_though_a_verb_fails, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
