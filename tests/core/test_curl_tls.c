/* The curl layer over TLS and HTTP/2, against a node server with a certificate made for this run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

#include "curl_checks.h"

static char directory[] = "/tmp/outdial-tls-XXXXXX";
static char certificate[64], key[64], other[64];
static pid_t server_pid;
static int server_stdin = -1;
static int port;
/* ---- the server ---- */

/* Makes a self-signed certificate; alternative_name as openssl writes it ("IP:127.0.0.1"). */
static void make_certificate(const char *certificate_file, const char *key_file, const char *alternative_name) {
    char command[512];
    snprintf(command, sizeof(command),
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=outdial-test "
             "-addext subjectAltName=%s -keyout %s -out %s 2>%s/openssl.log",
             alternative_name, key_file, certificate_file, directory);
    if (system(command) != 0) {
        fprintf(stderr, "openssl failed: %s\n", command);
        exit(1);
    }
}

static void start_server(void) {
    int in[2], out[2];
    if (pipe(in) != 0 || pipe(out) != 0)
        exit(1);
    server_pid = fork();
    if (server_pid < 0)
        exit(1);
    if (server_pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[0]);
        close(in[1]);
        close(out[0]);
        close(out[1]);
        execlp("node", "node", "tests/servers/h2_refuse.js", certificate, key, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    server_stdin = in[1];
    FILE *lines = fdopen(out[0], "r");
    if (lines == NULL || fscanf(lines, "%d", &port) != 1) {
        fprintf(stderr, "tests/servers/h2_refuse.js did not start (is node installed, is this the top directory?)\n");
        exit(1);
    }
    fclose(lines);
}

static int open_all(void **state) {
    (void)state;
    if (mkdtemp(directory) == NULL)
        return 1;
    snprintf(certificate, sizeof(certificate), "%s/cert.pem", directory);
    snprintf(key, sizeof(key), "%s/key.pem", directory);
    snprintf(other, sizeof(other), "%s/other.pem", directory);
    char other_key[64];
    snprintf(other_key, sizeof(other_key), "%s/other.key", directory);
    make_certificate(certificate, key, "IP:127.0.0.1");
    make_certificate(other, other_key, "IP:127.0.0.1");
    start_server();
    return 0;
}

static int close_all(void **state) {
    (void)state;
    close(server_stdin); /* its sign to end */
    waitpid(server_pid, NULL, 0);
    static const char *const files[] = { "cert.pem", "key.pem", "other.pem", "other.key", "openssl.log", "not.pem" };
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/%s", directory, files[i]);
        unlink(path);
    }
    return rmdir(directory);
}

static call *call_tls(const char *method, const char *host, const char *path, const char *body) {
    char url[256];
    snprintf(url, sizeof(url), "https://%s:%d%s", host, port, path);
    return curl_call_new(method, url, body);
}

/* How often path was asked for so far (or, for "sessions", how many connections there were). */
static int count_of(od_transport *transport, const char *path) {
    call *c = call_tls("GET", "127.0.0.1", "/counts", NULL);
    run_call(c, transport);
    assert_int_equal(c->exchange.response.status, 200);
    char wanted[64];
    snprintf(wanted, sizeof(wanted), "\"%s\":", path);
    const char *at = strstr(curl_call_body(c), wanted);
    int count = at == NULL ? 0 : atoi(at + strlen(wanted));
    curl_call_free(c);
    return count;
}

/* ---- trust ---- */

static void trusts_what_ca_file_says_and_nothing_else(void **state) {
    (void)state;
    char not_pem[128];
    snprintf(not_pem, sizeof(not_pem), "%s/not.pem", directory);
    FILE *file = fopen(not_pem, "w");
    assert_non_null(file);
    fputs("no certificate\n", file);
    fclose(file);
    const struct {
        const char *ca_file, *host, *before, *after; /* before NULL: it works; the port is between them */
    } rows[] = {
        { certificate, "127.0.0.1", NULL, NULL },
        { other, "127.0.0.1", "network: certificate not trusted: self-signed certificate (127.0.0.1:", ")" },
        { NULL, "127.0.0.1", "network: certificate not trusted: self-signed certificate (127.0.0.1:", ")" },
        { certificate, "localhost",
          "network: certificate not trusted: no alternative certificate subject name matches target host name 'localhost'"
          " (localhost:", ")" },
        { not_pem, "127.0.0.1", "network: the file of trusted certificates is not usable: error setting certificate file: ",
          NULL },
        { "/nowhere/ca.pem", "127.0.0.1",
          "network: the file of trusted certificates is not usable: error setting certificate file: /nowhere/ca.pem", NULL },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        od_transport *transport = curl_rig_transport(&rig, rows[i].ca_file, false);
        call *c = call_tls("POST", rows[i].host, "/", "{}");
        c->exchange.rings = true;
        run_call(c, transport);
        if (rows[i].before == NULL) {
            assert_string_equal(curl_call_error(c), "ok");
            assert_string_equal(curl_call_body(c), "ok");
        } else {
            char wanted[512];
            if (rows[i].after != NULL)
                snprintf(wanted, sizeof(wanted), "%s%d%s", rows[i].before, port, rows[i].after);
            else
                snprintf(wanted, sizeof(wanted), "%s%s", rows[i].before, rows[i].ca_file == not_pem ? not_pem : "");
            assert_string_equal(curl_call_error(c), wanted);
            assert_int_equal(c->exchange.try_placement, OD_PLACEMENT_NOT_PLACED);
            assert_int_equal(c->exchange.again, OD_AGAIN_NO);
            assert_false(c->exchange.error.retryable);
        }
        curl_call_free(c);
        od__transport_free(transport);
    }
}

/* A connection that one client trusts is not another's. */
static void a_trusted_connection_is_not_shared_with_who_does_not_trust_it(void **state) {
    (void)state;
    od_transport *trusting = curl_rig_transport(&rig, certificate, false);
    od_transport *doubting = curl_rig_transport(&rig, other, false);
    call *c = call_tls("GET", "127.0.0.1", "/", NULL);
    run_call(c, trusting);
    assert_string_equal(curl_call_error(c), "ok");
    curl_call_free(c);
    c = call_tls("GET", "127.0.0.1", "/", NULL);
    run_call(c, doubting);
    assert_int_equal(c->exchange.error.code, OD_NETWORK);
    curl_call_free(c);
    od__transport_free(trusting);
    od__transport_free(doubting);
}

/* ---- HTTP/2 ---- */

static void streams_share_a_connection(void **state) {
    (void)state;
    od_transport *transport = curl_rig_transport(&rig, certificate, false);
    int sessions = count_of(transport, "sessions");
    call *calls[20];
    for (size_t i = 0; i < 20; i++) {
        calls[i] = call_tls("POST", "127.0.0.1", "/many", "{}");
        curl_call_send(calls[i], transport);
    }
    curl_rig_run_all(&rig, calls, 20);
    for (size_t i = 0; i < 20; i++) {
        assert_string_equal(curl_call_error(calls[i]), "ok");
        assert_string_equal(curl_call_body(calls[i]), "ok");
        const char *headers = od__buffer_text(&calls[i]->exchange.response.headers);
        assert_memory_equal(headers, "content-type: text/plain\n", 25);
        curl_call_free(calls[i]);
    }
    assert_int_equal(count_of(transport, "sessions"), sessions);
    od__transport_free(transport);
}

static void test_R1_a_refused_stream_arrives_once_and_harms_no_sibling(void **state) {
    (void)state;
    static const od_repeat repeats[] = { OD_REPEAT_NEVER, OD_REPEAT_SAFE, OD_REPEAT_TOKEN };
    for (size_t i = 0; i < 3; i++) {
        od_transport *transport = curl_rig_transport(&rig, certificate, false);
        int refused = count_of(transport, "/refuse");
        int held = count_of(transport, "/hold");
        call *sibling = call_tls("GET", "127.0.0.1", "/hold", NULL);
        curl_call_send(sibling, transport);
        while (count_of(transport, "/hold") == held)
            ;
        int sessions = count_of(transport, "sessions");
        call *c = call_tls("POST", "127.0.0.1", "/refuse", "{}");
        c->exchange.rings = true;
        c->exchange.repeat = repeats[i];
        run_call(c, transport);
        assert_string_equal(curl_call_error(c), "network: the connection died before an answer came");
        assert_int_equal(c->exchange.try_placement, OD_PLACEMENT_UNKNOWN);
        assert_int_equal(c->exchange.error.placement, OD_PLACEMENT_UNKNOWN);
        curl_call_free(c);
        assert_false(sibling->finished);
        assert_int_equal(count_of(transport, "/refuse"), refused + 1);
        call *release = call_tls("GET", "127.0.0.1", "/release", NULL);
        run_call(release, transport);
        curl_rig_run(&rig, &sibling->finished);
        assert_string_equal(curl_call_error(sibling), "ok");
        assert_string_equal(curl_call_body(sibling), "held");
        assert_int_equal(count_of(transport, "/hold"), held + 1);
        /* The refused stream was the sibling's neighbour: at most the resend opened a connection. */
        assert_true(count_of(transport, "sessions") <= sessions + 1);
        curl_call_free(sibling);
        curl_call_free(release);
        od__transport_free(transport);
    }
}

/* What the guard is for: without it libcurl sends again and again. */
static void test_R1_libcurl_resends_what_is_safe_to_repeat(void **state) {
    (void)state;
    od_transport *transport = curl_rig_transport(&rig, certificate, false);
    int refused = count_of(transport, "/refuse");
    call *c = call_tls("GET", "127.0.0.1", "/refuse", NULL);
    c->exchange.repeat = OD_REPEAT_SAFE;
    run_call(c, transport);
    assert_int_not_equal(c->exchange.error.code, OD_OK);
    assert_int_equal(c->exchange.error.code, OD_NETWORK);
    curl_call_free(c);
    assert_true(count_of(transport, "/refuse") > refused + 1);
    od__transport_free(transport);
}

static void a_reset_stream_is_in_doubt(void **state) {
    (void)state;
    od_transport *transport = curl_rig_transport(&rig, certificate, false);
    int before = count_of(transport, "/cancel");
    call *c = call_tls("POST", "127.0.0.1", "/cancel", "{}");
    c->exchange.rings = true;
    run_call(c, transport);
    assert_int_equal(c->exchange.error.code, OD_NETWORK);
    assert_int_equal(c->exchange.try_placement, OD_PLACEMENT_UNKNOWN);
    char wanted[64];
    snprintf(wanted, sizeof(wanted), "127.0.0.1:%d gave up on the request", port);
    assert_memory_equal(c->exchange.error.message, wanted, strlen(wanted));
    curl_call_free(c);
    assert_int_equal(count_of(transport, "/cancel"), before + 1);
    od__transport_free(transport);
}

static void canceling_a_stream_leaves_its_sibling_alone(void **state) {
    (void)state;
    od_transport *transport = curl_rig_transport(&rig, certificate, false);
    int held = count_of(transport, "/hold");
    call *pair[2];
    for (size_t i = 0; i < 2; i++) {
        pair[i] = call_tls("POST", "127.0.0.1", "/hold", "{}");
        pair[i]->exchange.rings = true;
        curl_call_send(pair[i], transport);
    }
    while (count_of(transport, "/hold") < held + 2)
        ;
    od__exchange_cancel(&pair[0]->exchange, OD_CANCELED, "canceled");
    assert_int_equal(pair[0]->exchange.error.placement, OD_PLACEMENT_UNKNOWN);
    call *release = call_tls("GET", "127.0.0.1", "/release", NULL);
    run_call(release, transport);
    curl_rig_run(&rig, &pair[1]->finished);
    assert_string_equal(curl_call_body(pair[1]), "held");
    curl_call_free(pair[0]);
    curl_call_free(pair[1]);
    curl_call_free(release);
    od__transport_free(transport);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)

int main(void) {
    unsetenv("https_proxy");
    unsetenv("HTTPS_PROXY");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    const struct CMUnitTest tests[] = {
        TEST(trusts_what_ca_file_says_and_nothing_else),
        TEST(a_trusted_connection_is_not_shared_with_who_does_not_trust_it),
        TEST(streams_share_a_connection),
        TEST(test_R1_a_refused_stream_arrives_once_and_harms_no_sibling),
        TEST(test_R1_libcurl_resends_what_is_safe_to_repeat),
        TEST(a_reset_stream_is_in_doubt),
        TEST(canceling_a_stream_leaves_its_sibling_alone),
    };
    alarm(300); /* a hang is a failure too */
    return cmocka_run_group_tests(tests, open_all, close_all);
}
