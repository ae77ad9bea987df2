/* What each libcurl result means: one row per case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/error.h"
#include "transport/curl_result.h"

typedef struct row {
    CURLcode code;
    od_curl_stop stop;
    int os_errno;
    bool sent;
    const char *text;
    /* expected */
    od_again again;
    const char *line;
} row;

#define NONE OD_CURL_STOP_NONE
#define AGAIN OD_AGAIN_TRANSIENT
#define NEVER OD_AGAIN_NO

static const row rows[] = {
    { CURLE_COULDNT_RESOLVE_HOST, NONE, 0, false, "Could not resolve host: h", AGAIN, "network: cannot resolve h:1" },
    { CURLE_COULDNT_RESOLVE_PROXY, NONE, 0, false, "", AGAIN, "network: cannot resolve the proxy for h:1" },
    { CURLE_COULDNT_CONNECT, NONE, ECONNREFUSED, false, "Failed to connect", AGAIN, "network: connect to h:1 refused" },
    { CURLE_COULDNT_CONNECT, NONE, EHOSTUNREACH, false, "x", AGAIN, "network: connect to h:1 failed: No route to host" },
    { CURLE_COULDNT_CONNECT, NONE, 0, false, "x", AGAIN, "network: connect to h:1 failed" },
    { CURLE_PROXY, NONE, 0, false, "CONNECT refused", AGAIN, "network: the proxy for h:1 failed: CONNECT refused" },
    { CURLE_OPERATION_TIMEDOUT, NONE, 0, false, "x", AGAIN, "timeout: no connection to h:1 within 70 ms" },
    { CURLE_OPERATION_TIMEDOUT, NONE, 0, true, "x", AGAIN, "timeout: no answer within 200 ms" },
    { CURLE_PEER_FAILED_VERIFICATION, NONE, 0, false, "SSL certificate problem: self-signed certificate", NEVER,
      "network: certificate not trusted: self-signed certificate (h:1)" },
    { CURLE_PEER_FAILED_VERIFICATION, NONE, 0, false, "SSL: no alternative name matches 'h'", NEVER,
      "network: certificate not trusted: no alternative name matches 'h' (h:1)" },
    { CURLE_SSL_CACERT_BADFILE, NONE, 0, false, "error setting certificate file: f", NEVER,
      "network: the file of trusted certificates is not usable: error setting certificate file: f" },
    { CURLE_SSL_ISSUER_ERROR, NONE, 0, false, "issuer", NEVER, "network: certificate not trusted: issuer (h:1)" },
    { CURLE_SSL_INVALIDCERTSTATUS, NONE, 0, false, "status", NEVER, "network: certificate not trusted: status (h:1)" },
    { CURLE_SSL_CONNECT_ERROR, NONE, 0, false, "", AGAIN, "network: TLS with h:1 failed: SSL connect error" },
    { CURLE_SSL_CIPHER, NONE, 0, false, "none in common", NEVER, "network: TLS with h:1 failed: none in common" },
    { CURLE_SEND_ERROR, NONE, ECONNRESET, true, "x", AGAIN,
      "network: connection to h:1 lost while sending: Connection reset by peer" },
    { CURLE_SEND_FAIL_REWIND, NONE, 0, true, "x", AGAIN, "network: connection to h:1 lost while sending" },
    { CURLE_RECV_ERROR, NONE, 0, false, "x", AGAIN, "network: connection to h:1 lost" },
    { CURLE_RECV_ERROR, NONE, 0, true, "x", AGAIN, "network: connection to h:1 lost before the answer was complete" },
    { CURLE_GOT_NOTHING, NONE, 0, true, "Empty reply", AGAIN, "network: h:1 closed the connection without an answer" },
    { CURLE_PARTIAL_FILE, NONE, 0, true, "x", AGAIN, "network: h:1 closed the connection within its answer" },
    { CURLE_HTTP2, NONE, 0, true, "went away", AGAIN, "network: HTTP/2 connection to h:1 failed: went away" },
    { CURLE_HTTP2_STREAM, NONE, 0, true, "code 1", AGAIN, "network: h:1 gave up on the request: code 1" },
    { CURLE_UNSUPPORTED_PROTOCOL, NONE, 0, true, "x", NEVER, "protocol: the answer of h:1 is not HTTP" },
    { CURLE_UNSUPPORTED_PROTOCOL, NONE, 0, false, "x", NEVER, "validation: only http and https URLs can be sent" },
    { CURLE_URL_MALFORMAT, NONE, 0, false, "secret", NEVER, "validation: the URL cannot be sent" },
    { CURLE_WEIRD_SERVER_REPLY, NONE, 0, true, "odd\nline", NEVER, "protocol: the answer of h:1 is not HTTP: odd line" },
    { CURLE_BAD_CONTENT_ENCODING, NONE, 0, true, "x", NEVER, "protocol: the answer of h:1 is encoded in a wrong way" },
    { CURLE_OUT_OF_MEMORY, NONE, 0, false, "x", NEVER, "out_of_memory: memory ran out" },
    { CURLE_LDAP_CANNOT_BIND, NONE, 0, false, "", NEVER, "internal: libcurl failed: LDAP: cannot bind" },
    { CURLE_ABORTED_BY_CALLBACK, OD_CURL_STOP_LATE, 0, false, "x", NEVER,
      "timeout: send_before passed before the first byte" },
    { CURLE_ABORTED_BY_CALLBACK, OD_CURL_STOP_LATE, 0, true, "x", NEVER, "timeout: send_before passed before a second try" },
    { CURLE_ABORTED_BY_CALLBACK, OD_CURL_STOP_REPEAT, 0, true, "x", AGAIN,
      "network: the connection died before an answer came" },
    { CURLE_OPERATION_TIMEDOUT, OD_CURL_STOP_TIMEOUT, 0, false, "", AGAIN, "timeout: no connection to h:1 within 200 ms" },
    { CURLE_OPERATION_TIMEDOUT, OD_CURL_STOP_TIMEOUT, 0, true, "", AGAIN, "timeout: no answer within 200 ms" },
    { CURLE_WRITE_ERROR, OD_CURL_STOP_HEADERS, 0, true, "x", NEVER,
      "protocol: the headers of the answer are larger than 65536 bytes" },
    { CURLE_WRITE_ERROR, OD_CURL_STOP_BODY, 0, true, "x", NEVER, "protocol: the answer is larger than 1000 bytes" },
    { CURLE_WRITE_ERROR, OD_CURL_STOP_MEMORY, 0, true, "x", NEVER, "out_of_memory: memory ran out" },
};

static void fill(const row *r, od_exchange *exchange) {
    const od_curl_facts facts = {
        .code = r->code,
        .stop = r->stop,
        .os_errno = r->os_errno,
        .host = "h:1",
        .text = r->text,
        .timeout_ms = 200,
        .connect_timeout_ms = 70,
        .limit_bytes = 1000,
    };
    exchange->sent = r->sent;
    od__error_clear(&exchange->error);
    od__curl_result(&facts, exchange);
}

static void each_row_is_right(void **state) {
    (void)state;
    static od_exchange exchange;
    od__exchange_init(&exchange);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const row *r = &rows[i];
        char line[1024];
        exchange.repeat = OD_REPEAT_SAFE;
        exchange.rings = false;
        fill(r, &exchange);
        od_error_format(&exchange.error, line, sizeof(line));
        assert_string_equal(line, r->line);
        assert_int_equal(exchange.again, r->again);
        assert_int_equal(exchange.error.retryable, r->again != OD_AGAIN_NO);
        assert_int_equal(exchange.try_placement, OD_PLACEMENT_NONE);
        assert_int_equal(exchange.error.placement, OD_PLACEMENT_NONE);

        /* What rings is not placed before its first byte, and in doubt after it, whatever the failure. */
        exchange.rings = true;
        exchange.repeat = OD_REPEAT_NEVER;
        fill(r, &exchange);
        assert_int_equal(exchange.again, r->again);
        od_placement placement = r->sent ? OD_PLACEMENT_UNKNOWN : OD_PLACEMENT_NOT_PLACED;
        assert_int_equal(exchange.try_placement, placement);
        assert_int_equal(exchange.error.placement, placement);

        /* What changes something without ringing is not tried again once it may have arrived. */
        exchange.rings = false;
        fill(r, &exchange);
        assert_int_equal(exchange.again, r->sent ? NEVER : r->again);
    }
    od__exchange_clear(&exchange);
}

/* Every code that libcurl has gives an error, and every placement follows from the first byte alone. */
static void the_table_is_total(void **state) {
    (void)state;
    static od_exchange exchange;
    od__exchange_init(&exchange);
    exchange.rings = true;
    for (int code = 1; code < CURL_LAST; code++) {
        for (int sent = 0; sent <= 1; sent++) {
            const row r = { (CURLcode)code, NONE, 0, sent != 0, "", NEVER, NULL };
            fill(&r, &exchange);
            assert_int_not_equal(exchange.error.code, OD_OK);
            assert_true(exchange.error.message[0] != '\0');
            assert_null(strchr(exchange.error.message, '%'));
            assert_int_equal(exchange.try_placement, sent ? OD_PLACEMENT_UNKNOWN : OD_PLACEMENT_NOT_PLACED);
        }
    }
    od__exchange_clear(&exchange);
}

static void a_long_text_is_cut(void **state) {
    (void)state;
    static char text[2000];
    memset(text, 'x', sizeof(text) - 1);
    static od_exchange exchange;
    od__exchange_init(&exchange);
    const row r = { CURLE_HTTP2, NONE, 0, true, text, NEVER, NULL };
    fill(&r, &exchange);
    assert_int_equal(strlen(exchange.error.message), OD_ERROR_MESSAGE_BYTES - 1);
    od__exchange_clear(&exchange);
}

static void names_the_host_and_nothing_more(void **state) {
    (void)state;
    static const struct {
        const char *url, *host;
    } urls[] = {
        { "https://connect.us-east-1.amazonaws.com/contact/outbound-voice", "connect.us-east-1.amazonaws.com" },
        { "http://127.0.0.1:8080/a?token=secret", "127.0.0.1:8080" },
        { "http://127.0.0.1:8080?token=secret", "127.0.0.1:8080" },
        { "http://h#x", "h" },
        { "http://user:secret@host:1/", "host:1" },
        { "http://us@er:secret@host/a@b", "host" },
        { "http://[::1]:80/x", "[::1]:80" },
        { "http://a\nb/x", "a b" },
        { "no url", "?" },
        { "http:///x", "?" },
        { "", "?" },
    };
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        char host[64];
        od__curl_host(urls[i].url, host, sizeof(host));
        assert_string_equal(host, urls[i].host);
    }
    char small[4];
    od__curl_host("http://abcdef/", small, sizeof(small));
    assert_string_equal(small, "abc");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_right),
        cmocka_unit_test(the_table_is_total),
        cmocka_unit_test(a_long_text_is_cut),
        cmocka_unit_test(names_the_host_and_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
