/* A client's notifications against servers that others wrote: cometd-nodejs-server and faye, from npm (`make deps`), behind
 * the login of tests/servers/bayeux.js. The client's clock runs ten times as fast as the servers': pauses are short. */
#include <malloc.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <outdial.h>

#define SPEED 10
#define WAIT_MS (SPEED * 60000) /* on the client's clock */
#define FLAT_BYTES 300000       /* how much more may be in use after many events than after few */

/* ---- the server ---- */

typedef struct server {
    pid_t pid;
    FILE *in, *out;
    int port;
} server;

static void read_line(server *s, char *out, int bytes) {
    if (fgets(out, bytes, s->out) == NULL)
        fail_msg("tests/servers/bayeux.js says nothing (are its packages installed: make deps?)");
    out[strcspn(out, "\n")] = '\0';
}

static void start_server(server *s, const char *kind, int port) {
    int to[2], from[2];
    char number[16], line[64];
    snprintf(number, sizeof(number), "%d", port);
    /* A machine that reaches no npm may go without; CI may not. */
    if (access("build/npm/installed", R_OK) != 0 && getenv("CI") == NULL)
        skip();
    assert_int_equal(pipe(to) | pipe(from), 0);
    s->pid = fork();
    if (s->pid == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        close(to[1]);
        close(from[0]);
        unsetenv("LD_PRELOAD"); /* a sanitizer of ours is none of node's */
        setenv("NODE_PATH", "build/npm/node_modules", 0);
        execlp("node", "node", "tests/servers/bayeux.js", kind, number, (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    s->in = fdopen(to[1], "w");
    s->out = fdopen(from[0], "r");
    read_line(s, line, sizeof(line));
    s->port = atoi(line);
    assert_true(s->port > 0);
}

static void stop_server(server *s, int signal_number) {
    if (signal_number != 0)
        kill(s->pid, signal_number);
    fclose(s->in);
    fclose(s->out);
    waitpid(s->pid, NULL, 0);
}

/* Gives the server a command and returns its reply; static. */
static const char *command(server *s, const char *text) {
    static char line[512];
    fprintf(s->in, "%s\n", text);
    fflush(s->in);
    read_line(s, line, sizeof(line));
    return line;
}

static int64_t stat_of(server *s, const char *name) {
    od_value *stats = NULL;
    const char *text = command(s, "stats");
    assert_int_equal(od_value_parse(text, strlen(text), &stats, NULL), OD_OK);
    int64_t n = od_value_integer(od_value_get(stats, name));
    od_value_unref(stats);
    return n;
}

/* ---- the client ---- */

typedef struct rig {
    server server;
    od_engine *engine;
    od_client *client;
} rig;

static int64_t fast_us(void *context) {
    (void)context;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return ((int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000) * SPEED;
}

static void open_rig(rig *r, const char *kind) {
    char options[256];
    start_server(&r->server, kind, 0);
    od_engine_options engine = OD_ENGINE_OPTIONS_INIT;
    engine.now_us = fast_us;
    assert_int_equal(od_engine_new(&engine, &r->engine, NULL), OD_OK);
    snprintf(options, sizeof(options),
             "{\"base_url\":\"http://127.0.0.1:%d\",\"username\":\"agent\",\"password\":\"secret\"}", r->server.port);
    od_value *given = NULL;
    assert_int_equal(od_value_parse(options, strlen(options), &given, NULL), OD_OK);
    assert_int_equal(od_client_new(r->engine, od_vendor_find("genesys"), given, &r->client, NULL), OD_OK);
    od_value_unref(given);
}

static void close_rig(rig *r) {
    od_client_free(r->client);
    od_engine_free(r->engine);
    stop_server(&r->server, 0);
}

static od_subscription *subscribe(rig *r, const char *channel) {
    od_subscription *subscription;
    od_value *channels = od_value_new_array();
    assert_int_equal(od_value_add(channels, od_value_new_string(channel), NULL), OD_OK);
    assert_int_equal(od_client_subscribe(r->client, channels, &subscription, NULL), OD_OK);
    od_value_unref(channels);
    return subscription;
}

/* Waits for the next event; the request is the caller's. */
static od_request *wait_next(od_subscription *subscription) {
    od_request *request;
    od_error error = OD_ERROR_INIT;
    assert_int_equal(od_subscription_next(subscription, &request, NULL), OD_OK);
    if (od_request_wait(request, WAIT_MS, &error) != OD_OK)
        fail_msg("%s", error.message);
    return request;
}

static void assert_next(od_subscription *subscription, const char *expected) {
    char *text;
    od_request *request = wait_next(subscription);
    if (od_request_status(request) != OD_OK)
        fail_msg("%s", od_request_error(request)->message);
    assert_int_equal(od_value_format(od_request_result(request), &text, NULL, NULL), OD_OK);
    assert_string_equal(text, expected);
    od_text_free(text);
    od_request_unref(request);
}

static void assert_events(od_subscription *subscription, const char *channel, int first, int last) {
    char expected[128];
    for (int n = first; n <= last; n++) {
        snprintf(expected, sizeof(expected), "{\"channel\":\"%s\",\"data\":{\"n\":%d}}", channel, n);
        assert_next(subscription, expected);
    }
}

/* Returns n of the next event, -1 for a resync. */
static int64_t next_number(od_subscription *subscription) {
    od_request *request = wait_next(subscription);
    if (od_request_status(request) != OD_OK)
        fail_msg("%s", od_request_error(request)->message);
    const od_value *event = od_request_result(request), *number = od_value_find(event, "/data/n");
    if (number == NULL)
        assert_string_equal(od_value_string(od_value_get(event, "channel")), "/meta/resync");
    int64_t n = number != NULL ? od_value_integer(number) : -1;
    od_request_unref(request);
    return n;
}

#define STANDS "{\"channel\":\"/meta/subscribe\"}"
#define RESYNC "{\"channel\":\"/meta/resync\"}"

static void unsubscribe(rig *r) {
    od_request *request;
    assert_int_equal(od_client_unsubscribe(r->client, &request, NULL), OD_OK);
    assert_int_equal(od_request_wait(request, WAIT_MS, NULL), OD_OK);
    od_request_unref(request);
}

/* ---- each against both ---- */

static void from_handshake_to_disconnect(void **state) {
    rig r;
    open_rig(&r, *state);
    od_subscription *s = subscribe(&r, "/v2/me/calls");
    assert_next(s, STANDS);
    (void)command(&r.server, "publish /v2/me/devices 1 3"); /* nobody asked for that */
    (void)command(&r.server, "publish /v2/me/calls 1 3");
    assert_events(s, "/v2/me/calls", 1, 3);
    (void)command(&r.server, "publish /v2/me/calls 4 40");
    assert_events(s, "/v2/me/calls", 4, 40);
    assert_int_equal(stat_of(&r.server, "handshakes"), 1);
    assert_int_equal(stat_of(&r.server, "subscribes"), 1);
    assert_int_equal(stat_of(&r.server, "together"), 1); /* one connect outstanding */
    assert_int_equal(stat_of(&r.server, "refused"), 0);
    assert_int_equal(stat_of(&r.server, "sessions"), 1);
    unsubscribe(&r);
    assert_int_equal(stat_of(&r.server, "disconnects"), 1);
    assert_int_equal(stat_of(&r.server, "sessions"), 0);
    od_subscription_free(s);
    close_rig(&r);
}

static void a_parked_connect_is_renewed_not_spun(void **state) {
    rig r;
    open_rig(&r, *state);
    od_subscription *s = subscribe(&r, "/a");
    assert_next(s, STANDS);
    int64_t since_us = fast_us(NULL);
    /* One is answered at once; the third and the fourth come when the server has run out of patience. */
    while (stat_of(&r.server, "connects") < 4)
        assert_int_equal(od_engine_step(r.engine, 10, NULL), OD_OK);
    assert_true((fast_us(NULL) - since_us) / SPEED >= 900000);
    (void)command(&r.server, "publish /a 1 1");
    assert_events(s, "/a", 1, 1);
    od_subscription_free(s);
    close_rig(&r);
}

static void a_pattern_and_a_channel_of_it_tell_each_event_once(void **state) {
    rig r;
    open_rig(&r, *state);
    od_subscription *all = subscribe(&r, "/v2/me/*"), *one = subscribe(&r, "/v2/me/calls");
    assert_next(all, STANDS);
    assert_next(one, STANDS);
    (void)command(&r.server, "publish /v2/me/calls 1 2");
    (void)command(&r.server, "publish /v2/me/devices 3 3");
    assert_events(all, "/v2/me/calls", 1, 2);
    assert_events(all, "/v2/me/devices", 3, 3);
    assert_events(one, "/v2/me/calls", 1, 2);
    od_subscription_free(all); /* the other is asked for by itself now */
    (void)command(&r.server, "publish /v2/me/calls 4 5");
    assert_events(one, "/v2/me/calls", 4, 5);
    while (stat_of(&r.server, "unsubscribes") == 0)
        assert_int_equal(od_engine_step(r.engine, 10, NULL), OD_OK);
    (void)command(&r.server, "publish /v2/me/devices 6 6");
    (void)command(&r.server, "publish /v2/me/calls 7 7");
    assert_events(one, "/v2/me/calls", 7, 7);
    od_subscription_free(one);
    close_rig(&r);
}

static void a_refused_channel_says_so(void **state) {
    rig r;
    open_rig(&r, *state);
    od_subscription *s = subscribe(&r, "/denied");
    od_request *request = wait_next(s);
    char text[512];
    od_error_format(od_request_error(request), text, sizeof(text));
    assert_string_equal(text, "permission: 403: subscribe /denied: subscribe_denied");
    od_request_unref(request);
    od_subscription_free(s);
    close_rig(&r);
}

static void an_expired_session_is_made_anew(void **state) {
    rig r;
    open_rig(&r, *state);
    od_subscription *s = subscribe(&r, "/a");
    assert_next(s, STANDS);
    (void)command(&r.server, "expire");
    (void)command(&r.server, "publish /a 1 1"); /* lost: hence the resync */
    assert_next(s, RESYNC);
    (void)command(&r.server, "publish /a 2 3");
    assert_events(s, "/a", 2, 3);
    assert_int_equal(stat_of(&r.server, "handshakes"), 2);
    assert_int_equal(stat_of(&r.server, "subscribes"), 2);
    od_subscription_free(s);
    close_rig(&r);
}

static void an_expired_login_is_made_anew(void **state) {
    rig r;
    open_rig(&r, *state);
    od_subscription *s = subscribe(&r, "/a");
    assert_next(s, STANDS);
    (void)command(&r.server, "logout");
    assert_next(s, RESYNC);
    (void)command(&r.server, "publish /a 1 2");
    assert_events(s, "/a", 1, 2);
    assert_true(stat_of(&r.server, "refused") > 0);
    od_subscription_free(s);
    close_rig(&r);
}

static void a_server_may_restart(void **state) {
    rig r;
    open_rig(&r, *state);
    od_subscription *s = subscribe(&r, "/a");
    assert_next(s, STANDS);
    int port = r.server.port;
    stop_server(&r.server, SIGKILL);
    start_server(&r.server, *state, port);
    assert_next(s, RESYNC);
    (void)command(&r.server, "publish /a 1 2");
    assert_events(s, "/a", 1, 2);
    od_subscription_free(s);
    close_rig(&r);
}

/* ---- many events over a bad network ---- */

static int how_many(void) {
    return getenv("OUTDIAL_FEW") != NULL ? 10000 : 100000; /* under valgrind and sanitizers all takes so much longer */
}

/* With the extension each event arrives once and in order, while one connect in fifty is cut off; memory stays flat. */
static void with_the_extension_nothing_is_lost(void **state) {
    (void)state;
    rig r;
    char line[64];
    open_rig(&r, "cometd");
    int last = how_many();
    od_subscription *s = subscribe(&r, "/a");
    assert_next(s, STANDS);
    (void)command(&r.server, "drop 50");
    snprintf(line, sizeof(line), "flow /a 1 %d 20", last);
    (void)command(&r.server, line);
    size_t early = 0;
    for (int n = 1; n <= last; n++) {
        assert_int_equal(next_number(s), n);
        if (n == last / 10)
            early = mallinfo2().uordblks;
    }
    (void)command(&r.server, "drop 0");
    assert_true(mallinfo2().uordblks < early + FLAT_BYTES);
    (void)command(&r.server, "publish /a 1 1");
    assert_int_equal(next_number(s), 1); /* nothing twice, nothing after */
    assert_true(stat_of(&r.server, "dropped") >= last / 20 / 50);
    assert_int_equal(stat_of(&r.server, "handshakes"), 1);
    od_subscription_free(s);
    close_rig(&r);
}

#define MARK 1000000

/* Without it some are lost, but never unnoticed: a resync comes before what follows them. None comes twice or late. */
static void without_the_extension_no_loss_is_silent(void **state) {
    (void)state;
    rig r;
    open_rig(&r, "faye");
    od_subscription *s = subscribe(&r, "/a");
    assert_next(s, STANDS);
    (void)command(&r.server, "drop 10");
    (void)command(&r.server, "flow /a 1 1000 5");
    int64_t before = 0, n;
    bool told = false;
    int gaps = 0;
    while (before < 1000 && (n = next_number(s)) != MARK) {
        if (n < 0) {
            told = true;
            /* The last of them may be among the lost: then a mark shows that no more will come. */
            if (stat_of(&r.server, "flowing") == 0) {
                (void)command(&r.server, "drop 0");
                (void)command(&r.server, "publish /a 1000000 1000000");
            }
            continue;
        }
        assert_true(n > before);
        assert_true(n == before + 1 || told);
        gaps += n != before + 1;
        told = false;
        before = n;
    }
    assert_true(gaps >= 1);
    od_subscription_free(s);
    close_rig(&r);
}

#define BOTH(test)                                                     \
    { #test " (cometd)", test, NULL, NULL, (void *)(uintptr_t)"cometd" }, \
    { #test " (faye)", test, NULL, NULL, (void *)(uintptr_t)"faye" }

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        BOTH(from_handshake_to_disconnect),
        BOTH(a_parked_connect_is_renewed_not_spun),
        BOTH(a_pattern_and_a_channel_of_it_tell_each_event_once),
        BOTH(a_refused_channel_says_so),
        BOTH(an_expired_session_is_made_anew),
        BOTH(an_expired_login_is_made_anew),
        BOTH(a_server_may_restart),
        cmocka_unit_test(with_the_extension_nothing_is_lost),
        cmocka_unit_test(without_the_extension_no_loss_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
