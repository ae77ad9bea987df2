/* curl_result: see curl_result.h. */
#include "transport/curl_result.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* When a row holds. */
typedef enum when { ALWAYS, UNSENT, SENT } when;

/* In a message %h is the host, %t libcurl's own text after ": ", %e the system's after ": ", %m and %c the time for the
 * try and for connecting in ms, %b the limit of the body, %H that of the headers. */
typedef struct row {
    CURLcode code;
    when when;
    int os_errno; /* 0: any */
    od_status status;
    od_again again;
    const char *message;
} row;

/* The first row that fits wins. Verification failures are never repeated: the certificate will not change within a
 * second. What happened before the first byte is repeated gladly; what happened after it, as the caller's rules allow. */
static const row rows[] = {
    { CURLE_COULDNT_RESOLVE_HOST, ALWAYS, 0, OD_NETWORK, OD_AGAIN_TRANSIENT, "cannot resolve %h" },
    { CURLE_COULDNT_RESOLVE_PROXY, ALWAYS, 0, OD_NETWORK, OD_AGAIN_TRANSIENT, "cannot resolve the proxy for %h" },
    { CURLE_COULDNT_CONNECT, ALWAYS, ECONNREFUSED, OD_NETWORK, OD_AGAIN_TRANSIENT, "connect to %h refused" },
    { CURLE_COULDNT_CONNECT, ALWAYS, 0, OD_NETWORK, OD_AGAIN_TRANSIENT, "connect to %h failed%e" },
    { CURLE_PROXY, ALWAYS, 0, OD_NETWORK, OD_AGAIN_TRANSIENT, "the proxy for %h failed%t" },
    { CURLE_OPERATION_TIMEDOUT, UNSENT, 0, OD_TIMEOUT, OD_AGAIN_TRANSIENT, "no connection to %h within %c ms" },
    { CURLE_OPERATION_TIMEDOUT, SENT, 0, OD_TIMEOUT, OD_AGAIN_TRANSIENT, "no answer within %m ms" },
    { CURLE_PEER_FAILED_VERIFICATION, ALWAYS, 0, OD_NETWORK, OD_AGAIN_NO, "certificate not trusted%t (%h)" },
    { CURLE_SSL_CACERT_BADFILE, ALWAYS, 0, OD_NETWORK, OD_AGAIN_NO, "the file of trusted certificates is not usable%t" },
    { CURLE_SSL_ISSUER_ERROR, ALWAYS, 0, OD_NETWORK, OD_AGAIN_NO, "certificate not trusted%t (%h)" },
    { CURLE_SSL_INVALIDCERTSTATUS, ALWAYS, 0, OD_NETWORK, OD_AGAIN_NO, "certificate not trusted%t (%h)" },
    { CURLE_SSL_CONNECT_ERROR, ALWAYS, 0, OD_NETWORK, OD_AGAIN_TRANSIENT, "TLS with %h failed%t" },
    { CURLE_SSL_CIPHER, ALWAYS, 0, OD_NETWORK, OD_AGAIN_NO, "TLS with %h failed%t" },
    { CURLE_SEND_ERROR, ALWAYS, 0, OD_NETWORK, OD_AGAIN_TRANSIENT, "connection to %h lost while sending%e" },
    { CURLE_SEND_FAIL_REWIND, ALWAYS, 0, OD_NETWORK, OD_AGAIN_TRANSIENT, "connection to %h lost while sending" },
    { CURLE_RECV_ERROR, UNSENT, 0, OD_NETWORK, OD_AGAIN_TRANSIENT, "connection to %h lost%e" },
    { CURLE_RECV_ERROR, SENT, 0, OD_NETWORK, OD_AGAIN_TRANSIENT, "connection to %h lost before the answer was complete%e" },
    { CURLE_GOT_NOTHING, ALWAYS, 0, OD_NETWORK, OD_AGAIN_TRANSIENT, "%h closed the connection without an answer" },
    { CURLE_PARTIAL_FILE, ALWAYS, 0, OD_NETWORK, OD_AGAIN_TRANSIENT, "%h closed the connection within its answer" },
    { CURLE_HTTP2, ALWAYS, 0, OD_NETWORK, OD_AGAIN_TRANSIENT, "HTTP/2 connection to %h failed%t" },
    { CURLE_HTTP2_STREAM, ALWAYS, 0, OD_NETWORK, OD_AGAIN_TRANSIENT, "%h gave up on the request%t" },
    { CURLE_UNSUPPORTED_PROTOCOL, SENT, 0, OD_PROTOCOL, OD_AGAIN_NO, "the answer of %h is not HTTP" },
    { CURLE_UNSUPPORTED_PROTOCOL, UNSENT, 0, OD_VALIDATION, OD_AGAIN_NO, "only http and https URLs can be sent" },
    { CURLE_URL_MALFORMAT, ALWAYS, 0, OD_VALIDATION, OD_AGAIN_NO, "the URL cannot be sent" },
    { CURLE_WEIRD_SERVER_REPLY, ALWAYS, 0, OD_PROTOCOL, OD_AGAIN_NO, "the answer of %h is not HTTP%t" },
    { CURLE_BAD_CONTENT_ENCODING, ALWAYS, 0, OD_PROTOCOL, OD_AGAIN_NO, "the answer of %h is encoded in a wrong way" },
    { CURLE_OUT_OF_MEMORY, ALWAYS, 0, OD_OUT_OF_MEMORY, OD_AGAIN_NO, "memory ran out" },
};

/* For a code without a row: a defect here, or a libcurl newer than this table. It is told in libcurl's words and not
 * repeated. */
static const row unlisted = { CURLE_OK, ALWAYS, 0, OD_INTERNAL, OD_AGAIN_NO, "libcurl failed%t" };

static const struct {
    od_curl_stop stop;
    od_status status;
    od_again again;
    const char *unsent;
    const char *sent;
} stops[] = {
    { OD_CURL_STOP_LATE, OD_TIMEOUT, OD_AGAIN_NO, "send_before passed before the first byte",
      "send_before passed before a second try" },
    { OD_CURL_STOP_REPEAT, OD_NETWORK, OD_AGAIN_TRANSIENT, "the connection died before an answer came",
      "the connection died before an answer came" },
    { OD_CURL_STOP_ADDRESS, OD_NETWORK, OD_AGAIN_NO, "the address of %h is not one that may be asked",
      "the address of %h is not one that may be asked" },
    { OD_CURL_STOP_TIMEOUT, OD_TIMEOUT, OD_AGAIN_TRANSIENT, "no connection to %h within %m ms", "no answer within %m ms" },
    { OD_CURL_STOP_HEADERS, OD_PROTOCOL, OD_AGAIN_NO, "the headers of the answer are larger than %H bytes",
      "the headers of the answer are larger than %H bytes" },
    { OD_CURL_STOP_BODY, OD_PROTOCOL, OD_AGAIN_NO, "the answer is larger than %b bytes",
      "the answer is larger than %b bytes" },
    { OD_CURL_STOP_MEMORY, OD_OUT_OF_MEMORY, OD_AGAIN_NO, "memory ran out", "memory ran out" },
};

static const row *find_row(const od_curl_facts *facts, bool sent) {
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const row *r = &rows[i];
        if (r->code == facts->code && (r->when == ALWAYS || (r->when == SENT) == sent) &&
            (r->os_errno == 0 || r->os_errno == facts->os_errno))
            return r;
    }
    return &unlisted;
}

/* libcurl begins some texts with what our own message says already. */
static const char *without_prefix(const char *text) {
    static const char *const prefixes[] = { "SSL certificate problem: ", "SSL: " };
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (strncmp(text, prefixes[i], strlen(prefixes[i])) == 0)
            return text + strlen(prefixes[i]);
    return text;
}

static size_t expand_one(char letter, const od_curl_facts *facts, char *out, size_t out_bytes) {
    const char *text;
    switch (letter) {
    case 'h':
        return (size_t)snprintf(out, out_bytes, "%s", facts->host);
    case 't':
        text = facts->text[0] != '\0' ? without_prefix(facts->text) : curl_easy_strerror(facts->code);
        return (size_t)snprintf(out, out_bytes, ": %s", text);
    case 'e':
        return facts->os_errno == 0 ? 0 : (size_t)snprintf(out, out_bytes, ": %s", strerror(facts->os_errno));
    case 'm':
        return (size_t)snprintf(out, out_bytes, "%" PRId64, facts->timeout_ms);
    case 'c':
        return (size_t)snprintf(out, out_bytes, "%" PRId64, facts->connect_timeout_ms);
    case 'b':
        return (size_t)snprintf(out, out_bytes, "%zu", facts->limit_bytes);
    default: /* 'H' */
        return (size_t)snprintf(out, out_bytes, "%zu", (size_t)OD_LIMIT_RESPONSE_HEADER_BYTES);
    }
}

static void set_error(od_error *error, od_status status, const char *message, const od_curl_facts *facts) {
    char raw[OD_ERROR_MESSAGE_BYTES * 2];
    size_t length = 0;
    raw[0] = '\0';
    for (const char *c = message; *c != '\0' && length < sizeof(raw) - 1; c++) {
        if (*c != '%') {
            raw[length++] = *c;
            raw[length] = '\0';
            continue;
        }
        c++;
        length += expand_one(*c, facts, raw + length, sizeof(raw) - length);
        if (length > sizeof(raw) - 1)
            length = sizeof(raw) - 1;
    }
    od__error_set(error, status, "%s", raw);
}

void od__curl_result(const od_curl_facts *facts, od_exchange *exchange) {
    od_status status = OD_INTERNAL;
    od_again again = OD_AGAIN_NO;
    const char *message = NULL;
    for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]) && message == NULL; i++) {
        if (stops[i].stop != facts->stop)
            continue;
        status = stops[i].status;
        again = stops[i].again;
        message = exchange->sent ? stops[i].sent : stops[i].unsent;
    }
    if (message == NULL) {
        const row *r = find_row(facts, exchange->sent);
        status = r->status;
        again = r->again;
        message = r->message;
    }
    /* What changes something and cannot be told apart from its repetition is not repeated once it may have arrived. For
     * a ringing exchange that judgement is the retry layer's, which also knows the token's time. */
    if (exchange->sent && !exchange->rings && exchange->repeat == OD_REPEAT_NEVER)
        again = OD_AGAIN_NO;
    set_error(&exchange->error, status, message, facts);
    exchange->error.retryable = again != OD_AGAIN_NO;
    exchange->again = again;
    if (!exchange->rings)
        exchange->try_placement = OD_PLACEMENT_NONE;
    else
        exchange->try_placement = exchange->sent ? OD_PLACEMENT_UNKNOWN : OD_PLACEMENT_NOT_PLACED;
    exchange->error.placement = exchange->try_placement;
}

void od__curl_host(const char *url, char *out, size_t out_bytes) {
    const char *host = strstr(url, "://");
    size_t length = 0;
    if (host != NULL) {
        host += 3;
        length = strcspn(host, "/?#");
        for (size_t i = length; i > 0; i--) {
            if (host[i - 1] == '@') {
                host += i;
                length -= i;
                break;
            }
        }
    }
    if (length == 0)
        od__error_clean(out, out_bytes, "?", 1);
    else
        od__error_clean(out, out_bytes, host, length);
}
