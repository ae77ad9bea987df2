/* What the stories do not tell: verbs that take several slices, with others between them, given up on the way; and memory
 * that runs out in each of the verbs of reports and administration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/memory.h"
#include "fake.h"
#include "store/group.h"
#include "store/holders.h"
#include "store_folder.h"

#define ROWS 12000               /* more than two slices of reading, and of merging */

typedef struct stage {
    fake_clock clock;
    od_engine *engine;
    od_store *store;
    char folder[64], path[96], list[96], params[512];
} stage;

static od_request *submit(stage *s, const char *verb, const char *json, od_error *err) {
    od_value *params = NULL;
    od_request *request = NULL;
    assert_int_equal(od_value_parse(json, strlen(json), &params, NULL), OD_OK);
    if (od_store_submit(s->store, verb, params, NULL, &request, err) != OD_OK)
        request = NULL;
    od_value_unref(params);
    return request;
}

/* The verb's result as text, or its error; od_text_free it. */
static char *ask(stage *s, const char *verb, const char *json) {
    char *text = NULL;
    od_error err = OD_ERROR_INIT;
    od_request *request = submit(s, verb, json, &err);
    if (request != NULL) {
        assert_int_equal(od_request_wait(request, 10000, NULL), OD_OK);
        err = *od_request_error(request);
    }
    if (err.code == OD_OK) {
        assert_int_equal(od_value_format(od_request_result(request), &text, NULL, NULL), OD_OK);
    } else {
        char line[1024];
        od_error_format(&err, line, sizeof(line));
        text = od__strdup(line);
    }
    od_request_unref(request);
    return text;
}

static void expect(stage *s, const char *verb, const char *json, const char *expected) {
    char *got = ask(s, verb, json);
    assert_string_equal(got, expected);
    od_text_free(got);
}

static void do_verb(stage *s, const char *verb, const char *json) {
    char *got = ask(s, verb, json);
    if (got[0] != '{')
        fail_msg("%s: %s", verb, got);
    od_text_free(got);
}

static void write_list(const stage *s, int rows) {
    FILE *file = fopen(s->list, "w");
    assert_non_null(file);
    fputs("id,mobile\n", file);
    for (int i = 0; i < rows; i++)
        fprintf(file, "k%05d,+44207946%04d\n", (i * 7919) % rows, i % 10000);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state) {
    stage *s = calloc(1, sizeof(*s));
    s->clock = (fake_clock)FAKE_CLOCK_INIT;
    snprintf(s->folder, sizeof(s->folder), "/tmp/outdial-admin-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->path, sizeof(s->path), "%s/store.db", s->folder);
    snprintf(s->list, sizeof(s->list), "%s/list.csv", s->folder);
    snprintf(s->params, sizeof(s->params), "{\"campaign\":\"c\",\"path\":\"%s\",\"map\":{\"id\":\"id\",\"numbers\":[\"mobile\"]}}", s->list);
    od_engine_options options = fake_engine_options(&s->clock);
    assert_int_equal(od_engine_new(&options, &s->engine, NULL), OD_OK);
    assert_int_equal(od_store_open(s->engine, s->path, true, &s->store, NULL), OD_OK);
    do_verb(s, "register", "{}");
    do_verb(s, "campaign", "{\"name\":\"c\",\"script\":\"s\",\"ruleset\":{\"hours\":{\"sun\":[\"00:00-24:00\"]},"
                           "\"gaps\":[{\"name\":\"g\",\"ms\":3600000,\"per\":\"person\",\"number\":true}]}}");
    *state = s;
    return 0;
}

static int tear_down(void **state) {
    stage *s = *state;
    static const char *const others[] = { "list.csv", "dnc.csv", NULL };
    od_store_free(s->store);
    od_engine_free(s->engine);
    remove_store_folder(s->folder, others);
    free(s);
    return 0;
}

/* ---- one file by two names ---- */

/* R20: the locks stand beside the file itself, so that whoever opens it through a link sees who lives. */
static void R20_a_store_that_is_opened_through_a_link_is_the_same(void **state) {
    stage *s = *state;
    char link[96];
    snprintf(link, sizeof(link), "%s/link.db", s->folder);
    assert_int_equal(symlink(s->path, link), 0);
    stage other = { .engine = s->engine };
    assert_int_equal(od_store_open(s->engine, link, false, &other.store, NULL), OD_OK);
    char *got = ask(&other, "register", "{}");
    assert_non_null(strstr(got, "\"taken_over\":0,\"workers\":2"));
    od_text_free(got);
    do_verb(s, "beat", "{}");
    od_store_free(s->store);
    got = ask(&other, "beat", "{}");
    assert_non_null(strstr(got, "\"taken_over\":1,\"workers\":1"));
    od_text_free(got);
    s->store = other.store;
    assert_int_equal(unlink(link), 0);
}

/* ---- slices ---- */

/* As the store's thread does it: one slice of the import and one other verb in each transaction. */
static void begin(stage *s, od_group **group, od_task *import) {
    od_value *params = NULL;
    od_clock clock = fake_od_clock(&s->clock);
    write_list(s, ROWS);
    assert_int_equal(od_value_parse(s->params, strlen(s->params), &params, NULL), OD_OK);
    assert_int_equal(od__group_new(s->path, false, &clock, group, NULL), OD_OK);
    od__task_init(import, od__verb_find("import"), params);
}

static void run_slice(od_group *group, od_task *import, const char *verb, const char *json, od_value **result) {
    od_value *params = NULL;
    od_task other, *both[] = { import, &other };
    assert_int_equal(od_value_parse(json, strlen(json), &params, NULL), OD_OK);
    od__task_init(&other, od__verb_find(verb), params);
    od__group_run(group, both, 2);
    assert_int_equal(import->error.code, OD_OK);
    assert_int_equal(other.error.code, OD_OK);
    if (result != NULL)
        *result = od_value_ref(other.result);
    od__task_clear(&other);
}

static int64_t number_in(const od_value *value, const char *pointer) {
    const od_value *member = od_value_find(value, pointer);
    return member != NULL ? od_value_integer(member) : -1;
}

static void test_other_verbs_go_between(void **state) {
    stage *s = *state;
    od_group *group;
    od_task import;
    begin(s, &group, &import);
    /* opening; reading 5000, 5000, 2000; merging as many; numbers */
    static const int64_t bytes_done[] = { 0, 10 + 5000 * 21, 10 + 10000 * 21, 10 + 12000 * 21, 252010, 252010, 252010 };
    static const int64_t merged[] = { 0, 0, 0, 0, 5000, 10000, 12000 };
    for (size_t i = 0; i < sizeof(merged) / sizeof(merged[0]); i++) {
        od_value *status;
        run_slice(group, &import, "status", "{}", &status);
        assert_true(import.again);
        assert_int_equal(import.reads, i < 3);
        assert_string_equal(od_value_string(od_value_find(status, "/importing/campaign")), "c");
        assert_int_equal(number_in(status, "/importing/bytes_total"), 252010);
        assert_int_equal(number_in(status, "/importing/bytes_done"), bytes_done[i]);
        assert_int_equal(number_in(status, "/importing/rows"), bytes_done[i] / 21);
        assert_int_equal(number_in(status, "/importing/merged"), merged[i]);
        assert_int_equal(number_in(status, "/contacts/total"), merged[i]);
        od_value_unref(status);
    }
    od_value *status;
    run_slice(group, &import, "status", "{}", &status);
    assert_false(import.again);
    assert_null(od_value_get(status, "importing"));
    assert_int_equal(number_in(import.result, "/added"), ROWS);
    assert_int_equal(number_in(import.result, "/shared_numbers"), 2000);
    od_value_unref(status);
    od__task_clear(&import);
    od__group_free(group);
    expect(s, "import", s->params,
           "{\"rows\":12000,\"added\":0,\"updated\":0,\"unchanged\":12000,\"repeated\":0,\"rejected\":0,\"numbers_left_out\":0,"
           "\"shared_numbers\":2000}");
}

/* Wherever an import is let go of, whole contacts are left, and importing again ends right. */
static void test_given_up_on_the_way(void **state) {
    stage *s = *state;
    for (int slices = 1; slices < 8; slices++) {
        od_group *group;
        od_task import;
        od_value *status;
        begin(s, &group, &import);
        for (int i = 0; i < slices; i++)
            run_slice(group, &import, "dnc_list", "{}", NULL);
        assert_true(import.again);
        od__task_clear(&import);
        od_task *tasks[] = { &import };
        od__task_init(&import, od__verb_find("status"), od_value_new_object());
        od__group_run(group, tasks, 1);
        status = import.result;
        assert_null(od_value_get(status, "importing"));
        assert_int_equal(number_in(status, "/contacts/total"), slices <= 4 ? 0 : slices == 5 ? 5000 : slices == 6 ? 10000 : ROWS);
        od__task_clear(&import);
        od__group_free(group);
    }
    expect(s, "import", s->params,
           "{\"rows\":12000,\"added\":0,\"updated\":0,\"unchanged\":12000,\"repeated\":0,\"rejected\":0,\"numbers_left_out\":0,"
           "\"shared_numbers\":2000}");
    expect(s, "forecast", "{\"campaign\":\"c\"}",
           "{\"at_ms\":1440938160000,\"now\":{\"total\":12000,\"reasons\":{}},\"later\":{\"total\":0,\"reasons\":{}},"
           "\"never\":{\"total\":0,\"reasons\":{}},\"blocked\":0,\"shared_numbers\":2000,\"several_zones\":0}");
}

/* A put that comes between finds its contact updated by the list, not twice. */
static void test_the_same_id_from_two_sides(void **state) {
    stage *s = *state;
    od_group *group;
    od_task import;
    begin(s, &group, &import);
    run_slice(group, &import, "put", "{\"campaign\":\"c\",\"contacts\":[{\"id\":\"k00007\",\"numbers\":[{\"column\":\"m\","
                                     "\"number\":\"+442079461111\"}]}]}", NULL);
    while (import.again)
        run_slice(group, &import, "status", "{}", NULL);
    assert_int_equal(number_in(import.result, "/added"), ROWS - 1);
    assert_int_equal(number_in(import.result, "/updated"), 1);
    od__task_clear(&import);
    od__group_free(group);
}

/* A transaction that fails takes the import with it, and what it has done before stays. */
static void test_a_slice_that_fails(void **state) {
    stage *s = *state;
    od_group *group;
    od_task import, *tasks[] = { &import };
    begin(s, &group, &import);
    for (int i = 0; i < 5; i++)
        od__group_run(group, tasks, 1);
    assert_true(import.again);
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(s->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "DROP TABLE contact", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    od__group_run(group, tasks, 1);
    assert_false(import.again);
    assert_int_equal(import.error.code, OD_INTERNAL);
    assert_null(import.result);
    od__task_clear(&import);
    od__group_free(group);
}

/* ---- who keeps it locked ---- */

/* A process that writes for as long as the pipe is open. */
static pid_t start_writer(const stage *s, int *pipe_out) {
    int asked[2], began[2];
    char byte = 0;
    assert_int_equal(pipe(asked), 0);
    assert_int_equal(pipe(began), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        sqlite3 *own = NULL;
        close(asked[1]);
        bool writes = sqlite3_open(s->path, &own) == SQLITE_OK &&
                      sqlite3_exec(own, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
        if (writes && write(began[1], "!", 1) == 1)
            (void)!read(asked[0], &byte, 1);
        _exit(0);
    }
    close(asked[0]);
    close(began[1]);
    assert_int_equal(read(began[0], &byte, 1), 1);
    close(began[0]);
    *pipe_out = asked[1];
    return pid;
}

static void expect_locked(const char *path, const char *holders) {
    od_database *database;
    od_error err = OD_ERROR_INIT;
    char message[OD_ERROR_MESSAGE_BYTES];
    assert_int_equal(od__database_open(path, false, &database, NULL), OD_OK);
    assert_int_equal(od__database_run(database, "PRAGMA busy_timeout = 1", NULL), OD_OK);
    assert_int_equal(od__database_begin(database, true, &err), OD_UNAVAILABLE);
    snprintf(message, sizeof(message), "the store %s: another process has kept it locked%s", path, holders);
    assert_string_equal(err.message, message);
    assert_true(err.retryable);
    od__database_close(database);
}

static void test_who_keeps_it_locked_is_named(void **state) {
    const stage *s = *state;
    int end;
    char line[OD_HOLDERS_BYTES], expected[OD_HOLDERS_BYTES];
    od__holders(s->path, line); /* this process has it open, and is no other one */
    assert_string_equal(line, "");
    pid_t pid = start_writer(s, &end);
    od__holders(s->path, line);
    bool is_told = access("/proc/locks", R_OK) == 0;
    snprintf(expected, sizeof(expected), is_told ? " (pid %d)" : "", (int)pid);
    assert_string_equal(line, expected);
    od__holders(s->list, line);
    assert_string_equal(line, "");
    char link[96];
    snprintf(link, sizeof(link), "%s/link.db", s->folder);
    assert_int_equal(symlink(s->path, link), 0);
    expect_locked(s->path, expected);
    expect_locked(link, expected);
    assert_int_equal(unlink(link), 0);
    close(end);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    od__holders(s->path, line);
    assert_string_equal(line, "");
    od__holders("/nonexistent/store.db", line);
    assert_string_equal(line, "");
}

/* ---- one transaction ---- */

/* What a transaction has looked up once, it knows anew after a verb of its own has changed that. */
static void test_verbs_of_one_transaction_see_each_other(void **state) {
    static const struct { const char *verb, *json, *result; } steps[] = {
        { "window", "{\"contact\":1}", "{\"allowed\":true,\"until_ms\":1440975515000,\"zone\":\"Europe/London\"}" },
        { "dnc_add", "{\"entries\":[{\"number\":\"+442079461111\"}],\"by\":\"ann\"}", NULL },
        { "window", "{\"contact\":1}", "{\"allowed\":false,\"zone\":\"Europe/London\"}" },
        { "dnc_lift", "{\"number\":\"+442079461111\",\"by\":\"ann\",\"because\":\"asked\"}", NULL },
        { "window", "{\"contact\":1}", "{\"allowed\":true,\"until_ms\":1440975515000,\"zone\":\"Europe/London\"}" },
        { "campaign", "{\"name\":\"c\",\"script\":\"s\",\"ruleset\":{\"hours\":{\"mon\":[\"00:00-24:00\"]}}}", NULL },
        { "window", "{\"contact\":1}", "{\"allowed\":false,\"zone\":\"Europe/London\"}" },
    };
    enum { COUNT = sizeof(steps) / sizeof(steps[0]) };
    stage *s = *state;
    od_clock clock = fake_od_clock(&s->clock);
    od_group *group;
    od_task tasks[COUNT], *all[COUNT];
    do_verb(s, "put", "{\"campaign\":\"c\",\"contacts\":[{\"id\":\"p\",\"zones\":\"Europe/London\",\"numbers\":[{\"column\":\"m\",\"number\":\"+442079461111\"}]}]}");
    assert_int_equal(od__group_new(s->path, false, &clock, &group, NULL), OD_OK);
    for (size_t i = 0; i < COUNT; i++) {
        od_value *params = NULL;
        assert_int_equal(od_value_parse(steps[i].json, strlen(steps[i].json), &params, NULL), OD_OK);
        od__task_init(&tasks[i], od__verb_find(steps[i].verb), params);
        all[i] = &tasks[i];
    }
    od__group_run(group, all, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        char *text = NULL;
        assert_int_equal(tasks[i].error.code, OD_OK);
        assert_int_equal(od_value_format(tasks[i].result, &text, NULL, NULL), OD_OK);
        if (steps[i].result != NULL)
            assert_string_equal(text, steps[i].result);
        od_text_free(text);
        od__task_clear(&tasks[i]);
    }
    od__group_free(group);
}

/* ---- versions ---- */

/* Tables with their columns, and indexes: all that makes a query mean the same. */
static void read_schema(const char *path, char *out, size_t out_bytes) {
    static const char sql[] =
        "SELECT group_concat(line, char(10)) FROM (SELECT m.name || ' ' || x.cid || ' ' || x.name || ' ' || x.type || ' ' ||"
        " x.\"notnull\" || ' ' || x.pk || ' ' || coalesce(x.dflt_value, '') AS line FROM sqlite_schema m, pragma_table_info(m.name) x"
        " WHERE m.type = 'table' UNION SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY 1)";
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int length = snprintf(out, out_bytes, "%s", (const char *)sqlite3_column_text(statement, 0));
    assert_in_range(length, 1000, out_bytes - 1);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static void load_sql(const char *path, const char *sql_path) {
    static char sql[1 << 16];
    FILE *file = fopen(sql_path, "rb");
    assert_non_null(file);
    sql[fread(sql, 1, sizeof(sql) - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static void test_an_older_store_becomes_as_a_new_one(void **state) {
    stage *s = *state;
    static char fresh[16384], forward[16384];
    char old[128];
    od_clock clock = fake_od_clock(&s->clock);
    od_group *group;
    od_task task, *tasks[] = { &task };
    snprintf(old, sizeof(old), "%s/old.db", s->folder);
    load_sql(old, "tests/vectors/store/version_1.sql");
    assert_int_equal(od__group_new(old, false, &clock, &group, NULL), OD_OK);
    od__task_init(&task, od__verb_find("status"), od_value_new_object());
    od__group_run(group, tasks, 1);
    assert_int_equal(task.error.code, OD_OK);
    od__task_clear(&task);
    od__group_free(group);
    read_schema(s->path, fresh, sizeof(fresh));
    read_schema(old, forward, sizeof(forward));
    assert_string_equal(forward, fresh);
    assert_int_equal(unlink(old), 0);
}

/* ---- memory ---- */

static void check_file(const stage *s) {
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open(s->path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, "PRAGMA integrity_check", -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(statement, 0), "ok");
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

/* Runs a verb over and over, so that each of its allocations fails once; then it gives what is expected. */
static void torture(stage *s, const char *verb, const char *json, const char *expected_beginning) {
    for (size_t n = 1;; n++) {
        od_error err = OD_ERROR_INIT;
        od_value *params = NULL;
        od_request *request = NULL;
        assert_int_equal(od_value_parse(json, strlen(json), &params, NULL), OD_OK);
        od__memory_fail_at(n);
        od_status status = od_store_submit(s->store, verb, params, NULL, &request, &err);
        if (status == OD_OK && od_request_wait(request, 10000, &err) == OD_OK)
            status = od_request_status(request);
        bool hit = od__memory_fail_at(0) >= n;
        od_value_unref(params);
        if (!hit && status == OD_OK) {
            char *text = NULL;
            assert_int_equal(od_value_format(od_request_result(request), &text, NULL, NULL), OD_OK);
            if (strncmp(text, expected_beginning, strlen(expected_beginning)) != 0)
                fail_msg("%s: expected %s..., got %s", verb, expected_beginning, text);
            od_text_free(text);
            od_request_unref(request);
            break;
        }
        if (status != OD_OUT_OF_MEMORY && status != OD_OK)
            fail_msg("%s, allocation %zu: %s", verb, n, request != NULL ? od_request_error(request)->message : err.message);
        od_request_unref(request);
        assert_true(n < 5000);
    }
    check_file(s);
}

static void test_each_allocation_fails_once(void **state) {
    stage *s = *state;
    char dnc[96], load[256];
    FILE *file = fopen(s->list, "w");
    assert_non_null(file);
    fputs("id,mobile\na1,+442079460301\na2,+442079460302\na2,+442079460303\na3,555\n", file);
    for (int i = 0; i < 17; i++)
        fprintf(file, "b%02d,+4420794604%02d\n", i, i);
    assert_int_equal(fclose(file), 0);
    snprintf(dnc, sizeof(dnc), "%s/dnc.csv", s->folder);
    file = fopen(dnc, "w");
    assert_non_null(file);
    fputs("+442079460999\n", file);
    assert_int_equal(fclose(file), 0);
    snprintf(load, sizeof(load), "{\"path\":\"%s\",\"by\":\"ann\"}", dnc);
    torture(s, "import", s->params, "{\"rows\":21,\"added\":");
    torture(s, "dnc_import", load, "{\"entries\":1,\"skipped\":0,");
    torture(s, "dnc_add", "{\"entries\":[{\"number\":\"+442079460998\"}],\"by\":\"ann\",\"source\":\"x\"}", "{\"added\":");
    torture(s, "dnc_list", "{}", "{\"entries\":[{\"number\":\"+442079460998\",");
    torture(s, "contact_set", "{\"id\":\"a1\",\"action\":\"hold\",\"by\":\"ann\"}", "{\"state\":\"held\",");
    torture(s, "status", "{}", "{\"contacts\":{\"total\":19,");
    torture(s, "explain", "{\"contact\":\"a2\"}", "{\"contact\":{\"contact\":");
    torture(s, "export", "{}", "{\"rows\":[{");
    torture(s, "forecast", "{\"campaign\":\"c\"}", "{\"at_ms\":");
    torture(s, "doubts", "{}", "{\"legs\":[]}");
    /* The verbs that change nothing twice: all or nothing, so the first that comes through does it. */
    torture(s, "take", "{\"campaign\":\"c\",\"limit\":1}", "{\"contacts\":[{\"contact\":");
    torture(s, "dnc_lift", "{\"number\":\"+442079460998\",\"by\":\"ann\",\"because\":\"asked\"}", "{\"number\":");
}

/* Takes a contact; writes what means a call to it, with more in the call. */
static void write_intend(stage *s, const char *more, char out[1024]) {
    od_value *view = NULL;
    do_verb(s, "put", "{\"campaign\":\"c\",\"contacts\":[{\"id\":\"p\",\"zones\":\"Europe/London\",\"numbers\":[{\"column\":\"m\",\"number\":\"+442079461111\"}]}]}");
    char *taken = ask(s, "take", "{\"campaign\":\"c\",\"limit\":1}");
    assert_int_equal(od_value_parse(taken, strlen(taken), &view, NULL), OD_OK);
    snprintf(out, 1024,
             "{\"contact\":1,\"version\":0,\"client\":\"x\",\"vendor\":\"x\",\"call\":{\"number\":\"+442079461111\",\"account\":\"x\","
             "\"record\":{\"request\":{\"method\":\"PUT\",\"url\":\"u\",\"body\":\"b\"},\"call\":{}}%s},\"token\":\"%s\"}",
             more, od_value_string(od_value_find(view, "/contacts/0/token")));
    od_value_unref(view);
    od_text_free(taken);
}

/* A doubt: made by hand, since only one of its verbs can be run on it with success. */
static void test_each_allocation_fails_once_in_doubt(void **state) {
    stage *s = *state;
    char intend[1024];
    write_intend(s, "", intend);
    torture(s, "intend", intend, "{\"leg\":1,\"attempt\":1,");
    do_verb(s, "settle", "{\"leg\":1,\"placement\":\"unknown\",\"error\":{\"code\":\"timeout\"}}");
    torture(s, "doubts", "{}", "{\"legs\":[{\"leg\":1,");
    torture(s, "explain", "{\"contact\":\"p\"}", "{\"contact\":{\"contact\":1,");
    torture(s, "export", "{}", "{\"rows\":[{\"campaign\":\"c\",\"contact\":\"p\",");
    torture(s, "resolve", "{\"leg\":1,\"as\":\"not_placed\",\"by\":\"ann\",\"because\":\"x\"}", "{\"state\":\"not_placed\",");
}

/* A doubt that was given up, and whose vendor may have the call. */
static void test_each_allocation_fails_once_of_what_lives_on(void **state) {
    stage *s = *state;
    char intend[1024];
    write_intend(s, ",\"hands_off\":true", intend);
    torture(s, "intend", intend, "{\"leg\":1,\"attempt\":1,");
    do_verb(s, "settle", "{\"leg\":1,\"placement\":\"unknown\",\"error\":{\"code\":\"timeout\"}}");
    torture(s, "write_off", "{\"leg\":1,\"why\":\"old\"}", "{}");
    torture(s, "doubts", "{\"living_on\":true}", "{\"legs\":[{\"leg\":1,");
    torture(s, "withdrawals", "{\"campaign\":\"c\",\"living_on\":true,\"limit\":10,\"followed\":[1,2]}", "{\"legs\":[");
    torture(s, "outcome", "{\"leg\":1,\"kind\":\"answered\",\"rang\":\"yes\",\"raw\":{\"a\":\"b\"}}", "{\"state\":\"held\"");
    torture(s, "resolve", "{\"leg\":1,\"as\":\"withdrawn\",\"by\":\"ann\",\"because\":\"x\"}", "{\"state\":\"written_off\",");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(R20_a_store_that_is_opened_through_a_link_is_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_verbs_go_between, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_given_up_on_the_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_same_id_from_two_sides, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_slice_that_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_who_keeps_it_locked_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_verbs_of_one_transaction_see_each_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_older_store_becomes_as_a_new_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_allocation_fails_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_allocation_fails_once_in_doubt, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_allocation_fails_once_of_what_lives_on, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
