/* A CometD session whose connects, handshakes and commands fail, or are refused; and what the acknowledge extension mends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "cometd_rig.h"

/* ---- failures ---- */

static void a_connect_that_fails_is_tried_again_later_and_later(void **state) {
    (void)state;
    session s;
    cometd_open(&s);
    cometd_stand(&s, ",\"ext\":{\"ack\":true}");
    int64_t pause_ms = 0;
    for (int i = 0; i < 62; i++) {
        pause_ms = pause_ms < 60000 ? pause_ms + 1000 : 60000;
        cometd_lose(&s, true);
        assert_int_equal(fake_waiting(&s.network), 0);
        cometd_pass_ms(&s, pause_ms - 1);
        assert_int_equal(fake_waiting(&s.network), 0);
        cometd_pass_ms(&s, 1);
        assert_int_equal(fake_waiting(&s.network), 1);
    }
    assert_string_equal(cometd_told(&s), "deaf\n");
    (void)cometd_sent(&s);
    cometd_answer(&s, "[" CONNECTED("66", "") "]");
    assert_string_equal(cometd_told(&s), "hears\n"); /* with the extension nothing is lost */
    assert_string_equal(cometd_sent(&s), CONNECT("67", "c1", ",\"ext\":{\"ack\":0}"));
    cometd_lose(&s, true);
    cometd_pass_ms(&s, 1000); /* the pause begins anew */
    assert_int_equal(fake_waiting(&s.network), 1);
    cometd_close(&s);
}

/* R19: parked, it would tell that events arrive only once something happens, and nobody may dial until then. */
static void after_a_failure_a_connect_is_answered_at_once(void **state) {
    (void)state;
    session s;
    cometd_open(&s);
    cometd_stand(&s, "");
    cometd_lose(&s, false);
    assert_false(od__cometd_hears(s.cometd, "/a"));
    (void)cometd_sent(&s);
    cometd_pass_ms(&s, 1000);
    assert_string_equal(cometd_sent(&s), CONNECT("5", "c1", AT_ONCE));
    assert_int_equal(s.network.first->timeout_ms, 10000);
    cometd_answer(&s, "[" CONNECTED("5", "") "]");
    assert_true(od__cometd_hears(s.cometd, "/a"));
    assert_string_equal(cometd_sent(&s), CONNECT("6", "c1", ""));
    cometd_close(&s);
}

static void without_the_extension_a_lost_answer_is_a_gap(void **state) {
    (void)state;
    static const struct {
        bool left;
        const char *told;
    } rows[] = { { true, "deaf\nhears\nresync\n" }, { false, "deaf\nhears\n" } };
    for (size_t i = 0; i < 2; i++) {
        session s;
        cometd_open(&s);
        cometd_stand(&s, "");
        assert_int_equal(s.network.first->repeat, OD_REPEAT_NEVER);
        cometd_lose(&s, rows[i].left);
        cometd_pass_ms(&s, 1000);
        cometd_answer(&s, "[" CONNECTED("5", "") "]");
        assert_string_equal(cometd_told(&s), rows[i].told);
        cometd_close(&s);
    }
}

static void answers_that_are_none_are_failures(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *body, *log;
    } rows[] = {
        { 500, "", "unavailable: the server answered HTTP 500" },
        { 302, "", "unavailable: the server answered HTTP 302" },
        { 200, "<html>", "protocol: line 1, column 1: invalid token" },
        { 200, "[]", "protocol: connect: the answer has no reply to it" },
        { 200, "[" CONNECTED("3", "") "]", "protocol: connect: the answer has no reply to it" }, /* another's */
        { 200, "[{\"channel\":\"/meta/connect\",\"id\":\"4\",\"successful\":false}]", "rejected: connect: not successful" },
        { 200, "[{\"channel\":\"/meta/connect\",\"id\":\"4\",\"successful\":false,\"error\":\"500::busy\"}]",
          "rejected: 500: connect: busy" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        session s;
        char log[256];
        cometd_open(&s);
        cometd_stand(&s, ",\"ext\":{\"ack\":true}");
        cometd_answer_http(&s, rows[i].status, rows[i].body);
        snprintf(log, sizeof(log), "1 notifications: connect failed, again in 1000 ms: %s\n", rows[i].log);
        assert_string_equal(cometd_logged(&s), log);
        assert_string_equal(cometd_told(&s), "deaf\n");
        cometd_pass_ms(&s, 1000);
        assert_string_equal(cometd_sent(&s), CONNECT("5", "c1", AT_ONCE ",\"ext\":{\"ack\":0}"));
        cometd_close(&s);
    }
}

static void events_of_an_answer_without_a_reply_are_told_once(void **state) {
    (void)state;
    session s;
    cometd_open(&s);
    cometd_stand(&s, "");
    cometd_answer(&s, "[" EVENT("/a", "1") "]"); /* nobody sends them again */
    assert_string_equal(cometd_told(&s), "/a 1\ndeaf\n");
    cometd_close(&s);
    cometd_open(&s);
    cometd_stand(&s, ",\"ext\":{\"ack\":true}");
    cometd_answer(&s, "[" EVENT("/a", "1") "]"); /* they come again */
    assert_string_equal(cometd_told(&s), "deaf\n");
    cometd_pass_ms(&s, 1000);
    cometd_answer(&s, "[" EVENT("/a", "1") "," CONNECTED("5", ",\"ext\":{\"ack\":1}") "]");
    assert_string_equal(cometd_told(&s), "hears\n/a 1\n");
    cometd_close(&s);
}

static void past_the_servers_patience_a_new_session_is_made(void **state) {
    (void)state;
    session s;
    cometd_open(&s);
    cometd_stand(&s, ",\"ext\":{\"ack\":true},\"advice\":{\"timeout\":3000,\"interval\":0,\"maxInterval\":5000}");
    cometd_lose(&s, true);       /* 0 s, again at 1 */
    cometd_pass_ms(&s, 1000);
    cometd_lose(&s, true);       /* 1 s, again at 3 */
    cometd_pass_ms(&s, 2000);
    cometd_lose(&s, true);       /* 3 s, again at 6 */
    cometd_pass_ms(&s, 3000);
    (void)cometd_sent(&s);
    cometd_lose(&s, true);       /* 6 s and 4 more are past 8: the session is gone, at once */
    assert_string_equal(cometd_sent(&s), HANDSHAKE("8"));
    assert_string_equal(cometd_told(&s), "deaf\n");
    cometd_close(&s);
}

static void an_answer_that_stays_unreadable_ends_the_session_it_is_of(void **state) {
    (void)state;
    session s;
    cometd_open(&s);
    cometd_stand(&s, ",\"ext\":{\"ack\":true}");
    cometd_answer(&s, "[[]]");
    cometd_pass_ms(&s, 1000);
    cometd_answer(&s, "[[]]");
    cometd_pass_ms(&s, 2000);
    (void)cometd_sent(&s);
    cometd_answer(&s, "[[]]");
    assert_string_equal(cometd_sent(&s), HANDSHAKE("7"));
    cometd_close(&s);
}

static void a_session_that_never_stood_is_given_up(void **state) {
    (void)state;
    session s;
    cometd_open(&s);
    cometd_want(&s, "/a");
    for (int i = 1; i <= 2; i++) {
        cometd_lose(&s, false);
        cometd_pass_ms(&s, i * 1000);
    }
    assert_string_equal(cometd_told(&s), "");
    cometd_lose(&s, false);
    assert_string_equal(cometd_told(&s), "ended: network: cut off\n");
    assert_true(od__cometd_is_idle(s.cometd));
    assert_string_equal(cometd_logged(&s), "1 notifications: handshake failed, again in 1000 ms: network: cut off\n"
                                    "1 notifications: handshake failed, again in 2000 ms: network: cut off\n"
                                    "2 notifications: ended: network: cut off\n");
    cometd_close(&s);
}

static void a_session_that_stood_is_never_given_up(void **state) {
    (void)state;
    session s;
    cometd_open(&s);
    cometd_stand(&s, "");
    cometd_answer(&s, LOST("connect", "4", ""));
    for (int i = 0; i < 100; i++) {
        cometd_lose(&s, false);
        cometd_pass_ms(&s, 60000);
        assert_int_equal(fake_waiting(&s.network), 1);
    }
    assert_string_equal(cometd_told(&s), "deaf\n");
    cometd_close(&s);
}

static void handshakes_are_refused_in_many_ways(void **state) {
    (void)state;
    static const struct {
        const char *body;
        const char *told;  /* "": tried again */
    } rows[] = {
        { "[{\"channel\":\"/meta/handshake\",\"id\":\"1\",\"successful\":false,\"error\":\"403::handshake_denied\","
          "\"advice\":{\"reconnect\":\"none\"}}]",
          "ended: permission: 403: handshake: handshake_denied\n" },
        { "[{\"channel\":\"/meta/handshake\",\"id\":\"1\",\"successful\":false,\"error\":\"403::handshake_failed\"}]", "" },
        { "[{\"channel\":\"/meta/handshake\",\"id\":\"1\",\"successful\":true}]", "" },
        { "[" CONNECTED("1", "") "]", "" },
        { SHAKEN("1", "c1", ",\"supportedConnectionTypes\":[\"websocket\"]"),
          "ended: protocol: handshake: the server offers no long polling\n" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        session s;
        cometd_open(&s);
        cometd_want(&s, "/a");
        cometd_answer(&s, rows[i].body);
        assert_string_equal(cometd_told(&s), rows[i].told);
        (void)cometd_sent(&s);
        cometd_pass_ms(&s, 1000);
        assert_string_equal(cometd_sent(&s), rows[i].told[0] != '\0' ? "" : HANDSHAKE("2"));
        cometd_close(&s);
    }
}

static void a_channel_may_be_refused(void **state) {
    (void)state;
    session s;
    cometd_open(&s);
    cometd_want(&s, "/a");
    cometd_want(&s, "/b");
    cometd_answer(&s, SHAKEN("1", "c1", ""));
    (void)cometd_sent(&s);
    cometd_answer(&s, "[{\"channel\":\"/meta/subscribe\",\"id\":\"2\",\"successful\":false,\"error\":\"403:/a:subscribe_denied\"},"
               SUBSCRIBED("3", "/b") "]");
    assert_string_equal(cometd_told(&s), "/a refused: permission: 403: subscribe /a: subscribe_denied\n");
    assert_string_equal(cometd_sent(&s), CONNECT("4", "c1", AT_ONCE));
    cometd_close(&s);
    /* With the only channel the session goes. */
    cometd_open(&s);
    cometd_want(&s, "/a");
    cometd_answer(&s, SHAKEN("1", "c1", ""));
    (void)cometd_sent(&s);
    cometd_answer(&s, "[{\"channel\":\"/meta/subscribe\",\"id\":\"2\",\"successful\":false}]");
    assert_string_equal(cometd_told(&s), "/a refused: rejected: subscribe /a: not successful\n");
    assert_string_equal(cometd_sent(&s), DISCONNECT("3", "c1"));
    cometd_close(&s);
}

static void commands_that_fail_are_sent_again(void **state) {
    (void)state;
    session s;
    cometd_open(&s);
    cometd_stand(&s, "");
    cometd_want(&s, "/b");
    (void)cometd_sent(&s);
    for (int i = 1; i <= 3; i++) {
        fake_answer(&s.network, s.network.last, i == 1 ? 500 : 200, "", i == 2 ? "[]" : "[7]");
        cometd_run(&s);
        cometd_pass_ms(&s, i * 1000 - 1);
        assert_string_equal(cometd_sent(&s), "");
        cometd_pass_ms(&s, 1);
        assert_non_null(strstr(cometd_sent(&s), "\"subscription\":\"/b\"}]"));
    }
    fake_answer(&s.network, s.network.last, 200, "", "[" SUBSCRIBED("8", "/b") "]");
    cometd_run(&s);
    assert_true(od__cometd_hears(s.cometd, "/b"));
    assert_string_equal(cometd_logged(&s),
                        "1 notifications: subscribe failed, again in 1000 ms: unavailable: the server answered HTTP 500\n"
                        "1 notifications: subscribe failed, again in 2000 ms: protocol: subscribe: the answer has no reply "
                        "to it\n"
                        "1 notifications: subscribe failed, again in 3000 ms: protocol: message 0 of the answer is an "
                        "integer, no Bayeux message\n");
    cometd_close(&s);
}

/* ---- the extension ---- */

static void with_the_extension_each_batch_is_acknowledged(void **state) {
    (void)state;
    session s;
    cometd_open(&s);
    cometd_want(&s, "/a");
    cometd_answer(&s, SHAKEN("1", "c1", ",\"ext\":{\"ack\":true}"));
    cometd_answer(&s, "[" SUBSCRIBED("2", "/a") "]");
    (void)cometd_sent(&s);
    cometd_answer(&s, "[" CONNECTED("3", ",\"ext\":{\"ack\":1}") "]");
    assert_string_equal(cometd_sent(&s), CONNECT("4", "c1", ",\"ext\":{\"ack\":1}"));
    assert_int_equal(s.network.first->repeat, OD_REPEAT_SAFE); /* a second one gives the same */
    cometd_answer(&s, "[" EVENT("/a", "1") "," CONNECTED("4", ",\"ext\":{\"ack\":2}") "]");
    assert_string_equal(cometd_sent(&s), CONNECT("5", "c1", ",\"ext\":{\"ack\":2}"));
    cometd_lose(&s, true);
    cometd_pass_ms(&s, 1000);
    assert_string_equal(cometd_sent(&s), CONNECT("6", "c1", AT_ONCE ",\"ext\":{\"ack\":2}"));
    cometd_answer(&s, "[" EVENT("/a", "2") "," CONNECTED("6", ",\"ext\":{\"ack\":4}") "]");
    assert_string_equal(cometd_sent(&s), CONNECT("7", "c1", ",\"ext\":{\"ack\":4}"));
    assert_string_equal(cometd_told(&s), "hears\n/a 1\ndeaf\nhears\n/a 2\n");
    cometd_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connect_that_fails_is_tried_again_later_and_later),
        cmocka_unit_test(after_a_failure_a_connect_is_answered_at_once),
        cmocka_unit_test(without_the_extension_a_lost_answer_is_a_gap),
        cmocka_unit_test(answers_that_are_none_are_failures),
        cmocka_unit_test(events_of_an_answer_without_a_reply_are_told_once),
        cmocka_unit_test(past_the_servers_patience_a_new_session_is_made),
        cmocka_unit_test(an_answer_that_stays_unreadable_ends_the_session_it_is_of),
        cmocka_unit_test(a_session_that_never_stood_is_given_up),
        cmocka_unit_test(a_session_that_stood_is_never_given_up),
        cmocka_unit_test(handshakes_are_refused_in_many_ways),
        cmocka_unit_test(a_channel_may_be_refused),
        cmocka_unit_test(commands_that_fail_are_sent_again),
        cmocka_unit_test(with_the_extension_each_batch_is_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
