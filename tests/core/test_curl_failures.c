/* The curl layer against servers, resolvers and callers that fail: what each failure says, and what it proves (R1, R4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "curl_checks.h"

#define EXPORT __attribute__((visibility("default")))

/* ---- a resolver that hangs, and a clock that can be moved, put before libcurl's ---- */

static pthread_mutex_t resolver_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t resolver_changed = PTHREAD_COND_INITIALIZER;
static int resolver_waiting, resolver_done;
static bool resolver_released;

EXPORT int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
    if (node == NULL || strcmp(node, "slow.invalid") != 0) {
        int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
        return real(node, service, hints, result);
    }
    pthread_mutex_lock(&resolver_lock);
    resolver_waiting++;
    pthread_cond_broadcast(&resolver_changed);
    while (!resolver_released)
        pthread_cond_wait(&resolver_changed, &resolver_lock);
    resolver_done++;
    pthread_cond_broadcast(&resolver_changed);
    pthread_mutex_unlock(&resolver_lock);
    return EAI_AGAIN;
}

static void wait_for_resolver(const int *count, int wanted) {
    pthread_mutex_lock(&resolver_lock);
    while (*count < wanted)
        pthread_cond_wait(&resolver_changed, &resolver_lock);
    pthread_mutex_unlock(&resolver_lock);
}

/* Only libcurl asks for CLOCK_MONOTONIC; the loop counts on CLOCK_BOOTTIME. */
static time_t monotonic_offset_s;

EXPORT int clock_gettime(clockid_t id, struct timespec *out) {
    int result = (int)syscall(SYS_clock_gettime, id, out);
    if (result == 0 && id == CLOCK_MONOTONIC)
        out->tv_sec += monotonic_offset_s;
    return result;
}

static size_t count_threads(void) {
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

/* ---- failures ---- */

/* Each way a server may fail an exchange on a fresh connection. PORT in a message is the server's. */
static void each_failure_says_what_it_proves(void **state) {
    (void)state;
    static char long_line[70 * 1024];
    snprintf(long_line, sizeof(long_line), "HTTP/1.1 200 OK\r\nX-Long: %0*d\r\n\r\n", 66 * 1024, 0);
    static const server_step close_at_once[] = { { STEP_READ, NULL }, { STEP_END, NULL } };
    static const server_step half[] = { { STEP_READ, NULL },
                                        { STEP_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf" },
                                        { STEP_END, NULL } };
    static const server_step half_chunk[] = { { STEP_READ, NULL },
                                              { STEP_SEND, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha" },
                                              { STEP_END, NULL } };
    static const server_step half_headers[] = { { STEP_READ, NULL },
                                                { STEP_SEND, "HTTP/1.1 200 OK\r\nContent-Le" },
                                                { STEP_RESET, NULL } };
    static const server_step no_http[] = { { STEP_READ, NULL }, { STEP_SEND, "SSH-2.0-x\r\n" }, { STEP_END, NULL } };
    static const server_step one_header[] = { { STEP_READ, NULL }, { STEP_SEND, long_line }, { STEP_HOLD, NULL }, { STEP_END, NULL } };
    static const server_step headers[] = { { STEP_READ, NULL }, { STEP_SEND, "HTTP/1.1 200 OK\r\n" },
                                           { STEP_FLOOD, "X-Many: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" } };
    static const server_step hints[] = { { STEP_READ, NULL }, { STEP_FLOOD, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" } };
    static const server_step body[] = { { STEP_READ, NULL },
                                        { STEP_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n" },
                                        { STEP_FLOOD, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" } };
    static const server_step chunks[] = { { STEP_READ, NULL },
                                          { STEP_SEND, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" },
                                          { STEP_FLOOD, "8\r\nbbbbbbbb\r\n" } };
    static const struct {
        const server_step *script;
        const char *before, *after; /* of the port in the message; after NULL: it has none */
        od_status code;
        bool retryable;
    } rows[] = {
        { close_at_once, "network: 127.0.0.1:", " closed the connection without an answer", OD_NETWORK, true },
        { half, "network: 127.0.0.1:", " closed the connection within its answer", OD_NETWORK, true },
        { half_chunk, "network: 127.0.0.1:", " closed the connection within its answer", OD_NETWORK, true },
        { half_headers, "network: connection to 127.0.0.1:",
          " lost before the answer was complete: Connection reset by peer", OD_NETWORK, true },
        { no_http, "protocol: the answer of 127.0.0.1:", " is not HTTP", OD_PROTOCOL, false },
        { one_header, "protocol: the headers of the answer are larger than 65536 bytes", NULL, OD_PROTOCOL, false },
        { headers, "protocol: the headers of the answer are larger than 65536 bytes", NULL, OD_PROTOCOL, false },
        { hints, "protocol: the headers of the answer are larger than 65536 bytes", NULL, OD_PROTOCOL, false },
        { body, "protocol: the answer is larger than 65536 bytes", NULL, OD_PROTOCOL, false },
        { chunks, "protocol: the answer is larger than 65536 bytes", NULL, OD_PROTOCOL, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (int rings = 0; rings <= 1; rings++) {
            test_server *server = server_start(&rows[i].script, 1, curl_rig_notice, &rig);
            od_transport *transport = curl_rig_transport(&rig, NULL, false);
            call *c = curl_call_local("POST", server_port(server), "/secret?token=secret", "{}");
            c->exchange.rings = rings != 0;
            c->exchange.repeat = rings ? OD_REPEAT_NEVER : OD_REPEAT_SAFE;
            run_call(c, transport);
            if (rows[i].after == NULL)
                assert_error(c, "%s", rows[i].before);
            else
                assert_error(c, "%s%d%s", rows[i].before, server_port(server), rows[i].after);
            assert_int_equal(c->exchange.error.code, rows[i].code);
            assert_int_equal(c->exchange.error.retryable, rows[i].retryable);
            assert_int_equal(c->exchange.again, rows[i].retryable ? OD_AGAIN_TRANSIENT : OD_AGAIN_NO);
            assert_int_equal(c->exchange.try_placement, rings ? OD_PLACEMENT_UNKNOWN : OD_PLACEMENT_NONE);
            assert_true(c->exchange.sent);
            assert_int_equal(c->exchange.response.status, 0);
            assert_int_equal(server_requests(server), 1);
            curl_call_free(c);
            od__transport_free(transport);
            server_free(server);
        }
    }
}

static void a_refused_connection_proves_that_nothing_was_sent(void **state) {
    (void)state;
    test_server *server = answering(OK_ANSWER);
    int port = server_port(server);
    server_free(server);
    od_transport *transport = curl_rig_transport(&rig, NULL, false);
    call *c = curl_call_local("POST", port, "/", "{}");
    c->exchange.rings = true;
    run_call(c, transport);
    assert_error(c, "network: connect to 127.0.0.1:%d refused", port);
    assert_int_equal(c->exchange.try_placement, OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(c->exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(c->exchange.again, OD_AGAIN_TRANSIENT);
    assert_false(c->exchange.sent);
    assert_int_equal(c->exchange.first_byte_us, 0);
    curl_call_free(c);
    od__transport_free(transport);
}

static void only_http_urls_are_sent(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        { "file:///etc/passwd", "validation: only http and https URLs can be sent" },
        { "ftp://127.0.0.1/x", "validation: only http and https URLs can be sent" },
        { "http://", "validation: the URL cannot be sent" },
        { "http://127.0.0.1:99999/", "validation: the URL cannot be sent" },
    };
    od_transport *transport = curl_rig_transport(&rig, NULL, false);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        call *c = curl_call_new("GET", rows[i][0], NULL);
        c->exchange.rings = true;
        run_call(c, transport);
        assert_error(c, "%s", rows[i][1]);
        assert_int_equal(c->exchange.try_placement, OD_PLACEMENT_NOT_PLACED);
        curl_call_free(c);
    }
    od__transport_free(transport);
}

static void a_silent_server_ends_in_a_timeout(void **state) {
    (void)state;
    static const server_step script[] = { { STEP_READ, NULL }, { STEP_SEND, "HTTP/1.1 200 OK\r\n" }, { STEP_HOLD, NULL },
                                          { STEP_END, NULL } };
    static const server_step *const scripts[] = { script };
    test_server *server = server_start(scripts, 1, curl_rig_notice, &rig);
    od_transport *transport = curl_rig_transport(&rig, NULL, false);
    call *c = curl_call_local("POST", server_port(server), "/", "{}");
    c->exchange.rings = true;
    /* The limit is put to now once the request has arrived, so that no machine is too slow for it. */
    curl_call_send(c, transport);
    run_until_read(server, 1);
    assert_int_equal(od__loop_timer_start(rig.loop, &c->exchange.timer, od__loop_now_us(rig.loop), NULL), OD_OK);
    curl_rig_run(&rig, &c->finished);
    assert_error(c, "timeout: no answer within 60000 ms");
    assert_int_equal(c->exchange.try_placement, OD_PLACEMENT_UNKNOWN);
    assert_int_equal(c->exchange.again, OD_AGAIN_TRANSIENT);
    assert_int_equal(c->exchange.response.headers.length, 0);
    curl_call_free(c);

    /* And by itself, after the time given. */
    c = curl_call_local("GET", server_port(server), "/", NULL);
    c->exchange.timeout_ms = 100;
    c->exchange.repeat = OD_REPEAT_SAFE;
    int64_t begun_us = od__loop_now_us(rig.loop);
    run_call(c, transport);
    assert_true(od__loop_now_us(rig.loop) - begun_us >= 100000);
    assert_int_equal(c->exchange.error.code, OD_TIMEOUT);
    curl_call_free(c);
    od__transport_free(transport);
    server_free(server);
}

static void past_send_before_no_byte_leaves(void **state) {
    (void)state;
    test_server *server = answering(OK_ANSWER);
    od_transport *transport = curl_rig_transport(&rig, NULL, false);
    for (int warm = 0; warm <= 1; warm++) { /* on a new connection, and on a used one */
        call *c = curl_call_local("POST", server_port(server), "/late", "{}");
        c->exchange.rings = true;
        c->exchange.repeat = OD_REPEAT_TOKEN;
        c->exchange.send_before_us = od__loop_now_us(rig.loop) - 1;
        run_call(c, transport);
        assert_error(c, "timeout: send_before passed before the first byte");
        assert_int_equal(c->exchange.try_placement, OD_PLACEMENT_NOT_PLACED);
        assert_int_equal(c->exchange.again, OD_AGAIN_NO);
        assert_int_equal(c->exchange.first_byte_us, 0);
        curl_call_free(c);
        c = curl_call_local("POST", server_port(server), "/in-time", "{}");
        c->exchange.send_before_us = od__loop_now_us(rig.loop) + 3600 * INT64_C(1000000);
        run_call(c, transport);
        assert_error(c, "ok");
        assert_true(c->exchange.first_byte_us > 0);
        curl_call_free(c);
    }
    assert_int_equal(server_requests(server), 2);
    assert_non_null(strstr(server_request(server, 0), "/in-time"));
    od__transport_free(transport);
    server_free(server);
}

/* ---- R1: libcurl sends once ---- */

/* Warms a connection, then lets the server read the next request whole and close. */
static call *call_on_dying_connection(test_server **server, od_transport *transport, bool rings, od_repeat repeat) {
    static const server_step dying[] = { { STEP_READ, NULL }, { STEP_SEND, OK_ANSWER }, { STEP_READ, NULL }, { STEP_END, NULL } };
    static const server_step well[] = { { STEP_READ, NULL }, { STEP_SEND, OK_ANSWER }, { STEP_REPEAT, NULL } };
    static const server_step *const scripts[] = { dying, well };
    *server = server_start(scripts, 2, curl_rig_notice, &rig);
    call *warm = curl_call_local("GET", server_port(*server), "/warm", NULL);
    run_call(warm, transport);
    assert_error(warm, "ok");
    curl_call_free(warm);
    call *c = curl_call_local("POST", server_port(*server), "/call", "{}");
    c->exchange.rings = rings;
    c->exchange.repeat = repeat;
    run_call(c, transport);
    return c;
}

static void test_R1_a_ringing_request_on_a_dying_connection_arrives_once(void **state) {
    (void)state;
    static const struct {
        bool rings;
        od_repeat repeat;
        od_again again;
    } rows[] = {
        { true, OD_REPEAT_NEVER, OD_AGAIN_TRANSIENT },
        { true, OD_REPEAT_SAFE, OD_AGAIN_TRANSIENT }, /* what rings is never resent underneath */
        { true, OD_REPEAT_TOKEN, OD_AGAIN_TRANSIENT },
        { false, OD_REPEAT_NEVER, OD_AGAIN_NO },
        { false, OD_REPEAT_TOKEN, OD_AGAIN_TRANSIENT },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_server *server;
        od_transport *transport = curl_rig_transport(&rig, NULL, false);
        call *c = call_on_dying_connection(&server, transport, rows[i].rings, rows[i].repeat);
        assert_error(c, "network: the connection died before an answer came");
        assert_int_equal(c->exchange.try_placement, rows[i].rings ? OD_PLACEMENT_UNKNOWN : OD_PLACEMENT_NONE);
        assert_int_equal(c->exchange.again, rows[i].again);
        assert_true(c->exchange.sent);
        curl_call_free(c);
        /* Whatever libcurl still had in mind would have arrived before this. */
        call *after = curl_call_local("GET", server_port(server), "/after", NULL);
        run_call(after, transport);
        assert_error(after, "ok");
        curl_call_free(after);
        assert_int_equal(server_requests(server), 3);
        assert_non_null(strstr(server_request(server, 1), "POST /call"));
        assert_non_null(strstr(server_request(server, 2), "GET /after"));
        od__transport_free(transport);
        server_free(server);
    }
}

static void test_R1_what_is_safe_to_repeat_may_be_resent(void **state) {
    (void)state;
    test_server *server;
    od_transport *transport = curl_rig_transport(&rig, NULL, false);
    call *c = call_on_dying_connection(&server, transport, false, OD_REPEAT_SAFE);
    assert_error(c, "ok");
    assert_int_equal(c->exchange.response.status, 200);
    assert_string_equal(curl_call_body(c), "ok");
    assert_int_equal(server_requests(server), 3);
    assert_string_equal(server_request(server, 1), server_request(server, 2));
    curl_call_free(c);
    od__transport_free(transport);
    server_free(server);
}

static void test_R1_an_old_idle_connection_carries_nothing_that_rings(void **state) {
    (void)state;
    test_server *server = answering(OK_ANSWER);
    od_transport *transport = curl_rig_transport(&rig, NULL, false);
    static const struct {
        bool rings;
        time_t idle_s;
        size_t connections; /* so far */
    } rows[] = { { true, 0, 1 }, { true, 3, 1 }, { false, 60, 1 }, { true, 7, 2 }, { true, 0, 2 }, { false, 130, 3 } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        monotonic_offset_s += rows[i].idle_s;
        call *c = curl_call_local("POST", server_port(server), "/", "{}");
        c->exchange.rings = rows[i].rings;
        run_call(c, transport);
        assert_error(c, "ok");
        assert_int_equal(server_connections(server), rows[i].connections);
        curl_call_free(c);
    }
    od__transport_free(transport);
    server_free(server);
}

/* ---- taking back ---- */

static void canceling_before_the_first_byte_sends_nothing(void **state) {
    (void)state;
    test_server *server = answering(OK_ANSWER);
    od_transport *transport = curl_rig_transport(&rig, NULL, false);
    call *c = curl_call_local("POST", server_port(server), "/canceled", "{}");
    c->exchange.rings = true;
    curl_call_send(c, transport);
    od__exchange_cancel(&c->exchange, OD_CANCELED, "canceled");
    assert_error(c, "canceled: canceled");
    assert_int_equal(c->exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    call *after = curl_call_local("GET", server_port(server), "/after", NULL);
    run_call(after, transport);
    assert_int_equal(server_requests(server), 1);
    assert_non_null(strstr(server_request(server, 0), "/after"));
    assert_false(c->finished);
    curl_call_free(c);
    curl_call_free(after);
    od__transport_free(transport);
    server_free(server);
}

static void canceling_after_the_first_byte_leaves_a_doubt(void **state) {
    (void)state;
    static const server_step script[] = { { STEP_READ, NULL }, { STEP_HOLD, NULL }, { STEP_END, NULL } };
    static const server_step well[] = { { STEP_READ, NULL }, { STEP_SEND, OK_ANSWER }, { STEP_REPEAT, NULL } };
    static const server_step *const scripts[] = { script, well };
    test_server *server = server_start(scripts, 2, curl_rig_notice, &rig);
    od_transport *transport = curl_rig_transport(&rig, NULL, false);
    call *c = curl_call_local("POST", server_port(server), "/", "{}");
    c->exchange.rings = true;
    curl_call_send(c, transport);
    run_until_read(server, 1);
    od__exchange_cancel(&c->exchange, OD_CLOSED, "closed");
    assert_error(c, "closed: closed");
    assert_int_equal(c->exchange.error.placement, OD_PLACEMENT_UNKNOWN);
    assert_false(c->finished);
    /* The exchange is its owner's at once, and the handle serves the next one. */
    curl_call_free(c);
    call *after = curl_call_local("GET", server_port(server), "/", NULL);
    run_call(after, transport);
    assert_error(after, "ok");
    curl_call_free(after);
    od__transport_free(transport);
    server_free(server);
}

static void cancel_sibling(call *c) {
    od__exchange_cancel(&((call *)c->context)->exchange, OD_CANCELED, "canceled");
}

/* Of two that end in one step the first cancels the second, whose result is then not delivered. */
static void a_listener_may_cancel_what_is_about_to_finish(void **state) {
    (void)state;
    od_transport *transport = curl_rig_transport(&rig, NULL, false);
    call *first = curl_call_new("GET", "file:///a", NULL);
    call *second = curl_call_new("GET", "file:///b", NULL);
    first->context = second;
    second->context = first;
    first->then = second->then = cancel_sibling;
    curl_call_send(first, transport);
    curl_call_send(second, transport);
    while (!first->finished && !second->finished)
        assert_int_equal(od__loop_step(rig.loop, -1, NULL), OD_OK);
    assert_int_equal(od__loop_step(rig.loop, 0, NULL), OD_OK);
    assert_int_not_equal(first->finished, second->finished);
    assert_error(first->finished ? second : first, "canceled: canceled");
    curl_call_free(first);
    curl_call_free(second);
    od__transport_free(transport);
}

/* ---- a resolver that hangs ---- */

static void a_hanging_resolver_delays_its_own_request_only(void **state) {
    (void)state;
    size_t threads = count_threads();
    test_server *server = answering(OK_ANSWER);
    od_transport *transport = curl_rig_transport(&rig, NULL, false);
    call *canceled = curl_call_new("POST", "http://slow.invalid/", "{}");
    call *expired = curl_call_new("POST", "http://slow.invalid/", "{}");
    call *left = curl_call_new("POST", "http://slow.invalid/", "{}");
    canceled->exchange.rings = expired->exchange.rings = left->exchange.rings = true;
    expired->exchange.timeout_ms = 50;
    curl_call_send(canceled, transport);
    curl_call_send(expired, transport);
    curl_call_send(left, transport);
    call *quick = curl_call_local("GET", server_port(server), "/", NULL);
    run_call(quick, transport);
    assert_error(quick, "ok");
    curl_call_free(quick);
    wait_for_resolver(&resolver_waiting, 3);

    curl_rig_run(&rig, &expired->finished);
    assert_error(expired, "timeout: no connection to slow.invalid within 50 ms");
    assert_int_equal(expired->exchange.try_placement, OD_PLACEMENT_NOT_PLACED);
    od__exchange_cancel(&canceled->exchange, OD_CANCELED, "canceled");
    assert_int_equal(canceled->exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    od__exchange_cancel(&left->exchange, OD_CLOSED, "closed");
    od__transport_free(transport);
    server_free(server); /* before the loop, which it wakes */
    curl_rig_close(&rig);
    /* All of it is gone, and no resolver has come back. */
    assert_int_equal(resolver_done, 0);
    curl_call_free(canceled);
    curl_call_free(expired);
    curl_call_free(left);

    pthread_mutex_lock(&resolver_lock);
    resolver_released = true;
    pthread_cond_broadcast(&resolver_changed);
    pthread_mutex_unlock(&resolver_lock);
    wait_for_resolver(&resolver_done, 3);
    while (count_threads() > threads)
        sched_yield();
    curl_rig_open(&rig);
    od_transport *again = curl_rig_transport(&rig, NULL, false);
    call *unresolved = curl_call_new("POST", "http://slow.invalid/secret", "{}");
    unresolved->exchange.rings = true;
    run_call(unresolved, again);
    assert_error(unresolved, "network: cannot resolve slow.invalid");
    assert_int_equal(unresolved->exchange.try_placement, OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(unresolved->exchange.again, OD_AGAIN_TRANSIENT);
    curl_call_free(unresolved);
    od__transport_free(again);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)

int main(void) {
    /* The environment's proxy would be asked for 127.0.0.1 too. */
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    const struct CMUnitTest tests[] = {
        TEST(each_failure_says_what_it_proves),
        TEST(a_refused_connection_proves_that_nothing_was_sent),
        TEST(only_http_urls_are_sent),
        TEST(a_silent_server_ends_in_a_timeout),
        TEST(past_send_before_no_byte_leaves),
        TEST(test_R1_a_ringing_request_on_a_dying_connection_arrives_once),
        TEST(test_R1_what_is_safe_to_repeat_may_be_resent),
        TEST(test_R1_an_old_idle_connection_carries_nothing_that_rings),
        TEST(canceling_before_the_first_byte_sends_nothing),
        TEST(canceling_after_the_first_byte_leaves_a_doubt),
        TEST(a_listener_may_cancel_what_is_about_to_finish),
        TEST(a_hanging_resolver_delays_its_own_request_only),
    };
    alarm(300); /* a hang is a failure too */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
