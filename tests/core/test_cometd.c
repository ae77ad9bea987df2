/* A CometD session over a network that sends nothing and a clock that stands still: what is asked, when, and what the owner
 * is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/memory.h"
#include "fake.h"
#include "notifications/cometd.h"

#define URL "https://gws.example.com/api/v2/notifications"

typedef struct session {
    fake_clock clock;
    od_clock od;
    od_loop *loop;
    fake_network network;
    od_cometd *cometd;
    bool full, heard;
    char told[8192];  /* what the owner was told, a line each */
    char log[8192];
} session;

static void tell(session *s, const char *a, const char *b, const char *c) {
    size_t length = strlen(s->told);
    snprintf(s->told + length, sizeof(s->told) - length, "%s%s%s\n", a, b, c);
}

static void on_event(void *context, const char *channel, const od_value *data) {
    char *text = NULL;
    if (data != NULL)
        (void)od_value_format(data, &text, NULL, NULL); /* fails where a test lets memory run out */
    tell(context, channel, " ", text != NULL ? text : "(none)");
    od_text_free(text);
}

static void on_resync(void *context) {
    tell(context, "resync", "", "");
}

static void on_changed(void *context) {
    session *s = context;
    bool hears = od__cometd_hears(s->cometd, "/a");
    if (hears != s->heard)
        tell(s, hears ? "hears" : "deaf", "", "");
    s->heard = hears;
}

static void on_refused(void *context, const char *channel, const od_error *error) {
    char text[1024];
    od_error_format(error, text, sizeof(text));
    tell(context, channel, " refused: ", text);
}

static void on_ended(void *context, const od_error *error) {
    char text[1024];
    od_error_format(error, text, sizeof(text));
    tell(context, "ended: ", text, "");
}

static bool is_full(void *context) {
    return ((session *)context)->full;
}

static void on_log(void *context, od_log_level level, const char *text) {
    session *s = context;
    size_t length = strlen(s->log);
    snprintf(s->log + length, sizeof(s->log) - length, "%d %s\n", (int)level, text);
}

static void open_session(session *s) {
    memset(s, 0, sizeof(*s));
    s->clock = (fake_clock)FAKE_CLOCK_INIT;
    s->od = fake_od_clock(&s->clock);
    assert_int_equal(od__loop_new(&s->od, &s->loop, NULL), OD_OK);
    fake_network_init(&s->network, s->loop);
    const od_cometd_setup setup = {
        .loop = s->loop, .transport = &s->network.base, .url = URL, .context = s, .event = on_event, .resync = on_resync,
        .changed = on_changed, .refused = on_refused, .ended = on_ended, .full = is_full, .log = on_log,
    };
    assert_int_equal(od__cometd_new(&setup, &s->cometd, NULL), OD_OK);
    assert_true(od__cometd_is_idle(s->cometd));
}

static void close_session(session *s) {
    od__cometd_free(s->cometd);
    fake_network_clear(&s->network);
    od__loop_free(s->loop);
}

static void run(session *s) {
    for (int i = 0; i < 4; i++)
        assert_int_equal(od__loop_step(s->loop, 0, NULL), OD_OK);
}

static void pass_ms(session *s, int64_t ms) {
    s->clock.now_us += ms * 1000;
    run(s);
}

/* What was sent since the last call: the bodies, a line each. */
static const char *sent(session *s) {
    static char text[8192];
    const char *all = fake_sent(&s->network);
    text[0] = '\0';
    for (const char *at = all; (at = strstr(at, "\n\n")) != NULL;) {
        const char *stop = strstr(at, "\n---\n");
        size_t length = strlen(text);
        snprintf(text + length, sizeof(text) - length, "%.*s\n", (int)(stop - at - 2), at + 2);
        at = stop;
    }
    return text;
}

static const char *told(session *s) {
    static char text[sizeof(s->told)];
    memcpy(text, s->told, sizeof(text));
    s->told[0] = '\0';
    return text;
}

static const char *logged(session *s) {
    static char text[sizeof(s->log)];
    memcpy(text, s->log, sizeof(text));
    s->log[0] = '\0';
    return text;
}

/* Answers the one that waits longest, HTTP 200. */
static void answer(session *s, const char *body) {
    assert_non_null(s->network.first);
    fake_answer(&s->network, s->network.first, 200, "", body);
    run(s);
}

static void answer_http(session *s, int status, const char *body) {
    assert_non_null(s->network.first);
    fake_answer(&s->network, s->network.first, status, "", body);
    run(s);
}

/* Breaks it off; if `left`, after its first byte. */
static void lose(session *s, bool left) {
    assert_non_null(s->network.first);
    if (left)
        fake_leave(&s->network, s->network.first);
    fake_break(&s->network, s->network.first, OD_NETWORK, "cut off");
    run(s);
}

static void want(session *s, const char *channel) {
    assert_int_equal(od__cometd_want(s->cometd, channel, NULL), OD_OK);
    run(s);
}

#define HANDSHAKE(id)                                                                                                \
    "[{\"id\":\"" id "\",\"channel\":\"/meta/handshake\",\"version\":\"1.0\",\"minimumVersion\":\"1.0\","            \
    "\"supportedConnectionTypes\":[\"long-polling\"],\"ext\":{\"ack\":true}}]\n"
#define SUBSCRIBE(id, client, channel)                                                                               \
    "{\"id\":\"" id "\",\"channel\":\"/meta/subscribe\",\"clientId\":\"" client "\",\"subscription\":\"" channel "\"}"
#define UNSUBSCRIBE(id, client, channel)                                                                             \
    "{\"id\":\"" id "\",\"channel\":\"/meta/unsubscribe\",\"clientId\":\"" client "\",\"subscription\":\"" channel "\"}"
#define CONNECT(id, client, more)                                                                                    \
    "[{\"id\":\"" id "\",\"channel\":\"/meta/connect\",\"clientId\":\"" client "\","                                 \
    "\"connectionType\":\"long-polling\"" more "}]\n"
#define AT_ONCE ",\"advice\":{\"timeout\":0}"
#define DISCONNECT(id, client) "[{\"id\":\"" id "\",\"channel\":\"/meta/disconnect\",\"clientId\":\"" client "\"}]\n"

#define SHAKEN(id, client, more)                                                                                     \
    "[{\"channel\":\"/meta/handshake\",\"id\":\"" id "\",\"successful\":true,\"clientId\":\"" client "\"" more "}]"
#define SUBSCRIBED(id, channel)                                                                                      \
    "{\"channel\":\"/meta/subscribe\",\"id\":\"" id "\",\"successful\":true,\"subscription\":\"" channel "\"}"
#define CONNECTED(id, more) "{\"channel\":\"/meta/connect\",\"id\":\"" id "\",\"successful\":true" more "}"
#define ADVICE ",\"advice\":{\"reconnect\":\"retry\",\"interval\":0,\"timeout\":30000}"
#define EVENT(channel, data) "{\"channel\":\"" channel "\",\"data\":" data "}"
#define LOST(meta, id, advice)                                                                                       \
    "[{\"channel\":\"/meta/" meta "\",\"id\":\"" id "\",\"successful\":false,\"error\":\"402::session_unknown\"" advice "}]"
#define REHANDSHAKE ",\"advice\":{\"reconnect\":\"handshake\",\"interval\":0}"

/* To where /a stands and the first long poll is parked, as message 4. */
static void stand(session *s, const char *more) {
    char body[1024];
    want(s, "/a");
    snprintf(body, sizeof(body), "[{\"channel\":\"/meta/handshake\",\"id\":\"1\",\"successful\":true,\"clientId\":\"c1\"%s}]",
             more);
    answer(s, body);
    answer(s, "[" SUBSCRIBED("2", "/a") "]");
    answer(s, "[" CONNECTED("3", "") "]");
    (void)sent(s);
    assert_string_equal(told(s), "hears\n");
}

/* ---- the usual course ---- */

static void a_session_is_made_kept_and_ended(void **state) {
    (void)state;
    session s;
    open_session(&s);
    assert_int_equal(od__cometd_want(s.cometd, "/a", NULL), OD_OK);
    assert_int_equal(s.network.sent_count, 0); /* nothing goes from inside a call */
    run(&s);
    assert_string_equal(fake_sent(&s.network),
                        "POST " URL "\nContent-Type: application/json;charset=UTF-8\nAccept: application/json\n\n"
                        HANDSHAKE("1") "---\n");
    assert_true(s.network.first->long_poll);
    assert_int_equal(s.network.first->timeout_ms, 10000);
    answer(&s, SHAKEN("1", "c1", ADVICE));
    assert_string_equal(sent(&s), "[" SUBSCRIBE("2", "c1", "/a") "]\n");
    answer(&s, "[" SUBSCRIBED("2", "/a") "]");
    assert_string_equal(sent(&s), CONNECT("3", "c1", AT_ONCE));
    assert_int_equal(s.network.first->timeout_ms, 10000);
    assert_string_equal(told(&s), "");
    answer(&s, "[" CONNECTED("3", ADVICE) "]");
    assert_string_equal(sent(&s), CONNECT("4", "c1", ""));
    assert_int_equal(s.network.first->timeout_ms, 40000);
    assert_string_equal(told(&s), "hears\n");
    answer(&s, "[" EVENT("/a", "1") "," EVENT("/a", "{\"b\":2}") "," CONNECTED("4", "") ",{\"channel\":\"/a\"}]");
    assert_string_equal(told(&s), "/a 1\n/a {\"b\":2}\n/a (none)\n");
    assert_string_equal(sent(&s), CONNECT("5", "c1", ""));
    assert_int_equal(fake_waiting(&s.network), 1); /* one connect at a time */
    od__cometd_unwant(s.cometd, "/a");
    assert_false(od__cometd_is_idle(s.cometd));
    run(&s);
    assert_int_equal(fake_waiting(&s.network), 1); /* the parked connect was taken back */
    assert_string_equal(sent(&s), DISCONNECT("6", "c1"));
    assert_string_equal(told(&s), "deaf\n");
    answer(&s, "[{\"channel\":\"/meta/disconnect\",\"id\":\"6\",\"successful\":true}]");
    assert_true(od__cometd_is_idle(s.cometd));
    assert_string_equal(sent(&s), "");
    assert_string_equal(logged(&s), "");
    /* And once more. */
    want(&s, "/b");
    assert_string_equal(sent(&s), HANDSHAKE("7"));
    close_session(&s);
}

static void channels_come_and_go_beside_a_parked_connect(void **state) {
    (void)state;
    session s;
    open_session(&s);
    stand(&s, "");
    want(&s, "/b");
    assert_string_equal(sent(&s), "[" SUBSCRIBE("5", "c1", "/b") "]\n");
    want(&s, "/c"); /* one command at a time */
    od__cometd_unwant(s.cometd, "/a");
    run(&s);
    assert_string_equal(sent(&s), "");
    assert_int_equal(fake_waiting(&s.network), 2);
    fake_answer(&s.network, s.network.last, 200, "", "[" SUBSCRIBED("5", "/b") "," EVENT("/b", "7") "]");
    run(&s);
    assert_string_equal(told(&s), "/b 7\n");
    assert_true(od__cometd_hears(s.cometd, "/b"));
    assert_false(od__cometd_hears(s.cometd, "/c"));
    assert_string_equal(sent(&s), "[" UNSUBSCRIBE("6", "c1", "/a") "," SUBSCRIBE("7", "c1", "/c") "]\n");
    fake_answer(&s.network, s.network.last, 200, "",
                "[" SUBSCRIBED("7", "/c") ",{\"channel\":\"/meta/unsubscribe\",\"id\":\"6\",\"successful\":true}]");
    run(&s);
    assert_string_equal(told(&s), "deaf\n");
    assert_true(od__cometd_hears(s.cometd, "/c"));
    assert_string_equal(sent(&s), "");
    close_session(&s);
}

static void leaving_while_a_handshake_is_on_its_way_says_no_goodbye(void **state) {
    (void)state;
    session s;
    open_session(&s);
    want(&s, "/a");
    od__cometd_unwant(s.cometd, "/a");
    run(&s);
    assert_true(od__cometd_is_idle(s.cometd));
    assert_int_equal(fake_waiting(&s.network), 0);
    close_session(&s);
}

static void a_channel_wanted_while_leaving_makes_a_new_session(void **state) {
    (void)state;
    session s;
    open_session(&s);
    stand(&s, "");
    od__cometd_unwant(s.cometd, "/a");
    run(&s);
    assert_string_equal(sent(&s), DISCONNECT("5", "c1"));
    want(&s, "/a");
    assert_string_equal(sent(&s), "");
    pass_ms(&s, 1); /* no answer ever comes: the network says so in its time */
    fake_break(&s.network, s.network.first, OD_TIMEOUT, "no answer within 10000 ms");
    run(&s);
    assert_string_equal(sent(&s), HANDSHAKE("6"));
    assert_string_equal(told(&s), "deaf\n");
    close_session(&s);
}

/* ---- advice ---- */

static void interval_and_timeout_are_the_servers(void **state) {
    (void)state;
    session s;
    open_session(&s);
    stand(&s, ",\"advice\":{\"interval\":500,\"timeout\":45000}");
    assert_int_equal(fake_waiting(&s.network), 0);
    pass_ms(&s, 499);
    assert_string_equal(sent(&s), "");
    pass_ms(&s, 1);
    assert_string_equal(sent(&s), CONNECT("4", "c1", ""));
    assert_int_equal(s.network.first->timeout_ms, 55000);
    /* The newest advice replaces the old one wholesale: no interval means none. */
    answer(&s, "[" CONNECTED("4", ",\"advice\":{\"timeout\":20000}") "]");
    assert_string_equal(sent(&s), CONNECT("5", "c1", ""));
    assert_int_equal(s.network.first->timeout_ms, 30000);
    close_session(&s);
}

static void several_sessions_in_one_browser_slow_down(void **state) {
    (void)state;
    session s;
    open_session(&s);
    stand(&s, "");
    answer(&s, "[" CONNECTED("4", ",\"advice\":{\"reconnect\":\"retry\",\"interval\":2000,\"multiple-clients\":true}") "]");
    pass_ms(&s, 1999);
    assert_string_equal(sent(&s), "");
    pass_ms(&s, 1);
    assert_string_equal(sent(&s), CONNECT("5", "c1", ""));
    close_session(&s);
}

static void a_server_that_parks_nothing_is_not_asked_in_a_ring(void **state) {
    (void)state;
    session s;
    open_session(&s);
    stand(&s, "");
    answer(&s, "[" CONNECTED("4", "") "]");
    answer(&s, "[" CONNECTED("5", "") "]");
    answer(&s, "[" CONNECTED("6", "") "]");
    assert_int_equal(fake_waiting(&s.network), 1);
    answer(&s, "[" CONNECTED("7", "") "]");
    assert_int_equal(fake_waiting(&s.network), 0);
    pass_ms(&s, 1000);
    assert_int_equal(fake_waiting(&s.network), 1);
    answer(&s, "[" EVENT("/a", "1") "," CONNECTED("8", "") "]"); /* that one was good for something */
    assert_int_equal(fake_waiting(&s.network), 1);
    close_session(&s);
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
        open_session(&s);
        stand(&s, "");
        answer(&s, rows[i][0]);
        assert_string_equal(told(&s), rows[i][1]);
        assert_true(od__cometd_is_idle(s.cometd));
        pass_ms(&s, 100000);
        assert_string_equal(sent(&s), "");
        want(&s, "/a");
        assert_string_equal(sent(&s), HANDSHAKE("5"));
        close_session(&s);
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
        open_session(&s);
        stand(&s, "");
        answer(&s, rows[i]);
        assert_string_equal(sent(&s), HANDSHAKE("5"));
        assert_string_equal(told(&s), "deaf\n");
        answer(&s, SHAKEN("5", "c2", ""));
        assert_string_equal(sent(&s), "[" SUBSCRIBE("6", "c2", "/a") "]\n");
        answer(&s, "[" SUBSCRIBED("6", "/a") "]");
        assert_string_equal(sent(&s), CONNECT("7", "c2", AT_ONCE));
        assert_string_equal(told(&s), "");
        answer(&s, "[" EVENT("/a", "1") "," CONNECTED("7", "") "]");
        assert_string_equal(told(&s), "hears\nresync\n/a 1\n");
        answer(&s, "[" EVENT("/a", "2") "," CONNECTED("8", "") "]");
        assert_string_equal(told(&s), "/a 2\n");
        close_session(&s);
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
        open_session(&s);
        stand(&s, "");
        want(&s, "/b");
        (void)sent(&s);
        fake_answer(&s.network, s.network.last, 200, "", rows[i]);
        run(&s);
        assert_int_equal(fake_waiting(&s.network), 1); /* the parked connect was taken back */
        assert_string_equal(sent(&s), HANDSHAKE("6"));
        answer(&s, SHAKEN("6", "c2", ""));
        assert_string_equal(sent(&s), "[" SUBSCRIBE("7", "c2", "/a") "," SUBSCRIBE("8", "c2", "/b") "]\n");
        close_session(&s);
    }
}

static void sessions_that_never_connect_do_not_follow_in_no_time(void **state) {
    (void)state;
    session s;
    open_session(&s);
    stand(&s, "");
    answer(&s, LOST("connect", "4", REHANDSHAKE));
    (void)sent(&s);
    answer(&s, SHAKEN("5", "c2", ""));
    answer(&s, "[" SUBSCRIBED("6", "/a") "]");
    answer(&s, LOST("connect", "7", REHANDSHAKE));
    (void)sent(&s);
    assert_int_equal(fake_waiting(&s.network), 0);
    pass_ms(&s, 1000);
    assert_string_equal(sent(&s), HANDSHAKE("8"));
    answer(&s, SHAKEN("8", "c3", ""));
    answer(&s, LOST("subscribe", "9", ""));
    (void)sent(&s);
    pass_ms(&s, 1999);
    assert_string_equal(sent(&s), "");
    pass_ms(&s, 1);
    assert_string_equal(sent(&s), HANDSHAKE("10"));
    assert_string_equal(logged(&s),
                        "1 notifications: the session is lost: rejected: 402: connect: session_unknown\n"
                        "1 notifications: the session failed, again in 1000 ms: rejected: 402: connect: session_unknown\n"
                        "1 notifications: the session failed, again in 2000 ms: rejected: 402: subscribe: session_unknown\n");
    close_session(&s);
}

static void a_refused_login_means_a_new_session(void **state) {
    (void)state;
    static const int rows[] = { 401, 403 };
    for (size_t i = 0; i < 2; i++) {
        session s;
        open_session(&s);
        stand(&s, "");
        answer_http(&s, rows[i], "{\"statusCode\":20}");
        assert_string_equal(told(&s), "deaf\n");
        assert_string_equal(sent(&s), "");
        pass_ms(&s, 1000);
        assert_string_equal(sent(&s), HANDSHAKE("5"));
        answer(&s, SHAKEN("5", "c2", ""));
        answer(&s, "[" SUBSCRIBED("6", "/a") "]");
        answer(&s, "[" CONNECTED("7", "") "]");
        assert_string_equal(told(&s), "hears\nresync\n");
        /* Where handshakes are refused too, one may be because of a login beside it; a third one is the end. */
        answer_http(&s, rows[i], "");
        pass_ms(&s, 1000);
        answer_http(&s, rows[i], "");
        assert_string_equal(told(&s), "deaf\n");
        pass_ms(&s, 2000);
        answer_http(&s, rows[i], "");
        assert_string_equal(told(&s), "");
        pass_ms(&s, 3000);
        answer_http(&s, rows[i], "");
        char expected[128];
        snprintf(expected, sizeof(expected),
                 "ended: authentication: the server refused the session (HTTP %d)\n", rows[i]);
        assert_string_equal(told(&s), expected);
        close_session(&s);
    }
    session s; /* whom the login itself refuses is not asked about again */
    open_session(&s);
    stand(&s, "");
    answer_http(&s, 403, "");
    pass_ms(&s, 1000);
    fake_break(&s.network, s.network.first, OD_AUTHENTICATION, "no such user");
    run(&s);
    assert_string_equal(told(&s), "deaf\nended: authentication: no such user\n");
    close_session(&s);
}

/* ---- failures ---- */

static void a_connect_that_fails_is_tried_again_later_and_later(void **state) {
    (void)state;
    session s;
    open_session(&s);
    stand(&s, ",\"ext\":{\"ack\":true}");
    int64_t pause_ms = 0;
    for (int i = 0; i < 62; i++) {
        pause_ms = pause_ms < 60000 ? pause_ms + 1000 : 60000;
        lose(&s, true);
        assert_int_equal(fake_waiting(&s.network), 0);
        pass_ms(&s, pause_ms - 1);
        assert_int_equal(fake_waiting(&s.network), 0);
        pass_ms(&s, 1);
        assert_int_equal(fake_waiting(&s.network), 1);
    }
    assert_string_equal(told(&s), "deaf\n");
    (void)sent(&s);
    answer(&s, "[" CONNECTED("66", "") "]");
    assert_string_equal(told(&s), "hears\n"); /* with the extension nothing is lost */
    assert_string_equal(sent(&s), CONNECT("67", "c1", ",\"ext\":{\"ack\":0}"));
    lose(&s, true);
    pass_ms(&s, 1000); /* the pause begins anew */
    assert_int_equal(fake_waiting(&s.network), 1);
    close_session(&s);
}

/* R19: parked, it would tell that events arrive only once something happens, and nobody may dial until then. */
static void after_a_failure_a_connect_is_answered_at_once(void **state) {
    (void)state;
    session s;
    open_session(&s);
    stand(&s, "");
    lose(&s, false);
    assert_false(od__cometd_hears(s.cometd, "/a"));
    (void)sent(&s);
    pass_ms(&s, 1000);
    assert_string_equal(sent(&s), CONNECT("5", "c1", AT_ONCE));
    assert_int_equal(s.network.first->timeout_ms, 10000);
    answer(&s, "[" CONNECTED("5", "") "]");
    assert_true(od__cometd_hears(s.cometd, "/a"));
    assert_string_equal(sent(&s), CONNECT("6", "c1", ""));
    close_session(&s);
}

static void without_the_extension_a_lost_answer_is_a_gap(void **state) {
    (void)state;
    static const struct {
        bool left;
        const char *told;
    } rows[] = { { true, "deaf\nhears\nresync\n" }, { false, "deaf\nhears\n" } };
    for (size_t i = 0; i < 2; i++) {
        session s;
        open_session(&s);
        stand(&s, "");
        assert_int_equal(s.network.first->repeat, OD_REPEAT_NEVER);
        lose(&s, rows[i].left);
        pass_ms(&s, 1000);
        answer(&s, "[" CONNECTED("5", "") "]");
        assert_string_equal(told(&s), rows[i].told);
        close_session(&s);
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
        open_session(&s);
        stand(&s, ",\"ext\":{\"ack\":true}");
        answer_http(&s, rows[i].status, rows[i].body);
        snprintf(log, sizeof(log), "1 notifications: connect failed, again in 1000 ms: %s\n", rows[i].log);
        assert_string_equal(logged(&s), log);
        assert_string_equal(told(&s), "deaf\n");
        pass_ms(&s, 1000);
        assert_string_equal(sent(&s), CONNECT("5", "c1", AT_ONCE ",\"ext\":{\"ack\":0}"));
        close_session(&s);
    }
}

static void events_of_an_answer_without_a_reply_are_told_once(void **state) {
    (void)state;
    session s;
    open_session(&s);
    stand(&s, "");
    answer(&s, "[" EVENT("/a", "1") "]"); /* nobody sends them again */
    assert_string_equal(told(&s), "/a 1\ndeaf\n");
    close_session(&s);
    open_session(&s);
    stand(&s, ",\"ext\":{\"ack\":true}");
    answer(&s, "[" EVENT("/a", "1") "]"); /* they come again */
    assert_string_equal(told(&s), "deaf\n");
    pass_ms(&s, 1000);
    answer(&s, "[" EVENT("/a", "1") "," CONNECTED("5", ",\"ext\":{\"ack\":1}") "]");
    assert_string_equal(told(&s), "hears\n/a 1\n");
    close_session(&s);
}

static void past_the_servers_patience_a_new_session_is_made(void **state) {
    (void)state;
    session s;
    open_session(&s);
    stand(&s, ",\"ext\":{\"ack\":true},\"advice\":{\"timeout\":3000,\"interval\":0,\"maxInterval\":5000}");
    lose(&s, true);       /* 0 s, again at 1 */
    pass_ms(&s, 1000);
    lose(&s, true);       /* 1 s, again at 3 */
    pass_ms(&s, 2000);
    lose(&s, true);       /* 3 s, again at 6 */
    pass_ms(&s, 3000);
    (void)sent(&s);
    lose(&s, true);       /* 6 s and 4 more are past 8: the session is gone, at once */
    assert_string_equal(sent(&s), HANDSHAKE("8"));
    assert_string_equal(told(&s), "deaf\n");
    close_session(&s);
}

static void an_answer_that_stays_unreadable_ends_the_session_it_is_of(void **state) {
    (void)state;
    session s;
    open_session(&s);
    stand(&s, ",\"ext\":{\"ack\":true}");
    answer(&s, "[[]]");
    pass_ms(&s, 1000);
    answer(&s, "[[]]");
    pass_ms(&s, 2000);
    (void)sent(&s);
    answer(&s, "[[]]");
    assert_string_equal(sent(&s), HANDSHAKE("7"));
    close_session(&s);
}

static void a_session_that_never_stood_is_given_up(void **state) {
    (void)state;
    session s;
    open_session(&s);
    want(&s, "/a");
    for (int i = 1; i <= 2; i++) {
        lose(&s, false);
        pass_ms(&s, i * 1000);
    }
    assert_string_equal(told(&s), "");
    lose(&s, false);
    assert_string_equal(told(&s), "ended: network: cut off\n");
    assert_true(od__cometd_is_idle(s.cometd));
    assert_string_equal(logged(&s), "1 notifications: handshake failed, again in 1000 ms: network: cut off\n"
                                    "1 notifications: handshake failed, again in 2000 ms: network: cut off\n"
                                    "2 notifications: ended: network: cut off\n");
    close_session(&s);
}

static void a_session_that_stood_is_never_given_up(void **state) {
    (void)state;
    session s;
    open_session(&s);
    stand(&s, "");
    answer(&s, LOST("connect", "4", ""));
    for (int i = 0; i < 100; i++) {
        lose(&s, false);
        pass_ms(&s, 60000);
        assert_int_equal(fake_waiting(&s.network), 1);
    }
    assert_string_equal(told(&s), "deaf\n");
    close_session(&s);
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
        open_session(&s);
        want(&s, "/a");
        answer(&s, rows[i].body);
        assert_string_equal(told(&s), rows[i].told);
        (void)sent(&s);
        pass_ms(&s, 1000);
        assert_string_equal(sent(&s), rows[i].told[0] != '\0' ? "" : HANDSHAKE("2"));
        close_session(&s);
    }
}

static void a_channel_may_be_refused(void **state) {
    (void)state;
    session s;
    open_session(&s);
    want(&s, "/a");
    want(&s, "/b");
    answer(&s, SHAKEN("1", "c1", ""));
    (void)sent(&s);
    answer(&s, "[{\"channel\":\"/meta/subscribe\",\"id\":\"2\",\"successful\":false,\"error\":\"403:/a:subscribe_denied\"},"
               SUBSCRIBED("3", "/b") "]");
    assert_string_equal(told(&s), "/a refused: permission: 403: subscribe /a: subscribe_denied\n");
    assert_string_equal(sent(&s), CONNECT("4", "c1", AT_ONCE));
    close_session(&s);
    /* With the only channel the session goes. */
    open_session(&s);
    want(&s, "/a");
    answer(&s, SHAKEN("1", "c1", ""));
    (void)sent(&s);
    answer(&s, "[{\"channel\":\"/meta/subscribe\",\"id\":\"2\",\"successful\":false}]");
    assert_string_equal(told(&s), "/a refused: rejected: subscribe /a: not successful\n");
    assert_string_equal(sent(&s), DISCONNECT("3", "c1"));
    close_session(&s);
}

static void commands_that_fail_are_sent_again(void **state) {
    (void)state;
    session s;
    open_session(&s);
    stand(&s, "");
    want(&s, "/b");
    (void)sent(&s);
    for (int i = 1; i <= 3; i++) {
        fake_answer(&s.network, s.network.last, i == 1 ? 500 : 200, "", i == 2 ? "[]" : "[7]");
        run(&s);
        pass_ms(&s, i * 1000 - 1);
        assert_string_equal(sent(&s), "");
        pass_ms(&s, 1);
        assert_non_null(strstr(sent(&s), "\"subscription\":\"/b\"}]"));
    }
    fake_answer(&s.network, s.network.last, 200, "", "[" SUBSCRIBED("8", "/b") "]");
    run(&s);
    assert_true(od__cometd_hears(s.cometd, "/b"));
    assert_string_equal(logged(&s),
                        "1 notifications: subscribe failed, again in 1000 ms: unavailable: the server answered HTTP 500\n"
                        "1 notifications: subscribe failed, again in 2000 ms: protocol: subscribe: the answer has no reply "
                        "to it\n"
                        "1 notifications: subscribe failed, again in 3000 ms: protocol: message 0 of the answer is an "
                        "integer, no Bayeux message\n");
    close_session(&s);
}

/* ---- the extension ---- */

static void with_the_extension_each_batch_is_acknowledged(void **state) {
    (void)state;
    session s;
    open_session(&s);
    want(&s, "/a");
    answer(&s, SHAKEN("1", "c1", ",\"ext\":{\"ack\":true}"));
    answer(&s, "[" SUBSCRIBED("2", "/a") "]");
    (void)sent(&s);
    answer(&s, "[" CONNECTED("3", ",\"ext\":{\"ack\":1}") "]");
    assert_string_equal(sent(&s), CONNECT("4", "c1", ",\"ext\":{\"ack\":1}"));
    assert_int_equal(s.network.first->repeat, OD_REPEAT_SAFE); /* a second one gives the same */
    answer(&s, "[" EVENT("/a", "1") "," CONNECTED("4", ",\"ext\":{\"ack\":2}") "]");
    assert_string_equal(sent(&s), CONNECT("5", "c1", ",\"ext\":{\"ack\":2}"));
    lose(&s, true);
    pass_ms(&s, 1000);
    assert_string_equal(sent(&s), CONNECT("6", "c1", AT_ONCE ",\"ext\":{\"ack\":2}"));
    answer(&s, "[" EVENT("/a", "2") "," CONNECTED("6", ",\"ext\":{\"ack\":4}") "]");
    assert_string_equal(sent(&s), CONNECT("7", "c1", ",\"ext\":{\"ack\":4}"));
    assert_string_equal(told(&s), "hears\n/a 1\ndeaf\nhears\n/a 2\n");
    close_session(&s);
}

/* ---- a slow owner ---- */

static void nothing_is_fetched_for_an_owner_who_does_not_keep_up(void **state) {
    (void)state;
    session s;
    open_session(&s);
    stand(&s, "");
    s.full = true;
    answer(&s, "[" EVENT("/a", "1") "," CONNECTED("4", "") "]");
    assert_string_equal(told(&s), "/a 1\n");
    assert_string_equal(sent(&s), "");
    od__cometd_resume(s.cometd); /* it is still full */
    pass_ms(&s, 1000);
    assert_string_equal(sent(&s), "");
    s.full = false;
    od__cometd_resume(s.cometd);
    run(&s);
    assert_string_equal(sent(&s), CONNECT("5", "c1", ""));
    assert_string_equal(told(&s), "");
    od__cometd_resume(s.cometd); /* nothing is held */
    run(&s);
    assert_string_equal(sent(&s), "");
    close_session(&s);
}

/* ---- doubt ---- */

static void a_doubted_session_is_asked_at_once(void **state) {
    (void)state;
    session s;
    open_session(&s);
    stand(&s, "");
    od__cometd_check(s.cometd);
    run(&s);
    assert_int_equal(fake_waiting(&s.network), 1); /* the parked connect was taken back */
    assert_string_equal(sent(&s), CONNECT("5", "c1", AT_ONCE));
    assert_int_equal(s.network.first->timeout_ms, 10000);
    od__cometd_check(s.cometd); /* it is being asked already */
    run(&s);
    assert_string_equal(sent(&s), "");
    answer(&s, "[" CONNECTED("5", "") "]");
    assert_string_equal(told(&s), "deaf\nhears\nresync\n");
    assert_string_equal(sent(&s), CONNECT("6", "c1", ""));
    od__cometd_check(s.cometd);
    run(&s);
    (void)sent(&s);
    answer(&s, LOST("connect", "7", ""));
    assert_string_equal(sent(&s), HANDSHAKE("8")); /* without a pause: this session had connected */
    close_session(&s);
}

/* ---- memory ---- */

static void every_allocation_may_fail(void **state) {
    (void)state;
    size_t n = 1;
    bool failed = true;
    for (; failed; n++) {
        session s;
        open_session(&s);
        od__memory_fail_at(n);
        if (od__cometd_want(s.cometd, "/a", NULL) == OD_OK)
            run(&s);
        for (int i = 0; i < 6 && s.network.first != NULL; i++) {
            static const char *const replies[] = { SHAKEN("1", "c1", ""), "[" SUBSCRIBED("2", "/a") "]",
                                                   "[" CONNECTED("3", "") "]",
                                                   "[" EVENT("/a", "1") "," CONNECTED("4", "") "]" };
            if (i < 4)
                answer(&s, replies[i]);
        }
        od__cometd_unwant(s.cometd, "/a");
        run(&s);
        size_t made = od__memory_fail_at(0);
        failed = made >= n;
        pass_ms(&s, 100000);
        close_session(&s);
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
        cmocka_unit_test(nothing_is_fetched_for_an_owner_who_does_not_keep_up),
        cmocka_unit_test(a_doubted_session_is_asked_at_once),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
