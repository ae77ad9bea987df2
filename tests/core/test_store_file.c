/* What may befall the file behind a store: it is taken away or replaced while it is open, another process writes to it, the
 * system refuses it. Calls are kept from being made on what nobody would find again, and the reason is told in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/memory.h"
#include "fake.h"
#include "outdial.h"
#include "store_folder.h"

#define CAMPAIGN "{\"name\":\"c\",\"script\":\"s\",\"ruleset\":{\"hours\":{\"sun\":[\"00:00-24:00\"]}}}"
#define NO_CAMPAIGN "not_found: there is no campaign \"none\""

typedef struct stage {
    fake_clock clock;
    od_engine *engine;
    od_store *store;
    char folder[64], path[96], aside[96];
} stage;

static int set_up(void **state) {
    stage *s = calloc(1, sizeof(*s));
    s->clock = (fake_clock)FAKE_CLOCK_INIT;
    snprintf(s->folder, sizeof(s->folder), "/tmp/outdial-file-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->path, sizeof(s->path), "%s/store.db", s->folder);
    snprintf(s->aside, sizeof(s->aside), "%s/aside.db", s->folder);
    od_engine_options options = fake_engine_options(&s->clock);
    assert_int_equal(od_engine_new(&options, &s->engine, NULL), OD_OK);
    assert_int_equal(od_store_open(s->engine, s->path, true, &s->store, NULL), OD_OK);
    *state = s;
    return 0;
}

static int tear_down(void **state) {
    stage *s = *state;
    static const char *const others[] = { "aside.db", NULL };
    od_store_free(s->store);
    od_engine_free(s->engine);
    remove_store_folder(s->folder, others);
    free(s);
    return 0;
}

/* The verb's error with the store's path as @; "" if it went well. */
static void expect_of(od_store *store, const char *path, const char *verb, const char *json, const char *expected) {
    char line[1024] = "", plain[1024];
    od_value *params = NULL;
    od_request *request = NULL;
    assert_int_equal(od_value_parse(json, strlen(json), &params, NULL), OD_OK);
    assert_int_equal(od_store_submit(store, verb, params, NULL, &request, NULL), OD_OK);
    od_value_unref(params);
    assert_int_equal(od_request_wait(request, 10000, NULL), OD_OK);
    if (od_request_error(request)->code != OD_OK)
        od_error_format(od_request_error(request), line, sizeof(line));
    od_request_unref(request);
    const char *at = strstr(line, path);
    snprintf(plain, sizeof(plain), at != NULL ? "%.*s@%s" : "%.*s%s", at != NULL ? (int)(at - line) : 0, line,
             at != NULL ? at + strlen(path) : line);
    assert_string_equal(plain, expected);
}

static void expect(const stage *s, const char *verb, const char *json, const char *expected) {
    expect_of(s->store, s->path, verb, json, expected);
}

static const char gone[] = "unavailable: the store @: its file was removed, renamed or replaced: what is done now would be lost";

static void test_removed(void **state) {
    stage *s = *state;
    expect(s, "register", "{}", "");
    expect(s, "campaign", CAMPAIGN, "");
    assert_int_equal(unlink(s->path), 0);
    expect(s, "beat", "{}", gone);
    expect(s, "take", "{\"campaign\":\"c\",\"limit\":1}", gone);
    expect(s, "status", "{\"campaign\":\"c\"}", ""); /* how it stood may be told all the same */
}

static void test_replaced(void **state) {
    stage *s = *state;
    expect(s, "campaign", CAMPAIGN, "");
    assert_int_equal(rename(s->path, s->aside), 0);
    expect(s, "campaign", CAMPAIGN, gone);
    FILE *other = fopen(s->path, "w");
    assert_non_null(other);
    assert_int_equal(fclose(other), 0);
    expect(s, "campaign", CAMPAIGN, gone);
    assert_int_equal(rename(s->aside, s->path), 0); /* it is where it was: nothing is lost */
    expect(s, "campaign", CAMPAIGN, "");
}

/* Somebody else's transaction is no reason not to tell how it stands. */
static void test_who_reads_waits_for_no_writer(void **state) {
    const stage *s = *state;
    sqlite3 *other = NULL;
    od_store *reader = NULL;
    expect(s, "campaign", CAMPAIGN, "");
    assert_int_equal(sqlite3_open(s->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(od_store_open(s->engine, s->path, false, &reader, NULL), OD_OK);
    expect_of(reader, s->path, "status", "{\"campaign\":\"c\"}", "");
    expect_of(reader, s->path, "status", "{\"campaign\":\"none\"}", NO_CAMPAIGN);
    od_store_free(reader);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

static void test_a_folder(void **state) {
    const stage *s = *state;
    od_store *store = NULL;
    assert_int_equal(od_store_open(s->engine, s->folder, false, &store, NULL), OD_OK);
    expect_of(store, s->folder, "status", "{}", "unavailable: the store @: it is a folder");
    od_store_free(store);
}

/* An address would be read as a path, and may have a password in it. */
static void test_an_address(void **state) {
    const stage *s = *state;
    od_store *store = NULL;
    assert_int_equal(od_store_open(s->engine, "postgres://me:secret@host/calls", true, &store, NULL), OD_OK);
    expect_of(store, s->path, "status", "{}",
              "validation: the store: expected the path of a file, got an address (postgres://)");
    od_store_free(store);
}

static void test_too_many_files(void **state) {
    const stage *s = *state;
    struct rlimit before, none;
    expect(s, "campaign", CAMPAIGN, "");
    od_store *store = NULL;
    assert_int_equal(od_store_open(s->engine, s->path, false, &store, NULL), OD_OK);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    expect_of(store, s->path, "status", "{}", "unavailable: the store @: too many files are open");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    expect_of(store, s->path, "status", "{}", "");
    od_store_free(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_removed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_who_reads_waits_for_no_writer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_address, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many_files, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
