/* A CometD session over a network that sends nothing and a clock that stands still: what is asked, when, and what the owner
 * is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "cometd_rig.h"

/* ---- the usual course ---- */

static void a_session_is_made_kept_and_ended(void **state) {
    (void)state;
    session s;
    cometd_open(&s);
    assert_int_equal(od__cometd_want(s.cometd, "/a", NULL), OD_OK);
    assert_int_equal(s.network.sent_count, 0); /* nothing goes from inside a call */
    cometd_run(&s);
    assert_string_equal(fake_sent(&s.network),
                        "POST " COMETD_URL "\nContent-Type: application/json;charset=UTF-8\nAccept: application/json\n\n"
                        HANDSHAKE("1") "---\n");
    assert_true(s.network.first->long_poll);
    assert_int_equal(s.network.first->timeout_ms, 10000);
    cometd_answer(&s, SHAKEN("1", "c1", ADVICE));
    assert_string_equal(cometd_sent(&s), "[" SUBSCRIBE("2", "c1", "/a") "]\n");
    cometd_answer(&s, "[" SUBSCRIBED("2", "/a") "]");
    assert_string_equal(cometd_sent(&s), CONNECT("3", "c1", AT_ONCE));
    assert_int_equal(s.network.first->timeout_ms, 10000);
    assert_string_equal(cometd_told(&s), "");
    cometd_answer(&s, "[" CONNECTED("3", ADVICE) "]");
    assert_string_equal(cometd_sent(&s), CONNECT("4", "c1", ""));
    assert_int_equal(s.network.first->timeout_ms, 40000);
    assert_string_equal(cometd_told(&s), "hears\n");
    cometd_answer(&s, "[" EVENT("/a", "1") "," EVENT("/a", "{\"b\":2}") "," CONNECTED("4", "") ",{\"channel\":\"/a\"}]");
    assert_string_equal(cometd_told(&s), "/a 1\n/a {\"b\":2}\n/a (none)\n");
    assert_string_equal(cometd_sent(&s), CONNECT("5", "c1", ""));
    assert_int_equal(fake_waiting(&s.network), 1); /* one connect at a time */
    od__cometd_unwant(s.cometd, "/a");
    assert_false(od__cometd_is_idle(s.cometd));
    cometd_run(&s);
    assert_int_equal(fake_waiting(&s.network), 1); /* the parked connect was taken back */
    assert_string_equal(cometd_sent(&s), DISCONNECT("6", "c1"));
    assert_string_equal(cometd_told(&s), "deaf\n");
    cometd_answer(&s, "[{\"channel\":\"/meta/disconnect\",\"id\":\"6\",\"successful\":true}]");
    assert_true(od__cometd_is_idle(s.cometd));
    assert_string_equal(cometd_sent(&s), "");
    assert_string_equal(cometd_logged(&s), "");
    /* And once more. */
    cometd_want(&s, "/b");
    assert_string_equal(cometd_sent(&s), HANDSHAKE("7"));
    cometd_close(&s);
}

static void channels_come_and_go_beside_a_parked_connect(void **state) {
    (void)state;
    session s;
    cometd_open(&s);
    cometd_stand(&s, "");
    cometd_want(&s, "/b");
    assert_string_equal(cometd_sent(&s), "[" SUBSCRIBE("5", "c1", "/b") "]\n");
    cometd_want(&s, "/c"); /* one command at a time */
    od__cometd_unwant(s.cometd, "/a");
    cometd_run(&s);
    assert_string_equal(cometd_sent(&s), "");
    assert_int_equal(fake_waiting(&s.network), 2);
    fake_answer(&s.network, s.network.last, 200, "", "[" SUBSCRIBED("5", "/b") "," EVENT("/b", "7") "]");
    cometd_run(&s);
    assert_string_equal(cometd_told(&s), "/b 7\n");
    assert_true(od__cometd_hears(s.cometd, "/b"));
    assert_false(od__cometd_hears(s.cometd, "/c"));
    assert_string_equal(cometd_sent(&s), "[" UNSUBSCRIBE("6", "c1", "/a") "," SUBSCRIBE("7", "c1", "/c") "]\n");
    fake_answer(&s.network, s.network.last, 200, "",
                "[" SUBSCRIBED("7", "/c") ",{\"channel\":\"/meta/unsubscribe\",\"id\":\"6\",\"successful\":true}]");
    cometd_run(&s);
    assert_string_equal(cometd_told(&s), "deaf\n");
    assert_true(od__cometd_hears(s.cometd, "/c"));
    assert_string_equal(cometd_sent(&s), "");
    cometd_close(&s);
}

static void leaving_while_a_handshake_is_on_its_way_says_no_goodbye(void **state) {
    (void)state;
    session s;
    cometd_open(&s);
    cometd_want(&s, "/a");
    od__cometd_unwant(s.cometd, "/a");
    cometd_run(&s);
    assert_true(od__cometd_is_idle(s.cometd));
    assert_int_equal(fake_waiting(&s.network), 0);
    cometd_close(&s);
}

static void a_channel_wanted_while_leaving_makes_a_new_session(void **state) {
    (void)state;
    session s;
    cometd_open(&s);
    cometd_stand(&s, "");
    od__cometd_unwant(s.cometd, "/a");
    cometd_run(&s);
    assert_string_equal(cometd_sent(&s), DISCONNECT("5", "c1"));
    cometd_want(&s, "/a");
    assert_string_equal(cometd_sent(&s), "");
    cometd_pass_ms(&s, 1); /* no answer ever comes: the network says so in its time */
    fake_break(&s.network, s.network.first, OD_TIMEOUT, "no answer within 10000 ms");
    cometd_run(&s);
    assert_string_equal(cometd_sent(&s), HANDSHAKE("6"));
    assert_string_equal(cometd_told(&s), "deaf\n");
    cometd_close(&s);
}

/* ---- advice ---- */

static void interval_and_timeout_are_the_servers(void **state) {
    (void)state;
    session s;
    cometd_open(&s);
    cometd_stand(&s, ",\"advice\":{\"interval\":500,\"timeout\":45000}");
    assert_int_equal(fake_waiting(&s.network), 0);
    cometd_pass_ms(&s, 499);
    assert_string_equal(cometd_sent(&s), "");
    cometd_pass_ms(&s, 1);
    assert_string_equal(cometd_sent(&s), CONNECT("4", "c1", ""));
    assert_int_equal(s.network.first->timeout_ms, 55000);
    /* The newest advice replaces the old one wholesale: no interval means none. */
    cometd_answer(&s, "[" CONNECTED("4", ",\"advice\":{\"timeout\":20000}") "]");
    assert_string_equal(cometd_sent(&s), CONNECT("5", "c1", ""));
    assert_int_equal(s.network.first->timeout_ms, 30000);
    cometd_close(&s);
}

static void several_sessions_in_one_browser_slow_down(void **state) {
    (void)state;
    session s;
    cometd_open(&s);
    cometd_stand(&s, "");
    cometd_answer(&s, "[" CONNECTED("4", ",\"advice\":{\"reconnect\":\"retry\",\"interval\":2000,\"multiple-clients\":true}") "]");
    cometd_pass_ms(&s, 1999);
    assert_string_equal(cometd_sent(&s), "");
    cometd_pass_ms(&s, 1);
    assert_string_equal(cometd_sent(&s), CONNECT("5", "c1", ""));
    cometd_close(&s);
}

static void a_server_that_parks_nothing_is_not_asked_in_a_ring(void **state) {
    (void)state;
    session s;
    cometd_open(&s);
    cometd_stand(&s, "");
    cometd_answer(&s, "[" CONNECTED("4", "") "]");
    cometd_answer(&s, "[" CONNECTED("5", "") "]");
    cometd_answer(&s, "[" CONNECTED("6", "") "]");
    assert_int_equal(fake_waiting(&s.network), 1);
    cometd_answer(&s, "[" CONNECTED("7", "") "]");
    assert_int_equal(fake_waiting(&s.network), 0);
    cometd_pass_ms(&s, 1000);
    assert_int_equal(fake_waiting(&s.network), 1);
    cometd_answer(&s, "[" EVENT("/a", "1") "," CONNECTED("8", "") "]"); /* that one was good for something */
    assert_int_equal(fake_waiting(&s.network), 1);
    cometd_close(&s);
}

static void a_server_may_want_no_more(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        { "[" EVENT("/a", "1") "," CONNECTED("4", ",\"advice\":{\"reconnect\":\"none\"}") "]",
          "/a 1\ndeaf\nended: closed: the server wants no further connect\n" },
        { "[" CONNECTED("4", ",\"advice\":{\"reconnect\":\"retry\",\"interval\":-1}") "]",
          "deaf\nended: closed: the server wants no further connect\n" },
        { "[{\"channel\":\"/meta/connect\",\"id\":\"4\",\"successful\":false,\"error\":\"403::forbidden\","
          "\"advice\":{\"reconnect\":\"none\"}}]",
          "deaf\nended: permission: 403: connect: forbidden\n" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        session s;
        cometd_open(&s);
        cometd_stand(&s, "");
        cometd_answer(&s, rows[i][0]);
        assert_string_equal(cometd_told(&s), rows[i][1]);
        assert_true(od__cometd_is_idle(s.cometd));
        cometd_pass_ms(&s, 100000);
        assert_string_equal(cometd_sent(&s), "");
        cometd_want(&s, "/a");
        assert_string_equal(cometd_sent(&s), HANDSHAKE("5"));
        cometd_close(&s);
    }
}

/* ---- a lost session ---- */

static void a_lost_session_is_made_anew_and_the_gap_is_told(void **state) {
    (void)state;
    /* By number and by advice, never by the text. */
    static const char *const rows[] = {
        LOST("connect", "4", REHANDSHAKE),
        LOST("connect", "4", ""),
        "[{\"channel\":\"/meta/connect\",\"id\":\"4\",\"successful\":false,\"error\":\"402::Unknown client\"}]",
        "[{\"channel\":\"/meta/connect\",\"id\":\"4\",\"successful\":false,\"error\":\"403::Unknown client\"" REHANDSHAKE "}]",
        "[{\"channel\":\"/meta/connect\",\"id\":\"4\",\"successful\":false,\"error\":\"401:c1:Unknown client\"}]",
        "[{\"channel\":\"/meta/connect\",\"successful\":false" REHANDSHAKE "}]",
        "[" CONNECTED("4", REHANDSHAKE) "]",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        session s;
        cometd_open(&s);
        cometd_stand(&s, "");
        cometd_answer(&s, rows[i]);
        assert_string_equal(cometd_sent(&s), HANDSHAKE("5"));
        assert_string_equal(cometd_told(&s), "deaf\n");
        cometd_answer(&s, SHAKEN("5", "c2", ""));
        assert_string_equal(cometd_sent(&s), "[" SUBSCRIBE("6", "c2", "/a") "]\n");
        cometd_answer(&s, "[" SUBSCRIBED("6", "/a") "]");
        assert_string_equal(cometd_sent(&s), CONNECT("7", "c2", AT_ONCE));
        assert_string_equal(cometd_told(&s), "");
        cometd_answer(&s, "[" EVENT("/a", "1") "," CONNECTED("7", "") "]");
        assert_string_equal(cometd_told(&s), "hears\nresync\n/a 1\n");
        cometd_answer(&s, "[" EVENT("/a", "2") "," CONNECTED("8", "") "]");
        assert_string_equal(cometd_told(&s), "/a 2\n");
        cometd_close(&s);
    }
}

static void a_command_may_find_the_session_lost(void **state) {
    (void)state;
    static const char *const rows[] = {
        LOST("subscribe", "5", ""), /* that one comes without advice */
        "[{\"channel\":\"/meta/subscribe\",\"id\":\"5\",\"successful\":false,\"error\":\"401:c1:Unknown client\"}]",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        session s;
        cometd_open(&s);
        cometd_stand(&s, "");
        cometd_want(&s, "/b");
        (void)cometd_sent(&s);
        fake_answer(&s.network, s.network.last, 200, "", rows[i]);
        cometd_run(&s);
        assert_int_equal(fake_waiting(&s.network), 1); /* the parked connect was taken back */
        assert_string_equal(cometd_sent(&s), HANDSHAKE("6"));
        cometd_answer(&s, SHAKEN("6", "c2", ""));
        assert_string_equal(cometd_sent(&s), "[" SUBSCRIBE("7", "c2", "/a") "," SUBSCRIBE("8", "c2", "/b") "]\n");
        cometd_close(&s);
    }
}

static void sessions_that_never_connect_do_not_follow_in_no_time(void **state) {
    (void)state;
    session s;
    cometd_open(&s);
    cometd_stand(&s, "");
    cometd_answer(&s, LOST("connect", "4", REHANDSHAKE));
    (void)cometd_sent(&s);
    cometd_answer(&s, SHAKEN("5", "c2", ""));
    cometd_answer(&s, "[" SUBSCRIBED("6", "/a") "]");
    cometd_answer(&s, LOST("connect", "7", REHANDSHAKE));
    (void)cometd_sent(&s);
    assert_int_equal(fake_waiting(&s.network), 0);
    cometd_pass_ms(&s, 1000);
    assert_string_equal(cometd_sent(&s), HANDSHAKE("8"));
    cometd_answer(&s, SHAKEN("8", "c3", ""));
    cometd_answer(&s, LOST("subscribe", "9", ""));
    (void)cometd_sent(&s);
    cometd_pass_ms(&s, 1999);
    assert_string_equal(cometd_sent(&s), "");
    cometd_pass_ms(&s, 1);
    assert_string_equal(cometd_sent(&s), HANDSHAKE("10"));
    assert_string_equal(cometd_logged(&s),
                        "1 notifications: the session is lost: rejected: 402: connect: session_unknown\n"
                        "1 notifications: the session failed, again in 1000 ms: rejected: 402: connect: session_unknown\n"
                        "1 notifications: the session failed, again in 2000 ms: rejected: 402: subscribe: session_unknown\n");
    cometd_close(&s);
}

static void a_refused_login_means_a_new_session(void **state) {
    (void)state;
    static const int rows[] = { 401, 403 };
    for (size_t i = 0; i < 2; i++) {
        session s;
        cometd_open(&s);
        cometd_stand(&s, "");
        cometd_answer_http(&s, rows[i], "{\"statusCode\":20}");
        assert_string_equal(cometd_told(&s), "deaf\n");
        assert_string_equal(cometd_sent(&s), "");
        cometd_pass_ms(&s, 1000);
        assert_string_equal(cometd_sent(&s), HANDSHAKE("5"));
        cometd_answer(&s, SHAKEN("5", "c2", ""));
        cometd_answer(&s, "[" SUBSCRIBED("6", "/a") "]");
        cometd_answer(&s, "[" CONNECTED("7", "") "]");
        assert_string_equal(cometd_told(&s), "hears\nresync\n");
        /* Where handshakes are refused too, one may be because of a login beside it; a third one is the end. */
        cometd_answer_http(&s, rows[i], "");
        cometd_pass_ms(&s, 1000);
        cometd_answer_http(&s, rows[i], "");
        assert_string_equal(cometd_told(&s), "deaf\n");
        cometd_pass_ms(&s, 2000);
        cometd_answer_http(&s, rows[i], "");
        assert_string_equal(cometd_told(&s), "");
        cometd_pass_ms(&s, 3000);
        cometd_answer_http(&s, rows[i], "");
        char expected[128];
        snprintf(expected, sizeof(expected),
                 "ended: authentication: the server refused the session (HTTP %d)\n", rows[i]);
        assert_string_equal(cometd_told(&s), expected);
        cometd_close(&s);
    }
    session s; /* whom the login itself refuses is not asked about again */
    cometd_open(&s);
    cometd_stand(&s, "");
    cometd_answer_http(&s, 403, "");
    cometd_pass_ms(&s, 1000);
    fake_break(&s.network, s.network.first, OD_AUTHENTICATION, "no such user");
    cometd_run(&s);
    assert_string_equal(cometd_told(&s), "deaf\nended: authentication: no such user\n");
    cometd_close(&s);
}

/* ---- a slow owner ---- */

static void nothing_is_fetched_for_an_owner_who_does_not_keep_up(void **state) {
    (void)state;
    session s;
    cometd_open(&s);
    cometd_stand(&s, "");
    s.full = true;
    cometd_answer(&s, "[" EVENT("/a", "1") "," CONNECTED("4", "") "]");
    assert_string_equal(cometd_told(&s), "/a 1\n");
    assert_string_equal(cometd_sent(&s), "");
    od__cometd_resume(s.cometd); /* it is still full */
    cometd_pass_ms(&s, 1000);
    assert_string_equal(cometd_sent(&s), "");
    s.full = false;
    od__cometd_resume(s.cometd);
    cometd_run(&s);
    assert_string_equal(cometd_sent(&s), CONNECT("5", "c1", ""));
    assert_string_equal(cometd_told(&s), "");
    od__cometd_resume(s.cometd); /* nothing is held */
    cometd_run(&s);
    assert_string_equal(cometd_sent(&s), "");
    cometd_close(&s);
}

/* ---- doubt ---- */

static void a_doubted_session_is_asked_at_once(void **state) {
    (void)state;
    session s;
    cometd_open(&s);
    cometd_stand(&s, "");
    od__cometd_check(s.cometd);
    cometd_run(&s);
    assert_int_equal(fake_waiting(&s.network), 1); /* the parked connect was taken back */
    assert_string_equal(cometd_sent(&s), CONNECT("5", "c1", AT_ONCE));
    assert_int_equal(s.network.first->timeout_ms, 10000);
    od__cometd_check(s.cometd); /* it is being asked already */
    cometd_run(&s);
    assert_string_equal(cometd_sent(&s), "");
    cometd_answer(&s, "[" CONNECTED("5", "") "]");
    assert_string_equal(cometd_told(&s), "deaf\nhears\nresync\n");
    assert_string_equal(cometd_sent(&s), CONNECT("6", "c1", ""));
    od__cometd_check(s.cometd);
    cometd_run(&s);
    (void)cometd_sent(&s);
    cometd_answer(&s, LOST("connect", "7", ""));
    assert_string_equal(cometd_sent(&s), HANDSHAKE("8")); /* without a pause: this session had connected */
    cometd_close(&s);
}

/* ---- memory ---- */

static void every_allocation_may_fail(void **state) {
    (void)state;
    size_t n = 1;
    bool failed = true;
    for (; failed; n++) {
        session s;
        cometd_open(&s);
        od__memory_fail_at(n);
        if (od__cometd_want(s.cometd, "/a", NULL) == OD_OK)
            cometd_run(&s);
        for (int i = 0; i < 6 && s.network.first != NULL; i++) {
            static const char *const replies[] = { SHAKEN("1", "c1", ""), "[" SUBSCRIBED("2", "/a") "]",
                                                   "[" CONNECTED("3", "") "]",
                                                   "[" EVENT("/a", "1") "," CONNECTED("4", "") "]" };
            if (i < 4)
                cometd_answer(&s, replies[i]);
        }
        od__cometd_unwant(s.cometd, "/a");
        cometd_run(&s);
        size_t made = od__memory_fail_at(0);
        failed = made >= n;
        cometd_pass_ms(&s, 100000);
        cometd_close(&s);
    }
    assert_true(n > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_made_kept_and_ended),
        cmocka_unit_test(channels_come_and_go_beside_a_parked_connect),
        cmocka_unit_test(leaving_while_a_handshake_is_on_its_way_says_no_goodbye),
        cmocka_unit_test(a_channel_wanted_while_leaving_makes_a_new_session),
        cmocka_unit_test(interval_and_timeout_are_the_servers),
        cmocka_unit_test(several_sessions_in_one_browser_slow_down),
        cmocka_unit_test(a_server_that_parks_nothing_is_not_asked_in_a_ring),
        cmocka_unit_test(a_server_may_want_no_more),
        cmocka_unit_test(a_lost_session_is_made_anew_and_the_gap_is_told),
        cmocka_unit_test(a_command_may_find_the_session_lost),
        cmocka_unit_test(sessions_that_never_connect_do_not_follow_in_no_time),
        cmocka_unit_test(a_refused_login_means_a_new_session),
        cmocka_unit_test(nothing_is_fetched_for_an_owner_who_does_not_keep_up),
        cmocka_unit_test(a_doubted_session_is_asked_at_once),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
