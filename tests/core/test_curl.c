/* The curl layer against a scripted server: what goes over the wire, what comes back, and what each failure proves. */
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
#include "base/memory.h"
#include "curl_rig.h"
#include "server.h"

#define EXPORT __attribute__((visibility("default")))

/* ---- a resolver that hangs, and a clock that can be moved, put before libcurl's ---- */

static pthread_mutex_t resolver_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t resolver_changed = PTHREAD_COND_INITIALIZER;
static int resolver_waiting, resolver_done;
static bool resolver_released;

EXPORT int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
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

static void wait_for_resolver(const int *count, int wanted)
{
    pthread_mutex_lock(&resolver_lock);
    while (*count < wanted)
        pthread_cond_wait(&resolver_changed, &resolver_lock);
    pthread_mutex_unlock(&resolver_lock);
}

/* Only libcurl asks for CLOCK_MONOTONIC; the loop counts on CLOCK_BOOTTIME. */
static time_t monotonic_offset_s;

EXPORT int clock_gettime(clockid_t id, struct timespec *out)
{
    int result = (int)syscall(SYS_clock_gettime, id, out);
    if (result == 0 && id == CLOCK_MONOTONIC)
        out->tv_sec += monotonic_offset_s;
    return result;
}

static size_t count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

/* ---- fixtures ---- */

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"

static curl_rig rig;

static int open_rig(void **state)
{
    (void)state;
    rig_open(&rig);
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

static test_server *answering(const char *answer)
{
    return server_start_answering(answer, rig_notice, &rig);
}

/* Steps until the server has read that many requests. */
static void run_until_read(test_server *server, size_t requests)
{
    while (server_requests(server) < requests)
        assert_int_equal(od__loop_step(rig.loop, -1, NULL), OD_OK);
}

/* Sends and waits for the end. */
static void run_call(call *c, od_transport *transport)
{
    call_send(c, transport);
    rig_run(&rig, &c->finished);
}

/* "<code>: <message with the server's port>" */
static void assert_error(const call *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void assert_error(const call *c, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    assert_string_equal(call_error(c), line);
}

/* ---- what goes over the wire ---- */

static void sends_exactly_what_was_built(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *body; /* body NULL: none */
        const char *headers[5][2];
        const char *request;
    } rows[] = {
        { "POST", "/contact?x=%2F1", "{\"a\":1}",
          { { "content-type", "application/json" }, { "Accept", "application/json" }, { "X-Amz-Date", "20180101T000000Z" } },
          "POST /contact?x=%2F1 HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\ncontent-type: application/json\r\n"
          "Accept: application/json\r\nX-Amz-Date: 20180101T000000Z\r\nContent-Length: 7\r\n\r\n{\"a\":1}" },
        { "POST", "/bare", "x", { { NULL, NULL } },
          "POST /bare HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Length: 1\r\n\r\nx" },
        { "POST", "/empty", "", { { "Content-Type", "text/plain" } },
          "POST /empty HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n" },
        { "POST", "/none", NULL, { { NULL, NULL } }, "POST /none HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n" },
        { "GET", "/", NULL, { { "X-Empty", "" } }, "GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nX-Empty:\r\n\r\n" },
        { "PUT", "/a/b", "12", { { NULL, NULL } },
          "PUT /a/b HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Length: 2\r\n\r\n12" },
        { "DELETE", "/a/../b", NULL, { { NULL, NULL } }, "DELETE /b HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n" },
        { "PATCH", "/p", "{}", { { "Accept", "*/*" } },
          "PATCH /p HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nAccept: */*\r\nContent-Length: 2\r\n\r\n{}" },
        { "GET", "/body", "{}", { { NULL, NULL } },
          "GET /body HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Length: 2\r\n\r\n{}" },
        { "GET", "/host", NULL, { { "Host", "vendor.example" } }, "GET /host HTTP/1.1\r\nHost: vendor.example\r\n\r\n" },
    };
    test_server *server = answering(OK_ANSWER);
    od_transport *transport = rig_transport(&rig, NULL, false);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        call *c = call_local(rows[i].method, server_port(server), rows[i].path, rows[i].body);
        for (size_t h = 0; rows[i].headers[h][0] != NULL; h++)
            call_header(c, rows[i].headers[h][0], rows[i].headers[h][1]);
        run_call(c, transport);
        assert_error(c, "ok");
        assert_int_equal(c->exchange.response.status, 200);
        char wanted[1024];
        const char *port = strstr(rows[i].request, "PORT");
        if (port == NULL)
            snprintf(wanted, sizeof(wanted), "%s", rows[i].request);
        else
            snprintf(wanted, sizeof(wanted), "%.*s%d%s", (int)(port - rows[i].request), rows[i].request,
                     server_port(server), port + 4);
        assert_string_equal(server_request(server, i), wanted);
        call_free(c);
    }
    /* One handle and one connection served them all. */
    assert_int_equal(server_connections(server), 1);
    od__transport_free(transport);
    server_free(server);
}

static void head_expects_no_body(void **state)
{
    (void)state;
    test_server *server = answering("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n");
    od_transport *transport = rig_transport(&rig, NULL, false);
    call *c = call_local("HEAD", server_port(server), "/", NULL);
    run_call(c, transport);
    assert_int_equal(c->exchange.response.status, 200);
    assert_string_equal(call_body(c), "");
    call_free(c);
    od__transport_free(transport);
    server_free(server);
}

static void asks_for_no_100_continue(void **state)
{
    (void)state;
    static char body[2 * 1024 * 1024 + 1];
    memset(body, 'b', sizeof(body) - 1);
    test_server *server = answering(OK_ANSWER);
    od_transport *transport = rig_transport(&rig, NULL, false);
    call *c = call_local("POST", server_port(server), "/", body);
    run_call(c, transport);
    assert_int_equal(c->exchange.response.status, 200);
    char head[256];
    snprintf(head, sizeof(head), "POST / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 2097152\r\n\r\n",
             server_port(server));
    const char *request = server_request(server, 0);
    assert_memory_equal(request, head, strlen(head));
    assert_string_equal(request + strlen(head), body);
    call_free(c);
    od__transport_free(transport);
    server_free(server);
}

/* ---- what comes back ---- */

static void reads_answers_however_they_are_cut(void **state)
{
    (void)state;
    static const server_step script[] = {
        { STEP_READ, NULL },
        { STEP_SEND, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 2" },
        { STEP_SEND, "01 Created\r\nX-One:  1 \r\nTransfer-" },
        { STEP_SEND, "Encoding: chunked\r\nSet-Cookie: a=b\r\n\r\n5\r\nhel" },
        { STEP_SEND, "lo\r\n1;ext=1\r\n,\r\n6\r\n world\r\n" },
        { STEP_SEND, "0\r\nX-Trailer: no header\r\n\r\n" },
        { STEP_READ, NULL },
        { STEP_SEND, "HTTP/1.0 404 Not Found\r\n\r\nuntil the end" },
        { STEP_END, NULL },
    };
    static const server_step *const scripts[] = { script };
    test_server *server = server_start(scripts, 1, rig_notice, &rig);
    od_transport *transport = rig_transport(&rig, NULL, false);
    call *c = call_local("GET", server_port(server), "/", NULL);
    run_call(c, transport);
    assert_error(c, "ok");
    assert_int_equal(c->exchange.response.status, 201);
    assert_string_equal(call_body(c), "hello, world");
    assert_string_equal(od__buffer_text(&c->exchange.response.headers),
                        "X-One:  1 \nTransfer-Encoding: chunked\nSet-Cookie: a=b\n");
    /* The same exchange may be sent again: nothing of the first answer is left. */
    run_call(c, transport);
    assert_error(c, "ok");
    assert_int_equal(c->exchange.response.status, 404);
    assert_string_equal(call_body(c), "until the end");
    assert_string_equal(od__buffer_text(&c->exchange.response.headers), "");
    call_free(c);
    od__transport_free(transport);
    server_free(server);
}

static void neither_follows_nor_decodes(void **state)
{
    (void)state;
    static const char *const answers[][2] = {
        { "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", "" },
        { "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain", "plain" },
        { "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n", "" },
    };
    static const int statuses[] = { 302, 200, 401 };
    for (size_t i = 0; i < 3; i++) {
        test_server *server = answering(answers[i][0]);
        od_transport *transport = rig_transport(&rig, NULL, false);
        call *c = call_local("GET", server_port(server), "/", NULL);
        run_call(c, transport);
        assert_error(c, "ok");
        assert_int_equal(c->exchange.response.status, statuses[i]);
        assert_string_equal(call_body(c), answers[i][1]);
        assert_int_equal(server_requests(server), 1);
        call_free(c);
        od__transport_free(transport);
        server_free(server);
    }
}

static void keeps_the_connections_of_a_burst(void **state)
{
    (void)state;
    enum { COUNT = 100 };
    static const server_step script[] = { { STEP_READ, NULL }, { STEP_HOLD, NULL }, { STEP_SEND, OK_ANSWER }, { STEP_REPEAT, NULL } };
    static const server_step *const scripts[] = { script };
    test_server *server = server_start(scripts, 1, rig_notice, &rig);
    od_transport *transport = rig_transport(&rig, NULL, false);
    call *calls[COUNT];
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            calls[i] = call_local("POST", server_port(server), "/", "{}");
            call_send(calls[i], transport);
        }
        if (round == 0) {
            run_until_read(server, COUNT);
            server_release(server);
        }
        rig_run_all(&rig, calls, COUNT);
        for (size_t i = 0; i < COUNT; i++) {
            assert_string_equal(call_body(calls[i]), "ok");
            call_free(calls[i]);
        }
        assert_int_equal(server_requests(server), (round + 1) * COUNT);
        assert_int_equal(server_connections(server), COUNT);
    }
    od__transport_free(transport);
    server_free(server);
}

/* A closed connection's descriptor number is the next connection's, within one step: the kernel must hear of it. */
static void send_from_finish(call *c)
{
    call_send(c->context, *(od_transport **)((call *)c->context)->context);
}

static void a_descriptor_number_may_come_back_at_once(void **state)
{
    (void)state;
    test_server *server = answering("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    od_transport *transport = rig_transport(&rig, NULL, false);
    call *first = call_local("GET", server_port(server), "/1", NULL);
    call *second = call_local("GET", server_port(server), "/2", NULL);
    first->context = second;
    first->then = send_from_finish;
    second->context = &transport;
    call_send(first, transport);
    rig_run(&rig, &second->finished);
    assert_true(first->finished);
    assert_string_equal(call_body(second), "ok");
    call_free(first);
    call_free(second);
    od__transport_free(transport);
    server_free(server);
}

/* ---- cookies ---- */

static void cookies_belong_to_one_client(void **state)
{
    (void)state;
    static const server_step script[] = {
        { STEP_READ, NULL },
        { STEP_SEND, "HTTP/1.1 200 OK\r\nSet-Cookie: session=s1; Path=/\r\nContent-Length: 0\r\n\r\n" },
        { STEP_READ, NULL },
        { STEP_SEND, OK_ANSWER },
        { STEP_REPEAT, NULL },
    };
    static const server_step *const scripts[] = { script };
    static const struct {
        int client;
        bool has_cookie;
    } rows[] = { { 0, false }, { 0, true }, { 1, false }, { 2, false }, { 0, true }, { 2, false } };
    test_server *server = server_start(scripts, 1, rig_notice, &rig);
    /* The third keeps none. */
    od_transport *clients[3] = { rig_transport(&rig, NULL, true), rig_transport(&rig, NULL, true),
                                 rig_transport(&rig, NULL, false) };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        call *c = call_local("GET", server_port(server), "/", NULL);
        run_call(c, clients[rows[i].client]);
        assert_int_equal(c->exchange.response.status, 200);
        const char *cookie = strstr(server_request(server, i), "\r\nCookie: session=s1\r\n");
        assert_int_equal(cookie != NULL, rows[i].has_cookie);
        call_free(c);
    }
    /* Two handles of one client share the jar. */
    call *pair[2] = { call_local("GET", server_port(server), "/", NULL), call_local("GET", server_port(server), "/", NULL) };
    call_send(pair[0], clients[0]);
    call_send(pair[1], clients[0]);
    rig_run_all(&rig, pair, 2);
    for (size_t i = 6; i < 8; i++)
        assert_non_null(strstr(server_request(server, i), "\r\nCookie: session=s1\r\n"));
    call_free(pair[0]);
    call_free(pair[1]);
    for (size_t i = 0; i < 3; i++)
        od__transport_free(clients[i]);
    server_free(server);
}

/* ---- failures ---- */

/* Each way a server may fail an exchange on a fresh connection. PORT in a message is the server's. */
static void each_failure_says_what_it_proves(void **state)
{
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
            test_server *server = server_start(&rows[i].script, 1, rig_notice, &rig);
            od_transport *transport = rig_transport(&rig, NULL, false);
            call *c = call_local("POST", server_port(server), "/secret?token=secret", "{}");
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
            call_free(c);
            od__transport_free(transport);
            server_free(server);
        }
    }
}

static void a_refused_connection_proves_that_nothing_was_sent(void **state)
{
    (void)state;
    test_server *server = answering(OK_ANSWER);
    int port = server_port(server);
    server_free(server);
    od_transport *transport = rig_transport(&rig, NULL, false);
    call *c = call_local("POST", port, "/", "{}");
    c->exchange.rings = true;
    run_call(c, transport);
    assert_error(c, "network: connect to 127.0.0.1:%d refused", port);
    assert_int_equal(c->exchange.try_placement, OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(c->exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(c->exchange.again, OD_AGAIN_TRANSIENT);
    assert_false(c->exchange.sent);
    assert_int_equal(c->exchange.first_byte_us, 0);
    call_free(c);
    od__transport_free(transport);
}

static void only_http_urls_are_sent(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "file:///etc/passwd", "validation: only http and https URLs can be sent" },
        { "ftp://127.0.0.1/x", "validation: only http and https URLs can be sent" },
        { "http://", "validation: the URL cannot be sent" },
        { "http://127.0.0.1:99999/", "validation: the URL cannot be sent" },
    };
    od_transport *transport = rig_transport(&rig, NULL, false);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        call *c = call_new("GET", rows[i][0], NULL);
        c->exchange.rings = true;
        run_call(c, transport);
        assert_error(c, "%s", rows[i][1]);
        assert_int_equal(c->exchange.try_placement, OD_PLACEMENT_NOT_PLACED);
        call_free(c);
    }
    od__transport_free(transport);
}

static void a_silent_server_ends_in_a_timeout(void **state)
{
    (void)state;
    static const server_step script[] = { { STEP_READ, NULL }, { STEP_SEND, "HTTP/1.1 200 OK\r\n" }, { STEP_HOLD, NULL },
                                          { STEP_END, NULL } };
    static const server_step *const scripts[] = { script };
    test_server *server = server_start(scripts, 1, rig_notice, &rig);
    od_transport *transport = rig_transport(&rig, NULL, false);
    call *c = call_local("POST", server_port(server), "/", "{}");
    c->exchange.rings = true;
    /* The limit is put to now once the request has arrived, so that no machine is too slow for it. */
    call_send(c, transport);
    run_until_read(server, 1);
    assert_int_equal(od__loop_timer_start(rig.loop, &c->exchange.timer, od__loop_now_us(rig.loop), NULL), OD_OK);
    rig_run(&rig, &c->finished);
    assert_error(c, "timeout: no answer within 60000 ms");
    assert_int_equal(c->exchange.try_placement, OD_PLACEMENT_UNKNOWN);
    assert_int_equal(c->exchange.again, OD_AGAIN_TRANSIENT);
    assert_int_equal(c->exchange.response.headers.length, 0);
    call_free(c);

    /* And by itself, after the time given. */
    c = call_local("GET", server_port(server), "/", NULL);
    c->exchange.timeout_ms = 100;
    c->exchange.repeat = OD_REPEAT_SAFE;
    int64_t begun_us = od__loop_now_us(rig.loop);
    run_call(c, transport);
    assert_true(od__loop_now_us(rig.loop) - begun_us >= 100000);
    assert_int_equal(c->exchange.error.code, OD_TIMEOUT);
    call_free(c);
    od__transport_free(transport);
    server_free(server);
}

static void past_send_before_no_byte_leaves(void **state)
{
    (void)state;
    test_server *server = answering(OK_ANSWER);
    od_transport *transport = rig_transport(&rig, NULL, false);
    for (int warm = 0; warm <= 1; warm++) { /* on a new connection, and on a used one */
        call *c = call_local("POST", server_port(server), "/late", "{}");
        c->exchange.rings = true;
        c->exchange.repeat = OD_REPEAT_TOKEN;
        c->exchange.send_before_us = od__loop_now_us(rig.loop) - 1;
        run_call(c, transport);
        assert_error(c, "timeout: send_before passed before the first byte");
        assert_int_equal(c->exchange.try_placement, OD_PLACEMENT_NOT_PLACED);
        assert_int_equal(c->exchange.again, OD_AGAIN_NO);
        assert_int_equal(c->exchange.first_byte_us, 0);
        call_free(c);
        c = call_local("POST", server_port(server), "/in-time", "{}");
        c->exchange.send_before_us = od__loop_now_us(rig.loop) + 3600 * INT64_C(1000000);
        run_call(c, transport);
        assert_error(c, "ok");
        assert_true(c->exchange.first_byte_us > 0);
        call_free(c);
    }
    assert_int_equal(server_requests(server), 2);
    assert_non_null(strstr(server_request(server, 0), "/in-time"));
    od__transport_free(transport);
    server_free(server);
}

/* ---- R1: libcurl sends once ---- */

/* Warms a connection, then lets the server read the next request whole and close. */
static call *call_on_dying_connection(test_server **server, od_transport *transport, bool rings, od_repeat repeat)
{
    static const server_step dying[] = { { STEP_READ, NULL }, { STEP_SEND, OK_ANSWER }, { STEP_READ, NULL }, { STEP_END, NULL } };
    static const server_step well[] = { { STEP_READ, NULL }, { STEP_SEND, OK_ANSWER }, { STEP_REPEAT, NULL } };
    static const server_step *const scripts[] = { dying, well };
    *server = server_start(scripts, 2, rig_notice, &rig);
    call *warm = call_local("GET", server_port(*server), "/warm", NULL);
    run_call(warm, transport);
    assert_error(warm, "ok");
    call_free(warm);
    call *c = call_local("POST", server_port(*server), "/call", "{}");
    c->exchange.rings = rings;
    c->exchange.repeat = repeat;
    run_call(c, transport);
    return c;
}

static void test_R1_a_ringing_request_on_a_dying_connection_arrives_once(void **state)
{
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
        od_transport *transport = rig_transport(&rig, NULL, false);
        call *c = call_on_dying_connection(&server, transport, rows[i].rings, rows[i].repeat);
        assert_error(c, "network: the connection died before an answer came");
        assert_int_equal(c->exchange.try_placement, rows[i].rings ? OD_PLACEMENT_UNKNOWN : OD_PLACEMENT_NONE);
        assert_int_equal(c->exchange.again, rows[i].again);
        assert_true(c->exchange.sent);
        call_free(c);
        /* Whatever libcurl still had in mind would have arrived before this. */
        call *after = call_local("GET", server_port(server), "/after", NULL);
        run_call(after, transport);
        assert_error(after, "ok");
        call_free(after);
        assert_int_equal(server_requests(server), 3);
        assert_non_null(strstr(server_request(server, 1), "POST /call"));
        assert_non_null(strstr(server_request(server, 2), "GET /after"));
        od__transport_free(transport);
        server_free(server);
    }
}

static void test_R1_what_is_safe_to_repeat_may_be_resent(void **state)
{
    (void)state;
    test_server *server;
    od_transport *transport = rig_transport(&rig, NULL, false);
    call *c = call_on_dying_connection(&server, transport, false, OD_REPEAT_SAFE);
    assert_error(c, "ok");
    assert_int_equal(c->exchange.response.status, 200);
    assert_string_equal(call_body(c), "ok");
    assert_int_equal(server_requests(server), 3);
    assert_string_equal(server_request(server, 1), server_request(server, 2));
    call_free(c);
    od__transport_free(transport);
    server_free(server);
}

static void test_R1_an_old_idle_connection_carries_nothing_that_rings(void **state)
{
    (void)state;
    test_server *server = answering(OK_ANSWER);
    od_transport *transport = rig_transport(&rig, NULL, false);
    static const struct {
        bool rings;
        time_t idle_s;
        size_t connections; /* so far */
    } rows[] = { { true, 0, 1 }, { true, 3, 1 }, { false, 60, 1 }, { true, 7, 2 }, { true, 0, 2 }, { false, 130, 3 } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        monotonic_offset_s += rows[i].idle_s;
        call *c = call_local("POST", server_port(server), "/", "{}");
        c->exchange.rings = rows[i].rings;
        run_call(c, transport);
        assert_error(c, "ok");
        assert_int_equal(server_connections(server), rows[i].connections);
        call_free(c);
    }
    od__transport_free(transport);
    server_free(server);
}

/* ---- taking back ---- */

static void canceling_before_the_first_byte_sends_nothing(void **state)
{
    (void)state;
    test_server *server = answering(OK_ANSWER);
    od_transport *transport = rig_transport(&rig, NULL, false);
    call *c = call_local("POST", server_port(server), "/canceled", "{}");
    c->exchange.rings = true;
    call_send(c, transport);
    od__exchange_cancel(&c->exchange, OD_CANCELED, "canceled");
    assert_error(c, "canceled: canceled");
    assert_int_equal(c->exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    call *after = call_local("GET", server_port(server), "/after", NULL);
    run_call(after, transport);
    assert_int_equal(server_requests(server), 1);
    assert_non_null(strstr(server_request(server, 0), "/after"));
    assert_false(c->finished);
    call_free(c);
    call_free(after);
    od__transport_free(transport);
    server_free(server);
}

static void canceling_after_the_first_byte_leaves_a_doubt(void **state)
{
    (void)state;
    static const server_step script[] = { { STEP_READ, NULL }, { STEP_HOLD, NULL }, { STEP_END, NULL } };
    static const server_step well[] = { { STEP_READ, NULL }, { STEP_SEND, OK_ANSWER }, { STEP_REPEAT, NULL } };
    static const server_step *const scripts[] = { script, well };
    test_server *server = server_start(scripts, 2, rig_notice, &rig);
    od_transport *transport = rig_transport(&rig, NULL, false);
    call *c = call_local("POST", server_port(server), "/", "{}");
    c->exchange.rings = true;
    call_send(c, transport);
    run_until_read(server, 1);
    od__exchange_cancel(&c->exchange, OD_CLOSED, "closed");
    assert_error(c, "closed: closed");
    assert_int_equal(c->exchange.error.placement, OD_PLACEMENT_UNKNOWN);
    assert_false(c->finished);
    /* The exchange is its owner's at once, and the handle serves the next one. */
    call_free(c);
    call *after = call_local("GET", server_port(server), "/", NULL);
    run_call(after, transport);
    assert_error(after, "ok");
    call_free(after);
    od__transport_free(transport);
    server_free(server);
}

static void cancel_sibling(call *c)
{
    od__exchange_cancel(&((call *)c->context)->exchange, OD_CANCELED, "canceled");
}

/* Of two that end in one step the first cancels the second, whose result is then not delivered. */
static void a_listener_may_cancel_what_is_about_to_finish(void **state)
{
    (void)state;
    od_transport *transport = rig_transport(&rig, NULL, false);
    call *first = call_new("GET", "file:///a", NULL);
    call *second = call_new("GET", "file:///b", NULL);
    first->context = second;
    second->context = first;
    first->then = second->then = cancel_sibling;
    call_send(first, transport);
    call_send(second, transport);
    while (!first->finished && !second->finished)
        assert_int_equal(od__loop_step(rig.loop, -1, NULL), OD_OK);
    assert_int_equal(od__loop_step(rig.loop, 0, NULL), OD_OK);
    assert_int_not_equal(first->finished, second->finished);
    assert_error(first->finished ? second : first, "canceled: canceled");
    call_free(first);
    call_free(second);
    od__transport_free(transport);
}

/* ---- a resolver that hangs ---- */

static void a_hanging_resolver_delays_its_own_request_only(void **state)
{
    (void)state;
    size_t threads = count_threads();
    test_server *server = answering(OK_ANSWER);
    od_transport *transport = rig_transport(&rig, NULL, false);
    call *canceled = call_new("POST", "http://slow.invalid/", "{}");
    call *expired = call_new("POST", "http://slow.invalid/", "{}");
    call *left = call_new("POST", "http://slow.invalid/", "{}");
    canceled->exchange.rings = expired->exchange.rings = left->exchange.rings = true;
    expired->exchange.timeout_ms = 50;
    call_send(canceled, transport);
    call_send(expired, transport);
    call_send(left, transport);
    call *quick = call_local("GET", server_port(server), "/", NULL);
    run_call(quick, transport);
    assert_error(quick, "ok");
    call_free(quick);
    wait_for_resolver(&resolver_waiting, 3);

    rig_run(&rig, &expired->finished);
    assert_error(expired, "timeout: no connection to slow.invalid within 50 ms");
    assert_int_equal(expired->exchange.try_placement, OD_PLACEMENT_NOT_PLACED);
    od__exchange_cancel(&canceled->exchange, OD_CANCELED, "canceled");
    assert_int_equal(canceled->exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    od__exchange_cancel(&left->exchange, OD_CLOSED, "closed");
    od__transport_free(transport);
    server_free(server); /* before the loop, which it wakes */
    rig_close(&rig);
    /* All of it is gone, and no resolver has come back. */
    assert_int_equal(resolver_done, 0);
    call_free(canceled);
    call_free(expired);
    call_free(left);

    pthread_mutex_lock(&resolver_lock);
    resolver_released = true;
    pthread_cond_broadcast(&resolver_changed);
    pthread_mutex_unlock(&resolver_lock);
    wait_for_resolver(&resolver_done, 3);
    while (count_threads() > threads)
        sched_yield();
    rig_open(&rig);
    od_transport *again = rig_transport(&rig, NULL, false);
    call *unresolved = call_new("POST", "http://slow.invalid/secret", "{}");
    unresolved->exchange.rings = true;
    run_call(unresolved, again);
    assert_error(unresolved, "network: cannot resolve slow.invalid");
    assert_int_equal(unresolved->exchange.try_placement, OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(unresolved->exchange.again, OD_AGAIN_TRANSIENT);
    call_free(unresolved);
    od__transport_free(again);
}

/* ---- memory ---- */

static void running_out_of_memory_is_an_error_from_the_loop(void **state)
{
    (void)state;
    test_server *server = answering(OK_ANSWER);
    size_t failures = 0, finished = 0;
    for (size_t n = 1; finished == 0; n++) {
        assert_true(n < 100);
        curl_rig own;
        rig_open(&own);
        call *c = call_local("POST", server_port(server), "/", "{}");
        call_header(c, "X-Header", "value");
        c->exchange.rings = true;
        const od_curl_options options = { .ca_file = "/nowhere", .connect_timeout_ms = 30000, .cookies = true };
        od_transport *transport = NULL;
        od_error err = OD_ERROR_INIT;
        od__memory_fail_at(n);
        if (od__curl_transport_new(own.network, &options, &transport, &err) == OD_OK) {
            call_send(c, transport);
            rig_run(&own, &c->finished);
            od__memory_fail_at(0);
            if (c->exchange.error.code == OD_OK) {
                assert_string_equal(call_body(c), "ok");
                finished++;
            } else {
                assert_error(c, "out_of_memory: memory ran out");
                od_placement wanted = c->exchange.sent ? OD_PLACEMENT_UNKNOWN : OD_PLACEMENT_NOT_PLACED;
                assert_int_equal(c->exchange.try_placement, wanted);
                failures++;
            }
            od__transport_free(transport);
        } else {
            od__memory_fail_at(0);
            assert_int_equal(err.code, OD_OUT_OF_MEMORY);
            failures++;
        }
        call_free(c);
        rig_close(&own);
    }
    assert_true(failures >= 6);
    server_free(server);
}

static void a_network_without_memory_is_refused(void **state)
{
    (void)state;
    od_network *network = NULL;
    od_error err = OD_ERROR_INIT;
    od__memory_fail_at(1);
    assert_int_equal(od__network_new(rig.loop, &network, &err), OD_OUT_OF_MEMORY);
    od__memory_fail_at(0);
    assert_string_equal(err.message, "memory ran out");
    od__network_free(NULL);
}

static void names_its_library(void **state)
{
    (void)state;
    assert_memory_equal(od__network_library(), "libcurl/", 8);
    assert_true(strspn(od__network_library() + 8, "0123456789.") >= 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)

int main(void)
{
    /* The environment's proxy would be asked for 127.0.0.1 too. */
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    const struct CMUnitTest tests[] = {
        TEST(sends_exactly_what_was_built),
        TEST(head_expects_no_body),
        TEST(asks_for_no_100_continue),
        TEST(reads_answers_however_they_are_cut),
        TEST(neither_follows_nor_decodes),
        TEST(keeps_the_connections_of_a_burst),
        TEST(a_descriptor_number_may_come_back_at_once),
        TEST(cookies_belong_to_one_client),
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
        TEST(running_out_of_memory_is_an_error_from_the_loop),
        TEST(a_network_without_memory_is_refused),
        TEST(names_its_library),
    };
    alarm(300); /* a hang is a failure too */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
