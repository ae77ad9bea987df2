/* A store with a thread of its own: what is one transaction, in which order, and that nothing is left lying: whether the
 * engine waits, or a host's own loop does, or the store is freed first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <outdial.h>

#include "store/verb.h"
#include "store_folder.h"

#define NOTE "{\"campaign\":\"c\",\"event\":\"e\"}"

typedef struct stage {
    od_engine *engine;
    od_store *store;
    char folder[64], path[96];
} stage;

static od_request *submit(stage *s, const char *verb, const char *json, void *context) {
    od_value *params = NULL;
    od_request *request = NULL;
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od_value_parse(json, strlen(json), &params, NULL), OD_OK);
    assert_int_equal(od_store_submit(s->store, verb, params, context, &request, &err), OD_OK);
    od_value_unref(params);
    return request;
}

static void assert_done(od_request *request) {
    assert_true(od_request_finished(request));
    assert_string_equal(od_request_error(request)->message, "");
    assert_int_equal(od_request_status(request), OD_OK);
    od_request_unref(request);
}

static void do_verb(stage *s, const char *verb, const char *json) {
    od_request *request = submit(s, verb, json, NULL);
    assert_int_equal(od_request_wait(request, -1, NULL), OD_OK);
    assert_done(request);
}

static int set_up(void **state) {
    stage *s = calloc(1, sizeof(*s));
    snprintf(s->folder, sizeof(s->folder), "/tmp/outdial-thread-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->path, sizeof(s->path), "%s/store.db", s->folder);
    assert_int_equal(od_engine_new(NULL, &s->engine, NULL), OD_OK);
    assert_int_equal(od_store_open(s->engine, s->path, true, &s->store, NULL), OD_OK);
    do_verb(s, "register", "{}");
    do_verb(s, "campaign", "{\"name\":\"c\",\"script\":\"s\",\"ruleset\":{\"hours\":{\"sun\":[\"00:00-24:00\"]}}}");
    *state = s;
    return 0;
}

static int tear_down(void **state) {
    stage *s = *state;
    od_store_free(s->store);
    od_engine_free(s->engine);
    remove_store_folder(s->folder, NULL);
    free(s);
    return 0;
}

static uint32_t big_endian(const unsigned char *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* How many transactions the write-ahead log holds: each ends with a frame that tells the size of the database. */
static int commits(const stage *s) {
    char path[128];
    unsigned char header[32], frame[24];
    snprintf(path, sizeof(path), "%s-wal", s->path);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(header, 1, sizeof(header), file), sizeof(header));
    int count = 0;
    while (fread(frame, 1, sizeof(frame), file) == sizeof(frame)) {
        if (big_endian(frame + 4) != 0)
            count++;
        assert_int_equal(fseek(file, (long)big_endian(header + 8), SEEK_CUR), 0);
    }
    fclose(file);
    return count;
}

static void wait_for_all(stage *s) {
    while (od_engine_pending(s->engine) > 0)
        assert_int_equal(od_engine_step(s->engine, -1, NULL), OD_OK);
}

/* Takes what is finished; fails unless it is so many, in the order of their contexts, and all went well. */
static void take_all(stage *s, const char *contexts, size_t count) {
    for (size_t i = 0; i < count; i++) {
        od_request *request = od_engine_take(s->engine);
        assert_non_null(request);
        assert_ptr_equal(od_request_context(request), contexts + i);
        assert_done(request);
    }
    assert_null(od_engine_take(s->engine));
}

static void ask_many(stage *s, od_request **requests, char *contexts, size_t count) {
    for (size_t i = 0; i < count; i++)
        requests[i] = submit(s, "note", NOTE, contexts + i);
}

static void let_go(od_request **requests, size_t count) {
    for (size_t i = 0; i < count; i++)
        od_request_unref(requests[i]);
}

/* ---- the tests ---- */

static void test_what_is_asked_in_one_round_is_one_transaction_in_order(void **state) {
    stage *s = *state;
    char contexts[20];
    od_request *requests[20];
    int before = commits(s);
    ask_many(s, requests, contexts, 20);
    wait_for_all(s);
    assert_int_equal(commits(s), before + 1);
    take_all(s, contexts, 20);
    let_go(requests, 20);
}

static void test_more_than_fit_are_as_many_transactions_as_are_needed(void **state) {
    stage *s = *state;
    enum { MANY = 2 * OD_LIMIT_BATCH + 1 };
    static char contexts[MANY];
    static od_request *requests[MANY];
    int before = commits(s);
    ask_many(s, requests, contexts, MANY);
    wait_for_all(s);
    assert_int_equal(commits(s), before + 3);
    take_all(s, contexts, MANY);
    let_go(requests, MANY);
}

static void test_a_lone_verb_is_handed_over_before_the_engine_waits(void **state) {
    stage *s = *state;
    od_request *request = submit(s, "note", NOTE, NULL);
    assert_int_equal(od_request_wait(request, -1, NULL), OD_OK); /* returns, or the test hangs */
    assert_done(request);
}

static void test_a_host_that_only_polls_the_descriptor_gets_it_done(void **state) {
    stage *s = *state;
    struct pollfd descriptor = { .fd = od_engine_fd(s->engine), .events = POLLIN };
    for (int i = 0; i < 50; i++) {
        od_request *request = submit(s, "note", NOTE, NULL);
        assert_int_equal(od_engine_timeout_ms(s->engine), 0);
        while (!od_request_finished(request)) {
            assert_int_equal(poll(&descriptor, 1, 10000), 1);
            assert_int_equal(od_engine_step(s->engine, 0, NULL), OD_OK);
        }
        assert_done(od_engine_take(s->engine));
        assert_done(request);
    }
    assert_int_equal(od_engine_step(s->engine, 0, NULL), OD_OK);
    assert_int_equal(poll(&descriptor, 1, 0), 0);
    assert_int_equal(od_engine_timeout_ms(s->engine), -1);
}

static void test_what_was_not_handed_over_is_taken_back(void **state) {
    stage *s = *state;
    char contexts[3];
    int before = commits(s);
    od_request *first = submit(s, "note", NOTE, contexts);
    od_request *second = submit(s, "note", NOTE, contexts + 1);
    od_request *third = submit(s, "note", NOTE, contexts + 2);
    od_request_cancel(second);
    od_request_cancel(third);
    od_request *fourth = submit(s, "note", NOTE, contexts + 1);
    wait_for_all(s);
    assert_int_equal(commits(s), before + 1);
    od_request *canceled[] = { second, third };
    for (int i = 0; i < 2; i++) {
        assert_ptr_equal(od_engine_take(s->engine), canceled[i]);
        assert_int_equal(od_request_status(canceled[i]), OD_CANCELED);
        assert_string_equal(od_request_error(canceled[i])->message, "the caller took it back");
        od_request_unref(canceled[i]);
        od_request_unref(canceled[i]);
    }
    take_all(s, contexts, 2);
    od_request_unref(first);
    od_request_unref(fourth);
}

static void test_freeing_the_store_carries_out_what_was_asked(void **state) {
    stage *s = *state;
    char contexts[30];
    od_request *requests[30];
    ask_many(s, requests, contexts, 30);
    od_store_free(s->store);
    s->store = NULL;
    assert_int_equal(od_engine_pending(s->engine), 0);
    assert_int_equal(od_engine_timeout_ms(s->engine), -1);
    take_all(s, contexts, 30);
    let_go(requests, 30);
}

static void test_freeing_the_store_amid_its_work_carries_out_the_rest(void **state) {
    stage *s = *state;
    char contexts[40];
    od_request *requests[40];
    for (int i = 0; i < 40; i++) {
        requests[i] = submit(s, "note", NOTE, contexts + i);
        if (i % 10 == 9)
            assert_int_equal(od_engine_step(s->engine, 0, NULL), OD_OK); /* the thread has these now */
    }
    od_store_free(s->store);
    s->store = NULL;
    take_all(s, contexts, 40);
    let_go(requests, 40);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_asked_in_one_round_is_one_transaction_in_order),
        TEST(test_more_than_fit_are_as_many_transactions_as_are_needed),
        TEST(test_a_lone_verb_is_handed_over_before_the_engine_waits),
        TEST(test_a_host_that_only_polls_the_descriptor_gets_it_done),
        TEST(test_what_was_not_handed_over_is_taken_back),
        TEST(test_freeing_the_store_carries_out_what_was_asked),
        TEST(test_freeing_the_store_amid_its_work_carries_out_the_rest),
    };
    return cmocka_run_group_tests_name("store_thread", tests, NULL, NULL);
}
