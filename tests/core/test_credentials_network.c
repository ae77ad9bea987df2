/* Credential sources over real sockets: which addresses are asked, past which proxy, and a service that never answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "credentials/container.h"
#include "credentials_rig.h"
#include "curl_rig.h"
#include "server.h"

#define ANSWER(body) "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s"

/* A source on libcurl; the clock stands still until the test moves it. */
typedef struct net_rig {
    cred_rig cred;
    od_network *network;
} net_rig;

static od_status make_real(void *context, const od_curl_options *options, od_transport **out, od_error *err) {
    return od__curl_transport_new(((net_rig *)context)->network, options, out, err);
}

static void net_open(net_rig *n) {
    cred_open(&n->cred);
    assert_int_equal(od__network_new(n->cred.loop, &n->network, NULL), OD_OK);
    n->cred.setup.make_transport = make_real;
    n->cred.setup.make_transport_context = n;
}

static void net_close(net_rig *n) {
    od__credential_source_free(n->cred.source);
    n->cred.source = NULL;
    od__network_free(n->network);
    cred_close(&n->cred);
}

static void wake(void *context) {
    od__loop_wake(((net_rig *)context)->cred.loop);
}

static const char *answer_with(const char *body) {
    static char answer[1024];
    snprintf(answer, sizeof(answer), ANSWER(), strlen(body), body);
    return answer;
}

#define KEYS "{\"AccessKeyId\":\"CK\",\"SecretAccessKey\":\"CS\",\"Token\":\"CT\",\"Expiration\":\"2015-08-30T13:36:00Z\"}"

static void ask_container(net_rig *n, int port) {
    static char uri[64];
    snprintf(uri, sizeof(uri), "http://localhost:%d/creds", port);
    cred_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri);
    assert_int_equal(od__credentials_container_new(&n->cred.setup, &n->cred.source, NULL), OD_OK);
    cred_listen(&n->cred);
    cred_expect_wait(&n->cred);
    cred_wait_ready(&n->cred);
}

static void a_name_that_leads_here_is_asked(void **state) {
    (void)state;
    net_rig n;
    net_open(&n);
    test_server *server = server_start_answering(answer_with(KEYS), wake, &n);
    ask_container(&n, server_port(server));
    cred_expect_keys(&n.cred, "CK CS CT", 1440938160000 + 3600000);
    char expected[128];
    snprintf(expected, sizeof(expected), "GET /creds HTTP/1.1\r\nHost: localhost:%d\r\nAccept: application/json\r\n\r\n",
             server_port(server));
    assert_string_equal(server_request(server, 0), expected);
    server_free(server);
    net_close(&n);
}

/* Nothing of the environment may send a container's token through somebody else. */
static void a_proxy_is_passed_by(void **state) {
    (void)state;
    net_rig n;
    net_open(&n);
    char address[64];
    test_server *server = server_start_answering(answer_with(KEYS), wake, &n);
    test_server *proxy = server_start_answering("HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n", wake, &n);
    snprintf(address, sizeof(address), "http://127.0.0.1:%d", server_port(proxy));
    setenv("http_proxy", address, 1);
    setenv("ALL_PROXY", address, 1);
    ask_container(&n, server_port(server));
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    cred_expect_keys(&n.cred, "CK CS CT", 1440938160000 + 3600000);
    assert_int_equal(server_connections(proxy), 0);
    server_free(proxy);
    server_free(server);
    net_close(&n);
}

static char refused[64];

static bool refuse(const char *address) {
    snprintf(refused, sizeof(refused), "%s", address);
    return false;
}

static void no_byte_goes_to_an_address_that_is_not_allowed(void **state) {
    (void)state;
    curl_rig rig;
    curl_rig_open(&rig);
    test_server *server = server_start_answering(answer_with(KEYS), curl_rig_notice, &rig);
    const od_curl_options options = { .connect_timeout_ms = 30000, .response_limit_bytes = 65536, .direct = true,
                                      .allow_address = refuse };
    od_transport *transport = NULL;
    assert_int_equal(od__curl_transport_new(rig.network, &options, &transport, NULL), OD_OK);
    char url[64], expected[128];
    snprintf(url, sizeof(url), "http://localhost:%d/creds", server_port(server));
    call *c = curl_call_new("GET", url, NULL);
    curl_call_header(c, "Authorization", "secret");
    curl_call_send(c, transport);
    curl_rig_run(&rig, &c->finished);
    snprintf(expected, sizeof(expected), "network: the address of localhost:%d is not one that may be asked",
             server_port(server));
    assert_string_equal(curl_call_error(c), expected);
    assert_int_equal(c->exchange.again, OD_AGAIN_NO);
    assert_false(c->exchange.sent);
    assert_string_equal(refused, "127.0.0.1");
    curl_call_free(c);
    od__transport_free(transport);
    assert_int_equal(server_requests(server), 0);
    server_free(server);
    curl_rig_close(&rig);
}

/* It takes the connection and is silent: two tries of a second each, on the clock of the test. */
static void a_metadata_service_that_hangs_ends_in_time(void **state) {
    (void)state;
    net_rig n;
    net_open(&n);
    static const server_step hold[] = { { STEP_READ, NULL }, { STEP_HOLD, NULL }, { STEP_END, NULL } };
    static const server_step *const scripts[] = { hold };
    test_server *server = server_start(scripts, 1, wake, &n);
    char endpoint[64];
    snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%d", server_port(server));
    cred_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint);
    assert_int_equal(od__credentials_imds_new(&n.cred.setup, NULL, &n.cred.source, NULL), OD_OK);
    cred_listen(&n.cred);
    int64_t begun_us = n.cred.clock.now_us;
    cred_expect_wait(&n.cred);
    for (size_t tries = 1; tries <= 2; tries++) {
        while (server_requests(server) < tries)
            assert_int_equal(od__loop_step(n.cred.loop, 10, NULL), OD_OK);
        cred_pass(&n.cred, 1000);
        cred_pass(&n.cred, 50); /* the pause between */
    }
    cred_expect_error(&n.cred, true, "timeout: imds: no answer within 1000 ms");
    assert_true(n.cred.clock.now_us - begun_us <= 2100000);
    server_free(server);
    net_close(&n);
}

static void an_answer_that_never_ends_is_cut(void **state) {
    (void)state;
    net_rig n;
    net_open(&n);
    static const server_step flood[] = {
        { STEP_READ, NULL }, { STEP_SEND, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" },
        { STEP_FLOOD, "0123456789012345678901234567890123456789012345678901234567890123456789" }, { STEP_END, NULL },
    };
    static const server_step *const scripts[] = { flood };
    test_server *server = server_start(scripts, 1, wake, &n);
    ask_container(&n, server_port(server));
    cred_expect_error(&n.cred, true, "protocol: container: the answer is larger than 65536 bytes");
    server_free(server);
    net_close(&n);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_that_leads_here_is_asked),
        cmocka_unit_test(a_proxy_is_passed_by),
        cmocka_unit_test(no_byte_goes_to_an_address_that_is_not_allowed),
        cmocka_unit_test(a_metadata_service_that_hangs_ends_in_time),
        cmocka_unit_test(an_answer_that_never_ends_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
