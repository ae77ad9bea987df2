/* The curl layer against a scripted server: what goes over the wire and what comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "curl_checks.h"

/* ---- what goes over the wire ---- */

static void sends_exactly_what_was_built(void **state) {
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
    od_transport *transport = curl_rig_transport(&rig, NULL, false);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        call *c = curl_call_local(rows[i].method, server_port(server), rows[i].path, rows[i].body);
        for (size_t h = 0; rows[i].headers[h][0] != NULL; h++)
            curl_call_header(c, rows[i].headers[h][0], rows[i].headers[h][1]);
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
        curl_call_free(c);
    }
    /* One handle and one connection served them all. */
    assert_int_equal(server_connections(server), 1);
    od__transport_free(transport);
    server_free(server);
}

static void head_expects_no_body(void **state) {
    (void)state;
    test_server *server = answering("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n");
    od_transport *transport = curl_rig_transport(&rig, NULL, false);
    call *c = curl_call_local("HEAD", server_port(server), "/", NULL);
    run_call(c, transport);
    assert_int_equal(c->exchange.response.status, 200);
    assert_string_equal(curl_call_body(c), "");
    curl_call_free(c);
    od__transport_free(transport);
    server_free(server);
}

static void asks_for_no_100_continue(void **state) {
    (void)state;
    static char body[2 * 1024 * 1024 + 1];
    memset(body, 'b', sizeof(body) - 1);
    test_server *server = answering(OK_ANSWER);
    od_transport *transport = curl_rig_transport(&rig, NULL, false);
    call *c = curl_call_local("POST", server_port(server), "/", body);
    run_call(c, transport);
    assert_int_equal(c->exchange.response.status, 200);
    char head[256];
    snprintf(head, sizeof(head), "POST / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 2097152\r\n\r\n",
             server_port(server));
    const char *request = server_request(server, 0);
    assert_memory_equal(request, head, strlen(head));
    assert_string_equal(request + strlen(head), body);
    curl_call_free(c);
    od__transport_free(transport);
    server_free(server);
}

/* As other clients do; what an AWS user expects. The environment is read when a client's handle is made. */
static void asks_the_proxy_of_the_environment(void **state) {
    (void)state;
    test_server *server = answering(OK_ANSWER);
    char proxy[64];
    snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", server_port(server));
    setenv("http_proxy", proxy, 1);
    od_transport *transport = curl_rig_transport(&rig, NULL, false);
    call *c = curl_call_new("GET", "http://vendor.invalid/x?y=1", NULL);
    run_call(c, transport);
    unsetenv("http_proxy");
    assert_error(c, "ok");
    static const char line[] = "GET http://vendor.invalid/x?y=1 HTTP/1.1\r\nHost: vendor.invalid\r\n";
    assert_memory_equal(server_request(server, 0), line, sizeof(line) - 1);
    curl_call_free(c);
    od__transport_free(transport);
    server_free(server);
}

/* ---- what comes back ---- */

static void reads_answers_however_they_are_cut(void **state) {
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
    test_server *server = server_start(scripts, 1, curl_rig_notice, &rig);
    od_transport *transport = curl_rig_transport(&rig, NULL, false);
    call *c = curl_call_local("GET", server_port(server), "/", NULL);
    run_call(c, transport);
    assert_error(c, "ok");
    assert_int_equal(c->exchange.response.status, 201);
    assert_string_equal(curl_call_body(c), "hello, world");
    assert_string_equal(od__buffer_text(&c->exchange.response.headers),
                        "X-One:  1 \nTransfer-Encoding: chunked\nSet-Cookie: a=b\n");
    /* The same exchange may be sent again: nothing of the first answer is left. */
    run_call(c, transport);
    assert_error(c, "ok");
    assert_int_equal(c->exchange.response.status, 404);
    assert_string_equal(curl_call_body(c), "until the end");
    assert_string_equal(od__buffer_text(&c->exchange.response.headers), "");
    curl_call_free(c);
    od__transport_free(transport);
    server_free(server);
}

static void neither_follows_nor_decodes(void **state) {
    (void)state;
    static const char *const answers[][2] = {
        { "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", "" },
        { "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain", "plain" },
        { "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n", "" },
    };
    static const int statuses[] = { 302, 200, 401 };
    for (size_t i = 0; i < 3; i++) {
        test_server *server = answering(answers[i][0]);
        od_transport *transport = curl_rig_transport(&rig, NULL, false);
        call *c = curl_call_local("GET", server_port(server), "/", NULL);
        run_call(c, transport);
        assert_error(c, "ok");
        assert_int_equal(c->exchange.response.status, statuses[i]);
        assert_string_equal(curl_call_body(c), answers[i][1]);
        assert_int_equal(server_requests(server), 1);
        curl_call_free(c);
        od__transport_free(transport);
        server_free(server);
    }
}

static void keeps_the_connections_of_a_burst(void **state) {
    (void)state;
    enum { COUNT = 100 };
    static const server_step script[] = { { STEP_READ, NULL }, { STEP_HOLD, NULL }, { STEP_SEND, OK_ANSWER }, { STEP_REPEAT, NULL } };
    static const server_step *const scripts[] = { script };
    test_server *server = server_start(scripts, 1, curl_rig_notice, &rig);
    od_transport *transport = curl_rig_transport(&rig, NULL, false);
    call *calls[COUNT];
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            calls[i] = curl_call_local("POST", server_port(server), "/", "{}");
            curl_call_send(calls[i], transport);
        }
        if (round == 0) {
            run_until_read(server, COUNT);
            server_release(server);
        }
        curl_rig_run_all(&rig, calls, COUNT);
        for (size_t i = 0; i < COUNT; i++) {
            assert_string_equal(curl_call_body(calls[i]), "ok");
            curl_call_free(calls[i]);
        }
        assert_int_equal(server_requests(server), (round + 1) * COUNT);
        assert_int_equal(server_connections(server), COUNT);
    }
    od__transport_free(transport);
    server_free(server);
}

/* The descriptor of our end of a connection to port; -1: there is none. */
static int socket_to(int port) {
    for (int fd = 3; fd < 256; fd++) {
        struct sockaddr_in peer;
        socklen_t length = sizeof(peer);
        if (getpeername(fd, (struct sockaddr *)&peer, &length) == 0 && peer.sin_family == AF_INET &&
            ntohs(peer.sin_port) == port)
            return fd;
    }
    return -1;
}

static void connections_are_not_inherited(void **state) {
    (void)state;
    test_server *server = answering(OK_ANSWER);
    od_transport *transport = curl_rig_transport(&rig, NULL, false);
    call *c = curl_call_local("GET", server_port(server), "/", NULL);
    run_call(c, transport);
    int fd = socket_to(server_port(server));
    assert_true(fd >= 0);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    curl_call_free(c);
    od__transport_free(transport);
    server_free(server);
}

/* A closed connection's descriptor number is the next connection's, within one step: the kernel must hear of it. */
static void send_from_finish(call *c) {
    curl_call_send(c->context, *(od_transport **)((call *)c->context)->context);
}

static void a_descriptor_number_may_come_back_at_once(void **state) {
    (void)state;
    test_server *server = answering("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    od_transport *transport = curl_rig_transport(&rig, NULL, false);
    call *first = curl_call_local("GET", server_port(server), "/1", NULL);
    call *second = curl_call_local("GET", server_port(server), "/2", NULL);
    first->context = second;
    first->then = send_from_finish;
    second->context = &transport;
    curl_call_send(first, transport);
    curl_rig_run(&rig, &second->finished);
    assert_true(first->finished);
    assert_string_equal(curl_call_body(second), "ok");
    curl_call_free(first);
    curl_call_free(second);
    od__transport_free(transport);
    server_free(server);
}

/* ---- cookies ---- */

static void cookies_belong_to_one_client(void **state) {
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
    test_server *server = server_start(scripts, 1, curl_rig_notice, &rig);
    /* The third keeps none. */
    od_transport *clients[3] = { curl_rig_transport(&rig, NULL, true), curl_rig_transport(&rig, NULL, true),
                                 curl_rig_transport(&rig, NULL, false) };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        call *c = curl_call_local("GET", server_port(server), "/", NULL);
        run_call(c, clients[rows[i].client]);
        assert_int_equal(c->exchange.response.status, 200);
        const char *cookie = strstr(server_request(server, i), "\r\nCookie: session=s1\r\n");
        assert_int_equal(cookie != NULL, rows[i].has_cookie);
        curl_call_free(c);
    }
    /* Two handles of one client share the jar. */
    call *pair[2] = { curl_call_local("GET", server_port(server), "/", NULL), curl_call_local("GET", server_port(server), "/", NULL) };
    curl_call_send(pair[0], clients[0]);
    curl_call_send(pair[1], clients[0]);
    curl_rig_run_all(&rig, pair, 2);
    for (size_t i = 6; i < 8; i++)
        assert_non_null(strstr(server_request(server, i), "\r\nCookie: session=s1\r\n"));
    curl_call_free(pair[0]);
    curl_call_free(pair[1]);
    for (size_t i = 0; i < 3; i++)
        od__transport_free(clients[i]);
    server_free(server);
}

/* ---- memory ---- */

static void running_out_of_memory_is_an_error_from_the_loop(void **state) {
    (void)state;
    test_server *server = answering(OK_ANSWER);
    size_t failures = 0, finished = 0;
    for (size_t n = 1; finished == 0; n++) {
        assert_true(n < 100);
        curl_rig own;
        curl_rig_open(&own);
        call *c = curl_call_local("POST", server_port(server), "/", "{}");
        curl_call_header(c, "X-Header", "value");
        c->exchange.rings = true;
        const od_curl_options options = { .ca_file = "/nowhere", .connect_timeout_ms = 30000, .cookies = true };
        od_transport *transport = NULL;
        od_error err = OD_ERROR_INIT;
        od__memory_fail_at(n);
        if (od__curl_transport_new(own.network, &options, &transport, &err) == OD_OK) {
            curl_call_send(c, transport);
            curl_rig_run(&own, &c->finished);
            od__memory_fail_at(0);
            if (c->exchange.error.code == OD_OK) {
                assert_string_equal(curl_call_body(c), "ok");
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
        curl_call_free(c);
        curl_rig_close(&own);
    }
    assert_true(failures >= 6);
    server_free(server);
}

static void a_network_without_memory_is_refused(void **state) {
    (void)state;
    od_network *network = NULL;
    od_error err = OD_ERROR_INIT;
    od__memory_fail_at(1);
    assert_int_equal(od__network_new(rig.loop, &network, &err), OD_OUT_OF_MEMORY);
    od__memory_fail_at(0);
    assert_string_equal(err.message, "memory ran out");
    od__network_free(NULL);
}

static void names_its_library(void **state) {
    (void)state;
    assert_memory_equal(od__network_library(), "libcurl/", 8);
    assert_true(strspn(od__network_library() + 8, "0123456789.") >= 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)

int main(void) {
    /* The environment's proxy would be asked for 127.0.0.1 too. */
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
    const struct CMUnitTest tests[] = {
        TEST(sends_exactly_what_was_built),
        TEST(head_expects_no_body),
        TEST(asks_for_no_100_continue),
        TEST(asks_the_proxy_of_the_environment),
        TEST(reads_answers_however_they_are_cut),
        TEST(neither_follows_nor_decodes),
        TEST(keeps_the_connections_of_a_burst),
        TEST(connections_are_not_inherited),
        TEST(a_descriptor_number_may_come_back_at_once),
        TEST(cookies_belong_to_one_client),
        TEST(running_out_of_memory_is_an_error_from_the_loop),
        TEST(a_network_without_memory_is_refused),
        TEST(names_its_library),
    };
    alarm(300); /* a hang is a failure too */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
