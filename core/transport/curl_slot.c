/* curl_slot: one easy handle: its options, and what libcurl's callbacks do to the exchange it carries. The callbacks only
 * record; nothing is finished or freed from inside them. */
#include "transport/curl_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/memory.h"

/* ---- callbacks ---- */

/* Called once for each time that libcurl is about to send the request, before its first byte. */
static int on_prereq(void *context, char *remote_ip, char *local_ip, int remote_port, int local_port) {
    (void)local_ip, (void)remote_port, (void)local_port;
    od_curl_slot *slot = context;
    od_exchange *exchange = slot->exchange;
    slot->asked++;
    if (slot->asked > 1 && (exchange->rings || exchange->repeat != OD_REPEAT_SAFE) && !od__mutant("no_prerequest_guard")) {
        slot->stop = OD_CURL_STOP_REPEAT;
        return CURL_PREREQFUNC_ABORT;
    }
    if (slot->owner->allow_address != NULL && !slot->owner->allow_address(remote_ip)) {
        slot->stop = OD_CURL_STOP_ADDRESS;
        return CURL_PREREQFUNC_ABORT;
    }
    int64_t now_us = od__loop_now_us(slot->owner->network->loop);
    if (od__exchange_is_late(exchange, now_us)) {
        slot->stop = OD_CURL_STOP_LATE;
        return CURL_PREREQFUNC_ABORT;
    }
    exchange->sent = true;
    if (exchange->first_byte_us == 0)
        exchange->first_byte_us = now_us;
    if (exchange->rings)
        od__fault("first_byte", "before");
    return CURL_PREREQFUNC_OK;
}

/* Notes why a buffer refused; the short count that is returned then makes libcurl end the transfer. */
static size_t stop_at(od_curl_slot *slot, const od_buffer *buffer, od_curl_stop over) {
    slot->stop = buffer->over_limit ? over : OD_CURL_STOP_MEMORY;
    return 0;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context) {
    (void)size;
    od_curl_slot *slot = context;
    od_buffer *headers = &slot->exchange->response.headers;
    slot->header_bytes += count;
    if (slot->header_bytes > OD_LIMIT_RESPONSE_HEADER_BYTES) {
        slot->stop = OD_CURL_STOP_HEADERS;
        return 0;
    }
    /* A status line begins the answer anew, after a 1xx or a resend. */
    if (count >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
        od__buffer_truncate(headers, 0);
        slot->headers_done = false;
        return count;
    }
    size_t length = count;
    while (length > 0 && (bytes[length - 1] == '\n' || bytes[length - 1] == '\r'))
        length--;
    if (length == 0)
        slot->headers_done = true;
    /* What follows the body is a trailer: it must not pass for a header. */
    if (slot->headers_done)
        return count;
    od__buffer_add(headers, bytes, length);
    od__buffer_add_byte(headers, '\n');
    return headers->failed ? stop_at(slot, headers, OD_CURL_STOP_HEADERS) : count;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context) {
    (void)size;
    od_curl_slot *slot = context;
    od_buffer *body = &slot->exchange->response.body;
    od__buffer_add(body, bytes, count);
    return body->failed ? stop_at(slot, body, OD_CURL_STOP_BODY) : count;
}

/* A program that the host starts must not hold a vendor's connection open. */
static int on_new_socket(void *context, curl_socket_t fd, curlsocktype purpose) {
    (void)context, (void)purpose;
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? CURL_SOCKOPT_OK : CURL_SOCKOPT_ERROR;
}

/* ---- what never changes ---- */

/* libcurl keeps parsed trusted certificates over connections only where no directory of them is set; its built-in file
 * holds the same ones. A ca_file replaces what the system trusts. */
static CURLcode set_trust(CURL *easy, const char *ca_file) {
    if (ca_file == NULL) {
        const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
        if (info->age < CURLVERSION_TENTH || info->cainfo == NULL)
            return CURLE_OK;
    } else {
        CURLcode code = curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
        if (code != CURLE_OK)
            return code;
    }
    return curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
}

/* libcurl looks for a proxy in the environment at each transfer; where there is none, it is told so once. */
static bool environment_names_a_proxy(void) {
    static const char *const names[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0')
            return true;
    }
    return false;
}

#define SET(option, value)                                          \
    do {                                                            \
        CURLcode code_ = curl_easy_setopt(easy, (option), (value)); \
        if (code_ != CURLE_OK)                                      \
            return code_;                                           \
    } while (0)

static CURLcode set_constants(od_curl_slot *slot) {
    CURL *easy = slot->easy;
    od_curl_transport *owner = slot->owner;
    SET(CURLOPT_PRIVATE, slot);
    SET(CURLOPT_ERRORBUFFER, slot->text);
    SET(CURLOPT_NOSIGNAL, 1L);
    /* Without it, letting go of a handle waits for its resolver thread: seconds in which the whole loop stands still. */
    SET(CURLOPT_QUICK_EXIT, 1L);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (owner->direct || !environment_names_a_proxy()) {
        SET(CURLOPT_PROXY, "");
        SET(CURLOPT_NOPROXY, "");
    }
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_SOCKOPTFUNCTION, on_new_socket);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)owner->connect_timeout_ms);
    SET(CURLOPT_BUFFERSIZE, OD_CURL_RECEIVE_BYTES);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, OD_CURL_SEND_BYTES);
    /* A transfer does not wait for another's connection to turn out to be HTTP/2 (PIPEWAIT): the hanging connect of one
     * would hold up all others to that host. */
    SET(CURLOPT_PIPEWAIT, 0L);
    SET(CURLOPT_PREREQFUNCTION, on_prereq);
    SET(CURLOPT_PREREQDATA, slot);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, slot);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, slot);
    /* Its address stays; the list is filled anew for each exchange and is never empty. */
    SET(CURLOPT_HTTPHEADER, slot->lines);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    if (owner->cookies != NULL) {
        SET(CURLOPT_SHARE, owner->cookies);
        SET(CURLOPT_COOKIEFILE, "");
    }
    return set_trust(easy, owner->ca_file);
}

od_curl_slot *od__curl_slot_new(od_curl_transport *owner) {
    od_curl_slot *slot = od__calloc(1, sizeof(*slot));
    if (slot == NULL)
        return NULL;
    slot->owner = owner;
    slot->easy = curl_easy_init();
    /* Setting a constant fails only for want of memory. */
    if (slot->easy == NULL || set_constants(slot) != CURLE_OK) {
        od__curl_slot_free(slot);
        return NULL;
    }
    return slot;
}

void od__curl_slot_free(od_curl_slot *slot) {
    if (slot->easy != NULL)
        curl_easy_cleanup(slot->easy);
    curl_url_cleanup(slot->url);
    od__free(slot->url_text);
    od__free(slot);
}

/* ---- what each exchange sets ---- */

static void add_line(od_curl_slot *slot, size_t *count, char *line) {
    slot->lines[*count].data = line;
    slot->lines[*count].next = &slot->lines[*count + 1];
    (*count)++;
}

/* Sent as built: libcurl adds nothing but Host and Content-Length. It looks through the lines for each header that it knows
 * of, so there are no more of them than it needs to be told, and first those that it finds. */
static void set_lines(od_curl_slot *slot, const od_http_request *request) {
    static char no_expect[] = "Expect:", no_accept[] = "Accept:", no_type[] = "Content-Type:";
    size_t count = 0;
    if (od__http_request_header(request, "Accept") == NULL)
        add_line(slot, &count, no_accept);
    if (request->has_body && od__http_request_header(request, "Content-Type") == NULL)
        add_line(slot, &count, no_type);
    for (size_t i = 0; i < request->header_count; i++)
        add_line(slot, &count, request->headers[i].line);
    if (request->body.length > OD_CURL_UNEXPECTING_BYTES)
        add_line(slot, &count, no_expect);
    slot->lines[count - 1].next = NULL;
}

static CURLcode set_method(od_curl_slot *slot, const od_http_request *request) {
    CURL *easy = slot->easy;
    if (slot->has_body == request->has_body && strcmp(slot->method, request->method) == 0)
        return CURLE_OK;
    slot->method[0] = '\0'; /* known again only when all of it is set */
    const char *implied;
    if (request->has_body) {
        SET(CURLOPT_POST, 1L);
        implied = "POST";
    } else if (strcmp(request->method, "HEAD") == 0) {
        SET(CURLOPT_NOBODY, 1L);
        implied = "HEAD";
    } else {
        SET(CURLOPT_HTTPGET, 1L);
        implied = "GET";
    }
    SET(CURLOPT_CUSTOMREQUEST, strcmp(request->method, implied) == 0 ? NULL : request->method);
    slot->has_body = request->has_body;
    memcpy(slot->method, request->method, sizeof(slot->method));
    return CURLE_OK;
}

/* libcurl parses a text at each transfer and writes it anew from the parts; a parsed URL it only copies, and most requests
 * of a handle go where the one before went. The text is told all the same: it is what libcurl speaks of the URL by. */
static CURLcode set_url(od_curl_slot *slot, const od_buffer *url) {
    CURL *easy = slot->easy;
    if (slot->url_text != NULL && strcmp(slot->url_text, od__buffer_text(url)) == 0)
        return CURLE_OK;
    od__free(slot->url_text);
    slot->url_text = NULL; /* known again only when all of it is set */
    SET(CURLOPT_CURLU, NULL);
    curl_url_cleanup(slot->url);
    slot->url = curl_url();
    char *text = od__strndup(od__buffer_text(url), url->length);
    CURLcode code = slot->url != NULL && text != NULL ? curl_easy_setopt(easy, CURLOPT_URL, text) : CURLE_OUT_OF_MEMORY;
    if (code == CURLE_OK && curl_url_set(slot->url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK)
        code = curl_easy_setopt(easy, CURLOPT_CURLU, slot->url);
    if (code == CURLE_OK)
        slot->url_text = text;
    else
        od__free(text);
    return code;
}

static CURLcode set_request(od_curl_slot *slot, od_exchange *exchange) {
    CURL *easy = slot->easy;
    const od_http_request *request = &exchange->request;
    const char *url = od__buffer_text(&request->url);
    CURLcode code = set_method(slot, request);
    if (code == CURLE_OK)
        code = set_url(slot, &request->url);
    if (code != CURLE_OK)
        return code;
    if (request->has_body) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.length);
        SET(CURLOPT_POSTFIELDS, od__buffer_text(&request->body));
    }
    if (slot->rings != exchange->rings) {
        /* 118 s is libcurl's own figure. */
        SET(CURLOPT_MAXAGE_CONN, exchange->rings ? (long)OD_RINGING_CONNECTION_AGE_S : 118L);
        slot->rings = exchange->rings;
    }
    /* Without TLS there is no HTTP/2, and libcurl need not consider it. */
    bool tls = strncmp(url, "https:", 6) == 0;
    if (slot->tls != tls) {
        SET(CURLOPT_HTTP_VERSION, (long)(tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
        slot->tls = tls;
    }
    return CURLE_OK;
}

od_status od__curl_slot_prepare(od_curl_slot *slot, od_exchange *exchange, od_error *err) {
    slot->exchange = exchange;
    slot->asked = 0;
    slot->stop = OD_CURL_STOP_NONE;
    slot->header_bytes = 0;
    slot->headers_done = false;
    slot->text[0] = '\0';
    set_lines(slot, &exchange->request);
    CURLcode code = set_request(slot, exchange);
    if (code == CURLE_OUT_OF_MEMORY)
        return od__error_no_memory(err);
    if (code != CURLE_OK)
        return od__error_set(err, OD_INTERNAL, "libcurl refused an option: %s", curl_easy_strerror(code));
    return OD_OK;
}
